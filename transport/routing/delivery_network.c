/* SPDX-License-Identifier: MIT */
/* From people to the network: delivery.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crash_point.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "transport/backend/backend.h"
#include "transport/frontend.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/rooms/room.h"
#include "transport/routing/conversation.h"
#include "transport/routing/delivery.h"
#include "transport/routing/delivery_private.h"
#include "transport/spool/message_map.h"
#include "transport/spool/spool.h"
#include "transport/transport.h"

/* Who sent it, and its trace, as the spool keeps it: "FRONTEND\nRESOURCE\nADDRESS\nTRACE". */
struct origin {
	char *frontend, *resource, *address, *trace; /* into one copy: frontend is to be freed; trace may be NULL */
};

static void write_origin(struct buf *out, const struct resource *from, uint64_t trace)
{
	char digits[TEXT_DECIMAL_CHARS];

	buf_puts(out, from->identity->frontend->ops->name);
	buf_putc(out, '\n');
	buf_puts(out, from->name);
	buf_putc(out, '\n');
	buf_puts(out, from->identity->address);
	buf_putc(out, '\n');
	buf_puts(out, text_decimal(digits, trace));
}

static bool read_origin(struct origin *origin, const char *text)
{
	if (!text)
		return false;
	origin->frontend = mem_strdup(text);
	origin->resource = strchr(origin->frontend, '\n');
	origin->address = origin->resource ? strchr(origin->resource + 1, '\n') : NULL;
	if (!origin->address) {
		MEM_FREE(origin->frontend);
		return false;
	}
	*origin->resource++ = '\0';
	*origin->address++ = '\0';
	/* Older spools do not have it. */
	origin->trace = strchr(origin->address, '\n');
	if (origin->trace)
		*origin->trace++ = '\0';
	return true;
}

/* A record as it was accepted. `arena` has what `event` points to. */
struct message {
	struct arena arena;
	struct event event;
	struct origin origin;
	bool has_origin;
	const char *reason;
};

static void message_finish(struct message *message)
{
	if (message->has_origin)
		mem_free(message->origin.frontend);
	arena_finish(&message->arena);
}

static int message_read(struct message *message, struct transport *transport, struct spool_record *record)
{
	const char *origin = NULL;

	*message = (struct message){0};
	int err = spool_read(transport->spool, record, &message->arena, &message->event, &origin, &message->reason);

	if (!err)
		message->has_origin = read_origin(&message->origin, origin);
	if (message->has_origin)
		delivery_trace_was(transport, record, message->origin.trace);
	if (err)
		message_finish(message);
	return err;
}

/* ------------------------------------------------------------------------------------------- handing on */

static bool is_on_its_way(const struct user *user)
{
	return user->state == USER_WAITING || user->state == USER_CONNECTING || user->state == USER_RETRYING;
}

static bool is_for_room(const struct event *event)
{
	return event->message.kind != MESSAGE_CHAT || event->type == EVENT_SUBJECT;
}

/* Messages that the backend has and did not answer: the network need not be told faster than it confirms. */
static bool has_many_unanswered(const struct user *user)
{
	const struct spool_queue *queue = user->outbox;

	return user->backend->extended && queue && queue->count - queue->waiting - queue->dead >= LIMIT_UNANSWERED;
}

static bool takes_more(const struct user *user)
{
	return user->state == USER_CONNECTED && user->backend && !user->resuming &&
	       backend_queued(user->backend) <= LIMIT_BACKEND_OUT_HIGH && !has_many_unanswered(user);
}

/* Whether the network can take it now. */
static bool is_ready(const struct user *user, const struct event *event)
{
	if (!takes_more(user))
		return false;
	if (!is_for_room(event))
		return true;
	const struct room *room = room_find(user, event->message.name);

	return room && room->state == ROOM_JOINED;
}

/* Some backends ask people during the login, as a contact: for a code, or whether to register. The answer
 * cannot wait for the end of the login, nor behind what was written before the question. */
static bool is_answer(const struct user *user, const struct event *event)
{
	if (user->state != USER_CONNECTING || !user->backend || event->type != EVENT_MESSAGE ||
	    event->message.kind != MESSAGE_CHAT || backend_queued(user->backend) > LIMIT_BACKEND_OUT_HIGH)
		return false;
	const struct conversation *conversation = conversation_find(user, event->message.name);

	return conversation && conversation->asks;
}

static void expect_echo(struct user *user, const struct event *event)
{
	const struct event_message *message = &event->message;

	if (event->type != EVENT_MESSAGE || message->kind != MESSAGE_ROOM || !message->id)
		return;
	struct room *room = room_find(user, message->name);
	struct event_message said = *message;
	struct arena arena = {0};

	/* The echo will have the text that the backend gets. */
	if (room && user_degrade(user, &arena, &said) == 0)
		room_remember_reflection(room, message->id, said.text);
	arena_finish(&arena);
}

/* As the reason of a dead letter: read again by delivery_network_frontend_ready. */
static void bury(struct spool *spool, struct spool_record *record, enum undelivered_reason reason, const char *text)
{
	struct buf why = {0};

	buf_printf(&why, "%d %s", (int)reason, text ? text : "");
	spool_dead(spool, record, buf_text(&why));
	buf_finish(&why);
}

/* Back to who sent it. It is a dead letter until the sender's frontend has confirmed that: after a restart in
 * between it is the sender who is told, and not the network. */
static void give_back(struct transport *transport, struct spool_record *record, enum undelivered_reason reason,
		      const char *text)
{
	struct spool *spool = transport->spool;
	struct message message;
	int promised = 0;

	if (message_read(&message, transport, record) < 0) {
		delivery_note(transport, record, "is lost: it cannot be read back", NULL);
		spool_done(spool, &record);
		return;
	}
	struct frontend *frontend =
		message.has_origin ? transport_frontend(transport, message.origin.frontend) : NULL;

	if (record->state != SPOOL_DEAD)
		bury(spool, record, reason, text);
	if (frontend && frontend->ops->undelivered) {
		struct event event = {.type = EVENT_UNDELIVERED,
				      .user = message.event.user,
				      .handover = record->id,
				      .trace = delivery_trace(transport, record),
				      .undelivered = {.reason = reason,
						      .text = text,
						      .resource = message.origin.resource,
						      .message = message.event.message}};

		CRASH_POINT("core.network.giving_back");
		promised = frontend->ops->undelivered(frontend, message.origin.address, &event);
	}
	delivery_note(transport, record, "is not delivered", text);
	record->returning = promised > 0;
	record->open = promised > 0 ? (unsigned)promised : 0;
	if (promised == 0)
		spool_done(spool, &record);
	message_finish(&message);
}

static enum undelivered_reason reason_of(int error)
{
	switch (error) {
	case HANDOVER_UNSUPPORTED:
		return UNDELIVERED_UNSUPPORTED;
	case HANDOVER_TOO_LONG:
		return UNDELIVERED_TOO_LONG;
	default:
		return UNDELIVERED_REFUSED;
	}
}

/* `event` is what the record holds. */
static void hand(struct user *user, struct spool_record *record, const struct event *event)
{
	struct event out = *event;

	out.handover = record->id;
	out.trace = delivery_trace(user->transport, record);
	expect_echo(user, event);
	spool_handed(user->transport->spool, record);
	int err = user_send(user, &out);

	if (err == TP_ERR_CLOSED)
		spool_wait(user->transport->spool, record);
	else if (err)
		give_back(user->transport, record, err == TP_ERR_LIMIT ? UNDELIVERED_TOO_LONG : UNDELIVERED_UNSUPPORTED,
			  NULL);
}

/* Of the same conversation, and not handed on yet. */
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

static struct spool_queue *outbox(struct user *user)
{
	if (!user->outbox) {
		user->outbox = spool_queue_open(user->transport->spool, SPOOL_TO_NETWORK, user->key);
		user->outbox->holder = user;
	}
	return user->outbox;
}

void delivery_user_freed(struct user *user)
{
	if (user->outbox)
		user->outbox->holder = NULL;
	spool_queue_release(user->transport->spool, &user->outbox);
}

/* Whose messages these are; NULL: there is no session now. */
static struct user *user_of(struct transport *transport, const struct spool_queue *queue)
{
	return queue->holder ? queue->holder : user_find(transport, queue->owner);
}

int delivery_to_network(struct user *user, struct resource *from, const struct event *event)
{
	struct spool *spool = user->transport->spool;
	struct spool_record *record;
	struct buf origin = {0};

	if (user->state != USER_CONNECTED && !is_on_its_way(user))
		return TP_ERR_NOT_CONNECTED;
	struct event kept = *event;

	kept.user = user->key;
	write_origin(&origin, from, event->trace);
	int err = spool_put(spool, outbox(user),
			    &(struct spool_message){.conversation = event->message.name,
						    .origin = buf_text(&origin),
						    .event = &kept},
			    &record);

	buf_finish(&origin);
	if (err)
		return err == TP_ERR_IO ? TP_ERR_LIMIT : err;
	CRASH_POINT("core.network.accepted");
	record->trace = event->trace;
	delivery_note(user->transport, record, "is kept", NULL);
	record->awaited = event->type == EVENT_MODERATION || event->type == EVENT_ROOM_CHANGE;
	if (is_answer(user, event) || (!is_behind_another(record) && is_ready(user, event)))
		hand(user, record, &kept);
	return 0;
}

/* What waits, oldest first; of conversations that are not ready nothing. */
void delivery_user_ready(struct user *user)
{
	struct transport *transport = user->transport;
	struct spool_queue *queue = user->outbox;

	if (!queue)
		queue = spool_queue_find(transport->spool, SPOOL_TO_NETWORK, user->key);
	if (!queue || !queue->waiting)
		return;
	user->outbox = queue = outbox(user);

	LIST_EACH (link, &queue->records) {
		struct spool_record *record = CONTAINER_OF(link, struct spool_record, link);
		struct message message;

		if (record->state != SPOOL_WAITING)
			continue;
		if (message_read(&message, transport, record) < 0) {
			delivery_note(transport, record, "cannot be read back, a dead letter now", NULL);
			spool_dead(transport->spool, record, "cannot be read back");
			continue;
		}
		if (!is_ready(user, &message.event)) {
			message_finish(&message);
			if (!takes_more(user))
				return;
			continue;
		}
		hand(user, record, &message.event);
		message_finish(&message);
	}
}

void delivery_room_joined(struct room *room)
{
	delivery_user_ready(room->user);
}

void delivery_expect_echoes(struct user *user)
{
	struct spool_queue *queue = spool_queue_find(user->transport->spool, SPOOL_TO_NETWORK, user->key);

	if (!queue)
		return;
	LIST_EACH (link, &queue->records) {
		struct spool_record *record = CONTAINER_OF(link, struct spool_record, link);
		struct message message;

		if (record->state == SPOOL_DEAD || message_read(&message, user->transport, record) < 0)
			continue;
		expect_echo(user, &message.event);
		message_finish(&message);
	}
}

/* ---------------------------------------------------------------------------------------------- answers */

static struct spool_record *find_of_backend(struct backend *backend, uint64_t number)
{
	struct transport *transport = backend->transport;
	struct spool_record *record = spool_find(transport->spool, number);

	if (!record || record->direction != SPOOL_TO_NETWORK || record->state == SPOOL_DEAD)
		return NULL;
	const struct user *user = user_of(transport, record->queue);

	/* Late: the user has another backend by now, which will answer. */
	return user && user->backend == backend ? record : NULL;
}

/* What the person's message is called on either side. */
static void note_link(struct transport *transport, struct spool_record *record, const char *network_id)
{
	struct buf here = {0}, there = {0};
	struct message message;

	if (message_read(&message, transport, record) < 0)
		return;
	if (message.has_origin && message.event.message.id) {
		const struct frontend *frontend = transport_frontend(transport, message.origin.frontend);

		delivery_put_places(&here, &there, message.origin.frontend, message.origin.address,
				    record->queue->owner, message.event.message.name,
				    frontend && frontend->ops->shares_rooms &&
					    message.event.message.kind == MESSAGE_ROOM);
		message_map_put(transport->spool,
				&(struct message_link){.place = buf_text(&here),
						       .id = message.event.message.id,
						       .other_place = buf_text(&there),
						       .other_id = network_id,
						       .time_ms = record->accepted_ms});
		buf_finish(&here);
		buf_finish(&there);
	}
	message_finish(&message);
}

/* What has no other answer: of what is said there is the echo. */
static void tell_arrived(struct transport *transport, struct spool_record *record)
{
	struct message message;

	if (message_read(&message, transport, record) < 0)
		return;
	struct frontend *frontend =
		message.has_origin ? transport_frontend(transport, message.origin.frontend) : NULL;

	if (frontend && frontend->ops->arrived)
		frontend->ops->arrived(frontend, message.origin.address, &message.event);
	message_finish(&message);
}

static void answer_one(struct backend *backend, const struct event_handover_result *result)
{
	struct transport *transport = backend->transport;
	struct spool_record *record = find_of_backend(backend, result->number);

	if (!record)
		return;
	if (result->error) {
		give_back(transport, record, reason_of(result->error), result->reason);
		return;
	}
	if (result->message_id && *result->message_id)
		note_link(transport, record, result->message_id);
	if (record->awaited)
		tell_arrived(transport, record);
	delivery_note(transport, record, backend->extended ? "is with the network" : "is with the backend", NULL);
	CRASH_POINT("core.network.answered");
	spool_done(transport->spool, &record);
}

/* Whose message it was, if others wait behind it for their turn. */
static struct user *one_who_waits(struct backend *backend, uint64_t number)
{
	const struct spool_record *record = find_of_backend(backend, number);
	struct user *user = record && record->queue->waiting ? user_of(backend->transport, record->queue) : NULL;

	return user && has_many_unanswered(user) ? user : NULL;
}

void delivery_answered(struct backend *backend, const struct event_handover *answer)
{
	for (size_t i = 0; i < answer->taken_count + answer->results_count; i++) {
		struct event_handover_result taken = {.number = i < answer->taken_count ? answer->taken[i] : 0};
		const struct event_handover_result *result =
			i < answer->taken_count ? &taken : &answer->results[i - answer->taken_count];
		struct user *user = one_who_waits(backend, result->number);

		answer_one(backend, result);
		if (user)
			delivery_user_ready(user);
	}
}

void delivery_written(struct backend *backend, uint64_t number)
{
	answer_one(backend, &(struct event_handover_result){.number = number});
}

/* ------------------------------------------------------------------------------------------------- ends */

void delivery_user_lost(struct user *user)
{
	if (!user->outbox)
		return;
	LIST_EACH (link, &user->outbox->records) {
		struct spool_record *record = CONTAINER_OF(link, struct spool_record, link);

		if (record->state != SPOOL_HANDED)
			continue;
		delivery_note(user->transport, record, "has no answer: it waits", NULL);
		spool_wait(user->transport->spool, record);
	}
}

void delivery_user_gone(struct user *user, const char *text)
{
	struct transport *transport = user->transport;

	delivery_user_lost(user);
	/* Who is shut down comes back. */
	if (!user->outbox || transport->stopping)
		return;
	LIST_EACH (link, &user->outbox->records) {
		struct spool_record *record = CONTAINER_OF(link, struct spool_record, link);

		if (record->state == SPOOL_WAITING)
			give_back(transport, record, UNDELIVERED_OFFLINE, text);
	}
}

void delivery_room_gone(struct room *room, const char *text)
{
	struct user *user = room->user;
	struct transport *transport = user->transport;

	if (transport->stopping)
		return;
	delivery_people_room_gone(room);
	if (!user->outbox)
		return;
	LIST_EACH (link, &user->outbox->records) {
		struct spool_record *record = CONTAINER_OF(link, struct spool_record, link);
		struct message message;

		if (record->state != SPOOL_WAITING || message_read(&message, transport, record) < 0)
			continue;
		bool same = is_for_room(&message.event) && !strcmp(message.event.message.name, room->network_name);

		message_finish(&message);
		if (same)
			give_back(transport, record, UNDELIVERED_ROOM, text);
	}
}

static void expire(struct transport *transport, struct spool_queue *queue, int64_t before_ms)
{
	LIST_EACH (link, &queue->records) {
		struct spool_record *record = CONTAINER_OF(link, struct spool_record, link);

		if (record->since_ms > before_ms)
			return;
		if (record->state == SPOOL_WAITING)
			give_back(transport, record, UNDELIVERED_OFFLINE,
				  "The network could not be reached in time.");
	}
}

void delivery_network_expire(struct transport *transport, struct spool_queue *queue, int64_t now_ms)
{
	expire(transport, queue, now_ms - (int64_t)transport->spool_settings.network_wait * 1000);
}

void delivery_network_give_back(struct transport *transport, struct spool_record *record,
				enum undelivered_reason reason, const char *text)
{
	give_back(transport, record, reason, text);
}

/* Dead letters whose sender could not be told. */
void delivery_network_frontend_ready(struct frontend *frontend, struct spool_queue *queue)
{
	struct transport *transport = frontend->transport;

	if (!queue->dead)
		return;
	LIST_EACH (link, &queue->records) {
		struct spool_record *record = CONTAINER_OF(link, struct spool_record, link);
		struct message message;
		char *text = NULL;

		if (record->state != SPOOL_DEAD || record->returning ||
		    message_read(&message, transport, record) < 0)
			continue;
		bool same = message.has_origin && !strcmp(message.origin.frontend, frontend->ops->name);
		long reason = message.reason ? strtol(message.reason, &text, 10) : 0;

		if (same && message.reason && text != message.reason) {
			/* The text is the record's own, which may be gone when it is told. */
			char *why = *text == ' ' && text[1] ? mem_strdup(text + 1) : NULL;

			give_back(transport, record, (enum undelivered_reason)reason, why);
			mem_free(why);
		}
		message_finish(&message);
	}
}
