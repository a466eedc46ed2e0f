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
	{CODEC_CORE, {EVENT_CHAT_STATE, USER, .chat_state = {"bob", CHAT_STATE_ACTIVE}}},
	{CODEC_CORE, {EVENT_CHAT_STATE, USER, .chat_state = {"bob", CHAT_STATE_COMPOSING}}},
	{CODEC_BACKEND, {EVENT_CHAT_STATE, USER, .chat_state = {"bob", CHAT_STATE_PAUSED}}},
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
