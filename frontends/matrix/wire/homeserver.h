/* SPDX-License-Identifier: MIT */
/*
 * Calls of the homeserver's client-server API (Matrix specification v1.15) with the application service's
 * token, in our own name or a ghost's. A homeserver that is away, overloaded (5xx) or says M_LIMIT_EXCEEDED
 * is asked again, with jitter, until it answers; what it refuses (other 4xx) is the caller's, but for a few tries
 * where it says not to know one of our users, whom it may just have registered. A 2xx that is
 * no JSON is none of its answers: calls may be made twice, so those that make something carry a transaction
 * id where the API has one.
 *
 * Calls of one lane are made one after the other, in the order in which they were given, each when the one
 * before has been answered for good: the events of one room keep their order, and a slow room holds up no
 * other. Lanes take turns.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/log.h"
#include "transport/http/http_client.h"

struct cJSON;
struct homeserver;

struct homeserver_settings {
	const char *url; /* "http://127.0.0.1:8008", no slash behind it */
	const char *as_token;
};

struct matrix_reply {
	/* 0: 2xx. TP_ERR_NOT_ALLOWED (403), TP_ERR_NOT_FOUND (404), TP_ERR_AUTH (401: our token is wrong),
	 * TP_ERR_LIMIT (413, or an answer of more than LIMIT_MATRIX_ANSWER_BYTES), TP_ERR_INVALID (other
	 * refusals). Only for calls made once: TP_ERR_IO, TP_ERR_TIMEOUT (also for those `unrepeated`), and TP_ERR_LIMIT
	 * for M_LIMIT_EXCEEDED. */
	int err;
	unsigned status;          /* 0: there was no answer */
	const char *errcode;      /* "M_FORBIDDEN"; "" if all went well, or none was said */
	const char *problem;      /* a sentence for the log; "" if all went well */
	const struct cJSON *json; /* the answer, lent to `done`; NULL: none */
	struct call *call;        /* for homeserver_again */
};

typedef void matrix_done(void *context, const struct matrix_reply *reply);

struct matrix_call {
	enum http_method method;
	const char *path; /* with its query, percent-encoded: "/_matrix/client/v3/..." */
	const char *as;   /* a user id to act as; NULL: ourselves */
	const char *bearer; /* a person's own token instead of ours, without `as`; NULL. 401 is TP_ERR_AUTH */
	const char *body; /* JSON; NULL: none (POST and PUT send {}) */
	const char *lane; /* usually a room's id; NULL: without waiting for others */
	bool first;       /* before what waits in its lane already */
	bool once;        /* not again, whatever comes: what is stale later (typing, presence) */
	/* Of an event that is put into a room: these two, or NULL. A homeserver may forget transaction ids when it ends
	 * (Synapse does): where there was no answer the event is looked for in the room, by its unsigned.transaction_id,
	 * before the call is made again. Found, it is answered with its "event_id". */
	const char *room, *transaction;
	uint64_t trace; /* of the message that it is about: at the end of the log's lines; 0: none */
	/* The GET of a room's whole state: `json` is that without who is in it; of up to LIMIT_MATRIX_STATE_BYTES. */
	bool state;
	/* Not again where the homeserver may have got it and does not answer: then TP_ERR_IO or TP_ERR_TIMEOUT. For what
	 * has no transaction id. */
	bool unrepeated;
	/* Once, never from inside homeserver_call; not after homeserver_destroy, which it may call. NULL:
	 * unwanted. */
	matrix_done *done;
	void *context;
	/* Frees what belongs to the context if homeserver_destroy comes before `done`; calls nothing else.
	 * NULL: nothing to free. */
	void (*drop)(void *context);
};

struct homeserver *homeserver_create(struct http_client *client, const struct homeserver_settings *settings,
                                     const struct log *parent);
/* Without calling anybody; before the client is closed. *homeserver becomes NULL; NULL is fine. */
void homeserver_destroy(struct homeserver **homeserver);
/* Everything is copied. */
void homeserver_call(struct homeserver *homeserver, const struct matrix_call *call);
/* From inside `done` of a call that was refused: it is made once more, as the first of its lane unless others are
 * put before it then, and `done` is called once more. */
void homeserver_again(const struct matrix_reply *reply);
/* The same, by ourselves instead of `as`. `body` (copied) NULL: what it was. */
void homeserver_again_as_bot(const struct matrix_reply *reply, const char *body);
/* The body of the call, lent to `done`; NULL: it has none. */
const char *homeserver_body(const struct matrix_reply *reply);
/* A call whose body is not known yet, in a lane (which it needs): its place is kept, and what is behind it
 * waits. Good until it is supplied or the homeserver destroyed. */
struct homeserver_place *homeserver_reserve(struct homeserver *homeserver, const struct matrix_call *call);
/* Its body (copied): it is made in its turn. *place becomes NULL. */
void homeserver_supply(struct homeserver_place **place, const char *body);
/* The file's bytes (a regular file, closed in any case) become media of the homeserver: json has
 * "content_uri". In no lane; a few at a time. `type` and `name` may be NULL; trace as in a call. */
void homeserver_upload(struct homeserver *homeserver, int fd, uint64_t size, const char *type,
                       const char *name, uint64_t trace, matrix_done *done, void *context);
/* The same from memory. False: there is no room for it, and `done` is not called. */
bool homeserver_upload_bytes(struct homeserver *homeserver, const void *bytes, size_t size, const char *type,
                             const char *name, matrix_done *done, void *context);
/* How many events (calls with `room`) were to be put into rooms so far; and the one of this lane, so counted, that may
 * be in its room while nobody here knows how it is called; 0: there is none. */
uint64_t homeserver_made(const struct homeserver *homeserver);
uint64_t homeserver_unanswered(const struct homeserver *homeserver, const char *lane);
/* `settled` is called when such an event is none any more, just before its `done`; it calls nothing here. */
void homeserver_watch_events(struct homeserver *homeserver, void (*settled)(void *context), void *context);
/* `answered` is called after each answer to any call and what follows from it: fewer may be waiting. */
void homeserver_watch_calls(struct homeserver *homeserver, void (*answered)(void *context), void *context);
/* What its time of day is more than ours (less: negative), but for a second or so, as its last answer says. 0 at
 * first. */
int64_t homeserver_ahead_ms(const struct homeserver *homeserver);
/* Calls that wait or are under way. */
size_t homeserver_waiting(const struct homeserver *homeserver);
/* Bytes of their bodies, and since when (uv_now) the oldest waits (0: there is none). Looks at each call. */
void homeserver_load(const struct homeserver *homeserver, size_t *bytes, uint64_t *oldest_ms);
/* Whether the last word of the homeserver was an answer, of whatever kind; a proxy's (a 5xx without errcode)
 * is none. False at first. When that changes, `changed` is called, which may destroy the homeserver. */
bool homeserver_answers(const struct homeserver *homeserver);
/* How many calls in a row have got no answer: up to now, or if the last one has, before that. */
unsigned homeserver_silences(const struct homeserver *homeserver);
void homeserver_watch(struct homeserver *homeserver, void (*changed)(void *context, bool answers),
                      void *context);
