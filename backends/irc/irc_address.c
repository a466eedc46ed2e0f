/* SPDX-License-Identifier: MIT */
#include "backends/irc/irc_socket.h"

#include <netinet/in.h>
#include <string.h>

static bool in_network(uint32_t address, uint32_t network, int bits)
{
	return (address ^ network) >> (32 - bits) == 0;
}

static bool is_private4(uint32_t address)
{
	static const struct {
		uint32_t network;
		int bits;
	} networks[] = {
	        {0x00000000, 8},  {0x0a000000, 8},  {0x64400000, 10}, {0x7f000000, 8},
	        {0xa9fe0000, 16}, {0xac100000, 12}, {0xc0000000, 24}, {0xc0a80000, 16},
	        {0xc6120000, 15}, {0xe0000000, 4},  {0xf0000000, 4},
	};

	for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++)
		if (in_network(address, networks[i].network, networks[i].bits))
			return true;
	return false;
}

static uint32_t read_be32(const unsigned char *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static bool is_private6(const unsigned char *bytes)
{
	static const unsigned char zero[15];
	static const unsigned char nat64[12] = {0x00, 0x64, 0xff, 0x9b};

	if (memcmp(bytes, zero, 10) == 0 && bytes[10] == 0xff && bytes[11] == 0xff)
		return is_private4(read_be32(bytes + 12)); /* ::ffff:a.b.c.d */
	if (memcmp(bytes, nat64, sizeof(nat64)) == 0)
		return is_private4(read_be32(bytes + 12));
	if (memcmp(bytes, zero, 12) == 0)
		return true; /* ::, ::1 and the old IPv4 forms */
	if (bytes[0] == 0x20 && bytes[1] == 0x02)
		return is_private4(read_be32(bytes + 2)); /* 6to4 */
	if ((bytes[0] & 0xfe) == 0xfc)
		return true; /* unique local */
	if (bytes[0] == 0xfe && (bytes[1] & 0xc0) >= 0x80)
		return true; /* link-local, and site-local of old */
	return bytes[0] == 0xff;
}

bool irc_address_is_private(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)address;

		return is_private4(ntohl(in->sin_addr.s_addr));
	}
	if (address->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)(const void *)address;

		return is_private6(in->sin6_addr.s6_addr);
	}
	return true;
}
