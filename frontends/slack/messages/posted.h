/* SPDX-License-Identifier: MIT */
/* Whether something was posted already: looked up in the history of the conversation, by the keys that posts
 * carry. */
#pragma once

#include "frontends/slack/workspace.h"

struct spool_record;

#define POSTED_EVENT "libtransport_post" /* event_type of the metadata */

/* Appends the metadata argument of a post with this key. */
void posted_put_metadata(struct buf *out, const char *key);

/* The workspace is lost: when it is back, what was posted until then is looked up anew. */
void posted_forget(struct workspace *workspace);
enum posted { POSTED_UNKNOWN, POSTED_NO, POSTED_YES };
/* Whether a record of another process, or of the time with another token, or a dead letter of before was posted here
 * (`thread` NULL: in the conversation itself). UNKNOWN: it is being looked up, and delivery_frontend_ready follows. *ts
 * is lent, and that of the post if there is one. */
enum posted posted_before(struct workspace *workspace, const char *channel, const char *thread, const char *key,
                          const struct spool_record *record, const char **ts);

/* Whether it is being looked up in this conversation, or a thread of it: what of it is ours is not known yet. */
bool posted_is_looked_up(const struct slack_frontend *frontend, const char *place);

/* Looks for one post since that time (Unix milliseconds). `ts` NULL: it is not there. `err`: it could not be
 * looked up. */
typedef void posted_found(void *context, int err, const char *ts);
void posted_find(struct workspace *workspace, const char *channel, const char *thread, const char *key,
                 int64_t since_ms, posted_found *found, void *context, void (*drop)(void *context));
void posted_free(struct slack_frontend *frontend);
