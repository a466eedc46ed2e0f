/* SPDX-License-Identifier: MIT */
/* Who is banned from a room: asked when somebody wants to know, answered once, whatever a backend does. */
#include <stdio.h>

#include "config/limits.h"
#include "tests/unit/transport/fixture.h"
#include "transport/rooms/room_bans.h"

#define B1 (&fx->backends[0])

static void in_room(bool extended)
{
	fixture_start(NULL, 0);
	B1->extended = extended;
	store_account("alice@x", "al", "pw");
	log_in("alice@x", "phone");
	join("alice@x", "phone", "#a", "al");
	participant("alice@x", "#a", "al", 0, STATUS_ONLINE);
	forget();
}

static void bans(const struct event_ban *all, size_t count, bool more)
{
	from_backend(B1, (struct event){.type = EVENT_BANS, .user = "alice@x", .bans = {"#A", all, count, more}});
}

static void test_list(void **state)
{
	static const struct event_ban first[] = {{"*!*@h", "eve", "bob", 1764288000}, {.mask = "$a:eve", .at = INT64_MAX}},
	                              second[] = {{.mask = "x\\y!*@*"}};

	(void)state;
	in_room(true);
	chat("alice@x", "room-bans #b");
	expect("answer -2 'You are not in #b.'\n");
	/* Two who ask are one question. */
	chat("alice@x", "room-bans #a");
	chat("alice@x", "room-bans #A");
	expect("b1 bans #a\n");
	bans(first, 2, true);
	expect("");
	bans(second, 1, false);
	assert_true(was_told("answer 0"));
	assert_string_equal(buf_text(&fx->answer), "Banned from #A:\n*!*@h (eve), by bob, 2025-11-28\n$a:eve\nx\\y!*@*");
	forget();
	/* It was the answer: another one is for nobody. */
	bans(first, 2, false);
	expect("");
	chat("alice@x", "room-bans #a");
	bans(NULL, 0, false);
	expect("b1 bans #a\nanswer 0 'Nobody is banned from #a.'\n");
}

static void test_no_list(void **state)
{
	(void)state;
	in_room(true);
	chat("alice@x", "room-bans #a");
	from_backend(B1, (struct event){.type = EVENT_BANS, .user = "alice@x",
	                                .bans = {.room = "#a", .error = HANDOVER_FORBIDDEN, .reason = "Not for you."}});
	expect("b1 bans #a\nanswer -4 '#a: Not for you.'\n");
	chat("alice@x", "room-bans #a");
	from_backend(B1, (struct event){.type = EVENT_BANS, .user = "alice@x", .bans = {.room = "#a", .error = 99}});
	expect("b1 bans #a\nanswer -11 '#a: the network refuses it.'\n");
	/* No answer comes; the room, the session, the connection goes. */
	chat("alice@x", "room-bans #a");
	room_bans_expire(fx->transport, clock_ms());
	expect("b1 bans #a\n");
	room_bans_expire(fx->transport, clock_ms() + LIMIT_BANS_SECONDS * 1000);
	expect("answer -10 '#a: the network does not answer.'\n");
	chat("alice@x", "room-bans #a");
	participant("alice@x", "#a", "al", PARTICIPANT_KICKED, STATUS_OFFLINE);
	assert_true(was_told("answer -6 '#a: there is no connection to it now.'"));
	join("alice@x", "phone", "#a", "al");
	forget();
	chat("alice@x", "room-bans #a");
	expect("answer -6 '#a: there is no connection to it now.'\n");
	participant("alice@x", "#a", "al", 0, STATUS_ONLINE);
	chat("alice@x", "room-bans #a");
	from_backend(B1, (struct event){.type = EVENT_DISCONNECTED, .user = "alice@x", .disconnected = {0, "lost"}});
	assert_true(was_told("answer -6"));
	assert_true(list_empty(&fx->transport->bans_questions));
}

static void test_without_extension(void **state)
{
	(void)state;
	in_room(false);
	chat("alice@x", "room-bans #a");
	expect("answer -9 '#a: that network cannot do this from here.'\n");
	chat("alice@x", "room-unban #a *!*@h");
	expect("answer -9 '#a: that network cannot do this from here.'\n");
}

static void count(void *context, int err, const char *reason, const struct room_bans *list)
{
	size_t *counts = context;

	assert_int_equal(err, 0);
	assert_null(reason);
	counts[0]++;
	counts[1] = list->count;
	counts[2] = list->left_out;
}

static void test_limits(void **state)
{
	struct event_ban some[LIMIT_BANS_PER_FRAME];
	size_t counts[3] = {0};
	struct room *room;

	(void)state;
	in_room(true);
	room = room_find(user_find(fx->transport, "alice@x"), "#a");
	for (size_t i = 0; i < LIMIT_BANS_ASKING; i++)
		assert_int_equal(room_bans_ask(room, count, counts), 0);
	assert_int_equal(room_bans_ask(room, count, counts), TP_ERR_LIMIT);
	for (size_t i = 0; i < LIMIT_BANS_PER_FRAME; i++)
		some[i] = (struct event_ban){.mask = "*!*@h"};
	for (size_t i = 0; i <= LIMIT_BANS_PER_ROOM / LIMIT_BANS_PER_FRAME; i++)
		bans(some, LIMIT_BANS_PER_FRAME, true);
	assert_int_equal(counts[0], 0);
	bans(some, 1, false);
	assert_int_equal(counts[0], LIMIT_BANS_ASKING);
	assert_int_equal(counts[1], LIMIT_BANS_PER_ROOM);
	assert_int_equal(counts[2], LIMIT_BANS_PER_FRAME + 1);
	/* A backend that is behind is not asked. */
	fx->queued = LIMIT_BACKEND_OUT_HIGH + 1;
	assert_int_equal(room_bans_ask(room, count, counts), TP_ERR_LIMIT);
	fx->queued = 0;
	forget();
	/* Somebody else's room is nothing to it. */
	from_backend(B1, (struct event){.type = EVENT_BANS, .user = "bob@x", .bans = {.room = "#a"}});
	from_backend(B1, (struct event){.type = EVENT_BANS, .user = "alice@x", .bans = {.room = ""}});
	expect("");
}

static void test_unban(void **state)
{
	(void)state;
	in_room(true);
	chat("alice@x", "room-unban #A *!*@h");
	assert_true(was_told("b1 moderation #a *!*@h unban ''"));
	assert_true(was_told("answer 0"));
	assert_string_equal(buf_text(&fx->answer),
	                    "#A is to take the ban of *!*@h back. If the network refuses it, you are told.");
	forget();
	chat("alice@x", "room-unban #b *!*@h");
	expect("answer -2 'You are not in #b.'\n");
	chat("alice@x", "room-unban #a");
	assert_true(was_told("answer"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_list), TEST(test_no_list), TEST(test_without_extension), TEST(test_limits), TEST(test_unban),
	};

	return cmocka_run_group_tests_name("room bans", tests, NULL, NULL);
}
