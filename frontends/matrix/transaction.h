/* SPDX-License-Identifier: MIT */
/* What the homeserver pushes: each event once, and to whom it belongs. */
#pragma once

#include "frontends/matrix/matrix.h"

/* appservice_ops of the frontend. The 200 goes out when all that the transaction brought is on record. */
extern const struct appservice_ops transaction_ops;
/* Requests that wait are not answered any more. */
void transactions_forget(struct matrix_frontend *frontend);
