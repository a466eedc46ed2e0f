/* SPDX-License-Identifier: MIT */
/* Reading what the extension has: docs/protocol.md, section 8. */
#include <string.h>

#include "base/mem.h"
#include "protocol/decoder.h"

/* The first type of the extension. */
#define EXTENSION_BASE TYPE(HANDOVER)

static void take_author(struct decoder *d, const Pbnetwork__Author *m, struct event_author *author)
{
	if (!m)
		return;
	if (m->name.len) {
		author->name = take_label(d, m->name, TEXT_LINE, LIMIT_NAME_BYTES);
		author->id = OPTIONAL_NAME(d, m, id);
	}
	if (is_said(m->has_avatarurl, m->avatarurl))
		author->avatar_url = take_url(d, m->avatarurl);
}

/* An array of names, each of them whole; entries that are empty are none. */
static const char *const *take_names(struct decoder *d, const ProtobufCBinaryData *from, size_t n, size_t *count)
{
	const char **names;

	*count = 0;
	if (!n)
		return NULL;
	names = arena_alloc(d->arena, n * sizeof(*names));
	for (size_t i = 0; i < n; i++)
		if (from[i].len)
			names[(*count)++] = take_name(d, from[i]);
	return names;
}

void take_references(struct decoder *d, const Pbnetwork__ConversationMessage *m, struct event_message *message)
{
	if (is_said(m->has_messageid, m->messageid))
		message->id = take_name(d, m->messageid);
	message->reply_to = OPTIONAL_NAME(d, m, replyto);
	if (is_said(m->has_replytext, m->replytext))
		message->reply_text = take_label(d, m->replytext, TEXT_LINES, LIMIT_QUOTE_BYTES);
	message->reply_author = OPTIONAL_LABEL(d, m, replyauthor);
	message->thread = OPTIONAL_NAME(d, m, thread);
	message->said_in = OPTIONAL_NAME(d, m, saidin);
	message->replaces = OPTIONAL_NAME(d, m, replaces);
	message->retracts = OPTIONAL_NAME(d, m, retracts);
	message->reacts_to = OPTIONAL_NAME(d, m, reactsto);
	if (message->reacts_to) {
		if (m->n_reaction > LIMIT_REACTIONS)
			decoder_limit(d);
		else
			message->reactions = take_names(d, m->reaction, m->n_reaction, &message->reactions_count);
	}
	take_author(d, m->author, &message->author);
}

static bool decode_handover(struct decoder *d)
{
	Pbnetwork__Handover *m = UNPACK(d, handover);
	struct event_handover *handover = &d->event->handed_over;
	struct event_handover_result *results = NULL;

	if (!m)
		return false;
	handover->up_to = m->has_upto ? m->upto : 0;
	handover->taken = m->taken;
	handover->taken_count = m->n_taken;
	if (m->n_result)
		results = arena_alloc(d->arena, m->n_result * sizeof(*results));
	for (size_t i = 0; i < m->n_result; i++) {
		const Pbnetwork__HandoverResult *from = m->result[i];

		results[i] = (struct event_handover_result){.number = from->number};
		results[i].error = from->has_error ? from->error : 0;
		results[i].reason = OPTIONAL_STATUS_TEXT(d, from, reason);
		results[i].message_id = OPTIONAL_NAME(d, from, messageid);
	}
	handover->results = results;
	handover->results_count = m->n_result;
	return true;
}

static bool decode_read_marker(struct decoder *d)
{
	Pbnetwork__ReadMarker *m = UNPACK(d, read_marker);

	if (!m || !m->messageid.len)
		return false;
	take_user(d, m->username);
	d->event->read_marker.name = take_address(d, m->buddyname);
	d->event->read_marker.nickname = OPTIONAL_NAME(d, m, nickname);
	d->event->read_marker.message_id = take_name(d, m->messageid);
	return true;
}

static bool decode_login_step(struct decoder *d)
{
	Pbnetwork__LoginStep *m = UNPACK(d, login_step);
	struct event_login_step *step = &d->event->login_step;

	if (!m || (unsigned)m->kind > LOGIN_STEP_LINK)
		return false;
	take_user(d, m->username);
	step->step = m->step;
	step->kind = (enum login_step_kind)m->kind;
	step->text = take_label(d, m->text, TEXT_LINES, LIMIT_STATUS_BYTES);
	if (is_said(m->has_data, m->data))
		step->data = take_key(d, m->data, LIMIT_LOGIN_DATA_BYTES);
	if (m->n_choice > LIMIT_LOGIN_CHOICES)
		return false;
	step->choices = take_names(d, m->choice, m->n_choice, &step->choices_count);
	step->timeout_s = m->has_timeout ? m->timeout : 0;
	return true;
}

static bool decode_login_answer(struct decoder *d)
{
	Pbnetwork__LoginAnswer *m = UNPACK(d, login_answer);

	if (!m)
		return false;
	take_user(d, m->username);
	d->event->login_answer.step = m->step;
	if (m->has_value)
		d->event->login_answer.value = take_body(d, m->value);
	return true;
}

static bool decode_values(struct decoder *d)
{
	Pbnetwork__Values *m = UNPACK(d, values);
	struct event_value *values = NULL;
	size_t bytes = 0;

	if (!m)
		return false;
	take_user(d, m->username);
	if (m->n_value > LIMIT_VALUES_PER_USER) {
		decoder_limit(d);
		return true;
	}
	if (m->n_value)
		values = arena_alloc(d->arena, m->n_value * sizeof(*values));
	for (size_t i = 0; i < m->n_value; i++) {
		const Pbnetwork__Value *from = m->value[i];

		if (!from->key.len)
			return false;
		values[i] = (struct event_value){.key = take_name(d, from->key)};
		if (from->has_value) {
			values[i].bytes = from->value.len ? from->value.data : (const uint8_t *)"";
			values[i].size = from->value.len;
		}
		bytes += from->key.len + values[i].size;
		if (values[i].size > LIMIT_VALUE_BYTES || bytes > LIMIT_VALUES_BYTES)
			decoder_limit(d);
	}
	d->event->values.values = values;
	d->event->values.count = m->n_value;
	return true;
}

/* One entry that is no good costs itself and not the whole list. */
static bool decode_participants(struct decoder *d)
{
	Pbnetwork__Participants *m = UNPACK(d, participants);
	struct event_participants *list = &d->event->participants;
	struct event_participant *entries;

	if (!m)
		return false;
	take_user(d, m->username);
	list->room = take_name(d, m->room);
	if (!m->n_participant)
		return true;
	entries = arena_alloc(d->arena, m->n_participant * sizeof(*entries));
	for (size_t i = 0; i < m->n_participant && list->count < LIMIT_PARTICIPANTS_PER_ROOM; i++) {
		int error = d->error;

		if (take_participant(d, m->participant[i], &entries[list->count]) && d->error == error)
			list->count++;
		d->error = error;
	}
	list->participants = entries;
	return true;
}

static bool decode_room_info(struct decoder *d)
{
	Pbnetwork__RoomInfo *m = UNPACK(d, room_info);
	struct event_room_info *info = &d->event->room_info;

	if (!m)
		return false;
	take_user(d, m->username);
	info->room = take_name(d, m->room);
	info->title = OPTIONAL_LABEL(d, m, title);
	info->description = OPTIONAL_STATUS_TEXT(d, m, description);
	info->icon_hash = OPTIONAL_NAME(d, m, iconhash);
	info->members = m->has_members ? m->members : 0;
	info->is_private = m->has_private_ && m->private_;
	info->is_away = m->has_away && m->away;
	return true;
}

static bool decode_moderation(struct decoder *d)
{
	Pbnetwork__Moderation *m = UNPACK(d, moderation);
	struct event_message *message = &d->event->message;

	if (!m || (int)m->action < MODERATION_NONE || (int)m->action > MODERATION_INVITE)
		return false;
	take_user(d, m->username);
	message->kind = MESSAGE_ROOM;
	message->name = take_name(d, m->room);
	message->nickname = take_name(d, m->nickname);
	message->text = OPTIONAL_STATUS_TEXT(d, m, reason);
	if (!message->text)
		message->text = "";
	message->moderation.action = (enum moderation_action)m->action;
	message->moderation.role = take_role(m->has_role, m->role);
	message->id = OPTIONAL_NAME(d, m, messageid);
	return message->moderation.action != MODERATION_ROLE || message->moderation.role != ROLE_UNSAID;
}

static bool decode_room_change(struct decoder *d)
{
	Pbnetwork__RoomChange *m = UNPACK(d, room_change);
	struct event_message *message = &d->event->message;

	if (!m)
		return false;
	take_user(d, m->username);
	message->kind = MESSAGE_ROOM;
	message->name = take_name(d, m->room);
	message->text = "";
	message->change.title = m->has_title ? take_label(d, m->title, TEXT_LINE, LIMIT_NAME_BYTES) : NULL;
	message->change.has_picture = m->has_picture;
	message->change.picture = m->has_picture ? m->picture.data : NULL;
	message->change.picture_size = m->has_picture ? m->picture.len : 0;
	message->id = OPTIONAL_NAME(d, m, messageid);
	return true;
}

/* As of participants, an entry that is no good costs itself. */
static bool decode_bans(struct decoder *d)
{
	Pbnetwork__Bans *m = UNPACK(d, bans);
	struct event_bans *list = &d->event->bans;
	struct event_ban *entries;

	if (!m)
		return false;
	take_user(d, m->username);
	list->room = take_name(d, m->room);
	list->more = m->has_more && m->more;
	list->error = m->has_error ? m->error : 0;
	list->reason = OPTIONAL_STATUS_TEXT(d, m, reason);
	if (!m->n_ban)
		return true;
	entries = arena_alloc(d->arena, m->n_ban * sizeof(*entries));
	for (size_t i = 0; i < m->n_ban && list->count < LIMIT_BANS_PER_FRAME; i++) {
		const Pbnetwork__Ban *from = m->ban[i];
		int error = d->error;

		entries[list->count] = (struct event_ban){.mask = take_name(d, from->mask),
							  .nickname = OPTIONAL_NAME(d, from, nickname),
							  .set_by = OPTIONAL_LABEL(d, from, setby),
							  .at = from->has_at && from->at > 0 ? from->at : 0};
		if (from->mask.len && d->error == error)
			list->count++;
		d->error = error;
	}
	list->bans = entries;
	return true;
}

static bool decode_hold(struct decoder *d)
{
	Pbnetwork__Hold *m = UNPACK(d, hold);

	if (!m || !m->coretoken.len || !m->backendtoken.len)
		return false;
	d->event->hold.core_token = take_name(d, m->coretoken);
	d->event->hold.backend_token = take_name(d, m->backendtoken);
	d->event->hold.seconds = m->seconds;
	return true;
}

static bool decode_attach(struct decoder *d)
{
	Pbnetwork__Attach *m = UNPACK(d, attach);

	if (!m)
		return false;
	d->event->attach.core_token = take_name(d, m->coretoken);
	d->event->attach.taken = m->taken;
	return true;
}

static bool decode_attached(struct decoder *d)
{
	Pbnetwork__Attached *m = UNPACK(d, attached);
	struct event_held_session *sessions = NULL;

	if (!m)
		return false;
	d->event->attached.backend_token = take_name(d, m->backendtoken);
	if (m->n_session)
		sessions = arena_alloc(d->arena, m->n_session * sizeof(*sessions));
	for (size_t i = 0; i < m->n_session; i++) {
		sessions[i].user = take_address(d, m->session[i]->username);
		sessions[i].legacy_name = take_name(d, m->session[i]->legacyname);
		sessions[i].connected = m->session[i]->connected;
	}
	d->event->attached.sessions = sessions;
	d->event->attached.count = m->n_session;
	d->event->attached.more = m->has_more && m->more;
	return true;
}

static bool decode_resume(struct decoder *d)
{
	Pbnetwork__Resume *m = UNPACK(d, resume);
	const char **users = NULL;

	if (!m)
		return false;
	if (m->n_username)
		users = arena_alloc(d->arena, m->n_username * sizeof(*users));
	for (size_t i = 0; i < m->n_username; i++)
		users[i] = take_address(d, m->username[i]);
	d->event->resume.users = users;
	d->event->resume.count = m->n_username;
	d->event->resume.more = m->has_more && m->more;
	return true;
}

static const struct decoder_entry decoders[] = {
	/* NOLINTNEXTLINE(misc-redundant-expression): the first one is the base, as it happens */
	[TYPE(HANDOVER) - EXTENSION_BASE] = {decode_handover, EVENT_HANDOVER},
	[TYPE(READ_MARKER) - EXTENSION_BASE] = {decode_read_marker, EVENT_READ_MARKER},
	[TYPE(LOGIN_STEP) - EXTENSION_BASE] = {decode_login_step, EVENT_LOGIN_STEP},
	[TYPE(LOGIN_ANSWER) - EXTENSION_BASE] = {decode_login_answer, EVENT_LOGIN_ANSWER},
	[TYPE(VALUES) - EXTENSION_BASE] = {decode_values, EVENT_VALUES},
	[TYPE(PARTICIPANTS) - EXTENSION_BASE] = {decode_participants, EVENT_PARTICIPANTS},
	[TYPE(ROOM_INFO) - EXTENSION_BASE] = {decode_room_info, EVENT_ROOM_INFO},
	[TYPE(HOLD) - EXTENSION_BASE] = {decode_hold, EVENT_HOLD},
	[TYPE(ATTACH) - EXTENSION_BASE] = {decode_attach, EVENT_ATTACH},
	[TYPE(ATTACHED) - EXTENSION_BASE] = {decode_attached, EVENT_ATTACHED},
	[TYPE(RESUME) - EXTENSION_BASE] = {decode_resume, EVENT_RESUME},
	[TYPE(RESUMED) - EXTENSION_BASE] = {decode_nothing, EVENT_RESUMED},
	[TYPE(MODERATION) - EXTENSION_BASE] = {decode_moderation, EVENT_MODERATION},
	[TYPE(ROOM_CHANGE) - EXTENSION_BASE] = {decode_room_change, EVENT_ROOM_CHANGE},
	[TYPE(BANS) - EXTENSION_BASE] = {decode_bans, EVENT_BANS},
};

const struct decoder_entry *extension_decoder(int type)
{
	if (type < EXTENSION_BASE || (size_t)(type - EXTENSION_BASE) >= ARRAY_SIZE(decoders))
		return NULL;
	return &decoders[type - EXTENSION_BASE];
}
