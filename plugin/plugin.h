/* SPDX-License-Identifier: MIT */
/*
 * libtransport-plugin: what a backend program links. A backend is a process that the gateway starts; it logs
 * users in to a legacy network and passes events both ways. backends/echo is the whole of a small one.
 *
 *     static const struct plug_ops ops = { .login = on_login, .message = on_message };
 *     int main(int argc, char **argv) {
 *             struct plug *plug = plug_create(argc, argv, &(struct plug_options){ .name = "echo" }, &ops, NULL);
 *             return plug ? plug_run(plug) : 1;
 *     }
 *
 * Threading: one thread. Callbacks run inside plug_run or plug_dispatch; every call is allowed in them but
 * plug_run, plug_dispatch and plug_destroy.
 * Ownership: pointers given to callbacks are good during the call; plug_ functions copy what they are given.
 * `user` is the account key of the gateway's user: opaque, compare it and send it back.
 * The library links neither OpenSSL nor libuv.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "config/config.h"
#include "protocol/event.h"

#define PLUG_API __attribute__((visibility("default")))

struct plug;

/*
 * What became of a message. The gateway keeps it until it is DONE or refused, and gives it to the next process if this
 * one dies before: so say DONE when the network has confirmed it, never while it waits in a queue here. Where the
 * gateway does not know the extension (Spectrum 2), verdicts mean nothing.
 */
enum plug_verdict {
	PLUG_DONE,    /* the network has it, or nothing better can be known; also for what is not for this network */
	PLUG_PENDING, /* plug_message_done or plug_message_refused will be called with plug_handover's number */
};

/* Every slot may be NULL: the event is ignored then (a vcard_request is answered with an empty card). */
struct plug_ops {
	/* Log the user in; answer sooner or later with plug_connected or plug_disconnected. May come for a user
	 * who is already logged in: take the new data, and answer again. */
	void (*login)(struct plug *plug, const char *user, const struct event_login *login);
	/* Log the user out; no answer. */
	void (*logout)(struct plug *plug, const char *user);
	/* To a contact, or to a room the user is in (then message->name is the room, or "room/nickname" for a
	 * private message; message->kind is always MESSAGE_CHAT). The ids in it that name other messages are the network's
	 * own, as the backend told them; without options.references there are none, the text says it all. A number that this
	 * process has had already does not come again. */
	enum plug_verdict (*message)(struct plug *plug, const char *user, const struct event_message *message);
	enum plug_verdict (*subject)(struct plug *plug, const char *user, const char *room, const char *subject);
	enum plug_verdict (*attention)(struct plug *plug, const char *user, const char *contact, const char *text);
	/* The user moderates a room: message->name is the room, nickname whom it is about, text the reason or "", and
	 * moderation what is to be done. Left NULL, the user is told that this cannot be done here. */
	enum plug_verdict (*moderate)(struct plug *plug, const char *user, const struct event_message *message);
	/* The user changes what a room is called, or its picture: message->name is the room, change what is new. Left NULL,
	 * the user is told that this cannot be done here. What has changed is told by plug_room_info. */
	enum plug_verdict (*room_change)(struct plug *plug, const char *user, const struct event_message *message);
	/* The user wants to know who is banned from a room that he is in: answer with plug_bans, sooner or later. Left NULL,
	 * he is told that this is not known. */
	void (*bans)(struct plug *plug, const char *user, const char *room);
	/* The person has read all up to this message. */
	void (*read_marker)(struct plug *plug, const char *user, const struct event_read_marker *marker);
	/* `name` is a contact or a room that the person is in. */
	void (*chat_state)(struct plug *plug, const char *user, const char *name, enum chat_state state);
	/* The user's own presence changed. */
	void (*status)(struct plug *plug, const char *user, enum status status, const char *text);
	/* Add or change a contact on the network; also: accept that contact's authorization request. */
	void (*contact)(struct plug *plug, const char *user, const struct event_contact *contact);
	void (*contact_removed)(struct plug *plug, const char *user, const char *contact);
	/* The contacts that the gateway remembers, right after login (options.send_contacts_on_login). */
	void (*contacts)(struct plug *plug, const char *user, const struct event_contact *contacts, size_t count);
	/* Join; for a room that the user is in already with another nickname (options.room_nickname_change): change
	 * the nickname. Answer with plug_participant for everyone, the user's own last. */
	void (*room_join)(struct plug *plug, const char *user, const struct event_room *room);
	void (*room_leave)(struct plug *plug, const char *user, const char *room);
	/* Answer with plug_vcard and the same id within 40 s. */
	void (*vcard_request)(struct plug *plug, const char *user, const char *contact, uint32_t id);
	/* The user's own card changed. */
	void (*vcard)(struct plug *plug, const char *user, const struct event_vcard *vcard);
	void (*raw_xml)(struct plug *plug, const char *stanza, size_t length);
	/* The answer to plug_login_step; value NULL: the person gives up, answer plug_disconnected. */
	void (*login_answer)(struct plug *plug, const char *user, uint32_t step, const char *value);
	/* What plug_value_set has stored for the user, all of it, right before login. */
	void (*values)(struct plug *plug, const char *user, const struct event_value *values, size_t count);
	/* The gateway was gone and another one has taken over this user's session (options.outlives_gateway): tell
	 * contacts, rooms with participants (the user's own last) and subjects as they are now, before it returns. It is
	 * taken as known, and not shown to people as news. Users for whom it is not called are logged out by `logout`. */
	void (*resync)(struct plug *plug, const char *user);
	/* The gateway is gone (true) or there again (false). Sessions go on; what is sent is kept (plug_full), and messages
	 * get the time of now unless they have one. */
	void (*held)(struct plug *plug, bool held);
	/* The gateway says goodbye or is gone; called once, nothing can be sent any more. plug_run returns after it;
	 * with plug_dispatch the program ends itself. Close legacy sessions here. */
	void (*exit)(struct plug *plug);
};

struct plug_options {
	const char *name;  /* of the program, for messages */
	bool rooms;        /* the network has rooms (features.muc) */
	bool receipts;     /* it acknowledges messages (features.receipts) */
	bool raw_xml;      /* features.rawxml */
	bool disable_jid_escaping;
	bool send_contacts_on_login;
	bool room_nickname_change; /* room_join with another nickname changes it (features.room_nick, ours) */
	bool password_unchecked;   /* a login proves nothing: the network takes any password (features.password_unchecked,
				      ours); the gateway then holds people to the password of their first login */
	bool outlives_gateway;     /* sessions are held while the gateway is away (needs ops.resync) */
	bool references;           /* it understands author, replaces, reply_to and the like of a message; without it the
				      library puts into the text what can be said there */
	bool no_password;          /* the account needs none (registration.needPassword=0) */
	bool no_registration;      /* people need not register first (registration.needRegistration=0) */
	const struct config_table *const *tables; /* this backend's own keys of the instance's configuration */
	void *const *targets;                     /* one struct for each table */
	size_t tables_count;
};

/*
 * Parses the arguments that the gateway gives (--host, --port, --service.backend_id=N, -j JID, FILE,
 * --section.key=value; -h prints help and ends the program; unknown options are ignored; of several FILEs the last
 * counts), reads the instance's configuration into the given tables, and connects: to the inherited socket named
 * by LIBTRANSPORT_FD in the environment, else to host and port (waiting at most 10 s for each address). On a
 * mistake prints what is wrong to stderr and returns NULL. `ops` and `options` must outlive it. What is bound to the
 * tables is good until plug_destroy. Passwords pass through the process: it leaves no core file from here on, and,
 * with the inherited socket, cannot be traced by others of its user (PR_SET_DUMPABLE).
 */
PLUG_API struct plug *plug_create(int argc, char **argv, const struct plug_options *options,
				  const struct plug_ops *ops, void *context);
PLUG_API void plug_destroy(struct plug **plug); /* not from a callback; does not call ops.exit */
PLUG_API void *plug_context(const struct plug *plug);
PLUG_API const struct config *plug_config(const struct plug *plug);
PLUG_API const char *plug_jid(const struct plug *plug); /* the instance's JID, or "" */
PLUG_API int plug_backend_id(const struct plug *plug);

/* Its own loop: serves until the gateway says exit or is gone; returns the exit status of the program: 0, or 1 if the
 * gateway broke the protocol. */
PLUG_API int plug_run(struct plug *plug);

/* For a program with a loop of its own: watch plug_fd for reading (and for writing while plug_wants_write), call
 * plug_dispatch when it is ready and when plug_timeout milliseconds have passed (-1: whenever). plug_dispatch reads
 * and handles what there is, writes what is queued; it returns 0, or TP_ERR_CLOSED once the gateway is gone (ops.exit
 * was called). It never blocks. What plug_ functions send outside of callbacks is queued: call plug_flush at the end
 * of the loop turn.
 * With options.outlives_gateway ask for plug_fd and plug_timeout after each plug_dispatch: a new gateway is another
 * descriptor. The one before stays open, for those who have to stop watching it, until the next plug_dispatch. */
PLUG_API int plug_fd(const struct plug *plug);
PLUG_API int plug_timeout(const struct plug *plug);
PLUG_API bool plug_wants_write(const struct plug *plug);
PLUG_API int plug_dispatch(struct plug *plug);
PLUG_API void plug_flush(struct plug *plug);
/* Bytes that the gateway has not read or not taken. */
PLUG_API size_t plug_queued(const struct plug *plug);
/* Whether that is so much (1 MiB not read, 8 MiB not taken) that the network should not be read; false again when
 * most of it is gone. A program that goes on reading is ended at 64 MiB. */
PLUG_API bool plug_full(struct plug *plug);

/* Queues any event that a backend may send; strings must be valid UTF-8. 0, TP_ERR_UNSUPPORTED if backends do not
 * send such events, TP_ERR_LIMIT if it is larger than a frame may be, TP_ERR_CLOSED once the gateway is gone. The
 * functions below are short forms of it. */
PLUG_API int plug_send(struct plug *plug, const struct event *event);

/* Whether the gateway has announced the extension. What needs it is silently left out without it. */
PLUG_API bool plug_extended(const struct plug *plug);
/* In ops.message, subject, attention, moderate and room_change: the number to complete it by; 0 without the extension.
 * What is not completed when the user's session ends (plug_disconnected, ops.logout) is given back: the gateway sends
 * it again when the user is logged in again, here or in another process; to complete it later does nothing. */
PLUG_API uint64_t plug_handover(const struct plug *plug);
/* The network has it; message_id (may be NULL) is what the network knows it by. Unknown numbers and 0 are ignored, so
 * that a program need not ask whether the extension is there. */
PLUG_API void plug_message_done(struct plug *plug, uint64_t handover, const char *message_id);
/* It will never arrive; the sentence is for its author. */
PLUG_API void plug_message_refused(struct plug *plug, uint64_t handover, enum handover_error error,
				   const char *sentence);
PLUG_API void plug_login_step(struct plug *plug, const char *user, const struct event_login_step *step);
/* Stored by the gateway and given to ops.values before each login; bytes NULL removes. A value has at most 64 KiB, a
 * user 256 values and 1 MiB. */
PLUG_API void plug_value_set(struct plug *plug, const char *user, const char *key, const void *bytes, size_t size);
/* Many at once, whose `room` need not be set. Without the extension they go one by one. */
PLUG_API void plug_participants(struct plug *plug, const char *user, const char *room,
				const struct event_participant *participants, size_t count);
PLUG_API void plug_room_info(struct plug *plug, const char *user, const struct event_room_info *info);
/* Who is banned from the room: the answer to ops.bans, in as many frames as it needs. */
PLUG_API void plug_bans(struct plug *plug, const char *user, const char *room, const struct event_ban *bans,
			size_t count);
/* Or: there is no list; `sentence` says why. */
PLUG_API void plug_bans_refused(struct plug *plug, const char *user, const char *room, enum handover_error error,
				const char *sentence);
PLUG_API void plug_read_marker(struct plug *plug, const char *user, const struct event_read_marker *marker);

PLUG_API void plug_connected(struct plug *plug, const char *user);
PLUG_API void plug_disconnected(struct plug *plug, const char *user, enum connection_error error, const char *text);
PLUG_API void plug_contact(struct plug *plug, const char *user, const struct event_contact *contact);
PLUG_API void plug_contact_removed(struct plug *plug, const char *user, const char *contact);
PLUG_API void plug_authorization_request(struct plug *plug, const char *user, const char *contact);
/* From a contact; text is plain, xhtml may be NULL. */
PLUG_API void plug_message(struct plug *plug, const char *user, const char *contact, const char *text,
			   const char *xhtml);
PLUG_API void plug_room_message(struct plug *plug, const char *user, const char *room, const char *nickname,
				const char *text, const char *xhtml);
PLUG_API void plug_room_private_message(struct plug *plug, const char *user, const char *room, const char *nickname,
					const char *text, const char *xhtml);
PLUG_API void plug_receipt(struct plug *plug, const char *user, const char *contact, const char *message_id);
PLUG_API void plug_subject(struct plug *plug, const char *user, const char *room, const char *nickname,
			   const char *subject);
PLUG_API void plug_chat_state(struct plug *plug, const char *user, const char *contact, enum chat_state state);
/* Somebody in a room types, or does not any more. */
PLUG_API void plug_room_chat_state(struct plug *plug, const char *user, const char *room, const char *nickname,
				   enum chat_state state);
PLUG_API void plug_participant(struct plug *plug, const char *user, const struct event_participant *participant);
PLUG_API void plug_room_nickname(struct plug *plug, const char *user, const char *room, const char *nickname);
/* user NULL: for everybody. */
PLUG_API void plug_room_list(struct plug *plug, const char *user, const char *const *rooms,
			     const char *const *names, size_t count);
PLUG_API void plug_vcard(struct plug *plug, const char *user, const char *contact, uint32_t id,
			 const char *full_name, const char *nickname, const void *photo, size_t photo_size);
