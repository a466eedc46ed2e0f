/* SPDX-License-Identifier: MIT */
/*
 * The power-cut model. A run of the spool is recorded: each write, sync, making and removal of a file, and
 * what was promised when. Then, for each point of the recording, the disk is made as it may look after a
 * power cut there: what was synced is as it was written, of what was not synced nothing, all, or some is
 * there, sectors torn, zeros in place of data, files that were made missing, files that were removed back.
 * Each such disk has to open, with all that was promised and nothing that never was.
 */
#include "tests/unit/spool/spool_fixture.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "tests/unit/folder.h"
#include "transport/spool/spool_files.h"
#include "transport/spool/spool_internal.h"

#define NETWORK SPOOL_TO_NETWORK
#define FILES_MOST 256
#define FDS_MOST 4096
#define SECTOR 512
#define LINGER 6
#define ALL 1000

/* --- recording --- */

enum kind {
	CREATE,
	WRITE,
	RESIZE,
	SYNC_BEGIN,
	SYNC_END,
	FOLDER_BEGIN,
	FOLDER_END,
	UNLINK,
	/* what was asked of the spool, and promised */
	PUT,
	ACKNOWLEDGED,
	DONE,
	DEAD,
	DEAD_ACKNOWLEDGED,
	NOTE,
	NOTE_ACKNOWLEDGED
};

struct step {
	enum kind kind;
	int file;
	off_t offset; /* RESIZE: the new size */
	uint8_t *bytes;
	size_t size;
	uint64_t id; /* NOTE...: the value */
};

static struct step *steps;
static size_t steps_count, steps_capacity;
static char *file_names[FILES_MOST];
static int files_count;
static int file_of_fd[FDS_MOST];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void record(struct step step)
{
	pthread_mutex_lock(&mutex);
	if (steps_count == steps_capacity) {
		steps_capacity = steps_capacity ? steps_capacity * 2 : 1024;
		steps = mem_realloc(steps, steps_capacity * sizeof(*steps));
	}
	steps[steps_count++] = step;
	pthread_mutex_unlock(&mutex);
}

static void mark(enum kind kind, uint64_t id)
{
	record((struct step){.kind = kind, .id = id});
}

/* Both threads ask: one begins files, the other removes them. */
static int file_named(const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	int i = 0;

	pthread_mutex_lock(&mutex);
	while (i < files_count && strcmp(file_names[i], name) != 0)
		i++;
	assert_true(i < FILES_MOST);
	if (i == files_count)
		file_names[files_count++] = mem_strdup(name);
	pthread_mutex_unlock(&mutex);
	return i;
}

static int recording_open(const char *path, int flags)
{
	int fd = spool_files_system.open(path, flags);

	if (fd < 0)
		return fd;
	assert_true(fd < FDS_MOST);
	file_of_fd[fd] = file_named(path);
	if (flags & O_CREAT)
		record((struct step){.kind = CREATE, .file = file_of_fd[fd]});
	return fd;
}

static ssize_t recording_write(int fd, const void *bytes, size_t size, off_t offset)
{
	record((struct step){.kind = WRITE,
	                     .file = file_of_fd[fd],
	                     .offset = offset,
	                     .bytes = mem_dup(bytes, size),
	                     .size = size});
	return spool_files_system.write(fd, bytes, size, offset);
}

static int recording_reserve(int fd, off_t offset, off_t size)
{
	record((struct step){.kind = RESIZE, .file = file_of_fd[fd], .offset = offset + size});
	return spool_files_system.reserve(fd, offset, size);
}

static int recording_truncate(int fd, off_t size)
{
	record((struct step){.kind = RESIZE, .file = file_of_fd[fd], .offset = size});
	return spool_files_system.truncate(fd, size);
}

static int recording_sync(int fd)
{
	int err;

	record((struct step){.kind = SYNC_BEGIN, .file = file_of_fd[fd]});
	err = spool_files_system.sync(fd);
	record((struct step){.kind = SYNC_END, .file = file_of_fd[fd]});
	return err;
}

static int recording_sync_folder(int fd)
{
	int err;

	record((struct step){.kind = FOLDER_BEGIN});
	err = spool_files_system.sync_folder(fd);
	record((struct step){.kind = FOLDER_END});
	return err;
}

static int recording_unlink(const char *path)
{
	record((struct step){.kind = UNLINK, .file = file_named(path)});
	return spool_files_system.unlink(path);
}

static struct spool_files recording_files;

/* --- the run --- */

static uint32_t random_state = 12345;

static uint32_t random_below(uint32_t limit)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (random_state >> 8) % limit;
}

struct promise {
	enum kind kind;
	uint64_t id;
};

static int promises_open;

static void on_durable(void *context, int err)
{
	struct promise *promise = context;

	assert_int_equal(err, 0);
	mark(promise->kind, promise->id);
	promises_open--;
	mem_free(promise);
}

static void ask(struct fixture *fixture, enum kind kind, uint64_t id)
{
	struct promise *promise = MEM_NEW(struct promise);

	*promise = (struct promise){kind, id};
	promises_open++;
	spool_when_durable(fixture->spool, on_durable, promise);
}

static void text_of(uint64_t id, char text[400])
{
	snprintf(text, 400, "%0*llu", (int)(20 + id * 7 % 300), (unsigned long long)id);
}

static void put(struct fixture *fixture)
{
	char text[400], seen[32];
	uint64_t id, next = fixture->spool->disk->next_id;

	text_of(next, text);
	snprintf(seen, sizeof(seen), "$%llu", (unsigned long long)next);
	assert_int_equal(fixture_try_put(fixture, NETWORK, "alice", text, seen, &id), 0);
	assert_int_equal(id, next);
	mark(PUT, id);
	ask(fixture, ACKNOWLEDGED, id);
}

static struct spool_record *some_record(struct fixture *fixture, uint32_t which)
{
	struct spool_queue *queue = spool_queue_find(fixture->spool, NETWORK, "alice");
	struct spool_record *found = NULL;

	if (!queue)
		return NULL;
	which %= queue->count;
	LIST_EACH(link, &queue->records)
	if (which-- == 0)
		found = CONTAINER_OF(link, struct spool_record, link);
	return found;
}

/* The oldest stay for long, so that they have to be moved. */
static void end_one(struct fixture *fixture, uint32_t which)
{
	struct spool_queue *queue = spool_queue_find(fixture->spool, NETWORK, "alice");
	struct spool_record *some;

	if (!queue || queue->count <= LINGER)
		return;
	some = some_record(fixture, which < ALL ? LINGER + which % (queue->count - LINGER) : which);
	mark(DONE, some->id);
	spool_done(fixture->spool, &some);
}

static void one_action(struct fixture *fixture, uint64_t *note)
{
	struct spool_record *some;

	switch (random_below(12)) {
	case 0:
		some = some_record(fixture, 0);
		if (some && some->state != SPOOL_DEAD) {
			mark(DEAD, some->id);
			spool_dead(fixture->spool, some, "reason");
			ask(fixture, DEAD_ACKNOWLEDGED, some->id);
		}
		break;
	case 1:
		++*note;
		mark(NOTE, *note);
		spool_note_set(fixture->spool, "kind", "name", note, sizeof(*note));
		ask(fixture, NOTE_ACKNOWLEDGED, *note);
		break;
	case 2:
	case 3:
	case 4:
	case 5:
		end_one(fixture, random_below(1000));
		break;
	case 6:
		end_one(fixture, random_below(20) == 0 ? ALL : 0);
		break;
	default:
		put(fixture);
		break;
	}
}

static bool nothing_is_open(struct fixture *fixture)
{
	spool_flush(fixture->spool);
	return promises_open == 0;
}

static void run(struct fixture *fixture, int turns)
{
	uint64_t note = 0;
	int i;

	for (i = 0; i < turns; i++) {
		uint32_t actions = 1 + random_below(5);
		while (actions--)
			one_action(fixture, &note);
		assert_int_equal(spool_flush(fixture->spool), 0);
		uv_run(&fixture->loop, UV_RUN_NOWAIT);
		if (random_below(4) == 0)
			fixture_wait_until(fixture, nothing_is_open);
		if (i % 40 == 39) {
			fixture_wait_until(fixture, nothing_is_open);
			fixture_crash(fixture);
			fixture_open(fixture);
			fixture->spool->disk->segment_bytes = 4096;
		}
	}
	fixture_wait_until(fixture, nothing_is_open);
}

/* --- the disk after a cut --- */

enum variant { NOTHING, EVERYTHING, SOME, TORN, ZEROS, VARIANTS };

struct file {
	bool exists;
	uint8_t *bytes;
	size_t size;
};

static void resize(struct file *file, size_t size)
{
	file->bytes = mem_realloc(file->bytes, size);
	if (size > file->size)
		memset(file->bytes + file->size, 0, size - file->size);
	file->size = size;
}

static void write_bytes(struct file *file, size_t offset, const uint8_t *bytes, size_t size)
{
	if (offset + size > file->size)
		resize(file, offset + size);
	if (bytes)
		memcpy(file->bytes + offset, bytes, size);
}

/* Sector by sector, some there and others not. */
static void write_torn(struct file *file, const struct step *step)
{
	size_t at = 0, offset, piece;

	while (at < step->size) {
		offset = (size_t)step->offset + at;
		piece = SECTOR - offset % SECTOR;
		if (piece > step->size - at)
			piece = step->size - at;
		write_bytes(file, offset, random_below(2) ? step->bytes + at : NULL, piece);
		at += piece;
	}
}

static void apply(struct file *file, const struct step *step)
{
	if (step->kind == WRITE)
		write_bytes(file, (size_t)step->offset, step->bytes, step->size);
	else if (step->kind == RESIZE)
		resize(file, (size_t)step->offset);
}

/* A step that no sync covers. */
static void apply_maybe(struct file *file, const struct step *step, enum variant variant)
{
	if (variant == EVERYTHING || (variant == SOME && random_below(2)))
		apply(file, step);
	else if (variant == TORN && step->kind == WRITE)
		write_torn(file, step);
	else if (variant == ZEROS && step->kind == WRITE)
		write_bytes(file, (size_t)step->offset, NULL, step->size);
	else if (variant == TORN || variant == ZEROS)
		apply(file, step);
}

static bool happened_maybe(enum variant variant)
{
	return variant == NOTHING ? false : variant == EVERYTHING ? true : random_below(2);
}

/* The newest begin of a sync that ended before the cut; all steps before it are covered. */
static size_t covered(size_t cut, enum kind begin, enum kind end, int file)
{
	size_t i, started = 0, result = 0;

	for (i = 0; i < cut; i++) {
		if (steps[i].kind == begin && steps[i].file == file)
			started = i;
		if (steps[i].kind == end && steps[i].file == file)
			result = started;
	}
	return result;
}

static void file_after(struct file *file, int number, size_t cut, enum variant variant)
{
	size_t folder = covered(cut, FOLDER_BEGIN, FOLDER_END, 0);
	size_t synced = covered(cut, SYNC_BEGIN, SYNC_END, number);
	size_t i;

	*file = (struct file){0};
	for (i = 0; i < cut; i++) {
		if (steps[i].file != number || steps[i].kind > UNLINK)
			continue;
		if (steps[i].kind == CREATE)
			file->exists = i < folder || happened_maybe(variant);
		else if (steps[i].kind == UNLINK)
			file->exists = file->exists && !(i < folder || happened_maybe(variant));
		else if (i < synced)
			apply(file, &steps[i]);
		else
			apply_maybe(file, &steps[i], variant);
	}
}

static void make_disk(const char *folder, size_t cut, enum variant variant)
{
	struct file file;
	int i, fd;

	assert_int_equal(mkdir(folder, 0700), 0);
	for (i = 0; i < files_count; i++) {
		file_after(&file, i, cut, variant);
		if (file.exists) {
			char *path = mem_printf("%s/%s", folder, file_names[i]);
			fd = open(path, O_WRONLY | O_CREAT, 0600);
			assert_true(fd >= 0);
			assert_int_equal(write(fd, file.bytes, file.size), file.size);
			close(fd);
			mem_free(path);
		}
		mem_free(file.bytes);
	}
}

/* --- what has to be there --- */

struct ledger {
	uint64_t id;
	bool put, acknowledged, done, dead, dead_acknowledged;
};

static struct ledger *entry_of(struct ledger *ledger, size_t *count, uint64_t id)
{
	size_t i;

	for (i = 0; i < *count; i++)
		if (ledger[i].id == id)
			return &ledger[i];
	ledger[*count].id = id;
	return &ledger[(*count)++];
}

static void check_record(struct fixture *fixture, const struct ledger *entry)
{
	struct spool_record *record = spool_find(fixture->spool, entry->id);
	char text[400], seen[32];
	struct event event;

	if (!record) {
		assert_false(entry->acknowledged && !entry->done);
		return;
	}
	assert_true(entry->put);
	text_of(entry->id, text);
	assert_int_equal(spool_read(fixture->spool, record, &fixture->arena, &event, NULL, NULL), 0);
	assert_string_equal(event.message.text, text);
	if (entry->dead_acknowledged)
		assert_int_equal(record->state, SPOOL_DEAD);
	if (record->state == SPOOL_DEAD) {
		assert_true(entry->dead);
		assert_string_equal(record->reason, "reason");
	}
	snprintf(seen, sizeof(seen), "$%llu", (unsigned long long)entry->id);
	assert_true(spool_seen(fixture->spool, "alice", seen));
}

static void check(struct fixture *fixture, size_t cut)
{
	struct ledger *ledger = mem_alloc(steps_count * sizeof(*ledger));
	uint64_t newest_note = 0, sure_note = 0, note = 0, newest_id = 0;
	size_t i, count = 0, size, there = 0;
	const void *value;

	for (i = 0; i < cut; i++) {
		const struct step *step = &steps[i];
		if (step->kind == PUT)
			newest_id = step->id;
		if (step->kind == NOTE)
			newest_note = step->id;
		else if (step->kind == NOTE_ACKNOWLEDGED)
			sure_note = step->id;
		else if (step->kind > UNLINK) {
			struct ledger *entry = entry_of(ledger, &count, step->id);
			entry->put = entry->put || step->kind == PUT;
			entry->acknowledged = entry->acknowledged || step->kind == ACKNOWLEDGED;
			entry->done = entry->done || step->kind == DONE;
			entry->dead = entry->dead || step->kind == DEAD;
			entry->dead_acknowledged =
			        entry->dead_acknowledged || step->kind == DEAD_ACKNOWLEDGED;
		}
	}
	for (i = 0; i < count; i++) {
		check_record(fixture, &ledger[i]);
		there += spool_find(fixture->spool, ledger[i].id) != NULL;
	}
	/* none that was never put */
	assert_int_equal(fixture_statistics(fixture).records, there);
	assert_true(fixture->spool->disk->next_id > newest_id);
	value = spool_note_get(fixture->spool, "kind", "name", &size);
	if (value) {
		assert_int_equal(size, sizeof(note));
		memcpy(&note, value, size);
	}
	assert_true(note >= sure_note && note <= newest_note);
	mem_free(ledger);
}

static void check_cut(struct fixture *fixture, const char *folder, size_t cut, enum variant variant)
{
	fixture->config.folder = folder;
	make_disk(folder, cut, variant);
	fixture_open(fixture);
	check(fixture, cut);
	fixture_crash(fixture);
	arena_reset(&fixture->arena);
	folder_remove(folder);
}

static void test_power_cuts(void **state)
{
	struct fixture *fixture = *state;
	bool fast = access("/dev/shm", W_OK) == 0;
	char *folder = mem_printf("%s/spool-cut-%d", fast ? "/dev/shm" : fixture->folder, getpid());
	size_t cut;
	int variant;

	recording_files = spool_files_system;
	recording_files.open = recording_open;
	recording_files.write = recording_write;
	recording_files.reserve = recording_reserve;
	recording_files.truncate = recording_truncate;
	recording_files.sync = recording_sync;
	recording_files.sync_folder = recording_sync_folder;
	recording_files.unlink = recording_unlink;
	spool_files = &recording_files;
	fixture->config.durability = SPOOL_POWER;
	fixture_open(fixture);
	fixture->spool->disk->segment_bytes = 4096;
	run(fixture, 160);
	fixture_crash(fixture);
	spool_files = &spool_files_system;

	fixture->config.durability = SPOOL_PROCESS;
	log_threshold = LOG_LEVEL_ERROR;
	for (cut = 0; cut <= steps_count; cut++) {
		if (cut > 0 && steps[cut - 1].kind > UNLINK && steps[cut - 1].kind != ACKNOWLEDGED)
			continue;
		for (variant = 0; variant < VARIANTS; variant++)
			check_cut(fixture, folder, cut, (enum variant)variant);
	}
	log_threshold = LOG_LEVEL_INFO;
	print_message("%zu steps, %d files\n", steps_count, files_count);
	assert_true(files_count > 5);
	mem_free(folder);
	for (cut = 0; cut < steps_count; cut++)
		mem_free(steps[cut].bytes);
	mem_free(steps);
	while (files_count > 0)
		mem_free(file_names[--files_count]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_power_cuts, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
