/* SPDX-License-Identifier: MIT */
#include "tests/unit/protocol/sample_events.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"

#define USER "alice@example.org"

static const struct event_setting settings[] = {{"send_headlines", "1"}, {"token", "a\nb"}, {"empty", ""}};
static const char *const groups[] = {"Friends", "Wörk"};
static const struct event_contact contacts[] = {
	{.name = "bob", .alias = "Bob", .groups = groups, .groups_count = 2, .status = STATUS_OFFLINE, .icon_hash = "ab"},
	{.name = "carol", .status = STATUS_OFFLINE},
};
static const struct event_attachment attachments[] = {
	{"https://example.org/a.png", "image/png", "a picture"},
	{"https://example.org/b", NULL, NULL},
};
static const char *const rooms[] = {"#a", "#b"}, *const room_names[] = {"Room A", ""};
static const char *const reactions[] = {"👍", ":party:"}, *const choices[] = {"SMS", "Call"};
static const char *const users[] = {USER, "bob@example.org"};
static const uint64_t taken[] = {1, 3, UINT64_MAX};
static const struct event_handover_result results[] = {
	{2, 0, NULL, "id-of-2"},
	{4, HANDOVER_FORBIDDEN, "You may not speak here.", NULL},
	{5, -1, NULL, NULL},
};
static const struct event_value values[] = {
	{"token", (const uint8_t *)"a\0b", 3}, {"empty", (const uint8_t *)"", 0}, {"gone", NULL, 0}};
static const struct event_participant participants[] = {
	{.nickname = "eve", .flags = PARTICIPANT_MODERATOR, .status = STATUS_AWAY, .status_text = "out"},
	{.nickname = "alice", .flags = PARTICIPANT_ME, .icon_hash = "00ff", .alias = "Alice"},
};
static const struct event_ban bans[] = {{"*!*@evil.example", "eve", "alice", 1764288000}, {.mask = "$a:bob"}};
static const struct event_held_session sessions[] = {{USER, "alice_", true}, {"bob@example.org", "", false}};
static const uint8_t photo[] = {0x89, 'P', 'N', 'G', 0, 1, 2, 3};

#define BOTH_TEXT(t) .text = {t, sizeof(t) - 1}

const struct sample samples[] = {
	{CODEC_CORE, {EVENT_LOGIN, USER, .login = {"alice_", "sécret", settings, 3}}},
	{CODEC_CORE, {EVENT_LOGIN, USER, .login = {"", "", NULL, 0}}},
	{CODEC_CORE, {EVENT_LOGOUT, USER, .login = {.legacy_name = "alice_", .password = ""}}},
	{CODEC_BACKEND, {EVENT_CONNECTED, USER}},
	{CODEC_BACKEND, {EVENT_DISCONNECTED, USER, .disconnected = {-7, "gone"}}},
	{CODEC_CORE, {EVENT_STATUS, USER, .status = {STATUS_INVISIBLE, "brb\nlunch"}}},
	{CODEC_CORE, {EVENT_STATUS, USER, .status = {STATUS_ONLINE, NULL}}},
	{CODEC_CORE,
	 {EVENT_CONTACT, USER,
	  .contact = {.name = "bob", .alias = "Bob", .groups = groups, .groups_count = 2, .status = STATUS_OFFLINE}}},
	{CODEC_CORE,
	 {EVENT_CONTACT, USER, .contact = {.name = "bob", .status = STATUS_OFFLINE, .has_blocked = true, .blocked = true}}},
	{CODEC_BACKEND,
	 {EVENT_CONTACT, USER,
	  .contact = {.name = "bob", .alias = "Bob", .groups = groups, .groups_count = 1, .status = STATUS_AWAY,
		      .status_text = "out", .icon_hash = "00ff", .has_blocked = true}}},
	{CODEC_BACKEND, {EVENT_CONTACT, USER, .contact = {.name = "bob"}}},
	{CODEC_CORE, {EVENT_CONTACT_REMOVED, USER, .contact = {.name = "bob", .status = STATUS_OFFLINE}}},
	{CODEC_BACKEND, {EVENT_CONTACT_REMOVED, USER, .contact = {.name = "bob"}}},
	{CODEC_CORE, {EVENT_CONTACTS, USER, .contacts = {contacts, 2}}},
	{CODEC_BACKEND, {EVENT_AUTH_REQUEST, USER, .contact = {.name = "dave", .alias = "Dave"}}},
	{CODEC_CORE,
	 {EVENT_MESSAGE, USER,
	  .message = {.name = "bob", .text = "hi\n\tthere", .xhtml = "<b>hi</b>", .id = "m1", .receipt = true}}},
	{CODEC_CORE, {EVENT_MESSAGE, USER, .message = {.name = "#a", .text = "hi"}}},
	{CODEC_BACKEND,
	 {EVENT_MESSAGE, USER,
	  .message = {.name = "bob", .text = "", .stamp_ms = 1700000000000, .headline = true, .carbon = true,
		      .attachments = attachments, .attachments_count = 2}}},
	{CODEC_BACKEND,
	 {EVENT_MESSAGE, USER, .message = {.kind = MESSAGE_ROOM, .name = "#a", .nickname = "eve", .text = "x", .id = "n1"}}},
	{CODEC_BACKEND,
	 {EVENT_MESSAGE, USER, .message = {.kind = MESSAGE_ROOM_PRIVATE, .name = "#a", .nickname = "eve", .text = "x"}}},
	{CODEC_CORE, {EVENT_SUBJECT, USER, .message = {.kind = MESSAGE_ROOM, .name = "#a", .text = "topic"}}},
	{CODEC_BACKEND,
	 {EVENT_SUBJECT, USER, .message = {.kind = MESSAGE_ROOM, .name = "#a", .nickname = "eve", .text = "topic"}}},
	{CODEC_CORE, {EVENT_ATTENTION, USER, .message = {.name = "bob", .text = ""}}},
	{CODEC_BACKEND, {EVENT_ATTENTION, USER, .message = {.name = "bob", .text = "hey"}}},
	{CODEC_BACKEND, {EVENT_RECEIPT, USER, .receipt = {"bob", "m1"}}},
	{CODEC_CORE, {EVENT_CHAT_STATE, USER, .chat_state = {"bob", CHAT_STATE_ACTIVE, NULL}}},
	{CODEC_CORE, {EVENT_CHAT_STATE, USER, .chat_state = {"bob", CHAT_STATE_COMPOSING, NULL}}},
	{CODEC_BACKEND, {EVENT_CHAT_STATE, USER, .chat_state = {"bob", CHAT_STATE_PAUSED, NULL}}},
	{CODEC_CORE, {EVENT_ROOM_JOIN, USER, .room = {"#a", "alice", "key", NULL}}},
	{CODEC_CORE, {EVENT_ROOM_LEAVE, USER, .room = {"#a", "", NULL, NULL}}},
	{CODEC_BACKEND, {EVENT_ROOM_NICKNAME, USER, .room = {"#a", "alice_", NULL, NULL}}},
	{CODEC_BACKEND,
	 {EVENT_PARTICIPANT, USER,
	  .participant = {"#a", "eve", PARTICIPANT_MODERATOR | PARTICIPANT_ME, STATUS_OFFLINE, "bye", "eve2", "00ff", "Eve",
			  false}}},
	{CODEC_BACKEND, {EVENT_PARTICIPANT, USER, .participant = {.room = "#a", .nickname = "eve"}}},
	{CODEC_BACKEND, {EVENT_ROOM_LIST, NULL, .room_list = {rooms, room_names, 2}}},
	{CODEC_BACKEND, {EVENT_ROOM_LIST, USER, .room_list = {rooms, room_names, 1}}},
	{CODEC_CORE, {EVENT_VCARD_REQUEST, USER, .vcard = {.name = "bob", .id = 7}}},
	{CODEC_CORE,
	 {EVENT_VCARD, USER,
	  .vcard = {.name = "", .nickname = "Alice", .photo = photo, .photo_size = sizeof(photo), .has_photo = true}}},
	{CODEC_CORE, {EVENT_VCARD, USER, .vcard = {.name = "", .has_photo = true}}},
	{CODEC_BACKEND,
	 {EVENT_VCARD, USER,
	  .vcard = {.name = "bob", .id = 0xfffffff0u, .full_name = "Bob B.", .nickname = "bob", .photo = photo,
		    .photo_size = sizeof(photo), .has_photo = true}}},
	{CODEC_BACKEND, {EVENT_VCARD, USER, .vcard = {.name = "bob", .id = 8}}},
	{CODEC_CORE, {EVENT_PING}},
	{CODEC_BACKEND, {EVENT_PONG}},
	{CODEC_CORE, {EVENT_EXIT}},
	{CODEC_BACKEND, {EVENT_STATS, .stats = {300, 200, 100, "42"}}},
	{CODEC_BACKEND, {EVENT_BACKEND_CONFIG, BOTH_TEXT("[features]\nmuc=1\n")}},
	{CODEC_BACKEND, {EVENT_QUERY, BOTH_TEXT("status")}},
	{CODEC_CORE, {EVENT_QUERY, BOTH_TEXT("Running\n")}},
	{CODEC_BACKEND, {EVENT_RAW_XML, BOTH_TEXT("<presence/>")}},
	{CODEC_CORE, {EVENT_RAW_XML, BOTH_TEXT("<message><body>ä</body></message>")}},
	{CODEC_CORE, {EVENT_API_VERSION, .version = 2}},
	/* the extension */
	{CODEC_CORE,
	 {EVENT_MESSAGE, USER, .handover = UINT64_MAX,
	  .message = {.name = "bob", .text = "hi", .id = "m1", .reply_to = "m0", .reply_text = "so?\nyes",
		      .reply_author = "Bob", .thread = "t1",
		      .author = {"Carol C.", "@carol:example.org", "https://example.org/c.png"}}},
	 CODEC_EXTENDED},
	{CODEC_CORE,
	 {EVENT_MESSAGE, USER, .handover = 1,
	  .message = {.name = "bob", .text = "hi", .id = "m1", .receipt = true, .replaces = "m0"}},
	 CODEC_EXTENDED},
	{CODEC_BACKEND,
	 {EVENT_MESSAGE, USER, .handover = 1, .snapshot = true,
	  .message = {MESSAGE_ROOM, "#a", "eve", .text = "eve likes it", .id = "m1", .reacts_to = "m0",
		      .reactions = reactions, .reactions_count = 2, .author = {.name = "Carol"}}},
	 CODEC_EXTENDED},
	{CODEC_BACKEND,
	 {EVENT_MESSAGE, USER, .handover = 2,
	  .message = {MESSAGE_ROOM, "#a", "eve", .text = "it is me", .id = "m2",
		      .author = {.avatar_url = "https://example.org/e.png"}}},
	 CODEC_EXTENDED},
	{CODEC_BACKEND,
	 {EVENT_MESSAGE, USER, .handover = 300, .message = {.name = "bob", .text = "deleted", .retracts = "m0"}},
	 CODEC_EXTENDED},
	{CODEC_CORE,
	 {EVENT_SUBJECT, USER, .handover = 2, .message = {.kind = MESSAGE_ROOM, .name = "#a", .text = "topic", .id = "s1"}},
	 CODEC_EXTENDED},
	{CODEC_BACKEND,
	 {EVENT_ATTENTION, USER, .handover = 3, .message = {.name = "bob", .text = "hey", .id = "a1"}},
	 CODEC_EXTENDED},
	{CODEC_CORE, {EVENT_HANDOVER, .handed_over = {.up_to = 5}}, CODEC_EXTENDED},
	{CODEC_BACKEND, {EVENT_HANDOVER, .handover = 9, .handed_over = {0, taken, 3, results, 3}}, CODEC_EXTENDED},
	{CODEC_BACKEND, {EVENT_CHAT_STATE, USER, .chat_state = {"#a", CHAT_STATE_COMPOSING, "eve"}}, CODEC_EXTENDED},
	{CODEC_CORE, {EVENT_READ_MARKER, USER, .read_marker = {"bob", NULL, "m1"}}, CODEC_EXTENDED},
	{CODEC_BACKEND, {EVENT_READ_MARKER, USER, .handover = 4, .read_marker = {"#a", "eve", "m1"}}, CODEC_EXTENDED},
	{CODEC_BACKEND,
	 {EVENT_LOGIN_STEP, USER, .login_step = {1, LOGIN_STEP_CHOICE, "How?", "data", choices, 2, 300}},
	 CODEC_EXTENDED},
	{CODEC_BACKEND, {EVENT_LOGIN_STEP, USER, .login_step = {.step = 2, .text = "wait"}}, CODEC_EXTENDED},
	{CODEC_CORE, {EVENT_LOGIN_ANSWER, USER, .login_answer = {1, "SMS"}}, CODEC_EXTENDED},
	{CODEC_CORE, {EVENT_LOGIN_ANSWER, USER, .login_answer = {1, ""}}, CODEC_EXTENDED},
	{CODEC_CORE, {EVENT_LOGIN_ANSWER, USER, .login_answer = {UINT32_MAX, NULL}}, CODEC_EXTENDED},
	{CODEC_CORE, {EVENT_VALUES, USER, .values = {values, 3}}, CODEC_EXTENDED},
	{CODEC_BACKEND, {EVENT_VALUES, USER, .values = {NULL, 0}}, CODEC_EXTENDED},
	{CODEC_BACKEND,
	 {EVENT_PARTICIPANTS, USER, .snapshot = true, .participants = {"#a", participants, 2}},
	 CODEC_EXTENDED},
	{CODEC_BACKEND,
	 {EVENT_ROOM_INFO, USER, .room_info = {"#a", "Room A", "what\nit is", "00ff", 12, true, true}},
	 CODEC_EXTENDED},
	{CODEC_BACKEND, {EVENT_ROOM_INFO, USER, .room_info = {.room = "#a"}}, CODEC_EXTENDED},
	{CODEC_CORE, {EVENT_BANS, USER, .bans = {.room = "#a"}}, CODEC_EXTENDED},
	{CODEC_BACKEND, {EVENT_BANS, USER, .handover = 3, .bans = {"#a", bans, 2, .more = true}}, CODEC_EXTENDED},
	{CODEC_BACKEND,
	 {EVENT_BANS, USER, .bans = {"#a", NULL, 0, false, HANDOVER_FORBIDDEN, "Not for you."}},
	 CODEC_EXTENDED},
	{CODEC_CORE, {EVENT_HOLD, .hold = {"one", "two", 30}}, CODEC_EXTENDED},
	{CODEC_CORE, {EVENT_ATTACH, .attach = {"one", 17}}, CODEC_EXTENDED},
	{CODEC_BACKEND, {EVENT_ATTACHED, .attached = {"two", sessions, 2, true}}, CODEC_EXTENDED},
	{CODEC_CORE, {EVENT_RESUME, .resume = {users, 2, true}}, CODEC_EXTENDED},
	{CODEC_BACKEND, {EVENT_RESUMED}, CODEC_EXTENDED},
	{CODEC_CORE,
	 {EVENT_MODERATION, USER, .handover = 9,
	  .message = {.kind = MESSAGE_ROOM, .name = "#a", .nickname = "eve", .text = "too loud", .id = "m9",
		      .moderation = {MODERATION_BAN, ROLE_UNSAID}}},
	 CODEC_EXTENDED},
	{CODEC_CORE,
	 {EVENT_MODERATION, USER,
	  .message = {.kind = MESSAGE_ROOM, .name = "#a", .nickname = "eve", .text = "",
		      .moderation = {MODERATION_ROLE, ROLE_HELPER}}},
	 CODEC_EXTENDED},
	{CODEC_CORE,
	 {EVENT_ROOM_CHANGE, USER, .handover = 10,
	  .message = {.kind = MESSAGE_ROOM, .name = "#a", .text = "", .id = "c1",
		      .change = {.title = "Our room", .picture = photo, .picture_size = sizeof(photo), .has_picture = true}}},
	 CODEC_EXTENDED},
	{CODEC_CORE,
	 {EVENT_ROOM_CHANGE, USER,
	  .message = {.kind = MESSAGE_ROOM, .name = "#a", .text = "", .change = {.has_picture = true}}},
	 CODEC_EXTENDED},
	{CODEC_BACKEND,
	 {EVENT_PARTICIPANT, USER, .participant = {.room = "#a", .nickname = "eve", .role = ROLE_VOICE}},
	 CODEC_EXTENDED},
};
const size_t samples_count = ARRAY_SIZE(samples);

static unsigned hex_digit(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a' + 10);
}

void hex_append(struct buf *out, const char *hex)
{
	for (; *hex; hex++) {
		if (isspace((unsigned char)*hex))
			continue;
		buf_putc(out, (char)(hex_digit(hex[0]) << 4 | hex_digit(hex[1])));
		hex++;
	}
}
