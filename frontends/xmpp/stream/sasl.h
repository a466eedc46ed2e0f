/* SPDX-License-Identifier: MIT */
/* SASL PLAIN (RFC 4616) as it comes in an <auth/> or <response/> element. */
#pragma once

#include <stddef.h>

struct sasl_plain {
	char *authorization; /* "" none */
	char *node;          /* the authentication identity */
	char *password;
};

/* Parses base64, strictly. 0, or TP_ERR_INVALID with the failure ("incorrect-encoding", "malformed-request") in
 * *condition and nothing to wipe. `text` may be NULL or "=" for an empty message. */
int sasl_plain_parse(const char *text, struct sasl_plain *plain, const char **condition);
/* Overwrites and frees. */
void sasl_plain_wipe(struct sasl_plain *plain);
