/* SPDX-License-Identifier: MIT */
#include "transport/http/http_retry.h"

#include <curl/curl.h>
#include <string.h>
#include <time.h>

int64_t http_retry_after_ms(const char *value, int64_t now_ms)
{
	uint64_t seconds = 0;

	if (!value)
		return -1;
	if (*value && strspn(value, "0123456789") == strlen(value)) {
		for (const char *at = value; *at && seconds < INT32_MAX; at++)
			seconds = seconds * 10 + (uint64_t)(*at - '0');
		return (int64_t)(seconds < INT32_MAX ? seconds : INT32_MAX) * 1000;
	}
	/* any year that somebody has written down */
	time_t when = curl_getdate(value, NULL);

	if (when == -1)
		return -1;
	if (when / 1000 > now_ms / 1000000 + INT32_MAX / 1000)
		return (int64_t)INT32_MAX * 1000;
	return when > now_ms / 1000 ? (int64_t)when * 1000 - now_ms : 0;
}
