/* SPDX-License-Identifier: MIT */
/* What strangers' links name. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "transport/media/media_private.h"

struct media_fetch {
	struct media *media;
	struct list link; /* media.fetches */
	char tag[MEDIA_TAG_LENGTH + 1];
	char *owner, *url;
	bool is_under_way;           /* false: it waits for its turn */
	uint64_t since_ms;           /* uv_now, when it was asked for */
	struct http_call *call;      /* NULL: not yet, or not any more */
	struct media_writer *writer; /* the same */
	struct media_writer *ending; /* after its end, for who cancels; it may be gone only with us */
	media_done *done;
	void *context;
};

static void take_turns(struct media *media);

static void fetch_free(struct media_fetch *fetch)
{
	struct media *media = fetch->media;

	list_remove(&fetch->link);
	mem_free(fetch->owner);
	mem_free(fetch->url);
	mem_free(fetch);
	take_turns(media);
}

static void on_stored(void *context, int err, const struct media_file *file, const char *problem)
{
	struct media_fetch *fetch = context;
	media_done *done = fetch->done;
	void *done_context = fetch->context;

	fetch_free(fetch);
	done(done_context, err, file, problem);
}

static bool take_piece(void *context, const void *bytes, size_t count)
{
	struct media_fetch *fetch = context;

	return media_write(fetch->writer, bytes, count);
}

static void end(struct media_fetch *fetch, int err, const char *problem)
{
	fetch->ending = fetch->writer;
	if (err)
		media_fail(&fetch->writer, err, problem);
	else
		media_end(&fetch->writer);
}

static void on_answer(void *context, const struct http_result *result)
{
	struct media_fetch *fetch = context;
	char problem[64];

	fetch->call = NULL;
	snprintf(problem, sizeof(problem), "its server answers with status %u", result->status);
	if (result->err)
		end(fetch, result->err, result->problem);
	else if (result->status < 200 || result->status > 299)
		end(fetch, result->status == 404 || result->status == 410 ? TP_ERR_NOT_FOUND : TP_ERR_IO, problem);
	else
		end(fetch, 0, NULL);
}

static void hold(void *context, bool hold)
{
	struct media_fetch *fetch = context;

	if (fetch->call)
		http_call_hold(fetch->call, hold);
}

/* The last part of the path, without what is behind it. */
static void put_name(struct buf *name, const char *url)
{
	const char *host = strstr(url, "://");
	size_t length = host ? strcspn(host + 3, "?#") : 0;
	const char *path = host ? memchr(host + 3, '/', length) : NULL;

	if (!path)
		return;
	for (const char *at = path, *end = host + 3 + length; at < end; at++) {
		int byte = *at == '%' && at + 2 < end ? text_hex_byte(at + 1) : -1;

		buf_putc(name, byte > 0 ? (char)byte : *at);
		if (byte > 0)
			at += 2;
	}
}

/* Of one person, or of all (tag NULL): those under way, or those that wait. */
static size_t count_fetches(struct media *media, const char *tag, bool under_way)
{
	size_t count = 0;

	LIST_EACH(link, &media->fetches)
	{
		const struct media_fetch *fetch = CONTAINER_OF(link, struct media_fetch, link);

		count += fetch->is_under_way == under_way && (!tag || !strcmp(fetch->tag, tag));
	}
	return count;
}

/* Where one of our own URLs leads to on this machine: the public address may not be reachable from here. */
static bool put_own(struct buf *place, const struct media *media, const char *url)
{
	const char *host = media->config->host;
	bool any = !strcmp(host, "0.0.0.0") || !strcmp(host, "::");

	/* Nothing else of ours is fetched for a stranger by this way. */
	if (!media_is_own_url(media, url) || strstr(url, "..") || strstr(url, "%2e") || strstr(url, "%2E"))
		return false;
	buf_printf(place, strchr(host, ':') && !any ? "http://[%s]:%u%s" : "http://%s:%u%s", any ? "127.0.0.1" : host,
		   media_port(media), url + strlen(media->public_url));
	return true;
}

/* problem: it is refused instead, in its time; NULL. */
static void begin(struct media_fetch *fetch, const char *problem)
{
	struct media *media = fetch->media;
	struct buf name = {0}, own = {0};

	fetch->is_under_way = true;
	put_name(&name, fetch->url);
	fetch->writer = media_begin(media, fetch->owner, buf_text(&name), on_stored, fetch);
	buf_finish(&name);
	if (problem) {
		end(fetch, TP_ERR_LIMIT, problem);
		return;
	}
	media_set_hold(fetch->writer, hold, fetch);
	bool ours = put_own(&own, media, fetch->url);

	fetch->call = http_client_ask(media->client, &(struct http_ask){.method = HTTP_GET,
									.url = ours ? buf_text(&own) : fetch->url,
									.answer_max = media_file_max(media),
									.timeout_s = LIMIT_MEDIA_FETCH_SECONDS,
									.foreign = !ours,
									.piece = take_piece,
									.done = on_answer,
									.context = fetch});
	buf_finish(&own);
}

static bool may_begin(const struct media_fetch *fetch)
{
	return count_fetches(fetch->media, NULL, true) < LIMIT_MEDIA_FETCHES &&
	       count_fetches(fetch->media, fetch->tag, true) < LIMIT_MEDIA_FETCHES_OWNER;
}

/* Those under way end in their time, so that a look when one has ended is enough. */
static void take_turns(struct media *media)
{
	if (media->fetches_closed)
		return;
	LIST_EACH(link, &media->fetches)
	{
		struct media_fetch *fetch = CONTAINER_OF(link, struct media_fetch, link);

		if (fetch->is_under_way || !may_begin(fetch))
			continue;
		bool late = uv_now(http_client_loop(media->client)) - fetch->since_ms > media->fetch_wait_ms;

		begin(fetch, late ? "files before it have taken too long" : NULL);
	}
}

struct media_fetch *media_fetch(struct media *media, const char *owner, const char *url, media_done *done,
				void *context)
{
	struct media_fetch *fetch = MEM_NEW(struct media_fetch);

	fetch->media = media;
	fetch->done = done;
	fetch->context = context;
	fetch->owner = mem_strdup(owner);
	fetch->url = mem_strdup(url);
	fetch->since_ms = uv_now(http_client_loop(media->client));
	media_tag(media, owner, fetch->tag);
	bool too_many = count_fetches(media, NULL, false) >= LIMIT_MEDIA_FETCHES_WAITING ||
			count_fetches(media, fetch->tag, false) >= LIMIT_MEDIA_FETCHES_OWNER_WAITING;
	bool begins = too_many || may_begin(fetch);

	list_init(&fetch->link);
	list_append(&media->fetches, &fetch->link);
	if (begins)
		begin(fetch, too_many ? "too many files are on their way" : NULL);
	return fetch;
}

void media_fetch_cancel(struct media_fetch **slot)
{
	struct media_fetch *fetch = *slot;

	*slot = NULL;
	if (!fetch)
		return;
	http_call_cancel(&fetch->call);
	media_abort(fetch->writer ? &fetch->writer : &fetch->ending);
	fetch_free(fetch);
}

void media_fetches_cancel(struct media *media)
{
	media->fetches_closed = true;
	LIST_EACH(link, &media->fetches)
	{
		struct media_fetch *fetch = CONTAINER_OF(link, struct media_fetch, link);

		media_fetch_cancel(&fetch);
	}
}
