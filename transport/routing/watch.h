/* SPDX-License-Identifier: MIT */
/*
 * Looking at one user's events as they pass through the router, at the four points of its two ways:
 *
 *     from person -> (router) -> to network         from network -> (router) -> to person
 *
 * Without a watch this costs a look at an empty list. Passwords are never shown, what people write only if
 * asked for.
 */
#pragma once

#include "base/list.h"
#include "transport/transport.h"

struct watch;

enum watch_how {
	WATCH_BODIES = 1 << 0, /* texts in full, instead of their lengths */
	WATCH_JSON = 1 << 1,   /* an object a line */
};

enum watch_point { WATCH_FROM_PERSON, WATCH_TO_NETWORK, WATCH_FROM_NETWORK, WATCH_TO_PERSON };

/* A line without its line feed; must not call the core. */
typedef void watch_line(void *context, const char *line);

/* `key`: of an account, which need not be live or exist. Ends with watch_stop or, without a word, with the
 * transport. */
struct watch *watch_start(struct transport *transport, const char *key, unsigned how, watch_line *line,
                          void *context);
void watch_stop(struct watch **watch);

void watch_show(const struct transport *transport, const char *key, enum watch_point point, const char *end,
                const char *resource, const struct event *event, int err);

/* By the router. `end` is the address or the backend's label; resource NULL: none or all; err: why a person's
 * event was not taken. `key` NULL: nobody's. */
static inline void watch_note(const struct transport *transport, const char *key, enum watch_point point,
                              const char *end, const char *resource, const struct event *event, int err)
{
	if (!list_empty(&transport->watches))
		watch_show(transport, key, point, end, resource, event, err);
}
