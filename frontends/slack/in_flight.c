/* SPDX-License-Identifier: MIT */
#include "frontends/slack/in_flight.h"

#include "frontends/slack/person.h"

struct in_flight {
	unsigned posts;
	struct map *waiting; /* addresses */
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

void in_flight_begin(struct slack_frontend *frontend, const char *place, const char *id)
{
	char *key = key_of(place, id);
	struct in_flight *in_flight = map_get(frontend->in_flight, key);

	if (!in_flight) {
		in_flight = MEM_NEW(struct in_flight);
		map_set(&frontend->in_flight, key, in_flight);
	}
	in_flight->posts++;
	mem_free(key);
}

void in_flight_end(struct slack_frontend *frontend, const char *place, const char *id)
{
	char *key = key_of(place, id);
	struct in_flight *in_flight = map_get(frontend->in_flight, key);
	struct map_iter it = {0};

	if (in_flight && --in_flight->posts == 0) {
		map_remove(frontend->in_flight, key);
		while (map_next(in_flight->waiting, &it))
			slack_later(frontend, slack_person_show_waiting, it.key);
		finish(in_flight);
	}
	mem_free(key);
}

bool in_flight_waits(struct slack_frontend *frontend, const char *place, const char *id, const char *address)
{
	if (!id || !map_count(frontend->in_flight))
		return false;
	char *key = key_of(place, id);
	struct in_flight *in_flight = map_get(frontend->in_flight, key);

	if (in_flight)
		map_set(&in_flight->waiting, address, in_flight);
	mem_free(key);
	return in_flight != NULL;
}

void in_flight_free(struct slack_frontend *frontend)
{
	map_destroy(&frontend->in_flight, finish);
}
