/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/slack/ws_peer.h"

void ws_open(struct ws_peer *peer)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	*peer = (struct ws_peer){.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
	assert_int_equal(bind(peer->listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(peer->listener, 16), 0);
	getsockname(peer->listener, (struct sockaddr *)&address, &size);
	peer->port = ntohs(address.sin_port);
}

static void set_name(X509 *certificate, const char *name)
{
	char san[100];
	X509_EXTENSION *extension;

	snprintf(san, sizeof(san), "DNS:%s", name);
	extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san);
	assert_non_null(extension);
	X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
	                           (const unsigned char *)name, -1, -1, 0);
}

void ws_use_tls(struct ws_peer *peer, const char *name, const char *file)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = X509_new();
	FILE *out = fopen(file, "w");

	peer->tls = SSL_CTX_new(TLS_server_method());
	X509_set_version(certificate, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	set_name(certificate, name);
	X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
	X509_set_pubkey(certificate, key);
	assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
	assert_int_equal(SSL_CTX_use_certificate(peer->tls, certificate), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(peer->tls, key), 1);
	assert_non_null(out);
	assert_int_equal(PEM_write_X509(out, certificate), 1);
	fclose(out);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

void ws_hang_up(struct ws_connection *connection)
{
	SSL_free(connection->ssl);
	connection->ssl = NULL;
	if (connection->fd >= 0)
		close(connection->fd);
	connection->fd = -1;
}

void ws_close(struct ws_peer *peer)
{
	for (unsigned i = 0; i < peer->count; i++) {
		ws_hang_up(&peer->connections[i]);
		buf_finish(&peer->connections[i].in);
		buf_finish(&peer->connections[i].head);
		buf_finish(&peer->connections[i].heard);
		buf_finish(&peer->connections[i].pongs);
	}
	if (peer->listener >= 0)
		close(peer->listener);
	SSL_CTX_free(peer->tls);
}

static ssize_t read_some(struct ws_connection *connection, char *room, size_t count)
{
	if (connection->fd < 0)
		return -1;
	if (!connection->ssl)
		return recv(connection->fd, room, count, 0);
	int got = SSL_read(connection->ssl, room, (int)count); /* it shakes hands first */

	if (got > 0)
		return got;
	return SSL_get_error(connection->ssl, got) == SSL_ERROR_WANT_READ ? -1 : 0;
}

static void send_all(struct ws_connection *connection, const char *bytes, size_t length)
{
	while (length > 0 && connection->fd >= 0) {
		ssize_t sent = connection->ssl ? SSL_write(connection->ssl, bytes, (int)length)
		                               : send(connection->fd, bytes, length, MSG_NOSIGNAL);

		if (sent < 0 && errno == EAGAIN)
			continue;
		if (sent < 0)
			return; /* it has gone */
		bytes += sent;
		length -= (size_t)sent;
	}
}

void ws_send(struct ws_connection *connection, unsigned char opcode, const void *bytes, size_t length)
{
	struct buf frame = {0};

	buf_putc(&frame, (char)opcode);
	if (length < 126) {
		buf_putc(&frame, (char)length);
	} else if (length < 65536) {
		buf_putc(&frame, 126);
		buf_putc(&frame, (char)(length >> 8));
		buf_putc(&frame, (char)length);
	} else {
		buf_putc(&frame, 127);
		buf_put_be32(&frame, 0);
		buf_put_be32(&frame, (uint32_t)length);
	}
	buf_append(&frame, bytes, length);
	send_all(connection, frame.data, frame.len);
	buf_finish(&frame);
}

void ws_say(struct ws_connection *connection, const char *text)
{
	ws_send(connection, 0x81, text, strlen(text));
}

bool ws_is_taken(const struct ws_connection *connection)
{
	int waiting = 0;

	if (connection->fd < 0 || connection->client_closed)
		return true;
	assert_int_equal(ioctl(connection->fd, SIOCOUTQ, &waiting), 0);
	return waiting == 0;
}

/* RFC 6455 4.2.2 */
static void shake_hands(struct ws_peer *peer, struct ws_connection *connection)
{
	const char *end = strstr(buf_text(&connection->in), "\r\n\r\n");
	const char *key = strstr(buf_text(&connection->in), "Sec-WebSocket-Key: ");
	unsigned char digest[20], text[32];
	struct buf joined = {0}, answer = {0};

	if (!end || !key || peer->deaf)
		return;
	buf_append(&connection->head, connection->in.data, (size_t)(end - connection->in.data) + 2);
	key += strlen("Sec-WebSocket-Key: ");
	buf_append(&joined, key, strcspn(key, "\r"));
	buf_puts(&joined, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
	EVP_Digest(joined.data, joined.len, digest, NULL, EVP_sha1(), NULL);
	EVP_EncodeBlock(text, digest, sizeof(digest));
	if (peer->redirects)
		buf_printf(&answer,
		           "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%u/elsewhere\r\nContent-Length: "
		           "0\r\n\r\n",
		           peer->port);
	else
		buf_printf(&answer,
		           "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		           "Sec-WebSocket-Accept: %s\r\n\r\n",
		           text);
	send_all(connection, answer.data, answer.len);
	buf_consume(&connection->in, (size_t)(end - connection->in.data) + 4);
	connection->open = !peer->redirects;
	buf_finish(&joined);
	buf_finish(&answer);
}

static void take(struct ws_peer *peer, struct ws_connection *connection, unsigned char opcode,
                 const char *bytes, size_t length)
{
	switch (opcode) {
	case 0x81:
		buf_append(&connection->heard, bytes, length);
		buf_putc(&connection->heard, '\n');
		break;
	case 0x88:
		connection->client_closed = true;
		if (length >= 2)
			connection->close_code =
			        (unsigned)((unsigned char)bytes[0] << 8 | (unsigned char)bytes[1]);
		if (!peer->mute)
			ws_send(connection, 0x88, bytes, length);
		break;
	case 0x89:
		connection->pings++;
		if (!peer->mute)
			ws_send(connection, 0x8a, bytes, length);
		break;
	case 0x8a:
		buf_append(&connection->pongs, bytes, length);
		break;
	default:
		buf_printf(&connection->heard, "~%02x\n", opcode);
	}
}

/* One frame of the client, which is masked; false: it is not there yet. */
static bool take_frame(struct ws_peer *peer, struct ws_connection *connection)
{
	const unsigned char *at = (const unsigned char *)connection->in.data;
	size_t have = connection->in.len, head = 6, length;

	if (have < 6)
		return false;
	assert_true(at[1] & 0x80);
	length = at[1] & 0x7f;
	assert_true(length != 127);
	if (length == 126) {
		length = (size_t)(at[2] << 8 | at[3]);
		head = 8;
	}
	if (have < head + length)
		return false;
	char *bytes = connection->in.data + head;

	for (size_t i = 0; i < length; i++)
		bytes[i] = (char)(bytes[i] ^ connection->in.data[head - 4 + i % 4]);
	take(peer, connection, at[0], bytes, length);
	buf_consume(&connection->in, head + length);
	return true;
}

bool ws_turn(struct ws_peer *peer)
{
	int fd = peer->listener >= 0 ? accept4(peer->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC) : -1;

	if (fd >= 0) {
		assert_true(peer->count < WS_CONNECTIONS);
		peer->connections[peer->count++] = (struct ws_connection){.fd = fd};
		if (peer->tls) {
			SSL *ssl = peer->connections[peer->count - 1].ssl = SSL_new(peer->tls);

			SSL_set_fd(ssl, fd);
			SSL_set_accept_state(ssl);
		}
	}
	for (unsigned i = 0; i < peer->count; i++) {
		struct ws_connection *connection = &peer->connections[i];
		ssize_t count = read_some(connection, buf_reserve(&connection->in, 4096), 4096);

		if (count == 0)
			ws_hang_up(connection);
		if (count > 0) {
			connection->in.len += (size_t)count;
			connection->in.data[connection->in.len] = '\0';
		}
		if (!connection->open && count > 0)
			shake_hands(peer, connection);
		while (connection->open && take_frame(peer, connection))
			;
	}
	return true;
}
