/* SPDX-License-Identifier: MIT */
#include "transport/people/request.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/map.h"
#include "base/mem.h"
#include "config/limits.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/routing/router.h"
#include "transport/transport.h"

struct request_key {
	char text[12];
};

static struct request_key request_key(uint32_t id)
{
	struct request_key key;

	snprintf(key.text, sizeof(key.text), "%" PRIu32, id);
	return key;
}

/* int32 on the wire, and 0 means an own update. */
static uint32_t next_id(struct transport *transport)
{
	transport->next_card_id = (transport->next_card_id & 0x7fffffff) + 1;
	if (transport->next_card_id > 0x7fffffff)
		transport->next_card_id = 1;
	return transport->next_card_id;
}

uint32_t card_request_open(struct user *user, const struct resource *from, const struct event_vcard *asked)
{
	if (map_count(user->requests) >= LIMIT_REQUESTS_PER_USER)
		return 0;
	struct card_request *request = MEM_NEW(struct card_request);

	request->user = user;
	request->id = next_id(user->transport);
	request->asked_id = asked->id;
	request->name = mem_strdup(asked->name);
	request->frontend = from->identity->frontend;
	request->address = mem_strdup(from->identity->address);
	request->resource = mem_strdup(from->name);
	request->deadline_ms = clock_ms() + CARD_TIMEOUT_MS;
	list_append(&user->transport->card_requests, &request->link);
	map_set(&user->requests, request_key(request->id).text, request);
	return request->id;
}

/* Delivers the answer to whoever asked, if still there, and frees the request. */
static void finish(struct card_request *request, const struct event *vcard)
{
	struct transport *transport = request->user->transport;
	struct resource *to = session_find(transport, request->frontend, request->address, request->resource);
	struct event answer = *vcard;

	list_remove(&request->link);
	map_remove(request->user->requests, request_key(request->id).text);
	answer.user = request->user->key;
	answer.vcard.name = request->name;
	answer.vcard.id = request->asked_id;
	if (to)
		router_deliver_to(to->identity, to, &answer);
	mem_free(request->name);
	mem_free(request->address);
	mem_free(request->resource);
	mem_free(request);
}

bool card_request_answer(struct user *user, const struct event *vcard)
{
	struct card_request *request = map_get(user->requests, request_key(vcard->vcard.id).text);

	if (!request)
		return false;
	finish(request, vcard);
	return true;
}

void card_request_close_all(struct user *user)
{
	const struct event empty = {.type = EVENT_VCARD};
	struct map_iter it = {0};

	while (map_next(user->requests, &it))
		finish(it.value, &empty);
}

void card_request_expire(struct transport *transport, uint64_t now_ms)
{
	const struct event empty = {.type = EVENT_VCARD};

	LIST_EACH (link, &transport->card_requests) {
		struct card_request *request = CONTAINER_OF(link, struct card_request, link);

		if (request->deadline_ms > now_ms)
			return;
		finish(request, &empty);
	}
}
