/* SPDX-License-Identifier: MIT */
/* jabber:iq:gateway (XEP-0100): from a name as a person knows it to a JID. */
#include <string.h>

#include "frontends/xmpp/iq.h"

#define NS_GATEWAY "jabber:iq:gateway"

static void tell_prompt(const struct iq_request *request)
{
	const struct xmpp_config *config = &request->frontend->config;
	struct xml_writer *writer = iq_result(request);
	xml_start_ns(writer, "query", NS_GATEWAY);
	xml_element(writer, "desc", NULL, config->gateway_label);
	xml_element(writer, "prompt", NULL, config->gateway_prompt);
	xml_end(writer);
	iq_send(request);
}

static bool translate(struct xmpp_frontend *frontend, const char *name, struct buf *jid)
{
	if (!strstr(name, "\\40"))
		return address_contact(frontend, jid, name);
	/* A node already. */
	if (!jid_prepare_node(jid, name))
		return false;
	buf_putc(jid, '@');
	buf_puts(jid, frontend->gateway);
	return true;
}

void gateway_handle(const struct iq_request *request)
{
	if (!request->set) {
		tell_prompt(request);
		return;
	}
	char *name = tree_text(tree_child(request->child, "prompt"));
	struct buf jid = {0};
	if (translate(request->frontend, name, &jid)) {
		struct xml_writer *writer = iq_result(request);
		xml_start_ns(writer, "query", NS_GATEWAY);
		xml_element(writer, "jid", NULL, buf_text(&jid));
		xml_element(writer, "prompt", NULL, buf_text(&jid));
		xml_end(writer);
		iq_send(request);
	} else {
		iq_error(request, &ERROR_NOT_ACCEPTABLE, "This cannot be a contact's name.");
	}
	mem_free(name);
	buf_finish(&jid);
}
