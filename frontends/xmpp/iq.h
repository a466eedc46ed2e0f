/* SPDX-License-Identifier: MIT */
/* IQs: requests of people by namespace, and our own requests with their time-outs. */
#pragma once

#include "frontends/xmpp/address.h"
#include "frontends/xmpp/reply.h"

struct iq_request {
	struct xmpp_frontend *frontend;
	struct route route;
	const char *id;       /* never NULL */
	bool set;             /* else get */
	xmpp_stanza_t *child; /* the payload */
};

void iq_handle(struct xmpp_frontend *frontend, xmpp_stanza_t *iq);
/* Answers. */
struct xml_writer *iq_result(const struct iq_request *request); /* then the payload, and iq_send */
void iq_send(const struct iq_request *request);
void iq_empty_result(const struct iq_request *request);
void iq_error(const struct iq_request *request, const struct stanza_error *error, const char *text);
struct reply *iq_reply_later(const struct iq_request *request);

/* Children of a tree. A namespace that is not given is the parent's. */
xmpp_stanza_t *tree_child(xmpp_stanza_t *parent, const char *name);
xmpp_stanza_t *tree_child_ns(xmpp_stanza_t *parent, const char *name, const char *ns);
bool tree_is(xmpp_stanza_t *element, const char *name);
char *tree_text(xmpp_stanza_t *element); /* never NULL; mem_free */
/* Value of a data form's field; NULL: not there. mem_free. */
char *form_value(xmpp_stanza_t *form, const char *name);
/* What the fields behind it are named after (XEP-0068). */
void form_put_type(struct xml_writer *writer, const char *type);

/*
 * Our own requests. `answered` is called once: with the result, or with NULL after an error or a time-out. It
 * may use the core. Nothing is called when the frontend ends.
 */
typedef void iq_answered(struct xmpp_frontend *frontend, const char *from, const char *context,
                         xmpp_stanza_t *result);
/* Opens <iq><...>: write the payload, xml_end, xmpp_end(frontend, to). `context` is copied. */
struct xml_writer *request_begin(struct xmpp_frontend *frontend, const char *type, const char *to,
                                 iq_answered *answered, const char *context);
void pending_iqs_expire(struct xmpp_frontend *frontend);
void pending_iqs_fail_all(struct xmpp_frontend *frontend);
void pending_iq_destroy(void *pending);

/* Handlers, one for each namespace. */
typedef void iq_handler(const struct iq_request *request);
iq_handler disco_handle_info, disco_handle_items, register_handle, vcard_handle, commands_handle,
        gateway_handle, private_storage_handle, roster_handle, ping_handle, version_handle, last_handle,
        carbons_handle, bob_handle, muc_admin_handle, muc_owner_handle;
