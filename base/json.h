/* SPDX-License-Identifier: MIT */
/* JSON (RFC 8259): writing where a few values are all that is needed; reading by cJSON, which only json_read.c calls.
 * What reads is the library json_dep. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct buf;
struct cJSON;

/* Appends `text`, which is valid UTF-8, as a JSON string in its quotes; NULL as null. What a terminal would
 * obey (control characters, those of ISO 6429 from U+0080 to U+009F too) is escaped. */
void json_put_string(struct buf *out, const char *text);

#define JSON_DEPTH_MAX 64
#define JSON_VALUES_MAX (4u << 20)

/*
 * The document, to be freed with json_free; NULL: it is none (a byte order mark in front, or anything but white space
 * behind it, makes it none), or has more than JSON_VALUES_MAX values.
 *
 * What strangers can put into somebody else's document does not spoil it: bad UTF-8, U+0000 and half a surrogate pair
 * become U+FFFD, a number of more than 60 characters null, an array or object nested deeper than JSON_DEPTH_MAX
 * an empty one. Of two members of one name the first counts.
 */
struct cJSON *json_read(const char *bytes, size_t length);
/* An array, of which only the items that are `wanted` are kept. Each is read by itself, so that what is long, and of
 * which little is needed, takes little memory. NULL: it is none, or an item is no JSON. */
struct cJSON *json_read_array(const char *bytes, size_t length, bool (*wanted)(const struct cJSON *item));
void json_free(struct cJSON **document);
struct cJSON *json_copy(const struct cJSON *value); /* a document of its own */

/* A member of an object, by its exact name; NULL: not there, or `object` is none (NULL is fine). */
const struct cJSON *json_member(const struct cJSON *object, const char *name);
const struct cJSON *json_object(const struct cJSON *object, const char *name); /* NULL: not an object */
const struct cJSON *json_array(const struct cJSON *object, const char *name);  /* NULL: not an array */
bool json_is_object(const struct cJSON *value);
/* Text of a member, or of the value itself where `name` is NULL, cleaned (base/text.h, TEXT_LINES) into the arena;
 * NULL: not a string. */
const char *json_text(const struct cJSON *object, const char *name, struct arena *arena);
/* The same of one line (TEXT_LINE): for names, which are shown where there is no room for more. */
const char *json_line(const struct cJSON *object, const char *name, struct arena *arena);
/* `fallback`: not a whole number, or beyond 2^53. With NULL as name, the value itself; also below. */
int64_t json_number(const struct cJSON *object, const char *name, int64_t fallback);
bool json_bool(const struct cJSON *object, const char *name, bool fallback);
/* for (const struct cJSON *item = json_first(value); item; item = json_next(item)): items of an array, members of an
 * object. */
const struct cJSON *json_first(const struct cJSON *value);
const struct cJSON *json_next(const struct cJSON *item);
const char *json_name(const struct cJSON *member, struct arena *arena); /* of an object's member, cleaned; NULL: none */
/* Whether one of the texts stands in a string that the value is, or has anywhere within it (names aside). */
bool json_contains(const struct cJSON *value, const char *const *texts, size_t count);
/* Appends the value without white space. */
void json_put(struct buf *out, const struct cJSON *value);
