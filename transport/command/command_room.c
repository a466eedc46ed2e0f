/* SPDX-License-Identifier: MIT */
/* Rooms: who is banned from one, and that he is not any more. */
#include "transport/command/command_private.h"

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "config/limits.h"
#include "transport/people/user.h"
#include "transport/rooms/room.h"
#include "transport/rooms/room_bans.h"
#include "transport/routing/router.h"

/* The room that is named, of those that the caller is in; NULL, and he is told. */
static struct room *named_room(struct command_call *call)
{
	const struct user *user = command_caller_for_login(call);
	struct room *room = user ? room_find(user, command_value(call, "room")) : NULL;

	if (user && !room)
		command_reply(call, TP_ERR_NOT_FOUND, "You are not in %s.", command_value(call, "room"));
	return room;
}

static const char *refusal(int err)
{
	switch (err) {
	case TP_ERR_NOT_CONNECTED:
		return "there is no connection to it now";
	case TP_ERR_UNSUPPORTED:
		return "that network cannot do this from here";
	case TP_ERR_TIMEOUT:
		return "the network does not answer";
	case TP_ERR_LIMIT:
		return "too much is under way";
	case TP_ERR_NOT_FOUND:
		return "you are not in it";
	case TP_ERR_INVALID:
		return "that cannot be a ban";
	default:
		return "the network refuses it";
	}
}

static void told(void *context, int err, const char *reason, const struct room_bans *list)
{
	struct command_call *call = context;
	const char *room = command_value(call, "room");
	struct buf text = {0};

	if (err) {
		command_reply(call, err, "%s: %s%s", room, reason ? reason : refusal(err), reason ? "" : ".");
		return;
	}
	if (!list->count)
		buf_printf(&text, "Nobody is banned from %s.", room);
	else
		buf_printf(&text, "Banned from %s:", room);
	for (size_t i = 0; i < list->count; i++) {
		buf_putc(&text, '\n');
		room_bans_describe(&text, &list->bans[i]);
	}
	if (list->left_out)
		buf_printf(&text, "\n(and %zu more)", list->left_out);
	command_reply(call, 0, "%s", buf_text(&text));
	buf_finish(&text);
}

void command_run_room_bans(struct command_call *call)
{
	struct room *room = named_room(call);
	int err = room ? room_bans_ask(room, told, call) : 0;

	if (err)
		command_reply(call, err, "%s: %s.", room->name, refusal(err));
}

void command_run_room_unban(struct command_call *call)
{
	if (!named_room(call))
		return;
	struct resource *from = command_client(call);
	const char *room = command_value(call, "room"), *ban = command_value(call, "ban");
	const struct event event = {.type = EVENT_MODERATION,
				    .message = {.kind = MESSAGE_ROOM,
						.name = room,
						.nickname = ban,
						.text = "",
						.moderation = {.action = MODERATION_UNBAN}}};
	int err = from ? router_from_frontend(from, &event) : TP_ERR_NOT_CONNECTED;

	if (err)
		command_reply(call, err, "%s: %s.", room, refusal(err));
	else
		command_reply(call, 0, "%s is to take the ban of %s back. If the network refuses it, you are told.", room, ban);
}
