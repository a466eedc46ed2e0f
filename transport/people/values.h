/* SPDX-License-Identifier: MIT */
/* What a backend keeps for a person in our database (docs/protocol.md, section 8, "Values"). */
#pragma once

struct event;
struct user;

/* What frontends keep for a person (store_put_values) has a name that begins so: no backend sees it or can
 * change it. */
#define VALUES_OF_FRONTENDS "frontend:"

/* The user was given a backend that knows the extension: asks the store, sends VALUES and then goes on with
 * user_log_in. Whatever happens to the user meanwhile, an answer that is late is none. */
void values_load(struct user *user);

/*
 * VALUES from the backend: kept as a whole, or refused as a whole with an error in the log. A numbered one is
 * acknowledged when the outcome is certain; what the database does not take is tried again until it does.
 */
void values_from_backend(struct user *user, const struct event *event);
