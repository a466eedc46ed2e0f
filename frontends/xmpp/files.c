/* SPDX-License-Identifier: MIT */
#include "frontends/xmpp/files.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/xmpp/references.h"
#include "frontends/xmpp/upload.h"
#include "protocol/picture_markup.h"
#include "transport/media/media.h"
#include "transport/media/media_type.h"
#include "transport/routing/delivery.h"

#define HEAD_BYTES (128u << 10) /* of a picture, to find its size */
#define HASH_BYTES 32

struct xmpp_file {
	char *map_key; /* "DOMAIN\nURL" */
	const char *url; /* of the network; within map_key */
	char *domain;
	char *shown; /* NULL: not yet known */
	struct media_fetch *fetch;
	struct xmpp_frontend *frontend;
	uint64_t trace;    /* of the first message that it came with */
	uint64_t until_ms; /* clock_ms: then it is forgotten */
	struct map *waiting; /* addresses of identities; NULL: nobody */
	bool is_known;       /* it is what follows; else the link is all that we have */
	char key[65];
	char *name, *type;
	uint64_t size;
	unsigned width, height; /* 0: not known */
};

static void file_free(void *value)
{
	struct xmpp_file *file = value;

	media_fetch_cancel(&file->fetch);
	map_destroy(&file->waiting, NULL);
	mem_free(file->map_key);
	mem_free(file->domain);
	mem_free(file->shown);
	mem_free(file->name);
	mem_free(file->type);
	mem_free(file);
}

/* ------------------------------------------------------------------------------------------- where it gets to */

static void settle(struct xmpp_file *file, const char *shown)
{
	struct xmpp_frontend *frontend = file->frontend;
	struct map *waiting = file->waiting;
	struct map_iter it = {0};

	file->shown = mem_strdup(shown);
	file->until_ms = clock_ms() + LIMIT_XMPP_FILE_SECONDS * UINT64_C(1000);
	file->waiting = NULL;
	while (map_next(waiting, &it)) {
		struct identity *identity =
		        session_find_identity(frontend->base.transport, &frontend->base, it.key);

		if (identity && identity->state == IDENTITY_READY)
			delivery_identity_ready(identity);
	}
	map_destroy(&waiting, NULL);
}

static void settle_here(struct xmpp_file *file)
{
	struct media_file kept = {.type = file->type, .name = file->name, .size = file->size};
	struct buf url = {0};

	memcpy(kept.key, file->key, sizeof(kept.key));
	media_put_url(file->frontend->base.transport->media, &kept, &url);
	settle(file, buf_text(&url));
	buf_finish(&url);
}

static void uploaded(struct xmpp_frontend *frontend, void *context, const char *url, const char *problem)
{
	struct xmpp_file *file = context;

	(void)frontend;
	(void)problem;
	if (url)
		settle(file, url);
	else
		settle_here(file);
}

static void measure(struct xmpp_file *file)
{
	struct media *media = file->frontend->base.transport->media;
	uint64_t size;
	int fd;

	if (!text_starts(file->type, "image/") || media_open_file(media, file->key, &fd, &size) != 0)
		return;
	char *head = mem_alloc(HEAD_BYTES);
	ssize_t count = pread(fd, head, HEAD_BYTES, 0);

	close(fd);
	if (count > 0)
		media_picture_size(head, (size_t)count, &file->width, &file->height);
	mem_free(head);
}

static void fetched(void *context, int err, const struct media_file *kept, const char *problem)
{
	struct xmpp_file *file = context;

	file->fetch = NULL;
	if (err) {
		log_info(&file->frontend->base.log, "a file is shown as the network's link: %s%s", problem,
		         log_trace(file->trace));
		settle(file, file->url);
		return;
	}
	file->is_known = true;
	memcpy(file->key, kept->key, sizeof(file->key));
	file->name = mem_strdup(kept->name);
	file->type = mem_strdup(kept->type);
	file->size = kept->size;
	measure(file);
	upload_send(file->frontend, file->domain,
	            &(struct upload_file){file->key, file->name, file->type, file->size, file->trace}, uploaded, file);
}

/* ------------------------------------------------------------------------------------------------- who asks */

static void make_room(struct xmpp_frontend *frontend)
{
	struct map_iter it = {0};
	struct xmpp_file *oldest = NULL;

	while (map_next(frontend->files, &it)) {
		struct xmpp_file *file = it.value;

		if (file->shown && (!oldest || file->until_ms < oldest->until_ms))
			oldest = file;
	}
	if (oldest)
		file_free(map_remove(frontend->files, oldest->map_key));
}

/* NULL: it is shown as it is. */
static struct xmpp_file *file_of(struct xmpp_frontend *frontend, const struct identity *to, const char *url,
                                 uint64_t trace)
{
	const char *at = strrchr(to->address, '@');
	const char *domain = at ? at + 1 : to->address;
	struct media *media = frontend->base.transport->media;

	if (!text_is_web_url(url) || strlen(url) > LIMIT_XMPP_URL_BYTES || media_is_own_url(media, url))
		return NULL;
	char *key = mem_printf("%s\n%s", domain, url);
	struct xmpp_file *file = map_get(frontend->files, key);

	if (!file && map_count(frontend->files) >= LIMIT_XMPP_FILES)
		make_room(frontend);
	if (file || map_count(frontend->files) >= LIMIT_XMPP_FILES) {
		mem_free(key);
		return file;
	}
	file = MEM_NEW(struct xmpp_file);
	file->frontend = frontend;
	file->trace = trace;
	file->domain = mem_strdup(domain);
	file->map_key = key;
	file->url = key + strlen(domain) + 1;
	map_set(&frontend->files, key, file);
	file->fetch = media_fetch(media, to->address, url, fetched, file);
	return file;
}

/* What stands for `url` in the text becomes `shown`. */
static const char *with_url(struct arena *arena, const char *text, const char *url, const char *shown)
{
	struct buf out = {0};
	const char *at;

	if (!text || !*url || !strstr(text, url))
		return text;
	for (; (at = strstr(text, url)) != NULL; text = at + strlen(url)) {
		buf_append(&out, text, (size_t)(at - text));
		buf_puts(&out, shown);
	}
	buf_puts(&out, text);
	const char *changed = arena_strdup(arena, buf_text(&out));

	buf_finish(&out);
	return changed;
}

static void place(struct event_message *message, struct event_attachment *attachment, const struct xmpp_file *file,
                  struct arena *arena)
{
	const char *shown = arena_strdup(arena, file->shown);

	if (!strcmp(shown, attachment->url))
		return;
	message->text = with_url(arena, message->text, attachment->url, shown);
	/* It would lead to where the text does not lead any more. */
	if (message->xhtml && strstr(message->xhtml, attachment->url))
		message->xhtml = NULL;
	attachment->url = shown;
}

bool files_place(struct xmpp_frontend *frontend, const struct identity *to, struct event_message *message,
                 uint64_t trace, struct arena *arena)
{
	size_t count = message->attachments_count;
	struct xmpp_file *files[LIMIT_XMPP_FILES_MESSAGE] = {NULL};
	bool ready = true;

	if (!frontend->base.transport->media || !count)
		return true;
	if (count > LIMIT_XMPP_FILES_MESSAGE)
		count = LIMIT_XMPP_FILES_MESSAGE;
	/* All are begun before one is waited for. */
	for (size_t i = 0; i < count; i++) {
		files[i] = file_of(frontend, to, message->attachments[i].url, trace);
		if (files[i] && !files[i]->shown) {
			map_set(&files[i]->waiting, to->address, files[i]);
			ready = false;
		}
	}
	if (!ready)
		return false;
	struct event_attachment *attachments = arena_alloc(arena, message->attachments_count * sizeof(*attachments));

	memcpy(attachments, message->attachments, message->attachments_count * sizeof(*attachments));
	message->attachments = attachments;
	for (size_t i = 0; i < count; i++)
		if (files[i])
			place(message, &attachments[i], files[i], arena);
	return true;
}

void files_expire(struct xmpp_frontend *frontend)
{
	struct map_iter it = {0};

	while (map_next(frontend->files, &it)) {
		struct xmpp_file *file = it.value;

		if (file->shown && file->until_ms < clock_ms())
			file_free(map_remove(frontend->files, it.key));
	}
}

void files_cancel(struct xmpp_frontend *frontend)
{
	map_destroy(&frontend->files, file_free);
}

/* Whether the text only says what the picture is called. */
static bool is_called_so(const struct event_message *message)
{
	const struct event_attachment *picture = &message->attachments[0];

	return message->attachments_count == 1 && picture->description && !strcmp(message->text, picture->description);
}

const struct event *files_of_markup(const struct event *event, struct event *copy, struct arena *arena)
{
	const struct event *read = picture_markup_read(event, copy, arena);

	/* Of nothing but a picture its address is the text: clients show that as the picture. */
	if (read == copy && !copy->message.xhtml && is_called_so(&copy->message))
		copy->message.text = copy->message.attachments[0].url;
	return read;
}

/* -------------------------------------------------------------------------------------------------- stanzas */

static const struct xmpp_file *shown_at(const struct xmpp_frontend *frontend, const char *url)
{
	struct map_iter it = {0};

	while (map_next(frontend->files, &it)) {
		const struct xmpp_file *file = it.value;

		if (file->is_known && file->shown && !strcmp(file->shown, url))
			return file;
	}
	return NULL;
}

static void write_number(struct xml_writer *writer, const char *name, uint64_t number)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%" PRIu64, number);
	xml_element(writer, name, NULL, digits);
}

static void write_facts(struct xml_writer *writer, const char *ns, const struct xmpp_file *file,
                        const char *description, bool with_sides)
{
	unsigned char hash[HASH_BYTES];
	char *type = mem_strndup(file->type, strcspn(file->type, ";"));

	xml_start_ns(writer, "file", ns);
	xml_element(writer, "media-type", NULL, type);
	xml_element(writer, "name", NULL, file->name);
	xml_element(writer, "desc", NULL, description);
	write_number(writer, "size", file->size);
	if (with_sides && file->width) {
		write_number(writer, "width", file->width);
		write_number(writer, "height", file->height);
	}
	/* What was fetched is called by the hash of its content. */
	if (!sodium_hex2bin(hash, sizeof(hash), file->key, strlen(file->key), NULL, NULL, NULL)) {
		xml_start_ns(writer, "hash", "urn:xmpp:hashes:2");
		xml_attr(writer, "algo", "sha-256");
		xml_base64(writer, hash, sizeof(hash));
		xml_end(writer);
	}
	xml_end(writer);
	mem_free(type);
}

static void write_sims(struct xml_writer *writer, const struct xmpp_file *file, const char *url,
                       const char *description)
{
	xml_start_ns(writer, "reference", NS_REFERENCE);
	xml_attr(writer, "type", "data");
	xml_start_ns(writer, "media-sharing", NS_SIMS);
	write_facts(writer, "urn:xmpp:jingle:apps:file-transfer:5", file, description, false);
	xml_start(writer, "sources");
	xml_start_ns(writer, "reference", NS_REFERENCE);
	xml_attr(writer, "type", "data");
	xml_attr(writer, "uri", url);
	xml_end(writer);
	xml_end(writer);
	xml_end(writer);
	xml_end(writer);
}

static void write_sfs(struct xml_writer *writer, const struct xmpp_file *file, const char *url,
                      const char *description, bool body_is_url)
{
	xml_start_ns(writer, "file-sharing", NS_SFS);
	xml_attr(writer, "disposition", media_type_is_shown(file->type) ? "inline" : "attachment");
	write_facts(writer, "urn:xmpp:file:metadata:0", file, description, true);
	xml_start(writer, "sources");
	xml_start_ns(writer, "url-data", "http://jabber.org/protocol/url-data");
	xml_attr(writer, "target", url);
	xml_end(writer);
	xml_end(writer);
	xml_end(writer);
	if (!body_is_url)
		return;
	xml_start_ns(writer, "fallback", NS_FALLBACK);
	xml_attr(writer, "for", NS_SFS);
	xml_empty(writer, "body", NULL);
	xml_end(writer);
}

void file_write(const struct xmpp_frontend *frontend, struct xml_writer *writer,
                const struct event_attachment *attachment, const char *body)
{
	const struct xmpp_file *file = shown_at(frontend, attachment->url);

	xml_start_ns(writer, "x", NS_OOB);
	xml_element(writer, "url", NULL, attachment->url);
	xml_element(writer, "desc", NULL, attachment->description);
	xml_end(writer);
	if (!file)
		return;
	write_sims(writer, file, attachment->url, attachment->description);
	write_sfs(writer, file, attachment->url, attachment->description, body && !strcmp(body, attachment->url));
}
