/* SPDX-License-Identifier: MIT */
/* Files either way, between a Slack, a stranger's server and people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/slack/wire/slack_file_private.h"
#include "frontends/slack/wire/web_api_private.h"
#include "tests/unit/media/fixture.h"

#define GIF "GIF89a-xyz"
#define TOLD_MAX 2048

struct bridge {
	struct fixture *f;
	struct http_server *server;
	struct http_listener *listener;
	struct http_client *client;
	struct web_api *api;
	struct web_token token;
	bool no_token; /* for now ... */
	bool stays_unknown; /* ... and for long */
	uv_timer_t known;
	struct slack_files *files;
	char base[64], host[48];
	bool stopped, closed;
	/* Slack */
	const char *info;     /* what is answered to files.info; with %s for the host */
	bool unknown;         /* no file_id is known to files.info */
	const char *complete; /* to files.completeUploadExternal; NULL: the connection is not answered */
	const char *place;    /* to files.getUploadURLExternal */
	const char *type;     /* Content-Type of downloads */
	unsigned status;      /* of downloads; 0: no answer for now */
	struct http_request *waiting;
	struct buf seen; /* "METHOD BODY\n" of calls; "POST BYTES\n" of uploads */
	unsigned infos, downloads;
	/* the frontend */
	char told[TOLD_MAX]; /* "ERR TS\n" of each */
	unsigned done, dropped;
};

/* ---- Slack ---- */

static void answer(struct http_request *request, const char *text)
{
	http_answer(request, 200, "application/json", text, strlen(text));
}

static void serve_call(struct http_request *request, void *context)
{
	struct bridge *b = context;
	const char *method = http_request_rest(request);
	size_t length;
	char *info;

	assert_string_equal(http_request_token(request), "xoxb-1");
	buf_printf(&b->seen, "%s %s\n", method, http_request_body(request, &length));
	if (!strcmp(method, "files.info")) {
		b->infos++;
		info = b->unknown ? mem_strdup("{\"ok\":false,\"error\":\"file_not_found\"}")
		                  : mem_printf("{\"ok\":true,\"file\":{\"id\":\"F1\",%s}}", b->info);
		answer(request, info);
		mem_free(info);
	} else if (!strcmp(method, "files.getUploadURLExternal")) {
		info = b->place ? mem_strdup(b->place)
		                : mem_printf("{\"ok\":true,\"upload_url\":\"%s/up/1\",\"file_id\":\"F1\"}",
		                             b->host);
		answer(request, info);
		mem_free(info);
	} else if (b->complete) {
		answer(request, b->complete);
	} else {
		b->waiting = request;
	}
}

static void serve_upload(struct http_request *request, void *context)
{
	struct bridge *b = context;
	size_t length;
	const char *body = http_request_body(request, &length);

	assert_null(http_request_header(request, "authorization"));
	buf_puts(&b->seen, "POST ");
	buf_append(&b->seen, body, length);
	buf_putc(&b->seen, '\n');
	http_answer(request, 200, "text/plain", "OK", 2);
}

static void serve_download(struct http_request *request, void *context)
{
	struct bridge *b = context;

	b->downloads++;
	assert_string_equal(http_request_header(request, "authorization"), "Bearer xoxb-1");
	if (b->status)
		http_answer(request, b->status, b->type, GIF, 10);
	else
		b->waiting = request;
}

static void forget(struct http_request *request, void *context)
{
	struct bridge *b = context;

	if (b->waiting == request)
		b->waiting = NULL;
}

/* ---- fixture ---- */

static struct web_token *token_of(void *context, const char *team)
{
	struct bridge *b = context;

	return !strcmp(team, "T1") && !b->no_token ? &b->token : NULL;
}

/* It is known soon after somebody has asked. */
static void on_known(uv_timer_t *timer)
{
	struct bridge *b = timer->data;

	b->no_token = false;
	slack_files_look_again(b->files);
}

static bool token_comes(void *context, const char *team)
{
	struct bridge *b = context;

	(void)team;
	if (b->no_token && !b->stays_unknown)
		uv_timer_start(&b->known, on_known, 1, 0);
	return b->no_token;
}

static void listen_for(struct bridge *b)
{
	struct http_route routes[] = {
	        {.path = "/api/", .methods = HTTP_POST, .body_max = 1 << 20, .complete = serve_call},
	        {.path = "/up/", .methods = HTTP_POST, .body_max = 1 << 20, .complete = serve_upload},
	        {.path = "/dl/", .methods = HTTP_GET, .complete = serve_download},
	};
	struct buf error = {0};

	b->server = http_server_create(&b->f->loop, NULL);
	assert_int_equal(http_server_listen(b->server, "127.0.0.1", 0, &b->listener, &error), 0);
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		routes[i].context = b;
		routes[i].gone = forget;
		assert_true(http_listener_route(b->listener, &routes[i]));
	}
	snprintf(b->host, sizeof(b->host), "http://127.0.0.1:%u", http_listener_port(b->listener));
	snprintf(b->base, sizeof(b->base), "%s/api", b->host);
}

static void bridge_open(struct bridge *b, struct fixture *f, bool with_media)
{
	*b = (struct bridge){.f = f,
	                     .type = "image/gif",
	                     .status = 200,
	                     .info = "\"mode\":\"hosted\"",
	                     .complete = "{\"ok\":true,\"files\":[{\"id\":\"F1\"}]}",
	                     .token = {.text = (char *)"xoxb-1", .label = "T1"}};
	listen_for(b);
	peer_open(f, b->server);
	f->peer_body = GIF;
	f->peer_length = 10;
	b->client = http_client_create(&f->loop, NULL);
	b->api = web_api_create(b->client, b->base, NULL);
	web_api_set_times(b->api, 10, 40, 30);
	b->files = slack_files_create(&(struct slack_files_place){.media = with_media ? f->media : NULL,
	                                                          .client = b->client,
	                                                          .api = b->api,
	                                                          .base = b->base,
	                                                          .token = token_of,
	                                                          .token_comes = token_comes,
	                                                          .context = b});
	b->files->first_ms = 5;
	b->files->last_ms = 20;
	b->files->share_ms = 10000;
}

static void bridge_leave(struct bridge *b)
{
	web_api_destroy(&b->api);
	slack_files_destroy(&b->files);
	assert_null(b->files);
	slack_files_destroy(&b->files);
}

static void bridge_close(struct bridge *b)
{
	if (b->api)
		bridge_leave(b);
	http_client_close(&b->client, note_true, &b->closed);
	http_server_close(&b->server, note_true, &b->stopped);
	TURN_UNTIL(&b->f->loop, b->stopped && b->closed);
	buf_finish(&b->seen);
}

static void expect_seen(struct bridge *b, const char *seen)
{
	assert_string_equal(buf_text(&b->seen), seen);
	buf_clear(&b->seen);
}

/* ---- from Slack ---- */

static void url_of(struct bridge *b, const char *team, struct buf *url)
{
	struct slack_file file = {
	        .id = "F1", .name = "../p.gif", .title = "", .url = "https://files.slack.com/x"};

	buf_clear(url);
	assert_true(slack_files_put_url(b->files, team, &file, "T1/U1", url));
}

static void fetches_when_opened(void **state)
{
	struct fixture *f = *state;
	struct bridge b;
	struct buf url = {0};
	char *info;

	bridge_open(&b, f, true);
	info = mem_printf(
	        "\"mode\":\"hosted\",\"mimetype\":\"image/gif\",\"url_private_download\":\"%s/dl/x\"",
	        b.host);
	b.info = info;
	url_of(&b, "T1", &url);
	assert_true(text_starts(url.data, "https://files.example.org/sub/media/slack/T1/F1/p.gif?e="));
	assert_int_equal(b.infos, 0);
	const char *got = get(f, url.data, "");

	assert_true(text_starts(got, "HTTP/1.1 200"));
	assert_true(has_header(got, "Content-Type: image/gif"));
	assert_memory_equal(content_of(got), GIF, 10);
	expect_seen(&b, "files.info file=F1\n");
	/* from now on it is there */
	assert_true(text_starts(get(f, url.data, ""), "HTTP/1.1 200"));
	assert_int_equal(b.downloads, 1);
	mem_free(info);
	buf_finish(&url);
	bridge_close(&b);
}

/* The gateway is just being started. */
static void waits_for_the_workspace(void **state)
{
	static const char *const teams[] = {"T1", "T2"};
	struct fixture *f = *state;
	struct bridge b;
	struct buf url = {0};
	char *info;

	bridge_open(&b, f, true);
	uv_timer_init(&f->loop, &b.known);
	b.known.data = &b;
	info = mem_printf("\"mode\":\"hosted\",\"mimetype\":\"image/gif\",\"url_private_download\":\"%s/dl/x\"", b.host);
	b.info = info;
	for (size_t i = 0; i < ARRAY_SIZE(teams); i++) {
		b.no_token = true;
		url_of(&b, teams[i], &url);
		assert_true(text_starts(get(f, url.data, ""), i ? "HTTP/1.1 404" : "HTTP/1.1 200"));
		assert_false(b.no_token);
	}
	expect_seen(&b, "files.info file=F1\n");
	uv_close((uv_handle_t *)&b.known, NULL);
	mem_free(info);
	buf_finish(&url);
	bridge_close(&b);
}

/* Of a workspace that is not known for long: only so many wait, as others are to be fetched meanwhile. */
static void few_wait_for_a_workspace(void **state)
{
	struct fixture *f = *state;
	struct bridge b;
	const struct media_source *source;
	struct outcome outcomes[LIMIT_SLACK_FILES_WAITING + 1] = {{0}}, *last = &outcomes[LIMIT_SLACK_FILES_WAITING];
	char tag[MEDIA_TAG_LENGTH + 1];

	bridge_open(&b, f, true);
	b.no_token = b.stays_unknown = true;
	media_tag(f->media, "T1/U1", tag);
	source = map_get(f->media->sources, "slack");
	for (unsigned i = 0; i < ARRAY_SIZE(outcomes); i++) {
		char *reference = mem_printf("T1/F%u", i);

		source->fetch(source->context, reference,
		              media_writer_create(f->media, tag, NULL, "p", outcome_take, &outcomes[i]));
		mem_free(reference);
	}
	TURN_UNTIL(&f->loop, last->done);
	assert_int_equal(last->err, TP_ERR_LIMIT);
	assert_non_null(strstr(buf_text(&last->problem), "not there yet"));
	for (unsigned i = 0; i < LIMIT_SLACK_FILES_WAITING; i++)
		assert_int_equal(outcomes[i].done, 0);
	bridge_close(&b);
	for (unsigned i = 0; i < ARRAY_SIZE(outcomes); i++) {
		TURN_UNTIL(&f->loop, outcomes[i].done);
		outcome_finish(&outcomes[i]);
	}
}

struct refusal {
	const char *info; /* %s: the host */
	unsigned status;
	const char *type, *answer;
};

static void says_why_not(void **state)
{
	static const struct refusal cases[] = {
	        {"\"mode\":\"hosted\",\"mimetype\":\"image/gif\",\"url_private\":\"%s/dl/x\"", 200,
	         "text/html; charset=utf-8", "login page"},
	        {"\"mode\":\"hosted\",\"url_private\":\"%s/dl/x\"", 302, "text/html", "login"},
	        {"\"mode\":\"hosted\",\"url_private\":\"%s/dl/x\"", 500, "text/plain", "status 500"},
	        {"\"mode\":\"tombstone\"", 200, "image/gif", "it was deleted"},
	        {"\"mode\":\"hidden_by_limit\",\"x\":\"%s\"", 200, "image/gif", "does not give it"},
	        {"\"mode\":\"hosted\"", 200, "image/gif", "does not give it"},
	        /* hosts that must not see the token */
	        {"\"mode\":\"hosted\",\"url_private\":\"https://files.example.org/x\"", 200, "image/gif",
	         "not at Slack"},
	        {"\"mode\":\"hosted\",\"url_private\":\"http://127.0.0.2:1/x\"", 200, "image/gif",
	         "not at Slack"},
	        {"\"mode\":\"hosted\",\"url_private\":\"https://127.0.0.1@example.org/x\"", 200, "image/gif",
	         "not at Slack"},
	};
	struct fixture *f = *state;
	struct buf url = {0};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct bridge b;
		struct buf info = {0};
		const char *host = strstr(cases[i].info, "%s");

		bridge_open(&b, f, true);
		buf_append(&info, cases[i].info,
		           host ? (size_t)(host - cases[i].info) : strlen(cases[i].info));
		if (host)
			buf_printf(&info, "%s%s", b.host, host + 2);
		b.info = buf_text(&info);
		b.status = cases[i].status;
		b.type = cases[i].type;
		url_of(&b, "T1", &url);
		const char *got = get(f, url.data, "");

		if (text_starts(got, "HTTP/1.1 200") || !strstr(got, cases[i].answer))
			fail_msg("%s: %s", info.data, got);
		assert_true(b.downloads == (i < 3));
		buf_finish(&info);
		bridge_close(&b);
	}
	buf_finish(&url);
}

static void knows_its_workspaces(void **state)
{
	struct fixture *f = *state;
	struct bridge b;
	struct buf url = {0};
	struct client client;

	bridge_open(&b, f, true);
	url_of(&b, "T2", &url);
	assert_true(text_starts(get(f, url.data, ""), "HTTP/1.1 404"));
	/* the frontend ends while somebody waits */
	char *info = mem_printf("\"mode\":\"hosted\",\"url_private\":\"%s/dl/x\"", b.host);

	b.info = info;
	b.status = 0;
	url_of(&b, "T1", &url);
	char *request = mem_printf("GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", strstr(url.data, "/media/"));

	client_open(&client, &f->loop, f->media->listener);
	client_say(&client, request, strlen(request));
	TURN_UNTIL(&f->loop, b.waiting);
	bridge_leave(&b);
	assert_true(text_starts(client_hear(&client), "HTTP/1.1 502"));
	client_close(&client);
	mem_free(request);
	mem_free(info);
	buf_finish(&url);
	bridge_close(&b);
}

static void words(struct bridge *b, struct slack_file file, const char *expected)
{
	struct buf text = {0};

	slack_files_put_words(b->files, "T1", &file, "T1/U1", &text);
	if (!text_starts(buf_text(&text), expected))
		fail_msg("%s", buf_text(&text));
	buf_finish(&text);
}

static void says_files(void **state)
{
	struct fixture *f = *state;
	struct bridge b;
	struct slack_file file = {
	        .id = "F1", .name = "a.png", .title = "", .permalink = "https://x.slack.com/F1"};

	bridge_open(&b, f, true);
	words(&b, file, "a.png: https://files.example.org/sub/media/slack/T1/F1/a.png?e=");
	file.mode = SLACK_FILE_ASK;
	file.name = "";
	words(&b, file, "file: https://files.example.org/sub/media/slack/T1/F1/file?e=");
	file.mode = SLACK_FILE_EXTERNAL;
	file.title = "Plan";
	words(&b, file, "Plan: https://x.slack.com/F1");
	file.url = "https://docs.example.org/1";
	words(&b, file, "Plan: https://docs.example.org/1");
	file.mode = SLACK_FILE_DELETED;
	words(&b, file, "(a file that was deleted: Plan)");
	file.mode = SLACK_FILE_HIDDEN;
	words(&b, file, "(a file that Slack does not show, as the workspace's plan ends before it: Plan)");
	bridge_close(&b);
	bridge_open(&b, f, false);
	file.mode = SLACK_FILE_HOSTED;
	words(&b, file, "Plan: https://x.slack.com/F1");
	file.permalink = NULL;
	words(&b, file, "(a file: Plan)");
	bridge_close(&b);
}

/* ---- to Slack ---- */

static void note_done(void *context, int err, const char *ts, const char *problem)
{
	struct bridge *b = context;
	size_t length = strlen(b->told);

	b->done++;
	assert_true(!err == !problem && !err == (ts != NULL));
	snprintf(b->told + length, sizeof(b->told) - length, "%d %s\n", err, ts ? ts : problem);
}

static void note_drop(void *context)
{
	((struct bridge *)context)->dropped++;
}

static void send_file(struct bridge *b, struct slack_upload upload)
{
	unsigned before = b->done;
	char *url = upload.bytes ? NULL : peer_url(b->f, "p%20q.gif");

	upload.token = &b->token;
	upload.lane = "T1/C1";
	upload.channel = "C1";
	upload.url = url;
	upload.owner = "T1/U1";
	upload.done = note_done;
	upload.drop = note_drop;
	upload.context = b;
	slack_files_send(b->files, &upload);
	assert_int_equal(b->done, before); /* never from inside */
	mem_free(url);
}

static void wait_for(struct bridge *b, unsigned done, const char *told)
{
	TURN_UNTIL(&b->f->loop, b->done >= done);
	assert_int_equal(b->done, done);
	if (strcmp(b->told, told) != 0)
		fail_msg("told %s", b->told);
	assert_int_equal(slack_files_count(b->files), 0);
}

static void uploads(void **state)
{
	struct fixture *f = *state;
	struct bridge b;

	bridge_open(&b, f, true);
	b.files->first_ms = b.files->last_ms = 100000; /* only the event tells */
	send_file(&b, (struct slack_upload){.thread = "4.1", .username = "carol", .icon_url = "https://a/1"});
	TURN_UNTIL(&f->loop, strstr(buf_text(&b.seen), "complete"));
	assert_int_equal(slack_files_count(b.files), 1);
	/* other files, and the same one elsewhere */
	slack_files_shared(b.files, "C1", "F2", "9.1");
	slack_files_shared(b.files, "C2", "F1", "9.2");
	assert_int_equal(b.done, 0);
	slack_files_shared(b.files, "C1", "F1", "9.3");
	wait_for(&b, 1, "0 9.3\n");
	expect_seen(&b, "files.getUploadURLExternal filename=p%20q.gif&length=10\nPOST " GIF "\n"
	                "files.completeUploadExternal "
	                "files=%5B%7B%22id%22%3A%22F1%22%2C%22title%22%3A%22p%20q.gif%22%7D%5D&"
	                "channel_id=C1&thread_ts=4.1&username=carol&icon_url=https%3A%2F%2Fa%2F1\n");
	bridge_close(&b);
}

/* The event overtakes the answer. */
static void is_told_early(void **state)
{
	struct fixture *f = *state;
	struct bridge b;

	bridge_open(&b, f, true);
	b.complete = NULL;
	send_file(&b, (struct slack_upload){.bytes = "long", .length = 4, .title = "T", .comment = "c"});
	TURN_UNTIL(&f->loop, b.waiting);
	slack_files_shared(b.files, "C1", "F1", "9.1");
	assert_int_equal(b.done, 0);
	answer(b.waiting, "{\"ok\":true}");
	wait_for(&b, 1, "0 9.1\n");
	expect_seen(&b, "files.getUploadURLExternal filename=message.txt&length=4\nPOST long\n"
	                "files.completeUploadExternal "
	                "files=%5B%7B%22id%22%3A%22F1%22%2C%22title%22%3A%22T%22%7D%5D&channel_id=C1&"
	                "initial_comment=c\n");
	bridge_close(&b);
}

static void asks_for_shares(void **state)
{
	struct fixture *f = *state;
	struct bridge b;

	bridge_open(&b, f, true);
	send_file(&b, (struct slack_upload){.bytes = "x", .length = 1});
	TURN_UNTIL(&f->loop, b.infos >= 3);
	assert_int_equal(b.done, 0);
	b.info =
	        "\"shares\":{\"public\":{\"C2\":[{\"ts\":\"1.1\"}]},\"private\":{\"C1\":[{\"ts\":\"9.1\"}]}}";
	wait_for(&b, 1, "0 9.1\n");
	/* it never comes */
	b.info = "\"shares\":{\"public\":{\"C1\":[{\"ts\":\"?\"}]}}";
	b.files->share_ms = 30;
	send_file(&b, (struct slack_upload){.bytes = "x", .length = 1});
	TURN_UNTIL(&f->loop, b.done == 2);
	assert_non_null(strstr(b.told, "does not show it in the channel"));
	bridge_close(&b);
}

/* The answer to the last call is lost: it is not made twice if the file is there. */
static void looks_before_it_repeats(void **state)
{
	struct fixture *f = *state;
	struct bridge b;

	bridge_open(&b, f, true);
	b.complete = "<html>";
	b.info = "\"shares\":{\"public\":{\"C1\":[{\"ts\":\"9.1\"}]}}";
	send_file(&b, (struct slack_upload){.bytes = "x", .length = 1});
	wait_for(&b, 1, "0 9.1\n");
	const char *first = strstr(b.seen.data, "completeUpload");

	assert_non_null(first);
	assert_null(strstr(first + 1, "completeUpload"));
	bridge_close(&b);
	/* it is complete, and shown later */
	bridge_open(&b, f, true);
	b.complete = "<html>";
	send_file(&b, (struct slack_upload){.bytes = "x", .length = 1});
	TURN_UNTIL(&f->loop, b.infos == 2);
	b.info = "\"shares\":{\"public\":{\"C1\":[{\"ts\":\"9.3\"}]}}";
	wait_for(&b, 1, "0 9.3\n");
	first = strstr(b.seen.data, "completeUpload");
	assert_null(strstr(first + 1, "completeUpload"));
	bridge_close(&b);
	/* it is not there: again */
	bridge_open(&b, f, true);
	b.complete = "<html>";
	b.unknown = true;
	send_file(&b, (struct slack_upload){.bytes = "x", .length = 1});
	TURN_UNTIL(&f->loop, b.infos == 1);
	b.complete = "{\"ok\":true}";
	b.unknown = false;
	b.info = "\"shares\":{\"public\":{\"C1\":[{\"ts\":\"9.2\"}]}}";
	wait_for(&b, 1, "0 9.2\n");
	first = strstr(b.seen.data, "completeUpload");
	assert_non_null(strstr(first + 1, "completeUpload"));
	bridge_close(&b);
}

static void note_placed(void *context, const char *file_id)
{
	struct bridge *b = context;

	buf_printf(&b->seen, "placed %s\n", file_id);
}

static void has_sent(struct bridge *b, const char *told, const char *seen)
{
	wait_for(b, 1, told);
	expect_seen(b, seen);
	bridge_close(b);
}

#define INFO "files.info file=F1\n"
#define PLACE "files.getUploadURLExternal filename=message.txt&length=1\n"
#define COMPLETE \
	"placed F1\nfiles.completeUploadExternal " \
	"files=%5B%7B%22id%22%3A%22F1%22%2C%22title%22%3A%22message.txt%22%7D%5D&channel_id=C1\n"

/* A process before this one has begun it. */
static void goes_on(void **state)
{
	const struct slack_upload upload = {.bytes = "x", .length = 1, .file_id = "F1", .placed = note_placed};
	struct fixture *f = *state;
	struct bridge b;

	/* it was shown already */
	bridge_open(&b, f, true);
	b.info = "\"shares\":{\"public\":{\"C1\":[{\"ts\":\"9.1\"}]}}";
	send_file(&b, upload);
	has_sent(&b, "0 9.1\n", INFO);
	/* it is on its way */
	bridge_open(&b, f, true);
	b.files->first_ms = b.files->last_ms = 100000;
	send_file(&b, upload);
	TURN_UNTIL(&f->loop, b.infos == 1 && !web_api_waiting(b.api));
	slack_files_shared(b.files, "C1", "F1", "9.2");
	has_sent(&b, "0 9.2\n", INFO);
	/* the bytes were there, and no more */
	bridge_open(&b, f, true);
	b.files->first_ms = b.files->last_ms = 100000;
	b.unknown = true;
	send_file(&b, upload);
	TURN_UNTIL(&f->loop, strstr(buf_text(&b.seen), "complete") && !web_api_waiting(b.api));
	slack_files_shared(b.files, "C1", "F1", "9.3");
	has_sent(&b, "0 9.3\n", INFO COMPLETE);
	/* Slack knows nothing of it */
	bridge_open(&b, f, true);
	b.files->first_ms = b.files->last_ms = 100000;
	b.unknown = true;
	b.complete = "{\"ok\":false,\"error\":\"file_not_found\"}";
	send_file(&b, upload);
	TURN_UNTIL(&f->loop, strstr(buf_text(&b.seen), "getUploadURL"));
	b.complete = "{\"ok\":true}";
	TURN_UNTIL(&f->loop, strstr(strstr(b.seen.data, "getUploadURL"), "complete") && !web_api_waiting(b.api));
	slack_files_shared(b.files, "C1", "F1", "9.4");
	has_sent(&b, "0 9.4\n", INFO COMPLETE PLACE "POST x\n" COMPLETE);
	/* a link of the network, whose name is not known yet */
	bridge_open(&b, f, true);
	b.unknown = true;
	b.complete = "{\"ok\":false,\"error\":\"file_not_found\"}";
	send_file(&b, (struct slack_upload){.file_id = "F1"});
	wait_for(&b, 1, "-2 file_not_found\n");
	assert_non_null(strstr(b.seen.data, "%22F1%22%7D%5D"));
	assert_non_null(strstr(b.seen.data, "POST " GIF));
	bridge_close(&b);
}

static void tells_failures(void **state)
{
	struct fixture *f = *state;
	struct bridge b;

	bridge_open(&b, f, true);
	f->peer_status = 404;
	send_file(&b, (struct slack_upload){0});
	TURN_UNTIL(&f->loop, b.done == 1);
	f->peer_status = 200;
	b.place = "{\"ok\":false,\"error\":\"missing_scope\"}";
	send_file(&b, (struct slack_upload){0});
	TURN_UNTIL(&f->loop, b.done == 2);
	b.place = "{\"ok\":true,\"upload_url\":\"http://example.org/\",\"file_id\":\"F1\"}";
	send_file(&b, (struct slack_upload){0});
	TURN_UNTIL(&f->loop, b.done == 3);
	b.place = "{\"ok\":true}";
	send_file(&b, (struct slack_upload){0});
	TURN_UNTIL(&f->loop, b.done == 4);
	b.place = NULL;
	b.complete = "{\"ok\":false,\"error\":\"channel_not_found\"}";
	send_file(&b, (struct slack_upload){0});
	TURN_UNTIL(&f->loop, b.done == 5);
	assert_null(strstr(b.told, "0 "));
	assert_int_equal(slack_files_count(b.files), 0);
	bridge_close(&b);
	bridge_open(&b, f, false);
	send_file(&b, (struct slack_upload){0});
	TURN_UNTIL(&f->loop, b.done == 1);
	assert_non_null(strstr(b.told, "media.public_url"));
	bridge_close(&b);
}

static void is_limited(void **state)
{
	struct fixture *f = *state;
	struct bridge b;

	bridge_open(&b, f, true);
	b.complete = NULL;
	for (unsigned i = 0; i < LIMIT_SLACK_FILES + 1; i++)
		send_file(&b, (struct slack_upload){.bytes = "x", .length = 1});
	TURN_UNTIL(&f->loop, b.done == 1);
	assert_non_null(strstr(b.told, "too many files"));
	assert_int_equal(slack_files_count(b.files), LIMIT_SLACK_FILES);
	bridge_leave(&b);
	assert_int_equal(b.dropped, LIMIT_SLACK_FILES);
	assert_int_equal(b.done, 1);
	bridge_close(&b);
}

/* At any moment, whatever is under way. */
static void ends_at_any_time(void **state)
{
	struct fixture *f = *state;

	for (unsigned turns = 0; turns < 40; turns++) {
		struct bridge b;

		bridge_open(&b, f, true);
		send_file(&b, (struct slack_upload){0});
		for (unsigned i = 0; i < turns; i++)
			uv_run(&f->loop, UV_RUN_NOWAIT);
		bridge_leave(&b);
		assert_int_equal(b.dropped + b.done, 1);
		bridge_close(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(fetches_when_opened, media_set_up, media_tear_down),
	        cmocka_unit_test_setup_teardown(waits_for_the_workspace, media_set_up, media_tear_down),
	        cmocka_unit_test_setup_teardown(few_wait_for_a_workspace, media_set_up, media_tear_down),
	        cmocka_unit_test_setup_teardown(says_why_not, media_set_up, media_tear_down),
	        cmocka_unit_test_setup_teardown(knows_its_workspaces, media_set_up, media_tear_down),
	        cmocka_unit_test_setup_teardown(says_files, media_set_up, media_tear_down),
	        cmocka_unit_test_setup_teardown(uploads, media_set_up, media_tear_down),
	        cmocka_unit_test_setup_teardown(is_told_early, media_set_up, media_tear_down),
	        cmocka_unit_test_setup_teardown(asks_for_shares, media_set_up, media_tear_down),
	        cmocka_unit_test_setup_teardown(looks_before_it_repeats, media_set_up, media_tear_down),
	        cmocka_unit_test_setup_teardown(goes_on, media_set_up, media_tear_down),
	        cmocka_unit_test_setup_teardown(tells_failures, media_set_up, media_tear_down),
	        cmocka_unit_test_setup_teardown(is_limited, media_set_up, media_tear_down),
	        cmocka_unit_test_setup_teardown(ends_at_any_time, media_set_up, media_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
