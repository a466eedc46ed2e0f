/* SPDX-License-Identifier: MIT */
#include "backends/irc/irc_isupport.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/irc/irc_line.h"

static void set_text(char *field, size_t size, const char *value, size_t length)
{
	snprintf(field, size, "%.*s", (int)(length < size ? length : size - 1), value);
}

#define SET_TEXT(field, value) set_text((field), sizeof(field), (value), strlen(value))

void irc_isupport_init(struct irc_isupport *support)
{
	memset(support, 0, sizeof(*support));
	support->casemap = IRC_CASEMAP_RFC1459;
	SET_TEXT(support->prefix_modes, "ov");
	SET_TEXT(support->prefix_chars, "@+");
	SET_TEXT(support->channel_types, "#&");
	SET_TEXT(support->list_modes, "beI");
	SET_TEXT(support->argument_modes, "k");
	SET_TEXT(support->set_modes, "l");
	support->line_length = IRC_LINE_BYTES;
}

/* "(qaohv)~&@%+" */
static void parse_prefix(struct irc_isupport *support, const char *value)
{
	const char *end = strchr(value, ')');
	size_t count;

	if (*value == '\0') {
		support->prefix_modes[0] = support->prefix_chars[0] = '\0';
		return;
	}
	if (*value != '(' || !end)
		return;
	count = (size_t)(end - value) - 1;
	if (count != strlen(end + 1) || count > IRC_PREFIXES_MAX)
		return;
	set_text(support->prefix_modes, sizeof(support->prefix_modes), value + 1, count);
	set_text(support->prefix_chars, sizeof(support->prefix_chars), end + 1, count);
}

/* "A,B,C,D" */
static void parse_channel_modes(struct irc_isupport *support, const char *value)
{
	size_t a = strcspn(value, ","), b, c;

	if (value[a] != ',')
		return;
	b = strcspn(value + a + 1, ",");
	if (value[a + 1 + b] != ',')
		return;
	c = strcspn(value + a + b + 2, ",");
	set_text(support->list_modes, sizeof(support->list_modes), value, a);
	set_text(support->argument_modes, sizeof(support->argument_modes), value + a + 1, b);
	set_text(support->set_modes, sizeof(support->set_modes), value + a + b + 2, c);
}

static size_t parse_size(const char *value, size_t low, size_t high, size_t fallback)
{
	char *end;
	unsigned long number = strtoul(value, &end, 10);

	if (end == value || *end || number < low || number > high)
		return fallback;
	return number;
}

static void set_key(struct irc_isupport *support, const char *key, const char *value)
{
	if (strcmp(key, "CASEMAPPING") == 0)
		support->casemap = irc_casemap_parse(value);
	else if (strcmp(key, "PREFIX") == 0)
		parse_prefix(support, value);
	else if (strcmp(key, "CHANTYPES") == 0)
		SET_TEXT(support->channel_types, value);
	else if (strcmp(key, "CHANMODES") == 0)
		parse_channel_modes(support, value);
	else if (strcmp(key, "NICKLEN") == 0)
		support->nick_length = parse_size(value, 1, 512, 0);
	else if (strcmp(key, "LINELEN") == 0)
		support->line_length = parse_size(value, IRC_LINE_BYTES, IRC_LINE_BYTES_MAX, IRC_LINE_BYTES);
	else if (strcmp(key, "NETWORK") == 0)
		SET_TEXT(support->network, value);
	else if (strcmp(key, "MONITOR") == 0) {
		support->monitor = true;
		support->monitor_limit = parse_size(value, 1, 100000, 0);
	}
}

static void reset_key(struct irc_isupport *support, const char *key)
{
	struct irc_isupport fresh;

	irc_isupport_init(&fresh);
	if (strcmp(key, "CASEMAPPING") == 0)
		support->casemap = fresh.casemap;
	else if (strcmp(key, "PREFIX") == 0)
		set_key(support, "PREFIX", "(ov)@+");
	else if (strcmp(key, "CHANTYPES") == 0)
		SET_TEXT(support->channel_types, fresh.channel_types);
	else if (strcmp(key, "CHANMODES") == 0)
		set_key(support, "CHANMODES", "beI,k,l,");
	else if (strcmp(key, "NICKLEN") == 0)
		support->nick_length = 0;
	else if (strcmp(key, "LINELEN") == 0)
		support->line_length = IRC_LINE_BYTES;
	else if (strcmp(key, "MONITOR") == 0)
		support->monitor = false;
}

void irc_isupport_token(struct irc_isupport *support, const char *token)
{
	const char *equals = strchr(token, '=');
	size_t length = equals ? (size_t)(equals - token) : strlen(token);
	char key[32];

	if (length == 0 || length >= sizeof(key))
		return;
	set_text(key, sizeof(key), token, length);
	if (*key == '-')
		reset_key(support, key + 1);
	else
		set_key(support, key, equals ? equals + 1 : "");
}

bool irc_is_channel(const struct irc_isupport *support, const char *name)
{
	return *name && strchr(support->channel_types, *name);
}

static unsigned bit_of(const char *set, char c)
{
	const char *found = c ? strchr(set, c) : NULL;

	return found ? 1u << (found - set) : 0;
}

unsigned irc_prefix_bit_of_char(const struct irc_isupport *support, char c)
{
	return bit_of(support->prefix_chars, c);
}

unsigned irc_prefix_bit_of_mode(const struct irc_isupport *support, char mode)
{
	return bit_of(support->prefix_modes, mode);
}

bool irc_prefix_moderates(const struct irc_isupport *support, unsigned bits)
{
	unsigned lowest = irc_prefix_bit_of_mode(support, 'h');

	if (!lowest)
		lowest = irc_prefix_bit_of_mode(support, 'o');
	/* Lower bits rank higher. */
	return lowest && (bits & (lowest | (lowest - 1)));
}

enum participant_role irc_prefix_role(const struct irc_isupport *support, unsigned bits)
{
	unsigned op = irc_prefix_bit_of_mode(support, 'o');

	if (op && (bits & (op - 1)))
		return ROLE_OWNER;
	if (bits & op)
		return ROLE_MODERATOR;
	if (bits & irc_prefix_bit_of_mode(support, 'h'))
		return ROLE_HELPER;
	return bits & irc_prefix_bit_of_mode(support, 'v') ? ROLE_VOICE : ROLE_NONE;
}

/* Whether the mode takes an argument; *optional if it may also come without. */
static bool takes_argument(const struct irc_isupport *support, const struct irc_mode_change *change,
                           bool *optional)
{
	*optional = false;
	if (change->prefix_bit || strchr(support->argument_modes, change->mode))
		return true;
	if (strchr(support->set_modes, change->mode))
		return change->set;
	*optional = true;
	return strchr(support->list_modes, change->mode) != NULL;
}

bool irc_mode_next(const struct irc_isupport *support, const char *const *params, size_t count,
                   struct irc_mode_walk *walk, struct irc_mode_change *change)
{
	bool optional;

	if (count == 0)
		return false;
	for (;;) {
		char c = params[0][walk->mode];

		if (c == '\0')
			return false;
		walk->mode++;
		if (c == '+' || c == '-') {
			walk->clear = c == '-';
			continue;
		}
		*change = (struct irc_mode_change){.set = !walk->clear, .mode = c};
		change->prefix_bit = irc_prefix_bit_of_mode(support, c);
		if (!takes_argument(support, change, &optional))
			return true;
		if (walk->argument + 1 < count) {
			change->argument = params[++walk->argument];
			return true;
		}
		if (optional)
			return true;
	}
}
