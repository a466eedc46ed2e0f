/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/sandbox/sandbox.h"

/* The filter is written out here because libseccomp needs 4 to 6 ms to build one of this size, at every spawn. */

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCHITECTURE AUDIT_ARCH_RISCV64
#endif

#ifdef ARCHITECTURE

#define FILTER_MAX 1024
#define NAMESPACES 0x7e020000u /* CLONE_NEW... */
#define ALL 0xffffffffu
#define ALLOW SECCOMP_RET_ALLOW
#define REFUSE(number) (SECCOMP_RET_ERRNO | (number))

/* What glibc, OpenSSL, libuv, Python and Qt do in a network client. Whatever is nowhere here does not exist
 * (ENOSYS), so that libraries take the way that they have for older kernels. */
static const int allowed[] = {
	SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_pread64, SYS_pwrite64, SYS_preadv, SYS_pwritev,
	SYS_preadv2, SYS_pwritev2, SYS_openat, SYS_close, SYS_close_range, SYS_lseek, SYS_sendfile,
	SYS_splice, SYS_copy_file_range, SYS_fstat, SYS_newfstatat, SYS_statx,
	SYS_faccessat, SYS_faccessat2, SYS_getdents64, SYS_getcwd, SYS_chdir, SYS_fchdir, SYS_readlinkat,
	SYS_mkdirat, SYS_unlinkat, SYS_renameat2, SYS_linkat, SYS_symlinkat, SYS_ftruncate,
	SYS_fallocate, SYS_fsync, SYS_fdatasync, SYS_sync_file_range, SYS_fadvise64, SYS_readahead,
	SYS_flock, SYS_fchmod, SYS_umask, SYS_utimensat, SYS_statfs, SYS_fstatfs, SYS_dup, SYS_dup3,
	SYS_pipe2, SYS_ioctl, SYS_brk, SYS_mmap, SYS_munmap, SYS_mremap, SYS_mprotect, SYS_madvise,
	SYS_msync, SYS_mincore, SYS_mlock, SYS_munlock, SYS_memfd_create, SYS_membarrier, SYS_futex,
	SYS_set_robust_list, SYS_get_robust_list, SYS_rseq, SYS_set_tid_address, SYS_prctl, SYS_sched_yield,
	SYS_sched_getaffinity, SYS_sched_getparam, SYS_sched_getscheduler, SYS_sched_get_priority_max,
	SYS_sched_get_priority_min, SYS_getcpu, SYS_nanosleep, SYS_clock_nanosleep, SYS_clock_gettime,
	SYS_clock_getres, SYS_gettimeofday, SYS_times, SYS_getrandom, SYS_getitimer, SYS_setitimer,
	SYS_timer_create, SYS_timer_settime, SYS_timer_gettime, SYS_timer_delete, SYS_timer_getoverrun,
	SYS_ppoll, SYS_pselect6, SYS_epoll_create1, SYS_epoll_ctl, SYS_epoll_pwait, SYS_epoll_pwait2,
	SYS_eventfd2, SYS_timerfd_create, SYS_timerfd_settime, SYS_timerfd_gettime, SYS_signalfd4,
	SYS_inotify_init1, SYS_inotify_add_watch, SYS_inotify_rm_watch, SYS_exit, SYS_exit_group, SYS_wait4,
	SYS_waitid, SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigpending, SYS_rt_sigreturn,
	SYS_rt_sigsuspend, SYS_rt_sigtimedwait, SYS_sigaltstack, SYS_restart_syscall, SYS_getpid,
	SYS_getppid, SYS_gettid, SYS_getpgid, SYS_getsid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid,
	SYS_getresuid, SYS_getresgid, SYS_getgroups, SYS_uname, SYS_sysinfo, SYS_getrusage,
	SYS_capget, SYS_getpriority, SYS_connect, SYS_bind, SYS_accept, SYS_accept4, SYS_shutdown,
	SYS_recvfrom, SYS_recvmsg, SYS_recvmmsg, SYS_getsockname, SYS_getpeername, SYS_setsockopt,
	SYS_getsockopt,
#ifdef __x86_64__
	SYS_stat, SYS_lstat, SYS_open, SYS_creat, SYS_access, SYS_getdents, SYS_readlink, SYS_mkdir, SYS_rmdir, SYS_unlink,
	SYS_rename, SYS_link, SYS_symlink, SYS_utime, SYS_utimes, SYS_dup2, SYS_pipe, SYS_arch_prctl,
	SYS_time, SYS_alarm, SYS_pause, SYS_poll, SYS_select, SYS_epoll_create, SYS_epoll_wait, SYS_eventfd,
	SYS_signalfd, SYS_inotify_init, SYS_fork, SYS_vfork, SYS_getpgrp,
#endif
#ifdef SYS_renameat
	SYS_renameat,
#endif
#ifdef SYS_getrlimit
	SYS_getrlimit,
#endif
};

/* Known and refused with EPERM rather than ENOSYS, so that a log says what it was. */
static const int refused[] = {
	SYS_execve, SYS_execveat, SYS_listen, SYS_socket, SYS_kill, SYS_tkill, SYS_tgkill, SYS_rt_sigqueueinfo,
	SYS_rt_tgsigqueueinfo, SYS_prlimit64, SYS_clone,
	SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_process_madvise, SYS_pidfd_open,
	SYS_pidfd_getfd, SYS_pidfd_send_signal, SYS_kcmp, SYS_perf_event_open, SYS_bpf, SYS_userfaultfd,
	SYS_setsid, SYS_setpgid, SYS_setuid, SYS_setgid, SYS_setreuid, SYS_setregid, SYS_setresuid,
	SYS_setresgid, SYS_setfsuid, SYS_setfsgid, SYS_setgroups, SYS_capset, SYS_chroot, SYS_pivot_root,
	SYS_mount, SYS_umount2, SYS_unshare, SYS_setns, SYS_mknodat, SYS_fchown, SYS_fchownat, SYS_setxattr,
	SYS_lsetxattr, SYS_fsetxattr, SYS_truncate, SYS_sched_setaffinity, SYS_sched_setscheduler,
	SYS_sched_setparam, SYS_sched_setattr, SYS_setpriority, SYS_ioprio_set, SYS_keyctl, SYS_add_key,
	SYS_request_key, SYS_init_module, SYS_finit_module, SYS_kexec_load, SYS_reboot, SYS_swapon,
	SYS_sethostname, SYS_settimeofday, SYS_clock_settime, SYS_open_by_handle_at, SYS_io_uring_setup,
	SYS_personality, SYS_syslog, SYS_acct, SYS_quotactl, SYS_migrate_pages, SYS_move_pages,
	SYS_setrlimit, SYS_shmget, SYS_msgget, SYS_semget,
#ifdef __x86_64__
	SYS_mknod, SYS_chown, SYS_lchown,
#endif
};

static const int tracing[] = {SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev};

/* Landlock does not watch modes. Done in appearance only: the umask keeps files private, and libraries take a
 * failure for the end of the world. */
static const int modes[] = {
	SYS_fchmodat,
#ifdef __x86_64__
	SYS_chmod,
#endif
};

struct filter {
	struct sock_filter code[FILTER_MAX];
	unsigned short length;
};

/* (argument & mask) == value, of the lower half, which is all of an int */
struct condition {
	unsigned argument;
	uint32_t mask, value;
};

static void put(struct filter *filter, unsigned short code, uint32_t operand, unsigned yes, unsigned no)
{
	if (filter->length == FILTER_MAX)
		sandbox_fail("seccomp: the filter is too long");
	filter->code[filter->length++] =
	        (struct sock_filter){.code = code, .jt = (uint8_t)yes, .jf = (uint8_t)no, .k = operand};
}

static void put_load(struct filter *filter, size_t offset)
{
	put(filter, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void put_return(struct filter *filter, uint32_t action)
{
	put(filter, BPF_RET | BPF_K, action, 0, 0);
}

static void put_each(struct filter *filter, uint32_t action, const int *numbers, size_t count)
{
	put_load(filter, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < count; i++) {
		put(filter, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)numbers[i], 0, 1);
		put_return(filter, action);
	}
}

/* Allowed if all conditions hold; else the filter goes on. */
static void put_if(struct filter *filter, int number, const struct condition *conditions, unsigned count)
{
	unsigned left = 3 * count + 1;

	put_load(filter, offsetof(struct seccomp_data, nr));
	put(filter, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, left);
	for (unsigned i = 0; i < count; i++) {
		left -= 3;
		put_load(filter, offsetof(struct seccomp_data, args) + 8 * conditions[i].argument);
		put(filter, BPF_ALU | BPF_AND | BPF_K, conditions[i].mask, 0, 0);
		put(filter, BPF_JMP | BPF_JEQ | BPF_K, conditions[i].value, 0, left);
	}
	put_return(filter, ALLOW);
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ALLOW_IF(filter, number, ...) \
	put_if(filter, number, (const struct condition[]){__VA_ARGS__}, COUNT(((const struct condition[]){__VA_ARGS__})))
#define IS(argument, value) {(argument), ALL, (uint32_t)(value)}
#define HAS(argument, bits) {(argument), (bits), (bits)}
#define HAS_NOT(argument, bits) {(argument), (bits), 0}

static void allow_sockets(struct filter *filter, const struct profile *profile)
{
	static const int families[] = {AF_INET, AF_INET6}, protocols[] = {0, IPPROTO_TCP, IPPROTO_UDP};

	/* MPTCP and SCTP would go round Landlock's ports */
	for (size_t i = 0; i < COUNT(families); i++)
		for (size_t k = 0; k < COUNT(protocols); k++)
			ALLOW_IF(filter, SYS_socket, IS(0, families[i]), IS(2, protocols[k]));
	/* getaddrinfo asks which addresses this machine has */
	ALLOW_IF(filter, SYS_socket, IS(0, AF_NETLINK), IS(2, NETLINK_ROUTE));
	ALLOW_IF(filter, SYS_socketpair, IS(0, AF_UNIX));
	if (profile->may_use_unix)
		ALLOW_IF(filter, SYS_socket, IS(0, AF_UNIX));
	/* fast open connects without asking Landlock */
	ALLOW_IF(filter, SYS_sendto, HAS_NOT(3, MSG_FASTOPEN));
	ALLOW_IF(filter, SYS_sendmsg, HAS_NOT(2, MSG_FASTOPEN));
	ALLOW_IF(filter, SYS_sendmmsg, HAS_NOT(3, MSG_FASTOPEN));
}

static void allow_signals(struct filter *filter, const struct profile *profile)
{
	static const int calls[] = {SYS_kill, SYS_tkill, SYS_tgkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo,
	                            SYS_fcntl};
	pid_t self = getpid();

	if (profile->signals_are_scoped) {
		put_each(filter, ALLOW, calls, COUNT(calls));
		return;
	}
	ALLOW_IF(filter, SYS_kill, IS(0, 0));
	ALLOW_IF(filter, SYS_kill, IS(0, self));
	ALLOW_IF(filter, SYS_kill, IS(0, -self));
	ALLOW_IF(filter, SYS_tgkill, IS(0, self));
	/* everything but F_SETOWN (8) and F_SETOWN_EX (15), which have others signalled */
	ALLOW_IF(filter, SYS_fcntl, HAS_NOT(1, ALL & ~7u));
	for (int command = 9; command < 15; command++)
		ALLOW_IF(filter, SYS_fcntl, IS(1, command));
	ALLOW_IF(filter, SYS_fcntl, HAS(1, 0x10));
	ALLOW_IF(filter, SYS_fcntl, HAS(1, 0x20));
	ALLOW_IF(filter, SYS_fcntl, HAS(1, 0x400));
}

static void allow_programs(struct filter *filter, const struct profile *profile, int program)
{
	static const int execution[] = {SYS_execve, SYS_execveat};

	if (profile->may_exec)
		put_each(filter, ALLOW, execution, COUNT(execution));
	else
		ALLOW_IF(filter, SYS_execveat, IS(0, program));
	/* clone3 hides its flags in memory: it falls to ENOSYS, and libraries take clone */
	ALLOW_IF(filter, SYS_clone, HAS_NOT(0, NAMESPACES));
	ALLOW_IF(filter, SYS_prlimit64, IS(0, 0));
	ALLOW_IF(filter, SYS_prlimit64, IS(0, getpid()));
}

void sandbox_restrict_calls(const struct profile *profile, int program)
{
	static const int listening[] = {SYS_listen};
	static struct filter filter;

	put_load(&filter, offsetof(struct seccomp_data, arch));
	put(&filter, BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
	put_return(&filter, SECCOMP_RET_KILL_PROCESS);
	if (profile->may_trace)
		put_each(&filter, ALLOW, tracing, COUNT(tracing));
	if (profile->may_listen)
		put_each(&filter, ALLOW, listening, COUNT(listening));
	allow_sockets(&filter, profile);
	allow_signals(&filter, profile);
	allow_programs(&filter, profile, program);
	put_each(&filter, ALLOW, allowed, COUNT(allowed));
	put_each(&filter, REFUSE(0), modes, COUNT(modes));
	put_each(&filter, REFUSE(EPERM), refused, COUNT(refused));
	put_return(&filter, REFUSE(ENOSYS));

	struct sock_fprog text = {.len = filter.length, .filter = filter.code};
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &text, 0, 0) == 0)
		return;
	/* EINVAL is also the answer to a filter that is wrong */
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0)
		sandbox_fail("seccomp: %s", strerror(errno));
	sandbox_note("sandbox: this kernel has no seccomp filters: system calls are not restricted");
}

#else

void sandbox_restrict_calls(const struct profile *profile, int program)
{
	(void)profile;
	(void)program;
	sandbox_note("sandbox: no list of system calls for this kind of machine: they are not restricted");
}

#endif
