/* SPDX-License-Identifier: MIT */
#include "transport/people/reconnect.h"

#include <uv.h>

#include "base/log.h"
#include "base/mem.h"
#include "transport/frontend.h"
#include "transport/people/session.h"
#include "transport/transport.h"

#define FIRST_MS 20 /* frontends have just been started */
#define PACE_MS 100

struct person {
	struct frontend *frontend;
	char *address;
};

struct reconnect {
	uv_timer_t timer;
	struct transport *transport;
	struct person *people;
	size_t count, next;
};

static void timer_closed(uv_handle_t *handle)
{
	struct reconnect *reconnect = handle->data;

	for (size_t i = 0; i < reconnect->count; i++)
		mem_free(reconnect->people[i].address);
	mem_free(reconnect->people);
	mem_free(reconnect);
}

void reconnect_stop(struct transport *transport)
{
	struct reconnect *reconnect = transport->reconnect;

	transport->reconnect = NULL;
	if (reconnect)
		uv_close((uv_handle_t *)&reconnect->timer, timer_closed);
}

static void bring_back_next(uv_timer_t *timer)
{
	struct reconnect *reconnect = timer->data;

	while (reconnect->next < reconnect->count) {
		const struct person *person = &reconnect->people[reconnect->next++];

		/* Came by itself meanwhile. */
		if (session_find_identity(reconnect->transport, person->frontend, person->address))
			continue;
		session_resume(person->frontend, person->address);
		return;
	}
	reconnect_stop(reconnect->transport);
}

static void listed(void *context, int err, const struct store_identity *identities, size_t count)
{
	struct transport *transport = context;

	if (err || !count || transport->stopping || transport->reconnect)
		return;
	struct reconnect *reconnect = MEM_NEW(struct reconnect);

	reconnect->transport = transport;
	reconnect->people = mem_alloc(count * sizeof(*reconnect->people));
	for (size_t i = 0; i < count; i++) {
		struct frontend *frontend = transport_frontend(transport, identities[i].frontend);

		if (!frontend)
			continue;
		reconnect->people[reconnect->count].frontend = frontend;
		reconnect->people[reconnect->count++].address = mem_strdup(identities[i].address);
	}
	log_info(&transport->log, "%zu people are brought back", reconnect->count);
	uv_timer_init(transport->loop, &reconnect->timer);
	reconnect->timer.data = reconnect;
	transport->reconnect = reconnect;
	uv_timer_start(&reconnect->timer, bring_back_next, FIRST_MS, PACE_MS);
}

void reconnect_start(struct transport *transport)
{
	store_list_identities(transport->store, transport->service.reconnect_all_users, listed, transport);
}
