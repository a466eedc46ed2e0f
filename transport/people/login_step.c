/* SPDX-License-Identifier: MIT */
#include "transport/people/login_step.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/routing/router.h"
#include "transport/transport.h"

#define GIVE_UP_MS 5000 /* for the backend to answer that it has logged out */

static bool wants_answer(enum login_step_kind kind)
{
	return kind == LOGIN_STEP_TEXT || kind == LOGIN_STEP_SECRET || kind == LOGIN_STEP_CODE ||
	       kind == LOGIN_STEP_CHOICE;
}

static void step_free(struct login_step *step)
{
	for (size_t i = 0; i < step->choices_count; i++)
		mem_free(step->choices[i]);
	mem_free(step->choices);
	mem_free(step->text);
	mem_free_secret(step->data); /* a QR code may be a key */
	mem_free(step);
}

void login_step_clear(struct user *user, bool interrupted)
{
	bool was_asked = user->login_step && wants_answer(user->login_step->kind);

	if (user->login_step)
		step_free(user->login_step);
	user->login_step = NULL;
	user->question_lost = interrupted && (was_asked || user->question_lost);
}

static struct login_step *step_create(const struct event_login_step *wanted)
{
	struct login_step *step = MEM_NEW(struct login_step);
	uint64_t seconds = wanted->timeout_s;

	if (!seconds || seconds > LIMIT_LOGIN_STEP_SECONDS)
		seconds = LIMIT_LOGIN_STEP_SECONDS;
	step->number = wanted->step;
	step->kind = wanted->kind;
	step->text = mem_strdup(wanted->text ? wanted->text : "");
	step->data = mem_strdup(wanted->data);
	step->choices_count =
	        wanted->choices_count > LIMIT_LOGIN_CHOICES ? LIMIT_LOGIN_CHOICES : wanted->choices_count;
	step->choices = mem_alloc((step->choices_count + 1) * sizeof(*step->choices));
	for (size_t i = 0; i < step->choices_count; i++)
		step->choices[i] = mem_strdup(wanted->choices[i]);
	step->deadline_ms = clock_ms() + seconds * 1000;
	return step;
}

static void note_deadline(const struct user *user)
{
	if (user->transport->steps_until_ms < user->login_step->deadline_ms)
		user->transport->steps_until_ms = user->login_step->deadline_ms;
}

void login_step_from_backend(struct user *user, const struct event *event)
{
	if (user->login_step && user->login_step->given_up)
		return; /* it crossed the person's word */
	if (user->state != USER_CONNECTING) {
		log_warning(&user->log, "the backend asks for something, and no login is under way: dropped");
		return;
	}
	login_step_clear(user, false);
	user->login_step = step_create(&event->login_step);
	note_deadline(user);
	log_info(&user->log, "the login asks for more, step %u, kind %d", user->login_step->number,
	         (int)user->login_step->kind);
	if (session_authentication_asked(user, user->login_step->kind != LOGIN_STEP_NOTICE))
		login_step_deliver(user, NULL);
}

bool login_step_event(const struct user *user, struct event *event)
{
	const struct login_step *step = user->login_step;

	if (!step || step->given_up)
		return false;
	*event = (struct event){.type = EVENT_LOGIN_STEP,
	                        .user = user->key,
	                        .login_step = {.step = step->number,
	                                       .kind = step->kind,
	                                       .text = step->text,
	                                       .data = step->data,
	                                       .choices = (const char *const *)step->choices,
	                                       .choices_count = step->choices_count}};
	return true;
}

void login_step_deliver(struct user *user, struct resource *only)
{
	struct event event;

	if (login_step_event(user, &event))
		router_deliver(user, only, &event);
}

void login_step_describe(struct buf *out, const struct event_login_step *step, bool in_chat)
{
	buf_puts(out, step->text && *step->text ? step->text : "The network asks you for something.");
	for (size_t i = 0; i < step->choices_count; i++)
		buf_printf(out, "\n%zu. %s", i + 1, step->choices[i]);
	if (step->data && *step->data)
		buf_printf(out, "\n%s", step->data);
	if (!in_chat)
		return;
	if (step->kind == LOGIN_STEP_CHOICE)
		buf_puts(out, "\nWrite the number of your choice here, or \"cancel\" to give up the login.");
	else if (wants_answer(step->kind))
		buf_puts(out, "\nWrite the answer here, or \"cancel\" to give up the login.");
}

bool login_step_is_open(const struct user *user)
{
	return user->login_step && wants_answer(user->login_step->kind) && !user->login_step->answered;
}

/* The choice that is meant; NULL: none. */
static const char *choice_of(const struct login_step *step, const char *value)
{
	char *end;
	unsigned long number = strtoul(value, &end, 10);

	for (size_t i = 0; i < step->choices_count; i++)
		if (text_equal_nocase(step->choices[i], value))
			return step->choices[i];
	if (!isdigit((unsigned char)value[0]) || *end || number < 1 || number > step->choices_count)
		return NULL;
	return step->choices[number - 1];
}

/* What people type around it; a password is taken as it is. */
static char *copy_answer(const struct login_step *step, const char *value)
{
	size_t length = strlen(value);

	if (step->kind == LOGIN_STEP_SECRET)
		return mem_strdup(value);
	while (length && isspace((unsigned char)value[length - 1]))
		length--;
	while (length && isspace((unsigned char)*value)) {
		value++;
		length--;
	}
	return mem_strndup(value, length);
}

static int check_answer(const struct login_step *step, const char *value, const char **sent,
                        struct buf *problem)
{
	*sent = value;
	if (!*value) {
		buf_puts(problem, "The answer is empty.");
		return TP_ERR_INVALID;
	}
	if (strlen(value) > LIMIT_LOGIN_ANSWER_BYTES) {
		buf_puts(problem, "That is too long for an answer.");
		return TP_ERR_LIMIT;
	}
	if (step->kind != LOGIN_STEP_CHOICE)
		return 0;
	*sent = choice_of(step, value);
	if (*sent)
		return 0;
	buf_printf(problem, "That is none of the choices: a number from 1 to %zu is needed.",
	           step->choices_count);
	return TP_ERR_INVALID;
}

int login_step_answer(struct user *user, const char *value, struct buf *problem)
{
	struct login_step *step = user->login_step;
	struct event event = {.type = EVENT_LOGIN_ANSWER};

	if (!login_step_is_open(user)) {
		buf_puts(problem, step && step->answered ? "That has been answered already."
		                                         : "Nothing is asked at the moment.");
		return TP_ERR_NOT_FOUND;
	}
	char *copy = copy_answer(step, value);
	int err = check_answer(step, copy, &event.login_answer.value, problem);

	if (!err) {
		step->answered = true;
		event.login_answer.step = step->number;
		user_send(user, &event);
	}
	mem_free_secret(copy);
	return err;
}

/* Its answer is awaited, so that it is not taken for one to a login that follows. */
static void give_up(struct user *user, const char *text)
{
	struct login_step *step = user->login_step;
	struct event event = {.type = EVENT_LOGIN_ANSWER, .login_answer = {.step = step->number}};

	step->answered = true;
	step->given_up = text;
	step->deadline_ms = clock_ms() + GIVE_UP_MS;
	note_deadline(user);
	user_send(user, &event);
}

bool login_step_give_up(struct user *user)
{
	if (!user->login_step || user->login_step->given_up)
		return false;
	log_info(&user->log, "the person gives the login up");
	give_up(user, "You have given up the login. Write \"login\" to begin anew.");
	return true;
}

bool login_step_begin_again(struct user *user)
{
	if (!user->login_step || !user->login_step->given_up)
		return false;
	user->login_step->again = true;
	return true;
}

bool login_step_has_ended(struct user *user)
{
	struct transport *transport = user->transport;

	if (!user->login_step || !user->login_step->given_up)
		return false;
	bool again = user->login_step->again;
	char *key = mem_strdup(user->key);

	user_end_login(user, user->login_step->given_up);
	user = user_find(transport, key);
	mem_free(key);
	if (user && again)
		user_login(user);
	return true;
}

void login_step_expire(struct transport *transport, uint64_t now_ms)
{
	struct map_iter it = {0};

	if (!transport->steps_until_ms)
		return;
	if (transport->steps_until_ms <= now_ms)
		transport->steps_until_ms = 0;
	while (map_next(transport->users, &it)) {
		struct user *user = it.value;

		if (!user->login_step || user->login_step->deadline_ms > now_ms || login_step_has_ended(user))
			continue;
		log_info(&user->log, "the login waited for too long");
		give_up(user, "The login was not completed in time. Write \"login\" to begin anew.");
	}
}
