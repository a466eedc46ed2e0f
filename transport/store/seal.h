/* SPDX-License-Identifier: MIT */
/*
 * Secrets at rest: XChaCha20-Poly1305 (libsodium) with a random nonce and the row they belong to as
 * additional data, so that a sealed value copied to another row does not open there.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct seal;

/* Reads the key file, making it (0600, 32 random bytes, fsynced) if there is none; NULL: a key that lives as
 * long as the process. Refuses a file that others may read, of another size, a symbolic link and what is not
 * a regular file. 0 or a negative error with a sentence. */
int seal_open(struct seal **seal, const char *key_file, struct buf *error);
void seal_close(struct seal **seal); /* wipes the key */

#define SEAL_OVERHEAD 45 /* bytes that sealing adds: version, key id, nonce, tag */

/* Appends version byte, key id, nonce and ciphertext. `row` names the row: "users.password:" + key. */
void seal_close_bytes(const struct seal *seal, const char *row, const void *bytes, size_t length, struct buf *sealed);
void seal_close_text(const struct seal *seal, const char *row, const char *text, struct buf *sealed);
/* Appends the text, or bytes. 0, or TP_ERR_AUTH: another key, another row, or damaged. The caller wipes `text`, which
 * is grown at most once. */
int seal_open_text(const struct seal *seal, const char *row, const void *sealed, size_t length,
                   struct buf *text);
/* Whether a value that did not open at least claims this key: tells a wrong key file from damage. */
bool seal_is_own(const struct seal *seal, const void *sealed, size_t length);
