/* SPDX-License-Identifier: MIT */
#include "frontends/slack/messages/posted.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/slack/messages/incoming.h"
#include "transport/routing/delivery.h"
#include "transport/spool/spool.h"

#define SKEW_MS 120000 /* between our clock and Slack's: what is not known of it, or has changed since then */
#define PAGE 200

void posted_put_metadata(struct buf *out, const char *key)
{
	buf_puts(out, "{\"event_type\":\"" POSTED_EVENT "\",\"event_payload\":{\"record\":");
	json_put_string(out, key);
	buf_puts(out, "}}");
}

/* "record" of a message that a post of ours is; NULL. */
static const char *record_of(const struct workspace *workspace, const struct cJSON *message,
                             struct arena *arena)
{
	const struct cJSON *metadata = json_object(message, "metadata");
	const char *type = json_text(metadata, "event_type", arena),
	           *bot = json_text(message, "bot_id", arena);

	/* Others can say the same. */
	if (!type || strcmp(type, POSTED_EVENT) != 0 || !bot || strcmp(bot, workspace->bot_id) != 0)
		return NULL;
	return json_text(json_object(metadata, "event_payload"), "record", arena);
}

/* Calls back for each page of a conversation, or a thread of it, from that time on, by our clock. */
static void read_since(struct workspace *workspace, const char *channel, const char *thread, int64_t since_ms,
                       bool (*page)(void *context, const struct cJSON *json), web_done *done, void *context,
                       void (*drop)(void *context))
{
	char oldest[SLACK_ID_MAX + 1];
	int64_t from_ms = since_ms + web_api_ahead_ms(workspace->frontend->api) - SKEW_MS;

	snprintf(oldest, sizeof(oldest), "%" PRId64 ".000000", from_ms / 1000);
	const struct web_argument arguments[] = {
	        {"channel", channel}, {"ts", thread}, {"oldest", oldest}, {"include_all_metadata", "true"}};

	web_api_pages(workspace->frontend->api,
	              &(struct web_call){.method = thread ? "conversations.replies" : "conversations.history",
	                                 .token = &workspace->token,
	                                 .arguments = arguments,
	                                 .arguments_count = ARRAY_SIZE(arguments),
	                                 .done = done,
	                                 .context = context,
	                                 .drop = drop},
	              PAGE, page);
}

/* ---------------------------------------------------------------------------- of a process before this one
 */

struct lookup {
	struct workspace *workspace;
	bool known;
	bool shown; /* and what waited for it has been shown, or is on its way */
	unsigned seen; /* messages */
	int64_t from_ms, begun_ms; /* Unix milliseconds: of the oldest post that it may find; when it was asked */
	struct map *found; /* key -> its time stamp */
	char place[];
};

static void lookup_free(void *value)
{
	struct lookup *lookup = value;

	map_destroy(&lookup->found, mem_free);
	mem_free(lookup);
}

static bool on_page(void *context, const struct cJSON *json)
{
	struct lookup *lookup = context;
	const struct cJSON *messages = json_array(json, "messages");

	for (const struct cJSON *item = json_first(messages); item; item = json_next(item)) {
		struct arena arena = {0};
		const char *record = record_of(lookup->workspace, item, &arena),
		           *ts = json_text(item, "ts", &arena);

		if (record && slack_is_ts(ts))
			mem_free(map_set(&lookup->found, record, mem_strdup(ts)));
		lookup->seen++;
		arena_finish(&arena);
	}
	if (lookup->seen >= LIMIT_SLACK_LOOKED_UP)
		log_warning(&lookup->workspace->log, "what was posted to %s before the last %u messages is not looked up",
			    lookup->place, lookup->seen);
	return lookup->seen < LIMIT_SLACK_LOOKED_UP;
}

static void frontend_ready(struct slack_frontend *frontend, const char *unused)
{
	struct map_iter it = {0};

	delivery_frontend_ready(&frontend->base);
	while (map_next(frontend->lookups, &it)) {
		struct lookup *lookup = it.value;

		lookup->shown = lookup->known;
	}
	incoming_go_on(frontend, unused);
}

bool posted_is_looked_up(const struct slack_frontend *frontend, const char *place)
{
	struct map_iter it = {0};

	while (map_next(frontend->lookups, &it)) {
		const struct lookup *lookup = it.value;

		if (!lookup->shown && text_starts(it.key, place))
			return true;
	}
	return false;
}

static void on_read(void *context, const struct web_reply *reply)
{
	struct lookup *lookup = context;
	struct slack_frontend *frontend = lookup->workspace->frontend;

	if (reply->err == TP_ERR_AUTH) {
		lookup_free(map_remove(frontend->lookups, lookup->place));
		return;
	}
	/* Where we may not read we may not write either, and nothing can be doubled. */
	if (reply->err)
		log_info(&lookup->workspace->log, "what was posted to %s cannot be looked up: %s",
		         lookup->place, reply->problem);
	lookup->known = true;
	slack_later(frontend, frontend_ready, NULL);
}

/* What it was tried in vain for may have been posted in part since the look-up. */
static bool is_too_old(const struct lookup *lookup, const struct spool_record *record)
{
	return lookup->known && (lookup->from_ms > record->accepted_ms || lookup->begun_ms < record->dead_ms);
}

enum posted posted_before(struct workspace *workspace, const char *channel, const char *thread, const char *key,
                          const struct spool_record *record, const char **ts)
{
	struct slack_frontend *frontend = workspace->frontend;
	char *place = thread ? slack_thread_place(workspace->team, channel, thread)
	                     : slack_address(workspace->team, channel);
	struct lookup *lookup = map_get(frontend->lookups, place);

	*ts = NULL;
	if (lookup && is_too_old(lookup, record)) {
		lookup_free(map_remove(frontend->lookups, place));
		lookup = NULL;
	}
	if (!lookup) {
		bool of_others = !record->dead_ms && frontend->oldest_ms < record->accepted_ms;

		lookup = MEM_NEW_TEXT(struct lookup, place, place);
		lookup->workspace = workspace;
		lookup->from_ms = of_others ? frontend->oldest_ms : record->accepted_ms;
		/* A clock that was set back since it died does not make the look-up older than the letter for ever. */
		lookup->begun_ms = clock_wall_ms() > record->dead_ms ? clock_wall_ms() : record->dead_ms;
		map_set(&frontend->lookups, place, lookup);
		read_since(workspace, channel, thread, lookup->from_ms, on_page, on_read, lookup, NULL);
	}
	mem_free(place);
	if (!lookup->known)
		return POSTED_UNKNOWN;
	*ts = map_get(lookup->found, key);
	return *ts ? POSTED_YES : POSTED_NO;
}

void posted_forget(struct workspace *workspace)
{
	struct slack_frontend *frontend = workspace->frontend;
	struct spool_statistics statistics;
	struct map_iter it = {0};

	while (map_next(frontend->lookups, &it)) {
		const struct lookup *lookup = it.value;

		if (lookup->workspace == workspace)
			lookup_free(map_remove(frontend->lookups, it.key));
	}
	spool_statistics(frontend->base.transport->spool, &statistics);
	frontend->oldest_ms = statistics.oldest_ms ? statistics.oldest_ms : clock_wall_ms();
}

void posted_free(struct slack_frontend *frontend)
{
	map_destroy(&frontend->lookups, lookup_free);
}

/* ------------------------------------------------------------------------------------- of a call of our own
 */

struct finding {
	struct workspace *workspace;
	posted_found *found;
	void (*drop)(void *context);
	void *context;
	unsigned seen; /* messages */
	char ts[SLACK_ID_MAX + 1];
	char key[];
};

static bool on_finding_page(void *context, const struct cJSON *json)
{
	struct finding *finding = context;
	const struct cJSON *messages = json_array(json, "messages");

	for (const struct cJSON *item = json_first(messages); item && !*finding->ts; item = json_next(item)) {
		struct arena arena = {0};
		const char *record = record_of(finding->workspace, item, &arena),
		           *ts = json_text(item, "ts", &arena);

		if (record && slack_is_ts(ts) && !strcmp(record, finding->key))
			memcpy(finding->ts, ts, strlen(ts) + 1);
		finding->seen++;
		arena_finish(&arena);
	}
	return !*finding->ts && finding->seen < LIMIT_SLACK_LOOKED_UP;
}

static void on_finding_done(void *context, const struct web_reply *reply)
{
	struct finding *finding = context;

	finding->found(finding->context, *finding->ts ? 0 : reply->err, *finding->ts ? finding->ts : NULL);
	mem_free(finding);
}

static void finding_drop(void *context)
{
	struct finding *finding = context;

	if (finding->drop)
		finding->drop(finding->context);
	mem_free(finding);
}

void posted_find(struct workspace *workspace, const char *channel, const char *thread, const char *key,
                 int64_t since_ms, posted_found *found, void *context, void (*drop)(void *context))
{
	struct finding *finding = MEM_NEW_TEXT(struct finding, key, key);

	finding->workspace = workspace;
	finding->found = found;
	finding->context = context;
	finding->drop = drop;
	read_since(workspace, channel, thread, since_ms, on_finding_page, on_finding_done, finding,
	           finding_drop);
}
