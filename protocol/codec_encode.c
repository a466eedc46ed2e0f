/* SPDX-License-Identifier: MIT */
#include "protocol/codec.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "config/limits.h"
#include "protocol/encoder.h"
#include "protocol/message_pack.h"
#include "protocol/wire.h"

/* Tags of WrapperMessage's fields: number << 3 | kind (0 a varint, 2 bytes with a length). */
#define WRAPPER_TYPE_TAG (1 << 3 | 0)
#define WRAPPER_PAYLOAD_TAG (2 << 3 | 2)
#define WRAPPER_HANDOVER_TAG (1000 << 3 | 0)
#define WRAPPER_SNAPSHOT_TAG (1001 << 3 | 0)

/* The fields behind the payload: nothing in the plain dialect. */
static size_t put_tail(const struct encoder *e, uint8_t *out)
{
	size_t length = 0;

	if (e->dialect != CODEC_EXTENDED)
		return 0;
	if (e->event->handover) {
		length += wire_put_varint(out, WRAPPER_HANDOVER_TAG);
		length += wire_put_varint(out + length, e->event->handover);
	}
	if (e->event->snapshot) {
		length += wire_put_varint(out + length, WRAPPER_SNAPSHOT_TAG);
		out[length++] = 1;
	}
	return length;
}

/* The frame around a payload of this size: length, type, the payload's tag, and room for the payload,
 * which the caller fills; NULL if it is too large. The wrapper is written here and not by the generated
 * code, which would want the payload packed into memory of its own first. */
static uint8_t *put_wrapper(struct encoder *e, bool has_payload, size_t size)
{
	uint8_t head[24], tail[24], *room;
	size_t length = 0, tail_length = put_tail(e, tail);

	head[length++] = WRAPPER_TYPE_TAG;
	length += wire_put_varint(head + length, (uint64_t)e->type);
	if (has_payload) {
		head[length++] = WRAPPER_PAYLOAD_TAG;
		length += wire_put_varint(head + length, size);
	}
	if (size > LIMIT_FRAME_BYTES - length - tail_length)
		return NULL;
	buf_put_be32(e->out, (uint32_t)(length + size + tail_length));
	buf_append(e->out, head, length);
	room = (uint8_t *)buf_reserve(e->out, size + tail_length);
	memcpy(room + size, tail, tail_length);
	e->out->len += size + tail_length;
	e->out->data[e->out->len] = '\0';
	return room;
}

int encode_empty(struct encoder *e)
{
	return put_wrapper(e, false, 0) ? 0 : TP_ERR_LIMIT;
}

static int encode_raw_xml(struct encoder *e)
{
	size_t length = e->event->text.length;
	uint8_t *room = put_wrapper(e, true, length);

	if (!room)
		return TP_ERR_LIMIT;
	if (length)
		memcpy(room, e->event->text.bytes, length);
	return 0;
}

int put_message(struct encoder *e, const ProtobufCMessage *message)
{
	uint8_t *room = put_wrapper(e, true, protobuf_c_message_get_packed_size(message));

	if (!room)
		return TP_ERR_LIMIT;
	protobuf_c_message_pack(message, room);
	return 0;
}

static int put_conversation_message(struct encoder *e, const Pbnetwork__ConversationMessage *message)
{
	uint8_t *room = put_wrapper(e, true, message_packed_size(message));

	if (!room)
		return TP_ERR_LIMIT;
	message_pack(message, room);
	return 0;
}

static int32_t clamp_int32(int64_t value)
{
	return value > INT32_MAX ? INT32_MAX : value < INT32_MIN ? INT32_MIN : (int32_t)value;
}

static int encode_login(struct encoder *e)
{
	const struct event_login *login = &e->event->login;
	Pbnetwork__Login message = PBNETWORK__LOGIN__INIT;
	Pbnetwork__Login__UserSettings settings = PBNETWORK__LOGIN__USER_SETTINGS__INIT;
	Pbnetwork__Login__UserSettings__Entry *entries;

	message.user = text_of(e->event->user);
	message.legacyname = text_of(login->legacy_name);
	message.password = text_of(login->password);
	message.settings = &settings;
	if (login->settings_count) {
		entries = arena_alloc(&e->scratch, login->settings_count * sizeof(*entries));
		settings.value = arena_alloc(&e->scratch, login->settings_count * sizeof(*settings.value));
		settings.n_value = login->settings_count;
		for (size_t i = 0; i < login->settings_count; i++) {
			pbnetwork__login__user_settings__entry__init(&entries[i]);
			PUT_ALWAYS(entries[i], key, login->settings[i].name);
			PUT_ALWAYS(entries[i], value, login->settings[i].value);
			settings.value[i] = &entries[i];
		}
	}
	return put_message(e, &message.base);
}

static int encode_logout(struct encoder *e)
{
	Pbnetwork__Logout message = PBNETWORK__LOGOUT__INIT;

	message.user = text_of(e->event->user);
	message.legacyname = text_of(e->event->login.legacy_name);
	return put_message(e, &message.base);
}

static int encode_connected(struct encoder *e)
{
	Pbnetwork__Connected message = PBNETWORK__CONNECTED__INIT;

	message.user = text_of(e->event->user);
	return put_message(e, &message.base);
}

static int encode_disconnected(struct encoder *e)
{
	Pbnetwork__Disconnected message = PBNETWORK__DISCONNECTED__INIT;

	message.user = text_of(e->event->user);
	message.error = e->event->disconnected.error;
	PUT_ALWAYS(message, message, e->event->disconnected.text);
	return put_message(e, &message.base);
}

static int encode_status(struct encoder *e)
{
	Pbnetwork__Status message = PBNETWORK__STATUS__INIT;

	message.username = text_of(e->event->user);
	message.status = (Pbnetwork__StatusType)e->event->status.status;
	PUT_ALWAYS(message, statusmessage, e->event->status.text);
	return put_message(e, &message.base);
}

static void fill_groups(struct encoder *e, Pbnetwork__Buddy *message, const struct event_contact *contact)
{
	if (!contact->groups_count)
		return;
	message->group = arena_alloc(&e->scratch, contact->groups_count * sizeof(*message->group));
	message->n_group = contact->groups_count;
	for (size_t i = 0; i < contact->groups_count; i++)
		message->group[i] = text_of(contact->groups[i]);
}

/* What the core says about a contact: its place in the user's roster, not a presence. */
static void fill_buddy_by_core(struct encoder *e, Pbnetwork__Buddy *message, const struct event_contact *contact)
{
	message->username = text_of(e->event->user);
	message->buddyname = text_of(contact->name);
	PUT_ALWAYS(*message, alias, contact->alias);
	fill_groups(e, message, contact);
	message->has_status = true;
	message->status = PBNETWORK__STATUS_TYPE__STATUS_NONE;
	message->has_blocked = contact->has_blocked;
	message->blocked = contact->blocked;
}

static void fill_buddy_by_backend(struct encoder *e, Pbnetwork__Buddy *message, const struct event_contact *contact)
{
	message->username = text_of(e->event->user);
	message->buddyname = text_of(contact->name);
	PUT_OPTIONAL(*message, alias, contact->alias);
	fill_groups(e, message, contact);
	message->has_status = true;
	message->status = (Pbnetwork__StatusType)contact->status;
	PUT_OPTIONAL(*message, statusmessage, contact->status_text);
	PUT_OPTIONAL(*message, iconhash, contact->icon_hash);
	message->has_blocked = contact->has_blocked;
	message->blocked = contact->blocked;
}

static int encode_contact(struct encoder *e)
{
	Pbnetwork__Buddy message = PBNETWORK__BUDDY__INIT;

	if (e->speaker == CODEC_CORE)
		fill_buddy_by_core(e, &message, &e->event->contact);
	else
		fill_buddy_by_backend(e, &message, &e->event->contact);
	return put_message(e, &message.base);
}

static int encode_contacts(struct encoder *e)
{
	const struct event_contacts *list = &e->event->contacts;
	Pbnetwork__Buddies message = PBNETWORK__BUDDIES__INIT;
	Pbnetwork__Buddy *buddies;

	if (list->count) {
		buddies = arena_alloc(&e->scratch, list->count * sizeof(*buddies));
		message.buddy = arena_alloc(&e->scratch, list->count * sizeof(*message.buddy));
		message.n_buddy = list->count;
		for (size_t i = 0; i < list->count; i++) {
			pbnetwork__buddy__init(&buddies[i]);
			fill_buddy_by_core(e, &buddies[i], &list->contacts[i]);
			PUT_ALWAYS(buddies[i], iconhash, list->contacts[i].icon_hash);
			buddies[i].has_blocked = false;
			message.buddy[i] = &buddies[i];
		}
	}
	return put_message(e, &message.base);
}

/* The frames that only name a contact. */
static int encode_contact_name(struct encoder *e, const char *name, const char *alias)
{
	Pbnetwork__Buddy message = PBNETWORK__BUDDY__INIT;

	message.username = text_of(e->event->user);
	message.buddyname = text_of(name);
	PUT_OPTIONAL(message, alias, alias);
	return put_message(e, &message.base);
}

static int encode_contact_removed(struct encoder *e)
{
	if (e->speaker == CODEC_CORE)
		return encode_contact(e);
	return encode_contact_name(e, e->event->contact.name, NULL);
}

static int encode_auth_request(struct encoder *e)
{
	return encode_contact_name(e, e->event->contact.name, e->event->contact.alias);
}

static int encode_chat_state(struct encoder *e)
{
	static const int types[] = {
		[CHAT_STATE_ACTIVE] = TYPE(BUDDY_STOPPED_TYPING),
		[CHAT_STATE_COMPOSING] = TYPE(BUDDY_TYPING),
		[CHAT_STATE_PAUSED] = TYPE(BUDDY_TYPED),
	};
	unsigned state = (unsigned)e->event->chat_state.state;

	if (state >= ARRAY_SIZE(types))
		return TP_ERR_UNSUPPORTED;
	Pbnetwork__Buddy message = PBNETWORK__BUDDY__INIT;

	e->type = types[state];
	message.username = text_of(e->event->user);
	message.buddyname = text_of(e->event->chat_state.name);
	if (e->dialect == CODEC_EXTENDED)
		PUT_OPTIONAL(message, nickname, e->event->chat_state.nickname);
	return put_message(e, &message.base);
}

static void fill_attachments(struct encoder *e, Pbnetwork__ConversationMessage *message,
			     const struct event_message *from)
{
	Pbnetwork__Attachment *items;

	if (!from->attachments_count)
		return;
	items = arena_alloc(&e->scratch, from->attachments_count * sizeof(*items));
	message->attachment = arena_alloc(&e->scratch, from->attachments_count * sizeof(*message->attachment));
	message->n_attachment = from->attachments_count;
	for (size_t i = 0; i < from->attachments_count; i++) {
		pbnetwork__attachment__init(&items[i]);
		items[i].url = text_of(from->attachments[i].url);
		PUT_OPTIONAL(items[i], mimetype, from->attachments[i].mime_type);
		PUT_OPTIONAL(items[i], description, from->attachments[i].description);
		message->attachment[i] = &items[i];
	}
}

static int encode_message_by_core(struct encoder *e)
{
	const struct event_message *from = &e->event->message;
	Pbnetwork__ConversationMessage message = PBNETWORK__CONVERSATION_MESSAGE__INIT;
	Pbnetwork__Author author;
	const char *name = from->name;

	if (from->kind == MESSAGE_ROOM_PRIVATE && from->nickname)
		name = arena_printf(&e->scratch, "%s/%s", from->name ? from->name : "", from->nickname);
	message.username = text_of(e->event->user);
	message.buddyname = text_of(name);
	message.message = text_of(from->text);
	PUT_ALWAYS(message, xhtml, from->xhtml);
	if (from->receipt)
		PUT_OPTIONAL(message, id, from->id);
	fill_attachments(e, &message, from);
	if (e->dialect == CODEC_EXTENDED)
		fill_references(e, &message, from, &author);
	return put_conversation_message(e, &message);
}

static int encode_message_by_backend(struct encoder *e)
{
	const struct event_message *from = &e->event->message;
	Pbnetwork__ConversationMessage message = PBNETWORK__CONVERSATION_MESSAGE__INIT;
	Pbnetwork__Author author;
	char stamp[16];

	message.username = text_of(e->event->user);
	message.buddyname = text_of(from->name);
	message.message = text_of(from->text);
	PUT_OPTIONAL(message, xhtml, from->xhtml);
	if (e->dialect == CODEC_EXTENDED)
		fill_references(e, &message, from, &author);
	else
		PUT_OPTIONAL(message, id, from->id);
	if (from->kind != MESSAGE_CHAT)
		PUT_ALWAYS(message, nickname, from->nickname);
	if (from->stamp_ms) {
		clock_format_stamp(from->stamp_ms, stamp);
		PUT_ALWAYS(message, timestamp, stamp);
	}
	message.has_headline = message.headline = from->headline;
	message.has_pm = message.pm = from->kind == MESSAGE_ROOM_PRIVATE;
	message.has_carbon = message.carbon = from->carbon;
	fill_attachments(e, &message, from);
	return put_conversation_message(e, &message);
}

static int encode_message(struct encoder *e)
{
	return e->speaker == CODEC_CORE ? encode_message_by_core(e) : encode_message_by_backend(e);
}

/* The frames that are a message with little in it. */
static int encode_note(struct encoder *e, const char *nickname)
{
	const struct event_message *from = &e->event->message;
	Pbnetwork__ConversationMessage message = PBNETWORK__CONVERSATION_MESSAGE__INIT;

	message.username = text_of(e->event->user);
	message.buddyname = text_of(from->name);
	message.message = text_of(from->text);
	PUT_OPTIONAL(message, nickname, nickname);
	if (e->dialect == CODEC_EXTENDED)
		PUT_OPTIONAL(message, messageid, from->id);
	return put_conversation_message(e, &message);
}

static int encode_subject(struct encoder *e)
{
	const char *nickname = e->event->message.nickname;

	return encode_note(e, e->speaker == CODEC_BACKEND ? nickname ? nickname : "" : NULL);
}

static int encode_attention(struct encoder *e)
{
	return encode_note(e, NULL);
}

static int encode_receipt(struct encoder *e)
{
	Pbnetwork__ConversationMessage message = PBNETWORK__CONVERSATION_MESSAGE__INIT;

	message.username = text_of(e->event->user);
	message.buddyname = text_of(e->event->receipt.name);
	message.message = text_of("");
	PUT_ALWAYS(message, id, e->event->receipt.id);
	return put_conversation_message(e, &message);
}

static int encode_room(struct encoder *e)
{
	const struct event_room *room = &e->event->room;
	Pbnetwork__Room message = PBNETWORK__ROOM__INIT;

	message.username = text_of(e->event->user);
	message.nickname = text_of(room->nickname);
	message.room = text_of(room->name);
	if (e->speaker == CODEC_CORE)
		PUT_ALWAYS(message, password, room->password);
	return put_message(e, &message.base);
}

void fill_participant(const struct encoder *e, Pbnetwork__Participant *message, const struct event_participant *from)
{
	message->has_role = e->dialect == CODEC_EXTENDED && from->role != ROLE_UNSAID;
	message->role = (int32_t)from->role;
	message->nickname = text_of(from->nickname);
	message->flag = from->flags;
	message->status = (Pbnetwork__StatusType)from->status;
	PUT_OPTIONAL(*message, statusmessage, from->status_text);
	PUT_OPTIONAL(*message, newname, from->new_nickname);
	PUT_OPTIONAL(*message, iconhash, from->icon_hash);
	PUT_OPTIONAL(*message, alias, from->alias);
}

static int encode_participant(struct encoder *e)
{
	Pbnetwork__Participant message = PBNETWORK__PARTICIPANT__INIT;

	message.username = text_of(e->event->user);
	message.room = text_of(e->event->participant.room);
	fill_participant(e, &message, &e->event->participant);
	return put_message(e, &message.base);
}

static int encode_room_list(struct encoder *e)
{
	const struct event_room_list *list = &e->event->room_list;
	Pbnetwork__RoomList message = PBNETWORK__ROOM_LIST__INIT;

	if (list->count) {
		message.room = arena_alloc(&e->scratch, list->count * sizeof(*message.room));
		message.name = arena_alloc(&e->scratch, list->count * sizeof(*message.name));
		message.n_room = message.n_name = list->count;
		for (size_t i = 0; i < list->count; i++) {
			message.room[i] = text_of(list->rooms[i]);
			message.name[i] = text_of(list->names[i]);
		}
	}
	PUT_OPTIONAL(message, user, e->event->user);
	return put_message(e, &message.base);
}

static int encode_vcard(struct encoder *e)
{
	const struct event_vcard *card = &e->event->vcard;
	Pbnetwork__VCard message = PBNETWORK__VCARD__INIT;

	message.username = text_of(e->event->user);
	message.buddyname = text_of(card->name);
	message.id = (int32_t)card->id;
	if (e->event->type == EVENT_VCARD_REQUEST)
		return put_message(e, &message.base);
	if (e->speaker == CODEC_CORE) {
		PUT_ALWAYS(message, nickname, card->nickname);
	} else {
		PUT_OPTIONAL(message, fullname, card->full_name);
		PUT_OPTIONAL(message, nickname, card->nickname);
	}
	/* Spoken by the core, the photo's presence is what tells a card from a request for one. */
	message.has_photo = card->has_photo || e->speaker == CODEC_CORE;
	if (card->has_photo && card->photo_size)
		message.photo = (ProtobufCBinaryData){.len = card->photo_size, .data = (uint8_t *)card->photo};
	return put_message(e, &message.base);
}

static int encode_stats(struct encoder *e)
{
	const struct event_stats *stats = &e->event->stats;
	Pbnetwork__Stats message = PBNETWORK__STATS__INIT;

	message.res = clamp_int32(stats->resident_kb);
	message.init_res = clamp_int32(stats->initial_kb);
	message.shared = clamp_int32(stats->shared_kb);
	message.id = text_of(stats->process_id);
	return put_message(e, &message.base);
}

static int encode_config(struct encoder *e)
{
	Pbnetwork__BackendConfig message = PBNETWORK__BACKEND_CONFIG__INIT;

	message.config.data = (uint8_t *)e->event->text.bytes;
	message.config.len = e->event->text.length;
	return put_message(e, &message.base);
}

static int encode_version(struct encoder *e)
{
	Pbnetwork__APIVersion message = PBNETWORK__APIVERSION__INIT;

	message.version = e->event->version;
	return put_message(e, &message.base);
}

static const struct {
	int type;
	int (*encode)(struct encoder *e);
} encoders[EVENT_TYPE_COUNT] = {
	[EVENT_LOGIN] = {TYPE(LOGIN), encode_login},
	[EVENT_LOGOUT] = {TYPE(LOGOUT), encode_logout},
	[EVENT_CONNECTED] = {TYPE(CONNECTED), encode_connected},
	[EVENT_DISCONNECTED] = {TYPE(DISCONNECTED), encode_disconnected},
	[EVENT_STATUS] = {TYPE(STATUS_CHANGED), encode_status},
	[EVENT_CONTACT] = {TYPE(BUDDY_CHANGED), encode_contact},
	[EVENT_CONTACT_REMOVED] = {TYPE(BUDDY_REMOVED), encode_contact_removed},
	[EVENT_CONTACTS] = {TYPE(BUDDIES), encode_contacts},
	[EVENT_AUTH_REQUEST] = {TYPE(AUTH_REQUEST), encode_auth_request},
	[EVENT_MESSAGE] = {TYPE(CONV_MESSAGE), encode_message},
	[EVENT_SUBJECT] = {TYPE(ROOM_SUBJECT_CHANGED), encode_subject},
	[EVENT_ATTENTION] = {TYPE(ATTENTION), encode_attention},
	[EVENT_RECEIPT] = {TYPE(CONV_MESSAGE_ACK), encode_receipt},
	[EVENT_CHAT_STATE] = {TYPE(BUDDY_TYPING), encode_chat_state},
	[EVENT_ROOM_JOIN] = {TYPE(JOIN_ROOM), encode_room},
	[EVENT_ROOM_LEAVE] = {TYPE(LEAVE_ROOM), encode_room},
	[EVENT_ROOM_NICKNAME] = {TYPE(ROOM_NICKNAME_CHANGED), encode_room},
	[EVENT_PARTICIPANT] = {TYPE(PARTICIPANT_CHANGED), encode_participant},
	[EVENT_ROOM_LIST] = {TYPE(ROOM_LIST), encode_room_list},
	[EVENT_VCARD_REQUEST] = {TYPE(VCARD), encode_vcard},
	[EVENT_VCARD] = {TYPE(VCARD), encode_vcard},
	[EVENT_PING] = {TYPE(PING), encode_empty},
	[EVENT_PONG] = {TYPE(PONG), encode_empty},
	[EVENT_EXIT] = {TYPE(EXIT), encode_empty},
	[EVENT_STATS] = {TYPE(STATS), encode_stats},
	[EVENT_BACKEND_CONFIG] = {TYPE(BACKEND_CONFIG), encode_config},
	[EVENT_QUERY] = {TYPE(QUERY), encode_config},
	[EVENT_RAW_XML] = {TYPE(RAW_XML), encode_raw_xml},
	[EVENT_API_VERSION] = {TYPE(API_VERSION), encode_version},
	[EVENT_HANDOVER] = {TYPE(HANDOVER), encode_handover},
	[EVENT_READ_MARKER] = {TYPE(READ_MARKER), encode_read_marker},
	[EVENT_LOGIN_STEP] = {TYPE(LOGIN_STEP), encode_login_step},
	[EVENT_LOGIN_ANSWER] = {TYPE(LOGIN_ANSWER), encode_login_answer},
	[EVENT_VALUES] = {TYPE(VALUES), encode_values},
	[EVENT_PARTICIPANTS] = {TYPE(PARTICIPANTS), encode_participants},
	[EVENT_ROOM_INFO] = {TYPE(ROOM_INFO), encode_room_info},
	[EVENT_MODERATION] = {TYPE(MODERATION), encode_moderation},
	[EVENT_ROOM_CHANGE] = {TYPE(ROOM_CHANGE), encode_room_change},
	[EVENT_BANS] = {TYPE(BANS), encode_bans},
	[EVENT_HOLD] = {TYPE(HOLD), encode_hold},
	[EVENT_ATTACH] = {TYPE(ATTACH), encode_attach},
	[EVENT_ATTACHED] = {TYPE(ATTACHED), encode_attached},
	[EVENT_RESUME] = {TYPE(RESUME), encode_resume},
	[EVENT_RESUMED] = {TYPE(RESUMED), encode_empty},
};

int codec_encode(struct buf *out, enum codec_side speaker, enum codec_dialect dialect, const struct event *event)
{
	struct encoder encoder = {.out = out, .speaker = speaker, .dialect = dialect, .event = event};
	int error;

	if (!wire_may_send(speaker, dialect, event->type))
		return TP_ERR_UNSUPPORTED;
	encoder.type = encoders[event->type].type;
	error = encoders[event->type].encode(&encoder);
	arena_finish(&encoder.scratch);
	return error;
}
