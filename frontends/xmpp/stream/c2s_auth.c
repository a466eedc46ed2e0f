/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/xmpp/jid.h"
#include "frontends/xmpp/stream/c2s_session.h"
#include "frontends/xmpp/stream/sasl.h"
#include "frontends/xmpp/stream/xml_writer.h"
#include "frontends/xmpp/xmpp.h"

static void send_failure(struct c2s_session *session, const char *condition, const char *text)
{
	struct buf out = {0};
	struct xml_writer writer;

	xml_writer_init(&writer, &out);
	xml_start_ns(&writer, "failure", C2S_SASL_NS);
	xml_empty(&writer, condition, NULL);
	xml_element(&writer, "text", NULL, text);
	xml_end(&writer);
	c2s_session_send(session, &out);
	buf_finish(&out);
	if (session->failures >= LIMIT_C2S_AUTH_ATTEMPTS)
		c2s_session_close(session, "policy-violation", "too many failed logins");
	else if (session->state != C2S_CLOSING)
		session->state = C2S_FEATURES;
}

/* Answered at once: the client's request makes no sense, nobody's password was tried. */
static void fail_now(struct c2s_session *session, const char *condition)
{
	session->failures++;
	send_failure(session, condition, NULL);
}

/* A login was tried and failed: the answer is delayed, the more the more often this peer fails. */
static void fail_later(struct c2s_session *session, const char *condition, const char *text, bool guessed)
{
	uint64_t now = clock_ms();

	session->failures++;
	session->state = C2S_REFUSED;
	session->failure = condition;
	mem_replace(&session->failure_text, text);
	session->answer_at = now;
	if (guessed)
		session->answer_at += c2s_guard_failed(session->server->guard, session->peer, now);
	session->deadline = session->answer_at + LIMIT_C2S_NEGOTIATION_SECONDS * UINT64_C(1000);
	stream_socket_read_stop(session->socket);
}

void c2s_auth_tell_failure(struct c2s_session *session)
{
	session->state = C2S_FEATURES;
	send_failure(session, session->failure, session->failure_text);
	if (session->state == C2S_FEATURES && stream_socket_read_start(session->socket))
		c2s_session_abort(session);
}

static void succeed(struct c2s_session *session)
{
	struct buf out = {0};

	buf_puts(&out, "<success xmlns='" C2S_SASL_NS "'/>");
	c2s_session_send(session, &out);
	buf_finish(&out);
	if (session->state == C2S_CLOSING)
		return;
	session->authenticated = true;
	session->failures = 0;
	xml_stream_set_limit(session->xml, LIMIT_STANZA_BYTES);
	log_debug(&session->log, "authenticated as %s", log_quote(session->address));
	c2s_session_restart(session);
}

void c2s_auth_outcome(struct c2s_session *session, int error, const char *text)
{
	if (session->state != C2S_AUTHENTICATING)
		return;
	if (session->feeding) {
		session->outcome_due = true;
		session->outcome = error;
		return;
	}
	if (error == 0) {
		succeed(session);
		return;
	}
	log_info(&session->log, "login as %s failed: %s", log_quote(session->address), tp_error_text(error));
	if (error == TP_ERR_AUTH)
		fail_later(session, "not-authorized", text, true);
	else if (error == TP_ERR_NOT_ALLOWED)
		fail_later(session, "account-disabled", text, true);
	else
		fail_later(session, "temporary-auth-failure", text, false);
}

/* The bare JID of a SASL name, and the name itself without our domain. NULL: impossible. */
static char *address_of(const struct c2s_server *server, char *name)
{
	char *at = strchr(name, '@');
	struct jid *jid;
	struct buf text = {0};
	char *address = NULL;

	if (at && text_equal_nocase(at + 1, server->domain))
		*at = '\0'; /* some clients send their bare JID */
	if (strpbrk(name, "@/"))
		return NULL;
	jid = MEM_NEW(struct jid);
	buf_printf(&text, "%s@%s", name, server->domain);
	if (jid_parse(jid, buf_text(&text)) == 0 && *jid->node && !*jid->resource) {
		buf_clear(&text);
		jid_bare(jid, &text);
		address = buf_take(&text);
	}
	buf_finish(&text);
	mem_free(jid);
	return address;
}

static bool is_same_jid(const char *text, const char *address)
{
	struct jid *jid = MEM_NEW(struct jid);
	struct buf bare = {0};
	bool same = jid_parse(jid, text) == 0 && !*jid->resource;

	if (same)
		jid_bare(jid, &bare);
	same = same && strcmp(buf_text(&bare), address) == 0;
	buf_finish(&bare);
	mem_free(jid);
	return same;
}

static bool is_admin(const struct c2s_server *server, const char *address)
{
	const struct xmpp_config *config = &server->frontend->config;

	for (size_t i = 0; i < config->admin_jid.count; i++)
		if (is_same_jid(config->admin_jid.items[i], address))
			return true;
	return false;
}

/* 0 or an error: whether admin_password is this administrator's. Nobody's backend account may answer for the name
 * then, nor may a network that would take any password. */
static int check_admin(const struct c2s_server *server, const char *password)
{
	const char *known = server->frontend->config.admin_password;

	if (!known || !*known)
		return TP_ERR_NOT_ALLOWED;
	return text_equal_secret(password, known) ? 0 : TP_ERR_AUTH;
}

static bool is_local_admin(const struct c2s_server *server, const char *address)
{
	const struct xmpp_config *config = &server->frontend->config;
	const struct backend_features *features = &server->frontend->base.transport->features;
	bool has_password = config->admin_password && *config->admin_password;

	return is_admin(server, address) &&
	       (has_password || !features->need_password || features->password_unchecked);
}

static void ask_core(struct c2s_session *session, struct sasl_plain *plain)
{
	struct c2s_server *server = session->server;
	struct c2s_session *older = map_get(server->pending, session->address);

	for (char *c = plain->node; *c; c++)
		if (*c == '%')
			*c = '@';
	if (older) {
		map_remove(server->pending, session->address);
		c2s_session_close(older, "conflict", "another client logs in");
	}
	map_put(server->pending, session->address, session);
	server->asking_core = true;
	session_authenticate(&server->frontend->base, session->address, plain->node, plain->password);
	server->asking_core = false;
}

static void try_login(struct c2s_session *session, struct sasl_plain *plain)
{
	struct c2s_server *server = session->server;
	char *address = address_of(server, plain->node);

	if (!address) {
		fail_now(session, "malformed-request");
		return;
	}
	mem_replace(&session->address, address);
	mem_free(address);
	if (*plain->authorization && !is_same_jid(plain->authorization, session->address)) {
		fail_now(session, "invalid-authzid");
		return;
	}
	session->state = C2S_AUTHENTICATING;
	session->deadline = session->accepted_ms + LIMIT_C2S_AUTH_SECONDS * UINT64_C(1000);
	if (is_local_admin(server, session->address))
		c2s_auth_outcome(session, check_admin(server, plain->password), NULL);
	else if (!session->loopback && c2s_guard_blocks(server->guard, session->peer, clock_ms()))
		c2s_auth_outcome(session, TP_ERR_LIMIT, "too many failed logins from this address");
	else
		ask_core(session, plain);
}

static const char *element_text(xmpp_stanza_t *element)
{
	xmpp_stanza_t *child = xmpp_stanza_get_children(element);

	return child && xmpp_stanza_is_text(child) ? xmpp_stanza_get_text_ptr(child) : NULL;
}

/* The tree is about to be freed, and what it says is a secret. */
static void wipe_text(xmpp_stanza_t *element)
{
	char *text = (char *)element_text(element);

	if (text)
		OPENSSL_cleanse(text, strlen(text));
}

static void on_credentials(struct c2s_session *session, xmpp_stanza_t *element)
{
	struct sasl_plain plain;
	const char *condition;
	int err = sasl_plain_parse(element_text(element), &plain, &condition);

	wipe_text(element);
	if (err) {
		fail_now(session, condition);
		return;
	}
	try_login(session, &plain);
	sasl_plain_wipe(&plain);
}

static void on_auth(struct c2s_session *session, xmpp_stanza_t *element)
{
	const char *mechanism = xmpp_stanza_get_attribute(element, "mechanism");
	struct buf out = {0};

	if (!session->loopback && !stream_socket_is_encrypted(session->socket)) {
		fail_now(session, "encryption-required");
	} else if (!mechanism || strcmp(mechanism, "PLAIN") != 0) {
		fail_now(session, "invalid-mechanism");
	} else if (element_text(element)) {
		on_credentials(session, element);
	} else {
		buf_puts(&out, "<challenge xmlns='" C2S_SASL_NS "'/>");
		c2s_session_send(session, &out);
		buf_finish(&out);
		if (session->state != C2S_CLOSING)
			session->state = C2S_CHALLENGED;
	}
}

void c2s_auth_element(struct c2s_session *session, xmpp_stanza_t *element)
{
	const char *name = xmpp_stanza_get_name(element);

	if (strcmp(name, "auth") == 0 && session->state == C2S_FEATURES) {
		on_auth(session, element);
	} else if (strcmp(name, "response") == 0 && session->state == C2S_CHALLENGED) {
		on_credentials(session, element);
	} else if (strcmp(name, "abort") == 0 &&
		   (session->state == C2S_CHALLENGED || session->state == C2S_AUTHENTICATING)) {
		c2s_auth_forget(session);
		session->outcome_due = false;
		fail_now(session, "aborted");
	} else {
		c2s_session_close(session, "policy-violation", NULL);
	}
}

void c2s_auth_forget(struct c2s_session *session)
{
	struct c2s_server *server = session->server;

	if (!session->address)
		return;
	if (map_get(server->pending, session->address) == session) {
		map_remove(server->pending, session->address);
		session_authenticate_cancel(&server->frontend->base, session->address);
	} else if (session->authenticated && !session->full && !map_get(server->pending, session->address) &&
		   !map_get(server->accounts, session->address)) {
		session_authenticate_cancel(&server->frontend->base, session->address);
	}
	if (!session->full)
		MEM_FREE(session->address);
}
