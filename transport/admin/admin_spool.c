/* SPDX-License-Identifier: MIT */
/* What administrators see of the spool and do with it, and the restart in place. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "transport/admin/admin_call.h"
#include "transport/frontend.h"
#include "transport/routing/delivery.h"
#include "transport/spool/spool.h"
#include "transport/transport.h"

#define ROWS_MAX 10000

static const char *const state_names[] = {
	[SPOOL_WAITING] = "waiting", [SPOOL_HANDED] = "handed on", [SPOOL_DEAD] = "dead letter"};

static void put_record(const struct transport *transport, struct table *table, const struct spool_record *record)
{
	char *frontend = NULL;
	const char *owner = record->queue->owner;

	if (record->direction == SPOOL_TO_PEOPLE)
		spool_identity_parts(owner, &frontend, &owner);
	table_put_number(table, (int64_t)record->id);
	table_put_text(table, record->direction == SPOOL_TO_NETWORK ? "network" : frontend);
	char *shown = admin_shown_person(transport, owner);

	table_put_text(table, shown);
	mem_free(shown);
	table_put_text(table, state_names[record->state]);
	table_put_number(table, ((int64_t)clock_ms() - record->since_ms) / 1000);
	table_put_number(table, record->handings);
	table_put_number(table, record->size);
	table_put_text(table, record->reason);
	mem_free(frontend);
}

void admin_show_spool(struct admin_call *call)
{
	static const struct table_column columns[] = {
		{"number", TABLE_NUMBER},
		{"to", TABLE_TEXT, .rank = 2},
		{"user", TABLE_TEXT},
		{"state", TABLE_TEXT},
		{"age", TABLE_SECONDS},
		{"tries", TABLE_NUMBER, .rank = 3},
		{"bytes", TABLE_NUMBER, .rank = 4},
		{"reason", TABLE_TEXT, .rank = 1}};
	struct transport *transport = call->transport;
	struct table *table = table_create(columns, ARRAY_SIZE(columns));
	const char *part = call->words[0];

	for (struct spool_queue *queue = spool_queue_first(transport->spool); queue;
	     queue = spool_queue_next(transport->spool, queue)) {
		if (part && *part && !admin_person_has(transport, queue->owner, part))
			continue;
		LIST_EACH (link, &queue->records)
			if (table_rows(table) < ROWS_MAX)
				put_record(transport, table, CONTAINER_OF(link, struct spool_record, link));
	}
	admin_answer_table(call, &table);
}

/* What each pair of ends promises: docs/durability.md. */
static void put_guarantees(const struct transport *transport, struct buf *out)
{
	static const char *const survives[] = {
		[SPOOL_OFF] = "nothing: what waits is in memory only",
		[SPOOL_PROCESS] = "the end of any of the gateway's processes",
		[SPOOL_POWER] = "the end of any of the gateway's processes, and a power cut"};

	buf_printf(out, "What was accepted survives %s.\n", survives[spool_durability(transport->spool)]);
	buf_puts(out, transport->features.extension
			      ? "To the network: a message is kept until the backend says that the network has it.\n"
			      : "To the network: a message is kept until the backend's socket has it; this backend says no "
				"more.\n");
	LIST_EACH (link, &transport->frontends) {
		const struct frontend_ops *ops = CONTAINER_OF(link, struct frontend, link)->ops;

		buf_printf(out, "To people on %s: a message is kept until their server%s.\n", ops->name,
			   ops->acknowledges ? " has confirmed it" : "'s socket has it");
	}
}

static void put_prose(const struct transport *transport, const struct spool_statistics *now, const char *fault,
		      struct buf *text)
{
	buf_printf(text, "%llu waiting, %llu handed on, %llu dead letters; %llu bytes\n", (unsigned long long)now->waiting,
		   (unsigned long long)now->handed, (unsigned long long)now->dead, (unsigned long long)now->bytes);
	if (now->oldest_ms)
		buf_printf(text, "the oldest has been waiting for %lld s\n",
			   (long long)(clock_wall_ms() - now->oldest_ms) / 1000);
	buf_printf(text, "%llu files, %llu bytes; %llu ids are known as seen, %llu in the message map\n",
		   (unsigned long long)now->segments, (unsigned long long)now->disk_bytes, (unsigned long long)now->seen,
		   (unsigned long long)now->mapped);
	buf_printf(text, "since the start %llu accepted, %llu done\n", (unsigned long long)now->put,
		   (unsigned long long)now->done);
	if (fault)
		buf_printf(text, "The disk: %s\n", fault);
	put_guarantees(transport, text);
	text->data[--text->len] = '\0';
}

/* Until when a message is kept: each end confirms it, or its socket has it. */
static void put_ends(const struct transport *transport, struct buf *out)
{
	static const char *const until[] = {"socket", "confirmed"};
	const char *comma = "";

	buf_printf(out, ",\"to_network\":\"%s\",\"to_people\":{", until[transport->features.extension]);
	LIST_EACH (link, &transport->frontends) {
		const struct frontend_ops *ops = CONTAINER_OF(link, struct frontend, link)->ops;

		buf_printf(out, "%s\"%s\":\"%s\"", comma, ops->name, until[ops->acknowledges]);
		comma = ",";
	}
	buf_putc(out, '}');
}

static void put_fields(const struct transport *transport, const struct spool_statistics *now, const char *fault,
		       struct buf *out)
{
	static const char *const durabilities[] = {
		[SPOOL_OFF] = "off", [SPOOL_PROCESS] = "process", [SPOOL_POWER] = "power"};
	const struct {
		const char *name;
		uint64_t value;
	} fields[] = {{"waiting", now->waiting},   {"handed", now->handed},     {"dead", now->dead},
		      {"bytes", now->bytes},       {"files", now->segments},    {"disk_bytes", now->disk_bytes},
		      {"seen_ids", now->seen},     {"mapped_ids", now->mapped}, {"accepted", now->put},
		      {"done", now->done}};

	buf_puts(out, "{\"command\":\"spool_status\"");
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		buf_printf(out, ",\"%s\":%llu", fields[i].name, (unsigned long long)fields[i].value);
	if (now->oldest_ms)
		buf_printf(out, ",\"oldest\":%lld", (long long)(clock_wall_ms() - now->oldest_ms) / 1000);
	else
		buf_puts(out, ",\"oldest\":null");
	buf_printf(out, ",\"durability\":\"%s\",\"fault\":", durabilities[spool_durability(transport->spool)]);
	json_put_string(out, fault);
	put_ends(transport, out);
	buf_putc(out, '}');
}

void admin_show_spool_status(struct admin_call *call)
{
	const struct transport *transport = call->transport;
	const char *fault = spool_health(transport->spool);
	struct spool_statistics now;
	struct buf text = {0};

	spool_statistics(transport->spool, &now);
	if (call->json) {
		put_fields(transport, &now, fault, &text);
		admin_answer_json(call, &text);
	} else {
		put_prose(transport, &now, fault, &text);
		admin_answer_buf(call, &text);
	}
}

static void act(struct admin_call *call, int (*what)(struct transport *transport, uint64_t number), const char *done)
{
	char *end;
	uint64_t number = strtoull(call->words[0], &end, 10);

	if (!*call->words[0] || *end)
		admin_answer_error(call, "The argument is a number from the first column of spool");
	else if (what(call->transport, number) == 0)
		admin_answer(call, done);
	else
		admin_answer_error(call, "No such message waits, or this cannot be done with it");
}

void admin_spool_retry(struct admin_call *call)
{
	act(call, delivery_retry, "It is tried again.");
}

void admin_spool_bounce(struct admin_call *call)
{
	act(call, delivery_bounce, "It goes back to its sender.");
}

void admin_spool_drop(struct admin_call *call)
{
	act(call, delivery_drop, "It is gone.");
}

void admin_restart(struct admin_call *call)
{
	struct transport *transport = call->transport;

	if (!transport->restart) {
		admin_answer_error(call, "This process cannot start itself anew");
		return;
	}
	admin_answer(call, "Starting anew; sessions go on.");
	transport->restart(transport->restart_context);
}
