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
	enum codec_dialect dialect;
	struct arena arena;
	struct buf wire;
	struct event event;
};

static int decode_wire(struct trip *trip, enum codec_side speaker)
{
	return codec_decode(&trip->arena, speaker, trip->dialect, (uint8_t *)trip->wire.data + 4, trip->wire.len - 4,
			    &trip->event);
}

static int trip_run(struct trip *trip, enum codec_side speaker, const struct event *event)
{
	buf_clear(&trip->wire);
	arena_reset(&trip->arena);
	assert_int_equal(codec_encode(&trip->wire, speaker, trip->dialect, event), 0);
	return decode_wire(trip, speaker);
}

static void trip_finish(struct trip *trip)
{
	buf_finish(&trip->wire);
	arena_finish(&trip->arena);
}

static void test_round_trips(void **state)
{
	struct trip trip = {0};
	bool seen[2][2][EVENT_TYPE_COUNT] = {0};

	(void)state;
	for (size_t i = 0; i < samples_count; i++) {
		for (int dialect = samples[i].dialect; dialect <= CODEC_EXTENDED; dialect++) {
			trip.dialect = (enum codec_dialect)dialect;
			assert_int_equal(trip_run(&trip, samples[i].speaker, &samples[i].event), 0);
			assert_event(&trip.event, &samples[i].event);
			seen[dialect][samples[i].speaker][samples[i].event.type] = true;
		}
	}
	/* An event without a sample is one that this side cannot send. */
	for (int n = 0; n < 4 * EVENT_TYPE_COUNT; n++) {
		enum codec_dialect dialect = (enum codec_dialect)(n & 1);
		enum codec_side side = (enum codec_side)(n >> 1 & 1);
		struct event event = {.type = (enum event_type)(n >> 2)};

		buf_clear(&trip.wire);
		if (seen[dialect][side][event.type] || event.type == EVENT_API_VERSION)
			continue;
		assert_int_equal(codec_encode(&trip.wire, side, dialect, &event), TP_ERR_UNSUPPORTED);
		assert_int_equal(trip.wire.len, 0);
	}
	trip_finish(&trip);
}

/* What was kept of a message is good without what it was read into. */
static void test_kept_messages(void **state)
{
	struct arena kept = {0};

	(void)state;
	for (size_t i = 0; i < samples_count; i++) {
		struct trip trip = {.dialect = CODEC_EXTENDED};

		if (samples[i].event.type != EVENT_MESSAGE)
			continue;
		assert_int_equal(trip_run(&trip, samples[i].speaker, &samples[i].event), 0);
		event_message_keep(&trip.event.message, &kept);
		trip.event.user = samples[i].event.user;
		trip_finish(&trip);
		assert_event(&trip.event, &samples[i].event);
	}
	arena_finish(&kept);
}

/* All strings NULL: still a frame that the other side reads, where it does not have to say something. */
static void test_empty_events(void **state)
{
	static const bool must_speak[EVENT_TYPE_COUNT] = {
		[EVENT_RECEIPT] = true, [EVENT_RAW_XML] = true, [EVENT_READ_MARKER] = true, [EVENT_HOLD] = true};
	struct trip trip = {0};

	(void)state;
	for (size_t i = 0; i < samples_count; i++) {
		struct event event = {.type = samples[i].event.type};
		int error;

		trip.dialect = samples[i].dialect;
		error = trip_run(&trip, samples[i].speaker, &event);
		assert_int_equal(error, must_speak[event.type] ? TP_ERR_INVALID : 0);
	}
	trip_finish(&trip);
}

/* To a peer without the extension the same event is the same frame as ever, and what it would not know is
 * not read. */
static void test_plain_dialect(void **state)
{
	struct trip trip = {0};
	struct buf probe = {0};

	(void)state;
	for (size_t i = 0; i < samples_count; i++) {
		const struct sample *sample = &samples[i];
		struct event event = sample->event;
		size_t plain_length;

		buf_clear(&probe);
		if (codec_encode(&probe, sample->speaker, CODEC_PLAIN, &event) == TP_ERR_UNSUPPORTED)
			continue;
		event.handover = 77;
		event.snapshot = true;
		if (event.type == EVENT_MESSAGE)
			event.message.replaces = "m0";
		trip.dialect = CODEC_PLAIN;
		assert_int_equal(trip_run(&trip, sample->speaker, &event), 0);
		assert_int_equal(trip.event.handover, 0);
		assert_false(trip.event.snapshot);
		assert_int_equal(trip.wire.len, probe.len);
		assert_memory_equal(trip.wire.data, probe.data, probe.len);
		plain_length = trip.wire.len;
		trip.dialect = CODEC_EXTENDED;
		assert_int_equal(trip_run(&trip, sample->speaker, &event), 0);
		assert_int_equal(trip.event.handover, 77);
		assert_true(trip.event.snapshot);
		assert_true(trip.wire.len >= plain_length + 6);
		/* The extended frame, read by somebody who does not speak it. */
		trip.dialect = CODEC_PLAIN;
		arena_reset(&trip.arena);
		assert_int_equal(decode_wire(&trip, sample->speaker), 0);
		assert_int_equal(trip.event.handover, 0);
		if (event.type == EVENT_MESSAGE)
			assert_null(trip.event.message.replaces);
	}
	buf_finish(&probe);
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

/* A numbered frame that cannot be used still tells its number. */
static void test_number_of_bad_frames(void **state)
{
	struct trip trip = {.dialect = CODEC_EXTENDED};

	(void)state;
	assert_int_equal(decode_hex(&trip, CODEC_BACKEND, "0801 c03e07"), TP_ERR_INVALID); /* CONNECTED of nobody */
	assert_int_equal(trip.event.type, EVENT_CONNECTED);
	assert_int_equal(trip.event.handover, 7);
	assert_int_equal(decode_hex(&trip, CODEC_BACKEND, "088808 c03e08"), TP_ERR_INVALID); /* type 1032 */
	assert_int_equal(trip.event.type, EVENT_OTHER);
	assert_int_equal(trip.event.handover, 8);
	assert_int_equal(decode_hex(&trip, CODEC_BACKEND, "08ef07 c03e09"), TP_ERR_INVALID); /* HOLD by a backend */
	assert_int_equal(trip.event.type, EVENT_HOLD);
	assert_int_equal(trip.event.handover, 9);
	trip.dialect = CODEC_PLAIN;
	assert_int_equal(decode_hex(&trip, CODEC_BACKEND, "08ef07 c03e09"), TP_ERR_INVALID);
	assert_int_equal(trip.event.type, EVENT_OTHER);
	assert_int_equal(trip.event.handover, 0);
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

/* An absent nickname is none, not an empty one: it is a contact who types. */
static void test_chat_states(void **state)
{
	struct trip trip = {.dialect = CODEC_EXTENDED};
	struct event event = {EVENT_CHAT_STATE, "u@x", .chat_state = {"bob", CHAT_STATE_COMPOSING, NULL}};

	(void)state;
	assert_int_equal(trip_run(&trip, CODEC_BACKEND, &event), 0);
	assert_null(trip.event.chat_state.nickname);
	event.chat_state.nickname = "";
	assert_int_equal(trip_run(&trip, CODEC_BACKEND, &event), 0);
	assert_null(trip.event.chat_state.nickname);
	event.chat_state.nickname = "eve";
	assert_int_equal(trip_run(&trip, CODEC_BACKEND, &event), 0);
	assert_string_equal(trip.event.chat_state.nickname, "eve");
	trip.dialect = CODEC_PLAIN;
	assert_int_equal(trip_run(&trip, CODEC_BACKEND, &event), 0);
	assert_null(trip.event.chat_state.nickname);
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

static void test_extension_limits(void **state)
{
	struct trip trip = {.dialect = CODEC_EXTENDED};
	char *name = text_of_length(LIMIT_NAME_BYTES + 1), *body = text_of_length(LIMIT_MESSAGE_BYTES + 1);
	const char *many[LIMIT_REACTIONS + 1];
	struct event event = {EVENT_MESSAGE, "u@x", .handover = 3, .message = {.name = "b", .text = "x", .id = name}};

	(void)state;
	assert_int_equal(trip_run(&trip, CODEC_CORE, &event), TP_ERR_INVALID);
	assert_int_equal(trip.event.handover, 3);
	event.message.id = name + 1;
	event.message.reply_to = "m";
	event.message.reply_text = body;
	event.message.author = (struct event_author){name, "id", body + 1};
	assert_int_equal(trip_run(&trip, CODEC_CORE, &event), 0);
	assert_int_equal(strlen(trip.event.message.id), LIMIT_NAME_BYTES);
	assert_int_equal(strlen(trip.event.message.reply_text), LIMIT_QUOTE_BYTES);
	assert_int_equal(strlen(trip.event.message.author.name), LIMIT_NAME_BYTES);
	event.message.author.avatar_url = body;
	assert_int_equal(trip_run(&trip, CODEC_CORE, &event), TP_ERR_LIMIT);
	assert_int_equal(trip.event.handover, 3);
	assert_string_equal(trip.event.user, "u@x");
	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = "+1";
	event.message = (struct event_message){
		.name = "b", .text = "x", .reacts_to = "m", .reactions = many, .reactions_count = LIMIT_REACTIONS};
	assert_int_equal(trip_run(&trip, CODEC_CORE, &event), 0);
	assert_int_equal(trip.event.message.reactions_count, LIMIT_REACTIONS);
	event.message.reactions_count++;
	assert_int_equal(trip_run(&trip, CODEC_CORE, &event), TP_ERR_LIMIT);

	event = (struct event){EVENT_LOGIN_STEP, "u@x",
			       .login_step = {.text = body, .kind = LOGIN_STEP_LINK, .data = body, .choices = many}};
	assert_int_equal(trip_run(&trip, CODEC_BACKEND, &event), TP_ERR_INVALID);
	event.login_step.data = body + LIMIT_MESSAGE_BYTES + 1 - LIMIT_LOGIN_DATA_BYTES;
	event.login_step.choices_count = LIMIT_LOGIN_CHOICES;
	assert_int_equal(trip_run(&trip, CODEC_BACKEND, &event), 0);
	assert_int_equal(strlen(trip.event.login_step.text), LIMIT_STATUS_BYTES);
	event.login_step.choices_count++;
	assert_int_equal(trip_run(&trip, CODEC_BACKEND, &event), TP_ERR_INVALID);
	event.login_step = (struct event_login_step){.kind = (enum login_step_kind)(LOGIN_STEP_LINK + 1)};
	assert_int_equal(trip_run(&trip, CODEC_BACKEND, &event), TP_ERR_INVALID);
	mem_free(name);
	mem_free(body);
	trip_finish(&trip);
}

static void test_value_limits(void **state)
{
	struct trip trip = {.dialect = CODEC_EXTENDED};
	uint8_t *bytes = mem_alloc(LIMIT_VALUE_BYTES + 1);
	struct event_value values[LIMIT_VALUES_PER_USER + 1];
	struct event event = {EVENT_VALUES, "u@x", .values = {values, 1}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		values[i] = (struct event_value){"k", bytes, LIMIT_VALUE_BYTES};
	assert_int_equal(trip_run(&trip, CODEC_BACKEND, &event), 0);
	values[0].size++;
	assert_int_equal(trip_run(&trip, CODEC_BACKEND, &event), TP_ERR_LIMIT);
	assert_string_equal(trip.event.user, "u@x");
	values[0].size = 0;
	event.values.count = LIMIT_VALUES_BYTES / LIMIT_VALUE_BYTES; /* with the keys some bytes below the limit */
	assert_int_equal(trip_run(&trip, CODEC_BACKEND, &event), 0);
	event.values.count++;
	assert_int_equal(trip_run(&trip, CODEC_BACKEND, &event), TP_ERR_LIMIT);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		values[i].size = 1;
	event.values.count = LIMIT_VALUES_PER_USER;
	assert_int_equal(trip_run(&trip, CODEC_BACKEND, &event), 0);
	event.values.count++;
	assert_int_equal(trip_run(&trip, CODEC_BACKEND, &event), TP_ERR_LIMIT);
	event.values.count = 1;
	values[0].key = "";
	assert_int_equal(trip_run(&trip, CODEC_BACKEND, &event), TP_ERR_INVALID);
	mem_free(bytes);
	trip_finish(&trip);
}

/* A participant that is none is left out, the others are there. */
static void test_bad_participants(void **state)
{
	struct trip trip = {.dialect = CODEC_EXTENDED};
	char *name = text_of_length(LIMIT_NAME_BYTES + 1);
	struct event_participant entries[] = {
		{.nickname = "a"},
		{.nickname = name},
		{.nickname = "b", .status = (enum status)99},
		{.nickname = "c", .status = STATUS_AWAY},
	};
	struct event event = {EVENT_PARTICIPANTS, "u@x", .participants = {"#a", entries, ARRAY_SIZE(entries)}};

	(void)state;
	assert_int_equal(trip_run(&trip, CODEC_BACKEND, &event), 0);
	assert_int_equal(trip.event.participants.count, 2);
	assert_string_equal(trip.event.participants.participants[0].nickname, "a");
	assert_string_equal(trip.event.participants.participants[1].nickname, "c");
	event.participants.room = name;
	assert_int_equal(trip_run(&trip, CODEC_BACKEND, &event), TP_ERR_INVALID);
	mem_free(name);
	trip_finish(&trip);
}

/* The same of bans, of which a frame has so many. */
static void test_bans(void **state)
{
	struct trip trip = {.dialect = CODEC_EXTENDED};
	char *name = text_of_length(LIMIT_NAME_BYTES + 1);
	struct event_ban entries[LIMIT_BANS_PER_FRAME + 3] = {{.mask = ""}, {.mask = name}};
	struct event event = {EVENT_BANS, "u@x", .bans = {"#a", entries, ARRAY_SIZE(entries)}};

	(void)state;
	for (size_t i = 2; i < ARRAY_SIZE(entries); i++)
		entries[i] = (struct event_ban){.mask = "*!*@b\nc", .set_by = name, .at = -1};
	assert_int_equal(trip_run(&trip, CODEC_BACKEND, &event), 0);
	assert_int_equal(trip.event.bans.count, LIMIT_BANS_PER_FRAME);
	assert_string_equal(trip.event.bans.bans[0].mask, "*!*@b c");
	assert_int_equal(strlen(trip.event.bans.bans[0].set_by), LIMIT_NAME_BYTES);
	assert_int_equal(trip.event.bans.bans[0].at, 0);
	event.bans.room = name;
	assert_int_equal(trip_run(&trip, CODEC_BACKEND, &event), TP_ERR_INVALID);
	mem_free(name);
	trip_finish(&trip);
}

static void test_frame_limit(void **state)
{
	struct trip trip = {0};
	uint8_t *photo = mem_alloc(LIMIT_FRAME_BYTES);
	struct event event = {EVENT_VCARD, "u@x",
			      .vcard = {"b", 1, .photo = photo, .photo_size = LIMIT_FRAME_BYTES, .has_photo = true}};

	(void)state;
	assert_int_equal(codec_encode(&trip.wire, CODEC_BACKEND, CODEC_PLAIN, &event), TP_ERR_LIMIT);
	assert_int_equal(trip.wire.len, 0);
	event.vcard.photo_size = LIMIT_FRAME_BYTES - 100;
	assert_int_equal(trip_run(&trip, CODEC_BACKEND, &event), 0);
	assert_int_equal(trip.event.vcard.photo_size, LIMIT_FRAME_BYTES - 100);
	mem_free(photo);
	trip_finish(&trip);
}

static void check_large_extension_lists(struct trip *trip)
{
	struct event_participant *entries = mem_alloc((LIMIT_PARTICIPANTS_PER_ROOM + 1) * sizeof(*entries));
	struct event_handover_result *results = mem_alloc(100000 * sizeof(*results));
	struct event event = {EVENT_PARTICIPANTS, "u@x",
			      .participants = {"#a", entries, LIMIT_PARTICIPANTS_PER_ROOM + 1}};

	trip->dialect = CODEC_EXTENDED;
	for (size_t i = 0; i <= LIMIT_PARTICIPANTS_PER_ROOM; i++)
		entries[i] = (struct event_participant){.nickname = "b"};
	assert_int_equal(trip_run(trip, CODEC_BACKEND, &event), 0);
	assert_int_equal(trip->event.participants.count, LIMIT_PARTICIPANTS_PER_ROOM);
	print_message("# participants: %.1f bytes of memory for one of the frame\n",
		      (double)trip->arena.used / (double)trip->wire.len);

	for (size_t i = 0; i < 100000; i++)
		results[i] = (struct event_handover_result){.number = i + 1, .message_id = "1a2b"};
	event = (struct event){EVENT_HANDOVER, .handed_over = {.results = results, .results_count = 100000}};
	assert_int_equal(trip_run(trip, CODEC_BACKEND, &event), 0);
	assert_int_equal(trip->event.handed_over.results_count, 100000);
	print_message("# results: %.1f bytes of memory for one of the frame\n",
		      (double)trip->arena.used / (double)trip->wire.len);
	mem_free(entries);
	mem_free(results);
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
	check_large_extension_lists(&trip);
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
		cmocka_unit_test(test_round_trips),   cmocka_unit_test(test_kept_messages),
		cmocka_unit_test(test_empty_events),
		cmocka_unit_test(test_wrong_side),    cmocka_unit_test(test_unknown_things),
		cmocka_unit_test(test_text_is_cleaned), cmocka_unit_test(test_message_kinds),
		cmocka_unit_test(test_limits),        cmocka_unit_test(test_frame_limit),
		cmocka_unit_test(test_large_lists),   cmocka_unit_test(test_names),
		cmocka_unit_test(test_plain_dialect), cmocka_unit_test(test_number_of_bad_frames),
		cmocka_unit_test(test_value_limits),  cmocka_unit_test(test_extension_limits),
		cmocka_unit_test(test_bad_participants), cmocka_unit_test(test_bans), cmocka_unit_test(test_chat_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
