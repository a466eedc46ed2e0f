/* SPDX-License-Identifier: MIT */
/* What the files of delivery.h share. */
#pragma once

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

/* Places of the message map. Into `out`, which is cleared. */
void delivery_person_place(struct buf *out, const char *frontend, const char *address, const char *conversation);
void delivery_network_place(struct buf *out, const char *user, const char *conversation);
