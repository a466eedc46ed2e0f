/* SPDX-License-Identifier: MIT */
#include "frontends/slack/workspace.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/slack/channels/channel_state.h"
#include "frontends/slack/channels/history.h"
#include "frontends/slack/messages/incoming.h"
#include "frontends/slack/messages/posted.h"
#include "frontends/slack/people/custom_emoji.h"
#include "frontends/slack/people/member.h"
#include "frontends/slack/people/person.h"
#include "frontends/slack/slack_token.h"
#include "frontends/slack/wire/slack_file.h"
#include "transport/admin/admin_notice.h"
#include "transport/routing/delivery.h"

/* One token that is asked for. */
struct asking {
	struct workspace *workspace;
	bool at_start; /* it is not one that was installed while we run */
};

static bool is_same(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

struct workspace *workspace_find(const struct slack_frontend *frontend, const char *team)
{
	LIST_EACH (link, &frontend->workspaces) {
		struct workspace *workspace = CONTAINER_OF(link, struct workspace, link);

		if (team && workspace->state == WORKSPACE_READY && !strcmp(workspace->team, team))
			return workspace;
	}
	return NULL;
}

struct workspace *workspace_coming(const struct slack_frontend *frontend, const char *team)
{
	LIST_EACH (link, &frontend->workspaces) {
		struct workspace *workspace = CONTAINER_OF(link, struct workspace, link);

		if (workspace->state == WORKSPACE_ASKING &&
		    (is_same(workspace->installed, team) || is_same(workspace->team, team)))
			return workspace;
	}
	return NULL;
}

struct workspace *workspace_of(const struct slack_frontend *frontend, const char *address)
{
	struct slack_address parts;

	return slack_address_read(&parts, address) ? workspace_find(frontend, parts.team) : NULL;
}

bool workspace_is_own(const struct workspace *workspace, const struct slack_event *event)
{
	bool is_nobodys = !event->user && !event->bot_id && !event->app_id;

	/* An event about a file under another name may say nothing else of who shares it. */
	if (is_nobodys && event->files_count && is_same(event->files[0].user, workspace->bot_user))
		return true;
	return is_same(event->bot_id, workspace->bot_id) || is_same(event->app_id, workspace->app_id) ||
	       is_same(event->user, workspace->bot_user);
}

bool workspace_tell_all_admins(struct slack_frontend *frontend, const struct workspace *workspace, const char *text)
{
	const struct config_list *admins = &frontend->config.admins;
	bool told = !admins->count;

	for (size_t i = 0; i < admins->count && !frontend->stopping; i++) {
		const struct workspace *home = workspace_of(frontend, admins->items[i]);

		/* Of a workspace that is lost nobody can be told; whoever is at home in another can. */
		if (home && (!workspace || home == workspace || workspace->state == WORKSPACE_DEAD))
			slack_person_tell(frontend, admins->items[i], text);
		told = told || home;
	}
	return told;
}

void workspace_tell_admins(struct slack_frontend *frontend, const struct workspace *workspace, enum log_level level,
			   const char *text)
{
	LOG_AT(level, workspace ? &workspace->log : &frontend->base.log, "%s", text);
	workspace_tell_all_admins(frontend, workspace, text);
}

/* What concerns the whole instance: also those of other frontends. */
static void tell_everywhere(struct workspace *workspace, const char *text)
{
	struct frontend *base = &workspace->frontend->base;

	workspace_tell_admins(workspace->frontend, workspace, LOG_LEVEL_ERROR, text);
	admin_notice(base->transport, base, text);
}

static void give_up(struct workspace *workspace)
{
	workspace->state = WORKSPACE_DEAD;
	workspace->token.dead = true;
	web_api_forget_token(workspace->frontend->api, &workspace->token);
	incoming_forget_workspace(workspace);
	posted_forget(workspace);
	slack_files_look_again(workspace->frontend->files);
	slack_later(workspace->frontend, slack_people_leave_lost, NULL);
}

/* Of the store, unless another token of it is in use. */
static void forget_token(struct workspace *workspace)
{
	if (workspace->installed && !workspace_find(workspace->frontend, workspace->installed))
		slack_tokens_forget(workspace->frontend->tokens, workspace->installed);
}

void workspace_end(struct workspace *workspace, const char *why)
{
	if (workspace->state == WORKSPACE_DEAD)
		return;
	give_up(workspace);
	char *text = mem_printf("The workspace %s is lost to the gateway: %s. Install the app there again%s; what is "
				"for it is kept.",
				workspace->name && *workspace->name ? workspace->name
				: workspace->team                   ? workspace->team
				: workspace->installed              ? workspace->installed
								    : "of one slack.bot_token",
				why,
				workspace->installed ? " at slack.public_url/slack/install"
						     : " and put its bot token into the configuration");

	forget_token(workspace);

	tell_everywhere(workspace, text);
	mem_free(text);
}

void workspace_ends_soon(struct workspace *workspace, const char *why, int64_t expires_ms)
{
	char until[32];

	clock_format_xmpp(expires_ms, until);
	mem_free(workspace->notice);
	workspace->notice = mem_printf("The token of the workspace %s cannot be refreshed: %s. It is good until %s; "
				       "install the app there again at slack.public_url/slack/install before that.",
				       workspace->name && *workspace->name ? workspace->name : workspace->installed,
				       why, until);
	if (workspace->state != WORKSPACE_READY)
		return;
	tell_everywhere(workspace, workspace->notice);
	mem_free(workspace->notice);
	workspace->notice = NULL;
}

static void serve(struct slack_frontend *frontend)
{
	void (*serve_now)(struct slack_frontend *frontend) = frontend->serve;

	frontend->serve = NULL;
	if (serve_now && !frontend->stopping)
		serve_now(frontend);
}

/* It is known of all tokens whether they are good. */
static void settle_all(struct slack_frontend *frontend)
{
	frontend->settled = true;
	slack_later(frontend, slack_people_leave_lost, NULL);
	serve(frontend);
}

static void settle(const struct asking *asking)
{
	struct slack_frontend *frontend = asking->workspace->frontend;

	if (asking->at_start && --frontend->starting == 0)
		settle_all(frontend);
}

void workspaces_hurry(struct slack_frontend *frontend)
{
	if (!frontend->serve || clock_ms() - frontend->asked_ms < LIMIT_SLACK_START_MS)
		return;
	log_warning(&frontend->base.log, "who we are is not known in %u workspaces yet: the others are served",
		    frontend->starting);
	serve(frontend);
}

bool workspaces_are_unknown(const struct slack_frontend *frontend)
{
	LIST_EACH (link, &frontend->workspaces) {
		const struct workspace *workspace = CONTAINER_OF(link, struct workspace, link);

		if (workspace->state == WORKSPACE_ASKING && !workspace->team && !workspace->installed)
			return true;
	}
	return false;
}

/* If others are served already, what was said while it was lost, or before its token was known, is read back. */
static void become_ready(struct workspace *workspace)
{
	struct slack_frontend *frontend = workspace->frontend;

	workspace->state = WORKSPACE_READY;
	workspace->ready_ms = clock_wall_ms();
	log_info(&workspace->log, "we are %s in %s", workspace->bot_user, log_quote(workspace->name));
	/* If an administrator gave it an account, it speaks for people who have none. */
	slack_later(frontend, slack_person_registered, workspace->relay);
	slack_people_return(workspace);
	delivery_frontend_ready(&frontend->base);
	if (!frontend->serve) {
		history_catch_up_in(frontend, workspace->team);
		channel_states_read(frontend, workspace->team);
		slack_people_look_again(frontend, workspace->team);
	}
	incoming_begin(workspace);
	slack_files_look_again(frontend->files);
	if (workspace->notice)
		tell_everywhere(workspace, workspace->notice);
	mem_free(workspace->notice);
	workspace->notice = NULL;
}

/* Our app's id marks what another token of ours has said, too. */
static void on_bot(void *context, const struct web_reply *reply)
{
	struct asking *asking = context;
	struct workspace *workspace = asking->workspace;
	struct arena arena = {0};
	const char *app = json_text(json_object(reply->json, "bot"), "app_id", &arena);

	if (slack_is_id(app))
		mem_replace(&workspace->app_id, app);
	if (reply->err == TP_ERR_AUTH)
		workspace_end(workspace, reply->problem);
	else
		become_ready(workspace);
	arena_finish(&arena);
	settle(asking);
	mem_free(asking);
}

static void read_auth(struct workspace *workspace, const struct cJSON *json)
{
	struct arena arena = {0};
	const char *team = json_text(json, "team_id", &arena), *user = json_text(json, "user_id", &arena);
	const char *bot = json_text(json, "bot_id", &arena), *name = json_text(json, "team", &arena);

	if (slack_is_id(team) && slack_is_id(user)) {
		mem_replace(&workspace->team, team);
		mem_replace(&workspace->bot_user, user);
		mem_replace(&workspace->bot_id, slack_is_id(bot) ? bot : NULL);
		mem_replace(&workspace->name, name ? name : "");
		workspace->relay = slack_address(team, user);
		workspace->log.label = workspace->token.label = workspace->team;
	}
	arena_finish(&arena);
}

static void on_auth(void *context, const struct web_reply *reply)
{
	struct asking *asking = context;
	struct workspace *workspace = asking->workspace;
	struct slack_frontend *frontend = workspace->frontend;

	if (!reply->err)
		read_auth(workspace, reply->json);
	if (workspace->team && workspace->bot_id && !workspace_find(frontend, workspace->team)) {
		const struct web_argument arguments[] = {{"bot", workspace->bot_id}};

		web_api_call(frontend->api, &(struct web_call){.method = "bots.info",
							       .token = &workspace->token,
							       .arguments = arguments,
							       .arguments_count = 1,
							       .done = on_bot,
							       .context = asking,
							       .drop = mem_free});
		return;
	}
	workspace_end(workspace, reply->err         ? reply->problem
				 : !workspace->team ? "Slack does not say whose token it is"
				 : workspace->bot_id ? "another slack.bot_token is of the same workspace"
						     : "its token is none of a bot");
	settle(asking);
	mem_free(asking);
}

struct workspace *workspace_with(const struct slack_frontend *frontend, const struct web_token *token)
{
	LIST_EACH (link, &frontend->workspaces) {
		struct workspace *workspace = CONTAINER_OF(link, struct workspace, link);

		if (&workspace->token == token)
			return workspace;
	}
	return NULL;
}

static void on_dead(void *context, struct web_token *token, const char *error)
{
	/* That of the app is told by the socket's state. */
	struct workspace *workspace = workspace_with(context, token);

	if (workspace)
		workspace_end(workspace, error);
}

static struct workspace *workspace_create(struct slack_frontend *frontend, const char *token)
{
	struct workspace *workspace = MEM_NEW(struct workspace);

	workspace->frontend = frontend;
	workspace->log.parent = &frontend->base.log;
	workspace->log.label = workspace->token.label = "workspace";
	workspace->token.text = mem_strdup(token);
	list_init(&workspace->members_used);
	list_init(&workspace->waiting);
	list_append(&frontend->workspaces, &workspace->link);
	return workspace;
}

static void ask(struct workspace *workspace, bool at_start)
{
	struct asking *asking = MEM_NEW(struct asking);

	workspace->frontend->starting += at_start;
	asking->at_start = at_start;
	asking->workspace = workspace;
	web_api_call(workspace->frontend->api, &(struct web_call){.method = "auth.test",
								  .token = &workspace->token,
								  .done = on_auth,
								  .context = asking,
								  .drop = mem_free});
}

/* One of the configuration, to whose team the app was installed anew. */
static void use_instead(struct workspace *workspace, const char *access)
{
	mem_free_secret(workspace->token.text);
	workspace->token.text = mem_strdup(access);
	web_api_token_ready(workspace->frontend->api, &workspace->token);
}

void workspace_installed(struct slack_frontend *frontend, const char *team, const char *access)
{
	struct workspace *workspace = workspace_find(frontend, team);

	if (workspace) {
		if (!workspace->installed)
			use_instead(workspace, access);
	} else {
		workspace = workspace_create(frontend, access);
	}
	mem_replace(&workspace->installed, team);
	slack_tokens_attach(frontend->tokens, team, &workspace->token);
	if (workspace->state == WORKSPACE_ASKING && frontend->asked)
		ask(workspace, false);
}

void workspaces_start(struct slack_frontend *frontend, void (*serve_now)(struct slack_frontend *frontend))
{
	const struct config_list *tokens = &frontend->config.bot_tokens;

	frontend->serve = serve_now;
	frontend->asked_ms = clock_ms();
	frontend->asked = true;
	web_api_on_dead(frontend->api, on_dead, frontend);
	for (size_t i = 0; i < tokens->count; i++)
		workspace_create(frontend, tokens->items[i]);
	LIST_EACH (link, &frontend->workspaces)
		ask(CONTAINER_OF(link, struct workspace, link), true);
	if (!frontend->starting)
		settle_all(frontend);
}

/* ----------------------------------------------------------------------------------------- administration */

void workspaces_show(struct slack_frontend *frontend,
		     void (*each)(void *context, const struct frontend_workspace *workspace), void *context)
{
	static const char *const states[] = {
		[WORKSPACE_ASKING] = "asking", [WORKSPACE_READY] = "ready", [WORKSPACE_DEAD] = "ended"};

	LIST_EACH (link, &frontend->workspaces) {
		struct workspace *workspace = CONTAINER_OF(link, struct workspace, link);
		const char *team = workspace->team ? workspace->team : workspace->installed;
		struct frontend_workspace shown = {
			.id = team ? team : "?",
			.name = workspace->name ? workspace->name : "",
			.state = workspace->state == WORKSPACE_READY && workspace->token.refreshing ? "refreshing"
										     : states[workspace->state],
			.waiting = workspace->waiting_count,
		};

		each(context, &shown);
	}
}

static void on_revoked(void *context, const struct web_reply *reply)
{
	struct workspace *workspace = context;

	if (reply->err && reply->err != TP_ERR_AUTH)
		log_warning(&workspace->log, "Slack does not take the token back: %s", reply->problem);
	if (workspace->state == WORKSPACE_DEAD)
		return;
	give_up(workspace);
	forget_token(workspace);
	log_info(&workspace->log, "removed by an administrator");
}

int workspace_stop(struct slack_frontend *frontend, const char *team, bool remove)
{
	struct workspace *workspace = workspace_find(frontend, team);

	if (!workspace)
		return TP_ERR_NOT_FOUND;
	if (remove) {
		web_api_call(frontend->api, &(struct web_call){.method = "auth.revoke",
							       .token = &workspace->token,
							       .once = true,
							       .done = on_revoked,
							       .context = workspace});
	} else {
		give_up(workspace);
		log_info(&workspace->log, "stopped by an administrator");
	}
	return 0;
}

void workspaces_free(struct slack_frontend *frontend)
{
	LIST_EACH (link, &frontend->workspaces) {
		struct workspace *workspace = CONTAINER_OF(link, struct workspace, link);

		list_remove(&workspace->link);
		incoming_forget_workspace(workspace);
		members_free(workspace);
		custom_emoji_free(workspace);
		mem_free_secret(workspace->token.text);
		mem_free(workspace->installed);
		mem_free(workspace->team);
		mem_free(workspace->name);
		mem_free(workspace->bot_user);
		mem_free(workspace->bot_id);
		mem_free(workspace->app_id);
		mem_free(workspace->notice);
		mem_free(workspace->relay);
		mem_free(workspace);
	}
}
