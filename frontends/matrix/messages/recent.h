/* SPDX-License-Identifier: MIT */
/* The last LIMIT_MATRIX_RECENT events with text, both ways: what a reply quotes, and a redaction takes back,
 * for networks that know of neither. And what reactions were to: a redaction names the reaction only. */
#pragma once

#include "frontends/matrix/matrix.h"

struct recent {
	const char *room;
	const char *sender;    /* user id of who said it, a person or a ghost */
	const char *author;    /* as the network calls him */
	const char *text;      /* of a reaction its key */
	const char *reacts_to; /* NULL: it is a message */
};

/* Copied. */
void recent_note(struct matrix_frontend *frontend, const char *event_id, const struct recent *what);
/* NULL: not known (any more), or of another room: whoever refers to it may not be there. */
const struct recent *recent_find(const struct matrix_frontend *frontend, const char *room, const char *event_id);
void recent_free(struct matrix_frontend *frontend);
