/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/people/chat_all.h"

#include "config/limits.h"
#include "frontends/matrix/people/chat.h"
#include "frontends/matrix/people/person.h"
#include "transport/people/roster.h"
#include "transport/people/session.h"
#include "transport/people/user.h"

/* A chat that is to be opened: in frontend->unopened, by its key, in the order in which they came. */
struct unopened {
	char *owner, *name;
};

static void unopened_free(void *value)
{
	struct unopened *unopened = value;

	mem_free(unopened->owner);
	mem_free(unopened->name);
	mem_free(unopened);
}

/* Whether it is still wanted: the person may have gone, or removed the contact. */
static bool is_wanted(struct matrix_frontend *frontend, const struct unopened *unopened)
{
	const struct resource *resource = person_ready(frontend, unopened->owner);
	const struct user *user = resource ? resource->identity->user : NULL;
	const struct contact *contact = user ? roster_find(user->roster, unopened->name) : NULL;

	return contact && contact->stored && frontend->config.open_chats &&
	       !matrix_room_chat(frontend, unopened->owner, unopened->name);
}

static void go_on(struct matrix_frontend *frontend, const char *unused, const char *unused_too);

static void wait_a_little(struct matrix_frontend *frontend)
{
	matrix_after(frontend, LIMIT_MATRIX_OPENING_MS, go_on, NULL, NULL);
}

/* matrix_later: begins the next one. */
static void go_on(struct matrix_frontend *frontend, const char *unused, const char *unused_too)
{
	bool busy = map_count(frontend->openings) > 0 ||
	            homeserver_waiting(frontend->homeserver) > LIMIT_MATRIX_OPENING_WAITING;
	struct map_iter it = {0};

	(void)unused;
	(void)unused_too;
	while (!busy && map_next(frontend->unopened, &it)) {
		struct unopened *unopened = it.value;

		busy = is_wanted(frontend, unopened);
		if (busy)
			chat_open(frontend, unopened->owner, unopened->name, false);
		map_remove(frontend->unopened, it.key);
		unopened_free(unopened);
	}
	if (map_count(frontend->unopened))
		wait_a_little(frontend);
}

void chat_all_add(struct matrix_frontend *frontend, const char *owner, const char *name)
{
	if (!frontend->config.open_chats || matrix_room_chat(frontend, owner, name) ||
	    matrix_room_was_left(frontend, owner, name))
		return;
	char *key = matrix_chat_key(owner, name);

	if (!map_get(frontend->unopened, key)) {
		struct unopened *unopened = MEM_NEW(struct unopened);

		unopened->owner = mem_strdup(owner);
		unopened->name = mem_strdup(name);
		map_set(&frontend->unopened, key, unopened);
		if (map_count(frontend->unopened) == 1)
			wait_a_little(frontend);
	}
	mem_free(key);
}

void chat_all_begin(struct matrix_frontend *frontend, const char *id, const char *unused)
{
	const struct resource *resource = person_ready(frontend, id);
	struct contacts_iter it = {0};

	(void)unused;
	while (resource && contacts_next(resource->identity->user->roster->contacts, &it)) {
		const struct contact *contact = it.contact;

		if (contact->stored)
			chat_all_add(frontend, id, contact->name);
	}
}

void chat_all_free(struct matrix_frontend *frontend)
{
	map_destroy(&frontend->unopened, unopened_free);
}
