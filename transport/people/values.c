/* SPDX-License-Identifier: MIT */
#include "transport/people/values.h"

#include <uv.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "protocol/codec.h"
#include "protocol/event.h"
#include "transport/backend/backend.h"
#include "transport/people/user.h"
#include "transport/transport.h"

struct loading {
	struct transport *transport;
	char *key;
	uint64_t serial;
};

#define AGAIN_MS 5000 /* between two tries to store what the database does not take */

struct keeping {
	struct transport *transport;
	char *key;
	unsigned backend;  /* serial of who sent it */
	uint64_t number;   /* of the frame; 0: none */
	struct buf frame;  /* it, to be tried again: nobody else has it once the backend forgets it */
	uv_timer_t timer;
	bool told;
};

/* The user is where it was when the store was asked. */
static struct user *find_waiting(const struct loading *loading)
{
	struct user *user = user_find(loading->transport, loading->key);
	bool waits = user && user->values_serial == loading->serial && user->backend && !user->login_sent &&
		     user->state == USER_CONNECTING;

	return waits && !loading->transport->stopping ? user : NULL;
}

/* All but what is a frontend's. */
static size_t take_backends(struct event_value *mine, const struct event_value *values, size_t count)
{
	size_t taken = 0;

	for (size_t i = 0; i < count; i++)
		if (!text_starts(values[i].key, VALUES_OF_FRONTENDS))
			mine[taken++] = values[i];
	return taken;
}

static void loaded(void *context, int err, const struct event_value *values, size_t count, size_t damaged)
{
	struct loading *loading = context;
	struct user *user = find_waiting(loading);
	struct event_value *mine = mem_alloc((count + 1) * sizeof(*mine));
	struct event event = {.type = EVENT_VALUES,
			      .values = {.values = mine, .count = take_backends(mine, values, count)}};

	if (user && err) {
		/* Without them the network might take the person for a new one. */
		user_disconnected(user, CONNECTION_ERROR_OTHER, "What is stored for you cannot be read at the moment.");
	} else if (user) {
		if (damaged)
			log_error(&user->log,
				  "%zu stored values were sealed with another key or are damaged: left out", damaged);
		user_send(user, &event);
		user_log_in(user);
	}
	mem_free(mine);
	mem_free(loading->key);
	mem_free(loading);
}

void values_load(struct user *user)
{
	struct loading *loading = MEM_NEW(struct loading);

	loading->transport = user->transport;
	loading->key = mem_strdup(user->key);
	loading->serial = user->values_serial;
	store_get_values(user->transport->store, user->key, loaded, loading);
}

static void keep(struct keeping *keeping);

static void keep_again(uv_timer_t *timer)
{
	keep(timer->data);
}

static void keeping_closed(uv_handle_t *handle)
{
	struct keeping *keeping = handle->data;

	buf_finish(&keeping->frame);
	mem_free(keeping->key);
	mem_free(keeping);
}

static void tell(struct keeping *keeping, int err)
{
	struct transport *transport = keeping->transport;

	if (err == TP_ERR_LIMIT)
		log_error(&transport->log,
			  "what the backend wants to keep for %s is refused: at most %u bytes a value, %u bytes and %d "
			  "values a person",
			  log_quote(keeping->key), LIMIT_VALUE_BYTES, LIMIT_VALUES_BYTES, LIMIT_VALUES_PER_USER);
	else if (err && !keeping->told)
		log_error(&transport->log, "what the backend wants to keep for %s was not stored: %s%s",
			  log_quote(keeping->key), tp_error_text(err),
			  err == TP_ERR_STORE ? "; it is tried again" : "");
	keeping->told = true;
}

static void kept(void *context, int err)
{
	struct keeping *keeping = context;
	struct transport *transport = keeping->transport;
	bool again = err == TP_ERR_STORE && !transport->stopping;

	tell(keeping, err);
	if (again) {
		uv_timer_start(&keeping->timer, keep_again, AGAIN_MS, 0);
		return;
	}
	if (keeping->number && transport->values_taken)
		transport->values_taken(transport, keeping->backend, keeping->number, err);
	uv_close((uv_handle_t *)&keeping->timer, keeping_closed);
}

static bool has_frontends(const struct event_values *values)
{
	for (size_t i = 0; i < values->count; i++)
		if (text_starts(values->values[i].key, VALUES_OF_FRONTENDS))
			return true;
	return false;
}

static void keep(struct keeping *keeping)
{
	struct transport *transport = keeping->transport;
	struct arena arena = {0};
	struct event event;

	if (transport->stopping ||
	    codec_decode(&arena, CODEC_BACKEND, CODEC_EXTENDED, (const uint8_t *)keeping->frame.data + 4,
			 keeping->frame.len - 4, &event) < 0)
		uv_close((uv_handle_t *)&keeping->timer, keeping_closed);
	else if (has_frontends(&event.values))
		kept(keeping, TP_ERR_NOT_ALLOWED);
	else
		store_put_values(transport->store, keeping->key, event.values.values, event.values.count, kept, keeping);
	arena_finish(&arena);
}

void values_from_backend(struct user *user, const struct event *event)
{
	struct keeping *keeping = MEM_NEW(struct keeping);

	keeping->transport = user->transport;
	keeping->key = mem_strdup(user->key);
	keeping->number = event->handover;
	keeping->backend = user->backend->serial;
	uv_timer_init(user->transport->loop, &keeping->timer);
	uv_unref((uv_handle_t *)&keeping->timer);
	keeping->timer.data = keeping;
	codec_encode(&keeping->frame, CODEC_BACKEND, CODEC_EXTENDED, event);
	if (event->handover)
		backend_acknowledge_later(user->backend, event->handover);
	keep(keeping);
}
