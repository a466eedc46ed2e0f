/* SPDX-License-Identifier: MIT */
/*
 * PUT /media/put/ID-SIZE/NAME: what somebody was given a place for. It is found at /media/upload/ID/NAME afterwards: a
 * link like those of sources, but nothing is fetched for it.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/random.h"
#include "transport/media/media_private.h"

#define KIND "upload"
#define PUT "put"
#define PLAIN "text/plain; charset=utf-8"

struct upload {
	struct http_request *request; /* NULL: whoever sent it has left */
	struct media_writer *writer;  /* NULL: it has come to its end */
};

/* ---- URLs ---- */

bool media_put_upload_urls(struct media *media, const char *owner, const char *name, uint64_t size, struct buf *put,
			   struct buf *get)
{
	struct media_link to = {.kind = PUT}, from = {.kind = KIND};
	char id[MEDIA_UPLOAD_ID_LENGTH + 1];

	if (!size || size > media_file_max(media))
		return false;
	random_token(id, MEDIA_UPLOAD_ID_LENGTH);
	memcpy(from.reference, id, sizeof(id));
	snprintf(to.reference, sizeof(to.reference), "%s-%" PRIu64, id, size);
	media_tag(media, owner, from.owner);
	memcpy(to.owner, from.owner, sizeof(to.owner));
	media_put_link(media, &to, name, LIMIT_MEDIA_UPLOAD_SECONDS, put);
	media_put_link(media, &from, name, media->config->url_s, get);
	return true;
}

/* What is not in the store was never put there, or is not kept any more. */
static void fetch(void *context, const char *reference, struct media_writer *writer)
{
	(void)context;
	(void)reference;
	media_fail(&writer, TP_ERR_NOT_FOUND, "it is not kept here");
}

/* ---- requests ---- */

static void answer_result(struct http_request *request, int err, const char *problem)
{
	char *sentence;

	if (!err) {
		http_answer(request, 201, PLAIN, "It is here.\n", strlen("It is here.\n"));
		return;
	}
	sentence = mem_printf("The file is not taken: %s.\n", problem);
	media_refuse(request, err == TP_ERR_LIMIT ? 507 : 503, sentence);
	mem_free(sentence);
}

static void on_stored(void *context, int err, const struct media_file *file, const char *problem)
{
	struct upload *upload = context;

	(void)file;
	if (upload->request) {
		http_request_set_data(upload->request, NULL);
		answer_result(upload->request, err, problem);
	}
	mem_free(upload);
}

static void hold(void *context, bool hold)
{
	struct upload *upload = context;

	http_request_hold(upload->request, hold);
}

static void take(struct media *media, struct http_request *request, const struct media_link *link)
{
	char key[MEDIA_KEY_LENGTH + 1];
	struct upload *upload;

	media_source_key(media, link, key);
	/* Whoever has been given the link sees what was there first. */
	if (map_get(media->by_key, key)) {
		media_refuse(request, 409, "It is here already.\n");
		return;
	}
	upload = MEM_NEW(struct upload);
	upload->request = request;
	upload->writer = media_writer_create(media, link->owner, key, link->name, on_stored, upload);
	media_set_hold(upload->writer, hold, upload);
	http_request_set_data(request, upload);
}

/* Splits "ID-SIZE". */
static bool is_of_size(struct media_link *link, uint64_t length)
{
	char *size = strchr(link->reference, '-');

	if (!size || strtoull(size + 1, NULL, 10) != length)
		return false;
	*size = '\0';
	return true;
}

static void on_started(struct http_request *request, void *context)
{
	struct media *media = context;
	char *path = mem_printf(PUT "/%s", http_request_rest(request));
	struct media_link link;
	bool good = media_read_link(media, request, path, &link);

	mem_free(path);
	if (!good)
		return;
	if (!is_of_size(&link, http_request_content_length(request))) {
		media_refuse(request, 400, "The file has another size than was said.\n");
		return;
	}
	memcpy(link.kind, KIND, sizeof(KIND));
	take(media, request, &link);
}

static void on_body(struct http_request *request, void *context, const void *bytes, size_t count)
{
	struct upload *upload = http_request_data(request);

	(void)context;
	if (upload && upload->writer && !media_write(upload->writer, bytes, count))
		media_end(&upload->writer);
}

static void on_complete(struct http_request *request, void *context)
{
	struct upload *upload = http_request_data(request);

	(void)context;
	if (upload && upload->writer)
		media_end(&upload->writer);
}

static void on_gone(struct http_request *request, void *context)
{
	struct upload *upload = http_request_data(request);

	(void)context;
	if (!upload)
		return;
	upload->request = NULL;
	if (!upload->writer)
		return;
	media_abort(&upload->writer);
	mem_free(upload);
}

bool media_upload_open(struct media *media)
{
	media_add_source(media, &(struct media_source){KIND, fetch, media});
	return http_listener_route(media->listener, &(struct http_route){.path = "/media/" PUT "/",
									   .methods = HTTP_PUT,
									   .body_max = media_file_max(media),
									   .started = on_started,
									   .body = on_body,
									   .complete = on_complete,
									   .gone = on_gone,
									   .context = media,
									   .needs_length = true});
}
