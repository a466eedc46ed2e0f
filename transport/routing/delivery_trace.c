/* SPDX-License-Identifier: MIT */
/* What the log says of records, from their coming to their end: delivery_private.h. */
#include "transport/routing/delivery_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/mem.h"
#include "transport/people/account.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/routing/delivery.h"
#include "transport/spool/spool.h"
#include "transport/transport.h"

#define NOTES "traces"
#define TRACES_AT_ONCE 100000

/* Of the user whose record it is, if there is a session. */
static const struct log *log_of(struct transport *transport, const struct spool_record *record)
{
	const struct spool_queue *queue = record->queue;
	struct frontend *frontend = NULL;
	const struct user *user;

	if (queue->direction == SPOOL_TO_NETWORK) {
		user = queue->holder ? queue->holder : user_find(transport, queue->owner);
	} else {
		const struct identity *identity = delivery_identity_of(transport, queue->owner, &frontend);

		user = identity ? identity->user : NULL;
	}
	return user ? &user->log : &transport->log;
}

/* An address, as everywhere in the log. */
static char *whose_is(const struct transport *transport, const struct spool_queue *queue)
{
	return queue->direction == SPOOL_TO_NETWORK ? account_key_address(transport, queue->owner)
						    : mem_strdup(spool_queue_whose(queue));
}

/* So many at once: the spool has a number that none has reached yet. */
static void set_apart(struct transport *transport)
{
	size_t size;
	const void *noted = transport->spool ? spool_note_get(transport->spool, NOTES, "", &size) : NULL;

	if (!transport->traces_noted && noted && size == sizeof(transport->next_trace))
		memcpy(&transport->next_trace, noted, size);
	transport->traces_noted = transport->next_trace + TRACES_AT_ONCE;
	if (transport->spool)
		spool_note_set(transport->spool, NOTES, "", &transport->traces_noted, sizeof(transport->traces_noted));
}

uint64_t delivery_next_trace(struct transport *transport)
{
	if (transport->next_trace == transport->traces_noted)
		set_apart(transport);
	return ++transport->next_trace;
}

void delivery_trace_was(struct transport *transport, struct spool_record *record, const char *text)
{
	if (record->trace)
		return;
	record->trace = text ? strtoull(text, NULL, 10) : 0;
	if (!record->trace)
		record->trace = delivery_next_trace(transport);
	if (delivery_is_noted()) {
		char *whose = whose_is(transport, record->queue);

		log_debug(log_of(transport, record), "message %llu for %s, from before the start, trace %llu",
			  (unsigned long long)record->id, log_quote(whose), (unsigned long long)record->trace);
		mem_free(whose);
	}
}

uint64_t delivery_trace(struct transport *transport, struct spool_record *record)
{
	struct arena arena = {0};
	struct event event;
	const char *origin = NULL;

	if (record->trace)
		return record->trace;
	spool_read(transport->spool, record, &arena, &event, &origin, NULL);
	const char *last = origin ? strrchr(origin, '\n') : NULL;

	delivery_trace_was(transport, record, last ? last + 1 : origin);
	arena_finish(&arena);
	return record->trace;
}

void delivery_note_at(struct transport *transport, struct spool_record *record, enum log_level level, const char *what,
		      const char *why)
{
	uint64_t trace = delivery_trace(transport, record);
	char *whose = whose_is(transport, record->queue);

	LOG_AT(level, log_of(transport, record), "message %llu for %s %s%s%s, trace %llu", (unsigned long long)record->id,
	       log_quote(whose), what, why ? ": " : "", why ? log_quote(why) : "", (unsigned long long)trace);
	mem_free(whose);
}
