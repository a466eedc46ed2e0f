/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/matrix.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/random.h"
#include "config/limits.h"
#include "frontends/matrix/messages/delivered.h"
#include "frontends/matrix/messages/long_text.h"
#include "frontends/matrix/messages/recent.h"
#include "frontends/matrix/messages/redactions.h"
#include "frontends/matrix/messages/show.h"
#include "frontends/matrix/people/bot.h"
#include "frontends/matrix/people/chat.h"
#include "frontends/matrix/people/chat_all.h"
#include "frontends/matrix/people/contact.h"
#include "frontends/matrix/people/face.h"
#include "frontends/matrix/people/ghost.h"
#include "frontends/matrix/people/login_show.h"
#include "frontends/matrix/people/passers_by.h"
#include "frontends/matrix/people/person.h"
#include "frontends/matrix/people/person_picture.h"
#include "frontends/matrix/people/presence.h"
#include "frontends/matrix/ping.h"
#include "frontends/matrix/rooms/gap.h"
#include "frontends/matrix/rooms/making.h"
#include "frontends/matrix/rooms/portal_room.h"
#include "frontends/matrix/rooms/space.h"
#include "frontends/matrix/rooms/upgrade.h"
#include "frontends/matrix/transaction.h"
#include "frontends/matrix/wire/notice.h"
#include "transport/command/command.h"
#include "transport/http/http_url.h"
#include "transport/people/session.h"
#include "transport/rooms/room.h"
#include "transport/routing/delivery.h"
#include "transport/routing/in_flight.h"
#include "transport/spool/spool.h"

#define CLIENT "/_matrix/client/v3"

/* --------------------------------------------------------------------------------------------- calling */

const char *matrix_network_name(const struct matrix_frontend *frontend)
{
	return *frontend->config.network ? frontend->config.network : frontend->base.transport->service.jid;
}

char *matrix_path(const char *format, ...)
{
	struct buf path = {0};
	va_list texts;

	va_start(texts, format);
	buf_puts(&path, CLIENT);
	for (const char *at = format; *at; at++) {
		if (at[0] == '%' && at[1] == 's') {
			http_put_encoded(&path, va_arg(texts, const char *));
			at++;
		} else {
			buf_putc(&path, *at);
		}
	}
	va_end(texts);
	return buf_take(&path);
}

static void told(void *context, const struct matrix_reply *reply)
{
	struct matrix_frontend *frontend = context;

	if (reply->err && reply->err != TP_ERR_IO && reply->err != TP_ERR_TIMEOUT)
		log_info(&frontend->base.log, "the homeserver refuses: %s", reply->problem);
}

static void make(struct matrix_frontend *frontend, enum http_method method, char *path, const char *as,
                 const char *body, const char *lane, bool first)
{
	homeserver_call(frontend->homeserver, &(struct matrix_call){.method = method,
	                                                            .path = path,
	                                                            .as = as,
	                                                            .body = body,
	                                                            .lane = lane,
	                                                            .first = first,
	                                                            .done = told,
	                                                            .context = frontend});
	mem_free(path);
}

void matrix_tell(struct matrix_frontend *frontend, enum http_method method, char *path, const char *as,
                 const char *body, const char *lane)
{
	make(frontend, method, path, as, body, lane, false);
}

static void make_of_text(struct matrix_frontend *frontend, enum http_method method, char *path, const char *as,
                         const char *key, const char *text, const char *lane, bool first)
{
	struct buf body = {0};

	buf_printf(&body, "{\"%s\":", key);
	json_put_string(&body, text);
	buf_putc(&body, '}');
	make(frontend, method, path, as, buf_text(&body), lane, first);
	buf_finish(&body);
}

void matrix_tell_text(struct matrix_frontend *frontend, enum http_method method, char *path, const char *as,
                      const char *key, const char *text, const char *lane)
{
	make_of_text(frontend, method, path, as, key, text, lane, false);
}

void matrix_invite(struct matrix_frontend *frontend, const char *room, const char *who, const char *lane)
{
	matrix_tell_text(frontend, HTTP_POST, matrix_path("/rooms/%s/invite", room), NULL, "user_id", who,
	                 lane);
}

void matrix_leave(struct matrix_frontend *frontend, const char *room, const char *as)
{
	matrix_tell(frontend, HTTP_POST, matrix_path("/rooms/%s/leave", room), as, NULL, room);
}

void matrix_tell_first(struct matrix_frontend *frontend, char *path, const char *key, const char *text,
                       const char *lane)
{
	make_of_text(frontend, HTTP_POST, path, NULL, key, text, lane, true);
}

void matrix_put_transaction(struct matrix_frontend *frontend, struct buf *out)
{
	buf_printf(out, "%s.%" PRIu64, frontend->transaction, ++frontend->transactions);
}

void matrix_say(struct matrix_frontend *frontend, const char *room, const char *as, const char *content)
{
	struct buf transaction = {0};

	matrix_put_transaction(frontend, &transaction);
	char *path = matrix_path("/rooms/%s/send/m.room.message/%s", room, buf_text(&transaction));

	homeserver_call(frontend->homeserver, &(struct matrix_call){.method = HTTP_PUT,
	                                                            .path = path,
	                                                            .as = as,
	                                                            .body = content,
	                                                            .lane = room,
	                                                            .room = room,
	                                                            .transaction = buf_text(&transaction),
	                                                            .done = told,
	                                                            .context = frontend});
	mem_free(path);
	buf_finish(&transaction);
}

void matrix_notice_as(struct matrix_frontend *frontend, const char *room, const char *as,
                      const char *reply_to, const char *text)
{
	struct buf content = {0};
	size_t length;

	while ((length = notice_piece(text))) {
		char *piece = mem_strndup(text, length);

		buf_clear(&content);
		notice_put(&content, reply_to, piece);
		matrix_say(frontend, room, as, buf_text(&content));
		mem_free(piece);
		text += length;
	}
	buf_finish(&content);
}

void matrix_notice(struct matrix_frontend *frontend, const char *room, const char *reply_to, const char *text)
{
	matrix_notice_as(frontend, room, NULL, reply_to, text);
}

/* ----------------------------------------------------------------------------------------------- later */

static void call_later(void *owner, later_function *run, const char *a, const char *b)
{
	((matrix_later_run *)run)(owner, a, b);
}

void matrix_after(struct matrix_frontend *frontend, uint64_t ms, matrix_later_run *run, const char *a, const char *b)
{
	later_put(&frontend->later, ms, (later_function *)run, a, b);
}

void matrix_later(struct matrix_frontend *frontend, matrix_later_run *run, const char *a, const char *b)
{
	matrix_after(frontend, 0, run, a, b);
}

/* ------------------------------------------------------------------------------------------ life cycle */

static struct frontend *frontend_create(struct config *config)
{
	struct matrix_frontend *frontend = MEM_NEW(struct matrix_frontend);

	frontend->base.ops = &matrix_frontend_ops;
	list_init(&frontend->base.link);
	frontend->base.log.label = "matrix";
	config_bind(config, &matrix_config_table, &frontend->config);
	frontend->rooms = map_create();
	frontend->chats = map_create();
	frontend->portals = map_create();
	frontend->people = map_create();
	later_init(&frontend->later, call_later, frontend);
	list_init(&frontend->faces);
	list_init(&frontend->redactions);
	list_init(&frontend->long_texts);
	list_init(&frontend->accepting);
	list_init(&frontend->postponed);
	return &frontend->base;
}

static void frontend_destroy(struct frontend *base)
{
	struct matrix_frontend *frontend = matrix_frontend_of(base);

	frontend->stopping = true;
	transactions_forget(frontend);
	appservice_destroy(&frontend->appservice);
	homeserver_destroy(&frontend->homeserver);
	matrix_media_destroy(&frontend->media);
	http_client_close(&frontend->http, NULL, NULL);
	later_finish(&frontend->later);
	makings_free(frontend);
	gaps_free(frontend);
	chats_free(frontend);
	chat_all_free(frontend);
	portal_rooms_free(frontend);
	matrix_rooms_free(frontend);
	spaces_free(frontend);
	ghosts_free(frontend);
	people_free(frontend);
	contacts_free(frontend);
	presence_free(frontend);
	faces_free(frontend);
	redactions_free(frontend);
	recent_free(frontend);
	in_flight_free(&frontend->in_flight);
	long_texts_free(frontend);
	registration_finish(&frontend->registration);
	mem_free(frontend->bot);
	mem_free(frontend->records);
	mem_free(frontend->transaction);
	mem_free(frontend);
}

static char *registration_path(const struct matrix_frontend *frontend, const char *working_dir)
{
	if (*frontend->config.registration)
		return mem_strdup(frontend->config.registration);
	return mem_printf("%s/matrix-registration.yaml", working_dir);
}

static bool is_plain(const char *text)
{
	return *text && text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789._-")] == '\0';
}

static int frontend_check(struct frontend *base, struct buf *error)
{
	struct matrix_frontend *frontend = matrix_frontend_of(base);
	const struct matrix_config *config = &frontend->config;
	size_t before = error->len;

	if (!*config->server_name)
		buf_puts(error, "matrix.server_name: the name of the homeserver is needed\n");
	if (!is_plain(config->prefix))
		buf_puts(error, "matrix.prefix: lower-case letters, digits and ._- are needed\n");
	if (strlen(config->prefix) + strlen(config->server_name) > MATRIX_NAMES_MAX)
		buf_printf(error,
		           "matrix.prefix, matrix.server_name: more than %d bytes together leave no room for "
		           "names\n",
		           MATRIX_NAMES_MAX);
	if (!is_plain(config->bot))
		buf_puts(error, "matrix.bot: lower-case letters, digits and ._- are needed\n");
	if (!http_url_is_private(config->homeserver))
		buf_printf(error, "matrix.homeserver: %s is neither https nor on this machine\n",
		           log_quote(config->homeserver));
	for (size_t i = 0; i < config->admins.count; i++)
		if (!matrix_is_user_id(config->admins.items[i]))
			buf_printf(error, "matrix.admin: %s is no user id (@name:server)\n",
			           log_quote(config->admins.items[i]));
	frontend->names = (struct matrix_names){config->server_name, config->prefix, config->bot};
	return error->len > before ? TP_ERR_INVALID : 0;
}

int matrix_write_registration(struct frontend *base, const char *path, struct buf *error)
{
	struct matrix_frontend *frontend = matrix_frontend_of(base);
	const struct matrix_config *config = &frontend->config;
	char *url = *config->url ? mem_strdup(config->url)
	                         : mem_printf("http://%s:%ld", config->host, config->port);
	struct buf text = {0};

	registration_make(&text, &frontend->names,
	                  base->transport ? base->transport->service.jid : config->bot, url,
	                  config->masquerade);
	int err = registration_write(path, &text, error);

	buf_finish(&text);
	mem_free(url);
	return err;
}

static void name_transactions(struct matrix_frontend *frontend)
{
	char word[17];

	random_token(word, sizeof(word) - 1);
	frontend->transaction = mem_strdup(word);
	frontend->records = spool_own_word(frontend->base.transport->spool, "matrix", "records");
}

static void on_answering(void *context, bool answers)
{
	struct matrix_frontend *frontend = context;

	if (answers) {
		log_info(&frontend->base.log, "the homeserver answers");
		presence_try_again(frontend);
		matrix_ping(frontend);
		if (homeserver_silences(frontend->homeserver) > 1)
			gaps_look_again(frontend);
		if (homeserver_silences(frontend->homeserver) > 1 && !gaps_are_looked_for(frontend))
			gaps_suspect(frontend);
		gaps_look(frontend);
	} else {
		log_warning(&frontend->base.log, "the homeserver does not answer; what is for it waits");
	}
}

static void on_whoami(void *context, const struct matrix_reply *reply)
{
	struct matrix_frontend *frontend = context;

	if (reply->err == TP_ERR_AUTH || reply->err == TP_ERR_NOT_ALLOWED)
		log_error(&frontend->base.log,
		          "the homeserver does not know our token: add the registration file to its "
		          "configuration and "
		          "restart it (%s)",
		          reply->problem);
	else if (!reply->err)
		matrix_ping(frontend);
}

static void begin(struct matrix_frontend *frontend)
{
	struct map_iter it = {0};

	while (map_next(frontend->rooms, &it)) {
		const struct matrix_room *room = it.value;

		if (room->kind == MATRIX_ROOM_CONTROL)
			person_set_control(frontend, room->owner, room->id);
	}
	frontend->loaded = true;
	delivery_frontend_ready(&frontend->base);
	gaps_look(frontend);
	gaps_look_again(frontend);
	upgrades_recover(frontend);
	redactions_recover(frontend);
	homeserver_call(frontend->homeserver, &(struct matrix_call){.method = HTTP_GET,
	                                                            .path = CLIENT "/account/whoami",
	                                                            .done = on_whoami,
	                                                            .context = frontend});
}

void matrix_recovered(struct matrix_frontend *frontend)
{
	if (--frontend->recovering == 0)
		begin(frontend);
}

static void on_loaded(struct matrix_frontend *frontend)
{
	frontend->read = true;
	http_listener_hold(frontend->listener, false);
	frontend->recovering = 1;
	portal_rooms_recover(frontend);
	chats_recover(frontend);
	spaces_recover(frontend);
	people_recover(frontend);
	presence_look(frontend, NULL, NULL);
	matrix_recovered(frontend);
}

static int open_registration(struct matrix_frontend *frontend, struct buf *error)
{
	char *path = registration_path(frontend, frontend->base.transport->service.working_dir);
	int err = registration_read(path, &frontend->registration, error);

	if (err) {
		buf_printf(error, ". transportd --matrix-registration %s CONFIG makes one", path);
	} else if (strcmp(frontend->registration.bot, frontend->names.bot) != 0) {
		buf_printf(error, "%s: sender_localpart is %s, matrix.bot is %s: they must be the same", path,
		           frontend->registration.bot, frontend->names.bot);
		err = TP_ERR_INVALID;
	}
	mem_free(path);
	return err;
}

static int frontend_start(struct frontend *base, struct buf *error)
{
	struct matrix_frontend *frontend = matrix_frontend_of(base);
	struct transport *transport = base->transport;
	struct appservice_ops ops = transaction_ops;

	if (open_registration(frontend, error))
		return TP_ERR_IO;
	const struct homeserver_settings settings = {frontend->config.homeserver,
	                                             frontend->registration.as_token};

	frontend->bot = matrix_bot_id(&frontend->names);
	name_transactions(frontend);
	transactions_remember(frontend);
	gaps_remember(frontend);
	later_open(&frontend->later, transport->loop);
	frontend->http = http_client_create(transport->loop, &base->log);
	http_client_commit_with(frontend->http, transport_commit_now, transport);
	frontend->homeserver = homeserver_create(frontend->http, &settings, &base->log);
	frontend->media = matrix_media_create(transport->media, frontend->http, frontend->homeserver,
	                                      &settings, &base->log);
	homeserver_watch(frontend->homeserver, on_answering, frontend);
	homeserver_watch_events(frontend->homeserver, transactions_event_settled, frontend);
	homeserver_watch_calls(frontend->homeserver, show_go_on, frontend);
	ops.context = frontend;
	int err = http_server_listen(transport->http, frontend->config.host, (unsigned)frontend->config.port,
	                             &frontend->listener, error);

	if (err)
		return TP_ERR_IO;
	/* A transaction, or a question for an alias, that comes before the rooms are known waits. */
	http_listener_hold(frontend->listener, true);
	if (!appservice_create(frontend->listener, frontend->registration.hs_token, &ops, &base->log,
	                       &frontend->appservice)) {
		buf_puts(error, "matrix.port: another part of this instance answers there");
		return TP_ERR_IO;
	}
	ghost_register(frontend, frontend->bot, "bot");
	matrix_rooms_load(frontend, on_loaded);
	return 0;
}

static void wait_is_over(void *context)
{
	struct matrix_frontend *frontend = context;

	if (--frontend->stop_waits == 0)
		frontend->stopped(frontend->stopped_context);
}

/* People are not told: the homeserver keeps what comes for us, and ghosts stay where they are. */
static void frontend_stop(struct frontend *base, void (*stopped)(void *context), void *context)
{
	struct matrix_frontend *frontend = matrix_frontend_of(base);

	frontend->stopping = true;
	frontend->stopped = stopped;
	frontend->stopped_context = context;
	frontend->stop_waits = 2;
	transactions_forget(frontend);
	if (frontend->later.timer) {
		frontend->stop_waits++;
		later_close(&frontend->later, wait_is_over);
	}
	homeserver_destroy(&frontend->homeserver);
	matrix_media_destroy(&frontend->media);
	http_client_close(&frontend->http, wait_is_over, frontend);
	wait_is_over(frontend);
}

/* -------------------------------------------------------------------------------------------- delivery */

static void show_contact_request(struct matrix_frontend *frontend, const struct identity *to,
                                 const struct event_contact *contact)
{
	struct buf text = {0};

	command_describe_request(&text, contact->name);
	person_tell(frontend, to->address, buf_text(&text));
	buf_finish(&text);
}

static int frontend_deliver(struct frontend *base, struct identity *to, struct resource *only,
                            const struct event *event)
{
	struct matrix_frontend *frontend = matrix_frontend_of(base);

	(void)only;
	if (!frontend->loaded || frontend->stopping)
		return TP_ERR_NOT_CONNECTED;
	switch (event->type) {
	case EVENT_MESSAGE:
		return show_message(frontend, to, event);
	case EVENT_ATTENTION:
		return show_attention(frontend, to, event);
	case EVENT_RECEIPT:
		return delivered_show(frontend, to, event);
	case EVENT_CHAT_STATE:
		show_chat_state(frontend, to, &event->chat_state);
		break;
	case EVENT_READ_MARKER:
		show_read_marker(frontend, to, &event->read_marker);
		break;
	case EVENT_SUBJECT:
		portal_room_show_subject(frontend, to, &event->message);
		break;
	case EVENT_PARTICIPANT:
		portal_room_show_participant(frontend, to, &event->participant);
		break;
	case EVENT_ROOM_INFO:
		portal_room_show_info(frontend, to, &event->room_info);
		break;
	case EVENT_ROOM_LEAVE:
		portal_room_show_leave(frontend, to, &event->room);
		break;
	case EVENT_SESSION:
		person_show_session(frontend, to, &event->session);
		/* an account that was waited for has been read, or is not there */
		matrix_later(frontend, transactions_go_on, NULL, NULL);
		matrix_later(frontend, redactions_go_on, NULL, NULL);
		break;
	case EVENT_CONTACT:
		contact_show(frontend, to, &event->contact);
		break;
	case EVENT_VCARD:
		contact_show_card(frontend, &event->vcard);
		break;
	case EVENT_LOGIN_STEP:
		login_show_step(frontend, to, &event->login_step);
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
	struct matrix_frontend *frontend = matrix_frontend_of(base);

	if (!frontend->loaded || frontend->stopping)
		return TP_ERR_NOT_CONNECTED;
	return show_undelivered(frontend, address, event);
}

static void frontend_notify(struct frontend *base, const char *address, const char *text)
{
	struct matrix_frontend *frontend = matrix_frontend_of(base);

	if (frontend->loaded && !frontend->stopping && matrix_is_user_id(address))
		person_tell(frontend, address, text);
}

static int frontend_tell_admins(struct frontend *base, const char *text)
{
	struct matrix_frontend *frontend = matrix_frontend_of(base);
	const struct config_list *admins = &frontend->config.admins;

	if (!frontend->loaded || frontend->stopping)
		return TP_ERR_NOT_CONNECTED;
	for (size_t i = 0; i < admins->count; i++)
		person_tell(frontend, admins->items[i], text);
	return 0;
}

static bool frontend_normalize(struct frontend *base, const char *address, struct buf *out)
{
	(void)base;
	if (!matrix_is_user_id(address))
		return false;
	buf_puts(out, address);
	return true;
}

static void detach(struct matrix_frontend *frontend, const char *id, const char *unused)
{
	(void)unused;
	session_detach_all(&frontend->base, id);
	chats_forget(frontend, id);
}

static void frontend_registered(struct frontend *base, const char *address, bool registered)
{
	matrix_later(matrix_frontend_of(base), registered ? person_registered : detach, address, NULL);
}

/* Somebody who was logged in when the last process ended: on Matrix people are always there. */
static void frontend_probe(struct frontend *base, const char *address)
{
	matrix_later(matrix_frontend_of(base), person_registered, address, NULL);
}

static void frontend_identity_gone(struct frontend *base, struct identity *identity)
{
	(void)identity;
	passers_by_note(matrix_frontend_of(base), 1);
}

static void frontend_offer_room(struct frontend *base, const char *address, const char *resource,
                                const char *room, const char *password)
{
	(void)resource;
	(void)password;
	bot_offer_room(matrix_frontend_of(base), address, room);
}

static bool frontend_room_resumed(struct frontend *base, struct resource *resource, const struct room *room)
{
	(void)base;
	(void)resource;
	(void)room;
	return true;
}

static void frontend_listener_changed(struct frontend *base, const struct room *listener)
{
	matrix_later(matrix_frontend_of(base), portal_rooms_sync, listener->name, NULL);
}

static bool frontend_is_admin(struct frontend *base, const char *address)
{
	const struct config_list *admins = &matrix_frontend_of(base)->config.admins;

	for (size_t i = 0; i < admins->count; i++)
		if (!strcmp(admins->items[i], address))
			return true;
	return false;
}

static bool frontend_is_beginning(const struct frontend *base)
{
	return !CONTAINER_OF(base, const struct matrix_frontend, base)->read;
}

static int frontend_is_connected(const struct frontend *base)
{
	const struct matrix_frontend *frontend = CONTAINER_OF(base, const struct matrix_frontend, base);

	return frontend->homeserver && homeserver_answers(frontend->homeserver);
}

static void frontend_queues(struct frontend *base, void (*each)(void *context, const struct frontend_queue *queue),
                            void *context)
{
	const struct matrix_frontend *frontend = matrix_frontend_of(base);
	size_t bytes;
	uint64_t oldest_ms;

	homeserver_load(frontend->homeserver, &bytes, &oldest_ms);
	each(context, &(struct frontend_queue){.name = "calls",
	                                       .items = (int64_t)homeserver_waiting(frontend->homeserver),
	                                       .bytes = (int64_t)bytes,
	                                       .oldest_ms = oldest_ms ? (int64_t)oldest_ms : -1});
}

const struct frontend_ops matrix_frontend_ops = {
        .name = "matrix",
        .accounts_on_request = true,
        .shares_rooms = true,
        .acknowledges = true,
        .create = frontend_create,
        .destroy = frontend_destroy,
        .check = frontend_check,
        .start = frontend_start,
        .stop = frontend_stop,
        .deliver = frontend_deliver,
        .is_connected = frontend_is_connected,
        .queues = frontend_queues,
        .undelivered = frontend_undelivered,
        .notify = frontend_notify,
        .normalize = frontend_normalize,
        .registered = frontend_registered,
        .identity_gone = frontend_identity_gone,
        .offer_room = frontend_offer_room,
        .room_resumed = frontend_room_resumed,
        .listener_changed = frontend_listener_changed,
        .card = person_picture_card,
        .is_admin = frontend_is_admin,
        .tell_admins = frontend_tell_admins,
        .probe = frontend_probe,
        .tells_of_sessions = true,
        .is_beginning = frontend_is_beginning,
};
