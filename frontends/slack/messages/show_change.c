/* SPDX-License-Identifier: MIT */
/* What changes of what was said: edits, deletions, reactions. */
#include <string.h>

#include "base/crash_point.h"
#include "frontends/slack/messages/reactions_put.h"
#include "frontends/slack/messages/show_private.h"
#include "frontends/slack/wire/slack_emoji.h"
#include "frontends/slack/wire/slack_text.h"
#include "transport/spool/message_map.h"

/* ---- edits and deletions ---- */

/* The further parts of a message; to be freed. */
static char *further_parts(const struct speaking *speaking, const char *ts)
{
	struct arena arena = {0};
	char *id = slack_message_id(speaking->channel, ts);
	const char *further = message_map_find(speaking->frontend->base.transport->spool, &arena, SHOW_PARTS, id,
	                                       SHOW_FURTHER, NULL, NULL);
	char *copy = mem_strdup(further ? further : "");

	mem_free(id);
	arena_finish(&arena);
	return copy;
}

/* The next of some words, cut out; "": there are no more. */
static char *take_word(const char **words)
{
	size_t length = strcspn(*words, " ");
	char *word = mem_strndup(*words, length);

	*words += length + strspn(*words + length, " ");
	return word;
}

static void delete_one(struct speaking *speaking, const char *part)
{
	const char *ts = *part == PART_FILE || *part == PART_ATTACHMENT ? part + 1 : part;
	const struct web_argument arguments[] = {{"channel", speaking->channel}, {"ts", ts}};

	CRASH_POINT("slack.deleting");
	post_call(post_create(speaking), "chat.delete", arguments, ARRAY_SIZE(arguments));
}

static void delete_next(struct parting *parting)
{
	char *part = take_word(&parting->known);

	delete_one(parting->speaking, part);
	mem_free(part);
}

/* Attachments stay, behind what the text becomes; what a file says cannot be another. */
static void pass_files(struct parting *parting)
{
	while (*parting->known == PART_FILE || *parting->known == PART_ATTACHMENT) {
		if (*parting->known == PART_FILE) {
			delete_next(parting);
			continue;
		}
		char *part = take_word(&parting->known);

		buf_printf(&parting->series->further, "%s%s", parting->series->further.len ? " " : "", part);
		mem_free(part);
	}
}

static void update_part(void *context, const char *text, bool first)
{
	struct parting *parting = context;
	struct speaking *speaking = parting->speaking;

	pass_files(parting);
	if (!*parting->known) {
		post_text(speaking, text, parting->series, false);
		return;
	}
	char *ts = take_word(&parting->known);
	struct post *post = post_create(speaking);
	const struct web_argument arguments[] = {
	        {"channel", speaking->channel}, {"ts", ts}, {"text", text}, {"parse", "none"}, {"link_names", "false"}};

	CRASH_POINT("slack.editing");
	post_join(post, parting->series, first, PART_TEXT);
	/* What is edited goes on to be called what it was. */
	if (first)
		post_quote(post, speaking);
	post_call(post, "chat.update", arguments, ARRAY_SIZE(arguments));
	mem_free(ts);
}

/* Part by part: what has become longer goes on behind, what has become shorter loses its last; of very long ones the
 * beginning, and another file. */
void show_edit(struct speaking *speaking, const char *ts)
{
	struct buf mrkdwn = {0}, begin = {0};
	const char *rest = NULL;
	bool fence = false;
	char *further = further_parts(speaking, ts),
	     *known = mem_printf("%s%s%s", ts, *further ? " " : "", further);
	struct parting parting = {.speaking = speaking, .series = series_create(), .known = known};

	parting.series->had_further = *further;
	show_put_text(&mrkdwn, speaking);
	if (show_is_for_file(buf_text(&mrkdwn)))
		rest = slack_text_piece(&begin, buf_text(&mrkdwn), SLACK_TEXT_POST_MAX, &fence);
	if (rest)
		update_part(&parting, buf_text(&begin), true);
	else
		show_each_part(buf_text(&mrkdwn), update_part, &parting);
	for (pass_files(&parting); *parting.known; pass_files(&parting))
		delete_next(&parting);
	if (rest)
		show_text_as_file(speaking, rest, parting.series);
	buf_finish(&begin);
	series_release(parting.series);
	buf_finish(&mrkdwn);
	mem_free(known);
	mem_free(further);
}

void show_take_back(struct speaking *speaking, const char *ts)
{
	char *further = further_parts(speaking, ts);
	const char *rest = further;

	delete_one(speaking, ts);
	while (*rest) {
		char *next = take_word(&rest);

		delete_one(speaking, next);
		mem_free(next);
	}
	mem_free(further);
}

/* ---- reactions ---- */

struct reacting {
	struct speaking *speaking;
	const char *ts;
};

static struct post *of_reaction(struct post *post, const struct reaction_change *change)
{
	post->reacts_to = mem_strdup(change->message);
	post->who = mem_strdup(change->who);
	post->reaction = mem_strdup(change->emoji);
	post->added = change->added;
	return post;
}

/* Slack has no such one: in words, below the message. What was said so stays. */
static void say_reaction(const struct reacting *reacting, const struct reaction_change *change)
{
	struct speaking *speaking = reacting->speaking;
	const char *thread = speaking->thread;
	struct buf text = {0};

	if (!change->added) {
		reactions_put_end(speaking->frontend->reactions, change, true);
		return;
	}
	slack_escape(&text, change->emoji);
	speaking->thread = thread ? thread : reacting->ts;
	struct post *post = of_reaction(post_keyed(speaking, buf_text(&text), NULL, false, PART_TEXT), change);

	if (!post_was_made(post, speaking))
		post_send(post);
	speaking->thread = thread;
	buf_finish(&text);
}

static void change_reaction(void *context, const struct reaction_change *change)
{
	const struct reacting *reacting = context;
	struct speaking *speaking = reacting->speaking;
	const char *emoji = change->emoji;
	struct buf name = {0};
	size_t length = strlen(emoji);

	if (length > 2 && emoji[0] == ':' && emoji[length - 1] == ':')
		buf_append(&name, emoji + 1, length - 2);
	else
		slack_emoji_put_name(&name, emoji);
	if (!name.len) {
		say_reaction(reacting, change);
		buf_finish(&name);
		return;
	}
	const struct web_argument arguments[] = {
	        {"channel", speaking->channel}, {"timestamp", reacting->ts}, {"name", buf_text(&name)}};

	CRASH_POINT("slack.reacting");
	post_call(of_reaction(post_create(speaking), change), change->added ? "reactions.add" : "reactions.remove",
	          arguments, ARRAY_SIZE(arguments));
	buf_finish(&name);
}

void show_react(struct speaking *speaking, const char *ts)
{
	const struct event_message *message = &speaking->event->message;
	const char *author = message->author.id;
	struct reacting reacting = {speaking, ts};
	char *id = slack_message_id(speaking->channel, ts);

	reactions_put_set(speaking->frontend->reactions, id, author && *author ? author : speaking->name,
	                  message->reactions, message->reactions_count, change_reaction, &reacting);
	mem_free(id);
}
