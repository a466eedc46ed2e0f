/* SPDX-License-Identifier: MIT */
/* Any bytes: what was read is written as JSON that reads as the same; all texts are clean; depth is bounded. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text)
{
	if (text && !text_is_clean(text, strlen(text), TEXT_LINES))
		abort();
}

static void walk(const struct cJSON *value, size_t depth, struct arena *arena)
{
	if (depth > JSON_DEPTH_MAX + 1)
		abort();
	check_text(json_text(value, NULL, arena));
	if (json_number(value, NULL, 0) > INT64_C(1) << 53)
		abort();
	for (const struct cJSON *item = json_first(value); item; item = json_next(item)) {
		const char *name = json_name(item, arena);

		check_text(name);
		if (json_is_object(value) != (name != NULL))
			abort();
		walk(item, depth + 1, arena);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cJSON *document = json_read((const char *)data, size), *again;
	struct buf once = {0}, twice = {0};
	struct arena arena = {0};

	if (document) {
		walk(document, 0, &arena);
		json_put(&once, document);
		if (!text_is_utf8(once.data, once.len))
			abort();
		again = json_read(once.data, once.len);
		if (!again)
			abort();
		json_put(&twice, again);
		if (strcmp(once.data, twice.data) != 0)
			abort();
		json_free(&again);
	}
	json_free(&document);
	arena_finish(&arena);
	buf_finish(&once);
	buf_finish(&twice);
	return 0;
}
