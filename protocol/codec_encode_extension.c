/* SPDX-License-Identifier: MIT */
/* Writing what the extension has: docs/protocol.md, section 8. */
#include "base/mem.h"
#include "protocol/encoder.h"

static ProtobufCBinaryData *text_array(struct encoder *e, const char *const *texts, size_t count)
{
	ProtobufCBinaryData *array;

	if (!count)
		return NULL;
	array = arena_alloc(&e->scratch, count * sizeof(*array));
	for (size_t i = 0; i < count; i++)
		array[i] = text_of(texts[i]);
	return array;
}

void fill_references(struct encoder *e, Pbnetwork__ConversationMessage *message, const struct event_message *from,
		     Pbnetwork__Author *author)
{
	PUT_OPTIONAL(*message, messageid, from->id);
	PUT_OPTIONAL(*message, replyto, from->reply_to);
	PUT_OPTIONAL(*message, thread, from->thread);
	PUT_OPTIONAL(*message, replaces, from->replaces);
	PUT_OPTIONAL(*message, retracts, from->retracts);
	PUT_OPTIONAL(*message, reactsto, from->reacts_to);
	message->reaction = text_array(e, from->reactions, from->reactions_count);
	message->n_reaction = from->reactions_count;
	PUT_OPTIONAL(*message, replytext, from->reply_text);
	PUT_OPTIONAL(*message, replyauthor, from->reply_author);
	PUT_OPTIONAL(*message, saidin, from->said_in);
	if (!from->author.name && !from->author.avatar_url)
		return;
	pbnetwork__author__init(author);
	author->name = text_of(from->author.name);
	PUT_OPTIONAL(*author, id, from->author.id);
	PUT_OPTIONAL(*author, avatarurl, from->author.avatar_url);
	message->author = author;
}

int encode_handover(struct encoder *e)
{
	const struct event_handover *from = &e->event->handed_over;
	Pbnetwork__Handover message = PBNETWORK__HANDOVER__INIT;
	Pbnetwork__HandoverResult *results;

	message.has_upto = from->up_to != 0;
	message.upto = from->up_to;
	message.taken = (uint64_t *)from->taken;
	message.n_taken = from->taken_count;
	if (from->results_count) {
		results = arena_alloc(&e->scratch, from->results_count * sizeof(*results));
		message.result = arena_alloc(&e->scratch, from->results_count * sizeof(*message.result));
		message.n_result = from->results_count;
		for (size_t i = 0; i < from->results_count; i++) {
			pbnetwork__handover_result__init(&results[i]);
			results[i].number = from->results[i].number;
			results[i].has_error = from->results[i].error != 0;
			results[i].error = from->results[i].error;
			PUT_OPTIONAL(results[i], reason, from->results[i].reason);
			PUT_OPTIONAL(results[i], messageid, from->results[i].message_id);
			message.result[i] = &results[i];
		}
	}
	return put_message(e, &message.base);
}

int encode_read_marker(struct encoder *e)
{
	const struct event_read_marker *from = &e->event->read_marker;
	Pbnetwork__ReadMarker message = PBNETWORK__READ_MARKER__INIT;

	message.username = text_of(e->event->user);
	message.buddyname = text_of(from->name);
	message.messageid = text_of(from->message_id);
	PUT_OPTIONAL(message, nickname, from->nickname);
	return put_message(e, &message.base);
}

int encode_login_step(struct encoder *e)
{
	const struct event_login_step *from = &e->event->login_step;
	Pbnetwork__LoginStep message = PBNETWORK__LOGIN_STEP__INIT;

	message.username = text_of(e->event->user);
	message.step = from->step;
	message.kind = (Pbnetwork__LoginStepKind)from->kind;
	message.text = text_of(from->text);
	PUT_OPTIONAL(message, data, from->data);
	message.choice = text_array(e, from->choices, from->choices_count);
	message.n_choice = from->choices_count;
	message.has_timeout = from->timeout_s != 0;
	message.timeout = from->timeout_s;
	return put_message(e, &message.base);
}

int encode_login_answer(struct encoder *e)
{
	const struct event_login_answer *from = &e->event->login_answer;
	Pbnetwork__LoginAnswer message = PBNETWORK__LOGIN_ANSWER__INIT;

	message.username = text_of(e->event->user);
	message.step = from->step;
	PUT_OPTIONAL(message, value, from->value);
	return put_message(e, &message.base);
}

int encode_values(struct encoder *e)
{
	const struct event_values *from = &e->event->values;
	Pbnetwork__Values message = PBNETWORK__VALUES__INIT;
	Pbnetwork__Value *values;

	message.username = text_of(e->event->user);
	if (from->count) {
		values = arena_alloc(&e->scratch, from->count * sizeof(*values));
		message.value = arena_alloc(&e->scratch, from->count * sizeof(*message.value));
		message.n_value = from->count;
		for (size_t i = 0; i < from->count; i++) {
			pbnetwork__value__init(&values[i]);
			values[i].key = text_of(from->values[i].key);
			values[i].has_value = from->values[i].bytes != NULL;
			values[i].value.data = (uint8_t *)from->values[i].bytes;
			values[i].value.len = from->values[i].bytes ? from->values[i].size : 0;
			message.value[i] = &values[i];
		}
	}
	return put_message(e, &message.base);
}

int encode_participants(struct encoder *e)
{
	const struct event_participants *from = &e->event->participants;
	Pbnetwork__Participants message = PBNETWORK__PARTICIPANTS__INIT;
	Pbnetwork__Participant *entries;

	message.username = text_of(e->event->user);
	message.room = text_of(from->room);
	if (from->count) {
		entries = arena_alloc(&e->scratch, from->count * sizeof(*entries));
		message.participant = arena_alloc(&e->scratch, from->count * sizeof(*message.participant));
		message.n_participant = from->count;
		for (size_t i = 0; i < from->count; i++) {
			pbnetwork__participant__init(&entries[i]);
			fill_participant(e, &entries[i], &from->participants[i]);
			message.participant[i] = &entries[i];
		}
	}
	return put_message(e, &message.base);
}

int encode_room_info(struct encoder *e)
{
	const struct event_room_info *from = &e->event->room_info;
	Pbnetwork__RoomInfo message = PBNETWORK__ROOM_INFO__INIT;

	message.username = text_of(e->event->user);
	message.room = text_of(from->room);
	PUT_OPTIONAL(message, title, from->title);
	PUT_OPTIONAL(message, description, from->description);
	PUT_OPTIONAL(message, iconhash, from->icon_hash);
	message.has_members = from->members != 0;
	message.members = from->members;
	message.has_private_ = message.private_ = from->is_private;
	message.has_away = message.away = from->is_away;
	return put_message(e, &message.base);
}

int encode_moderation(struct encoder *e)
{
	const struct event_message *from = &e->event->message;
	Pbnetwork__Moderation message = PBNETWORK__MODERATION__INIT;

	message.username = text_of(e->event->user);
	message.room = text_of(from->name);
	message.nickname = text_of(from->nickname);
	message.action = (Pbnetwork__ModerationAction)from->moderation.action;
	if (from->text && *from->text)
		PUT_OPTIONAL(message, reason, from->text);
	message.has_role = from->moderation.role != ROLE_UNSAID;
	message.role = (int32_t)from->moderation.role;
	PUT_OPTIONAL(message, messageid, from->id);
	return put_message(e, &message.base);
}

int encode_room_change(struct encoder *e)
{
	const struct event_message *from = &e->event->message;
	Pbnetwork__RoomChange message = PBNETWORK__ROOM_CHANGE__INIT;

	message.username = text_of(e->event->user);
	message.room = text_of(from->name);
	PUT_OPTIONAL(message, title, from->change.title);
	message.has_picture = from->change.has_picture;
	message.picture.data = (uint8_t *)from->change.picture;
	message.picture.len = from->change.picture_size;
	PUT_OPTIONAL(message, messageid, from->id);
	return put_message(e, &message.base);
}

int encode_bans(struct encoder *e)
{
	const struct event_bans *from = &e->event->bans;
	Pbnetwork__Bans message = PBNETWORK__BANS__INIT;
	Pbnetwork__Ban *entries;

	message.username = text_of(e->event->user);
	message.room = text_of(from->room);
	if (from->count) {
		entries = arena_alloc(&e->scratch, from->count * sizeof(*entries));
		message.ban = arena_alloc(&e->scratch, from->count * sizeof(*message.ban));
		message.n_ban = from->count;
		for (size_t i = 0; i < from->count; i++) {
			pbnetwork__ban__init(&entries[i]);
			entries[i].mask = text_of(from->bans[i].mask);
			PUT_OPTIONAL(entries[i], nickname, from->bans[i].nickname);
			PUT_OPTIONAL(entries[i], setby, from->bans[i].set_by);
			entries[i].has_at = from->bans[i].at != 0;
			entries[i].at = from->bans[i].at;
			message.ban[i] = &entries[i];
		}
	}
	message.has_more = message.more = from->more;
	message.has_error = from->error != 0;
	message.error = from->error;
	PUT_OPTIONAL(message, reason, from->reason);
	return put_message(e, &message.base);
}

int encode_hold(struct encoder *e)
{
	Pbnetwork__Hold message = PBNETWORK__HOLD__INIT;

	message.coretoken = text_of(e->event->hold.core_token);
	message.backendtoken = text_of(e->event->hold.backend_token);
	message.seconds = e->event->hold.seconds;
	return put_message(e, &message.base);
}

int encode_attach(struct encoder *e)
{
	Pbnetwork__Attach message = PBNETWORK__ATTACH__INIT;

	message.coretoken = text_of(e->event->attach.core_token);
	message.taken = e->event->attach.taken;
	return put_message(e, &message.base);
}

int encode_attached(struct encoder *e)
{
	const struct event_attached *from = &e->event->attached;
	Pbnetwork__Attached message = PBNETWORK__ATTACHED__INIT;
	Pbnetwork__Session *sessions;

	message.backendtoken = text_of(from->backend_token);
	if (from->count) {
		sessions = arena_alloc(&e->scratch, from->count * sizeof(*sessions));
		message.session = arena_alloc(&e->scratch, from->count * sizeof(*message.session));
		message.n_session = from->count;
		for (size_t i = 0; i < from->count; i++) {
			pbnetwork__session__init(&sessions[i]);
			sessions[i].username = text_of(from->sessions[i].user);
			sessions[i].legacyname = text_of(from->sessions[i].legacy_name);
			sessions[i].connected = from->sessions[i].connected;
			message.session[i] = &sessions[i];
		}
	}
	message.has_more = message.more = from->more;
	return put_message(e, &message.base);
}

int encode_resume(struct encoder *e)
{
	const struct event_resume *from = &e->event->resume;
	Pbnetwork__Resume message = PBNETWORK__RESUME__INIT;

	message.username = text_array(e, from->users, from->count);
	message.n_username = from->count;
	message.has_more = message.more = from->more;
	return put_message(e, &message.base);
}
