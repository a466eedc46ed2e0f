/* SPDX-License-Identifier: MIT */
#include "transport/room_key.h"

#include <sodium.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "transport/store/seal.h"
#include "transport/transport.h"
#include "transport/user.h"

#define NICKNAME "room nickname "
#define PASSWORD "room password "

bool room_key_is_setting(const char *name)
{
	return text_starts(name, NICKNAME) || text_starts(name, PASSWORD);
}

/* Names of rooms differ by case on some networks, and clients write them as they like. */
static char *lower(const char *before, const char *room)
{
	char *name = mem_printf("%s%s", before, room);

	text_lower(name);
	return name;
}

/* What it is sealed for: nobody else's, and no other room's. */
static char *row_of(const struct user *user, const char *room)
{
	char *name = lower("", room), *row = mem_printf("room_key:%s\n%s", user->key, name);

	mem_free(name);
	return row;
}

char *room_key_seal(const struct user *user, const char *room, const char *secret)
{
	char *row = row_of(user, room);
	struct buf sealed = {0};

	seal_close_text(store_seal(user->transport->store), row, secret, &sealed);
	char *hex = mem_alloc(sealed.len * 2 + 1);

	sodium_bin2hex(hex, sealed.len * 2 + 1, (const unsigned char *)sealed.data, sealed.len);
	buf_finish(&sealed);
	mem_free(row);
	return hex;
}

char *room_key_unseal(const struct user *user, const char *room, const char *sealed)
{
	char *row = row_of(user, room);
	unsigned char *bytes = mem_alloc(strlen(sealed) / 2 + 1);
	struct buf secret = {0};
	size_t length = 0;
	int err = sodium_hex2bin(bytes, strlen(sealed) / 2 + 1, sealed, strlen(sealed), NULL, &length, NULL);

	if (!err)
		err = seal_open_text(store_seal(user->transport->store), row, bytes, length, &secret);
	mem_free(bytes);
	mem_free(row);
	char *text = buf_take(&secret);

	if (!err)
		return text;
	mem_free_secret(text);
	return NULL;
}

static void put(struct user *user, const char *kind, const char *room, const char *value)
{
	char *name = lower(kind, room);

	user_set_setting(user, name, value);
	mem_free(name);
}

static const char *get(const struct user *user, const char *kind, const char *room)
{
	char *name = lower(kind, room);
	const char *value = map_get(user->settings, name);

	mem_free(name);
	return value;
}

void room_key_put(struct user *user, const char *room, const char *nickname, const char *password)
{
	if (nickname && *nickname)
		put(user, NICKNAME, room, nickname);
	if (!password || !*password)
		return;
	char *sealed = room_key_seal(user, room, password);

	put(user, PASSWORD, room, sealed);
	mem_free(sealed);
}

void room_key_forget(struct user *user, const char *room)
{
	if (get(user, NICKNAME, room))
		put(user, NICKNAME, room, NULL);
	if (get(user, PASSWORD, room))
		put(user, PASSWORD, room, NULL);
}

char *room_key_nickname(const struct user *user, const char *room)
{
	const char *kept = get(user, NICKNAME, room);

	return kept ? mem_strdup(kept) : user_nickname(user);
}

char *room_key_password(const struct user *user, const char *room)
{
	const char *sealed = get(user, PASSWORD, room);

	return sealed ? room_key_unseal(user, room, sealed) : NULL;
}
