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
	escapes_to("\\25", "\\5c25"); /* ours */
	escapes_to("50%", "50%");
}

#define RANDOM_NAMES 1000000

static unsigned random_below(unsigned limit)
{
	static uint64_t state = 0x2545f4914f6cdd1d; /* the same names every time */

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 33) % limit;
}

/* What escaping is made of, in any combination, is most of a name. */
static void put_plain(struct buf *out)
{
	static const char frequent[] = " \"&'/:<>@\\%#2067fca5e.x";
	static const char *const lower[] = {"\xc3\xa9", "\xce\xb1", "\xd0\xb6", "\xe4\xb8\xad", "\xe3\x81\x82"};
	unsigned kind = random_below(16);

	if (kind == 0)
		buf_puts(out, lower[random_below(ARRAY_SIZE(lower))]);
	else if (kind < 4)
		buf_putc(out, "%\\@"[kind - 1]);
	else
		buf_putc(out, frequent[random_below(sizeof(frequent) - 1)]);
}

/* Also what Nodeprep changes, deletes or refuses: controls, upper case, look-alikes of escapes, marks, any plane. */
static void put_wild(struct buf *out)
{
	static const uint32_t odd[] = {0xad,   0x200d, 0xff05, 0xfe6a, 0xff3c, 0xfe68, 0xff20, 0xff10, 0xff14, 0x2460,
	                               0xfb00, 0x327,  0x338,  0x301,  0x130,  0xdf,   0x85,   0x2028, 0xfeff, 0x5d0};
	unsigned kind = random_below(8);
	char bytes[4];
	uint32_t code;

	if (kind >= 4) {
		put_plain(out);
		return;
	}
	if (kind == 0)
		code = 1 + random_below(0x7f);
	else if (kind < 3)
		code = odd[random_below(ARRAY_SIZE(odd))];
	else
		code = random_below(2) ? 0x80 + random_below(0xd780) : 0xe000 + random_below(0x102000);
	buf_append(out, bytes, text_encode(code, bytes));
}

static void random_name(struct buf *name, void (*put)(struct buf *))
{
	buf_clear(name);
	for (unsigned left = 1 + random_below(12); left; left--)
		put(name);
}

typedef void encoder(struct buf *out, const char *name, bool escaping);
typedef void decoder(struct buf *out, const char *node);

static void escape(struct buf *out, const char *name, bool escaping)
{
	(void)escaping;
	jid_escape(out, name);
}

/* Of names of which Nodeprep leaves everything as it is: each is read back from its node, so no two have the same. */
static void check_plain_names(encoder *encode, bool escaping, decoder *decode)
{
	struct buf name = {0}, node = {0}, key = {0}, back = {0};

	for (int i = 0; i < RANDOM_NAMES; i++) {
		random_name(&name, put_plain);
		buf_clear(&node);
		buf_clear(&key);
		buf_clear(&back);
		encode(&node, buf_text(&name), escaping);
		if (!jid_prepare_name(&key, buf_text(&node)))
			fail_msg("%s cannot be an address", buf_text(&name));
		assert_string_equal(buf_text(&key), buf_text(&node));
		decode(&back, buf_text(&key));
		assert_string_equal(buf_text(&back), buf_text(&name));
	}
	buf_finish(&name);
	buf_finish(&node);
	buf_finish(&key);
	buf_finish(&back);
}

static void test_escape_property(void **state)
{
	(void)state;
	check_plain_names(escape, true, jid_unescape);
}

static void test_contact_property(void **state)
{
	(void)state;
	check_plain_names(jid_from_contact, true, jid_to_legacy);
}

static void test_room_property(void **state)
{
	(void)state;
	check_plain_names(jid_from_room, true, jid_to_legacy);
}

static size_t count_of(const char *text, char c)
{
	size_t count = 0;

	for (; (text = strchr(text, c)); text++)
		count++;
	return count;
}

/* Of any text at all the node is read back; where it can be an address, what that stands for has one, too, by which it
 * is read again, and the same '@' and '%': only what Nodeprep takes for one and the same letters can meet there. */
static void test_wild_property(void **state)
{
	struct buf name = {0}, node = {0}, key = {0}, other = {0}, again = {0};
	size_t addresses = 0;

	(void)state;
	for (int i = 0; i < RANDOM_NAMES; i++) {
		bool room = random_below(2);
		encoder *encode = room ? jid_from_room : jid_from_contact;

		random_name(&name, put_wild);
		buf_clear(&node);
		buf_clear(&key);
		buf_clear(&other);
		encode(&node, buf_text(&name), true);
		jid_to_legacy(&other, buf_text(&node));
		assert_string_equal(buf_text(&other), buf_text(&name));
		if (!jid_prepare_name(&key, buf_text(&node)))
			continue;
		addresses++;
		buf_clear(&other);
		jid_to_legacy(&other, buf_text(&key));
		assert_int_equal(count_of(buf_text(&other), '@'), count_of(buf_text(&name), '@'));
		assert_int_equal(count_of(buf_text(&other), '%'), count_of(buf_text(&name), '%'));
		buf_clear(&node);
		buf_clear(&again);
		encode(&node, buf_text(&other), true);
		buf_clear(&key);
		assert_true(jid_prepare_name(&key, buf_text(&node)));
		jid_to_legacy(&again, buf_text(&key));
		assert_string_equal(buf_text(&again), buf_text(&other));
	}
	print_message("# %zu of %d can be addresses\n", addresses, RANDOM_NAMES);
	assert_true(addresses > RANDOM_NAMES / 10);
	buf_finish(&name);
	buf_finish(&node);
	buf_finish(&key);
	buf_finish(&other);
	buf_finish(&again);
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
	plain_is("Friend.Of_Mine-2", true);
	plain_is("2%net", false);
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
		plain_is(one, !strcmp(buf_text(&node), one) && !strchr("\\%", (char)c) && jid_prepare_node(&prepared, one));
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
	decodes("#50\\25off", "#50%off");
	decodes("#50\\25off%irc.example", "#50%off@irc.example");
	decodes("#50%off%irc.example", "#50%off@irc.example");
	jid_from_contact(&out, "user@host", false);
	assert_string_equal(buf_text(&out), "user%host");
	buf_clear(&out);
	jid_from_contact(&out, "user@host", true);
	assert_string_equal(buf_text(&out), "user\\40host");
	buf_clear(&out);
	jid_from_room(&out, "#50%off", true);
	assert_string_equal(buf_text(&out), "#50\\25off");
	buf_clear(&out);
	/* full-width: Nodeprep makes "#50@off" of it, and "a@b" */
	assert_false(jid_prepare_name(&out, "#50\xef\xbc\x85off"));
	assert_false(jid_prepare_name(&out, "a\xef\xbc\xbc""40b"));
	assert_true(jid_prepare_node(&out, "#50\xef\xbc\x85off"));
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
	        cmocka_unit_test(test_room_property), cmocka_unit_test(test_contact_property),
	        cmocka_unit_test(test_wild_property), cmocka_unit_test(test_plain_names),
	        cmocka_unit_test(test_legacy_names),
	        cmocka_unit_test(test_nicknames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
