/* SPDX-License-Identifier: MIT */
/*
 * Pictures of people: files of the store that one owner of their own pays for, so that they cost nobody's share. Their
 * URLs have no signature, as they are to stay the same: what cannot be guessed is the key.
 */
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "transport/media/media_private.h"

static void key_of(const struct media *media, const char *whose, const char *hash, char *key)
{
	unsigned char bytes[MEDIA_KEY_LENGTH / 2];
	crypto_generichash_state state;

	crypto_generichash_init(&state, media->secret, sizeof(media->secret), sizeof(bytes));
	crypto_generichash_update(&state, (const unsigned char *)"avatar", sizeof("avatar"));
	crypto_generichash_update(&state, (const unsigned char *)whose, strlen(whose) + 1);
	crypto_generichash_update(&state, (const unsigned char *)hash, strlen(hash) + 1);
	crypto_generichash_final(&state, bytes, sizeof(bytes));
	sodium_bin2hex(key, MEDIA_KEY_LENGTH + 1, bytes, sizeof(bytes));
}

bool media_is_avatar(const struct media_entry *entry)
{
	return entry->owner->is_avatars;
}

bool media_put_avatar_url(struct media *media, const char *whose, const char *hash, struct buf *url)
{
	struct media_entry *entry;
	char key[MEDIA_KEY_LENGTH + 1];

	key_of(media, whose, hash, key);
	entry = map_get(media->by_key, key);
	if (!entry || !media_is_avatar(entry))
		return false;
	media_store_touch(media, entry);
	buf_printf(url, "%s/media/" MEDIA_AVATAR_PATH "%s", media->public_url, key);
	return true;
}

void media_store_avatar(struct media *media, const char *whose, const char *hash, const void *bytes, size_t count,
			media_done *done, void *context)
{
	struct media_writer *writer;
	char key[MEDIA_KEY_LENGTH + 1], tag[MEDIA_TAG_LENGTH + 1];
	unsigned width, height;

	key_of(media, whose, hash, key);
	media_tag(media, MEDIA_AVATAR_OWNER, tag);
	writer = media_writer_create(media, tag, key, "avatar", done, context);
	if (count > LIMIT_MEDIA_AVATAR_BYTES) {
		media_fail(&writer, TP_ERR_LIMIT, "the picture is too large");
	} else if (!media_picture_size(bytes, count, &width, &height)) {
		media_fail(&writer, TP_ERR_INVALID, "it is no PNG, JPEG, GIF or WebP");
	} else {
		media_write(writer, bytes, count);
		media_end(&writer);
	}
}
