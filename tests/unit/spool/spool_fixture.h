/* SPDX-License-Identifier: MIT */
/* A spool in a folder of its own, and short ways to put and look at records. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <uv.h>

#include "base/arena.h"
#include "base/buf.h"
#include "transport/spool/spool.h"

struct fixture {
	uv_loop_t loop;
	char folder[64];    /* removed at the end */
	char *spool_folder; /* in it */
	struct spool_config config;
	struct spool *spool;
	struct arena arena;
	struct buf error;
	int durable_calls, durable_err; /* of fixture_durable */
};

int fixture_setup(void **state); /* SPOOL_PROCESS, not open yet */
int fixture_teardown(void **state);
void fixture_open(struct fixture *fixture);
int fixture_try_open(struct fixture *fixture); /* the sentence is in `error` */
void fixture_close(struct fixture *fixture);
/* As if the process had died: nothing that waits is written. The spool's memory goes, its files stay. */
void fixture_crash(struct fixture *fixture);
void fixture_reopen(struct fixture *fixture); /* a crash and a new start */
/* Turns the loop until *value is at least `least`; fails after 20 s. */
void fixture_wait(struct fixture *fixture, const int *value, int least);
/* The same, until is(fixture) is true. */
void fixture_wait_until(struct fixture *fixture, bool (*is)(struct fixture *fixture));
void fixture_durable(void *fixture, int err); /* for spool_when_durable */

/* A chat message with this text of `owner` to `contact`; its id. 0 if it was refused (then *err says why,
 * unless NULL). */
uint64_t fixture_put(struct fixture *fixture, enum spool_direction direction, const char *owner,
                     const char *text);
int fixture_try_put(struct fixture *fixture, enum spool_direction direction, const char *owner,
                    const char *text, const char *seen, uint64_t *id);
void fixture_done(struct fixture *fixture, uint64_t id);
/* "text text!" of an owner's records in order; a dead one has "!" behind it. In the arena. */
const char *fixture_list(struct fixture *fixture, enum spool_direction direction, const char *owner);
struct spool_statistics fixture_statistics(struct fixture *fixture);
