/* SPDX-License-Identifier: MIT */
#include "base/map.h"

#include <assert.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/pool.h"
#include "base/random.h"

/*
 * Entries are one allocation each, on a list in order of insertion. Up to MAP_SMALL of them are found by
 * walking that list: a daemon holds several maps per user, most of them tiny, and those need no table.
 */
#define MAP_SMALL 8

struct map_entry {
	struct map_entry *prev, *next;
	struct map_entry *chain; /* next in the same bucket */
	void *value;
	uint32_t hash; /* mark_of */
	char key[];
};

struct map {
	struct map_entry *first, *last;
	struct map_entry **buckets; /* NULL while small */
	struct pool *pool;          /* where entries are; NULL: the heap */
	uint32_t mask;              /* number of buckets - 1 */
	uint32_t count;
};

static uint64_t map_seed[2];
static pthread_once_t map_seeded = PTHREAD_ONCE_INIT;

static void map_make_seed(void)
{
	random_bytes(map_seed, sizeof(map_seed));
}

static inline uint64_t rotate(uint64_t value, unsigned bits)
{
	return value << bits | value >> (64 - bits);
}

static inline void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] = rotate(v[2], 32);
}

/* SipHash-1-3: keyed, so that nobody who does not know the seed can choose colliding keys. */
static uint32_t hash_of(const char *key, size_t length)
{
	uint64_t v[4] = {
		map_seed[0] ^ UINT64_C(0x736f6d6570736575),
		map_seed[1] ^ UINT64_C(0x646f72616e646f6d),
		map_seed[0] ^ UINT64_C(0x6c7967656e657261),
		map_seed[1] ^ UINT64_C(0x7465646279746573),
	};
	uint64_t word, tail = (uint64_t)length << 56;
	size_t at, rest = length % 8;

	for (at = 0; at + 8 <= length; at += 8) {
		memcpy(&word, key + at, 8);
		v[3] ^= word;
		sip_round(v);
		v[0] ^= word;
	}
	while (rest--)
		tail |= (uint64_t)(unsigned char)key[at + rest] << (8 * rest);
	v[3] ^= tail;
	sip_round(v);
	v[0] ^= tail;
	v[2] ^= 0xff;
	sip_round(v);
	sip_round(v);
	sip_round(v);
	word = v[0] ^ v[1] ^ v[2] ^ v[3];
	return (uint32_t)(word ^ word >> 32);
}

/* Where eight entries at most are looked at, whoever chooses colliding keys gains nothing: it need only be quick. */
static uint32_t small_hash_of(const char *key, size_t length)
{
	if (!length)
		return 0;
	return (uint32_t)length << 16 ^ (uint32_t)(unsigned char)key[length / 2] << 8 ^ (unsigned char)key[length - 1];
}

/* How its entries are known at the moment. */
static uint32_t mark_of(const struct map *map, const char *key, size_t length)
{
	return map->buckets ? hash_of(key, length) : small_hash_of(key, length);
}

static void map_mark_again(struct map *map)
{
	for (struct map_entry *entry = map->first; entry; entry = entry->next)
		entry->hash = mark_of(map, entry->key, strlen(entry->key));
}

static void map_set_buckets(struct map *map, size_t buckets)
{
	struct map_entry *entry, **bucket;
	bool was_small = !map->buckets;

	MEM_FREE(map->buckets);
	if (buckets) {
		map->buckets = mem_alloc(buckets * sizeof(struct map_entry *));
		map->mask = (uint32_t)(buckets - 1);
	}
	if (was_small || !buckets)
		map_mark_again(map);
	for (entry = buckets ? map->first : NULL; entry; entry = entry->next) {
		bucket = &map->buckets[entry->hash & map->mask];
		entry->chain = *bucket;
		*bucket = entry;
	}
}

static struct map_entry *map_find(const struct map *map, const char *key, uint32_t hash)
{
	struct map_entry *entry;

	if (!map->buckets) {
		for (entry = map->first; entry; entry = entry->next)
			if (entry->hash == hash && strcmp(entry->key, key) == 0)
				return entry;
		return NULL;
	}
	for (entry = map->buckets[hash & map->mask]; entry; entry = entry->chain)
		if (entry->hash == hash && strcmp(entry->key, key) == 0)
			return entry;
	return NULL;
}

uint32_t map_hash(const char *key, size_t length)
{
	pthread_once(&map_seeded, map_make_seed);
	return hash_of(key, length);
}

struct map *map_create(void)
{
	pthread_once(&map_seeded, map_make_seed);
	return MEM_NEW(struct map);
}

struct map *map_create_in(struct pool *pool)
{
	struct map *map = map_create();

	map->pool = pool;
	return map;
}

static size_t entry_size(size_t key_length)
{
	return offsetof(struct map_entry, key) + key_length + 1;
}

static void entry_free(const struct map *map, struct map_entry *entry)
{
	pool_free(map->pool, entry, entry_size(strlen(entry->key)));
}

void map_destroy(struct map **map, void (*free_value)(void *))
{
	struct map_entry *entry, *next;

	if (!map || !*map)
		return;
	for (entry = (*map)->first; entry; entry = next) {
		next = entry->next;
		if (free_value)
			free_value(entry->value);
		entry_free(*map, entry);
	}
	mem_free((*map)->buckets);
	MEM_FREE(*map);
}

void *map_get(const struct map *map, const char *key)
{
	struct map_entry *entry;

	if (!map || !map->count)
		return NULL;
	entry = map_find(map, key, mark_of(map, key, strlen(key)));
	return entry ? entry->value : NULL;
}

static bool entry_is(const struct map_entry *entry, uint32_t hash, const struct map_key *key)
{
	return entry->hash == hash && strlen(entry->key) == key->length &&
	       memcmp(entry->key, key->text, key->length) == 0;
}

void map_get_several(const struct map *map, const struct map_key *keys, size_t count, void **values)
{
	struct map_entry *entries[MAP_SEVERAL];
	uint32_t hashes[MAP_SEVERAL];

	assert(count <= MAP_SEVERAL);
	for (size_t i = 0; i < count; i++) {
		values[i] = NULL;
		hashes[i] = map ? mark_of(map, keys[i].text, keys[i].length) : 0;
		if (map && map->buckets)
			__builtin_prefetch(&map->buckets[hashes[i] & map->mask]);
	}
	for (size_t i = 0; i < count && map; i++) {
		entries[i] = map->buckets ? map->buckets[hashes[i] & map->mask] : map->first;
		mem_prefetch(entries[i], sizeof(struct map_entry) + 32);
	}
	for (size_t i = 0; i < count && map; i++) {
		struct map_entry *entry = entries[i];

		while (entry && !entry_is(entry, hashes[i], &keys[i]))
			entry = map->buckets ? entry->chain : entry->next;
		values[i] = entry ? entry->value : NULL;
	}
}

static void map_append(struct map *map, struct map_entry *entry)
{
	struct map_entry **bucket;

	entry->prev = map->last;
	if (map->last)
		map->last->next = entry;
	else
		map->first = entry;
	map->last = entry;
	map->count++;

	if (!map->buckets && map->count > MAP_SMALL) {
		map_set_buckets(map, (size_t)MAP_SMALL * 4);
		return;
	}
	if (!map->buckets)
		return;
	if (map->count > map->mask && map->mask < UINT32_MAX / 4) {
		map_set_buckets(map, ((size_t)map->mask + 1) * 2);
		return;
	}
	bucket = &map->buckets[entry->hash & map->mask];
	entry->chain = *bucket;
	*bucket = entry;
}

static struct map_entry *map_obtain(struct map *map, const char *key)
{
	size_t length = strlen(key);
	uint32_t hash = mark_of(map, key, length);
	struct map_entry *entry = map_find(map, key, hash);

	if (entry)
		return entry;
	entry = pool_alloc(map->pool, entry_size(length));
	entry->hash = hash;
	memcpy(entry->key, key, length + 1);
	map_append(map, entry);
	return entry;
}

void *map_put(struct map *map, const char *key, void *value)
{
	struct map_entry *entry = map_obtain(map, key);
	void *old = entry->value;

	entry->value = value;
	return old;
}

void **map_slot(struct map **map, const char *key)
{
	if (!*map)
		*map = map_create();
	return &map_obtain(*map, key)->value;
}

void map_reserve(struct map **map, size_t count)
{
	size_t buckets = (size_t)MAP_SMALL * 4;

	if (count <= MAP_SMALL || count >= UINT32_MAX / 4)
		return;
	if (!*map)
		*map = map_create();
	while (buckets <= count)
		buckets *= 2;
	if (!(*map)->buckets || buckets > (size_t)(*map)->mask + 1)
		map_set_buckets(*map, buckets);
}

void *map_set(struct map **map, const char *key, void *value)
{
	if (!*map)
		*map = map_create();
	return map_put(*map, key, value);
}

static void map_unchain(struct map *map, const struct map_entry *entry)
{
	struct map_entry **link = &map->buckets[entry->hash & map->mask];

	while (*link != entry)
		link = &(*link)->chain;
	*link = entry->chain;
}

void *map_remove(struct map *map, const char *key)
{
	struct map_entry *entry = map && map->count ? map_find(map, key, mark_of(map, key, strlen(key))) : NULL;
	void *value;

	if (!entry)
		return NULL;
	value = entry->value;
	if (map->buckets)
		map_unchain(map, entry);
	if (entry->prev)
		entry->prev->next = entry->next;
	else
		map->first = entry->next;
	if (entry->next)
		entry->next->prev = entry->prev;
	else
		map->last = entry->prev;
	entry_free(map, entry);
	map->count--;

	/* Well below the size at which it would grow again, so that a map at the edge does not go to and fro.
	 */
	if (map->buckets && map->count <= MAP_SMALL / 2)
		map_set_buckets(map, 0);
	else if (map->buckets && map->mask >= MAP_SMALL * 8 && map->count < map->mask / 8)
		map_set_buckets(map, ((size_t)map->mask + 1) / 4);
	return value;
}

size_t map_count(const struct map *map)
{
	return map ? map->count : 0;
}

bool map_next(const struct map *map, struct map_iter *it)
{
	struct map_entry *entry = it->started ? it->next : map ? map->first : NULL;

	it->started = true;
	if (!entry) {
		it->key = NULL;
		it->value = NULL;
		return false;
	}
	it->key = entry->key;
	it->value = entry->value;
	it->next = entry->next;
	return true;
}

struct map_iter map_behind(const struct map *map, const char *key)
{
	const struct map_entry *entry =
		map && map->count && key ? map_find(map, key, mark_of(map, key, strlen(key))) : NULL;

	return entry ? (struct map_iter){.next = entry->next, .started = true} : (struct map_iter){0};
}
