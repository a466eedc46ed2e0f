/* SPDX-License-Identifier: MIT */
#include "frontends/xmpp/stream/c2s.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/acceptor.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "config/limits.h"
#include "frontends/xmpp/jid.h"
#include "frontends/xmpp/stream/c2s_session.h"
#include "frontends/xmpp/stream/certificate.h"
#include "frontends/xmpp/stream/tls.h"
#include "frontends/xmpp/xmpp.h"

#define TICK_MS 250
#define BACKLOG 512

static void on_tick(uv_timer_t *timer)
{
	struct c2s_server *server = timer->data;
	uint64_t now = clock_ms();

	LIST_EACH(link, &server->waiting)
		c2s_session_tick(CONTAINER_OF(link, struct c2s_session, waiting_link), now);
	LIST_EACH(link, &server->leaving)
		c2s_session_tick(CONTAINER_OF(link, struct c2s_session, waiting_link), now);
}

/* When too many wait, one goes: of those that have been told goodbye, or else the one that has waited longest. So new
 * ones always get their chance. */
static void evict_oldest(struct c2s_server *server)
{
	struct c2s_session *session = NULL;

	if (!list_empty(&server->leaving))
		session = CONTAINER_OF(server->leaving.next, struct c2s_session, waiting_link);
	LIST_EACH(link, &server->waiting) {
		struct c2s_session *other = CONTAINER_OF(link, struct c2s_session, waiting_link);

		if (session)
			break;
		if (other->state != C2S_AUTHENTICATING && !other->authenticated)
			session = other;
	}
	if (!session)
		return;
	c2s_session_abort(session);
	c2s_session_wait_no_more(session);
}

void c2s_session_wait(struct c2s_session *session)
{
	struct c2s_server *server = session->server;

	list_remove(&session->waiting_link);
	list_append(session->state == C2S_CLOSING ? &server->leaving : &server->waiting, &session->waiting_link);
	if (session->waits)
		return;
	session->waits = true;
	if (server->waiting_count++ == 0)
		uv_timer_start(&server->timer, on_tick, TICK_MS, TICK_MS);
}

void c2s_session_wait_no_more(struct c2s_session *session)
{
	struct c2s_server *server = session->server;

	if (!session->waits)
		return;
	session->waits = false;
	list_remove(&session->waiting_link);
	if (--server->waiting_count == 0)
		uv_timer_stop(&server->timer);
}

static void on_batch_closed(void *context)
{
	struct c2s_server *server = context;

	server->started = false;
	server->stopped(server->stopped_context);
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct c2s_server *server = handle->data;

	stream_batch_close(&server->batch, on_batch_closed);
}

static void stop_if_quiet(struct c2s_server *server)
{
	if (!server->stopping || server->session_count || server->listening || server->closing_handles)
		return;
	server->closing_handles = true;
	uv_close((uv_handle_t *)&server->timer, on_timer_closed);
}

void c2s_session_gone(struct c2s_server *server, struct c2s_session *session)
{
	c2s_session_wait_no_more(session);
	list_remove(&session->link);
	server->session_count--;
	stop_if_quiet(server);
}

static void on_turn(void *context)
{
	struct c2s_server *server = context;

	while (!list_empty(&server->ended))
		c2s_session_release(CONTAINER_OF(server->ended.next, struct c2s_session, ended_link));
	transport_commit(server->frontend->base.transport);
}

static void on_flushed(void *context)
{
	struct c2s_server *server = context;

	transport_commit(server->frontend->base.transport);
}

void c2s_count_wasted(struct c2s_server *server)
{
	uint64_t now = clock_ms();

	if (now - server->wasted_since >= 1000) {
		server->wasted_since = now;
		server->wasted = 0;
	}
	server->wasted++;
}

static bool is_wasteful(const struct c2s_server *server)
{
	return server->wasted > LIMIT_C2S_WASTED && clock_ms() - server->wasted_since < 1000;
}

static void on_connection(void *context, int fd)
{
	struct c2s_server *server = context;

	if (server->waiting_count >= LIMIT_C2S_UNAUTHENTICATED)
		evict_oldest(server);
	c2s_session_accept(server, fd);
	/* taking and losing connections costs so much that those who are in would notice */
	if (is_wasteful(server))
		acceptor_rest(server->listener, 1000 / LIMIT_C2S_WASTED_ACCEPTS);
	else if (server->waiting_count >= LIMIT_C2S_CROWD)
		acceptor_rest(server->listener, 1000 / LIMIT_C2S_CROWD_ACCEPTS);
}

struct c2s_server *c2s_create(struct xmpp_frontend *frontend)
{
	struct c2s_server *server = MEM_NEW(struct c2s_server);

	server->frontend = frontend;
	server->log = (struct log){.parent = &frontend->base.log, .label = "c2s"};
	list_init(&server->sessions);
	list_init(&server->waiting);
	list_init(&server->leaving);
	list_init(&server->ended);
	server->bound = map_create();
	server->accounts = map_create();
	server->pending = map_create();
	server->guard = c2s_guard_create();
	return server;
}

static void on_listener_closed(void *context)
{
	struct c2s_server *server = context;

	server->listening = false;
	stop_if_quiet(server);
}

static int find_address(uv_loop_t *loop, const struct xmpp_config *config, struct sockaddr_storage *address,
			socklen_t *size)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	uv_getaddrinfo_t lookup;
	char port[16];
	int err;

	snprintf(port, sizeof(port), "%ld", config->port);
	/* Without a callback it is synchronous: this is before anybody is served. */
	err = uv_getaddrinfo(loop, &lookup, NULL, *config->server ? config->server : "0.0.0.0", port, &hints);
	if (err)
		return err;
	*size = lookup.addrinfo->ai_addrlen;
	memcpy(address, lookup.addrinfo->ai_addr, *size);
	uv_freeaddrinfo(lookup.addrinfo);
	return 0;
}

static int start_listening(struct c2s_server *server, struct buf *error)
{
	const struct xmpp_config *config = &server->frontend->config;
	uv_loop_t *loop = server->frontend->base.transport->loop;
	struct sockaddr_storage address = {0};
	socklen_t size = 0;
	int err = find_address(loop, config, &address, &size);

	if (err == 0) {
		int fd = acceptor_listen((struct sockaddr *)&address, size, BACKLOG);
		err = fd < 0 ? uv_translate_sys_error(errno) : 0;
		int window = LIMIT_C2S_WINDOW_BYTES; /* inherited; what is unread at the end takes time to throw away */
		if (fd >= 0)
			(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof(window));
		if (fd >= 0)
			server->listener = acceptor_open(loop, fd, &server->log, on_connection, server);
	}
	if (server->listener) {
		server->listening = true;
		return 0;
	}
	buf_printf(error, "cannot listen on %s:%ld: %s%s\n", config->server, config->port,
		   err ? uv_strerror(err) : "the socket cannot be watched",
		   err == UV_EACCES && config->port < 1024
			   ? " (ports below 1024 need the capability CAP_NET_BIND_SERVICE, also where the "
			     "program is started by root and becomes service.user)"
			   : "");
	return TP_ERR_IO;
}

static int load_identity(struct c2s_server *server, struct buf *error)
{
	const struct xmpp_config *config = &server->frontend->config;
	struct jid *jid = MEM_NEW(struct jid);
	struct certificate_source source = {
		.file = config->cert,
		.password = config->cert_password,
		.working_dir = config->working_dir,
	};
	int err = jid_parse(jid, config->jid);

	if (err == 0)
		mem_replace(&server->domain, jid->domain);
	else
		buf_printf(error, "service.jid: %s is not a domain\n", config->jid);
	mem_free(jid);
	if (err)
		return err;
	source.domain = server->domain;
	/* A context of its own each time: one that is in use keeps a former certificate of another kind of key beside. */
	SSL_CTX *tls = tls_context_create();

	err = certificate_load(tls, &source, &server->log, error);
	if (err == 0) {
		tls_context_destroy(&server->tls); /* sessions hold on to theirs */
		server->tls = tls;
	} else {
		tls_context_destroy(&tls);
	}
	return err;
}

int c2s_reload(struct c2s_server *server, struct buf *error)
{
	int err = server->started ? load_identity(server, error) : 0;

	if (err) {
		error->len -= error->len && error->data[error->len - 1] == '\n';
		buf_puts(error, "; the former certificate stays in use\n");
	}
	return err;
}

int c2s_start(struct c2s_server *server, struct buf *error)
{
	uv_loop_t *loop = server->frontend->base.transport->loop;
	int err = load_identity(server, error);

	if (err == 0)
		err = start_listening(server, error);
	if (err)
		return err;
	uv_timer_init(loop, &server->timer);
	server->timer.data = server;
	stream_batch_init(&server->batch, loop, on_turn, server);
	server->batch.after = on_flushed;
	server->started = true;
	log_info(&server->log, "listening on %s:%d for %s", server->frontend->config.server, c2s_port(server),
		 server->domain);
	return 0;
}

size_t c2s_queued(const struct c2s_server *server, uint64_t *since_ms)
{
	size_t bytes = 0;

	*since_ms = 0;
	LIST_EACH (link, &server->sessions) {
		const struct c2s_session *session = CONTAINER_OF(link, struct c2s_session, link);
		uint64_t stalled_ms = session->socket ? stream_socket_stalled_since(session->socket) : 0;

		bytes += session->socket ? stream_socket_queued(session->socket) : 0;
		if (stalled_ms && (!*since_ms || stalled_ms < *since_ms))
			*since_ms = stalled_ms;
	}
	return bytes;
}

int c2s_port(const struct c2s_server *server)
{
	struct sockaddr_storage address = {0};
	socklen_t length = sizeof(address);

	if (!server->listener || getsockname(acceptor_fd(server->listener), (struct sockaddr *)&address, &length) < 0)
		return 0;
	if (address.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
	/* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): getsockname has set it */
	return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

void c2s_stop(struct c2s_server *server, void (*stopped)(void *), void *context)
{
	server->stopped = stopped;
	server->stopped_context = context;
	if (!server->started) {
		stopped(context);
		return;
	}
	server->stopping = true;
	acceptor_close(&server->listener, on_listener_closed, server);
	LIST_EACH(link, &server->sessions)
		c2s_session_close(CONTAINER_OF(link, struct c2s_session, link), "system-shutdown", NULL);
}

static void free_account(void *account)
{
	mem_free(account);
}

void c2s_destroy(struct c2s_server **server)
{
	struct c2s_server *old = *server;

	if (!old)
		return;
	map_destroy(&old->bound, NULL);
	map_destroy(&old->accounts, free_account);
	map_destroy(&old->pending, NULL);
	c2s_guard_destroy(&old->guard);
	tls_context_destroy(&old->tls);
	mem_free(old->domain);
	MEM_FREE(*server);
}

/* From deliver, which may not call back into the core: who does not read is released at the turn's end. */
static int send_to(struct c2s_session *session, const char *stanza, size_t length)
{
	struct xmpp_showing *showing = &session->server->frontend->showing;
	int err;

	if (session->state != C2S_BOUND)
		return 0;
	err = stream_socket_send(session->socket, stanza, length);
	if (err == TP_ERR_LIMIT) {
		log_warning(&session->log, "%s reads nothing and is cut off", log_quote(session->full));
		c2s_session_abort(session);
	}
	if (!err && showing->number &&
	    confirmations_add(&session->confirmations, stream_socket_position(session->socket), showing->number))
		showing->promised++;
	return err == 0;
}

int c2s_send(struct c2s_server *server, const char *to, const char *stanza, size_t length)
{
	struct c2s_session *session;
	struct c2s_account *account;
	int count = 0;

	if (strchr(to, '/')) {
		session = map_get(server->bound, to);
		return session ? send_to(session, stanza, length) : 0;
	}
	account = map_get(server->accounts, to);
	if (!account)
		return 0;
	LIST_EACH(link, &account->sessions) {
		session = CONTAINER_OF(link, struct c2s_session, account_link);
		if (session->available)
			count += send_to(session, stanza, length);
	}
	return count;
}

void c2s_authenticated(struct c2s_server *server, const char *address, int error, const char *text)
{
	struct c2s_session *session;

	if (server->asking_core && error == TP_ERR_CLOSED)
		return; /* the older login that the new one replaces: its client has been told */
	session = map_remove(server->pending, address);
	if (session)
		c2s_auth_outcome(session, error, text);
}

void c2s_close_streams(struct c2s_server *server, const char *address, const char *condition,
		       const char *text)
{
	struct c2s_account *account = map_get(server->accounts, address);

	if (!account)
		return;
	LIST_EACH(link, &account->sessions)
		c2s_session_close(CONTAINER_OF(link, struct c2s_session, account_link), condition, text);
}
