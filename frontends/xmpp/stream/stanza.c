/* SPDX-License-Identifier: MIT */
#include "frontends/xmpp/stream/stanza.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/xmpp/stream/stanza_tree.h"
#include "frontends/xmpp/stream/xml_writer.h"

#define NS_XHTML "http://www.w3.org/1999/xhtml"
#define CAPTURE_KEEP (64u << 10)

/* What an element of a stanza means to us, by where it is. */
enum node {
	NODE_IGNORED, /* foreign: it and all that is in it */
	NODE_MESSAGE,
	NODE_PRESENCE,
	NODE_TREE, /* goes into a tree */
	NODE_BODY,
	NODE_SUBJECT,
	NODE_THREAD,
	NODE_CHAT_STATE,
	NODE_RECEIPT_REQUEST,
	NODE_RECEIPT_RECEIVED,
	NODE_ATTENTION,
	NODE_REPLACE,
	NODE_RETRACT,
	NODE_APPLY_TO,
	NODE_RETRACT_APPLIED,
	NODE_REACTIONS,
	NODE_REACTION,
	NODE_REPLY,
	NODE_FALLBACK,
	NODE_FALLBACK_BODY,
	NODE_DISPLAYED,
	NODE_OOB,
	NODE_OOB_URL,
	NODE_OOB_DESCRIPTION,
	NODE_REFERENCE,
	NODE_SHARING,
	NODE_FILE,
	NODE_FILE_TYPE,
	NODE_FILE_NAME,
	NODE_FILE_DESCRIPTION,
	NODE_SOURCES,
	NODE_SOURCE_SFS,
	NODE_SOURCE_SIMS,
	NODE_MUC_USER,
	NODE_INVITE,
	NODE_INVITE_REASON,
	NODE_PRIVATE,
	NODE_MESSAGE_ERROR,
	NODE_MESSAGE_ERROR_CONDITION,
	NODE_FORWARDED,
	NODE_HTML,
	NODE_HTML_BODY,
	NODE_MARKUP, /* inside <html><body/> */
	NODE_SHOW,
	NODE_STATUS,
	NODE_PRIORITY,
	NODE_INVISIBLE,
	NODE_VCARD_UPDATE,
	NODE_PHOTO,
	NODE_MUC,
	NODE_MUC_PASSWORD,
	NODE_ERROR,
	NODE_ERROR_CONDITION,
	NODE_CAPS,
	NODE_NICK,
	NODE_PRIVILEGE,
	NODE_PERMISSION,
};

struct rule {
	enum node parent;
	const char *ns;   /* NULL: the stream's own */
	const char *name; /* NULL: any */
	enum node node;
};

static const struct rule rules[] = {
	{NODE_MESSAGE, NULL, "body", NODE_BODY},
	{NODE_MESSAGE, NULL, "subject", NODE_SUBJECT},
	{NODE_MESSAGE, NULL, "thread", NODE_THREAD},
	{NODE_MESSAGE, "http://jabber.org/protocol/chatstates", NULL, NODE_CHAT_STATE},
	{NODE_MESSAGE, "urn:xmpp:receipts", "request", NODE_RECEIPT_REQUEST},
	{NODE_MESSAGE, "urn:xmpp:receipts", "received", NODE_RECEIPT_RECEIVED},
	{NODE_MESSAGE, "urn:xmpp:attention:0", "attention", NODE_ATTENTION},
	{NODE_MESSAGE, "urn:xmpp:message-correct:0", "replace", NODE_REPLACE},
	{NODE_MESSAGE, "urn:xmpp:message-retract:1", "retract", NODE_RETRACT},
	{NODE_MESSAGE, "urn:xmpp:fasten:0", "apply-to", NODE_APPLY_TO},
	{NODE_APPLY_TO, "urn:xmpp:message-retract:0", "retract", NODE_RETRACT_APPLIED},
	{NODE_MESSAGE, "urn:xmpp:reactions:0", "reactions", NODE_REACTIONS},
	{NODE_REACTIONS, "urn:xmpp:reactions:0", "reaction", NODE_REACTION},
	{NODE_MESSAGE, "urn:xmpp:reply:0", "reply", NODE_REPLY},
	{NODE_MESSAGE, "urn:xmpp:fallback:0", "fallback", NODE_FALLBACK},
	{NODE_FALLBACK, "urn:xmpp:fallback:0", "body", NODE_FALLBACK_BODY},
	{NODE_MESSAGE, "urn:xmpp:chat-markers:0", "displayed", NODE_DISPLAYED},
	{NODE_MESSAGE, "jabber:x:oob", "x", NODE_OOB},
	{NODE_OOB, "jabber:x:oob", "url", NODE_OOB_URL},
	{NODE_OOB, "jabber:x:oob", "desc", NODE_OOB_DESCRIPTION},
	{NODE_MESSAGE, "urn:xmpp:sfs:0", "file-sharing", NODE_SHARING},
	{NODE_SHARING, "urn:xmpp:file:metadata:0", "file", NODE_FILE},
	{NODE_FILE, "urn:xmpp:file:metadata:0", "media-type", NODE_FILE_TYPE},
	{NODE_FILE, "urn:xmpp:file:metadata:0", "name", NODE_FILE_NAME},
	{NODE_FILE, "urn:xmpp:file:metadata:0", "desc", NODE_FILE_DESCRIPTION},
	{NODE_SHARING, "urn:xmpp:sfs:0", "sources", NODE_SOURCES},
	{NODE_SOURCES, "http://jabber.org/protocol/url-data", "url-data", NODE_SOURCE_SFS},
	{NODE_MESSAGE, "urn:xmpp:reference:0", "reference", NODE_REFERENCE},
	{NODE_REFERENCE, "urn:xmpp:sims:1", "media-sharing", NODE_SHARING},
	{NODE_SHARING, "urn:xmpp:jingle:apps:file-transfer:5", "file", NODE_FILE},
	{NODE_FILE, "urn:xmpp:jingle:apps:file-transfer:5", "media-type", NODE_FILE_TYPE},
	{NODE_FILE, "urn:xmpp:jingle:apps:file-transfer:5", "name", NODE_FILE_NAME},
	{NODE_FILE, "urn:xmpp:jingle:apps:file-transfer:5", "desc", NODE_FILE_DESCRIPTION},
	{NODE_SHARING, "urn:xmpp:sims:1", "sources", NODE_SOURCES},
	{NODE_SOURCES, "urn:xmpp:reference:0", "reference", NODE_SOURCE_SIMS},
	{NODE_MESSAGE, "http://jabber.org/protocol/muc#user", "x", NODE_MUC_USER},
	{NODE_MUC_USER, "http://jabber.org/protocol/muc#user", "invite", NODE_INVITE},
	{NODE_INVITE, "http://jabber.org/protocol/muc#user", "reason", NODE_INVITE_REASON},
	{NODE_MESSAGE, "urn:xmpp:carbons:2", "private", NODE_PRIVATE},
	{NODE_MESSAGE, "urn:xmpp:hints", "no-copy", NODE_PRIVATE},
	{NODE_MESSAGE, "urn:xmpp:carbons:2", NULL, NODE_FORWARDED},
	{NODE_MESSAGE, "urn:xmpp:forward:0", NULL, NODE_FORWARDED},
	{NODE_MESSAGE, "urn:xmpp:privilege:2", "privilege", NODE_PRIVILEGE},
	{NODE_PRIVILEGE, "urn:xmpp:privilege:2", "perm", NODE_PERMISSION},
	{NODE_MESSAGE, NULL, "error", NODE_MESSAGE_ERROR},
	{NODE_MESSAGE_ERROR, "urn:ietf:params:xml:ns:xmpp-stanzas", NULL, NODE_MESSAGE_ERROR_CONDITION},
	{NODE_MESSAGE, "http://jabber.org/protocol/xhtml-im", "html", NODE_HTML},
	{NODE_HTML, NS_XHTML, "body", NODE_HTML_BODY},
	{NODE_HTML_BODY, NS_XHTML, NULL, NODE_MARKUP},
	{NODE_MARKUP, NS_XHTML, NULL, NODE_MARKUP},
	{NODE_PRESENCE, NULL, "show", NODE_SHOW},
	{NODE_PRESENCE, NULL, "status", NODE_STATUS},
	{NODE_PRESENCE, NULL, "priority", NODE_PRIORITY},
	{NODE_PRESENCE, NULL, "error", NODE_ERROR},
	{NODE_ERROR, "urn:ietf:params:xml:ns:xmpp-stanzas", NULL, NODE_ERROR_CONDITION},
	{NODE_PRESENCE, "urn:xmpp:invisible:0", "invisible", NODE_INVISIBLE},
	{NODE_PRESENCE, "vcard-temp:x:update", "x", NODE_VCARD_UPDATE},
	{NODE_VCARD_UPDATE, "vcard-temp:x:update", "photo", NODE_PHOTO},
	{NODE_PRESENCE, "http://jabber.org/protocol/muc", "x", NODE_MUC},
	{NODE_MUC, "http://jabber.org/protocol/muc", "password", NODE_MUC_PASSWORD},
	{NODE_PRESENCE, "http://jabber.org/protocol/caps", "c", NODE_CAPS},
	{NODE_PRESENCE, "http://jabber.org/protocol/nick", "nick", NODE_NICK},
};

struct stanza_reader {
	const struct stanza_handler *handler;
	void *context;
	struct arena arena;
	enum node nodes[LIMIT_STANZA_DEPTH + 1];
	struct message_stanza message;
	const char *reactions[LIMIT_REACTIONS]; /* of message */
	const char *applied_to;                 /* id of the element at hand */
	bool fallback_of_reply;                 /* the element at hand */
	struct presence_stanza presence;
	struct rejected_stanza head; /* of the stanza at hand */
	struct buf capture;          /* text of the element at hand */
	struct buf xhtml;
	struct buf cleaned;
	bool tag_open;               /* the last start tag in xhtml lacks its '>' */
	bool xhtml_overflow, has_xhtml;
	struct stanza_tree *tree;
	bool tree_is_iq;
	const bool *trees_wanted; /* NULL: never */
	bool keeps_tree;          /* of the message or presence at hand */
};

static bool is_stream_ns(const char *ns)
{
	return strcmp(ns, "jabber:client") == 0 || strcmp(ns, "jabber:component:accept") == 0 ||
	       strcmp(ns, "jabber:server") == 0;
}

static const char *attribute(const char **attributes, const char *name)
{
	for (; *attributes; attributes += 2)
		if (strcmp(attributes[0], name) == 0)
			return attributes[1];
	return NULL;
}

static bool is_attribute(const char **attributes, const char *name, const char *wanted)
{
	const char *value = attribute(attributes, name);

	return value && strcmp(value, wanted) == 0;
}

static const char *keep(struct stanza_reader *reader, const char *text, size_t length, enum text_clean how)
{
	if (text_is_clean(text, length, how))
		return arena_strndup(&reader->arena, text, length);
	buf_clear(&reader->cleaned);
	text_clean(&reader->cleaned, text, length, how);
	return arena_strndup(&reader->arena, buf_text(&reader->cleaned), reader->cleaned.len);
}

/* NULL stays NULL. */
static const char *keep_attribute(struct stanza_reader *reader, const char **attributes, const char *name)
{
	const char *value = attribute(attributes, name);

	return value ? keep(reader, value, strlen(value), TEXT_LINE) : NULL;
}

/* Most names differ in their first character already: no call is needed to see that. */
static bool same_name(const char *a, const char *b)
{
	return a[0] == b[0] && strcmp(a, b) == 0;
}

static enum node find_node(enum node parent, const char *ns, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		const struct rule *rule = &rules[i];

		if (rule->parent != parent || (rule->name && !same_name(rule->name, name)))
			continue;
		if (rule->ns ? strcmp(rule->ns, ns) == 0 : is_stream_ns(ns))
			return rule->node;
	}
	return NODE_IGNORED;
}

/* XHTML that becomes too long is given up as a whole: half of it would not parse. */
static void markup_append(struct stanza_reader *reader, const char *text, size_t length)
{
	if (reader->xhtml.len + length > LIMIT_MESSAGE_BYTES)
		reader->xhtml_overflow = true;
	if (!reader->xhtml_overflow)
		buf_append(&reader->xhtml, text, length);
}

static void markup_close_tag(struct stanza_reader *reader)
{
	if (reader->tag_open)
		markup_append(reader, ">", 1);
	reader->tag_open = false;
}

static void markup_start(struct stanza_reader *reader, const char *name, const char **attributes)
{
	struct xml_writer writer;

	markup_close_tag(reader);
	buf_clear(&reader->cleaned);
	xml_writer_init(&writer, &reader->cleaned);
	xml_start(&writer, name);
	for (; *attributes; attributes += 2)
		if (!strchr(attributes[0], '|'))
			xml_attr(&writer, attributes[0], attributes[1]);
	markup_append(reader, buf_text(&reader->cleaned), reader->cleaned.len);
	reader->tag_open = true;
}

static void markup_end(struct stanza_reader *reader, const char *name)
{
	if (reader->tag_open) {
		markup_append(reader, "/>", 2);
		reader->tag_open = false;
		return;
	}
	markup_append(reader, "</", 2);
	markup_append(reader, name, strlen(name));
	markup_append(reader, ">", 1);
}

static void markup_text(struct stanza_reader *reader, const char *text, size_t length)
{
	struct xml_writer writer;

	if (length == 0)
		return;
	markup_close_tag(reader);
	buf_clear(&reader->cleaned);
	xml_writer_init(&writer, &reader->cleaned);
	xml_text_n(&writer, text, length);
	markup_append(reader, buf_text(&reader->cleaned), reader->cleaned.len);
}

static void enter_chat_state(struct stanza_reader *reader, const char *name)
{
	static const char *const states[] = {"active", "composing", "paused", "inactive", "gone"};

	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (!reader->message.has_chat_state && strcmp(states[i], name) == 0) {
			reader->message.has_chat_state = true;
			reader->message.chat_state = states[i];
		}
}

/* Counts characters; what is no number, or beyond any body, is the end. */
static size_t character_number(const char **attributes, const char *name, size_t otherwise)
{
	const char *text = attribute(attributes, name);
	char *end;

	if (!text)
		return otherwise;
	unsigned long number = strtoul(text, &end, 10);

	return end == text || *end || number > LIMIT_MESSAGE_BYTES ? LIMIT_MESSAGE_BYTES : number;
}

static void enter_reference_node(struct stanza_reader *reader, enum node node, const char **attributes)
{
	struct message_stanza *message = &reader->message;
	const char *purpose;

	switch (node) {
	case NODE_RETRACT:
		message->retracts = keep_attribute(reader, attributes, "id");
		break;
	case NODE_APPLY_TO:
		reader->applied_to = keep_attribute(reader, attributes, "id");
		break;
	case NODE_RETRACT_APPLIED:
		if (!message->retracts)
			message->retracts = reader->applied_to;
		break;
	case NODE_REACTIONS:
		message->reacts_to = keep_attribute(reader, attributes, "id");
		message->reactions = reader->reactions;
		break;
	case NODE_REPLY:
		message->reply_to = keep_attribute(reader, attributes, "id");
		message->reply_jid = keep_attribute(reader, attributes, "to");
		break;
	case NODE_FALLBACK:
		purpose = attribute(attributes, "for");
		reader->fallback_of_reply = purpose && strcmp(purpose, "urn:xmpp:reply:0") == 0;
		break;
	case NODE_FALLBACK_BODY:
		if (!reader->fallback_of_reply || message->reply_fallback)
			break;
		message->reply_fallback = true;
		message->fallback_start = character_number(attributes, "start", 0);
		message->fallback_end = character_number(attributes, "end", LIMIT_MESSAGE_BYTES);
		break;
	case NODE_DISPLAYED:
		message->displayed = keep_attribute(reader, attributes, "id");
		break;
	default:
		break;
	}
}

static void enter_message_node(struct stanza_reader *reader, enum node node, const char *name,
			       const char **attributes)
{
	struct message_stanza *message = &reader->message;

	switch (node) {
	case NODE_CHAT_STATE:
		enter_chat_state(reader, name);
		break;
	case NODE_RECEIPT_REQUEST:
		message->receipt_request = true;
		break;
	case NODE_RECEIPT_RECEIVED:
		message->receipt_received = keep_attribute(reader, attributes, "id");
		break;
	case NODE_ATTENTION:
		message->attention = true;
		break;
	case NODE_REPLACE:
		message->replaces = keep_attribute(reader, attributes, "id");
		break;
	case NODE_RETRACT:
	case NODE_APPLY_TO:
	case NODE_RETRACT_APPLIED:
	case NODE_REACTIONS:
	case NODE_REPLY:
	case NODE_FALLBACK:
	case NODE_FALLBACK_BODY:
	case NODE_DISPLAYED:
		enter_reference_node(reader, node, attributes);
		break;
	case NODE_SOURCE_SFS:
	case NODE_SOURCE_SIMS:
		if (!message->file_url)
			message->file_url =
				keep_attribute(reader, attributes, node == NODE_SOURCE_SFS ? "target" : "uri");
		break;
	case NODE_MUC_USER:
		message->muc_user = true;
		break;
	case NODE_INVITE:
		if (!message->muc_invite_to)
			message->muc_invite_to = keep_attribute(reader, attributes, "to");
		break;
	case NODE_PRIVATE:
		message->carbon_private = true;
		break;
	case NODE_MESSAGE_ERROR_CONDITION:
		if (!message->error_condition && strcmp(name, "text") != 0)
			message->error_condition = keep(reader, name, strlen(name), TEXT_LINE);
		break;
	case NODE_FORWARDED:
		message->forwarded = true;
		break;
	case NODE_PRIVILEGE:
		message->privileges = true;
		break;
	case NODE_PERMISSION:
		message->may_send = message->may_send || (is_attribute(attributes, "access", "message") &&
							   is_attribute(attributes, "type", "outgoing"));
		break;
	default:
		break;
	}
}

static void enter_presence_node(struct stanza_reader *reader, enum node node, const char *name,
				const char **attributes)
{
	struct presence_stanza *presence = &reader->presence;

	switch (node) {
	case NODE_INVISIBLE:
		presence->invisible = true;
		break;
	case NODE_PHOTO:
		presence->has_photo = true;
		break;
	case NODE_MUC:
		presence->muc = true;
		break;
	case NODE_ERROR_CONDITION:
		if (!presence->error_condition && strcmp(name, "text") != 0)
			presence->error_condition = keep(reader, name, strlen(name), TEXT_LINE);
		break;
	case NODE_CAPS:
		presence->caps_node = keep_attribute(reader, attributes, "node");
		presence->caps_ver = keep_attribute(reader, attributes, "ver");
		break;
	default:
		break;
	}
}

/* Where the text of an element goes; NULL: nowhere, or one came already. */
static const char **text_slot(struct stanza_reader *reader, enum node node)
{
	const char **slot;

	switch (node) {
	case NODE_BODY:
		slot = &reader->message.body;
		break;
	case NODE_SUBJECT:
		slot = &reader->message.subject;
		break;
	case NODE_THREAD:
		slot = &reader->message.thread;
		break;
	case NODE_OOB_URL:
		slot = &reader->message.oob_url;
		break;
	case NODE_OOB_DESCRIPTION:
		slot = &reader->message.oob_description;
		break;
	case NODE_FILE_TYPE:
		slot = &reader->message.file_type;
		break;
	case NODE_FILE_NAME:
		slot = &reader->message.file_name;
		break;
	case NODE_FILE_DESCRIPTION:
		slot = &reader->message.file_description;
		break;
	case NODE_INVITE_REASON:
		slot = &reader->message.muc_invite_reason;
		break;
	case NODE_SHOW:
		slot = &reader->presence.show;
		break;
	case NODE_STATUS:
		slot = &reader->presence.status;
		break;
	case NODE_PHOTO:
		slot = &reader->presence.photo_hash;
		break;
	case NODE_MUC_PASSWORD:
		slot = &reader->presence.muc_password;
		break;
	case NODE_NICK:
		slot = &reader->presence.nick;
		break;
	default:
		return NULL;
	}
	return *slot ? NULL : slot;
}

static void leave_priority(struct stanza_reader *reader)
{
	long priority = strtol(buf_text(&reader->capture), NULL, 10);

	if (priority < -128)
		priority = -128;
	reader->presence.priority = priority > 127 ? 127 : (int)priority;
}

static void leave_node(struct stanza_reader *reader, enum node node, const char *name)
{
	const char **slot;
	bool lines = node == NODE_BODY || node == NODE_STATUS || node == NODE_INVITE_REASON;

	switch (node) {
	case NODE_PRIORITY:
		leave_priority(reader);
		break;
	case NODE_REACTION:
		if (reader->message.reactions_count < LIMIT_REACTIONS && reader->capture.len)
			reader->reactions[reader->message.reactions_count++] =
				keep(reader, buf_text(&reader->capture), reader->capture.len, TEXT_LINE);
		break;
	case NODE_MARKUP:
		markup_end(reader, name);
		break;
	case NODE_HTML_BODY:
		markup_close_tag(reader);
		reader->has_xhtml = true;
		break;
	default:
		slot = text_slot(reader, node);
		if (slot)
			*slot = keep(reader, buf_text(&reader->capture), reader->capture.len,
				     lines ? TEXT_LINES : TEXT_LINE);
	}
	buf_clear(&reader->capture);
}

static void forget_stanza(struct stanza_reader *reader)
{
	stanza_tree_abandon(reader->tree);
	arena_reset(&reader->arena);
	buf_clear(&reader->capture);
	buf_shrink(&reader->capture, CAPTURE_KEEP);
	buf_clear(&reader->xhtml);
	buf_clear(&reader->cleaned);
	buf_shrink(&reader->cleaned, CAPTURE_KEEP);
	reader->tag_open = reader->xhtml_overflow = reader->has_xhtml = reader->keeps_tree = false;
	memset(&reader->head, 0, sizeof(reader->head));
	for (size_t i = 0; i < ARRAY_SIZE(reader->nodes); i++)
		reader->nodes[i] = NODE_IGNORED;
}

static void start_message(struct stanza_reader *reader)
{
	const struct rejected_stanza *head = &reader->head;

	reader->nodes[1] = NODE_MESSAGE;
	reader->message = (struct message_stanza){
		.from = head->from,
		.to = head->to,
		.id = head->id,
		.type = head->type ? head->type : "normal",
	};
}

static void start_presence(struct stanza_reader *reader)
{
	const struct rejected_stanza *head = &reader->head;

	reader->nodes[1] = NODE_PRESENCE;
	reader->presence = (struct presence_stanza){
		.from = head->from,
		.to = head->to,
		.id = head->id,
		.type = head->type,
	};
}

static void start_stanza(struct stanza_reader *reader, const char *ns, const char *name, const char **attributes)
{
	static const char *const kinds[] = {"message", "presence", "iq"};

	forget_stanza(reader);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (is_stream_ns(ns) && strcmp(name, kinds[i]) == 0)
			reader->head.kind = kinds[i];
	reader->head.from = keep_attribute(reader, attributes, "from");
	reader->head.to = keep_attribute(reader, attributes, "to");
	reader->head.id = keep_attribute(reader, attributes, "id");
	reader->head.type = keep_attribute(reader, attributes, "type");
	reader->keeps_tree = reader->trees_wanted && *reader->trees_wanted &&
			     (reader->head.kind == kinds[0] || reader->head.kind == kinds[1]);
	if (reader->keeps_tree) {
		stanza_tree_set_children(reader->tree, LIMIT_STANZA_CHILDREN);
		stanza_tree_start(reader->tree, ns, name, attributes);
	}
	if (reader->head.kind == kinds[0]) {
		start_message(reader);
		return;
	}
	if (reader->head.kind == kinds[1]) {
		start_presence(reader);
		return;
	}
	reader->nodes[1] = NODE_TREE;
	reader->tree_is_iq = reader->head.kind == kinds[2];
	stanza_tree_set_children(reader->tree, reader->head.type && strcmp(reader->head.type, "result") == 0
						       ? LIMIT_STANZA_CHILDREN_RESULT
						       : LIMIT_STANZA_CHILDREN);
	stanza_tree_start(reader->tree, ns, name, attributes);
}

static void on_start(void *context, unsigned depth, const char *ns, const char *name, const char **attributes)
{
	struct stanza_reader *reader = context;
	enum node parent, node;

	if (depth == 0) {
		forget_stanza(reader);
		reader->handler->stream_start(reader->context, attributes);
		return;
	}
	if (depth == 1) {
		start_stanza(reader, ns, name, attributes);
		return;
	}
	if (reader->keeps_tree)
		stanza_tree_start(reader->tree, ns, name, attributes);
	parent = reader->nodes[depth - 1];
	if (parent == NODE_TREE) {
		reader->nodes[depth] = NODE_TREE;
		stanza_tree_start(reader->tree, ns, name, attributes);
		return;
	}
	node = find_node(parent, ns, name);
	if (node == NODE_HTML_BODY && reader->has_xhtml)
		node = NODE_IGNORED; /* the first one counts */
	if (node == NODE_SHARING && reader->message.file_url)
		node = NODE_IGNORED; /* likewise */
	reader->nodes[depth] = node;
	/* XEP-0280 and the like, wherever a message hides one: nothing beside it is the sender's own word. */
	if (reader->nodes[1] == NODE_MESSAGE && strcmp(ns, "urn:xmpp:forward:0") == 0)
		reader->message.forwarded = true;
	if (node == NODE_IGNORED)
		return;
	if (node != NODE_MARKUP)
		buf_clear(&reader->capture);
	if (node == NODE_MARKUP)
		markup_start(reader, name, attributes);
	else if (reader->nodes[1] == NODE_MESSAGE)
		enter_message_node(reader, node, name, attributes);
	else
		enter_presence_node(reader, node, name, attributes);
}

static void reject(struct stanza_reader *reader)
{
	if (reader->handler->rejected)
		reader->handler->rejected(reader->context, &reader->head);
	forget_stanza(reader);
}

static void end_tree(struct stanza_reader *reader)
{
	xmpp_stanza_t *root = stanza_tree_take(reader->tree);

	if (!root) {
		reject(reader);
		return;
	}
	if (reader->tree_is_iq)
		reader->handler->iq(reader->context, root);
	else
		reader->handler->other(reader->context, root);
	xmpp_stanza_release(root);
}

/* False: the tree is above a limit, and with it the stanza. */
static bool take_tree(struct stanza_reader *reader, xmpp_stanza_t **tree)
{
	*tree = NULL;
	if (!reader->keeps_tree)
		return true;
	stanza_tree_end(reader->tree);
	*tree = stanza_tree_take(reader->tree);
	if (!*tree)
		reject(reader);
	return *tree != NULL;
}

static void end_stanza(struct stanza_reader *reader)
{
	xmpp_stanza_t *tree;

	switch (reader->nodes[1]) {
	case NODE_MESSAGE:
		if (!take_tree(reader, &tree))
			return;
		reader->message.tree = tree;
		if (reader->has_xhtml && !reader->xhtml_overflow)
			reader->message.xhtml =
				arena_strndup(&reader->arena, buf_text(&reader->xhtml), reader->xhtml.len);
		reader->handler->message(reader->context, &reader->message);
		break;
	case NODE_PRESENCE:
		if (!take_tree(reader, &tree))
			return;
		reader->presence.tree = tree;
		reader->handler->presence(reader->context, &reader->presence);
		break;
	case NODE_TREE:
		stanza_tree_end(reader->tree);
		end_tree(reader);
		return;
	default:
		return;
	}
	if (tree)
		xmpp_stanza_release(tree);
}

static void on_end(void *context, unsigned depth, const char *ns, const char *name)
{
	struct stanza_reader *reader = context;

	(void)ns;
	if (depth == 0)
		reader->handler->stream_end(reader->context);
	else if (depth == 1) {
		end_stanza(reader);
		memset(&reader->head, 0, sizeof(reader->head));
	} else {
		if (reader->keeps_tree || reader->nodes[depth] == NODE_TREE)
			stanza_tree_end(reader->tree);
		if (reader->nodes[depth] != NODE_TREE && reader->nodes[depth] != NODE_IGNORED)
			leave_node(reader, reader->nodes[depth], name);
	}
}

static void on_text(void *context, unsigned depth, const char *text, size_t length)
{
	struct stanza_reader *reader = context;

	if (depth == 0)
		return;
	if (reader->keeps_tree)
		stanza_tree_text(reader->tree, text, length);
	switch (reader->nodes[depth]) {
	case NODE_IGNORED:
	case NODE_MESSAGE:
	case NODE_PRESENCE:
		return;
	case NODE_TREE:
		stanza_tree_text(reader->tree, text, length);
		return;
	case NODE_MARKUP:
	case NODE_HTML_BODY:
		markup_text(reader, text, length);
		return;
	default:
		buf_append(&reader->capture, text, length);
	}
}

static void on_skipped(void *context)
{
	reject(context);
}

const struct xml_handler stanza_reader_xml = {
	.start = on_start,
	.end = on_end,
	.text = on_text,
	.skipped = on_skipped,
};

struct stanza_reader *stanza_reader_create(xmpp_ctx_t *strophe, const struct stanza_handler *handler, void *context)
{
	struct stanza_reader *reader = MEM_NEW(struct stanza_reader);

	reader->handler = handler;
	reader->context = context;
	reader->tree = stanza_tree_create(strophe);
	return reader;
}

void stanza_reader_keep_trees(struct stanza_reader *reader, const bool *wanted)
{
	reader->trees_wanted = wanted;
}

void stanza_reader_destroy(struct stanza_reader **reader)
{
	struct stanza_reader *old = *reader;

	if (!old)
		return;
	stanza_tree_destroy(&old->tree);
	arena_finish(&old->arena);
	buf_finish(&old->capture);
	buf_finish(&old->xhtml);
	buf_finish(&old->cleaned);
	MEM_FREE(*reader);
}
