/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/protocol/sample_events.h"

static void assert_text(const char *got, const char *expected)
{
	if (!expected || !*expected)
		assert_true(!got || !*got);
	else
		assert_string_equal(got, expected);
}

static void assert_texts(const char *const *got, size_t got_count, const char *const *expected, size_t expected_count)
{
	assert_int_equal(got_count, expected_count);
	for (size_t i = 0; i < got_count; i++)
		assert_text(got[i], expected[i]);
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
	assert_text(got->replaces, expected->replaces);
	assert_text(got->retracts, expected->retracts);
	assert_text(got->reply_to, expected->reply_to);
	assert_text(got->reply_text, expected->reply_text);
	assert_text(got->reply_author, expected->reply_author);
	assert_text(got->thread, expected->thread);
	assert_text(got->reacts_to, expected->reacts_to);
	assert_texts(got->reactions, got->reactions_count, expected->reactions, expected->reactions_count);
	assert_text(got->author.name, expected->author.name);
	assert_text(got->author.id, expected->author.id);
	assert_text(got->author.avatar_url, expected->author.avatar_url);
	assert_int_equal(got->moderation.action, expected->moderation.action);
	assert_int_equal(got->moderation.role, expected->moderation.role);
	assert_text(got->change.title, expected->change.title);
	assert_int_equal(got->change.has_picture, expected->change.has_picture);
	assert_int_equal(got->change.picture_size, expected->change.picture_size);
	if (expected->change.picture_size)
		assert_memory_equal(got->change.picture, expected->change.picture, expected->change.picture_size);
	assert_int_equal(got->attachments_count, expected->attachments_count);
	for (size_t i = 0; i < got->attachments_count; i++) {
		assert_text(got->attachments[i].url, expected->attachments[i].url);
		assert_text(got->attachments[i].mime_type, expected->attachments[i].mime_type);
		assert_text(got->attachments[i].description, expected->attachments[i].description);
	}
}

static void assert_participant(const struct event_participant *got, const struct event_participant *expected)
{
	assert_text(got->room, expected->room);
	assert_text(got->nickname, expected->nickname);
	assert_int_equal(got->flags, expected->flags);
	assert_int_equal(got->status, expected->status);
	assert_text(got->status_text, expected->status_text);
	assert_text(got->new_nickname, expected->new_nickname);
	assert_text(got->icon_hash, expected->icon_hash);
	assert_text(got->alias, expected->alias);
	assert_int_equal(got->role, expected->role);
}

static void assert_bans(const struct event_bans *got, const struct event_bans *expected)
{
	assert_text(got->room, expected->room);
	assert_text(got->reason, expected->reason);
	assert_int_equal(got->error, expected->error);
	assert_int_equal(got->more, expected->more);
	assert_int_equal(got->count, expected->count);
	for (size_t i = 0; i < got->count; i++) {
		assert_text(got->bans[i].mask, expected->bans[i].mask);
		assert_text(got->bans[i].nickname, expected->bans[i].nickname);
		assert_text(got->bans[i].set_by, expected->bans[i].set_by);
		assert_int_equal(got->bans[i].at, expected->bans[i].at);
	}
}

static void assert_room_event(const struct event *got, const struct event *expected)
{
	switch (got->type) {
	case EVENT_PARTICIPANT:
		assert_participant(&got->participant, &expected->participant);
		break;
	case EVENT_ROOM_LIST:
		assert_texts(got->room_list.rooms, got->room_list.count, expected->room_list.rooms,
			     expected->room_list.count);
		assert_texts(got->room_list.names, got->room_list.count, expected->room_list.names,
			     expected->room_list.count);
		break;
	case EVENT_PARTICIPANTS:
		assert_text(got->participants.room, expected->participants.room);
		assert_int_equal(got->participants.count, expected->participants.count);
		for (size_t i = 0; i < got->participants.count; i++)
			assert_participant(&got->participants.participants[i], &expected->participants.participants[i]);
		break;
	case EVENT_ROOM_INFO:
		assert_text(got->room_info.room, expected->room_info.room);
		assert_text(got->room_info.title, expected->room_info.title);
		assert_text(got->room_info.description, expected->room_info.description);
		assert_text(got->room_info.icon_hash, expected->room_info.icon_hash);
		assert_int_equal(got->room_info.members, expected->room_info.members);
		assert_int_equal(got->room_info.is_private, expected->room_info.is_private);
		assert_int_equal(got->room_info.is_away, expected->room_info.is_away);
		break;
	case EVENT_BANS:
		assert_bans(&got->bans, &expected->bans);
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

static void assert_handover(const struct event_handover *got, const struct event_handover *expected)
{
	assert_int_equal(got->up_to, expected->up_to);
	assert_int_equal(got->taken_count, expected->taken_count);
	for (size_t i = 0; i < got->taken_count; i++)
		assert_int_equal(got->taken[i], expected->taken[i]);
	assert_int_equal(got->results_count, expected->results_count);
	for (size_t i = 0; i < got->results_count; i++) {
		assert_int_equal(got->results[i].number, expected->results[i].number);
		assert_int_equal(got->results[i].error, expected->results[i].error);
		assert_text(got->results[i].reason, expected->results[i].reason);
		assert_text(got->results[i].message_id, expected->results[i].message_id);
	}
}

static void assert_login_step(const struct event_login_step *got, const struct event_login_step *expected)
{
	assert_int_equal(got->step, expected->step);
	assert_int_equal(got->kind, expected->kind);
	assert_text(got->text, expected->text);
	assert_text(got->data, expected->data);
	assert_texts(got->choices, got->choices_count, expected->choices, expected->choices_count);
	assert_int_equal(got->timeout_s, expected->timeout_s);
}

static void assert_values(const struct event_values *got, const struct event_values *expected)
{
	assert_int_equal(got->count, expected->count);
	for (size_t i = 0; i < got->count; i++) {
		assert_text(got->values[i].key, expected->values[i].key);
		assert_int_equal(got->values[i].bytes != NULL, expected->values[i].bytes != NULL);
		assert_int_equal(got->values[i].size, expected->values[i].size);
		if (got->values[i].size)
			assert_memory_equal(got->values[i].bytes, expected->values[i].bytes, got->values[i].size);
	}
}

/* What the extension has about users and messages. */
static void assert_extension_event(const struct event *got, const struct event *expected)
{
	switch (got->type) {
	case EVENT_HANDOVER:
		assert_handover(&got->handed_over, &expected->handed_over);
		break;
	case EVENT_READ_MARKER:
		assert_text(got->read_marker.name, expected->read_marker.name);
		assert_text(got->read_marker.nickname, expected->read_marker.nickname);
		assert_text(got->read_marker.message_id, expected->read_marker.message_id);
		break;
	case EVENT_LOGIN_STEP:
		assert_login_step(&got->login_step, &expected->login_step);
		break;
	case EVENT_LOGIN_ANSWER:
		assert_int_equal(got->login_answer.step, expected->login_answer.step);
		assert_int_equal(got->login_answer.value != NULL, expected->login_answer.value != NULL);
		assert_text(got->login_answer.value, expected->login_answer.value);
		break;
	case EVENT_VALUES:
		assert_values(&got->values, &expected->values);
		break;
	case EVENT_HOLD:
		assert_text(got->hold.core_token, expected->hold.core_token);
		assert_text(got->hold.backend_token, expected->hold.backend_token);
		assert_int_equal(got->hold.seconds, expected->hold.seconds);
		break;
	case EVENT_ATTACH:
		assert_text(got->attach.core_token, expected->attach.core_token);
		assert_int_equal(got->attach.taken, expected->attach.taken);
		break;
	case EVENT_ATTACHED:
		assert_text(got->attached.backend_token, expected->attached.backend_token);
		assert_int_equal(got->attached.count, expected->attached.count);
		for (size_t i = 0; i < got->attached.count; i++) {
			assert_text(got->attached.sessions[i].user, expected->attached.sessions[i].user);
			assert_text(got->attached.sessions[i].legacy_name, expected->attached.sessions[i].legacy_name);
			assert_int_equal(got->attached.sessions[i].connected, expected->attached.sessions[i].connected);
		}
		assert_int_equal(got->attached.more, expected->attached.more);
		break;
	case EVENT_RESUME:
		assert_texts(got->resume.users, got->resume.count, expected->resume.users, expected->resume.count);
		assert_int_equal(got->resume.more, expected->resume.more);
		break;
	default:
		assert_backend_event(got, expected);
	}
}

void assert_event(const struct event *got, const struct event *expected)
{
	assert_int_equal(got->type, expected->type);
	assert_int_equal(got->handover, expected->handover);
	assert_int_equal(got->snapshot, expected->snapshot);
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
	case EVENT_MODERATION:
		assert_message(&got->message, &expected->message);
		break;
	case EVENT_RECEIPT:
		assert_text(got->receipt.name, expected->receipt.name);
		assert_text(got->receipt.id, expected->receipt.id);
		break;
	case EVENT_CHAT_STATE:
		assert_text(got->chat_state.name, expected->chat_state.name);
		assert_int_equal(got->chat_state.state, expected->chat_state.state);
		assert_text(got->chat_state.nickname, expected->chat_state.nickname);
		break;
	case EVENT_ROOM_JOIN:
	case EVENT_ROOM_LEAVE:
	case EVENT_ROOM_NICKNAME:
	case EVENT_PARTICIPANT:
	case EVENT_ROOM_LIST:
	case EVENT_PARTICIPANTS:
	case EVENT_ROOM_INFO:
	case EVENT_BANS:
		assert_room_event(got, expected);
		break;
	case EVENT_VCARD:
	case EVENT_VCARD_REQUEST:
		assert_vcard(&got->vcard, &expected->vcard);
		break;
	default:
		assert_extension_event(got, expected);
	}
}
