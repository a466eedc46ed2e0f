/* SPDX-License-Identifier: MIT */
/* What the two files of the reading half of the codec share. Private to protocol/. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "config/limits.h"
#include "protocol/codec.h"
#include "protocol/pbnetwork.pb-c.h"

#define TYPE(name) PBNETWORK__WRAPPER_MESSAGE__TYPE__TYPE_##name

struct decoder {
	struct arena *arena;
	size_t arena_limit;
	enum codec_side speaker;
	enum codec_dialect dialect;
	struct event *event;
	ProtobufCAllocator allocator;
	ProtobufCBinaryData payload;
	int type;  /* of the frame */
	int error; /* first thing that is wrong with the event; TP_ERR_INVALID is worse than TP_ERR_LIMIT */
};

/* Fills the event from the payload. False: it is not what the type says. */
typedef bool decode_function(struct decoder *d);

struct decoder_entry {
	decode_function *decode; /* NULL: not in the protocol */
	enum event_type event;
};

/* The message of the payload, or NULL and an error. */
#define UNPACK(d, name) (void *)decoder_unpack(d, &pbnetwork__##name##__descriptor)

/* ---- codec_decode.c ---- */
ProtobufCMessage *decoder_unpack(struct decoder *d, const ProtobufCMessageDescriptor *descriptor);
bool decode_nothing(struct decoder *d); /* of a frame whose type says all */
char *take_clean(struct decoder *d, ProtobufCBinaryData from, enum text_clean how, size_t *length);
/* What something is known by. It cannot be cut: it would be another's name. */
const char *take_key(struct decoder *d, ProtobufCBinaryData from, size_t limit);
const char *take_name(struct decoder *d, ProtobufCBinaryData from);
const char *take_address(struct decoder *d, ProtobufCBinaryData from); /* a contact, a room, or "room/nickname" */
/* What is only shown: cut where it is too long. */
const char *take_label(struct decoder *d, ProtobufCBinaryData from, enum text_clean how, size_t limit);
/* What people wrote. A part of it would be worse than a refusal that its author learns of. */
const char *take_body(struct decoder *d, ProtobufCBinaryData from);
const char *take_url(struct decoder *d, ProtobufCBinaryData from);
void take_user(struct decoder *d, ProtobufCBinaryData from);
/* False: an entry that means nothing. Sets d->error as well where a name is too long. */
bool take_participant(struct decoder *d, const Pbnetwork__Participant *m, struct event_participant *participant);
/* What the wire says as a number. */
enum participant_role take_role(bool has, int32_t role);
/* Marks the event as one that is refused with TP_ERR_LIMIT. */
void decoder_limit(struct decoder *d);

/* Optional fields: absent and empty are the same. */
static inline bool is_said(protobuf_c_boolean has, ProtobufCBinaryData from)
{
	return has && from.len > 0;
}

#define OPTIONAL_NAME(d, m, field) (is_said((m)->has_##field, (m)->field) ? take_name(d, (m)->field) : NULL)
#define OPTIONAL_LABEL(d, m, field)                                                                       \
	(is_said((m)->has_##field, (m)->field) ? take_label(d, (m)->field, TEXT_LINE, LIMIT_NAME_BYTES) : NULL)
#define OPTIONAL_STATUS_TEXT(d, m, field)                                                                 \
	(is_said((m)->has_##field, (m)->field) ? take_label(d, (m)->field, TEXT_LINES, LIMIT_STATUS_BYTES) : NULL)

/* ---- codec_decode_extension.c ---- */
/* What the extension adds to a message, to a subject and to a call for attention. */
void take_references(struct decoder *d, const Pbnetwork__ConversationMessage *m, struct event_message *message);
/* The entry of a type from 1000 up; NULL: there is none. */
const struct decoder_entry *extension_decoder(int type);
