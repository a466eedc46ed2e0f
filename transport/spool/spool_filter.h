/* SPDX-License-Identifier: MIT */
/*
 * A blocked Bloom filter over the keys of the database: says of nearly every new id that it is new without
 * asking SQLite. One cache line a key, 12 bits a key, six of them set: about one false "perhaps" in 200.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "transport/spool/spool_entry.h"

struct spool_filter;

struct spool_filter *spool_filter_create(size_t keys); /* that it is made for */
void spool_filter_destroy(struct spool_filter **filter);
void spool_filter_add(struct spool_filter *filter, struct spool_key key);
bool spool_filter_may_have(const struct spool_filter *filter, struct spool_key key);
bool spool_filter_is_full(const struct spool_filter *filter); /* more were added than it is made for */
