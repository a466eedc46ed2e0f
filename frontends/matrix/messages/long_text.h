/* SPDX-License-Identifier: MIT */
/* What is too long for the network: it goes there as its beginning and a link to the whole (transport/media). */
#pragma once

#include "frontends/matrix/matrix.h"

/* A message that came back as too long. False: it cannot be had as a link (files are off, or it is short). Else the
 * link follows, or the sentence that otherwise would, and then delivery_shown for event->handover. */
bool long_text_send(struct matrix_frontend *frontend, const char *address, const struct event *event);
/* At the end, when the files are closed: those that the store has not answered for. */
void long_texts_free(struct matrix_frontend *frontend);
