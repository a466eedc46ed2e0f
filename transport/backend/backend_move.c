/* SPDX-License-Identifier: MIT */
/* Moving people so that backends can end: the idle ones to long-run backends, nobody new to the largest one. */
#include "transport/backend/backend_private.h"
#include "transport/backend/network_plugin_server.h"
#include "transport/people/user.h"
#include "transport/transport.h"

static struct backend *find_long_run(const struct network_plugin_server *server, bool starting)
{
	LIST_EACH(link, &server->backends)
	{
		struct backend *backend = CONTAINER_OF(link, struct backend, link);
		if (!backend->long_run)
			continue;
		if (starting ? backend->state == BACKEND_STARTING : server_takes_users(backend))
			return backend;
	}
	return NULL;
}

/* Those who were logged out in an earlier round: by now the network has noticed, so that it does not take the
 * new login for a second one of the same name. */
static void log_in_again(struct network_plugin_server *server, uint64_t now)
{
	while (!list_empty(&server->moving) && now >= server->assign_after_ms) {
		struct user *user = CONTAINER_OF(server->moving.next, struct user, backend_link);
		struct backend *backend = find_long_run(server, false);

		list_remove(&user->backend_link);
		user->moving = false;
		if (backend)
			server_give(server, user, backend);
		else
			network_plugin_server_assign(server, user);
	}
}

static bool is_idle(const struct user *user, uint64_t now, uint64_t limit)
{
	return user->state == USER_CONNECTED && now - user->active_ms > limit;
}

/* At most `room` of them: they go to the list of those who move. */
static unsigned move_idle_of(struct backend *backend, uint64_t now, unsigned room)
{
	struct network_plugin_server *server = backend->server;
	unsigned moved = 0;

	LIST_EACH(link, &backend->users)
	{
		struct user *user = CONTAINER_OF(link, struct user, backend_link);
		if (moved == room)
			break;
		if (!is_idle(user, now, server->timing.idle))
			continue;
		user_backend_leave(user);
		user->moving = true;
		list_init(&user->backend_link);
		list_append(&server->moving, &user->backend_link);
		moved++;
	}
	return moved;
}

static bool has_idle(const struct backend *backend, uint64_t now)
{
	LIST_EACH(link, &backend->users)
	if (is_idle(CONTAINER_OF(link, struct user, backend_link), now, backend->server->timing.idle))
		return true;
	return false;
}

static bool is_left(const struct backend *backend)
{
	return !backend->long_run && backend->connection &&
	       (backend->state == BACKEND_READY || backend->state == BACKEND_DRAINING);
}

static void move_idle(struct network_plugin_server *server, uint64_t now)
{
	struct backend *target = find_long_run(server, false);
	unsigned room = target ? server->users_per_backend - target->users_count : 0;

	LIST_EACH(link, &server->backends)
	{
		struct backend *backend = CONTAINER_OF(link, struct backend, link);
		if (!is_left(backend) || !has_idle(backend, now))
			continue;
		if (target) {
			room -= move_idle_of(backend, now, room);
			if (room > 0)
				continue;
			return;
		}
		/* who waits shall try a program that has failed; without any it would never be tried again */
		if ((server->crashes > 0 && server->waiting_count > 0) || find_long_run(server, true))
			return;
		struct backend *started = server_spawn(server);
		if (started) {
			started->long_run = true;
			log_info(&started->log, "is for people who are idle");
		}
		return;
	}
}

/* The largest one takes nobody any more, and ends with its last user. */
static void collect(struct network_plugin_server *server)
{
	struct backend *largest = NULL;

	LIST_EACH(link, &server->backends)
	{
		struct backend *backend = CONTAINER_OF(link, struct backend, link);
		if (backend->state != BACKEND_READY || !backend->connection || backend->stats.resident_kb <= 0)
			continue;
		if (!largest || backend->stats.resident_kb > largest->stats.resident_kb)
			largest = backend;
	}
	if (!largest)
		return;
	log_info(&largest->log, "is the largest with %d KiB: no more people for it",
	         (int)largest->stats.resident_kb);
	largest->state = BACKEND_DRAINING;
	if (largest->users_count == 0)
		backend_stop(largest);
}

void backend_move_check(struct network_plugin_server *server, uint64_t now)
{
	const struct backend_timing *timing = &server->timing;

	if (timing->collect && now - server->collected_ms >= timing->collect) {
		server->collected_ms = now;
		collect(server);
	}
	log_in_again(server, now);
	if (timing->idle && list_empty(&server->moving))
		move_idle(server, now);
}
