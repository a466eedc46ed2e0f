/* SPDX-License-Identifier: MIT */
#include "frontends/xmpp/reply.h"

#include "base/error.h"
#include "config/limits.h"

#define NS_STANZAS "urn:ietf:params:xml:ns:xmpp-stanzas"

const struct stanza_error ERROR_BAD_REQUEST = {"modify", "bad-request"},
                          ERROR_CONFLICT = {"cancel", "conflict"},
                          ERROR_FEATURE = {"cancel", "feature-not-implemented"},
                          ERROR_FORBIDDEN = {"auth", "forbidden"},
                          ERROR_INTERNAL = {"wait", "internal-server-error"},
                          ERROR_NOT_FOUND = {"cancel", "item-not-found"},
                          ERROR_JID_MALFORMED = {"modify", "jid-malformed"},
                          ERROR_NOT_ACCEPTABLE = {"modify", "not-acceptable"},
                          ERROR_NOT_ALLOWED = {"cancel", "not-allowed"},
                          ERROR_NOT_AUTHORIZED = {"auth", "not-authorized"},
                          ERROR_UNAVAILABLE = {"wait", "recipient-unavailable"},
                          ERROR_REGISTRATION = {"auth", "registration-required"},
                          ERROR_CONSTRAINT = {"wait", "resource-constraint"},
                          ERROR_SERVICE = {"cancel", "service-unavailable"},
                          ERROR_TIMEOUT = {"wait", "remote-server-timeout"},
                          ERROR_SERVER_NOT_FOUND = {"cancel", "remote-server-not-found"};

const struct stanza_error *stanza_error_of(int error)
{
	switch (error) {
	case TP_ERR_INVALID:
		return &ERROR_BAD_REQUEST;
	case TP_ERR_NOT_FOUND:
		return &ERROR_NOT_FOUND;
	case TP_ERR_EXISTS:
		return &ERROR_CONFLICT;
	case TP_ERR_NOT_ALLOWED:
		return &ERROR_NOT_ALLOWED;
	case TP_ERR_NOT_REGISTERED:
		return &ERROR_REGISTRATION;
	case TP_ERR_NOT_CONNECTED:
		return &ERROR_UNAVAILABLE;
	case TP_ERR_AUTH:
		return &ERROR_NOT_AUTHORIZED;
	case TP_ERR_LIMIT:
		return &ERROR_CONSTRAINT;
	case TP_ERR_UNSUPPORTED:
		return &ERROR_FEATURE;
	case TP_ERR_TIMEOUT:
		return &ERROR_TIMEOUT;
	default:
		return &ERROR_INTERNAL;
	}
}

void write_stanza_error(struct xml_writer *writer, const struct stanza_error *error, const char *text)
{
	xml_start(writer, "error");
	xml_attr(writer, "type", error->type);
	xml_empty(writer, error->condition, NS_STANZAS);
	xml_element(writer, "text", NS_STANZAS, text);
	xml_end(writer);
}

static struct xml_writer *stanza_begin(struct xmpp_frontend *frontend, const char *kind, const char *type,
                                       const char *from, const char *to, const char *id)
{
	struct xml_writer *writer = xmpp_begin(frontend);
	xml_start(writer, kind);
	xml_attr(writer, "type", type);
	xml_attr(writer, "from", from && from[0] ? from : NULL);
	xml_attr(writer, "to", to);
	xml_attr(writer, "id", id);
	return writer;
}

void send_error(struct xmpp_frontend *frontend, const char *kind, const char *from, const char *to,
                const char *id, const struct stanza_error *error, const char *text)
{
	log_debug(&frontend->base.log, "%s of %s to %s is answered with %s", kind, log_quote(to), log_quote(from),
	          error->condition);
	struct xml_writer *writer = stanza_begin(frontend, kind, "error", from, to, id);
	write_stanza_error(writer, error, text);
	xml_end(writer);
	xmpp_end(frontend, to);
}

void refuse_address(struct xmpp_frontend *frontend, const char *kind, const char *to, const char *from,
                    const char *id)
{
	struct jid jid;
	/* Of a component's stanzas its server knows who they are from and where they belong. */
	if (!frontend->config.server_mode || !from || !to)
		return;
	send_error(frontend, kind, to, from, id,
	           jid_parse(&jid, to) ? &ERROR_JID_MALFORMED : &ERROR_SERVER_NOT_FOUND, NULL);
}

struct xml_writer *result_begin(struct xmpp_frontend *frontend, const char *from, const char *to,
                                const char *id)
{
	return stanza_begin(frontend, "iq", "result", from, to, id);
}

bool replies_full(const struct xmpp_frontend *frontend)
{
	return frontend->replies_count >= LIMIT_XMPP_REPLIES;
}

struct reply *reply_create(struct xmpp_frontend *frontend, const struct route *route, const char *id)
{
	struct reply *reply = MEM_NEW(struct reply);
	reply->frontend = frontend;
	reply->from = mem_strdup(route->to_text);
	reply->to = mem_strdup(route->from_text);
	reply->id = mem_strdup(id);
	reply->address = mem_strdup(route->address);
	list_append(&frontend->replies, &reply->link);
	frontend->replies_count++;
	return reply;
}

void reply_destroy(struct reply *reply)
{
	list_remove(&reply->link);
	if (reply->frontend)
		reply->frontend->replies_count--;
	mem_free(reply->from);
	mem_free(reply->to);
	mem_free(reply->id);
	mem_free(reply->address);
	mem_free(reply->name);
	mem_free_secret(reply->extra);
	mem_free(reply);
}

void reply_error(struct reply *reply, const struct stanza_error *error, const char *text)
{
	if (reply->frontend)
		send_error(reply->frontend, "iq", reply->from, reply->to, reply->id, error, text);
}

void reply_empty(struct reply *reply)
{
	if (!reply->frontend)
		return;
	xml_end(result_begin(reply->frontend, reply->from, reply->to, reply->id));
	xmpp_end(reply->frontend, reply->to);
}

void replies_orphan(struct xmpp_frontend *frontend)
{
	LIST_EACH(link, &frontend->replies)
	{
		struct reply *reply = CONTAINER_OF(link, struct reply, link);
		reply->frontend = NULL;
		list_remove(link);
	}
}
