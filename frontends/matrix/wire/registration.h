/* SPDX-License-Identifier: MIT */
/*
 * The registration file that the homeserver's administrator adds to its configuration (Application Service API v1.15,
 * 2.1), YAML. We write it with fresh tokens, and read our two tokens from it: one place for both sides.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "frontends/matrix/wire/matrix_id.h"

struct registration {
	char *id, *as_token, *hs_token;
	char *bot; /* sender_localpart */
	char *url; /* NULL: none, or null: then nothing is pushed to us */
};
void registration_finish(struct registration *registration); /* wipes the tokens */

/* What is to be written: tokens are 32 random bytes in hex. `url`: where the homeserver reaches us. Whoever is
 * done with it wipes it. `people`: we may speak as the people of the homeserver, too. */
void registration_make(struct buf *out, const struct matrix_names *names, const char *id, const char *url, bool people);
/* A file that is not there yet, mode 0600 (0640 would let the homeserver's group read it: the administrator's choice).
 * 0, TP_ERR_EXISTS, TP_ERR_IO, with a sentence. */
int registration_write(const char *path, const struct buf *text, struct buf *error);
/* Reads our own form, and other programs' as far as the keys are scalars on lines of their own (plain, '...' or "...").
 * 0, TP_ERR_IO, TP_ERR_INVALID (a key is missing, or there twice), with a sentence; then it is empty. */
int registration_read(const char *path, struct registration *registration, struct buf *error);
