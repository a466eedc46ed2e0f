/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/messages/mention.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "frontends/matrix/people/person.h"
#include "transport/rooms/room.h"

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

bool mention_name(struct buf *name, struct matrix_frontend *frontend, const struct matrix_room *room, const char *id)
{
	const struct matrix_room *other = *id == '!' ? matrix_room_find(frontend, id) : NULL;

	if (other && other->kind == MATRIX_ROOM_PORTAL)
		buf_puts(name, other->name);
	if (*id == '#')
		return matrix_portal_room(&frontend->names, id, name);
	if (*id != '@')
		return other && other->kind == MATRIX_ROOM_PORTAL;
	if (matrix_is_ours(&frontend->names, id))
		return matrix_ghost_name(&frontend->names, id, name);
	const struct room *legacy = room->kind == MATRIX_ROOM_PORTAL ? person_room(frontend, id, room->name) : NULL;

	if (legacy)
		buf_puts(name, legacy->nickname);
	return legacy;
}

void mention_put_missing(struct buf *out, struct matrix_frontend *frontend, const struct matrix_room *room,
                         const struct matrix_event *event, const char *text)
{
	struct buf name = {0};
	bool any = false;

	for (size_t i = 0; i < event->users_count && room->kind == MATRIX_ROOM_PORTAL && !event->reply_to; i++) {
		buf_clear(&name);
		if (!strcmp(event->users[i], event->sender) || !mention_name(&name, frontend, room, event->users[i]) ||
		    has_word(text, buf_text(&name)) || (any && has_word(buf_text(out), buf_text(&name))))
			continue;
		buf_printf(out, "%s%s", any ? ", " : "", buf_text(&name));
		any = true;
	}
	if (any)
		buf_puts(out, ": ");
	buf_finish(&name);
}
