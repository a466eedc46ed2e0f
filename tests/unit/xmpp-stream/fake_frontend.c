/* SPDX-License-Identifier: MIT */
#include "fake_frontend.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "transport/routing/ahead.h"
#include "transport/routing/delivery.h"

struct fake fake;

void fake_setup(void)
{
	memset(&fake, 0, sizeof(fake));
	log_threshold = LOG_LEVEL_ERROR;
	assert_int_equal(uv_loop_init(&fake.loop), 0);
	fake.transport.loop = &fake.loop;
	fake.frontend.base.transport = &fake.transport;
	fake.frontend.strophe = xmpp_ctx_new(NULL, NULL);
	fake.frontend.config = (struct xmpp_config){
		.jid = "gw.example",
		.server = "127.0.0.1",
		.password = "secret",
		.cert = "",
		.cert_password = "",
		.admin_password = "",
	};
}

static void on_walk(uv_handle_t *handle, void *context)
{
	(void)context;
	fail_msg("a handle is left: %s", uv_handle_type_name(handle->type));
}

void fake_teardown(void)
{
	uv_run(&fake.loop, UV_RUN_NOWAIT);
	uv_walk(&fake.loop, on_walk, NULL);
	assert_int_equal(uv_loop_close(&fake.loop), 0);
	xmpp_ctx_free(fake.frontend.strophe);
	buf_finish(&fake.calls);
	buf_finish(&fake.foreseen);
}

void fake_stopped(void *context)
{
	assert_ptr_equal(context, &fake);
	fake.stopped++;
}

bool fake_run(bool (*step)(void *context), void *context)
{
	uint64_t deadline = clock_ms() + 60000;

	while (clock_ms() < deadline) {
		uv_run(&fake.loop, UV_RUN_NOWAIT);
		if (step(context))
			return true;
		poll(NULL, 0, 1);
	}
	return false;
}

static bool is_called(void *context)
{
	return strstr(buf_text(&fake.calls), context) != NULL;
}

bool fake_called(const char *call)
{
	char *copy = mem_strdup(call);
	bool called = fake_run(is_called, copy);

	mem_free(copy);
	return called;
}

static bool is_stopped(void *context)
{
	(void)context;
	return fake.stopped > 0;
}

bool fake_run_stopped(void)
{
	return fake_run(is_stopped, NULL);
}

static bool is_over(void *context)
{
	return clock_ms() >= *(uint64_t *)context;
}

void fake_run_ms(unsigned ms)
{
	uint64_t until = clock_ms() + ms;

	fake_run(is_over, &until);
}

bool ahead_pays(const struct transport *transport)
{
	assert_ptr_equal(transport, &fake.transport);
	return true;
}

void ahead_address(struct ahead *ahead, const struct frontend *frontend, const char *address, size_t length)
{
	assert_ptr_equal(frontend, &fake.frontend.base);
	ahead->count++;
	buf_append(&fake.foreseen, address, length);
	buf_putc(&fake.foreseen, '\n');
}

void ahead_addresses_end(struct ahead *ahead, const struct frontend *frontend)
{
	assert_ptr_equal(frontend, &fake.frontend.base);
	assert_true(ahead->count > 0);
	ahead->count = 0;
}

void xmpp_handle_message(struct xmpp_frontend *frontend, const struct message_stanza *message)
{
	(void)frontend;
	buf_printf(&fake.calls, "message %s %s %s\n", message->from, message->to, message->body);
}

void xmpp_handle_presence(struct xmpp_frontend *frontend, const struct presence_stanza *presence)
{
	(void)frontend;
	buf_printf(&fake.calls, "presence %s %s %s\n", presence->from, presence->to,
		   presence->type ? presence->type : "available");
}

void xmpp_handle_iq(struct xmpp_frontend *frontend, xmpp_stanza_t *iq)
{
	(void)frontend;
	buf_printf(&fake.calls, "iq %s %s %s\n", xmpp_stanza_get_from(iq), xmpp_stanza_get_to(iq),
		   xmpp_stanza_get_id(iq));
}

void xmpp_component_up(struct xmpp_frontend *frontend)
{
	(void)frontend;
	buf_puts(&fake.calls, "up\n");
}

void xmpp_component_down(struct xmpp_frontend *frontend)
{
	(void)frontend;
	buf_puts(&fake.calls, "down\n");
}

void xmpp_component_full(struct xmpp_frontend *frontend, bool full)
{
	(void)frontend;
	buf_puts(&fake.calls, full ? "full\n" : "not full\n");
}

void xmpp_c2s_gone(struct xmpp_frontend *frontend, const char *full_jid)
{
	(void)frontend;
	buf_printf(&fake.calls, "gone %s\n", full_jid);
}

void session_authenticate(struct frontend *frontend, const char *address, const char *legacy_name,
			  const char *password)
{
	(void)frontend;
	buf_printf(&fake.calls, "login %s %s %s\n", address, legacy_name, password);
}

void session_authenticate_cancel(struct frontend *frontend, const char *address)
{
	(void)frontend;
	buf_printf(&fake.calls, "cancel %s\n", address);
}

void transport_commit(struct transport *transport)
{
	assert_ptr_equal(transport, &fake.transport);
}

void transport_commit_or_wait(struct transport *transport)
{
	assert_ptr_equal(transport, &fake.transport);
}

void delivery_shown(struct transport *transport, uint64_t number)
{
	(void)transport;
	buf_printf(&fake.calls, "shown %llu\n", (unsigned long long)number);
}

void delivery_not_shown(struct transport *transport, uint64_t number)
{
	(void)transport;
	buf_printf(&fake.calls, "not shown %llu\n", (unsigned long long)number);
}
