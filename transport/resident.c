/* SPDX-License-Identifier: MIT */
#include "transport/resident.h"

#include "base/mem.h"
#include "transport/delivery.h"
#include "transport/frontend.h"
#include "transport/session.h"
#include "transport/user.h"

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

static bool is_only_address(const struct identity *identity)
{
	return identity->user->identities.next == &identity->link && identity->user->identities.prev == &identity->link;
}

char *resident_sign_out(struct frontend *frontend, const char *address)
{
	struct identity *identity = session_find_identity(frontend->transport, frontend, address);

	if (!identity)
		return NULL;
	char *name = mem_strdup(identity->user ? identity->user->legacy_name : "");

	if (identity->user && is_only_address(identity)) {
		user_set_setting(identity->user, "enable_transport", "0");
		user_logout(identity->user);
	}
	session_detach_all(frontend, address);
	return name;
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
