/* SPDX-License-Identifier: MIT */
#include "frontends/slack/wire/slack_text.h"

#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "frontends/slack/wire/slack_doc.h"
#include "frontends/slack/wire/slack_emoji.h"
#include "frontends/slack/wire/slack_mrkdwn.h"
#include "frontends/slack/wire/slack_read.h"

struct reader {
	struct doc *doc;
	const struct slack_names *names;
	struct arena arena;
};

static void put_line(struct reader *r, const struct doc_span *span, const char *text)
{
	doc_begin(r->doc, (struct doc_block){.kind = DOC_LINES});
	doc_put(r->doc, span, text, strlen(text));
}

/* A text object: plain_text as it is, mrkdwn. */
static void read_text_object(struct reader *r, const struct cJSON *object)
{
	const char *text = json_text(object, "text", &r->arena);
	const char *type = json_text(object, "type", &r->arena);

	if (!text || !*text)
		return;
	if (slack_text_is(type, "mrkdwn"))
		doc_read_mrkdwn(r->doc, text, r->names);
	else
		put_line(r, &(struct doc_span){0}, text);
}

static void read_text_objects(struct reader *r, const struct cJSON *list)
{
	for (const struct cJSON *item = json_first(list); item; item = json_next(item))
		read_text_object(r, item);
}

static void read_image_block(struct reader *r, const struct cJSON *block)
{
	const char *text = slack_read_line(block, "alt_text", &r->arena);

	read_text_object(r, json_object(block, "title"));
	if (text)
		put_line(r, &(struct doc_span){.url = slack_read_url(block, "image_url", &r->arena)}, text);
}

static void read_block(struct reader *r, const struct cJSON *block)
{
	const char *type = json_text(block, "type", &r->arena);

	if (slack_text_is(type, "rich_text")) {
		doc_read_rich_text(r->doc, block, r->names);
	} else if (slack_text_is(type, "section") || slack_text_is(type, "header")) {
		read_text_object(r, json_object(block, "text"));
		read_text_objects(r, json_array(block, "fields"));
	} else if (slack_text_is(type, "context")) {
		read_text_objects(r, json_array(block, "elements"));
	} else if (slack_text_is(type, "image")) {
		read_image_block(r, block);
	} else if (slack_text_is(type, "markdown")) {
		doc_read_text(r->doc, slack_read_text(block, "text", &r->arena));
	}
}

static void read_blocks(struct reader *r, const struct cJSON *blocks)
{
	for (const struct cJSON *item = json_first(blocks); item; item = json_next(item))
		read_block(r, item);
}

static bool has_rich_text(struct reader *r, const struct cJSON *blocks)
{
	for (const struct cJSON *item = json_first(blocks); item; item = json_next(item))
		if (slack_text_is(json_text(item, "type", &r->arena), "rich_text"))
			return true;
	return false;
}

/* A line of an attachment, in mrkdwn or as it is. */
static bool read_line(struct reader *r, const struct cJSON *object, const char *name,
                      const struct doc_span *plain)
{
	const char *text = slack_read_text(object, name, &r->arena);

	if (!*text)
		return false;
	if (plain)
		put_line(r, plain, text);
	else
		doc_read_mrkdwn(r->doc, text, r->names);
	return true;
}

static bool read_fields(struct reader *r, const struct cJSON *attachment)
{
	const struct doc_span bold = {.look = DOC_BOLD};
	bool any = false;

	for (const struct cJSON *item = json_first(json_array(attachment, "fields")); item;
	     item = json_next(item)) {
		any = read_line(r, item, "title", &bold) || any;
		any = read_line(r, item, "value", NULL) || any;
	}
	return any;
}

/* Somebody else's words, which were passed on. */
static void read_forwarded(struct reader *r, const struct cJSON *attachment)
{
	const char *author = slack_read_line(attachment, "author_name", &r->arena);
	const char *text = slack_read_text(attachment, "text", &r->arena);
	struct doc inner = {0};

	doc_read_mrkdwn(&inner, text, r->names);
	doc_settle(&inner);
	if (author) {
		doc_begin(r->doc, (struct doc_block){.kind = DOC_QUOTE});
		doc_put(r->doc, &(struct doc_span){.look = DOC_BOLD}, author, strlen(author));
		doc_put(r->doc, &(struct doc_span){0}, ":", 1);
	}
	for (size_t i = 0; i < inner.blocks_count; i++) {
		const struct doc_block *block = &inner.blocks[i];

		doc_begin(r->doc, (struct doc_block){.kind = DOC_QUOTE});
		for (size_t j = block->first; j < block->first + block->count; j++)
			doc_put(r->doc, &inner.spans[j], doc_text(&inner, &inner.spans[j]),
			        inner.spans[j].length);
	}
	doc_finish(&inner);
}

static void read_attachment(struct reader *r, const struct cJSON *attachment)
{
	struct doc_span title = {.url = slack_read_url(attachment, "title_link", &r->arena)};
	bool any;

	if (json_bool(attachment, "is_share", false)) {
		read_forwarded(r, attachment);
		return;
	}
	/* Of a link in the text: people have the link. */
	if (slack_read_url(attachment, "from_url", &r->arena) ||
	    slack_read_url(attachment, "original_url", &r->arena))
		return;
	any = read_line(r, attachment, "pretext", NULL);
	any = read_line(r, attachment, "title", &title) || any;
	any = read_line(r, attachment, "text", NULL) || any;
	any = read_fields(r, attachment) || any;
	if (json_first(json_array(attachment, "blocks")))
		read_blocks(r, json_array(attachment, "blocks"));
	else if (!any)
		read_line(r, attachment, "fallback", &(struct doc_span){0});
}

/* Nobody may want the markup. */
static void show(struct doc *doc, struct buf *text, struct buf *xhtml)
{
	struct buf unwanted = {0};

	doc_settle(doc);
	doc_write_text(text, xhtml ? xhtml : &unwanted, doc);
	doc_finish(doc);
	buf_finish(&unwanted);
}

void slack_text_read(struct buf *text, struct buf *xhtml, const struct slack_event *event,
                     const struct slack_names *names)
{
	struct doc doc = {0};
	struct reader r = {.doc = &doc, .names = names};

	if (has_rich_text(&r, event->blocks) || !*event->text)
		read_blocks(&r, event->blocks);
	else
		doc_read_mrkdwn(&doc, event->text, names);
	for (const struct cJSON *item = json_first(event->attachments); item; item = json_next(item))
		read_attachment(&r, item);
	show(&doc, text, xhtml);
	arena_finish(&r.arena);
}

/* An emoji of mrkdwn that is none of Unicode's. */
static bool has_custom_emoji(const char *text)
{
	const char *end = text + strlen(text), *after;
	char name[EMOJI_NAME_MAX + 1];
	struct buf unused = {0};
	bool found = false;

	for (const char *at = strchr(text, ':'); at && !found; at = strchr(after ? after : at + 1, ':')) {
		after = mrkdwn_emoji_end(at, end, name);
		found = after && !slack_emoji_put(&unused, name);
		/* It may end where the next one begins: in 10:20:30. */
		if (after)
			after--;
	}
	buf_finish(&unused);
	return found;
}

bool slack_text_names(const struct slack_event *event)
{
	/* Tokens of mrkdwn, and types of rich_text's elements and of texts in which there may be such tokens. */
	static const char *const signs[] = {"<@", "<#", "user", "channel", "emoji", "mrkdwn"};
	static const char *const colon = ":";

	return strstr(event->text, signs[0]) || strstr(event->text, signs[1]) || has_custom_emoji(event->text) ||
	       json_contains(event->blocks, signs, ARRAY_SIZE(signs)) ||
	       json_contains(event->attachments, signs, ARRAY_SIZE(signs)) || json_contains(event->attachments, &colon, 1);
}

void slack_mrkdwn_read(struct buf *text, struct buf *xhtml, const char *mrkdwn,
                       const struct slack_names *names)
{
	struct doc doc = {0};

	doc_read_mrkdwn(&doc, mrkdwn, names);
	show(&doc, text, xhtml);
}

void slack_typed_read(struct buf *text, const char *command, const struct slack_names *names)
{
	struct doc doc = {0};

	doc_read_unmarked(&doc, command, names);
	show(&doc, text, NULL);
}

/* ---- writing ---- */

static void read_core(struct doc *doc, const char *text, const char *xhtml,
                      const struct slack_mentions *mentions)
{
	if (xhtml && *xhtml)
		doc_read_xhtml(doc, xhtml);
	else
		doc_read_text(doc, text);
	doc_settle(doc);
	doc_find(doc, mentions);
}

void slack_mrkdwn_write(struct buf *mrkdwn, const char *text, const char *xhtml,
                        const struct slack_mentions *mentions)
{
	struct doc doc = {0};

	buf_puts(mrkdwn, "");
	read_core(&doc, text, xhtml, mentions);
	doc_write_mrkdwn(mrkdwn, &doc);
	doc_finish(&doc);
}

/* ---- cutting ---- */

/* What must stay in one piece: a token, an escaped character, a character, a mark of code. */
static size_t atom_length(const char *at)
{
	size_t length = 1;

	if (*at == '<') {
		length = strcspn(at, ">");
		return at[length] ? length + 1 : 1;
	}
	if (*at == '&') {
		length = strcspn(at, "; ");
		return length <= 4 && at[length] == ';' ? length + 1 : 1;
	}
	if (*at == '`' && !strncmp(at, FENCE, 3))
		return 3;
	while (((unsigned char)at[length] & 0xc0) == 0x80)
		length++;
	return length;
}

static size_t count_characters(const char *text, size_t length)
{
	size_t count = 0;

	for (size_t i = 0; i < length; i++)
		count += ((unsigned char)text[i] & 0xc0) != 0x80;
	return count;
}

struct place {
	size_t length; /* 0: none */
	bool fence;
};

size_t slack_text_cut(const char *mrkdwn, size_t max, bool *fence)
{
	struct place line = {0}, word = {0}, any = {0};
	size_t at = 0, count = 0;
	bool open = false;

	while (mrkdwn[at]) {
		size_t atom = atom_length(mrkdwn + at), characters = count_characters(mrkdwn + at, atom);

		/* A token that no message can hold. */
		if (characters > max) {
			atom = 1;
			characters = 1;
		}
		if (count + characters > max)
			break;
		open ^= mrkdwn[at] == '`' && !strncmp(mrkdwn + at, FENCE, 3);
		at += atom;
		count += characters;
		any = (struct place){at, open};
		if (mrkdwn[at - 1] == '\n')
			line = any;
		else if (mrkdwn[at - 1] == ' ')
			word = any;
	}
	if (mrkdwn[at])
		any = line.length ? line : word.length ? word : any;
	*fence = any.fence;
	return any.length;
}

const char *slack_text_piece(struct buf *piece, const char *mrkdwn, size_t max, bool *fence)
{
	const size_t marks = 2 * (strlen(FENCE) + 1);
	bool was_open = *fence, toggled;
	size_t length = slack_text_cut(mrkdwn, max - marks, &toggled), end;

	if (was_open)
		buf_puts(piece, FENCE "\n");
	*fence = was_open != toggled;
	end = length;
	if (mrkdwn[length] && end && mrkdwn[end - 1] == '\n')
		end--;
	buf_append(piece, mrkdwn, end);
	if (*fence)
		buf_puts(piece, "\n" FENCE);
	return mrkdwn[length] ? mrkdwn + length : NULL;
}

size_t slack_text_pieces(const char *mrkdwn, size_t max)
{
	bool fence = false;
	size_t count = 0;

	while (mrkdwn) {
		struct buf piece = {0};

		mrkdwn = slack_text_piece(&piece, mrkdwn, max, &fence);
		buf_finish(&piece);
		count++;
	}
	return count;
}
