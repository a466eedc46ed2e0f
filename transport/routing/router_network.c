/* SPDX-License-Identifier: MIT */
/* What happens on legacy networks: from backends to frontends. */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "protocol/markup_text.h"
#include "transport/backend/backend.h"
#include "transport/frontend.h"
#include "transport/people/login_step.h"
#include "transport/people/portrait.h"
#include "transport/people/request.h"
#include "transport/people/roster.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/people/values.h"
#include "transport/resume.h"
#include "transport/rooms/portal.h"
#include "transport/rooms/room.h"
#include "transport/rooms/room_bans.h"
#include "transport/routing/ahead.h"
#include "transport/routing/conversation.h"
#include "transport/routing/delivery.h"
#include "transport/routing/latency.h"
#include "transport/routing/router.h"
#include "transport/routing/router_extension.h"
#include "transport/routing/watch.h"
#include "transport/transport.h"

#define DEPARTED_MS 30000  /* how long a backend may still speak of somebody who has left it */
#define REFUSALS_LOGGED 10 /* of one backend, as warnings; the others are for debugging */
#define ROOM_ERRORS (PARTICIPANT_CONFLICT | PARTICIPANT_NOT_AUTHORIZED | PARTICIPANT_ROOM_NOT_FOUND)

struct departed {
	const struct backend *backend; /* compared, never followed: it may be gone */
	uint64_t until_ms;
};

void router_note_departed(struct user *user)
{
	struct departed *departed = MEM_NEW(struct departed);

	departed->backend = user->backend;
	departed->until_ms = clock_ms() + DEPARTED_MS;
	mem_free(map_put(user->transport->departed, user->key, departed));
}

void router_expire_departed(struct transport *transport, uint64_t now_ms)
{
	struct map_iter it = {0};

	while (map_next(transport->departed, &it)) {
		struct departed *departed = it.value;

		if (departed->until_ms > now_ms)
			continue;
		map_remove(transport->departed, it.key);
		mem_free(departed);
	}
}

static void refuse(struct backend *backend, const struct event *event, const char *why)
{
	enum log_level level =
		backend->ignored_frames < REFUSALS_LOGGED ? LOG_LEVEL_WARNING : LOG_LEVEL_DEBUG;

	backend->ignored_frames++;
	backend->transport->counters.events_refused++;
	LOG_AT(level, &backend->log, "%s for %s refused: %s, trace %llu", event_type_name(event->type),
	       log_quote(event->user), why, (unsigned long long)event->trace);
}

/* Often it is the one before: a contact list comes one by one. */
static struct user *find_user(struct transport *transport, const char *key)
{
	struct user *user = transport->spoken_of;

	if (!user || strcmp(user->key, key) != 0)
		user = ahead_find(transport, key);
	if (!user)
		user = user_find(transport, key);
	transport->spoken_of = user;
	return user;
}

/* The user that this backend may speak for; NULL, and refused. */
static struct user *check_user(struct backend *backend, const struct event *event)
{
	struct transport *transport = backend->transport;
	struct user *user = event->user ? find_user(transport, event->user) : NULL;

	if (user && user->backend == backend && user->login_sent)
		return user;
	const struct departed *departed = event->user ? map_get(transport->departed, event->user) : NULL;

	if (departed && departed->backend == backend)
		log_debug(&backend->log, "%s for %s is late: dropped, trace %llu", event_type_name(event->type),
			  log_quote(event->user), (unsigned long long)event->trace);
	else
		refuse(backend, event, "the user is not here");
	return NULL;
}

static bool name_is_good(const char *name)
{
	return name && *name && strlen(name) <= LIMIT_NAME_BYTES;
}

static bool optional_name_is_good(const char *name)
{
	return !name || strlen(name) <= LIMIT_NAME_BYTES;
}

static const char *check_names(const struct event *event);

/* ------------------------------------------------------------------------------------------- contacts */

static void network_contact(struct user *user, struct event *event)
{
	int changed;

	if (!strcmp(event->contact.name, user->legacy_name) &&
	    !roster_find(user->roster, event->contact.name)) {
		log_debug(&user->log, "the network lists the user among the contacts: left out");
		return;
	}
	struct contact *contact = roster_update(user->roster, &event->contact, &changed);

	if (!contact || (changed == ROSTER_SAME && !event->raw))
		return;
	if (event->snapshot)
		return;
	/* Not a new one: a login brings thousands, and clearing so many large structures is what takes time. */
	contact_describe(contact, &event->contact);
	event->user = user->key;
	event->handover = 0;
	if (changed & (ROSTER_NEW | ROSTER_ITEM))
		router_deliver(user, NULL, event);
	else
		router_deliver_present(user, event);
}

static void network_contact_removed(struct user *user, struct event *event)
{
	struct contact *contact = roster_find(user->roster, event->contact.name);
	struct event out;

	if (!contact)
		return;
	contact_to_event(contact, user, &out);
	out.type = EVENT_CONTACT_REMOVED;
	out.trace = event->trace;
	router_deliver(user, NULL, &out);
	roster_remove(user->roster, event->contact.name);
}

static void network_auth_request(struct user *user, struct event *event)
{
	struct contact *contact = roster_request(user->roster, event->contact.name, event->contact.alias);

	if (contact)
		router_deliver(user, NULL, event);
}

/* ------------------------------------------------------------------------------------------- messages */

/* What is not kept, to all addresses; at the one that wrote last in this conversation to the client that did. */
static void deliver_in_conversation(struct user *user, const struct conversation *conversation,
				    const struct event *event)
{
	LIST_EACH (link, &user->identities) {
		struct identity *identity = CONTAINER_OF(link, struct identity, link);
		bool speaks = conversation && conversation->identity == identity;

		router_deliver_to(identity, speaks ? conversation->resource : NULL, event);
	}
}

/* What is too long for people is cut, not lost. The copy, if one was needed; the caller frees. */
static char *bound_text(struct event_message *message)
{
	size_t length = strlen(message->text);

	if (message->xhtml && strlen(message->xhtml) > LIMIT_MESSAGE_BYTES)
		message->xhtml = NULL;
	if (length <= LIMIT_MESSAGE_BYTES)
		return NULL;
	char *cut = mem_strndup(message->text, text_cut(message->text, length, LIMIT_MESSAGE_BYTES));

	message->text = cut;
	return cut;
}

/* A stanza that travels as it is goes to who is there, as its network would have it. */
static void to_people(struct user *user, struct room *room, const struct conversation *conversation,
		      struct event *event, const char *network_id)
{
	if (!event->raw)
		delivery_to_people(user, room, conversation, event, network_id);
	else if (room)
		room_deliver(room, NULL, event);
	else if (event->message.carbon)
		router_deliver(user, NULL, event);
	else
		deliver_in_conversation(user, conversation, event);
}

static void network_chat(struct user *user, struct event *event, const char *network_id)
{
	struct conversation *conversation = event->message.carbon ? NULL : conversation_open(user, event->message.name);

	if (conversation)
		conversation->asks = user->state == USER_CONNECTING;
	to_people(user, NULL, conversation, event, network_id);
}

static void network_room_message(struct user *user, struct room *room, struct event *event, const char *network_id)
{
	bool own = event->message.nickname && !strcmp(event->message.nickname, room->nickname);
	char *id = own && event->message.kind == MESSAGE_ROOM
			   ? room_take_reflection(room, event->message.text)
			   : NULL;

	event->message.name = room->name;
	if (id && event->message.id)
		event->message.sent_id = id;
	else if (id)
		event->message.id = id;
	if (list_empty(&room->occupants))
		log_debug(&user->log, "nobody is in room %s: message not shown, trace %llu",
			  log_quote(room->name), (unsigned long long)event->trace);
	to_people(user, room, NULL, event, network_id);
	mem_free(id);
}

/* Backends of old answer a private message under the name it was sent to: "room/nick". The room, with
 * *nickname pointing into the name; NULL: it is a contact. */
static struct room *split_private(struct user *user, const char *name, const char **nickname)
{
	for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
		char *prefix = mem_strndup(name, (size_t)(slash - name));
		struct room *room = room_find(user, prefix);

		mem_free(prefix);
		*nickname = slash + 1;
		if (room && map_get(room->participants, slash + 1))
			return room;
	}
	return NULL;
}

static void network_message(struct user *user, struct event *event)
{
	struct event_message *message = &event->message;
	const char *nickname = NULL;
	struct room *room = NULL;
	char *said = event->raw ? NULL : markup_give_text(message), *copy = bound_text(message);
	/* Only with the extension is it the network's own. */
	const char *network_id = user->backend->extended ? message->id : NULL;

	user->active_ms = uv_now(user->transport->loop);
	user->messages_in++;
	user->transport->counters.messages_to_people++;
	message->said_in = NULL;
	message->headline = message->headline && user_setting_bool(user, "send_headlines",
								   user->transport->service.send_headlines);
	if (message->kind == MESSAGE_CHAT) {
		room = split_private(user, message->name, &nickname);
		if (room) {
			message->kind = MESSAGE_ROOM_PRIVATE;
			message->nickname = nickname;
		}
	} else {
		room = room_find(user, message->name);
	}
	if (room)
		network_room_message(user, room, event, network_id);
	else if (message->kind == MESSAGE_CHAT)
		network_chat(user, event, network_id);
	else
		log_debug(&user->log, "message for room %s, where the user is not: dropped, trace %llu",
			  log_quote(message->name), (unsigned long long)event->trace);
	mem_free(copy);
	mem_free(said);
}

static void network_attention(struct user *user, struct event *event)
{
	char *copy = bound_text(&event->message);

	user->active_ms = uv_now(user->transport->loop);
	delivery_to_people(user, NULL, conversation_open(user, event->message.name), event,
			   user->backend->extended ? event->message.id : NULL);
	mem_free(copy);
}

static void network_receipt(struct user *user, struct event *event)
{
	const struct conversation *conversation = conversation_find(user, event->receipt.name);

	if (conversation && event->receipt.id && *event->receipt.id)
		delivery_to_people(user, NULL, conversation, event, NULL);
}

static void network_chat_state(struct user *user, struct event *event)
{
	const struct conversation *conversation = conversation_find(user, event->chat_state.name);
	struct room *room = event->chat_state.nickname ? room_find(user, event->chat_state.name) : NULL;

	if (room) {
		event->chat_state.name = room->name;
		room_deliver(room, NULL, event);
		return;
	}
	if (conversation && !event->chat_state.nickname)
		deliver_in_conversation(user, conversation, event);
}

/* ---------------------------------------------------------------------------------------------- rooms */

static bool same_text(const char *a, const char *b)
{
	return !strcmp(a ? a : "", b ? b : "");
}

static void network_subject(struct user *user, struct event *event)
{
	struct room *room = room_find(user, event->message.name);

	if (!room) {
		log_debug(&user->log, "subject of a room where the user is not: dropped, trace %llu",
			  (unsigned long long)event->trace);
		return;
	}
	char *copy = bound_text(&event->message);
	bool same = room->subject && same_text(room->subject, event->message.text) &&
		    same_text(room->subject_author, event->message.nickname);

	mem_replace(&room->subject, event->message.text);
	mem_replace(&room->subject_author, event->message.nickname);
	mem_free(copy);
	if (event->snapshot)
		return;
	if (room->state == ROOM_JOINED)
		room_deliver_subject(room, NULL);
	else if (!same)
		room->subject_due = true;
}

/* Who is in the room under the old nickname sees it change; otherwise it would look as if somebody had left. */
static void rename_own_participant(struct room *room, const char *nickname, uint64_t trace)
{
	const struct participant *own = map_get(room->participants, room->nickname);

	if (!own)
		return;
	char *before = mem_strdup(room->nickname);
	struct event event = {.type = EVENT_PARTICIPANT,
			      .user = room->user->key,
			      .trace = trace,
			      .participant = {.room = room->name,
					      .nickname = before,
					      .new_nickname = nickname,
					      .flags = own->flags,
					      .role = own->role,
					      .status = own->status,
					      .self = true}};

	room_update_participant(room, &event.participant);
	room_deliver(room, NULL, &event);
	mem_free(before);
}

static void set_own_nickname(struct room *room, const char *nickname, uint64_t trace)
{
	struct event event = {.type = EVENT_ROOM_NICKNAME,
			      .user = room->user->key,
			      .trace = trace,
			      .room = {.name = room->name}};

	if (!strcmp(room->nickname, nickname))
		return;
	rename_own_participant(room, nickname, trace);
	mem_replace(&room->nickname, nickname);
	portal_renamed(room);
	resume_note_room(room);
	event.room.nickname = room->nickname;
	room_deliver(room, NULL, &event);
	portrait_update(room);
}

static void network_room_nickname(struct user *user, struct event *event)
{
	struct room *room = room_find(user, event->room.name);

	if (room && name_is_good(event->room.nickname))
		set_own_nickname(room, event->room.nickname, event->trace);
}

static void show_to_latecomers(struct room *room)
{
	LIST_EACH (link, &room->occupants) {
		struct occupant *occupant = CONTAINER_OF(link, struct occupant, link);

		if (!occupant->late)
			continue;
		occupant->late = false;
		room_replay(room, occupant->resource);
	}
}

/* Our own participant: the join is complete, or its presence has changed. */
static void own_participant(struct room *room, const struct event *event)
{
	bool first = room->state != ROOM_JOINED;

	if (first)
		room_joined(room);
	room_deliver(room, NULL, event);
	if (!first)
		return;
	LIST_EACH (link, &room->occupants) {
		struct occupant *occupant = CONTAINER_OF(link, struct occupant, link);

		if (!occupant->late)
			delivery_room_entered(room, occupant->resource);
	}
	room_deliver_info(room, NULL);
	if (room->subject_due)
		room_deliver_subject(room, NULL);
	portrait_show_all(room, NULL);
	room->subject_due = false;
	show_to_latecomers(room);
	delivery_room_joined(room);
}

/* The room is gone for the user: told by the event, then forgotten. */
static void end_room(struct room *room, struct event *event, bool failed)
{
	struct event leave = {.type = EVENT_ROOM_LEAVE,
			      .trace = event->trace,
			      .room = {.name = room->network_name, .nickname = ""}};

	event->participant.self = true;
	event->participant.status = STATUS_OFFLINE;
	room_deliver(room, NULL, event);
	if (failed)
		user_send(room->user, &leave);
	room_destroy(&room);
}

static bool join_failed(const struct room *room, const struct event_participant *participant)
{
	if (!(participant->flags & ROOM_ERRORS))
		return false;
	/* While joining, an error can only be ours. */
	return participant->self || room->state != ROOM_JOINED;
}

/* In a joined room: an answer to our wish for another nickname, under whichever of the two names; an error for
 * anybody else means nothing. */
static bool refuses_nickname(const struct room *room, const struct event_participant *participant)
{
	if (!(participant->flags & ROOM_ERRORS) || room->state != ROOM_JOINED)
		return false;
	return !participant->self || (room->wanted_nickname && (participant->flags & PARTICIPANT_CONFLICT));
}

/* Nobody of that name is there, and we stay who we are. */
static void nickname_refused(struct room *room, struct event *event)
{
	if (room->wanted_nickname)
		event->participant.nickname = room->wanted_nickname;
	event->participant.status = STATUS_OFFLINE;
	event->participant.self = false;
	event->participant.new_nickname = NULL;
	room_deliver(room, NULL, event);
	MEM_FREE(room->wanted_nickname);
}

static void network_participant(struct user *user, struct event *event)
{
	struct event_participant *participant = &event->participant;
	struct room *room = room_find(user, participant->room);
	bool renamed = participant->new_nickname && *participant->new_nickname;

	if (!room) {
		log_debug(&user->log, "participant of room %s, where the user is not: dropped",
			  log_quote(participant->room));
		return;
	}
	participant->room = room->name;
	if ((participant->flags & PARTICIPANT_ME) && !renamed && !(participant->flags & ROOM_ERRORS))
		set_own_nickname(room, participant->nickname, event->trace);
	participant->self =
		!strcmp(participant->nickname, room->nickname) || (participant->flags & PARTICIPANT_ME);
	if (refuses_nickname(room, participant)) {
		nickname_refused(room, event);
		return;
	}
	if (join_failed(room, participant)) {
		participant->nickname = room->nickname;
		end_room(room, event, true);
		return;
	}
	if (renamed) {
		if (participant->self) {
			mem_replace(&room->nickname, participant->new_nickname);
			portal_renamed(room);
			MEM_FREE(room->wanted_nickname);
			resume_note_room(room);
		}
		room_update_participant(room, participant);
		room_deliver(room, NULL, event);
		if (participant->self)
			portrait_update(room);
		portrait_show(room, participant->new_nickname);
		return;
	}
	if (participant->status == STATUS_OFFLINE && participant->self) {
		end_room(room, event, false);
		return;
	}
	if (event->snapshot) {
		room_update_participant(room, participant);
		return;
	}
	bool known = map_get(room->participants, participant->nickname) != NULL;

	/* After a restart people may still see somebody who has left meanwhile, and whom we never knew. */
	bool maybe_shown = known || (user->resuming && participant->status == STATUS_OFFLINE);

	if (!room_update_participant(room, participant) && !maybe_shown)
		return;
	if (participant->self)
		own_participant(room, event);
	else
		room_deliver(room, NULL, event);
	if (!known)
		portrait_show(room, participant->nickname);
}

/* Each as if it had come by itself; one of them may end the room. */
static void network_participants(struct user *user, const struct event *event)
{
	const struct event_participants *all = &event->participants;

	for (size_t i = 0; i < all->count; i++) {
		struct event one = {.type = EVENT_PARTICIPANT,
				    .user = event->user,
				    .trace = event->trace,
				    .snapshot = event->snapshot,
				    .participant = all->participants[i]};

		one.participant.room = all->room;
		if (!check_names(&one))
			network_participant(user, &one);
		else
			log_debug(&user->log, "a participant of room %s has no name, or too long a one: left out",
				  log_quote(all->room));
	}
}

/* ---------------------------------------------------------------------------------------------- other */

static void network_vcard(struct user *user, struct event *event)
{
	if (!card_request_answer(user, event))
		log_debug(&user->log, "a card that nobody waits for: dropped");
}

/* One allocation: the array, then the texts. */
static const char **copy_texts(const char *const *texts, size_t count)
{
	size_t size = count * sizeof(*texts) + 1;

	for (size_t i = 0; i < count; i++)
		size += strlen(texts[i]) + 1;
	const char **copy = mem_alloc(size);
	char *at = (char *)(copy + count);

	for (size_t i = 0; i < count; i++) {
		size_t length = strlen(texts[i]) + 1;

		memcpy(at, texts[i], length);
		copy[i] = at;
		at += length;
	}
	return copy;
}

static void replace_list(const char ***rooms, const char ***names, size_t *count,
			 const struct event_room_list *list)
{
	mem_free((void *)*rooms);
	mem_free((void *)*names);
	*count = list->count > LIMIT_ROOM_LIST ? LIMIT_ROOM_LIST : list->count;
	*rooms = copy_texts(list->rooms, *count);
	*names = copy_texts(list->names, *count);
}

void transport_backend_room_list(struct transport *transport, const struct event_room_list *list)
{
	if (list->count > LIMIT_ROOM_LIST)
		log_warning(&transport->log, "the list of rooms has %zu entries: %d are kept", list->count,
			    LIMIT_ROOM_LIST);
	replace_list(&transport->room_list, &transport->room_names, &transport->room_list_count, list);
	transport_features_changed(transport);
}

static void network_room_list(struct user *user, struct event *event)
{
	replace_list(&user->room_list, &user->room_names, &user->room_list_count, &event->room_list);
	transport_features_changed(user->transport);
}

/* A stanza that is none of the other events: to the room that it is about, to who talks with the contact, or to all.
 * Which client a query is for is the frontend's knowledge. */
static void network_raw(struct user *user, struct event *event)
{
	const struct event_raw *raw = event->raw;
	struct room *room = raw->kind == RAW_QUERY ? NULL : room_find(user, raw->name);

	user->active_ms = uv_now(user->transport->loop);
	if (room)
		room_deliver(room, NULL, event);
	else if (raw->kind == RAW_MESSAGE)
		deliver_in_conversation(user, conversation_find(user, raw->name), event);
	else
		router_deliver(user, NULL, event);
}

/* NULL, or what is wrong with the names in it. */
static const char *check_names(const struct event *event)
{
	bool good = true;

	switch (event->type) {
	case EVENT_CONTACT:
	case EVENT_CONTACT_REMOVED:
	case EVENT_AUTH_REQUEST:
		good = name_is_good(event->contact.name) && optional_name_is_good(event->contact.alias);
		break;
	case EVENT_MESSAGE:
	case EVENT_SUBJECT:
	case EVENT_ATTENTION:
		good = event->message.name && *event->message.name && event->message.text &&
		       strlen(event->message.name) <= 2 * LIMIT_NAME_BYTES + 1 &&
		       optional_name_is_good(event->message.nickname);
		break;
	case EVENT_RECEIPT:
		good = name_is_good(event->receipt.name);
		break;
	case EVENT_CHAT_STATE:
		good = name_is_good(event->chat_state.name) && optional_name_is_good(event->chat_state.nickname);
		break;
	case EVENT_ROOM_NICKNAME:
		good = name_is_good(event->room.name);
		break;
	case EVENT_RAW_XML:
		good = event->raw && name_is_good(event->raw->name) && optional_name_is_good(event->raw->resource);
		break;
	case EVENT_PARTICIPANT:
		good = name_is_good(event->participant.room) &&
		       optional_name_is_good(event->participant.alias) &&
		       optional_name_is_good(event->participant.new_nickname) &&
		       /* An error may come without a name: it is ours. */
		       (name_is_good(event->participant.nickname) ||
			(event->participant.nickname && !*event->participant.nickname &&
			 event->participant.flags & ROOM_ERRORS));
		break;
	case EVENT_READ_MARKER:
		good = name_is_good(event->read_marker.name) && name_is_good(event->read_marker.message_id) &&
		       optional_name_is_good(event->read_marker.nickname);
		break;
	case EVENT_PARTICIPANTS:
		good = name_is_good(event->participants.room);
		break;
	case EVENT_ROOM_INFO:
		good = name_is_good(event->room_info.room);
		break;
	case EVENT_BANS:
		good = name_is_good(event->bans.room);
		break;
	case EVENT_VALUES:
		for (size_t i = 0; i < event->values.count; i++)
			good = good && name_is_good(event->values.values[i].key);
		break;
	default:
		break;
	}
	return good ? NULL : "a name in it is empty or too long";
}

static void route(struct user *user, struct event *event)
{
	switch (event->type) {
	case EVENT_CONTACT:
		network_contact(user, event);
		return;
	case EVENT_CONTACT_REMOVED:
		network_contact_removed(user, event);
		return;
	case EVENT_AUTH_REQUEST:
		network_auth_request(user, event);
		return;
	case EVENT_MESSAGE:
		network_message(user, event);
		return;
	case EVENT_SUBJECT:
		network_subject(user, event);
		return;
	case EVENT_ATTENTION:
		network_attention(user, event);
		return;
	case EVENT_RECEIPT:
		network_receipt(user, event);
		return;
	case EVENT_CHAT_STATE:
		network_chat_state(user, event);
		return;
	case EVENT_ROOM_NICKNAME:
		network_room_nickname(user, event);
		return;
	case EVENT_PARTICIPANT:
		network_participant(user, event);
		return;
	case EVENT_PARTICIPANTS:
		network_participants(user, event);
		return;
	case EVENT_ROOM_INFO:
		network_room_info(user, event);
		return;
	case EVENT_BANS:
		room_bans_told(user, &event->bans);
		return;
	case EVENT_READ_MARKER:
		network_read_marker(user, event);
		return;
	case EVENT_ROOM_LIST:
		network_room_list(user, event);
		return;
	case EVENT_VCARD:
		network_vcard(user, event);
		return;
	case EVENT_RAW_XML:
		network_raw(user, event);
		return;
	case EVENT_VALUES:
		values_from_backend(user, event);
		return;
	/* These last: the user may be freed. */
	case EVENT_LOGIN_STEP:
		login_step_from_backend(user, event);
		return;
	case EVENT_CONNECTED:
		user_connected(user);
		return;
	case EVENT_DISCONNECTED:
		user_disconnected(user, event->disconnected.error, event->disconnected.text);
		return;
	default:
		return;
	}
}

static void take(struct backend *backend, struct user *user, struct event *event)
{
	const char *fault = check_names(event);

	event->trace = delivery_next_trace(backend->transport);
	if (fault) {
		refuse(backend, event, fault);
		return;
	}
	latency_routed(LATENCY_BACKEND_TO_ROUTER);
	if (!event->user)
		event->user = user->key;
	log_debug(&user->log, "%s from %s, trace %llu", event_type_name(event->type), backend->label,
		  (unsigned long long)event->trace);
	watch_note(backend->transport, user->key, WATCH_FROM_NETWORK, backend->label, NULL, event, 0);
	route(user, event);
}

static struct user *raw_user(void *context, const char *key)
{
	return check_user(context, &(struct event){.type = EVENT_RAW_XML, .user = key});
}

static void raw_event(void *context, struct user *user, const struct event *event)
{
	struct event traced = *event;

	take(context, user, &traced);
}

/* The one frontend that can read it says what it means. */
static void read_raw(struct backend *backend, const struct event *event)
{
	static const struct raw_sink sink = {.user = raw_user, .event = raw_event};
	struct transport *transport = backend->transport;
	const char *fault = "nobody here can read it";

	if (!transport->features.raw_xml) {
		refuse(backend, event, "it has not announced features.rawxml");
		return;
	}
	LIST_EACH (link, &transport->frontends) {
		struct frontend *frontend = CONTAINER_OF(link, struct frontend, link);

		if (!frontend->ops->read_raw)
			continue;
		if (frontend->ops->read_raw(frontend, event->text.bytes, event->text.length, &sink, backend,
					    &fault) < 0)
			refuse(backend, event, fault);
		return;
	}
	refuse(backend, event, fault);
}

void router_from_backend(struct backend *backend, struct event *event)
{
	bool for_all = event->type == EVENT_ROOM_LIST && (!event->user || !*event->user);

	if (event->type == EVENT_OTHER || backend->transport->stopping)
		return;
	if (event->type == EVENT_RAW_XML) {
		read_raw(backend, event);
		return;
	}
	if (for_all) {
		transport_backend_room_list(backend->transport, &event->room_list);
		return;
	}
	struct user *user = check_user(backend, event);

	if (user)
		take(backend, user, event);
}
