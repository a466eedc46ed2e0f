/* SPDX-License-Identifier: MIT */
/*
 * The core with everything around it replaced: a frontend and backends that write down what they are told, as
 * lines of text, and a store that answers when the test says so.
 *
 *     alice@x/phone participant #r alice online self        what a resource is shown; without /phone: all of them
 *     b1 join #r alice                                      what backend 1 gets
 *     store remove alice@x                                  what is written
 *     frontend authenticated alice@x 0                      other calls
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "config/limits.h"
#include "transport/backend/backend.h"
#include "transport/backend/network_plugin_server.h"
#include "transport/command/command.h"
#include "transport/frontend.h"
#include "transport/people/account.h"
#include "transport/people/login_step.h"
#include "transport/people/request.h"
#include "transport/people/roster.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/rooms/room.h"
#include "transport/routing/router.h"
#include "transport/transport.h"

struct fixture {
	int promise;       /* what deliver answers for what it is to confirm */
	bool unanswered;   /* backends do not answer: the last number is kept */
	uint64_t number;
	uint64_t trace;    /* of the last event that a frontend or a backend was given */
	uv_loop_t *loop;
	struct config *config;
	struct transport *transport;
	struct frontend *frontend;
	struct frontend *other;    /* "other", if service.frontend names it as well; NULL */
	struct frontend *away;      /* cannot show administrators anything; NULL */
	struct backend backends[2]; /* "b1" and "b2" */
	struct backend *gives;      /* assigned at once; NULL: users wait */
	size_t queued;              /* backend_queued */
	struct buf answer;          /* the last one to a line (chat) */
	struct buf log;             /* lines since the last expect() or forget() */
	bool reload_fails;          /* of the frontend */
	bool hang;                  /* frontends and the NetworkPluginServer never say that they have stopped */
};
extern struct fixture *fx;

int fixture_setup(void **state);
int fixture_teardown(void **state);
/* Further lines of the configuration; starts the transport and its frontend. */
void fixture_start(const char *const *overrides, size_t count);

/* The store answers everything that is queued, and what follows from that. */
void store_pump(void);
void store_pump_one(void);
void store_account(const char *address, const char *legacy_name, const char *password);
void store_setting(const char *address, const char *name, const char *value);
void store_contact(const char *address, const char *name);
bool store_has(const char *address);
const char *store_password(const char *address);
void store_mark_online(const char *address);
void store_ban(const char *address, const char *reason); /* one that is there at the start */
extern bool store_fails; /* to keep a ban */
void store_value(const char *address, const char *text); /* "key=text": what a backend has kept */
void store_fail_values(int err);                         /* answer of every request about values from now on */

/* All lines since the last call must be these, each with its newline. */
#define expect(text) expect_at((text), __FILE__, __LINE__)
void expect_at(const char *text, const char *file, int line);
void forget(void); /* whatever was written */
bool was_told(const char *text);
/* Runs the loop until the text is in the log; fails after some seconds. */
void wait_for(const char *text);

/* Everything up to CONNECTED: alice@x, with resources and presence. */
struct user *log_in(const char *address, const char *resource);
struct resource *attach(const char *address, const char *resource);
struct resource *find(const char *address, const char *resource);
void from_backend(struct backend *backend, struct event event);
/* A line to the gateway; the answer is written down: "answer -2 'text'", of which the whole is in fx->answer. */
void chat(const char *address, const char *line);
void chat_at(struct frontend *frontend, const char *address, const char *line);
int from_person(const char *address, const char *resource, struct event event);
void join(const char *address, const char *resource, const char *room, const char *nickname);
void participant(const char *user, const char *room, const char *nickname, int flags, enum status status);

extern const struct frontend_ops fake_frontend_ops;
