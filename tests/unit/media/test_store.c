/* SPDX-License-Identifier: MIT */
/* The folder: what is kept, for how long, and what is in the way. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "tests/unit/folder.h"
#include "tests/unit/media/fixture.h"

#define MIB (1u << 20)

static void keeps_by_content(void **state)
{
	struct fixture *f = *state;
	struct outcome a = {0}, b = {0};
	char text[10];
	uint64_t size;
	struct stat info;
	int fd;

	assert_int_equal(store(f, "alice", "../a.txt", "hello\n", 6, &a), 0);
	assert_string_equal(a.file.key, "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03");
	assert_string_equal(a.file.type, "text/plain; charset=utf-8");
	assert_string_equal(a.file.name, "a.txt");
	assert_int_equal(a.file.size, 6);
	assert_int_equal(media_open_file(f->media, a.file.key, &fd, &size), 0);
	assert_int_equal(read(fd, text, sizeof(text)), 6);
	assert_memory_equal(text, "hello\n", 6);
	assert_int_equal(fstat(fd, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	close(fd);
	/* the same again, of the same person and of another one */
	assert_int_equal(store(f, "alice", "b.txt", "hello\n", 6, &b), 0);
	assert_string_equal(b.file.key, a.file.key);
	assert_string_equal(b.file.name, "b.txt");
	assert_int_equal(media_bytes(f->media), 4096);
	assert_int_equal(store(f, "bob", NULL, "hello\n", 6, &b), 0);
	assert_int_equal(f->media->bytes, 4096);
	assert_int_equal(map_count(f->media->owners), 1);
	assert_int_equal(count_files(f, ""), 1);
	assert_int_equal(media_open_file(f->media, "key", &fd, &size), TP_ERR_NOT_FOUND);
	outcome_finish(&a);
	outcome_finish(&b);
}

static void keeps_nothing_of_strangers_names(void **state)
{
	static const char *const names[] = {"../../x", "key", "writing-x", "a/b", "-rf", ".htaccess", "\x1b[2J", ""};
	struct fixture *f = *state;
	struct outcome outcome = {0};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(store(f, names[i], names[i], names[i], strlen(names[i]) + 1, &outcome), 0);
	assert_int_equal(count_files(f, ""), ARRAY_SIZE(names));
	assert_int_equal(count_files(f, "writing-"), 0);
	outcome_finish(&outcome);
}

static void keeps_empty_files(void **state)
{
	struct fixture *f = *state;
	struct outcome outcome = {0};

	assert_int_equal(store(f, "alice", "empty", "", 0, &outcome), 0);
	assert_int_equal(outcome.file.size, 0);
	assert_true(is_there(f, &outcome));
	outcome_finish(&outcome);
}

static void limits_files(void **state)
{
	struct fixture *f = *state;
	struct outcome outcome = {0};

	assert_int_equal(store_number(f, "alice", 1, MIB, &outcome), 0);
	assert_int_equal(store_number(f, "alice", 2, MIB + 1, &outcome), TP_ERR_LIMIT);
	assert_non_null(strstr(buf_text(&outcome.problem), "larger"));
	assert_int_equal(f->media->bytes, MIB);
	assert_int_equal(count_files(f, ""), 1);
	outcome_finish(&outcome);
}

static void limits_people(void **state)
{
	struct fixture *f = *state;
	struct outcome files[4] = {0}, other = {0};

	assert_int_equal(store_number(f, "bob", 0, 10, &other), 0);
	age(f, &other, 5000);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(store_number(f, "alice", i + 1, MIB, &files[i]), 0);
	/* all have just been stored */
	assert_int_equal(store_number(f, "alice", 4, 1, &files[3]), TP_ERR_LIMIT);
	for (unsigned i = 0; i < 3; i++)
		age(f, &files[i], 1000 - (long)i);
	/* a URL of the oldest is made: the next one goes */
	struct buf url = {0};

	media_put_url(f->media, &files[0].file, &url);
	buf_finish(&url);
	assert_int_equal(store_number(f, "alice", 4, 1, &files[3]), 0);
	assert_true(is_there(f, &files[0]));
	assert_false(is_there(f, &files[1]));
	assert_true(is_there(f, &files[2]));
	assert_true(is_there(f, &other));
	for (unsigned i = 0; i < 4; i++)
		outcome_finish(&files[i]);
	outcome_finish(&other);
}

static void limits_all(void **state)
{
	struct fixture *f = *state;
	struct outcome files[6] = {0};
	char owner[8];

	for (unsigned i = 0; i < 5; i++) {
		snprintf(owner, sizeof(owner), "user%u", i);
		assert_int_equal(store_number(f, owner, i, MIB, &files[i]), 0);
	}
	assert_int_equal(store_number(f, "another", 5, MIB, &files[5]), TP_ERR_LIMIT);
	age(f, &files[0], 1000);
	assert_int_equal(store_number(f, "another", 5, MIB, &files[5]), 0);
	assert_false(is_there(f, &files[0]));
	assert_true(is_there(f, &files[1]));
	assert_int_equal(f->media->bytes, 5 * MIB);
	for (unsigned i = 0; i < 6; i++)
		outcome_finish(&files[i]);
}

static void limits_writers(void **state)
{
	struct fixture *f = *state;
	struct media_writer *writers[LIMIT_MEDIA_WRITERS];
	struct outcome outcome = {0};

	for (size_t i = 0; i < ARRAY_SIZE(writers); i++)
		writers[i] = media_begin(f->media, "alice", NULL, outcome_take, &outcome);
	assert_int_equal(store(f, "alice", NULL, "x", 1, &outcome), TP_ERR_LIMIT);
	/* what is being written counts */
	assert_true(media_write(writers[0], "x", 1));
	assert_int_equal(f->media->bytes, 4096);
	for (size_t i = 0; i < ARRAY_SIZE(writers); i++)
		media_abort(&writers[i]);
	TURN_UNTIL(&f->loop, f->media->writers_count == 0);
	assert_int_equal(media_bytes(f->media), 0);
	assert_int_equal(map_count(f->media->owners), 0);
	assert_int_equal(count_files(f, ""), 0);
	assert_int_equal(store(f, "alice", NULL, "x", 1, &outcome), 0);
	assert_int_equal(outcome.done, 2);
	outcome_finish(&outcome);
}

static void fails_files(void **state)
{
	struct fixture *f = *state;
	struct outcome outcome = {0};
	struct media_writer *writer = media_begin(f->media, "alice", NULL, outcome_take, &outcome);

	assert_true(media_write(writer, "half", 4));
	media_fail(&writer, TP_ERR_IO, "the other half is missing");
	assert_null(writer);
	TURN_UNTIL(&f->loop, outcome.done);
	assert_int_equal(outcome.err, TP_ERR_IO);
	assert_string_equal(buf_text(&outcome.problem), "the other half is missing");
	assert_int_equal(f->media->bytes, 0);
	assert_int_equal(count_files(f, ""), 0);
	/* the folder is gone */
	folder_remove(f->folder);
	assert_int_equal(store(f, "alice", NULL, "x", 1, &outcome), TP_ERR_IO);
	outcome_finish(&outcome);
}

static void note_hold(void *context, bool hold)
{
	buf_putc(context, hold ? '1' : '0');
}

static void holds_its_source(void **state)
{
	struct fixture *f = *state;
	struct outcome outcome = {0};
	struct buf holds = {0};
	char *bytes = mem_alloc(MIB / 2);

	f->config.max_file_mb = 4;
	f->config.max_user_mb = f->config.max_total_mb = 9;
	struct media_writer *writer = media_begin(f->media, "alice", NULL, outcome_take, &outcome);

	media_set_hold(writer, note_hold, &holds);
	/* The loop does not turn: nothing comes back from the thread. */
	for (unsigned i = 0; i < 4; i++)
		assert_true(media_write(writer, bytes, MIB / 2));
	assert_string_equal(buf_text(&holds), "1");
	TURN_UNTIL(&f->loop, holds.len == 2);
	assert_string_equal(buf_text(&holds), "10");
	media_end(&writer);
	TURN_UNTIL(&f->loop, outcome.done);
	assert_int_equal(outcome.err, 0);
	assert_int_equal(outcome.file.size, 2 * MIB);
	/* one that does not stop */
	f->config.max_file_mb = 9;
	writer = media_begin(f->media, "alice", NULL, outcome_take, &outcome);
	unsigned written = 0;

	while (media_write(writer, bytes, MIB / 2))
		written++;
	assert_in_range(written, 8, 9);
	media_end(&writer);
	TURN_UNTIL(&f->loop, outcome.done == 2);
	assert_int_equal(outcome.err, TP_ERR_IO);
	mem_free(bytes);
	buf_finish(&holds);
	outcome_finish(&outcome);
}

static void make_file(const struct fixture *f, const char *name, mode_t mode, const char *text)
{
	char *path = mem_printf("%s/%s", f->folder, name);
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, mode);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	mem_free(path);
}

static void outlives_the_process(void **state)
{
	struct fixture *f = *state;
	struct outcome a = {0}, b = {0}, old = {0};
	struct buf url = {0};

	assert_int_equal(store_number(f, "alice", 1, 100, &a), 0);
	assert_int_equal(store_number(f, "bob", 2, 5000, &b), 0);
	assert_int_equal(store_number(f, "bob", 3, 5000, &old), 0);
	age(f, &old, 4000);
	age(f, &b, 700);
	media_put_url(f->media, &a.file, &url);
	struct media_writer *writer = media_begin(f->media, "alice", NULL, outcome_take, &a);

	assert_true(media_write(writer, "half", 4)); /* and the process ends */
	media_stop(f);
	make_file(f, "writing-left", 0600, "left");
	make_file(f, "stranger", 0600, "not ours");
	media_start(f);
	assert_int_equal(count_files(f, "writing-"), 0);
	assert_int_equal(count_files(f, "stranger"), 1);
	assert_true(is_there(f, &a));
	assert_true(is_there(f, &b));
	assert_false(is_there(f, &old)); /* no URL of it is good any more */
	assert_int_equal(f->media->bytes, 4096 + 8192);
	assert_int_equal(map_count(f->media->owners), 2);
	assert_string_equal(CONTAINER_OF(f->media->entries.next, struct media_entry, link)->key, b.file.key);
	assert_memory_equal(get(f, buf_text(&url), ""), "HTTP/1.1 200", 12);
	buf_finish(&url);
	outcome_finish(&a);
	outcome_finish(&b);
	outcome_finish(&old);
}

static void assert_refused(struct fixture *f, const char *why)
{
	struct media_place place = {.loop = &f->loop, .working_dir = "/nonexistent"};
	struct media *media = NULL;
	struct buf error = {0};

	place.http = f->server;
	assert_true(media_open(&place, &f->config, &media, &error) < 0);
	assert_null(media);
	if (!strstr(buf_text(&error), why))
		fail_msg("%s", buf_text(&error));
	buf_finish(&error);
}

static void refuses_what_is_wrong(void **state)
{
	struct fixture *f = *state;
	char folder[64];
	struct stat info;
	char *key = mem_printf("%s/key", f->folder);

	assert_int_equal(stat(key, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	assert_int_equal(info.st_size, 32);
	assert_refused(f, "another instance");
	/* the port is taken: by ourselves, with a folder of its own */
	assert_true(folder_make(folder, sizeof(folder), "media"));
	f->config.folder = folder;
	f->config.port = (long)media_port(f->media);
	assert_refused(f, "media.port");
	folder_remove(folder);
	f->config.folder = "";
	assert_refused(f, "/nonexistent/media");
	f->config.folder = f->folder;
	f->config.port = 0;
	media_stop(f);
	f->server = http_server_create(&f->loop, NULL);
	assert_int_equal(chmod(key, 0644), 0);
	assert_refused(f, "others may read it");
	assert_int_equal(chmod(key, 0600), 0);
	assert_int_equal(truncate(key, 31), 0);
	assert_refused(f, "damaged");
	f->stopped = f->closed = false;
	http_server_close(&f->server, NULL, NULL);
	mem_free(key);
}

static void forgets_what_is_too_old(void **state)
{
	struct fixture *f = *state;
	struct outcome a = {0}, b = {0};

	assert_int_equal(store_number(f, "alice", 1, 100, &a), 0);
	assert_int_equal(store_number(f, "alice", 2, 100, &b), 0);
	age(f, &a, 3600 + 200);
	age(f, &b, 3600 - 10);
	media_store_expire(f->media);
	assert_false(is_there(f, &a));
	assert_true(is_there(f, &b));
	/* removed by somebody else */
	folder_remove(f->folder);
	assert_false(is_there(f, &b));
	assert_int_equal(f->media->bytes, 0);
	outcome_finish(&a);
	outcome_finish(&b);
}

static void checks_its_configuration(void **state)
{
	static const struct {
		const char *url;
		bool good;
	} urls[] = {{"", true},
		    {"https://files.example.org", true},
		    {"http://[2001:db8::1]:8080/x/", true},
		    {"ftp://x", false},
		    {"files.example.org", false},
		    {"https://", false},
		    {"https:///x", false},
		    {"https://a b", false},
		    {"https://a/?x", false}};
	struct fixture *f = *state;
	struct buf error = {0};

	for (size_t i = 0; i < ARRAY_SIZE(urls); i++) {
		f->config.public_url = urls[i].url;
		buf_clear(&error);
		assert_int_equal(media_check(&f->config, &error), urls[i].good);
		assert_int_equal(error.len == 0, urls[i].good);
	}
	f->config.public_url = "https://x";
	f->config.max_file_mb = 4;
	assert_false(media_check(&f->config, &error));
	f->config.max_user_mb = 6;
	buf_clear(&error);
	assert_false(media_check(&f->config, &error));
	assert_non_null(strstr(buf_text(&error), "media.max_size"));
	buf_finish(&error);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, media_set_up, media_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(keeps_by_content),
		TEST(keeps_nothing_of_strangers_names),
		TEST(keeps_empty_files),
		TEST(limits_files),
		TEST(limits_people),
		TEST(limits_all),
		TEST(limits_writers),
		TEST(fails_files),
		TEST(holds_its_source),
		TEST(outlives_the_process),
		TEST(refuses_what_is_wrong),
		TEST(forgets_what_is_too_old),
		TEST(checks_its_configuration),
	};

	return cmocka_run_group_tests_name("media: store", tests, NULL, NULL);
}
