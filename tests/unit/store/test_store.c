/* SPDX-License-Identifier: MIT */
#include "tests/unit/store/store_fixture.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "transport/people/contacts.h"

static int open_setup(void **state)
{
	fixture_setup(state);
	fixture_open(*state);
	return 0;
}

static int memory_setup(void **state)
{
	fixture_setup(state);
	struct fixture *fixture = *state;
	fixture->config.type = "none";
	fixture_open(fixture);
	return 0;
}

#define BOTH(function)                                                              \
	{#function, function, open_setup, fixture_teardown, NULL},                  \
	{                                                                           \
#function " (none)", function, memory_setup, fixture_teardown, NULL \
	}

static void put(struct fixture *fixture, int64_t account, const char *name, const char *alias,
                const char *group)
{
	const char *groups[] = {group, "", "two\nlines"};
	struct store_contact contact = {.name = name,
	                                .alias = alias,
	                                .groups = groups,
	                                .groups_count = group == NULL ? 0 : 3,
	                                .subscribed = true,
	                                .flags = 10,
	                                .icon_hash = "hash"};
	store_put_contact(fixture->store, account, &contact);
}

static int change(struct fixture *fixture, const char *key, const char *name, const char *password,
                  const char *language)
{
	struct answer answer = {0};
	store_change_account(fixture->store, key, name, password, language, on_done, &answer);
	fixture_run(fixture);
	assert_int_equal(answer.calls, 1);
	return answer.err;
}

static int set(struct fixture *fixture, int64_t account, const char *name, const char *value)
{
	struct answer answer = {0};
	store_set_setting(fixture->store, account, name, value, on_done, &answer);
	fixture_run(fixture);
	assert_int_equal(answer.calls, 1);
	return answer.err;
}

static int add_identity(struct fixture *fixture, int64_t account, const char *frontend, const char *address)
{
	struct answer answer = {0};
	store_add_identity(fixture->store, account, frontend, address, on_done, &answer);
	fixture_run(fixture);
	return answer.err;
}

static int remove_identity(struct fixture *fixture, const char *frontend, const char *address)
{
	struct answer answer = {0};
	store_remove_identity(fixture->store, frontend, address, on_done, &answer);
	fixture_run(fixture);
	return answer.err;
}

static int remove_account(struct fixture *fixture, const char *key)
{
	struct answer answer = {0};
	store_remove_account(fixture->store, key, on_done, &answer);
	fixture_run(fixture);
	return answer.err;
}

static int taken(struct fixture *fixture, const char *name)
{
	struct answer answer = {0};
	store_legacy_name_taken(fixture->store, name, on_done, &answer);
	fixture_run(fixture);
	return answer.err;
}

static void test_accounts(void **state)
{
	struct fixture *fixture = *state;
	struct answer answer = {0};
	int64_t id;
	assert_int_equal(find(fixture, "a@b", &answer), TP_ERR_NOT_FOUND);
	assert_int_equal(add(fixture, "a@b", "alice", "secret", &id), 0);
	assert_int_equal(find(fixture, "a@b", &answer), 0);
	assert_true(answer.id == id && !answer.vip && !answer.online);
	assert_string_equal(answer.account.data, "a@b|alice|secret|en");
	assert_string_equal(answer.identities.data, "xmpp:a@b;");
	assert_int_equal(add(fixture, "a@b", "x", "y", NULL), TP_ERR_EXISTS);
	assert_int_equal(find(fixture, "a@b", &answer), 0);
	assert_string_equal(answer.account.data, "a@b|alice|secret|en");

	assert_int_equal(taken(fixture, "alice"), 0);
	assert_int_equal(taken(fixture, "bob"), TP_ERR_NOT_FOUND);
	assert_int_equal(change(fixture, "no@b", "x", NULL, NULL), TP_ERR_NOT_FOUND);
	assert_int_equal(change(fixture, "a@b", "bob", NULL, NULL), 0);
	assert_int_equal(taken(fixture, "bob"), 0);
	assert_int_equal(change(fixture, "a@b", NULL, "other", NULL), 0);
	assert_int_equal(change(fixture, "a@b", NULL, NULL, "de"), 0);
	assert_int_equal(change(fixture, "a@b", NULL, NULL, NULL), 0);
	answer_clear(&answer);
	store_get_account(fixture->store, "a@b", on_account, &answer);
	fixture_run(fixture);
	assert_string_equal(answer.account.data, "a@b|bob|other|de");
	assert_int_equal(change(fixture, "a@b", NULL, "", NULL), 0);
	assert_int_equal(find(fixture, "a@b", &answer), 0);
	assert_string_equal(answer.account.data, "a@b|bob||de");

	assert_int_equal(remove_account(fixture, "a@b"), 0);
	assert_int_equal(remove_account(fixture, "a@b"), TP_ERR_NOT_FOUND);
	assert_int_equal(find(fixture, "a@b", &answer), TP_ERR_NOT_FOUND);
	answer_clear(&answer);
	store_get_account(fixture->store, "a@b", on_account, &answer);
	fixture_run(fixture);
	assert_int_equal(answer.err, TP_ERR_NOT_FOUND);
	answer_clear(&answer);
}

static void test_identities(void **state)
{
	struct fixture *fixture = *state;
	struct answer answer = {0};
	int64_t alice, bob;
	assert_int_equal(add(fixture, "a@b", "alice", "", &alice), 0);
	assert_int_equal(add(fixture, "c@d", "bob", "", &bob), 0);
	assert_int_equal(add_identity(fixture, alice, "matrix", "@a:b"), 0);
	assert_int_equal(add_identity(fixture, bob, "matrix", "@a:b"), TP_ERR_EXISTS);
	assert_int_equal(add_identity(fixture, bob + 100, "matrix", "@z:b"), TP_ERR_NOT_FOUND);
	/* the key is new, the identity is not: nothing of the account stays */
	store_add_account(fixture->store, "e@f", "matrix", "@a:b", "n", "p", "en", on_account, &answer);
	fixture_run(fixture);
	assert_int_equal(answer.err, TP_ERR_EXISTS);
	answer_clear(&answer);
	store_get_account(fixture->store, "e@f", on_account, &answer);
	store_find_account(fixture->store, "matrix", "@a:b", on_account, &answer);
	fixture_run(fixture);
	assert_string_equal(answer.identities.data, "matrix:@a:b;xmpp:a@b;");
	assert_true(answer.id == alice);
	/* the same address on another frontend is another identity; case counts */
	answer_clear(&answer);
	store_find_account(fixture->store, "slack", "@a:b", on_account, &answer);
	fixture_run(fixture);
	assert_int_equal(answer.err, TP_ERR_NOT_FOUND);
	assert_int_equal(find(fixture, "A@b", &answer), TP_ERR_NOT_FOUND);

	assert_int_equal(remove_identity(fixture, "matrix", "@a:b"), 0);
	assert_int_equal(remove_identity(fixture, "matrix", "@a:b"), TP_ERR_NOT_FOUND);
	/* the last one stays */
	assert_int_equal(remove_identity(fixture, "xmpp", "a@b"), TP_ERR_NOT_ALLOWED);
	assert_int_equal(find(fixture, "a@b", &answer), 0);
	assert_string_equal(answer.identities.data, "xmpp:a@b;");
	answer_clear(&answer);
}

static void test_settings(void **state)
{
	struct fixture *fixture = *state;
	struct answer answer = {0};
	int64_t id;
	assert_int_equal(add(fixture, "a@b", "alice", "", &id), 0);
	assert_int_equal(set(fixture, id, "z", "1"), 0);
	assert_int_equal(set(fixture, id, "a", ""), 0);
	assert_int_equal(set(fixture, id, "z", "2"), 0);
	store_set_setting(fixture->store, id, "lazy", "yes", NULL, NULL);
	assert_int_equal(find(fixture, "a@b", &answer), 0);
	assert_string_equal(answer.settings.data, "a=;lazy=yes;z=2;");
	assert_int_equal(set(fixture, id, "z", NULL), 0);
	assert_int_equal(set(fixture, id, "z", NULL), TP_ERR_NOT_FOUND);
	assert_int_equal(set(fixture, id + 5, "z", "1"), TP_ERR_NOT_FOUND);
	assert_int_equal(find(fixture, "a@b", &answer), 0);
	assert_string_equal(answer.settings.data, "a=;lazy=yes;");
	answer_clear(&answer);
}

static void test_contacts(void **state)
{
	struct fixture *fixture = *state;
	struct answer answer = {0};
	int64_t id;
	assert_int_equal(add(fixture, "a@b", "alice", "", &id), 0);
	put(fixture, id, "bob", "Bob", "Friends");
	put(fixture, id, "carol", NULL, NULL);
	put(fixture, id + 7, "nobody's", "", "");
	put(fixture, id, "dave", "", "x");
	store_remove_contact(fixture->store, id, "dave");
	store_remove_contact(fixture->store, id, "dave");
	store_set_online(fixture->store, id, true);
	store_set_online(fixture->store, id + 7, true);
	assert_int_equal(find(fixture, "a@b", &answer), 0);
	assert_string_equal(answer.contacts.data, "bob|Bob|Friends,two lines,|1|10|hash;carol|||1|10|hash;");
	assert_true(answer.online);
	struct store_contact plain = {.name = "bob"};
	store_put_contact(fixture->store, id, &plain);
	store_remove_contact(fixture->store, id, "carol");
	store_set_online(fixture->store, id, false);
	fixture_run(fixture);
	assert_int_equal(find(fixture, "a@b", &answer), 0);
	assert_string_equal(answer.contacts.data, "bob|||0|0|;");
	assert_false(answer.online);
	answer_clear(&answer);
}

/* The database tells them apart, the network does not. */
static void test_contact_in_two_cases(void **state)
{
	struct fixture *fixture = *state;
	struct answer answer = {0};
	int64_t id;
	assert_int_equal(add(fixture, "a@b", "alice", "", &id), 0);
	put(fixture, id, "Bob", "first", "Friends");
	put(fixture, id, "bob", "second", "Friends");
	put(fixture, id, "carol", "", "Friends");
	assert_int_equal(find(fixture, "a@b", &answer), 0);
	assert_string_equal(answer.contacts.data,
	                    "Bob|first|Friends,two lines,|1|10|hash;carol||Friends,two lines,|1|10|hash;");
	answer_clear(&answer);
}

/* The same groups one after the other, none between, others, the same again. */
static void test_groups_in_a_row(void **state)
{
	static const char *const groups[] = {NULL, "A", "A", NULL, "B", "A", "A"};
	struct fixture *fixture = *state;
	struct answer answer = {0};
	struct buf expected = {0};
	int64_t id;
	assert_int_equal(add(fixture, "a@b", "alice", "", &id), 0);
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		char name[16];
		snprintf(name, sizeof(name), "c%zu", i);
		put(fixture, id, name, "", groups[i]);
		buf_printf(&expected, "%s||%s%s|1|10|hash;", name, groups[i] ? groups[i] : "",
		           groups[i] ? ",two lines," : "");
	}
	assert_int_equal(find(fixture, "a@b", &answer), 0);
	assert_string_equal(answer.contacts.data, buf_text(&expected));
	answer_clear(&answer);
	buf_finish(&expected);
}

static void test_strange_text(void **state)
{
	static const char *const texts[] = {
	        "' OR 1=1 --",
	        "\"; DROP TABLE users; --",
	        "100%s%n%",
	        "back\\slash\\",
	        "_%_",
	        "a;b,c{users}?",
	        "\xf0\x9f\x98\x80 \xf0\x90\x8d\x88",
	        "\xe2\x80\xaertl",
	        "#?%20",
	        "\t tab",
	};
	struct fixture *fixture = *state;
	struct answer answer = {0};
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		int64_t id;
		const char *text = texts[i];
		assert_int_equal(add(fixture, text, text, text, &id), 0);
		assert_int_equal(add(fixture, text, text, text, NULL), TP_ERR_EXISTS);
		assert_int_equal(set(fixture, id, text, text), 0);
		assert_int_equal(add_identity(fixture, id, text, text), 0);
		assert_int_equal(change(fixture, text, NULL, NULL, text), 0);
		const char *groups[] = {text, text};
		struct store_contact contact = {text, text, groups, 2, true, 2, text};
		store_put_contact(fixture->store, id, &contact);
		assert_int_equal(find(fixture, text, &answer), 0);
		struct buf expected = {0};
		buf_printf(&expected, "%s|%s|%s|%s", text, text, text, text);
		assert_string_equal(answer.account.data, expected.data);
		buf_clear(&expected);
		buf_printf(&expected, "%s=%s;", text, text);
		assert_string_equal(answer.settings.data, expected.data);
		buf_clear(&expected);
		buf_printf(&expected, "%s|%s|%s,%s,|1|2|%s;", text, text, text, text, text);
		assert_string_equal(answer.contacts.data, expected.data);
		buf_finish(&expected);
		assert_int_equal(taken(fixture, text), 0);
	}
	/* no text met the row of another: each can be removed once */
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		assert_int_equal(remove_account(fixture, texts[i]), 0);
		assert_int_equal(remove_account(fixture, texts[i]), TP_ERR_NOT_FOUND);
	}
	answer_clear(&answer);
}

static void test_long_text(void **state)
{
	struct fixture *fixture = *state;
	struct answer answer = {0};
	int64_t id;
	char *text = mem_alloc(100001);
	memset(text, 'x', 100000);
	assert_int_equal(add(fixture, "a@b", text, text, &id), 0);
	assert_int_equal(set(fixture, id, "storage", text), 0);
	put(fixture, id, "c", text, text);
	assert_int_equal(find(fixture, "a@b", &answer), 0);
	assert_int_equal(answer.account.len, strlen("a@b|||en") + 200000);
	assert_int_equal(answer.settings.len, strlen("storage=;") + 100000);
	assert_true(answer.contacts.len > 200000);
	answer_clear(&answer);
	mem_free(text);
}

static void test_list(void **state)
{
	struct fixture *fixture = *state;
	struct answer answer = {0};
	int64_t ids[3];
	const char *keys[] = {"a@x", "b@x", "c@x"};
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(add(fixture, keys[i], "n", "", &ids[i]), 0);
	assert_int_equal(add_identity(fixture, ids[1], "matrix", "@b:x"), 0);
	store_list_identities(fixture->store, false, on_keys, &answer);
	fixture_run(fixture);
	assert_true(answer.err == 0 && answer.id == 0);
	store_set_online(fixture->store, ids[1], true);
	store_set_online(fixture->store, ids[2], true);
	store_set_online(fixture->store, ids[2], false);
	answer_clear(&answer);
	store_list_identities(fixture->store, false, on_keys, &answer);
	fixture_run(fixture);
	assert_string_equal(answer.identities.data, "matrix:@b:x;xmpp:b@x;");
	answer_clear(&answer);
	store_list_identities(fixture->store, true, on_keys, &answer);
	fixture_run(fixture);
	assert_int_equal(answer.id, 4);
	/* the one that never logged in comes last */
	assert_string_equal(answer.identities.data + strlen(answer.identities.data) - strlen(";xmpp:a@x;"), ";xmpp:a@x;");
	answer_clear(&answer);
}

struct order {
	struct fixture *fixture;
	int next;
	bool wrong;
	int more; /* calls that callbacks make */
	bool close;
};
struct ticket {
	struct order *order;
	int number;
};

static void on_ticket(void *context, int err)
{
	struct ticket *ticket = context;
	struct order *order = ticket->order;
	(void)err;
	order->wrong = order->wrong || ticket->number != order->next;
	order->next++;
	if (order->close && ticket->number == 3)
		store_close(&order->fixture->store);
}

static void on_ticket_account(void *context, int err, const struct store_account *account)
{
	(void)account;
	on_ticket(context, err);
}

static void on_ticket_keys(void *context, int err, const struct store_identity *identities, size_t count)
{
	(void)identities;
	(void)count;
	on_ticket(context, err);
}

enum { TICKETS = 300 };

static void issue(struct fixture *fixture, struct order *order, struct ticket *tickets, int64_t id)
{
	*order = (struct order){.fixture = fixture};
	for (int i = 0; i < TICKETS; i++) {
		struct ticket *ticket = &tickets[i];
		*ticket = (struct ticket){order, i};
		char key[16];
		snprintf(key, sizeof(key), "k%d", i);
		put(fixture, id, key, "", "g");
		switch (i % 6) {
		case 0:
			store_add_account(fixture->store, key, "xmpp", key, "n", "p", "", on_ticket_account,
			                  ticket);
			break;
		case 1:
			store_find_account(fixture->store, "xmpp", "a@b", on_ticket_account, ticket);
			break;
		case 2:
			store_set_setting(fixture->store, id, key, "v", on_ticket, ticket);
			break;
		case 3:
			store_list_identities(fixture->store, true, on_ticket_keys, ticket);
			break;
		case 4:
			store_remove_account(fixture->store, "nobody", on_ticket, ticket);
			break;
		default:
			store_legacy_name_taken(fixture->store, "n", on_ticket, ticket);
		}
	}
}

static void test_order(void **state)
{
	struct fixture *fixture = *state;
	struct ticket tickets[TICKETS];
	struct order order;
	int64_t id;
	assert_int_equal(add(fixture, "a@b", "alice", "", &id), 0);
	issue(fixture, &order, tickets, id);
	assert_int_equal(order.next, 0);
	fixture_run(fixture);
	assert_int_equal(order.next, TICKETS);
	assert_false(order.wrong);
}

static void count_answer(void *context, int err, const struct store_account *account)
{
	assert_int_equal(err, 0);
	assert_non_null(account);
	++*(unsigned *)context;
}

/* However many answers there are, the loop has turns for others between them, and gets through all. */
static void test_answers_leave_turns(void **state)
{
	enum { ASKED = 400, TURN = 32 + ASKED / 4 };
	struct fixture *fixture = *state;
	unsigned answered = 0, most = 0;
	int64_t id;
	assert_int_equal(add(fixture, "a@b", "alice", "", &id), 0);
	for (unsigned i = 0; i < ASKED; i++)
		store_find_account(fixture->store, "xmpp", "a@b", count_answer, &answered);
	while (store_queued(fixture->store) > 0)
		uv_sleep(1);
	while (answered < ASKED) {
		unsigned before = answered;
		uv_run(&fixture->loop, UV_RUN_ONCE);
		if (answered - before > most)
			most = answered - before;
	}
	assert_in_range(most, 1, TURN);
}

static void test_close_answers_all(void **state)
{
	struct fixture *fixture = *state;
	struct ticket tickets[TICKETS];
	struct order order;
	int64_t id;
	assert_int_equal(add(fixture, "a@b", "alice", "", &id), 0);
	issue(fixture, &order, tickets, id);
	store_close(&fixture->store);
	assert_null(fixture->store);
	assert_int_equal(order.next, TICKETS);
	assert_false(order.wrong);
	fixture_run(fixture);
}

static void test_close_in_callback(void **state)
{
	struct fixture *fixture = *state;
	struct ticket tickets[TICKETS];
	struct order order;
	int64_t id;
	assert_int_equal(add(fixture, "a@b", "alice", "", &id), 0);
	issue(fixture, &order, tickets, id);
	order.close = true;
	fixture_run(fixture);
	assert_null(fixture->store);
	assert_int_equal(order.next, TICKETS);
	assert_false(order.wrong);
}

static void on_chain(void *context, int err)
{
	struct order *order = context;
	(void)err;
	order->next++;
	store_close(&order->fixture->store); /* harmless: it is being closed */
	if (order->next < 10)
		store_legacy_name_taken(order->fixture->store, "x", on_chain, order);
}

static void test_calls_while_closing(void **state)
{
	struct fixture *fixture = *state;
	struct order order = {.fixture = fixture};
	store_legacy_name_taken(fixture->store, "x", on_chain, &order);
	store_close(&fixture->store);
	assert_int_equal(order.next, 10);
}

/* What nobody waits for is gathered, and on the disk when the store is closed. */
static void test_contacts_are_gathered(void **state)
{
	struct fixture *fixture = *state;
	int64_t id;
	assert_int_equal(add(fixture, "a@b", "alice", "", &id), 0);
	uint64_t start = clock_ms();
	put(fixture, id, "one", "", "g");
	fixture_run(fixture);
	uint64_t gathered = clock_ms() - start;
	assert_true(gathered >= 90);
	for (int i = 0; i < 2000; i++) {
		char name[16];
		snprintf(name, sizeof(name), "n%d", i);
		put(fixture, id, name, "", "g");
	}
	start = clock_ms();
	fixture_close(fixture);
	assert_int_equal(sql_number(fixture->database, "SELECT count(*) FROM buddies"), 2001);
	/* somebody who waits does not wait for the gathering */
	fixture_open(fixture);
	struct answer answer = {0};
	put(fixture, id, "two", "", "g");
	start = clock_ms();
	assert_int_equal(find(fixture, "a@b", &answer), 0);
	assert_int_equal(count_of(answer.contacts.data, ";"), 2002);
	assert_true(clock_ms() - start < gathered + 5000);
	answer_clear(&answer);
}

/* Pages that were read are kept, until it is said that nobody will need them. */
static void test_memory_is_given_back(void **state)
{
	struct fixture *fixture = *state;
	struct answer answer = {0};
	int64_t id;
	assert_int_equal(add(fixture, "a@b", "alice", "", &id), 0);
	for (int i = 0; i < 3000; i++) {
		char name[16];
		snprintf(name, sizeof(name), "n%d", i);
		put(fixture, id, name, "alias", "g");
	}
	assert_int_equal(find(fixture, "a@b", &answer), 0);
	answer_clear(&answer);
	sqlite3_int64 before = sqlite3_memory_used();
	store_give_memory_back(fixture->store);
	fixture_run(fixture);
	assert_true(sqlite3_memory_used() < before - 100000);
	assert_int_equal(find(fixture, "a@b", &answer), 0);
	assert_int_equal(count_of(answer.contacts.data, ";"), 3000);
	answer_clear(&answer);
}

static void test_cascade(void **state)
{
	struct fixture *fixture = *state;
	int64_t id, next;
	assert_int_equal(add(fixture, "a@b", "alice", "p", &id), 0);
	assert_int_equal(set(fixture, id, "s", "1"), 0);
	put(fixture, id, "c", "", "g");
	assert_int_equal(remove_account(fixture, "a@b"), 0);
	/* a late write for the removed account does not reach the next one */
	put(fixture, id, "late", "", "g");
	assert_int_equal(add(fixture, "a@b", "alice", "p", &next), 0);
	assert_true(next != id);
	put(fixture, id, "late", "", "g");
	fixture_close(fixture);
	assert_int_equal(sql_number(fixture->database, "SELECT count(*) FROM buddies"), 0);
	assert_int_equal(sql_number(fixture->database, "SELECT count(*) FROM users_settings"), 0);
	assert_int_equal(sql_number(fixture->database, "SELECT count(*) FROM identities"), 1);
}

static void on_count(void *context, int err, const struct store_account *account)
{
	*(int *)context += err == 0 && contacts_count(*account->contacts) == 3 ? 1 : 0;
}

static void test_ten_thousand(void **state)
{
	enum { ACCOUNTS = 10000 };
	struct fixture *fixture = *state;
	fixture_close(fixture);
	sql(fixture->database,
	    "BEGIN;"
	    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)"
	    "INSERT INTO users (id, jid, uin, language, created, online) "
	    "SELECT i, 'user' || i || '@example.org', 'u' || i, 'en', 1, 1 FROM n;"
	    "INSERT INTO identities SELECT 'xmpp', jid, id FROM users;"
	    "INSERT INTO buddies SELECT id, 'c' || c.i, '', 'g', 1, 0, '' FROM users, "
	    "(SELECT 1 i UNION SELECT 2 UNION SELECT 3) c;"
	    "COMMIT");
	fixture_open(fixture);
	struct answer answer = {0};
	uint64_t start = clock_ms();
	store_list_identities(fixture->store, false, on_keys, &answer);
	fixture_run(fixture);
	assert_int_equal(answer.id, ACCOUNTS);
	int found = 0;
	for (int i = 1; i <= ACCOUNTS; i++) {
		char address[32];
		snprintf(address, sizeof(address), "user%d@example.org", i);
		store_find_account(fixture->store, "xmpp", address, on_count, &found);
	}
	fixture_run(fixture);
	uint64_t took = clock_ms() - start;
	assert_int_equal(found, ACCOUNTS);
	print_message("# 10000 accounts with 3 contacts: %d ms\n", (int)took);
	assert_true(took < 60000); /* generous: sanitizers and valgrind run this too */
	answer_clear(&answer);
}

struct bans {
	int calls;
	struct buf text;
};

static void on_bans(void *context, int err, const struct store_ban *bans, size_t count)
{
	struct bans *seen = context;
	assert_int_equal(err, 0);
	seen->calls++;
	buf_clear(&seen->text);
	for (size_t i = 0; i < count; i++) {
		assert_true(llabs(bans[i].since_s - clock_wall_ms() / 1000) < 60);
		buf_printf(&seen->text, "%s|%s;", bans[i].key, bans[i].reason);
	}
}

static const char *list_bans(struct fixture *fixture, struct bans *seen)
{
	store_list_bans(fixture->store, on_bans, seen);
	fixture_run(fixture);
	return buf_text(&seen->text);
}

static int change_ban(struct fixture *fixture, const char *key, const char *reason)
{
	struct answer answer = {0};
	if (reason != NULL)
		store_put_ban(fixture->store, key, reason, on_done, &answer);
	else
		store_remove_ban(fixture->store, key, on_done, &answer);
	fixture_run(fixture);
	assert_int_equal(answer.calls, 1);
	return answer.err;
}

static void test_bans(void **state)
{
	struct fixture *fixture = *state;
	struct bans seen = {0};
	assert_string_equal(list_bans(fixture, &seen), "");
	assert_int_equal(change_ban(fixture, "b@x", "spam"), 0);
	assert_int_equal(change_ban(fixture, "a'@x", ""), 0);
	assert_int_equal(change_ban(fixture, "b@x", "more \"spam\""), 0);
	assert_string_equal(list_bans(fixture, &seen), "a'@x|;b@x|more \"spam\";");
	/* whether there is such an account does not matter, and a ban outlives it */
	assert_int_equal(add(fixture, "b@x", "b", "", NULL), 0);
	struct answer answer = {0};
	store_remove_account(fixture->store, "b@x", on_done, &answer);
	fixture_run(fixture);
	assert_int_equal(answer.err, 0);
	assert_int_equal(change_ban(fixture, "a'@x", NULL), 0);
	assert_int_equal(change_ban(fixture, "a'@x", NULL), TP_ERR_NOT_FOUND);
	assert_string_equal(list_bans(fixture, &seen), "b@x|more \"spam\";");
	if (strcmp(fixture->config.type, "none") != 0) {
		fixture_close(fixture);
		fixture_open(fixture);
		assert_string_equal(list_bans(fixture, &seen), "b@x|more \"spam\";");
	}
	buf_finish(&seen.text);
}

static void on_places(void *context, int err, const struct store_place *places, size_t count)
{
	struct bans *seen = context;
	assert_int_equal(err, 0);
	seen->calls++;
	buf_clear(&seen->text);
	for (size_t i = 0; i < count; i++)
		buf_printf(&seen->text, "%s|%s|%s|%s|%s;", places[i].place, places[i].kind, places[i].owner,
		           places[i].name, places[i].value);
}

static const char *list_places(struct fixture *fixture, const char *frontend, struct bans *seen)
{
	store_list_places(fixture->store, frontend, on_places, seen);
	fixture_run(fixture);
	return buf_text(&seen->text);
}

static int put_place(struct fixture *fixture, const char *place, const char *name, const char *value)
{
	struct answer answer = {0};
	store_put_place(fixture->store, "matrix",
	                &(struct store_place){.place = place, .kind = "portal", .name = name, .value = value}, on_done,
	                &answer);
	fixture_run(fixture);
	assert_int_equal(answer.calls, 1);
	return answer.err;
}

static int remove_place(struct fixture *fixture, const char *frontend, const char *place)
{
	struct answer answer = {0};
	store_remove_place(fixture->store, frontend, place, on_done, &answer);
	fixture_run(fixture);
	assert_int_equal(answer.calls, 1);
	return answer.err;
}

static void test_places(void **state)
{
	struct fixture *fixture = *state;
	struct bans seen = {0};
	assert_string_equal(list_places(fixture, "matrix", &seen), "");
	assert_int_equal(put_place(fixture, "!b:x", "#b", "ours"), 0);
	assert_int_equal(put_place(fixture, "!a'\":x", "#a", NULL), 0);
	assert_int_equal(put_place(fixture, "!b:x", "#c", "relay=@r:x"), 0);
	assert_string_equal(list_places(fixture, "matrix", &seen),
	                    "!a'\":x|portal||#a|;!b:x|portal||#c|relay=@r:x;");
	assert_string_equal(list_places(fixture, "slack", &seen), "");
	assert_int_equal(remove_place(fixture, "slack", "!b:x"), TP_ERR_NOT_FOUND);
	assert_int_equal(remove_place(fixture, "matrix", "!a'\":x"), 0);
	if (strcmp(fixture->config.type, "none") != 0) {
		fixture_close(fixture);
		fixture_open(fixture);
		assert_string_equal(list_places(fixture, "matrix", &seen), "!b:x|portal||#c|relay=@r:x;");
	}
	buf_finish(&seen.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        BOTH(test_accounts),
	        BOTH(test_identities),
	        BOTH(test_settings),
	        BOTH(test_contacts),
	        BOTH(test_contact_in_two_cases),
	        BOTH(test_groups_in_a_row),
	        BOTH(test_strange_text),
	        BOTH(test_long_text),
	        BOTH(test_list),
	        BOTH(test_bans),
	        BOTH(test_places),
	        BOTH(test_order),
	        BOTH(test_answers_leave_turns),
	        BOTH(test_close_answers_all),
	        BOTH(test_close_in_callback),
	        BOTH(test_calls_while_closing),
	        cmocka_unit_test_setup_teardown(test_contacts_are_gathered, open_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(test_memory_is_given_back, open_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(test_cascade, open_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(test_ten_thousand, open_setup, fixture_teardown),
	};
	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
