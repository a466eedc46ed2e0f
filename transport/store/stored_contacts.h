/* SPDX-License-Identifier: MIT */
/* The contacts of an account, from the rows of the database to the set that its roster keeps. */
#pragma once

#include "transport/contacts.h"
#include "transport/store/driver.h"

/* Rows of name, alias, groups (a line each), subscribed, flags, hash of the icon. Of names that differ in case the first
 * is taken, and no more than LIMIT_CONTACTS_PER_USER. *contacts is NULL before; what has come is in it even after an
 * error. 0 or TP_ERR_STORE. */
int stored_contacts_read(const struct driver_ops *ops, struct statement *statement, struct contacts **contacts);
