/* SPDX-License-Identifier: MIT */
/* A legacy room as joined by one user, with its participants, and the resources of the user that are in it. */
#pragma once

#include <stdbool.h>

#include "base/list.h"
#include "base/map.h"
#include "protocol/event.h"

struct resource;
struct room_bans_question;
struct user;

enum room_state {
	ROOM_WANTED,  /* asked for; JOIN_ROOM is sent when the user is connected */
	ROOM_JOINING, /* JOIN_ROOM sent */
	ROOM_JOINED,  /* own participant was seen */
};

struct participant {
	char *nickname;
	int flags;
	enum participant_role role;
	enum status status;
	char *status_text;
	char *icon_hash;
	char *alias;
	bool stale; /* known from before the session was lost: swept when our own participant comes again */
};

struct occupant { /* a resource of the user that is in the room */
	struct resource *resource;
	struct list link;
	bool late; /* came while the room was being joined: shown everything at once when that is done */
};

struct reflection { /* a message on its way: the id to put back on its echo */
	char *id;
	char *text;
};
#define ROOM_REFLECTIONS 32

struct room {
	struct user *user;
	char *name;         /* as the person wrote it: what frontends are told */
	char *network_name; /* the same in the case of the network's room list: what the backend is told */
	char *nickname;     /* the user's own, as far as known */
	char *wanted_nickname; /* asked for in the joined room, not yet answered; NULL */
	char *password; /* NULL: none */
	char *raw_join; /* the stanza that asked for it (features.rawxml): sent whenever it is joined; NULL */
	enum room_state state;
	struct list occupants;
	struct map *participants; /* nickname -> struct participant */
	char *subject;            /* NULL: not told yet */
	char *subject_author;
	char *title, *description, *icon_hash; /* what the network tells about the room; NULL: nothing */
	unsigned members;         /* 0: not told */
	bool is_private;
	bool has_info;            /* any of it was told */
	bool away;                /* the backend is without the network for now, and will be in the room again */
	bool full_told;           /* that there are too many participants */
	struct list viewed;       /* of rooms of this name whose clients are shown portraits (portrait.c) */
	struct room_bans_question *bans_question; /* under way (room_bans.c); NULL: none */
	bool subject_due;         /* it is new: shown once our own participant was seen */
	struct reflection reflections[ROOM_REFLECTIONS];
	unsigned reflection_next;
};

/* Names differ by case on some networks, clients send them in lower case: either finds it. */
struct room *room_find(const struct user *user, const char *name);
struct room *room_create(struct user *user, const char *name, const char *nickname, const char *password);
void room_destroy(struct room **room); /* out of user->rooms as well; what waits for it goes back to who sent it */
/* Sends JOIN_ROOM; the user is connected. */
void room_join(struct room *room);
/* The resource leaves; with the last one the backend is told (`raw` may be NULL) and the room is freed, unless the user
 * stays connected. */
void room_leave(struct room *room, struct resource *resource, const struct event_raw *raw);
/* Nobody is in it any more: the backend is told, then it is freed. */
void room_abandon(struct room **room, const struct event_raw *raw);
/* Every occupant is told why, then the room is freed. The backend is not told. */
void room_close(struct room **room, const char *reason);
/* The session is lost and will come again: occupants stay, participants become stale. */
void room_mark_lost(struct room *room);
/* The backend has lost the network, or is in the room again. What people say is still taken. */
void room_set_away(struct room *room, bool away);
/* Our own participant came: who is still stale has left. Shows that, then the room is JOINED. */
void room_joined(struct room *room);
bool room_has(const struct room *room, const struct resource *resource);
bool room_add(struct room *room, struct resource *resource); /* false: was in it */
bool room_remove(struct room *room, struct resource *resource);
void room_remember_reflection(struct room *room, const char *id, const char *text);
/* The id under which this text was sent by the user, taken out of the memory; NULL. Caller frees. */
char *room_take_reflection(struct room *room, const char *text);
/* To each resource in the room, or the one given. */
void room_deliver(struct room *room, struct resource *only, const struct event *event);
/* Participants, own last, then the subject: what a resource that comes late is shown. */
void room_replay(struct room *room, struct resource *to);
void room_deliver_info(struct room *room, struct resource *only);
void room_deliver_subject(struct room *room, struct resource *only);
/* What is not said stays as it is known. False: that is all known. */
bool room_update_info(struct room *room, const struct event_room_info *info);
void room_info_event(const struct room *room, struct event *event); /* lent */
/* As it is now known; lent. */
void room_participant_event(const struct room *room, const struct participant *participant, struct event *event);
/* Adds, changes, renames or (OFFLINE) removes. NULL: it is not there now, or the room is full. */
struct participant *room_update_participant(struct room *room, const struct event_participant *participant);
