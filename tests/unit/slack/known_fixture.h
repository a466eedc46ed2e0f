/* SPDX-License-Identifier: MIT */
/* A channel of a workspace, with a spool in memory: what known.c and missed.c work on. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "frontends/slack/channels/channel.h"
#include "frontends/slack/workspace.h"

#define TEAM "T0TEAM"
#define CHANNEL "C0CHANNEL"
#define BOT "U0BOT"

struct known_fixture {
	uv_loop_t loop;
	struct transport transport;
	struct slack_frontend frontend;
	struct workspace workspace;
	struct channel channel; /* a portal */
	struct buf told;
};

/* Slack's clock, as of web_api_ahead_ms; 0 at the setup. */
extern int64_t known_fixture_ahead_ms;

/* Setup and teardown of a test. Reactions are known from 1000.000000 on. */
int known_fixture_setup(void **state);
int known_fixture_teardown(void **state);
/* What is noted is read again, as after a restart. */
void known_fixture_restart(struct known_fixture *fixture);
/* As from Slack. `thread` NULL: in none. */
void known_fixture_say(struct known_fixture *fixture, const char *ts, const char *thread, const char *user);
bool known_fixture_react(struct known_fixture *fixture, const char *ts, const char *user, const char *name, bool added);
/* The same, as what happened at that time. */
bool known_fixture_react_at(struct known_fixture *fixture, const char *ts, const char *user, const char *name,
			    bool added, const char *event_ts);
/* What has been told since the last time. */
void known_fixture_expect(struct known_fixture *fixture, const char *expected);
