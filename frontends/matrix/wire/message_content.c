/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/wire/message_content.h"

#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/matrix/wire/matrix_html.h"
#include "frontends/matrix/wire/matrix_id.h"
#include "frontends/matrix/wire/place.h"

#define EVENT_BYTES (LIMIT_MATRIX_EVENT_BYTES - 4096) /* of the texts in one: beside what else is in it */

static bool is_emote(const struct event_message *message)
{
	return text_starts(message->text, "/me ");
}

static const char *msgtype(const struct event_message *message)
{
	if (is_emote(message))
		return "m.emote";
	if (place_in(message->text))
		return "m.location";
	return message->headline || message->carbon ? "m.notice" : "m.text";
}

/* msgtype, body and formatted_body. `prefix` is for clients that know nothing of edits. `mentions`: the object; NULL:
 * nobody. */
static void put_text(struct buf *out, const struct event_message *message, const char *prefix, const char *mentions)
{
	const char *text = is_emote(message) ? message->text + strlen("/me ") : message->text;
	struct buf body = {0}, html = {0};

	buf_puts(&body, prefix);
	buf_puts(&body, text);
	buf_printf(out, "\"msgtype\":\"%s\",\"m.mentions\":%s,\"body\":", msgtype(message), mentions ? mentions : "{}");
	json_put_string(out, buf_text(&body));
	if (!is_emote(message) && place_in(message->text)) {
		buf_puts(out, ",\"geo_uri\":");
		json_put_string(out, place_in(message->text));
	} else if (message->xhtml && matrix_html_write(&html, message->xhtml, strlen(message->xhtml))) {
		const char *markup = buf_text(&html);

		/* the emote's own mark is in both */
		if (is_emote(message) && text_starts(markup, "/me "))
			markup += strlen("/me ");
		char *whole = mem_printf("%s%s", prefix, markup);

		buf_puts(out, ",\"format\":\"org.matrix.custom.html\",\"formatted_body\":");
		json_put_string(out, whole);
		mem_free(whole);
	}
	buf_finish(&html);
	buf_finish(&body);
}

/* Behind the text. */
static void put_relation(struct buf *out, const struct event_message *message)
{
	const char *reply = matrix_is_event_id(message->reply_to) ? message->reply_to : NULL;

	if (matrix_is_event_id(message->thread)) {
		buf_puts(out, ",\"m.relates_to\":{\"rel_type\":\"m.thread\",\"event_id\":");
		json_put_string(out, message->thread);
		buf_printf(out, ",\"is_falling_back\":%s,\"m.in_reply_to\":{\"event_id\":",
		           reply ? "false" : "true");
		json_put_string(out, reply ? reply : message->thread);
		buf_puts(out, "}}");
	} else if (reply) {
		buf_puts(out, ",\"m.relates_to\":{\"m.in_reply_to\":{\"event_id\":");
		json_put_string(out, reply);
		buf_puts(out, "}}");
	}
}

void message_content_put(struct buf *out, const struct event_message *message, const char *mentions)
{
	buf_putc(out, '{');
	if (matrix_is_event_id(message->replaces)) {
		put_text(out, message, "* ", NULL);
		buf_puts(out, ",\"m.new_content\":{");
		put_text(out, message, "", mentions);
		buf_puts(out, "},\"m.relates_to\":{\"rel_type\":\"m.replace\",\"event_id\":");
		json_put_string(out, message->replaces);
		buf_putc(out, '}');
	} else {
		put_text(out, message, "", mentions);
		put_relation(out, message);
	}
	buf_putc(out, '}');
}

size_t message_content_piece(const char *text, bool twice)
{
	size_t room = EVENT_BYTES / (twice ? 2 : 1), length = 0, wide = 0;

	for (; text[length]; length++) {
		unsigned char byte = (unsigned char)text[length];

		wide += byte == '"' || byte == '\\' || byte == '\n' ? 2 : byte < 0x20 || byte == 0x7f ? 6 : 1;
		if (wide > room)
			break;
	}
	if (!text[length])
		return length;
	size_t cut = text_cut(text, strlen(text), length);

	for (const char *sign = "\n "; *sign; sign++)
		for (size_t at = cut; at > cut / 2; at--)
			if (text[at - 1] == *sign)
				return at;
	return cut;
}
