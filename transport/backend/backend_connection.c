/* SPDX-License-Identifier: MIT */
#include "transport/backend/backend_connection.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/crash_point.h"
#include "base/error.h"
#include "base/mem.h"
#include "config/limits.h"
#include "protocol/codec.h"
#include "protocol/frame.h"
#include "protocol/peek.h"
#include "transport/backend/backend_private.h"
#include "transport/routing/ahead.h"
#include "transport/routing/delivery.h"
#include "transport/routing/latency.h"
#include "transport/spool/spool.h"
#include "transport/transport.h"

#define READ_CHUNK (16u << 10)
#define READ_TURN (16u << 10)  /* bytes of one loop turn: a flood must leave time for others */
#define READ_SHARE (2u << 10)  /* the same while others are at work, beyond as much as they had done for them */
#define ACT_BYTES 512          /* what somebody else's act or frame counts for in that */
#define OTHERS_MS 10           /* others are at work: so long after their last one */
#define READ_DRAIN (16u << 20)  /* left over by a process that is gone; more than a socket holds */
#define KEEP_BYTES (256u << 10) /* of the output buffer, when it has run empty */

struct backend_connection {
	struct backend *backend;
	const char *way;
	struct list link;       /* backend->candidates, or alone */
	struct list dirty_link; /* server->dirty, or alone */
	uv_poll_t poll;
	int fd;
	int events; /* watched now */
	struct frame_reader reader;
	struct arena arena;
	struct buf out;
	struct latency_queue waiting;
	size_t sent;         /* of out, taken by the kernel */
	uint64_t appended, written; /* bytes since the beginning: put into `out`; taken by the kernel */
	struct buf unwritten;       /* struct unwritten: numbered frames of a backend that does not answer them */
	size_t unwritten_start;     /* bytes of it that are done */
	uint64_t acts;      /* transport->acts after our last frames */
	uint64_t others_ms; /* uv_now + 1 when others had last acted; 0: never yet */
	bool cut_short;     /* the last turn's share was used up: there may be more */
	uint64_t partial_ms; /* clock_ms of the first byte of an unfinished frame; 0: none */
	bool paused;         /* reading is held back */
	/* A frame that could not be taken and those behind it, each with its length as on the wire: handled later,
	 * in order. Empty: none. */
	struct buf held;
	bool resumed;        /* and what lies in the reader is due */
	bool blocked;        /* the kernel takes no more now */
	bool overflow, unwritable, finishing, closed;
};

/* A numbered frame ends at this byte of the stream. */
struct unwritten {
	uint64_t end, number;
};

static void on_event(uv_poll_t *poll, int status, int events);

static bool holds_enough(const struct backend_connection *connection)
{
	return connection->held.len > LIMIT_BACKEND_HELD_BYTES;
}

/* What is watched follows from the state. */
static void watch(struct backend_connection *connection)
{
	int events = (connection->paused || holds_enough(connection) ? 0 : UV_READABLE) |
		     (connection->blocked ? UV_WRITABLE : 0);

	if (connection->closed || events == connection->events)
		return;
	connection->events = events;
	if (events)
		uv_poll_start(&connection->poll, events, on_event);
	else
		uv_poll_stop(&connection->poll);
}

static void mark_dirty(struct backend_connection *connection)
{
	if (list_empty(&connection->dirty_link))
		list_append(&connection->backend->server->dirty, &connection->dirty_link);
}

/* reading */

static enum codec_dialect dialect_of(const struct backend *backend)
{
	return backend->extended ? CODEC_EXTENDED : CODEC_PLAIN;
}

/* Numbered frames are taken once. */
static bool is_new(struct backend_connection *connection, const struct event *event)
{
	struct backend *backend = connection->backend;

	if (!event->handover || !backend->extended)
		return true;
	mark_dirty(connection);
	if (event->handover <= backend->taken)
		return false;
	if (event->handover != backend->taken + 1)
		backend_ignore(backend, "a number that is out of turn");
	backend->taken = event->handover;
	if (backend->transport->spool)
		spool_cannot_wait(backend->transport->spool);
	return true;
}

static void refuse(struct backend *backend, int bad, const struct event *event)
{
	struct buf what = {0};

	if (bad == TP_ERR_LIMIT)
		buf_printf(&what, "%s for %s: something in it is too long, or too much",
		           event_type_name(event->type), log_quote(event->user));
	else
		buf_puts(&what, "a frame that makes no sense");
	/* Somebody will miss them at the next login. */
	if (bad == TP_ERR_LIMIT && event->type == EVENT_VALUES)
		log_error(&backend->log, "refused %s", buf_text(&what));
	backend_ignore(backend, buf_text(&what));
	buf_finish(&what);
}

static void handle_frame(struct backend_connection *connection, const uint8_t *frame, size_t length)
{
	struct backend *backend = connection->backend;
	struct event event; /* codec_decode clears it */

	backend->transport->acts++;
	int bad = codec_decode(&connection->arena, CODEC_BACKEND, dialect_of(backend), frame, length, &event);
	bool is_due = is_new(connection, &event);

	if (bad)
		refuse(backend, bad, &event);
	else if (is_due)
		backend_receive(backend, connection, &event);
	if (backend->not_taken && event.handover && backend->extended)
		backend->taken = event.handover - 1;
	arena_reset(&connection->arena);
}

/* Kept for later. Answers count at once: what they end makes room, and may be all that can. They are handled once
 * more in their turn, which does no harm. */
static void hold_frame(struct backend_connection *connection, const uint8_t *frame, size_t length)
{
	struct backend *backend = connection->backend;
	struct event event = {0};

	buf_put_be32(&connection->held, (uint32_t)length);
	buf_append(&connection->held, frame, length);
	if (codec_decode(&connection->arena, CODEC_BACKEND, dialect_of(backend), frame, length, &event) == 0 &&
	    event.type == EVENT_HANDOVER && backend->extended)
		delivery_answered(backend, &event.handed_over);
	arena_reset(&connection->arena);
}

/* At the next few frames, not at all: what was asked for early would be gone again. How many need no look. */
static size_t look_ahead(const struct backend_connection *connection)
{
	struct transport *transport = connection->backend->transport;
	const char *user;
	const uint8_t *frame;
	struct ahead ahead = {0};
	size_t at = 0, frames = 0, length, user_length;

	if (!ahead_pays(transport))
		return MAP_SEVERAL;
	for (; frames < MAP_SEVERAL && frame_look(&connection->reader, &at, &frame, &length); frames++)
		if (peek_user(frame, length, &user, &user_length))
			ahead_user(&ahead, transport, user, user_length);
	ahead_users_end(&ahead, transport);
	return frames;
}

/* Whole frames in the reader. False if the connection may not be used any more. */
static bool take_frames(struct backend_connection *connection, bool *any)
{
	struct backend *backend = connection->backend;
	const uint8_t *frame;
	size_t length, foreseen = 0;
	int err = 0;

	while (!connection->closed && !connection->paused && !holds_enough(connection)) {
		if (!foreseen)
			foreseen = look_ahead(connection);
		foreseen -= foreseen > 0;
		err = frame_next(&connection->reader, &frame, &length);
		if (err != 1)
			break;
		*any = true;
		if (connection->held.len) {
			hold_frame(connection, frame, length);
			continue;
		}
		handle_frame(connection, frame, length);
		if (!backend->not_taken)
			continue;
		backend->not_taken = false;
		log_warning(&backend->log, "has to wait: the spool takes no more messages");
		hold_frame(connection, frame, length);
	}
	if (!connection->closed && err < 0) {
		backend_fail(backend, "The program that serves this network sent something impossible.",
		             "announced a frame of more than %u bytes", LIMIT_FRAME_BYTES);
		return false;
	}
	return !connection->closed;
}

static bool process_input(struct backend_connection *connection)
{
	struct backend *backend = connection->backend;
	bool any = false;
	bool usable = take_frames(connection, &any);

	if (any) {
		backend->heard_ms = clock_ms();
		backend_batch_done(backend);
	}
	if (!usable || connection->closed)
		return false;
	if (!frame_partial(&connection->reader))
		connection->partial_ms = 0;
	else if (any || !connection->partial_ms)
		connection->partial_ms = clock_ms();
	return true;
}

/*
 * Bytes that may be read in this turn. Who says one thing waits for whole turns of one who says much: for the rest of
 * the one that is going on, and for one or two more until its answer has come back. So they are short while there is
 * such a one, and as long as is worth a turn's expense while there is none. Where others have much to say as well,
 * neither is left behind.
 */
static size_t share(struct backend_connection *connection)
{
	uint64_t others = connection->backend->transport->acts - connection->acts, now = uv_now(connection->poll.loop);

	if (others)
		connection->others_ms = now + 1;
	if (!connection->others_ms || now + 1 - connection->others_ms > OTHERS_MS)
		return READ_TURN;
	if (!connection->cut_short)
		return READ_SHARE;
	return others < READ_TURN / ACT_BYTES ? READ_SHARE + (size_t)others * ACT_BYTES : READ_TURN;
}

static void read_all(struct backend_connection *connection, size_t budget)
{
	while (!connection->closed && !connection->paused && !holds_enough(connection) && budget > 0) {
		size_t room;
		char *at = frame_room(&connection->reader, READ_CHUNK, &room);
		ssize_t count = recv(connection->fd, at, room < budget ? room : budget, MSG_DONTWAIT);
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (count <= 0) {
			backend_disconnected(connection->backend, connection);
			return;
		}
		frame_filled(&connection->reader, (size_t)count);
		CRASH_POINT("core.backend_read");
		budget -= (size_t)count < budget ? (size_t)count : budget;
		connection->cut_short = budget == 0;
		latency_begin_input();
		bool usable = process_input(connection);

		connection->acts = connection->backend->transport->acts;
		latency_end_input();
		if (!usable)
			return;
	}
}

/* writing */

static void tell_written(struct backend_connection *connection)
{
	struct buf *waiting = &connection->unwritten;

	while (waiting->len > connection->unwritten_start) {
		struct unwritten first;

		memcpy(&first, waiting->data + connection->unwritten_start, sizeof(first));
		if (first.end > connection->written)
			return;
		connection->unwritten_start += sizeof(first);
		delivery_written(connection->backend, first.number);
	}
	buf_clear(waiting);
	connection->unwritten_start = 0;
}

static void write_all(struct backend_connection *connection)
{
	struct buf *out = &connection->out;

	connection->blocked = false;
	while (connection->sent < out->len && !connection->unwritable) {
		CRASH_POINT("core.backend_write.before");
		ssize_t count = send(connection->fd, out->data + connection->sent,
		                     out->len - connection->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (count >= 0) {
			connection->sent += (size_t)count;
			connection->written += (uint64_t)count;
			CRASH_POINT("core.backend_write.after");
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) {
			connection->blocked = true;
			break;
		}
		/* it may have left words behind: they are read before the end is told */
		connection->unwritable = true;
	}
	if (!connection->blocked) {
		latency_written(&connection->waiting, LATENCY_ROUTER_TO_BACKEND);
		connection->sent = 0;
		buf_clear(out);
		buf_shrink(out, KEEP_BYTES);
		if (connection->finishing)
			shutdown(connection->fd, SHUT_WR);
	} else if (connection->sent > out->len / 2) {
		buf_consume(out, connection->sent);
		connection->sent = 0;
	}
	tell_written(connection);
	if (connection->backend->congested &&
	    backend_connection_queued(connection) < LIMIT_BACKEND_OUT_HIGH / 2)
		backend_drained(connection->backend);
	if (!connection->unwritable) {
		watch(connection);
		return;
	}
	backend_connection_drain(connection);
	if (!connection->closed)
		backend_disconnected(connection->backend, connection);
}

static void on_event(uv_poll_t *poll, int status, int events)
{
	struct backend_connection *connection = poll->data;

	if (connection->closed)
		return;
	if (status < 0 || (events & UV_READABLE))
		read_all(connection, share(connection));
	if (!connection->closed && (events & UV_WRITABLE))
		write_all(connection);
}

static void on_durable(void *context, int err)
{
	struct backend *backend = context;

	/* One at a time: this is all that was asked for. */
	if (!err)
		backend->durable = backend->sync_asked;
	else
		backend->sync_asked = backend->durable;
	if (backend->connection)
		mark_dirty(backend->connection);
	backend_part_closed(backend);
}

/* Tells the backend what it may forget. */
static void acknowledge(struct backend_connection *connection)
{
	struct backend *backend = connection->backend;
	uint64_t safe = backend_safely_taken(backend);
	struct spool *spool = backend->transport->spool;

	if (connection != backend->connection || safe <= backend->acknowledged)
		return;
	if (spool && spool_durability(spool) == SPOOL_POWER) {
		if (safe > backend->sync_asked && backend->sync_asked == backend->durable) {
			backend->sync_asked = safe;
			backend->parts++;
			spool_when_durable(spool, on_durable, backend);
		}
		safe = backend->durable;
		if (safe <= backend->acknowledged)
			return;
	}
	CRASH_POINT("core.acknowledge");
	backend->acknowledged = safe;
	backend_connection_send(connection, &(struct event){.type = EVENT_HANDOVER, .handed_over = {.up_to = safe}});
}

static void flush(struct backend_connection *connection)
{
	struct backend *backend = connection->backend;

	if (connection->overflow) {
		backend_fail(backend, "The program that serves this network does not take messages any more.",
		             "takes no data: %zu bytes are waiting", backend_connection_queued(connection));
		return;
	}
	if (connection->resumed) {
		connection->resumed = false;
		if (!process_input(connection))
			return;
		transport_commit(backend->transport);
	}
	if (backend->extended && backend->transport->spool && spool_is_pending(backend->transport->spool))
		transport_commit(backend->transport);
	acknowledge(connection);
	if (!connection->blocked)
		write_all(connection);
	else
		watch(connection);
}

bool backend_connection_any_answers(const struct network_plugin_server *server)
{
	LIST_EACH (link, &server->dirty)
		if (CONTAINER_OF(link, struct backend_connection, dirty_link)->backend->extended)
			return true;
	return false;
}

void backend_connection_flush_all(struct network_plugin_server *server)
{
	/* what a flush makes others send is written in the same round: the loop may sleep after this */
	while (!list_empty(&server->dirty)) {
		struct list *link = server->dirty.next;
		struct backend_connection *connection =
		        CONTAINER_OF(link, struct backend_connection, dirty_link);
		list_remove(link);
		flush(connection);
	}
}

/* life */

struct backend_connection *backend_connection_open(struct backend *backend, int fd, const char *way)
{
	struct backend_connection *connection = MEM_NEW(struct backend_connection);
	int err = uv_poll_init(backend->transport->loop, &connection->poll, fd);

	if (err < 0) {
		log_error(&backend->log, "cannot watch a connection: %s", uv_strerror(err));
		close(fd);
		mem_free(connection);
		return NULL;
	}
	connection->backend = backend;
	connection->way = way;
	connection->fd = fd;
	connection->poll.data = connection;
	connection->acts = backend->transport->acts;
	list_init(&connection->dirty_link);
	list_init(&connection->link);
	list_append(&backend->candidates, &connection->link);
	backend->candidates_count++;
	frame_reader_init(&connection->reader, LIMIT_FRAME_BYTES);
	backend->parts++;
	watch(connection);
	return connection;
}

void backend_connection_adopt(struct backend_connection *connection)
{
	if (list_empty(&connection->link))
		return;
	list_remove(&connection->link);
	connection->backend->candidates_count--;
}

static void on_closed(uv_handle_t *handle)
{
	struct backend_connection *connection = handle->data;
	struct backend *backend = connection->backend;

	frame_reader_finish(&connection->reader);
	arena_finish(&connection->arena);
	buf_finish(&connection->out);
	buf_finish(&connection->unwritten);
	buf_finish(&connection->held);
	mem_free(connection);
	backend_part_closed(backend);
}

void backend_connection_close(struct backend_connection **connection)
{
	struct backend_connection *gone = *connection;

	*connection = NULL;
	if (!gone || gone->closed)
		return;
	gone->closed = true;
	if (gone->held.len)
		log_error(&gone->backend->log, "ended while the spool was full: %zu bytes of what it said are lost",
			  gone->held.len);
	backend_connection_adopt(gone);
	list_remove(&gone->dirty_link);
	uv_close((uv_handle_t *)&gone->poll, on_closed);
	close(gone->fd);
}

int backend_connection_send(struct backend_connection *connection, const struct event *event)
{
	struct backend *backend = connection->backend;
	size_t before = connection->out.len;

	if (connection->closed || connection->finishing || connection->overflow || connection->unwritable)
		return TP_ERR_CLOSED;
	int err = codec_encode(&connection->out, CODEC_CORE, dialect_of(backend), event);

	if (err < 0) {
		log_debug(&backend->log, "no frame carries %s", event_type_name(event->type));
		return err;
	}
	latency_queued(&connection->waiting);
	connection->appended += connection->out.len - before;
	if (event->handover && !backend->extended) {
		struct unwritten frame = {.end = connection->appended, .number = event->handover};

		buf_append(&connection->unwritten, &frame, sizeof(frame));
	}
	if (backend_connection_queued(connection) > LIMIT_BACKEND_OUT_HIGH)
		backend->congested = true;
	if (backend_connection_queued(connection) > backend->server->out_limit)
		connection->overflow = true;
	mark_dirty(connection);
	return 0;
}

void backend_connection_acknowledge_soon(struct backend_connection *connection)
{
	if (!connection->closed)
		mark_dirty(connection);
}

size_t backend_connection_queued(const struct backend_connection *connection)
{
	return connection->out.len - connection->sent;
}

void backend_connection_finish(struct backend_connection *connection)
{
	connection->finishing = true;
	mark_dirty(connection);
}

void backend_connection_set_reading(struct backend_connection *connection, bool on)
{
	if (connection->closed || connection->paused == !on)
		return;
	connection->paused = !on;
	if (on) {
		connection->resumed = true;
		connection->partial_ms = 0;
		mark_dirty(connection);
	}
	watch(connection);
}

bool backend_connection_is_reading(const struct backend_connection *connection)
{
	return !connection->paused && !holds_enough(connection);
}

void backend_connection_retry(struct backend_connection *connection)
{
	struct backend *backend = connection->backend;
	struct buf *held = &connection->held;
	size_t done = 0;

	if (!held->len)
		return;
	while (done < held->len && !connection->closed && !connection->paused) {
		const uint8_t *frame = (const uint8_t *)held->data + done;
		size_t length = frame_announced(frame);

		handle_frame(connection, frame + FRAME_HEADER, length);
		if (backend->not_taken)
			break;
		done += FRAME_HEADER + length;
	}
	backend->not_taken = false;
	if (connection->closed)
		return;
	buf_consume(held, done);
	if (!held->len) {
		log_info(&backend->log, "need not wait any more: there is room for messages");
		buf_finish(held);
	}
	connection->resumed = true;
	connection->partial_ms = 0;
	mark_dirty(connection);
	watch(connection);
}

void backend_connection_drain(struct backend_connection *connection)
{
	connection->paused = false;
	backend_connection_retry(connection);
	if (process_input(connection))
		read_all(connection, READ_DRAIN);
}

bool backend_connection_is_slow(const struct backend_connection *connection, uint64_t now_ms,
                                uint64_t limit_ms)
{
	return !connection->paused && connection->partial_ms && now_ms - connection->partial_ms > limit_ms;
}

const char *backend_connection_way(const struct backend_connection *connection)
{
	return connection->way;
}

struct backend_connection *backend_connection_from_link(struct list *link)
{
	return CONTAINER_OF(link, struct backend_connection, link);
}
