/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/messages/ephemeral.h"

#include <string.h>

#include "frontends/matrix/messages/parts.h"
#include "frontends/matrix/people/person.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/routing/router.h"

static void tell_typing(struct matrix_frontend *frontend, const char *id, const char *name, bool typing)
{
	struct resource *resource = person_ready(frontend, id);

	if (resource)
		router_from_frontend(resource,
		                     &(struct event){.type = EVENT_CHAT_STATE,
		                                     .chat_state = {.name = name,
		                                                    .state = typing ? CHAT_STATE_COMPOSING
		                                                                    : CHAT_STATE_PAUSED}});
}

static bool types(const struct matrix_event *event, const char *id)
{
	for (size_t i = 0; i < event->users_count; i++)
		if (!strcmp(event->users[i], id))
			return true;
	return false;
}

/* Those of the portal's people who have a session; the list is always the whole one. */
static void on_typing_in_portal(struct matrix_frontend *frontend, struct matrix_room *room,
                                const struct matrix_event *event)
{
	struct map_iter it = {0};

	while (map_next(room->typers, &it)) {
		if (types(event, it.key))
			continue;
		tell_typing(frontend, it.key, room->name, false);
		map_remove(room->typers, it.key);
	}
	for (size_t i = 0; i < event->users_count; i++) {
		const char *id = event->users[i];

		if (matrix_is_ours(&frontend->names, id) || map_get(room->typers, id) || !person_ready(frontend, id))
			continue;
		map_set(&room->typers, id, room);
		tell_typing(frontend, id, room->name, true);
	}
}

void ephemeral_typing(struct matrix_frontend *frontend, struct matrix_room *room, const struct matrix_event *event)
{
	bool typing;

	if (room->kind == MATRIX_ROOM_PORTAL)
		on_typing_in_portal(frontend, room, event);
	if (room->kind != MATRIX_ROOM_CHAT || room->in_room || !person_ready(frontend, room->owner))
		return;
	typing = types(event, room->owner);
	if (typing == room->typing)
		return;
	room->typing = typing;
	tell_typing(frontend, room->owner, room->name, typing);
}

void ephemeral_receipt(struct matrix_frontend *frontend, struct matrix_room *room, const struct matrix_event *event)
{
	for (size_t i = 0; i < event->receipts_count; i++) {
		const struct matrix_receipt *receipt = &event->receipts[i];
		struct resource *resource = person_ready(frontend, receipt->user_id);
		struct arena arena = {0};

		if (!resource || (room->kind != MATRIX_ROOM_CHAT && room->kind != MATRIX_ROOM_PORTAL) || room->in_room)
			continue;
		const char *read = parts_whole(frontend, receipt->event_id, &arena);

		router_from_frontend(resource,
		                     &(struct event){.type = EVENT_READ_MARKER,
		                                     .read_marker = {.name = room->name, .message_id = read}});
		arena_finish(&arena);
	}
}

/* Whoever has closed all clients is still there, for whom the bridge keeps what is said, but away. */
void ephemeral_presence(struct matrix_frontend *frontend, const struct matrix_event *event)
{
	struct resource *resource = event->sender && !matrix_is_ours(&frontend->names, event->sender)
	                                    ? person_ready(frontend, event->sender)
	                                    : NULL;

	if (!frontend->config.presence)
		return;
	/* Else it would begin a login that was given up. */
	if (resource && resource->has_presence && resource->identity->user->state == USER_CONNECTED)
		session_presence(resource, event->is_online ? STATUS_ONLINE : STATUS_AWAY,
		                 *event->body ? event->body : NULL, 0);
}
