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

static void close_tag(struct xml_writer *writer)
{
	if (!writer->tag_open)
		return;
	buf_putc(writer->out, '>');
	writer->tag_open = 0;
}

void xml_start(struct xml_writer *writer, const char *name)
{
	assert(writer->depth < XML_WRITER_DEPTH);
	close_tag(writer);
	buf_putc(writer->out, '<');
	buf_puts(writer->out, name);
	writer->open[writer->depth++] = name;
	writer->tag_open = 1;
}

void xml_start_ns(struct xml_writer *writer, const char *name, const char *xmlns)
{
	xml_start(writer, name);
	xml_attr(writer, "xmlns", xmlns);
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

/* Whether each of eight bytes is written as it is, whatever is around it. It may say no for the sake of a '#', which
 * differs from a quotation mark in one bit. */
static bool is_plain_word(const unsigned char *bytes)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
	uint64_t word, angle, quote;

	memcpy(&word, bytes, 8);
	angle = (word | ones * ('<' ^ '>')) ^ ones * '>';               /* 0 in place of these two */
	quote = (word | ones * (('"' | '\'') ^ '"')) ^ ones * '\''; /* of " # & and ' */
	return !((word | (word - ones * 0x20) | ((angle - ones) & ~angle) | ((quote - ones) & ~quote)) & tops);
}

/* Length of the run at the start that is written as it is. */
static size_t plain_run(const unsigned char *bytes, size_t length)
{
	size_t at = 0;

	while (at < length) {
		if (length - at >= 8 && is_plain_word(bytes + at)) {
			at += 8;
			continue;
		}
		for (size_t end = length - at < 8 ? length : at + 8; at < end; at++)
			if (!plain[bytes[at]])
				return at;
	}
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

void xml_attr(struct xml_writer *writer, const char *name, const char *value)
{
	if (!value)
		return;
	assert(writer->tag_open);
	buf_putc(writer->out, ' ');
	buf_puts(writer->out, name);
	buf_append(writer->out, "='", 2);
	xml_escape(writer->out, value, strlen(value), true);
	buf_putc(writer->out, '\'');
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
	if (writer->tag_open) {
		buf_append(writer->out, "/>", 2);
		writer->tag_open = 0;
		return;
	}
	buf_append(writer->out, "</", 2);
	buf_puts(writer->out, writer->open[writer->depth]);
	buf_putc(writer->out, '>');
}

void xml_element(struct xml_writer *writer, const char *name, const char *xmlns, const char *text)
{
	if (!text)
		return;
	xml_start_ns(writer, name, xmlns);
	if (*text)
		xml_text(writer, text);
	xml_end(writer);
}

void xml_empty(struct xml_writer *writer, const char *name, const char *xmlns)
{
	xml_start_ns(writer, name, xmlns);
	xml_end(writer);
}
