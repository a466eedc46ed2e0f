/* SPDX-License-Identifier: MIT */
/* BACKEND_CONFIG: said twice it is the same; what comes later takes nothing back that was said. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "config/config.h"
#include "transport/backend_features.h"
#include "transport/transport.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config *config;
	static struct transport transport;
	const char *text = (const char *)data;
	size_t half = size > 0 ? data[0] % size : 0;

	if (!config)
		config = config_create();
	log_threshold = LOG_LEVEL_ERROR;
	memset(&transport, 0, sizeof(transport));
	transport.config = config;
	features_init(&transport);
	features_merge(&transport, text, half);
	struct backend_features first = transport.features;
	unsigned said = transport.features_said;
	features_merge(&transport, text, half);
	if (transport.features_said != said || memcmp(&first, &transport.features, sizeof(first)) != 0)
		abort();
	features_merge(&transport, text + half, size - half);
	if ((transport.features_said & said) != said || !transport.features.known)
		abort();
	said = transport.features_said;
	first = transport.features;
	features_merge(&transport, text, size);
	if (transport.features_said == said && memcmp(&first, &transport.features, sizeof(first)) != 0)
		abort();
	return 0;
}
