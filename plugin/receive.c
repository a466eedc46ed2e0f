/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "plugin/plugin_private.h"
#include "protocol/codec.h"
#include "protocol/degrade.h"

#define EXTENSION_VERSION 2

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

void receive_send_config(struct plug *plug)
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
	buf_puts(&text, "ext=1\n");
	event.text.bytes = buf_text(&text);
	event.text.length = text.len;
	plug_send(plug, &event);
	plug->greeted = true;
	buf_finish(&text);
}

static void receive_ping(struct plug *plug)
{
	struct event pong = {.type = EVENT_PONG}, stats = {.type = EVENT_STATS};
	char process_id[24];

	if (!plug->greeted)
		receive_send_config(plug);
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

/* ---- what the gateway wants to have answered ---- */

static void receive_verdict(struct plug *plug, const struct event *event, enum plug_verdict verdict)
{
	if (verdict == PLUG_DONE)
		verdicts_settle(&plug->verdicts, event->handover, 0, NULL, NULL);
}

/* A message that its author has to be told of. */
static void receive_refused(struct plug *plug, const struct event *event, int error)
{
	bool too_long = error == TP_ERR_LIMIT;

	log_warning(&plug->log, "%s from %s refused: %s", event_type_name(event->type), log_quote(event->user),
		    too_long ? "too long" : "it cannot be shown");
	verdicts_settle(&plug->verdicts, event->handover, too_long ? HANDOVER_TOO_LONG : HANDOVER_UNSUPPORTED,
			too_long ? "The message is too long." : "The other network cannot show this.", NULL);
}

static void receive_message(struct plug *plug, const struct event *event)
{
	struct event_message message = event->message;
	int error = plug->options->references ? 0 : degrade_message(&plug->arena, &message);

	if (error)
		receive_refused(plug, event, error);
	else
		receive_verdict(plug, event,
				plug->ops->message ? plug->ops->message(plug, event->user, &message) : PLUG_DONE);
}

static void receive_subject(struct plug *plug, const struct event *event)
{
	const struct event_message *message = &event->message;
	enum plug_verdict verdict = PLUG_DONE;

	if (plug->ops->subject)
		verdict = plug->ops->subject(plug, event->user, message->name, message->text);
	receive_verdict(plug, event, verdict);
}

static void receive_attention(struct plug *plug, const struct event *event)
{
	const struct event_message *message = &event->message;
	enum plug_verdict verdict = PLUG_DONE;

	if (plug->ops->attention)
		verdict = plug->ops->attention(plug, event->user, message->name, message->text);
	receive_verdict(plug, event, verdict);
}

static void receive_room_change(struct plug *plug, const struct event *event)
{
	if (plug->ops->room_change)
		receive_verdict(plug, event, plug->ops->room_change(plug, event->user, &event->message));
	else
		verdicts_settle(&plug->verdicts, event->handover, HANDOVER_UNSUPPORTED,
				"Rooms have no such thing there, or it cannot be changed from here.", NULL);
}

static void receive_moderation(struct plug *plug, const struct event *event)
{
	if (plug->ops->moderate)
		receive_verdict(plug, event, plug->ops->moderate(plug, event->user, &event->message));
	else
		verdicts_settle(&plug->verdicts, event->handover, HANDOVER_UNSUPPORTED,
				"Nobody can be moderated there from here.", NULL);
}

static void receive_bans(struct plug *plug, const struct event *event)
{
	if (plug->ops->bans)
		plug->ops->bans(plug, event->user, event->bans.room);
	else
		plug_bans_refused(plug, event->user, event->bans.room, HANDOVER_UNSUPPORTED,
				  "Who is banned there is not known here.");
}

/* ---- by type ---- */

static void receive_login(struct plug *plug, const struct event *event)
{
	sessions_login(&plug->sessions, event->user, event->login.legacy_name);
	CALL(plug, login, event->user, &event->login);
}

static void receive_logout(struct plug *plug, const struct event *event)
{
	CALL(plug, logout, event->user);
	verdicts_give_back(&plug->verdicts, event->user);
	sessions_logout(&plug->sessions, event->user);
}

static void receive_conversation(struct plug *plug, const struct event *event)
{
	switch (event->type) {
	case EVENT_MESSAGE:
		receive_message(plug, event);
		break;
	case EVENT_SUBJECT:
		receive_subject(plug, event);
		break;
	case EVENT_ATTENTION:
		receive_attention(plug, event);
		break;
	case EVENT_MODERATION:
		receive_moderation(plug, event);
		break;
	case EVENT_ROOM_CHANGE:
		receive_room_change(plug, event);
		break;
	case EVENT_CHAT_STATE:
		CALL(plug, chat_state, event->user, event->chat_state.name, event->chat_state.state);
		break;
	case EVENT_BANS:
		receive_bans(plug, event);
		break;
	case EVENT_READ_MARKER:
		CALL(plug, read_marker, event->user, &event->read_marker);
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

static void receive_about_user(struct plug *plug, const struct event *event)
{
	switch (event->type) {
	case EVENT_LOGIN:
		receive_login(plug, event);
		break;
	case EVENT_LOGOUT:
		receive_logout(plug, event);
		break;
	case EVENT_LOGIN_ANSWER:
		CALL(plug, login_answer, event->user, event->login_answer.step, event->login_answer.value);
		break;
	case EVENT_VALUES:
		CALL(plug, values, event->user, event->values.values, event->values.count);
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
	default:
		receive_conversation(plug, event);
	}
}

static void receive_event(struct plug *plug, const struct event *event)
{
	switch (event->type) {
	case EVENT_PING:
		receive_ping(plug);
		break;
	case EVENT_EXIT:
		output_verdicts(plug);
		plug_end(plug, 0);
		break;
	case EVENT_API_VERSION:
		if (plug->greeted && event->version >= EXTENSION_VERSION)
			plug->extended = true;
		break;
	case EVENT_HANDOVER:
		output_taken(plug, event->handed_over.up_to);
		break;
	case EVENT_HOLD:
		hold_order(plug, &event->hold);
		break;
	case EVENT_RESUME:
		hold_resume(plug, &event->resume);
		break;
	case EVENT_RAW_XML:
		CALL(plug, raw_xml, event->text.bytes, event->text.length);
		break;
	default:
		receive_about_user(plug, event);
	}
}

/* Not acted on if it came before, nor if it crossed with the end of its user's session: that one the
 * gateway sends again when the user is logged in again. All others are answered, whatever they are, or
 * they would come again and again. */
static void receive_numbered(struct plug *plug, const struct event *event, int error)
{
	if (!error && event_is_message(event->type) && !sessions_find(&plug->sessions, event->user))
		return;
	if (!verdicts_begin(&plug->verdicts, event->handover, event->user))
		return;
	plug->handling = event->handover;
	if (error)
		receive_refused(plug, event, error);
	else
		receive_event(plug, event);
	plug->handling = 0;
	if (!event_is_message(event->type))
		verdicts_settle(&plug->verdicts, event->handover, 0, NULL, NULL);
}

void receive_frame(struct plug *plug, const uint8_t *frame, size_t length)
{
	struct event event;
	int error = codec_decode(&plug->arena, CODEC_CORE, plug->extended ? CODEC_EXTENDED : CODEC_PLAIN, frame, length,
				 &event);

	/* Frames of a newer gateway are not for us: skipped. What a person wrote and is refused is no
	 * trifle. */
	if (event.handover)
		receive_numbered(plug, &event, error);
	else if (!error)
		receive_event(plug, &event);
	else if (error == TP_ERR_LIMIT)
		receive_refused(plug, &event, error);
	else
		log_debug(&plug->log, "a frame of the gateway was skipped (%s)", event_type_name(event.type));
	arena_reset(&plug->arena);
}
