/* SPDX-License-Identifier: MIT */
#include "backends/irc/irc_handlers.h"

#include <string.h>
#include <time.h>

#include "backends/irc/irc_user.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

#define BURST 3.0
#define INTERVAL_MS 5000.0 /* one answer each, after the burst */
#define PING_BYTES 64

static bool may_answer(struct irc_connection *connection)
{
	uint64_t now = clock_ms();

	if (connection->ctcp_at == 0)
		connection->ctcp_tokens = BURST;
	else
		connection->ctcp_tokens += (double)(now - connection->ctcp_at) / INTERVAL_MS;
	if (connection->ctcp_tokens > BURST)
		connection->ctcp_tokens = BURST;
	connection->ctcp_at = now;
	if (connection->ctcp_tokens < 1.0)
		return false;
	connection->ctcp_tokens -= 1.0;
	return true;
}

static void answer(struct irc_connection *connection, const char *to, const char *command, const char *text)
{
	char *reply;

	if (!may_answer(connection))
		return;
	reply = mem_printf("\x01%s %s\x01", command, text);
	irc_send(connection, "NOTICE", to, reply);
	mem_free(reply);
}

static void answer_time(struct irc_connection *connection, const char *to)
{
	time_t now = time(NULL);
	struct tm tm;
	char text[64];

	gmtime_r(&now, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm);
	answer(connection, to, "TIME", text);
}

/* Files go from machine to machine past every server: a gateway cannot take them. */
static void refuse_file(struct irc_connection *connection, const char *from)
{
	struct buf contact = {0};

	if (!may_answer(connection))
		return;
	irc_contact_name(&contact, connection, from);
	irc_user_tell(connection->user, contact.data,
	              "(wants to send a file or chat directly by DCC, which this gateway cannot do)");
	buf_finish(&contact);
}

bool irc_ctcp_request(struct irc_connection *connection, const char *from, const char *text)
{
	char *copy, *argument;
	size_t length;

	if (*text != '\x01')
		return false;
	copy = mem_strdup(text + 1);
	length = strlen(copy);
	if (length && copy[length - 1] == '\x01')
		copy[length - 1] = '\0';
	argument = strchr(copy, ' ');
	if (argument)
		*argument++ = '\0';
	if (text_equal_nocase(copy, "VERSION")) {
		answer(connection, from, "VERSION", "libtransport " LIBTRANSPORT_VERSION);
	} else if (text_equal_nocase(copy, "PING") && argument && strlen(argument) <= PING_BYTES) {
		answer(connection, from, "PING", argument);
	} else if (text_equal_nocase(copy, "TIME")) {
		answer_time(connection, from);
	} else if (text_equal_nocase(copy, "DCC")) {
		refuse_file(connection, from);
	}
	mem_free(copy);
	return true;
}
