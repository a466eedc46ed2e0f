/* SPDX-License-Identifier: MIT */
/* A loop, a transport with nothing in it, people, and stand-ins for everything that the backends' code calls
 * upward. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "transport/backend/backend_private.h"
#include "transport/backend/network_plugin_server.h"
#include "transport/people/user.h"
#include "transport/transport.h"

#define PEOPLE 40
#define PATIENCE_MS 60000

struct person {
	struct user user;
	char key[40];
	unsigned assigned, lost, left, unavailable, connected, messages, read, order;
	char text[40]; /* of the last message */
	char sentence[120];
	bool again;   /* when lost: waits for another backend */
	bool release; /* when assigned: gives it back at once */
};

struct harness {
	uv_loop_t loop;
	uv_timer_t beat;
	struct transport transport;
	struct network_plugin_server *server;
	struct person people[PEOPLE];
	struct buf log, config, error;
	char *command;
	unsigned ready, order, rooms, descriptors;
	unsigned pause_after; /* messages; 0: never */
	unsigned not_taken;   /* so many times the 500th message cannot be taken */
	unsigned foreseen;    /* frames of somebody that were looked at before their turn */
	bool stopped;
};

extern const char *harness_program; /* path of fake_backend */
/* From the first argument of the test, which may be a relative path. */
void harness_find_program(int argc, char **argv);

/* service.backend is FORMAT; the server is made, not begun. Intervals are a few milliseconds to a second. */
void harness_open(struct harness *h, const char *format, ...) __attribute__((format(printf, 2, 3)));
void harness_begin(struct harness *h);
/* Stops the server and checks that nothing is left: handles, memory's owners, descriptors, processes. */
void harness_close(struct harness *h);
struct person *harness_assign(struct harness *h, unsigned index);
void harness_release(struct harness *h, unsigned index);
bool harness_logged(const struct harness *h, const char *text);
struct backend *harness_backend(const struct harness *h); /* the first; NULL */

/* Runs the loop until the condition holds. */
#define UNTIL(h, condition)                                                                           \
	do {                                                                                          \
		uint64_t until_end = clock_ms() + PATIENCE_MS;                                        \
		while (!(condition)) {                                                                \
			if (clock_ms() > until_end)                                                   \
				fail_msg("never came true: %s\n%s", #condition, buf_text(&(h)->log)); \
			uv_run(&(h)->loop, UV_RUN_ONCE);                                              \
		}                                                                                     \
	} while (0)
