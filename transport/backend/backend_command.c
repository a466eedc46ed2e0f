/* SPDX-License-Identifier: MIT */
#include "transport/backend/backend_command.h"

#include <ctype.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "config/config.h"
#include "transport/backend/network_plugin_server.h"
#include "transport/transport.h"

#define PLACEHOLDER "BACKEND_ID"

struct words {
	char **items;
	size_t count;
};

static void words_add(struct words *words, char *word)
{
	words->items = mem_realloc(words->items, (words->count + 2) * sizeof(*words->items));
	words->items[words->count++] = word;
	words->items[words->count] = NULL;
}

static char *replace_placeholder(const char *word, unsigned number)
{
	struct buf out = {0};
	const char *at;

	buf_puts(&out, "");
	while ((at = strstr(word, PLACEHOLDER))) {
		buf_append(&out, word, (size_t)(at - word));
		buf_printf(&out, "%u", number);
		word = at + strlen(PLACEHOLDER);
	}
	buf_puts(&out, word);
	(void)buf_text(&out);
	return buf_take(&out);
}

/* One word into `word`, from behind the blanks on. NULL: an open quote or a backslash at the end. */
static const char *read_word(const char *at, struct buf *word)
{
	char quote = '\0';

	for (; *at && (quote || !isspace((unsigned char)*at)); at++) {
		if (*at == '\\') {
			at++;
			if (!*at)
				return NULL;
			/* inside quotes only the quote itself is escaped */
			if (quote && *at != quote)
				buf_putc(word, '\\');
			buf_putc(word, *at);
		} else if (quote && *at == quote) {
			quote = '\0';
		} else if (!quote && (*at == '"' || *at == '\'')) {
			quote = *at;
		} else {
			buf_putc(word, *at);
		}
	}
	return quote ? NULL : at;
}

char **backend_command_split(const char *command, unsigned number)
{
	struct words words = {0};
	struct buf word = {0};

	words.items = mem_alloc(sizeof(*words.items));
	while (command) {
		while (isspace((unsigned char)*command))
			command++;
		if (!*command)
			break;
		buf_clear(&word);
		command = read_word(command, &word);
		if (command)
			words_add(&words, replace_placeholder(buf_text(&word), number));
	}
	buf_finish(&word);
	if (!command)
		backend_command_free(words.items);
	return command ? words.items : NULL;
}

void backend_command_free(char **words)
{
	if (!words)
		return;
	for (char **word = words; *word; word++)
		mem_free(*word);
	mem_free(words);
}

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

char *backend_command_find_beside(const char *name)
{
	static const char *const places[] = {"", "/../libexec/libtransport", "/../lib/libtransport"};
	char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (length <= 0)
		return NULL;
	self[length] = '\0';

	const char *folder = dirname(self);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		char *path = mem_printf("%s%s/%s", folder, places[i], name);
		if (is_program(path))
			return path;
		mem_free(path);
	}
	return NULL;
}

char *backend_command_find(const char *program, const char *working_dir, struct buf *error)
{
	char *path;
	struct stat st;

	if (!strchr(program, '/')) {
		path = backend_command_find_beside(program);
		if (!path)
			buf_printf(error,
			           "service.backend: there is no program %s beside this one or in "
			           "../libexec/libtransport or ../lib/libtransport; give an absolute path",
			           log_quote(program));
		return path;
	}
	if (program[0] == '/' || !working_dir || !working_dir[0])
		path = mem_strdup(program);
	else
		path = mem_printf("%s/%s", working_dir, program);
	if (is_program(path))
		return path;

	if (stat(path, &st) < 0)
		buf_printf(error, "service.backend: %s: %s", log_quote(path), strerror(errno));
	else if (!S_ISREG(st.st_mode))
		buf_printf(error, "service.backend: %s is not a file", log_quote(path));
	else
		buf_printf(error, "service.backend: %s is not executable", log_quote(path));
	mem_free(path);
	return NULL;
}

char **backend_command_build(const struct transport *transport, unsigned number, int id, const char *host,
                             unsigned port, struct buf *error)
{
	struct words words = {0};
	const char *file = transport->config ? config_path(transport->config) : NULL;

	words.items = backend_command_split(transport->service.backend, number);
	if (!words.items) {
		buf_puts(error, "service.backend: a quote is not closed, or a backslash ends it");
		return NULL;
	}
	while (words.items[words.count])
		words.count++;
	if (words.count == 0) {
		buf_puts(error, "service.backend: no program is given");
		backend_command_free(words.items);
		return NULL;
	}
	char *program = backend_command_find(words.items[0], transport->service.working_dir, error);
	if (!program) {
		backend_command_free(words.items);
		return NULL;
	}
	mem_free(words.items[0]);
	words.items[0] = program;

	words_add(&words, mem_strdup("--host"));
	words_add(&words, mem_strdup(host));
	words_add(&words, mem_strdup("--port"));
	words_add(&words, mem_printf("%u", port));
	words_add(&words, mem_printf("--service.backend_id=%d", id));
	words_add(&words, mem_strdup("-j"));
	words_add(&words, mem_strdup(transport->service.jid));
	if (file)
		words_add(&words, mem_strdup(file));
	return words.items;
}

void backend_command_set_port(char **words, unsigned port)
{
	size_t count = 0;

	while (words[count])
		count++;
	/* ours come last: the program may have one of its own before */
	while (count > 0 && strcmp(words[count - 1], "--port") != 0)
		count--;
	if (count == 0 || !words[count])
		return;
	mem_free(words[count]);
	words[count] = mem_printf("%u", port);
}
