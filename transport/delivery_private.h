/* SPDX-License-Identifier: MIT */
/* What the files of delivery.h share. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "protocol/event.h"

struct frontend;
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

/* A room message that was held back for a portal (portal.h) is to be shown after all. */
void delivery_accept_for(struct identity *identity, struct room *room, const struct event *event,
			 const char *network_id);
/* Places of the message map. Into the two, which are cleared. `shared`: of a portal: the same for all who are in it. */
void delivery_put_places(struct buf *people, struct buf *network, const char *frontend, const char *address,
			 const char *user, const char *conversation, bool shared);
