/* SPDX-License-Identifier: MIT */
/* Answers: first straight to the socket; what it does not take at once waits until it has room. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "transport/http/http_private.h"
#include "transport/http/http_range.h"

/* ---- the socket ---- */

/* False: the rest has to wait, or the peer is gone. */
static bool send_out(struct http_request *request)
{
	struct http_connection *connection = request->connection;

	while (request->sent < request->out.len) {
		ssize_t count = send(connection->fd, request->out.data + request->sent,
				     request->out.len - request->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (count >= 0) {
			request->sent += (size_t)count;
			http_request_note_progress(request, (uint64_t)count);
		} else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) {
			connection->is_blocked = true;
			http_connection_watch(connection);
			return false;
		} else if (errno != EINTR) {
			http_connection_drop(connection);
			return false;
		}
	}
	connection->is_blocked = false;
	request->sent = 0;
	buf_clear(&request->out);
	return true;
}

/* ---- files ---- */

static void file_read(uv_fs_t *read)
{
	struct http_request *request = read->data;
	ssize_t count = read->result;

	uv_fs_req_cleanup(read);
	request->reading = false;
	if (request->stage == HTTP_ENDED) {
		http_request_release(request);
		return;
	}
	if (count <= 0) { /* it has become shorter, or cannot be read: what was promised cannot be kept */
		log_warning(&request->server->log, "%s: the file cannot be read to its end",
		            log_quote(request->path));
		http_connection_drop(request->connection);
		return;
	}
	request->out.len = (size_t)count;
	request->file_at += (uint64_t)count;
	request->file_left -= (uint64_t)count;
	http_answer_send(request);
}

static void read_file(struct http_request *request)
{
	size_t wanted = request->file_left < HTTP_CHUNK ? (size_t)request->file_left : HTTP_CHUNK;
	uv_buf_t room = uv_buf_init(buf_reserve(&request->out, wanted), (unsigned)wanted);

	http_connection_watch(request->connection);
	request->read.data = request;
	request->reading = true;
	if (uv_fs_read(request->server->loop, &request->read, request->file, &room, 1,
	               (int64_t)request->file_at, file_read) < 0) {
		request->reading = false;
		http_connection_drop(request->connection);
	}
}

void http_answer_send(struct http_request *request)
{
	if (request->stage != HTTP_SENDING || request->reading || !send_out(request))
		return;
	if (request->file_left > 0)
		read_file(request);
	else
		http_connection_answered(request->connection, request->keeps);
}

/* ---- the head of the answer ---- */

static const char *reason_of(unsigned status)
{
	static const struct {
		unsigned status;
		const char *reason;
	} reasons[] = {
	        {200, "OK"},
	        {201, "Created"},
	        {202, "Accepted"},
	        {204, "No Content"},
	        {206, "Partial Content"},
	        {301, "Moved Permanently"},
	        {302, "Found"},
	        {304, "Not Modified"},
	        {400, "Bad Request"},
	        {401, "Unauthorized"},
	        {403, "Forbidden"},
	        {404, "Not Found"},
	        {405, "Method Not Allowed"},
	        {410, "Gone"},
	        {411, "Length Required"},
	        {413, "Content Too Large"},
	        {416, "Range Not Satisfiable"},
	        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
	        {500, "Internal Server Error"},
	        {501, "Not Implemented"},
	        {502, "Bad Gateway"},
	        {503, "Service Unavailable"},
	        {505, "HTTP Version Not Supported"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Other";
}

void http_answer_header(struct http_request *request, const char *name, const char *value)
{
	buf_printf(&request->headers, "%s: ", name);
	for (; *value; value++)
		buf_putc(&request->headers, (unsigned char)*value < 0x20 || *value == 0x7f ? '_' : *value);
	buf_puts(&request->headers, "\r\n");
}

static bool is_answered(const struct http_request *request)
{
	return request->stage == HTTP_SENDING || request->stage == HTTP_ENDED;
}

/* RFC 9110 6.6.1 */
static void write_date(struct buf *out)
{
	static time_t last; /* that `text` is about */
	static char text[64];
	static size_t length;
	time_t now = (time_t)(clock_wall_ms() / 1000);

	if (now != last || !length) {
		struct tm parts;

		gmtime_r(&now, &parts);
		length = strftime(text, sizeof(text), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
		last = now;
	}
	buf_append(out, text, length);
}

static void begin(struct http_request *request, unsigned status, const char *type, uint64_t length)
{
	const struct http_connection *connection = request->connection;
	struct buf *out = &request->out;

	request->status = status;
	request->keeps = request->keeps && request->is_whole && connection->requests < request->server->requests_max &&
			 (!connection->at_end || connection->in.len > 0);
	buf_printf(out, "HTTP/1.1 %u %s\r\n", status, reason_of(status));
	write_date(out);
	if (!request->keeps)
		buf_puts(out, "Connection: close\r\n");
	if (status != 204 && status != 304)
		buf_printf(out, "Content-Length: %" PRIu64 "\r\n", length);
	if (type)
		buf_printf(out, "Content-Type: %s\r\n", type);
	if (request->headers.len)
		buf_append(out, request->headers.data, request->headers.len);
	buf_puts(out, "\r\n");
	http_request_advance(request, HTTP_SENDING);
}

static bool sends_content(const struct http_request *request, unsigned status)
{
	return request->head.method != HTTP_HEAD && status != 204 && status != 304;
}

void http_answer(struct http_request *request, unsigned status, const char *type, const void *content,
                 size_t length)
{
	if (is_answered(request))
		return;
	begin(request, status, type, length);
	if (sends_content(request, status))
		buf_append(&request->out, content, length);
	http_answer_send(request);
}

void http_answer_buf(struct http_request *request, unsigned status, const char *type, struct buf *content)
{
	http_answer(request, status, type, buf_text(content), content->len);
	buf_finish(content);
}

void http_answer_continue(struct http_request *request)
{
	static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";

	/* What was answered before is with the kernel, and so few bytes fit. Who does not get them sends all the same. */
	(void)!send(request->connection->fd, text, sizeof(text) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* If-None-Match has a list of entity tags; a weak one ("W/...") counts as the same (RFC 9110 13.1.2). */
static bool lists_tag(const char *list, const char *etag)
{
	size_t length = strlen(etag);

	if (!strcmp(list, "*"))
		return true;
	for (const char *at = list; (at = strstr(at, etag)); at += length)
		if ((at == list || strchr(" ,/", at[-1])) && (!at[length] || strchr(" ,", at[length])))
			return true;
	return false;
}

void http_answer_file(struct http_request *request, int fd, const char *type, const char *etag)
{
	struct stat info;
	uint64_t first = 0, last = 0;
	unsigned status = 200;

	if (is_answered(request)) {
		close(fd);
		return;
	}
	request->file = fd;
	if (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode)) {
		http_answer(request, 500, "text/plain; charset=utf-8", "The file cannot be read.\n", 25);
		return;
	}
	const char *match = http_request_header(request, "if-none-match");
	const char *range = http_request_header(request, "range");
	const char *if_range = http_request_header(request, "if-range");
	uint64_t size = (uint64_t)info.st_size, length = size;
	char text[80];

	http_answer_header(request, "Accept-Ranges", "bytes");
	if (etag)
		http_answer_header(request, "ETag", etag);
	if (etag && match && lists_tag(match, etag)) {
		http_answer(request, 304, NULL, "", 0);
		return;
	}
	if (request->head.method != HTTP_GET || (if_range && (!etag || strcmp(if_range, etag) != 0)))
		range = NULL;
	switch (http_range_parse(range, size, &first, &last)) {
	case HTTP_RANGE_NONE:
		break;
	case HTTP_RANGE_PART:
		status = 206;
		length = last - first + 1;
		snprintf(text, sizeof(text), "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, first, last, size);
		http_answer_header(request, "Content-Range", text);
		break;
	case HTTP_RANGE_WRONG:
		snprintf(text, sizeof(text), "bytes */%" PRIu64, size);
		http_answer_header(request, "Content-Range", text);
		http_answer(request, 416, "text/plain; charset=utf-8", "There is no such part.\n", 23);
		return;
	}
	begin(request, status, type, length);
	if (sends_content(request, status)) {
		request->file_at = first;
		request->file_left = length;
	}
	http_answer_send(request);
}
