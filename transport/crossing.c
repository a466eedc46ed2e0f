/* SPDX-License-Identifier: MIT */
#include "transport/crossing.h"

#include "base/list.h"
#include "base/mem.h"
#include "transport/delivery.h"
#include "transport/delivery_private.h"
#include "transport/frontend.h"
#include "transport/portal.h"
#include "transport/room.h"
#include "transport/session.h"
#include "transport/transport.h"
#include "transport/user.h"

struct crossing {
	const struct frontend *origin;
	struct room *room;
	const struct event *event;
	const char *id; /* the network's, or a name for it that no network has; NULL */
};

static bool has_identity(const struct user *user, const struct frontend *frontend)
{
	LIST_EACH (link, &user->identities)
		if (CONTAINER_OF(link, struct identity, link)->frontend == frontend)
			return true;
	return false;
}

static void cross_to(const struct crossing *crossing, struct frontend *frontend)
{
	struct room *room = crossing->room, *there;
	struct identity *identity;

	if (!portal_exit(frontend, room->name, &identity, &there))
		return;
	const struct event_message *said = &crossing->event->message;
	struct event event = *crossing->event;

	char *author = said->author.id ? mem_printf("%s:%s", crossing->origin->ops->name, said->author.id) : NULL;

	event.user = there->user->key;
	event.message.author.id = author;
	event.raw = NULL;
	event.message.name = there->name;
	event.message.nickname = said->author.name ? said->author.name : room->nickname;
	event.message.sent_id = NULL;
	event.message.receipt = false;
	event.message.carbon = frontend != crossing->origin && !said->author.name && has_identity(room->user, frontend);
	if (frontend != crossing->origin)
		event.message.said_in = NULL;
	delivery_accept_for(identity, there, &event, crossing->id);
	mem_free(author);
}

void crossing_of_person(struct resource *from, struct room *room, const struct event *event)
{
	const struct frontend *origin = from->identity->frontend;
	const struct event_message *message = &event->message;
	struct crossing crossing = {.origin = origin, .room = room, .event = event};
	char *id = message->id ? mem_printf("%s %s", origin->ops->name, message->id) : NULL;

	crossing.id = id;
	LIST_EACH (link, &room->user->transport->frontends) {
		struct frontend *frontend = CONTAINER_OF(link, struct frontend, link);

		if (!frontend->ops->shares_rooms)
			continue;
		/* Where rooms are each person's own, only his other addresses do not get it from the network. */
		bool goes = frontend == origin           ? message->said_in != NULL
			    : origin->ops->shares_rooms ? true
							: has_identity(room->user, frontend);

		if (goes)
			cross_to(&crossing, frontend);
	}
	mem_free(id);
}

void crossing_of_carbon(struct identity *identity, struct room *room, const struct event *event,
			const char *network_id)
{
	const struct crossing crossing = {identity->frontend, room, event, network_id};

	LIST_EACH (link, &room->user->transport->frontends) {
		struct frontend *frontend = CONTAINER_OF(link, struct frontend, link);

		if (frontend->ops->shares_rooms && !has_identity(room->user, frontend))
			cross_to(&crossing, frontend);
	}
}
