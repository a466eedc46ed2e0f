/* SPDX-License-Identifier: MIT */
#include "transport/rooms/crossing_author.h"

#include <string.h>

#include "base/arena.h"
#include "base/list.h"
#include "base/mem.h"
#include "transport/frontend.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/rooms/room.h"
#include "transport/routing/delivery_private.h"
#include "transport/spool/message_map.h"
#include "transport/transport.h"

#define CROSSED "crossed" /* places of the message map, with the room: an id there is tied to itself ... */
#define SAID "said"       /* ... here, with the author */

/* As any process calls him; to be freed. */
static char *author_of(const struct identity *from, const struct room *room, const struct event_message *message)
{
	const struct event_author *author = &message->author;

	return author->name ? mem_printf("%s:%s", from->frontend->ops->name, author->id ? author->id : author->name)
			    : mem_strdup(room->user->key);
}

static char *crossed_place(const struct room *room)
{
	struct buf place = {0}, unused = {0};

	delivery_put_places(&place, &unused, CROSSED, "", "", room->name, true);
	buf_finish(&unused);
	return buf_take(&place);
}

/* NULL: nothing of that name has crossed. */
static const char *find_author(const struct room *room, const char *id, struct arena *arena)
{
	char *place = crossed_place(room);
	const char *author = NULL;

	message_map_find(room->user->transport->spool, arena, place, id, SAID, &author, NULL);
	mem_free(place);
	return author;
}

/* By the network's name for it: what it is called where somebody of this frontend has said it. */
static const char *find_author_at(const struct frontend *frontend, const struct identity *from, const struct room *room,
				  const char *id, struct arena *arena)
{
	struct buf people = {0}, network = {0};

	delivery_put_places(&people, &network, frontend->ops->name, from->address, room->user->key, room->name,
			    frontend->ops->shares_rooms);
	const char *own = message_map_find(frontend->transport->spool, arena, buf_text(&network), id, buf_text(&people), NULL,
					   NULL);

	buf_finish(&people);
	buf_finish(&network);
	return own ? find_author(room, own, arena) : NULL;
}

void crossing_author_note(const struct identity *from, const struct room *room, const struct event_message *message)
{
	struct arena arena = {0};

	/* Servers of shared places give each id once. */
	if (from->frontend->ops->shares_rooms || !find_author(room, message->id, &arena)) {
		char *place = crossed_place(room), *author = author_of(from, room, message);

		message_map_put(room->user->transport->spool, &(struct message_link){.place = place,
										     .id = message->id,
										     .other_place = SAID,
										     .other_id = message->id,
										     .author = author});
		mem_free(place);
		mem_free(author);
	}
	arena_finish(&arena);
}

static bool is_own(const struct identity *from, const struct room *room, const struct event_message *message,
		   const char *id)
{
	struct arena arena = {0};
	const char *known = find_author(room, id, &arena);
	char *author = author_of(from, room, message);

	LIST_EACH (link, &room->user->transport->frontends)
		if (!known)
			known = find_author_at(CONTAINER_OF(link, struct frontend, link), from, room, id, &arena);
	bool own = known && !strcmp(known, author);

	mem_free(author);
	arena_finish(&arena);
	return own;
}

bool crossing_author_may_refer(const struct identity *from, const struct room *room,
			       const struct event_message *message)
{
	if (message->replaces)
		return is_own(from, room, message, message->replaces);
	return !message->retracts || from->frontend->ops->shares_rooms || is_own(from, room, message, message->retracts);
}
