/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/people/login_show.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/json.h"
#include "base/log.h"
#include "base/qr.h"
#include "frontends/matrix/people/person.h"
#include "transport/media/media_type.h"
#include "transport/people/login_step.h"
#include "transport/people/session.h"

#define TYPE "image/png"
#define NAME "qr-code.png"

/* A picture on its way to the homeserver. */
struct code {
	struct matrix_frontend *frontend;
	char key[24]; /* in frontend->pictures, which frees it if the answer never comes */
	size_t size;
	unsigned width, height;
	char id[]; /* who is to see it */
};

static void put_content(struct buf *out, const struct code *code, const char *uri)
{
	buf_puts(out, "{\"msgtype\":\"m.image\",\"m.mentions\":{},\"body\":\"" NAME "\",\"filename\":\"" NAME
	              "\",\"url\":");
	json_put_string(out, uri);
	buf_printf(out, ",\"info\":{\"mimetype\":\"" TYPE "\",\"size\":%zu,\"w\":%u,\"h\":%u}}", code->size,
	           code->width, code->height);
}

static void on_uploaded(void *context, const struct matrix_reply *reply)
{
	struct code *code = context;
	struct matrix_frontend *frontend = code->frontend;
	struct arena arena = {0};
	const char *uri = json_text(reply->json, "content_uri", &arena);

	if (uri) {
		struct buf content = {0};

		put_content(&content, code, uri);
		person_show(frontend, code->id, buf_text(&content));
		buf_finish(&content);
	} else {
		log_info(&frontend->base.log, "a QR code could not be stored, it is there as text: %s", reply->problem);
	}
	arena_finish(&arena);
	mem_free(map_remove(frontend->pictures, code->key));
}

static void show_code(struct matrix_frontend *frontend, const char *id, const char *data)
{
	struct buf png = {0};
	struct code *code;

	if (!qr_png(&png, data)) {
		buf_finish(&png);
		return;
	}
	code = MEM_NEW_TEXT(struct code, id, id);
	code->frontend = frontend;
	code->size = png.len;
	media_picture_size(png.data, png.len, &code->width, &code->height);
	snprintf(code->key, sizeof(code->key), "code %" PRIu32, ++frontend->cards);
	mem_free(map_set(&frontend->pictures, code->key, code));
	if (!homeserver_upload_bytes(frontend->homeserver, png.data, png.len, TYPE, NAME, on_uploaded, code))
		mem_free(map_remove(frontend->pictures, code->key));
	buf_finish(&png);
}

void login_show_step(struct matrix_frontend *frontend, const struct identity *to,
                     const struct event_login_step *step)
{
	struct buf text = {0};

	person_of(frontend, to->address)->curious = true;
	login_step_describe(&text, step, true);
	person_tell(frontend, to->address, buf_text(&text));
	if (step->kind == LOGIN_STEP_QR && step->data)
		show_code(frontend, to->address, step->data);
	buf_finish(&text);
}
