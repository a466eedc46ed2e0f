/* SPDX-License-Identifier: MIT */
#include "protocol/event.h"

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
