/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/text.h"
#include "frontends/xmpp/files.h"
#include "frontends/xmpp/message.h"
#include "frontends/xmpp/muc.h"
#include "frontends/xmpp/references.h"
#include "frontends/xmpp/reply.h"
#include "frontends/xmpp/xhtml.h"
#include "transport/people/user.h"

#define NS_CHAT_STATES "http://jabber.org/protocol/chatstates"
#define NS_RECEIPTS "urn:xmpp:receipts"
#define NS_CARBONS "urn:xmpp:carbons:2"
#define NS_FORWARD "urn:xmpp:forward:0"
#define NS_PRIVILEGE "urn:xmpp:privilege:2"
#define ID_LETTERS 16 /* 80 bits: nobody meets the same in a conversation, or guesses one */

void write_delay(struct xmpp_frontend *frontend, struct xml_writer *writer, int64_t stamp_ms)
{
	if (stamp_ms == 0)
		return;
	char stamp[32];
	clock_format_xmpp(stamp_ms, stamp);
	xml_start_ns(writer, "delay", "urn:xmpp:delay");
	xml_attr(writer, "from", frontend->gateway);
	xml_attr(writer, "stamp", stamp);
	xml_end(writer);
}

static void write_xhtml(struct xmpp_frontend *frontend, struct xml_writer *writer, const struct event_message *message)
{
	const char *markup = message->xhtml;
	if (!markup || !markup[0] || !frontend->config.enable_xhtml)
		return;
	struct buf clean = {0};
	if ((message->attachments_count ? xhtml_sanitise_words : xhtml_sanitise)(&clean, markup, strlen(markup))) {
		xml_start_ns(writer, "html", "http://jabber.org/protocol/xhtml-im");
		xml_start_ns(writer, "body", "http://www.w3.org/1999/xhtml");
		xml_raw(writer, buf_text(&clean), clean.len);
		xml_end(writer);
		xml_end(writer);
	}
	buf_finish(&clean);
}

static void write_new_id(struct xml_writer *writer)
{
	char id[ID_LETTERS + 1];
	random_token(id, ID_LETTERS);
	xml_attr(writer, "id", id);
}

/* One stanza. text NULL: no body. The first one of a message carries its id. */
struct part {
	const char *text;
	bool with_xhtml, with_id;
	const struct event_attachment *attachments;
	size_t attachments_count;
};

static void write_message(struct xmpp_frontend *frontend, struct xml_writer *writer, const char *from,
                          const char *to, const char *type, const struct event_message *message,
                          const struct part *part)
{
	const char *own_id = message->sent_id ? message->sent_id : message->id;
	bool refers_only = message->retracts || message->reacts_to;
	size_t quoted = 0;
	xml_attr(writer, "type", type);
	xml_attr(writer, "from", from);
	xml_attr(writer, "to", to);
	if (part->with_id && own_id && own_id[0])
		xml_attr(writer, "id", own_id);
	else
		write_new_id(writer);
	struct buf preface = {0};
	if (part->with_id)
		quoted = references_preface(&preface, message);
	if (preface.len) {
		buf_puts(&preface, part->text);
		xml_element(writer, "body", NULL, buf_text(&preface));
	} else if (!refers_only || (part->text && part->text[0])) {
		xml_element(writer, "body", NULL, part->text);
	}
	bool changed = preface.len > 0;
	buf_finish(&preface);
	if (part->with_xhtml && !changed)
		write_xhtml(frontend, writer, message);
	for (size_t i = 0; i < part->attachments_count; i++)
		file_write(frontend, writer, &part->attachments[i], part->text);
	if (part->with_id)
		references_write(writer, from, type, message, quoted);
	if (part->with_id && !refers_only && own_id && own_id[0] && frontend->base.transport->features.extension)
		xml_empty(writer, "markable", NS_MARKERS);
	if (!strcmp(type, "chat"))
		xml_empty(writer, "active", NS_CHAT_STATES);
	if (message->kind == MESSAGE_ROOM_PRIVATE)
		xml_empty(writer, "x", NS_MUC_USER);
	write_delay(frontend, writer, message->stamp_ms);
}

/* The envelope that a stanza travels in. */
typedef void send_part(struct xmpp_frontend *frontend, const char *from, const char *to, const char *type,
                       const struct event_message *message, const struct part *part);

static void send_plain(struct xmpp_frontend *frontend, const char *from, const char *to, const char *type,
                       const struct event_message *message, const struct part *part)
{
	struct xml_writer *writer = xmpp_begin(frontend);
	xml_start(writer, "message");
	write_message(frontend, writer, from, to, type, message, part);
	xml_end(writer);
	xmpp_end(frontend, to);
}

/* `from` is the person, `to` the contact: something that was sent with another client of the network. In
 * gateway mode only the person's server may speak for the person (XEP-0356). */
static void send_carbon(struct xmpp_frontend *frontend, const char *from, const char *to, const char *type,
                        const struct event_message *message, const struct part *part)
{
	struct buf bare = {0};
	buf_append(&bare, from, jid_bare_length(from));
	const char *at = strchr(buf_text(&bare), '@');
	const char *domain = at ? at + 1 : buf_text(&bare);
	struct xml_writer *writer = xmpp_begin(frontend);
	bool wrapped = !frontend->config.server_mode;
	if (wrapped) {
		xml_start(writer, "message");
		xml_attr(writer, "from", frontend->gateway);
		xml_attr(writer, "to", domain);
		xml_start_ns(writer, "privilege", NS_PRIVILEGE);
		xml_start_ns(writer, "forwarded", NS_FORWARD);
		xml_start_ns(writer, "message", "jabber:client");
	} else {
		xml_start(writer, "message");
	}
	xml_attr(writer, "type", type);
	xml_attr(writer, "from", buf_text(&bare));
	xml_attr(writer, "to", from);
	xml_start_ns(writer, "sent", NS_CARBONS);
	xml_start_ns(writer, "forwarded", NS_FORWARD);
	xml_start_ns(writer, "message", "jabber:client");
	write_message(frontend, writer, buf_text(&bare), to, type, message, part);
	xml_end(writer);
	xml_end(writer);
	xml_end(writer);
	xml_empty(writer, "no-copy", "urn:xmpp:hints");
	xml_end(writer);
	if (wrapped) {
		xml_end(writer);
		xml_end(writer);
		xml_end(writer);
	}
	xmpp_end(frontend, wrapped ? domain : from);
	buf_finish(&bare);
}

/* An attachment by itself: clients show a body that equals the OOB URL as a file. */
static void send_attachments(struct xmpp_frontend *frontend, const char *from, const char *to,
                             const char *type, const struct event_message *message, bool first_has_id,
                             send_part *send)
{
	for (size_t i = 0; i < message->attachments_count; i++) {
		struct part part = {.text = message->attachments[i].url,
		                    .with_id = first_has_id && i == 0,
		                    .attachments = &message->attachments[i],
		                    .attachments_count = 1};
		send(frontend, from, to, type, message, &part);
	}
}

/* What is said beside the files: without the lines that say where they are; of a file with a caption the caption. NULL:
 * nothing, or no more than a file's name. To be freed. */
static char *text_beside_files(const struct event_message *message)
{
	const struct event_attachment *file = &message->attachments[0];
	size_t length = event_text_beside_files(message);

	/* Markup is not cut. */
	if (length)
		return message->xhtml ? mem_strdup(message->text) : mem_strndup(message->text, length);
	bool captioned = file->description && *file->description && !strstr(file->url, file->description) &&
	                 text_starts(message->text, file->description);

	return captioned ? mem_strdup(file->description) : NULL;
}

static void send_parts(struct xmpp_frontend *frontend, const char *from, const char *to, const char *type,
                       const struct event_message *message, send_part *send)
{
	bool has_text = message->text && message->text[0];
	struct part whole = {.text = has_text ? message->text : NULL, .with_xhtml = true, .with_id = true};
	if (message->attachments_count == 0) {
		whole.text = message->text;
		send(frontend, from, to, type, message, &whole);
		return;
	}
	const struct xmpp_config *config = &frontend->config;
	if (config->oob_replace_body || config->oob_split) {
		char *beside = has_text ? text_beside_files(message) : NULL;
		bool separate = beside || (has_text && config->oob_split);

		if (!config->oob_split)
			whole.text = beside;
		if (separate)
			send(frontend, from, to, type, message, &whole);
		send_attachments(frontend, from, to, type, message, !separate, send);
		mem_free(beside);
		return;
	}
	whole.attachments = message->attachments;
	whole.attachments_count = message->attachments_count;
	if (!has_text)
		whole.text = message->attachments[0].url;
	send(frontend, from, to, type, message, &whole);
}

void message_send(struct xmpp_frontend *frontend, const char *from, const char *to, const char *type,
                  const struct event_message *message)
{
	send_parts(frontend, from, to, type, message, send_plain);
}

/* Where nobody may speak for the person it is said in words. */
static void show_carbon_in_words(struct xmpp_frontend *frontend, const char *from, const char *to,
                                 const struct event_message *message)
{
	struct event_message said = *message;
	char *text = mem_printf("(from another client of yours) %s", message->text ? message->text : "");
	said.text = text;
	said.xhtml = NULL;
	message_send(frontend, from, to, "chat", &said);
	mem_free(text);
}

static bool may_speak_for(const struct xmpp_frontend *frontend, const char *address)
{
	const char *at = strchr(address, '@');
	return frontend->config.server_mode || map_get(frontend->privileged, at ? at + 1 : address);
}

static void show_carbon(struct xmpp_frontend *frontend, struct identity *to, struct resource *only,
                        const char *contact, const struct event_message *message)
{
	bool sent = false;
	LIST_EACH(link, &to->resources)
	{
		struct resource *resource = CONTAINER_OF(link, struct resource, link);
		if (only && only != resource)
			continue;
		struct buf address = {0};
		address_of_resource(resource, &address);
		send_parts(frontend, buf_text(&address), contact, "chat", message, send_carbon);
		buf_finish(&address);
		sent = true;
	}
	if (!sent)
		send_parts(frontend, to->address, contact, "chat", message, send_carbon);
}

/* Into frontend->from the contact's JID, with its resource, into frontend->to the person's: bare unless one client is
 * meant. */
static bool addresses(struct xmpp_frontend *frontend, const struct identity *identity,
                      const struct resource *only, const char *name)
{
	buf_clear(&frontend->from);
	buf_clear(&frontend->to);
	if (!address_contact(frontend, &frontend->from, name)) {
		log_debug(&frontend->base.log, "contact %s cannot be a JID", log_quote(name));
		return false;
	}
	buf_puts(&frontend->from, "/" XMPP_CONTACT_RESOURCE);
	address_of_target(identity, only, &frontend->to);
	return true;
}

void message_show(struct xmpp_frontend *frontend, struct identity *to, struct resource *only,
                  const struct event_message *message)
{
	struct buf *from = &frontend->from, *address = &frontend->to;
	if (!addresses(frontend, to, only, message->name)) {
		log_warning(&frontend->base.log,
		            "message from %s to %s cannot be shown: no JID can carry that name",
		            log_quote(message->name), log_quote(to->address));
		return;
	}
	bool headline = message->headline && to->user &&
	                user_setting_bool(to->user, "send_headlines",
	                                  frontend->base.transport->service.send_headlines);
	if (message->carbon && !may_speak_for(frontend, to->address)) {
		show_carbon_in_words(frontend, buf_text(from), buf_text(address), message);
	} else if (message->carbon) {
		from->len = jid_bare_length(buf_text(from));
		from->data[from->len] = '\0';
		show_carbon(frontend, to, only, buf_text(from), message);
	} else {
		message_send(frontend, buf_text(from), buf_text(address), headline ? "headline" : "chat",
		             message);
	}
}

void message_show_attention(struct xmpp_frontend *frontend, struct identity *to, struct resource *only,
                            const struct event_message *message)
{
	struct buf *from = &frontend->from, *address = &frontend->to;
	if (!addresses(frontend, to, only, message->name))
		return;
	struct xml_writer *writer = xmpp_begin(frontend);
	xml_start(writer, "message");
	xml_attr(writer, "type", "headline");
	xml_attr(writer, "from", buf_text(from));
	xml_attr(writer, "to", buf_text(address));
	xml_element(writer, "body", NULL, message->text && message->text[0] ? message->text : NULL);
	xml_empty(writer, "attention", "urn:xmpp:attention:0");
	xml_end(writer);
	xmpp_end(frontend, buf_text(address));
}

void message_show_receipt(struct xmpp_frontend *frontend, struct identity *to, struct resource *only,
                          const struct event_receipt *receipt)
{
	struct buf *from = &frontend->from, *address = &frontend->to;
	if (!addresses(frontend, to, only, receipt->name))
		return;
	struct xml_writer *writer = xmpp_begin(frontend);
	xml_start(writer, "message");
	xml_attr(writer, "type", "chat");
	xml_attr(writer, "from", buf_text(from));
	xml_attr(writer, "to", buf_text(address));
	write_new_id(writer);
	xml_start_ns(writer, "received", NS_RECEIPTS);
	xml_attr(writer, "id", receipt->id);
	xml_end(writer);
	xml_end(writer);
	xmpp_end(frontend, buf_text(address));
}

void message_write_read_marker(struct xml_writer *writer, const char *from, const char *to, const char *type,
                               const char *id)
{
	xml_start(writer, "message");
	xml_attr(writer, "type", type);
	xml_attr(writer, "from", from);
	xml_attr(writer, "to", to);
	write_new_id(writer);
	xml_start_ns(writer, "displayed", NS_MARKERS);
	xml_attr(writer, "id", id);
	xml_end(writer);
	xml_end(writer);
}

void message_show_read_marker(struct xmpp_frontend *frontend, struct identity *to, struct resource *only,
                              const struct event_read_marker *marker)
{
	struct buf *from = &frontend->from, *address = &frontend->to;
	if (addresses(frontend, to, only, marker->name)) {
		message_write_read_marker(xmpp_begin(frontend), buf_text(from), buf_text(address), "chat",
		                          marker->message_id);
		xmpp_end(frontend, buf_text(address));
	}
}

void message_write_chat_state(struct xml_writer *writer, const char *from, const char *to, const char *type,
                              enum chat_state state)
{
	static const char *const names[] = {
	        [CHAT_STATE_ACTIVE] = "active",
	        [CHAT_STATE_COMPOSING] = "composing",
	        [CHAT_STATE_PAUSED] = "paused",
	};
	xml_start(writer, "message");
	xml_attr(writer, "type", type);
	xml_attr(writer, "from", from);
	xml_attr(writer, "to", to);
	xml_empty(writer, names[state], NS_CHAT_STATES);
	xml_end(writer);
}

void message_show_chat_state(struct xmpp_frontend *frontend, struct identity *to, struct resource *only,
                             const struct event_chat_state *state)
{
	struct buf *from = &frontend->from, *address = &frontend->to;
	if (!addresses(frontend, to, only, state->name))
		return;
	message_write_chat_state(xmpp_begin(frontend), buf_text(from), buf_text(address), "chat", state->state);
	xmpp_end(frontend, buf_text(address));
}

const struct stanza_error *message_bounce_condition(enum undelivered_reason reason)
{
	switch (reason) {
	case UNDELIVERED_OFFLINE:
		return &ERROR_UNAVAILABLE;
	case UNDELIVERED_ROOM:
		return &ERROR_NOT_FOUND;
	case UNDELIVERED_UNSUPPORTED:
		return &ERROR_FEATURE;
	case UNDELIVERED_TOO_LONG:
		return &ERROR_NOT_ACCEPTABLE;
	case UNDELIVERED_REFUSED:
		return &ERROR_NOT_ALLOWED;
	case UNDELIVERED_DROPPED:
		break;
	}
	return &ERROR_SERVICE;
}

/* Whom the person's client sent it to, in our own form of the address. */
static bool bounce_from(struct xmpp_frontend *frontend, const struct event_message *message, struct buf *from)
{
	if (message->kind == MESSAGE_CHAT)
		return address_contact(frontend, from, message->name);
	if (!address_room(frontend, from, message->name))
		return false;
	if (message->kind == MESSAGE_ROOM_PRIVATE && message->nickname) {
		buf_putc(from, '/');
		address_nickname(from, message->nickname);
	}
	return true;
}

void message_bounce(struct xmpp_frontend *frontend, const char *address,
                    const struct event_undelivered *undelivered)
{
	struct buf from = {0}, to = {0};
	buf_puts(&to, address);
	address_append_resource(&to, undelivered->resource);
	if (bounce_from(frontend, &undelivered->message, &from))
		send_error(frontend, "message", buf_text(&from), buf_text(&to), undelivered->message.id,
		           message_bounce_condition(undelivered->reason), undelivered->text);
	buf_finish(&from);
	buf_finish(&to);
}

void message_notify(struct xmpp_frontend *frontend, const char *to, const char *text)
{
	struct xml_writer *writer = xmpp_begin(frontend);
	xml_start(writer, "message");
	xml_attr(writer, "type", "chat");
	xml_attr(writer, "from", frontend->gateway);
	xml_attr(writer, "to", to);
	xml_element(writer, "body", NULL, text && text[0] ? text : "Done.");
	xml_end(writer);
	xmpp_end(frontend, to);
}
