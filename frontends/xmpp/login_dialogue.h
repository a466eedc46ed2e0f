/* SPDX-License-Identifier: MIT */
/*
 * A login as one ad-hoc dialogue (XEP-0050): each step of the network is a form; "next" sends the answer and
 * comes back with the next step, or with how the login ended; "cancel" gives it up. A request is held until
 * the network has said more, and after some seconds answered with a page to wait on.
 */
#pragma once

#include "frontends/xmpp/commands.h"

/* The first request. */
void login_dialogue_start(const struct iq_request *request, const struct command *command);
/* A later one of this session, which may be closed by it. */
void login_dialogue_go_on(const struct iq_request *request, struct command_session *session,
                          const char *action);
/* The login of this identity has gone on or ended. From deliver. */
void login_dialogue_wake(struct xmpp_frontend *frontend, const struct identity *identity);
/* Answers what has waited long enough. */
void login_dialogue_tick(struct xmpp_frontend *frontend);
