/* SPDX-License-Identifier: MIT */
#include "tests/unit/plugin/gateway.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_MS 10000

void gateway_open(struct gateway *gateway)
{
	int ends[2];

	*gateway = (struct gateway){0};
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
	frame_reader_finish(&gateway->in);
	arena_finish(&gateway->arena);
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

	assert_int_equal(codec_encode(&bytes, CODEC_CORE, CODEC_PLAIN, event), 0);
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

const struct event *gateway_expect(struct gateway *gateway, enum event_type type)
{
	const uint8_t *frame;
	size_t length;
	int got;

	while ((got = frame_next(&gateway->in, &frame, &length)) == 0)
		assert_true(gateway_read(gateway, WAIT_MS) > 0);
	assert_int_equal(got, 1);
	arena_reset(&gateway->arena);
	assert_int_equal(codec_decode(&gateway->arena, CODEC_BACKEND, CODEC_PLAIN, frame, length, &gateway->event), 0);
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
