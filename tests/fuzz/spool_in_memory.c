/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/spool_in_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "transport/spool/spool_files.h"
#include "transport/spool/spool_internal.h"
#include "transport/spool/spool_log_private.h"

#define FILES 8
#define FIRST_FD 100000 /* of none that the system knows */
#define SMALL_SEGMENT_BYTES (64u << 10) /* so that little is reserved, which reads as zeros */
#define START_MS UINT64_C(1000000)
#define START_WALL_MS INT64_C(1700000000000)

static void require(bool good)
{
	if (!good)
		abort();
}

/* --- the folder --- */

/* Behind `size` it is zeros, up to `length`. */
struct file {
	uint64_t number; /* 0: there is none */
	bool open;
	uint8_t *bytes;
	size_t size, capacity, length;
};

static struct file files[FILES];

static struct file *file_of(int fd)
{
	require(fd >= FIRST_FD && fd < FIRST_FD + FILES && files[fd - FIRST_FD].open);
	return &files[fd - FIRST_FD];
}

static struct file *find_file(uint64_t number)
{
	size_t i;

	for (i = 0; i < FILES; i++)
		if (files[i].number == number)
			return &files[i];
	return NULL;
}

static uint64_t number_of(const char *path)
{
	const char *name = strrchr(path, '/');
	char *end;
	uint64_t number;

	require(name != NULL);
	number = strtoull(name + 1, &end, 16);
	require(number != 0 && strcmp(end, ".log") == 0);
	return number;
}

static struct file *make_file(uint64_t number)
{
	struct file *file = find_file(0);

	require(file != NULL);
	file->number = number;
	file->size = file->length = 0;
	return file;
}

static void put_bytes(struct file *file, const void *bytes, size_t size, size_t offset)
{
	size_t end = offset + size;

	if (file->capacity < end) {
		file->bytes = mem_realloc(file->bytes, end);
		file->capacity = end;
	}
	if (file->size < offset)
		memset(file->bytes + file->size, 0, offset - file->size);
	if (size)
		memcpy(file->bytes + offset, bytes, size);
	if (file->size < end)
		file->size = end;
	if (file->length < end)
		file->length = end;
}

static int memory_open(const char *path, int flags)
{
	uint64_t number = number_of(path);
	struct file *file = find_file(number);

	require(!file || !(flags & O_EXCL));
	if (!file)
		file = make_file(number);
	require(!file->open);
	file->open = true;
	return FIRST_FD + (int)(file - files);
}

static int memory_close(int fd)
{
	file_of(fd)->open = false;
	return 0;
}

static off_t memory_length(int fd)
{
	return (off_t)file_of(fd)->length;
}

static ssize_t memory_read(int fd, void *bytes, size_t size, off_t offset)
{
	const struct file *file = file_of(fd);
	size_t at = (size_t)offset, there;

	if (at >= file->length)
		return 0;
	size = size < file->length - at ? size : file->length - at;
	there = at >= file->size ? 0 : size < file->size - at ? size : file->size - at;
	if (there)
		memcpy(bytes, file->bytes + at, there);
	memset((uint8_t *)bytes + there, 0, size - there);
	return (ssize_t)size;
}

static ssize_t memory_write(int fd, const void *bytes, size_t size, off_t offset)
{
	put_bytes(file_of(fd), bytes, size, (size_t)offset);
	return (ssize_t)size;
}

static int memory_reserve(int fd, off_t offset, off_t size)
{
	struct file *file = file_of(fd);

	if (file->length < (size_t)(offset + size))
		file->length = (size_t)(offset + size);
	return 0;
}

static int memory_truncate(int fd, off_t size)
{
	struct file *file = file_of(fd);

	file->length = (size_t)size;
	if (file->size > file->length)
		file->size = file->length;
	return 0;
}

static int memory_sync(int fd)
{
	file_of(fd);
	return 0;
}

static int memory_sync_folder(int fd)
{
	(void)fd;
	return 0;
}

static int memory_unlink(const char *path)
{
	struct file *file = find_file(number_of(path));

	require(file && !file->open);
	file->number = 0;
	return 0;
}

static int memory_list(const char *folder, spool_files_each *each, void *context)
{
	char name[32];
	size_t i;

	(void)folder;
	for (i = 0; i < FILES; i++) {
		if (files[i].number == 0)
			continue;
		snprintf(name, sizeof(name), "%016" PRIx64 ".log", files[i].number);
		each(context, name);
	}
	return 0;
}

static const struct spool_files memory_files = {
        .open = memory_open,
        .close = memory_close,
        .length = memory_length,
        .read = memory_read,
        .write = memory_write,
        .reserve = memory_reserve,
        .truncate = memory_truncate,
        .sync = memory_sync,
        .sync_folder = memory_sync_folder,
        .unlink = memory_unlink,
        .list = memory_list,
};

int __wrap_log_lock_folder(struct spool_log *log, struct buf *error);
void __wrap_log_choose_segment_bytes(struct spool_log *log, uint64_t max_bytes);

int __wrap_log_lock_folder(struct spool_log *log, struct buf *error)
{
	(void)log;
	(void)error;
	return 0;
}

void __wrap_log_choose_segment_bytes(struct spool_log *log, uint64_t max_bytes)
{
	(void)max_bytes;
	log->segment_bytes = SMALL_SEGMENT_BYTES;
}

/* --- the database --- */

struct spool_database {
	bool there;
	uint8_t secret[SPOOL_KEY_BYTES];
	struct spool_mark mark;
	struct spool_items items;
	uint64_t seen, links;
};

static struct spool_database the_database;

int __wrap_spool_database_open(struct spool_database **slot, const char *path, const uint8_t secret[SPOOL_KEY_BYTES],
                               uint64_t wal_bytes, const struct log *log, struct buf *error);
void __wrap_spool_database_close(struct spool_database **slot);
struct spool_mark __wrap_spool_database_peek(const char *path, uint8_t secret[SPOOL_KEY_BYTES]);
void __wrap_spool_database_count(struct spool_database *database, uint64_t *seen, uint64_t *links);

static void database_clear(struct spool_database *database)
{
	spool_items_finish(&database->items);
	*database = (struct spool_database){0};
}

int __wrap_spool_database_open(struct spool_database **slot, const char *path, const uint8_t secret[SPOOL_KEY_BYTES],
                               uint64_t wal_bytes, const struct log *log, struct buf *error)
{
	struct spool_database *database = &the_database;

	(void)path;
	(void)wal_bytes;
	(void)log;
	(void)error;
	if (!database->there || memcmp(database->secret, secret, SPOOL_KEY_BYTES) != 0)
		database_clear(database);
	database->there = true;
	memcpy(database->secret, secret, SPOOL_KEY_BYTES);
	*slot = database;
	return 0;
}

void __wrap_spool_database_close(struct spool_database **slot)
{
	*slot = NULL;
}

struct spool_mark __wrap_spool_database_peek(const char *path, uint8_t secret[SPOOL_KEY_BYTES])
{
	(void)path;
	if (the_database.there)
		memcpy(secret, the_database.secret, SPOOL_KEY_BYTES);
	return the_database.mark;
}

void __wrap_spool_database_count(struct spool_database *database, uint64_t *seen, uint64_t *links)
{
	*seen = database->seen;
	*links = database->links;
}

static void database_add(struct spool_database *database, const struct spool_items *items)
{
	size_t i;

	for (i = 0; i < items->count; i++)
		spool_items_put(&database->items, &items->items[i]);
	database->seen = database->links = 0;
	for (i = 0; i < database->items.count; i++)
		++*(database->items.items[i].id ? &database->links : &database->seen);
}

/* --- the thread --- */

struct spool_thread {
	struct spool_database *database;
	struct spool_thread_callbacks callbacks;
	struct spool_sync *sync;
	struct spool_tidy *tidy;
};

static struct spool_thread the_thread;

struct spool_thread *__wrap_spool_thread_start(uv_loop_t *loop, struct spool_database *database,
                                               const struct spool_database_limits *limits,
                                               const struct spool_thread_callbacks *callbacks, const struct log *log);
void __wrap_spool_thread_stop(struct spool_thread **slot);
void __wrap_spool_thread_sync(struct spool_thread *thread, struct spool_sync *sync);
void __wrap_spool_thread_tidy(struct spool_thread *thread, struct spool_tidy *tidy);

static struct spool_filter *make_filter(const struct spool_items *items)
{
	struct spool_filter *filter = spool_filter_create(items->count + 1);
	size_t i;

	for (i = 0; i < items->count; i++)
		if (!items->items[i].id)
			spool_filter_add(filter, items->items[i].key);
	return filter;
}

static void do_tidy(struct spool_database *database, struct spool_tidy *tidy)
{
	database_add(database, tidy->items);
	if (tidy->items->count > 0)
		database->mark = tidy->mark;
	tidy->committed = true;
	for (; tidy->removed < tidy->paths_count; tidy->removed++)
		spool_files->unlink(tidy->paths[tidy->removed]);
	tidy->seen = database->seen;
	tidy->links = database->links;
	if (tidy->wants_filter)
		tidy->filter = make_filter(&database->items);
}

void spool_memory_work(void)
{
	struct spool_thread *thread = &the_thread;
	struct spool_sync *sync;
	struct spool_tidy *tidy;

	while (thread->sync || thread->tidy) {
		sync = thread->sync;
		tidy = thread->tidy;
		thread->sync = NULL;
		thread->tidy = NULL;
		if (sync) {
			spool_sync_run(sync);
			thread->callbacks.synced(thread->callbacks.context, sync);
		}
		if (tidy) {
			do_tidy(thread->database, tidy);
			thread->callbacks.tidied(thread->callbacks.context, tidy);
		}
	}
}

struct spool_thread *__wrap_spool_thread_start(uv_loop_t *loop, struct spool_database *database,
                                               const struct spool_database_limits *limits,
                                               const struct spool_thread_callbacks *callbacks, const struct log *log)
{
	(void)loop;
	(void)limits;
	(void)log;
	the_thread = (struct spool_thread){.database = database, .callbacks = *callbacks};
	return &the_thread;
}

void __wrap_spool_thread_stop(struct spool_thread **slot)
{
	spool_memory_work();
	*slot = NULL;
}

void __wrap_spool_thread_sync(struct spool_thread *thread, struct spool_sync *sync)
{
	require(!thread->sync);
	thread->sync = sync;
}

void __wrap_spool_thread_tidy(struct spool_thread *thread, struct spool_tidy *tidy)
{
	require(!thread->tidy);
	thread->tidy = tidy;
}

/* --- clocks, chance and the log --- */

static uint64_t passed_ms;

uint64_t __wrap_clock_ms(void);
int64_t __wrap_clock_wall_ms(void);
void __wrap_random_bytes(void *out, size_t count);
void __wrap_log_write(enum log_level level, const struct log *log, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

uint64_t __wrap_clock_ms(void)
{
	return START_MS + passed_ms;
}

int64_t __wrap_clock_wall_ms(void)
{
	return START_WALL_MS + (int64_t)passed_ms;
}

void __wrap_random_bytes(void *out, size_t count)
{
	memset(out, 1, count);
}

/* Made, as what it is made of has to be there; not written. */
void __wrap_log_write(enum log_level level, const struct log *log, const char *format, ...)
{
	char text[512];
	va_list args;

	(void)level;
	(void)log;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
}

void spool_memory_reset(void)
{
	size_t i;

	for (i = 0; i < FILES; i++)
		files[i].number = 0;
	spool_memory_check_closed();
	database_clear(&the_database);
	passed_ms = 0;
	spool_files = &memory_files;
}

void spool_memory_put(uint64_t number, const void *bytes, size_t size)
{
	put_bytes(make_file(number), bytes, size, 0);
}

void spool_memory_pass(uint64_t ms)
{
	passed_ms += ms;
}

void spool_memory_check_closed(void)
{
	size_t i;

	for (i = 0; i < FILES; i++)
		require(!files[i].open);
}
