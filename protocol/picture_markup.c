/* SPDX-License-Identifier: MIT */
#include "protocol/picture_markup.h"

#include <string.h>

#include "base/arena.h"
#include "base/markup.h"
#include "base/mem.h"
#include "config/limits.h"
#include "protocol/event.h"

struct pictures {
	struct event_attachment items[LIMIT_MARKUP_PICTURES];
	size_t count;
	bool says; /* there is something else, too */
};

static bool is_emoji(const struct event_attachment *picture)
{
	return picture->description && markup_is_emoji_name(picture->description);
}

static bool is_known(const struct pictures *pictures, const struct event_attachment *picture)
{
	for (size_t i = 0; i < pictures->count; i++)
		if (!strcmp(pictures->items[i].url, picture->url) && is_emoji(&pictures->items[i]) == is_emoji(picture))
			return true;
	return false;
}

/* Attributes have to be read of any. */
static void take_tag(struct pictures *pictures, bool is_picture, struct markup_reader *reader, struct arena *arena)
{
	static const char *const schemes[] = {"https://", "http://"};
	char name[MARKUP_NAME_BYTES];
	struct buf value = {0};
	struct event_attachment picture = {0};

	while (markup_attribute(reader, name, &value))
		if (is_picture && !strcmp(name, "src"))
			picture.url = arena_strdup(arena, buf_text(&value));
		else if (is_picture && !strcmp(name, "alt") && value.len)
			picture.description = arena_strdup(arena, buf_text(&value));
	if (picture.url && markup_is_url(picture.url, schemes, ARRAY_SIZE(schemes)) && !is_known(pictures, &picture)) {
		if (pictures->count < LIMIT_MARKUP_PICTURES)
			pictures->items[pictures->count++] = picture;
		else
			pictures->says = true;
	}
	buf_finish(&value);
}

static void read_markup(struct pictures *pictures, const char *xhtml, struct arena *arena)
{
	struct markup_reader reader = {.next = xhtml, .end = xhtml + strlen(xhtml)};
	struct markup_piece piece;
	enum markup_token token;

	while ((token = markup_next(&reader, &piece)) != MARKUP_END) {
		if (token == MARKUP_TEXT) {
			for (size_t i = 0; i < piece.length; i++)
				pictures->says = pictures->says || !strchr(" \t\r\n", piece.text[i]);
		} else if (token == MARKUP_OPEN) {
			take_tag(pictures, !strcmp(piece.name, "img"), &reader, arena);
		}
	}
}

static void leave_emoji(struct pictures *pictures)
{
	size_t kept = 0;

	for (size_t i = 0; i < pictures->count; i++)
		if (!is_emoji(&pictures->items[i]))
			pictures->items[kept++] = pictures->items[i];
	pictures->count = kept;
}

const struct event *picture_markup_read(const struct event *event, struct event *copy, struct arena *arena)
{
	const struct event_message *message = &event->message;
	struct pictures pictures = {0};

	if (message->attachments_count || !message->xhtml || !strchr(message->xhtml, '<'))
		return event;
	read_markup(&pictures, message->xhtml, arena);
	if (pictures.says)
		leave_emoji(&pictures);
	if (!pictures.count)
		return event;
	*copy = *event;
	struct event_attachment *items = arena_alloc(arena, pictures.count * sizeof(*items));

	memcpy(items, pictures.items, pictures.count * sizeof(*items));
	copy->message.attachments = items;
	copy->message.attachments_count = pictures.count;
	if (!pictures.says)
		copy->message.xhtml = NULL;
	return copy;
}
