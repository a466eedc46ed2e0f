/* SPDX-License-Identifier: MIT */
/* What the files of delivery.h share. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/log.h"
#include "protocol/event.h"

struct frontend;
struct identity;
struct room;
struct spool_queue;
struct spool_record;
struct transport;

/* delivery_network.c: of one queue to the network */
void delivery_network_expire(struct transport *transport, struct spool_queue *queue, int64_t now_ms);
void delivery_network_frontend_ready(struct frontend *frontend, struct spool_queue *queue);
void delivery_network_give_back(struct transport *transport, struct spool_record *record,
				enum undelivered_reason reason, const char *text);

/* delivery_people.c */
void delivery_people_room_gone(struct room *room);
/* Whose queue this is, and of which frontend; NULL: nobody of that address is there. */
struct identity *delivery_identity_of(struct transport *transport, const char *owner, struct frontend **frontend);

/* delivery_trace.c */
/* The number under which the log has all of the record's way, also if another process has accepted it: then a line says
 * so. */
uint64_t delivery_trace(struct transport *transport, struct spool_record *record);
/* What the spool has of it with a record, in decimal (NULL: nothing), is the number of one that has been read. */
void delivery_trace_was(struct transport *transport, struct spool_record *record, const char *text);
/* Whether a line of level debug may be wanted of anybody. */
static inline bool delivery_is_noted(void)
{
	return log_own_levels || log_threshold >= LOG_LEVEL_DEBUG;
}
void delivery_note_at(struct transport *transport, struct spool_record *record, enum log_level level, const char *what,
		      const char *why);
/* What becomes of it, for the log: "is kept". `why`: others' words; NULL. */
static inline void delivery_note(struct transport *transport, struct spool_record *record, const char *what,
				 const char *why)
{
	if (delivery_is_noted())
		delivery_note_at(transport, record, LOG_LEVEL_DEBUG, what, why);
}

/* A room message that was held back for a portal (portal.h) is to be shown after all. */
void delivery_accept_for(struct identity *identity, struct room *room, const struct event *event,
			 const char *network_id);
/* A message for somebody of this frontend who was here before the start, and is not back yet: it waits. `event` names
 * the account and the room as they are there. */
void delivery_accept_absent(struct frontend *frontend, const char *address, const struct event *event,
			    const char *network_id);
/* Places of the message map. Into the two, which are cleared. `shared`: of a portal: the same for all who are in it. */
void delivery_put_places(struct buf *people, struct buf *network, const char *frontend, const char *address,
			 const char *user, const char *conversation, bool shared);
