/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "plugin/plugin_private.h"
#include "protocol/codec.h"

/* Calls a slot of the ops that is there. */
#define CALL(plug, slot, ...)                                          \
	do {                                                           \
		if ((plug)->ops->slot)                                 \
			(plug)->ops->slot((plug), __VA_ARGS__);        \
	} while (0)

void receive_memory(int64_t *resident_kb, int64_t *shared_kb)
{
	char text[128];
	long long size, resident = 0, shared = 0, page_kb = sysconf(_SC_PAGESIZE) / 1024;
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	text[length > 0 ? length : 0] = '\0';
	if (sscanf(text, "%lld %lld %lld", &size, &resident, &shared) != 3)
		resident = shared = 0;
	*resident_kb = resident * page_kb;
	*shared_kb = shared * page_kb;
}

static void send_config(struct plug *plug)
{
	const struct plug_options *options = plug->options;
	struct event event = {.type = EVENT_BACKEND_CONFIG};
	struct buf text = {0};

	buf_printf(&text, "[registration]\nneedPassword=%d\nneedRegistration=%d\n", !options->no_password,
		   !options->no_registration);
	buf_printf(&text, "[features]\nmuc=%d\nrawxml=%d\ndisable_jid_escaping=%d\n", options->rooms,
		   options->raw_xml, options->disable_jid_escaping);
	/* An explicit 0 would override what the instance's configuration says. */
	if (options->receipts)
		buf_puts(&text, "receipts=1\n");
	if (options->send_contacts_on_login)
		buf_puts(&text, "send_buddies_on_login=1\n");
	if (options->room_nickname_change)
		buf_puts(&text, "room_nick=1\n");
	if (options->password_unchecked)
		buf_puts(&text, "password_unchecked=1\n");
	event.text.bytes = buf_text(&text);
	event.text.length = text.len;
	plug_send(plug, &event);
	buf_finish(&text);
}

static void receive_ping(struct plug *plug)
{
	struct event pong = {.type = EVENT_PONG}, stats = {.type = EVENT_STATS};
	char process_id[24];

	if (!plug->greeted)
		send_config(plug);
	plug->greeted = true;
	plug_send(plug, &pong);
	snprintf(process_id, sizeof(process_id), "%ld", (long)getpid());
	stats.stats.process_id = process_id;
	stats.stats.initial_kb = plug->initial_kb;
	receive_memory(&stats.stats.resident_kb, &stats.stats.shared_kb);
	plug_send(plug, &stats);
}

static void receive_vcard_request(struct plug *plug, const struct event *event)
{
	const struct event_vcard *card = &event->vcard;

	if (plug->ops->vcard_request)
		plug->ops->vcard_request(plug, event->user, card->name, card->id);
	else
		plug_vcard(plug, event->user, card->name, card->id, NULL, NULL, NULL, 0);
}

static void receive_conversation(struct plug *plug, const struct event *event)
{
	const struct event_message *message = &event->message;

	switch (event->type) {
	case EVENT_MESSAGE:
		CALL(plug, message, event->user, message);
		break;
	case EVENT_SUBJECT:
		CALL(plug, subject, event->user, message->name, message->text);
		break;
	case EVENT_ATTENTION:
		CALL(plug, attention, event->user, message->name, message->text);
		break;
	case EVENT_CHAT_STATE:
		CALL(plug, chat_state, event->user, event->chat_state.name, event->chat_state.state);
		break;
	case EVENT_ROOM_JOIN:
		CALL(plug, room_join, event->user, &event->room);
		break;
	case EVENT_ROOM_LEAVE:
		CALL(plug, room_leave, event->user, event->room.name);
		break;
	default:
		break;
	}
}

static void receive_event(struct plug *plug, const struct event *event)
{
	switch (event->type) {
	case EVENT_PING:
		receive_ping(plug);
		break;
	case EVENT_EXIT:
		plug_end(plug, 0);
		break;
	case EVENT_LOGIN:
		CALL(plug, login, event->user, &event->login);
		break;
	case EVENT_LOGOUT:
		CALL(plug, logout, event->user);
		break;
	case EVENT_STATUS:
		CALL(plug, status, event->user, event->status.status, event->status.text);
		break;
	case EVENT_CONTACT:
		CALL(plug, contact, event->user, &event->contact);
		break;
	case EVENT_CONTACT_REMOVED:
		CALL(plug, contact_removed, event->user, event->contact.name);
		break;
	case EVENT_CONTACTS:
		/* An empty list does not say whose it is. */
		if (event->contacts.count)
			CALL(plug, contacts, event->user, event->contacts.contacts, event->contacts.count);
		break;
	case EVENT_VCARD_REQUEST:
		receive_vcard_request(plug, event);
		break;
	case EVENT_VCARD:
		CALL(plug, vcard, event->user, &event->vcard);
		break;
	case EVENT_RAW_XML:
		CALL(plug, raw_xml, event->text.bytes, event->text.length);
		break;
	default:
		receive_conversation(plug, event);
	}
}

void receive_frame(struct plug *plug, const uint8_t *frame, size_t length)
{
	struct event event;
	int error = codec_decode(&plug->arena, CODEC_CORE, CODEC_PLAIN, frame, length, &event);

	/* Frames of a newer gateway are not for us: skipped. What a person wrote and is refused is no trifle. */
	if (!error)
		receive_event(plug, &event);
	else if (error == TP_ERR_LIMIT)
		log_warning(&plug->log, "%s from %s refused: too long", event_type_name(event.type),
			    log_quote(event.user));
	else
		log_debug(&plug->log, "a frame of the gateway was skipped (%s)", event_type_name(event.type));
	arena_reset(&plug->arena);
}
