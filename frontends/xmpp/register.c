/* SPDX-License-Identifier: MIT */
#include "frontends/xmpp/register.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "frontends/xmpp/iq.h"
#include "frontends/xmpp/presence.h"
#include "frontends/xmpp/roster.h"
#include "transport/people/account.h"
#include "transport/people/contacts.h"

#define NS_REGISTER "jabber:iq:register"

static void write_field(struct xml_writer *writer, const char *type, const char *var, const char *label,
                        const char *value, bool required)
{
	xml_start(writer, "field");
	xml_attr(writer, "type", type);
	xml_attr(writer, "var", var);
	xml_attr(writer, "label", label);
	if (required)
		xml_start(writer, "required"), xml_end(writer);
	xml_element(writer, "value", NULL, value);
	xml_end(writer);
}

static void write_language(struct xml_writer *writer, const char *language)
{
	xml_start(writer, "field");
	xml_attr(writer, "type", "list-single");
	xml_attr(writer, "var", "language");
	xml_attr(writer, "label", "Language");
	xml_element(writer, "value", NULL, language);
	xml_start(writer, "option");
	xml_attr(writer, "label", language);
	xml_element(writer, "value", NULL, language);
	xml_end(writer);
	xml_end(writer);
}

static void write_form(struct xmpp_frontend *frontend, struct xml_writer *writer, const char *name,
                       bool registered)
{
	const struct service_config *service = &frontend->base.transport->service;
	xml_start_ns(writer, "x", "jabber:x:data");
	xml_attr(writer, "type", "form");
	xml_element(writer, "title", NULL, "Registration");
	xml_element(writer, "instructions", NULL, service->instructions);
	write_field(writer, "hidden", "FORM_TYPE", NULL, NS_REGISTER, false);
	write_field(writer, "text-single", "username", service->username_label, name, true);
	if (account_needs_password(frontend->base.transport))
		write_field(writer, "text-private", "password", service->password_label, NULL, true);
	write_language(writer, service->language);
	if (registered)
		write_field(writer, "boolean", "unregister", "Remove your registration", "0", false);
	xml_end(writer);
}

static void account_known(void *context, int err, const struct store_account *account)
{
	struct reply *reply = context;
	struct xmpp_frontend *frontend = reply->frontend;
	if (frontend && err && err != TP_ERR_NOT_FOUND) {
		reply_error(reply, stanza_error_of(err), NULL);
	} else if (frontend) {
		const char *name = account ? account->legacy_name : "";
		struct xml_writer *writer = result_begin(frontend, reply->from, reply->to, reply->id);
		xml_start_ns(writer, "query", NS_REGISTER);
		xml_element(writer, "instructions", NULL, frontend->base.transport->service.instructions);
		if (account)
			xml_start(writer, "registered"), xml_end(writer);
		xml_element(writer, "username", NULL, name);
		if (account_needs_password(frontend->base.transport))
			xml_element(writer, "password", NULL, "");
		write_form(frontend, writer, name, account != NULL);
		xml_end(writer);
		xml_end(writer);
		xmpp_end(frontend, reply->to);
	}
	reply_destroy(reply);
}

static const struct stanza_error *registration_error(int err)
{
	switch (err) {
	case TP_ERR_INVALID:
	case TP_ERR_EXISTS:
		return &ERROR_NOT_ACCEPTABLE;
	default:
		return stanza_error_of(err);
	}
}

static void account_registered(void *context, int err, const char *text)
{
	struct reply *reply = context;
	if (err) {
		reply_error(reply, registration_error(err), text);
	} else if (reply->frontend) {
		reply_empty(reply);
		/* Changing the login data leaves the person's roster as it is. */
		register_announce(reply->frontend, reply->address);
	}
	reply_destroy(reply);
}

/* What is to be taken from the person's roster. */
struct removal {
	struct reply *reply;
	char **names;
	size_t count;
};

static void removal_destroy(struct removal *removal)
{
	for (size_t i = 0; i < removal->count; i++)
		mem_free(removal->names[i]);
	mem_free(removal->names);
	reply_destroy(removal->reply);
	mem_free(removal);
}

static void account_unregistered(void *context, int err, const char *text)
{
	struct removal *removal = context;
	struct reply *reply = removal->reply;
	struct xmpp_frontend *frontend = reply->frontend;
	if (err) {
		reply_error(reply, registration_error(err), text);
	} else if (frontend) {
		reply_empty(reply);
		for (size_t i = 0; i < removal->count; i++)
			roster_withdraw_contact(frontend, reply->address, removal->names[i], reply->flag);
	}
	removal_destroy(removal);
}

static void contacts_known(void *context, int err, const struct store_account *account)
{
	struct removal *removal = context;
	struct reply *reply = removal->reply;
	if (err || !reply->frontend) {
		reply_error(reply, err == TP_ERR_NOT_FOUND ? &ERROR_REGISTRATION : stanza_error_of(err),
		            NULL);
		removal_destroy(removal);
		return;
	}
	struct frontend *base = &reply->frontend->base;
	const struct identity *live = session_find_identity(base->transport, base, reply->address);
	/* The end of a live session removes its contacts one by one (EVENT_CONTACT_REMOVED). */
	const struct contacts *contacts = live && live->user ? NULL : *account->contacts;
	struct contacts_iter it = {0};
	removal->names = mem_alloc((contacts_count(contacts) + 1) * sizeof(*removal->names));
	while (contacts_next(contacts, &it))
		removal->names[removal->count++] = mem_strdup(it.contact->name);
	account_unregister(base->transport, base, reply->address, account_unregistered, removal);
}

static void unregister(const struct iq_request *request)
{
	struct xmpp_frontend *frontend = request->frontend;
	struct removal *removal = MEM_NEW(struct removal);
	removal->reply = iq_reply_later(request);
	/* The session that knows it ends in between. */
	removal->reply->flag = roster_is_granted(frontend, request->route.address);
	store_find_account(frontend->base.transport->store, frontend->base.ops->name, request->route.address,
	                   contacts_known, removal);
}

/* The form's value, or else the plain child's; never NULL. */
static char *take_value(xmpp_stanza_t *query, xmpp_stanza_t *form, const char *name)
{
	char *value = form_value(form, name);
	return value ? value : tree_text(tree_child(query, name));
}

static bool is_true(const char *value)
{
	return !strcmp(value, "1") || !strcmp(value, "true");
}

static bool is_acceptable(const struct iq_request *request, const char *name)
{
	if (!name[0]) {
		iq_error(request, &ERROR_NOT_ACCEPTABLE, "A user name is needed.");
		return false;
	}
	if (text_equal_nocase(name, request->route.address)) {
		iq_error(request, &ERROR_NOT_ACCEPTABLE,
		         "Your name on the network is asked for, not your JID.");
		return false;
	}
	return true;
}

static void register_set(const struct iq_request *request)
{
	struct xmpp_frontend *frontend = request->frontend;
	xmpp_stanza_t *form = tree_child_ns(request->child, "x", "jabber:x:data");
	char *unregister_value = form_value(form, "unregister");
	bool remove = tree_child(request->child, "remove") || (unregister_value && is_true(unregister_value));
	mem_free(unregister_value);
	const char *type = form ? xmpp_stanza_get_type(form) : NULL;
	if (type && !strcmp(type, "cancel")) {
		iq_empty_result(request);
		return;
	}
	if (remove) {
		unregister(request);
		return;
	}
	char *name = take_value(request->child, form, "username");
	char *password = take_value(request->child, form, "password");
	char *language = take_value(request->child, form, "language");
	if (is_acceptable(request, name)) {
		const struct transport *transport = frontend->base.transport;
		account_register(frontend->base.transport, &frontend->base, request->route.address, name,
		                 password, language[0] ? language : transport->service.language, false,
		                 account_registered, iq_reply_later(request));
	}
	mem_free(name);
	mem_free_secret(password);
	mem_free(language);
}

void register_handle(const struct iq_request *request)
{
	if (!request->route.from.node[0])
		iq_error(request, &ERROR_NOT_ALLOWED, "Only people can register.");
	else if (request->set)
		register_set(request);
	else
		store_find_account(request->frontend->base.transport->store,
		                   request->frontend->base.ops->name, request->route.address, account_known,
		                   iq_reply_later(request));
}

static void roster_answered(struct xmpp_frontend *frontend, const char *address, const char *context,
                            xmpp_stanza_t *result)
{
	(void)context;
	if (result)
		roster_set_gateway(frontend, address, true);
	else
		presence_send_type(frontend, frontend->gateway, address, "subscribe", NULL);
}

void register_announce(struct xmpp_frontend *frontend, const char *address)
{
	if (frontend->config.server_mode)
		return;
	struct xml_writer *writer = request_begin(frontend, "get", address, roster_answered, NULL);
	xml_empty(writer, "query", NS_ROSTER);
	xml_end(writer);
	xmpp_end(frontend, address);
}

void register_withdraw(struct xmpp_frontend *frontend, const char *address)
{
	if (frontend->config.server_mode)
		return;
	roster_set_gateway(frontend, address, false);
	presence_send_type(frontend, frontend->gateway, address, "unsubscribe", NULL);
	presence_send_type(frontend, frontend->gateway, address, "unsubscribed", NULL);
}
