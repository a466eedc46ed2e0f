/* SPDX-License-Identifier: MIT */
/*
 * Gateway mode: an XEP-0114 component of an XMPP server. Connects, authenticates, and reconnects for ever with
 * back-off (0.2 s doubling to 30 s, with jitter). Writes once a loop turn.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct component;
struct xmpp_frontend;

struct component *component_create(struct xmpp_frontend *frontend);
void component_start(struct component *component);
/* Sends </stream:stream>, closes; stopped is called when no handle is left. */
void component_stop(struct component *component, void (*stopped)(void *), void *context);
void component_destroy(struct component **component);
/* Queues whole stanzas. While the server is away nothing can be queued: false (the stanza is lost with a debug log). */
int component_send(struct component *component, const char *stanza, size_t length);
/* Like component_stop, for a process that another one follows: what the server has sent is handled to the end. */
void component_suspend(struct component *component, void (*stopped)(void *), void *context);
int component_is_connected(const struct component *component);
/* Bytes that the kernel has not taken yet, and since when (clock_ms) it takes none (0: it does). */
size_t component_queued(const struct component *component, uint64_t *since_ms);
/* Above the peer's high-water mark reading of this stream stops until it has drained. */
