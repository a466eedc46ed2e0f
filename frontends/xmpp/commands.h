/* SPDX-License-Identifier: MIT */
/* Ad-hoc commands (XEP-0050): the command table, rendered. commands.c: in one form; login_dialogue.c: in many. */
#pragma once

#include "frontends/xmpp/iq.h"

#define NS_COMMANDS "http://jabber.org/protocol/commands"

struct command;

struct command_session { /* a form that was shown and not sent yet */
	char *id;
	char *who;     /* full JID */
	char *address; /* bare */
	const struct command *command;
	uint64_t deadline;     /* clock_ms */
	struct reply *waiting; /* of a dialogue: the request that is answered when the login has gone on; NULL */
	uint64_t answer_by;    /* and then in any case */
};

/* NULL: too many are under way, and the client is told. */
struct command_session *command_session_open(const struct iq_request *request, const struct command *command);
/* A while longer: the person is at it. */
void command_session_renew(struct command_session *session);
void command_session_close(struct xmpp_frontend *frontend, struct command_session *session);
void command_session_destroy(void *session);
void command_sessions_expire(struct xmpp_frontend *frontend);

/* Opens <command/> in an answer. */
void command_begin(struct xml_writer *writer, const char *node, const char *session, const char *status);
/* <note/> and the end of the answer. */
void command_note(struct xml_writer *writer, bool error, const char *text);
