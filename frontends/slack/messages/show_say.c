/* SPDX-License-Identifier: MIT */
/* What is said: texts in one message or several, and files. */
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/slack/messages/mention.h"
#include "frontends/slack/messages/recent.h"
#include "frontends/slack/messages/show_private.h"
#include "frontends/slack/wire/slack_file.h"
#include "frontends/slack/wire/slack_text.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/spool/spool.h"

void show_each_part(const char *mrkdwn, void (*part)(void *context, const char *text, bool first), void *context)
{
	struct buf piece = {0};
	bool fence = false;

	for (const char *rest = mrkdwn; rest;) {
		bool first = rest == mrkdwn;

		buf_clear(&piece);
		rest = slack_text_piece(&piece, rest, SLACK_TEXT_POST_MAX, &fence);
		part(context, buf_text(&piece), first);
	}
	buf_finish(&piece);
}

static void post_part(void *context, const char *text, bool first)
{
	struct parting *parting = context;

	post_text(parting->speaking, text, parting->series, first);
}

static bool is_emote(const struct event_message *message)
{
	return text_starts(message->text, "/me ");
}

static void put_quote(struct buf *out, const struct speaking *speaking)
{
	const struct event_message *message = &speaking->event->message;
	const struct recent *recent = slack_recent_find(speaking->frontend, message->reply_to);
	const char *text = message->reply_text && *message->reply_text ? message->reply_text
	                   : recent                                    ? recent->text
	                                                               : NULL;
	const char *author = message->reply_author && *message->reply_author ? message->reply_author
	                     : recent                                        ? recent->author
	                                                                     : NULL;

	if (!message->reply_to || speaking->thread || !text)
		return;
	char *line = mem_strndup(text, strcspn(text, "\n"));

	buf_puts(out, "> ");
	if (author) {
		slack_escape(out, author);
		buf_puts(out, ": ");
	}
	slack_escape(out, line);
	buf_putc(out, '\n');
	mem_free(line);
}

void show_put_text(struct buf *out, const struct speaking *speaking)
{
	const struct event_message *message = &speaking->event->message;
	struct mention_place place = {.workspace = speaking->workspace, .room = message->name};
	const struct slack_mentions named = mention_in(&place), *mentions = message->kind == MESSAGE_ROOM ? &named : NULL;

	if (message->carbon && message->kind == MESSAGE_CHAT)
		buf_puts(out, "(from another client of yours) ");
	put_quote(out, speaking);
	if (is_emote(message)) {
		buf_putc(out, '_');
		slack_mrkdwn_write(out, message->text + strlen("/me "), NULL, mentions);
		buf_putc(out, '_');
	} else {
		slack_mrkdwn_write(out, message->text, message->xhtml, mentions);
	}
}

/* What has become of it is looked up by a process after this one, if it has to be. */
static void on_placed(void *context, const char *file_id)
{
	const struct post *post = context;
	struct transport *transport = post->workspace->frontend->base.transport;

	spool_note_set(transport->spool, SHOW_UPLOAD, post->key, file_id, strlen(file_id));
	transport_commit(transport);
}

/* `upload`: what it is of; the rest is the post's. */
static void send_file(struct post *post, struct slack_upload upload)
{
	struct slack_frontend *frontend = post->workspace->frontend;
	char *lane = slack_address(post->workspace->team, post->channel), *file_id;
	size_t size;
	const void *known = spool_note_get(frontend->base.transport->spool, SHOW_UPLOAD, post->key, &size);

	file_id = known ? mem_strndup(known, size) : NULL;
	post->is_file = true;
	upload.token = &post->workspace->token;
	upload.trace = post->trace;
	upload.lane = lane;
	upload.channel = post->channel;
	upload.thread = post->thread;
	upload.username = post->username;
	upload.icon_url = post->icon_url;
	upload.file_id = file_id;
	upload.placed = on_placed;
	upload.context = post;
	upload.drop = post_release;
	slack_files_send(frontend->files, &upload);
	mem_free(file_id);
	mem_free(lane);
}

/* It becomes a message after all, unless that is for another token to say. */
static void forget_file(struct post *post, int err)
{
	if (err == TP_ERR_AUTH)
		return;
	spool_note_set(post->workspace->frontend->base.transport->spool, SHOW_UPLOAD, post->key, NULL, 0);
	post->is_file = false;
	if (post->part == PART_FILE)
		post->part = PART_TEXT;
}

static void on_text_file(void *context, int err, const char *ts, const char *problem)
{
	struct post *post = context;

	if (!err) {
		post_settle(post, ts);
		return;
	}
	log_info(&post->workspace->log, "a long text for %s is not said as a file: %s%s", post->channel, problem,
		 log_trace(post->trace));
	forget_file(post, err);
	show_in_pieces(post);
}

void show_text_as_file(struct speaking *speaking, const char *rest, struct series *series)
{
	const char *text = speaking->event->message.text;
	struct post *post = post_keyed(speaking, rest, series, false, PART_FILE);

	if (!post_was_made(post, speaking))
		send_file(post, (struct slack_upload){.bytes = text,
						      .length = strlen(text),
						      .name = "message.txt",
						      .title = "The whole text",
						      .done = on_text_file});
}

bool show_is_for_file(const char *mrkdwn)
{
	return slack_text_pieces(mrkdwn, SLACK_TEXT_POST_MAX) > LIMIT_SLACK_PARTS;
}

/* Its beginning, and all of it as a file. */
static void say_long_text(struct speaking *speaking, const char *mrkdwn, struct series *series)
{
	struct buf begin = {0};
	bool fence = false;
	const char *rest = slack_text_piece(&begin, mrkdwn, SLACK_TEXT_POST_MAX, &fence);

	post_text(speaking, buf_text(&begin), series, true);
	show_text_as_file(speaking, rest, series);
	buf_finish(&begin);
}

void show_text(struct speaking *speaking, const char *prefix, struct series *series)
{
	struct buf mrkdwn = {0};
	struct parting parting = {.speaking = speaking, .series = series};

	buf_puts(&mrkdwn, prefix);
	show_put_text(&mrkdwn, speaking);
	if (show_is_for_file(buf_text(&mrkdwn)))
		say_long_text(speaking, mrkdwn.data, parting.series);
	else
		show_each_part(buf_text(&mrkdwn), post_part, &parting);
	buf_finish(&mrkdwn);
}

static void on_file(void *context, int err, const char *ts, const char *problem)
{
	struct post *post = context;

	if (!err) {
		post_settle(post, ts);
		return;
	}
	log_info(&post->workspace->log, "a file for %s is said as its link: %s%s", post->channel, problem,
		 log_trace(post->trace));
	forget_file(post, err);
	post_send(post);
}

void show_attachment(struct speaking *speaking, const struct event_attachment *attachment, struct series *series,
                     bool first)
{
	const char *title =
	        attachment->description && *attachment->description ? attachment->description : NULL;
	struct buf mrkdwn = {0};

	if (title) {
		slack_escape(&mrkdwn, title);
		buf_puts(&mrkdwn, ": ");
	}
	slack_escape(&mrkdwn, attachment->url);
	struct post *post = post_keyed(speaking, buf_text(&mrkdwn), series, first, PART_ATTACHMENT);

	if (!post_was_made(post, speaking))
		send_file(post, (struct slack_upload){.url = attachment->url,
						      .owner = speaking->to->user->key,
						      .title = title,
						      .done = on_file});
	buf_finish(&mrkdwn);
}
