/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/rooms/moderation.h"

#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/matrix/people/chat.h"
#include "frontends/matrix/people/ghost.h"
#include "frontends/matrix/people/person.h"
#include "frontends/matrix/rooms/portal_power.h"
#include "frontends/matrix/rooms/portal_room.h"
#include "frontends/matrix/wire/power_levels.h"
#include "transport/rooms/portal.h"
#include "transport/rooms/room.h"
#include "transport/routing/router.h"

/* ---------------------------------------------------------------------------------------- who is meant */

/* Of a ghost whose id cannot be read back, among those who are there. */
static void find_participant(const struct matrix_frontend *frontend, const struct matrix_room *room, const char *ghost,
                             struct buf *nickname)
{
	const struct room *legacy = portal_listener(&frontend->base, room->name);
	struct map_iter it = {0};

	while (legacy && !nickname->len && map_next(legacy->participants, &it)) {
		char *id = ghost_of_participant(frontend, room->name, it.key);

		if (!strcmp(id, ghost))
			buf_puts(nickname, it.key);
		mem_free(id);
	}
}

/* The part of a ghost's name that is the nickname in this room; false: it is of another room. */
static bool cut_name(const struct matrix_frontend *frontend, const struct matrix_room *room, struct buf *name)
{
	const char *text = buf_text(name), *server = strrchr(room->name, '@');
	size_t length = strlen(room->name);
	char *nickname = NULL;

	if (frontend->config.room_nicknames)
		nickname = text_starts(text, room->name) && text[length] == '/' ? mem_strdup(text + length + 1) : NULL;
	else if (!server)
		nickname = mem_strdup(text);
	else if (name->len > strlen(server) && !strcmp(text + name->len - strlen(server), server))
		nickname = mem_strndup(text, name->len - strlen(server));
	buf_clear(name);
	if (nickname)
		buf_puts(name, nickname);
	mem_free(nickname);
	return name->len > 0;
}

static bool nickname_of_ghost(const struct matrix_frontend *frontend, const struct matrix_room *room, const char *ghost,
                              struct buf *nickname)
{
	find_participant(frontend, room, ghost, nickname);
	if (nickname->len)
		return true;
	return matrix_ghost_name(&frontend->names, ghost, nickname) && cut_name(frontend, room, nickname);
}

static bool nickname_of_person(struct matrix_frontend *frontend, const struct matrix_room *room, const char *id,
                               struct buf *nickname)
{
	const struct room *legacy = person_room(frontend, id, room->name);

	if (legacy)
		buf_puts(nickname, legacy->nickname);
	return nickname->len > 0;
}

/* ------------------------------------------------------------------------------------------- undoing */

static const char *const what_of[] = {[MODERATION_NONE] = "",
                                      [MODERATION_KICK] = "put out",
                                      [MODERATION_BAN] = "banned",
                                      [MODERATION_UNBAN] = "allowed to come back",
                                      [MODERATION_ROLE] = "given another role",
                                      [MODERATION_INVITE] = "invited"};

static void undo(struct matrix_frontend *frontend, struct matrix_room *room, const char *nickname,
                 enum moderation_action action)
{
	char *ghost = ghost_of_participant(frontend, room->name, nickname);

	if (action == MODERATION_ROLE)
		portal_power_update(frontend, room);
	else if (action == MODERATION_INVITE && !matrix_room_has(room, ghost))
		matrix_leave(frontend, room->id, ghost);
	else if (action != MODERATION_INVITE && room->ours)
		matrix_later(frontend, portal_rooms_sync, room->name, NULL);
	mem_free(ghost);
}

static void tell(struct matrix_frontend *frontend, struct matrix_room *room, const char *nickname,
                 enum moderation_action action, const char *reason)
{
	bool out = action == MODERATION_KICK || action == MODERATION_BAN;
	const char *end = !out || room->ours ? "" : " This room is not the network's: here it holds.";
	size_t length = strlen(reason);
	const char *stop = length && strchr(".!?", reason[length - 1]) ? "" : ".";
	char *text = mem_printf("On the network %s is not %s: %s%s%s", nickname, what_of[action], reason, stop, end);

	matrix_notice(frontend, room->id, NULL, text);
	mem_free(text);
}

/* A legacy room may have several portals: the id of what is asked for says which it was, "ROOM EVENT". */
static char *moderation_id(const struct matrix_room *room, const struct matrix_event *event)
{
	return mem_printf("%s %s", room->id, event->id);
}

static struct matrix_room *room_of(const struct matrix_frontend *frontend, const struct event_message *message)
{
	char *id = mem_strndup(message->id ? message->id : "", strcspn(message->id ? message->id : "", " "));
	struct matrix_room *room = matrix_room_find(frontend, id);

	mem_free(id);
	return room ? room : matrix_room_portal(frontend, message->name);
}

void moderation_refused(struct matrix_frontend *frontend, const char *person, const struct event_message *message,
                        const char *reason)
{
	struct matrix_room *room = room_of(frontend, message);

	if (!room) {
		log_info(&frontend->base.log, "a %s by %s is refused: %s", event_moderation_name(message->moderation.action),
		         log_quote(person), log_quote(reason));
		return;
	}
	tell(frontend, room, message->nickname, message->moderation.action, reason);
	undo(frontend, room, message->nickname, message->moderation.action);
}

/* --------------------------------------------------------------------------------------------- doing */

const char *moderation_problem(int err)
{
	switch (err) {
	case TP_ERR_NOT_REGISTERED:
		return "you have no account here. Say \"register\" to the bot";
	case TP_ERR_NOT_CONNECTED:
		return "you are not connected";
	case TP_ERR_NOT_FOUND:
		return "you are not in that room";
	case TP_ERR_UNSUPPORTED:
		return "nobody can be moderated there from here";
	default:
		return tp_error_text(err);
	}
}

static void moderate(struct matrix_frontend *frontend, struct matrix_room *room, const struct matrix_event *event,
                     const char *nickname, struct event_moderation what)
{
	struct resource *resource = person_ready(frontend, event->sender);
	char *id = moderation_id(room, event);
	const struct event out = {.type = EVENT_MODERATION,
	                          .message = {.kind = MESSAGE_ROOM,
	                                      .name = room->name,
	                                      .nickname = nickname,
	                                      .text = event->body ? event->body : "",
	                                      .id = id,
	                                      .moderation = what}};
	int err = resource ? router_from_frontend(resource, &out) : TP_ERR_NOT_REGISTERED;

	mem_free(id);
	if (!err)
		return;
	tell(frontend, room, nickname, what.action, moderation_problem(err));
	undo(frontend, room, nickname, what.action);
}

void moderation_ghost_put_out(struct matrix_frontend *frontend, struct matrix_room *room,
                              const struct matrix_event *event, bool was_in)
{
	struct event_moderation what = {.action = MODERATION_KICK};
	struct buf nickname = {0};

	if (room->kind != MATRIX_ROOM_PORTAL || !strcmp(event->state_key, frontend->bot))
		return;
	if (event->membership == MATRIX_BAN)
		what.action = MODERATION_BAN;
	else if (event->before == MATRIX_BAN || !was_in)
		what.action = MODERATION_UNBAN;
	if (nickname_of_ghost(frontend, room, event->state_key, &nickname))
		moderate(frontend, room, event, buf_text(&nickname), what);
	buf_finish(&nickname);
}

void moderation_ghost_invited(struct matrix_frontend *frontend, struct matrix_room *room,
                              const struct matrix_event *event)
{
	const struct room *legacy = portal_listener(&frontend->base, room->name);
	struct buf nickname = {0};

	if (!nickname_of_ghost(frontend, room, event->state_key, &nickname))
		chat_refuse(frontend, room->id, event->state_key, "Nobody of this name can come here.");
	else if (legacy && map_get(legacy->participants, buf_text(&nickname)))
		ghost_come(frontend, room, event->state_key);
	else
		moderate(frontend, room, event, buf_text(&nickname), (struct event_moderation){.action = MODERATION_INVITE});
	buf_finish(&nickname);
}

/* ------------------------------------------------------------------------------------------- power levels */

struct change {
	struct matrix_frontend *frontend;
	struct matrix_room *room;
	const struct matrix_event *event;
	unsigned count;
};

/* Whatever the event says of somebody else is as it was. */
static void change_one(struct change *change, const char *id)
{
	struct matrix_frontend *frontend = change->frontend;
	bool ours = matrix_is_ours(&frontend->names, id);
	enum participant_role before = power_level_role(power_levels_of(change->event->content_before, id)),
	                      now = power_level_role(power_levels_of(change->event->content, id));
	struct buf nickname = {0};

	if (before == now || !strcmp(id, frontend->bot) || change->count >= LIMIT_MATRIX_POWERS)
		return;
	if (ours ? nickname_of_ghost(frontend, change->room, id, &nickname)
	         : nickname_of_person(frontend, change->room, id, &nickname)) {
		change->count++;
		moderate(frontend, change->room, change->event, buf_text(&nickname),
		         (struct event_moderation){MODERATION_ROLE, now});
	}
	buf_finish(&nickname);
}

static void change_all(struct change *change, const struct cJSON *users, const struct cJSON *but)
{
	struct arena arena = {0};

	for (const struct cJSON *item = json_first(users); item; item = json_next(item)) {
		const char *id = json_name(item, &arena);

		if (id && matrix_is_user_id(id) && !json_member(but, id))
			change_one(change, id);
	}
	arena_finish(&arena);
}

void moderation_power_levels(struct matrix_frontend *frontend, struct matrix_room *room,
                             const struct matrix_event *event)
{
	struct change change = {frontend, room, event, 0};
	const struct cJSON *users = json_object(event->content, "users");

	/* Without what was before it is not known what the person has changed. */
	if (room->kind != MATRIX_ROOM_PORTAL || !event->content || !event->content_before)
		return;
	change_all(&change, users, NULL);
	change_all(&change, json_object(event->content_before, "users"), users);
}
