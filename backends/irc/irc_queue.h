/* SPDX-License-Identifier: MIT */
/* Lines that wait for their turn: servers cut off who talks too fast. A bucket of tokens, one for each line. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

struct irc_outgoing;

/* A line, or a message of several lines that the owner of the queue writes one by one. */
struct irc_queued {
	struct list link;
	char *line; /* NULL: the message's */
	size_t length;
	struct irc_outgoing *message; /* not owned; NULL: a line */
	size_t lines;                 /* not written yet */
};

struct irc_queue {
	struct list items;
	size_t count; /* lines */
	double tokens;
	uint64_t filled_at; /* 0: not begun */
};

void irc_queue_init(struct irc_queue *queue);
void irc_queue_add(struct irc_queue *queue, const char *line, size_t length);
void irc_queue_add_message(struct irc_queue *queue, struct irc_outgoing *message, size_t lines);
/* The first one, or NULL. */
struct irc_queued *irc_queue_head(const struct irc_queue *queue);
/* Whether a line may go out at `now`; it has to then. Else *wait_ms until one may. */
bool irc_queue_token(struct irc_queue *queue, uint64_t now, long burst, long interval_ms, uint64_t *wait_ms);
/* A line of the first one was written: it goes with its last one. Nothing happens to an empty queue. */
void irc_queue_advance(struct irc_queue *queue);
/* The first one goes, written or not. Nothing happens to an empty queue. */
void irc_queue_drop(struct irc_queue *queue);
