/* SPDX-License-Identifier: MIT */
#include "frontends/xmpp/message.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/xmpp/muc.h"
#include "frontends/xmpp/raw.h"
#include "frontends/xmpp/references.h"
#include "frontends/xmpp/register.h"
#include "frontends/xmpp/reply.h"
#include "frontends/xmpp/xhtml.h"
#include "transport/command/command.h"
#include "transport/people/user.h"

static void refuse(struct xmpp_frontend *frontend, const struct route *route,
                   const struct message_stanza *message, const struct stanza_error *error, const char *text)
{
	send_error(frontend, "message", route->to_text, route->from_text, message->id, error, text);
}

/* What a client says of its file (XEP-0066, XEP-0385, XEP-0447), beside the text, which has its URL as well. */
static void fill_attachment(struct xmpp_frontend *frontend, const struct message_stanza *message, const char *url,
                            struct event_message *event)
{
	const char *description = message->file_description ? message->file_description : message->file_name;
	struct event_attachment *attachment;

	if (!url || !text_is_web_url(url) || strlen(url) > LIMIT_XMPP_URL_BYTES)
		return;
	attachment = arena_alloc(&frontend->texts, sizeof(*attachment));
	*attachment = (struct event_attachment){
	        .url = url,
	        .mime_type = message->file_type,
	        .description = message->oob_description ? message->oob_description : description,
	};
	event->attachments = attachment;
	event->attachments_count = 1;
}

bool message_fill(struct xmpp_frontend *frontend, const struct message_stanza *message,
                  struct event_message *event, struct buf *xhtml)
{
	const char *url = message->oob_url ? message->oob_url : message->file_url;
	const char *text = message->body ? message->body : url;
	bool refers = message->retracts || message->reacts_to;
	if (!text && !refers && !(message->xhtml && frontend->config.enable_xhtml))
		return false;
	arena_reset(&frontend->texts);
	event->text = text ? text : "";
	event->id = message->id;
	event->receipt = message->receipt_request;
	fill_attachment(frontend, message, url, event);
	if (message->xhtml && frontend->config.enable_xhtml) {
		xhtml_sanitise(xhtml, message->xhtml, strlen(message->xhtml));
		if (xhtml->len)
			event->xhtml = buf_text(xhtml);
	}
	if (references_read(frontend, message, event) || event->text[0] || event->xhtml)
		return true;
	buf_finish(xhtml);
	return false;
}

struct refusal {
	struct reply *reply;
	bool iq;
};

static void refuse_known(void *context, int err, const struct store_account *account)
{
	(void)account;
	struct refusal *refusal = context;
	struct reply *reply = refusal->reply;
	bool unknown = err == TP_ERR_NOT_FOUND;
	if (reply->frontend)
		send_error(reply->frontend, refusal->iq ? "iq" : "message", reply->from, reply->to, reply->id,
		           unknown ? &ERROR_REGISTRATION : &ERROR_UNAVAILABLE,
		           unknown ? "Register with this gateway first."
		                   : "You are not logged in to this gateway: become available first.");
	reply_destroy(reply);
	mem_free(refusal);
}

void refuse_without_session(struct xmpp_frontend *frontend, const struct route *route, const char *kind,
                            const char *id)
{
	struct refusal *refusal = MEM_NEW(struct refusal);
	refusal->reply = reply_create(frontend, route, id);
	refusal->iq = !strcmp(kind, "iq");
	store_find_account(frontend->base.transport->store, frontend->base.ops->name, route->address,
	                   refuse_known, refusal);
}

void message_tell_chat_state(struct resource *resource, const char *name, const char *state)
{
	struct event event = {.type = EVENT_CHAT_STATE};
	event.chat_state.name = name;
	if (!strcmp(state, "composing"))
		event.chat_state.state = CHAT_STATE_COMPOSING;
	else if (!strcmp(state, "paused"))
		event.chat_state.state = CHAT_STATE_PAUSED;
	else if (!strcmp(state, "active"))
		event.chat_state.state = CHAT_STATE_ACTIVE;
	else
		return;
	router_from_frontend(resource, &event);
}

void message_read(struct resource *resource, const char *name, const char *id)
{
	struct event event = {.type = EVENT_READ_MARKER};
	event.read_marker.name = name;
	event.read_marker.message_id = id;
	router_from_frontend(resource, &event);
}

static const char *refusal_text(int err)
{
	if (err == TP_ERR_NOT_CONNECTED)
		return "The connection to the network is down at the moment.";
	if (err == TP_ERR_LIMIT)
		return "The network takes no more messages at the moment.";
	return NULL;
}

static void message_to_contact(struct xmpp_frontend *frontend, const struct route *route,
                               const struct message_stanza *message)
{
	struct resource *resource = route_speaking_resource(frontend, route);
	struct event event = {.type = EVENT_MESSAGE};
	struct buf xhtml = {0}, name = {0};
	bool says = message_fill(frontend, message, &event.message, &xhtml);
	if (!resource) {
		buf_finish(&xhtml);
		if (says || message->attention || message->receipt_request)
			refuse_without_session(frontend, route, "message", message->id);
		return;
	}
	address_to_contact(frontend, resource->identity->user, &name, route->to.node);
	event.message.kind = MESSAGE_CHAT;
	event.message.name = buf_text(&name);
	if (message->attention) {
		event.type = EVENT_ATTENTION;
		event.message.text = message->body ? message->body : "";
	}
	if (message->chat_state)
		message_tell_chat_state(resource, buf_text(&name), message->chat_state);
	if (message->displayed)
		message_read(resource, buf_text(&name), message->displayed);
	int err = 0;
	if (says || message->attention)
		err = router_from_frontend(resource, &event);
	if (err)
		refuse(frontend, route, message, stanza_error_of(err), refusal_text(err));
	buf_finish(&xhtml);
	buf_finish(&name);
}

static void line_answered(void *context, int err, const char *text)
{
	struct reply *reply = context;
	if (reply->frontend) {
		message_notify(reply->frontend, reply->to, text);
		if (!err && reply->flag)
			register_announce(reply->frontend, reply->address);
	}
	reply_destroy(reply);
}

static void message_to_gateway(struct xmpp_frontend *frontend, const struct route *route,
                               const struct message_stanza *message)
{
	if (!message->body || !message->body[0])
		return;
	struct reply *reply = reply_create(frontend, route, message->id);
	const struct command_asked asked =
	        command_asked(frontend->base.transport, &frontend->base, route->address);
	reply->flag = asked.command ? !strcmp(asked.command->name, "register")
	                            : text_starts(message->body, "register ");
	command_run_line(frontend->base.transport, &frontend->base, route->address, route->from.resource,
	                 message->body, true, line_answered, reply);
}

/* Server mode: from one of a person's clients to another. */
static void message_to_self(struct xmpp_frontend *frontend, const struct route *route,
                            const struct message_stanza *message)
{
	struct buf to = {0};
	jid_full(&route->to, &to);
	struct xml_writer *writer = xmpp_begin(frontend);
	xml_start(writer, "message");
	xml_attr(writer, "type", message->type);
	xml_attr(writer, "from", route->from_text);
	xml_attr(writer, "to", buf_text(&to));
	xml_attr(writer, "id", message->id);
	xml_element(writer, "subject", NULL, message->subject);
	xml_element(writer, "body", NULL, message->body);
	xml_element(writer, "thread", NULL, message->thread);
	xml_end(writer);
	/* What is for all of one's clients is for those that are there. */
	if (!xmpp_end(frontend, buf_text(&to)) && route->to.resource[0])
		refuse(frontend, route, message, &ERROR_UNAVAILABLE, NULL);
	buf_finish(&to);
}

static void message_to_entity(struct xmpp_frontend *frontend, const struct route *route,
                              const struct message_stanza *message)
{
	if (raw_is_on(frontend) && message->tree) {
		raw_message(frontend, route, message);
		return;
	}
	if (!strcmp(message->type, "groupchat")) {
		muc_handle_groupchat(frontend, route, message);
		return;
	}
	const char *resource = route->to.resource;
	if (resource[0] && strcmp(resource, XMPP_CONTACT_RESOURCE) != 0) {
		if (muc_handle_private(frontend, route, message))
			return;
		if (message->muc_user || route->to.node[0] == '#') {
			if (message->body)
				refuse(frontend, route, message, &ERROR_NOT_ACCEPTABLE,
				       "You are not in this room.");
			return;
		}
	}
	if (message->muc_invite_to) {
		refuse(frontend, route, message, &ERROR_FEATURE, "The network has no invitations.");
		return;
	}
	message_to_contact(frontend, route, message);
}

/* A server says it of itself only. */
static void message_note_privileges(struct xmpp_frontend *frontend, const struct route *route,
                                    const struct message_stanza *message)
{
	const char *domain = route->from.domain;
	if (route->from.node[0] || route->from.resource[0])
		return;
	if (!message->may_send)
		map_remove(frontend->privileged, domain);
	else if (map_count(frontend->privileged) < LIMIT_XMPP_PRIVILEGED)
		map_set(&frontend->privileged, domain, frontend);
}

void message_handle(struct xmpp_frontend *frontend, const struct message_stanza *message)
{
	struct route route;
	if (!route_parse(&route, frontend, message->from, message->to)) {
		if (strcmp(message->type, "error") != 0)
			refuse_address(frontend, "message", message->to, message->from, message->id);
		return;
	}
	if (!strcmp(message->type, "error")) {
		/* Nobody answers an error; but one that says that the client is gone ends its stay in rooms. */
		if (route.target == ROUTE_ENTITY)
			muc_bounced(frontend, &route, message->error_condition);
		return;
	}
	if (message->privileges)
		message_note_privileges(frontend, &route, message);
	/* Servers and other gateways are no people, and whoever forwards something may have made it up. */
	if (!route.from.node[0] || message->forwarded)
		return;
	bool overlong = message->body && strlen(message->body) > LIMIT_MESSAGE_BYTES;
	if (overlong || (message->xhtml && strlen(message->xhtml) > LIMIT_MESSAGE_BYTES)) {
		send_error(frontend, "message", route.to_text, route.from_text, message->id,
		           &ERROR_NOT_ACCEPTABLE, "The message is too long.");
		return;
	}
	if (replies_full(frontend))
		send_error(frontend, "message", route.to_text, route.from_text, message->id,
		           &ERROR_CONSTRAINT, NULL);
	else if (route.target == ROUTE_ENTITY)
		message_to_entity(frontend, &route, message);
	else if (route.target == ROUTE_SELF)
		message_to_self(frontend, &route, message);
	else if (strcmp(message->type, "groupchat") != 0 && strcmp(message->type, "headline") != 0)
		message_to_gateway(frontend, &route, message);
}
