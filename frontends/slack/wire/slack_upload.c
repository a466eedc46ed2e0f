/* SPDX-License-Identifier: MIT */
/* Files of the network, on their way to Slack. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/crash_point.h"
#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "config/limits.h"
#include "frontends/slack/wire/slack_file_private.h"
#include "frontends/slack/wire/slack_id.h"

/*
 *     FETCHING -> ASKING (where to) -> CARRYING (the bytes) -> SHARING (files.completeUploadExternal)
 *              -> WAITING (for the event, and asking now and then) -> done
 *     one that was on its way already: LOOKING -> WAITING if Slack has it, else -> SHARING once more
 *     any of them -> ENDING (at the next turn) -> done with an error
 */
enum stage { LOOKING, FETCHING, ASKING, CARRYING, SHARING, WAITING, ENDING };

struct sending {
	struct slack_files *files;
	struct list link;
	unsigned references; /* ours, and one of each call */
	enum stage stage;
	struct slack_upload what; /* its texts are ours */
	struct media_fetch *fetch;
	int fd; /* -1: none, or not ours */
	uint64_t size;
	char *file_id, *ts;
	bool again;                  /* SHARING of what another has brought: if that cannot be, all is done anew */
	struct web_pending *pending; /* of SHARING, while it is not known whether it was */
	bool asked;                  /* WAITING: files.info is under way */
	uint64_t due_ms, give_up_ms; /* uv_now */
	unsigned pause_ms;
	int err; /* ENDING */
	char *problem;
};

static void release(struct sending *sending)
{
	if (--sending->references)
		return;
	if (sending->fd >= 0)
		close(sending->fd);
	mem_free((char *)sending->what.url);
	mem_free((char *)sending->what.owner);
	mem_free((char *)sending->what.lane);
	mem_free((char *)sending->what.channel);
	mem_free((char *)sending->what.thread);
	mem_free((char *)sending->what.name);
	mem_free((char *)sending->what.title);
	mem_free((char *)sending->what.comment);
	mem_free((char *)sending->what.username);
	mem_free((char *)sending->what.icon_url);
	mem_free(sending->file_id);
	mem_free(sending->ts);
	mem_free(sending->problem);
	mem_free(sending);
}

static void release_call(void *context)
{
	release(context);
}

static void leave(struct sending *sending)
{
	list_remove(&sending->link);
	sending->files->uploads_count--;
}

static void finish(struct sending *sending)
{
	leave(sending);
	if (sending->err)
		log_info(&sending->files->log, "a file is not uploaded: %s%s", sending->problem,
			 log_trace(sending->what.trace));
	if (sending->what.done)
		sending->what.done(sending->what.context, sending->err, sending->ts, sending->problem);
	release(sending);
}

/* ---- time ---- */

static void set_timer(struct slack_files *files);

static void fail(struct sending *sending, int err, const char *problem)
{
	sending->stage = ENDING;
	sending->err = err;
	mem_replace(&sending->problem, problem && *problem ? problem : "it cannot be sent");
	sending->due_ms = 0;
	set_timer(sending->files);
}

static void call(struct sending *sending, const char *method, const struct web_argument *arguments, size_t count,
		 web_done *done)
{
	sending->references++;
	web_api_call(sending->files->place.api, &(struct web_call){.method = method,
								   .token = sending->what.token,
								   .arguments = arguments,
								   .arguments_count = count,
								   .trace = sending->what.trace,
								   .done = done,
								   .context = sending,
								   .drop = release_call});
}

static void ask_info(struct sending *sending, web_done *done)
{
	const struct web_argument arguments[] = {{"file", sending->file_id}};

	call(sending, "files.info", arguments, ARRAY_SIZE(arguments), done);
}

/* The message in our channel, of what files.info says; NULL. */
static const char *share_of(const struct sending *sending, const struct cJSON *json, struct arena *arena)
{
	static const char *const kinds[] = {"public", "private"};
	const struct cJSON *shares = json_object(json_object(json, "file"), "shares");

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct cJSON *list = json_array(json_object(shares, kinds[i]), sending->what.channel);
		const char *ts = json_text(json_first(list), "ts", arena);

		if (slack_is_ts(ts))
			return ts;
	}
	return NULL;
}

static void take_share(struct sending *sending, const struct web_reply *reply)
{
	struct arena arena = {0};
	const char *ts = share_of(sending, reply->json, &arena);

	if (ts)
		mem_replace(&sending->ts, ts);
	arena_finish(&arena);
}

static uint64_t now_of(const struct slack_files *files)
{
	return uv_now(web_api_loop(files->place.api));
}

static void on_waited_for(void *context, const struct web_reply *reply)
{
	struct sending *sending = context;

	sending->asked = false;
	if (!sending->ts)
		take_share(sending, reply);
	if (sending->ts) {
		finish(sending);
	} else {
		sending->due_ms = now_of(sending->files) + sending->pause_ms;
		sending->pause_ms *= 2;
		if (sending->pause_ms > sending->files->last_ms)
			sending->pause_ms = sending->files->last_ms;
		set_timer(sending->files);
	}
	release(sending);
}

static void act(struct sending *sending)
{
	if (sending->stage == ENDING) {
		finish(sending);
	} else if (now_of(sending->files) >= sending->give_up_ms) {
		fail(sending, TP_ERR_TIMEOUT, "Slack has taken it, and does not show it in the channel");
	} else {
		sending->asked = true;
		ask_info(sending, on_waited_for);
	}
}

static bool is_timed(const struct sending *sending)
{
	return sending->stage == ENDING || (sending->stage == WAITING && !sending->asked);
}

static struct sending *next_due(struct slack_files *files)
{
	struct sending *next = NULL;

	LIST_EACH (link, &files->uploads) {
		struct sending *sending = CONTAINER_OF(link, struct sending, link);

		if (is_timed(sending) && (!next || sending->due_ms < next->due_ms))
			next = sending;
	}
	return next;
}

static void on_timer(uv_timer_t *timer)
{
	struct slack_files *files = timer->data;
	struct sending *next = next_due(files);

	if (next && next->due_ms <= now_of(files))
		act(next);
	/* Whoever was told may have destroyed us: then the timer is closing. */
	if (!uv_is_closing((uv_handle_t *)timer))
		set_timer(files);
}

static void set_timer(struct slack_files *files)
{
	struct sending *next = next_due(files);
	uint64_t now = now_of(files);

	if (next)
		uv_timer_start(files->timer, on_timer, next->due_ms > now ? next->due_ms - now : 0, 0);
}

/* ---- steps ---- */

static void begin(struct sending *sending);

/* Slack has it: now it is the message that is waited for. */
static void wait_for_share(struct sending *sending)
{
	if (sending->ts) {
		finish(sending);
		return;
	}
	sending->stage = WAITING;
	sending->pause_ms = sending->files->first_ms;
	sending->due_ms = now_of(sending->files) + sending->pause_ms;
	sending->give_up_ms = now_of(sending->files) + sending->files->share_ms;
	set_timer(sending->files);
}

static void on_shared(void *context, const struct web_reply *reply)
{
	struct sending *sending = context;

	sending->pending = NULL;
	CRASH_POINT("slack.upload.shared");
	if (!reply->err) {
		wait_for_share(sending);
	} else if (sending->again && reply->err == TP_ERR_NOT_FOUND) {
		mem_replace(&sending->file_id, NULL);
		begin(sending);
	} else {
		fail(sending, reply->err, reply->problem);
	}
	release(sending);
}

static void on_looked(void *context, const struct web_reply *reply)
{
	struct sending *sending = context;

	take_share(sending, reply);
	/* A file is known when it is complete; that it is shared may take its time. */
	if (sending->pending && reply->err == TP_ERR_NOT_FOUND && !sending->ts)
		web_call_again(&sending->pending);
	else if (sending->pending)
		web_call_settle(&sending->pending, NULL);
	release(sending);
}

/* The answer was lost. */
static void on_unsure(void *context, struct web_api *api, struct web_pending *pending)
{
	struct sending *sending = context;

	(void)api;
	sending->pending = pending;
	if (sending->ts)
		web_call_settle(&sending->pending, NULL);
	else
		ask_info(sending, on_looked);
}

static void share(struct sending *sending)
{
	const struct slack_upload *what = &sending->what;
	struct buf files = {0};

	buf_puts(&files, "[{\"id\":");
	json_put_string(&files, sending->file_id);
	if (what->title || what->name) {
		buf_puts(&files, ",\"title\":");
		json_put_string(&files, what->title ? what->title : what->name);
	}
	buf_puts(&files, "}]");
	const struct web_argument arguments[] = {{"files", files.data},
						 {"channel_id", what->channel},
						 {"thread_ts", what->thread},
						 {"initial_comment", what->comment},
						 {"username", what->username},
						 {"icon_url", what->icon_url}};

	sending->stage = SHARING;
	if (what->placed)
		what->placed(what->context, sending->file_id);
	CRASH_POINT("slack.upload.sharing");
	sending->references++;
	web_api_call(sending->files->place.api, &(struct web_call){.method = "files.completeUploadExternal",
								   .token = what->token,
								   .arguments = arguments,
								   .arguments_count = ARRAY_SIZE(arguments),
								   .lane = what->lane,
								   .trace = what->trace,
								   .unsure = on_unsure,
								   .done = on_shared,
								   .context = sending,
								   .drop = release_call});
	buf_finish(&files);
}

static void on_carried(void *context, const struct web_reply *reply)
{
	struct sending *sending = context;

	CRASH_POINT("slack.upload.carried");
	if (reply->err)
		fail(sending, reply->err, reply->problem);
	else
		share(sending);
	release(sending);
}

static void on_place(void *context, const struct web_reply *reply)
{
	struct sending *sending = context;
	struct slack_files *files = sending->files;
	struct arena arena = {0};
	const char *url = json_text(reply->json, "upload_url", &arena), *id = json_text(reply->json, "file_id", &arena);

	CRASH_POINT("slack.upload.placed");
	if (reply->err) {
		fail(sending, reply->err, reply->problem);
	} else if (!url || !slack_is_id(id)) {
		fail(sending, TP_ERR_IO, "Slack names no place for it");
	} else {
		int fd = sending->fd;

		sending->file_id = mem_strdup(id);
		sending->fd = -1;
		sending->stage = CARRYING;
		sending->references++;
		web_api_upload(files->place.api, url, fd, sending->size, sending->what.trace, on_carried, sending,
			       release_call);
	}
	arena_finish(&arena);
	release(sending);
}

static void ask_place(struct sending *sending)
{
	char length[24];

	snprintf(length, sizeof(length), "%llu", (unsigned long long)sending->size);
	const struct web_argument arguments[] = {{"filename", sending->what.name}, {"length", length}};

	sending->stage = ASKING;
	call(sending, "files.getUploadURLExternal", arguments, ARRAY_SIZE(arguments), on_place);
}

static void on_fetched(void *context, int err, const struct media_file *file, const char *problem)
{
	struct sending *sending = context;

	sending->fetch = NULL;
	CRASH_POINT("slack.upload.fetched");
	if (!err)
		err = media_open_file(sending->files->place.media, file->key, &sending->fd, &sending->size);
	if (err) {
		fail(sending, err, problem);
		return;
	}
	if (!sending->what.name)
		sending->what.name = mem_strdup(file->name);
	ask_place(sending);
}

static bool write_all(int fd, const char *bytes, size_t length)
{
	while (length) {
		ssize_t count = write(fd, bytes, length);

		if (count <= 0)
			return false;
		bytes += count;
		length -= (size_t)count;
	}
	return true;
}

static bool take_bytes(struct sending *sending, const char *bytes, size_t length)
{
	sending->size = length;
	sending->fd = memfd_create("slack upload", MFD_CLOEXEC);
	if (!sending->what.name)
		sending->what.name = mem_strdup("message.txt");
	return sending->fd >= 0 && write_all(sending->fd, bytes, length);
}

/* ---- beginning ---- */

static void begin(struct sending *sending)
{
	struct slack_files *files = sending->files;

	sending->again = false;
	sending->stage = FETCHING;
	if (sending->fd >= 0)
		ask_place(sending);
	else if (!files->place.media)
		fail(sending, TP_ERR_UNSUPPORTED, "files are not passed on here (media.public_url)");
	else
		sending->fetch =
			media_fetch(files->place.media, sending->what.owner, sending->what.url, on_fetched, sending);
}

static void on_looked_for(void *context, const struct web_reply *reply)
{
	struct sending *sending = context;

	if (!sending->ts)
		take_share(sending, reply);
	if (!reply->err || sending->ts) {
		wait_for_share(sending);
	} else if (reply->err == TP_ERR_NOT_FOUND) {
		sending->again = true;
		share(sending);
	} else {
		fail(sending, reply->err, reply->problem);
	}
	release(sending);
}

static void look_for(struct sending *sending, const char *file_id)
{
	sending->stage = LOOKING;
	sending->file_id = mem_strdup(file_id);
	ask_info(sending, on_looked_for);
}

/* ---- what others call ---- */

void slack_files_send(struct slack_files *files, const struct slack_upload *upload)
{
	struct sending *sending = MEM_NEW(struct sending);

	sending->files = files;
	sending->references = 1;
	sending->fd = -1;
	sending->what = *upload;
	sending->what.bytes = NULL;
	sending->what.url = mem_strdup(upload->url);
	sending->what.owner = mem_strdup(upload->owner);
	sending->what.file_id = NULL;
	sending->what.lane = mem_strdup(upload->lane);
	sending->what.channel = mem_strdup(upload->channel);
	sending->what.thread = mem_strdup(upload->thread);
	sending->what.name = mem_strdup(upload->name);
	sending->what.title = mem_strdup(upload->title);
	sending->what.comment = mem_strdup(upload->comment);
	sending->what.username = mem_strdup(upload->username);
	sending->what.icon_url = mem_strdup(upload->icon_url);
	list_init(&sending->link);
	list_append(&files->uploads, &sending->link);
	if (++files->uploads_count > LIMIT_SLACK_FILES)
		fail(sending, TP_ERR_LIMIT, "too many files are on their way");
	else if (upload->bytes && !take_bytes(sending, upload->bytes, upload->length))
		fail(sending, TP_ERR_IO, "there is no room for it");
	else if (!upload->file_id)
		begin(sending);
	else
		look_for(sending, upload->file_id);
}

void slack_files_shared(struct slack_files *files, const char *channel, const char *file_id, const char *ts)
{
	LIST_EACH (link, &files->uploads) {
		struct sending *sending = CONTAINER_OF(link, struct sending, link);

		if (!sending->file_id || strcmp(sending->file_id, file_id) != 0 ||
		    strcmp(sending->what.channel, channel) != 0)
			continue;
		CRASH_POINT("slack.upload.named");
		mem_replace(&sending->ts, ts);
		/* While Slack is asked, its answer ends it. */
		if (sending->stage == WAITING && !sending->asked)
			finish(sending);
		return;
	}
}

size_t slack_files_count(const struct slack_files *files)
{
	return files->uploads_count;
}

/* ---- life ---- */

void slack_uploads_open(struct slack_files *files)
{
	list_init(&files->uploads);
	files->first_ms = LIMIT_SLACK_SHARE_ASK_MS;
	files->last_ms = 16 * LIMIT_SLACK_SHARE_ASK_MS;
	files->share_ms = 1000ULL * LIMIT_SLACK_SHARE_SECONDS;
	files->timer = MEM_NEW(uv_timer_t);
	uv_timer_init(web_api_loop(files->place.api), files->timer);
	files->timer->data = files;
}

static void free_timer(uv_handle_t *handle)
{
	mem_free(handle);
}

void slack_uploads_close(struct slack_files *files)
{
	while (!list_empty(&files->uploads)) {
		struct sending *sending = CONTAINER_OF(files->uploads.next, struct sending, link);

		media_fetch_cancel(&sending->fetch);
		if (sending->what.drop)
			sending->what.drop(sending->what.context);
		leave(sending);
		release(sending);
	}
	uv_close((uv_handle_t *)files->timer, free_timer);
}
