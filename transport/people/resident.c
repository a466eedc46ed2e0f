/* SPDX-License-Identifier: MIT */
#include "transport/people/resident.h"

#include <string.h>

#include "base/mem.h"
#include "config/config.h"
#include "transport/frontend.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/routing/delivery.h"
#include "transport/store/store.h"
#include "transport/transport.h"

static struct resource *find(const struct frontend *frontend, const char *address)
{
	return session_find(frontend->transport, frontend, address, "");
}

struct resource *resident_attach(struct frontend *frontend, const char *address)
{
	struct resource *resource = find(frontend, address);

	if (resource)
		return resource;
	resource = session_attach(frontend, address, "", NULL);
	if (resource)
		session_presence(resource, STATUS_ONLINE, NULL, 0);
	/* it may have ended at once: a ban */
	return find(frontend, address);
}

struct resource *resident_ready(const struct frontend *frontend, const char *address)
{
	struct resource *resource = find(frontend, address);

	return resource && resource->identity->state == IDENTITY_READY ? resource : NULL;
}

struct signing_out {
	struct frontend *frontend;
	void (*done)(struct frontend *frontend, const char *address, const char *legacy_name);
	char address[];
};

static bool is_off(const struct store_account *account)
{
	bool on = true;

	for (size_t i = 0; i < account->settings_count; i++)
		if (!strcmp(account->settings[i].name, "enable_transport"))
			config_parse_bool(account->settings[i].value, &on);
	return !on;
}

static void switch_off(struct transport *transport, const struct store_account *account)
{
	struct user *user = user_find(transport, account->key);

	if (!user) {
		store_set_setting(transport->store, account->id, "enable_transport", "0", NULL, NULL);
		return;
	}
	user_set_setting(user, "enable_transport", "0");
	user_logout(user);
	user_release_if_unused(user);
}

static void on_account(void *context, int err, const struct store_account *account)
{
	struct signing_out *signing_out = context;
	struct frontend *frontend = signing_out->frontend;

	if (!err && !frontend->transport->stopping && !(account->identities_count == 1 && is_off(account))) {
		if (account->identities_count == 1)
			switch_off(frontend->transport, account);
		signing_out->done(frontend, signing_out->address, account->legacy_name);
	}
	mem_free(signing_out);
}

void resident_sign_out(struct frontend *frontend, const char *address,
		       void (*done)(struct frontend *frontend, const char *address, const char *legacy_name))
{
	if (!session_find_identity(frontend->transport, frontend, address))
		return;
	struct signing_out *signing_out = MEM_NEW_TEXT(struct signing_out, address, address);

	signing_out->frontend = frontend;
	signing_out->done = done;
	session_detach_all(frontend, address);
	store_find_account(frontend->transport->store, frontend->ops->name, signing_out->address, on_account, signing_out);
}

void resident_show_waiting(const struct frontend *frontend, const char *address)
{
	struct identity *identity = session_find_identity(frontend->transport, frontend, address);

	if (identity)
		delivery_identity_ready(identity);
}

const char *resident_session_text(const struct event_session *session, bool *curious)
{
	const char *said = session->text && *session->text ? session->text : NULL;
	bool was_curious = *curious;

	switch (session->state) {
	case SESSION_CONNECTED:
		*curious = false;
		return was_curious ? "You are connected to the network." : NULL;
	case SESSION_RECONNECTING:
		*curious = true;
		/* once in words; the core tries on */
		if (was_curious)
			return NULL;
		return said ? said : "The connection to the network was lost. I try again.";
	case SESSION_FAILED:
		*curious = true;
		return said ? said : "The login to the network has failed.";
	case SESSION_DISABLED:
		return said ? said : "Your account here is switched off. Say: login";
	case SESSION_UNREGISTERED:
	case SESSION_CONNECTING:
	case SESSION_LOGGED_OUT:
		break;
	}
	return NULL;
}
