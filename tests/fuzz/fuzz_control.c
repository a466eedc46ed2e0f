/* SPDX-License-Identifier: MIT */
/*
 * What comes over the control socket, and from an administrator's chat. An input is lines: "#..." asks for
 * JSON, "@..." is said in the chat, others are taken as they are. Beyond not crashing: each line has one
 * answer (or begins to follow somebody, who then says something), answers are clean text, JSON is JSON, and
 * people can be served afterwards.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "tests/fuzz/counts.h"
#include "tests/unit/transport/fixture.h"
#include "transport/admin/admin.h"
#include "transport/command/command.h"
#include "transport/routing/watch.h"

#define LINES 12 /* the store of the fixture is small */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned answers;
static bool wants_json;
static struct watch *watch;

static void require(bool good)
{
	if (!good)
		abort();
}

/* ------------------------------------------------------------------------------------------ a reader of JSON
 */

static const char *read_value(const char *at, int depth);

static const char *read_string(const char *at)
{
	require(*at++ == '"');
	while (*at != '"') {
		require((unsigned char)*at >= 0x20 && *at != 0x7f);
		if (*at == '\\') {
			at++;
			require(*at && strchr("\"\\nu", *at));
			for (int i = 0; *at == 'u' && i < 4; i++)
				require(at[1 + i] && strchr("0123456789abcdef", at[1 + i]));
			at += *at == 'u' ? 4 : 0;
		}
		at++;
	}
	return at + 1;
}

static const char *read_items(const char *at, char end, int depth)
{
	if (*++at == end)
		return at + 1;
	for (;; at++) {
		if (end == '}') {
			at = read_string(at);
			require(*at++ == ':');
		}
		at = read_value(at, depth + 1);
		if (*at == end)
			return at + 1;
		require(*at == ',');
	}
}

static const char *read_value(const char *at, int depth)
{
	static const char *const words[] = {"null", "true", "false"};

	require(depth < 8);
	if (*at == '{')
		return read_items(at, '}', depth);
	if (*at == '[')
		return read_items(at, ']', depth);
	if (*at == '"')
		return read_string(at);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (text_starts(at, words[i]))
			return at + strlen(words[i]);
	size_t digits = strspn(at + (*at == '-'), "0123456789");

	require(digits > 0);
	return at + (*at == '-') + digits;
}

/* ------------------------------------------------------------------------------------------------ the
 * callers */

static void check_text(const char *text)
{
	require(text_is_clean(text, strlen(text), TEXT_LINES));
	if (wants_json)
		require(*read_value(text, 0) == '\0');
}

static void on_answer(void *context, const char *text)
{
	(void)context;
	answers++;
	check_text(text);
}

static void on_line(void *context, const char *line)
{
	(void)context;
	require(!strchr(line, '\n'));
	require(text_is_clean(line, strlen(line), TEXT_LINE));
}

static void on_following(void *context, struct watch *started)
{
	(void)context;
	answers++;
	watch_stop(&watch);
	watch = started;
}

static void on_reply(void *context, int err, const char *text)
{
	(void)context;
	(void)err;
	answers++;
	require(text_is_clean(text, strlen(text), TEXT_LINES));
}

static void take(const char *line)
{
	const struct admin_caller caller = {.done = on_answer, .line = on_line, .following = on_following};
	const char *json = strchr(line, '\t') ? "--json\t" : "--json ";
	char *text = *line == '#' ? mem_printf("%s%s", json, line + 1) : mem_strdup(line);
	struct buf clean = {0};

	answers = 0;
	wants_json = *line == '#';
	if (*line == '@') {
		/* what a frontend hands on was cleaned where it came in */
		text_clean(&clean, line + 1, strlen(line + 1), TEXT_LINES);
		command_run_line(fx->transport, fx->frontend, "boss@x", "phone", buf_text(&clean), true,
		                 on_reply, NULL);
	} else {
		admin_execute_for(fx->transport, text, &caller);
	}
	store_pump();
	require(answers == 1);
	/* it may have been what to log; nobody reads that here */
	log_threshold = LOG_LEVEL_ERROR;
	wants_json = false;
	buf_finish(&clean);
	mem_free(text);
}

static void say_something(void)
{
	struct resource *resource = find("alice@x", "phone");
	const struct event event = {
	        .type = EVENT_MESSAGE,
	        .message = {.kind = MESSAGE_CHAT, .name = "carl", .text = "a \"text\"\n\x7f"}};

	if (resource)
		router_from_frontend(resource, &event);
}

static void begin(void)
{
	static const char *const config[] = {"service.admin_jid=boss@x", "logging.level=error"};
	void *state;

	(void)command_at(0); /* The table is made when it is asked for first: no input shall be the one. */
	fixture_setup(&state);
	fixture_start(config, ARRAY_SIZE(config));
	store_pump();
	store_account("alice@x", "al", "pw");
	store_account("boss@x", "bo", "pw");
	log_in("alice@x", "phone");
	join("alice@x", "phone", "#r", "al");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = mem_strndup((const char *)data, size), *at = text;
	void *state = NULL;

	begin();
	forget_counts();
	for (int lines = 0; lines < LINES && at; lines++) {
		char *end = strchr(at, '\n');

		if (end)
			*end = '\0';
		take(at);
		if (watch)
			say_something();
		forget();
		at = end ? end + 1 : NULL;
	}
	say_something();
	watch_stop(&watch);
	mem_free(text);
	fixture_teardown(&state);
	return 0;
}
