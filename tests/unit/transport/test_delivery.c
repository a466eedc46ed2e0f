/* SPDX-License-Identifier: MIT */
/* Messages that wait: for a session, a room, a frontend; and where they end. */
#include "tests/unit/transport/fixture.h"
#include "transport/routing/delivery.h"
#include "transport/spool/spool.h"

static struct spool_statistics spool(void)
{
	struct spool_statistics statistics;

	spool_statistics(fx->transport->spool, &statistics);
	return statistics;
}

static int write_chat(const char *text)
{
	return from_person("alice@x", "phone",
			   (struct event){.type = EVENT_MESSAGE, .message = {.name = "bob", .text = text, .id = "i1"}});
}

static int write_room(const char *text)
{
	return from_person("alice@x", "phone",
			   (struct event){.type = EVENT_MESSAGE,
					  .message = {.kind = MESSAGE_ROOM, .name = "#a", .text = text, .id = "i2"}});
}

static void network(struct event_message message)
{
	from_backend(fx->gives, (struct event){.type = EVENT_MESSAGE, .user = "alice@x", .message = message});
}

static void answer(struct event_handover_result result)
{
	result.number = fx->number;
	delivery_answered(fx->gives, &(struct event_handover){.results = &result, .results_count = 1});
}

static void connecting(void)
{
	store_account("alice@x", "al", "pw");
	session_presence(attach("alice@x", "phone"), STATUS_ONLINE, NULL, 0);
	store_pump();
	forget();
}

static void connected(void)
{
	from_backend(fx->gives, (struct event){.type = EVENT_CONNECTED, .user = "alice@x"});
	store_pump();
}

static struct user *logged_in(void)
{
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "pw");
	return log_in("alice@x", "phone");
}

static void enter_room(void)
{
	join("alice@x", "phone", "#a", "al");
	participant("alice@x", "#a", "bob", 0, STATUS_ONLINE);
	participant("alice@x", "#a", "al", 0, STATUS_ONLINE);
	forget();
}

static void test_waits_for_the_session(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	connecting();
	assert_int_equal(write_chat("one"), 0);
	assert_int_equal(write_chat("two"), 0);
	expect("");
	assert_int_equal(spool().waiting, 2);
	connected();
	assert_true(was_told("b1 message bob: one id=i1\nb1 message bob: two id=i1\n"));
	assert_int_equal(spool().records, 0);
}

static void test_waits_for_the_room(void **state)
{
	(void)state;
	logged_in();
	join("alice@x", "phone", "#a", "al");
	forget();
	assert_int_equal(write_room("one"), 0);
	/* Another conversation does not wait for it. */
	assert_int_equal(write_chat("aside"), 0);
	expect("b1 message bob: aside id=i1\n");
	participant("alice@x", "#a", "al", 0, STATUS_ONLINE);
	expect("alice@x/phone participant #a al online self\nb1 message (room) #a: one id=i2\n");
}

/* Who is there is not known before. */
static void test_waits_for_who_is_in_the_room(void **state)
{
	struct event event = {
		.type = EVENT_MESSAGE,
		.message = {.kind = MESSAGE_ROOM_PRIVATE, .name = "#a", .nickname = "bob", .text = "psst"}};

	(void)state;
	struct user *user = logged_in();

	join("alice@x", "phone", "#a", "al");
	forget();
	assert_int_equal(from_person("alice@x", "phone", event), 0);
	expect("");
	participant("alice@x", "#a", "bob", 0, STATUS_ONLINE);
	participant("alice@x", "#a", "al", 0, STATUS_ONLINE);
	assert_true(was_told("b1 message (private) #a/bob: psst\n"));
	event.message.nickname = "nobody";
	assert_int_equal(from_person("alice@x", "phone", event), TP_ERR_NOT_FOUND);
	/* A backend that was there before us has not told yet who is there. */
	event.message.nickname = "carol";
	user->resuming = true;
	forget();
	assert_int_equal(from_person("alice@x", "phone", event), 0);
	expect("");
	user->resuming = false;
	delivery_user_ready(user);
	expect("b1 message (private) #a/carol: psst\n");
}

static void test_is_sent_again_until_answered(void **state)
{
	(void)state;
	struct user *user = logged_in();

	fx->unanswered = true;
	assert_int_equal(write_chat("hi"), 0);
	uint64_t number = fx->number;

	assert_int_equal(spool().handed, 1);
	from_backend(fx->gives, (struct event){.type = EVENT_DISCONNECTED, .user = "alice@x", .disconnected = {0, "x"}});
	assert_int_equal(spool().waiting, 1);
	fx->gives = &fx->backends[1];
	wait_for("b2 login");
	forget();
	fx->number = 0;
	connected();
	assert_true(was_told("b2 message bob: hi id=i1\n"));
	assert_int_equal(fx->number, number);
	/* An answer of somebody else's backend means nothing. */
	delivery_answered(&fx->backends[0], &(struct event_handover){.taken = &number, .taken_count = 1});
	assert_int_equal(spool().records, 1);
	delivery_answered(user->backend, &(struct event_handover){.taken = &number, .taken_count = 1});
	assert_int_equal(spool().records, 0);
	delivery_answered(user->backend, &(struct event_handover){.taken = &number, .taken_count = 1});
}

static void test_refused(void **state)
{
	(void)state;
	logged_in();
	fx->unanswered = true;
	assert_int_equal(write_chat("hi"), 0);
	forget();
	answer((struct event_handover_result){.error = HANDOVER_FORBIDDEN, .reason = "No."});
	expect("alice@x/phone undelivered 2 'No.' bob: hi id=i1\n");
	enter_room();
	assert_int_equal(write_room("hi"), 0);
	forget();
	answer((struct event_handover_result){.error = HANDOVER_TOO_LONG});
	expect("alice@x/phone undelivered 4 (room) #a: hi id=i2\n");
	assert_int_equal(from_person("alice@x", "phone",
				     (struct event){.type = EVENT_MESSAGE,
						    .message = {.kind = MESSAGE_ROOM_PRIVATE,
								.name = "#a",
								.nickname = "bob",
								.text = "psst"}}),
			 0);
	forget();
	answer((struct event_handover_result){.error = HANDOVER_NOT_FOUND});
	expect("alice@x/phone undelivered 2 (private) #a/bob: psst\n");
	assert_int_equal(spool().records, 0);
}

/* The network's id for a person's message leads back to the person's own, and the other way. */
static void test_what_the_network_calls_it(void **state)
{
	(void)state;
	logged_in();
	fx->backends[0].extended = true;
	fx->unanswered = true;
	assert_int_equal(write_chat("hi"), 0);
	answer((struct event_handover_result){.message_id = "n1"});
	assert_int_equal(spool().records, 0);
	forget();
	network((struct event_message){.name = "bob", .text = "what?", .id = "n2", .reply_to = "n1"});
	assert_true(was_told("reply-to=i1 "));
	forget();
	assert_int_equal(from_person("alice@x", "phone",
				     (struct event){.type = EVENT_MESSAGE,
						    .message = {.name = "bob", .text = "ho", .id = "i3", .replaces = "i1"}}),
			 0);
	assert_true(was_told("replaces=n1"));
	/* Of another conversation nothing is known. */
	forget();
	network((struct event_message){.name = "carol", .text = "what?", .id = "n3", .reply_to = "n1"});
	assert_true(was_told("reply-to=n1 "));
}

static void test_the_bounce_is_confirmed_too(void **state)
{
	(void)state;
	logged_in();
	fx->unanswered = true;
	assert_int_equal(write_chat("hi"), 0);
	fx->promise = TP_ERR_NOT_CONNECTED;
	answer((struct event_handover_result){.error = HANDOVER_FAILED});
	assert_int_equal(spool().dead, 1);
	forget();
	fx->promise = 1;
	delivery_frontend_ready(fx->frontend);
	expect("alice@x/phone undelivered 2 bob: hi id=i1\n");
	/* Not told after all: once more. */
	delivery_not_shown(fx->transport, fx->number);
	assert_int_equal(spool().dead, 1);
	forget();
	delivery_frontend_ready(fx->frontend);
	expect("alice@x/phone undelivered 2 bob: hi id=i1\n");
	delivery_frontend_ready(fx->frontend);
	expect("");
	delivery_shown(fx->transport, fx->number);
	assert_int_equal(spool().records, 0);
}

static void test_the_end_of_the_session_bounces(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	connecting();
	assert_int_equal(write_chat("hi"), 0);
	from_backend(fx->gives, (struct event){.type = EVENT_DISCONNECTED,
					       .user = "alice@x",
					       .disconnected = {CONNECTION_ERROR_AUTHENTICATION_FAILED, "Wrong."}});
	assert_true(was_told("alice@x/phone undelivered 0 'Wrong.' bob: hi id=i1\n"));
	assert_int_equal(spool().records, 0);
	assert_int_equal(write_chat("hi"), TP_ERR_NOT_CONNECTED);
}

static void test_waits_for_the_frontend(void **state)
{
	(void)state;
	logged_in();
	fx->promise = TP_ERR_NOT_CONNECTED;
	network((struct event_message){.name = "bob", .text = "one"});
	network((struct event_message){.name = "bob", .text = "two"});
	expect("alice@x message bob: one\n"); /* it was tried; the second one waits behind it */
	assert_int_equal(spool().waiting, 2);
	fx->promise = 1;
	delivery_frontend_ready(fx->frontend);
	expect("alice@x message bob: one\nalice@x message bob: two\n");
	assert_int_equal(spool().handed, 2);
}

/* What cannot be shown yet holds up its own conversation, and no other. */
static void test_waits_in_its_conversation(void **state)
{
	(void)state;
	logged_in();
	enter_room();
	fx->promise = TP_ERR_NOT_CONNECTED;
	network((struct event_message){.name = "bob", .text = "one"});
	network((struct event_message){.kind = MESSAGE_ROOM, .name = "#a", .nickname = "bob", .text = "first"});
	forget();
	fx->promise = 1;
	network((struct event_message){.name = "bob", .text = "two"});
	network((struct event_message){.kind = MESSAGE_ROOM, .name = "#a", .nickname = "bob", .text = "second"});
	network((struct event_message){.name = "carol", .text = "hi"});
	expect("alice@x message carol: hi\n");
	assert_int_equal(spool().waiting, 4);
	delivery_frontend_ready(fx->frontend);
	expect("alice@x message bob: one\n"
	       "alice@x/phone message (room) #a/bob: first\n"
	       "alice@x message bob: two\n"
	       "alice@x/phone message (room) #a/bob: second\n");
	assert_int_equal(spool().handed, 5);
}

static struct spool_record *only_record(enum spool_direction direction)
{
	struct spool_queue *queue = spool_queue_first(fx->transport->spool);

	while (queue && (queue->direction != direction || list_empty(&queue->records)))
		queue = spool_queue_next(fx->transport->spool, queue);
	assert_non_null(queue);
	return CONTAINER_OF(queue->records.next, struct spool_record, link);
}

/* From its coming to its end a message has one number in the log. */
static void test_one_trace_to_the_network(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	connecting();
	fx->unanswered = true;
	assert_int_equal(write_chat("hi"), 0);
	const uint64_t trace = only_record(SPOOL_TO_NETWORK)->trace;

	assert_int_not_equal(trace, 0);
	connected();
	assert_int_equal(fx->trace, trace);
	fx->trace = 0;
	from_backend(fx->gives, (struct event){.type = EVENT_DISCONNECTED, .user = "alice@x", .disconnected = {0, "x"}});
	wait_for("login");
	connected();
	assert_int_equal(fx->trace, trace);
	assert_true(was_told("b1 message bob: hi id=i1\n"));
	answer((struct event_handover_result){.error = HANDOVER_FORBIDDEN, .reason = "No."});
	assert_true(was_told("alice@x/phone undelivered"));
	assert_int_equal(fx->trace, trace);
}

static void test_one_trace_to_people(void **state)
{
	(void)state;
	logged_in();
	fx->promise = TP_ERR_NOT_CONNECTED;
	network((struct event_message){.name = "bob", .text = "one"});
	const uint64_t trace = fx->trace;

	assert_int_not_equal(trace, 0);
	assert_int_equal(only_record(SPOOL_TO_PEOPLE)->trace, trace);
	fx->promise = 1;
	fx->trace = 0;
	delivery_frontend_ready(fx->frontend);
	assert_int_equal(fx->trace, trace);
	fx->trace = 0;
	delivery_not_shown(fx->transport, only_record(SPOOL_TO_PEOPLE)->id);
	delivery_frontend_ready(fx->frontend);
	assert_int_equal(fx->trace, trace);
}

/* What an earlier process has accepted gets a number when it is handed on, and keeps that. */
static void test_a_trace_after_a_restart(void **state)
{
	(void)state;
	logged_in();
	fx->promise = TP_ERR_NOT_CONNECTED;
	network((struct event_message){.name = "bob", .text = "one"});
	const uint64_t before = only_record(SPOOL_TO_PEOPLE)->trace;

	only_record(SPOOL_TO_PEOPLE)->trace = 0;
	delivery_frontend_ready(fx->frontend);
	assert_true(before > 0);
	assert_int_equal(fx->trace, before);
	fx->promise = 1;
	fx->trace = 0;
	delivery_frontend_ready(fx->frontend);
	assert_int_equal(fx->trace, before);
}

/* The next process begins where this one cannot have come to. */
static void test_no_trace_comes_twice(void **state)
{
	(void)state;
	logged_in();
	const uint64_t before = delivery_next_trace(fx->transport);

	fx->transport->next_trace = fx->transport->traces_noted = 0;
	const uint64_t after = delivery_next_trace(fx->transport);

	assert_true(after > before);
	fx->transport->next_trace = fx->transport->traces_noted;
	const uint64_t last = delivery_next_trace(fx->transport);

	fx->transport->next_trace = fx->transport->traces_noted = 0;
	assert_true(delivery_next_trace(fx->transport) > last);
}

static void test_confirmations(void **state)
{
	(void)state;
	struct user *user = logged_in();

	fx->promise = 2;
	network((struct event_message){.name = "bob", .text = "one"});
	struct identity *identity = CONTAINER_OF(user->identities.next, struct identity, link);
	uint64_t number = CONTAINER_OF(identity->inbox->records.next, struct spool_record, link)->id;

	delivery_shown(fx->transport, number);
	assert_int_equal(spool().records, 1);
	delivery_not_shown(fx->transport, number);
	assert_int_equal(spool().waiting, 1);
	forget();
	delivery_identity_ready(identity);
	expect("alice@x message bob: one\n");
	delivery_shown(fx->transport, number);
	delivery_shown(fx->transport, number);
	assert_int_equal(spool().records, 0);
	delivery_shown(fx->transport, number);
}

static void test_comes_once(void **state)
{
	(void)state;
	logged_in();
	/* The ids of Spectrum 2's backends say nothing. */
	network((struct event_message){.name = "bob", .text = "one", .id = "n1"});
	network((struct event_message){.name = "bob", .text = "one", .id = "n1"});
	expect("alice@x message bob: one id=n1\nalice@x message bob: one id=n1\n");
	fx->gives->extended = true;
	network((struct event_message){.name = "bob", .text = "two", .id = "n2"});
	network((struct event_message){.name = "bob", .text = "two", .id = "n2"});
	network((struct event_message){.name = "carol", .text = "two", .id = "n2"});
	expect("alice@x message bob: two id=n2\nalice@x message carol: two id=n2\n");
}

static void test_rooms_that_nobody_is_in(void **state)
{
	const char *const overrides[] = {"settings.stay_connected=1", "spool.room_backlog=2"};

	(void)state;
	fixture_start(overrides, 2);
	store_account("alice@x", "al", "pw");
	log_in("alice@x", "phone");
	enter_room();
	session_detach(find("alice@x", "phone"));
	forget();
	network((struct event_message){.kind = MESSAGE_ROOM, .name = "#a", .nickname = "bob", .text = "one"});
	network((struct event_message){.kind = MESSAGE_ROOM, .name = "#a", .nickname = "bob", .text = "two"});
	network((struct event_message){.kind = MESSAGE_ROOM, .name = "#a", .nickname = "bob", .text = "three"});
	expect("");
	assert_int_equal(spool().waiting, 2);
	session_presence(attach("alice@x", "desk"), STATUS_ONLINE, NULL, 0);
	store_pump();
	forget();
	join("alice@x", "desk", "#a", "al");
	expect("alice@x/desk participant #a bob online\n"
	       "alice@x/desk participant #a al online self\n"
	       "alice@x/desk message (room) #a/bob: two\n"
	       "alice@x/desk message (room) #a/bob: three\n");
	assert_int_equal(spool().records, 0);
}

static void test_leaves_for_now(void **state)
{
	const struct event_message said = {.kind = MESSAGE_ROOM, .name = "#a", .nickname = "bob", .text = "kept"};

	(void)state;
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "pw");
	log_in("alice@x", "phone");
	enter_room();
	fx->promise = TP_ERR_NOT_CONNECTED;
	network(said);
	forget();
	session_detach_for_now(fx->frontend, "alice@x");
	assert_null(user_find(fx->transport, "alice@x"));
	assert_int_equal(spool().waiting, 1);
	fx->promise = 0;
	log_in("alice@x", "phone");
	join("alice@x", "phone", "#a", "al");
	participant("alice@x", "#a", "al", 0, STATUS_ONLINE);
	assert_int_equal(spool().waiting, 0);
	/* Who leaves as people do wants nothing of it. */
	fx->promise = TP_ERR_NOT_CONNECTED;
	network(said);
	assert_int_equal(spool().waiting, 1);
	session_detach_all(fx->frontend, "alice@x");
	assert_int_equal(spool().waiting, 0);
}

static void test_expires(void **state)
{
	const char *const overrides[] = {"spool.network_wait=1", "spool.people_wait=1"};

	(void)state;
	fixture_start(overrides, 2);
	connecting();
	assert_int_equal(write_chat("hi"), 0);
	delivery_expire(fx->transport);
	expect("");
	int64_t end_ms = clock_wall_ms() + 1100;

	while (clock_wall_ms() < end_ms)
		uv_run(fx->loop, UV_RUN_NOWAIT);
	delivery_expire(fx->transport);
	expect("alice@x/phone undelivered 0 'The network could not be reached in time.' bob: hi id=i1\n");
	assert_int_equal(spool().records, 0);
}

static void test_a_full_spool_takes_nothing_from_backends(void **state)
{
	const char *const overrides[] = {"spool.max_size=1", "spool.max_user_size=64"};
	char *text = mem_alloc(60001);
	int err = 0;

	(void)state;
	memset(text, 'x', 60000);
	fixture_start(overrides, 2);
	connecting();
	while (!err)
		err = write_chat(text);
	assert_int_equal(err, TP_ERR_LIMIT);
	forget();
	network((struct event_message){.name = "bob", .text = text});
	expect("");
	assert_true(fx->gives->not_taken);
	fx->gives->not_taken = false;
	/* There is room again. */
	connected();
	forget();
	network((struct event_message){.name = "bob", .text = "small"});
	assert_false(fx->gives->not_taken);
	assert_true(was_told("message bob: small"));
	mem_free(text);
}

static void test_administrators(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	connecting();
	assert_int_equal(write_chat("hi"), 0);
	assert_int_equal(write_chat("ho"), 0);
	struct spool_queue *queue = spool_queue_find(fx->transport->spool, SPOOL_TO_NETWORK, "alice@x");
	uint64_t first = CONTAINER_OF(queue->records.next, struct spool_record, link)->id;
	uint64_t last = CONTAINER_OF(queue->records.prev, struct spool_record, link)->id;

	assert_int_equal(delivery_bounce(fx->transport, first), 0);
	assert_true(was_told("undelivered 5"));
	assert_int_equal(delivery_bounce(fx->transport, first), TP_ERR_NOT_FOUND);
	assert_int_equal(delivery_drop(fx->transport, last), 0);
	assert_int_equal(delivery_drop(fx->transport, last), TP_ERR_NOT_FOUND);
	assert_int_equal(delivery_retry(fx->transport, last), TP_ERR_NOT_FOUND);
	assert_int_equal(spool().records, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
		TEST(test_waits_for_the_session),
		TEST(test_waits_for_the_room),
		TEST(test_waits_for_who_is_in_the_room),
		TEST(test_is_sent_again_until_answered),
		TEST(test_refused),
		TEST(test_what_the_network_calls_it),
		TEST(test_the_bounce_is_confirmed_too),
		TEST(test_the_end_of_the_session_bounces),
		TEST(test_waits_for_the_frontend),
		TEST(test_waits_in_its_conversation),
		TEST(test_one_trace_to_the_network),
		TEST(test_one_trace_to_people),
		TEST(test_a_trace_after_a_restart),
		TEST(test_no_trace_comes_twice),
		TEST(test_confirmations),
		TEST(test_comes_once),
		TEST(test_rooms_that_nobody_is_in),
		TEST(test_leaves_for_now),
		TEST(test_expires),
		TEST(test_a_full_spool_takes_nothing_from_backends),
		TEST(test_administrators),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
