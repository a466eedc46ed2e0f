/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/messages/copies.h"

#include <inttypes.h>

#include "base/list.h"
#include "frontends/matrix/messages/event_map.h"
#include "frontends/matrix/people/person.h"
#include "transport/people/session.h"
#include "transport/routing/in_flight.h"

#define NAMES "matrix copies" /* the place of the names that copies share */

static char *place_of(const struct matrix_room *room)
{
	return mem_printf(NAMES " %s", room->id);
}

/* What people have said is called by its event, where they said it; what the network has said, by its record, which is
 * one for all rooms. */
char *copies_name(const struct matrix_frontend *frontend, const struct event *event)
{
	const char *id = event->message.id;

	if (id && matrix_is_event_id(id))
		return mem_strdup(id);
	return event->handover ? mem_printf("%s.%" PRIu64, frontend->records, event->handover) : NULL;
}

void copies_note(const struct matrix_frontend *frontend, const struct matrix_room *room, const char *name,
                 const char *event_id)
{
	char *place = place_of(room);

	event_map_tie(frontend, place, event_id, NAMES, name);
	mem_free(place);
}

struct search {
	struct arena *arena;
	const char *event_id;
	const char *name; /* NULL: not found yet */
};

static void look_in(struct matrix_frontend *frontend, struct matrix_room *room, void *context)
{
	struct search *search = context;
	char *place = search->name ? NULL : place_of(room);

	if (place)
		search->name = event_map_find(frontend, search->arena, place, search->event_id, NAMES);
	mem_free(place);
}

/* Of an event in any of the rooms; NULL: it has none. */
static const char *name_of(const struct matrix_frontend *frontend, const char *legacy, const char *event_id,
                           struct arena *arena)
{
	struct search search = {.arena = arena, .event_id = event_id};

	if (matrix_is_event_id(event_id))
		matrix_room_each_portal((struct matrix_frontend *)(uintptr_t)frontend, legacy, look_in, &search);
	return search.name;
}

void copies_translate(const struct matrix_frontend *frontend, const struct matrix_room *room,
                      struct event_message *message, struct arena *arena)
{
	const char **const slots[] = {&message->replaces, &message->retracts, &message->reply_to, &message->reacts_to,
	                              &message->thread};
	char *place = place_of(room);

	for (size_t i = 0; i < ARRAY_SIZE(slots); i++) {
		const char *name = *slots[i] ? name_of(frontend, room->name, *slots[i], arena) : NULL;
		const char *here = name ? event_map_find(frontend, arena, NAMES, name, place) : NULL;

		if (here)
			*slots[i] = here;
	}
	mem_free(place);
}

/* ---------------------------------------------------------------------------------------------- on their way */

static void on_landed(struct frontend *frontend, const char *address)
{
	matrix_later(matrix_frontend_of(frontend), person_show_waiting, address, NULL);
}

void copies_begin(struct matrix_frontend *frontend, const char *name)
{
	in_flight_begin(&frontend->in_flight, NAMES, name);
}

void copies_end(struct matrix_frontend *frontend, const char *name)
{
	in_flight_end(frontend->in_flight, NAMES, name, on_landed, &frontend->base);
}

bool copies_wait(struct matrix_frontend *frontend, const struct identity *to, const struct event *event)
{
	const struct event_message *message = &event->message;
	const char *references[] = {message->replaces, message->retracts, message->reply_to, message->reacts_to,
	                            message->thread};
	struct arena arena = {0};
	bool waits = false;

	if (!event->handover || message->kind != MESSAGE_ROOM || !map_count(frontend->in_flight))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(references) && !waits; i++) {
		const char *name = references[i] ? name_of(frontend, message->name, references[i], &arena) : NULL;

		waits = name && in_flight_waits_for(frontend->in_flight, NAMES, name, to->address);
	}
	arena_finish(&arena);
	return waits;
}
