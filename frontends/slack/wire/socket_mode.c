/* SPDX-License-Identifier: MIT */
#include "frontends/slack/wire/socket_mode.h"

#include <netdb.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/slack/wire/socket_mode_private.h"
#include "transport/http/http_server.h"

#define LANE "app socket"

static const struct lws_protocols protocols[] = {
        {.name = "slack-socket", .callback = slack_socket_callback, .rx_buffer_size = 0},
        {0},
};

struct asking {
	struct socket_mode *mode; /* NULL: it has ended */
};

struct lookup {
	uv_getaddrinfo_t request;
	struct slack_socket *socket; /* NULL: nobody waits for it any more */
	struct socket_mode *mode;
};

static void open_another(struct socket_mode *mode);
static void open_later(struct socket_mode *mode, const char *why);
static void end_if_done(struct socket_mode *mode);
static void tick(uv_timer_t *timer);

/* ---- state ---- */

static void set_state(struct socket_mode *mode, enum socket_state state, bool gap, const char *text)
{
	mode->state = state;
	if (!mode->closing)
		mode->ops.state(mode->ops.context, state, gap, text);
}

static unsigned count_of(const struct socket_mode *mode, enum slack_socket_stage from,
                         enum slack_socket_stage to)
{
	unsigned count = 0;

	LIST_EACH (link, &mode->sockets) {
		enum slack_socket_stage stage = CONTAINER_OF(link, struct slack_socket, link)->stage;

		count += stage >= from && stage <= to;
	}
	return count;
}

static void keep_ticking(struct socket_mode *mode)
{
	if (!mode->ended && !list_empty(&mode->sockets) && !uv_is_active((uv_handle_t *)&mode->tick))
		uv_timer_start(&mode->tick, tick, mode->times.tick, mode->times.tick);
}

/* ---- the end of a socket ---- */

static void socket_free(struct slack_socket *socket)
{
	list_remove(&socket->link);
	if (socket->lookup) {
		socket->lookup->socket = NULL;
		uv_cancel((uv_req_t *)&socket->lookup->request);
	}
	if (socket->wsi)
		lws_set_wsi_user(socket->wsi, NULL);
	uv_freeaddrinfo(socket->found);
	mem_free(socket->host);
	mem_free(socket->authority);
	mem_free_secret(socket->path);
	buf_finish(&socket->in);
	buf_finish(&socket->out);
	mem_free(socket);
}

static void disable(struct socket_mode *mode, const char *why)
{
	mode->started = false;
	mode->had_one = false;
	uv_timer_stop(&mode->retry);
	LIST_EACH (link, &mode->sockets)
		slack_socket_leave(CONTAINER_OF(link, struct slack_socket, link), LWS_CLOSE_STATUS_NORMAL);
	set_state(mode, SOCKET_DISABLED, false, why);
}

static bool try_next_address(struct slack_socket *socket);

/* One that was in this stage is lost. */
static void replace(struct socket_mode *mode, enum slack_socket_stage stage, const char *why)
{
	if (stage == SOCKET_OPENING || stage == SOCKET_GREETING) {
		open_later(mode, why);
	} else if (stage == SOCKET_READY) {
		/* LEAVING ones bring no more than what they have; the next one's hello tells of a gap. */
		mode->had_one = false;
		set_state(mode, SOCKET_AWAY, false, why);
		open_another(mode);
	}
}

void socket_mode_lost(struct slack_socket *socket, const char *why)
{
	struct socket_mode *mode = socket->mode;
	enum slack_socket_stage stage = socket->stage;

	socket->ended = true;
	if (stage == SOCKET_OPENING && socket->next) {
		/* The next address, when libwebsockets is done with this one: in the next tick. */
		socket->wsi = NULL;
		return;
	}
	socket->wsi = NULL;
	socket_free(socket);
	if (mode->closing)
		end_if_done(mode);
	else if (mode->started)
		replace(mode, stage, why);
}

void socket_mode_give_up(struct slack_socket *socket, unsigned code, const char *why)
{
	enum slack_socket_stage stage = socket->stage;

	slack_socket_leave(socket, code);
	if (!socket->mode->closing && socket->mode->started)
		replace(socket->mode, stage, why);
}

void slack_socket_leave(struct slack_socket *socket, unsigned code)
{
	struct socket_mode *mode = socket->mode;

	if (socket->stage == SOCKET_CLOSING)
		return;
	bool open = socket->wsi && socket->stage != SOCKET_OPENING;

	socket->stage = SOCKET_CLOSING;
	socket->close_code = code;
	socket->due_ms = uv_now(mode->loop) + (open ? mode->times.close : 0);
	if (open)
		lws_callback_on_writable(socket->wsi);
	keep_ticking(mode);
}

/* Without a word. */
static void cut(struct slack_socket *socket, const char *why)
{
	socket->next = NULL;
	if (socket->wsi) {
		lws_set_wsi_user(socket->wsi, NULL);
		lws_set_timeout(socket->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
		socket->wsi = NULL;
	}
	socket_mode_lost(socket, why);
}

/* ---- time ---- */

static void check_time(struct slack_socket *socket, uint64_t now_ms)
{
	struct socket_mode *mode = socket->mode;
	const struct socket_times *times = &mode->times;

	switch (socket->stage) {
	case SOCKET_OPENING:
		if (socket->ended && socket->next && try_next_address(socket))
			return;
		if (socket->ended && !socket->lookup)
			cut(socket, "none of the host's addresses answers");
		else if (now_ms >= socket->due_ms)
			cut(socket, "no connection in time");
		return;
	case SOCKET_GREETING:
		if (now_ms >= socket->due_ms)
			cut(socket, "it did not say hello in time");
		return;
	case SOCKET_CLOSING:
		if (now_ms >= socket->due_ms)
			cut(socket, "it was closed");
		return;
	case SOCKET_LEAVING:
		if (!socket->unanswered || now_ms >= socket->due_ms) {
			slack_socket_leave(socket, LWS_CLOSE_STATUS_NORMAL);
			return;
		}
		break;
	case SOCKET_READY:
		break;
	}
	if (mode->held)
		socket->heard_ms = now_ms; /* nothing is read */
	if (now_ms - socket->heard_ms >= times->silence) {
		cut(socket, "it was silent for too long");
	} else if (now_ms - socket->pinged_ms >= times->ping) {
		socket->pinged_ms = now_ms;
		socket->ping = true;
		lws_callback_on_writable(socket->wsi);
	}
}

static void tick(uv_timer_t *timer)
{
	struct socket_mode *mode = timer->data;
	uint64_t now_ms = uv_now(mode->loop);

	LIST_EACH (link, &mode->sockets)
		check_time(CONTAINER_OF(link, struct slack_socket, link), now_ms);
	if (!mode->ended && list_empty(&mode->sockets))
		uv_timer_stop(timer);
}

/* ---- opening ---- */

static struct lws_vhost *vhost_of(struct socket_mode *mode, bool tls)
{
	struct lws_vhost **vhost = tls ? &mode->secure : &mode->plain;
	struct lws_context_creation_info info = {
	        .port = CONTEXT_PORT_NO_LISTEN,
	        .vhost_name = tls ? "slack-tls" : "slack",
	        .protocols = protocols,
	        .options = tls ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS,
	        .user = mode,
	};

	if (!*vhost)
		*vhost = lws_create_vhost(mode->context, &info);
	return *vhost;
}

/* By its number, so that libwebsockets looks nothing up; the certificate is checked against the host. */
static bool connect_to(struct slack_socket *socket, const char *address)
{
	struct socket_mode *mode = socket->mode;
	struct lws_client_connect_info info = {
	        .context = mode->context,
	        .vhost = vhost_of(mode, socket->tls),
	        .address = address,
	        .port = (int)socket->port,
	        .path = socket->path,
	        .host = socket->authority,
	        .local_protocol_name = protocols[0].name,
	        .alpn = "http/1.1",
	        .ssl_connection = (socket->tls ? LCCSCF_USE_SSL : 0) | LCCSCF_HTTP_NO_FOLLOW_REDIRECT,
	        .userdata = socket,
	};

	socket->ended = false;
	struct lws *wsi = info.vhost ? lws_client_connect_via_info(&info) : NULL;

	if (!wsi)
		socket->ended = true;
	else if (!socket->ended)
		socket->wsi = wsi;
	return !socket->ended;
}

/* False: there is none left. */
static bool try_next_address(struct slack_socket *socket)
{
	while (socket->next) {
		struct addrinfo *address = socket->next;
		char text[64];

		socket->next = address->ai_next;
		if (getnameinfo(address->ai_addr, address->ai_addrlen, text, sizeof(text), NULL, 0,
		                NI_NUMERICHOST) != 0)
			continue;
		/* What fails at once may have been told to socket_mode_lost, which leaves it to the next
		 * tick. */
		socket->next = address;
		bool going = connect_to(socket, text);

		socket->next = address->ai_next;
		if (going)
			return true;
	}
	return false;
}

static void take_addresses(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
	struct lookup *lookup = CONTAINER_OF(request, struct lookup, request);
	struct socket_mode *mode = lookup->mode;
	struct slack_socket *socket = lookup->socket;

	mem_free(lookup);
	mode->lookups--;
	if (!socket) {
		uv_freeaddrinfo(found);
		end_if_done(mode);
		return;
	}
	socket->lookup = NULL;
	socket->found = socket->next = found;
	if (status < 0)
		socket_mode_lost(socket, uv_strerror(status));
	else if (!try_next_address(socket))
		cut(socket, "none of the host's addresses answers");
}

static void look_up(struct slack_socket *socket)
{
	struct socket_mode *mode = socket->mode;
	struct lookup *lookup = MEM_NEW(struct lookup);
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	char port[8];

	lws_snprintf(port, sizeof(port), "%u", socket->port);
	lookup->socket = socket;
	lookup->mode = mode;
	socket->lookup = lookup;
	mode->lookups++;
	int err = uv_getaddrinfo(mode->loop, &lookup->request, take_addresses, socket->host, port, &hints);

	if (!err)
		return;
	mode->lookups--;
	socket->lookup = NULL;
	mem_free(lookup);
	socket_mode_lost(socket, uv_strerror(err));
}

/* False: it is no URL of a websocket. */
static bool socket_read_url(struct slack_socket *socket, const char *url)
{
	char *copy = mem_strdup(url);
	const char *scheme, *host, *path;
	int port;
	bool good = !lws_parse_uri(copy, &scheme, &host, &port, &path) && *host && port > 0 && port <= 65535;

	if (good) {
		socket->tls = !strcmp(scheme, "wss");
		socket->port = (unsigned)port;
		socket->host = mem_strdup(host);
		socket->authority =
		        port == (socket->tls ? 443 : 80) ? mem_strdup(host) : mem_printf("%s:%d", host, port);
		socket->path = mem_printf("/%s", path);
	}
	mem_free_secret(copy);
	return good;
}

static void open_url(struct socket_mode *mode, const char *url)
{
	struct slack_socket *socket = MEM_NEW(struct slack_socket);

	socket->mode = mode;
	list_init(&socket->link);
	if (!web_api_may_use(mode->api, url, true) || !socket_read_url(socket, url)) {
		socket_free(socket);
		open_later(mode, "Slack names no URL that may be used: it has to be wss");
		return;
	}
	list_append(&mode->sockets, &socket->link);
	socket->number = ++mode->last_number;
	socket->due_ms = uv_now(mode->loop) + mode->times.hello;
	keep_ticking(mode);
	look_up(socket);
}

static void take_url(void *context, const struct web_reply *reply)
{
	struct asking *asking = context;
	struct socket_mode *mode = asking->mode;
	struct arena arena = {0};
	const char *url = json_text(reply->json, "url", &arena);

	mem_free(asking);
	if (mode)
		mode->asking = NULL;
	if (!mode || mode->closing || !mode->started)
		log_debug(NULL, "a URL of Socket Mode that nobody wants any more");
	else if (reply->err == TP_ERR_AUTH || reply->err == TP_ERR_NOT_ALLOWED)
		disable(mode, reply->problem);
	else if (reply->err || !url)
		open_later(mode, reply->err ? reply->problem : "Slack's answer has no URL");
	else
		open_url(mode, url);
	arena_finish(&arena);
}

static void drop_asking(void *context)
{
	struct asking *asking = context;

	if (asking->mode)
		asking->mode->asking = NULL;
	mem_free(asking);
}

/* Unless one is on its way. */
static void open_another(struct socket_mode *mode)
{
	if (mode->asking || mode->closing || !mode->started ||
	    count_of(mode, SOCKET_OPENING, SOCKET_GREETING) > 0)
		return;
	uv_timer_stop(&mode->retry);
	mode->asking = MEM_NEW(struct asking);
	mode->asking->mode = mode;
	web_api_call(mode->api, &(struct web_call){.method = "apps.connections.open",
	                                           .token = mode->token,
	                                           .lane = LANE,
	                                           .done = take_url,
	                                           .drop = drop_asking,
	                                           .context = mode->asking});
}

static void retry_due(uv_timer_t *timer)
{
	open_another(timer->data);
}

static void open_later(struct socket_mode *mode, const char *why)
{
	uint64_t delay_ms = mode->times.retry;
	uint32_t bits;

	for (unsigned i = 0; i < mode->failures && delay_ms < mode->times.retry_last; i++)
		delay_ms *= 2;
	if (delay_ms > mode->times.retry_last)
		delay_ms = mode->times.retry_last;
	random_bytes(&bits, sizeof(bits));
	LOG_AT(mode->failures == 0 ? LOG_LEVEL_WARNING : LOG_LEVEL_DEBUG, &mode->log, "no websocket: %s",
	       why);
	mode->failures++;
	uv_timer_start(&mode->retry, retry_due, delay_ms / 2 + bits % (delay_ms / 2 + 1), 0);
}

void socket_mode_opened(struct slack_socket *socket)
{
	struct socket_mode *mode = socket->mode;

	socket->stage = SOCKET_GREETING;
	socket->heard_ms = socket->pinged_ms = uv_now(mode->loop);
	socket->next = NULL;
	if (mode->held)
		lws_rx_flow_control(socket->wsi, 0);
}

/* ---- frames ---- */

static void take_hello(struct slack_socket *socket, const struct slack_frame *frame)
{
	struct socket_mode *mode = socket->mode;
	bool gap = !mode->had_one;

	if (socket->stage != SOCKET_GREETING)
		return;
	LIST_EACH (link, &mode->sockets) {
		struct slack_socket *other = CONTAINER_OF(link, struct slack_socket, link);

		if (other->stage != SOCKET_READY)
			continue;
		other->stage = SOCKET_LEAVING;
		other->due_ms = uv_now(mode->loop) + mode->times.leave;
		if (!other->unanswered)
			slack_socket_leave(other, LWS_CLOSE_STATUS_NORMAL);
	}
	socket->stage = SOCKET_READY;
	mode->had_one = true;
	mode->failures = 0;
	unsigned ours = count_of(mode, SOCKET_GREETING, SOCKET_CLOSING);

	set_state(mode, SOCKET_CONNECTED, gap, "");
	if (frame->connections && !mode->closing)
		mode->ops.counted(mode->ops.context, frame->connections, ours);
}

static void take_disconnect(struct slack_socket *socket, const struct slack_frame *frame)
{
	struct socket_mode *mode = socket->mode;
	unsigned ours = count_of(mode, SOCKET_GREETING, SOCKET_CLOSING);

	log_info(&mode->log, "Slack takes a websocket away: %s", log_quote(frame->reason_text));
	switch (frame->reason) {
	case SLACK_DISCONNECT_DISABLED:
		disable(mode, "Socket Mode is switched off (link_disabled)");
		return;
	case SLACK_DISCONNECT_TOO_MANY:
		if (frame->connections > ours)
			mode->ops.counted(mode->ops.context, frame->connections, ours);
		break;
	case SLACK_DISCONNECT_WARNING:
	case SLACK_DISCONNECT_REFRESH:
	case SLACK_DISCONNECT_OTHER:
		break;
	}
	/* One that was not greeted is of no use, and has to be followed with patience. */
	if (socket->stage == SOCKET_GREETING) {
		socket_mode_give_up(socket, LWS_CLOSE_STATUS_NORMAL, "Slack does not keep it");
	} else if (socket->stage == SOCKET_READY) {
		open_another(mode);
	}
}

static void turn_over(uv_check_t *check)
{
	struct socket_mode *mode = check->data;

	uv_check_stop(check);
	mode->some = false;
	if (mode->ops.batch && !mode->closing)
		mode->ops.batch(mode->ops.context);
}

static void hand_out(struct slack_socket *socket, const struct slack_frame *frame)
{
	struct socket_mode *mode = socket->mode;

	if (frame->id)
		socket->unanswered++;
	if (!mode->some) {
		mode->some = true;
		uv_check_start(&mode->turn, turn_over);
	}
	mode->ops.envelope(mode->ops.context, socket->number, frame);
}

void socket_mode_take(struct slack_socket *socket, const char *bytes, size_t length)
{
	struct socket_mode *mode = socket->mode;
	struct cJSON *json = mode->closing ? NULL : json_read(bytes, length);
	struct slack_frame frame;

	if (json && slack_frame_read(&frame, json, &mode->arena)) {
		if (frame.kind == SLACK_FRAME_HELLO)
			take_hello(socket, &frame);
		else if (frame.kind == SLACK_FRAME_DISCONNECT)
			take_disconnect(socket, &frame);
		else if (socket->stage != SOCKET_OPENING)
			hand_out(socket, &frame);
	}
	json_free(&json);
	arena_reset(&mode->arena);
}

/* ---- what is offered ---- */

static struct slack_socket *find(const struct socket_mode *mode, socket_number number)
{
	LIST_EACH (link, &mode->sockets) {
		struct slack_socket *socket = CONTAINER_OF(link, struct slack_socket, link);

		if (socket->number == number)
			return socket;
	}
	return NULL;
}

int socket_mode_acknowledge(struct socket_mode *mode, socket_number number, const char *envelope_id,
                            const char *payload)
{
	struct slack_socket *socket = find(mode, number);
	struct buf frame = {0};
	int err = 0;

	if (!socket || !socket->wsi || socket->stage == SOCKET_OPENING)
		return TP_ERR_NOT_CONNECTED;
	buf_puts(&frame, "{\"envelope_id\":");
	json_put_string(&frame, envelope_id);
	if (payload && frame.len + strlen(",\"payload\":}") + strlen(payload) <= LIMIT_SLACK_ACK_BYTES) {
		buf_puts(&frame, ",\"payload\":");
		buf_puts(&frame, payload);
	} else if (payload) {
		err = TP_ERR_LIMIT;
	}
	buf_putc(&frame, '}');
	if (frame.len <= LIMIT_SLACK_ACK_BYTES)
		slack_socket_put(socket, frame.data, frame.len);
	else
		err = TP_ERR_INVALID;
	buf_finish(&frame);
	if (socket->unanswered > 0)
		socket->unanswered--;
	if (socket->stage == SOCKET_LEAVING && !socket->unanswered)
		slack_socket_leave(socket, LWS_CLOSE_STATUS_NORMAL);
	return err;
}

void socket_mode_count(struct socket_mode *mode)
{
	if (count_of(mode, SOCKET_READY, SOCKET_READY) > 0)
		open_another(mode);
}

void socket_mode_hold(struct socket_mode *mode, bool hold)
{
	if (mode->held == hold)
		return;
	mode->held = hold;
	LIST_EACH (link, &mode->sockets) {
		struct slack_socket *socket = CONTAINER_OF(link, struct slack_socket, link);

		socket->heard_ms = uv_now(mode->loop);
		if (socket->wsi && socket->stage != SOCKET_OPENING)
			lws_rx_flow_control(socket->wsi, !hold);
	}
}

unsigned socket_mode_sockets(const struct socket_mode *mode)
{
	return count_of(mode, SOCKET_GREETING, SOCKET_CLOSING);
}

void socket_mode_start(struct socket_mode *mode)
{
	struct buf error = {0};

	if (mode->started || mode->closing)
		return;
	if (!mode->context && http_server_borrow(mode->http, &mode->context, &error)) {
		log_error(&mode->log, "%s", buf_text(&error));
		set_state(mode, SOCKET_DISABLED, false, buf_text(&error));
	} else {
		mode->started = true;
		mode->state = SOCKET_AWAY;
		mode->failures = 0;
		open_another(mode);
	}
	buf_finish(&error);
}

struct socket_mode *socket_mode_create(struct http_server *http, struct web_api *api,
                                       struct web_token *app_token, const struct socket_ops *ops,
                                       const struct log *parent)
{
	struct socket_mode *mode = MEM_NEW(struct socket_mode);

	mode->http = http;
	mode->loop = http_server_loop(http);
	mode->api = api;
	mode->token = app_token;
	mode->ops = *ops;
	mode->log = (struct log){.parent = parent, .label = "socket"};
	mode->times = (struct socket_times){
	        .tick = 200,
	        .ping = LIMIT_SLACK_PING_SECONDS * 1000u,
	        .silence = LIMIT_SLACK_SILENCE_SECONDS * 1000u,
	        .hello = LIMIT_SLACK_HELLO_SECONDS * 1000u,
	        .leave = LIMIT_SLACK_LEAVE_SECONDS * 1000u,
	        .close = LIMIT_SLACK_CLOSE_MS,
	        .retry = LIMIT_SLACK_RETRY_MS,
	        .retry_last = LIMIT_SLACK_RETRY_LAST_MS,
	};
	list_init(&mode->sockets);
	uv_timer_init(mode->loop, &mode->tick);
	uv_timer_init(mode->loop, &mode->retry);
	uv_check_init(mode->loop, &mode->turn);
	mode->tick.data = mode->retry.data = mode->turn.data = mode;
	mode->handles = 3;
	return mode;
}

/* ---- the end ---- */

static void handle_closed(uv_handle_t *handle)
{
	struct socket_mode *mode = handle->data;

	if (--mode->handles > 0)
		return;
	void (*closed)(void *context) = mode->closed;
	void *context = mode->closed_context;

	arena_finish(&mode->arena);
	/* Not from inside of a callback of a connection in it; it ends those that were cut and not closed
	 * yet. */
	if (mode->plain)
		lws_vhost_destroy(mode->plain);
	if (mode->secure)
		lws_vhost_destroy(mode->secure);
	if (mode->context)
		http_server_leave(mode->http);
	mem_free(mode);
	if (closed)
		closed(context);
}

static void end_if_done(struct socket_mode *mode)
{
	if (!mode->closing || mode->ended || mode->lookups > 0 || !list_empty(&mode->sockets))
		return;
	mode->ended = true;
	uv_close((uv_handle_t *)&mode->tick, handle_closed);
	uv_close((uv_handle_t *)&mode->retry, handle_closed);
	uv_close((uv_handle_t *)&mode->turn, handle_closed);
}

void socket_mode_close(struct socket_mode **slot, void (*closed)(void *context), void *context)
{
	struct socket_mode *mode = *slot;

	*slot = NULL;
	if (!mode) {
		if (closed)
			closed(context);
		return;
	}
	mode->closing = true;
	mode->closed = closed;
	mode->closed_context = context;
	uv_timer_stop(&mode->retry);
	if (mode->asking)
		mode->asking->mode = NULL;
	LIST_EACH (link, &mode->sockets)
		slack_socket_leave(CONTAINER_OF(link, struct slack_socket, link), LWS_CLOSE_STATUS_NORMAL);
	end_if_done(mode);
}
