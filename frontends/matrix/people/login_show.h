/* SPDX-License-Identifier: MIT */
/* The steps of a login (transport/people/login_step.h), in the chat with the bot. */
#pragma once

#include "frontends/matrix/matrix.h"

struct identity;

/* As a notice; a QR code as a picture as well. */
void login_show_step(struct matrix_frontend *frontend, const struct identity *to,
                     const struct event_login_step *step);
