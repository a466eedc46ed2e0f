/* SPDX-License-Identifier: MIT */
/*
 * The path and the query of a file's URL, a line each, as the HTTP server gives them; the first byte says what is done.
 * 0: read as they are: nobody can sign. Else a good link is made of the lines, read back, and read with a byte changed.
 * Names, types and sizes of pictures are tried with the same bytes.
 */
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "transport/media/media_link.h"
#include "transport/media/media_name.h"
#include "transport/media/media_type.h"

#define LINES 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const unsigned char secret[MEDIA_SECRET_BYTES] = "nobody knows";

static void require(bool good)
{
	if (!good)
		abort();
}

static void try_name(const char *text, struct buf *name)
{
	struct buf again = {0}, disposition = {0};

	media_name_clean(name, text);
	require(name->len > 0 && name->len <= LIMIT_MEDIA_NAME_BYTES && !strpbrk(name->data, "/\\\"\r\n%?#"));
	require(name->data[0] != '.' && name->data[0] != '-' && text_is_clean(name->data, name->len, TEXT_LINE));
	media_name_clean(&again, name->data);
	require(!strcmp(buf_text(&again), name->data));
	media_name_put_disposition(&disposition, name->data, false);
	require(!strpbrk(disposition.data, "\r\n"));
	buf_finish(&again);
	buf_finish(&disposition);
}

static void decode(char *out, const char *from, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (from[i] == '%') {
			int byte = text_hex_byte(from + i + 1);

			require(byte >= 0);
			*out++ = (char)byte;
			i += 2;
		} else {
			*out++ = from[i];
		}
	}
	*out = '\0';
}

static enum media_link_verdict read_back(struct media_link *link, const char *url, int64_t now)
{
	char path[1000], expiry[40], owner[40], signature[60];
	const char *query = strchr(url, '?'), *o = strstr(url, "&o="), *s = strstr(url, "&s=");

	require(query && s && (size_t)(query - url) < 3 * sizeof(path));
	decode(path, url, (size_t)(query - url));
	decode(expiry, query + 3, strcspn(query + 3, "&"));
	if (o)
		decode(owner, o + 3, strcspn(o + 3, "&"));
	decode(signature, s + 3, strlen(s + 3));
	return media_link_read(link, secret, path, expiry, o ? owner : NULL, signature, now);
}

static void try_making(const char *reference, const char *name, unsigned change)
{
	struct media_link link = {.kind = "mxc", .owner = "0123456789abcdef", .expires = 1000}, back;
	struct buf url = {0};

	if (media_is_reference(reference)) {
		snprintf(link.reference, sizeof(link.reference), "%s", reference);
	} else {
		memset(link.key, 'f', MEDIA_KEY_LENGTH);
		memset(link.owner, 0, sizeof(link.owner));
		memset(link.kind, 0, sizeof(link.kind));
	}
	snprintf(link.name, sizeof(link.name), "%s", name);
	media_link_put(&url, &link, secret);
	require(read_back(&back, buf_text(&url), 1000) == MEDIA_LINK_GOOD && !memcmp(&back, &link, sizeof(link)));
	require(read_back(&back, buf_text(&url), 1001) == MEDIA_LINK_EXPIRED);
	char *s = strstr(url.data, "&s=") + 3;

	s += change % strlen(s);
	*s = *s == 'A' ? 'B' : 'A';
	require(read_back(&back, buf_text(&url), 1000) == MEDIA_LINK_WRONG);
	buf_finish(&url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *lines[LINES] = {"", "", "", ""};
	struct buf text = {0}, name = {0};
	unsigned width, height;
	struct media_link link;
	char *at;

	if (size < 1 || size > 4096)
		return 0;
	if (sodium_init() < 0)
		abort();
	media_picture_size(data + 1, size - 1, &width, &height);
	require(media_type_of(data + 1, size - 1) != NULL);
	buf_append(&text, data + 1, size - 1);
	at = text.data;
	for (size_t i = 0; i < LINES && at; i++) {
		lines[i] = at;
		at = strchr(at, '\n');
		if (at)
			*at++ = '\0';
	}
	if (!data[0]) {
		require(media_link_read(&link, secret, lines[0], lines[1], *lines[2] ? lines[2] : NULL, lines[3], 0) ==
			MEDIA_LINK_WRONG);
	} else {
		try_name(lines[1], &name);
		try_making(lines[0], buf_text(&name), data[0]);
	}
	buf_finish(&name);
	buf_finish(&text);
	return 0;
}
