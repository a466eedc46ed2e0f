/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include "base/clock.h"
#include "base/error.h"
#include "config/limits.h"
#include "fake_frontend.h"
#include "frontends/xmpp/stream/c2s_session.h"
#include "test_client.h"

#define BIND "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>%s</resource></bind></iq>"

static char directory[64];
static struct client client, other;

static void start(void)
{
	struct buf error = {0};
	int err;

	fake.frontend.c2s = c2s_create(&fake.frontend);
	err = c2s_start(fake.frontend.c2s, &error);
	if (err)
		print_message("%s", buf_text(&error));
	assert_int_equal(err, 0);
	buf_finish(&error);
}

static void stop(void)
{
	if (fake.stopped)
		return;
	c2s_stop(fake.frontend.c2s, fake_stopped, &fake);
	assert_true(fake_run_stopped());
}

static int setup(void **state)
{
	(void)state;
	fake_setup();
	snprintf(directory, sizeof(directory), "/tmp/test-c2s-XXXXXX");
	assert_non_null(mkdtemp(directory));
	fake.frontend.config.working_dir = directory;
	client.fd = other.fd = -1;
	start();
	return 0;
}

static void remove_file(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	unlink(path);
}

static int teardown(void **state)
{
	(void)state;
	client_close(&client);
	client_close(&other);
	stop();
	c2s_destroy(&fake.frontend.c2s);
	fake_teardown();
	remove_file("cert.pem");
	remove_file("other.p12");
	remove_file("bad.pem");
	assert_int_equal(rmdir(directory), 0);
	return 0;
}

static void open_stream(struct client *c)
{
	client_connect(c, c2s_port(fake.frontend.c2s));
	client_header(c);
}

static void log_in(struct client *c, const char *node, const char *resource)
{
	char text[512];

	open_stream(c);
	client_auth(c, node, "pw");
	snprintf(text, sizeof(text), "login %s@gw.example ", node);
	assert_true(fake_called(text));
	snprintf(text, sizeof(text), "%s@gw.example", node);
	c2s_authenticated(fake.frontend.c2s, text, 0, NULL);
	assert_true(client_sees(c, "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"));
	client_header(c);
	snprintf(text, sizeof(text), BIND, resource);
	client_say(c, text);
	snprintf(text, sizeof(text), "<jid>%s@gw.example/%s</jid></bind></iq>", node, resource);
	assert_true(client_sees(c, text));
	buf_clear(&fake.calls);
}

static void whole_session_with_tls(void **state)
{
	(void)state;
	open_stream(&client);
	assert_non_null(strstr(client.got.data, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"));
	client_say(&client, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
	assert_true(client_sees(&client, "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"));
	assert_true(client_start_tls(&client));
	assert_true(SSL_version(client.ssl) >= TLS1_2_VERSION);
	client_header(&client);
	assert_null(strstr(client.got.data, "starttls"));
	assert_non_null(strstr(client.got.data, "<mechanism>PLAIN</mechanism>"));
	client_auth(&client, "Alice%hotmail%x.com", "p\xC3\xA4ss");
	assert_true(fake_called("login alice%hotmail%x.com@gw.example Alice@hotmail@x.com p\xC3\xA4ss\n"));
	c2s_authenticated(fake.frontend.c2s, "alice%hotmail%x.com@gw.example", 0, NULL);
	assert_true(client_sees(&client, "<success"));
	client_header(&client);
	assert_non_null(strstr(client.got.data, "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"));
	client_say(&client, "<iq type='set' id='b1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
	assert_true(client_sees(&client, "<iq type='result' id='b1'><bind"));
	client_say(&client, "<iq type='set' id='s1'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>"
			    "<iq type='get' id='q' from='forged@x'/>");
	assert_true(client_sees(&client, "<iq type='result' id='s1'/>"));
	assert_true(fake_called(" alice%hotmail%x.com@gw.example q\n"));
	assert_null(strstr(buf_text(&fake.calls), "forged"));
}

static void stanzas_are_stamped_and_routed(void **state)
{
	(void)state;
	fake.frontend.config.more_resources = true;
	log_in(&client, "alice", "desk");
	log_in(&other, "alice", "phone");
	client_say(&client, "<message from='bob@gw.example' to='x@gw.example'><body>hi</body></message>"
			    "<presence from='bob@gw.example/z'/><message><body>self</body></message>");
	assert_true(fake_called("self\n"));
	assert_string_equal(buf_text(&fake.calls), "message alice@gw.example/desk x@gw.example hi\n"
						   "presence alice@gw.example/desk alice@gw.example available\n"
						   "message alice@gw.example/desk alice@gw.example self\n");
	assert_int_equal(c2s_send(fake.frontend.c2s, "alice@gw.example", "<a/>", 4), 1); /* the available one */
	assert_int_equal(c2s_send(fake.frontend.c2s, "alice@gw.example/phone", "<b/>", 4), 1);
	assert_int_equal(c2s_send(fake.frontend.c2s, "alice@gw.example/none", "<c/>", 4), 0);
	assert_int_equal(c2s_send(fake.frontend.c2s, "bob@gw.example", "<c/>", 4), 0);
	assert_true(client_sees(&client, "<a/>"));
	assert_true(client_sees(&other, "<b/>"));
	client_say(&client, "</stream:stream>");
	assert_true(client_sees(&client, "</stream:stream>"));
	assert_true(client_sees_end(&client));
	assert_true(fake_called("gone alice@gw.example/desk\n"));
	c2s_close_streams(fake.frontend.c2s, "alice@gw.example", "not-authorized", "bye");
	assert_true(client_sees(&other, "<not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><text "
					"xmlns='urn:ietf:params:xml:ns:xmpp-streams'>bye</text></stream:error>"));
	assert_true(fake_called("gone alice@gw.example/phone\n"));
	assert_null(strstr(buf_text(&fake.calls), "cancel"));
}

static void same_resource_replaces(void **state)
{
	(void)state;
	fake.frontend.config.more_resources = true;
	log_in(&client, "alice", "desk");
	log_in(&other, "alice", "desk");
	assert_true(client_sees(&client, "<conflict"));
	assert_true(client_sees_end(&client));
	assert_int_equal(c2s_send(fake.frontend.c2s, "alice@gw.example/desk", "<a/>", 4), 1);
	assert_true(client_sees(&other, "<a/>"));
}

static void binds_once_and_not_too_often(void **state)
{
	static struct client many[LIMIT_RESOURCES_PER_IDENTITY + 1];
	char resource[16];

	(void)state;
	fake.frontend.config.more_resources = true;
	for (size_t i = 0; i < LIMIT_RESOURCES_PER_IDENTITY; i++) {
		snprintf(resource, sizeof(resource), "r%zu", i);
		log_in(&many[i], "alice", resource);
	}
	buf_clear(&many[0].got);
	client_say(&many[0], "<iq type='set' id='again'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
	assert_true(client_sees(&many[0], "<iq type='error' id='again'><error type='cancel'><not-allowed"));
	struct client *last = &many[LIMIT_RESOURCES_PER_IDENTITY];

	open_stream(last);
	client_auth(last, "alice", "pw");
	assert_true(fake_called("login alice@gw.example "));
	c2s_authenticated(fake.frontend.c2s, "alice@gw.example", 0, NULL);
	assert_true(client_sees(last, "<success"));
	client_header(last);
	client_say(last, "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
	assert_true(client_sees(last, "<iq type='error' id='b'><error type='wait'><resource-constraint"));
	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		client_close(&many[i]);
}

static void new_login_replaces_when_single(void **state)
{
	(void)state;
	log_in(&client, "alice", "desk");
	log_in(&other, "alice", "phone");
	assert_true(client_sees(&client, "<conflict"));
	assert_int_equal(c2s_send(fake.frontend.c2s, "alice@gw.example/desk", "<a/>", 4), 0);
	assert_int_equal(c2s_send(fake.frontend.c2s, "alice@gw.example/phone", "<a/>", 4), 1);
}

static void bytes_before_the_handshake_are_fatal(void **state)
{
	(void)state;
	open_stream(&client);
	client_say(&client, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
			    "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGEAYg==</auth>");
	assert_true(client_sees(&client, "<policy-violation"));
	assert_true(client_sees_end(&client));
	assert_null(strstr(buf_text(&fake.calls), "login"));
	client_close(&client);
	open_stream(&client);
	client_say(&client, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>\n");
	assert_true(client_sees(&client, "<proceed"));
	client_say(&client, "<iq type='get' id='1'/>");
	assert_true(client_sees_end(&client));
}

static void nothing_may_follow_auth(void **state)
{
	(void)state;
	open_stream(&client);
	client_say(&client, "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGEAYg==</auth>"
			    "<message to='x@gw.example'><body>early</body></message>");
	assert_true(client_sees(&client, "<not-authorized"));
	assert_true(fake_called("cancel a@gw.example\n"));
	assert_null(strstr(buf_text(&fake.calls), "early"));
}

static void sasl_failures(void **state)
{
	static const struct {
		const char *element, *condition;
	} tries[] = {
		{"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-1'>AAAA</auth>",
		 "invalid-mechanism"},
		{"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AA=A</auth>", "incorrect-encoding"},
		{"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AAAA</auth>", "malformed-request"},
		{"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>YgBhAGI=</auth>", "invalid-authzid"},
		{"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>=</auth>", "malformed-request"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(tries); i++) {
		open_stream(&client);
		client_say(&client, tries[i].element);
		assert_true(client_sees(&client, "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><"));
		assert_memory_equal(client.got.data, tries[i].condition, strlen(tries[i].condition));
		client_close(&client);
	}
	open_stream(&client);
	client_say(&client, "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'/>");
	assert_true(client_sees(&client, "<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"));
	client_say(&client, "<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>AGEAYg==</response>");
	assert_true(fake_called("login a@gw.example a b\n"));
	client_say(&client, "<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
	assert_true(client_sees(&client, "<aborted/>"));
	assert_true(fake_called("cancel a@gw.example\n"));
}

static void wrong_passwords_are_slow_and_few(void **state)
{
	uint64_t before;

	(void)state;
	open_stream(&client);
	for (unsigned i = 1; i <= LIMIT_C2S_AUTH_ATTEMPTS; i++) {
		buf_clear(&fake.calls);
		before = clock_ms();
		client_auth(&client, "alice", "wrong");
		assert_true(fake_called("login alice@gw.example"));
		c2s_authenticated(fake.frontend.c2s, "alice@gw.example", TP_ERR_AUTH, "no such user");
		assert_true(client_sees(&client, "<not-authorized/><text>no such user</text></failure>"));
		assert_true(clock_ms() - before >= i * 1000 - 100);
	}
	assert_true(client_sees(&client, "<policy-violation"));
	assert_true(client_sees_end(&client));
}

static void second_login_under_way_replaces_the_first(void **state)
{
	(void)state;
	open_stream(&client);
	client_auth(&client, "alice", "one");
	assert_true(fake_called(" one\n"));
	open_stream(&other);
	client_auth(&other, "alice", "two");
	assert_true(fake_called(" two\n"));
	assert_true(client_sees(&client, "<conflict"));
	c2s_authenticated(fake.frontend.c2s, "alice@gw.example", 0, NULL);
	assert_true(client_sees(&other, "<success"));
	assert_null(strstr(buf_text(&fake.calls), "cancel"));
	client_close(&other);
	assert_true(fake_called("cancel alice@gw.example\n")); /* nobody came for the session */
}

static void admins_log_in_without_a_backend(void **state)
{
	static const char *const items[] = {"Admin@gw.example"};

	(void)state;
	fake.frontend.config.admin_jid = (struct config_list){items, 1};
	fake.frontend.config.admin_password = "hunter2";
	open_stream(&client);
	client_auth(&client, "admin", "hunter2");
	assert_true(client_sees(&client, "<success"));
	open_stream(&other);
	client_auth(&other, "admin", "hunter3");
	assert_true(client_sees(&other, "<not-authorized"));
	assert_null(strstr(buf_text(&fake.calls), "login"));
}

/* Where the network asks for no password, anybody could be the administrator. */
static void no_administrator_without_any_password(void **state)
{
	static const char *const items[] = {"admin@gw.example"};

	(void)state;
	fake.frontend.config.admin_jid = (struct config_list){items, 1};
	fake.transport.features.need_password = false;
	open_stream(&client);
	client_auth(&client, "admin", "guess");
	assert_true(client_sees(&client, "<account-disabled"));
	assert_null(strstr(buf_text(&fake.calls), "login"));
	/* One that asks vouches for the administrator as for everybody. */
	fake.transport.features.need_password = true;
	open_stream(&other);
	client_auth(&other, "admin", "known");
	assert_true(fake_called("login admin@gw.example"));
}

static void refuses_bad_streams(void **state)
{
	static const struct {
		const char *text, *condition;
	} bad[] = {
		{"<stream:stream to='else.where' version='1.0' xmlns='jabber:client' "
		 "xmlns:stream='http://etherx.jabber.org/streams'>",
		 "host-unknown"},
		{"<stream:stream to='gw.example' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>",
		 "unsupported-version"},
		{"<stream:stream xmlns='jabber:client' xmlns:stream='urn:x'>", "invalid-namespace"},
		{"<!DOCTYPE x>", "restricted-xml"},
		{"GET / HTTP/1.0\r\n\r\n", "not-well-formed"},
		{"<stream:stream version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
		 "<message><body>x</body></message>",
		 "not-authorized"},
		{"<stream:stream version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
		 "<iq type='set'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
		 "not-authorized"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		client_connect(&client, c2s_port(fake.frontend.c2s));
		client_say(&client, bad[i].text);
		assert_true(client_sees(&client, "<stream:error><"));
		assert_memory_equal(client.got.data, bad[i].condition, strlen(bad[i].condition));
		assert_true(client_sees_end(&client));
		client_close(&client);
	}
}

static void unauthenticated_bytes_are_bounded(void **state)
{
	static char spaces[LIMIT_STANZA_BYTES_UNAUTHENTICATED];

	(void)state;
	memset(spaces, ' ', sizeof(spaces) - 1);
	open_stream(&client);
	for (size_t sent = 0; sent <= LIMIT_C2S_UNAUTHENTICATED_BYTES + 1000; sent += sizeof(spaces))
		client_say(&client, spaces);
	assert_true(client_sees(&client, "<policy-violation"));
	client_close(&client);
	open_stream(&client);
	memset(spaces, 'x', sizeof(spaces) - 1);
	client_say(&client, "<auth mechanism='");
	client_say(&client, spaces);
	assert_true(client_sees(&client, "<policy-violation"));
}

static void half_open_connections_do_not_lock_others_out(void **state)
{
	static struct client idle[LIMIT_C2S_UNAUTHENTICATED + 40];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(idle); i++) {
		client_connect(&idle[i], c2s_port(fake.frontend.c2s));
		fake_run_ms(1);
	}
	log_in(&client, "alice", "desk");
	assert_true(client_sees_end(&idle[0]));
	for (size_t i = 0; i < ARRAY_SIZE(idle); i++)
		client_close(&idle[i]);
}

static void clients_that_do_not_read_are_cut_off(void **state)
{
	struct buf large = {0};
	int sent = 0;

	(void)state;
	log_in(&client, "alice", "desk");
	while (large.len < 1u << 20)
		buf_putc(&large, ' ');
	while (c2s_send(fake.frontend.c2s, "alice@gw.example/desk", large.data, large.len) && sent < 100)
		sent++;
	/* What came before may not be out yet. */
	assert_in_range(sent, (LIMIT_STREAM_OUT_BYTES >> 20) - 1, LIMIT_STREAM_OUT_BYTES >> 20);
	assert_null(strstr(buf_text(&fake.calls), "gone")); /* never from inside the send */
	assert_true(fake_called("gone alice@gw.example/desk\n"));
	assert_true(client_sees_end(&client));
	buf_finish(&large);
}

static void stops_with_clients_in_every_state(void **state)
{
	static struct client many[4];

	(void)state;
	log_in(&many[0], "alice", "desk");
	client_connect(&many[1], c2s_port(fake.frontend.c2s));
	open_stream(&many[2]);
	client_say(&many[2], "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
	assert_true(client_sees(&many[2], "<proceed"));
	open_stream(&many[3]);
	client_auth(&many[3], "bob", "pw");
	assert_true(fake_called("login bob@gw.example bob pw\n"));
	stop();
	assert_true(client_sees(&many[0], "<system-shutdown"));
	assert_non_null(strstr(buf_text(&fake.calls), "gone alice@gw.example/desk\n"));
	assert_non_null(strstr(buf_text(&fake.calls), "cancel bob@gw.example\n"));
	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		client_close(&many[i]);
}

static void write_pkcs12(const char *path, const char *password)
{
	char pem[128];
	FILE *in, *out = fopen(path, "w");
	EVP_PKEY *key;
	X509 *certificate;
	PKCS12 *package;

	snprintf(pem, sizeof(pem), "%s/cert.pem", directory);
	in = fopen(pem, "r");
	assert_non_null(in);
	key = PEM_read_PrivateKey(in, NULL, NULL, NULL);
	certificate = PEM_read_X509(in, NULL, NULL, NULL);
	assert_non_null(certificate);
	package = PKCS12_create(password, "x", key, certificate, NULL, 0, 0, 0, 0, 0);
	assert_int_equal(i2d_PKCS12_fp(out, package), 1);
	PKCS12_free(package);
	X509_free(certificate);
	EVP_PKEY_free(key);
	fclose(in);
	fclose(out);
}

static int start_with(const char *cert, const char *password, struct buf *error)
{
	struct c2s_server *server = c2s_create(&fake.frontend);
	int err;

	fake.frontend.config.cert = cert;
	fake.frontend.config.cert_password = password;
	buf_clear(error);
	err = c2s_start(server, error);
	if (err == 0) {
		fake.stopped = 0;
		c2s_stop(server, fake_stopped, &fake);
		assert_true(fake_run_stopped());
		fake.stopped = 0;
	}
	c2s_destroy(&server);
	return err;
}

static void certificates(void **state)
{
	char made[128], package[128], bad[128];
	struct buf error = {0};
	struct stat info;

	(void)state;
	snprintf(made, sizeof(made), "%s/cert.pem", directory);
	snprintf(package, sizeof(package), "%s/other.p12", directory);
	snprintf(bad, sizeof(bad), "%s/bad.pem", directory);
	assert_int_equal(stat(made, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	write_pkcs12(package, "pw");
	assert_int_equal(start_with("", "", &error), 0); /* again, the same file */
	assert_int_equal(start_with(made, "", &error), 0);
	assert_int_equal(start_with(package, "pw", &error), 0);
	assert_int_equal(start_with(package, "wrong", &error), TP_ERR_INVALID);
	assert_non_null(strstr(buf_text(&error), package));
	assert_int_equal(start_with("/nonexistent/x.p12", "", &error), TP_ERR_IO);
	FILE *out = fopen(bad, "w");
	fputs("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", out);
	fclose(out);
	assert_int_equal(start_with(bad, "", &error), TP_ERR_INVALID);
	assert_int_equal(start_with("", "", &error), 0);
	fake.frontend.config.port = c2s_port(fake.frontend.c2s);
	assert_int_equal(start_with("", "", &error), TP_ERR_IO); /* taken */
	assert_non_null(strstr(buf_text(&error), "cannot listen on 127.0.0.1"));
	buf_finish(&error);
}

/* A certificate of a new key, in a file with a key: its own, or a third one. */
static void write_pem(const char *path, EVP_PKEY *key, bool fits)
{
	X509 *certificate = X509_new();
	EVP_PKEY *third = EVP_EC_gen("P-256");
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	X509_set_version(certificate, X509_VERSION_3);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_set_pubkey(certificate, key);
	assert_true(X509_sign(certificate, key, EVP_sha256()));
	assert_int_equal(PEM_write_PrivateKey(out, fits ? key : third, NULL, NULL, 0, NULL, NULL), 1);
	assert_int_equal(PEM_write_X509(out, certificate), 1);
	fclose(out);
	X509_free(certificate);
	EVP_PKEY_free(third);
}

static void ask_for_tls(struct client *c)
{
	open_stream(c);
	client_say(c, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
	assert_true(client_sees(c, "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"));
	assert_true(client_start_tls(c));
}

static bool shows(const struct client *c, EVP_PKEY *key)
{
	X509 *certificate = SSL_get1_peer_certificate(c->ssl);
	bool same = EVP_PKEY_eq(X509_get0_pubkey(certificate), key) == 1;

	X509_free(certificate);
	return same;
}

static void renewed_certificates(void **state)
{
	/* keys of two kinds: a context that had both certificates would show the old one to some */
	EVP_PKEY *elliptic = EVP_EC_gen("P-256"), *rsa = EVP_RSA_gen(2048);
	struct buf error = {0};
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/bad.pem", directory);
	write_pem(path, rsa, true);
	fake.frontend.config.cert = path;
	fake.frontend.config.cert_password = "";
	assert_int_equal(c2s_reload(fake.frontend.c2s, &error), 0);
	ask_for_tls(&client);
	assert_true(shows(&client, rsa));
	write_pem(path, elliptic, false);
	assert_int_equal(c2s_reload(fake.frontend.c2s, &error), TP_ERR_INVALID);
	assert_non_null(strstr(buf_text(&error), path));
	assert_non_null(strstr(buf_text(&error), "private key mismatch; the former certificate stays in use\n"));
	buf_clear(&error);
	unlink(path);
	assert_int_equal(c2s_reload(fake.frontend.c2s, &error), TP_ERR_IO);
	assert_non_null(strstr(buf_text(&error), "No such file or directory; the former"));
	ask_for_tls(&other);
	assert_true(shows(&other, rsa));
	client_close(&other);
	write_pem(path, elliptic, true);
	buf_clear(&error);
	assert_int_equal(c2s_reload(fake.frontend.c2s, &error), 0);
	ask_for_tls(&other);
	assert_true(shows(&other, elliptic));
	client_header(&client); /* the first one goes on */
	client_auth(&client, "alice", "pw");
	assert_true(fake_called("login alice@gw.example alice pw\n"));
	stop();
	assert_int_equal(c2s_reload(fake.frontend.c2s, &error), 0);
	buf_finish(&error);
	EVP_PKEY_free(elliptic);
	EVP_PKEY_free(rsa);
}

int main(void)
{
#define C2S_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		C2S_TEST(whole_session_with_tls),
		C2S_TEST(stanzas_are_stamped_and_routed),
		C2S_TEST(same_resource_replaces),
		C2S_TEST(binds_once_and_not_too_often),
		C2S_TEST(new_login_replaces_when_single),
		C2S_TEST(bytes_before_the_handshake_are_fatal),
		C2S_TEST(nothing_may_follow_auth),
		C2S_TEST(sasl_failures),
		C2S_TEST(wrong_passwords_are_slow_and_few),
		C2S_TEST(second_login_under_way_replaces_the_first),
		C2S_TEST(admins_log_in_without_a_backend),
		C2S_TEST(no_administrator_without_any_password),
		C2S_TEST(refuses_bad_streams),
		C2S_TEST(unauthenticated_bytes_are_bounded),
		C2S_TEST(half_open_connections_do_not_lock_others_out),
		C2S_TEST(clients_that_do_not_read_are_cut_off),
		C2S_TEST(stops_with_clients_in_every_state),
		C2S_TEST(certificates),
		C2S_TEST(renewed_certificates),
	};
	int failed;

	xmpp_initialize();
	failed = cmocka_run_group_tests_name("c2s", tests, NULL, NULL);
	xmpp_shutdown();
	return failed;
}
