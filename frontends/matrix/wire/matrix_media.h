/* SPDX-License-Identifier: MIT */
/*
 * Files, either way (Matrix Client-Server API v1.15, 10.9).
 *
 * From Matrix: the network gets a URL of ours at once, "/media/mxc/SERVER/ID/NAME". What it names is fetched
 * from the homeserver when somebody opens it, and kept in the store: a message never waits for its file. From
 * the network: the file is fetched and uploaded, while its message keeps its place in the room's lane. What
 * cannot be fetched or uploaded is said as a link.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/log.h"
#include "frontends/matrix/wire/homeserver.h"

struct event_attachment;
struct http_client;
struct media;
struct matrix_media;

/* `media` NULL: files are not passed on, only links. All must outlive it, but the homeserver, which is
 * destroyed first. */
struct matrix_media *matrix_media_create(struct media *media, struct http_client *client,
                                         struct homeserver *homeserver,
                                         const struct homeserver_settings *settings,
                                         const struct log *parent);
/* What is under way ends without a word. *matrix becomes NULL; NULL is fine. */
void matrix_media_destroy(struct matrix_media **matrix);

/* Appends the URL of a file of Matrix: nothing is fetched for it. `owner` answers for its space. False: `mxc`
 * is no mxc:// URL, or media is off (also for NULL). */
bool matrix_media_put_url(struct matrix_media *matrix, const char *mxc, const char *name, const char *owner,
                          struct buf *url);
/* What became of matrix_media_get: bytes, lent, or a sentence. */
struct matrix_media_bytes {
	const void *bytes;
	size_t size;
	const char *problem; /* NULL: they are there */
};
typedef void matrix_media_got(void *context, const struct matrix_media_bytes *got);
/* The whole of a small file of Matrix, of at most `max` bytes. `got`: once, never from inside, unless
 * matrix_media_destroy comes first, which calls `drop`. Needs no store. */
void matrix_media_get(struct matrix_media *matrix, const char *mxc, size_t max, matrix_media_got *got, void *context,
                      void (*drop)(void *context));
/* The same of a picture: one of 96 by 96 pixels, if the homeserver makes it. */
void matrix_media_get_small(struct matrix_media *matrix, const char *mxc, size_t max, matrix_media_got *got,
                            void *context, void (*drop)(void *context));
/* An m.room.message of a file of the network: the call's body, which is copied like the rest, is sent if the
 * file cannot be had, its link for example; else m.image, m.audio, m.video or m.file. The call needs a lane,
 * where it keeps its place from now on for about LIMIT_MEDIA_FETCH_SECONDS and the upload. `more`: members of the
 * content ("\"KEY\":VALUE"); NULL. */
void matrix_media_send(struct matrix_media *matrix, const struct event_attachment *attachment,
                       const char *owner, const char *more, const struct matrix_call *call);
