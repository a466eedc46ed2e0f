/* SPDX-License-Identifier: MIT */
/*
 * What the instance tells of itself to Prometheus (docs/metrics.md has the names), at GET /metrics of
 * metrics.host and metrics.port. Modules register figures of their own in transport->metrics, at any time:
 *
 *     metrics_gauge(transport->metrics, "libtransport_spool_bytes", NULL, "Size of the spool.", spool_bytes,
 * spool);
 *
 * and the page in docs/metrics.md gets a line: a test compares the two.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"

struct transport;

/* The keys, once the configuration is loaded; false, and a sentence. */
bool instance_metrics_check(const struct transport *transport, struct buf *error);
/* Registers the core's figures. With metrics.port it listens and switches the measuring of latencies on; else
 * nothing else happens. 0, or an error with a sentence. After the store was opened. */
int instance_metrics_open(struct transport *transport, struct buf *error);
