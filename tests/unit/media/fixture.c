/* SPDX-License-Identifier: MIT */
#include "tests/unit/media/fixture.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "tests/unit/folder.h"
#include "transport/http/http_client_private.h"

#define PUBLIC "https://files.example.org/sub"

void media_start(struct fixture *f)
{
	struct media_place place = {.loop = &f->loop, .working_dir = "/nonexistent"};
	struct buf error = {0};

	f->server = http_server_create(&f->loop, NULL);
	place.http = f->server;
	if (media_open(&place, &f->config, &f->media, &error) != 0)
		fail_msg("%s", buf_text(&error));
}

void media_stop(struct fixture *f)
{
	f->stopped = f->closed = false;
	http_server_close(&f->server, note_true, &f->stopped);
	media_close(&f->media, note_true, &f->closed);
	assert_null(f->media);
	TURN_UNTIL(&f->loop, f->stopped && f->closed);
}

/* ---- somebody else's server ---- */

static void serve(struct http_request *request, void *context)
{
	struct fixture *f = context;

	f->peer_requests++;
	if (f->peer_status)
		http_answer(request, f->peer_status, "text/html", f->peer_body, f->peer_length);
	else
		f->waiting = request;
}

static void gone(struct http_request *request, void *context)
{
	struct fixture *f = context;

	if (f->waiting == request)
		f->waiting = NULL;
}

static bool allow_peer(void *context, const struct sockaddr *address)
{
	struct fixture *f = context;
	const struct sockaddr_in *v4 = (const void *)address;

	return address->sa_family == AF_INET && f->allowed_port && ntohs(v4->sin_port) == f->allowed_port;
}

void peer_open(struct fixture *f, struct http_server *server)
{
	struct buf error = {0};

	assert_int_equal(http_server_listen(server, "127.0.0.1", 0, &f->peer, &error), 0);
	assert_true(http_listener_route(f->peer, &(struct http_route){.path = "/f/",
								       .methods = HTTP_GET,
								       .complete = serve,
								       .gone = gone,
								       .context = f}));
	f->peer_status = 200;
	f->allowed_port = http_listener_port(f->peer);
	http_client_set_guard(f->media->client, allow_peer, f);
}

char *peer_url(struct fixture *f, const char *name)
{
	return mem_printf("http://127.0.0.1:%u/f/%s", http_listener_port(f->peer), name);
}

/* ---- fixture ---- */

int media_set_up(void **state)
{
	struct fixture *f = MEM_NEW(struct fixture);

	f->config = (struct media_config){.public_url = PUBLIC "//",
					  .host = "127.0.0.1",
					  .max_file_mb = 1,
					  .max_user_mb = 3,
					  .max_total_mb = 5,
					  .url_s = 3600};
	assert_true(folder_make(f->folder, sizeof(f->folder), "media"));
	f->config.folder = f->folder;
	uv_loop_init(&f->loop);
	media_start(f);
	*state = f;
	return 0;
}

int media_tear_down(void **state)
{
	struct fixture *f = *state;

	if (f->media)
		media_stop(f);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	folder_remove(f->folder);
	buf_finish(&f->reference);
	mem_free(f);
	return 0;
}

void outcome_take(void *context, int err, const struct media_file *file, const char *problem)
{
	struct outcome *outcome = context;

	outcome->done++;
	outcome->err = err;
	assert_true(!err == !!file);
	assert_true(!err == !problem);
	buf_clear(&outcome->name);
	buf_clear(&outcome->problem);
	buf_puts(&outcome->problem, problem);
	if (!file)
		return;
	buf_puts(&outcome->name, file->name);
	outcome->file = *file;
	outcome->file.name = buf_text(&outcome->name);
}

void outcome_finish(struct outcome *outcome)
{
	buf_finish(&outcome->name);
	buf_finish(&outcome->problem);
}

int store(struct fixture *f, const char *owner, const char *name, const void *bytes, size_t count,
	  struct outcome *outcome)
{
	struct media_writer *writer = media_begin(f->media, owner, name, outcome_take, outcome);
	unsigned before = outcome->done;

	for (size_t at = 0; at < count; at += 5000)
		if (!media_write(writer, (const char *)bytes + at, count - at < 5000 ? count - at : 5000))
			break;
	media_end(&writer);
	assert_null(writer);
	assert_int_equal(outcome->done, before);
	TURN_UNTIL(&f->loop, outcome->done > before);
	return outcome->err;
}

int store_number(struct fixture *f, const char *owner, unsigned number, size_t count, struct outcome *outcome)
{
	char *bytes = mem_alloc(count + 16);

	snprintf(bytes, count + 16, "number %08u", number);
	int err = store(f, owner, "number.txt", bytes, count, outcome);

	mem_free(bytes);
	return err;
}

void age(struct fixture *f, const struct outcome *outcome, long seconds)
{
	struct media_entry *entry = map_get(f->media->by_key, outcome->file.key);
	struct timespec times[2] = {{.tv_sec = media_now() - seconds}, {.tv_sec = media_now() - seconds}};
	char *name;

	assert_non_null(entry);
	entry->used -= seconds;
	name = mem_printf("%s-%s", entry->key, entry->owner->tag);
	assert_int_equal(utimensat(f->media->folder, name, times, 0), 0);
	mem_free(name);
}

bool is_there(struct fixture *f, const struct outcome *outcome)
{
	uint64_t size;
	int fd, err = media_open_file(f->media, outcome->file.key, &fd, &size);

	if (err)
		return false;
	assert_int_equal(size, outcome->file.size);
	close(fd);
	return true;
}

unsigned count_files(struct fixture *f, const char *begin)
{
	DIR *folder = opendir(f->folder);
	struct dirent *entry;
	unsigned count = 0;

	while ((entry = readdir(folder)))
		count += entry->d_name[0] != '.' && strcmp(entry->d_name, "key") != 0 && text_starts(entry->d_name, begin);
	closedir(folder);
	return count;
}

const char *get(struct fixture *f, const char *url, const char *headers)
{
	char *request;

	assert_true(text_starts(url, PUBLIC "/media/"));
	request = mem_printf("GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n", url + strlen(PUBLIC), headers);
	const char *answer = client_ask(&f->loop, f->media->listener, request);

	mem_free(request);
	return answer;
}

bool has_header(const char *answer, const char *line)
{
	char *whole = mem_printf("\r\n%s\r\n", line);
	const char *end = strstr(answer, "\r\n\r\n");
	const char *at = strstr(answer, whole);

	mem_free(whole);
	return at && at < end + 2;
}
