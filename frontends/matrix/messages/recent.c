/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/messages/recent.h"

#include <string.h>

#include "base/pool.h"
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

static size_t size_with(size_t texts)
{
	return sizeof(struct recent) + texts + 5; /* and their ends */
}

static void drop(struct pool *pool, struct recent *recent)
{
	if (recent)
		pool_free(pool, recent,
		          size_with(length_of(recent->room) + length_of(recent->sender) + length_of(recent->author) +
		                    length_of(recent->text) + length_of(recent->reacts_to)));
}

/* In one piece: there are many of them. */
static struct recent *keep(struct pool *pool, const struct recent *what)
{
	size_t room = length_of(what->room), sender = length_of(what->sender), author = length_of(what->author),
	       reacts_to = length_of(what->reacts_to), text = text_cut(what->text, strlen(what->text), TEXT_BYTES);
	struct recent *recent = pool_alloc(pool, size_with(room + sender + author + reacts_to + text));
	char *place = (char *)(recent + 1);

	recent->room = put(&place, what->room, room);
	recent->sender = put(&place, what->sender, sender);
	recent->author = put(&place, what->author, author);
	recent->text = put(&place, what->text, text);
	recent->reacts_to = put(&place, what->reacts_to, reacts_to);
	return recent;
}

void recent_note(struct matrix_frontend *frontend, const char *event_id, const struct recent *what)
{
	struct pool *pool = frontend->base.transport->pool;
	struct map_iter it = {0};

	if (!frontend->recent)
		frontend->recent = map_create_in(pool);
	if (map_count(frontend->recent) >= LIMIT_MATRIX_RECENT && map_next(frontend->recent, &it))
		drop(pool, map_remove(frontend->recent, it.key));
	drop(pool, map_put(frontend->recent, event_id, keep(pool, what)));
}

const struct recent *recent_find(const struct matrix_frontend *frontend, const char *room, const char *event_id)
{
	const struct recent *recent = event_id ? map_get(frontend->recent, event_id) : NULL;

	return recent && !strcmp(recent->room, room) ? recent : NULL;
}

void recent_free(struct matrix_frontend *frontend)
{
	struct map_iter it = {0};

	while (map_next(frontend->recent, &it))
		drop(frontend->base.transport->pool, it.value);
	map_destroy(&frontend->recent, NULL);
}
