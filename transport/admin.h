/* SPDX-License-Identifier: MIT */
/*
 * Spectrum 2's administration commands under their names, with their answers: over the control socket
 * (transportctl), from a chat with an administrator, and by QUERY. Errors begin with "Error:".
 */
#pragma once

#include "base/buf.h"

struct transport;

/* Executes one line; done is called once, now or later, with the answer. */
void admin_execute(struct transport *transport, const char *line, void (*done)(void *context, const char *answer),
		   void *context);
