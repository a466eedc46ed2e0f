/* SPDX-License-Identifier: MIT */
#include "daemon/control_client.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

#define CHUNK 65536

int control_connect(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int err = errno;

		close(fd);
		errno = err;
		return -1;
	}
	return fd;
}

static bool send_bytes(int fd, const char *bytes, size_t length)
{
	size_t sent = 0;

	while (sent < length) {
		ssize_t count = send(fd, bytes + sent, length - sent, MSG_NOSIGNAL);

		if (count < 0 && errno != EINTR)
			return false;
		if (count > 0)
			sent += (size_t)count;
	}
	return true;
}

static bool send_line(int fd, const struct buf *line)
{
	return send_bytes(fd, line->data, line->len) && send_bytes(fd, "\n", 1);
}

/* Behind what is in `text`; false: nothing more will come. */
static bool receive(int fd, struct buf *text)
{
	char *room = buf_reserve(text, CHUNK);
	ssize_t count = recv(fd, room, CHUNK, 0);

	if (count > 0)
		text->len += (size_t)count;
	return count > 0 || (count < 0 && errno == EINTR);
}

static bool has_ended(const struct buf *text)
{
	return text->len && text->data[text->len - 1] == '\0';
}

bool control_ask(int fd, const struct buf *line, unsigned seconds, struct buf *answer)
{
	uint64_t end = clock_ms() + (uint64_t)seconds * 1000;

	if (!send_line(fd, line))
		return false;
	for (uint64_t now = clock_ms(); now < end; now = clock_ms()) {
		struct pollfd ready = {.fd = fd, .events = POLLIN};

		if (poll(&ready, 1, (int)(end - now)) <= 0)
			continue;
		if (!receive(fd, answer))
			return false;
		if (has_ended(answer))
			return true;
	}
	return false;
}

bool control_follow(int fd, const struct buf *line, void (*each)(const char *text, size_t length),
                    struct buf *answer)
{
	if (!send_line(fd, line))
		return false;
	while (receive(fd, answer)) {
		const char *end;

		if (has_ended(answer))
			return true;
		while (answer->len && (end = memchr(answer->data, '\n', answer->len))) {
			size_t length = (size_t)(end - answer->data);

			each(answer->data, length);
			buf_consume(answer, length + 1);
		}
	}
	return false;
}
