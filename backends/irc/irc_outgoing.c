/* SPDX-License-Identifier: MIT */
#include "backends/irc/irc_outgoing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/irc/irc.h"
#include "backends/irc/irc_connection.h"
#include "backends/irc/irc_format.h"
#include "backends/irc/irc_socket.h"
#include "backends/irc/irc_user.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"

#define ASK_TICKS 2 /* of five seconds: a label without an answer is asked about */

struct irc_outgoing *irc_outgoing_create(uint64_t handover, const char *command, size_t count)
{
	struct irc_outgoing *outgoing = MEM_NEW(struct irc_outgoing);

	list_init(&outgoing->link);
	outgoing->handover = handover;
	outgoing->command = command;
	outgoing->count = count;
	outgoing->lines = mem_alloc(count * sizeof(*outgoing->lines));
	return outgoing;
}

void irc_outgoing_destroy(struct irc_outgoing **slot)
{
	struct irc_outgoing *outgoing = *slot;

	if (!outgoing)
		return;
	list_remove(&outgoing->link);
	for (size_t i = 0; i < outgoing->count; i++)
		mem_free(outgoing->lines[i]);
	mem_free(outgoing->lines);
	mem_free(outgoing->target);
	mem_free(outgoing->about);
	mem_free(outgoing->name);
	mem_free(outgoing->room);
	mem_free(outgoing->text);
	mem_free(outgoing->xhtml);
	mem_free(outgoing->message_id);
	MEM_FREE(*slot);
}

static bool is_topic(const struct irc_outgoing *outgoing)
{
	return strcmp(outgoing->command, "TOPIC") == 0;
}

static bool is_said(const struct irc_outgoing *outgoing)
{
	return !outgoing->whole && !is_topic(outgoing);
}

static struct irc_channel *find_room(struct irc_connection *connection, const struct irc_outgoing *outgoing)
{
	struct irc_channel *channel = outgoing->room ? irc_user_channel(connection->user, outgoing->room) : NULL;

	return channel && channel->connection == connection ? channel : NULL;
}

/* ---- refused ---- */

/* Where the author looks for what became of it, if the gateway does not tell. */
static void tell(struct irc_connection *connection, const struct irc_outgoing *outgoing, const char *text)
{
	struct irc_user *user = connection->user;
	struct irc_channel *channel = find_room(connection, outgoing);

	if (!outgoing->room)
		irc_user_tell(user, outgoing->name, text);
	else if (outgoing->private && channel)
		plug_room_private_message(user->irc->plug, user->key, channel->room, outgoing->target, text, NULL);
	else if (channel)
		irc_channel_tell_notice(channel, text);
}

static void refuse(struct irc_connection *connection, const struct irc_outgoing *outgoing, enum handover_error error,
                   const char *sentence)
{
	if (outgoing->handover)
		plug_message_refused(connection->user->irc->plug, outgoing->handover, error, sentence);
	else
		tell(connection, outgoing, sentence);
}

void irc_outgoing_refuse(struct irc_connection *connection, struct irc_outgoing *outgoing, enum handover_error error,
                         const char *sentence)
{
	refuse(connection, outgoing, error, sentence);
	irc_outgoing_destroy(&outgoing);
}

/* There is no network any more to send it to. `in_doubt`: it was written, and not confirmed. */
static void fail(struct irc_connection *connection, const struct irc_outgoing *outgoing, bool in_doubt,
                 const char *sentence)
{
	char *text;

	if (outgoing->handover) {
		refuse(connection, outgoing, HANDOVER_FAILED, sentence);
		return;
	}
	text = mem_printf("%s, the connection was lost: %s", in_doubt ? "Perhaps not sent" : "Not sent", outgoing->text);
	tell(connection, outgoing, text);
	mem_free(text);
}

/* ---- waiting ---- */

static void enqueue(struct irc_connection *connection, struct irc_outgoing *outgoing)
{
	irc_queue_add_message(&connection->queue, outgoing, outgoing->count - outgoing->written);
	irc_connection_send_queued(connection);
}

static void park(struct irc_connection *connection, struct irc_outgoing *outgoing)
{
	struct irc_channel *channel = find_room(connection, outgoing);

	if (outgoing->room && !channel) {
		irc_outgoing_refuse(connection, outgoing, HANDOVER_NOT_FOUND, "You are not in this channel any more.");
		return;
	}
	list_append(channel ? &channel->waiting : &connection->waiting, &outgoing->link);
	connection->waiting_lines += outgoing->count;
}

/* The first one of a waiting list, taken out of it; NULL when it is empty. */
static struct irc_outgoing *unpark(struct irc_connection *connection, struct list *waiting)
{
	struct irc_outgoing *outgoing;

	if (list_empty(waiting))
		return NULL;
	outgoing = CONTAINER_OF(waiting->next, struct irc_outgoing, link);
	list_remove(&outgoing->link);
	connection->waiting_lines -= outgoing->count;
	return outgoing;
}

static bool can_go(struct irc_connection *connection, const struct irc_outgoing *outgoing)
{
	const struct irc_channel *channel = find_room(connection, outgoing);

	if (outgoing->room)
		return channel && channel->state == IRC_CHANNEL_JOINED;
	/* Lines wait for a first connection in the queue. */
	return connection->state >= IRC_WELCOME || !connection->was_welcome;
}

void irc_outgoing_submit(struct irc_connection *connection, struct irc_outgoing *outgoing)
{
	const struct irc_config *config = &connection->user->irc->config;

	if (connection->queue.count + connection->waiting_lines + outgoing->count > (size_t)config->queue_max)
		irc_outgoing_refuse(connection, outgoing, HANDOVER_FAILED,
		                    "Not sent: too many messages wait already. IRC takes only a few lines a second.");
	else if (can_go(connection, outgoing))
		enqueue(connection, outgoing);
	else if (outgoing->handover)
		park(connection, outgoing);
	else
		irc_outgoing_refuse(connection, outgoing, HANDOVER_FAILED,
		                    connection->state == IRC_READY
		                            ? "Not sent: you are not in this channel yet."
		                            : "Not sent: there is no connection to the network now.");
}

void irc_outgoing_ready(struct irc_connection *connection)
{
	struct irc_outgoing *outgoing;

	while ((outgoing = unpark(connection, &connection->waiting)))
		enqueue(connection, outgoing);
}

void irc_outgoing_joined(struct irc_channel *channel)
{
	struct irc_outgoing *outgoing;

	while ((outgoing = unpark(channel->connection, &channel->waiting)))
		enqueue(channel->connection, outgoing);
}

static void abandon_list(struct irc_connection *connection, struct list *waiting, const char *sentence)
{
	struct irc_outgoing *outgoing;

	while ((outgoing = unpark(connection, waiting))) {
		if (sentence)
			refuse(connection, outgoing, HANDOVER_NOT_FOUND, sentence);
		irc_outgoing_destroy(&outgoing);
	}
}

void irc_outgoing_abandon_room(struct irc_channel *channel, const char *sentence)
{
	abandon_list(channel->connection, &channel->waiting, sentence);
}

void irc_outgoing_abandon(struct irc_connection *connection, const char *sentence)
{
	struct irc_queued *queued;

	if (connection->flying && !connection->flying->settled && sentence)
		fail(connection, connection->flying, true, sentence);
	while ((queued = irc_queue_head(&connection->queue))) {
		struct irc_outgoing *outgoing = queued->message;

		irc_queue_drop(&connection->queue);
		if (!outgoing || outgoing == connection->flying)
			continue;
		if (sentence)
			fail(connection, outgoing, false, sentence);
		irc_outgoing_destroy(&outgoing);
	}
	irc_outgoing_destroy(&connection->flying);
	LIST_EACH(link, &connection->channels)
	irc_outgoing_abandon_room(CONTAINER_OF(link, struct irc_channel, link), sentence);
	abandon_list(connection, &connection->waiting, sentence);
}

/* Not confirmed, and not to be: the gateway's messages wait for the next connection, of others the author is told. */
static void put_back(struct irc_connection *connection, struct irc_outgoing *outgoing)
{
	bool in_doubt = outgoing->written == outgoing->count;

	outgoing->written = outgoing->confirmed;
	outgoing->pinged = false;
	if (outgoing->settled) {
		irc_outgoing_destroy(&outgoing);
	} else if (outgoing->handover) {
		park(connection, outgoing);
	} else {
		fail(connection, outgoing, in_doubt, NULL);
		irc_outgoing_destroy(&outgoing);
	}
}

/* What comes from the queue was said before what waits already. */
static void put_behind(struct list *waiting, struct list *later)
{
	while (!list_empty(later)) {
		struct list *link = later->next;

		list_remove(link);
		list_append(waiting, link);
	}
}

static void set_aside(struct list *waiting, struct list *aside)
{
	list_init(aside);
	put_behind(aside, waiting);
}

void irc_outgoing_lost(struct irc_connection *connection)
{
	struct irc_outgoing *flying = connection->flying;
	struct irc_queued *queued;
	struct list later;

	set_aside(&connection->waiting, &later);
	connection->flying = NULL;
	if (flying)
		put_back(connection, flying);
	while ((queued = irc_queue_head(&connection->queue))) {
		struct irc_outgoing *outgoing = queued->message;

		irc_queue_drop(&connection->queue);
		if (outgoing && outgoing != flying)
			put_back(connection, outgoing);
	}
	put_behind(&connection->waiting, &later);
}

void irc_outgoing_move(struct irc_connection *from, struct irc_connection *to)
{
	struct irc_outgoing *outgoing;

	irc_outgoing_lost(from);
	LIST_EACH(link, &from->channels)
	irc_outgoing_abandon_room(CONTAINER_OF(link, struct irc_channel, link),
	                          "Not sent: you have logged in again meanwhile.");
	while ((outgoing = unpark(from, &from->waiting)))
		enqueue(to, outgoing);
}

/* ---- flying ---- */

bool irc_outgoing_may_fly(const struct irc_connection *connection, const struct irc_outgoing *outgoing)
{
	return !connection->flying || connection->flying == outgoing;
}

/* The answer comes behind all that the server has to say about the lines before. */
static void ask(struct irc_connection *connection)
{
	struct irc_outgoing *outgoing = connection->flying;
	char token[32];

	if (outgoing->pinged)
		return;
	snprintf(token, sizeof(token), "m%llu", (unsigned long long)outgoing->number);
	outgoing->pinged = irc_send_now(connection, "PING", NULL, token) == 0;
}

void irc_outgoing_write(struct irc_connection *connection, struct irc_outgoing *outgoing)
{
	size_t at = outgoing->written++;
	const char *middle[] = {outgoing->target};
	struct buf line = {0};

	if (!connection->flying) {
		connection->flying = outgoing;
		connection->flying_ticks = 0;
		outgoing->number = ++connection->outgoing_number;
	}
	if (connection->labels)
		buf_printf(&line, "@label=%llu-%zu ", (unsigned long long)outgoing->number, at);
	/* Text and target were looked at before; a line that cannot be built is none. */
	if (outgoing->whole)
		buf_puts(&line, outgoing->lines[at]);
	if (outgoing->whole ||
	    irc_line_build(&line, connection->support.line_length, outgoing->command, middle, 1, outgoing->lines[at]) == 0)
		irc_socket_write(connection->socket, line.data, line.len);
	buf_finish(&line);
	if (outgoing->written == outgoing->count && !connection->labels)
		ask(connection);
}

/* Nothing more is heard of this one: the next may go. */
static void land(struct irc_connection *connection)
{
	irc_outgoing_destroy(&connection->flying);
	irc_connection_send_queued(connection);
}

static void confirm(struct irc_connection *connection)
{
	struct irc_outgoing *outgoing = connection->flying;
	struct irc_user *user = connection->user;
	const struct irc_channel *channel = find_room(connection, outgoing);
	struct event said = {EVENT_MESSAGE, user->key};

	if (!outgoing->settled && channel && !outgoing->private && is_said(outgoing)) {
		/* The user sees what he said in a room when it is there. */
		said.message = (struct event_message){MESSAGE_ROOM, channel->room, connection->nick, outgoing->text,
		                                      .xhtml = outgoing->xhtml, .id = outgoing->message_id};
		plug_send(user->irc->plug, &said);
	}
	if (!outgoing->settled)
		plug_message_done(user->irc->plug, outgoing->handover, outgoing->message_id);
	land(connection);
}

/* The server has taken its lines up to this one. */
static void take_lines(struct irc_connection *connection, size_t count)
{
	struct irc_outgoing *outgoing = connection->flying;

	if (count > outgoing->confirmed)
		outgoing->confirmed = count;
	if (outgoing->confirmed == outgoing->count && !outgoing->settled)
		confirm(connection);
}

/* The number of the line that the label is of, from 0; -1: it is no label of the one that flies. */
static long labelled_line(const struct irc_connection *connection, const char *label)
{
	const struct irc_outgoing *outgoing = connection->flying;
	char *end;
	unsigned long long number, at;

	if (!outgoing || *label < '0' || *label > '9')
		return -1;
	number = strtoull(label, &end, 10);
	if (*end != '-' || number != outgoing->number)
		return -1;
	at = strtoull(end + 1, &end, 10);
	return *end == '\0' && at < outgoing->written ? (long)at : -1;
}

static bool same_text(const char *a, const char *b)
{
	struct buf plain[2] = {{0}}, xhtml = {0};
	bool same;

	/* Channels may strip colours. */
	irc_format_read(a, &plain[0], &xhtml);
	irc_format_read(b, &plain[1], &xhtml);
	same = strcmp(buf_text(&plain[0]), buf_text(&plain[1])) == 0;
	buf_finish(&plain[0]);
	buf_finish(&plain[1]);
	buf_finish(&xhtml);
	return same;
}

bool irc_outgoing_echo(struct irc_connection *connection, const struct irc_line *line)
{
	struct irc_outgoing *outgoing = connection->flying;
	long at;

	if (!outgoing || !connection->echoes || !is_said(outgoing) || outgoing->settled ||
	    !irc_same_name(connection->support.casemap, outgoing->target, line->params[0]))
		return false;
	at = labelled_line(connection, line->label);
	if (at < 0 && (connection->labels || outgoing->confirmed == outgoing->written ||
	               !same_text(outgoing->lines[outgoing->confirmed], line->params[1])))
		return false;
	if (irc_message_id_is_valid(line->message_id))
		mem_replace(&outgoing->message_id, line->message_id);
	if (at < 0)
		take_lines(connection, outgoing->confirmed + 1);
	return true; /* with a label the answer as a whole counts */
}

static const struct {
	const char *numeric;
	enum handover_error error;
} errors[] = {
        {"263", HANDOVER_FAILED},    {"401", HANDOVER_NOT_FOUND}, {"402", HANDOVER_NOT_FOUND},
        {"403", HANDOVER_NOT_FOUND}, {"404", HANDOVER_FORBIDDEN}, {"405", HANDOVER_FORBIDDEN},
        {"406", HANDOVER_NOT_FOUND}, {"407", HANDOVER_FAILED},    {"408", HANDOVER_FORBIDDEN},
        {"411", HANDOVER_FAILED},    {"412", HANDOVER_FAILED},    {"413", HANDOVER_FAILED},
        {"414", HANDOVER_FAILED},    {"415", HANDOVER_FAILED},    {"417", HANDOVER_TOO_LONG},
        {"439", HANDOVER_FAILED},    {"441", HANDOVER_FORBIDDEN}, {"442", HANDOVER_FORBIDDEN},
        {"461", HANDOVER_FAILED},    {"472", HANDOVER_UNSUPPORTED},
        {"478", HANDOVER_FAILED},    {"477", HANDOVER_FORBIDDEN}, {"481", HANDOVER_FORBIDDEN},
        {"482", HANDOVER_FORBIDDEN}, {"484", HANDOVER_FORBIDDEN}, {"486", HANDOVER_FORBIDDEN},
        {"489", HANDOVER_FORBIDDEN}, {"492", HANDOVER_FORBIDDEN}, {"502", HANDOVER_FORBIDDEN},
        {"531", HANDOVER_FORBIDDEN}, {"707", HANDOVER_FAILED},    {"716", HANDOVER_FORBIDDEN},
        {"FAIL", HANDOVER_FAILED},
};

static enum handover_error find_error(const char *command)
{
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		if (strcmp(errors[i].numeric, command) == 0)
			return errors[i].error;
	return 0;
}

static bool is_about(const struct irc_connection *connection, const struct irc_outgoing *outgoing,
                     const struct irc_line *line)
{
	if (labelled_line(connection, line->label) >= 0)
		return true;
	if (*line->label || connection->labels || line->count < 2)
		return false;
	/* Some name the command and not the target. */
	if (outgoing->about && irc_same_name(connection->support.casemap, outgoing->about, line->params[1]))
		return true;
	return irc_same_name(connection->support.casemap, outgoing->target, line->params[1]) ||
	       strcmp(outgoing->command, line->params[1]) == 0;
}

bool irc_outgoing_error(struct irc_connection *connection, const struct irc_line *line)
{
	struct irc_outgoing *outgoing = connection->flying;
	enum handover_error error = find_error(line->command);
	struct irc_queued *queued = irc_queue_head(&connection->queue);
	struct buf sentence = {0}, xhtml = {0};
	struct irc_channel *channel;
	bool is_ours;

	if (!outgoing || !error || !is_about(connection, outgoing, line))
		return false;
	is_ours = outgoing->handover != 0; /* else what is in the line is told as ever */
	if (!outgoing->settled && is_ours) {
		irc_format_read(line->params[line->count - 1], &sentence, &xhtml);
		refuse(connection, outgoing, error, buf_text(&sentence));
		buf_finish(&sentence);
		buf_finish(&xhtml);
	}
	outgoing->settled = true;
	channel = is_topic(outgoing) && is_ours ? find_room(connection, outgoing) : NULL;
	if (channel)
		irc_channel_tell_topic(channel); /* the one that holds */
	/* Its other lines are not written, and those that were may be complained about as well. */
	if (queued && queued->message == outgoing)
		irc_queue_drop(&connection->queue);
	ask(connection);
	return is_ours;
}

void irc_outgoing_answered(struct irc_connection *connection, const struct irc_line *line)
{
	long at = labelled_line(connection, line->label);

	if (at >= 0)
		take_lines(connection, (size_t)at + 1);
}

void irc_outgoing_pong(struct irc_connection *connection, const char *token)
{
	const struct irc_outgoing *outgoing = connection->flying;

	if (outgoing && outgoing->pinged && *token == 'm' && strtoull(token + 1, NULL, 10) == outgoing->number)
		confirm(connection);
}

bool irc_outgoing_tick(struct irc_connection *connection)
{
	const struct irc_outgoing *outgoing = connection->flying;
	unsigned patience = (unsigned)connection->user->irc->config.ping_interval / IRC_TICK_SECONDS;

	if (!outgoing || (outgoing->written < outgoing->count && !outgoing->settled))
		return true;
	if (++connection->flying_ticks > patience)
		return false;
	if (connection->flying_ticks >= ASK_TICKS)
		ask(connection);
	return true;
}
