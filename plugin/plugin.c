/* SPDX-License-Identifier: MIT */
#include "plugin/plugin.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crash_point.h"
#include "base/error.h"
#include "base/mem.h"
#include "config/limits.h"
#include "plugin/plugin_private.h"

#define READ_BYTES (16u << 10)
#define READS_PER_TURN 16 /* then answers are written, and the program gets to its other sockets */

/* ---- beginning and end ---- */

void plug_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

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
	const struct rlimit no_core = {0};

	setrlimit(RLIMIT_CORE, &no_core);
	plug->options = options;
	plug->ops = ops;
	plug->context = context;
	plug->log.label = options->name;
	plug->fd = plug->stale_fd = -1;
	plug->attach_fd = connect_attach_socket(&plug->log);
	plug->output_fd = -1;
	/* Who reads our output goes with the gateway. */
	if (plug->attach_fd >= 0)
		signal(SIGPIPE, SIG_IGN);
	if (!options->outlives_gateway)
		plug_close(&plug->attach_fd);
	plug->config = config_create();
	frame_reader_init(&plug->in, LIMIT_FRAME_BYTES);
	verdicts_init(&plug->verdicts);
	sessions_init(&plug->sessions);
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
	plug_close(&plug->fd);
	plug_close(&plug->stale_fd);
	plug_close(&plug->output_fd);
	plug_close(&plug->attach_fd);
	mem_free_secret(plug->core_token);
	mem_free_secret(plug->backend_token);
	keep_finish(&plug->keep);
	verdicts_finish(&plug->verdicts);
	sessions_finish(&plug->sessions);
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

/* ---- input ---- */

void plug_switch(struct plug *plug, int fd, uint32_t frame_limit)
{
	if (plug->fd >= 0) {
		shutdown(plug->fd, SHUT_RDWR);
		plug_close(&plug->stale_fd);
		plug->stale_fd = plug->fd;
	}
	plug->fd = fd;
	plug->deaf = false;
	output_drop(plug);
	frame_reader_finish(&plug->in);
	frame_reader_init(&plug->in, frame_limit);
}

void plug_take_frames(struct plug *plug)
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
			if (!hold_begin(plug))
				plug_end(plug, 0);
			return;
		}
		frame_filled(&plug->in, (size_t)count);
		CRASH_POINT("plugin.read");
		plug_take_frames(plug);
		if ((size_t)count < available)
			return;
	}
}

int plug_fd(const struct plug *plug)
{
	return plug->fd >= 0 ? plug->fd : plug->attach_fd;
}

int plug_dispatch(struct plug *plug)
{
	plug_close(&plug->stale_fd);
	if (plug->broken)
		plug_end(plug, 1);
	else if (!plug->over && (plug->link == LINK_HELD || plug->link == LINK_CANDIDATE))
		hold_dispatch(plug);
	else if (!plug->over)
		plug_read(plug);
	plug_flush(plug);
	return plug->over ? TP_ERR_CLOSED : 0;
}

int plug_timeout(const struct plug *plug)
{
	uint64_t now, end = plug->hold_end;

	if (plug->broken)
		return 0;
	if (plug->over || (plug->link != LINK_HELD && plug->link != LINK_CANDIDATE))
		return -1;
	if (plug->link == LINK_CANDIDATE && plug->candidate_end < end)
		end = plug->candidate_end;
	now = clock_ms();
	return end <= now ? 0 : end - now > INT_MAX ? INT_MAX : (int)(end - now);
}

int plug_run(struct plug *plug)
{
	while (!plug->over) {
		struct pollfd watch = {.fd = plug_fd(plug), .events = POLLIN};

		if (plug_wants_write(plug))
			watch.events |= POLLOUT;
		if (poll(&watch, 1, plug_timeout(plug)) < 0 && errno != EINTR) {
			log_error(&plug->log, "poll failed");
			plug_end(plug, 1);
		}
		plug_dispatch(plug);
	}
	return plug->exit_status;
}
