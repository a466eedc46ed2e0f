/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/wire/matrix_media.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/crash_point.h"
#include "base/error.h"
#include "base/json.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/matrix/wire/matrix_id.h"
#include "protocol/event.h"
#include "transport/media/media.h"
#include "transport/media/media_type.h"

#define SCHEME "mxc://"
#define KIND "mxc"
#define HEAD_BYTES (128u << 10) /* of a picture, to find its size: behind what a camera says of itself */
#define TYPE_BYTES 100

struct matrix_media {
	struct media *media; /* NULL: off */
	struct http_client *client;
	struct homeserver *homeserver;
	struct log log;
	char *url, *token;
	bool is_old;          /* the homeserver does not know Matrix v1.11 */
	struct list pulls;    /* struct pull.link */
	struct list grabs;    /* struct grab.link */
	struct list showings; /* struct showing.link */
	size_t showings_count;
};

/* ------------------------------------------------------------------------------------------------- from
 * Matrix */

struct pull {
	struct matrix_media *matrix;
	struct list link;
	char *reference;
	struct media_writer *writer;
	struct http_call *call;
	bool asked_old;
};

static void pull_free(struct pull *pull)
{
	list_remove(&pull->link);
	mem_free(pull->reference);
	mem_free(pull);
}

static void pull_end(struct pull *pull, int err, const char *problem)
{
	if (err)
		media_fail(&pull->writer, err, problem);
	else
		media_end(&pull->writer);
	pull_free(pull);
}

static bool take_piece(void *context, const void *bytes, size_t count)
{
	struct pull *pull = context;

	return media_write(pull->writer, bytes, count);
}

static void hold(void *context, bool hold)
{
	struct pull *pull = context;

	http_call_hold(pull->call, hold);
}

static bool is_unrecognized(const struct http_result *result)
{
	struct cJSON *json = json_read(result->body, result->length);
	struct arena arena = {0};
	const char *errcode = json_text(json, "errcode", &arena);
	bool unrecognized = errcode && !strcmp(errcode, "M_UNRECOGNIZED");

	arena_finish(&arena);
	json_free(&json);
	return unrecognized;
}

static char *download_url(const struct matrix_media *matrix, const char *reference, bool is_old)
{
	return mem_printf("%s%s%s", matrix->url,
	                  is_old ? "/_matrix/media/v3/download/" : "/_matrix/client/v1/media/download/", reference);
}

static void ask(struct pull *pull);

static void on_answer(void *context, const struct http_result *result)
{
	struct pull *pull = context;
	struct matrix_media *matrix = pull->matrix;
	char problem[64];

	CRASH_POINT("core.matrix.media.pulled");
	pull->call = NULL;
	if (!result->err && result->status >= 200 && result->status < 300) {
		matrix->is_old = pull->asked_old;
		pull_end(pull, 0, NULL);
		return;
	}
	if (!result->err && !pull->asked_old && is_unrecognized(result)) {
		pull->asked_old = true;
		ask(pull);
		return;
	}
	snprintf(problem, sizeof(problem), "the homeserver answers with status %u", result->status);
	log_info(&matrix->log, "a file cannot be fetched: %s", result->err ? result->problem : problem);
	if (result->err)
		pull_end(pull, result->err, "the homeserver does not give it");
	else
		pull_end(pull, result->status == 404 ? TP_ERR_NOT_FOUND : TP_ERR_IO, problem);
}

static void ask(struct pull *pull)
{
	struct matrix_media *matrix = pull->matrix;
	char *url = download_url(matrix, pull->reference, pull->asked_old);

	pull->call = http_client_ask(matrix->client,
	                             &(struct http_ask){.method = HTTP_GET,
	                                                .url = url,
	                                                .bearer = matrix->token,
	                                                .answer_max = media_file_max(matrix->media),
	                                                .timeout_s = LIMIT_MATRIX_DOWNLOAD_SECONDS,
	                                                .piece = take_piece,
	                                                .done = on_answer,
	                                                .context = pull});
	mem_free(url);
}

static bool is_reference(const char *reference)
{
	char *url = mem_printf(SCHEME "%s", reference);
	bool good = matrix_is_media_url(url);

	mem_free(url);
	return good;
}

/* Somebody opens the URL. */
static void on_fetch(void *context, const char *reference, struct media_writer *writer)
{
	struct matrix_media *matrix = context;
	struct pull *pull;

	if (!is_reference(reference)) {
		media_fail(&writer, TP_ERR_NOT_FOUND, "there is no such file");
		return;
	}
	pull = MEM_NEW(struct pull);
	pull->matrix = matrix;
	pull->reference = mem_strdup(reference);
	pull->writer = writer;
	pull->asked_old = matrix->is_old;
	list_init(&pull->link);
	list_append(&matrix->pulls, &pull->link);
	media_set_hold(writer, hold, pull);
	ask(pull);
}

/* Of a small file, into memory. */
struct grab {
	struct matrix_media *matrix;
	struct list link;
	char *reference;
	size_t max;
	struct http_call *call;
	bool small; /* the homeserver's thumbnail, of the size that XEP-0153 recommends, if it makes one */
	bool asked_old;
	matrix_media_got *got;
	void *context;
	void (*drop)(void *context);
};

static void grab_free(struct grab *grab)
{
	list_remove(&grab->link);
	mem_free(grab->reference);
	mem_free(grab);
}

static void grab_ask(struct grab *grab);

static void on_grabbed(void *context, const struct http_result *result)
{
	struct grab *self = context;
	struct matrix_media_bytes got = {0};
	bool good = !result->err && result->status >= 200 && result->status < 300;

	self->call = NULL;
	if (!good && self->small) {
		self->small = false;
		grab_ask(self);
		return;
	}
	if (!result->err && !good && !self->asked_old && is_unrecognized(result)) {
		self->asked_old = true;
		grab_ask(self);
		return;
	}
	if (good)
		got = (struct matrix_media_bytes){result->body, result->length, NULL};
	else
		got.problem = result->err == TP_ERR_LIMIT ? "it is too large" : "the homeserver does not give it";
	self->got(self->context, &got);
	grab_free(self);
}

static void grab_ask(struct grab *grab)
{
	struct matrix_media *matrix = grab->matrix;
	char *url = grab->small ? mem_printf("%s/_matrix/client/v1/media/thumbnail/%s?width=96&height=96&method=crop",
	                                     matrix->url, grab->reference)
	                        : download_url(matrix, grab->reference, grab->asked_old);

	grab->call = http_client_ask(matrix->client, &(struct http_ask){.method = HTTP_GET,
	                                                                .url = url,
	                                                                .bearer = matrix->token,
	                                                                .answer_max = grab->max,
	                                                                .timeout_s = LIMIT_MATRIX_DOWNLOAD_SECONDS,
	                                                                .done = on_grabbed,
	                                                                .context = grab});
	mem_free(url);
}

static void get(struct matrix_media *matrix, const char *mxc, size_t max, bool small, matrix_media_got *got,
                void *context, void (*drop)(void *context))
{
	struct grab *self = MEM_NEW(struct grab);

	*self = (struct grab){.matrix = matrix,
	                      .reference = mem_strdup(mxc + strlen(SCHEME)),
	                      .max = max,
	                      .small = small,
	                      .asked_old = matrix->is_old,
	                      .got = got,
	                      .context = context,
	                      .drop = drop};
	list_init(&self->link);
	list_append(&matrix->grabs, &self->link);
	grab_ask(self);
}

void matrix_media_get(struct matrix_media *matrix, const char *mxc, size_t max, matrix_media_got *got, void *context,
                      void (*drop)(void *context))
{
	get(matrix, mxc, max, false, got, context, drop);
}

void matrix_media_get_small(struct matrix_media *matrix, const char *mxc, size_t max, matrix_media_got *got,
                            void *context, void (*drop)(void *context))
{
	get(matrix, mxc, max, true, got, context, drop);
}

bool matrix_media_put_url(struct matrix_media *matrix, const char *mxc, const char *name, const char *owner,
                          struct buf *url)
{
	return matrix && matrix->media && mxc && matrix_is_media_url(mxc) &&
	       media_put_source_url(matrix->media, KIND, mxc + strlen(SCHEME), owner, name, url);
}

/* -------------------------------------------------------------------------------------------- from the
 * network */

/* One message, whose place is kept. */
struct showing {
	struct matrix_media *matrix;
	struct list link;
	struct homeserver_place *place;
	struct media_fetch *fetch;
	uint64_t trace;
	char *link_body, *more, *description, *claimed_type;
	/* once it is there */
	char *name;
	const char *type;
	uint64_t size;
	unsigned width, height; /* 0: not known */
};

static void showing_free(struct showing *showing)
{
	list_remove(&showing->link);
	showing->matrix->showings_count--;
	mem_free(showing->link_body);
	mem_free(showing->more);
	mem_free(showing->description);
	mem_free(showing->claimed_type);
	mem_free(showing->name);
	mem_free(showing);
}

static void send_link(struct showing *showing, const char *problem)
{
	log_info(&showing->matrix->log, "a file is sent as its link: %s%s", problem, log_trace(showing->trace));
	homeserver_supply(&showing->place, showing->link_body);
	showing_free(showing);
}

/* "type/subtype", as someone said it: shown, never obeyed. */
static bool is_media_type(const char *type)
{
	static const char token[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$&-^_.+";
	size_t length = type ? strspn(type, token) : 0;

	return length && type[length] == '/' && type[length + 1] && strlen(type) <= TYPE_BYTES &&
	       !type[length + 1 + strspn(type + length + 1, token)];
}

static const char *message_type(const char *type)
{
	return text_starts(type, "image/")   ? "m.image"
	       : text_starts(type, "audio/") ? "m.audio"
	       : text_starts(type, "video/") ? "m.video"
	                                     : "m.file";
}

static void put_info(struct buf *out, const struct showing *showing)
{
	const char *type = showing->type;
	char *plain;

	if (!strcmp(type, "application/octet-stream") && is_media_type(showing->claimed_type))
		type = showing->claimed_type;
	plain = mem_strndup(type, strcspn(type, ";"));
	buf_puts(out, ",\"info\":{\"mimetype\":");
	json_put_string(out, plain);
	buf_printf(out, ",\"size\":%" PRIu64, showing->size);
	if (showing->width)
		buf_printf(out, ",\"w\":%u,\"h\":%u", showing->width, showing->height);
	buf_putc(out, '}');
	mem_free(plain);
}

static void put_content(struct buf *out, const struct showing *showing, const char *uri)
{
	bool captioned = showing->description && *showing->description;

	buf_printf(out, "{\"msgtype\":\"%s\",\"m.mentions\":{},\"body\":", message_type(showing->type));
	json_put_string(out, captioned ? showing->description : showing->name);
	buf_puts(out, ",\"filename\":");
	json_put_string(out, showing->name);
	buf_puts(out, ",\"url\":");
	json_put_string(out, uri);
	put_info(out, showing);
	if (showing->more)
		buf_printf(out, ",%s", showing->more);
	buf_putc(out, '}');
}

static void on_uploaded(void *context, const struct matrix_reply *reply)
{
	struct showing *showing = context;
	struct arena arena = {0};
	const char *uri = reply->err ? NULL : json_text(reply->json, "content_uri", &arena);

	CRASH_POINT("core.matrix.media.uploaded");
	if (uri && matrix_is_media_url(uri)) {
		struct buf content = {0};

		put_content(&content, showing, uri);
		homeserver_supply(&showing->place, buf_text(&content));
		showing_free(showing);
		buf_finish(&content);
	} else {
		send_link(showing, reply->err ? reply->problem : "the homeserver names no place");
	}
	arena_finish(&arena);
}

static void measure(struct showing *showing, int fd)
{
	char *head;
	ssize_t count;

	if (!text_starts(showing->type, "image/"))
		return;
	head = mem_alloc(HEAD_BYTES);
	count = pread(fd, head, HEAD_BYTES, 0);
	if (count > 0)
		media_picture_size(head, (size_t)count, &showing->width, &showing->height);
	mem_free(head);
}

static void on_fetched(void *context, int err, const struct media_file *file, const char *problem)
{
	struct showing *showing = context;
	struct matrix_media *matrix = showing->matrix;
	uint64_t size;
	int fd = -1;

	showing->fetch = NULL;
	CRASH_POINT("core.matrix.media.fetched");
	if (!err)
		err = media_open_file(matrix->media, file->key, &fd, &size);
	if (err) {
		send_link(showing, problem ? problem : "it cannot be opened");
		return;
	}
	showing->name = mem_strdup(file->name);
	showing->type = file->type;
	showing->size = size;
	measure(showing, fd);
	homeserver_upload(matrix->homeserver, fd, size, showing->type, showing->name, showing->trace, on_uploaded,
	                  showing);
}

void matrix_media_send(struct matrix_media *matrix, const struct event_attachment *attachment,
                       const char *owner, const char *more, const struct matrix_call *call)
{
	bool fetchable = text_is_web_url(attachment->url);
	struct showing *showing;

	if (!matrix->media || !fetchable || matrix->showings_count >= LIMIT_MATRIX_FILES) {
		homeserver_call(matrix->homeserver, call);
		return;
	}
	showing = MEM_NEW(struct showing);
	showing->matrix = matrix;
	showing->trace = call->trace;
	showing->link_body = mem_strdup(call->body);
	showing->more = mem_strdup(more);
	showing->description = mem_strdup(attachment->description);
	showing->claimed_type = mem_strdup(attachment->mime_type);
	list_init(&showing->link);
	list_append(&matrix->showings, &showing->link);
	matrix->showings_count++;
	showing->place = homeserver_reserve(matrix->homeserver, call);
	showing->fetch = media_fetch(matrix->media, owner, attachment->url, on_fetched, showing);
}

/* ----------------------------------------------------------------------------------------------------- life
 */

struct matrix_media *matrix_media_create(struct media *media, struct http_client *client,
                                         struct homeserver *homeserver,
                                         const struct homeserver_settings *settings, const struct log *parent)
{
	struct matrix_media *matrix = MEM_NEW(struct matrix_media);

	matrix->media = media;
	matrix->client = client;
	matrix->homeserver = homeserver;
	matrix->log = (struct log){.parent = parent, .label = "media"};
	matrix->url = mem_strdup(settings->url);
	matrix->token = mem_strdup(settings->as_token);
	list_init(&matrix->pulls);
	list_init(&matrix->showings);
	list_init(&matrix->grabs);
	if (media)
		media_add_source(media, &(struct media_source){KIND, on_fetch, matrix});
	return matrix;
}

void matrix_media_destroy(struct matrix_media **slot)
{
	struct matrix_media *matrix = *slot;

	*slot = NULL;
	if (!matrix)
		return;
	if (matrix->media)
		media_remove_source(matrix->media, KIND);
	LIST_EACH(link, &matrix->pulls)
	{
		struct pull *pull = CONTAINER_OF(link, struct pull, link);

		http_call_cancel(&pull->call);
		media_fail(&pull->writer, TP_ERR_CLOSED, "the gateway is being stopped");
		pull_free(pull);
	}
	LIST_EACH(link, &matrix->grabs)
	{
		struct grab *grab = CONTAINER_OF(link, struct grab, link);

		http_call_cancel(&grab->call);
		grab->drop(grab->context);
		grab_free(grab);
	}
	LIST_EACH(link, &matrix->showings)
	{
		struct showing *showing = CONTAINER_OF(link, struct showing, link);

		media_fetch_cancel(&showing->fetch);
		showing_free(showing);
	}
	mem_free(matrix->url);
	mem_free_secret(matrix->token);
	mem_free(matrix);
}
