/* SPDX-License-Identifier: MIT */
/*
 * How a person enters a room of the network: under which nickname, and with which password. An XMPP client says both
 * each time; where a place stands for the room (portal.h) they are said once, with the command `join`, and are kept as
 * a setting of the account until the person leaves (not event_room.for_now). A password is sealed (store/seal.h)
 * wherever it is written. Loop thread.
 */
#pragma once

#include <stdbool.h>

struct user;

/* NULL or "": none. With neither, what was kept stays. With more than LIMIT_ROOM_KEYS those of rooms that the user is
 * not in are forgotten. */
void room_key_put(struct user *user, const char *room, const char *nickname, const char *password);
void room_key_forget(struct user *user, const char *room);
/* What the person enters the room with, to be freed: the nickname, or the one that the account has. */
char *room_key_nickname(const struct user *user, const char *room);
/* NULL: none. To be freed with mem_free_secret. */
char *room_key_password(const struct user *user, const char *room);

/* A secret of this room, in letters and digits; and back, NULL if it does not open. To be freed, with mem_free_secret
 * what is open. */
char *room_key_seal(const struct user *user, const char *room, const char *secret);
char *room_key_unseal(const struct user *user, const char *room, const char *sealed);
/* Whether a setting is one of these. */
bool room_key_is_setting(const char *name);
