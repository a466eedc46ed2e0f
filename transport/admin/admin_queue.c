/* SPDX-License-Identifier: MIT */
/* Everything that waits somewhere in this process, as one table; and whether whom it is for is there. */
#include <stdint.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "transport/admin/admin_call.h"
#include "transport/backend/backend.h"
#include "transport/backend/network_plugin_server.h"
#include "transport/frontend.h"
#include "transport/people/session.h"
#include "transport/spool/spool.h"
#include "transport/store/store.h"
#include "transport/transport.h"

#define UNKNOWN (-1)

static void put_known(struct table *table, int64_t number)
{
	if (number < 0)
		table_put_nothing(table);
	else
		table_put_number(table, number);
}

/* oldest_ms: by clock_ms; UNKNOWN. */
static void put_queue(struct table *table, const char *name, int64_t items, int64_t bytes, int64_t oldest_ms, bool held)
{
	table_put_text(table, name);
	put_known(table, items);
	put_known(table, bytes);
	if (oldest_ms == UNKNOWN)
		table_put_nothing(table);
	else
		table_put_number(table, ((int64_t)clock_ms() - oldest_ms) / 1000);
	table_put_text(table, held ? "yes" : "no");
}

struct sum {
	int64_t items, bytes, oldest_ms;
};

/* Of what is on its way. Records are in the order in which they came. */
static void add_waiting(struct sum *sum, const struct spool_queue *queue)
{
	sum->items += queue->count - queue->dead;
	sum->bytes += (int64_t)(queue->bytes - queue->dead_bytes);
	LIST_EACH (link, &queue->records) {
		const struct spool_record *record = CONTAINER_OF(link, struct spool_record, link);

		if (record->state == SPOOL_DEAD)
			continue;
		if (sum->oldest_ms == UNKNOWN || record->since_ms < sum->oldest_ms)
			sum->oldest_ms = record->since_ms;
		return;
	}
}

static void put_spool(struct table *table, const struct spool *spool)
{
	struct sum ways[] = {[SPOOL_TO_NETWORK] = {0, 0, UNKNOWN}, [SPOOL_TO_PEOPLE] = {0, 0, UNKNOWN}};
	struct sum dead = {0, 0, UNKNOWN};
	bool failing = spool_health(spool) != NULL;

	for (const struct spool_queue *queue = spool_queue_first(spool); queue; queue = spool_queue_next(spool, queue)) {
		add_waiting(&ways[queue->direction], queue);
		dead.items += queue->dead;
		dead.bytes += (int64_t)queue->dead_bytes;
	}
	put_queue(table, "spool: to the network", ways[SPOOL_TO_NETWORK].items, ways[SPOOL_TO_NETWORK].bytes,
		  ways[SPOOL_TO_NETWORK].oldest_ms, failing);
	put_queue(table, "spool: to people", ways[SPOOL_TO_PEOPLE].items, ways[SPOOL_TO_PEOPLE].bytes,
		  ways[SPOOL_TO_PEOPLE].oldest_ms, failing);
	put_queue(table, "spool: dead letters", dead.items, dead.bytes, UNKNOWN, failing);
}

struct showing {
	struct table *table;
	const struct frontend *frontend;
};

static void put_of_frontend(void *context, const struct frontend_queue *queue)
{
	const struct showing *showing = context;
	char *name = mem_printf("%s: %s", showing->frontend->ops->name, queue->name);

	put_queue(showing->table, name, queue->items, queue->bytes, queue->oldest_ms, showing->frontend->holds);
	mem_free(name);
}

static void put_backends(struct table *table, const struct network_plugin_server *server)
{
	put_queue(table, "logins without a backend", network_plugin_server_waiting(server), UNKNOWN, UNKNOWN, false);
	for (const struct backend *backend = network_plugin_server_first(server); backend;
	     backend = network_plugin_server_next(server, backend))
		put_queue(table, backend->label, UNKNOWN, (int64_t)backend_queued(backend), UNKNOWN, backend->congested);
}

void admin_show_queues(struct admin_call *call)
{
	static const struct table_column columns[] = {{"queue", TABLE_TEXT},
						      {"items", TABLE_NUMBER},
						      {"bytes", TABLE_NUMBER, .rank = 2},
						      {"oldest", TABLE_SECONDS, .rank = 1},
						      {"held", TABLE_TEXT}};
	const struct transport *transport = call->transport;
	struct table *table = table_create(columns, ARRAY_SIZE(columns));

	put_spool(table, transport->spool);
	put_queue(table, "database", UNKNOWN, (int64_t)store_queued(transport->store), UNKNOWN, false);
	LIST_EACH (link, &transport->frontends) {
		struct showing showing = {table, CONTAINER_OF(link, struct frontend, link)};

		if (showing.frontend->ops->queues && transport->frontends_started)
			showing.frontend->ops->queues(CONTAINER_OF(link, struct frontend, link), put_of_frontend, &showing);
	}
	put_backends(table, transport->backends);
	admin_answer_table(call, &table);
}

static int64_t people_of(const struct transport *transport, const struct frontend *frontend)
{
	struct map_iter it = {0};
	int64_t count = 0;

	while (map_next(transport->identities, &it))
		count += ((const struct identity *)it.value)->frontend == frontend;
	return count;
}

void admin_show_frontends(struct admin_call *call)
{
	static const char *const states[] = {[0] = "not connected", [1] = "connected"};
	static const struct table_column columns[] = {{"frontend", TABLE_TEXT},
						      {"state", TABLE_TEXT},
						      {"people", TABLE_NUMBER},
						      {"backends held", TABLE_TEXT, .rank = 1}};
	const struct transport *transport = call->transport;
	struct table *table = table_create(columns, ARRAY_SIZE(columns));

	LIST_EACH (link, &transport->frontends) {
		const struct frontend *frontend = CONTAINER_OF(link, struct frontend, link);
		int connected = frontend_reaches(frontend);

		table_put_text(table, frontend->ops->name);
		table_put_text(table, connected < 0 ? "serving" : states[connected]);
		table_put_number(table, people_of(transport, frontend));
		table_put_text(table, frontend->holds ? "yes" : "no");
	}
	admin_answer_table(call, &table);
}
