/* SPDX-License-Identifier: MIT */
#include "workspace.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WEBSOCKET_GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" /* RFC 6455 1.3 */

enum opcode { TEXT = 1, CLOSE = 8, PING = 9, PONG = 10 };

/* ---- the Web API ---- */

void form_value(struct slice form, const char *name, char *out, size_t room)
{
	const char *at = form.at, *end = form.at + form.length;
	size_t length = strlen(name);

	*out = '\0';
	while (at < end) {
		const char *next = memchr(at, '&', (size_t)(end - at));

		next = next ? next : end;
		if ((size_t)(next - at) > length && at[length] == '=' && memcmp(at, name, length) == 0) {
			http_decode(out, room, at + length + 1, next);
			return;
		}
		at = next + 1;
	}
}

static void put_user(struct buf *json, const char *id)
{
	buf_printf(json,
		   "\"user\":{\"id\":\"%s\",\"team_id\":\"" TEAM "\",\"name\":\"%s\",\"deleted\":false,\"color\":\"9f69e7\","
		   "\"real_name\":\"Person %s\",\"tz\":\"Europe/Amsterdam\",\"tz_label\":\"Central European Time\","
		   "\"tz_offset\":3600,\"profile\":{\"title\":\"\",\"phone\":\"\",\"skype\":\"\",\"real_name\":\"Person %s\","
		   "\"real_name_normalized\":\"Person %s\",\"display_name\":\"Person %s\","
		   "\"display_name_normalized\":\"Person %s\",\"status_text\":\"\",\"status_emoji\":\"\","
		   "\"avatar_hash\":\"ge3b51ca72de\",\"image_24\":\"https://avatars.example/%s/24.png\","
		   "\"image_72\":\"https://avatars.example/%s/72.png\",\"image_192\":\"https://avatars.example/%s/192.png\","
		   "\"image_512\":\"https://avatars.example/%s/512.png\",\"team\":\"" TEAM "\"},\"is_admin\":%s,"
		   "\"is_owner\":false,\"is_bot\":false,\"is_app_user\":false,\"updated\":1502138686}",
		   id, id, id, id, id, id, id, id, id, id, id, strcmp(id, ADMIN) == 0 ? "true" : "false");
}

static void put_post(struct workspace *workspace, struct buf *json, struct slice form)
{
	char channel[64], name[128];
	unsigned long number = ++workspace->posts;

	form_value(form, "channel", channel, sizeof(channel));
	form_value(form, "username", name, sizeof(name));
	buf_printf(json,
		   "\"channel\":\"%s\",\"ts\":\"%lld.%06lu\",\"message\":{\"type\":\"message\",\"subtype\":\"bot_message\","
		   "\"text\":\"as it was said\",\"username\":\"%s\",\"bot_id\":\"B0BOT\",\"app_id\":\"A0APP\"}",
		   channel, (long long)time(NULL), number % 1000000, name);
}

static void put_answer(struct workspace *workspace, struct buf *json, const char *method, struct slice form)
{
	char id[64];

	buf_puts(json, "{\"ok\":true");
	if (*method)
		buf_putc(json, ',');
	if (strcmp(method, "apps.connections.open") == 0) {
		buf_printf(json, "\"url\":\"ws://127.0.0.1:%u/link/?ticket=%lu&app_id=A0APP\"", workspace->pipes.port,
			   workspace->sockets);
	} else if (strcmp(method, "auth.test") == 0) {
		buf_puts(json, "\"url\":\"https://load.slack.com/\",\"team\":\"Load\",\"user\":\"bridge\",\"team_id\":\"" TEAM
			       "\",\"user_id\":\"" BOT_USER "\",\"bot_id\":\"B0BOT\",\"is_enterprise_install\":false");
	} else if (strcmp(method, "bots.info") == 0) {
		buf_puts(json, "\"bot\":{\"id\":\"B0BOT\",\"deleted\":false,\"name\":\"bridge\",\"app_id\":\"A0APP\","
			       "\"user_id\":\"" BOT_USER "\",\"icons\":{}}");
	} else if (strcmp(method, "users.info") == 0) {
		form_value(form, "user", id, sizeof(id));
		put_user(json, id);
	} else if (strcmp(method, "conversations.info") == 0) {
		form_value(form, "channel", id, sizeof(id));
		buf_printf(json, "\"channel\":{\"id\":\"%s\",\"name\":\"%s\",\"is_channel\":true,\"is_member\":true,"
				 "\"creator\":\"" ADMIN "\"}", id, id);
	} else if (strcmp(method, "chat.postMessage") == 0) {
		put_post(workspace, json, form);
	} else if (strcmp(method, "conversations.open") == 0) {
		buf_puts(json, "\"channel\":{\"id\":\"D0ADMIN\"}");
	} else {
		buf_puts(json, "\"messages\":[],\"channels\":[],\"has_more\":false");
	}
	buf_putc(json, '}');
}

/* ---- websockets ---- */

static void put_frame(struct buf *out, enum opcode opcode, const char *bytes, size_t length)
{
	buf_putc(out, (char)(0x80 | opcode));
	if (length < 126) {
		buf_putc(out, (char)length);
	} else if (length <= 0xffff) {
		buf_putc(out, 126);
		buf_putc(out, (char)(length >> 8));
		buf_putc(out, (char)length);
	} else {
		buf_putc(out, 127);
		buf_put_be32(out, 0);
		buf_put_be32(out, (uint32_t)length);
	}
	buf_append(out, bytes, length);
}

/* The last digits are the number. */
#define ENVELOPE_ID "1d3c79ab-0000-4000-8000-%012lx"

void envelope_put(struct buf *out, unsigned long number, const char *type, unsigned attempt, const struct buf *payload)
{
	static struct buf frame;

	buf_clear(&frame);
	buf_printf(&frame, "{\"envelope_id\":\"" ENVELOPE_ID "\",\"payload\":", number);
	buf_append(&frame, payload->data, payload->len);
	buf_printf(&frame, ",\"type\":\"%s\",\"accepts_response_payload\":%s,\"retry_attempt\":%u,\"retry_reason\":\"%s\"}",
		   type, strcmp(type, "slash_commands") == 0 ? "true" : "false", attempt, attempt ? "timeout" : "");
	put_frame(out, TEXT, frame.data, frame.len);
}

void workspace_send(struct workspace *workspace, const struct buf *frames)
{
	if (!workspace->socket)
		return;
	buf_append(&workspace->socket->out, frames->data, frames->len);
	pipe_write(workspace->socket);
}

static void take_text(struct workspace *workspace, const char *text, size_t length)
{
	static const char start[] = "{\"envelope_id\":\"", head[] = "1d3c79ab-0000-4000-8000-";
	const size_t before = sizeof(start) - 1 + sizeof(head) - 1;
	char digits[13] = "";

	if (length < before + 12 || memcmp(text, start, sizeof(start) - 1) != 0)
		return;
	memcpy(digits, text + before, 12);
	workspace->on_acknowledged(strtoul(digits, NULL, 16));
}

/* What libwebsockets sends is masked, and never longer than that. False: it is not whole yet. */
static bool take_frame(struct workspace *workspace, struct pipe *pipe, size_t *at)
{
	unsigned char *in = (unsigned char *)pipe->in.data + *at;
	size_t there = pipe->in.len - *at, head = 6, length;

	if (there < head)
		return false;
	length = in[1] & 0x7f;
	if (length == 126) {
		head = 8;
		length = (size_t)in[2] << 8 | in[3];
	}
	if (there < head + length)
		return false;
	for (size_t i = 0; i < length; i++)
		in[head + i] ^= in[head - 4 + i % 4];
	*at += head + length;
	if ((in[0] & 0xf) == TEXT)
		take_text(workspace, (char *)in + head, length);
	else if ((in[0] & 0xf) == PING || (in[0] & 0xf) == CLOSE)
		put_frame(&pipe->out, (in[0] & 0xf) == PING ? PONG : CLOSE, (char *)in + head, length);
	return true;
}

static void greet(struct workspace *workspace, struct pipe *pipe)
{
	static const char name[] = "\r\nsec-websocket-key: ";
	static const char hello[] =
		"{\"type\":\"hello\",\"num_connections\":1,\"debug_info\":{\"host\":\"applink-7fc4fdbb64-4x5xq\","
		"\"build_number\":10,\"approximate_connection_time\":18060},\"connection_info\":{\"app_id\":\"A0APP\"}}";
	const char *key = http_header(&pipe->in, pipe->in.len, name);
	unsigned char hash[SHA_DIGEST_LENGTH], text[2 * SHA_DIGEST_LENGTH];
	char whole[128];

	if (!key)
		return;
	key += sizeof(name) - 1;
	int length = snprintf(whole, sizeof(whole), "%.*s" WEBSOCKET_GUID, (int)strcspn(key, "\r"), key);

	SHA1((unsigned char *)whole, (size_t)length, hash);
	EVP_EncodeBlock(text, hash, sizeof(hash));
	buf_printf(&pipe->out, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
			       "Sec-WebSocket-Accept: %s\r\n\r\n", text);
	put_frame(&pipe->out, TEXT, hello, sizeof(hello) - 1);
	workspace->socket = pipe;
	workspace->sockets++;
}

/* ---- both ---- */

static bool answer_call(struct workspace *workspace, struct pipe *pipe)
{
	static struct buf taken, json;
	char method[64];
	size_t body, whole = http_message(&pipe->in, &body);

	if (!whole)
		return false;
	if (strncmp(pipe->in.data, "GET /link/", 10) == 0) {
		greet(workspace, pipe);
		buf_consume(&pipe->in, whole);
		return false;
	}
	buf_clear(&taken);
	buf_append(&taken, pipe->in.data, whole);
	buf_consume(&pipe->in, whole);
	if (sscanf(taken.data, "POST /api/%63[A-Za-z.]", method) != 1)
		return true;
	const struct slice form = {taken.data + body, whole - body};

	buf_clear(&json);
	put_answer(workspace, &json, method, form);
	buf_printf(&pipe->out,
		   "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: %zu\r\n\r\n",
		   json.len);
	buf_append(&pipe->out, json.data, json.len);
	workspace->calls++;
	workspace->on_call(&(struct call){method, form});
	return true;
}

static void serve(void *context, struct pipe *pipe, bool there)
{
	struct workspace *workspace = context;
	size_t at = 0;

	if (pipe != workspace->socket) {
		while (answer_call(workspace, pipe))
			continue;
		return;
	}
	while (take_frame(workspace, pipe, &at))
		continue;
	buf_consume(&pipe->in, at);
	if (!there)
		workspace->socket = NULL;
}

void workspace_listen(struct workspace *workspace)
{
	workspace->pipes.serve = serve;
	workspace->pipes.context = workspace;
	pipes_listen(&workspace->pipes);
}

void workspace_close(struct workspace *workspace)
{
	pipes_close(&workspace->pipes);
	workspace->socket = NULL;
}

void workspace_turn(struct workspace *workspace, int timeout_ms)
{
	pipes_turn(&workspace->pipes, timeout_ms);
}
