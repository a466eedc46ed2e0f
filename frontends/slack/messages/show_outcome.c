/* SPDX-License-Identifier: MIT */
#include "frontends/slack/messages/show_outcome.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "frontends/slack/workspace.h"
#include "transport/routing/delivery.h"
#include "transport/spool/spool.h"

#define HAVE "slack have" /* notes of the spool: number of a dead letter -> channels that have it, a line each */

struct landing {
	struct list link;
	struct outcome *outcome;
	enum landing_end end; /* the worst of its calls */
	char *problem;        /* NULL */
	char place[];
};

struct outcome {
	struct slack_frontend *frontend;
	uint64_t number;
	char *had;           /* the note; "" */
	unsigned open, made; /* calls; whoever makes them is one more that is open */
	struct list landings;
};

static void put_name(char name[24], uint64_t number)
{
	snprintf(name, 24, "%" PRIu64, number);
}

struct outcome *outcome_begin(struct slack_frontend *frontend, uint64_t number)
{
	struct outcome *outcome = MEM_NEW(struct outcome);
	char name[24], *had;

	put_name(name, number);
	had = spool_note_text(frontend->base.transport->spool, HAVE, name);
	outcome->frontend = frontend;
	outcome->number = number;
	outcome->had = had ? had : mem_strdup("");
	outcome->open = 1;
	list_init(&outcome->landings);
	return outcome;
}

bool outcome_has(const struct outcome *outcome, const struct channel *channel)
{
	size_t length = strlen(channel->place);

	for (const char *line = outcome->had; *line; line += strcspn(line, "\n") + 1)
		if (strcspn(line, "\n") == length && !strncmp(line, channel->place, length))
			return true;
	return false;
}

struct landing *outcome_land_in(struct outcome *outcome, const struct channel *channel)
{
	struct landing *landing = MEM_NEW_TEXT(struct landing, place, channel->place);

	landing->outcome = outcome;
	list_append(&outcome->landings, &landing->link);
	return landing;
}

/* ------------------------------------------------------------------------------------------- dead letters */

static void forget_if_gone(void *context, const char *name, const void *value, size_t size)
{
	struct spool *spool = context;

	(void)value;
	(void)size;
	if (!spool_find(spool, strtoull(name, NULL, 10)))
		spool_note_set(spool, HAVE, name, NULL, 0);
}

static void count(void *context, const char *name, const void *value, size_t size)
{
	unsigned *notes = context;

	(void)name;
	(void)value;
	(void)size;
	++*notes;
}

/* Of letters that were dropped: when there may be twice as many notes as letters. */
static void sweep(struct slack_frontend *frontend)
{
	struct spool *spool = frontend->base.transport->spool;

	if (frontend->letters_noted++ < frontend->letters_swept)
		return;
	spool_note_each(spool, HAVE, "", forget_if_gone, spool);
	frontend->letters_swept = 64;
	frontend->letters_noted = 0;
	spool_note_each(spool, HAVE, "", count, &frontend->letters_swept);
}

/* What has it now, and before. */
static void note_letter(const struct outcome *outcome)
{
	struct buf have = {0};
	char name[24];

	buf_puts(&have, outcome->had);
	LIST_EACH (link, &outcome->landings) {
		const struct landing *landing = CONTAINER_OF(link, struct landing, link);

		if (landing->end == LANDING_TAKEN)
			buf_printf(&have, "%s\n", landing->place);
	}
	put_name(name, outcome->number);
	if (have.len)
		spool_note_set_text(outcome->frontend->base.transport->spool, HAVE, name, buf_text(&have));
	buf_finish(&have);
	sweep(outcome->frontend);
}

static void put_reason(struct buf *reason, const struct outcome *outcome)
{
	LIST_EACH (link, &outcome->landings) {
		const struct landing *landing = CONTAINER_OF(link, struct landing, link);

		if (landing->end == LANDING_REFUSED)
			buf_printf(reason, "%s%s: %s", reason->len ? "; " : "", landing->place, landing->problem);
	}
}

/* ------------------------------------------------------------------------------------------------- the end */

static void outcome_free(struct outcome *outcome)
{
	LIST_EACH (link, &outcome->landings) {
		struct landing *landing = CONTAINER_OF(link, struct landing, link);

		mem_free(landing->problem);
		mem_free(landing);
	}
	mem_free(outcome->had);
	mem_free(outcome);
}

static void forget_letter(const struct outcome *outcome)
{
	char name[24];

	put_name(name, outcome->number);
	if (*outcome->had)
		spool_note_set(outcome->frontend->base.transport->spool, HAVE, name, NULL, 0);
}

static void conclude(const struct outcome *outcome)
{
	struct transport *transport = outcome->frontend->base.transport;
	enum landing_end worst = LANDING_TAKEN;
	bool waits = false;
	struct buf reason = {0};

	LIST_EACH (link, &outcome->landings) {
		const struct landing *landing = CONTAINER_OF(link, struct landing, link);

		waits = waits || landing->end == LANDING_WAITS;
		worst = landing->end > worst ? landing->end : worst;
	}
	if (worst == LANDING_DROPPED)
		return;
	if (waits) {
		delivery_not_shown(transport, outcome->number);
	} else if (worst == LANDING_REFUSED) {
		put_reason(&reason, outcome);
		/* Without a record there is no letter; all such would share the note. */
		if (outcome->number)
			note_letter(outcome);
		delivery_refused(transport, outcome->number, buf_text(&reason));
		buf_finish(&reason);
	} else {
		forget_letter(outcome);
		delivery_shown(transport, outcome->number);
	}
}

static void release(struct outcome *outcome)
{
	if (--outcome->open)
		return;
	if (outcome->made)
		conclude(outcome);
	outcome_free(outcome);
}

int outcome_settle(struct outcome *outcome, bool ready)
{
	int promised = outcome->made ? 1 : 0;

	if (ready && !promised)
		forget_letter(outcome);
	release(outcome);
	return ready ? promised : TP_ERR_NOT_CONNECTED;
}

/* In words, when it begins. */
static void note_closed(struct slack_frontend *frontend, struct channel *channel, const char *problem)
{
	const struct workspace *workspace = workspace_find(frontend, channel->at.team);

	if (channel->closed)
		return;
	channel->closed = true;
	char *text = mem_printf("Nothing that is said in %s comes into the channel %s any more: %s. It is kept as dead "
				"letters (transportctl spool).",
				channel->name, channel->at.id, problem);

	workspace_tell_admins(frontend, workspace, LOG_LEVEL_WARNING, text);
	mem_free(text);
}

void landing_expect(struct landing *landing)
{
	landing->outcome->open++;
	landing->outcome->made++;
}

void landing_end(struct landing *landing, enum landing_end end, const char *problem, bool closed)
{
	struct outcome *outcome = landing->outcome;
	struct channel *channel = channel_at(outcome->frontend, landing->place);

	if (end > landing->end)
		landing->end = end;
	if (end == LANDING_REFUSED)
		mem_replace(&landing->problem, problem);
	if (channel && channel->kind == CHANNEL_PORTAL && closed)
		note_closed(outcome->frontend, channel, problem);
	else if (channel && end == LANDING_TAKEN)
		channel->closed = false;
	release(outcome);
}
