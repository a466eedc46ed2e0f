/* SPDX-License-Identifier: MIT */
#include "frontends/slack/channels/history.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/crash_point.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "config/limits.h"
#include "frontends/slack/channels/missed.h"
#include "frontends/slack/messages/incoming.h"
#include "transport/spool/message_map.h"
#include "transport/spool/spool.h"

#define SEEN "slack seen" /* notes of the spool: place -> time stamp of the last message that was taken */
#define FLOOR "slack tied" /* place -> what was said before is none of ours */
#define THREADS "slack threads" /* place -> threads in which something was said lately, the newest last */
#define TOPIC "slack topic" /* place -> time stamp of the newest topic, our own included */
#define ARCHIVED "slack archived" /* place -> when it was archived, or opened again */
#define RENAMED "slack called" /* place -> time stamp of the newest name, our own included */
#define IN_CHAT "slack in chat" /* of the message map: "TEAM/CHANNEL/TS" -> the thread that it is in */
#define CHAT "slack chat"
#define PAGE 200         /* messages; fewer if that is too large an answer */
#define LIVE_THREADS 20 /* of a channel */

/* ------------------------------------------------------------------------------------------------- notes */

static char *note_get(const struct slack_frontend *frontend, const char *kind, const char *place)
{
	return spool_note_text(frontend->base.transport->spool, kind, place);
}

static void note_set(struct slack_frontend *frontend, const char *kind, const char *place, const char *value)
{
	spool_note_set_text(frontend->base.transport->spool, kind, place, value);
}

static void note_thread(struct slack_frontend *frontend, const char *place, const char *thread)
{
	char *known = note_get(frontend, THREADS, place), *rest = NULL;
	const char *others[LIVE_THREADS];
	size_t count = 0;
	struct buf out = {0};

	for (char *word = known ? strtok_r(known, " ", &rest) : NULL; word && count < LIVE_THREADS;
	     word = strtok_r(NULL, " ", &rest))
		if (strcmp(word, thread) != 0)
			others[count++] = word;
	/* This one behind them; the oldest goes if there are too many. */
	for (size_t i = count == LIVE_THREADS ? 1 : 0; i < count; i++)
		buf_printf(&out, "%s ", others[i]);
	buf_puts(&out, thread);
	note_set(frontend, THREADS, place, buf_text(&out));
	buf_finish(&out);
	mem_free(known);
}

static void note_chat(struct slack_frontend *frontend, const struct channel *chat, const char *ts)
{
	char *message = slack_thread_place(chat->at.team, chat->at.id, ts);

	message_map_put(frontend->base.transport->spool, &(struct message_link){.place = IN_CHAT,
										.id = message,
										.other_place = CHAT,
										.other_id = chat->at.thread});
	mem_free(message);
}

struct channel *history_chat_of(const struct slack_frontend *frontend, const char *team, const char *channel,
				const char *ts)
{
	struct arena arena = {0};
	char *message = slack_thread_place(team, channel, ts);
	const char *thread = message_map_find(frontend->base.transport->spool, &arena, IN_CHAT, message, CHAT, NULL, NULL);
	struct channel *chat = thread ? channel_find(frontend, team, channel, thread) : NULL;

	mem_free(message);
	arena_finish(&arena);
	return chat;
}

void history_begin(struct slack_frontend *frontend, const struct channel *channel)
{
	char now[SLACK_ID_MAX + 1];
	int64_t now_ms = clock_wall_ms() + web_api_ahead_ms(frontend->api);
	const char *from = channel->kind == CHANNEL_CHAT ? channel->at.thread : now;

	snprintf(now, sizeof(now), "%" PRId64 ".%06" PRId64, now_ms / 1000, now_ms % 1000 * 1000);
	note_set(frontend, SEEN, channel->place, from);
	note_set(frontend, FLOOR, channel->place, from);
	known_begin(frontend, channel);
}

void history_forget(struct slack_frontend *frontend, struct channel *channel)
{
	known_forget(frontend, channel);
	note_set(frontend, SEEN, channel->place, NULL);
	note_set(frontend, FLOOR, channel->place, NULL);
	note_set(frontend, THREADS, channel->place, NULL);
	note_set(frontend, TOPIC, channel->place, NULL);
	note_set(frontend, ARCHIVED, channel->place, NULL);
	note_set(frontend, RENAMED, channel->place, NULL);
}

bool history_is_newest(struct slack_frontend *frontend, const struct channel *channel, const struct slack_event *event)
{
	const char *kind = event->kind == SLACK_TOPIC     ? TOPIC
	                   : event->kind == SLACK_ARCHIVE ? ARCHIVED
	                   : event->kind == SLACK_RENAME  ? RENAMED
	                                                  : NULL;
	const char *ts = event->ts ? event->ts : event->event_ts;

	if (!kind || !ts)
		return true;
	char *newest = note_get(frontend, kind, channel->place);
	bool is_newest = !slack_is_ts(newest) || slack_ts_compare(newest, ts) <= 0;

	/* Which of the event and the message about a rename is the later one nobody says. */
	if (is_newest && (event->kind != SLACK_RENAME || event->ts))
		note_set(frontend, kind, channel->place, ts);
	mem_free(newest);
	return is_newest;
}

bool history_is_waited_for(const struct channel *channel)
{
	return channel->catching_up && clock_ms() - channel->catching_since_ms < LIMIT_SLACK_HISTORY_WAIT_MS;
}

/* Threads below older messages are read if something was said in them lately: that is not so sure. */
bool history_has(const struct channel *channel, const struct slack_event *event)
{
	bool in_thread = event->thread_ts && event->ts && strcmp(event->thread_ts, event->ts) != 0;

	return event->kind == SLACK_MESSAGE && (channel->kind == CHANNEL_CHAT || !in_thread);
}

void history_seen(struct slack_frontend *frontend, const struct channel *channel, const char *ts,
                  const char *thread)
{
	if (channel->kind == CHANNEL_CHAT)
		note_chat(frontend, channel, ts);
	else if (thread)
		note_thread(frontend, channel->place, thread);
	/* What lies before is still being read. */
	if (channel->catching_up)
		return;
	char *before = note_get(frontend, SEEN, channel->place);

	if (!slack_is_ts(before) || slack_ts_compare(before, ts) < 0)
		note_set(frontend, SEEN, channel->place, ts);
	mem_free(before);
}

/* --------------------------------------------------------------------------------------------- catching up
 */

/* One conversation, whose messages and then threads are read. */
struct reading {
	struct slack_frontend *frontend;
	char *since;          /* time stamp: what is behind it is handed on */
	char *seen;           /* of the last message that was seen: what is before it may have come */
	char *from;           /* somewhat before: a thread may have begun below an older message */
	unsigned looked;      /* older messages that were looked at for that, and for what has changed */
	bool stopped;         /* there are more than are read */
	char *oldest;         /* of what was read now; NULL */
	struct missed *missed;
	struct list messages; /* struct message.link, oldest first */
	unsigned count, page;
	struct map *threads; /* still to be read */
	char *thread;        /* which is being read; NULL: the conversation itself */
	char place[];
};

struct message {
	struct list link;
	struct cJSON *json;
};

static void read_next(struct reading *reading);

static void messages_free(struct reading *reading)
{
	LIST_EACH (link, &reading->messages) {
		struct message *message = CONTAINER_OF(link, struct message, link);

		list_remove(&message->link);
		json_free(&message->json);
		mem_free(message);
	}
	reading->count = reading->looked = 0;
}

static void reading_free(void *context)
{
	struct reading *reading = context;

	messages_free(reading);
	map_destroy(&reading->threads, NULL);
	mem_free(reading->since);
	mem_free(reading->seen);
	mem_free(reading->from);
	mem_free(reading->thread);
	mem_free(reading->oldest);
	missed_destroy(&reading->missed);
	mem_free(reading);
}

/* A tombstone has no mark of its own: where the message was seen, its end was most likely told, too. */
static bool was_told(const struct reading *reading, const struct cJSON *json, const char *ts)
{
	struct arena arena = {0};
	const char *subtype = json_text(json, "subtype", &arena);
	bool told = subtype && !strcmp(subtype, "tombstone") && slack_ts_compare(ts, reading->seen) <= 0;

	arena_finish(&arena);
	return told;
}

/* Slack gives a conversation newest first, a thread oldest first. */
static void keep(struct reading *reading, const struct cJSON *json)
{
	struct message *message = MEM_NEW(struct message);

	message->json = json_copy(json);
	list_append(reading->thread ? &reading->messages : reading->messages.next, &message->link);
	reading->count++;
}

/* What is left of the parent of a thread: whether it was known is seen to by missed.c. */
static bool is_tombstone(const struct cJSON *message)
{
	struct arena arena = {0};
	const char *subtype = json_text(message, "subtype", &arena);
	bool is = subtype && !strcmp(subtype, "tombstone");

	arena_finish(&arena);
	return is;
}

static bool on_page(void *context, const struct cJSON *json)
{
	struct reading *reading = context;
	const struct cJSON *messages = json_array(json, "messages");

	for (const struct cJSON *item = json_first(messages); item && reading->count < LIMIT_SLACK_HISTORY;
	     item = json_next(item)) {
		struct arena arena = {0};
		const char *ts = json_text(item, "ts", &arena),
		           *latest = json_text(item, "latest_reply", &arena);

		missed_note(reading->missed, item);
		if (slack_is_ts(ts) && (!reading->oldest || slack_ts_compare(ts, reading->oldest) < 0))
			mem_replace(&reading->oldest, ts);
		if (!reading->thread && slack_is_ts(ts) && slack_is_ts(latest) &&
		    slack_ts_compare(latest, reading->since) > 0)
			map_set(&reading->threads, ts, reading);
		/* A thread always comes with the message that it is about. */
		if (slack_is_ts(ts) && (slack_ts_compare(ts, reading->since) <= 0 || was_told(reading, item, ts)))
			reading->looked++;
		else if (slack_is_ts(ts) && !(reading->thread && !strcmp(ts, reading->thread)) && !is_tombstone(item))
			keep(reading, item);
		arena_finish(&arena);
	}
	reading->stopped = reading->count >= LIMIT_SLACK_HISTORY || reading->looked >= LIMIT_SLACK_THREADS_LOOKED;
	return !reading->stopped;
}

/* Of several topics, and of archiving and the like, only the last counts. */
static void note_newest(const struct reading *reading, const struct channel *channel)
{
	LIST_EACH (link, &reading->messages) {
		const struct slack_reaction *reactions;
		struct arena arena = {0};
		struct slack_event event;
		size_t count;

		if (slack_history_read(&event, CONTAINER_OF(link, struct message, link)->json, channel->at.id, &arena,
		                       &reactions, &count))
			history_is_newest(reading->frontend, channel, &event);
		arena_finish(&arena);
	}
}

/* Where it was said, and to administrators. */
static void tell_too_many(struct workspace *workspace, const struct channel *channel)
{
	bool portal = channel->kind == CHANNEL_PORTAL;
	char *text = mem_printf("While the gateway was away more than %d messages were said here: the older ones are not "
				"known %s%s.",
				LIMIT_SLACK_HISTORY, portal ? "in " : "to me", portal ? channel->name : "");

	slack_notice(workspace, channel->at.id, channel->kind == CHANNEL_CHAT ? channel->at.thread : NULL, text);
	mem_free(text);
	text = mem_printf("More than %d messages of %s were missed; older ones are not read back.", LIMIT_SLACK_HISTORY,
			  channel->called ? channel->called : channel->place);
	workspace_tell_admins(workspace->frontend, workspace, LOG_LEVEL_WARNING, text);
	mem_free(text);
}

/* All was read: it comes like what a socket brings. */
static void hand_over(struct reading *reading, struct channel *channel)
{
	struct workspace *workspace = workspace_find(reading->frontend, channel->at.team);

	if (reading->count >= LIMIT_SLACK_HISTORY && workspace)
		tell_too_many(workspace, channel);
	note_newest(reading, channel);
	LIST_EACH (link, &reading->messages)
		if (workspace)
			incoming_history(workspace, channel->at.id,
			                 CONTAINER_OF(link, struct message, link)->json);
	if (workspace)
		missed_hand_over(reading->missed, workspace, channel);
	CRASH_POINT("slack.history.taken");
	if (reading->count)
		log_info(&reading->frontend->base.log,
		         "%s: %u messages are read back from history; what came before is dropped", channel->place,
		         reading->count);
	channel->catching_up = false;
	slack_later(reading->frontend, incoming_go_on, NULL);
}

static void begin(struct slack_frontend *frontend, struct channel *channel);

/* A thread comes oldest first: of one that is not read to its end the newest messages are not known. */
static void note_complete(struct reading *reading, bool failed)
{
	if (!failed && !(reading->stopped && reading->thread))
		missed_complete(reading->missed, reading->thread,
		                reading->stopped && reading->oldest ? reading->oldest : reading->from);
	reading->stopped = false;
	reading->looked = 0;
	mem_replace(&reading->oldest, NULL);
}

static void on_done(void *context, const struct web_reply *reply)
{
	struct reading *reading = context;
	struct slack_frontend *frontend = reading->frontend;
	struct channel *channel = channel_at(frontend, reading->place);
	struct map_iter it = {0};

	CRASH_POINT("slack.history.read");
	/* Long messages: anew, with fewer at once. What of a thread was read comes twice, and counts once. */
	if (channel && reply->err == TP_ERR_LIMIT && reading->page > 1) {
		reading->page /= 8;
		if (!reading->page)
			reading->page = 1;
		if (!reading->thread) {
			messages_free(reading);
			mem_replace(&reading->oldest, NULL);
		}
		read_next(reading);
		return;
	}
	if (reply->err)
		log_warning(&frontend->base.log, "the history of %s cannot be read: %s",
		            log_quote(reading->place), reply->problem);
	note_complete(reading, reply->err != 0);
	if (channel && map_next(reading->threads, &it)) {
		mem_replace(&reading->thread, it.key);
		map_remove(reading->threads, reading->thread);
		read_next(reading);
		return;
	}
	if (channel)
		hand_over(reading, channel);
	/* There was another gap meanwhile. */
	if (channel && channel->behind)
		begin(frontend, channel);
	reading_free(reading);
}

static void read_next(struct reading *reading)
{
	struct slack_frontend *frontend = reading->frontend;
	struct workspace *workspace = workspace_of(frontend, reading->place);
	struct slack_address at;

	slack_address_read(&at, reading->place);
	const char *thread = reading->thread;
	const struct web_argument arguments[] = {
	        {"channel", at.id}, {"ts", thread}, {"oldest", reading->from}};
	char *lane = workspace ? mem_printf("history %s", workspace->team) : NULL;

	/* It begins anew when the workspace is back. */
	if (!workspace) {
		struct channel *channel = channel_at(frontend, reading->place);

		if (channel)
			channel->catching_up = false;
		reading_free(reading);
		return;
	}
	web_api_pages(frontend->api,
	              &(struct web_call){.method = thread ? "conversations.replies" : "conversations.history",
	                                 .token = &workspace->token,
	                                 .arguments = arguments,
	                                 .arguments_count = ARRAY_SIZE(arguments),
	                                 .lane = lane,
	                                 .done = on_done,
	                                 .context = reading,
	                                 .drop = reading_free},
	              reading->page, on_page);
	mem_free(lane);
}

/* To be freed. */
static char *seconds_before(const char *ts, int seconds)
{
	return mem_printf("%lld.000000", (long long)(slack_ts_ms(ts) / 1000 - seconds));
}

/* Slack tells of messages in any order: some from before the last that was seen may be missing, but none from
 * before the channel was tied. To be freed. */
static char *begin_of(const struct slack_frontend *frontend, const struct channel *channel, const char *since)
{
	char *floor = note_get(frontend, FLOOR, channel->place);
	char *begin = seconds_before(since, LIMIT_SLACK_OVERLAP_SECONDS);

	if (!slack_is_ts(floor) || slack_ts_compare(begin, floor) < 0)
		mem_replace(&begin, slack_is_ts(floor) ? floor : since);
	mem_free(floor);
	return begin;
}

static void begin(struct slack_frontend *frontend, struct channel *channel)
{
	char *since = note_get(frontend, SEEN, channel->place);
	char *threads = channel->kind == CHANNEL_CHAT ? NULL : note_get(frontend, THREADS, channel->place);

	channel->behind = false;
	if (!slack_is_ts(since)) {
		history_begin(frontend, channel);
	} else {
		struct reading *reading = MEM_NEW_TEXT(struct reading, place, channel->place);
		char *rest = NULL;

		known_continue(frontend, channel);
		channel->catching_up = true;
		channel->catching_since_ms = clock_ms();
		reading->frontend = frontend;
		reading->page = PAGE;
		reading->seen = mem_strdup(since);
		reading->since = begin_of(frontend, channel, since);
		reading->missed = missed_create(frontend, channel->place, since);
		reading->from = seconds_before(since, LIMIT_SLACK_THREADS_SECONDS);
		list_init(&reading->messages);
		reading->thread = channel->kind == CHANNEL_CHAT ? mem_strdup(channel->at.thread) : NULL;
		for (char *word = threads ? strtok_r(threads, " ", &rest) : NULL; word;
		     word = strtok_r(NULL, " ", &rest))
			map_set(&reading->threads, word, reading);
		read_next(reading);
	}
	mem_free(since);
	mem_free(threads);
}

void history_catch_up_at(struct slack_frontend *frontend, struct channel *channel)
{
	if (channel->catching_up)
		channel->behind = true;
	else
		begin(frontend, channel);
}

static void catch_up(struct slack_frontend *frontend, const char *team)
{
	struct map_iter it = {0};

	while (map_next(frontend->channels, &it)) {
		struct channel *channel = it.value;

		if (channel->archived || !workspace_find(frontend, channel->at.team) ||
		    (team && strcmp(channel->at.team, team) != 0))
			continue;
		history_catch_up_at(frontend, channel);
	}
}

void history_catch_up(struct slack_frontend *frontend)
{
	catch_up(frontend, NULL);
}

void history_catch_up_in(struct slack_frontend *frontend, const char *team)
{
	catch_up(frontend, team);
}
