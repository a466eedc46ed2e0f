/* SPDX-License-Identifier: MIT */
/*
 * cJSON reads a document that was gone over before: what it would misread, or refuse although it is JSON, is rewritten.
 * One stranger's event must not make the homeserver's whole transaction unreadable.
 */
#include "base/json.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"

#define NUMBER_BYTES 60 /* cJSON has room for 63 */
#define WHOLE_MAX 9007199254740992.0 /* 2^53 */
#define REPLACEMENT "\\ufffd"

struct scan {
	const char *at, *end;
	struct buf *out;
	size_t depth, values;
	size_t mark; /* of `out`, where what is nested too deeply began */
};

static void *allocate(size_t size)
{
	return mem_realloc(NULL, size);
}

static void use_own_memory(void)
{
	cJSON_Hooks hooks = {allocate, mem_free};

	cJSON_InitHooks(&hooks);
}

/* The code unit of "\uXXXX" at `at`; -1: that is not there. */
static int code_unit(const char *at, const char *end)
{
	int high, low;

	if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
		return -1;
	high = text_hex_byte(at + 2);
	low = text_hex_byte(at + 4);
	return high < 0 || low < 0 ? -1 : high << 8 | low;
}

/* cJSON ends a string at U+0000 and refuses the document for half a surrogate pair. */
static bool copy_escape(struct scan *scan)
{
	int unit, second;

	if (scan->end - scan->at < 2)
		return false;
	if (scan->at[1] != 'u') {
		if (!strchr("\"\\/bfnrt", scan->at[1]) || !scan->at[1])
			return false;
		buf_append(scan->out, scan->at, 2);
		scan->at += 2;
		return true;
	}
	unit = code_unit(scan->at, scan->end);
	if (unit < 0)
		return false;
	second = unit >= 0xd800 && unit <= 0xdbff ? code_unit(scan->at + 6, scan->end) : -1;
	if (second >= 0xdc00 && second <= 0xdfff) {
		buf_append(scan->out, scan->at, 12);
		scan->at += 12;
		return true;
	}
	if (unit == 0 || (unit >= 0xd800 && unit <= 0xdfff))
		buf_puts(scan->out, REPLACEMENT);
	else
		buf_append(scan->out, scan->at, 6);
	scan->at += 6;
	return true;
}

/* Behind the characters that a string may have as they are. *ascii: all of them are. */
static const char *run_end(const char *at, const char *end, bool *ascii)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
	unsigned char all = 0;
	uint64_t word;

	for (; end - at >= 8; at += 8) {
		memcpy(&word, at, 8);
		uint64_t quotes = word ^ ones * '"', slashes = word ^ ones * '\\';
		/* any byte >= 0x80, or < 0x20, or one of the two */
		if ((word | (word - ones * 0x20) | (quotes - ones) | (slashes - ones)) & tops)
			break;
	}
	while (at < end && (unsigned char)*at >= 0x20 && *at != '"' && *at != '\\')
		all |= (unsigned char)*at++;
	*ascii = all < 0x80;
	return at;
}

static bool copy_string(struct scan *scan)
{
	buf_putc(scan->out, *scan->at++);
	while (scan->at < scan->end) {
		const char *run = scan->at;
		bool ascii;

		scan->at = run_end(run, scan->end, &ascii);
		if (ascii || text_is_utf8(run, (size_t)(scan->at - run)))
			buf_append(scan->out, run, (size_t)(scan->at - run));
		else
			text_clean(scan->out, run, (size_t)(scan->at - run), TEXT_LINES);
		if (scan->at == scan->end || (unsigned char)*scan->at < 0x20)
			return false;
		if (*scan->at == '"') {
			buf_putc(scan->out, *scan->at++);
			return true;
		}
		if (!copy_escape(scan))
			return false;
	}
	return false;
}

static size_t digits(const char **at, const char *end)
{
	const char *start = *at;

	while (*at < end && isdigit((unsigned char)**at))
		(*at)++;
	return (size_t)(*at - start);
}

static bool copy_number(struct scan *scan)
{
	const char *start = scan->at, *at = start;

	if (*at == '-')
		at++;
	if (at < scan->end && *at == '0')
		at++;
	else if (!digits(&at, scan->end))
		return false;
	if (at < scan->end && *at == '.') {
		at++;
		if (!digits(&at, scan->end))
			return false;
	}
	if (at < scan->end && (*at == 'e' || *at == 'E')) {
		at++;
		if (at < scan->end && (*at == '+' || *at == '-'))
			at++;
		if (!digits(&at, scan->end))
			return false;
	}
	scan->at = at;
	if (at < scan->end && isdigit((unsigned char)*at))
		return false;
	if (at - start > NUMBER_BYTES)
		buf_puts(scan->out, "null");
	else
		buf_append(scan->out, start, (size_t)(at - start));
	return true;
}

static bool copy_bracket(struct scan *scan)
{
	char c = *scan->at++;

	if (c == '[' || c == '{') {
		buf_putc(scan->out, c);
		if (++scan->depth == JSON_DEPTH_MAX + 1)
			scan->mark = scan->out->len;
		return true;
	}
	if (scan->depth == 0)
		return false;
	if (scan->depth-- == JSON_DEPTH_MAX + 1)
		scan->out->len = scan->mark;
	buf_putc(scan->out, c);
	return true;
}

/* One token. The grammar between tokens is left to cJSON. */
static bool copy_token(struct scan *scan)
{
	char c = *scan->at;

	switch (c) {
	case '"':
		return copy_string(scan);
	case '[':
	case '{':
		scan->values++;
		return copy_bracket(scan);
	case ']':
	case '}':
		return copy_bracket(scan);
	case ',':
		scan->values++;
		break;
	case ':':
	case ' ':
	case '\t':
	case '\r':
	case '\n':
		break;
	default:
		if (c == '-' || isdigit((unsigned char)c))
			return copy_number(scan);
		if (!isalpha((unsigned char)c))
			return false;
	}
	buf_putc(scan->out, c);
	scan->at++;
	return true;
}

static void prepare(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, use_own_memory);
}

struct cJSON *json_read(const char *bytes, size_t length)
{
	struct buf copy = {0};
	struct scan scan = {.at = bytes, .end = bytes + length, .out = &copy};
	struct cJSON *document = NULL;
	bool good = true;

	prepare();
	buf_reserve(&copy, length);
	while (good && scan.at < scan.end)
		good = copy_token(&scan) && scan.values <= JSON_VALUES_MAX;
	/* With the NUL in its length: without it this version of cJSON looks past the end. */
	if (good && scan.depth == 0)
		document = cJSON_ParseWithLengthOpts(buf_text(&copy), copy.len + 1, NULL, true);
	buf_finish(&copy);
	return document;
}

static const char *skip_space(const char *at, const char *end)
{
	while (at < end && strchr(" \t\r\n", *at) && *at)
		at++;
	return at;
}

/* Behind a string that begins here. */
static const char *string_end(const char *at, const char *end)
{
	for (at++; at < end && *at != '"'; at++)
		at += *at == '\\';
	return at < end ? at + 1 : end;
}

/* The comma, or the bracket, behind an item of an array. */
static const char *item_end(const char *at, const char *end)
{
	size_t depth = 0;

	while (at < end && (depth || (*at != ',' && *at != ']'))) {
		if (*at == '"') {
			at = string_end(at, end);
			continue;
		}
		depth += *at == '[' || *at == '{';
		depth -= depth && (*at == ']' || *at == '}');
		at++;
	}
	return at;
}

/* Takes what is at *at into the array, unless it is not wanted; *at is behind it then. False: it is no JSON. */
static bool take_item(struct cJSON *array, const char **at, const char *end, bool (*wanted)(const struct cJSON *item))
{
	const char *behind = item_end(*at, end);
	struct cJSON *item = json_read(*at, (size_t)(behind - *at));

	*at = behind;
	if (item && wanted(item)) {
		cJSON_AddItemToArray(array, item);
		return true;
	}
	cJSON_Delete(item);
	return item != NULL;
}

struct cJSON *json_read_array(const char *bytes, size_t length, bool (*wanted)(const struct cJSON *item))
{
	const char *end = bytes + length, *at = skip_space(bytes, end);
	bool good = at < end && *at == '[';

	if (!good)
		return NULL;
	prepare();
	struct cJSON *array = cJSON_CreateArray();

	at = skip_space(at + 1, end);
	/* An empty one has no item. */
	if (at == end || *at != ']')
		good = take_item(array, &at, end, wanted);
	while (good && at < end && *at == ',') {
		at++;
		good = take_item(array, &at, end, wanted);
	}
	if (!good || at == end || skip_space(at + 1, end) < end)
		json_free(&array);
	return array;
}

struct cJSON *json_copy(const struct cJSON *value)
{
	return cJSON_Duplicate(value, true);
}

void json_free(struct cJSON **document)
{
	cJSON_Delete(*document);
	*document = NULL;
}

static const struct cJSON *pick(const struct cJSON *object, const char *name)
{
	return name ? json_member(object, name) : object;
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

static const char *cleaned(const char *text, struct arena *arena, enum text_clean how)
{
	size_t length = strlen(text);
	struct buf clean = {0};
	const char *copy;

	if (text_is_clean(text, length, how))
		return arena_strndup(arena, text, length);
	text_clean(&clean, text, length, how);
	copy = arena_strndup(arena, buf_text(&clean), clean.len);
	buf_finish(&clean);
	return copy;
}

const char *json_text(const struct cJSON *object, const char *name, struct arena *arena)
{
	const struct cJSON *value = pick(object, name);

	return value && cJSON_IsString(value) ? cleaned(value->valuestring, arena, TEXT_LINES) : NULL;
}

const char *json_line(const struct cJSON *object, const char *name, struct arena *arena)
{
	const char *text = json_text(object, name, arena);

	return text ? cleaned(text, arena, TEXT_LINE) : NULL;
}

bool json_contains(const struct cJSON *value, const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count && cJSON_IsString(value); i++)
		if (strstr(value->valuestring, texts[i]))
			return true;
	for (const struct cJSON *item = json_first(value); item; item = json_next(item))
		if (json_contains(item, texts, count))
			return true;
	return false;
}

static bool is_whole(double value)
{
	return fabs(value) <= WHOLE_MAX && floor(value) == value;
}

int64_t json_number(const struct cJSON *object, const char *name, int64_t fallback)
{
	const struct cJSON *value = pick(object, name);

	return value && cJSON_IsNumber(value) && is_whole(value->valuedouble) ? (int64_t)value->valuedouble : fallback;
}

bool json_bool(const struct cJSON *object, const char *name, bool fallback)
{
	const struct cJSON *value = pick(object, name);

	return cJSON_IsBool(value) ? cJSON_IsTrue(value) : fallback;
}

const struct cJSON *json_first(const struct cJSON *value)
{
	return cJSON_IsArray(value) || cJSON_IsObject(value) ? value->child : NULL;
}

const struct cJSON *json_next(const struct cJSON *item)
{
	return item ? item->next : NULL;
}

const char *json_name(const struct cJSON *member, struct arena *arena)
{
	return member && member->string ? cleaned(member->string, arena, TEXT_LINES) : NULL;
}

/* Not by cJSON, which rounds to 15 digits: homeservers take whole numbers only, of up to 16. */
static void put_number(struct buf *out, double value)
{
	if (is_whole(value))
		buf_printf(out, "%lld", (long long)value);
	else if (isfinite(value))
		buf_printf(out, "%.17g", value);
	else
		buf_puts(out, "null");
}

static void put_container(struct buf *out, const struct cJSON *value)
{
	bool object = cJSON_IsObject(value);

	buf_putc(out, object ? '{' : '[');
	for (const struct cJSON *item = value->child; item; item = item->next) {
		if (item != value->child)
			buf_putc(out, ',');
		if (object) {
			json_put_string(out, item->string);
			buf_putc(out, ':');
		}
		json_put(out, item);
	}
	buf_putc(out, object ? '}' : ']');
}

void json_put(struct buf *out, const struct cJSON *value)
{
	if (cJSON_IsObject(value) || cJSON_IsArray(value))
		put_container(out, value);
	else if (cJSON_IsString(value))
		json_put_string(out, value->valuestring);
	else if (cJSON_IsNumber(value))
		put_number(out, value->valuedouble);
	else if (cJSON_IsBool(value))
		buf_puts(out, cJSON_IsTrue(value) ? "true" : "false");
	else
		buf_puts(out, "null");
}
