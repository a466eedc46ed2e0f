/* SPDX-License-Identifier: MIT */
#include "base/metrics.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/list.h"
#include "base/mem.h"

#define NS_PER_S 1e9

static const uint64_t bounds_us[HISTOGRAM_BOUNDS] = {
        10,    25,    50,     100,    250,    500,     1000,    2500,    5000,    10000,
        25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000};

struct metric {
	struct list link;
	const char *labels;
	const void *source;
	double (*read)(void *context);
	void (*write)(void *context, struct buf *out, const char *name);
};

struct family {
	struct list link;
	const char *name, *help;
	enum metric_type type;
	struct list members; /* struct metric */
};

struct metrics {
	struct list families;
};

void histogram_add(struct histogram *histogram, uint64_t ns, uint64_t times)
{
	unsigned i = 0;

	while (i < HISTOGRAM_BOUNDS && ns > bounds_us[i] * 1000)
		i++;
	histogram->counts[i] += times;
	histogram->sum_ns += ns * times;
}

uint64_t histogram_count(const struct histogram *histogram)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i <= HISTOGRAM_BOUNDS; i++)
		sum += histogram->counts[i];
	return sum;
}

struct metrics *metrics_create(void)
{
	struct metrics *metrics = MEM_NEW(struct metrics);

	list_init(&metrics->families);
	return metrics;
}

static void free_family(struct family *family)
{
	LIST_EACH(link, &family->members)
	mem_free(CONTAINER_OF(link, struct metric, link));
	list_remove(&family->link);
	mem_free(family);
}

void metrics_destroy(struct metrics **metrics)
{
	if (!*metrics)
		return;
	LIST_EACH(link, &(*metrics)->families)
	free_family(CONTAINER_OF(link, struct family, link));
	MEM_FREE(*metrics);
}

static struct family *find_family(struct metrics *metrics, const char *name, enum metric_type type,
                                  const char *help)
{
	LIST_EACH(link, &metrics->families)
	{
		struct family *family = CONTAINER_OF(link, struct family, link);

		if (!strcmp(family->name, name))
			return family;
	}
	struct family *family = MEM_NEW(struct family);

	family->name = name;
	family->type = type;
	family->help = help;
	list_init(&family->members);
	list_append(&metrics->families, &family->link);
	return family;
}

static struct metric *add(struct metrics *metrics, const char *name, enum metric_type type,
                          const char *labels, const char *help, const void *source)
{
	struct metric *metric = MEM_NEW(struct metric);

	metric->labels = labels;
	metric->source = source;
	list_append(&find_family(metrics, name, type, help)->members, &metric->link);
	return metric;
}

void metrics_counter(struct metrics *metrics, const char *name, const char *labels, const char *help,
                     const uint64_t *value)
{
	add(metrics, name, METRIC_COUNTER, labels, help, value);
}

void metrics_gauge(struct metrics *metrics, const char *name, const char *labels, const char *help,
                   double (*read)(void *context), void *context)
{
	add(metrics, name, METRIC_GAUGE, labels, help, context)->read = read;
}

void metrics_histogram(struct metrics *metrics, const char *name, const char *labels, const char *help,
                       const struct histogram *histogram)
{
	add(metrics, name, METRIC_HISTOGRAM, labels, help, histogram);
}

void metrics_family(struct metrics *metrics, const char *name, enum metric_type type, const char *help,
                    void (*write)(void *context, struct buf *out, const char *name), void *context)
{
	add(metrics, name, type, NULL, help, context)->write = write;
}

void metrics_forget(struct metrics *metrics, const void *source)
{
	LIST_EACH(link, &metrics->families)
	{
		struct family *family = CONTAINER_OF(link, struct family, link);

		LIST_EACH(inner, &family->members)
		{
			struct metric *metric = CONTAINER_OF(inner, struct metric, link);

			if (metric->source != source)
				continue;
			list_remove(&metric->link);
			mem_free(metric);
		}
		if (list_empty(&family->members))
			free_family(family);
	}
}

/* ---- text ---- */

static void write_name(struct buf *out, const char *name, const char *labels)
{
	buf_puts(out, name);
	if (labels)
		buf_printf(out, "{%s}", labels);
	buf_putc(out, ' ');
}

static void write_number(struct buf *out, double value)
{
	if (isnan(value))
		buf_puts(out, "NaN");
	else if (isinf(value))
		buf_puts(out, value > 0 ? "+Inf" : "-Inf");
	else
		buf_printf(out, "%.15g", value);
	buf_putc(out, '\n');
}

void metrics_sample(struct buf *out, const char *name, const char *labels, double value)
{
	write_name(out, name, labels);
	write_number(out, value);
}

void metrics_series_add(struct metrics_series *series, int64_t id, double value)
{
	char label[64];

	if (!series->left) {
		series->others += value;
		series->more = true;
		return;
	}
	series->left--;
	snprintf(label, sizeof(label), "%s=\"%" PRId64 "\"", series->label, id);
	metrics_sample(series->out, series->name, label, value);
}

void metrics_series_end(struct metrics_series *series)
{
	char label[64];

	snprintf(label, sizeof(label), "%s=\"others\"", series->label);
	if (series->more)
		metrics_sample(series->out, series->name, label, series->others);
}

static void write_histogram(struct buf *out, const char *name, const char *labels,
                            const struct histogram *histogram)
{
	const char *more = labels ? labels : "", *comma = labels ? "," : "";
	uint64_t sum = 0;

	for (unsigned i = 0; i < HISTOGRAM_BOUNDS; i++) {
		sum += histogram->counts[i];
		buf_printf(out, "%s_bucket{%s%sle=\"%g\"} %" PRIu64 "\n", name, more, comma,
		           (double)bounds_us[i] / 1e6, sum);
	}
	sum += histogram->counts[HISTOGRAM_BOUNDS];
	buf_printf(out, "%s_bucket{%s%sle=\"+Inf\"} %" PRIu64 "\n", name, more, comma, sum);
	buf_printf(out, "%s_sum%s%s%s ", name, labels ? "{" : "", more, labels ? "}" : "");
	write_number(out, (double)histogram->sum_ns / NS_PER_S);
	buf_printf(out, "%s_count%s%s%s %" PRIu64 "\n", name, labels ? "{" : "", more, labels ? "}" : "",
	           sum);
}

static void write_metric(struct buf *out, const struct family *family, const struct metric *metric)
{
	/* Contexts are the caller's; only what is read here is const. */
	void *context = (void *)metric->source;

	if (metric->write) {
		metric->write(context, out, family->name);
	} else if (metric->read) {
		metrics_sample(out, family->name, metric->labels, metric->read(context));
	} else if (family->type == METRIC_HISTOGRAM) {
		write_histogram(out, family->name, metric->labels, metric->source);
	} else {
		write_name(out, family->name, metric->labels);
		buf_printf(out, "%" PRIu64 "\n", *(const uint64_t *)metric->source);
	}
}

void metrics_write(const struct metrics *metrics, struct buf *out)
{
	static const char *const types[] = {
	        [METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_HISTOGRAM] = "histogram"};

	LIST_EACH(link, (struct list *)&metrics->families)
	{
		const struct family *family = CONTAINER_OF(link, struct family, link);

		buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", family->name, family->help, family->name,
		           types[family->type]);
		LIST_EACH(inner, (struct list *)&family->members)
		write_metric(out, family, CONTAINER_OF(inner, struct metric, link));
	}
}
