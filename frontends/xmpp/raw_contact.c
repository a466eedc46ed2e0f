/* SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "config/limits.h"
#include "frontends/xmpp/raw.h"
#include "frontends/xmpp/state.h"
#include "transport/user.h"

static char *contact_key(const char *name)
{
	char *key = mem_strdup(name);
	text_lower(key);
	return key;
}

static void free_presences(void *data)
{
	struct map *presences = data;
	map_destroy(&presences, mem_free);
}

static void note(struct map *contacts, const char *key, const char *resource, const char *text, size_t length)
{
	struct map *presences = map_get(contacts, key);
	if (!text || length > LIMIT_RAW_PRESENCE_BYTES) {
		mem_free(presences ? map_remove(presences, resource) : NULL);
		return;
	}
	if (!presences) {
		presences = map_create();
		map_put(contacts, key, presences);
	}
	if (map_count(presences) < LIMIT_RAW_PRESENCES || map_get(presences, resource))
		mem_free(map_put(presences, resource, mem_strndup(text, length)));
}

void raw_contact_note(struct xmpp_frontend *frontend, const struct user *user, const char *name,
                      const char *resource, const char *text, size_t length)
{
	char *key = contact_key(name);
	LIST_EACH(link, &user->identities)
	{
		struct identity *identity = CONTAINER_OF(link, struct identity, link);
		if (identity->frontend == &frontend->base)
			note(identity_state(identity)->raw_contacts, key, resource ? resource : "", text,
			     length);
	}
	mem_free(key);
}

const struct map *raw_contact_presences(const struct identity *identity, const char *name)
{
	const struct xmpp_identity *state = identity->data;
	char *key = contact_key(name);
	const struct map *presences = state ? map_get(state->raw_contacts, key) : NULL;
	mem_free(key);
	return presences;
}

bool raw_contact_has_other(struct xmpp_frontend *frontend, const struct user *user, const char *name,
                           const char *resource)
{
	LIST_EACH(link, &user->identities)
	{
		const struct identity *identity = CONTAINER_OF(link, struct identity, link);
		const struct map *presences =
		        identity->frontend == &frontend->base ? raw_contact_presences(identity, name) : NULL;
		if (presences)
			return map_count(presences) >
			       (map_get(presences, resource ? resource : "") ? 1u : 0u);
	}
	return false;
}

void raw_contact_forget(struct identity *identity, const char *name)
{
	char *key = contact_key(name);
	struct map *presences = map_remove(identity_state(identity)->raw_contacts, key);
	if (presences)
		free_presences(presences);
	mem_free(key);
}

void raw_contacts_forget(struct identity *identity)
{
	struct xmpp_identity *state = identity->data;
	if (!state || !map_count(state->raw_contacts))
		return;
	map_destroy(&state->raw_contacts, free_presences);
	state->raw_contacts = map_create();
}
