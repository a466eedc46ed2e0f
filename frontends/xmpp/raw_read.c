/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/error.h"
#include "config/limits.h"
#include "frontends/xmpp/message.h"
#include "frontends/xmpp/raw.h"
#include "frontends/xmpp/stream/stanza_write.h"
#include "transport/people/roster.h"
#include "transport/people/user.h"
#include "transport/rooms/room.h"

#define NS_MUC_USER "http://jabber.org/protocol/muc#user"

enum { CODE_SELF = 110, CODE_BANNED = 301, CODE_RENAMED = 303, CODE_KICKED = 307 }; /* XEP-0045 */

/* Reads each text as the content of a stream of its own. */
struct raw_reader {
	struct xml_stream *stream;
	struct stanza_reader *stanzas;
	struct xmpp_frontend *frontend;
	/* during raw_read */
	const struct raw_sink *sink;
	void *context;
	const char *fault; /* what is wrong with a stanza; the rest is not looked at */
};

/* A stanza with what all kinds have in common. */
struct incoming {
	struct user *user;
	struct event_raw raw;
	struct event event;
	struct buf name, text, xhtml;
	struct jid from;
};

static bool fail(struct raw_reader *reader, const char *fault)
{
	if (!reader->fault)
		reader->fault = fault;
	return false;
}

/* False: nothing is to be done; a fault has been noted or the user is not this backend's. */
static bool incoming_begin(struct raw_reader *reader, struct incoming *in, enum raw_kind kind,
                           xmpp_stanza_t *tree)
{
	const char *from = xmpp_stanza_get_attribute(tree, "from"),
	           *to = xmpp_stanza_get_attribute(tree, "to");
	struct jid target;
	struct buf address = {0};
	*in = (struct incoming){.raw = {.kind = kind}};
	if (reader->fault)
		return false;
	if (!to || jid_parse(&target, to))
		return fail(reader, "a stanza is for no possible address");
	if (!from || jid_parse(&in->from, from))
		return fail(reader, "a stanza is from no possible address");
	jid_bare(&target, &address);
	in->user = reader->sink->user(reader->context, buf_text(&address));
	buf_finish(&address);
	if (!in->user)
		return false;
	/* An address that is ours to give is all that it can become. */
	jid_bare(&in->from, &in->name);
	if (!address_contact(reader->frontend, &address, buf_text(&in->name))) {
		buf_finish(&in->name);
		return fail(reader, "a stanza is from a name that cannot be part of an address");
	}
	buf_finish(&address);
	stanza_write(&in->text, tree, NULL, NULL);
	in->raw.name = buf_text(&in->name);
	in->raw.resource = in->from.resource[0] ? in->from.resource : NULL;
	in->raw.id = xmpp_stanza_get_attribute(tree, "id");
	in->raw.bytes = buf_text(&in->text);
	in->raw.length = in->text.len;
	in->event.type = EVENT_RAW_XML;
	in->event.raw = &in->raw;
	return true;
}

static void incoming_pass(struct raw_reader *reader, struct incoming *in)
{
	reader->sink->event(reader->context, in->user, &in->event);
}

static void incoming_end(struct incoming *in)
{
	buf_finish(&in->name);
	buf_finish(&in->text);
	buf_finish(&in->xhtml);
}

/* Messages */

/* False: it is for a room that the person is not in. */
static bool fill_message(struct raw_reader *reader, struct incoming *in, const struct message_stanza *message)
{
	struct event_message *out = &in->event.message;
	bool groupchat = !strcmp(message->type, "groupchat");
	const struct room *room = room_find(in->user, in->raw.name);
	if (!strcmp(message->type, "error"))
		return true;
	if (groupchat && !room)
		return false;
	bool to_person = !room || groupchat || in->raw.resource;
	if (to_person && message_fill(reader->frontend, message, out, &in->xhtml)) {
		in->event.type = EVENT_MESSAGE;
	} else if (groupchat && message->subject) {
		in->event.type = EVENT_SUBJECT;
		out->text = message->subject;
		out->id = message->id;
	} else {
		return true;
	}
	out->name = in->raw.name;
	out->headline = !strcmp(message->type, "headline");
	if (room) {
		out->kind = groupchat ? MESSAGE_ROOM : MESSAGE_ROOM_PRIVATE;
		out->nickname = in->raw.resource;
	}
	return true;
}

static void on_message(void *context, const struct message_stanza *message)
{
	struct raw_reader *reader = context;
	struct incoming in;
	if (!incoming_begin(reader, &in, RAW_MESSAGE, message->tree))
		return;
	if (fill_message(reader, &in, message))
		incoming_pass(reader, &in);
	incoming_end(&in);
}

/* Presence */

static enum status status_of(const struct presence_stanza *presence)
{
	static const enum status shows[] = {STATUS_AWAY, STATUS_FREE_FOR_CHAT, STATUS_EXTENDED_AWAY,
	                                    STATUS_DO_NOT_DISTURB};
	static const char *const names[] = {"away", "chat", "xa", "dnd"};
	if (presence->type)
		return STATUS_OFFLINE;
	for (size_t i = 0; presence->show && i < ARRAY_SIZE(shows); i++)
		if (!strcmp(presence->show, names[i]))
			return shows[i];
	return STATUS_ONLINE;
}

static int refusal_of(const char *condition)
{
	static const char *const forbidden[] = {"not-authorized", "forbidden", "registration-required",
	                                        "not-allowed"};
	if (condition && !strcmp(condition, "conflict"))
		return PARTICIPANT_CONFLICT;
	for (size_t i = 0; condition && i < ARRAY_SIZE(forbidden); i++)
		if (!strcmp(condition, forbidden[i]))
			return PARTICIPANT_NOT_AUTHORIZED;
	return PARTICIPANT_ROOM_NOT_FOUND;
}

static int code_of(xmpp_stanza_t *status)
{
	const char *code = tree_is(status, "status") ? xmpp_stanza_get_attribute(status, "code") : NULL;
	if (!code || strlen(code) != 3 || strspn(code, "0123456789") != 3)
		return 0;
	return (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
}

static void fill_occupant(struct event_participant *out, xmpp_stanza_t *tree)
{
	xmpp_stanza_t *x = tree_child_ns(tree, "x", NS_MUC_USER);
	xmpp_stanza_t *item = tree_child(x, "item");
	const char *role = item ? xmpp_stanza_get_attribute(item, "role") : NULL;
	bool renamed = false;
	if (role && !strcmp(role, "moderator"))
		out->flags |= PARTICIPANT_MODERATOR;
	for (xmpp_stanza_t *child = x ? xmpp_stanza_get_children(x) : NULL; child;
	     child = xmpp_stanza_get_next(child)) {
		switch (code_of(child)) {
		case CODE_SELF:
			out->flags |= PARTICIPANT_ME;
			break;
		case CODE_BANNED:
			out->flags |= PARTICIPANT_BANNED;
			break;
		case CODE_KICKED:
			out->flags |= PARTICIPANT_KICKED;
			break;
		case CODE_RENAMED:
			renamed = true;
			break;
		default:
			break;
		}
	}
	if (renamed && item && out->status == STATUS_OFFLINE)
		out->new_nickname = xmpp_stanza_get_attribute(item, "nick");
}

static void fill_participant(struct incoming *in, const struct presence_stanza *presence)
{
	struct event_participant *out = &in->event.participant;
	in->event.type = EVENT_PARTICIPANT;
	out->room = in->raw.name;
	out->nickname = in->raw.resource ? in->raw.resource : "";
	out->status = status_of(presence);
	out->status_text = presence->status;
	out->icon_hash = presence->photo_hash;
	if (presence->type && !strcmp(presence->type, "error"))
		out->flags = refusal_of(presence->error_condition);
	else
		fill_occupant(out, presence->tree);
}

static void fill_contact(struct raw_reader *reader, struct incoming *in, const struct contact *contact,
                         const struct presence_stanza *presence)
{
	struct event_contact *out = &in->event.contact;
	const char *resource = in->raw.resource;
	bool gone = presence->type != NULL;
	in->event.type = EVENT_CONTACT;
	out->name = contact->name;
	out->icon_hash =
	        presence->has_photo && presence->photo_hash ? presence->photo_hash : contact->icon_hash;
	if (gone && raw_contact_has_other(reader->frontend, in->user, contact->name, resource)) {
		out->status = contact->status;
		out->status_text = contact->status_text;
	} else {
		out->status = status_of(presence);
		out->status_text = presence->status;
	}
	raw_contact_note(reader->frontend, in->user, contact->name, resource, gone ? NULL : in->raw.bytes,
	                 in->raw.length);
}

static void fill_presence(struct raw_reader *reader, struct incoming *in,
                          const struct presence_stanza *presence)
{
	const char *type = presence->type;
	const struct room *room = room_find(in->user, in->raw.name);
	const struct contact *contact = roster_find(in->user->roster, in->raw.name);
	bool state = !type || !strcmp(type, "unavailable");
	if (room && (state || !strcmp(type, "error"))) {
		if (in->raw.resource || !state)
			fill_participant(in, presence);
	} else if (contact && contact->stored && state) {
		fill_contact(reader, in, contact, presence);
	} else if (!room && type && !strcmp(type, "subscribe")) {
		in->event.type = EVENT_AUTH_REQUEST;
		in->event.contact.name = in->raw.name;
		in->event.contact.alias = presence->nick;
	}
}

static void on_presence(void *context, const struct presence_stanza *presence)
{
	struct raw_reader *reader = context;
	struct incoming in;
	if (!incoming_begin(reader, &in, RAW_PRESENCE, presence->tree))
		return;
	fill_presence(reader, &in, presence);
	incoming_pass(reader, &in);
	incoming_end(&in);
}

/* IQs */

/* A roster and an account are matters between the person and this gateway. */
static bool is_forbidden(xmpp_stanza_t *iq)
{
	for (xmpp_stanza_t *child = xmpp_stanza_get_children(iq); child;
	     child = xmpp_stanza_get_next(child)) {
		const char *ns = xmpp_stanza_is_tag(child) ? xmpp_stanza_get_ns(child) : NULL;
		if (ns && (!strcmp(ns, "jabber:iq:roster") || !strcmp(ns, "jabber:iq:register")))
			return true;
	}
	return false;
}

static void on_iq(void *context, xmpp_stanza_t *iq)
{
	struct raw_reader *reader = context;
	const char *type = xmpp_stanza_get_type(iq), *id = xmpp_stanza_get_id(iq);
	bool answer = type && (!strcmp(type, "result") || !strcmp(type, "error"));
	bool request = type && (!strcmp(type, "get") || !strcmp(type, "set"));
	struct incoming in;
	if (!id || (!answer && !request)) {
		fail(reader, "an iq without an id or a type");
		return;
	}
	if (request && is_forbidden(iq)) {
		fail(reader, "an iq about the person's roster or account");
		return;
	}
	if (!incoming_begin(reader, &in, RAW_QUERY, iq))
		return;
	in.raw.answer = answer;
	incoming_pass(reader, &in);
	incoming_end(&in);
}

/* The rest of a stream has no place here. */

static void on_stream_start(void *context, const char **attributes)
{
	(void)context;
	(void)attributes;
}

static void on_other(void *context, xmpp_stanza_t *element)
{
	(void)element;
	fail(context, "an element that is no stanza");
}

static void on_stream_end(void *context)
{
	fail(context, "the end of a stream");
}

static void on_rejected(void *context, const struct rejected_stanza *stanza)
{
	(void)stanza;
	fail(context, "a stanza above the limits");
}

static const struct stanza_handler handler = {
        .message = on_message,
        .presence = on_presence,
        .iq = on_iq,
        .stream_start = on_stream_start,
        .other = on_other,
        .stream_end = on_stream_end,
        .rejected = on_rejected,
};

static struct raw_reader *reader_create(struct xmpp_frontend *frontend)
{
	static const bool always = true;
	struct raw_reader *reader = MEM_NEW(struct raw_reader);
	reader->frontend = frontend;
	reader->stanzas = stanza_reader_create(frontend->strophe, &handler, reader);
	stanza_reader_keep_trees(reader->stanzas, &always);
	reader->stream = xml_stream_create(&stanza_reader_xml, reader->stanzas, LIMIT_STANZA_BYTES);
	return reader;
}

void raw_reader_destroy(struct raw_reader **reader)
{
	if (!*reader)
		return;
	xml_stream_destroy(&(*reader)->stream);
	stanza_reader_destroy(&(*reader)->stanzas);
	MEM_FREE(*reader);
}

static int feed(struct raw_reader *reader, const char *bytes, size_t length)
{
	size_t consumed;
	const char *condition;
	int err = xml_stream_feed(reader->stream, bytes, length, &consumed, &condition);
	if (err == TP_ERR_LIMIT)
		fail(reader, "a stanza above the limits");
	else if (err)
		fail(reader, "it is not well-formed");
	return err;
}

int raw_read(struct frontend *base, const char *bytes, size_t length, const struct raw_sink *sink,
             void *context, const char **fault)
{
	static const char header[] = "<stream:stream xmlns='jabber:client' "
	                             "xmlns:stream='http://etherx.jabber.org/streams'>";
	struct xmpp_frontend *frontend = xmpp_frontend_of(base);
	if (!frontend->raw_reader)
		frontend->raw_reader = reader_create(frontend);
	struct raw_reader *reader = frontend->raw_reader;
	reader->sink = sink;
	reader->context = context;
	reader->fault = NULL;
	/* A parser of its own: nothing that came before, from whomever, matters. */
	xml_stream_reset(reader->stream);
	int err = feed(reader, header, sizeof(header) - 1);
	if (!err)
		err = feed(reader, bytes, length);
	if (!err && !xml_stream_is_between(reader->stream))
		fail(reader, "a stanza is not whole");
	*fault = reader->fault;
	if (err == TP_ERR_LIMIT)
		return err;
	return reader->fault ? TP_ERR_INVALID : 0;
}
