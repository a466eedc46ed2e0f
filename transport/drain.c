/* SPDX-License-Identifier: MIT */
#include "transport/drain.h"

#include <uv.h>

#include "base/log.h"
#include "base/mem.h"
#include "transport/backend/network_plugin_server.h"
#include "transport/people/user.h"
#include "transport/transport.h"

struct drain {
	uv_timer_t timer; /* until people are logged out */
	struct transport *transport;
	char *text;
};

static void timer_closed(uv_handle_t *handle)
{
	struct drain *drain = handle->data;

	mem_free(drain->text);
	mem_free(drain);
}

void drain_finish(struct transport *transport)
{
	struct drain *drain = transport->drain;

	transport->drain = NULL;
	if (drain)
		uv_close((uv_handle_t *)&drain->timer, timer_closed);
}

const char *drain_sentence(const struct transport *transport)
{
	return transport->drain ? transport->drain->text : NULL;
}

static void log_out_all(uv_timer_t *timer)
{
	const struct drain *drain = timer->data;
	struct map_iter it = {0};

	log_info(&drain->transport->log, "maintenance: everybody who is still here is logged out");
	while (map_next(drain->transport->users, &it))
		user_suspend(it.value, drain->text);
}

/* Those who have a session keep it for now. */
static void stop_attempts(const struct drain *drain)
{
	struct map_iter it = {0};

	while (map_next(drain->transport->users, &it)) {
		struct user *user = it.value;

		user_notify(user, drain->text);
		if (user->state != USER_CONNECTED)
			user_suspend(user, drain->text);
	}
}

void drain_start(struct transport *transport, unsigned grace_s, const char *text)
{
	struct drain *drain = MEM_NEW(struct drain);

	drain_finish(transport);
	drain->transport = transport;
	drain->text = mem_strdup(
	        *text ? text
	              : "This gateway is under maintenance: nobody can log in now. You will be logged "
	                "in when it is over.");
	uv_timer_init(transport->loop, &drain->timer);
	drain->timer.data = drain;
	transport->drain = drain;
	if (grace_s)
		uv_timer_start(&drain->timer, log_out_all, (uint64_t)grace_s * 1000, 0);
	log_info(&transport->log, "maintenance: logins are refused");
	stop_attempts(drain);
	network_plugin_server_empty(transport->backends, true);
}

bool drain_stop(struct transport *transport)
{
	struct map_iter it = {0};

	if (!transport->drain)
		return false;
	drain_finish(transport);
	log_info(&transport->log, "maintenance is over: logins are accepted");
	network_plugin_server_empty(transport->backends, false);
	/* Whoever may have a session and has none was kept from it. FAILED has other reasons. */
	while (map_next(transport->users, &it)) {
		struct user *user = it.value;

		if (user->state == USER_IDLE && user_may_log_in(user, NULL))
			user_login(user);
	}
	return true;
}
