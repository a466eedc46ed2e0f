/* SPDX-License-Identifier: MIT */
#include "frontends/slack/wire/web_gate.h"

#include "base/mem.h"

#define SWEEP_AT 512 /* paces; those that are full again are forgotten */

void web_gates_init(struct web_gates *gates)
{
	*gates = (struct web_gates){0};
	list_init(&gates->all);
}

struct web_gate *web_gate_find(const struct web_gates *gates, const char *name)
{
	return map_get(gates->by_name, name);
}

struct web_gate *web_gate_close(struct web_gates *gates, const char *name, uint64_t until_ms)
{
	struct web_gate *gate = web_gate_find(gates, name);

	if (!gate) {
		gate = MEM_NEW_TEXT(struct web_gate, name, name);
		list_init(&gate->link);
		list_init(&gate->waiting);
		list_append(&gates->all, &gate->link);
		map_set(&gates->by_name, name, gate);
	}
	if (until_ms > gate->until_ms)
		gate->until_ms = until_ms;
	return gate;
}

void web_gate_release(struct web_gates *gates, struct web_gate *gate)
{
	if (gate->until_ms || gate->trying > 0 || !list_empty(&gate->waiting))
		return;
	map_remove(gates->by_name, gate->name);
	list_remove(&gate->link);
	mem_free(gate);
}

uint64_t web_gates_due_ms(const struct web_gates *gates)
{
	uint64_t due_ms = 0;

	LIST_EACH (link, &gates->all) {
		const struct web_gate *gate = CONTAINER_OF(link, struct web_gate, link);

		if (gate->until_ms && (!due_ms || gate->until_ms < due_ms))
			due_ms = gate->until_ms;
	}
	return due_ms;
}

void web_gates_finish(struct web_gates *gates)
{
	map_destroy(&gates->by_name, mem_free);
	list_init(&gates->all);
}

/* ---- paces: when the bucket will be full (the generic cell rate algorithm) ---- */

struct pace {
	uint64_t full_ms;
};

static void sweep(struct web_paces *paces, uint64_t now_ms)
{
	struct map_iter it = {0};

	while (map_next(paces->by_name, &it)) {
		struct pace *pace = it.value;

		if (pace->full_ms > now_ms)
			continue;
		map_remove(paces->by_name, it.key);
		mem_free(pace);
	}
	paces->sweep_at = 2 * map_count(paces->by_name) + SWEEP_AT;
}

static struct pace *pace_named(struct web_paces *paces, const char *name, uint64_t now_ms)
{
	struct pace *pace = map_get(paces->by_name, name);

	if (pace)
		return pace;
	if (map_count(paces->by_name) >= paces->sweep_at)
		sweep(paces, now_ms);
	pace = MEM_NEW(struct pace);
	map_set(&paces->by_name, name, pace);
	return pace;
}

uint64_t web_pace_take(struct web_paces *paces, const char *name, uint64_t now_ms, unsigned period_ms,
                       unsigned burst)
{
	struct pace *pace = pace_named(paces, name, now_ms);
	uint64_t ahead_ms = (uint64_t)period_ms * (burst - 1);

	if (pace->full_ms > now_ms + ahead_ms)
		return pace->full_ms - ahead_ms;
	pace->full_ms = (pace->full_ms > now_ms ? pace->full_ms : now_ms) + period_ms;
	return now_ms;
}

void web_pace_delay(struct web_paces *paces, const char *name, uint64_t until_ms, unsigned period_ms,
                    unsigned burst)
{
	struct pace *pace = pace_named(paces, name, until_ms);
	uint64_t full_ms = until_ms + (uint64_t)period_ms * (burst - 1);

	if (pace->full_ms < full_ms)
		pace->full_ms = full_ms;
}

void web_paces_finish(struct web_paces *paces)
{
	map_destroy(&paces->by_name, mem_free);
}
