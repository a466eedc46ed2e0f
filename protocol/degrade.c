/* SPDX-License-Identifier: MIT */
#include "protocol/degrade.h"

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/markup.h"
#include "base/text.h"
#include "config/limits.h"

#define QUOTE_BYTES 200 /* of the line that is quoted */

static bool is_text(const char *text)
{
	return text && *text;
}

/* "> author: first line". */
static void put_quote(struct buf *out, const struct event_message *message)
{
	const char *quote = message->reply_text + strspn(message->reply_text, "\n\t ");
	size_t line = strcspn(quote, "\n"), length = text_cut(quote, line, QUOTE_BYTES);

	if (!length)
		return;
	buf_puts(out, "> ");
	if (is_text(message->reply_author))
		buf_printf(out, "%s: ", message->reply_author);
	buf_append(out, quote, length);
	if (quote[length])
		buf_puts(out, " ...");
}

static const char *keep(struct arena *arena, struct buf *text)
{
	const char *copy = arena_strndup(arena, buf_text(text), text->len);

	buf_clear(text);
	return copy;
}

/* The text, and the markup if there is any, with `quote` as a line of its own and `prefix` before them. */
static int rewrite(struct arena *arena, struct event_message *message, const char *quote, const char *prefix)
{
	size_t length = strlen(message->text) + strlen(prefix);
	struct buf text = {0};

	if (length > LIMIT_MESSAGE_BYTES)
		return TP_ERR_LIMIT;
	if (*quote && length + strlen(quote) + 1 <= LIMIT_MESSAGE_BYTES)
		buf_printf(&text, "%s\n", quote);
	buf_printf(&text, "%s%s", prefix, message->text);
	message->text = keep(arena, &text);
	if (is_text(message->xhtml)) {
		if (*quote) {
			markup_put_text(&text, quote, strlen(quote));
			buf_puts(&text, "<br/>");
		}
		markup_put_text(&text, prefix, strlen(prefix));
		buf_puts(&text, message->xhtml);
		message->xhtml = text.len <= LIMIT_MESSAGE_BYTES ? keep(arena, &text) : NULL;
	}
	buf_finish(&text);
	return 0;
}

int degrade_message(struct arena *arena, struct event_message *message)
{
	struct buf quote = {0}, prefix = {0};
	int error = 0;

	if (message->reacts_to || message->retracts) {
		if (!is_text(message->text))
			return TP_ERR_UNSUPPORTED;
		message->xhtml = NULL; /* of a reaction, or of what is taken back */
	} else if (message->reply_to && is_text(message->reply_text)) {
		put_quote(&quote, message);
	}
	if (is_text(message->author.name) && text_starts(message->text, "/me ")) {
		/* what he does, not what the relay does */
		message->text += strlen("/me ");
		message->xhtml = NULL;
		buf_printf(&prefix, "* %s ", message->author.name);
	} else if (is_text(message->author.name)) {
		buf_printf(&prefix, "<%s> ", message->author.name);
	}
	if (message->replaces)
		buf_puts(&prefix, "* ");
	if (quote.len || prefix.len)
		error = rewrite(arena, message, buf_text(&quote), buf_text(&prefix));
	buf_finish(&quote);
	buf_finish(&prefix);
	message->replaces = message->retracts = message->reply_to = message->reacts_to = message->thread = NULL;
	message->reply_text = message->reply_author = NULL;
	message->reactions = NULL;
	message->reactions_count = 0;
	message->author = (struct event_author){NULL, NULL, NULL};
	return error;
}

struct event degrade_attention(const struct event *event)
{
	struct event message = *event;

	message.type = EVENT_MESSAGE;
	message.message.kind = MESSAGE_CHAT;
	if (!message.message.text || !*message.message.text)
		message.message.text = "/me wants your attention.";
	return message;
}
