/* SPDX-License-Identifier: MIT */
#include "frontends/xmpp/xmpp.h"

#include <string.h>

#include "base/error.h"
#include "config/limits.h"
#include "frontends/xmpp/commands.h"
#include "frontends/xmpp/disco.h"
#include "frontends/xmpp/files.h"
#include "frontends/xmpp/iq.h"
#include "frontends/xmpp/login_dialogue.h"
#include "frontends/xmpp/login_show.h"
#include "frontends/xmpp/message.h"
#include "frontends/xmpp/muc.h"
#include "frontends/xmpp/muc_admin.h"
#include "frontends/xmpp/presence.h"
#include "frontends/xmpp/probe.h"
#include "frontends/xmpp/raw.h"
#include "frontends/xmpp/register.h"
#include "frontends/xmpp/reply.h"
#include "frontends/xmpp/roster.h"
#include "frontends/xmpp/state.h"
#include "frontends/xmpp/upload.h"
#include "frontends/xmpp/vcard.h"
#include "transport/http/http_client.h"
#include "transport/routing/delivery.h"

#define TICK_MS 1000

struct xml_writer *xmpp_begin(struct xmpp_frontend *frontend)
{
	buf_clear(&frontend->scratch);
	xml_writer_init(&frontend->writer, &frontend->scratch);
	return &frontend->writer;
}

int xmpp_end(struct xmpp_frontend *frontend, const char *to)
{
	int count = 0;
	if (frontend->c2s)
		count = c2s_send(frontend->c2s, to, buf_text(&frontend->scratch), frontend->scratch.len);
	else if (frontend->component)
		count = component_send(frontend->component, buf_text(&frontend->scratch), frontend->scratch.len);
	if (!count)
		frontend->showing.refused++;
	buf_clear(&frontend->scratch);
	buf_shrink(&frontend->scratch, LIMIT_STANZA_BYTES);
	return count;
}

static struct frontend *frontend_create(struct config *config)
{
	struct xmpp_frontend *frontend = MEM_NEW(struct xmpp_frontend);
	frontend->base.ops = &xmpp_frontend_ops;
	list_init(&frontend->base.link);
	frontend->base.log.label = "xmpp";
	config_bind(config, &xmpp_config_table, &frontend->config);
	frontend->strophe = xmpp_ctx_new(NULL, NULL);
	frontend->pending_iqs = map_create();
	frontend->admin_requests = map_create();
	frontend->cards = map_create();
	frontend->command_sessions = map_create();
	frontend->probes = map_create();
	frontend->closing = map_create();
	frontend->raw_queries = map_create();
	list_init(&frontend->raw_queries_due);
	list_init(&frontend->replies);
	list_init(&frontend->roster_work);
	list_init(&frontend->roster_settling);
	list_init(&frontend->subjects_due);
	return &frontend->base;
}

static void frontend_destroy(struct frontend *base)
{
	struct xmpp_frontend *frontend = xmpp_frontend_of(base);
	replies_orphan(frontend);
	uploads_cancel(frontend);
	files_cancel(frontend);
	component_destroy(&frontend->component);
	c2s_destroy(&frontend->c2s);
	map_destroy(&frontend->pending_iqs, pending_iq_destroy);
	muc_admin_free(frontend);
	map_destroy(&frontend->cards, card_wait_destroy);
	map_destroy(&frontend->command_sessions, command_session_destroy);
	map_destroy(&frontend->probes, mem_free);
	map_destroy(&frontend->closing, mem_free);
	map_destroy(&frontend->privileged, NULL);
	map_destroy(&frontend->raw_queries, NULL);
	raw_reader_destroy(&frontend->raw_reader);
	xmpp_ctx_free(frontend->strophe);
	buf_finish(&frontend->scratch);
	buf_finish(&frontend->from);
	buf_finish(&frontend->to);
	buf_finish(&frontend->node);
	buf_finish(&frontend->caps);
	arena_finish(&frontend->texts);
	mem_free(frontend->heard);
	mem_free(frontend->gateway);
	mem_free(frontend);
}

static int frontend_check(struct frontend *base, struct buf *error)
{
	struct xmpp_frontend *frontend = xmpp_frontend_of(base);
	const struct xmpp_config *config = &frontend->config;
	struct jid jid;
	size_t before = error->len;
	base->authenticates = config->server_mode;
	if (jid_parse(&jid, config->jid) || jid.node[0] || jid.resource[0])
		buf_puts(error, "service.jid: a domain name is needed\n");
	else
		mem_replace(&frontend->gateway, jid.domain);
	if (config->port == 0)
		buf_puts(error, config->server_mode
		                        ? "service.port: a port to listen on is needed\n"
		                        : "service.port: the server's component port is needed\n");
	if (!config->server_mode && !config->password[0])
		buf_puts(error, "service.password: the secret of the component is needed\n");
	return error->len > before ? TP_ERR_INVALID : 0;
}

static void on_tick(uv_timer_t *timer)
{
	xmpp_tick(timer->data);
}

static void start_timer(struct xmpp_frontend *frontend)
{
	frontend->timer = MEM_NEW(uv_timer_t);
	uv_timer_init(frontend->base.transport->loop, frontend->timer);
	frontend->timer->data = frontend;
	uv_timer_start(frontend->timer, on_tick, TICK_MS, TICK_MS);
}

static int frontend_start(struct frontend *base, struct buf *error)
{
	struct xmpp_frontend *frontend = xmpp_frontend_of(base);
	disco_update_caps(frontend);
	if (frontend->config.server_mode) {
		if (!frontend->c2s)
			frontend->c2s = c2s_create(frontend);
		int err = c2s_start(frontend->c2s, error);
		if (err)
			return err;
	} else {
		if (frontend->config.port == 5222)
			log_warning(&frontend->base.log,
			            "port 5222 is for clients; components usually have 5347");
		if (!frontend->component)
			frontend->component = component_create(frontend);
		component_start(frontend->component);
	}
	start_timer(frontend);
	return 0;
}

static int frontend_reload(struct frontend *base, struct buf *error)
{
	struct xmpp_frontend *frontend = xmpp_frontend_of(base);

	return frontend->c2s ? c2s_reload(frontend->c2s, error) : 0;
}

static void wait_is_over(void *context)
{
	struct xmpp_frontend *frontend = context;
	if (--frontend->stop_waits > 0)
		return;
	frontend->stopped(frontend->stopped_context);
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct xmpp_frontend *frontend = handle->data;
	mem_free(handle);
	wait_is_over(frontend);
}

static void close_everything(struct xmpp_frontend *frontend, bool suspend, void (*stopped)(void *context),
                             void *context)
{
	frontend->stopped = stopped;
	frontend->stopped_context = context;
	frontend->stop_waits = 1;
	if (frontend->timer) {
		frontend->stop_waits++;
		uv_close((uv_handle_t *)frontend->timer, on_timer_closed);
		frontend->timer = NULL;
	}
	uploads_cancel(frontend);
	files_cancel(frontend);
	if (frontend->http) {
		frontend->stop_waits++;
		http_client_close(&frontend->http, wait_is_over, frontend);
	}
	if (frontend->component) {
		frontend->stop_waits++;
		(suspend ? component_suspend : component_stop)(frontend->component, wait_is_over, frontend);
	}
	if (frontend->c2s) {
		frontend->stop_waits++;
		c2s_stop(frontend->c2s, wait_is_over, frontend);
	}
	wait_is_over(frontend);
}

static void frontend_stop(struct frontend *base, void (*stopped)(void *context), void *context)
{
	struct xmpp_frontend *frontend = xmpp_frontend_of(base);
	frontend->stopping = true;
	presence_say_goodbye(frontend);
	close_everything(frontend, false, stopped, context);
}

static void frontend_suspend(struct frontend *base, void (*stopped)(void *context), void *context)
{
	close_everything(xmpp_frontend_of(base), true, stopped, context);
}

static void deliver_room_event(struct xmpp_frontend *frontend, struct resource *to, const struct event *event)
{
	if (event->raw)
		raw_show_in_room(frontend, to, event);
	else if (event->type == EVENT_PARTICIPANT)
		muc_show_participant(frontend, to, &event->participant);
	else if (event->type == EVENT_ROOM_LEAVE)
		muc_show_leave(frontend, to, &event->room);
	else if (event->type == EVENT_CHAT_STATE)
		muc_show_chat_state(frontend, to, &event->chat_state);
	else if (event->type == EVENT_READ_MARKER)
		muc_show_read_marker(frontend, to, &event->read_marker);
	else if (event->type == EVENT_ROOM_INFO)
		muc_show_info(frontend, to, &event->room_info);
	else if (event->type == EVENT_SUBJECT)
		muc_show_subject(frontend, to, &event->message);
	else
		muc_show_message(frontend, to, &event->message);
}

static void deliver_to_room(struct xmpp_frontend *frontend, struct identity *to, struct resource *only,
                            const struct event *event)
{
	if (only) {
		deliver_room_event(frontend, only, event);
		return;
	}
	LIST_EACH(link, &to->resources)
	deliver_room_event(frontend, CONTAINER_OF(link, struct resource, link), event);
}

static void show(struct xmpp_frontend *frontend, struct identity *to, struct resource *only,
                 const struct event *event)
{
	switch (event->type) {
	case EVENT_SESSION:
		if (event->session.state != SESSION_CONNECTED)
			raw_contacts_forget(to);
		presence_show_session(frontend, to, only, &event->session);
		login_dialogue_wake(frontend, to);
		break;
	case EVENT_LOGIN_STEP:
		login_step_show(frontend, to, only, &event->login_step);
		login_dialogue_wake(frontend, to);
		break;
	case EVENT_CONTACT:
		/* For one client it is the presence: what the person's own server has in the roster is the same for all. */
		if (!event->raw && (!only || frontend->config.server_mode))
			roster_show_contact(frontend, to, &event->contact);
		if (raw_is_on(frontend))
			raw_show_contact(frontend, to, only, event);
		else
			contact_presence_show(frontend, to, only, &event->contact);
		break;
	case EVENT_CONTACT_REMOVED:
		raw_contact_forget(to, event->contact.name);
		roster_show_removed(frontend, to, event->contact.name);
		break;
	case EVENT_AUTH_REQUEST:
		if (event->raw)
			raw_show(frontend, to, only, event);
		else
			contact_presence_ask(frontend, to, &event->contact);
		break;
	case EVENT_RAW_XML:
		raw_show_other(frontend, to, only, event);
		break;
	case EVENT_MESSAGE:
		if (event->message.kind == MESSAGE_CHAT && event->raw)
			raw_show(frontend, to, only, event);
		else if (event->message.kind == MESSAGE_CHAT)
			message_show(frontend, to, only, &event->message);
		else
			deliver_to_room(frontend, to, only, event);
		break;
	case EVENT_READ_MARKER:
		/* In a room it is for one client, which is in it. */
		if (only && muc_find(only, event->read_marker.name))
			deliver_room_event(frontend, only, event);
		else
			message_show_read_marker(frontend, to, only, &event->read_marker);
		break;
	case EVENT_ROOM_INFO:
	case EVENT_SUBJECT:
	case EVENT_PARTICIPANT:
	case EVENT_ROOM_LEAVE:
		deliver_to_room(frontend, to, only, event);
		break;
	case EVENT_ATTENTION:
		message_show_attention(frontend, to, only, &event->message);
		break;
	case EVENT_RECEIPT:
		message_show_receipt(frontend, to, only, &event->receipt);
		break;
	case EVENT_CHAT_STATE:
		if (event->chat_state.nickname && only)
			deliver_room_event(frontend, only, event);
		else if (!event->chat_state.nickname)
			message_show_chat_state(frontend, to, only, &event->chat_state);
		break;
	case EVENT_VCARD:
		vcard_show(frontend, &event->vcard);
		break;
	default: /* ROOM_NICKNAME: the participant that follows says it */
		break;
	}
}

/* What deliver answers, once everything was written that there was to write. */
static int shown(struct xmpp_frontend *frontend)
{
	struct xmpp_showing showing = frontend->showing;
	frontend->showing = (struct xmpp_showing){0};
	if (showing.promised || !showing.number)
		return showing.promised;
	return showing.refused ? TP_ERR_NOT_CONNECTED : 0;
}

/* A message: its files are to be where the person can fetch them. */
static int show_with_files(struct xmpp_frontend *frontend, struct identity *to, struct resource *only,
                           const struct event *event)
{
	struct arena arena = {0};
	struct event copy, placed = *files_of_markup(event, &copy, &arena);
	/* Without a number nothing would be delivered again. */
	if (event->handover && !files_place(frontend, to, &placed.message, event->trace, &arena)) {
		arena_finish(&arena);
		return TP_ERR_NOT_CONNECTED;
	}
	frontend->showing = (struct xmpp_showing){.number = event->handover};
	show(frontend, to, only, &placed);
	arena_finish(&arena);
	return shown(frontend);
}

static int frontend_deliver(struct frontend *base, struct identity *to, struct resource *only,
                            const struct event *event)
{
	struct xmpp_frontend *frontend = xmpp_frontend_of(base);
	bool in_room = event->type == EVENT_MESSAGE && event->message.kind != MESSAGE_CHAT;
	if (event->handover && in_room && only && probe_is_open(only))
		return TP_ERR_NOT_CONNECTED;
	if (event->type == EVENT_MESSAGE && !event->raw)
		return show_with_files(frontend, to, only, event);
	frontend->showing = (struct xmpp_showing){.number = event->handover};
	show(frontend, to, only, event);
	return shown(frontend);
}

static int frontend_undelivered(struct frontend *base, const char *address, const struct event *event)
{
	struct xmpp_frontend *frontend = xmpp_frontend_of(base);
	frontend->showing = (struct xmpp_showing){.number = event->handover};
	if (!muc_admin_answer(frontend, &event->undelivered.message, &event->undelivered))
		message_bounce(frontend, address, &event->undelivered);
	return shown(frontend);
}

static void frontend_arrived(struct frontend *base, const char *address, const struct event *event)
{
	(void)address;
	muc_admin_answer(xmpp_frontend_of(base), &event->message, NULL);
}

static void frontend_authenticated(struct frontend *base, const char *address, int error, const char *text)
{
	struct xmpp_frontend *frontend = xmpp_frontend_of(base);
	if (frontend->c2s)
		c2s_authenticated(frontend->c2s, address, error, text);
}

static void frontend_features_changed(struct frontend *base)
{
	disco_update_caps(xmpp_frontend_of(base));
}

static void frontend_notify(struct frontend *base, const char *address, const char *text)
{
	message_notify(xmpp_frontend_of(base), address, text);
}

static int frontend_tell_admins(struct frontend *base, const char *text)
{
	struct xmpp_frontend *frontend = xmpp_frontend_of(base);
	const struct config_list *admins = &base->transport->service.admin_jid;

	if (frontend->component && !component_is_connected(frontend->component))
		return TP_ERR_NOT_CONNECTED;
	for (size_t i = 0; i < admins->count; i++)
		if (*admins->items[i])
			message_notify(frontend, admins->items[i], text);
	return 0;
}

static bool frontend_normalize(struct frontend *base, const char *address, struct buf *out)
{
	(void)base;
	struct jid jid;
	if (jid_parse(&jid, address) || !jid.node[0])
		return false;
	jid_bare(&jid, out);
	return true;
}

static void frontend_registered(struct frontend *base, const char *address, bool registered)
{
	if (registered)
		register_announce(xmpp_frontend_of(base), address);
	else
		register_withdraw(xmpp_frontend_of(base), address);
}

static void frontend_offer_room(struct frontend *base, const char *address, const char *resource,
                                const char *room, const char *password)
{
	muc_invite(xmpp_frontend_of(base), address, resource, room, password);
}

static void frontend_probe(struct frontend *base, const char *address)
{
	probe_queue(xmpp_frontend_of(base), address);
	probe_tick(xmpp_frontend_of(base));
}

/* In server mode clients were connected to the process that is gone. */
static bool frontend_room_resumed(struct frontend *base, struct resource *resource, const struct room *room)
{
	struct xmpp_frontend *frontend = xmpp_frontend_of(base);
	if (frontend->config.server_mode)
		return false;
	muc_resume(frontend, resource, room);
	return true;
}

static void close_streams(struct xmpp_frontend *frontend)
{
	struct map *closing = frontend->closing;
	if (!frontend->c2s || !map_count(closing))
		return;
	frontend->closing = map_create();
	struct map_iter it = {0};
	while (map_next(closing, &it))
		c2s_close_streams(frontend->c2s, it.key, "remote-connection-failed", it.value);
	map_destroy(&closing, mem_free);
}

void xmpp_tick(struct xmpp_frontend *frontend)
{
	pending_iqs_expire(frontend);
	cards_expire(frontend);
	raw_queries_expire(frontend);
	command_sessions_expire(frontend);
	login_dialogue_tick(frontend);
	roster_work_tick(frontend);
	files_expire(frontend);
	muc_subjects_tick(frontend);
	probe_tick(frontend);
	close_streams(frontend);
}

void xmpp_component_up(struct xmpp_frontend *frontend)
{
	map_destroy(&frontend->privileged, NULL); /* each server says it anew */
	log_info(&frontend->base.log, "connected to the server as %s", frontend->gateway);
	uploads_try_again(frontend);
	probe_everybody(frontend);
	probe_tick(frontend);
	delivery_frontend_ready(&frontend->base);
}

void xmpp_component_down(struct xmpp_frontend *frontend)
{
	/* Sessions stay: who is still there answers the probes at the next connection. Answers to our own
	 * requests are lost. */
	pending_iqs_fail_all(frontend);
}

void xmpp_component_full(struct xmpp_frontend *frontend, bool full)
{
	transport_hold(&frontend->base, full);
	if (!full)
		delivery_frontend_ready(&frontend->base);
}

void xmpp_c2s_gone(struct xmpp_frontend *frontend, const char *full_jid)
{
	struct route route;
	if (!route_parse(&route, frontend, full_jid, NULL))
		return;
	presence_client_gone(frontend, &route);
	struct identity *identity =
	        session_find_identity(frontend->base.transport, &frontend->base, route.address);
	if (identity)
		delivery_identity_ready(identity);
}

void xmpp_handle_message(struct xmpp_frontend *frontend, const struct message_stanza *message)
{
	message_handle(frontend, message);
	probe_deliver(frontend);
}

void xmpp_handle_presence(struct xmpp_frontend *frontend, const struct presence_stanza *presence)
{
	presence_handle(frontend, presence);
	probe_deliver(frontend);
}

void xmpp_handle_iq(struct xmpp_frontend *frontend, xmpp_stanza_t *iq)
{
	iq_handle(frontend, iq);
	probe_deliver(frontend);
}

static int frontend_is_connected(const struct frontend *base)
{
	const struct xmpp_frontend *frontend = CONTAINER_OF(base, const struct xmpp_frontend, base);

	return frontend->c2s ? -1 : frontend->component && component_is_connected(frontend->component);
}

static void frontend_queues(struct frontend *base, void (*each)(void *context, const struct frontend_queue *queue),
                            void *context)
{
	const struct xmpp_frontend *frontend = xmpp_frontend_of(base);
	struct frontend_queue queue = {.name = frontend->c2s ? "clients' streams" : "stream to the server", .items = -1};
	uint64_t since_ms = 0;

	if (frontend->c2s)
		queue.bytes = (int64_t)c2s_queued(frontend->c2s, &since_ms);
	else if (frontend->component)
		queue.bytes = (int64_t)component_queued(frontend->component, &since_ms);
	queue.oldest_ms = since_ms ? (int64_t)since_ms : -1;
	each(context, &queue);
}

const struct frontend_ops xmpp_frontend_ops = {
        .name = "xmpp",
        .create = frontend_create,
        .destroy = frontend_destroy,
        .check = frontend_check,
        .start = frontend_start,
        .reload = frontend_reload,
        .stop = frontend_stop,
        .suspend = frontend_suspend,
        .deliver = frontend_deliver,
        .is_connected = frontend_is_connected,
        .queues = frontend_queues,
        .read_raw = raw_read,
        .undelivered = frontend_undelivered,
        .arrived = frontend_arrived,
        .authenticated = frontend_authenticated,
        .features_changed = frontend_features_changed,
        .identity_gone = xmpp_identity_gone,
        .resource_gone = xmpp_resource_gone,
        .notify = frontend_notify,
        .tell_admins = frontend_tell_admins,
        .normalize = frontend_normalize,
        .registered = frontend_registered,
        .offer_room = frontend_offer_room,
        .probe = frontend_probe,
        .room_resumed = frontend_room_resumed,
};
