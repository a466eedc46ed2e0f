/* SPDX-License-Identifier: MIT */
#include "transport/spool/spool_log_private.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "config/limits.h"
#include "transport/spool/spool_files.h"
#include "transport/spool/spool_segment.h"

#define SEGMENT_MIN_BYTES (64u << 10)

static int by_number(const void *a, const void *b)
{
	uint64_t first = *(const uint64_t *)a, second = *(const uint64_t *)b;

	return first < second ? -1 : first > second;
}

static void note_number(void *numbers, const char *name)
{
	uint64_t number;
	int length = 0;

	if (strlen(name) == 20 && sscanf(name, "%16" SCNx64 ".log%n", &number, &length) == 1 && length == 20)
		buf_append(numbers, &number, sizeof(number));
}

/* The numbers of the folder's segments, in order. */
static int list_numbers(struct spool_log *log, struct buf *numbers, struct buf *error)
{
	if (spool_files->list(log->folder, note_number, numbers) < 0) {
		buf_printf(error, "%s cannot be read: %s", log->folder, strerror(errno));
		return TP_ERR_IO;
	}
	if (numbers->len)
		qsort(numbers->data, numbers->len / sizeof(uint64_t), sizeof(uint64_t), by_number);
	return 0;
}

/* A file that is no segment: of a start that was cut off before its header was written, or not ours. */
static void set_aside(struct spool_log *log, const char *path, bool empty)
{
	char *aside = mem_printf("%s.damaged", path);

	if (empty) {
		spool_files->unlink(path);
	} else if (rename(path, aside) == 0) {
		log_warning(log->log, "%s is damaged at its beginning and was set aside as %s", path, aside);
	}
	mem_free(aside);
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
	return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

static int read_segment_bytes(struct spool_log *log, struct spool_segment *segment, const uint8_t *bytes,
                              size_t size, segment_each *each, void *context, struct buf *error)
{
	struct segment_header header;
	size_t good;

	if (!segment_header_read(bytes, size, &header) || header.number != segment->number) {
		set_aside(log, segment->path, is_zero(bytes, size));
		log_free_segment(log, segment);
		return 0;
	}
	if (header.version != SEGMENT_VERSION) {
		buf_printf(error,
		           "%s was written by a newer version of this program (form %" PRIu32
		           ", this one reads "
		           "form %d)",
		           segment->path, header.version, SEGMENT_VERSION);
		return TP_ERR_UNSUPPORTED;
	}
	if (log->next_id < header.first_id + 2 * SEGMENT_IDS)
		log->next_id = header.first_id + 2 * SEGMENT_IDS;
	memcpy(log->key, header.key, SPOOL_KEY_BYTES);
	/* Its items are counted as live while it is being read. */
	segment->end = segment->base + size;
	good = segment_scan(bytes, size, segment->number, segment->base, each, context);
	segment->end = segment->base + (good - SEGMENT_HEADER_BYTES);
	log->position = segment->end;
	if (is_zero(bytes + good, size - good))
		log_trim(log, segment);
	else
		log_info(log->log, "%s was cut off at byte %zu", segment->path, good);
	return 0;
}

static int read_segment(struct spool_log *log, uint64_t number, segment_each *each, void *context,
                        struct buf *error)
{
	struct spool_segment *segment;
	char *path = log_segment_path(log, number);
	int fd = spool_files->open(path, O_RDWR);
	off_t length;
	size_t size;
	uint8_t *bytes;
	ssize_t count;
	int err;

	if (fd < 0) {
		buf_printf(error, "%s cannot be opened: %s", path, strerror(errno));
		mem_free(path);
		return TP_ERR_IO;
	}
	segment = log_add_segment(log, number, fd, log->position);
	length = spool_files->length(fd);
	size = length > SEGMENT_MAX_BYTES ? SEGMENT_MAX_BYTES : length < 0 ? 0 : (size_t)length;
	segment->bytes = size;
	log->disk_bytes += size;
	segment->synced = true;
	segment->dirty = true; /* by the process before, perhaps */
	bytes = mem_realloc(NULL, size);
	count = log_read_all(fd, bytes, size, 0);
	if (count < 0) {
		buf_printf(error,
		           "%s cannot be read: %s; look after the disk, or take the file away (what is in it "
		           "is lost)",
		           path, strerror(errno));
		err = TP_ERR_IO;
	} else {
		err = read_segment_bytes(log, segment, bytes, (size_t)count, each, context, error);
	}
	mem_free(bytes);
	mem_free(path);
	return err;
}

int log_lock_folder(struct spool_log *log, struct buf *error)
{
	char *path = mem_printf("%s/lock", log->folder);
	int err = 0;

	if (mkdir(log->folder, 0700) < 0 && errno != EEXIST) {
		buf_printf(error, "%s cannot be made: %s", log->folder, strerror(errno));
		err = TP_ERR_IO;
	}
	if (!err) {
		log->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		log->folder_fd = open(log->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (log->lock_fd < 0 || log->folder_fd < 0) {
			buf_printf(error, "%s cannot be written to: %s", log->folder, strerror(errno));
			err = TP_ERR_IO;
		}
	}
	if (!err && flock(log->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		buf_printf(error, "%s is in use by another process; each instance needs a folder of its own",
		           log->folder);
		err = TP_ERR_EXISTS;
	}
	mem_free(path);
	return err;
}

void log_choose_segment_bytes(struct spool_log *log, uint64_t max_bytes)
{
	struct statvfs disk;
	uint64_t bytes = LIMIT_SPOOL_SEGMENT_BYTES;

	if (bytes < max_bytes / 128)
		bytes = max_bytes / 128;
	if (fstatvfs(log->folder_fd, &disk) == 0 && bytes > (uint64_t)disk.f_blocks * disk.f_frsize / 16)
		bytes = (uint64_t)disk.f_blocks * disk.f_frsize / 16;
	if (bytes > SEGMENT_MAX_BYTES / 2)
		bytes = SEGMENT_MAX_BYTES / 2;
	log->segment_bytes = bytes < SEGMENT_MIN_BYTES ? SEGMENT_MIN_BYTES : bytes;
}

int log_read_folder(struct spool_log *log, segment_each *each, void *context, struct buf *error)
{
	struct buf numbers = {0};
	uint64_t number;
	size_t at;
	int err = list_numbers(log, &numbers, error);

	for (at = 0; !err && at < numbers.len; at += sizeof(number)) {
		memcpy(&number, numbers.data + at, sizeof(number));
		err = read_segment(log, number, each, context, error);
		log->next_number = number + 1;
	}
	buf_finish(&numbers);
	return err;
}
