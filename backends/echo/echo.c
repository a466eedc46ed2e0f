/* SPDX-License-Identifier: MIT */
/* The example of a backend: a contact that answers what it is told, and a room. docs/writing-a-backend.md. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugin/plugin.h"

/* A user who is in the lobby; the sizes are the longest that the library hands out. */
static struct member {
	struct member *next;
	char user[2048], nickname[1024];
} *members;

static struct member **find_member(const char *user)
{
	struct member **at = &members;

	while (*at && strcmp((*at)->user, user) != 0)
		at = &(*at)->next;
	return at;
}

static void on_logout(struct plug *plug, const char *user)
{
	struct member **at = find_member(user), *gone = *at;

	(void)plug;
	if (gone)
		*at = gone->next;
	free(gone);
}

static void on_room_leave(struct plug *plug, const char *user, const char *room)
{
	if (strcmp(room, "lobby") == 0)
		on_logout(plug, user);
}

static void on_login(struct plug *plug, const char *user, const struct event_login *login)
{
	static const char *const groups[] = {"Examples"};

	(void)login;
	plug_connected(plug, user);
	plug_contact(plug, user, &(struct event_contact){.name = "echo", .alias = "Echo", .groups = groups,
							 .groups_count = 1, .status = STATUS_ONLINE});
}

static enum plug_verdict on_message(struct plug *plug, const char *user, const struct event_message *message)
{
	struct member *member = *find_member(user);

	if (strcmp(message->name, "lobby") == 0 && member)
		plug_room_message(plug, user, "lobby", member->nickname, message->text, message->xhtml);
	else if (strcmp(message->name, "lobby/echo") == 0)
		plug_room_private_message(plug, user, "lobby", "echo", message->text, message->xhtml);
	else if (strcmp(message->name, "echo") == 0)
		plug_message(plug, user, "echo", message->text, message->xhtml);
	return PLUG_DONE;
}

static void on_chat_state(struct plug *plug, const char *user, const char *contact, enum chat_state state)
{
	if (strcmp(contact, "echo") == 0)
		plug_chat_state(plug, user, contact, state);
}

static void on_room_join(struct plug *plug, const char *user, const struct event_room *room)
{
	struct event_participant self = {.room = room->name, .nickname = room->nickname, .flags = PARTICIPANT_ME};
	struct member *member = malloc(sizeof(*member));

	on_room_leave(plug, user, room->name);
	if (!member || strcmp(room->name, "lobby") != 0) {
		free(member);
		self.flags |= PARTICIPANT_ROOM_NOT_FOUND;
		self.status = STATUS_OFFLINE;
	} else {
		member->next = members;
		snprintf(member->user, sizeof(member->user), "%s", user);
		snprintf(member->nickname, sizeof(member->nickname), "%s", room->nickname);
		members = member;
		plug_participant(plug, user, &(struct event_participant){.room = "lobby", .nickname = "echo"});
	}
	plug_participant(plug, user, &self);
}

int main(int argc, char **argv)
{
	static const struct plug_options options = {.name = "transport-echo", .rooms = true, .no_password = true};
	static const struct plug_ops ops = {
		.login = on_login, .logout = on_logout, .message = on_message, .chat_state = on_chat_state,
		.room_join = on_room_join, .room_leave = on_room_leave};
	struct plug *plug = plug_create(argc, argv, &options, &ops, NULL);
	int status = plug ? plug_run(plug) : 1;

	plug_destroy(&plug);
	return status;
}
