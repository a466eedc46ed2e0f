/* SPDX-License-Identifier: MIT */
/*
 * Seen ids and entries of the message map that are not in the database yet, found by their keys. A key is 128
 * bits of a hash under a secret (SipHash-2-4) of what it stands for, so that nobody can choose two ids with
 * the same one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transport/spool/spool_entry.h"
#include "transport/spool/spool_log.h"

struct spool_item {
	struct spool_key key;
	int64_t stamp_ms; /* when it came: its age counts from here */
	int64_t time_ms;  /* of the message; a seen id has none */
	char *id;         /* NULL: a seen id, else what the message is called on the other side */
	char *author;     /* NULL: not known */
};

struct spool_items {
	struct spool_item *items; /* in order of their coming */
	size_t count, capacity;
	uint32_t *table; /* index + 1; 0: free */
	size_t slots;
	size_t bytes; /* of the texts */
};

/* The key of a kind ('s', 'm') and the texts behind it. */
struct spool_key spool_key_of(const uint8_t secret[SPOOL_KEY_BYTES], char kind, const char *const *texts,
                              size_t count);

const struct spool_item *spool_items_find(const struct spool_items *items, struct spool_key key); /* NULL */
/* Copies the texts. One of the same key is replaced. */
void spool_items_put(struct spool_items *items, const struct spool_item *item);
void spool_items_finish(struct spool_items *items);
