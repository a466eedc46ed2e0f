/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/messages/parts.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/limits.h"
#include "frontends/matrix/messages/event_map.h"

/* Places of the message map. HEAD's ids are events, tied to lines "EVENT tRECORD", "EVENT fRECORD.FILE" or, of a
 * buried head, "EVENT bRECORD" of LIST; PART's are the events of
 * the lines, tied to ids of HEAD. */
#define HEAD "matrix parts head"
#define LIST "matrix parts"
#define PART "matrix part"

struct parts {
	unsigned references;
	uint64_t record;
	char *head;
};

struct parts *parts_create(const char *head, uint64_t record)
{
	struct parts *parts = MEM_NEW(struct parts);

	*parts = (struct parts){.references = 1, .record = record, .head = mem_strdup(head)};
	return parts;
}

struct parts *parts_hold(struct parts *parts)
{
	parts->references++;
	return parts;
}

void parts_release(struct parts **parts)
{
	if (*parts && --(*parts)->references == 0) {
		mem_free((*parts)->head);
		mem_free(*parts);
	}
	*parts = NULL;
}

void parts_set_head(struct parts *parts, const char *event_id)
{
	if (!parts->head)
		parts->head = mem_strdup(event_id);
}

static bool read_line(char *line, struct part *part)
{
	char *kind = strchr(line, ' ');

	if (!kind)
		return false;
	*kind++ = '\0';
	char *file;

	*part = (struct part){.event_id = line,
	                      .is_file = *kind == 'f',
	                      .is_buried = *kind == 'b',
	                      .record = strtoull(kind + 1, &file, 10)};
	if (*file == '.')
		part->file = strtoull(file + 1, NULL, 16);
	return true;
}

size_t parts_of(const struct matrix_frontend *frontend, const char *head, struct part *list, struct arena *arena)
{
	const char *lines = event_map_find(frontend, arena, HEAD, head, LIST);
	char *rest = NULL, *copy = lines ? arena_strdup(arena, lines) : NULL;
	size_t count = 0;

	for (char *line = copy ? strtok_r(copy, "\n", &rest) : NULL; line && count < LIMIT_MATRIX_PARTS;
	     line = strtok_r(NULL, "\n", &rest))
		count += read_line(line, &list[count]);
	return count;
}

static void keep(const struct matrix_frontend *frontend, const char *head, const struct part *list, size_t count)
{
	struct buf lines = {0};

	for (size_t i = 0; i < count; i++)
		buf_printf(&lines, "%s%s %c%" PRIu64 ".%" PRIx64, i ? "\n" : "", list[i].event_id,
		           list[i].is_file     ? 'f'
		           : list[i].is_buried ? 'b'
		                               : 't',
		           list[i].record, list[i].file);
	event_map_tie(frontend, HEAD, head, LIST, buf_text(&lines));
	buf_finish(&lines);
}

void parts_note(const struct matrix_frontend *frontend, const struct parts *parts, const char *event_id, uint64_t file)
{
	struct part list[LIMIT_MATRIX_PARTS];
	struct arena arena = {0};
	size_t count = parts->head ? parts_of(frontend, parts->head, list, &arena) : LIMIT_MATRIX_PARTS;
	bool known = count == LIMIT_MATRIX_PARTS;

	for (size_t i = 0; i < count && !known; i++)
		known = !strcmp(list[i].event_id, event_id);
	if (!known) {
		list[count] = (struct part){.event_id = event_id, .is_file = file != 0, .record = parts->record, .file = file};
		keep(frontend, parts->head, list, count + 1);
		if (strcmp(event_id, parts->head) != 0)
			event_map_tie(frontend, PART, event_id, HEAD, parts->head);
	}
	arena_finish(&arena);
}

uint64_t parts_file(const char *url, bool is_ours)
{
	uint8_t hash[crypto_generichash_BYTES_MIN];
	uint64_t number;

	crypto_generichash(hash, sizeof(hash), (const uint8_t *)url, is_ours ? strcspn(url, "?") : strlen(url), NULL, 0);
	memcpy(&number, hash, sizeof(number));
	return number ? number : 1;
}

static const struct part *find(const struct part *list, size_t count, const char *event_id)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(list[i].event_id, event_id))
			return &list[i];
	return NULL;
}

/* What is noted of the head itself. */
static void note_head(const struct matrix_frontend *frontend, const char *head, const struct part *as)
{
	struct part list[LIMIT_MATRIX_PARTS + 1];
	struct arena arena = {0};
	size_t count = parts_of(frontend, head, list, &arena);
	const struct part *known = find(list, count, head);
	size_t at = known ? (size_t)(known - list) : count;

	list[at] = *as;
	if (at < LIMIT_MATRIX_PARTS)
		keep(frontend, head, list, known ? count : count + 1);
	arena_finish(&arena);
}

void parts_bury(const struct matrix_frontend *frontend, const char *head, uint64_t record)
{
	note_head(frontend, head, &(struct part){.event_id = head, .is_buried = true, .record = record});
}

void parts_reword(const struct matrix_frontend *frontend, const char *head, uint64_t record)
{
	struct part list[LIMIT_MATRIX_PARTS];
	struct arena arena = {0};
	const struct part *known = find(list, parts_of(frontend, head, list, &arena), head);

	if (known && known->is_file)
		note_head(frontend, head, &(struct part){.event_id = head, .record = record});
	arena_finish(&arena);
}

bool parts_are_buried(const struct matrix_frontend *frontend, const char *head, uint64_t record)
{
	struct part list[LIMIT_MATRIX_PARTS];
	struct arena arena = {0};
	const struct part *known = head ? find(list, parts_of(frontend, head, list, &arena), head) : NULL;
	bool buried = known && known->is_buried && (!known->record || known->record != record);

	arena_finish(&arena);
	return buried;
}

bool parts_had_files(const struct matrix_frontend *frontend, const char *head, uint64_t record)
{
	struct part list[LIMIT_MATRIX_PARTS];
	struct arena arena = {0};
	size_t count = parts_of(frontend, head, list, &arena);
	bool found = false;

	for (size_t i = 0; i < count; i++)
		found = found || (list[i].is_file && strcmp(list[i].event_id, head) != 0 &&
		                  (!list[i].record || list[i].record != record));
	arena_finish(&arena);
	return found;
}

bool parts_are_files(const struct matrix_frontend *frontend, const char *head, uint64_t record)
{
	struct part list[LIMIT_MATRIX_PARTS];
	struct arena arena = {0};
	size_t count = parts_of(frontend, head, list, &arena);
	const struct part *known = find(list, count, head);
	bool files = known && (known->is_file || known->is_buried || (record && known->record == record));

	/* The text of a buried head is another of its parts. */
	for (size_t i = 0; i < count && files && known->is_buried; i++)
		files = &list[i] == known || list[i].is_file || (record && list[i].record == record);
	arena_finish(&arena);
	return files;
}

const char *parts_standing(const struct matrix_frontend *frontend, const char *head, struct arena *arena)
{
	struct part list[LIMIT_MATRIX_PARTS];
	size_t count = head ? parts_of(frontend, head, list, arena) : 0;
	const char *standing = NULL;
	bool is_buried = false;

	for (size_t i = 0; i < count; i++) {
		if (list[i].is_buried)
			is_buried = true;
		else if (!standing)
			standing = list[i].event_id;
	}
	return is_buried && standing ? standing : head;
}

void parts_forget(const struct matrix_frontend *frontend, const char *event_id)
{
	struct part list[LIMIT_MATRIX_PARTS];
	struct arena arena = {0};
	const char *head = event_map_find(frontend, &arena, PART, event_id, HEAD);
	size_t count = head ? parts_of(frontend, head, list, &arena) : 0, left = 0;

	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i].event_id, event_id) != 0)
			list[left++] = list[i];
	if (left < count)
		keep(frontend, head, list, left);
	arena_finish(&arena);
}

const char *parts_whole(const struct matrix_frontend *frontend, const char *event_id, struct arena *arena)
{
	const char *head = event_id ? event_map_find(frontend, arena, PART, event_id, HEAD) : NULL;

	return head ? head : event_id;
}
