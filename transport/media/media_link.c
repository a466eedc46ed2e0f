/* SPDX-License-Identifier: MIT */
#include "transport/media/media_link.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "transport/http/http_client.h" /* http_put_encoded */

#define SIGNATURE_BYTES 24
#define SIGNATURE_LENGTH 32 /* in base64, without padding */
#define EXPIRY_DIGITS 12

bool media_is_hex(const char *text, size_t digits)
{
	return strspn(text, "0123456789abcdef") == digits && !text[digits];
}

static bool is_kind(const char *text)
{
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz");

	return length > 0 && length <= MEDIA_KIND_LENGTH && !text[length];
}

bool media_is_reference(const char *text)
{
	size_t length = strlen(text);

	if (!length || length > LIMIT_MEDIA_REFERENCE_BYTES || text[0] == '/' || text[length - 1] == '/')
		return false;
	for (const char *at = text; *at; at++)
		if (*at <= 0x20 || *at >= 0x7f || (at[0] == '/' && at[1] == '/'))
			return false;
	return true;
}

/* ---- signing ---- */

static void sign(char *out, const unsigned char *secret, const char *path, const char *expiry, const char *owner)
{
	unsigned char bytes[SIGNATURE_BYTES];
	crypto_generichash_state state;

	/* With the NUL behind each: what is signed can be cut in one way only. */
	crypto_generichash_init(&state, secret, MEDIA_SECRET_BYTES, sizeof(bytes));
	crypto_generichash_update(&state, (const unsigned char *)path, strlen(path) + 1);
	crypto_generichash_update(&state, (const unsigned char *)expiry, strlen(expiry) + 1);
	crypto_generichash_update(&state, (const unsigned char *)owner, strlen(owner) + 1);
	crypto_generichash_final(&state, bytes, sizeof(bytes));
	sodium_bin2base64(out, SIGNATURE_LENGTH + 1, bytes, sizeof(bytes), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static void put_path(struct buf *out, const char *path)
{
	while (*path) {
		size_t length = strcspn(path, "/");
		char *part = mem_strndup(path, length);

		http_put_encoded(out, part);
		mem_free(part);
		path += length;
		if (*path)
			buf_putc(out, *path++);
	}
}

void media_link_put(struct buf *out, const struct media_link *link, const unsigned char *secret)
{
	char signature[SIGNATURE_LENGTH + 1], expiry[24];
	struct buf path = {0};

	if (*link->key)
		buf_printf(&path, "%s/%s", link->key, link->name);
	else
		buf_printf(&path, "%s/%s/%s", link->kind, link->reference, link->name);
	snprintf(expiry, sizeof(expiry), "%" PRId64, link->expires);
	sign(signature, secret, buf_text(&path), expiry, *link->key ? "" : link->owner);
	put_path(out, buf_text(&path));
	buf_printf(out, "?e=%s", expiry);
	if (!*link->key)
		buf_printf(out, "&o=%s", link->owner);
	buf_printf(out, "&s=%s", signature);
	buf_finish(&path);
}

/* ---- reading ---- */

static bool copy(char *room, size_t size, const char *from, size_t length)
{
	if (!length || length >= size)
		return false;
	memcpy(room, from, length);
	room[length] = '\0';
	return true;
}

static bool read_expiry(const char *text, int64_t *expires)
{
	size_t length = strspn(text, "0123456789");

	*expires = 0;
	if (!length || length > EXPIRY_DIGITS || text[length] || (text[0] == '0' && length > 1))
		return false;
	for (; *text; text++)
		*expires = *expires * 10 + (*text - '0');
	return true;
}

static bool read_path(struct media_link *link, const char *path)
{
	const char *first = strchr(path, '/'), *last = strrchr(path, '/');

	if (!first || !copy(link->name, sizeof(link->name), last + 1, strlen(last + 1)))
		return false;
	if (first == last)
		return copy(link->key, sizeof(link->key), path, (size_t)(first - path)) &&
		       media_is_hex(link->key, MEDIA_KEY_LENGTH);
	return copy(link->kind, sizeof(link->kind), path, (size_t)(first - path)) && is_kind(link->kind) &&
	       copy(link->reference, sizeof(link->reference), first + 1, (size_t)(last - first - 1)) &&
	       media_is_reference(link->reference);
}

static bool read_parts(struct media_link *link, const char *path, const char *expiry, const char *owner)
{
	memset(link, 0, sizeof(*link));
	if (!read_expiry(expiry, &link->expires) || !read_path(link, path))
		return false;
	if (*link->key)
		return !*owner;
	return media_is_hex(owner, MEDIA_TAG_LENGTH) && copy(link->owner, sizeof(link->owner), owner, strlen(owner));
}

enum media_link_verdict media_link_read(struct media_link *link, const unsigned char *secret, const char *path,
					const char *expiry, const char *owner, const char *signature, int64_t now)
{
	char good[SIGNATURE_LENGTH + 1];

	if (!path || !expiry || !signature || strlen(signature) != SIGNATURE_LENGTH)
		return MEDIA_LINK_WRONG;
	sign(good, secret, path, expiry, owner ? owner : "");
	if (sodium_memcmp(good, signature, SIGNATURE_LENGTH) != 0 || !read_parts(link, path, expiry, owner ? owner : ""))
		return MEDIA_LINK_WRONG;
	return link->expires < now ? MEDIA_LINK_EXPIRED : MEDIA_LINK_GOOD;
}
