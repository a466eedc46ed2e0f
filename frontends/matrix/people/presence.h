/* SPDX-License-Identifier: MIT */
/*
 * Presence of contacts, as their ghosts'. Homeservers take somebody who has no client for gone after a time (Synapse:
 * presence.sync_online_timeout, 30 s), so it is told again and again while somebody who is logged in has the contact in a
 * chat and sees it there, and ended when nobody does any more.
 */
#pragma once

#include "frontends/matrix/matrix.h"

/* What is known of a contact now. */
void presence_show(struct matrix_frontend *frontend, const char *ghost, const struct event_contact *contact);
/* matrix_after: begins to tell it again, for as long as we run. */
void presence_look(struct matrix_frontend *frontend, const char *unused, const char *unused_too);
/* The homeserver was away: it may want presence now, if it has refused it before. */
void presence_try_again(struct matrix_frontend *frontend);
void presence_free(struct matrix_frontend *frontend);
