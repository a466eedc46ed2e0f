/* SPDX-License-Identifier: MIT */
#include "frontends/xmpp/presence.h"

#include <string.h>

#include "base/error.h"
#include "frontends/xmpp/message.h"
#include "frontends/xmpp/muc.h"
#include "frontends/xmpp/probe.h"
#include "frontends/xmpp/raw.h"
#include "frontends/xmpp/reply.h"
#include "frontends/xmpp/roster.h"
#include "frontends/xmpp/state.h"
#include "frontends/xmpp/vcard.h"
#include "transport/people/user.h"
#include "transport/rooms/room.h"

static enum status status_of(const struct presence_stanza *presence)
{
	if (presence->invisible)
		return STATUS_INVISIBLE;
	if (!presence->show)
		return STATUS_ONLINE;
	static const enum status shows[] = {STATUS_AWAY, STATUS_FREE_FOR_CHAT, STATUS_EXTENDED_AWAY,
	                                    STATUS_DO_NOT_DISTURB};
	for (size_t i = 0; i < ARRAY_SIZE(shows); i++)
		if (!strcmp(presence->show, status_show(shows[i])))
			return shows[i];
	return STATUS_ONLINE;
}

static void send_gateway_presence(struct xmpp_frontend *frontend, const char *to, const char *type,
                                  enum status status, const char *text)
{
	struct xml_writer *writer = xmpp_begin(frontend);
	xml_start(writer, "presence");
	xml_attr(writer, "type", type);
	xml_attr(writer, "from", frontend->gateway);
	xml_attr(writer, "to", to);
	write_status(writer, status, text);
	xml_end(writer);
	xmpp_end(frontend, to);
}

static void send_own_presence(struct xmpp_frontend *frontend, const struct resource *from, const char *type,
                              const struct resource *to)
{
	struct buf source = {0}, target = {0};
	address_of_resource(from, &source);
	address_of_resource(to, &target);
	struct xml_writer *writer = xmpp_begin(frontend);
	xml_start(writer, "presence");
	xml_attr(writer, "type", type);
	xml_attr(writer, "from", buf_text(&source));
	xml_attr(writer, "to", buf_text(&target));
	if (!type) {
		write_status(writer, from->status, from->status_text);
		xml_start(writer, "priority");
		buf_clear(&source);
		buf_printf(&source, "%d", from->priority);
		xml_text(writer, buf_text(&source));
		xml_end(writer);
	}
	xml_end(writer);
	xmpp_end(frontend, buf_text(&target));
	buf_finish(&source);
	buf_finish(&target);
}

/* Server mode: a person's clients see each other. */
static void broadcast_own(struct xmpp_frontend *frontend, const struct resource *from, bool introduce)
{
	LIST_EACH(link, &from->identity->resources)
	{
		const struct resource *other = CONTAINER_OF(link, struct resource, link);
		if (!other->has_presence)
			continue;
		send_own_presence(frontend, from, from->has_presence ? NULL : "unavailable", other);
		if (introduce && other != from)
			send_own_presence(frontend, other, NULL, from);
	}
}

static bool gateway_is_available(const struct identity *identity)
{
	return identity->user && identity->user->state == USER_CONNECTED;
}

static void show_available(struct xmpp_frontend *frontend, const struct resource *to)
{
	const struct resource *best = identity_best_resource(to->identity);
	struct buf address = {0};
	address_of_resource(to, &address);
	send_gateway_presence(frontend, buf_text(&address), NULL, best->status, best->status_text);
	buf_finish(&address);
}

static void become_available(struct xmpp_frontend *frontend, const struct route *route,
                             const struct presence_stanza *presence)
{
	struct resource *resource = route_resource(frontend, route);
	bool again = resource && resource->has_presence;
	if (!resource)
		resource = session_attach(&frontend->base, route->address, route->from.resource, NULL);
	if (!resource) {
		send_error(frontend, "presence", route->to_text, route->from_text, presence->id,
		           &ERROR_CONSTRAINT, "Too many clients of this account are connected.");
		return;
	}
	session_presence(resource, status_of(presence), presence->status, presence->priority);
	/* The session may have ended in between. */
	resource = route_resource(frontend, route);
	if (!resource)
		return;
	if (frontend->config.server_mode)
		broadcast_own(frontend, resource, !again);
	else if (again && gateway_is_available(resource->identity))
		show_available(frontend, resource);
	if (presence->has_photo && presence->photo_hash)
		vcard_photo_changed(frontend, resource, presence->photo_hash);
}

static void become_unavailable(struct xmpp_frontend *frontend, const struct route *route)
{
	if (!route->from.resource[0]) {
		probe_found_nobody(frontend, route->address);
		return;
	}
	struct resource *resource = route_resource(frontend, route);
	if (!resource)
		return;
	raw_leave_rooms(frontend, resource);
	if (!frontend->config.server_mode) {
		muc_forget_rooms(frontend, resource);
		send_gateway_presence(frontend, route->from_text, "unavailable", STATUS_OFFLINE, NULL);
	}
	presence_client_gone(frontend, route);
}

void presence_client_gone(struct xmpp_frontend *frontend, const struct route *route)
{
	struct resource *resource = route_resource(frontend, route);
	if (!resource)
		return;
	if (frontend->config.server_mode && resource->has_presence) {
		resource->has_presence = false;
		broadcast_own(frontend, resource, false);
	}
	raw_leave_rooms(frontend, resource);
	muc_forget_rooms(frontend, resource);
	session_detach(resource);
}

static void answer_probe(struct xmpp_frontend *frontend, const struct route *route)
{
	struct identity *identity =
	        session_find_identity(frontend->base.transport, &frontend->base, route->address);
	const struct resource *best = identity ? identity_best_resource(identity) : NULL;
	if (best && gateway_is_available(identity))
		send_gateway_presence(frontend, route->from_text, NULL, best->status, best->status_text);
	else
		send_gateway_presence(frontend, route->from_text, "unavailable", STATUS_OFFLINE, NULL);
}

static void handle_gateway(struct xmpp_frontend *frontend, const struct route *route,
                           const struct presence_stanza *presence)
{
	const char *type = presence->type;
	if (!type)
		become_available(frontend, route, presence);
	else if (!strcmp(type, "unavailable"))
		become_unavailable(frontend, route);
	else if (!strcmp(type, "probe"))
		answer_probe(frontend, route);
	else if (!strcmp(type, "subscribe"))
		presence_send_type(frontend, frontend->gateway, route->address, "subscribed", NULL);
	else if (!strcmp(type, "unsubscribed") ||
	         (!strcmp(type, "error") && presence->error_condition &&
	          !strcmp(presence->error_condition, "subscription-required")))
		probe_subscription_lost(frontend, route);
	else if (!strcmp(type, "error"))
		probe_bounced(frontend, route, presence->error_condition);
}

void presence_handle(struct xmpp_frontend *frontend, const struct presence_stanza *presence)
{
	struct route route;
	if (!route_parse(&route, frontend, presence->from, presence->to))
		return;
	if (!route.from.node[0])
		return; /* people have names: servers and other gateways do not log in here */
	switch (route.target) {
	case ROUTE_ENTITY:
		if (!muc_handle_presence(frontend, &route, presence))
			contact_presence_handle(frontend, &route, presence);
		break;
	case ROUTE_GATEWAY:
		/* In server mode a client's presence to all is its presence to us. */
		if (!frontend->config.server_mode || presence->type)
			handle_gateway(frontend, &route, presence);
		break;
	case ROUTE_SELF:
		if (!presence->type)
			become_available(frontend, &route, presence);
		else if (!strcmp(presence->type, "unavailable"))
			become_unavailable(frontend, &route);
		break;
	}
}

static const char *session_text(const struct event_session *session, const char *otherwise)
{
	return session->text && session->text[0] ? session->text : otherwise;
}

static const char *connection_error_name(int error)
{
	static const char *const names[] = {
	        "CONNECTION_ERROR_NETWORK_ERROR",
	        "CONNECTION_ERROR_INVALID_USERNAME",
	        "CONNECTION_ERROR_AUTHENTICATION_FAILED",
	        "CONNECTION_ERROR_AUTHENTICATION_IMPOSSIBLE",
	        "CONNECTION_ERROR_NO_SSL_SUPPORT",
	        "CONNECTION_ERROR_ENCRYPTION_ERROR",
	        "CONNECTION_ERROR_NAME_IN_USE",
	        "CONNECTION_ERROR_INVALID_SETTINGS",
	        "CONNECTION_ERROR_CERT_NOT_PROVIDED",
	        "CONNECTION_ERROR_CERT_UNTRUSTED",
	        "CONNECTION_ERROR_CERT_EXPIRED",
	        "CONNECTION_ERROR_CERT_NOT_ACTIVATED",
	        "CONNECTION_ERROR_CERT_HOSTNAME_MISMATCH",
	        "CONNECTION_ERROR_CERT_FINGERPRINT_MISMATCH",
	        "CONNECTION_ERROR_CERT_SELF_SIGNED",
	        "CONNECTION_ERROR_CERT_OTHER_ERROR",
	        "CONNECTION_ERROR_OTHER_ERROR",
	};
	return error >= 0 && (size_t)error < ARRAY_SIZE(names) ? names[error] : names[ARRAY_SIZE(names) - 1];
}

static void tell_failure(struct xmpp_frontend *frontend, const char *to, const struct event_session *session)
{
	struct xml_writer *writer = xmpp_begin(frontend);
	xml_start(writer, "message");
	xml_attr(writer, "from", frontend->gateway);
	xml_attr(writer, "to", to);
	xml_element(writer, "body", NULL, session_text(session, "The connection to the network has failed."));
	xml_start_ns(writer, "spectrumerror", "http://spectrum.im/error");
	xml_attr_int(writer, "error", session->error);
	xml_text(writer, connection_error_name(session->error));
	xml_end(writer);
	xml_end(writer);
	xmpp_end(frontend, to);
}

static void show_unregistered(struct xmpp_frontend *frontend, struct resource *resource)
{
	struct buf to = {0};
	address_of_resource(resource, &to);
	const char *text = "Register with this gateway first.";
	if (resource->has_presence)
		send_error(frontend, "presence", frontend->gateway, buf_text(&to), NULL, &ERROR_REGISTRATION,
		           text);
	muc_refuse_rooms(frontend, resource, &ERROR_REGISTRATION, text);
	buf_finish(&to);
}

static void show_session_to(struct xmpp_frontend *frontend, struct resource *resource,
                            const struct event_session *session)
{
	if (session->state == SESSION_UNREGISTERED) {
		show_unregistered(frontend, resource);
		return;
	}
	if (frontend->config.server_mode || !resource->has_presence)
		return;
	struct buf to = {0};
	address_of_resource(resource, &to);
	const char *address = buf_text(&to);
	switch (session->state) {
	case SESSION_CONNECTING:
		send_gateway_presence(frontend, address, "unavailable", STATUS_OFFLINE,
		                      session_text(session, "Connecting"));
		break;
	case SESSION_CONNECTED:
		show_available(frontend, resource);
		break;
	case SESSION_RECONNECTING:
		send_gateway_presence(frontend, address, "unavailable", STATUS_OFFLINE,
		                      session_text(session, "Reconnecting"));
		break;
	default:
		send_gateway_presence(frontend, address, "unavailable", STATUS_OFFLINE, session->text);
		break;
	}
	buf_finish(&to);
}

void presence_show_session(struct xmpp_frontend *frontend, struct identity *to, struct resource *only,
                           const struct event_session *session)
{
	LIST_EACH(link, &to->resources)
	{
		struct resource *resource = CONTAINER_OF(link, struct resource, link);
		if (!only || only == resource)
			show_session_to(frontend, resource, session);
	}
	if (session->state == SESSION_CONNECTED && !frontend->config.server_mode)
		roster_begin(frontend, to);
	/* for a reason that is not the person's */
	bool thrown_out = session->state == SESSION_LOGGED_OUT && session->text;
	if (session->state != SESSION_FAILED && !thrown_out)
		return;
	if (!thrown_out)
		tell_failure(frontend, to->address, session);
	/* Not now: closing a stream would detach a resource in the middle of a delivery. */
	if (frontend->config.server_mode)
		mem_free(map_put(frontend->closing, to->address,
		                 mem_strdup(session_text(session, "The network is not reachable."))));
}

static void say_goodbye_to(struct xmpp_frontend *frontend, struct resource *resource)
{
	muc_shut_down(frontend, resource);
	if (!resource->has_presence || frontend->config.server_mode)
		return;
	struct buf to = {0};
	address_of_resource(resource, &to);
	send_gateway_presence(frontend, buf_text(&to), "unavailable", STATUS_OFFLINE,
	                      "The gateway is being shut down.");
	buf_finish(&to);
}

void presence_say_goodbye(struct xmpp_frontend *frontend)
{
	struct map_iter it = {0};
	while (map_next(frontend->base.transport->identities, &it)) {
		struct identity *identity = it.value;
		if (identity->frontend != &frontend->base)
			continue;
		LIST_EACH(link, &identity->resources)
		say_goodbye_to(frontend, CONTAINER_OF(link, struct resource, link));
	}
}
