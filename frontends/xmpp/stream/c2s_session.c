/* SPDX-License-Identifier: MIT */
#include "frontends/xmpp/stream/c2s_session.h"

#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/xmpp/stream/stream_error.h"
#include "frontends/xmpp/stream/xml_writer.h"
#include "frontends/xmpp/xmpp.h"
#include "transport/routing/delivery.h"

#define NS_TLS "urn:ietf:params:xml:ns:xmpp-tls"
#define GOODBYE_MS 3000

void c2s_session_send(struct c2s_session *session, const struct buf *out)
{
	if (session->state != C2S_CLOSING && stream_socket_send(session->socket, out->data, out->len))
		c2s_session_abort(session);
}

static void write_header(struct c2s_session *session, struct buf *out)
{
	struct xml_writer writer;
	char id[27];

	random_token(id, sizeof(id) - 1);
	xml_writer_init(&writer, out);
	buf_puts(out, "<?xml version='1.0'?>");
	xml_start_ns(&writer, "stream:stream", "jabber:client");
	xml_attr(&writer, "xmlns:stream", STREAM_NS);
	xml_attr(&writer, "from", session->server->domain);
	xml_attr(&writer, "id", id);
	xml_attr(&writer, "version", "1.0");
	xml_attr(&writer, "xml:lang", "en");
	xml_text(&writer, ""); /* ends the tag, not the element */
	session->header_sent = true;
}

static void end_later(struct c2s_session *session)
{
	session->state = C2S_CLOSING;
	if (session->feeding)
		xml_stream_stop(session->xml);
	if (list_empty(&session->ended_link))
		list_append(&session->server->ended, &session->ended_link);
	session->deadline = clock_ms() + GOODBYE_MS;
	c2s_session_wait(session);
}

void c2s_session_close(struct c2s_session *session, const char *condition, const char *text)
{
	struct buf out = {0};

	if (session->state == C2S_CLOSING)
		return;
	if (!session->header_sent)
		write_header(session, &out);
	if (condition)
		stream_error_write(&out, condition, text);
	else
		buf_puts(&out, "</stream:stream>");
	if (stream_socket_send(session->socket, out.data, out.len) == 0) {
		end_later(session);
		stream_socket_finish(session->socket);
	} else {
		c2s_session_abort(session);
	}
	buf_finish(&out);
}

void c2s_session_abort(struct c2s_session *session)
{
	if (session->state != C2S_CLOSING)
		end_later(session);
	stream_socket_abort(session->socket);
}

void c2s_session_release(struct c2s_session *session)
{
	list_remove(&session->ended_link);
	if (!session->authenticated)
		c2s_count_wasted(session->server);
	c2s_auth_forget(session);
	c2s_bind_release(session);
}

void c2s_session_restart(struct c2s_session *session)
{
	session->state = C2S_HEADER;
	session->header_sent = false;
	xml_stream_reset(session->xml);
}

/* The stream's beginning */

static void write_mechanisms(struct xml_writer *writer)
{
	xml_start_ns(writer, "mechanisms", C2S_SASL_NS);
	xml_element(writer, "mechanism", NULL, "PLAIN");
	xml_end(writer);
}

static void write_features(struct c2s_session *session, struct buf *out)
{
	struct xml_writer writer;
	bool encrypted = stream_socket_is_encrypted(session->socket);

	xml_writer_init(&writer, out);
	xml_start(&writer, "stream:features");
	if (session->authenticated) {
		xml_empty(&writer, "bind", "urn:ietf:params:xml:ns:xmpp-bind");
		xml_start_ns(&writer, "session", "urn:ietf:params:xml:ns:xmpp-session");
		xml_empty(&writer, "optional", NULL);
		xml_end(&writer);
	} else {
		if (!encrypted) {
			xml_start_ns(&writer, "starttls", NS_TLS);
			if (!session->loopback)
				xml_empty(&writer, "required", NULL);
			xml_end(&writer);
		}
		if (encrypted || session->loopback)
			write_mechanisms(&writer);
	}
	xml_end(&writer);
}

static const char *find_attribute(const char **attributes, const char *name)
{
	for (; *attributes; attributes += 2)
		if (strcmp(attributes[0], name) == 0)
			return attributes[1];
	return NULL;
}

static void on_stream_start(void *context, const char **attributes)
{
	struct c2s_session *session = context;
	const char *to = find_attribute(attributes, "to");
	const char *version = find_attribute(attributes, "version");
	struct buf out = {0};

	if (session->state != C2S_HEADER)
		return;
	if (to && !text_equal_nocase(to, session->server->domain)) {
		c2s_session_close(session, "host-unknown", NULL);
		return;
	}
	if (!version || strncmp(version, "1.", 2) != 0) {
		c2s_session_close(session, "unsupported-version", NULL);
		return;
	}
	write_header(session, &out);
	write_features(session, &out);
	c2s_session_send(session, &out);
	buf_finish(&out);
	if (session->state == C2S_HEADER)
		session->state = session->authenticated ? C2S_BINDING : C2S_FEATURES;
}

static void on_starttls(struct c2s_session *session)
{
	struct buf out = {0};

	if (session->state != C2S_FEATURES || stream_socket_is_encrypted(session->socket)) {
		c2s_session_close(session, "policy-violation", NULL);
		return;
	}
	buf_puts(&out, "<proceed xmlns='" NS_TLS "'/>");
	c2s_session_send(session, &out);
	buf_finish(&out);
	if (session->state == C2S_CLOSING)
		return;
	session->state = C2S_TLS;
	xml_stream_stop(session->xml);
}

/* Stanzas */

static void on_other(void *context, xmpp_stanza_t *element)
{
	struct c2s_session *session = context;
	const char *name = xmpp_stanza_get_name(element), *ns = xmpp_stanza_get_ns(element);

	if (session->state == C2S_CLOSING)
		return;
	if (stream_error_is(element)) {
		const char *text, *condition = stream_error_read(element, &text);

		log_debug(&session->log, "the client ends the stream: %s", log_quote(condition));
		c2s_session_close(session, NULL, NULL);
	} else if (ns && strcmp(ns, NS_TLS) == 0 && strcmp(name, "starttls") == 0) {
		on_starttls(session);
	} else if (ns && strcmp(ns, C2S_SASL_NS) == 0 && !session->authenticated) {
		c2s_auth_element(session, element);
	} else {
		c2s_session_close(session, session->authenticated ? "unsupported-stanza-type" : "not-authorized",
				  NULL);
	}
}

/* False: not the time for stanzas; the stream is closed. */
static bool may_send(struct c2s_session *session)
{
	if (session->state == C2S_BOUND)
		return true;
	if (session->state != C2S_CLOSING)
		c2s_session_close(session, "not-authorized", NULL);
	return false;
}

static void on_message(void *context, const struct message_stanza *message)
{
	struct c2s_session *session = context;
	struct message_stanza copy = *message;

	if (!may_send(session))
		return;
	copy.from = session->full;
	if (!copy.to)
		copy.to = session->address;
	xmpp_handle_message(session->server->frontend, &copy);
}

static void on_presence(void *context, const struct presence_stanza *presence)
{
	struct c2s_session *session = context;
	struct presence_stanza copy = *presence;

	if (!may_send(session))
		return;
	if (!copy.to && !copy.type)
		session->available = true;
	else if (!copy.to && strcmp(copy.type, "unavailable") == 0)
		session->available = false;
	copy.from = session->full;
	if (!copy.to)
		copy.to = session->address;
	xmpp_handle_presence(session->server->frontend, &copy);
}

static void on_iq(void *context, xmpp_stanza_t *iq)
{
	struct c2s_session *session = context;

	if (session->state == C2S_CLOSING || c2s_bind_iq(session, iq) || !may_send(session))
		return;
	xmpp_stanza_set_from(iq, session->full);
	if (!xmpp_stanza_get_to(iq))
		xmpp_stanza_set_to(iq, session->address);
	xmpp_handle_iq(session->server->frontend, iq);
}

static void on_rejected(void *context, const struct rejected_stanza *stanza)
{
	struct c2s_session *session = context;

	(void)stanza;
	c2s_session_close(session, "policy-violation", "stanza too large");
}

static void on_stream_end(void *context)
{
	c2s_session_close(context, NULL, NULL);
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

/* Input */

static bool is_space(const char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strchr(" \t\r\n", bytes[i]) || !bytes[i])
			return false;
	return true;
}

/* <starttls/> has stopped the parser: what is left of the input must not reach the stream that follows. */
static void begin_tls(struct c2s_session *session, const char *rest, size_t count)
{
	if (!is_space(rest, count)) {
		log_warning(&session->log, "%zu bytes came in the clear behind <starttls/>", count);
		c2s_session_close(session, "policy-violation", NULL);
		return;
	}
	stream_socket_start_tls(session->socket, session->server->tls);
	c2s_session_restart(session);
}

static void feed(struct c2s_session *session, const char *bytes, size_t count)
{
	const char *condition = NULL;
	size_t consumed = 0;
	int err;

	session->feeding = true;
	err = xml_stream_feed(session->xml, bytes, count, &consumed, &condition);
	session->feeding = false;
	if (err) {
		log_debug(&session->log, "bad stream: %s", condition);
		c2s_session_close(session, condition, NULL);
		return;
	}
	if (session->outcome_due) {
		session->outcome_due = false;
		c2s_auth_outcome(session, session->outcome, NULL);
	}
	if (session->state == C2S_TLS)
		begin_tls(session, bytes + consumed, count - consumed);
}

static void on_data(void *context, char *bytes, size_t count)
{
	struct c2s_session *session = context;

	if (session->state == C2S_CLOSING)
		return;
	if (session->state == C2S_BOUND) {
		feed(session, bytes, count);
		return;
	}
	session->received += count;
	if (session->received <= LIMIT_C2S_UNAUTHENTICATED_BYTES)
		feed(session, bytes, count);
	else
		c2s_session_close(session, "policy-violation", NULL);
	OPENSSL_cleanse(bytes, count); /* may hold a password */
}

static void on_ended(void *context, int error, const char *reason)
{
	struct c2s_session *session = context;

	log_debug(&session->log, "connection ended: %s", reason ? reason : tp_error_text(error));
	c2s_session_abort(session);
}

static void on_closed(void *context)
{
	struct c2s_session *session = context;

	c2s_session_release(session);
	c2s_session_gone(session->server, session);
	confirmations_finish(&session->confirmations);
	xml_stream_destroy(&session->xml);
	stanza_reader_destroy(&session->reader);
	mem_free(session->failure_text);
	mem_free(session->label);
	mem_free(session->address);
	mem_free(session->full);
	mem_free(session);
}

static void on_written(void *context, uint64_t position)
{
	struct c2s_session *session = context;
	uint64_t number;

	while ((number = confirmations_take(&session->confirmations, position)))
		delivery_shown(session->server->frontend->base.transport, number);
}

static const struct stream_socket_ops socket_ops = {
	.data = on_data,
	.ended = on_ended,
	.written = on_written,
	.closed = on_closed,
};

void c2s_session_tick(struct c2s_session *session, uint64_t now)
{
	if (session->state == C2S_REFUSED && now >= session->answer_at)
		c2s_auth_tell_failure(session);
	else if (now < session->deadline)
		return;
	else if (session->state == C2S_CLOSING)
		stream_socket_abort(session->socket);
	else
		c2s_session_close(session, "connection-timeout", NULL);
}

static void learn_peer(struct c2s_session *session)
{
	struct sockaddr_storage address = {0};
	int length = sizeof(address);

	if (uv_tcp_getpeername(stream_socket_tcp(session->socket), (struct sockaddr *)&address, &length))
		address.ss_family = AF_UNSPEC;
	session->loopback = c2s_guard_is_loopback((const struct sockaddr *)&address);
	c2s_guard_name((const struct sockaddr *)&address, session->peer);
}

void c2s_session_accept(struct c2s_server *server, int fd)
{
	struct c2s_session *session = MEM_NEW(struct c2s_session);
	struct xmpp_frontend *frontend = server->frontend;

	session->server = server;
	list_append(&server->sessions, &session->link);
	server->session_count++;
	list_init(&session->waiting_link);
	list_init(&session->ended_link);
	list_init(&session->account_link);
	session->accepted_ms = clock_ms();
	session->deadline = session->accepted_ms + LIMIT_C2S_NEGOTIATION_SECONDS * UINT64_C(1000);
	session->socket = stream_socket_create(&server->batch, &socket_ops, session);
	session->reader = stanza_reader_create(frontend->strophe, &stanza_ops, session);
	stanza_reader_keep_trees(session->reader, &frontend->base.transport->features.raw_xml);
	session->xml = xml_stream_create(&stanza_reader_xml, session->reader,
					 LIMIT_STANZA_BYTES_UNAUTHENTICATED);
	c2s_session_wait(session);
	if (uv_tcp_open(stream_socket_tcp(session->socket), fd)) {
		close(fd);
		c2s_session_abort(session);
		return;
	}
	learn_peer(session);
	session->label = mem_printf("client %s", session->peer);
	session->log = (struct log){.parent = &server->log, .label = session->label};
	stream_socket_tune(session->socket);
	stream_socket_set_pace(session->socket, LIMIT_C2S_TURN_BYTES, LIMIT_C2S_BYTES_PER_SECOND, LIMIT_C2S_BURST_BYTES);
	if (server->session_count > LIMIT_C2S_CONNECTIONS) {
		log_warning(&session->log, "refused: there are %u connections", server->session_count - 1);
		c2s_session_abort(session);
		return;
	}
	if (stream_socket_read_start(session->socket))
		c2s_session_abort(session);
}
