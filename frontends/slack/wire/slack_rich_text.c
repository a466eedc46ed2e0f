/* SPDX-License-Identifier: MIT */
/* Blocks of type rich_text: what Slack's own clients send. Texts in them are not escaped. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/markup.h"
#include "base/mem.h"
#include "base/text.h"
#include "frontends/slack/wire/slack_doc.h"
#include "frontends/slack/wire/slack_emoji.h"
#include "frontends/slack/wire/slack_read.h"

struct reader {
	struct doc *doc;
	const struct slack_names *names;
	struct arena arena;
};

static const struct {
	const char *name;
	unsigned look;
} styles[] = {{"bold", DOC_BOLD}, {"italic", DOC_ITALIC}, {"strike", DOC_STRIKE}, {"code", DOC_CODE}};

static unsigned look_of(const struct cJSON *element)
{
	const struct cJSON *style = json_object(element, "style");
	unsigned look = 0;

	for (size_t i = 0; i < ARRAY_SIZE(styles); i++)
		if (json_bool(style, styles[i].name, false))
			look |= styles[i].look;
	return look;
}

static void put(struct reader *r, const struct doc_span *span, const char *text)
{
	doc_put(r->doc, span, text, strlen(text));
}

static void put_named(struct reader *r, const struct doc_span *span, const char *sign, const char *name,
                      const char *fallback)
{
	struct buf text = {0};

	buf_printf(&text, "%s%s", sign, name ? name : fallback ? fallback : "");
	put(r, span, buf_text(&text));
	buf_finish(&text);
}

static void read_link(struct reader *r, const struct doc_span *like, const struct cJSON *element)
{
	static const char *const schemes[] = {"https://", "http://", "mailto:", "ftp://", "tel:"};
	const char *url = slack_read_text(element, "url", &r->arena);
	const char *text = slack_read_text(element, "text", &r->arena);
	bool leads = markup_is_url(url, schemes, ARRAY_SIZE(schemes));
	struct doc_span span = *like;

	if (leads)
		span.url = url;
	if (!*text && leads && text_starts(url, "mailto:"))
		text = url + strlen("mailto:");
	put(r, &span, *text ? text : url);
}

static void put_code_points(struct buf *out, const char *hex)
{
	while (*hex) {
		char *end, character[4];
		unsigned long code = strtoul(hex, &end, 16);

		if (end == hex || code < 0x20 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ||
		    (code >= 0x7f && code < 0xa0) || (code & 0xfffe) == 0xfffe)
			return;
		buf_append(out, character, text_encode((uint32_t)code, character));
		hex = *end == '-' ? end + 1 : "";
	}
}

static void read_emoji(struct reader *r, const struct doc_span *like, const struct cJSON *element)
{
	const char *name = slack_read_line(element, "name", &r->arena);
	int64_t tone = json_number(element, "skin_tone", 0);
	struct doc_span span = *like;
	struct buf characters = {0};
	char *toned;

	if (!name)
		name = "";
	toned = tone >= 2 && tone <= 6 ? mem_printf("%s::skin-tone-%d", name, (int)tone) : mem_strdup(name);
	if (!slack_emoji_put(&characters, toned))
		put_code_points(&characters, slack_read_text(element, "unicode", &r->arena));
	if (characters.len) {
		put(r, &span, characters.data);
	} else if (*name && !strpbrk(name, ": \t\n")) {
		span.image = r->names && r->names->emoji ? r->names->emoji(r->names->context, name) : NULL;
		if (!slack_emoji_put_alias(&characters, &span.image))
			buf_printf(&characters, ":%s:", name);
		put(r, &span, characters.data);
	}
	mem_free(toned);
	buf_finish(&characters);
}

static void read_person(struct reader *r, const struct doc_span *like, const struct cJSON *element)
{
	const char *id = slack_read_id(element, "user_id", &r->arena);
	const struct slack_names *names = r->names;
	struct doc_span span = *like;

	span.user = id;
	if (id)
		put_named(r, &span, "@", names && names->user ? names->user(names->context, id) : NULL, id);
}

static void read_group(struct reader *r, const struct doc_span *span, const struct cJSON *element)
{
	const char *id = slack_read_id(element, "usergroup_id", &r->arena);
	const struct slack_names *names = r->names;

	if (id)
		put_named(r, span, "@",
		          names && names->usergroup ? names->usergroup(names->context, id) : NULL, id);
}

static void read_channel(struct reader *r, const struct doc_span *span, const struct cJSON *element)
{
	const char *id = slack_read_id(element, "channel_id", &r->arena);
	const struct slack_names *names = r->names;

	if (id)
		put_named(r, span, "#", names && names->channel ? names->channel(names->context, id) : NULL,
		          id);
}

static void read_broadcast(struct reader *r, const struct doc_span *span, const struct cJSON *element)
{
	put_named(r, span, "@", slack_read_line(element, "range", &r->arena), "channel");
}

/* Texts, and what we do not know. */
static void read_other(struct reader *r, const struct doc_span *span, const struct cJSON *element)
{
	static const char *const names[] = {"text", "fallback", "value"};
	const char *text = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(names) && !text; i++)
		text = json_text(element, names[i], &r->arena);
	if (text)
		put(r, span, text);
}

static void read_element(struct reader *r, const struct cJSON *element)
{
	static const struct {
		const char *type;
		void (*read)(struct reader *r, const struct doc_span *span, const struct cJSON *element);
	} types[] = {{"link", read_link},       {"emoji", read_emoji},     {"user", read_person},
	             {"usergroup", read_group}, {"channel", read_channel}, {"broadcast", read_broadcast}};
	const char *type = json_text(element, "type", &r->arena);
	struct doc_span span = {.look = look_of(element)};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (slack_text_is(type, types[i].type)) {
			types[i].read(r, &span, element);
			return;
		}
	}
	read_other(r, &span, element);
}

/* A line end at the end of a section only says that another block follows. */
static void drop_line_end(struct doc *doc)
{
	struct doc_block *block = &doc->blocks[doc->blocks_count - 1];
	struct doc_span *span = block->count ? &doc->spans[doc->spans_count - 1] : NULL;

	if (!span || !span->length || doc->text.data[span->start + span->length - 1] != '\n')
		return;
	span->length--;
	doc->text.len--;
	if (!span->length) {
		doc->spans_count--;
		block->count--;
	}
}

static void read_elements(struct reader *r, struct doc_block block, const struct cJSON *object)
{
	size_t length;

	doc_begin(r->doc, block);
	length = r->doc->text.len;
	for (const struct cJSON *item = json_first(json_array(object, "elements")); item;
	     item = json_next(item))
		read_element(r, item);
	if (block.kind == DOC_LINES && r->doc->text.len > length)
		drop_line_end(r->doc);
}

/* The next item of a list without anything in it says nothing. */
static void read_list(struct reader *r, const struct cJSON *list)
{
	int64_t indent = json_number(list, "indent", 0), number = json_number(list, "offset", 0);
	struct doc_block block = {.kind = DOC_ITEM};

	block.ordered = slack_text_is(json_text(list, "style", &r->arena), "ordered");
	block.indent = indent < 0 ? 0 : indent > DOC_INDENT_MAX ? DOC_INDENT_MAX : (unsigned)indent;
	if (number < 0 || number > 99999)
		number = 0;
	for (const struct cJSON *item = json_first(json_array(list, "elements")); item;
	     item = json_next(item)) {
		block.number = block.ordered ? (unsigned)++number : 0;
		read_elements(r, block, item);
		if (!r->doc->blocks[r->doc->blocks_count - 1].count)
			r->doc->blocks_count--;
	}
}

void doc_read_rich_text(struct doc *doc, const struct cJSON *block, const struct slack_names *names)
{
	struct reader r = {.doc = doc, .names = names};

	for (const struct cJSON *item = json_first(json_array(block, "elements")); item;
	     item = json_next(item)) {
		const char *type = json_text(item, "type", &r.arena);

		if (slack_text_is(type, "rich_text_list"))
			read_list(&r, item);
		else if (slack_text_is(type, "rich_text_quote"))
			read_elements(&r, (struct doc_block){.kind = DOC_QUOTE}, item);
		else if (slack_text_is(type, "rich_text_preformatted"))
			read_elements(&r, (struct doc_block){.kind = DOC_PRE}, item);
		else
			read_elements(&r, (struct doc_block){.kind = DOC_LINES}, item);
	}
	arena_finish(&r.arena);
}
