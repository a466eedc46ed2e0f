/* SPDX-License-Identifier: MIT */
#include "transport/spool/spool_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

static int system_open(const char *path, int flags)
{
	return open(path, flags | O_CLOEXEC, 0600);
}

static off_t system_length(int fd)
{
	return lseek(fd, 0, SEEK_END);
}

static int system_reserve(int fd, off_t offset, off_t size)
{
	return fallocate(fd, 0, offset, size);
}

static int system_list(const char *path, spool_files_each *each, void *context)
{
	DIR *folder = opendir(path);
	const struct dirent *item;

	if (!folder)
		return -1;
	while ((item = readdir(folder)) != NULL)
		each(context, item->d_name);
	closedir(folder);
	return 0;
}

const struct spool_files spool_files_system = {
        .open = system_open,
        .close = close,
        .length = system_length,
        .read = pread,
        .write = pwrite,
        .reserve = system_reserve,
        .truncate = ftruncate,
        .sync = fdatasync,
        .sync_folder = fsync,
        .unlink = unlink,
        .list = system_list,
};

const struct spool_files *spool_files = &spool_files_system;
