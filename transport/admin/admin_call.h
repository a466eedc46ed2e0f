/* SPDX-License-Identifier: MIT */
/* One command under way. For admin*.c and what is put into the table of commands; nobody else includes it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/table.h"
#include "transport/admin/admin.h"
#include "transport/admin/admin_table.h"
#include "transport/store/store.h"

struct admin_call {
	struct transport *transport;
	const struct admin_entry *entry;    /* NULL: not yet known */
	char *line;                         /* the words point into it */
	const char *words[ADMIN_ARGUMENTS]; /* the arguments; "" for what is left out at the end */
	size_t count;
	bool json, bodies;
	unsigned width; /* of the terminal; 0: unknown */
	struct admin_caller caller;
	/* admin_person.c: the user that is named. */
	struct frontend *frontend; /* whose address it is; of several that could be, the one that was asked last */
	char *address;             /* as known there; a word points at it */
	const char *written;       /* as the administrator wrote it */
	size_t person;             /* which word */
	store_account_done *found;
	void (*with_key)(struct admin_call *call, const char *key);
	char *kept;    /* for the one that runs over several turns */
};

/* That word is an address on one of the frontends, or the key of an account that has a session or is banned. False:
 * it is nobody's. What follows is about him. */
bool admin_name_person(struct admin_call *call, size_t word);
/* His account, on whichever frontend, by its key too: `found` with the call; TP_ERR_NOT_FOUND: he has none. If the
 * gateway ends meanwhile, that is answered instead. */
void admin_find_account(struct admin_call *call, store_account_done *found);
/* The key of his account (NULL: not read, or there is none); without one, the key that it would have. To be freed. */
char *admin_key_of(const struct admin_call *call, const struct store_account *account);
/* The same, looked for: now if he is here, else as admin_find_account. `key` is good for the call. */
void admin_find_key(struct admin_call *call, void (*with_key)(struct admin_call *call, const char *key));

/* How somebody is shown in lists: by an address that the account has; one who is not here, by that of his key. To be
 * freed. */
char *admin_shown_person(const struct transport *transport, const char *key);
/* Whether that, one of his other addresses or the key has this text. */
bool admin_person_has(const struct transport *transport, const char *key, const char *text);

/* Each ends the call: exactly one of them, now or later. */
void admin_answer(struct admin_call *call, const char *text);
void admin_answer_buf(struct admin_call *call, struct buf *text); /* empties it */
void admin_answer_number(struct admin_call *call, uint64_t number);
void admin_answer_table(struct admin_call *call, struct table **table);
/* The text goes behind "Error: ". */
void admin_answer_error(struct admin_call *call, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
/* An answer that is JSON already; only if call->json. */
void admin_answer_json(struct admin_call *call, struct buf *object);

/* admin_show.c: variables, each with its value as text, and lists. */
void admin_put_variable(const struct transport *transport, enum admin_id id, struct buf *out);
void admin_show_status(struct admin_call *call);
void admin_show_online_users(struct admin_call *call);
void admin_show_has_online_user(struct admin_call *call);
void admin_show_users(struct admin_call *call);
void admin_show_rooms(struct admin_call *call);
void admin_show_bans(struct admin_call *call);
void admin_show_backends(struct admin_call *call);

/* admin_spool.c */
void admin_show_spool(struct admin_call *call);
void admin_show_spool_status(struct admin_call *call);
void admin_spool_retry(struct admin_call *call);
void admin_spool_bounce(struct admin_call *call);
void admin_spool_drop(struct admin_call *call);
void admin_restart(struct admin_call *call);

/* admin_queue.c */
void admin_show_queues(struct admin_call *call);
void admin_show_frontends(struct admin_call *call);

/* admin_workspace.c */
void admin_show_workspaces(struct admin_call *call);
void admin_workspace_stop(struct admin_call *call);
void admin_workspace_remove(struct admin_call *call);
void admin_get_oauth2_url(struct admin_call *call);
void admin_set_oauth2_code(struct admin_call *call);
void admin_list_rooms(struct admin_call *call);
void admin_join_room(struct admin_call *call);
void admin_leave_room(struct admin_call *call);

/* admin_act.c: what changes something. */
void admin_register(struct admin_call *call);
void admin_unregister(struct admin_call *call);
void admin_kick(struct admin_call *call);
void admin_ban(struct admin_call *call);
void admin_unban(struct admin_call *call);
void admin_message(struct admin_call *call);
void admin_broadcast(struct admin_call *call);
void admin_drain(struct admin_call *call);
void admin_undrain(struct admin_call *call);
void admin_reload(struct admin_call *call);
void admin_user_log_level(struct admin_call *call);
void admin_set_log_level(struct admin_call *call); /* words[0]: the level */
void admin_follow(struct admin_call *call);
