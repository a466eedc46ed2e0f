/* SPDX-License-Identifier: MIT */
#include "transport/store/store_queue.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "config/limits.h"

#define ANSWERS_TURN 32 /* of one loop turn: much may follow from one, and others wait for it */
#define ANSWERS_PART 4  /* beyond that a quarter of those that wait, or they would pile up */
#define GATHER_MS 100
#define GATHER_MOST 10000
#define RETRY_PAUSE_MS 20
#define WAIT_SLICE_MS 100 /* inside of the database, which nothing can wake there */

struct store_queue {
	uv_async_t async;
	uv_thread_t thread;
	struct accounts *accounts;
	store_queue_answered *answered;
	void *context;
	size_t under_way; /* put and not yet answered; loop thread */

	uv_mutex_t mutex; /* guards the rest; never held while the database works or a callback runs */
	uv_cond_t work;
	uv_cond_t results;
	struct list todo;
	struct list done;
	size_t done_count;
	size_t todo_bytes;
	size_t todo_urgent; /* of them those that somebody waits for */
	uint64_t hurry;     /* clock_ms: until then, and no gathering; 0: there is time */
	bool stop;
	bool stopping; /* loop thread */
};

static struct request *first_of(const struct list *list)
{
	return CONTAINER_OF(list->next, struct request, link);
}

static bool is_lazy(const struct request *request)
{
	return request->mode == DRIVER_WRITE;
}

static void pause_ms(long ms)
{
	struct timespec time = {.tv_nsec = ms * 1000000};
	nanosleep(&time, NULL);
}

/* Keeps the failure with the first request: one cause, one line of log. */
static void note_problem(struct list *batch, struct accounts *accounts)
{
	struct request *request = first_of(batch);
	if (accounts->problem.len != 0) {
		request->problem = buf_take(&accounts->problem);
		return;
	}
	request->problem_code = accounts->db->ops->error_code(accounts->db);
	request->problem = mem_strdup(accounts->db->ops->error_text(accounts->db));
}

/* One try. TP_ERR_STORE, or another failure of a batch of one: nothing has happened. */
static int try_batch(struct list *batch, struct accounts *accounts)
{
	struct driver *db = accounts->db;
	buf_clear(&accounts->problem);
	int err = db->ops->begin(db, first_of(batch)->mode) == 0 ? 0 : TP_ERR_STORE;
	LIST_EACH(link, batch)
	{
		struct request *request = CONTAINER_OF(link, struct request, link);
		if (err != 0)
			break;
		request->err = request_execute(request, accounts);
		/* in a batch, what cannot be done for one is no reason not to do the others */
		if (request->err == TP_ERR_STORE || !is_lazy(request))
			err = request->err;
	}
	if (err == 0 && db->ops->commit(db) != 0)
		err = TP_ERR_STORE;
	if (err != 0)
		db->ops->rollback(db);
	return err;
}

/* How long the batch may still wait for a lock. */
static uint64_t time_left(struct store_queue *queue, struct list *batch)
{
	uint64_t now = clock_ms(), deadline = first_of(batch)->made + LIMIT_STORE_WAIT_SECONDS * 1000;
	uv_mutex_lock(&queue->mutex);
	if (queue->hurry != 0 && queue->hurry < deadline)
		deadline = queue->hurry;
	uv_mutex_unlock(&queue->mutex);
	return now < deadline ? deadline - now : 0;
}

static bool may_try_again(const struct accounts *accounts)
{
	return accounts->problem.len == 0 && accounts->db->ops->is_transient_error(accounts->db);
}

static void run_batch(struct store_queue *queue, struct list *batch)
{
	struct accounts *accounts = queue->accounts;
	int err;
	for (;;) {
		uint64_t left = time_left(queue, batch);
		accounts->db->ops->set_wait(accounts->db,
		                            (unsigned int)(left < WAIT_SLICE_MS ? left : WAIT_SLICE_MS));
		err = try_batch(batch, accounts);
		if (err != TP_ERR_STORE || !may_try_again(accounts) || time_left(queue, batch) == 0)
			break;
		pause_ms(RETRY_PAUSE_MS);
	}
	if (err == 0)
		return;
	if (err == TP_ERR_STORE)
		note_problem(batch, accounts);
	LIST_EACH(link, batch)
	{
		struct request *request = CONTAINER_OF(link, struct request, link);
		request->err = err;
		request_drop_result(request);
	}
}

/* With the mutex held. Waits while there are only requests that can wait, until the first is old enough. */
static void gather(struct store_queue *queue)
{
	uint64_t until = first_of(&queue->todo)->made + GATHER_MS;
	while (queue->todo_urgent == 0 && queue->hurry == 0) {
		uint64_t now = clock_ms();
		if (now >= until)
			return;
		uv_cond_timedwait(&queue->work, &queue->mutex, (until - now) * 1000000);
	}
}

/* With the mutex held. */
static struct request *take_first(struct store_queue *queue)
{
	struct request *request = first_of(&queue->todo);
	list_remove(&request->link);
	queue->todo_bytes -= request->bytes;
	queue->todo_urgent -= is_lazy(request) ? 0 : 1;
	return request;
}

static void take_batch(struct store_queue *queue, struct list *batch)
{
	struct request *request = take_first(queue);
	bool lazy = is_lazy(request);
	list_append(batch, &request->link);
	for (size_t count = 1; lazy && count < GATHER_MOST && !list_empty(&queue->todo); count++) {
		if (!is_lazy(first_of(&queue->todo)))
			return;
		list_append(batch, &take_first(queue)->link);
	}
}

static void thread_main(void *argument)
{
	struct store_queue *queue = argument;
	struct list batch;
	list_init(&batch);
	uv_mutex_lock(&queue->mutex);
	for (;;) {
		while (list_empty(&queue->todo) && !queue->stop)
			uv_cond_wait(&queue->work, &queue->mutex);
		if (list_empty(&queue->todo))
			break;
		gather(queue);
		take_batch(queue, &batch);
		uv_mutex_unlock(&queue->mutex);
		if (first_of(&batch)->refused)
			first_of(&batch)->err = TP_ERR_STORE;
		else
			run_batch(queue, &batch);
		uv_mutex_lock(&queue->mutex);
		LIST_EACH(link, &batch)
		{
			list_remove(link);
			list_append(&queue->done, link);
			queue->done_count++;
		}
		uv_cond_signal(&queue->results);
		uv_async_send(&queue->async);
	}
	uv_mutex_unlock(&queue->mutex);
}

/* One at a time, and off the shared list: a callback may stop the queue, which goes on where this was. */
static struct request *take_done(struct store_queue *queue, bool wait, size_t *left)
{
	struct request *request = NULL;
	uv_mutex_lock(&queue->mutex);
	while (wait && list_empty(&queue->done))
		uv_cond_wait(&queue->results, &queue->mutex);
	if (!list_empty(&queue->done)) {
		request = first_of(&queue->done);
		list_remove(&request->link);
		queue->done_count--;
	}
	*left = queue->done_count;
	uv_mutex_unlock(&queue->mutex);
	return request;
}

static void answer(struct store_queue *queue, struct request *request)
{
	queue->under_way--;
	if (queue->under_way == 0)
		uv_unref((uv_handle_t *)&queue->async);
	queue->answered(queue->context, request);
}

static void on_async(uv_async_t *async)
{
	struct store_queue *queue = CONTAINER_OF(async, struct store_queue, async);
	size_t left, most = ANSWERS_TURN;
	for (size_t count = 0; count < most; count++) {
		struct request *request = take_done(queue, false, &left);
		if (request == NULL)
			return;
		if (count == 0)
			most += left / ANSWERS_PART;
		answer(queue, request);
		if (uv_is_closing((uv_handle_t *)async)) /* by the callback, which may have stopped the queue */
			return;
	}
	uv_async_send(async);
}

/* Signals are the loop thread's business. */
static int start_thread(struct store_queue *queue)
{
	sigset_t all, old;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int err = uv_thread_create(&queue->thread, thread_main, queue);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return err;
}

static void on_closed(uv_handle_t *handle)
{
	struct store_queue *queue = CONTAINER_OF(handle, struct store_queue, async);
	uv_mutex_destroy(&queue->mutex);
	uv_cond_destroy(&queue->work);
	uv_cond_destroy(&queue->results);
	mem_free(queue);
}

struct store_queue *store_queue_start(uv_loop_t *loop, struct accounts *accounts,
                                      store_queue_answered *answered, void *context)
{
	struct store_queue *queue = MEM_NEW(struct store_queue);
	queue->accounts = accounts;
	queue->answered = answered;
	queue->context = context;
	list_init(&queue->todo);
	list_init(&queue->done);
	if (uv_async_init(loop, &queue->async, on_async) != 0) {
		mem_free(queue);
		return NULL;
	}
	uv_unref((uv_handle_t *)&queue->async);
	if (uv_mutex_init(&queue->mutex) != 0 || uv_cond_init(&queue->work) != 0 ||
	    uv_cond_init(&queue->results) != 0)
		abort();
	if (start_thread(queue) != 0) {
		uv_close((uv_handle_t *)&queue->async, on_closed);
		return NULL;
	}
	return queue;
}

bool store_queue_is_full(struct store_queue *queue, size_t bytes)
{
	uv_mutex_lock(&queue->mutex);
	bool full = queue->todo_bytes + bytes > LIMIT_STORE_QUEUE_BYTES;
	uv_mutex_unlock(&queue->mutex);
	return full;
}

size_t store_queue_bytes(struct store_queue *queue)
{
	uv_mutex_lock(&queue->mutex);
	size_t bytes = queue->todo_bytes;
	uv_mutex_unlock(&queue->mutex);
	return bytes;
}

void store_queue_put(struct store_queue *queue, struct request *request)
{
	if (queue->under_way == 0)
		uv_ref((uv_handle_t *)&queue->async);
	queue->under_way++;
	uv_mutex_lock(&queue->mutex);
	queue->todo_bytes += request->bytes;
	queue->todo_urgent += is_lazy(request) ? 0 : 1;
	list_append(&queue->todo, &request->link);
	uv_cond_signal(&queue->work);
	uv_mutex_unlock(&queue->mutex);
}

void store_queue_hurry(struct store_queue *queue, uint64_t deadline)
{
	uv_mutex_lock(&queue->mutex);
	if (queue->hurry == 0)
		queue->hurry = deadline;
	uv_cond_signal(&queue->work);
	uv_mutex_unlock(&queue->mutex);
}

void store_queue_stop(struct store_queue **slot)
{
	struct store_queue *queue = *slot;
	if (queue == NULL || queue->stopping) /* a callback of the stopping queue */
		return;
	queue->stopping = true;
	store_queue_hurry(queue, clock_ms() + LIMIT_STORE_CLOSE_SECONDS * 1000);
	size_t left;
	while (queue->under_way > 0)
		answer(queue, take_done(queue, true, &left));
	uv_mutex_lock(&queue->mutex);
	queue->stop = true;
	uv_cond_signal(&queue->work);
	uv_mutex_unlock(&queue->mutex);
	uv_thread_join(&queue->thread);
	*slot = NULL;
	uv_close((uv_handle_t *)&queue->async, on_closed);
}
