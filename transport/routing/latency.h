/* SPDX-License-Identifier: MIT */
/*
 * Where the time of an event goes inside the core, in four steps; off unless metrics are on
 * (transport/admin/instance_metrics.h), and then a look at the clock per batch rather than per event. Loop thread only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/metrics.h"

enum latency_step {
	LATENCY_PERSON_TO_ROUTER,  /* from the read of a person's socket to the router */
	LATENCY_ROUTER_TO_BACKEND, /* until all is written to the backend's socket */
	LATENCY_BACKEND_TO_ROUTER, /* from the read of a backend's socket to the router */
	LATENCY_ROUTER_TO_PERSON,  /* until all is written to the person's (or the server's) socket, or confirmed */
	LATENCY_STEPS
};

extern bool latency_on;

/* Output that waits to be written: when its oldest event came, and how many there are. */
struct latency_queue {
	uint64_t since_ns;
	uint64_t events;
};

uint64_t latency_now(void); /* nanoseconds; only where latency_on */
void latency_record(enum latency_step step, uint64_t since_ns, uint64_t events);
const struct histogram *latency_histogram(enum latency_step step);
const char *latency_labels(enum latency_step step); /* step="..." */

/* Bytes of a person or a backend were read, and are being worked off until latency_end_input. */
extern uint64_t latency_input_ns; /* 0: none are */

static inline void latency_begin_input(void)
{
	if (latency_on)
		latency_input_ns = latency_now();
}

static inline void latency_end_input(void)
{
	latency_input_ns = 0;
}

/* The router has an event that came with this input. */
static inline void latency_routed(enum latency_step step)
{
	if (latency_input_ns)
		latency_record(step, latency_input_ns, 1);
}

static inline void latency_queued(struct latency_queue *queue)
{
	if (!latency_on)
		return;
	if (!queue->events)
		queue->since_ns = latency_now();
	queue->events++;
}

/* All of it has been written: each is taken to have waited as long as the oldest. */
static inline void latency_written(struct latency_queue *queue, enum latency_step step)
{
	if (!queue->events)
		return;
	latency_record(step, queue->since_ns, queue->events);
	queue->events = 0;
}
