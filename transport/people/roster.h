/* SPDX-License-Identifier: MIT */
/* The contacts of a user: what is stored of them and their presence while the session lives. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "protocol/event.h"
#include "transport/people/contacts.h"
#include "transport/store/store.h"

struct resource;
struct user;

struct roster {
	struct user *user;
	struct contacts *contacts; /* NULL: none */
	bool full_told;            /* that there are too many contacts */
	bool any_asked;            /* some contact has asked for authorization at some time */
	bool any_unsent;           /* some contact is unsent */
};

/* Takes over the contacts that are stored, and leaves NULL there; `contacts` NULL: none. */
struct roster *roster_create(struct user *user, struct contacts **contacts);
void roster_destroy(struct roster **roster);
struct contact *roster_find(const struct roster *roster, const char *name);

/* From the network: creates or changes, stores what is stored, and says in *changed what frontends must learn. */
enum roster_change { ROSTER_SAME = 0, ROSTER_NEW = 1, ROSTER_ITEM = 2, ROSTER_PRESENCE = 4 };
struct contact *roster_update(struct roster *roster, const struct event_contact *from_network, int *changed);
/* Somebody asks for authorization: remembered, not stored. NULL: the roster is full. */
struct contact *roster_request(struct roster *roster, const char *name, const char *alias);
/* From the person: alias, groups, subscription (NULL and 0 keep). NULL: the roster is full. */
struct contact *roster_put(struct roster *roster, const char *name, const char *alias, const char *const *groups,
			   size_t groups_count, bool subscribed, int *changed);
bool roster_remove(struct roster *roster, const char *name);
/* The presence that is known goes offline, and the resources that have presence are told. */
void roster_go_offline(struct roster *roster);
/* What is known of the contact; pointers into it. The second one makes an event of it. */
void contact_describe(const struct contact *contact, struct event_contact *out);
void contact_to_event(const struct contact *contact, const struct user *user, struct event *event);
/* What a resource that has just come is told: contacts while connected, and questions that wait for an answer. */
void roster_replay(const struct roster *roster, struct resource *to);
