/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/rooms/continuation.h"

#include "base/crash_point.h"
#include "base/log.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/matrix/rooms/gap.h"
#include "frontends/matrix/rooms/room_power.h"
#include "frontends/matrix/rooms/upgrade.h"

bool continuation_is_expected(const struct matrix_frontend *frontend)
{
	struct map_iter it = {0};

	while (map_next(frontend->rooms, &it)) {
		const struct matrix_room *room = it.value;

		/* of what is unread it is not known yet */
		if (upgrade_is_expected(room) || room->gap.unread)
			return true;
	}
	return false;
}

static void decided(struct matrix_room *room)
{
	room->continues.undecided = room->continues.deciding = false;
	MEM_FREE(room->continues.predecessor);
	MEM_FREE(room->continues.creator);
}

void continuation_found(struct matrix_frontend *frontend, const char *id)
{
	struct matrix_room *room = matrix_room_find(frontend, id);

	if (room && room->continues.undecided)
		decided(room);
}

void continuation_refused(struct matrix_frontend *frontend, const char *id)
{
	struct matrix_room *room = matrix_room_find(frontend, id);

	if (!room || !room->continues.undecided)
		return;
	if (room->continues.predecessor)
		log_info(&frontend->base.log, "room %s continues none of ours, or was made by somebody who may not say so",
		         log_quote(id));
	decided(room);
	matrix_room_store(frontend, room);
	gaps_read_since_joined(frontend, room);
	matrix_later(frontend, continuations_decide, NULL, NULL);
}

void continuation_open(struct matrix_frontend *frontend, const char *id)
{
	struct matrix_room *room = matrix_room_find(frontend, id);

	if (!room || !room->continues.deciding)
		return;
	room->continues.deciding = false;
	matrix_later(frontend, continuations_decide, NULL, NULL);
}

static bool is_undecided(const struct matrix_frontend *frontend, const char *id)
{
	const struct matrix_room *room = id ? matrix_room_find(frontend, id) : NULL;

	return room && room->continues.undecided;
}

/* Whether more will be known of this one. Not where it waits for another of its kind: two may name each other. */
static bool is_open(const struct matrix_frontend *frontend, const struct matrix_room *room)
{
	return room->gap.unread || room->upgrade.claim ||
	       (room->continues.undecided && !is_undecided(frontend, room->continues.predecessor));
}

/* Whether a room is still being checked for having this one as its successor. */
static bool is_claimed(const struct matrix_frontend *frontend, const char *successor)
{
	const struct matrix_room *room = NULL;

	while ((room = upgrade_waiting_for(frontend, successor, room ? room->id : NULL)))
		if (text_is(room->upgrade.claim, successor))
			return true;
	return false;
}

static void decide(struct matrix_frontend *frontend, struct matrix_room *room)
{
	const struct matrix_room *before = matrix_room_find(frontend, room->continues.predecessor);
	/* A chat is continued in whatever room its owner invites the contact to. */
	const struct matrix_room *waiting = upgrade_waiting_for(frontend, room->continues.predecessor, NULL);

	if (room->continues.deciding || (before && is_open(frontend, before)))
		return;
	if (before || !waiting) {
		continuation_refused(frontend, room->id);
	} else if (!is_claimed(frontend, room->continues.predecessor)) {
		room->continues.deciding = true;
		upgrade_skip(frontend, waiting, room->id, room->continues.creator);
	}
}

void continuations_decide(struct matrix_frontend *frontend, const char *unused, const char *unused_too)
{
	struct map_iter it = {0};

	(void)unused;
	(void)unused_too;
	while (map_next(frontend->rooms, &it)) {
		struct matrix_room *room = it.value;

		if (room->continues.undecided && room->continues.predecessor)
			decide(frontend, room);
	}
}

struct asking {
	struct matrix_frontend *frontend;
	char room[];
};

static void on_state(void *context, const struct matrix_reply *reply)
{
	struct asking *asking = context;
	struct matrix_frontend *frontend = asking->frontend;
	struct matrix_room *room = matrix_room_find(frontend, asking->room);
	struct room_state state;
	struct arena arena = {0};

	CRASH_POINT("core.matrix.upgrade.invited");
	room_state_read(&state, reply->err ? NULL : reply->json, &arena);
	if (room && room->continues.undecided && state.predecessor && state.creator) {
		mem_replace(&room->continues.predecessor, state.predecessor);
		mem_replace(&room->continues.creator, state.creator);
		decide(frontend, room);
	} else if (room) {
		continuation_refused(frontend, room->id);
	}
	arena_finish(&arena);
	mem_free(asking);
}

static void ask(struct matrix_frontend *frontend, const struct matrix_room *room)
{
	struct asking *asking = MEM_NEW_TEXT(struct asking, room, room->id);
	char *path = matrix_path("/rooms/%s/state", room->id);

	asking->frontend = frontend;
	homeserver_call(frontend->homeserver, &(struct matrix_call){.method = HTTP_GET,
	                                                            .path = path,
	                                                            .state = true,
	                                                            .lane = room->id,
	                                                            .done = on_state,
	                                                            .context = asking,
	                                                            .drop = mem_free});
	mem_free(path);
}

static size_t count_undecided(const struct matrix_frontend *frontend)
{
	struct map_iter it = {0};
	size_t count = 0;

	while (map_next(frontend->rooms, &it))
		count += ((const struct matrix_room *)it.value)->continues.undecided;
	return count;
}

void continuation_ask(struct matrix_frontend *frontend, struct matrix_room *room)
{
	if (count_undecided(frontend) >= LIMIT_MATRIX_UNDECIDED)
		return;
	room->continues.undecided = true;
	matrix_room_store(frontend, room);
	ask(frontend, room);
}

void continuations_recover(struct matrix_frontend *frontend)
{
	struct map_iter it = {0};

	while (map_next(frontend->rooms, &it)) {
		const struct matrix_room *room = it.value;

		/* The process before may have ended before it has taken up the invitation. */
		if (room->continues.undecided) {
			matrix_tell(frontend, HTTP_POST, matrix_path("/join/%s", room->id), NULL, NULL, room->id);
			ask(frontend, room);
		}
	}
}
