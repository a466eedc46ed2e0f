/* SPDX-License-Identifier: MIT */
#include "transport/rooms/room_bans.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/limits.h"
#include "transport/backend/backend.h"
#include "transport/people/user.h"
#include "transport/rooms/room.h"
#include "transport/transport.h"

#define LAST_SECOND 253402300799 /* of the year 9999 */

struct asker {
	room_bans_done *done;
	void *context;
};

struct room_bans_question {
	struct list link; /* transport->bans_questions, the oldest first */
	struct room *room;
	struct asker askers[LIMIT_BANS_ASKING];
	size_t askers_count;
	struct event_ban *bans; /* what has come so far; texts in the arena */
	size_t count, left_out;
	struct arena arena;
	uint64_t deadline_ms;
};

int room_bans_ask(struct room *room, room_bans_done *done, void *context)
{
	struct user *user = room->user;
	struct room_bans_question *question = room->bans_question;
	struct event event = {.type = EVENT_BANS, .bans = {.room = room->network_name}};

	if (user->state != USER_CONNECTED || !user->backend || user->resuming || room->state != ROOM_JOINED)
		return TP_ERR_NOT_CONNECTED;
	if (!user->backend->extended)
		return TP_ERR_UNSUPPORTED;
	if (question && question->askers_count == LIMIT_BANS_ASKING)
		return TP_ERR_LIMIT;
	if (!question) {
		if (backend_queued(user->backend) > LIMIT_BACKEND_OUT_HIGH)
			return TP_ERR_LIMIT;
		question = room->bans_question = MEM_NEW(struct room_bans_question);
		question->room = room;
		question->deadline_ms = clock_ms() + LIMIT_BANS_SECONDS * 1000ull;
		list_append(&user->transport->bans_questions, &question->link);
		user_send(user, &event);
	}
	question->askers[question->askers_count++] = (struct asker){done, context};
	return 0;
}

/* Out of the room first: whoever is told may ask again. */
static void finish(struct room_bans_question *question, int err, const char *reason)
{
	const struct room_bans list = {question->bans, question->count, question->left_out};

	question->room->bans_question = NULL;
	list_remove(&question->link);
	for (size_t i = 0; i < question->askers_count; i++)
		question->askers[i].done(question->askers[i].context, err, reason, err ? NULL : &list);
	mem_free(question->bans);
	arena_finish(&question->arena);
	mem_free(question);
}

static void keep(struct room_bans_question *question, const struct event_ban *ban)
{
	struct event_ban *kept;

	if (question->count == LIMIT_BANS_PER_ROOM) {
		question->left_out++;
		return;
	}
	if (!question->bans)
		question->bans = mem_alloc(LIMIT_BANS_PER_ROOM * sizeof(*question->bans));
	kept = &question->bans[question->count++];
	*kept = *ban;
	kept->mask = arena_strdup(&question->arena, ban->mask);
	kept->nickname = arena_strdup(&question->arena, ban->nickname);
	kept->set_by = arena_strdup(&question->arena, ban->set_by);
}

void room_bans_describe(struct buf *out, const struct event_ban *ban)
{
	char day[32];

	buf_puts(out, ban->mask);
	if (ban->nickname)
		buf_printf(out, " (%s)", ban->nickname);
	if (ban->set_by)
		buf_printf(out, ", by %s", ban->set_by);
	if (ban->at <= 0 || ban->at > LAST_SECOND)
		return;
	clock_format_xmpp(ban->at * 1000, day);
	buf_printf(out, ", %.10s", day);
}

static int error_of(int error)
{
	switch (error) {
	case HANDOVER_FORBIDDEN:
		return TP_ERR_NOT_ALLOWED;
	case HANDOVER_NOT_FOUND:
		return TP_ERR_NOT_FOUND;
	case HANDOVER_UNSUPPORTED:
		return TP_ERR_UNSUPPORTED;
	default:
		return TP_ERR_IO;
	}
}

void room_bans_told(struct user *user, const struct event_bans *part)
{
	const struct room *room = room_find(user, part->room);
	struct room_bans_question *question = room ? room->bans_question : NULL;

	if (!question) {
		log_debug(&user->log, "bans of room %s, which nobody has asked for: dropped", log_quote(part->room));
		return;
	}
	if (part->error) {
		finish(question, error_of(part->error), part->reason);
		return;
	}
	for (size_t i = 0; i < part->count; i++)
		keep(question, &part->bans[i]);
	if (!part->more)
		finish(question, 0, NULL);
}

void room_bans_give_up(struct room *room, int err)
{
	if (room->bans_question)
		finish(room->bans_question, err, NULL);
}

void room_bans_expire(struct transport *transport, uint64_t now_ms)
{
	LIST_EACH (link, &transport->bans_questions) {
		struct room_bans_question *question = CONTAINER_OF(link, struct room_bans_question, link);

		if (question->deadline_ms > now_ms)
			return;
		finish(question, TP_ERR_TIMEOUT, NULL);
	}
}
