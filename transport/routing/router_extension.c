/* SPDX-License-Identifier: MIT */
#include "transport/routing/router_extension.h"

#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/limits.h"
#include "transport/backend/backend.h"
#include "transport/people/roster.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/rooms/room.h"
#include "transport/routing/conversation.h"
#include "transport/routing/router.h"

static bool is_good(const char *name)
{
	return name && *name && strlen(name) <= LIMIT_NAME_BYTES;
}

void network_read_marker(struct user *user, struct event *event)
{
	struct room *room = room_find(user, event->read_marker.name);

	if (room) {
		event->read_marker.name = room->name;
		room_deliver(room, NULL, event);
		return;
	}
	/* Who has written nothing waits for nobody to read it. */
	if (!event->read_marker.nickname && conversation_find(user, event->read_marker.name))
		router_deliver(user, NULL, event);
}

void network_room_info(struct user *user, struct event *event)
{
	struct event_room_info *info = &event->room_info;
	struct room *room = room_find(user, info->room);

	if (!room) {
		log_debug(&user->log, "about room %s, where the user is not: dropped", log_quote(info->room));
		return;
	}
	if (room->away != info->is_away) {
		room_set_away(room, info->is_away);
		if (!info->title && !info->description && !info->icon_hash && !info->members &&
		    room->is_private == info->is_private)
			return;
	}
	if (!room_update_info(room, info))
		return;
	room_info_event(room, event);
	if (room->state == ROOM_JOINED)
		room_deliver(room, NULL, event);
}

int person_read_marker(struct user *user, struct resource *from, const struct event *event)
{
	struct event out = *event;
	struct room *room;

	if (!is_good(event->read_marker.name) || !is_good(event->read_marker.message_id))
		return TP_ERR_INVALID;
	if (user->state != USER_CONNECTED || !user->backend)
		return TP_ERR_NOT_CONNECTED;
	if (!user->backend->extended)
		return TP_ERR_UNSUPPORTED;
	if (backend_queued(user->backend) > LIMIT_BACKEND_OUT_HIGH)
		return TP_ERR_LIMIT;
	room = room_find(user, event->read_marker.name);
	if (room && !room_has(room, from))
		return TP_ERR_NOT_FOUND;
	const struct contact *contact = room ? NULL : roster_find(user->roster, event->read_marker.name);

	out.read_marker.name = room ? room->network_name : contact ? contact->name : event->read_marker.name;
	out.read_marker.nickname = NULL;
	user_send(user, &out);
	return 0;
}
