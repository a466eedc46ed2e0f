/* SPDX-License-Identifier: MIT */
/* XEP-0049, for bookmarks only (XEP-0048): kept in the account's setting "storage". */
#include <string.h>

#include "base/error.h"
#include "frontends/xmpp/iq.h"
#include "frontends/xmpp/message.h"
#include "transport/people/user.h"

#define NS_BOOKMARKS "storage:bookmarks"
#define MAX_STORAGE (64u << 10)

static void store_bookmarks(const struct iq_request *request, struct user *user, xmpp_stanza_t *storage)
{
	xmpp_ctx_t *strophe = request->frontend->strophe;
	char *text = NULL;
	size_t length = 0;
	xmpp_stanza_set_ns(storage, NS_BOOKMARKS);
	if (xmpp_stanza_to_text(storage, &text, &length) != XMPP_EOK) {
		iq_error(request, &ERROR_INTERNAL, NULL);
		return;
	}
	if (length > MAX_STORAGE) {
		iq_error(request, &ERROR_NOT_ACCEPTABLE, "There are too many bookmarks.");
	} else {
		user_set_setting(user, "storage", text);
		iq_empty_result(request);
	}
	xmpp_free(strophe, text);
}

/* What comes from the database is written only if it is one well-formed element. */
static bool is_bookmarks(struct xmpp_frontend *frontend, const char *text)
{
	if (!text || !text[0] || strlen(text) > MAX_STORAGE)
		return false;
	xmpp_stanza_t *tree = xmpp_stanza_new_from_string(frontend->strophe, text);
	bool fine = tree && tree_is(tree, "storage");
	if (tree)
		xmpp_stanza_release(tree);
	return fine;
}

static void tell_bookmarks(const struct iq_request *request, const struct user *user)
{
	const char *text = map_get(user->settings, "storage");
	bool fine = is_bookmarks(request->frontend, text);
	struct xml_writer *writer = iq_result(request);
	xml_start_ns(writer, "query", "jabber:iq:private");
	if (fine)
		xml_raw(writer, text, strlen(text));
	else
		xml_empty(writer, "storage", NS_BOOKMARKS);
	xml_end(writer);
	iq_send(request);
}

void private_storage_handle(const struct iq_request *request)
{
	xmpp_stanza_t *storage = tree_child_ns(request->child, "storage", NS_BOOKMARKS);
	if (!storage) {
		iq_error(request, &ERROR_NOT_ACCEPTABLE, "Only bookmarks are stored.");
		return;
	}
	struct resource *resource = route_any_resource(request->frontend, &request->route);
	struct user *user = resource ? resource->identity->user : NULL;
	if (!user)
		refuse_without_session(request->frontend, &request->route, "iq", request->id);
	else if (request->set)
		store_bookmarks(request, user, storage);
	else
		tell_bookmarks(request, user);
}
