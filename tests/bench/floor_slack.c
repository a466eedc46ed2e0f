/* SPDX-License-Identifier: MIT */
/*
 * bench-floor-slack: what a gateway for Socket Mode costs at the least. `bench-floor-slack PORT BACKEND` opens a
 * websocket on that port, reads each envelope with cJSON, packs what was said in a frame for the backend, acknowledges
 * it, and writes what one read gave in one go. It masks with zeros, knows nobody, checks nothing and keeps nothing.
 */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "floor_ends.h"
#include "wire.h"

#define READ_BYTES (16u << 10)

static struct floor {
	int slack, backend;
	bool open;
	struct buf in, out, frames, payload;
} floor_;

static struct slice text_of(const cJSON *object, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

	return (struct slice){text ? text : "", text ? strlen(text) : 0};
}

static void acknowledge(struct slice id)
{
	size_t length = id.length + strlen("{\"envelope_id\":\"\"}");

	buf_putc(&floor_.out, (char)0x81);
	buf_putc(&floor_.out, (char)(0x80 | length)); /* such an id is short */
	buf_append(&floor_.out, "\0\0\0", 4);
	buf_printf(&floor_.out, "{\"envelope_id\":\"%s\"}", id.at);
}

static void take_envelope(const char *bytes, size_t length)
{
	cJSON *json = cJSON_ParseWithLength(bytes, length);
	const cJSON *event = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(json, "payload"), "event");

	if (event) {
		buf_clear(&floor_.payload);
		wire_put_bytes(&floor_.payload, 1, text_of(event, "user"));
		wire_put_bytes(&floor_.payload, 2, SLICE("#sink00000"));
		wire_put_bytes(&floor_.payload, 3, text_of(event, "text"));
		wire_put_frame(&floor_.frames, WIRE_CONV_MESSAGE, &floor_.payload);
		acknowledge(text_of(json, "envelope_id"));
	}
	cJSON_Delete(json);
}

/* False: it is not whole yet. */
static bool take_frame(size_t *at)
{
	const unsigned char *in = (const unsigned char *)floor_.in.data + *at;
	size_t there = floor_.in.len - *at, head = 2, length;

	if (there < 4)
		return false;
	length = in[1];
	if (length == 126) {
		head = 4;
		length = (size_t)in[2] << 8 | in[3];
	}
	if (there < head + length)
		return false;
	take_envelope((const char *)in + head, length);
	*at += head + length;
	return true;
}

static void write_all(int fd, struct buf *out)
{
	for (size_t sent = 0; sent < out->len;) {
		ssize_t count = send(fd, out->data + sent, out->len - sent, MSG_NOSIGNAL);

		if (count <= 0)
			exit(0);
		sent += (size_t)count;
	}
	buf_clear(out);
}

static void read_slack(void)
{
	ssize_t count = recv(floor_.slack, buf_reserve(&floor_.in, READ_BYTES), READ_BYTES, 0);
	size_t at = 0;

	if (count <= 0)
		exit(0);
	floor_.in.len += (size_t)count;
	if (!floor_.open) {
		const char *end = memmem(floor_.in.data, floor_.in.len, "\r\n\r\n", 4);

		if (!end)
			return;
		floor_.open = true;
		buf_consume(&floor_.in, (size_t)(end + 4 - floor_.in.data));
	}
	while (take_frame(&at))
		continue;
	buf_consume(&floor_.in, at);
	write_all(floor_.backend, &floor_.frames);
	write_all(floor_.slack, &floor_.out);
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: bench-floor-slack PORT BACKEND\n");
		return 2;
	}
	floor_.backend = start_backend(argv[2], "--frames");
	floor_.slack = connect_port(argv[1]);
	buf_puts(&floor_.out, "GET /link/ HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
			      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
	write_all(floor_.slack, &floor_.out);
	for (;;)
		read_slack();
}
