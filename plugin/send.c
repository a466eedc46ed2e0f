/* SPDX-License-Identifier: MIT */
/* The short forms of plug_send. */
#include "plugin/plugin.h"

#include "base/error.h"
#include "config/limits.h"
#include "plugin/plugin_private.h"

void plug_connected(struct plug *plug, const char *user)
{
	plug_send(plug, &(struct event){EVENT_CONNECTED, user});
}

void plug_disconnected(struct plug *plug, const char *user, enum connection_error error, const char *text)
{
	plug_send(plug, &(struct event){EVENT_DISCONNECTED, user, .disconnected = {(int)error, text}});
}

void plug_contact(struct plug *plug, const char *user, const struct event_contact *contact)
{
	plug_send(plug, &(struct event){EVENT_CONTACT, user, .contact = *contact});
}

void plug_contact_removed(struct plug *plug, const char *user, const char *contact)
{
	plug_send(plug, &(struct event){EVENT_CONTACT_REMOVED, user, .contact = {.name = contact}});
}

void plug_authorization_request(struct plug *plug, const char *user, const char *contact)
{
	plug_send(plug, &(struct event){EVENT_AUTH_REQUEST, user, .contact = {.name = contact}});
}

static void send_message(struct plug *plug, const char *user, const struct event_message *message)
{
	plug_send(plug, &(struct event){EVENT_MESSAGE, user, .message = *message});
}

void plug_message(struct plug *plug, const char *user, const char *contact, const char *text, const char *xhtml)
{
	send_message(plug, user, &(struct event_message){.name = contact, .text = text, .xhtml = xhtml});
}

void plug_room_message(struct plug *plug, const char *user, const char *room, const char *nickname, const char *text,
		       const char *xhtml)
{
	send_message(plug, user,
		     &(struct event_message){MESSAGE_ROOM, room, nickname, .text = text, .xhtml = xhtml});
}

void plug_room_private_message(struct plug *plug, const char *user, const char *room, const char *nickname,
			       const char *text, const char *xhtml)
{
	send_message(plug, user,
		     &(struct event_message){MESSAGE_ROOM_PRIVATE, room, nickname, .text = text, .xhtml = xhtml});
}

void plug_receipt(struct plug *plug, const char *user, const char *contact, const char *message_id)
{
	plug_send(plug, &(struct event){EVENT_RECEIPT, user, .receipt = {contact, message_id}});
}

void plug_subject(struct plug *plug, const char *user, const char *room, const char *nickname, const char *subject)
{
	plug_send(plug, &(struct event){EVENT_SUBJECT, user,
					.message = {MESSAGE_ROOM, room, nickname, .text = subject}});
}

void plug_chat_state(struct plug *plug, const char *user, const char *contact, enum chat_state state)
{
	plug_send(plug, &(struct event){EVENT_CHAT_STATE, user, .chat_state = {contact, state, NULL}});
}

void plug_room_chat_state(struct plug *plug, const char *user, const char *room, const char *nickname,
			  enum chat_state state)
{
	plug_send(plug, &(struct event){EVENT_CHAT_STATE, user, .chat_state = {room, state, nickname}});
}

void plug_participant(struct plug *plug, const char *user, const struct event_participant *participant)
{
	plug_send(plug, &(struct event){EVENT_PARTICIPANT, user, .participant = *participant});
}

void plug_room_nickname(struct plug *plug, const char *user, const char *room, const char *nickname)
{
	plug_send(plug, &(struct event){EVENT_ROOM_NICKNAME, user, .room = {.name = room, .nickname = nickname}});
}

void plug_room_list(struct plug *plug, const char *user, const char *const *rooms, const char *const *names,
		    size_t count)
{
	plug_send(plug, &(struct event){EVENT_ROOM_LIST, user, .room_list = {rooms, names, count}});
}

void plug_vcard(struct plug *plug, const char *user, const char *contact, uint32_t id, const char *full_name,
		const char *nickname, const void *photo, size_t photo_size)
{
	plug_send(plug, &(struct event){EVENT_VCARD, user,
					.vcard = {.name = contact,
						  .id = id,
						  .full_name = full_name,
						  .nickname = nickname,
						  .photo = photo,
						  .photo_size = photo_size,
						  .has_photo = photo_size > 0}});
}

/* ---- the extension ---- */

bool plug_extended(const struct plug *plug)
{
	return plug->extended;
}

uint64_t plug_handover(const struct plug *plug)
{
	return plug->handling;
}

void plug_message_done(struct plug *plug, uint64_t handover, const char *message_id)
{
	verdicts_settle(&plug->verdicts, handover, 0, NULL, message_id);
}

void plug_message_refused(struct plug *plug, uint64_t handover, enum handover_error error, const char *sentence)
{
	verdicts_settle(&plug->verdicts, handover, (int)error, sentence, NULL);
}

void plug_login_step(struct plug *plug, const char *user, const struct event_login_step *step)
{
	plug_send(plug, &(struct event){EVENT_LOGIN_STEP, user, .login_step = *step});
}

void plug_value_set(struct plug *plug, const char *user, const char *key, const void *bytes, size_t size)
{
	struct event_value value = {key, bytes, size};

	if (bytes && size > LIMIT_VALUE_BYTES)
		log_error(&plug->log, "value %s of %s was not stored: it has %zu bytes", log_quote(key), log_quote(user),
			  size);
	else
		plug_send(plug, &(struct event){EVENT_VALUES, user, .values = {&value, 1}});
}

void plug_participants(struct plug *plug, const char *user, const char *room,
		       const struct event_participant *participants, size_t count)
{
	struct event event = {EVENT_PARTICIPANTS, user, .participants = {room, participants, count}};

	if (plug_send(plug, &event) != TP_ERR_UNSUPPORTED)
		return;
	for (size_t i = 0; i < count; i++) {
		struct event one = {EVENT_PARTICIPANT, user, .participant = participants[i]};

		one.participant.room = room;
		plug_send(plug, &one);
	}
}

void plug_room_info(struct plug *plug, const char *user, const struct event_room_info *info)
{
	plug_send(plug, &(struct event){EVENT_ROOM_INFO, user, .room_info = *info});
}

void plug_bans(struct plug *plug, const char *user, const char *room, const struct event_ban *bans, size_t count)
{
	size_t sent = 0;

	do {
		size_t part = count - sent > LIMIT_BANS_PER_FRAME ? LIMIT_BANS_PER_FRAME : count - sent;
		struct event event = {EVENT_BANS, user,
				      .bans = {.room = room, .bans = count ? bans + sent : NULL, .count = part}};

		sent += part;
		event.bans.more = sent < count;
		plug_send(plug, &event);
	} while (sent < count);
}

void plug_bans_refused(struct plug *plug, const char *user, const char *room, enum handover_error error,
		       const char *sentence)
{
	plug_send(plug, &(struct event){EVENT_BANS, user, .bans = {.room = room, .error = (int)error, .reason = sentence}});
}

void plug_read_marker(struct plug *plug, const char *user, const struct event_read_marker *marker)
{
	plug_send(plug, &(struct event){EVENT_READ_MARKER, user, .read_marker = *marker});
}
