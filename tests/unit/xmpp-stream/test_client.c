/* SPDX-License-Identifier: MIT */
#include "test_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_frontend.h"

void client_connect(struct client *client, int port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	memset(client, 0, sizeof(*client));
	client->fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(client->fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(fcntl(client->fd, F_SETFL, O_NONBLOCK), 0);
}

void client_close(struct client *client)
{
	SSL_free(client->ssl);
	SSL_CTX_free(client->context);
	if (client->fd >= 0)
		close(client->fd);
	buf_finish(&client->got);
	memset(client, 0, sizeof(*client));
	client->fd = -1;
}

void client_say(struct client *client, const char *text)
{
	int length = (int)strlen(text);

	if (client->ssl)
		assert_int_equal(SSL_write(client->ssl, text, length), length);
	else
		assert_int_equal(send(client->fd, text, (size_t)length, MSG_NOSIGNAL), length);
}

static void receive(struct client *client)
{
	static char bytes[65536];
	int count;

	if (client->ssl) {
		count = SSL_read(client->ssl, bytes, sizeof(bytes));
		if (count <= 0) {
			int error = SSL_get_error(client->ssl, count);

			client->closed = error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE;
		}
	} else {
		count = (int)recv(client->fd, bytes, sizeof(bytes), 0);
		client->closed = count == 0 || (count < 0 && errno != EAGAIN);
	}
	if (count > 0)
		buf_append(&client->got, bytes, (size_t)count);
}

static bool sees_step(void *context)
{
	struct client *client = context;

	if (!client->closed)
		receive(client);
	return client->closed || (client->wanted && strstr(buf_text(&client->got), client->wanted));
}

bool client_sees(struct client *client, const char *text)
{
	const char *found;

	client->wanted = text;
	if (!strstr(buf_text(&client->got), text) && !fake_run(sees_step, client))
		return false;
	found = strstr(buf_text(&client->got), text);
	if (!found)
		return false;
	buf_consume(&client->got, (size_t)(found - client->got.data) + strlen(text));
	return true;
}

bool client_sees_end(struct client *client)
{
	client->wanted = NULL;
	return client->closed || fake_run(sees_step, client);
}

static bool handshake_step(void *context)
{
	struct client *client = context;
	int done = SSL_do_handshake(client->ssl);
	int error = SSL_get_error(client->ssl, done);

	client->handshake_failed = done != 1 && error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE;
	return done == 1 || client->handshake_failed;
}

bool client_start_tls(struct client *client)
{
	client->context = SSL_CTX_new(TLS_client_method());
	client->ssl = SSL_new(client->context);
	SSL_set_fd(client->ssl, client->fd);
	SSL_set_connect_state(client->ssl);
	return fake_run(handshake_step, client) && !client->handshake_failed;
}

void client_header(struct client *client)
{
	client_say(client, "<?xml version='1.0'?><stream:stream to='gw.example' version='1.0' xmlns='jabber:client' "
			   "xmlns:stream='http://etherx.jabber.org/streams'>");
	assert_true(client_sees(client, "<stream:features>"));
	client->wanted = "</stream:features>";
	assert_true(fake_run(sees_step, client));
}

void client_auth(struct client *client, const char *node, const char *password)
{
	struct buf message = {0}, out = {0};
	struct xml_writer writer;

	buf_append(&message, "", 1);
	buf_puts(&message, node);
	buf_append(&message, "", 1);
	buf_puts(&message, password);
	xml_writer_init(&writer, &out);
	xml_start_ns(&writer, "auth", "urn:ietf:params:xml:ns:xmpp-sasl");
	xml_attr(&writer, "mechanism", "PLAIN");
	xml_base64(&writer, message.data, message.len);
	xml_end(&writer);
	client_say(client, buf_text(&out));
	buf_finish(&message);
	buf_finish(&out);
}
