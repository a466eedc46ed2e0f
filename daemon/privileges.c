/* SPDX-License-Identifier: MIT */
#include "daemon/privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"

void privileges_harden(void)
{
	struct rlimit files;

	umask(077);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

/* Made for everybody to pass. 0 or -1 with errno. `path` is written to and restored. */
static int make_parents(char *path)
{
	int failed = 0;

	for (char *slash = strchr(path + 1, '/'); slash && !failed; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mode_t mask = umask(022);

		failed = mkdir(path, 0755) < 0 && errno != EEXIST;
		umask(mask);
		*slash = '/';
	}
	return failed ? -1 : 0;
}

static int make_folder(const char *folder, struct buf *error)
{
	char *path = mem_strdup(folder);

	if (make_parents(path) < 0 || (mkdir(path, 0700) < 0 && errno != EEXIST)) {
		buf_printf(error, "service.working_dir: cannot make %s: %s\n", path, strerror(errno));
		mem_free(path);
		return TP_ERR_IO;
	}
	mem_free(path);
	return 0;
}

static int find_ids(const char *user, const char *group, uid_t *uid, gid_t *gid, struct buf *error)
{
	const struct passwd *person = *user ? getpwnam(user) : NULL;
	const struct group *team = *group ? getgrnam(group) : NULL;

	if (*user && !person) {
		buf_printf(error, "service.user: there is no user %s on this machine\n", user);
		return TP_ERR_INVALID;
	}
	if (*group && !team) {
		buf_printf(error, "service.group: there is no group %s on this machine\n", group);
		return TP_ERR_INVALID;
	}
	*uid = person ? person->pw_uid : geteuid();
	*gid = team ? team->gr_gid : person ? person->pw_gid : getegid();
	return 0;
}

/* Of a file that is written and removed as the other user. One that is there already is left as it is, and what fails
 * here is told when the file cannot be written. */
static void make_folder_of(const char *file, uid_t uid, gid_t gid)
{
	char *path = mem_strdup(file);
	char *slash = strrchr(path, '/');

	if (slash && slash != path) {
		*slash = '\0';
		if (make_parents(path) == 0 && mkdir(path, 0755) == 0) {
			(void)!chown(path, uid, gid);
			(void)chmod(path, 0755);
		}
	}
	mem_free(path);
}

int privileges_settle(const char *folder, const char *pidfile, const char *user, const char *group, struct buf *error)
{
	uid_t uid;
	gid_t gid;
	int err = find_ids(user, group, &uid, &gid, error);

	if (!err)
		err = make_folder(folder, error);
	if (err)
		return err;
	make_folder_of(pidfile, uid, gid);
	if (geteuid() == 0 && (uid != 0 || gid != 0)) {
		if (chown(folder, uid, gid) < 0 || (*user && initgroups(user, gid) < 0) || setgid(gid) < 0 ||
		    setuid(uid) < 0) {
			buf_printf(error, "service.user: cannot become %s: %s\n", user, strerror(errno));
			return TP_ERR_IO;
		}
		/* Changing the uid set it again. */
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	}
	if (chdir(folder) < 0) {
		buf_printf(error, "service.working_dir: cannot enter %s: %s\n", folder, strerror(errno));
		return TP_ERR_IO;
	}
	return 0;
}
