/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/sandbox/sandbox.h"

/* linux/landlock.h of the oldest system that this is built on does not have all of it */
#define RULESET_VERSION 1u
#define RULE_PATH 1
#define RULE_PORT 2
#define FS_EXECUTE (1ull << 0)
#define FS_WRITE_FILE (1ull << 1)
#define FS_READ_FILE (1ull << 2)
#define FS_READ_DIR (1ull << 3)
#define FS_MAKE_CHAR (1ull << 6)
#define FS_MAKE_BLOCK (1ull << 11)
#define FS_REFER (1ull << 13)
#define FS_TRUNCATE (1ull << 14)
#define FS_IOCTL_DEV (1ull << 15)
#define FS_OF_FILES (FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV)
#define NET_BIND (1ull << 0)
#define NET_CONNECT (1ull << 1)
#define SCOPE_ABSTRACT_UNIX (1ull << 0)
#define SCOPE_SIGNAL (1ull << 1)

struct ruleset {
	uint64_t files, net, scoped;
};

struct path_rule {
	uint64_t allowed;
	int32_t parent;
} __attribute__((packed));

struct port_rule {
	uint64_t allowed, port;
};

#define READING (FS_READ_FILE | FS_READ_DIR)

/* Programs and what they are linked and configured with; nothing below them is a secret to our own uid. */
static const char *const system_folders[] = {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32",
                                             "/opt", "/nix/store", "/gnu/store"};
static const char *const system_files[] = {
        "/etc/alternatives",    "/etc/ca-certificates", "/etc/crypto-policies", "/etc/fonts",
        "/etc/gai.conf",        "/etc/group",           "/etc/host.conf",       "/etc/hosts",
        "/etc/ld.so.cache",     "/etc/ld.so.preload",   "/etc/locale.alias",    "/etc/localtime",
        "/etc/machine-id",      "/etc/mime.types",      "/etc/nsswitch.conf",   "/etc/passwd",
        "/etc/pki",             "/etc/protocols",       "/etc/resolv.conf",     "/etc/services",
        "/etc/ssl/certs",       "/etc/ssl/openssl.cnf", "/etc/timezone",        "/etc/xdg",
        "/run/NetworkManager/resolv.conf", "/run/resolvconf", "/run/systemd/resolve", "/proc",
        "/sys/devices/system/cpu", "/dev/random",       "/dev/urandom",         "/var/cache/fontconfig"};
static const char *const devices[] = {"/dev/null", "/dev/zero", "/dev/full"};

static int abi_version(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, RULESET_VERSION);

	return version < 0 ? 0 : (int)version;
}

static struct ruleset handled(const struct profile *profile, int abi)
{
	struct ruleset set = {.files = (1ull << 13) - 1};

	if (abi >= 2)
		set.files |= FS_REFER;
	if (abi >= 3)
		set.files |= FS_TRUNCATE;
	if (abi >= 5)
		set.files |= FS_IOCTL_DEV;
	if (abi >= 4 && !profile->may_listen)
		set.net |= NET_BIND;
	if (abi >= 4 && profile->ports.count)
		set.net |= NET_CONNECT;
	if (abi >= 6)
		set.scoped = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL;
	return set;
}

static void allow_fd(int ruleset, int fd, uint64_t rights)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rights &= FS_OF_FILES;
	struct path_rule rule = {.allowed = rights, .parent = fd};
	if (rights && syscall(SYS_landlock_add_rule, ruleset, RULE_PATH, &rule, 0) < 0)
		sandbox_fail("landlock_add_rule: %s", strerror(errno));
}

static int allow_path(int ruleset, const char *path, uint64_t rights)
{
	int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return -1;
	allow_fd(ruleset, fd, rights);
	close(fd);
	return 0;
}

static void allow_port(int ruleset, uint64_t right, unsigned long port)
{
	struct port_rule rule = {.allowed = right, .port = port};

	if (syscall(SYS_landlock_add_rule, ruleset, RULE_PORT, &rule, 0) < 0)
		sandbox_fail("landlock_add_rule: port %lu: %s", port, strerror(errno));
}

static void allow_all(int ruleset, const struct profile *profile, const struct ruleset *set, int program)
{
	uint64_t programs = (READING | FS_EXECUTE) & set->files;
	uint64_t all = set->files & ~(FS_EXECUTE | FS_MAKE_CHAR | FS_MAKE_BLOCK | FS_IOCTL_DEV);

	for (size_t i = 0; i < sizeof(system_folders) / sizeof(system_folders[0]); i++)
		allow_path(ruleset, system_folders[i], programs);
	for (size_t i = 0; i < sizeof(system_files) / sizeof(system_files[0]); i++)
		allow_path(ruleset, system_files[i], READING);
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		allow_path(ruleset, devices[i], (FS_READ_FILE | FS_WRITE_FILE | FS_TRUNCATE) & set->files);
	/* with may_exec these may be wrappers' programs; without it seccomp refuses in any case */
	for (size_t i = 0; i < profile->read.count; i++)
		if (allow_path(ruleset, profile->read.items[i], programs) < 0)
			sandbox_note("sandbox: %s: %s", profile->read.items[i], strerror(errno));
	for (size_t i = 0; i < profile->write.count; i++)
		if (allow_path(ruleset, profile->write.items[i], all) < 0)
			sandbox_note("sandbox: %s: %s", profile->write.items[i], strerror(errno));
	allow_fd(ruleset, program, programs);

	if (set->net & NET_BIND)
		allow_port(ruleset, NET_BIND, 0); /* any free one, as clients do; listening is refused apart */
	for (size_t i = 0; set->net & NET_CONNECT && i < profile->ports.count; i++)
		allow_port(ruleset, NET_CONNECT, strtoul(profile->ports.items[i], NULL, 10));
}

void sandbox_restrict_files(struct profile *profile, int program)
{
	int abi = abi_version();

	if (abi < 1) {
		sandbox_note("sandbox: this kernel has no Landlock: files are not restricted");
		return;
	}
	if (abi < 4)
		sandbox_note("sandbox: Landlock of this kernel is of version %d: ports are not restricted", abi);

	struct ruleset set = handled(profile, abi);
	size_t size = abi < 4 ? sizeof(set.files) : abi < 6 ? 2 * sizeof(uint64_t) : sizeof(set);
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &set, size, 0);
	if (ruleset < 0)
		sandbox_fail("landlock_create_ruleset: %s", strerror(errno));
	allow_all(ruleset, profile, &set, program);
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		sandbox_fail("landlock_restrict_self: %s", strerror(errno));
	close(ruleset);
	profile->signals_are_scoped = abi >= 6;
}
