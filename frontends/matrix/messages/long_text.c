/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/messages/long_text.h"

#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "frontends/matrix/people/person.h"
#include "transport/media/media.h"
#include "transport/routing/delivery.h"
#include "transport/routing/router.h"

#define SHORT_BYTES 500     /* what is no longer than that is too long for other reasons */
#define BEGINNING_BYTES 100 /* shown beside the link */

struct long_text {
	struct list link; /* matrix_frontend.long_texts */
	struct matrix_frontend *frontend;
	uint64_t number; /* of the record; 0: none */
	char *address;
	struct event_message message;
	struct arena arena; /* its texts */
};

static void long_text_free(struct long_text *text)
{
	list_remove(&text->link);
	mem_free(text->address);
	arena_finish(&text->arena);
	mem_free(text);
}

static const char *with_link(struct long_text *text, const char *url)
{
	const char *whole = text->message.text;
	size_t length = strcspn(whole, "\n");

	if (length > BEGINNING_BYTES)
		length = text_cut(whole, length, BEGINNING_BYTES);
	return arena_printf(&text->arena, "%.*s\u2026 %s", (int)length, whole, url);
}

static int send_link(struct long_text *text, const char *url)
{
	struct resource *resource = person_ready(text->frontend, text->address);
	struct event event = {.type = EVENT_MESSAGE, .message = text->message};

	if (!resource)
		return TP_ERR_NOT_CONNECTED;
	event.message.text = with_link(text, url);
	event.message.xhtml = NULL;
	return router_from_frontend(resource, &event);
}

static void stored(void *context, int err, const struct media_file *file, const char *problem)
{
	struct long_text *text = context;
	struct matrix_frontend *frontend = text->frontend;
	struct transport *transport = frontend->base.transport;
	struct buf url = {0};

	(void)problem;
	if (!err && !frontend->stopping) {
		media_put_url(transport->media, file, &url);
		err = send_link(text, buf_text(&url));
	}
	if (err && !frontend->stopping)
		person_tell(frontend, text->address, "Not delivered: it is too long for the network.");
	if (text->number && !frontend->stopping)
		delivery_shown(transport, text->number);
	buf_finish(&url);
	long_text_free(text);
}

bool long_text_send(struct matrix_frontend *frontend, const char *address, const struct event *event)
{
	const struct event_message *message = &event->undelivered.message;
	struct media *media = frontend->base.transport->media;
	struct long_text *text;

	if (!media || !message->text || strlen(message->text) <= SHORT_BYTES)
		return false;
	text = MEM_NEW(struct long_text);
	text->frontend = frontend;
	list_append(&frontend->long_texts, &text->link);
	text->number = event->handover;
	text->address = mem_strdup(address);
	text->message = *message;
	event_message_keep(&text->message, &text->arena);
	struct media_writer *writer = media_begin(media, address, "message.txt", stored, text);

	media_write(writer, message->text, strlen(message->text));
	media_end(&writer);
	return true;
}

void long_texts_free(struct matrix_frontend *frontend)
{
	LIST_EACH (link, &frontend->long_texts)
		long_text_free(CONTAINER_OF(link, struct long_text, link));
}
