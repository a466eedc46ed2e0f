/* SPDX-License-Identifier: MIT */
#include "sync.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "latency.h"
#include "subject.h"

bool sync_measure(unsigned long count, unsigned long bytes, const char *path)
{
	struct latency latency = {0};
	char *block = mem_alloc(bytes);
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	bool good = fd >= 0;
	struct timespec before, after;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
	for (unsigned long i = 0; i < count && good; i++) {
		uint64_t began = now_ns();

		good = write(fd, block, bytes) == (ssize_t)bytes && fdatasync(fd) == 0;
		latency_add(&latency, now_ns() - began);
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
	if (fd >= 0)
		close(fd);
	unlink(path);
	mem_free(block);
	if (good) {
		printf("{\"cpu_s\": %.6f, ",
		       (double)(after.tv_sec - before.tv_sec) + (double)(after.tv_nsec - before.tv_nsec) / 1e9);
		latency_print(&latency, "sync", stdout);
		puts("}");
	}
	latency_finish(&latency);
	return good;
}
