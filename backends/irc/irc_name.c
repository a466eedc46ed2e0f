/* SPDX-License-Identifier: MIT */
#include "backends/irc/irc_name.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/random.h"
#include "base/text.h"

#define NICK_RFC_BYTES 9
#define NICK_TRIES 8

static int parse_port(struct irc_server *server, const char *text, enum irc_tls_mode mode)
{
	bool plus = *text == '+';
	unsigned long port;
	char *end;

	if (plus)
		text++;
	if (!isdigit((unsigned char)*text))
		return TP_ERR_INVALID;
	port = strtoul(text, &end, 10);
	if (*end || port == 0 || port > 65535)
		return TP_ERR_INVALID;
	server->port = (unsigned short)port;
	server->tls = mode == IRC_TLS_ALWAYS || (mode == IRC_TLS_AUTO && (plus || port == IRC_PORT_TLS));
	return 0;
}

static bool host_is_valid(const char *host, bool literal)
{
	if (*host == '\0' || *host == '-' || *host == '.')
		return false;
	for (const char *c = host; *c; c++) {
		if (isalnum((unsigned char)*c) || *c == '.' || *c == '-')
			continue;
		if (*c == (literal ? ':' : '_'))
			continue;
		return false;
	}
	return true;
}

int irc_server_parse(struct irc_server *server, const char *text, enum irc_tls_mode mode)
{
	bool literal = *text == '[';
	const char *end;
	size_t length;

	memset(server, 0, sizeof(*server));
	if (literal)
		text++;
	end = text + strcspn(text, literal ? "]" : ":");
	length = (size_t)(end - text);
	if (length >= sizeof(server->host) || (literal && *end != ']'))
		return TP_ERR_INVALID;
	memcpy(server->host, text, length);
	text_lower(server->host);
	if (!host_is_valid(server->host, literal))
		return TP_ERR_INVALID;
	if (literal)
		end++;
	if (*end == ':')
		return parse_port(server, end + 1, mode);
	if (*end)
		return TP_ERR_INVALID;
	server->tls = mode == IRC_TLS_ALWAYS;
	server->port = server->tls ? IRC_PORT_TLS : IRC_PORT;
	return 0;
}

bool irc_server_equal(const struct irc_server *a, const struct irc_server *b)
{
	return a->port == b->port && strcmp(a->host, b->host) == 0;
}

const char *irc_name_split(const char *name, struct buf *local)
{
	const char *at = strrchr(name, '@');

	buf_clear(local);
	buf_append(local, name, at ? (size_t)(at - name) : strlen(name));
	buf_text(local);
	return at ? at + 1 : NULL;
}

static bool is_plain_word(const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++)
		if (*c <= ' ' || *c == ',' || *c == 0x7f)
			return false;
	return true;
}

bool irc_channel_is_valid(const char *channel)
{
	size_t length = strlen(channel);

	return length >= 1 && length <= 200 && strchr("#&+!", *channel) && is_plain_word(channel);
}

bool irc_nick_is_valid(const char *nick)
{
	size_t length = strlen(nick);

	/* '$' begins a mask of servers, '#&+!~@%' a channel or the members of a rank in one. */
	return length >= 1 && length <= 128 && !strchr(":$#&+!~@%", *nick) && is_plain_word(nick) &&
	       !strpbrk(nick, "!@*?/");
}

static bool nick_char(unsigned char c)
{
	return isalnum(c) || c >= 0x80 || strchr("-_[]\\`^{}|", c);
}

void irc_nick_make(struct buf *out, const char *text)
{
	size_t start = out->len, length = strlen(text);

	if (length > 64)
		length = text_cut(text, length, 64);
	if (length && (isdigit((unsigned char)*text) || *text == '-'))
		buf_putc(out, '_');
	for (size_t i = 0; i < length; i++)
		buf_putc(out, nick_char((unsigned char)text[i]) ? text[i] : '_');
	if (out->len == start)
		buf_puts(out, "user");
}

static void put_ascii(struct buf *out, const char *text, size_t max)
{
	for (size_t i = 0; *text && i < max; text++) {
		if (((unsigned char)*text & 0xc0) == 0x80)
			continue;
		buf_putc(out, (unsigned char)*text < 0x80 ? *text : '_');
		i++;
	}
}

static void put_digits(struct buf *out, int count)
{
	unsigned char bytes[8];

	random_bytes(bytes, sizeof(bytes));
	for (int i = 0; i < count; i++)
		buf_putc(out, (char)('0' + bytes[i] % 10));
}

bool irc_nick_next(struct buf *out, const char *wanted, unsigned attempt, bool in_use)
{
	if (attempt == 0 || attempt > NICK_TRIES)
		return false;
	if (in_use && attempt <= 3) {
		buf_puts(out, wanted);
		for (unsigned i = 0; i < attempt; i++)
			buf_putc(out, '_');
		return true;
	}
	if (!in_use && attempt == 1) {
		put_ascii(out, wanted, 64);
		return true;
	}
	if (!in_use && attempt <= 3) {
		put_ascii(out, wanted, NICK_RFC_BYTES);
		return true;
	}
	if (attempt < NICK_TRIES) {
		put_ascii(out, wanted, NICK_RFC_BYTES - 3);
		put_digits(out, 3);
		return true;
	}
	buf_puts(out, "user");
	put_digits(out, 5);
	return true;
}
