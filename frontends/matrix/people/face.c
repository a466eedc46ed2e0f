/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/people/face.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/matrix/people/ghost.h"
#include "frontends/matrix/wire/homeserver.h"
#include "transport/media/media.h"
#include "transport/transport.h"

struct face {
	struct list link;
	struct matrix_frontend *frontend;
	struct media_fetch *fetch; /* NULL: it is being uploaded */
	char *ghost;
};

static void face_free(struct face *face)
{
	list_remove(&face->link);
	media_fetch_cancel(&face->fetch);
	mem_free(face->ghost);
	mem_free(face);
}

static void end(struct face *face, const char *problem)
{
	if (problem)
		log_info(&face->frontend->base.log, "the picture of %s is not shown: %s", log_quote(face->ghost), problem);
	face_free(face);
}

static void on_uploaded(void *context, const struct matrix_reply *reply)
{
	struct face *face = context;
	struct arena arena = {0};
	const char *uri = reply->err ? NULL : json_text(reply->json, "content_uri", &arena);

	/* It may have been asked for in the lane of a room only, which is not there yet. */
	if (uri)
		ghost_register(face->frontend, face->ghost, face->ghost);
	if (uri)
		matrix_tell_text(face->frontend, HTTP_PUT, matrix_path("/profile/%s/avatar_url", face->ghost), face->ghost,
		                 "avatar_url", uri, face->ghost);
	end(face, uri ? NULL : reply->err ? reply->problem : "the homeserver names no place");
	arena_finish(&arena);
}

static void on_fetched(void *context, int err, const struct media_file *file, const char *problem)
{
	struct face *face = context;
	struct matrix_frontend *frontend = face->frontend;
	uint64_t size;
	int fd = -1;

	face->fetch = NULL;
	if (!err && (!text_starts(file->type, "image/") || file->size > LIMIT_MEDIA_AVATAR_BYTES))
		end(face, "it is no picture, or too large");
	else if (err || media_open_file(frontend->base.transport->media, file->key, &fd, &size) != 0)
		end(face, problem ? problem : "it cannot be opened");
	else
		homeserver_upload(frontend->homeserver, fd, size, file->type, "avatar", 0, on_uploaded, face);
}

void face_show(struct matrix_frontend *frontend, const char *ghost, const char *url, const char *owner)
{
	struct media *media = frontend->base.transport->media;
	struct face *face;

	if (!media || !text_is_web_url(url) || !ghost_takes_icon(frontend, ghost, url))
		return;
	face = MEM_NEW(struct face);
	face->frontend = frontend;
	face->ghost = mem_strdup(ghost);
	list_append(&frontend->faces, &face->link);
	face->fetch = media_fetch(media, owner, url, on_fetched, face);
}

void faces_free(struct matrix_frontend *frontend)
{
	LIST_EACH (link, &frontend->faces)
		face_free(CONTAINER_OF(link, struct face, link));
}
