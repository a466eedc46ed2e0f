/* SPDX-License-Identifier: MIT */
/*
 * The list of a channel's bans (MODE b, 367, 368). It is asked for when the gateway wants it, and when somebody is
 * forgiven: then it decides which bans are his alone. One question at a time for a channel; nothing is kept of it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "protocol/event.h"

struct irc_bans;
struct irc_channel;
struct irc_connection;
struct irc_line;

/* The gateway wants to know. The user is in the channel. */
void irc_bans_tell(struct irc_channel *channel);
/* Whoever has this nickname may come back: takes back what bans him, unless it means others as well. Or `nick` is a
 * mask: that ban is taken back, if it is there. */
void irc_bans_forgive(struct irc_channel *channel, const char *nick, uint64_t handover);

/* 367 and 368; nothing happens where nobody has asked. */
void irc_bans_add(struct irc_channel *channel, const struct irc_line *line);
void irc_bans_end(struct irc_channel *channel);
/* An error of the server. True: it is the answer to such a question. */
bool irc_bans_error(struct irc_connection *connection, const struct irc_line *line);

/* There will be no answer: whoever waits is told. */
void irc_bans_fail(struct irc_channel *channel, enum handover_error error, const char *sentence);
/* Nobody is: the gateway has it all back. */
void irc_bans_drop(struct irc_channel *channel);
/* Now and then: questions that the server leaves without an answer. */
void irc_bans_tick(struct irc_connection *connection, uint64_t now);
