/* SPDX-License-Identifier: MIT */
#include "frontends/slack/slack_token.h"

#include <string.h>

#include "base/clock.h"
#include "base/crash_point.h"
#include "base/error.h"
#include "base/json.h"
#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/slack/wire/slack_id.h"
#include "transport/store/seal.h"
#include "transport/store/store.h"

#define PLACES "slack-token" /* in the store: the team's id is the place, the sealed token its value */

struct kept {
	struct slack_tokens *tokens;
	char *team, *name, *access, *refresh; /* refresh NULL: it does not expire */
	int64_t expires_ms;                   /* Unix milliseconds; 0: never */
	struct web_token *web;                /* NULL: nobody uses it */
	bool refreshing;                      /* also while the new token is on its way to the disk */
};

struct slack_tokens {
	struct store *store;
	struct web_api *api;
	char *client_id, *client_secret;
	struct slack_token_ops ops;
	struct log log;
	struct map *by_team; /* struct kept */
	uv_timer_t *timer;
	unsigned under_way; /* calls of the store, which come back after the end */
	unsigned exchanges; /* codes that have not become a token yet */
	bool destroyed;
};

/* Of what is under way: it may come back when all has ended. */
struct task {
	struct slack_tokens *tokens;
	char *team;
	slack_exchanged *done;
	void *context;
};

static void kept_free(void *item)
{
	struct kept *kept = item;

	mem_free(kept->team);
	mem_free(kept->name);
	mem_free_secret(kept->access);
	mem_free_secret(kept->refresh);
	mem_free(kept);
}

static struct task *task_create(struct slack_tokens *tokens, const char *team)
{
	struct task *task = MEM_NEW(struct task);

	task->tokens = tokens;
	task->team = mem_strdup(team);
	return task;
}

static void task_free(void *context)
{
	struct task *task = context;

	mem_free(task->team);
	mem_free(task);
}

static void tokens_free_if_done(struct slack_tokens *tokens)
{
	if (!tokens->destroyed || tokens->under_way > 0)
		return;
	map_destroy(&tokens->by_team, kept_free);
	mem_free(tokens->client_id);
	mem_free_secret(tokens->client_secret);
	mem_free(tokens);
}

/* ---- on the disk ---- */

static char *row_of(const char *team)
{
	return mem_printf(PLACES ":%s", team);
}

static char *sealed_of(const struct slack_tokens *tokens, const struct kept *kept)
{
	struct buf json = {0}, sealed = {0}, hex = {0};
	char *row = row_of(kept->team);

	buf_puts(&json, "{\"access\":");
	json_put_string(&json, kept->access);
	buf_puts(&json, ",\"refresh\":");
	json_put_string(&json, kept->refresh);
	buf_printf(&json, ",\"expires\":%lld}", (long long)kept->expires_ms);
	seal_close_text(store_seal(tokens->store), row, buf_text(&json), &sealed);
	for (size_t i = 0; i < sealed.len; i++)
		buf_printf(&hex, "%02x", (unsigned char)sealed.data[i]);
	mem_free_secret(buf_take(&json));
	buf_finish(&sealed);
	mem_free(row);
	return buf_take(&hex);
}

static bool open_sealed(const struct slack_tokens *tokens, const char *team, const char *hex,
                        struct buf *json)
{
	struct buf sealed = {0};
	char *row = row_of(team);

	for (; hex[0] && hex[1]; hex += 2)
		buf_putc(&sealed, (char)text_hex_byte(hex));
	int err = seal_open_text(store_seal(tokens->store), row, buf_text(&sealed), sealed.len, json);

	buf_finish(&sealed);
	mem_free(row);
	return err == 0;
}

static void keep(struct kept *kept, store_done *done, struct task *task)
{
	struct slack_tokens *tokens = kept->tokens;
	char *value = sealed_of(tokens, kept);

	tokens->under_way++;
	store_put_place(tokens->store, PLACES,
	                &(struct store_place){.place = kept->team,
	                                      .kind = "token",
	                                      .owner = "",
	                                      .name = kept->name,
	                                      .value = value},
	                done, task);
	mem_free(value);
}

static struct kept *kept_of(struct slack_tokens *tokens, const char *team)
{
	struct kept *kept = map_get(tokens->by_team, team);

	if (kept)
		return kept;
	kept = MEM_NEW(struct kept);
	kept->tokens = tokens;
	kept->team = mem_strdup(team);
	kept->name = mem_strdup("");
	map_set(&tokens->by_team, team, kept);
	return kept;
}

static void take_place(struct slack_tokens *tokens, const struct store_place *place)
{
	struct buf text = {0};
	struct arena arena = {0};

	if (!open_sealed(tokens, place->place, place->value, &text)) {
		log_error(&tokens->log,
		          "the token of %s was sealed with another key (database.key_file): install the app "
		          "again",
		          log_quote(place->place));
		buf_finish(&text);
		return;
	}
	struct cJSON *json = json_read(text.data, text.len);
	const char *access = json_text(json, "access", &arena), *refresh = json_text(json, "refresh", &arena);

	if (access) {
		struct kept *kept = kept_of(tokens, place->place);

		mem_replace(&kept->name, place->name);
		mem_replace(&kept->access, access);
		mem_replace(&kept->refresh, refresh);
		kept->expires_ms = json_number(json, "expires", 0);
		tokens->ops.token(tokens->ops.context, kept->team, kept->name, kept->access);
	}
	json_free(&json);
	arena_finish(&arena);
	mem_free_secret(buf_take(&text));
}

static void take_places(void *context, int err, const struct store_place *places, size_t count)
{
	struct slack_tokens *tokens = context;

	tokens->under_way--;
	if (!tokens->destroyed && err)
		log_error(&tokens->log, "the tokens of workspaces cannot be read: %s", tp_error_text(err));
	for (size_t i = 0; i < count && !tokens->destroyed; i++)
		take_place(tokens, &places[i]);
	if (!tokens->destroyed)
		tokens->ops.loaded(tokens->ops.context);
	tokens_free_if_done(tokens);
}

void slack_tokens_load(struct slack_tokens *tokens)
{
	tokens->under_way++;
	store_list_places(tokens->store, PLACES, take_places, tokens);
}

static void note_removed(void *context, int err)
{
	struct slack_tokens *tokens = context;

	(void)err;
	tokens->under_way--;
	tokens_free_if_done(tokens);
}

void slack_tokens_forget(struct slack_tokens *tokens, const char *team)
{
	struct kept *kept = map_remove(tokens->by_team, team);

	if (!kept)
		return;
	tokens->under_way++;
	store_remove_place(tokens->store, PLACES, team, note_removed, tokens);
	kept_free(kept);
}

/* ---- what Slack answers ---- */

/* From an answer of oauth.v2.access. False: it has no token of a bot. */
static bool take_grant(struct kept *kept, const struct cJSON *json, struct arena *arena)
{
	const char *access = json_text(json, "access_token", arena),
	           *refresh = json_text(json, "refresh_token", arena);
	int64_t seconds = json_number(json, "expires_in", 0);

	if (!access || !*access)
		return false;
	mem_free_secret(kept->access);
	mem_free_secret(kept->refresh);
	kept->access = mem_strdup(access);
	kept->refresh = mem_strdup(refresh);
	kept->expires_ms = refresh && seconds > 0 ? clock_wall_ms() + seconds * 1000 : 0;
	return true;
}

static void use(struct kept *kept)
{
	if (!kept->web)
		return;
	mem_free_secret(kept->web->text);
	kept->web->text = mem_strdup(kept->access);
	web_api_token_ready(kept->tokens->api, kept->web);
}

/* ---- rotation ---- */

static void note_refreshed(void *context, int err)
{
	struct task *task = context;
	struct slack_tokens *tokens = task->tokens;
	struct kept *kept = tokens->destroyed ? NULL : map_get(tokens->by_team, task->team);

	tokens->under_way--;
	CRASH_POINT("slack.token.stored");
	if (kept) {
		kept->refreshing = false;
		/* Without a disk it is used all the same: the old one is of no use any more. */
		if (err)
			log_error(&tokens->log,
			          "the new token of %s is not on the disk: if the gateway ends now, the app "
			          "has to "
			          "be installed there again",
			          kept->team);
		else
			log_debug(&tokens->log, "the token of %s was refreshed, and is kept", kept->team);
		use(kept);
	}
	task_free(task);
	tokens_free_if_done(tokens);
}

/* What is there is good until it expires. */
static void not_refreshed(struct kept *kept, const char *why)
{
	struct slack_tokens *tokens = kept->tokens;
	bool good = kept->expires_ms > clock_wall_ms();

	kept->refreshing = false;
	if (!kept->web)
		return;
	mem_free_secret(kept->refresh);
	kept->refresh = NULL;
	kept->web->dead = !good;
	web_api_token_ready(tokens->api, kept->web);
	if (good)
		tokens->ops.ending(tokens->ops.context, kept->web, why, kept->expires_ms);
	else
		tokens->ops.lost(tokens->ops.context, kept->web, why);
}

static void take_refreshed(void *context, const struct web_reply *reply)
{
	struct task *task = context;
	struct slack_tokens *tokens = task->tokens;
	struct kept *kept = map_get(tokens->by_team, task->team);
	struct arena arena = {0};

	if (kept && !reply->err && take_grant(kept, reply->json, &arena)) {
		CRASH_POINT("slack.token.answered");
		keep(kept, note_refreshed, task);
	} else {
		if (kept)
			not_refreshed(kept, reply->err ? reply->problem : "Slack's answer has no token");
		task_free(task);
	}
	arena_finish(&arena);
}

static void refresh(struct kept *kept)
{
	struct slack_tokens *tokens = kept->tokens;
	const struct web_argument arguments[] = {{"client_id", tokens->client_id},
	                                         {"client_secret", tokens->client_secret},
	                                         {"grant_type", "refresh_token"},
	                                         {"refresh_token", kept->refresh}};

	if (kept->refreshing)
		return;
	kept->refreshing = true;
	CRASH_POINT("slack.token.asking");
	web_api_call(tokens->api, &(struct web_call){.method = "oauth.v2.access",
	                                             .arguments = arguments,
	                                             .arguments_count = ARRAY_SIZE(arguments),
	                                             .lane = "oauth",
	                                             .done = take_refreshed,
	                                             .drop = task_free,
	                                             .context = task_create(tokens, kept->team)});
}

static void look(uv_timer_t *timer)
{
	struct slack_tokens *tokens = timer->data;
	struct map_iter it = {0};

	while (map_next(tokens->by_team, &it)) {
		struct kept *kept = it.value;

		if (kept->web && !kept->web->dead && kept->refresh && kept->expires_ms &&
		    kept->expires_ms - clock_wall_ms() < LIMIT_SLACK_REFRESH_SECONDS * 1000)
			refresh(kept);
	}
}

static void take_expired(void *context, struct web_token *token)
{
	struct slack_tokens *tokens = context;
	struct map_iter it = {0};

	while (map_next(tokens->by_team, &it)) {
		struct kept *kept = it.value;

		if (kept->web != token || !kept->refresh)
			continue;
		refresh(kept);
		return;
	}
	/* One of the configuration: nobody can refresh it. */
	token->dead = true;
	web_api_token_ready(tokens->api, token);
	tokens->ops.lost(tokens->ops.context, token, "token_expired");
}

void slack_tokens_attach(struct slack_tokens *tokens, const char *team, struct web_token *token)
{
	struct kept *kept = map_get(tokens->by_team, team);

	if (!kept)
		return;
	kept->web = token;
	uv_timer_start(tokens->timer, look, 0, LIMIT_SLACK_REFRESH_LOOK_SECONDS * 1000);
}

/* ---- installing ---- */

static void note_installed(void *context, int err)
{
	struct task *task = context;
	struct slack_tokens *tokens = task->tokens;
	struct kept *kept = tokens->destroyed ? NULL : map_get(tokens->by_team, task->team);

	tokens->under_way--;
	tokens->exchanges--;
	if (kept && !err) {
		use(kept);
		tokens->ops.token(tokens->ops.context, kept->team, kept->name, kept->access);
	}
	if (!tokens->destroyed)
		task->done(task->context, kept ? err : TP_ERR_CLOSED,
		           kept && !err ? kept->name
		                        : "The token could not be stored; look at the gateway's log.");
	task_free(task);
	tokens_free_if_done(tokens);
}

static void take_exchanged(void *context, const struct web_reply *reply)
{
	struct task *task = context;
	struct slack_tokens *tokens = task->tokens;
	struct arena arena = {0};
	const struct cJSON *where = json_object(reply->json, "team");
	const char *team = json_text(where, "id", &arena), *name = json_text(where, "name", &arena);
	const char *problem = "Slack's answer has no token of a bot in one workspace.";

	if (reply->err)
		problem = reply->problem;
	if (!reply->err && slack_is_id(team)) {
		struct kept *kept = kept_of(tokens, team);

		if (take_grant(kept, reply->json, &arena)) {
			mem_replace(&kept->name, name ? name : "");
			mem_replace(&task->team, team);
			keep(kept, note_installed, task);
			arena_finish(&arena);
			return;
		}
		if (!kept->access)
			kept_free(map_remove(tokens->by_team, team));
	}
	tokens->exchanges--;
	task->done(task->context, reply->err ? reply->err : TP_ERR_INVALID, problem);
	task_free(task);
	arena_finish(&arena);
}

void slack_tokens_exchange(struct slack_tokens *tokens, const char *code, const char *redirect_url,
                           slack_exchanged *done, void *context)
{
	const struct web_argument arguments[] = {{"client_id", tokens->client_id},
	                                         {"client_secret", tokens->client_secret},
	                                         {"code", code},
	                                         {"redirect_uri", redirect_url}};
	struct task *task = task_create(tokens, NULL);

	task->done = done;
	task->context = context;
	tokens->exchanges++;
	/* A code is good once: whoever installs it begins anew rather than waits. */
	web_api_call(tokens->api, &(struct web_call){.method = "oauth.v2.access",
	                                             .arguments = arguments,
	                                             .arguments_count = ARRAY_SIZE(arguments),
	                                             .once = true,
	                                             .done = take_exchanged,
	                                             .drop = task_free,
	                                             .context = task});
}

bool slack_tokens_are_exchanged(const struct slack_tokens *tokens)
{
	return tokens && tokens->exchanges > 0;
}

/* ---- beginning and end ---- */

struct slack_tokens *slack_tokens_create(struct store *store, struct web_api *api,
                                         const struct slack_token_settings *settings,
                                         const struct slack_token_ops *ops, const struct log *parent)
{
	struct slack_tokens *tokens = MEM_NEW(struct slack_tokens);

	tokens->store = store;
	tokens->api = api;
	tokens->client_id = mem_strdup(settings->client_id);
	tokens->client_secret = mem_strdup(settings->client_secret);
	tokens->ops = *ops;
	tokens->log = (struct log){.parent = parent, .label = "tokens"};
	tokens->timer = MEM_NEW(uv_timer_t);
	uv_timer_init(web_api_loop(api), tokens->timer);
	tokens->timer->data = tokens;
	web_api_on_expired(api, take_expired, tokens);
	return tokens;
}

static void timer_closed(uv_handle_t *handle)
{
	mem_free(handle);
}

void slack_tokens_destroy(struct slack_tokens **slot)
{
	struct slack_tokens *tokens = *slot;

	*slot = NULL;
	if (!tokens)
		return;
	web_api_on_expired(tokens->api, NULL, NULL);
	uv_close((uv_handle_t *)tokens->timer, timer_closed);
	tokens->destroyed = true;
	tokens_free_if_done(tokens);
}
