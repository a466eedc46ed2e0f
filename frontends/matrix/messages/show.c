/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/messages/show.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "base/crash_point.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/matrix/messages/copies.h"
#include "frontends/matrix/messages/mention.h"
#include "frontends/matrix/messages/parts.h"
#include "frontends/matrix/messages/reactions.h"
#include "frontends/matrix/messages/recent.h"
#include "frontends/matrix/people/chat.h"
#include "frontends/matrix/people/face.h"
#include "frontends/matrix/people/ghost.h"
#include "frontends/matrix/people/person.h"
#include "frontends/matrix/people/puppet.h"
#include "frontends/matrix/rooms/outsider.h"
#include "frontends/matrix/rooms/upgrade.h"
#include "frontends/matrix/wire/message_content.h"
#include "protocol/degrade.h"
#include "protocol/picture_markup.h"
#include "transport/people/session.h"
#include "transport/rooms/portal.h"
#include "transport/rooms/room.h"
#include "transport/routing/delivery.h"
#include "transport/routing/in_flight.h"
#include "transport/spool/message_map.h"

#define REACTIONS "matrix reactions" /* the place of those that are on their way */

static bool is_event(const char *id)
{
	return id && matrix_is_event_id(id);
}

/* ------------------------------------------------------------------------------------------------ sending */

/* The first event of a message has its name, the others are its parts (parts.h). */
enum place_in_message { NAMED, PART_TEXT, PART_FILE };

struct sent {
	struct matrix_frontend *frontend;
	uint64_t number; /* of the record; 0: none */
	uint64_t trace;
	char *address;   /* whose */
	char *room, *ghost;
	char *name;      /* of whoever speaks: the bot may have to say it for him */
	char *people, *network; /* places of the message map; NULL: the message has no id there */
	char *network_id;
	char *shared_name;   /* copies.h; NULL: there are no others */
	char *author, *text; /* for quotations; NULL: none */
	char *reactions;     /* on their way: whose, and on what; NULL: it is none of them */
	char *target, *who, *reaction; /* what is put on this event; NULL: nothing */
	char *taken_back;    /* the event of a reaction or part; NULL: none */
	enum place_in_message place;
	uint64_t file; /* which it is (parts_file); 0: none */
	struct parts *parts; /* of the message; NULL: it has no name, or is none */
	bool known_there;    /* the ghost was thought to be in the room already */
	bool own;            /* it is said in the person's own voice */
	bool by_bot;         /* for the ghost */
};

static void sent_free(void *context)
{
	struct sent *sent = context;

	mem_free(sent->address);
	mem_free(sent->room);
	mem_free(sent->ghost);
	mem_free(sent->name);
	mem_free(sent->people);
	mem_free(sent->network);
	mem_free(sent->network_id);
	mem_free(sent->shared_name);
	mem_free(sent->author);
	mem_free(sent->text);
	mem_free(sent->reactions);
	mem_free(sent->target);
	mem_free(sent->who);
	mem_free(sent->reaction);
	mem_free(sent->taken_back);
	parts_release(&sent->parts);
	mem_free(sent);
}

static void hold(struct matrix_frontend *frontend)
{
	if (homeserver_waiting(frontend->homeserver) > LIMIT_MATRIX_CALLS_WAITING)
		transport_hold(&frontend->base, true);
}

void show_go_on(void *context)
{
	struct matrix_frontend *frontend = context;

	if (frontend->base.holds && homeserver_waiting(frontend->homeserver) < LIMIT_MATRIX_CALLS_WAITING / 2)
		transport_hold(&frontend->base, false);
}

static void tie_ids(const struct sent *sent, const char *event_id)
{
	if (!event_id)
		return;
	if (sent->parts && sent->place != NAMED) {
		parts_note(sent->frontend, sent->parts, event_id, sent->file);
		return;
	}
	if (sent->parts)
		parts_set_head(sent->parts, event_id);
	if (sent->parts && sent->file)
		parts_note(sent->frontend, sent->parts, event_id, sent->file);
	if (sent->text)
		recent_note(sent->frontend, event_id,
		            &(struct recent){sent->room, sent->own ? sent->address : sent->ghost, sent->author, sent->text, NULL});
	const struct matrix_room *room = sent->shared_name ? matrix_room_find(sent->frontend, sent->room) : NULL;

	if (room)
		copies_note(sent->frontend, room, sent->shared_name, event_id);
	if (sent->people)
		message_map_put(sent->frontend->base.transport->spool,
		                &(struct message_link){.place = sent->people,
		                                       .id = event_id,
		                                       .other_place = sent->network,
		                                       .other_id = sent->network_id});
}

/* The ghost was put out of the room behind our back, or is still on its way there: in, and again, once. */
static bool try_again(struct sent *sent, const struct matrix_reply *reply)
{
	struct matrix_frontend *frontend = sent->frontend;
	struct matrix_room *room = matrix_room_find(frontend, sent->room);

	if (sent->own || sent->by_bot || reply->err != TP_ERR_NOT_ALLOWED || !sent->known_there || !room)
		return false;
	sent->known_there = false;
	homeserver_again(reply);
	ghost_return(frontend, room, sent->ghost);
	return true;
}

/* The ghost may not come in, or not speak: the bot says it. */
static bool say_for_ghost(struct sent *sent, const struct matrix_reply *reply)
{
	struct matrix_room *room = matrix_room_find(sent->frontend, sent->room);
	const char *body = homeserver_body(reply);
	struct buf content = {0};

	if (sent->own || sent->by_bot || reply->err != TP_ERR_NOT_ALLOWED || !room || room->kind != MATRIX_ROOM_PORTAL ||
	    upgrade_is_expected(room) || outsider_of(room, sent->ghost) == OUTSIDER_BANNED)
		return false;
	log_info(&sent->frontend->base.log, "%s may not speak in %s: the bot does", log_quote(sent->ghost),
	         log_quote(room->id));
	outsider_note(room, sent->ghost);
	sent->by_bot = true;
	outsider_put(&content, body ? body : "{}", sent->name);
	homeserver_again_as_bot(reply, buf_text(&content));
	buf_finish(&content);
	return true;
}

static void refused(const struct sent *sent, const struct matrix_reply *reply)
{
	struct matrix_frontend *frontend = sent->frontend;
	struct matrix_room *room = matrix_room_find(frontend, sent->room);

	log_warning(&frontend->base.log, "a message for %s is refused by the homeserver: %s%s", log_quote(sent->address),
	            reply->problem, log_trace(sent->trace));
	delivery_refused(frontend->base.transport, sent->number, reply->problem);
	if (sent->by_bot && sent->text && reply->err == TP_ERR_NOT_ALLOWED && room)
		outsider_unheard(frontend, room, sent->address, reply->problem);
}

/* The person's own voice is none, or not there: as the ghost. */
static void without_voice(const struct sent *sent, int err)
{
	struct matrix_frontend *frontend = sent->frontend;

	puppet_refused(frontend, sent->address, sent->room, err);
	delivery_not_shown(frontend->base.transport, sent->number);
	matrix_later(frontend, person_show_waiting, sent->address, NULL);
}

static void note_reaction(const struct sent *sent, const char *event_id)
{
	const char *target, *who;
	struct arena arena = {0};

	if (sent->taken_back && !reactions_forget(sent->frontend, sent->taken_back, &target, &who, &arena))
		parts_forget(sent->frontend, sent->taken_back);
	else if (sent->reaction && event_id)
		reactions_note(sent->frontend, sent->target, sent->who, sent->reaction, event_id);
	arena_finish(&arena);
}

static void on_landed(struct frontend *frontend, const char *address)
{
	matrix_later(matrix_frontend_of(frontend), person_show_waiting, address, NULL);
}

static void on_sent(void *context, const struct matrix_reply *reply)
{
	struct sent *sent = context;
	struct matrix_frontend *frontend = sent->frontend;
	struct transport *transport = frontend->base.transport;
	const struct matrix_room *room = sent->ghost ? matrix_room_find(frontend, sent->room) : NULL;
	struct arena arena = {0};

	if (try_again(sent, reply) || say_for_ghost(sent, reply))
		return;
	if (!reply->err || !strcmp(reply->errcode, "M_DUPLICATE_ANNOTATION")) {
		CRASH_POINT("core.matrix.answered");
		tie_ids(sent, json_text(reply->json, "event_id", &arena));
		note_reaction(sent, json_text(reply->json, "event_id", &arena));
		delivery_shown(transport, sent->number);
	} else if (sent->number && reply->err == TP_ERR_NOT_ALLOWED && upgrade_refused(frontend, sent->room)) {
		delivery_not_shown(transport, sent->number);
	} else if (sent->own && sent->number &&
	           (reply->err == TP_ERR_NOT_ALLOWED || reply->err == TP_ERR_AUTH)) {
		without_voice(sent, reply->err);
	} else if (room && outsider_of(room, sent->ghost) == OUTSIDER_BANNED) {
		delivery_shown(transport, sent->number);
	} else {
		refused(sent, reply);
	}
	arena_finish(&arena);
	if (sent->network)
		in_flight_end(frontend->in_flight, sent->network, sent->network_id, on_landed, &frontend->base);
	if (sent->shared_name)
		copies_end(frontend, sent->shared_name);
	if (sent->reactions)
		in_flight_end(frontend->in_flight, REACTIONS, sent->reactions, on_landed, &frontend->base);
	sent_free(sent);
}

struct speaking {
	struct matrix_frontend *frontend;
	struct identity *to;
	const struct event *event;
	const char *ghost, *name; /* who speaks; ghost NULL: the bot */
	int promised; /* calls */
	int numbered; /* of what the record brings about in a room, whether it needs a call or not */
	const char *reactions; /* reactions_name; NULL: it is about none */
	bool own; /* the person; then `ghost` is whom the homeserver is told, NULL with a token */
	const char *bearer;
	bool by_bot; /* for the ghost (outsider.h) */
	struct parts *parts; /* of the message */
};

static struct sent *sent_by(const struct speaking *speaking, const struct matrix_room *room, bool known_there)
{
	struct sent *sent = MEM_NEW(struct sent);

	sent->frontend = speaking->frontend;
	sent->number = speaking->event->handover;
	sent->trace = speaking->event->trace;
	sent->address = mem_strdup(speaking->to->address);
	sent->room = mem_strdup(room->id);
	sent->ghost = mem_strdup(speaking->ghost);
	sent->name = mem_strdup(speaking->name);
	sent->by_bot = speaking->by_bot;
	sent->known_there = known_there;
	sent->own = speaking->own;
	return sent;
}

/* Says it in the room; `path` and `body` are lent, `sent` is the call's. */
static struct matrix_call call_of(const struct speaking *speaking, const struct matrix_room *room, const char *path,
                                  const char *transaction, const char *body, struct sent *sent)
{
	return (struct matrix_call){.method = HTTP_PUT,
	                            .path = path,
	                            .as = speaking->by_bot ? NULL : speaking->ghost,
	                            .bearer = speaking->bearer,
	                            .body = body,
	                            .lane = room->id,
	                            .room = room->id,
	                            .transaction = transaction,
	                            .trace = speaking->event->trace,
	                            .done = on_sent,
	                            .context = sent,
	                            .drop = sent_free};
}

static void make_call(struct speaking *speaking, const struct matrix_room *room, char *path, const char *transaction,
                      const char *body, struct sent *sent)
{
	const struct matrix_call call = call_of(speaking, room, path, transaction, body, sent);

	homeserver_call(speaking->frontend->homeserver, &call);
	mem_free(path);
}

/* A JSON object, which is not empty: as whoever is to speak says it, with the mark that makes us know it again. */
static char *as_said(const struct speaking *speaking, const struct matrix_room *room, const char *content)
{
	struct buf out = {0};

	if (speaking->by_bot) {
		outsider_put(&out, content, speaking->name);
		return buf_take(&out);
	}
	if (!speaking->own)
		return mem_strdup(content);
	buf_putc(&out, '{');
	puppet_put_mark(speaking->frontend, room->id, &out);
	buf_printf(&out, ",%s", content + 1);
	return buf_take(&out);
}

/* Names the room in a transaction id: some homeservers compare ids of all rooms, and what a legacy room is tied to may
 * change between two tries of a record. */
static uint32_t room_number(const struct matrix_room *room)
{
	static const uint8_t key[crypto_shorthash_KEYBYTES];
	uint8_t hash[crypto_shorthash_BYTES];
	uint32_t number;

	crypto_shorthash(hash, (const uint8_t *)room->id, strlen(room->id), key);
	memcpy(&number, hash, sizeof(number));
	return number;
}

/* The same for each try of the same record, also after a restart: the homeserver takes it once. */
static char *transaction_of(struct speaking *speaking, const struct matrix_room *room)
{
	struct buf out = {0};

	if (speaking->event->handover)
		buf_printf(&out, "%s.%" PRIu64 ".%08" PRIx32 ".%d", speaking->frontend->records,
		           speaking->event->handover, room_number(room), speaking->numbered);
	else
		matrix_put_transaction(speaking->frontend, &out);
	speaking->numbered++;
	speaking->promised++;
	return buf_take(&out);
}

/* It is of the message. The first stands for it: others may refer to it, and what they quote is `text`. */
static void give_name(struct speaking *speaking, const struct matrix_room *room, struct sent *sent,
                      enum place_in_message place, const char *text)
{
	const struct event_message *message = &speaking->event->message;
	struct buf people = {0}, network = {0};

	sent->place = place;
	sent->parts = parts_hold(speaking->parts);
	if (place == NAMED) {
		sent->author = mem_strdup(speaking->name);
		sent->text = mem_strdup(text);
	}
	if (room->kind == MATRIX_ROOM_PORTAL && matrix_room_has_sisters(speaking->frontend, room))
		sent->shared_name = copies_name(speaking->frontend, speaking->event);
	if (sent->shared_name)
		copies_begin(speaking->frontend, sent->shared_name);
	if (!message->id || !*message->id)
		return;
	delivery_places(speaking->to, message->name, message->kind == MESSAGE_ROOM, &people, &network);
	sent->people = buf_take(&people);
	sent->network = buf_take(&network);
	sent->network_id = mem_strdup(message->id);
	in_flight_begin(&speaking->frontend->in_flight, sent->network, sent->network_id);
}

static void send_sent(struct speaking *speaking, struct matrix_room *room, const char *type, const char *content,
                      struct sent *sent)
{
	char *transaction = transaction_of(speaking, room), *said = as_said(speaking, room, content);

	make_call(speaking, room, matrix_path("/rooms/%s/send/%s/%s", room->id, type, transaction), transaction, said, sent);
	mem_free(transaction);
	mem_free(said);
}

static void send_message(struct speaking *speaking, struct matrix_room *room, const char *content,
                         enum place_in_message place, bool known_there)
{
	struct sent *sent = sent_by(speaking, room, known_there);

	give_name(speaking, room, sent, place, speaking->event->message.text);
	send_sent(speaking, room, "m.room.message", content, sent);
}

/* `transaction` is taken over. */
static void redact_event(struct speaking *speaking, struct matrix_room *room, const char *event_id, char *transaction,
                         struct sent *sent)
{
	char *body = as_said(speaking, room, "{\"reason\":\"\"}");

	CRASH_POINT("core.matrix.redacting");
	make_call(speaking, room, matrix_path("/rooms/%s/redact/%s/%s", room->id, event_id, transaction), transaction, body,
	          sent);
	mem_free(transaction);
	mem_free(body);
}

/* How many there are is not the same at each try of the record: the transaction goes by the event, not by a number. */
static void redact_one(struct speaking *speaking, struct matrix_room *room, const char *event_id, struct sent *sent)
{
	uint64_t number = speaking->event->handover;

	sent->taken_back = mem_strdup(event_id);
	redact_event(speaking, room, event_id,
	             number ? mem_printf("%s.%" PRIu64 ".%s", speaking->frontend->records, number, event_id)
	                    : transaction_of(speaking, room),
	             sent);
	speaking->promised += number != 0;
}

/* Those that are there already, beside the head: all, or what an edit has replaced. */
static void redact_parts(struct speaking *speaking, struct matrix_room *room, const char *head, bool all,
                         bool known_there)
{
	struct part list[LIMIT_MATRIX_PARTS];
	struct arena arena = {0};
	size_t count = parts_of(speaking->frontend, head, list, &arena);

	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i].event_id, head) != 0 &&
		    (all || (!list[i].is_file && list[i].record != speaking->event->handover)))
			redact_one(speaking, room, list[i].event_id, sent_by(speaking, room, known_there));
	arena_finish(&arena);
}

static void redact(struct speaking *speaking, struct matrix_room *room, const char *event_id,
                   bool known_there)
{
	redact_event(speaking, room, event_id, transaction_of(speaking, room), sent_by(speaking, room, known_there));
	redact_parts(speaking, room, event_id, true, known_there);
}

/* Of one person's reactions on a message, whatever it is called in each room. To be freed. */
static char *reactions_name(const struct event_message *message)
{
	return mem_printf("%s\n%s\n%s", message->reacts_to, message->carbon ? "" : message->name,
	                  message->nickname ? message->nickname : "");
}

static struct sent *reaction_by(struct speaking *speaking, const struct matrix_room *room, bool known_there)
{
	struct sent *sent = sent_by(speaking, room, known_there);

	sent->reactions = mem_strdup(speaking->reactions);
	in_flight_begin(&speaking->frontend->in_flight, REACTIONS, sent->reactions);
	return sent;
}

static void add_reaction(struct speaking *speaking, struct matrix_room *room, const char *who, const char *key,
                         bool known_there)
{
	const struct event_message *message = &speaking->event->message;
	struct sent *sent = reaction_by(speaking, room, known_there);
	struct buf content = {0};

	CRASH_POINT("core.matrix.reacting");
	sent->target = mem_strdup(message->reacts_to);
	sent->who = mem_strdup(who);
	sent->reaction = mem_strdup(key);
	buf_puts(&content, "{\"m.relates_to\":{\"rel_type\":\"m.annotation\",\"event_id\":");
	json_put_string(&content, message->reacts_to);
	buf_puts(&content, ",\"key\":");
	json_put_string(&content, key);
	buf_puts(&content, "}}");
	send_sent(speaking, room, "m.reaction", buf_text(&content), sent);
	buf_finish(&content);
}

static bool has_text(const char *const *texts, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(texts[i], text))
			return true;
	return false;
}

/* Those that stand now are told: what is new is put on the message, what is not among them is taken back. */
static void react(struct speaking *speaking, struct matrix_room *room, bool known_there)
{
	const struct event_message *message = &speaking->event->message;
	const char *who = speaking->ghost ? speaking->ghost : speaking->to->address;
	const char *keys[LIMIT_REACTIONS], *events[LIMIT_REACTIONS];
	struct arena arena = {0};
	size_t count = reactions_of(speaking->frontend, message->reacts_to, who, keys, events, &arena);
	int first = speaking->numbered;

	for (size_t i = 0; i < message->reactions_count; i++) {
		speaking->numbered = first + (int)i;
		if (!has_text(keys, count, message->reactions[i]))
			add_reaction(speaking, room, who, message->reactions[i], known_there);
	}
	speaking->numbered = first + (int)message->reactions_count;
	for (size_t i = 0; i < count; i++)
		if (!has_text(message->reactions, message->reactions_count, keys[i]))
			redact_one(speaking, room, events[i], reaction_by(speaking, room, known_there));
	arena_finish(&arena);
}

static uint64_t file_of(const struct speaking *speaking, const struct event_attachment *attachment)
{
	const struct media *media = speaking->frontend->base.transport->media;

	return parts_file(attachment->url, media && media_is_own_url(media, attachment->url));
}

/* As a file, or as its link if it cannot be had. */
static void say_attachment(struct speaking *speaking, struct matrix_room *room,
                           const struct event_attachment *attachment, enum place_in_message place, bool known_there)
{
	struct event_message link = {.text = attachment->url};
	struct buf content = {0};
	char *text = attachment->description && *attachment->description
	                     ? mem_printf("%s: %s", attachment->description, attachment->url)
	                     : NULL;
	char *transaction = transaction_of(speaking, room);
	char *path = matrix_path("/rooms/%s/send/m.room.message/%s", room->id, transaction);

	if (text)
		link.text = text;
	message_content_put(&content, &link, NULL);
	char *said = as_said(speaking, room, buf_text(&content));
	struct buf mark = {0};
	struct event_attachment shown = *attachment;
	char *caption = NULL;

	if (speaking->by_bot)
		shown.description = caption = mem_printf("<%s>%s%s", speaking->name, text ? " " : "",
		                                         text ? attachment->description : "");
	struct sent *sent = sent_by(speaking, room, known_there);

	give_name(speaking, room, sent, place, link.text);
	sent->file = file_of(speaking, attachment);
	if (speaking->own)
		puppet_put_mark(speaking->frontend, room->id, &mark);
	const struct matrix_call call = call_of(speaking, room, path, transaction, said, sent);

	matrix_media_send(speaking->frontend->media, &shown, speaking->to->address, mark.len ? buf_text(&mark) : NULL,
	                  &call);
	buf_finish(&content);
	buf_finish(&mark);
	mem_free(said);
	mem_free(path);
	mem_free(transaction);
	mem_free(caption);
	mem_free(text);
}

/* Of one piece. Markup that would make it too large is left out: the text says it all. */
static void say_piece(struct speaking *speaking, struct matrix_room *room,
                      const struct event_message *message, bool first, bool known_there)
{
	struct event_message piece = *message;
	struct buf content = {0}, mentions = {0};

	if (!first)
		piece.reply_to = piece.thread = piece.replaces = NULL;
	mention_put(&mentions, speaking->frontend, room, piece.text);
	message_content_put(&content, &piece, buf_text(&mentions));
	if (content.len > LIMIT_MATRIX_EVENT_BYTES && piece.xhtml) {
		buf_clear(&content);
		piece.xhtml = NULL;
		message_content_put(&content, &piece, NULL);
	}
	send_message(speaking, room, buf_text(&content), first ? NAMED : PART_TEXT, known_there);
	buf_finish(&content);
	buf_finish(&mentions);
}

static void say_text(struct speaking *speaking, struct matrix_room *room, bool known_there)
{
	struct event_message message = speaking->event->message;
	/* There is nothing left that could be changed: anew, below the file. */
	bool anew = parts_are_buried(speaking->frontend, message.replaces, speaking->event->handover);
	size_t beside = event_text_beside_files(&message);
	char *own = message.text[beside] ? mem_strndup(message.text, beside) : NULL, *text = NULL;
	bool first = true;

	if (own) {
		message.text = own;
		message.xhtml = NULL;
	}

	if (speaking->own) {
		message.carbon = false;
	} else if (message.carbon) {
		text = mem_printf("(from another client of yours) %s", message.text);
		message.text = text;
		message.xhtml = NULL;
	}
	const char *rest = message.text;

	do {
		size_t length = message_content_piece(rest, is_event(message.replaces));
		char *piece = mem_strndup(rest, length);

		if (rest[length] || !first)
			message.xhtml = NULL;
		message.text = piece;
		say_piece(speaking, room, &message, first && !anew, known_there);
		mem_free(piece);
		rest += length;
		first = false;
	} while (*rest);
	mem_free(text);
	mem_free(own);
}

/* Whether the file was there before. */
static bool is_among(const struct speaking *speaking, uint64_t file, const struct part *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].file == file && (!list[i].record || list[i].record != speaking->event->handover))
			return true;
	return false;
}

static bool stays(const struct speaking *speaking, const struct part *part)
{
	const struct event_message *message = &speaking->event->message;

	for (size_t i = 0; i < message->attachments_count; i++)
		if (part->file == file_of(speaking, &message->attachments[i]))
			return true;
	return false;
}

static size_t without(struct part *list, size_t count, const char *event_id)
{
	size_t left = 0;

	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i].event_id, event_id) != 0)
			list[left++] = list[i];
	return left;
}

/* An edit tells all files of the message: those of `list` that are not among them go, new ones come. */
static void change_files(struct speaking *speaking, struct matrix_room *room, const struct part *list, size_t count,
                         bool known_there)
{
	const struct event_message *message = &speaking->event->message;
	uint64_t record = speaking->event->handover;

	for (size_t i = 0; i < count; i++)
		if (list[i].is_file && (!record || list[i].record != record) && !stays(speaking, &list[i]))
			redact_one(speaking, room, list[i].event_id, sent_by(speaking, room, known_there));
	for (size_t i = 0; i < message->attachments_count; i++) {
		if (!is_among(speaking, file_of(speaking, &message->attachments[i]), list, count))
			say_attachment(speaking, room, &message->attachments[i], PART_FILE, known_there);
		else
			speaking->numbered++;
	}
}

/* An edit has made these files, and nothing else, of the message. What it was goes, but for those of them
 * that it had. */
static void become_files(struct speaking *speaking, struct matrix_room *room, const char *head, bool known_there)
{
	struct part list[LIMIT_MATRIX_PARTS];
	struct arena arena = {0};
	size_t count = parts_of(speaking->frontend, head, list, &arena);
	bool head_stays = false;

	for (size_t i = 0; i < count; i++)
		head_stays = head_stays || (!strcmp(list[i].event_id, head) && stays(speaking, &list[i]));
	if (!head_stays)
		count = without(list, count, head);
	redact_parts(speaking, room, head, false, known_there);
	if (!head_stays && !parts_are_buried(speaking->frontend, head, speaking->event->handover)) {
		redact_one(speaking, room, head, sent_by(speaking, room, known_there));
		parts_bury(speaking->frontend, head, speaking->event->handover);
	}
	change_files(speaking, room, list, count, known_there);
	arena_finish(&arena);
}

/* An edit has made a text, or a text with files, of a message that was nothing but files; the text itself is said. */
static void become_text(struct speaking *speaking, struct matrix_room *room, const char *head, bool known_there)
{
	struct part list[LIMIT_MATRIX_PARTS];
	struct arena arena = {0};
	size_t count = without(list, parts_of(speaking->frontend, head, list, &arena), head);

	parts_reword(speaking->frontend, head, speaking->event->handover);
	change_files(speaking, room, list, count, known_there);
	arena_finish(&arena);
}

static void say(struct speaking *speaking, struct matrix_room *room, bool known_there)
{
	const struct event_message *message = &speaking->event->message;
	const char *edited = is_event(message->replaces) ? message->replaces : NULL;
	bool redundant = event_text_is_file(message);

	speaking->parts = parts_create(edited, speaking->event->handover);
	if (edited && redundant) {
		become_files(speaking, room, edited, known_there);
		parts_release(&speaking->parts);
		return;
	}
	bool were_files = edited && parts_are_files(speaking->frontend, edited, speaking->event->handover);

	if (!redundant)
		say_text(speaking, room, known_there);
	if (edited)
		redact_parts(speaking, room, edited, false, known_there);
	if (were_files)
		become_text(speaking, room, edited, known_there);
	/* Those of an edit of a text are the message's own, which stand. */
	bool stand = were_files || (edited && parts_had_files(speaking->frontend, edited, speaking->event->handover));

	for (size_t i = 0; i < message->attachments_count && !stand; i++)
		say_attachment(speaking, room, &message->attachments[i], redundant && i == 0 ? NAMED : PART_FILE,
		               known_there);
	parts_release(&speaking->parts);
}

static void speak(struct speaking *speaking, struct matrix_room *room)
{
	const struct event_message *message = &speaking->event->message;
	bool known_there = speaking->ghost && matrix_room_has(room, speaking->ghost);

	enum outsider outsider = speaking->own ? OUTSIDER_NONE : outsider_of(room, speaking->ghost);

	if (outsider == OUTSIDER_BANNED)
		return;
	speaking->by_bot = outsider == OUTSIDER_SPOKEN_FOR;
	if (!speaking->own && !speaking->by_bot)
		ghost_enter(speaking->frontend, room, speaking->ghost, speaking->name, NULL);
	if (is_event(message->reacts_to))
		react(speaking, room, known_there);
	else if (is_event(message->retracts))
		redact(speaking, room, message->retracts, known_there);
	else
		say(speaking, room, known_there);
}

/* What is said about a message that became a file is about that. */
static void speak_of_standing(struct speaking *speaking, struct matrix_room *room)
{
	const struct event *said = speaking->event;
	struct event event = *said;
	struct arena arena = {0};

	if (is_event(event.message.reacts_to))
		event.message.reacts_to = parts_standing(speaking->frontend, event.message.reacts_to, &arena);
	if (is_event(event.message.reply_to))
		event.message.reply_to = parts_standing(speaking->frontend, event.message.reply_to, &arena);
	speaking->event = &event;
	speak(speaking, room);
	speaking->event = said;
	arena_finish(&arena);
}

/* What the person has said with another client, in this room: as he himself, where we may, else as `ghost`. */
static void speak_in(struct speaking *speaking, struct matrix_room *room)
{
	struct speaking own = *speaking;
	const char *id = speaking->to->address;
	struct voice voice;

	if (!speaking->event->message.carbon || !puppet_voice(speaking->frontend, id, room, &voice)) {
		speak_of_standing(speaking, room);
		return;
	}
	own.own = true;
	own.ghost = voice.as;
	own.bearer = voice.bearer;
	own.name = person_name(speaking->frontend, id);
	speak_of_standing(&own, room);
	speaking->promised = own.promised;
	speaking->numbered = own.numbered;
}

static void speak_in_portal(struct matrix_frontend *frontend, struct matrix_room *room, void *context)
{
	struct speaking *speaking = context;
	const char *said_in = speaking->event->message.said_in;
	struct speaking here = *speaking;
	struct event event = *speaking->event;
	struct arena arena = {0};

	if (said_in && !strcmp(said_in, room->id))
		return;
	if (matrix_room_has_sisters(frontend, room)) {
		copies_translate(frontend, room, &event.message, &arena);
		here.event = &event;
	}
	speak_in(&here, room);
	speaking->promised = here.promised;
	arena_finish(&arena);
}

/* Of somebody on another frontend who has no nickname of his own. */
static char *ghost_of_author(const struct matrix_frontend *frontend, const struct event_author *author)
{
	return matrix_ghost_id(&frontend->names, author->id ? author->id : author->name);
}

static int show_in_portal(struct matrix_frontend *frontend, struct identity *to, const struct event *event,
                          const char *reactions)
{
	const struct event_message *message = &event->message;
	const char *nickname = message->nickname && *message->nickname ? message->nickname : message->name;
	char *ghost = message->author.name ? ghost_of_author(frontend, &message->author)
	                                   : ghost_of_participant(frontend, message->name, nickname);
	struct speaking speaking = {
	        .frontend = frontend, .to = to, .event = event, .ghost = ghost, .name = nickname, .reactions = reactions};

	matrix_room_each_portal(frontend, message->name, speak_in_portal, &speaking);
	if (message->author.name && message->author.avatar_url)
		face_show(frontend, ghost, message->author.avatar_url, to->address);
	mem_free(ghost);
	return speaking.promised;
}

static int show_in_chat(struct matrix_frontend *frontend, struct identity *to, const struct event *event,
                        const char *reactions)
{
	const struct event_message *message = &event->message;
	bool in_room = message->kind == MESSAGE_ROOM_PRIVATE;
	char *name = matrix_chat_name(message);
	struct matrix_room *room = chat_open(frontend, to->address, name, in_room);
	struct speaking speaking = {.frontend = frontend,
	                            .to = to,
	                            .event = event,
	                            .reactions = reactions,
	                            .name = in_room ? message->nickname : name};

	if (room) {
		char *ghost = ghost_of_chat(frontend, room);

		speaking.ghost = ghost;
		speak_in(&speaking, room);
		mem_free(ghost);
	}
	mem_free(name);
	return room ? speaking.promised : TP_ERR_NOT_CONNECTED;
}

static bool has_to_wait(struct matrix_frontend *frontend, const struct identity *to, const struct event *event,
                        const char *reactions)
{
	return in_flight_waits(frontend->in_flight, to, event) || copies_wait(frontend, to, event) ||
	       (event->handover && upgrade_is_under_way(frontend, to, event)) ||
	       (reactions && event->handover &&
	        in_flight_waits_for(frontend->in_flight, REACTIONS, reactions, to->address)) ||
	       (event->handover && event->message.carbon && puppet_is_loading(frontend, to));
}

int show_message(struct matrix_frontend *frontend, struct identity *to, const struct event *said)
{
	char *reactions = is_event(said->message.reacts_to) ? reactions_name(&said->message) : NULL;
	struct arena arena = {0};
	struct event copy;
	const struct event *event = picture_markup_read(said, &copy, &arena);
	int shown = TP_ERR_NOT_CONNECTED;

	if (!has_to_wait(frontend, to, event, reactions)) {
		shown = event->message.kind == MESSAGE_ROOM ? show_in_portal(frontend, to, event, reactions)
		                                            : show_in_chat(frontend, to, event, reactions);
		hold(frontend);
	}
	mem_free(reactions);
	arena_finish(&arena);
	return shown;
}

int show_attention(struct matrix_frontend *frontend, struct identity *to, const struct event *event)
{
	const struct event message = degrade_attention(event);

	return show_message(frontend, to, &message);
}
