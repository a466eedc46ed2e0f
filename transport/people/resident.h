/* SPDX-License-Identifier: MIT */
/*
 * People who are always there, as on Matrix and Slack: whoever has an account has one client that never leaves, the
 * resource "" of his identity, and is told of his session in words.
 */
#pragma once

#include <stdbool.h>

struct event_session;
struct frontend;
struct resource;

/* The client of this address, attached and available if it is not there; NULL: banned. The account may not have been
 * read yet, or not be there (session_attach). Not from inside deliver. */
struct resource *resident_attach(struct frontend *frontend, const char *address);
/* The same of somebody whose account has been read; NULL: not here, or not yet. */
struct resource *resident_ready(const struct frontend *frontend, const char *address);
/* He may not use his place any more: his client is gone, and if that is the account's only address, it does not log in
 * to the network before he says so again. Nothing happens if nobody of that address is here; else `done` with the name
 * on the network, later, unless there is no account, or it does not log in anyway. Not from inside deliver. */
void resident_sign_out(struct frontend *frontend, const char *address,
		       void (*done)(struct frontend *frontend, const char *address, const char *legacy_name));
/* What waits for the person can be shown now. Not from inside deliver. */
void resident_show_waiting(const struct frontend *frontend, const char *address);
/* What the person is told of the session's state, lent; NULL: nothing. *curious: is told when the session is up, as he
 * has asked for it, or was told of a trouble; the person's own, and changed here. */
const char *resident_session_text(const struct event_session *session, bool *curious);
