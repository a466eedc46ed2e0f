/* SPDX-License-Identifier: MIT */
/*
 * The folder: files called KEY-TAG, where the tag says who pays; "key", which signs URLs; and "writing-...", which are
 * swept at the start. No name is a stranger's. When a file was last used is its time of modification.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"
#include "config/limits.h"
#include "transport/media/media_private.h"

#define KEY_NAME "key"
#define KEY_NEW_NAME "writing-key"
#define NAME_SIZE (MEDIA_KEY_LENGTH + 1 + MEDIA_TAG_LENGTH + 1)
#define TOUCH_S 60 /* a file's time is that exact */

static void name_of(char *name, const char *key, const char *tag)
{
	snprintf(name, NAME_SIZE, "%s-%s", key, tag);
}

/* ---- who pays ---- */

uint64_t media_store_round(uint64_t size)
{
	return (size + MEDIA_BLOCK - 1) / MEDIA_BLOCK * MEDIA_BLOCK;
}

struct media_owner *media_owner_of(struct media *media, const char *tag)
{
	struct media_owner *owner = map_get(media->owners, tag);
	char avatars[MEDIA_TAG_LENGTH + 1];

	if (!owner) {
		media_tag(media, MEDIA_AVATAR_OWNER, avatars);
		owner = MEM_NEW(struct media_owner);
		list_init(&owner->entries);
		snprintf(owner->tag, sizeof(owner->tag), "%s", tag);
		owner->is_avatars = !strcmp(tag, avatars);
		map_set(&media->owners, tag, owner);
	}
	owner->uses++;
	return owner;
}

void media_owner_release(struct media *media, struct media_owner *owner)
{
	if (--owner->uses > 0)
		return;
	map_remove(media->owners, owner->tag);
	mem_free(owner);
}

void media_store_uncharge(struct media *media, struct media_owner *owner, uint64_t bytes)
{
	media->bytes -= bytes;
	owner->bytes -= bytes;
}

/* ---- entries ---- */

static void forget(struct media *media, struct media_entry *entry)
{
	map_remove(media->by_key, entry->key);
	list_remove(&entry->link);
	list_remove(&entry->of_owner);
	media_store_uncharge(media, entry->owner, media_store_round(entry->size));
	media_owner_release(media, entry->owner);
	mem_free(entry);
}

/* Whoever is being sent it has it open. */
static void discard(struct media *media, struct media_entry *entry)
{
	char name[NAME_SIZE];

	name_of(name, entry->key, entry->owner->tag);
	if (unlinkat(media->folder, name, 0) < 0 && errno != ENOENT)
		log_warning(&media->log, "a file cannot be removed: %s", strerror(errno));
	forget(media, entry);
}

static struct media_entry *add(struct media *media, struct media_owner *owner, const char *key, uint64_t size,
			       int64_t used)
{
	struct media_entry *entry = MEM_NEW(struct media_entry);

	entry->owner = owner;
	owner->uses++;
	snprintf(entry->key, sizeof(entry->key), "%s", key);
	entry->size = size;
	entry->used = used;
	list_init(&entry->link);
	list_init(&entry->of_owner);
	list_append(&media->entries, &entry->link);
	list_append(&owner->entries, &entry->of_owner);
	map_set(&media->by_key, key, entry);
	return entry;
}

void media_store_touch(struct media *media, struct media_entry *entry)
{
	int64_t now = media_now();
	char name[NAME_SIZE];

	list_remove(&entry->link);
	list_remove(&entry->of_owner);
	list_append(&media->entries, &entry->link);
	list_append(&entry->owner->entries, &entry->of_owner);
	if (now < entry->used + TOUCH_S && now >= entry->used)
		return;
	entry->used = now;
	name_of(name, entry->key, entry->owner->tag);
	utimensat(media->folder, name, NULL, AT_SYMLINK_NOFOLLOW);
}

/* ---- limits ---- */

static bool is_fresh(const struct media_entry *entry)
{
	int64_t age = media_now() - entry->used;

	return age >= 0 && age < LIMIT_MEDIA_FRESH_SECONDS;
}

static bool discard_first(struct media *media, struct media_entry *entry)
{
	if (is_fresh(entry))
		return false;
	log_debug(&media->log, "%.8s is removed, as its space is needed", entry->key);
	discard(media, entry);
	return true;
}

bool media_store_charge(struct media *media, struct media_owner *owner, uint64_t bytes)
{
	uint64_t owner_max = (uint64_t)media->config->max_user_mb << 20, max = (uint64_t)media->config->max_total_mb << 20;

	while (owner->bytes + bytes > owner_max)
		if (list_empty(&owner->entries) ||
		    !discard_first(media, CONTAINER_OF(owner->entries.next, struct media_entry, of_owner)))
			return false;
	while (media->bytes + bytes > max)
		if (list_empty(&media->entries) ||
		    !discard_first(media, CONTAINER_OF(media->entries.next, struct media_entry, link)))
			return false;
	media->bytes += bytes;
	owner->bytes += bytes;
	return true;
}

static bool has_place(struct media *media)
{
	while (map_count(media->by_key) >= LIMIT_MEDIA_FILES)
		if (!discard_first(media, CONTAINER_OF(media->entries.next, struct media_entry, link)))
			return false;
	return true;
}

struct media_entry *media_store_take(struct media *media, struct media_owner *owner, const char *written,
				     const char *key, uint64_t size)
{
	struct media_entry *old = map_get(media->by_key, key);
	char name[NAME_SIZE];

	if (old && old->owner == owner) {
		unlinkat(media->folder, written, 0);
		media_store_uncharge(media, owner, media_store_round(size));
		media_store_touch(media, old);
		return old;
	}
	name_of(name, key, owner->tag);
	if ((!old && !has_place(media)) || renameat(media->folder, written, media->folder, name) < 0)
		return NULL;
	if (old)
		discard(media, old);
	return add(media, owner, key, size, media_now());
}

static int64_t kept_for(const struct media *media, const struct media_entry *entry)
{
	return media_is_avatar(entry) ? LIMIT_MEDIA_AVATAR_SECONDS : media->config->url_s;
}

void media_store_expire(struct media *media)
{
	int64_t now = media_now();

	LIST_EACH(link, &media->entries)
	{
		struct media_entry *entry = CONTAINER_OF(link, struct media_entry, link);

		/* a minute for the file's time, one for who has just asked */
		if (entry->used + kept_for(media, entry) + 2 * TOUCH_S <= now)
			discard(media, entry);
		else if (!media_is_avatar(entry))
			return;
	}
}

int media_open_file(struct media *media, const char *key, int *fd, uint64_t *size)
{
	struct media_entry *entry = map_get(media->by_key, key);
	char name[NAME_SIZE];

	if (!entry)
		return TP_ERR_NOT_FOUND;
	name_of(name, key, entry->owner->tag);
	*fd = openat(media->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (*fd >= 0) {
		*size = entry->size;
		return 0;
	}
	if (errno == EMFILE || errno == ENFILE)
		return TP_ERR_IO;
	log_warning(&media->log, "%.8s cannot be opened: %s", entry->key, strerror(errno));
	if (errno == ENOENT)
		forget(media, entry);
	return TP_ERR_NOT_FOUND;
}

/* ---- the start ---- */

struct found {
	char name[NAME_SIZE];
	uint64_t size;
	int64_t used;
};

static int by_age(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	return x->used < y->used ? -1 : x->used > y->used;
}

static bool is_name_of_file(const char *name)
{
	return strlen(name) == NAME_SIZE - 1 && name[MEDIA_KEY_LENGTH] == '-' &&
	       strspn(name, "0123456789abcdef") == MEDIA_KEY_LENGTH &&
	       media_is_hex(name + MEDIA_KEY_LENGTH + 1, MEDIA_TAG_LENGTH);
}

static void note_found(struct media *media, const char *name, struct buf *found)
{
	struct found one = {0};
	struct stat info;

	if (text_starts(name, "writing-")) {
		unlinkat(media->folder, name, 0);
		return;
	}
	if (!is_name_of_file(name) || fstatat(media->folder, name, &info, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISREG(info.st_mode))
		return;
	memcpy(one.name, name, sizeof(one.name));
	one.size = (uint64_t)info.st_size;
	one.used = info.st_mtime < media_now() ? info.st_mtime : media_now();
	buf_append(found, &one, sizeof(one));
}

static void take_found(struct media *media, struct found *one)
{
	struct media_owner *owner = media_owner_of(media, one->name + MEDIA_KEY_LENGTH + 1);

	one->name[MEDIA_KEY_LENGTH] = '\0';
	struct media_entry *old = map_get(media->by_key, one->name);

	if (old) /* its owner was to change when the process died */
		discard(media, old);
	owner->bytes += media_store_round(one->size);
	media->bytes += media_store_round(one->size);
	add(media, owner, one->name, one->size, one->used);
	media_owner_release(media, owner);
}

static int load(struct media *media, struct buf *error)
{
	DIR *folder = fdopendir(openat(media->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	struct buf found = {0};
	struct dirent *entry;

	if (!folder) {
		buf_printf(error, "media.folder cannot be read: %s", strerror(errno));
		return TP_ERR_IO;
	}
	while ((entry = readdir(folder)))
		note_found(media, entry->d_name, &found);
	closedir(folder);
	size_t count = found.len / sizeof(struct found);
	struct found *files = (struct found *)(void *)found.data;

	if (count)
		qsort(files, count, sizeof(*files), by_age);
	for (size_t i = 0; i < count; i++)
		take_found(media, &files[i]);
	buf_finish(&found);
	media_store_expire(media);
	return 0;
}

static int make_key(struct media *media)
{
	unsigned char secret[MEDIA_SECRET_BYTES];
	int fd;

	random_bytes(secret, sizeof(secret));
	unlinkat(media->folder, KEY_NEW_NAME, 0);
	fd = openat(media->folder, KEY_NEW_NAME, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -1;
	bool good = write(fd, secret, sizeof(secret)) == (ssize_t)sizeof(secret) && fsync(fd) == 0;

	sodium_memzero(secret, sizeof(secret));
	good = close(fd) == 0 && good && renameat(media->folder, KEY_NEW_NAME, media->folder, KEY_NAME) == 0;
	return good ? 0 : -1;
}

static int read_key(struct media *media, const char *path, struct buf *error)
{
	struct stat info;

	media->key_file = openat(media->folder, KEY_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (media->key_file < 0 && errno == ENOENT && make_key(media) == 0)
		media->key_file = openat(media->folder, KEY_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (media->key_file < 0 || fstat(media->key_file, &info) < 0)
		buf_printf(error, "%s/%s: %s", path, KEY_NAME, strerror(errno));
	else if (info.st_mode & (S_IRWXG | S_IRWXO))
		buf_printf(error, "%s/%s: others may read it. Remove it, so that a new one is made (URLs become invalid)", path,
			   KEY_NAME);
	else if (flock(media->key_file, LOCK_EX | LOCK_NB) < 0)
		buf_printf(error, "%s: another instance keeps its files there", path);
	else if (info.st_size != MEDIA_SECRET_BYTES ||
		 read(media->key_file, media->secret, MEDIA_SECRET_BYTES) != MEDIA_SECRET_BYTES)
		buf_printf(error, "%s/%s: damaged. Remove it, so that a new one is made (URLs become invalid)", path, KEY_NAME);
	else
		return 0;
	return TP_ERR_IO;
}

int media_store_open(struct media *media, const char *path, struct buf *error)
{
	if (mkdir(path, 0700) < 0 && errno != EEXIST) {
		buf_printf(error, "media.folder: %s cannot be made: %s", path, strerror(errno));
		return TP_ERR_IO;
	}
	media->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (media->folder < 0) {
		buf_printf(error, "media.folder: %s: %s", path, strerror(errno));
		return TP_ERR_IO;
	}
	int err = read_key(media, path, error);

	return err ? err : load(media, error);
}

void media_store_close(struct media *media)
{
	while (!list_empty(&media->entries))
		forget(media, CONTAINER_OF(media->entries.next, struct media_entry, link));
	map_destroy(&media->by_key, NULL);
	map_destroy(&media->owners, mem_free);
	if (media->key_file >= 0)
		close(media->key_file);
	if (media->folder >= 0)
		close(media->folder);
	sodium_memzero(media->secret, sizeof(media->secret));
}
