/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/messages/reactions.h"

#include <string.h>

#include "base/text.h"
#include "config/limits.h"
#include "frontends/matrix/messages/event_map.h"

/* Places of the message map. TARGET's ids are "EVENT WHO", tied to lines "EVENT KEY" of STANDING; REACTION's are the
 * events of the lines, tied to ids of TARGET. */
#define TARGET "matrix reactions"
#define STANDING "matrix reactions stand"
#define REACTION "matrix reaction"
#define REACTION_OF "matrix reaction of"

static char *id_of(const char *target, const char *who)
{
	return mem_printf("%s %s", target, who);
}

/* The lines of `id`, cut up. */
static size_t lines_of(const struct matrix_frontend *frontend, const char *id, const char **keys, const char **events,
                       struct arena *arena)
{
	const char *standing = event_map_find(frontend, arena, TARGET, id, STANDING);
	char *rest = NULL, *copy = standing ? arena_strdup(arena, standing) : NULL;
	size_t count = 0;

	for (char *line = copy ? strtok_r(copy, "\n", &rest) : NULL; line && count < LIMIT_REACTIONS;
	     line = strtok_r(NULL, "\n", &rest)) {
		char *key = strchr(line, ' ');

		if (!key)
			continue;
		*key = '\0';
		if (events)
			events[count] = line;
		keys[count++] = key + 1;
	}
	return count;
}

static void keep(const struct matrix_frontend *frontend, const char *id, const char *const *keys,
                 const char *const *events, size_t count)
{
	struct buf lines = {0};

	for (size_t i = 0; i < count; i++)
		buf_printf(&lines, "%s%s %s", i ? "\n" : "", events[i], keys[i]);
	event_map_tie(frontend, TARGET, id, STANDING, buf_text(&lines));
	buf_finish(&lines);
}

void reactions_note(const struct matrix_frontend *frontend, const char *target, const char *who, const char *key,
                    const char *event_id)
{
	const char *keys[LIMIT_REACTIONS], *events[LIMIT_REACTIONS];
	struct arena arena = {0};
	char *id = id_of(target, who);
	size_t count = lines_of(frontend, id, keys, events, &arena);
	bool known = false;

	for (size_t i = 0; i < count; i++)
		known = known || !strcmp(events[i], event_id);
	if (!known && count < LIMIT_REACTIONS && *key && !strchr(key, '\n')) {
		keys[count] = key;
		events[count] = event_id;
		keep(frontend, id, keys, events, count + 1);
		event_map_tie(frontend, REACTION, event_id, REACTION_OF, id);
	}
	mem_free(id);
	arena_finish(&arena);
}

bool reactions_forget(const struct matrix_frontend *frontend, const char *event_id, const char **target,
                      const char **who, struct arena *arena)
{
	const char *keys[LIMIT_REACTIONS], *events[LIMIT_REACTIONS];
	const char *id = event_map_find(frontend, arena, REACTION, event_id, REACTION_OF);
	const char *space = id ? strchr(id, ' ') : NULL;
	size_t count, left = 0;

	if (!space)
		return false;
	count = lines_of(frontend, id, keys, events, arena);
	for (size_t i = 0; i < count; i++)
		if (strcmp(events[i], event_id) != 0) {
			keys[left] = keys[i];
			events[left++] = events[i];
		}
	keep(frontend, id, keys, events, left);
	*target = arena_strndup(arena, id, (size_t)(space - id));
	*who = space + 1;
	return true;
}

size_t reactions_of(const struct matrix_frontend *frontend, const char *target, const char *who, const char **keys,
                    const char **events, struct arena *arena)
{
	char *id = id_of(target, who);
	size_t count = lines_of(frontend, id, keys, events, arena);

	mem_free(id);
	return count;
}
