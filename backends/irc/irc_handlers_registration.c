/* SPDX-License-Identifier: MIT */
/* From the first line of a connection to the end of the message of the day. */
#include "backends/irc/irc_handlers.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "backends/irc/irc.h"
#include "backends/irc/irc_user.h"
#include "base/mem.h"
#include "base/text.h"
#include "plugin/plugin.h"

#define SASL_CHUNK 400
#define IDENT_BYTES 10
#define PASSWORD_BYTES 512
#define CAPABILITIES_BYTES 8192

static const char *const wanted_capabilities[] = {
        "multi-prefix",  "server-time",  "away-notify",  "extended-join", "account-notify", "userhost-in-names",
        "message-tags", "echo-message", "batch",
};

/* The account's password belongs to the network that its name is of. */
static const char *password_for(const struct irc_connection *connection)
{
	const struct irc_user *user = connection->user;
	struct irc_server home;

	if (irc_one_network(user->irc) || !user->home)
		return user->password;
	if (irc_server_parse(&home, user->home, user->irc->tls_mode) < 0 ||
	    !irc_server_equal(&home, &connection->server))
		return "";
	return user->password;
}

/* Others see it as ~ident@host. It names the account, for the network's operators. */
static void put_ident(struct buf *out, const char *key)
{
	for (; *key && *key != '@' && out->len < IDENT_BYTES; key++)
		if (isalnum((unsigned char)*key) || *key == '-' || *key == '_')
			buf_putc(out, *key);
	if (out->len == 0)
		buf_puts(out, "user");
}

void irc_register(struct irc_connection *connection)
{
	const struct irc_user *user = connection->user;
	const struct irc_config *config = &user->irc->config;
	const char *password = password_for(connection);
	const char *real_name = *config->realname ? config->realname : user->nick;
	struct buf ident = {0};

	if (config->send_pass && *password) {
		irc_send_now(connection, "PASS", NULL, password);
		connection->identified = true;
	}
	connection->negotiating = true;
	connection->capabilities = mem_strdup(" ");
	put_ident(&ident, user->key);
	irc_send_now(connection, "CAP", "LS", "302");
	irc_send_now(connection, "NICK", connection->nick, NULL);
	irc_send_now_line(connection, "USER", (const char *const[]){ident.data, "0", "*"}, 3, real_name);
	buf_finish(&ident);
}

static void end_negotiation(struct irc_connection *connection)
{
	if (!connection->negotiating)
		return;
	connection->negotiating = false;
	MEM_FREE(connection->capabilities);
	irc_send_now(connection, "CAP", "END", NULL);
}

static bool is_offered(const struct irc_connection *connection, const char *name)
{
	const char *at = connection->capabilities;
	size_t length = strlen(name);

	while ((at = strstr(at, name))) {
		if (at[-1] == ' ' && (at[length] == ' ' || at[length] == '='))
			return true;
		at += length;
	}
	return false;
}

/* SASL is of use if the server has PLAIN, or does not say what it has. */
static bool sasl_plain_is_offered(const struct irc_connection *connection)
{
	const char *at, *end, *plain;

	if (!is_offered(connection, "sasl"))
		return false;
	at = strstr(connection->capabilities, " sasl=");
	if (!at)
		return true;
	end = strchr(at + 1, ' ');
	plain = strstr(at, "PLAIN");
	return plain && plain < end;
}

static void request_capabilities(struct irc_connection *connection)
{
	const char *password = password_for(connection);
	struct buf wanted = {0};

	for (size_t i = 0; i < ARRAY_SIZE(wanted_capabilities); i++)
		if (is_offered(connection, wanted_capabilities[i]))
			buf_printf(&wanted, "%s ", wanted_capabilities[i]);
	if (is_offered(connection, "labeled-response") && is_offered(connection, "batch"))
		buf_puts(&wanted, "labeled-response ");
	if (*password && strlen(password) <= PASSWORD_BYTES && sasl_plain_is_offered(connection)) {
		connection->sasl_asked = true;
		buf_puts(&wanted, "sasl ");
	}
	if (wanted.len == 0) {
		end_negotiation(connection);
	} else {
		wanted.data[--wanted.len] = '\0';
		irc_send_now(connection, "CAP", "REQ", wanted.data);
	}
	buf_finish(&wanted);
}

/* What the server has given, or (with "-" before it, or by DEL) taken away. */
static void set_capabilities(struct irc_connection *connection, const char *list, bool given)
{
	while (*(list += strspn(list, " "))) {
		size_t length = strcspn(list, " ");
		bool has = given && *list != '-';
		const char *name = *list == '-' ? list + 1 : list;
		size_t name_length = length - (size_t)(name - list);

		if (name_length == 16 && strncmp(name, "labeled-response", 16) == 0)
			connection->labels = has;
		if (name_length == 12 && strncmp(name, "echo-message", 12) == 0)
			connection->echoes = has;
		list += length;
	}
}

static void on_cap(struct irc_connection *connection, struct irc_line *line)
{
	const char *what = line->params[1];
	bool more = strcmp(line->params[2], "*") == 0;
	const char *list = line->params[more ? 3 : 2];

	if (strcmp(what, "ACK") == 0 || strcmp(what, "DEL") == 0)
		set_capabilities(connection, list, *what == 'A');
	if (!connection->negotiating)
		return;
	if (strcmp(what, "LS") == 0) {
		char *all;

		if (strlen(connection->capabilities) + strlen(list) > CAPABILITIES_BYTES)
			return;
		all = mem_printf("%s%s ", connection->capabilities, list);
		mem_free(connection->capabilities);
		connection->capabilities = all;
		if (!more)
			request_capabilities(connection);
	} else if (strcmp(what, "ACK") == 0) {
		if (connection->sasl_asked)
			irc_send_now(connection, "AUTHENTICATE", "PLAIN", NULL);
		else
			end_negotiation(connection);
	} else if (strcmp(what, "NAK") == 0) {
		connection->sasl_asked = false;
		end_negotiation(connection);
	}
}

/* The answer in pieces of SASL_CHUNK; a last one of that size is followed by "+". */
static void send_sasl(struct irc_connection *connection, const char *text, size_t length)
{
	char chunk[SASL_CHUNK + 1];
	size_t count = 0;

	for (size_t at = 0; at < length; at += count) {
		count = length - at < SASL_CHUNK ? length - at : SASL_CHUNK;
		memcpy(chunk, text + at, count);
		chunk[count] = '\0';
		irc_send_now(connection, "AUTHENTICATE", chunk, NULL);
	}
	if (count == SASL_CHUNK)
		irc_send_now(connection, "AUTHENTICATE", "+", NULL);
	OPENSSL_cleanse(chunk, sizeof(chunk));
}

static void on_authenticate(struct irc_connection *connection, struct irc_line *line)
{
	const char *password = password_for(connection), *name = connection->user->nick;
	struct buf plain = {0};
	unsigned char *text;
	int length;

	if (!connection->negotiating || !connection->sasl_asked || strcmp(line->params[0], "+") != 0)
		return;
	buf_putc(&plain, '\0');
	buf_puts(&plain, name);
	buf_putc(&plain, '\0');
	buf_puts(&plain, password);
	text = mem_alloc(plain.len * 2 + 8);
	length = EVP_EncodeBlock(text, (const unsigned char *)plain.data, (int)plain.len);
	send_sasl(connection, (const char *)text, (size_t)length);
	OPENSSL_cleanse(plain.data, plain.len);
	mem_free_secret((char *)text);
	buf_finish(&plain);
}

static void on_sasl_done(struct irc_connection *connection, struct irc_line *line)
{
	(void)line;
	connection->identified = connection->sasl_done = connection->sasl_asked;
	end_negotiation(connection);
}

static void on_sasl_failed(struct irc_connection *connection, struct irc_line *line)
{
	if (!connection->negotiating)
		return;
	/* With PASS the password may be meant for something else. */
	if (connection->user->irc->config.send_pass) {
		end_negotiation(connection);
		return;
	}
	irc_connection_fatal(connection, CONNECTION_ERROR_AUTHENTICATION_FAILED,
	                     *line->params[1] ? line->params[line->count - 1]
	                                      : "The network does not accept the password.");
}

void irc_identify(struct irc_connection *connection)
{
	const char *password = password_for(connection), *at = connection->user->irc->config.identify;
	struct buf service = {0}, text = {0};
	size_t length = strcspn(at, " ");

	if (*password == '\0' || connection->identified || *at == '\0')
		return;
	buf_append(&service, at, length);
	at += length + strspn(at + length, " ");
	while (*at) {
		if (strncmp(at, "$password", 9) == 0) {
			buf_puts(&text, password);
			at += 9;
		} else if (strncmp(at, "$name", 5) == 0) {
			buf_puts(&text, connection->user->nick);
			at += 5;
		} else {
			buf_putc(&text, *at++);
		}
	}
	if (irc_nick_is_valid(buf_text(&service)) && text.len) {
		irc_send(connection, "PRIVMSG", service.data, text.data);
		mem_replace(&connection->identify_service, service.data);
	} else {
		log_warning(&connection->log, "service.irc_identify is not of the form '<nick> <text>'");
	}
	if (text.data)
		OPENSSL_cleanse(text.data, text.len);
	buf_finish(&service);
	buf_finish(&text);
}

static void on_welcome(struct irc_connection *connection, struct irc_line *line)
{
	if (connection->state != IRC_REGISTERING)
		return;
	if (connection->user->irc->config.require_sasl && !connection->sasl_done) {
		irc_connection_fatal(
		        connection, CONNECTION_ERROR_AUTHENTICATION_FAILED,
		        "The network did not check the password (SASL), which this gateway requires.");
		return;
	}
	if (irc_nick_is_valid(line->params[0]) &&
	    text_is_clean(line->params[0], strlen(line->params[0]), TEXT_LINE))
		mem_replace(&connection->nick, line->params[0]);
	if (*line->nick)
		mem_replace(&connection->server_name, line->nick);
	connection->negotiating = false;
	MEM_FREE(connection->capabilities);
	irc_connection_welcome(connection);
}

static void on_isupport(struct irc_connection *connection, struct irc_line *line)
{
	for (size_t i = 1; i + 1 < line->count; i++)
		irc_isupport_token(&connection->support, line->params[i]);
}

static void on_motd_end(struct irc_connection *connection, struct irc_line *line)
{
	(void)line;
	if (connection->state == IRC_WELCOME)
		irc_connection_ready(connection);
}

static void try_next_nick(struct irc_connection *connection, bool in_use, const char *reason)
{
	struct buf nick = {0};

	if (irc_nick_next(&nick, connection->wanted_nick, ++connection->nick_attempt, in_use)) {
		mem_replace(&connection->nick, nick.data);
		irc_send_now(connection, "NICK", nick.data, NULL);
	} else {
		char *text = mem_printf("The nickname %s cannot be had: %s", connection->wanted_nick, reason);

		irc_connection_fatal(connection, CONNECTION_ERROR_NAME_IN_USE, text);
		mem_free(text);
	}
	buf_finish(&nick);
}

/* A change that the user asked for: the rooms keep the old nickname, the new one is shown as refused. */
static void refuse_nick(struct irc_connection *connection, const char *nick, const char *reason)
{
	struct irc_user *user = connection->user;

	/* The rooms would take it for the end of the join. */
	if (!connection->nick_asked) {
		log_debug(&connection->log, "nobody asked for the nickname %s, which is refused", log_quote(nick));
		return;
	}
	connection->nick_asked = false;
	mem_replace(&connection->wanted_nick, connection->nick);
	LIST_EACH(link, &connection->channels)
	{
		struct irc_channel *channel = CONTAINER_OF(link, struct irc_channel, link);

		if (channel->state != IRC_CHANNEL_JOINED)
			continue;
		plug_participant(user->irc->plug, user->key,
		                 &(struct event_participant){.room = channel->room,
		                                             .nickname = nick,
		                                             .flags = PARTICIPANT_CONFLICT,
		                                             .status = STATUS_OFFLINE,
		                                             .status_text = reason});
	}
}

static void on_nick_refused(struct irc_connection *connection, struct irc_line *line)
{
	bool in_use = strcmp(line->command, "432") != 0;
	const char *reason = line->params[line->count - 1];
	struct irc_channel *channel = irc_connection_channel(connection, line->params[1]);

	if (connection->state == IRC_REGISTERING) {
		try_next_nick(connection, in_use, reason);
	} else if (channel) { /* 437 is also for channels */
		irc_channel_tell_refused(channel, PARTICIPANT_ROOM_NOT_FOUND, reason);
		irc_channel_destroy(&channel);
	} else {
		refuse_nick(connection, line->params[1], reason);
	}
}

static void on_ping(struct irc_connection *connection, struct irc_line *line)
{
	irc_send_now(connection, "PONG", NULL, line->params[0]);
}

static void on_pong(struct irc_connection *connection, struct irc_line *line)
{
	irc_outgoing_pong(connection, line->params[line->count - 1]);
}

static void on_error(struct irc_connection *connection, struct irc_line *line)
{
	/* Some servers have no 464 for a wrong or missing PASS, ngircd for one. */
	if (connection->state == IRC_REGISTERING && strcasestr(line->params[0], "password"))
		irc_connection_fatal(connection, CONNECTION_ERROR_AUTHENTICATION_FAILED, line->params[0]);
	else
		mem_replace(&connection->last_error, line->params[0]);
}

static void on_bad_password(struct irc_connection *connection, struct irc_line *line)
{
	if (connection->state == IRC_REGISTERING)
		irc_connection_fatal(connection, CONNECTION_ERROR_AUTHENTICATION_FAILED,
		                     line->params[line->count - 1]);
}

static void on_banned(struct irc_connection *connection, struct irc_line *line)
{
	/* No error that is tried again by itself: that makes bans longer. */
	irc_connection_fatal(connection, CONNECTION_ERROR_AUTHENTICATION_IMPOSSIBLE,
	                     line->params[line->count - 1]);
}

static const struct irc_handler handlers[] = {
        {"CAP", 3, on_cap},          {"AUTHENTICATE", 1, on_authenticate},
        {"903", 0, on_sasl_done},    {"907", 0, on_sasl_done},
        {"902", 2, on_sasl_failed},  {"904", 2, on_sasl_failed},
        {"905", 2, on_sasl_failed},  {"906", 2, on_sasl_failed},
        {"001", 1, on_welcome},      {"005", 2, on_isupport},
        {"376", 0, on_motd_end},     {"422", 0, on_motd_end},
        {"432", 2, on_nick_refused}, {"433", 2, on_nick_refused},
        {"436", 2, on_nick_refused}, {"437", 2, on_nick_refused},
        {"464", 1, on_bad_password}, {"465", 1, on_banned},
        {"PING", 1, on_ping},        {"PONG", 1, on_pong},
        {"ERROR", 1, on_error},
};
const struct irc_handler_table irc_handlers_registration = {handlers, ARRAY_SIZE(handlers)};
