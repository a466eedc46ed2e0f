/* SPDX-License-Identifier: MIT */
/* What the files of transport/media share; nobody else includes it (but tests). */
#pragma once

#include <sodium.h>

#include "base/list.h"
#include "base/map.h"
#include "transport/http/http_client.h"
#include "transport/http/http_server.h"
#include "transport/media/media.h"
#include "transport/media/media_link.h"
#include "transport/media/media_type.h"

#define MEDIA_AVATAR_PATH "avatar/"
#define MEDIA_AVATAR_OWNER "avatars" /* no account is called so: those have an @ or a slash */
#define MEDIA_BLOCK 4096 /* files are counted in such pieces: many small ones cost as well */

/* Who pays, under a keyed hash of his name: it is part of names of files and of URLs. Lives as long as it has
 * something. */
struct media_owner {
	char tag[MEDIA_TAG_LENGTH + 1];
	bool is_avatars;     /* nobody: pictures of people */
	uint64_t bytes;
	size_t uses;         /* entries and writers */
	struct list entries; /* struct media_entry.of_owner, the one not used for longest first */
};

struct media_entry {
	struct list link; /* media.entries, the one not used for longest first */
	struct list of_owner;
	struct media_owner *owner;
	char key[MEDIA_KEY_LENGTH + 1];
	uint64_t size;
	int64_t used; /* Unix time, seconds: it was stored, or its last URL was made */
};

/* A file that somebody asks for and that its source is fetching. */
struct media_pull {
	struct media *media;
	char key[MEDIA_KEY_LENGTH + 1];
	char *name;
	struct list waiting; /* struct media_waiter.link */
};

struct media {
	uv_loop_t *loop;
	struct log log;
	const struct media_config *config;
	char *public_url; /* without slashes behind it */
	int folder, key_file; /* descriptors; the latter holds the lock */
	unsigned char secret[MEDIA_SECRET_BYTES];
	struct map *by_key; /* key -> struct media_entry */
	struct list entries;
	struct map *owners; /* tag -> struct media_owner */
	uint64_t bytes;     /* of entries and of what is being written */
	struct list writers;
	size_t writers_count;
	struct http_listener *listener;
	struct http_client *client;
	struct list fetches;
	bool fetches_closed;    /* none begins any more */
	uint64_t fetch_wait_ms; /* that one waits for its turn at most; a test may set it */
	struct map *sources; /* kind -> struct media_source, owned */
	struct map *pulls;   /* key -> struct media_pull */
	uv_timer_t timer;
	unsigned pending; /* what has to end before it is freed */
	bool closing;
	void (*closed)(void *context);
	void *closed_context;
};

/* media.c */

void media_release(struct media *media); /* one of `pending` */
void media_tag(const struct media *media, const char *owner, char *tag);
int64_t media_now(void);
/* Appends the URL of a link whose name is still to be cleaned, good for so long. */
void media_put_link(struct media *media, struct media_link *link, const char *name, int64_t seconds, struct buf *url);

/* media_store.c: the folder */

int media_store_open(struct media *media, const char *path, struct buf *error);
void media_store_close(struct media *media);
struct media_owner *media_owner_of(struct media *media, const char *tag);
void media_owner_release(struct media *media, struct media_owner *owner);
/* Makes room, and counts it. False: there is none for him, or for anybody. */
bool media_store_charge(struct media *media, struct media_owner *owner, uint64_t bytes);
void media_store_uncharge(struct media *media, struct media_owner *owner, uint64_t bytes);
uint64_t media_store_round(uint64_t size);
/* What was written and charged under `name` becomes the file `key`. NULL: it cannot be renamed, or there are too many.
 * */
struct media_entry *media_store_take(struct media *media, struct media_owner *owner, const char *name, const char *key,
				     uint64_t size);
void media_store_touch(struct media *media, struct media_entry *entry);
void media_store_expire(struct media *media);

/* media_avatar.c */

bool media_is_avatar(const struct media_entry *entry);

/* media_writer.c */

/* With a key of its own instead of the content's hash, and a tag instead of an owner. */
struct media_writer *media_writer_create(struct media *media, const char *tag, const char *key, const char *name,
					 media_done *done, void *context);

void media_writers_abort(struct media *media);

/* media_fetch.c */

void media_fetches_cancel(struct media *media);

/* media_route.c */

bool media_route_open(struct media *media);
void media_route_close(struct media *media);
/* In the store, of what a source calls so. Keyed, so that nobody can make a file whose content has that hash. */
void media_source_key(const struct media *media, const struct media_link *link, char *key);
void media_refuse(struct http_request *request, unsigned status, const char *sentence);
/* The link that the request's path (behind /media/) and query are. False: it is none, or too old, which is answered. */
bool media_read_link(const struct media *media, struct http_request *request, const char *path,
		     struct media_link *link);

/* media_upload.c */

bool media_upload_open(struct media *media);
