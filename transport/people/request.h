/* SPDX-License-Identifier: MIT */
/*
 * vCard requests under way: a frontend's request gets a number of the core's own on its way to the backend,
 * and exactly one answer: the backend's, or an empty one after CARD_TIMEOUT_MS or when the session ends.
 */
#pragma once

#include <stdint.h>

#include "base/list.h"
#include "protocol/event.h"

struct frontend;
struct resource;
struct transport;
struct user;

#define CARD_TIMEOUT_MS 40000

struct card_request {
	struct list link; /* transport->card_requests, oldest first */
	struct user *user;
	uint32_t id;       /* towards the backend */
	uint32_t asked_id; /* the frontend's */
	char *name;
	/* Names, not pointers: the one who asked may be gone when the answer comes. */
	struct frontend *frontend;
	char *address;
	char *resource;
	uint64_t deadline_ms;
};

/* Remembers the request; the id to use towards the backend, or 0: LIMIT_REQUESTS_PER_USER are under way. */
uint32_t card_request_open(struct user *user, const struct resource *from, const struct event_vcard *asked);
/* The answer: delivered if somebody waits for this id. False: nobody does. */
bool card_request_answer(struct user *user, const struct event *vcard);
/* Empty answers to everything that this user waits for. */
void card_request_close_all(struct user *user);
/* Empty answers to everything that took too long. */
void card_request_expire(struct transport *transport, uint64_t now_ms);
