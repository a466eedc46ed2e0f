/* SPDX-License-Identifier: MIT */
/* A channel that a user is in or wants to be in, and who else is there. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "backends/irc/irc_casemap.h"
#include "base/list.h"
#include "base/map.h"

struct irc_bans;
struct irc_connection;

struct irc_member {
	char *nick;
	char *host;        /* NULL: not known */
	unsigned prefixes; /* bits by the server's PREFIX */
	bool away;
};

enum irc_channel_state {
	IRC_CHANNEL_WANTED,  /* JOIN is sent when the connection is up */
	IRC_CHANNEL_ASKED,   /* JOIN was sent */
	IRC_CHANNEL_JOINING, /* the server said yes; names are coming */
	IRC_CHANNEL_JOINED,  /* the gateway knows everybody */
};

struct irc_channel {
	struct list link; /* in connection->channels */
	struct irc_connection *connection;
	enum irc_channel_state state;
	char *name;               /* "#chan" */
	char *room;               /* the legacy name, as the user wrote it */
	char *key;                /* NULL: none */
	char *told_nick;          /* what the gateway takes as the user's nickname in this room */
	enum irc_casemap casemap; /* of the keys of `members` */
	struct map *members;
	struct map
	        *former; /* those of before the connection was lost, until the new ones are known; or NULL */
	/* folded nickname -> mask, char *: what the user has banned, and whom somebody has banned and put out; NULL */
	struct map *bans;
	struct irc_bans *listing; /* the list of bans, while it is asked for (irc_bans.c); NULL */
	struct map *masks;   /* that were banned since the user came in; NULL: none */
	struct list waiting; /* struct irc_outgoing: until the user is in */
	unsigned closed;     /* bits of the modes that close or hide it (irc_channel_note_mode) */
	bool modes_known;    /* the answer to our question has come */
	bool told_private;   /* as the gateway knows ... */
	bool privacy_told;   /* ... once it was told */
	char *topic;     /* NULL: none */
	char *topic_author; /* NULL: not known */
};

struct irc_channel *irc_channel_create(struct irc_connection *connection, const char *name, const char *room);
void irc_channel_destroy(struct irc_channel **channel); /* tells nobody */

struct irc_member *irc_channel_find(const struct irc_channel *channel, const char *nick);
/* The member of that name, new or known; NULL if there are too many. */
struct irc_member *irc_channel_add(struct irc_channel *channel, const char *nick);
bool irc_channel_remove(struct irc_channel *channel, const char *nick); /* false: was not there */
bool irc_channel_rename(struct irc_channel *channel, const char *old_nick, const char *new_nick);

/* "user@host", or "" where it is not known. */
void irc_member_note_host(struct irc_member *member, const char *userhost);
/* `nick` is banned with this mask: LIMIT_IRC_BANS of them are remembered. */
void irc_channel_note_ban(struct irc_channel *channel, const char *nick, const char *mask);
/* The mask, forgotten here; NULL: not known. Caller frees. */
char *irc_channel_take_ban(struct irc_channel *channel, const char *nick);
/* The same, lent; and whom of them a mask has banned. NULL: not known. */
const char *irc_channel_ban_of(const struct irc_channel *channel, const char *nick);
const char *irc_channel_banned_by(const struct irc_channel *channel, const char *mask);

/* Somebody bans a mask, or takes that back. */
void irc_channel_note_mask(struct irc_channel *channel, const char *mask, bool set);
/* Which of them means this member; lent. NULL: none. */
const char *irc_channel_mask_of(const struct irc_channel *channel, const struct irc_member *member);

/* A mode of the channel that was set or taken back. Those that not everybody gets past, or finds it by, make it a
 * private one: i (by invitation), k (with a key), s (secret), p (private). */
void irc_channel_note_mode(struct irc_channel *channel, char mode, bool set);
/* To the gateway, if that is new to it: also that the channel is open, which may be news since an earlier session. */
void irc_channel_tell_privacy(struct irc_channel *channel);

/* JOIN went through: the list of members begins anew. */
void irc_channel_begin(struct irc_channel *channel);
/* The list is complete: tells the gateway everybody, the user last, then the subject. */
void irc_channel_complete(struct irc_channel *channel);
/* A new gateway: what people have been shown, the user last. */
void irc_channel_tell_all(struct irc_channel *channel);
/* The connection is lost: the members stay as the gateway knows them, the channel is to be joined again. */
void irc_channel_suspend(struct irc_channel *channel);

/* To the gateway; nothing before the list is complete. */
void irc_channel_tell_member(struct irc_channel *channel, const struct irc_member *member);
void irc_channel_tell_left(struct irc_channel *channel, const char *nick, int flags, const char *reason);
void irc_channel_tell_renamed(struct irc_channel *channel, const struct irc_member *member,
                              const char *old_nick);
/* A line of the network itself in the room. */
void irc_channel_tell_notice(struct irc_channel *channel, const char *text);
/* The join failed; flags of enum participant_flag. The channel is of no use after it. */
void irc_channel_tell_refused(struct irc_channel *channel, int flags, const char *text);
void irc_channel_tell_topic(struct irc_channel *channel);
