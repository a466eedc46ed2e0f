/* SPDX-License-Identifier: MIT */
#include "tests/unit/xmpp/fixture.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "config/config.h"
#include "config/limits.h"
#include "frontends/xmpp/disco.h"
#include "transport/people/login_step.h"
#include "transport/people/roster.h"
#include "transport/people/user.h"
#include "transport/rooms/room.h"

struct transport transport;
struct xmpp_frontend *frontend;
struct buf sent, told;

static struct config *config;
static struct user user;
static struct roster roster;
static struct stanza_reader *reader;
static struct xml_stream *stream;

/* Only their being there is looked at. */
struct component {
	char unused;
};
struct c2s_server {
	char unused;
};

struct component *component_create(struct xmpp_frontend *owner)
{
	(void)owner;
	return MEM_NEW(struct component);
}

void component_start(struct component *component)
{
	(void)component;
}

void component_stop(struct component *component, void (*stopped)(void *), void *context)
{
	(void)component;
	stopped(context);
}

void component_suspend(struct component *component, void (*stopped)(void *), void *context)
{
	component_stop(component, stopped, context);
}

void component_destroy(struct component **component)
{
	MEM_FREE(*component);
}

size_t component_queued(const struct component *component, uint64_t *since_ms)
{
	(void)component;
	*since_ms = 0;
	return 0;
}

int component_send(struct component *component, const char *stanza, size_t length)
{
	(void)component;
	buf_append(&sent, stanza, length);
	buf_putc(&sent, '\n');
	return 1;
}

int component_is_connected(const struct component *component)
{
	(void)component;
	return 1;
}

struct c2s_server *c2s_create(struct xmpp_frontend *owner)
{
	(void)owner;
	return MEM_NEW(struct c2s_server);
}

int c2s_start(struct c2s_server *server, struct buf *error)
{
	(void)server;
	(void)error;
	return 0;
}

int c2s_reload(struct c2s_server *server, struct buf *error)
{
	(void)server;
	(void)error;
	return 0;
}

void c2s_stop(struct c2s_server *server, void (*stopped)(void *), void *context)
{
	(void)server;
	stopped(context);
}

void c2s_destroy(struct c2s_server **server)
{
	MEM_FREE(*server);
}

size_t c2s_queued(const struct c2s_server *server, uint64_t *since_ms)
{
	(void)server;
	*since_ms = 0;
	return 0;
}

int c2s_send(struct c2s_server *server, const char *to, const char *stanza, size_t length)
{
	(void)server;
	if (strstr(to, "/gone"))
		return 0;
	buf_printf(&sent, "[%s] ", to);
	buf_append(&sent, stanza, length);
	buf_putc(&sent, '\n');
	return 1;
}

void c2s_authenticated(struct c2s_server *server, const char *address, int error, const char *text)
{
	(void)server;
	buf_printf(&told, "AUTHENTICATED %s %d %s\n", address, error, text ? text : "");
}

void c2s_close_streams(struct c2s_server *server, const char *address, const char *condition,
                       const char *text)
{
	(void)server;
	buf_printf(&told, "CLOSE %s %s %s\n", address, condition, text);
}

static void on_message(void *context, const struct message_stanza *message)
{
	(void)context;
	xmpp_handle_message(frontend, message);
}

static void on_presence(void *context, const struct presence_stanza *presence)
{
	(void)context;
	xmpp_handle_presence(frontend, presence);
}

static void on_iq(void *context, xmpp_stanza_t *iq)
{
	(void)context;
	xmpp_handle_iq(frontend, iq);
}

static void on_other(void *context, xmpp_stanza_t *element)
{
	(void)context;
	(void)element;
	fail();
}

static void on_stream_start(void *context, const char **attributes)
{
	(void)context;
	(void)attributes;
}

static void on_stream_end(void *context)
{
	(void)context;
}

static const struct stanza_handler handler = {.message = on_message,
                                              .presence = on_presence,
                                              .iq = on_iq,
                                              .stream_start = on_stream_start,
                                              .other = on_other,
                                              .stream_end = on_stream_end};

static void feed_text(const char *xml)
{
	size_t consumed = 0;
	const char *condition = NULL;

	if (xml_stream_feed(stream, xml, strlen(xml), &consumed, &condition) != 0)
		fail_msg("not read (%s): %s", condition ? condition : "", xml);
}

void feed(const char *xml)
{
	feed_text(xml);
}

static int setup(bool server_mode)
{
	struct buf error = {0};

	memset(&transport, 0, sizeof(transport));
	memset(&user, 0, sizeof(user));
	router_result = account_result = 0;
	account_exists = false;
	attached_limit = 10;
	transport.identities = map_create();
	transport.features.rooms = transport.features.need_password = transport.features.need_registration =
	        true;
	transport.service.instructions = "Enter.";
	transport.service.username_label = "Name";
	transport.service.password_label = "Password";
	transport.service.language = "en";
	config = config_create();
	frontend = xmpp_frontend_of(xmpp_frontend_ops.create(config));
	frontend->base.transport = &transport;
	config_override(config, "service.jid", GW, &error);
	config_override(config, "service.port", "5347", &error);
	config_override(config, "service.password", "secret", &error);
	config_override(config, "service.server_mode", server_mode ? "1" : "0", &error);
	assert_int_equal(config_load(config, NULL, &error), 0);
	assert_int_equal(xmpp_frontend_ops.check(&frontend->base, &error), 0);
	buf_finish(&error);
	disco_update_caps(frontend);
	if (server_mode)
		frontend->c2s = c2s_create(frontend);
	else
		frontend->component = component_create(frontend);
	reader = stanza_reader_create(frontend->strophe, &handler, NULL);
	stanza_reader_keep_trees(reader, &transport.features.raw_xml);
	stream = xml_stream_create(&stanza_reader_xml, reader, LIMIT_STANZA_BYTES);
	feed_text(server_mode ? "<stream:stream xmlns='jabber:client' "
	                        "xmlns:stream='http://etherx.jabber.org/streams'>"
	                      : "<stream:stream xmlns='jabber:component:accept' "
	                        "xmlns:stream='http://etherx.jabber.org/streams'>");
	user.transport = &transport;
	user.key = mem_strdup(ALICE);
	list_init(&user.identities);
	user.settings = map_create();
	user.rooms = map_create();
	user.roster = &roster;
	user.legacy_name = mem_strdup("legacy");
	user.state = USER_CONNECTED;
	roster.user = &user;
	return 0;
}

int fixture_setup(void **state)
{
	(void)state;
	return setup(false);
}

int fixture_setup_server(void **state)
{
	(void)state;
	return setup(true);
}

static void free_participant(void *data)
{
	struct participant *participant = data;

	mem_free(participant->nickname);
	mem_free(participant->alias);
	mem_free(participant);
}

static void free_room(void *data)
{
	struct room *room = data;

	map_destroy(&room->participants, free_participant);
	mem_free(room->name);
	mem_free(room->nickname);
	mem_free(room);
}

int fixture_teardown(void **state)
{
	struct map_iter it = {0};

	(void)state;
	answer_bans(TP_ERR_NOT_CONNECTED, NULL, NULL);
	while (map_next(transport.identities, &it)) {
		session_detach_all(&frontend->base, it.key);
		it = (struct map_iter){0};
	}
	map_destroy(&transport.identities, NULL);
	xml_stream_destroy(&stream);
	stanza_reader_destroy(&reader);
	xmpp_frontend_ops.destroy(&frontend->base);
	config_destroy(&config);
	map_destroy(&user.settings, mem_free);
	map_destroy(&user.rooms, free_room);
	contacts_destroy(&roster.contacts, NULL);
	mem_free(user.legacy_name);
	mem_free(user.key);
	login_step_clear(&user, false);
	mem_free(user.last_error_text);
	user.last_error_text = NULL;
	buf_finish(&sent);
	buf_finish(&told);
	return 0;
}

static void show_all(const char *what, const char *text)
{
	fail_msg("%s: %s\n--- sent:\n%s--- told:\n%s", what, text, buf_text(&sent), buf_text(&told));
}

void expect_sent(const char *text)
{
	if (!strstr(buf_text(&sent), text))
		show_all("not sent", text);
}

void expect_not_sent(const char *text)
{
	if (strstr(buf_text(&sent), text))
		show_all("sent", text);
}

void expect_told(const char *text)
{
	if (!strstr(buf_text(&told), text))
		show_all("not told", text);
}

void clear(void)
{
	buf_clear(&sent);
	buf_clear(&told);
}

struct user *fake_user(void)
{
	return &user;
}

struct resource *log_in(const char *full_jid)
{
	size_t length = jid_bare_length(full_jid);
	char *address = mem_strndup(full_jid, length);
	struct resource *resource = session_attach(&frontend->base, address, full_jid + length + 1, NULL);

	resource->identity->state = IDENTITY_READY;
	resource->identity->user = &user;
	if (list_empty(&resource->identity->link))
		list_append(&user.identities, &resource->identity->link);
	resource->has_presence = true;
	mem_free(address);
	clear();
	return resource;
}

void fake_contact(const char *name, const char *alias, bool subscribed)
{
	bool is_new;
	struct contact *contact = contacts_add(&roster.contacts, name, alias, &is_new);

	contact->subscribed = subscribed;
	contact->stored = true;
}

struct room *fake_room(const char *name, const char *nickname)
{
	struct room *room = MEM_NEW(struct room);
	char *key = mem_strdup(name);

	text_lower(key);
	room->user = &user;
	room->name = mem_strdup(name);
	room->nickname = mem_strdup(nickname);
	room->state = ROOM_JOINED;
	room->participants = map_create();
	list_init(&room->occupants);
	map_put(user.rooms, key, room);
	mem_free(key);
	return room;
}

void fake_participant(struct room *room, const char *nickname, const char *alias)
{
	struct participant *participant = MEM_NEW(struct participant);

	participant->nickname = mem_strdup(nickname);
	participant->alias = mem_strdup(alias);
	map_put(room->participants, nickname, participant);
}

void deliver(struct resource *only, const struct event *event)
{
	frontend->base.ops->deliver(&frontend->base, map_get(transport.identities, ALICE), only, event);
}

void fake_session(enum session_state state, int error, const char *text)
{
	struct event event = {.type = EVENT_SESSION,
	                      .session = {.state = state, .error = error, .text = text}};

	deliver(NULL, &event);
}

void show_self(struct resource *to, const char *room, const char *nickname)
{
	struct event event = {.type = EVENT_PARTICIPANT,
	                      .participant = {.room = room, .nickname = nickname, .self = true}};

	deliver(to, &event);
}
