/* SPDX-License-Identifier: MIT */
#include "tests/unit/store/store_fixture.h"

#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/mem.h"
#include "transport/store/driver.h"
#include "transport/store/schema.h"
#include "transport/store/sql.h"

static const char *const second_statements[] = {
        "ALTER TABLE {users} ADD COLUMN note {:text}",
        "UPDATE {users} SET note = uin",
};
static const char *const broken_statements[] = {
        "ALTER TABLE {users} ADD COLUMN half {:text}",
        "ALTER TABLE {no_such} ADD COLUMN x {:int}",
};

static struct driver *open_driver(struct fixture *fixture)
{
	struct driver_options options = {.database = fixture->database};
	struct driver *db;
	char *folder = mem_printf("%s/data", fixture->folder);
	mkdir(folder, 0700);
	mem_free(folder);
	assert_int_equal(driver_sqlite.open(&db, &options, &fixture->error), 0);
	return db;
}

static int migrate(struct fixture *fixture, const char *prefix, const struct schema_step *steps, size_t count)
{
	struct driver *db = open_driver(fixture);
	buf_clear(&fixture->error);
	int err = schema_migrate(db, prefix, steps, count, &fixture->error);
	db->ops->close(db);
	return err;
}

static void test_templates(void **state)
{
	(void)state;
	struct buf sql_text = {0};
	sql_expand(&sql_text, "INSERT INTO {a} ({:id}) {+k,l;m,n} ?{b}", "p_", &driver_sqlite.dialect);
	assert_string_equal(
	        sql_text.data,
	        "INSERT INTO p_a (INTEGER PRIMARY KEY AUTOINCREMENT) ON CONFLICT (k,l) DO UPDATE SET "
	        "m = excluded.m, n = excluded.n ?p_b");
	buf_finish(&sql_text);
	assert_true(sql_prefix_valid(""));
	assert_true(sql_prefix_valid("tp_9"));
	assert_false(sql_prefix_valid("a b"));
	assert_false(sql_prefix_valid("a;"));
	assert_false(sql_prefix_valid("a\xc3\xa4"));
	assert_false(sql_prefix_valid("a{"));
	assert_false(sql_prefix_valid("123456789012345678901234567890123"));
}

static void test_from_empty(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(migrate(fixture, "", schema_steps, schema_steps_count), 0);
	assert_int_equal(sql_number(fixture->database, "SELECT max(version) FROM schema_version"),
	                 schema_steps_count);
	assert_true(sql_number(fixture->database, "SELECT min(applied) FROM schema_version") > 1500000000);
	/* once more changes nothing */
	assert_int_equal(migrate(fixture, "", schema_steps, schema_steps_count), 0);
	assert_int_equal(sql_number(fixture->database, "SELECT count(*) FROM schema_version"),
	                 schema_steps_count);
	/* a second set of tables beside the first */
	assert_int_equal(migrate(fixture, "b_", schema_steps, schema_steps_count), 0);
	assert_int_equal(sql_number(fixture->database, "SELECT count(*) FROM b_users"), 0);
}

/* Before version 5 contacts lay apart from their order. */
static void test_contacts_in_order(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(migrate(fixture, "x_", schema_steps, 4), 0);
	sql(fixture->database,
	    "PRAGMA foreign_keys = ON;"
	    "INSERT INTO x_users (id, jid, uin, language, created) VALUES (1, 'a@b', 'a', 'en', 1), (2, 'c@d', 'c', 'en', 1);"
	    "INSERT INTO x_buddies VALUES (2, 'z', 'Zoe', 'g', 1, 8, 'hash'), (1, 'bob', '', '', 0, 0, ''), "
	    "(2, 'A', 'Ann', 'h', 0, 2, '')");
	assert_int_equal(migrate(fixture, "x_", schema_steps, schema_steps_count), 0);
	assert_int_equal(sql_number(fixture->database, "SELECT count(*) FROM x_buddies"), 3);
	assert_int_equal(sql_number(fixture->database,
	                            "SELECT count(*) FROM x_buddies WHERE (user_id, uin, nickname, group_names, subscribed, "
	                            "flags, icon_hash) IN (VALUES (2, 'z', 'Zoe', 'g', 1, 8, 'hash'), "
	                            "(1, 'bob', '', '', 0, 0, ''), (2, 'A', 'Ann', 'h', 0, 2, ''))"),
	                 3);
	assert_int_equal(sql_number(fixture->database, "SELECT wr FROM pragma_table_list('x_buddies')"), 1);
	sql(fixture->database, "PRAGMA foreign_keys = ON; DELETE FROM x_users WHERE id = 2");
	assert_int_equal(sql_number(fixture->database, "SELECT count(*) FROM x_buddies"), 1);
}

static void test_from_version_before(void **state)
{
	struct fixture *fixture = *state;
	struct schema_step steps[8];
	size_t count = schema_steps_count;
	memcpy(steps, schema_steps, count * sizeof(steps[0]));
	steps[count] = (struct schema_step){second_statements, ARRAY_SIZE(second_statements)};
	assert_int_equal(migrate(fixture, "x_", steps, count), 0);
	sql(fixture->database,
	    "INSERT INTO x_users (jid, uin, language, created) VALUES ('a@b', 'legacy', '', 1)");
	assert_int_equal(migrate(fixture, "x_", steps, count + 1), 0);
	assert_int_equal(sql_number(fixture->database, "SELECT count(*) FROM x_users WHERE note = 'legacy'"),
	                 1);
	assert_int_equal(sql_number(fixture->database, "SELECT count(*) FROM x_schema_version"), count + 1);
	/* and now it is too new */
	assert_int_equal(migrate(fixture, "x_", steps, count), TP_ERR_UNSUPPORTED);
	char *version = mem_printf("schema version %zu,", count + 1);
	assert_non_null(strstr(fixture->error.data, version));
	mem_free(version);
}

static void test_failed_step_is_undone(void **state)
{
	struct fixture *fixture = *state;
	struct schema_step steps[8];
	size_t count = schema_steps_count;
	memcpy(steps, schema_steps, count * sizeof(steps[0]));
	steps[count] = (struct schema_step){broken_statements, ARRAY_SIZE(broken_statements)};
	assert_int_equal(migrate(fixture, "", steps, count + 1), TP_ERR_STORE);
	assert_int_equal(sql_number(fixture->database, "SELECT max(version) FROM schema_version"), count);
	assert_int_equal(sql_number(fixture->database,
	                            "SELECT count(*) FROM pragma_table_info('users') WHERE name = 'half'"),
	                 0);
	steps[count] = (struct schema_step){second_statements, ARRAY_SIZE(second_statements)};
	assert_int_equal(migrate(fixture, "", steps, count + 1), 0);
}

static void test_newer_is_refused(void **state)
{
	struct fixture *fixture = *state;
	fixture_open(fixture);
	fixture_close(fixture);
	sql(fixture->database, "INSERT INTO schema_version VALUES (1000, 1)");
	assert_int_equal(fixture_try_open(fixture), TP_ERR_UNSUPPORTED);
	assert_non_null(strstr(fixture->error.data, "schema version 1000"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_templates),       FIXTURE_TEST(test_from_empty),
	        FIXTURE_TEST(test_contacts_in_order),   FIXTURE_TEST(test_from_version_before),
	        FIXTURE_TEST(test_failed_step_is_undone), FIXTURE_TEST(test_newer_is_refused),
	};
	return cmocka_run_group_tests_name("schema", tests, NULL, NULL);
}
