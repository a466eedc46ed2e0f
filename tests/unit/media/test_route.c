/* SPDX-License-Identifier: MIT */
/* GET /media/...: who gets what, and under which headers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "tests/unit/media/fixture.h"

static void assert_status(const char *answer, unsigned status)
{
	char line[16];

	snprintf(line, sizeof(line), "HTTP/1.1 %u ", status);
	if (!text_starts(answer, line))
		fail_msg("not %u: %s", status, answer);
	assert_true(has_header(answer, "X-Content-Type-Options: nosniff"));
	assert_true(has_header(answer, "Content-Security-Policy: sandbox; default-src 'none'"));
}

static void serves_files(void **state)
{
	struct fixture *f = *state;
	struct outcome text = {0}, picture = {0};
	struct buf url = {0};

	assert_int_equal(store(f, "alice", "caf\xc3\xa9 <b>.html", "<script>x</script>", 18, &text), 0);
	media_put_url(f->media, &text.file, &url);
	const char *answer = get(f, buf_text(&url), "");

	assert_status(answer, 200);
	assert_true(has_header(answer, "Content-Type: text/plain; charset=utf-8"));
	assert_true(has_header(answer, "Content-Disposition: attachment; filename=\"caf_ _b_.html\"; "
				       "filename*=UTF-8''caf%C3%A9%20_b_.html"));
	assert_string_equal(content_of(answer), "<script>x</script>");
	buf_clear(&url);
	assert_int_equal(store(f, "alice", "p.html", "GIF89a\1\0\1\0", 10, &picture), 0);
	media_put_url(f->media, &picture.file, &url);
	answer = get(f, buf_text(&url), "");
	assert_status(answer, 200);
	assert_true(has_header(answer, "Content-Type: image/gif"));
	assert_true(has_header(answer, "Content-Disposition: inline; filename=\"p.html\""));
	/* a part of it, and nothing if it has not changed */
	answer = get(f, buf_text(&url), "Range: bytes=3-5\r\n");
	assert_status(answer, 206);
	assert_true(has_header(answer, "Content-Range: bytes 3-5/10"));
	assert_string_equal(content_of(answer), "89a");
	assert_status(get(f, buf_text(&url), "Range: bytes=10-\r\n"), 416);
	char *match = mem_printf("If-None-Match: \"%s\"\r\n", picture.file.key);

	assert_status(get(f, buf_text(&url), match), 304);
	mem_free(match);
	buf_finish(&url);
	outcome_finish(&text);
	outcome_finish(&picture);
}

static void refuses_other_urls(void **state)
{
	static const char *const paths[] = {
		"", "key", "writing-x/y?e=9999999999&s=0123456789abcdef0123456789abcdef", "../key",
		"mxc/a/b?e=1&o=0123456789abcdef&s=x", "mxc/", "%2e%2e/x",
	};
	struct fixture *f = *state;
	struct outcome outcome = {0};
	struct buf url = {0};
	char *other;

	assert_int_equal(store(f, "alice", "a.txt", "hello", 5, &outcome), 0);
	media_put_url(f->media, &outcome.file, &url);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		other = mem_printf("https://files.example.org/sub/media/%s", paths[i]);
		const char *answer = get(f, other, "");

		if (!text_starts(answer, "HTTP/1.1 404") && !text_starts(answer, "HTTP/1.1 400"))
			fail_msg("%s: %s", other, answer);
		mem_free(other);
	}
	/* the right one with a letter changed, and without what signs it */
	char *signature = strstr(url.data, "&s=");

	signature[3] = signature[3] == 'A' ? 'B' : 'A';
	assert_status(get(f, url.data, ""), 404);
	*signature = '\0';
	assert_status(get(f, url.data, ""), 404);
	/* expired; gone */
	buf_clear(&url);
	f->config.url_s = -1;
	media_put_url(f->media, &outcome.file, &url);
	assert_status(get(f, url.data, ""), 410);
	buf_clear(&url);
	f->config.url_s = 3600;
	media_put_url(f->media, &outcome.file, &url);
	assert_status(get(f, url.data, ""), 200);
	age(f, &outcome, 10000);
	media_store_expire(f->media);
	assert_status(get(f, url.data, ""), 410);
	buf_finish(&url);
	outcome_finish(&outcome);
}

/* ---- what people put there themselves ---- */

/* The answer to a PUT of the URL that announces `length` bytes. */
static const char *put(struct fixture *f, const char *url, size_t length, const char *body)
{
	const char *path = strstr(url, "/media/");
	char *request = mem_printf("PUT %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s",
				   path, length, body);
	const char *answer = client_ask(&f->loop, f->media->listener, request);

	mem_free(request);
	return answer;
}

static void takes_uploads(void **state)
{
	struct fixture *f = *state;
	struct buf to = {0}, from = {0}, other = {0};

	assert_true(media_put_upload_urls(f->media, "alice", "../p.html", 10, &to, &from));
	assert_true(media_is_own_url(f->media, buf_text(&from)));
	assert_false(media_is_own_url(f->media, "https://files.example.org.evil/sub/media/x"));
	assert_status(get(f, buf_text(&from), ""), 404);
	/* another size, without or with a changed signature; not with the URL that it is got by */
	assert_status(put(f, buf_text(&to), 9, "GIF89a\1\1\1"), 400);
	assert_true(text_starts(put(f, buf_text(&from), 10, "GIF89a\1\1\1\1"), "HTTP/1.1 405 "));
	char *changed = mem_strdup(buf_text(&to));

	strstr(changed, "-10/")[2] = '1';
	assert_status(put(f, changed, 11, "GIF89a\1\1\1\1\1"), 404);
	mem_free(changed);
	assert_true(text_starts(get(f, buf_text(&to), ""), "HTTP/1.1 405 "));
	assert_true(text_starts(put(f, buf_text(&to), 10, "GIF89a\1\1\1\1"), "HTTP/1.1 201 "));
	const char *answer = get(f, buf_text(&from), "");

	assert_status(answer, 200);
	assert_true(has_header(answer, "Content-Type: image/gif"));
	assert_true(has_header(answer, "Content-Disposition: inline; filename=\"p.html\""));
	/* once */
	assert_status(put(f, buf_text(&to), 10, "GIF89a\2\2\2\2"), 409);
	assert_non_null(strstr(content_of(get(f, buf_text(&from), "")), "\1\1\1\1"));
	/* too large, and nothing */
	assert_false(media_put_upload_urls(f->media, "alice", "x", media_file_max(f->media) + 1, &other, &other));
	assert_false(media_put_upload_urls(f->media, "alice", "x", 0, &other, &other));
	buf_finish(&to);
	buf_finish(&from);
	buf_finish(&other);
}

/* Whoever leaves in the middle leaves nothing behind, and may try again. */
static void forgets_half_an_upload(void **state)
{
	struct fixture *f = *state;
	struct buf to = {0}, from = {0};
	struct client client;

	assert_true(media_put_upload_urls(f->media, "alice", "a.txt", 5, &to, &from));
	char *request = mem_printf("PUT %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhel",
				   strstr(buf_text(&to), "/media/"));

	client_open(&client, &f->loop, f->media->listener);
	assert_true(client_say(&client, request, strlen(request)));
	TURN_UNTIL(&f->loop, f->media->writers_count == 1);
	client_close(&client);
	TURN_UNTIL(&f->loop, f->media->writers_count == 0);
	assert_int_equal(count_files(f, ""), 0);
	assert_status(get(f, buf_text(&from), ""), 404);
	assert_true(text_starts(put(f, buf_text(&to), 5, "hello"), "HTTP/1.1 201 "));
	assert_string_equal(content_of(get(f, buf_text(&from), "")), "hello");
	mem_free(request);
	buf_finish(&to);
	buf_finish(&from);
}

/* ---- sources ---- */

static void begin_fetch(void *context, const char *reference, struct media_writer *writer)
{
	struct fixture *f = context;

	f->fetches++;
	f->writer = writer;
	buf_clear(&f->reference);
	buf_puts(&f->reference, reference);
}

static void ask_for(struct fixture *f, struct client *client, const char *url)
{
	char *request = mem_printf("GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", strstr(url, "/media/"));

	client_open(client, &f->loop, f->media->listener);
	client_say(client, request, strlen(request));
	mem_free(request);
}

static void fetches_when_asked(void **state)
{
	struct fixture *f = *state;
	struct media_source source = {"mxc", begin_fetch, f};
	struct client first, second;
	struct buf url = {0};

	assert_true(media_add_source(f->media, &source));
	assert_false(media_add_source(f->media, &source));
	assert_false(media_put_source_url(f->media, "mxc", "a//b", "alice", NULL, &url));
	assert_true(media_put_source_url(f->media, "mxc", "[::1]:8448/AbC", "alice", "../p.gif", &url));
	assert_int_equal(f->fetches, 0);
	ask_for(f, &first, url.data);
	TURN_UNTIL(&f->loop, f->writer);
	assert_string_equal(buf_text(&f->reference), "[::1]:8448/AbC");
	ask_for(f, &second, url.data);
	TURN_UNTIL(&f->loop, http_server_count(f->server) == 2);
	assert_true(media_write(f->writer, "GIF89a\1\0", 8));
	assert_true(media_write(f->writer, "\1\0", 2));
	/* one does not wait */
	client_close(&first);
	media_end(&f->writer);
	const char *answer = client_hear(&second);

	assert_status(answer, 200);
	assert_true(has_header(answer, "Content-Type: image/gif"));
	assert_true(has_header(answer, "Content-Disposition: inline; filename=\"p.gif\""));
	client_close(&second);
	/* from now on it is there, also for another name of it */
	assert_status(get(f, url.data, "Range: bytes=0-2\r\n"), 206);
	assert_int_equal(f->fetches, 1);
	buf_clear(&url);
	assert_true(media_put_source_url(f->media, "mxc", "[::1]:8448/AbC", "bob", "q.gif", &url));
	assert_status(get(f, url.data, ""), 200);
	assert_int_equal(f->fetches, 1);
	assert_int_equal(map_count(f->media->owners), 1); /* the first one's */
	buf_finish(&url);
}

static void says_what_fails(void **state)
{
	static const struct {
		int err;
		unsigned status;
	} ends[] = {{TP_ERR_NOT_FOUND, 404}, {TP_ERR_IO, 502}, {TP_ERR_LIMIT, 503}, {TP_ERR_CLOSED, 502}};
	struct fixture *f = *state;
	struct media_source source = {"mxc", begin_fetch, f};
	struct buf url = {0};
	struct client client;

	assert_true(media_put_source_url(f->media, "mxc", "a/b", "alice", NULL, &url));
	assert_status(get(f, url.data, ""), 503); /* there is no source yet */
	assert_true(media_add_source(f->media, &source));
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		ask_for(f, &client, url.data);
		TURN_UNTIL(&f->loop, f->writer);
		media_write(f->writer, "half", 4);
		media_fail(&f->writer, ends[i].err, "no luck");
		assert_status(client_hear(&client), ends[i].status);
		assert_non_null(strstr(buf_text(&client.in), "no luck"));
		client_close(&client);
	}
	assert_int_equal(f->media->bytes, 0);
	assert_int_equal(count_files(f, ""), 0);
	/* larger than it may be */
	ask_for(f, &client, url.data);
	TURN_UNTIL(&f->loop, f->writer);
	while (media_write(f->writer, url.data, 100))
		continue;
	media_end(&f->writer);
	assert_status(client_hear(&client), 503);
	client_close(&client);
	/* everything ends while somebody waits */
	ask_for(f, &client, url.data);
	TURN_UNTIL(&f->loop, f->writer);
	media_stop(f);
	client_close(&client);
	buf_finish(&url);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, media_set_up, media_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(serves_files),
		TEST(takes_uploads),
		TEST(forgets_half_an_upload),
		TEST(refuses_other_urls),
		TEST(fetches_when_asked),
		TEST(says_what_fails),
	};

	return cmocka_run_group_tests_name("media: route", tests, NULL, NULL);
}
