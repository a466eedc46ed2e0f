/* SPDX-License-Identifier: MIT */
#include "protocol/codec.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "protocol/decoder.h"
#include "protocol/plain_unpack.h"
#include "protocol/wire.h"

/* A frame of many tiny fields makes structs much larger than itself. Honest lists of the shortest names take up to
 * 21 times their frame, nearly all else less than 5 times; beyond the cap a frame is taken as an attack. */
#define CODEC_MEMORY_FACTOR 25
#define CODEC_MEMORY_BASE (64u << 10)

/* One byte more than asked for, a NUL: text fields are C strings where the generated code put them. */
static void *decoder_alloc(void *context, size_t size)
{
	struct decoder *d = context;
	char *memory;

	/* 16: a piece of the arena is rounded up to that */
	if (d->arena->used >= d->arena_limit || size + 16 >= d->arena_limit - d->arena->used)
		return NULL;
	memory = arena_alloc(d->arena, size + 1);
	memory[size] = '\0';
	return memory;
}

static void decoder_free(void *context, void *memory)
{
	(void)context;
	(void)memory;
}

/* Of what is larger a copy in vain would count, and time does not. */
#define PLAIN_PAYLOAD_BYTES (16u << 10)

/* In one piece of memory: the message, its bytes, and room for a NUL. Lists of messages are never plain. */
static ProtobufCMessage *unpack_plain(struct decoder *d, const ProtobufCMessageDescriptor *descriptor)
{
	if (d->payload.len > PLAIN_PAYLOAD_BYTES ||
	    (descriptor->n_fields && descriptor->fields[0].label == PROTOBUF_C_LABEL_REPEATED))
		return NULL;
	ProtobufCBinaryData *items = arena_alloc(d->arena, PLAIN_LIST_ITEMS * sizeof(*items));
	ProtobufCMessage *message = arena_alloc(d->arena, descriptor->sizeof_message + d->payload.len + 1);
	uint8_t *bytes = (uint8_t *)message + descriptor->sizeof_message;

	if (d->payload.len)
		memcpy(bytes, d->payload.data, d->payload.len);
	return plain_unpack(descriptor, bytes, d->payload.len, message, items) ? message : NULL;
}

ProtobufCMessage *decoder_unpack(struct decoder *d, const ProtobufCMessageDescriptor *descriptor)
{
	ProtobufCMessage *message = unpack_plain(d, descriptor);

	return message ? message
		       : protobuf_c_message_unpack(descriptor, &d->allocator, d->payload.len, d->payload.data);
}

char *take_clean(struct decoder *d, ProtobufCBinaryData from, enum text_clean how, size_t *length)
{
	struct buf clean = {0};
	char *text;

	*length = from.len;
	if (!from.len)
		return arena_strndup(d->arena, "", 0);
	if (text_is_clean((const char *)from.data, from.len, how))
		return (char *)from.data;
	text_clean(&clean, (const char *)from.data, from.len, how);
	text = arena_strndup(d->arena, clean.data, clean.len);
	*length = clean.len;
	buf_finish(&clean);
	return text;
}

const char *take_key(struct decoder *d, ProtobufCBinaryData from, size_t limit)
{
	size_t length;
	const char *text = take_clean(d, from, TEXT_LINE, &length);

	if (length > limit)
		d->error = TP_ERR_INVALID;
	return text;
}

const char *take_name(struct decoder *d, ProtobufCBinaryData from)
{
	return take_key(d, from, LIMIT_NAME_BYTES);
}

const char *take_address(struct decoder *d, ProtobufCBinaryData from)
{
	return take_key(d, from, LIMIT_ADDRESS_BYTES);
}

const char *take_label(struct decoder *d, ProtobufCBinaryData from, enum text_clean how, size_t limit)
{
	size_t length;
	char *text = take_clean(d, from, how, &length);

	if (length > limit)
		text[text_cut(text, length, limit)] = '\0';
	return text;
}

void decoder_limit(struct decoder *d)
{
	if (!d->error)
		d->error = TP_ERR_LIMIT;
}

const char *take_body(struct decoder *d, ProtobufCBinaryData from)
{
	size_t length;
	const char *text = take_clean(d, from, TEXT_LINES, &length);

	if (length > LIMIT_MESSAGE_BYTES)
		decoder_limit(d);
	return text;
}

const char *take_url(struct decoder *d, ProtobufCBinaryData from)
{
	size_t length;
	const char *text = take_clean(d, from, TEXT_LINE, &length);

	if (length > LIMIT_MESSAGE_BYTES)
		decoder_limit(d);
	return text;
}

/* What a backend gets as it was stored; the frame's limit is the only one. */
static const char *take_value(struct decoder *d, ProtobufCBinaryData from)
{
	size_t length;

	return take_clean(d, from, TEXT_LINES, &length);
}

void take_user(struct decoder *d, ProtobufCBinaryData from)
{
	d->event->user = take_address(d, from);
}

static bool status_is_known(Pbnetwork__StatusType status)
{
	return (unsigned)status <= STATUS_INVISIBLE;
}

static bool decode_connected(struct decoder *d)
{
	Pbnetwork__Connected *m = UNPACK(d, connected);

	if (!m)
		return false;
	take_user(d, m->user);
	return true;
}

static bool decode_disconnected(struct decoder *d)
{
	Pbnetwork__Disconnected *m = UNPACK(d, disconnected);

	if (!m)
		return false;
	take_user(d, m->user);
	d->event->disconnected.error = m->error;
	d->event->disconnected.text = take_label(d, m->message, TEXT_LINES, LIMIT_STATUS_BYTES);
	return true;
}

static bool decode_login(struct decoder *d)
{
	Pbnetwork__Login *m = UNPACK(d, login);
	struct event_login *login = &d->event->login;
	struct event_setting *settings;

	if (!m)
		return false;
	take_user(d, m->user);
	login->legacy_name = take_name(d, m->legacyname);
	login->password = take_value(d, m->password);
	if (!m->settings || !m->settings->n_value)
		return true;
	settings = arena_alloc(d->arena, m->settings->n_value * sizeof(*settings));
	for (size_t i = 0; i < m->settings->n_value; i++) {
		settings[i].name = take_name(d, m->settings->value[i]->key);
		settings[i].value = take_value(d, m->settings->value[i]->value);
	}
	login->settings = settings;
	login->settings_count = m->settings->n_value;
	return true;
}

static bool decode_logout(struct decoder *d)
{
	Pbnetwork__Logout *m = UNPACK(d, logout);

	if (!m)
		return false;
	take_user(d, m->user);
	d->event->login.legacy_name = take_name(d, m->legacyname);
	d->event->login.password = "";
	return true;
}

static bool decode_status(struct decoder *d)
{
	Pbnetwork__Status *m = UNPACK(d, status);

	if (!m || !status_is_known(m->status))
		return false;
	take_user(d, m->username);
	d->event->status.status = (enum status)m->status;
	d->event->status.text = OPTIONAL_STATUS_TEXT(d, m, statusmessage);
	return true;
}

static void take_contact(struct decoder *d, const Pbnetwork__Buddy *m, struct event_contact *contact)
{
	const char **groups = NULL;

	*contact = (struct event_contact){.name = take_name(d, m->buddyname)};
	contact->alias = OPTIONAL_LABEL(d, m, alias);
	if (m->n_group)
		groups = arena_alloc(d->arena, m->n_group * sizeof(*groups));
	for (size_t i = 0; i < m->n_group; i++)
		groups[i] = take_label(d, m->group[i], TEXT_LINE, LIMIT_NAME_BYTES);
	contact->groups = groups;
	contact->groups_count = m->n_group;
	if (m->has_status && status_is_known(m->status))
		contact->status = (enum status)m->status;
	contact->status_text = OPTIONAL_STATUS_TEXT(d, m, statusmessage);
	contact->icon_hash = OPTIONAL_NAME(d, m, iconhash);
	contact->has_blocked = m->has_blocked;
	contact->blocked = m->has_blocked && m->blocked;
}

static bool decode_contact(struct decoder *d)
{
	Pbnetwork__Buddy *m = UNPACK(d, buddy);

	if (!m)
		return false;
	take_user(d, m->username);
	take_contact(d, m, &d->event->contact);
	return true;
}

/* The wire has a user in each entry; a list is one user's. */
static bool decode_contacts(struct decoder *d)
{
	Pbnetwork__Buddies *m = UNPACK(d, buddies);
	struct event_contact *contacts;

	if (!m)
		return false;
	d->event->user = "";
	if (!m->n_buddy)
		return true;
	contacts = arena_alloc(d->arena, m->n_buddy * sizeof(*contacts));
	take_user(d, m->buddy[0]->username);
	for (size_t i = 0; i < m->n_buddy; i++) {
		ProtobufCBinaryData user = m->buddy[i]->username, first = m->buddy[0]->username;

		if (user.len != first.len || (user.len && memcmp(user.data, first.data, user.len) != 0))
			return false;
		take_contact(d, m->buddy[i], &contacts[i]);
	}
	d->event->contacts.contacts = contacts;
	d->event->contacts.count = m->n_buddy;
	return true;
}

static bool decode_chat_state(struct decoder *d)
{
	Pbnetwork__Buddy *m = UNPACK(d, buddy);

	if (!m)
		return false;
	take_user(d, m->username);
	d->event->chat_state.name = take_address(d, m->buddyname);
	if (d->dialect == CODEC_EXTENDED)
		d->event->chat_state.nickname = OPTIONAL_NAME(d, m, nickname);
	d->event->chat_state.state = d->type == TYPE(BUDDY_TYPING)  ? CHAT_STATE_COMPOSING
				     : d->type == TYPE(BUDDY_TYPED) ? CHAT_STATE_PAUSED
								    : CHAT_STATE_ACTIVE;
	return true;
}

static void take_attachments(struct decoder *d, const Pbnetwork__ConversationMessage *m, struct event_message *message)
{
	struct event_attachment *items;

	if (!m->n_attachment)
		return;
	items = arena_alloc(d->arena, m->n_attachment * sizeof(*items));
	for (size_t i = 0; i < m->n_attachment; i++) {
		const Pbnetwork__Attachment *from = m->attachment[i];

		items[i].url = take_url(d, from->url);
		items[i].mime_type = OPTIONAL_LABEL(d, from, mimetype);
		items[i].description = OPTIONAL_STATUS_TEXT(d, from, description);
	}
	message->attachments = items;
	message->attachments_count = m->n_attachment;
}

static bool decode_message(struct decoder *d)
{
	Pbnetwork__ConversationMessage *m = UNPACK(d, conversation_message);
	struct event_message *message = &d->event->message;

	if (!m)
		return false;
	take_user(d, m->username);
	message->name = take_address(d, m->buddyname);
	message->nickname = OPTIONAL_NAME(d, m, nickname);
	if (message->nickname && d->speaker == CODEC_BACKEND)
		message->kind = m->has_pm && m->pm ? MESSAGE_ROOM_PRIVATE : MESSAGE_ROOM;
	message->text = take_body(d, m->message);
	if (is_said(m->has_xhtml, m->xhtml))
		message->xhtml = take_body(d, m->xhtml);
	message->id = OPTIONAL_NAME(d, m, id);
	message->receipt = message->id && d->speaker == CODEC_CORE;
	if (d->dialect == CODEC_EXTENDED)
		take_references(d, m, message);
	if (is_said(m->has_timestamp, m->timestamp) &&
	    !clock_parse_stamp((const char *)m->timestamp.data, &message->stamp_ms))
		message->stamp_ms = 0;
	message->headline = m->has_headline && m->headline;
	message->carbon = m->has_carbon && m->carbon && d->speaker == CODEC_BACKEND;
	take_attachments(d, m, message);
	return true;
}

/* Subject and attention. */
static bool decode_note(struct decoder *d)
{
	Pbnetwork__ConversationMessage *m = UNPACK(d, conversation_message);
	struct event_message *message = &d->event->message;

	if (!m)
		return false;
	take_user(d, m->username);
	message->name = take_address(d, m->buddyname);
	message->nickname = OPTIONAL_NAME(d, m, nickname);
	message->text = take_body(d, m->message);
	if (d->dialect == CODEC_EXTENDED)
		message->id = OPTIONAL_NAME(d, m, messageid);
	if (d->type == TYPE(ROOM_SUBJECT_CHANGED))
		message->kind = MESSAGE_ROOM;
	return true;
}

static bool decode_receipt(struct decoder *d)
{
	Pbnetwork__ConversationMessage *m = UNPACK(d, conversation_message);

	if (!m || !is_said(m->has_id, m->id))
		return false;
	take_user(d, m->username);
	d->event->receipt.name = take_address(d, m->buddyname);
	d->event->receipt.id = take_name(d, m->id);
	return true;
}

static bool decode_room(struct decoder *d)
{
	Pbnetwork__Room *m = UNPACK(d, room);

	if (!m)
		return false;
	take_user(d, m->username);
	d->event->room.name = take_name(d, m->room);
	d->event->room.nickname = take_name(d, m->nickname);
	d->event->room.password = OPTIONAL_NAME(d, m, password);
	return true;
}

enum participant_role take_role(bool has, int32_t role)
{
	if (!has || role <= 0)
		return ROLE_UNSAID;
	return role < ROLE_OWNER ? (enum participant_role)role : ROLE_OWNER;
}

bool take_participant(struct decoder *d, const Pbnetwork__Participant *m, struct event_participant *participant)
{
	if (!status_is_known(m->status))
		return false;
	*participant = (struct event_participant){.nickname = take_name(d, m->nickname)};
	participant->flags = m->flag;
	participant->status = (enum status)m->status;
	participant->status_text = OPTIONAL_STATUS_TEXT(d, m, statusmessage);
	participant->new_nickname = OPTIONAL_NAME(d, m, newname);
	participant->icon_hash = OPTIONAL_NAME(d, m, iconhash);
	participant->alias = OPTIONAL_NAME(d, m, alias);
	if (d->dialect == CODEC_EXTENDED)
		participant->role = take_role(m->has_role, m->role);
	return true;
}

static bool decode_participant(struct decoder *d)
{
	Pbnetwork__Participant *m = UNPACK(d, participant);

	if (!m || !take_participant(d, m, &d->event->participant))
		return false;
	take_user(d, m->username);
	d->event->participant.room = take_name(d, m->room);
	return true;
}

/* A name that cannot be costs its entry, not the whole list. */
static bool decode_room_list(struct decoder *d)
{
	Pbnetwork__RoomList *m = UNPACK(d, room_list);
	struct event_room_list *list = &d->event->room_list;
	const char **rooms, **names;
	size_t most;

	if (!m)
		return false;
	if (is_said(m->has_user, m->user))
		take_user(d, m->user);
	most = m->n_room < m->n_name ? m->n_room : m->n_name;
	if (most > LIMIT_ROOM_LIST)
		most = LIMIT_ROOM_LIST;
	rooms = arena_alloc(d->arena, most * sizeof(*rooms));
	names = arena_alloc(d->arena, most * sizeof(*names));
	for (size_t i = 0; i < most; i++) {
		size_t length;
		const char *room = take_clean(d, m->room[i], TEXT_LINE, &length);

		if (!length || length > LIMIT_NAME_BYTES)
			continue;
		rooms[list->count] = room;
		names[list->count++] = take_label(d, m->name[i], TEXT_LINE, LIMIT_NAME_BYTES);
	}
	list->rooms = rooms;
	list->names = names;
	return true;
}

static bool decode_vcard(struct decoder *d)
{
	Pbnetwork__VCard *m = UNPACK(d, vcard);
	struct event_vcard *card = &d->event->vcard;

	if (!m)
		return false;
	if (d->speaker == CODEC_CORE && !m->has_photo)
		d->event->type = EVENT_VCARD_REQUEST;
	take_user(d, m->username);
	card->name = take_address(d, m->buddyname);
	card->id = (uint32_t)m->id;
	card->full_name = OPTIONAL_LABEL(d, m, fullname);
	card->nickname = OPTIONAL_LABEL(d, m, nickname);
	card->has_photo = m->has_photo;
	if (is_said(m->has_photo, m->photo)) {
		card->photo = m->photo.data;
		card->photo_size = m->photo.len;
	}
	return true;
}

static bool decode_stats(struct decoder *d)
{
	Pbnetwork__Stats *m = UNPACK(d, stats);
	struct event_stats *stats = &d->event->stats;

	if (!m)
		return false;
	stats->resident_kb = m->res > 0 ? m->res : 0;
	stats->initial_kb = m->init_res > 0 ? m->init_res : 0;
	stats->shared_kb = m->shared > 0 ? m->shared : 0;
	stats->process_id = take_name(d, m->id);
	return true;
}

static void take_text(struct decoder *d, ProtobufCBinaryData from)
{
	d->event->text.bytes = take_clean(d, from, TEXT_LINES, &d->event->text.length);
}

/* BACKEND_CONFIG and QUERY. */
static bool decode_config(struct decoder *d)
{
	Pbnetwork__BackendConfig *m = UNPACK(d, backend_config);

	if (!m)
		return false;
	take_text(d, m->config);
	return true;
}

static bool decode_raw_xml(struct decoder *d)
{
	ProtobufCBinaryData text = {.len = d->payload.len};

	if (!text.len)
		return false;
	/* the payload is in the frame, without a NUL */
	text.data = arena_alloc(d->arena, text.len + 1);
	memcpy(text.data, d->payload.data, text.len);
	text.data[text.len] = '\0';
	take_text(d, text);
	return true;
}

static bool decode_version(struct decoder *d)
{
	Pbnetwork__APIVersion *m = UNPACK(d, apiversion);

	if (!m)
		return false;
	d->event->version = m->version;
	return true;
}

bool decode_nothing(struct decoder *d)
{
	(void)d;
	return true;
}

static const struct decoder_entry decoders[] = {
	[TYPE(CONNECTED)] = {decode_connected, EVENT_CONNECTED},
	[TYPE(DISCONNECTED)] = {decode_disconnected, EVENT_DISCONNECTED},
	[TYPE(LOGIN)] = {decode_login, EVENT_LOGIN},
	[TYPE(LOGOUT)] = {decode_logout, EVENT_LOGOUT},
	[TYPE(BUDDY_CHANGED)] = {decode_contact, EVENT_CONTACT},
	[TYPE(BUDDY_REMOVED)] = {decode_contact, EVENT_CONTACT_REMOVED},
	[TYPE(CONV_MESSAGE)] = {decode_message, EVENT_MESSAGE},
	[TYPE(PING)] = {decode_nothing, EVENT_PING},
	[TYPE(PONG)] = {decode_nothing, EVENT_PONG},
	[TYPE(JOIN_ROOM)] = {decode_room, EVENT_ROOM_JOIN},
	[TYPE(LEAVE_ROOM)] = {decode_room, EVENT_ROOM_LEAVE},
	[TYPE(PARTICIPANT_CHANGED)] = {decode_participant, EVENT_PARTICIPANT},
	[TYPE(ROOM_NICKNAME_CHANGED)] = {decode_room, EVENT_ROOM_NICKNAME},
	[TYPE(ROOM_SUBJECT_CHANGED)] = {decode_note, EVENT_SUBJECT},
	[TYPE(VCARD)] = {decode_vcard, EVENT_VCARD},
	[TYPE(STATUS_CHANGED)] = {decode_status, EVENT_STATUS},
	[TYPE(BUDDY_TYPING)] = {decode_chat_state, EVENT_CHAT_STATE},
	[TYPE(BUDDY_STOPPED_TYPING)] = {decode_chat_state, EVENT_CHAT_STATE},
	[TYPE(BUDDY_TYPED)] = {decode_chat_state, EVENT_CHAT_STATE},
	[TYPE(AUTH_REQUEST)] = {decode_contact, EVENT_AUTH_REQUEST},
	[TYPE(ATTENTION)] = {decode_note, EVENT_ATTENTION},
	[TYPE(STATS)] = {decode_stats, EVENT_STATS},
	[TYPE(FT_START)] = {decode_nothing, EVENT_OTHER},
	[TYPE(FT_FINISH)] = {decode_nothing, EVENT_OTHER},
	[TYPE(FT_DATA)] = {decode_nothing, EVENT_OTHER},
	[TYPE(FT_PAUSE)] = {decode_nothing, EVENT_OTHER},
	[TYPE(FT_CONTINUE)] = {decode_nothing, EVENT_OTHER},
	[TYPE(EXIT)] = {decode_nothing, EVENT_EXIT},
	[TYPE(BACKEND_CONFIG)] = {decode_config, EVENT_BACKEND_CONFIG},
	[TYPE(QUERY)] = {decode_config, EVENT_QUERY},
	[TYPE(ROOM_LIST)] = {decode_room_list, EVENT_ROOM_LIST},
	[TYPE(CONV_MESSAGE_ACK)] = {decode_receipt, EVENT_RECEIPT},
	[TYPE(RAW_XML)] = {decode_raw_xml, EVENT_RAW_XML},
	[TYPE(BUDDIES)] = {decode_contacts, EVENT_CONTACTS},
	[TYPE(API_VERSION)] = {decode_version, EVENT_API_VERSION},
};

/* What a caller may know of an event that is not taken. */
static int refuse(struct decoder *d, int error)
{
	struct event rest = {.type = d->event->type, .handover = d->event->handover};

	if (error == TP_ERR_LIMIT) {
		rest.user = d->event->user;
		if (event_is_message(rest.type)) {
			rest.message.kind = d->event->message.kind;
			rest.message.name = d->event->message.name;
			rest.message.nickname = d->event->message.nickname;
			rest.message.text = "";
		}
	}
	*d->event = rest;
	return error;
}

/* NULL: not in the protocol. */
static const struct decoder_entry *find_decoder(int type, enum codec_dialect dialect)
{
	const struct decoder_entry *entry = NULL;

	if (type >= 0 && (size_t)type < ARRAY_SIZE(decoders))
		entry = &decoders[type];
	else if (dialect == CODEC_EXTENDED)
		entry = extension_decoder(type);
	return entry && entry->decode ? entry : NULL;
}

int codec_decode(struct arena *arena, enum codec_side speaker, enum codec_dialect dialect, const uint8_t *frame,
		 size_t length, struct event *event)
{
	struct decoder d = {.arena = arena, .speaker = speaker, .dialect = dialect, .event = event};
	const struct decoder_entry *decoder;
	Pbnetwork__WrapperMessage plain, *wrapper = &plain;

	*event = (struct event){.type = EVENT_OTHER};
	d.allocator = (ProtobufCAllocator){decoder_alloc, decoder_free, &d};
	d.arena_limit = arena->used + CODEC_MEMORY_BASE + CODEC_MEMORY_FACTOR * length;
	if (!plain_unwrap(frame, length, &plain))
		wrapper = pbnetwork__wrapper_message__unpack(&d.allocator, length, frame);
	if (!wrapper)
		return TP_ERR_INVALID;
	d.type = (int)wrapper->type;
	if (wrapper->has_payload)
		d.payload = wrapper->payload;
	if (dialect == CODEC_EXTENDED) {
		event->handover = wrapper->has_handover ? wrapper->handover : 0;
		event->snapshot = wrapper->has_snapshot && wrapper->snapshot;
	}
	decoder = find_decoder(d.type, dialect);
	if (!decoder)
		return refuse(&d, TP_ERR_INVALID);
	event->type = decoder->event;
	if (event->type != EVENT_OTHER && !wire_may_send(speaker, dialect, event->type))
		return refuse(&d, TP_ERR_INVALID);
	if (!decoder->decode(&d))
		return refuse(&d, TP_ERR_INVALID);
	return d.error ? refuse(&d, d.error) : 0;
}
