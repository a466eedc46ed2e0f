/* SPDX-License-Identifier: MIT */
#include "transport/routing/watch.h"

#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"

#define SHOWN_BYTES 4096 /* of one text */

struct watch {
	struct list link; /* transport->watches */
	char *key;
	unsigned how;
	watch_line *line;
	void *context;
};

struct watch *watch_start(struct transport *transport, const char *key, unsigned how, watch_line *line,
                          void *context)
{
	struct watch *watch = MEM_NEW(struct watch);

	watch->key = mem_strdup(key);
	watch->how = how;
	watch->line = line;
	watch->context = context;
	list_append(&transport->watches, &watch->link);
	return watch;
}

void watch_stop(struct watch **slot)
{
	struct watch *watch = *slot;

	*slot = NULL;
	if (!watch)
		return;
	list_remove(&watch->link);
	mem_free(watch->key);
	mem_free(watch);
}

/* ---------------------------------------------------------------------------------- one event in one line */

struct writer {
	struct buf out;
	bool json, bodies;
};

static void put_name(struct writer *writer, const char *name, const char *suffix)
{
	if (writer->json)
		buf_printf(&writer->out, ",\"%s%s\":", name, suffix);
	else
		buf_printf(&writer->out, ", %s ", name);
}

static void put_text(struct writer *writer, const char *name, const char *text)
{
	if (!text || !*text)
		return;
	put_name(writer, name, "");
	if (writer->json) {
		json_put_string(&writer->out, text);
		return;
	}
	buf_putc(&writer->out, '"');
	text_quote(&writer->out, text, strnlen(text, SHOWN_BYTES + 4), SHOWN_BYTES);
	buf_putc(&writer->out, '"');
}

static void put_number(struct writer *writer, const char *name, int64_t number)
{
	put_name(writer, name, "");
	buf_printf(&writer->out, "%" PRId64, number);
}

/* What people write. */
static void put_body(struct writer *writer, const char *name, const char *text)
{
	if (!text || !*text)
		return;
	if (writer->bodies) {
		put_text(writer, name, text);
		return;
	}
	put_name(writer, name, "_bytes");
	buf_printf(&writer->out, writer->json ? "%zu" : "of %zu bytes", strlen(text));
}

static void put_flag(struct writer *writer, const char *name, bool set)
{
	if (!set)
		return;
	if (writer->json)
		buf_printf(&writer->out, ",\"%s\":true", name);
	else
		buf_printf(&writer->out, ", %s", name);
}

static void put_status(struct writer *writer, enum status status)
{
	static const char *const names[] = {"online",         "away",    "free for chat", "extended away",
	                                    "do not disturb", "offline", "invisible"};

	put_text(writer, "status", (unsigned)status < ARRAY_SIZE(names) ? names[status] : "unknown");
}

static void put_session(struct writer *writer, const struct event_session *session)
{
	static const char *const names[] = {"unregistered", "disabled", "connecting", "connected",
	                                    "reconnecting", "failed",   "logged out"};

	put_text(writer, "state", names[session->state]);
	if (session->error)
		put_number(writer, "code", session->error);
	put_text(writer, "reason", session->text);
}

static void put_message(struct writer *writer, const struct event_message *message)
{
	static const char *const kinds[] = {"contact", "room", "room, private"};

	put_text(writer, "to", kinds[message->kind]);
	put_text(writer, "name", message->name);
	put_text(writer, "nickname", message->nickname);
	put_body(writer, "text", message->text);
	put_body(writer, "xhtml", message->xhtml);
	put_text(writer, "id", message->id);
	put_text(writer, "replaces", message->replaces);
	put_flag(writer, "receipt", message->receipt);
	put_flag(writer, "headline", message->headline);
	put_flag(writer, "carbon", message->carbon);
	if (message->attachments_count)
		put_number(writer, "attachments", (int64_t)message->attachments_count);
}

static void put_contact(struct writer *writer, const struct event_contact *contact)
{
	put_text(writer, "name", contact->name);
	put_text(writer, "alias", contact->alias);
	put_status(writer, contact->status);
	put_body(writer, "status_text", contact->status_text);
	put_flag(writer, "blocked", contact->has_blocked && contact->blocked);
}

static void put_participant(struct writer *writer, const struct event_participant *participant)
{
	put_text(writer, "room", participant->room);
	put_text(writer, "nickname", participant->nickname);
	put_text(writer, "new_nickname", participant->new_nickname);
	put_status(writer, participant->status);
	put_body(writer, "status_text", participant->status_text);
	if (participant->flags)
		put_number(writer, "flags", participant->flags);
	put_flag(writer, "self", participant->self);
}

/* Of the extension. Answers to a login's questions are secrets, and so is what a link or a picture leads to. */
static void put_extension(struct writer *writer, const struct event *event)
{
	switch (event->type) {
	case EVENT_HANDOVER:
		put_number(writer, "up_to", (int64_t)event->handed_over.up_to);
		put_number(writer, "taken", (int64_t)event->handed_over.taken_count);
		put_number(writer, "results", (int64_t)event->handed_over.results_count);
		break;
	case EVENT_READ_MARKER:
		put_text(writer, "name", event->read_marker.name);
		put_text(writer, "nickname", event->read_marker.nickname);
		put_text(writer, "id", event->read_marker.message_id);
		break;
	case EVENT_LOGIN_STEP:
		put_number(writer, "step", event->login_step.step);
		put_number(writer, "kind", event->login_step.kind);
		put_body(writer, "text", event->login_step.text);
		break;
	case EVENT_LOGIN_ANSWER:
		put_number(writer, "step", event->login_answer.step);
		put_flag(writer, "given_up", !event->login_answer.value);
		break;
	case EVENT_VALUES:
		put_number(writer, "values", (int64_t)event->values.count);
		break;
	case EVENT_PARTICIPANTS:
		put_text(writer, "room", event->participants.room);
		put_number(writer, "participants", (int64_t)event->participants.count);
		break;
	case EVENT_BANS:
		put_text(writer, "room", event->bans.room);
		put_number(writer, "bans", (int64_t)event->bans.count);
		break;
	case EVENT_ROOM_INFO:
		put_text(writer, "room", event->room_info.room);
		put_text(writer, "title", event->room_info.title);
		put_number(writer, "members", event->room_info.members);
		put_flag(writer, "away", event->room_info.is_away);
		break;
	case EVENT_UNDELIVERED:
		put_number(writer, "code", (int64_t)event->undelivered.reason);
		put_text(writer, "reason", event->undelivered.text);
		put_message(writer, &event->undelivered.message);
		break;
	default:
		break;
	}
}

static void put_details(struct writer *writer, const struct event *event)
{
	static const char *const chat_states[] = {"active", "composing", "paused"};

	switch (event->type) {
	case EVENT_LOGIN:
		put_text(writer, "name", event->login.legacy_name);
		put_number(writer, "settings", (int64_t)event->login.settings_count);
		break;
	case EVENT_LOGOUT:
		put_text(writer, "name", event->login.legacy_name);
		break;
	case EVENT_DISCONNECTED:
		put_number(writer, "code", event->disconnected.error);
		put_text(writer, "reason", event->disconnected.text);
		break;
	case EVENT_SESSION:
		put_session(writer, &event->session);
		break;
	case EVENT_STATUS:
		put_status(writer, event->status.status);
		put_body(writer, "status_text", event->status.text);
		break;
	case EVENT_CONTACT:
	case EVENT_CONTACT_REMOVED:
	case EVENT_AUTH_REQUEST:
		put_contact(writer, &event->contact);
		break;
	case EVENT_CONTACTS:
		put_number(writer, "contacts", (int64_t)event->contacts.count);
		break;
	case EVENT_MESSAGE:
	case EVENT_SUBJECT:
	case EVENT_ATTENTION:
		put_message(writer, &event->message);
		break;
	case EVENT_MODERATION:
		put_message(writer, &event->message);
		put_text(writer, "action", event_moderation_name(event->message.moderation.action));
		if (event->message.moderation.role)
			put_number(writer, "role", event->message.moderation.role);
		break;
	case EVENT_ROOM_CHANGE:
		put_message(writer, &event->message);
		put_body(writer, "title", event->message.change.title);
		if (event->message.change.has_picture)
			put_number(writer, "picture_bytes", (int64_t)event->message.change.picture_size);
		break;
	case EVENT_RECEIPT:
		put_text(writer, "name", event->receipt.name);
		put_text(writer, "id", event->receipt.id);
		break;
	case EVENT_CHAT_STATE:
		put_text(writer, "name", event->chat_state.name);
		put_text(writer, "nickname", event->chat_state.nickname);
		put_text(writer, "state",
		         (unsigned)event->chat_state.state < ARRAY_SIZE(chat_states)
		                 ? chat_states[event->chat_state.state]
		                 : "unknown");
		break;
	case EVENT_ROOM_JOIN:
	case EVENT_ROOM_LEAVE:
	case EVENT_ROOM_NICKNAME:
		put_text(writer, "room", event->room.name);
		put_text(writer, "nickname", event->room.nickname);
		put_flag(writer, "password", event->room.password && *event->room.password);
		put_text(writer, "reason", event->room.reason);
		break;
	case EVENT_PARTICIPANT:
		put_participant(writer, &event->participant);
		break;
	case EVENT_ROOM_LIST:
		put_number(writer, "rooms", (int64_t)event->room_list.count);
		break;
	case EVENT_VCARD_REQUEST:
	case EVENT_VCARD:
		put_text(writer, "name", event->vcard.name);
		put_number(writer, "id", event->vcard.id);
		put_body(writer, "full_name", event->vcard.full_name);
		if (event->vcard.photo_size)
			put_number(writer, "photo_bytes", (int64_t)event->vcard.photo_size);
		break;
	default:
		put_extension(writer, event);
		break;
	}
}

static const char *const points[] = {"from person", "to network", "from network", "to person"};

static void describe(struct writer *writer, enum watch_point point, const char *end, const char *resource,
                     const struct event *event, int err)
{
	int64_t now_ms = clock_wall_ms();
	char *whole = resource && *resource ? mem_printf("%s/%s", end, resource) : mem_strdup(end);
	char stamp[32];

	clock_format_xmpp(now_ms, stamp);
	stamp[19] = '\0';
	if (writer->json) {
		buf_printf(&writer->out,
		           "{\"time\":\"%s.%03dZ\",\"trace\":%" PRIu64 ",\"at\":\"%s\",\"end\":", stamp,
		           (int)(now_ms % 1000), event->trace, points[point]);
		json_put_string(&writer->out, whole);
		buf_printf(&writer->out, ",\"event\":\"%s\"", event_type_name(event->type));
	} else {
		buf_printf(&writer->out, "%s.%03dZ %s ", stamp, (int)(now_ms % 1000), points[point]);
		text_quote(&writer->out, whole, strlen(whole), SHOWN_BYTES);
		buf_printf(&writer->out, ": %s", event_type_name(event->type));
		if (event->trace)
			put_number(writer, "trace", (int64_t)event->trace);
	}
	put_details(writer, event);
	if (err)
		put_text(writer, "refused", tp_error_text(err));
	if (writer->json)
		buf_putc(&writer->out, '}');
	mem_free(whole);
}

void watch_show(const struct transport *transport, const char *key, enum watch_point point, const char *end,
                const char *resource, const struct event *event, int err)
{
	LIST_EACH(link, &transport->watches)
	{
		const struct watch *watch = CONTAINER_OF(link, struct watch, link);
		struct writer writer = {.json = watch->how & WATCH_JSON, .bodies = watch->how & WATCH_BODIES};

		if (!key || strcmp(watch->key, key) != 0)
			continue;
		describe(&writer, point, end, resource, event, err);
		watch->line(watch->context, buf_text(&writer.out));
		buf_finish(&writer.out);
	}
}
