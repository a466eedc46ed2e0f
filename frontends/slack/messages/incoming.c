/* SPDX-License-Identifier: MIT */
#include "frontends/slack/messages/incoming.h"

#include <string.h>

#include "base/clock.h"
#include "base/crash_point.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "config/limits.h"
#include "frontends/slack/channels/channel.h"
#include "frontends/slack/channels/channel_name.h"
#include "frontends/slack/channels/channel_state.h"
#include "frontends/slack/channels/history.h"
#include "frontends/slack/channels/known.h"
#include "frontends/slack/channels/portal_channel.h"
#include "frontends/slack/messages/said.h"
#include "frontends/slack/people/bot.h"
#include "frontends/slack/people/custom_emoji.h"
#include "frontends/slack/people/person.h"
#include "frontends/slack/slack_token.h"
#include "frontends/slack/wire/slack_file.h"
#include "transport/people/session.h"
#include "transport/routing/latency.h"
#include "transport/spool/spool.h"

/* --------------------------------------------------------------------------------------- acknowledgements */

struct acknowledgement {
	struct list link;
	struct slack_frontend *frontend; /* NULL: it has ended */
	socket_number socket;
	char envelope[];
};

static void on_durable(void *context, int err)
{
	struct acknowledgement *acknowledgement = context;
	struct slack_frontend *frontend = acknowledgement->frontend;

	CRASH_POINT("slack.durable");
	/* What cannot be stored comes again. */
	if (frontend && !err)
		socket_mode_acknowledge(frontend->socket, acknowledgement->socket, acknowledgement->envelope,
		                        NULL);
	CRASH_POINT("slack.acknowledged");
	list_remove(&acknowledgement->link);
	mem_free(acknowledgement);
}

static void acknowledge(struct slack_frontend *frontend, socket_number socket, const char *envelope)
{
	if (!envelope)
		return;
	struct acknowledgement *acknowledgement = MEM_NEW_TEXT(struct acknowledgement, envelope, envelope);

	acknowledgement->frontend = frontend;
	acknowledgement->socket = socket;
	list_append(&frontend->acknowledgements, &acknowledgement->link);
	spool_when_durable(frontend->base.transport->spool, on_durable, acknowledgement);
}

/* ------------------------------------------------------------------------------------------------ taking */

/* The chat, channel or DM that an event is about; NULL: it stands for nothing. */
static struct channel *channel_of(struct workspace *workspace, const struct slack_event *event)
{
	struct slack_frontend *frontend = workspace->frontend;
	struct channel *chat =
	        event->thread_ts ? channel_find(frontend, workspace->team, event->channel, event->thread_ts)
	                         : NULL;

	return chat ? chat : channel_find(frontend, workspace->team, event->channel, NULL);
}

static bool is_dm(const struct slack_event *event, const struct channel *channel)
{
	return channel ? channel->kind == CHANNEL_CONTROL
	               : event->channel_type && !strcmp(event->channel_type, "im");
}

/* What is a message of its own in the channel: topics, joins and the like are, too. */
static bool is_message(const struct slack_event *event)
{
	switch (event->kind) {
	case SLACK_MESSAGE:
	case SLACK_TOPIC:
	case SLACK_PURPOSE:
	case SLACK_RENAME:
	case SLACK_JOIN:
	case SLACK_LEAVE:
	case SLACK_ARCHIVE:
		return true;
	default:
		return false;
	}
}

/* A message by its channel and time stamp, which its event has whenever it comes, and which history tells as well. */
static bool was_seen(struct workspace *workspace, const struct slack_event *event)
{
	struct spool *spool = workspace->frontend->base.transport->spool;

	if (!event->channel || !event->ts)
		return event->event_id && spool_seen(spool, workspace->team, event->event_id);
	char *id = slack_message_id(event->channel, event->ts);
	char *edit = event->edited_ts ? mem_printf("%s edited %s", id, event->edited_ts) : NULL;
	/* A message is known by its channel and time stamp alone. */
	bool seen = is_message(event)
	                    ? spool_seen(spool, workspace->team, id)
	                    : event->event_id && spool_seen(spool, workspace->team, event->event_id);

	/* A message of history is as it was edited last; of one that came before that edit is still to come. */
	if (edit && (event->kind == SLACK_EDIT || (event->kind == SLACK_MESSAGE && !seen)))
		seen = (spool_seen(spool, workspace->team, edit) && event->kind == SLACK_EDIT) || seen;
	if (event->kind == SLACK_DELETE) {
		char *deletion = mem_printf("%s deleted", id);

		seen = spool_seen(spool, workspace->team, deletion) || seen;
		mem_free(deletion);
	}
	mem_free(edit);
	mem_free(id);
	return seen;
}

/* What changes is compared with what is known, should it be read back from history. False: it was so already. */
static bool note_known(struct workspace *workspace, struct channel *channel, const struct slack_event *event)
{
	struct slack_frontend *frontend = workspace->frontend;

	if (!channel || !event->channel || !event->ts || !event->user || event->hidden_type ||
	    workspace_is_own(workspace, event))
		return true;
	if (event->kind == SLACK_MESSAGE)
		known_add(frontend, channel, event);
	else if (event->kind == SLACK_DELETE)
		known_remove(frontend, channel, event->ts);
	return event->kind != SLACK_REACTION || known_react(frontend, workspace->team, event);
}

static void take_dm(struct workspace *workspace, const struct slack_event *event)
{
	const struct bot_place place = {.channel = event->channel, .thread = event->thread_ts};
	struct buf line = {0};
	char *address = slack_address(workspace->team, event->user);
	struct member_names names = {.workspace = workspace};
	const struct slack_names callbacks = member_names(&names);

	slack_person_set_control(workspace->frontend, address, event->channel);
	slack_text_read(&line, NULL, event, &callbacks);
	slack_bot_line(workspace, event->user, &place, buf_text(&line));
	mem_free(address);
	buf_finish(&names.text);
	buf_finish(&line);
}

static void take_saying(struct workspace *workspace, struct channel *channel, const struct slack_event *event)
{
	for (size_t i = 0; i < event->files_count && event->channel && event->ts; i++)
		slack_files_shared(workspace->frontend->files, event->channel, event->files[i].id, event->ts);
	if (workspace_is_own(workspace, event) || event->hidden_type)
		return;
	if (event->kind == SLACK_MESSAGE && is_dm(event, channel)) {
		if (event->user && event->channel)
			take_dm(workspace, event);
	} else if (channel) {
		said_take(workspace, channel, event);
	}
}

static void take_presence(struct workspace *workspace, struct channel *channel,
                          const struct slack_event *event)
{
	struct slack_frontend *frontend = workspace->frontend;
	char *address = event->user ? slack_address(workspace->team, event->user) : NULL;

	if (address && channel && channel->kind == CHANNEL_PORTAL) {
		if (event->kind == SLACK_JOIN)
			portal_channel_person_in(frontend, channel, address);
		else
			portal_channel_person_out(frontend, channel, address);
	}
	mem_free(address);
}

static void take_end(struct workspace *workspace, const struct slack_event *event)
{
	bool ours = event->kind == SLACK_UNINSTALLED;

	for (size_t i = 0; i < event->users_count; i++)
		ours = ours || !strcmp(event->users[i], workspace->bot_user);
	if (ours)
		workspace_end(workspace, event->kind == SLACK_UNINSTALLED ? "the app was removed from it"
		                                                          : "its token was revoked");
}

static void take_user(struct workspace *workspace, const struct slack_event *event)
{
	struct arena arena = {0};
	const char *id = json_text(event->object, "id", &arena);

	/* Of people who were not needed so far nothing is kept. */
	if (id && map_get(workspace->members, id))
		member_note(workspace, event->object);
	arena_finish(&arena);
}

/* An event and a message tell of it; the message says who did it, and history has it. */
static void take_rename(struct workspace *workspace, struct channel *channel, const struct slack_event *event)
{
	channel_name_note(workspace->frontend, channel, event->text);
	if (event->ts && !workspace_is_own(workspace, event))
		said_take(workspace, channel, event);
}

static void take(struct workspace *workspace, const struct slack_event *event)
{
	struct slack_frontend *frontend = workspace->frontend;
	struct channel *channel = channel_of(workspace, event);
	bool portal = channel && channel->kind == CHANNEL_PORTAL;

	if (!channel && event->channel && !is_dm(event, channel)) {
		if (event->kind == SLACK_RENAME)
			member_title_changed(workspace, event->channel);
		else if (slack_bot_is_called(workspace, event) && !was_seen(workspace, event))
			slack_bot_called(workspace, event);
		return;
	}
	if (was_seen(workspace, event)) {
		log_debug(&workspace->log, "%s came before: dropped",
		          log_quote(event->event_id ? event->event_id : event->ts));
		return;
	}
	if (!note_known(workspace, channel, event) ||
	    (channel && !history_is_newest(frontend, channel, event)))
		return;
	if (channel && event->kind == SLACK_MESSAGE && event->ts)
		history_seen(frontend, channel, event->ts, event->thread_ts);
	switch (event->kind) {
	case SLACK_MESSAGE:
	case SLACK_EDIT:
	case SLACK_DELETE:
	case SLACK_REACTION:
	case SLACK_TOPIC:
		take_saying(workspace, channel, event);
		break;
	case SLACK_JOIN:
	case SLACK_LEAVE:
		take_presence(workspace, channel, event);
		break;
	case SLACK_RENAME:
		if (portal)
			take_rename(workspace, channel, event);
		break;
	case SLACK_ARCHIVE:
		if (portal)
			portal_channel_archive(frontend, channel, event->added);
		break;
	case SLACK_CHANNEL_GONE:
		if (portal)
			portal_channel_lost(workspace, &channel, event->left);
		break;
	case SLACK_USER:
		take_user(workspace, event);
		break;
	case SLACK_TOKENS_REVOKED:
	case SLACK_UNINSTALLED:
		take_end(workspace, event);
		break;
	case SLACK_RATE_LIMITED:
		log_warning(&workspace->log,
		            "Slack has left out events, as there were too many: what was said is read back");
		history_catch_up(frontend);
		channel_states_read(frontend, workspace->team);
		slack_people_look_again(frontend, workspace->team);
		break;
	case SLACK_EMOJI:
		custom_emoji_changed(workspace, event->object);
		break;
	case SLACK_PURPOSE:
	case SLACK_CHANNEL_CREATED:
	case SLACK_OTHER:
		break;
	}
}

/* ----------------------------------------------------------------------------------------------- waiting */

struct waiting_event {
	struct list link;
	struct cJSON *json;
	uint64_t since_ms;  /* clock_ms */
	bool of_history;
	bool is_command;    /* the payload of one */
	bool looked_at;     /* whether it can be acknowledged before it is taken */
	char channel[SLACK_ID_MAX + 1]; /* of a message of history; "": the payload of an event */
	socket_number socket;
	char envelope[];
};

static void waiting_free(struct workspace *workspace, struct waiting_event *waiting)
{
	/* They go from the first on. */
	if (workspace->history_end == &waiting->link)
		workspace->history_end = NULL;
	list_remove(&waiting->link);
	workspace->waiting_count--;
	json_free(&waiting->json);
	mem_free(waiting);
}

static struct waiting_event *wait_with(struct workspace *workspace, const struct cJSON *json,
                                       const char *envelope, struct list *before)
{
	struct waiting_event *waiting = MEM_NEW_TEXT(struct waiting_event, envelope, envelope);

	waiting->json = json_copy(json);
	waiting->since_ms = clock_ms();
	list_append(before, &waiting->link);
	workspace->waiting_count++;
	return waiting;
}

static bool is_about_text(const struct slack_event *event)
{
	return event->kind == SLACK_MESSAGE || event->kind == SLACK_EDIT || event->kind == SLACK_DELETE ||
	       event->kind == SLACK_REACTION || event->kind == SLACK_TOPIC || event->kind == SLACK_RENAME;
}

/* Whether something has to be known first that is being asked for. Also of what waits for others: it asks now, so that
 * answers do not come one after the other. */
static bool has_to_wait(struct workspace *workspace, const struct slack_event *event)
{
	struct channel *channel = channel_of(workspace, event);

	if (!channel || !is_about_text(event) || workspace_is_own(workspace, event))
		return false;
	return said_has_to_wait(workspace, channel, event);
}

static bool is_catching_up(struct workspace *workspace, const struct slack_event *event)
{
	const struct channel *channel = channel_of(workspace, event);

	return channel && history_is_waited_for(channel);
}

static bool read_waiting(struct slack_event *event, const struct waiting_event *waiting, struct arena *arena)
{
	const struct slack_reaction *reactions;
	size_t count;

	return *waiting->channel
	               ? slack_history_read(event, waiting->json, waiting->channel, arena, &reactions, &count)
	               : slack_event_read(event, waiting->json, arena);
}

static void run_command(struct workspace *workspace, const struct cJSON *payload)
{
	struct arena arena = {0};
	struct slack_command command;

	if (slack_command_read(&command, payload, &arena) && command.user && command.channel)
		slack_bot_command(workspace, &command);
	arena_finish(&arena);
}

static bool is_impatient(const struct waiting_event *waiting)
{
	return clock_ms() - waiting->since_ms > LIMIT_SLACK_PATIENCE_MS;
}

/* True: it was taken. */
static bool try_waiting(struct workspace *workspace, struct waiting_event *waiting)
{
	struct arena arena = {0};
	struct slack_event event;

	if (waiting->is_command) {
		run_command(workspace, waiting->json);
		return true;
	}
	bool good = read_waiting(&event, waiting, &arena);
	bool named = !good || is_impatient(waiting) || !has_to_wait(workspace, &event);
	bool taken = named && (!good || waiting->of_history || !is_catching_up(workspace, &event));

	if (good && taken)
		take(workspace, &event);
	arena_finish(&arena);
	return taken;
}

/* They wait for history, longer than Slack does for its answer. What history has as well is safe there. */
static void acknowledge_waiting(struct workspace *workspace)
{
	LIST_EACH (link, &workspace->waiting) {
		struct waiting_event *waiting = CONTAINER_OF(link, struct waiting_event, link);
		struct arena arena = {0};
		struct slack_event event;

		if (!waiting->of_history && !is_impatient(waiting))
			return;
		if (!*waiting->envelope || waiting->looked_at)
			continue;
		bool good = read_waiting(&event, waiting, &arena);
		const struct channel *channel = good ? channel_of(workspace, &event) : NULL;

		waiting->looked_at = true;
		if (channel && history_has(channel, &event)) {
			acknowledge(workspace->frontend, waiting->socket, waiting->envelope);
			*waiting->envelope = '\0';
		}
		arena_finish(&arena);
	}
}

static void go_on(struct workspace *workspace)
{
	struct slack_frontend *frontend = workspace->frontend;

	while (!list_empty(&workspace->waiting) && workspace->state == WORKSPACE_READY) {
		struct waiting_event *first =
		        CONTAINER_OF(workspace->waiting.next, struct waiting_event, link);

		if (!try_waiting(workspace, first)) {
			acknowledge_waiting(workspace);
			break;
		}
		/* A workspace that has ended in it has none that wait. */
		if (list_empty(&workspace->waiting))
			break;
		acknowledge(frontend, first->socket, *first->envelope ? first->envelope : NULL);
		waiting_free(workspace, first);
	}
}

static void hold_if_full(struct slack_frontend *frontend)
{
	unsigned most = 0;

	LIST_EACH (link, &frontend->workspaces) {
		const struct workspace *workspace = CONTAINER_OF(link, struct workspace, link);

		if (workspace->waiting_count > most)
			most = workspace->waiting_count;
	}
	if (most >= LIMIT_SLACK_WAITING_EVENTS)
		socket_mode_hold(frontend->socket, true);
	else if (most <= LIMIT_SLACK_WAITING_EVENTS / 2)
		socket_mode_hold(frontend->socket, false);
}

void incoming_go_on(struct slack_frontend *frontend, const char *unused)
{
	bool any = false;

	(void)unused;
	LIST_EACH (link, &frontend->workspaces) {
		struct workspace *workspace = CONTAINER_OF(link, struct workspace, link);

		if (list_empty(&workspace->waiting))
			continue;
		any = true;
		go_on(workspace);
	}
	if (!any || frontend->stopping)
		return;
	hold_if_full(frontend);
	transport_commit(frontend->base.transport);
}

static struct waiting_event *wait_behind_history(struct workspace *workspace, const struct cJSON *json)
{
	struct list *end = workspace->history_end, *before = end ? end->next : workspace->waiting.next;
	struct waiting_event *waiting = wait_with(workspace, json, "", before);

	/* Who waits behind it is to be acknowledged in time. */
	if (before != &workspace->waiting)
		waiting->since_ms = CONTAINER_OF(before, struct waiting_event, link)->since_ms;
	waiting->of_history = true;
	workspace->history_end = &waiting->link;
	return waiting;
}

void incoming_history(struct workspace *workspace, const char *channel, const struct cJSON *message)
{
	struct waiting_event *waiting = wait_behind_history(workspace, message);
	struct arena arena = {0};
	struct slack_event event;

	memcpy(waiting->channel, channel, strlen(channel) + 1);
	if (read_waiting(&event, waiting, &arena))
		has_to_wait(workspace, &event);
	arena_finish(&arena);
}

void incoming_missed(struct workspace *workspace, const struct cJSON *payload)
{
	wait_behind_history(workspace, payload);
}

/* --------------------------------------------------------------------------------------------- envelopes */

/* Of a workspace that is being installed: taken when it is known who we are there (incoming_begin). NULL: there is no
 * place for more. */
static struct waiting_event *wait_for_workspace(struct workspace *coming, const struct slack_frame *frame,
						const char *envelope)
{
	/* Others are not held up by it. */
	if (coming->waiting_count >= LIMIT_SLACK_WAITING_EVENTS / 2)
		return NULL;
	return wait_with(coming, frame->payload, envelope, &coming->waiting);
}

/* What is not acknowledged comes again. */
static void take_unknown(struct slack_frontend *frontend, socket_number socket, const struct slack_frame *frame,
			 const char *team)
{
	struct workspace *coming = workspace_coming(frontend, team);
	struct waiting_event *waiting = coming ? wait_for_workspace(coming, frame, frame->id ? frame->id : "") : NULL;

	if (waiting) {
		waiting->socket = socket;
	} else if (coming || (team && (slack_tokens_are_exchanged(frontend->tokens) || workspaces_are_unknown(frontend)))) {
		log_debug(&frontend->base.log, "an event of %s, which may be ours soon: it has to come again", log_quote(team));
	} else {
		log_debug(&frontend->base.log, "an event of no workspace of ours: %s", log_quote(team));
		acknowledge(frontend, socket, frame->id);
	}
}

static void take_event(struct slack_frontend *frontend, socket_number socket, const struct slack_frame *frame)
{
	struct arena arena = {0};
	struct slack_event event;
	bool good = slack_event_read(&event, frame->payload, &arena);
	struct workspace *workspace = good ? workspace_find(frontend, event.team) : NULL;

	if (!workspace) {
		take_unknown(frontend, socket, frame, good ? event.team : NULL);
	} else if (has_to_wait(workspace, &event) || !list_empty(&workspace->waiting) ||
	           is_catching_up(workspace, &event)) {
		struct waiting_event *waiting =
		        wait_with(workspace, frame->payload, frame->id ? frame->id : "", &workspace->waiting);

		waiting->socket = socket;
		go_on(workspace);
		hold_if_full(frontend);
	} else {
		take(workspace, &event);
		acknowledge(frontend, socket, frame->id);
	}
	arena_finish(&arena);
}

/* A command that cannot be run; it needs no token to be answered. */
static void answer_unserved(struct slack_frontend *frontend, const struct slack_command *command)
{
	bool may_come = workspace_coming(frontend, command->team) || slack_tokens_are_exchanged(frontend->tokens) ||
			workspaces_are_unknown(frontend);
	struct buf json = {0};

	if (!command->response_url)
		return;
	buf_puts(&json, "{\"response_type\":\"ephemeral\",\"text\":");
	json_put_string(&json, may_come ? "I am just being installed in this workspace: please say that again in a moment."
					: "I am not at work in this workspace now: its administrators, or mine, know more.");
	buf_putc(&json, '}');
	web_api_respond(frontend->api, command->response_url, buf_text(&json), NULL, NULL, NULL);
	buf_finish(&json);
}

/* Acknowledged at once whatever becomes of it: Slack does not say it again. */
static void take_command(struct slack_frontend *frontend, const struct slack_frame *frame)
{
	struct arena arena = {0};
	struct slack_command command;
	bool good = slack_command_read(&command, frame->payload, &arena);
	struct workspace *workspace = good ? workspace_find(frontend, command.team) : NULL;
	struct workspace *coming = good && !workspace ? workspace_coming(frontend, command.team) : NULL;
	struct waiting_event *waiting = coming ? wait_for_workspace(coming, frame, "") : NULL;

	if (workspace)
		run_command(workspace, frame->payload);
	else if (waiting)
		waiting->is_command = true;
	else if (good)
		answer_unserved(frontend, &command);
	arena_finish(&arena);
}

void incoming_envelope(void *context, socket_number socket, const struct slack_frame *frame)
{
	struct slack_frontend *frontend = context;

	if (frontend->stopping)
		return;
	CRASH_POINT("slack.envelope");
	latency_begin_input();
	if (frame->kind == SLACK_FRAME_EVENT)
		take_event(frontend, socket, frame);
	latency_end_input();
	if (frame->kind == SLACK_FRAME_EVENT)
		return;
	if (frame->kind == SLACK_FRAME_COMMAND)
		take_command(frontend, frame);
	acknowledge(frontend, socket, frame->id);
}

void incoming_batch(void *context)
{
	struct slack_frontend *frontend = context;

	if (!frontend->stopping)
		transport_commit(frontend->base.transport);
}

void incoming_begin(struct workspace *workspace)
{
	LIST_EACH (link, &workspace->waiting)
		CONTAINER_OF(link, struct waiting_event, link)->since_ms = clock_ms();
	slack_later(workspace->frontend, incoming_go_on, NULL);
}

static void forget_waiting(struct workspace *workspace)
{
	LIST_EACH (link, &workspace->waiting)
		waiting_free(workspace, CONTAINER_OF(link, struct waiting_event, link));
}

void incoming_forget_workspace(struct workspace *workspace)
{
	struct slack_frontend *frontend = workspace->frontend;

	forget_waiting(workspace);
	/* It may have been what the socket was held for, which all workspaces share. */
	if (frontend->socket && !frontend->stopping)
		hold_if_full(frontend);
}

void incoming_forget(struct slack_frontend *frontend)
{
	LIST_EACH (link, &frontend->workspaces)
		forget_waiting(CONTAINER_OF(link, struct workspace, link));
	LIST_EACH (link, &frontend->acknowledgements) {
		CONTAINER_OF(link, struct acknowledgement, link)->frontend = NULL;
		list_remove(link);
	}
}
