/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/mem.h"
#include "config/limits.h"
#include "tests/unit/protocol/sample_events.h"

struct trip {
	struct arena arena;
	struct buf wire;
	struct event event;
};

static int decode_wire(struct trip *trip, enum codec_side speaker)
{
	return codec_decode(&trip->arena, speaker, (uint8_t *)trip->wire.data + 4, trip->wire.len - 4, &trip->event);
}

static int trip_run(struct trip *trip, enum codec_side speaker, const struct event *event)
{
	buf_clear(&trip->wire);
	arena_reset(&trip->arena);
	assert_int_equal(codec_encode(&trip->wire, speaker, event), 0);
	return decode_wire(trip, speaker);
}

static void trip_finish(struct trip *trip)
{
	buf_finish(&trip->wire);
	arena_finish(&trip->arena);
}

static void assert_text(const char *got, const char *expected)
{
	if (!expected || !*expected)
		assert_true(!got || !*got);
	else
		assert_string_equal(got, expected);
}

static void assert_contact(const struct event_contact *got, const struct event_contact *expected)
{
	assert_text(got->name, expected->name);
	assert_text(got->alias, expected->alias);
	assert_int_equal(got->groups_count, expected->groups_count);
	for (size_t i = 0; i < got->groups_count; i++)
		assert_text(got->groups[i], expected->groups[i]);
	assert_int_equal(got->status, expected->status);
	assert_text(got->status_text, expected->status_text);
	assert_text(got->icon_hash, expected->icon_hash);
	assert_int_equal(got->has_blocked, expected->has_blocked);
	assert_int_equal(got->blocked, expected->blocked);
}

static void assert_message(const struct event_message *got, const struct event_message *expected)
{
	assert_int_equal(got->kind, expected->kind);
	assert_text(got->name, expected->name);
	assert_text(got->nickname, expected->nickname);
	assert_non_null(got->text);
	assert_text(got->text, expected->text);
	assert_text(got->xhtml, expected->xhtml);
	assert_text(got->id, expected->id);
	assert_int_equal(got->receipt, expected->receipt);
	assert_int_equal(got->stamp_ms, expected->stamp_ms);
	assert_int_equal(got->headline, expected->headline);
	assert_int_equal(got->carbon, expected->carbon);
	assert_int_equal(got->attachments_count, expected->attachments_count);
	for (size_t i = 0; i < got->attachments_count; i++) {
		assert_text(got->attachments[i].url, expected->attachments[i].url);
		assert_text(got->attachments[i].mime_type, expected->attachments[i].mime_type);
		assert_text(got->attachments[i].description, expected->attachments[i].description);
	}
}

static void assert_room_event(const struct event *got, const struct event *expected)
{
	switch (got->type) {
	case EVENT_PARTICIPANT:
		assert_text(got->participant.room, expected->participant.room);
		assert_text(got->participant.nickname, expected->participant.nickname);
		assert_int_equal(got->participant.flags, expected->participant.flags);
		assert_int_equal(got->participant.status, expected->participant.status);
		assert_text(got->participant.status_text, expected->participant.status_text);
		assert_text(got->participant.new_nickname, expected->participant.new_nickname);
		assert_text(got->participant.icon_hash, expected->participant.icon_hash);
		assert_text(got->participant.alias, expected->participant.alias);
		break;
	case EVENT_ROOM_LIST:
		assert_int_equal(got->room_list.count, expected->room_list.count);
		for (size_t i = 0; i < got->room_list.count; i++) {
			assert_text(got->room_list.rooms[i], expected->room_list.rooms[i]);
			assert_text(got->room_list.names[i], expected->room_list.names[i]);
		}
		break;
	default:
		assert_text(got->room.name, expected->room.name);
		assert_text(got->room.nickname, expected->room.nickname);
		assert_text(got->room.password, expected->room.password);
	}
}

static void assert_login(const struct event_login *got, const struct event_login *expected)
{
	assert_text(got->legacy_name, expected->legacy_name);
	assert_text(got->password, expected->password);
	assert_int_equal(got->settings_count, expected->settings_count);
	for (size_t i = 0; i < got->settings_count; i++) {
		assert_text(got->settings[i].name, expected->settings[i].name);
		assert_text(got->settings[i].value, expected->settings[i].value);
	}
}

static void assert_vcard(const struct event_vcard *got, const struct event_vcard *expected)
{
	assert_text(got->name, expected->name);
	assert_int_equal(got->id, expected->id);
	assert_text(got->full_name, expected->full_name);
	assert_text(got->nickname, expected->nickname);
	assert_int_equal(got->has_photo, expected->has_photo);
	assert_int_equal(got->photo_size, expected->photo_size);
	if (got->photo_size)
		assert_memory_equal(got->photo, expected->photo, got->photo_size);
}

static void assert_backend_event(const struct event *got, const struct event *expected)
{
	switch (got->type) {
	case EVENT_STATS:
		assert_int_equal(got->stats.resident_kb, expected->stats.resident_kb);
		assert_int_equal(got->stats.initial_kb, expected->stats.initial_kb);
		assert_int_equal(got->stats.shared_kb, expected->stats.shared_kb);
		assert_text(got->stats.process_id, expected->stats.process_id);
		break;
	case EVENT_BACKEND_CONFIG:
	case EVENT_QUERY:
	case EVENT_RAW_XML:
		assert_int_equal(got->text.length, expected->text.length);
		assert_string_equal(got->text.bytes, expected->text.bytes);
		break;
	case EVENT_API_VERSION:
		assert_int_equal(got->version, expected->version);
		break;
	default:
		break;
	}
}

static void assert_event(const struct event *got, const struct event *expected)
{
	assert_int_equal(got->type, expected->type);
	assert_text(got->user, expected->user);
	switch (got->type) {
	case EVENT_LOGIN:
	case EVENT_LOGOUT:
		assert_login(&got->login, &expected->login);
		break;
	case EVENT_DISCONNECTED:
		assert_int_equal(got->disconnected.error, expected->disconnected.error);
		assert_text(got->disconnected.text, expected->disconnected.text);
		break;
	case EVENT_STATUS:
		assert_int_equal(got->status.status, expected->status.status);
		assert_text(got->status.text, expected->status.text);
		break;
	case EVENT_CONTACT:
	case EVENT_CONTACT_REMOVED:
	case EVENT_AUTH_REQUEST:
		assert_contact(&got->contact, &expected->contact);
		break;
	case EVENT_CONTACTS:
		assert_int_equal(got->contacts.count, expected->contacts.count);
		for (size_t i = 0; i < got->contacts.count; i++)
			assert_contact(&got->contacts.contacts[i], &expected->contacts.contacts[i]);
		break;
	case EVENT_MESSAGE:
	case EVENT_SUBJECT:
	case EVENT_ATTENTION:
		assert_message(&got->message, &expected->message);
		break;
	case EVENT_RECEIPT:
		assert_text(got->receipt.name, expected->receipt.name);
		assert_text(got->receipt.id, expected->receipt.id);
		break;
	case EVENT_CHAT_STATE:
		assert_text(got->chat_state.name, expected->chat_state.name);
		assert_int_equal(got->chat_state.state, expected->chat_state.state);
		break;
	case EVENT_ROOM_JOIN:
	case EVENT_ROOM_LEAVE:
	case EVENT_ROOM_NICKNAME:
	case EVENT_PARTICIPANT:
	case EVENT_ROOM_LIST:
		assert_room_event(got, expected);
		break;
	case EVENT_VCARD:
	case EVENT_VCARD_REQUEST:
		assert_vcard(&got->vcard, &expected->vcard);
		break;
	default:
		assert_backend_event(got, expected);
	}
}

static void test_round_trips(void **state)
{
	struct trip trip = {0};
	bool seen[2][EVENT_TYPE_COUNT] = {0};

	(void)state;
	for (size_t i = 0; i < samples_count; i++) {
		assert_int_equal(trip_run(&trip, samples[i].speaker, &samples[i].event), 0);
		assert_event(&trip.event, &samples[i].event);
		seen[samples[i].speaker][samples[i].event.type] = true;
	}
	/* An event without a sample is one that this side cannot send. */
	for (int side = 0; side < 2; side++) {
		for (int type = 0; type < EVENT_TYPE_COUNT; type++) {
			struct event event = {.type = (enum event_type)type};

			buf_clear(&trip.wire);
			if (seen[side][type] || type == EVENT_API_VERSION)
				continue;
			assert_int_equal(codec_encode(&trip.wire, (enum codec_side)side, &event), TP_ERR_UNSUPPORTED);
			assert_int_equal(trip.wire.len, 0);
		}
	}
	trip_finish(&trip);
}

/* All strings NULL: still a frame that the other side reads. */
static void test_empty_events(void **state)
{
	struct trip trip = {0};

	(void)state;
	for (size_t i = 0; i < samples_count; i++) {
		struct event event = {.type = samples[i].event.type};
		int error = trip_run(&trip, samples[i].speaker, &event);

		if (event.type == EVENT_RECEIPT || event.type == EVENT_RAW_XML)
			assert_int_equal(error, TP_ERR_INVALID);
		else
			assert_int_equal(error, 0);
	}
	trip_finish(&trip);
}

static void test_wrong_side(void **state)
{
	struct trip trip = {0};
	struct event login = {.type = EVENT_LOGIN, .user = "u@x"};

	(void)state;
	assert_int_equal(trip_run(&trip, CODEC_CORE, &login), 0);
	assert_int_equal(decode_wire(&trip, CODEC_BACKEND), TP_ERR_INVALID);
	assert_int_equal(trip.event.type, EVENT_LOGIN);
	assert_null(trip.event.user);
	trip_finish(&trip);
}

static int decode_hex(struct trip *trip, enum codec_side speaker, const char *hex)
{
	buf_clear(&trip->wire);
	arena_reset(&trip->arena);
	hex_append(&trip->wire, "00000000");
	hex_append(&trip->wire, hex);
	return decode_wire(trip, speaker);
}

static void test_unknown_things(void **state)
{
	struct trip trip = {0};

	(void)state;
	assert_int_equal(decode_hex(&trip, CODEC_BACKEND, ""), TP_ERR_INVALID);
	assert_int_equal(decode_hex(&trip, CODEC_BACKEND, "0805"), TP_ERR_INVALID);     /* type 5 is no type */
	assert_int_equal(decode_hex(&trip, CODEC_BACKEND, "0863"), TP_ERR_INVALID);     /* 99 */
	assert_int_equal(decode_hex(&trip, CODEC_BACKEND, "08e807"), TP_ERR_INVALID);   /* 1000 */
	assert_int_equal(decode_hex(&trip, CODEC_BACKEND, "08ffffffffffffffffff01"), TP_ERR_INVALID); /* -1 */
	assert_int_equal(decode_hex(&trip, CODEC_BACKEND, "1200"), TP_ERR_INVALID);     /* no type */
	assert_int_equal(decode_hex(&trip, CODEC_BACKEND, "0818"), 0);                  /* FT_START */
	assert_int_equal(trip.event.type, EVENT_OTHER);
	assert_int_equal(decode_hex(&trip, CODEC_BACKEND, "0801"), TP_ERR_INVALID);     /* CONNECTED of nobody */
	/* A field of the future is skipped: PONG with field 1000. */
	assert_int_equal(decode_hex(&trip, CODEC_BACKEND, "080ac03e01"), 0);
	assert_int_equal(trip.event.type, EVENT_PONG);
	/* BUDDY_CHANGED with a status that is none, and with none at all: ONLINE. */
	assert_int_equal(decode_hex(&trip, CODEC_BACKEND, "0806 120a 0a03754078 120162 2863"), 0);
	assert_int_equal(trip.event.contact.status, STATUS_ONLINE);
	assert_int_equal(decode_hex(&trip, CODEC_BACKEND, "0806 1208 0a03754078 120162"), 0);
	assert_int_equal(trip.event.contact.status, STATUS_ONLINE);
	/* PARTICIPANT_CHANGED requires one. */
	assert_int_equal(decode_hex(&trip, CODEC_BACKEND, "080d 120f 0a03754078 120161 1a0162 2000 2863"), TP_ERR_INVALID);
	assert_int_equal(decode_hex(&trip, CODEC_BACKEND, "080d 120f 0a03754078 120161 1a0162 2000 2805"), 0);
	trip_finish(&trip);
}

/* "a\0b\r\nc\x80" as a message from contact "x\ny". */
static void test_text_is_cleaned(void **state)
{
	struct trip trip = {0};

	(void)state;
	assert_int_equal(decode_hex(&trip, CODEC_BACKEND, "0808 1213 0a03754078 1203780a79 1a07 6100620d0a6380"), 0);
	assert_string_equal(trip.event.message.name, "x y");
	assert_string_equal(trip.event.message.text, "a\xef\xbf\xbd"
						     "b\nc\xef\xbf\xbd");
	trip_finish(&trip);
}

static void test_message_kinds(void **state)
{
	struct trip trip = {0};
	struct event event = {EVENT_MESSAGE, "u@x", .message = {MESSAGE_ROOM_PRIVATE, "#a", "bob", .text = "x"}};

	(void)state;
	assert_int_equal(trip_run(&trip, CODEC_CORE, &event), 0);
	assert_int_equal(trip.event.message.kind, MESSAGE_CHAT);
	assert_string_equal(trip.event.message.name, "#a/bob");
	assert_null(trip.event.message.nickname);
	event.message.kind = MESSAGE_ROOM;
	assert_int_equal(trip_run(&trip, CODEC_CORE, &event), 0);
	assert_string_equal(trip.event.message.name, "#a");
	/* The C++ library writes an empty nickname in every message. */
	event.message = (struct event_message){MESSAGE_ROOM, "bob", "", .text = "x"};
	assert_int_equal(trip_run(&trip, CODEC_BACKEND, &event), 0);
	assert_int_equal(trip.event.message.kind, MESSAGE_CHAT);
	/* An id goes to the backend only if a receipt is asked for. */
	event.message.id = "m1";
	assert_int_equal(trip_run(&trip, CODEC_CORE, &event), 0);
	assert_null(trip.event.message.id);
	assert_false(trip.event.message.receipt);
	trip_finish(&trip);
}

static char *text_of_length(size_t length)
{
	char *text = mem_alloc(length + 1);

	memset(text, 'x', length);
	return text;
}

static void test_limits(void **state)
{
	struct trip trip = {0};
	char *name = text_of_length(LIMIT_NAME_BYTES + 1), *body = text_of_length(LIMIT_MESSAGE_BYTES + 1);
	struct event event = {EVENT_ROOM_NICKNAME, "u@x", .room = {"#a", name, NULL, NULL}};

	(void)state;
	assert_int_equal(trip_run(&trip, CODEC_BACKEND, &event), TP_ERR_INVALID);
	assert_null(trip.event.user);
	event.room.nickname = name + 1;
	assert_int_equal(trip_run(&trip, CODEC_BACKEND, &event), 0);

	event = (struct event){EVENT_MESSAGE, "u@x", .message = {MESSAGE_ROOM, "#a", "bob", .text = body}};
	assert_int_equal(trip_run(&trip, CODEC_BACKEND, &event), TP_ERR_LIMIT);
	assert_string_equal(trip.event.user, "u@x");
	assert_string_equal(trip.event.message.name, "#a");
	assert_string_equal(trip.event.message.nickname, "bob");
	assert_string_equal(trip.event.message.text, "");
	event.message.text = body + 1;
	assert_int_equal(trip_run(&trip, CODEC_BACKEND, &event), 0);
	event.message.xhtml = body;
	assert_int_equal(trip_run(&trip, CODEC_BACKEND, &event), TP_ERR_LIMIT);

	event = (struct event){EVENT_CONTACT, "u@x", .contact = {.name = "b", .alias = body, .status_text = body}};
	assert_int_equal(trip_run(&trip, CODEC_BACKEND, &event), 0);
	assert_int_equal(strlen(trip.event.contact.alias), LIMIT_NAME_BYTES);
	assert_int_equal(strlen(trip.event.contact.status_text), LIMIT_STATUS_BYTES);
	mem_free(name);
	mem_free(body);
	trip_finish(&trip);
}

static void test_frame_limit(void **state)
{
	struct trip trip = {0};
	uint8_t *photo = mem_alloc(LIMIT_FRAME_BYTES);
	struct event event = {EVENT_VCARD, "u@x",
			      .vcard = {"b", 1, .photo = photo, .photo_size = LIMIT_FRAME_BYTES, .has_photo = true}};

	(void)state;
	assert_int_equal(codec_encode(&trip.wire, CODEC_BACKEND, &event), TP_ERR_LIMIT);
	assert_int_equal(trip.wire.len, 0);
	event.vcard.photo_size = LIMIT_FRAME_BYTES - 100;
	assert_int_equal(trip_run(&trip, CODEC_BACKEND, &event), 0);
	assert_int_equal(trip.event.vcard.photo_size, LIMIT_FRAME_BYTES - 100);
	mem_free(photo);
	trip_finish(&trip);
}

/* The costliest honest frames stay within the memory that a frame may take. */
static void test_large_lists(void **state)
{
	struct trip trip = {0};
	static const char *rooms[LIMIT_ROOM_LIST + 10];
	struct event event = {EVENT_ROOM_LIST, .room_list = {rooms, rooms, ARRAY_SIZE(rooms)}};
	struct event_contact *contacts = mem_alloc(LIMIT_CONTACTS_PER_USER * sizeof(*contacts));

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rooms); i++)
		rooms[i] = "#room";
	rooms[5] = "";
	assert_int_equal(trip_run(&trip, CODEC_BACKEND, &event), 0);
	assert_int_equal(trip.event.room_list.count, LIMIT_ROOM_LIST - 1);
	print_message("# room list: %.1f bytes of memory for one of the frame\n",
		      (double)trip.arena.used / (double)trip.wire.len);

	for (size_t i = 0; i < LIMIT_CONTACTS_PER_USER; i++)
		contacts[i] = (struct event_contact){.name = "bob"};
	event = (struct event){EVENT_CONTACTS, "u@x", .contacts = {contacts, LIMIT_CONTACTS_PER_USER}};
	assert_int_equal(trip_run(&trip, CODEC_CORE, &event), 0);
	assert_int_equal(trip.event.contacts.count, LIMIT_CONTACTS_PER_USER);
	print_message("# contacts: %.1f bytes of memory for one of the frame\n",
		      (double)trip.arena.used / (double)trip.wire.len);
	mem_free(contacts);
	trip_finish(&trip);
}

static void test_names(void **state)
{
	(void)state;
	for (int type = 0; type < EVENT_TYPE_COUNT; type++)
		assert_non_null(event_type_name((enum event_type)type));
	assert_string_equal(event_type_name(EVENT_MESSAGE), "message");
	assert_string_equal(event_type_name(EVENT_TYPE_COUNT), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trips),   cmocka_unit_test(test_empty_events),
		cmocka_unit_test(test_wrong_side),    cmocka_unit_test(test_unknown_things),
		cmocka_unit_test(test_text_is_cleaned), cmocka_unit_test(test_message_kinds),
		cmocka_unit_test(test_limits),        cmocka_unit_test(test_frame_limit),
		cmocka_unit_test(test_large_lists),   cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
