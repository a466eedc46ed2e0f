/* SPDX-License-Identifier: MIT */
#include "frontends/xmpp/address.h"

#include <string.h>

#include "base/text.h"
#include "frontends/xmpp/probe.h"
#include "frontends/xmpp/state.h"
#include "transport/people/roster.h"
#include "transport/people/user.h"

static void address_copy(const struct jid *jid, char *out)
{
	if (jid->node[0]) {
		size_t length = strlen(jid->node);
		memcpy(out, jid->node, length);
		out[length] = '@';
		out += length + 1;
	}
	memcpy(out, jid->domain, strlen(jid->domain) + 1);
}

bool route_parse(struct route *route, struct xmpp_frontend *frontend, const char *from, const char *to)
{
	route->from_text = from;
	route->to_text = to ? to : "";
	if (!from || jid_parse(&route->from, from)) {
		log_debug(&frontend->base.log, "stanza from an impossible address %s dropped",
		          log_quote(from));
		return false;
	}
	address_copy(&route->from, route->address);
	if (!to || !to[0]) {
		route->to = route->from;
		route->to.resource[0] = '\0';
		route->target = ROUTE_SELF;
		return frontend->config.server_mode;
	}
	if (jid_parse(&route->to, to)) {
		log_debug(&frontend->base.log, "stanza to an impossible address %s dropped", log_quote(to));
		return false;
	}
	if (strcmp(route->to.domain, frontend->gateway) != 0)
		return false;
	route->target = route->to.node[0] ? ROUTE_ENTITY : ROUTE_GATEWAY;
	if (frontend->config.server_mode && !strcmp(route->to.node, route->from.node))
		route->target = ROUTE_SELF;
	return true;
}

struct resource *route_resource(struct xmpp_frontend *frontend, const struct route *route)
{
	struct resource *resource =
	        session_find(frontend->base.transport, &frontend->base, route->address, route->from.resource);
	if (resource)
		probe_heard(frontend, resource);
	return resource;
}

struct resource *identity_best_resource(const struct identity *identity)
{
	struct resource *best = NULL;
	LIST_EACH(link, &identity->resources)
	{
		struct resource *resource = CONTAINER_OF(link, struct resource, link);
		if (!best || resource->has_presence > best->has_presence ||
		    (resource->has_presence == best->has_presence && resource->priority > best->priority))
			best = resource;
	}
	return best;
}

struct resource *route_any_resource(struct xmpp_frontend *frontend, const struct route *route)
{
	struct resource *resource = route_resource(frontend, route);
	if (resource)
		return resource;
	struct identity *identity =
	        session_find_identity(frontend->base.transport, &frontend->base, route->address);
	return identity ? identity_best_resource(identity) : NULL;
}

struct resource *route_speaking_resource(struct xmpp_frontend *frontend, const struct route *route)
{
	struct resource *resource = route_any_resource(frontend, route);
	if (resource || !route->from.resource[0])
		return resource;
	struct identity *identity =
	        session_find_identity(frontend->base.transport, &frontend->base, route->address);
	if (!identity || !identity->user || !identity->user->grace_ms)
		return NULL;
	return session_attach(&frontend->base, route->address, route->from.resource, NULL);
}

static bool append_node(struct xmpp_frontend *frontend, struct buf *out)
{
	if (!jid_prepare_name(out, buf_text(&frontend->node)))
		return false;
	buf_putc(out, '@');
	buf_puts(out, frontend->gateway);
	return true;
}

bool address_contact(struct xmpp_frontend *frontend, struct buf *out, const char *name)
{
	if (jid_from_plain_name(out, name)) {
		buf_putc(out, '@');
		buf_puts(out, frontend->gateway);
		return true;
	}
	buf_clear(&frontend->node);
	jid_from_contact(&frontend->node, name,
	                 frontend->config.jid_escaping &&
	                         !frontend->base.transport->features.disable_jid_escaping);
	return append_node(frontend, out);
}

bool address_room(struct xmpp_frontend *frontend, struct buf *out, const char *room)
{
	buf_clear(&frontend->node);
	jid_from_room(&frontend->node, room, true);
	return append_node(frontend, out);
}

static size_t sequence_length(const char *text)
{
	size_t length = 1;
	while (((unsigned char)text[length] & 0xc0) == 0x80)
		length++;
	return length;
}

void address_nickname(struct buf *out, const char *nickname)
{
	if (jid_prepare_resource(out, nickname))
		return;
	size_t end = text_cut(nickname, strlen(nickname), JID_PART_MAX / 2);
	struct buf safe = {0};
	for (size_t i = 0; i < end;) {
		char one[8] = "";
		size_t length = sequence_length(nickname + i);
		if (length < sizeof(one))
			memcpy(one, nickname + i, length);
		if (!jid_prepare_resource(&safe, one))
			buf_putc(&safe, '_');
		i += length;
	}
	if (!jid_prepare_resource(out, buf_text(&safe)))
		buf_puts(out, "_");
	buf_finish(&safe);
}

void address_to_contact(struct xmpp_frontend *frontend, const struct user *user, struct buf *out,
                        const char *node)
{
	(void)frontend;
	const struct roster *roster = user ? user->roster : NULL;
	size_t start = out->len;
	jid_unescape(out, node);
	/* A '%' may be one of the name's own. */
	const struct contact *contact = roster ? roster_find(roster, buf_text(out) + start) : NULL;
	if (!contact && strchr(node, '%')) {
		out->len = start;
		jid_to_legacy(out, node);
		contact = roster ? roster_find(roster, buf_text(out) + start) : NULL;
	}
	if (!contact)
		return;
	out->len = start;
	buf_puts(out, contact->name);
}

void address_append_resource(struct buf *address, const char *resource)
{
	if (!resource || !resource[0])
		return;
	buf_putc(address, '/');
	buf_puts(address, resource);
}

void address_of_resource(const struct resource *resource, struct buf *out)
{
	buf_puts(out, resource->identity->address);
	address_append_resource(out, resource->name);
}

void address_of_target(const struct identity *to, const struct resource *only, struct buf *out)
{
	if (only)
		address_of_resource(only, out);
	else
		buf_puts(out, to->address);
}
