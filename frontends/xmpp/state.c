/* SPDX-License-Identifier: MIT */
#include "frontends/xmpp/state.h"

#include "frontends/xmpp/muc.h"
#include "frontends/xmpp/raw.h"

struct xmpp_identity *identity_state(struct identity *identity)
{
	if (identity->data)
		return identity->data;
	struct xmpp_identity *state = MEM_NEW(struct xmpp_identity);
	state->identity = identity;
	list_init(&state->work);
	list_init(&state->raw_queries);
	identity->data = state;
	return state;
}

struct xmpp_resource *resource_state(struct resource *resource)
{
	if (resource->data)
		return resource->data;
	struct xmpp_resource *state = MEM_NEW(struct xmpp_resource);
	state->confirmed = true;
	resource->data = state;
	return state;
}

void xmpp_identity_gone(struct frontend *frontend, struct identity *identity)
{
	struct xmpp_identity *state = identity->data;
	if (!state)
		return;
	list_remove(&state->work);
	raw_queries_forget(xmpp_frontend_of(frontend), identity);
	raw_contacts_forget(identity);
	map_destroy(&state->announced, NULL);
	map_destroy(&state->waiting, NULL);
	mem_free(state->swept);
	MEM_FREE(state);
	identity->data = NULL;
}

void xmpp_resource_gone(struct frontend *frontend, struct resource *resource)
{
	(void)frontend;
	struct xmpp_resource *state = resource->data;
	if (!state)
		return;
	map_destroy(&state->rooms, muc_room_destroy);
	MEM_FREE(state);
	resource->data = NULL;
}
