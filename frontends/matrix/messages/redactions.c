/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/messages/redactions.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "config/limits.h"
#include "frontends/matrix/messages/said.h"
#include "frontends/matrix/people/ghost.h"
#include "frontends/matrix/people/person.h"
#include "transport/spool/spool.h"

#define NOTES "matrix redaction" /* the event's id -> room, sender and what it redacts, a line each */

struct redaction {
	struct list link; /* frontend->redactions */
	struct matrix_frontend *frontend;
	char *id, *room, *sender, *redacts;
	uint64_t since_ms; /* clock_ms of the answer; 0: there is none yet */
	bool own;          /* the answer */
};

static void redaction_free(struct redaction *redaction)
{
	list_remove(&redaction->link);
	mem_free(redaction->id);
	mem_free(redaction->room);
	mem_free(redaction->sender);
	mem_free(redaction->redacts);
	mem_free(redaction);
}

static void tell(struct redaction *redaction)
{
	struct matrix_frontend *frontend = redaction->frontend;
	struct matrix_room *room = matrix_room_find(frontend, redaction->room);
	const struct matrix_event event = {.kind = MATRIX_REDACTION,
	                                   .type = "m.room.redaction",
	                                   .id = redaction->id,
	                                   .room = redaction->room,
	                                   .sender = redaction->sender,
	                                   .replaces = redaction->redacts};
	bool waits = person_is_loading(frontend, redaction->sender);

	if (room && room->relay)
		waits = person_is_loading(frontend, room->relay) || waits;
	if (waits && clock_ms() - redaction->since_ms <= LIMIT_MATRIX_POSTPONED_MS)
		return;
	if (room && matrix_room_is_tied(room))
		said_taken_back(frontend, room, &event, redaction->own);
	spool_note_set(frontend->base.transport->spool, NOTES, redaction->id, NULL, 0);
	redaction_free(redaction);
}

void redactions_go_on(struct matrix_frontend *frontend, const char *unused, const char *unused_too)
{
	(void)unused;
	(void)unused_too;
	if (frontend->stopping)
		return;
	LIST_EACH (link, &frontend->redactions) {
		struct redaction *redaction = CONTAINER_OF(link, struct redaction, link);

		if (redaction->since_ms)
			tell(redaction);
	}
}

static void on_event(void *context, const struct matrix_reply *reply)
{
	struct redaction *redaction = context;
	struct matrix_frontend *frontend = redaction->frontend;
	struct arena arena = {0};
	const char *author = json_text(reply->json, "sender", &arena);

	redaction->own = author && !strcmp(author, redaction->sender);
	redaction->since_ms = clock_ms();
	arena_finish(&arena);
	if (frontend->stopping)
		return;
	/* Whatever it waits for may never come. */
	matrix_after(frontend, LIMIT_MATRIX_POSTPONED_MS + 1, redactions_go_on, NULL, NULL);
	tell(redaction);
}

static void ask(struct matrix_frontend *frontend, const char *id, const char *room, const char *sender,
                const char *redacts)
{
	struct redaction *redaction = MEM_NEW(struct redaction);
	const struct matrix_room *known = matrix_room_find(frontend, room);
	char *path = matrix_path("/rooms/%s/event/%s", room, redacts), *ghost = known ? ghost_of_chat(frontend, known) : NULL;

	redaction->frontend = frontend;
	redaction->id = mem_strdup(id);
	redaction->room = mem_strdup(room);
	redaction->sender = mem_strdup(sender);
	redaction->redacts = mem_strdup(redacts);
	list_append(&frontend->redactions, &redaction->link);
	homeserver_call(frontend->homeserver, &(struct matrix_call){.method = HTTP_GET,
	                                                            .path = path,
	                                                            .as = ghost,
	                                                            .done = on_event,
	                                                            .context = redaction});
	mem_free(ghost);
	mem_free(path);
}

static size_t count_of(const struct matrix_frontend *frontend)
{
	size_t count = 0;

	LIST_EACH (link, &frontend->redactions)
		count++;
	return count;
}

void redactions_ask(struct matrix_frontend *frontend, const struct matrix_event *event)
{
	char *note;

	if (count_of(frontend) >= LIMIT_MATRIX_REDACTIONS) {
		log_warning(&frontend->base.log, "too many messages are taken back at once: the network is not told of %s",
		            log_quote(event->id));
		return;
	}
	note = mem_printf("%s\n%s\n%s", event->room, event->sender, event->replaces);
	spool_note_set_text(frontend->base.transport->spool, NOTES, event->id, note);
	mem_free(note);
	ask(frontend, event->id, event->room, event->sender, event->replaces);
}

static void recover(void *context, const char *name, const void *value, size_t size)
{
	char *text = mem_strndup(value, size), *rest = text;
	const char *room = strsep(&rest, "\n"), *sender = strsep(&rest, "\n");

	if (rest)
		ask(context, name, room, sender, rest);
	mem_free(text);
}

void redactions_recover(struct matrix_frontend *frontend)
{
	spool_note_each(frontend->base.transport->spool, NOTES, "", recover, frontend);
}

void redactions_free(struct matrix_frontend *frontend)
{
	LIST_EACH (link, &frontend->redactions)
		redaction_free(CONTAINER_OF(link, struct redaction, link));
}
