/* SPDX-License-Identifier: MIT */
#include "transport/spool/spool_log.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/random.h"
#include "transport/spool/spool_bytes.h"
#include "transport/spool/spool_files.h"
#include "transport/spool/spool_log_private.h"
#include "transport/spool/spool_segment.h"

#define BLOCK_BYTES 4096u
/* For moving what keeps the oldest file, and for the file that a restart begins. */
#define CLEANING_BYTES (4 * BLOCK_BYTES)
#define GROW_BYTES (256u << 10)
#define GONE_BYTES 24u /* what it takes to say that a record is gone, in a batch of its own */
#define GONE_BYTES_LEAST 17u
#define RETRY_MS 100
#define ID_SECOND_BITS 22 /* the first id of a new folder is the clock's second, so shifted */

/* --- what is the matter with the disk --- */

__attribute__((format(printf, 2, 3))) static void note_problem(struct spool_log *log, const char *format, ...)
{
	va_list args;
	struct buf text = {0};

	va_start(args, format);
	buf_vprintf(&text, format, args);
	va_end(args);
	if (!log->problem)
		log_error(log->log, "%s", buf_text(&text));
	mem_free(log->problem);
	log->problem = buf_take(&text);
}

static void note_recovery(struct spool_log *log)
{
	if (!log->problem || log->failing || log->full)
		return;
	log_info(log->log, "writing to %s works again", log->folder);
	MEM_FREE(log->problem);
}

static void works_again(struct spool_log *log)
{
	if (!log->failing)
		return;
	log->failing = log->full = false;
	note_recovery(log);
}

static bool is_about_space(int error)
{
	return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

static void note_full(struct spool_log *log, int error)
{
	log->full = true;
	log->refused_ms = clock_ms();
	note_problem(log,
	             "no space for the spool in %s (%s): new messages are refused; free some space there, or "
	             "move the folder",
	             log->folder, strerror(error));
}

static void note_failure(struct spool_log *log, const char *what, int error)
{
	log->failing = true;
	log->failed_ms = clock_ms();
	if (is_about_space(error))
		note_full(log, error);
	else
		note_problem(
		        log,
		        "%s in %s failed (%s): new messages are refused until it works; look after the disk "
		        "(dmesg, mount)",
		        what, log->folder, strerror(error));
}

/* --- files --- */

ssize_t log_read_all(int fd, uint8_t *bytes, size_t size, off_t offset)
{
	size_t at = 0;
	ssize_t count;

	while (at < size) {
		count = spool_files->read(fd, bytes + at, size - at, offset + (off_t)at);
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return -1;
		if (count == 0)
			break;
		at += (size_t)count;
	}
	return (ssize_t)at;
}

/* 0 or errno. */
static int write_all(int fd, const void *bytes, size_t size, off_t offset)
{
	const char *at = bytes;
	ssize_t count;

	while (size) {
		count = spool_files->write(fd, at, size, offset);
		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return count < 0 ? errno : ENOSPC;
		at += count;
		offset += count;
		size -= (size_t)count;
	}
	return 0;
}

static int write_zeros(int fd, uint64_t from, uint64_t to)
{
	static const char zeros[BLOCK_BYTES * 4];
	size_t size;
	int error = 0;

	for (; from < to && !error; from += size) {
		size = to - from < sizeof(zeros) ? (size_t)(to - from) : sizeof(zeros);
		error = write_all(fd, zeros, size, (off_t)from);
	}
	return error;
}

/* Reserves up to `to`, a file offset. 0 or errno. */
static int reserve(struct spool_log *log, struct spool_segment *segment, uint64_t to)
{
	int error = 0;

	if (spool_files->reserve(segment->fd, (off_t)segment->bytes, (off_t)(to - segment->bytes)) < 0)
		error = errno;
	if (error == EOPNOTSUPP || error == ENOSYS || error == EINVAL)
		error = write_zeros(segment->fd, segment->bytes, to);
	if (error)
		return error;
	log->disk_bytes += to - segment->bytes;
	segment->bytes = to;
	segment->dirty = true;
	return 0;
}

/* Reserves at least up to `need`, and more where there is more. 0 or errno. */
static int grow(struct spool_log *log, uint64_t need)
{
	uint64_t step = log->segment_bytes / 4 < GROW_BYTES ? log->segment_bytes / 4 : GROW_BYTES;
	uint64_t to;
	int error;

	need = (need + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
	for (;;) {
		to = (need + step) / BLOCK_BYTES * BLOCK_BYTES;
		do
			error = reserve(log, log->head, to);
		while (error == EINTR);
		if (!is_about_space(error) || step == 0)
			return error;
		step = step > BLOCK_BYTES ? step / 4 : 0;
	}
}

char *log_segment_path(const struct spool_log *log, uint64_t number)
{
	return mem_printf("%s/%016" PRIx64 ".log", log->folder, number);
}

struct spool_segment *log_add_segment(struct spool_log *log, uint64_t number, int fd, uint64_t base)
{
	struct spool_segment *segment = MEM_NEW(struct spool_segment);

	segment->number = number;
	segment->path = log_segment_path(log, number);
	segment->fd = fd;
	segment->base = segment->end = base;
	list_append(&log->segments, &segment->link);
	log->segments_count++;
	return segment;
}

void log_free_segment(struct spool_log *log, struct spool_segment *segment)
{
	list_remove(&segment->link);
	log->segments_count--;
	log->disk_bytes -= segment->bytes;
	if (segment->fd >= 0)
		spool_files->close(segment->fd);
	mem_free(segment->path);
	mem_free(segment);
}

/* What is kept free in the head for saying that all that is live is gone; and for cleaning a little, so that
 * a full disk gets some space again. */
static uint64_t kept_back(const struct spool_log *log, bool cleaning)
{
	uint64_t bytes = log->live * GONE_BYTES, most = log->segment_bytes;

	return (cleaning ? 0 : CLEANING_BYTES) + (bytes < most ? bytes : most);
}

void log_trim(struct spool_log *log, struct spool_segment *segment)
{
	uint64_t bytes = (uint64_t)log_offset_of(segment, segment->end);

	if (bytes >= segment->bytes || spool_files->truncate(segment->fd, (off_t)bytes) < 0)
		return;
	log->disk_bytes -= segment->bytes - bytes;
	segment->bytes = bytes;
	segment->dirty = true;
}

/* A new head. 0 or errno; then the old one is still the head. */
static int begin_segment(struct spool_log *log, uint64_t keep_back)
{
	uint8_t header[SEGMENT_HEADER_BYTES];
	struct spool_segment *segment, *old = log->head;
	char *path = log_segment_path(log, log->next_number);
	int fd = spool_files->open(path, O_RDWR | O_CREAT | O_EXCL);
	int error = fd < 0 ? errno : 0;

	if (!error) {
		segment = log_add_segment(log, log->next_number, fd, log->position);
		log->head = segment;
		segment_header_make(header, segment->number, log->next_id, log->key);
		error = grow(log, SEGMENT_HEADER_BYTES + log->pending.len + keep_back);
		if (!error)
			error = write_all(fd, header, sizeof(header), 0);
		if (error) {
			spool_files->unlink(path);
			log_free_segment(log, segment);
			log->head = old;
		}
	}
	mem_free(path);
	/* A number whose file could not be made is not tried again: it may be there, half made. */
	log->next_number++;
	log->not_followed_ms = error ? clock_ms() : 0;
	if (error)
		return error;
	if (old)
		log_trim(log, old);
	log->head_first_id = log->next_id;
	log->folder_dirty = log->head->dirty = true;
	return 0;
}

/* --- opening --- */

static void open_batch(struct spool_log *log)
{
	static const char header[SEGMENT_BATCH_HEADER_BYTES];

	log->batch = log->pending.len;
	buf_append(&log->pending, header, sizeof(header));
}

/* It is on the disk before an id is given out: the next start must know from where on ids are new. */
static int begin_first_segment(struct spool_log *log)
{
	/* What the last process had kept back is free again, but for what a file more takes: it is taken before
	 * others do. */
	int error = begin_segment(log, kept_back(log, false) - CLEANING_BYTES / 2);

	if (is_about_space(error))
		error = begin_segment(log, kept_back(log, true));
	if (is_about_space(error))
		error = begin_segment(log, 0);
	if (!error && (spool_files->sync(log->head->fd) < 0 || spool_files->sync_folder(log->folder_fd) < 0))
		error = errno;
	if (!error)
		log->head->synced = true;
	return error;
}

int spool_log_open(struct spool_log **slot, const char *folder, uint64_t max_bytes, const struct log *parent,
                   segment_each *each, void *context, struct buf *error)
{
	struct spool_log *log = MEM_NEW(struct spool_log);
	int err, failure;

	*slot = log;
	log->log = parent;
	log->folder = mem_strdup(folder);
	log->folder_fd = log->lock_fd = -1;
	list_init(&log->segments);
	log->next_number = 1;
	log->position = 1;
	log->next_id = (uint64_t)(clock_wall_ms() / 1000) << ID_SECOND_BITS;
	random_bytes(log->key, sizeof(log->key));
	err = log_lock_folder(log, error);
	if (!err) {
		log_choose_segment_bytes(log, max_bytes);
		err = log_read_folder(log, each, context, error);
	}
	open_batch(log);
	if (!err && (failure = begin_first_segment(log)) != 0) {
		buf_printf(error, "%s cannot be written to: %s", folder, strerror(failure));
		err = TP_ERR_IO;
	}
	if (err)
		spool_log_close(slot);
	return err;
}

void spool_log_close(struct spool_log **slot)
{
	struct spool_log *log = *slot;

	if (!log)
		return;
	LIST_EACH(link, &log->segments)
	log_free_segment(log, log_segment_of(link));
	if (log->folder_fd >= 0)
		close(log->folder_fd);
	if (log->lock_fd >= 0)
		close(log->lock_fd);
	buf_finish(&log->pending);
	mem_free(log->problem);
	mem_free(log->folder);
	MEM_FREE(*slot);
}

/* --- appending --- */

static uint64_t head_need(const struct spool_log *log)
{
	return (uint64_t)log_offset_of(log->head, log->position) + log->pending.len;
}

/* After a restart on a full disk something else may have taken what was kept back. Then that is no reason not to move
 * a little out of the oldest file, which gives more back. */
static bool cleaning_pays(const struct spool_log *log, size_t bytes)
{
	const struct spool_segment *oldest = spool_log_oldest(log);
	bool short_of_space = log->head->bytes < head_need(log) + log->live * GONE_BYTES_LEAST;

	return short_of_space && oldest && bytes * 4 < oldest->bytes;
}

int spool_log_room(struct spool_log *log, size_t bytes, bool cleaning)
{
	uint64_t need;
	int error;

	if (!log->head || log->failing)
		return log->full ? TP_ERR_LIMIT : TP_ERR_IO;
	need = head_need(log) + bytes + SEGMENT_BATCH_HEADER_BYTES;
	if (!cleaning || !cleaning_pays(log, bytes))
		need += kept_back(log, cleaning);
	if (need <= log->head->bytes)
		return 0;
	if (log->full && clock_ms() - log->refused_ms < RETRY_MS)
		return TP_ERR_LIMIT;
	error = grow(log, need);
	log->refused_ms = clock_ms();
	if (!error) {
		log->full = false;
		note_recovery(log);
		return 0;
	}
	if (is_about_space(error)) {
		note_full(log, error);
		return TP_ERR_LIMIT;
	}
	note_failure(log, "reserving space", error);
	return TP_ERR_IO;
}

void spool_log_appended(struct spool_log *log)
{
	size_t length = log->pending.len - log->batch;

	if (length < SEGMENT_BATCH_BYTES)
		return;
	bytes_put_u32(log->pending.data + log->batch, (uint32_t)(length - SEGMENT_BATCH_HEADER_BYTES));
	open_batch(log);
}

void spool_log_append(struct spool_log *log, const struct spool_entry *entry)
{
	spool_entry_write(&log->pending, entry);
	spool_log_need(log);
	spool_log_appended(log);
}

void spool_log_append_done(struct spool_log *log, uint64_t id, uint64_t place)
{
	if (place < log->position)
		spool_log_need(log);
	spool_entry_write(&log->pending, &(struct spool_entry){.type = ENTRY_DONE, .id = id});
	spool_log_appended(log);
}

void spool_log_space_freed(struct spool_log *log)
{
	if (log->failing)
		return;
	log->full = false;
	note_recovery(log);
}

uint64_t spool_log_end(const struct spool_log *log)
{
	bool empty = log->pending.len - log->batch == SEGMENT_BATCH_HEADER_BYTES;

	return log->position + (empty ? log->batch : log->pending.len);
}

size_t spool_log_waiting(const struct spool_log *log)
{
	return log->pending.len > SEGMENT_BATCH_HEADER_BYTES ? log->pending.len : 0;
}

/* The batches' checksums, which tell where in which file they are. Returns their bytes, without an empty one
 * at the end. */
static size_t seal(struct spool_log *log)
{
	uint8_t *bytes = (uint8_t *)log->pending.data;
	size_t size = log->pending.len, at, length;
	uint64_t offset = (uint64_t)log_offset_of(log->head, log->position);

	if (size - log->batch == SEGMENT_BATCH_HEADER_BYTES)
		size = log->batch;
	else
		bytes_put_u32(bytes + log->batch, (uint32_t)(size - log->batch - SEGMENT_BATCH_HEADER_BYTES));
	for (at = 0; at < size; at += SEGMENT_BATCH_HEADER_BYTES + length) {
		length = bytes_get_u32(bytes + at);
		bytes_put_u32(bytes + at + 4,
		              segment_batch_crc(log->head->number, offset + at,
		                                bytes + at + SEGMENT_BATCH_HEADER_BYTES, (uint32_t)length));
	}
	return size;
}

/* Behind a write that failed for another reason than space nothing can be known: what waits goes to a new
 * file. */
static void abandon_head(struct spool_log *log)
{
	struct spool_segment *segment = log->head;

	log->head = NULL;
	if (segment->end == segment->base && !segment->syncing) {
		spool_files->unlink(segment->path);
		log_free_segment(log, segment);
	}
}

static void clear_pending(struct spool_log *log)
{
	buf_clear(&log->pending);
	buf_shrink(&log->pending, SEGMENT_BATCH_BYTES * 2);
	open_batch(log);
	log->pending_needed = false;
}

static void written(struct spool_log *log, size_t size)
{
	struct spool_segment *head = log->head;
	uint64_t offset = (uint64_t)log_offset_of(head, log->position) + size;

	if (head->bytes < offset) {
		log->disk_bytes += offset - head->bytes;
		head->bytes = offset;
	}
	log->position += size;
	head->end = log->position;
	head->dirty = true;
	head->live += log->pending_live;
	head->live_bytes += log->pending_live_bytes;
	log->pending_live = log->pending_live_bytes = 0;
	clear_pending(log);
	works_again(log);
}

/* A full disk, and in the head little that is still live: with what is reserved and not needed there is place
 * for a new one, to which that is moved, and then the old one can go. */
static void follow_on_full_disk(struct spool_log *log)
{
	struct spool_segment *head = log->head;
	uint64_t need = head->live_bytes + log->live * GONE_BYTES;

	if (head->end - head->base < 2 * head->live_bytes + BLOCK_BYTES ||
	    head->bytes - (uint64_t)log_offset_of(head, head->end) <
	            SEGMENT_HEADER_BYTES + need + 2 * BLOCK_BYTES)
		return;
	log_trim(log, head);
	begin_segment(log, need);
}

/* A head that cannot be followed by another, for want of space, goes on growing. */
static void follow_head(struct spool_log *log)
{
	const struct spool_segment *head = log->head;
	uint64_t size = head->end - head->base;

	if (log->not_followed_ms && clock_ms() - log->not_followed_ms < RETRY_MS)
		return;
	/* One whose file may be gone after a power cut is followed by no other, but for a disk that is very
	 * slow. */
	if (!head->synced && size < 4 * log->segment_bytes)
		return;
	if ((size >= log->segment_bytes || log->next_id - log->head_first_id >= SEGMENT_IDS) &&
	    begin_segment(log, kept_back(log, false)) == 0)
		return;
	if (log->full)
		follow_on_full_disk(log);
}

void spool_log_drop(struct spool_log *log)
{
	if (log->pending_needed || log->pending_live || !log->head || log->failing || !spool_log_waiting(log))
		return;
	clear_pending(log);
	follow_head(log); /* ids were given out */
}

int spool_log_write(struct spool_log *log)
{
	size_t size;
	uint64_t need;
	int error = 0;

	if (!spool_log_waiting(log) && log->head) {
		if (log->full)
			follow_head(log);
		return 0;
	}
	if (log->failing && clock_ms() - log->failed_ms < RETRY_MS)
		return TP_ERR_IO;
	if (!log->head)
		error = begin_segment(log, 0);
	if (error) {
		note_failure(log, "making a file", error);
		return TP_ERR_IO;
	}
	if (!spool_log_waiting(log)) {
		works_again(log);
		return 0;
	}
	size = seal(log);
	need = head_need(log);
	if (need > log->head->bytes)
		grow(log, need); /* if there is no space the write itself says so */
	error = write_all(log->head->fd, log->pending.data, size, log_offset_of(log->head, log->position));
	if (error) {
		note_failure(log, "writing", error);
		if (!is_about_space(error))
			abandon_head(log);
		return TP_ERR_IO;
	}
	written(log, size);
	follow_head(log);
	return 0;
}

/* --- what is live --- */

static struct spool_segment *segment_at(const struct spool_log *log, uint64_t position)
{
	struct list *link;

	/* Most is asked about what is young. */
	for (link = log->segments.prev; link != &log->segments; link = link->prev)
		if (log_segment_of(link)->base <= position)
			return log_segment_of(link);
	return NULL;
}

static void count_live(struct spool_log *log, uint64_t position, int64_t items, int64_t bytes)
{
	struct spool_segment *segment;

	log->live += (uint64_t)items;
	log->live_bytes += (uint64_t)bytes;
	if (position >= log->position && log->pending.len) {
		log->pending_live += (uint64_t)items;
		log->pending_live_bytes += (uint64_t)bytes;
		return;
	}
	segment = segment_at(log, position);
	assert(segment && position < segment->end);
	segment->live += (uint64_t)items;
	segment->live_bytes += (uint64_t)bytes;
}

void spool_log_live(struct spool_log *log, uint64_t position, size_t size)
{
	count_live(log, position, 1, (int64_t)size);
}

void spool_log_gone(struct spool_log *log, uint64_t position, size_t size)
{
	count_live(log, position, -1, -(int64_t)size);
}

const uint8_t *spool_log_read(struct spool_log *log, uint64_t position, size_t size, struct arena *arena)
{
	struct spool_segment *segment;
	uint8_t *bytes;
	ssize_t count;

	if (position >= log->position) {
		assert(position - log->position + size <= log->pending.len);
		return (const uint8_t *)log->pending.data + (position - log->position);
	}
	segment = segment_at(log, position);
	assert(segment && position + size <= segment->end);
	bytes = arena_alloc(arena, size);
	count = log_read_all(segment->fd, bytes, size, log_offset_of(segment, position));
	if (count >= 0 && (size_t)count < size)
		errno = ENODATA;
	return count == (ssize_t)size ? bytes : NULL;
}

int spool_log_walk(struct spool_segment *segment, uint64_t *position, size_t bytes, segment_each *each,
                   void *context)
{
	uint64_t offset = (uint64_t)log_offset_of(segment, *position);
	uint64_t left = segment->end - *position;
	uint8_t header[SEGMENT_BATCH_HEADER_BYTES];
	uint8_t *piece;
	size_t size, at = 0, length;
	ssize_t count;

	if (left == 0)
		return 0;
	if (log_read_all(segment->fd, header, sizeof(header), (off_t)offset) != sizeof(header))
		return TP_ERR_IO;
	size = SEGMENT_BATCH_HEADER_BYTES + (size_t)bytes_get_u32(header); /* at least this one batch */
	size = size < bytes ? bytes : size;
	size = size > left ? (size_t)left : size;
	piece = mem_realloc(NULL, size);
	count = log_read_all(segment->fd, piece, size, (off_t)offset);
	size = count > 0 ? (size_t)count : 0;
	while ((length = segment_batch_size(piece + at, size - at, segment->number, offset + at)) != 0) {
		segment_batch_each(piece + at, length, *position + at, each, context);
		at += length;
	}
	mem_free(piece);
	*position += at;
	if (at == 0)
		return TP_ERR_IO;
	return *position < segment->end ? 1 : 0;
}

/* --- syncing and removing --- */

void spool_log_sync_begin(struct spool_log *log, struct spool_sync *sync)
{
	size_t count = 0;

	*sync = (struct spool_sync){.position = log->position,
	                            .folder_fd = log->folder_dirty ? log->folder_fd : -1};
	sync->fds = mem_alloc(log->segments_count * sizeof(int));
	LIST_EACH(link, &log->segments)
	{
		struct spool_segment *segment = log_segment_of(link);

		if (!segment->dirty)
			continue;
		sync->fds[count++] = segment->fd;
		segment->dirty = false;
		segment->syncing = true;
	}
	sync->count = count;
	log->folder_dirty = false;
}

void spool_sync_run(struct spool_sync *sync)
{
	size_t i;

	for (i = 0; i < sync->count; i++)
		if (spool_files->sync(sync->fds[i]) < 0)
			sync->error = errno;
	if (sync->folder_fd >= 0 && spool_files->sync_folder(sync->folder_fd) < 0)
		sync->error = errno;
}

void spool_log_sync_end(struct spool_log *log, struct spool_sync *sync)
{
	LIST_EACH(link, &log->segments)
	{
		struct spool_segment *segment = log_segment_of(link);

		if (!segment->syncing)
			continue;
		segment->syncing = false;
		if (sync->error)
			segment->suspect = segment->dirty = true;
		else
			segment->synced = true;
	}
	if (sync->error) {
		log->folder_dirty = log->folder_dirty || sync->folder_fd >= 0;
		note_failure(log, "fdatasync", sync->error);
		/* What the kernel could not write it may have dropped: no more behind it. */
		if (log->head)
			abandon_head(log);
	} else {
		log->synced = sync->position;
	}
	MEM_FREE(sync->fds);
}

struct spool_segment *spool_log_oldest(const struct spool_log *log)
{
	struct spool_segment *segment =
	        list_empty(&log->segments) ? NULL : log_segment_of(log->segments.next);

	return segment == log->head ? NULL : segment;
}

struct spool_segment *spool_log_newest(const struct spool_log *log)
{
	return log_segment_of(log->segments.prev);
}

char *spool_log_take_oldest(struct spool_log *log)
{
	struct spool_segment *segment = spool_log_oldest(log);
	char *path;

	if (!segment || segment->live || segment->syncing)
		return NULL;
	path = segment->path;
	segment->path = NULL;
	log_free_segment(log, segment);
	return path;
}
