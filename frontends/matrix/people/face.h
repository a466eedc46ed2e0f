/* SPDX-License-Identifier: MIT */
/*
 * Pictures of authors whom another frontend has (event_author.avatar_url, protocol/event.h): what the URL names becomes
 * the avatar of the ghost that speaks for them. Fetched as a stranger's file (transport/media), once for each URL.
 */
#pragma once

#include "frontends/matrix/matrix.h"

/* Nothing is waited for; what cannot be fetched or stored is logged. `owner` answers for the space that it takes. */
void face_show(struct matrix_frontend *frontend, const char *ghost, const char *url, const char *owner);
void faces_free(struct matrix_frontend *frontend);
