/* SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "config/limits.h"
#include "frontends/xmpp/raw.h"
#include "frontends/xmpp/state.h"
#include "transport/people/user.h"

static void free_presences(void *data)
{
	struct map *presences = data;
	map_destroy(&presences, mem_free);
}

static void note(struct map **contacts, const char *key, const char *resource, const char *text, size_t length)
{
	struct map *presences = map_get(*contacts, key);
	if (!text || length > LIMIT_RAW_PRESENCE_BYTES) {
		mem_free(presences ? map_remove(presences, resource) : NULL);
		return;
	}
	if (!presences) {
		presences = map_create();
		map_set(contacts, key, presences);
	}
	if (map_count(presences) < LIMIT_RAW_PRESENCES || map_get(presences, resource))
		mem_free(map_put(presences, resource, mem_strndup(text, length)));
}

void raw_contact_note(struct xmpp_frontend *frontend, const struct user *user, const char *name,
                      const char *resource, const char *text, size_t length)
{
	struct text_key copy;
	const char *key = text_key_lower(&copy, name);
	LIST_EACH(link, &user->identities)
	{
		struct identity *identity = CONTAINER_OF(link, struct identity, link);
		if (identity->frontend == &frontend->base)
			note(&identity_state(identity)->raw_contacts, key, resource ? resource : "", text,
			     length);
	}
	text_key_finish(&copy);
}

const struct map *raw_contact_presences(const struct identity *identity, const char *name)
{
	const struct xmpp_identity *state = identity->data;
	struct text_key key;
	if (!state)
		return NULL;
	const struct map *presences = map_get(state->raw_contacts, text_key_lower(&key, name));
	text_key_finish(&key);
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
	struct text_key key;
	struct map *presences = map_remove(identity_state(identity)->raw_contacts, text_key_lower(&key, name));
	if (presences)
		free_presences(presences);
	text_key_finish(&key);
}

void raw_contacts_forget(struct identity *identity)
{
	struct xmpp_identity *state = identity->data;
	if (state)
		map_destroy(&state->raw_contacts, free_presences);
}
