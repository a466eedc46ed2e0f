/* SPDX-License-Identifier: MIT */
#include "transport/routing/ahead.h"

#include <string.h>

#include "base/list.h"
#include "base/mem.h"
#include "transport/frontend.h"
#include "transport/people/roster.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/routing/conversation.h"
#include "transport/spool/spool.h"
#include "transport/transport.h"

#define FEW 256       /* people who are near anyway */
#define NAME 32       /* bytes of the name that ends a structure: as many as most have */
#define KEY_BYTES 128 /* of a look-up's key; longer ones are not foreseen */

bool ahead_pays(const struct transport *transport)
{
	return map_count(transport->users) >= FEW;
}

/* False: it is the one before, and nothing new. */
static bool add(struct ahead *ahead, const char *name, size_t length)
{
	const struct map_key *last = ahead->count ? &ahead->names[ahead->count - 1] : NULL;

	if (last && last->length == length && memcmp(last->text, name, length) == 0)
		return false;
	ahead->names[ahead->count++] = (struct map_key){.text = name, .length = length};
	return true;
}

static const struct identity *identity_in(const struct user *user)
{
	const struct conversation *conversation = user->last_conversation;

	if (conversation && conversation->identity)
		return conversation->identity;
	return list_empty(&user->identities) ? NULL : CONTAINER_OF(user->identities.next, struct identity, link);
}

static void ask_for_identity(const struct identity *identity)
{
	mem_prefetch(identity, sizeof(*identity) + NAME);
}

static void foresee(struct foreseen *foreseen, struct user *const *users, size_t count)
{
	foreseen->next = foreseen->count = 0;
	for (size_t i = 0; i < count; i++)
		if (users[i])
			foreseen->users[foreseen->count++] = users[i];
}

/* Each line of these loops needs what the one before has asked for, for all of them. */
void ahead_users_end(struct ahead *ahead, struct transport *transport)
{
	size_t count = ahead->count;
	void *found[MAP_SEVERAL];
	struct user *const *users = (struct user *const *)found;

	if (!count)
		return; /* all have been looked at, and stay foreseen */
	ahead->count = 0;
	map_get_several(transport->users, ahead->names, count, found);
	foresee(&transport->foreseen, users, count);
	for (size_t i = 0; i < count; i++)
		user_prefetch_own(users[i]);
	for (size_t i = 0; i < count; i++)
		if (users[i])
			mem_prefetch(users[i]->last_conversation, sizeof(struct conversation) + NAME);
	for (size_t i = 0; i < count; i++)
		if (users[i])
			ask_for_identity(identity_in(users[i]));
	for (size_t i = 0; i < count; i++) {
		const struct identity *identity = users[i] ? identity_in(users[i]) : NULL;

		if (!identity)
			continue;
		mem_prefetch(identity->inbox, sizeof(*identity->inbox) + NAME);
		mem_prefetch(CONTAINER_OF(identity->resources.next, struct resource, link), sizeof(struct resource) + NAME);
	}
}

void ahead_user(struct ahead *ahead, struct transport *transport, const char *key, size_t length)
{
	if (add(ahead, key, length) && ahead->count == MAP_SEVERAL)
		ahead_users_end(ahead, transport);
}

struct user *ahead_find(struct transport *transport, const char *key)
{
	struct foreseen *foreseen = &transport->foreseen;

	for (size_t i = foreseen->next; i < foreseen->count; i++) {
		struct user *user = foreseen->users[i];

		if (user && strcmp(user->key, key) == 0) {
			foreseen->next = i + 1;
			return user;
		}
	}
	return NULL;
}

void ahead_forget(struct transport *transport, const struct user *user)
{
	for (size_t i = 0; i < transport->foreseen.count; i++)
		if (transport->foreseen.users[i] == user)
			transport->foreseen.users[i] = NULL;
}

/* The keys of the identities' map; those that do not fit stay empty, which is nobody's. */
static void make_keys(const struct ahead *ahead, const struct frontend *frontend, char texts[][KEY_BYTES],
		      struct map_key *keys)
{
	const char *name = frontend->ops->name;
	size_t before = strlen(name) + 1;

	for (size_t i = 0; i < ahead->count; i++) {
		const struct map_key *address = &ahead->names[i];
		bool fits = address->length <= KEY_BYTES - before;

		keys[i] = (struct map_key){.text = texts[i], .length = fits ? before + address->length : 0};
		if (!fits)
			continue;
		memcpy(texts[i], name, before - 1);
		texts[i][before - 1] = ' ';
		memcpy(texts[i] + before, address->text, address->length);
	}
}

void ahead_addresses_end(struct ahead *ahead, const struct frontend *frontend)
{
	char texts[MAP_SEVERAL][KEY_BYTES];
	struct map_key keys[MAP_SEVERAL] = {0};
	void *found[MAP_SEVERAL];
	struct identity *const *identities = (struct identity *const *)found;
	const struct user *users[MAP_SEVERAL];
	size_t count = ahead->count;

	make_keys(ahead, frontend, texts, keys);
	ahead->count = 0;
	map_get_several(frontend->transport->identities, keys, count, found);
	for (size_t i = 0; i < count; i++)
		ask_for_identity(identities[i]);
	for (size_t i = 0; i < count; i++) {
		users[i] = identities[i] ? identities[i]->user : NULL;
		if (!users[i])
			continue;
		user_prefetch_own(users[i]);
		mem_prefetch(CONTAINER_OF(identities[i]->resources.next, struct resource, link),
			     sizeof(struct resource) + NAME);
	}
	for (size_t i = 0; i < count; i++) {
		if (!users[i])
			continue;
		mem_prefetch(users[i]->last_conversation, sizeof(struct conversation) + NAME);
		mem_prefetch(users[i]->outbox, sizeof(*users[i]->outbox) + NAME);
		mem_prefetch(users[i]->roster, sizeof(*users[i]->roster));
	}
}

void ahead_address(struct ahead *ahead, const struct frontend *frontend, const char *address, size_t length)
{
	if (add(ahead, address, length) && ahead->count == MAP_SEVERAL)
		ahead_addresses_end(ahead, frontend);
}
