/* SPDX-License-Identifier: MIT */
/*
 * What was accepted and not yet handed over. The rule: acknowledge upstream only after commit; forget only
 * after the other side took it. docs/durability.md explains what that promises between which ends.
 *
 * A **record** is one message on its way, in one direction: to the network (owner: the account key) or to
 * people (owner: frontend and address of one identity). Records of one owner and direction are a **queue**,
 * in the order of their ids; ids grow over all restarts and serve as numbers of frames towards backends.
 * Beside records the spool keeps **notes**: small values by name that survive a restart (who is in which
 * room, which backend has whom), the **seen** ids of messages that must not come twice, and the **message
 * map** (message_map.h).
 *
 *   WAITING --spool_handed--> HANDED --spool_done--> gone
 *      ^                         '---spool_wait (the other side died)---> WAITING
 *      '-- also: dead letters (DEAD), kept for the operator until dropped or retried
 *
 * On disk it is an append-only log in segments (spool_log.h). What a loop turn appends is written in one go by
 * spool_flush, which must run before any socket is flushed in that turn: then whatever has left this process
 * is on record. What came and went in the same turn (spool_can_wait) is never written.
 *   SPOOL_OFF      no files; queues live in memory only
 *   SPOOL_PROCESS  written in the loop's own turn: survives the death of our processes
 *   SPOOL_POWER    the spool thread also calls fdatasync, and spool_when_durable waits for it
 *
 * Loop thread only. Functions never call back, but spool_flush (callbacks of spool_when_durable may come from
 * it) and the loop itself.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/list.h"
#include "protocol/event.h"

struct spool;
struct spool_queue;

enum spool_durability { SPOOL_OFF, SPOOL_PROCESS, SPOOL_POWER };
enum spool_direction { SPOOL_TO_NETWORK, SPOOL_TO_PEOPLE };
enum spool_state { SPOOL_WAITING, SPOOL_HANDED, SPOOL_DEAD };

struct spool_config {
	const char *folder;           /* made if missing, 0700 */
	enum spool_durability durability;
	uint64_t max_bytes;           /* of live records, all together; beyond it spool_put is TP_ERR_LIMIT */
	uint64_t max_owner_bytes;     /* of one queue */
	unsigned max_owner_records;
	uint64_t keep_dead_seconds;        /* dead letters older than that are dropped */
	uint64_t seen_seconds, seen_count; /* retention of seen ids: whichever comes first */
	uint64_t map_seconds, map_count;   /* of the message map */
	/* Called by each flush before it writes: puts what must not be on record without the rest of this turn, nor the
	 * rest without it. Does not flush. NULL: there is no such thing. */
	void (*before_flush)(void *context);
	void *context;
};

/* One live record. Read it freely; only the spool changes it. */
struct spool_record {
	uint64_t id;
	enum spool_direction direction;
	enum spool_state state;
	int64_t accepted_ms;        /* Unix milliseconds: when it was accepted */
	int64_t since_ms;           /* the same by clock_ms or, which is its value when the loop's turn began, uv_now, for
	                             * how long it waits: it does not jump. Of one from before
	                             * the start: as the wall clock had it then; negative: before the machine's start */
	uint64_t trace;             /* the caller's: the event's, for its whole way; 0 after a restart */
	struct spool_queue *queue;
	struct list link;           /* queue->records, by id */
	uint32_t conversation;      /* hash of the conversation's name: records of others may overtake */
	uint32_t size;              /* bytes of its frame */
	unsigned handings;          /* how often it was handed */
	unsigned open;              /* the caller's: confirmations that are still to come */
	uint64_t handed_ns;         /* the caller's: when it was handed, by latency_now; 0: not measured */
	bool awaited;               /* the caller's: its sender wants to know that it has arrived; false after a restart */
	bool returning;             /* the caller's: a dead letter on its way back to its sender; false after a restart */
	int64_t dead_ms;            /* of a dead letter: since when */
	char *reason;               /* of a dead letter: why; NULL */
	/* private */
	uint32_t entry_size;
	uint64_t place;
	void *bytes;
	struct spool_record *hash_next;
};

struct spool_queue {
	struct list link;      /* private: linked while it has records or a walk is at it */
	unsigned walks;        /* private: that are at it */
	enum spool_direction direction;
	struct list records;
	unsigned count, waiting, dead;
	uint64_t bytes;
	unsigned references;   /* spool_queue_open; kept without one while it has records */
	void *holder;          /* the caller's, who clears it before the queue is released; NULL */
	uint64_t dead_bytes;   /* of `bytes`, those of dead letters */
	char owner[];          /* account key, or spool_identity_key */
};

/* A message to accept. Everything is copied. */
struct spool_message {
	const char *conversation;   /* name of contact or room: order is kept within it */
	const char *origin;         /* to the network: who to tell if it fails, the caller's own text (NULL: nobody) */
	const char *seen;           /* NULL, or the id that must not come twice: TP_ERR_EXISTS if it did */
	const struct event *event;  /* encoded with the extension by codec_encode; its `user` is kept */
};

/* Reads what is there and starts the thread. Blocks: at start only. 0, or an error with a sentence (another
 * process has the folder, it cannot be made or read). A log that was cut off or damaged at its end by a crash
 * is no error. */
int spool_open(struct spool **spool, uv_loop_t *loop, const struct spool_config *config, struct buf *error);
/* Flushes, calls back those who wait for durability, and ends the thread. Handles stay with the loop until
 * its next turn. */
void spool_close(struct spool **spool);
enum spool_durability spool_durability(const struct spool *spool);

/* The queue of an owner, made if it is not there; counted, to be released. */
struct spool_queue *spool_queue_open(struct spool *spool, enum spool_direction direction, const char *owner);
void spool_queue_release(struct spool *spool, struct spool_queue **queue);
/* NULL: nothing waits for this owner and nobody has its queue open. */
struct spool_queue *spool_queue_find(const struct spool *spool, enum spool_direction direction, const char *owner);
/* Those that have records, in no order; NULL: no more. What is looked at stays as it is meanwhile. */
struct spool_queue *spool_queue_first(const struct spool *spool);
struct spool_queue *spool_queue_next(const struct spool *spool, const struct spool_queue *queue);
/* The same where they change meanwhile: from *queue (NULL: the beginning) to the next one that has records then. It has
 * to be called until there is none, which is false and NULL in *queue. */
bool spool_queue_walk(struct spool *spool, struct spool_queue **queue);

/* Accepts: the record is WAITING and in `queue`, which says whose it is and in which direction it goes. 0;
 * TP_ERR_EXISTS: its `seen` id came before (it may not be durable yet: acknowledge it as one that is new);
 * TP_ERR_LIMIT: a limit of the configuration, or the disk is full, or the event is too large for a frame;
 * TP_ERR_UNSUPPORTED: no frame says this event in this direction; TP_ERR_IO: the disk fails. `record` may be NULL. */
int spool_put(struct spool *spool, struct spool_queue *queue, const struct spool_message *message,
	      struct spool_record **record);
struct spool_record *spool_find(const struct spool *spool, uint64_t id); /* NULL: not live */
void spool_handed(struct spool *spool, struct spool_record *record);
void spool_wait(struct spool *spool, struct spool_record *record);
/* Gone, and its queue too if that was the last record and nobody has it open. *record becomes NULL. */
void spool_done(struct spool *spool, struct spool_record **record);
/* A dead letter: out of the way of the others, kept with the reason for spool.keep_dead seconds. */
void spool_dead(struct spool *spool, struct spool_record *record, const char *reason);
void spool_retry(struct spool *spool, struct spool_record *record); /* DEAD -> WAITING, in its old place */

/* What the record holds, decoded; pointers live in the arena. *origin (may be NULL) gets the origin or NULL,
 * *reason (may be NULL) that of a dead letter. event->handover is the record's id. 0, or TP_ERR_IO: it cannot
 * be read back (logged). */
int spool_read(struct spool *spool, const struct spool_record *record, struct arena *arena, struct event *event,
	       const char **origin, const char **reason);

/* Whether this id of this conversation's owner was seen; spool_put does the same with message->seen. For what
 * is not kept as a record: remembers it. True: it came before. */
bool spool_seen(struct spool *spool, const char *owner, const char *id);

/* Notes. Values are copied; NULL removes. Set again with the same bytes it costs nothing. One beyond
 * LIMIT_SPOOL_NOTE_BYTES is not taken (logged). */
void spool_note_set(struct spool *spool, const char *kind, const char *name, const void *value, size_t size);
const void *spool_note_get(const struct spool *spool, const char *kind, const char *name, size_t *size);
/* The same of a text, which is without its NUL there. The one got is to be freed; NULL: there is no such note. */
void spool_note_set_text(struct spool *spool, const char *kind, const char *name, const char *text);
char *spool_note_text(const struct spool *spool, const char *kind, const char *name);
/* A random word that stays the same as long as this spool does, kept as a note: in front of the numbers of records,
 * which begin anew with another spool, where they must not come again. To be freed. */
char *spool_own_word(struct spool *spool, const char *kind, const char *name);
/* Calls `each` for all notes of a kind whose names begin with `prefix`, in no order; it may set and remove notes. */
void spool_note_each(struct spool *spool, const char *kind, const char *prefix,
		     void (*each)(void *context, const char *name, const void *value, size_t size), void *context);

/* Whether sockets may be flushed before spool_flush, which has to follow in the same turn: all that waits are
 * messages whose coming nobody is told of and of which no repetition could be recognised, so that one that is
 * handed over by then need not be on record at all. With SPOOL_POWER never. */
bool spool_can_wait(const struct spool *spool);
/* What waits is acknowledged to somebody: it has to be on record before that. */
void spool_cannot_wait(struct spool *spool);
bool spool_is_pending(const struct spool *spool); /* spool_flush would write */
/* Writes what was appended since the last time. 0 or TP_ERR_IO (logged, and told by spool_health): what was
 * put since then stays in memory and is written by a later flush if that works. */
int spool_flush(struct spool *spool);
/* Calls back when all that was put so far is as safe as the durability promises: from spool_flush, or with
 * SPOOL_POWER from the loop after fdatasync. err: 0 or TP_ERR_IO. Never from inside this call. */
void spool_when_durable(struct spool *spool, void (*done)(void *context, int err), void *context);

struct spool_statistics {
	uint64_t records, bytes;        /* live, dead letters included */
	uint64_t waiting, handed, dead;
	uint64_t put, done;             /* since the start */
	uint64_t segments, disk_bytes;
	uint64_t flushes, syncs;
	int64_t oldest_ms;              /* accepted_ms of the oldest that is not dead; 0: none */
	uint64_t seen, mapped;          /* entries */
	bool failing;                   /* the disk refuses; text in the log */
};
void spool_statistics(const struct spool *spool, struct spool_statistics *statistics);
/* NULL: all is well; else what is the matter with the disk, in a sentence. */
const char *spool_health(const struct spool *spool);

/* "frontend\naddress": owner of a queue to people. Into `out`, which is cleared. */
void spool_identity_key(struct buf *out, const char *frontend, const char *address);
/* Whose queue it is, for the log: the address alone, or the account's key. */
const char *spool_queue_whose(const struct spool_queue *queue);
/* The two parts of such a key; *frontend is a copy, for the caller to free. False: it is none. */
bool spool_identity_parts(const char *owner, char **frontend, const char **address);
