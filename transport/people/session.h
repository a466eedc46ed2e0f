/* SPDX-License-Identifier: MIT */
/*
 * From an address on a frontend to a live user. An **identity** is an address (frontend, address); it belongs to
 * one account and has **resources**: a person's attached clients. The account's live session is a **user**
 * (user.h), shared by all its identities.
 */
#pragma once

#include <stdbool.h>

#include "base/list.h"
#include "base/map.h"
#include "protocol/event.h"

struct frontend;
struct transport;
struct user;

enum identity_state {
	IDENTITY_LOADING, /* the store is asked for the account; events wait in the room and presence state */
	IDENTITY_READY,   /* user is set */
};

/* These two are one piece each with their names, and what a message looks at comes last and together: of somebody who
 * has been quiet, memory gives it line by line. */
struct identity {
	struct list joins;     /* struct pending_join (session.c): room joins that came while loading */
	void *data;            /* the frontend's */
	enum identity_state state;
	struct list link;      /* user->identities */
	struct list resources; /* struct resource.link; none: only for a user that stays connected */
	struct frontend *frontend;
	struct user *user;     /* NULL while loading */
	bool returns;          /* leaves for now: session_detach_for_now */
	struct spool_queue *inbox; /* what is on its way to it (delivery_people.c); NULL: not opened yet */
	char address[];
};

struct resource {
	bool has_presence; /* it sent available presence to the gateway: wants contacts' presences */
	enum status status;
	char *status_text; /* NULL: none */
	int priority;
	void *data;        /* the frontend's */
	struct identity *identity;
	struct list link;  /* identity->resources */
	char name[];       /* XMPP resource; "" where the frontend has only one */
};

/*
 * The resource of this name, made if it is not there: attaching is what starts a session. An identity that is
 * not live is looked up in the store; one without an account gets SESSION_UNREGISTERED and is forgotten
 * (unless the instance registers automatically: registration.auto_register, or a backend with
 * needRegistration=0 on a frontend that carries no registration). `hint` is the legacy name in that case: a
 * room nickname or NULL for the address. NULL if LIMIT_RESOURCES_PER_IDENTITY is reached.
 * A resource pointer is good until the loop turn ends or session_detach: look it up again (session_find).
 */
struct resource *session_attach(struct frontend *frontend, const char *address, const char *name, const char *hint);
struct identity *session_find_identity(struct transport *transport, const struct frontend *frontend,
				       const char *address);
struct resource *session_find(struct transport *transport, const struct frontend *frontend, const char *address,
			      const char *name);
struct resource *session_find_resource(const struct identity *identity, const char *name);

/* The resource's presence: available. The first one logs the user in; the new resource is then told every
 * contact. Only the most important resource's status goes to the legacy network. text may be NULL. */
void session_presence(struct resource *resource, enum status status, const char *text, int priority);

/* The client is gone: it leaves its rooms, and the last one to go logs the user out (unless stay_connected).
 * `resource` is freed. */
void session_detach(struct resource *resource);
/* All resources of an address at once (its server says it is gone). */
void session_detach_all(struct frontend *frontend, const char *address);
/* The same of somebody who will be back when the frontend serves his place again: what waits for him is kept, also of
 * rooms. */
void session_detach_for_now(struct frontend *frontend, const char *address);

/*
 * A login with a password, for frontends that are the person's server (XMPP server mode). The account with this
 * address gets, or is made with, this legacy name and password, and the backend's login decides:
 * ops->authenticated tells the outcome. Somebody who is logged in already is compared with the known password.
 * After success call session_attach within LIMIT_C2S_AUTH_SECONDS, or session_authenticate_cancel. A second call for
 * the same address answers the first with TP_ERR_CLOSED before it returns.
 */
void session_authenticate(struct frontend *frontend, const char *address, const char *legacy_name,
			  const char *password);
void session_authenticate_cancel(struct frontend *frontend, const char *address);

/*
 * For the core's own files.
 */
struct store_account;
struct authentication;

/* A ROOM_JOIN or ROOM_LEAVE of an identity that is loading: remembered until it is ready. 0 or an error. */
int session_remember_join(struct resource *from, const struct event *event);
/* The identity of a live user, made without resources if it is not there. NULL if it belongs to somebody else. */
struct identity *session_adopt(struct frontend *frontend, const char *address, struct user *user);
/* Frees a resource that is in no room and has told nothing; its user stays. */
void session_drop_resource(struct resource *resource);
/* The address does not belong to the account any more: its clients are told, its rooms and contacts there vanish, it is
 * freed, and what waits for it is forgotten. May free the user. */
void session_unlink(struct identity *identity, const char *text);
/* Frees all identities of a user that is about to go, with their resources. */
void session_forget_user(struct user *user);
/* After a restart: somebody who stays connected is logged in, others are asked whether they are there. */
void session_resume(struct frontend *frontend, const char *address);
/* The user whose login with a password was accepted for this address and is up; NULL: the store has to be asked. */
struct user *session_authenticated_user(struct frontend *frontend, const char *address);
/* The login that session_authenticate waits for has ended. Frees the user on failure if nobody else uses it: true. */
bool session_authentication_done(struct user *user, int error, const char *text);
/*
 * The network asks for something that a login with a password cannot carry (login_step.h). Whose account is new,
 * or whose password is the one that is stored, is let in at once and asked then. Nobody else may see the account
 * before the network agrees: who has to act is turned away, others wait on. True: the user is still there and the
 * dialogue goes on.
 */
bool session_authentication_asked(struct user *user, bool has_to_act);
/* Somebody was let in that way and the network never agreed: an account that was made for it is removed. */
void session_admission_drop(struct user *user);
/* The user is about to go while a login is under way: the frontend is told. */
void session_authentication_drop(struct user *user);
/* What a resource is told of the account's login. */
void session_tell_state(struct user *user, struct resource *only);
/* Drops what nobody came for: authenticated, and never attached. */
void session_expire(struct transport *transport, uint64_t now_ms);
/* Frees identities that are still loading. For transport_stop. */
void session_forget_all(struct transport *transport);
void session_authentication_forget_all(struct transport *transport);
