/* SPDX-License-Identifier: MIT */
/* A user of the gateway: the account and its connections. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "backends/irc/irc.h"
#include "backends/irc/irc_channel.h"
#include "base/buf.h"
#include "base/list.h"
#include "protocol/event.h"

struct irc_connection;
struct irc_contacts;

struct irc_user {
	struct irc *irc;
	char *key; /* of the account at the gateway */
	struct log log;
	char *nick;
	char *home;     /* the server that the password is for; NULL: every one */
	char *password; /* "" */
	struct list connections;
	bool connected; /* the gateway was told so */
	enum status status;
	char *status_text;
	uint64_t away_at; /* when the network is to be told; 0: not away */
	struct irc_contacts *contacts; /* irc_presence.c; NULL: none */
	bool leaving; /* the gateway is told nothing more of this user */
};

struct irc_user *irc_user_get(const struct irc *irc, const char *key);
void irc_user_login(struct irc *irc, const char *key, const struct event_login *login);
/* Closes everything; tells the gateway nothing. */
void irc_user_destroy(struct irc_user **user, const char *quit_message);
/* For the map of users. */
void irc_user_free(void *user);

/* Whether the network is to be told that the user is away now. */
bool irc_user_is_away(const struct irc_user *user, uint64_t now);
void irc_user_status(struct irc_user *user, enum status status, const char *text);

/* The connection of a server's name, opened with that nickname if there is none. NULL: `error` says why. */
struct irc_connection *irc_user_connect(struct irc_user *user, const char *server, const char *nick,
                                        struct buf *error);
/* The connection that a name belongs to, its local part in `local`; NULL if there is none. */
struct irc_connection *irc_user_connection(const struct irc_user *user, const char *name, struct buf *local);
struct irc_channel *irc_user_channel(const struct irc_user *user, const char *room);

/* Appends the legacy name of somebody on a connection. */
void irc_contact_name(struct buf *out, const struct irc_connection *connection, const char *nick);
/* A message of the backend or the network in the conversation with a contact. */
void irc_user_tell(struct irc_user *user, const char *contact, const char *text);

/* What the gateway asks for (irc_requests.c). */
struct plug;
enum plug_verdict irc_on_message(struct plug *plug, const char *key, const struct event_message *message);
enum plug_verdict irc_on_subject(struct plug *plug, const char *key, const char *room, const char *subject);
void irc_on_bans(struct plug *plug, const char *key, const char *room);
enum plug_verdict irc_on_moderate(struct plug *plug, const char *key,
                                  const struct event_message *message); /* irc_moderate.c */
void irc_on_room_join(struct plug *plug, const char *key, const struct event_room *room);
void irc_on_room_leave(struct plug *plug, const char *key, const char *room);
void irc_on_resync(struct plug *plug, const char *key);
void irc_on_vcard_request(struct plug *plug, const char *key, const char *contact, uint32_t id);
