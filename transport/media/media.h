/* SPDX-License-Identifier: MIT */
/*
 * Files on their way: pictures, sound, documents that one side sends and the other cannot fetch itself. Kept in a
 * bounded folder, and reachable for people under signed, expiring URLs of the instance's own HTTP port. The same store
 * for all frontends. docs/media.md.
 *
 * Loop thread; files are hashed and written on libuv's threads. Off unless media.public_url is configured: then there
 * is no struct media, nothing is kept, and links are passed on as they are.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "base/log.h"
#include "config/config.h"

struct http_server;
struct media;
struct media_fetch;
struct media_writer;

struct media_config { /* [media] */
	const char *public_url; /* "https://files.example.org", behind a reverse proxy; "": off */
	const char *host;       /* to listen on */
	long port;
	const char *folder;     /* "": media in service.working_dir */
	long max_file_mb, max_user_mb, max_total_mb;
	long url_s;             /* how long a URL is good, and so how long a file is kept after its last one was made */
};
extern const struct config_table media_config_table;

/* The values, once the configuration is loaded. False, and sentences. */
bool media_check(const struct media_config *config, struct buf *error);
bool media_is_configured(const struct media_config *config);

/* A file of the store. Lent to callbacks. */
struct media_file {
	char key[65];     /* 64 lower-case hex digits: its name in the store. SHA-256 of the content, or of its origin */
	const char *type; /* by content (media_type.h) */
	const char *name; /* as it was called, cleaned (media_name.h); never empty */
	uint64_t size;
};

/* Where files are that are fetched when somebody opens their URL. */
struct media_source {
	const char *kind; /* the first part of the URL's path: a word of up to 15 lower-case letters */
	/* Writes what `reference` (of media_put_source_url) names, then calls media_end or media_fail. */
	void (*fetch)(void *context, const char *reference, struct media_writer *writer);
	void *context;
};

struct media_place {
	uv_loop_t *loop;
	struct http_server *http;
	const struct log *log;
	const char *working_dir;
};

/* Opens the folder, sweeps what is left of interrupted writes, listens. Everything in `place` and `config` outlives the
 * media. Blocks for the folder. 0, or an error with a sentence. */
int media_open(const struct media_place *place, const struct media_config *config, struct media **media,
	       struct buf *error);
/* After http_server_close. Fetches are cancelled; who has a writer may not use it any more. `closed` is called from the
 * loop when nothing is under way; at once for NULL. */
void media_close(struct media **media, void (*closed)(void *context), void *context);
/* The port that it listens on. */
unsigned media_port(const struct media *media);
uint64_t media_file_max(const struct media *media); /* bytes */
/* Of what is kept or being written, as it counts for media.max_size. 0 for NULL. */
uint64_t media_bytes(const struct media *media);
/* The source's texts are copied. False: there is one of that kind. */
bool media_add_source(struct media *media, const struct media_source *source);
/* Writers that it has been given are still its own. */
void media_remove_source(struct media *media, const char *kind);

/* 0; TP_ERR_LIMIT (too large for the file, the owner or all), TP_ERR_IO, TP_ERR_NOT_ALLOWED, TP_ERR_NOT_FOUND,
 * TP_ERR_TIMEOUT, TP_ERR_INVALID, TP_ERR_CLOSED: `problem` is a sentence for a person then, and file NULL. Once, never
 * from inside the call that began it. */
typedef void media_done(void *context, int err, const struct media_file *file, const char *problem);

/* A file in pieces, for `owner` (the key of an account, or another word for who has to answer for it: what his files
 * take is bounded). `name` may be NULL. Never NULL: what is wrong is told at the end. */
struct media_writer *media_begin(struct media *media, const char *owner, const char *name, media_done *done,
				 void *context);
/* The disk is behind: `hold` is called with true, and with false when it has caught up. Who does not stop then is
 * failed. */
void media_set_hold(struct media_writer *writer, void (*hold)(void *context, bool hold), void *context);
/* False: too much; nothing more need be written, media_end says why. */
bool media_write(struct media_writer *writer, const void *bytes, size_t count);
/* `done` follows. *writer becomes NULL, also below. */
void media_end(struct media_writer **writer);
/* The same for something that did not come to its end; `problem` is copied. */
void media_fail(struct media_writer **writer, int err, const char *problem);
/* `done` does not follow; NULL is fine. */
void media_abort(struct media_writer **writer);

/* Fetches what a stranger's link names, safely (http_client.h, `foreign`), within LIMIT_MEDIA_FETCH_SECONDS; one of our
 * own URLs from ourselves. Of one person LIMIT_MEDIA_FETCHES_OWNER at a time; others wait for their turn, as long as
 * that, and fail with TP_ERR_LIMIT where too many wait. The pointer is good until `done` was called, which is never
 * from inside. */
struct media_fetch *media_fetch(struct media *media, const char *owner, const char *url, media_done *done,
				void *context);
/* `done` is not called. *fetch becomes NULL; NULL is fine. */
void media_fetch_cancel(struct media_fetch **fetch);

/* Open for reading: whoever gets it closes it. TP_ERR_NOT_FOUND. */
int media_open_file(struct media *media, const char *key, int *fd, uint64_t *size);
/* Appends a URL for anybody who is given it, good for media.url_time from now on. */
void media_put_url(struct media *media, const struct media_file *file, struct buf *url);
/* The same for a file that is fetched from a source when the URL is opened, at the expense of `owner`. `reference` is
 * up to LIMIT_MEDIA_REFERENCE_BYTES of printable ASCII, parts separated by single slashes. False: it is not. */
bool media_put_source_url(struct media *media, const char *kind, const char *reference, const char *owner,
			  const char *name, struct buf *url);

/*
 * Pictures of people, for networks that fetch them from a public URL. `hash` is what the network calls the picture by
 * (icon_hash); `whose` says who says so (the key of an account): what one backend claims of a hash is nobody else's
 * picture. A picture is kept for LIMIT_MEDIA_AVATAR_SECONDS after its URL was made last, unless the space is needed, at
 * nobody's expense: all of them together have media.max_user_size.
 */
/* Appends its URL, which is always the same and cannot be guessed. False: it is not there (any more). */
bool media_put_avatar_url(struct media *media, const char *whose, const char *hash, struct buf *url);
/* The bytes, which are copied, of a PNG, JPEG, GIF or WebP of at most LIMIT_MEDIA_AVATAR_BYTES; else TP_ERR_INVALID,
 * TP_ERR_LIMIT. `done` as of media_begin. */
void media_store_avatar(struct media *media, const char *whose, const char *hash, const void *bytes, size_t count,
			media_done *done, void *context);
/* Appends two URLs: where somebody may PUT a file of this size himself, once and within LIMIT_MEDIA_UPLOAD_SECONDS, at
 * the expense of `owner`, and where anybody gets it then. False: it is larger than a file may be. */
bool media_put_upload_urls(struct media *media, const char *owner, const char *name, uint64_t size, struct buf *put,
			   struct buf *get);
/* Whether a URL is one of those, or of media_put_url or media_put_source_url. */
bool media_is_own_url(const struct media *media, const char *url);
