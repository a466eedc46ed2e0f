/* SPDX-License-Identifier: MIT */
/*
 * Two names, separated by NUL: what is read back is what was written, and two names have two ids. The bytes as they are
 * also stand for an id: what its name gets is that id again.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "frontends/matrix/wire/matrix_id.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct matrix_names names = {.server = "example.org", .prefix = "_irc_", .bot = "_irc_bot"};

struct direction {
	char *(*write)(const struct matrix_names *, const char *);
	bool (*read)(const struct matrix_names *, const char *, struct buf *);
	bool (*valid)(const char *);
};

static const struct direction directions[] = {
        {matrix_ghost_id, matrix_ghost_name, matrix_is_user_id},
        {matrix_portal_alias, matrix_portal_room, matrix_is_alias},
};

static void check_name(const struct direction *direction, const char *name, const char *id)
{
	struct buf back = {0};

	if (strlen(id) > MATRIX_ID_MAX || !direction->valid(id))
		abort();
	if (direction->read(&names, id, &back) && strcmp(buf_text(&back), name) != 0)
		abort();
	buf_finish(&back);
}

static void check_pair(const struct direction *direction, const char *first, const char *second)
{
	char *a = direction->write(&names, first), *b = direction->write(&names, second);
	char *bot = matrix_bot_id(&names);

	check_name(direction, first, a);
	check_name(direction, second, b);
	if ((strcmp(a, b) == 0) != (strcmp(first, second) == 0) || strcmp(a, bot) == 0)
		abort();
	mem_free(a);
	mem_free(b);
	mem_free(bot);
}

static void check_id(const struct direction *direction, const char *id)
{
	struct buf name = {0};
	char *again;

	if (direction->read(&names, id, &name)) {
		again = direction->write(&names, name.data);
		if (strcmp(again, id) != 0)
			abort();
		mem_free(again);
	}
	buf_finish(&name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *raw = mem_alloc(size + 1);
	struct buf first = {0}, second = {0};

	memcpy(raw, data, size);
	text_clean(&first, raw, strlen(raw), TEXT_LINES);
	if (strlen(raw) < size)
		text_clean(&second, raw + strlen(raw) + 1, size - strlen(raw) - 1, TEXT_LINE);
	for (size_t i = 0; i < ARRAY_SIZE(directions); i++) {
		check_pair(&directions[i], buf_text(&first), buf_text(&second));
		check_id(&directions[i], raw);
	}
	matrix_is_ours(&names, raw);
	matrix_is_room_id(raw);
	matrix_is_event_id(raw);
	mem_free(raw);
	buf_finish(&first);
	buf_finish(&second);
	return 0;
}
