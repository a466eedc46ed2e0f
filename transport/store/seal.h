/* SPDX-License-Identifier: MIT */
/*
 * Secrets at rest: XChaCha20-Poly1305 (libsodium) with a random nonce and the row they belong to as
 * additional data, so that a sealed value copied to another row does not open there.
 */
#pragma once

#include <stdint.h>

#include "base/buf.h"

struct seal;

/* Reads the key file, making it (0600, 32 random bytes, fsynced) if there is none. Refuses one that others may
 * read or of another size. 0 or a negative error with a sentence. */
int seal_open(struct seal **seal, const char *key_file, struct buf *error);
void seal_close(struct seal **seal); /* wipes the key */

/* Appends version byte, key id, nonce and ciphertext. `row` names the row: "users.password:" + key. */
void seal_close_text(const struct seal *seal, const char *row, const char *text, struct buf *sealed);
/* Appends the text. 0, or TP_ERR_AUTH: another key, another row, or damaged. */
int seal_open_text(const struct seal *seal, const char *row, const void *sealed, size_t length, struct buf *text);
