/* SPDX-License-Identifier: MIT */
#include "base/markup.h"

#include <ctype.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/text.h"

#define RUN_BYTES 1024 /* of one piece of text: whoever bounds his output can do it between pieces */
#define REFERENCE_BYTES 12

static bool is_xml_char(uint32_t c)
{
	return c == 0x9 || c == 0xa || c == 0xd || (c >= 0x20 && c <= 0xd7ff) ||
	       (c >= 0xe000 && c <= 0xfffd) || (c >= 0x10000 && c <= 0x10ffff);
}

/* The character of "&#...;" between its '#' and ';'. */
static uint32_t numeric_reference(const char *digits, const char *end)
{
	bool hex = digits < end && (*digits == 'x' || *digits == 'X');
	uint32_t value = 0;

	if (hex)
		digits++;
	if (digits == end)
		return 0xfffd;
	for (; digits < end; digits++) {
		unsigned char c = (unsigned char)*digits;

		if (!(hex ? isxdigit(c) : isdigit(c)) || value > 0x10ffff)
			return 0xfffd;
		value = value * (hex ? 16 : 10) + (uint32_t)(isdigit(c) ? c - '0' : tolower(c) - 'a' + 10);
	}
	return is_xml_char(value) ? value : 0xfffd;
}

/* What begins with '&' at *at, resolved into `one`, with its length. An '&' that begins nothing is itself. */
static size_t take_reference(const char **at, const char *end, char one[4])
{
	static const struct {
		const char *name;
		const char *text;
	} names[] = {{"amp", "&"},   {"lt", "<"},   {"gt", ">"},
		     {"quot", "\""}, {"apos", "'"}, {"nbsp", "\xc2\xa0"}};
	const char *p = *at;
	size_t room = (size_t)(end - p) < REFERENCE_BYTES ? (size_t)(end - p) : REFERENCE_BYTES;
	const char *semicolon = memchr(p, ';', room);

	one[0] = '&';
	*at = p + 1;
	if (!semicolon)
		return 1;
	if (p[1] == '#') {
		*at = semicolon + 1;
		return text_encode(numeric_reference(p + 2, semicolon), one);
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		size_t length = strlen(names[i].name);

		if ((size_t)(semicolon - p - 1) != length || memcmp(p + 1, names[i].name, length) != 0)
			continue;
		*at = semicolon + 1;
		memcpy(one, names[i].text, strlen(names[i].text));
		return strlen(names[i].text);
	}
	return 1;
}

static void take_name(struct markup_reader *reader, char name[MARKUP_NAME_BYTES])
{
	size_t length = 0;

	for (; reader->next < reader->end; reader->next++, length++) {
		unsigned char c = (unsigned char)*reader->next;

		if (!c || (!isalnum(c) && !strchr("-_:", c)))
			break;
		if (length < MARKUP_NAME_BYTES - 1)
			name[length] = (char)tolower(c);
	}
	name[length < MARKUP_NAME_BYTES ? length : 0] = '\0';
}

static void skip_space(struct markup_reader *reader)
{
	while (reader->next < reader->end && isspace((unsigned char)*reader->next))
		reader->next++;
}

static void take_value(struct markup_reader *reader, struct buf *value)
{
	char quote = reader->next < reader->end && (*reader->next == '"' || *reader->next == '\'') ? *reader->next : '\0';
	const char *start, *stop;

	if (quote)
		reader->next++;
	start = reader->next;
	while (reader->next < reader->end) {
		char c = *reader->next;

		if (quote ? c == quote : (isspace((unsigned char)c) || c == '>'))
			break;
		reader->next++;
	}
	stop = reader->next;
	if (quote && reader->next < reader->end)
		reader->next++;
	while (start < stop && value->len < MARKUP_VALUE_BYTES) {
		char one[4];

		if (*start == '&')
			buf_append(value, one, take_reference(&start, stop, one));
		else
			buf_putc(value, *start++);
	}
	if (value->len >= MARKUP_VALUE_BYTES)
		buf_clear(value);
}

bool markup_attribute(struct markup_reader *reader, char name[MARKUP_NAME_BYTES], struct buf *value)
{
	buf_clear(value);
	while (reader->next < reader->end) {
		const char *before;

		skip_space(reader);
		if (reader->next >= reader->end)
			break;
		if (*reader->next == '>') {
			reader->ended = true;
			reader->self_closed = reader->next[-1] == '/';
			reader->next++;
			return false;
		}
		before = reader->next;
		take_name(reader, name);
		if (reader->next == before) {
			reader->next++;
			continue;
		}
		skip_space(reader);
		if (reader->next < reader->end && *reader->next == '=') {
			reader->next++;
			skip_space(reader);
			take_value(reader, value);
		}
		return true;
	}
	reader->ended = reader->self_closed = false;
	return false;
}

void markup_skip_content(struct markup_reader *reader, const char *name)
{
	size_t length = strlen(name);

	for (; reader->next < reader->end; reader->next++) {
		const char *close;

		if (*reader->next != '<' || (size_t)(reader->end - reader->next) < length + 2 || reader->next[1] != '/' ||
		    strncasecmp(reader->next + 2, name, length) != 0)
			continue;
		close = memchr(reader->next, '>', (size_t)(reader->end - reader->next));
		reader->next = close ? close + 1 : reader->end;
		return;
	}
}

bool markup_is_dropped(const char *name)
{
	static const char *const names[] = {"applet", "embed",  "head",  "iframe", "math",     "noscript",
					    "object", "script", "style", "svg",    "template", "textarea",
					    "title",  "video",  "audio", "xmp"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

static void skip_declaration(struct markup_reader *reader)
{
	bool comment = reader->end - reader->next >= 4 && !memcmp(reader->next, "<!--", 4);
	const char *from = reader->next + (comment ? 4 : 0);
	const char *stop = comment ? memmem(from, (size_t)(reader->end - from), "-->", 3)
				   : memchr(from, '>', (size_t)(reader->end - from));

	reader->next = stop ? stop + (comment ? 3 : 1) : reader->end;
}

static enum markup_token take_end_tag(struct markup_reader *reader, struct markup_piece *piece)
{
	const char *close;

	reader->next += 2;
	take_name(reader, piece->name);
	close = memchr(reader->next, '>', (size_t)(reader->end - reader->next));
	reader->next = close ? close + 1 : reader->end;
	return MARKUP_CLOSE;
}

static enum markup_token take_text(struct markup_reader *reader, struct markup_piece *piece)
{
	const char *start = reader->next;

	if (*start == '&') {
		piece->text = piece->character;
		piece->length = take_reference(&reader->next, reader->end, piece->character);
		return MARKUP_TEXT;
	}
	/* The first may be a '<' that begins nothing. */
	do {
		reader->next++;
	} while (reader->next < reader->end && *reader->next != '<' && *reader->next != '&');
	piece->text = start;
	piece->length = text_cut(start, (size_t)(reader->next - start), RUN_BYTES);
	reader->next = start + piece->length;
	return MARKUP_TEXT;
}

enum markup_token markup_next(struct markup_reader *reader, struct markup_piece *piece)
{
	while (reader->next < reader->end) {
		char second = reader->end - reader->next > 1 ? reader->next[1] : '\0';

		if (*reader->next != '<')
			return take_text(reader, piece);
		if (second == '/')
			return take_end_tag(reader, piece);
		if (isalpha((unsigned char)second)) {
			reader->next++;
			take_name(reader, piece->name);
			return MARKUP_OPEN;
		}
		if (second != '!' && second != '?')
			return take_text(reader, piece);
		skip_declaration(reader);
	}
	return MARKUP_END;
}

bool markup_is_url(const char *url, const char *const *schemes, size_t count)
{
	for (const char *p = url; *p; p++)
		if ((unsigned char)*p <= 0x20 || *p == 0x7f)
			return false;
	for (size_t i = 0; i < count; i++)
		if (!strncasecmp(url, schemes[i], strlen(schemes[i])))
			return true;
	return false;
}

bool markup_is_same_address(const char *text, size_t length, const char *href)
{
	static const char *const schemes[] = {"", "https://", "http://", "mailto:"};

	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
		const char *rest = href + strlen(schemes[i]);
		size_t whole;

		if (!text_starts(href, schemes[i]))
			continue;
		whole = strlen(rest);
		if (whole && rest[whole - 1] == '/' && length == whole - 1)
			whole--;
		if (length == whole && !memcmp(text, rest, length))
			return true;
	}
	return false;
}

bool markup_is_emoji_name(const char *name)
{
	size_t length = strlen(name);

	return length > 2 && name[0] == ':' && name[length - 1] == ':' && !strpbrk(name, " \t\r\n");
}

bool markup_is_number(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits > 0 && digits <= 5 && !text[digits];
}

#define CHARACTERS 3 /* of those that are special between tags as well */
#define ALL 5

static void put_escaped(struct buf *out, const char *text, size_t length, unsigned special)
{
	static const unsigned char which[UCHAR_MAX + 1] = {['<'] = 1, ['>'] = 2, ['&'] = 3, ['"'] = 4, ['\''] = 5};
	static const char *const escapes[] = {"", "&lt;", "&gt;", "&amp;", "&quot;", "&apos;"};
	size_t done = 0;

	for (size_t i = 0; i < length; i++) {
		unsigned kind = which[(unsigned char)text[i]];

		if (!kind || kind > special)
			continue;
		buf_append(out, text + done, i - done);
		buf_puts(out, escapes[kind]);
		done = i + 1;
	}
	buf_append(out, text + done, length - done);
}

void markup_put_text(struct buf *out, const char *text, size_t length)
{
	put_escaped(out, text, length, ALL);
}

void markup_put_characters(struct buf *out, const char *text, size_t length)
{
	put_escaped(out, text, length, CHARACTERS);
}

void markup_put_attribute(struct buf *out, const char *name, const char *value)
{
	buf_putc(out, ' ');
	buf_puts(out, name);
	buf_puts(out, "='");
	markup_put_text(out, value, strlen(value));
	buf_putc(out, '\'');
}

static void put_trimmed(struct buf *out, const char *start, const char *end)
{
	while (start < end && isspace((unsigned char)*start))
		start++;
	while (end > start && isspace((unsigned char)end[-1]))
		end--;
	buf_append(out, start, (size_t)(end - start));
}

const char *markup_declaration(const char *style, struct buf *property, struct buf *value)
{
	while (*style) {
		size_t length = strcspn(style, ";");
		const char *colon = memchr(style, ':', length), *end = style + length;

		if (colon) {
			size_t start = property->len;

			put_trimmed(property, style, colon);
			text_lower(property->data + start);
			put_trimmed(value, colon + 1, end);
			return *end ? end + 1 : end;
		}
		style = *end ? end + 1 : end;
	}
	return NULL;
}

void markup_open(struct markup_writer *writer, const char *name, const char *written, const char *attributes)
{
	if (written) {
		buf_putc(writer->out, '<');
		buf_puts(writer->out, written);
		buf_puts(writer->out, attributes);
		buf_putc(writer->out, '>');
	}
	writer->open[writer->depth].name = name;
	writer->open[writer->depth++].written = written;
}

void markup_put_empty(struct markup_writer *writer, const char *written, const char *attributes)
{
	buf_putc(writer->out, '<');
	buf_puts(writer->out, written);
	buf_puts(writer->out, attributes);
	buf_puts(writer->out, "/>");
}

int markup_find(const struct markup_writer *writer, const char *name)
{
	int index = (int)writer->depth - 1;

	while (*name && index >= 0 && strcmp(writer->open[index].name, name) != 0)
		index--;
	return *name ? index : -1;
}

void markup_close_last(struct markup_writer *writer)
{
	const char *written = writer->open[--writer->depth].written;

	if (!written)
		return;
	buf_puts(writer->out, "</");
	buf_puts(writer->out, written);
	buf_putc(writer->out, '>');
}
