/* SPDX-License-Identifier: MIT */
#include "e2e.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"

#define PATIENCE_MS 60000
#define ARGUMENTS_MAX 32

static int listen_for_attach(struct gateway *gateway)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(gateway->folder, sizeof(gateway->folder), "/tmp/test-irc-XXXXXX");
	assert_non_null(mkdtemp(gateway->folder));
	snprintf(gateway->path, sizeof(gateway->path), "%s/socket", gateway->folder);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", gateway->path);
	assert_int_equal(0, bind(fd, (struct sockaddr *)&address, sizeof(address)));
	assert_int_equal(0, listen(fd, 4));
	return fd;
}

static void set_variable(const char *name, int fd)
{
	char number[16];

	fcntl(fd, F_SETFD, 0);
	snprintf(number, sizeof(number), "%d", fd);
	setenv(name, number, 1);
}

void gateway_start(struct gateway *gateway, const char *program, const char *const *arguments)
{
	const char *argv[ARGUMENTS_MAX + 1] = {program};
	int ends[2], count = 1;

	memset(gateway, 0, sizeof(*gateway));
	gateway->listener = listen_for_attach(gateway);
	assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
	while (*arguments && count < ARGUMENTS_MAX)
		argv[count++] = *arguments++;
	gateway->pid = fork();
	assert_true(gateway->pid >= 0);
	if (gateway->pid == 0) {
		set_variable("LIBTRANSPORT_FD", ends[1]);
		set_variable("LIBTRANSPORT_ATTACH_FD", gateway->listener);
		execv(program, (char *const *)(void *)argv);
		_exit(127);
	}
	close(ends[1]);
	gateway->fd = ends[0];
	frame_reader_init(&gateway->reader, FRAME_MAX_DEFAULT);
}

void gateway_stop(struct gateway *gateway)
{
	int status;

	/* Without the extension the end of the connection is the goodbye. */
	if (gateway->dialect == CODEC_EXTENDED)
		gateway_send(gateway, &(struct event){EVENT_EXIT});
	else
		close(gateway->fd);
	assert_int_equal(gateway->pid, waitpid(gateway->pid, &status, 0));
	if (gateway->dialect == CODEC_EXTENDED)
		close(gateway->fd);
	close(gateway->listener);
	unlink(gateway->path);
	rmdir(gateway->folder);
	assert_true(WIFEXITED(status));
	assert_int_equal(0, WEXITSTATUS(status));
	frame_reader_finish(&gateway->reader);
	buf_finish(&gateway->log);
}

void gateway_send(struct gateway *gateway, const struct event *event)
{
	struct buf out = {0};

	assert_int_equal(0, codec_encode(&out, CODEC_CORE, gateway->dialect, event));
	assert_int_equal(out.len, send(gateway->fd, out.data, out.len, MSG_NOSIGNAL));
	buf_finish(&out);
}

void gateway_login(struct gateway *gateway, const char *user, const char *name, const char *password)
{
	gateway_send(gateway, &(struct event){.type = EVENT_LOGIN,
	                                      .user = user,
	                                      .login = {.legacy_name = name, .password = password}});
}

void gateway_join(struct gateway *gateway, const char *user, const char *room, const char *nickname)
{
	gateway_send(gateway, &(struct event){.type = EVENT_ROOM_JOIN,
	                                      .user = user,
	                                      .room = {.name = room, .nickname = nickname}});
}

void gateway_message(struct gateway *gateway, const char *user, const char *name, const char *text,
                     const char *xhtml)
{
	gateway_send(gateway, &(struct event){.type = EVENT_MESSAGE,
	                                      .user = user,
	                                      .message = {.name = name, .text = text, .xhtml = xhtml}});
}

void gateway_number(struct gateway *gateway, uint64_t number, const char *user, const char *name,
                    const char *text)
{
	gateway_send(gateway, &(struct event){.type = EVENT_MESSAGE,
	                                      .user = user,
	                                      .handover = number,
	                                      .message = {.name = name, .text = text}});
}

static void note_message(struct buf *log, const struct event_message *message)
{
	if (message->kind == MESSAGE_CHAT)
		buf_printf(log, "%schat %s: ", message->carbon ? "carbon " : "", message->name);
	else
		buf_printf(log, "%s %s %s: ", message->kind == MESSAGE_ROOM ? "room" : "pm", message->name,
		           message->nickname);
	buf_puts(log, message->text);
	if (message->xhtml && *message->xhtml)
		buf_printf(log, " | %s", message->xhtml);
	if (message->stamp_ms)
		buf_puts(log, " (stamped)");
	if (message->id)
		buf_printf(log, " (id %s)", message->id);
	buf_putc(log, '\n');
}

static void note_participant(struct buf *log, const struct event_participant *participant)
{
	buf_printf(log, "participant %s %s flags=%d status=%d", participant->room, participant->nickname,
	           participant->flags, (int)participant->status);
	if (participant->role > ROLE_NONE)
		buf_printf(log, " role=%d", (int)participant->role);
	if (participant->new_nickname)
		buf_printf(log, " -> %s", participant->new_nickname);
	buf_printf(log, " %s\n", participant->status_text ? participant->status_text : "");
}

static void note_participants(struct buf *log, const struct event_participants *list)
{
	for (size_t i = 0; i < list->count; i++) {
		struct event_participant participant = list->participants[i];

		participant.room = list->room;
		note_participant(log, &participant);
	}
}

static void note_handover(struct buf *log, const struct event_handover *handover)
{
	for (size_t i = 0; i < handover->taken_count; i++)
		buf_printf(log, "done %llu\n", (unsigned long long)handover->taken[i]);
	for (size_t i = 0; i < handover->results_count; i++) {
		const struct event_handover_result *result = &handover->results[i];

		if (result->error)
			buf_printf(log, "refused %llu %d %s\n", (unsigned long long)result->number,
			           result->error, result->reason);
		else
			buf_printf(log, "done %llu %s\n", (unsigned long long)result->number,
			           result->message_id);
	}
}

static void note_bans(struct buf *log, const struct event_bans *list)
{
	if (list->error) {
		buf_printf(log, "no bans %s %d %s\n", list->room, list->error, list->reason);
		return;
	}
	buf_printf(log, "bans %s", list->room);
	for (size_t i = 0; i < list->count; i++) {
		const struct event_ban *ban = &list->bans[i];

		buf_printf(log, " %s", ban->mask);
		if (ban->nickname)
			buf_printf(log, " (%s)", ban->nickname);
		if (ban->set_by)
			buf_printf(log, " by %s", ban->set_by);
		if (ban->at)
			buf_printf(log, " at %lld", (long long)ban->at);
		buf_putc(log, ';');
	}
	buf_puts(log, list->more ? " more\n" : "\n");
}

static void note_event(struct buf *log, const struct event *event)
{
	if (event->snapshot)
		buf_puts(log, "snapshot ");
	switch (event->type) {
	case EVENT_CONNECTED:
		buf_printf(log, "connected %s\n", event->user);
		break;
	case EVENT_DISCONNECTED:
		buf_printf(log, "disconnected %s %d %s\n", event->user, event->disconnected.error,
		           event->disconnected.text);
		break;
	case EVENT_CONTACT:
		buf_printf(log, "contact %s status=%d\n", event->contact.name, (int)event->contact.status);
		break;
	case EVENT_MESSAGE:
		note_message(log, &event->message);
		break;
	case EVENT_SUBJECT:
		buf_printf(log, "subject %s %s: %s\n", event->message.name, event->message.nickname,
		           event->message.text);
		break;
	case EVENT_PARTICIPANT:
		note_participant(log, &event->participant);
		break;
	case EVENT_PARTICIPANTS:
		note_participants(log, &event->participants);
		break;
	case EVENT_BANS:
		note_bans(log, &event->bans);
		break;
	case EVENT_HANDOVER:
		note_handover(log, &event->handed_over);
		break;
	case EVENT_ATTACHED:
		for (size_t i = 0; i < event->attached.count; i++)
			buf_printf(log, "attached %s %d\n", event->attached.sessions[i].user,
			           event->attached.sessions[i].connected);
		break;
	case EVENT_ROOM_NICKNAME:
		buf_printf(log, "nickname %s %s\n", event->room.name, event->room.nickname);
		break;
	case EVENT_VCARD:
		buf_printf(log, "vcard %s %u %s\n", event->vcard.name, (unsigned)event->vcard.id,
		           event->vcard.full_name ? event->vcard.full_name : "(none)");
		break;
	case EVENT_ROOM_LIST:
		buf_puts(log, "list");
		for (size_t i = 0; i < event->room_list.count; i++)
			buf_printf(log, " %s", event->room_list.rooms[i]);
		buf_putc(log, '\n');
		break;
	default:
		buf_printf(log, "%s\n", event_type_name(event->type));
		break;
	}
}

static bool wait_readable(int fd, uint64_t deadline)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	uint64_t now = clock_ms();

	return now < deadline && poll(&poll_fd, 1, (int)(deadline - now)) > 0;
}

static bool gateway_read(struct gateway *gateway, uint64_t deadline)
{
	struct arena arena = {0};
	const uint8_t *frame;
	size_t length, available;
	ssize_t count;
	char *room;

	if (!wait_readable(gateway->fd, deadline))
		return false;
	room = frame_room(&gateway->reader, 65536, &available);
	count = read(gateway->fd, room, available);
	if (count <= 0)
		return false;
	frame_filled(&gateway->reader, (size_t)count);
	while (frame_next(&gateway->reader, &frame, &length) == 1) {
		struct event event;

		assert_int_equal(0, codec_decode(&arena, CODEC_BACKEND, gateway->dialect, frame, length, &event));
		note_event(&gateway->log, &event);
		arena_reset(&arena);
	}
	arena_finish(&arena);
	return true;
}

bool gateway_has(const struct gateway *gateway, const char *text)
{
	return gateway->log.data && strstr(gateway->log.data + gateway->seen, text);
}

void gateway_expect(struct gateway *gateway, const char *text)
{
	uint64_t deadline = clock_ms() + PATIENCE_MS;

	for (;;) {
		char *found = gateway->log.data ? strstr(gateway->log.data + gateway->seen, text) : NULL;

		if (found) {
			found += strlen(text);
			if (found[-1] != '\n')
				found += strcspn(found, "\n");
			gateway->seen = (size_t)(found - gateway->log.data);
			return;
		}
		if (!gateway_read(gateway, deadline))
			break;
	}
	fail_msg("the gateway did not get '%s' but:\n%s", text, buf_text(&gateway->log) + gateway->seen);
}

void gateway_settle(struct gateway *gateway)
{
	gateway_send(gateway, &(struct event){EVENT_PING});
	gateway_expect(gateway, "stats");
}

void gateway_extend(struct gateway *gateway)
{
	gateway_settle(gateway);
	gateway_send(gateway, &(struct event){EVENT_API_VERSION, .version = 2});
	gateway->dialect = CODEC_EXTENDED;
	gateway_send(gateway, &(struct event){EVENT_HOLD, .hold = {"one", "two", 30}});
}

void gateway_die(struct gateway *gateway)
{
	close(gateway->fd);
	frame_reader_finish(&gateway->reader);
	frame_reader_init(&gateway->reader, FRAME_MAX_DEFAULT);
}

void gateway_attach(struct gateway *gateway, const char *user)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", gateway->path);
	gateway->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(0, connect(gateway->fd, (struct sockaddr *)&address, sizeof(address)));
	gateway_send(gateway, &(struct event){EVENT_ATTACH, .attach = {"one", 0}});
	gateway_expect(gateway, "attached ");
	gateway_send(gateway, &(struct event){EVENT_RESUME, .resume = {&user, 1, false}});
}

static struct sockaddr_in local_address(int port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
	                            .sin_port = htons((uint16_t)port),
	                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

int peer_listen(int *port)
{
	struct sockaddr_in address = local_address(0);
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(0, bind(fd, (struct sockaddr *)&address, sizeof(address)));
	assert_int_equal(0, listen(fd, 8));
	assert_int_equal(0, getsockname(fd, (struct sockaddr *)&address, &length));
	*port = ntohs(address.sin_port);
	return fd;
}

int free_port(void)
{
	int port, fd = peer_listen(&port);

	close(fd);
	return port;
}

void peer_accept(struct peer *peer, int listener)
{
	memset(peer, 0, sizeof(*peer));
	assert_true(wait_readable(listener, clock_ms() + PATIENCE_MS));
	peer->fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(peer->fd >= 0);
}

void peer_connect(struct peer *peer, int port)
{
	struct sockaddr_in address = local_address(port);
	uint64_t deadline = clock_ms() + PATIENCE_MS;

	memset(peer, 0, sizeof(*peer));
	while (clock_ms() < deadline) {
		peer->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (connect(peer->fd, (struct sockaddr *)&address, sizeof(address)) == 0)
			return;
		close(peer->fd);
		poll(NULL, 0, 20);
	}
	fail_msg("nobody listens on port %d", port);
}

void peer_close(struct peer *peer)
{
	close(peer->fd);
	buf_finish(&peer->in);
}

void peer_send(struct peer *peer, const char *format, ...)
{
	struct buf line = {0};
	va_list args;

	va_start(args, format);
	buf_vprintf(&line, format, args);
	va_end(args);
	buf_puts(&line, "\r\n");
	assert_int_equal(line.len, send(peer->fd, line.data, line.len, MSG_NOSIGNAL));
	buf_finish(&line);
}

bool peer_has(const struct peer *peer, const char *text)
{
	return peer->in.data && strstr(peer->in.data + peer->seen, text);
}

void peer_expect(struct peer *peer, const char *text)
{
	uint64_t deadline = clock_ms() + PATIENCE_MS;

	for (;;) {
		char *found = peer->in.data ? strstr(peer->in.data + peer->seen, text) : NULL;
		ssize_t count = 0;

		if (found) {
			peer->seen = (size_t)(found - peer->in.data) + strlen(text);
			return;
		}
		buf_reserve(&peer->in, 4096);
		if (wait_readable(peer->fd, deadline))
			count = read(peer->fd, peer->in.data + peer->in.len, 4096);
		if (count <= 0)
			break;
		peer->in.len += (size_t)count;
		peer->in.data[peer->in.len] = '\0';
	}
	fail_msg("the peer did not get '%s' but:\n%s", text, buf_text(&peer->in) + peer->seen);
}

void peer_login(struct peer *peer, int port, const char *nick, const char *channel)
{
	peer_connect(peer, port);
	peer_send(peer, "NICK %s", nick);
	peer_send(peer, "USER %s 0 * :Real %s", nick, nick);
	peer_expect(peer, " 376 ");
	if (!channel)
		return;
	peer_send(peer, "JOIN %s", channel);
	peer_expect(peer, " 366 ");
}
