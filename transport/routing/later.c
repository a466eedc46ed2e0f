/* SPDX-License-Identifier: MIT */
#include "transport/routing/later.h"

#include "base/clock.h"
#include "base/mem.h"

struct later {
	struct list link;
	later_function *run;
	char *a, *b;
	uint64_t due_ms; /* clock_ms */
};

static void later_free(struct later *later)
{
	list_remove(&later->link);
	mem_free(later->a);
	mem_free(later->b);
	mem_free(later);
}

static void on_due(uv_timer_t *timer);

static void set_timer(struct later_queue *queue)
{
	uint64_t first_ms = UINT64_MAX, now_ms = clock_ms();

	LIST_EACH (link, &queue->due) {
		const struct later *later = CONTAINER_OF(link, struct later, link);

		first_ms = later->due_ms < first_ms ? later->due_ms : first_ms;
	}
	queue->timer_ms = first_ms;
	if (queue->timer && first_ms != UINT64_MAX)
		uv_timer_start(queue->timer, on_due, first_ms > now_ms ? first_ms - now_ms : 0, 0);
}

static void on_due(uv_timer_t *timer)
{
	struct later_queue *queue = timer->data;
	uint64_t now_ms = clock_ms();
	struct list now;

	/* What is put meanwhile has its own turn. */
	list_init(&now);
	LIST_EACH (link, &queue->due) {
		if (CONTAINER_OF(link, struct later, link)->due_ms > now_ms)
			continue;
		list_remove(link);
		list_append(&now, link);
	}
	LIST_EACH (link, &now) {
		struct later *later = CONTAINER_OF(link, struct later, link);

		if (queue->timer)
			queue->call(queue->owner, later->run, later->a, later->b);
		later_free(later);
	}
	set_timer(queue);
}

void later_init(struct later_queue *queue,
		void (*call)(void *owner, later_function *run, const char *a, const char *b), void *owner)
{
	*queue = (struct later_queue){.timer_ms = UINT64_MAX, .call = call, .owner = owner};
	list_init(&queue->due);
}

void later_open(struct later_queue *queue, uv_loop_t *loop)
{
	queue->timer = MEM_NEW(uv_timer_t);
	queue->timer->data = queue;
	uv_timer_init(loop, queue->timer);
	set_timer(queue);
}

void later_put(struct later_queue *queue, uint64_t ms, later_function *run, const char *a, const char *b)
{
	struct later *later = MEM_NEW(struct later);

	later->run = run;
	later->a = mem_strdup(a);
	later->b = mem_strdup(b);
	later->due_ms = clock_ms() + ms;
	list_append(&queue->due, &later->link);
	if (!queue->timer || later->due_ms >= queue->timer_ms)
		return;
	queue->timer_ms = later->due_ms;
	uv_timer_start(queue->timer, on_due, ms, 0);
}

static void on_closed(uv_handle_t *handle)
{
	struct later_queue *queue = handle->data;

	mem_free(handle);
	queue->closed(queue->owner);
}

void later_close(struct later_queue *queue, void (*closed)(void *owner))
{
	if (!queue->timer)
		return;
	queue->closed = closed;
	uv_close((uv_handle_t *)queue->timer, on_closed);
	queue->timer = NULL;
}

void later_finish(struct later_queue *queue)
{
	LIST_EACH (link, &queue->due)
		later_free(CONTAINER_OF(link, struct later, link));
}
