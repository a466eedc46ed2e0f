/* SPDX-License-Identifier: MIT */
/*
 * What a user says (or sets as a subject), until the network has confirmed it. One at a time on a connection: the next
 * one is written when the first is confirmed, so that a process that is killed leaves one in doubt and not many.
 *
 * What confirms it: the answer with the label of its last line (labeled-response), or the line itself coming back
 * (echo-message), or the PONG to a PING behind it. A numeric about its target refuses it.
 *
 *   channel->waiting, connection->waiting   the room is not joined, the network is not there
 *   connection->queue                       its turn comes; servers allow a few lines a second
 *   connection->flying                      written, not confirmed
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "plugin/plugin.h"

struct irc_channel;
struct irc_connection;
struct irc_line;

struct irc_outgoing {
	struct list link;   /* of a waiting list; else alone */
	uint64_t handover;  /* who waits for the verdict; 0: nobody, people are told in words */
	const char *command; /* PRIVMSG, TOPIC, KICK, MODE or INVITE */
	bool whole;         /* each of `lines` is one with its command and parameters */
	char *about;        /* whose nickname is in such lines; NULL */
	char *target;       /* on IRC */
	char *name;         /* as the gateway wrote it */
	char *room;         /* that has to be joined; NULL: it goes to a contact */
	bool private;       /* to one nickname of that room */
	char *text;         /* as the user wrote it */
	char *xhtml;        /* NULL: none */
	char **lines;       /* what it is on IRC */
	size_t count, written, confirmed;
	uint64_t number;    /* of this connection's */
	bool pinged;        /* a PONG will confirm it */
	bool settled;       /* refused already; what was written of it is still under way */
	char *message_id;   /* the network's; NULL */
};

/* NULL `lines` of `count` entries, for the caller to fill in with owned text. */
struct irc_outgoing *irc_outgoing_create(uint64_t handover, const char *command, size_t count);
void irc_outgoing_destroy(struct irc_outgoing **outgoing);
/* Takes the message: queues it, lets it wait for the room or the network, or refuses it. */
void irc_outgoing_submit(struct irc_connection *connection, struct irc_outgoing *outgoing);
/* Takes it as well, and tells its author. */
void irc_outgoing_refuse(struct irc_connection *connection, struct irc_outgoing *outgoing, enum handover_error error,
                         const char *sentence);

/* Whether what is first in the queue may be written: a message only when no other one is flying. */
bool irc_outgoing_may_fly(const struct irc_connection *connection, const struct irc_outgoing *outgoing);
/* Writes its next line. */
void irc_outgoing_write(struct irc_connection *connection, struct irc_outgoing *outgoing);

/* A line of the user's own came back. True: it is the one that flies, and not to be shown. */
bool irc_outgoing_echo(struct irc_connection *connection, const struct irc_line *line);
/* An error of the server. True: it is about the one that flies, whose author is told. */
bool irc_outgoing_error(struct irc_connection *connection, const struct irc_line *line);
/* A line with a label was handled: it may have been the answer that was waited for. */
void irc_outgoing_answered(struct irc_connection *connection, const struct irc_line *line);
void irc_outgoing_pong(struct irc_connection *connection, const char *token);
/* Now and then. False: the server has not confirmed anything for too long. */
bool irc_outgoing_tick(struct irc_connection *connection);

/* The connection is gone: what was not confirmed waits for the next one, in its order. */
void irc_outgoing_lost(struct irc_connection *connection);
/* The network, or the room, is there: what waited is queued. */
void irc_outgoing_ready(struct irc_connection *connection);
void irc_outgoing_joined(struct irc_channel *channel);
/* They never will be. sentence NULL: nobody is told, the gateway has it all back. */
void irc_outgoing_abandon(struct irc_connection *connection, const char *sentence);
void irc_outgoing_abandon_room(struct irc_channel *channel, const char *sentence);
/* Another connection of the same user takes over what waits. */
void irc_outgoing_move(struct irc_connection *from, struct irc_connection *to);
