/* SPDX-License-Identifier: MIT */
/* Strangers' links. What they lead to is on this machine here, so that the guard is asked and mostly overruled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/error.h"
#include "base/mem.h"
#include "tests/unit/media/fixture.h"
#include "transport/http/http_client_private.h"
#include "transport/http/http_guard.h"

#define MIB (1u << 20)

static int fetch(struct fixture *f, const char *name, struct outcome *outcome)
{
	unsigned before = outcome->done;
	char *url = peer_url(f, name);

	assert_non_null(media_fetch(f->media, "alice", url, outcome_take, outcome));
	assert_int_equal(outcome->done, before);
	TURN_UNTIL(&f->loop, outcome->done > before);
	mem_free(url);
	return outcome->err;
}

static void fetches_files(void **state)
{
	struct fixture *f = *state;
	struct outcome outcome = {0};

	peer_open(f, f->server);
	f->peer_body = "GIF89a\1\0\1\0";
	f->peer_length = 10;
	assert_int_equal(fetch(f, "caf%C3%A9%2F..%2Fp%20q.gif?x=/y", &outcome), 0);
	assert_string_equal(outcome.file.type, "image/gif");
	assert_string_equal(outcome.file.name, "p q.gif");
	assert_int_equal(outcome.file.size, 10);
	assert_true(is_there(f, &outcome));
	assert_int_equal(fetch(f, "", &outcome), 0);
	assert_string_equal(outcome.file.name, "f");
	f->peer_status = 404;
	assert_int_equal(fetch(f, "x", &outcome), TP_ERR_NOT_FOUND);
	f->peer_status = 500;
	assert_int_equal(fetch(f, "x", &outcome), TP_ERR_IO);
	assert_non_null(strstr(buf_text(&outcome.problem), "500"));
	assert_int_equal(count_files(f, ""), 1);
	outcome_finish(&outcome);
}

static void fetches_no_more_than_it_may(void **state)
{
	struct fixture *f = *state;
	struct outcome outcome = {0};
	char *much = mem_alloc(3 * MIB);

	peer_open(f, f->server);
	f->peer_body = much;
	f->peer_length = MIB + 1;
	assert_int_equal(fetch(f, "x", &outcome), TP_ERR_LIMIT);
	f->peer_length = MIB;
	assert_int_equal(fetch(f, "x", &outcome), 0);
	/* through all the buffers, also where its reading stops meanwhile */
	f->config.max_file_mb = f->config.max_user_mb = f->config.max_total_mb = 30;
	f->peer_length = 3 * MIB;
	assert_int_equal(fetch(f, "x", &outcome), 0);
	assert_int_equal(outcome.file.size, 3 * MIB);
	mem_free(much);
	outcome_finish(&outcome);
}

static void is_guarded(void **state)
{
	static const char *const urls[] = {"http://127.0.0.1:", "http://localhost:", "http://0:",
					   "http://[::ffff:127.0.0.1]:", "http://169.254.169.254:",
					   "file:///etc/passwd#", "gopher://127.0.0.1:", "nonsense "};
	struct fixture *f = *state;
	struct outcome outcome = {0};

	peer_open(f, f->server);
	f->media->client->allows = http_guard_allows;
	for (size_t i = 0; i < ARRAY_SIZE(urls); i++) {
		char url[100];
		unsigned before = outcome.done;

		snprintf(url, sizeof(url), "%s%u/f/x", urls[i], http_listener_port(f->peer));
		media_fetch(f->media, "alice", url, outcome_take, &outcome);
		TURN_UNTIL(&f->loop, outcome.done > before);
		assert_true(outcome.err < 0);
	}
	assert_int_equal(f->peer_requests, 0);
	assert_int_equal(count_files(f, ""), 0);
	outcome_finish(&outcome);
}

/* Of another part of the instance: from here, wherever the public address leads to. */
static void fetches_what_is_its_own(void **state)
{
	struct fixture *f = *state;
	struct outcome stored = {0}, outcome = {0};
	struct buf url = {0};
	char *up;

	f->media->client->allows = http_guard_allows;
	assert_int_equal(store(f, "bob", "a b.gif", "GIF89a\1\0\1\0", 10, &stored), 0);
	media_put_url(f->media, &stored.file, &url);
	media_fetch(f->media, "alice", buf_text(&url), outcome_take, &outcome);
	TURN_UNTIL(&f->loop, outcome.done == 1);
	assert_int_equal(outcome.err, 0);
	assert_int_equal(outcome.file.size, 10);
	assert_string_equal(outcome.file.type, "image/gif");
	/* one that nobody signed */
	buf_puts(&url, "0");
	media_fetch(f->media, "alice", buf_text(&url), outcome_take, &outcome);
	TURN_UNTIL(&f->loop, outcome.done == 2);
	assert_int_equal(outcome.err, TP_ERR_NOT_FOUND);
	/* and no way out of there */
	mem_replace(&f->media->public_url, "http://127.0.0.1:1");
	up = mem_printf("%s/media/../media/x", f->media->public_url);
	media_fetch(f->media, "alice", up, outcome_take, &outcome);
	TURN_UNTIL(&f->loop, outcome.done == 3);
	assert_true(outcome.err < 0 && outcome.err != TP_ERR_NOT_FOUND);
	mem_free(up);
	buf_finish(&url);
	outcome_finish(&stored);
	outcome_finish(&outcome);
}

/* One at whose server nobody answers. */
static void hold_all(struct fixture *f, const char *owner, const char *url, struct media_fetch **fetches,
		     struct outcome *outcomes, size_t count)
{
	f->peer_status = 0;
	for (size_t i = 0; i < count; i++)
		fetches[i] = media_fetch(f->media, owner, url, outcome_take, &outcomes[i]);
}

static void answer_well(struct fixture *f)
{
	f->peer_status = 200;
	f->peer_body = "x";
	f->peer_length = 1;
}

static void takes_turns(void **state)
{
	struct fixture *f = *state;
	struct outcome outcomes[LIMIT_MEDIA_FETCHES_OWNER + 3] = {0};
	struct media_fetch *fetches[ARRAY_SIZE(outcomes)];
	char *url;

	peer_open(f, f->server);
	url = peer_url(f, "x");
	hold_all(f, "alice", url, fetches, outcomes, ARRAY_SIZE(fetches));
	TURN_UNTIL(&f->loop, f->peer_requests == LIMIT_MEDIA_FETCHES_OWNER);
	answer_well(f);
	/* one that waits is cancelled, and one that is under way: then the others go on */
	media_fetch_cancel(&fetches[LIMIT_MEDIA_FETCHES_OWNER]);
	assert_null(fetches[LIMIT_MEDIA_FETCHES_OWNER]);
	media_fetch_cancel(&fetches[1]);
	assert_null(fetches[1]);
	TURN_UNTIL(&f->loop, outcomes[LIMIT_MEDIA_FETCHES_OWNER + 1].done && outcomes[LIMIT_MEDIA_FETCHES_OWNER + 2].done);
	assert_int_equal(outcomes[LIMIT_MEDIA_FETCHES_OWNER + 2].err, 0);
	assert_int_equal(outcomes[1].done + outcomes[LIMIT_MEDIA_FETCHES_OWNER].done, 0);
	/* the first is under way until the end */
	media_stop(f);
	assert_int_equal(outcomes[0].done, 0);
	mem_free(url);
	for (size_t i = 0; i < ARRAY_SIZE(outcomes); i++)
		outcome_finish(&outcomes[i]);
}

static void limits_fetches(void **state)
{
	struct fixture *f = *state;
	struct outcome outcomes[LIMIT_MEDIA_FETCHES_OWNER + LIMIT_MEDIA_FETCHES_OWNER_WAITING] = {0}, other = {0};
	struct media_fetch *fetches[ARRAY_SIZE(outcomes)];
	char *url;

	peer_open(f, f->server);
	url = peer_url(f, "x");
	hold_all(f, "alice", url, fetches, outcomes, ARRAY_SIZE(fetches));
	assert_int_equal(fetch(f, "x", &other), TP_ERR_LIMIT);
	/* who has waited too long does not begin */
	f->media->fetch_wait_ms = 0;
	client_turn(&f->loop);
	answer_well(f);
	TURN_UNTIL(&f->loop, f->peer_requests == LIMIT_MEDIA_FETCHES_OWNER);
	media_fetch_cancel(&fetches[0]);
	TURN_UNTIL(&f->loop, outcomes[ARRAY_SIZE(outcomes) - 1].done);
	for (size_t i = LIMIT_MEDIA_FETCHES_OWNER; i < ARRAY_SIZE(outcomes); i++)
		assert_int_equal(outcomes[i].err, TP_ERR_LIMIT);
	assert_int_equal(f->peer_requests, LIMIT_MEDIA_FETCHES_OWNER);
	media_stop(f);
	mem_free(url);
	outcome_finish(&other);
	for (size_t i = 0; i < ARRAY_SIZE(outcomes); i++)
		outcome_finish(&outcomes[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, media_set_up, media_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(fetches_files),
		TEST(fetches_no_more_than_it_may),
		TEST(is_guarded),
		TEST(fetches_what_is_its_own),
		TEST(takes_turns),
		TEST(limits_fetches),
	};

	return cmocka_run_group_tests_name("media: fetch", tests, NULL, NULL);
}
