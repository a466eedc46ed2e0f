/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/error.h"
#include "frontends/xmpp/message.h"
#include "frontends/xmpp/muc.h"
#include "frontends/xmpp/raw.h"
#include "frontends/xmpp/state.h"
#include "frontends/xmpp/stream/stanza_write.h"
#include "transport/people/user.h"

bool raw_is_on(const struct xmpp_frontend *frontend)
{
	return frontend->base.transport->features.raw_xml;
}

static void own_address(const struct resource *resource, struct buf *out)
{
	const struct user *user = resource->identity->user;
	buf_puts(out, user ? user->key : resource->identity->address);
	address_append_resource(out, resource->name);
}

const struct event_raw *raw_out_fill(struct raw_out *out, struct xmpp_frontend *frontend,
                                     const struct route *route, const struct resource *resource,
                                     enum raw_kind kind, xmpp_stanza_t *tree)
{
	*out = (struct raw_out){.raw = {.kind = kind}};
	if (!raw_is_on(frontend) || !tree)
		return NULL;
	const struct xmpp_room *room = muc_find_node((struct resource *)resource, route->to.node);
	const char *part = route->to.resource;
	struct buf from = {0}, to = {0};
	if (room)
		buf_puts(&out->name, room->name);
	else
		address_to_contact(frontend, resource->identity->user, &out->name, route->to.node);
	/* A name that we have made up for contacts of other networks. */
	if (!room && !strcmp(part, XMPP_CONTACT_RESOURCE))
		part = "";
	own_address(resource, &from);
	buf_puts(&to, buf_text(&out->name));
	address_append_resource(&to, part);
	stanza_write(&out->text, tree, buf_text(&from), buf_text(&to));
	buf_finish(&from);
	buf_finish(&to);
	out->raw.name = buf_text(&out->name);
	out->raw.resource = part[0] ? part : NULL;
	out->raw.bytes = buf_text(&out->text);
	out->raw.length = out->text.len;
	return &out->raw;
}

void raw_out_finish(struct raw_out *out)
{
	buf_finish(&out->name);
	buf_finish(&out->text);
}

static int pass(struct xmpp_frontend *frontend, const struct route *route, struct resource *resource,
                enum raw_kind kind, xmpp_stanza_t *tree)
{
	struct raw_out out;
	struct event event = {.type = EVENT_RAW_XML};
	event.raw = raw_out_fill(&out, frontend, route, resource, kind, tree);
	int err = event.raw ? router_from_frontend(resource, &event) : TP_ERR_UNSUPPORTED;
	raw_out_finish(&out);
	return err;
}

/* As much of a message as the core has words for. */
static void fill_message(struct xmpp_frontend *frontend, const struct message_stanza *message, bool room,
                         const struct event_raw *raw, struct event *event, struct buf *xhtml)
{
	event->message.name = raw->name;
	if (room && !strcmp(message->type, "groupchat")) {
		event->message.kind = MESSAGE_ROOM;
	} else if (room) {
		event->message.kind = MESSAGE_ROOM_PRIVATE;
		event->message.nickname = raw->resource;
	}
	if (message_fill(frontend, message, &event->message, xhtml)) {
		event->type = EVENT_MESSAGE;
	} else if (message->subject && event->message.kind == MESSAGE_ROOM) {
		event->type = EVENT_SUBJECT;
		event->message.text = message->subject;
	}
}

void raw_message(struct xmpp_frontend *frontend, const struct route *route,
                 const struct message_stanza *message)
{
	bool groupchat = !strcmp(message->type, "groupchat");
	bool says = message->body || groupchat || message->attention || message->receipt_request;
	struct resource *resource =
	        groupchat ? route_resource(frontend, route) : route_any_resource(frontend, route);
	const struct xmpp_room *room = muc_find_node(resource, route->to.node);
	if (!resource && !groupchat) {
		if (says)
			refuse_without_session(frontend, route, "message", message->id);
		return;
	}
	if (!resource || (groupchat && !room)) {
		send_error(frontend, "message", route->to_text, route->from_text, message->id,
		           &ERROR_NOT_ACCEPTABLE, "You are not in this room.");
		return;
	}
	struct raw_out out;
	struct buf xhtml = {0};
	struct event event = {.type = EVENT_RAW_XML};
	event.raw = raw_out_fill(&out, frontend, route, resource, RAW_MESSAGE, message->tree);
	/* To a room without a nickname and not to all: invitations, requests for voice. */
	if (event.raw && (!room || groupchat || event.raw->resource))
		fill_message(frontend, message, room != NULL, event.raw, &event, &xhtml);
	int err = event.raw ? router_from_frontend(resource, &event) : TP_ERR_UNSUPPORTED;
	raw_out_finish(&out);
	buf_finish(&xhtml);
	if (err && says)
		send_error(frontend, "message", route->to_text, route->from_text, message->id,
		           stanza_error_of(err), NULL);
}

void raw_presence(struct xmpp_frontend *frontend, const struct route *route,
                  const struct presence_stanza *presence)
{
	struct resource *resource = route_any_resource(frontend, route);
	int err = resource ? pass(frontend, route, resource, RAW_PRESENCE, presence->tree) : 0;
	if (err)
		log_debug(&frontend->base.log, "presence of %s to %s is not passed on: %s",
		          log_quote(route->from_text), log_quote(route->to_text), tp_error_text(err));
}

void raw_answer(struct xmpp_frontend *frontend, const struct route *route, xmpp_stanza_t *iq)
{
	struct resource *resource = route_resource(frontend, route);
	if (resource)
		pass(frontend, route, resource, RAW_QUERY, iq);
}

/* What a backend of this kind leaves to the gateway. */
static bool is_own_business(xmpp_stanza_t *child)
{
	static const char *const own[] = {"jabber:iq:roster", "jabber:iq:register",
	                                  "http://jabber.org/protocol/stats"};
	const char *ns = xmpp_stanza_get_ns(child);
	for (size_t i = 0; ns && i < ARRAY_SIZE(own); i++)
		if (!strcmp(ns, own[i]))
			return true;
	return false;
}

bool raw_request(const struct iq_request *request, xmpp_stanza_t *iq)
{
	struct xmpp_frontend *frontend = request->frontend;
	if (is_own_business(request->child))
		return false;
	struct resource *resource = route_any_resource(frontend, &request->route);
	if (!resource) {
		refuse_without_session(frontend, &request->route, "iq", request->id);
		return true;
	}
	const struct stanza_error *error =
	        request->id[0] ? raw_query_open(request, resource) : &ERROR_BAD_REQUEST;
	if (error) {
		iq_error(request, error, NULL);
		return true;
	}
	int err = pass(frontend, &request->route, resource, RAW_QUERY, iq);
	if (!err)
		return true;
	struct raw_query *query = raw_query_find(frontend, resource->identity, request->id);
	if (query)
		raw_query_close(frontend, query);
	iq_error(request, stanza_error_of(err), NULL);
	return true;
}

static void leave(struct xmpp_frontend *frontend, struct resource *resource, const struct xmpp_room *room)
{
	struct buf from = {0}, to = {0}, text = {0};
	static const char gone[] = "<presence type='unavailable'/>";
	own_address(resource, &from);
	buf_puts(&to, room->name);
	address_append_resource(&to, room->nickname);
	stanza_address(&text, gone, strlen(gone), buf_text(&from), buf_text(&to));
	const struct event_raw raw = {.kind = RAW_PRESENCE,
	                              .name = room->name,
	                              .resource = room->nickname,
	                              .bytes = buf_text(&text),
	                              .length = text.len};
	struct event event = {.type = EVENT_ROOM_LEAVE, .raw = &raw};
	event.room.name = room->name;
	event.room.nickname = "";
	int err = router_from_frontend(resource, &event);
	if (err)
		log_debug(&frontend->base.log, "room %s was left already", log_quote(room->name));
	buf_finish(&from);
	buf_finish(&to);
	buf_finish(&text);
}

void raw_leave_rooms(struct xmpp_frontend *frontend, struct resource *resource)
{
	struct map_iter it = {0};
	if (!raw_is_on(frontend))
		return;
	while (map_next(resource_state(resource)->rooms, &it))
		leave(frontend, resource, it.value);
}
