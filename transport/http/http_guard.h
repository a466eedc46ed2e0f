/* SPDX-License-Identifier: MIT */
/* Where a URL that a stranger gave may lead (http_client.h, `foreign`). */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

/*
 * An address of the public internet, by the special-purpose registries of IANA (RFC 6890): IPv4, and IPv6 of 2000::/3.
 * IPv4 inside of IPv6 counts as what it is where it is connected to as such (::ffff:0:0/96, and 64:ff9b::/96 of RFC
 * 6052); 6to4 and Teredo are refused as a whole.
 */
bool http_guard_is_public(const struct sockaddr *address);
/* Whether one of this machine's interfaces has it now. True also if that cannot be found out. */
bool http_guard_is_own(const struct sockaddr *address);
/* 80, 443, and from 1024 up. */
bool http_guard_is_port(const struct sockaddr *address);
/* All of it: public, not our own, a port for it. `context` is not used. */
bool http_guard_allows(void *context, const struct sockaddr *address);
/* 127.0.0.0/8, ::1, and the former as ::ffff:127.0.0.0/104. */
bool http_guard_is_loopback(const struct sockaddr *address);
