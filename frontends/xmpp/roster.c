/* SPDX-License-Identifier: MIT */
#include "frontends/xmpp/roster.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/xmpp/iq.h"
#include "frontends/xmpp/presence.h"
#include "frontends/xmpp/state.h"
#include "transport/people/roster.h"
#include "transport/people/user.h"

#define ITEMS_A_TICK 50     /* roster sets to one person's server */
#define QUESTIONS_A_TICK 10 /* subscription requests to one person */
#define LOOKS_A_TICK 1000   /* contacts of one person of which nothing may have to be said */
#define SETTLE_MS 5000      /* after a contact appears, before it asks */

struct item { /* a contact as an item; borrowed */
	const char *alias;
	const char *const *groups;
	size_t groups_count;
	bool subscribed;
};

static struct item item_of(const struct contact *contact)
{
	return (struct item){contact->alias, (const char *const *)contact->groups, contact->groups_count,
	                     contact->subscribed};
}

static uint32_t mix(uint32_t hash, const char *text)
{
	for (; text && *text; text++)
		hash = (hash ^ (unsigned char)*text) * 16777619u;
	return (hash ^ 0xff) * 16777619u;
}

/* Tells changes of an item apart; never NULL, so that it can be a map's value. */
static void *fingerprint(const struct item *item, bool with_subscription)
{
	uint32_t hash = mix(2166136261u, item->alias);
	for (size_t i = 0; i < item->groups_count; i++)
		if (item->groups[i][0])
			hash += mix(2166136261u, item->groups[i]); /* servers keep groups in any order */
	if (with_subscription)
		hash = mix(hash, item->subscribed ? "both" : "ask");
	return (void *)((uintptr_t)hash | 1u); /* NOLINT(performance-no-int-to-ptr): a value, never followed */
}

static char *lower_name(const char *name)
{
	char *key = mem_strdup(name);
	text_lower(key);
	return key;
}

static void note_announced(struct xmpp_identity *state, const char *name, void *print)
{
	struct text_key key;
	map_set(&state->announced, text_key_lower(&key, name), print);
	text_key_finish(&key);
}

static void write_item(struct xml_writer *writer, const char *jid, const struct item *item, bool both)
{
	xml_start(writer, "item");
	xml_attr(writer, "jid", jid);
	xml_attr(writer, "name", item->alias && item->alias[0] ? item->alias : NULL);
	xml_attr(writer, "subscription", both ? "both" : "none");
	if (!both)
		xml_attr(writer, "ask", "subscribe");
	for (size_t i = 0; i < item->groups_count; i++)
		if (item->groups[i][0])
			xml_element(writer, "group", NULL, item->groups[i]);
	xml_end(writer);
}

static void write_removal(struct xml_writer *writer, const char *jid)
{
	xml_start(writer, "item");
	xml_attr(writer, "jid", jid);
	xml_attr(writer, "subscription", "remove");
	xml_end(writer);
}

/* item NULL: removed. */
static void push_to_clients(struct xmpp_frontend *frontend, struct identity *identity, const char *jid,
                            const struct item *item)
{
	LIST_EACH(link, &identity->resources)
	{
		struct resource *resource = CONTAINER_OF(link, struct resource, link);
		if (!resource_state(resource)->interested)
			continue;
		struct buf to = {0};
		address_of_resource(resource, &to);
		char id[17];
		random_token(id, sizeof(id) - 1);
		struct xml_writer *writer = xmpp_begin(frontend);
		xml_start(writer, "iq");
		xml_attr(writer, "type", "set");
		xml_attr(writer, "from", identity->address); /* clients believe no other pushes */
		xml_attr(writer, "to", buf_text(&to));
		xml_attr(writer, "id", id);
		xml_start_ns(writer, "query", NS_ROSTER);
		if (item)
			write_item(writer, jid, item, item->subscribed);
		else
			write_removal(writer, jid);
		xml_end(writer);
		xml_end(writer);
		xmpp_end(frontend, buf_text(&to));
		buf_finish(&to);
	}
}

/* One item of the person's roster at the server; item NULL: removed. */
static void set_remote(struct xmpp_frontend *frontend, const char *address, const char *jid,
                       const struct item *item)
{
	struct xml_writer *writer = request_begin(frontend, "set", address, NULL, NULL);
	xml_start_ns(writer, "query", NS_ROSTER);
	if (item)
		write_item(writer, jid, item, true);
	else
		write_removal(writer, jid);
	xml_end(writer);
	xml_end(writer);
	xmpp_end(frontend, address);
}

/* In a tick from now on; where each contact is a question, when their list may be whole. */
static void begin_work(struct xmpp_frontend *frontend, struct xmpp_identity *state)
{
	bool settles = state->access == ROSTER_DENIED;

	state->work_after = settles ? clock_ms() + SETTLE_MS : 0;
	list_remove(&state->work);
	list_append(settles ? &frontend->roster_settling : &frontend->roster_work, &state->work);
}

static void enqueue(struct xmpp_frontend *frontend, struct xmpp_identity *state, const char *key)
{
	if (!map_set(&state->waiting, key, state) && list_empty(&state->work))
		begin_work(frontend, state);
}

/* Who cannot write the roster can only ask; a contact that is in it needs no more. */
static bool needs_announcement(const struct xmpp_identity *state, const struct contact *contact)
{
	return state->access != ROSTER_DENIED || !contact->subscribed;
}

void roster_show_contact(struct xmpp_frontend *frontend, struct identity *to,
                         const struct event_contact *contact)
{
	struct xmpp_identity *state = identity_state(to);
	/* Until the person's server has answered there is nothing to do: then all contacts are looked at. */
	if (!frontend->config.server_mode && state->access != ROSTER_GRANTED && state->access != ROSTER_DENIED)
		return;
	const struct contact *known =
	        to->user && to->user->roster ? roster_find(to->user->roster, contact->name) : NULL;
	if (!known || !needs_announcement(state, known))
		return;
	struct item item = item_of(known);
	struct text_key room;
	const char *key = text_key_lower(&room, contact->name);
	void *print = fingerprint(&item, frontend->config.server_mode);
	if (map_get(state->announced, key) != print) {
		if (!frontend->config.server_mode) {
			enqueue(frontend, state, key);
		} else {
			struct buf jid = {0};
			map_set(&state->announced, key, print);
			if (address_contact(frontend, &jid, contact->name))
				push_to_clients(frontend, to, buf_text(&jid), &item);
			buf_finish(&jid);
		}
	}
	text_key_finish(&room);
}

void roster_withdraw_contact(struct xmpp_frontend *frontend, const char *address, const char *name,
                             bool granted)
{
	struct buf jid = {0};
	if (address_contact(frontend, &jid, name)) {
		if (granted) {
			set_remote(frontend, address, buf_text(&jid), NULL);
		} else {
			presence_send_type(frontend, buf_text(&jid), address, "unsubscribe", NULL);
			presence_send_type(frontend, buf_text(&jid), address, "unsubscribed", NULL);
		}
	}
	buf_finish(&jid);
}

void roster_show_removed(struct xmpp_frontend *frontend, struct identity *to, const char *name)
{
	struct xmpp_identity *state = identity_state(to);
	char *key = lower_name(name);
	map_remove(state->announced, key);
	map_remove(state->waiting, key);
	mem_free(key);
	if (!frontend->config.server_mode) {
		roster_withdraw_contact(frontend, to->address, name, state->access == ROSTER_GRANTED);
		return;
	}
	struct buf jid = {0};
	if (address_contact(frontend, &jid, name))
		push_to_clients(frontend, to, buf_text(&jid), NULL);
	buf_finish(&jid);
}

void roster_push_item(struct xmpp_frontend *frontend, const struct route *route, const char *name)
{
	struct identity *identity =
	        session_find_identity(frontend->base.transport, &frontend->base, route->address);
	struct event_contact contact = {.name = name};
	if (frontend->config.server_mode && identity)
		roster_show_contact(frontend, identity, &contact);
}

bool roster_is_granted(struct xmpp_frontend *frontend, const char *address)
{
	struct identity *identity = session_find_identity(frontend->base.transport, &frontend->base, address);
	return identity && identity->data && identity_state(identity)->access == ROSTER_GRANTED;
}

void roster_set_gateway(struct xmpp_frontend *frontend, const char *address, bool present)
{
	struct item item = {.alias = frontend->config.identity_name};
	set_remote(frontend, address, frontend->gateway, present ? &item : NULL);
}

/* What the server has of one of our contacts. */
static void remember_remote(struct xmpp_frontend *frontend, struct identity *identity, xmpp_stanza_t *element)
{
	struct jid jid;
	const char *text = xmpp_stanza_get_attribute(element, "jid");
	const char *subscription = xmpp_stanza_get_attribute(element, "subscription");
	if (!text || jid_parse(&jid, text) || strcmp(jid.domain, frontend->gateway) != 0 || !jid.node[0] ||
	    !subscription || strcmp(subscription, "both") != 0)
		return;
	char *groups[LIMIT_GROUPS_PER_CONTACT];
	size_t count = 0;
	xmpp_stanza_t *child = xmpp_stanza_get_children(element);
	for (; child && count < LIMIT_GROUPS_PER_CONTACT; child = xmpp_stanza_get_next(child))
		if (tree_is(child, "group"))
			groups[count++] = tree_text(child);
	struct buf name = {0};
	address_to_contact(frontend, identity->user, &name, jid.node);
	struct item item = {xmpp_stanza_get_attribute(element, "name"), (const char *const *)groups, count,
	                    true};
	note_announced(identity_state(identity), buf_text(&name), fingerprint(&item, false));
	buf_finish(&name);
	for (size_t i = 0; i < count; i++)
		mem_free(groups[i]);
}

/* All contacts are looked at from now on, in ticks. There may be very many, so none of them is put on a list. */
static void sweep(struct xmpp_frontend *frontend, struct xmpp_identity *state)
{
	state->sweeps = true;
	MEM_FREE(state->swept);
	begin_work(frontend, state);
}

static void roster_answered(struct xmpp_frontend *frontend, const char *address, const char *context,
                            xmpp_stanza_t *result)
{
	(void)context;
	struct identity *identity = session_find_identity(frontend->base.transport, &frontend->base, address);
	if (!identity)
		return;
	struct xmpp_identity *state = identity_state(identity);
	if (!result && !component_is_connected(frontend->component)) {
		state->access = ROSTER_UNKNOWN; /* no answer is not a refusal */
		return;
	}
	state->access = result ? ROSTER_GRANTED : ROSTER_DENIED;
	log_debug(&frontend->base.log, "roster of %s: %s", log_quote(address),
	          result ? "ours to manage" : "not ours");
	xmpp_stanza_t *query = result ? tree_child_ns(result, "query", NS_ROSTER) : NULL;
	xmpp_stanza_t *item = query ? xmpp_stanza_get_children(query) : NULL;
	for (; item; item = xmpp_stanza_get_next(item))
		if (tree_is(item, "item"))
			remember_remote(frontend, identity, item);
	sweep(frontend, state);
}

void roster_begin(struct xmpp_frontend *frontend, struct identity *identity)
{
	struct xmpp_identity *state = identity_state(identity);
	if (state->access != ROSTER_UNKNOWN)
		return;
	state->access = ROSTER_ASKED;
	struct xml_writer *writer = request_begin(frontend, "get", identity->address, roster_answered, NULL);
	xml_empty(writer, "query", NS_ROSTER);
	xml_end(writer);
	xmpp_end(frontend, identity->address);
}

/* True: a stanza was sent. */
static bool announce(struct xmpp_frontend *frontend, struct xmpp_identity *state,
                     const struct contact *contact)
{
	struct identity *identity = state->identity;
	struct item item = item_of(contact);
	char *key = lower_name(contact->name);
	void *print = fingerprint(&item, false);
	bool known = map_get(state->announced, key) == print;
	bool asked = map_get(state->announced, key) != NULL;
	map_set(&state->announced, key, print);
	mem_free(key);
	/* Who is subscribed already, or was asked in this session, is not asked again. */
	if (known || (state->access == ROSTER_DENIED && (contact->subscribed || asked)))
		return false;
	struct buf jid = {0};
	bool sent = address_contact(frontend, &jid, contact->name);
	if (sent && state->access == ROSTER_GRANTED)
		set_remote(frontend, identity->address, buf_text(&jid), &item);
	else if (sent)
		presence_send_type(frontend, buf_text(&jid), identity->address, "subscribe", contact->alias);
	buf_finish(&jid);
	return sent;
}

/* At most `left` stanzas. Who stood where the sweep ended may have been removed since: then it begins anew, and
 * finds most as it left them. */
static void go_on_sweeping(struct xmpp_frontend *frontend, struct xmpp_identity *state, const struct roster *roster,
                           unsigned left)
{
	struct contacts_iter it = contacts_behind(roster->contacts, state->swept);
	const char *last = NULL;
	for (unsigned looks = LOOKS_A_TICK; left > 0 && looks > 0; looks--) {
		if (!contacts_next(roster->contacts, &it)) {
			state->sweeps = false;
			MEM_FREE(state->swept);
			return;
		}
		const struct contact *contact = it.contact;
		last = contact->name;
		if (needs_announcement(state, contact) && announce(frontend, state, contact))
			left--;
	}
	if (last)
		mem_replace(&state->swept, last);
}

static void work(struct xmpp_frontend *frontend, struct xmpp_identity *state)
{
	const struct user *user = state->identity->user;
	unsigned left = state->access == ROSTER_GRANTED ? ITEMS_A_TICK : QUESTIONS_A_TICK;
	struct map_iter it = {0};
	while (left > 0 && map_next(state->waiting, &it)) {
		const struct contact *contact =
		        user && user->roster ? roster_find(user->roster, it.key) : NULL;
		if (contact && announce(frontend, state, contact))
			left--;
		map_remove(state->waiting, it.key);
	}
	if (!map_count(state->waiting))
		map_destroy(&state->waiting, NULL);
	if (state->sweeps && user && user->roster)
		go_on_sweeping(frontend, state, user->roster, left);
	if (!state->waiting && !state->sweeps)
		list_remove(&state->work);
}

void roster_work_tick(struct xmpp_frontend *frontend)
{
	uint64_t now = clock_ms();
	if (!frontend->component || !component_is_connected(frontend->component))
		return;
	LIST_EACH(link, &frontend->roster_settling)
	{
		struct xmpp_identity *state = CONTAINER_OF(link, struct xmpp_identity, work);
		if (now < state->work_after)
			break;
		list_remove(&state->work);
		list_append(&frontend->roster_work, &state->work);
	}
	LIST_EACH(link, &frontend->roster_work)
	{
		struct xmpp_identity *state = CONTAINER_OF(link, struct xmpp_identity, work);
		if (state->access == ROSTER_GRANTED || state->access == ROSTER_DENIED)
			work(frontend, state);
	}
}

static void tell_roster(const struct iq_request *request, struct resource *resource)
{
	struct xmpp_frontend *frontend = request->frontend;
	struct xmpp_identity *state = identity_state(resource->identity);
	const struct roster *roster = resource->identity->user ? resource->identity->user->roster : NULL;
	resource_state(resource)->interested = true;
	struct xml_writer *writer = iq_result(request);
	struct buf jid = {0};
	struct contacts_iter it = {0};
	xml_start_ns(writer, "query", NS_ROSTER);
	while (roster && contacts_next(roster->contacts, &it)) {
		const struct contact *contact = it.contact;
		struct item item = item_of(contact);
		buf_clear(&jid);
		note_announced(state, contact->name, fingerprint(&item, true));
		if (address_contact(frontend, &jid, contact->name))
			write_item(writer, buf_text(&jid), &item, contact->subscribed);
	}
	xml_end(writer);
	iq_send(request);
	buf_finish(&jid);
}

static int change_item(const struct iq_request *request, struct resource *resource, xmpp_stanza_t *element,
                       const char *name)
{
	const char *subscription = xmpp_stanza_get_attribute(element, "subscription");
	struct event event = {.type = EVENT_CONTACT};
	char *groups[LIMIT_GROUPS_PER_CONTACT];
	size_t count = 0;
	(void)request;
	event.contact.name = name;
	if (subscription && !strcmp(subscription, "remove")) {
		event.type = EVENT_CONTACT_REMOVED;
		return router_from_frontend(resource, &event);
	}
	xmpp_stanza_t *child = xmpp_stanza_get_children(element);
	for (; child && count < LIMIT_GROUPS_PER_CONTACT; child = xmpp_stanza_get_next(child))
		if (tree_is(child, "group"))
			groups[count++] = tree_text(child);
	event.contact.alias = xmpp_stanza_get_attribute(element, "name");
	event.contact.groups = (const char *const *)groups;
	event.contact.groups_count = count;
	int err = router_from_frontend(resource, &event);
	for (size_t i = 0; i < count; i++)
		mem_free(groups[i]);
	return err;
}

static void change_roster(const struct iq_request *request, struct resource *resource)
{
	struct xmpp_frontend *frontend = request->frontend;
	xmpp_stanza_t *element = tree_child(request->child, "item");
	const char *text = element ? xmpp_stanza_get_attribute(element, "jid") : NULL;
	struct jid jid;
	if (!text || jid_parse(&jid, text) || !jid.node[0] || strcmp(jid.domain, frontend->gateway) != 0) {
		iq_error(request, &ERROR_NOT_ACCEPTABLE, "Only contacts of this network can be added.");
		return;
	}
	struct buf name = {0};
	address_to_contact(frontend, resource->identity->user, &name, jid.node);
	const char *subscription = xmpp_stanza_get_attribute(element, "subscription");
	bool removal = subscription && !strcmp(subscription, "remove");
	int err = change_item(request, resource, element, buf_text(&name));
	if (err) {
		iq_error(request, stanza_error_of(err), NULL);
	} else {
		iq_empty_result(request);
		struct identity *identity = session_find_identity(frontend->base.transport, &frontend->base,
		                                                  request->route.address);
		if (removal && identity)
			roster_show_removed(frontend, identity, buf_text(&name));
		else
			roster_push_item(frontend, &request->route, buf_text(&name));
	}
	buf_finish(&name);
}

void roster_handle(const struct iq_request *request)
{
	struct xmpp_frontend *frontend = request->frontend;
	if (!frontend->config.server_mode) {
		/* A server that lets us manage rosters also tells us of changes; we keep our own. */
		if (request->set && !request->route.from.resource[0])
			iq_empty_result(request);
		else
			iq_error(request, &ERROR_SERVICE, NULL);
		return;
	}
	struct resource *resource = route_resource(frontend, &request->route);
	if (!resource) /* clients ask before they send presence */
		resource = session_attach(&frontend->base, request->route.address,
		                          request->route.from.resource, NULL);
	if (!resource)
		iq_error(request, &ERROR_CONSTRAINT, NULL);
	else if (request->set)
		change_roster(request, resource);
	else
		tell_roster(request, resource);
}
