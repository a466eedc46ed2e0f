/* SPDX-License-Identifier: MIT */
/*
 * Files of the network on their way to people: fetched (transport/media), uploaded to the person's server
 * where that takes them (upload.h), else at a URL of our own; what cannot be had is shown as the network's
 * link. A message waits for its files in the core, so that it is not lost and keeps its place.
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "frontends/xmpp/address.h"

#define NS_OOB "jabber:x:oob"
#define NS_REFERENCE "urn:xmpp:reference:0"
#define NS_SIMS "urn:xmpp:sims:1"
#define NS_SFS "urn:xmpp:sfs:0"

/* `event` itself, or `copy` of it with the pictures of its markup as attachments, as clients do not show those of
 * markup. Emoji among words stay there. */
const struct event *files_of_markup(const struct event *event, struct event *copy, struct arena *arena);
/* The message with the URLs that this person gets, in the attachments and where the text is or has one; what
 * is new lives in the arena. False: it waits, and delivery_identity_ready follows. */
bool files_place(struct xmpp_frontend *frontend, const struct identity *to, struct event_message *message,
                 uint64_t trace, struct arena *arena);
/* Into an open <message/>: XEP-0066, and of a file that we have had XEP-0385 and XEP-0447. `body`: the
 * message's; NULL. */
void file_write(const struct xmpp_frontend *frontend, struct xml_writer *writer,
                const struct event_attachment *attachment, const char *body);
/* Once a second. */
void files_expire(struct xmpp_frontend *frontend);
/* Everything under way is given up. */
void files_cancel(struct xmpp_frontend *frontend);
