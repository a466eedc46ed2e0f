/* SPDX-License-Identifier: MIT */
/* The first line are tokens of RPL_ISUPPORT, the second a MODE line: the walk ends, gives each argument at most
 * once and in order, and a bit of rank belongs to a mode and to a character. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "backends/irc/irc_isupport.h"
#include "base/buf.h"
#include "base/mem.h"

#define PARAMS_MAX 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t split(char *line, const char *words[PARAMS_MAX])
{
	size_t count = 0;
	char *rest;

	for (char *word = strtok_r(line, " ", &rest); word && count < PARAMS_MAX; word = strtok_r(NULL, " ", &rest))
		words[count++] = word;
	return count;
}

static void check_prefixes(const struct irc_isupport *support)
{
	size_t count = strlen(support->prefix_modes);

	if (count != strlen(support->prefix_chars) || count > IRC_PREFIXES_MAX)
		abort();
	for (size_t i = 0; i < count; i++)
		if (!irc_prefix_bit_of_mode(support, support->prefix_modes[i]) ||
		    !irc_prefix_bit_of_char(support, support->prefix_chars[i]))
			abort();
}

static void walk_modes(const struct irc_isupport *support, const char *const *params, size_t count)
{
	struct irc_mode_walk walk = {0};
	struct irc_mode_change change;
	size_t next = 1, steps = 0;

	while (irc_mode_next(support, params, count, &walk, &change)) {
		if (++steps > strlen(params[0]))
			abort();
		if (!change.argument)
			continue;
		while (next < count && params[next] != change.argument)
			next++;
		if (next++ >= count)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = mem_strndup((const char *)data, size);
	char *modes = strchr(text, '\n');
	const char *words[PARAMS_MAX];
	struct irc_isupport support;

	if (modes)
		*modes++ = '\0';
	irc_isupport_init(&support);
	size_t count = split(text, words);
	for (size_t i = 0; i < count; i++)
		irc_isupport_token(&support, words[i]);
	check_prefixes(&support);
	count = modes ? split(modes, words) : 0;
	if (count > 0) {
		(void)irc_is_channel(&support, words[0]);
		walk_modes(&support, words, count);
	}
	mem_free(text);
	return 0;
}
