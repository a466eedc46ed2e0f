/* SPDX-License-Identifier: MIT */
#include "transport/backend/network_plugin_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "transport/backend/backend_attach.h"
#include "transport/backend/backend_command.h"
#include "transport/backend/backend_connection.h"
#include "transport/backend/backend_private.h"
#include "transport/backend/backend_process.h"
#include "transport/backend/backend_sandbox.h"
#include "transport/people/user.h"
#include "transport/transport.h"

#define PING_DEFAULT_S 20
#define STABLE_MS 60000

/* which backend a user gets */

static bool is_linked(const struct list *link)
{
	return link->next && link->next != link;
}

bool server_takes_users(const struct backend *backend)
{
	return backend->state == BACKEND_READY && backend->connection && backend->process &&
	       !backend_attach_is_under_way(backend) &&
	       backend->users_count < backend->server->users_per_backend;
}

static struct backend *pick(const struct network_plugin_server *server)
{
	LIST_EACH(link, &server->backends)
	{
		struct backend *backend = CONTAINER_OF(link, struct backend, link);
		if (!backend->long_run && server_takes_users(backend))
			return backend;
	}
	return NULL;
}

static void on_resume(uv_timer_t *timer)
{
	server_place(timer->data);
}

static void resume_at(struct network_plugin_server *server, uint64_t when)
{
	uint64_t now = clock_ms();
	uint64_t delay = when > now ? when - now : 0;

	if (server->stopping)
		return;
	if (uv_is_active((uv_handle_t *)&server->resume) && uv_timer_get_due_in(&server->resume) <= delay)
		return;
	uv_timer_start(&server->resume, on_resume, delay, 0);
}

void server_give(struct network_plugin_server *server, struct user *user, struct backend *backend)
{
	list_append(&backend->users, &user->backend_link);
	backend->users_count++;
	backend->empty_ms = 0;
	if (backend->users_count >= server->users_per_backend && !server->transport->service.reuse_old_backends)
		backend->state = BACKEND_DRAINING;
	server->assign_after_ms = clock_ms() + server->timing.login_delay;
	user->backend = backend;
	backend_attach_note_session(user, backend);
	user_backend_assigned(user, backend);
}

static unsigned spawns_wanted(const struct network_plugin_server *server)
{
	unsigned starting = 0, room = 0;

	LIST_EACH(link, &server->backends)
	{
		const struct backend *backend = CONTAINER_OF(link, struct backend, link);
		if (backend->long_run)
			continue;
		if (backend->state == BACKEND_STARTING)
			starting++;
		else if (server_takes_users(backend))
			room += server->users_per_backend - backend->users_count;
	}
	unsigned lacking = server->waiting_count > room ? server->waiting_count - room : 0;
	unsigned wanted = lacking / server->users_per_backend + (lacking % server->users_per_backend != 0);
	/* the frontends wait for the first one */
	if (wanted == 0 && !server->was_ready)
		wanted = 1;
	/* a program that has just failed is tried with one */
	unsigned most = server->crashes ? 1 : LIMIT_BACKENDS_STARTING;
	if (wanted > most)
		wanted = most;
	return wanted > starting ? wanted - starting : 0;
}

static void back_off(struct network_plugin_server *server)
{
	uint64_t delay = server->timing.backoff;

	server->crashes++;
	server->last_crash_ms = clock_ms();
	for (unsigned i = 1; i < server->crashes && delay < server->timing.backoff_max; i++)
		delay *= 2;
	if (server->crashes >= BACKEND_QUARANTINE || delay > server->timing.backoff_max)
		delay = server->timing.backoff_max;
	server->spawn_after_ms = server->last_crash_ms + delay;
	if (server->crashes == BACKEND_QUARANTINE)
		log_error(&server->log,
		          "quarantine: the backend program failed %u times in a row; it is tried every %llu "
		          "s only",
		          server->crashes, (unsigned long long)(delay / 1000));
	if (server->crashes == BACKEND_QUARANTINE)
		LIST_EACH(link, &server->waiting)
		user_backend_unavailable(CONTAINER_OF(link, struct user, backend_link));
}

struct backend *server_spawn(struct network_plugin_server *server)
{
	struct buf error = {0};

	if (server->count >= LIMIT_BACKENDS) {
		log_debug(&server->log, "there are %u backends already", server->count);
		return NULL;
	}
	if (clock_ms() < server->spawn_after_ms) {
		resume_at(server, server->spawn_after_ms);
		return NULL;
	}
	/* before the first is ready nobody is served, and what is wrong should be known at once */
	struct backend *backend = backend_start(server, !server->was_ready, &error);
	if (!backend) {
		log_error(&server->log, "%s", buf_text(&error));
		back_off(server);
	}
	buf_finish(&error);
	return backend;
}

static void spawn_wanted(struct network_plugin_server *server)
{
	for (unsigned wanted = spawns_wanted(server); wanted > 0; wanted--)
		server_spawn(server);
}

void server_place(struct network_plugin_server *server)
{
	struct backend *backend;

	if (server->placing || server->stopping || server->attaching)
		return;
	server->placing = true;
	while (!list_empty(&server->waiting)) {
		if (clock_ms() < server->assign_after_ms) {
			resume_at(server, server->assign_after_ms);
			break;
		}
		backend = pick(server);
		if (!backend)
			break;
		struct user *user = CONTAINER_OF(server->waiting.next, struct user, backend_link);
		list_remove(&user->backend_link);
		server->waiting_count--;
		server_give(server, user, backend);
	}
	server->placing = false;
	if (!server->stopping)
		spawn_wanted(server);
}

void network_plugin_server_assign(struct network_plugin_server *server, struct user *user)
{
	if (server->stopping || is_linked(&user->backend_link))
		return;
	/* of a backend that was lost */
	user->backend = NULL;
	list_init(&user->backend_link);
	list_append(&server->waiting, &user->backend_link);
	server->waiting_count++;
	server_place(server);
	if (!user->backend && server->crashes >= BACKEND_QUARANTINE)
		user_backend_unavailable(user);
}

void network_plugin_server_release(struct network_plugin_server *server, struct user *user)
{
	struct backend *backend = user->backend;

	user->backend = NULL;
	if (!is_linked(&user->backend_link))
		return;
	list_remove(&user->backend_link);
	if (!backend && user->moving) {
		user->moving = false;
		return;
	}
	if (!backend) {
		server->waiting_count--;
		return;
	}
	backend->users_count--;
	backend_attach_note_session(user, NULL);
	if (backend->users_count == 0) {
		backend->empty_ms = clock_ms();
		if (backend->state == BACKEND_DRAINING || server->users_per_backend == 1 || server->emptying)
			backend_stop(backend);
	}
	if (server->waiting_count > 0)
		resume_at(server, 0);
}

void network_plugin_server_hold(struct network_plugin_server *server, bool hold)
{
	if (server->held == hold)
		return;
	server->held = hold;
	LIST_EACH(link, &server->backends)
	{
		struct backend *backend = CONTAINER_OF(link, struct backend, link);
		/* one that is ending is read to its last word */
		if (backend->state != BACKEND_STOPPING)
			backend_set_reading(backend, !hold);
	}
}

void network_plugin_server_empty(struct network_plugin_server *server, bool empty)
{
	server->emptying = empty;
	LIST_EACH(link, &server->backends)
	{
		struct backend *backend = CONTAINER_OF(link, struct backend, link);
		/* one that starts is looked at when it is ready, by the check of those without users */
		if (empty && backend->users_count == 0 &&
		    (backend->state == BACKEND_READY || backend->state == BACKEND_DRAINING))
			backend_stop(backend);
	}
	server_place(server);
}

/* what backends tell */

void server_backend_ready(struct backend *backend)
{
	struct network_plugin_server *server = backend->server;

	server->was_ready = true;
	transport_backend_ready(server->transport);
	server_place(server);
}

void server_attached(struct backend *backend)
{
	struct network_plugin_server *server = backend->server;

	server->attaching--;
	if (backend->state == BACKEND_READY)
		server_backend_proved(backend);
	if (server->attaching || server->stopping)
		return;
	LIST_EACH(link, &server->backends)
	{
		struct backend *one = CONTAINER_OF(link, struct backend, link);
		one->announce = false;
		if (one->state == BACKEND_READY)
			server->was_ready = true;
	}
	if (server->was_ready)
		transport_backend_ready(server->transport);
	server_place(server);
}

void server_backend_proved(struct backend *backend)
{
	struct network_plugin_server *server = backend->server;

	backend->proved = true;
	if (server->crashes >= BACKEND_QUARANTINE)
		log_info(&server->log, "the backend program works again");
	server->crashes = 0;
	server->spawn_after_ms = 0;
}

/* Those that were started before the last failure may have died of the same cause. */
static void note_failure(const struct backend *backend)
{
	struct network_plugin_server *server = backend->server;

	if (server->crashes == 0 || backend->started_ms > server->last_crash_ms)
		back_off(server);
}

void server_backend_crashed(struct backend *backend)
{
	struct transport *transport = backend->server->transport;

	transport->counters.backends_crashed++;
	if (transport->crashed_count == LIMIT_CRASHED_BACKENDS)
		memmove(transport->crashed, transport->crashed + 1,
		        --transport->crashed_count * sizeof(transport->crashed[0]));
	transport->crashed[transport->crashed_count++] = backend->id;
	note_failure(backend);
}

void server_backend_impossible(struct backend *backend)
{
	note_failure(backend);
	server_place(backend->server);
}

/* the server's own life */

static void free_server(struct network_plugin_server *server)
{
	mem_free(server->host);
	backend_sandbox_destroy(&server->sandbox);
	mem_free(server);
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct network_plugin_server *server = handle->data;

	if (--server->handles > 0)
		return;
	server->closed = true;
	if (server->free_when_closed)
		free_server(server);
	else if (server->stopped)
		server->stopped(server->stopped_context);
}

static void close_server(struct network_plugin_server *server)
{
	uv_close((uv_handle_t *)&server->flush, on_handle_closed);
	uv_close((uv_handle_t *)&server->check, on_handle_closed);
	uv_close((uv_handle_t *)&server->resume, on_handle_closed);
}

void server_backend_gone(struct backend *backend)
{
	struct network_plugin_server *server = backend->server;

	list_remove(&backend->link);
	mem_free(backend->unsafe);
	mem_free(backend);
	server->count--;
	if (server->count == 0 && server->stopping)
		close_server(server);
}

static void on_flush(uv_prepare_t *prepare)
{
	struct network_plugin_server *server = prepare->data;

	if (backend_connection_any_answers(server))
		transport_commit(server->transport);
	else
		transport_commit_or_wait(server->transport);
	backend_connection_flush_all(server);
	/* without what the kernel has taken for those that do not answer */
	transport_commit(server->transport);
}

static void on_check(uv_timer_t *timer)
{
	struct network_plugin_server *server = timer->data;

	backend_health_check(server, clock_ms());
	backend_move_check(server, clock_ms());
	server_place(server);
}

bool backend_host_is_loopback(const char *host)
{
	struct in_addr four;
	struct in6_addr six;

	if (inet_pton(AF_INET, host, &four) == 1)
		return ntohl(four.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, host, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

const char *backend_host_choose(const struct service_config *service)
{
	const char *host = service->backend_host;

	return host && backend_host_is_loopback(host) ? host : "127.0.0.1";
}

static char *choose_host(const struct network_plugin_server *server, const struct service_config *service)
{
	const char *configured = service->backend_host;

	if (configured && configured[0] && !backend_host_is_loopback(configured) &&
	    !text_equal_nocase(configured, "localhost"))
		log_warning(
		        &server->log,
		        "service.backend_host: %s is not an address of this machine alone (127.0.0.1, ::1); "
		        "backends are told 127.0.0.1",
		        log_quote(configured));
	return mem_strdup(backend_host_choose(service));
}

static int check_folder(const struct service_config *service, struct buf *error)
{
	struct stat st;
	const char *folder = service->working_dir;

	if (!folder || !folder[0] || (stat(folder, &st) == 0 && S_ISDIR(st.st_mode)))
		return 0;
	buf_printf(error, "service.working_dir: %s is not a folder", log_quote(folder));
	return TP_ERR_INVALID;
}

int network_plugin_server_check(const struct transport *transport, struct buf *error)
{
	char **argv = backend_command_build(transport, 0, 1, "", 0, error);

	if (!argv)
		return TP_ERR_NOT_FOUND;
	backend_command_free(argv);
	return 0;
}

static void set_timing(struct network_plugin_server *server, const struct service_config *service)
{
	long ping = service->ping_interval > 0 ? service->ping_interval : PING_DEFAULT_S;

	server->timing = (struct backend_timing){
	        .ping = (uint64_t)ping * 1000,
	        .start = LIMIT_BACKEND_START_SECONDS * 1000,
	        .frame = LIMIT_FRAME_SECONDS * 1000,
	        .term = 2000,
	        .kill = 2000,
	        .abandon = 1000,
	        .backoff = 100,
	        .backoff_max = 60000,
	        .stable = STABLE_MS,
	        .login_delay = service->login_delay > 0 ? (uint64_t)service->login_delay * 1000 : 0,
	        .idle = service->idle_reconnect_time > 0 ? (uint64_t)service->idle_reconnect_time * 1000 : 0,
	        .collect = service->memory_collector_time > 0
	                           ? (uint64_t)service->memory_collector_time * 1000
	                           : 0,
	        .check = 1000,
	};
}

void network_plugin_server_reconfigure(struct network_plugin_server *server)
{
	const struct service_config *service = &server->transport->service;

	server->users_per_backend = service->users_per_backend > 0 ? (unsigned)service->users_per_backend : 1;
	set_timing(server, service);
	server_place(server);
}

int server_create(struct transport *transport, struct network_plugin_server **out, struct buf *error)
{
	const struct service_config *service = &transport->service;
	int err = check_folder(service, error);

	if (!err)
		err = network_plugin_server_check(transport, error);

	struct backend_sandbox *sandbox = NULL;

	if (err == 0 && service->sandbox.on)
		err = backend_sandbox_create(transport, &sandbox, error);
	if (err < 0)
		return err;
	struct network_plugin_server *server = MEM_NEW(struct network_plugin_server);
	server->transport = transport;
	server->sandbox = sandbox;
	server->log = (struct log){.parent = &transport->log};
	server->users_per_backend = service->users_per_backend > 0 ? (unsigned)service->users_per_backend : 1;
	server->out_limit = LIMIT_BACKEND_OUT_BYTES;
	server->host = choose_host(server, service);
	set_timing(server, service);
	list_init(&server->backends);
	list_init(&server->waiting);
	list_init(&server->moving);
	list_init(&server->dirty);
	uv_prepare_init(transport->loop, &server->flush);
	uv_timer_init(transport->loop, &server->check);
	uv_timer_init(transport->loop, &server->resume);
	server->flush.data = server->check.data = server->resume.data = server;
	server->handles = 3;
	*out = server;
	return 0;
}

int server_begin(struct network_plugin_server *server, struct buf *error)
{
	server->checked_ms = server->collected_ms = clock_ms();
	uv_prepare_start(&server->flush, on_flush);
	uv_unref((uv_handle_t *)&server->flush);
	uv_timer_start(&server->check, on_check, server->timing.check, server->timing.check);
	server->attaching = backend_attach_begin(server);
	if (server->attaching)
		return 0;
	return backend_start(server, true, error) ? 0 : TP_ERR_IO;
}

int network_plugin_server_start(struct transport *transport, struct network_plugin_server **out,
                                struct buf *error)
{
	struct network_plugin_server *server = NULL;
	int err = server_create(transport, &server, error);

	if (err < 0)
		return err;
	err = server_begin(server, error);
	if (err < 0) {
		network_plugin_server_destroy(&server);
		return err;
	}
	*out = server;
	return 0;
}

static void forget_users(struct list *users)
{
	while (!list_empty(users)) {
		struct user *user = CONTAINER_OF(users->next, struct user, backend_link);
		list_remove(&user->backend_link);
		user->backend = NULL;
	}
}

static void begin_stop(struct network_plugin_server *server, bool leave)
{
	server->stopping = true;
	uv_timer_stop(&server->check);
	uv_timer_stop(&server->resume);
	forget_users(&server->waiting);
	server->waiting_count = 0;
	LIST_EACH(link, &server->moving)
	CONTAINER_OF(link, struct user, backend_link)->moving = false;
	forget_users(&server->moving);
	LIST_EACH(link, &server->backends)
	{
		struct backend *backend = CONTAINER_OF(link, struct backend, link);
		forget_users(&backend->users);
		backend->users_count = 0;
		if (!leave || !backend_leave(backend))
			backend_stop(backend);
	}
	if (server->count == 0)
		close_server(server);
}

void network_plugin_server_stop(struct network_plugin_server *server, void (*stopped)(void *), void *context)
{
	server->stopped = stopped;
	server->stopped_context = context;
	if (!server->stopping)
		begin_stop(server, false);
}

void network_plugin_server_leave(struct network_plugin_server *server, void (*stopped)(void *), void *context)
{
	server->stopped = stopped;
	server->stopped_context = context;
	backend_connection_flush_all(server);
	if (!server->stopping)
		begin_stop(server, true);
}

void network_plugin_server_destroy(struct network_plugin_server **slot)
{
	struct network_plugin_server *server = *slot;

	*slot = NULL;
	if (!server)
		return;
	if (server->closed) {
		free_server(server);
		return;
	}
	server->free_when_closed = true;
	if (!server->stopping)
		begin_stop(server, false);
	LIST_EACH(link, &server->backends)
	{
		struct backend *backend = CONTAINER_OF(link, struct backend, link);
		if (backend->process)
			backend_process_kill(backend->process);
	}
}

/* for listing */

struct backend *network_plugin_server_first(const struct network_plugin_server *server)
{
	return list_empty(&server->backends) ? NULL
	                                     : CONTAINER_OF(server->backends.next, struct backend, link);
}

struct backend *network_plugin_server_next(const struct network_plugin_server *server,
                                           const struct backend *backend)
{
	return backend->link.next == &server->backends
	               ? NULL
	               : CONTAINER_OF(backend->link.next, struct backend, link);
}

struct backend *network_plugin_server_find(const struct network_plugin_server *server, unsigned serial)
{
	LIST_EACH(link, &server->backends)
	{
		struct backend *backend = CONTAINER_OF(link, struct backend, link);
		if (backend->serial == serial)
			return backend;
	}
	return NULL;
}

unsigned network_plugin_server_count(const struct network_plugin_server *server)
{
	return server->count;
}

unsigned network_plugin_server_waiting(const struct network_plugin_server *server)
{
	return server->waiting_count;
}
