/* SPDX-License-Identifier: MIT */
/* What becomes of a record that goes to several channels: told once, when all have answered. */
#include "tests/unit/slack/known_fixture.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/error.h"
#include "frontends/slack/messages/show_outcome.h"
#include "transport/routing/delivery.h"
#include "transport/spool/spool.h"

#define SECOND TEAM "/C0SECOND"

static struct known_fixture *now; /* to whom the fakes below tell */

/* ---- in the place of the core, and of the rest of the frontend ---- */

void delivery_shown(struct transport *transport, uint64_t number)
{
	(void)transport;
	buf_printf(&now->told, "shown %" PRIu64 "\n", number);
}

void delivery_not_shown(struct transport *transport, uint64_t number)
{
	(void)transport;
	buf_printf(&now->told, "waits %" PRIu64 "\n", number);
}

void delivery_refused(struct transport *transport, uint64_t number, const char *reason)
{
	(void)transport;
	buf_printf(&now->told, "dead %" PRIu64 " %s\n", number, reason);
}

struct channel *channel_at(const struct slack_frontend *frontend, const char *place)
{
	return map_get(frontend->channels, place);
}

struct workspace *workspace_find(const struct slack_frontend *frontend, const char *team)
{
	(void)frontend;
	(void)team;
	return &now->workspace;
}

void workspace_tell_admins(struct slack_frontend *frontend, const struct workspace *workspace, enum log_level level,
			   const char *text)
{
	(void)frontend;
	(void)workspace;
	(void)level;
	(void)text;
	buf_puts(&now->told, "administrators\n");
}

/* ---- two channels of #lobby ---- */

static struct channel second;

static int setup(void **state)
{
	int err = known_fixture_setup(state);

	now = *state;
	now->channel.name = "#lobby";
	second = (struct channel){.kind = CHANNEL_PORTAL, .place = SECOND, .name = "#lobby"};
	map_put(now->frontend.channels, second.place, &second);
	return err;
}

/* In the spool: its number. */
static uint64_t put_record(void)
{
	struct spool_queue *queue = spool_queue_open(now->transport.spool, SPOOL_TO_PEOPLE, "slack\n" TEAM "/U1");
	const struct event event = {.type = EVENT_MESSAGE,
				    .user = "user",
				    .message = {.kind = MESSAGE_ROOM, .name = "#lobby", .nickname = "carol", .text = "hi"}};
	struct spool_record *record;

	assert_int_equal(spool_put(now->transport.spool, queue,
				   &(struct spool_message){.conversation = "#lobby", .event = &event}, &record),
			 0);
	spool_queue_release(now->transport.spool, &queue);
	return record->id;
}

static void drop(uint64_t number)
{
	struct spool_record *record = spool_find(now->transport.spool, number);

	spool_done(now->transport.spool, &record);
}

static void end(struct landing *landing, enum landing_end how)
{
	landing_end(landing, how, how == LANDING_REFUSED ? "is_archived" : "", how == LANDING_REFUSED);
}

/* The record's message is one call in each channel that has it not yet. */
static void go(uint64_t number, enum landing_end first_end, enum landing_end second_end)
{
	struct outcome *outcome = outcome_begin(&now->frontend, number);
	struct landing *in[2] = {NULL, NULL};

	if (!outcome_has(outcome, &now->channel))
		in[0] = outcome_land_in(outcome, &now->channel);
	if (!outcome_has(outcome, &second))
		in[1] = outcome_land_in(outcome, &second);
	for (int i = 0; i < 2; i++)
		if (in[i])
			landing_expect(in[i]);
	assert_int_equal(outcome_settle(outcome, true), in[0] || in[1]);
	if (in[0])
		end(in[0], first_end);
	if (in[1])
		end(in[1], second_end);
}

/* As it is asked while nothing can be shown: which changes nothing. */
static bool has(uint64_t number, const struct channel *channel)
{
	struct outcome *outcome = outcome_begin(&now->frontend, number);
	bool has_it = outcome_has(outcome, channel);

	assert_int_equal(outcome_settle(outcome, false), TP_ERR_NOT_CONNECTED);
	return has_it;
}

/* ------------------------------------------------------------------------------------------------- tests */

static void test_is_told_once(void **state)
{
	struct outcome *outcome = outcome_begin(&now->frontend, 7);
	struct landing *one = outcome_land_in(outcome, &now->channel), *two = outcome_land_in(outcome, &second);

	(void)state;
	landing_expect(one);
	landing_expect(one); /* in two parts */
	landing_expect(two);
	assert_int_equal(outcome_settle(outcome, true), 1);
	end(two, LANDING_TAKEN);
	end(one, LANDING_TAKEN);
	known_fixture_expect(now, "");
	end(one, LANDING_TAKEN);
	known_fixture_expect(now, "shown 7\n");
}

static void test_nothing_to_say(void **state)
{
	struct outcome *outcome = outcome_begin(&now->frontend, 7);

	(void)state;
	outcome_land_in(outcome, &second);
	assert_int_equal(outcome_settle(outcome, true), 0);
	known_fixture_expect(now, "");
}

static void test_refused_in_one(void **state)
{
	uint64_t number = put_record();
	char *again = mem_printf("dead %" PRIu64 " " SECOND ": is_archived\n", number);
	char *dead = mem_printf("administrators\n%s", again), *shown = mem_printf("shown %" PRIu64 "\n", number);

	(void)state;
	go(number, LANDING_TAKEN, LANDING_REFUSED);
	known_fixture_expect(now, dead);
	assert_true(has(number, &now->channel));
	assert_false(has(number, &second));
	/* Tried again in vain: nothing is said in the first. */
	go(number, LANDING_REFUSED, LANDING_REFUSED);
	known_fixture_expect(now, again);
	assert_true(has(number, &now->channel));
	go(number, LANDING_REFUSED, LANDING_TAKEN);
	known_fixture_expect(now, shown);
	assert_false(has(number, &now->channel));
	/* It begins to refuse again: administrators hear of it again. */
	go(number, LANDING_TAKEN, LANDING_REFUSED);
	known_fixture_expect(now, dead);
	mem_free(dead);
	mem_free(again);
	mem_free(shown);
}

static void test_refused_in_all(void **state)
{
	uint64_t number = put_record();
	char *dead = mem_printf("administrators\nadministrators\ndead %" PRIu64 " " TEAM "/" CHANNEL ": is_archived; " SECOND
				": is_archived\n",
				number);

	(void)state;
	go(number, LANDING_REFUSED, LANDING_REFUSED);
	known_fixture_expect(now, dead);
	assert_false(has(number, &now->channel));
	assert_false(has(number, &second));
	mem_free(dead);
}

/* A workspace that is lost while others show it is left out; of the only one the record waits for the next token,
 * whatever another channel has said. */
static void test_lost_workspaces(void **state)
{
	(void)state;
	go(7, LANDING_TAKEN, LANDING_LEFT_OUT);
	known_fixture_expect(now, "shown 7\n");
	go(8, LANDING_LEFT_OUT, LANDING_WAITS);
	known_fixture_expect(now, "waits 8\n");
	go(9, LANDING_REFUSED, LANDING_WAITS);
	known_fixture_expect(now, "administrators\nwaits 9\n");
	assert_false(has(9, &now->channel));
}

/* What was left out is not there. */
static void test_left_out_beside_a_refusal(void **state)
{
	uint64_t number = put_record();

	(void)state;
	go(number, LANDING_LEFT_OUT, LANDING_REFUSED);
	assert_false(has(number, &now->channel));
}

/* The process ends: the next one finds out. */
static void test_dropped(void **state)
{
	(void)state;
	go(7, LANDING_TAKEN, LANDING_DROPPED);
	go(8, LANDING_REFUSED, LANDING_DROPPED);
	known_fixture_expect(now, "administrators\n");
}

/* What is shown without a record (a full disk) leaves nothing behind that the next such message would be taken for. */
static void test_without_a_record(void **state)
{
	(void)state;
	go(put_record(), LANDING_TAKEN, LANDING_REFUSED); /* notes are looked through with the first */
	go(0, LANDING_TAKEN, LANDING_REFUSED);
	assert_false(has(0, &now->channel));
	assert_false(has(0, &second));
}

/* Dead letters that were dropped leave nothing behind for long; those that are there keep what they have. */
static void test_dropped_letters(void **state)
{
	uint64_t kept = put_record(), numbers[1000];
	unsigned left = 0;

	(void)state;
	go(kept, LANDING_TAKEN, LANDING_REFUSED);
	for (int i = 0; i < 1000; i++) {
		numbers[i] = put_record();
		go(numbers[i], LANDING_TAKEN, LANDING_REFUSED);
		drop(numbers[i]);
	}
	for (int i = 0; i < 1000; i++)
		left += has(numbers[i], &now->channel);
	assert_in_range(left, 1, 200);
	assert_true(has(kept, &now->channel));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, known_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_is_told_once),
		TEST(test_nothing_to_say),
		TEST(test_refused_in_one),
		TEST(test_refused_in_all),
		TEST(test_lost_workspaces),
		TEST(test_left_out_beside_a_refusal),
		TEST(test_dropped),
		TEST(test_dropped_letters),
		TEST(test_without_a_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
