/* SPDX-License-Identifier: MIT */
/*
 * Stanzas as they come in. Messages and presences are read from the parser's events straight into flat structs,
 * IQs into libstrophe's tree. What is in here is cleaned text (base/text.h), good until the next stanza.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <strophe.h>

#include "frontends/xmpp/stream/xml_stream.h"
#include "protocol/event.h"

struct message_stanza {
	const char *from, *to, *id; /* NULL: absent */
	const char *type;           /* "normal" when absent */
	const char *body;           /* NULL: none */
	const char *subject;        /* NULL: none; "" is an empty one */
	const char *thread;
	const char *xhtml;          /* serialised content of <html><body/>, or NULL */
	bool has_chat_state;
	const char *chat_state;     /* XEP-0085: active, composing, paused, inactive, gone; NULL */
	bool receipt_request;       /* XEP-0184 */
	const char *receipt_received; /* id, or NULL */
	bool attention;             /* XEP-0224 */
	const char *replaces;       /* XEP-0308: id, or NULL */
	const char *retracts;       /* XEP-0424, also as its first version had it: id, or NULL */
	const char *reacts_to;      /* XEP-0444: id, or NULL */
	const char *const *reactions;
	size_t reactions_count;     /* at most LIMIT_REACTIONS, the rest is left out */
	const char *reply_to;       /* XEP-0461: id, or NULL */
	const char *reply_jid;      /* whose message that is, or NULL */
	bool reply_fallback;        /* XEP-0428: these characters of the body are for those who know no replies */
	size_t fallback_start, fallback_end;
	const char *displayed;      /* XEP-0333: id, or NULL */
	const char *oob_url;        /* XEP-0066: first url, or NULL */
	const char *oob_description;
	const char *file_url;       /* XEP-0447 or XEP-0385: the first source, or NULL */
	const char *file_type, *file_name, *file_description; /* of it, as somebody said; NULL */
	bool muc_user;              /* <x xmlns='…muc#user'/>: a private message, or an invitation */
	const char *muc_invite_to;  /* mediated invitation: whom, or NULL */
	const char *muc_invite_reason;
	bool carbon_private;        /* XEP-0280 <private/> or no-copy hint */
	const char *error_condition; /* type error: "recipient-unavailable" ..., or NULL */
	bool privileges;            /* XEP-0356: says what we may do */
	bool may_send;              /* and messages in the name of the server's people are among it */
	bool forwarded;             /* has a carbon or forward: never trusted as a message of its own */
	xmpp_stanza_t *tree;        /* NULL unless the reader keeps trees; released after the call */
};

struct presence_stanza {
	const char *from, *to, *id;
	const char *type;   /* NULL: available */
	const char *show;   /* NULL: online */
	const char *status; /* NULL: none */
	int priority;
	bool invisible;     /* <invisible xmlns='urn:xmpp:invisible:0'/> */
	bool has_photo;     /* XEP-0153 <photo/> was there */
	const char *photo_hash; /* "" none, NULL unknown */
	bool muc;           /* <x xmlns='http://jabber.org/protocol/muc'/> */
	const char *muc_password;
	const char *error_condition; /* type error: "not-authorized" ... */
	const char *caps_node, *caps_ver; /* XEP-0115, or NULL */
	const char *nick;   /* XEP-0172, or NULL */
	xmpp_stanza_t *tree; /* as of messages */
};

struct rejected_stanza {
	const char *kind; /* "message", "presence", "iq", NULL unknown */
	const char *from, *to, *id, *type;
};

struct stanza_handler {
	void (*message)(void *context, const struct message_stanza *message);
	void (*presence)(void *context, const struct presence_stanza *presence);
	/* The tree is released after the call unless cloned (xmpp_stanza_clone). */
	void (*iq)(void *context, xmpp_stanza_t *iq);
	/* The stream header: attributes as in xml_handler. */
	void (*stream_start)(void *context, const char **attributes);
	/* Any other element at depth 1 (starttls, auth, handshake, stream:error, stream:features): a tree. */
	void (*other)(void *context, xmpp_stanza_t *element);
	void (*stream_end)(void *context);
	/* Optional. A message, presence or iq that was above a limit and has been left out, as far as it is known. */
	void (*rejected)(void *context, const struct rejected_stanza *stanza);
};

/* Reads stanzas from a stream's parser events. One for each stream. */
struct stanza_reader;
struct stanza_reader *stanza_reader_create(xmpp_ctx_t *strophe, const struct stanza_handler *handler, void *context);
void stanza_reader_destroy(struct stanza_reader **reader);
/* While *wanted is true at the beginning of a message or presence, its tree is built as well (within the limits of
 * trees). `wanted` outlives the reader. */
void stanza_reader_keep_trees(struct stanza_reader *reader, const bool *wanted);
extern const struct xml_handler stanza_reader_xml; /* context: the stanza_reader */
