/* SPDX-License-Identifier: MIT */
#include "backends/irc/irc_connection.h"

#include <string.h>

#include "backends/irc/irc.h"
#include "backends/irc/irc_bans.h"
#include "backends/irc/irc_handlers.h"
#include "backends/irc/irc_presence.h"
#include "backends/irc/irc_socket.h"
#include "backends/irc/irc_user.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/random.h"
#include "plugin/plugin.h"

#define TICK_MS (IRC_TICK_SECONDS * 1000)
#define RETRY_FIRST_MS 2000
#define RETRY_LAST_MS 300000
#define STEADY_MS 60000 /* a connection that held so long begins the delays anew */
#define SOCKET_QUEUE_BYTES (256u << 10)

static void on_timer_closed(uv_handle_t *handle)
{
	struct irc_connection *connection = handle->data;

	if (--connection->handles == 0)
		mem_free(connection);
}

static void on_tick(uv_timer_t *timer);
static void on_retry(uv_timer_t *timer);

static void init_timer(struct irc_connection *connection, uv_timer_t *timer)
{
	uv_timer_init(connection->user->irc->loop, timer);
	timer->data = connection;
	connection->handles++;
}

struct irc_connection *irc_connection_create(struct irc_user *user, const char *name,
                                             const struct irc_server *server, const char *nick)
{
	struct irc_connection *connection = MEM_NEW(struct irc_connection);
	uint64_t now = clock_ms();

	connection->user = user;
	connection->name = mem_strdup(name);
	connection->server = *server;
	connection->log = (struct log){.parent = &user->log, .label = connection->server.host};
	connection->wanted_nick = mem_strdup(nick);
	connection->nick = mem_strdup(nick);
	connection->used_at = connection->received_at = now;
	irc_isupport_init(&connection->support);
	irc_queue_init(&connection->queue);
	list_init(&connection->waiting);
	list_init(&connection->channels);
	list_init(&connection->whois);
	init_timer(connection, &connection->tick);
	init_timer(connection, &connection->flood);
	init_timer(connection, &connection->retry);
	uv_timer_start(&connection->tick, on_tick, TICK_MS, TICK_MS);
	list_append(&user->connections, &connection->link);
	return connection;
}

static void answer_all_whois(struct irc_connection *connection)
{
	while (!list_empty(&connection->whois))
		irc_whois_answer(connection, CONTAINER_OF(connection->whois.next, struct irc_whois, link));
}

/* Forgets what belonged to one attempt. */
static void reset(struct irc_connection *connection)
{
	irc_socket_close(&connection->socket);
	irc_watch_end(connection);
	irc_isupport_init(&connection->support);
	mem_replace(&connection->nick, connection->wanted_nick);
	MEM_FREE(connection->userhost);
	MEM_FREE(connection->capabilities);
	MEM_FREE(connection->last_error);
	MEM_FREE(connection->identify_service);
	connection->nick_attempt = 0;
	connection->negotiating = connection->sasl_asked = connection->sasl_done = connection->identified =
	        false;
	connection->away_told = connection->nick_asked = false;
	connection->pinged_at = 0;
	connection->queue.filled_at = 0;
	connection->labels = connection->echoes = false;
	for (size_t i = 0; i < IRC_BATCHES; i++) {
		MEM_FREE(connection->batches[i].reference);
		MEM_FREE(connection->batches[i].label);
	}
	irc_list_drop(connection);
}

void irc_connection_destroy(struct irc_connection **slot, const char *quit_message)
{
	struct irc_connection *connection = *slot;

	if (!connection || connection->dead)
		return;
	*slot = NULL;
	connection->dead = true;
	answer_all_whois(connection);
	uv_timer_stop(&connection->flood);
	irc_outgoing_abandon(connection, NULL);
	LIST_EACH(link, &connection->channels)
	irc_bans_drop(CONTAINER_OF(link, struct irc_channel, link));
	if (connection->socket)
		irc_send_now(connection, "QUIT", NULL, quit_message && *quit_message ? quit_message : NULL);
	while (!list_empty(&connection->channels)) {
		struct irc_channel *channel =
		        CONTAINER_OF(connection->channels.next, struct irc_channel, link);

		irc_channel_destroy(&channel);
	}
	reset(connection);
	for (size_t i = 0; i < IRC_ROUTES; i++) {
		mem_free(connection->routes[i].nick);
		mem_free(connection->routes[i].room);
	}
	MEM_FREE(connection->name);
	MEM_FREE(connection->nick);
	MEM_FREE(connection->wanted_nick);
	MEM_FREE(connection->server_name);
	list_remove(&connection->link);
	uv_close((uv_handle_t *)&connection->tick, on_timer_closed);
	uv_close((uv_handle_t *)&connection->flood, on_timer_closed);
	uv_close((uv_handle_t *)&connection->retry, on_timer_closed);
}

static void on_connected(void *context)
{
	struct irc_connection *connection = context;

	connection->state = IRC_REGISTERING;
	connection->received_at = clock_ms();
	irc_register(connection);
}

static void on_line(void *context, char *text)
{
	struct irc_connection *connection = context;

	connection->received_at = clock_ms();
	connection->pinged_at = 0;
	irc_handle_line(connection, text);
}

static void on_closed(void *context, enum connection_error error, const char *text)
{
	struct irc_connection *connection = context;

	irc_connection_lost(connection, error, connection->last_error ? connection->last_error : text);
}

static const struct irc_socket_ops socket_ops = {on_connected, on_line, on_closed};

void irc_connection_open(struct irc_connection *connection)
{
	struct irc *irc = connection->user->irc;
	struct irc_socket_options options = {
	        .server = &connection->server,
	        .tls = irc->tls,
	        .allow_private = irc_one_network(irc) || irc->config.allow_private,
	};

	reset(connection);
	connection->state = IRC_CONNECTING;
	connection->opened_at = clock_ms();
	log_info(&connection->log, "connecting to port %u%s", (unsigned)connection->server.port,
	         connection->server.tls ? " with TLS" : "");
	connection->socket = irc_socket_open(irc->loop, &options, &socket_ops, connection);
	if (irc->paused)
		irc_socket_pause(connection->socket, true);
}

static void next_server(struct irc_connection *connection)
{
	struct irc *irc = connection->user->irc;

	if (!irc_one_network(irc))
		return;
	connection->server_index = (connection->server_index + 1) % irc->servers_count;
	connection->server = irc->servers[connection->server_index];
}

/* Nobody will try again: everybody who waits for this connection is told, then it is no more. */
static void give_up(struct irc_connection *connection, enum connection_error error, const char *text)
{
	struct irc_user *user = connection->user;
	struct irc *irc = user->irc;
	char *reason = mem_strdup(text);
	int flags = error == CONNECTION_ERROR_NAME_IN_USE ? PARTICIPANT_CONFLICT : PARTICIPANT_ROOM_NOT_FOUND;

	log_info(&connection->log, "given up: %s", log_quote(reason));
	if (irc_one_network(irc)) {
		plug_disconnected(irc->plug, user->key, error, reason);
		irc_user_destroy(&user, NULL);
		mem_free(reason);
		return;
	}
	LIST_EACH(link, &connection->channels)
	irc_channel_tell_refused(CONTAINER_OF(link, struct irc_channel, link), flags, reason);
	irc_outgoing_abandon(connection, reason);
	irc_connection_destroy(&connection, NULL);
	mem_free(reason);
}

void irc_connection_fatal(struct irc_connection *connection, enum connection_error error, const char *text)
{
	if (!connection->dead)
		give_up(connection, error, text);
}

static uint64_t retry_delay(struct irc_connection *connection)
{
	uint64_t delay = RETRY_LAST_MS;
	uint32_t noise;

	if (connection->failures < 8)
		delay = (uint64_t)RETRY_FIRST_MS << connection->failures;
	if (delay > RETRY_LAST_MS)
		delay = RETRY_LAST_MS;
	connection->failures++;
	random_bytes(&noise, sizeof(noise));
	return delay / 2 + noise % (delay / 2);
}

static void suspend_channels(struct irc_connection *connection, const char *text)
{
	char *notice = mem_printf("The connection to %s was lost: %s It will be tried again.",
	                          irc_connection_label(connection), text);

	LIST_EACH(link, &connection->channels)
	{
		struct irc_channel *channel = CONTAINER_OF(link, struct irc_channel, link);

		if (channel->state == IRC_CHANNEL_JOINED)
			irc_channel_tell_notice(channel, notice);
		irc_channel_suspend(channel);
	}
	mem_free(notice);
}

void irc_connection_lost(struct irc_connection *connection, enum connection_error error, const char *text)
{
	uint64_t now = clock_ms();
	char *reason;

	if (connection->dead)
		return;
	if (!connection->was_welcome) {
		if (++connection->failures < connection->user->irc->servers_count) {
			log_info(&connection->log, "failed: %s", log_quote(text));
			next_server(connection);
			irc_connection_open(connection);
			return;
		}
		give_up(connection, error, text);
		return;
	}
	reason = mem_strdup(text);
	log_info(&connection->log, "lost: %s", log_quote(reason));
	suspend_channels(connection, reason);
	mem_free(reason);
	answer_all_whois(connection);
	uv_timer_stop(&connection->flood);
	irc_outgoing_lost(connection);
	if (connection->welcome_at && now - connection->welcome_at > STEADY_MS)
		connection->failures = 0;
	connection->welcome_at = 0;
	reset(connection);
	connection->state = IRC_WAITING;
	next_server(connection);
	uv_timer_start(&connection->retry, on_retry, retry_delay(connection), 0);
}

static void on_retry(uv_timer_t *timer)
{
	irc_connection_open(timer->data);
}

void irc_connection_welcome(struct irc_connection *connection)
{
	struct irc_user *user = connection->user;

	connection->state = IRC_WELCOME;
	if (!connection->was_welcome)
		connection->failures = 0;
	connection->was_welcome = true;
	connection->welcome_at = clock_ms();
	log_info(&connection->log, "connected");
	if (user->connected || !irc_one_network(user->irc))
		return;
	user->connected = true;
	plug_connected(user->irc->plug, user->key);
}

void irc_connection_ready(struct irc_connection *connection)
{
	struct irc_user *user = connection->user;

	if (connection->state == IRC_READY)
		return;
	connection->state = IRC_READY;
	irc_identify(connection);
	if (irc_user_is_away(user, clock_ms())) {
		connection->away_told = true;
		irc_send(connection, "AWAY", NULL,
		         user->status_text && *user->status_text ? user->status_text : "Away");
	}
	irc_list_ask(connection);
	LIST_EACH(link, &connection->channels)
	irc_connection_join(connection, CONTAINER_OF(link, struct irc_channel, link));
	irc_outgoing_ready(connection);
	irc_connection_send_queued(connection);
	irc_watch_begin(connection);
}

void irc_connection_join(struct irc_connection *connection, struct irc_channel *channel)
{
	const char *middle[2] = {channel->name, channel->key};

	if (connection->state != IRC_READY)
		return;
	channel->state = IRC_CHANNEL_ASKED;
	if (irc_send_line(connection, "JOIN", middle, channel->key ? 2 : 1, NULL) == 0)
		return;
	irc_channel_tell_refused(channel, PARTICIPANT_ROOM_NOT_FOUND,
	                         "This channel and password cannot be asked for.");
	irc_channel_destroy(&channel);
}

static void check_away(struct irc_connection *connection, uint64_t now)
{
	struct irc_user *user = connection->user;
	bool away = irc_user_is_away(user, now);

	if (connection->state != IRC_READY || away == connection->away_told)
		return;
	connection->away_told = away;
	if (!away)
		irc_send(connection, "AWAY", NULL, NULL);
	else
		irc_send(connection, "AWAY", NULL,
		         user->status_text && *user->status_text ? user->status_text : "Away");
}

static void check_whois(struct irc_connection *connection, uint64_t now)
{
	LIST_EACH(link, &connection->whois)
	{
		struct irc_whois *whois = CONTAINER_OF(link, struct irc_whois, link);

		if (now >= whois->deadline)
			irc_whois_answer(connection, whois);
	}
}

static bool is_idle(const struct irc_connection *connection, uint64_t now)
{
	const struct irc *irc = connection->user->irc;

	return !irc_one_network(irc) && irc->config.idle_timeout > 0 && list_empty(&connection->channels) &&
	       !connection->flying && connection->queue.count + connection->waiting_lines == 0 &&
	       now - connection->used_at > (uint64_t)irc->config.idle_timeout * 1000;
}

static void check_life(struct irc_connection *connection, uint64_t now)
{
	const struct irc_config *config = &connection->user->irc->config;
	uint64_t silence = now - connection->received_at, patience = (uint64_t)config->ping_interval * 1000;

	if (connection->state < IRC_WELCOME) {
		if (now - connection->opened_at > (uint64_t)config->connect_timeout * 1000)
			irc_connection_lost(connection, CONNECTION_ERROR_NETWORK,
			                    "The server did not answer in time.");
		return;
	}
	if (irc_socket_queued(connection->socket) > SOCKET_QUEUE_BYTES) {
		irc_connection_lost(connection, CONNECTION_ERROR_NETWORK, "The server does not read.");
		return;
	}
	if (connection->user->irc->paused)
		return; /* what it said may lie unread */
	if ((connection->pinged_at && now - connection->pinged_at > patience / 2) ||
	    !irc_outgoing_tick(connection)) {
		irc_connection_lost(connection, CONNECTION_ERROR_NETWORK, "The server is silent.");
		return;
	}
	if (silence <= patience || connection->pinged_at)
		return;
	connection->pinged_at = now;
	irc_send_now(connection, "PING", NULL, irc_connection_label(connection));
}

static void on_tick(uv_timer_t *timer)
{
	struct irc_connection *connection = timer->data;
	uint64_t now = clock_ms();

	check_whois(connection, now);
	irc_bans_tick(connection, now);
	if (is_idle(connection, now)) {
		log_info(&connection->log, "idle: closed");
		irc_connection_destroy(&connection, connection->user->irc->config.quit_message);
		return;
	}
	check_away(connection, now);
	irc_watch_tick(connection, now);
	if (connection->socket)
		check_life(connection, now);
}

bool irc_connection_is_me(const struct irc_connection *connection, const char *nick)
{
	return irc_same_name(connection->support.casemap, connection->nick, nick);
}

const char *irc_connection_label(const struct irc_connection *connection)
{
	return connection->server_name ? connection->server_name : connection->server.host;
}

struct irc_channel *irc_connection_channel(const struct irc_connection *connection, const char *name)
{
	LIST_EACH(link, &connection->channels)
	{
		struct irc_channel *channel = CONTAINER_OF(link, struct irc_channel, link);

		if (irc_same_name(connection->support.casemap, channel->name, name))
			return channel;
	}
	return NULL;
}
