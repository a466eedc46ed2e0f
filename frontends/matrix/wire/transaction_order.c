/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/wire/transaction_order.h"

#include <stdlib.h>
#include <string.h>

#define DIGITS 12 /* a time in milliseconds has more */

static uint64_t number_of(const char *id)
{
	size_t length = strspn(id, "0123456789");

	return length && length <= DIGITS && !id[length] ? strtoull(id, NULL, 10) : 0;
}

bool transaction_is_again(const struct transaction_order *order, const char *id)
{
	uint64_t number = number_of(id);

	return number && number <= order->last;
}

bool transaction_is_early(struct transaction_order *order, const char *id)
{
	uint64_t number = number_of(id);

	if (order->last && number > order->last + 1 && number != order->refused) {
		order->refused = number;
		return true;
	}
	if (number)
		order->last = number;
	return false;
}
