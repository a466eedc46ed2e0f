/* SPDX-License-Identifier: MIT */
#include "plugin/sessions.h"

#include <stddef.h>

#include "base/mem.h"

void sessions_init(struct sessions *sessions)
{
	*sessions = (struct sessions){.by_user = map_create()};
}

static void session_free(void *value)
{
	struct session *session = value;

	if (!session)
		return;
	mem_free(session->legacy_name);
	mem_free(session);
}

void sessions_finish(struct sessions *sessions)
{
	map_destroy(&sessions->by_user, session_free);
}

struct session *sessions_find(const struct sessions *sessions, const char *user)
{
	struct session *session = user ? map_get(sessions->by_user, user) : NULL;

	return session && !session->gone ? session : NULL;
}

/* Whatever was in this place is freed. */
static void sessions_put(struct sessions *sessions, const char *user, struct session *session)
{
	struct session *before =
		session ? map_put(sessions->by_user, user, session) : map_remove(sessions->by_user, user);

	if (before && before->gone)
		sessions->gone--;
	session_free(before);
}

void sessions_login(struct sessions *sessions, const char *user, const char *legacy_name)
{
	struct session *session = MEM_NEW(struct session);

	session->legacy_name = mem_strdup(legacy_name);
	sessions_put(sessions, user, session);
}

void sessions_logout(struct sessions *sessions, const char *user)
{
	sessions_put(sessions, user, NULL);
}

void sessions_connected(struct sessions *sessions, const char *user)
{
	struct session *session = sessions_find(sessions, user);

	if (session)
		session->connected = true;
}

void sessions_disconnected(struct sessions *sessions, const char *user, uint64_t frame)
{
	struct session *session = sessions_find(sessions, user);

	if (!session)
		return;
	if (!frame) {
		sessions_logout(sessions, user);
		return;
	}
	session->connected = false;
	session->gone = frame;
	sessions->gone++;
}

void sessions_taken(struct sessions *sessions, uint64_t up_to)
{
	struct map_iter it = {0};

	while (sessions->gone && map_next(sessions->by_user, &it)) {
		const struct session *session = it.value;

		if (session->gone && session->gone <= up_to)
			sessions_logout(sessions, it.key);
	}
}
