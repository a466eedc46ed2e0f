/* SPDX-License-Identifier: MIT */
/* What goes to the gateway: queued for the connection, and with the extension kept until it is taken. */
#include <errno.h>
#include <sys/socket.h>

#include "base/crash_point.h"
#include "base/clock.h"
#include "base/error.h"
#include "config/limits.h"
#include "plugin/plugin_private.h"
#include "protocol/codec.h"

#define OUT_KEEP_BYTES (64u << 10)
#define ANSWERS_PER_FRAME 256

static size_t out_size(const struct plug *plug)
{
	return plug->out.len - plug->out_start;
}

size_t plug_queued(const struct plug *plug)
{
	size_t out = out_size(plug), kept = keep_size(&plug->keep);

	return out > kept ? out : kept;
}

bool plug_full(struct plug *plug)
{
	size_t out = out_size(plug), kept = keep_size(&plug->keep);

	if (out > LIMIT_PLUGIN_OUT_HIGH || kept > LIMIT_PLUGIN_KEPT_HIGH)
		plug->full = true;
	else if (out < LIMIT_PLUGIN_OUT_HIGH / 4 && kept < LIMIT_PLUGIN_KEPT_HIGH / 2)
		plug->full = false;
	return plug->full;
}

bool plug_wants_write(const struct plug *plug)
{
	return out_size(plug) > 0;
}

static void out_written(struct plug *plug, size_t count)
{
	plug->out_start += count;
	if (plug->out_start == plug->out.len) {
		buf_clear(&plug->out);
		buf_shrink(&plug->out, OUT_KEEP_BYTES);
		plug->out_start = 0;
	} else if (plug->out_start > plug->out.len / 2) {
		buf_consume(&plug->out, plug->out_start);
		plug->out_start = 0;
	}
}

void output_drop(struct plug *plug)
{
	out_written(plug, out_size(plug));
}

static bool is_numbered(enum event_type type)
{
	return type != EVENT_PONG && type != EVENT_STATS && type != EVENT_BACKEND_CONFIG &&
	       type != EVENT_API_VERSION && type != EVENT_ATTACHED && type != EVENT_RESUMED;
}

/* What a new gateway takes as known: the state of things, and nothing that happened. */
static bool is_state(enum event_type type)
{
	return type == EVENT_CONTACT || type == EVENT_PARTICIPANT || type == EVENT_PARTICIPANTS ||
	       type == EVENT_SUBJECT || type == EVENT_ROOM_NICKNAME || type == EVENT_ROOM_INFO ||
	       type == EVENT_ROOM_LIST;
}

/* For this connection alone. */
static int send_once(struct plug *plug, const struct event *event)
{
	if (plug->deaf || plug->link == LINK_HELD || plug->link == LINK_CANDIDATE)
		return TP_ERR_CLOSED;
	if (out_size(plug) > LIMIT_BACKEND_OUT_BYTES) {
		log_error(&plug->log, "the gateway does not read: %zu bytes wait", out_size(plug));
		plug->deaf = true;
		shutdown(plug->fd, SHUT_RDWR); /* so that the end is read in the next plug_dispatch */
		return TP_ERR_CLOSED;
	}
	return codec_encode(&plug->out, CODEC_BACKEND, plug->extended ? CODEC_EXTENDED : CODEC_PLAIN, event);
}

/* Kept until it is taken, whatever happens to this connection. */
static int send_numbered(struct plug *plug, const struct event *event)
{
	const char *frame;
	size_t length;
	int error;

	if (keep_size(&plug->keep) > LIMIT_PLUGIN_KEPT_BYTES) {
		if (!plug->broken)
			log_error(&plug->log, "the gateway takes nothing: %zu bytes wait", keep_size(&plug->keep));
		plug->broken = true;
		return TP_ERR_LIMIT;
	}
	error = keep_put(&plug->keep, event, &frame, &length);
	if (!error && plug->link == LINK_GATEWAY && !plug->deaf)
		buf_append(&plug->out, frame, length);
	return error;
}

static int send_event(struct plug *plug, const struct event *event)
{
	struct event copy = *event;

	/* It is shown later than it was said. */
	if (copy.type == EVENT_MESSAGE && !copy.message.stamp_ms && plug->extended && plug->link != LINK_GATEWAY)
		copy.message.stamp_ms = clock_wall_ms();
	copy.handover = 0;
	copy.snapshot = plug->extended && plug->snapshot && is_state(event->type);
	if (plug->extended && is_numbered(event->type) && !copy.snapshot)
		return send_numbered(plug, &copy);
	return send_once(plug, &copy);
}

int plug_send(struct plug *plug, const struct event *event)
{
	int error;

	if (plug->over)
		return TP_ERR_CLOSED;
	if (event->type == EVENT_DISCONNECTED)
		output_verdicts(plug); /* what was answered is not given back with the rest */
	error = send_event(plug, event);
	if (error)
		return error;
	if (event->type == EVENT_CONNECTED) {
		sessions_connected(&plug->sessions, event->user);
	} else if (event->type == EVENT_DISCONNECTED) {
		verdicts_give_back(&plug->verdicts, event->user);
		sessions_disconnected(&plug->sessions, event->user, plug->extended ? plug->keep.last : 0);
	}
	return 0;
}

void output_verdicts(struct plug *plug)
{
	uint64_t taken[ANSWERS_PER_FRAME];
	struct event_handover_result results[ANSWERS_PER_FRAME];

	while (!plug->over && verdicts_fresh(&plug->verdicts)) {
		struct event event = {.type = EVENT_HANDOVER};

		CRASH_POINT("plugin.verdicts");
		verdicts_fill(&plug->verdicts, &event.handed_over, taken, results, ANSWERS_PER_FRAME);
		if (send_numbered(plug, &event))
			return;
		verdicts_told(&plug->verdicts, &event.handed_over, plug->keep.last);
	}
}

void output_kept(struct plug *plug)
{
	buf_append(&plug->out, keep_bytes(&plug->keep), keep_size(&plug->keep));
}

void output_taken(struct plug *plug, uint64_t up_to)
{
	CRASH_POINT("plugin.taken");
	keep_forget(&plug->keep, up_to);
	verdicts_taken(&plug->verdicts, plug->keep.taken);
	sessions_taken(&plug->sessions, plug->keep.taken);
}

void plug_flush(struct plug *plug)
{
	ssize_t count;

	output_verdicts(plug);
	if (!out_size(plug))
		return;
	if (!plug->deaf) {
		CRASH_POINT("plugin.write.before");
		do
			count = send(plug->fd, plug->out.data + plug->out_start, out_size(plug),
				     MSG_NOSIGNAL | MSG_DONTWAIT);
		while (count < 0 && errno == EINTR);
		if (count >= 0) {
			CRASH_POINT("plugin.write.after");
			out_written(plug, (size_t)count);
			return;
		}
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			return;
		plug->deaf = true;
	}
	output_drop(plug);
}
