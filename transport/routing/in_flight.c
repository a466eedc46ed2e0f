/* SPDX-License-Identifier: MIT */
#include "transport/routing/in_flight.h"

#include "base/buf.h"
#include "base/mem.h"
#include "protocol/event.h"
#include "transport/people/session.h"
#include "transport/routing/delivery.h"

struct in_flight {
	unsigned calls;
	struct map *waiting; /* addresses; NULL: nobody */
};

static void finish(void *value)
{
	struct in_flight *in_flight = value;

	map_destroy(&in_flight->waiting, NULL);
	mem_free(in_flight);
}

static char *key_of(const char *place, const char *id)
{
	return mem_printf("%s\n%s", place, id);
}

void in_flight_begin(struct map **messages, const char *place, const char *id)
{
	char *key = key_of(place, id);
	struct in_flight *in_flight = map_get(*messages, key);

	if (!in_flight) {
		in_flight = MEM_NEW(struct in_flight);
		map_set(messages, key, in_flight);
	}
	in_flight->calls++;
	mem_free(key);
}

void in_flight_end(struct map *messages, const char *place, const char *id,
		   void (*landed)(struct frontend *frontend, const char *address), struct frontend *frontend)
{
	char *key = key_of(place, id);
	struct in_flight *in_flight = map_get(messages, key);
	struct map_iter it = {0};

	if (in_flight && --in_flight->calls == 0) {
		map_remove(messages, key);
		while (map_next(in_flight->waiting, &it))
			landed(frontend, it.key);
		finish(in_flight);
	}
	mem_free(key);
}

bool in_flight_waits_for(struct map *messages, const char *place, const char *id, const char *address)
{
	char *key = key_of(place, id);
	struct in_flight *in_flight = map_get(messages, key);

	if (in_flight)
		map_set(&in_flight->waiting, address, in_flight);
	mem_free(key);
	return in_flight != NULL;
}

bool in_flight_waits(struct map *messages, const struct identity *to, const struct event *event)
{
	const struct event_message *message = &event->message;
	const char *references[] = {message->replaces, message->retracts, message->reply_to, message->reacts_to,
				    message->thread};
	struct buf people = {0}, network = {0};
	bool waits = false;

	if (!event->handover || !map_count(messages))
		return false;
	delivery_places(to, message->name, message->kind == MESSAGE_ROOM, &people, &network);
	for (size_t i = 0; i < ARRAY_SIZE(references) && !waits; i++)
		waits = references[i] && in_flight_waits_for(messages, buf_text(&network), references[i], to->address);
	buf_finish(&people);
	buf_finish(&network);
	return waits;
}

void in_flight_free(struct map **messages)
{
	map_destroy(messages, finish);
}
