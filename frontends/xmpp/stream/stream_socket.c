/* SPDX-License-Identifier: MIT */
#include "frontends/xmpp/stream/stream_socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/crash_point.h"
#include "base/error.h"
#include "base/mem.h"
#include "config/limits.h"
#include "frontends/xmpp/stream/tls.h"
#include "transport/routing/latency.h"

#define LINGER_TICK_MS 100
#define LINGER_TICKS 20
#define INPUT_BYTES (16u << 10) /* read in one turn: others wait so long */
#define PACE_MS 250 /* of rest at least, when too much has come */
#define BUFFER_KEEP (128u << 10)
#define KEEPALIVE_SECONDS 60
#define USER_TIMEOUT_MS (120 * 1000)

struct stream_socket {
	uv_tcp_t tcp;
	uv_write_t write;
	struct stream_batch *batch;
	struct list dirty_link;
	const struct stream_socket_ops *ops;
	void *context;
	struct tls *tls;
	struct buf queue;   /* to be encrypted if there is TLS */
	struct buf wire;    /* ready to be written */
	struct buf writing; /* given to libuv */
	struct buf plain;   /* decrypted input */
	uint64_t position; /* bytes taken by stream_socket_send */
	uint64_t sealed;   /* of them, those in `wire` or gone before */
	uint64_t writing_end; /* and those in `writing` or gone before */
	uint64_t write_began;
	struct latency_queue waiting;
	bool full;          /* and the owner knows */
	bool refused;       /* a send was: tell the owner when there is room */
	bool finishing, closing, ended;
	uv_shutdown_t shutdown;
	bool lingering; /* everything is written, and the peer has yet to close */
	unsigned ticks; /* of the timer, while lingering */

	bool reading;          /* the owner wants to read */
	bool resting;          /* but the peer was too fast: until the timer says so */
	uv_timer_t *timer;     /* of resting and lingering; NULL while it was not needed */
	size_t chunk;          /* bytes read in one turn */
	unsigned turn;         /* of the last read */
	size_t rate, burst;    /* bytes a second, and bytes beyond that; 0: no limit */
	size_t excess;         /* bytes beyond the rate so far */
	uint64_t excess_ms;    /* clock_ms of that */
};

static void flush(struct stream_socket *socket);

static void batch_run(struct stream_batch *batch)
{
	bool wrote = false;

	if (batch->turn)
		batch->turn(batch->context);
	wrote = !list_empty(&batch->dirty);
	while (!list_empty(&batch->dirty)) {
		struct stream_socket *socket = CONTAINER_OF(batch->dirty.next, struct stream_socket, dirty_link);

		list_remove(&socket->dirty_link);
		flush(socket);
	}
	if (wrote && batch->after)
		batch->after(batch->context);
}

static void on_prepare(uv_prepare_t *handle)
{
	struct stream_batch *batch = handle->data;

	batch_run(batch);
	batch->number++;
}

static void on_check(uv_check_t *handle)
{
	struct stream_batch *batch = handle->data;

	batch_run(batch);
}

void stream_batch_init(struct stream_batch *batch, uv_loop_t *loop, void (*turn)(void *context), void *context)
{
	*batch = (struct stream_batch){.turn = turn, .context = context, .handles = 2};
	list_init(&batch->dirty);
	batch->input = mem_alloc(INPUT_BYTES);
	uv_prepare_init(loop, &batch->prepare);
	uv_check_init(loop, &batch->check);
	batch->prepare.data = batch->check.data = batch;
	uv_prepare_start(&batch->prepare, on_prepare);
	uv_check_start(&batch->check, on_check);
	uv_unref((uv_handle_t *)&batch->prepare);
	uv_unref((uv_handle_t *)&batch->check);
}

static void on_batch_closed(uv_handle_t *handle)
{
	struct stream_batch *batch = handle->data;

	if (--batch->handles)
		return;
	MEM_FREE(batch->input);
	batch->closed(batch->context);
}

void stream_batch_close(struct stream_batch *batch, void (*closed)(void *context))
{
	batch->closed = closed;
	uv_close((uv_handle_t *)&batch->prepare, on_batch_closed);
	uv_close((uv_handle_t *)&batch->check, on_batch_closed);
}

struct stream_socket *stream_socket_create(struct stream_batch *batch, const struct stream_socket_ops *ops,
					   void *context)
{
	struct stream_socket *socket = MEM_NEW(struct stream_socket);

	socket->batch = batch;
	socket->ops = ops;
	socket->context = context;
	socket->chunk = INPUT_BYTES;
	socket->turn = batch->number - 1;
	list_init(&socket->dirty_link);
	uv_tcp_init(batch->prepare.loop, &socket->tcp);
	socket->tcp.data = socket;
	return socket;
}

uv_tcp_t *stream_socket_tcp(struct stream_socket *socket)
{
	return &socket->tcp;
}

void stream_socket_tune(struct stream_socket *socket)
{
	uv_tcp_nodelay(&socket->tcp, 1);
	uv_tcp_keepalive(&socket->tcp, 1, KEEPALIVE_SECONDS);
#ifdef TCP_USER_TIMEOUT
	unsigned timeout = USER_TIMEOUT_MS;
	uv_os_fd_t fd;

	if (uv_fileno((uv_handle_t *)&socket->tcp, &fd) == 0)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof(timeout));
#endif
}

static void on_closed(uv_handle_t *handle)
{
	struct stream_socket *socket = handle->data;

	list_remove(&socket->dirty_link);
	socket->ops->closed(socket->context);
	tls_destroy(&socket->tls);
	buf_finish(&socket->queue);
	buf_finish(&socket->wire);
	buf_finish(&socket->writing);
	buf_finish(&socket->plain);
	mem_free(socket);
}

static void on_timer_closed(uv_handle_t *handle)
{
	mem_free(handle);
}

void stream_socket_abort(struct stream_socket *socket)
{
	if (socket->closing)
		return;
	socket->closing = true;
	if (socket->timer)
		uv_close((uv_handle_t *)socket->timer, on_timer_closed);
	socket->timer = NULL;
	list_remove(&socket->dirty_link);
	uv_close((uv_handle_t *)&socket->tcp, on_closed);
}

static void end(struct stream_socket *socket, int error, const char *reason)
{
	if (socket->ended || socket->closing)
		return;
	socket->ended = true;
	uv_read_stop((uv_stream_t *)&socket->tcp);
	if (socket->finishing)
		stream_socket_abort(socket); /* nobody reads what is left */
	else
		socket->ops->ended(socket->context, error, reason);
}

static void mark_dirty(struct stream_socket *socket)
{
	if (list_empty(&socket->dirty_link) && !socket->closing)
		list_append(&socket->batch->dirty, &socket->dirty_link);
}

/* One read a turn for each, so that one who sends without end does not hold up the others: libuv stops where it gets
 * no room, and comes back in the next turn. */
static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	struct stream_socket *socket = handle->data;

	(void)suggested;
	*buffer = uv_buf_init(socket->batch->input,
			      socket->turn == socket->batch->number ? 0 : (unsigned)socket->chunk);
	socket->turn = socket->batch->number;
}

static void received_encrypted(struct stream_socket *socket, const char *bytes, size_t count)
{
	const char *reason = NULL;
	int err;

	buf_clear(&socket->plain);
	err = tls_receive(socket->tls, bytes, count, &socket->plain, &reason);
	mark_dirty(socket); /* a handshake has something to say */
	if (socket->plain.len)
		socket->ops->data(socket->context, socket->plain.data, socket->plain.len);
	buf_clear(&socket->plain);
	buf_shrink(&socket->plain, BUFFER_KEEP);
	if (err)
		end(socket, err == TP_ERR_CLOSED ? TP_ERR_CLOSED : TP_ERR_IO, reason);
}

static void on_timer(uv_timer_t *timer);

static void start_timer(struct stream_socket *socket, uint64_t timeout, uint64_t repeat)
{
	if (!socket->timer) {
		socket->timer = MEM_NEW(uv_timer_t);
		uv_timer_init(socket->batch->prepare.loop, socket->timer);
		socket->timer->data = socket;
	}
	uv_timer_start(socket->timer, on_timer, timeout, repeat);
}

/* What is read follows from the state. */
static int watch_input(struct stream_socket *socket);

static void charge(struct stream_socket *socket, size_t count)
{
	uint64_t now = clock_ms();
	size_t paid = (size_t)(now - socket->excess_ms) * socket->rate / 1000;

	if (!socket->rate || socket->closing)
		return;
	socket->excess = (socket->excess > paid ? socket->excess - paid : 0) + count;
	socket->excess_ms = now;
	if (socket->excess <= socket->burst)
		return;
	socket->resting = true;
	watch_input(socket);
	start_timer(socket, PACE_MS + (socket->excess - socket->burst) * 1000 / socket->rate, 0);
}

static void received(struct stream_socket *socket, char *bytes, size_t count)
{
	latency_begin_input();
	if (socket->tls)
		received_encrypted(socket, bytes, count);
	else
		socket->ops->data(socket->context, bytes, count);
	latency_end_input();
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
	struct stream_socket *socket = stream->data;

	if (count == 0 || count == UV_ENOBUFS)
		return;
	if (count < 0)
		end(socket, count == UV_EOF ? TP_ERR_CLOSED : TP_ERR_IO, uv_strerror((int)count));
	else
		received(socket, buffer->base, (size_t)count);
	CRASH_POINT("core.stream_read");
	if (count > 0)
		charge(socket, (size_t)count);
}

static int watch_input(struct stream_socket *socket)
{
	int err = 0;

	if (socket->closing || socket->ended)
		return TP_ERR_CLOSED;
	if (socket->reading && !socket->resting)
		err = uv_read_start((uv_stream_t *)&socket->tcp, on_alloc, on_read);
	else
		uv_read_stop((uv_stream_t *)&socket->tcp);
	return err && err != UV_EALREADY ? TP_ERR_IO : 0;
}

/* Its end may stand behind much that nobody is going to read. */
static bool peer_has_closed(const struct stream_socket *socket)
{
	struct tcp_info info;
	socklen_t size = sizeof(info);
	uv_os_fd_t fd;

	if (uv_fileno((const uv_handle_t *)&socket->tcp, &fd) < 0 ||
	    getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) < 0)
		return false;
	return info.tcpi_state != TCP_ESTABLISHED && info.tcpi_state != TCP_FIN_WAIT1 &&
	       info.tcpi_state != TCP_FIN_WAIT2;
}

static void on_timer(uv_timer_t *timer)
{
	struct stream_socket *socket = timer->data;

	if (socket->lingering) {
		if (++socket->ticks == LINGER_TICKS || peer_has_closed(socket))
			stream_socket_abort(socket);
		return;
	}
	socket->resting = false;
	watch_input(socket);
}

int stream_socket_read_start(struct stream_socket *socket)
{
	socket->reading = true;
	return watch_input(socket);
}

void stream_socket_read_stop(struct stream_socket *socket)
{
	socket->reading = false;
	watch_input(socket);
}

void stream_socket_set_pace(struct stream_socket *socket, size_t chunk, size_t rate, size_t burst)
{
	socket->chunk = chunk < INPUT_BYTES ? chunk : INPUT_BYTES;
	socket->rate = rate;
	socket->burst = burst;
	socket->excess_ms = clock_ms();
}

uint64_t stream_socket_position(const struct stream_socket *socket)
{
	return socket->position;
}

size_t stream_socket_queued(const struct stream_socket *socket)
{
	return socket->queue.len + socket->wire.len + socket->writing.len;
}

uint64_t stream_socket_stalled_since(const struct stream_socket *socket)
{
	return socket->write_began;
}

static void tell_full(struct stream_socket *socket, bool full)
{
	socket->full = full;
	if (socket->ops->full)
		socket->ops->full(socket->context, full);
}

int stream_socket_send(struct stream_socket *socket, const char *bytes, size_t count)
{
	if (socket->closing || socket->finishing || socket->ended)
		return TP_ERR_CLOSED;
	if (stream_socket_queued(socket) + count > LIMIT_STREAM_OUT_BYTES) {
		socket->refused = true;
		return TP_ERR_LIMIT;
	}
	buf_append(&socket->queue, bytes, count);
	latency_queued(&socket->waiting);
	socket->position += count;
	mark_dirty(socket);
	if (!socket->full && stream_socket_queued(socket) > LIMIT_STREAM_OUT_HIGH)
		tell_full(socket, true);
	return 0;
}

static void on_written(uv_write_t *request, int status)
{
	struct stream_socket *socket = request->data;

	socket->write_began = 0;
	buf_clear(&socket->writing);
	buf_shrink(&socket->writing, BUFFER_KEEP);
	if (socket->closing)
		return;
	if (status < 0) {
		end(socket, TP_ERR_IO, uv_strerror(status));
		return;
	}
	if (socket->ops->written)
		socket->ops->written(socket->context, socket->writing_end);
	if (socket->closing)
		return;
	flush(socket);
	if (stream_socket_queued(socket) == 0)
		latency_written(&socket->waiting, LATENCY_ROUTER_TO_PERSON);
	if (socket->full && stream_socket_queued(socket) < LIMIT_STREAM_OUT_HIGH / 2)
		tell_full(socket, false);
	if (socket->refused && stream_socket_queued(socket) < LIMIT_STREAM_OUT_BYTES / 2) {
		socket->refused = false;
		if (socket->ops->drained)
			socket->ops->drained(socket->context);
	}
}

static void swap(struct buf *a, struct buf *b)
{
	struct buf kept = *a;

	*a = *b;
	*b = kept;
}

/* queue -> wire, encrypted if that was begun. During a handshake the queue waits. */
static int seal_queue(struct stream_socket *socket)
{
	int err = 0;

	if (!socket->tls) {
		if (socket->wire.len == 0)
			swap(&socket->queue, &socket->wire);
		else
			buf_append(&socket->wire, socket->queue.data, socket->queue.len);
		buf_clear(&socket->queue);
		socket->sealed = socket->position;
		return 0;
	}
	if (socket->queue.len && tls_is_established(socket->tls)) {
		err = tls_send(socket->tls, socket->queue.data, socket->queue.len);
		buf_clear(&socket->queue);
		buf_shrink(&socket->queue, BUFFER_KEEP);
		socket->sealed = socket->position;
	}
	tls_output(socket->tls, &socket->wire);
	return err;
}

/* Everything is written. Closing with input unread would make the kernel send a reset, and a reset makes the peer's
 * kernel throw away what it has not read yet: our last words. So only our side is closed, until the peer closes too.
 * Meanwhile nothing is read: it may be sent on purpose, and without end. */
static void linger(struct stream_socket *socket)
{
	if (socket->lingering)
		return;
	if (socket->ended || uv_shutdown(&socket->shutdown, (uv_stream_t *)&socket->tcp, NULL) < 0) {
		stream_socket_abort(socket);
		return;
	}
	socket->lingering = true;
	stream_socket_read_stop(socket);
	start_timer(socket, LINGER_TICK_MS, LINGER_TICK_MS);
}

static void flush(struct stream_socket *socket)
{
	uv_buf_t buffer;
	int err;

	if (socket->closing || socket->writing.len)
		return;
	err = seal_queue(socket);
	if (err == 0 && socket->wire.len) {
		swap(&socket->wire, &socket->writing);
		socket->writing_end = socket->sealed;
		buffer = uv_buf_init(socket->writing.data, (unsigned)socket->writing.len);
		socket->write.data = socket;
		socket->write_began = clock_ms();
		CRASH_POINT("core.stream_write.before");
		err = uv_write(&socket->write, (uv_stream_t *)&socket->tcp, &buffer, 1, on_written);
		CRASH_POINT("core.stream_write.after");
		if (err)
			buf_clear(&socket->writing);
		else if (socket->ops->written && !uv_stream_get_write_queue_size((uv_stream_t *)&socket->tcp))
			/* The kernel took all at once: what is known now need not be sent again if we die before the
			 * loop says so. */
			socket->ops->written(socket->context, socket->writing_end);
	}
	if (err)
		end(socket, TP_ERR_IO, "cannot write");
	else if (socket->finishing && socket->writing.len == 0)
		linger(socket);
}

void stream_socket_start_tls(struct stream_socket *socket, SSL_CTX *context)
{
	seal_queue(socket);
	socket->tls = tls_create(context);
	mark_dirty(socket);
}

bool stream_socket_is_encrypted(const struct stream_socket *socket)
{
	return socket->tls && tls_is_established(socket->tls);
}

void stream_socket_finish(struct stream_socket *socket)
{
	if (socket->closing || socket->finishing)
		return;
	if (socket->ended) {
		stream_socket_abort(socket);
		return;
	}
	if (stream_socket_is_encrypted(socket)) {
		seal_queue(socket);
		tls_shutdown(socket->tls);
	}
	socket->finishing = true;
	mark_dirty(socket);
}
