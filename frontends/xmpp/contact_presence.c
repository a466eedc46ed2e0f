/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/error.h"
#include "frontends/xmpp/disco.h"
#include "frontends/xmpp/presence.h"
#include "frontends/xmpp/raw.h"
#include "frontends/xmpp/reply.h"
#include "frontends/xmpp/roster.h"
#include "transport/people/roster.h"
#include "transport/people/user.h"

const char *status_show(enum status status)
{
	switch (status) {
	case STATUS_AWAY:
		return "away";
	case STATUS_FREE_FOR_CHAT:
		return "chat";
	case STATUS_EXTENDED_AWAY:
		return "xa";
	case STATUS_DO_NOT_DISTURB:
		return "dnd";
	default:
		return NULL;
	}
}

static bool is_offline(enum status status)
{
	return status == STATUS_OFFLINE || status == STATUS_INVISIBLE;
}

void write_status(struct xml_writer *writer, enum status status, const char *text)
{
	xml_element(writer, "show", NULL, status_show(status));
	xml_element(writer, "status", NULL, text && text[0] ? text : NULL);
}

static const char no_photo[] = "<x xmlns='vcard-temp:x:update'><photo/></x>"; /* of nearly all */

void write_photo(struct xml_writer *writer, const char *icon_hash)
{
	if (!icon_hash || !icon_hash[0]) {
		xml_raw(writer, no_photo, sizeof(no_photo) - 1);
		return;
	}
	xml_start_ns(writer, "x", "vcard-temp:x:update");
	xml_element(writer, "photo", NULL, icon_hash);
	xml_end(writer);
}

void write_caps(struct xmpp_frontend *frontend, struct xml_writer *writer)
{
	xml_raw(writer, frontend->caps.data, frontend->caps.len);
}

void presence_send_type(struct xmpp_frontend *frontend, const char *from, const char *to, const char *type,
                        const char *nick)
{
	struct xml_writer *writer = xmpp_begin(frontend);
	xml_start(writer, "presence");
	xml_attr(writer, "type", type);
	xml_attr(writer, "from", from);
	xml_attr(writer, "to", to);
	xml_element(writer, "nick", "http://jabber.org/protocol/nick", nick && nick[0] ? nick : NULL);
	xml_end(writer);
	xmpp_end(frontend, to);
}

static void put_text(struct buf *out, const char *text)
{
	buf_append(out, text, strlen(text));
}

/* Of a contact that says no more than how it is there, from `frontend->from`: what the writer below would make of it.
 * After a login there are thousands of them. */
static void send_plain_presence(struct xmpp_frontend *frontend, const char *to, const char *show)
{
	struct buf *out = xmpp_begin(frontend)->out, *from = &frontend->from;
	put_text(out, "<presence from='");
	xml_escape(out, from->data, from->len, true);
	put_text(out, "' to='");
	xml_escape(out, to, strlen(to), true);
	put_text(out, "'>");
	if (show) {
		put_text(out, "<show>");
		put_text(out, show);
		put_text(out, "</show>");
	}
	put_text(out, no_photo);
	buf_append(out, frontend->caps.data, frontend->caps.len);
	put_text(out, "</presence>");
	xmpp_end(frontend, to);
}

static void send_presence(struct xmpp_frontend *frontend, const char *to, const char *name,
                          enum status status, const char *text, const char *icon_hash)
{
	struct buf *from = &frontend->from;
	buf_clear(from);
	if (!address_contact(frontend, from, name)) {
		log_debug(&frontend->base.log, "contact %s cannot be a JID", log_quote(name));
		return;
	}
	buf_puts(from, "/" XMPP_CONTACT_RESOURCE);
	if (!is_offline(status) && !(text && text[0]) && !(icon_hash && icon_hash[0])) {
		send_plain_presence(frontend, to, status_show(status));
		return;
	}
	struct xml_writer *writer = xmpp_begin(frontend);
	xml_start(writer, "presence");
	xml_attr(writer, "type", is_offline(status) ? "unavailable" : NULL);
	xml_attr(writer, "from", buf_text(from));
	xml_attr(writer, "to", to);
	write_status(writer, status, text);
	if (!is_offline(status)) {
		write_photo(writer, icon_hash);
		write_caps(frontend, writer);
	}
	xml_end(writer);
	xmpp_end(frontend, to);
}

void contact_presence_send(struct xmpp_frontend *frontend, const char *to, const struct contact *contact)
{
	send_presence(frontend, to, contact->name, contact->status, contact->status_text, contact->icon_hash);
}

static void show_to(struct xmpp_frontend *frontend, const struct resource *resource,
                    const struct event_contact *contact)
{
	struct buf *to = &frontend->to;
	buf_clear(to);
	address_of_resource(resource, to);
	send_presence(frontend, buf_text(to), contact->name, contact->status, contact->status_text,
	              contact->icon_hash);
}

void contact_presence_show(struct xmpp_frontend *frontend, struct identity *to, struct resource *only,
                           const struct event_contact *contact)
{
	if (only) {
		show_to(frontend, only, contact);
		return;
	}
	LIST_EACH(link, &to->resources)
	{
		struct resource *resource = CONTAINER_OF(link, struct resource, link);
		if (resource->has_presence)
			show_to(frontend, resource, contact);
	}
}

void contact_presence_ask(struct xmpp_frontend *frontend, struct identity *to,
                          const struct event_contact *contact)
{
	struct buf from = {0};
	if (address_contact(frontend, &from, contact->name))
		presence_send_type(frontend, buf_text(&from), to->address, "subscribe", contact->alias);
	buf_finish(&from);
}

static const struct contact *known_contact(const struct resource *resource, const char *name)
{
	const struct user *user = resource ? resource->identity->user : NULL;
	return user && user->roster ? roster_find(user->roster, name) : NULL;
}

static void answer_probe(struct xmpp_frontend *frontend, const struct route *route, const char *name,
                         const struct contact *contact)
{
	const struct resource *resource = route_any_resource(frontend, route);
	if (raw_is_on(frontend))
		raw_answer_probe(frontend, resource ? resource->identity : NULL, route->from_text, name);
	else if (contact)
		contact_presence_send(frontend, route->from_text, contact);
	else
		send_presence(frontend, route->from_text, name, STATUS_OFFLINE, NULL, NULL);
}

/* The person wants the contact in the roster, or agrees to its request. */
static void accept_contact(struct xmpp_frontend *frontend, const struct route *route,
                           struct resource *resource, const char *name,
                           const struct presence_stanza *presence)
{
	bool asks = !strcmp(presence->type, "subscribe");
	const struct contact *contact = known_contact(resource, name);
	if (!asks && (!contact || (contact->subscribed && !contact->requested)))
		return;
	struct event event = {.type = EVENT_CONTACT};
	event.contact.name = name;
	event.contact.alias = asks ? presence->nick : NULL;
	int err = router_from_frontend(resource, &event);
	if (err) {
		if (asks)
			send_error(frontend, "presence", route->to_text, route->from_text, presence->id,
			           stanza_error_of(err), NULL);
		return;
	}
	if (!asks)
		return;
	struct buf bare = {0};
	jid_bare(&route->to, &bare);
	presence_send_type(frontend, buf_text(&bare), route->address, "subscribed", NULL);
	if (!frontend->config.server_mode)
		presence_send_type(frontend, buf_text(&bare), route->address, "subscribe", NULL);
	buf_finish(&bare);
	roster_push_item(frontend, route, name);
	answer_probe(frontend, route, name, known_contact(route_any_resource(frontend, route), name));
}

static void remove_contact(struct xmpp_frontend *frontend, const struct route *route,
                           struct resource *resource, const char *name, bool also_ask)
{
	struct event event = {.type = EVENT_CONTACT_REMOVED};
	event.contact.name = name;
	if (router_from_frontend(resource, &event) || !also_ask)
		return;
	struct buf bare = {0};
	jid_bare(&route->to, &bare);
	presence_send_type(frontend, buf_text(&bare), route->address, "unsubscribed", NULL);
	if (!frontend->config.server_mode)
		presence_send_type(frontend, buf_text(&bare), route->address, "unsubscribe", NULL);
	buf_finish(&bare);
}

static void handle_subscription(struct xmpp_frontend *frontend, const struct route *route, const char *name,
                                const struct presence_stanza *presence)
{
	struct resource *resource = route_any_resource(frontend, route);
	const char *type = presence->type;
	if (!resource) {
		if (!strcmp(type, "subscribe"))
			send_error(frontend, "presence", route->to_text, route->from_text, presence->id,
			           &ERROR_UNAVAILABLE, "You are not logged in to this gateway.");
		return;
	}
	if (!strcmp(type, "subscribe") || !strcmp(type, "subscribed")) {
		accept_contact(frontend, route, resource, name, presence);
	} else if (!strcmp(type, "unsubscribe")) {
		if (known_contact(resource, name))
			remove_contact(frontend, route, resource, name, true);
	} else {
		/* The person's answer to a request: for a contact that is agreed upon it says nothing new. */
		const struct contact *contact = known_contact(resource, name);
		if (!contact || !contact->subscribed || contact->requested)
			remove_contact(frontend, route, resource, name, false);
	}
}

void contact_presence_handle(struct xmpp_frontend *frontend, const struct route *route,
                             const struct presence_stanza *presence)
{
	const char *type = presence->type;
	bool state = !type || !strcmp(type, "unavailable");
	/* Elsewhere the person's presence is the gateway's matter. That a request is answered is said in both forms:
	 * BUDDY_CHANGED alone may also mean that the contact was renamed. */
	if (raw_is_on(frontend) && (state || !strcmp(type, "subscribed") || !strcmp(type, "unsubscribed")))
		raw_presence(frontend, route, presence);
	if (state || !strcmp(type, "error"))
		return;
	struct resource *resource = route_any_resource(frontend, route);
	struct buf name = {0};
	address_to_contact(frontend, resource ? resource->identity->user : NULL, &name, route->to.node);
	if (!strcmp(type, "probe"))
		answer_probe(frontend, route, buf_text(&name), known_contact(resource, buf_text(&name)));
	else if (!strcmp(type, "subscribe") || !strcmp(type, "subscribed") || !strcmp(type, "unsubscribe") ||
	         !strcmp(type, "unsubscribed"))
		handle_subscription(frontend, route, buf_text(&name), presence);
	buf_finish(&name);
}
