/* SPDX-License-Identifier: MIT */
/* For tests of homeserver.c: nobody else includes it. */
#pragma once

#include "frontends/matrix/wire/homeserver.h"

/* Milliseconds until a call that failed is made again, instead of LIMIT_MATRIX_RETRY_MS and ..._LAST_MS. */
void homeserver_set_retry(struct homeserver *homeserver, unsigned first_ms, unsigned last_ms);
