/* SPDX-License-Identifier: MIT */
/*
 * Backend protocol: frame <-> struct event. Byte-compatible with Spectrum 2 (docs/protocol.md lists the
 * test vectors). The two sides write different things for the same event (only the core writes `xhtml` even
 * when empty, only a backend sends PONG), so each call says who is speaking.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "protocol/event.h"

enum codec_side {
	CODEC_CORE,    /* the core speaks: core -> backend */
	CODEC_BACKEND, /* a backend speaks: backend -> core */
};

/* What both ends understand. */
enum codec_dialect {
	CODEC_PLAIN,    /* Spectrum 2's protocol and nothing else */
	CODEC_EXTENDED, /* and the extension (docs/protocol.md, section 8), which both ends have announced */
};

/*
 * Appends one whole frame, length included. Every required field is written, "" for a NULL string; of the optional
 * ones those that this side writes in Spectrum 2 (docs/protocol.md). Text is written as it is: valid UTF-8 is the
 * event's promise. In the plain dialect what only the extension can say (numbers, references between messages) is left
 * out: see protocol/degrade.h for messages.
 * 0; TP_ERR_UNSUPPORTED: the dialect has no frame for this event from this side; TP_ERR_LIMIT: the frame would be
 * larger than LIMIT_FRAME_BYTES. Nothing is appended on an error.
 */
int codec_encode(struct buf *out, enum codec_side speaker, enum codec_dialect dialect, const struct event *event);

/*
 * Decodes one frame (without its length) written by `speaker`. The event's pointers live in the arena until
 * its next reset. Text is cleaned as base/text.h says: one line where it names something, several where people
 * wrote it. Rules for what a strict reading would lose:
 * BUDDY_CHANGED without status is ONLINE; a timestamp that is none is taken as 0; a message with a nickname
 * is MESSAGE_ROOM, with pm MESSAGE_ROOM_PRIVATE; spoken by the core, buddyName "room/nick" cannot be told
 * from a contact, so kind is MESSAGE_CHAT and name is all of it: backends know their rooms. Optional text that is
 * empty is NULL, as if it were absent (but event_login_answer.value). A VCARD of the core without a photo is
 * EVENT_VCARD_REQUEST. In the plain dialect types and fields of the extension are unknown ones. In the extended one
 * event_message.id is the messageId, and that of field 8 only where there is no other.
 *
 * Limits (config/limits.h): a user, contact, room, nickname or id that is too long makes the event invalid (cut,
 * it would be another's); aliases, groups, status and error texts are cut, they are only shown; a message, xhtml
 * or URL beyond LIMIT_MESSAGE_BYTES is refused, so that nobody takes a part for the whole; so are lists and values
 * that are too long. Of lists of rooms and participants the entries that are no good are left out. Memory taken from
 * the arena is bounded by a multiple of the frame's length.
 *
 * 0, or:
 * TP_ERR_INVALID: not a WrapperMessage, or its payload is not what the type says, or a required field is
 * missing, or the type is one that only the other side may send (then *event has type and handover and nothing else);
 * drop it and go on with the next. Known types without meaning here give EVENT_OTHER.
 * TP_ERR_LIMIT: what people wrote is too long: *event has type, handover, user and, of a message, kind, name and
 * nickname, to tell somebody that it was refused.
 * A numbered frame that is not taken has to be answered all the same, or it comes again for ever.
 */
int codec_decode(struct arena *arena, enum codec_side speaker, enum codec_dialect dialect, const uint8_t *frame,
		 size_t length, struct event *event);
