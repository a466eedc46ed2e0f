/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/wire/place.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define DIGITS "0123456789"
#define UNRESERVED DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.~[]:&+$"

/* "-"? DIGIT+ ("." DIGIT+)?, between -limit and limit (0: whatever). What is behind it; NULL: that is none. */
static const char *number(const char *at, int limit)
{
	const char *begin = at;

	if (*at == '-')
		at++;
	size_t whole = strspn(at, DIGITS), length = whole;

	if (!whole || whole > 9)
		return NULL;
	if (at[whole] == '.') {
		size_t rest = strspn(at + whole + 1, DIGITS);

		if (!rest)
			return NULL;
		length += 1 + rest;
	}
	if (limit && (strtod(begin, NULL) > limit || strtod(begin, NULL) < -limit))
		return NULL;
	return at + length;
}

static bool is_place(const char *text)
{
	const char *at = text_starts(text, "geo:") ? number(text + strlen("geo:"), 90) : NULL;

	at = at && *at == ',' ? number(at + 1, 180) : NULL;
	if (at && *at == ',')
		at = number(at + 1, 0);
	while (at && *at == ';') {
		size_t name = strspn(at + 1, UNRESERVED);

		at = name ? at + 1 + name : NULL;
		if (at && *at == '=')
			at += 1 + strspn(at + 1, UNRESERVED "%");
	}
	return at && !*at;
}

const char *place_in(const char *text)
{
	const char *last = strrchr(text, ' ');

	last = last ? last + 1 : text;
	return !strchr(text, '\n') && is_place(last) ? last : NULL;
}
