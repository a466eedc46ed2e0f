/* SPDX-License-Identifier: MIT */
/* What the homeserver pushes: each event once, and to whom it belongs. */
#pragma once

#include "frontends/matrix/matrix.h"

/* appservice_ops of the frontend. The 200 goes out when all that the transaction brought is on record. */
extern const struct appservice_ops transaction_ops;
/* What the last process knew of their order. */
void transactions_remember(struct matrix_frontend *frontend);
/* matrix_later: accounts that were waited for may have been read. */
void transactions_go_on(struct matrix_frontend *frontend, const char *unused, const char *unused_too);
/* For homeserver_watch_events. */
void transactions_event_settled(void *context);
/* Events of one room that were never pushed, {"events": [...]}, freed here: before the transactions that wait. */
void transactions_take_found(struct matrix_frontend *frontend, struct cJSON *body);
/* Requests that wait are not answered any more. */
void transactions_forget(struct matrix_frontend *frontend);
