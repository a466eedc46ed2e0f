/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "config/limits.h"
#include "frontends/xmpp/stream/xml_stream.h"

#define HEADER                                                                                          \
	"<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/" \
	"streams' id='7'>"

struct recorder {
	struct xml_stream *stream;
	struct buf events;
	unsigned deepest, starts, skipped;
	const char *stop_at; /* local name */
	bool quiet;
};

static struct recorder recorder;
static const char *condition;
static size_t consumed;

static void on_start(void *context, unsigned depth, const char *ns, const char *name, const char **attributes)
{
	struct recorder *r = context;

	r->starts++;
	if (depth > r->deepest)
		r->deepest = depth;
	if (r->quiet)
		return;
	buf_printf(&r->events, "<%u{%s}%s", depth, ns, name);
	for (; *attributes; attributes += 2)
		buf_printf(&r->events, " %s=%s", attributes[0], attributes[1]);
	buf_putc(&r->events, '>');
}

static void on_end(void *context, unsigned depth, const char *ns, const char *name)
{
	struct recorder *r = context;

	if (!r->quiet)
		buf_printf(&r->events, "</%u{%s}%s>", depth, ns, name);
	if (r->stop_at && strcmp(name, r->stop_at) == 0)
		xml_stream_stop(r->stream);
}

static void on_text(void *context, unsigned depth, const char *text, size_t length)
{
	struct recorder *r = context;

	(void)depth;
	if (!r->quiet)
		buf_append(&r->events, text, length);
}

static void on_skipped(void *context)
{
	struct recorder *r = context;

	r->skipped++;
}

static const struct xml_handler handler = {
	.start = on_start, .end = on_end, .text = on_text, .skipped = on_skipped};

static int setup(void **state)
{
	(void)state;
	memset(&recorder, 0, sizeof(recorder));
	recorder.stream = xml_stream_create(&handler, &recorder, LIMIT_STANZA_BYTES);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	xml_stream_destroy(&recorder.stream);
	xml_stream_destroy(&recorder.stream); /* of none */
	buf_finish(&recorder.events);
	return 0;
}

static int feed_n(const char *bytes, size_t count)
{
	condition = NULL;
	return xml_stream_feed(recorder.stream, bytes, count, &consumed, &condition);
}

static int feed(const char *text)
{
	return feed_n(text, strlen(text));
}

/* In pieces of `step` bytes. */
static int feed_pieces(const char *text, size_t step)
{
	size_t length = strlen(text);
	int err = 0;

	for (size_t at = 0; at < length && err == 0; at += step)
		err = feed_n(text + at, length - at < step ? length - at : step);
	return err;
}

static void restart(void)
{
	teardown(NULL);
	setup(NULL);
}

static void reports_events(void **state)
{
	(void)state;
	assert_int_equal(feed(HEADER "<message to='a' xml:lang='en'><body>x &amp; &#228;<![CDATA[<]]]></body></message> "
				     "<x xmlns='urn:x'/></stream:stream>"),
			 0);
	assert_string_equal(buf_text(&recorder.events),
			    "<0{http://etherx.jabber.org/streams}stream id=7>"
			    "<1{jabber:client}message to=a http://www.w3.org/XML/1998/namespace|lang=en>"
			    "<2{jabber:client}body>x & \xC3\xA4<]</2{jabber:client}body></1{jabber:client}message> "
			    "<1{urn:x}x></1{urn:x}x></0{http://etherx.jabber.org/streams}stream>");
}

struct sample {
	const char *text;
	const char *condition; /* NULL: fine */
};

static const struct sample samples[] = {
	{HEADER "<a b='>' c=\"'\"/>text<d>&lt;</d>", NULL},
	{HEADER "<a>\xC3\xA9\xF0\x9F\x98\x80<![CDATA[a]b]]c]]></a>", NULL},
	{HEADER "<!DOCTYPE x>", "restricted-xml"},
	{"<!DOCTYPE x [<!ENTITY a 'b'>]>" HEADER, "restricted-xml"},
	{"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'b'>]><x/>", "restricted-xml"},
	{HEADER "<a><!-- hi --></a>", "restricted-xml"},
	{HEADER "<?php echo ?>", "restricted-xml"},
	{"<?php echo ?>" HEADER, "restricted-xml"},
	{HEADER "<a>&foo;</a>", "restricted-xml"},
	{HEADER "<a b='&foo;'/>", "restricted-xml"},
	{HEADER "<?xml version='1.0'?>", "restricted-xml"},
	{HEADER "<a></b>", "not-well-formed"},
	{HEADER "<a b=c/>", "not-well-formed"},
	{HEADER "<a b='1' b='2'/>", "not-well-formed"},
	{HEADER "<a b='<'/>", "not-well-formed"},
	{HEADER "<>", "not-well-formed"},
	{HEADER "<a <b/>", "not-well-formed"},
	{HEADER "<a><'b'/></a>", NULL}, /* waits for the end of a value that begins behind b */
	{HEADER "<a><\"b'/></a>", NULL},
	{HEADER "<![CDOTO[", "not-well-formed"},
	{HEADER "<x:a/>", "not-well-formed"},
	{HEADER "<a xmlns:x='urn:|'/>", "not-well-formed"},
	{HEADER "<a>\xFF</a>", "not-well-formed"},
	{HEADER "<a>\xC0\x80</a>", "not-well-formed"},
	{HEADER "<a>\xED\xA0\x80</a>", "not-well-formed"},
	{HEADER "<a b='\xE2\x82'/>", "not-well-formed"},
	{HEADER "<a>\x01</a>", "not-well-formed"},
	{HEADER "<a>&#0;</a>", "not-well-formed"},
	{HEADER "<a>&#xD800;</a>", "not-well-formed"},
	{HEADER "<a>&aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "not-well-formed"},
	{"<stream xmlns='http://etherx.jabber.org/streams'>", NULL},
	{"<stream>", "invalid-namespace"},
	{"<streem xmlns='http://etherx.jabber.org/streams'>", "bad-format"},
	{"\xFE\xFF", "not-well-formed"},
	{"\xEF\xBB\xBF" HEADER, "not-well-formed"},
	{"x" HEADER, "not-well-formed"},
	{"GET / HTTP/1.1\r\n\r\n", "not-well-formed"},
};

static void refuses_and_does_so_in_any_pieces(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		const struct sample *sample = &samples[i];
		char *events;
		int err;

		restart();
		err = feed(sample->text);
		if (sample->condition) {
			assert_int_equal(err, TP_ERR_INVALID);
			assert_string_equal(condition, sample->condition);
		} else {
			assert_int_equal(err, 0);
		}
		events = mem_strdup(buf_text(&recorder.events));
		for (size_t step = 1; step < 8; step++) {
			restart();
			assert_int_equal(feed_pieces(sample->text, step), err);
			if (sample->condition)
				assert_string_equal(condition, sample->condition);
			assert_string_equal(buf_text(&recorder.events), events);
		}
		mem_free(events);
	}
}

static void bounds_depth(void **state)
{
	struct buf bomb = {0};

	(void)state;
	recorder.quiet = true;
	feed(HEADER);
	for (int i = 0; i < 200000; i++)
		buf_puts(&bomb, "<a>");
	assert_int_equal(feed_n(bomb.data, bomb.len), TP_ERR_LIMIT);
	assert_string_equal(condition, "policy-violation");
	assert_int_equal(recorder.deepest, LIMIT_STANZA_DEPTH);
	buf_finish(&bomb);
}

static void bounds_bytes(void **state)
{
	static char chunk[65536];
	size_t given = 0;
	int err = 0;

	(void)state;
	memset(chunk, 'x', sizeof(chunk));
	feed(HEADER "<a b='"); /* an attribute that does not end, 64 MiB of it */
	while (err == 0 && given < 64u << 20) {
		err = feed_n(chunk, sizeof(chunk));
		given += sizeof(chunk);
	}
	assert_int_equal(err, TP_ERR_LIMIT);
	assert_true(given <= LIMIT_STANZA_BYTES + sizeof(chunk));
	restart();
	recorder.quiet = true;
	feed(HEADER "<a>"); /* an element that is never closed */
	for (err = 0, given = 0; err == 0 && given < 64u << 20; given += sizeof(chunk))
		err = feed_n(chunk, sizeof(chunk));
	assert_int_equal(err, TP_ERR_LIMIT);
	assert_true(given <= LIMIT_STANZA_BYTES + 2 * sizeof(chunk));
	restart();
	memset(chunk, ' ', sizeof(chunk)); /* before the header */
	for (err = 0, given = 0; err == 0 && given < 64u << 20; given += sizeof(chunk))
		err = feed_n(chunk, sizeof(chunk));
	assert_int_equal(err, TP_ERR_LIMIT);
}

static void counts_per_stanza(void **state)
{
	static char text[LIMIT_STANZA_BYTES - 100];
	int err = 0;

	(void)state;
	recorder.quiet = true;
	memset(text, 'x', sizeof(text));
	feed(HEADER);
	for (int i = 0; i < 4 && err == 0; i++) {
		feed("<a>");
		err = feed_n(text, sizeof(text));
		feed("</a>");
	}
	memset(text, ' ', sizeof(text)); /* keep-alives are no stanza */
	for (int i = 0; i < 4 && err == 0; i++)
		err = feed_n(text, sizeof(text));
	assert_int_equal(err, 0);
	assert_int_equal(feed("<a/>"), 0);
}

static void bounds_attributes_and_namespaces(void **state)
{
	enum { ATTRIBUTES, NAMESPACES, SHAPES };

	(void)state;
	for (int shape = ATTRIBUTES; shape < SHAPES; shape++) {
		struct buf bomb = {0};

		restart();
		feed(HEADER);
		buf_puts(&bomb, "<a");
		for (int i = 0; i < 200000; i++) {
			if (shape == ATTRIBUTES)
				buf_printf(&bomb, " a%d='1'", i);
			else
				buf_printf(&bomb, " xmlns:n%d='urn:%d'", i, i);
		}
		buf_puts(&bomb, "/>");
		assert_int_equal(feed_n(bomb.data, bomb.len), TP_ERR_LIMIT);
		assert_string_equal(condition, "policy-violation");
		assert_int_equal(recorder.starts, 1);
		buf_finish(&bomb);
	}
	restart();
	feed(HEADER "<a");
	for (int i = 0; i < LIMIT_STANZA_ATTRIBUTES; i++) {
		char one[32];

		snprintf(one, sizeof(one), " b%d='1'", i);
		feed(one);
	}
	assert_int_equal(feed("/>"), 0);
	assert_int_equal(recorder.starts, 2);
}

/* A tag of half a megabyte, a byte at a time: scanned once, not once for each byte. */
static void work_is_linear(void **state)
{
	(void)state;
	feed(HEADER "<a b='");
	for (size_t i = 0; i < LIMIT_STANZA_BYTES - 100; i++)
		assert_int_equal(feed_n(">", 1), 0);
	assert_int_equal(feed("'/>"), 0);
	assert_int_equal(recorder.starts, 2);
}

static void stops_where_told(void **state)
{
	static const char text[] = HEADER "<b/><c>x</c>rest";

	(void)state;
	recorder.stop_at = "c";
	assert_int_equal(feed(text), 0);
	assert_string_equal(text + consumed, "rest");
	restart();
	recorder.stop_at = "b";
	assert_int_equal(feed(text), 0);
	assert_string_equal(text + consumed, "<c>x</c>rest");
	restart();
	recorder.stop_at = "c";
	feed(HEADER "<c");
	assert_int_equal(feed("></c>more"), 0);
	assert_int_equal(consumed, 5);
	assert_int_equal(feed("<d/>"), 0);
	assert_int_equal(consumed, 0);
	xml_stream_reset(recorder.stream);
	buf_clear(&recorder.events);
	assert_int_equal(feed(HEADER "<d/>"), 0);
	assert_non_null(strstr(buf_text(&recorder.events), "<1{jabber:client}d>"));
}

static void refuses_utf16(void **state)
{
	static const char little[] = "<\0a\0/\0>\0", big[] = "\0<\0a\0/\0>";

	(void)state;
	assert_int_equal(feed_n(little, sizeof(little)), TP_ERR_INVALID);
	restart();
	assert_int_equal(feed_n(big, sizeof(big)), TP_ERR_INVALID);
	restart();
	assert_int_equal(feed_n("\xFF\xFE<\0", 4), TP_ERR_INVALID);
}

/* Sanitizers keep freed memory for a while: then the figure says nothing. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define SANITIZED
#endif
#ifdef SANITIZED
static long resident_kb(void)
{
	return 0;
}
#else
static long resident_kb(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}
#endif

/* New names in every stanza: the parser must not keep them all. */
static void forgets_names(void **state)
{
	static char name[30001];
	char stanza[sizeof(name) + 64];
	long before = 0;

	(void)state;
	recorder.quiet = true;
	feed(HEADER);
	memset(name, 'n', sizeof(name) - 1);
	for (int i = 0; i < 2000; i++) {
		int length = snprintf(stanza, sizeof(stanza), "<p:x%d%s xmlns:p='urn:x'><y/></p:x%d%s>", i, "", i, "");

		assert_int_equal(feed_n(stanza, (size_t)length), 0);
		length = snprintf(stanza, sizeof(stanza), "<%s%d/>", name, i);
		assert_int_equal(feed_n(stanza, (size_t)length), 0);
		if (i == 500)
			before = resident_kb();
	}
	assert_true(resident_kb() - before < 24 * 1024);
	recorder.quiet = false;
	assert_int_equal(feed("<last/>"), 0);
	assert_string_equal(buf_text(&recorder.events), "<1{jabber:client}last></1{jabber:client}last>");
}

static void skips_where_wanted(void **state)
{
	struct buf bomb = {0};

	(void)state;
	xml_stream_skip_oversized(recorder.stream, true);
	feed(HEADER "<one/>");
	for (int i = 0; i < 20000; i++)
		buf_puts(&bomb, "<a>");
	for (int i = 0; i < 20000; i++)
		buf_puts(&bomb, "</a>");
	buf_puts(&bomb, "<two/><wide");
	for (int i = 0; i < 100; i++)
		buf_printf(&bomb, " a%d='<>'", i);
	buf_puts(&bomb, "><in>&amp;</in></wide><three/><long>");
	for (size_t i = 0; i < 2 * LIMIT_STANZA_BYTES; i++)
		buf_putc(&bomb, 'x');
	buf_puts(&bomb, "</long><four/>");
	for (size_t step = 1; step < 100000; step = step * 10 + 7) {
		assert_int_equal(feed_pieces(bomb.data, step), 0);
		assert_int_equal(recorder.skipped, 3);
		recorder.skipped = 0;
	}
	assert_non_null(strstr(buf_text(&recorder.events), "<1{jabber:client}two></1{jabber:client}two>"));
	assert_non_null(strstr(buf_text(&recorder.events), "<1{jabber:client}three></1{jabber:client}three>"));
	assert_non_null(strstr(buf_text(&recorder.events), "<1{jabber:client}four></1{jabber:client}four>"));
	assert_null(strstr(buf_text(&recorder.events), "}in>"));
	buf_clear(&bomb);
	feed("<never>");
	for (size_t i = 0; i < 64u << 10; i++)
		buf_putc(&bomb, 'x');
	int err = 0;
	for (size_t given = 0; given < 64u << 20 && err == 0; given += bomb.len)
		err = feed_n(bomb.data, bomb.len);
	assert_int_equal(err, TP_ERR_LIMIT);
	buf_finish(&bomb);
}

static void on_foreseen(void *context, const struct map_key *senders, size_t count)
{
	struct recorder *r = context;

	for (size_t i = 0; i < count; i++)
		buf_printf(&r->events, "%.*s|", (int)senders[i].length, senders[i].text);
}

static void foresees_senders(void **state)
{
	(void)state;
	recorder.quiet = true;
	xml_stream_foresee(recorder.stream, on_foreseen, &recorder);
	/* Of stanzas only, in either kind of quotation marks, whole tags only; and before they are parsed. */
	assert_int_equal(feed("<stream:stream from='server' xmlns='jabber:client' "
			      "xmlns:stream='http://etherx.jabber.org/streams'>"
			      "<message to='x' from='a@b/c'><x from='d'>from='e'</x></message>"
			      "<presence from=\"f'>\" to='y'/><iq xfrom='g' from=''/><iq from='h"),
			 0);
	assert_string_equal(buf_text(&recorder.events), "a@b/c|f'>|g||");
	buf_clear(&recorder.events);
	assert_int_equal(feed("'/><iq from='i'/><iq from='j'></nonsense>"), TP_ERR_INVALID);
	assert_string_equal(buf_text(&recorder.events), "i|j|");
}

static void foresees_so_many(void **state)
{
	struct buf many = {0};
	unsigned seen = 0;

	(void)state;
	recorder.quiet = true;
	xml_stream_foresee(recorder.stream, on_foreseen, &recorder);
	feed(HEADER);
	for (int i = 0; i < 1000; i++)
		buf_puts(&many, "<presence from='a@b'/>");
	for (int n = 0; n < 2; n++) {
		assert_int_equal(feed_n(many.data, many.len), 0);
		for (seen = 0; seen * 4 < recorder.events.len; seen++)
			assert_memory_equal(recorder.events.data + seen * 4, "a@b|", 4);
		assert_int_equal(seen, 64);
		buf_clear(&recorder.events);
	}
	assert_int_equal(recorder.starts, 2001);
	buf_finish(&many);
}

/* Stanzas at the limit of bytes, in every position of a piece's end: a tag that is all there is counted as one that is
 * not. */
static void counts_alike_in_any_pieces(void **state)
{
	static const size_t limits[] = {20, 21, 22, 23, 24, 25, 40, 41, 42, 43, 44, 45, 46, 47, 48, 60};
	static const char text[] = "  <a b='1234'><c/>&lt;</a> \n <d e=\"'\" f=''>text</d> <g\n h='i' /> ";

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		char *events = NULL;
		int err = 0;

		for (size_t step = sizeof(text); step > 0; step--) {
			int outcome;

			restart();
			feed(HEADER);
			xml_stream_set_limit(recorder.stream, limits[i]);
			outcome = feed_pieces(text, step);
			if (!events) {
				events = mem_strdup(buf_text(&recorder.events));
				err = outcome;
			}
			assert_int_equal(outcome, err);
			assert_string_equal(buf_text(&recorder.events), events);
		}
		assert_int_equal(err, limits[i] < 24 ? TP_ERR_LIMIT : 0);
		mem_free(events);
	}
}

/* A tag may be skipped that is no stanza's; the stream may not end in it. */
static void does_not_end_while_skipping(void **state)
{
	struct buf text = {0};

	(void)state;
	for (size_t i = 0; i < 2 * LIMIT_STANZA_BYTES; i++)
		buf_putc(&text, ' ');
	xml_stream_skip_oversized(recorder.stream, true);
	assert_int_equal(feed(HEADER "</stream:stream"), 0);
	assert_int_equal(feed_n(text.data, text.len), 0);
	assert_int_equal(recorder.skipped, 1);
	assert_int_equal(feed(">"), TP_ERR_INVALID);
	assert_string_equal(condition, "not-well-formed");
	buf_finish(&text);
}

static void knows_where_it_is(void **state)
{
	(void)state;
	assert_false(xml_stream_is_between(recorder.stream));
	feed(HEADER);
	assert_true(xml_stream_is_between(recorder.stream));
	feed("<a><b/>");
	assert_false(xml_stream_is_between(recorder.stream));
	feed("</a");
	assert_false(xml_stream_is_between(recorder.stream));
	feed("> ");
	assert_true(xml_stream_is_between(recorder.stream));
	xml_stream_stop(recorder.stream);
	assert_false(xml_stream_is_between(recorder.stream));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reports_events, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_and_does_so_in_any_pieces, setup, teardown),
		cmocka_unit_test_setup_teardown(does_not_end_while_skipping, setup, teardown),
		cmocka_unit_test_setup_teardown(knows_where_it_is, setup, teardown),
		cmocka_unit_test_setup_teardown(bounds_depth, setup, teardown),
		cmocka_unit_test_setup_teardown(bounds_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(counts_per_stanza, setup, teardown),
		cmocka_unit_test_setup_teardown(bounds_attributes_and_namespaces, setup, teardown),
		cmocka_unit_test_setup_teardown(work_is_linear, setup, teardown),
		cmocka_unit_test_setup_teardown(stops_where_told, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_utf16, setup, teardown),
		cmocka_unit_test_setup_teardown(forgets_names, setup, teardown),
		cmocka_unit_test_setup_teardown(skips_where_wanted, setup, teardown),
		cmocka_unit_test_setup_teardown(foresees_senders, setup, teardown),
		cmocka_unit_test_setup_teardown(foresees_so_many, setup, teardown),
		cmocka_unit_test_setup_teardown(counts_alike_in_any_pieces, setup, teardown),
	};

	return cmocka_run_group_tests_name("parser", tests, NULL, NULL);
}
