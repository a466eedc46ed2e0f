/* SPDX-License-Identifier: MIT */
#include "transport/media/media.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "transport/media/media_name.h"
#include "transport/media/media_private.h"

#define EXPIRE_MS 60000

struct kept_source {
	struct media_source source;
	char kind[MEDIA_KIND_LENGTH + 1];
};

int64_t media_now(void)
{
	return clock_wall_ms() / 1000;
}

void media_tag(const struct media *media, const char *owner, char *tag)
{
	unsigned char bytes[crypto_generichash_BYTES_MIN];
	crypto_generichash_state state;

	crypto_generichash_init(&state, media->secret, sizeof(media->secret), sizeof(bytes));
	crypto_generichash_update(&state, (const unsigned char *)"owner", sizeof("owner"));
	crypto_generichash_update(&state, (const unsigned char *)owner, strlen(owner));
	crypto_generichash_final(&state, bytes, sizeof(bytes));
	sodium_bin2hex(tag, MEDIA_TAG_LENGTH + 1, bytes, MEDIA_TAG_LENGTH / 2);
}

/* ---- life ---- */

static void expire(uv_timer_t *timer)
{
	media_store_expire(timer->data);
}

static void free_all(struct media *media)
{
	void (*closed)(void *context) = media->closed;
	void *context = media->closed_context;

	media_route_close(media);
	media_store_close(media);
	mem_free(media->public_url);
	mem_free(media);
	if (closed)
		closed(context);
}

void media_release(struct media *media)
{
	if (--media->pending == 0 && media->closing)
		free_all(media);
}

static void timer_closed(uv_handle_t *handle)
{
	media_release(handle->data);
}

static void client_closed(void *context)
{
	media_release(context);
}

static struct media *create(const struct media_place *place, const struct media_config *config)
{
	struct media *media = MEM_NEW(struct media);
	size_t length = strlen(config->public_url);

	while (length && config->public_url[length - 1] == '/')
		length--;
	media->public_url = mem_strndup(config->public_url, length);
	media->loop = place->loop;
	media->log = (struct log){.parent = place->log, .label = "media"};
	media->config = config;
	media->folder = media->key_file = -1;
	list_init(&media->entries);
	list_init(&media->writers);
	list_init(&media->fetches);
	media->fetch_wait_ms = LIMIT_MEDIA_FETCH_SECONDS * 1000;
	return media;
}

static int listen_for_people(struct media *media, const struct media_place *place, struct buf *error)
{
	const struct media_config *config = media->config;
	struct buf problem = {0};
	int err = http_server_listen(place->http, config->host, (unsigned)config->port, &media->listener, &problem);

	if (err)
		buf_printf(error, "media.host, media.port: %s", buf_text(&problem));
	buf_finish(&problem);
	if (err)
		return err;
	if (media_route_open(media) && media_upload_open(media))
		return 0;
	buf_printf(error, "media.port: something else has /media/ on port %ld", config->port);
	return TP_ERR_EXISTS;
}

int media_open(const struct media_place *place, const struct media_config *config, struct media **slot,
	       struct buf *error)
{
	struct media *media = create(place, config);
	char *path = *config->folder ? mem_strdup(config->folder) : mem_printf("%s/media", place->working_dir);
	int err = sodium_init() < 0 ? TP_ERR_UNSUPPORTED : media_store_open(media, path, error);

	mem_free(path);
	/* Last: its route cannot be taken back. */
	if (!err)
		err = listen_for_people(media, place, error);
	if (err) {
		free_all(media);
		return err;
	}
	media->client = http_client_create(media->loop, &media->log);
	uv_timer_init(media->loop, &media->timer);
	media->timer.data = media;
	uv_timer_start(&media->timer, expire, EXPIRE_MS, EXPIRE_MS);
	log_info(&media->log, "%zu files, %llu MiB", map_count(media->by_key), (unsigned long long)(media->bytes >> 20));
	*slot = media;
	return 0;
}

void media_close(struct media **slot, void (*closed)(void *context), void *context)
{
	struct media *media = *slot;

	*slot = NULL;
	if (!media) {
		if (closed)
			closed(context);
		return;
	}
	media->closed = closed;
	media->closed_context = context;
	media->pending += 3;
	media->closing = true;
	media_fetches_cancel(media);
	media_writers_abort(media);
	uv_close((uv_handle_t *)&media->timer, timer_closed);
	http_client_close(&media->client, client_closed, media);
	media_release(media);
}

unsigned media_port(const struct media *media)
{
	return http_listener_port(media->listener);
}

uint64_t media_bytes(const struct media *media)
{
	return media ? media->bytes : 0;
}

uint64_t media_file_max(const struct media *media)
{
	return (uint64_t)media->config->max_file_mb << 20;
}

bool media_add_source(struct media *media, const struct media_source *source)
{
	struct kept_source *kept;

	if (map_get(media->sources, source->kind))
		return false;
	kept = MEM_NEW(struct kept_source);
	kept->source = *source;
	snprintf(kept->kind, sizeof(kept->kind), "%s", source->kind);
	kept->source.kind = kept->kind;
	map_set(&media->sources, kept->kind, kept);
	return true;
}

void media_remove_source(struct media *media, const char *kind)
{
	mem_free(map_remove(media->sources, kind));
}

/* ---- URLs ---- */

void media_put_link(struct media *media, struct media_link *link, const char *name, int64_t seconds, struct buf *url)
{
	struct buf clean = {0};

	media_name_clean(&clean, name);
	snprintf(link->name, sizeof(link->name), "%s", buf_text(&clean));
	buf_finish(&clean);
	link->expires = media_now() + seconds;
	buf_printf(url, "%s/media/", media->public_url);
	media_link_put(url, link, media->secret);
}

void media_put_url(struct media *media, const struct media_file *file, struct buf *url)
{
	struct media_entry *entry = map_get(media->by_key, file->key);
	struct media_link link = {0};

	if (entry)
		media_store_touch(media, entry);
	memcpy(link.key, file->key, sizeof(link.key));
	media_put_link(media, &link, file->name, media->config->url_s, url);
}

bool media_put_source_url(struct media *media, const char *kind, const char *reference, const char *owner,
			  const char *name, struct buf *url)
{
	struct media_link link = {0};

	if (!media_is_reference(reference))
		return false;
	snprintf(link.kind, sizeof(link.kind), "%s", kind);
	snprintf(link.reference, sizeof(link.reference), "%s", reference);
	media_tag(media, owner, link.owner);
	media_put_link(media, &link, name, media->config->url_s, url);
	return true;
}

bool media_is_own_url(const struct media *media, const char *url)
{
	return text_starts(url, media->public_url) && text_starts(url + strlen(media->public_url), "/media/");
}
