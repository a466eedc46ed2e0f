/* SPDX-License-Identifier: MIT */
/* What the log says of records, from their coming to their end: delivery_private.h. */
#include "transport/delivery_private.h"

#include "base/log.h"
#include "transport/session.h"
#include "transport/spool/spool.h"
#include "transport/transport.h"
#include "transport/user.h"

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

uint64_t delivery_trace(struct transport *transport, struct spool_record *record)
{
	if (record->trace)
		return record->trace;
	record->trace = ++transport->next_trace;
	if (delivery_is_noted())
		log_debug(log_of(transport, record), "message %llu for %s, from before the start, trace %llu",
			  (unsigned long long)record->id, log_quote(record->queue->owner),
			  (unsigned long long)record->trace);
	return record->trace;
}

void delivery_note_at(struct transport *transport, struct spool_record *record, enum log_level level, const char *what,
		      const char *why)
{
	uint64_t trace = delivery_trace(transport, record);

	LOG_AT(level, log_of(transport, record), "message %llu for %s %s%s%s, trace %llu", (unsigned long long)record->id,
	       log_quote(record->queue->owner), what, why ? ": " : "", why ? log_quote(why) : "",
	       (unsigned long long)trace);
}
