/* SPDX-License-Identifier: MIT */
/* Matrix rooms that we know: what each is for, and who is in it. Kept in the store as places. */
#pragma once

#include <stdbool.h>

#include "frontends/matrix/matrix.h"
#include "protocol/event.h"

enum matrix_room_kind {
	MATRIX_ROOM_PLAIN,   /* the bot is there, and it is tied to nothing (yet) */
	MATRIX_ROOM_CONTROL, /* `owner` talks to the bot */
	MATRIX_ROOM_CHAT,    /* `owner` talks to the contact `name` */
	MATRIX_ROOM_PORTAL,  /* of the legacy room `name` */
	MATRIX_ROOM_SPACE,   /* the space of `owner` (space.h) */
	MATRIX_ROOM_LEFT,    /* was a chat, which its owner has left: a note that it is not wanted */
};

struct matrix_room {
	char *id;
	enum matrix_room_kind kind;
	char *owner;         /* CONTROL, CHAT, SPACE, LEFT: a user id */
	char *name;          /* CHAT, LEFT: contact, or "room/nickname" if in_room; PORTAL: legacy room */
	bool in_room;        /* CHAT with somebody whom one knows from a room only */
	char *relay;         /* PORTAL: user id of who speaks for people without an account; NULL: nobody */
	bool ours;           /* PORTAL made by us: anybody may join unless door.is_private, ghosts need no invitation */
	bool encrypted;      /* and people were told that it cannot be read (encryption.h) */
	uint64_t spoke_ms;   /* clock_ms when one of the people did something in it last; 0: not since our start */
	bool typing;         /* CHAT: the owner, as the network was told */
	struct map *typers;  /* PORTAL: people of whom the network was told that they type; NULL: nobody */
	struct map *members; /* user id -> itself: who is joined, people and ghosts; invited ghosts too */
	size_t ghosts;       /* of them */
	unsigned people_moves; /* how often the homeserver has told that one of the people came or went */
	bool members_due;    /* after a start: the homeserver has not said yet who that is */
	struct {             /* PORTAL: participants that become members, one after the other */
		struct map *waiting; /* ghost -> its name */
		bool busy;           /* one of them is on the way */
	} arrivals;
	struct map *outsiders; /* PORTAL: ghost -> enum outsider (outsider.h) */
	bool told_unheard;     /* PORTAL: that nobody of the network is heard here */
	struct {               /* PORTAL of ours (portal_door.h) */
		bool is_private;    /* the network says so */
		bool known;         /* and the homeserver has been compared with that */
		struct map *asking; /* people who wait for the network to let them in */
	} door;
	struct { /* what it looks like */
		char *title, *topic; /* as we set them last; NULL */
		char *topic_event;   /* the last by which one of the people has changed the topic; NULL */
		char *icon;          /* hash of the picture that it shows, or will; NULL */
		bool fetching;       /* PORTAL: a picture that one of the people has given it is on the way */
	} shown;
	struct { /* PORTAL (portal_power.h) */
		struct map *levels; /* user id -> role above none (power_level_get), as they were set last */
		bool busy;          /* they are being looked at, or will be */
		uint64_t looked_ms; /* when that was last; 0: never */
	} power;
	struct { /* what replaces it (upgrade.h) */
		char *successor;    /* cannot be entered before somebody invites; NULL */
		bool closed;        /* and a message was refused: they wait for the successor */
		char *claim;        /* is said to replace it, which is being checked; NULL */
		char *claim_by;     /* who says so: a user id */
		bool claim_allowed; /* and may */
		bool claimed_again; /* by another tombstone meanwhile */
		unsigned replaced;  /* how many rooms in a row were tied and left again by what their state says */
	} upgrade;
	struct { /* PLAIN: it may continue one of ours (continuation.h) */
		bool undecided; /* what is said in it is not looked at before that is known */
		char *predecessor, *creator; /* as its m.room.create says; NULL: not read yet */
		bool deciding;
	} continues;
	struct { /* what was not pushed (gap.h) */
		bool unread;          /* it continues another, and what was said before it was tied is not taken yet */
		bool look_when_quiet; /* for a tombstone in its state, when the homeserver has nothing more to push */
	} gap;
};

/* A chat with a contact has the contact's name; one with somebody whom one knows from a room only (`in_room`)
 * has "room/nickname". Of such a name: the nickname in it, NULL: it is a contact's. */
const char *matrix_chat_nickname(const char *name, bool in_room);
/* And the room before that nickname. To be freed. */
char *matrix_chat_legacy_room(const char *name, const char *nickname);
/* The name of the chat that a message of kind CHAT or ROOM_PRIVATE belongs to. To be freed. */
char *matrix_chat_name(const struct event_message *message);
/* As which this chat is known in maps. To be freed. */
char *matrix_chat_key(const char *owner, const char *name);

/* NULL: not known. */
struct matrix_room *matrix_room_find(const struct matrix_frontend *frontend, const char *id);
struct matrix_room *matrix_room_chat(const struct matrix_frontend *frontend, const char *owner,
                                     const char *name);
/* Whether the person has left the last chat with this contact. */
bool matrix_room_was_left(const struct matrix_frontend *frontend, const char *owner, const char *name);
/* The portal of a legacy room: the first of them if there are several. */
struct matrix_room *matrix_room_portal(const struct matrix_frontend *frontend, const char *name);
/* Whether the legacy room of this portal is tied to other Matrix rooms as well. */
bool matrix_room_has_sisters(const struct matrix_frontend *frontend, const struct matrix_room *room);
/* Of each place that the legacy room is tied to. */
void matrix_room_each_portal(struct matrix_frontend *frontend, const char *name,
                             void (*each)(struct matrix_frontend *frontend, struct matrix_room *room,
                                          void *context),
                             void *context);
/* Makes it known as this, or what was known into this; owner and name may be NULL. Stored. */
struct matrix_room *matrix_room_set(struct matrix_frontend *frontend, const char *id,
                                    enum matrix_room_kind kind, const char *owner, const char *name);
void matrix_room_store(struct matrix_frontend *frontend,
                       struct matrix_room *room); /* after a change of its other fields */
/* From now on it is not what matrix_room_chat finds; another one of the two is, if there is one. Stored. */
void matrix_room_note_encrypted(struct matrix_frontend *frontend, struct matrix_room *room);
/* Before the one is forgotten and the other set: that `to` is in its place, and to be read, is on record at once. The
 * database has the two one after the other; who dies in between would have neither. */
void matrix_room_note_replaced(struct matrix_frontend *frontend, const struct matrix_room *room, const char *to);
void matrix_room_forget(struct matrix_frontend *frontend, struct matrix_room **room);

/* To something of the network. */
bool matrix_room_is_tied(const struct matrix_room *room);
bool matrix_room_has(const struct matrix_room *room, const char *user_id);
void matrix_room_note_member(struct matrix_frontend *frontend, struct matrix_room *room, const char *user_id,
                             bool in);
/* Everybody who is in a room, is to come into it, or whom it is of: some of them more than once. */
void matrix_rooms_each_user(const struct matrix_frontend *frontend, void (*each)(void *context, const char *user_id),
                            void *context);
/* How many people, not ours. */
size_t matrix_room_people(const struct matrix_room *room);

/* Reads the stored places, then asks the homeserver who is in each; `ready` is called when the places are
 * known. */
void matrix_rooms_load(struct matrix_frontend *frontend, void (*ready)(struct matrix_frontend *frontend));
void matrix_rooms_free(struct matrix_frontend *frontend);
