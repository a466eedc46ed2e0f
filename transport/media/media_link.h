/* SPDX-License-Identifier: MIT */
/*
 * What stands behind "/media/" in a URL, signed so that nobody can make one or change it:
 *
 *     KEY/NAME?e=EXPIRY&s=SIGNATURE                     a file of the store
 *     KIND/REFERENCE/NAME?e=EXPIRY&o=OWNER&s=SIGNATURE  one that a source has; the reference may have slashes
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "config/limits.h"

#define MEDIA_SECRET_BYTES 32
#define MEDIA_KEY_LENGTH 64
#define MEDIA_TAG_LENGTH 16
#define MEDIA_KIND_LENGTH 15
#define MEDIA_UPLOAD_ID_LENGTH 24

struct media_link {
	char key[MEDIA_KEY_LENGTH + 1];     /* "": of a source */
	char kind[MEDIA_KIND_LENGTH + 1];
	char reference[LIMIT_MEDIA_REFERENCE_BYTES + 1];
	char owner[MEDIA_TAG_LENGTH + 1];   /* tag of the owner; of a source only */
	char name[LIMIT_MEDIA_NAME_BYTES + 1];
	int64_t expires;                    /* Unix time, seconds */
};

enum media_link_verdict { MEDIA_LINK_GOOD, MEDIA_LINK_WRONG, MEDIA_LINK_EXPIRED };

/* `digits` lower-case hex digits and nothing else. */
bool media_is_hex(const char *text, size_t digits);
/* As media_put_source_url wants it. */
bool media_is_reference(const char *text);
/* Appends the link's path and query, percent-encoded. */
void media_link_put(struct buf *out, const struct media_link *link, const unsigned char *secret);
/* From the decoded path behind "/media/" and the decoded values of e, o and s (NULL: not there). `link` is filled
 * unless WRONG. Takes as long whichever byte of the signature is wrong. */
enum media_link_verdict media_link_read(struct media_link *link, const unsigned char *secret, const char *path,
					const char *expiry, const char *owner, const char *signature, int64_t now);
