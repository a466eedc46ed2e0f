/* SPDX-License-Identifier: MIT */
/*
 * Any text as mrkdwn, as a rich_text block (if it is JSON), as plain text and as XHTML-IM: what comes out is
 * well-formed and of the allowed elements, makes no token that was not meant, and is read as the same text
 * when it was written.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "frontends/slack/wire/slack_event.h"
#include "frontends/slack/wire/slack_id.h"
#include "frontends/slack/wire/slack_text.h"
#include "tests/fuzz/good_xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
	if (!good)
		abort();
}

static bool is_listed(const char *const *list, const char *text)
{
	while (*list && strcmp(*list, text) != 0)
		list++;
	return *list != NULL;
}

static bool is_safe(const char *url)
{
	static const char *const schemes[] = {"http://", "https://", "ftp://", "mailto:", "tel:", NULL};

	for (size_t i = 0; schemes[i]; i++)
		if (strncasecmp(url, schemes[i], strlen(schemes[i])) == 0)
			return true;
	return false;
}

static void XMLCALL on_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
	static const char *const elements[] = {"body", "a",    "blockquote", "br", "code",
	                                       "div",  "em",   "img",        "li", "ol",
	                                       "pre",  "span", "strong",     "ul", NULL};
	static const char *const allowed[] = {"href", "src", "alt", "style", "start", NULL};

	(void)context;
	check(is_listed(elements, name));
	for (; *attributes; attributes += 2) {
		check(is_listed(allowed, attributes[0]));
		if (!strcmp(attributes[0], "href") || !strcmp(attributes[0], "src"))
			check(is_safe(attributes[1]));
		if (!strcmp(attributes[0], "style"))
			check(!strcmp(attributes[1], "text-decoration: line-through;"));
	}
}

/* Names may be anything. */
static const char *name_of(void *context, const char *id)
{
	(void)context;
	return strchr(id, '1') ? "<!here> *b* `c" : NULL;
}

static const char *picture_of(void *context, const char *name)
{
	(void)context;
	return strchr(name, 'b') ? "https://e/'\"<&" : NULL;
}

static const struct slack_names names = {
        .user = name_of, .channel = name_of, .usergroup = name_of, .emoji = picture_of};

static const char *mentioned(void *context, const char *name)
{
	(void)context;
	return strchr(name, 'c') ? "U777" : NULL;
}

static const struct slack_mentions mentions = {.user = mentioned};

/* What is written: links of known schemes, and the one mention that there can be. */
static void check_tokens(const char *mrkdwn, bool may_mention)
{
	for (const char *at = strchr(mrkdwn, '<'); at; at = strchr(at + 1, '<')) {
		const char *end = strchr(at, '>');

		check(end && !memchr(at + 1, '<', (size_t)(end - at - 1)));
		check(is_safe(at + 1) || (may_mention && !strncmp(at, "<@U777>", 7)));
	}
}

struct form {
	struct buf text, xhtml;
};

static void check_form(struct form *form)
{
	check(text_is_clean(buf_text(&form->text), form->text.len, TEXT_LINES));
	check(good_xml(&form->xhtml, on_start, NULL));
}

static void finish(struct form *form)
{
	buf_finish(&form->text);
	buf_finish(&form->xhtml);
}

/* What was read is written so that it reads as the same. */
static void check_again(struct form *form)
{
	struct form again = {0};
	struct buf mrkdwn = {0};

	slack_mrkdwn_write(&mrkdwn, buf_text(&form->text), buf_text(&form->xhtml), NULL);
	check_tokens(mrkdwn.data, false);
	slack_mrkdwn_read(&again.text, &again.xhtml, mrkdwn.data, &names);
	check(!strcmp(buf_text(&form->text), buf_text(&again.text)));
	check_form(&again);
	finish(&again);
	buf_finish(&mrkdwn);
}

static void read_blocks(const char *json, size_t length, struct form *form)
{
	struct cJSON *document = json_read(json, length);
	struct slack_event event = {.text = "", .blocks = json_is_object(document) ? NULL : document};

	if (!document)
		return;
	slack_text_read(&form->text, &form->xhtml, &event, &names);
	check_form(form);
	json_free(&document);
}

static void check_writing(const char *text, const char *xhtml)
{
	struct buf mrkdwn = {0}, piece = {0};
	bool fence = false;

	slack_mrkdwn_write(&mrkdwn, text, xhtml, &mentions);
	check(text_is_clean(mrkdwn.data, mrkdwn.len, TEXT_LINES));
	check_tokens(mrkdwn.data, true);
	for (const char *rest = mrkdwn.data; rest;) {
		const char *next;

		buf_clear(&piece);
		next = slack_text_piece(&piece, rest, 40, &fence);
		check(!next || next > rest);
		check(text_is_clean(buf_text(&piece), piece.len, TEXT_LINES));
		rest = next;
	}
	buf_finish(&piece);
	buf_finish(&mrkdwn);
}

/* Behind a slash command: what the gateway writes is read as it was. */
static void check_typed(const char *text)
{
	struct buf line = {0}, mrkdwn = {0}, again = {0};

	slack_typed_read(&line, text, &names);
	check(text_is_clean(buf_text(&line), line.len, TEXT_LINES));
	slack_escape(&mrkdwn, buf_text(&line));
	slack_typed_read(&again, buf_text(&mrkdwn), &names);
	check(!strcmp(buf_text(&line), buf_text(&again)));
	buf_finish(&line);
	buf_finish(&mrkdwn);
	buf_finish(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf clean = {0};
	struct form form = {0}, blocks = {0};

	text_clean(&clean, (const char *)data, size, TEXT_LINES);
	slack_mrkdwn_read(&form.text, &form.xhtml, buf_text(&clean), &names);
	check_form(&form);
	check_again(&form);
	read_blocks(buf_text(&clean), clean.len, &blocks);
	check_typed(buf_text(&clean));
	check_writing(buf_text(&clean), NULL);
	check_writing("", buf_text(&clean));
	finish(&form);
	finish(&blocks);
	buf_finish(&clean);
	return 0;
}
