/* SPDX-License-Identifier: MIT */
/* The contacts of an account, from the rows of the database to the set that its roster keeps. */
#pragma once

#include "base/arena.h"
#include "transport/people/contacts.h"
#include "transport/store/driver.h"
#include "transport/store/store.h"

/*
 * Rows, and the set when it has been made of them. One of many contacts is made at once, on the store's thread; one of
 * few on the loop's, where it takes no time: memory that a thread has asked for stays with that thread, and the store's
 * would not give it back when people have gone.
 */
struct stored_contacts {
	struct arena arena;
	struct store_contact *items;
	size_t count, room;
	size_t bytes; /* that the contacts will take */
	struct contacts *set;
};

/* Rows of name, alias, groups (a line each), subscribed, flags, hash of the icon. Of names that differ in case the
 * first is taken, and no more than LIMIT_CONTACTS_PER_USER. `contacts` is empty before; what has come is in it even
 * after an error. 0 or TP_ERR_STORE. */
int stored_contacts_read(const struct driver_ops *ops, struct statement *statement, struct stored_contacts *contacts);
/* The set, if it has not been made yet. */
void stored_contacts_make(struct stored_contacts *contacts);
void stored_contacts_finish(struct stored_contacts *contacts);
