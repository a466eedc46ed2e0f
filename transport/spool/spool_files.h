/* SPDX-License-Identifier: MIT */
/*
 * The system calls of the spool's log, in a table that tests replace: for disks that are full or fail, and
 * for the power-cut model. Each is as its namesake of the system: -1 and errno. Called by the loop thread;
 * sync, sync_folder and unlink also by the spool thread.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

typedef void spool_files_each(void *context, const char *name);

struct spool_files {
	int (*open)(const char *path, int flags); /* with O_CLOEXEC and mode 0600 */
	int (*close)(int fd);
	off_t (*length)(int fd);
	ssize_t (*read)(int fd, void *bytes, size_t size, off_t offset);
	ssize_t (*write)(int fd, const void *bytes, size_t size, off_t offset);
	int (*reserve)(int fd, off_t offset,
	               off_t size); /* fallocate; EOPNOTSUPP where the file system has no such thing */
	int (*truncate)(int fd, off_t size);
	int (*sync)(int fd);        /* fdatasync */
	int (*sync_folder)(int fd); /* fsync */
	int (*unlink)(const char *path);
	int (*list)(const char *folder, spool_files_each *each, void *context); /* the names in it, in no order */
};

extern const struct spool_files *spool_files; /* the system's at start */
extern const struct spool_files spool_files_system;
