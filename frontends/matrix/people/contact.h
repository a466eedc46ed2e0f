/* SPDX-License-Identifier: MIT */
/* What is known of a contact besides what it says: its name, whether it is there, its picture. Shown by its
 * ghost, for contacts that somebody has a chat with: a roster of thousands makes no thousand ghosts. */
#pragma once

#include "frontends/matrix/rooms/matrix_room.h"

struct identity;

/* EVENT_CONTACT, from deliver. */
void contact_show(struct matrix_frontend *frontend, struct identity *to, const struct event_contact *contact);
/* matrix_later: a chat of person `id` with contact `name` has come to be. */
void contact_show_known(struct matrix_frontend *frontend, const char *id, const char *name);
/* A participant's picture. */
void contact_show_icon(struct matrix_frontend *frontend, struct identity *to, const char *ghost,
                       const char *card, const char *icon_hash);
/* The picture of a legacy room, for one of its portals. */
void contact_show_room_icon(struct matrix_frontend *frontend, struct identity *to, struct matrix_room *room,
                            const char *icon_hash);
/* EVENT_VCARD: the answer to our question for a picture. */
void contact_show_card(struct matrix_frontend *frontend, const struct event_vcard *card);
void contacts_free(struct matrix_frontend *frontend);
