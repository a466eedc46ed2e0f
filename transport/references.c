/* SPDX-License-Identifier: MIT */
#include "transport/references.h"

/* Messages of the network are shown under their own ids, so both sides call them the same. */
const char *reference_translate(const char *conversation, const char *id, enum reference_direction direction,
                                struct identity *identity, struct arena *arena)
{
	(void)conversation;
	(void)direction;
	(void)identity;
	(void)arena;
	return id;
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

		marker->message_id =
		        reference_translate(marker->name, marker->message_id, direction, identity, arena);
		return;
	}
	for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++)
		if (*slots[i])
			*slots[i] = reference_translate(message->name, *slots[i], direction, identity, arena);
}
