/* SPDX-License-Identifier: MIT */
/* Every test vector of docs/protocol.md, both ways, byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "tests/unit/protocol/sample_events.h"

static const struct event_setting setting = {"k", "v"};
static const uint64_t taken[] = {1, 300};
static const struct event_handover_result results[] = {{2, 0, NULL, "id"}, {3, HANDOVER_FORBIDDEN, "no", NULL}};
static const struct event_value values[] = {{"k", (const uint8_t *)"v", 1}, {"g", NULL, 0}};
static const struct event_ban ban = {"*!*@h", "b", .at = 300};
static const struct event_held_session session = {"u@x", "leg", true};

#define TEXT(t) .text = {t, sizeof(t) - 1}

static const struct {
	const char *hex;
	enum codec_side speaker;
	struct event event;
	enum codec_dialect dialect;
} vectors[] = {
	{"00000002 0809", CODEC_CORE, {EVENT_PING}},
	{"00000002 080a", CODEC_BACKEND, {EVENT_PONG}},
	{"00000002 081d", CODEC_CORE, {EVENT_EXIT}},
	{"00000009 0801 1205 0a03754078", CODEC_BACKEND, {EVENT_CONNECTED, "u@x"}},
	{"00000010 0802 120c 0a03754078 1010 1a03627965", CODEC_BACKEND,
	 {EVENT_DISCONNECTED, "u@x", .disconnected = {16, "bye"}}},
	{"0000001c 0803 1218 0a03754078 12036c6567 1a027077 2a08 0a06 0a016b 120176", CODEC_CORE,
	 {EVENT_LOGIN, "u@x", .login = {"leg", "pw", &setting, 1}}},
	{"00000014 0803 1210 0a03754078 12036c6567 1a027077 2a00", CODEC_CORE,
	 {EVENT_LOGIN, "u@x", .login = {"leg", "pw", NULL, 0}}},
	{"00000010 0811 120c 0a03754078 1801 2203627262", CODEC_CORE,
	 {EVENT_STATUS, "u@x", .status = {STATUS_AWAY, "brb"}}},
	{"00000010 0808 120c 0a03754078 120162 1a026869", CODEC_BACKEND,
	 {EVENT_MESSAGE, "u@x", .message = {.name = "b", .text = "hi"}}},
	{"00000012 0808 120e 0a03754078 120162 1a026869 2a00", CODEC_CORE,
	 {EVENT_MESSAGE, "u@x", .message = {.name = "b", .text = "hi"}}},
	{"00000010 0817 120c 08ac02 10c801 1864 22023432", CODEC_BACKEND, {EVENT_STATS, .stats = {300, 200, 100, "42"}}},
	{"00000017 081e 1213 0a11 5b66656174757265735d0a6d75633d310a", CODEC_BACKEND,
	 {EVENT_BACKEND_CONFIG, TEXT("[features]\nmuc=1\n")}},
	{"0000000c 081f 1208 0a06 737461747573", CODEC_BACKEND, {EVENT_QUERY, TEXT("status")}},
	{"0000000f 0822 120b 3c70726573656e63652f3e", CODEC_BACKEND, {EVENT_RAW_XML, TEXT("<presence/>")}},
	{"00000007 08e807 1202 0805", CODEC_CORE, {EVENT_HANDOVER, .handed_over = {.up_to = 5}}, CODEC_EXTENDED},
	{"0000001a 0808 1213 0a03754078 120162 1a026869 2a00 c23e026d31 c03e07", CODEC_CORE,
	 {EVENT_MESSAGE, "u@x", .handover = 7, .message = {.name = "b", .text = "hi", .id = "m1"}}, CODEC_EXTENDED},
	{"0000000a 08e807 1205 120301ac02", CODEC_BACKEND, {EVENT_HANDOVER, .handed_over = {0, taken, 2, NULL, 0}},
	 CODEC_EXTENDED},
	{"0000001a 08e807 1212 1a06 0802 22026964 1a08 0803 1002 1a026e6f c03e04", CODEC_BACKEND,
	 {EVENT_HANDOVER, .handover = 4, .handed_over = {0, NULL, 0, results, 2}}, CODEC_EXTENDED},
	{"00000017 08ec07 1212 0a03754078 1206 0a016b 120176 1203 0a0167", CODEC_BACKEND,
	 {EVENT_VALUES, "u@x", .values = {values, 2}}, CODEC_EXTENDED},
	{"0000000c 08f007 1207 0a036f6e65 1011", CODEC_CORE, {EVENT_ATTACH, .attach = {"one", 17}}, CODEC_EXTENDED},
	{"00000018 08f107 1213 0a0374776f 120c 0a03754078 12036c6567 1801", CODEC_BACKEND,
	 {EVENT_ATTACHED, .attached = {"two", &session, 1, false}}, CODEC_EXTENDED},
	{"00000003 08f307", CODEC_BACKEND, {EVENT_RESUMED}, CODEC_EXTENDED},
	{"0000001a 08f407 1212 0a03754078 12022361 1a0162 2001 2a026e6f c03e08", CODEC_CORE,
	 {EVENT_MODERATION, "u@x", .handover = 8,
	  .message = {.kind = MESSAGE_ROOM, .name = "#a", .nickname = "b", .text = "no",
		      .moderation = {MODERATION_KICK, ROLE_UNSAID}}},
	 CODEC_EXTENDED},
	{"00000018 08f507 1210 0a03754078 12022361 1a014e 2202ffd8 c03e09", CODEC_CORE,
	 {EVENT_ROOM_CHANGE, "u@x", .handover = 9,
	  .message = {.kind = MESSAGE_ROOM, .name = "#a", .text = "",
		      .change = {"N", (const uint8_t *)"\xff\xd8", 2, true}}},
	 CODEC_EXTENDED},
	{"0000000e 08f607 1209 0a03754078 12022361", CODEC_CORE, {EVENT_BANS, "u@x", .bans = {.room = "#a"}}, CODEC_EXTENDED},
	{"00000020 08f607 1218 0a03754078 12022361 1a0d 0a052a212a4068 120162 20ac02 c03e07", CODEC_BACKEND,
	 {EVENT_BANS, "u@x", .handover = 7, .bans = {"#a", &ban, 1}}, CODEC_EXTENDED},
	{"00000017 080d 1213 0a03754078 12022361 1a0162 2000 2800 c03e02", CODEC_BACKEND,
	 {EVENT_PARTICIPANT, "u@x", .participant = {.room = "#a", .nickname = "b", .role = ROLE_VOICE}},
	 CODEC_EXTENDED},
	/* of our own, for what the core writes always */
	{"00000016 080b 1212 0a03754078 1205616c696365 1a022361 2200", CODEC_CORE,
	 {EVENT_ROOM_JOIN, "u@x", .room = {"#a", "alice", NULL, NULL}}},
	{"00000011 080c 120d 0a03754078 1200 1a022361 2200", CODEC_CORE, {EVENT_ROOM_LEAVE, "u@x", .room = {.name = "#a"}}},
	{"00000018 0808 1214 0a03754078 120423612f62 1a026869 2a00 42016d", CODEC_CORE,
	 {EVENT_MESSAGE, "u@x",
	  .message = {MESSAGE_ROOM_PRIVATE, "#a", "b", .text = "hi", .id = "m", .receipt = true}}},
	{"00000010 0806 120c 0a03754078 120162 1a00 2805", CODEC_CORE, {EVENT_CONTACT, "u@x", .contact = {.name = "b"}}},
	{"0000000e 0810 120a 0a03754078 120162 1807", CODEC_CORE, {EVENT_VCARD_REQUEST, "u@x", .vcard = {"b", 7}}},
	{"00000011 0810 120d 0a03754078 1200 1800 2a00 3200", CODEC_CORE, {EVENT_VCARD, "u@x", .vcard = {""}}},
};

static void test_encode(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		struct buf expected = {0}, out = {0};

		hex_append(&expected, vectors[i].hex);
		assert_int_equal(codec_encode(&out, vectors[i].speaker, vectors[i].dialect, &vectors[i].event), 0);
		assert_int_equal(out.len, expected.len);
		assert_memory_equal(out.data, expected.data, out.len);
		buf_finish(&out);
		buf_finish(&expected);
	}
}

/* What comes out of a vector goes in again as the same bytes. */
static void test_decode(void **state)
{
	struct arena arena = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		struct buf wire = {0}, out = {0};
		struct event event;

		hex_append(&wire, vectors[i].hex);
		assert_int_equal(codec_decode(&arena, vectors[i].speaker, vectors[i].dialect, (uint8_t *)wire.data + 4,
					      wire.len - 4, &event), 0);
		assert_int_equal(event.type, vectors[i].event.type);
		if (vectors[i].event.user)
			assert_string_equal(event.user, vectors[i].event.user);
		else
			assert_null(event.user);
		assert_int_equal(codec_encode(&out, vectors[i].speaker, vectors[i].dialect, &event), 0);
		assert_int_equal(out.len, wire.len);
		assert_memory_equal(out.data, wire.data, out.len);
		buf_finish(&out);
		buf_finish(&wire);
		arena_reset(&arena);
	}
	arena_finish(&arena);
}

static void test_login_fields(void **state)
{
	struct arena arena = {0};
	struct buf wire = {0};
	struct event event;

	(void)state;
	hex_append(&wire, "0803 1218 0a03754078 12036c6567 1a027077 2a08 0a06 0a016b 120176");
	assert_int_equal(codec_decode(&arena, CODEC_CORE, CODEC_PLAIN, (uint8_t *)wire.data, wire.len, &event), 0);
	assert_string_equal(event.login.legacy_name, "leg");
	assert_string_equal(event.login.password, "pw");
	assert_int_equal(event.login.settings_count, 1);
	assert_string_equal(event.login.settings[0].name, "k");
	assert_string_equal(event.login.settings[0].value, "v");
	buf_finish(&wire);
	arena_finish(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encode),
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_login_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
