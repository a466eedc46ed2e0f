/* SPDX-License-Identifier: MIT */
#include "transport/backend/backend_attach.h"
#include "transport/backend/backend_connection.h"
#include "transport/backend/backend_listener.h"
#include "transport/backend/backend_private.h"

/* A backend of the last core: to its first answer, and for all that it has to tell. Nobody is served meanwhile. The
 * machine may have much else to do just then: that is no reason to end sessions. */
#define ATTACH_FIRST_MS 4000
#define ATTACH_ALL_MS 10000

static void check_starting(struct backend *backend, uint64_t now)
{
	const struct backend_timing *timing = &backend->server->timing;

	if (now - backend->started_ms > timing->start) {
		backend_fail(backend, "The program that serves this network does not start.",
		             "did not say a word in %llu s", (unsigned long long)timing->start / 1000);
		return;
	}
	if (backend->listener)
		backend_listener_check(backend->listener, now);
	LIST_EACH(link, &backend->candidates)
	{
		if (!backend_connection_is_slow(backend_connection_from_link(link), now, timing->frame))
			continue;
		backend_fail(backend, "The program that serves this network does not start.",
		             "did not finish a frame in %llu s", (unsigned long long)timing->frame / 1000);
		return;
	}
}

static void send_ping(struct backend *backend, uint64_t now)
{
	backend->pinged_ms = now;
	backend->ignored_frames /= 2;
	backend_send(backend, &(struct event){.type = EVENT_PING});
}

static void check_idle(struct backend *backend, uint64_t now)
{
	if (backend->users_count > 0)
		backend->empty_ms = 0;
	else if (!backend->empty_ms)
		backend->empty_ms = now;
	else if (now - backend->empty_ms >= 2 * backend->server->timing.ping)
		backend_stop(backend);
}

static void check_ready(struct backend *backend, uint64_t now)
{
	const struct backend_timing *timing = &backend->server->timing;

	if (!backend->connection)
		return;
	backend_connection_retry(backend->connection);
	if (!backend->connection)
		return;
	/* a backend that is not read cannot be heard */
	if (!backend_connection_is_reading(backend->connection))
		backend->heard_ms = now;
	if (now - backend->heard_ms >= 2 * timing->ping) {
		backend_fail(backend, "The program that serves this network does not answer.",
		             "silent for %llu s", (unsigned long long)(now - backend->heard_ms) / 1000);
		return;
	}
	if (backend_connection_is_slow(backend->connection, now, timing->frame)) {
		backend_fail(backend, "The program that serves this network does not answer.",
		             "did not finish a frame in %llu s", (unsigned long long)timing->frame / 1000);
		return;
	}
	if (!backend->proved && now - backend->ready_ms >= timing->stable)
		server_backend_proved(backend);
	if (now - backend->pinged_ms >= timing->ping)
		send_ping(backend, now);
	check_idle(backend, now);
}

static uint64_t later(uint64_t when, uint64_t by, uint64_t now)
{
	return when + by < now ? when + by : now;
}

static void check_backend(struct backend *backend, uint64_t now, uint64_t asleep)
{
	if (asleep) {
		backend->heard_ms = later(backend->heard_ms, asleep, now);
		backend->started_ms = later(backend->started_ms, asleep, now);
	}
	if (backend_attach_is_under_way(backend)) {
		if (now - backend->started_ms > (backend->state == BACKEND_STARTING ? ATTACH_FIRST_MS : ATTACH_ALL_MS))
			backend_attach_fail(backend, "does not answer in time");
		return;
	}
	switch (backend->state) {
	case BACKEND_STARTING:
		check_starting(backend, now);
		return;
	case BACKEND_READY:
	case BACKEND_DRAINING:
		check_ready(backend, now);
		return;
	case BACKEND_STOPPING:
		return;
	}
}

void backend_health_check(struct network_plugin_server *server, uint64_t now)
{
	uint64_t since = now - server->checked_ms;
	/* when we were the ones that stood still, nobody's silence tells anything */
	uint64_t asleep = since > server->timing.ping / 2 + server->timing.check ? since : 0;

	server->checked_ms = now;
	/* nobody is freed meanwhile (that takes a closed handle), and new ones are appended */
	LIST_EACH(link, &server->backends)
	check_backend(CONTAINER_OF(link, struct backend, link), now, asleep);
}
