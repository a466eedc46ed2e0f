/* SPDX-License-Identifier: MIT */
/* What only the extension can say, between people and a backend that knows it, or does not. */
#include "config/limits.h"
#include "tests/unit/transport/fixture.h"
#include "transport/routing/delivery.h"

#define B1 (&fx->backends[0])

static void logged_in(bool extended)
{
	fixture_start(NULL, 0);
	B1->extended = extended;
	store_account("alice@x", "al", "pw");
	store_contact("alice@x", "Bob");
	session_presence(attach("alice@x", "phone"), STATUS_ONLINE, NULL, 0);
	store_pump();
	from_backend(B1, (struct event){.type = EVENT_CONNECTED, .user = "alice@x"});
	store_pump();
	forget();
}

static void enter_room(void)
{
	join("alice@x", "phone", "#a", "al");
	participant("alice@x", "#a", "bob", 0, STATUS_ONLINE);
	participant("alice@x", "#a", "al", 0, STATUS_ONLINE);
	forget();
}

static int say(struct event_message message)
{
	return from_person("alice@x", "phone", (struct event){.type = EVENT_MESSAGE, .message = message});
}

static void network(struct event_message message)
{
	from_backend(B1, (struct event){.type = EVENT_MESSAGE, .user = "alice@x", .message = message});
}

static void test_references(void **state)
{
	static const char *const reactions[] = {"+", "-"};

	(void)state;
	logged_in(true);
	enter_room();
	say((struct event_message){.name = "bob", .text = "new", .id = "m2", .replaces = "m1"});
	say((struct event_message){.name = "bob", .text = "", .id = "m3", .retracts = "m2"});
	say((struct event_message){.name = "bob",
	                           .text = "yes",
	                           .reply_to = "n1",
	                           .reply_text = "really?",
	                           .reply_author = "Bob",
	                           .thread = "t"});
	say((struct event_message){.kind = MESSAGE_ROOM,
	                           .name = "#a",
	                           .text = "",
	                           .reacts_to = "n2",
	                           .reactions = reactions,
	                           .reactions_count = 2});
	say((struct event_message){.name = "bob", .text = "hi", .author = {.name = "Carol"}});
	expect("b1 message Bob: new id=m2 replaces=m1\n"
	       "b1 message Bob:  id=m3 retracts=m2\n"
	       "b1 message Bob: yes reply-to=n1 'really?' by Bob thread=t\n"
	       "b1 message (room) #a:  reacts-to=n2 2\n"
	       "b1 message Bob: hi author=Carol\n");
	network((struct event_message){.name = "Bob", .text = "no", .id = "n3", .replaces = "n1"});
	network((struct event_message){.kind = MESSAGE_ROOM,
	                               .name = "#a",
	                               .nickname = "bob",
	                               .text = "",
	                               .reacts_to = "m3",
	                               .reactions = reactions,
	                               .reactions_count = 1});
	network((struct event_message){
	        .kind = MESSAGE_ROOM, .name = "#a", .nickname = "bob", .text = "gone", .retracts = "n2"});
	expect("alice@x/phone message Bob: no id=n3 replaces=n1\n"
	       "alice@x/phone message (room) #a/bob:  reacts-to=m3 1\n"
	       "alice@x/phone message (room) #a/bob: gone retracts=n2\n");
}

/* A network that knows none of it gets words, and the echo of those words is known. */
static void test_degraded(void **state)
{
	static const char *const reactions[] = {"+"};

	(void)state;
	logged_in(false);
	enter_room();
	assert_int_equal(
	        say((struct event_message){
	                .kind = MESSAGE_ROOM, .name = "#a", .text = "new", .id = "m2", .replaces = "m1"}),
	        0);
	assert_int_equal(say((struct event_message){.name = "bob",
	                                            .text = "yes",
	                                            .reply_to = "n1",
	                                            .reply_text = "really?",
	                                            .reply_author = "Bob"}),
	                 0);
	assert_int_equal(say((struct event_message){.name = "bob",
	                                            .text = "+",
	                                            .reacts_to = "n1",
	                                            .reactions = reactions,
	                                            .reactions_count = 1}),
	                 0);
	assert_int_equal(
	        say((struct event_message){.name = "bob", .text = "hi", .author = {.name = "Carol"}}), 0);
	expect("b1 message (room) #a: * new id=m2\nb1 message Bob: > Bob: really?\nyes\nb1 message Bob: +\n"
	       "b1 message Bob: <Carol> hi\n");
	network((struct event_message){
	        .kind = MESSAGE_ROOM, .name = "#a", .nickname = "al", .text = "* new"});
	expect("alice@x/phone message (room) #a/al: * new id=m2\n");
	/* What leaves no words is refused: the person should know. */
	assert_int_equal(say((struct event_message){.name = "bob", .text = "", .retracts = "m2"}),
	                 TP_ERR_UNSUPPORTED);
	expect("");
}

/* The echo has the network's id and the client's. */
static void test_echo(void **state)
{
	(void)state;
	logged_in(true);
	enter_room();
	say((struct event_message){.kind = MESSAGE_ROOM, .name = "#a", .text = "hi", .id = "m1"});
	forget();
	network((struct event_message){
	        .kind = MESSAGE_ROOM, .name = "#a", .nickname = "al", .text = "hi", .id = "n1"});
	expect("alice@x/phone message (room) #a/al: hi id=n1 sent-id=m1\n");
}

static struct event marker(const char *name, const char *nickname, const char *id)
{
	return (struct event){.type = EVENT_READ_MARKER,
	                      .user = "alice@x",
	                      .read_marker = {.name = name, .nickname = nickname, .message_id = id}};
}

static void test_read_markers(void **state)
{
	(void)state;
	logged_in(true);
	enter_room();
	/* Who wrote nothing has nothing to be read. */
	from_backend(B1, marker("Bob", NULL, "m1"));
	expect("");
	say((struct event_message){.name = "bob", .text = "hi", .id = "m1"});
	forget();
	from_backend(B1, marker("Bob", NULL, "m1"));
	from_backend(B1, marker("#A", "bob", "m2"));
	expect("alice@x read Bob m1\nalice@x/phone read #a/bob m2\n");
	assert_int_equal(from_person("alice@x", "phone", marker("bob", NULL, "n1")), 0);
	assert_int_equal(from_person("alice@x", "phone", marker("#a", NULL, "n2")), 0);
	expect("b1 read Bob n1\nb1 read #a n2\n");
	assert_int_equal(from_person("alice@x", "phone", marker("bob", NULL, "")), TP_ERR_INVALID);
	attach("alice@x", "desk");
	assert_int_equal(from_person("alice@x", "desk", marker("#a", NULL, "n2")), TP_ERR_NOT_FOUND);
	fx->queued = LIMIT_BACKEND_OUT_HIGH + 1;
	assert_int_equal(from_person("alice@x", "phone", marker("bob", NULL, "n1")), TP_ERR_LIMIT);
	fx->queued = 0;
	B1->extended = false;
	assert_int_equal(from_person("alice@x", "phone", marker("bob", NULL, "n1")), TP_ERR_UNSUPPORTED);
	expect("");
}

static struct event typing(const char *name, const char *nickname)
{
	return (struct event){.type = EVENT_CHAT_STATE,
	                      .user = "alice@x",
	                      .chat_state = {name, CHAT_STATE_COMPOSING, nickname}};
}

static void test_typing_in_rooms(void **state)
{
	(void)state;
	logged_in(true);
	enter_room();
	from_backend(B1, typing("#A", "bob"));
	expect("alice@x/phone state #a/bob 1\n");
	from_backend(B1, typing("#b", "bob"));
	from_backend(B1, typing("#a", NULL));
	expect("");
	assert_int_equal(from_person("alice@x", "phone", typing("#A", "not me")), 0);
	expect("b1 state #a 1\n");
	attach("alice@x", "desk");
	assert_int_equal(from_person("alice@x", "desk", typing("#a", NULL)), TP_ERR_NOT_FOUND);
	B1->extended = false;
	assert_int_equal(from_person("alice@x", "phone", typing("#a", NULL)), TP_ERR_UNSUPPORTED);
	expect("");
}

static void test_participants(void **state)
{
	const struct event_participant all[] = {
	        {.nickname = "bob", .status = STATUS_ONLINE},
	        {.nickname = "", .status = STATUS_ONLINE},
	        {.nickname = "carol", .status = STATUS_AWAY, .flags = PARTICIPANT_MODERATOR},
	        {.nickname = "al", .status = STATUS_ONLINE},
	};
	struct event event = {.type = EVENT_PARTICIPANTS,
	                      .user = "alice@x",
	                      .participants = {.room = "#A", .participants = all, .count = 4}};

	(void)state;
	logged_in(true);
	from_backend(B1, event); /* not there */
	join("alice@x", "phone", "#a", "al");
	forget();
	from_backend(B1, event);
	expect("alice@x/phone participant #a bob online\nalice@x/phone participant #a carol away flags=1\n"
	       "alice@x/phone participant #a al online self\n");
	/* The first one ends the room, and the others are of none. */
	const struct event_participant end[] = {
	        {.nickname = "al", .status = STATUS_OFFLINE, .flags = PARTICIPANT_KICKED},
	        {.nickname = "bob", .status = STATUS_OFFLINE}};

	event.participants.participants = end;
	event.participants.count = 2;
	from_backend(B1, event);
	expect("alice@x/phone participant #a al offline flags=32 self\n");
	assert_null(room_find(user_find(fx->transport, "alice@x"), "#a"));
}

static void info(const char *title, const char *description, const char *icon_hash, uint32_t members)
{
	from_backend(B1, (struct event){.type = EVENT_ROOM_INFO,
	                                .user = "alice@x",
	                                .room_info = {.room = "#a",
	                                              .title = title,
	                                              .description = description,
	                                              .icon_hash = icon_hash,
	                                              .members = members}});
}

static void test_room_info(void **state)
{
	(void)state;
	logged_in(true);
	info("nowhere", NULL, NULL, 0);
	join("alice@x", "phone", "#a", "al");
	forget();
	/* Told while joining it is shown when one is in. */
	info("The lobby", "For all", NULL, 3);
	expect("");
	participant("alice@x", "#a", "al", 0, STATUS_ONLINE);
	expect("alice@x/phone participant #a al online self\nalice@x/phone room-info #a 'The lobby' 'For "
	       "all' icon= 3\n");
	/* What is not said stays; what is the same is not told again. */
	info(NULL, NULL, "abc", 0);
	info("The lobby", NULL, NULL, 3);
	expect("alice@x/phone room-info #a 'The lobby' 'For all' icon=abc 3\n");
	/* And whoever comes later is told. */
	attach("alice@x", "desk");
	join("alice@x", "desk", "#a", "al");
	expect("alice@x/desk participant #a al online self\n"
	       "alice@x/desk room-info #a 'The lobby' 'For all' icon=abc 3\n");
}

static int moderate(const char *room, const char *nickname, enum moderation_action action, enum participant_role role)
{
	return from_person("alice@x", "phone",
	                   (struct event){.type = EVENT_MODERATION,
	                                  .message = {.name = room,
	                                              .nickname = nickname,
	                                              .text = "why",
	                                              .moderation = {action, role}}});
}

static void test_moderation(void **state)
{
	struct event_handover_result refusal = {.error = HANDOVER_FORBIDDEN, .reason = "No."};

	(void)state;
	logged_in(true);
	enter_room();
	assert_int_equal(moderate("#a", "bob", MODERATION_BAN, ROLE_UNSAID), 0);
	assert_int_equal(moderate("#a", "bob", MODERATION_ROLE, ROLE_HELPER), 0);
	/* Who is not there may be meant: a ban that is taken back. */
	assert_int_equal(moderate("#A", "eve", MODERATION_UNBAN, ROLE_UNSAID), 0);
	/* Whoever asked for it learns that it is done. */
	expect("b1 moderation #a bob ban 'why'\n"
	       "alice@x arrived: moderation #a\n"
	       "b1 moderation #a bob role 'why' role=3\n"
	       "alice@x arrived: moderation #a\n"
	       "b1 moderation #a eve unban 'why'\n"
	       "alice@x arrived: moderation #a\n");
	assert_int_equal(moderate("#b", "bob", MODERATION_KICK, ROLE_UNSAID), TP_ERR_NOT_FOUND);
	assert_int_equal(moderate("#a", "", MODERATION_KICK, ROLE_UNSAID), TP_ERR_INVALID);
	assert_int_equal(moderate("#a", "bob", MODERATION_NONE, ROLE_UNSAID), TP_ERR_INVALID);
	expect("");
	/* What the backend refuses comes back to who asked for it. */
	fx->unanswered = true;
	assert_int_equal(moderate("#a", "bob", MODERATION_KICK, ROLE_UNSAID), 0);
	forget();
	refusal.number = fx->number;
	delivery_answered(fx->gives, &(struct event_handover){.results = &refusal, .results_count = 1});
	expect("alice@x/phone undelivered 2 'No.' (room) #a/bob: why\n");
}

static int change_room(const char *room, struct event_room_change change)
{
	return from_person("alice@x", "phone",
	                   (struct event){.type = EVENT_ROOM_CHANGE,
	                                  .message = {.name = room, .text = "", .id = "c1", .change = change}});
}

static void test_room_change(void **state)
{
	struct event_handover_result refusal = {.error = HANDOVER_UNSUPPORTED, .reason = "No."};
	char *picture = mem_alloc(LIMIT_ROOM_PICTURE_BYTES + 1);
	struct event_room_change large = {.picture = (const uint8_t *)picture,
	                                  .picture_size = LIMIT_ROOM_PICTURE_BYTES + 1,
	                                  .has_picture = true};

	(void)state;
	logged_in(true);
	enter_room();
	assert_int_equal(change_room("#A", (struct event_room_change){.title = "Our room"}), 0);
	assert_int_equal(change_room("#a", (struct event_room_change){.has_picture = true}), 0);
	expect("b1 room-change #a 'Our room'\nalice@x arrived: room change #a\n"
	       "b1 room-change #a picture 0\nalice@x arrived: room change #a\n");
	assert_int_equal(change_room("#b", (struct event_room_change){.title = "Our room"}), TP_ERR_NOT_FOUND);
	assert_int_equal(change_room("#a", (struct event_room_change){0}), TP_ERR_INVALID);
	assert_int_equal(change_room("#a", large), TP_ERR_LIMIT);
	expect("");
	fx->unanswered = true;
	large.picture_size--;
	memset(picture, 1, large.picture_size);
	assert_int_equal(change_room("#a", large), 0);
	forget();
	refusal.number = fx->number;
	delivery_answered(fx->gives, &(struct event_handover){.results = &refusal, .results_count = 1});
	expect("alice@x/phone undelivered 3 'No.' (room) #a:  id=c1\n");
	mem_free(picture);
}

/* Without the extension there is no word for it. */
static void test_moderation_unknown(void **state)
{
	(void)state;
	logged_in(false);
	enter_room();
	assert_int_equal(moderate("#a", "bob", MODERATION_KICK, ROLE_UNSAID), TP_ERR_UNSUPPORTED);
	assert_int_equal(change_room("#a", (struct event_room_change){.title = "Our room"}), TP_ERR_UNSUPPORTED);
	expect("");
}

/* A role is told as it comes, and to those who come later. */
static void test_roles(void **state)
{
	(void)state;
	logged_in(true);
	enter_room();
	from_backend(B1, (struct event){.type = EVENT_PARTICIPANT,
	                                .user = "alice@x",
	                                .participant = {.room = "#a", .nickname = "bob", .role = ROLE_VOICE}});
	expect("alice@x/phone participant #a bob online role=2\n");
	attach("alice@x", "desk");
	join("alice@x", "desk", "#a", "al");
	expect("alice@x/desk participant #a bob online role=2\nalice@x/desk participant #a al online self\n");
	assert_int_equal(event_role(ROLE_UNSAID, PARTICIPANT_MODERATOR | PARTICIPANT_ME), ROLE_MODERATOR);
	assert_int_equal(event_role(ROLE_UNSAID, PARTICIPANT_ME), ROLE_NONE);
	assert_int_equal(event_role(ROLE_HELPER, PARTICIPANT_MODERATOR), ROLE_HELPER);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_references),   TEST(test_degraded),     TEST(test_echo),
	        TEST(test_read_markers), TEST(test_typing_in_rooms), TEST(test_participants), TEST(test_room_info),
	        TEST(test_moderation),   TEST(test_moderation_unknown), TEST(test_roles),
	        TEST(test_room_change),
	};

	return cmocka_run_group_tests_name("extension", tests, NULL, NULL);
}
