/* SPDX-License-Identifier: MIT */
#include "transport/backend/backend_owner.h"

#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"

/* Set aside for users that exist while a service runs: https://systemd.io/UIDS-GIDS/ */
#define FREE_FIRST 61184u
#define FREE_LAST 65519u
#define FREE_COUNT (FREE_LAST - FREE_FIRST + 1)

static bool is_free(uid_t uid)
{
	return uid >= FREE_FIRST && uid <= FREE_LAST && !getpwuid(uid) && !getgrgid(uid);
}

static unsigned hash(const char *text)
{
	unsigned value = 2166136261u; /* FNV-1a */

	for (; *text; text++)
		value = (value ^ (unsigned char)*text) * 16777619u;
	return value;
}

/* 0: none. */
static uid_t choose(const char *folder)
{
	struct stat st;

	if (lstat(folder, &st) == 0 && S_ISDIR(st.st_mode) && is_free(st.st_uid))
		return st.st_uid;
	unsigned first = hash(folder) % FREE_COUNT;
	for (unsigned i = 0; i < FREE_COUNT; i++) {
		uid_t uid = FREE_FIRST + (first + i) % FREE_COUNT;
		if (is_free(uid))
			return uid;
	}
	return 0;
}

/* Each folder above it may be passed. `path` is written to and restored. */
static bool is_reachable(char *path)
{
	struct stat st;

	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		bool passable = stat(path, &st) == 0 && (st.st_mode & S_IXOTH);
		*slash = '/';
		if (!passable)
			return false;
	}
	return true;
}

bool backend_owner_is_public(const char *path)
{
	char *copy = mem_strdup(path);
	struct stat st;
	mode_t wanted = S_IROTH;

	bool good = is_reachable(copy) && stat(path, &st) == 0;
	if (good && S_ISDIR(st.st_mode))
		wanted |= S_IXOTH;
	mem_free(copy);
	return good && (st.st_mode & wanted) == wanted;
}

/* The working directory, which the folder is in, is made passable; what is above it is not ours. */
static bool is_folder_reachable(const char *folder)
{
	char *copy = mem_strdup(folder);
	char *slash = strrchr(copy, '/');

	*slash = '\0';
	bool good = is_reachable(copy);
	mem_free(copy);
	return good;
}

static int find_named(struct backend_owner *owner, const char *user, struct buf *error)
{
	const struct passwd *person = getpwnam(user);

	if (!person) {
		buf_printf(error, "backend.sandbox_user: there is no user %s on this machine", log_quote(user));
		return TP_ERR_INVALID;
	}
	if (geteuid() != 0) {
		buf_puts(error, "backend.sandbox_user: only root can start backends as another user");
		return TP_ERR_INVALID;
	}
	*owner = (struct backend_owner){.other = true, .uid = person->pw_uid, .gid = person->pw_gid};
	return 0;
}

static const char *find_private(const char *folder, char *const *readable, size_t count)
{
	if (!is_folder_reachable(folder))
		return folder;
	for (size_t i = 0; i < count; i++)
		if (!backend_owner_is_public(readable[i]))
			return readable[i];
	return NULL;
}

int backend_owner_find(struct backend_owner *owner, const char *user, const char *folder, char *const *readable,
                       size_t count, const struct log *log, struct buf *error)
{
	*owner = (struct backend_owner){0};
	if (user && *user)
		return find_named(owner, user, error);
	if (geteuid() != 0 || !folder)
		return 0;
	const char *private = find_private(folder, readable, count);
	if (private) {
		log_warning(log,
		            "backends run as root, since a user of their own could not get at %s: let others read it, or "
		            "name a user with backend.sandbox_user",
		            log_quote(private));
		return 0;
	}
	uid_t uid = choose(folder);
	if (!uid) {
		log_warning(log, "backends run as root: no uid from %u to %u is free", FREE_FIRST, FREE_LAST);
		return 0;
	}
	*owner = (struct backend_owner){.other = true, .uid = uid, .gid = (gid_t)uid};
	return 0;
}
