/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/wire/matrix_id.h"

#include <sodium.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

/* No escape begins like that, so that no name's own form can look like another name's hash. */
#define HASHED "=="

#define ALPHANUMERIC "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static size_t server_length(const char *text)
{
	return strspn(text, ALPHANUMERIC ".-:[]");
}

static bool is_server(const char *text)
{
	return *text && !text[server_length(text)];
}

static bool is_printable(const char *text)
{
	size_t length = strlen(text);

	return length <= MATRIX_ID_MAX && !strchr(text, ' ') && text_is_clean(text, length, TEXT_LINE);
}

static bool is_with_server(const char *id, char sign)
{
	const char *server;

	if (!id || *id != sign || !is_printable(id))
		return false;
	server = matrix_id_server(id);
	return server && is_server(server);
}

bool matrix_is_user_id(const char *id)
{
	return is_with_server(id, '@');
}

bool matrix_is_alias(const char *id)
{
	return is_with_server(id, '#');
}

bool matrix_is_room_id(const char *id)
{
	const char *server;

	if (!id || *id != '!' || !id[1] || id[1] == ':' || !is_printable(id))
		return false;
	server = matrix_id_server(id);
	return !server || is_server(server);
}

bool matrix_is_event_id(const char *id)
{
	return id && *id == '$' && id[1] && is_printable(id);
}

bool matrix_is_media_url(const char *url)
{
	if (!url || !text_starts(url, "mxc://"))
		return false;
	const char *server = url + 6, *media = server + server_length(server);

	return media > server && *media == '/' && media[1] && !media[1 + strspn(media + 1, ALPHANUMERIC "_-")] &&
	       strlen(url) <= MATRIX_ID_MAX;
}

const char *matrix_id_server(const char *id)
{
	const char *colon = strchr(id, ':');

	return colon ? colon + 1 : NULL;
}

static void put_escaped(struct buf *out, const char *bytes, size_t count)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < count; i++) {
		unsigned char byte = (unsigned char)bytes[i];
		char escape[3] = {'=', digits[byte >> 4], digits[byte & 0xf]};

		buf_append(out, escape, sizeof(escape));
	}
}

static void put_ghost(struct buf *out, const char *name)
{
	for (; *name; name++) {
		if ((*name >= 'a' && *name <= 'z') || (*name >= '0' && *name <= '9') || strchr("._-/+", *name))
			buf_putc(out, *name);
		else
			put_escaped(out, name, 1);
	}
}

/* Bytes of the character at `text` if it is white space or a control character; 0: it is not. */
static size_t blank_length(const char *text)
{
	static const char *const spaces[] = {"\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\xa8", "\xe2\x80\xa9",
	                                     "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"};
	const unsigned char *byte = (const unsigned char *)text;

	if (byte[0] < 0x80)
		return byte[0] <= ' ' || byte[0] == 0x7f;
	if (byte[0] == 0xc2 && byte[1] >= 0x80 && byte[1] <= 0x9f)
		return 2;
	if (byte[0] == 0xe2 && byte[1] == 0x80 && byte[2] >= 0x80 && byte[2] <= 0x8a)
		return 3;
	if (byte[0] != 0xc2 && (byte[0] < 0xe1 || byte[0] > 0xe3))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(spaces); i++)
		if (text_starts(text, spaces[i]))
			return strlen(spaces[i]);
	return 0;
}

static void put_portal(struct buf *out, const char *room)
{
	while (*room) {
		size_t blank = blank_length(room);

		if (blank || *room == '=' || *room == ':' || (*room >= 'A' && *room <= 'Z')) {
			put_escaped(out, room, blank ? blank : 1);
			room += blank ? blank : 1;
		} else {
			buf_putc(out, *room++);
		}
	}
}

static void put_hash(struct buf *out, const char *name)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	char hex[2 * sizeof(hash) + 1];

	crypto_hash_sha256(hash, (const unsigned char *)name, strlen(name));
	buf_puts(out, sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash)));
}

void matrix_put_protocol(const struct matrix_names *names, struct buf *out)
{
	static const char ornaments[] = "_.-";
	const char *begin = names->prefix + strspn(names->prefix, ornaments);
	size_t length = strlen(begin);

	while (length && strchr(ornaments, begin[length - 1]))
		length--;
	if (length)
		buf_append(out, begin, length);
	else
		buf_puts(out, names->bot);
}

char *matrix_bot_id(const struct matrix_names *names)
{
	return mem_printf("@%s:%s", names->bot, names->server);
}

static bool is_bot(const struct matrix_names *names, const char *user_id)
{
	size_t length = strlen(names->bot);

	return *user_id == '@' && !strncmp(user_id + 1, names->bot, length) && user_id[length + 1] == ':' &&
	       !strcmp(user_id + length + 2, names->server);
}

static char *make_id(const struct matrix_names *names, char sign, void (*put)(struct buf *, const char *),
		     const char *name)
{
	struct buf id = {0};

	buf_printf(&id, "%c%s", sign, names->prefix);
	put(&id, name);
	buf_printf(&id, ":%s", names->server);
	if (id.len > MATRIX_ID_MAX || is_bot(names, id.data)) {
		buf_clear(&id);
		buf_printf(&id, "%c%s" HASHED, sign, names->prefix);
		put_hash(&id, name);
		buf_printf(&id, ":%s", names->server);
	}
	return buf_take(&id);
}

char *matrix_ghost_id(const struct matrix_names *names, const char *name)
{
	return make_id(names, '@', put_ghost, name);
}

char *matrix_portal_alias(const struct matrix_names *names, const char *room)
{
	return make_id(names, '#', put_portal, room);
}

/* What is between our prefix and our server. */
static bool find_own_part(const struct matrix_names *names, const char *id, char sign, const char **part,
			  size_t *length)
{
	size_t prefix = strlen(names->prefix);
	const char *server = matrix_id_server(id);

	if (*id != sign || strncmp(id + 1, names->prefix, prefix) != 0 || !server || strcmp(server, names->server) != 0)
		return false;
	*part = id + 1 + prefix;
	/* A prefix of the configuration has no colon. */
	*length = (size_t)(server - 1 - *part);
	return server - 1 >= *part;
}

bool matrix_is_ours(const struct matrix_names *names, const char *user_id)
{
	const char *part;
	size_t length;

	return is_bot(names, user_id) || find_own_part(names, user_id, '@', &part, &length);
}

static bool unescape(struct buf *out, const char *part, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		int byte;

		if (part[i] != '=') {
			buf_putc(out, part[i]);
			continue;
		}
		byte = i + 2 < length ? text_hex_byte(part + i + 1) : -1;
		if (byte <= 0)
			return false;
		buf_putc(out, (char)byte);
		i += 2;
	}
	return out->len > 0;
}

/* An id that its name would not get is none of ours, or there would be two ways to write to one contact. */
static bool read_back(const struct matrix_names *names, const char *id, char sign,
		      void (*put)(struct buf *, const char *), struct buf *out)
{
	struct buf name = {0};
	const char *part;
	size_t length;
	char *again = NULL;
	bool good;

	good = find_own_part(names, id, sign, &part, &length) && unescape(&name, part, length) &&
	       text_is_clean(name.data, name.len, TEXT_LINE);
	if (good) {
		again = make_id(names, sign, put, name.data);
		good = !strcmp(again, id);
	}
	if (good)
		buf_append(out, name.data, name.len);
	mem_free(again);
	buf_finish(&name);
	return good;
}

bool matrix_ghost_name(const struct matrix_names *names, const char *user_id, struct buf *name)
{
	return read_back(names, user_id, '@', put_ghost, name);
}

bool matrix_portal_room(const struct matrix_names *names, const char *alias, struct buf *room)
{
	return read_back(names, alias, '#', put_portal, room);
}
