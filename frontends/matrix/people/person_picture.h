/* SPDX-License-Identifier: MIT */
/*
 * Pictures of people, for those who see them elsewhere (event_author.avatar_url, protocol/event.h): a public URL of the
 * gateway's own (transport/media). Until the picture is kept there it is a signed one, of what is fetched from the
 * homeserver when somebody opens it; then one that stays the same. Needs media.public_url. Clients that are given the
 * bytes (person_picture_card) do not need it.
 */
#pragma once

#include "frontends/matrix/matrix.h"

/* As the homeserver shows the person: mxc://, or NULL for none. */
void person_picture_note(struct matrix_frontend *frontend, const char *id, const char *url);
/* frontend_ops.card. */
bool person_picture_card(struct frontend *base, const char *address, size_t max, frontend_card_done *done,
                         void *context);
/* Appends the URL. False: the person has no picture that is known, or there is no store. */
bool person_picture_put_url(struct matrix_frontend *frontend, const char *id, struct buf *url);
