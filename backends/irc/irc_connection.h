/* SPDX-License-Identifier: MIT */
/*
 * One user's connection to one network: its socket, its registration, its channels, its reconnects.
 * irc_connection_lost and irc_connection_destroy may be called from within anything that happens on it;
 * the memory stays until the loop has closed its timers, `dead` says that it is over.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "backends/irc/irc_channel.h"
#include "backends/irc/irc_isupport.h"
#include "backends/irc/irc_line.h"
#include "backends/irc/irc_name.h"
#include "backends/irc/irc_outgoing.h"
#include "backends/irc/irc_queue.h"
#include "base/log.h"
#include "protocol/event.h"

struct irc_listing;
struct irc_socket;
struct irc_user;
struct irc_watch;

enum irc_connection_state {
	IRC_WAITING,     /* for the next attempt */
	IRC_CONNECTING,  /* no bytes yet */
	IRC_REGISTERING, /* until the welcome */
	IRC_WELCOME,     /* until the end of the message of the day */
	IRC_READY,
};

struct irc_whois {
	struct list link;
	uint32_t id;
	char *contact; /* legacy name that was asked about */
	char *nick;
	char *real_name;
	uint64_t deadline;
};

struct irc_batch { /* an answer in several lines; its first one had the label */
	char *reference; /* NULL: free */
	char *label;
};
#define IRC_BATCHES 8

#define IRC_TICK_SECONDS 5

struct irc_route { /* this nickname is talked to as a participant of that room */
	char *nick;
	char *room;
};
#define IRC_ROUTES 32

struct irc_connection {
	struct irc_user *user;
	struct list link; /* in user->connections */
	struct log log;
	char *name; /* the server as it stands in legacy names; "" with one network */
	struct irc_server server;
	size_t server_index;
	enum irc_connection_state state;
	bool was_welcome; /* the network took this user once: reconnect */
	bool dead;
	struct irc_socket *socket;
	uv_timer_t tick, flood, retry;
	int handles;

	struct irc_isupport support;
	char *nick; /* the user's, as the server knows it; what was asked for before the welcome */
	char *wanted_nick;
	unsigned nick_attempt;
	bool nick_asked;  /* after the welcome: the server has not answered a change yet */
	struct irc_watch *watch; /* irc_presence.c; NULL unless ready */
	char *userhost; /* "user@host" as others see it; NULL: not known yet */
	char *server_name;
	char *capabilities; /* offered ones, a space around each, until the end of CAP LS */
	bool negotiating, sasl_asked, sasl_done, identified;
	char *identify_service; /* whom the password was told, until it answers or is not there; NULL */
	bool away_told;
	char *last_error; /* of an ERROR line */

	struct list channels;
	struct irc_queue queue;
	struct irc_outgoing *flying; /* written and not confirmed; NULL: none */
	unsigned flying_ticks;       /* since it was begun */
	uint64_t outgoing_number;    /* of the last one that was begun */
	struct list waiting;         /* to contacts, while the network is not there */
	size_t waiting_lines;        /* of these, and of those that wait for a room */
	bool labels, echoes;         /* the server has labeled-response, echo-message */
	struct irc_batch batches[IRC_BATCHES];
	unsigned batch_next;
	struct list whois;
	size_t whois_count;
	struct irc_route routes[IRC_ROUTES];
	unsigned route_next;
	uint64_t opened_at, welcome_at, received_at, pinged_at, used_at;
	unsigned failures;
	double ctcp_tokens;
	uint64_t ctcp_at;
	struct irc_listing *listing; /* LIST under way, or NULL */
};

struct irc_connection *irc_connection_create(struct irc_user *user, const char *name,
                                             const struct irc_server *server, const char *nick);
/* Says QUIT if it can; tells the gateway nothing. */
void irc_connection_destroy(struct irc_connection **connection, const char *quit_message);

void irc_connection_open(struct irc_connection *connection);
/* The network is gone. What that means depends on whether it was there: a new attempt, or the end. */
void irc_connection_lost(struct irc_connection *connection, enum connection_error error, const char *text);
/* A new attempt would fail in the same way. */
void irc_connection_fatal(struct irc_connection *connection, enum connection_error error, const char *text);
void irc_connection_welcome(struct irc_connection *connection); /* 001 */
void irc_connection_ready(struct irc_connection *connection);   /* 376, 422 */

bool irc_connection_is_me(const struct irc_connection *connection, const char *nick);
/* Who speaks when the network itself does: its server's name. */
const char *irc_connection_label(const struct irc_connection *connection);
struct irc_channel *irc_connection_channel(const struct irc_connection *connection, const char *name);
void irc_connection_join(struct irc_connection *connection, struct irc_channel *channel);

/* Sends at once, before everything that waits: registration, PONG, QUIT. 0 or TP_ERR_INVALID. */
int irc_send_now(struct irc_connection *connection, const char *command, const char *middle,
                 const char *trailing);
int irc_send_now_line(struct irc_connection *connection, const char *command, const char *const *middle,
                      size_t count, const char *trailing);
/* Queues. TP_ERR_INVALID, or TP_ERR_LIMIT if too much waits. */
int irc_send(struct irc_connection *connection, const char *command, const char *middle,
             const char *trailing);
int irc_send_line(struct irc_connection *connection, const char *command, const char *const *middle,
                  size_t count, const char *trailing);

/* Writes what may go out now, and comes again for the rest. */
void irc_connection_send_queued(struct irc_connection *connection);

void irc_whois_answer(struct irc_connection *connection, struct irc_whois *whois);
struct irc_whois *irc_whois_find(struct irc_connection *connection, const char *nick);

void irc_route_set(struct irc_connection *connection, const char *nick, const char *room);
void irc_route_forget(struct irc_connection *connection, const char *nick);
/* NULL: as a contact. */
const char *irc_route_get(const struct irc_connection *connection, const char *nick);
