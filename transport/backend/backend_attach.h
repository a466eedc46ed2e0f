/* SPDX-License-Identifier: MIT */
/*
 * Backends that outlive this process (docs/protocol.md, section 8, "Outliving the core"). Each spawn inherits a
 * listening Unix socket of its own, in the folder `backends` of service.working_dir; if it announces the extension
 * it is told by HOLD what to expect there. Who has outlived the last core stands in the spool's notes: the next
 * core connects, the sessions go on (transport/resume.h), and only then do frontends start.
 *
 * Notes: "backend", by core token: process, backend token, name of the socket. "taken", by core token: the number
 * up to which the backend's frames are taken, as of the same flush as the records they made. "session", by account
 * key: core token of the backend that has it. "config": the last BACKEND_CONFIG.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "protocol/event.h"

struct backend;
struct backend_attach;
struct network_plugin_server;
struct transport;
struct user;

/* Whether backends are to outlive us: something is kept over a restart. */
bool backend_attach_is_wanted(const struct transport *transport);
/* Makes the socket for a backend that is about to be spawned, on any thread: *listener, for the child, is the caller's
 * to close; what is returned becomes backend->attach. NULL: it cannot be made, errno says why. */
struct backend_attach *backend_attach_offer(const struct transport *transport, int *listener);
/* The backend has announced the extension: HOLD is sent, and it is on record. */
void backend_attach_announce(struct backend *backend);
/* It is gone, or is being ended: nobody shall look for it. */
void backend_attach_forget(struct backend *backend);
/* It stays on record, and is not ours any more. False: it is not on record. */
bool backend_attach_release(struct backend *backend);
/* The user has this backend, or none any more. */
void backend_attach_note_session(struct user *user, const struct backend *backend);
/* Notes how far each backend's frames are taken; before the spool is flushed. */
void backend_attach_note_taken(struct network_plugin_server *server);

/* At the start: connects to all that are on record. How many are under way; server_attached is called for each when
 * it is done, with success or without. */
unsigned backend_attach_begin(struct network_plugin_server *server);
/* ATTACHED and RESUMED. */
void backend_attach_receive(struct backend *backend, const struct event *event);
/* Too late for an answer, or its connection ended. */
void backend_attach_fail(struct backend *backend, const char *why);
/* Whether it still has to prove that it is the one of the last core. */
bool backend_attach_is_under_way(const struct backend *backend);
