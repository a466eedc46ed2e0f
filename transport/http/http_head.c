/* SPDX-License-Identifier: MIT */
#include "transport/http/http_head.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"

/* ---- characters ---- */

static bool is_letter_or_digit(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* tchar of RFC 9110 5.6.2 */
static bool is_token_char(unsigned char c)
{
	return is_letter_or_digit(c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!is_token_char((unsigned char)text[i]))
			return false;
	return length > 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* What a value may have: all but control characters. */
static bool is_plain(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (((unsigned char)text[i] < 0x20 && text[i] != '\t') || text[i] == 0x7f)
			return false;
	return true;
}

/* uri-host [ ":" port ] of RFC 9110 7.2, roughly: nothing of a path, and no user. */
static bool is_host(const char *text)
{
	for (; *text; text++)
		if (!is_letter_or_digit((unsigned char)*text) && !strchr("-._~%!$&'()*+,;=:[]", *text))
			return false;
	return true;
}

/* ---- where it ends ---- */

size_t http_head_find_end(const char *bytes, size_t length, size_t *seen)
{
	if (length > 0 && *bytes != '\r' && !is_token_char((unsigned char)*bytes))
		return SIZE_MAX;
	while (*seen < length) {
		const char *feed = memchr(bytes + *seen, '\n', length - *seen);

		if (!feed)
			break;
		size_t at = (size_t)(feed - bytes);

		if (at == 0 || bytes[at - 1] != '\r')
			return SIZE_MAX;
		*seen = at + 1;
		if (at == 1 || bytes[at - 2] == '\n')
			return at + 1;
	}
	*seen = length;
	return 0;
}

/* ---- the first line ---- */

static enum http_method method_of(const char *text, size_t length)
{
	static const struct {
		const char *name;
		enum http_method method;
	} methods[] = {
		{"GET", HTTP_GET},
		{"HEAD", HTTP_HEAD},
		{"POST", HTTP_POST},
		{"PUT", HTTP_PUT},
		{"DELETE", HTTP_DELETE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (strlen(methods[i].name) == length && !memcmp(methods[i].name, text, length))
			return methods[i].method;
	return 0;
}

/* RFC 9112 3.2.2: what is sent to proxies has to be taken by all. NULL: no path is in it. */
static const char *path_of(const char *target)
{
	const char *authority = NULL;

	if (*target == '/')
		return target;
	if (!strncmp(target, "http://", 7))
		authority = target + 7;
	else if (!strncmp(target, "https://", 8))
		authority = target + 8;
	if (!authority || !*authority || strchr("/?#", *authority))
		return NULL;
	const char *path = authority + strcspn(authority, "/?#");

	return *path == '/' ? path : !*path ? "/" : NULL;
}

static unsigned parse_version(const char *text, struct http_head *head, const char **sentence)
{
	if (strncmp(text, "HTTP/", 5) != 0 || strlen(text) != 8 || text[6] != '.' || text[5] < '0' || text[5] > '9' ||
	    text[7] < '0' || text[7] > '9') {
		*sentence = "The request line is none of HTTP.\n";
		return 400;
	}
	if (text[5] != '1') {
		*sentence = "This is a server for HTTP/1.1.\n";
		return 505;
	}
	head->is_1_0 = text[7] == '0';
	head->keeps = !head->is_1_0;
	return 0;
}

static unsigned parse_request_line(char *line, struct http_head *head, const char **sentence)
{
	char *target = strchr(line, ' ');
	char *version = target ? strchr(target + 1, ' ') : NULL;

	*sentence = "The request line is none of HTTP.\n";
	if (!version || !is_token(line, (size_t)(target - line)) || version == target + 1)
		return 400;
	*target++ = '\0';
	*version++ = '\0';
	head->method = method_of(line, strlen(line));
	unsigned status = parse_version(version, head, sentence);

	if (status)
		return status;
	const char *path = path_of(target);

	if (!path) {
		*sentence = "The address is no path.\n";
		return 400;
	}
	head->target = path;
	return 0;
}

/* ---- the lines behind it ---- */

static unsigned parse_field(char *line, struct http_field *field, const char **sentence)
{
	char *colon = strchr(line, ':');

	*sentence = "A header is written wrongly.\n";
	if (!colon || !is_token(line, (size_t)(colon - line)))
		return 400;
	*colon = '\0';
	text_lower(line);
	char *value = colon + 1, *end = value + strlen(value);

	while (is_blank(*value))
		value++;
	while (end > value && is_blank(end[-1]))
		*--end = '\0';
	*field = (struct http_field){line, value};
	return 0;
}

static bool parse_number(const char *text, uint64_t *number)
{
	*number = 0;
	for (const char *at = text; *at; at++) {
		if (*at < '0' || *at > '9' || at - text >= 19)
			return false;
		*number = *number * 10 + (uint64_t)(*at - '0');
	}
	return *text;
}

static unsigned take_length(const char *value, struct http_head *head, const char **sentence)
{
	if (!head->has_length && parse_number(value, &head->content_length)) {
		head->has_length = true;
		return 0;
	}
	*sentence = head->has_length ? "There is more than one Content-Length.\n" : "Content-Length is no number.\n";
	return 400;
}

static unsigned take_encoding(const char *value, struct http_head *head, const char **sentence)
{
	*sentence = "Of all transfer encodings only \"chunked\" is known, once.\n";
	if (head->is_chunked || !text_equal_nocase(value, "chunked"))
		return 501;
	head->is_chunked = true;
	return 0;
}

/* A list, as in "keep-alive, Upgrade". */
static bool has_word(const char *list, const char *word)
{
	while (*list) {
		list += strspn(list, ", \t");
		size_t length = strcspn(list, ", \t");

		if (text_is_word(list, length, word))
			return true;
		list += length;
	}
	return false;
}

static unsigned take_fields(struct http_head *head, const char **sentence)
{
	unsigned hosts = 0;

	for (size_t i = 0; i < head->count; i++) {
		const struct http_field *field = &head->fields[i];
		unsigned status = 0;

		if (!strcmp(field->name, "content-length"))
			status = take_length(field->value, head, sentence);
		else if (!strcmp(field->name, "transfer-encoding"))
			status = take_encoding(field->value, head, sentence);
		else if (!strcmp(field->name, "connection") && has_word(field->value, "close"))
			head->keeps = false;
		else if (!strcmp(field->name, "expect") && text_equal_nocase(field->value, "100-continue"))
			head->expects_continue = !head->is_1_0;
		else if (!strcmp(field->name, "host"))
			hosts += is_host(field->value) ? 1 : 2;
		if (status)
			return status;
	}
	if (hosts > 1 || (hosts == 0 && !head->is_1_0)) {
		*sentence = hosts ? "There is more than one Host, or it is none.\n" : "The Host header is missing.\n";
		return 400;
	}
	if (head->is_chunked && (head->has_length || head->is_1_0)) {
		*sentence = head->has_length ? "There is a Content-Length and a Transfer-Encoding.\n"
					     : "HTTP/1.0 has no transfer encodings.\n";
		return 400;
	}
	return 0;
}

/* ---- */

/* Makes a text of each line. NULL: there is what lines do not have. */
static char *next_line(char **at)
{
	char *line = *at, *end = strchr(line, '\n');

	if (!end || end == line || end[-1] != '\r')
		return NULL;
	end[-1] = '\0';
	*at = end + 1;
	return is_plain(line, (size_t)(end - 1 - line)) ? line : NULL;
}

unsigned http_head_parse(struct arena *arena, const char *bytes, size_t length, struct http_head *head,
			 const char **sentence)
{
	static const char bad[] = "The head has characters that heads do not have.\n";
	char *at = arena_strndup(arena, bytes, length), *line;

	*head = (struct http_head){.target = ""};
	*sentence = bad;
	if (memchr(bytes, '\0', length) || !(line = next_line(&at)))
		return 400;
	unsigned status = parse_request_line(line, head, sentence);

	if (status)
		return status;
	size_t lines = 0;

	for (const char *feed = at; (feed = strchr(feed, '\n')); feed++)
		lines++;
	if (lines > LIMIT_HTTP_FIELDS + 1) {
		*sentence = "There are too many headers.\n";
		return 431;
	}
	struct http_field *fields = arena_alloc(arena, (lines + 1) * sizeof(*fields));

	head->fields = fields;
	for (;;) {
		*sentence = bad;
		line = next_line(&at);
		if (!line)
			return 400;
		if (!*line)
			return take_fields(head, sentence);
		status = parse_field(line, &fields[head->count], sentence);
		if (status)
			return status;
		head->count++;
	}
}

const char *http_head_field(const struct http_head *head, struct arena *arena, const char *name)
{
	const char *found = NULL;

	for (size_t i = 0; i < head->count; i++) {
		const struct http_field *field = &head->fields[i];

		if (strcmp(field->name, name) != 0)
			continue;
		found = found ? arena_printf(arena, "%s, %s", found, field->value) : field->value;
	}
	return found;
}
