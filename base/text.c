/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/*
 * Decodes one character. Returns its length, or 0 if it is not well-formed (Unicode table 3-7); then *skip is
 * the length of what is to be replaced by one U+FFFD: the longest start of a sequence, at least one byte.
 */
static size_t decode(const char *text, size_t length, uint32_t *code, size_t *skip)
{
	const unsigned char *bytes = (const unsigned char *)text;
	unsigned char lead = bytes[0], low = 0x80, high = 0xbf;
	size_t need, i;

	*skip = 1;
	*code = lead;
	if (lead < 0x80)
		return 1;
	if (lead >= 0xc2 && lead <= 0xdf) {
		need = 2;
		*code = lead & 0x1f;
	} else if (lead >= 0xe0 && lead <= 0xef) {
		need = 3;
		*code = lead & 0x0f;
		if (lead == 0xe0)
			low = 0xa0;
		if (lead == 0xed)
			high = 0x9f;
	} else if (lead >= 0xf0 && lead <= 0xf4) {
		need = 4;
		*code = lead & 0x07;
		if (lead == 0xf0)
			low = 0x90;
		if (lead == 0xf4)
			high = 0x8f;
	} else {
		return 0;
	}
	for (i = 1; i < need; i++) {
		if (i == length || bytes[i] < low || bytes[i] > high) {
			*skip = i;
			return 0;
		}
		low = 0x80;
		high = 0xbf;
		*code = *code << 6 | (bytes[i] & 0x3f);
	}
	return need;
}

/* Length of the run of printable ASCII at the start, eight bytes at a time while it lasts. */
static size_t plain_run(const char *bytes, size_t length)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
	size_t at = 0;
	uint64_t word;

	for (; at + 8 <= length; at += 8) {
		memcpy(&word, bytes + at, 8);
		/* any byte >= 0x80, or < 0x20, or == 0x7f */
		if ((word | (word - ones * 0x20) | (word + ones)) & tops)
			break;
	}
	while (at < length && bytes[at] >= 0x20 && bytes[at] < 0x7f)
		at++;
	return at;
}

size_t text_encode(uint32_t code, char out[4])
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

bool text_is_utf8(const char *bytes, size_t length)
{
	size_t at = 0, taken, skip;
	uint32_t code;

	while (at < length) {
		if ((unsigned char)bytes[at] < 0x80) {
			size_t run = plain_run(bytes + at, length - at);

			at += run ? run : 1;
			continue;
		}
		taken = decode(bytes + at, length - at, &code, &skip);
		if (!taken)
			return false;
		at += taken;
	}
	return true;
}

/* Whether text_clean leaves a well-formed character as it is. */
static bool is_kept(uint32_t code, enum text_clean how)
{
	if (code == 0xfffe || code == 0xffff)
		return false;
	if (code >= 0x20 && code != 0x7f && (code < 0x80 || code > 0x9f))
		return true;
	if (!(how & TEXT_LINES))
		return false;
	return code >= 0x7f || code == '\n' || code == '\t';
}

/* What a well-formed character that is not kept becomes. */
static void put_substitute(struct buf *out, uint32_t code, enum text_clean how)
{
	if (!(how & TEXT_LINES) && code <= 0x9f)
		buf_putc(out, ' ');
	else if (code == '\r')
		buf_putc(out, '\n');
	else
		buf_puts(out, REPLACEMENT);
}

bool text_clean(struct buf *out, const char *bytes, size_t length, enum text_clean how)
{
	size_t at = 0, taken, skip;
	bool same = true;
	uint32_t code;

	buf_reserve(out, length);
	while (at < length) {
		taken = plain_run(bytes + at, length - at);
		if (taken) {
			buf_append(out, bytes + at, taken);
			at += taken;
			continue;
		}
		taken = decode(bytes + at, length - at, &code, &skip);
		if (taken && is_kept(code, how)) {
			buf_append(out, bytes + at, taken);
			at += taken;
			continue;
		}
		same = false;
		if (!taken) {
			buf_puts(out, REPLACEMENT);
			at += skip;
			continue;
		}
		/* CR LF is one line end; the LF writes it. */
		if (!(code == '\r' && (how & TEXT_LINES) && at + 1 < length && bytes[at + 1] == '\n'))
			put_substitute(out, code, how);
		at += taken;
	}
	return same;
}

bool text_is_clean(const char *bytes, size_t length, enum text_clean how)
{
	size_t at = 0, taken, skip;
	uint32_t code;

	while (at < length) {
		taken = plain_run(bytes + at, length - at);
		if (!taken) {
			taken = decode(bytes + at, length - at, &code, &skip);
			if (!taken || !is_kept(code, how))
				return false;
		}
		at += taken;
	}
	return true;
}

size_t text_cut(const char *text, size_t length, size_t max)
{
	if (length <= max)
		return length;
	while (max && ((unsigned char)text[max] & 0xc0) == 0x80)
		max--;
	return max;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

void text_lower(char *text)
{
	for (; *text; text++)
		*text = lower(*text);
}

bool text_equal_nocase(const char *a, const char *b)
{
	for (; *a; a++, b++)
		if (*a != *b && lower(*a) != lower(*b))
			return false;
	return !*b;
}

bool text_is_word(const char *text, size_t length, const char *word)
{
	size_t at = 0;

	while (at < length && word[at] && lower(text[at]) == lower(word[at]))
		at++;
	return at == length && !word[at];
}

bool text_equal_secret(const char *a, const char *b)
{
	size_t length_a = strlen(a), length_b = strlen(b);
	/* volatile: the compiler may not end the loop once the outcome is known. */
	volatile unsigned char difference = length_a != length_b;

	for (size_t i = 0; i < length_a; i++)
		difference = (unsigned char)(difference | (a[i] ^ (i < length_b ? b[i] : 0)));
	return !difference;
}

bool text_is(const char *text, const char *other)
{
	return text && other && strcmp(text, other) == 0;
}

bool text_starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_is_web_url(const char *text)
{
	return text_starts(text, "https://") || text_starts(text, "http://");
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

const char *text_decimal(char room[TEXT_DECIMAL_CHARS], uint64_t number)
{
	char *at = room + TEXT_DECIMAL_CHARS - 1;

	*at = '\0';
	do
		*--at = (char)('0' + number % 10);
	while (number /= 10);
	return at;
}

int text_hex_byte(const char *digits)
{
	int high = hex_digit(digits[0]), low = high < 0 ? -1 : hex_digit(digits[1]);

	return low < 0 ? -1 : high << 4 | low;
}

/* Characters that would change how the rest of a line looks, or that nobody sees. */
static bool is_deceptive(uint32_t code)
{
	return (code >= 0x80 && code <= 0x9f) || code == 0x061c || code == 0x200b ||
	       (code >= 0x200e && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2060 && code <= 0x206f) || code == 0xfeff || (code & 0xfffe) == 0xfffe ||
	       (code >= 0xe0000 && code <= 0xe007f);
}

static void put_visible(struct buf *out, const char *text, size_t length, size_t max, bool escapes)
{
	size_t at = 0, taken, skip, limit = length < max ? length : max;
	uint32_t code;

	while (at < limit) {
		unsigned char byte = (unsigned char)text[at];

		if (byte < 0x80) {
			if (escapes && (byte == '\\' || byte == '"'))
				buf_printf(out, "\\%c", byte);
			else if (byte < 0x20 || byte == 0x7f)
				buf_printf(out, "\\x%02x", byte);
			else
				buf_putc(out, (char)byte);
			at++;
			continue;
		}
		taken = decode(text + at, length - at, &code, &skip);
		if (at + (taken ? taken : 1) > limit)
			break;
		if (!taken)
			buf_printf(out, "\\x%02x", byte);
		else if (is_deceptive(code))
			buf_printf(out, "\\u{%x}", (unsigned)code);
		else
			buf_append(out, text + at, taken);
		at += taken ? taken : 1;
	}
	if (at < length)
		buf_puts(out, "...");
}

void text_quote(struct buf *out, const char *text, size_t length, size_t max)
{
	put_visible(out, text, length, max, true);
}

void text_show(struct buf *out, const char *text, size_t length, size_t max)
{
	put_visible(out, text, length, max, false);
}

static char *key_room(struct text_key *key, size_t size)
{
	key->heap = size > sizeof(key->room) ? mem_alloc(size) : NULL;
	return key->heap ? key->heap : key->room;
}

const char *text_key_lower(struct text_key *key, const char *text)
{
	size_t size = strlen(text) + 1;
	char *out = key_room(key, size);

	for (size_t i = 0; i < size; i++)
		out[i] = lower(text[i]);
	return out;
}

const char *text_key_join(struct text_key *key, const char *a, const char *b)
{
	size_t length = strlen(a), rest = strlen(b) + 1;
	char *out = key_room(key, length + 1 + rest);

	memcpy(out, a, length);
	out[length] = ' ';
	memcpy(out + length + 1, b, rest);
	return out;
}

void text_key_finish(struct text_key *key)
{
	mem_free(key->heap);
	key->heap = NULL;
}
