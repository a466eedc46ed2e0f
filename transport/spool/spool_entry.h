/* SPDX-License-Identifier: MIT */
/*
 * What the spool's log consists of: entries, each of a type, written one behind the other (docs/durability.md
 * has the layout). Numbers are little-endian; texts have their length before them and a NUL behind them that
 * is not counted.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum spool_entry_type {
	ENTRY_PUT = 1,   /* a record; of several with the same id the last counts */
	ENTRY_DONE = 2,  /* id: gone */
	ENTRY_DEAD = 3,  /* id, time, reason: became a dead letter */
	ENTRY_RETRY = 4, /* id: is none any more */
	ENTRY_NOTE = 5,  /* kind, name, value */
	ENTRY_NOTE_REMOVED = 6,
	ENTRY_SEEN = 7, /* key, time */
	ENTRY_LINK = 8, /* of the message map */
};

enum {
	ENTRY_TO_PEOPLE = 1 << 0,
	ENTRY_HAS_ORIGIN = 1 << 1,
	ENTRY_HAS_SEEN = 1 << 2,
	ENTRY_HAS_AUTHOR = 1 << 3,
};

#define ENTRY_ID_MAX (UINT64_C(1) << 62) /* a larger one is damage */
#define ENTRY_PUT_BYTES 34 /* of a PUT before its texts */

struct spool_key { /* 128 bits that stand for a text; see spool_items.h */
	uint64_t low, high;
};

struct spool_entry {
	enum spool_entry_type type;
	unsigned flags;
	uint64_t id;
	int64_t time; /* Unix milliseconds */
	/* PUT. What the frame does not tell of a message by the core: its kind, and where its name ends. */
	uint32_t conversation;
	uint8_t kind;
	uint16_t name_length;
	const char *owner;
	const char *origin; /* NULL: none */
	const uint8_t *frame;
	uint32_t frame_size;
	struct spool_key seen;           /* PUT with HAS_SEEN, and SEEN */
	const char *reason;              /* DEAD */
	const char *kind_of_note, *name; /* NOTE */
	const uint8_t *value;
	uint32_t value_size;
	struct spool_key here, there; /* LINK: the keys of both directions, and what is found there */
	const char *link_id, *link_other_id, *author;
};

/* All but PUT. Texts must be shorter than 64 KiB. */
void spool_entry_write(struct buf *out, const struct spool_entry *entry);
/* PUT comes in two steps, because the frame is encoded in place: all before it, then its size, when it is
 * known. The first returns where the entry begins in `out`, the second the frame's size. */
size_t spool_entry_begin_put(struct buf *out, const struct spool_entry *entry);
uint32_t spool_entry_end_put(struct buf *out, size_t begin);
/* Size of the first entry in `bytes`, with everything in *entry that belongs to its type, pointing into
 * `bytes`; 0: there is none that is whole and valid. */
size_t spool_entry_read(const uint8_t *bytes, size_t size, struct spool_entry *entry);
