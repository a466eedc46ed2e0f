/* SPDX-License-Identifier: MIT */
/*
 * bench-floor: what a gateway costs at the least, to compare the real one with. It is started like a component, by
 * `bench-floor translate|forward PORT BACKEND`, and runs the backend on a socketpair.
 *
 *   translate   reads, parses each stanza with expat (with namespaces: without them nobody knows what an element is),
 *               packs the frames that the gateway would send with protobuf-c, and writes what one read gave in one go;
 *               the same the other way. No users, no checks, no state.
 *   forward     passes bytes on and back, unread
 */
#include <errno.h>
#include <expat.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "protocol/frame.h"
#include "protocol/pbnetwork.pb-c.h"
#include "floor_ends.h"

#define READ_BYTES (16u << 10) /* as transportd, which does not let one peer hold up the others */
#define NS_SEPARATOR '|'
#define NS_COMPONENT "jabber:component:accept"
#define DOMAIN_NAME "bench.localhost"
#define HOLD_BYTES (4u << 20) /* queued one way: the other is not read */

struct end {
	int fd;
	struct buf out;
	size_t sent;
	bool watched;
	unsigned events;
};

static struct floor {
	struct end server, backend;
	int epoll;
	bool forward, opened;
	struct frame_reader frames;
	XML_Parser parser;
	unsigned depth;
	struct buf from, to, body, id, packed;
	bool in_body, active, receipt, message;
	unsigned long next_id;
} floor_;

/* from people */

static void set(struct buf *buf, const char *text, size_t length)
{
	buf_clear(buf);
	buf_append(buf, text, length);
}

/* Whether expat's "namespace|name" is this. */
static bool is_element(const XML_Char *full, const char *ns, const char *name)
{
	size_t length = strlen(ns);

	return strncmp(full, ns, length) == 0 && full[length] == NS_SEPARATOR && strcmp(full + length + 1, name) == 0;
}

static void XMLCALL on_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
	(void)context;
	floor_.depth++;
	if (floor_.depth == 2) {
		floor_.message = is_element(name, NS_COMPONENT, "message");
		floor_.active = floor_.receipt = false;
		buf_clear(&floor_.body);
		for (; *attributes; attributes += 2) {
			if (strcmp(attributes[0], "from") == 0)
				set(&floor_.from, attributes[1], strcspn(attributes[1], "/"));
			else if (strcmp(attributes[0], "to") == 0)
				set(&floor_.to, attributes[1], strcspn(attributes[1], "@"));
			else if (strcmp(attributes[0], "id") == 0)
				set(&floor_.id, attributes[1], strlen(attributes[1]));
		}
	} else if (floor_.depth == 3) {
		floor_.in_body = is_element(name, NS_COMPONENT, "body");
		floor_.active = floor_.active || is_element(name, "http://jabber.org/protocol/chatstates", "active");
		floor_.receipt = floor_.receipt || is_element(name, "urn:xmpp:receipts", "request");
	}
}

static ProtobufCBinaryData bytes_of(struct buf *buf)
{
	return (ProtobufCBinaryData){.len = buf->len, .data = (uint8_t *)buf->data};
}

static void put_frame(Pbnetwork__WrapperMessage__Type type, const ProtobufCMessage *message)
{
	Pbnetwork__WrapperMessage wrapper = PBNETWORK__WRAPPER_MESSAGE__INIT;
	struct buf *out = &floor_.backend.out;
	size_t size;

	buf_clear(&floor_.packed);
	floor_.packed.len = protobuf_c_message_pack(
		message, (uint8_t *)buf_reserve(&floor_.packed, protobuf_c_message_get_packed_size(message)));
	wrapper.type = type;
	wrapper.has_payload = true;
	wrapper.payload = bytes_of(&floor_.packed);
	size = protobuf_c_message_get_packed_size(&wrapper.base);
	buf_put_be32(out, (uint32_t)size);
	out->len += protobuf_c_message_pack(&wrapper.base, (uint8_t *)buf_reserve(out, size));
}

static void send_to_backend(void)
{
	Pbnetwork__ConversationMessage message = PBNETWORK__CONVERSATION_MESSAGE__INIT;

	if (floor_.active) {
		Pbnetwork__Buddy state = PBNETWORK__BUDDY__INIT;

		state.username = bytes_of(&floor_.from);
		state.buddyname = bytes_of(&floor_.to);
		put_frame(PBNETWORK__WRAPPER_MESSAGE__TYPE__TYPE_BUDDY_STOPPED_TYPING, &state.base);
	}
	message.username = bytes_of(&floor_.from);
	message.buddyname = bytes_of(&floor_.to);
	message.message = bytes_of(&floor_.body);
	message.has_xhtml = true;
	message.has_id = floor_.receipt;
	message.id = bytes_of(&floor_.id);
	put_frame(PBNETWORK__WRAPPER_MESSAGE__TYPE__TYPE_CONV_MESSAGE, &message.base);
}

static void XMLCALL on_end(void *context, const XML_Char *name)
{
	(void)context;
	if (floor_.depth == 3)
		floor_.in_body = false;
	if (floor_.depth == 2 && floor_.message)
		send_to_backend();
	if (is_element(name, NS_COMPONENT, "handshake"))
		floor_.opened = true;
	floor_.depth--;
}

static void XMLCALL on_text(void *context, const XML_Char *text, int length)
{
	(void)context;
	if (floor_.in_body)
		buf_append(&floor_.body, text, (size_t)length);
}

static void take_xml(const char *bytes, size_t count)
{
	static const char accepted[] = "<handshake/>";
	const char *end;

	if (floor_.forward && floor_.opened) {
		buf_append(&floor_.backend.out, bytes, count);
		return;
	}
	if (!floor_.forward) {
		if (XML_Parse(floor_.parser, bytes, (int)count, 0) == XML_STATUS_ERROR)
			exit(1);
		return;
	}
	end = memmem(bytes, count, accepted, sizeof(accepted) - 1);
	if (!end)
		return;
	floor_.opened = true;
	end += sizeof(accepted) - 1;
	buf_append(&floor_.backend.out, end, (size_t)(bytes + count - end));
}

/* to people */

static void put_escaped(struct buf *out, ProtobufCBinaryData text)
{
	const char *at = (const char *)text.data, *end = at + text.len, *done = at;

	for (; at < end; at++) {
		const char *instead = *at == '<' ? "&lt;"
				    : *at == '>' ? "&gt;"
				    : *at == '&' ? "&amp;"
				    : *at == '\'' ? "&apos;"
				    : *at == '"' ? "&quot;"
						 : NULL;

		if (!instead)
			continue;
		buf_append(out, done, (size_t)(at - done));
		buf_puts(out, instead);
		done = at + 1;
	}
	buf_append(out, done, (size_t)(end - done));
}

static void show_message(const Pbnetwork__ConversationMessage *message)
{
	struct buf *out = &floor_.server.out;
	char id[48];

	buf_puts(out, "<message type='chat' from='");
	put_escaped(out, message->buddyname);
	buf_puts(out, "@" DOMAIN_NAME "/bot' to='");
	put_escaped(out, message->username);
	snprintf(id, sizeof(id), "' id='%026lu'><body>", ++floor_.next_id);
	buf_puts(out, id);
	put_escaped(out, message->message);
	buf_puts(out, "</body><active xmlns='http://jabber.org/protocol/chatstates'/></message>");
}

static void show_contact(const Pbnetwork__Buddy *contact)
{
	struct buf *out = &floor_.server.out;

	buf_puts(out, "<presence from='");
	put_escaped(out, contact->buddyname);
	buf_puts(out, "@" DOMAIN_NAME "/bot' to='");
	put_escaped(out, contact->username);
	buf_puts(out, "/phone'><x xmlns='vcard-temp:x:update'><photo></photo></x>"
		      "<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='https://bench.localhost/floor' "
		      "ver='QgayPKawpkPSDYmwT/WM94uAlu0='/></presence>");
}

static void take_frame(const uint8_t *frame, size_t length)
{
	Pbnetwork__WrapperMessage *wrapper = pbnetwork__wrapper_message__unpack(NULL, length, frame);

	if (!wrapper)
		exit(1);
	if (wrapper->type == PBNETWORK__WRAPPER_MESSAGE__TYPE__TYPE_CONV_MESSAGE) {
		Pbnetwork__ConversationMessage *message = pbnetwork__conversation_message__unpack(
			NULL, wrapper->payload.len, wrapper->payload.data);

		if (!message)
			exit(1);
		show_message(message);
		pbnetwork__conversation_message__free_unpacked(message, NULL);
	} else if (wrapper->type == PBNETWORK__WRAPPER_MESSAGE__TYPE__TYPE_BUDDY_CHANGED) {
		Pbnetwork__Buddy *contact =
			pbnetwork__buddy__unpack(NULL, wrapper->payload.len, wrapper->payload.data);

		if (!contact)
			exit(1);
		show_contact(contact);
		pbnetwork__buddy__free_unpacked(contact, NULL);
	}
	pbnetwork__wrapper_message__free_unpacked(wrapper, NULL);
}

/* sockets */

static void read_end(struct end *end)
{
	static char bytes[READ_BYTES];
	ssize_t count = recv(end->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	const uint8_t *frame;
	size_t length;

	if (count < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (count <= 0)
		exit(0);
	if (end == &floor_.server) {
		take_xml(bytes, (size_t)count);
	} else if (floor_.forward) {
		buf_append(&floor_.server.out, bytes, (size_t)count);
	} else {
		frame_feed(&floor_.frames, bytes, (size_t)count);
		while (frame_next(&floor_.frames, &frame, &length) == 1)
			take_frame(frame, length);
	}
}

static void write_end(struct end *end)
{
	ssize_t count = send(end->fd, end->out.data + end->sent, end->out.len - end->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (count < 0 && errno != EAGAIN && errno != EINTR)
		exit(0);
	if (count > 0)
		end->sent += (size_t)count;
	if (end->sent > end->out.len / 2) {
		buf_consume(&end->out, end->sent);
		end->sent = 0;
	}
}

static void watch(struct end *end, const struct end *other)
{
	unsigned events = (other->out.len < HOLD_BYTES ? EPOLLIN : 0u) | (end->out.len ? EPOLLOUT : 0u);
	struct epoll_event event = {.events = events, .data.ptr = end};

	if (end->watched && events == end->events)
		return;
	if (epoll_ctl(floor_.epoll, end->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, end->fd, &event) < 0)
		fail("epoll_ctl");
	end->watched = true;
	end->events = events;
}

static void run(void)
{
	struct epoll_event events[2];

	for (;;) {
		int count;

		if (floor_.server.out.len)
			write_end(&floor_.server);
		if (floor_.backend.out.len)
			write_end(&floor_.backend);
		watch(&floor_.server, &floor_.backend);
		watch(&floor_.backend, &floor_.server);
		count = epoll_wait(floor_.epoll, events, 2, -1);
		for (int i = 0; i < count; i++)
			if (events[i].events & ~(unsigned)EPOLLOUT)
				read_end(events[i].data.ptr);
	}
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: bench-floor translate|forward PORT BACKEND\n");
		return 2;
	}
	floor_.forward = strcmp(argv[1], "forward") == 0;
	floor_.backend.fd = start_backend(argv[3], floor_.forward ? "--raw" : "--frames");
	floor_.server.fd = connect_port(argv[2]);
	floor_.epoll = epoll_create1(EPOLL_CLOEXEC);
	frame_reader_init(&floor_.frames, FRAME_MAX_DEFAULT);
	floor_.parser = XML_ParserCreateNS(NULL, NS_SEPARATOR);
	XML_SetElementHandler(floor_.parser, on_start, on_end);
	XML_SetCharacterDataHandler(floor_.parser, on_text);
	buf_puts(&floor_.server.out, "<stream:stream xmlns:stream='http://etherx.jabber.org/streams' "
				     "xmlns='jabber:component:accept' to='" DOMAIN_NAME "'><handshake>0</handshake>");
	run();
}
