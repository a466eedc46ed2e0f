/* SPDX-License-Identifier: MIT */
/* What the network has not taken goes back to whoever said it. */
#include "frontends/matrix/messages/show.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "frontends/matrix/messages/long_text.h"
#include "frontends/matrix/messages/said.h"
#include "frontends/matrix/people/ghost.h"
#include "frontends/matrix/people/person.h"
#include "frontends/matrix/rooms/moderation.h"
#include "frontends/matrix/rooms/portal_change.h"
#include "frontends/matrix/rooms/portal_room.h"
#include "frontends/matrix/wire/notice.h"
#include "transport/routing/delivery.h"

static const char *reason_text(enum undelivered_reason reason)
{
	switch (reason) {
	case UNDELIVERED_OFFLINE:
		return "you are not connected to the network";
	case UNDELIVERED_ROOM:
		return "you are not in that room";
	case UNDELIVERED_UNSUPPORTED:
		return "the network cannot carry it";
	case UNDELIVERED_TOO_LONG:
		return "it is too long for the network";
	case UNDELIVERED_DROPPED:
		return "it was dropped by an administrator";
	case UNDELIVERED_REFUSED:
		break;
	}
	return "the network refused it";
}

static struct matrix_room *room_of(const struct matrix_frontend *frontend, const char *address,
                                         const struct event_message *message)
{
	if (message->kind == MESSAGE_ROOM)
		return matrix_room_portal(frontend, message->name);
	char *name = matrix_chat_name(message);
	struct matrix_room *room = matrix_room_chat(frontend, address, name);

	mem_free(name);
	return room;
}

struct topic {
	const char *event;
};

static void put_back_topic(struct matrix_frontend *frontend, struct matrix_room *room, void *context)
{
	const struct topic *refused = context;

	if (room->shown.topic_event && refused->event && !strcmp(room->shown.topic_event, refused->event))
		portal_room_put_back_topic(frontend, room);
}

struct telling {
	struct matrix_frontend *frontend;
	uint64_t number; /* of the record that goes back */
};

static void on_told(void *context, const struct matrix_reply *reply)
{
	struct telling *telling = context;
	struct transport *transport = telling->frontend->base.transport;

	if (reply->err)
		delivery_refused(transport, telling->number, reply->problem);
	else
		delivery_shown(transport, telling->number);
	mem_free(telling);
}

/* What will not arrive is kept until its author has been told: with the same transaction id at each try. */
static void tell_undelivered(struct matrix_frontend *frontend, const char *room, const char *as,
                             const struct event *event, const char *text)
{
	const char *id = event->undelivered.message.id;
	struct telling *telling = MEM_NEW(struct telling);
	char *transaction = mem_printf("%s.%" PRIu64 ".back", frontend->records, event->handover);
	char *path = matrix_path("/rooms/%s/send/m.room.message/%s", room, transaction);
	struct buf content = {0};

	telling->frontend = frontend;
	telling->number = event->handover;
	notice_put(&content, id && matrix_is_event_id(id) ? id : NULL, text);
	homeserver_call(frontend->homeserver, &(struct matrix_call){.method = HTTP_PUT,
	                                                            .path = path,
	                                                            .as = as,
	                                                            .body = buf_text(&content),
	                                                            .lane = room,
	                                                            .room = room,
	                                                            .transaction = transaction,
	                                                            .trace = event->trace,
	                                                            .done = on_told,
	                                                            .context = telling,
	                                                            .drop = mem_free});
	mem_free(path);
	buf_finish(&content);
	mem_free(transaction);
}

int show_undelivered(struct matrix_frontend *frontend, const char *address, const struct event *event)
{
	const char *control = person_of(frontend, address)->control;
	int promised = 0;
	const struct event_undelivered *undelivered = &event->undelivered;
	const struct event_message *message = &undelivered->message;
	const struct matrix_room *room = room_of(frontend, address, message);
	const char *text = undelivered->text && *undelivered->text ? undelivered->text
	                                                           : reason_text(undelivered->reason);
	char *whole;

	if (said_is_moderation(message))
		return 0;
	if (message->moderation.action) {
		moderation_refused(frontend, address, message, text);
		return 0;
	}
	if (message->change.title || message->change.has_picture) {
		portal_change_refused(frontend, address, message, text);
		return 0;
	}
	if (message->kind == MESSAGE_ROOM)
		matrix_room_each_portal(frontend, message->name, put_back_topic, &(struct topic){message->id});
	if (undelivered->reason == UNDELIVERED_TOO_LONG && long_text_send(frontend, address, event))
		return event->handover ? 1 : 0;
	whole = mem_printf("Not delivered: %s", text);
	if (room) {
		char *ghost = ghost_of_chat(frontend, room);

		tell_undelivered(frontend, room->id, ghost, event, whole);
		promised = 1;
		mem_free(ghost);
	} else if (control) {
		tell_undelivered(frontend, control, NULL, event, whole);
		promised = 1;
	} else {
		person_tell(frontend, address, whole);
	}
	mem_free(whole);
	return promised;
}
