/* SPDX-License-Identifier: MIT */
/* One call: what libcurl is told of it, what it tells us, and what comes out. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "transport/http/http_client_private.h"
#include "transport/http/http_retry.h"
#include "transport/http/http_guard.h"

#define PROBLEM_BYTES 300

/* ---- where it may go ---- */

static bool may_go_to(struct http_call *call, const struct sockaddr *address)
{
	const struct http_client *client = call->pool->client;
	bool may = call->is_foreign ? client->allows(client->allows_context, address)
				    : !call->is_plain || http_guard_is_loopback(address);

	if (!may)
		call->refused = true;
	return may;
}

/* The very address that is connected to: a name that resolves to another one the next time does not help. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
	const struct http_call *call = context;

	(void)purpose;
	if (!may_go_to(context, &address->addr))
		return CURL_SOCKET_BAD;
	/* The loop wants it so anyway. */
	int opened = socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address->protocol);

	if (opened >= 0)
		http_client_opens(call->pool, opened);
	return opened;
}

/* Of whichever call: it may be gone. */
static int close_socket(void *context, curl_socket_t socket)
{
	http_client_closes(context, socket);
	return close(socket);
}

/* Also before each request of a connection that was there already. Numeric, as libcurl got it from the socket. */
static int before_request(void *context, char *remote, char *local, int remote_port, int local_port)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)remote_port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)remote_port)};
	const struct sockaddr *address = NULL;

	struct http_call *call = context;

	(void)local;
	(void)local_port;
	/* libcurl's own second try */
	if (call->unrepeated && call->sent)
		return CURL_PREREQFUNC_ABORT;
	if (inet_pton(AF_INET, remote, &v4.sin_addr) == 1)
		address = (const struct sockaddr *)&v4;
	else if (inet_pton(AF_INET6, remote, &v6.sin6_addr) == 1)
		address = (const struct sockaddr *)&v6;
	call->sent = address && may_go_to(context, address);
	return call->sent ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

/* ---- bodies ---- */

static size_t take_answer(char *bytes, size_t size, size_t count, void *context)
{
	struct http_call *call = context;
	long status = 0;

	count *= size;
	if (call->cancelled)
		return CURL_WRITEFUNC_ERROR;
	call->size += count;
	if (call->size > call->answer_max) {
		call->too_long = true;
		return CURL_WRITEFUNC_ERROR;
	}
	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	if (!call->piece || status < 200 || status > 299) {
		buf_append(&call->answer, bytes, count);
	} else if (!call->piece(call->context, bytes, count)) {
		call->too_long = true;
		return CURL_WRITEFUNC_ERROR;
	}
	return call->cancelled ? CURL_WRITEFUNC_ERROR : count;
}

/* From the page cache, mostly: what is sent has just been written. */
static size_t give_body(char *room, size_t size, size_t count, void *context)
{
	struct http_call *call = context;
	uint64_t left = call->body_size - call->body_at;
	ssize_t got;

	count *= size;
	if (count > left)
		count = (size_t)left;
	do
		got = pread(call->body_fd, room, count, (off_t)call->body_at);
	while (got < 0 && errno == EINTR);
	if (got < 0 || (got == 0 && count > 0)) {
		call->problem = "the file cannot be read to its end";
		return CURL_READFUNC_ABORT;
	}
	call->body_at += (uint64_t)got;
	return (size_t)got;
}

/* A connection that was kept and turns out to be dead: the request begins again on another one. */
static int rewind_body(void *context, curl_off_t offset, int origin)
{
	struct http_call *call = context;

	if (origin != SEEK_SET || offset < 0)
		return CURL_SEEKFUNC_CANTSEEK;
	call->body_at = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

/* ---- the request ---- */

static const char *method_name(enum http_method method)
{
	switch (method) {
	case HTTP_GET:
		return "GET";
	case HTTP_HEAD:
		return "HEAD";
	case HTTP_POST:
		return "POST";
	case HTTP_PUT:
		return "PUT";
	case HTTP_DELETE:
		return "DELETE";
	}
	return "GET";
}

/* `name` may be a whole line. A value may be a stranger's, a media type for example: it stays on its line. */
static void add_header(struct http_call *call, const char *name, const char *value)
{
	char *line = value ? mem_printf("%s: %s", name, value) : mem_strdup(name);

	for (char *at = line; *at; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			*at = '_';
	call->headers = curl_slist_append(call->headers, line);
	mem_free_secret(line);
}

static void set_headers(struct http_call *call, const struct http_ask *ask, bool has_body)
{
	if (ask->bearer) {
		char *value = mem_printf("Bearer %s", ask->bearer);

		add_header(call, "Authorization", value);
		mem_free_secret(value);
	}
	if (has_body)
		add_header(call, "Content-Type", ask->content_type ? ask->content_type : "application/octet-stream");
	else
		add_header(call, "Content-Type:", NULL); /* libcurl has an opinion of its own */
	add_header(call, "Expect:", NULL); /* a second's wait where it is not understood */
	for (const char *const *line = ask->headers; line && *line; line++)
		add_header(call, *line, NULL);
	curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->headers);
}

static void read_body_from(struct http_call *call)
{
	curl_easy_setopt(call->easy, CURLOPT_READFUNCTION, give_body);
	curl_easy_setopt(call->easy, CURLOPT_READDATA, call);
	curl_easy_setopt(call->easy, CURLOPT_SEEKFUNCTION, rewind_body);
	curl_easy_setopt(call->easy, CURLOPT_SEEKDATA, call);
}

static void set_body(struct http_call *call, const struct http_ask *ask)
{
	CURL *easy = call->easy;
	bool has_body = ask->body_from_fd || ask->content_type;

	if (ask->body_from_fd) {
		curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
		read_body_from(call);
		curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)ask->body_size);
	} else if (has_body || ask->method == HTTP_POST || ask->method == HTTP_PUT) {
		size_t length = ask->content_type ? ask->body_length : 0;

		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
		curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, length ? ask->body : "");
	}
	if (ask->method == HTTP_HEAD)
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	else
		curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method_name(ask->method));
	set_headers(call, ask, has_body);
}

static void set_limits(struct http_call *call, const struct http_ask *ask)
{
	unsigned seconds = ask->timeout_s && ask->timeout_s < LIMIT_HTTP_CLIENT_SECONDS ? ask->timeout_s
											 : LIMIT_HTTP_CLIENT_SECONDS;
	unsigned connect = seconds < LIMIT_HTTP_CLIENT_CONNECT_SECONDS ? seconds : LIMIT_HTTP_CLIENT_CONNECT_SECONDS;

	curl_easy_setopt(call->easy, CURLOPT_TIMEOUT_MS, (long)seconds * 1000);
	curl_easy_setopt(call->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)connect * 1000);
	/* What is told in advance is refused before it is read. */
	if (ask->method != HTTP_HEAD && ask->answer_max > 0 && ask->answer_max < INT64_MAX)
		curl_easy_setopt(call->easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)ask->answer_max);
}

/* What is said here is meant to hold whatever the environment, a .netrc or a build of libcurl says. */
static void set_rules(struct http_call *call, const struct http_ask *ask)
{
	CURL *easy = call->easy;

	curl_easy_setopt(easy, CURLOPT_URL, ask->url);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->trouble);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* the loop does not wait for a resolver's thread */
	curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 1L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "libtransport/" LIBTRANSPORT_VERSION);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, ask->foreign ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_MAXREDIRS, (long)LIMIT_HTTP_CLIENT_REDIRECTS);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, call);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, call->pool);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_request);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, call);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_answer);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
}

static void check_url(struct http_call *call, const char *url)
{
	bool is_plain = text_starts(url, "http://");

	/* Our own: libcurl parses it anyway. */
	if (!call->is_foreign && (is_plain || text_starts(url, "https://"))) {
		call->is_plain = is_plain;
		return;
	}
	CURLU *parts = curl_url();
	char *scheme = NULL;

	call->err = TP_ERR_INVALID;
	if (!parts || curl_url_set(parts, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK ||
	    curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK) {
		call->problem = "this is no URL";
	} else if (!strcmp(scheme, "https") || !strcmp(scheme, "http")) {
		call->is_plain = scheme[4] == '\0';
		call->err = 0;
	} else {
		call->problem = "only http and https can be asked";
		if (call->is_foreign)
			call->err = TP_ERR_NOT_ALLOWED;
	}
	curl_free(scheme);
	curl_url_cleanup(parts);
}

struct http_call *http_call_create(struct http_pool *pool, const struct http_ask *ask)
{
	struct http_call *call = MEM_NEW(struct http_call);

	call->pool = pool;
	list_init(&call->link);
	call->is_foreign = ask->foreign;
	call->unrepeated = ask->unrepeated;
	call->body_fd = ask->body_from_fd ? ask->body_fd : -1;
	call->body_size = ask->body_size;
	call->answer_max = ask->answer_max;
	call->piece = ask->piece;
	call->done = ask->done;
	call->context = ask->context;
	check_url(call, ask->url);
	if (call->err)
		return call;
	call->easy = curl_easy_init();
	if (!call->easy) {
		call->err = TP_ERR_IO;
		call->problem = "libcurl has no memory";
		return call;
	}
	set_rules(call, ask);
	set_limits(call, ask);
	set_body(call, ask);
	return call;
}

void http_call_free(struct http_call *call)
{
	curl_easy_cleanup(call->easy);
	for (struct curl_slist *line = call->headers; line; line = line->next)
		explicit_bzero(line->data, strlen(line->data));
	curl_slist_free_all(call->headers);
	if (call->body_fd >= 0)
		close(call->body_fd);
	buf_finish(&call->answer);
	mem_free(call);
}

/* ---- the result ---- */

static int error_of(const struct http_call *call, CURLcode code, const char **problem)
{
	long status = 0;

	*problem = NULL;
	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	if (call->too_long || code == CURLE_FILESIZE_EXCEEDED) {
		*problem = "the answer is longer than it may be";
		return TP_ERR_LIMIT;
	}
	switch (code) {
	case CURLE_OK:
		return 0;
	case CURLE_OPERATION_TIMEDOUT:
		return TP_ERR_TIMEOUT;
	case CURLE_URL_MALFORMAT:
	case CURLE_LOGIN_DENIED: /* CURLOPT_DISALLOW_USERNAME_IN_URL */
		return call->is_foreign ? TP_ERR_NOT_ALLOWED : TP_ERR_INVALID;
	case CURLE_TOO_MANY_REDIRECTS:
		return TP_ERR_NOT_ALLOWED;
	case CURLE_UNSUPPORTED_PROTOCOL: /* of a redirect; or what answers does not speak HTTP/1 */
		return status >= 300 ? TP_ERR_NOT_ALLOWED : TP_ERR_IO;
	case CURLE_COULDNT_CONNECT:
	case CURLE_ABORTED_BY_CALLBACK:
		if (!call->refused)
			return TP_ERR_IO;
		*problem = call->is_foreign ? "it leads to an address that is not for strangers' links"
					    : "plain http is for this machine only, others are asked by https";
		return TP_ERR_NOT_ALLOWED;
	default:
		return TP_ERR_IO;
	}
}

/* NULL: it is not there. */
static const char *header_of(CURL *easy, const char *name)
{
	struct curl_header *header;

	return curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK ? header->value : NULL;
}

static int64_t date_ms(const char *date)
{
	time_t when = date ? curl_getdate(date, NULL) : -1;

	return when > 0 && when < INT32_MAX * INT64_C(100) ? (int64_t)when * 1000 : 0;
}

static void read_answer(struct http_call *call, struct http_result *result)
{
	char *type = NULL;
	long status = 0;

	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(call->easy, CURLINFO_CONTENT_TYPE, &type);
	result->status = (unsigned)status;
	result->type = type && text_is_clean(type, strlen(type), TEXT_LINE) ? type : NULL;
	result->date_ms = date_ms(header_of(call->easy, "Date"));
	result->retry_after_ms = http_retry_after_ms(header_of(call->easy, "Retry-After"),
						     result->date_ms ? result->date_ms : clock_wall_ms());
	result->body = buf_text(&call->answer);
	result->length = call->answer.len;
}

void http_call_result(struct http_call *call, CURLcode code, struct http_result *result, struct buf *problem)
{
	const char *sentence = call->problem;

	*result = (struct http_result){.err = call->err, .body = "", .retry_after_ms = -1, .size = call->size};
	if (!result->err)
		result->err = error_of(call, code, &sentence);
	result->sent = call->unrepeated && call->sent;
	if (!result->err) {
		read_answer(call, result);
		return;
	}
	if (!sentence)
		sentence = *call->trouble ? call->trouble : curl_easy_strerror(code);
	text_show(problem, sentence, strlen(sentence), PROBLEM_BYTES); /* it may quote the peer */
	result->problem = buf_text(problem);
}
