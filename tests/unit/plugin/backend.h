/* SPDX-License-Identifier: MIT */
/* A backend that lives in the test itself, beside the gateway that it talks to, and says what it was called with. */
#pragma once

#include "base/buf.h"
#include "plugin/plugin.h"
#include "tests/unit/plugin/gateway.h"

#define USER "u@x"
#define OTHER "v@x"

extern struct buf heard;     /* what callbacks were called with: a line each */
extern uint64_t last_number; /* of the last message */
void hear(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* All that was heard since the last time. */
void assert_heard(const char *expected);

/* A message says in its text what to answer: done, refuse, name (done, with an id); anything else stays pending. */
extern const struct plug_ops backend_ops;
extern const struct plug_options backend_options; /* outlives the gateway */
extern const struct event order_to_hold;             /* tokens core-token and backend-token, 30 s */

struct plug *backend_create_with(struct gateway *gateway, const struct plug_options *options,
				 const struct plug_ops *ops);
void backend_greet(struct gateway *gateway, struct plug *plug); /* both sides announce the extension */
void backend_log_in(struct gateway *gateway, struct plug *plug, const char *user);
/* With backend_ops and backend_options, greeted, told to hold, and USER logged in by its frame number 1. */
struct plug *backend_create(struct gateway *gateway);
void backend_finish(struct gateway *gateway, struct plug *plug);

/* To USER's contact b. */
void gateway_send_message(struct gateway *gateway, uint64_t number, const char *text);
void gateway_send_taken(struct gateway *gateway, uint64_t up_to);
