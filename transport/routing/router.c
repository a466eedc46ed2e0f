/* SPDX-License-Identifier: MIT */
/* The exits towards people. The entries are router_people.c and router_network.c. */
#include "transport/routing/router.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"
#include "transport/frontend.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/routing/references.h"
#include "transport/routing/watch.h"
#include "transport/transport.h"

int router_deliver_to(struct identity *identity, struct resource *only, const struct event *event)
{
	struct frontend *frontend = identity->frontend;
	struct arena arena = {0};
	struct event translated;

	if (frontend->transport->stopping)
		return TP_ERR_NOT_CONNECTED;
	if (event->trace)
		log_debug(identity->user ? &identity->user->log : &frontend->log, "%s to %s%s%s, trace %llu",
			  event_type_name(event->type), log_quote(identity->address), only ? " at " : "",
			  only ? log_quote(only->name) : "", (unsigned long long)event->trace);
	if (references_any(event)) {
		translated = *event;
		references_translate(&translated, REFERENCE_TO_PEOPLE, identity, &arena);
		event = &translated;
	}
	watch_note(frontend->transport, identity->user ? identity->user->key : NULL, WATCH_TO_PERSON, identity->address,
		   only ? only->name : NULL, event, 0);
	int promised = frontend->ops->deliver(frontend, identity, only, event);

	arena_finish(&arena);
	return promised;
}

void router_deliver(struct user *user, struct resource *only, const struct event *event)
{
	if (only) {
		router_deliver_to(only->identity, only, event);
		return;
	}
	LIST_EACH (link, &user->identities)
		router_deliver_to(CONTAINER_OF(link, struct identity, link), NULL, event);
}

void router_deliver_present(struct user *user, const struct event *event)
{
	LIST_EACH (link, &user->identities) {
		struct identity *identity = CONTAINER_OF(link, struct identity, link);

		LIST_EACH (inner, &identity->resources) {
			struct resource *resource = CONTAINER_OF(inner, struct resource, link);

			if (resource->has_presence)
				router_deliver_to(identity, resource, event);
		}
	}
}
