/* SPDX-License-Identifier: MIT */
/* Installing the app by OAuth, and the tokens that come of it: kept, refreshed, lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/slack/install.h"
#include "frontends/slack/slack_token.h"
#include "frontends/slack/wire/web_api_private.h"
#include "tests/unit/http/client.h"
#include "transport/store/store.h"

struct fixture {
	uv_loop_t loop;
	char folder[64];
	char *database;
	struct store *store;
	struct http_server *server;
	struct http_listener *listener;
	struct http_client *client;
	struct web_api *api;
	struct slack_tokens *tokens;
	struct slack_install *install;
	struct web_token web, fixed;
	bool stopped, closed;
	struct buf told, asked; /* what was told; bodies of oauth.v2.access */
	const char *answer;     /* of it */
	const char *valid;      /* the token that auth.test takes */
	unsigned done;
};

static int64_t skip_ms; /* that has passed since the beginning of a test, besides the time that it takes */

/* In the place of those of base/clock.h, by the linker (--wrap). */
uint64_t __real_clock_ms(void);
uint64_t __wrap_clock_ms(void);
int64_t __real_clock_wall_ms(void);
int64_t __wrap_clock_wall_ms(void);

uint64_t __wrap_clock_ms(void)
{
	return __real_clock_ms() + (uint64_t)skip_ms;
}

int64_t __wrap_clock_wall_ms(void)
{
	return __real_clock_wall_ms() + skip_ms;
}

#define GRANT                                                                                        \
	"{\"ok\":true,\"access_token\":\"xoxb-1\",\"token_type\":\"bot\",\"bot_user_id\":\"U0BOT\"," \
	"\"app_id\":\"A1\",\"team\":{\"name\":\"<Softball>\",\"id\":\"T1\"}}"
#define ROTATING                                                                                          \
	"{\"ok\":true,\"access_token\":\"xoxe.xoxb-%u\",\"refresh_token\":\"xoxe-%u\",\"expires_in\":%u," \
	"\"team\":{\"name\":\"Softball\",\"id\":\"T1\"}}"

static void give_token(struct http_request *request, void *context)
{
	struct fixture *f = context;
	size_t length;

	buf_printf(&f->asked, "%s\n", http_request_body(request, &length));
	http_answer(request, 200, "application/json", f->answer, strlen(f->answer));
}

static void test_token(struct http_request *request, void *context)
{
	struct fixture *f = context;
	const char *answer = http_request_has_token(request, f->valid)
	                             ? "{\"ok\":true}"
	                             : "{\"ok\":false,\"error\":\"token_expired\"}";

	http_answer(request, 200, "application/json", answer, strlen(answer));
}

static void take_token(void *context, const char *team, const char *name, const char *access)
{
	struct fixture *f = context;

	buf_printf(&f->told, "token %s %s %s\n", team, name, access);
}

static void take_loaded(void *context)
{
	buf_puts(&((struct fixture *)context)->told, "loaded\n");
}

static void take_ending(void *context, struct web_token *token, const char *why, int64_t expires_ms)
{
	struct fixture *f = context;

	assert_false(token->dead);
	assert_true(expires_ms > clock_wall_ms());
	buf_printf(&f->told, "ending %s %s\n", token->label, why);
}

static void take_lost(void *context, struct web_token *token, const char *why)
{
	struct fixture *f = context;

	assert_true(token->dead);
	buf_printf(&f->told, "lost %s %s\n", token->label, why);
}

static void exchange(void *context, const char *code, const char *redirect_url,
                     void (*done)(void *context, int err, const char *text), void *done_context)
{
	struct fixture *f = context;

	slack_tokens_exchange(f->tokens, code, redirect_url, done, done_context);
}

static void open_store(struct fixture *f)
{
	struct buf error = {0};
	struct store_config config = {.type = "sqlite3",
	                              .database = f->database,
	                              .server = "",
	                              .user = "",
	                              .password = "",
	                              .prefix = "",
	                              .connection_string = "",
	                              .encryption_key = "",
	                              .key_file = "",
	                              .vip_statement = ""};

	if (store_open(&f->store, &f->loop, &config, &error))
		fail_msg("%s", buf_text(&error));
}

static void open_tokens(struct fixture *f)
{
	f->tokens =
	        slack_tokens_create(f->store, f->api, &(struct slack_token_settings){"1.2", "s&cret"},
	                            &(struct slack_token_ops){take_token, take_loaded, take_ending, take_lost, f}, NULL);
}

static int set_up(void **state)
{
	struct fixture *f = MEM_NEW(struct fixture);
	struct buf error = {0};
	char base[64];

	skip_ms = 0;

	snprintf(f->folder, sizeof(f->folder), "/tmp/libtransport-slack-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	f->database = mem_printf("%s/db.sqlite", f->folder);
	uv_loop_init(&f->loop);
	open_store(f);
	f->server = http_server_create(&f->loop, NULL);
	assert_int_equal(http_server_listen(f->server, "127.0.0.1", 0, &f->listener, &error), 0);
	assert_true(http_listener_route(f->listener, &(struct http_route){.path = "/api/oauth.v2.access",
	                                                                  .methods = HTTP_POST,
	                                                                  .body_max = 4000,
	                                                                  .complete = give_token,
	                                                                  .context = f}));
	assert_true(http_listener_route(f->listener, &(struct http_route){.path = "/api/auth.test",
	                                                                  .methods = HTTP_POST,
	                                                                  .body_max = 4000,
	                                                                  .complete = test_token,
	                                                                  .context = f}));
	snprintf(base, sizeof(base), "http://127.0.0.1:%u/api", http_listener_port(f->listener));
	f->client = http_client_create(&f->loop, NULL);
	f->api = web_api_create(f->client, base, NULL);
	web_api_set_times(f->api, 10, 40, 10);
	open_tokens(f);
	f->install =
	        slack_install_create(f->listener,
	                             &(struct slack_install_settings){"1.2", "https://b.example.org",
	                                                              "https://slack.com/oauth/v2/authorize"},
	                             exchange, f, NULL);
	assert_non_null(f->install);
	f->answer = GRANT;
	f->valid = "";
	*state = f;
	return 0;
}

static void remove_folder(struct fixture *f)
{
	static const char *const names[] = {"db.sqlite", "db.sqlite-wal", "db.sqlite-shm", "key"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char *path = mem_printf("%s/%s", f->folder, names[i]);

		unlink(path);
		mem_free(path);
	}
	assert_int_equal(rmdir(f->folder), 0);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	slack_tokens_destroy(&f->tokens);
	web_api_destroy(&f->api);
	http_server_close(&f->server, note_true, &f->stopped);
	http_client_close(&f->client, note_true, &f->closed);
	TURN_UNTIL(&f->loop, f->closed && f->stopped);
	slack_install_destroy(&f->install);
	store_close(&f->store);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	remove_folder(f);
	mem_free(f->database);
	mem_free(f->web.text);
	mem_free(f->fixed.text);
	buf_finish(&f->told);
	buf_finish(&f->asked);
	mem_free(f);
	return 0;
}

static void expect_told(struct fixture *f, const char *told)
{
	TURN_UNTIL(&f->loop, f->told.len >= strlen(told));
	assert_string_equal(buf_text(&f->told), told);
	buf_clear(&f->told);
}

/* What is between two texts. */
static char *between(const char *text, const char *before, const char *behind)
{
	const char *from = strstr(text, before);

	assert_non_null(from);
	from += strlen(before);
	assert_non_null(strstr(from, behind));
	return mem_strndup(from, (size_t)(strstr(from, behind) - from));
}

/* The browser is sent to Slack: the state, and its cookie. */
static void begin(struct fixture *f, char **state, char **cookie)
{
	const char *answer =
	        client_ask(&f->loop, f->listener, "GET /slack/install HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n");

	assert_non_null(strstr(answer, " 302 "));
	assert_non_null(strstr(
	        answer,
	        "ocation: https://slack.com/oauth/v2/authorize?client_id=1.2&scope=channels%3Ahistory%2C"));
	assert_non_null(
	        strstr(answer, "&redirect_uri=https%3A%2F%2Fb.example.org%2Fslack%2Fcallback&state="));
	assert_non_null(strstr(answer, "; HttpOnly; SameSite=Lax; Secure"));
	*state = between(answer, "&state=", "\r\n");
	*cookie = between(answer, "slack_install=", ";");
}

static const char *come_back(struct fixture *f, const char *query, const char *state, const char *cookie)
{
	char *request = mem_printf("GET /slack/callback?%s&state=%s HTTP/1.1\r\nHost: b\r\nConnection: close\r\nCookie: a=b; "
	                           "slack_install=%s\r\n\r\n",
	                           query, state, cookie);
	const char *answer = client_ask(&f->loop, f->listener, request);

	mem_free(request);
	return answer;
}

static void installs(void **state)
{
	struct fixture *f = *state;
	char *secret, *cookie;
	const char *answer;

	begin(f, &secret, &cookie);
	answer = come_back(f, "code=c%2Bd", secret, cookie);
	assert_non_null(strstr(answer, " 200 "));
	assert_non_null(strstr(answer, "&lt;Softball&gt;"));
	assert_null(strstr(answer, "<Softball>"));
	assert_null(strstr(answer, "xoxb"));
	expect_told(f, "token T1 <Softball> xoxb-1\n");
	assert_string_equal(buf_text(&f->asked),
	                    "client_id=1.2&client_secret=s%26cret&code=c%2Bd&"
	                    "redirect_uri=https%3A%2F%2Fb.example.org%2Fslack%2Fcallback\n");
	/* once */
	answer = come_back(f, "code=c", secret, cookie);
	assert_non_null(strstr(answer, " 400 "));
	assert_string_equal(buf_text(&f->told), "");
	mem_free(secret);
	mem_free(cookie);
}

static void refuses_others(void **state)
{
	struct fixture *f = *state;
	char *secret, *cookie, *other, *other_cookie;

	begin(f, &secret, &cookie);
	begin(f, &other, &other_cookie);
	assert_string_not_equal(secret, other);
	assert_non_null(strstr(come_back(f, "code=c", "", cookie), " 400 "));
	assert_non_null(strstr(come_back(f, "code=c", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", cookie), " 400 "));
	/* of another browser; which is good for nobody then */
	assert_non_null(strstr(come_back(f, "code=c", secret, other_cookie), " 400 "));
	assert_non_null(strstr(come_back(f, "code=c", secret, cookie), " 400 "));
	assert_non_null(strstr(come_back(f, "code=c", other, ""), " 400 "));
	assert_int_equal(f->asked.len, 0);
	mem_free(secret);
	mem_free(cookie);
	mem_free(other);
	mem_free(other_cookie);
	/* who does not allow it, and what Slack refuses */
	begin(f, &secret, &cookie);
	assert_non_null(strstr(come_back(f, "error=access_denied", secret, cookie), "You did not allow it"));
	mem_free(secret);
	mem_free(cookie);
	begin(f, &secret, &cookie);
	assert_non_null(strstr(come_back(f, "error=%3Cscript%3E", secret, cookie), "&lt;script&gt;"));
	mem_free(secret);
	mem_free(cookie);
	f->answer = "{\"ok\":false,\"error\":\"invalid_code\"}";
	begin(f, &secret, &cookie);
	assert_non_null(strstr(come_back(f, "code=x", secret, cookie), "invalid_code"));
	mem_free(secret);
	mem_free(cookie);
	assert_string_equal(buf_text(&f->told), "");
}

static void forgets_the_oldest(void **state)
{
	struct fixture *f = *state;
	char *first, *first_cookie, *secret = NULL, *cookie = NULL;

	begin(f, &first, &first_cookie);
	for (unsigned i = 0; i < LIMIT_SLACK_INSTALLS; i++) {
		mem_free(secret);
		mem_free(cookie);
		begin(f, &secret, &cookie);
	}
	assert_non_null(strstr(come_back(f, "code=c", first, first_cookie), " 400 "));
	assert_non_null(strstr(come_back(f, "code=c", secret, cookie), " 200 "));
	mem_free(first);
	mem_free(first_cookie);
	mem_free(secret);
	mem_free(cookie);
}

static void forgets_what_takes_too_long(void **state)
{
	struct fixture *f = *state;
	char *late, *late_cookie, *secret, *cookie;

	begin(f, &late, &late_cookie);
	skip_ms = LIMIT_SLACK_INSTALL_SECONDS * INT64_C(500);
	begin(f, &secret, &cookie);
	skip_ms = LIMIT_SLACK_INSTALL_SECONDS * INT64_C(1000) + 1;
	assert_non_null(strstr(come_back(f, "code=c", late, late_cookie), " 400 "));
	assert_non_null(strstr(come_back(f, "code=c", secret, cookie), " 200 "));
	mem_free(late);
	mem_free(late_cookie);
	mem_free(secret);
	mem_free(cookie);
}

static void note_exchanged(void *context, int err, const char *text)
{
	struct fixture *f = context;

	f->done++;
	buf_printf(&f->told, "%d %s\n", err, text);
}

static void open_again(struct fixture *f)
{
	slack_tokens_destroy(&f->tokens);
	store_close(&f->store);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	open_store(f);
	open_tokens(f);
	slack_tokens_load(f->tokens);
}

static void keeps_tokens(void **state)
{
	struct fixture *f = *state;

	slack_tokens_load(f->tokens);
	expect_told(f, "loaded\n");
	slack_tokens_exchange(f->tokens, "c", "https://b", note_exchanged, f);
	expect_told(f, "token T1 <Softball> xoxb-1\n0 <Softball>\n");
	open_again(f);
	expect_told(f, "token T1 <Softball> xoxb-1\nloaded\n");
	/* it is not there to be read */
	char *log = mem_printf("%s-wal", f->database);
	const char *const files[] = {f->database, log};

	for (unsigned i = 0; i < 2; i++) {
		FILE *file = fopen(files[i], "rb");
		char bytes[65536];
		size_t length = file ? fread(bytes, 1, sizeof(bytes), file) : 0;

		assert_null(memmem(bytes, length, "xoxb-1", 6));
		if (file)
			fclose(file);
	}
	mem_free(log);
	slack_tokens_forget(f->tokens, "T1");
	open_again(f);
	expect_told(f, "loaded\n");
}

static void note_call(void *context, const struct web_reply *reply)
{
	struct fixture *f = context;

	buf_printf(&f->told, "called %d\n", reply->err);
}

static void call(struct fixture *f, struct web_token *token)
{
	web_api_call(f->api, &(struct web_call){
	                             .method = "auth.test", .token = token, .done = note_call, .context = f});
}

static void refreshes(void **state)
{
	struct fixture *f = *state;
	char first[300], second[300], third[300];

	snprintf(first, sizeof(first), ROTATING, 1u, 1u, 43200u);
	snprintf(second, sizeof(second), ROTATING, 2u, 2u, 3600u);
	snprintf(third, sizeof(third), ROTATING, 3u, 3u, 43200u);
	f->answer = first;
	slack_tokens_exchange(f->tokens, "c", "https://b", note_exchanged, f);
	expect_told(f, "token T1 Softball xoxe.xoxb-1\n0 Softball\n");
	f->web = (struct web_token){.text = mem_strdup("xoxe.xoxb-1"), .label = "T1"};
	slack_tokens_attach(f->tokens, "T1", &f->web);
	/* a call finds it expired, and is made with the next; which soon expires itself and is refreshed at
	 * once when it is looked at */
	f->answer = second;
	f->valid = "xoxe.xoxb-2";
	buf_clear(&f->asked);
	call(f, &f->web);
	expect_told(f, "called 0\n");
	assert_string_equal(f->web.text, "xoxe.xoxb-2");
	assert_string_equal(
	        buf_text(&f->asked),
	        "client_id=1.2&client_secret=s%26cret&grant_type=refresh_token&refresh_token=xoxe-1\n");
	f->answer = third;
	slack_tokens_attach(f->tokens, "T1", &f->web);
	TURN_UNTIL(&f->loop, !strcmp(f->web.text, "xoxe.xoxb-3"));
	/* that is what is kept */
	open_again(f);
	expect_told(f, "token T1 Softball xoxe.xoxb-3\nloaded\n");
	slack_tokens_attach(f->tokens, "T1", &f->web);
	/* and in the end it is refused: what is there is good until it expires */
	f->answer = "{\"ok\":false,\"error\":\"invalid_refresh_token\"}";
	f->valid = "xoxe.xoxb-3";
	skip_ms = (43200 - LIMIT_SLACK_REFRESH_SECONDS + 60) * INT64_C(1000);
	buf_clear(&f->asked);
	slack_tokens_attach(f->tokens, "T1", &f->web);
	expect_told(f, "ending T1 invalid_refresh_token\n");
	call(f, &f->web);
	expect_told(f, "called 0\n");
	slack_tokens_attach(f->tokens, "T1", &f->web);
	f->valid = "";
	call(f, &f->web);
	expect_told(f, "lost T1 token_expired\ncalled -7\n");
	/* one request, as the refresh token is of no use */
	assert_non_null(strchr(buf_text(&f->asked), '\n'));
	assert_int_equal(strchr(buf_text(&f->asked), '\n')[1], '\0');
	/* one of the configuration cannot be refreshed */
	f->fixed = (struct web_token){.text = mem_strdup("xoxe.xoxb-9"), .label = "T9"};
	call(f, &f->fixed);
	expect_told(f, "lost T9 token_expired\ncalled -7\n");
}

/* Refused when it has expired already. */
static void is_lost(void **state)
{
	struct fixture *f = *state;
	char first[300];

	snprintf(first, sizeof(first), ROTATING, 1u, 1u, 43200u);
	f->answer = first;
	slack_tokens_exchange(f->tokens, "c", "https://b", note_exchanged, f);
	expect_told(f, "token T1 Softball xoxe.xoxb-1\n0 Softball\n");
	f->web = (struct web_token){.text = mem_strdup("xoxe.xoxb-1"), .label = "T1"};
	slack_tokens_attach(f->tokens, "T1", &f->web);
	skip_ms = 43201 * INT64_C(1000);
	f->answer = "{\"ok\":false,\"error\":\"invalid_refresh_token\"}";
	f->valid = "";
	call(f, &f->web);
	expect_told(f, "lost T1 invalid_refresh_token\ncalled -7\n");
}

static void ends_while_it_is_kept(void **state)
{
	struct fixture *f = *state;

	slack_tokens_exchange(f->tokens, "c", "https://b", note_exchanged, f);
	TURN_UNTIL(&f->loop, f->asked.len > 0);
	slack_tokens_load(f->tokens);
	/* tear_down */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(installs),     TEST(refuses_others), TEST(forgets_the_oldest),
	        TEST(forgets_what_takes_too_long), TEST(is_lost),
	        TEST(keeps_tokens), TEST(refreshes),      TEST(ends_while_it_is_kept),
	};

	return cmocka_run_group_tests_name("slack: install", tests, NULL, NULL);
}
