/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/sandbox/sandbox.h"

#define NAMESPACES 0x7e020000u /* CLONE_NEW... */
#define LOW 0xffffffffu        /* of an int argument: the upper half is anything */

/* What glibc, OpenSSL, libuv, Python and Qt do in a network client. Whatever is not here does not exist
 * (ENOSYS), so that libraries take the way that they have for older kernels. */
static const char *const allowed[] = {
        "read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "preadv2", "pwritev2",
        "open", "openat", "creat", "close", "close_range", "lseek", "_llseek", "sendfile", "sendfile64", "splice",
        "copy_file_range", "stat", "stat64", "lstat", "lstat64", "fstat", "fstat64", "newfstatat", "fstatat64",
        "statx", "access", "faccessat", "faccessat2", "getdents", "getdents64", "getcwd", "chdir", "fchdir",
        "readlink", "readlinkat", "mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "rename", "renameat",
        "renameat2", "link", "linkat", "symlink", "symlinkat", "ftruncate", "ftruncate64", "fallocate", "fsync",
        "fdatasync", "sync_file_range", "fadvise64", "fadvise64_64", "readahead", "flock", "fchmod", "umask",
        "utimensat", "utime", "utimes", "statfs", "statfs64", "fstatfs", "fstatfs64", "dup", "dup2", "dup3",
        "pipe", "pipe2", "ioctl",
        /* memory, threads, time */
        "brk", "mmap", "mmap2", "munmap", "mremap", "mprotect", "madvise", "msync", "mincore", "mlock",
        "munlock", "memfd_create", "membarrier", "futex", "futex_time64", "set_robust_list", "get_robust_list",
        "rseq", "set_tid_address", "set_thread_area", "arch_prctl", "prctl", "sched_yield", "sched_getaffinity",
        "sched_getparam", "sched_getscheduler", "sched_get_priority_max", "sched_get_priority_min", "getcpu",
        "nanosleep", "clock_nanosleep", "clock_nanosleep_time64", "clock_gettime", "clock_gettime64",
        "clock_getres", "clock_getres_time64", "gettimeofday", "time", "times", "getrandom", "getitimer",
        "setitimer", "alarm", "pause", "timer_create", "timer_settime", "timer_gettime", "timer_delete",
        "timer_getoverrun",
        /* waiting */
        "poll", "ppoll", "ppoll_time64", "select", "_newselect", "pselect6", "pselect6_time64", "epoll_create",
        "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "eventfd", "eventfd2",
        "timerfd_create", "timerfd_settime", "timerfd_gettime", "signalfd", "signalfd4", "inotify_init",
        "inotify_init1", "inotify_add_watch", "inotify_rm_watch",
        /* processes and signals of our own */
        "fork", "vfork", "exit", "exit_group", "wait4", "waitid", "rt_sigaction", "rt_sigprocmask",
        "rt_sigpending", "rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait", "sigaltstack", "restart_syscall",
        "getpid", "getppid", "gettid", "getpgrp", "getpgid", "getsid", "getuid", "geteuid", "getgid", "getegid",
        "getresuid", "getresgid", "getgroups", "uname", "sysinfo", "getrusage", "getrlimit", "ugetrlimit",
        "capget", "getpriority",
        /* sockets; which ones is below */
        "connect", "bind", "accept", "accept4", "shutdown", "recv", "recvfrom", "recvmsg", "recvmmsg",
        "getsockname", "getpeername", "setsockopt", "getsockopt",
};

/* Known and refused with EPERM rather than ENOSYS, so that a log says what it was. */
static const char *const refused[] = {
        "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_open", "pidfd_getfd",
        "pidfd_send_signal", "kcmp", "perf_event_open", "bpf", "userfaultfd", "setsid", "setpgid", "setuid",
        "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setfsuid", "setfsgid", "setgroups",
        "capset", "chroot", "pivot_root", "mount", "umount2", "unshare", "setns", "mknod", "mknodat", "chown",
        "lchown", "fchown", "fchownat", "setxattr", "lsetxattr", "fsetxattr", "truncate", "truncate64",
        "sched_setaffinity", "sched_setscheduler", "sched_setparam", "sched_setattr", "setpriority", "ioprio_set",
        "keyctl", "add_key", "request_key", "init_module", "finit_module", "kexec_load", "reboot", "swapon",
        "sethostname", "settimeofday", "clock_settime", "open_by_handle_at", "io_uring_setup", "personality",
        "syslog", "acct", "quotactl", "migrate_pages", "move_pages", "setrlimit", "shmget", "msgget", "semget",
};

static void check(int result, const char *what)
{
	if (result < 0)
		sandbox_fail("seccomp: %s: %s", what, strerror(-result));
}

static void set_all(scmp_filter_ctx filter, uint32_t action, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int number = seccomp_syscall_resolve_name(names[i]);
		/* negative: another architecture's */
		if (number >= 0)
			check(seccomp_rule_add(filter, action, number, 0), names[i]);
	}
}

#define ALLOW_IF(filter, name, ...) \
	check(seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(name), \
	                             sizeof((struct scmp_arg_cmp[]){__VA_ARGS__}) / sizeof(struct scmp_arg_cmp), \
	                             (struct scmp_arg_cmp[]){__VA_ARGS__}), \
	      #name)
#define IS(argument, value) {(argument), SCMP_CMP_MASKED_EQ, LOW, (uint32_t)(value)}
#define HAS(argument, bits) {(argument), SCMP_CMP_MASKED_EQ, (bits), (bits)}
#define HAS_NOT(argument, bits) {(argument), SCMP_CMP_MASKED_EQ, (bits), 0}

static void allow_sockets(scmp_filter_ctx filter, const struct profile *profile)
{
	static const int families[] = {AF_INET, AF_INET6}, protocols[] = {0, IPPROTO_TCP, IPPROTO_UDP};

	/* MPTCP and SCTP would go round Landlock's ports */
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		for (size_t k = 0; k < sizeof(protocols) / sizeof(protocols[0]); k++)
			ALLOW_IF(filter, socket, IS(0, families[i]), IS(2, protocols[k]));
	/* getaddrinfo asks which addresses this machine has */
	ALLOW_IF(filter, socket, IS(0, AF_NETLINK), IS(2, NETLINK_ROUTE));
	ALLOW_IF(filter, socketpair, IS(0, AF_UNIX));
	if (profile->may_use_unix)
		ALLOW_IF(filter, socket, IS(0, AF_UNIX));
	/* fast open connects without asking Landlock */
	ALLOW_IF(filter, sendto, HAS_NOT(3, MSG_FASTOPEN));
	ALLOW_IF(filter, sendmsg, HAS_NOT(2, MSG_FASTOPEN));
	ALLOW_IF(filter, sendmmsg, HAS_NOT(3, MSG_FASTOPEN));
	check(seccomp_rule_add(filter, profile->may_listen ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM), SCMP_SYS(listen),
	                       0),
	      "listen");
}

static void allow_signals(scmp_filter_ctx filter, const struct profile *profile)
{
	static const char *const calls[] = {"kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo",
	                                    "fcntl", "fcntl64"};
	pid_t self = getpid();

	if (profile->signals_are_scoped) {
		set_all(filter, SCMP_ACT_ALLOW, calls, sizeof(calls) / sizeof(calls[0]));
		return;
	}
	ALLOW_IF(filter, kill, IS(0, 0));
	ALLOW_IF(filter, kill, IS(0, self));
	ALLOW_IF(filter, kill, IS(0, -self));
	ALLOW_IF(filter, tgkill, IS(0, self));
	/* everything but F_SETOWN (8) and F_SETOWN_EX (15), which have others signalled */
	ALLOW_IF(filter, fcntl, HAS_NOT(1, LOW & ~7u));
	for (int command = 9; command < 15; command++)
		ALLOW_IF(filter, fcntl, IS(1, command));
	ALLOW_IF(filter, fcntl, HAS(1, 0x10));
	ALLOW_IF(filter, fcntl, HAS(1, 0x20));
	ALLOW_IF(filter, fcntl, HAS(1, 0x400));
}

static void allow_programs(scmp_filter_ctx filter, const struct profile *profile, int program)
{
	if (profile->may_exec) {
		check(seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(execve), 0), "execve");
		check(seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(execveat), 0), "execveat");
	} else {
		check(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(execve), 0), "execve");
		ALLOW_IF(filter, execveat, IS(0, program));
	}
	/* clone3 hides its flags in memory: it falls to ENOSYS, and libraries take clone */
	ALLOW_IF(filter, clone, HAS_NOT(0, NAMESPACES));
	ALLOW_IF(filter, prlimit64, IS(0, 0));
	ALLOW_IF(filter, prlimit64, IS(0, getpid()));
}

void sandbox_restrict_calls(const struct profile *profile, int program)
{
	static const char *const modes[] = {"chmod", "fchmodat"};
	static const char *const tracing[] = {"ptrace", "process_vm_readv", "process_vm_writev"};
	size_t skipped = profile->may_trace ? sizeof(tracing) / sizeof(tracing[0]) : 0;
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));

	if (!filter)
		sandbox_fail("seccomp: no memory");
	check(seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2), "optimize");
	set_all(filter, SCMP_ACT_ALLOW, allowed, sizeof(allowed) / sizeof(allowed[0]));
	set_all(filter, SCMP_ACT_ALLOW, tracing, skipped);
	set_all(filter, SCMP_ACT_ERRNO(EPERM), refused + skipped, sizeof(refused) / sizeof(refused[0]) - skipped);
	/* Landlock does not watch modes. Done in appearance only: the umask keeps files private, and libraries
	 * take a failure for the end of the world. */
	set_all(filter, SCMP_ACT_ERRNO(0), modes, sizeof(modes) / sizeof(modes[0]));
	allow_sockets(filter, profile);
	allow_signals(filter, profile);
	allow_programs(filter, profile, program);

	int err = seccomp_load(filter);
	if (err == -EINVAL || err == -ENOSYS || err == -EOPNOTSUPP)
		sandbox_note("sandbox: this kernel has no seccomp filters: system calls are not restricted");
	else
		check(err, "load");
	seccomp_release(filter);
}
