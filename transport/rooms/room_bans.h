/* SPDX-License-Identifier: MIT */
/*
 * Who is banned from a room, as its network lists it. Nothing of it is kept: the list is asked of the backend (BANS)
 * when somebody wants to see it, and several who want to at the same time share one answer. So no room is asked about
 * in vain, and after a restart nothing has to be made up for. Loop thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "protocol/event.h"

struct buf;
struct room;
struct transport;
struct user;

struct room_bans {
	const struct event_ban *bans; /* LIMIT_BANS_PER_ROOM of them, in the network's order */
	size_t count;
	size_t left_out; /* and so many more */
};

/* `err` 0 and the list; or TP_ERR_ and NULL, where `reason` is NULL or a sentence of the network. Lent. It must not
 * call the core. */
typedef void room_bans_done(void *context, int err, const char *reason, const struct room_bans *list);

/* 0: `done` is called once, later, never from inside. Else it is not called: TP_ERR_NOT_CONNECTED (no session, or the
 * room is not joined), TP_ERR_UNSUPPORTED (the backend cannot tell), TP_ERR_LIMIT. */
int room_bans_ask(struct room *room, room_bans_done *done, void *context);
/* "MASK (nickname), by somebody, 2026-01-31", as far as it is known. */
void room_bans_describe(struct buf *out, const struct event_ban *ban);
/* By the router: a part of the answer. What nobody has asked for is dropped. */
void room_bans_told(struct user *user, const struct event_bans *part);
/* There will be no answer: whoever waits is told. For room.c. */
void room_bans_give_up(struct room *room, int err);
/* For transport.c: answers that do not come. */
void room_bans_expire(struct transport *transport, uint64_t now_ms);
