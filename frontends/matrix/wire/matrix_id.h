/* SPDX-License-Identifier: MIT */
/*
 * Names of people and rooms on both sides (Matrix specification v1.15, appendices 4.2).
 *
 *   @_irc_alice:example.org     the ghost of `alice`:  PREFIX, then the name with everything but a-z 0-9 . _ - / +
 *                               as =xx (a byte in lower-case hex)
 *   #_irc_#channel:example.org  the portal of `#channel`:  PREFIX, then the name with `=`, `:`, white space, control
 *                               characters and A-Z as =xx
 *
 * Two names never give the same id, nor the bot's. A name whose id would be longer than 255 bytes, or the bot's, gets
 * PREFIX, "==", and its SHA-256 in hex: that cannot be read back, and is remembered by whoever made it. So that it
 * fits, prefix and server are at most MATRIX_NAMES_MAX bytes together. An id that is not what its name would get, or
 * whose name has a control character (text_is_clean, TEXT_LINE), is not read back either.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"

#define MATRIX_ID_MAX 255
#define MATRIX_NAMES_MAX 187

struct matrix_names {
	const char *server; /* "example.org", the homeserver's name */
	const char *prefix; /* "_irc_": of characters that a ghost's name shows as they are */
	const char *bot;    /* "ircbot": local part of our own user */
};

/* "@local:server" (also historical local parts), "!room" with or without ":server", "#alias:server", "$event": the
 * right sign, printable without spaces, clean UTF-8, at most 255 bytes. NULL is none. */
bool matrix_is_user_id(const char *id);
bool matrix_is_room_id(const char *id);
bool matrix_is_alias(const char *id);
bool matrix_is_event_id(const char *id);
/* "mxc://server/media", neither of which needs an escape in a path. */
bool matrix_is_media_url(const char *url);
/* What follows the first colon; NULL: there is none. */
const char *matrix_id_server(const char *id);

/* What clients call the network's protocol: the prefix without its ornaments ("irc"), else the bot's name. Appended. */
void matrix_put_protocol(const struct matrix_names *names, struct buf *out);

char *matrix_bot_id(const struct matrix_names *names);
char *matrix_ghost_id(const struct matrix_names *names, const char *name);
/* Whether it is one of our users: a ghost or the bot. */
bool matrix_is_ours(const struct matrix_names *names, const char *user_id);
/* The name behind a ghost, appended. False: no ghost of ours, or not to be read back. */
bool matrix_ghost_name(const struct matrix_names *names, const char *user_id, struct buf *name);
char *matrix_portal_alias(const struct matrix_names *names, const char *room);
bool matrix_portal_room(const struct matrix_names *names, const char *alias, struct buf *room);
