/* SPDX-License-Identifier: MIT */
#include "frontends/xmpp/jid.h"

#include <string.h>
#include <stringprep.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"

static bool is_ascii(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] >= 0x80)
			return false;
	return true;
}

static bool prepare_unicode(char *part, const Stringprep_profile *profile)
{
	if (!text_is_utf8(part, strlen(part)))
		return false;
	return stringprep(part, JID_PART_MAX + 1, 0, profile) == STRINGPREP_OK && part[0] != '\0';
}

/* ASCII that a node may hold once it is in lower case. */
static const bool node_character[0x80] = {
	['!'] = true, ['#' ... '%'] = true, ['(' ... '.'] = true, ['0' ... '9'] = true, [';'] = true, ['='] = true,
	['?'] = true, ['[' ... '~'] = true,
};

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* ASCII that a domain may hold, likewise. */
static const bool domain_character[0x80] = {
	['-'] = true, ['.'] = true, ['0' ... ':'] = true, ['['] = true, [']'] = true, ['_'] = true, ['a' ... 'z'] = true,
};

/* Puts allowed ASCII into lower case, as far as there is nothing else. How far that is. */
static size_t lower_allowed(char *part, const bool allowed[0x80])
{
	size_t at = 0;
	for (; part[at]; at++) {
		unsigned char c = (unsigned char)lower(part[at]);
		if (c >= 0x80 || !allowed[c])
			break;
		part[at] = (char)c;
	}
	return at;
}

static bool ascii_is_allowed(const char *part, const bool allowed[0x80])
{
	for (; *part; part++)
		if ((unsigned char)*part < 0x80 && !allowed[(unsigned char)*part])
			return false;
	return true;
}

/* `part` holds the text already and has room for JID_PART_MAX bytes. Profiles put all into lower case. */
static bool prepare_part(char *part, const bool allowed[0x80], const Stringprep_profile *profile)
{
	size_t done = lower_allowed(part, allowed);
	if (!part[done])
		return done > 0;
	if (is_ascii(part + done, strlen(part + done)))
		return false;
	return prepare_unicode(part, profile) && ascii_is_allowed(part, allowed);
}

static bool prepare_node(char *part)
{
	return prepare_part(part, node_character, stringprep_xmpp_nodeprep);
}

static bool prepare_domain(char *part)
{
	if (!prepare_part(part, domain_character, stringprep_nameprep))
		return false;
	size_t length = strlen(part);
	if (length > 1 && part[length - 1] == '.')
		part[--length] = '\0';
	return part[length - 1] != '.';
}

static bool prepare_resource(char *part)
{
	size_t length = strlen(part);
	if (!is_ascii(part, length))
		return prepare_unicode(part, stringprep_xmpp_resourceprep);
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)part[i] < 0x20 || part[i] == 0x7f)
			return false;
	return length > 0;
}

static bool take_part(char *part, const char *text, size_t length)
{
	if (length == 0 || length > JID_PART_MAX)
		return false;
	memcpy(part, text, length);
	part[length] = '\0';
	return true;
}

int jid_parse(struct jid *jid, const char *text)
{
	jid->node[0] = jid->domain[0] = jid->resource[0] = '\0';
	if (!text)
		return TP_ERR_INVALID;
	size_t bare = jid_bare_length(text);
	const char *at = memchr(text, '@', bare);
	const char *domain = at ? at + 1 : text;
	if (at && (!take_part(jid->node, text, (size_t)(at - text)) || !prepare_node(jid->node)))
		return TP_ERR_INVALID;
	if (!take_part(jid->domain, domain, (size_t)(text + bare - domain)) || !prepare_domain(jid->domain))
		return TP_ERR_INVALID;
	if (text[bare] == '\0')
		return 0;
	const char *resource = text + bare + 1;
	if (!take_part(jid->resource, resource, strlen(resource)) || !prepare_resource(jid->resource))
		return TP_ERR_INVALID;
	return 0;
}

void jid_bare(const struct jid *jid, struct buf *out)
{
	if (jid->node[0]) {
		buf_puts(out, jid->node);
		buf_putc(out, '@');
	}
	buf_puts(out, jid->domain);
}

void jid_full(const struct jid *jid, struct buf *out)
{
	jid_bare(jid, out);
	if (!jid->resource[0])
		return;
	buf_putc(out, '/');
	buf_puts(out, jid->resource);
}

size_t jid_bare_length(const char *text)
{
	return strcspn(text, "/");
}

static bool prepare_into(struct buf *out, const char *text, bool (*prepare)(char *part))
{
	char part[JID_PART_MAX + 1];
	if (!text || !take_part(part, text, strlen(text)) || !prepare(part))
		return false;
	buf_puts(out, part);
	return true;
}

bool jid_prepare_node(struct buf *out, const char *node)
{
	return prepare_into(out, node, prepare_node);
}

bool jid_prepare_resource(struct buf *out, const char *resource)
{
	return prepare_into(out, resource, prepare_resource);
}

/* The characters of XEP-0106, in no order; ours follows. */
static const char with_percent[] = " \"&'/:<>@\\%", escaped_characters[] = " \"&'/:<>@\\";

/* The character that an escape sequence at `text` stands for; 0 if there is none. Either case of the digits,
 * as Nodeprep lower-cases them. */
static char escape_at(const char *text)
{
	if (text[0] != '\\')
		return 0;
	int c = text_hex_byte(text + 1);
	return c > 0 && strchr(with_percent, c) ? (char)c : 0;
}

static void escape_span(struct buf *out, const char *name, size_t length, const char *escaped)
{
	size_t i = 0;
	while (i < length) {
		size_t run = strcspn(name + i, escaped);
		if (run > length - i)
			run = length - i;
		buf_append(out, name + i, run);
		i += run;
		if (i == length)
			break;
		if (name[i] == '\\' && !escape_at(name + i))
			buf_putc(out, '\\');
		else
			buf_printf(out, "\\%02x", (unsigned)(unsigned char)name[i]);
		i++;
	}
}

void jid_escape(struct buf *out, const char *name)
{
	escape_span(out, name, strlen(name), escaped_characters);
}

/* Without an '@' that is escaped, a '%' is taken for one. */
static void escape_whole(struct buf *out, const char *name)
{
	escape_span(out, name, strlen(name), strchr(name, '@') ? escaped_characters : with_percent);
}

static void unescape_span(struct buf *out, const char *node, size_t length)
{
	if (!memchr(node, '\\', length)) {
		buf_append(out, node, length);
		return;
	}
	for (size_t i = 0; i < length; i++) {
		char c = i + 2 < length ? escape_at(node + i) : 0;
		buf_putc(out, c ? c : node[i]);
		if (c)
			i += 2;
	}
}

void jid_unescape(struct buf *out, const char *node)
{
	unescape_span(out, node, strlen(node));
}

static void percent_form(struct buf *out, const char *name)
{
	const char *at = strrchr(name, '@');
	/* A later '%' would be taken for the '@', and beside another one that is escaped none is looked for. */
	if (!at || strchr(at, '%') || strchr(name, '@') != at) {
		escape_whole(out, name);
		return;
	}
	escape_span(out, name, (size_t)(at - name), escaped_characters);
	buf_putc(out, '%');
	jid_escape(out, at + 1);
}

/* The next '%' or escape sequence, and what it stands for: a '%' as it is for '\1'. NULL: there is none. */
static const char *next_mark(const char *node, char *mark)
{
	for (; (node = strpbrk(node, "%\\")); node++) {
		*mark = *node == '%' ? '\1' : escape_at(node);
		if (*mark)
			return node + (*node == '%' ? 1 : 3);
	}
	return NULL;
}

static bool has_same_marks(const char *a, const char *b)
{
	for (;;) {
		char mark_a = 0, mark_b = 0;
		a = next_mark(a, &mark_a);
		b = next_mark(b, &mark_b);
		if (mark_a != mark_b)
			return false;
		if (!a || !b)
			return true;
	}
}

bool jid_prepare_name(struct buf *out, const char *node)
{
	size_t start = out->len;
	if (!jid_prepare_node(out, node))
		return false;
	if (is_ascii(node, strlen(node)) || has_same_marks(node, buf_text(out) + start))
		return true;
	out->len = start;
	out->data[start] = '\0';
	return false;
}

void jid_from_contact(struct buf *out, const char *name, bool escaping)
{
	if (escaping)
		escape_whole(out, name);
	else
		percent_form(out, name);
}

/* What a name may consist of that becomes a node as it is, in lower case: all of a node's characters but those that
 * escapings begin with. */
static const bool plain_character[256] = {
	['!'] = true, ['#' ... '$'] = true, ['(' ... '.'] = true, ['0' ... '9'] = true, [';'] = true, ['='] = true,
	['?'] = true, ['A' ... '['] = true, [']' ... '~'] = true,
};

bool jid_from_plain_name(struct buf *out, const char *name)
{
	size_t length = strlen(name);
	if (length == 0 || length > JID_PART_MAX)
		return false;
	char *node = buf_reserve(out, length);
	for (size_t i = 0; i < length; i++) {
		if (!plain_character[(unsigned char)name[i]]) {
			node[0] = '\0';
			return false;
		}
		node[i] = lower(name[i]);
	}
	node[length] = '\0';
	out->len += length;
	return true;
}

void jid_from_room(struct buf *out, const char *room, bool escaping)
{
	(void)escaping;
	percent_form(out, room);
}

static bool has_escaped_at(const char *node)
{
	for (; *node; node++)
		if (escape_at(node) == '@')
			return true;
	return false;
}

void jid_to_legacy(struct buf *out, const char *node)
{
	const char *percent = strrchr(node, '%');
	if (!percent || has_escaped_at(node)) {
		jid_unescape(out, node);
		return;
	}
	unescape_span(out, node, (size_t)(percent - node));
	buf_putc(out, '@');
	jid_unescape(out, percent + 1);
}
