/* SPDX-License-Identifier: MIT */
/* What a server says, one function for each command and numeric. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "backends/irc/irc_connection.h"
#include "backends/irc/irc_line.h"
#include "base/buf.h"
#include "base/map.h"

struct irc_handler {
	const char *command;
	size_t params; /* a line with fewer is dropped */
	void (*handle)(struct irc_connection *connection, struct irc_line *line);
};

struct irc_handler_table {
	const struct irc_handler *handlers;
	size_t count;
};

extern const struct irc_handler_table irc_handlers_registration; /* CAP, SASL, nickname, welcome */
extern const struct irc_handler_table irc_handlers_channel;      /* who is where, modes, topics */
extern const struct irc_handler_table irc_handlers_message;      /* what people say */
extern const struct irc_handler_table irc_handlers_reply;        /* WHOIS, LIST, errors */

extern const struct irc_handler_table irc_handlers_presence;     /* irc_presence.c */

/* Command -> const struct irc_handler. */
struct map *irc_handlers_create(void);
void irc_handle_line(struct irc_connection *connection, char *text);

/* irc_handlers_registration.c: says hello on a fresh connection. */
void irc_register(struct irc_connection *connection);
/* Tells the services the password, unless the server knows it already. */
void irc_identify(struct irc_connection *connection);

/* irc_handlers_channel.c: the network has taken the user's nickname away or given another. */
void irc_nick_changed(struct irc_connection *connection, const char *old_nick, const char *new_nick);

/* irc_list.c */
void irc_list_ask(struct irc_connection *connection);
void irc_list_add(struct irc_connection *connection, const char *channel, const char *members);
void irc_list_end(struct irc_connection *connection);
void irc_list_drop(struct irc_connection *connection);

/* irc_ctcp.c: a request that came in a message to the user; true if it was one (ACTION is not). */
bool irc_ctcp_request(struct irc_connection *connection, const char *from, const char *text);
