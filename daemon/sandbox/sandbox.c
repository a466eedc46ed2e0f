/* SPDX-License-Identifier: MIT */
#include "daemon/sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CANNOT 126
#define SHEBANG_BYTES 256

struct program {
	int fd;
	char **argv;
	bool is_shell; /* a shell script, which is nothing without other programs */
};

__attribute__((format(printf, 2, 0))) static void say(int level, const char *format, va_list args)
{
	fprintf(stderr, "<%d>", level);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

void sandbox_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(3, format, args);
	va_end(args);
	exit(CANNOT);
}

void sandbox_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(5, format, args);
	va_end(args);
}

static void *allocate(size_t size)
{
	void *memory = calloc(1, size);

	if (!memory)
		sandbox_fail("sandbox: no memory");
	return memory;
}

static void add(struct paths *paths, const char *path, int most)
{
	if (!paths->items)
		paths->items = allocate((size_t)most * sizeof(*paths->items));
	paths->items[paths->count++] = path;
}

static unsigned long number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (!*text || *end)
		sandbox_fail("sandbox: %s is not a number", text);
	return value;
}

static void allow(struct profile *profile, const char *word)
{
	if (!strcmp(word, "exec"))
		profile->may_exec = true;
	else if (!strcmp(word, "listen"))
		profile->may_listen = true;
	else if (!strcmp(word, "unix"))
		profile->may_use_unix = true;
	else if (!strcmp(word, "trace"))
		profile->may_trace = true;
	else
		sandbox_fail("sandbox: there is nothing called %s to allow", word);
}

static void live_in(struct profile *profile, const char *folder, int most)
{
	add(&profile->write, folder, most);
	if (setenv("HOME", folder, 1) < 0 || setenv("TMPDIR", folder, 1) < 0)
		sandbox_fail("sandbox: no memory");
}

static void parse(struct profile *profile, int argc, char **argv)
{
	static const struct option options[] = {
	        {"read", required_argument, NULL, 'r'},   {"write", required_argument, NULL, 'w'},
	        {"connect", required_argument, NULL, 'c'}, {"allow", required_argument, NULL, 'a'},
	        {"memory", required_argument, NULL, 'm'}, {"cpu", required_argument, NULL, 't'},
	        {"files", required_argument, NULL, 'f'},  {"user", required_argument, NULL, 'u'},
	        {"home", required_argument, NULL, 'h'},
	        {NULL, 0, NULL, 0},
	};
	int option;

	static char nobody[] = "";

	profile->user = nobody;
	while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (option == 'r')
			add(&profile->read, optarg, argc);
		else if (option == 'w')
			add(&profile->write, optarg, argc);
		else if (option == 'c' && number(optarg) <= 65535)
			add(&profile->ports, optarg, argc);
		else if (option == 'a')
			allow(profile, optarg);
		else if (option == 'm')
			profile->memory_mb = number(optarg);
		else if (option == 't')
			profile->cpu_s = number(optarg);
		else if (option == 'f')
			profile->files = number(optarg);
		else if (option == 'u')
			profile->user = optarg;
		else if (option == 'h')
			live_in(profile, optarg, argc);
		else
			exit(CANNOT);
	}
	if (optind >= argc)
		sandbox_fail("usage: transport-sandbox [--home FOLDER] [--read PATH] [--write PATH] [--connect PORT] [--allow WORD] "
		             "[--memory MIB] [--cpu SECONDS] [--files N] [--user UID:GID] -- PROGRAM [ARGUMENT]...");
}

static int open_program(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		sandbox_fail("sandbox: cannot open %s: %s", path, strerror(errno));
	return fd;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* For "#!/usr/bin/env python3". */
static char *find_in_path(const char *name)
{
	const char *at = getenv("PATH");

	for (at = at ? at : "/usr/local/bin:/usr/bin:/bin"; *at; at += *at == ':') {
		size_t length = strcspn(at, ":");
		size_t size = length + strlen(name) + 2;
		char *path = allocate(size);
		snprintf(path, size, "%.*s/%s", (int)length, at, name);
		if (access(path, X_OK) == 0)
			return path;
		free(path);
		at += length;
	}
	sandbox_fail("sandbox: there is no %s in PATH", name);
}

/* A script is opened by its interpreter, whom the kernel could not tell about a descriptor that is closed by
 * then: so the interpreter is what is executed. `line` is what follows "#!". */
static void use_interpreter(struct program *program, char *line)
{
	static const char *const shells[] = {"sh", "bash", "dash", "ash", "zsh", "ksh", "mksh"};
	char *rest, *word = strtok_r(line, " \t", &rest);
	char *argument = word ? strtok_r(NULL, "", &rest) : NULL;
	size_t count = 0;

	if (!word)
		sandbox_fail("sandbox: %s names no interpreter", program->argv[0]);
	if (argument)
		argument += strspn(argument, " \t");
	if (argument && !strcmp(base_name(word), "env") && argument[0] != '-' && !strpbrk(argument, " \t=")) {
		word = find_in_path(argument);
		argument = NULL;
	}
	while (program->argv[count])
		count++;
	char **argv = allocate((count + 3) * sizeof(*argv));
	size_t used = 0;
	argv[used++] = word;
	if (argument && *argument)
		argv[used++] = argument;
	memcpy(argv + used, program->argv, count * sizeof(*argv));
	program->argv = argv;
	close(program->fd);
	program->fd = open_program(word);
	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
		program->is_shell = program->is_shell || !strcmp(base_name(word), shells[i]);
}

static void find_program(struct program *program, char **argv, bool kernel_reads_scripts)
{
	char *line = allocate(SHEBANG_BYTES);

	program->argv = argv;
	program->fd = open_program(argv[0]);
	ssize_t length = pread(program->fd, line, SHEBANG_BYTES - 1, 0);
	if (length > 2 && !memcmp(line, "#!", 2) && !kernel_reads_scripts) {
		line[strcspn(line, "\r\n")] = '\0';
		use_interpreter(program, line + 2);
	}
}

static void limit(int resource, unsigned long value, const char *name)
{
	struct rlimit now;

	if (getrlimit(resource, &now) < 0)
		return;
	/* only downwards */
	if (now.rlim_max != RLIM_INFINITY && now.rlim_max < value)
		value = now.rlim_max;
	if (setrlimit(resource, &(struct rlimit){value, value}) < 0)
		sandbox_fail("sandbox: %s: %s", name, strerror(errno));
}

/* Moves the program to the first number that is beyond the limit from now on, so that this number is never
 * again a descriptor of this process. */
static int limit_files(int program, unsigned long wanted)
{
	struct rlimit now;

	if (getrlimit(RLIMIT_NOFILE, &now) < 0)
		sandbox_fail("sandbox: files: %s", strerror(errno));
	now.rlim_cur = now.rlim_max;
	setrlimit(RLIMIT_NOFILE, &now);
	rlim_t most = now.rlim_max > 1u << 20 ? 1u << 20 : now.rlim_max;
	if (wanted == 0 || wanted >= most)
		wanted = most - 1;
	int moved = fcntl(program, F_DUPFD_CLOEXEC, (int)wanted);
	if (moved < 0)
		sandbox_fail("sandbox: files: %s", strerror(errno));
	close(program);
	limit(RLIMIT_NOFILE, wanted, "files");
	return moved;
}

static void become(char *user)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {{0}};

	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	/* others lose what they have when they execute, now that nothing is ambient */
	if (geteuid() != 0)
		return;
	for (int capability = 0; prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0; capability++)
		;
	if (*user) {
		char *colon = strchr(user, ':');
		if (!colon)
			sandbox_fail("sandbox: %s is not UID:GID", user);
		*colon = '\0';
		if (setgroups(0, NULL) < 0 || setgid((gid_t)number(colon + 1)) < 0 || setuid((uid_t)number(user)) < 0)
			sandbox_fail("backend.sandbox_user: cannot become another user: %s", strerror(errno));
	}
	if (syscall(SYS_capset, &header, none) < 0)
		sandbox_fail("sandbox: capset: %s", strerror(errno));
}

int main(int argc, char **argv)
{
	struct profile profile = {0};
	struct program program = {0};

	parse(&profile, argc, argv);
	find_program(&program, argv + optind, profile.may_exec);
	if (program.is_shell)
		profile.may_exec = true;
	become(profile.user);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		sandbox_fail("sandbox: no_new_privs: %s", strerror(errno));
	limit(RLIMIT_CORE, 0, "core");
	if (profile.cpu_s)
		limit(RLIMIT_CPU, profile.cpu_s, "cpu");
	program.fd = limit_files(program.fd, profile.files);
	sandbox_restrict_files(&profile, program.fd);
	sandbox_restrict_calls(&profile, program.fd);
	if (profile.memory_mb)
		limit(RLIMIT_DATA, profile.memory_mb << 20, "memory");
	if (profile.may_exec)
		execve(program.argv[0], program.argv, environ);
	else
		syscall(SYS_execveat, program.fd, "", program.argv, environ, AT_EMPTY_PATH);
	sandbox_fail("sandbox: cannot execute %s: %s", program.argv[0], strerror(errno));
}
