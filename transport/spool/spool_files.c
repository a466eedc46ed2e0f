/* SPDX-License-Identifier: MIT */
#include "transport/spool/spool_files.h"

#include <fcntl.h>
#include <unistd.h>

static int system_open(const char *path, int flags)
{
	return open(path, flags | O_CLOEXEC, 0600);
}

static int system_reserve(int fd, off_t offset, off_t size)
{
	return fallocate(fd, 0, offset, size);
}

const struct spool_files spool_files_system = {
        .open = system_open,
        .close = close,
        .read = pread,
        .write = pwrite,
        .reserve = system_reserve,
        .truncate = ftruncate,
        .sync = fdatasync,
        .sync_folder = fsync,
        .unlink = unlink,
};

const struct spool_files *spool_files = &spool_files_system;
