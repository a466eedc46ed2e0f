/* SPDX-License-Identifier: MIT */
/*
 * Lines of a server, one after the other: decoded, taken apart, and read as what a server says about itself and as
 * modes. What is built of the same bytes is always exactly one line within its limit.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "backends/irc/irc_isupport.h"
#include "backends/irc/irc_line.h"
#include "backends/irc/irc_name.h"
#include "backends/irc/irc_text.h"
#include "base/buf.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
	if (!good)
		abort();
}

static void check_built(const struct irc_line *line)
{
	const char *trailing = line->count ? line->params[line->count - 1] : NULL;
	struct buf out = {0};

	if (irc_line_build(&out, IRC_LINE_BYTES, line->command, line->params, line->count ? line->count - 1 : 0,
			   trailing) == 0) {
		require(out.len >= 3 && out.len <= IRC_LINE_BYTES);
		require(strcspn(out.data, "\r\n") == out.len - 2 && strcmp(out.data + out.len - 2, "\r\n") == 0);
		require(text_is_utf8(out.data, out.len));
	} else {
		require(out.len == 0);
	}
	buf_finish(&out);
}

static void check_modes(const struct irc_isupport *support, const struct irc_line *line)
{
	struct irc_mode_walk walk = {0};
	struct irc_mode_change change;
	size_t count = line->count > 1 ? line->count - 1 : 0;

	while (count && irc_mode_next(support, line->params + 1, count, &walk, &change))
		require(change.argument == NULL || text_is_utf8(change.argument, strlen(change.argument)));
}

static void check_names(const char *text)
{
	struct buf out = {0};
	struct irc_server server;

	irc_nick_make(&out, text);
	require(out.len > 0 && irc_nick_is_valid(out.data));
	buf_clear(&out);
	irc_name_split(text, &out);
	irc_server_parse(&server, text, IRC_TLS_AUTO);
	require(!irc_channel_is_valid(text) || irc_middle_is_valid(text));
	require(!irc_nick_is_valid(text) || irc_middle_is_valid(text));
	buf_finish(&out);
}

static void check_line(struct irc_isupport *support, const char *bytes, size_t length)
{
	struct buf text = {0};
	struct irc_line line;

	irc_text_decode(&text, bytes, length);
	require(text_is_utf8(buf_text(&text), text.len));
	if (irc_line_parse(&line, text.data ? text.data : (char *)buf_text(&text)) == 0) {
		require(line.count <= IRC_PARAMS_MAX && *line.command);
		for (size_t i = 0; i < IRC_PARAMS_MAX; i++)
			require(line.params[i] && text_is_utf8(line.params[i], strlen(line.params[i])));
		check_built(&line);
		check_modes(support, &line);
		for (size_t i = 0; i < line.count; i++) {
			irc_isupport_token(support, line.params[i]);
			check_names(line.params[i]);
		}
	}
	buf_finish(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct irc_isupport support;

	irc_isupport_init(&support);
	while (size) {
		const uint8_t *end = memchr(data, '\n', size);
		size_t length = end ? (size_t)(end - data) : size;

		check_line(&support, (const char *)data, length);
		data += length + (end != NULL);
		size -= length + (end != NULL);
	}
	return 0;
}
