/* SPDX-License-Identifier: MIT */
#include "frontends/xmpp/login_dialogue.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "config/limits.h"
#include "frontends/xmpp/login_show.h"
#include "transport/command/command.h"
#include "transport/people/login_step.h"
#include "transport/people/user.h"

#define HOLD_MS 20000 /* clients give an IQ half a minute or more */

struct said { /* by a command of the core, which these commands give at once */
	int err;
	char *text;
};

static void on_said(void *context, int err, const char *text)
{
	struct said *said = context;
	said->err = err;
	mem_replace(&said->text, text);
}

static struct said run(const struct iq_request *request, const char *name, const char *answer)
{
	struct xmpp_frontend *frontend = request->frontend;
	struct said said = {.err = TP_ERR_UNSUPPORTED};
	struct map *values = map_create();
	if (answer)
		map_put(values, "answer", mem_strdup(answer));
	command_run(frontend->base.transport, &frontend->base, request->route.address,
	            request->route.from.resource, command_find(name), values, on_said, &said);
	char *copy = map_remove(values, "answer");
	mem_free_secret(copy);
	map_destroy(&values, NULL);
	return said;
}

static const struct user *user_of(struct xmpp_frontend *frontend, const char *address)
{
	const struct identity *identity =
	        session_find_identity(frontend->base.transport, &frontend->base, address);
	return identity ? identity->user : NULL;
}

static void write_field(struct xml_writer *writer, const char *type, const char *name, const char *label)
{
	xml_start(writer, "field");
	xml_attr(writer, "type", type);
	xml_attr(writer, "var", name);
	xml_attr(writer, "label", label);
}

static void write_answer_field(struct xml_writer *writer, const struct event_login_step *step)
{
	const char *type = step->kind == LOGIN_STEP_SECRET   ? "text-private"
	                   : step->kind == LOGIN_STEP_CHOICE ? "list-single"
	                                                     : "text-single";
	write_field(writer, type, "answer", "Answer");
	xml_start(writer, "required");
	xml_end(writer);
	for (size_t i = 0; i < step->choices_count; i++) {
		xml_start(writer, "option");
		xml_attr(writer, "label", step->choices[i]);
		xml_element(writer, "value", NULL, step->choices[i]);
		xml_end(writer);
	}
	xml_end(writer);
}

/* XEP-0221. */
static void write_media(struct xml_writer *writer, const char *data)
{
	struct buf png = {0}, cid = {0};
	if (login_picture(&png, &cid, data)) {
		char *uri = mem_printf("cid:%s", buf_text(&cid));
		xml_start_ns(writer, "media", "urn:xmpp:media-element");
		xml_start(writer, "uri");
		xml_attr(writer, "type", "image/png");
		xml_text(writer, uri);
		xml_end(writer);
		xml_end(writer);
		mem_free(uri);
	}
	buf_finish(&png);
	buf_finish(&cid);
}

static void write_shown_field(struct xml_writer *writer, const struct event_login_step *step)
{
	bool is_link = step->kind == LOGIN_STEP_LINK;
	write_field(writer, "fixed", "shown", is_link ? "Link" : "QR code");
	xml_element(writer, "value", NULL, step->data);
	if (!is_link)
		write_media(writer, step->data);
	xml_end(writer);
}

static void write_step(struct xml_writer *writer, const struct event_login_step *step)
{
	char number[16];
	snprintf(number, sizeof(number), "%u", step->step);
	xml_element(writer, "instructions", NULL,
	            step->text && step->text[0] ? step->text : "The network asks you for something.");
	write_field(writer, "hidden", "step", NULL);
	xml_element(writer, "value", NULL, number);
	xml_end(writer);
	switch (step->kind) {
	case LOGIN_STEP_NOTICE:
		break;
	case LOGIN_STEP_QR:
	case LOGIN_STEP_LINK:
		write_shown_field(writer, step);
		break;
	default:
		write_answer_field(writer, step);
		break;
	}
}

/* An answer to a request is begun; the form of the step, or with NULL a page to wait on. */
static void write_form(struct xml_writer *writer, const struct command_session *session,
                       const struct event_login_step *step, const char *problem)
{
	command_begin(writer, session->command->name, session->id, "executing");
	xml_start(writer, "actions");
	xml_attr(writer, "execute", "next");
	xml_start(writer, "next");
	xml_end(writer);
	xml_end(writer);
	xml_start_ns(writer, "x", "jabber:x:data");
	xml_attr(writer, "type", "form");
	xml_element(writer, "title", NULL, session->command->title);
	if (step)
		write_step(writer, step);
	else
		xml_element(writer, "instructions", NULL,
		            "The network has not answered yet. Go on to wait for it.");
	xml_end(writer);
	if (problem) {
		command_note(writer, true, problem);
		return;
	}
	xml_end(writer);
	xml_end(writer);
}

static struct xml_writer *answer_begin(struct xmpp_frontend *frontend, const struct reply *to)
{
	return result_begin(frontend, to->from, to->to, to->id);
}

static void end_waiting(struct command_session *session)
{
	if (session->waiting)
		reply_destroy(session->waiting);
	session->waiting = NULL;
}

static void show_waiting_page(struct xmpp_frontend *frontend, struct command_session *session)
{
	if (!session->waiting)
		return;
	write_form(answer_begin(frontend, session->waiting), session, NULL, NULL);
	xmpp_end(frontend, session->waiting->to);
	end_waiting(session);
}

/* The login is over, well or not: the note that says so. NULL: it goes on. */
static const char *outcome(const struct user *user, bool *good)
{
	*good = user && user->state == USER_CONNECTED;
	if (*good)
		return "You are logged in.";
	if (user && user->state != USER_IDLE && user->state != USER_FAILED)
		return NULL;
	return user && user->last_error_text ? user->last_error_text : "You are logged out.";
}

/*
 * Answers the request that waits, if there is something to say: a step that is open or has nothing to answer
 * and was not shown before, or the end. True: it did, and at the end the session is closed.
 */
static bool answer_waiting(struct xmpp_frontend *frontend, struct command_session *session,
                           const struct user *user, bool news, const char *problem)
{
	struct reply *reply = session->waiting;
	struct event event;
	bool good;
	const char *text = outcome(user, &good);
	if (text) {
		struct xml_writer *writer = answer_begin(frontend, reply);
		command_begin(writer, session->command->name, session->id, "completed");
		command_note(writer, !good, text);
		xmpp_end(frontend, reply->to);
		command_session_close(frontend, session);
		return true;
	}
	if (!login_step_event(user, &event) || user->login_step->answered || !news)
		return false;
	write_form(answer_begin(frontend, reply), session, &event.login_step, problem);
	xmpp_end(frontend, reply->to);
	end_waiting(session);
	return true;
}

/* Answers now or when there is something to say. */
static void answer(const struct iq_request *request, struct command_session *session, bool news,
                   const char *problem)
{
	struct xmpp_frontend *frontend = request->frontend;
	show_waiting_page(frontend, session); /* the client asks again instead of waiting */
	session->waiting = iq_reply_later(request);
	session->answer_by = clock_ms() + HOLD_MS;
	command_session_renew(session);
	answer_waiting(frontend, session, user_of(frontend, session->address), news, problem);
}

void login_dialogue_start(const struct iq_request *request, const struct command *command)
{
	struct command_session *session = command_session_open(request, command);
	if (!session)
		return;
	struct said said = run(request, command->name, NULL);
	if (said.err) {
		command_begin(iq_result(request), command->name, session->id, "completed");
		command_note(&request->frontend->writer, true,
		             said.text ? said.text : "This is not possible.");
		xmpp_end(request->frontend, request->route.from_text);
		command_session_close(request->frontend, session);
	} else {
		answer(request, session, true, NULL);
	}
	mem_free(said.text);
}

static void cancel(const struct iq_request *request, struct command_session *session)
{
	/* Nothing may wait on it when the end of the login is told, or it would be closed by that. */
	show_waiting_page(request->frontend, session);
	struct said said = run(request, "cancel", NULL);
	mem_free(said.text);
	command_begin(iq_result(request), session->command->name, session->id, "canceled");
	xml_end(&request->frontend->writer);
	iq_send(request);
	command_session_close(request->frontend, session);
}

/* The form is about the step that is open now. */
static bool is_current(const struct user *user, xmpp_stanza_t *form)
{
	char *number = form ? form_value(form, "step") : NULL;
	bool same =
	        number && user && user->login_step && strtoul(number, NULL, 10) == user->login_step->number;
	mem_free(number);
	return same;
}

static void take_form(const struct iq_request *request, struct command_session *session, xmpp_stanza_t *form)
{
	const struct user *user = user_of(request->frontend, session->address);
	bool current = is_current(user, form);
	if (!current || !login_step_is_open(user)) {
		/* It was the page to wait on, or the network has gone on meanwhile; a step that one only
		 * looks at is not shown twice. */
		answer(request, session, !current, NULL);
		return;
	}
	char *value = form_value(form, "answer");
	struct said said = run(request, "answer", value ? value : "");
	answer(request, session, said.err != 0, said.err ? said.text : NULL);
	mem_free_secret(value);
	mem_free(said.text);
}

void login_dialogue_go_on(const struct iq_request *request, struct command_session *session,
                          const char *action)
{
	xmpp_stanza_t *form = tree_child_ns(request->child, "x", "jabber:x:data");
	const char *type = form ? xmpp_stanza_get_type(form) : NULL;
	bool gives_up = !strcmp(action, "cancel") || (type && !strcmp(type, "cancel"));
	if (gives_up)
		cancel(request, session);
	else if (!strcmp(action, "execute") || !strcmp(action, "next"))
		take_form(request, session, form);
	else
		iq_error(request, &ERROR_BAD_REQUEST,
		         NULL); /* there is no way back, and only the network ends it */
}

void login_dialogue_wake(struct xmpp_frontend *frontend, const struct identity *identity)
{
	struct map_iter it = {0};
	while (map_next(frontend->command_sessions, &it)) {
		struct command_session *session = it.value;
		if (session->waiting && !strcmp(session->address, identity->address))
			answer_waiting(frontend, session, identity->user, true, NULL);
	}
}

void login_dialogue_tick(struct xmpp_frontend *frontend)
{
	uint64_t now = clock_ms();
	struct map_iter it = {0};
	while (map_next(frontend->command_sessions, &it)) {
		struct command_session *session = it.value;
		if (session->answer_by <= now)
			show_waiting_page(frontend, session);
	}
}
