/* SPDX-License-Identifier: MIT */
/*
 * That a message has arrived at a contact (EVENT_RECEIPT; XEP-0184 "received"), for which Matrix has no word: whoever
 * has switched the setting "delivery" on sees a reaction of the contact's ghost, DELIVERED_MARK, on what he has said.
 * It is no reaction of the network's (reactions.h), and stays.
 */
#pragma once

#include "frontends/matrix/matrix.h"

struct identity;
struct user;

#define DELIVERED_MARK "\xe2\x9c\x93" /* U+2713 check mark */

/* Whether to ask the network for it. */
bool delivered_is_wanted(const struct matrix_frontend *frontend, const struct user *user);
/* As deliver (transport/frontend.h). */
int delivered_show(struct matrix_frontend *frontend, struct identity *to, const struct event *event);
