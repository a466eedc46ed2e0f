/* SPDX-License-Identifier: MIT */
/* Pictures of people. */
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

#define GIF "GIF89a\2\1\7\0"
#define WHOSE "alice@example.org"

static int keep(struct fixture *f, const char *whose, const char *hash, const void *bytes, size_t count)
{
	struct outcome outcome = {0};

	media_store_avatar(f->media, whose, hash, bytes, count, outcome_take, &outcome);
	assert_int_equal(outcome.done, 0);
	TURN_UNTIL(&f->loop, outcome.done);
	int err = outcome.err;

	outcome_finish(&outcome);
	return err;
}

static struct media_entry *entry_of(struct fixture *f, const char *url)
{
	return map_get(f->media->by_key, strrchr(url, '/') + 1);
}

static void serves_pictures(void **state)
{
	struct fixture *f = *state;
	struct buf url = {0}, again = {0};

	assert_false(media_put_avatar_url(f->media, WHOSE, "h1", &url));
	assert_int_equal(url.len, 0);
	assert_int_equal(keep(f, WHOSE, "h1", GIF, 10), 0);
	assert_true(media_put_avatar_url(f->media, WHOSE, "h1", &url));
	assert_true(text_starts(url.data, "https://files.example.org/sub/media/avatar/"));
	const char *answer = get(f, url.data, "");

	assert_true(text_starts(answer, "HTTP/1.1 200"));
	assert_true(has_header(answer, "Content-Type: image/gif"));
	assert_true(has_header(answer, "Content-Disposition: inline"));
	assert_true(has_header(answer, "Cache-Control: public, max-age=86400, immutable"));
	assert_true(has_header(answer, "X-Content-Type-Options: nosniff"));
	assert_true(has_header(answer, "Content-Security-Policy: sandbox; default-src 'none'"));
	assert_memory_equal(content_of(answer), GIF, 10);
	/* it stays the same, also over a restart */
	media_stop(f);
	media_start(f);
	assert_true(media_put_avatar_url(f->media, WHOSE, "h1", &again));
	assert_string_equal(url.data, again.data);
	assert_true(text_starts(get(f, url.data, ""), "HTTP/1.1 200"));
	/* of nobody else, and no other one */
	assert_false(media_put_avatar_url(f->media, "bob@example.org", "h1", &again));
	assert_false(media_put_avatar_url(f->media, WHOSE, "h2", &again));
	buf_finish(&url);
	buf_finish(&again);
}

static void refuses_what_is_none(void **state)
{
	struct fixture *f = *state;
	char *large = mem_alloc(LIMIT_MEDIA_AVATAR_BYTES + 1);

	memcpy(large, GIF, 10);
	assert_int_equal(keep(f, WHOSE, "h1", "<svg/>", 6), TP_ERR_INVALID);
	assert_int_equal(keep(f, WHOSE, "h1", "", 0), TP_ERR_INVALID);
	assert_int_equal(keep(f, WHOSE, "h1", large, LIMIT_MEDIA_AVATAR_BYTES + 1), TP_ERR_LIMIT);
	assert_int_equal(count_files(f, ""), 0);
	mem_free(large);
}

/* Files of people need their signature, also under this path. */
static void gives_no_files(void **state)
{
	static const char *const keys[] = {"", "x", "../key", "%2e%2e/key",
					   "0000000000000000000000000000000000000000000000000000000000000000"};
	struct fixture *f = *state;
	struct outcome outcome = {0};
	char *url;

	assert_int_equal(store(f, WHOSE, "a.gif", GIF, 10, &outcome), 0);
	url = mem_printf("https://files.example.org/sub/media/avatar/%s", outcome.file.key);
	assert_true(text_starts(get(f, url, ""), "HTTP/1.1 404"));
	mem_free(url);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		url = mem_printf("https://files.example.org/sub/media/avatar/%s", keys[i]);
		const char *answer = get(f, url, "");

		assert_true(text_starts(answer, "HTTP/1.1 404") || text_starts(answer, "HTTP/1.1 400"));
		mem_free(url);
	}
	outcome_finish(&outcome);
}

/* It outlives the files around it, for its time. */
static void keeps_them_longer(void **state)
{
	struct fixture *f = *state;
	struct outcome outcome = {0};
	struct buf url = {0};

	assert_int_equal(keep(f, WHOSE, "h1", GIF, 10), 0);
	assert_true(media_put_avatar_url(f->media, WHOSE, "h1", &url));
	assert_int_equal(store_number(f, WHOSE, 1, 100, &outcome), 0);
	entry_of(f, url.data)->used -= 10 * 86400;
	age(f, &outcome, 10 * 86400);
	media_store_expire(f->media);
	assert_false(is_there(f, &outcome));
	assert_non_null(entry_of(f, url.data));
	entry_of(f, url.data)->used -= LIMIT_MEDIA_AVATAR_SECONDS;
	media_store_expire(f->media);
	assert_null(entry_of(f, url.data));
	assert_true(text_starts(get(f, url.data, ""), "HTTP/1.1 404"));
	assert_int_equal(count_files(f, ""), 0);
	buf_finish(&url);
	outcome_finish(&outcome);
}

/* The oldest go when their share is used up. */
static void bounds_them(void **state)
{
	struct fixture *f = *state;
	char *picture = mem_alloc(LIMIT_MEDIA_AVATAR_BYTES);
	struct buf url = {0};

	memcpy(picture, GIF, 10);
	for (unsigned i = 0; i < 4; i++) {
		char hash[8];

		snprintf(hash, sizeof(hash), "h%u", i);
		assert_int_equal(keep(f, WHOSE, hash, picture, LIMIT_MEDIA_AVATAR_BYTES), i < 3 ? 0 : TP_ERR_LIMIT);
		buf_clear(&url);
		assert_int_equal(media_put_avatar_url(f->media, WHOSE, hash, &url), i < 3);
	}
	assert_true(media_put_avatar_url(f->media, WHOSE, "h0", &url));
	buf_clear(&url);
	assert_true(media_put_avatar_url(f->media, WHOSE, "h1", &url));
	LIST_EACH(link, &f->media->entries)
	{
		CONTAINER_OF(link, struct media_entry, link)->used -= 10000;
	}
	assert_int_equal(keep(f, WHOSE, "h3", picture, LIMIT_MEDIA_AVATAR_BYTES), 0);
	buf_clear(&url);
	assert_false(media_put_avatar_url(f->media, WHOSE, "h2", &url));
	assert_true(media_put_avatar_url(f->media, WHOSE, "h1", &url));
	buf_finish(&url);
	mem_free(picture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(serves_pictures, media_set_up, media_tear_down),
		cmocka_unit_test_setup_teardown(refuses_what_is_none, media_set_up, media_tear_down),
		cmocka_unit_test_setup_teardown(gives_no_files, media_set_up, media_tear_down),
		cmocka_unit_test_setup_teardown(keeps_them_longer, media_set_up, media_tear_down),
		cmocka_unit_test_setup_teardown(bounds_them, media_set_up, media_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
