/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "transport/people/contact_groups.h"
#include "transport/people/contacts.h"

#define MANY 3000

static struct contact *add(struct contacts **contacts, const char *name, const char *alias)
{
	bool is_new = false;
	struct contact *contact = contacts_add(contacts, name, alias, &is_new);

	assert_true(is_new);
	assert_ptr_equal(contacts_find(*contacts, name), contact);
	return contact;
}

static const char *number(unsigned i)
{
	static char name[32];

	snprintf(name, sizeof(name), "%s%u", i % 2 ? "friend" : "Friend", i);
	return name;
}

/* The names from here on, each with a blank behind it. */
static void expect(const struct contacts *contacts, const char *behind, const char *names)
{
	struct contacts_iter it = contacts_behind(contacts, behind);

	while (contacts_next(contacts, &it)) {
		size_t length = strlen(it.contact->name);

		assert_memory_equal(names, it.contact->name, length);
		assert_int_equal(names[length], ' ');
		names += length + 1;
	}
	assert_string_equal(names, "");
}

static void test_nothing(void **state)
{
	struct contacts *contacts = NULL;
	struct contacts_iter it = {0};

	(void)state;
	assert_int_equal(contacts_count(contacts), 0);
	assert_null(contacts_find(contacts, "a"));
	assert_false(contacts_next(contacts, &it));
	expect(contacts, NULL, "");
	expect(contacts, "a", "");
	contacts_destroy(&contacts, NULL);
}

static void test_names(void **state)
{
	struct contacts *contacts = NULL;
	bool is_new;
	struct contact *bob = add(&contacts, "Bob", "Robert");

	(void)state;
	assert_string_equal(bob->name, "Bob");
	assert_string_equal(bob->alias, "Robert");
	assert_ptr_equal(contacts_find(contacts, "bOB"), bob);
	assert_ptr_equal(contacts_add(&contacts, "BOB", "another", &is_new), bob);
	assert_false(is_new);
	assert_string_equal(bob->alias, "Robert");
	assert_null(contacts_find(contacts, "bo"));
	assert_null(contacts_find(contacts, "bobo"));
	assert_null(add(&contacts, "", NULL)->alias);
	assert_null(add(&contacts, "\xc3\x84", "")->alias);
	assert_null(contacts_find(contacts, "\xc3\xa4")); /* only ASCII has cases here */
	contacts_remove(&contacts, contacts_find(contacts, ""));
	expect(contacts, NULL, "Bob \xc3\x84 ");
	contacts_destroy(&contacts, NULL);
	assert_null(contacts);
}

static void test_alias(void **state)
{
	struct contacts *contacts = NULL;
	struct contact *bob = add(&contacts, "bob", "Robert");

	(void)state;
	contact_set_alias(bob, bob->alias + 3);
	assert_string_equal(bob->alias, "ert");
	contact_set_alias(bob, bob->alias + 1);
	assert_string_equal(bob->alias, "rt");
	contact_set_alias(bob, "");
	assert_null(bob->alias);
	contact_set_alias(bob, "Bob");
	assert_string_equal(bob->name, "bob");
	contacts_destroy(&contacts, NULL);
}

static void test_order(void **state)
{
	struct contacts *contacts = NULL;
	struct contacts_iter it = {0};

	(void)state;
	for (const char *name = "cabde"; *name; name++)
		add(&contacts, (const char[]){*name, '\0'}, NULL);
	expect(contacts, NULL, "c a b d e ");
	expect(contacts, "B", "d e ");
	expect(contacts, "e", "");
	expect(contacts, "nobody", "c a b d e ");
	contacts_remove(&contacts, contacts_find(contacts, "b"));
	expect(contacts, "a", "d e ");
	expect(contacts, "b", "c a d e ");
	while (contacts_next(contacts, &it))
		contacts_remove(&contacts, it.contact);
	assert_null(contacts);
}

static unsigned finished;

static void finish(struct contact *contact)
{
	assert_int_equal(contact->flags, 7);
	finished++;
}

static void add_all(struct contacts **contacts, unsigned reserved)
{
	for (unsigned i = 0; i < MANY; i++) {
		struct contact *contact = add(contacts, number(i), i % 3 ? "alias" : NULL);

		assert_int_equal(contact->in_block, i < reserved);
		assert_int_equal(contact->flags, 0);
		assert_null(contact->groups);
		contact->flags = 7;
	}
}

/* Half of them go, and half of those come again, behind the others, several times. */
static void remove_some(struct contacts **contacts)
{
	for (unsigned i = 0; i < MANY; i += 2)
		contacts_remove(contacts, contacts_find(*contacts, number(i)));
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < MANY; i += 4) {
			struct contact *contact = contacts_find(*contacts, number(i));

			if (contact)
				contacts_remove(contacts, contact);
			add(contacts, number(i), NULL)->flags = 7;
		}
	}
}

static void go_through(struct contacts *contacts, unsigned reserved)
{
	struct contacts_iter it = {0};

	add_all(&contacts, reserved);
	remove_some(&contacts);
	assert_int_equal(contacts_count(contacts), MANY / 2 + MANY / 4);
	for (unsigned i = 0; i < MANY; i++) {
		const struct contact *contact = contacts_find(contacts, number(i));

		assert_int_equal(contact != NULL, i % 2 || i % 4 == 0);
		if (contact)
			assert_string_equal(contact->name, number(i));
	}
	for (unsigned i = 1; i < MANY; i += 2)
		assert_true(contacts_next(contacts, &it) && !strcmp(it.contact->name, number(i)));
	for (unsigned i = 0; i < MANY; i += 4)
		assert_true(contacts_next(contacts, &it) && !strcmp(it.contact->name, number(i)));
	assert_false(contacts_next(contacts, &it));
	finished = 0;
	contacts_destroy(&contacts, finish);
	assert_int_equal(finished, MANY / 2 + MANY / 4);
}

static void test_many(void **state)
{
	struct contacts *contacts = NULL;
	size_t bytes = 0;

	(void)state;
	go_through(NULL, 0);
	for (unsigned i = 0; i < MANY / 2; i++)
		bytes += contact_bytes(number(i), i % 3 ? "alias" : NULL);
	contacts_reserve(&contacts, MANY / 2, bytes);
	go_through(contacts, MANY / 2);
}

static void expect_found(struct contacts **contacts, const char *name, bool is_there)
{
	bool is_new;
	const struct contact *contact = contacts_add(contacts, name, NULL, &is_new);

	assert_string_equal(contact->name, name);
	assert_ptr_equal(contacts_find(*contacts, name), contact);
	assert_int_equal(is_new, !is_there);
}

/* In the order of coming, in another, with one that went and one that came in between. */
static void test_asked_in_order(void **state)
{
	struct contacts *contacts = NULL;

	(void)state;
	for (unsigned i = 0; i < 20; i++)
		add(&contacts, number(i), NULL);
	for (unsigned round = 0; round < 2; round++)
		for (unsigned i = 0; i < 20; i++)
			expect_found(&contacts, number(i), true);
	expect_found(&contacts, number(3), true);
	expect_found(&contacts, number(4), true);
	expect_found(&contacts, number(6), true);
	expect_found(&contacts, number(7), true);
	contacts_remove(&contacts, contacts_find(contacts, number(8)));
	expect_found(&contacts, number(9), true);
	expect_found(&contacts, number(10), true);
	expect_found(&contacts, number(8), false);
	expect_found(&contacts, number(11), true);
	for (unsigned i = 19; i > 11; i--)
		expect_found(&contacts, number(i), true);
	expect_found(&contacts, number(8), true);
	expect_found(&contacts, number(20), false);
	expect_found(&contacts, number(20), true);
	for (unsigned i = 0; i < 20; i++) {
		contacts_remove(&contacts, contacts_find(contacts, number(i)));
		expect_found(&contacts, number(100 + i), false);
		expect_found(&contacts, number(i), false);
	}
	assert_int_equal(contacts_count(contacts), 41);
	contacts_destroy(&contacts, NULL);
}

static void test_reserved_in_vain(void **state)
{
	struct contacts *contacts = NULL;

	(void)state;
	contacts_reserve(&contacts, 0, 0);
	assert_null(contacts);
	contacts_reserve(&contacts, 20, 2000);
	assert_int_equal(contacts_count(contacts), 0);
	assert_null(contacts_find(contacts, "a"));
	contacts_destroy(&contacts, NULL);
}

static const char *const friends[] = {"Friends"}, *const both[] = {"Friends", "Work"};

static void test_groups(void **state)
{
	struct contacts *contacts = NULL;

	(void)state;
	struct contact *a = add(&contacts, "a", NULL), *b = add(&contacts, "b", NULL), *c = add(&contacts, "c", NULL);

	assert_false(contact_set_groups(a, NULL, 0));
	assert_true(contact_set_groups(a, both, 2));
	assert_false(contact_set_groups(a, both, 2));
	assert_true(contact_set_groups(b, both, 2));
	assert_ptr_equal(a->groups, b->groups);
	contact_share_groups(c, b);
	assert_ptr_equal(c->groups, a->groups);
	assert_int_equal(c->groups_count, 2);
	assert_true(contact_set_groups(a, friends, 1));
	assert_string_equal(a->groups[0], "Friends");
	assert_string_equal(b->groups[1], "Work");
	contact_drop_groups(b);
	assert_null(b->groups);
	contact_share_groups(b, b);
	assert_null(b->groups);
	assert_string_equal(c->groups[1], "Work");
	contacts_destroy(&contacts, contact_finish);
}

/* Each has contacts of its own; the combinations are everybody's, and come and go all the time. */
static void *take_and_drop(void *context)
{
	struct contacts *contacts = NULL;
	bool *good = context, is_new;
	struct contact *one = contacts_add(&contacts, "one", NULL, &is_new);
	struct contact *two = contacts_add(&contacts, "two", NULL, &is_new);

	*good = true;
	for (unsigned i = 0; i < 20000; i++) {
		contact_set_groups(one, i % 2 ? both : friends, i % 2 ? 2 : 1);
		contact_share_groups(two, one);
		*good = *good && one->groups == two->groups && !strcmp(two->groups[0], "Friends");
		contact_drop_groups(two);
		if (i % 3 == 0)
			contact_drop_groups(one);
	}
	contacts_destroy(&contacts, contact_finish);
	return NULL;
}

static void test_groups_of_two_threads(void **state)
{
	pthread_t threads[2];
	bool good[2];

	(void)state;
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_and_drop, &good[i]), 0);
	for (unsigned i = 0; i < 2; i++) {
		pthread_join(threads[i], NULL);
		assert_true(good[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing), cmocka_unit_test(test_names), cmocka_unit_test(test_alias),
		cmocka_unit_test(test_order),   cmocka_unit_test(test_many),  cmocka_unit_test(test_reserved_in_vain),
		cmocka_unit_test(test_asked_in_order), cmocka_unit_test(test_groups),
		cmocka_unit_test(test_groups_of_two_threads),
	};
	return cmocka_run_group_tests_name("contacts", tests, NULL, NULL);
}
