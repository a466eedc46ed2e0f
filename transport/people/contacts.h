/* SPDX-License-Identifier: MIT */
/*
 * Contacts by name, in whatever case. A user may have very many, and after a login something comes for each: so one is
 * a single small piece with its name and alias in it, those that an account begins with lie one behind the other, and
 * a look-up goes to a table of hashes and then to the contact.
 *
 * NULL is an empty set, for all but contacts_remove. For one thread at a time: the store's makes the set, and the
 * loop's has it from then on.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct contacts;

#define CONTACT_FLAG_BLOCKED 8 /* Spectrum's bit in buddies.flags */

struct contact {
	char *alias;   /* changed by contact_set_alias only; NULL: none */
	char **groups; /* contact_groups.h */
	char *status_text;
	char *icon_hash;
	int flags;
	uint32_t hash; /* of the name in lower case */
	uint8_t groups_count;
	uint8_t status;        /* enum status */
	bool subscribed : 1;   /* "both"; false: known, the person has not agreed yet ("ask") */
	bool requested : 1;    /* it asked for authorization and was not answered */
	bool stored : 1;       /* false: here only because it asked */
	bool unsent : 1;       /* changed by the person while there was no session: told to the backend when connected */
	bool blocked : 1;
	bool alias_inside : 1; /* alias lies behind the name */
	bool in_block : 1;     /* its memory is the set's */
	char name[];           /* in its own case */
};

/* NULL or "": none, as everywhere here. */
void contact_set_alias(struct contact *contact, const char *alias);

/* Frees what the fields have: for contacts_destroy, or before contacts_remove. */
void contact_finish(struct contact *contact);

/* Bytes that contacts_add takes for a new one. */
size_t contact_bytes(const char *name, const char *alias);
/* Room for `count` new ones that take `bytes` together, before the first is added. */
void contacts_reserve(struct contacts **contacts, size_t count, size_t bytes);
/* Found, or added with this alias: then *is_new, and all else is 0 and NULL. */
struct contact *contacts_add(struct contacts **contacts, const char *name, const char *alias, bool *is_new);
struct contact *contacts_find(const struct contacts *contacts, const char *name); /* NULL: not there */
/* Frees it; what the owner has put into it is freed before. *contacts becomes NULL with the last one. */
void contacts_remove(struct contacts **contacts, struct contact *contact);
/* Frees all; `finish`, if not NULL, is called for each before. */
void contacts_destroy(struct contacts **contacts, void (*finish)(struct contact *));
size_t contacts_count(const struct contacts *contacts);

/*
 * Iteration in order of coming. During it the current one may be removed, and none added.
 *     struct contacts_iter it = {0};
 *     while (contacts_next(contacts, &it)) use(it.contact);
 */
struct contacts_iter {
	struct contact *contact;
	uint32_t next;
};
bool contacts_next(const struct contacts *contacts, struct contacts_iter *it);
/* To go on later: an iteration of those that came after `name`; of all, if that is NULL or not there any more. */
struct contacts_iter contacts_behind(const struct contacts *contacts, const char *name);
