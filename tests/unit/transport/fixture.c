/* SPDX-License-Identifier: MIT */
#include "tests/unit/transport/fixture.h"

#include <stdio.h>

#include "transport/admin/control.h"
#include "transport/admin/instance_metrics.h"
#include "transport/backend/backend_attach.h"
#include "transport/backend/query_port.h"
#include "transport/routing/delivery.h"

struct fixture *fx;

#define SAY(...) buf_printf(&fx->log, __VA_ARGS__)

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

static const char *const status_names[] = {"online", "away", "ffc", "xa", "dnd", "offline", "invisible"};
static const char *const session_names[] = {"unregistered", "disabled", "connecting", "connected",
					    "reconnecting", "failed",   "logged-out"};

static void say_login(const struct event_login *login)
{
	SAY(" %s %s", login->legacy_name, login->password);
	for (size_t i = 0; i < login->settings_count; i++)
		SAY(" %s=%s", login->settings[i].name, login->settings[i].value);
}

static void say_message(const struct event_message *message)
{
	static const char *const kinds[] = {"", " (room)", " (private)"};

	SAY("%s %s", kinds[message->kind], message->name);
	if (message->nickname)
		SAY("/%s", message->nickname);
	SAY(": %.40s", message->text);
	if (message->id)
		SAY(" id=%s", message->id);
	if (message->sent_id)
		SAY(" sent-id=%s", message->sent_id);
	if (message->replaces)
		SAY(" replaces=%s", message->replaces);
	if (message->retracts)
		SAY(" retracts=%s", message->retracts);
	if (message->reply_to)
		SAY(" reply-to=%s '%s' by %s", message->reply_to, or_empty(message->reply_text),
		    or_empty(message->reply_author));
	if (message->reacts_to)
		SAY(" reacts-to=%s %zu", message->reacts_to, message->reactions_count);
	if (message->thread)
		SAY(" thread=%s", message->thread);
	if (message->author.name)
		SAY(" author=%s", message->author.name);
	if (message->said_in)
		SAY(" said-in=%s", message->said_in);
	if (message->carbon)
		SAY(" carbon");
	if (message->headline)
		SAY(" headline");
}

static void say_participant(const struct event_participant *participant)
{
	SAY(" %s %s %s", participant->room, participant->nickname, status_names[participant->status]);
	if (participant->flags)
		SAY(" flags=%d", participant->flags);
	if (participant->role)
		SAY(" role=%d", (int)participant->role);
	if (participant->new_nickname)
		SAY(" now=%s", participant->new_nickname);
	if (participant->self)
		SAY(" self");
}

static void say_event(const struct event *event)
{
	switch (event->type) {
	case EVENT_LOGIN:
		SAY("login");
		say_login(&event->login);
		break;
	case EVENT_LOGOUT:
		SAY("logout %s", event->login.legacy_name);
		break;
	case EVENT_SESSION:
		SAY("session %s", session_names[event->session.state]);
		if (event->session.error)
			SAY(" %d", event->session.error);
		if (event->session.text)
			SAY(" '%s'", event->session.text);
		break;
	case EVENT_STATUS:
		SAY("status %s '%s'", status_names[event->status.status], or_empty(event->status.text));
		break;
	case EVENT_CONTACT:
		SAY("contact %s '%s' %s%s", event->contact.name, or_empty(event->contact.alias),
		    status_names[event->contact.status], event->contact.has_blocked ? "" : " (no block)");
		break;
	case EVENT_CONTACT_REMOVED:
		SAY("removed %s", event->contact.name);
		break;
	case EVENT_CONTACTS:
		SAY("contacts");
		for (size_t i = 0; i < event->contacts.count; i++)
			SAY(" %s", event->contacts.contacts[i].name);
		break;
	case EVENT_AUTH_REQUEST:
		SAY("asks %s", event->contact.name);
		break;
	case EVENT_MESSAGE:
		SAY("message");
		say_message(&event->message);
		break;
	case EVENT_SUBJECT:
		SAY("subject %s: %s", event->message.name, event->message.text);
		break;
	case EVENT_ATTENTION:
		SAY("attention %s", event->message.name);
		break;
	case EVENT_MODERATION:
		SAY("moderation %s %s %s '%s'", event->message.name, event->message.nickname,
		    event_moderation_name(event->message.moderation.action), event->message.text);
		if (event->message.moderation.role)
			SAY(" role=%d", (int)event->message.moderation.role);
		break;
	case EVENT_ROOM_CHANGE:
		SAY("room-change %s", event->message.name);
		if (event->message.change.title)
			SAY(" '%s'", event->message.change.title);
		if (event->message.change.has_picture)
			SAY(" picture %zu", event->message.change.picture_size);
		break;
	case EVENT_RECEIPT:
		SAY("receipt %s %s", event->receipt.name, event->receipt.id);
		break;
	case EVENT_CHAT_STATE:
		SAY("state %s%s%s %d", event->chat_state.name, event->chat_state.nickname ? "/" : "",
		    event->chat_state.nickname ? event->chat_state.nickname : "", (int)event->chat_state.state);
		break;
	case EVENT_ROOM_JOIN:
		SAY("join %s %s", event->room.name, event->room.nickname);
		break;
	case EVENT_ROOM_LEAVE:
		SAY("leave %s", event->room.name);
		if (event->room.reason)
			SAY(" '%s'", event->room.reason);
		break;
	case EVENT_ROOM_NICKNAME:
		SAY("nickname %s %s", event->room.name, event->room.nickname);
		break;
	case EVENT_PARTICIPANT:
		SAY("participant");
		say_participant(&event->participant);
		break;
	case EVENT_VCARD_REQUEST:
		SAY("card? %s %u", event->vcard.name, event->vcard.id);
		break;
	case EVENT_VCARD:
		SAY("card %s %u '%s'", event->vcard.name, event->vcard.id, or_empty(event->vcard.full_name));
		break;
	case EVENT_RAW_XML:
		if (!event->raw)
			SAY("raw %s", event->text.bytes);
		else
			SAY("raw %s", event->raw->name);
		break;
	case EVENT_READ_MARKER:
		SAY("read %s", event->read_marker.name);
		if (event->read_marker.nickname)
			SAY("/%s", event->read_marker.nickname);
		SAY(" %s", event->read_marker.message_id);
		break;
	case EVENT_BANS:
		SAY("bans %s", event->bans.room);
		break;
	case EVENT_ROOM_INFO:
		SAY("room-info %s '%s' '%s' icon=%s %u%s", event->room_info.room, or_empty(event->room_info.title),
		    or_empty(event->room_info.description), or_empty(event->room_info.icon_hash),
		    event->room_info.members, event->room_info.is_private ? " private" : "");
		break;
	case EVENT_LOGIN_STEP:
		SAY("step %u kind %d '%s'", event->login_step.step, (int)event->login_step.kind,
		    or_empty(event->login_step.text));
		for (size_t i = 0; i < event->login_step.choices_count; i++)
			SAY(" [%s]", event->login_step.choices[i]);
		if (event->login_step.data)
			SAY(" data=%s", event->login_step.data);
		break;
	case EVENT_LOGIN_ANSWER:
		SAY("login answer %u %s", event->login_answer.step,
		    event->login_answer.value ? event->login_answer.value : "(gives up)");
		break;
	case EVENT_VALUES:
		SAY("values");
		for (size_t i = 0; i < event->values.count; i++)
			SAY(" %s=%.*s", event->values.values[i].key, (int)event->values.values[i].size,
			    (const char *)event->values.values[i].bytes);
		break;
	default:
		SAY("%s", event_type_name(event->type));
		break;
	}
	if (event->raw)
		SAY(" as it is");
	SAY("\n");
}

/* -------------------------------------------------------------------------------------------- the frontend
 */

static struct frontend *fake_create(struct config *config)
{
	(void)config;
	return MEM_NEW(struct frontend);
}

static void fake_destroy(struct frontend *frontend)
{
	mem_free(frontend);
}

static int fake_check(struct frontend *frontend, struct buf *error)
{
	(void)frontend;
	(void)error;
	return 0;
}

static int fake_start(struct frontend *frontend, struct buf *error)
{
	(void)frontend;
	(void)error;
	SAY("frontend started\n");
	return 0;
}

static void fake_stop(struct frontend *frontend, void (*stopped)(void *context), void *context)
{
	(void)frontend;
	SAY("frontend stopped\n");
	if (!fx->hang)
		stopped(context);
}

/* A line for each stanza: "USER KIND NAME/RESOURCE TEXT". "message" comes with a body, the others without words. */
static int fake_read_raw(struct frontend *frontend, const char *bytes, size_t length, const struct raw_sink *sink,
			 void *context, const char **fault)
{
	char user[64], kind[64], name[64], text[64];
	struct event_raw raw = {.bytes = bytes, .length = length};
	struct event event = {.type = EVENT_RAW_XML, .raw = &raw};
	struct user *found;

	(void)frontend;
	*fault = "no stanza";
	if (sscanf(bytes, "%63s %63s %63s %63s", user, kind, name, text) != 4)
		return TP_ERR_INVALID;
	raw.resource = strchr(name, '/') ? strchr(name, '/') + 1 : NULL;
	if (raw.resource)
		*strchr(name, '/') = '\0';
	raw.name = name;
	raw.kind = !strcmp(kind, "query") ? RAW_QUERY : !strcmp(kind, "presence") ? RAW_PRESENCE : RAW_MESSAGE;
	if (!strcmp(kind, "message")) {
		event.type = EVENT_MESSAGE;
		event.message.name = name;
		event.message.text = text;
	} else if (!strcmp(kind, "contact")) {
		event.type = EVENT_CONTACT;
		event.contact.name = name;
	} else if (!strcmp(kind, "participant")) {
		event.type = EVENT_PARTICIPANT;
		event.participant.room = name;
		event.participant.nickname = raw.resource;
	}
	found = sink->user(context, user);
	if (found)
		sink->event(context, found, &event);
	return 0;
}

static int fake_deliver(struct frontend *frontend, struct identity *to, struct resource *only,
			 const struct event *event)
{
	assert_ptr_equal(frontend, to->frontend);
	fx->trace = event->trace;
	SAY("%s", to->address);
	if (only) {
		assert_ptr_equal(only->identity, to);
		SAY("/%s", only->name);
	}
	SAY(" ");
	say_event(event);
	return event->handover ? fx->promise : 0;
}

static void fake_arrived(struct frontend *frontend, const char *address, const struct event *event)
{
	(void)frontend;
	SAY("%s arrived: %s %s\n", address, event_type_name(event->type), event->message.name);
}

static int fake_undelivered(struct frontend *frontend, const char *address, const struct event *event)
{
	const struct event_undelivered *what = &event->undelivered;

	(void)frontend;
	fx->trace = event->trace;
	SAY("%s/%s undelivered %d", address, what->resource, (int)what->reason);
	if (what->text)
		SAY(" '%s'", what->text);
	say_message(&what->message);
	SAY("\n");
	return fx->promise;
}

static bool fake_room_resumed(struct frontend *frontend, struct resource *resource, const struct room *room)
{
	(void)frontend;
	SAY("%s/%s is still in %s\n", resource->identity->address, resource->name, room->name);
	return true;
}

static void fake_authenticated(struct frontend *frontend, const char *address, int error, const char *text)
{
	(void)frontend;
	SAY("frontend authenticated %s %d%s%s\n", address, error, text ? " " : "", or_empty(text));
}

static int fake_reload(struct frontend *frontend, struct buf *error)
{
	(void)frontend;
	SAY("frontend reload\n");
	if (fx->reload_fails)
		buf_puts(error, "a file is broken\n");
	return fx->reload_fails ? TP_ERR_INVALID : 0;
}

static void fake_features_changed(struct frontend *frontend)
{
	(void)frontend;
	SAY("frontend features\n");
}

static void fake_notify(struct frontend *frontend, const char *address, const char *text)
{
	(void)frontend;
	SAY("frontend notify %s '%s'\n", address, text);
}

static int fake_tell_admins(struct frontend *frontend, const char *text)
{
	if (frontend == fx->away)
		return TP_ERR_NOT_CONNECTED;
	SAY("%s admins '%s'\n", frontend->ops->name, text);
	return 0;
}

static void fake_registered(struct frontend *frontend, const char *address, bool registered)
{
	(void)frontend;
	SAY("frontend registered %s %d\n", address, registered);
}

static void fake_probe(struct frontend *frontend, const char *address)
{
	(void)frontend;
	SAY("frontend probe %s\n", address);
}

const struct frontend_ops fake_frontend_ops = {
	.name = "xmpp",
	.create = fake_create,
	.destroy = fake_destroy,
	.check = fake_check,
	.start = fake_start,
	.stop = fake_stop,
	.read_raw = fake_read_raw,
	.deliver = fake_deliver,
	.undelivered = fake_undelivered,
	.arrived = fake_arrived,
	.room_resumed = fake_room_resumed,
	.authenticated = fake_authenticated,
	.reload = fake_reload,
	.features_changed = fake_features_changed,
	.notify = fake_notify,
	.tell_admins = fake_tell_admins,
	.registered = fake_registered,
	.probe = fake_probe,
};

/* -------------------------------------------------------------------------- backends and their supervision
 */

struct network_plugin_server {
	struct list waiting;
};
static struct network_plugin_server fake_server;

int network_plugin_server_start(struct transport *transport, struct network_plugin_server **server,
				struct buf *error)
{
	(void)transport;
	(void)error;
	list_init(&fake_server.waiting);
	*server = &fake_server;
	return 0;
}

void network_plugin_server_stop(struct network_plugin_server *server, void (*stopped)(void *), void *context)
{
	(void)server;
	if (!fx->hang)
		stopped(context);
}

void network_plugin_server_destroy(struct network_plugin_server **server)
{
	*server = NULL;
}

void network_plugin_server_assign(struct network_plugin_server *server, struct user *user)
{
	assert_null(user->backend);
	assert_true(list_empty(&user->backend_link));
	if (!fx->gives) {
		list_append(&server->waiting, &user->backend_link);
		return;
	}
	list_append(&fx->gives->users, &user->backend_link);
	fx->gives->users_count++;
	user->backend = fx->gives;
	user_backend_assigned(user, fx->gives);
}

void network_plugin_server_release(struct network_plugin_server *server, struct user *user)
{
	(void)server;
	if (user->backend && !list_empty(&user->backend_link))
		user->backend->users_count--;
	user->backend = NULL;
	list_remove(&user->backend_link);
}

void network_plugin_server_hold(struct network_plugin_server *server, bool hold)
{
	assert_ptr_equal(server, &fake_server);
	SAY(hold ? "backends held\n" : "backends read\n");
}

void network_plugin_server_empty(struct network_plugin_server *server, bool empty)
{
	assert_ptr_equal(server, &fake_server);
	SAY(empty ? "backends empty\n" : "backends fill\n");
}

void network_plugin_server_reconfigure(struct network_plugin_server *server)
{
	assert_ptr_equal(server, &fake_server);
	SAY("backends reconfigured %ld\n", fx->transport->service.users_per_backend);
}

struct backend *network_plugin_server_first(const struct network_plugin_server *server)
{
	assert_ptr_equal(server, &fake_server);
	return &fx->backends[0];
}

struct backend *network_plugin_server_next(const struct network_plugin_server *server, const struct backend *backend)
{
	assert_ptr_equal(server, &fake_server);
	return backend == &fx->backends[0] ? &fx->backends[1] : NULL;
}

unsigned network_plugin_server_count(const struct network_plugin_server *server)
{
	assert_ptr_equal(server, &fake_server);
	return 2;
}

unsigned network_plugin_server_waiting(const struct network_plugin_server *server)
{
	assert_ptr_equal(server, &fake_server);
	return 0;
}

pid_t backend_pid(const struct backend *backend)
{
	return backend->id == 1 ? 4711 : 0;
}

const char *backend_state_name(const struct backend *backend)
{
	return backend->state == BACKEND_READY ? "ready" : "starting";
}

int backend_send(struct backend *backend, const struct event *event)
{
	struct event words = *event; /* the words are what the wire has room for */

	assert_non_null(event->user);
	fx->trace = event->trace;
	words.raw = NULL;
	SAY("%s ", backend->label);
	say_event(&words);
	if (event->handover && !fx->unanswered)
		delivery_written(backend, event->handover);
	else if (event->handover)
		fx->number = event->handover;
	return 0;
}

bool backend_attach_is_under_way(const struct backend *backend)
{
	(void)backend;
	return true;
}

void backend_acknowledge_later(struct backend *backend, uint64_t number)
{
	(void)backend;
	(void)number;
}

void backend_acknowledge(struct backend *backend, uint64_t number)
{
	(void)backend;
	(void)number;
}

struct backend *network_plugin_server_find(const struct network_plugin_server *server, unsigned serial)
{
	(void)server;
	return serial >= 1 && serial <= 2 ? &fx->backends[serial - 1] : NULL;
}

void network_plugin_server_leave(struct network_plugin_server *server, void (*stopped)(void *), void *context)
{
	(void)server;
	stopped(context);
}

void backend_attach_note_taken(struct network_plugin_server *server)
{
	(void)server;
}

size_t backend_queued(const struct backend *backend)
{
	(void)backend;
	return fx->queued;
}

int control_start(struct transport *transport, const char *path, struct control **control, struct buf *error)
{
	(void)transport;
	(void)path;
	(void)error;
	*control = NULL;
	return 0;
}

void control_stop(struct control **control)
{
	*control = NULL;
}

bool instance_metrics_check(const struct transport *transport, struct buf *error)
{
	(void)transport;
	(void)error;
	return true;
}

int instance_metrics_open(struct transport *transport, struct buf *error)
{
	(void)transport;
	(void)error;
	return 0;
}

bool query_port_check(const struct transport *transport, struct buf *error)
{
	(void)transport;
	(void)error;
	return true;
}

int query_port_open(struct transport *transport, struct query_port **port, struct buf *error)
{
	(void)transport;
	(void)error;
	*port = NULL;
	return 0;
}

void query_port_close(struct query_port **port)
{
	*port = NULL;
}

static void on_answer(void *context, int err, const char *text)
{
	(void)context;
	SAY("answer %d '%.60s'\n", err, text);
	buf_clear(&fx->answer);
	buf_puts(&fx->answer, text);
}

void chat(const char *address, const char *line)
{
	chat_at(fx->frontend, address, line);
}

void chat_at(struct frontend *frontend, const char *address, const char *line)
{
	command_run_line(fx->transport, frontend, address, "phone", line, true, on_answer, NULL);
}

/* ------------------------------------------------------------------------------------------------ fixture */

/* One for all that come after each other: to make and to close one takes a dozen calls of the kernel. */
static uv_loop_t *shared_loop(void)
{
	static uv_loop_t loop;
	static bool is_made;

	if (!is_made)
		assert_int_equal(uv_loop_init(&loop), 0);
	is_made = true;
	uv_update_time(&loop);
	return &loop;
}

static void left_open(uv_handle_t *handle, void *context)
{
	(void)context;
	fail_msg("a handle (%s) was not closed", uv_handle_type_name(uv_handle_get_type(handle)));
}

int fixture_setup(void **state)
{
	fx = MEM_NEW(struct fixture);
	*state = fx;
	log_threshold = LOG_LEVEL_ERROR;
	fx->loop = shared_loop();
	fx->config = config_create();
	for (size_t i = 0; i < 2; i++) {
		struct backend *backend = &fx->backends[i];

		snprintf(backend->label, sizeof(backend->label), "b%zu", i + 1);
		backend->id = (int)i + 1;
		backend->serial = (unsigned)i + 1;
		backend->log.label = backend->label;
		list_init(&backend->users);
	}
	fx->gives = &fx->backends[0];
	return 0;
}

void fixture_start(const char *const *overrides, size_t count)
{
	static struct frontend_ops other;
	static const struct frontend_ops *const known[] = {&fake_frontend_ops, &other, NULL};
	struct buf error = {0};

	other = fake_frontend_ops;
	other.name = "other";
	fx->transport = transport_create(fx->loop, fx->config, known);
	assert_int_equal(config_override(fx->config, "service.jid", "gw.x", &error), 0);
	assert_int_equal(config_override(fx->config, "service.backend", "/bin/false", &error), 0);
	assert_int_equal(config_override(fx->config, "service.working_dir", "/nowhere", &error), 0);
	assert_int_equal(config_override(fx->config, "spool.durability", "off", &error), 0);
	for (size_t i = 0; i < count; i++) {
		char *name = mem_strndup(overrides[i], strcspn(overrides[i], "="));

		assert_int_equal(config_override(fx->config, name, strchr(overrides[i], '=') + 1, &error), 0);
		mem_free(name);
	}
	if (config_load(fx->config, NULL, &error) < 0 || transport_check(fx->transport, &error) < 0 ||
	    transport_start(fx->transport, &error) < 0)
		fail_msg("%s", buf_text(&error));
	buf_finish(&error);
	fx->frontend = transport_frontend(fx->transport, "xmpp");
	assert_non_null(fx->frontend);
	fx->other = transport_frontend(fx->transport, "other");
	for (size_t i = 0; i < 2; i++)
		fx->backends[i].transport = fx->transport;
	store_pump(); /* the bans */
}

int fixture_teardown(void **state)
{
	(void)state;
	transport_destroy(&fx->transport);
	uv_run(fx->loop, UV_RUN_DEFAULT);
	uv_walk(fx->loop, left_open, NULL);
	config_destroy(&fx->config);
	buf_finish(&fx->log);
	buf_finish(&fx->answer);
	MEM_FREE(fx);
	return 0;
}

void expect_at(const char *text, const char *file, int line)
{
	if (strcmp(buf_text(&fx->log), text) != 0) {
		print_error("--- expected:\n%s--- is:\n%s---\n", text, buf_text(&fx->log));
		_fail(file, line);
	}
	buf_clear(&fx->log);
}

void forget(void)
{
	buf_clear(&fx->log);
}

bool was_told(const char *text)
{
	return strstr(buf_text(&fx->log), text) != NULL;
}

void wait_for(const char *text)
{
	uint64_t end_ms = clock_ms() + 60000;

	while (!was_told(text)) {
		if (clock_ms() > end_ms)
			fail_msg("never: %s", text);
		uv_run(fx->loop, UV_RUN_ONCE);
		store_pump();
	}
}

struct resource *attach(const char *address, const char *resource)
{
	return session_attach(fx->frontend, address, resource, NULL);
}

struct resource *find(const char *address, const char *resource)
{
	return session_find(fx->transport, fx->frontend, address, resource);
}

struct user *log_in(const char *address, const char *resource)
{
	session_presence(attach(address, resource), STATUS_ONLINE, NULL, 0);
	store_pump();
	from_backend(&fx->backends[0], (struct event){.type = EVENT_CONNECTED, .user = address});
	store_pump();
	struct user *user = user_find(fx->transport, address);

	assert_non_null(user);
	assert_int_equal(user->state, USER_CONNECTED);
	forget();
	return user;
}

void from_backend(struct backend *backend, struct event event)
{
	router_from_backend(backend, &event);
}

int from_person(const char *address, const char *resource, struct event event)
{
	struct resource *from = find(address, resource);

	assert_non_null(from);
	return router_from_frontend(from, &event);
}

void join(const char *address, const char *resource, const char *room, const char *nickname)
{
	assert_int_equal(from_person(address, resource,
				     (struct event){.type = EVENT_ROOM_JOIN,
						    .room = {.name = room, .nickname = nickname}}),
			 0);
}

void participant(const char *user, const char *room, const char *nickname, int flags, enum status status)
{
	from_backend(&fx->backends[0], (struct event){.type = EVENT_PARTICIPANT,
						      .user = user,
						      .participant = {.room = room,
								      .nickname = nickname,
								      .flags = flags,
								      .status = status}});
}
