/* SPDX-License-Identifier: MIT */
#include "frontends/slack/show.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/crash_point.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/slack/avatar.h"
#include "frontends/slack/channel.h"
#include "frontends/slack/chat.h"
#include "frontends/slack/person.h"
#include "frontends/slack/posted.h"
#include "frontends/slack/recent.h"
#include "frontends/slack/show_private.h"
#include "frontends/slack/slack_emoji.h"
#include "frontends/slack/slack_file.h"
#include "frontends/slack/slack_text.h"
#include "transport/delivery.h"
#include "transport/in_flight.h"
#include "transport/session.h"
#include "transport/spool/message_map.h"
#include "transport/spool/spool.h"
#include "transport/user.h"

#define PARTS "slack parts"     /* places of the message map: the first part of a long message ... */
#define FURTHER "slack further" /* ... and the others, with spaces between them */
#define LARGEST 30000           /* characters of a message that cannot be edited: Slack cuts what is beyond 40,000 */
#define USERNAME_MAX 80         /* bytes */

static void series_release(struct series *series)
{
	if (!series || --series->references)
		return;
	mem_free(series->first);
	buf_finish(&series->further);
	mem_free(series);
}

/* Its call has ended. */
static void post_release(void *context)
{
	struct post *post = context;

	post->pending = NULL;
	if (--post->references)
		return;
	list_remove(&post->link);
	series_release(post->series);
	mem_free(post->address);
	mem_free(post->channel);
	mem_free(post->thread);
	mem_free(post->key);
	mem_free(post->found);
	mem_free(post->mrkdwn);
	mem_free(post->username);
	mem_free(post->icon_url);
	mem_free(post->people);
	mem_free(post->network);
	mem_free(post->network_id);
	mem_free(post->place);
	mem_free(post->author);
	mem_free(post->text);
	mem_free(post);
}

void slack_show_free(struct slack_frontend *frontend)
{
	LIST_EACH (link, &frontend->finished)
		post_release(CONTAINER_OF(link, struct post, link));
}

/* ------------------------------------------------------------------------------------------------ answers */

static void note_part(const struct post *post, const char *ts)
{
	struct series *series = post->series;

	if (!series->first) {
		series->first = mem_strdup(ts);
		return;
	}
	char *id = slack_message_id(post->channel, series->first);

	buf_printf(&series->further, "%s%s", series->further.len ? " " : "", ts);
	message_map_put(post->workspace->frontend->base.transport->spool,
	                &(struct message_link){.place = PARTS,
	                                       .id = id,
	                                       .other_place = FURTHER,
	                                       .other_id = buf_text(&series->further)});
	mem_free(id);
}

static void tie_ids(const struct post *post, const char *ts)
{
	struct slack_frontend *frontend = post->workspace->frontend;
	char *id = slack_message_id(post->channel, ts);

	if (post->text)
		slack_recent_note(frontend, id, post->author, post->text, post->place);
	if (post->people)
		message_map_put(frontend->base.transport->spool,
		                &(struct message_link){.place = post->people,
		                                       .id = id,
		                                       .other_place = post->network,
		                                       .other_id = post->network_id});
	mem_free(id);
}

static bool is_gone(const struct web_reply *reply)
{
	static const char *const codes[] = {"message_not_found", "no_reaction", "already_reacted",
	                                    "bad_timestamp"};
	bool gone = false;

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		gone = gone || !strcmp(reply->error, codes[i]);
	return gone;
}

static void on_landed(struct frontend *frontend, const char *address)
{
	slack_later(slack_frontend_of(frontend), slack_person_show_waiting, address);
}

static void finish(struct post *post, const struct web_reply *reply, const char *ts)
{
	struct slack_frontend *frontend = post->workspace->frontend;
	struct transport *transport = frontend->base.transport;

	CRASH_POINT("slack.posted");
	if (!reply->err) {
		if (post->series && ts)
			note_part(post, ts);
		if (ts)
			tie_ids(post, ts);
		delivery_shown(transport, post->number);
	} else if (is_gone(reply)) {
		log_debug(&frontend->base.log, "it is so already: %s", reply->error);
		delivery_shown(transport, post->number);
	} else if (reply->err == TP_ERR_AUTH) {
		/* Another token may come. */
		delivery_not_shown(transport, post->number);
	} else {
		log_warning(&post->workspace->log, "a message for %s is refused: %s", post->channel,
		            reply->problem);
		delivery_refused(transport, post->number, reply->problem);
	}
	if (post->network)
		in_flight_end(frontend->in_flight, post->network, post->network_id, on_landed, &frontend->base);
	post_release(post);
}

/* Slack has it, though no call of the post's own says so. */
static void finish_there(struct post *post, const char *ts)
{
	finish(post, &(struct web_reply){.error = "", .problem = ""}, ts);
}

static void on_posted(void *context, const struct web_reply *reply)
{
	struct post *post = context;
	struct slack_frontend *frontend = post->workspace->frontend;
	struct arena arena = {0};
	const char *ts = json_text(reply->json, "ts", &arena);

	finish(post, reply, slack_is_ts(ts) ? ts : NULL);
	arena_finish(&arena);
	slack_hold(frontend);
}

static void run_finished(struct slack_frontend *frontend, const char *unused)
{
	(void)unused;
	while (!list_empty(&frontend->finished)) {
		struct post *post = CONTAINER_OF(frontend->finished.next, struct post, link);
		char *ts = post->found;

		post->found = NULL;
		finish_there(post, ts);
		mem_free(ts);
	}
}

static void on_found(void *context, int err, const char *ts)
{
	struct post *post = context;

	if (!post->pending) {
		post_release(post);
		return;
	}
	struct web_pending *pending = post->pending;

	post_release(post);
	if (err)
		log_warning(&post->workspace->log,
		            "whether a message was posted to %s cannot be looked up: it is posted again",
		            post->channel);
	if (!ts) {
		web_call_again(&pending);
		return;
	}
	char *answer = mem_printf("{\"ok\":true,\"ts\":\"%s\"}", ts);
	struct cJSON *json = json_read(answer, strlen(answer));

	web_call_settle(&pending, json);
	json_free(&json);
	mem_free(answer);
}

/* The answer was lost: what was said may be there. */
static void on_unsure(void *context, struct web_api *api, struct web_pending *pending)
{
	struct post *post = context;

	(void)api;
	post->pending = pending;
	post->references++;
	posted_find(post->workspace, post->channel, post->thread, post->key, post->since_ms, on_found, post,
	            post_release);
}

/* ------------------------------------------------------------------------------------------------ posting */

static struct post *post_create(struct speaking *speaking)
{
	struct post *post = MEM_NEW(struct post);
	const struct spool_record *record =
	        spool_find(speaking->frontend->base.transport->spool, speaking->event->handover);

	list_init(&post->link);
	post->references = 1;
	post->workspace = speaking->workspace;
	post->number = speaking->event->handover;
	post->since_ms = record ? record->accepted_ms : clock_wall_ms();
	post->address = mem_strdup(speaking->to->address);
	post->channel = mem_strdup(speaking->channel);
	post->thread = mem_strdup(speaking->thread);
	speaking->promised++;
	return post;
}

/* It may be quoted. */
static void post_quote(struct post *post, const struct speaking *speaking)
{
	post->place = mem_strdup(speaking->place);
	post->author = mem_strdup(speaking->name);
	post->text = mem_strdup(speaking->event->message.text);
}

/* And referred to. */
static void post_name(struct post *post, const struct speaking *speaking)
{
	const struct event_message *message = &speaking->event->message;

	post_quote(post, speaking);
	if (!message->id || !*message->id)
		return;
	struct buf people = {0}, network = {0};

	delivery_places(speaking->to, message->name, message->kind == MESSAGE_ROOM, &people, &network);
	post->people = buf_take(&people);
	post->network = buf_take(&network);
	post->network_id = mem_strdup(message->id);
	in_flight_begin(&speaking->frontend->in_flight, post->network, post->network_id);
}

static void post_call(struct post *post, const char *method, const struct web_argument *arguments,
                      size_t count)
{
	struct workspace *workspace = post->workspace;
	char *lane = slack_address(workspace->team, post->channel);

	web_api_call(workspace->frontend->api, &(struct web_call){.method = method,
	                                                          .token = &workspace->token,
	                                                          .arguments = arguments,
	                                                          .arguments_count = count,
	                                                          .lane = lane,
	                                                          .unsure = post->key ? on_unsure : NULL,
	                                                          .done = on_posted,
	                                                          .context = post,
	                                                          .drop = post_release});
	mem_free(lane);
}

static bool is_old(const struct speaking *speaking)
{
	const struct spool_record *record =
	        spool_find(speaking->frontend->base.transport->spool, speaking->event->handover);

	return record && record->accepted_ms <= speaking->frontend->started_ms;
}

/* As what it is found again; also by a process after this one. */
static char *key_of(const struct speaking *speaking)
{
	if (speaking->event->handover)
		return mem_printf("%s.%" PRIu64 ".%d", speaking->frontend->records, speaking->event->handover,
		                  speaking->promised);
	return mem_printf("%s.%" PRId64 ".%d", speaking->frontend->records, clock_wall_ms(),
	                  speaking->promised);
}

/* What a post says, and as whom; of a file: its link, should it not be had. */
static void post_begin(struct post *post, const struct speaking *speaking, const char *mrkdwn)
{
	const struct event_message *message = &speaking->event->message;
	const char *avatar = message->author.avatar_url;
	struct buf url = {0};

	if (!message->author.name)
		avatar_put_url(speaking->frontend, speaking->to, message, &url);
	else if (avatar && text_starts(avatar, "https://"))
		buf_puts(&url, avatar);
	post->mrkdwn = mem_strdup(mrkdwn);
	post->username =
	        mem_strndup(speaking->name, text_cut(speaking->name, strlen(speaking->name), USERNAME_MAX));
	post->icon_url = url.len ? buf_take(&url) : NULL;
}

static void post_send(struct post *post)
{
	struct buf metadata = {0};

	posted_put_metadata(&metadata, post->key);
	const struct web_argument arguments[] = {
	        {"channel", post->channel},   {"thread_ts", post->thread},
	        {"text", post->mrkdwn},       {"username", post->username},
	        {"icon_url", post->icon_url}, {"metadata", buf_text(&metadata)}};

	CRASH_POINT("slack.posting");
	post_call(post, "chat.postMessage", arguments, ARRAY_SIZE(arguments));
	buf_finish(&metadata);
}

/* One that another process has posted is not posted again: true. */
static bool was_posted(struct post *post, const struct speaking *speaking)
{
	struct slack_frontend *frontend = speaking->frontend;
	const char *ts = NULL;

	if (!is_old(speaking) || posted_before(frontend, speaking->workspace, speaking->channel,
	                                       speaking->thread, post->key, &ts) != POSTED_YES)
		return false;
	post->found = mem_strdup(ts);
	list_append(&frontend->finished, &post->link);
	slack_later(frontend, run_finished, NULL);
	return true;
}

/* `series` NULL: it is the only one. `first`: others refer to it by the message's id. */
static struct post *post_keyed(struct speaking *speaking, const char *mrkdwn, struct series *series,
                               bool first)
{
	char *key = key_of(speaking);
	struct post *post = post_create(speaking);

	post->key = key;
	post->series = series;
	if (series)
		series->references++;
	post_begin(post, speaking, mrkdwn);
	if (first)
		post_name(post, speaking);
	return post;
}

static void post_text(struct speaking *speaking, const char *mrkdwn, struct series *series, bool first)
{
	struct post *post = post_keyed(speaking, mrkdwn, series, first);

	if (!was_posted(post, speaking))
		post_send(post);
}

static struct series *series_create(void)
{
	struct series *series = MEM_NEW(struct series);

	series->references = 1;
	return series;
}

/* Calls back for each part of a text that is too long for one message. */
static void each_part(const char *mrkdwn, void (*part)(void *context, const char *text, bool first),
                      void *context)
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

struct parting {
	struct speaking *speaking;
	struct series *series;
	const char *known; /* time stamps of parts that are there, with spaces between them; "" */
};

static void post_part(void *context, const char *text, bool first)
{
	struct parting *parting = context;

	post_text(parting->speaking, text, parting->series, first);
}

/* --------------------------------------------------------------------------------------------- what is said
 */

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

/* The text as mrkdwn. */
static void put_text(struct buf *out, const struct speaking *speaking)
{
	const struct event_message *message = &speaking->event->message;

	if (message->carbon && message->kind == MESSAGE_CHAT)
		buf_puts(out, "(from another client of yours) ");
	put_quote(out, speaking);
	if (is_emote(message)) {
		buf_putc(out, '_');
		slack_mrkdwn_write(out, message->text + strlen("/me "), NULL, NULL);
		buf_putc(out, '_');
	} else {
		slack_mrkdwn_write(out, message->text, message->xhtml, NULL);
	}
}

/* What was to be a file: in as few messages as Slack takes, the last of which is the post. */
static void post_all(struct post *post)
{
	struct workspace *workspace = post->workspace;
	char *lane = slack_address(workspace->team, post->channel);
	struct buf piece = {0};
	bool fence = false;
	const char *rest = slack_text_piece(&piece, post->mrkdwn, LARGEST, &fence);

	while (rest) {
		const struct web_argument arguments[] = {{"channel", post->channel},
							 {"thread_ts", post->thread},
							 {"text", buf_text(&piece)},
							 {"username", post->username},
							 {"icon_url", post->icon_url}};

		web_api_call(workspace->frontend->api, &(struct web_call){.method = "chat.postMessage",
									  .token = &workspace->token,
									  .arguments = arguments,
									  .arguments_count = ARRAY_SIZE(arguments),
									  .lane = lane});
		buf_clear(&piece);
		rest = slack_text_piece(&piece, rest, LARGEST, &fence);
	}
	mem_replace(&post->mrkdwn, buf_text(&piece));
	post_send(post);
	buf_finish(&piece);
	mem_free(lane);
}

static void on_text_file(void *context, int err, const char *ts, const char *problem)
{
	struct post *post = context;

	if (!err) {
		finish_there(post, ts);
		return;
	}
	log_info(&post->workspace->log, "a long text for %s is not said as a file: %s", post->channel, problem);
	post_all(post);
}

/* Its beginning, and all of it as a file. */
static void say_long_text(struct speaking *speaking, const char *mrkdwn, struct series *series)
{
	const char *text = speaking->event->message.text;
	char *lane = slack_address(speaking->workspace->team, speaking->channel);
	struct buf begin = {0};
	bool fence = false;
	const char *rest = slack_text_piece(&begin, mrkdwn, SLACK_TEXT_POST_MAX, &fence);

	post_text(speaking, buf_text(&begin), series, true);
	struct post *post = post_keyed(speaking, rest, series, false);

	if (!was_posted(post, speaking))
		slack_files_send(speaking->frontend->files, &(struct slack_upload){.token = &speaking->workspace->token,
										   .lane = lane,
										   .channel = speaking->channel,
										   .thread = speaking->thread,
										   .bytes = text,
										   .length = strlen(text),
										   .name = "message.txt",
										   .title = "The whole text",
										   .username = post->username,
										   .icon_url = post->icon_url,
										   .done = on_text_file,
										   .context = post,
										   .drop = post_release});
	buf_finish(&begin);
	mem_free(lane);
}

static void say_text(struct speaking *speaking, const char *prefix)
{
	struct buf mrkdwn = {0};
	struct parting parting = {.speaking = speaking, .series = series_create()};

	buf_puts(&mrkdwn, prefix);
	put_text(&mrkdwn, speaking);
	if (slack_text_pieces(buf_text(&mrkdwn), SLACK_TEXT_POST_MAX) > LIMIT_SLACK_PARTS)
		say_long_text(speaking, mrkdwn.data, parting.series);
	else
		each_part(buf_text(&mrkdwn), post_part, &parting);
	series_release(parting.series);
	buf_finish(&mrkdwn);
}

static void on_file(void *context, int err, const char *ts, const char *problem)
{
	struct post *post = context;

	if (!err) {
		finish_there(post, ts);
		return;
	}
	log_info(&post->workspace->log, "a file for %s is said as its link: %s", post->channel, problem);
	post_send(post);
}

/* As a file, or as its link if it cannot be had. */
static void say_attachment(struct speaking *speaking, const struct event_attachment *attachment, bool first)
{
	const char *title =
	        attachment->description && *attachment->description ? attachment->description : NULL;
	struct buf mrkdwn = {0};

	if (title) {
		slack_escape(&mrkdwn, title);
		buf_puts(&mrkdwn, ": ");
	}
	slack_escape(&mrkdwn, attachment->url);
	struct post *post = post_keyed(speaking, buf_text(&mrkdwn), NULL, first);
	char *lane = slack_address(speaking->workspace->team, speaking->channel);

	if (!was_posted(post, speaking))
		slack_files_send(speaking->frontend->files,
		                 &(struct slack_upload){.token = &speaking->workspace->token,
		                                        .lane = lane,
		                                        .channel = speaking->channel,
		                                        .thread = speaking->thread,
		                                        .url = attachment->url,
		                                        .owner = speaking->to->user->key,
		                                        .title = title,
		                                        .username = post->username,
		                                        .icon_url = post->icon_url,
		                                        .done = on_file,
		                                        .context = post,
		                                        .drop = post_release});
	mem_free(lane);
	buf_finish(&mrkdwn);
}

/* --------------------------------------------------------------------------------------- edits and deletions
 */

/* The further parts of a message; to be freed. */
static char *further_parts(const struct speaking *speaking, const char *ts)
{
	struct arena arena = {0};
	char *id = slack_message_id(speaking->channel, ts);
	const char *further = message_map_find(speaking->frontend->base.transport->spool, &arena, PARTS, id,
	                                       FURTHER, NULL, NULL);
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

static void delete_one(struct speaking *speaking, const char *ts)
{
	const struct web_argument arguments[] = {{"channel", speaking->channel}, {"ts", ts}};

	post_call(post_create(speaking), "chat.delete", arguments, ARRAY_SIZE(arguments));
}

static void update_part(void *context, const char *text, bool first)
{
	struct parting *parting = context;
	struct speaking *speaking = parting->speaking;

	if (!*parting->known) {
		post_text(speaking, text, parting->series, false);
		return;
	}
	char *ts = take_word(&parting->known);
	struct post *post = post_create(speaking);
	const struct web_argument arguments[] = {{"channel", speaking->channel}, {"ts", ts}, {"text", text}};

	post->series = parting->series;
	parting->series->references++;
	/* What is edited goes on to be called what it was. */
	if (first)
		post_quote(post, speaking);
	post_call(post, "chat.update", arguments, ARRAY_SIZE(arguments));
	mem_free(ts);
}

/* Part by part: what has become longer goes on behind, what has become shorter loses its last. */
static void edit(struct speaking *speaking, const char *ts)
{
	struct buf mrkdwn = {0};
	char *further = further_parts(speaking, ts),
	     *known = mem_printf("%s%s%s", ts, *further ? " " : "", further);
	struct parting parting = {.speaking = speaking, .series = series_create(), .known = known};

	put_text(&mrkdwn, speaking);
	each_part(buf_text(&mrkdwn), update_part, &parting);
	while (*parting.known) {
		char *left = take_word(&parting.known);

		delete_one(speaking, left);
		mem_free(left);
	}
	series_release(parting.series);
	buf_finish(&mrkdwn);
	mem_free(known);
	mem_free(further);
}

static void take_back(struct speaking *speaking, const char *ts)
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

/* ----------------------------------------------------------------------------------------------- reactions
 */

struct reacting {
	struct speaking *speaking;
	const char *ts;
};

static void change_reaction(void *context, const char *emoji, bool added)
{
	struct reacting *reacting = context;
	struct speaking *speaking = reacting->speaking;
	struct buf name = {0};
	size_t length = strlen(emoji);

	if (length > 2 && emoji[0] == ':' && emoji[length - 1] == ':') {
		buf_append(&name, emoji + 1, length - 2);
	} else if (!slack_emoji_put_name(&name, emoji)) {
		/* Slack has no such one: in words, below the message. */
		if (added) {
			const char *thread = speaking->thread;
			struct buf text = {0};

			slack_escape(&text, emoji);
			speaking->thread = thread ? thread : reacting->ts;
			post_text(speaking, buf_text(&text), NULL, false);
			speaking->thread = thread;
			buf_finish(&text);
		}
		buf_finish(&name);
		return;
	}
	const struct web_argument arguments[] = {
	        {"channel", speaking->channel}, {"timestamp", reacting->ts}, {"name", buf_text(&name)}};

	post_call(post_create(speaking), added ? "reactions.add" : "reactions.remove", arguments,
	          ARRAY_SIZE(arguments));
	buf_finish(&name);
}

static void react(struct speaking *speaking, const char *ts)
{
	const struct event_message *message = &speaking->event->message;
	struct reacting reacting = {speaking, ts};
	char *id = slack_message_id(speaking->channel, ts);

	slack_recent_set_reactions(speaking->frontend, id, speaking->name, message->reactions,
	                           message->reactions_count, change_reaction, &reacting);
	mem_free(id);
}

/* ---------------------------------------------------------------------------------------------- who speaks
 */

static void speak(struct speaking *speaking)
{
	const struct event_message *message = &speaking->event->message;
	const char *reacts_to = slack_message_ts(message->reacts_to, speaking->channel);
	const char *retracts = slack_message_ts(message->retracts, speaking->channel);
	const char *replaces = slack_message_ts(message->replaces, speaking->channel);
	bool says = !event_text_is_file(message);

	if (reacts_to) {
		react(speaking, reacts_to);
	} else if (retracts) {
		take_back(speaking, retracts);
	} else if (replaces) {
		edit(speaking, replaces);
	} else {
		if (says)
			say_text(speaking, message->replaces ? "* " : "");
		for (size_t i = 0; i < message->attachments_count; i++)
			say_attachment(speaking, &message->attachments[i], !says && i == 0);
	}
}

/* Where what is said in the channel belongs: NULL, or a thread of it. */
static const char *thread_of(const struct event_message *message, const struct channel *channel)
{
	return channel->kind == CHANNEL_CHAT ? channel->at.thread
	                                     : slack_message_ts(message->thread, channel->at.id);
}

/* Whether it can be said there now: what a process before this one has posted has to be known. */
static bool is_looked_up(struct speaking *speaking, const struct channel *channel)
{
	const char *ts;
	struct workspace *workspace = workspace_find(speaking->frontend, channel->at.team);

	return !workspace || !is_old(speaking) ||
	       posted_before(speaking->frontend, workspace, channel->at.id,
	                     thread_of(&speaking->event->message, channel), "", &ts) != POSTED_UNKNOWN;
}

static void speak_in(struct speaking *speaking, const struct channel *channel)
{
	speaking->workspace = workspace_find(speaking->frontend, channel->at.team);
	speaking->place = channel->place;
	speaking->channel = channel->at.id;
	speaking->thread = thread_of(&speaking->event->message, channel);
	/* Nobody can say anything in an archived channel. */
	if (speaking->workspace && !channel->archived)
		speak(speaking);
}

static bool was_said_in(const struct speaking *speaking, const struct channel *channel)
{
	const char *said_in = speaking->event->message.said_in;

	return said_in && !strcmp(said_in, channel->place);
}

static void speak_in_portal(struct slack_frontend *frontend, struct channel *channel, void *context)
{
	(void)frontend;
	if (!was_said_in(context, channel))
		speak_in(context, channel);
}

struct checking {
	struct speaking *speaking;
	bool known;
};

static void check_portal(struct slack_frontend *frontend, struct channel *channel, void *context)
{
	struct checking *checking = context;

	(void)frontend;
	checking->known = is_looked_up(checking->speaking, channel) && checking->known;
}

static int show_in_portal(struct speaking *speaking)
{
	const struct event_message *message = &speaking->event->message;
	struct checking checking = {speaking, true};

	speaking->name = message->author.name                      ? message->author.name
	                 : message->nickname && *message->nickname ? message->nickname
	                                                           : message->name;
	channel_each_portal(speaking->frontend, message->name, check_portal, &checking);
	if (!checking.known)
		return TP_ERR_NOT_CONNECTED;
	channel_each_portal(speaking->frontend, message->name, speak_in_portal, speaking);
	return speaking->promised;
}

static int show_in_chat(struct speaking *speaking)
{
	const struct event_message *message = &speaking->event->message;
	bool in_room = message->kind == MESSAGE_ROOM_PRIVATE;
	char *name = channel_chat_name(message);
	const struct channel *channel =
	        slack_chat_open(speaking->frontend, speaking->to->address, name, in_room);

	speaking->name = in_room ? message->nickname : name;
	bool ready = channel && is_looked_up(speaking, channel);

	if (ready)
		speak_in(speaking, channel);
	mem_free(name);
	return ready ? speaking->promised : TP_ERR_NOT_CONNECTED;
}

int slack_show_message(struct slack_frontend *frontend, struct identity *to, const struct event *event)
{
	struct speaking speaking = {.frontend = frontend, .to = to, .event = event};

	if (in_flight_waits(frontend->in_flight, to, event))
		return TP_ERR_NOT_CONNECTED;
	int shown = event->message.kind == MESSAGE_ROOM ? show_in_portal(&speaking) : show_in_chat(&speaking);

	slack_hold(frontend);
	return shown;
}

int slack_show_attention(struct slack_frontend *frontend, struct identity *to, const struct event *event)
{
	struct event message = *event;

	message.type = EVENT_MESSAGE;
	message.message.kind = MESSAGE_CHAT;
	if (!message.message.text || !*message.message.text)
		message.message.text = "/me wants your attention.";
	return slack_show_message(frontend, to, &message);
}
