/* SPDX-License-Identifier: MIT */
/* What backends keep for people. */
#include "tests/unit/store/store_fixture.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "config/limits.h"

static int open_setup(void **state)
{
	fixture_setup(state);
	fixture_open(*state);
	return 0;
}

struct kept { /* "a=1;b=;" */
	int err, calls;
	size_t damaged, bytes;
	struct buf text;
};

static void on_values(void *context, int err, const struct event_value *values, size_t count, size_t damaged)
{
	struct kept *kept = context;
	kept->err = err;
	kept->calls++;
	kept->damaged = damaged;
	for (size_t i = 0; i < count; i++) {
		kept->bytes += values[i].size;
		buf_printf(&kept->text, "%s=%.*s;", values[i].key,
		           values[i].size > 20 ? 20 : (int)values[i].size, (const char *)values[i].bytes);
	}
}

static int put(struct fixture *fixture, const char *key, const struct event_value *values, size_t count)
{
	struct answer answer = {0};
	store_put_values(fixture->store, key, values, count, on_done, &answer);
	fixture_run(fixture);
	assert_int_equal(answer.calls, 1);
	return answer.err;
}

static int put_text(struct fixture *fixture, const char *key, const char *name, const char *text)
{
	struct event_value value = {name, (const uint8_t *)text, text == NULL ? 0 : strlen(text)};
	return put(fixture, key, &value, 1);
}

static void expect_kept(struct fixture *fixture, const char *key, const char *text, size_t damaged)
{
	struct kept kept = {0};
	store_get_values(fixture->store, key, on_values, &kept);
	fixture_run(fixture);
	assert_int_equal(kept.calls, 1);
	assert_int_equal(kept.err, 0);
	assert_string_equal(buf_text(&kept.text), text);
	assert_int_equal(kept.damaged, damaged);
	buf_finish(&kept.text);
}

static void test_values(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(put_text(fixture, "a@b", "k", "v"), TP_ERR_NOT_FOUND);
	assert_int_equal(put_text(fixture, "a@b", "k", NULL), TP_ERR_NOT_FOUND);
	expect_kept(fixture, "a@b", "", 0);
	assert_int_equal(add(fixture, "a@b", "alice", "secret", NULL), 0);
	assert_int_equal(add(fixture, "c@d", "carol", "secret", NULL), 0);
	expect_kept(fixture, "a@b", "", 0);
	struct event_value values[] = {{"token", (const uint8_t *)"t1", 2},
	                               {"empty", (const uint8_t *)"", 0},
	                               {"zero", (const uint8_t *)"a\0b", 3}};
	assert_int_equal(put(fixture, "a@b", values, 3), 0);
	struct kept kept = {0};
	store_get_values(fixture->store, "a@b", on_values, &kept);
	fixture_run(fixture);
	assert_int_equal(kept.bytes, 5);
	buf_finish(&kept.text);
	assert_int_equal(put_text(fixture, "a@b", "zero", "no more"), 0);
	assert_int_equal(put_text(fixture, "c@d", "token", "hers"), 0);
	expect_kept(fixture, "a@b", "empty=;token=t1;zero=no more;", 0);
	expect_kept(fixture, "c@d", "token=hers;", 0);
	/* Changed and removed in one go; what is not there may be removed. */
	struct event_value changes[] = {
	        {"empty", NULL, 0}, {"nothing", NULL, 0}, {"token", (const uint8_t *)"t2", 2}};
	assert_int_equal(put(fixture, "a@b", changes, 3), 0);
	expect_kept(fixture, "a@b", "token=t2;zero=no more;", 0);
	/* And all of it is there the next time. */
	fixture_close(fixture);
	fixture_open(fixture);
	expect_kept(fixture, "a@b", "token=t2;zero=no more;", 0);
}

static void test_limits(void **state)
{
	struct fixture *fixture = *state;
	uint8_t *large = mem_alloc(LIMIT_VALUE_BYTES + 1);
	memset(large, 'x', LIMIT_VALUE_BYTES + 1);
	assert_int_equal(add(fixture, "a@b", "alice", "secret", NULL), 0);
	struct event_value value = {"k", large, LIMIT_VALUE_BYTES + 1};
	assert_int_equal(put(fixture, "a@b", &value, 1), TP_ERR_LIMIT);
	value.size = LIMIT_VALUE_BYTES;
	assert_int_equal(put(fixture, "a@b", &value, 1), 0);
	/* Nothing of a list that is too much is kept, and the rest can still be changed. */
	char names[LIMIT_VALUES_PER_USER][8];
	struct event_value many[LIMIT_VALUES_PER_USER];
	for (size_t i = 0; i < LIMIT_VALUES_PER_USER; i++) {
		snprintf(names[i], sizeof(names[i]), "n%03zu", i);
		many[i] = (struct event_value){names[i], large, 1};
	}
	assert_int_equal(put(fixture, "a@b", many, LIMIT_VALUES_PER_USER), TP_ERR_LIMIT);
	assert_int_equal(sql_number(fixture->database, "SELECT count(*) FROM users_values"), 1);
	assert_int_equal(put(fixture, "a@b", many, LIMIT_VALUES_PER_USER - 1), 0);
	assert_int_equal(sql_number(fixture->database, "SELECT count(*) FROM users_values"),
	                 LIMIT_VALUES_PER_USER);
	/* 16 values of 64 KiB are the megabyte, but for their names. */
	for (size_t i = 0; i < 15; i++)
		many[i].size = LIMIT_VALUE_BYTES;
	assert_int_equal(put(fixture, "a@b", many, 14), 0);
	assert_int_equal(put(fixture, "a@b", many, 15), TP_ERR_LIMIT);
	assert_int_equal(put_text(fixture, "a@b", "k", NULL), 0);
	assert_int_equal(put(fixture, "a@b", many, 15), 0);
	mem_free(large);
}

static void test_sealed(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(add(fixture, "a@b", "alice", "", NULL), 0);
	assert_int_equal(add(fixture, "c@d", "carol", "", NULL), 0);
	assert_int_equal(put_text(fixture, "a@b", "token", "open sesame"), 0);
	assert_int_equal(put_text(fixture, "a@b", "other", "x"), 0);
	fixture_close(fixture);
	size_t length;
	char *file = read_whole(fixture->database, &length);
	assert_null(memmem(file, length, "open sesame", 11));
	mem_free(file);
	/* A value opens in its own row only. */
	sql(fixture->database,
	    "UPDATE users_values SET value = (SELECT value FROM users_values WHERE name = 'token') "
	    "WHERE name = 'other'");
	sql(fixture->database,
	    "INSERT INTO users_values SELECT 2, name, value FROM users_values WHERE name = 'token'");
	fixture_open(fixture);
	expect_kept(fixture, "a@b", "token=open sesame;", 1);
	expect_kept(fixture, "c@d", "", 1);
	/* Values alone are reason enough not to make another key. */
	fixture_close(fixture);
	assert_int_equal(remove(fixture->key_file), 0);
	assert_int_equal(fixture_try_open(fixture), TP_ERR_NOT_FOUND);
	assert_non_null(strstr(fixture->error.data, "is missing"));
}

static void test_removed_with_the_account(void **state)
{
	struct fixture *fixture = *state;
	struct answer answer = {0};
	assert_int_equal(add(fixture, "a@b", "alice", "secret", NULL), 0);
	assert_int_equal(put_text(fixture, "a@b", "token", "t"), 0);
	store_remove_account(fixture->store, "a@b", on_done, &answer);
	fixture_run(fixture);
	assert_int_equal(answer.err, 0);
	assert_int_equal(sql_number(fixture->database, "SELECT count(*) FROM users_values"), 0);
	assert_int_equal(add(fixture, "a@b", "alice", "secret", NULL), 0);
	expect_kept(fixture, "a@b", "", 0);
}

static void test_migration(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(add(fixture, "a@b", "alice", "secret", NULL), 0);
	fixture_close(fixture);
	/* As the version before left it. */
	sql(fixture->database, "DROP TABLE users_values; DROP TABLE bans; DROP TABLE places; "
	    "DELETE FROM schema_version WHERE version > 1");
	fixture_open(fixture);
	struct answer answer = {0};
	assert_int_equal(find(fixture, "a@b", &answer), 0);
	assert_string_equal(answer.account.data, "a@b|alice|secret|en");
	answer_clear(&answer);
	assert_int_equal(put_text(fixture, "a@b", "k", "v"), 0);
	expect_kept(fixture, "a@b", "k=v;", 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_values),    TEST(test_limits),
	        TEST(test_sealed),    TEST(test_removed_with_the_account),
	        TEST(test_migration),
	};
	return cmocka_run_group_tests_name("values", tests, NULL, NULL);
}
