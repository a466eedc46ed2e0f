/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/error.h"
#include "config/limits.h"
#include "frontends/xmpp/stream/stanza.h"

#define HEADER                                                                            \
	"<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/" \
	"streams' id='i&amp;d' from='gw'>"

static xmpp_ctx_t *strophe;
static struct xml_stream *xml;
static struct stanza_reader *reader;
static struct message_stanza message;
static struct presence_stanza presence;
static struct rejected_stanza rejected;
static char *tree; /* serialised by libstrophe */
static char header_id[32];
static unsigned messages, presences, iqs, others, rejects, ends;

static void on_message(void *context, const struct message_stanza *stanza)
{
	assert_ptr_equal(context, &messages);
	message = *stanza;
	messages++;
}

static void on_presence(void *context, const struct presence_stanza *stanza)
{
	(void)context;
	presence = *stanza;
	presences++;
}

static void keep_tree(xmpp_stanza_t *stanza)
{
	size_t length;

	if (tree)
		xmpp_free(strophe, tree);
	tree = NULL;
	assert_int_equal(xmpp_stanza_to_text(stanza, &tree, &length), 0);
}

static void on_iq(void *context, xmpp_stanza_t *stanza)
{
	(void)context;
	keep_tree(stanza);
	iqs++;
}

static void on_other(void *context, xmpp_stanza_t *stanza)
{
	(void)context;
	keep_tree(stanza);
	others++;
}

static void on_stream_start(void *context, const char **attributes)
{
	(void)context;
	for (; *attributes; attributes += 2)
		if (strcmp(attributes[0], "id") == 0)
			snprintf(header_id, sizeof(header_id), "%s", attributes[1]);
}

static void on_stream_end(void *context)
{
	(void)context;
	ends++;
}

static void on_rejected(void *context, const struct rejected_stanza *stanza)
{
	(void)context;
	rejected = *stanza;
	rejects++;
}

static const struct stanza_handler handler = {
	.message = on_message,
	.presence = on_presence,
	.iq = on_iq,
	.other = on_other,
	.stream_start = on_stream_start,
	.stream_end = on_stream_end,
	.rejected = on_rejected,
};

static int feed_n(const char *text, size_t length)
{
	const char *condition;
	size_t consumed;

	return xml_stream_feed(xml, text, length, &consumed, &condition);
}

static void feed(const char *text)
{
	assert_int_equal(feed_n(text, strlen(text)), 0);
}

static int setup(void **state)
{
	(void)state;
	messages = presences = iqs = others = rejects = ends = 0;
	strophe = xmpp_ctx_new(NULL, NULL);
	reader = stanza_reader_create(strophe, &handler, &messages);
	xml = xml_stream_create(&stanza_reader_xml, reader, LIMIT_STANZA_BYTES);
	feed(HEADER);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (tree)
		xmpp_free(strophe, tree);
	tree = NULL;
	xml_stream_destroy(&xml);
	stanza_reader_destroy(&reader);
	xmpp_ctx_free(strophe);
	return 0;
}

static void reads_messages(void **state)
{
	(void)state;
	assert_string_equal(header_id, "i&d");
	feed("<message from='a@b/c' to='x@gw' id='1' type='chat'><body>one <![CDATA[<two>]]>&#10;three</body>"
	     "<subject>s</subject><thread>t</thread><active xmlns='http://jabber.org/protocol/chatstates'/>"
	     "<request xmlns='urn:xmpp:receipts'/><attention xmlns='urn:xmpp:attention:0'/>"
	     "<replace xmlns='urn:xmpp:message-correct:0' id='0'/>"
	     "<x xmlns='jabber:x:oob'><url>http://u/</url><desc>d</desc></x>"
	     "<private xmlns='urn:xmpp:carbons:2'/></message>");
	assert_int_equal(messages, 1);
	assert_string_equal(message.from, "a@b/c");
	assert_string_equal(message.to, "x@gw");
	assert_string_equal(message.id, "1");
	assert_string_equal(message.type, "chat");
	assert_string_equal(message.body, "one <two>\nthree");
	assert_string_equal(message.subject, "s");
	assert_string_equal(message.thread, "t");
	assert_true(message.has_chat_state);
	assert_string_equal(message.chat_state, "active");
	assert_true(message.receipt_request);
	assert_null(message.receipt_received);
	assert_true(message.attention);
	assert_string_equal(message.replaces, "0");
	assert_string_equal(message.oob_url, "http://u/");
	assert_string_equal(message.oob_description, "d");
	assert_true(message.carbon_private);
	assert_false(message.forwarded);
	assert_false(message.muc_user);
	feed("<message><subject/><received xmlns='urn:xmpp:receipts' id='r&apos;'/><bogus "
	     "xmlns='http://jabber.org/protocol/chatstates'/></message>");
	assert_null(message.from);
	assert_null(message.body);
	assert_string_equal(message.type, "normal");
	assert_string_equal(message.subject, "");
	assert_string_equal(message.receipt_received, "r'");
	assert_false(message.has_chat_state);
}

static void reads_invitations_and_hints(void **state)
{
	(void)state;
	feed("<message><x xmlns='http://jabber.org/protocol/muc#user'><invite to='b@c'><reason>come</reason></invite>"
	     "</x><no-copy xmlns='urn:xmpp:hints'/></message>");
	assert_true(message.muc_user);
	assert_string_equal(message.muc_invite_to, "b@c");
	assert_string_equal(message.muc_invite_reason, "come");
	assert_true(message.carbon_private);
}

static void forwarded_content_stays_out(void **state)
{
	static const char *const bodies[] = {
		"<received xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'><message "
		"xmlns='jabber:component:accept' from='admin@x'><body>evil</body></message></forwarded></received>",
		"<sent xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'><message "
		"xmlns='jabber:client'><body>evil</body></message></forwarded></sent>",
		"<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client'><body>evil</body>"
		"<body>x</body></message></forwarded>",
		"<result xmlns='urn:xmpp:mam:2'><forwarded xmlns='urn:xmpp:forward:0'><message "
		"xmlns='jabber:client'><body>evil</body></message></forwarded></result>",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		feed("<message>");
		feed(bodies[i]);
		feed("</message>");
		assert_true(message.forwarded);
		assert_null(message.body);
	}
	feed("<message><foo xmlns='urn:foo'><body xmlns='jabber:component:accept'>evil</body></foo>"
	     "<body xmlns='urn:bar'>evil</body><body>a<b xmlns='urn:b'>evil</b>c</body><body>second</body></message>");
	assert_string_equal(message.body, "ac");
	assert_false(message.forwarded);
}

static void reads_xhtml(void **state)
{
	static char text[LIMIT_MESSAGE_BYTES];

	(void)state;
	feed("<message><body>b</body><html xmlns='http://jabber.org/protocol/xhtml-im'><body "
	     "xmlns='http://www.w3.org/1999/xhtml'>a &lt; b<br/><p style='x:&apos;&quot;&lt;' "
	     "xml:lang='en'>c<em>d</em></p><o xmlns='urn:o'>not</o></body></html></message>");
	assert_string_equal(message.body, "b");
	assert_string_equal(message.xhtml,
			    "a &lt; b<br/><p style='x:&apos;&quot;&lt;'>c<em>d</em></p>");
	memset(text, 'x', sizeof(text));
	feed("<message><body>b</body><html xmlns='http://jabber.org/protocol/xhtml-im'><body "
	     "xmlns='http://www.w3.org/1999/xhtml'><p>");
	assert_int_equal(feed_n(text, sizeof(text)), 0);
	feed("</p></body></html></message>");
	assert_null(message.xhtml);
	assert_string_equal(message.body, "b");
}

static void reads_presences(void **state)
{
	(void)state;
	feed("<presence from='a@b/c' to='gw' id='p'><show>away</show><status>gone\nout</status><priority>-129"
	     "</priority><c xmlns='http://jabber.org/protocol/caps' node='n' ver='v'/><nick "
	     "xmlns='http://jabber.org/protocol/nick'>Al</nick><x xmlns='vcard-temp:x:update'><photo>abc</photo></x>"
	     "<x xmlns='http://jabber.org/protocol/muc'><password>pw</password></x><invisible "
	     "xmlns='urn:xmpp:invisible:0'/></presence>");
	assert_int_equal(presences, 1);
	assert_string_equal(presence.from, "a@b/c");
	assert_string_equal(presence.to, "gw");
	assert_string_equal(presence.id, "p");
	assert_null(presence.type);
	assert_string_equal(presence.show, "away");
	assert_string_equal(presence.status, "gone\nout");
	assert_int_equal(presence.priority, -128);
	assert_string_equal(presence.caps_node, "n");
	assert_string_equal(presence.caps_ver, "v");
	assert_string_equal(presence.nick, "Al");
	assert_true(presence.has_photo);
	assert_string_equal(presence.photo_hash, "abc");
	assert_true(presence.muc);
	assert_string_equal(presence.muc_password, "pw");
	assert_true(presence.invisible);
	feed("<presence type='error'><x xmlns='vcard-temp:x:update'/><priority>5</priority><error type='auth'>"
	     "<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>t</text><subscription-required "
	     "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>");
	assert_string_equal(presence.type, "error");
	assert_string_equal(presence.error_condition, "subscription-required");
	assert_int_equal(presence.priority, 5);
	assert_false(presence.has_photo);
	assert_null(presence.photo_hash);
	assert_false(presence.muc);
	feed("<presence><x xmlns='vcard-temp:x:update'><photo/></x></presence>");
	assert_true(presence.has_photo);
	assert_string_equal(presence.photo_hash, "");
}

static void reads_trees(void **state)
{
	(void)state;
	feed("<iq type='set' id='1' xml:lang='de'><query xmlns='jabber:iq:register'><a b='1'>t&lt;<c/>u</a></query></iq>");
	assert_int_equal(iqs, 1);
	assert_non_null(strstr(tree, "jabber:iq:register"));
	assert_non_null(strstr(tree, "<a b=\"1\">t&lt;<c/>u</a>"));
	assert_non_null(strstr(tree, "xml:lang=\"de\""));
	feed("<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>");
	assert_int_equal(others, 1);
	assert_non_null(strstr(tree, "<conflict"));
	feed("<message xmlns='urn:other'><body>x</body></message><handshake/></stream:stream>");
	assert_int_equal(others, 3);
	assert_int_equal(messages, 0);
	assert_int_equal(ends, 1);
}

static void bounds_trees(void **state)
{
	struct buf large = {0};

	(void)state;
	buf_puts(&large, "<iq type='set' from='a@b' to='gw' id='9'>");
	for (int i = 0; i <= LIMIT_STANZA_CHILDREN; i++)
		buf_puts(&large, "<a/>");
	buf_puts(&large, "</iq><iq id='10'><b/></iq>");
	assert_int_equal(feed_n(large.data, large.len), 0);
	assert_int_equal(rejects, 1);
	assert_int_equal(iqs, 1);
	buf_clear(&large);
	buf_puts(&large, "<iq type='result'>");
	for (int i = 0; i < LIMIT_STANZA_CHILDREN_RESULT / 2; i++)
		buf_puts(&large, "<a/>t");
	buf_puts(&large, "</iq><iq>");
	for (int i = 0; i <= LIMIT_STANZA_ELEMENTS / LIMIT_STANZA_CHILDREN; i++) {
		buf_puts(&large, "<a>");
		for (int k = 0; k < LIMIT_STANZA_CHILDREN; k++)
			buf_puts(&large, "<b/>");
		buf_puts(&large, "</a>");
	}
	buf_puts(&large, "</iq>");
	assert_int_equal(feed_n(large.data, large.len), 0);
	assert_int_equal(iqs, 2);
	assert_int_equal(rejects, 2);
	buf_clear(&large);
	xml_stream_skip_oversized(xml, true);
	buf_puts(&large, "<message type='chat' from='a@b' to='x@gw' id='11'><body>");
	for (size_t i = 0; i < LIMIT_STANZA_BYTES; i++)
		buf_putc(&large, 'x');
	buf_puts(&large, "</body></message><message><body>y</body></message>");
	assert_int_equal(feed_n(large.data, large.len), 0);
	assert_int_equal(rejects, 3);
	assert_int_equal(messages, 1);
	assert_string_equal(message.body, "y");
	buf_finish(&large);
}

static void pieces_make_no_difference(void **state)
{
	static const char text[] = "<message id='&#228;'><body>a&amp;b \xE2\x82\xAC</body><html "
				   "xmlns='http://jabber.org/protocol/xhtml-im'><body "
				   "xmlns='http://www.w3.org/1999/xhtml'><i>\xE2\x82\xAC</i></body></html></message>";

	(void)state;
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		assert_int_equal(feed_n(text + i, 1), 0);
	assert_string_equal(message.id, "\xC3\xA4");
	assert_string_equal(message.body, "a&b \xE2\x82\xAC");
	assert_string_equal(message.xhtml, "<i>\xE2\x82\xAC</i>");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reads_messages, setup, teardown),
		cmocka_unit_test_setup_teardown(reads_invitations_and_hints, setup, teardown),
		cmocka_unit_test_setup_teardown(forwarded_content_stays_out, setup, teardown),
		cmocka_unit_test_setup_teardown(reads_xhtml, setup, teardown),
		cmocka_unit_test_setup_teardown(reads_presences, setup, teardown),
		cmocka_unit_test_setup_teardown(reads_trees, setup, teardown),
		cmocka_unit_test_setup_teardown(bounds_trees, setup, teardown),
		cmocka_unit_test_setup_teardown(pieces_make_no_difference, setup, teardown),
	};
	int failed;

	xmpp_initialize();
	failed = cmocka_run_group_tests_name("stanza", tests, NULL, NULL);
	xmpp_shutdown();
	return failed;
}
