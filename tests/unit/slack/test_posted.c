/* SPDX-License-Identifier: MIT */
/* Whether a record was posted before: a conversation is looked through once, and again when that is too old. */
#include "tests/unit/slack/known_fixture.h"

#include <string.h>

#include "base/json.h"
#include "config/limits.h"
#include "frontends/slack/messages/incoming.h"
#include "frontends/slack/messages/posted.h"
#include "transport/routing/delivery.h"
#include "transport/spool/spool.h"

#define NOW_MS 1000000 /* known_fixture.c */

static struct known_fixture *now; /* to whom the fakes below tell */
static struct {
	void *context;
	bool (*page)(void *context, const struct cJSON *json);
	web_done *done;
	slack_later_run *later;
} asked;

/* ---- in the place of the core, and of the rest of the frontend ---- */

void web_api_pages(struct web_api *api, const struct web_call *call, unsigned limit,
		   bool (*page)(void *context, const struct cJSON *json))
{
	(void)api;
	(void)limit;
	asked.context = call->context;
	asked.page = page;
	asked.done = call->done;
	buf_printf(&now->told, "%s from %s\n", call->method, call->arguments[2].value);
}

void slack_later(struct slack_frontend *frontend, slack_later_run *run, const char *text)
{
	(void)frontend;
	(void)text;
	asked.later = run;
}

void delivery_frontend_ready(struct frontend *frontend)
{
	(void)frontend;
	buf_puts(&now->told, "ready\n");
}

void incoming_go_on(struct slack_frontend *frontend, const char *unused)
{
	(void)frontend;
	(void)unused;
}

/* ---- a channel in which one post is ours ---- */

static int setup(void **state)
{
	int err = known_fixture_setup(state);

	now = *state;
	now->workspace.bot_id = "B0";
	now->frontend.lookups = map_create();
	now->frontend.oldest_ms = NOW_MS;
	return err;
}

static int teardown(void **state)
{
	posted_free(&now->frontend);
	return known_fixture_teardown(state);
}

static void answer(void)
{
	static const char text[] = "{\"messages\":[{\"ts\":\"900.000001\",\"bot_id\":\"B0\",\"metadata\":{"
				   "\"event_type\":\"" POSTED_EVENT "\",\"event_payload\":{\"record\":\"key-1\"}}}]}";
	struct cJSON *json = json_read(text, strlen(text));

	asked.page(asked.context, json);
	asked.done(asked.context, &(struct web_reply){.json = json, .error = "", .problem = ""});
	json_free(&json);
	asked.later(&now->frontend, NULL);
}

static enum posted look(const struct spool_record *record, const char *key)
{
	const char *ts;
	enum posted posted = posted_before(&now->workspace, CHANNEL, NULL, key, record, &ts);

	assert_true((posted == POSTED_YES) == (ts != NULL));
	return posted;
}

/* ------------------------------------------------------------------------------------------------- tests */

static void test_is_looked_up_once(void **state)
{
	const struct spool_record record = {.accepted_ms = NOW_MS};

	(void)state;
	assert_int_equal(look(&record, "key-1"), POSTED_UNKNOWN);
	assert_int_equal(look(&record, "key-2"), POSTED_UNKNOWN);
	assert_true(posted_is_looked_up(&now->frontend, TEAM "/" CHANNEL));
	known_fixture_expect(now, "conversations.history from 880.000000\n");
	answer();
	known_fixture_expect(now, "ready\n");
	assert_int_equal(look(&record, "key-1"), POSTED_YES);
	assert_int_equal(look(&record, "key-2"), POSTED_NO);
	assert_false(posted_is_looked_up(&now->frontend, TEAM "/" CHANNEL));
	known_fixture_expect(now, "");
}

/* A dead letter may be older than what was looked through, and may have been tried again since. */
static void test_dead_letters(void **state)
{
	const struct spool_record record = {.accepted_ms = NOW_MS};
	struct spool_record letter = {.accepted_ms = NOW_MS - 500000, .dead_ms = NOW_MS - 400000};

	(void)state;
	look(&record, "key-1");
	answer();
	known_fixture_expect(now, "conversations.history from 880.000000\nready\n");
	assert_int_equal(look(&letter, "key-1"), POSTED_UNKNOWN);
	answer();
	known_fixture_expect(now, "conversations.history from 380.000000\nready\n");
	assert_int_equal(look(&letter, "key-1"), POSTED_YES);
	letter.dead_ms = NOW_MS + 1;
	assert_int_equal(look(&letter, "key-2"), POSTED_UNKNOWN);
	answer();
	known_fixture_expect(now, "conversations.history from 380.000000\nready\n");
	assert_int_equal(look(&letter, "key-2"), POSTED_NO);
}

/* Back to an old dead letter there may be a million messages. */
static void test_a_long_history(void **state)
{
	const struct spool_record letter = {.accepted_ms = NOW_MS - 500000, .dead_ms = NOW_MS - 400000};
	struct buf text = {0};
	unsigned pages = 1;

	(void)state;
	buf_puts(&text, "{\"messages\":[{}");
	for (unsigned i = 1; i < 200; i++)
		buf_puts(&text, ",{}");
	buf_puts(&text, "]}");
	struct cJSON *json = json_read(buf_text(&text), text.len);

	assert_int_equal(look(&letter, "key-1"), POSTED_UNKNOWN);
	while (asked.page(asked.context, json))
		assert_in_range(++pages, 1, LIMIT_SLACK_LOOKED_UP / 200);
	assert_int_equal(pages, LIMIT_SLACK_LOOKED_UP / 200);
	asked.done(asked.context, &(struct web_reply){.json = json, .error = "", .problem = ""});
	asked.later(&now->frontend, NULL);
	assert_int_equal(look(&letter, "key-1"), POSTED_NO);
	json_free(&json);
	buf_finish(&text);
	known_fixture_expect(now, "conversations.history from 380.000000\nready\n");
}

/* What was posted has Slack's times. */
static void test_clocks_apart(void **state)
{
	const struct spool_record record = {.accepted_ms = NOW_MS};

	(void)state;
	known_fixture_ahead_ms = -600000;
	assert_int_equal(look(&record, "key-1"), POSTED_UNKNOWN);
	known_fixture_expect(now, "conversations.history from 280.000000\n");
	answer();
	assert_int_equal(look(&record, "key-1"), POSTED_YES);
	known_fixture_expect(now, "ready\n");
}

/* It died when the clock was ahead: it is looked up once, not until the clock has come there. */
static void test_clock_set_back(void **state)
{
	const struct spool_record letter = {.accepted_ms = NOW_MS - 1, .dead_ms = NOW_MS + 86400000};

	(void)state;
	assert_int_equal(look(&letter, "key-1"), POSTED_UNKNOWN);
	answer();
	assert_int_equal(look(&letter, "key-1"), POSTED_YES);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_is_looked_up_once),
		TEST(test_dead_letters),
		TEST(test_a_long_history),
		TEST(test_clocks_apart),
		TEST(test_clock_set_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
