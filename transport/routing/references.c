/* SPDX-License-Identifier: MIT */
#include "transport/routing/references.h"

#include "base/buf.h"
#include "transport/frontend.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/rooms/room.h"
#include "transport/routing/delivery.h"
#include "transport/routing/delivery_private.h"
#include "transport/spool/message_map.h"
#include "transport/transport.h"

struct translation {
	struct transport *transport;
	struct arena *arena;
	const char *conversation;
	const char *people, *network; /* the places */
};

static const char *find(const struct translation *translation, const char *place, const char *id, const char *other)
{
	return message_map_find(translation->transport->spool, translation->arena, place, id, other, NULL, NULL);
}

/* What crossed from another place (crossing.h) is known here by what it is called there, as if that were the network's
 * name. So from that to the network's own, or back; the first frontend that knows it. */
static const char *find_across(const struct translation *translation, const char *id,
			       enum reference_direction direction)
{
	const char *found = NULL;

	LIST_EACH (link, &translation->transport->frontends) {
		const struct frontend *frontend = CONTAINER_OF(link, struct frontend, link);
		struct buf there = {0}, unused = {0};

		if (!frontend->ops->shares_rooms || found)
			continue;
		delivery_put_places(&there, &unused, frontend->ops->name, "", "", translation->conversation, true);
		found = direction == REFERENCE_TO_NETWORK ? find(translation, buf_text(&there), id, translation->network)
							  : find(translation, translation->network, id, buf_text(&there));
		buf_finish(&there);
		buf_finish(&unused);
	}
	return found;
}

static const char *to_network(const struct translation *translation, const char *id, bool shared)
{
	const char *known = find(translation, translation->people, id, translation->network);
	const char *across = known && shared ? find_across(translation, known, REFERENCE_TO_NETWORK) : NULL;

	return across ? across : known;
}

static const char *to_people(const struct translation *translation, const char *id, bool shared)
{
	const char *people = translation->people, *network = translation->network;
	const char *known = find(translation, network, id, people);
	const char *there = known ? known : shared ? find_across(translation, id, REFERENCE_TO_PEOPLE) : NULL;
	const char *across = there && shared ? find(translation, network, there, people) : NULL;

	return across ? across : known;
}

/* Messages of the network are shown under their own ids; those of people are called on the network what the backend
 * said when it took them. */
static const char *translate(const char *conversation, bool room, const char *id,
                             enum reference_direction direction, struct identity *identity, struct arena *arena)
{
	struct translation translation = {.arena = arena, .conversation = conversation};
	bool shared = room && identity->frontend->ops->shares_rooms;

	if (!identity->user || !id)
		return id;
	struct buf people = {0}, network = {0};

	delivery_places(identity, conversation, room, &people, &network);
	translation.transport = identity->user->transport;
	translation.people = buf_text(&people);
	translation.network = buf_text(&network);
	const char *known = direction == REFERENCE_TO_NETWORK ? to_network(&translation, id, shared)
	                                                      : to_people(&translation, id, shared);

	buf_finish(&people);
	buf_finish(&network);
	return known ? known : id;
}

bool references_any(const struct event *event)
{
	const struct event_message *message = &event->message;

	if (event->type == EVENT_READ_MARKER)
		return true;
	return event->type == EVENT_MESSAGE &&
	       (message->replaces || message->retracts || message->reply_to || message->reacts_to || message->thread);
}

void references_translate(struct event *event, enum reference_direction direction, struct identity *identity,
                          struct arena *arena)
{
	struct event_message *message = &event->message;
	const char **const slots[] = {&message->replaces, &message->retracts, &message->reply_to,
	                              &message->reacts_to};

	if (!references_any(event))
		return;
	if (event->type == EVENT_READ_MARKER) {
		struct event_read_marker *marker = &event->read_marker;
		bool room = identity->user && room_find(identity->user, marker->name);

		marker->message_id =
		        translate(marker->name, room, marker->message_id, direction, identity, arena);
		return;
	}
	/* Where people share rooms a thread is called by its first message; elsewhere it is a word of the client's. */
	if (message->thread && message->kind == MESSAGE_ROOM && identity->frontend->ops->shares_rooms)
		message->thread = translate(message->name, true, message->thread, direction, identity, arena);
	for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++)
		if (*slots[i])
			*slots[i] = translate(message->name, message->kind == MESSAGE_ROOM, *slots[i], direction,
			                      identity, arena);
}
