/* SPDX-License-Identifier: MIT */
/* A frontend without chat: writes down what the streams hand to it, and a loop that is turned by hand. */
#pragma once

#include "frontends/xmpp/xmpp.h"

struct fake {
	uv_loop_t loop;
	struct transport transport;
	struct xmpp_frontend frontend;
	struct buf calls; /* "message FROM TO BODY\n" ... */
	struct buf foreseen; /* addresses, each with a line end */
	unsigned stopped;
};

extern struct fake fake;

void fake_setup(void);
void fake_teardown(void); /* fails if a handle is left */
void fake_stopped(void *context);
/* Turns the loop and calls step(context) until it is true; false after ten seconds. */
bool fake_run(bool (*step)(void *context), void *context);
bool fake_called(const char *call); /* runs until it is among the calls */
bool fake_run_stopped(void);
void fake_run_ms(unsigned ms);
