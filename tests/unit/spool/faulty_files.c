/* SPDX-License-Identifier: MIT */
#include "tests/unit/spool/faulty_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "transport/spool/spool_files.h"

struct faults faults;

static int fails(atomic_int *with)
{
	int error = atomic_load(with);

	if (error)
		errno = error;
	return error;
}

static int64_t size_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? st.st_size : 0;
}

/* Takes space for a file that shall be `to` bytes long. */
static int take_space(int fd, int64_t to)
{
	int64_t more = to - size_of(fd), limit = atomic_load(&faults.disk_bytes);

	if (more <= 0)
		return 0;
	if (limit && atomic_load(&faults.used_bytes) + more > limit) {
		errno = ENOSPC;
		return -1;
	}
	atomic_fetch_add(&faults.used_bytes, more);
	return 0;
}

static int faulty_open(const char *path, int flags)
{
	return fails(&faults.open) ? -1 : spool_files_system.open(path, flags);
}

static ssize_t faulty_read(int fd, void *bytes, size_t size, off_t offset)
{
	return fails(&faults.read) ? -1 : spool_files_system.read(fd, bytes, size, offset);
}

static ssize_t faulty_write(int fd, const void *bytes, size_t size, off_t offset)
{
	size_t partial = (size_t)atomic_load(&faults.partial);

	if (fails(&faults.write)) {
		if (partial &&
		    spool_files_system.write(fd, bytes, partial < size ? partial : size, offset) < 0)
			return -1;
		errno = atomic_load(&faults.write);
		return -1;
	}
	if (take_space(fd, offset + (int64_t)size) < 0)
		return -1;
	return spool_files_system.write(fd, bytes, size, offset);
}

static int faulty_reserve(int fd, off_t offset, off_t size)
{
	if (fails(&faults.reserve) || take_space(fd, offset + size) < 0)
		return -1;
	return spool_files_system.reserve(fd, offset, size);
}

static int faulty_truncate(int fd, off_t size)
{
	int64_t less = size_of(fd) - size;

	if (fails(&faults.write))
		return -1;
	atomic_fetch_sub(&faults.used_bytes, less);
	return spool_files_system.truncate(fd, size);
}

static int faulty_sync(int fd)
{
	atomic_fetch_add(&faults.syncs, 1);
	return fails(&faults.sync) ? -1 : spool_files_system.sync(fd);
}

static int faulty_unlink(const char *path)
{
	struct stat st;

	if (fails(&faults.unlink))
		return -1;
	if (stat(path, &st) == 0)
		atomic_fetch_sub(&faults.used_bytes, st.st_size);
	return spool_files_system.unlink(path);
}

static int faulty_sync_folder(int fd)
{
	return fails(&faults.sync) ? -1 : spool_files_system.sync_folder(fd);
}

static struct spool_files faulty_files;

void faults_begin(void)
{
	memset(&faults, 0, sizeof(faults));
	faulty_files = spool_files_system;
	faulty_files.open = faulty_open;
	faulty_files.read = faulty_read;
	faulty_files.write = faulty_write;
	faulty_files.reserve = faulty_reserve;
	faulty_files.truncate = faulty_truncate;
	faulty_files.sync = faulty_sync;
	faulty_files.sync_folder = faulty_sync_folder;
	faulty_files.unlink = faulty_unlink;
	spool_files = &faulty_files;
}

void faults_end(void)
{
	spool_files = &spool_files_system;
}
