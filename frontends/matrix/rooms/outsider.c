/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/rooms/outsider.h"

#include <stdint.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/markup.h"
#include "config/limits.h"
#include "frontends/matrix/people/person.h"
#include "frontends/matrix/rooms/portal_room.h"

/* What the map of a room points to. */
static enum outsider values[] = {OUTSIDER_NONE, OUTSIDER_SPOKEN_FOR, OUTSIDER_BANNED};

enum outsider outsider_of(const struct matrix_room *room, const char *ghost)
{
	const enum outsider *what;

	if (room->ours)
		return OUTSIDER_NONE;
	what = map_get(room->outsiders, ghost);
	return what != NULL ? *what : OUTSIDER_NONE;
}

/* For one more. Those that were banned go last. */
static void make_way(struct matrix_room *room)
{
	struct map_iter it = {0};

	if (map_count(room->outsiders) < LIMIT_MATRIX_OUTSIDERS)
		return;
	while (map_next(room->outsiders, &it))
		if (*(const enum outsider *)it.value == OUTSIDER_SPOKEN_FOR)
			map_remove(room->outsiders, it.key);
	if (map_count(room->outsiders) >= LIMIT_MATRIX_OUTSIDERS)
		map_destroy(&room->outsiders, NULL);
}

static void note(struct matrix_room *room, const char *ghost, enum outsider what)
{
	if (!map_get(room->outsiders, ghost))
		make_way(room);
	map_set(&room->outsiders, ghost, &values[what]);
}

void outsider_note(struct matrix_room *room, const char *ghost)
{
	note(room, ghost, OUTSIDER_SPOKEN_FOR);
}

void outsider_gone(struct matrix_room *room, const char *ghost)
{
	if (outsider_of(room, ghost) == OUTSIDER_SPOKEN_FOR)
		map_remove(room->outsiders, ghost);
}

struct asking {
	struct matrix_frontend *frontend;
	char *room, *ghost;
};

static void asking_free(void *context)
{
	struct asking *asking = context;

	mem_free(asking->room);
	mem_free(asking->ghost);
	mem_free(asking);
}

static void on_member(void *context, const struct matrix_reply *reply)
{
	struct asking *asking = context;
	struct matrix_room *room = matrix_room_find(asking->frontend, asking->room);
	struct arena arena = {0};
	const char *membership = json_text(reply->json, "membership", &arena);

	if (room && room->kind == MATRIX_ROOM_PORTAL)
		note(room, asking->ghost,
		     membership && !strcmp(membership, "ban") ? OUTSIDER_BANNED : OUTSIDER_SPOKEN_FOR);
	arena_finish(&arena);
	asking_free(asking);
}

void outsider_refused(struct matrix_frontend *frontend, const struct matrix_room *room, const char *ghost,
                      const char *lane)
{
	struct asking *asking = MEM_NEW(struct asking);
	char *path = matrix_path("/rooms/%s/state/m.room.member/%s", room->id, ghost);

	*asking = (struct asking){frontend, mem_strdup(room->id), mem_strdup(ghost)};
	homeserver_call(frontend->homeserver, &(struct matrix_call){.method = HTTP_GET,
	                                                            .path = path,
	                                                            .lane = lane,
	                                                            .first = true,
	                                                            .done = on_member,
	                                                            .context = asking,
	                                                            .drop = asking_free});
	mem_free(path);
}

void outsiders_try_again(struct matrix_frontend *frontend, struct matrix_room *room)
{
	room->told_unheard = false;
	if (!map_count(room->outsiders))
		return;
	map_destroy(&room->outsiders, NULL);
	matrix_later(frontend, portal_rooms_sync, room->name, NULL);
}

/* ------------------------------------------------------------------------------------------------ content */

static bool is_emote(const struct cJSON *content, struct arena *arena)
{
	const char *type = json_text(content, "msgtype", arena);

	return type && !strcmp(type, "m.emote");
}

/* A file's body is its caption, where it is not its name. */
static void put_body(struct buf *out, const struct cJSON *content, const char *nickname, struct arena *arena)
{
	const char *body = json_text(content, "body", arena), *name = json_text(content, "filename", arena);
	bool captioned = !name || strcmp(name, body) != 0;
	char *text = mem_printf(is_emote(content, arena) ? "* %s%s%s" : "<%s>%s%s", nickname, captioned ? " " : "",
	                        captioned ? body : "");

	json_put_string(out, text);
	mem_free(text);
}

static void put_markup(struct buf *out, const struct cJSON *content, const char *markup, const char *nickname,
                       struct arena *arena)
{
	struct buf text = {0};

	buf_puts(&text, is_emote(content, arena) ? "* " : "&lt;");
	markup_put_text(&text, nickname, strlen(nickname));
	buf_printf(&text, "%s%s", is_emote(content, arena) ? " " : "&gt; ", markup);
	json_put_string(out, buf_text(&text));
	buf_finish(&text);
}

static void put_content(struct buf *out, const struct cJSON *content, const char *nickname)
{
	struct arena arena = {0};
	bool has_body = json_text(content, "body", &arena) != NULL;
	const char *separator = "";

	buf_putc(out, '{');
	for (const struct cJSON *item = json_first(content); item; item = json_next(item)) {
		const char *name = json_name(item, &arena);
		const char *text = json_text(item, NULL, &arena);

		if (!name)
			continue;
		buf_puts(out, separator);
		separator = ",";
		json_put_string(out, name);
		buf_putc(out, ':');
		if (text && !strcmp(name, "body"))
			put_body(out, content, nickname, &arena);
		else if (text && has_body && !strcmp(name, "formatted_body"))
			put_markup(out, content, text, nickname, &arena);
		else if (has_body && !strcmp(name, "msgtype") && is_emote(content, &arena))
			buf_puts(out, "\"m.text\"");
		else if (!strcmp(name, "m.new_content") && json_is_object(item))
			put_content(out, item, nickname);
		else
			json_put(out, item);
	}
	buf_putc(out, '}');
	arena_finish(&arena);
}

void outsider_put(struct buf *out, const char *content, const char *nickname)
{
	struct cJSON *json = json_read(content, strlen(content));

	put_content(out, json, nickname);
	json_free(&json);
}

void outsider_unheard(struct matrix_frontend *frontend, struct matrix_room *room, const char *person,
                      const char *problem)
{
	if (room->told_unheard)
		return;
	room->told_unheard = true;
	char *text = mem_printf("What is said in %s does not get into the Matrix room that is tied to it: people of the "
	                        "network may not speak there, nor may I (%s). Its administrators can change that.",
	                        room->name, problem);

	person_tell(frontend, person, text);
	mem_free(text);
}
