/* SPDX-License-Identifier: MIT */
#include "backends/irc/irc_user.h"

#include <string.h>

#include "backends/irc/irc_connection.h"
#include "backends/irc/irc_presence.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "plugin/plugin.h"

#define CONNECTIONS_MAX 32 /* of one user: one for each network */

struct irc_user *irc_user_get(const struct irc *irc, const char *key)
{
	return map_get(irc->users, key);
}

static void close_connections(struct irc_user *user, const char *quit_message)
{
	while (!list_empty(&user->connections)) {
		struct irc_connection *connection =
		        CONTAINER_OF(user->connections.next, struct irc_connection, link);

		irc_connection_destroy(&connection, quit_message);
	}
}

void irc_user_free(void *value)
{
	struct irc_user *user = value;

	user->leaving = true;
	close_connections(user, user->irc->config.quit_message);
	irc_contacts_destroy(&user->contacts);
	mem_free(user->key);
	mem_free(user->nick);
	mem_free(user->home);
	mem_free_secret(user->password);
	mem_free(user->status_text);
	mem_free(user);
}

void irc_user_destroy(struct irc_user **slot, const char *quit_message)
{
	struct irc_user *user = *slot;

	if (!user)
		return;
	*slot = NULL;
	user->leaving = true;
	map_remove(user->irc->users, user->key);
	close_connections(user, quit_message);
	irc_user_free(user);
}

static void take_login(struct irc_user *user, const struct event_login *login)
{
	struct buf local = {0}, nick = {0};
	const char *home = irc_name_split(login->legacy_name, &local);

	irc_nick_make(&nick, buf_text(&local));
	mem_replace(&user->nick, nick.data);
	mem_replace(&user->home, home && *home ? home : NULL);
	mem_free_secret(user->password);
	user->password = mem_strdup(login->password ? login->password : "");
	buf_finish(&local);
	buf_finish(&nick);
}

/* On one network: what the user said meanwhile goes with the new connection. */
static void begin_anew(struct irc_user *user)
{
	struct irc *irc = user->irc;
	struct irc_connection *connection = irc_connection_create(user, "", &irc->servers[0], user->nick), *before;

	while (user->connections.next != &connection->link) {
		before = CONTAINER_OF(user->connections.next, struct irc_connection, link);
		irc_outgoing_move(before, connection);
		irc_connection_destroy(&before, NULL);
	}
	irc_connection_open(connection);
}

void irc_user_login(struct irc *irc, const char *key, const struct event_login *login)
{
	struct irc_user *user = irc_user_get(irc, key);
	bool known = user != NULL;

	if (!user) {
		user = MEM_NEW(struct irc_user);
		user->irc = irc;
		user->key = mem_strdup(key);
		user->log = (struct log){.parent = &irc->log, .label = user->key};
		list_init(&user->connections);
		map_put(irc->users, key, user);
	}
	take_login(user, login);
	if (!irc_one_network(irc)) {
		user->connected = true;
		plug_connected(irc->plug, key);
		return;
	}
	if (known && user->connected) {
		plug_connected(irc->plug, key);
		return;
	}
	begin_anew(user);
}

bool irc_user_is_away(const struct irc_user *user, uint64_t now)
{
	return user->away_at && now >= user->away_at;
}

void irc_user_status(struct irc_user *user, enum status status, const char *text)
{
	bool away =
	        status == STATUS_AWAY || status == STATUS_EXTENDED_AWAY || status == STATUS_DO_NOT_DISTURB;
	uint64_t delay = (uint64_t)user->irc->config.away_timeout * 1000;

	user->status = status;
	mem_replace(&user->status_text, text);
	if (!away)
		user->away_at = 0;
	else if (!user->away_at)
		user->away_at = clock_ms() + delay;
	/* Coming back is told at once, leaving by the connections' own clocks. */
	LIST_EACH(link, &user->connections)
	{
		struct irc_connection *connection = CONTAINER_OF(link, struct irc_connection, link);

		if (!away && connection->away_told && connection->state == IRC_READY) {
			connection->away_told = false;
			irc_send(connection, "AWAY", NULL, NULL);
		}
	}
}

static struct irc_connection *find_connection(const struct irc_user *user, const struct irc_server *server)
{
	LIST_EACH(link, &user->connections)
	{
		struct irc_connection *connection = CONTAINER_OF(link, struct irc_connection, link);

		if (!server || irc_server_equal(&connection->server, server))
			return connection;
	}
	return NULL;
}

struct irc_connection *irc_user_connection(const struct irc_user *user, const char *name, struct buf *local)
{
	struct irc_server server;
	const char *spelling;

	if (irc_one_network(user->irc)) {
		buf_clear(local);
		buf_puts(local, name);
		return find_connection(user, NULL);
	}
	spelling = irc_name_split(name, local);
	if (!spelling || irc_server_parse(&server, spelling, user->irc->tls_mode) < 0)
		return NULL;
	return find_connection(user, &server);
}

static bool server_is_allowed(const struct irc *irc, const struct irc_server *server)
{
	const struct config_list *allowed = &irc->config.allowed_servers;

	for (size_t i = 0; i < allowed->count; i++)
		if (text_equal_nocase(allowed->items[i], server->host))
			return true;
	return allowed->count == 0;
}

struct irc_connection *irc_user_connect(struct irc_user *user, const char *spelling, const char *nick,
                                        struct buf *error)
{
	struct irc *irc = user->irc;
	struct irc_connection *connection;
	struct irc_server server;
	struct buf made = {0};
	size_t count = 0;

	if (!spelling || irc_server_parse(&server, spelling, irc->tls_mode) < 0) {
		buf_puts(error,
		         "No server is named: write #channel@irc.example.org or nick@irc.example.org.");
		return NULL;
	}
	connection = find_connection(user, &server);
	if (connection)
		return connection;
	LIST_EACH(link, &user->connections)
	count++;
	if (count >= CONNECTIONS_MAX) {
		buf_puts(error, "You are connected to too many networks.");
		return NULL;
	}
	if (!server_is_allowed(irc, &server)) {
		buf_printf(error, "This gateway does not connect to %s.", server.host);
		return NULL;
	}
	irc_nick_make(&made, nick && *nick ? nick : user->nick);
	connection = irc_connection_create(user, spelling, &server, made.data);
	buf_finish(&made);
	irc_connection_open(connection);
	return connection;
}

struct irc_channel *irc_user_channel(const struct irc_user *user, const char *room)
{
	LIST_EACH(link, &user->connections)
	{
		struct irc_connection *connection = CONTAINER_OF(link, struct irc_connection, link);

		LIST_EACH(at, &connection->channels)
		{
			struct irc_channel *channel = CONTAINER_OF(at, struct irc_channel, link);

			/* Clients write rooms in lower case. */
			if (text_equal_nocase(channel->room, room))
				return channel;
		}
	}
	return NULL;
}

void irc_contact_name(struct buf *out, const struct irc_connection *connection, const char *nick)
{
	buf_puts(out, nick);
	if (*connection->name)
		buf_printf(out, "@%s", connection->name);
}

void irc_user_tell(struct irc_user *user, const char *contact, const char *text)
{
	plug_message(user->irc->plug, user->key, contact, text, NULL);
}
