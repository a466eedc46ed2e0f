/* SPDX-License-Identifier: MIT */
#include "transport/people/roster.h"

#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "transport/frontend.h"
#include "transport/people/contact_groups.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/routing/router.h"
#include "transport/transport.h"

static bool same_text(const char *a, const char *b)
{
	return a == b || !strcmp(a ? a : "", b ? b : "");
}

static bool set_alias(struct contact *contact, const char *alias)
{
	if (!alias || !*alias || same_text(contact->alias, alias))
		return false;
	contact_set_alias(contact, alias);
	return true;
}

/* Found, or added with this alias; NULL: the roster is full. */
static struct contact *obtain(struct roster *roster, const char *name, const char *alias)
{
	struct contact *contact;
	bool is_new = false;

	if (contacts_count(roster->contacts) >= LIMIT_CONTACTS_PER_USER) {
		contact = contacts_find(roster->contacts, name);
		if (!contact && !roster->full_told)
			log_warning(&roster->user->log, "more than %d contacts: %s and others are left out",
				    LIMIT_CONTACTS_PER_USER, log_quote(name));
		roster->full_told |= !contact;
	} else {
		contact = contacts_add(&roster->contacts, name, alias, &is_new);
	}
	if (is_new)
		contact->status = STATUS_OFFLINE;
	return contact;
}

struct roster *roster_create(struct user *user, struct contacts **contacts)
{
	struct roster *roster = MEM_NEW(struct roster);

	roster->user = user;
	if (contacts) {
		roster->contacts = *contacts;
		*contacts = NULL;
	}
	return roster;
}

void roster_destroy(struct roster **slot)
{
	struct roster *roster = *slot;

	*slot = NULL;
	if (!roster)
		return;
	contacts_destroy(&roster->contacts, contact_finish);
	mem_free(roster);
}

struct contact *roster_find(const struct roster *roster, const char *name)
{
	return contacts_find(roster->contacts, name);
}

static void store(struct roster *roster, struct contact *contact)
{
	const struct store_contact stored = {
		.name = contact->name,
		.alias = contact->alias ? contact->alias : "",
		.groups = (const char *const *)contact->groups,
		.groups_count = contact->groups_count,
		.subscribed = contact->subscribed,
		.flags = contact->flags,
		.icon_hash = contact->icon_hash ? contact->icon_hash : "",
	};

	contact->stored = true;
	store_put_contact(roster->user->transport->store, roster->user->account, &stored);
}

/* Cut, not refused: it is decoration. */
static char *bounded_status(const char *text)
{
	if (!text || !*text)
		return NULL;
	return mem_strndup(text, text_cut(text, strlen(text), LIMIT_STATUS_BYTES));
}

static bool set_blocked(struct contact *contact, bool blocked)
{
	if (contact->blocked == blocked)
		return false;
	contact->blocked = blocked;
	contact->flags =
		blocked ? contact->flags | CONTACT_FLAG_BLOCKED : contact->flags & ~CONTACT_FLAG_BLOCKED;
	return true;
}

static bool set_presence(struct contact *contact, const struct event_contact *from)
{
	char *text = bounded_status(from->status_text);
	bool changed = contact->status != from->status || !same_text(contact->status_text, text);

	contact->status = (uint8_t)from->status;
	mem_free(contact->status_text);
	contact->status_text = text;
	return changed;
}

struct contact *roster_update(struct roster *roster, const struct event_contact *from, int *changed)
{
	struct contact *contact = obtain(roster, from->name, from->alias);

	*changed = ROSTER_SAME;
	if (!contact)
		return NULL;
	if (!contact->stored)
		*changed |= ROSTER_NEW;
	if (set_alias(contact, from->alias))
		*changed |= ROSTER_ITEM;
	if (contact_set_groups(contact, from->groups, from->groups_count))
		*changed |= ROSTER_ITEM;
	if (from->has_blocked && set_blocked(contact, from->blocked))
		*changed |= ROSTER_ITEM;
	bool must_store = *changed != ROSTER_SAME;

	if (!same_text(contact->icon_hash, from->icon_hash)) {
		mem_replace(&contact->icon_hash,
			    from->icon_hash && *from->icon_hash ? from->icon_hash : NULL);
		*changed |= ROSTER_PRESENCE;
		must_store = true;
	}
	if (set_presence(contact, from))
		*changed |= ROSTER_PRESENCE;
	if (must_store)
		store(roster, contact);
	return contact;
}

struct contact *roster_request(struct roster *roster, const char *name, const char *alias)
{
	struct contact *contact = obtain(roster, name, alias);

	if (!contact)
		return NULL;
	if (!contact->stored)
		set_alias(contact, alias);
	contact->requested = roster->any_asked = true;
	return contact;
}

struct contact *roster_put(struct roster *roster, const char *name, const char *alias,
			   const char *const *groups, size_t groups_count, bool subscribed, int *changed)
{
	struct contact *contact = obtain(roster, name, alias);

	*changed = ROSTER_SAME;
	if (!contact)
		return NULL;
	if (!contact->stored)
		*changed |= ROSTER_NEW;
	if (set_alias(contact, alias))
		*changed |= ROSTER_ITEM;
	if (contact_set_groups(contact, groups, groups_count))
		*changed |= ROSTER_ITEM;
	if (contact->subscribed != subscribed) {
		contact->subscribed = subscribed;
		*changed |= ROSTER_ITEM;
	}
	if (*changed)
		store(roster, contact);
	return contact;
}

bool roster_remove(struct roster *roster, const char *name)
{
	struct contact *contact = contacts_find(roster->contacts, name);

	if (!contact)
		return false;
	if (contact->stored)
		store_remove_contact(roster->user->transport->store, roster->user->account, contact->name);
	contact_finish(contact);
	contacts_remove(&roster->contacts, contact);
	return true;
}

void roster_go_offline(struct roster *roster)
{
	struct contacts_iter it = {0};

	while (contacts_next(roster->contacts, &it)) {
		struct contact *contact = it.contact;
		struct event event;

		if (contact->status == STATUS_OFFLINE)
			continue;
		contact->status = STATUS_OFFLINE;
		MEM_FREE(contact->status_text);
		contact_to_event(contact, roster->user, &event);
		router_deliver_present(roster->user, &event);
	}
}

void contact_describe(const struct contact *contact, struct event_contact *out)
{
	*out = (struct event_contact){.name = contact->name,
				      .alias = contact->alias,
				      .groups = (const char *const *)contact->groups,
				      .groups_count = contact->groups_count,
				      .status = contact->status,
				      .status_text = contact->status_text,
				      .icon_hash = contact->icon_hash,
				      .has_blocked = true,
				      .blocked = contact->blocked};
}

void contact_to_event(const struct contact *contact, const struct user *user, struct event *event)
{
	*event = (struct event){.type = EVENT_CONTACT, .user = user->key};
	contact_describe(contact, &event->contact);
}

void roster_replay(const struct roster *roster, struct resource *to)
{
	bool connected = roster->user->state == USER_CONNECTED;
	struct contacts_iter it = {0};

	/* of thousands of contacts none may have anything to tell */
	if (!connected && !roster->any_asked)
		return;
	while (contacts_next(roster->contacts, &it)) {
		const struct contact *contact = it.contact;
		struct event event;

		if (!(connected && contact->stored) && !contact->requested)
			continue;
		contact_to_event(contact, roster->user, &event);
		if (connected && contact->stored)
			router_deliver(roster->user, to, &event);
		if (!contact->requested)
			continue;
		event.type = EVENT_AUTH_REQUEST;
		router_deliver(roster->user, to, &event);
	}
}
