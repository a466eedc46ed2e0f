/* SPDX-License-Identifier: MIT */
#include "subject.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

#define STOP_MS 10000

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

double seconds(uint64_t ns)
{
	return (double)ns / 1e9;
}

/* On this processor alone, or on all but this one. */
static void pin(pid_t pid, int cpu, bool alone)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (int i = 0; i < (int)sysconf(_SC_NPROCESSORS_CONF); i++)
		if ((i == cpu) == alone)
			CPU_SET(i, &set);
	if (CPU_COUNT(&set) && sched_setaffinity(pid, sizeof(set), &set) < 0 && pid == 0)
		fail("sched_setaffinity");
}

void subject_start(struct subject *subject, char **argv, const char *log)
{
	if (subject->cpu >= 0)
		pin(0, subject->cpu, false);
	subject->pid = fork();
	if (subject->pid < 0)
		fail("fork");
	if (subject->pid)
		return;
	int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (fd < 0)
		fail(log);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	if (subject->cpu >= 0)
		pin(0, subject->cpu, true);
	execv(argv[0], argv);
	fail(argv[0]);
}

static pid_t parent_of(const char *pid)
{
	char path[300], text[512] = "";
	const char *end;
	long parent = 0;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	FILE *file = fopen(path, "r");

	if (!file)
		return 0;
	if (fgets(text, sizeof(text), file)) {
		end = strrchr(text, ')'); /* the name before it may hold anything */
		if (end && sscanf(end + 1, " %*c %ld", &parent) != 1)
			parent = 0;
	}
	fclose(file);
	return (pid_t)parent;
}

static void pin_below(pid_t parent, int cpu)
{
	DIR *folder = opendir("/proc");
	const struct dirent *entry;

	if (!folder)
		return;
	while ((entry = readdir(folder))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid <= 0 || parent_of(entry->d_name) != parent)
			continue;
		pin(pid, cpu, false);
		pin_below(pid, cpu);
	}
	closedir(folder);
}

void subject_pin_children(const struct subject *subject)
{
	if (subject->cpu >= 0)
		pin_below(subject->pid, subject->cpu);
}

uint64_t subject_cpu_ns(const struct subject *subject)
{
	clockid_t clock;
	struct timespec time;

	if (clock_getcpuclockid(subject->pid, &clock) || clock_gettime(clock, &time) < 0)
		return 0;
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

void subject_memory(const struct subject *subject, long *anonymous_kb, long *resident_kb)
{
	char path[64], line[256];

	*anonymous_kb = *resident_kb = 0;
	snprintf(path, sizeof(path), "/proc/%ld/status", (long)subject->pid);
	FILE *file = fopen(path, "r");

	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, "RssAnon:", 8) == 0)
			*anonymous_kb = strtol(line + 8, NULL, 10);
		else if (strncmp(line, "VmRSS:", 6) == 0)
			*resident_kb = strtol(line + 6, NULL, 10);
	}
	fclose(file);
}

void subject_wait_idle(const struct subject *subject, void (*turn)(int timeout_ms))
{
	uint64_t used = subject_cpu_ns(subject);

	for (unsigned calm = 0; calm < 3;) {
		uint64_t until = now_ns() + 100000000, now;

		while (now_ns() < until)
			turn(10);
		now = subject_cpu_ns(subject);
		calm = now - used < 1000000 ? calm + 1 : 0;
		used = now;
	}
}

void subject_print_memory(const struct subject *subject)
{
	long anonymous, resident;

	subject_memory(subject, &anonymous, &resident);
	printf("{\"anonymous_kb\": %ld, \"resident_kb\": %ld}\n", anonymous, resident);
}

bool subject_runs(const struct subject *subject)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)subject->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
}

void subject_stop(struct subject *subject)
{
	uint64_t deadline = now_ns() + STOP_MS * UINT64_C(1000000);
	const struct timespec pause = {.tv_nsec = 5000000};

	if (subject->pid <= 0)
		return;
	kill(subject->pid, SIGTERM);
	while (subject_runs(subject) && now_ns() < deadline)
		nanosleep(&pause, NULL);
	if (subject_runs(subject))
		kill(subject->pid, SIGKILL);
	waitpid(subject->pid, NULL, 0);
	subject->pid = 0;
}

void subject_give_up(struct subject *subject, const char *format, ...)
{
	va_list args;

	printf("{\"error\": \"");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\"}\n");
	subject_stop(subject);
	exit(1);
}

char *with_port(char *argument, const char *word, unsigned port)
{
	const char *at = strstr(argument, word);

	return at ? mem_printf("%.*s%u%s", (int)(at - argument), argument, port, at + strlen(word)) : argument;
}
