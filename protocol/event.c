/* SPDX-License-Identifier: MIT */
#include "protocol/event.h"

#include <string.h>

#include "base/arena.h"
#include "base/mem.h"

static const char *const event_names[EVENT_TYPE_COUNT] = {
	[EVENT_LOGIN] = "login",
	[EVENT_LOGOUT] = "logout",
	[EVENT_CONNECTED] = "connected",
	[EVENT_DISCONNECTED] = "disconnected",
	[EVENT_SESSION] = "session",
	[EVENT_STATUS] = "status",
	[EVENT_CONTACT] = "contact",
	[EVENT_CONTACT_REMOVED] = "contact removed",
	[EVENT_CONTACTS] = "contacts",
	[EVENT_AUTH_REQUEST] = "authorization request",
	[EVENT_MESSAGE] = "message",
	[EVENT_SUBJECT] = "subject",
	[EVENT_ATTENTION] = "attention",
	[EVENT_MODERATION] = "moderation",
	[EVENT_ROOM_CHANGE] = "room change",
	[EVENT_RECEIPT] = "receipt",
	[EVENT_CHAT_STATE] = "chat state",
	[EVENT_ROOM_JOIN] = "room join",
	[EVENT_ROOM_LEAVE] = "room leave",
	[EVENT_ROOM_NICKNAME] = "room nickname",
	[EVENT_PARTICIPANT] = "participant",
	[EVENT_ROOM_LIST] = "room list",
	[EVENT_VCARD_REQUEST] = "vcard request",
	[EVENT_VCARD] = "vcard",
	[EVENT_PING] = "ping",
	[EVENT_PONG] = "pong",
	[EVENT_EXIT] = "exit",
	[EVENT_STATS] = "stats",
	[EVENT_BACKEND_CONFIG] = "backend config",
	[EVENT_QUERY] = "query",
	[EVENT_RAW_XML] = "raw xml",
	[EVENT_API_VERSION] = "api version",
	[EVENT_OTHER] = "other",
	[EVENT_HANDOVER] = "handover",
	[EVENT_READ_MARKER] = "read marker",
	[EVENT_LOGIN_STEP] = "login step",
	[EVENT_LOGIN_ANSWER] = "login answer",
	[EVENT_VALUES] = "values",
	[EVENT_PARTICIPANTS] = "participants",
	[EVENT_ROOM_INFO] = "room info",
	[EVENT_BANS] = "bans",
	[EVENT_HOLD] = "hold",
	[EVENT_ATTACH] = "attach",
	[EVENT_ATTACHED] = "attached",
	[EVENT_RESUME] = "resume",
	[EVENT_RESUMED] = "resumed",
	[EVENT_UNDELIVERED] = "undelivered",
};

const char *event_type_name(enum event_type type)
{
	return (unsigned)type < EVENT_TYPE_COUNT ? event_names[type] : "unknown";
}

bool event_is_message(enum event_type type)
{
	return type == EVENT_MESSAGE || type == EVENT_SUBJECT || type == EVENT_ATTENTION || type == EVENT_MODERATION ||
	       type == EVENT_ROOM_CHANGE;
}

static bool cut_end(const char *text, size_t *length, const char *end)
{
	size_t count = strlen(end);
	bool ends = *length >= count && !memcmp(text + *length - count, end, count);

	if (ends)
		*length -= count;
	return ends;
}

/* "URL", "description URL" or "description: URL" at the end, on lines of its own: what is before it. */
static size_t before_file(const char *text, size_t length, const struct event_attachment *file)
{
	size_t rest = length, said;

	if (!cut_end(text, &rest, file->url))
		return length;
	said = rest;
	if (file->description && cut_end(text, &said, " ")) {
		cut_end(text, &said, ":");
		if (cut_end(text, &said, file->description))
			rest = said;
	}
	if (rest == 0)
		return 0;
	return text[rest - 1] == '\n' ? rest - 1 : length;
}

size_t event_text_beside_files(const struct event_message *message)
{
	const char *text = message->text ? message->text : "";
	size_t length = strlen(text);

	for (size_t i = message->attachments_count; i-- > 0;)
		length = before_file(text, length, &message->attachments[i]);
	return length;
}

bool event_text_is_file(const struct event_message *message)
{
	if (!message->attachments_count)
		return false;
	if (!message->text || !*message->text)
		return !message->xhtml;
	return event_text_beside_files(message) == 0;
}

const char *event_moderation_name(enum moderation_action action)
{
	static const char *const names[] = {"nothing", "kick", "ban", "unban", "role", "invite"};

	return (unsigned)action < ARRAY_SIZE(names) ? names[action] : "unknown";
}

enum participant_role event_role(enum participant_role role, int flags)
{
	if (role != ROLE_UNSAID)
		return role;
	return flags & PARTICIPANT_MODERATOR ? ROLE_MODERATOR : ROLE_NONE;
}

static const char **keep_texts(const char *const *texts, size_t count, struct arena *arena)
{
	const char **kept = arena_alloc(arena, (count + 1) * sizeof(*kept));

	for (size_t i = 0; i < count; i++)
		kept[i] = arena_strdup(arena, texts[i]);
	return kept;
}

static const struct event_attachment *keep_attachments(const struct event_attachment *attachments, size_t count,
						       struct arena *arena)
{
	struct event_attachment *kept = arena_alloc(arena, (count + 1) * sizeof(*kept));

	for (size_t i = 0; i < count; i++) {
		kept[i].url = arena_strdup(arena, attachments[i].url);
		kept[i].mime_type = arena_strdup(arena, attachments[i].mime_type);
		kept[i].description = arena_strdup(arena, attachments[i].description);
	}
	return kept;
}

void event_message_keep(struct event_message *message, struct arena *arena)
{
	const char **const texts[] = {&message->name,         &message->nickname,
				      &message->text,         &message->xhtml,
				      &message->id,           &message->sent_id,
				      &message->replaces,     &message->retracts,
				      &message->reply_to,     &message->reply_text,
				      &message->reply_author, &message->thread,
				      &message->reacts_to,    &message->author.name,
				      &message->author.id,    &message->author.avatar_url,
				      &message->said_in,      &message->change.title};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		*texts[i] = arena_strdup(arena, *texts[i]);
	message->reactions = keep_texts(message->reactions, message->reactions_count, arena);
	message->attachments = keep_attachments(message->attachments, message->attachments_count, arena);
	if (message->change.picture_size)
		message->change.picture = memcpy(arena_alloc(arena, message->change.picture_size),
						 message->change.picture, message->change.picture_size);
}
