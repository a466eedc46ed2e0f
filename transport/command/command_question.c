/* SPDX-License-Identifier: MIT */
#include "transport/command/command_question.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "transport/command/command_private.h"
#include "transport/frontend.h"
#include "transport/people/login_step.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/transport.h"

struct question {
	const struct command *command;
	const struct command_field *field; /* that the next line is */
	struct map *values;                /* name -> char *: what is known */
	uint64_t until_ms;
};

static void values_free(struct map **values)
{
	struct map_iter it = {0};

	while (map_next(*values, &it))
		mem_free_secret(it.value);
	map_destroy(values, NULL);
}

static void question_free(struct question *question)
{
	values_free(&question->values);
	mem_free(question);
}

static struct question *find(struct transport *transport, const struct frontend *frontend, const char *address,
			     bool take)
{
	struct text_key key;
	const char *who = text_key_join(&key, frontend->ops->name, address);
	struct question *question = take ? map_remove(transport->questions, who) : map_get(transport->questions, who);

	text_key_finish(&key);
	return question;
}

void command_questions_expire(struct transport *transport, uint64_t now_ms)
{
	struct map_iter it = {0};

	while (map_next(transport->questions, &it)) {
		struct question *question = it.value;

		if (question->until_ms > now_ms)
			continue;
		map_remove(transport->questions, it.key);
		question_free(question);
	}
	if (transport->questions && !map_count(transport->questions))
		map_destroy(&transport->questions, NULL);
}

static bool is_needed(const struct command_call *call, const struct command_field *field)
{
	return field->required || (field->needed && field->needed(call->transport, call->frontend));
}

const struct command_field *command_missing(const struct command_call *call)
{
	for (size_t i = 0; i < call->command->fields_count; i++) {
		const struct command_field *field = &call->command->fields[i];

		if (is_needed(call, field) && !*command_value(call, field->name))
			return field;
	}
	return NULL;
}

bool command_question_ask(struct command_call *call, const struct command_field *field, const char *before)
{
	struct transport *transport = call->transport;
	struct question *former = find(transport, call->frontend, call->address, true);
	struct text_key key;

	if (former)
		question_free(former);
	if (map_count(transport->questions) >= LIMIT_QUESTIONS)
		return false;
	struct question *question = MEM_NEW(struct question);
	struct map_iter it = {0};

	question->command = call->command;
	question->field = field;
	question->values = map_create();
	while (map_next(call->values, &it))
		map_put(question->values, it.key, mem_strdup(it.value));
	question->until_ms = clock_ms() + LIMIT_QUESTION_SECONDS * 1000ull;
	map_set(&transport->questions, text_key_join(&key, call->frontend->ops->name, call->address), question);
	text_key_finish(&key);
	command_reply(call, 0, "%s%s? (\"cancel\" gives it up.)", before, field->label);
	return true;
}

static struct question *current(struct transport *transport, const struct frontend *frontend, const char *address)
{
	struct question *question = find(transport, frontend, address, false);

	return question && question->until_ms > clock_ms() ? question : NULL;
}

struct command_asked command_asked(struct transport *transport, const struct frontend *frontend, const char *address)
{
	const struct identity *identity = session_find_identity(transport, frontend, address);
	const struct question *question = current(transport, frontend, address);

	if (identity && identity->user && login_step_is_open(identity->user))
		return (struct command_asked){.open = true, .secret = true};
	if (!question)
		return (struct command_asked){0};
	return (struct command_asked){true, question->field->type == FIELD_SECRET, question->command};
}

/* The ends of an answer are no part of it: nobody sees what he has typed there. */
static char *trimmed(const char *line)
{
	const char *start = line + strspn(line, " \t\r\n");
	size_t length = strlen(start);

	while (length && strchr(" \t\r\n", start[length - 1]))
		length--;
	return mem_strndup(start, length);
}

bool command_question_answer(struct transport *transport, struct frontend *frontend, const char *address,
			     const char *resource, const char *line, command_done *done, void *context)
{
	struct question *question = current(transport, frontend, address);

	if (!question)
		return false;
	char *answer = trimmed(line);

	find(transport, frontend, address, true);
	if (text_equal_nocase(answer, "cancel")) {
		done(context, 0, "It is given up.");
	} else {
		struct command_call *call =
			command_call_create(transport, frontend, address, resource, done, context);
		struct map_iter it = {0};

		mem_free_secret(map_put(question->values, question->field->name, answer));
		answer = NULL;
		while (map_next(question->values, &it))
			map_put(call->values, it.key, mem_strdup(it.value));
		command_call_start(call, question->command, true);
	}
	question_free(question);
	mem_free_secret(answer);
	return true;
}
