/* SPDX-License-Identifier: MIT */
/* Ids, time stamps and addresses: what is accepted is of the promised form, and is the same when it is put
 * together. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "frontends/slack/wire/slack_id.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
	if (!good)
		abort();
}

static void check_address(const char *text)
{
	struct slack_address address;
	char *again;

	if (!slack_address_read(&address, text))
		return;
	check(slack_is_id(address.team) && slack_is_id(address.id));
	check(!*address.thread || slack_is_ts(address.thread));
	again = *address.thread ? slack_thread_place(address.team, address.id, address.thread)
	                        : slack_address(address.team, address.id);
	check(!strcmp(text, again));
	mem_free(again);
}

static int sign(int order)
{
	return (order > 0) - (order < 0);
}

/* An order: of two it says the opposite the other way round, and times in milliseconds do not contradict it.
 */
static void check_order(const char *a, const char *b)
{
	int order = sign(slack_ts_compare(a, b));

	check(order == -sign(slack_ts_compare(b, a)));
	check(slack_ts_compare(a, a) == 0 && slack_ts_compare(b, b) == 0);
	if (slack_ts_ms(a) < slack_ts_ms(b))
		check(order < 0);
	if (order == 0)
		check(slack_ts_ms(a) == slack_ts_ms(b));
	check(slack_ts_ms(a) >= 0 && slack_ts_ms(a) <= SLACK_TS_MS_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = mem_strndup((const char *)data, size), *second = strchr(text, ' ');

	check(!slack_is_id(text) ||
	      (strlen(text) >= 2 && strlen(text) <= SLACK_ID_MAX && !slack_is_ts(text)));
	check(!slack_is_ts(text) || strlen(text) <= SLACK_ID_MAX);
	check_address(text);
	if (second) {
		*second++ = '\0';
		if (slack_is_ts(text) && slack_is_ts(second))
			check_order(text, second);
	}
	mem_free(text);
	return 0;
}
