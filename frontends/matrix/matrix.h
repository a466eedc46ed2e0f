/* SPDX-License-Identifier: MIT */
/*
 * The Matrix frontend from the inside: what its files share. People are known by their user ids
 * ("@alice:example.org": the address of their identity), legacy contacts and participants are ghosts, and
 * every Matrix room that we know is one of four kinds (matrix_room.h).
 *
 *   homeserver -> appservice.c -> transaction.c -> bot.c, chat.c, portal_room.c -> router
 *   core -> matrix.c (deliver) -> show.c, notices -> ghost.c, homeserver.c -> homeserver
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "frontends/matrix/frontend.h"
#include "frontends/matrix/wire/appservice.h"
#include "frontends/matrix/wire/homeserver.h"
#include "frontends/matrix/wire/matrix_event.h"
#include "frontends/matrix/wire/matrix_id.h"
#include "frontends/matrix/wire/matrix_media.h"
#include "frontends/matrix/wire/registration.h"
#include "frontends/matrix/wire/transaction_order.h"
#include "transport/frontend.h"
#include "transport/routing/later.h"
#include "transport/transport.h"

#define MATRIX_FEDERATE "m.federate" /* of m.room.create: false shuts other homeservers out, for ever */

struct matrix_config {
	const char *homeserver, *server_name;
	const char *host, *url;
	long port;
	const char *registration;
	const char *prefix, *bot;
	struct config_list admins;
	const char *network;
	bool room_nicknames, federated, masquerade, spaces, open_chats, listed, presence;
	long join_ghosts, presence_interval;
};

struct matrix_frontend {
	struct frontend base;
	struct matrix_config config;
	struct matrix_names names;
	struct registration registration;
	char *bot; /* our own user id */
	struct http_client *http;
	struct homeserver *homeserver;
	struct matrix_media *media;
	struct appservice *appservice;
	struct map *rooms;     /* room id -> struct matrix_room */
	struct map *chats;     /* chat_key -> the struct matrix_room of kind CHAT */
	struct map *portals;   /* lower-case legacy room -> struct portal_rooms */
	struct map *makings;   /* lower-case legacy room -> struct making: portals on their way */
	struct map *asked;     /* what -> struct making: rooms on their way (making.c) */
	struct map *openings;  /* chat_key -> struct opening: chats on their way */
	struct map *unopened;  /* chat_key -> struct unopened: chats that will be opened (chat_all.c) */
	struct map *left;      /* chat_key -> the struct matrix_room of kind LEFT */
	struct map *pictures;  /* number of a question for a card -> ghost; "upload NUMBER" -> struct picture
	                          (contact.c) */
	uint32_t cards;        /* questions so far */
	struct map *presences;     /* ghost -> struct presence (presence.c) */
	unsigned presence_refused; /* in a row; from LIMIT_MATRIX_PRESENCE_REFUSALS on it is not told */
	uint64_t presence_looked_ms; /* clock_ms: whether somebody sees it */
	struct map *ghosts;    /* user id -> struct ghost; NULL: none yet */
	struct map *people;    /* user id -> struct person */
	size_t passers_by;     /* of those, who may have become some (passers_by.h) */
	size_t staying;        /* how many were none when they were looked for last */
	struct map *spaces;    /* user id -> struct space (space.c) */
	struct map *in_flight; /* messages whose event id is not known yet (in_flight.h, copies.h) */
	struct map *recent;    /* event id -> struct recent */
	struct transaction_order order;
	struct list accepting; /* struct accepting.link: requests that are answered later */
	struct list postponed; /* struct postponed.link: transactions that wait for accounts to be read */
	struct list faces;      /* struct face.link: pictures on their way (face.c) */
	struct list redactions; /* struct redaction.link: whose author is being asked for (redactions.c) */
	struct list long_texts; /* struct long_text.link: on their way into the store (long_text.c) */
	struct later_queue later; /* what must not be done from inside deliver */
	char *records;         /* begins the transaction ids of what the spool has: one for each spool */
	char *transaction;     /* begins the transaction ids that we make: one for each start */
	uint64_t transactions; /* and their count */
	size_t rooms_due;      /* whose members_due is set */
	struct http_listener *listener; /* the homeserver's; held until `read` */
	bool read;             /* the places that were stored are known */
	bool loaded;           /* all places are known; until then transactions are refused */
	int64_t suspect_ms;    /* since when the homeserver may not have told us something, Unix ms; 0: it has (gap.h) */
	bool gap_noted;        /* in the spool: since when, until all that was found is taken */
	bool has_unread;       /* of rooms, some may be unread (matrix_room.h) */
	struct gaps *gaps;     /* that are being looked for; NULL */
	struct gaps *again;    /* rooms that are being looked at again; NULL */
	uint64_t again_ms;     /* clock_ms when they will be; 0: they need not */
	int64_t again_since_ms; /* the trouble, Unix ms */
	unsigned again_failed; /* looks in a row that were given up: the next is later */
	unsigned recovering;   /* rooms that the process before was making, and that are looked for */
	bool stopping;
	void (*stopped)(void *context);
	void *stopped_context;
	unsigned stop_waits;
};

static inline struct matrix_frontend *matrix_frontend_of(struct frontend *base)
{
	return CONTAINER_OF(base, struct matrix_frontend, base);
}

/* Soon, from the loop: a and b are copied, each may be NULL. */
typedef void matrix_later_run(struct matrix_frontend *frontend, const char *a, const char *b);
void matrix_later(struct matrix_frontend *frontend, matrix_later_run *run, const char *a, const char *b);
/* The same, not before so many milliseconds have passed. */
void matrix_after(struct matrix_frontend *frontend, uint64_t ms, matrix_later_run *run, const char *a,
                  const char *b);

/* One of those that `recovering` counts was found, or is not there. */
void matrix_recovered(struct matrix_frontend *frontend);

/* What people call the network. */
const char *matrix_network_name(const struct matrix_frontend *frontend);
/* A path under /_matrix/client/v3 with its variable parts encoded: "%s" are replaced by the texts. To be
 * freed. */
char *matrix_path(const char *format, ...);
/* PUT or POST whose outcome only the log wants to know. `body` NULL: {}. */
void matrix_tell(struct matrix_frontend *frontend, enum http_method method, char *path, const char *as,
                 const char *body, const char *lane);
/* The same with a body of one text: {"KEY": TEXT}. */
void matrix_tell_text(struct matrix_frontend *frontend, enum http_method method, char *path, const char *as,
                      const char *key, const char *text, const char *lane);
/* By the bot. */
void matrix_invite(struct matrix_frontend *frontend, const char *room, const char *who, const char *lane);
/* By the bot (as NULL) or a ghost. */
void matrix_leave(struct matrix_frontend *frontend, const char *room, const char *as);
/* POST with a body of one text, by the bot, before what waits in the lane. */
void matrix_tell_first(struct matrix_frontend *frontend, char *path, const char *key, const char *text,
                       const char *lane);
/* A transaction id that was never used before, also not by an earlier process. */
void matrix_put_transaction(struct matrix_frontend *frontend, struct buf *out);
/* An m.room.message, by the bot (as NULL) or a ghost; a refusal is logged. */
void matrix_say(struct matrix_frontend *frontend, const char *room, const char *as, const char *content);
/* m.notice of the bot, or several if the text is long; in reply to an event unless NULL. */
void matrix_notice(struct matrix_frontend *frontend, const char *room, const char *reply_to,
                   const char *text);
/* The same by another of ours: in a chat the bot is not there. */
void matrix_notice_as(struct matrix_frontend *frontend, const char *room, const char *as,
                      const char *reply_to, const char *text);
