/* SPDX-License-Identifier: MIT */
#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"

#define DEPTH_MAX 64

static bool is_too_deep(const char *bytes, size_t length)
{
	unsigned depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < length; i++) {
		if (quoted && bytes[i] == '\\')
			i++;
		else if (bytes[i] == '"')
			quoted = !quoted;
		else if (!quoted && (bytes[i] == '{' || bytes[i] == '['))
			depth++;
		else if (!quoted && (bytes[i] == '}' || bytes[i] == ']') && depth > 0)
			depth--;
		if (depth > DEPTH_MAX)
			return true;
	}
	return false;
}

struct cJSON *json_read(const char *bytes, size_t length)
{
	if (!length || bytes[0] == '\xef' || !text_is_utf8(bytes, length) || memchr(bytes, '\0', length) ||
	    is_too_deep(bytes, length))
		return NULL;
	/* With its NUL: cJSON looks at it. */
	char *copy = mem_strndup(bytes, length);
	struct cJSON *document = cJSON_ParseWithLengthOpts(copy, length + 1, NULL, true);

	mem_free(copy);
	return document;
}

void json_free(struct cJSON **document)
{
	cJSON_Delete(*document);
	*document = NULL;
}

const struct cJSON *json_member(const struct cJSON *object, const char *name)
{
	return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
}

const struct cJSON *json_object(const struct cJSON *object, const char *name)
{
	const struct cJSON *value = json_member(object, name);

	return cJSON_IsObject(value) ? value : NULL;
}

const struct cJSON *json_array(const struct cJSON *object, const char *name)
{
	const struct cJSON *value = json_member(object, name);

	return cJSON_IsArray(value) ? value : NULL;
}

bool json_is_object(const struct cJSON *value)
{
	return cJSON_IsObject(value);
}

static const char *clean(const char *text, struct arena *arena)
{
	struct buf out = {0};

	text_clean(&out, text, strlen(text), TEXT_LINES);
	const char *copy = arena_strdup(arena, buf_text(&out));

	buf_finish(&out);
	return copy;
}

const char *json_text(const struct cJSON *object, const char *name, struct arena *arena)
{
	const struct cJSON *value = name ? json_member(object, name) : object;

	return cJSON_IsString(value) ? clean(value->valuestring, arena) : NULL;
}

int64_t json_number(const struct cJSON *object, const char *name, int64_t fallback)
{
	const struct cJSON *value = json_member(object, name);

	if (!cJSON_IsNumber(value) || !(fabs(value->valuedouble) <= 9007199254740992.0))
		return fallback;
	return (int64_t)value->valuedouble;
}

bool json_bool(const struct cJSON *object, const char *name, bool fallback)
{
	const struct cJSON *value = json_member(object, name);

	return cJSON_IsBool(value) ? cJSON_IsTrue(value) : fallback;
}

const struct cJSON *json_first(const struct cJSON *value)
{
	return cJSON_IsObject(value) || cJSON_IsArray(value) ? value->child : NULL;
}

const struct cJSON *json_next(const struct cJSON *item)
{
	return item->next;
}

const char *json_name(const struct cJSON *member, struct arena *arena)
{
	return member->string ? clean(member->string, arena) : NULL;
}

void json_put(struct buf *out, const struct cJSON *value)
{
	char *text = cJSON_PrintUnformatted(value);

	buf_puts(out, text);
	cJSON_free(text);
}
