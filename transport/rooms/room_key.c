/* SPDX-License-Identifier: MIT */
#include "transport/rooms/room_key.h"

#include <sodium.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "transport/people/user.h"
#include "transport/rooms/room.h"
#include "transport/store/seal.h"
#include "transport/transport.h"

#define NICKNAME "room nickname "
#define PASSWORD "room password "

/* Of which room a setting is, in lower case; NULL: of none. */
static const char *room_of(const char *name)
{
	static const char *const kinds[] = {NICKNAME, PASSWORD};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (text_starts(name, kinds[i]))
			return name + strlen(kinds[i]);
	return NULL;
}

bool room_key_is_setting(const char *name)
{
	return room_of(name) != NULL;
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

static void make_place(struct user *user)
{
	struct map_iter it = {0};
	size_t count = 0;

	while (map_next(user->settings, &it))
		count += room_key_is_setting(it.key);
	it = (struct map_iter){0};
	while (count + 2 > LIMIT_ROOM_KEYS && map_next(user->settings, &it)) {
		const char *room = room_of(it.key);

		if (!room || room_find(user, room))
			continue;
		char *name = mem_strdup(it.key);

		user_set_setting(user, name, NULL);
		mem_free(name);
	}
}

void room_key_put(struct user *user, const char *room, const char *nickname, const char *password)
{
	make_place(user);
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
