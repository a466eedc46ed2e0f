/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/rooms/portal_change.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "config/limits.h"
#include "frontends/matrix/people/contact.h"
#include "frontends/matrix/people/person.h"
#include "frontends/matrix/rooms/moderation.h"
#include "frontends/matrix/rooms/portal_room.h"
#include "transport/people/session.h"
#include "transport/rooms/portal.h"
#include "transport/rooms/room.h"
#include "transport/routing/router.h"
#include "transport/spool/spool.h"

/* ----------------------------------------------------------------------------------------- putting back */

static void put_back_title(struct matrix_frontend *frontend, struct matrix_room *room, const struct room *legacy)
{
	const char *title = legacy && legacy->title ? legacy->title : room->name;

	mem_replace(&room->shown.title, title);
	matrix_tell_text(frontend, HTTP_PUT, matrix_path("/rooms/%s/state/m.room.name/", room->id), NULL, "name", title,
	                 room->id);
}

static void put_back_picture(struct matrix_frontend *frontend, struct matrix_room *room, const struct room *legacy,
                             const char *person)
{
	struct identity *identity = session_find_identity(frontend->base.transport, &frontend->base, person);

	MEM_FREE(room->shown.icon);
	if (legacy && legacy->icon_hash && *legacy->icon_hash && identity)
		contact_show_room_icon(frontend, identity, room, legacy->icon_hash);
	else
		matrix_tell(frontend, HTTP_PUT, matrix_path("/rooms/%s/state/m.room.avatar/", room->id), NULL, NULL, room->id);
}

static void tell(struct matrix_frontend *frontend, const struct matrix_room *room, const char *what, const char *reason)
{
	size_t length = strlen(reason);
	const char *stop = length && strchr(".!?", reason[length - 1]) ? "" : ".";
	char *text = mem_printf("On the network the room's %s is not changed: %s%s", what, reason, stop);

	matrix_notice(frontend, room->id, NULL, text);
	mem_free(text);
}

struct refusal {
	const char *person, *reason;
	const struct event_message *message;
};

static void put_back(struct matrix_frontend *frontend, struct matrix_room *room, void *context)
{
	const struct refusal *refusal = context;
	const struct event_room_change *change = &refusal->message->change;
	const struct room *legacy = portal_listener(&frontend->base, room->name);

	if (!room->ours)
		return;
	tell(frontend, room, change->title ? "name" : "picture", refusal->reason);
	if (change->title)
		put_back_title(frontend, room, legacy);
	if (change->has_picture)
		put_back_picture(frontend, room, legacy, refusal->person);
}

void portal_change_refused(struct matrix_frontend *frontend, const char *person, const struct event_message *message,
                           const char *reason)
{
	struct refusal refusal = {person, reason, message};

	log_info(&frontend->base.log, "a change of %s by %s is refused: %s", log_quote(message->name), log_quote(person),
	         log_quote(reason));
	matrix_room_each_portal(frontend, message->name, put_back, &refusal);
}

/* --------------------------------------------------------------------------------------------- doing */

static const char *problem_of(int err)
{
	if (err == TP_ERR_UNSUPPORTED)
		return "rooms have no such thing there, or it cannot be changed from here";
	return err == TP_ERR_LIMIT ? "it is too large" : moderation_problem(err);
}

static void change(struct matrix_frontend *frontend, const struct matrix_room *room, const char *person, const char *id,
                   struct event_room_change what)
{
	struct resource *resource = person_ready(frontend, person);
	const struct event out = {
	        .type = EVENT_ROOM_CHANGE,
	        .message = {.kind = MESSAGE_ROOM, .name = room->name, .text = "", .id = id, .change = what}};
	int err = resource ? router_from_frontend(resource, &out) : TP_ERR_NOT_REGISTERED;

	if (err)
		portal_change_refused(frontend, person, &out.message, problem_of(err));
}

static bool is_networks(const struct matrix_room *room)
{
	return room->kind == MATRIX_ROOM_PORTAL && room->ours;
}

void portal_change_name(struct matrix_frontend *frontend, struct matrix_room *room, const struct matrix_event *event)
{
	const char *title = event->body ? event->body : "";

	if (!is_networks(room) || (room->shown.title && !strcmp(room->shown.title, title)))
		return;
	mem_replace(&room->shown.title, title);
	change(frontend, room, event->sender, event->id, (struct event_room_change){.title = title});
}

/* A picture that is being fetched. A note of the spool says so until the network's queue has it: the transaction that
 * brought it is answered before. */
struct fetching {
	struct matrix_frontend *frontend;
	char *room, *person, *id, *url;
};

#define PICTURES "matrix picture" /* notes: room -> person, event and address of the picture, a line each */

static void fetching_free(void *context)
{
	struct fetching *fetching = context;

	mem_free(fetching->room);
	mem_free(fetching->person);
	mem_free(fetching->id);
	mem_free(fetching->url);
	mem_free(fetching);
}

static char *note_of(const struct fetching *fetching)
{
	return mem_printf("%s\n%s\n%s", fetching->person, fetching->id, fetching->url);
}

static void forget_note(struct matrix_frontend *frontend, const char *room)
{
	spool_note_set(frontend->base.transport->spool, PICTURES, room, NULL, 0);
}

/* Whether the room was given no other picture, or none, since. */
static bool is_last(const struct fetching *fetching)
{
	char *noted = spool_note_text(fetching->frontend->base.transport->spool, PICTURES, fetching->room);
	char *own = note_of(fetching);
	bool last = noted && !strcmp(noted, own);

	mem_free(noted);
	mem_free(own);
	return last;
}

/* As the network will call it, so that it is not shown as news when it comes back. */
static void note_icon(struct matrix_room *room, const void *bytes, size_t size)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned length = 0;
	struct buf hash = {0};

	if (size && EVP_Digest(bytes, size, digest, &length, EVP_sha1(), NULL))
		for (unsigned i = 0; i < length; i++)
			buf_printf(&hash, "%02x", digest[i]);
	mem_replace(&room->shown.icon, hash.len ? buf_text(&hash) : NULL);
	buf_finish(&hash);
}

static void on_picture(void *context, const struct matrix_media_bytes *got)
{
	const struct fetching *fetching = context;
	struct matrix_frontend *frontend = fetching->frontend;
	struct matrix_room *room = matrix_room_find(frontend, fetching->room);
	struct event_room_change what = {
	        .has_picture = true, .picture = (const uint8_t *)got->bytes, .picture_size = got->size};
	const struct event_message refused = {.name = room ? room->name : "", .change = what};

	if (!is_last(fetching)) {
		fetching_free(context);
		return;
	}
	if (room)
		room->shown.fetching = false;
	if (room && is_networks(room) && got->problem) {
		portal_change_refused(frontend, fetching->person, &refused, got->problem);
	} else if (room && is_networks(room)) {
		note_icon(room, got->bytes, got->size);
		change(frontend, room, fetching->person, fetching->id, what);
	}
	forget_note(frontend, fetching->room);
	transport_commit(frontend->base.transport);
	fetching_free(context);
}

static void fetch(struct fetching *fetching, struct matrix_room *room)
{
	char *note = note_of(fetching);

	spool_note_set_text(fetching->frontend->base.transport->spool, PICTURES, room->id, note);
	room->shown.fetching = true;
	matrix_media_get(fetching->frontend->media, fetching->url, LIMIT_ROOM_PICTURE_BYTES, on_picture, fetching,
	                 fetching_free);
	mem_free(note);
}

struct going_on {
	struct matrix_frontend *frontend;
	const char *person;
};

static void go_on(void *context, const char *id, const void *value, size_t size)
{
	const struct going_on *going_on = context;
	struct matrix_room *room = matrix_room_find(going_on->frontend, id);
	char *text = mem_strndup(value, size), *rest = text;
	const char *person = strsep(&rest, "\n"), *event = strsep(&rest, "\n");

	if (!room || !is_networks(room) || !rest) {
		forget_note(going_on->frontend, id);
	} else if (!strcmp(person, going_on->person) && !room->shown.fetching) {
		struct fetching *fetching = MEM_NEW(struct fetching);

		*fetching = (struct fetching){going_on->frontend, mem_strdup(id), mem_strdup(person), mem_strdup(event),
		                              mem_strdup(rest)};
		fetch(fetching, room);
	}
	mem_free(text);
}

void portal_changes_go_on(struct matrix_frontend *frontend, const char *id, const char *unused)
{
	(void)unused;
	spool_note_each(frontend->base.transport->spool, PICTURES, "", go_on, &(struct going_on){frontend, id});
}

void portal_change_picture(struct matrix_frontend *frontend, struct matrix_room *room, const struct matrix_event *event)
{
	if (!is_networks(room))
		return;
	if (!event->url) {
		forget_note(frontend, room->id);
		room->shown.fetching = false;
		MEM_FREE(room->shown.icon);
		change(frontend, room, event->sender, event->id, (struct event_room_change){.has_picture = true});
		return;
	}
	struct fetching *fetching = MEM_NEW(struct fetching);

	*fetching = (struct fetching){frontend, mem_strdup(room->id), mem_strdup(event->sender), mem_strdup(event->id),
	                              mem_strdup(event->url)};
	fetch(fetching, room);
}
