/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/metrics.h"

static void expect(struct metrics *metrics, const char *text)
{
	struct buf out = {0};

	metrics_write(metrics, &out);
	assert_string_equal(buf_text(&out), text);
	buf_finish(&out);
}

static double read_half(void *context)
{
	return *(const double *)context / 2;
}

static void write_two(void *context, struct buf *out, const char *name)
{
	(void)context;
	metrics_sample(out, name, "backend=\"1\"", 3);
	metrics_sample(out, name, "backend=\"2\"", 1e9);
}

static void writes_text(void **state)
{
	struct metrics *metrics = metrics_create();
	uint64_t first = 1, second = UINT64_MAX;
	double size = 5;

	(void)state;
	expect(metrics, "");
	metrics_counter(metrics, "a_total", "way=\"in\"", "How many.", &first);
	metrics_gauge(metrics, "b_bytes", NULL, "How large.", read_half, &size);
	metrics_counter(metrics, "a_total", "way=\"out\"", NULL, &second);
	metrics_family(metrics, "c", METRIC_GAUGE, "Those there are.", write_two, metrics);
	expect(metrics, "# HELP a_total How many.\n# TYPE a_total counter\n"
	                "a_total{way=\"in\"} 1\na_total{way=\"out\"} 18446744073709551615\n"
	                "# HELP b_bytes How large.\n# TYPE b_bytes gauge\nb_bytes 2.5\n"
	                "# HELP c Those there are.\n# TYPE c gauge\nc{backend=\"1\"} 3\nc{backend=\"2\"} "
	                "1000000000\n");
	first = 7;
	metrics_forget(metrics, &second);
	metrics_forget(metrics, metrics);
	metrics_forget(metrics, &size);
	expect(metrics, "# HELP a_total How many.\n# TYPE a_total counter\na_total{way=\"in\"} 7\n");
	metrics_destroy(&metrics);
	assert_null(metrics);
	metrics_destroy(&metrics);
}

static void writes_numbers_that_are_none(void **state)
{
	struct buf out = {0};

	(void)state;
	metrics_sample(&out, "x", NULL, NAN);
	metrics_sample(&out, "x", NULL, INFINITY);
	metrics_sample(&out, "x", NULL, -INFINITY);
	assert_string_equal(buf_text(&out), "x NaN\nx +Inf\nx -Inf\n");
	buf_finish(&out);
}

static void sums_up_what_is_too_much(void **state)
{
	struct buf out = {0};
	struct metrics_series series = {.out = &out, .name = "x", .label = "backend", .left = 2};

	(void)state;
	metrics_series_add(&series, 9, 1);
	metrics_series_add(&series, 8, 2);
	metrics_series_end(&series);
	assert_string_equal(buf_text(&out), "x{backend=\"9\"} 1\nx{backend=\"8\"} 2\n");
	buf_clear(&out);
	metrics_series_add(&series, 7, 4);
	metrics_series_add(&series, 6, 8);
	metrics_series_end(&series);
	assert_string_equal(buf_text(&out), "x{backend=\"others\"} 12\n");
	buf_finish(&out);
}

static void counts_durations(void **state)
{
	struct metrics *metrics = metrics_create();
	struct histogram histogram = {0};
	struct buf out = {0};

	(void)state;
	histogram_add(&histogram, 0, 1);
	histogram_add(&histogram, 10000, 1);
	histogram_add(&histogram, 10001, 2);
	histogram_add(&histogram, 10000000000, 1);
	histogram_add(&histogram, 10000000001, 1);
	assert_int_equal(histogram_count(&histogram), 6);
	metrics_histogram(metrics, "h_seconds", "step=\"a\"", "Time.", &histogram);
	metrics_write(metrics, &out);
	const char *text = buf_text(&out);

	assert_non_null(strstr(text, "# TYPE h_seconds histogram\n"));
	assert_non_null(strstr(text, "\nh_seconds_bucket{step=\"a\",le=\"1e-05\"} 2\n"));
	assert_non_null(strstr(text, "\nh_seconds_bucket{step=\"a\",le=\"2.5e-05\"} 4\n"));
	assert_non_null(strstr(text, "\nh_seconds_bucket{step=\"a\",le=\"5\"} 4\n"));
	assert_non_null(strstr(text, "\nh_seconds_bucket{step=\"a\",le=\"10\"} 5\n"));
	assert_non_null(strstr(text, "\nh_seconds_bucket{step=\"a\",le=\"+Inf\"} 6\n"));
	assert_non_null(strstr(text, "\nh_seconds_sum{step=\"a\"} 20.000030003\n"));
	assert_non_null(strstr(text, "\nh_seconds_count{step=\"a\"} 6\n"));
	buf_finish(&out);
	metrics_destroy(&metrics);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(writes_text),
	        cmocka_unit_test(writes_numbers_that_are_none),
	        cmocka_unit_test(sums_up_what_is_too_much),
	        cmocka_unit_test(counts_durations),
	};

	return cmocka_run_group_tests_name("base: metrics", tests, NULL, NULL);
}
