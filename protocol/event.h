/* SPDX-License-Identifier: MIT */
/*
 * The core's vocabulary: what happens between people and legacy networks, free of XMPP, JSON and protobuf.
 * Frontends hand events to the router, the router to backends, and back; protocol/codec.h turns them into
 * frames of the backend protocol (docs/protocol.md).
 *
 * Ownership: every pointer is borrowed and good only during the call that passes the event. Strings are
 * NUL-terminated, valid UTF-8 and free of characters illegal in XML (base/text.h); an absent optional
 * string is NULL. `user` is an account key (the `users.jid` of architecture: an XMPP bare JID or an
 * injective escape of another address); `contact`, `room` and `nickname` are legacy names, unescaped.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum event_type {
	/* session */
	EVENT_LOGIN,           /* -> backend. login */
	EVENT_LOGOUT,          /* -> backend. login.legacy_name */
	EVENT_CONNECTED,       /* <- backend. nothing */
	EVENT_DISCONNECTED,    /* <- backend. disconnected */
	EVENT_SESSION,         /* core -> frontend only. session */
	EVENT_STATUS,          /* -> backend. status: the user's own presence */
	/* contacts */
	EVENT_CONTACT,         /* both ways. contact: add or change */
	EVENT_CONTACT_REMOVED, /* both ways. contact.name (and groups) */
	EVENT_CONTACTS,        /* -> backend that asked for it (features.send_buddies_on_login). contacts */
	EVENT_AUTH_REQUEST,    /* <- backend. contact.name (and alias): somebody asks to see the user */
	/* conversations */
	EVENT_MESSAGE,         /* both ways. message */
	EVENT_SUBJECT,         /* both ways. message: name = room, text = subject, nickname = who */
	EVENT_ATTENTION,       /* both ways. message: name, text */
	EVENT_MODERATION,      /* -> backend. message: name = room, nickname = whom, text = reason or "", moderation */
	EVENT_ROOM_CHANGE,     /* -> backend. message: name = room, text = "", change: another name, another picture */
	EVENT_RECEIPT,         /* <- backend (XEP-0184 "received" of the other side). receipt */
	EVENT_CHAT_STATE,      /* both ways. chat_state */
	/* rooms */
	EVENT_ROOM_JOIN,       /* -> backend. room: join, or change nickname in a joined room */
	EVENT_ROOM_LEAVE,      /* -> backend; core -> frontend when the room is gone. room */
	EVENT_ROOM_NICKNAME,   /* <- backend. room.nickname is now the user's own nickname */
	EVENT_PARTICIPANT,     /* <- backend. participant */
	EVENT_ROOM_LIST,       /* <- backend. room_list */
	/* cards */
	EVENT_VCARD_REQUEST,   /* -> backend. vcard.name, vcard.id */
	EVENT_VCARD,           /* <- backend: answer, same id; -> backend: the user's own card, name "" */
	/* the backend itself: never reach a frontend */
	EVENT_PING,
	EVENT_PONG,
	EVENT_EXIT,            /* -> backend */
	EVENT_STATS,           /* <- backend. stats */
	EVENT_BACKEND_CONFIG,  /* <- backend. text: INI */
	EVENT_QUERY,           /* both ways. text: an administrator's command, or its answer */
	EVENT_RAW_XML,         /* both ways. text: one stanza (features.rawxml) */
	EVENT_API_VERSION,     /* version */
	/* the extension (docs/protocol.md, section 8): only to and from backends that announced it */
	EVENT_HANDOVER,        /* both ways. handover: which numbered frames the other side has taken or refused */
	EVENT_READ_MARKER,     /* both ways. read_marker */
	EVENT_LOGIN_STEP,      /* <- backend, and on to frontends. login_step */
	EVENT_LOGIN_ANSWER,    /* -> backend. login_answer */
	EVENT_VALUES,          /* -> backend before LOGIN: all; <- backend: these changed. values */
	EVENT_PARTICIPANTS,    /* <- backend. participants: many at once */
	EVENT_ROOM_INFO,       /* <- backend, and on to frontends. room_info */
	EVENT_BANS,            /* -> backend: bans.room, the question; <- backend: the list, or a part of it. bans */
	EVENT_HOLD,            /* -> backend. hold: how to outlive this core */
	EVENT_ATTACH,          /* -> backend, first frame of a new core. attach */
	EVENT_ATTACHED,        /* <- backend, the answer. attached */
	EVENT_RESUME,          /* -> backend. resume: whose sessions go on; the others are logged out */
	EVENT_RESUMED,         /* <- backend. all that it had kept for the core has been sent */
	/* core -> frontend only */
	EVENT_UNDELIVERED,     /* undelivered: a message of the person that was taken will not arrive */
	EVENT_OTHER,           /* a type that is known and means nothing here (file transfer): ignore */
	EVENT_TYPE_COUNT
};

/* Numbers are the wire's StatusType. */
enum status {
	STATUS_ONLINE = 0,
	STATUS_AWAY = 1,
	STATUS_FREE_FOR_CHAT = 2,
	STATUS_EXTENDED_AWAY = 3,
	STATUS_DO_NOT_DISTURB = 4,
	STATUS_OFFLINE = 5, /* wire: NONE */
	STATUS_INVISIBLE = 6,
};

/* Numbers are the wire's ParticipantFlag. */
enum participant_flag {
	PARTICIPANT_MODERATOR = 1,
	PARTICIPANT_CONFLICT = 2,
	PARTICIPANT_BANNED = 4,
	PARTICIPANT_NOT_AUTHORIZED = 8,
	PARTICIPANT_ME = 16,
	PARTICIPANT_KICKED = 32,
	PARTICIPANT_ROOM_NOT_FOUND = 64,
};

/* What somebody may do in a room, in one order for all networks. Numbers are the wire's, where they travel as plain
 * int32: what is larger is an owner. */
enum participant_role {
	ROLE_UNSAID = 0,    /* moderator with PARTICIPANT_MODERATOR, else none: event_role */
	ROLE_NONE = 1,      /* as everybody */
	ROLE_VOICE = 2,     /* heard where not everybody is */
	ROLE_HELPER = 3,    /* moderates some: an IRC half-operator */
	ROLE_MODERATOR = 4, /* an IRC operator */
	ROLE_OWNER = 5,     /* and administrators */
};

/* Numbers are the wire's. */
enum moderation_action {
	MODERATION_NONE = 0,
	MODERATION_KICK = 1,
	MODERATION_BAN = 2, /* and out, if he is in */
	MODERATION_UNBAN = 3,
	MODERATION_ROLE = 4, /* this role from now on */
	MODERATION_INVITE = 5, /* whoever is not in is asked to come */
};

/* Numbers are the wire's ConnectionError; they travel as plain int32, so others may occur. */
enum connection_error {
	CONNECTION_ERROR_NETWORK = 0,
	CONNECTION_ERROR_INVALID_USERNAME = 1,
	CONNECTION_ERROR_AUTHENTICATION_FAILED = 2,
	CONNECTION_ERROR_AUTHENTICATION_IMPOSSIBLE = 3,
	CONNECTION_ERROR_NO_SSL_SUPPORT = 4,
	CONNECTION_ERROR_ENCRYPTION = 5,
	CONNECTION_ERROR_NAME_IN_USE = 6,
	CONNECTION_ERROR_INVALID_SETTINGS = 7,
	CONNECTION_ERROR_CERT_NOT_PROVIDED = 8,
	CONNECTION_ERROR_CERT_UNTRUSTED = 9,
	CONNECTION_ERROR_CERT_EXPIRED = 10,
	CONNECTION_ERROR_CERT_NOT_ACTIVATED = 11,
	CONNECTION_ERROR_CERT_HOSTNAME_MISMATCH = 12,
	CONNECTION_ERROR_CERT_FINGERPRINT_MISMATCH = 13,
	CONNECTION_ERROR_CERT_SELF_SIGNED = 14,
	CONNECTION_ERROR_CERT_OTHER = 15,
	CONNECTION_ERROR_OTHER = 16,
};

enum chat_state { CHAT_STATE_ACTIVE, CHAT_STATE_COMPOSING, CHAT_STATE_PAUSED };

enum session_state {
	SESSION_UNREGISTERED, /* the address has no account: nothing else will happen */
	SESSION_DISABLED,     /* the account exists and its owner switched it off (enable_transport=0), or it may not log in */
	SESSION_CONNECTING,   /* waiting for a backend or for the legacy network */
	SESSION_CONNECTED,
	SESSION_RECONNECTING, /* lost, a new attempt is scheduled; text says why */
	SESSION_FAILED,       /* given up until the person acts; error and text say why */
	SESSION_LOGGED_OUT,   /* ended at the person's wish */
};

struct event_setting {
	const char *name;
	const char *value;
};

struct event_login {
	const char *legacy_name;
	const char *password;                 /* "" where none is needed */
	const struct event_setting *settings; /* only what is meant for the backend */
	size_t settings_count;
};

struct event_disconnected {
	int error;        /* enum connection_error, or a number unknown to us */
	const char *text; /* "" or a sentence for the user */
};

struct event_session {
	enum session_state state;
	int error;        /* enum connection_error, for RECONNECTING and FAILED */
	const char *text; /* NULL or a sentence for the user */
};

struct event_status {
	enum status status;
	const char *text; /* NULL or status message */
};

struct event_contact {
	const char *name;
	const char *alias; /* NULL or "": keep what is known */
	const char *const *groups;
	size_t groups_count; /* 0: keep what is known */
	enum status status;
	const char *status_text;
	const char *icon_hash; /* SHA-1 of the avatar in lower-case hex; NULL clears it */
	bool has_blocked;      /* whether `blocked` was said at all */
	bool blocked;
};

struct event_contacts {
	const struct event_contact *contacts;
	size_t count;
};

struct event_attachment {
	const char *url;
	const char *mime_type;   /* NULL: unknown */
	const char *description; /* NULL: none */
};

struct event_moderation {
	enum moderation_action action;
	enum participant_role role; /* MODERATION_ROLE */
};

/* Of what is not said everything stays as it is. */
struct event_room_change {
	const char *title;      /* NULL: not said; "": none */
	const uint8_t *picture; /* image bytes, type by content */
	size_t picture_size;    /* 0: no picture any more */
	bool has_picture;       /* whether it was said at all */
};

enum message_kind {
	MESSAGE_CHAT,         /* name = contact */
	MESSAGE_ROOM,         /* name = room; nickname = author (towards people) */
	MESSAGE_ROOM_PRIVATE, /* name = room; nickname = the other participant, either way */
};

/* Who said it, where the account that speaks is a relay. */
struct event_author {
	const char *name; /* NULL: the account itself */
	const char *id;   /* NULL, or unique on the author's side */
	const char *avatar_url; /* of the author, or, without a name, of whoever's account it is; NULL */
};

struct event_message {
	enum message_kind kind;
	const char *name;
	const char *nickname;
	const char *text;  /* never NULL; "" if only xhtml or attachments are there */
	const char *xhtml; /* NULL or the inner XHTML-IM body markup */
	const char *id;    /* origin id given by the sender's client or network; NULL if none */
	/* Towards frontends, of the echo of what the person said in a room: the id that the client gave it, where `id` is
	 * what the network calls it; NULL: there is only one. */
	const char *sent_id;
	/* From people, in a room of a frontend that shares rooms and has several places tied to it: which of them it was
	 * said in. Towards that frontend: to be shown in the others only. Otherwise NULL, and never on the wire. */
	const char *said_in;
	bool receipt;      /* from people: a receipt is asked for `id` */
	int64_t stamp_ms;  /* when it was sent, Unix milliseconds; 0: now */
	bool headline;
	bool carbon;       /* from a backend: the user sent this from another legacy client */
	/* Other messages, by the ids that the receiving side knows them by (the router translates); NULL: none. */
	const char *replaces; /* the message that this one corrects */
	const char *retracts; /* the message that is taken back; text is a fallback */
	const char *reply_to;
	const char *reply_text, *reply_author; /* of the message replied to, for those who do not have it */
	const char *thread;
	const char *reacts_to;        /* `reactions` are all that the author now has on it; none: taken back */
	const char *const *reactions; /* emoji, or the network's own names as ":name:" */
	size_t reactions_count;
	struct event_author author;
	const struct event_attachment *attachments;
	size_t attachments_count;
	struct event_moderation moderation; /* of EVENT_MODERATION */
	struct event_room_change change;    /* of EVENT_ROOM_CHANGE */
};

struct event_receipt {
	const char *name;
	const char *id;
};

/*
 * Where frontend and backend speak the same protocol (features.rawxml), the stanza itself travels with what the core
 * understands of it: it is sent and shown in place of that by those who speak the protocol.
 */
enum raw_kind { RAW_MESSAGE, RAW_PRESENCE, RAW_QUERY };

struct event_raw {
	enum raw_kind kind;
	const char *name;     /* of the other side: a contact or a room */
	const char *resource; /* which client of the contact, or who in the room; NULL: none */
	const char *id;       /* of a query; NULL: none */
	bool answer;          /* the query is the answer to one */
	const char *bytes;    /* text. To a backend: whole; to a frontend: without its two addresses */
	size_t length;
};

struct event_chat_state {
	const char *name;     /* contact or room */
	enum chat_state state;
	const char *nickname; /* who, in a room; NULL: the contact, or towards the network the user */
};

struct event_room {
	const char *name;
	const char *nickname; /* "" where it does not matter (leave) */
	const char *password; /* NULL or "": none */
	const char *reason;   /* core -> frontend, ROOM_LEAVE: why the room is gone; NULL */
	bool for_now;         /* frontend -> core, ROOM_LEAVE: not by the person's own will, and he may be back */
};

struct event_participant {
	const char *room;
	const char *nickname;
	int flags;            /* of enum participant_flag */
	enum status status;   /* OFFLINE: left */
	const char *status_text;
	const char *new_nickname; /* NULL, or nickname is now this */
	const char *icon_hash;
	const char *alias;    /* NULL, or the name to show instead of nickname */
	bool self;            /* set by the core on the way to frontends: it is the user's own */
	enum participant_role role;
};

struct event_room_list {
	const char *const *rooms;
	const char *const *names; /* shown name of each */
	size_t count;
	/* event.user NULL or "": the list of the whole instance, else that user's */
};

struct event_vcard {
	const char *name;      /* contact, room, or room/nickname; "" = the user's own */
	uint32_t id;           /* pairs request and answer; 0 for own updates */
	const char *full_name; /* NULL: not said */
	const char *nickname;
	const uint8_t *photo;  /* image bytes, type by content */
	size_t photo_size;
	bool has_photo;
};

enum handover_error { /* the wire's; 0 is success */
	HANDOVER_FAILED = 1,      /* for a reason that may pass: the author may try again */
	HANDOVER_FORBIDDEN = 2,   /* the network or the room does not let this person say it */
	HANDOVER_NOT_FOUND = 3,   /* no such contact or room */
	HANDOVER_UNSUPPORTED = 4, /* the network cannot carry it */
	HANDOVER_TOO_LONG = 5,
};

struct event_handover_result {
	uint64_t number;
	int error;              /* 0, or enum handover_error, or a number unknown to us: as HANDOVER_FAILED */
	const char *reason;     /* NULL or one sentence */
	const char *message_id; /* NULL, or what the receiver's side knows the message by */
};

struct event_handover {
	uint64_t up_to; /* 0: not said. Every frame with a number up to this one is taken */
	const uint64_t *taken;
	size_t taken_count;
	const struct event_handover_result *results;
	size_t results_count;
};

struct event_read_marker {
	const char *name;       /* contact or room */
	const char *nickname;   /* who read, in a room; NULL: the contact, or towards the network the user */
	const char *message_id; /* the newest that was read */
};

/* Numbers are the wire's LoginStepKind. */
enum login_step_kind {
	LOGIN_STEP_NOTICE = 0, /* nothing to answer */
	LOGIN_STEP_TEXT = 1,
	LOGIN_STEP_SECRET = 2,
	LOGIN_STEP_CODE = 3,
	LOGIN_STEP_CHOICE = 4,
	LOGIN_STEP_QR = 5,
	LOGIN_STEP_LINK = 6,
};

struct event_login_step {
	uint32_t step; /* pairs question and answer; a new one replaces the one before */
	enum login_step_kind kind;
	const char *text;
	const char *data; /* QR: what the picture encodes; LINK: the URL; NULL */
	const char *const *choices;
	size_t choices_count;
	uint32_t timeout_s; /* 0: none */
};

struct event_login_answer {
	uint32_t step;
	const char *value; /* NULL: the person gives up */
};

struct event_value {
	const char *key;
	const uint8_t *bytes; /* NULL: removed */
	size_t size;
};

struct event_values {
	const struct event_value *values;
	size_t count;
};

struct event_participants {
	const char *room;
	const struct event_participant *participants; /* their `room` is not set */
	size_t count;
};

struct event_room_info {
	const char *room;
	const char *title, *description; /* NULL: not said */
	const char *icon_hash;           /* NULL: not said */
	uint32_t members;                /* 0: not said */
	bool is_private;
	bool is_away; /* the user hears nothing of it now, and is in it again soon without having to ask */
};

struct event_ban {
	const char *mask;     /* what the network names it by: of IRC "nick!user@host", with wildcards */
	const char *nickname; /* somebody whom it keeps out; NULL: not known */
	const char *set_by;   /* NULL: not said */
	int64_t at;           /* seconds since 1970; 0: not said */
};

struct event_bans {
	const char *room;
	const struct event_ban *bans;
	size_t count;
	bool more;          /* the list goes on in another one */
	int error;          /* 0, or as in event_handover_result: there is no list */
	const char *reason; /* NULL or one sentence */
};

struct event_hold {
	const char *core_token;    /* what a new core shows */
	const char *backend_token; /* what the backend shows to it */
	uint32_t seconds;
};

struct event_attach {
	const char *core_token;
	uint64_t taken; /* of the backend's frames: up to this number */
};

struct event_held_session {
	const char *user;
	const char *legacy_name;
	bool connected;
};

struct event_attached {
	const char *backend_token;
	const struct event_held_session *sessions;
	size_t count;
	bool more; /* the list goes on in another one */
};

struct event_resume {
	const char *const *users;
	size_t count;
	bool more;
};

enum undelivered_reason {
	UNDELIVERED_OFFLINE,     /* the legacy session ended and did not come back in time */
	UNDELIVERED_ROOM,        /* the room is not there any more */
	UNDELIVERED_REFUSED,     /* the network refused it: text says why */
	UNDELIVERED_UNSUPPORTED,
	UNDELIVERED_TOO_LONG,
	UNDELIVERED_DROPPED,     /* by the operator */
};

struct event_undelivered {
	enum undelivered_reason reason;
	const char *text;      /* NULL or one sentence */
	const char *resource;  /* of the client that sent it */
	struct event_message message; /* as it was taken: kind, name, nickname, id, text */
};

struct event_stats {
	int64_t resident_kb, initial_kb, shared_kb;
	const char *process_id; /* a claim of the backend: shown, never acted on */
};

struct event {
	enum event_type type;
	const char *user; /* account key; NULL for events of the backend itself */
	uint64_t trace;   /* given by the router: one number for one message's whole way through the logs; 0 before */
	/* Number of its frame, to be answered by HANDOVER; 0: none. Towards frontends: the number to give back when it has
	 * been shown (frontend.h). */
	uint64_t handover;
	bool snapshot;    /* state that people have been shown before: taken without showing it */
	const struct event_raw *raw; /* NULL, or the stanza that this is. With type RAW_XML it means nothing else */
	union {
		struct event_login login;
		struct event_disconnected disconnected;
		struct event_session session;
		struct event_status status;
		struct event_contact contact;
		struct event_contacts contacts;
		struct event_message message;
		struct event_receipt receipt;
		struct event_chat_state chat_state;
		struct event_room room;
		struct event_participant participant;
		struct event_room_list room_list;
		struct event_vcard vcard;
		struct event_stats stats;
		struct event_handover handed_over;
		struct event_read_marker read_marker;
		struct event_login_step login_step;
		struct event_login_answer login_answer;
		struct event_values values;
		struct event_participants participants;
		struct event_room_info room_info;
		struct event_bans bans;
		struct event_hold hold;
		struct event_attach attach;
		struct event_attached attached;
		struct event_resume resume;
		struct event_undelivered undelivered;
		struct { const char *bytes; size_t length; } text; /* BACKEND_CONFIG, QUERY, RAW_XML; also NUL-terminated */
		int32_t version; /* API_VERSION */
	};
};

/* "message", "participant" ...: for logs. */
const char *event_type_name(enum event_type type);
/* What somebody says or does to somebody else: its part of the event is `message`, and it is answered for. */
bool event_is_message(enum event_type type);
/* How much of a text is more than the files beside it: what is before the lines at its end that are the address of
 * one of them, which may have the description in front. Where files are shown, those lines are not. */
size_t event_text_beside_files(const struct event_message *message);
/* Whether nothing is (and there are files). */
bool event_text_is_file(const struct event_message *message);
/* "kick", "role" ...: for logs and people. */
const char *event_moderation_name(enum moderation_action action);
/* Never UNSAID: what backends without the extension tell by the flag counts. */
enum participant_role event_role(enum participant_role role, int flags);

struct arena;
/* Copies all that the message points to into the arena, so that it stays good after the call. A new field belongs
 * there too. */
void event_message_keep(struct event_message *message, struct arena *arena);
