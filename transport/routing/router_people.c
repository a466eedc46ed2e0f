/* SPDX-License-Identifier: MIT */
/* What people do: from frontends to backends. */
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/limits.h"
#include "protocol/markup_text.h"
#include "transport/backend/backend.h"
#include "transport/frontend.h"
#include "transport/people/portrait.h"
#include "transport/people/request.h"
#include "transport/people/roster.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/rooms/crossing.h"
#include "transport/rooms/room.h"
#include "transport/rooms/room_key.h"
#include "transport/routing/conversation.h"
#include "transport/routing/delivery.h"
#include "transport/routing/delivery_private.h"
#include "transport/routing/latency.h"
#include "transport/routing/references.h"
#include "transport/routing/router.h"
#include "transport/routing/router_extension.h"
#include "transport/routing/watch.h"
#include "transport/transport.h"

#define PHOTO_BYTES (LIMIT_FRAME_BYTES - (64u << 10)) /* leaves room for the rest of the frame */

static bool name_is_good(const char *name)
{
	return name && *name && strlen(name) <= LIMIT_NAME_BYTES;
}

static bool text_fits(const char *text)
{
	return !text || strlen(text) <= LIMIT_MESSAGE_BYTES;
}

/* 0 if the legacy network can be reached now. */
static int check_connected(const struct user *user)
{
	if (user->state != USER_CONNECTED || !user->backend)
		return TP_ERR_NOT_CONNECTED;
	return backend_queued(user->backend) > LIMIT_BACKEND_OUT_HIGH ? TP_ERR_LIMIT : 0;
}

/* The room, if this resource may speak in it: what is said before it is joined waits. */
static int check_room(const struct user *user, const char *name, const struct resource *from,
		      struct room **found)
{
	struct room *room = room_find(user, name);

	if (!room || !room_has(room, from))
		return TP_ERR_NOT_FOUND;
	*found = room;
	return 0;
}

/* Networks may tell names apart by case; what people type comes in lower case. */
static const char *network_contact_name(const struct user *user, const char *name)
{
	const struct contact *contact = roster_find(user->roster, name);

	return contact ? contact->name : name;
}

/* Rooms show the alias where there is one. */
static const char *participant_nickname(const struct room *room, const char *shown)
{
	struct map_iter it = {0};

	if (map_get(room->participants, shown))
		return shown;
	while (map_next(room->participants, &it)) {
		const struct participant *participant = it.value;

		if (participant->alias && !strcmp(participant->alias, shown))
			return participant->nickname;
	}
	return NULL;
}

static void count_message(struct user *user)
{
	user->transport->counters.messages_from_people++;
	user->messages_out++;
	user->active_ms = uv_now(user->transport->loop);
}

/* The person's other addresses see what was written from this one, each as soon as it can. */
static void copy_to_other_identities(struct user *user, const struct resource *from,
				     const struct event *event)
{
	struct event copy = *event;

	copy.user = user->key;
	copy.raw = NULL; /* was written for the network */
	copy.message.carbon = true;
	LIST_EACH (link, &user->identities) {
		struct identity *identity = CONTAINER_OF(link, struct identity, link);

		if (identity != from->identity)
			delivery_accept_for(identity, NULL, &copy, NULL);
	}
}

/* A stanza that travels as it is does not wait: it may mean nothing, or something else, by then. `room`: NULL for a
 * contact. */
static int to_network(struct user *user, struct resource *from, const struct room *room, struct event *event)
{
	if (!event->raw || !user->transport->features.raw_xml)
		return delivery_to_network(user, from, event);
	int err = check_connected(user);

	if (err)
		return err;
	if (room && room->state != ROOM_JOINED)
		return TP_ERR_NOT_CONNECTED;
	user_send(user, event);
	return 0;
}

static int person_writes_contact(struct user *user, struct resource *from, const struct event *event)
{
	struct event out = *event;

	out.message.name = network_contact_name(user, event->message.name);
	int err = to_network(user, from, NULL, &out);

	if (err)
		return err;
	conversation_use(conversation_open(user, event->message.name), from);
	copy_to_other_identities(user, from, event);
	return 0;
}

static int person_writes_room(struct user *user, struct resource *from, const struct event *event)
{
	struct event out = *event;
	struct room *room = NULL;
	int err = check_room(user, event->message.name, from, &room);

	if (err)
		return err;
	out.message.name = room->network_name;
	out.message.said_in = NULL;
	/* The network has the account's own. */
	if (!event->message.author.name)
		out.message.author.avatar_url = NULL;
	err = to_network(user, from, room, &out);
	if (!err && event->message.kind == MESSAGE_ROOM)
		crossing_of_person(from, room, event);
	return err;
}

static int person_writes_participant(struct user *user, struct resource *from, const struct event *event)
{
	struct event out = *event;
	struct room *room = NULL;
	int err = check_room(user, event->message.name, from, &room);

	if (err)
		return err;
	if (!name_is_good(event->message.nickname))
		return TP_ERR_INVALID;
	out.message.name = room->network_name;
	const char *nickname = participant_nickname(room, event->message.nickname);

	/* Who is there is known when it is joined, and after a start, when the backend has told it. What is said before waits
	 * for that, and then the network judges. */
	if (!nickname && room->state == ROOM_JOINED && !user->resuming)
		return TP_ERR_NOT_FOUND;
	if (nickname)
		out.message.nickname = nickname;
	return to_network(user, from, room, &out);
}

/* 0, or why nothing of the message could be said on this network. */
static int check_degraded(const struct user *user, const struct event_message *message)
{
	struct event_message said = *message;
	struct arena arena = {0};
	int err = user_degrade(user, &arena, &said);

	arena_finish(&arena);
	return err;
}

static int person_message(struct user *user, struct resource *from, const struct event *event)
{
	struct event bounded = *event;
	int err = TP_ERR_INVALID;

	if (!name_is_good(event->message.name) || !event->message.text)
		return TP_ERR_INVALID;
	if (!text_fits(event->message.text))
		return TP_ERR_LIMIT;
	if (!text_fits(event->message.xhtml))
		bounded.message.xhtml = NULL;
	char *said = event->raw ? NULL : markup_give_text(&bounded.message);
	int unsayable = text_fits(bounded.message.text) ? check_degraded(user, &bounded.message) : TP_ERR_LIMIT;

	if (unsayable) {
		mem_free(said);
		return unsayable;
	}
	switch (event->message.kind) {
	case MESSAGE_CHAT:
		err = person_writes_contact(user, from, &bounded);
		break;
	case MESSAGE_ROOM:
		err = person_writes_room(user, from, &bounded);
		break;
	case MESSAGE_ROOM_PRIVATE:
		err = person_writes_participant(user, from, &bounded);
		break;
	}
	if (!err)
		count_message(user);
	mem_free(said);
	return err;
}

static int person_subject(struct user *user, struct resource *from, const struct event *event)
{
	struct event out = *event;
	struct room *room = NULL;

	if (!name_is_good(event->message.name) || !event->message.text)
		return TP_ERR_INVALID;
	int err = check_room(user, event->message.name, from, &room);

	if (err)
		return err;
	if (!text_fits(event->message.text))
		return TP_ERR_LIMIT;
	out.message.kind = MESSAGE_ROOM;
	out.message.name = room->network_name;
	return to_network(user, from, room, &out);
}

/* What is refused here would be refused by the network later, when the person has forgotten it. */
static int person_moderates(struct user *user, struct resource *from, const struct event *event)
{
	const struct event_message *message = &event->message;
	struct event out = *event;
	struct room *room = NULL;

	if (!name_is_good(message->name) || !name_is_good(message->nickname) || !message->text ||
	    message->moderation.action == MODERATION_NONE)
		return TP_ERR_INVALID;
	int err = check_room(user, message->name, from, &room);

	if (err)
		return err;
	if (user->backend && !user->backend->extended)
		return TP_ERR_UNSUPPORTED;
	if (!text_fits(message->text))
		return TP_ERR_LIMIT;
	out.message.kind = MESSAGE_ROOM;
	out.message.name = room->network_name;
	return to_network(user, from, room, &out);
}

static int person_changes_room(struct user *user, struct resource *from, const struct event *event)
{
	const struct event_room_change *change = &event->message.change;
	struct event out = *event;
	struct room *room = NULL;

	if (!name_is_good(event->message.name) || !event->message.text || (!change->title && !change->has_picture))
		return TP_ERR_INVALID;
	int err = check_room(user, event->message.name, from, &room);

	if (err)
		return err;
	if (user->backend && !user->backend->extended)
		return TP_ERR_UNSUPPORTED;
	if ((change->title && strlen(change->title) > LIMIT_NAME_BYTES) || change->picture_size > LIMIT_ROOM_PICTURE_BYTES)
		return TP_ERR_LIMIT;
	out.message.kind = MESSAGE_ROOM;
	out.message.name = room->network_name;
	return to_network(user, from, room, &out);
}

static int person_attention(struct user *user, struct resource *from, const struct event *event)
{
	struct event out = *event;

	if (!name_is_good(event->message.name))
		return TP_ERR_INVALID;
	if (!text_fits(event->message.text))
		return TP_ERR_LIMIT;
	out.message.name = network_contact_name(user, event->message.name);
	int err = to_network(user, from, NULL, &out);

	if (!err)
		conversation_use(conversation_open(user, event->message.name), from);
	return err;
}

static int person_chat_state(struct user *user, struct resource *from, const struct event *event)
{
	struct event out = *event;
	const struct room *room;
	int err = name_is_good(event->chat_state.name) ? check_connected(user) : TP_ERR_INVALID;

	if (err)
		return err;
	room = room_find(user, event->chat_state.name);
	/* Others would take it for a contact. */
	if (room && !user->backend->extended)
		return TP_ERR_UNSUPPORTED;
	if (room && !room_has(room, from))
		return TP_ERR_NOT_FOUND;
	out.chat_state.name = room ? room->network_name : network_contact_name(user, event->chat_state.name);
	out.chat_state.nickname = NULL;
	user_send(user, &out);
	return 0;
}

static int person_contact(struct user *user, const struct event *event)
{
	const struct event_contact *wanted = &event->contact;
	struct event out;
	int changed;

	if (!name_is_good(wanted->name) || (wanted->alias && strlen(wanted->alias) > LIMIT_NAME_BYTES))
		return TP_ERR_INVALID;
	if (user->backend && backend_queued(user->backend) > LIMIT_BACKEND_OUT_HIGH)
		return TP_ERR_LIMIT;
	struct contact *contact = roster_put(user->roster, wanted->name, wanted->alias, wanted->groups,
					     wanted->groups_count, true, &changed);

	if (!contact)
		return TP_ERR_LIMIT;
	bool answers = contact->requested;

	contact->requested = false;
	contact_to_event(contact, user, &out);
	if (changed)
		router_deliver(user, NULL, &out);
	if (!changed && !answers)
		return 0;
	if (user->state != USER_CONNECTED) {
		contact->unsent = user->roster->any_unsent = true;
		return 0;
	}
	out.contact.status = STATUS_OFFLINE;
	out.contact.has_blocked = false;
	out.trace = event->trace;
	user_send(user, &out);
	return 0;
}

static int person_contact_removed(struct user *user, const struct event *event)
{
	struct event out = {.type = EVENT_CONTACT_REMOVED, .trace = event->trace};
	struct contact *contact = event->contact.name ? roster_find(user->roster, event->contact.name) : NULL;

	if (!contact)
		return TP_ERR_NOT_FOUND;
	bool refuses = contact->requested;
	bool keeps = refuses && contact->stored && contact->subscribed;
	bool tells = refuses || !contact->subscribed || user->transport->service.enable_remove_buddy;
	int err = tells ? check_connected(user) : 0;

	if (err)
		return err;
	/* A backend that was given the list has none of its own: it would speak of the contact, and bring it back. */
	tells = tells || (user->transport->features.send_contacts_on_login && !check_connected(user));
	contact_to_event(contact, user, &out);
	out.type = EVENT_CONTACT_REMOVED;
	out.trace = event->trace;
	out.contact.status = STATUS_OFFLINE;
	out.contact.has_blocked = false;
	if (tells)
		user_send(user, &out);
	contact->requested = false;
	if (keeps)
		return 0;
	if (contact->stored)
		router_deliver(user, NULL, &out);
	roster_remove(user->roster, event->contact.name);
	return 0;
}

static int change_nickname(struct room *room, const struct event *event)
{
	struct event out = *event;

	if (room->state == ROOM_WANTED) {
		mem_replace(&room->nickname, event->room.nickname);
		return 0;
	}
	if (!room->user->transport->features.room_nickname_change && !event->raw)
		return TP_ERR_UNSUPPORTED;
	if (room->state != ROOM_JOINED)
		return TP_ERR_NOT_CONNECTED;
	int err = check_connected(room->user);

	if (err)
		return err;
	out.room.name = room->network_name;
	out.room.password = room->password;
	mem_replace(&room->wanted_nickname, event->room.nickname);
	user_send(room->user, &out);
	return 0;
}

/* A resource comes to a room where the person is (or will be) already, under the nickname that is in use. */
static void join_beside_others(struct room *room, struct resource *from, const char *wanted_nickname)
{
	struct event event = {.type = EVENT_ROOM_NICKNAME,
			      .user = room->user->key,
			      .room = {.name = room->name, .nickname = room->nickname}};

	if (strcmp(room->nickname, wanted_nickname) != 0)
		room_deliver(room, from, &event);
	if (room->state == ROOM_JOINED)
		room_replay(room, from);
}

static int person_join(struct user *user, struct resource *from, const struct event *event)
{
	struct room *room = room_find(user, event->room.name);

	if (room && room_has(room, from)) {
		if (strcmp(room->nickname, event->room.nickname) != 0)
			return change_nickname(room, event);
		/* A client that has lost its memory. */
		if (room->state == ROOM_JOINED)
			room_replay(room, from);
		return 0;
	}
	if (room) {
		room_add(room, from);
		join_beside_others(room, from, event->room.nickname);
		return 0;
	}
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): the caller has found the user */
	if (map_count(user->rooms) >= LIMIT_ROOMS_PER_USER)
		return TP_ERR_LIMIT;
	if (user->backend && backend_queued(user->backend) > LIMIT_BACKEND_OUT_HIGH)
		return TP_ERR_LIMIT;
	char *kept = event->room.password ? NULL : room_key_password(user, event->room.name);

	room = room_create(user, event->room.name, event->room.nickname, kept ? kept : event->room.password);
	mem_free_secret(kept);
	if (event->raw)
		room->raw_join = mem_strndup(event->raw->bytes, event->raw->length);
	room_add(room, from);
	if (user->state == USER_CONNECTED)
		room_join(room);
	else
		user_login(user);
	if (user->state != USER_IDLE)
		return 0;
	/* Switched off: nobody will ever join this room. */
	room_destroy(&room);
	return TP_ERR_NOT_ALLOWED;
}

static int person_leave(struct user *user, struct resource *from, const struct event *event)
{
	struct room *room = room_find(user, event->room.name);

	/* Who leaves the place that stands for the room comes in by the command again, if at all. */
	if (from->identity->frontend->ops->shares_rooms && !event->room.for_now)
		room_key_forget(user, event->room.name);
	if (!room || !room_has(room, from))
		return TP_ERR_NOT_FOUND;
	room_leave(room, from, event->raw);
	return 0;
}

static int check_room_event(const struct event *event)
{
	if (!name_is_good(event->room.name))
		return TP_ERR_INVALID;
	if (event->type == EVENT_ROOM_LEAVE)
		return 0;
	if (!name_is_good(event->room.nickname))
		return TP_ERR_INVALID;
	return event->room.password && strlen(event->room.password) > LIMIT_NAME_BYTES ? TP_ERR_INVALID : 0;
}

static int person_room(struct resource *from, const struct event *event)
{
	int err = check_room_event(event);

	if (err)
		return err;
	if (from->identity->state == IDENTITY_LOADING)
		return session_remember_join(from, event);
	if (event->type == EVENT_ROOM_JOIN)
		return person_join(from->identity->user, from, event);
	return person_leave(from->identity->user, from, event);
}

static int person_asks_card(struct user *user, struct resource *from, const struct event *event)
{
	struct event out = *event;
	/* "room/nick" may be as long as two names. */
	bool good = event->vcard.name && *event->vcard.name &&
		    strlen(event->vcard.name) <= 2 * LIMIT_NAME_BYTES + 1;
	int err = good ? check_connected(user) : TP_ERR_INVALID;

	if (err)
		return err;
	out.vcard.id = card_request_open(user, from, &event->vcard);
	if (!out.vcard.id)
		return TP_ERR_LIMIT;
	out.vcard.name = network_contact_name(user, event->vcard.name);
	if (!portrait_answers(user, out.vcard.name, out.vcard.id))
		user_send(user, &out);
	return 0;
}

static int person_own_card(struct user *user, const struct event *event)
{
	struct event out = *event;
	int err = check_connected(user);

	if (err)
		return err;
	if (event->vcard.photo_size > PHOTO_BYTES)
		return TP_ERR_LIMIT;
	out.vcard.name = "";
	out.vcard.id = 0;
	user_send(user, &out);
	return 0;
}

/* What has no other form. A room that one is not in may be asked something, not told. */
static int person_raw(struct user *user, struct resource *from, const struct event *event)
{
	const struct event_raw *raw = event->raw;
	struct event out = *event;

	if (!raw || !user->transport->features.raw_xml)
		return TP_ERR_UNSUPPORTED;
	if (!name_is_good(raw->name))
		return TP_ERR_INVALID;
	const struct room *room = raw->kind == RAW_QUERY ? NULL : room_find(user, raw->name);

	if (room && !room_has(room, from))
		return TP_ERR_NOT_FOUND;
	int err = check_connected(user);

	if (err)
		return err;
	if (raw->kind == RAW_MESSAGE && !room)
		conversation_use(conversation_open(user, raw->name), from);
	user_send(user, &out);
	return 0;
}

static int route(struct user *user, struct resource *from, const struct event *event)
{
	switch (event->type) {
	case EVENT_MESSAGE:
		return person_message(user, from, event);
	case EVENT_SUBJECT:
		return person_subject(user, from, event);
	case EVENT_ATTENTION:
		return person_attention(user, from, event);
	case EVENT_MODERATION:
		return person_moderates(user, from, event);
	case EVENT_ROOM_CHANGE:
		return person_changes_room(user, from, event);
	case EVENT_CHAT_STATE:
		return person_chat_state(user, from, event);
	case EVENT_READ_MARKER:
		return person_read_marker(user, from, event);
	case EVENT_CONTACT:
		return person_contact(user, event);
	case EVENT_CONTACT_REMOVED:
		return person_contact_removed(user, event);
	case EVENT_VCARD_REQUEST:
		return person_asks_card(user, from, event);
	case EVENT_VCARD:
		return person_own_card(user, event);
	case EVENT_RAW_XML:
		return person_raw(user, from, event);
	default:
		return TP_ERR_UNSUPPORTED;
	}
}

int router_from_frontend(struct resource *from, const struct event *event)
{
	struct identity *identity = from->identity;
	struct transport *transport = identity->frontend->transport;
	struct event traced = *event;
	struct arena arena = {0};
	int err;

	user_prefetch(identity->user);
	latency_routed(LATENCY_PERSON_TO_ROUTER);
	references_translate(&traced, REFERENCE_TO_NETWORK, identity, &arena);
	traced.trace = delivery_next_trace(transport);
	transport->acts++;
	traced.user = identity->user ? identity->user->key : NULL;
	watch_note(transport, traced.user, WATCH_FROM_PERSON, identity->address, from->name, &traced, 0);
	if (event->type == EVENT_ROOM_JOIN || event->type == EVENT_ROOM_LEAVE)
		err = person_room(from, &traced);
	else if (!identity->user)
		err = TP_ERR_NOT_CONNECTED;
	else
		err = route(identity->user, from, &traced);
	if (err) {
		watch_note(transport, traced.user, WATCH_FROM_PERSON, identity->address, from->name, &traced, err);
		transport->counters.requests_refused++;
	}
	log_debug(identity->user ? &identity->user->log : &identity->frontend->log,
		  "%s from %s: %s, trace %llu", event_type_name(event->type), log_quote(identity->address),
		  err ? tp_error_text(err) : "taken", (unsigned long long)traced.trace);
	arena_finish(&arena);
	return err;
}
