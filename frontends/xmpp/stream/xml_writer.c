/* SPDX-License-Identifier: MIT */
#include "frontends/xmpp/stream/xml_writer.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <openssl/evp.h>

/* One chunk of base64: a multiple of three, so that only the last one is padded. */
#define BASE64_CHUNK (48u << 10)

static const char replacement[] = "\xEF\xBF\xBD";

void xml_writer_init(struct xml_writer *writer, struct buf *out)
{
	writer->out = out;
	writer->depth = 0;
	writer->tag_open = 0;
}

/* At least this much behind what is there, and a NUL. */
static char *room_for(struct buf *out, size_t count)
{
	return out->cap - out->len > count ? out->data + out->len : buf_reserve(out, count);
}

/* What was written into the room ends at `end`. */
static void written(struct buf *out, char *end)
{
	*end = '\0';
	out->len = (size_t)(end - out->data);
}

static char *put(char *at, const char *bytes, size_t count)
{
	memcpy(at, bytes, count);
	return at + count;
}

static void close_tag(struct xml_writer *writer)
{
	if (!writer->tag_open)
		return;
	buf_putc(writer->out, '>');
	writer->tag_open = 0;
}

void xml_start_n(struct xml_writer *writer, const char *name, size_t length)
{
	char *at = room_for(writer->out, length + 2);

	assert(writer->depth < XML_WRITER_DEPTH);
	if (writer->tag_open)
		*at++ = '>';
	*at++ = '<';
	written(writer->out, put(at, name, length));
	writer->open[writer->depth].name = name;
	writer->open[writer->depth++].length = length;
	writer->tag_open = 1;
}

static bool is_continuation(unsigned char byte)
{
	return (byte & 0xC0) == 0x80;
}

/* Bytes of the UTF-8 sequence at `text` if it encodes a character that XML allows, else 0. */
static size_t sequence_length(const unsigned char *text, size_t left)
{
	unsigned char first = text[0];

	if (first < 0xC2 || first > 0xF4)
		return 0;
	if (left < 2 || !is_continuation(text[1]))
		return 0;
	if (first < 0xE0)
		return 2;
	if ((first == 0xE0 && text[1] < 0xA0) || (first == 0xED && text[1] > 0x9F))
		return 0;
	if ((first == 0xF0 && text[1] < 0x90) || (first == 0xF4 && text[1] > 0x8F))
		return 0;
	if (left < 3 || !is_continuation(text[2]))
		return 0;
	if (first < 0xF0)
		return (first == 0xEF && text[1] == 0xBF && text[2] >= 0xBE) ? 0 : 3;
	return (left >= 4 && is_continuation(text[3])) ? 4 : 0;
}

/* What a byte below 0x80 has to be written as; NULL: as it is. */
static const char *escape_of(unsigned char byte, bool attribute)
{
	switch (byte) {
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '&':
		return "&amp;";
	case '\'':
		return attribute ? "&apos;" : NULL;
	case '"':
		return attribute ? "&quot;" : NULL;
	case '\t':
		return attribute ? "&#x9;" : NULL;
	case '\n':
		return attribute ? "&#xA;" : NULL;
	case '\r':
		return "&#xD;"; /* a bare one would come back as a line feed */
	default:
		return byte < 0x20 ? replacement : NULL;
	}
}

static const bool plain[256] = {
	[' '] = true, ['!'] = true, ['#' ... '%'] = true, ['(' ... ';'] = true, ['='] = true, ['?' ... 0x7f] = true,
};

/* Sixteen bytes at a time: compilers make of these what the processor has. Signed: what is not ASCII is less than a
 * space. */
typedef int8_t bytes16 __attribute__((vector_size(16)));

/* Whether each of these is written as it is, whatever is around it. */
static bool are_plain(const unsigned char *bytes)
{
	bytes16 piece, special;
	uint64_t half[2];

	memcpy(&piece, bytes, sizeof(piece));
	special = (bytes16)((piece < ' ') | (piece == '<') | (piece == '>') | (piece == '&') | (piece == '\'') |
			    (piece == '"'));
	memcpy(half, &special, sizeof(half));
	return !(half[0] | half[1]);
}

/* Length of the run at the start that is written as it is. */
static size_t plain_run(const unsigned char *bytes, size_t length)
{
	size_t at = 0;

	while (length - at >= sizeof(bytes16) && are_plain(bytes + at))
		at += sizeof(bytes16);
	/* the last sixteen, of which some have been looked at */
	if (length - at < sizeof(bytes16) && at && are_plain(bytes + length - sizeof(bytes16)))
		return length;
	while (at < length && plain[bytes[at]])
		at++;
	return at;
}

void xml_escape(struct buf *out, const char *text, size_t length, bool attribute)
{
	const unsigned char *bytes = (const unsigned char *)text;
	size_t done = 0, at = plain_run(bytes, length);

	while (at < length) {
		const char *instead = NULL;
		size_t run = 1;

		if (bytes[at] < 0x80) {
			instead = escape_of(bytes[at], attribute);
		} else {
			run = sequence_length(bytes + at, length - at);
			if (run == 0) {
				instead = replacement;
				run = 1;
			}
		}
		if (instead) {
			buf_append(out, text + done, at - done);
			buf_puts(out, instead);
			done = at + run;
		}
		at += run;
		at += plain_run(bytes + at, length - at);
	}
	buf_append(out, text + done, length - done);
}

void xml_attr_n(struct xml_writer *writer, const char *name, size_t name_length, const char *value)
{
	if (!value)
		return;
	assert(writer->tag_open);
	size_t length = strlen(value), run = plain_run((const unsigned char *)value, length);
	char *at = room_for(writer->out, name_length + run + 4);

	*at++ = ' ';
	at = put(at, name, name_length);
	at = put(at, "='", 2);
	at = put(at, value, run);
	if (run < length) {
		written(writer->out, at);
		xml_escape(writer->out, value + run, length - run, true);
		buf_putc(writer->out, '\'');
		return;
	}
	*at++ = '\'';
	written(writer->out, at);
}

void xml_attr_int(struct xml_writer *writer, const char *name, long long value)
{
	assert(writer->tag_open);
	buf_printf(writer->out, " %s='%lld'", name, value);
}

void xml_text_n(struct xml_writer *writer, const char *text, size_t length)
{
	close_tag(writer);
	if (length)
		xml_escape(writer->out, text, length, false);
}

void xml_text(struct xml_writer *writer, const char *text)
{
	if (text)
		xml_text_n(writer, text, strlen(text));
}

void xml_base64(struct xml_writer *writer, const void *bytes, size_t count)
{
	const unsigned char *from = bytes;

	close_tag(writer);
	while (count) {
		size_t chunk = count < BASE64_CHUNK ? count : BASE64_CHUNK;
		char *to = buf_reserve(writer->out, (chunk + 2) / 3 * 4 + 1);

		writer->out->len += (size_t)EVP_EncodeBlock((unsigned char *)to, from, (int)chunk);
		from += chunk;
		count -= chunk;
	}
}

void xml_raw(struct xml_writer *writer, const char *markup, size_t length)
{
	close_tag(writer);
	if (length)
		buf_append(writer->out, markup, length);
}

void xml_end(struct xml_writer *writer)
{
	assert(writer->depth > 0);
	writer->depth--;
	size_t length = writer->open[writer->depth].length;
	char *at = room_for(writer->out, length + 3);

	if (writer->tag_open) {
		writer->tag_open = 0;
		written(writer->out, put(at, "/>", 2));
		return;
	}
	at = put(at, "</", 2);
	at = put(at, writer->open[writer->depth].name, length);
	*at++ = '>';
	written(writer->out, at);
}
