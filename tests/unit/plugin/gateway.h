/* SPDX-License-Identifier: MIT */
/* The gateway's end of a connection, as a test plays it. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "protocol/codec.h"
#include "protocol/frame.h"

struct gateway {
	int fd, backend_fd; /* the two ends of a socketpair; backend_fd is -1 once it is given away */
	enum codec_dialect dialect;
	int listener;       /* of gateway_listen; -1 */
	char folder[64], path[96];
	struct frame_reader in;
	struct arena arena;
	struct event event; /* the last one that gateway_expect returned */
};

void gateway_open(struct gateway *gateway);
void gateway_close(struct gateway *gateway);
/* Makes the socket on which the backend can be found again, and puts it into the environment. */
void gateway_listen(struct gateway *gateway);
/* The gateway dies: what it has not read is lost. */
void gateway_die(struct gateway *gateway);
/* Another one connects to that socket. */
void gateway_connect(struct gateway *gateway);
/* "0000 0002 0809", written to the backend. */
void gateway_send_hex(struct gateway *gateway, const char *hex);
void gateway_send(struct gateway *gateway, const struct event *event);
/* The next event of the backend, which must come (within 10 s) and be of this type. */
const struct event *gateway_expect(struct gateway *gateway, enum event_type type);
/* The next event that has arrived by now; NULL: none. */
const struct event *gateway_next(struct gateway *gateway);
/* Whether the backend has closed its end and left nothing unread; waits at most 10 s for something to happen. */
bool gateway_is_closed(struct gateway *gateway);
bool gateway_is_silent(struct gateway *gateway); /* nothing to read at this moment */
