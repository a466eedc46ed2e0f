/* SPDX-License-Identifier: MIT */
/* JSON (RFC 8259): writing where a few values are all that is needed; reading by cJSON, which only json_read.c calls. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct buf;
struct cJSON;

/* Appends `text`, which is valid UTF-8, as a JSON string in its quotes; NULL as null. What a terminal would
 * obey (control characters) is escaped. */
void json_put_string(struct buf *out, const char *text);

/* The document, to be freed with json_free; NULL: it is none, or nested deeper than 64. A byte order mark is none. */
struct cJSON *json_read(const char *bytes, size_t length);
void json_free(struct cJSON **document);

/* A member of an object, by its exact name; NULL: not there, or `object` is none (NULL is fine). The same for an array's. */
const struct cJSON *json_member(const struct cJSON *object, const char *name);
const struct cJSON *json_object(const struct cJSON *object, const char *name); /* NULL: not an object */
const struct cJSON *json_array(const struct cJSON *object, const char *name);  /* NULL: not an array */
bool json_is_object(const struct cJSON *value);
/* Text of a member, or of the value itself where `name` is NULL, cleaned (base/text.h, TEXT_LINES) into the arena; NULL:
 * not a string. */
const char *json_text(const struct cJSON *object, const char *name, struct arena *arena);
/* Whole numbers as far as a double holds them; `fallback`: not a number, or out of range. */
int64_t json_number(const struct cJSON *object, const char *name, int64_t fallback);
bool json_bool(const struct cJSON *object, const char *name, bool fallback);
/* for (const struct cJSON *item = json_first(array); item; item = json_next(item)), also for the members of an object. */
const struct cJSON *json_first(const struct cJSON *value);
const struct cJSON *json_next(const struct cJSON *item);
const char *json_name(const struct cJSON *member, struct arena *arena); /* of an object's member, cleaned; NULL: none */
/* Appends the value without white space. */
void json_put(struct buf *out, const struct cJSON *value);
