/* SPDX-License-Identifier: MIT */
/* GET /media/...: what is in the store, and what a source has to be asked for first. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "transport/media/media_name.h"
#include "transport/media/media_private.h"

#define PLAIN "text/plain; charset=utf-8"
#define CACHE_SECONDS 3600
#define AVATAR_CACHE_SECONDS 86400
#define CANNOT_ANSWER "This cannot be answered now.\n"

struct media_waiter {
	struct list link; /* media_pull.waiting */
	struct http_request *request;
};

/* ---- answers ---- */

/* What a browser makes of a file is decided here and not by what is in it. */
static void put_headers(struct http_request *request)
{
	http_answer_header(request, "X-Content-Type-Options", "nosniff");
	http_answer_header(request, "Content-Security-Policy", "sandbox; default-src 'none'");
	http_answer_header(request, "Referrer-Policy", "no-referrer");
	http_answer_header(request, "X-Robots-Tag", "noindex");
}

void media_refuse(struct http_request *request, unsigned status, const char *sentence)
{
	put_headers(request);
	http_answer_header(request, "Cache-Control", "no-store");
	if (status == 503)
		http_answer_header(request, "Retry-After", "30");
	http_answer(request, status, PLAIN, sentence, strlen(sentence));
}

static const char *type_of(int fd)
{
	char head[MEDIA_HEAD_BYTES];
	ssize_t count = pread(fd, head, sizeof(head), 0);

	return media_type_of(head, count > 0 ? (size_t)count : 0);
}

/* False: it is not in the store. */
static bool answer_stored(struct media *media, struct http_request *request, const char *key, const char *name)
{
	char text[MEDIA_KEY_LENGTH + 3];
	struct buf disposition = {0};
	uint64_t size;
	int fd, err = media_open_file(media, key, &fd, &size);

	if (err == TP_ERR_IO)
		media_refuse(request, 503, CANNOT_ANSWER);
	if (err)
		return err == TP_ERR_IO;
	const char *type = type_of(fd);

	put_headers(request);
	media_name_put_disposition(&disposition, name, media_type_is_shown(type));
	http_answer_header(request, "Content-Disposition", buf_text(&disposition));
	snprintf(text, sizeof(text), "private, max-age=%d, immutable", CACHE_SECONDS);
	http_answer_header(request, "Cache-Control", text);
	snprintf(text, sizeof(text), "\"%s\"", key);
	http_answer_file(request, fd, type, text);
	buf_finish(&disposition);
	return true;
}

/* ---- sources ---- */

void media_source_key(const struct media *media, const struct media_link *link, char *key)
{
	unsigned char bytes[MEDIA_KEY_LENGTH / 2];
	crypto_generichash_state state;

	crypto_generichash_init(&state, media->secret, sizeof(media->secret), sizeof(bytes));
	crypto_generichash_update(&state, (const unsigned char *)"source", sizeof("source"));
	crypto_generichash_update(&state, (const unsigned char *)link->kind, strlen(link->kind) + 1);
	crypto_generichash_update(&state, (const unsigned char *)link->reference, strlen(link->reference) + 1);
	crypto_generichash_final(&state, bytes, sizeof(bytes));
	sodium_bin2hex(key, MEDIA_KEY_LENGTH + 1, bytes, sizeof(bytes));
}

static void pull_free(void *context)
{
	struct media_pull *pull = context;

	LIST_EACH(link, &pull->waiting)
	{
		struct media_waiter *waiter = CONTAINER_OF(link, struct media_waiter, link);

		http_request_set_data(waiter->request, NULL);
		list_remove(link);
		mem_free(waiter);
	}
	mem_free(pull->name);
	mem_free(pull);
}

static void answer_problem(struct http_request *request, int err, const char *problem)
{
	struct buf sentence = {0};

	buf_printf(&sentence, "The file cannot be fetched: %s.\n", problem);
	media_refuse(request, err == TP_ERR_NOT_FOUND ? 404 : err == TP_ERR_LIMIT ? 503 : 502, buf_text(&sentence));
	buf_finish(&sentence);
}

static void on_pulled(void *context, int err, const struct media_file *file, const char *problem)
{
	struct media_pull *pull = context;
	struct media *media = pull->media;

	map_remove(media->pulls, pull->key);
	while (!list_empty(&pull->waiting)) {
		struct media_waiter *waiter = CONTAINER_OF(pull->waiting.next, struct media_waiter, link);
		struct http_request *request = waiter->request;

		list_remove(&waiter->link);
		http_request_set_data(request, NULL);
		mem_free(waiter);
		if (err)
			answer_problem(request, err, problem);
		else if (!answer_stored(media, request, file->key, pull->name))
			media_refuse(request, 503, CANNOT_ANSWER);
	}
	pull_free(pull);
}

static void wait_for(struct media_pull *pull, struct http_request *request)
{
	struct media_waiter *waiter = MEM_NEW(struct media_waiter);

	waiter->request = request;
	list_init(&waiter->link);
	list_append(&pull->waiting, &waiter->link);
	http_request_set_data(request, waiter);
}

/* Who asks for what is being fetched waits with the others; it is fetched to its end, whoever leaves. */
static void pull(struct media *media, struct http_request *request, const struct media_link *link, const char *key)
{
	const struct media_source *source = map_get(media->sources, link->kind);
	struct media_pull *pull = map_get(media->pulls, key);

	if (pull) {
		wait_for(pull, request);
		return;
	}
	if (!source) {
		media_refuse(request, 503, "This cannot be fetched now.\n");
		return;
	}
	if (map_count(media->pulls) >= LIMIT_MEDIA_PULLS) {
		media_refuse(request, 503, "Too much is being fetched: please try again later.\n");
		return;
	}
	pull = MEM_NEW(struct media_pull);
	pull->media = media;
	pull->name = mem_strdup(link->name);
	snprintf(pull->key, sizeof(pull->key), "%s", key);
	list_init(&pull->waiting);
	map_set(&media->pulls, key, pull);
	wait_for(pull, request);
	source->fetch(source->context, link->reference,
		      media_writer_create(media, link->owner, key, link->name, on_pulled, pull));
}

/* ---- requests ---- */

/* Whoever shows it may keep it: the URL says which picture it is. */
static void answer_avatar(struct media *media, struct http_request *request, const char *key)
{
	struct media_entry *entry = map_get(media->by_key, key);
	uint64_t size;
	int fd, err = entry && media_is_avatar(entry) ? media_open_file(media, key, &fd, &size) : TP_ERR_NOT_FOUND;
	char text[MEDIA_KEY_LENGTH + 3];

	if (err) {
		media_refuse(request, err == TP_ERR_IO ? 503 : 404, err == TP_ERR_IO ? CANNOT_ANSWER : "There is nothing here.\n");
		return;
	}
	const char *type = type_of(fd);

	put_headers(request);
	http_answer_header(request, "Content-Disposition", "inline");
	snprintf(text, sizeof(text), "public, max-age=%d, immutable", AVATAR_CACHE_SECONDS);
	http_answer_header(request, "Cache-Control", text);
	snprintf(text, sizeof(text), "\"%s\"", key);
	http_answer_file(request, fd, type, text);
}

bool media_read_link(const struct media *media, struct http_request *request, const char *path,
		     struct media_link *link)
{
	const char *expiry = http_request_query(request, "e"), *owner = http_request_query(request, "o");
	const char *signature = http_request_query(request, "s");

	switch (media_link_read(link, media->secret, path, expiry, owner, signature, media_now())) {
	case MEDIA_LINK_WRONG:
		media_refuse(request, 404, "There is nothing here.\n");
		return false;
	case MEDIA_LINK_EXPIRED:
		media_refuse(request, 410, "This link has expired.\n");
		return false;
	case MEDIA_LINK_GOOD:
		break;
	}
	return true;
}

static void on_request(struct http_request *request, void *context)
{
	struct media *media = context;
	const char *rest = http_request_rest(request);
	struct media_link link;
	char key[MEDIA_KEY_LENGTH + 1];

	if (rest && text_starts(rest, MEDIA_AVATAR_PATH)) {
		answer_avatar(media, request, rest + strlen(MEDIA_AVATAR_PATH));
		return;
	}
	if (!media_read_link(media, request, rest, &link))
		return;
	if (*link.key) {
		if (!answer_stored(media, request, link.key, link.name))
			media_refuse(request, 410, "This file is not kept any more.\n");
		return;
	}
	media_source_key(media, &link, key);
	if (!answer_stored(media, request, key, link.name))
		pull(media, request, &link, key);
}

static void on_gone(struct http_request *request, void *context)
{
	struct media_waiter *waiter = http_request_data(request);

	(void)context;
	if (!waiter)
		return;
	list_remove(&waiter->link);
	mem_free(waiter);
}

bool media_route_open(struct media *media)
{
	return http_listener_route(media->listener, &(struct http_route){.path = "/media/",
									   .methods = HTTP_GET,
									   .complete = on_request,
									   .gone = on_gone,
									   .context = media});
}

void media_route_close(struct media *media)
{
	map_destroy(&media->pulls, pull_free);
	map_destroy(&media->sources, mem_free);
}
