/* SPDX-License-Identifier: MIT */
/* What refers to a message whose name is not known yet. */
#include "tests/unit/transport/fixture.h"

#include "transport/routing/delivery.h"
#include "transport/routing/in_flight.h"

static void note_landed(struct frontend *frontend, const char *address)
{
	assert_ptr_equal(frontend, fx->frontend);
	buf_printf(&fx->log, "landed %s\n", address);
}

static void test_references(void **state)
{
	struct map *messages = NULL;
	struct buf people = {0}, place = {0};

	(void)state;
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "pw");
	log_in("alice@x", "phone");
	const struct identity *alice = find("alice@x", "phone")->identity;
	const struct event_message referring[] = {
		{.name = "bob", .replaces = "m1"},  {.name = "bob", .retracts = "m1"}, {.name = "bob", .reply_to = "m1"},
		{.name = "bob", .reacts_to = "m1"}, {.name = "bob", .thread = "m1"},
	};

	forget();
	delivery_places(alice, "bob", false, &people, &place);
	for (size_t i = 0; i < ARRAY_SIZE(referring); i++) {
		struct event event = {.type = EVENT_MESSAGE, .handover = 7, .message = referring[i]};

		assert_false(in_flight_waits(messages, alice, &event));
		/* Shown by two calls. */
		in_flight_begin(&messages, buf_text(&place), "m1");
		in_flight_begin(&messages, buf_text(&place), "m1");
		assert_true(in_flight_waits(messages, alice, &event));
		assert_true(in_flight_waits(messages, alice, &event));
		in_flight_end(messages, buf_text(&place), "m1", note_landed, fx->frontend);
		expect("");
		in_flight_end(messages, buf_text(&place), "m1", note_landed, fx->frontend);
		expect("landed alice@x\n");
		assert_false(in_flight_waits(messages, alice, &event));
	}
	in_flight_free(&messages);
	buf_finish(&people);
	buf_finish(&place);
}

static void test_others(void **state)
{
	struct map *messages = NULL;
	struct buf people = {0}, place = {0};

	(void)state;
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "pw");
	log_in("alice@x", "phone");
	const struct identity *alice = find("alice@x", "phone")->identity;
	struct event event = {.type = EVENT_MESSAGE, .message = {.name = "bob", .reply_to = "m1"}};

	forget();
	delivery_places(alice, "bob", false, &people, &place);
	in_flight_begin(&messages, buf_text(&place), "m1");
	/* It is no record, of somebody else, or refers to nothing that is under way. */
	assert_false(in_flight_waits(messages, alice, &event));
	event.handover = 7;
	event.message.name = "eve";
	assert_false(in_flight_waits(messages, alice, &event));
	event.message = (struct event_message){.name = "bob", .reply_to = "m2"};
	assert_false(in_flight_waits(messages, alice, &event));
	event.message.reply_to = NULL;
	assert_false(in_flight_waits(messages, alice, &event));
	in_flight_end(messages, buf_text(&place), "m1", note_landed, fx->frontend);
	in_flight_end(messages, buf_text(&place), "m1", note_landed, fx->frontend);
	expect("");
	in_flight_begin(&messages, buf_text(&place), "m1");
	assert_false(in_flight_waits_for(messages, buf_text(&place), "m2", "bob@x"));
	assert_true(in_flight_waits_for(messages, buf_text(&place), "m1", "bob@x"));
	in_flight_end(messages, buf_text(&place), "m1", note_landed, fx->frontend);
	expect("landed bob@x\n");
	in_flight_begin(&messages, buf_text(&place), "m1");
	in_flight_free(&messages);
	buf_finish(&people);
	buf_finish(&place);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_references), TEST(test_others)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
