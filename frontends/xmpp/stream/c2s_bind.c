/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "config/limits.h"
#include "frontends/xmpp/jid.h"
#include "frontends/xmpp/stream/c2s_session.h"
#include "frontends/xmpp/stream/stream_error.h"
#include "frontends/xmpp/stream/xml_writer.h"
#include "frontends/xmpp/xmpp.h"
#include "transport/routing/delivery.h"

#define NS_BIND "urn:ietf:params:xml:ns:xmpp-bind"
#define NS_SESSION "urn:ietf:params:xml:ns:xmpp-session"
#define RESOURCE_LENGTH 12

/* The client's wish as a full JID if it is a valid one, else one of our making. */
static char *choose_full_jid(const struct c2s_session *session, const char *wish)
{
	struct jid *jid = MEM_NEW(struct jid);
	struct buf text = {0};
	char random[RESOURCE_LENGTH + 1];
	char *full;

	if (wish && *wish) {
		buf_printf(&text, "%s/%s", session->address, wish);
		if (jid_parse(jid, buf_text(&text)) == 0 && *jid->resource) {
			buf_clear(&text);
			jid_full(jid, &text);
			full = buf_take(&text);
			mem_free(jid);
			return full;
		}
	}
	mem_free(jid);
	buf_finish(&text);
	random_token(random, RESOURCE_LENGTH);
	return mem_printf("%s/%s", session->address, random);
}

static void replace(struct c2s_session *older)
{
	c2s_session_close(older, "conflict", "replaced by a new connection");
	c2s_session_release(older);
}

static void replace_older(struct c2s_server *server, const char *address, const char *full)
{
	struct c2s_session *same = map_get(server->bound, full);
	struct c2s_account *account;

	if (same)
		replace(same);
	if (server->frontend->config.more_resources)
		return;
	while ((account = map_get(server->accounts, address)))
		replace(CONTAINER_OF(account->sessions.next, struct c2s_session, account_link));
}

static void enter_tables(struct c2s_session *session)
{
	struct c2s_server *server = session->server;
	struct c2s_account *account = map_get(server->accounts, session->address);

	if (!account) {
		account = MEM_NEW(struct c2s_account);
		list_init(&account->sessions);
		map_put(server->accounts, session->address, account);
	}
	list_append(&account->sessions, &session->account_link);
	account->count++;
	map_put(server->bound, session->full, session);
}

static void answer(struct c2s_session *session, xmpp_stanza_t *iq, bool with_jid)
{
	struct buf out = {0};
	struct xml_writer writer;

	xml_writer_init(&writer, &out);
	xml_start(&writer, "iq");
	xml_attr(&writer, "type", "result");
	xml_attr(&writer, "id", xmpp_stanza_get_id(iq));
	if (with_jid) {
		xml_start_ns(&writer, "bind", NS_BIND);
		xml_element(&writer, "jid", NULL, session->full);
		xml_end(&writer);
	}
	xml_end(&writer);
	c2s_session_send(session, &out);
	buf_finish(&out);
}

static void refuse(struct c2s_session *session, xmpp_stanza_t *iq, const char *type, const char *condition)
{
	struct buf out = {0};
	struct xml_writer writer;

	xml_writer_init(&writer, &out);
	xml_start(&writer, "iq");
	xml_attr(&writer, "type", "error");
	xml_attr(&writer, "id", xmpp_stanza_get_id(iq));
	xml_start(&writer, "error");
	xml_attr(&writer, "type", type);
	xml_empty(&writer, condition, "urn:ietf:params:xml:ns:xmpp-stanzas");
	xml_end(&writer);
	xml_end(&writer);
	c2s_session_send(session, &out);
	buf_finish(&out);
}

static void bind_session(struct c2s_session *session, xmpp_stanza_t *iq, xmpp_stanza_t *bind)
{
	struct c2s_server *server = session->server;
	xmpp_stanza_t *wish = xmpp_stanza_get_child_by_name(bind, "resource");
	xmpp_stanza_t *text = wish ? xmpp_stanza_get_children(wish) : NULL;
	bool has_text = text && xmpp_stanza_is_text(text);
	char *full = choose_full_jid(session, has_text ? xmpp_stanza_get_text_ptr(text) : NULL);
	const struct c2s_account *account;

	replace_older(server, session->address, full);
	account = map_get(server->accounts, session->address);
	if (account && account->count >= LIMIT_RESOURCES_PER_IDENTITY) {
		mem_free(full);
		refuse(session, iq, "wait", "resource-constraint");
		return;
	}
	session->full = full;
	session->state = C2S_BOUND;
	enter_tables(session);
	c2s_session_wait_no_more(session);
	log_info(&session->log, "is %s", log_quote(session->full));
	answer(session, iq, true);
}

static xmpp_stanza_t *request_of(xmpp_stanza_t *iq, const char *name, const char *ns)
{
	const char *type = xmpp_stanza_get_type(iq);
	xmpp_stanza_t *child = xmpp_stanza_get_child_by_ns(iq, ns);

	if (!child || !type || strcmp(type, "set") != 0)
		return NULL;
	return strcmp(xmpp_stanza_get_name(child), name) == 0 ? child : NULL;
}

bool c2s_bind_iq(struct c2s_session *session, xmpp_stanza_t *iq)
{
	xmpp_stanza_t *bind = request_of(iq, "bind", NS_BIND);

	if (session->state == C2S_BINDING && bind) {
		bind_session(session, iq, bind);
		return true;
	}
	if (session->state != C2S_BOUND)
		return false;
	if (bind)
		refuse(session, iq, "cancel", "not-allowed");
	else if (request_of(iq, "session", NS_SESSION))
		answer(session, iq, false);
	else
		return false;
	return true;
}

void c2s_bind_release(struct c2s_session *session)
{
	struct c2s_server *server = session->server;
	struct c2s_account *account;

	uint64_t number;

	if (!session->full)
		return;
	/* Others of the person's clients may show it. */
	while ((number = confirmations_take(&session->confirmations, UINT64_MAX)))
		delivery_not_shown(server->frontend->base.transport, number);
	account = map_get(server->accounts, session->address);
	list_remove(&session->account_link);
	if (account && --account->count == 0)
		mem_free(map_remove(server->accounts, session->address));
	map_remove(server->bound, session->full);
	xmpp_c2s_gone(server->frontend, session->full);
	MEM_FREE(session->full);
	MEM_FREE(session->address);
}
