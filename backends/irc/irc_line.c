/* SPDX-License-Identifier: MIT */
#include "backends/irc/irc_line.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/text.h"
#include "config/limits.h"

static bool digits(const char *text, size_t count, int *value)
{
	*value = 0;
	for (size_t i = 0; i < count; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		*value = *value * 10 + (text[i] - '0');
	}
	return true;
}

/* "2026-01-31T12:00:00.123Z"; 0 if it is anything else. */
static int64_t parse_time(const char *text)
{
	struct tm tm = {0};
	int milliseconds = 0;

	if (strlen(text) < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' ||
	    text[16] != ':')
		return 0;
	if (!digits(text, 4, &tm.tm_year) || !digits(text + 5, 2, &tm.tm_mon) ||
	    !digits(text + 8, 2, &tm.tm_mday) || !digits(text + 11, 2, &tm.tm_hour) ||
	    !digits(text + 14, 2, &tm.tm_min) || !digits(text + 17, 2, &tm.tm_sec))
		return 0;
	if (text[19] == '.' && strlen(text) >= 24)
		digits(text + 20, 3, &milliseconds);
	if (tm.tm_year < 1970 || tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31 ||
	    tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
		return 0;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	return (int64_t)timegm(&tm) * 1000 + milliseconds;
}

/* "\:" is a semicolon, "\s" a space: https://ircv3.net/specs/extensions/message-tags */
static const char *unescape_tag(char *value)
{
	char *out = value;

	for (const char *c = value; *c; c++) {
		if (*c != '\\') {
			*out++ = *c;
			continue;
		}
		if (*++c == '\0')
			break;
		*out++ = *c == ':' ? ';' : *c == 's' ? ' ' : *c == 'r' ? '\r' : *c == 'n' ? '\n' : *c;
	}
	*out = '\0';
	return value;
}

bool irc_message_id_is_valid(const char *id)
{
	size_t length = strlen(id);

	return length > 0 && length <= LIMIT_NAME_BYTES && text_is_clean(id, length, TEXT_LINE);
}

static void parse_tags(struct irc_line *line, char *tags)
{
	while (tags && *tags) {
		char *next = strchr(tags, ';');

		if (next)
			*next++ = '\0';
		if (strncmp(tags, "time=", 5) == 0)
			line->time_ms = parse_time(tags + 5);
		else if (strncmp(tags, "msgid=", 6) == 0)
			line->message_id = unescape_tag(tags + 6);
		else if (strncmp(tags, "label=", 6) == 0)
			line->label = unescape_tag(tags + 6);
		else if (strncmp(tags, "batch=", 6) == 0)
			line->batch = unescape_tag(tags + 6);
		tags = next;
	}
}

static void parse_source(struct irc_line *line, char *source)
{
	char *bang, *at;

	line->source = source;
	at = strchr(source, '@');
	bang = strchr(source, '!');
	line->from_user = bang != NULL;
	if (!bang && !at) {
		line->nick = source;
		return;
	}
	/* The source is wanted whole nowhere but in logs: its first part serves. */
	if (bang) {
		*bang = '\0';
		line->userhost = bang + 1;
	} else {
		*at = '\0';
		line->userhost = at + 1;
	}
	line->nick = source;
}

static char *skip_spaces(char *text)
{
	while (*text == ' ')
		text++;
	return text;
}

/* Ends the word at `text` and returns what is behind it. */
static char *end_word(char *text)
{
	char *space = strchr(text, ' ');

	if (!space)
		return text + strlen(text);
	*space = '\0';
	return skip_spaces(space + 1);
}

static void parse_params(struct irc_line *line, char *text)
{
	while (*text) {
		char *next;

		if (*text == ':' || line->count == IRC_PARAMS_MAX - 1) {
			line->params[line->count++] = *text == ':' ? text + 1 : text;
			return;
		}
		next = end_word(text);
		line->params[line->count++] = text;
		text = next;
	}
}

int irc_line_parse(struct irc_line *line, char *text)
{
	char *next;

	memset(line, 0, sizeof(*line));
	line->source = line->nick = line->userhost = line->command = "";
	line->message_id = line->label = line->batch = "";
	for (size_t i = 0; i < IRC_PARAMS_MAX; i++)
		line->params[i] = "";

	text = skip_spaces(text);
	if (*text == '@') {
		next = end_word(text);
		parse_tags(line, text + 1);
		text = next;
	}
	if (*text == ':') {
		next = end_word(text);
		parse_source(line, text + 1);
		text = next;
	}
	if (*text == '\0')
		return TP_ERR_INVALID;
	next = end_word(text);
	for (char *c = text; *c; c++) {
		if (!isalnum((unsigned char)*c))
			return TP_ERR_INVALID;
		*c = (char)toupper((unsigned char)*c);
	}
	line->command = text;
	parse_params(line, next);
	return 0;
}

bool irc_middle_is_valid(const char *text)
{
	if (!text || *text == '\0' || *text == ':')
		return false;
	for (const unsigned char *c = (const unsigned char *)text; *c; c++)
		if (*c <= ' ' || *c == ',' || *c == 0x7f)
			return false;
	return true;
}

static bool command_is_valid(const char *command)
{
	if (*command == '\0')
		return false;
	for (const char *c = command; *c; c++)
		if (!isalnum((unsigned char)*c))
			return false;
	return true;
}

int irc_line_build(struct buf *out, size_t limit, const char *command, const char *const *middle,
                   size_t count, const char *trailing)
{
	size_t room = limit - 2, length = strlen(command);

	if (!command_is_valid(command))
		return TP_ERR_INVALID;
	for (size_t i = 0; i < count; i++) {
		if (!irc_middle_is_valid(middle[i]))
			return TP_ERR_INVALID;
		length += 1 + strlen(middle[i]);
	}
	if (length + (trailing ? 2 : 0) > room)
		return TP_ERR_INVALID;

	buf_puts(out, command);
	for (size_t i = 0; i < count; i++) {
		buf_putc(out, ' ');
		buf_puts(out, middle[i]);
	}
	if (trailing) {
		size_t size = strlen(trailing), left = room - length - 2;

		buf_puts(out, " :");
		if (size > left)
			size = text_cut(trailing, size, left);
		length = out->len;
		buf_append(out, trailing, size);
		for (char *c = out->data + length; c < out->data + out->len; c++)
			if (*c == '\r' || *c == '\n')
				*c = ' ';
	}
	buf_puts(out, "\r\n");
	return 0;
}
