/* SPDX-License-Identifier: MIT */
/*
 * A login in several steps (docs/protocol.md, section 8): between LOGIN and CONNECTED the network asks for a
 * code, a choice, a scan. The user is CONNECTING meanwhile and has one current step; a later one replaces it,
 * and whatever ends the login ends it. Frontends show EVENT_LOGIN_STEP; people answer by the commands
 * "login", "answer" and "cancel", or by writing the answer to the gateway (command_run_line).
 *
 * Answers may be secrets: they are never logged, and copies are wiped.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "protocol/event.h"

struct resource;
struct transport;
struct user;

struct login_step {
	uint32_t number; /* the backend's */
	enum login_step_kind kind;
	char *text;
	char *data; /* NULL: none */
	char **choices;
	size_t choices_count;
	bool answered;        /* the backend has an answer, and has not said more yet */
	const char *given_up; /* the backend was told so, and its DISCONNECTED is awaited: what people are
	                         told then; NULL */
	bool again;           /* and the person wants to log in again after it */
	uint64_t deadline_ms; /* clock_ms: then the login is given up; or nothing is awaited any longer */
};

/* LOGIN_STEP from the user's backend. May free the user (a login with a password that cannot go on). */
void login_step_from_backend(struct user *user, const struct event *event);
/* The current step to one resource, or to all where NULL. Nothing if there is none. */
void login_step_deliver(struct user *user, struct resource *only);
/* The current step as an event, lent; false: there is none. */
bool login_step_event(const struct user *user, struct event *event);
/* What a person reads: text, choices with numbers, data, and what to do. `in_chat`: the answer is written as
 * a message. */
void login_step_describe(struct buf *out, const struct event_login_step *step, bool in_chat);

/* Whether there is a question that a person has to answer, and nobody has yet. */
bool login_step_is_open(const struct user *user);
/*
 * The person's answer. A choice may be given by its number or its words. 0: sent to the backend.
 * TP_ERR_NOT_FOUND: nothing is asked, or it was answered already; TP_ERR_INVALID: none of the choices, or
 * empty; TP_ERR_LIMIT: longer than LIMIT_LOGIN_ANSWER_BYTES. Then a sentence for the person is in *problem.
 */
int login_step_answer(struct user *user, const char *value, struct buf *problem);
/* The person does not want to go on: the backend is told, and the login ends when it has answered. False:
 * there is none. */
bool login_step_give_up(struct user *user);
/* The person wants to log in. True: that is done when the login that was given up has ended. */
bool login_step_begin_again(struct user *user);
/* The session was lost, or established, while the end of a login that was given up is awaited: true, and it
 * has ended. May free the user. */
bool login_step_has_ended(struct user *user);

/* The login or session ended, whatever way. `interrupted`: against everybody's will, so that an answer may be
 * written which nobody asks for any more. */
void login_step_clear(struct user *user, bool interrupted);
/* Gives up logins whose step has waited for too long. */
void login_step_expire(struct transport *transport, uint64_t now_ms);
