/* SPDX-License-Identifier: MIT */
/* Requests that need a few lines each: ping, version, uptime, carbons. */
#include <string.h>

#include "base/clock.h"
#include "frontends/xmpp/iq.h"
#include "frontends/xmpp/muc.h"

void ping_handle(const struct iq_request *request)
{
	const struct route *route = &request->route;
	if (request->set) {
		iq_error(request, &ERROR_BAD_REQUEST, NULL);
		return;
	}
	struct resource *resource = route_resource(request->frontend, route);
	bool is_room = route->to.node[0] == '#' || muc_find_node(resource, route->to.node);
	const char *part = route->to.resource;
	bool is_occupant = route->target == ROUTE_ENTITY && part[0] &&
	                   (is_room || strcmp(part, XMPP_CONTACT_RESOURCE) != 0);
	const struct stanza_error *error = is_occupant ? muc_ping(request->frontend, route) : NULL;
	if (error)
		iq_error(request, error, NULL);
	else
		iq_empty_result(request);
}

void version_handle(const struct iq_request *request)
{
	if (request->set) {
		iq_error(request, &ERROR_BAD_REQUEST, NULL);
		return;
	}
	struct xml_writer *writer = iq_result(request);
	xml_start_ns(writer, "query", "jabber:iq:version");
	xml_element(writer, "name", NULL, "libtransport");
	xml_element(writer, "version", NULL, LIBTRANSPORT_VERSION);
	xml_end(writer);
	iq_send(request);
}

void last_handle(const struct iq_request *request)
{
	if (request->set) {
		iq_error(request, &ERROR_BAD_REQUEST, NULL);
		return;
	}
	uint64_t started = request->frontend->base.transport->started_ms;
	struct xml_writer *writer = iq_result(request);
	xml_start_ns(writer, "query", "jabber:iq:last");
	xml_attr_int(writer, "seconds", (long long)((clock_ms() - started) / 1000));
	xml_end(writer);
	iq_send(request);
}

/* What is sent elsewhere is copied to everybody who is here in any case. */
void carbons_handle(const struct iq_request *request)
{
	if (!request->set)
		iq_error(request, &ERROR_BAD_REQUEST, NULL);
	else if (tree_is(request->child, "enable"))
		iq_empty_result(request);
	else
		iq_error(request, &ERROR_NOT_ALLOWED, NULL);
}
