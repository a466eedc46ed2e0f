/* SPDX-License-Identifier: MIT */
/* A client that says exactly what it is told to, on the loop of the server it talks to. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "transport/http/http_server.h"

struct client {
	uv_loop_t *loop;
	int fd;
	bool ended; /* the server has closed */
	struct buf in;
};

/* Turns the loop until `condition` holds; fails the test after a minute. */
#define TURN_UNTIL(loop, condition)                                                 \
	do {                                                                        \
		uint64_t turn_end = uv_hrtime() + 60 * UINT64_C(1000000000);        \
		while (!(condition)) {                                              \
			client_turn(loop);                                          \
			if (uv_hrtime() > turn_end)                                 \
				fail_msg("waited a minute in vain: %s", #condition); \
		}                                                                   \
	} while (0)

void client_turn(uv_loop_t *loop); /* at most a millisecond */
/* For whoever calls back when it is closed: `flag` is a bool, and becomes true. */
void note_true(void *flag);
void client_open(struct client *client, uv_loop_t *loop, const struct http_listener *listener);
void client_close(struct client *client);
/* Turns the loop while the socket is full. False: the server has gone. */
bool client_say(struct client *client, const void *bytes, size_t count);
/* What has arrived until now. */
void client_read(struct client *client);
/* Until the server closes: all that it said. */
const char *client_hear(struct client *client);
/* Until so many whole answers have come, by their Content-Length (not to HEAD). False: the server has closed before. */
bool client_await(struct client *client, unsigned answers);
/* The answer of this number, from 0, among those that are whole; NULL: there are fewer. Valid until the next call. */
const char *client_answer(struct client *client, unsigned number);
/* A whole exchange: the answer. Valid until the next. */
const char *client_ask(uv_loop_t *loop, const struct http_listener *listener, const char *request);
/* What follows the headers; NULL: there is none. */
const char *content_of(const char *answer);
