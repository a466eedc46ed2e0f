/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/wire/notice.h"

#include <stdbool.h>
#include <string.h>

#include "base/json.h"
#include "config/limits.h"
#include "frontends/matrix/wire/message_content.h"

/* Several lines, in one of which words are further apart than by a space. */
static bool has_columns(const char *text)
{
	const char *gap = text;

	if (!strchr(text, '\n'))
		return false;
	while ((gap = strstr(gap, "  "))) {
		const char *word = gap + strspn(gap, " ");

		if (gap > text && gap[-1] != '\n' && *word && *word != '\n')
			return true;
		gap = word;
	}
	return false;
}

static void put_columns(struct buf *content, const char *text)
{
	size_t before = content->len;
	struct buf html = {0};

	buf_puts(&html, "<pre><code>");
	for (const char *c = text; *c; c++) {
		if (*c == '<')
			buf_puts(&html, "&lt;");
		else if (*c == '&')
			buf_puts(&html, "&amp;");
		else
			buf_putc(&html, *c);
	}
	buf_puts(&html, "</code></pre>");
	buf_puts(content, ",\"format\":\"org.matrix.custom.html\",\"formatted_body\":");
	json_put_string(content, buf_text(&html));
	buf_finish(&html);
	if (content->len > LIMIT_MATRIX_EVENT_BYTES)
		content->len = before;
}

void notice_put(struct buf *content, const char *reply_to, const char *text)
{
	buf_puts(content, "{\"msgtype\":\"m.notice\",\"m.mentions\":{},\"body\":");
	json_put_string(content, text);
	if (has_columns(text))
		put_columns(content, text);
	if (reply_to) {
		buf_puts(content, ",\"m.relates_to\":{\"m.in_reply_to\":{\"event_id\":");
		json_put_string(content, reply_to);
		buf_puts(content, "}}");
	}
	buf_putc(content, '}');
}

size_t notice_piece(const char *text)
{
	return message_content_piece(text, has_columns(text));
}
