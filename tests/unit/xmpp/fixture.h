/* SPDX-License-Identifier: MIT */
/*
 * The XMPP frontend between a fake core and a fake stream. Stanzas go in as XML (through the real reader),
 * what the frontend writes is collected in `sent`, what it tells the core in `told`, a line each.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "frontends/xmpp/xmpp.h"
#include "transport/rooms/room_bans.h"

#define GW "gw.example"
#define ALICE "alice@example.org"
#define ALICE_HOME "alice@example.org/home"

extern struct transport transport;
extern struct xmpp_frontend *frontend;
extern struct buf sent, told;
extern int router_result;       /* of the next router_from_frontend calls */
extern bool account_exists;     /* what the store says */
extern int account_result;      /* of account_register and account_unregister */
extern unsigned attached_limit; /* session_attach gives NULL above it */

int fixture_setup(void **state);
int fixture_setup_server(void **state);
int fixture_teardown(void **state);

void feed(const char *xml); /* one stanza or more */
/* Whether `sent` (or `told`) has the text; fails with both printed otherwise. Then it is cleared by take. */
void expect_sent(const char *text);
void expect_not_sent(const char *text);
void expect_told(const char *text);
void clear(void);

/* Logs ALICE in: identity, resource with presence, user CONNECTED. */
struct resource *log_in(const char *full_jid);
struct user *fake_user(void);
void fake_contact(const char *name, const char *alias, bool subscribed);
struct room *fake_room(const char *name, const char *nickname);
void fake_participant(struct room *room, const char *nickname, const char *alias);
void deliver(struct resource *only, const struct event *event);
void fake_session(enum session_state state, int error, const char *text);
void show_self(struct resource *to, const char *room, const char *nickname);
void answer_bans(int err, const char *reason, const struct room_bans *list); /* who has asked for them, if anybody */
