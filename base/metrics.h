/* SPDX-License-Identifier: MIT */
/*
 * Figures of a running program, as text in Prometheus' exposition format 0.0.4. What is counted is a plain
 * uint64_t of the module that counts; registering it takes one call, and nothing is computed before somebody
 * asks:
 *
 *     metrics_counter(metrics, "libtransport_spool_records_total", NULL, "Records written.",
 * &spool->written); metrics_gauge(metrics, "libtransport_spool_bytes", NULL, "Size of the spool.",
 * spool_bytes, spool);
 *
 * Names and labels follow https://prometheus.io/docs/practices/naming: counters end in _total, units are
 * seconds and bytes. Metrics of one name stand together in the text, in the order of the first; their type
 * and help are the first one's. Names, labels and help are literals: they are neither copied nor escaped. One
 * thread.
 */
#pragma once

#include <stdint.h>

#include "base/buf.h"

struct metrics;

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/* Durations, counted by upper bounds from 10 microseconds to 10 seconds. Zero-initialised is valid and empty.
 */
#define HISTOGRAM_BOUNDS 19
struct histogram {
	uint64_t counts[HISTOGRAM_BOUNDS +
	                1]; /* each on its own, not summed up; the last is of those beyond all bounds */
	uint64_t sum_ns;
};
void histogram_add(struct histogram *histogram, uint64_t ns, uint64_t times);
uint64_t histogram_count(const struct histogram *histogram);

struct metrics *metrics_create(void);
void metrics_destroy(struct metrics **metrics);

/* `labels` is what stands between the braces, `step="write"`, or NULL. What is pointed to must stay until
 * metrics_forget. */
void metrics_counter(struct metrics *metrics, const char *name, const char *labels, const char *help,
                     const uint64_t *value);
void metrics_gauge(struct metrics *metrics, const char *name, const char *labels, const char *help,
                   double (*read)(void *context), void *context);
void metrics_histogram(struct metrics *metrics, const char *name, const char *labels, const char *help,
                       const struct histogram *histogram);
/* Metrics that come and go: `write` calls metrics_sample for each one there is now. */
void metrics_family(struct metrics *metrics, const char *name, enum metric_type type, const char *help,
                    void (*write)(void *context, struct buf *out, const char *name), void *context);
void metrics_sample(struct buf *out, const char *name, const char *labels, double value);
/* Of what comes and goes there may be thousands, each under a name of its own: so many samples, of those that come
 * first, and one of the sum of the others, whose label says "others". `label` is the label's name. */
struct metrics_series {
	struct buf *out;
	const char *name, *label;
	unsigned left; /* samples that may still be written */
	double others;
	bool more; /* there are others */
};
void metrics_series_add(struct metrics_series *series, int64_t id, double value);
void metrics_series_end(struct metrics_series *series);
/* All that read from this value, histogram or context. */
void metrics_forget(struct metrics *metrics, const void *source);

void metrics_write(const struct metrics *metrics, struct buf *out);
