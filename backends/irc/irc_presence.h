/* SPDX-License-Identifier: MIT */
/*
 * Whether people's contacts are on IRC: by MONITOR where the server has it, else (and for those that its list
 * has no room for) by ISON, asked again every irc.contact_interval seconds. Known while there is a
 * connection; none is opened for it.
 */
#pragma once

#include <stdint.h>

#include "protocol/event.h"

struct irc_connection;
struct irc_contacts; /* of one user */
struct irc_user;
struct irc_watch; /* of one connection, from the end of its message of the day on */

/* All contacts of a user, or one more, or one less; user NULL is fine. Names that nobody can have on IRC are
 * left out, as are those above LIMIT_IRC_CONTACTS. */
void irc_contacts_set(struct irc_user *user, const struct event_contact *contacts, size_t count);
void irc_contacts_add(struct irc_user *user, const char *name);
void irc_contacts_remove(struct irc_user *user, const char *name);
void irc_contacts_destroy(struct irc_contacts **contacts);

void irc_watch_begin(struct irc_connection *connection);
void irc_watch_tick(struct irc_connection *connection, uint64_t now);
/* Whoever was seen there is offline; the gateway is told unless the user is leaving. */
void irc_watch_end(struct irc_connection *connection);
