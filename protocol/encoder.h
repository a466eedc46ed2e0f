/* SPDX-License-Identifier: MIT */
/* What the two files of the writing half of the codec share. Private to protocol/. */
#pragma once

#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "protocol/codec.h"
#include "protocol/pbnetwork.pb-c.h"

#define TYPE(name) PBNETWORK__WRAPPER_MESSAGE__TYPE__TYPE_##name

struct encoder {
	struct buf *out;
	enum codec_side speaker;
	enum codec_dialect dialect;
	const struct event *event;
	int type; /* of the frame */
	struct arena scratch; /* arrays that the generated structs point to */
};

static inline ProtobufCBinaryData text_of(const char *text)
{
	return (ProtobufCBinaryData){.len = text ? strlen(text) : 0, .data = (uint8_t *)(text ? text : "")};
}

/* An optional field: absent if NULL. */
#define PUT_OPTIONAL(message, field, value)                       \
	do {                                                      \
		(message).has_##field = (value) != NULL;          \
		(message).field = text_of(value);                 \
	} while (0)
/* An optional field that this side writes even when it is empty. */
#define PUT_ALWAYS(message, field, value)                         \
	do {                                                      \
		(message).has_##field = true;                     \
		(message).field = text_of(value);                 \
	} while (0)

/* ---- codec_encode.c: what encoders end with. 0 or TP_ERR_LIMIT ---- */
int encode_empty(struct encoder *e);
int put_message(struct encoder *e, const ProtobufCMessage *message);
void fill_participant(const struct encoder *e, Pbnetwork__Participant *message, const struct event_participant *from);

/* ---- codec_encode_extension.c ---- */
/* What the extension adds to a message. `author` is memory for the message to point to. */
void fill_references(struct encoder *e, Pbnetwork__ConversationMessage *message, const struct event_message *from,
		     Pbnetwork__Author *author);
int encode_handover(struct encoder *e);
int encode_read_marker(struct encoder *e);
int encode_login_step(struct encoder *e);
int encode_login_answer(struct encoder *e);
int encode_values(struct encoder *e);
int encode_participants(struct encoder *e);
int encode_room_info(struct encoder *e);
int encode_moderation(struct encoder *e);
int encode_room_change(struct encoder *e);
int encode_bans(struct encoder *e);
int encode_hold(struct encoder *e);
int encode_attach(struct encoder *e);
int encode_attached(struct encoder *e);
int encode_resume(struct encoder *e);
