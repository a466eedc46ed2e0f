/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/xmpp/raw.h"
#include "frontends/xmpp/state.h"
#include "transport/people/user.h"

static const char *query_key(struct text_key *key, const struct identity *identity, const char *id)
{
	return text_key_join(key, identity->user ? identity->user->key : identity->address, id);
}

struct raw_query *raw_query_find(struct xmpp_frontend *frontend, const struct identity *identity,
                                 const char *id)
{
	struct text_key key;
	struct raw_query *query = map_get(frontend->raw_queries, query_key(&key, identity, id));
	text_key_finish(&key);
	return query;
}

static bool person_is_full(struct identity *identity)
{
	unsigned count = 0;
	LIST_EACH(link, &identity_state(identity)->raw_queries)
	count++;
	return count >= LIMIT_XMPP_QUERIES_EACH;
}

const struct stanza_error *raw_query_open(const struct iq_request *request, struct resource *resource)
{
	struct xmpp_frontend *frontend = request->frontend;
	struct identity *identity = resource->identity;
	if (raw_query_find(frontend, identity, request->id))
		return &ERROR_CONFLICT;
	if (map_count(frontend->raw_queries) >= LIMIT_XMPP_QUERIES || person_is_full(identity))
		return &ERROR_CONSTRAINT;
	struct raw_query *query = MEM_NEW(struct raw_query);
	struct text_key key;
	query->key = mem_strdup(query_key(&key, identity, request->id));
	text_key_finish(&key);
	query->address = mem_strdup(identity->address);
	query->resource = mem_strdup(resource->name);
	query->asked = mem_strdup(request->route.to_text);
	query->id = mem_strdup(request->id);
	query->deadline = clock_ms() + LIMIT_XMPP_QUERY_SECONDS * UINT64_C(1000);
	list_append(&frontend->raw_queries_due, &query->link);
	list_append(&identity_state(identity)->raw_queries, &query->own_link);
	map_put(frontend->raw_queries, query->key, query);
	return NULL;
}

void raw_query_close(struct xmpp_frontend *frontend, struct raw_query *query)
{
	map_remove(frontend->raw_queries, query->key);
	list_remove(&query->link);
	list_remove(&query->own_link);
	mem_free(query->key);
	mem_free(query->address);
	mem_free(query->resource);
	mem_free(query->asked);
	mem_free(query->id);
	mem_free(query);
}

void raw_queries_expire(struct xmpp_frontend *frontend)
{
	uint64_t now = clock_ms();
	LIST_EACH(link, &frontend->raw_queries_due)
	{
		struct raw_query *query = CONTAINER_OF(link, struct raw_query, link);
		if (query->deadline > now)
			return;
		char *to = mem_printf("%s/%s", query->address, query->resource);
		send_error(frontend, "iq", query->asked, to, query->id, &ERROR_TIMEOUT, NULL);
		mem_free(to);
		raw_query_close(frontend, query);
	}
}

void raw_queries_forget(struct xmpp_frontend *frontend, struct identity *identity)
{
	LIST_EACH(link, &identity_state(identity)->raw_queries)
	raw_query_close(frontend, CONTAINER_OF(link, struct raw_query, own_link));
}
