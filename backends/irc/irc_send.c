/* SPDX-License-Identifier: MIT */
/* The way out of a connection: lines are built here, wait here, and are written from here. */
#include <string.h>

#include "backends/irc/irc.h"
#include "backends/irc/irc_connection.h"
#include "backends/irc/irc_socket.h"
#include "backends/irc/irc_user.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "plugin/plugin.h"

#define NOW_QUEUE_BYTES (64u << 10) /* a server that does not read gets no more answers */

int irc_send_now_line(struct irc_connection *connection, const char *command, const char *const *middle,
                      size_t count, const char *trailing)
{
	struct buf line = {0};
	int result;

	if (!connection->socket || irc_socket_queued(connection->socket) > NOW_QUEUE_BYTES)
		return TP_ERR_LIMIT;
	result = irc_line_build(&line, connection->support.line_length, command, middle, count, trailing);
	if (result == 0)
		irc_socket_write(connection->socket, line.data, line.len);
	buf_finish(&line);
	return result;
}

int irc_send_now(struct irc_connection *connection, const char *command, const char *middle,
                 const char *trailing)
{
	return irc_send_now_line(connection, command, &middle, middle ? 1 : 0, trailing);
}

int irc_send_line(struct irc_connection *connection, const char *command, const char *const *middle,
                  size_t count, const char *trailing)
{
	struct buf line = {0};
	int result = TP_ERR_LIMIT;

	if (connection->queue.count < (size_t)connection->user->irc->config.queue_max)
		result = irc_line_build(&line, connection->support.line_length, command, middle, count,
		                        trailing);
	if (result == 0) {
		irc_queue_add(&connection->queue, line.data, line.len);
		irc_connection_send_queued(connection);
	}
	buf_finish(&line);
	return result;
}

int irc_send(struct irc_connection *connection, const char *command, const char *middle, const char *trailing)
{
	return irc_send_line(connection, command, &middle, middle ? 1 : 0, trailing);
}

static void write_queued(struct irc_connection *connection)
{
	struct irc_queued *queued = irc_queue_head(&connection->queue);

	if (queued->message)
		irc_outgoing_write(connection, queued->message);
	else
		irc_socket_write(connection->socket, queued->line, queued->length);
	irc_queue_advance(&connection->queue);
}

static void on_flood(uv_timer_t *timer)
{
	struct irc_connection *connection = timer->data;
	const struct irc_config *config = &connection->user->irc->config;
	const struct irc_queued *queued;
	uint64_t wait;

	while ((queued = irc_queue_head(&connection->queue))) {
		if (queued->message && !irc_outgoing_may_fly(connection, queued->message))
			return; /* it goes on when the one before is confirmed */
		if (!irc_queue_token(&connection->queue, clock_ms(), config->line_burst, config->line_interval,
		                     &wait)) {
			uv_timer_start(timer, on_flood, wait, 0);
			return;
		}
		write_queued(connection);
	}
}

void irc_connection_send_queued(struct irc_connection *connection)
{
	if (!connection->dead && connection->state == IRC_READY &&
	    !uv_is_active((uv_handle_t *)&connection->flood))
		on_flood(&connection->flood);
}

static void free_whois(struct irc_whois *whois)
{
	list_remove(&whois->link);
	mem_free(whois->contact);
	mem_free(whois->nick);
	mem_free(whois->real_name);
	mem_free(whois);
}

void irc_whois_answer(struct irc_connection *connection, struct irc_whois *whois)
{
	struct irc_user *user = connection->user;

	plug_vcard(user->irc->plug, user->key, whois->contact, whois->id, whois->real_name,
	           whois->real_name ? whois->nick : NULL, NULL, 0);
	connection->whois_count--;
	free_whois(whois);
}

struct irc_whois *irc_whois_find(struct irc_connection *connection, const char *nick)
{
	LIST_EACH(link, &connection->whois)
	{
		struct irc_whois *whois = CONTAINER_OF(link, struct irc_whois, link);

		if (irc_same_name(connection->support.casemap, whois->nick, nick))
			return whois;
	}
	return NULL;
}

static struct irc_route *find_route(const struct irc_connection *connection, const char *nick)
{
	for (size_t i = 0; i < IRC_ROUTES; i++) {
		const struct irc_route *route = &connection->routes[i];

		if (route->nick && irc_same_name(connection->support.casemap, route->nick, nick))
			return (struct irc_route *)route;
	}
	return NULL;
}

void irc_route_set(struct irc_connection *connection, const char *nick, const char *room)
{
	struct irc_route *route = find_route(connection, nick);

	if (!route)
		route = &connection->routes[connection->route_next++ % IRC_ROUTES];
	mem_replace(&route->nick, nick);
	mem_replace(&route->room, room);
}

void irc_route_forget(struct irc_connection *connection, const char *nick)
{
	struct irc_route *route = find_route(connection, nick);

	if (!route)
		return;
	MEM_FREE(route->nick);
	MEM_FREE(route->room);
}

const char *irc_route_get(const struct irc_connection *connection, const char *nick)
{
	const struct irc_route *route = find_route(connection, nick);
	const struct irc_channel *channel;

	if (!route)
		return NULL;
	channel = irc_user_channel(connection->user, route->room);
	if (!channel || channel->connection != connection || !irc_channel_find(channel, nick))
		return NULL;
	return channel->room;
}
