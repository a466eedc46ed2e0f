/* SPDX-License-Identifier: MIT */
/*
 * A hash map from strings (copied) to pointers (not owned). The hash is seeded at random per process, so
 * that a peer cannot choose colliding names.
 *
 * NULL is an empty map, for all but map_put: of many objects most have nothing in most of their maps, and map_set makes
 * one when it is needed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map;
struct map_entry;
struct pool;

struct map *map_create(void);
/* Its entries are pieces of a pool (base/pool.h), which has to live longer. */
struct map *map_create_in(struct pool *pool);
/* Frees the map; free_value, if not NULL, is called for each value. *map becomes NULL; NULL is fine. */
void map_destroy(struct map **map, void (*free_value)(void *));
void *map_get(const struct map *map, const char *key);           /* NULL: not there */
void *map_put(struct map *map, const char *key, void *value);    /* returns the value it replaced, or NULL */
void *map_set(struct map **map, const char *key, void *value);   /* map_put, into a map that is made if it is NULL */
/* Where the value of this key is, until something is put or removed; a key that is new has NULL there. */
void **map_slot(struct map **map, const char *key);
void map_reserve(struct map **map, size_t count); /* for so many keys: it need not grow on the way */
void *map_remove(struct map *map, const char *key);              /* returns the value, or NULL */
/* The seeded hash itself, for those who keep a table of their own. */
uint32_t map_hash(const char *key, size_t length);
size_t map_count(const struct map *map);

/*
 * Several look-ups at once, for a large map whose memory is far away: what each of them needs is asked for before any
 * is waited for. values[i] is what map_get says of keys[i], whose text need not end with a NUL.
 */
struct map_key {
	const char *text;
	size_t length;
};
#define MAP_SEVERAL 16 /* at most */
void map_get_several(const struct map *map, const struct map_key *keys, size_t count, void **values);

/*
 * Iteration in order of insertion. During it the current entry may be removed, others may not; entries put
 * meanwhile may or may not be seen.
 *     struct map_iter it = {0};
 *     while (map_next(map, &it)) use(it.key, it.value);
 */
struct map_iter {
	const char *key;
	void *value;
	struct map_entry *next;
	bool started;
};
bool map_next(const struct map *map, struct map_iter *it);
/* To go on later: an iteration of what was put behind `key`; of all, if that is NULL or not there any more. */
struct map_iter map_behind(const struct map *map, const char *key);
