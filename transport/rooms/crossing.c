/* SPDX-License-Identifier: MIT */
#include "transport/rooms/crossing.h"

#include "base/arena.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "transport/frontend.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/resume.h"
#include "transport/rooms/crossing_author.h"
#include "transport/rooms/portal.h"
#include "transport/rooms/room.h"
#include "transport/routing/delivery.h"
#include "transport/routing/delivery_private.h"
#include "transport/transport.h"

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

/* What is shown by this frontend to `account`, which calls the room so. The author's id is to be freed. */
static char *shown(const struct crossing *crossing, const struct frontend *frontend, const char *account,
		   const char *name, struct event *event)
{
	const struct event_message *said = &crossing->event->message;
	struct room *room = crossing->room;
	char *author = said->author.id ? mem_printf("%s:%s", crossing->origin->ops->name, said->author.id) : NULL;

	*event = *crossing->event;
	event->user = account;
	event->message.author.id = author;
	event->raw = NULL;
	event->message.name = name;
	event->message.nickname = said->author.name ? said->author.name : room->nickname;
	event->message.sent_id = NULL;
	event->message.receipt = false;
	event->message.carbon = frontend != crossing->origin && !said->author.name && has_identity(room->user, frontend);
	if (frontend != crossing->origin)
		event->message.said_in = NULL;
	return author;
}

/* After a start, until whoever was shown the room there is back: it waits for that one. */
static void cross_to_absent(const struct crossing *crossing, struct frontend *frontend)
{
	char *account = portal_awaited(frontend, crossing->room->name), *author;
	struct resume_place place;
	struct event event;

	if (account && resume_find_place(frontend->transport, account, crossing->room->name, frontend->ops->name, &place)) {
		author = shown(crossing, frontend, account, place.name, &event);
		delivery_accept_absent(frontend, place.address, &event, crossing->id);
		mem_free(author);
		mem_free(place.address);
		mem_free(place.name);
	}
	mem_free(account);
}

static void cross_to(const struct crossing *crossing, struct frontend *frontend)
{
	struct identity *identity;
	struct event event;
	struct room *there;
	char *author;

	if (!portal_exit(frontend, crossing->room->name, &identity, &there)) {
		cross_to_absent(crossing, frontend);
		return;
	}
	author = shown(crossing, frontend, there->user->key, there->name, &event);
	delivery_accept_for(identity, there, &event, crossing->id);
	mem_free(author);
}

static bool goes_to(const struct crossing *crossing, const struct frontend *frontend)
{
	const struct frontend *origin = crossing->origin;

	if (!frontend->ops->shares_rooms)
		return false;
	if (frontend == origin)
		return crossing->event->message.said_in != NULL;
	/* Where rooms are each person's own, only his other addresses do not get it from the network. */
	return origin->ops->shares_rooms || has_identity(crossing->room->user, frontend);
}

static bool goes_anywhere(const struct crossing *crossing)
{
	LIST_EACH (link, &crossing->room->user->transport->frontends)
		if (goes_to(crossing, CONTAINER_OF(link, struct frontend, link)))
			return true;
	return false;
}

static bool is_new(const struct event_message *message)
{
	return message->id && !message->replaces && !message->retracts && !message->reacts_to;
}

/* What is not his to change he says in words. False: there are none. */
static bool put_in_words(struct event_message *message, struct arena *arena)
{
	if (message->replaces)
		message->text = arena_printf(arena, "* %s", message->text);
	message->xhtml = NULL;
	message->replaces = message->retracts = NULL;
	return *message->text;
}

void crossing_of_person(struct resource *from, struct room *room, const struct event *event)
{
	const struct frontend *origin = from->identity->frontend;
	struct event crosses = *event;
	struct event_message *message = &crosses.message;
	struct crossing crossing = {.origin = origin, .room = room, .event = &crosses};
	struct arena arena = {0};
	bool says = true;

	if (!goes_anywhere(&crossing))
		return;
	char *id = message->id ? mem_printf("%s %s", origin->ops->name, message->id) : NULL;

	crossing.id = id;
	if (is_new(message)) {
		crossing_author_note(from->identity, room, message);
	} else if (!crossing_author_may_refer(from->identity, room, message)) {
		log_info(&room->user->log, "room %s: what somebody else has said is not changed elsewhere%s",
			 log_quote(room->name), log_trace(event->trace));
		says = put_in_words(message, &arena);
	}
	LIST_EACH (link, &room->user->transport->frontends) {
		struct frontend *frontend = CONTAINER_OF(link, struct frontend, link);

		if (says && goes_to(&crossing, frontend))
			cross_to(&crossing, frontend);
	}
	arena_finish(&arena);
	mem_free(id);
}

void crossing_of_carbon(struct identity *identity, struct room *room, const struct event *event,
			const char *network_id)
{
	const struct crossing crossing = {identity->frontend, room, event, network_id};
	bool noted = !is_new(&event->message);

	LIST_EACH (link, &room->user->transport->frontends) {
		struct frontend *frontend = CONTAINER_OF(link, struct frontend, link);

		if (!frontend->ops->shares_rooms || has_identity(room->user, frontend))
			continue;
		if (!noted)
			crossing_author_note(identity, room, &event->message);
		noted = true;
		cross_to(&crossing, frontend);
	}
}
