/* SPDX-License-Identifier: MIT */
#include "transport/people/user.h"

#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"
#include "protocol/degrade.h"
#include "transport/backend/backend.h"
#include "transport/backend/network_plugin_server.h"
#include "transport/drain.h"
#include "transport/frontend.h"
#include "transport/people/account.h"
#include "transport/people/ban.h"
#include "transport/people/login_step.h"
#include "transport/people/request.h"
#include "transport/people/roster.h"
#include "transport/people/session.h"
#include "transport/people/values.h"
#include "transport/rooms/room.h"
#include "transport/rooms/room_key.h"
#include "transport/routing/ahead.h"
#include "transport/routing/conversation.h"
#include "transport/routing/delivery.h"
#include "transport/routing/router.h"
#include "transport/routing/watch.h"
#include "transport/spool/spool.h"
#include "transport/transport.h"

#define FLAP_MS 60000 /* a session that ended sooner counts as flapping */

/* Before attempt n in a row; jitter keeps people apart who lost the same backend. */
static const unsigned retry_delays_ms[] = {100, 1000, 5000, 15000, 60000};

struct user *user_find(const struct transport *transport, const char *key)
{
	return map_get(transport->users, key);
}

void user_prefetch(const struct user *user)
{
	if (!user)
		return;
	mem_prefetch(user->last_conversation, sizeof(*user->last_conversation));
	mem_prefetch(user->outbox, sizeof(*user->outbox));
	mem_prefetch(user->roster, sizeof(*user->roster));
}

void user_set_grace(struct user *user, uint64_t ms)
{
	user->grace_ms = clock_ms() + ms;
	if (user->transport->grace_until_ms < user->grace_ms)
		user->transport->grace_until_ms = user->grace_ms;
}

int user_log_level(const struct transport *transport, const char *key)
{
	const signed char *level = map_get(transport->log_levels, key);

	return level ? *level : -1;
}

static void apply_log_level(struct user *user, int level)
{
	if (level >= 0)
		log_set_level(&user->log, (enum log_level)level);
	else
		log_reset_level(&user->log);
}

void user_set_log_level(struct transport *transport, const char *key, int level)
{
	struct user *user = user_find(transport, key);
	const signed char kept = (signed char)level;

	mem_free(level >= 0 ? map_put(transport->log_levels, key, mem_dup(&kept, sizeof(kept)))
	                    : map_remove(transport->log_levels, key));
	if (user)
		apply_log_level(user, level);
}

struct user *user_create(struct transport *transport, const struct store_account *account)
{
	struct user *user = (struct user *)mem_alloc_text(sizeof(struct user), sizeof(struct user), account->key);
	struct buf label = {0};

	char *address = account_key_address(transport, account->key);

	buf_puts(&label, "user ");
	text_quote(&label, address, strlen(address), 200);
	mem_free(address);
	user->label = buf_take(&label);
	user->log = (struct log){.parent = &transport->log, .label = user->label};
	user->transport = transport;
	user->key = (char *)(user + 1);
	user->account = account->id;
	user->legacy_name = mem_strdup(account->legacy_name ? account->legacy_name : "");
	user->password = mem_strdup(account->password ? account->password : "");
	user->language = mem_strdup(account->language ? account->language : "");
	user->vip = account->vip;
	user->online = account->online;
	for (size_t i = 0; i < account->settings_count; i++)
		mem_free(map_set(&user->settings, account->settings[i].name,
				 mem_strdup(account->settings[i].value)));
	list_init(&user->identities);
	list_init(&user->backend_link);
	user->sent_status = STATUS_OFFLINE;
	user->roster = roster_create(user, account->contacts);
	user->active_ms = clock_ms();
	map_put(transport->users, user->key, user);
	apply_log_level(user, user_log_level(transport, user->key));
	return user;
}

/* Backends that speak in stanzas get those. False: the event has to be sent as well. */
static bool send_raw(struct user *user, const struct event *event)
{
	const struct event_raw *raw = event->raw;

	if (!raw || !user->transport->features.raw_xml)
		return false;
	struct event out = {.type = EVENT_RAW_XML,
			    .user = user->key,
			    .trace = event->trace,
			    .text = {.bytes = raw->bytes, .length = raw->length}};

	backend_send(user->backend, &out);
	return event->type != EVENT_ROOM_JOIN && event->type != EVENT_ROOM_LEAVE;
}

/* What the backend cannot be told is said in words. */
static int send_degraded(struct user *user, const struct event *event)
{
	struct arena arena = {0};
	struct event plain = *event;
	int err = user_degrade(user, &arena, &plain.message);

	if (!err)
		err = backend_send(user->backend, &plain);
	else
		log_debug(&user->log, "nothing of a message can be said to %s, trace %llu", user->backend->label,
			  (unsigned long long)event->trace);
	arena_finish(&arena);
	return err;
}

int user_send(struct user *user, struct event *event)
{
	if (!user->backend)
		return TP_ERR_CLOSED;
	event->user = user->key;
	if (!event->trace)
		event->trace = delivery_next_trace(user->transport);
	watch_note(user->transport, user->key, WATCH_TO_NETWORK, user->backend->label, NULL, event, 0);
	log_debug(&user->log, "%s to %s, trace %llu", event_type_name(event->type), user->backend->label,
		  (unsigned long long)event->trace);
	if (send_raw(user, event))
		return 0;
	if (event->type == EVENT_MESSAGE && !user->backend->extended)
		return send_degraded(user, event);
	return backend_send(user->backend, event);
}

int user_degrade(const struct user *user, struct arena *arena, struct event_message *message)
{
	return user->backend && !user->backend->extended ? degrade_message(arena, message) : 0;
}

/* The text is told once per outage; event.session.text is NULL afterwards. */
static void tell_session(struct user *user, enum session_state state, int error, const char *text)
{
	struct event event = {
		.type = EVENT_SESSION,
		.user = user->key,
		.session = {.state = state, .error = error, .text = text && *text ? text : NULL}};

	router_deliver(user, NULL, &event);
}

static void timer_closed(uv_handle_t *handle)
{
	mem_free(handle);
}

static void stop_retry_timer(struct user *user)
{
	if (!user->retry_timer)
		return;
	uv_close((uv_handle_t *)user->retry_timer, timer_closed);
	user->retry_timer = NULL;
}

static void set_online(struct user *user, bool online)
{
	/* A process that ends leaves the flag: its successor brings these people back. Setting it stamps the
	 * login. */
	if ((!online && !user->online) || user->transport->stopping)
		return;
	user->online = online;
	store_set_online(user->transport->store, user->account, online);
}

/* Gives the backend, or the place in the queue, back. */
static void release_backend(struct user *user, bool say_logout)
{
	struct event event = {.type = EVENT_LOGOUT, .login = {.legacy_name = user->legacy_name}};

	if (user->backend) {
		if (say_logout && user->login_sent)
			user_send(user, &event);
		router_note_departed(user);
	}
	if (user->backend || user->state == USER_WAITING)
		network_plugin_server_release(user->transport->backends, user);
	user->backend = NULL;
	user->login_sent = false;
	user->sent_status = STATUS_OFFLINE;
	MEM_FREE(user->sent_status_text);
}

static void close_rooms(struct user *user, const char *reason)
{
	struct map_iter it = {0};

	while (map_next(user->rooms, &it)) {
		struct room *room = it.value;

		room_close(&room, reason);
	}
	delivery_user_gone(user, reason);
}

static void mark_rooms_lost(struct user *user)
{
	struct map_iter it = {0};

	while (map_next(user->rooms, &it))
		room_mark_lost(it.value);
}

/* The legacy session is over or interrupted: who came by it is gone. Rooms are the caller's. */
static void end_session(struct user *user, bool say_logout)
{
	if (user->state == USER_CONNECTED) {
		bool short_lived = clock_ms() - user->connected_ms < FLAP_MS;

		user->flaps = short_lived ? user->flaps + 1 : 0;
	}
	stop_retry_timer(user);
	login_step_clear(user, true);
	card_request_close_all(user);
	release_backend(user, say_logout);
	delivery_user_lost(user);
	roster_go_offline(user->roster);
	user->connected_ms = 0;
	user->resuming = false;
}

static void free_user(struct user *user)
{
	log_reset_level(&user->log);
	roster_destroy(&user->roster);
	map_destroy(&user->rooms, NULL);
	map_destroy(&user->conversations, mem_free);
	map_destroy(&user->requests, NULL);
	map_destroy(&user->settings, mem_free);
	delivery_user_freed(user);
	mem_free((void *)user->room_list);
	mem_free((void *)user->room_names);
	mem_free(user->legacy_name);
	mem_free_secret(user->password);
	mem_free_secret(user->authenticating);
	login_step_clear(user, false);
	mem_free(user->language);
	mem_free(user->last_error_text);
	mem_free(user->sent_status_text);
	mem_free(user->label);
	mem_free(user);
}

bool user_is_attended(const struct user *user)
{
	LIST_EACH (link, &user->identities) {
		const struct identity *identity = CONTAINER_OF(link, struct identity, link);

		if (!list_empty(&identity->resources))
			return true;
	}
	return false;
}

void user_destroy(struct user **slot, const char *reason)
{
	struct user *user = *slot;

	*slot = NULL;
	if (!user)
		return;
	session_authentication_drop(user);
	session_admission_drop(user);
	end_session(user, true);
	close_rooms(user, reason);
	user->state = USER_IDLE;
	set_online(user, false);
	if (user_is_attended(user))
		tell_session(user, SESSION_LOGGED_OUT, 0, reason);
	session_forget_user(user);
	map_remove(user->transport->users, user->key);
	if (user->transport->spoken_of == user)
		user->transport->spoken_of = NULL;
	ahead_forget(user->transport, user);
	log_debug(&user->log, "session ended");
	free_user(user);
}

static void wait_for_backend(struct user *user)
{
	user->state = USER_WAITING;
	network_plugin_server_assign(user->transport->backends, user);
}

static void notify(struct user *user, const char *text, bool of_session)
{
	LIST_EACH(link, &user->identities)
	{
		const struct identity *identity = CONTAINER_OF(link, struct identity, link);
		struct frontend *frontend = identity->frontend;

		if (!list_empty(&identity->resources) && frontend->ops->notify && !user->transport->stopping &&
		    !(of_session && frontend->ops->tells_of_sessions))
			frontend->ops->notify(frontend, identity->address, text);
	}
}

void user_notify(struct user *user, const char *text)
{
	notify(user, text, false);
}

void user_tell_kept_out(struct user *user, const char *text)
{
	tell_session(user, SESSION_DISABLED, 0, text);
	notify(user, text, true);
}

void user_login(struct user *user)
{
	const char *text;

	if (user->transport->stopping || (user->state != USER_IDLE && user->state != USER_FAILED))
		return;
	if (!user_may_log_in(user, &text)) {
		tell_session(user, SESSION_DISABLED, 0, text);
		return;
	}
	text = drain_sentence(user->transport);
	if (text) {
		user_tell_kept_out(user, text);
		return;
	}
	user->retries = 0;
	MEM_FREE(user->last_error_text);
	tell_session(user, SESSION_CONNECTING, 0, NULL);
	wait_for_backend(user);
}

void user_logout(struct user *user)
{
	if (user->state == USER_IDLE)
		return;
	session_authentication_drop(user);
	end_session(user, true);
	close_rooms(user, "You have logged out.");
	user->state = USER_IDLE;
	set_online(user, false);
	tell_session(user, SESSION_LOGGED_OUT, 0, NULL);
}

static void suspend(struct user *user, const char *reason, bool say_logout)
{
	end_session(user, say_logout);
	close_rooms(user, reason);
	user->state = USER_IDLE;
	tell_session(user, SESSION_LOGGED_OUT, 0, reason);
}

void user_suspend(struct user *user, const char *reason)
{
	if (user->state == USER_IDLE || user->state == USER_FAILED)
		return;
	session_authentication_drop(user);
	suspend(user, reason, true);
}

void user_relogin(struct user *user)
{
	end_session(user, true);
	mark_rooms_lost(user);
	user->state = USER_IDLE;
	user_login(user);
}

static void send_login(struct user *user)
{
	struct event_setting *settings = mem_alloc((map_count(user->settings) + 1) * sizeof(*settings));
	struct event event = {
		.type = EVENT_LOGIN,
		.login = {.legacy_name = user->legacy_name,
			  .password = user->authenticating ? user->authenticating : user->password,
			  .settings = settings}};
	struct map_iter it = {0};

	while (map_next(user->settings, &it)) {
		if (!user_setting_is_for_backend(it.key))
			continue;
		settings[event.login.settings_count].name = it.key;
		settings[event.login.settings_count++].value = it.value;
	}
	user_send(user, &event);
	mem_free(settings);
}

static void send_contacts(struct user *user)
{
	struct event_contact *contacts =
		mem_alloc((contacts_count(user->roster->contacts) + 1) * sizeof(*contacts));
	struct event event = {.type = EVENT_CONTACTS, .contacts = {.contacts = contacts}};
	struct contacts_iter it = {0};

	while (contacts_next(user->roster->contacts, &it)) {
		const struct contact *contact = it.contact;
		struct event one;

		if (!contact->stored)
			continue;
		contact_to_event(contact, user, &one);
		one.contact.status = STATUS_OFFLINE;
		one.contact.has_blocked = false;
		contacts[event.contacts.count++] = one.contact;
	}
	user_send(user, &event);
	mem_free(contacts);
}

void user_backend_assigned(struct user *user, struct backend *backend)
{
	/* Given another backend in the middle of a session: the rooms are joined there again. */
	if (user->state == USER_CONNECTED || user->state == USER_CONNECTING) {
		delivery_user_lost(user);
		mark_rooms_lost(user);
	}
	stop_retry_timer(user);
	user->backend = backend;
	user->state = USER_CONNECTING;
	user->sent_status = STATUS_OFFLINE;
	MEM_FREE(user->sent_status_text);
	login_step_clear(user, user->question_lost);
	user->values_serial++;
	user->login_sent = false;
	log_debug(&user->log, "login through %s", backend->label);
	if (backend->extended)
		values_load(user);
	else
		user_log_in(user);
}

void user_log_in(struct user *user)
{
	user->login_sent = true;
	send_login(user);
	if (user->transport->features.send_contacts_on_login)
		send_contacts(user);
	user_update_status(user);
}

void user_resume(struct user *user, struct backend *backend, bool connected)
{
	list_append(&backend->users, &user->backend_link);
	backend->users_count++;
	backend->empty_ms = 0;
	user->backend = backend;
	user->state = connected ? USER_CONNECTED : USER_CONNECTING;
	user->resuming = user->login_sent = true;
	user->connected_ms = user->active_ms = clock_ms();
	user->online = true;
}

void user_backend_leave(struct user *user)
{
	log_info(&user->log, "idle: moved to another backend");
	card_request_close_all(user);
	release_backend(user, true);
	delivery_user_lost(user);
	roster_go_offline(user->roster);
	mark_rooms_lost(user);
	user->state = USER_WAITING;
}

void user_backend_unavailable(struct user *user)
{
	if (user->told_unavailable)
		return;
	user->told_unavailable = true;
	user_notify(
	        user,
	        "The program that serves this network does not work at the moment. You will be logged in as "
	        "soon as it does.");
}

static void tell_available(struct user *user)
{
	if (user->told_unavailable)
		user_notify(user, "The network can be reached again.");
	user->told_unavailable = false;
}

/* What the person changed while there was no session. */
static void send_unsent_contacts(struct user *user)
{
	struct contacts_iter it = {0};

	/* mostly none of them, who may be thousands */
	if (!user->roster->any_unsent)
		return;
	user->roster->any_unsent = false;
	while (contacts_next(user->roster->contacts, &it)) {
		struct contact *contact = it.contact;
		struct event event;

		if (!contact->unsent)
			continue;
		contact->unsent = false;
		contact_to_event(contact, user, &event);
		event.contact.status = STATUS_OFFLINE;
		event.contact.has_blocked = false;
		user_send(user, &event);
	}
}

void user_connected(struct user *user)
{
	struct map_iter it = {0};

	if (user->state != USER_CONNECTING || login_step_has_ended(user))
		return;
	user->state = USER_CONNECTED;
	user->transport->counters.logins++;
	user->retries = 0;
	user->connected_ms = user->active_ms = clock_ms();
	MEM_FREE(user->last_error_text);
	login_step_clear(user, false);
	log_info(&user->log, "connected");
	session_authentication_done(user, 0, NULL);
	set_online(user, true);
	tell_session(user, SESSION_CONNECTED, 0, NULL);
	tell_available(user);
	user_update_status(user);
	send_unsent_contacts(user);
	while (map_next(user->rooms, &it))
		room_join(it.value);
	delivery_user_ready(user);
}

static void retry_now(uv_timer_t *timer)
{
	struct user *user = timer->data;

	stop_retry_timer(user);
	wait_for_backend(user);
}

static unsigned retry_delay_ms(const struct user *user)
{
	unsigned flaps = user->flaps > 1 ? user->flaps - 1 : 0; /* the first loss is everybody's */
	unsigned step = (unsigned)user->retries > flaps ? (unsigned)user->retries : flaps;
	unsigned random;

	if (step >= ARRAY_SIZE(retry_delays_ms))
		step = ARRAY_SIZE(retry_delays_ms) - 1;
	random_bytes(&random, sizeof(random));
	return retry_delays_ms[step] + random % (retry_delays_ms[step] / 2);
}

static void retry(struct user *user, int error, const char *text, bool say_logout)
{
	bool first = user->retries == 0;

	end_session(user, say_logout);
	mark_rooms_lost(user);
	user->state = USER_RETRYING;
	unsigned delay = retry_delay_ms(user);

	if (user->retries < USER_RETRIES)
		user->retries++;
	user->retry_timer = MEM_NEW(uv_timer_t);
	uv_timer_init(user->transport->loop, user->retry_timer);
	user->retry_timer->data = user;
	uv_timer_start(user->retry_timer, retry_now, delay, 0);
	log_info(&user->log, "connection lost (%d, %s): attempt %d in %u ms", error, log_quote(text),
		 user->retries, delay);
	if (first)
		tell_session(user, SESSION_RECONNECTING, error, text);
}

static void fail(struct user *user, int error, const char *text, bool say_logout)
{
	end_session(user, say_logout);
	close_rooms(user, text);
	user->state = USER_FAILED;
	set_online(user, false);
	log_info(&user->log, "connection failed (%d, %s)", error, log_quote(text));
	tell_session(user, SESSION_FAILED, error, text);
}

void user_end_login(struct user *user, const char *text)
{
	if (session_authentication_done(user, TP_ERR_AUTH, text))
		return;
	end_session(user, true);
	close_rooms(user, text);
	user->state = USER_IDLE;
	set_online(user, false);
	user->last_error = CONNECTION_ERROR_AUTHENTICATION_FAILED;
	mem_replace(&user->last_error_text, text);
	tell_session(user, SESSION_FAILED, user->last_error, text);
	user_release_if_unused(user);
}

static int authentication_error(int error)
{
	switch (error) {
	case CONNECTION_ERROR_INVALID_USERNAME:
	case CONNECTION_ERROR_AUTHENTICATION_FAILED:
	case CONNECTION_ERROR_AUTHENTICATION_IMPOSSIBLE:
		return TP_ERR_AUTH;
	default:
		return TP_ERR_IO;
	}
}

/* `by_network`: the network ended it, or did not let the user in; otherwise the backend program has failed, which is
 * nothing that the person could mend: it is tried for as long as it takes (network_plugin_server.c sets the pace). */
static void lose(struct user *user, int error, const char *text, bool by_network)
{
	bool retryable = error == CONNECTION_ERROR_NETWORK || error == CONNECTION_ERROR_OTHER;
	bool say_logout = by_network;

	if (user->state != USER_CONNECTING && user->state != USER_CONNECTED)
		return;
	if (login_step_has_ended(user))
		return;
	if (user->state == USER_CONNECTED)
		user->transport->counters.sessions_lost++;
	else
		user->transport->counters.logins_failed++;
	user->last_error = error;
	mem_replace(&user->last_error_text, text && *text ? text : "The connection to the network was lost.");
	text = user->last_error_text;
	if (user->authentication) {
		char *sentence = mem_strdup(text);

		/* What was tested is no good; nobody waits for a second attempt. */
		if (!user_is_attended(user))
			end_session(user, say_logout);
		bool gone = session_authentication_done(user, authentication_error(error), sentence);

		mem_free(sentence);
		if (gone)
			return;
	}
	if (retryable && drain_sentence(user->transport))
		suspend(user, drain_sentence(user->transport), say_logout);
	else if (!by_network || (retryable && user->retries < USER_RETRIES))
		retry(user, error, text, say_logout);
	else
		fail(user, error, text, say_logout);
}

void user_disconnected(struct user *user, int error, const char *text)
{
	lose(user, error, text, true);
}

void user_backend_lost(struct user *user, const char *why)
{
	if (user->state == USER_CONNECTING || user->state == USER_CONNECTED) {
		log_info(&user->log, "backend lost");
		lose(user, CONNECTION_ERROR_OTHER, why, false);
		return;
	}
	release_backend(user, false);
}

/* Which of two resources of the same priority says more about the person. */
static int status_rank(enum status status)
{
	static const enum status order[] = {STATUS_FREE_FOR_CHAT, STATUS_ONLINE,        STATUS_DO_NOT_DISTURB,
					    STATUS_AWAY,          STATUS_EXTENDED_AWAY, STATUS_INVISIBLE,
					    STATUS_OFFLINE};

	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		if (order[i] == status)
			return (int)i;
	return (int)ARRAY_SIZE(order);
}

static const struct resource *better(const struct resource *best, const struct resource *other)
{
	if (!best || other->priority != best->priority)
		return !best || other->priority > best->priority ? other : best;
	return status_rank(other->status) < status_rank(best->status) ? other : best;
}

static const struct resource *most_important(const struct user *user)
{
	const struct resource *best = NULL;

	LIST_EACH (link, &user->identities) {
		const struct identity *identity = CONTAINER_OF(link, struct identity, link);

		LIST_EACH (inner, &identity->resources) {
			const struct resource *resource = CONTAINER_OF(inner, struct resource, link);

			if (resource->has_presence && resource->status != STATUS_OFFLINE)
				best = better(best, resource);
		}
	}
	return best;
}

void user_update_status(struct user *user)
{
	const struct resource *best = most_important(user);

	/* Being away altogether is never told: LOGOUT says it, or the person stays connected. */
	if (!user->backend || !user->login_sent || !best)
		return;
	const char *text = best->status_text ? best->status_text : "";

	if (user->sent_status == best->status && user->sent_status_text &&
	    !strcmp(user->sent_status_text, text))
		return;
	struct event event = {.type = EVENT_STATUS, .status = {.status = best->status, .text = text}};

	user->sent_status = best->status;
	mem_replace(&user->sent_status_text, text);
	user_send(user, &event);
}

bool user_release_if_unused(struct user *user)
{
	if (user_is_attended(user) || user->authentication)
		return false;
	bool is_active = user->state != USER_IDLE && user->state != USER_FAILED;

	if (is_active && user_stays_connected(user))
		return false;
	user_destroy(&user, NULL);
	return true;
}

bool user_setting_bool(const struct user *user, const char *name, bool fallback)
{
	const char *text = map_get(user->settings, name);
	bool value;

	return text && config_parse_bool(text, &value) ? value : fallback;
}

char *user_nickname(const struct user *user)
{
	return mem_strndup(user->legacy_name, strcspn(user->legacy_name, "@"));
}

bool user_stays_connected(const struct user *user)
{
	return user_setting_bool(user, "stay_connected", user->transport->service.stay_connected);
}

const char *user_kept_out(const struct transport *transport, const char *key, bool vip)
{
	const struct service_config *service = &transport->service;
	const char *ban = ban_sentence(transport, key);

	if (ban || !service->vip_only || vip)
		return ban;
	return service->vip_message ? service->vip_message : "";
}

bool user_may_log_in(const struct user *user, const char **text)
{
	const char *kept_out = user_kept_out(user->transport, user->key, user->vip);

	if (text)
		*text = kept_out && *kept_out ? kept_out : NULL;
	if (kept_out)
		return false;
	if (!user_setting_bool(user, "enable_transport", true)) {
		if (text)
			*text = "This account is switched off in its settings.";
		return false;
	}
	return true;
}

void user_set_setting(struct user *user, const char *name, const char *value)
{
	mem_free(value ? map_set(&user->settings, name, mem_strdup(value)) : map_remove(user->settings, name));
	store_set_setting(user->transport->store, user->account, name, value, NULL, NULL);
}

bool user_setting_is_for_backend(const char *name)
{
	static const char *const internal[] = {"enable_transport", "send_headlines", "stay_connected",
					       "photohash",        "storage",        "rooms",
					       "slack_channel",    "display_name",   "delivery"};

	for (size_t i = 0; i < ARRAY_SIZE(internal); i++)
		if (!strcasecmp(name, internal[i]))
			return false;
	return !room_key_is_setting(name) && !strcasestr(name, "token");
}
