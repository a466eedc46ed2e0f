/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <string.h>
#include <time.h>

#define CLOCK_LAST_SECOND INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

uint64_t clock_ms(void)
{
	struct timespec now;
	uint64_t ms;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	return ms ? ms : 1;
}

int64_t clock_wall_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Takes exactly `count` digits from *text. */
static bool take_number(const char **text, int count, int *number)
{
	int value = 0;

	for (; count; count--, (*text)++) {
		if (**text < '0' || **text > '9')
			return false;
		value = value * 10 + (**text - '0');
	}
	*number = value;
	return true;
}

static bool take_char(const char **text, char c)
{
	if (**text != c)
		return false;
	(*text)++;
	return true;
}

static int days_of_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

/* Seconds since 1970 of parts that were read from text; false if there is no such moment. */
static bool seconds_of(struct tm *parts, int64_t *seconds)
{
	if (parts->tm_year < 1970 || parts->tm_mon < 1 || parts->tm_mon > 12 || parts->tm_mday < 1 ||
	    parts->tm_mday > days_of_month(parts->tm_year, parts->tm_mon))
		return false;
	/* 60 is a leap second: taken as the next minute's first. */
	if (parts->tm_hour > 23 || parts->tm_min > 59 || parts->tm_sec > 60)
		return false;
	parts->tm_year -= 1900;
	parts->tm_mon -= 1;
	*seconds = (int64_t)timegm(parts);
	return true;
}

static bool in_range(int64_t seconds)
{
	return seconds >= 0 && seconds <= CLOCK_LAST_SECOND;
}

static bool parse_epoch(const char *text, int64_t *wall_ms)
{
	size_t length = strlen(text);
	int64_t seconds = 0;

	if (length == 0 || length > 12 || strspn(text, "0123456789") != length)
		return false;
	for (; *text; text++)
		seconds = seconds * 10 + (*text - '0');
	if (!in_range(seconds))
		return false;
	*wall_ms = seconds * 1000;
	return true;
}

bool clock_parse_stamp(const char *text, int64_t *wall_ms)
{
	const char *at = text;
	struct tm parts = {0};
	int64_t seconds;

	if (!text)
		return false;
	if (!strchr(text, 'T'))
		return parse_epoch(text, wall_ms);
	if (!take_number(&at, 4, &parts.tm_year) || !take_number(&at, 2, &parts.tm_mon) ||
	    !take_number(&at, 2, &parts.tm_mday) || !take_char(&at, 'T') ||
	    !take_number(&at, 2, &parts.tm_hour) || !take_number(&at, 2, &parts.tm_min) ||
	    !take_number(&at, 2, &parts.tm_sec) || *at)
		return false;
	if (!seconds_of(&parts, &seconds) || !in_range(seconds))
		return false;
	*wall_ms = seconds * 1000;
	return true;
}

/* UTC parts; what cannot be written with four digits of a year becomes the nearest that can. */
static void split_time(int64_t wall_ms, struct tm *parts)
{
	time_t seconds = wall_ms > 0 ? (time_t)(wall_ms / 1000) : 0;

	if (seconds > CLOCK_LAST_SECOND)
		seconds = CLOCK_LAST_SECOND;
	gmtime_r(&seconds, parts);
}

static char *put_number(char *out, int value, int digits)
{
	int i;

	for (i = digits - 1; i >= 0; i--) {
		out[i] = (char)('0' + value % 10);
		value /= 10;
	}
	return out + digits;
}

void clock_format_stamp(int64_t wall_ms, char out[16])
{
	struct tm parts;

	split_time(wall_ms, &parts);
	out = put_number(out, parts.tm_year + 1900, 4);
	out = put_number(out, parts.tm_mon + 1, 2);
	out = put_number(out, parts.tm_mday, 2);
	*out++ = 'T';
	out = put_number(out, parts.tm_hour, 2);
	out = put_number(out, parts.tm_min, 2);
	out = put_number(out, parts.tm_sec, 2);
	*out = '\0';
}

void clock_format_xmpp(int64_t wall_ms, char out[32])
{
	struct tm parts;

	split_time(wall_ms, &parts);
	out = put_number(out, parts.tm_year + 1900, 4);
	*out++ = '-';
	out = put_number(out, parts.tm_mon + 1, 2);
	*out++ = '-';
	out = put_number(out, parts.tm_mday, 2);
	*out++ = 'T';
	out = put_number(out, parts.tm_hour, 2);
	*out++ = ':';
	out = put_number(out, parts.tm_min, 2);
	*out++ = ':';
	out = put_number(out, parts.tm_sec, 2);
	*out++ = 'Z';
	*out = '\0';
}

/* ".123" or nothing; what is finer than a millisecond is dropped. */
static bool take_fraction(const char **text, int *ms)
{
	int scale = 100;

	*ms = 0;
	if (!take_char(text, '.'))
		return true;
	if (**text < '0' || **text > '9')
		return false;
	for (; **text >= '0' && **text <= '9'; (*text)++) {
		*ms += (**text - '0') * scale;
		scale /= 10;
	}
	return true;
}

/* "Z" or "+hh:mm"; the offset in seconds east of UTC. */
static bool take_zone(const char **text, int *offset)
{
	int sign, hours, minutes;

	*offset = 0;
	if (take_char(text, 'Z'))
		return true;
	if (**text != '+' && **text != '-')
		return false;
	sign = **text == '-' ? -1 : 1;
	(*text)++;
	if (!take_number(text, 2, &hours) || !take_char(text, ':') || !take_number(text, 2, &minutes))
		return false;
	if (hours > 23 || minutes > 59)
		return false;
	*offset = sign * (hours * 3600 + minutes * 60);
	return true;
}

bool clock_parse_xmpp(const char *text, int64_t *wall_ms)
{
	const char *at = text;
	struct tm parts = {0};
	int64_t seconds;
	int ms, offset;

	if (!text)
		return false;
	if (!take_number(&at, 4, &parts.tm_year) || !take_char(&at, '-') ||
	    !take_number(&at, 2, &parts.tm_mon) || !take_char(&at, '-') ||
	    !take_number(&at, 2, &parts.tm_mday) || !take_char(&at, 'T') ||
	    !take_number(&at, 2, &parts.tm_hour) || !take_char(&at, ':') ||
	    !take_number(&at, 2, &parts.tm_min) || !take_char(&at, ':') ||
	    !take_number(&at, 2, &parts.tm_sec))
		return false;
	if (!take_fraction(&at, &ms) || !take_zone(&at, &offset) || *at)
		return false;
	if (!seconds_of(&parts, &seconds))
		return false;
	seconds -= offset;
	if (!in_range(seconds))
		return false;
	*wall_ms = seconds * 1000 + ms;
	return true;
}
