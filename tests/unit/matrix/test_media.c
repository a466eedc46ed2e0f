/* SPDX-License-Identifier: MIT */
/* Files either way, between a homeserver, a stranger's server and people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/text.h"
#include "frontends/matrix/wire/homeserver_private.h"
#include "frontends/matrix/wire/matrix_media.h"
#include "protocol/event.h"
#include "tests/unit/media/fixture.h"

#define GIF "GIF89a\2\1\7\0"

struct bridge {
	struct fixture *f;
	struct http_server *server;
	struct http_listener *listener;
	struct http_client *client;
	struct homeserver *homeserver;
	struct matrix_media *media;
	char url[64];
	bool stopped, closed;
	bool is_old;           /* knows only the old path of media */
	unsigned download, upload; /* what is answered to each; 0: nothing, for now */
	struct http_request *waiting;
	unsigned downloads, uploads;
	struct buf sent;       /* "PATH BODY\n" of each event */
	struct buf uploaded;   /* "TYPE NAME BYTES" of the last file */
	const char *uri;
	struct buf replies;
};

/* ---- the homeserver ---- */

static void answer_json(struct http_request *request, unsigned status, const char *text)
{
	http_answer(request, status, "application/json", text, strlen(text));
}

static void serve_download(struct http_request *request, void *context)
{
	struct bridge *b = context;
	bool old_path = text_starts(http_request_path(request), "/_matrix/media/v3/");

	b->downloads++;
	assert_string_equal(http_request_header(request, "authorization"), "Bearer as-token");
	if (old_path != b->is_old)
		answer_json(request, 404, "{\"errcode\":\"M_UNRECOGNIZED\",\"error\":\"?\"}");
	else if (b->download == 200)
		http_answer(request, 200, "text/html", GIF, 10);
	else if (b->download)
		answer_json(request, b->download, "{\"errcode\":\"M_NOT_FOUND\",\"error\":\"?\"}");
	else
		b->waiting = request;
}

static void serve_upload(struct http_request *request, void *context)
{
	struct bridge *b = context;
	size_t length;
	const char *body = http_request_body(request, &length);
	char *answer;

	b->uploads++;
	buf_clear(&b->uploaded);
	buf_printf(&b->uploaded, "%s %s ", http_request_header(request, "content-type"),
		   http_request_query(request, "filename"));
	buf_append(&b->uploaded, body, length);
	if (!b->upload) {
		b->waiting = request;
		return;
	}
	answer = b->upload == 200 ? mem_printf("{\"content_uri\":\"%s\"}", b->uri)
				  : mem_strdup("{\"errcode\":\"M_TOO_LARGE\",\"error\":\"no\"}");
	answer_json(request, b->upload, answer);
	mem_free(answer);
}

static void serve_send(struct http_request *request, void *context)
{
	struct bridge *b = context;
	size_t length;

	buf_printf(&b->sent, "%s %s\n", http_request_rest(request), http_request_body(request, &length));
	answer_json(request, 200, "{\"event_id\":\"$1\"}");
}

static void forget(struct http_request *request, void *context)
{
	struct bridge *b = context;

	if (b->waiting == request)
		b->waiting = NULL;
}

/* ---- fixture ---- */

static void bridge_open(struct bridge *b, struct fixture *f, bool with_media)
{
	struct http_route routes[] = {
		{.path = "/_matrix/client/v1/media/download/", .methods = HTTP_GET, .complete = serve_download},
		{.path = "/_matrix/media/v3/download/", .methods = HTTP_GET, .complete = serve_download},
		{.path = "/_matrix/media/v3/upload", .methods = HTTP_POST, .body_max = 1 << 20, .complete = serve_upload},
		{.path = "/_matrix/client/v3/rooms/", .methods = HTTP_PUT, .body_max = 1 << 20, .complete = serve_send},
	};
	struct buf error = {0};

	*b = (struct bridge){.f = f, .download = 200, .upload = 200, .uri = "mxc://example.org/up"};
	b->server = http_server_create(&f->loop, NULL);
	assert_int_equal(http_server_listen(b->server, "127.0.0.1", 0, &b->listener, &error), 0);
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		routes[i].context = b;
		routes[i].gone = forget;
		assert_true(http_listener_route(b->listener, &routes[i]));
	}
	peer_open(f, b->server);
	f->peer_body = GIF;
	f->peer_length = 10;
	snprintf(b->url, sizeof(b->url), "http://127.0.0.1:%u", http_listener_port(b->listener));
	b->client = http_client_create(&f->loop, NULL);
	struct homeserver_settings settings = {b->url, "as-token"};

	b->homeserver = homeserver_create(b->client, &settings, NULL);
	homeserver_set_retry(b->homeserver, 10, 20);
	b->media = matrix_media_create(with_media ? f->media : NULL, b->client, b->homeserver, &settings, NULL);
}

static void bridge_leave(struct bridge *b)
{
	homeserver_destroy(&b->homeserver);
	matrix_media_destroy(&b->media);
	assert_null(b->media);
}

static void bridge_close(struct bridge *b)
{
	if (b->homeserver)
		bridge_leave(b);
	http_client_close(&b->client, note_true, &b->closed);
	http_server_close(&b->server, note_true, &b->stopped);
	TURN_UNTIL(&b->f->loop, b->stopped && b->closed);
	buf_finish(&b->sent);
	buf_finish(&b->uploaded);
	buf_finish(&b->replies);
}

/* ---- from Matrix ---- */

static void gives_urls(void **state)
{
	struct fixture *f = *state;
	struct bridge b;
	struct buf url = {0};

	bridge_open(&b, f, true);
	assert_false(matrix_media_put_url(b.media, NULL, "x", "@a:b", &url));
	assert_false(matrix_media_put_url(b.media, "https://example.org/x", "x", "@a:b", &url));
	assert_false(matrix_media_put_url(b.media, "mxc://example.org/a/b", "x", "@a:b", &url));
	assert_false(matrix_media_put_url(NULL, "mxc://example.org/abc", "x", "@a:b", &url));
	assert_int_equal(url.len, 0);
	assert_true(matrix_media_put_url(b.media, "mxc://example.org:8448/AbC_-", "../p.html", "@a:b", &url));
	assert_true(text_starts(url.data, "https://files.example.org/sub/media/mxc/example.org%3A8448/AbC_-/p.html?e="));
	assert_int_equal(b.downloads, 0);
	const char *answer = get(f, url.data, "");

	assert_true(text_starts(answer, "HTTP/1.1 200"));
	assert_true(has_header(answer, "Content-Type: image/gif"));
	assert_true(has_header(answer, "Content-Security-Policy: sandbox; default-src 'none'"));
	assert_memory_equal(content_of(answer), GIF, 10);
	assert_true(text_starts(get(f, url.data, ""), "HTTP/1.1 200"));
	assert_int_equal(b.downloads, 1);
	buf_finish(&url);
	bridge_close(&b);
}

static void asks_old_homeservers(void **state)
{
	struct fixture *f = *state;
	struct bridge b;
	struct buf url = {0};

	bridge_open(&b, f, true);
	b.is_old = true;
	assert_true(matrix_media_put_url(b.media, "mxc://example.org/one", NULL, "@a:b", &url));
	assert_true(text_starts(get(f, url.data, ""), "HTTP/1.1 200"));
	assert_int_equal(b.downloads, 2);
	buf_clear(&url);
	assert_true(matrix_media_put_url(b.media, "mxc://example.org/two", NULL, "@a:b", &url));
	assert_true(text_starts(get(f, url.data, ""), "HTTP/1.1 200"));
	assert_int_equal(b.downloads, 3);
	buf_finish(&url);
	bridge_close(&b);
}

static void says_what_is_missing(void **state)
{
	struct fixture *f = *state;
	struct bridge b;
	struct buf url = {0};
	struct client client;

	bridge_open(&b, f, true);
	assert_true(matrix_media_put_url(b.media, "mxc://example.org/one", NULL, "@a:b", &url));
	b.download = 404;
	assert_true(text_starts(get(f, url.data, ""), "HTTP/1.1 404"));
	b.download = 502;
	assert_true(text_starts(get(f, url.data, ""), "HTTP/1.1 502"));
	/* the frontend ends while somebody waits */
	b.download = 0;
	char *request = mem_printf("GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", strstr(url.data, "/media/"));

	client_open(&client, &f->loop, f->media->listener);
	client_say(&client, request, strlen(request));
	TURN_UNTIL(&f->loop, b.waiting);
	bridge_leave(&b);
	assert_true(text_starts(client_hear(&client), "HTTP/1.1 502"));
	assert_true(text_starts(get(f, url.data, ""), "HTTP/1.1 503"));
	client_close(&client);
	mem_free(request);
	buf_finish(&url);
	bridge_close(&b);
}

/* ---- from the network ---- */

static void note_reply(void *context, const struct matrix_reply *reply)
{
	struct bridge *b = context;

	buf_putc(&b->replies, reply->err ? '-' : '+');
}

static void call_in(struct bridge *b, const char *room, const char *transaction, const char *body,
		    struct matrix_call *call,
		    char **path)
{
	*path = mem_printf("/_matrix/client/v3/rooms/%s/send/m.room.message/%s", room, transaction);
	*call = (struct matrix_call){
		.method = HTTP_PUT, .path = *path, .body = body, .lane = room, .done = note_reply, .context = b};
}

static void say_text(struct bridge *b, const char *room, const char *transaction)
{
	struct matrix_call call;
	char *path;

	call_in(b, room, transaction, "{\"text\":1}", &call, &path);
	homeserver_call(b->homeserver, &call);
	mem_free(path);
}

static void say_file(struct bridge *b, const char *room, const char *transaction, struct event_attachment attachment)
{
	struct matrix_call call;
	char *path, *url = peer_url(b->f, attachment.url);

	if (!strstr(attachment.url, "://"))
		attachment.url = url;
	call_in(b, room, transaction, "{\"link\":1}", &call, &path);
	matrix_media_send(b->media, &attachment, "@a:b", attachment.description ? "\"more\":1" : NULL, &call);
	mem_free(path);
	mem_free(url);
}

static void wait_for_replies(struct bridge *b, size_t count)
{
	TURN_UNTIL(&b->f->loop, b->replies.len == count);
	assert_int_equal(strspn(buf_text(&b->replies), "+"), count);
}

static void assert_sent(struct bridge *b, const char *text)
{
	assert_string_equal(buf_text(&b->sent), text);
	buf_clear(&b->sent);
	buf_clear(&b->replies);
}

static void sends_files(void **state)
{
	struct fixture *f = *state;
	struct bridge b;

	bridge_open(&b, f, true);
	say_file(&b, "r", "1", (struct event_attachment){.url = "p%20q.gif", .mime_type = "text/html"});
	wait_for_replies(&b, 1);
	assert_sent(&b, "r/send/m.room.message/1 {\"msgtype\":\"m.image\",\"m.mentions\":{},\"body\":\"p q.gif\","
			"\"filename\":\"p q.gif\",\"url\":\"mxc://example.org/up\",\"info\":{\"mimetype\":\"image/gif\","
			"\"size\":10,\"w\":258,\"h\":7}}\n");
	assert_int_equal(b.uploaded.len, strlen("image/gif p q.gif ") + 10);
	assert_memory_equal(b.uploaded.data, "image/gif p q.gif " GIF, b.uploaded.len);
	f->peer_body = "fLaC";
	f->peer_length = 4;
	say_file(&b, "r", "2", (struct event_attachment){.url = "a", .description = "a \"song\""});
	wait_for_replies(&b, 1);
	assert_sent(&b, "r/send/m.room.message/2 {\"msgtype\":\"m.audio\",\"m.mentions\":{},\"body\":\"a \\\"song\\\"\","
			"\"filename\":\"a\",\"url\":\"mxc://example.org/up\",\"info\":{\"mimetype\":\"audio/flac\","
			"\"size\":4},\"more\":1}\n");
	/* what is not known by its content is what it is said to be, if that can be said */
	f->peer_body = "PK\3\4";
	say_file(&b, "r", "3", (struct event_attachment){.url = "a.docx", .mime_type = "application/msword"});
	wait_for_replies(&b, 1);
	assert_non_null(strstr(buf_text(&b.sent), "\"m.file\""));
	assert_non_null(strstr(buf_text(&b.sent), "\"application/msword\""));
	assert_true(text_starts(buf_text(&b.uploaded), "application/octet-stream "));
	buf_clear(&b.sent);
	buf_clear(&b.replies);
	say_file(&b, "r", "4", (struct event_attachment){.url = "a.zip", .mime_type = "x/y\r\nz"});
	wait_for_replies(&b, 1);
	assert_non_null(strstr(buf_text(&b.sent), "\"application/octet-stream\""));
	bridge_close(&b);
}

static void sends_links(void **state)
{
	struct fixture *f = *state;
	struct bridge b;

	bridge_open(&b, f, true);
	f->peer_status = 404;
	say_file(&b, "r", "1", (struct event_attachment){.url = "x"});
	wait_for_replies(&b, 1);
	assert_sent(&b, "r/send/m.room.message/1 {\"link\":1}\n");
	f->peer_status = 200;
	b.upload = 413;
	say_file(&b, "r", "2", (struct event_attachment){.url = "x"});
	wait_for_replies(&b, 1);
	assert_sent(&b, "r/send/m.room.message/2 {\"link\":1}\n");
	b.upload = 200;
	b.uri = "https://example.org/x";
	say_file(&b, "r", "3", (struct event_attachment){.url = "x"});
	wait_for_replies(&b, 1);
	assert_sent(&b, "r/send/m.room.message/3 {\"link\":1}\n");
	/* nothing is fetched */
	unsigned before = f->peer_requests;

	f->allowed_port = 0;
	say_file(&b, "r", "4", (struct event_attachment){.url = "x"});
	say_file(&b, "r", "5", (struct event_attachment){.url = "xmpp://x"});
	wait_for_replies(&b, 2);
	assert_sent(&b, "r/send/m.room.message/4 {\"link\":1}\nr/send/m.room.message/5 {\"link\":1}\n");
	assert_int_equal(f->peer_requests, before);
	bridge_close(&b);
}

static void is_off(void **state)
{
	struct fixture *f = *state;
	struct bridge b;
	struct buf url = {0};

	bridge_open(&b, f, false);
	assert_false(matrix_media_put_url(b.media, "mxc://example.org/abc", "x", "@a:b", &url));
	say_file(&b, "r", "1", (struct event_attachment){.url = "x"});
	wait_for_replies(&b, 1);
	assert_sent(&b, "r/send/m.room.message/1 {\"link\":1}\n");
	assert_int_equal(f->peer_requests, 0);
	bridge_close(&b);
}

/* What is behind a file in its room waits for it; other rooms do not. */
static void keeps_order(void **state)
{
	struct fixture *f = *state;
	struct bridge b;

	bridge_open(&b, f, true);
	f->peer_status = 0;
	say_text(&b, "r", "1");
	say_file(&b, "r", "2", (struct event_attachment){.url = "x"});
	say_text(&b, "r", "3");
	say_text(&b, "other", "4");
	TURN_UNTIL(&f->loop, f->waiting && b.replies.len == 2);
	assert_non_null(strstr(buf_text(&b.sent), "r/send/m.room.message/1"));
	assert_non_null(strstr(buf_text(&b.sent), "other/send/m.room.message/4"));
	buf_clear(&b.sent);
	buf_clear(&b.replies);
	b.upload = 0;
	http_answer(f->waiting, 200, "image/gif", GIF, 10);
	TURN_UNTIL(&f->loop, b.uploads == 1);
	say_text(&b, "other", "5");
	TURN_UNTIL(&f->loop, b.replies.len == 1);
	assert_sent(&b, "other/send/m.room.message/5 {\"text\":1}\n");
	assert_int_equal(homeserver_waiting(b.homeserver), 3);
	answer_json(b.waiting, 200, "{\"content_uri\":\"mxc://example.org/up\"}");
	wait_for_replies(&b, 2);
	const char *file = strstr(buf_text(&b.sent), "r/send/m.room.message/2 {\"msgtype\":\"m.image\"");
	const char *text = strstr(buf_text(&b.sent), "r/send/m.room.message/3 ");

	assert_non_null(file);
	assert_true(text > file);
	bridge_close(&b);
}

static void ends_in_between(void **state)
{
	struct fixture *f = *state;
	struct bridge b;

	bridge_open(&b, f, true);
	f->peer_status = 0;
	b.upload = 0;
	say_file(&b, "r", "1", (struct event_attachment){.url = "x"});
	TURN_UNTIL(&f->loop, f->waiting);
	f->peer_status = 200;
	say_file(&b, "s", "2", (struct event_attachment){.url = "x"});
	TURN_UNTIL(&f->loop, b.uploads == 1);
	bridge_close(&b);
	media_stop(f);
}

static void limits_messages_that_wait(void **state)
{
	struct fixture *f = *state;
	struct bridge b;
	char transaction[16], room[16];

	bridge_open(&b, f, true);
	f->peer_status = 0;
	for (unsigned i = 0; i < LIMIT_MEDIA_FETCHES_OWNER + LIMIT_MEDIA_FETCHES_OWNER_WAITING + 4; i++) {
		snprintf(transaction, sizeof(transaction), "%u", i);
		snprintf(room, sizeof(room), "room%u", i);
		say_file(&b, room, transaction, (struct event_attachment){.url = "x"});
	}
	/* those of one person beyond the limit are sent as links at once */
	wait_for_replies(&b, 4);
	assert_null(strstr(buf_text(&b.sent), "msgtype"));
	bridge_close(&b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, media_set_up, media_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(gives_urls),
		TEST(asks_old_homeservers),
		TEST(says_what_is_missing),
		TEST(sends_files),
		TEST(sends_links),
		TEST(is_off),
		TEST(keeps_order),
		TEST(ends_in_between),
		TEST(limits_messages_that_wait),
	};

	return cmocka_run_group_tests_name("matrix: media", tests, NULL, NULL);
}
