/* SPDX-License-Identifier: MIT */
#include "frontends/xmpp/stream/component.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>
#include <uv.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/xmpp/stream/confirmations.h"
#include "frontends/xmpp/stream/stanza.h"
#include "frontends/xmpp/stream/stream_error.h"
#include "frontends/xmpp/stream/stream_socket.h"
#include "frontends/xmpp/stream/xml_stream.h"
#include "frontends/xmpp/stream/xml_writer.h"
#include "frontends/xmpp/xmpp.h"
#include "transport/routing/ahead.h"
#include "transport/routing/delivery.h"

#define BACKOFF_FIRST_MS 200
#define BACKOFF_LAST_MS 30000
#define STABLE_MS 10000      /* a stream that lived so long starts the back-off anew */
#define SETUP_MS 30000       /* from connecting to the accepted handshake */
#define KEEPALIVE_MS 60000
#define STALLED_MS 120000    /* a server that reads nothing for so long is taken as dead */
#define GOODBYE_MS 2000
#define READ_UNTIL_BYTES (LIMIT_STREAM_OUT_BYTES / 2)

enum component_state {
	COMPONENT_IDLE, /* not started, or stopped */
	COMPONENT_RESOLVING,
	COMPONENT_CONNECTING,
	COMPONENT_HEADER,    /* our header is out, the server's is awaited */
	COMPONENT_HANDSHAKE, /* our digest is out */
	COMPONENT_UP,
	COMPONENT_WAITING, /* for the next attempt */
	COMPONENT_SUSPENDING, /* we have closed the stream; what the server still sends is handled until it closes too */
	COMPONENT_STOPPING,
};

struct component {
	struct xmpp_frontend *frontend;
	struct log log;
	enum component_state state;
	struct stream_batch batch;
	struct stream_socket *socket; /* NULL: none */
	unsigned sockets;             /* that are not closed yet */
	uv_timer_t timer;
	uv_getaddrinfo_t lookup;
	bool started, looking_up, header_sent, closing_handles;
	struct addrinfo *addresses, *next_address;
	struct xml_stream *xml;
	struct stanza_reader *reader;
	long backoff_ms;
	uint64_t up_since;
	struct confirmations confirmations; /* of `socket` */
	void (*stopped)(void *context);
	void *stopped_context;
};

static void attempt(struct component *component);
static void on_timer(uv_timer_t *timer);

static void timer_in(struct component *component, uint64_t ms)
{
	uv_timer_start(&component->timer, on_timer, ms, 0);
}

static void drop_socket(struct component *component)
{
	if (!component->socket)
		return;
	stream_socket_abort(component->socket);
	component->socket = NULL;
}

static void drop_addresses(struct component *component)
{
	if (component->addresses)
		uv_freeaddrinfo(component->addresses);
	component->addresses = component->next_address = NULL;
}

static uint64_t next_delay(struct component *component)
{
	uint32_t random;
	long delay = component->backoff_ms;

	random_bytes(&random, sizeof(random));
	component->backoff_ms = delay * 2 < BACKOFF_LAST_MS ? delay * 2 : BACKOFF_LAST_MS;
	return (uint64_t)(delay / 2 + (long)(random % (unsigned long)(delay / 2 + 1)));
}

/* The server may not have what it had not been sent when the stream ended. */
static void not_written(struct component *component)
{
	uint64_t number;

	while ((number = confirmations_take(&component->confirmations, UINT64_MAX)))
		delivery_not_shown(component->frontend->base.transport, number);
}

static void stop_if_quiet(struct component *component);

static void end_suspension(struct component *component)
{
	not_written(component);
	component->state = COMPONENT_STOPPING;
	drop_socket(component);
	stop_if_quiet(component);
}

/* The attempt or the stream has ended: try again later. */
static void lose(struct component *component, const char *why)
{
	bool was_up = component->state == COMPONENT_UP;
	uint64_t delay;

	if (component->state == COMPONENT_SUSPENDING) {
		end_suspension(component);
		return;
	}

	if (component->state == COMPONENT_STOPPING || component->state == COMPONENT_WAITING)
		return;
	if (was_up && clock_ms() - component->up_since >= STABLE_MS)
		component->backoff_ms = BACKOFF_FIRST_MS;
	delay = next_delay(component);
	component->state = COMPONENT_WAITING;
	drop_socket(component);
	drop_addresses(component);
	log_warning(&component->log, "%s %s:%ld: %s; next attempt in %.1f s",
		    was_up ? "lost the server" : "cannot connect to", component->frontend->config.server,
		    component->frontend->config.port, why, (double)delay / 1000);
	timer_in(component, delay);
	if (!was_up)
		return;
	not_written(component);
	xmpp_component_full(component->frontend, false);
	xmpp_component_down(component->frontend);
}

static void on_batch_closed(void *context)
{
	struct component *component = context;

	component->started = false;
	component->state = COMPONENT_IDLE;
	component->stopped(component->stopped_context);
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct component *component = handle->data;

	stream_batch_close(&component->batch, on_batch_closed);
}

static void stop_if_quiet(struct component *component)
{
	if (component->state != COMPONENT_STOPPING || component->sockets || component->looking_up ||
	    component->closing_handles)
		return;
	component->closing_handles = true;
	drop_addresses(component);
	uv_close((uv_handle_t *)&component->timer, on_timer_closed);
}

static void send_text(struct component *component, const struct buf *text)
{
	if (component->socket)
		stream_socket_send(component->socket, text->data, text->len);
}

static void keep_alive(struct component *component)
{
	uint64_t stalled = stream_socket_stalled_since(component->socket);

	if (stalled && clock_ms() - stalled > STALLED_MS) {
		lose(component, "it reads nothing any more");
		return;
	}
	stream_socket_send(component->socket, " ", 1);
	timer_in(component, KEEPALIVE_MS);
}

static void on_timer(uv_timer_t *timer)
{
	struct component *component = timer->data;

	switch (component->state) {
	case COMPONENT_WAITING:
		attempt(component);
		break;
	case COMPONENT_UP:
		keep_alive(component);
		break;
	case COMPONENT_STOPPING:
		drop_socket(component);
		break;
	case COMPONENT_IDLE:
		break;
	default:
		lose(component, "no answer");
	}
}

/* Connecting */

static void send_header(struct component *component)
{
	struct buf out = {0};
	struct xml_writer writer;

	xml_writer_init(&writer, &out);
	buf_puts(&out, "<?xml version='1.0'?>");
	xml_start_ns(&writer, "stream:stream", "jabber:component:accept");
	xml_attr(&writer, "xmlns:stream", STREAM_NS);
	xml_attr(&writer, "to", component->frontend->config.jid);
	xml_text(&writer, ""); /* ends the tag, not the element */
	send_text(component, &out);
	buf_finish(&out);
	component->header_sent = true;
}

static void try_address(struct component *component);

static void on_connected(uv_connect_t *request, int status)
{
	struct component *component = request->data;

	mem_free(request);
	if (status == UV_ECANCELED || component->state != COMPONENT_CONNECTING)
		return;
	if (status < 0) {
		log_debug(&component->log, "an address of %s: %s", component->frontend->config.server,
			  uv_strerror(status));
		drop_socket(component);
		if (component->next_address)
			try_address(component);
		else
			lose(component, uv_strerror(status));
		return;
	}
	drop_addresses(component);
	stream_socket_tune(component->socket);
	xml_stream_reset(component->xml);
	component->state = COMPONENT_HEADER;
	send_header(component);
	if (stream_socket_read_start(component->socket))
		lose(component, "cannot read");
}

/* Addresses are known without their resource. */
static void on_foreseen(void *context, const struct map_key *senders, size_t count)
{
	const struct component *component = context;
	const struct frontend *frontend = &component->frontend->base;
	struct ahead ahead = {0};

	if (!ahead_pays(frontend->transport))
		return;
	for (size_t i = 0; i < count; i++) {
		const char *slash = memchr(senders[i].text, '/', senders[i].length);

		ahead_address(&ahead, frontend, senders[i].text,
			      slash ? (size_t)(slash - senders[i].text) : senders[i].length);
	}
	ahead_addresses_end(&ahead, frontend);
}

static void on_data(void *context, char *bytes, size_t count)
{
	struct component *component = context;
	const char *condition = NULL;
	size_t consumed;
	struct buf out = {0};

	if (xml_stream_feed(component->xml, bytes, count, &consumed, &condition) == 0)
		return;
	stream_error_write(&out, condition, NULL);
	send_text(component, &out);
	buf_finish(&out);
	if (component->socket) {
		/* The server shall learn why, so this socket is finished, not aborted. */
		stream_socket_read_stop(component->socket);
		stream_socket_finish(component->socket);
		component->socket = NULL;
	}
	lose(component, condition);
}

static void on_ended(void *context, int error, const char *reason)
{
	struct component *component = context;

	if (component->state == COMPONENT_STOPPING)
		drop_socket(component);
	else
		lose(component, error == TP_ERR_CLOSED ? "it closed the connection" : reason);
}

static void on_drained(void *context)
{
	struct component *component = context;

	if (component->state == COMPONENT_UP && component->socket)
		stream_socket_read_start(component->socket);
}

static void on_full(void *context, bool full)
{
	struct component *component = context;

	if (component->state != COMPONENT_UP)
		return;
	xmpp_component_full(component->frontend, full);
	if (!full)
		stream_socket_read_start(component->socket);
}

static void on_written(void *context, uint64_t position)
{
	struct component *component = context;
	uint64_t number;

	while (component->state != COMPONENT_WAITING && (number = confirmations_take(&component->confirmations, position)))
		delivery_shown(component->frontend->base.transport, number);
}

static void on_socket_closed(void *context)
{
	struct component *component = context;

	component->sockets--;
	if (component->state == COMPONENT_STOPPING)
		component->socket = NULL;
	stop_if_quiet(component);
}

static const struct stream_socket_ops socket_ops = {
	.data = on_data,
	.ended = on_ended,
	.drained = on_drained,
	.full = on_full,
	.written = on_written,
	.closed = on_socket_closed,
};

static void try_address(struct component *component)
{
	uv_connect_t *request = MEM_NEW(uv_connect_t);
	const struct addrinfo *address = component->next_address;
	int err;

	component->next_address = address->ai_next;
	component->state = COMPONENT_CONNECTING;
	component->socket = stream_socket_create(&component->batch, &socket_ops, component);
	component->sockets++;
	request->data = component;
	err = uv_tcp_connect(request, stream_socket_tcp(component->socket), address->ai_addr, on_connected);
	if (err == 0)
		return;
	mem_free(request);
	lose(component, uv_strerror(err));
}

static void on_looked_up(uv_getaddrinfo_t *lookup, int status, struct addrinfo *addresses)
{
	struct component *component = lookup->data;

	component->looking_up = false;
	if (component->state != COMPONENT_RESOLVING) {
		uv_freeaddrinfo(addresses);
		stop_if_quiet(component);
		return;
	}
	if (status < 0) {
		lose(component, uv_strerror(status));
		return;
	}
	component->addresses = component->next_address = addresses;
	try_address(component);
}

static void attempt(struct component *component)
{
	const struct xmpp_config *config = &component->frontend->config;
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	char port[16];
	int err;

	if (component->looking_up) {
		timer_in(component, BACKOFF_LAST_MS); /* a resolver that hangs: one question at a time */
		return;
	}
	snprintf(port, sizeof(port), "%ld", config->port);
	component->state = COMPONENT_RESOLVING;
	component->header_sent = false;
	component->lookup.data = component;
	timer_in(component, SETUP_MS);
	err = uv_getaddrinfo(component->timer.loop, &component->lookup, on_looked_up, config->server, port, &hints);
	if (err)
		lose(component, uv_strerror(err));
	else
		component->looking_up = true;
}

/* What the server says */

static void send_handshake(struct component *component, const char *stream_id)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned length = 0;
	char hex[2 * EVP_MAX_MD_SIZE + 1];
	char *input = mem_printf("%s%s", stream_id, component->frontend->config.password);
	struct buf out = {0};
	int ok = EVP_Digest(input, strlen(input), digest, &length, EVP_sha1(), NULL);

	mem_free_secret(input);
	if (!ok) {
		lose(component, "SHA-1 is not available");
		return;
	}
	for (unsigned i = 0; i < length; i++)
		snprintf(hex + (size_t)2 * i, 3, "%02x", digest[i]);
	buf_printf(&out, "<handshake>%s</handshake>", hex);
	send_text(component, &out);
	buf_finish(&out);
	component->state = COMPONENT_HANDSHAKE;
}

static void on_stream_start(void *context, const char **attributes)
{
	struct component *component = context;
	const char *id = NULL;

	for (; *attributes; attributes += 2)
		if (strcmp(attributes[0], "id") == 0)
			id = attributes[1];
	if (component->state != COMPONENT_HEADER)
		return;
	if (id)
		send_handshake(component, id);
	else
		lose(component, "its stream header has no id");
}

static const char *hint_of(const char *condition)
{
	if (strcmp(condition, "not-authorized") == 0)
		return " (service.password is not the secret that the server has for this component)";
	if (strcmp(condition, "conflict") == 0)
		return " (another component is connected as service.jid: is this instance running twice?)";
	if (strcmp(condition, "host-unknown") == 0)
		return " (the server has no component with the name in service.jid)";
	if (strcmp(condition, "invalid-namespace") == 0)
		return " (service.port is not a component port of the server)";
	return "";
}

static void on_stream_error(struct component *component, xmpp_stanza_t *error)
{
	const char *text = NULL, *condition = stream_error_read(error, &text);

	log_error(&component->log, "the server ends the stream: %s%s%s%s", log_quote(condition),
		  text ? ": " : "", text ? log_quote(text) : "", hint_of(condition));
	xml_stream_stop(component->xml);
	lose(component, "stream error");
}

static void on_other(void *context, xmpp_stanza_t *element)
{
	struct component *component = context;
	const char *name = xmpp_stanza_get_name(element);

	if (stream_error_is(element)) {
		on_stream_error(component, element);
		return;
	}
	if (strcmp(name, "handshake") != 0 || component->state != COMPONENT_HANDSHAKE) {
		log_debug(&component->log, "element %s is ignored", log_quote(name));
		return;
	}
	component->state = COMPONENT_UP;
	component->up_since = clock_ms();
	timer_in(component, KEEPALIVE_MS);
	log_info(&component->log, "connected to %s:%ld", component->frontend->config.server,
		 component->frontend->config.port);
	xmpp_component_up(component->frontend);
}

static void on_stream_end(void *context)
{
	struct component *component = context;

	if (component->state == COMPONENT_STOPPING)
		drop_socket(component);
	else
		lose(component, "it closed the stream");
}

/* Whether the domain of `to` is ours. */
static bool is_ours(const struct component *component, const char *to)
{
	const char *jid = component->frontend->config.jid;
	size_t length = strlen(jid), bare = to ? strcspn(to, "/") : 0;
	const char *at = to ? memchr(to, '@', bare) : NULL;
	size_t skip = at ? (size_t)(at - to) + 1 : 0;

	return to && bare - skip == length && strncasecmp(to + skip, jid, length) == 0;
}

static bool is_acceptable(const struct component *component, const char *kind, const char *from, const char *to)
{
	if (component->state != COMPONENT_UP && component->state != COMPONENT_SUSPENDING)
		return false;
	/* Nobody is at our own addresses but us: what came from there would go round in circles. */
	if (from && is_ours(component, to) && !is_ours(component, from))
		return true;
	log_debug(&component->log, "%s from %s to %s is not for us", kind, log_quote(from), log_quote(to));
	return false;
}

static void on_message(void *context, const struct message_stanza *message)
{
	struct component *component = context;

	if (is_acceptable(component, "message", message->from, message->to))
		xmpp_handle_message(component->frontend, message);
}

static void on_presence(void *context, const struct presence_stanza *presence)
{
	struct component *component = context;

	if (is_acceptable(component, "presence", presence->from, presence->to))
		xmpp_handle_presence(component->frontend, presence);
}

static void on_iq(void *context, xmpp_stanza_t *iq)
{
	struct component *component = context;

	if (is_acceptable(component, "iq", xmpp_stanza_get_from(iq), xmpp_stanza_get_to(iq)))
		xmpp_handle_iq(component->frontend, iq);
}

static void on_rejected(void *context, const struct rejected_stanza *stanza)
{
	struct component *component = context;
	struct buf out = {0};

	log_warning(&component->log, "a %s from %s is above the limits and has been left out",
		    stanza->kind ? stanza->kind : "stanza", log_quote(stanza->from));
	if (!is_acceptable(component, "stanza", stanza->from, stanza->to))
		return;
	if (stanza_error_write(&out, stanza, "policy-violation"))
		component_send(component, out.data, out.len);
	buf_finish(&out);
}

static const struct stanza_handler stanza_ops = {
	.message = on_message,
	.presence = on_presence,
	.iq = on_iq,
	.stream_start = on_stream_start,
	.other = on_other,
	.stream_end = on_stream_end,
	.rejected = on_rejected,
};

/* For the owner */

struct component *component_create(struct xmpp_frontend *frontend)
{
	struct component *component = MEM_NEW(struct component);

	component->frontend = frontend;
	component->log = (struct log){.parent = &frontend->base.log, .label = "component"};
	component->backoff_ms = BACKOFF_FIRST_MS;
	component->reader = stanza_reader_create(frontend->strophe, &stanza_ops, component);
	stanza_reader_keep_trees(component->reader, &frontend->base.transport->features.raw_xml);
	component->xml = xml_stream_create(&stanza_reader_xml, component->reader, LIMIT_STANZA_BYTES);
	xml_stream_foresee(component->xml, on_foreseen, component);
	xml_stream_skip_oversized(component->xml, true); /* one person's stanza must not end everybody's stream */
	return component;
}

static void on_turn(void *context)
{
	struct component *component = context;

	transport_commit_or_wait(component->frontend->base.transport);
}

void component_start(struct component *component)
{
	uv_loop_t *loop = component->frontend->base.transport->loop;

	if (component->frontend->config.port == 5222)
		log_warning(&component->log, "service.port is 5222, where clients log in; components use another "
					     "port of the server, often 5347");
	stream_batch_init(&component->batch, loop, on_turn, component);
	component->batch.after = on_turn;
	uv_timer_init(loop, &component->timer);
	component->timer.data = component;
	component->started = true;
	attempt(component);
}

void component_stop(struct component *component, void (*stopped)(void *), void *context)
{
	component->stopped = stopped;
	component->stopped_context = context;
	if (!component->started) {
		stopped(context);
		return;
	}
	uv_timer_stop(&component->timer);
	component->state = COMPONENT_STOPPING;
	if (component->looking_up)
		uv_cancel((uv_req_t *)&component->lookup);
	if (component->socket && component->header_sent) {
		stream_socket_send(component->socket, "</stream:stream>", 16);
		stream_socket_finish(component->socket);
		timer_in(component, GOODBYE_MS);
	} else {
		drop_socket(component);
	}
	stop_if_quiet(component);
}

void component_suspend(struct component *component, void (*stopped)(void *), void *context)
{
	if (component->state != COMPONENT_UP) {
		component_stop(component, stopped, context);
		return;
	}
	component->stopped = stopped;
	component->stopped_context = context;
	component->state = COMPONENT_SUSPENDING;
	stream_socket_send(component->socket, "</stream:stream>", 16);
	stream_socket_read_start(component->socket);
	timer_in(component, GOODBYE_MS);
}

void component_destroy(struct component **component)
{
	if (!*component)
		return;
	confirmations_finish(&(*component)->confirmations);
	xml_stream_destroy(&(*component)->xml);
	stanza_reader_destroy(&(*component)->reader);
	MEM_FREE(*component);
}

int component_send(struct component *component, const char *stanza, size_t length)
{
	int err = TP_ERR_NOT_CONNECTED;

	if (component->state == COMPONENT_UP)
		err = stream_socket_send(component->socket, stanza, length);
	/* Answers, too, must find room: what the server has asked already is answered, more is not read. */
	if (component->state == COMPONENT_UP && stream_socket_queued(component->socket) > READ_UNTIL_BYTES)
		stream_socket_read_stop(component->socket);
	if (err == 0) {
		struct xmpp_showing *showing = &component->frontend->showing;

		if (showing->number && confirmations_add(&component->confirmations,
							 stream_socket_position(component->socket), showing->number))
			showing->promised++;
		return 1;
	}
	log_debug(&component->log, "a stanza of %zu bytes is lost: %s", length, tp_error_text(err));
	return 0;
}

size_t component_queued(const struct component *component, uint64_t *since_ms)
{
	*since_ms = component->socket ? stream_socket_stalled_since(component->socket) : 0;
	return component->socket ? stream_socket_queued(component->socket) : 0;
}

int component_is_connected(const struct component *component)
{
	return component->state == COMPONENT_UP;
}
