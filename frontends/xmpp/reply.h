/* SPDX-License-Identifier: MIT */
/* Stanza errors (RFC 6120 section 8.3), and answers that are given later. */
#pragma once

#include "frontends/xmpp/address.h"
#include "frontends/xmpp/xmpp.h"

struct stanza_error {
	const char *type;      /* "cancel", "modify", "auth", "wait" */
	const char *condition; /* "item-not-found" ... */
};

extern const struct stanza_error ERROR_BAD_REQUEST, ERROR_CONFLICT, ERROR_FEATURE, ERROR_FORBIDDEN,
        ERROR_INTERNAL, ERROR_NOT_FOUND, ERROR_JID_MALFORMED, ERROR_NOT_ACCEPTABLE, ERROR_NOT_ALLOWED,
        ERROR_NOT_AUTHORIZED, ERROR_UNAVAILABLE, ERROR_REGISTRATION, ERROR_CONSTRAINT, ERROR_SERVICE,
        ERROR_TIMEOUT, ERROR_SERVER_NOT_FOUND;

/* What an enum tp_error is called on XMPP. */
const struct stanza_error *stanza_error_of(int error);

/* <error/> into a stanza that is open; text may be NULL. */
void write_stanza_error(struct xml_writer *writer, const struct stanza_error *error, const char *text);
/* A whole error stanza: kind "message", "presence" or "iq". from may be "". */
void send_error(struct xmpp_frontend *frontend, const char *kind, const char *from, const char *to,
                const char *id, const struct stanza_error *error, const char *text);

/* Server mode: a stanza to nobody of ours, that route_parse did not take. */
void refuse_address(struct xmpp_frontend *frontend, const char *kind, const char *to, const char *from,
                    const char *id);
/* Opens <iq type='result'>; after it the payload, xml_end and xmpp_end(frontend, to). */
struct xml_writer *result_begin(struct xmpp_frontend *frontend, const char *from, const char *to,
                                const char *id);

/*
 * Where an answer goes that the core gives later. Held by the callback's context, which ends with
 * reply_destroy. The frontend may be gone by then: reply->frontend is NULL.
 */
struct reply {
	struct xmpp_frontend *frontend;
	struct list link;
	char *from, *to, *id; /* of the answer */
	char *address;        /* bare JID of who asked */
	char *name;           /* free use; NULL */
	char *extra;          /* free use; NULL. Overwritten before it is freed. */
	bool flag;            /* free use */
};
/* Too many questions are waiting for the store or a backend: refuse with resource-constraint. */
bool replies_full(const struct xmpp_frontend *frontend);
struct reply *reply_create(struct xmpp_frontend *frontend, const struct route *route, const char *id);
void reply_destroy(struct reply *reply);
void reply_error(struct reply *reply, const struct stanza_error *error, const char *text); /* to an IQ */
void reply_empty(struct reply *reply);                                                     /* to an IQ */
/* At the frontend's end. */
void replies_orphan(struct xmpp_frontend *frontend);
