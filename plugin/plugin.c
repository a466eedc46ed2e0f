/* SPDX-License-Identifier: MIT */
#include "plugin/plugin.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "config/limits.h"
#include "plugin/plugin_private.h"
#include "protocol/codec.h"

#define READ_BYTES (16u << 10)
#define READS_PER_TURN 16 /* then answers are written, and the program gets to its other sockets */
#define OUT_KEEP_BYTES (64u << 10)

/* ---- beginning and end ---- */

static int plug_configure(struct plug *plug, struct plug_arguments *arguments, int argc, char **argv, struct buf *error)
{
	const struct plug_options *options = plug->options;
	const char *jid;

	if (arguments_parse(arguments, plug->config, argc, argv, error))
		return TP_ERR_INVALID;
	if (arguments->help) {
		arguments_print_help(options);
		exit(0);
	}
	for (size_t i = 0; i < options->tables_count; i++)
		config_bind(plug->config, options->tables[i], options->targets[i]);
	if (arguments->jid)
		config_set_jid(plug->config, arguments->jid);
	if (config_load(plug->config, arguments->path, error))
		return TP_ERR_INVALID;
	jid = arguments->jid ? arguments->jid : config_raw(plug->config, "service.jid");
	plug->jid = mem_strdup(jid ? jid : "");
	plug->backend_id = arguments->backend_id;
	return 0;
}

struct plug *plug_create(int argc, char **argv, const struct plug_options *options, const struct plug_ops *ops,
			 void *context)
{
	struct plug *plug = MEM_NEW(struct plug);
	struct plug_arguments arguments;
	struct buf error = {0};
	int64_t shared_kb;

	plug->options = options;
	plug->ops = ops;
	plug->context = context;
	plug->log.label = options->name;
	plug->fd = -1;
	plug->config = config_create();
	frame_reader_init(&plug->in, LIMIT_FRAME_BYTES);
	receive_memory(&plug->initial_kb, &shared_kb);
	if (plug_configure(plug, &arguments, argc, argv, &error) == 0)
		plug->fd = connect_gateway(&arguments, &plug->log, &error);
	if (plug->fd < 0) {
		fprintf(stderr, "%s: %s\n", options->name, buf_text(&error));
		plug_destroy(&plug);
	}
	buf_finish(&error);
	return plug;
}

void plug_destroy(struct plug **slot)
{
	struct plug *plug = *slot;

	if (!plug)
		return;
	*slot = NULL;
	if (plug->fd >= 0)
		close(plug->fd);
	frame_reader_finish(&plug->in);
	arena_finish(&plug->arena);
	buf_finish(&plug->out);
	config_destroy(&plug->config);
	mem_free(plug->jid);
	mem_free(plug);
}

void *plug_context(const struct plug *plug)
{
	return plug->context;
}

const struct config *plug_config(const struct plug *plug)
{
	return plug->config;
}

const char *plug_jid(const struct plug *plug)
{
	return plug->jid;
}

int plug_backend_id(const struct plug *plug)
{
	return plug->backend_id;
}

void plug_end(struct plug *plug, int exit_status)
{
	if (plug->over)
		return;
	plug->over = true;
	plug->exit_status = exit_status;
	if (plug->ops->exit)
		plug->ops->exit(plug);
}

/* ---- output ---- */

size_t plug_queued(const struct plug *plug)
{
	return plug->out.len - plug->out_start;
}

bool plug_wants_write(const struct plug *plug)
{
	return plug_queued(plug) > 0;
}

int plug_fd(const struct plug *plug)
{
	return plug->fd;
}

int plug_send(struct plug *plug, const struct event *event)
{
	if (plug->over || plug->deaf)
		return TP_ERR_CLOSED;
	if (plug_queued(plug) > LIMIT_BACKEND_OUT_BYTES) {
		log_error(&plug->log, "the gateway does not read: %zu bytes wait", plug_queued(plug));
		plug->deaf = true;
		shutdown(plug->fd, SHUT_RDWR); /* so that the end is read in the next plug_dispatch */
		return TP_ERR_CLOSED;
	}
	return codec_encode(&plug->out, CODEC_BACKEND, CODEC_PLAIN, event);
}

static void plug_written(struct plug *plug, size_t count)
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

void plug_flush(struct plug *plug)
{
	ssize_t count;

	if (!plug_queued(plug))
		return;
	if (!plug->deaf) {
		do
			count = send(plug->fd, plug->out.data + plug->out_start, plug_queued(plug),
				     MSG_NOSIGNAL | MSG_DONTWAIT);
		while (count < 0 && errno == EINTR);
		if (count >= 0) {
			plug_written(plug, (size_t)count);
			return;
		}
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			return;
		plug->deaf = true;
	}
	plug_written(plug, plug_queued(plug));
}

/* ---- input ---- */

static void plug_take_frames(struct plug *plug)
{
	const uint8_t *frame;
	size_t length;
	int got;

	while (!plug->over && (got = frame_next(&plug->in, &frame, &length)) != 0) {
		if (got < 0) {
			log_error(&plug->log, "the gateway sent a frame that is too large");
			plug_end(plug, 1);
			return;
		}
		receive_frame(plug, frame, length);
	}
}

static void plug_read(struct plug *plug)
{
	for (int turn = 0; turn < READS_PER_TURN && !plug->over; turn++) {
		size_t available;
		char *room = frame_room(&plug->in, READ_BYTES, &available);
		ssize_t count = recv(plug->fd, room, available, MSG_DONTWAIT);

		if (count < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (count <= 0) {
			plug_end(plug, 0);
			return;
		}
		frame_filled(&plug->in, (size_t)count);
		plug_take_frames(plug);
		if ((size_t)count < available)
			return;
	}
}

int plug_dispatch(struct plug *plug)
{
	if (!plug->over)
		plug_read(plug);
	plug_flush(plug);
	return plug->over ? TP_ERR_CLOSED : 0;
}

int plug_run(struct plug *plug)
{
	while (!plug->over) {
		struct pollfd watch = {.fd = plug->fd, .events = POLLIN};

		if (plug_wants_write(plug))
			watch.events |= POLLOUT;
		if (poll(&watch, 1, -1) < 0 && errno != EINTR) {
			log_error(&plug->log, "poll failed");
			plug_end(plug, 1);
		}
		plug_dispatch(plug);
	}
	return plug->exit_status;
}
