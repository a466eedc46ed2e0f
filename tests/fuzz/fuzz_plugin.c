/* SPDX-License-Identifier: MIT */
/* A backend's side of the connection: whatever the gateway sends, the callbacks get clean text, and what the library
 * answers are frames that the gateway can read. */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/text.h"
#include "plugin/plugin.h"
#include "protocol/codec.h"
#include "protocol/frame.h"

#define INPUT_MAX (64u << 10) /* fits into the socket, so that nothing has to wait */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *text)
{
	if (text && (!text_is_utf8(text, strlen(text)) || !text_is_clean(text, strlen(text), TEXT_LINES)))
		abort();
}

static void check_name(const char *text)
{
	if (!text)
		abort();
	check(text);
}

static void on_login(struct plug *plug, const char *user, const struct event_login *login)
{
	check_name(user);
	check(login->name);
	check(login->password);
	plug_connected(plug, user);
}

static void on_user(struct plug *plug, const char *user)
{
	(void)plug;
	check_name(user);
}

static void on_message(struct plug *plug, const char *user, const struct event_message *message)
{
	check_name(user);
	check_name(message->name);
	check(message->text);
	check(message->xhtml);
	plug_message(plug, user, message->name, message->text, message->xhtml);
}

static void on_two(struct plug *plug, const char *user, const char *name)
{
	(void)plug;
	check_name(user);
	check_name(name);
}

static void on_three(struct plug *plug, const char *user, const char *name, const char *text)
{
	on_two(plug, user, name);
	check(text);
}

static void on_chat_state(struct plug *plug, const char *user, const char *contact, enum chat_state state)
{
	on_two(plug, user, contact);
	plug_chat_state(plug, user, contact, state);
}

static void on_status(struct plug *plug, const char *user, enum status status, const char *text)
{
	(void)plug;
	(void)status;
	check_name(user);
	check(text);
}

static void on_contact(struct plug *plug, const char *user, const struct event_contact *contact)
{
	on_two(plug, user, contact->name);
	check(contact->alias);
	for (size_t i = 0; i < contact->groups_count; i++)
		check_name(contact->groups[i]);
	plug_contact(plug, user, contact);
}

static void on_contacts(struct plug *plug, const char *user, const struct event_contact *contacts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		on_contact(plug, user, &contacts[i]);
}

static void on_room_join(struct plug *plug, const char *user, const struct event_room *room)
{
	on_two(plug, user, room->name);
	check(room->nickname);
}

static void on_vcard(struct plug *plug, const char *user, const struct event_vcard *card)
{
	(void)plug;
	check_name(user);
	check(card->full_name);
	check(card->nickname);
}

static const struct plug_ops ops = {
        .login = on_login, .logout = on_user, .message = on_message, .subject = on_three, .attention = on_three,
        .chat_state = on_chat_state, .status = on_status, .contact = on_contact, .contact_removed = on_two,
        .contacts = on_contacts, .room_join = on_room_join, .room_leave = on_two, .vcard = on_vcard};

static void read_answers(int fd)
{
	struct frame_reader reader;
	struct arena arena = {0};
	const uint8_t *frame;
	size_t length, room;
	ssize_t count;

	frame_reader_init(&reader, FRAME_MAX_DEFAULT);
	for (;;) {
		char *at = frame_room(&reader, 4096, &room);
		count = recv(fd, at, room, MSG_DONTWAIT);
		if (count <= 0)
			break;
		frame_filled(&reader, (size_t)count);
		while (frame_next(&reader, &frame, &length) == 1) {
			struct event event;
			if (codec_decode(&arena, CODEC_BACKEND, frame, length, &event) != 0)
				abort();
			arena_reset(&arena);
		}
	}
	frame_reader_finish(&reader);
	arena_finish(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct plug_options options = {.name = "fuzz", .rooms = true, .raw_xml = true};
	static char name[] = "fuzz";
	char *argv[] = {name, NULL}, number[16];
	int ends[2];

	if (size > INPUT_MAX || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		return 0;
	snprintf(number, sizeof(number), "%d", ends[1]);
	setenv("LIBTRANSPORT_FD", number, 1);
	log_threshold = LOG_LEVEL_ERROR;
	struct plug *plug = plug_create(1, argv, &options, &ops, NULL);
	if (!plug || send(ends[0], data, size, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		abort();
	shutdown(ends[0], SHUT_WR);
	while (plug_dispatch(plug) == 0)
		read_answers(ends[0]);
	plug_destroy(&plug);
	read_answers(ends[0]);
	close(ends[0]);
	return 0;
}
