/* SPDX-License-Identifier: MIT */
/* Rooms: joining, several clients, subjects, nicknames, leaving, being thrown out. */
#include "tests/unit/transport/fixture.h"

static const struct event alice = {.user = "alice@x"};

static void subject(const char *text)
{
	struct event event = alice;

	event.type = EVENT_SUBJECT;
	event.message =
		(struct event_message){.kind = MESSAGE_ROOM, .name = "#a", .nickname = "bob", .text = text};
	from_backend(&fx->backends[0], event);
}

static void renamed(const char *from, const char *to)
{
	struct event event = alice;

	event.type = EVENT_PARTICIPANT;
	event.participant = (struct event_participant){.room = "#a", .nickname = from, .new_nickname = to};
	from_backend(&fx->backends[0], event);
}

static int try_join(const char *resource, const char *room, const char *nickname)
{
	return from_person(
		"alice@x", resource,
		(struct event){.type = EVENT_ROOM_JOIN, .room = {.name = room, .nickname = nickname}});
}

static struct user *in_room(void)
{
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "pw");
	struct user *user = log_in("alice@x", "phone");

	join("alice@x", "phone", "#a", "al");
	participant("alice@x", "#a", "bob", 0, STATUS_ONLINE);
	participant("alice@x", "#a", "al", 0, STATUS_ONLINE);
	subject("Welcome");
	forget();
	return user;
}

static void test_join(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "pw");
	log_in("alice@x", "phone");
	join("alice@x", "phone", "#a", "al");
	expect("b1 join #a al\n");
	participant("alice@x", "#a", "bob", PARTICIPANT_MODERATOR, STATUS_AWAY);
	subject("Welcome");
	expect("alice@x/phone participant #a bob away flags=1\n");
	/* The subject waits for our own participant. */
	participant("alice@x", "#a", "al", 0, STATUS_ONLINE);
	expect("alice@x/phone participant #a al online self\nalice@x/phone subject #a: Welcome\n");
	subject("Changed");
	expect("alice@x/phone subject #a: Changed\n");
	/* Names differ by case on the way through clients. */
	participant("alice@x", "#A", "eve", 0, STATUS_ONLINE);
	expect("alice@x/phone participant #a eve online\n");
	/* A client without a memory joins again. */
	join("alice@x", "phone", "#a", "al");
	expect("alice@x/phone participant #a bob away flags=1\n"
	       "alice@x/phone participant #a eve online\n"
	       "alice@x/phone participant #a al online self\n"
	       "alice@x/phone subject #a: Changed\n");
}

static void test_network_name_from_list(void **state)
{
	static const char *const names[] = {"#Café", "#MixedCase"};
	struct event event = {.type = EVENT_ROOM_LIST,
			      .room_list = {.rooms = names, .names = names, .count = 2}};

	(void)state;
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "pw");
	log_in("alice@x", "phone");
	from_backend(&fx->backends[0], event);
	expect("frontend features\n");
	assert_int_equal(fx->transport->room_list_count, 2);
	join("alice@x", "phone", "#mixedcase", "al");
	expect("b1 join #MixedCase al\n");
	participant("alice@x", "#MixedCase", "al", 0, STATUS_ONLINE);
	expect("alice@x/phone participant #mixedcase al online self\n");
}

static void test_second_resource(void **state)
{
	(void)state;
	in_room();
	attach("alice@x", "desk");
	join("alice@x", "desk", "#a", "other");
	expect("alice@x/desk nickname #a al\n"
	       "alice@x/desk participant #a bob online\n"
	       "alice@x/desk participant #a al online self\n"
	       "alice@x/desk subject #a: Welcome\n");
	/* The first to leave is not told to the backend. */
	session_detach(find("alice@x", "phone"));
	expect("");
	participant("alice@x", "#a", "eve", 0, STATUS_ONLINE);
	expect("alice@x/desk participant #a eve online\n");
	assert_int_equal(from_person("alice@x", "desk",
				     (struct event){.type = EVENT_ROOM_LEAVE, .room = {.name = "#a"}}),
			 0);
	expect("b1 leave #a\n");
	assert_int_equal(from_person("alice@x", "desk",
				     (struct event){.type = EVENT_ROOM_LEAVE, .room = {.name = "#a"}}),
			 TP_ERR_NOT_FOUND);
}

static void test_latecomer_while_joining(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "pw");
	log_in("alice@x", "phone");
	attach("alice@x", "desk");
	join("alice@x", "phone", "#a", "al");
	participant("alice@x", "#a", "bob", 0, STATUS_ONLINE);
	join("alice@x", "desk", "#a", "al");
	participant("alice@x", "#a", "eve", 0, STATUS_ONLINE);
	forget();
	participant("alice@x", "#a", "al", 0, STATUS_ONLINE);
	expect("alice@x/phone participant #a al online self\n"
	       "alice@x/desk participant #a bob online\n"
	       "alice@x/desk participant #a eve online\n"
	       "alice@x/desk participant #a al online self\n");
}

static void test_nicknames(void **state)
{
	(void)state;
	struct user *user = in_room();

	assert_int_equal(try_join("phone", "#a", "ally"), TP_ERR_UNSUPPORTED);
	fx->transport->features.room_nickname_change = true;
	assert_int_equal(try_join("phone", "#a", "ally"), 0);
	expect("b1 join #a ally\n");
	renamed("al", "ally");
	expect("alice@x/phone participant #a al online now=ally self\n");
	assert_string_equal(room_find(user, "#a")->nickname, "ally");
	renamed("bob", "bobby");
	expect("alice@x/phone participant #a bob online now=bobby\n");
	/* A nickname that somebody has: we stay, whichever name the network complains about. */
	assert_int_equal(try_join("phone", "#a", "bobby"), 0);
	forget();
	participant("alice@x", "#a", "ally", PARTICIPANT_CONFLICT, STATUS_ONLINE);
	expect("alice@x/phone participant #a bobby offline flags=2\n");
	participant("alice@x", "#a", "bobby2", PARTICIPANT_CONFLICT, STATUS_ONLINE);
	expect("alice@x/phone participant #a bobby2 offline flags=2\n");
	assert_null(map_get(room_find(user, "#a")->participants, "bobby2"));
	from_backend(&fx->backends[0], (struct event){.type = EVENT_ROOM_NICKNAME,
						      .user = "alice@x",
						      .room = {.name = "#a", .nickname = "forced"}});
	expect("alice@x/phone participant #a ally online now=forced self\nalice@x/phone nickname #a forced\n");
	assert_null(map_get(room_find(user, "#a")->participants, "ally"));
	participant("alice@x", "#a", "forced", 0, STATUS_ONLINE);
	expect("alice@x/phone participant #a forced online self\n");
}

static void test_join_fails(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "pw");
	log_in("alice@x", "phone");
	join("alice@x", "phone", "#a", "al");
	forget();
	participant("alice@x", "#a", "al", PARTICIPANT_CONFLICT, STATUS_ONLINE);
	expect("alice@x/phone participant #a al offline flags=2 self\nb1 leave #a\n");
	join("alice@x", "phone", "#b", "al");
	forget();
	/* While joining an error can only be ours, whatever name it bears. */
	participant("alice@x", "#b", "", PARTICIPANT_ROOM_NOT_FOUND, STATUS_OFFLINE);
	expect("alice@x/phone participant #b al offline flags=64 self\nb1 leave #b\n");
	assert_int_equal(
		from_person("alice@x", "phone",
			    (struct event){.type = EVENT_MESSAGE,
					   .message = {.kind = MESSAGE_ROOM, .name = "#b", .text = "hi"}}),
		TP_ERR_NOT_FOUND);
}

static void test_kicked(void **state)
{
	(void)state;
	struct user *user = in_room();

	participant("alice@x", "#a", "bob", 0, STATUS_OFFLINE);
	expect("alice@x/phone participant #a bob offline\n");
	participant("alice@x", "#a", "al", PARTICIPANT_KICKED, STATUS_OFFLINE);
	expect("alice@x/phone participant #a al offline flags=32 self\n");
	assert_null(room_find(user, "#a"));
	participant("alice@x", "#a", "al", 0, STATUS_ONLINE);
	expect("");
}

static void test_names(void **state)
{
	char long_name[LIMIT_NAME_BYTES + 2];

	(void)state;
	in_room();
	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	assert_int_equal(try_join("phone", "", "al"), TP_ERR_INVALID);
	assert_int_equal(try_join("phone", "#b", ""), TP_ERR_INVALID);
	assert_int_equal(try_join("phone", long_name, "al"), TP_ERR_INVALID);
	assert_int_equal(try_join("phone", "#b", long_name), TP_ERR_INVALID);
	participant("alice@x", "#a", long_name, 0, STATUS_ONLINE);
	participant("alice@x", "#a", "", 0, STATUS_ONLINE);
	expect("");
	assert_int_equal(fx->backends[0].ignored_frames, 2);
}

/* A join that was put off and then cannot be: the client waits for an answer. */
static void test_refused_after_loading(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "pw");
	attach("alice@x", "phone");
	join("alice@x", "phone", "#a", "al");
	fx->queued = LIMIT_BACKEND_OUT_HIGH + 1;
	store_pump();
	expect("alice@x session connecting\nb1 login al pw\n"
	       "alice@x/phone leave #a 'The room could not be joined. Please try again later.'\n");
}

static void test_too_many_rooms(void **state)
{
	char name[16];

	(void)state;
	fixture_start(NULL, 0);
	store_account("alice@x", "al", "pw");
	log_in("alice@x", "phone");
	for (int i = 0; i < LIMIT_ROOMS_PER_USER; i++) {
		snprintf(name, sizeof(name), "#%d", i);
		assert_int_equal(try_join("phone", name, "al"), 0);
	}
	assert_int_equal(try_join("phone", "#one-more", "al"), TP_ERR_LIMIT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_join),
		TEST(test_network_name_from_list),
		TEST(test_second_resource),
		TEST(test_nicknames),
		TEST(test_latecomer_while_joining),
		TEST(test_join_fails),
		TEST(test_kicked),
		TEST(test_names),
		TEST(test_refused_after_loading),
		TEST(test_too_many_rooms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
