/* SPDX-License-Identifier: MIT */
/*
 * HTTP file upload (XEP-0363), either way. As a component: files go to the upload service of people's own
 * servers, which is found by service discovery and asked for a slot in the component's name. In server mode:
 * our own clients get slots of transport/media.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "frontends/xmpp/iq.h"

#define NS_UPLOAD "urn:xmpp:http:upload:0"

struct upload_file {
	const char *key; /* of transport/media */
	const char *name, *type;
	uint64_t size;
	uint64_t trace; /* of the message that it came with first, for the log; 0: of none */
};

/* The file is at this URL for whoever has it; or NULL, and why not. May be called from inside upload_send. */
typedef void upload_done(struct xmpp_frontend *frontend, void *context, const char *url, const char *problem);
/* To the service of this domain, or the configured one. Not called back after uploads_cancel. */
void upload_send(struct xmpp_frontend *frontend, const char *domain, const struct upload_file *file,
                 upload_done *done, void *context);
/* The connection to our server is new: what did not work with the last one may do so now. */
void uploads_try_again(struct xmpp_frontend *frontend);
/* Everything under way is given up without a word. */
void uploads_cancel(struct xmpp_frontend *frontend);

/* Server mode, with files: features and the form for the answer to service discovery. */
bool upload_is_offered(const struct xmpp_frontend *frontend);
void upload_write_form(const struct xmpp_frontend *frontend, struct xml_writer *writer);
iq_handler upload_handle_slot;
