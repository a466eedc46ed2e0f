/* SPDX-License-Identifier: MIT */
/*
 * A user: the live session of an account. Its login state machine:
 *
 *   IDLE --somebody is there--> WAITING --a backend is given--> CONNECTING --CONNECTED--> CONNECTED
 *     ^                           ^                               |  DISCONNECTED or backend lost  |
 *     |                           '---- RETRYING (timer) <--------+--------------------------------'
 *     '---- FAILED <-- error that trying again cannot mend, or the third retry in a row of what the network ended
 *
 * A user is freed when its last resource is gone, unless stay_connected is set.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/arena.h"
#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "protocol/event.h"
#include "transport/store/store.h"

struct backend;
struct conversation;
struct login_step;
struct roster;
struct transport;

enum user_state { USER_IDLE, USER_WAITING, USER_CONNECTING, USER_CONNECTED, USER_RETRYING, USER_FAILED };

#define USER_RETRIES 3 /* in a row, silently; then the person is told */

struct user {
	char *label; /* "user KEY", of log */
	int64_t account;
	char *legacy_name;
	char *password;
	char *language;
	bool vip;
	struct map *settings;      /* name -> char *; this map and the others: NULL while empty */
	struct list backend_link;  /* backend->users, or a queue of the NetworkPluginServer */
	bool moving;               /* and that queue is the one of idle people between two backends */
	bool told_unavailable;     /* in words; so is told when it works again */
	int retries;
	uv_timer_t *retry_timer;   /* NULL unless RETRYING */
	int last_error;            /* of the last DISCONNECTED */
	char *last_error_text;
	enum status sent_status;   /* what the backend was last told */
	char *sent_status_text;
	struct map *requests;      /* decimal id -> struct card_request */
	const char **room_list, **room_names; /* the user's own ROOM_LIST; owned */
	size_t room_list_count;
	uint64_t connected_ms; /* clock_ms */
	char *authenticating; /* password under test by session_authenticate, NULL */
	struct authentication *authentication; /* authentication.c: what waits for this login; NULL */
	unsigned flaps;       /* sessions in a row that ended within a minute: the back-off grows with them */
	bool online;          /* the store has it as online */
	uint64_t grace_ms;    /* clock_ms: taken over, and until then kept without clients; 0: not */
	uint64_t values_serial; /* of the assignment to a backend: values.c */
	struct login_step *login_step; /* what the login asks for now (login_step.h); NULL: nothing */
	bool question_lost;   /* it was asked something, and the login was interrupted: an answer may still come */
	/* A login with a password was let in for the sake of the dialogue, before the network agreed
	 * (authentication.c); and with an account that is no older than that. Until CONNECTED. */
	bool admitted, admitted_new;

	/* Every message looks at these, and at the key. They lie together, and the key behind them in the same piece: of
	 * somebody who has been quiet, memory gives them line by line. */
	struct log log;
	struct transport *transport;
	char *key;   /* users.jid; of the same piece of memory */
	struct backend *backend;   /* set in CONNECTING and CONNECTED */
	enum user_state state;
	bool resuming;        /* its session was taken over from the last process, and the backend still tells what it kept */
	bool login_sent;      /* LOGIN has gone to user->backend: now that backend may speak for the user */
	struct map *conversations; /* lower-case contact -> struct conversation */
	struct conversation *last_conversation; /* of those, the one that was used last; NULL */
	struct map *rooms;         /* lower-case name -> struct room */
	struct roster *roster;
	struct spool_queue *outbox; /* what is on its way to the network (delivery_network.c); NULL: not opened yet */
	struct list identities;    /* struct identity.link; they may have no resources with stay_connected */
	uint64_t messages_in, messages_out;
	uint64_t active_ms; /* clock_ms, as it was when the loop's turn began */
};

struct user *user_find(const struct transport *transport, const char *key);
/* What every message looks at in the user itself is asked for. NULL is fine. */
static inline void user_prefetch_own(const struct user *user)
{
	if (user) /* 32: as many bytes of the key as most have */
		mem_prefetch(&user->log, sizeof(*user) - offsetof(struct user, log) + 32);
}
/* A message of this user or to it is about to be routed. NULL: nobody's. */
void user_prefetch(const struct user *user);
struct user *user_create(struct transport *transport, const struct store_account *account);
/* LOGOUT to the backend, contacts and rooms unavailable to frontends, resources forgotten; `reason` may be NULL. */
void user_destroy(struct user **user, const char *reason);

/* Somebody is there: log in unless that is done or under way. */
void user_login(struct user *user);
/* LOGOUT and back to IDLE; resources stay. */
void user_logout(struct user *user);
/* The same for a reason that is not the person's: told, and the store still has the user as online, so that a
 * restart brings it back. Nothing happens in IDLE and FAILED. */
void user_suspend(struct user *user, const char *reason);
/* A sentence of the gateway itself to every address that is attended. */
void user_notify(struct user *user, const char *text);
/* LOGOUT and log in again with new data (account changed). */
void user_relogin(struct user *user);

/* An event of this user to its backend: sets event->user. As backend_send; TP_ERR_CLOSED: it has none. To a backend
 * without the extension a message goes in words (protocol/degrade.h). With features.rawxml event->raw is sent in its
 * place; joining and leaving a room are sent in both forms. */
int user_send(struct user *user, struct event *event);
/* A message as the user's backend will get it; new text lives in the arena. As degrade_message. */
int user_degrade(const struct user *user, struct arena *arena, struct event_message *message);

/* Called by the NetworkPluginServer. user_backend_lost may free the user. */
void user_backend_assigned(struct user *user, struct backend *backend);
/* The session goes on that this backend has held over a restart of ours. */
void user_resume(struct user *user, struct backend *backend, bool connected);
/* The user is to be moved: LOGOUT, user->backend is cleared, and another one will be assigned. */
void user_backend_leave(struct user *user);
/* The user waits, and no backend will be there soon. */
void user_backend_unavailable(struct user *user);
void user_backend_lost(struct user *user, const char *why); /* user->backend is still set, and cleared by this */

/* By values.c: the backend has what is stored; now LOGIN, and what follows. */
void user_log_in(struct user *user);
/* By login_step.c: the login under way is over and not tried again by itself. May free the user. */
void user_end_login(struct user *user, const char *text);

/* Called by the router. user_disconnected may free the user. */
void user_connected(struct user *user);
void user_disconnected(struct user *user, int error, const char *text);

/* Taken over, and for so long kept without clients. */
void user_set_grace(struct user *user, uint64_t ms);
/* Recomputes the status of the most important resource and tells the backend if it changed. */
void user_update_status(struct user *user);
/* Frees the user if nobody is left and it may not stay. True if it is gone. */
bool user_release_if_unused(struct user *user);

/* Settings: the person's own value, else the instance's default. */
bool user_setting_bool(const struct user *user, const char *name, bool fallback);
void user_set_setting(struct user *user, const char *name, const char *value); /* also stored */
bool user_is_attended(const struct user *user); /* any of its addresses has a client */
/* Whether the session lives on when nobody is left. */
bool user_stays_connected(const struct user *user);
/* Why the account is kept out by others, whatever its owner has set (banned, no VIP where only those may): a
 * sentence, "" if there is none. NULL: it is not. */
const char *user_kept_out(const struct transport *transport, const char *key, bool vip);
/* To all its addresses, in words once: that it has no session for this reason. */
void user_tell_kept_out(struct user *user, const char *text);
/* The account may have a session: not banned, not switched off by its owner, and VIP where only those may.
 * *text (may be NULL) gets a sentence or NULL. */
bool user_may_log_in(const struct user *user, const char **text);
/* What is logged of this account, live or not: an enum log_level, or -1 for what is logged of others. */
void user_set_log_level(struct transport *transport, const char *key, int level);
int user_log_level(const struct transport *transport, const char *key); /* -1: as others */
/* The nickname that the account has on the network: its name, without the server that this may end with. To be
 * freed. */
char *user_nickname(const struct user *user);
/* Settings go to the backend (LOGIN), as third-party backends have settings of their own, except ours:
 * enable_transport, send_headlines, stay_connected, display_name, delivery,
 * photohash, storage, rooms, slack_channel, and whatever
 * has "token" in its name. */
bool user_setting_is_for_backend(const char *name);
