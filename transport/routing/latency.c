/* SPDX-License-Identifier: MIT */
#include "transport/routing/latency.h"

#include <uv.h>

bool latency_on;
uint64_t latency_input_ns;

static struct histogram histograms[LATENCY_STEPS];

uint64_t latency_now(void)
{
	return uv_hrtime();
}

void latency_record(enum latency_step step, uint64_t since_ns, uint64_t events)
{
	histogram_add(&histograms[step], latency_now() - since_ns, events);
}

const struct histogram *latency_histogram(enum latency_step step)
{
	return &histograms[step];
}

const char *latency_labels(enum latency_step step)
{
	static const char *const labels[LATENCY_STEPS] = {
	        [LATENCY_PERSON_TO_ROUTER] = "step=\"person_to_router\"",
	        [LATENCY_ROUTER_TO_BACKEND] = "step=\"router_to_backend\"",
	        [LATENCY_BACKEND_TO_ROUTER] = "step=\"backend_to_router\"",
	        [LATENCY_ROUTER_TO_PERSON] = "step=\"router_to_person\"",
	};

	return labels[step];
}
