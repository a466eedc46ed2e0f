/* SPDX-License-Identifier: MIT */
/* Files of Slack, on their way to the network. */
#include "frontends/slack/wire/slack_file.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/crash_point.h"
#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/slack/wire/slack_file_private.h"
#include "frontends/slack/wire/slack_id.h"

#define KIND "slack"

/* Somebody has opened the URL. */
struct pull {
	struct slack_files *files;
	struct list link;
	char *reference;         /* "TEAM/FILE" */
	struct web_token *token; /* NULL: it waits for that */
	struct media_writer *writer;
	struct http_call *call;
	bool html; /* it may be an HTML page */
};

static void pull_end(struct pull *pull, int err, const char *problem)
{
	if (err)
		log_info(&pull->files->log, "a file cannot be fetched: %s", problem);
	if (err)
		media_fail(&pull->writer, err, problem);
	else
		media_end(&pull->writer);
	list_remove(&pull->link);
	mem_free(pull->reference);
	mem_free(pull);
}

static bool take_piece(void *context, const void *bytes, size_t count)
{
	struct pull *pull = context;

	return media_write(pull->writer, bytes, count);
}

static void hold(void *context, bool hold)
{
	struct pull *pull = context;

	if (pull->call)
		http_call_hold(pull->call, hold);
}

static bool is_html(const char *type)
{
	return type && (text_starts(type, "text/html") || text_starts(type, "application/xhtml"));
}

static void on_fetched(void *context, const struct http_result *result)
{
	struct pull *pull = context;
	char problem[64];

	CRASH_POINT("slack.file.pulled");
	pull->call = NULL;
	snprintf(problem, sizeof(problem), "Slack answers with status %u", result->status);
	if (result->err)
		pull_end(pull, result->err, "Slack does not give it");
	else if (result->status >= 300 && result->status < 400)
		pull_end(pull, TP_ERR_NOT_ALLOWED, "Slack wants a login: the app may lack the scope files:read");
	else if (result->status < 200 || result->status > 299)
		pull_end(pull, result->status == 404 ? TP_ERR_NOT_FOUND : TP_ERR_IO, problem);
	else if (is_html(result->type) && !pull->html)
		pull_end(pull, TP_ERR_NOT_ALLOWED, "Slack shows its login page: the app may lack the scope files:read");
	else
		pull_end(pull, 0, NULL);
}

/* Who is asked by this URL; without the port. To be freed. */
static char *host_of(const char *url)
{
	const char *begin = strstr(url, "://");
	size_t length = begin ? strcspn(begin + 3, "/?#") : 0;
	char *host = mem_strndup(begin ? begin + 3 : "", length), *port;

	text_lower(host);
	port = strrchr(host, ':');
	if (port && !strchr(port, ']'))
		*port = '\0';
	return host;
}

/* Slack's own hosts: what events name may be anybody's. */
static bool may_see_token(const struct slack_files *files, const char *url)
{
	char *host = host_of(url);
	size_t length = strlen(host), own = strlen(files->host);
	bool good = web_api_may_use(files->place.api, url, false) && !strchr(host, '@') && own && length >= own &&
		    !strcmp(host + length - own, files->host) && (length == own || host[length - own - 1] == '.');

	mem_free(host);
	return good;
}

static void fetch(struct pull *pull, const struct slack_file *file)
{
	struct slack_files *files = pull->files;

	if (!may_see_token(files, file->url)) {
		pull_end(pull, TP_ERR_NOT_ALLOWED, "it is not at Slack");
		return;
	}
	pull->html = is_html(file->mime_type);
	media_set_hold(pull->writer, hold, pull);
	pull->call = http_client_ask(files->place.client, &(struct http_ask){.method = HTTP_GET,
									     .url = file->url,
									     .bearer = pull->token->text,
									     .answer_max = media_file_max(files->place.media),
									     .timeout_s = LIMIT_SLACK_DOWNLOAD_SECONDS,
									     .piece = take_piece,
									     .done = on_fetched,
									     .context = pull});
}

static void on_info(void *context, const struct web_reply *reply)
{
	struct pull *pull = context;
	struct arena arena = {0};
	struct slack_file file;

	if (reply->err)
		pull_end(pull, reply->err, reply->problem);
	else if (!slack_file_read(&file, json_object(reply->json, "file"), &arena))
		pull_end(pull, TP_ERR_IO, "Slack says nothing of it");
	else if (file.mode == SLACK_FILE_HOSTED)
		fetch(pull, &file);
	else if (file.mode == SLACK_FILE_DELETED)
		pull_end(pull, TP_ERR_NOT_FOUND, "it was deleted");
	else
		pull_end(pull, TP_ERR_NOT_ALLOWED, "Slack does not give it");
	arena_finish(&arena);
}

static void on_info_dropped(void *context)
{
	pull_end(context, TP_ERR_CLOSED, "the gateway is being stopped");
}

/* That they wait for a token which may never come is not to keep files of all others from being fetched. */
static bool too_many_wait(const struct slack_files *files)
{
	unsigned waiting = 0;

	LIST_EACH (link, &files->pulls)
		waiting += !CONTAINER_OF(link, struct pull, link)->token;
	return waiting > LIMIT_SLACK_FILES_WAITING;
}

/* False: it waits for the workspace's token. */
static bool ask(struct pull *pull)
{
	struct slack_files *files = pull->files;
	struct slack_address address;

	slack_address_read(&address, pull->reference);
	pull->token = files->place.token(files->place.context, address.team);
	bool comes = !pull->token && files->place.token_comes && files->place.token_comes(files->place.context, address.team);

	if (comes && !too_many_wait(files))
		return false;
	if (!pull->token) {
		pull_end(pull, comes ? TP_ERR_LIMIT : TP_ERR_NOT_FOUND,
			 comes ? "its workspace is not there yet" : "its workspace is none of ours any more");
		return true;
	}
	const struct web_argument arguments[] = {{"file", address.id}};

	web_api_call(files->place.api, &(struct web_call){.method = "files.info",
							  .token = pull->token,
							  .arguments = arguments,
							  .arguments_count = 1,
							  .once = true,
							  .done = on_info,
							  .context = pull,
							  .drop = on_info_dropped});
	return true;
}

void slack_files_look_again(struct slack_files *files)
{
	if (!files)
		return;
	LIST_EACH (link, &files->pulls) {
		struct pull *pull = CONTAINER_OF(link, struct pull, link);

		if (!pull->token)
			ask(pull);
	}
}

static void on_opened(void *context, const char *reference, struct media_writer *writer)
{
	struct slack_files *files = context;
	struct slack_address address;
	struct pull *pull;

	if (!slack_address_read(&address, reference) || *address.thread) {
		media_fail(&writer, TP_ERR_NOT_FOUND, "there is no such file");
		return;
	}
	pull = MEM_NEW(struct pull);
	pull->files = files;
	pull->reference = mem_strdup(reference);
	pull->writer = writer;
	list_init(&pull->link);
	list_append(&files->pulls, &pull->link);
	if (!ask(pull))
		log_debug(&files->log, "a file of %s waits until its workspace is there", log_quote(address.team));
}

/* ------------------------------------------------------------------------------------------------- said */

const char *slack_file_name(const struct slack_file *file)
{
	return *file->name ? file->name : *file->title ? file->title : "file";
}

bool slack_files_put_url(struct slack_files *files, const char *team, const struct slack_file *file, const char *owner,
			 struct buf *url)
{
	char *reference;
	bool good;

	if (!files->place.media || (file->mode != SLACK_FILE_HOSTED && file->mode != SLACK_FILE_ASK))
		return false;
	reference = slack_address(team, file->id);
	good = media_put_source_url(files->place.media, KIND, reference, owner, slack_file_name(file), url);
	mem_free(reference);
	return good;
}

bool slack_files_put_words(struct slack_files *files, const char *team, const struct slack_file *file,
			   const char *owner, struct buf *text)
{
	const char *name = slack_file_name(file), *link = file->mode == SLACK_FILE_EXTERNAL ? file->url : NULL;
	struct buf url = {0};

	if (file->mode == SLACK_FILE_DELETED) {
		buf_printf(text, "(a file that was deleted: %s)", name);
		return false;
	}
	if (file->mode == SLACK_FILE_HIDDEN) {
		buf_printf(text, "(a file that Slack does not show, as the workspace's plan ends before it: %s)", name);
		return false;
	}
	bool fetchable = slack_files_put_url(files, team, file, owner, &url);

	if (fetchable)
		link = buf_text(&url);
	if (!link)
		link = file->permalink;
	if (link)
		buf_printf(text, "%s: %s", name, link);
	else
		buf_printf(text, "(a file: %s)", name);
	buf_finish(&url);
	return fetchable;
}

/* ------------------------------------------------------------------------------------------------- life */

struct slack_files *slack_files_create(const struct slack_files_place *place)
{
	struct slack_files *files = MEM_NEW(struct slack_files);

	files->place = *place;
	files->log = (struct log){.parent = place->log, .label = "files"};
	files->host = host_of(place->base);
	files->place.base = NULL;
	list_init(&files->pulls);
	slack_uploads_open(files);
	if (place->media)
		media_add_source(place->media, &(struct media_source){KIND, on_opened, files});
	return files;
}

void slack_files_destroy(struct slack_files **slot)
{
	struct slack_files *files = *slot;

	*slot = NULL;
	if (!files)
		return;
	if (files->place.media)
		media_remove_source(files->place.media, KIND);
	while (!list_empty(&files->pulls)) {
		struct pull *pull = CONTAINER_OF(files->pulls.next, struct pull, link);

		http_call_cancel(&pull->call);
		pull_end(pull, TP_ERR_CLOSED, "the gateway is being stopped");
	}
	slack_uploads_close(files);
	mem_free(files->host);
	mem_free(files);
}
