/* SPDX-License-Identifier: MIT */
#include "backends/irc/irc_casemap.h"

#include "base/mem.h"
#include "base/text.h"

enum irc_casemap irc_casemap_parse(const char *name)
{
	if (text_equal_nocase(name, "rfc1459"))
		return IRC_CASEMAP_RFC1459;
	if (text_equal_nocase(name, "strict-rfc1459") || text_equal_nocase(name, "rfc1459-strict"))
		return IRC_CASEMAP_STRICT_RFC1459;
	return IRC_CASEMAP_ASCII;
}

static char fold(enum irc_casemap map, char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	if (map == IRC_CASEMAP_ASCII)
		return c;
	if (c == '[' || c == '\\' || c == ']')
		return (char)(c - '[' + '{');
	if (c == '~' && map == IRC_CASEMAP_RFC1459)
		return '^';
	return c;
}

bool irc_same_name(enum irc_casemap map, const char *a, const char *b)
{
	while (*a && fold(map, *a) == fold(map, *b)) {
		a++;
		b++;
	}
	return *a == '\0' && *b == '\0';
}

char *irc_fold_name(enum irc_casemap map, const char *name)
{
	char *key = mem_strdup(name);

	for (char *c = key; *c; c++)
		*c = fold(map, *c);
	return key;
}
