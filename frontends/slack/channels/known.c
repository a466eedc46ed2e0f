/* SPDX-License-Identifier: MIT */
#include "frontends/slack/channels/known.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "config/limits.h"
#include "transport/spool/spool.h"

/* Notes of the spool: place -> "TS THREAD USER" a line, THREAD "-": in none, those of SAID before those of LATELY;
 * "TEAM/CHANNEL" -> from which message on they are known, then "TS USER NAME" a line. A note is written as a whole, so
 * that what is written for each message is least with about so many lines in LATELY. */
#define SAID "slack said"
#define LATELY "slack said lately"
#define LATELY_LINES 16
#define REACTIONS "slack reactions"
#define CHANGES "slack reactions changed" /* "TEAM/CHANNEL" -> "TS USER NAME TIME" a line: events come in any order */

struct known {
	struct list messages;
	unsigned count;
	struct buf lately; /* lines that are not in SAID */
	unsigned lately_count;
};

static char *note_get(const struct slack_frontend *frontend, const char *kind, const char *place)
{
	return spool_note_text(frontend->base.transport->spool, kind, place);
}

static void note_set(struct slack_frontend *frontend, const char *kind, const char *place, const char *value)
{
	spool_note_set_text(frontend->base.transport->spool, kind, place, value);
}

/* The three words of the next line, which is cut up. False: there are no more. */
static bool next_line(char **rest, char *words[3])
{
	char *line = strsep(rest, "\n");

	for (size_t i = 0; i < 3; i++)
		words[i] = line ? strsep(&line, " ") : NULL;
	return words[0] && words[1] && words[2];
}

/* ---------------------------------------------------------------------------------------------- messages */

static void message_free(struct known *known, struct known_message *message)
{
	list_remove(&message->link);
	known->count--;
	mem_free((char *)message->thread);
	mem_free((char *)message->user);
	mem_free(message);
}

static void add(struct known *known, const char *ts, const char *thread, const char *user)
{
	struct known_message *message = MEM_NEW_TEXT(struct known_message, ts, ts);

	message->thread = mem_strdup(thread);
	message->user = mem_strdup(user);
	list_append(&known->messages, &message->link);
	if (++known->count > LIMIT_SLACK_KNOWN_MESSAGES)
		message_free(known, CONTAINER_OF(known->messages.next, struct known_message, link));
}

static void put_line(struct buf *out, const char *ts, const char *thread, const char *user)
{
	buf_puts(out, ts);
	buf_putc(out, ' ');
	buf_puts(out, thread ? thread : "-");
	buf_putc(out, ' ');
	buf_puts(out, user);
	buf_putc(out, '\n');
}

/* False: there is none. */
static bool read_note(const struct slack_frontend *frontend, struct known *known, const char *kind, const char *place)
{
	char *note = note_get(frontend, kind, place), *rest = note, *words[3];
	bool found = note != NULL;

	while (next_line(&rest, words))
		add(known, words[0], strcmp(words[1], "-") != 0 ? words[1] : NULL, words[2]);
	mem_free(note);
	return found;
}

static void write_all(struct slack_frontend *frontend, const struct channel *channel)
{
	struct known *known = channel->known;
	struct buf out = {0};

	LIST_EACH (link, &known->messages) {
		const struct known_message *message = CONTAINER_OF(link, struct known_message, link);

		put_line(&out, message->ts, message->thread, message->user);
	}
	note_set(frontend, SAID, channel->place, buf_text(&out));
	note_set(frontend, LATELY, channel->place, NULL);
	buf_clear(&known->lately);
	known->lately_count = 0;
	buf_finish(&out);
}

static struct known *known_of(struct slack_frontend *frontend, struct channel *channel)
{
	if (channel->known)
		return channel->known;
	channel->known = MEM_NEW(struct known);
	list_init(&channel->known->messages);
	read_note(frontend, channel->known, SAID, channel->place);
	if (read_note(frontend, channel->known, LATELY, channel->place))
		write_all(frontend, channel);
	return channel->known;
}

struct list *known_messages(struct slack_frontend *frontend, struct channel *channel)
{
	return &known_of(frontend, channel)->messages;
}

void known_add(struct slack_frontend *frontend, struct channel *channel, const struct slack_event *event)
{
	struct known *known = known_of(frontend, channel);

	add(known, event->ts, event->thread_ts, event->user);
	put_line(&known->lately, event->ts, event->thread_ts, event->user);
	if (++known->lately_count >= LATELY_LINES)
		write_all(frontend, channel);
	else
		note_set(frontend, LATELY, channel->place, buf_text(&known->lately));
}

void known_remove(struct slack_frontend *frontend, struct channel *channel, const char *ts)
{
	struct known *known = known_of(frontend, channel);
	bool found = false;

	LIST_EACH (link, &known->messages) {
		struct known_message *message = CONTAINER_OF(link, struct known_message, link);

		if (strcmp(message->ts, ts) != 0)
			continue;
		message_free(known, message);
		found = true;
	}
	if (found)
		write_all(frontend, channel);
}

void known_free(struct channel *channel)
{
	while (channel->known && !list_empty(&channel->known->messages))
		message_free(channel->known, CONTAINER_OF(channel->known->messages.next, struct known_message, link));
	if (channel->known)
		buf_finish(&channel->known->lately);
	mem_free(channel->known);
	channel->known = NULL;
}

/* --------------------------------------------------------------------------------------------- reactions */

static char *conversation(const char *team, const char *channel)
{
	return slack_address(team, channel);
}

static void begin(struct slack_frontend *frontend, const struct channel *channel, bool anew)
{
	char now[SLACK_ID_MAX + 1];
	char *place = conversation(channel->at.team, channel->at.id);
	size_t size;

	snprintf(now, sizeof(now), "%" PRId64 ".000000", (clock_wall_ms() + web_api_ahead_ms(frontend->api)) / 1000);
	if (anew || !spool_note_get(frontend->base.transport->spool, REACTIONS, place, &size))
		note_set(frontend, REACTIONS, place, now);
	mem_free(place);
}

void known_begin(struct slack_frontend *frontend, const struct channel *channel)
{
	/* Threads of one DM are several chats. */
	begin(frontend, channel, channel->kind != CHANNEL_CHAT);
}

void known_continue(struct slack_frontend *frontend, const struct channel *channel)
{
	begin(frontend, channel, false);
}

void known_forget(struct slack_frontend *frontend, struct channel *channel)
{
	note_set(frontend, SAID, channel->place, NULL);
	note_set(frontend, LATELY, channel->place, NULL);
	if (channel->kind != CHANNEL_CHAT) {
		note_set(frontend, REACTIONS, channel->place, NULL);
		note_set(frontend, CHANGES, channel->place, NULL);
	}
	known_free(channel);
}

bool known_reactions(const struct slack_frontend *frontend, const char *team, const char *channel, const char *ts,
		     known_each *each, void *context)
{
	char *place = conversation(team, channel), *note = note_get(frontend, REACTIONS, place), *rest = note, *words[3];
	const char *from = strsep(&rest, "\n");
	bool known = slack_is_ts(from) && (!ts || slack_ts_compare(from, ts) < 0);

	while (known && each && next_line(&rest, words))
		if (!ts || !strcmp(words[0], ts))
			each(context, words[0], words[1], words[2]);
	mem_free(note);
	mem_free(place);
	return known;
}

/* Those that stay, but for the one that is about to change. */
struct keeping {
	const struct slack_event *event;
	const char *above; /* only on messages younger than that; NULL */
	struct buf out;
	unsigned count;
	char oldest[SLACK_ID_MAX + 1]; /* message */
	bool had;
};

static void keep(void *context, const char *ts, const char *user, const char *name)
{
	struct keeping *keeping = context;
	const struct slack_event *event = keeping->event;

	if (!strcmp(ts, event->ts) && !strcmp(user, event->user) && !strcmp(name, event->reaction)) {
		keeping->had = true;
		return;
	}
	if (keeping->above && slack_ts_compare(ts, keeping->above) <= 0)
		return;
	if (!*keeping->oldest || slack_ts_compare(ts, keeping->oldest) < 0)
		snprintf(keeping->oldest, sizeof(keeping->oldest), "%s", ts);
	buf_printf(&keeping->out, "\n%s %s %s", ts, user, name);
	keeping->count++;
}

static void store_change(struct slack_frontend *frontend, const char *place, const char *from,
			 const struct keeping *keeping)
{
	const struct slack_event *event = keeping->event;
	struct buf note = {0};

	buf_printf(&note, "%s%s", from, keeping->out.len ? keeping->out.data : "");
	if (event->added && slack_ts_compare(from, event->ts) < 0)
		buf_printf(&note, "\n%s %s %s", event->ts, event->user, event->reaction);
	note_set(frontend, REACTIONS, place, buf_text(&note));
	buf_finish(&note);
}

/* Whether this reaction has changed again since. If not, it is noted when it did: the event of a removal may come
 * before that of what it removes, which Slack sends again later. */
static bool is_overtaken(struct slack_frontend *frontend, const char *place, const struct slack_event *event)
{
	char *note, *rest, *line;
	char *name = mem_printf("%s %s %s ", event->ts, event->user, event->reaction);
	unsigned count = 0;
	struct buf out = {0};
	bool overtaken = false;

	/* What was found in history has none of Slack's times. */
	if (!event->event_id || !slack_is_ts(event->event_ts)) {
		mem_free(name);
		return false;
	}
	note = rest = note_get(frontend, CHANGES, place);
	/* The newest first. */
	buf_printf(&out, "%s%s", name, event->event_ts);
	while ((line = strsep(&rest, "\n")) && ++count < LIMIT_SLACK_KNOWN_REACTIONS) {
		if (text_starts(line, name))
			overtaken = slack_ts_compare(line + strlen(name), event->event_ts) > 0;
		else
			buf_printf(&out, "\n%s", line);
	}
	if (!overtaken)
		note_set(frontend, CHANGES, place, buf_text(&out));
	buf_finish(&out);
	mem_free(name);
	mem_free(note);
	return overtaken;
}

bool known_react(struct slack_frontend *frontend, const char *team, const struct slack_event *event)
{
	struct keeping keeping = {.event = event};
	char *place, *note, *rest, from[SLACK_ID_MAX + 1];

	if (strchr(event->reaction, ' ') || !known_reactions(frontend, team, event->channel, event->ts, NULL, NULL))
		return true;
	place = conversation(team, event->channel);
	if (is_overtaken(frontend, place, event)) {
		mem_free(place);
		return false;
	}
	note = rest = note_get(frontend, REACTIONS, place);
	snprintf(from, sizeof(from), "%s", strsep(&rest, "\n"));
	known_reactions(frontend, team, event->channel, NULL, keep, &keeping);
	bool changes = keeping.had != event->added;

	/* Too many: those on the oldest message go. */
	if (changes && event->added && keeping.count >= LIMIT_SLACK_KNOWN_REACTIONS) {
		snprintf(from, sizeof(from), "%s", keeping.oldest);
		buf_finish(&keeping.out);
		keeping = (struct keeping){.event = event, .above = from};
		known_reactions(frontend, team, event->channel, NULL, keep, &keeping);
	}
	if (changes)
		store_change(frontend, place, from, &keeping);
	buf_finish(&keeping.out);
	mem_free(note);
	mem_free(place);
	return changes;
}
