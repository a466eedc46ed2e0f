/* SPDX-License-Identifier: MIT */
#include "frontends/slack/slack.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/slack/channels/channel.h"
#include "frontends/slack/channels/channel_name.h"
#include "frontends/slack/channels/channel_state.h"
#include "frontends/slack/channels/history.h"
#include "frontends/slack/channels/portal_channel.h"
#include "frontends/slack/install.h"
#include "frontends/slack/messages/incoming.h"
#include "frontends/slack/messages/posted.h"
#include "frontends/slack/messages/reactions_put.h"
#include "frontends/slack/messages/recent.h"
#include "frontends/slack/messages/show.h"
#include "frontends/slack/people/administration.h"
#include "frontends/slack/people/avatar.h"
#include "frontends/slack/people/bot.h"
#include "frontends/slack/people/chat.h"
#include "frontends/slack/people/member_picture.h"
#include "frontends/slack/people/person.h"
#include "frontends/slack/slack_token.h"
#include "frontends/slack/wire/slack_file.h"
#include "frontends/slack/workspace.h"
#include "transport/admin/admin_notice.h"
#include "transport/command/command.h"
#include "transport/http/http_client.h"
#include "transport/http/http_server.h"
#include "transport/http/http_url.h"
#include "transport/people/login_step.h"
#include "transport/people/session.h"
#include "transport/rooms/room.h"
#include "transport/routing/delivery.h"
#include "transport/routing/in_flight.h"
#include "transport/spool/spool.h"

/* --------------------------------------------------------------------------------------------- calling */

struct notice {
	struct workspace *workspace;
	uint64_t trace;
};

static void told(void *context, const struct web_reply *reply)
{
	struct notice *notice = context;

	if (reply->err && reply->err != TP_ERR_EXISTS)
		log_info(&notice->workspace->log, "Slack refuses: %s%s", reply->problem, log_trace(notice->trace));
	mem_free(notice);
}

static void say(struct workspace *workspace, const char *method, const char *channel, const char *thread,
		const char *user, const char *text, uint64_t trace)
{
	struct buf mrkdwn = {0};
	char *lane = slack_address(workspace->team, channel);
	struct notice *notice = MEM_NEW(struct notice);

	*notice = (struct notice){workspace, trace};
	slack_mrkdwn_write(&mrkdwn, text, NULL, NULL);
	const struct web_argument arguments[] = {{"channel", channel},
						 {"thread_ts", thread},
						 {"user", user},
						 {"text", buf_text(&mrkdwn)},
						 {"unfurl_links", user ? NULL : "false"}};

	web_api_call(workspace->frontend->api, &(struct web_call){.method = method,
								  .token = &workspace->token,
								  .arguments = arguments,
								  .arguments_count = ARRAY_SIZE(arguments),
								  .lane = lane,
								  .trace = trace,
								  .done = told,
								  .context = notice,
								  .drop = mem_free});
	mem_free(lane);
	buf_finish(&mrkdwn);
}

void slack_notice(struct workspace *workspace, const char *channel, const char *thread, const char *text)
{
	slack_notice_about(workspace, channel, thread, text, 0);
}

void slack_notice_about(struct workspace *workspace, const char *channel, const char *thread, const char *text,
			uint64_t trace)
{
	say(workspace, "chat.postMessage", channel, thread, NULL, text, trace);
}

void slack_whisper(struct workspace *workspace, const char *channel, const char *thread, const char *user,
		   const char *text, uint64_t trace)
{
	say(workspace, "chat.postEphemeral", channel, thread, user, text, trace);
}

char *slack_message_id(const char *channel, const char *ts)
{
	return slack_address(channel, ts);
}

const char *slack_message_ts(const char *id, const char *channel)
{
	size_t length = strlen(channel);

	if (!id || strncmp(id, channel, length) != 0 || id[length] != '/')
		return NULL;
	return slack_is_ts(id + length + 1) ? id + length + 1 : NULL;
}

void slack_hold(struct slack_frontend *frontend)
{
	size_t waiting = web_api_waiting(frontend->api);

	if (waiting > LIMIT_SLACK_CALLS_WAITING && !frontend->base.holds)
		transport_hold(&frontend->base, true);
	else if (waiting < LIMIT_SLACK_CALLS_WAITING / 2 && frontend->base.holds)
		transport_hold(&frontend->base, false);
}

/* What was the last to wait may be no message. */
static void on_call_ended(void *context)
{
	slack_hold(context);
}

/* ----------------------------------------------------------------------------------------------- later */

static void call_later(void *owner, later_function *run, const char *text, const char *unused)
{
	(void)unused;
	((slack_later_run *)run)(owner, text);
}

void slack_later(struct slack_frontend *frontend, slack_later_run *run, const char *text)
{
	later_put(&frontend->later, 0, (later_function *)run, text, NULL);
}

/* ------------------------------------------------------------------------------------------ life cycle */

static struct frontend *frontend_create(struct config *config)
{
	struct slack_frontend *frontend = MEM_NEW(struct slack_frontend);

	frontend->base.ops = &slack_frontend_ops;
	list_init(&frontend->base.link);
	frontend->base.log.label = "slack";
	config_bind(config, &slack_config_table, &frontend->config);
	frontend->channels = map_create();
	list_init(&frontend->workspaces);
	list_init(&frontend->acknowledgements);
	list_init(&frontend->finished);
	list_init(&frontend->fetching);
	later_init(&frontend->later, call_later, frontend);
	return &frontend->base;
}

static void frontend_destroy(struct frontend *base)
{
	struct slack_frontend *frontend = slack_frontend_of(base);

	frontend->stopping = true;
	incoming_forget(frontend);
	avatars_free(frontend);
	member_pictures_end(frontend);
	socket_mode_close(&frontend->socket, NULL, NULL);
	slack_tokens_destroy(&frontend->tokens);
	web_api_destroy(&frontend->api);
	slack_install_destroy(&frontend->install);
	slack_files_destroy(&frontend->files);
	http_client_close(&frontend->http, NULL, NULL);
	later_finish(&frontend->later);
	slack_chats_free(frontend);
	channels_free(frontend);
	map_destroy(&frontend->ours, NULL);
	slack_recent_free(frontend);
	reactions_put_destroy(&frontend->reactions);
	in_flight_free(&frontend->in_flight);
	posted_free(frontend);
	slack_show_free(frontend);
	workspaces_free(frontend);
	mem_free_secret(frontend->app_token.text);
	mem_free(frontend->records);
	mem_free(frontend);
}

static int frontend_check(struct frontend *base, struct buf *error)
{
	const struct slack_config *config = &slack_frontend_of(base)->config;
	size_t before = error->len;
	struct slack_address address;

	if (!text_starts(config->app_token, "xapp-"))
		buf_puts(error, "slack.app_token: the app-level token is needed (xapp-..., on the app's page under Basic "
				"Information, with the scope connections:write)\n");
	if (!config->bot_tokens.count && !*config->client_id)
		buf_puts(error, "slack.bot_token: the bot token of a workspace is needed (xoxb-..., on the app's page under "
				"OAuth & Permissions), or slack.client_id for a page that installs the app\n");
	if (*config->client_id && (!*config->client_secret || !*config->public_url))
		buf_puts(error, "slack.client_id: slack.client_secret and slack.public_url are needed with it\n");
	if (*config->public_url && !http_url_is_private(config->public_url))
		buf_printf(error, "slack.public_url: %s is neither https nor on this machine\n", log_quote(config->public_url));
	for (size_t i = 0; i < config->bot_tokens.count; i++)
		if (!text_starts(config->bot_tokens.items[i], "xoxb-"))
			buf_puts(error, "slack.bot_token: a bot token begins with xoxb-\n");
	for (size_t i = 0; i < config->admins.count; i++)
		if (!slack_address_read(&address, config->admins.items[i]) || *address.thread)
			buf_printf(error, "slack.admin: %s is not TEAM/USER (T0123ABC/U0456DEF)\n",
				   log_quote(config->admins.items[i]));
	if (!http_url_is_private(config->api))
		buf_printf(error, "slack.api: %s is neither https nor on this machine\n", log_quote(config->api));
	return error->len > before ? TP_ERR_INVALID : 0;
}

static void name_records(struct slack_frontend *frontend)
{
	struct spool *spool = frontend->base.transport->spool;
	struct spool_statistics statistics;

	frontend->records = spool_own_word(spool, "slack", "records");
	spool_statistics(spool, &statistics);
	frontend->oldest_ms = statistics.oldest_ms ? statistics.oldest_ms : clock_wall_ms();
}

/* At what was missed. */
static void look_again(struct slack_frontend *frontend)
{
	history_catch_up(frontend);
	channel_states_read(frontend, NULL);
	slack_people_look_again(frontend, NULL);
}

static void on_socket_state(void *context, enum socket_state state, bool gap, const char *text)
{
	struct slack_frontend *frontend = context;

	switch (state) {
	case SOCKET_CONNECTED:
		frontend->has_socket = true;
		log_info(&frontend->base.log, "connected to Slack%s", gap ? "" : ", by another socket");
		if (gap)
			look_again(frontend);
		break;
	case SOCKET_AWAY:
		frontend->has_socket = false;
		log_warning(&frontend->base.log, "no socket of Slack's is open%s%s; trying again", *text ? ": " : "", text);
		break;
	case SOCKET_DISABLED: {
		frontend->has_socket = false;
		char *why = mem_printf("Slack gives us no events any more%s%s. Look at Socket Mode and the app-level token on "
				       "the app's page, then restart the gateway.", *text ? ": " : "", text);

		workspace_tell_admins(frontend, NULL, LOG_LEVEL_ERROR, why);
		admin_notice(frontend->base.transport, &frontend->base, why);
		mem_free(why);
		break;
	}
	}
}

static void on_counted(void *context, unsigned connections, unsigned ours)
{
	struct slack_frontend *frontend = context;
	enum ghosts_news news = ghosts_counted(&frontend->ghosts, connections, ours, clock_ms());
	char *text;

	frontend->base.ghosts = frontend->ghosts.count;
	switch (news) {
	case GHOSTS_NOTHING:
		break;
	case GHOSTS_SEEN:
		log_warning(&frontend->base.log,
			    "Slack counts %u sockets of this app, and %u are ours: the others take events. Those of a process "
			    "that was killed, or of a connection that broke, end by themselves; it is counted anew in %d s",
			    connections, ours, LIMIT_SLACK_GHOST_SECONDS);
		break;
	case GHOSTS_STAY:
		text = mem_printf("Slack counts sockets of this app that are not ours (%u), and gives them events that may be lost "
				  "to us. Does another gateway, or another program, use the same app? End it, or make an app of its "
				  "own for it. If there is none: switch Socket Mode off and on again on the app's page, which ends all "
				  "sockets, then restart the gateway.",
				  frontend->ghosts.count);
		workspace_tell_admins(frontend, NULL, LOG_LEVEL_WARNING, text);
		mem_free(text);
		break;
	case GHOSTS_GONE:
		log_info(&frontend->base.log, "Slack counts no sockets of this app any more that are not ours");
		break;
	}
}

static void serve(struct slack_frontend *frontend)
{
	socket_mode_start(frontend->socket);
}

static void on_expired_patience(uv_timer_t *timer)
{
	struct slack_frontend *frontend = timer->data;

	workspaces_hurry(frontend);
	incoming_go_on(frontend, NULL);
	if (ghosts_due(&frontend->ghosts, clock_ms()))
		socket_mode_count(frontend->socket);
}

static void on_tokens(void *context)
{
	struct slack_frontend *frontend = context;

	frontend->loaded = true;
	workspaces_start(frontend, serve);
}

static void on_loaded(struct slack_frontend *frontend)
{
	slack_tokens_load(frontend->tokens);
}

static void on_token(void *context, const char *team, const char *name, const char *access)
{
	(void)name;
	workspace_installed(context, team, access);
}

static void on_ending(void *context, struct web_token *token, const char *why, int64_t expires_ms)
{
	struct workspace *workspace = workspace_with(context, token);

	if (workspace)
		workspace_ends_soon(workspace, why, expires_ms);
}

static void on_lost(void *context, struct web_token *token, const char *why)
{
	struct workspace *workspace = workspace_with(context, token);

	if (workspace)
		workspace_end(workspace, why);
}

static void exchange(void *context, const char *code, const char *redirect_url,
		     void (*done)(void *context, int err, const char *text), void *done_context)
{
	struct slack_frontend *frontend = context;

	if (frontend->tokens)
		slack_tokens_exchange(frontend->tokens, code, redirect_url, done, done_context);
	else
		done(done_context, TP_ERR_CLOSED, "the gateway is stopping");
}

static char *without_slash(const char *url)
{
	char *copy = mem_strdup(url);

	for (size_t length = strlen(copy); length && copy[length - 1] == '/'; length--)
		copy[length - 1] = '\0';
	return copy;
}

/* Slack's page is beside its API: https://slack.com/api, https://slack.com/oauth/v2/authorize. */
static char *authorize_url(const char *api)
{
	size_t length = strlen(api);

	if (length > 4 && !strcmp(api + length - 4, "/api"))
		length -= 4;
	return mem_printf("%.*s/oauth/v2/authorize", (int)length, api);
}

static int open_page(struct slack_frontend *frontend, const char *api, struct buf *error)
{
	const struct slack_config *config = &frontend->config;
	struct http_listener *listener;

	if (!*config->client_id)
		return 0;
	if (http_server_listen(frontend->base.transport->http, config->host, (unsigned)config->port, &listener, error))
		return TP_ERR_IO;
	char *public_url = without_slash(config->public_url), *authorize = authorize_url(api);

	frontend->install = slack_install_create(
		listener, &(struct slack_install_settings){config->client_id, public_url, authorize}, exchange, frontend,
		&frontend->base.log);
	mem_free(public_url);
	mem_free(authorize);
	if (frontend->install)
		return 0;
	buf_puts(error, "slack.port: another part of this instance answers there");
	return TP_ERR_IO;
}

static struct web_token *token_of(void *context, const char *team)
{
	struct workspace *workspace = workspace_find(context, team);

	return workspace ? &workspace->token : NULL;
}

static bool token_comes(void *context, const char *team)
{
	const struct slack_frontend *frontend = context;

	return workspace_coming(frontend, team) || slack_tokens_are_exchanged(frontend->tokens) ||
	       workspaces_are_unknown(frontend);
}

static int frontend_start(struct frontend *base, struct buf *error)
{
	struct slack_frontend *frontend = slack_frontend_of(base);
	uv_loop_t *loop = base->transport->loop;

	name_records(frontend);
	frontend->reactions = reactions_put_create(base->transport->spool);
	later_open(&frontend->later, loop);
	frontend->patience = MEM_NEW(uv_timer_t);
	frontend->patience->data = frontend;
	uv_timer_init(loop, frontend->patience);
	uv_timer_start(frontend->patience, on_expired_patience, LIMIT_SLACK_PATIENCE_MS / 8, LIMIT_SLACK_PATIENCE_MS / 8);
	frontend->http = http_client_create(loop, &base->log);
	http_client_commit_with(frontend->http, transport_commit_now, base->transport);
	char *api = without_slash(frontend->config.api);

	frontend->api = web_api_create(frontend->http, api, &base->log);
	web_api_on_ended(frontend->api, on_call_ended, frontend);
	frontend->tokens = slack_tokens_create(
		base->transport->store, frontend->api,
		&(struct slack_token_settings){frontend->config.client_id, frontend->config.client_secret},
		&(struct slack_token_ops){.token = on_token,
					  .loaded = on_tokens,
					  .ending = on_ending,
					  .lost = on_lost,
					  .context = frontend},
		&base->log);
	frontend->files = slack_files_create(&(struct slack_files_place){.media = base->transport->media,
									  .client = frontend->http,
									  .api = frontend->api,
									  .base = api,
									  .token = token_of,
									  .token_comes = token_comes,
									  .context = frontend,
									  .log = &base->log});
	int err = open_page(frontend, api, error);

	mem_free(api);
	frontend->app_token.text = mem_strdup(frontend->config.app_token);
	frontend->app_token.label = "app";
	frontend->socket = socket_mode_create(base->transport->http, frontend->api, &frontend->app_token,
					      &(struct socket_ops){.envelope = incoming_envelope,
								   .state = on_socket_state,
								   .counted = on_counted,
								   .batch = incoming_batch,
								   .context = frontend},
					      &base->log);
	if (!err)
		channels_load(frontend, on_loaded);
	return err;
}

static void wait_is_over(void *context)
{
	struct slack_frontend *frontend = context;

	if (--frontend->stop_waits == 0)
		frontend->stopped(frontend->stopped_context);
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct slack_frontend *frontend = handle->data;

	mem_free(handle);
	wait_is_over(frontend);
}

static void socket_closed(void *context)
{
	struct slack_frontend *frontend = context;

	http_client_close(&frontend->http, wait_is_over, frontend);
}

/* People are not told: what is said to us meanwhile is read back from history. */
static void frontend_stop(struct frontend *base, void (*stopped)(void *context), void *context)
{
	struct slack_frontend *frontend = slack_frontend_of(base);

	frontend->stopping = true;
	frontend->stopped = stopped;
	frontend->stopped_context = context;
	frontend->stop_waits = 2;
	incoming_forget(frontend);
	member_pictures_end(frontend);
	if (frontend->patience) {
		frontend->stop_waits += 2;
		later_close(&frontend->later, wait_is_over);
		uv_close((uv_handle_t *)frontend->patience, on_timer_closed);
		frontend->patience = NULL;
	}
	/* The socket that is being closed asks for no URL any more; files are gone before the media are. */
	bool opened = frontend->socket != NULL;

	if (opened)
		socket_mode_close(&frontend->socket, socket_closed, frontend);
	slack_tokens_destroy(&frontend->tokens);
	web_api_destroy(&frontend->api);
	slack_files_destroy(&frontend->files);
	if (!opened)
		socket_closed(frontend);
	wait_is_over(frontend);
}

/* -------------------------------------------------------------------------------------------- delivery */

static void show_login_step(struct slack_frontend *frontend, const struct identity *to,
			    const struct event_login_step *step)
{
	struct member *member = slack_person_of(frontend, to->address);
	struct buf text = {0};

	if (member)
		member->curious = true;
	login_step_describe(&text, step, true);
	slack_person_tell(frontend, to->address, buf_text(&text));
	buf_finish(&text);
}

static void show_contact_request(struct slack_frontend *frontend, const struct identity *to,
				 const struct event_contact *contact)
{
	struct buf text = {0};

	command_describe_request(&text, contact->name);
	slack_person_tell(frontend, to->address, buf_text(&text));
	buf_finish(&text);
}

static bool can_show(const struct slack_frontend *frontend, const char *address)
{
	return frontend->loaded && !frontend->stopping && workspace_of(frontend, address);
}

/* What is for a room goes to all its channels: that one workspace of theirs is lost holds up no other, though it be one
 * of its people whose connection is shown. */
static bool can_deliver(const struct slack_frontend *frontend, const struct identity *to, const struct event *event)
{
	const char *room = event->type == EVENT_PARTICIPANT ? event->participant.room
			   : event->type == EVENT_ROOM_INFO ? event->room_info.room
			   : (event->type == EVENT_MESSAGE && event->message.kind == MESSAGE_ROOM) ||
					   event->type == EVENT_SUBJECT
				   ? event->message.name
				   : NULL;

	return can_show(frontend, to->address) ||
	       (room && frontend->loaded && !frontend->stopping && channel_room_is_served(frontend, room));
}

static int frontend_deliver(struct frontend *base, struct identity *to, struct resource *only,
			    const struct event *event)
{
	struct slack_frontend *frontend = slack_frontend_of(base);

	(void)only;
	if (!can_deliver(frontend, to, event))
		return TP_ERR_NOT_CONNECTED;
	switch (event->type) {
	case EVENT_MESSAGE:
		return slack_show_message(frontend, to, event);
	case EVENT_ATTENTION:
		return slack_show_attention(frontend, to, event);
	case EVENT_SUBJECT:
		portal_channel_show_subject(frontend, to, &event->message);
		break;
	case EVENT_ROOM_INFO:
		channel_name_show(frontend, to, &event->room_info);
		break;
	case EVENT_PARTICIPANT:
		portal_channel_show_participant(frontend, to, &event->participant);
		break;
	case EVENT_ROOM_LEAVE:
		portal_channel_show_leave(frontend, to, &event->room);
		break;
	case EVENT_SESSION:
		slack_person_show_session(frontend, to, &event->session);
		slack_later(frontend, incoming_go_on, NULL); /* an account that was waited for */
		break;
	case EVENT_VCARD:
		avatar_take_card(frontend, to, &event->vcard);
		break;
	case EVENT_LOGIN_STEP:
		show_login_step(frontend, to, &event->login_step);
		break;
	case EVENT_AUTH_REQUEST:
		show_contact_request(frontend, to, &event->contact);
		break;
	default:
		break;
	}
	return 0;
}

static int frontend_undelivered(struct frontend *base, const char *address, const struct event *event)
{
	struct slack_frontend *frontend = slack_frontend_of(base);

	if (!can_show(frontend, address))
		return TP_ERR_NOT_CONNECTED;
	return slack_show_undelivered(frontend, address, event);
}

static void frontend_notify(struct frontend *base, const char *address, const char *text)
{
	struct slack_frontend *frontend = slack_frontend_of(base);

	if (can_show(frontend, address))
		slack_person_tell(frontend, address, text);
}

static bool frontend_normalize(struct frontend *base, const char *address, struct buf *out)
{
	struct slack_address parts;

	(void)base;
	if (!slack_address_read(&parts, address) || *parts.thread)
		return false;
	buf_puts(out, address);
	return true;
}

static void detach(struct slack_frontend *frontend, const char *address)
{
	session_detach_all(&frontend->base, address);
}

static void frontend_registered(struct frontend *base, const char *address, bool registered)
{
	slack_later(slack_frontend_of(base), registered ? slack_person_registered : detach, address);
}

/* Somebody who was logged in when the last process ended: on Slack people are always there. */
static void frontend_probe(struct frontend *base, const char *address)
{
	slack_later(slack_frontend_of(base), slack_person_registered, address);
}

static void frontend_offer_room(struct frontend *base, const char *address, const char *resource, const char *room,
				const char *password)
{
	(void)resource;
	(void)password;
	slack_bot_offer_room(slack_frontend_of(base), address, room);
}

static bool frontend_room_resumed(struct frontend *base, struct resource *resource, const struct room *room)
{
	(void)base;
	(void)resource;
	(void)room;
	return true;
}

static bool frontend_is_admin(struct frontend *base, const char *address)
{
	const struct config_list *admins = &slack_frontend_of(base)->config.admins;
	bool found = false;

	for (size_t i = 0; i < admins->count && !found; i++)
		found = !strcmp(admins->items[i], address);
	return found;
}

/* People are always there, and have the names that the workspace shows. */
static const char *frontend_setting_label(const char *name)
{
	if (!strcmp(name, "enable_transport"))
		return "I am logged in to the network; login and logout change it as well";
	return !strcmp(name, "send_headlines") ? "Announcements of the network come into our chat" : NULL;
}

static int frontend_tell_admins(struct frontend *base, const char *text)
{
	struct slack_frontend *frontend = slack_frontend_of(base);

	return !frontend->stopping && workspace_tell_all_admins(frontend, NULL, text) ? 0 : TP_ERR_NOT_CONNECTED;
}

static void frontend_workspaces(struct frontend *base,
				void (*each)(void *context, const struct frontend_workspace *workspace), void *context)
{
	workspaces_show(slack_frontend_of(base), each, context);
}

static int frontend_workspace_stop(struct frontend *base, const char *id, bool remove)
{
	struct slack_frontend *frontend = slack_frontend_of(base);

	return frontend->stopping ? TP_ERR_NOT_FOUND : workspace_stop(frontend, id, remove);
}

static void frontend_install_url(struct frontend *base, struct buf *out)
{
	const struct slack_frontend *frontend = slack_frontend_of(base);
	char *public_url = without_slash(frontend->config.public_url);

	if (frontend->install)
		buf_printf(out, "%s/slack/install", public_url);
	mem_free(public_url);
}

static int frontend_ties(struct frontend *base, const char *who,
			 void (*each)(void *context, const struct frontend_tie *tie), void *context)
{
	return slack_ties(slack_frontend_of(base), who, each, context);
}

static int frontend_tie(struct frontend *base, const char *who, const char *place, const char *room)
{
	return slack_tie(slack_frontend_of(base), who, place, room);
}

static int frontend_is_connected(const struct frontend *base)
{
	return CONTAINER_OF(base, const struct slack_frontend, base)->has_socket;
}

struct showing_loads {
	void (*each)(void *context, const struct frontend_queue *queue);
	void *context;
};

static void show_load(void *context, const struct web_load *load)
{
	const struct showing_loads *showing = context;
	char *name = load->lane ? mem_printf("calls to %s", load->lane) : mem_strdup("calls");

	showing->each(showing->context, &(struct frontend_queue){.name = name,
								 .items = (int64_t)load->calls,
								 .bytes = (int64_t)load->bytes,
								 .oldest_ms = load->oldest_ms ? (int64_t)load->oldest_ms : -1});
	mem_free(name);
}

static void frontend_queues(struct frontend *base, void (*each)(void *context, const struct frontend_queue *queue),
			    void *context)
{
	struct showing_loads showing = {each, context};

	web_api_loads(slack_frontend_of(base)->api, LIMIT_SLACK_LANES_SHOWN, show_load, &showing);
}

const struct frontend_ops slack_frontend_ops = {
	.name = "slack",
	.accounts_on_request = true,
	.shares_rooms = true,
	.acknowledges = true,
	.tells_of_offers = true,
	.create = frontend_create,
	.destroy = frontend_destroy,
	.check = frontend_check,
	.start = frontend_start,
	.stop = frontend_stop,
	.deliver = frontend_deliver,
	.undelivered = frontend_undelivered,
	.notify = frontend_notify,
	.normalize = frontend_normalize,
	.registered = frontend_registered,
	.offer_room = frontend_offer_room,
	.room_resumed = frontend_room_resumed,
	.card = member_picture_card,
	.is_admin = frontend_is_admin,
	.setting_label = frontend_setting_label,
	.tell_admins = frontend_tell_admins,
	.workspaces = frontend_workspaces,
	.workspace_stop = frontend_workspace_stop,
	.install_url = frontend_install_url,
	.ties = frontend_ties,
	.tie = frontend_tie,
	.is_connected = frontend_is_connected,
	.queues = frontend_queues,
	.probe = frontend_probe,
	.tells_of_sessions = true,
};
