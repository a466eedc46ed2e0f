/* SPDX-License-Identifier: MIT */
/* What is built on calls: pages of a cursor; and what goes to URLs that Slack gave. */
#include <string.h>
#include <stdio.h>

#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "config/limits.h"
#include "frontends/slack/wire/web_api_private.h"

/* ---- to URLs ---- */

static void send_to(struct web_pending *call, const char *url, struct web_lane *lane)
{
	call->url = mem_strdup(url);
	call->tries_max = LIMIT_SLACK_TRIES;
	if (web_api_may_use(call->api, url, false)) {
		web_pending_enqueue(call, lane);
		return;
	}
	log_warning(&call->api->log, "%s: Slack names a URL that is not used: it has to be https%s", call->method,
	            log_trace(call->trace));
	call->lane = lane;
	lane->count++;
	call->api->waiting++;
	web_pending_end(call, TP_ERR_INVALID);
}

void web_api_upload(struct web_api *api, const char *url, int fd, uint64_t size, uint64_t trace, web_done *done,
                    void *context, void (*drop)(void *context))
{
	struct web_pending *call = web_pending_create(api, "upload");

	call->fd = fd;
	call->size = size;
	call->trace = trace;
	call->done = done;
	call->context = context;
	call->drop = drop;
	send_to(call, url, &api->uploads);
}

void web_api_respond(struct web_api *api, const char *response_url, const char *json, web_done *done, void *context,
                     void (*drop)(void *context))
{
	struct web_pending *call = web_pending_create(api, "response_url");

	call->body = mem_strdup(json);
	call->type = "application/json; charset=utf-8";
	call->done = done;
	call->context = context;
	call->drop = drop;
	send_to(call, response_url, &api->free);
}

/* ---- pages ---- */

struct pages {
	struct web_api *api;
	struct web_call call;           /* as it was given, with copies */
	struct web_argument *arguments; /* two more: limit, cursor */
	bool begun_anew;
	bool (*page)(void *context, const struct cJSON *json);
	web_done *done;
	void *context;
	void (*drop)(void *context);
};

static void pages_free(struct pages *pages)
{
	for (size_t i = 0; i < pages->call.arguments_count; i++) {
		mem_free((char *)pages->arguments[i].name);
		mem_free((char *)pages->arguments[i].value);
	}
	mem_free(pages->arguments);
	mem_free((char *)pages->call.method);
	mem_free((char *)pages->call.lane);
	mem_free(pages);
}

static void drop_pages(void *context)
{
	struct pages *pages = context;

	if (pages->drop)
		pages->drop(pages->context);
	pages_free(pages);
}

static void set_cursor(struct pages *pages, const char *cursor)
{
	struct web_argument *argument = &pages->arguments[pages->call.arguments_count - 1];

	mem_free((char *)argument->value);
	argument->value = mem_strdup(cursor);
}

static void take_page(void *context, const struct web_reply *reply)
{
	struct pages *pages = context;
	struct arena arena = {0};
	const char *cursor = json_text(json_object(reply->json, "response_metadata"), "next_cursor", &arena);
	bool more;

	if (!strcmp(reply->error, "invalid_cursor") && !pages->begun_anew) {
		pages->begun_anew = true;
		cursor = NULL;
		more = true;
	} else {
		more = !reply->err && pages->page(pages->context, reply->json) && cursor && *cursor;
	}
	if (more) {
		set_cursor(pages, cursor);
		web_api_call(pages->api, &pages->call);
	} else {
		web_done *done = pages->done;

		context = pages->context;
		pages_free(pages);
		done(context, reply);
	}
	arena_finish(&arena);
}

void web_api_pages(struct web_api *api, const struct web_call *call, unsigned limit,
                   bool (*page)(void *context, const struct cJSON *json))
{
	struct pages *pages = MEM_NEW(struct pages);
	size_t count = call->arguments_count;

	pages->api = api;
	pages->page = page;
	pages->done = call->done;
	pages->context = call->context;
	pages->drop = call->drop;
	pages->arguments = mem_alloc((count + 2) * sizeof(*pages->arguments));
	for (size_t i = 0; i < count; i++) {
		pages->arguments[i].name = mem_strdup(call->arguments[i].name);
		pages->arguments[i].value = mem_strdup(call->arguments[i].value);
	}
	pages->arguments[count].name = mem_strdup("limit");
	pages->arguments[count].value = mem_printf("%u", limit);
	pages->arguments[count + 1].name = mem_strdup("cursor");
	pages->call = *call;
	pages->call.method = mem_strdup(call->method);
	pages->call.lane = mem_strdup(call->lane);
	pages->call.arguments = pages->arguments;
	pages->call.arguments_count = count + 2;
	pages->call.unsure = NULL;
	pages->call.done = take_page;
	pages->call.context = pages;
	pages->call.drop = drop_pages;
	web_api_call(api, &pages->call);
}
