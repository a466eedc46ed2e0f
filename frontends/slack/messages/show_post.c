/* SPDX-License-Identifier: MIT */
/* One message on its way to Slack: how it is posted, found again, and what its answer means. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/crash_point.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "frontends/slack/channels/channel.h"
#include "frontends/slack/messages/incoming.h"
#include "frontends/slack/messages/posted.h"
#include "frontends/slack/messages/reactions_put.h"
#include "frontends/slack/messages/recent.h"
#include "frontends/slack/messages/show.h"
#include "frontends/slack/messages/show_private.h"
#include "frontends/slack/people/avatar.h"
#include "frontends/slack/people/person.h"
#include "transport/media/media.h"
#include "transport/people/session.h"
#include "transport/routing/delivery.h"
#include "transport/routing/in_flight.h"
#include "transport/spool/message_map.h"
#include "transport/spool/spool.h"

#define USERNAME_MAX 80 /* bytes */
#define CLOCKS_APART_MS 60000 /* Slack's and ours, at most */

void series_release(struct series *series)
{
	if (!series || --series->references)
		return;
	mem_free(series->first);
	buf_finish(&series->further);
	mem_free(series);
}

/* ---- messages that have no time stamp yet ---- */

struct unnamed {
	unsigned count;
	int64_t since_ms; /* Unix milliseconds: when the first was sent */
};

static void unnamed_begin(struct post *post)
{
	struct slack_frontend *frontend = post->workspace->frontend;
	char *place = slack_address(post->workspace->team, post->channel);
	struct unnamed *unnamed = map_get(frontend->unnamed, place);

	if (!unnamed) {
		unnamed = MEM_NEW(struct unnamed);
		unnamed->since_ms = clock_wall_ms();
		map_set(&frontend->unnamed, place, unnamed);
	}
	unnamed->count++;
	post->unnamed = place;
}

static void unnamed_end(struct post *post)
{
	struct slack_frontend *frontend = post->workspace->frontend;
	struct unnamed *unnamed = post->unnamed ? map_get(frontend->unnamed, post->unnamed) : NULL;

	if (unnamed && --unnamed->count == 0)
		mem_free(map_remove(frontend->unnamed, post->unnamed));
	if (unnamed && !frontend->stopping)
		slack_later(frontend, incoming_go_on, NULL);
	mem_free(post->unnamed);
	post->unnamed = NULL;
}

bool slack_show_is_unnamed(const struct slack_frontend *frontend, const char *team, const char *channel, const char *ts)
{
	if (!map_count(frontend->unnamed) && !map_count(frontend->lookups))
		return false;
	char *place = slack_address(team, channel), *id = slack_message_id(channel, ts);
	const struct unnamed *unnamed = map_get(frontend->unnamed, place);
	int64_t since_ms = unnamed ? unnamed->since_ms + web_api_ahead_ms(frontend->api) : 0;
	bool may_be = (unnamed && slack_ts_ms(ts) + CLOCKS_APART_MS >= since_ms) ||
	              posted_is_looked_up(frontend, place);
	bool is = may_be && !slack_recent_find(frontend, id);

	mem_free(place);
	mem_free(id);
	return is;
}

/* ---- a post ---- */

void post_release(void *context)
{
	struct post *post = context;

	post->pending = NULL;
	if (--post->references)
		return;
	unnamed_end(post);
	list_remove(&post->link);
	if (post->landing)
		landing_end(post->landing, LANDING_DROPPED, NULL, false);
	series_release(post->series);
	mem_free(post->address);
	mem_free(post->room);
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
	mem_free(post->in_flight);
	mem_free(post->place);
	mem_free(post->author);
	mem_free(post->text);
	mem_free(post->reacts_to);
	mem_free(post->who);
	mem_free(post->reaction);
	mem_free(post);
}

void slack_show_free(struct slack_frontend *frontend)
{
	LIST_EACH (link, &frontend->finished)
		post_release(CONTAINER_OF(link, struct post, link));
	map_destroy(&frontend->unnamed, mem_free);
}

/* ---- answers ---- */

static void keep_further(const struct post *post)
{
	struct series *series = post->series;
	char *id = slack_message_id(post->channel, series->first);

	message_map_put(post->workspace->frontend->base.transport->spool,
	                &(struct message_link){.place = SHOW_PARTS,
	                                       .id = id,
	                                       .other_place = SHOW_FURTHER,
	                                       .other_id = buf_text(&series->further)});
	mem_free(id);
}

/* Files are shared when Slack likes, not in the order in which they were said. */
static void note_part(const struct post *post, const char *ts)
{
	struct series *series = post->series;

	if (post->is_first) {
		mem_replace(&series->first, ts);
	} else {
		if (series->further.len)
			buf_putc(&series->further, ' ');
		if (post->part != PART_TEXT)
			buf_putc(&series->further, (char)post->part);
		buf_puts(&series->further, ts);
	}
	if (series->first && (series->further.len || series->had_further))
		keep_further(post);
}

static void tie_copy(const struct post *post, const char *id)
{
	char *copy = mem_printf(SHOW_COPY "%s", post->place);

	message_map_put(post->workspace->frontend->base.transport->spool,
	                &(struct message_link){.place = post->network,
	                                       .id = post->network_id,
	                                       .other_place = copy,
	                                       .other_id = id});
	mem_free(copy);
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
	if (post->people && post->is_copy)
		tie_copy(post, id);
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
	enum landing_end end = LANDING_TAKEN;
	bool closed = false;

	unnamed_end(post);

	CRASH_POINT("slack.posted");
	if (post->reaction)
		reactions_put_end(frontend->reactions,
		                  &(struct reaction_change){post->reacts_to, post->who, post->reaction, post->added},
		                  !reply->err || is_gone(reply));
	if (!reply->err) {
		if (post->series && ts)
			note_part(post, ts);
		if (ts)
			tie_ids(post, ts);
	} else if (is_gone(reply)) {
		log_debug(&frontend->base.log, "it is so already: %s%s", reply->error, log_trace(post->trace));
	} else if (reply->err == TP_ERR_AUTH && post->room && channel_room_is_served(frontend, post->room)) {
		/* The other channels of the room have it, and go on. */
		log_warning(&post->workspace->log, "a message for %s is not shown there: the workspace is lost to us%s",
		            post->channel, log_trace(post->trace));
		end = LANDING_LEFT_OUT;
	} else if (reply->err == TP_ERR_AUTH) {
		/* Another token may come. */
		end = LANDING_WAITS;
	} else {
		log_warning(&post->workspace->log, "a message for %s is refused: %s%s", post->channel,
		            reply->problem, log_trace(post->trace));
		end = LANDING_REFUSED;
		closed = post->key && (reply->err == TP_ERR_NOT_ALLOWED || reply->err == TP_ERR_NOT_FOUND);
	}
	if (post->is_file && end != LANDING_WAITS)
		spool_note_set(frontend->base.transport->spool, SHOW_UPLOAD, post->key, NULL, 0);
	if (post->in_flight)
		in_flight_end(frontend->in_flight, post->network, post->in_flight, on_landed, &frontend->base);
	struct landing *landing = post->landing;

	post->landing = NULL;
	landing_end(landing, end, reply->problem, closed);
	post_release(post);
}

void post_end(struct post *post, const struct web_reply *reply)
{
	finish(post, reply, NULL);
}

void post_note_part(struct post *post, const char *ts)
{
	if (post->series && ts)
		note_part(post, ts);
}

void post_settle(struct post *post, const char *ts)
{
	finish(post, &(struct web_reply){.error = "", .problem = ""}, ts);
}

static void on_posted(void *context, const struct web_reply *reply)
{
	struct post *post = context;
	struct arena arena = {0};
	const char *ts = json_text(reply->json, "ts", &arena);

	finish(post, reply, slack_is_ts(ts) ? ts : NULL);
	arena_finish(&arena);
}

static void run_finished(struct slack_frontend *frontend, const char *unused)
{
	(void)unused;
	while (!list_empty(&frontend->finished)) {
		struct post *post = CONTAINER_OF(frontend->finished.next, struct post, link);
		char *ts = post->found;

		post->found = NULL;
		post_settle(post, ts);
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
		            "whether a message was posted to %s cannot be looked up: it is posted again%s",
		            post->channel, log_trace(post->trace));
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

/* ---- posting ---- */

struct post *post_create(struct speaking *speaking)
{
	struct post *post = MEM_NEW(struct post);
	const struct spool_record *record =
	        spool_find(speaking->frontend->base.transport->spool, speaking->event->handover);

	list_init(&post->link);
	post->references = 1;
	post->workspace = speaking->workspace;
	post->trace = speaking->event->trace;
	post->landing = speaking->landing;
	landing_expect(post->landing);
	post->since_ms = record ? record->accepted_ms : clock_wall_ms();
	post->was_tried = post_is_old(speaking, speaking->workspace);
	post->address = mem_strdup(speaking->to->address);
	if (speaking->event->message.kind == MESSAGE_ROOM)
		post->room = mem_strdup(speaking->event->message.name);
	post->channel = mem_strdup(speaking->channel);
	post->thread = mem_strdup(speaking->thread);
	speaking->made++;
	return post;
}

void post_quote(struct post *post, const struct speaking *speaking)
{
	post->place = mem_strdup(speaking->place);
	post->author = mem_strdup(speaking->name);
	post->text = mem_strdup(speaking->event->message.text);
}

char *show_parts_id(const char *id)
{
	return mem_printf("%s parts", id);
}

/* What refers to the message waits for its first part; what changes it for all of them. */
static void post_name(struct post *post, const struct speaking *speaking, bool first)
{
	const struct event_message *message = &speaking->event->message;
	struct buf people = {0}, network = {0};

	if (first)
		post_quote(post, speaking);
	if (!message->id || !*message->id)
		return;
	delivery_places(speaking->to, message->name, message->kind == MESSAGE_ROOM, &people, &network);
	if (first) {
		post->people = mem_strdup(buf_text(&people));
		unnamed_begin(post);
	}
	post->network = buf_take(&network);
	post->network_id = mem_strdup(message->id);
	post->in_flight = first ? mem_strdup(message->id) : show_parts_id(message->id);
	post->is_copy = speaking->is_copy;
	in_flight_begin(&speaking->frontend->in_flight, post->network, post->in_flight);
	buf_finish(&people);
}

void post_join(struct post *post, struct series *series, bool first, enum part part)
{
	post->part = part;
	post->is_first = first;
	post->series = series;
	if (series)
		series->references++;
}

void post_call(struct post *post, const char *method, const struct web_argument *arguments, size_t count)
{
	struct workspace *workspace = post->workspace;
	char *lane = slack_address(workspace->team, post->channel);

	web_api_call(workspace->frontend->api, &(struct web_call){.method = method,
	                                                          .token = &workspace->token,
	                                                          .arguments = arguments,
	                                                          .arguments_count = count,
	                                                          .lane = lane,
	                                                          .trace = post->trace,
	                                                          .unsure = post->key ? on_unsure : NULL,
	                                                          .done = on_posted,
	                                                          .context = post,
	                                                          .drop = post_release});
	mem_free(lane);
}

bool post_is_old(const struct speaking *speaking, const struct workspace *workspace)
{
	const struct spool_record *record =
	        spool_find(speaking->frontend->base.transport->spool, speaking->event->handover);

	return record && (record->accepted_ms <= workspace->ready_ms || record->dead_ms);
}

/* As what it is found again; also by a process after this one. */
static char *key_of(const struct speaking *speaking)
{
	if (speaking->event->handover)
		return mem_printf("%s.%" PRIu64 ".%d", speaking->frontend->records, speaking->event->handover,
		                  speaking->made);
	return mem_printf("%s.%" PRId64 ".%d", speaking->frontend->records, clock_wall_ms(), speaking->made);
}

static bool is_ours(const struct slack_frontend *frontend, const char *url)
{
	const struct media *media = frontend->base.transport->media;

	return media && media_is_own_url(media, url);
}

/* What a post says, and as whom; of a file: its link, should it not be had. */
static void post_begin(struct post *post, const struct speaking *speaking, const char *mrkdwn)
{
	const struct event_message *message = &speaking->event->message;
	const char *avatar = message->author.avatar_url;
	struct buf url = {0};

	if (avatar && (text_starts(avatar, "https://") || is_ours(speaking->frontend, avatar)))
		buf_puts(&url, avatar);
	else if (!message->author.name)
		avatar_put_url(speaking->frontend, speaking->to, message, &url);
	post->mrkdwn = mem_strdup(mrkdwn);
	post->username =
	        mem_strndup(speaking->name, text_cut(speaking->name, strlen(speaking->name), USERNAME_MAX));
	post->icon_url = url.len ? buf_take(&url) : NULL;
}

void post_send(struct post *post)
{
	struct buf metadata = {0};

	posted_put_metadata(&metadata, post->key);
	const struct web_argument arguments[] = {
	        {"channel", post->channel},   {"thread_ts", post->thread},
	        {"text", post->mrkdwn},       {"username", post->username},
	        {"icon_url", post->icon_url}, {"metadata", buf_text(&metadata)},
	        {"parse", "none"},            {"link_names", "false"}};

	CRASH_POINT("slack.posting");
	post_call(post, "chat.postMessage", arguments, ARRAY_SIZE(arguments));
	buf_finish(&metadata);
}

bool post_was_made(struct post *post, const struct speaking *speaking)
{
	struct slack_frontend *frontend = speaking->frontend;
	const char *ts = NULL;

	if (!post->was_tried || posted_before(speaking->workspace, speaking->channel, speaking->thread, post->key,
	                                      spool_find(frontend->base.transport->spool, speaking->event->handover),
	                                      &ts) != POSTED_YES)
		return false;
	post->found = mem_strdup(ts);
	list_append(&frontend->finished, &post->link);
	slack_later(frontend, run_finished, NULL);
	return true;
}

struct post *post_keyed(struct speaking *speaking, const char *mrkdwn, struct series *series, bool first,
                        enum part part)
{
	char *key = key_of(speaking);
	struct post *post = post_create(speaking);

	post->key = key;
	post_join(post, series, first, part);
	post_begin(post, speaking, mrkdwn);
	if (first || series)
		post_name(post, speaking, first);
	return post;
}

void post_text(struct speaking *speaking, const char *mrkdwn, struct series *series, bool first)
{
	struct post *post = post_keyed(speaking, mrkdwn, series, first, PART_TEXT);

	if (!post_was_made(post, speaking))
		post_send(post);
}

struct series *series_create(void)
{
	struct series *series = MEM_NEW(struct series);

	series->references = 1;
	return series;
}
