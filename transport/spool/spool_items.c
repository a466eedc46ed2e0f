/* SPDX-License-Identifier: MIT */
#include "transport/spool/spool_items.h"

#include <sodium.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "transport/spool/spool_bytes.h"

#define FIRST_ITEMS 64

_Static_assert(SPOOL_KEY_BYTES == crypto_shorthash_siphashx24_KEYBYTES, "the log keeps the hash's secret");

struct spool_key spool_key_of(const uint8_t secret[SPOOL_KEY_BYTES], char kind, const char *const *texts,
                              size_t count)
{
	uint8_t hash[crypto_shorthash_siphashx24_BYTES];
	char small[256];
	struct buf large = {0};
	size_t i, length, size = 1;
	char *bytes = small;

	for (i = 0; i < count; i++)
		size += strlen(texts[i]) + 1;
	if (size > sizeof(small))
		bytes = buf_reserve(&large, size);
	bytes[0] = kind;
	for (i = 0, size = 1; i < count; i++, size += length) {
		length = strlen(texts[i]) + 1;
		memcpy(bytes + size, texts[i], length);
	}
	crypto_shorthash_siphashx24(hash, (const unsigned char *)bytes, size, secret);
	buf_finish(&large);
	return (struct spool_key){.low = bytes_get_u64(hash), .high = bytes_get_u64(hash + 8)};
}

static bool same_key(struct spool_key a, struct spool_key b)
{
	return a.low == b.low && a.high == b.high;
}

/* Its slot, or the free one where it belongs. */
static uint32_t *slot_of(const struct spool_items *items, struct spool_key key)
{
	size_t at = (size_t)key.low & (items->slots - 1);

	while (items->table[at] && !same_key(items->items[items->table[at] - 1].key, key))
		at = (at + 1) & (items->slots - 1);
	return &items->table[at];
}

const struct spool_item *spool_items_find(const struct spool_items *items, struct spool_key key)
{
	uint32_t index = items->count ? *slot_of(items, key) : 0;

	return index ? &items->items[index - 1] : NULL;
}

static void grow(struct spool_items *items)
{
	size_t i;

	items->capacity = items->capacity ? items->capacity * 2 : FIRST_ITEMS;
	items->items = mem_realloc(items->items, items->capacity * sizeof(*items->items));
	items->slots = items->capacity * 2;
	mem_free(items->table);
	items->table = mem_alloc(items->slots * sizeof(*items->table));
	for (i = 0; i < items->count; i++)
		*slot_of(items, items->items[i].key) = (uint32_t)i + 1;
}

static size_t text_bytes(const struct spool_item *item)
{
	return (item->id ? strlen(item->id) : 0) + (item->author ? strlen(item->author) : 0);
}

void spool_items_put(struct spool_items *items, const struct spool_item *item)
{
	struct spool_item *own;
	uint32_t *slot;

	if (items->count == items->capacity)
		grow(items);
	slot = slot_of(items, item->key);
	if (*slot) {
		own = &items->items[*slot - 1];
		items->bytes -= text_bytes(own);
		mem_free(own->id);
		mem_free(own->author);
	} else {
		own = &items->items[items->count++];
		*slot = (uint32_t)items->count;
	}
	*own = *item;
	own->id = mem_strdup(item->id);
	own->author = mem_strdup(item->author);
	items->bytes += text_bytes(own);
}

void spool_items_finish(struct spool_items *items)
{
	size_t i;

	for (i = 0; i < items->count; i++) {
		mem_free(items->items[i].id);
		mem_free(items->items[i].author);
	}
	mem_free(items->items);
	mem_free(items->table);
	*items = (struct spool_items){0};
}
