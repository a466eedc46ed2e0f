/* SPDX-License-Identifier: MIT */
#include "sync.h"

#include <fcntl.h>
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

	for (unsigned long i = 0; i < count && good; i++) {
		uint64_t began = now_ns();

		good = write(fd, block, bytes) == (ssize_t)bytes && fdatasync(fd) == 0;
		latency_add(&latency, now_ns() - began);
	}
	if (fd >= 0)
		close(fd);
	unlink(path);
	mem_free(block);
	if (good) {
		putchar('{');
		latency_print(&latency, "sync", stdout);
		puts("}");
	}
	latency_finish(&latency);
	return good;
}
