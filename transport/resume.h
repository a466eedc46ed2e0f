/* SPDX-License-Identifier: MIT */
/*
 * Sessions that go on when this process is replaced. What the next one needs beside the account is kept in the spool's
 * notes: the rooms, and which clients are in them ("room", by account key and room). Who is here at all is in the
 * store.
 *
 * A session that a backend has held is taken over as it is, nobody is told anything. Others are logged in again
 * (reconnect.h), and join the rooms that stand in the notes.
 */
#pragma once

#include <stdbool.h>

struct backend;
struct room;
struct transport;
struct user;

/* The room was made, its occupants or nickname changed. */
void resume_note_room(const struct room *room);
void resume_forget_room(const struct room *room);

/* Rooms of this user that stand in the notes, as ROOM_WANTED or, `joined`, as ROOM_JOINED without participants.
 * Clients are put into them as far as their frontend says that they are still there. */
void resume_rooms(struct user *user, bool joined);

/* Where somebody of this frontend was in a room of an account that is not back yet, as the notes say. Texts to be freed.
 * False: nowhere. */
struct resume_place {
	char *address; /* the identity's */
	char *name;    /* of the room, as that account calls it */
};
bool resume_find_place(struct transport *transport, const char *account, const char *room, const char *frontend,
		       struct resume_place *place);

/* A session that the backend holds: the account is looked up, the user made and bound. done(context, user) later,
 * in the order of the calls; user NULL: the account is gone or the session is not wanted. */
void resume_session(struct transport *transport, struct backend *backend, const char *key, bool connected,
		    void (*done)(void *context, struct user *user), void *context);
/* The backend has told all that it kept: rooms that it does not know are joined again, what waits is handed on. */
void resume_finish(struct user *user);
/* Who was taken over, and whose clients have not been heard of since, is let go. */
void resume_expire(struct transport *transport);
