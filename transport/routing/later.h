/* SPDX-License-Identifier: MIT */
/* What must not be done now, as from inside deliver: done in a later turn of the loop. */
#pragma once

#include <stdint.h>
#include <uv.h>

#include "base/list.h"

/* A function of the owner's, of whatever type: only its `call` knows, and makes it that type again. */
typedef void later_function(void);

struct later_queue {
	struct list due; /* struct later.link */
	uv_timer_t *timer; /* NULL: closed, or not open yet */
	uint64_t timer_ms; /* clock_ms: the first of `due`; UINT64_MAX: none */
	void (*call)(void *owner, later_function *run, const char *a, const char *b);
	void *owner;
	void (*closed)(void *owner);
};

void later_init(struct later_queue *queue,
		void (*call)(void *owner, later_function *run, const char *a, const char *b), void *owner);
/* What was put before, too, is done from now on. */
void later_open(struct later_queue *queue, uv_loop_t *loop);
/* `call` with these, not before so many milliseconds have passed; what is due at once in the order in which it was put.
 * The texts are copied, each may be NULL. */
void later_put(struct later_queue *queue, uint64_t ms, later_function *run, const char *a, const char *b);
/* Nothing is called any more. `closed` with the owner when the loop has let go of it; not at all if it was not open. */
void later_close(struct later_queue *queue, void (*closed)(void *owner));
/* What was put and not done is forgotten. */
void later_finish(struct later_queue *queue);
