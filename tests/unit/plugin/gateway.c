/* SPDX-License-Identifier: MIT */
#include "tests/unit/plugin/gateway.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define WAIT_MS 10000

void gateway_open(struct gateway *gateway)
{
	int ends[2];

	*gateway = (struct gateway){.listener = -1};
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	gateway->fd = ends[0];
	gateway->backend_fd = ends[1];
	frame_reader_init(&gateway->in, FRAME_MAX_DEFAULT);
}

void gateway_close(struct gateway *gateway)
{
	if (gateway->fd >= 0)
		close(gateway->fd);
	if (gateway->backend_fd >= 0)
		close(gateway->backend_fd);
	if (gateway->listener >= 0) {
		close(gateway->listener);
		unlink(gateway->path);
		rmdir(gateway->folder);
	}
	frame_reader_finish(&gateway->in);
	arena_finish(&gateway->arena);
}

void gateway_listen(struct gateway *gateway)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char number[16];

	snprintf(gateway->folder, sizeof(gateway->folder), "/tmp/test-attach-XXXXXX");
	assert_non_null(mkdtemp(gateway->folder));
	snprintf(gateway->path, sizeof(gateway->path), "%s/socket", gateway->folder);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", gateway->path);
	gateway->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(gateway->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(gateway->listener, 8), 0);
	snprintf(number, sizeof(number), "%d", dup(gateway->listener));
	setenv("LIBTRANSPORT_ATTACH_FD", number, 1);
}

void gateway_die(struct gateway *gateway)
{
	close(gateway->fd);
	gateway->fd = -1;
	frame_reader_finish(&gateway->in);
	frame_reader_init(&gateway->in, FRAME_MAX_DEFAULT);
}

void gateway_connect(struct gateway *gateway)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", gateway->path);
	gateway->fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(connect(gateway->fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

static unsigned hex_digit(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a' + 10);
}

void gateway_send_hex(struct gateway *gateway, const char *hex)
{
	struct buf bytes = {0};

	for (; *hex; hex++) {
		if (isspace((unsigned char)*hex))
			continue;
		buf_putc(&bytes, (char)(hex_digit(hex[0]) << 4 | hex_digit(hex[1])));
		hex++;
	}
	assert_int_equal(send(gateway->fd, bytes.data, bytes.len, MSG_NOSIGNAL), bytes.len);
	buf_finish(&bytes);
}

void gateway_send(struct gateway *gateway, const struct event *event)
{
	struct buf bytes = {0};

	assert_int_equal(codec_encode(&bytes, CODEC_CORE, gateway->dialect, event), 0);
	assert_int_equal(send(gateway->fd, bytes.data, bytes.len, MSG_NOSIGNAL), bytes.len);
	buf_finish(&bytes);
}

#define NOTHING_YET (-2)

/* As recv, or NOTHING_YET. */
static ssize_t gateway_read(struct gateway *gateway, int wait_ms)
{
	struct pollfd watch = {.fd = gateway->fd, .events = POLLIN};
	size_t available;
	char *room = frame_room(&gateway->in, 4096, &available);
	ssize_t count;

	if (poll(&watch, 1, wait_ms) != 1)
		return NOTHING_YET;
	count = recv(gateway->fd, room, available, 0);
	if (count > 0)
		frame_filled(&gateway->in, (size_t)count);
	return count;
}

/* The next event that comes within that time, or NULL. */
static const struct event *gateway_take(struct gateway *gateway, int wait_ms)
{
	const uint8_t *frame;
	size_t length;
	int got;

	while ((got = frame_next(&gateway->in, &frame, &length)) == 0)
		if (gateway_read(gateway, wait_ms) <= 0)
			return NULL;
	assert_int_equal(got, 1);
	arena_reset(&gateway->arena);
	assert_int_equal(codec_decode(&gateway->arena, CODEC_BACKEND, gateway->dialect, frame, length, &gateway->event), 0);
	return &gateway->event;
}

const struct event *gateway_next(struct gateway *gateway)
{
	return gateway_take(gateway, 0);
}

const struct event *gateway_expect(struct gateway *gateway, enum event_type type)
{
	assert_non_null(gateway_take(gateway, WAIT_MS));
	assert_string_equal(event_type_name(gateway->event.type), event_type_name(type));
	return &gateway->event;
}

bool gateway_is_closed(struct gateway *gateway)
{
	ssize_t count = gateway_read(gateway, WAIT_MS);

	return gateway->in.start == gateway->in.in.len && (count == 0 || count == -1);
}

bool gateway_is_silent(struct gateway *gateway)
{
	return gateway->in.start == gateway->in.in.len && gateway_read(gateway, 0) == NOTHING_YET;
}
