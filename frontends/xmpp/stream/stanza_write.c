/* SPDX-License-Identifier: MIT */
#include "frontends/xmpp/stream/stanza_write.h"

#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "config/limits.h"
#include "frontends/xmpp/stream/xml_writer.h"

static bool is_stream_ns(const char *ns)
{
	return !strcmp(ns, "jabber:client") || !strcmp(ns, "jabber:component:accept") ||
	       !strcmp(ns, "jabber:server");
}

static void put_attribute(struct buf *out, const char *name, const char *value)
{
	if (!value)
		return;
	buf_putc(out, ' ');
	buf_puts(out, name);
	buf_puts(out, "='");
	xml_escape(out, value, strlen(value), true);
	buf_putc(out, '\'');
}

/* xmlns, and of the stanza itself the addresses, are written by the caller. */
static void put_attributes(struct buf *out, xmpp_stanza_t *element, bool is_stanza)
{
	const char *pairs[2 * (LIMIT_STANZA_ATTRIBUTES + 1)];
	int count = xmpp_stanza_get_attributes(element, pairs, ARRAY_SIZE(pairs));

	for (int i = 0; i + 1 < count; i += 2) {
		bool address = !strcmp(pairs[i], "from") || !strcmp(pairs[i], "to");

		if (strcmp(pairs[i], "xmlns") != 0 && !(is_stanza && address))
			put_attribute(out, pairs[i], pairs[i + 1]);
	}
}

static void put_element(struct buf *out, xmpp_stanza_t *element, const char *around);

static void put_content(struct buf *out, xmpp_stanza_t *element, const char *ns)
{
	const char *name = xmpp_stanza_get_name(element);
	xmpp_stanza_t *child = xmpp_stanza_get_children(element);

	if (!child) {
		buf_puts(out, "/>");
		return;
	}
	buf_putc(out, '>');
	for (; child; child = xmpp_stanza_get_next(child)) {
		const char *text = xmpp_stanza_is_text(child) ? xmpp_stanza_get_text_ptr(child) : NULL;

		if (text)
			xml_escape(out, text, strlen(text), false);
		else if (xmpp_stanza_is_tag(child))
			put_element(out, child, ns);
	}
	buf_puts(out, "</");
	buf_puts(out, name);
	buf_putc(out, '>');
}

/* `around`: the namespace that is the default here; NULL: the stream's. As deep as the tree, which is
 * bounded. */
static void put_element(struct buf *out, xmpp_stanza_t *element, const char *around)
{
	const char *ns = xmpp_stanza_get_ns(element);
	bool same;

	if (!ns)
		ns = "";
	/* Inside something foreign (a forwarded message) all but clients' stanzas would be strange. */
	if (is_stream_ns(ns))
		ns = around ? "jabber:client" : NULL;
	same = ns && around ? !strcmp(ns, around) : ns == around;
	buf_putc(out, '<');
	buf_puts(out, xmpp_stanza_get_name(element));
	if (!same)
		put_attribute(out, "xmlns", ns);
	put_attributes(out, element, false);
	put_content(out, element, ns);
}

void stanza_write(struct buf *out, xmpp_stanza_t *stanza, const char *from, const char *to)
{
	buf_putc(out, '<');
	buf_puts(out, xmpp_stanza_get_name(stanza));
	put_attribute(out, "from", from);
	put_attribute(out, "to", to);
	put_attributes(out, stanza, true);
	put_content(out, stanza, NULL);
}

void stanza_address(struct buf *out, const char *text, size_t length, const char *from, const char *to)
{
	size_t name = 0;

	while (name < length && !strchr(" />", text[name]))
		name++;
	buf_append(out, text, name);
	put_attribute(out, "from", from);
	put_attribute(out, "to", to);
	buf_append(out, text + name, length - name);
}
