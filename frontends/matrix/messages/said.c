/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/messages/said.h"

#include <string.h>

#include "base/error.h"
#include "base/markup.h"
#include "config/limits.h"
#include "frontends/matrix/messages/copies.h"
#include "frontends/matrix/messages/delivered.h"
#include "frontends/matrix/messages/mention.h"
#include "frontends/matrix/messages/parts.h"
#include "frontends/matrix/messages/poll.h"
#include "frontends/matrix/messages/reactions.h"
#include "frontends/matrix/messages/recent.h"
#include "frontends/matrix/messages/redactions.h"
#include "frontends/matrix/people/bot.h"
#include "frontends/matrix/people/ghost.h"
#include "frontends/matrix/people/person.h"
#include "frontends/matrix/people/person_picture.h"
#include "frontends/matrix/rooms/portal_room.h"
#include "frontends/matrix/wire/matrix_html.h"
#include "transport/people/session.h"
#include "transport/routing/router.h"

struct saying {
	struct matrix_frontend *frontend;
	struct matrix_room *room;
	const struct matrix_event *source;
	struct buf text, xhtml;
	struct buf url;              /* of a file */
	struct buf picture;          /* the URL of the speaker's */
	struct event_attachment file;
};

/* What a mention is called on the network. */
static const char *name_on_network(void *context, const char *id)
{
	struct saying *saying = context;
	static struct buf name; /* lent until the next call */

	buf_clear(&name);
	return mention_name(&name, saying->frontend, saying->room, id) ? buf_text(&name) : NULL;
}

/* In front, where clients of the network look for it. */
static void put_mentions(struct saying *saying)
{
	struct buf names = {0}, text = {0}, xhtml = {0};

	mention_put_missing(&names, saying->frontend, saying->room, saying->source, buf_text(&saying->text));
	if (names.len) {
		buf_printf(&text, "%s%s", buf_text(&names), buf_text(&saying->text));
		if (saying->xhtml.len) {
			markup_put_text(&xhtml, buf_text(&names), names.len);
			buf_puts(&xhtml, buf_text(&saying->xhtml));
		}
		buf_finish(&saying->text);
		buf_finish(&saying->xhtml);
		saying->text = text;
		saying->xhtml = xhtml;
	}
	buf_finish(&names);
}

/* Behind the caption. A link is text for every network, so there is no markup beside it. */
static void read_file(struct saying *saying)
{
	const struct matrix_event *source = saying->source;

	saying->file.description = saying->text.len ? mem_strdup(buf_text(&saying->text)) : NULL;
	if (saying->text.len)
		buf_putc(&saying->text, ' ');
	if (matrix_media_put_url(saying->frontend->media, source->url, source->file_name, source->sender,
	                         &saying->url))
		buf_puts(&saying->text, saying->file.url = buf_text(&saying->url));
	else
		buf_printf(&saying->text, "(a file that cannot be fetched: %s)",
		           source->file_name ? source->file_name : "without a name");
	buf_clear(&saying->xhtml);
}

/* A picture in the markup; whoever it is of answers for its space. */
static bool put_picture(void *context, const char *mxc, struct buf *url)
{
	const struct saying *saying = context;

	return matrix_media_put_url(saying->frontend->media, mxc, "picture", saying->source->sender, url);
}

static void read_text(struct saying *saying)
{
	const struct matrix_event *source = saying->source;
	const struct matrix_html_names names = {name_on_network, put_picture, saying};
	bool emote = source->message_type == MATRIX_EMOTE;

	if (emote)
		buf_puts(&saying->text, "/me ");
	if (source->html) {
		if (emote)
			buf_puts(&saying->xhtml, "/me ");
		size_t before = saying->xhtml.len;

		matrix_html_read(&saying->text, &saying->xhtml, source->html, strlen(source->html), &names);
		if (saying->xhtml.len == before)
			buf_clear(&saying->xhtml);
	} else {
		buf_puts(&saying->text, source->body);
	}
	if (!emote)
		put_mentions(saying);
	if (source->message_type == MATRIX_FILE)
		read_file(saying);
}

static const char *refusal(int err)
{
	switch (err) {
	case TP_ERR_NOT_CONNECTED:
		return "you are not connected to the network. Say \"status\" to the bot";
	case TP_ERR_NOT_FOUND:
		return "you are not in that room of the network";
	case TP_ERR_NOT_REGISTERED:
		return "nobody on the network hears you, as you have no account here. Say \"register\" to "
		       "the bot";
	case TP_ERR_LIMIT:
		return "too much waits already";
	default:
		return tp_error_text(err);
	}
}

static void complain(struct saying *saying, int err)
{
	struct matrix_frontend *frontend = saying->frontend;
	struct person *person = person_of(frontend, saying->source->sender);
	const struct matrix_room *room = saying->room;
	bool off = err == TP_ERR_NOT_REGISTERED && person->switched_off;
	char *text = mem_printf("Not delivered: %s.", off ? "your account here is switched off. Say \"login\" to the bot"
							  : refusal(err));
	char *ghost = ghost_of_chat(frontend, room);

	/* Once in a portal, where others can go on without an account. */
	if (err != TP_ERR_NOT_REGISTERED || !person->told_unheard || ghost)
		matrix_notice_as(frontend, room->id, ghost, saying->source->id, text);
	if (err == TP_ERR_NOT_REGISTERED)
		person->told_unheard = true;
	mem_free(ghost);
	mem_free(text);
}

/* In the person's own name, or the relay's. */
static struct resource *speaker(struct saying *saying, struct event_message *message)
{
	struct matrix_frontend *frontend = saying->frontend;
	const char *sender = saying->source->sender;
	struct resource *own = person_ready(frontend, sender);

	if (saying->room->kind == MATRIX_ROOM_PORTAL && person_picture_put_url(frontend, sender, &saying->picture))
		message->author.avatar_url = buf_text(&saying->picture);
	if (own)
		return own;
	/* Still loading, or not here. */
	if (saying->room->kind != MATRIX_ROOM_PORTAL || !saying->room->relay)
		return person_attach(frontend, sender);
	message->author.name = person_name(frontend, sender);
	message->author.id = sender;
	return person_attach(frontend, saying->room->relay);
}

static void address(const struct saying *saying, struct event_message *message, char **legacy)
{
	const struct matrix_room *room = saying->room;
	const char *nickname = matrix_chat_nickname(room->name, room->in_room);

	*legacy = nickname ? matrix_chat_legacy_room(room->name, nickname) : NULL;
	message->kind = room->kind == MATRIX_ROOM_PORTAL ? MESSAGE_ROOM
	                : nickname                       ? MESSAGE_ROOM_PRIVATE
	                                                 : MESSAGE_CHAT;
	message->name = nickname ? *legacy : room->name;
	if (room->kind == MATRIX_ROOM_PORTAL && matrix_room_has_sisters(saying->frontend, room))
		message->said_in = room->id;
	message->nickname = nickname;
}

static void join_with(struct matrix_frontend *frontend, struct matrix_room *portal, void *resource)
{
	struct resource *from = resource;

	if (matrix_room_has(portal, from->identity->address))
		portal_room_join(frontend, portal, from);
}

static int send_on(struct saying *saying, struct resource *from, const struct event *event)
{
	if (!from)
		return TP_ERR_NOT_REGISTERED;
	if (from->identity->state != IDENTITY_READY)
		return TP_ERR_NOT_CONNECTED;
	/* After a start, or for a relay, the room may not have been asked for yet: what is said waits for it.
	 */
	if (saying->room->kind == MATRIX_ROOM_PORTAL)
		portal_room_join(saying->frontend, saying->room, from);
	else if (event->message.kind == MESSAGE_ROOM_PRIVATE)
		matrix_room_each_portal(saying->frontend, event->message.name, join_with, from);
	return router_from_frontend(from, event);
}

/* And is not about something that was said. */
static bool says_anew(const struct event *event)
{
	const struct event_message *message = &event->message;

	return event->type == EVENT_MESSAGE && !message->replaces && !message->retracts && !message->reacts_to;
}

/* False: it was refused, which its author has been told. */
static bool route(struct saying *saying, enum event_type type, struct event_message *message)
{
	struct event event = {.type = type, .message = *message};
	char *legacy;

	address(saying, &event.message, &legacy);
	struct resource *from = speaker(saying, &event.message);

	event.message.receipt = event.message.kind == MESSAGE_CHAT && says_anew(&event) && from && from->identity->user &&
	                        delivered_is_wanted(saying->frontend, from->identity->user);
	int err = send_on(saying, from, &event);

	if (err && !said_is_moderation(message))
		complain(saying, err);
	mem_free(legacy);
	buf_finish(&saying->picture);
	return !err;
}

static void note(struct matrix_frontend *frontend, const struct matrix_event *event, const char *text,
                 const char *reacts_to)
{
	const char *name = person_name(frontend, event->sender);

	recent_note(frontend, event->id, &(struct recent){event->room, event->sender, name, text, reacts_to});
}

static void say(struct saying *saying)
{
	const struct matrix_event *source = saying->source;
	struct arena arena = {0};
	const char *reply_to = parts_whole(saying->frontend, source->reply_to, &arena);

	read_text(saying);
	const struct recent *quoted = recent_find(saying->frontend, source->room, reply_to);
	struct event_message message = {.text = buf_text(&saying->text),
	                                .xhtml = saying->xhtml.len ? buf_text(&saying->xhtml) : NULL,
	                                .id = source->id,
	                                .replaces = source->replaces,
	                                .reply_to = reply_to,
	                                .reply_text = quoted ? quoted->text : NULL,
	                                .reply_author = quoted ? quoted->author : NULL,
	                                .thread = parts_whole(saying->frontend, source->thread, &arena),
	                                .attachments = saying->file.url ? &saying->file : NULL,
	                                .attachments_count = saying->file.url ? 1 : 0};

	if (saying->room->kind == MATRIX_ROOM_PORTAL && matrix_room_has_sisters(saying->frontend, saying->room))
		copies_note(saying->frontend, saying->room, source->id, source->id);
	route(saying, EVENT_MESSAGE, &message);
	/* What is quoted may be the oldest that is remembered. */
	note(saying->frontend, source, message.text, NULL);
	mem_free((char *)saying->file.description);
	buf_finish(&saying->url);
	arena_finish(&arena);
}

/* A chat with the bot that was not announced as one: the two of them are alone. */
static bool is_control(struct matrix_frontend *frontend, struct matrix_room *room, const char *sender)
{
	if (room->kind == MATRIX_ROOM_PLAIN && matrix_room_people(room) == 1 &&
	    matrix_room_has(room, sender)) {
		matrix_room_set(frontend, room->id, MATRIX_ROOM_CONTROL, sender, NULL);
		person_set_control(frontend, sender, room->id);
	}
	return room->kind == MATRIX_ROOM_CONTROL;
}

void said_message(struct matrix_frontend *frontend, struct matrix_room *room,
                       const struct matrix_event *event)
{
	struct saying saying = {.frontend = frontend, .room = room, .source = event};
	const char *line = event->body && !event->replaces && room->kind != MATRIX_ROOM_CHAT
	                           ? bot_addressed(frontend, room, event->body)
	                           : NULL;

	if (is_control(frontend, room, event->sender)) {
		if (event->body && event->replaces)
			bot_edited(frontend, room, event);
		else if (event->message_type != MATRIX_NOTICE && event->body)
			bot_line(frontend, room, event->sender, event->id, line ? line : event->body);
	} else if (line) {
		bot_line(frontend, room, event->sender, event->id, line);
	} else if (matrix_room_is_tied(room)) {
		say(&saying);
	}
	buf_finish(&saying.text);
	buf_finish(&saying.xhtml);
}

/* A vote, or the end of a poll. */
void said_poll(struct matrix_frontend *frontend, struct matrix_room *room, const struct matrix_event *event)
{
	char *text = matrix_room_is_tied(room) ? poll_text(frontend, event) : NULL;
	struct matrix_event said = *event;
	struct saying saying = {.frontend = frontend, .room = room, .source = &said};

	said.body = text;
	said.reply_to = NULL;
	if (text)
		say(&saying);
	mem_free(text);
	buf_finish(&saying.text);
	buf_finish(&saying.xhtml);
}

/* ------------------------------------------------------------------------------------------- reactions */

/* The network is told all that stand. */
void said_reaction(struct matrix_frontend *frontend, struct matrix_room *room,
                        const struct matrix_event *event)
{
	struct saying saying = {.frontend = frontend, .room = room, .source = event};
	struct event_message message = {.text = event->key ? event->key : "", .id = event->id};
	const char *keys[LIMIT_REACTIONS];
	struct arena arena = {0};

	if (!matrix_room_is_tied(room) || !event->reply_to || !event->key)
		return;
	message.reacts_to = parts_whole(frontend, event->reply_to, &arena);
	note(frontend, event, event->key, message.reacts_to);
	reactions_note(frontend, message.reacts_to, event->sender, event->key, event->id);
	message.reactions_count = reactions_of(frontend, message.reacts_to, event->sender, keys, NULL, &arena);
	message.reactions = message.reactions_count ? keys : &event->key;
	if (!message.reactions_count)
		message.reactions_count = 1;
	route(&saying, EVENT_MESSAGE, &message);
	arena_finish(&arena);
}

/* Another's message is taken back only where the network has a word for that: who has put it out of the room says
 * nothing. Without one, and with no text instead, the network refuses it: said_is_moderation. */
void said_taken_back(struct matrix_frontend *frontend, struct matrix_room *room, const struct matrix_event *event,
                     bool own)
{
	struct saying saying = {.frontend = frontend, .room = room, .source = event};
	const struct recent *redacted = recent_find(frontend, event->room, event->replaces);
	struct event_message message = {.id = event->id, .retracts = event->replaces};

	if (own && redacted)
		buf_printf(&saying.text, "(takes back: %s)", redacted->text);
	else if (own)
		buf_puts(&saying.text, "(takes back a message)");
	message.text = buf_text(&saying.text);
	route(&saying, EVENT_MESSAGE, &message);
	buf_finish(&saying.text);
}

/* Somebody else's reaction is none of the sender's. */
static void take_back_reaction(struct matrix_frontend *frontend, struct matrix_room *room,
                               const struct matrix_event *event, const char *target, const char *who,
                               struct arena *arena)
{
	struct saying saying = {.frontend = frontend, .room = room, .source = event};
	const struct recent *redacted = recent_find(frontend, event->room, event->replaces);
	const char *keys[LIMIT_REACTIONS];
	struct event_message message = {.id = event->id, .reacts_to = target, .reactions = keys};

	if (strcmp(who, event->sender) != 0)
		return;
	message.reactions_count = reactions_of(frontend, target, who, keys, NULL, arena);
	buf_printf(&saying.text, "(takes back: %s)", redacted ? redacted->text : "a reaction");
	message.text = buf_text(&saying.text);
	route(&saying, EVENT_MESSAGE, &message);
	buf_finish(&saying.text);
}

void said_redaction(struct matrix_frontend *frontend, struct matrix_room *room, const struct matrix_event *event)
{
	const struct recent *redacted = recent_find(frontend, event->room, event->replaces);
	const char *target, *who;
	struct arena arena = {0};

	if (!matrix_room_is_tied(room) || !event->replaces)
		return;
	if (reactions_forget(frontend, event->replaces, &target, &who, &arena))
		take_back_reaction(frontend, room, event, target, who, &arena);
	else if (redacted && redacted->reacts_to)
		take_back_reaction(frontend, room, event, redacted->reacts_to, redacted->sender, &arena);
	else if (redacted)
		said_taken_back(frontend, room, event, !strcmp(redacted->sender, event->sender));
	else
		redactions_ask(frontend, event);
	arena_finish(&arena);
}

bool said_is_moderation(const struct event_message *message)
{
	return message->retracts && !*message->text;
}

void said_topic(struct matrix_frontend *frontend, struct matrix_room *room,
                     const struct matrix_event *event)
{
	struct saying saying = {.frontend = frontend, .room = room, .source = event};
	struct event_message message = {.text = event->body ? event->body : "", .id = event->id};

	if (room->kind != MATRIX_ROOM_PORTAL)
		return;
	mem_replace(&room->shown.topic, message.text);
	mem_replace(&room->shown.topic_event, event->id);
	if (!route(&saying, EVENT_SUBJECT, &message))
		portal_room_put_back_topic(frontend, room);
}
