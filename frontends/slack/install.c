/* SPDX-License-Identifier: MIT */
#include "frontends/slack/install.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/list.h"
#include "base/markup.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/slack/wire/manifest.h"
#include "transport/http/http_client.h"

#define TOKEN_LENGTH 32 /* 160 bits */
#define COOKIE "slack_install"

/* One that was begun. */
struct begun {
	struct list link; /* slack_install.begun, the oldest first */
	uint64_t since_ms;
	char state[TOKEN_LENGTH + 1], browser[TOKEN_LENGTH + 1];
};

/* A browser that waits for the exchange. */
struct visit {
	struct list link;              /* slack_install.visits */
	struct http_request *request;  /* NULL: it has left */
	struct slack_install *install; /* NULL: that has ended */
};

struct slack_install {
	struct slack_install_settings settings;
	char *redirect_url;
	slack_install_exchange *exchange;
	void *context;
	struct log log;
	struct list begun, visits;
	unsigned count;
};

/* ---- pages ---- */

static void show(struct http_request *request, unsigned status, const char *title, const char *text)
{
	struct buf page = {0};

	buf_puts(&page, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>");
	markup_put_text(&page, title, strlen(title));
	buf_puts(&page, "</title></head>\n<body><h1>");
	markup_put_text(&page, title, strlen(title));
	buf_puts(&page, "</h1><p>");
	markup_put_text(&page, text, strlen(text));
	buf_puts(&page, "</p></body></html>\n");
	http_answer_header(request, "Cache-Control", "no-store");
	http_answer_header(request, "Referrer-Policy", "no-referrer"); /* the address has the code */
	http_answer_header(request, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
	http_answer_header(request, "X-Content-Type-Options", "nosniff");
	http_answer_buf(request, status, "text/html; charset=utf-8", &page);
}

/* ---- the way to Slack ---- */

static void begun_free(struct slack_install *install, struct begun *begun)
{
	list_remove(&begun->link);
	install->count--;
	mem_free(begun);
}

static void forget_old(struct slack_install *install)
{
	while (!list_empty(&install->begun)) {
		struct begun *oldest = CONTAINER_OF(install->begun.next, struct begun, link);

		if (install->count < LIMIT_SLACK_INSTALLS &&
		    clock_ms() - oldest->since_ms < LIMIT_SLACK_INSTALL_SECONDS * 1000u)
			return;
		begun_free(install, oldest);
	}
}

static void put_place(struct buf *url, const struct slack_install *install, const struct begun *begun)
{
	buf_printf(url, "%s?client_id=", install->settings.authorize_url);
	http_put_encoded(url, install->settings.client_id);
	buf_puts(url, "&scope=");
	for (size_t i = 0; slack_scopes[i]; i++) {
		buf_puts(url, i ? "%2C" : "");
		http_put_encoded(url, slack_scopes[i]);
	}
	buf_puts(url, "&user_scope=&redirect_uri=");
	http_put_encoded(url, install->redirect_url);
	buf_printf(url, "&state=%s", begun->state);
}

static void go_to_slack(struct http_request *request, void *context)
{
	struct slack_install *install = context;
	struct begun *begun = MEM_NEW(struct begun);
	struct buf url = {0}, cookie = {0};

	forget_old(install);
	random_token(begun->state, TOKEN_LENGTH);
	random_token(begun->browser, TOKEN_LENGTH);
	begun->since_ms = clock_ms();
	list_append(&install->begun, &begun->link);
	install->count++;
	put_place(&url, install, begun);
	buf_printf(&cookie, COOKIE "=%s; Path=/slack/; Max-Age=%u; HttpOnly; SameSite=Lax%s", begun->browser,
	           LIMIT_SLACK_INSTALL_SECONDS,
	           text_starts(install->redirect_url, "https://") ? "; Secure" : "");
	http_answer_header(request, "Location", buf_text(&url));
	http_answer_header(request, "Set-Cookie", buf_text(&cookie));
	http_answer_header(request, "Cache-Control", "no-store");
	http_answer(request, 302, "text/plain; charset=utf-8", "Slack asks further.\n", 20);
	buf_finish(&url);
	buf_finish(&cookie);
}

/* ---- and back ---- */

static bool has_cookie(struct http_request *request, const char *value)
{
	const char *at = http_request_header(request, "cookie");

	while (at && *at) {
		size_t length;

		at += strspn(at, " ;");
		length = strcspn(at, ";");
		if (text_starts(at, COOKIE "=") && length == strlen(COOKIE "=") + TOKEN_LENGTH) {
			char said[TOKEN_LENGTH + 1] = {0};

			memcpy(said, at + strlen(COOKIE "="), TOKEN_LENGTH);
			if (text_equal_secret(value, said))
				return true;
		}
		at += length;
	}
	return false;
}

/* Good once, whoever comes with it: a state that was seen is no secret any more. */
static bool take_state(struct slack_install *install, struct http_request *request)
{
	const char *state = http_request_query(request, "state");
	bool good = false;

	LIST_EACH (link, &install->begun) {
		struct begun *begun = CONTAINER_OF(link, struct begun, link);

		if (!state || !text_equal_secret(begun->state, state))
			continue;
		good = has_cookie(request, begun->browser);
		begun_free(install, begun);
	}
	return good;
}

static void exchanged(void *context, int err, const char *text)
{
	struct visit *visit = context;
	struct buf said = {0};

	if (visit->install && !err)
		log_info(&visit->install->log, "the app was installed in %s", log_quote(text));
	else if (visit->install)
		log_warning(&visit->install->log, "the app could not be installed: %s", log_quote(text));
	if (!err)
		buf_printf(&said,
		           "The gateway is in the workspace %s now. Invite its bot to a channel, and say "
		           "/bridge help.",
		           text);
	else
		buf_printf(&said, "Slack did not give a token: %s. Begin again at /slack/install.", text);
	if (visit->request) {
		http_request_set_data(visit->request, NULL);
		show(visit->request, err ? 502 : 200, err ? "Not installed" : "Installed", buf_text(&said));
	}
	list_remove(&visit->link);
	mem_free(visit);
	buf_finish(&said);
}

static void come_back(struct http_request *request, void *context)
{
	struct slack_install *install = context;
	const char *code, *error;

	forget_old(install);
	if (!take_state(install, request)) {
		show(request, 400, "Not installed",
		     "This address was not made for this browser, was used before, or is too old. Begin "
		     "again at "
		     "/slack/install.");
		return;
	}
	code = http_request_query(request, "code");
	error = http_request_query(request, "error");
	if (error && !strcmp(error, "access_denied")) {
		show(request, 403, "Not installed", "You did not allow it, so nothing was changed.");
	} else if (error || !code || !*code) {
		char *text = mem_printf("Slack says: %s. Nothing was changed.", error ? error : "no code");

		show(request, 400, "Not installed", text);
		mem_free(text);
	} else {
		struct visit *visit = MEM_NEW(struct visit);

		visit->request = request;
		visit->install = install;
		list_append(&install->visits, &visit->link);
		http_request_set_data(request, visit);
		install->exchange(install->context, code, install->redirect_url, exchanged, visit);
	}
}

static void left(struct http_request *request, void *context)
{
	struct visit *visit = http_request_data(request);

	(void)context;
	if (visit)
		visit->request = NULL;
}

/* ---- beginning and end ---- */

struct slack_install *slack_install_create(struct http_listener *listener,
                                           const struct slack_install_settings *settings,
                                           slack_install_exchange *exchange, void *context,
                                           const struct log *parent)
{
	struct slack_install *install = MEM_NEW(struct slack_install);
	const struct http_route routes[] = {
	        {.path = "/slack/install", .methods = HTTP_GET, .complete = go_to_slack, .context = install},
	        {.path = "/slack/callback",
	         .methods = HTTP_GET,
	         .complete = come_back,
	         .gone = left,
	         .context = install},
	};

	list_init(&install->begun);
	list_init(&install->visits);
	if (http_listener_has_route(listener, routes[0].path) ||
	    http_listener_has_route(listener, routes[1].path)) {
		mem_free(install);
		return NULL;
	}
	install->settings.client_id = mem_strdup(settings->client_id);
	install->settings.authorize_url = mem_strdup(settings->authorize_url);
	install->redirect_url = mem_printf("%s/slack/callback", settings->public_url);
	install->exchange = exchange;
	install->context = context;
	install->log = (struct log){.parent = parent, .label = "install"};
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++)
		http_listener_route(listener, &routes[i]);
	return install;
}

void slack_install_destroy(struct slack_install **slot)
{
	struct slack_install *install = *slot;

	*slot = NULL;
	if (!install)
		return;
	while (!list_empty(&install->begun))
		begun_free(install, CONTAINER_OF(install->begun.next, struct begun, link));
	LIST_EACH (link, &install->visits) {
		list_remove(link);
		mem_free(CONTAINER_OF(link, struct visit, link));
	}
	mem_free((char *)install->settings.client_id);
	mem_free((char *)install->settings.authorize_url);
	mem_free(install->redirect_url);
	mem_free(install);
}
