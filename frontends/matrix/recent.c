/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/recent.h"

#include <string.h>

#include "base/text.h"
#include "config/limits.h"

#define TEXT_BYTES 200 /* a quotation shows no more */

/* A copy in `place`, which moves on; NULL stays NULL. */
static const char *put(char **place, const char *text, size_t length)
{
	char *copy = *place;

	if (!text)
		return NULL;
	memcpy(copy, text, length);
	copy[length] = '\0';
	*place += length + 1;
	return copy;
}

static size_t length_of(const char *text)
{
	return text ? strlen(text) : 0;
}

/* In one piece: there are many of them. */
static struct recent *keep(const struct recent *what)
{
	size_t sender = length_of(what->sender), author = length_of(what->author), reacts_to = length_of(what->reacts_to),
	       text = text_cut(what->text, strlen(what->text), TEXT_BYTES);
	struct recent *recent = mem_alloc(sizeof(*recent) + sender + author + reacts_to + text + 4);
	char *place = (char *)(recent + 1);

	recent->sender = put(&place, what->sender, sender);
	recent->author = put(&place, what->author, author);
	recent->text = put(&place, what->text, text);
	recent->reacts_to = put(&place, what->reacts_to, reacts_to);
	return recent;
}

void recent_note(struct matrix_frontend *frontend, const char *event_id, const struct recent *what)
{
	struct map_iter it = {0};

	if (map_count(frontend->recent) >= LIMIT_MATRIX_RECENT && map_next(frontend->recent, &it))
		mem_free(map_remove(frontend->recent, it.key));
	mem_free(map_set(&frontend->recent, event_id, keep(what)));
}

const struct recent *recent_find(const struct matrix_frontend *frontend, const char *event_id)
{
	return event_id ? map_get(frontend->recent, event_id) : NULL;
}

void recent_free(struct matrix_frontend *frontend)
{
	map_destroy(&frontend->recent, mem_free);
}
