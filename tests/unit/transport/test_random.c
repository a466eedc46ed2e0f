/* SPDX-License-Identifier: MIT */
/*
 * Everything in any order: people, backends and the store do what they like, and whatever happens, nothing is
 * used after it is gone (sanitizers watch) and nothing is left at the end.
 */
#include "tests/unit/transport/fixture.h"
#include "transport/rooms/room_bans.h"

#define SEEDS 10
#define STEPS 20000
#define PEOPLE 4

static unsigned long long state_of_random;
/* How often logins were, and lists asked for, so that it is known that they are tried. */
static unsigned answered, given_up, listed;

static unsigned pick(unsigned below)
{
	state_of_random = state_of_random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(state_of_random >> 33) % below;
}

static const char *any(const char *const *texts, unsigned count)
{
	return texts[pick(count)];
}

#define ANY(texts) any((texts), ARRAY_SIZE(texts))

static const char *const people[PEOPLE] = {"a@x", "b@x", "c@x", "d@x"};
static const char *const clients[] = {"phone", "desk", "tab"};
static const char *const rooms[] = {"#a", "#B", "#b", "", "#c"};
static const char *const names[] = {"al", "bob", "Bob", "eve", "", "#a/bob"};
static const char *const lines[] = {"login", "cancel", "answer 1", "1", "status", "what", "room-bans #a"};
static const char *const passwords[] = {"pw", "no", ""};

static const char *any_reference(void)
{
	return pick(4) ? NULL : ANY(names);
}

/* What only the extension can say. */
static void fill_extension(struct event *event)
{
	static const struct event_value values[] = {{"k", (const uint8_t *)"v", 1}, {"k", NULL, 0}, {"", NULL, 0}};
	static const struct event_participant some[] = {{.nickname = "bob"},
							{.nickname = "al"},
							{.nickname = ""},
							{.nickname = "al", .status = STATUS_OFFLINE},
							{.nickname = "eve"}};

	static const struct event_ban bans[] = {{"*!*@h", "bob"}, {.mask = "$a:eve"}};

	switch (event->type) {
	case EVENT_READ_MARKER:
		event->read_marker = (struct event_read_marker){pick(2) ? ANY(names) : ANY(rooms), any_reference(), "i"};
		break;
	case EVENT_LOGIN_STEP:
		event->login_step = (struct event_login_step){.step = pick(5),
							      .kind = (enum login_step_kind)pick(7),
							      .text = ANY(names),
							      .choices = names,
							      .choices_count = pick(3),
							      .timeout_s = pick(100)};
		break;
	case EVENT_VALUES:
		event->values = (struct event_values){values, pick(4)};
		break;
	case EVENT_PARTICIPANTS:
		event->participants = (struct event_participants){ANY(rooms), some, pick(ARRAY_SIZE(some) + 1)};
		break;
	case EVENT_BANS:
		event->bans = (struct event_bans){ANY(rooms), bans, pick(ARRAY_SIZE(bans) + 1), !pick(3), pick(3) ? 0 : 1, NULL};
		break;
	case EVENT_ROOM_INFO:
		event->room_info = (struct event_room_info){.room = ANY(rooms), .title = any_reference()};
		break;
	default:
		memset(&event->text, 0, sizeof(event->text));
		break;
	}
}

static struct event any_event(void)
{
	struct event event = {.type = (enum event_type)pick(EVENT_TYPE_COUNT)};

	switch (event.type) {
	case EVENT_CONTACT:
	case EVENT_CONTACT_REMOVED:
	case EVENT_AUTH_REQUEST:
		event.contact = (struct event_contact){.name = ANY(names), .status = (enum status)pick(7)};
		break;
	case EVENT_MESSAGE:
	case EVENT_SUBJECT:
	case EVENT_ATTENTION:
	case EVENT_MODERATION:
	case EVENT_ROOM_CHANGE:
		event.message = (struct event_message){.kind = (enum message_kind)pick(3), .text = ANY(names), .id = "i"};
		event.message.name = event.message.kind == MESSAGE_CHAT ? ANY(names) : ANY(rooms);
		event.message.nickname = ANY(names);
		event.message.moderation.action = (enum moderation_action)pick(5);
		event.message.moderation.role = (enum participant_role)pick(6);
		event.message.change.title = any_reference();
		event.message.replaces = any_reference();
		event.message.retracts = any_reference();
		event.message.reply_to = event.message.reply_text = any_reference();
		event.message.reacts_to = any_reference();
		break;
	case EVENT_RECEIPT:
		event.receipt = (struct event_receipt){ANY(names), "i"};
		break;
	case EVENT_CHAT_STATE:
		event.chat_state = (struct event_chat_state){ANY(names), CHAT_STATE_PAUSED};
		break;
	case EVENT_ROOM_JOIN:
	case EVENT_ROOM_LEAVE:
	case EVENT_ROOM_NICKNAME:
		event.room = (struct event_room){.name = ANY(rooms), .nickname = ANY(names)};
		break;
	case EVENT_PARTICIPANT:
		event.participant = (struct event_participant){.room = ANY(rooms),
							       .nickname = ANY(names),
							       .flags = pick(4) ? 0 : 1 << pick(7),
							       .status = pick(3) ? STATUS_ONLINE : STATUS_OFFLINE,
							       .new_nickname = pick(4) ? NULL : ANY(names)};
		break;
	case EVENT_ROOM_LIST:
		event.room_list = (struct event_room_list){rooms, rooms, pick(ARRAY_SIZE(rooms))};
		break;
	case EVENT_VCARD:
	case EVENT_VCARD_REQUEST:
		event.vcard = (struct event_vcard){.name = ANY(names), .id = pick(50)};
		break;
	case EVENT_DISCONNECTED:
		event.disconnected.error = pick(2) ? CONNECTION_ERROR_NETWORK : (int)pick(18);
		event.disconnected.text = ANY(names);
		break;
	default:
		fill_extension(&event);
		break;
	}
	return event;
}

static void person_acts(void)
{
	const char *address = ANY(people);
	struct resource *resource = session_attach(fx->frontend, address, ANY(clients), pick(2) ? NULL : "hint");
	struct event event = any_event();

	if (pick(2))
		session_presence(resource, (enum status)pick(7), pick(2) ? NULL : "text", (int)pick(3));
	if (!pick(4))
		chat(address, ANY(lines));
	if (!pick(8))
		chat(address, "room-bans #b");
	resource = find(address, ANY(clients));
	if (resource)
		router_from_frontend(resource, &event);
}

static void person_goes(void)
{
	struct resource *resource = find(ANY(people), ANY(clients));

	if (!resource || !pick(4))
		session_detach_all(fx->frontend, ANY(people));
	else
		session_detach(resource);
}

static void backend_acts(void)
{
	struct event event = any_event();

	if (event.type == EVENT_DISCONNECTED && pick(4))
		return;
	event.user = pick(20) ? ANY(people) : NULL;
	const struct user *user = event.user ? user_find(fx->transport, event.user) : NULL;

	if (user && user->state == USER_CONNECTING && pick(2))
		event = (struct event){.type = pick(3) ? EVENT_CONNECTED : EVENT_LOGIN_STEP, .user = user->key};
	from_backend(user && user->backend && pick(10) ? user->backend : &fx->backends[pick(2)], event);
}

static void backend_ends(void)
{
	struct backend *backend = &fx->backends[pick(2)];

	while (!list_empty(&backend->users)) {
		struct user *user = CONTAINER_OF(backend->users.next, struct user, backend_link);

		list_remove(&user->backend_link);
		backend->users_count--;
		user_backend_lost(user, "ended");
	}
}

static void ignore(void *context, int err, const char *text)
{
	(void)context;
	(void)err;
	(void)text;
}

static void account_acts(void)
{
	const char *address = ANY(people);
	struct user *user = user_find(fx->transport, address);

	switch (pick(8)) {
	case 0:
		if (!pick(10))
			account_unregister(fx->transport, fx->frontend, address, ignore, NULL);
		break;
	case 1:
	case 2:
		account_register(fx->transport, fx->frontend, address, "leg", ANY(passwords), NULL, true, ignore, NULL);
		break;
	case 3:
		session_authenticate(fx->frontend, address, "leg", ANY(passwords));
		break;
	case 4:
		session_authenticate_cancel(fx->frontend, address);
		break;
	case 5:
		session_resume(fx->frontend, address);
		break;
	case 6:
		if (user)
			user_set_setting(user, pick(4) ? "stay_connected" : "enable_transport", pick(2) ? "1" : "0");
		break;
	default:
		if (user && !pick(4))
			user_logout(user);
		else if (user && !pick(4))
			user_relogin(user);
		break;
	}
}

static void time_passes(void)
{
	uint64_t later_ms = clock_ms() + pick(2) * 100000;

	card_request_expire(fx->transport, later_ms);
	room_bans_expire(fx->transport, later_ms);
	session_expire(fx->transport, later_ms);
	router_expire_departed(fx->transport, later_ms);
	login_step_expire(fx->transport, later_ms);
	fx->gives = pick(8) ? &fx->backends[pick(2)] : NULL;
	fx->transport->features.known = pick(2);
	fx->transport->features.need_registration = pick(2);
	fx->transport->features.room_nickname_change = pick(2);
	uv_run(fx->loop, UV_RUN_NOWAIT);
	answered += was_told("login answer");
	given_up += was_told("(gives up)");
	listed += was_told("1 bans #") || was_told("2 bans #");
	forget();
}

static void live_and_end(unsigned seed)
{
	state_of_random = seed;
	for (int i = 0; i < STEPS; i++) {
		unsigned dice = pick(100);

		if (dice < 35)
			person_acts();
		else if (dice < 70)
			backend_acts();
		else if (dice < 88)
			store_pump_one();
		else if (dice < 92)
			account_acts();
		else if (dice < 96)
			time_passes();
		else if (dice < 99)
			person_goes();
		else if (!pick(5))
			backend_ends();
	}
	for (unsigned i = 0; i < PEOPLE; i++)
		account_unregister(fx->transport, fx->frontend, people[i], ignore, NULL);
	store_pump();
	for (unsigned i = 0; i < PEOPLE; i++) {
		session_detach_all(fx->frontend, people[i]);
		session_authenticate_cancel(fx->frontend, people[i]);
	}
	store_pump();
	assert_int_equal(map_count(fx->transport->users), 0);
	assert_int_equal(map_count(fx->transport->identities), 0);
	assert_int_equal(map_count(fx->transport->authentications), 0);
	assert_true(list_empty(&fx->transport->card_requests));
	assert_true(list_empty(&fx->transport->bans_questions));
	assert_int_equal(fx->backends[0].users_count + fx->backends[1].users_count, 0);
}

static void test_anything_goes(void **state)
{
	(void)state;
	fixture_start(NULL, 0);
	fx->backends[0].extended = true;
	for (unsigned seed = 1; seed <= SEEDS; seed++)
		live_and_end(seed);
	assert_true(answered > 10 && given_up > 10 && listed > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_anything_goes, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
