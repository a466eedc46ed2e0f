/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "frontends/xmpp/address.h"
#include "tests/unit/xmpp/fixture.h"

static void parses(const char *text, const char *node, const char *domain, const char *resource)
{
	struct jid jid;

	assert_int_equal(jid_parse(&jid, text), 0);
	assert_string_equal(jid.node, node);
	assert_string_equal(jid.domain, domain);
	assert_string_equal(jid.resource, resource);
}

static void refused(const char *text)
{
	struct jid jid;

	if (jid_parse(&jid, text) == 0)
		fail_msg("accepted: %s", text);
}

static void test_parse(void **state)
{
	(void)state;
	parses("Alice@Example.ORG/Home", "alice", "example.org", "Home");
	parses("example.org", "", "example.org", "");
	parses("example.org./x", "", "example.org", "x");
	parses("a@b/c@d/e", "a", "b", "c@d/e");
	parses("M\xc3\x9cLLER@\xc3\x96rg.example/\xc3\x9c", "m\xc3\xbcller", "\xc3\xb6rg.example",
	       "\xc3\x9c");
	parses("#chan%irc.example@gw", "#chan%irc.example", "gw", "");
	refused("");
	refused("@example.org");
	refused("a@");
	refused("a b@example.org");
	refused("a@b@c");
	refused("a@b/");
	refused("a\"b@example.org");
	refused("\xff@example.org");
	refused("a@b/\x07");
	refused("a@exa mple");
}

static void test_part_lengths(void **state)
{
	char text[1200];
	struct jid jid;

	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text + 1023, "@b", 3);
	assert_int_equal(jid_parse(&jid, text), 0);
	assert_int_equal(strlen(jid.node), 1023);
	memcpy(text + 1023, "a@b", 4);
	refused(text);
}

static void escapes_to(const char *name, const char *node)
{
	struct buf out = {0}, back = {0};

	jid_escape(&out, name);
	assert_string_equal(buf_text(&out), node);
	jid_unescape(&back, node);
	assert_string_equal(buf_text(&back), name);
	buf_finish(&out);
	buf_finish(&back);
}

static void test_escape(void **state)
{
	(void)state;
	/* The examples of XEP-0106, table 3. */
	escapes_to("space cadet", "space\\20cadet");
	escapes_to("call me \"ishmael\"", "call\\20me\\20\\22ishmael\\22");
	escapes_to("at&t guy", "at\\26t\\20guy");
	escapes_to("d'artagnan", "d\\27artagnan");
	escapes_to("/.fanboy", "\\2f.fanboy");
	escapes_to("::foo::", "\\3a\\3afoo\\3a\\3a");
	escapes_to("<foo>", "\\3cfoo\\3e");
	escapes_to("user@host", "user\\40host");
	escapes_to("c:\\net", "c\\3a\\net");
	escapes_to("c:\\\\net", "c\\3a\\\\net");
	escapes_to("c:\\5commas", "c\\3a\\5c5commas");
	escapes_to("\\2F", "\\5c2F");
}

/* Seeded: the same names every time. */
static void random_name(char *name, size_t size, unsigned *seed)
{
	static const char alphabet[] = " \"&'/:<>@\\%#2067fca5cCeE.x";
	size_t length = (size_t)rand_r(seed) % (size - 1);

	for (size_t i = 0; i < length; i++)
		name[i] = alphabet[(size_t)rand_r(seed) % (sizeof(alphabet) - 1)];
	name[length] = '\0';
}

static void test_escape_property(void **state)
{
	struct map *seen = map_create();
	unsigned seed = 1;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		struct buf node = {0}, prepared = {0}, back = {0};
		char name[14];

		random_name(name, sizeof(name), &seed);
		text_lower(name); /* as Nodeprep folds case */
		jid_escape(&node, name);
		jid_unescape(&back, buf_text(&node));
		assert_string_equal(buf_text(&back), name);
		assert_int_equal(jid_prepare_node(&prepared, buf_text(&node)), name[0] != '\0');
		assert_string_equal(buf_text(&prepared), buf_text(&node));
		char *before = map_put(seen, buf_text(&node), mem_strdup(name));
		if (before)
			assert_string_equal(before, name);
		mem_free(before);
		buf_finish(&node);
		buf_finish(&prepared);
		buf_finish(&back);
	}
	map_destroy(&seen, mem_free);
}

static void test_room_property(void **state)
{
	unsigned seed = 7;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		struct buf node = {0}, back = {0};
		char name[14];

		random_name(name, sizeof(name), &seed);
		jid_from_room(&node, name, true);
		jid_to_legacy(&back, buf_text(&node));
		if (strchr(name, '@') || !strchr(name, '%'))
			assert_string_equal(buf_text(&back), name);
		buf_finish(&node);
		buf_finish(&back);
	}
}

static void decodes(const char *node, const char *name)
{
	struct buf out = {0};

	jid_to_legacy(&out, node);
	assert_string_equal(buf_text(&out), name);
	buf_finish(&out);
}

/* In one pass it is what it is in two, or is left to them. */
static void plain_is(const char *name, bool expected)
{
	static const bool ways[] = {true, false};
	struct buf out = {0};

	buf_puts(&out, "before");
	assert_int_equal(jid_from_plain_name(&out, name), expected);
	for (size_t i = 0; expected && i < ARRAY_SIZE(ways); i++) {
		struct buf node = {0}, prepared = {0};

		jid_from_contact(&node, name, ways[i]);
		assert_true(jid_prepare_node(&prepared, buf_text(&node)));
		assert_string_equal(buf_text(&out) + strlen("before"), buf_text(&prepared));
		buf_finish(&node);
		buf_finish(&prepared);
	}
	if (!expected)
		assert_string_equal(buf_text(&out), "before");
	buf_finish(&out);
}

static void test_plain_names(void **state)
{
	char name[1025] = "", one[] = "a?z";

	(void)state;
	plain_is("friend00001", true);
	plain_is("Friend.Of_Mine-2%net", true);
	plain_is("", false);
	plain_is("two words", false);
	plain_is("user@host", false);
	plain_is("\\20", false);
	plain_is("\xc3\xa4", false);
	memset(name, 'a', 1023);
	plain_is(name, true);
	name[1023] = 'a';
	plain_is(name, false);
	for (unsigned c = 1; c < 0x80; c++) {
		struct buf prepared = {0}, node = {0};

		one[1] = (char)c;
		jid_escape(&node, one);
		plain_is(one, !strcmp(buf_text(&node), one) && c != '\\' && jid_prepare_node(&prepared, one));
		buf_finish(&node);
		buf_finish(&prepared);
	}
}

static void test_legacy_names(void **state)
{
	struct buf out = {0};

	(void)state;
	decodes("user%host", "user@host");
	decodes("user\\40host", "user@host");
	decodes("#chan%irc.example", "#chan@irc.example");
	decodes("#chan\\40irc.example\\3a6697", "#chan@irc.example:6697");
	decodes("#chan%irc.example\\3a6697", "#chan@irc.example:6697");
	decodes("a%b%c", "a%b@c");
	decodes("plain", "plain");
	jid_from_contact(&out, "user@host", false);
	assert_string_equal(buf_text(&out), "user%host");
	buf_clear(&out);
	jid_from_contact(&out, "user@host", true);
	assert_string_equal(buf_text(&out), "user\\40host");
	buf_finish(&out);
}

static void nickname_is(const char *nickname, const char *resource)
{
	struct buf out = {0};

	address_nickname(&out, nickname);
	assert_string_equal(buf_text(&out), resource);
	buf_finish(&out);
}

static void test_nicknames(void **state)
{
	(void)state;
	nickname_is("Bob", "Bob");
	nickname_is("a/b@c d", "a/b@c d");
	nickname_is("bad\xef\xbf\xbdone", "bad_one");
	nickname_is("", "_");
	nickname_is("\xe2\x80\xaeright", "_right");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_parse),         cmocka_unit_test(test_part_lengths),
	        cmocka_unit_test(test_escape),        cmocka_unit_test(test_escape_property),
	        cmocka_unit_test(test_room_property), cmocka_unit_test(test_plain_names),
		cmocka_unit_test(test_legacy_names),
	        cmocka_unit_test(test_nicknames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
