/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/transaction.h"

#include <string.h>

#include "base/clock.h"
#include "base/crash_point.h"
#include "base/json.h"
#include "base/log.h"
#include "config/limits.h"
#include "frontends/matrix/messages/ephemeral.h"
#include "frontends/matrix/messages/poll.h"
#include "frontends/matrix/messages/recent.h"
#include "frontends/matrix/messages/said.h"
#include "frontends/matrix/people/bot.h"
#include "frontends/matrix/people/chat.h"
#include "frontends/matrix/people/ghost.h"
#include "frontends/matrix/people/nickname.h"
#include "frontends/matrix/people/person.h"
#include "frontends/matrix/people/person_picture.h"
#include "frontends/matrix/people/profile.h"
#include "frontends/matrix/people/puppet.h"
#include "frontends/matrix/ping.h"
#include "frontends/matrix/rooms/directory.h"
#include "frontends/matrix/rooms/encryption.h"
#include "frontends/matrix/rooms/gap.h"
#include "frontends/matrix/rooms/making.h"
#include "frontends/matrix/rooms/members.h"
#include "frontends/matrix/rooms/moderation.h"
#include "frontends/matrix/rooms/outsider.h"
#include "frontends/matrix/rooms/portal_change.h"
#include "frontends/matrix/rooms/portal_room.h"
#include "frontends/matrix/rooms/upgrade.h"
#include "transport/people/session.h"
#include "transport/routing/delivery.h"
#include "transport/routing/latency.h"
#include "transport/spool/spool.h"

#define LAST_TRANSACTION "last transaction" /* note of the spool */

/* ---------------------------------------------------------------------------------------- who is there */

/* The bot or a ghost is put out by somebody. */
static void one_of_ours_left(struct matrix_frontend *frontend, struct matrix_room *room,
                             const struct matrix_event *event)
{
	const char *id = event->state_key;
	struct map_iter it = {0};

	bool was_in = matrix_room_has(room, id);

	matrix_room_note_member(frontend, room, id, false);
	if (strcmp(id, frontend->bot) != 0) {
		if (event->before == MATRIX_BAN)
			outsiders_try_again(frontend, room);
		moderation_ghost_put_out(frontend, room, event, was_in);
		return;
	}
	log_info(&frontend->base.log, "the bot was put out of %s", log_quote(room->id));
	while (room->kind == MATRIX_ROOM_PORTAL && map_next(room->members, &it))
		if (!matrix_is_ours(&frontend->names, it.key))
			portal_room_person_out(frontend, room, it.key);
	if (room->owner)
		person_forget_control(frontend, room->owner, room->id);
	matrix_room_forget(frontend, &room);
}

static bool may_invite(const struct matrix_frontend *frontend, const char *sender)
{
	return frontend->config.federated || !strcmp(matrix_id_server(sender), frontend->names.server);
}

static void on_invitation(struct matrix_frontend *frontend, const struct matrix_event *event)
{
	bool bot = !strcmp(event->state_key, frontend->bot);

	if (!may_invite(frontend, event->sender)) {
		if (!bot)
			ghost_prepare(frontend, event->state_key, event->state_key, event->room);
		chat_refuse(frontend, event->room, bot ? NULL : event->state_key,
		            "This bridge is for the people of its own homeserver.");
	} else if (bot) {
		bot_invited(frontend, event);
	} else {
		chat_invited(frontend, event);
	}
}

static void on_member(struct matrix_frontend *frontend, struct matrix_room *room,
                      const struct matrix_event *event)
{
	const char *who = event->state_key;
	bool ours = who && matrix_is_ours(&frontend->names, who);

	if (!who || !matrix_is_user_id(who))
		return;
	if (ours && event->membership == MATRIX_INVITE) {
		on_invitation(frontend, event);
		return;
	}
	bool gone = event->membership == MATRIX_LEAVE || event->membership == MATRIX_BAN;

	if (!ours && event->membership == MATRIX_JOIN && person_note_name(frontend, who, event->display_name))
		matrix_later(frontend, nickname_changed, who, NULL);
	if (!ours && event->membership == MATRIX_JOIN)
		person_picture_note(frontend, who, event->url);
	if (!ours)
		profile_changed(frontend, event);
	if (!room)
		return;
	if (!ours && (gone || event->membership == MATRIX_JOIN))
		room->people_moves++;
	if (ours && gone) {
		one_of_ours_left(frontend, room, event);
	} else if (gone) {
		member_left(frontend, room, who);
	} else if (event->membership == MATRIX_JOIN && !ours && !matrix_room_has(room, who)) {
		matrix_room_note_member(frontend, room, who, true);
		puppet_entered(frontend, who, room->id);
		if (room->kind == MATRIX_ROOM_PORTAL)
			portal_room_person_in(frontend, room, who);
	}
}

/* ----------------------------------------------------------------------------------------- dispatching */

static void on_room_event(struct matrix_frontend *frontend, struct matrix_room *room,
                          const struct matrix_event *event)
{
	switch (event->kind) {
	case MATRIX_MESSAGE:
		said_message(frontend, room, event);
		if (matrix_room_is_tied(room))
			poll_note(frontend, event);
		break;
	case MATRIX_POLL_VOTE:
	case MATRIX_POLL_END:
		said_poll(frontend, room, event);
		break;
	case MATRIX_REACTION:
		said_reaction(frontend, room, event);
		break;
	case MATRIX_REDACTION:
		said_redaction(frontend, room, event);
		break;
	case MATRIX_TOPIC:
		said_topic(frontend, room, event);
		break;
	case MATRIX_NAME:
		portal_change_name(frontend, room, event);
		break;
	case MATRIX_AVATAR:
		portal_change_picture(frontend, room, event);
		break;
	case MATRIX_TOMBSTONE:
		if (event->replaces && room->kind != MATRIX_ROOM_SPACE)
			upgrade_follow(frontend, room, event->sender, event->replaces);
		break;
	case MATRIX_JOIN_RULES:
		outsiders_try_again(frontend, room);
		break;
	case MATRIX_POWER_LEVELS:
		outsiders_try_again(frontend, room);
		moderation_power_levels(frontend, room, event);
		break;
	case MATRIX_ENCRYPTED:
	case MATRIX_ENCRYPTION:
		encryption_found(frontend, room);
		break;
	case MATRIX_TYPING:
		ephemeral_typing(frontend, room, event);
		break;
	case MATRIX_RECEIPT:
		ephemeral_receipt(frontend, room, event);
		break;
	default:
		break;
	}
}

static bool is_ephemeral(const struct matrix_event *event)
{
	return event->kind == MATRIX_TYPING || event->kind == MATRIX_RECEIPT;
}

static void take(struct matrix_frontend *frontend, const struct matrix_event *event)
{
	if (event->kind == MATRIX_PRESENCE && !event->room)
		ephemeral_presence(frontend, event);
	if (!event->room)
		return;
	struct matrix_room *room = matrix_room_find(frontend, event->room);

	if (is_ephemeral(event)) {
		if (room)
			on_room_event(frontend, room, event);
		return;
	}
	if (event->kind == MATRIX_CREATE && event->mark && !room && event->sender &&
	    matrix_is_ours(&frontend->names, event->sender))
		making_came(frontend, event->room, event->mark);
	if (!event->sender || !event->id || matrix_is_ours(&frontend->names, event->sender) ||
	    puppet_is_mark(frontend, event->room, event->mark))
		return;
	/* What is said in a room that is not known may be read when it is (upgrade.h, continuation.h). */
	if ((!room || room->continues.undecided) && event->kind != MATRIX_MEMBER)
		return;
	if (spool_seen(frontend->base.transport->spool, frontend->base.ops->name, event->id)) {
		log_debug(&frontend->base.log, "event %s came before: dropped", log_quote(event->id));
		return;
	}
	CRASH_POINT("core.matrix.seen");
	if (room)
		room->spoke_ms = clock_ms();
	if (event->kind == MATRIX_MEMBER)
		on_member(frontend, room, event);
	else
		on_room_event(frontend, room, event);
}

/* Synapse's events have all three, also of kinds that mean nothing to us. */
static bool makes_sense(const struct matrix_event *event)
{
	return event->id && event->room && event->sender;
}

static void keep_nonsense(struct matrix_frontend *frontend, const struct cJSON *item)
{
	struct buf text = {0};

	json_put(&text, item);
	log_warning(&frontend->base.log, "an event of the homeserver makes no sense: it is among the dead letters");
	delivery_keep_nonsense(&frontend->base, frontend->names.server, buf_text(&text), text.len,
	                       "this event of the homeserver makes no sense");
	buf_finish(&text);
}

static void take_all(struct matrix_frontend *frontend, const struct cJSON *events, bool ephemeral)
{
	for (const struct cJSON *item = json_first(events); item; item = json_next(item)) {
		struct arena arena = {0};
		struct matrix_event event;

		bool good = matrix_event_read(&event, item, &arena) && (ephemeral || makes_sense(&event));

		if (good)
			take(frontend, &event);
		else if (!ephemeral)
			keep_nonsense(frontend, item);
		arena_finish(&arena);
	}
}

/* -------------------------------------------------------------------------------------------- requests */

struct accepting {
	struct list link;
	struct matrix_frontend *frontend;
	struct appservice_request *request; /* NULL: the frontend has ended */
	uint64_t since_ns; /* latency_now when it came; 0: not measured */
};

static struct accepting *accept_later(struct matrix_frontend *frontend, struct appservice_request *request)
{
	struct accepting *accepting = MEM_NEW(struct accepting);

	accepting->frontend = frontend;
	accepting->request = request;
	accepting->since_ns = latency_on && request ? latency_now() : 0;
	list_append(&frontend->accepting, &accepting->link);
	return accepting;
}

static struct appservice_request *accepting_end(struct accepting *accepting)
{
	struct appservice_request *request = accepting->request;

	list_remove(&accepting->link);
	mem_free(accepting);
	return request;
}

static void on_durable(void *context, int err)
{
	struct matrix_frontend *frontend = ((struct accepting *)context)->frontend;
	struct appservice_request *request = accepting_end(context);

	if (!request)
		return;
	if (err) {
		gaps_look_again(frontend);
		appservice_refuse(request, 500, "M_UNKNOWN",
		                  "what it brings cannot be stored: please try again");
	} else {
		CRASH_POINT("core.matrix.durable");
		appservice_accept(request);
		CRASH_POINT("core.matrix.acknowledged");
	}
}

/* The next process has to know it as well. */
static void note_order(struct matrix_frontend *frontend)
{
	uint64_t last = frontend->order.last;

	spool_note_set(frontend->base.transport->spool, frontend->base.ops->name, LAST_TRANSACTION, &last,
	               sizeof(last));
}

void transactions_remember(struct matrix_frontend *frontend)
{
	size_t size;
	const void *last = spool_note_get(frontend->base.transport->spool, frontend->base.ops->name,
	                                  LAST_TRANSACTION, &size);

	if (last && size == sizeof(frontend->order.last))
		memcpy(&frontend->order.last, last, size);
}

static void take_transaction(struct matrix_frontend *frontend, struct accepting *accepting,
                             const struct cJSON *body)
{
	const struct cJSON *ephemeral = json_array(body, "ephemeral");

	latency_input_ns = accepting->since_ns;
	take_all(frontend, json_array(body, "events"), false);
	take_all(frontend, ephemeral ? ephemeral : json_array(body, "de.sorunome.msc2409.ephemeral"), true);
	latency_end_input();
	note_order(frontend);
	CRASH_POINT("core.matrix.taken");
	spool_when_durable(frontend->base.transport->spool, on_durable, accepting);
	transport_commit(frontend->base.transport);
}

/* What people say is routed when their accounts have been read (a question to the store, once for each of them); when
 * it is known what it refers to; and after a start, when it is known which portals they are in. */
struct postponed {
	struct list link;
	struct accepting *accepting;
	struct cJSON *body;
	uint64_t since_ms; /* clock_ms */
	uint64_t made;     /* homeserver_made when it came */
	bool found;        /* no transaction, but what was missing before those that wait */
};

static void postponed_free(struct postponed *postponed)
{
	list_remove(&postponed->link);
	json_free(&postponed->body);
	mem_free(postponed);
}

static void look_who_is_due(struct matrix_frontend *frontend, struct matrix_room *portal, void *found)
{
	(void)frontend;
	*(bool *)found = *(bool *)found || portal->members_due;
}

/* A chat with somebody whom one knows from a room only needs that room, which people are brought into when it is known
 * that they are in a portal of it. */
static bool room_is_due(struct matrix_frontend *frontend, const struct matrix_room *chat)
{
	const char *nickname = chat->kind == MATRIX_ROOM_CHAT ? matrix_chat_nickname(chat->name, chat->in_room) : NULL;
	char *legacy = nickname ? matrix_chat_legacy_room(chat->name, nickname) : NULL;
	bool found = false;

	if (legacy)
		matrix_room_each_portal(frontend, legacy, look_who_is_due, &found);
	mem_free(legacy);
	return found;
}

/* Whether somebody who says something here is not known yet, or is not known to be where it is said. */
static bool is_too_early(struct matrix_frontend *frontend, const struct cJSON *body)
{
	const struct cJSON *events = json_array(body, "events");
	struct arena arena = {0};
	bool found = false;

	for (const struct cJSON *item = json_first(events); item; item = json_next(item)) {
		const char *sender = json_text(item, "sender", &arena),
		           *id = json_text(item, "room_id", &arena);
		const struct matrix_room *room = id ? matrix_room_find(frontend, id) : NULL;

		if (!sender || !room || !matrix_is_user_id(sender) ||
		    matrix_is_ours(&frontend->names, sender))
			continue;
		found = person_is_loading(frontend, sender) || room_is_due(frontend, room) || found;
		if (room->relay)
			found = person_is_loading(frontend, room->relay) || found;
	}
	arena_finish(&arena);
	return found;
}

/* Whoever answers, reacts or takes back at once may be faster than the answer that says how our event is called. Later
 * ones of ours it cannot mean: they were not there. */
static bool may_mean_unanswered(struct matrix_frontend *frontend, const struct cJSON *item, uint64_t made)
{
	struct arena arena = {0};
	struct matrix_event event;
	const char *room = json_text(item, "room_id", &arena);
	uint64_t unanswered = room ? homeserver_unanswered(frontend->homeserver, room) : 0;
	bool may = false;

	if (unanswered && unanswered <= made && matrix_event_read(&event, item, &arena) && event.sender &&
	    !matrix_is_ours(&frontend->names, event.sender)) {
		const char *means[] = {event.replaces, event.reply_to, event.thread};

		for (size_t i = 0; i < ARRAY_SIZE(means); i++)
			may = may || (means[i] && matrix_is_event_id(means[i]) && !recent_find(frontend, room, means[i]));
	}
	arena_finish(&arena);
	return may;
}

static bool waits_for_answer(struct matrix_frontend *frontend, const struct cJSON *body, uint64_t made)
{
	for (const struct cJSON *item = json_first(json_array(body, "events")); item; item = json_next(item))
		if (may_mean_unanswered(frontend, item, made))
			return true;
	return false;
}

static bool has_waited_long(const struct postponed *postponed)
{
	return clock_ms() - postponed->since_ms > LIMIT_MATRIX_POSTPONED_MS;
}

void transactions_go_on(struct matrix_frontend *frontend, const char *unused, const char *unused_too)
{
	(void)unused;
	(void)unused_too;
	while (!list_empty(&frontend->postponed)) {
		struct postponed *first = CONTAINER_OF(frontend->postponed.next, struct postponed, link);
		struct accepting *accepting = first->accepting;

		bool waits = is_too_early(frontend, first->body) ||
		             waits_for_answer(frontend, first->body, first->made) ||
		             (!first->found && gaps_hold_up(frontend));

		if (waits && !has_waited_long(first))
			return;
		take_transaction(frontend, accepting, first->body);
		postponed_free(first);
	}
	gaps_taken(frontend);
}

/* `body` becomes ours. */
static struct postponed *postpone(struct accepting *accepting, struct cJSON *body, struct list *before)
{
	struct postponed *postponed = MEM_NEW(struct postponed);

	postponed->accepting = accepting;
	postponed->body = body;
	postponed->since_ms = clock_ms();
	postponed->made = homeserver_made(accepting->frontend->homeserver);
	list_append(before, &postponed->link);
	/* Whatever it waits for may never come. */
	matrix_after(accepting->frontend, LIMIT_MATRIX_POSTPONED_MS + 1, transactions_go_on, NULL, NULL);
	return postponed;
}

void transactions_event_settled(void *context)
{
	struct matrix_frontend *frontend = context;

	if (!list_empty(&frontend->postponed))
		matrix_later(frontend, transactions_go_on, NULL, NULL);
}

void transactions_take_found(struct matrix_frontend *frontend, struct cJSON *body)
{
	postpone(accept_later(frontend, NULL), body, frontend->postponed.next)->found = true;
	transactions_go_on(frontend, NULL, NULL);
}

static void on_transaction(void *context, struct appservice_request *request, const char *id,
                           const struct cJSON *body)
{
	struct matrix_frontend *frontend = context;

	if (!frontend->loaded || frontend->stopping) {
		appservice_refuse(request, 503, "M_UNKNOWN", "the bridge is not ready: please try again");
		return;
	}
	gaps_put_off(frontend);
	/* What it does after a start. */
	if (transaction_is_again(&frontend->order, id))
		gaps_suspect(frontend);
	if (transaction_is_early(&frontend->order, id)) {
		gaps_suspect(frontend);
		gaps_look(frontend);
		log_info(&frontend->base.log, "transaction %s has overtaken another: it is to come again",
		         log_quote(id));
		appservice_refuse(request, 503, "M_UNKNOWN", "another transaction has to come first");
		matrix_ping(frontend);
		return;
	}
	log_debug(&frontend->base.log, "transaction %s", log_quote(id));
	struct accepting *accepting = accept_later(frontend, request);

	gaps_look(frontend);
	if (!list_empty(&frontend->postponed) || gaps_hold_up(frontend) || is_too_early(frontend, body) ||
	    waits_for_answer(frontend, body, homeserver_made(frontend->homeserver))) {
		postpone(accepting, json_copy(body), &frontend->postponed);
		transactions_go_on(frontend, NULL, NULL);
		return;
	}
	take_transaction(frontend, accepting, body);
}

static void on_nonsense(void *context, struct appservice_request *request, const char *body, size_t length)
{
	struct matrix_frontend *frontend = context;

	if (!frontend->loaded || frontend->stopping) {
		appservice_refuse(request, 503, "M_UNKNOWN", "the bridge is not ready: please try again");
		return;
	}
	delivery_keep_nonsense(&frontend->base, frontend->names.server, body, length,
	                       "this transaction of the homeserver makes no sense");
	spool_when_durable(frontend->base.transport->spool, on_durable, accept_later(frontend, request));
	transport_commit(frontend->base.transport);
}

static void on_user(void *context, struct appservice_request *request, const char *id)
{
	struct matrix_frontend *frontend = context;
	struct buf name = {0};

	if (matrix_ghost_name(&frontend->names, id, &name)) {
		ghost_prepare(frontend, id, buf_text(&name), NULL);
		appservice_accept(request);
	} else {
		appservice_refuse(request, 404, "M_NOT_FOUND", "there is no such user");
	}
	buf_finish(&name);
}

static void portal_made(void *context, struct matrix_room *room, const char *problem)
{
	struct appservice_request *request = accepting_end(context);

	if (!request)
		return;
	if (room)
		appservice_accept(request);
	else
		appservice_refuse(request, 404, "M_NOT_FOUND", problem);
}

static void on_alias(void *context, struct appservice_request *request, const char *alias)
{
	struct matrix_frontend *frontend = context;
	struct buf name = {0};
	bool good = matrix_portal_room(&frontend->names, alias, &name) && name.len &&
	            name.len <= LIMIT_NAME_BYTES;

	if (!good || !frontend->loaded || frontend->stopping)
		appservice_refuse(request, 404, "M_NOT_FOUND", "there is no such room");
	else
		portal_room_open(frontend, buf_text(&name), portal_made, accept_later(frontend, request));
	buf_finish(&name);
}

static void on_directory(void *context, struct appservice_request *request, enum appservice_directory what,
                         const char *protocol)
{
	const struct matrix_frontend *frontend = context;
	struct buf json = {0};
	bool found;

	if (what == APPSERVICE_PROTOCOL)
		found = protocol && directory_protocol(frontend, protocol, &json);
	else if (what == APPSERVICE_ROOMS)
		found = directory_rooms(frontend, protocol, appservice_field(request, "alias"),
		                        appservice_field(request, DIRECTORY_ROOM), &json);
	else
		found = directory_people(frontend, protocol, appservice_field(request, "userid"),
		                         appservice_field(request, DIRECTORY_PERSON), &json);
	if (found)
		appservice_answer(request, &json);
	else
		appservice_refuse(request, 404, "M_NOT_FOUND", "there is nothing of that name");
	buf_finish(&json);
}

const struct appservice_ops transaction_ops = {
        .transaction = on_transaction,
        .nonsense = on_nonsense,
        .user = on_user,
        .alias = on_alias,
        .directory = on_directory,
};

void transactions_forget(struct matrix_frontend *frontend)
{
	/* They come again. */
	LIST_EACH (link, &frontend->postponed) {
		struct postponed *postponed = CONTAINER_OF(link, struct postponed, link);

		accepting_end(postponed->accepting);
		postponed_free(postponed);
	}
	LIST_EACH (link, &frontend->accepting) {
		CONTAINER_OF(link, struct accepting, link)->request = NULL;
		list_remove(link);
		list_init(link);
	}
}
