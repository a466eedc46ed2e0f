/* SPDX-License-Identifier: MIT */
#include "frontends/xmpp/iq.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "config/limits.h"
#include "frontends/xmpp/disco.h"
#include "frontends/xmpp/login_show.h"
#include "frontends/xmpp/muc_admin.h"
#include "frontends/xmpp/raw.h"
#include "frontends/xmpp/state.h"
#include "frontends/xmpp/upload.h"

#define REQUEST_SECONDS 30

enum { ON_GATEWAY = 1, ON_SELF = 2, ON_ENTITY = 4, ON_ALL = 7 };

static const struct iq_entry {
	const char *name;
	const char *ns;
	int on;
	iq_handler *handle;
} table[] = {
        {"query", NS_INFO, ON_ALL, disco_handle_info},
        {"query", NS_ITEMS, ON_ALL, disco_handle_items},
        {"ping", "urn:xmpp:ping", ON_ALL, ping_handle},
        {"query", "jabber:iq:version", ON_GATEWAY | ON_ENTITY, version_handle},
        {"query", "jabber:iq:last", ON_GATEWAY, last_handle},
        {"query", "jabber:iq:register", ON_GATEWAY, register_handle},
        {"query", "jabber:iq:gateway", ON_GATEWAY, gateway_handle},
        {"query", "jabber:iq:private", ON_GATEWAY | ON_SELF, private_storage_handle},
        {"query", "jabber:iq:roster", ON_GATEWAY | ON_SELF, roster_handle},
        {"command", "http://jabber.org/protocol/commands", ON_GATEWAY, commands_handle},
        {"vCard", "vcard-temp", ON_ALL, vcard_handle},
        {"query", NS_MUC_ADMIN, ON_ENTITY, muc_admin_handle},
        {"query", NS_MUC_OWNER, ON_ENTITY, muc_owner_handle},
        {"request", NS_UPLOAD, ON_GATEWAY, upload_handle_slot},
        {"data", NS_BOB, ON_GATEWAY, bob_handle},
        {"enable", "urn:xmpp:carbons:2", ON_GATEWAY | ON_SELF, carbons_handle},
        {"disable", "urn:xmpp:carbons:2", ON_GATEWAY | ON_SELF, carbons_handle},
};

bool tree_is(xmpp_stanza_t *element, const char *name)
{
	const char *its = xmpp_stanza_is_tag(element) ? xmpp_stanza_get_name(element) : NULL;
	return its && !strcmp(its, name);
}

xmpp_stanza_t *tree_child(xmpp_stanza_t *parent, const char *name)
{
	xmpp_stanza_t *child = parent ? xmpp_stanza_get_children(parent) : NULL;
	while (child && !tree_is(child, name))
		child = xmpp_stanza_get_next(child);
	return child;
}

xmpp_stanza_t *tree_child_ns(xmpp_stanza_t *parent, const char *name, const char *ns)
{
	const char *inherited = parent ? xmpp_stanza_get_ns(parent) : NULL;
	xmpp_stanza_t *child = parent ? xmpp_stanza_get_children(parent) : NULL;
	for (; child; child = xmpp_stanza_get_next(child)) {
		if (!tree_is(child, name))
			continue;
		const char *its = xmpp_stanza_get_ns(child);
		if (!its)
			its = inherited;
		if (its && !strcmp(its, ns))
			return child;
	}
	return NULL;
}

char *tree_text(xmpp_stanza_t *element)
{
	struct buf text = {0};
	xmpp_stanza_t *child = element ? xmpp_stanza_get_children(element) : NULL;
	for (; child; child = xmpp_stanza_get_next(child))
		if (xmpp_stanza_is_text(child))
			buf_puts(&text, xmpp_stanza_get_text_ptr(child));
	buf_text(&text);
	return text.data ? buf_take(&text) : mem_strdup("");
}

char *form_value(xmpp_stanza_t *form, const char *name)
{
	xmpp_stanza_t *field = form ? xmpp_stanza_get_children(form) : NULL;
	for (; field; field = xmpp_stanza_get_next(field)) {
		const char *var = tree_is(field, "field") ? xmpp_stanza_get_attribute(field, "var") : NULL;
		if (var && !strcmp(var, name))
			return tree_text(tree_child(field, "value"));
	}
	return NULL;
}

void form_put_type(struct xml_writer *writer, const char *type)
{
	xml_start(writer, "field");
	xml_attr(writer, "var", "FORM_TYPE");
	xml_attr(writer, "type", "hidden");
	xml_element(writer, "value", NULL, type);
	xml_end(writer);
}

struct xml_writer *iq_result(const struct iq_request *request)
{
	return result_begin(request->frontend, request->route.to_text, request->route.from_text, request->id);
}

void iq_send(const struct iq_request *request)
{
	xml_end(&request->frontend->writer);
	xmpp_end(request->frontend, request->route.from_text);
}

void iq_empty_result(const struct iq_request *request)
{
	iq_result(request);
	iq_send(request);
}

void iq_error(const struct iq_request *request, const struct stanza_error *error, const char *text)
{
	send_error(request->frontend, "iq", request->route.to_text, request->route.from_text, request->id,
	           error, text);
}

struct reply *iq_reply_later(const struct iq_request *request)
{
	return reply_create(request->frontend, &request->route, request->id);
}

struct pending_iq {
	char *to; /* normalised */
	char *context;
	iq_answered *answered;
	uint64_t deadline;
};

void pending_iq_destroy(void *data)
{
	struct pending_iq *pending = data;
	mem_free(pending->to);
	mem_free(pending->context);
	mem_free(pending);
}

struct xml_writer *request_begin(struct xmpp_frontend *frontend, const char *type, const char *to,
                                 iq_answered *answered, const char *context)
{
	char token[17], id[48];
	random_token(token, sizeof(token) - 1);
	snprintf(id, sizeof(id), "%s-%" PRIu64, token, ++frontend->next_id);
	if (answered && map_count(frontend->pending_iqs) < LIMIT_XMPP_REQUESTS) {
		struct pending_iq *pending = MEM_NEW(struct pending_iq);
		struct buf normal = {0};
		struct jid jid;
		if (jid_parse(&jid, to) == 0)
			jid_full(&jid, &normal);
		pending->to = mem_strdup(buf_text(&normal));
		buf_finish(&normal);
		pending->context = mem_strdup(context);
		pending->answered = answered;
		pending->deadline = clock_ms() + REQUEST_SECONDS * 1000;
		map_put(frontend->pending_iqs, id, pending);
	}
	struct xml_writer *writer = xmpp_begin(frontend);
	xml_start(writer, "iq");
	xml_attr(writer, "type", type);
	xml_attr(writer, "from", frontend->gateway);
	xml_attr(writer, "to", to);
	xml_attr(writer, "id", id);
	return writer;
}

static void fail_pending(struct xmpp_frontend *frontend, uint64_t due_before)
{
	/* Answers may make new requests, so the due ones are taken out first. */
	struct map *due = map_create();
	struct map_iter it = {0};
	while (map_next(frontend->pending_iqs, &it)) {
		struct pending_iq *pending = it.value;
		if (pending->deadline <= due_before)
			map_put(due, it.key, pending);
	}
	it = (struct map_iter){0};
	while (map_next(due, &it))
		map_remove(frontend->pending_iqs, it.key);
	it = (struct map_iter){0};
	while (map_next(due, &it)) {
		struct pending_iq *pending = it.value;
		pending->answered(frontend, pending->to, pending->context, NULL);
	}
	map_destroy(&due, pending_iq_destroy);
}

void pending_iqs_expire(struct xmpp_frontend *frontend)
{
	if (map_count(frontend->pending_iqs))
		fail_pending(frontend, clock_ms());
}

void pending_iqs_fail_all(struct xmpp_frontend *frontend)
{
	fail_pending(frontend, UINT64_MAX);
}

static void handle_answer(struct xmpp_frontend *frontend, const struct route *route, xmpp_stanza_t *iq,
                          bool result)
{
	const char *id = xmpp_stanza_get_id(iq);
	struct pending_iq *pending = id ? map_get(frontend->pending_iqs, id) : NULL;
	if (!pending)
		return;
	struct buf from = {0};
	jid_full(&route->from, &from);
	bool true_sender = !strcmp(buf_text(&from), pending->to);
	buf_finish(&from);
	if (!true_sender) {
		log_debug(&frontend->base.log, "answer to an IQ from %s, who was not asked",
		          log_quote(route->from_text));
		return;
	}
	map_remove(frontend->pending_iqs, id);
	pending->answered(frontend, pending->to, pending->context, result ? iq : NULL);
	pending_iq_destroy(pending);
}

static xmpp_stanza_t *payload(xmpp_stanza_t *iq)
{
	xmpp_stanza_t *child = xmpp_stanza_get_children(iq);
	while (child && !xmpp_stanza_is_tag(child))
		child = xmpp_stanza_get_next(child);
	return child;
}

static const struct iq_entry *find_entry(xmpp_stanza_t *child)
{
	const char *ns = xmpp_stanza_get_ns(child);
	for (size_t i = 0; ns && i < ARRAY_SIZE(table); i++)
		if (!strcmp(table[i].ns, ns) && tree_is(child, table[i].name))
			return &table[i];
	return NULL;
}

/* Server mode: to another client of the same person. */
static void pass_to_own_client(const struct route *route, struct xmpp_frontend *frontend, xmpp_stanza_t *iq)
{
	char *text = NULL;
	size_t length = 0;
	struct buf to = {0};
	jid_full(&route->to, &to);
	if (frontend->c2s && xmpp_stanza_to_text(iq, &text, &length) == XMPP_EOK) {
		int sent = c2s_send(frontend->c2s, buf_text(&to), text, length);
		const char *type = xmpp_stanza_get_type(iq);
		if (!sent && (!strcmp(type, "get") || !strcmp(type, "set")))
			send_error(frontend, "iq", route->to_text, route->from_text, xmpp_stanza_get_id(iq),
			           &ERROR_SERVICE, NULL);
	}
	if (text)
		xmpp_free(frontend->strophe, text);
	buf_finish(&to);
}

void iq_handle(struct xmpp_frontend *frontend, xmpp_stanza_t *iq)
{
	struct iq_request request = {.frontend = frontend};
	const char *type = xmpp_stanza_get_type(iq);
	if (!type)
		return;
	if (!route_parse(&request.route, frontend, xmpp_stanza_get_from(iq), xmpp_stanza_get_to(iq))) {
		if (!strcmp(type, "get") || !strcmp(type, "set"))
			refuse_address(frontend, "iq", xmpp_stanza_get_to(iq), xmpp_stanza_get_from(iq),
			               xmpp_stanza_get_id(iq));
		return;
	}
	if (request.route.target == ROUTE_SELF && request.route.to.resource[0]) {
		pass_to_own_client(&request.route, frontend, iq);
		return;
	}
	bool result = !strcmp(type, "result");
	bool raw = request.route.target == ROUTE_ENTITY && raw_is_on(frontend);
	if (raw && (result || !strcmp(type, "error"))) {
		raw_answer(frontend, &request.route, iq);
		return;
	}
	if (result || !strcmp(type, "error")) {
		handle_answer(frontend, &request.route, iq, result);
		return;
	}
	request.id = xmpp_stanza_get_id(iq) ? xmpp_stanza_get_id(iq) : "";
	request.set = !strcmp(type, "set");
	request.child = payload(iq);
	if ((!request.set && strcmp(type, "get") != 0) || !request.child) {
		iq_error(&request, &ERROR_BAD_REQUEST, NULL);
		return;
	}
	if (raw && raw_request(&request, iq))
		return;
	static const int masks[] = {
	        [ROUTE_GATEWAY] = ON_GATEWAY, [ROUTE_SELF] = ON_SELF, [ROUTE_ENTITY] = ON_ENTITY};
	const struct iq_entry *entry = find_entry(request.child);
	if (!entry)
		iq_error(&request, request.route.target == ROUTE_GATEWAY ? &ERROR_FEATURE : &ERROR_SERVICE,
		         NULL);
	else if (!(entry->on & masks[request.route.target]))
		iq_error(&request, &ERROR_SERVICE, NULL);
	else if (replies_full(frontend))
		iq_error(&request, &ERROR_CONSTRAINT, NULL);
	else
		entry->handle(&request);
}
