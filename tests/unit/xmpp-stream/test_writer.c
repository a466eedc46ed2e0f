/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "frontends/xmpp/stream/xml_writer.h"

static struct buf out;
static struct xml_writer writer;

static int setup(void **state)
{
	(void)state;
	xml_writer_init(&writer, &out);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	buf_finish(&out);
	return 0;
}

static void writes_elements(void **state)
{
	(void)state;
	xml_start(&writer, "message");
	xml_attr(&writer, "to", "a@b");
	xml_attr(&writer, "id", NULL);
	xml_attr_int(&writer, "n", -5);
	xml_element(&writer, "body", NULL, "hi");
	xml_element(&writer, "none", "ns", NULL);
	xml_element(&writer, "empty", NULL, "");
	xml_empty(&writer, "active", "urn:x");
	xml_start_ns(&writer, "x", "urn:y");
	xml_raw(&writer, "<z/>", 4);
	xml_end(&writer);
	xml_end(&writer);
	assert_string_equal(buf_text(&out), "<message to='a@b' n='-5'><body>hi</body><empty/>"
					    "<active xmlns='urn:x'/><x xmlns='urn:y'><z/></x></message>");
}

static void escapes(void **state)
{
	(void)state;
	xml_start(&writer, "a");
	xml_attr(&writer, "v", "<>&'\"\t\n\r");
	xml_text(&writer, "<>&'\"\t\n\r]]>");
	xml_end(&writer);
	assert_string_equal(buf_text(&out), "<a v='&lt;&gt;&amp;&apos;&quot;&#x9;&#xA;&#xD;'>"
					    "&lt;&gt;&amp;'\"\t\n&#xD;]]&gt;</a>");
}

static void assert_text(const char *text, size_t length, const char *expected)
{
	buf_clear(&out);
	xml_writer_init(&writer, &out);
	xml_text_n(&writer, text, length);
	assert_string_equal(buf_text(&out), expected);
}

#define BAD "\xEF\xBF\xBD"

static void replaces_what_xml_does_not_allow(void **state)
{
	(void)state;
	assert_text("a\x01\x1F\0b", 5, "a" BAD BAD BAD "b");
	assert_text("\x7F\xC2\x85", 3, "\x7F\xC2\x85");
	assert_text("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", 9, "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
	assert_text("\xC0\x80", 2, BAD BAD);         /* overlong */
	assert_text("\xED\xA0\x80", 3, BAD BAD BAD); /* surrogate */
	assert_text("\xEF\xBF\xBE", 3, BAD BAD BAD); /* U+FFFE */
	assert_text("\xEF\xBF\xBF", 3, BAD BAD BAD);
	assert_text("\xF4\x90\x80\x80", 4, BAD BAD BAD BAD);
	assert_text("x\xE2\x82", 3, "x" BAD BAD); /* cut */
	assert_text("\xF0\x9F\x98", 3, BAD BAD BAD);
	assert_text("\xF8\x88\xFF", 3, BAD BAD BAD);
}

/* Wherever it stands: runs are gone over many bytes at a time. */
static void escapes_at_every_place(void **state)
{
	static const struct {
		const char *text, *value, *content;
	} cases[] = {
		{"<", "&lt;", "&lt;"},	{">", "&gt;", "&gt;"}, {"&", "&amp;", "&amp;"}, {"'", "&apos;", "'"},
		{"\"", "&quot;", "\""}, {"\x1f", BAD, BAD},	 {"\xff", BAD, BAD},	{"\x80", BAD, BAD},
		{"#", "#", "#"},	 {"\x7f", "\x7f", "\x7f"}, {"\xc3\xa9", "\xc3\xa9", "\xc3\xa9"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		for (int before = 0; before < 36; before++)
			for (int after = 0; after < 36; after++) {
				static const char filler[] = "abcdefghijklmnopqrstuvwxyz0123456789";
				char text[100], expected[300];

				snprintf(text, sizeof(text), "%.*s%s%.*s", before, filler, cases[i].text, after, filler);
				snprintf(expected, sizeof(expected), "<a v='%.*s%s%.*s'>%.*s%s%.*s</a>", before, filler,
					 cases[i].value, after, filler, before, filler, cases[i].content, after, filler);
				buf_clear(&out);
				xml_writer_init(&writer, &out);
				xml_start(&writer, "a");
				xml_attr(&writer, "v", text);
				xml_text(&writer, text);
				xml_end(&writer);
				assert_string_equal(buf_text(&out), expected);
			}
}

static void writes_base64(void **state)
{
	static char bytes[100000];
	size_t length = sizeof(bytes);

	(void)state;
	xml_base64(&writer, "foobar", 6);
	xml_base64(&writer, "", 0);
	assert_string_equal(buf_text(&out), "Zm9vYmFy");
	buf_clear(&out);
	xml_base64(&writer, "fooba", 5);
	assert_string_equal(buf_text(&out), "Zm9vYmE=");
	buf_clear(&out);
	xml_base64(&writer, bytes, length);
	assert_int_equal(out.len, (length + 2) / 3 * 4);
	assert_int_equal(strcspn(buf_text(&out), "="), out.len - 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(writes_elements, setup, teardown),
		cmocka_unit_test_setup_teardown(escapes, setup, teardown),
		cmocka_unit_test_setup_teardown(replaces_what_xml_does_not_allow, setup, teardown),
		cmocka_unit_test_setup_teardown(escapes_at_every_place, setup, teardown),
		cmocka_unit_test_setup_teardown(writes_base64, setup, teardown),
	};

	return cmocka_run_group_tests_name("writer", tests, NULL, NULL);
}
