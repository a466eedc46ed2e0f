/* SPDX-License-Identifier: MIT */
/*
 * Legacy names <-> what IRC knows. With several networks a room is "#chan@server", a contact "nick@server",
 * split at the last '@' (a server has none, a channel may). With one network they are "#chan" and "nick" and
 * everything belongs to the name. A server is "host", "host:port" or "host:+port" ('+' or 6697: TLS), a
 * literal IPv6 address in brackets.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define IRC_PORT 6667
#define IRC_PORT_TLS 6697

struct irc_server {
	char host[256]; /* in lower case, without brackets */
	unsigned short port;
	bool tls;
};

enum irc_tls_mode { IRC_TLS_AUTO, IRC_TLS_ALWAYS, IRC_TLS_NEVER };

/* 0 or TP_ERR_INVALID. AUTO: TLS by '+' or port 6697. */
int irc_server_parse(struct irc_server *server, const char *text, enum irc_tls_mode mode);
bool irc_server_equal(const struct irc_server *a, const struct irc_server *b);

/* Splits at the last '@': `local` gets what is before, returns the server, or NULL (and all of it in
 * `local`). */
const char *irc_name_split(const char *name, struct buf *local);

/* May a channel or a nickname of this spelling go to a server. Anything that could be taken for two targets,
 * for a parameter or for a status prefix is no name. */
bool irc_channel_is_valid(const char *channel);
bool irc_nick_is_valid(const char *nick);

/* Appends a nickname made of any text: what a nickname cannot hold becomes '_'. Never empty. */
void irc_nick_make(struct buf *out, const char *text);

/* The next nickname to try after a refusal: `attempt` counts from 1. `in_use`: there is somebody of that
 * name; else the server does not like its form. False: give up. */
bool irc_nick_next(struct buf *out, const char *wanted, unsigned attempt, bool in_use);
