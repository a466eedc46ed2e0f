/* SPDX-License-Identifier: MIT */
#include "tests/unit/http/ruled_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "tests/unit/http/client.h"

static struct rule *rule_of(struct ruled_server *ruled, const char *what)
{
	for (size_t i = 0; i < RULES_MAX; i++) {
		struct rule *rule = &ruled->rules[i];

		if (rule->fits && !rule->used_up && strstr(what, rule->fits))
			return rule;
	}
	return NULL;
}

static void obey(struct ruled_server *ruled, const struct rule *rule, struct http_request *request)
{
	const char *body = rule->body ? rule->body : "";

	if (!rule->status) {
		assert_true(ruled->held_count < HELD_MAX);
		ruled->held[ruled->held_count++] = request;
		return;
	}
	if (rule->retry_after)
		http_answer_header(request, "Retry-After", rule->retry_after);
	http_answer(request, rule->status, "application/json", body, strlen(body));
}

static void serve(struct http_request *request, void *context)
{
	struct ruled_server *ruled = context;
	struct buf what = {0};

	assert_true(ruled->requests < REQUESTS_MAX);
	ruled->came_ms[ruled->requests++] = clock_ms();
	ruled->describe(ruled->context, request, &what);
	struct rule *rule = rule_of(ruled, buf_text(&what));

	buf_finish(&what);
	if (rule && rule->times > 0 && --rule->times == 0)
		rule->used_up = true;
	if (rule)
		obey(ruled, rule, request);
	else
		ruled->answer_well(ruled->context, request);
}

static void forget(struct http_request *request, void *context)
{
	struct ruled_server *ruled = context;

	for (unsigned i = 0; i < ruled->held_count; i++)
		if (ruled->held[i] == request)
			ruled->held[i] = NULL;
}

void ruled_listen(struct ruled_server *ruled, unsigned port)
{
	struct buf error = {0};

	if (!ruled->server)
		ruled->server = http_server_create(ruled->loop, NULL);
	if (http_server_listen(ruled->server, "127.0.0.1", port, &ruled->listener, &error))
		fail_msg("%s", buf_text(&error));
	assert_true(http_listener_route(ruled->listener, &(struct http_route){.path = ruled->path,
	                                                                      .methods = ruled->methods,
	                                                                      .body_max = 1u << 20,
	                                                                      .complete = serve,
	                                                                      .gone = forget,
	                                                                      .context = ruled}));
}

void ruled_close(struct ruled_server *ruled)
{
	if (!ruled->server)
		return;
	ruled->closed = false;
	http_server_close(&ruled->server, note_true, &ruled->closed);
	TURN_UNTIL(ruled->loop, ruled->closed);
	for (unsigned i = 0; i < ruled->held_count; i++)
		assert_null(ruled->held[i]);
	ruled->held_count = 0;
}

void ruled_release(struct ruled_server *ruled)
{
	unsigned count = ruled->held_count;

	ruled->held_count = 0;
	for (unsigned i = 0; i < count; i++) {
		struct http_request *request = ruled->held[i];

		ruled->held[i] = NULL;
		if (request)
			ruled->answer_well(ruled->context, request);
	}
}
