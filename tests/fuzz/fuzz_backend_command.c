/* SPDX-License-Identifier: MIT */
/* service.backend: its words, quoted and put together again, are the same words. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "transport/backend/network_plugin_server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void quote(struct buf *out, const char *word)
{
	buf_putc(out, '\'');
	for (; *word; word++) {
		/* inside of quotes a backslash is itself, unless a quote follows */
		if (*word == '\'' || *word == '\\')
			buf_puts(out, *word == '\'' ? "\\'" : "'\\\\'");
		else
			buf_putc(out, *word);
	}
	buf_puts(out, "' ");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = mem_strndup((const char *)data, size);
	char **words = backend_command_split(text, 7);
	struct buf again = {0};

	for (size_t i = 0; words && words[i]; i++)
		quote(&again, words[i]);
	char **same = words ? backend_command_split(buf_text(&again), 7) : NULL;
	for (size_t i = 0; words && (words[i] || (same && same[i])); i++)
		if (!same || !words[i] || !same[i] || strcmp(words[i], same[i]) != 0)
			abort();
	backend_command_free(words);
	backend_command_free(same);
	buf_finish(&again);
	mem_free(text);
	return 0;
}
