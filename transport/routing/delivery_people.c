/* SPDX-License-Identifier: MIT */
/* From the network to people: delivery.h. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/crash_point.h"
#include "base/error.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "transport/admin/admin_notice.h"
#include "transport/backend/backend.h"
#include "transport/frontend.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/rooms/portal.h"
#include "transport/rooms/room.h"
#include "transport/routing/conversation.h"
#include "transport/routing/delivery.h"
#include "transport/routing/delivery_private.h"
#include "transport/routing/latency.h"
#include "transport/routing/router.h"
#include "transport/spool/spool.h"
#include "transport/transport.h"

#define LATE_MS 2000 /* what is shown later than that carries the time when it came */

/* People's side has names in lower case, the network's as it likes. */
static void put_conversation(struct buf *out, const char *conversation)
{
	size_t start = out->len + 1;

	buf_putc(out, '\n');
	buf_puts(out, conversation);
	text_lower(out->data + start);
}

void delivery_put_places(struct buf *people, struct buf *network, const char *frontend, const char *address,
			 const char *user, const char *conversation, bool shared)
{
	spool_identity_key(people, frontend, shared ? "" : address);
	put_conversation(people, conversation);
	buf_clear(network);
	buf_puts(network, shared ? "" : user);
	put_conversation(network, conversation);
}

void delivery_places(const struct identity *identity, const char *conversation, bool room, struct buf *people,
		     struct buf *network)
{
	delivery_put_places(people, network, identity->frontend->ops->name, identity->address, identity->user->key,
			    conversation, room && identity->frontend->ops->shares_rooms);
}

/* ---------------------------------------------------------------------------------------------- showing */

static bool is_for_room(const struct event *event)
{
	return event->type == EVENT_MESSAGE && event->message.kind != MESSAGE_CHAT;
}

static const char *conversation_name(const struct event *event)
{
	return event->type == EVENT_RECEIPT ? event->receipt.name : event->message.name;
}

/* The conversation that it belongs to. NULL: to none, or nobody has begun it. */
static const struct conversation *conversation_of(const struct user *user, const struct event *event)
{
	if (event->type == EVENT_MESSAGE && (event->message.carbon || event->message.kind != MESSAGE_CHAT))
		return NULL;
	return conversation_find(user, conversation_name(event));
}

/* To the client that wrote last in this conversation, or to the identity as a whole. */
static int show_in_conversation(struct identity *identity, const struct conversation *conversation,
				const struct event *event)
{
	bool is_theirs = conversation && conversation->identity == identity;

	return router_deliver_to(identity, is_theirs ? conversation->resource : NULL, event);
}

/* The number of confirmations that will come; negative: nobody could be shown it now. */
static int show_in_room(struct identity *identity, const struct room *room, struct resource *only,
			const struct event *event)
{
	int promised = 0, shown = 0, err = TP_ERR_NOT_CONNECTED;

	LIST_EACH (link, &room->occupants) {
		struct resource *resource = CONTAINER_OF(link, struct occupant, link)->resource;

		if (resource->identity != identity || (only && only != resource))
			continue;
		int answer = router_deliver_to(identity, resource, event);

		if (answer >= 0) {
			promised += answer;
			shown++;
		} else {
			err = answer;
		}
	}
	return shown ? promised : err;
}

static int show(struct identity *identity, const struct conversation *conversation, struct resource *only,
		const struct event *event)
{
	if (!is_for_room(event))
		return show_in_conversation(identity, conversation, event);
	const struct room *room = room_find(identity->user, event->message.name);

	return room ? show_in_room(identity, room, only, event) : TP_ERR_NOT_FOUND;
}

/* The record's state follows from the frontend's answer. False: it waits on. */
static bool settle(const struct frontend *frontend, struct spool_record *record, int answer)
{
	struct spool *spool = frontend->transport->spool;

	if (answer < 0)
		return false;
	if (answer == 0) {
		spool_done(spool, &record);
		return true;
	}
	record->open = (unsigned)answer;
	/* Where no server confirms anything the frontend measures its sockets. */
	record->handed_ns = latency_on && frontend->ops->acknowledges ? latency_now() : 0;
	spool_handed(spool, record);
	return true;
}

static struct spool_queue *inbox(struct identity *identity)
{
	if (!identity->inbox) {
		struct buf owner = {0};

		spool_identity_key(&owner, identity->frontend->ops->name, identity->address);
		identity->inbox = spool_queue_open(identity->frontend->transport->spool, SPOOL_TO_PEOPLE,
						   buf_text(&owner));
		buf_finish(&owner);
	}
	return identity->inbox;
}

static bool is_in_room(const struct identity *identity, const struct room *room)
{
	LIST_EACH (link, &room->occupants)
		if (CONTAINER_OF(link, struct occupant, link)->resource->identity == identity)
			return true;
	return false;
}

/* Of a room that nobody is in: the oldest make room for the newest. */
static void bound_backlog(struct transport *transport, struct spool_queue *queue, uint32_t conversation)
{
	long kept = 0;
	struct list *link = queue->records.prev;

	while (link != &queue->records) {
		struct spool_record *record = CONTAINER_OF(link, struct spool_record, link);

		link = link->prev;
		if (record->state == SPOOL_WAITING && record->conversation == conversation &&
		    ++kept > transport->spool_settings.room_backlog)
			spool_done(transport->spool, &record);
	}
}

/* More than this identity may have waiting: that must not hold up everybody else of the backend. */
static bool is_full(const struct transport *transport, const struct spool_queue *queue)
{
	const struct spool_settings *settings = &transport->spool_settings;

	return queue->count - queue->dead >= (unsigned)settings->max_user_messages ||
	       queue->bytes + LIMIT_MESSAGE_BYTES >= (uint64_t)settings->max_user_megabytes << 20;
}

/* Of the same conversation, and not shown yet. */
static bool is_behind_another(const struct spool_record *record)
{
	if (record->queue->waiting <= 1)
		return false;
	LIST_EACH (link, &record->queue->records) {
		const struct spool_record *other = CONTAINER_OF(link, struct spool_record, link);

		if (other == record)
			return false;
		if (other->state == SPOOL_WAITING && other->conversation == record->conversation)
			return true;
	}
	return false;
}

/* `first`: of those that are to see it, so that nothing of it has been kept yet. */
static void accept_for(struct identity *identity, struct room *room, const struct conversation *conversation,
		       const struct event *event, const char *network_id, bool first)
{
	struct transport *transport = identity->frontend->transport;
	struct spool_queue *queue = inbox(identity);
	struct spool_record *record;
	struct buf seen = {0};
	char trace[TEXT_DECIMAL_CHARS];

	if (network_id && *network_id)
		buf_printf(&seen, "%s\n%s", conversation_name(event), network_id);
	int err = spool_put(transport->spool, queue,
			    &(struct spool_message){.conversation = conversation_name(event),
						    .origin = text_decimal(trace, event->trace),
						    .seen = seen.len ? buf_text(&seen) : NULL,
						    .event = event},
			    &record);

	buf_finish(&seen);
	if (err == TP_ERR_EXISTS) {
		log_debug(&identity->user->log, "a message that came before: dropped, trace %llu",
			  (unsigned long long)event->trace);
		return;
	}
	/* It is not lost: the backend is not read, and brings it again. */
	if (err && first && !is_full(transport, queue)) {
		identity->user->backend->not_taken = true;
		return;
	}
	if (err) {
		transport->counters.unsaved_messages++;
		log_error(&identity->user->log,
			  "the spool takes no more (%s): a message is shown without being kept, trace %llu",
			  tp_error_text(err), (unsigned long long)event->trace);
		show(identity, conversation, NULL, event);
		return;
	}
	record->trace = event->trace;
	delivery_note(transport, record, "is kept", NULL);
	if (room && !is_in_room(identity, room)) {
		bound_backlog(transport, queue, record->conversation);
		return;
	}
	/* It will be shown with that. */
	if (is_behind_another(record))
		return;
	struct event shown = *event;

	CRASH_POINT("core.people.accepted");
	shown.handover = record->id;
	settle(identity->frontend, record, show(identity, conversation, NULL, &shown));
}

void delivery_accept_for(struct identity *identity, struct room *room, const struct event *event,
			 const char *network_id)
{
	struct event traced = *event;

	if (!traced.trace)
		traced.trace = delivery_next_trace(identity->frontend->transport);
	/* It cannot be asked for again: its backend has been told that it was taken. */
	accept_for(identity, room, NULL, &traced, network_id, false);
}

void delivery_accept_absent(struct frontend *frontend, const char *address, const struct event *event,
			    const char *network_id)
{
	struct transport *transport = frontend->transport;
	struct spool_record *record;
	struct buf owner = {0}, seen = {0};
	char trace[TEXT_DECIMAL_CHARS];

	spool_identity_key(&owner, frontend->ops->name, address);
	struct spool_queue *queue = spool_queue_open(transport->spool, SPOOL_TO_PEOPLE, buf_text(&owner));

	if (network_id)
		buf_printf(&seen, "%s\n%s", conversation_name(event), network_id);
	int err = is_full(transport, queue)
			  ? TP_ERR_LIMIT
			  : spool_put(transport->spool, queue,
				      &(struct spool_message){.conversation = conversation_name(event),
							      .origin = text_decimal(trace, event->trace),
							      .seen = seen.len ? buf_text(&seen) : NULL,
							      .event = event},
				      &record);

	if (!err) {
		record->trace = event->trace;
		delivery_note(transport, record, "is kept for somebody who is not back yet", NULL);
	} else if (err != TP_ERR_EXISTS) {
		transport->counters.unsaved_messages++;
		log_error(&frontend->log, "the spool takes no more (%s): a message for %s is lost, trace %llu",
			  tp_error_text(err), log_quote(address), (unsigned long long)event->trace);
	}
	spool_queue_release(transport->spool, &queue);
	buf_finish(&owner);
	buf_finish(&seen);
}

void delivery_to_people(struct user *user, struct room *room, const struct conversation *conversation,
			const struct event *event, const char *network_id)
{
	bool backlog = room && list_empty(&room->occupants) && user->transport->spool_settings.room_backlog > 0;

	/* That of who has written it. */
	if (event->type == EVENT_RECEIPT && conversation && conversation->identity) {
		accept_for(conversation->identity, NULL, conversation, event, network_id, true);
		return;
	}
	bool first = true;

	LIST_EACH (link, &user->identities) {
		struct identity *identity = CONTAINER_OF(link, struct identity, link);

		if (room && !backlog && !is_in_room(identity, room))
			continue;
		if (room && identity->frontend->ops->shares_rooms && !portal_admits(identity, room, event, network_id))
			continue;
		accept_for(identity, room, conversation, event, network_id, first);
		if (user->backend->not_taken)
			return;
		first = false;
	}
}

/* ---------------------------------------------------------------------------------------- confirmations */

/* What a frontend has promised to confirm, in either direction: also what goes back to its sender. */
static struct spool_record *find_promised(struct transport *transport, uint64_t number)
{
	struct spool_record *record = spool_find(transport->spool, number);
	bool promised = record && (record->direction == SPOOL_TO_PEOPLE ? record->state == SPOOL_HANDED
									: record->returning);

	return promised ? record : NULL;
}

void delivery_shown(struct transport *transport, uint64_t number)
{
	struct spool_record *record = find_promised(transport, number);

	if (!record)
		return;
	CRASH_POINT("core.people.shown");
	if (record->open > 1) {
		record->open--;
		return;
	}
	if (record->handed_ns && !record->returning)
		latency_record(LATENCY_ROUTER_TO_PERSON, record->handed_ns, 1);
	delivery_note(transport, record, record->returning ? "is back with its author" : "has arrived", NULL);
	spool_done(transport->spool, &record);
}

void delivery_not_shown(struct transport *transport, uint64_t number)
{
	struct spool_record *record = find_promised(transport, number);

	if (!record)
		return;
	delivery_note(transport, record, "could not be shown: it waits", NULL);
	if (record->returning)
		record->returning = false;
	else
		spool_wait(transport->spool, record);
}

void delivery_refused(struct transport *transport, uint64_t number, const char *reason)
{
	struct spool_record *record = find_promised(transport, number);

	if (!record)
		return;
	delivery_note(transport, record, record->returning ? "cannot be given back" : "is refused, a dead letter now", reason);
	if (record->returning)
		delivery_shown(transport, number);
	else
		spool_dead(transport->spool, record, reason);
}

void delivery_keep_nonsense(struct frontend *frontend, const char *server, const char *bytes, size_t length,
			    const char *reason)
{
	struct spool *spool = frontend->transport->spool;
	struct spool_record *record;
	struct buf owner = {0}, text = {0};

	text_clean(&text, bytes, length < LIMIT_NONSENSE_BYTES ? length : LIMIT_NONSENSE_BYTES, TEXT_LINES);
	spool_identity_key(&owner, frontend->ops->name, server);
	struct spool_queue *queue = spool_queue_open(spool, SPOOL_TO_PEOPLE, buf_text(&owner));
	struct event event = {.type = EVENT_MESSAGE,
			      .user = server,
			      .message = {.kind = MESSAGE_CHAT, .name = server, .text = buf_text(&text)}};
	int err = spool_put(spool, queue, &(struct spool_message){.conversation = server, .event = &event}, &record);

	if (err)
		log_warning(&frontend->log, "what %s has told makes no sense, and is not kept: %s", log_quote(server),
			    tp_error_text(err));
	else
		spool_dead(spool, record, reason);
	spool_queue_release(spool, &queue);
	buf_finish(&owner);
	buf_finish(&text);
}

/* -------------------------------------------------------------------------------------------- again */

/* What was said while nobody could be shown it. `room`: of this one only, to `only`. */
static void show_waiting(struct identity *identity, struct room *room, struct resource *only)
{
	struct transport *transport = identity->frontend->transport;
	struct spool_queue *queue = inbox(identity);
	struct map *stuck = NULL; /* conversations of which something stays: then the rest does */

	if (!queue->waiting)
		return;
	LIST_EACH (link, &queue->records) {
		struct spool_record *record = CONTAINER_OF(link, struct spool_record, link);
		struct arena arena = {0};
		struct event event;
		const char *trace;
		char key[16];

		if (record->state != SPOOL_WAITING)
			continue;
		snprintf(key, sizeof(key), "%x", record->conversation);
		if (map_get(stuck, key))
			continue;
		if (spool_read(transport->spool, record, &arena, &event, &trace, NULL) < 0) {
			delivery_note(transport, record, "cannot be read back, a dead letter now", NULL);
			spool_dead(transport->spool, record, "cannot be read back");
			arena_finish(&arena);
			continue;
		}
		bool mine = !room || (is_for_room(&event) && room_find(identity->user, event.message.name) == room);

		delivery_trace_was(transport, record, trace);
		event.user = identity->user->key;
		event.trace = mine ? delivery_trace(transport, record) : 0;
		event.handover = record->id;
		if (event.type != EVENT_RECEIPT && !event.message.stamp_ms &&
		    (int64_t)clock_ms() - record->since_ms > LATE_MS)
			event.message.stamp_ms = record->accepted_ms;
		const struct conversation *conversation = conversation_of(identity->user, &event);
		int answer = mine ? show(identity, conversation, only, &event) : 0;

		if (mine && !settle(identity->frontend, record, answer))
			map_set(&stuck, key, record);
		arena_finish(&arena);
	}
	map_destroy(&stuck, NULL);
}

void delivery_identity_ready(struct identity *identity)
{
	if (identity->user)
		show_waiting(identity, NULL, NULL);
}

void delivery_identity_unlinked(struct identity *identity)
{
	struct spool_queue *queue = inbox(identity);

	LIST_EACH (link, &queue->records) {
		struct spool_record *record = CONTAINER_OF(link, struct spool_record, link);

		if (record->state == SPOOL_WAITING)
			spool_done(identity->frontend->transport->spool, &record);
	}
}

void delivery_room_entered(struct room *room, struct resource *resource)
{
	show_waiting(resource->identity, room, resource);
}

void delivery_people_room_gone(struct room *room)
{
	struct spool *spool = room->user->transport->spool;

	LIST_EACH (outer, &room->user->identities) {
		const struct identity *identity = CONTAINER_OF(outer, struct identity, link);
		struct spool_queue *queue = identity->inbox;

		if (!queue || !queue->waiting || identity->returns)
			continue;
		LIST_EACH (link, &queue->records) {
			struct spool_record *record = CONTAINER_OF(link, struct spool_record, link);
			struct arena arena = {0};
			struct event event;

			if (record->state != SPOOL_WAITING)
				continue;
			bool mine = spool_read(spool, record, &arena, &event, NULL, NULL) == 0 &&
				    is_for_room(&event) && room_find(room->user, event.message.name) == room;

			arena_finish(&arena);
			if (mine)
				spool_done(spool, &record);
		}
	}
}

struct identity *delivery_identity_of(struct transport *transport, const char *owner, struct frontend **frontend)
{
	const char *address;
	char *name;

	if (!spool_identity_parts(owner, &name, &address))
		return NULL;
	*frontend = transport_frontend(transport, name);
	mem_free(name);
	return *frontend ? session_find_identity(transport, *frontend, address) : NULL;
}

/* Calls `each` for every queue; it may end the queue it is given. */
static void for_each_queue(struct transport *transport,
			   void (*each)(struct transport *transport, struct spool_queue *queue, void *context),
			   void *context)
{
	struct spool_queue *queue = NULL;

	while (spool_queue_walk(transport->spool, &queue))
		each(transport, queue, context);
}

static void frontend_ready(struct transport *transport, struct spool_queue *queue, void *context)
{
	struct frontend *ready = context, *frontend = NULL;

	if (queue->direction == SPOOL_TO_NETWORK) {
		delivery_network_frontend_ready(ready, queue);
		return;
	}
	struct identity *identity = queue->waiting ? delivery_identity_of(transport, queue->owner, &frontend) : NULL;

	if (identity && frontend == ready)
		delivery_identity_ready(identity);
}

void delivery_frontend_ready(struct frontend *frontend)
{
	for_each_queue(frontend->transport, frontend_ready, frontend);
	admin_notice_show_waiting(frontend);
}

static void expire(struct transport *transport, struct spool_queue *queue, void *context)
{
	const int64_t *now_ms = context;
	int64_t before_ms = *now_ms - (int64_t)transport->spool_settings.people_wait * 1000;

	if (queue->direction == SPOOL_TO_NETWORK) {
		delivery_network_expire(transport, queue, *now_ms);
		return;
	}
	LIST_EACH (link, &queue->records) {
		struct spool_record *record = CONTAINER_OF(link, struct spool_record, link);

		if (record->since_ms > before_ms)
			return;
		if (record->state != SPOOL_WAITING)
			continue;
		delivery_note_at(transport, record, LOG_LEVEL_WARNING, "has waited too long: it is a dead letter now",
				 NULL);
		spool_dead(transport->spool, record, "waited too long");
	}
}

void delivery_expire(struct transport *transport)
{
	int64_t now_ms = (int64_t)clock_ms();

	for_each_queue(transport, expire, &now_ms);
}

/* -------------------------------------------------------------------------------------- administrators */

int delivery_bounce(struct transport *transport, uint64_t number)
{
	struct spool_record *record = spool_find(transport->spool, number);

	if (!record || record->direction != SPOOL_TO_NETWORK || record->returning)
		return TP_ERR_NOT_FOUND;
	delivery_network_give_back(transport, record, UNDELIVERED_DROPPED,
				   "An administrator of the gateway has sent it back.");
	return 0;
}

int delivery_drop(struct transport *transport, uint64_t number)
{
	struct spool_record *record = spool_find(transport->spool, number);

	if (!record)
		return TP_ERR_NOT_FOUND;
	delivery_note(transport, record, "is dropped by an administrator", NULL);
	spool_done(transport->spool, &record);
	return 0;
}

int delivery_retry(struct transport *transport, uint64_t number)
{
	struct spool_record *record = spool_find(transport->spool, number);
	struct frontend *frontend;

	if (!record || record->state == SPOOL_HANDED || record->returning)
		return TP_ERR_NOT_FOUND;
	delivery_note(transport, record, "is tried again for an administrator", NULL);
	if (record->state == SPOOL_DEAD)
		spool_retry(transport->spool, record);
	if (record->direction == SPOOL_TO_NETWORK) {
		struct user *user = user_find(transport, record->queue->owner);

		if (user)
			delivery_user_ready(user);
		return 0;
	}
	struct identity *identity = delivery_identity_of(transport, record->queue->owner, &frontend);

	if (identity)
		delivery_identity_ready(identity);
	return 0;
}
