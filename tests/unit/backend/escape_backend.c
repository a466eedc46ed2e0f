/* SPDX-License-Identifier: MIT */
/*
 * A backend that tries to get out:  escape_backend FOLDER CORE-PORT GIVEN-PORT ...
 * FOLDER is the working directory of the core, with `key`, `database.sqlite`, `control` and `secret.cfg` in it;
 * at CORE-PORT somebody listens whom it was not given, at GIVEN-PORT somebody whom it was. Each try runs in a
 * child; a line on stdout says "NAME: refused" or "NAME: allowed". Built without sanitizers and without our code.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

static const char *folder;
static int core_port, given_port;
static pid_t core;

static const char *below(const char *name)
{
	static char path[2][1024];
	static unsigned turn;
	char *place = path[turn++ % 2];

	snprintf(place, sizeof(path[0]), "%s/%s", folder, name);
	return place;
}

static bool opens(const char *path, int flags)
{
	char byte;
	int fd = open(path, flags, 0600);

	return fd >= 0 && ((flags & O_ACCMODE) != O_RDONLY || (flags & O_DIRECTORY) || read(fd, &byte, 1) >= 0);
}

static bool lists(const char *path)
{
	return opens(path, O_RDONLY | O_DIRECTORY);
}

/* programs */

static bool exec_shell(void)
{
	char *argv[] = {"sh", "-c", "exit 0", NULL};
	execv("/bin/sh", argv);
	return false;
}

static bool exec_at(void)
{
	char *argv[] = {"sh", "-c", "exit 0", NULL};
	syscall(SYS_execveat, open("/bin/sh", O_RDONLY), "", argv, environ, 0x1000);
	return false;
}

static bool exec_memory(void)
{
	char chunk[65536], *argv[] = {"sh", "-c", "exit 0", NULL};
	int from = open("/bin/sh", O_RDONLY), to = memfd_create("sh", 0);
	ssize_t count;

	while ((count = read(from, chunk, sizeof(chunk))) > 0)
		if (write(to, chunk, (size_t)count) != count)
			return false;
	fexecve(to, argv, environ);
	return false;
}

static bool exec_loader(void)
{
	char *argv[] = {"ld.so", "/bin/sh", "-c", "exit 0", NULL};
	execv("/lib64/ld-linux-x86-64.so.2", argv);
	return false;
}

/* files */

static bool read_key(void) { return opens(below("key"), O_RDONLY); }
static bool read_database(void) { return opens(below("database.sqlite"), O_RDONLY); }
static bool write_database(void) { return opens(below("database.sqlite"), O_WRONLY); }
static bool read_configuration(void) { return opens(below("secret.cfg"), O_RDONLY); }
static bool list_working_dir(void) { return lists(folder); }
static bool write_working_dir(void) { return opens(below("planted"), O_WRONLY | O_CREAT); }
static bool read_shadow(void) { return opens("/etc/shadow", O_RDONLY); }
static bool list_home(void) { return lists("/root") || lists("/home"); }
static bool write_tmp(void)
{
	return opens("/tmp/.escape_backend", O_WRONLY | O_CREAT) && !unlink("/tmp/.escape_backend");
}

static bool write_program(void) { return opens("/usr/bin/.escape", O_WRONLY | O_CREAT) && !unlink("/usr/bin/.escape"); }
static bool read_from_own_folder(void) { return opens("../key", O_RDONLY); }

static bool read_by_symlink(void)
{
	unlink("bait");
	return symlink(below("key"), "bait") == 0 && opens("bait", O_RDONLY);
}

static bool read_by_proc(void)
{
	char path[1100];
	snprintf(path, sizeof(path), "/proc/%d/root%s", (int)core, below("key"));
	return opens(path, O_RDONLY);
}

static bool link_key(void) { return link(below("key"), "linked") == 0 && unlink("linked") == 0; }
static bool truncate_database(void) { return truncate(below("database.sqlite"), 1) == 0; }
static bool rename_key(void) { return rename(below("key"), "stolen") == 0 && rename("stolen", below("key")) == 0; }
static bool remove_spare(void) { return unlink(below("spare")) == 0; }

static bool open_to_all(void)
{
	struct stat st;
	return chmod(below("key"), 0644) == 0 && stat(below("key"), &st) == 0 && (st.st_mode & 0077);
}

static bool make_device(void) { return mknod("device", S_IFBLK | 0600, makedev(1, 1)) == 0 && unlink("device") == 0; }

/* the core and other processes */

static bool trace_core(void) { return ptrace(PTRACE_SEIZE, core, 0, 0) == 0; }

static bool read_core(void)
{
	char byte;
	struct iovec own = {&byte, 1}, its = {(void *)(uintptr_t)&core, 1};
	return process_vm_readv(core, &own, 1, &its, 1, 0) >= 0 || errno == EFAULT;
}

static bool open_core_memory(void)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)core);
	return open(path, O_RDWR) >= 0;
}

static bool read_core_environment(void)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/environ", (int)core);
	return opens(path, O_RDONLY);
}

static bool signal_core(void) { return kill(core, SIGURG) == 0; }
static bool probe_core(void) { return kill(core, 0) == 0; }
static bool signal_core_thread(void) { return syscall(SYS_tgkill, core, core, SIGURG) == 0; }

static bool signal_core_by_pidfd(void)
{
	int fd = (int)syscall(434 /* pidfd_open */, core, 0);
	return fd >= 0 && syscall(424 /* pidfd_send_signal */, fd, SIGURG, NULL, 0) == 0;
}

static bool limit_core(void)
{
	struct rlimit now;
	return prlimit(core, RLIMIT_NOFILE, NULL, &now) == 0;
}

static bool move_core(void)
{
	cpu_set_t set;
	return sched_getaffinity(core, sizeof(set), &set) == 0 && sched_setaffinity(core, sizeof(set), &set) == 0;
}

static bool leave_session(void) { return setsid() >= 0; }
static bool leave_group(void) { return setpgid(0, 0) == 0; }

/* the network */

static bool connects(int type, int protocol, int port, int flags)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
	                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, type, protocol);

	if (fd < 0)
		return false;
	if (flags)
		return sendto(fd, "x", 1, flags, (struct sockaddr *)&to, sizeof(to)) >= 0;
	return connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0;
}

static bool connect_core_port(void) { return connects(SOCK_STREAM, 0, core_port, 0); }
static bool connect_fast(void) { return connects(SOCK_STREAM, 0, core_port, MSG_FASTOPEN); }
static bool connect_multipath(void) { return connects(SOCK_STREAM, IPPROTO_MPTCP, core_port, 0); }
static bool raw_socket(void) { return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) >= 0; }
static bool packet_socket(void) { return socket(AF_PACKET, SOCK_RAW, 0) >= 0; }

static bool connect_control(void)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", below("control"));
	return fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0;
}

static bool listen_tcp(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	return bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(fd, 1) == 0;
}

static bool listen_unbound(void) { return listen(socket(AF_INET, SOCK_STREAM, 0), 1) == 0; }

static bool listen_unix(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX, .sun_path = "door"};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	unlink("door");
	return bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(fd, 1) == 0;
}

/* the kernel, and limits */

static bool new_namespace(void) { return unshare(CLONE_NEWUSER) == 0; }
static bool clone_namespace(void) { return syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0) > 0; }
static bool mount_something(void)
{
	return mount("none", "/mnt", "tmpfs", MS_RDONLY, "size=4k") == 0 && umount("/mnt") == 0;
}

static bool make_ring(void) { char params[120] = {0}; return syscall(425 /* io_uring_setup */, 4, params) >= 0; }
static bool become_root(void) { return setresuid(0, 0, 0) == 0; }
static bool raise_limit(void)
{
	struct rlimit now;
	getrlimit(RLIMIT_NOFILE, &now);
	now.rlim_max++;
	return setrlimit(RLIMIT_NOFILE, &now) == 0;
}

static bool open_many(void)
{
	for (int i = 0; i < 300; i++)
		if (dup(1) < 0)
			return false;
	return true;
}

static bool take_memory(void)
{
	return mmap(NULL, 1u << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

/* A core dump would hold what the backend knows of its users. */
static bool dump_core(void)
{
	struct rlimit now;
	return getrlimit(RLIMIT_CORE, &now) == 0 && now.rlim_max > 0;
}

static bool run_for_ever(void)
{
	struct rlimit now;
	return getrlimit(RLIMIT_CPU, &now) == 0 && now.rlim_max == RLIM_INFINITY;
}

/* what it must be able to do */

static void *nothing(void *context) { return context; }

static bool ordinary_thread(void)
{
	pthread_t thread;
	return pthread_create(&thread, NULL, nothing, NULL) == 0 && pthread_join(thread, NULL) == 0;
}

static bool ordinary_connect(void) { return connects(SOCK_STREAM, 0, given_port, 0); }

static bool ordinary_name(void)
{
	struct addrinfo *found = NULL;
	return getaddrinfo("localhost", "80", NULL, &found) == 0 && found;
}

static bool ordinary_files(void)
{
	char buffer[8] = "";
	int fd = open("own", O_RDWR | O_CREAT | O_TRUNC, 0600);
	return write(fd, "hello", 5) == 5 && fchmod(fd, 0640) == 0 && pread(fd, buffer, 5, 0) == 5 &&
	       rename("own", "other") == 0 && mkdir("sub", 0700) == 0 && rename("other", "sub/other") == 0 &&
	       unlink("sub/other") == 0 && rmdir("sub") == 0 && lists(".");
}

static bool ordinary_home(void)
{
	char here[1024], path[1100], *home = getenv("HOME");
	snprintf(path, sizeof(path), "%s/tmp.XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "");
	return getcwd(here, sizeof(here)) && home && !strcmp(home, here) && mkstemp(path) >= 0 && unlink(path) == 0;
}

static bool ordinary_reading(void)
{
	return opens("/etc/hosts", O_RDONLY) && opens("/proc/self/status", O_RDONLY) && opens("/dev/urandom", O_RDONLY) &&
	       opens("/dev/null", O_WRONLY) && lists("/usr/lib");
}

static bool ordinary_child(void)
{
	int status, pair[2];
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 || (child = fork()) < 0)
		return false;
	if (child == 0)
		for (;;)
			pause();
	return kill(child, SIGKILL) == 0 && waitpid(child, &status, 0) == child;
}

static bool ordinary_sockets(void)
{
	struct pollfd udp = {.fd = socket(AF_INET, SOCK_DGRAM, 0), .events = POLLOUT};
	struct sockaddr_in any = {.sin_family = AF_INET};
	return bind(udp.fd, (struct sockaddr *)&any, sizeof(any)) == 0 && poll(&udp, 1, 0) == 1 &&
	       socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP) >= 0;
}

static bool ordinary_no_new_privs(void) { return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1; }

#define TRY(name) {#name, name}
static const struct try {
	const char *name;
	bool (*run)(void);
} tries[] = {
	TRY(exec_shell), TRY(exec_at), TRY(exec_memory), TRY(exec_loader), TRY(read_key), TRY(read_database),
	TRY(write_database), TRY(read_configuration), TRY(list_working_dir), TRY(write_working_dir),
	TRY(read_shadow), TRY(list_home), TRY(write_tmp), TRY(write_program), TRY(read_from_own_folder),
	TRY(read_by_symlink), TRY(read_by_proc), TRY(link_key), TRY(truncate_database), TRY(rename_key),
	TRY(remove_spare), TRY(open_to_all), TRY(make_device), TRY(trace_core), TRY(read_core),
	TRY(open_core_memory), TRY(read_core_environment), TRY(signal_core), TRY(probe_core),
	TRY(signal_core_thread), TRY(signal_core_by_pidfd), TRY(limit_core), TRY(move_core), TRY(leave_session),
	TRY(leave_group), TRY(connect_core_port), TRY(connect_fast), TRY(connect_multipath), TRY(raw_socket),
	TRY(packet_socket), TRY(connect_control), TRY(listen_tcp), TRY(listen_unbound), TRY(listen_unix),
	TRY(new_namespace), TRY(clone_namespace), TRY(mount_something), TRY(make_ring), TRY(become_root),
	TRY(raise_limit), TRY(open_many), TRY(take_memory), TRY(dump_core), TRY(run_for_ever),
	TRY(ordinary_thread), TRY(ordinary_connect), TRY(ordinary_name), TRY(ordinary_files), TRY(ordinary_home),
	TRY(ordinary_reading), TRY(ordinary_child), TRY(ordinary_sockets), TRY(ordinary_no_new_privs),
};

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	folder = argv[1];
	core_port = (int)strtol(argv[2], NULL, 10);
	given_port = (int)strtol(argv[3], NULL, 10);
	core = getppid();
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		int status = 0;
		pid_t child = fork();
		if (child == 0)
			_exit(tries[i].run() ? 0 : 1);
		bool allowed = waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
		printf("%s: %s\n", tries[i].name, allowed ? "allowed" : "refused");
	}
	printf("end of tries: %zu\n", sizeof(tries) / sizeof(tries[0]));
	for (;;)
		pause();
}
