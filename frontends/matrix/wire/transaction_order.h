/* SPDX-License-Identifier: MIT */
/*
 * Synapse counts transactions, and now and then overtakes one: one that was stored for a later try just when
 * the tries for an earlier one had ended is left until the next failure, while newer ones are sent. The
 * numbers show it. To refuse the newer one is such a failure: Synapse then begins with the oldest again.
 *
 * A Synapse that is started and has none stored counts from 1 again. Other homeservers' ids are anything
 * (Dendrite's are times). So each is refused once at most, and what is no small number, or is not above the
 * last, never.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct transaction_order {
	uint64_t last;    /* that was accepted; 0: none yet */
	uint64_t refused; /* 0: none */
};

/* Whether it is not above the last: the homeserver sends it again, or counts anew. */
bool transaction_is_again(const struct transaction_order *order, const char *id);
/* Whether this one came before another that it should follow: refuse it. Otherwise it counts as accepted. */
bool transaction_is_early(struct transaction_order *order, const char *id);
