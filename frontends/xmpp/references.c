/* SPDX-License-Identifier: MIT */
#include "frontends/xmpp/references.h"

#include <string.h>

#include "base/text.h"
#include "config/limits.h"
#include "frontends/xmpp/muc.h"

/* Where the character with this number begins; the end if there are fewer. */
static size_t offset_of(const char *text, size_t character)
{
	size_t at = 0;
	for (size_t i = 0; i < character && text[at]; i++) {
		at++;
		while (((unsigned char)text[at] & 0xc0) == 0x80)
			at++;
	}
	return at;
}

static size_t characters_of(const char *text)
{
	size_t count = 0;
	for (; *text; text++)
		count += ((unsigned char)*text & 0xc0) != 0x80;
	return count;
}

/* The quoted lines without their marks, and without a first line that only says who wrote them. */
static const char *unquote(struct xmpp_frontend *frontend, const char *quote, size_t length)
{
	struct buf text = {0};
	const char *end = quote + length;
	for (const char *line = quote; line < end;) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		size_t size = (size_t)((stop ? stop : end) - line);
		const char *next = line + size + (stop ? 1 : 0);
		if (size && *line == '>') {
			line++;
			size--;
			if (size && *line == ' ') {
				line++;
				size--;
			}
		}
		bool names = line - quote < 3 && size && line[size - 1] == ':' && next < end;
		if (!names && text.len)
			buf_putc(&text, '\n');
		if (!names)
			buf_append(&text, line, size);
		line = next;
	}
	while (text.len && text.data[text.len - 1] == '\n')
		text.data[--text.len] = '\0';
	const char *kept = NULL;
	if (text.len)
		kept = arena_strndup(&frontend->texts, text.data,
		                     text_cut(text.data, text.len, LIMIT_QUOTE_BYTES));
	buf_finish(&text);
	return kept;
}

/* The text without what the client put into it for others' sake. */
static void take_quotation_out(struct xmpp_frontend *frontend, const struct message_stanza *message,
                               struct event_message *event)
{
	if (!message->reply_fallback || !message->body || message->fallback_end <= message->fallback_start)
		return;
	const char *body = message->body;
	size_t start = offset_of(body, message->fallback_start);
	size_t end = start + offset_of(body + start, message->fallback_end - message->fallback_start);
	if (!start && !body[end])
		return; /* nothing but a quotation: that is what was said */
	event->reply_text = unquote(frontend, body + start, end - start);
	event->text = arena_printf(&frontend->texts, "%.*s%s", (int)start, body, body + end);
	event->xhtml = NULL; /* it has the quotation too */
}

static const char *joined_reactions(struct xmpp_frontend *frontend, const struct message_stanza *message)
{
	struct buf text = {0};
	for (size_t i = 0; i < message->reactions_count; i++)
		buf_printf(&text, "%s%s", i ? " " : "", message->reactions[i]);
	const char *kept = arena_strdup(&frontend->texts, buf_text(&text));
	buf_finish(&text);
	return kept;
}

/* "room@gw/nick": the nickname; of a contact nothing that the network would know. */
static const char *author_of(const char *jid)
{
	const char *slash = jid ? strchr(jid, '/') : NULL;
	return slash && slash[1] && strcmp(slash + 1, XMPP_CONTACT_RESOURCE) != 0 ? slash + 1 : NULL;
}

bool references_read(struct xmpp_frontend *frontend, const struct message_stanza *message,
                     struct event_message *event)
{
	event->replaces = message->replaces;
	event->retracts = message->retracts;
	event->thread = message->thread && message->thread[0] ? message->thread : NULL;
	if (message->reply_to) {
		event->reply_to = message->reply_to;
		event->reply_author = author_of(message->reply_jid);
		take_quotation_out(frontend, message, event);
	}
	if (message->reacts_to) {
		event->reacts_to = message->reacts_to;
		event->reactions = message->reactions;
		event->reactions_count = message->reactions_count;
		if (!event->text[0])
			event->text = joined_reactions(frontend, message);
	}
	return event->retracts || event->reacts_to;
}

size_t references_preface(struct buf *out, const struct event_message *message)
{
	size_t quoted = 0;
	if (message->reply_to && message->reply_text && message->reply_text[0]) {
		if (message->reply_author && message->reply_author[0])
			buf_printf(out, "> %s:\n", message->reply_author);
		for (const char *line = message->reply_text; *line;) {
			size_t length = strcspn(line, "\n");
			buf_printf(out, "> %.*s\n", (int)length, line);
			line += length + (line[length] ? 1 : 0);
		}
		quoted = characters_of(buf_text(out));
	}
	bool relayed = message->author.name && message->author.name[0] &&
	               (!message->nickname || strcmp(message->author.name, message->nickname) != 0);
	if (relayed)
		buf_printf(out, "<%s> ", message->author.name);
	return quoted;
}

static void write_with_id(struct xml_writer *writer, const char *name, const char *ns, const char *id)
{
	xml_start_ns(writer, name, ns);
	xml_attr(writer, "id", id);
	xml_end(writer);
}

static void write_fallback(struct xml_writer *writer, const char *purpose, size_t characters)
{
	xml_start_ns(writer, "fallback", NS_FALLBACK);
	xml_attr(writer, "for", purpose);
	if (characters) {
		xml_start(writer, "body");
		xml_attr_int(writer, "start", 0);
		xml_attr_int(writer, "end", (long long)characters);
		xml_end(writer);
	}
	xml_end(writer);
}

static void write_reply(struct xml_writer *writer, const char *from, bool in_room,
                        const struct event_message *message, size_t quoted)
{
	xml_start_ns(writer, "reply", NS_REPLY);
	if (in_room && message->reply_author && message->reply_author[0]) {
		struct buf to = {0};
		buf_append(&to, from, strcspn(from, "/"));
		buf_putc(&to, '/');
		address_nickname(&to, message->reply_author);
		xml_attr(writer, "to", buf_text(&to));
		buf_finish(&to);
	}
	xml_attr(writer, "id", message->reply_to);
	xml_end(writer);
	if (quoted)
		write_fallback(writer, NS_REPLY, quoted);
}

static void write_reactions(struct xml_writer *writer, const struct event_message *message)
{
	xml_start_ns(writer, "reactions", NS_REACTIONS);
	xml_attr(writer, "id", message->reacts_to);
	for (size_t i = 0; i < message->reactions_count; i++)
		xml_element(writer, "reaction", NULL, message->reactions[i]);
	xml_end(writer);
	if (message->text && message->text[0])
		write_fallback(writer, NS_REACTIONS, 0);
}

void references_write(struct xml_writer *writer, const char *from, const char *type,
                      const struct event_message *message, size_t quoted)
{
	bool in_room = !strcmp(type, "groupchat");
	xml_element(writer, "thread", NULL, message->thread);
	if (message->replaces && message->replaces[0])
		write_with_id(writer, "replace", NS_CORRECT, message->replaces);
	if (message->retracts && message->retracts[0]) {
		write_with_id(writer, "retract", NS_RETRACT, message->retracts);
		if (message->text && message->text[0])
			write_fallback(writer, NS_RETRACT, 0);
	}
	if (message->reacts_to && message->reacts_to[0])
		write_reactions(writer, message);
	if (message->reply_to && message->reply_to[0])
		write_reply(writer, from, in_room, message, quoted);
	if (!in_room || !message->id || !message->id[0])
		return;
	struct buf room = {0};
	buf_append(&room, from, strcspn(from, "/"));
	xml_start_ns(writer, "stanza-id", NS_STANZA_ID);
	xml_attr(writer, "by", buf_text(&room));
	xml_attr(writer, "id", message->id);
	xml_end(writer);
	buf_finish(&room);
}
