/* SPDX-License-Identifier: MIT */
/* What a URL says of where it leads, before anybody is asked (http_guard.h: the addresses that its host turns out to
 * have). */
#pragma once

#include <stdbool.h>

/* A URL of this scheme ("https") with a host and without a user's name (RFC 3986). `loopback`: whether its host is
 * written as one of this machine: localhost, 127.0.0.0/8, [::1]; false too if it is no such URL. */
bool http_url_is(const char *url, const char *scheme, bool *loopback);
/* Whether secrets may go there: https, or http on this machine. */
bool http_url_is_private(const char *url);
