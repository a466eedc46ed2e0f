/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "plugin/plugin_private.h"

/* Places in argv: index moves over a value that stands by itself. */
struct cursor {
	char **argv;
	int argc, index;
};

/* Whether the current word is this option; then its value is in *value, NULL if there is none. */
static bool take_option(struct cursor *at, const char *name, const char **value)
{
	const char *word = at->argv[at->index];
	size_t length = strlen(name);

	if (strncmp(word, name, length) != 0 || (word[length] && word[length] != '='))
		return false;
	if (word[length])
		*value = word + length + 1;
	else
		*value = at->index + 1 < at->argc ? at->argv[++at->index] : NULL;
	return true;
}

static int parse_number(const char *text, int *number)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (end == text || *end || errno || value < 0 || value > INT_MAX)
		return TP_ERR_INVALID;
	*number = (int)value;
	return 0;
}

/* "--section.key=value"; every other unknown option is ignored. */
static int take_override(struct config *config, const char *word, struct buf *error)
{
	const char *equals = strchr(word, '=');
	char *name;
	int result;

	if (strncmp(word, "--", 2) != 0 || !equals || !memchr(word, '.', (size_t)(equals - word)))
		return 0;
	name = mem_strndup(word + 2, (size_t)(equals - word) - 2);
	result = config_override(config, name, equals + 1, error);
	mem_free(name);
	return result;
}

static int take_word(struct plug_arguments *arguments, struct config *config, const char *word, struct buf *error)
{
	if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0)
		arguments->help = true;
	else if (word[0] == '-')
		return take_override(config, word, error);
	else
		arguments->path = word; /* the gateway's comes last, behind what service.backend may hold */
	return 0;
}

int arguments_parse(struct plug_arguments *arguments, struct config *config, int argc, char **argv,
		    struct buf *error)
{
	const char *number = NULL;
	const struct {
		const char *name, **value;
	} options[] = {
		{"--host", &arguments->host}, {"--port", &arguments->port},   {"-j", &arguments->jid},
		{"--jid", &arguments->jid},   {"--config", &arguments->path}, {"--service.backend_id", &number},
	};
	struct cursor at = {argv, argc, 1};

	*arguments = (struct plug_arguments){0};
	for (; at.index < argc; at.index++) {
		const char *word = argv[at.index];
		size_t i = 0;

		while (i < ARRAY_SIZE(options) && !take_option(&at, options[i].name, options[i].value))
			i++;
		if (i < ARRAY_SIZE(options) && !*options[i].value) {
			buf_printf(error, "option %s has no value", word);
			return TP_ERR_INVALID;
		}
		if (i == ARRAY_SIZE(options) && take_word(arguments, config, word, error))
			return TP_ERR_INVALID;
	}
	if (number && parse_number(number, &arguments->backend_id)) {
		buf_printf(error, "--service.backend_id: '%s' is not a number", number);
		return TP_ERR_INVALID;
	}
	return 0;
}

void arguments_print_help(const struct plug_options *options)
{
	printf("Usage: %s --host HOST --port PORT [-j JID] [--section.key=value]... FILE\n\n"
	       "A backend of libtransport: the gateway starts it, with these arguments (or with a socket, and its\n"
	       "number in LIBTRANSPORT_FD, instead of host and port). FILE is the instance's configuration.\n",
	       options->name);
	if (!options->tables_count)
		return;
	printf("\nKeys of the configuration that are this backend's own:\n\n");
	config_write_sample(stdout, options->tables, options->tables_count);
}
