/* SPDX-License-Identifier: MIT */
/*
 * A file that is being written. Pieces gather while one of libuv's threads hashes and writes those before: a slow disk
 * makes nobody wait but the source of the file (media_set_hold).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/random.h"
#include "config/limits.h"
#include "transport/media/media_name.h"
#include "transport/media/media_private.h"

#define RANDOM_LENGTH 16

struct media_writer {
	struct media *media;
	struct list link; /* media.writers */
	struct media_owner *owner;
	uint64_t size, charged;
	char *name;
	char key[MEDIA_KEY_LENGTH + 1]; /* "": the content's hash */
	char written[sizeof("writing-") + RANDOM_LENGTH];
	bool ended, aborted;
	int err; /* of enum tp_error */
	char *problem;
	void (*hold)(void *context, bool hold);
	void *hold_context;
	bool held;
	media_done *done;
	void *context;
	struct buf gathered;
	unsigned char head[MEDIA_HEAD_BYTES];
	size_t head_length;
	/* the thread's, while it works */
	uv_work_t work;
	bool working;
	bool last; /* there is nothing behind it */
	struct buf job;
	int fd, io_error; /* errno */
	crypto_hash_sha256_state hash;
	unsigned char digest[crypto_hash_sha256_BYTES];
};

static void fail(struct media_writer *writer, int err, const char *problem)
{
	if (writer->err)
		return;
	writer->err = err;
	writer->problem = mem_strdup(problem);
	buf_finish(&writer->gathered);
}

static void writer_free(struct media_writer *writer)
{
	struct media *media = writer->media;

	list_remove(&writer->link);
	media->writers_count--;
	media_store_uncharge(media, writer->owner, writer->charged);
	media_owner_release(media, writer->owner);
	if (writer->fd >= 0)
		close(writer->fd);
	if (*writer->written)
		unlinkat(media->folder, writer->written, 0);
	buf_finish(&writer->gathered);
	buf_finish(&writer->job);
	mem_free(writer->name);
	mem_free(writer->problem);
	mem_free(writer);
	media_release(media);
}

/* ---- the thread ---- */

static int write_all(int fd, const char *bytes, size_t count)
{
	while (count > 0) {
		ssize_t written = write(fd, bytes, count);

		if (written < 0 && errno != EINTR)
			return errno;
		if (written > 0) {
			bytes += written;
			count -= (size_t)written;
		}
	}
	return 0;
}

static void work(uv_work_t *request)
{
	struct media_writer *writer = request->data;

	if (writer->job.len && !writer->io_error) {
		if (!*writer->key)
			crypto_hash_sha256_update(&writer->hash, (const unsigned char *)writer->job.data, writer->job.len);
		writer->io_error = write_all(writer->fd, writer->job.data, writer->job.len);
	}
	if (!writer->last)
		return;
	crypto_hash_sha256_final(&writer->hash, writer->digest);
	if (writer->fd >= 0 && close(writer->fd) < 0 && !writer->io_error)
		writer->io_error = errno; /* of a network's file system */
	writer->fd = -1;
}

/* ---- the loop ---- */

static void set_hold(struct media_writer *writer, bool hold)
{
	if (writer->held == hold || !writer->hold)
		return;
	writer->held = hold;
	writer->hold(writer->hold_context, hold);
}

static void finish(struct media_writer *writer)
{
	struct media_file file = {.name = writer->name, .size = writer->size};
	struct media_entry *entry = NULL;
	media_done *done = writer->done;

	if (!*writer->key)
		sodium_bin2hex(writer->key, sizeof(writer->key), writer->digest, sizeof(writer->digest));
	if (!writer->err) {
		entry = media_store_take(writer->media, writer->owner, writer->written, writer->key, writer->size);
		if (entry) {
			writer->charged = 0;
			*writer->written = '\0';
		} else {
			fail(writer, TP_ERR_IO, "there is no place left for another file");
		}
	}
	memcpy(file.key, writer->key, sizeof(file.key));
	file.type = media_type_of(writer->head, writer->head_length);
	writer->working = true; /* whoever is called may close everything */
	if (done && !writer->aborted)
		done(writer->context, writer->err, entry ? &file : NULL, writer->err ? writer->problem : NULL);
	writer_free(writer);
}

static void work_done(uv_work_t *request, int status);

static void begin_work(struct media_writer *writer)
{
	struct buf empty = writer->job;

	writer->job = writer->gathered;
	writer->gathered = empty;
	buf_clear(&writer->gathered);
	writer->last = writer->ended;
	writer->working = true;
	writer->work.data = writer;
	if (uv_queue_work(writer->media->loop, &writer->work, work, work_done) < 0) {
		work(&writer->work);
		work_done(&writer->work, 0);
	}
}

static void work_done(uv_work_t *request, int status)
{
	struct media_writer *writer = request->data;

	(void)status;
	writer->working = false;
	if (writer->io_error && !writer->err) {
		log_warning(&writer->media->log, "a file cannot be written: %s", strerror(writer->io_error));
		fail(writer, TP_ERR_IO, "it cannot be stored");
	}
	if (writer->aborted) {
		writer_free(writer);
	} else if (writer->last) {
		finish(writer);
	} else {
		if (writer->gathered.len || writer->ended)
			begin_work(writer);
		set_hold(writer, false);
	}
}

static void open_file(struct media_writer *writer)
{
	char random[RANDOM_LENGTH + 1];

	random_token(random, RANDOM_LENGTH);
	snprintf(writer->written, sizeof(writer->written), "writing-%s", random);
	writer->fd = openat(writer->media->folder, writer->written, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
			    0600);
	if (writer->fd >= 0)
		return;
	log_warning(&writer->media->log, "a file cannot be made: %s", strerror(errno));
	*writer->written = '\0';
	fail(writer, TP_ERR_IO, "it cannot be stored");
}

struct media_writer *media_writer_create(struct media *media, const char *tag, const char *key, const char *name,
					 media_done *done, void *context)
{
	struct media_writer *writer = MEM_NEW(struct media_writer);
	struct buf clean = {0};

	media_name_clean(&clean, name);
	writer->media = media;
	writer->owner = media_owner_of(media, tag);
	writer->name = buf_take(&clean);
	writer->done = done;
	writer->context = context;
	writer->fd = -1;
	if (key)
		snprintf(writer->key, sizeof(writer->key), "%s", key);
	crypto_hash_sha256_init(&writer->hash);
	list_init(&writer->link);
	list_append(&media->writers, &writer->link);
	media->pending++;
	if (++media->writers_count > LIMIT_MEDIA_WRITERS)
		fail(writer, TP_ERR_LIMIT, "too many files are on their way");
	else
		open_file(writer);
	return writer;
}

struct media_writer *media_begin(struct media *media, const char *owner, const char *name, media_done *done,
				 void *context)
{
	char tag[MEDIA_TAG_LENGTH + 1];

	media_tag(media, owner, tag);
	return media_writer_create(media, tag, NULL, name, done, context);
}

void media_set_hold(struct media_writer *writer, void (*hold)(void *context, bool hold), void *context)
{
	writer->hold = hold;
	writer->hold_context = context;
	writer->held = false;
}

static bool has_room(struct media_writer *writer, size_t count)
{
	uint64_t size = writer->size + count;
	uint64_t wanted = media_store_round(size);

	if (size > media_file_max(writer->media)) {
		fail(writer, TP_ERR_LIMIT, "it is larger than a file may be here");
	} else if (wanted > writer->charged &&
		   !media_store_charge(writer->media, writer->owner, wanted - writer->charged)) {
		fail(writer, TP_ERR_LIMIT, "there is no space left for it");
	} else {
		writer->charged = wanted;
		return true;
	}
	return false;
}

static void note_head(struct media_writer *writer, const void *bytes, size_t count)
{
	size_t room = sizeof(writer->head) - writer->head_length;

	memcpy(writer->head + writer->head_length, bytes, count < room ? count : room);
	writer->head_length += count < room ? count : room;
}

bool media_write(struct media_writer *writer, const void *bytes, size_t count)
{
	if (!count)
		return !writer->err;
	if (writer->err || !has_room(writer, count))
		return false;
	if (writer->gathered.len + count > LIMIT_MEDIA_WRITE_MAX_BYTES) {
		fail(writer, TP_ERR_IO, "the disk does not keep up with it");
		return false;
	}
	writer->size += count;
	note_head(writer, bytes, count);
	buf_append(&writer->gathered, bytes, count);
	if (!writer->working)
		begin_work(writer);
	else if (writer->gathered.len > LIMIT_MEDIA_WRITE_BYTES)
		set_hold(writer, true);
	return true;
}

void media_end(struct media_writer **slot)
{
	struct media_writer *writer = *slot;

	*slot = NULL;
	writer->ended = true;
	writer->hold = NULL;
	if (!writer->working)
		begin_work(writer);
}

void media_fail(struct media_writer **slot, int err, const char *problem)
{
	fail(*slot, err, problem);
	media_end(slot);
}

void media_abort(struct media_writer **slot)
{
	struct media_writer *writer = *slot;

	*slot = NULL;
	if (!writer)
		return;
	writer->aborted = writer->ended = true;
	writer->hold = NULL;
	if (!writer->working)
		writer_free(writer);
}

void media_writers_abort(struct media *media)
{
	LIST_EACH(link, &media->writers)
	{
		struct media_writer *writer = CONTAINER_OF(link, struct media_writer, link);

		media_abort(&writer);
	}
}
