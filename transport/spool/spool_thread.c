/* SPDX-License-Identifier: MIT */
#include "transport/spool/spool_thread.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "transport/spool/spool_files.h"

#define TRANSACTION_ITEMS 20000
#define STEP_ITEMS 500 /* a sync waits for no more of them */
#define FILTER_KEYS_LEAST 32768

struct spool_thread {
	/* Not a uv_async_t: its receiver spins until its sender has returned from waking it, and where both share a
	 * processor that is for as long as it is let. */
	uv_poll_t woken;
	int wake_fd;
	uv_thread_t thread;
	struct spool_database *database;
	struct spool_database_limits limits;
	struct spool_thread_callbacks callbacks;
	const struct log *log;
	bool store_failing; /* spool thread */
	unsigned under_way; /* loop thread */

	/* Posted for each piece of work. Not a condition: who wakes from one holds the mutex so that letting go of it is a
	 * system call. */
	uv_sem_t work;
	uv_mutex_t mutex; /* guards the rest */
	uv_cond_t results;
	struct spool_sync *sync, *synced;
	struct spool_tidy *tidy, *tidied;
	bool stop;
};

/* With the mutex held; the loop is woken without it, as it will want it. */
static void note_done(struct spool_thread *thread)
{
	uv_cond_signal(&thread->results);
	uv_mutex_unlock(&thread->mutex);
	if (eventfd_write(thread->wake_fd, 1) < 0)
		abort(); /* it blocks at 2^64 only */
	uv_mutex_lock(&thread->mutex);
}

/* With the mutex held, which is let go meanwhile. */
static void run_sync(struct spool_thread *thread)
{
	struct spool_sync *sync = thread->sync;

	thread->sync = NULL;
	uv_mutex_unlock(&thread->mutex);
	spool_sync_run(sync);
	uv_mutex_lock(&thread->mutex);
	thread->synced = sync;
	note_done(thread);
}

/* Somebody waits for a sync: it goes before the next transaction. False: the thread is to end, and what is
 * left of its work can be done after the next start. */
static bool let_sync_pass(struct spool_thread *thread)
{
	bool go_on;

	uv_mutex_lock(&thread->mutex);
	if (thread->sync)
		run_sync(thread);
	go_on = !thread->stop;
	uv_mutex_unlock(&thread->mutex);
	return go_on;
}

static void note_store(struct spool_thread *thread, bool failing)
{
	if (failing && !thread->store_failing)
		log_error(thread->log,
		          "seen ids and the message map cannot be written to messages.db: %s; they are kept "
		          "in the log meanwhile: look after the disk",
		          spool_database_problem(thread->database));
	if (!failing && thread->store_failing)
		log_info(thread->log, "messages.db can be written again");
	thread->store_failing = failing;
}

/* Some of the items, and as many old ones out, so that expiry keeps up. */
static bool commit_some(struct spool_thread *thread, const struct spool_tidy *tidy, size_t first)
{
	const struct spool_items *items = tidy->items;
	size_t last = items->count - first < TRANSACTION_ITEMS ? items->count : first + TRANSACTION_ITEMS;
	size_t out = 2 * (last - first) + STEP_ITEMS;
	bool go_on = true;
	int err = spool_database_begin(thread->database), rows = 1;

	for (; err == 0 && first < last && (go_on = let_sync_pass(thread)); first += STEP_ITEMS)
		err = spool_database_add(thread->database, items, first, STEP_ITEMS);
	while (err == 0 && rows > 0 && out > 0 && go_on && (go_on = let_sync_pass(thread))) {
		rows = spool_database_expire(thread->database, &thread->limits, clock_wall_ms());
		err = rows < 0 ? rows : 0;
		out -= rows > 0 && (size_t)rows < out ? (size_t)rows : out;
	}
	return spool_database_finish(thread->database, go_on ? err : TP_ERR_CLOSED,
	                             items->count > 0 && last == items->count ? &tidy->mark : NULL) == 0;
}

static bool commit_items(struct spool_thread *thread, const struct spool_tidy *tidy)
{
	size_t at = 0;

	do {
		if (!commit_some(thread, tidy, at))
			return false;
		at += TRANSACTION_ITEMS;
	} while (at < tidy->items->count);
	return true;
}

/* Each removal is on the disk before the next: a younger segment must not be gone while an older one comes
 * back. */
static void remove_paths(struct spool_tidy *tidy)
{
	for (; tidy->removed < tidy->paths_count; tidy->removed++) {
		if (spool_files->unlink(tidy->paths[tidy->removed]) < 0 && errno != ENOENT)
			return;
		spool_files->sync_folder(tidy->folder_fd);
	}
}

/* With place for as many again. */
static struct spool_filter *make_filter(struct spool_thread *thread, uint64_t seen)
{
	struct spool_filter *filter =
	        spool_filter_create(seen * 2 < FILTER_KEYS_LEAST ? FILTER_KEYS_LEAST : (size_t)seen * 2);
	int64_t after = INT64_MIN;
	int more;

	do
		more = let_sync_pass(thread) ? spool_database_fill(thread->database, filter, &after)
		                             : TP_ERR_CLOSED;
	while (more > 0);
	if (more < 0)
		spool_filter_destroy(&filter);
	return filter;
}

static void do_tidy(struct spool_thread *thread, struct spool_tidy *tidy)
{
	tidy->committed = commit_items(thread, tidy);
	if (!let_sync_pass(thread))
		return;
	note_store(thread, !tidy->committed);
	if (tidy->paths_count > 0 && spool_database_sync(thread->database) == 0)
		remove_paths(tidy);
	spool_database_count(thread->database, &tidy->seen, &tidy->links);
	if (tidy->wants_filter)
		tidy->filter = make_filter(thread, tidy->seen);
}

static void run_tidy(struct spool_thread *thread)
{
	struct spool_tidy *tidy = thread->tidy;

	thread->tidy = NULL;
	uv_mutex_unlock(&thread->mutex);
	do_tidy(thread, tidy);
	uv_mutex_lock(&thread->mutex);
	thread->tidied = tidy;
	note_done(thread);
}

/* With the mutex held. */
static void work_off(struct spool_thread *thread)
{
	for (;;) {
		if (thread->sync)
			run_sync(thread);
		else if (thread->tidy)
			run_tidy(thread);
		else
			return;
	}
}

static void thread_main(void *argument)
{
	struct spool_thread *thread = argument;
	bool stop = false;

	while (!stop) {
		uv_sem_wait(&thread->work);
		uv_mutex_lock(&thread->mutex);
		work_off(thread);
		stop = thread->stop;
		uv_mutex_unlock(&thread->mutex);
	}
}

/* Takes what is done and calls back. */
static void answer(struct spool_thread *thread, bool wait)
{
	struct spool_sync *sync;
	struct spool_tidy *tidy;

	uv_mutex_lock(&thread->mutex);
	while (wait && !thread->synced && !thread->tidied)
		uv_cond_wait(&thread->results, &thread->mutex);
	sync = thread->synced;
	tidy = thread->tidied;
	thread->synced = NULL;
	thread->tidied = NULL;
	uv_mutex_unlock(&thread->mutex);
	thread->under_way -= (sync != NULL) + (tidy != NULL);
	if (thread->under_way == 0)
		uv_unref((uv_handle_t *)&thread->woken);
	if (sync)
		thread->callbacks.synced(thread->callbacks.context, sync);
	if (tidy)
		thread->callbacks.tidied(thread->callbacks.context, tidy);
}

static void on_woken(uv_poll_t *woken, int status, int events)
{
	struct spool_thread *thread = CONTAINER_OF(woken, struct spool_thread, woken);
	eventfd_t count;

	(void)status;
	(void)events;
	if (eventfd_read(thread->wake_fd, &count) == 0)
		answer(thread, false);
}

static void on_closed(uv_handle_t *handle)
{
	struct spool_thread *thread = CONTAINER_OF(handle, struct spool_thread, woken);

	close(thread->wake_fd);
	uv_mutex_destroy(&thread->mutex);
	uv_sem_destroy(&thread->work);
	uv_cond_destroy(&thread->results);
	mem_free(thread);
}

/* Signals are the loop thread's business. */
static int start(struct spool_thread *thread)
{
	sigset_t all, old;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = uv_thread_create(&thread->thread, thread_main, thread);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return err;
}

struct spool_thread *spool_thread_start(uv_loop_t *loop, struct spool_database *database,
                                        const struct spool_database_limits *limits,
                                        const struct spool_thread_callbacks *callbacks, const struct log *log)
{
	struct spool_thread *thread = MEM_NEW(struct spool_thread);

	thread->database = database;
	thread->limits = *limits;
	thread->callbacks = *callbacks;
	thread->log = log;
	thread->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (thread->wake_fd < 0 || uv_poll_init(loop, &thread->woken, thread->wake_fd) != 0) {
		if (thread->wake_fd >= 0)
			close(thread->wake_fd);
		mem_free(thread);
		return NULL;
	}
	uv_poll_start(&thread->woken, UV_READABLE, on_woken);
	uv_unref((uv_handle_t *)&thread->woken);
	if (uv_mutex_init(&thread->mutex) != 0 || uv_sem_init(&thread->work, 0) != 0 ||
	    uv_cond_init(&thread->results) != 0)
		abort();
	if (start(thread) != 0) {
		uv_close((uv_handle_t *)&thread->woken, on_closed);
		return NULL;
	}
	return thread;
}

void spool_thread_stop(struct spool_thread **slot)
{
	struct spool_thread *thread = *slot;

	if (!thread)
		return;
	uv_mutex_lock(&thread->mutex);
	thread->stop = true;
	uv_mutex_unlock(&thread->mutex);
	uv_sem_post(&thread->work);
	while (thread->under_way > 0)
		answer(thread, true);
	uv_thread_join(&thread->thread);
	*slot = NULL;
	uv_close((uv_handle_t *)&thread->woken, on_closed);
}

static void begin(struct spool_thread *thread)
{
	if (thread->under_way++ == 0)
		uv_ref((uv_handle_t *)&thread->woken);
	uv_mutex_unlock(&thread->mutex);
	uv_sem_post(&thread->work);
}

void spool_thread_sync(struct spool_thread *thread, struct spool_sync *sync)
{
	uv_mutex_lock(&thread->mutex);
	thread->sync = sync;
	begin(thread);
}

void spool_thread_tidy(struct spool_thread *thread, struct spool_tidy *tidy)
{
	uv_mutex_lock(&thread->mutex);
	thread->tidy = tidy;
	begin(thread);
}
