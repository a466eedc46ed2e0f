/* SPDX-License-Identifier: MIT */
/* The HTTP client: where strangers' links may not lead, and whom it does not believe. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <netdb.h>
#include <pthread.h>
#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "tests/unit/http/asking.h"
#include "transport/http/http_guard.h"

/* Lets nothing leave, whatever the real one says. */
static bool only_watch(void *context, const struct sockaddr *address)
{
	struct fixture *f = context;

	f->guarded++;
	f->real_yes += http_guard_allows(NULL, address);
	return false;
}

static void keeps_strangers_links_out(void **state)
{
	static const char *const hosts[] = {
		"127.0.0.1", "localhost", "LOCALHOST", "127.1", "2130706433", "0x7f000001", "0x7f.1", "017700000001",
		"0177.0.0.01", "0", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]",
		"[2002:7f00:1::1]", "169.254.169.254", "0xa9fea9fe", "2852039166", "[fe80::1]", "[fd00:ec2::254]", "10.0.0.1",
		"192.168.0.1", "172.16.0.1", "224.0.0.1", "255.255.255.255", "[ff02::1]", "%31%32%37.0.0.1", "127。0。0。1",
		"100.64.0.1", "198.18.0.1",
	};
	struct fixture *f = *state;
	char url[100];

	http_client_set_guard(f->client, only_watch, f);
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		struct outcome outcome = {0};

		snprintf(url, sizeof(url), "http://%s:%u/echo/", hosts[i], f->port);
		ask(f, (struct http_ask){.url = url, .foreign = true}, &outcome);
		/* A spelling that libcurl or the resolver does not know leads nowhere. */
		if (outcome.result.err != TP_ERR_NOT_ALLOWED && outcome.result.err != TP_ERR_IO &&
		    outcome.result.err != TP_ERR_INVALID)
			fail_msg("%s ends with %d", url, outcome.result.err);
		if (i < 4 && outcome.result.err != TP_ERR_NOT_ALLOWED)
			fail_msg("%s: %s", url, buf_text(&outcome.problem));
		outcome_finish(&outcome);
	}
	assert_int_equal(f->real_yes, 0);
	assert_int_equal(f->requests, 0);
	assert_true(f->guarded >= ARRAY_SIZE(hosts) - 4);
}

static bool allow_one_port(void *context, const struct sockaddr *address)
{
	struct fixture *f = context;
	const struct sockaddr_in *v4 = (const void *)address;

	f->guarded++;
	if (address->sa_family != AF_INET || ntohs(v4->sin_port) != f->allowed_port || !f->allowed_times)
		return false;
	f->allowed_times--;
	return true;
}

static void follows_redirects(void **state)
{
	struct fixture *f = *state;
	struct outcome outcome = {0};
	struct http_ask foreign = {.url = url_of(f, "/redirect"), .foreign = true};
	char other[64];

	f->allowed_port = f->port;
	f->allowed_times = 100;
	http_client_set_guard(f->client, allow_one_port, f);
	f->redirects_left = 5;
	ask(f, foreign, &outcome);
	assert_int_equal(outcome.result.err, 0);
	assert_string_equal(buf_text(&outcome.body), "there");
	assert_int_equal(f->requests, 6);
	f->redirects_left = 6;
	assert_int_equal(error_of(f, foreign), TP_ERR_NOT_ALLOWED);
	assert_int_equal(f->requests, 12);
	/* to where it may not go */
	f->redirects_left = 0;
	snprintf(other, sizeof(other), "http://127.0.0.1:%u/", f->other_port);
	f->location = other;
	assert_int_equal(error_of(f, foreign), TP_ERR_NOT_ALLOWED);
	assert_int_equal(f->requests_of_other, 0);
	static const char *const elsewhere[] = {"file:///etc/passwd", "gopher://127.0.0.1:70/", "ftp://127.0.0.1/x",
						"dict://127.0.0.1:1/", "http://u:p@127.0.0.1/"};

	for (size_t i = 0; i < ARRAY_SIZE(elsewhere); i++) {
		f->location = elsewhere[i];
		assert_int_equal(error_of(f, foreign), TP_ERR_NOT_ALLOWED);
	}
	/* our own calls are not led anywhere */
	f->location = other;
	ask(f, (struct http_ask){.url = url_of(f, "/redirect")}, &outcome);
	assert_int_equal(outcome.result.err, 0);
	assert_int_equal(outcome.result.status, 302);
	assert_string_equal(buf_text(&outcome.body), "elsewhere");
	assert_int_equal(f->requests_of_other, 0);
	outcome_finish(&outcome);
}

/* A name that leads to a good address first and to another one afterwards: each connection is looked at, and each
 * request of a connection that is there already. */
static void looks_each_time(void **state)
{
	struct fixture *f = *state;
	struct outcome outcome = {0};
	struct peer peer;
	struct http_ask foreign = {.foreign = true};

	peer_open(&peer, f, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	http_client_set_guard(f->client, allow_one_port, f);
	f->allowed_port = peer.port;
	f->allowed_times = 2; /* the connection, its first request */
	ask_peer(&peer, foreign, &outcome);
	assert_int_equal(outcome.result.err, 0);
	ask_peer(&peer, foreign, &outcome);
	assert_int_equal(outcome.result.err, TP_ERR_NOT_ALLOWED);
	assert_int_equal(peer.requests, 1);
	peer_hang_up(&peer);
	ask_peer(&peer, foreign, &outcome);
	assert_int_equal(outcome.result.err, TP_ERR_NOT_ALLOWED);
	assert_int_equal(peer.requests, 1);
	peer_close(&peer);
	outcome_finish(&outcome);
}

/* A connection that we have to ourselves is none for strangers' links. */
static void lends_no_connection(void **state)
{
	struct fixture *f = *state;
	struct outcome outcome = {0};
	struct peer peer;

	peer_open(&peer, f, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	ask_peer(&peer, (struct http_ask){0}, &outcome);
	assert_int_equal(outcome.result.err, 0);
	ask_peer(&peer, (struct http_ask){.foreign = true}, &outcome); /* with the real guard */
	assert_int_equal(outcome.result.err, TP_ERR_NOT_ALLOWED);
	assert_int_equal(peer.connections, 1);
	assert_int_equal(peer.requests, 1);
	peer_close(&peer);
	outcome_finish(&outcome);
}

/* ---- TLS ---- */

struct tls_peer {
	SSL_CTX *context;
	int listener;
	bool greeted; /* a handshake came to its end, so the certificate was taken */
};

static void make_certificate(SSL_CTX *context)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = X509_new();
	X509_NAME *name = X509_get_subject_name(certificate);

	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1, 0);
	X509_set_issuer_name(certificate, name);
	X509_set_pubkey(certificate, key);
	assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
	assert_int_equal(SSL_CTX_use_certificate(context, certificate), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(context, key), 1);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

static void *serve_tls(void *context)
{
	struct tls_peer *peer = context;
	int fd = accept(peer->listener, NULL, NULL);
	SSL *ssl = SSL_new(peer->context);
	char byte;

	SSL_set_fd(ssl, fd);
	peer->greeted = SSL_accept(ssl) == 1 && SSL_read(ssl, &byte, 1) == 1;
	SSL_free(ssl);
	close(fd);
	return NULL;
}

static void verifies_certificates(void **state)
{
	struct fixture *f = *state;
	struct tls_peer peer = {.context = SSL_CTX_new(TLS_server_method())};
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	pthread_t thread;
	char url[64];

	make_certificate(peer.context);
	peer.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(peer.listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(peer.listener, 1), 0);
	getsockname(peer.listener, (struct sockaddr *)&address, &size);
	pthread_create(&thread, NULL, serve_tls, &peer);
	snprintf(url, sizeof(url), "https://localhost:%u/", ntohs(address.sin_port));
	assert_int_equal(error_of(f, (struct http_ask){.url = url, .bearer = "secret"}), TP_ERR_IO);
	pthread_join(thread, NULL);
	assert_false(peer.greeted);
	close(peer.listener);
	SSL_CTX_free(peer.context);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, asking_set_up, asking_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(keeps_strangers_links_out),
		TEST(follows_redirects),
		TEST(looks_each_time),
		TEST(lends_no_connection),
		TEST(verifies_certificates),
	};

	return cmocka_run_group_tests_name("http: foreign", tests, NULL, NULL);
}
