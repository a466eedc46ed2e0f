/* SPDX-License-Identifier: MIT */
/*
 * Polls (MSC3381) as text for networks that have none: a vote is said by whoever votes, and at the end who has voted
 * for what. What is asked and who has voted is kept as notes of the spool, so that a vote after a restart is one, too:
 * of the last LIMIT_MATRIX_POLLS polls, and of each as much as a note may hold.
 */
#pragma once

#include "frontends/matrix/matrix.h"

struct matrix_event;

/* A poll begins. */
void poll_note(struct matrix_frontend *frontend, const struct matrix_event *event);
/* What is to be said of a vote, or of the end. To be freed; NULL: nothing, as the poll is over. */
char *poll_text(struct matrix_frontend *frontend, const struct matrix_event *event);
