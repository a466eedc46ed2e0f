/* SPDX-License-Identifier: MIT */
#include "frontends/xmpp/commands.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "config/limits.h"
#include "frontends/xmpp/iq.h"
#include "frontends/xmpp/login_dialogue.h"
#include "frontends/xmpp/register.h"
#include "transport/command/command.h"

#define SESSION_MS (15 * 60 * 1000)

void command_session_destroy(void *data)
{
	struct command_session *session = data;
	if (session->waiting)
		reply_destroy(session->waiting);
	mem_free(session->id);
	mem_free(session->who);
	mem_free(session->address);
	mem_free(session);
}

void command_session_close(struct xmpp_frontend *frontend, struct command_session *session)
{
	map_remove(frontend->command_sessions, session->id);
	command_session_destroy(session);
}

void command_session_renew(struct command_session *session)
{
	session->deadline = clock_ms() + SESSION_MS;
}

void command_sessions_expire(struct xmpp_frontend *frontend)
{
	uint64_t now = clock_ms();
	struct map_iter it = {0};
	while (map_next(frontend->command_sessions, &it)) {
		struct command_session *session = it.value;
		if (session->deadline > now)
			continue;
		map_remove(frontend->command_sessions, it.key);
		command_session_destroy(session);
	}
}

static bool may_open(const struct xmpp_frontend *frontend, const char *who)
{
	size_t own = 0;
	struct map_iter it = {0};
	if (map_count(frontend->command_sessions) >= LIMIT_XMPP_COMMANDS)
		return false;
	while (map_next(frontend->command_sessions, &it))
		own += !strcmp(((const struct command_session *)it.value)->who, who);
	return own < LIMIT_XMPP_COMMANDS_EACH;
}

struct command_session *command_session_open(const struct iq_request *request, const struct command *command)
{
	struct xmpp_frontend *frontend = request->frontend;
	const struct route *route = &request->route;
	if (!may_open(frontend, route->from_text)) {
		iq_error(request, &ERROR_CONSTRAINT, "Too many commands are under way.");
		return NULL;
	}
	char id[27];
	random_token(id, sizeof(id) - 1);
	struct command_session *session = MEM_NEW(struct command_session);
	session->id = mem_strdup(id);
	session->who = mem_strdup(route->from_text);
	session->address = mem_strdup(route->address);
	session->command = command;
	command_session_renew(session);
	map_put(frontend->command_sessions, id, session);
	return session;
}

void command_begin(struct xml_writer *writer, const char *node, const char *session, const char *status)
{
	xml_start_ns(writer, "command", NS_COMMANDS);
	xml_attr(writer, "node", node);
	xml_attr(writer, "sessionid", session);
	xml_attr(writer, "status", status);
}

void command_note(struct xml_writer *writer, bool error, const char *text)
{
	xml_start(writer, "note");
	xml_attr(writer, "type", error ? "error" : "info");
	xml_text(writer, text);
	xml_end(writer);
	xml_end(writer);
	xml_end(writer);
}

static void write_field(struct xml_writer *writer, const struct command_field *field, const char *value)
{
	static const char *const types[] = {
	        [FIELD_TEXT] = "text-single",
	        [FIELD_SECRET] = "text-private",
	        [FIELD_BOOL] = "boolean",
	        [FIELD_ADDRESS] = "jid-single",
	};
	xml_start(writer, "field");
	xml_attr(writer, "type", types[field->type]);
	xml_attr(writer, "var", field->name);
	xml_attr(writer, "label", field->label);
	if (field->required) {
		xml_start(writer, "required");
		xml_end(writer);
	}
	xml_element(writer, "value", NULL, value);
	xml_end(writer);
}

static void show_form(const struct iq_request *request, const struct command *command)
{
	struct xmpp_frontend *frontend = request->frontend;
	const struct route *route = &request->route;
	struct command_session *session = command_session_open(request, command);
	if (!session)
		return;
	struct map *values = map_create();
	command_prefill(frontend->base.transport, &frontend->base, route->address, command, values);
	struct xml_writer *writer = iq_result(request);
	command_begin(writer, command->name, session->id, "executing");
	xml_start(writer, "actions");
	xml_attr(writer, "execute", "complete");
	xml_start(writer, "complete");
	xml_end(writer);
	xml_end(writer);
	xml_start_ns(writer, "x", "jabber:x:data");
	xml_attr(writer, "type", "form");
	xml_element(writer, "title", NULL, command->title);
	xml_element(writer, "instructions", NULL, command->help);
	for (size_t i = 0; i < command->fields_count; i++)
		write_field(writer, &command->fields[i], map_get(values, command->fields[i].name));
	xml_end(writer);
	xml_end(writer);
	iq_send(request);
	map_destroy(&values, mem_free);
}

static void command_answered(void *context, int err, const char *text)
{
	struct reply *reply = context;
	struct xmpp_frontend *frontend = reply->frontend;
	if (frontend) {
		struct xml_writer *writer = result_begin(frontend, reply->from, reply->to, reply->id);
		command_begin(writer, reply->name, reply->extra, "completed");
		command_note(writer, err != 0, text && text[0] ? text : "Done.");
		xmpp_end(frontend, reply->to);
		if (!err && !strcmp(reply->name, "register"))
			register_announce(frontend, reply->address);
	}
	reply_destroy(reply);
}

static void run(const struct iq_request *request, const struct command *command, xmpp_stanza_t *form,
                const char *session)
{
	struct xmpp_frontend *frontend = request->frontend;
	struct map *values = map_create();
	for (size_t i = 0; i < command->fields_count; i++) {
		const char *name = command->fields[i].name;
		char *value = form_value(form, name);
		if (value)
			mem_free(map_put(values, name, value));
	}
	char id[27];
	random_token(id, sizeof(id) - 1);
	struct reply *reply = iq_reply_later(request);
	reply->name = mem_strdup(command->name);
	reply->extra = mem_strdup(session ? session : id);
	command_run(frontend->base.transport, &frontend->base, request->route.address,
	            request->route.from.resource, command, values, command_answered, reply);
	map_destroy(&values, mem_free);
}

static void cancel(const struct iq_request *request, const char *node, const char *session)
{
	struct xml_writer *writer = iq_result(request);
	command_begin(writer, node, session, "canceled");
	xml_end(writer);
	iq_send(request);
}

/* A later step: the form comes back, or the person gives up. */
static void go_on(const struct iq_request *request, const char *node, const char *id, const char *action)
{
	struct xmpp_frontend *frontend = request->frontend;
	struct command_session *session = map_get(frontend->command_sessions, id);
	if (!session || strcmp(session->who, request->route.from_text) != 0 ||
	    strcmp(session->command->name, node) != 0) {
		iq_error(request, &ERROR_BAD_REQUEST, "This command is not under way any more.");
		return;
	}
	const struct command *command = session->command;
	if (command->dialogue) {
		login_dialogue_go_on(request, session, action);
		return;
	}
	bool sends = !strcmp(action, "execute") || !strcmp(action, "complete") || !strcmp(action, "next");
	if (!sends && strcmp(action, "cancel") != 0) {
		iq_error(request, &ERROR_BAD_REQUEST, NULL);
		return;
	}
	char *kept = mem_strdup(id);
	map_remove(frontend->command_sessions, id);
	command_session_destroy(session);
	xmpp_stanza_t *form = tree_child_ns(request->child, "x", "jabber:x:data");
	const char *type = form ? xmpp_stanza_get_type(form) : NULL;
	if (!sends || (type && !strcmp(type, "cancel")))
		cancel(request, node, kept);
	else
		run(request, command, form, kept);
	mem_free(kept);
}

void commands_handle(const struct iq_request *request)
{
	struct xmpp_frontend *frontend = request->frontend;
	const char *node = xmpp_stanza_get_attribute(request->child, "node");
	const char *session = xmpp_stanza_get_attribute(request->child, "sessionid");
	const char *action = xmpp_stanza_get_attribute(request->child, "action");
	if (!request->set || !node || !request->route.from.node[0]) {
		iq_error(request, &ERROR_BAD_REQUEST, NULL);
		return;
	}
	if (!action || !action[0])
		action = "execute";
	const struct command *command = command_find(node);
	if (!command) {
		iq_error(request, &ERROR_NOT_FOUND, NULL);
		return;
	}
	if (!command_allowed(frontend->base.transport, command, &frontend->base, request->route.address)) {
		iq_error(request, &ERROR_FORBIDDEN, NULL);
		return;
	}
	if (session && session[0]) {
		go_on(request, node, session, action);
		return;
	}
	if (strcmp(action, "execute") != 0) {
		iq_error(request, &ERROR_BAD_REQUEST, NULL);
		return;
	}
	xmpp_stanza_t *form = tree_child_ns(request->child, "x", "jabber:x:data");
	if (command->dialogue)
		login_dialogue_start(request, command);
	else if (command->fields_count && !form)
		show_form(request, command);
	else
		run(request, command, form, NULL);
}
