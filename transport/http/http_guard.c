/* SPDX-License-Identifier: MIT */
#include "transport/http/http_guard.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"

struct prefix4 {
	uint32_t network;
	unsigned bits;
};

struct prefix6 {
	unsigned char network[16];
	unsigned bits;
};

#define IPV4(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

static const struct prefix4 special4[] = {
	{IPV4(0, 0, 0, 0), 8},       /* this host, this network */
	{IPV4(10, 0, 0, 0), 8},      /* private */
	{IPV4(100, 64, 0, 0), 10},   /* between providers and their customers */
	{IPV4(127, 0, 0, 0), 8},     /* loopback */
	{IPV4(169, 254, 0, 0), 16},  /* link-local, and where clouds keep what a machine should know */
	{IPV4(172, 16, 0, 0), 12},   /* private */
	{IPV4(192, 0, 0, 0), 24},    /* protocol assignments */
	{IPV4(192, 0, 2, 0), 24},    /* documentation */
	{IPV4(192, 31, 196, 0), 24}, /* AS112 */
	{IPV4(192, 52, 193, 0), 24}, /* AMT */
	{IPV4(192, 88, 99, 0), 24},  /* 6to4 relays */
	{IPV4(192, 168, 0, 0), 16},  /* private */
	{IPV4(192, 175, 48, 0), 24}, /* AS112 */
	{IPV4(198, 18, 0, 0), 15},   /* benchmarks */
	{IPV4(198, 51, 100, 0), 24}, /* documentation */
	{IPV4(203, 0, 113, 0), 24},  /* documentation */
	{IPV4(224, 0, 0, 0), 4},     /* multicast */
	{IPV4(240, 0, 0, 0), 4},     /* reserved, broadcast */
};

static const struct prefix6 global6 = {{0x20}, 3};
static const struct prefix6 special6[] = {
	{{0x20, 0x01}, 23},                   /* protocol assignments: Teredo, benchmarks, ORCHID, AS112 */
	{{0x20, 0x01, 0x0d, 0xb8}, 32},       /* documentation */
	{{0x20, 0x02}, 16},                   /* 6to4 */
	{{0x26, 0x20, 0, 0x4f, 0x80, 0}, 48}, /* AS112 */
	{{0x3f, 0xff}, 20},                   /* documentation */
};

static const struct prefix6 mapped = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96};
static const struct prefix6 translated = {{0, 0x64, 0xff, 0x9b}, 96};

static bool in4(uint32_t address, const struct prefix4 *prefix)
{
	return !((address ^ prefix->network) >> (32 - prefix->bits));
}

static bool in6(const unsigned char *address, const struct prefix6 *prefix)
{
	unsigned bytes = prefix->bits / 8, rest = prefix->bits % 8;

	return !memcmp(address, prefix->network, bytes) &&
	       (!rest || !((address[bytes] ^ prefix->network[bytes]) >> (8 - rest)));
}

/* Whether IPv4 is what is connected to in the end. *v6: the address as it was given, if it was IPv6. */
static bool as_ipv4(const struct sockaddr *address, uint32_t *v4, const unsigned char **v6)
{
	*v6 = NULL;
	if (address->sa_family == AF_INET) {
		*v4 = ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr);
		return true;
	}
	if (address->sa_family != AF_INET6)
		return false;
	*v6 = ((const struct sockaddr_in6 *)(const void *)address)->sin6_addr.s6_addr;
	if (!in6(*v6, &mapped) && !in6(*v6, &translated))
		return false;
	*v4 = IPV4((*v6)[12], (*v6)[13], (*v6)[14], (*v6)[15]);
	return true;
}

static bool is_public4(uint32_t address)
{
	for (size_t i = 0; i < ARRAY_SIZE(special4); i++)
		if (in4(address, &special4[i]))
			return false;
	return true;
}

bool http_guard_is_public(const struct sockaddr *address)
{
	const unsigned char *v6;
	uint32_t v4;

	if (as_ipv4(address, &v4, &v6))
		return is_public4(v4);
	if (!v6 || !in6(v6, &global6))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(special6); i++)
		if (in6(v6, &special6[i]))
			return false;
	return true;
}

bool http_guard_is_loopback(const struct sockaddr *address)
{
	static const struct prefix4 loopback4 = {IPV4(127, 0, 0, 0), 8};
	const unsigned char *v6;
	uint32_t v4;

	if (as_ipv4(address, &v4, &v6) && (!v6 || in6(v6, &mapped)))
		return in4(v4, &loopback4);
	return v6 && !memcmp(v6, &in6addr_loopback, sizeof(in6addr_loopback));
}

static bool is_same(const struct sockaddr *a, const struct sockaddr *b)
{
	const unsigned char *a6, *b6;
	uint32_t a4 = 0, b4 = 0;
	bool a_is_4 = as_ipv4(a, &a4, &a6), b_is_4 = as_ipv4(b, &b4, &b6);

	if (a_is_4 || b_is_4)
		return a_is_4 && b_is_4 && a4 == b4;
	return a6 && b6 && !memcmp(a6, b6, sizeof(struct in6_addr));
}

bool http_guard_is_own(const struct sockaddr *address)
{
	struct ifaddrs *all;
	bool found = false;

	if (getifaddrs(&all) < 0)
		return true;
	for (const struct ifaddrs *each = all; each && !found; each = each->ifa_next)
		found = each->ifa_addr && is_same(each->ifa_addr, address);
	freeifaddrs(all);
	return found;
}

bool http_guard_is_port(const struct sockaddr *address)
{
	unsigned port = 0;

	if (address->sa_family == AF_INET)
		port = ntohs(((const struct sockaddr_in *)(const void *)address)->sin_port);
	else if (address->sa_family == AF_INET6)
		port = ntohs(((const struct sockaddr_in6 *)(const void *)address)->sin6_port);
	return port == 80 || port == 443 || port >= 1024;
}

bool http_guard_allows(void *context, const struct sockaddr *address)
{
	(void)context;
	return http_guard_is_port(address) && http_guard_is_public(address) && !http_guard_is_own(address);
}
