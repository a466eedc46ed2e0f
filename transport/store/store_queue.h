/* SPDX-License-Identifier: MIT */
/*
 * The way from the loop to the store thread and back: one queue there, one back, both first in, first out.
 * The store thread owns the database while the queue runs. Requests that nobody waits for are gathered for up
 * to 100 ms into one transaction; a transaction that meets a passing hindrance (another process holds a lock)
 * is tried again until its first request is 30 s old, or the hurry is over.
 */
#pragma once

#include <uv.h>

#include "transport/store/store_request.h"

struct store_queue;

/* Called on the loop thread for every request, in order; takes it over. */
typedef void store_queue_answered(void *context, struct request *request);

/* `accounts` belongs to the queue's thread until store_queue_stop. NULL: the thread cannot be started. */
struct store_queue *store_queue_start(uv_loop_t *loop, struct accounts *accounts,
                                      store_queue_answered *answered, void *context);
/* Whether a request of this size would exceed LIMIT_STORE_QUEUE_BYTES. */
bool store_queue_is_full(struct store_queue *queue, size_t bytes);
size_t store_queue_bytes(struct store_queue *queue); /* of requests that wait */
/* Takes the request over. While requests are under way the loop is kept alive. */
void store_queue_put(struct store_queue *queue, struct request *request);
/* From now on nothing is gathered, and nobody else's lock is waited for beyond `deadline` (clock_ms). The first call
 * counts. */
void store_queue_hurry(struct store_queue *queue, uint64_t deadline);
/* Waits for everything that was put, also by callbacks meanwhile, then ends the thread; in a hurry from now on, if it
 * was not before: LIMIT_STORE_CLOSE_SECONDS. The memory goes with the loop's next turn. */
void store_queue_stop(struct store_queue **queue);
