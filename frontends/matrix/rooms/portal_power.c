/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/rooms/portal_power.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "config/limits.h"
#include "frontends/matrix/people/ghost.h"
#include "frontends/matrix/people/person.h"
#include "frontends/matrix/wire/power_levels.h"
#include "transport/rooms/portal.h"
#include "transport/rooms/room.h"

struct asking {
	struct matrix_frontend *frontend;
	char *room;
};

static void asking_free(void *context)
{
	struct asking *asking = context;

	mem_free(asking->room);
	mem_free(asking);
}

static char *lane_of(const struct matrix_room *room)
{
	return mem_printf("powers of %s", room->id);
}

static void collect_ghosts(const struct matrix_frontend *frontend, const struct room *legacy, struct map **ghosts)
{
	for (enum participant_role role = ROLE_OWNER; role > ROLE_NONE; role--) {
		struct map_iter it = {0};

		while (map_next(legacy->participants, &it) && map_count(*ghosts) < LIMIT_MATRIX_POWERS) {
			const struct participant *participant = it.value;

			if (participant->stale || event_role(participant->role, participant->flags) != role ||
			    portal_has_nickname(&frontend->base, legacy->name, participant->nickname))
				continue;
			char *ghost = ghost_of_participant(frontend, legacy->name, participant->nickname);

			map_set(ghosts, ghost, power_level_put(role));
			mem_free(ghost);
		}
	}
}

/* What the people of the portal are in the legacy room, as far as it is known. */
static void collect_people(struct matrix_frontend *frontend, const struct matrix_room *room, struct map **people)
{
	struct map_iter it = {0};

	*people = map_create();
	while (map_next(room->members, &it)) {
		const struct room *legacy = person_room(frontend, it.key, room->name);
		const struct participant *own = legacy ? map_get(legacy->participants, legacy->nickname) : NULL;

		if (own && !own->stale)
			map_put(*people, it.key, power_level_put(event_role(own->role, own->flags)));
	}
}

static void remember(struct matrix_room *room, const struct power_levels_wanted *wanted)
{
	const struct map *const all[] = {wanted->ghosts, wanted->people};

	map_destroy(&room->power.levels, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		struct map_iter it = {0};

		while (all[i] && map_next(all[i], &it))
			if (power_level_get(it.value) > ROLE_NONE)
				map_set(&room->power.levels, it.key, it.value);
	}
}

static void on_levels(void *context, const struct matrix_reply *reply)
{
	struct asking *asking = context;
	struct matrix_frontend *frontend = asking->frontend;
	struct matrix_room *room = matrix_room_find(frontend, asking->room);
	bool tied = room && room->kind == MATRIX_ROOM_PORTAL;
	const struct room *legacy = tied ? portal_listener(&frontend->base, room->name) : NULL;
	struct buf content = {0};

	asking_free(asking);
	if (!room)
		return;
	room->power.busy = false;
	if (reply->err)
		log_info(&frontend->base.log, "the power levels of %s cannot be read: %s", log_quote(room->id),
		         reply->problem);
	/* Without a listener it is not known who is what; portal_rooms_sync comes when there is one. */
	if (reply->err || (tied && !legacy))
		return;
	struct power_levels_wanted wanted = {.names = &frontend->names, .bot = frontend->bot, .creator = room->ours};

	if (legacy)
		collect_ghosts(frontend, legacy, &wanted.ghosts);
	if (legacy && room->ours)
		collect_people(frontend, room, &wanted.people);
	if (power_levels_bound(reply->json, &wanted) < 0)
		log_debug(&frontend->base.log, "the bot may not change power levels in %s", log_quote(room->id));
	if (power_levels_write(&content, reply->json, &wanted)) {
		char *lane = lane_of(room);

		matrix_tell(frontend, HTTP_PUT, matrix_path("/rooms/%s/state/m.room.power_levels/", room->id), NULL,
		            buf_text(&content), lane);
		mem_free(lane);
	}
	remember(room, &wanted);
	map_destroy(&wanted.ghosts, NULL);
	map_destroy(&wanted.people, NULL);
	buf_finish(&content);
	room->power.looked_ms = clock_ms();
}

/* matrix_later: `id` is the room. */
static void begin(struct matrix_frontend *frontend, const char *id, const char *unused)
{
	const struct matrix_room *room = matrix_room_find(frontend, id);
	struct asking *asking;

	(void)unused;
	if (!room)
		return;
	char *path = matrix_path("/rooms/%s/state/m.room.power_levels/", room->id), *lane = lane_of(room);

	asking = MEM_NEW(struct asking);
	asking->frontend = frontend;
	asking->room = mem_strdup(id);
	homeserver_call(frontend->homeserver, &(struct matrix_call){.method = HTTP_GET,
	                                                            .path = path,
	                                                            .lane = lane,
	                                                            .done = on_levels,
	                                                            .context = asking,
	                                                            .drop = asking_free});
	mem_free(lane);
	mem_free(path);
}

void portal_power_update(struct matrix_frontend *frontend, struct matrix_room *room)
{
	/* Who is what is read when the levels have come: what changes until then is in it. */
	if (room->power.busy || (room->kind != MATRIX_ROOM_PORTAL && !map_count(room->power.levels)))
		return;
	uint64_t since_ms = clock_ms() - room->power.looked_ms;
	bool early = room->power.looked_ms && since_ms < LIMIT_MATRIX_POWER_MS;

	room->power.busy = true;
	matrix_after(frontend, early ? LIMIT_MATRIX_POWER_MS - since_ms : 0, begin, room->id, NULL);
}

void portal_power_note(struct matrix_frontend *frontend, struct matrix_room *room, const char *user,
                       enum participant_role role)
{
	enum participant_role known = power_level_get(map_get(room->power.levels, user));

	if (role != (known == ROLE_UNSAID ? ROLE_NONE : known))
		portal_power_update(frontend, room);
}
