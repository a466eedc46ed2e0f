/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/people/ghost.h"

#include <string.h>

#include "base/crash_point.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/pool.h"
#include "frontends/matrix/people/passers_by.h"
#include "frontends/matrix/rooms/outsider.h"
#include "frontends/matrix/rooms/portal_room.h"

/* There are many of them, and they stay: it, its name and its place in the map are of the pool. */
struct ghost {
	char *name; /* as the homeserver was told; NULL: nothing yet */
	char *icon; /* hash of its picture; NULL: none yet */
	bool made;
	bool present;   /* ghosts_forget */
	char *asked_in; /* the lane in which its registration waits; NULL: none */
};

char *ghost_of_contact(const struct matrix_frontend *frontend, const char *name)
{
	return matrix_ghost_id(&frontend->names, name);
}

char *ghost_of_participant(const struct matrix_frontend *frontend, const char *room, const char *nickname)
{
	const char *server = frontend->config.room_nicknames ? NULL : strrchr(room, '@');
	char *name = frontend->config.room_nicknames ? mem_printf("%s/%s", room, nickname)
	                                             : mem_printf("%s%s", nickname, server ? server : "");
	char *id = matrix_ghost_id(&frontend->names, name);

	mem_free(name);
	return id;
}

char *ghost_of_chat(const struct matrix_frontend *frontend, const struct matrix_room *room)
{
	if (room->kind != MATRIX_ROOM_CHAT)
		return NULL;
	const char *nickname = matrix_chat_nickname(room->name, room->in_room);

	if (!nickname)
		return ghost_of_contact(frontend, room->name);
	char *legacy = matrix_chat_legacy_room(room->name, nickname);
	char *id = ghost_of_participant(frontend, legacy, nickname);

	mem_free(legacy);
	return id;
}

static struct ghost *find(struct matrix_frontend *frontend, const char *id)
{
	struct pool *pool = frontend->base.transport->pool;

	if (!frontend->ghosts)
		frontend->ghosts = map_create_in(pool);
	void **slot = map_slot(&frontend->ghosts, id);

	if (!*slot) {
		*slot = pool_alloc(pool, sizeof(struct ghost));
		passers_by_note(frontend, 1);
	}
	return *slot;
}

struct registering {
	struct matrix_frontend *frontend;
	char id[];
};

static void registered(void *context, const struct matrix_reply *reply)
{
	struct registering *registering = context;
	struct matrix_frontend *frontend = registering->frontend;
	struct ghost *ghost = find(frontend, registering->id);

	CRASH_POINT("core.matrix.registered");
	/* M_USER_IN_USE: an earlier process has made it */
	ghost->made = !reply->err || !strcmp(reply->errcode, "M_USER_IN_USE");
	MEM_FREE(ghost->asked_in);
	if (!ghost->made)
		log_warning(&frontend->base.log, "a ghost could not be registered: %s", reply->problem);
	mem_free(registering);
}

static void register_in(struct matrix_frontend *frontend, const char *id, const char *lane, bool first)
{
	struct registering *registering = MEM_NEW_TEXT(struct registering, id, id);
	struct buf body = {0};
	char *local = mem_strndup(id + 1, strcspn(id + 1, ":"));

	registering->frontend = frontend;
	buf_puts(&body, "{\"type\":\"m.login.application_service\",\"inhibit_login\":true,\"username\":");
	json_put_string(&body, local);
	buf_putc(&body, '}');
	homeserver_call(frontend->homeserver, &(struct matrix_call){.method = HTTP_POST,
	                                                            .path = "/_matrix/client/v3/register",
	                                                            .body = buf_text(&body),
	                                                            .lane = lane,
	                                                            .first = first,
	                                                            .done = registered,
	                                                            .context = registering,
	                                                            .drop = mem_free});
	buf_finish(&body);
	mem_free(local);
}

void ghost_register(struct matrix_frontend *frontend, const char *id, const char *lane)
{
	register_in(frontend, id, lane, false);
}

void ghost_rename(struct matrix_frontend *frontend, const char *id, const char *name, const char *lane)
{
	struct ghost *ghost = find(frontend, id);

	if (ghost->name && !strcmp(ghost->name, name))
		return;
	struct pool *pool = frontend->base.transport->pool;
	char *before = ghost->name;

	ghost->name = pool_strdup(pool, name);
	pool_free_text(pool, before);
	matrix_tell_text(frontend, HTTP_PUT, matrix_path("/profile/%s/displayname", id), id, "displayname",
	                 name, lane);
}

void ghost_prepare(struct matrix_frontend *frontend, const char *id, const char *name, const char *lane)
{
	struct ghost *ghost = find(frontend, id);

	/* In another lane it may come after what this one waits for. */
	if (!ghost->made && (!ghost->asked_in || !lane || strcmp(ghost->asked_in, lane) != 0)) {
		ghost_register(frontend, id, lane);
		mem_replace(&ghost->asked_in, lane);
	}
	if (!ghost->name)
		ghost_rename(frontend, id, name, lane);
}

bool ghost_takes_icon(struct matrix_frontend *frontend, const char *id, const char *icon_hash)
{
	struct ghost *ghost = find(frontend, id);

	if (ghost->icon && !strcmp(ghost->icon, icon_hash))
		return false;
	mem_replace(&ghost->icon, icon_hash);
	return true;
}

struct entering {
	struct matrix_frontend *frontend;
	char *room, *ghost, *lane;
	bool first;   /* before what waits in the lane */
	bool arrives; /* not in the room's lane */
	bool again;   /* the second time */
};

static void entering_free(void *context)
{
	struct entering *entering = context;

	mem_free(entering->room);
	mem_free(entering->ghost);
	mem_free(entering->lane);
	mem_free(entering);
}

static void enter(struct entering *entering);

/* A portal of ours shows who is there: whoever has banned the ghost, or closed the room, has not done so on the
 * network. True: it is tried again. */
static bool open_door(struct entering *entering, const struct matrix_room *room, const struct matrix_reply *reply)
{
	struct matrix_frontend *frontend = entering->frontend;

	if (!room->ours || entering->again || reply->err != TP_ERR_NOT_ALLOWED)
		return false;
	entering->again = true;
	if (entering->first) {
		enter(entering);
		matrix_tell_first(frontend, matrix_path("/rooms/%s/invite", room->id), "user_id", entering->ghost,
		                  entering->lane);
		matrix_tell_first(frontend, matrix_path("/rooms/%s/unban", room->id), "user_id", entering->ghost,
		                  entering->lane);
		return true;
	}
	matrix_tell_text(frontend, HTTP_POST, matrix_path("/rooms/%s/unban", room->id), NULL, "user_id", entering->ghost,
	                 entering->lane);
	matrix_invite(frontend, room->id, entering->ghost, entering->lane);
	enter(entering);
	return true;
}

static void entered(void *context, const struct matrix_reply *reply)
{
	struct entering *entering = context;
	struct matrix_frontend *frontend = entering->frontend;
	struct matrix_room *room = matrix_room_find(frontend, entering->room);

	CRASH_POINT("core.matrix.entered");
	if (reply->err && room) {
		if (open_door(entering, room, reply))
			return;
		matrix_room_note_member(frontend, room, entering->ghost, false);
		if (room->kind == MATRIX_ROOM_PORTAL && reply->err == TP_ERR_NOT_ALLOWED)
			outsider_refused(frontend, room, entering->ghost, entering->lane);
	}
	/* Taken out meanwhile, in another lane, which may have been before this. */
	if (!reply->err && room && entering->arrives && !matrix_room_has(room, entering->ghost))
		matrix_leave(frontend, room->id, entering->ghost);
	if (reply->err)
		log_warning(&frontend->base.log, "%s cannot enter %s: %s", log_quote(entering->ghost),
		            log_quote(entering->room), reply->problem);
	if (room && entering->arrives) {
		room->arrivals.busy = false;
		portal_room_next_arrival(frontend, room);
	}
	entering_free(entering);
}

static void enter(struct entering *entering)
{
	char *path = matrix_path("/join/%s", entering->room);

	homeserver_call(entering->frontend->homeserver, &(struct matrix_call){.method = HTTP_POST,
	                                                                      .path = path,
	                                                                      .as = entering->ghost,
	                                                                      .lane = entering->lane,
	                                                                      .first = entering->first,
	                                                                      .done = entered,
	                                                                      .context = entering,
	                                                                      .drop = entering_free});
	mem_free(path);
}

static void join(struct matrix_frontend *frontend, const struct matrix_room *room, const char *ghost,
                 const char *lane, bool first)
{
	struct entering *entering = MEM_NEW(struct entering);

	entering->frontend = frontend;
	entering->first = first;
	entering->arrives = strcmp(lane, room->id) != 0;
	entering->room = mem_strdup(room->id);
	entering->ghost = mem_strdup(ghost);
	entering->lane = mem_strdup(lane);
	enter(entering);
}

static bool needs_invitation(const struct matrix_room *room)
{
	return room->kind == MATRIX_ROOM_PORTAL && !room->ours;
}

void ghost_return(struct matrix_frontend *frontend, struct matrix_room *room, const char *ghost)
{
	matrix_room_note_member(frontend, room, ghost, true);
	/* each before the one that was put in front of the others before */
	join(frontend, room, ghost, room->id, true);
	if (needs_invitation(room))
		matrix_tell_first(frontend, matrix_path("/rooms/%s/invite", room->id), "user_id", ghost, room->id);
	register_in(frontend, ghost, room->id, true);
}

void ghost_enter(struct matrix_frontend *frontend, struct matrix_room *room, const char *ghost,
                 const char *name, const char *lane)
{
	if (!lane)
		lane = room->id;
	ghost_prepare(frontend, ghost, name, lane);
	if (matrix_room_has(room, ghost))
		return;
	matrix_room_note_member(frontend, room, ghost, true);
	/* A chat is entered on invitation by the person; the bot is not in it. */
	if (needs_invitation(room))
		matrix_invite(frontend, room->id, ghost, lane);
	join(frontend, room, ghost, lane, false);
}

void ghost_come(struct matrix_frontend *frontend, struct matrix_room *room, const char *ghost)
{
	map_remove(room->outsiders, ghost);
	matrix_room_note_member(frontend, room, ghost, true);
	join(frontend, room, ghost, room->id, false);
}

void ghost_leave(struct matrix_frontend *frontend, struct matrix_room *room, const char *ghost, const char *reason)
{
	if (!matrix_room_has(room, ghost))
		return;
	if (reason && *reason)
		matrix_tell_text(frontend, HTTP_POST, matrix_path("/rooms/%s/leave", room->id), ghost, "reason", reason, room->id);
	else
		matrix_leave(frontend, room->id, ghost);
	/* last, as the name may be the map's own */
	matrix_room_note_member(frontend, room, ghost, false);
}

static void ghost_free(struct pool *pool, struct ghost *ghost)
{
	pool_free_text(pool, ghost->name);
	mem_free(ghost->icon);
	mem_free(ghost->asked_in);
	pool_free(pool, ghost, sizeof(*ghost));
}

static void note_present(void *context, const char *id)
{
	const struct matrix_frontend *frontend = context;
	struct ghost *ghost = map_get(frontend->ghosts, id);

	if (ghost)
		ghost->present = true;
}

void ghosts_forget(struct matrix_frontend *frontend)
{
	struct map_iter it = {0};

	while (map_next(frontend->ghosts, &it))
		((struct ghost *)it.value)->present = false;
	matrix_rooms_each_user(frontend, note_present, frontend);
	it = (struct map_iter){0};
	while (map_next(frontend->ghosts, &it)) {
		struct ghost *ghost = it.value;

		if (ghost->present || ghost->asked_in)
			continue;
		map_remove(frontend->ghosts, it.key);
		ghost_free(frontend->base.transport->pool, ghost);
	}
}

void ghosts_free(struct matrix_frontend *frontend)
{
	struct map_iter it = {0};

	while (map_next(frontend->ghosts, &it))
		ghost_free(frontend->base.transport->pool, it.value);
	map_destroy(&frontend->ghosts, NULL);
}
