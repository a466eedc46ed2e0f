/* SPDX-License-Identifier: MIT */
#include "transport/transport.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crash_point.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/pool.h"
#include "base/text.h"
#include "config/limits.h"
#include "transport/admin/admin_notice.h"
#include "transport/admin/control.h"
#include "transport/admin/instance_metrics.h"
#include "transport/backend/backend_attach.h"
#include "transport/backend/network_plugin_server.h"
#include "transport/backend/query_port.h"
#include "transport/backend_features.h"
#include "transport/command/command_question.h"
#include "transport/drain.h"
#include "transport/frontend.h"
#include "transport/http/http_server.h"
#include "transport/media/media.h"
#include "transport/people/account.h"
#include "transport/people/ban.h"
#include "transport/people/link.h"
#include "transport/people/login_step.h"
#include "transport/people/portrait.h"
#include "transport/people/reconnect.h"
#include "transport/people/request.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/resume.h"
#include "transport/rooms/portal.h"
#include "transport/rooms/room_bans.h"
#include "transport/routing/delivery.h"
#include "transport/routing/router.h"
#include "transport/spool/spool.h"

#define HOUSEKEEPING_MS 5000
#define STOP_MS 5000

struct stopping {
	struct transport *transport;
	uv_timer_t deadline;
	unsigned pending; /* frontends and the NetworkPluginServer that have not said "stopped" */
	bool replace;     /* and the frontends are being suspended: backends are next */
	bool finished;
	void (*stopped)(void *context);
	void *context;
};

struct transport *transport_create(uv_loop_t *loop, struct config *config,
				   const struct frontend_ops *const *known)
{
	struct transport *transport = MEM_NEW(struct transport);

	transport->loop = loop;
	transport->config = config;
	transport->pool = pool_create();
	list_init(&transport->frontends);
	list_init(&transport->unused_frontends);
	list_init(&transport->card_requests);
	list_init(&transport->bans_questions);
	transport->users = map_create();
	transport->identities = map_create();
	transport->authentications = map_create();
	transport->departed = map_create();
	transport->bans = map_create();
	transport->log_levels = map_create();
	list_init(&transport->watches);
	transport->started_ms = clock_ms();
	transport->metrics = metrics_create();
	transport->http = http_server_create(loop, &transport->log);
	config_bind(config, &service_config_table, &transport->service);
	config_bind(config, &store_config_table, &transport->store_config);
	config_bind(config, &spool_config_table, &transport->spool_settings);
	config_bind(config, &media_config_table, &transport->media_config);
	for (size_t i = 0; known[i]; i++) {
		struct frontend *frontend = known[i]->create(config);

		frontend->ops = known[i];
		list_append(&transport->unused_frontends, &frontend->link);
	}
	return transport;
}

static struct frontend *find_frontend(const struct list *frontends, const char *name)
{
	LIST_EACH (link, frontends) {
		struct frontend *frontend = CONTAINER_OF(link, struct frontend, link);

		if (!strcmp(frontend->ops->name, name))
			return frontend;
	}
	return NULL;
}

struct frontend *transport_frontend(const struct transport *transport, const char *name)
{
	return find_frontend(&transport->frontends, name);
}

struct frontend *transport_frontend_of_address(const struct transport *transport, const struct frontend *after,
					       const char *address, struct buf *out)
{
	const struct list *end = &transport->frontends;

	for (const struct list *link = after ? after->link.next : end->next; link != end; link = link->next) {
		struct frontend *frontend = CONTAINER_OF(link, struct frontend, link);

		if (!frontend->ops->normalize)
			buf_puts(out, address);
		if (!frontend->ops->normalize || frontend->ops->normalize(frontend, address, out))
			return frontend;
	}
	return NULL;
}

static int pick_frontend(struct transport *transport, const char *name, struct buf *error)
{
	struct frontend *frontend = find_frontend(&transport->unused_frontends, name);

	if (!frontend && transport_frontend(transport, name))
		return 0;
	if (!frontend) {
		buf_printf(error, "service.frontend: there is no frontend \"%s\"\n", name);
		return TP_ERR_INVALID;
	}
	list_remove(&frontend->link);
	list_append(&transport->frontends, &frontend->link);
	frontend->transport = transport;
	frontend->log = (struct log){.parent = &transport->log, .label = frontend->ops->name};
	return frontend->ops->check(frontend, error);
}

static bool check_media(const struct transport *transport, struct buf *error)
{
	const struct media_config *config = &transport->media_config;

	if (!media_check(config, error))
		return false;
	if (!media_is_configured(config) || *config->folder || *transport->service.working_dir)
		return true;
	buf_puts(error, "media.folder: without service.working_dir it has to be said where files are kept\n");
	return false;
}

int transport_check(struct transport *transport, struct buf *error)
{
	const struct service_config *service = &transport->service;
	enum log_level level;
	int err = 0;

	if (!*service->jid) {
		buf_puts(error, "service.jid is missing: the address of this gateway\n");
		err = TP_ERR_INVALID;
	}
	if (!*service->backend) {
		buf_puts(error,
			 "service.backend is missing: the program that speaks with the legacy network\n");
		err = TP_ERR_INVALID;
	}
	if (*service->log_level && !log_level_parse(service->log_level, &level)) {
		buf_printf(error, "logging.level: \"%s\" is none of error, warning, info, debug\n",
			   service->log_level);
		err = TP_ERR_INVALID;
	}
	enum spool_durability durability;

	if (!spool_settings_durability(&transport->spool_settings, SPOOL_PROCESS, &durability)) {
		buf_printf(error, "spool.durability: \"%s\" is none of off, process, power\n",
			   transport->spool_settings.durability);
		err = TP_ERR_INVALID;
	}
	if (!query_port_check(transport, error))
		err = TP_ERR_INVALID;
	if (!instance_metrics_check(transport, error))
		err = TP_ERR_INVALID;
	if (!check_media(transport, error))
		err = TP_ERR_INVALID;
	if (account_check(transport, error) < 0)
		err = TP_ERR_INVALID;
	for (size_t i = 0; i < service->frontends.count; i++)
		if (pick_frontend(transport, service->frontends.items[i], error) < 0)
			err = TP_ERR_INVALID;
	if (!err && list_empty(&transport->frontends)) {
		buf_puts(error, "service.frontend names no frontend\n");
		err = TP_ERR_INVALID;
	}
	return err;
}

/* Private memory. */
static size_t held_kb(void)
{
	size_t resident = mem_resident_kb(), shared = mem_shared_kb();

	return resident > shared ? resident - shared : 0;
}

/* What was needed while many people came or much was said, and what they leave behind when they go, lies between what
 * is in use: the system gets it only when it is looked for. Who leaves is remembered a while longer: that counts by
 * itself. It is looked for again as long as that brings something: what was under way may be done by then. With much
 * memory it takes long: never more than a two-thousandth of the time. */
static void give_memory_back(struct transport *transport)
{
	size_t crowd = 2 * map_count(transport->users) + map_count(transport->departed);
	size_t change = crowd > transport->crowd ? crowd - transport->crowd : transport->crowd - crowd;
	size_t before = held_kb();

	if (before < transport->held_kb)
		transport->held_kb = before;
	bool news = change > transport->crowd / 8 || before > transport->held_kb + transport->held_kb / 16;

	uint64_t began_ms = clock_ms();

	if ((!news && !transport->gives_back) || began_ms < transport->give_back_ms)
		return;
	mem_trim();
	transport->give_back_ms = began_ms + (clock_ms() - began_ms) * 2000;
	store_give_memory_back(transport->store);
	transport->crowd = crowd;
	transport->held_kb = held_kb();
	transport->gives_back = news || transport->held_kb + before / 64 < before;
}

static void keep_house(uv_timer_t *timer)
{
	struct transport *transport = timer->data;
	uint64_t now_ms = clock_ms();

	card_request_expire(transport, now_ms);
	room_bans_expire(transport, now_ms);
	session_expire(transport, now_ms);
	login_step_expire(transport, now_ms);
	router_expire_departed(transport, now_ms);
	delivery_expire(transport);
	resume_expire(transport);
	links_expire(transport, now_ms);
	command_questions_expire(transport, now_ms);
	give_memory_back(transport);
}

static void handle_closed(uv_handle_t *handle)
{
	mem_free(handle);
}

static void stop_housekeeping(struct transport *transport)
{
	if (transport->housekeeping)
		uv_close((uv_handle_t *)transport->housekeeping, handle_closed);
	transport->housekeeping = NULL;
}

static int start_control(struct transport *transport, struct buf *error)
{
	char *path = service_control_path(&transport->service);

	if (!path)
		return 0;
	int err = control_start(transport, path, &transport->control, error);

	mem_free(path);
	return err;
}

static void values_taken(struct transport *transport, unsigned serial, uint64_t number, int err)
{
	struct backend *backend = transport->backends ? network_plugin_server_find(transport->backends, serial) : NULL;

	(void)err;
	if (backend)
		backend_acknowledge(backend, number);
}

/* Where a server keeps what we have not acknowledged, a power cut need not cost anything; where it forgets what is
 * written to our socket (XEP-0114), a disk flush for each batch buys little. */
static enum spool_durability natural_durability(const struct transport *transport)
{
	LIST_EACH (link, &transport->frontends)
		if (CONTAINER_OF(link, struct frontend, link)->ops->acknowledges)
			return SPOOL_POWER;
	return SPOOL_PROCESS;
}

/* What a frame has brought, and that it was taken, are one batch: else the backend would bring it to the next process
 * again, or not at all. */
static void before_flush(void *context)
{
	const struct transport *transport = context;

	if (transport->backends)
		backend_attach_note_taken(transport->backends);
}

static int open_spool(struct transport *transport, struct buf *error)
{
	const struct spool_settings *settings = &transport->spool_settings;
	struct spool_config config = {.max_bytes = (uint64_t)settings->max_megabytes << 20,
				      .max_owner_bytes = (uint64_t)settings->max_user_megabytes << 20,
				      .max_owner_records = (unsigned)settings->max_user_messages,
				      .keep_dead_seconds = LIMIT_DEAD_LETTER_SECONDS,
				      .seen_seconds = LIMIT_SEEN_SECONDS,
				      .seen_count = LIMIT_SEEN_IDS,
				      .map_seconds = LIMIT_MAP_SECONDS,
				      .map_count = LIMIT_MAP_ENTRIES,
				      .before_flush = before_flush,
				      .context = transport};
	char *folder = NULL;

	spool_settings_durability(settings, natural_durability(transport), &config.durability);
	if (*settings->folder)
		folder = mem_strdup(settings->folder);
	else if (*transport->service.working_dir)
		folder = mem_printf("%s/spool", transport->service.working_dir);
	else
		config.durability = SPOOL_OFF;
	config.folder = folder;
	int err = spool_open(&transport->spool, transport->loop, &config, error);

	mem_free(folder);
	return err;
}

void transport_commit(struct transport *transport)
{
	if (!transport->spool)
		return;
	CRASH_POINT("core.commit.before");
	spool_flush(transport->spool);
	CRASH_POINT("core.commit.after");
}

void transport_commit_now(void *transport)
{
	transport_commit(transport);
}

void transport_commit_or_wait(struct transport *transport)
{
	if (transport->spool && (transport->stopping || !spool_can_wait(transport->spool)))
		transport_commit(transport);
}

static int open_media(struct transport *transport, struct buf *error)
{
	if (!media_is_configured(&transport->media_config))
		return 0;
	return media_open(&(struct media_place){.loop = transport->loop,
						.http = transport->http,
						.log = &transport->log,
						.working_dir = transport->service.working_dir},
			  &transport->media_config, &transport->media, error);
}

int transport_start(struct transport *transport, struct buf *error)
{
	features_init(transport);
	transport->values_taken = values_taken;
	int err = store_open(&transport->store, transport->loop, &transport->store_config, error);

	if (err)
		return err;
	err = open_spool(transport, error);
	if (err) {
		store_close(&transport->store);
		return err;
	}
	bans_load(transport);
	err = start_control(transport, error);
	if (!err)
		err = query_port_open(transport, &transport->query_port, error);
	if (!err)
		err = instance_metrics_open(transport, error);
	if (!err)
		err = open_media(transport, error);
	if (!err)
		err = network_plugin_server_start(transport, &transport->backends, error);
	if (err) {
		if (transport->control)
			control_stop(&transport->control);
		query_port_close(&transport->query_port);
		http_server_close(&transport->http, NULL, NULL);
		media_close(&transport->media, NULL, NULL);
		spool_close(&transport->spool);
		store_close(&transport->store);
		return err;
	}
	transport->housekeeping = MEM_NEW(uv_timer_t);
	uv_timer_init(transport->loop, transport->housekeeping);
	transport->housekeeping->data = transport;
	uv_timer_start(transport->housekeeping, keep_house, HOUSEKEEPING_MS, HOUSEKEEPING_MS);
	return 0;
}

static void give_up(struct transport *transport, const char *text)
{
	log_error(&transport->log, "%s", text);
	if (transport->failed)
		transport->failed(transport->failed_context);
	else
		kill(getpid(), SIGTERM);
}

void transport_backend_ready(struct transport *transport)
{
	struct buf error = {0};

	if (transport->frontends_started || transport->stopping)
		return;
	transport->frontends_started = true;
	LIST_EACH (link, &transport->frontends) {
		struct frontend *frontend = CONTAINER_OF(link, struct frontend, link);

		if (frontend->ops->start(frontend, &error) == 0)
			continue;
		give_up(transport, buf_text(&error));
		buf_finish(&error);
		return;
	}
	buf_finish(&error);
	reconnect_start(transport);
}

bool transport_is_ready(const struct transport *transport)
{
	if (!transport->frontends_started)
		return false;
	LIST_EACH (link, (struct list *)&transport->frontends) {
		const struct frontend *frontend = CONTAINER_OF(link, const struct frontend, link);

		if (frontend->ops->is_beginning && frontend->ops->is_beginning(frontend))
			return false;
	}
	return true;
}

void transport_features_changed(struct transport *transport)
{
	LIST_EACH (link, &transport->frontends) {
		struct frontend *frontend = CONTAINER_OF(link, struct frontend, link);

		if (frontend->ops->features_changed)
			frontend->ops->features_changed(frontend);
	}
}

void transport_backend_config(struct transport *transport, const char *text, size_t length)
{
	features_merge(transport, text, length);
	if (transport->spool)
		spool_note_set(transport->spool, "config", "", text, length);
	transport_features_changed(transport);
}

void transport_hold(struct frontend *frontend, bool hold)
{
	struct transport *transport = frontend->transport;
	bool held = false;

	if (frontend->holds == hold)
		return;
	frontend->holds = hold;
	LIST_EACH (link, &transport->frontends)
		held = held || CONTAINER_OF(link, struct frontend, link)->holds;
	log_debug(&frontend->log, hold ? "takes no more: backends are not read" : "takes more again");
	if (transport->backends)
		network_plugin_server_hold(transport->backends, held);
}

/* ------------------------------------------------------------------------------------------------ the end */

static void deadline_closed(uv_handle_t *handle)
{
	struct stopping *stop = handle->data;

	stop->stopped(stop->context);
}

static void finish(struct stopping *stop)
{
	struct transport *transport = stop->transport;

	if (stop->finished)
		return;
	stop->finished = true;
	if (stop->pending)
		log_warning(&transport->log, "not everything would end: leaving it behind");
	if (transport->control)
		control_stop(&transport->control);
	query_port_close(&transport->query_port);
	spool_close(&transport->spool);
	if (transport->store)
		store_close(&transport->store);
	uv_close((uv_handle_t *)&stop->deadline, deadline_closed);
}

static void one_stopped(void *context);

/* Nobody sends anything to us any more, so backends are next. */
static void leave_backends(struct stopping *stop)
{
	struct transport *transport = stop->transport;

	stop->replace = false;
	stop->pending = 1;
	transport_commit(transport);
	transport->stopping = true;
	network_plugin_server_leave(transport->backends, one_stopped, stop);
}

static void one_stopped(void *context)
{
	struct stopping *stop = context;

	stop->pending--;
	if (!stop->pending && stop->replace)
		leave_backends(stop);
	else if (!stop->pending)
		finish(stop);
}

static void deadline_over(uv_timer_t *timer)
{
	finish(timer->data);
}

static void end_sessions(struct transport *transport)
{
	struct map_iter it = {0};

	while (map_next(transport->users, &it)) {
		struct user *user = it.value;

		user_destroy(&user, "The gateway is being shut down.");
	}
	session_forget_all(transport);
	portal_forget_all(transport);
	session_authentication_forget_all(transport);
}

/* After the frontends: what they write and fetch is theirs to end. */
static void stop_media(struct stopping *stop)
{
	stop->pending++;
	media_close(&stop->transport->media, one_stopped, stop);
}

static struct stopping *begin_stop(struct transport *transport, void (*stopped)(void *context), void *context)
{
	struct stopping *stop = MEM_NEW(struct stopping);

	transport->stop = stop;
	stop->transport = transport;
	stop->stopped = stopped;
	stop->context = context;
	stop->pending = 1; /* the caller */
	uv_timer_init(transport->loop, &stop->deadline);
	stop->deadline.data = stop;
	uv_timer_start(&stop->deadline, deadline_over, STOP_MS, 0);
	if (transport->store)
		store_hurry(transport->store);
	reconnect_stop(transport);
	drain_finish(transport);
	stop_housekeeping(transport);
	stop->pending++;
	http_server_close(&transport->http, one_stopped, stop);
	return stop;
}

void transport_replace(struct transport *transport, void (*replaced)(void *context), void *context)
{
	if (transport->stopping || transport->stop)
		return;
	struct stopping *stop = begin_stop(transport, replaced, context);

	stop->replace = true;
	if (transport->frontends_started) {
		LIST_EACH (link, &transport->frontends) {
			struct frontend *frontend = CONTAINER_OF(link, struct frontend, link);

			stop->pending++;
			(frontend->ops->suspend ? frontend->ops->suspend : frontend->ops->stop)(frontend, one_stopped, stop);
		}
	}
	stop_media(stop);
	one_stopped(stop);
}

void transport_stop(struct transport *transport, void (*stopped)(void *context), void *context)
{
	if (transport->stopping || transport->stop)
		return;
	transport->stopping = true;
	struct stopping *stop = begin_stop(transport, stopped, context);

	if (transport->frontends_started) {
		LIST_EACH (link, &transport->frontends) {
			struct frontend *frontend = CONTAINER_OF(link, struct frontend, link);

			stop->pending++;
			frontend->ops->stop(frontend, one_stopped, stop);
		}
	}
	stop_media(stop);
	end_sessions(transport);
	if (transport->backends) {
		stop->pending++;
		network_plugin_server_stop(transport->backends, one_stopped, stop);
	}
	one_stopped(stop);
}

static void destroy_frontends(struct list *frontends)
{
	LIST_EACH (link, frontends) {
		struct frontend *frontend = CONTAINER_OF(link, struct frontend, link);

		list_remove(link);
		admin_notice_forget(frontend);
		frontend->ops->destroy(frontend);
	}
}

void transport_destroy(struct transport **slot)
{
	struct transport *transport = *slot;

	*slot = NULL;
	if (!transport)
		return;
	transport->stopping = true;
	reconnect_stop(transport);
	drain_finish(transport);
	stop_housekeeping(transport);
	end_sessions(transport);
	if (transport->control)
		control_stop(&transport->control);
	query_port_close(&transport->query_port);
	http_server_close(&transport->http, NULL, NULL);
	spool_close(&transport->spool);
	if (transport->store)
		store_close(&transport->store);
	if (transport->backends)
		network_plugin_server_destroy(&transport->backends);
	destroy_frontends(&transport->frontends);
	destroy_frontends(&transport->unused_frontends);
	portraits_finish(transport);
	media_close(&transport->media, NULL, NULL);
	account_finish(transport);
	router_expire_departed(transport, UINT64_MAX);
	links_expire(transport, UINT64_MAX);
	command_questions_expire(transport, UINT64_MAX);
	map_destroy(&transport->departed, NULL);
	bans_finish(transport);
	map_destroy(&transport->log_levels, mem_free);
	map_destroy(&transport->authentications, NULL);
	map_destroy(&transport->identities, NULL);
	map_destroy(&transport->users, NULL);
	metrics_destroy(&transport->metrics);
	mem_free((void *)transport->room_list);
	mem_free((void *)transport->room_names);
	mem_free(transport->stop);
	pool_destroy(&transport->pool);
	mem_free(transport);
}

/* ------------------------------------------------------------------------------------------ administrators
 */

bool transport_is_admin(const struct transport *transport, const char *frontend, const char *address)
{
	const struct config_list *admins = &transport->service.admin_jid;
	struct frontend *asked = transport_frontend(transport, frontend);

	if (asked && asked->ops->is_admin)
		return asked->ops->is_admin(asked, address);
	/* The key holds XMPP addresses; only a server-stamped bare JID may match, and all of it. */
	if (strcmp(frontend, "xmpp") != 0)
		return false;
	for (size_t i = 0; i < admins->count; i++)
		if (*admins->items[i] && text_equal_nocase(admins->items[i], address))
			return true;
	return false;
}
