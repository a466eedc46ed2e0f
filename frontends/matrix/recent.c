/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/recent.h"

#include <string.h>

#include "base/text.h"
#include "config/limits.h"

#define TEXT_BYTES 200 /* a quotation shows no more */

static void free_one(void *value)
{
	struct recent *recent = value;

	if (!recent)
		return;
	mem_free(recent->sender);
	mem_free(recent->author);
	mem_free(recent->text);
	mem_free(recent->reacts_to);
	mem_free(recent);
}

void recent_note(struct matrix_frontend *frontend, const char *event_id, const struct recent *what)
{
	struct recent *recent = MEM_NEW(struct recent);
	struct map_iter it = {0};

	if (map_count(frontend->recent) >= LIMIT_MATRIX_RECENT && map_next(frontend->recent, &it))
		free_one(map_remove(frontend->recent, it.key));
	recent->sender = mem_strdup(what->sender);
	recent->author = mem_strdup(what->author);
	recent->text = mem_strndup(what->text, text_cut(what->text, strlen(what->text), TEXT_BYTES));
	recent->reacts_to = mem_strdup(what->reacts_to);
	free_one(map_set(&frontend->recent, event_id, recent));
}

const struct recent *recent_find(const struct matrix_frontend *frontend, const char *event_id)
{
	return event_id ? map_get(frontend->recent, event_id) : NULL;
}

void recent_free(struct matrix_frontend *frontend)
{
	map_destroy(&frontend->recent, free_one);
}
