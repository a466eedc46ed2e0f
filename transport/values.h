/* SPDX-License-Identifier: MIT */
/* What a backend keeps for a person in our database (docs/protocol.md, section 8, "Values"). */
#pragma once

struct event;
struct user;

/* The user was given a backend that knows the extension: asks the store, sends VALUES and then goes on with
 * user_log_in. Whatever happens to the user meanwhile, an answer that is late is none. */
void values_load(struct user *user);

/*
 * VALUES from the backend: kept as a whole, or refused as a whole with an error in the log. When the outcome
 * is certain, transport->values_taken is called, if it is set and the event has a number: 0, kept and on the
 * disk; TP_ERR_LIMIT, refused for good; TP_ERR_NOT_FOUND, the account is gone; TP_ERR_STORE, not kept, but it
 * may be the next time.
 */
void values_from_backend(struct user *user, const struct event *event);
