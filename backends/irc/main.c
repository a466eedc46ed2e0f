/* SPDX-License-Identifier: MIT */
/* The IRC backend: ties the plugin library to a libuv loop. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "backends/irc/irc.h"
#include "backends/irc/irc_connection.h"
#include "backends/irc/irc_handlers.h"
#include "backends/irc/irc_presence.h"
#include "backends/irc/irc_socket.h"
#include "backends/irc/irc_tls.h"
#include "backends/irc/irc_user.h"
#include "base/mem.h"
#include "base/text.h"
#include "plugin/plugin.h"

#define FAREWELL_TURNS 50 /* of the loop, for what closes */

struct program {
	struct irc irc;
	uv_loop_t loop;
	uv_poll_t *poll; /* of the gateway's socket, which changes with the gateway */
	int polled_fd, events;
	uv_prepare_t prepare;
	uv_timer_t timeout;
	bool over;
};

static struct irc *irc_of(struct plug *plug)
{
	return plug_context(plug);
}

static void on_login(struct plug *plug, const char *key, const struct event_login *login)
{
	irc_user_login(irc_of(plug), key, login);
}

static void on_logout(struct plug *plug, const char *key)
{
	struct irc_user *user = irc_user_get(irc_of(plug), key);

	irc_user_destroy(&user, irc_of(plug)->config.quit_message);
}

static void on_status(struct plug *plug, const char *key, enum status status, const char *text)
{
	struct irc_user *user = irc_user_get(irc_of(plug), key);

	if (user)
		irc_user_status(user, status, text);
}

static void on_poll_closed(uv_handle_t *handle)
{
	mem_free(handle);
}

static void unwatch(struct program *program)
{
	if (program->poll)
		uv_close((uv_handle_t *)program->poll, on_poll_closed);
	program->poll = NULL;
}

static void on_contact(struct plug *plug, const char *key, const struct event_contact *contact)
{
	irc_contacts_add(irc_user_get(irc_of(plug), key), contact->name);
}

static void on_contact_removed(struct plug *plug, const char *key, const char *contact)
{
	irc_contacts_remove(irc_user_get(irc_of(plug), key), contact);
}

static void on_contacts(struct plug *plug, const char *key, const struct event_contact *contacts, size_t count)
{
	irc_contacts_set(irc_user_get(irc_of(plug), key), contacts, count);
}

static void stop(struct irc *irc)
{
	struct program *program = CONTAINER_OF(irc, struct program, irc);

	if (program->over)
		return;
	program->over = true;
	map_destroy(&irc->users, irc_user_free);
	irc->users = map_create();
	unwatch(program);
	uv_close((uv_handle_t *)&program->prepare, NULL);
	uv_close((uv_handle_t *)&program->timeout, NULL);
	uv_stop(&program->loop);
}

static void on_exit_wanted(struct plug *plug)
{
	stop(irc_of(plug));
}

static const struct plug_ops ops = {
        .login = on_login,
        .logout = on_logout,
        .message = irc_on_message,
        .subject = irc_on_subject,
        .moderate = irc_on_moderate,
        .bans = irc_on_bans,
        .status = on_status,
        .contact = on_contact,
        .contact_removed = on_contact_removed,
        .contacts = on_contacts,
        .room_join = irc_on_room_join,
        .room_leave = irc_on_room_leave,
        .vcard_request = irc_on_vcard_request,
        .resync = irc_on_resync,
        .exit = on_exit_wanted,
};

static void pause_all(struct irc *irc, bool pause)
{
	struct map_iter it = {0};

	irc->paused = pause;
	while (map_next(irc->users, &it)) {
		struct irc_user *user = it.value;

		LIST_EACH(link, &user->connections)
		{
			struct irc_connection *connection = CONTAINER_OF(link, struct irc_connection, link);

			if (connection->socket)
				irc_socket_pause(connection->socket, pause);
		}
	}
}

static void on_poll(uv_poll_t *poll, int status, int events);

/* Before the next plug_dispatch: then the library closes the socket of a gateway that is gone. */
static void watch(struct program *program)
{
	struct plug *plug = program->irc.plug;
	int events = UV_READABLE | (plug_wants_write(plug) ? UV_WRITABLE : 0);

	if (program->poll && program->polled_fd != plug_fd(plug))
		unwatch(program);
	if (!program->poll) {
		program->poll = MEM_NEW(uv_poll_t);
		program->polled_fd = plug_fd(plug);
		program->events = 0;
		uv_poll_init(&program->loop, program->poll, program->polled_fd);
		program->poll->data = program;
	}
	if (events == program->events)
		return;
	program->events = events;
	uv_poll_start(program->poll, events, on_poll);
}

static void dispatch(struct program *program)
{
	if (program->over)
		return;
	if (plug_dispatch(program->irc.plug) < 0)
		stop(&program->irc);
	else
		watch(program);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	dispatch(poll->data);
}

static void on_timeout(uv_timer_t *timer)
{
	dispatch(timer->data);
}

/* The end of a turn: what the turn produced goes out in one write. */
static void on_prepare(uv_prepare_t *prepare)
{
	struct program *program = prepare->data;
	struct irc *irc = &program->irc;
	int timeout;

	plug_flush(irc->plug);
	if (plug_full(irc->plug) != irc->paused)
		pause_all(irc, !irc->paused);
	if (program->over)
		return;
	timeout = plug_timeout(irc->plug);
	if (timeout < 0)
		uv_timer_stop(&program->timeout);
	else
		uv_timer_start(&program->timeout, on_timeout, (uint64_t)timeout, 0);
	watch(program);
}

static bool read_tls_mode(struct irc *irc)
{
	static const struct {
		const char *name;
		enum irc_tls_mode mode;
	} modes[] = {
	        {"auto", IRC_TLS_AUTO},
	        {"always", IRC_TLS_ALWAYS},
	        {"never", IRC_TLS_NEVER},
	};

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		if (!text_equal_nocase(irc->config.tls, modes[i].name))
			continue;
		irc->tls_mode = modes[i].mode;
		return true;
	}
	fprintf(stderr, "transport-irc: service.irc_tls: '%s' is not auto, always or never\n",
	        irc->config.tls);
	return false;
}

static bool read_config(struct irc *irc)
{
	const struct config_list *list = &irc->config.servers;
	struct buf error = {0};

	if (!read_tls_mode(irc))
		return false;
	irc->servers = list->count ? mem_alloc(list->count * sizeof(*irc->servers)) : NULL;
	for (size_t i = 0; i < list->count; i++) {
		if (irc_server_parse(&irc->servers[i], list->items[i], irc->tls_mode) < 0) {
			fprintf(stderr,
			        "transport-irc: service.irc_server: '%s' is not host, host:port or "
			        "host:+port\n",
			        list->items[i]);
			return false;
		}
	}
	irc->servers_count = list->count;
	irc->tls = irc_tls_context_create(irc->config.ca_file, irc->config.tls_verify, &error);
	if (!irc->tls)
		fprintf(stderr, "transport-irc: %s\n", buf_text(&error));
	buf_finish(&error);
	return irc->tls != NULL;
}

static void run(struct program *program)
{
	uv_prepare_init(&program->loop, &program->prepare);
	uv_timer_init(&program->loop, &program->timeout);
	program->prepare.data = program->timeout.data = program;
	uv_prepare_start(&program->prepare, on_prepare);
	watch(program);
	uv_run(&program->loop, UV_RUN_DEFAULT);
	/* Connections have said QUIT; let what was closed end. */
	for (int turns = 0; turns < FAREWELL_TURNS && uv_loop_alive(&program->loop); turns++)
		uv_run(&program->loop, UV_RUN_NOWAIT);
}

int main(int argc, char **argv)
{
	struct program program = {.irc = {.loop = &program.loop}};
	struct irc *irc = &program.irc;
	const struct config_table *tables[] = {&irc_config_table};
	void *targets[] = {&irc->config};
	struct plug_options options = {
	        .name = "transport-irc",
	        .rooms = true,
	        .disable_jid_escaping = true,
	        .send_contacts_on_login = true,
	        .room_nickname_change = true,
	        .no_registration = true,
	        .outlives_gateway = true,
	        .tables = tables,
	        .targets = targets,
	        .tables_count = 1,
	};
	int status = 1;

	signal(SIGPIPE, SIG_IGN);
	irc->plug = plug_create(argc, argv, &options, &ops, irc);
	if (!irc->plug)
		return 1;
	irc->users = map_create();
	irc->handlers = irc_handlers_create();
	uv_loop_init(&program.loop);
	if (read_config(irc)) {
		options.password_unchecked = !irc->config.require_sasl;
		run(&program);
		status = 0;
	}
	map_destroy(&irc->users, irc_user_free);
	map_destroy(&irc->handlers, NULL);
	irc_tls_context_destroy(&irc->tls);
	mem_free(irc->servers);
	uv_loop_close(&program.loop);
	plug_destroy(&irc->plug);
	return status;
}
