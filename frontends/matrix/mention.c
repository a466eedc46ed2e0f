/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/mention.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "frontends/matrix/person.h"
#include "transport/room.h"

/* Letters of any script, digits, and what nicknames of IRC are made of. */
static bool is_part_of_name(char letter)
{
	return (unsigned char)letter >= 0x80 || isalnum((unsigned char)letter) || strchr("_-[]\\`^{}|", letter);
}

static bool has_word(const char *text, const char *name)
{
	size_t length = strlen(name);

	if (!length)
		return false;
	for (const char *at = text; (at = strcasestr(at, name)) != NULL; at++) {
		bool begins = at == text || !is_part_of_name(at[-1]);
		bool ends = !at[length] || !is_part_of_name(at[length]);

		if (begins && ends)
			return true;
	}
	return false;
}

void mention_put(struct buf *out, struct matrix_frontend *frontend, const struct matrix_room *room, const char *text)
{
	struct map_iter it = {0};
	bool any = false;

	buf_putc(out, '{');
	while (room->kind == MATRIX_ROOM_PORTAL && map_next(room->members, &it)) {
		const struct room *legacy = person_room(frontend, it.key, room->name);

		if (!legacy || !has_word(text, legacy->nickname))
			continue;
		buf_puts(out, any ? "," : "\"user_ids\":[");
		json_put_string(out, it.key);
		any = true;
	}
	buf_puts(out, any ? "]}" : "}");
}
