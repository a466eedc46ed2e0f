/* SPDX-License-Identifier: MIT */
/* Outliving the gateway: docs/protocol.md, section 8. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "plugin/plugin_private.h"
#include "protocol/codec.h"

#define READ_BYTES 4096
#define SESSIONS_PER_FRAME 1000

void hold_order(struct plug *plug, const struct event_hold *hold)
{
	if (!plug->options->outlives_gateway || plug->attach_fd < 0)
		return;
	mem_free_secret(plug->core_token);
	mem_free_secret(plug->backend_token);
	plug->core_token = mem_strdup(hold->core_token);
	plug->backend_token = mem_strdup(hold->backend_token);
	plug->hold_seconds = hold->seconds;
}

/* ---- waiting for a gateway ---- */

static void hold_wait(struct plug *plug)
{
	plug_close(&plug->output_fd);
	plug_switch(plug, -1, LIMIT_ATTACH_BYTES);
	plug->link = LINK_HELD;
}

bool hold_begin(struct plug *plug)
{
	bool was_attached = plug->link == LINK_ATTACHED;

	output_verdicts(plug);
	if (!plug->core_token || (!map_count(plug->sessions.by_user) && !keep_size(&plug->keep)))
		return false;
	log_warning(&plug->log, "the gateway is gone: sessions are held for %u s", plug->hold_seconds);
	plug->hold_end = clock_ms() + 1000ull * plug->hold_seconds;
	hold_wait(plug);
	if (!was_attached && plug->ops->held)
		plug->ops->held(plug, true);
	return true;
}

static void hold_accept(struct plug *plug)
{
	int fd = accept4(plug->attach_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	plug_switch(plug, fd, LIMIT_ATTACH_BYTES);
	plug->link = LINK_CANDIDATE;
	plug->candidate_end = clock_ms() + 1000ull * LIMIT_ATTACH_SECONDS;
}

static void hold_refuse(struct plug *plug, const char *why)
{
	log_warning(&plug->log, "a connection that wanted to take the sessions over was closed: %s", why);
	hold_wait(plug);
}

static void send_sessions(struct plug *plug)
{
	struct event event = {.type = EVENT_ATTACHED, .attached = {.backend_token = plug->backend_token}};
	struct event_held_session sessions[SESSIONS_PER_FRAME];
	struct map_iter it = {0};
	bool more = map_next(plug->sessions.by_user, &it);

	event.attached.sessions = sessions;
	do {
		event.attached.count = 0;
		while (more && event.attached.count < SESSIONS_PER_FRAME) {
			struct session *session = it.value;

			session->offered = true;
			session->resumed = false;
			sessions[event.attached.count++] =
				(struct event_held_session){it.key, session->legacy_name, session->connected};
			more = map_next(plug->sessions.by_user, &it);
		}
		event.attached.more = more;
		plug_send(plug, &event);
	} while (more);
}

/* The first frame of a candidate. False: it is not a gateway that we know. */
static bool hold_check(struct plug *plug, const uint8_t *frame, size_t length)
{
	struct event event;
	bool good = codec_decode(&plug->arena, CODEC_CORE, CODEC_EXTENDED, frame, length, &event) == 0 &&
		    event.type == EVENT_ATTACH && text_equal_secret(event.attach.core_token, plug->core_token);

	if (good)
		output_taken(plug, event.attach.taken);
	arena_reset(&plug->arena);
	return good;
}

static void hold_redirect_output(struct plug *plug)
{
	if (plug->output_fd < 0)
		return;
	dup2(plug->output_fd, STDOUT_FILENO);
	dup2(plug->output_fd, STDERR_FILENO);
	plug_close(&plug->output_fd);
}

static void hold_attach(struct plug *plug)
{
	log_info(&plug->log, "a gateway takes the sessions over");
	plug->link = LINK_ATTACHED;
	hold_redirect_output(plug);
	plug->in.limit = LIMIT_FRAME_BYTES;
	send_sessions(plug);
	receive_send_config(plug);
	plug_take_frames(plug);
}

/* With the first bytes comes the pipe for what we print, which went with the last gateway. */
static ssize_t hold_receive(struct plug *plug, char *room, size_t available)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = {room, available};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = control.bytes,
				 .msg_controllen = sizeof(control.bytes)};
	ssize_t count = recvmsg(plug->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *header = count > 0 ? CMSG_FIRSTHDR(&message) : NULL;

	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
	    header->cmsg_len == CMSG_LEN(sizeof(int))) {
		plug_close(&plug->output_fd);
		memcpy(&plug->output_fd, CMSG_DATA(header), sizeof(int));
	}
	return count;
}

static void hold_read(struct plug *plug)
{
	size_t available, length;
	char *room = frame_room(&plug->in, READ_BYTES, &available);
	ssize_t count = hold_receive(plug, room, available);
	const uint8_t *frame;
	int got;

	if (count < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK)) {
		if (clock_ms() >= plug->candidate_end)
			hold_refuse(plug, "it said nothing");
		return;
	}
	if (count <= 0) {
		hold_refuse(plug, "it went away");
		return;
	}
	frame_filled(&plug->in, (size_t)count);
	got = frame_next(&plug->in, &frame, &length);
	if (got == 0 && clock_ms() < plug->candidate_end)
		return;
	if (got > 0 && hold_check(plug, frame, length))
		hold_attach(plug);
	else
		hold_refuse(plug, "it does not know the token");
}

void hold_dispatch(struct plug *plug)
{
	if (clock_ms() >= plug->hold_end) {
		log_warning(&plug->log, "no gateway came: the sessions end");
		plug_end(plug, 0);
		return;
	}
	if (plug->link == LINK_HELD)
		hold_accept(plug);
	if (plug->link == LINK_CANDIDATE)
		hold_read(plug);
}

/* ---- handing the sessions over ---- */

static void end_session(struct plug *plug, const char *user, const struct session *session)
{
	if (!session->gone && plug->ops->logout)
		plug->ops->logout(plug, user);
	verdicts_give_back(&plug->verdicts, user);
	sessions_logout(&plug->sessions, user);
}

static void resume_sessions(struct plug *plug)
{
	struct map_iter it = {0};

	while (map_next(plug->sessions.by_user, &it)) {
		struct session *session = it.value;

		if (!session->offered)
			continue;
		session->offered = false;
		if (!session->resumed)
			end_session(plug, it.key, session);
		else if (!session->gone && plug->ops->resync)
			plug->ops->resync(plug, it.key);
	}
}

void hold_resume(struct plug *plug, const struct event_resume *resume)
{
	if (plug->link != LINK_ATTACHED)
		return;
	for (size_t i = 0; i < resume->count; i++) {
		struct session *session = map_get(plug->sessions.by_user, resume->users[i]);

		if (session)
			session->resumed = true;
	}
	if (resume->more)
		return;
	plug->snapshot = true;
	resume_sessions(plug);
	plug->snapshot = false;
	output_verdicts(plug);
	output_kept(plug);
	plug->link = LINK_GATEWAY;
	plug_send(plug, &(struct event){.type = EVENT_RESUMED});
	if (plug->ops->held)
		plug->ops->held(plug, false);
}
