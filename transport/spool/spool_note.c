/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"
#include "config/limits.h"
#include "transport/spool/spool_internal.h"

struct spool_note *spool_note_find(const struct spool *spool, const char *kind, const char *name)
{
	const struct map *names = map_get(spool->notes, kind);

	return names ? map_get(names, name) : NULL;
}

static void note_free(struct spool *spool, struct spool_note *note)
{
	if (note && spool->disk)
		spool_log_gone(spool->disk, note->place, note->entry_size);
	mem_free(note);
}

static void note_keep(struct spool *spool, const char *kind, const char *name, const void *value,
                      uint32_t size, uint64_t place, size_t entry_size)
{
	struct map *names = map_get(spool->notes, kind);
	struct spool_note *note = mem_alloc(sizeof(*note) + size);

	if (!names) {
		names = map_create();
		map_put(spool->notes, kind, names);
	}
	note->place = place;
	note->entry_size = (uint32_t)entry_size;
	note->size = size;
	if (size)
		memcpy(note->value, value, size);
	if (spool->disk)
		spool_log_live(spool->disk, place, entry_size);
	note_free(spool, map_put(names, name, note));
}

static void note_remove(struct spool *spool, const char *kind, const char *name)
{
	struct map *names = map_get(spool->notes, kind);

	if (names)
		note_free(spool, map_remove(names, name));
}

void spool_note_set(struct spool *spool, const char *kind, const char *name, const void *value, size_t size)
{
	struct spool_note *note = spool_note_find(spool, kind, name);
	struct spool_entry entry = {.type = value ? ENTRY_NOTE : ENTRY_NOTE_REMOVED,
	                            .kind_of_note = kind,
	                            .name = name,
	                            .value = value,
	                            .value_size = (uint32_t)size};
	uint64_t place = 0;
	size_t entry_size = 0;

	assert(strlen(kind) <= UINT16_MAX);
	if (size > LIMIT_SPOOL_NOTE_BYTES || strlen(name) > UINT16_MAX) {
		log_error(&spool->log, "note %s %s is too long to be kept", kind, log_quote(name));
		return;
	}
	if (value ? note && note->size == size && memcmp(note->value, value, size) == 0 : !note)
		return;
	if (spool->disk) {
		place = spool_log_position(spool->disk);
		spool_entry_write(&spool->disk->pending, &entry);
		entry_size = (size_t)(spool_log_position(spool->disk) - place);
	}
	if (value)
		note_keep(spool, kind, name, value, (uint32_t)size, place, entry_size);
	else
		note_remove(spool, kind, name);
	if (spool->disk) {
		spool_log_need(spool->disk);
		spool_log_appended(spool->disk);
	}
}

const void *spool_note_get(const struct spool *spool, const char *kind, const char *name, size_t *size)
{
	const struct spool_note *note = spool_note_find(spool, kind, name);

	*size = note ? note->size : 0;
	return note ? note->value : NULL;
}

void spool_note_set_text(struct spool *spool, const char *kind, const char *name, const char *text)
{
	spool_note_set(spool, kind, name, text, text ? strlen(text) : 0);
}

char *spool_note_text(const struct spool *spool, const char *kind, const char *name)
{
	size_t size;
	const void *value = spool_note_get(spool, kind, name, &size);

	return value ? mem_strndup(value, size) : NULL;
}

char *spool_own_word(struct spool *spool, const char *kind, const char *name)
{
	size_t length;
	const void *known = spool_note_get(spool, kind, name, &length);
	char word[17];

	if (known)
		return mem_strndup(known, length);
	random_token(word, sizeof(word) - 1);
	spool_note_set(spool, kind, name, word, strlen(word));
	return mem_strdup(word);
}

void spool_note_each(struct spool *spool, const char *kind, const char *prefix,
                     void (*each)(void *context, const char *name, const void *value, size_t size),
                     void *context)
{
	struct map *names = map_get(spool->notes, kind);
	struct map_iter it = {0};
	struct arena copies = {0};
	const char **list;
	size_t i, count = 0;

	if (!names || map_count(names) == 0)
		return;
	/* `each` may change the map: the names are copied first, and looked up again. */
	list = mem_alloc(map_count(names) * sizeof(*list));
	while (map_next(names, &it))
		if (text_starts(it.key, prefix))
			list[count++] = arena_strdup(&copies, it.key);
	for (i = 0; i < count; i++) {
		struct spool_note *note = map_get(names, list[i]);
		/* the value may be replaced while `each` looks at it */
		if (note) {
			void *value = mem_dup(note->value, note->size);
			each(context, list[i], value, note->size);
			mem_free(value);
		}
	}
	mem_free(list);
	arena_finish(&copies);
}

void spool_notes_load(struct spool *spool, uint64_t position, const struct spool_entry *entry, size_t size)
{
	if (entry->type == ENTRY_NOTE)
		note_keep(spool, entry->kind_of_note, entry->name, entry->value, entry->value_size, position,
		          size);
	else
		note_remove(spool, entry->kind_of_note, entry->name);
}

void spool_notes_finish(struct spool *spool)
{
	struct map_iter it = {0};

	while (map_next(spool->notes, &it)) {
		struct map *names = it.value;
		map_destroy(&names, mem_free);
	}
	map_destroy(&spool->notes, NULL);
}
