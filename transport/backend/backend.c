/* SPDX-License-Identifier: MIT */
#include "transport/backend/backend.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "config/limits.h"
#include "transport/backend/backend_attach.h"
#include "transport/backend/backend_command.h"
#include "transport/backend/backend_connection.h"
#include "transport/backend/backend_listener.h"
#include "transport/backend/backend_private.h"
#include "transport/backend/backend_process.h"
#include "transport/backend/backend_sandbox.h"
#include "transport/backend/network_plugin_server.h"
#include "transport/backend_features.h"
#include "transport/people/user.h"
#include "transport/routing/delivery.h"
#include "transport/routing/router.h"
#include "transport/transport.h"

#define IGNORED_TOLD 10 /* warnings; further ones only at debug level */

/* sending and looking */

int backend_send(struct backend *backend, const struct event *event)
{
	return backend->connection ? backend_connection_send(backend->connection, event) : TP_ERR_CLOSED;
}

size_t backend_queued(const struct backend *backend)
{
	return backend->connection ? backend_connection_queued(backend->connection) : 0;
}

pid_t backend_pid(const struct backend *backend)
{
	return backend->process ? backend_process_pid(backend->process) : 0;
}

void backend_set_reading(struct backend *backend, bool on)
{
	if (!backend->connection)
		return;
	if (on)
		backend->heard_ms = clock_ms();
	backend_connection_set_reading(backend->connection, on);
}

const char *backend_state_name(const struct backend *backend)
{
	static const char *const names[] = {"starting", "ready", "draining", "stopping"};

	return names[backend->state];
}

/* the beginning */

static int lowest_free_id(const struct network_plugin_server *server)
{
	for (int id = 1;; id++) {
		bool taken = false;
		LIST_EACH(link, &server->backends)
		taken = taken || CONTAINER_OF(link, struct backend, link)->id == id;
		if (!taken)
			return id;
	}
}

static struct backend *create(struct network_plugin_server *server)
{
	struct backend *backend = MEM_NEW(struct backend);

	backend->server = server;
	backend->transport = server->transport;
	backend->id = lowest_free_id(server);
	backend->serial = ++server->serials;
	snprintf(backend->label, sizeof(backend->label), "backend %d", backend->id);
	backend->log = (struct log){.parent = &server->log, .label = backend->label};
	backend->state = BACKEND_STARTING;
	backend->started_ms = backend->heard_ms = backend->pinged_ms = clock_ms();
	list_init(&backend->users);
	list_init(&backend->candidates);
	list_append(&server->backends, &backend->link);
	server->count++;
	backend->parts = 1; /* backend_start itself */
	backend->channel = -1;
	return backend;
}

/* `channel` is the child's end of the socketpair; it is given away. */
static bool spawn(struct backend *backend, int channel, bool wait, struct buf *error)
{
	struct network_plugin_server *server = backend->server;
	struct backend_launch launch = {.sandbox = server->sandbox,
	                                .working_dir = backend->transport->service.working_dir,
	                                .host = server->host,
	                                .channel = channel};

	launch.argv = backend_command_build(backend->transport, server->spawned, backend->id, server->host, 0, error);
	if (!launch.argv) {
		close(channel);
		return false;
	}
	if (backend_attach_is_wanted(backend->transport))
		launch.outlived = backend->transport;
	return backend_process_spawn(backend, &launch, wait, error) == 0;
}

static void close_listener(struct backend *backend)
{
	if (backend->listener)
		backend_listener_close(&backend->listener);
}

static void close_ways(struct backend *backend);

/* It does not begin. */
static void give_up(struct backend *backend)
{
	backend->state = BACKEND_STOPPING;
	close_ways(backend);
}

static void open_ways(struct backend *backend)
{
	struct buf error = {0};
	unsigned port;
	int channel = backend->channel, door = backend_process_take_door(backend->process, &port);

	backend->channel = -1;
	backend->transport->counters.backends_started++;
	log_info(&backend->log, "started, pid %d", (int)backend_pid(backend));
	/* there is the other way still */
	if (backend_listener_open(backend, door, port, &backend->listener, &error) < 0)
		log_error(&backend->log, "%s", buf_text(&error));
	buf_finish(&error);
	struct backend_connection *connection = backend_connection_open(backend, channel, "inherited socket");
	if (connection)
		backend_connection_send(connection, &(struct event){.type = EVENT_PING});
}

struct backend *backend_start(struct network_plugin_server *server, bool wait, struct buf *error)
{
	struct backend *backend = create(server);
	bool started = false;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
		buf_printf(error, "cannot make a socket pair: %s", strerror(errno));
	} else {
		fcntl(pair[0], F_SETFL, O_NONBLOCK);
		backend->channel = pair[0];
		started = spawn(backend, pair[1], wait, error);
	}
	if (!started) {
		give_up(backend);
		backend_part_closed(backend);
		return NULL;
	}
	server->spawned++;
	if (!backend_process_is_launching(backend->process))
		open_ways(backend);
	backend_part_closed(backend);
	return backend;
}

void backend_launched(struct backend *backend, const char *problem)
{
	bool wanted = backend->state != BACKEND_STOPPING;

	if (problem) {
		backend->process = NULL;
		give_up(backend);
		log_error(&backend->log, "%s", problem);
		if (wanted)
			server_backend_impossible(backend);
	} else if (wanted) {
		open_ways(backend);
	} else {
		/* it was to end before it ran: nobody ever speaks with it */
		log_info(&backend->log, "started too late, pid %d, and is ended", (int)backend_pid(backend));
		close_ways(backend);
		backend_process_end(backend->process, 0, backend->server->timing.kill);
	}
}

struct backend *backend_create_attached(struct network_plugin_server *server)
{
	return create(server);
}

void backend_abandon(struct backend *backend)
{
	backend->state = BACKEND_STOPPING;
	close_ways(backend);
	backend_part_closed(backend);
}

/* what is acknowledged to it */

void backend_acknowledge_later(struct backend *backend, uint64_t number)
{
	backend->unsafe = mem_realloc(backend->unsafe, (backend->unsafe_count + 1) * sizeof(*backend->unsafe));
	backend->unsafe[backend->unsafe_count++] = number;
}

void backend_acknowledge(struct backend *backend, uint64_t number)
{
	for (size_t i = 0; i < backend->unsafe_count; i++) {
		if (backend->unsafe[i] != number)
			continue;
		backend->unsafe_count--;
		memmove(backend->unsafe + i, backend->unsafe + i + 1, (backend->unsafe_count - i) * sizeof(number));
		if (backend->connection)
			backend_connection_acknowledge_soon(backend->connection);
		return;
	}
}

uint64_t backend_safely_taken(const struct backend *backend)
{
	return backend->unsafe_count ? backend->unsafe[0] - 1 : backend->taken;
}

/* what it says */

static void close_candidates(struct backend *backend)
{
	while (!list_empty(&backend->candidates)) {
		struct backend_connection *other = backend_connection_from_link(backend->candidates.next);
		backend_connection_close(&other);
	}
}

static void adopt(struct backend *backend, struct backend_connection *connection)
{
	struct list *backends = &backend->server->backends;

	backend_connection_adopt(connection);
	backend->connection = connection;
	close_candidates(backend);
	close_listener(backend);
	if (backend->server->held)
		backend_connection_set_reading(connection, false);
	backend->state = BACKEND_READY;
	backend->ready_ms = backend->empty_ms = clock_ms();
	backend->announce = true;
	/* newest connected first */
	list_remove(&backend->link);
	list_append(backends->next, &backend->link);
	log_info(&backend->log, "ready after %llu ms, by %s",
	         (unsigned long long)(backend->ready_ms - backend->started_ms),
	         backend_connection_way(connection));
}

static void note_stats(struct backend *backend, const struct event_stats *stats)
{
	backend->stats = *stats;
	backend->stats.process_id = NULL;
}

static void note_login(struct backend *backend, const struct event *event)
{
	if (backend->proved || !event->user)
		return;
	const struct user *user = user_find(backend->transport, event->user);
	if (user && user->backend == backend)
		server_backend_proved(backend);
}

/* The extension is for those that announce it in their first words about themselves. */
static void note_config(struct backend *backend, const struct event *event)
{
	static const struct event answer = {.type = EVENT_API_VERSION, .version = 2};
	bool first = !backend->configured;

	backend->configured = true;
	if (first && features_announce_extension(event->text.bytes, event->text.length)) {
		backend_send(backend, &answer);
		backend->extended = true;
		log_debug(&backend->log, "knows the extension");
		backend_attach_announce(backend);
	}
	transport_backend_config(backend->transport, event->text.bytes, event->text.length);
}

void backend_receive(struct backend *backend, struct backend_connection *connection,
                     struct event *event)
{
	if (backend->state == BACKEND_STARTING && backend_attach_is_under_way(backend) &&
	    event->type != EVENT_ATTACHED) {
		backend_attach_fail(backend, "does not answer ATTACH");
		return;
	}
	if (backend->state == BACKEND_STARTING)
		adopt(backend, connection);

	switch (event->type) {
	case EVENT_ATTACHED:
	case EVENT_RESUMED:
		backend_attach_receive(backend, event);
		return;
	case EVENT_HANDOVER:
		delivery_answered(backend, &event->handed_over);
		return;
	case EVENT_PONG:
	case EVENT_API_VERSION: /* the core's to say */
	case EVENT_OTHER:
		return;
	case EVENT_STATS:
		note_stats(backend, &event->stats);
		return;
	case EVENT_BACKEND_CONFIG:
		note_config(backend, event);
		return;
	case EVENT_QUERY:
		backend_ignore(backend, "an administrator's command (backends may not give any)");
		return;
	case EVENT_ROOM_LIST:
		if (event->user && event->user[0])
			break;
		transport_backend_room_list(backend->transport, &event->room_list);
		return;
	case EVENT_CONNECTED:
		note_login(backend, event);
		break;
	default:
		break;
	}
	/* it has no users any more: what it still says is about nobody */
	if (backend->state != BACKEND_STOPPING)
		router_from_backend(backend, event);
}

void backend_ignore(struct backend *backend, const char *what)
{
	if (++backend->ignored_frames <= IGNORED_TOLD)
		log_warning(&backend->log, "ignored %s%s", what,
		            backend->ignored_frames == IGNORED_TOLD ? "; further ones are not told" : "");
	else
		log_debug(&backend->log, "ignored %s", what);
}

void backend_drained(struct backend *backend)
{
	backend->congested = false;
	LIST_EACH(link, &backend->users)
	delivery_user_ready(CONTAINER_OF(link, struct user, backend_link));
}

void backend_batch_done(struct backend *backend)
{
	if (backend->ignored_frames > LIMIT_IGNORED_FRAMES && backend->state != BACKEND_STOPPING) {
		backend_fail(backend, "The program that serves this network sent too much nonsense.",
		             "more than %d of its frames had to be ignored", LIMIT_IGNORED_FRAMES);
		return;
	}
	if (!backend->announce || backend_attach_is_under_way(backend))
		return;
	backend->announce = false;
	if (backend->state == BACKEND_READY)
		server_backend_ready(backend);
}

/* the end */

static void close_ways(struct backend *backend)
{
	if (backend->connection)
		backend_connection_close(&backend->connection);
	close_candidates(backend);
	close_listener(backend);
	if (backend->channel >= 0)
		close(backend->channel);
	backend->channel = -1;
	/* what holds its sessions for nobody must not be found by the next core */
	if (backend->state == BACKEND_STOPPING)
		backend_attach_forget(backend);
}

void backend_disconnected(struct backend *backend, struct backend_connection *connection)
{
	if (connection != backend->connection) {
		log_debug(&backend->log, "closed its unused %s", backend_connection_way(connection));
		backend_connection_close(&connection);
		return;
	}
	if (backend->state == BACKEND_STOPPING) {
		backend_connection_close(&backend->connection);
		return;
	}
	backend_fail(backend, "The program that serves this network has ended.", "closed its connection");
}

/* The users may queue for another backend from inside, or be freed. */
static void lose_users(struct backend *backend, const char *sentence)
{
	while (!list_empty(&backend->users)) {
		struct user *user = CONTAINER_OF(backend->users.next, struct user, backend_link);
		backend_attach_note_session(user, NULL);
		list_remove(&user->backend_link);
		backend->users_count--;
		user_backend_lost(user, sentence);
	}
}

void backend_fail(struct backend *backend, const char *sentence, const char *format, ...)
{
	bool attaching = backend_attach_is_under_way(backend);
	struct buf why = {0};
	va_list args;

	va_start(args, format);
	buf_vprintf(&why, format, args);
	va_end(args);
	if (backend->state == BACKEND_STOPPING) {
		log_warning(&backend->log, "%s while it was being stopped", buf_text(&why));
		buf_finish(&why);
		close_ways(backend);
		return;
	}
	log_error(&backend->log, "%s; %u users lose it", buf_text(&why), backend->users_count);
	buf_finish(&why);

	backend->state = BACKEND_STOPPING;
	backend->crashed = true;
	backend->announce = false;
	close_ways(backend);
	if (backend->process)
		backend_process_end(backend->process, 0, backend->server->timing.kill);
	if (!attaching)
		server_backend_crashed(backend);
	lose_users(backend, sentence);
	if (attaching)
		server_attached(backend);
	server_place(backend->server);
}

void backend_stop(struct backend *backend)
{
	const struct backend_timing *timing = &backend->server->timing;
	static const struct event farewell = {.type = EVENT_EXIT};

	if (backend->state == BACKEND_STOPPING)
		return;
	log_info(&backend->log, "is not needed any more");
	backend->state = BACKEND_STOPPING;
	backend_attach_forget(backend);
	backend->announce = false;
	close_listener(backend);
	if (backend->connection) {
		/* held back or not, its last words must not keep it from ending */
		backend_connection_set_reading(backend->connection, true);
		backend_connection_send(backend->connection, &farewell);
		backend_connection_finish(backend->connection);
	}
	LIST_EACH(link, &backend->candidates)
	{
		backend_connection_send(backend_connection_from_link(link), &farewell);
		backend_connection_finish(backend_connection_from_link(link));
	}
	if (backend->process)
		backend_process_end(backend->process, timing->term, timing->kill);
}

bool backend_leave(struct backend *backend)
{
	if (backend->state == BACKEND_STOPPING || !backend->connection || !backend->process ||
	    !backend_attach_release(backend))
		return false;
	log_info(&backend->log, "is left for the next process");
	backend->state = BACKEND_STOPPING;
	backend->announce = false;
	backend_process_leave(backend->process);
	backend->process = NULL;
	close_ways(backend);
	return true;
}

void backend_terminating(struct backend *backend)
{
	if (!backend->crashed)
		log_info(&backend->log, "does not end by itself, telling it to");
	close_ways(backend);
}

static void describe_exit(char *out, size_t size, int64_t status, int signal)
{
	if (status < 0)
		snprintf(out, size, "has ended");
	else if (signal)
		snprintf(out, size, "was ended by signal %d (%s)", signal, strsignal(signal));
	else
		snprintf(out, size, "exited with status %lld", (long long)status);
}

void backend_exited(struct backend *backend, int64_t status, int signal)
{
	char how[96];

	describe_exit(how, sizeof(how), status, signal);
	/* users must not get it while its last words are read */
	backend->process = NULL;
	if (backend->connection)
		backend_connection_drain(backend->connection);
	if (backend->state != BACKEND_STOPPING)
		backend_fail(backend, "The program that serves this network has ended.", "%s", how);
	else if (backend->crashed)
		log_error(&backend->log, "%s", how);
	else
		log_info(&backend->log, "%s", how);
	close_ways(backend);
}

void backend_part_closed(struct backend *backend)
{
	if (--backend->parts > 0)
		return;
	server_backend_gone(backend);
}
