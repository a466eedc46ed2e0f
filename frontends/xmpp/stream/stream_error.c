/* SPDX-License-Identifier: MIT */
#include "frontends/xmpp/stream/stream_error.h"

#include <string.h>

#include "frontends/xmpp/stream/xml_writer.h"

#define NS_STREAM_ERRORS "urn:ietf:params:xml:ns:xmpp-streams"
#define NS_STANZA_ERRORS "urn:ietf:params:xml:ns:xmpp-stanzas"

void stream_error_write(struct buf *out, const char *condition, const char *text)
{
	struct xml_writer writer;

	xml_writer_init(&writer, out);
	xml_start(&writer, "stream:error");
	xml_empty(&writer, condition, NS_STREAM_ERRORS);
	xml_element(&writer, "text", NS_STREAM_ERRORS, text);
	xml_end(&writer);
	buf_puts(out, "</stream:stream>");
}

bool stream_error_is(xmpp_stanza_t *element)
{
	const char *ns = xmpp_stanza_get_ns(element);

	return ns && strcmp(ns, STREAM_NS) == 0 && strcmp(xmpp_stanza_get_name(element), "error") == 0;
}

static const char *text_of(xmpp_stanza_t *element)
{
	xmpp_stanza_t *child = xmpp_stanza_get_children(element);

	return child && xmpp_stanza_is_text(child) ? xmpp_stanza_get_text_ptr(child) : NULL;
}

const char *stream_error_read(xmpp_stanza_t *error, const char **text)
{
	const char *condition = "undefined-condition";
	xmpp_stanza_t *child = xmpp_stanza_get_children(error);

	*text = NULL;
	for (; child; child = xmpp_stanza_get_next(child)) {
		const char *ns = xmpp_stanza_is_tag(child) ? xmpp_stanza_get_ns(child) : NULL;

		if (!ns || strcmp(ns, NS_STREAM_ERRORS) != 0)
			continue;
		if (strcmp(xmpp_stanza_get_name(child), "text") == 0)
			*text = text_of(child);
		else
			condition = xmpp_stanza_get_name(child);
	}
	return condition;
}

bool stanza_error_write(struct buf *out, const struct rejected_stanza *stanza, const char *condition)
{
	struct xml_writer writer;
	const char *type = stanza->type ? stanza->type : "";

	if (!stanza->kind || !stanza->from || strcmp(type, "error") == 0)
		return false;
	if (strcmp(stanza->kind, "presence") == 0 || strcmp(type, "result") == 0)
		return false;
	xml_writer_init(&writer, out);
	xml_start(&writer, stanza->kind);
	xml_attr(&writer, "type", "error");
	xml_attr(&writer, "from", stanza->to);
	xml_attr(&writer, "to", stanza->from);
	xml_attr(&writer, "id", stanza->id);
	xml_start(&writer, "error");
	xml_attr(&writer, "type", "modify");
	xml_empty(&writer, condition, NS_STANZA_ERRORS);
	xml_end(&writer);
	xml_end(&writer);
	return true;
}
