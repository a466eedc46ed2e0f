/* SPDX-License-Identifier: MIT */
/* People: who uses the bridge, their control rooms (the chat with the bot), and their presence here. */
#pragma once

#include "frontends/matrix/rooms/matrix_room.h"

struct identity;
struct resource;
struct room;

enum puppet_state { PUPPET_UNKNOWN, PUPPET_LOADING, PUPPET_NONE, PUPPET_TOKEN };

struct person {
	char *id;
	char *control;       /* room; NULL: none yet */
	bool creating;       /* one is on its way */
	bool recovering;     /* the process before has asked for it */
	struct list waiting; /* struct notice.link: for when it is there */
	unsigned waiting_count;
	unsigned left_out; /* how many of them there was no room for */
	char *name;        /* as the homeserver shows it; NULL: not known */
	char *local_part;  /* of the id, once it was asked for */
	char *picture;        /* mxc://, as the homeserver shows it (person_picture.h); NULL: none */
	bool picture_fetched; /* it was, or is being fetched, to be kept */
	/* profile.h */
	char *avatar, *card_name; /* as they were changed last: mxc://, display name; NULL: none */
	bool has_card;            /* they were */
	bool card_waits;          /* and the network has not been told */
	char *refused_name; /* that the network did not take as a nickname (nickname.h); NULL */
	bool unregistered; /* has no account: the store need not be asked again */
	bool switched_off; /* the account may not log in: until they log in, it need not be asked either */
	bool told_unheard; /* that nobody hears him in a portal */
	enum puppet_state puppet;
	char *token;              /* with which we speak as this person (puppet.h); NULL */
	struct map *puppet_rooms; /* room -> what came of it when that was refused there; NULL: nothing */
	bool present; /* people_forget */
	bool curious; /* is told when the network session is up: they asked for it, or were told of a trouble
	               */
};

struct person *person_of(struct matrix_frontend *frontend, const char *id);
/* Into the control room, which is made if there is none. */
void person_tell(struct matrix_frontend *frontend, const char *id, const char *text);
/* The same of a whole m.room.message (its content). */
void person_show(struct matrix_frontend *frontend, const char *id, const char *content);
/* The bot is not, or the person is not, in that room any more: it is no control room. Another of them is, if there is
 * one. */
void person_forget_control(struct matrix_frontend *frontend, const char *id, const char *room);
/* The person talks to the bot there from now on, unless it is encrypted. */
void person_set_control(struct matrix_frontend *frontend, const char *id, const char *room);
/* What others see: the display name in one line, or the local part of the id. */
const char *person_name(struct matrix_frontend *frontend, const char *id);
/* Whether that is a change. */
bool person_note_name(struct matrix_frontend *frontend, const char *id, const char *name);
/* The always present client of this address, attached if it is not; NULL: no account, or banned. The account
 * may be still unknown, or not be there. Not from inside deliver. */
struct resource *person_attach(struct matrix_frontend *frontend, const char *id);
/* matrix_later: there is an account now. */
void person_registered(struct matrix_frontend *frontend, const char *id, const char *unused);
/* The client of somebody whose account has been read; NULL: not here, or not yet. */
struct resource *person_ready(struct matrix_frontend *frontend, const char *id);
/* Whether an account of that address is being read; it begins here if it was not begun. Not from inside deliver. */
bool person_is_loading(struct matrix_frontend *frontend, const char *id);
/* The legacy room `name` as this person has it; NULL: not there, not ready, or one of ours. */
struct room *person_room(struct matrix_frontend *frontend, const char *id, const char *name);
/* matrix_later: what waits for the person can be shown now. */
void person_show_waiting(struct matrix_frontend *frontend, const char *id, const char *unused);
/* What the account's login has come to. */
void person_show_session(struct matrix_frontend *frontend, struct identity *identity,
                         const struct event_session *session);
/* Control rooms that the process before was making: matrix_recovered for each of frontend->recovering. */
void people_recover(struct matrix_frontend *frontend);
/* All who are in no room and with whom nothing is under way (passers_by.h). Pointers to them, and their names, end. */
void people_forget(struct matrix_frontend *frontend);
void people_free(struct matrix_frontend *frontend);
