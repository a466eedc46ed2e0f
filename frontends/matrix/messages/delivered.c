/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/messages/delivered.h"

#include <inttypes.h>

#include "base/json.h"
#include "frontends/matrix/people/ghost.h"
#include "frontends/matrix/rooms/matrix_room.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/routing/delivery.h"

struct marking {
	struct matrix_frontend *frontend;
	uint64_t number; /* of the record; 0: none */
};

bool delivered_is_wanted(const struct matrix_frontend *frontend, const struct user *user)
{
	const struct transport *transport = frontend->base.transport;

	return transport->features.receipts && user_setting_bool(user, "delivery", transport->service.delivery);
}

/* Also if it was refused: there is nobody who would miss it. */
static void on_marked(void *context, const struct matrix_reply *reply)
{
	struct marking *marking = context;

	(void)reply;
	delivery_shown(marking->frontend->base.transport, marking->number);
	mem_free(marking);
}

static void mark(struct matrix_frontend *frontend, const struct matrix_room *room, const struct event *event)
{
	struct marking *marking = MEM_NEW(struct marking);
	char *ghost = ghost_of_chat(frontend, room), *path;
	struct buf transaction = {0}, body = {0};

	*marking = (struct marking){frontend, event->handover};
	if (event->handover)
		buf_printf(&transaction, "%s.%" PRIu64 ".delivered", frontend->records, event->handover);
	else
		matrix_put_transaction(frontend, &transaction);
	path = matrix_path("/rooms/%s/send/m.reaction/%s", room->id, buf_text(&transaction));
	buf_puts(&body, "{\"m.relates_to\":{\"rel_type\":\"m.annotation\",\"event_id\":");
	json_put_string(&body, event->receipt.id);
	buf_puts(&body, ",\"key\":\"" DELIVERED_MARK "\"}}");
	homeserver_call(frontend->homeserver, &(struct matrix_call){.method = HTTP_PUT,
	                                                            .path = path,
	                                                            .as = ghost,
	                                                            .body = buf_text(&body),
	                                                            .lane = room->id,
	                                                            .room = room->id,
	                                                            .transaction = buf_text(&transaction),
	                                                            .trace = event->trace,
	                                                            .done = on_marked,
	                                                            .context = marking,
	                                                            .drop = mem_free});
	mem_free(path);
	mem_free(ghost);
	buf_finish(&transaction);
	buf_finish(&body);
}

int delivered_show(struct matrix_frontend *frontend, struct identity *to, const struct event *event)
{
	const struct event_receipt *receipt = &event->receipt;
	const struct matrix_room *room = matrix_room_chat(frontend, to->address, receipt->name);

	if (!room || !receipt->id || !matrix_is_event_id(receipt->id) || !delivered_is_wanted(frontend, to->user))
		return 0;
	mark(frontend, room, event);
	return event->handover ? 1 : 0;
}
