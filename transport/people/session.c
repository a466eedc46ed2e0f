/* SPDX-License-Identifier: MIT */
/* Identities and resources. Logins with a password are in authentication.c. */
#include "transport/people/session.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "transport/frontend.h"
#include "transport/people/account.h"
#include "transport/people/ban.h"
#include "transport/people/login_step.h"
#include "transport/people/roster.h"
#include "transport/people/user.h"
#include "transport/resume.h"
#include "transport/rooms/room.h"
#include "transport/routing/conversation.h"
#include "transport/routing/delivery.h"
#include "transport/routing/router.h"
#include "transport/spool/spool.h"
#include "transport/transport.h"

#define RESUME_MS 60000 /* for clients in rooms to be heard of again after a restart */

struct pending_join {
	struct list link; /* identity->joins */
	char *resource;
	char *room;
	char *nickname;
	char *password;
	char *raw; /* the stanza; NULL */
};

/* What a store lookup needs when it is answered: copies, as everything may be gone by then. */
struct lookup {
	struct transport *transport;
	struct frontend *frontend;
	char *address;
	char *hint;
	bool added; /* registered automatically already: not again */
};

static const char *identity_key(struct text_key *key, const struct frontend *frontend, const char *address)
{
	return text_key_join(key, frontend->ops->name, address);
}

static void pending_join_free(struct pending_join *join)
{
	list_remove(&join->link);
	mem_free(join->resource);
	mem_free(join->room);
	mem_free(join->nickname);
	mem_free_secret(join->password);
	mem_free_secret(join->raw);
	mem_free(join);
}

static struct identity *identity_create(struct frontend *frontend, const char *address)
{
	struct identity *identity = MEM_NEW_TEXT(struct identity, address, address);
	struct text_key key;

	identity->frontend = frontend;
	identity->state = IDENTITY_LOADING;
	list_init(&identity->link);
	list_init(&identity->resources);
	list_init(&identity->joins);
	map_put(frontend->transport->identities, identity_key(&key, frontend, address), identity);
	text_key_finish(&key);
	return identity;
}

static void resource_free(struct resource *resource)
{
	struct identity *identity = resource->identity;
	struct frontend *frontend = identity->frontend;

	if (identity->user)
		conversation_unlock(identity->user, identity);
	if (frontend->ops->resource_gone)
		frontend->ops->resource_gone(frontend, resource);
	list_remove(&resource->link);
	mem_free(resource->status_text);
	mem_free(resource);
}

/* Its user, if any, no longer has it among its rooms' occupants. */
static void identity_free(struct identity *identity)
{
	struct frontend *frontend = identity->frontend;
	struct text_key key;

	LIST_EACH (link, &identity->resources)
		resource_free(CONTAINER_OF(link, struct resource, link));
	if (frontend->ops->identity_gone)
		frontend->ops->identity_gone(frontend, identity);
	LIST_EACH (link, &identity->joins)
		pending_join_free(CONTAINER_OF(link, struct pending_join, link));
	map_remove(frontend->transport->identities, identity_key(&key, frontend, identity->address));
	text_key_finish(&key);
	if (identity->user)
		conversation_forget_identity(identity->user, identity);
	list_remove(&identity->link);
	spool_queue_release(frontend->transport->spool, &identity->inbox);
	mem_free(identity);
}

struct identity *session_find_identity(struct transport *transport, const struct frontend *frontend,
				       const char *address)
{
	struct text_key key;
	struct identity *identity = map_get(transport->identities, identity_key(&key, frontend, address));

	text_key_finish(&key);
	if (identity)
		user_prefetch_own(identity->user);
	return identity;
}

struct resource *session_find_resource(const struct identity *identity, const char *name)
{
	LIST_EACH (link, &identity->resources) {
		struct resource *resource = CONTAINER_OF(link, struct resource, link);

		if (!strcmp(resource->name, name))
			return resource;
	}
	return NULL;
}

struct resource *session_find(struct transport *transport, const struct frontend *frontend,
			      const char *address, const char *name)
{
	struct identity *identity = session_find_identity(transport, frontend, address);

	return identity ? session_find_resource(identity, name) : NULL;
}

/*
 * Joins that cannot be: each is answered, as a client waits for it.
 */
static void refuse_joins(struct identity *identity, const char *text)
{
	LIST_EACH (link, &identity->joins) {
		struct pending_join *join = CONTAINER_OF(link, struct pending_join, link);
		struct resource *resource = session_find_resource(identity, join->resource);
		struct event event = {.type = EVENT_PARTICIPANT,
				      .participant = {.room = join->room,
						      .nickname = join->nickname,
						      .flags = PARTICIPANT_NOT_AUTHORIZED,
						      .status = STATUS_OFFLINE,
						      .status_text = text,
						      .self = true}};

		if (resource)
			router_deliver_to(identity, resource, &event);
		pending_join_free(join);
	}
}

static void refuse(struct identity *identity, enum session_state state, const char *text)
{
	struct event event = {.type = EVENT_SESSION, .session = {.state = state, .text = text}};

	router_deliver_to(identity, NULL, &event);
	refuse_joins(identity, text ? text : "You have no account here.");
	identity_free(identity);
}

/* Also in words, unless it is the person's own setting. */
static void refuse_login(struct identity *identity, const char *text)
{
	struct frontend *frontend = identity->frontend;
	char *key = account_key(frontend, identity->address);

	if (ban_sentence(frontend->transport, key) && frontend->ops->notify && !frontend->ops->tells_of_sessions)
		frontend->ops->notify(frontend, identity->address, text);
	mem_free(key);
	refuse(identity, SESSION_DISABLED, text);
}

/* The client was promised an answer when it asked. */
static void refuse_late(struct resource *resource, const struct pending_join *join)
{
	struct event event = {.type = EVENT_ROOM_LEAVE,
			      .room = {.name = join->room,
				       .nickname = join->nickname,
				       .reason = "The room could not be joined. Please try again later."}};

	log_warning(&resource->identity->user->log, "room %s could not be joined", log_quote(join->room));
	router_deliver_to(resource->identity, resource, &event);
}

static void replay_joins(struct identity *identity)
{
	LIST_EACH (link, &identity->joins) {
		struct pending_join *join = CONTAINER_OF(link, struct pending_join, link);
		struct resource *resource = session_find_resource(identity, join->resource);
		const struct event_raw raw = {.kind = RAW_PRESENCE,
					      .name = join->room,
					      .resource = join->nickname,
					      .bytes = join->raw,
					      .length = join->raw ? strlen(join->raw) : 0};
		struct event event = {
			.type = EVENT_ROOM_JOIN,
			.raw = join->raw ? &raw : NULL,
			.room = {.name = join->room, .nickname = join->nickname, .password = join->password}};

		if (resource && router_from_frontend(resource, &event) < 0)
			refuse_late(resource, join);
		pending_join_free(join);
	}
}

static void identity_bind(struct identity *identity, struct user *user)
{
	identity->state = IDENTITY_READY;
	identity->user = user;
	list_append(&user->identities, &identity->link);
}

/* Everything that came while loading happens now. */
static void identity_ready(struct identity *identity, struct user *user)
{
	bool starts = user->state == USER_IDLE || user->state == USER_FAILED;

	identity_bind(identity, user);
	if (starts)
		user_login(user);
	LIST_EACH (link, &identity->resources) {
		struct resource *resource = CONTAINER_OF(link, struct resource, link);

		if (!resource->has_presence)
			continue;
		if (!starts)
			session_tell_state(user, resource);
		roster_replay(user->roster, resource);
	}
	user_update_status(user);
	replay_joins(identity);
	delivery_identity_ready(identity);
}

static void lookup_free(struct lookup *lookup)
{
	mem_free(lookup->address);
	mem_free(lookup->hint);
	mem_free(lookup);
}

static bool registers_automatically(const struct frontend *frontend)
{
	const struct transport *transport = frontend->transport;

	return !frontend->ops->accounts_on_request &&
	       (transport->service.auto_register ||
		(transport->features.known && !transport->features.need_registration));
}

static void account_found(void *context, int err, const struct store_account *account);

static void account_added(void *context, int err, const struct store_account *account)
{
	struct lookup *lookup = context;

	if (err == TP_ERR_EXISTS && !lookup->transport->stopping) {
		/* Somebody else's request was quicker. */
		store_find_account(lookup->transport->store, lookup->frontend->ops->name, lookup->address,
				   account_found, lookup);
		return;
	}
	account_found(lookup, err, account);
}

static void add_account(struct lookup *lookup)
{
	lookup->added = true;
	account_add(lookup->frontend, lookup->address, lookup->hint ? lookup->hint : lookup->address, "",
		    lookup->transport->service.language, account_added, lookup);
}

static void lookup_done(struct lookup *lookup, int err, const struct store_account *account)
{
	struct transport *transport = lookup->transport;
	struct identity *identity = session_find_identity(transport, lookup->frontend, lookup->address);
	const char *text = NULL;

	/* Everybody has left meanwhile, or another answer came first. */
	if (!identity || identity->state != IDENTITY_LOADING || transport->stopping)
		return;
	if (err == TP_ERR_NOT_FOUND) {
		refuse(identity, SESSION_UNREGISTERED, NULL);
		return;
	}
	if (err || !account) {
		refuse(identity, SESSION_FAILED, "The account could not be read. Please try again later.");
		return;
	}
	struct user *user = user_find(transport, account->key);
	bool made = !user;

	if (made)
		user = user_create(transport, account);
	if (!user_may_log_in(user, &text)) {
		refuse_login(identity, text);
		if (made)
			user_destroy(&user, NULL);
		return;
	}
	identity_ready(identity, user);
}

/* An address without an account may be banned all the same. */
static bool refuse_banned(const struct lookup *lookup)
{
	struct transport *transport = lookup->transport;
	struct identity *identity = session_find_identity(transport, lookup->frontend, lookup->address);
	char *key = account_key(lookup->frontend, lookup->address);
	const char *text = ban_sentence(transport, key);

	mem_free(key);
	if (!text || !identity || identity->state != IDENTITY_LOADING || transport->stopping)
		return false;
	refuse_login(identity, text);
	return true;
}

static void account_found(void *context, int err, const struct store_account *account)
{
	struct lookup *lookup = context;
	struct transport *transport = lookup->transport;

	if (err == TP_ERR_NOT_FOUND && refuse_banned(lookup)) {
		lookup_free(lookup);
		return;
	}
	if (err == TP_ERR_NOT_FOUND && !lookup->added && !transport->stopping &&
	    registers_automatically(lookup->frontend) &&
	    session_find_identity(transport, lookup->frontend, lookup->address)) {
		add_account(lookup);
		return;
	}
	lookup_done(lookup, err, account);
	lookup_free(lookup);
}

static void look_up(struct frontend *frontend, const char *address, const char *hint)
{
	struct lookup *lookup = MEM_NEW(struct lookup);

	lookup->transport = frontend->transport;
	lookup->frontend = frontend;
	lookup->address = mem_strdup(address);
	lookup->hint = hint && *hint ? mem_strdup(hint) : NULL;
	store_find_account(frontend->transport->store, frontend->ops->name, address, account_found, lookup);
}

static struct resource *add_resource(struct identity *identity, const char *name)
{
	unsigned count = 0;

	LIST_EACH (link, &identity->resources)
		count++;
	if (count >= LIMIT_RESOURCES_PER_IDENTITY)
		return NULL;
	struct resource *resource = MEM_NEW_TEXT(struct resource, name, name);

	resource->identity = identity;
	resource->status = STATUS_OFFLINE;
	list_append(&identity->resources, &resource->link);
	return resource;
}

struct resource *session_attach(struct frontend *frontend, const char *address, const char *name,
				const char *hint)
{
	struct transport *transport = frontend->transport;

	if (transport->stopping)
		return NULL;
	struct identity *identity = session_find_identity(transport, frontend, address);

	if (!identity) {
		struct user *user = session_authenticated_user(frontend, address);

		identity = identity_create(frontend, address);
		/* Who has just logged in is known: the first roster or message must not have to wait for the store. */
		if (user)
			identity_bind(identity, user);
		else
			look_up(frontend, address, hint);
	}
	struct resource *resource = session_find_resource(identity, name);

	identity->returns = false;
	return resource ? resource : add_resource(identity, name);
}

void session_tell_state(struct user *user, struct resource *only)
{
	struct event event = {.type = EVENT_SESSION, .user = user->key};

	switch (user->state) {
	case USER_IDLE:
		event.session.state = SESSION_LOGGED_OUT;
		break;
	case USER_WAITING:
	case USER_CONNECTING:
		event.session.state = user->retries ? SESSION_RECONNECTING : SESSION_CONNECTING;
		break;
	case USER_CONNECTED:
		event.session.state = SESSION_CONNECTED;
		break;
	case USER_RETRYING:
		event.session.state = SESSION_RECONNECTING;
		break;
	case USER_FAILED:
		event.session.state = SESSION_FAILED;
		event.session.error = user->last_error;
		event.session.text = user->last_error_text;
		break;
	}
	router_deliver(user, only, &event);
	login_step_deliver(user, only);
}

void session_presence(struct resource *resource, enum status status, const char *text, int priority)
{
	struct identity *identity = resource->identity;
	struct user *user = identity->user;
	bool is_new = !resource->has_presence;

	identity->frontend->transport->acts++;
	resource->has_presence = true;
	resource->status = status;
	mem_replace(&resource->status_text, text);
	resource->priority = priority;
	if (!user)
		return;
	conversation_unlock(user, identity);
	/* Who logged out is not logged in again by an automatic "away". */
	bool starts = user->state == USER_FAILED || (user->state == USER_IDLE && is_new);

	if (starts)
		user_login(user);
	else if (is_new)
		session_tell_state(user, resource);
	if (is_new)
		roster_replay(user->roster, resource);
	user_update_status(user);
	if (is_new)
		delivery_identity_ready(identity);
}

static void leave_rooms(struct user *user, struct resource *resource)
{
	struct map_iter it = {0};

	while (map_next(user->rooms, &it))
		room_leave(it.value, resource, NULL);
}

static void forget_joins(struct identity *identity, const char *resource, const char *room)
{
	LIST_EACH (link, &identity->joins) {
		struct pending_join *join = CONTAINER_OF(link, struct pending_join, link);

		if (!strcmp(join->resource, resource) && (!room || !strcmp(join->room, room)))
			pending_join_free(join);
	}
}

void session_detach(struct resource *resource)
{
	struct identity *identity = resource->identity;
	struct user *user = identity->user;

	forget_joins(identity, resource->name, NULL);
	if (user)
		leave_rooms(user, resource);
	resource_free(resource);
	if (list_empty(&identity->resources) && !(user && user_stays_connected(user)))
		identity_free(identity);
	if (user && !user_release_if_unused(user))
		user_update_status(user);
}

void session_detach_all(struct frontend *frontend, const char *address)
{
	struct identity *identity = session_find_identity(frontend->transport, frontend, address);

	while (identity && !list_empty(&identity->resources)) {
		session_detach(CONTAINER_OF(identity->resources.next, struct resource, link));
		identity = session_find_identity(frontend->transport, frontend, address);
	}
}

void session_detach_for_now(struct frontend *frontend, const char *address)
{
	struct identity *identity = session_find_identity(frontend->transport, frontend, address);

	if (identity)
		identity->returns = true;
	session_detach_all(frontend, address);
}

int session_remember_join(struct resource *from, const struct event *event)
{
	struct identity *identity = from->identity;
	unsigned count = 0;

	forget_joins(identity, from->name, event->room.name);
	if (event->type == EVENT_ROOM_LEAVE)
		return 0;
	LIST_EACH (link, &identity->joins)
		count++;
	if (count >= LIMIT_ROOMS_PER_USER)
		return TP_ERR_LIMIT;
	struct pending_join *join = MEM_NEW(struct pending_join);

	join->resource = mem_strdup(from->name);
	join->room = mem_strdup(event->room.name);
	join->nickname = mem_strdup(event->room.nickname);
	join->password = mem_strdup(event->room.password);
	join->raw = event->raw ? mem_strndup(event->raw->bytes, event->raw->length) : NULL;
	list_append(&identity->joins, &join->link);
	return 0;
}

struct identity *session_adopt(struct frontend *frontend, const char *address, struct user *user)
{
	struct identity *identity = session_find_identity(frontend->transport, frontend, address);

	if (!identity) {
		identity = identity_create(frontend, address);
		identity_bind(identity, user);
		return identity;
	}
	/* One that is loading becomes ready by its own lookup. */
	return identity->user == user ? identity : NULL;
}

void session_drop_resource(struct resource *resource)
{
	resource_free(resource);
}

/* The rooms that a client of this address is in, and what it has of the account. */
static void show_end(struct identity *identity, const char *text)
{
	struct user *user = identity->user;
	struct map_iter it = {0};

	while (map_next(user->rooms, &it)) {
		const struct room *room = it.value;
		const struct event left = {.type = EVENT_ROOM_LEAVE,
					   .user = user->key,
					   .room = {.name = room->name, .nickname = room->nickname, .reason = text}};

		LIST_EACH (link, &room->occupants) {
			struct resource *resource = CONTAINER_OF(link, struct occupant, link)->resource;

			if (resource->identity == identity)
				router_deliver_to(identity, resource, &left);
		}
	}
	struct contacts_iter contacts = {0};

	while (contacts_next(user->roster->contacts, &contacts)) {
		const struct contact *contact = contacts.contact;
		struct event gone;

		if (!contact->stored)
			continue;
		contact_to_event(contact, user, &gone);
		gone.type = EVENT_CONTACT_REMOVED;
		router_deliver_to(identity, NULL, &gone);
	}
	const struct event end = {.type = EVENT_SESSION, .user = user->key, .session = {SESSION_UNREGISTERED, 0, text}};

	router_deliver_to(identity, NULL, &end);
}

void session_unlink(struct identity *identity, const char *text)
{
	struct user *user = identity->user;

	show_end(identity, text);
	delivery_identity_unlinked(identity);
	LIST_EACH (link, &identity->resources)
		leave_rooms(user, CONTAINER_OF(link, struct resource, link));
	identity_free(identity);
	if (!user_release_if_unused(user))
		user_update_status(user);
}

void session_forget_user(struct user *user)
{
	LIST_EACH (link, &user->identities)
		identity_free(CONTAINER_OF(link, struct identity, link));
}

void session_forget_all(struct transport *transport)
{
	struct map_iter it = {0};

	while (map_next(transport->identities, &it))
		identity_free(it.value);
}

static void resume_found(void *context, int err, const struct store_account *account)
{
	struct lookup *lookup = context;
	struct transport *transport = lookup->transport;
	const struct frontend_ops *ops = lookup->frontend->ops;

	if (!err && account && !transport->stopping) {
		struct user *user = user_find(transport, account->key);
		bool made = !user;

		if (made)
			user = user_create(transport, account);
		/* Clients that were in rooms are in them still, as far as they know. */
		if (made && user_may_log_in(user, NULL))
			resume_rooms(user, false);
		if (made && user->state == USER_IDLE && map_count(user->rooms)) {
			user_set_grace(user, RESUME_MS);
			session_adopt(lookup->frontend, lookup->address, user);
			user_login(user);
		} else if (user_may_log_in(user, NULL) && user_stays_connected(user)) {
			session_adopt(lookup->frontend, lookup->address, user);
			user_login(user);
		} else if (made) {
			/* Made to look at the settings only: whoever the probe does not find now may be there
			 * after the next restart. */
			user->online = false;
			user_release_if_unused(user);
		}
		if (ops->probe)
			ops->probe(lookup->frontend, lookup->address);
	}
	lookup_free(lookup);
}

void session_resume(struct frontend *frontend, const char *address)
{
	struct lookup *lookup = MEM_NEW(struct lookup);

	lookup->transport = frontend->transport;
	lookup->frontend = frontend;
	lookup->address = mem_strdup(address);
	store_find_account(frontend->transport->store, frontend->ops->name, address, resume_found, lookup);
}
