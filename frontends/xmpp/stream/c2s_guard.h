/* SPDX-License-Identifier: MIT */
/* Remembers failed logins by the client's address (IPv6: its /64), bounded, to slow guessing down. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct sockaddr;
struct c2s_guard;

struct c2s_guard *c2s_guard_create(void);
void c2s_guard_destroy(struct c2s_guard **guard);
/* Counts a failure; returns the milliseconds that the answer should be delayed. */
uint64_t c2s_guard_failed(struct c2s_guard *guard, const char *peer, uint64_t now_ms);
/* LIMIT_C2S_FAILURES_PER_ADDRESS was reached: the core is not asked for this peer now. */
bool c2s_guard_blocks(const struct c2s_guard *guard, const char *peer, uint64_t now_ms);
/* The name of a peer for the above. `out` holds 64 bytes. */
void c2s_guard_name(const struct sockaddr *address, char out[64]);
bool c2s_guard_is_loopback(const struct sockaddr *address);
