/* SPDX-License-Identifier: MIT */
/*
 * Pictures of our own people in the rooms of others. Somebody of a frontend that shares rooms (Matrix, Slack) is on
 * the network under a nickname that all see. Where the network has no picture of him, his frontend may have one:
 * clients of the frontends where a room is each person's own (XMPP) are shown it as the participant's (icon_hash), and
 * get it as his card.
 *
 * A picture is asked for (frontend_ops.card) when the first such client sees the participant, LIMIT_PORTRAITS_ASKED at
 * a time. Its hash is remembered, of LIMIT_PORTRAITS people; the bytes go to whoever asks for the card, and are not
 * kept.
 * Loop thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct frontend;
struct resource;
struct room;
struct transport;
struct user;

/* Who is in the room, under which nickname, or whether it is joined, has changed. For portal.c and the router. */
void portrait_update(struct room *room);
/* The room is about to be freed. */
void portrait_forget_room(struct room *room);
/* The room's people have seen this participant for the first time, or under a new nickname. */
void portrait_show(struct room *room, const char *nickname);
/* They, or only this one, have seen all participants. */
void portrait_show_all(struct room *room, struct resource *only);
/* Somebody asks for the card of `name` ("room/nickname") by the number `id` of request.h: true, and it is answered, or
 * the backend is asked in the end. False: it is nobody of ours with a picture. */
bool portrait_answers(struct user *user, const char *name, uint32_t id);
/* By a frontend, not from inside deliver: this person of it has another picture or name, or may have one now. */
void portrait_changed(struct frontend *frontend, const char *address);
/* For transport.c: after the frontends. */
void portraits_finish(struct transport *transport);
