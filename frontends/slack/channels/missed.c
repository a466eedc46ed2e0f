/* SPDX-License-Identifier: MIT */
#include "frontends/slack/channels/missed.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "frontends/slack/messages/incoming.h"

struct missed {
	struct slack_frontend *frontend;
	struct map *messages; /* time stamp -> its cJSON */
	struct map *complete; /* thread, or "" -> time stamp (char *) from which on it was read */
	char *since;
	char place[];
};

struct missed *missed_create(struct slack_frontend *frontend, const char *place, const char *since)
{
	struct missed *missed = MEM_NEW_TEXT(struct missed, place, place);

	missed->frontend = frontend;
	missed->since = mem_strdup(since);
	return missed;
}

static void json_destroy(void *value)
{
	struct cJSON *json = value;

	json_free(&json);
}

void missed_destroy(struct missed **slot)
{
	struct missed *missed = *slot;

	*slot = NULL;
	if (!missed)
		return;
	map_destroy(&missed->messages, json_destroy);
	map_destroy(&missed->complete, mem_free);
	mem_free(missed->since);
	mem_free(missed);
}

void missed_note(struct missed *missed, const struct cJSON *message)
{
	struct arena arena = {0};
	const char *ts = json_text(message, "ts", &arena);
	bool plain = !json_object(message, "edited") && !json_array(message, "reactions") &&
		     !json_text(message, "subtype", &arena);

	/* Of most nothing is needed but that they are there. */
	if (slack_is_ts(ts) && !map_get(missed->messages, ts))
		map_set(&missed->messages, ts, plain ? json_read("{}", 2) : json_copy(message));
	arena_finish(&arena);
}

void missed_complete(struct missed *missed, const char *thread, const char *from)
{
	mem_free(map_set(&missed->complete, thread ? thread : "", mem_strdup(from)));
}

/* ------------------------------------------------------------------------------------------------ events */

struct handing {
	struct missed *missed;
	struct workspace *workspace;
	struct channel *channel;
	unsigned count;
	/* reactions on one message */
	const struct cJSON *message;
	const char *ts;
	const struct slack_reaction *reactions;
	size_t reactions_count;
};

static void put_text(struct buf *out, const char *name, const char *value)
{
	buf_printf(out, "%s\"%s\":", out->len && out->data[out->len - 1] != '{' ? "," : "", name);
	json_put_string(out, value);
}

/* As if Slack had sent it now. Each at a time of its own, by which it is known where it is shown. */
static void begin_event(struct handing *handing, struct buf *out, const char *type)
{
	char now[SLACK_ID_MAX + 1];
	int64_t now_us = clock_wall_ms() * 1000 + handing->count;

	snprintf(now, sizeof(now), "%" PRId64 ".%06" PRId64, now_us / 1000000, now_us % 1000000);
	buf_puts(out, "{\"type\":\"event_callback\",\"event\":{");
	put_text(out, "type", type);
	put_text(out, "event_ts", now);
	handing->count++;
}

static void end_event(struct handing *handing, struct buf *out)
{
	struct cJSON *json;

	buf_putc(out, '}');
	put_text(out, "team_id", handing->workspace->team);
	buf_putc(out, '}');
	json = json_read(out->data, out->len);
	incoming_missed(handing->workspace, json);
	json_free(&json);
	buf_finish(out);
}

static void hand_edit(struct handing *handing, const struct cJSON *message)
{
	struct buf out = {0};

	begin_event(handing, &out, "message");
	put_text(&out, "subtype", "message_changed");
	put_text(&out, "channel", handing->channel->at.id);
	buf_puts(&out, ",\"message\":");
	json_put(&out, message);
	end_event(handing, &out);
}

static void hand_deletion(struct handing *handing, const struct known_message *known)
{
	struct buf out = {0};

	begin_event(handing, &out, "message");
	put_text(&out, "subtype", "message_deleted");
	put_text(&out, "channel", handing->channel->at.id);
	put_text(&out, "deleted_ts", known->ts);
	buf_puts(&out, ",\"previous_message\":{");
	put_text(&out, "type", "message");
	put_text(&out, "user", known->user);
	put_text(&out, "ts", known->ts);
	if (known->thread)
		put_text(&out, "thread_ts", known->thread);
	buf_putc(&out, '}');
	end_event(handing, &out);
}

static void hand_reaction(struct handing *handing, const char *user, const char *name, bool added)
{
	struct buf out = {0};

	begin_event(handing, &out, added ? "reaction_added" : "reaction_removed");
	put_text(&out, "user", user);
	put_text(&out, "reaction", name);
	buf_puts(&out, ",\"item\":{");
	put_text(&out, "type", "message");
	put_text(&out, "channel", handing->channel->at.id);
	put_text(&out, "ts", handing->ts);
	buf_putc(&out, '}');
	end_event(handing, &out);
}

/* ------------------------------------------------------------------------------------------- comparing */

/* One that came before the gap, and was edited in it. */
static void compare_text(struct handing *handing, const struct slack_event *event)
{
	const char *since = handing->missed->since;

	if (event->kind == SLACK_MESSAGE && event->edited_ts && slack_ts_compare(event->ts, since) <= 0 &&
	    slack_ts_compare(event->edited_ts, since) > 0)
		hand_edit(handing, handing->message);
}

static bool names(const struct slack_reaction *reaction, const char *user)
{
	for (size_t i = 0; i < reaction->users_count; i++)
		if (!strcmp(reaction->users[i], user))
			return true;
	return false;
}

/* A reaction that is known: it may have been taken back. Slack does not always name all who have one. */
static void compare_known(void *context, const char *ts, const char *user, const char *name)
{
	struct handing *handing = context;
	bool there = false;

	(void)ts;
	for (size_t i = 0; i < handing->reactions_count; i++) {
		const struct slack_reaction *reaction = &handing->reactions[i];

		if (!strcmp(reaction->name, name))
			there = names(reaction, user) || !reaction->all_named;
	}
	if (!there)
		hand_reaction(handing, user, name, false);
}

struct search {
	const char *user, *name;
	bool found;
};

static void match(void *context, const char *ts, const char *user, const char *name)
{
	struct search *search = context;

	(void)ts;
	search->found = search->found || (!strcmp(user, search->user) && !strcmp(name, search->name));
}

static void compare_reaction(struct handing *handing, const char *user, const char *name)
{
	const struct workspace *workspace = handing->workspace;
	struct search search = {user, name, !strcmp(user, workspace->bot_user)};

	known_reactions(handing->missed->frontend, workspace->team, handing->channel->at.id, handing->ts, match, &search);
	if (!search.found)
		hand_reaction(handing, user, name, true);
}

static void compare_reactions(struct handing *handing)
{
	const struct workspace *workspace = handing->workspace;

	if (!known_reactions(handing->missed->frontend, workspace->team, handing->channel->at.id, handing->ts, compare_known,
			     handing))
		return;
	for (size_t i = 0; i < handing->reactions_count; i++)
		for (size_t j = 0; j < handing->reactions[i].users_count; j++)
			compare_reaction(handing, handing->reactions[i].users[j], handing->reactions[i].name);
}

static bool was_read(const struct missed *missed, const struct known_message *known)
{
	const char *from = map_get(missed->complete, known->thread ? known->thread : "");

	return from && slack_ts_compare(known->ts, from) >= 0 && slack_ts_compare(known->ts, missed->since) <= 0;
}

/* The parent of a thread leaves a tombstone. */
static bool is_gone(const struct missed *missed, const struct known_message *known)
{
	const struct cJSON *message = map_get(missed->messages, known->ts);
	struct arena arena = {0};
	const char *subtype = message ? json_text(message, "subtype", &arena) : NULL;
	bool gone = message ? subtype && !strcmp(subtype, "tombstone") : was_read(missed, known);

	arena_finish(&arena);
	return gone;
}

void missed_hand_over(struct missed *missed, struct workspace *workspace, struct channel *channel)
{
	struct handing handing = {.missed = missed, .workspace = workspace, .channel = channel};
	struct map_iter it = {0};

	LIST_EACH (link, known_messages(missed->frontend, channel)) {
		const struct known_message *known = CONTAINER_OF(link, struct known_message, link);

		if (is_gone(missed, known))
			hand_deletion(&handing, known);
	}
	while (map_next(missed->messages, &it)) {
		struct arena arena = {0};
		struct slack_event event;

		handing.message = it.value;
		handing.ts = it.key;
		if (slack_history_read(&event, it.value, channel->at.id, &arena, &handing.reactions,
				       &handing.reactions_count)) {
			compare_text(&handing, &event);
			compare_reactions(&handing);
		}
		arena_finish(&arena);
	}
	if (handing.count)
		log_debug(&workspace->log, "%s: %u changes are found in history", channel->place, handing.count);
}
