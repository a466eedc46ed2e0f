/* SPDX-License-Identifier: MIT */
/*
 * The backend protocol in the few strokes that a load generator needs: fields by number, whole frames. It shares
 * nothing with protocol/codec.h, so that a fault there cannot hide from the benchmark.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum wire_type {
	WIRE_CONNECTED = 1,
	WIRE_LOGIN = 3,
	WIRE_LOGOUT = 4,
	WIRE_BUDDY_CHANGED = 6,
	WIRE_CONV_MESSAGE = 8,
	WIRE_PING = 9,
	WIRE_PONG = 10,
	WIRE_JOIN_ROOM = 11,
	WIRE_PARTICIPANT_CHANGED = 13,
	WIRE_BUDDY_STOPPED_TYPING = 19,
	WIRE_STATS = 23,
	WIRE_EXIT = 29,
	WIRE_BACKEND_CONFIG = 30,
};

/* A run of bytes that is borrowed. */
struct slice {
	const char *at; /* NULL: none */
	size_t length;
};

#define SLICE(literal) ((struct slice){(literal), sizeof(literal) - 1})

bool slice_is(struct slice slice, const char *text);
bool slice_starts(struct slice slice, const char *text);

void wire_put_bytes(struct buf *message, unsigned field, struct slice bytes);
void wire_put_number(struct buf *message, unsigned field, uint64_t value);
/* Appends a frame of this type to out. payload NULL: the frame has none. */
void wire_put_frame(struct buf *out, enum wire_type type, const struct buf *payload);

/* Walks over the fields of a message: false at its end, or where it makes no sense. */
struct wire_field {
	unsigned number;
	uint64_t value;     /* of a varint */
	struct slice bytes; /* of anything else */
};
bool wire_next(struct slice *message, struct wire_field *field);
/* Type and payload of a frame without its length. */
bool wire_open(struct slice frame, unsigned *type, struct slice *payload);
