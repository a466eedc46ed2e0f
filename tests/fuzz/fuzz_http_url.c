/* SPDX-License-Identifier: MIT */
/* A line that is a URL, and one that is a Retry-After: secrets go to nobody but an https URL or this machine, and a
 * wait is never negative or without end. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "transport/http/http_retry.h"
#include "transport/http/http_url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
	if (!good)
		abort();
}

static void check_url(const char *url)
{
	bool is_loopback = true, is_https_loopback = true;
	bool is_http = http_url_is(url, "http", &is_loopback), is_https = http_url_is(url, "https", &is_https_loopback);

	require(!(is_http && is_https));
	require(is_http || !is_loopback);
	require(is_https || !is_https_loopback);
	require(http_url_is_private(url) == (is_https || (is_http && is_loopback)));
	if (!is_http && !is_https)
		return;
	require(strncasecmp(url, is_http ? "http://" : "https://", is_http ? 7 : 8) == 0);
	/* no name of a user before the host, whatever comes later */
	size_t authority = strcspn(url + (is_http ? 7 : 8), "/?#");
	require(authority > 0 && !memchr(url + (is_http ? 7 : 8), '@', authority));
}

static void check_retry(const char *value)
{
	const int64_t now_ms = INT64_C(1798000000000);
	int64_t wait_ms = http_retry_after_ms(value, now_ms);

	require(wait_ms >= -1);
	if (*value && strspn(value, "0123456789") == strlen(value))
		require(wait_ms % 1000 == 0 && wait_ms >= 0 && wait_ms <= INT64_C(1000) * INT32_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = mem_strndup((const char *)data, size), *end = strchr(text, '\n');

	if (end)
		*end = '\0';
	check_url(text);
	check_retry(end ? end + 1 : text);
	mem_free(text);
	return 0;
}
