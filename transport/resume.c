/* SPDX-License-Identifier: MIT */
#include "transport/resume.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "transport/backend/backend.h"
#include "transport/backend/backend_attach.h"
#include "transport/frontend.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/rooms/room.h"
#include "transport/rooms/room_key.h"
#include "transport/routing/delivery.h"
#include "transport/spool/spool.h"
#include "transport/transport.h"

#define GRACE_MS 60000 /* for clients to be heard of again */
#define ROOM "room"

/* -------------------------------------------------------------------------------------------- room notes */

/* "ACCOUNT\nroom", the room as room_find compares it. */
static char *note_name(const struct room *room)
{
	char *name = mem_strdup(room->name);

	text_lower(name);
	char *whole = mem_printf("%s\n%s", room->user->key, name);

	mem_free(name);
	return whole;
}

/* Lines: name, name on the network, nickname, password (sealed); then of each client frontend, resource and address. */
void resume_note_room(const struct room *room)
{
	struct transport *transport = room->user->transport;
	char *name = note_name(room);
	char *sealed = room->password && *room->password ? room_key_seal(room->user, room->name, room->password) : NULL;
	struct buf text = {0};

	buf_printf(&text, "%s\n%s\n%s\n%s\n", room->name, room->network_name, room->nickname, sealed ? sealed : "");
	mem_free(sealed);
	LIST_EACH (link, &room->occupants) {
		const struct resource *resource = CONTAINER_OF(link, struct occupant, link)->resource;

		buf_printf(&text, "%s\n%s\n%s\n", resource->identity->frontend->ops->name, resource->name,
			   resource->identity->address);
	}
	spool_note_set(transport->spool, ROOM, name, text.data, text.len);
	buf_finish(&text);
	mem_free(name);
}

void resume_forget_room(const struct room *room)
{
	char *name = note_name(room);

	spool_note_set(room->user->transport->spool, ROOM, name, NULL, 0);
	mem_free(name);
}

/* Cuts the next line off; NULL at the end. */
static char *next_line(char **rest)
{
	char *line = *rest, *end = line ? strchr(line, '\n') : NULL;

	if (!end)
		return NULL;
	*end = '\0';
	*rest = end + 1;
	return line;
}

static void put_into_room(struct room *room, const char *frontend_name, const char *resource_name, const char *address)
{
	struct transport *transport = room->user->transport;
	struct frontend *frontend = transport_frontend(transport, frontend_name);

	if (!frontend || !frontend->ops->room_resumed)
		return;
	if (!session_adopt(frontend, address, room->user))
		return;
	struct resource *resource = session_attach(frontend, address, resource_name, NULL);

	if (!resource)
		return;
	if (frontend->ops->room_resumed(frontend, resource, room))
		room_add(room, resource);
	else
		session_drop_resource(resource);
}

static void restore_room(struct user *user, char *text, bool joined)
{
	char *rest = text, *name = next_line(&rest), *network_name = next_line(&rest), *nickname = next_line(&rest);
	char *password = next_line(&rest), *frontend, *resource, *address;

	if (!password || room_find(user, name))
		return;
	char *opened = *password ? room_key_unseal(user, name, password) : NULL;
	struct room *room = room_create(user, name, nickname, opened);

	mem_free_secret(opened);

	mem_replace(&room->network_name, network_name);
	if (joined)
		room->state = ROOM_JOINED;
	while ((frontend = next_line(&rest)) && (resource = next_line(&rest)) && (address = next_line(&rest)))
		put_into_room(room, frontend, resource, address);
	resume_note_room(room);
}

static bool find_place(char *text, const char *frontend, struct resume_place *place)
{
	char *rest = text, *name = next_line(&rest), *of, *address;

	for (int i = 0; i < 3; i++)
		next_line(&rest);
	while ((of = next_line(&rest)) && next_line(&rest) /* a resource */ && (address = next_line(&rest))) {
		if (strcmp(of, frontend) != 0)
			continue;
		*place = (struct resume_place){mem_strdup(address), mem_strdup(name)};
		return true;
	}
	return false;
}

bool resume_find_place(struct transport *transport, const char *account, const char *room, const char *frontend,
		       struct resume_place *place)
{
	char *lower = mem_strdup(room), *name;

	text_lower(lower);
	name = mem_printf("%s\n%s", account, lower);
	char *text = spool_note_text(transport->spool, ROOM, name);
	bool found = text && find_place(text, frontend, place);

	mem_free_secret(text);
	mem_free(name);
	mem_free(lower);
	return found;
}

struct room_notes {
	char **texts;
	size_t count;
};

static void collect(void *context, const char *name, const void *value, size_t size)
{
	struct room_notes *notes = context;

	(void)name;
	notes->texts = mem_realloc(notes->texts, (notes->count + 1) * sizeof(*notes->texts));
	notes->texts[notes->count++] = mem_strndup(value, size);
}

void resume_rooms(struct user *user, bool joined)
{
	struct room_notes notes = {0};
	char *prefix = mem_printf("%s\n", user->key);

	spool_note_each(user->transport->spool, ROOM, prefix, collect, &notes);
	mem_free(prefix);
	for (size_t i = 0; i < notes.count; i++) {
		restore_room(user, notes.texts[i], joined);
		mem_free_secret(notes.texts[i]);
	}
	mem_free(notes.texts);
}

/* ------------------------------------------------------------------------------------------ held sessions */

struct resumption {
	struct transport *transport;
	struct backend *backend; /* alive: its owner holds it until done is called */
	bool connected;
	void (*done)(void *context, struct user *user);
	void *context;
};

static void found(void *context, int err, const struct store_account *account)
{
	struct resumption *resumption = context;
	struct transport *transport = resumption->transport;
	struct user *user = NULL;
	bool wanted = !err && account && !transport->stopping && !user_find(transport, account->key) &&
		      backend_attach_is_under_way(resumption->backend);

	if (wanted)
		user = user_create(transport, account);
	if (user && !user_may_log_in(user, NULL))
		user_destroy(&user, NULL);
	if (user) {
		for (size_t i = 0; i < account->identities_count; i++) {
			struct frontend *frontend = transport_frontend(transport, account->identities[i].frontend);

			if (frontend)
				session_adopt(frontend, account->identities[i].address, user);
		}
		user_resume(user, resumption->backend, resumption->connected);
		resume_rooms(user, resumption->connected);
		delivery_expect_echoes(user);
	}
	resumption->done(resumption->context, user);
	mem_free(resumption);
}

void resume_session(struct transport *transport, struct backend *backend, const char *key, bool connected,
		    void (*done)(void *context, struct user *user), void *context)
{
	struct resumption *resumption = MEM_NEW(struct resumption);

	*resumption = (struct resumption){transport, backend, connected, done, context};
	store_get_account(transport->store, key, found, resumption);
}

void resume_finish(struct user *user)
{
	struct map_iter it = {0};
	bool was_resuming = user->resuming;

	user->resuming = false;
	user_set_grace(user, GRACE_MS);
	/* What the login has asked for may have been told to the last core, which alone knew it: it begins anew. */
	if (was_resuming && user->state == USER_CONNECTING && !user->login_step) {
		user->question_lost = true;
		user_relogin(user);
	}
	if (user->state != USER_CONNECTED)
		return;
	while (map_next(user->rooms, &it)) {
		struct room *room = it.value;

		/* The backend told no participant: it is not in there. */
		if (room->state == ROOM_JOINED && !map_count(room->participants))
			room_join(room);
	}
	delivery_user_ready(user);
}

static void leave_empty_rooms(struct user *user)
{
	struct map_iter it = {0};

	if (user_stays_connected(user))
		return;
	while (map_next(user->rooms, &it)) {
		struct room *room = it.value;

		if (list_empty(&room->occupants))
			room_abandon(&room, NULL);
	}
}

void resume_expire(struct transport *transport)
{
	uint64_t now_ms = clock_ms();
	struct map_iter it = {0};

	if (!transport->grace_until_ms)
		return;
	if (transport->grace_until_ms <= now_ms)
		transport->grace_until_ms = 0;
	while (map_next(transport->users, &it)) {
		struct user *user = it.value;

		if (!user->grace_ms || user->grace_ms > now_ms)
			continue;
		user->grace_ms = 0;
		leave_empty_rooms(user);
		user_release_if_unused(user);
	}
}
