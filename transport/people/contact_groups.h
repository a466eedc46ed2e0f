/* SPDX-License-Identifier: MIT */
/*
 * The groups of contacts. Most people have a handful, the same for all their contacts, and often under the same names
 * as everybody's: each combination is kept once. On any thread, for a contact that is that thread's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct contact;

/* No more than LIMIT_GROUPS_PER_CONTACT; none keeps those it has. True: they have changed. */
bool contact_set_groups(struct contact *contact, const char *const *names, size_t count);
/* Of one that has none yet: those of another, which is cheaper. */
void contact_share_groups(struct contact *contact, const struct contact *with);
void contact_drop_groups(struct contact *contact);
