/* SPDX-License-Identifier: MIT */
#include "frontends/slack/wire/slack_id.h"

#include <string.h>

#include "base/mem.h"

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool slack_is_id(const char *id)
{
	size_t length = 0;

	if (!id || !is_upper(*id))
		return false;
	while (length <= SLACK_ID_MAX && (is_upper(id[length]) || is_digit(id[length])))
		length++;
	return length >= 2 && length <= SLACK_ID_MAX && !id[length];
}

static size_t count_digits(const char *text)
{
	size_t count = 0;

	while (count <= SLACK_ID_MAX && is_digit(text[count]))
		count++;
	return count;
}

bool slack_is_ts(const char *ts)
{
	size_t whole, rest;

	if (!ts)
		return false;
	whole = count_digits(ts);
	if (!whole || ts[whole] != '.')
		return false;
	rest = count_digits(ts + whole + 1);
	return rest && whole + 1 + rest <= SLACK_ID_MAX && !ts[whole + 1 + rest];
}

static const char *without_zeros(const char *digits)
{
	while (digits[0] == '0' && is_digit(digits[1]))
		digits++;
	return digits;
}

static int compare_bytes(const char *a, const char *b, size_t count)
{
	int order = count ? memcmp(a, b, count) : 0;

	return order < 0 ? -1 : order > 0;
}

/* Digits behind the point: what is missing in the shorter one is zeros. */
static int compare_fractions(const char *a, const char *b)
{
	size_t a_length = strlen(a), b_length = strlen(b), common = a_length < b_length ? a_length : b_length;
	int order = compare_bytes(a, b, common);

	if (order)
		return order;
	if (a[common + strspn(a + common, "0")])
		return 1;
	return b[common + strspn(b + common, "0")] ? -1 : 0;
}

int slack_ts_compare(const char *a, const char *b)
{
	size_t a_whole, b_whole;
	int order;

	a = without_zeros(a);
	b = without_zeros(b);
	a_whole = strcspn(a, ".");
	b_whole = strcspn(b, ".");
	if (a_whole != b_whole)
		return a_whole < b_whole ? -1 : 1;
	order = compare_bytes(a, b, a_whole);
	return order ? order : compare_fractions(a + a_whole + 1, b + b_whole + 1);
}

long long slack_ts_ms(const char *ts)
{
	const char *at = without_zeros(ts);
	long long ms = 0;

	if (strcspn(at, ".") > SLACK_TS_WHOLE_MAX)
		return SLACK_TS_MS_MAX;
	for (; *at != '.'; at++)
		ms = ms * 10 + (*at - '0');
	for (int i = 0; i < 3; i++) {
		if (at[0] && at[1])
			at++;
		else
			at = "";
		ms = ms * 10 + (*at ? *at - '0' : 0);
	}
	return ms;
}

/* "A/B" or "A/B/C"; these are made several times for each event. */
static char *join(const char *a, const char *b, const char *c)
{
	size_t a_length = strlen(a), b_length = strlen(b), c_length = c ? strlen(c) + 1 : 0;
	char *text = mem_realloc(NULL, a_length + 1 + b_length + c_length + 1), *end = text + a_length + 1 + b_length;

	memcpy(text, a, a_length);
	text[a_length] = '/';
	memcpy(text + a_length + 1, b, b_length + 1);
	if (c) {
		*end = '/';
		memcpy(end + 1, c, c_length);
	}
	return text;
}

char *slack_address(const char *team, const char *id)
{
	return join(team, id, NULL);
}

char *slack_thread_place(const char *team, const char *channel, const char *ts)
{
	return join(team, channel, ts);
}

/* The part up to the next '/', or the end; NULL: it is too long. */
static const char *take_part(char part[SLACK_ID_MAX + 1], const char *text)
{
	size_t length = strcspn(text, "/");

	if (length > SLACK_ID_MAX)
		return NULL;
	memcpy(part, text, length);
	part[length] = '\0';
	return text + length;
}

bool slack_address_read(struct slack_address *out, const char *text)
{
	const char *at = take_part(out->team, text);

	out->thread[0] = '\0';
	if (!at || *at != '/' || !slack_is_id(out->team))
		return false;
	at = take_part(out->id, at + 1);
	if (!at || !slack_is_id(out->id))
		return false;
	if (!*at)
		return true;
	at = take_part(out->thread, at + 1);
	return at && !*at && slack_is_ts(out->thread);
}
