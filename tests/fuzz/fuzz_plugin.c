/* SPDX-License-Identifier: MIT */
/*
 * What a gateway can send to libtransport-plugin. The input is a list of steps, each a byte that says what happens, a
 * byte of length and that many bytes: frames of the gateway, a gateway that dies and one that comes, what the program
 * behind the library does. All that the library writes must be frames that the gateway understands, numbered upwards.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "plugin/plugin.h"
#include "protocol/codec.h"
#include "protocol/frame.h"
#include "tests/fuzz/memory_socket.h"

#define USER "u@x"
#define PENDING 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz {
	struct plug *plug;
	int listener, fd; /* fd: the gateway's end, or -1 */
	struct frame_reader in;
	struct arena arena;
	uint64_t last;    /* number of the backend's last frame */
	uint64_t pending[PENDING];
	unsigned count;
	bool over;
};

static void require(bool good)
{
	if (!good)
		abort();
}

/* How much memory the process has says nothing about the input, and to ask takes half of its time. */
void __wrap_receive_memory(int64_t *resident_kb, int64_t *shared_kb);

void __wrap_receive_memory(int64_t *resident_kb, int64_t *shared_kb)
{
	*resident_kb = *shared_kb = 1;
}

/* ---- the program ---- */

static void on_login(struct plug *plug, const char *user, const struct event_login *login)
{
	(void)login;
	plug_connected(plug, user);
}

static enum plug_verdict on_message(struct plug *plug, const char *user, const struct event_message *message)
{
	struct fuzz *fuzz = plug_context(plug);

	if (message->text[0] == 'd')
		plug_disconnected(plug, user, CONNECTION_ERROR_NETWORK, "");
	if (message->text[0] == 'r')
		plug_message_refused(plug, plug_handover(plug), HANDOVER_FAILED, "no");
	fuzz->pending[fuzz->count++ % PENDING] = plug_handover(plug);
	plug_message(plug, user, message->name, message->text, message->xhtml);
	return message->text[0] == 'x' ? PLUG_DONE : PLUG_PENDING;
}

static void on_resync(struct plug *plug, const char *user)
{
	plug_contact(plug, user, &(struct event_contact){.name = "b"});
}

static void on_exit_(struct plug *plug)
{
	struct fuzz *fuzz = plug_context(plug);

	require(!fuzz->over);
	fuzz->over = true;
}

/* ---- the gateway ---- */

static void check_frames(struct fuzz *fuzz)
{
	const uint8_t *frame;
	size_t length, available;
	ssize_t count;

	if (fuzz->fd < 0)
		return;
	do {
		char *room = frame_room(&fuzz->in, 65536, &available);

		count = recv(fuzz->fd, room, available, MSG_DONTWAIT);
		if (count > 0)
			frame_filled(&fuzz->in, (size_t)count);
		while (frame_next(&fuzz->in, &frame, &length) == 1) {
			struct event event;

			require(codec_decode(&fuzz->arena, CODEC_BACKEND, CODEC_EXTENDED, frame, length, &event) == 0);
			require(!event.handover || event.handover > fuzz->last);
			if (event.handover)
				fuzz->last = event.handover;
			arena_reset(&fuzz->arena);
		}
	} while (count > 0);
}

static void turn(struct fuzz *fuzz)
{
	for (int i = 0; i < 2 && !fuzz->over; i++)
		plug_dispatch(fuzz->plug);
	check_frames(fuzz);
}

static void say(struct fuzz *fuzz, const struct event *event)
{
	struct buf bytes = {0};

	require(codec_encode(&bytes, CODEC_CORE, CODEC_EXTENDED, event) == 0);
	if (fuzz->fd >= 0)
		(void)!send(fuzz->fd, bytes.data, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	buf_finish(&bytes);
	turn(fuzz);
}

static void gateway_dies(struct fuzz *fuzz)
{
	if (fuzz->fd >= 0)
		close(fuzz->fd);
	fuzz->fd = -1;
	frame_reader_finish(&fuzz->in);
	frame_reader_init(&fuzz->in, FRAME_MAX_DEFAULT);
	turn(fuzz);
}

static void gateway_comes(struct fuzz *fuzz)
{
	gateway_dies(fuzz);
	fuzz->fd = memory_socket_connect(fuzz->listener);
	turn(fuzz);
}

static void step(struct fuzz *fuzz, uint8_t what, const uint8_t *bytes, size_t length)
{
	const char *users[] = {USER};

	switch (what % 8) {
	case 1:
		gateway_dies(fuzz);
		break;
	case 2:
		gateway_comes(fuzz);
		break;
	case 3:
		gateway_comes(fuzz);
		say(fuzz, &(struct event){EVENT_ATTACH, .attach = {"one", fuzz->last}});
		break;
	case 4:
		say(fuzz, &(struct event){EVENT_RESUME, .resume = {users, length > 0, false}});
		break;
	case 5:
		plug_message_done(fuzz->plug, fuzz->pending[length % PENDING], length > PENDING ? "id" : NULL);
		plug_flush(fuzz->plug);
		break;
	case 6:
		say(fuzz, &(struct event){EVENT_HANDOVER, .handed_over = {.up_to = fuzz->last}});
		break;
	default:
		if (fuzz->fd >= 0 && length)
			(void)!send(fuzz->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
		turn(fuzz);
	}
}

/* ---- beginning and end ---- */

static void set_variable(const char *name, int fd)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", fd);
	setenv(name, number, 1);
}

static void begin(struct fuzz *fuzz, bool extended)
{
	static const struct plug_options options = {.name = "fuzz", .outlives_gateway = true};
	static const struct plug_ops ops = {
		.login = on_login, .message = on_message, .resync = on_resync, .exit = on_exit_};
	char *argv[] = {(char *)"fuzz"};
	int ends[2];

	log_threshold = LOG_LEVEL_ERROR;
	memory_socket_pair(ends);
	fuzz->listener = memory_socket_listen();
	set_variable("LIBTRANSPORT_FD", ends[1]);
	set_variable("LIBTRANSPORT_ATTACH_FD", fuzz->listener);
	fuzz->fd = ends[0];
	frame_reader_init(&fuzz->in, FRAME_MAX_DEFAULT);
	fuzz->plug = plug_create(1, argv, &options, &ops, fuzz);
	require(fuzz->plug != NULL);
	if (!extended)
		return;
	say(fuzz, &(struct event){EVENT_PING});
	say(fuzz, &(struct event){EVENT_API_VERSION, .version = 2});
	say(fuzz, &(struct event){EVENT_HOLD, .hold = {"one", "two", 60}});
	say(fuzz, &(struct event){EVENT_LOGIN, USER, .login = {"leg", "", NULL, 0}});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = {0};

	if (size < 1)
		return 0;
	begin(&fuzz, data[0] % 4 != 0);
	for (size_t at = 1; at + 2 <= size && !fuzz.over;) {
		size_t length = data[at + 1] < size - at - 2 ? data[at + 1] : size - at - 2;

		step(&fuzz, data[at], data + at + 2, length);
		at += 2 + length;
	}
	plug_destroy(&fuzz.plug);
	if (fuzz.fd >= 0)
		close(fuzz.fd);
	require(memory_socket_count() == 0);
	frame_reader_finish(&fuzz.in);
	arena_finish(&fuzz.arena);
	return 0;
}
