/* SPDX-License-Identifier: MIT */
#include "transport/http/http_range.h"

#include <stdbool.h>
#include <string.h>

#include "base/text.h"

/* Digits; numbers that do not fit are as large as can be. False: there are none. */
static bool take_number(const char **text, uint64_t *number)
{
	const char *at = *text;

	*number = 0;
	for (; *at >= '0' && *at <= '9'; at++) {
		uint64_t digit = (uint64_t)(*at - '0');

		*number = *number > (UINT64_MAX - digit) / 10 ? UINT64_MAX : *number * 10 + digit;
	}
	bool some = at != *text;

	*text = at;
	return some;
}

static void skip_blanks(const char **text)
{
	*text += strspn(*text, " \t");
}

enum http_range_result http_range_parse(const char *text, uint64_t size, uint64_t *first, uint64_t *last)
{
	uint64_t from = 0, to = UINT64_MAX;
	char unit[7];

	if (!text || strlen(text) < 7)
		return HTTP_RANGE_NONE;
	memcpy(unit, text, 6);
	unit[6] = '\0';
	if (!text_equal_nocase(unit, "bytes="))
		return HTTP_RANGE_NONE;
	text += 6;
	skip_blanks(&text);
	bool has_from = take_number(&text, &from);

	if (*text++ != '-')
		return HTTP_RANGE_NONE;
	bool has_to = take_number(&text, &to);

	skip_blanks(&text);
	if (*text || (!has_from && !has_to) || (has_from && has_to && from > to))
		return HTTP_RANGE_NONE;
	if (!has_from) { /* the last `to` bytes */
		if (to == 0 || size == 0)
			return HTTP_RANGE_WRONG;
		from = to < size ? size - to : 0;
		to = UINT64_MAX;
	} else if (!has_to) {
		to = UINT64_MAX;
	}
	if (from >= size)
		return HTTP_RANGE_WRONG;
	*first = from;
	*last = to < size ? to : size - 1;
	return HTTP_RANGE_PART;
}
