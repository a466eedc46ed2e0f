/* SPDX-License-Identifier: MIT */
#include "tests/unit/spool/spool_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "tests/unit/folder.h"
#include "transport/spool/spool_internal.h"

int fixture_setup(void **state)
{
	struct fixture *fixture = MEM_NEW(struct fixture);

	assert_true(folder_make(fixture->folder, sizeof(fixture->folder), "spool-test"));
	fixture->spool_folder = mem_printf("%s/spool", fixture->folder);
	fixture->config = (struct spool_config){
	        .folder = fixture->spool_folder,
	        .durability = SPOOL_PROCESS,
	        .max_bytes = 1u << 30,
	        .max_owner_bytes = 1u << 30,
	        .max_owner_records = 1000000,
	        .keep_dead_seconds = 86400,
	        .seen_seconds = 86400,
	        .seen_count = 100000,
	        .map_seconds = 86400,
	        .map_count = 100000,
	};
	assert_int_equal(uv_loop_init(&fixture->loop), 0);
	*state = fixture;
	return 0;
}

int fixture_teardown(void **state)
{
	struct fixture *fixture = *state;
	int err;

	fixture_close(fixture);
	err = uv_loop_close(&fixture->loop);
	folder_remove(fixture->folder);
	mem_free(fixture->spool_folder);
	arena_finish(&fixture->arena);
	buf_finish(&fixture->error);
	mem_free(fixture);
	return err;
}

int fixture_try_open(struct fixture *fixture)
{
	int err;

	buf_clear(&fixture->error);
	err = spool_open(&fixture->spool, &fixture->loop, &fixture->config, &fixture->error);
	assert_true((err == 0) == (fixture->spool != NULL));
	assert_true((err == 0) == (fixture->error.len == 0));
	return err;
}

void fixture_open(struct fixture *fixture)
{
	int err = fixture_try_open(fixture);

	if (err)
		print_error("%s\n", buf_text(&fixture->error));
	assert_int_equal(err, 0);
}

void fixture_close(struct fixture *fixture)
{
	spool_close(&fixture->spool);
	uv_run(&fixture->loop, UV_RUN_DEFAULT);
}

void fixture_crash(struct fixture *fixture)
{
	if (fixture->spool->disk) {
		fixture->spool->disk->pending.len = 0;
		fixture->spool->disk->batch = 0;
		buf_append(&fixture->spool->disk->pending, "\0\0\0\0\0\0\0", 8);
		fixture->spool->config.durability = SPOOL_PROCESS; /* no sync at the end either */
	}
	fixture->spool->waiters_count = 0;
	fixture_close(fixture);
}

void fixture_reopen(struct fixture *fixture)
{
	fixture_crash(fixture);
	fixture_open(fixture);
}

static void on_deadline(uv_timer_t *timer)
{
	*(bool *)timer->data = true;
}

struct value_wait {
	const int *value;
	int least;
};

static struct value_wait waiting_for;

static bool value_is_there(struct fixture *fixture)
{
	(void)fixture;
	return *waiting_for.value >= waiting_for.least;
}

void fixture_wait_until(struct fixture *fixture, bool (*is)(struct fixture *fixture))
{
	uint64_t deadline = clock_ms() + 60000;
	bool tick = false, done;
	uv_timer_t timer;

	uv_timer_init(&fixture->loop, &timer);
	timer.data = &tick;
	uv_timer_start(&timer, on_deadline, 5, 5);
	while (!(done = is(fixture)) && clock_ms() < deadline)
		uv_run(&fixture->loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(&fixture->loop, UV_RUN_NOWAIT);
	assert_true(done);
}

void fixture_wait(struct fixture *fixture, const int *value, int least)
{
	waiting_for = (struct value_wait){value, least};
	fixture_wait_until(fixture, value_is_there);
}

void fixture_durable(void *context, int err)
{
	struct fixture *fixture = context;

	fixture->durable_calls++;
	fixture->durable_err = err;
}

int fixture_try_put(struct fixture *fixture, enum spool_direction direction, const char *owner,
                    const char *text, const char *seen, uint64_t *id)
{
	struct event event = {
	        .type = EVENT_MESSAGE,
	        .user = "user@example.org",
	        .message = {.kind = MESSAGE_CHAT, .name = "contact", .text = text},
	};
	struct spool_message message = {
	        .conversation = "contact",
	        .origin = "origin",
	        .seen = seen,
	        .event = &event,
	};
	struct spool_queue *queue = spool_queue_open(fixture->spool, direction, owner);
	struct spool_record *record = NULL;
	int err = spool_put(fixture->spool, queue, &message, &record);

	assert_true((err == 0) == (record != NULL));
	if (id)
		*id = record ? record->id : 0;
	spool_queue_release(fixture->spool, &queue);
	return err;
}

uint64_t fixture_put(struct fixture *fixture, enum spool_direction direction, const char *owner,
                     const char *text)
{
	uint64_t id;

	assert_int_equal(fixture_try_put(fixture, direction, owner, text, NULL, &id), 0);
	return id;
}

void fixture_done(struct fixture *fixture, uint64_t id)
{
	struct spool_record *record = spool_find(fixture->spool, id);

	assert_non_null(record);
	spool_done(fixture->spool, &record);
	assert_null(record);
}

const char *fixture_list(struct fixture *fixture, enum spool_direction direction, const char *owner)
{
	struct spool_queue *queue = spool_queue_find(fixture->spool, direction, owner);
	struct buf text = {0};
	uint64_t last = 0;
	const char *result;

	if (!queue)
		return "";
	LIST_EACH(link, &queue->records)
	{
		struct spool_record *record = CONTAINER_OF(link, struct spool_record, link);
		struct event event;
		const char *origin, *reason;

		assert_true(record->id > last);
		last = record->id;
		assert_int_equal(
		        spool_read(fixture->spool, record, &fixture->arena, &event, &origin, &reason), 0);
		assert_int_equal(event.type, EVENT_MESSAGE);
		assert_int_equal(event.handover, record->id);
		assert_string_equal(event.user, "user@example.org");
		assert_string_equal(origin, "origin");
		assert_true((record->state == SPOOL_DEAD) == (reason != NULL));
		buf_printf(&text, "%s%s%s", text.len ? " " : "", event.message.text, reason ? "!" : "");
	}
	result = arena_strdup(&fixture->arena, buf_text(&text));
	buf_finish(&text);
	return result;
}

struct spool_statistics fixture_statistics(struct fixture *fixture)
{
	struct spool_statistics statistics;

	spool_statistics(fixture->spool, &statistics);
	return statistics;
}
