/* SPDX-License-Identifier: MIT */
#include "transport/references.h"

#include "base/buf.h"
#include "transport/delivery.h"
#include "transport/frontend.h"
#include "transport/room.h"
#include "transport/session.h"
#include "transport/spool/message_map.h"
#include "transport/transport.h"
#include "transport/user.h"

/* Messages of the network are shown under their own ids; those of people are called on the network what the backend
 * said when it took them. */
static const char *translate(const char *conversation, bool room, const char *id,
                             enum reference_direction direction, struct identity *identity, struct arena *arena)
{
	struct user *user = identity->user;
	struct buf people = {0}, network = {0};

	if (!user || !id)
		return id;
	delivery_places(identity, conversation, room, &people, &network);
	const char *from = direction == REFERENCE_TO_NETWORK ? buf_text(&people) : buf_text(&network);
	const char *to = direction == REFERENCE_TO_NETWORK ? buf_text(&network) : buf_text(&people);
	const char *known = message_map_find(user->transport->spool, arena, from, id, to, NULL, NULL);

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
	       (message->replaces || message->retracts || message->reply_to || message->reacts_to);
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
	for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++)
		if (*slots[i])
			*slots[i] = translate(message->name, message->kind == MESSAGE_ROOM, *slots[i], direction,
			                      identity, arena);
}
