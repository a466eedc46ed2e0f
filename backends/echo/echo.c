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

static void tell_contact(struct plug *plug, const char *user)
{
	static const char *const groups[] = {"Examples"};

	plug_contact(plug, user, &(struct event_contact){.name = "echo", .alias = "Echo", .groups = groups,
							 .groups_count = 1, .status = STATUS_ONLINE});
}

static void tell_lobby(struct plug *plug, const struct member *member)
{
	const struct event_participant all[] = {{.nickname = "echo"},
						{.nickname = member->nickname, .flags = PARTICIPANT_ME}};

	plug_participants(plug, member->user, "lobby", all, 2);
}

static void on_login(struct plug *plug, const char *user, const struct event_login *login)
{
	(void)login;
	plug_connected(plug, user);
	tell_contact(plug, user);
}

/* A new gateway: things as they are. */
static void on_resync(struct plug *plug, const char *user)
{
	const struct member *member = *find_member(user);

	tell_contact(plug, user);
	if (member)
		tell_lobby(plug, member);
}

/* If this process dies before the gateway knows that the message is done, the next one gets it again and says the
 * same under the same id: so the gateway can tell. */
static enum plug_verdict on_message(struct plug *plug, const char *user, const struct event_message *message)
{
	const struct member *member = *find_member(user);
	struct event_message answer;
	char id[1024] = "";

	if (strcmp(message->name, "lobby") == 0 && member) {
		answer = (struct event_message){.kind = MESSAGE_ROOM, .name = "lobby", .nickname = member->nickname};
	} else if (strcmp(message->name, "lobby/echo") == 0) {
		answer = (struct event_message){.kind = MESSAGE_ROOM_PRIVATE, .name = "lobby", .nickname = "echo"};
	} else if (strcmp(message->name, "echo") == 0) {
		answer = (struct event_message){.kind = MESSAGE_CHAT, .name = "echo"};
	} else {
		plug_message_refused(plug, plug_handover(plug), HANDOVER_NOT_FOUND, "Nobody here has this name.");
		return PLUG_DONE;
	}
	if (message->id && strlen(message->id) < sizeof(id) - 5)
		snprintf(id, sizeof(id), "echo-%s", message->id);
	answer.text = message->text;
	answer.xhtml = message->xhtml;
	answer.id = *id ? id : NULL;
	plug_send(plug, &(struct event){EVENT_MESSAGE, user, .message = answer});
	return PLUG_DONE;
}

static void on_chat_state(struct plug *plug, const char *user, const char *contact, enum chat_state state)
{
	if (strcmp(contact, "echo") == 0)
		plug_chat_state(plug, user, contact, state);
}

static void on_room_join(struct plug *plug, const char *user, const struct event_room *room)
{
	struct event_participant refused = {.room = room->name, .nickname = room->nickname, .status = STATUS_OFFLINE,
					    .flags = PARTICIPANT_ME | PARTICIPANT_ROOM_NOT_FOUND};
	struct member *member = strcmp(room->name, "lobby") == 0 ? malloc(sizeof(*member)) : NULL;

	if (!member) {
		plug_participant(plug, user, &refused);
		return;
	}
	on_room_leave(plug, user, room->name);
	member->next = members;
	snprintf(member->user, sizeof(member->user), "%s", user);
	snprintf(member->nickname, sizeof(member->nickname), "%s", room->nickname);
	members = member;
	tell_lobby(plug, member);
}

int main(int argc, char **argv)
{
	static const struct plug_options options = {
		.name = "transport-echo", .rooms = true, .no_password = true, .outlives_gateway = true};
	static const struct plug_ops ops = {
		.login = on_login, .logout = on_logout, .message = on_message, .chat_state = on_chat_state,
		.room_join = on_room_join, .room_leave = on_room_leave, .resync = on_resync};
	struct plug *plug = plug_create(argc, argv, &options, &ops, NULL);
	int status = plug ? plug_run(plug) : 1;

	plug_destroy(&plug);
	return status;
}
