/* SPDX-License-Identifier: MIT */
#include "frontends/xmpp/probe.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "config/limits.h"
#include "frontends/xmpp/iq.h"
#include "frontends/xmpp/muc.h"
#include "frontends/xmpp/presence.h"
#include "frontends/xmpp/roster.h"
#include "frontends/xmpp/state.h"
#include "transport/people/user.h"
#include "transport/routing/delivery.h"

#define PROBES_A_TICK 100
#define ANSWER_MS 30000

struct probe {
	uint64_t deadline; /* clock_ms; 0: not sent yet */
	bool detach;       /* who does not answer is gone */
};

static void enqueue(struct xmpp_frontend *frontend, const char *address, bool detach)
{
	struct probe *probe = map_get(frontend->probes, address);
	if (!probe) {
		probe = MEM_NEW(struct probe);
		map_put(frontend->probes, address, probe);
	}
	probe->deadline = 0;
	probe->detach = probe->detach || detach;
}

void probe_queue(struct xmpp_frontend *frontend, const char *address)
{
	if (!frontend->config.server_mode)
		enqueue(frontend, address, false);
}

void probe_everybody(struct xmpp_frontend *frontend)
{
	struct map_iter it = {0};
	while (map_next(frontend->base.transport->identities, &it)) {
		struct identity *identity = it.value;
		if (identity->frontend != &frontend->base)
			continue;
		LIST_EACH(link, &identity->resources)
		resource_state(CONTAINER_OF(link, struct resource, link))->confirmed = false;
		enqueue(frontend, identity->address, true);
		if (identity->user && identity->user->state == USER_CONNECTED)
			roster_begin(frontend, identity);
	}
}

void probe_heard(struct xmpp_frontend *frontend, struct resource *resource)
{
	if (resource_state(resource)->confirmed)
		return;
	resource_state(resource)->confirmed = true;
	mem_free(frontend->heard);
	frontend->heard = mem_strdup(resource->identity->address);
}

bool probe_is_open(struct resource *resource)
{
	return !resource_state(resource)->confirmed;
}

void probe_deliver(struct xmpp_frontend *frontend)
{
	if (!frontend->heard)
		return;
	struct identity *identity =
	        session_find_identity(frontend->base.transport, &frontend->base, frontend->heard);
	MEM_FREE(frontend->heard);
	if (identity)
		delivery_identity_ready(identity);
}

static void pong_came(struct xmpp_frontend *frontend, const char *full, const char *context,
                      xmpp_stanza_t *result)
{
	(void)context;
	struct route route;
	if (result && route_parse(&route, frontend, full, frontend->gateway))
		route_resource(frontend, &route); /* confirms it */
}

/* A client that is in rooms only has shown the gateway no presence, so no probe finds it. */
static void ping_client(struct xmpp_frontend *frontend, const struct resource *resource)
{
	struct buf to = {0};
	address_of_resource(resource, &to);
	struct xml_writer *writer = request_begin(frontend, "get", buf_text(&to), pong_came, NULL);
	xml_empty(writer, "ping", "urn:xmpp:ping");
	xml_end(writer);
	xmpp_end(frontend, buf_text(&to));
	buf_finish(&to);
}

/* Of those of whom nothing was heard, the ones with or without presence. identity may be NULL. */
static void ping_clients(struct xmpp_frontend *frontend, struct identity *identity, bool with_presence)
{
	if (!identity)
		return;
	LIST_EACH(link, &identity->resources)
	{
		struct resource *resource = CONTAINER_OF(link, struct resource, link);
		if (resource->has_presence == with_presence && !resource_state(resource)->confirmed)
			ping_client(frontend, resource);
	}
}

static void ask(struct xmpp_frontend *frontend, const char *address)
{
	presence_send_type(frontend, frontend->gateway, address, "probe", NULL);
	ping_clients(frontend, session_find_identity(frontend->base.transport, &frontend->base, address), false);
}

/* with_presence: not those who are in rooms only, whom no probe finds. */
static void detach_silent(struct xmpp_frontend *frontend, const char *address, bool with_presence)
{
	struct transport *transport = frontend->base.transport;
	struct identity *identity = session_find_identity(transport, &frontend->base, address);
	char *names[LIMIT_RESOURCES_PER_IDENTITY];
	size_t count = 0;
	if (!identity)
		return;
	/* Detaching the last one frees the identity, so names are taken first. */
	LIST_EACH(link, &identity->resources)
	{
		struct resource *resource = CONTAINER_OF(link, struct resource, link);
		if (with_presence && !resource->has_presence)
			continue;
		if (!resource_state(resource)->confirmed && count < ARRAY_SIZE(names))
			names[count++] = mem_strdup(resource->name);
	}
	for (size_t i = 0; i < count; i++) {
		struct resource *resource = session_find(transport, &frontend->base, address, names[i]);
		if (resource) {
			muc_forget_rooms(frontend, resource);
			session_detach(resource);
		}
		mem_free(names[i]);
	}
}

void probe_tick(struct xmpp_frontend *frontend)
{
	if (!map_count(frontend->probes) || !frontend->component ||
	    !component_is_connected(frontend->component))
		return;
	uint64_t now = clock_ms();
	unsigned left = PROBES_A_TICK;
	struct map_iter it = {0};
	while (map_next(frontend->probes, &it)) {
		struct probe *probe = it.value;
		if (probe->deadline == 0 && left > 0) {
			left--;
			probe->deadline = now + ANSWER_MS;
			ask(frontend, it.key);
		} else if (probe->deadline != 0 && probe->deadline <= now) {
			if (probe->detach)
				detach_silent(frontend, it.key, false);
			map_remove(frontend->probes, it.key);
			mem_free(probe);
		}
	}
}

void probe_found_nobody(struct xmpp_frontend *frontend, const char *address)
{
	const struct probe *probe = map_get(frontend->probes, address);
	if (probe && probe->deadline != 0 && probe->detach)
		detach_silent(frontend, address, true);
}

void probe_bounced(struct xmpp_frontend *frontend, const struct route *route, const char *condition)
{
	static const char *const gone[] = {"gone", "remote-server-not-found", "remote-server-timeout"};
	for (size_t i = 0; condition && i < ARRAY_SIZE(gone); i++) {
		if (strcmp(condition, gone[i]) != 0)
			continue;
		log_debug(&frontend->base.log, "%s cannot be reached: %s", log_quote(route->address),
		          gone[i]);
		session_detach_all(&frontend->base, route->address);
		return;
	}
}

static void account_known(void *context, int err, const struct store_account *account)
{
	(void)account;
	struct reply *reply = context;
	if (!err && reply->frontend)
		presence_send_type(reply->frontend, reply->frontend->gateway, reply->address, "subscribe",
		                   NULL);
	reply_destroy(reply);
}

void probe_subscription_lost(struct xmpp_frontend *frontend, const struct route *route)
{
	ping_clients(frontend, session_find_identity(frontend->base.transport, &frontend->base, route->address), true);
	store_find_account(frontend->base.transport->store, frontend->base.ops->name, route->address,
	                   account_known, reply_create(frontend, route, NULL));
}
