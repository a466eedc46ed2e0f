/* SPDX-License-Identifier: MIT */
#include "plugin/verdicts.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "config/limits.h"

struct verdict {
	struct list link; /* of the list that says its state */
	uint64_t number;
	char *user;
	bool answered;
	int error;
	char *reason, *message_id;
	uint64_t frame; /* of the HANDOVER that told it */
	bool old;       /* it is in `old` */
};

struct key {
	char text[17];
};

static const char *key_of(struct key *key, uint64_t number)
{
	snprintf(key->text, sizeof(key->text), "%llx", (unsigned long long)number);
	return key->text;
}

static void verdict_free(void *value)
{
	struct verdict *verdict = value;

	mem_free(verdict->user);
	mem_free(verdict->reason);
	mem_free(verdict->message_id);
	mem_free(verdict);
}

void verdicts_init(struct verdicts *verdicts)
{
	verdicts->by_number = map_create();
	list_init(&verdicts->pending);
	list_init(&verdicts->fresh);
	list_init(&verdicts->told);
	list_init(&verdicts->old);
	verdicts->old_count = 0;
}

void verdicts_finish(struct verdicts *verdicts)
{
	map_destroy(&verdicts->by_number, verdict_free);
}

static void verdict_forget(struct verdicts *verdicts, struct verdict *verdict)
{
	struct key key;

	list_remove(&verdict->link);
	map_remove(verdicts->by_number, key_of(&key, verdict->number));
	verdict_free(verdict);
}

static struct verdict *verdicts_find(const struct verdicts *verdicts, uint64_t number)
{
	struct key key;

	return map_get(verdicts->by_number, key_of(&key, number));
}

static void verdict_move(struct verdict *verdict, struct list *list)
{
	list_remove(&verdict->link);
	list_append(list, &verdict->link);
}

bool verdicts_begin(struct verdicts *verdicts, uint64_t number, const char *user)
{
	struct verdict *verdict = verdicts_find(verdicts, number);
	struct key key;

	if (verdict) {
		if (!verdict->answered)
			return false;
		if (verdict->old)
			verdicts->old_count--;
		verdict->old = false;
		verdict_move(verdict, &verdicts->fresh);
		return false;
	}
	verdict = MEM_NEW(struct verdict);
	list_init(&verdict->link);
	verdict->number = number;
	verdict->user = mem_strdup(user);
	list_append(&verdicts->pending, &verdict->link);
	map_put(verdicts->by_number, key_of(&key, number), verdict);
	return true;
}

void verdicts_settle(struct verdicts *verdicts, uint64_t number, int error, const char *reason, const char *message_id)
{
	struct verdict *verdict = number ? verdicts_find(verdicts, number) : NULL;

	if (!verdict || verdict->answered)
		return;
	verdict->answered = true;
	verdict->error = error;
	verdict->reason = mem_strdup(reason);
	verdict->message_id = mem_strdup(message_id);
	verdict_move(verdict, &verdicts->fresh);
}

void verdicts_give_back(struct verdicts *verdicts, const char *user)
{
	LIST_EACH(link, &verdicts->pending)
	{
		struct verdict *verdict = CONTAINER_OF(link, struct verdict, link);

		if (verdict->user && strcmp(verdict->user, user) == 0)
			verdict_forget(verdicts, verdict);
	}
}

bool verdicts_fresh(const struct verdicts *verdicts)
{
	return !list_empty(&verdicts->fresh);
}

void verdicts_fill(const struct verdicts *verdicts, struct event_handover *handover, uint64_t *taken,
		   struct event_handover_result *results, size_t room)
{
	*handover = (struct event_handover){.taken = taken, .results = results};
	LIST_EACH(link, &verdicts->fresh)
	{
		const struct verdict *verdict = CONTAINER_OF(link, struct verdict, link);

		if (handover->taken_count + handover->results_count == room)
			return;
		if (!verdict->error && !verdict->message_id)
			taken[handover->taken_count++] = verdict->number;
		else
			results[handover->results_count++] = (struct event_handover_result){
				verdict->number, verdict->error, verdict->reason, verdict->message_id};
	}
}

void verdicts_told(struct verdicts *verdicts, const struct event_handover *handover, uint64_t frame)
{
	size_t count = handover->taken_count + handover->results_count;

	LIST_EACH(link, &verdicts->fresh)
	{
		struct verdict *verdict = CONTAINER_OF(link, struct verdict, link);

		if (!count--)
			return;
		verdict->frame = frame;
		verdict_move(verdict, &verdicts->told);
	}
}

void verdicts_taken(struct verdicts *verdicts, uint64_t up_to)
{
	LIST_EACH(link, &verdicts->told)
	{
		struct verdict *verdict = CONTAINER_OF(link, struct verdict, link);

		if (verdict->frame > up_to)
			break;
		verdict->old = true;
		verdict_move(verdict, &verdicts->old);
		if (verdicts->old_count == LIMIT_PLUGIN_ANSWERS)
			verdict_forget(verdicts, CONTAINER_OF(verdicts->old.next, struct verdict, link));
		else
			verdicts->old_count++;
	}
}
