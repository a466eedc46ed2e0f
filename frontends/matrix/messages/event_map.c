/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/messages/event_map.h"

#include "transport/spool/message_map.h"
#include "transport/transport.h"

const char *event_map_find(const struct matrix_frontend *frontend, struct arena *arena, const char *place,
                           const char *id, const char *other_place)
{
	return message_map_find(frontend->base.transport->spool, arena, place, id, other_place, NULL, NULL);
}

void event_map_tie(const struct matrix_frontend *frontend, const char *place, const char *id, const char *other_place,
                   const char *other_id)
{
	message_map_put(frontend->base.transport->spool,
	                &(struct message_link){.place = place, .id = id, .other_place = other_place, .other_id = other_id});
}
