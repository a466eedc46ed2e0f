/* SPDX-License-Identifier: MIT */
#include "transport/http/http_url.h"

#include <string.h>
#include <sys/socket.h>

#include <curl/curl.h>
#include <uv.h>

static bool is_loopback_host(const char *host)
{
	unsigned char bytes[4];

	return !strcmp(host, "localhost") || !strcmp(host, "[::1]") || !strcmp(host, "::1") ||
	       (uv_inet_pton(AF_INET, host, bytes) == 0 && bytes[0] == 127);
}

/* curl takes one slash, and three or more, for two. */
static bool has_authority(const char *url)
{
	const char *colon = strchr(url, ':');

	return colon && !strncmp(colon, "://", 3) && colon[3] && colon[3] != '/';
}

bool http_url_is(const char *url, const char *scheme, bool *loopback)
{
	CURLU *parts = curl_url();
	char *found = NULL, *host = NULL;
	bool good = parts && has_authority(url) &&
		    curl_url_set(parts, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME | CURLU_DISALLOW_USER) == CURLUE_OK &&
		    curl_url_get(parts, CURLUPART_SCHEME, &found, 0) == CURLUE_OK &&
		    curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK && !strcmp(found, scheme);

	*loopback = good && is_loopback_host(host);
	curl_free(found);
	curl_free(host);
	curl_url_cleanup(parts);
	return good;
}

bool http_url_is_private(const char *url)
{
	bool loopback;

	return http_url_is(url, "https", &loopback) || (http_url_is(url, "http", &loopback) && loopback);
}
