/* SPDX-License-Identifier: MIT */
/*
 * What the spool costs a message: put, handed, done, in batches with one flush each, against the same in
 * SQLite. Prints microseconds a message, the best and the median of several runs; the encoding of the frame
 * is measured apart and taken off. ninja -C build/plain bench-spool        or by hand: spool-bench [folder]
 * [messages a batch]
 */
#include <ftw.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "base/mem.h"
#include "protocol/codec.h"
#include "transport/spool/spool.h"

#define RUNS 9
#define MESSAGES 100000
#define BATCH_MOST 1000
#define SEEN 4
#define GROUPED 8
#define GROUPED_TURNS 100

static char folder[256];
static int batch = 50;
static uv_loop_t loop;
static volatile size_t sink;

static const struct event event = {
        .type = EVENT_MESSAGE,
        .user = "alice@example.org",
        .message = {.kind = MESSAGE_ROOM,
                    .name = "#room@irc.example.net",
                    .nickname = "somebody",
                    .text = "A message of the usual length, which is about as long as this one here is, or a "
                            "bit longer.",
                    .id = "0123456789abcdef"},
};

static double now_us(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b)
{
	double first = *(const double *)a, second = *(const double *)b;

	return first < second ? -1 : first > second;
}

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	return where->level > 0 ? remove(path) : 0;
}

static void clear_folder(void)
{
	nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void must(int err, const char *what)
{
	if (!err)
		return;
	fprintf(stderr, "%s: %d\n", what, err);
	exit(1);
}

static double run_encode(int unused)
{
	struct buf out = {0};
	double start = now_us();
	int i;

	(void)unused;
	for (i = 0; i < MESSAGES; i++) {
		if (i % batch == 0)
			buf_clear(&out);
		must(codec_encode(&out, CODEC_BACKEND, CODEC_EXTENDED, &event), "encode");
	}
	sink = out.len;
	start = now_us() - start;
	buf_finish(&out);
	return start / MESSAGES;
}

static int durable;

static void on_durable(void *context, int err)
{
	(void)context;
	must(err, "durable");
	durable++;
}

static double run_spool(int how)
{
	struct spool_config config = {.folder = folder,
	                              .durability = (enum spool_durability)(how & 3),
	                              .max_bytes = 1u << 30,
	                              .max_owner_bytes = 1u << 30,
	                              .max_owner_records = 1000000,
	                              .seen_seconds = 86400,
	                              .seen_count = 5000000,
	                              .map_seconds = 86400,
	                              .map_count = 1000000};
	bool seen = how & SEEN;
	struct buf error = {0};
	struct spool *spool;
	struct spool_queue *queue;
	struct spool_record *records[BATCH_MOST];
	char id[32];
	double start;
	int i, j;

	clear_folder();
	must(spool_open(&spool, &loop, &config, &error), buf_text(&error));
	queue = spool_queue_open(spool, SPOOL_TO_PEOPLE, "xmpp\nalice@example.org");
	durable = 0;
	start = now_us();
	for (i = 0; i < MESSAGES; i += batch) {
		for (j = 0; j < batch; j++) {
			snprintf(id, sizeof(id), "id%d", i + j);
			must(spool_put(spool, queue,
			               &(struct spool_message){.conversation = "#room@irc.example.net",
			                                       .seen = seen ? id : NULL,
			                                       .event = &event},
			               &records[j]),
			     "put");
		}
		if (how & SPOOL_POWER)
			spool_when_durable(spool, on_durable, NULL);
		must(spool_flush(spool), "flush");
		uv_run(&loop, UV_RUN_NOWAIT);
		while ((how & SPOOL_POWER) && durable < i / batch + 1 - (how & GROUPED ? GROUPED_TURNS : 0))
			uv_run(&loop, UV_RUN_ONCE);
		for (j = 0; j < batch; j++) {
			spool_handed(spool, records[j]);
			spool_done(spool, &records[j]);
		}
	}
	must(spool_flush(spool), "flush");
	start = now_us() - start;
	spool_queue_release(spool, &queue);
	spool_close(&spool);
	uv_run(&loop, UV_RUN_DEFAULT);
	buf_finish(&error);
	return start / MESSAGES;
}

static double run_sqlite(int full)
{
	char *path = mem_printf("%s/bench.db", folder);
	sqlite3 *db;
	sqlite3_stmt *insert, *delete;
	struct buf frame = {0};
	double start;
	int i, j;

	clear_folder();
	must(codec_encode(&frame, CODEC_BACKEND, CODEC_EXTENDED, &event), "encode");
	must(sqlite3_open(path, &db), "open");
	must(sqlite3_exec(db,
	                  full ? "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL"
	                       : "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF",
	                  NULL, NULL, NULL),
	     "pragma");
	must(sqlite3_exec(db,
	                  "CREATE TABLE spool (id INTEGER PRIMARY KEY, owner TEXT, time INTEGER, frame BLOB)",
	                  NULL, NULL, NULL),
	     "create");
	must(sqlite3_prepare_v2(db, "INSERT INTO spool VALUES (?1, ?2, ?3, ?4)", -1, &insert, NULL),
	     "prepare");
	must(sqlite3_prepare_v2(db, "DELETE FROM spool WHERE id = ?1", -1, &delete, NULL), "prepare");
	start = now_us();
	for (i = 0; i < MESSAGES; i += batch) {
		must(sqlite3_exec(db, "BEGIN", NULL, NULL, NULL), "begin");
		for (j = 0; j < batch; j++) {
			sqlite3_bind_int64(insert, 1, i + j);
			sqlite3_bind_text(insert, 2, "xmpp\nalice@example.org", -1, SQLITE_STATIC);
			sqlite3_bind_int64(insert, 3, i);
			sqlite3_bind_blob(insert, 4, frame.data, (int)frame.len, SQLITE_STATIC);
			must(sqlite3_step(insert) != SQLITE_DONE, "insert");
			sqlite3_reset(insert);
		}
		/* as in the log: what is done is written with the next batch */
		for (j = 0; i > 0 && j < batch; j++) {
			sqlite3_bind_int64(delete, 1, i - batch + j);
			must(sqlite3_step(delete) != SQLITE_DONE, "delete");
			sqlite3_reset(delete);
		}
		must(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), "commit");
	}
	start = now_us() - start;
	sqlite3_finalize(insert);
	sqlite3_finalize(delete);
	sqlite3_close(db);
	buf_finish(&frame);
	mem_free(path);
	return start / MESSAGES;
}

static double measure(const char *name, double (*run)(int how), int how, double take_off, int runs)
{
	double values[RUNS];
	int i;

	for (i = 0; i < runs; i++)
		values[i] = run(how) - take_off;
	qsort(values, (size_t)runs, sizeof(double), by_value);
	printf("%-42s best %7.3f  median %7.3f us a message\n", name, values[0], values[runs / 2]);
	fflush(stdout);
	return values[runs / 2];
}

int main(int argc, char **argv)
{
	double encode;

	snprintf(folder, sizeof(folder), "%s/spool-bench-XXXXXX", argc > 1 ? argv[1] : "/tmp");
	if (argc > 2)
		batch = (int)strtol(argv[2], NULL, 10);
	if (!mkdtemp(folder) || batch < 1 || batch > BATCH_MOST)
		return 1;
	uv_loop_init(&loop);
	printf("%d messages in batches of %d; frames of about 170 bytes; without encoding\n", MESSAGES,
	       batch);
	encode = measure("encoding a frame", run_encode, 0, 0, RUNS);
	measure("spool off: put, handed, done", run_spool, SPOOL_OFF, encode, RUNS);
	measure("spool process", run_spool, SPOOL_PROCESS, encode, RUNS);
	measure("spool process, with seen ids", run_spool, SPOOL_PROCESS | SEEN, encode, RUNS);
	measure("SQLite WAL, synchronous=OFF: insert, delete", run_sqlite, 0, 0, RUNS);
	measure("spool power, each batch waited for", run_spool, SPOOL_POWER, encode, 3);
	measure("spool power, up to 100 batches under way", run_spool, SPOOL_POWER | GROUPED, encode, 3);
	measure("SQLite WAL, synchronous=FULL", run_sqlite, 1, 0, 3);
	clear_folder();
	rmdir(folder);
	uv_run(&loop, UV_RUN_DEFAULT);
	return uv_loop_close(&loop);
}
