/* SPDX-License-Identifier: MIT */
#include "frontends/xmpp/stream/c2s_guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "config/limits.h"

struct c2s_guard {
	struct map *peers; /* name -> struct failures */
};

struct failures {
	unsigned count;
	uint64_t since_ms;
};

struct c2s_guard *c2s_guard_create(void)
{
	struct c2s_guard *guard = MEM_NEW(struct c2s_guard);

	guard->peers = map_create();
	return guard;
}

void c2s_guard_destroy(struct c2s_guard **guard)
{
	if (!*guard)
		return;
	map_destroy(&(*guard)->peers, mem_free);
	MEM_FREE(*guard);
}

static bool is_old(const struct failures *failures, uint64_t now_ms)
{
	return now_ms - failures->since_ms > LIMIT_C2S_FAILURE_SECONDS * UINT64_C(1000);
}

/* The map iterates in order of insertion: the first is the oldest. */
static void make_room(struct c2s_guard *guard)
{
	struct map_iter it = {0};

	if (map_count(guard->peers) >= LIMIT_C2S_FAILURE_ADDRESSES && map_next(guard->peers, &it))
		mem_free(map_remove(guard->peers, it.key));
}

uint64_t c2s_guard_failed(struct c2s_guard *guard, const char *peer, uint64_t now_ms)
{
	struct failures *failures = map_get(guard->peers, peer);
	unsigned seconds;

	if (failures && is_old(failures, now_ms)) {
		mem_free(map_remove(guard->peers, peer));
		failures = NULL;
	}
	if (!failures) {
		make_room(guard);
		failures = MEM_NEW(struct failures);
		failures->since_ms = now_ms;
		map_put(guard->peers, peer, failures);
	}
	failures->count++;
	seconds = failures->count < LIMIT_C2S_DELAY_SECONDS ? failures->count : LIMIT_C2S_DELAY_SECONDS;
	return seconds * UINT64_C(1000);
}

bool c2s_guard_blocks(const struct c2s_guard *guard, const char *peer, uint64_t now_ms)
{
	const struct failures *failures = map_get(guard->peers, peer);

	return failures && !is_old(failures, now_ms) && failures->count >= LIMIT_C2S_FAILURES_PER_ADDRESS;
}

static const uint8_t *mapped_ipv4(const struct sockaddr *address)
{
	const struct sockaddr_in6 *in6 = (const void *)address;

	if (address->sa_family == AF_INET)
		return (const uint8_t *)&((const struct sockaddr_in *)(const void *)address)->sin_addr;
	if (address->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
		return in6->sin6_addr.s6_addr + 12;
	return NULL;
}

void c2s_guard_name(const struct sockaddr *address, char out[64])
{
	const uint8_t *ipv4 = mapped_ipv4(address);
	struct in6_addr prefix;
	char text[INET6_ADDRSTRLEN];

	snprintf(out, 64, "unknown");
	if (ipv4) {
		snprintf(out, 64, "%u.%u.%u.%u", ipv4[0], ipv4[1], ipv4[2], ipv4[3]);
	} else if (address->sa_family == AF_INET6) {
		prefix = ((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
		memset(prefix.s6_addr + 8, 0, 8);
		if (inet_ntop(AF_INET6, &prefix, text, sizeof(text)))
			snprintf(out, 64, "%s/64", text);
	}
}

bool c2s_guard_is_loopback(const struct sockaddr *address)
{
	const uint8_t *ipv4 = mapped_ipv4(address);

	if (ipv4)
		return ipv4[0] == 127;
	return address->sa_family == AF_INET6 &&
	       IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
}
