/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"
#include "frontends/matrix/wire/matrix_id.h"

#define RANDOM_NAMES 1100000

static const struct matrix_names names = {.server = "example.org", .prefix = "_irc_", .bot = "_irc_bot"};

static void test_kinds(void **state)
{
	static const struct {
		const char *id;
		bool user, room, alias, event;
	} cases[] = {
	        {"@alice:example.org", true, false, false, false},
	        {"@alice:example.org:8448", true, false, false, false},
	        {"@alice:[::1]:8448", true, false, false, false},
	        {"@Al!ce(x):example.org", true, false, false, false},
	        {"@\xc3\xa9:example.org", true, false, false, false},
	        {"@:example.org", true, false, false, false},
	        {"@alice", false, false, false, false},
	        {"@alice:", false, false, false, false},
	        {"@al ice:example.org", false, false, false, false},
	        {"@al\nice:example.org", false, false, false, false},
	        {"@al\xffice:example.org", false, false, false, false},
	        {"@alice:exam/ple", false, false, false, false},
	        {"alice:example.org", false, false, false, false},
	        {"!abc:example.org", false, true, false, false},
	        {"!j8j7f71Agu329qj7E74RI92tbXzGmFRvL3K6kGcBwY8", false, true, false, false},
	        {"!", false, false, false, false},
	        {"!:example.org", false, false, false, false},
	        {"!abc:", false, false, false, false},
	        {"#room:example.org", false, false, true, false},
	        {"##room:example.org", false, false, true, false},
	        {"#room", false, false, false, false},
	        {"$abc", false, false, false, true},
	        {"$abc:example.org", false, false, false, true},
	        {"$", false, false, false, false},
	        {"$a\r\nb", false, false, false, false},
	        {"", false, false, false, false},
	        {NULL, false, false, false, false},
	};
	char longest[MATRIX_ID_MAX + 2];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(matrix_is_user_id(cases[i].id), cases[i].user);
		assert_int_equal(matrix_is_room_id(cases[i].id), cases[i].room);
		assert_int_equal(matrix_is_alias(cases[i].id), cases[i].alias);
		assert_int_equal(matrix_is_event_id(cases[i].id), cases[i].event);
	}
	memset(longest, 'x', sizeof(longest));
	longest[0] = '$';
	longest[MATRIX_ID_MAX + 1] = '\0';
	assert_false(matrix_is_event_id(longest));
	longest[MATRIX_ID_MAX] = '\0';
	assert_true(matrix_is_event_id(longest));
	assert_string_equal(matrix_id_server("@a:b:1"), "b:1");
	assert_null(matrix_id_server("!abc"));
}

static void test_media(void **state)
{
	static const char *const bad[] = {
	        "",            "mxc://",      "mxc:///x",    "mxc://a",     "mxc://a/",   "mxc://a/b/c", "mxc://a/../c",
	        "mxc://a/b?c", "mxc://a/b#c", "mxc://a b/c", "mxc://a/%2e", "http://a/b", "mxc://a/b\n", "mxc://a@b/c"};

	(void)state;
	assert_true(matrix_is_media_url("mxc://example.org:8448/AbC-_9"));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(matrix_is_media_url(bad[i]));
	assert_false(matrix_is_media_url(NULL));
}

static void test_ghosts(void **state)
{
	static const struct {
		const char *name, *id;
	} cases[] = {
	        {"alice", "@_irc_alice:example.org"},
	        {"a.b_c-d/e+f0", "@_irc_a.b_c-d/e+f0:example.org"},
	        {"Alice", "@_irc_=41lice:example.org"},
	        {"a=b", "@_irc_a=3db:example.org"},
	        {"a:b c@d", "@_irc_a=3ab=20c=40d:example.org"},
	        {"\xc3\xa9", "@_irc_=c3=a9:example.org"},
	        {"=41", "@_irc_=3d41:example.org"},
	        {"==", "@_irc_=3d=3d:example.org"},
	        {"[x]^`{|}\\", "@_irc_=5bx=5d=5e=60=7b=7c=7d=5c:example.org"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *id = matrix_ghost_id(&names, cases[i].name);
		struct buf name = {0};

		assert_string_equal(id, cases[i].id);
		assert_true(matrix_is_ours(&names, id));
		assert_true(matrix_is_user_id(id));
		assert_true(matrix_ghost_name(&names, id, &name));
		assert_string_equal(buf_text(&name), cases[i].name);
		buf_finish(&name);
		mem_free(id);
	}
}

static void test_not_read_back(void **state)
{
	static const char *const ids[] = {
	        "@_irc_:example.org",      "@_irc_a:example.com",     "@_irc_a:example.org:1", "@irc_a:example.org",
	        "#_irc_a:example.org",     "@_irc_a",                 "@_irc_=:example.org",   "@_irc_=4:example.org",
	        "@_irc_=4g:example.org",   "@_irc_=61:example.org",   "@_irc_=C3:example.org", "@_irc_A:example.org",
	        "@_irc_=00:example.org",   "@_irc_=0a:example.org",   "@_irc_=ff:example.org", "@_irc_bot:example.org",
	        "@_irc_=c3=A9:example.org", "@_irc_a=0d=0ab:example.org", "@_irc", "", "@:example.org"};
	struct buf name = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		assert_false(matrix_ghost_name(&names, ids[i], &name));
		assert_int_equal(name.len, 0);
	}
}

static void test_ours(void **state)
{
	char *bot = matrix_bot_id(&names), *ghost = matrix_ghost_id(&names, "bot");
	const struct matrix_names apart = {.server = "example.org", .prefix = "_irc_", .bot = "ircbot"};

	(void)state;
	assert_string_equal(bot, "@_irc_bot:example.org");
	assert_true(matrix_is_ours(&names, bot));
	assert_string_not_equal(bot, ghost);
	assert_true(matrix_is_ours(&names, ghost));
	assert_true(matrix_is_ours(&apart, "@ircbot:example.org"));
	assert_true(matrix_is_ours(&apart, "@_irc_:example.org"));
	assert_false(matrix_is_ours(&apart, "@ircbot2:example.org"));
	assert_false(matrix_is_ours(&apart, "@ircbot:example.org:1"));
	assert_false(matrix_is_ours(&apart, "@_irc_x:elsewhere.org"));
	assert_false(matrix_is_ours(&apart, "@irc:example.org"));
	mem_free(bot);
	mem_free(ghost);
}

static void test_portals(void **state)
{
	static const struct {
		const char *room, *alias;
	} cases[] = {
	        {"#channel", "#_irc_#channel:example.org"},
	        {"#Chan", "#_irc_#=43han:example.org"},
	        {"a=b:c", "#_irc_a=3db=3ac:example.org"},
	        {"two words", "#_irc_two=20words:example.org"},
	        {"\xc3\x89\xc3\xa9", "#_irc_\xc3\x89\xc3\xa9:example.org"},
	        {"a\xc2\xa0\xe2\x80\x83\xe3\x80\x80z", "#_irc_a=c2=a0=e2=80=83=e3=80=80z:example.org"},
	        {"##c++/x@y!", "#_irc_##c++/x@y!:example.org"},
	};
	static const char *const none[] = {"#_irc_:example.org", "#_irc_=61:example.org", "#_irc_A:example.org",
	                                   "#_irc_a b:example.org", "#_irc_=0a:example.org", "@_irc_a:example.org"};
	struct buf room = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *alias = matrix_portal_alias(&names, cases[i].room);

		assert_string_equal(alias, cases[i].alias);
		assert_true(matrix_is_alias(alias));
		assert_true(matrix_portal_room(&names, alias, &room));
		assert_string_equal(buf_text(&room), cases[i].room);
		buf_clear(&room);
		mem_free(alias);
	}
	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		assert_false(matrix_portal_room(&names, none[i], &room));
	buf_finish(&room);
}

static void test_long_names(void **state)
{
	char name[1024], hex[65], lookalike[64];
	unsigned char hash[32];
	char *id, *other;
	struct buf back = {0};

	(void)state;
	/* Of long names one is taken whose hash looks like an escape and what follows it. */
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	do {
		name[0]++;
		if (name[0] == 0x7f) {
			name[0] = 'a';
			name[1]++;
		}
		crypto_hash_sha256(hash, (const unsigned char *)name, strlen(name));
	} while (hash[0] < 'A' || hash[0] > 'Z');
	sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	lookalike[0] = (char)hash[0];
	memcpy(lookalike + 1, hex + 2, 63);
	id = matrix_ghost_id(&names, name);
	other = matrix_ghost_id(&names, lookalike);
	assert_string_not_equal(id, other);
	assert_true(strlen(id) <= MATRIX_ID_MAX);
	assert_true(matrix_is_user_id(id));
	assert_memory_equal(id, "@_irc_==", 8);
	assert_memory_equal(id + 8, hex, 64);
	assert_false(matrix_ghost_name(&names, id, &back));
	mem_free(id);
	mem_free(other);
	/* The longest that is read back, and one more. */
	name[237] = '\0';
	id = matrix_ghost_id(&names, name + 1);
	assert_int_equal(strlen(id), MATRIX_ID_MAX - 1);
	mem_free(id);
	id = matrix_ghost_id(&names, name);
	assert_int_equal(strlen(id), MATRIX_ID_MAX);
	assert_true(matrix_ghost_name(&names, id, &back));
	assert_string_equal(buf_text(&back), name);
	mem_free(id);
	name[237] = 'a';
	name[238] = '\0';
	id = matrix_ghost_id(&names, name);
	assert_memory_equal(id, "@_irc_==", 8);
	mem_free(id);
	buf_finish(&back);
}

static uint64_t random_state = 0x9e3779b97f4a7c15;

static unsigned random_below(unsigned limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned)((random_state >> 33) % limit);
}

static void put_code_point(struct buf *out, uint32_t code)
{
	char bytes[4];

	buf_append(out, bytes, text_encode(code, bytes));
}

static void put_random_character(struct buf *out, unsigned kind)
{
	static const char frequent[] = "=/:._-+#@!&0123456789abcdefABCDEF";

	switch (kind) {
	case 0:
		put_code_point(out, 1 + random_below(0x7f));
		break;
	case 1:
		put_code_point(out, 'A' + random_below(26));
		break;
	case 2:
		put_code_point(out, 0x80 + random_below(0x780));
		break;
	case 3:
		put_code_point(out, 0x800 + random_below(0xd000));
		break;
	case 4:
		put_code_point(out, 0xe000 + random_below(0x2000));
		break;
	case 5:
		put_code_point(out, 0x10000 + random_below(0x100000));
		break;
	case 6:
	case 7:
	case 8:
		buf_putc(out, frequent[random_below(sizeof(frequent) - 1)]);
		break;
	default:
		put_code_point(out, 'a' + random_below(26));
		break;
	}
}

/* A new one, one that nearly is `before`, or what an id makes of `before`. */
static void make_name(struct buf *out, const char *before, const char *id)
{
	unsigned how = random_below(20);
	size_t length = how == 19 ? 100 + random_below(924) : 1 + random_below(12);
	unsigned kinds = how < 10 ? 16 : 9, kind = random_below(kinds);

	buf_clear(out);
	if (how == 0 && *id) {
		const char *colon = strrchr(id, ':');

		buf_append(out, id + 6, (size_t)(colon - id - 6));
	} else if (how == 1 && *before) {
		buf_puts(out, before);
		if (out->data[0] < 0x7f && out->data[0] >= 'A')
			out->data[0] ^= 0x20;
		buf_putc(out, 'x');
	} else {
		for (size_t i = 0; i < length; i++)
			put_random_character(out, how < 10 ? random_below(kinds) : kind);
	}
	if (!out->len)
		buf_putc(out, 'x');
	out->data[text_cut(out->data, out->len, 1023)] = '\0';
	out->len = strlen(out->data);
	if (out->data[0] == 0x7f)
		out->data[0] = 'x';
}

struct seen {
	struct map *unreadable; /* id to name, where an id does not say the name */
	size_t read_back;
};

static void check_id(struct seen *seen, char *id, const char *name,
		     bool (*read)(const struct matrix_names *, const char *, struct buf *))
{
	struct buf back = {0};

	assert_true(strlen(id) <= MATRIX_ID_MAX);
	assert_false(text_equal_nocase(id, "@_irc_bot:example.org"));
	if (read(&names, id, &back)) {
		if (strcmp(buf_text(&back), name) != 0)
			fail_msg("%s becomes %s", name, buf_text(&back));
		seen->read_back++;
	} else {
		char *other = map_get(seen->unreadable, id);

		if (other && strcmp(other, name) != 0)
			fail_msg("two names for %s", id);
		if (!other)
			map_put(seen->unreadable, id, mem_strdup(name));
	}
	buf_finish(&back);
}

/* An id that is read back belongs to one name; of the others all are kept and compared. */
static void test_random_names(void **state)
{
	struct seen ghosts = {.unreadable = map_create()}, portals = {.unreadable = map_create()};
	struct buf name = {0}, before = {0};
	char *id = mem_strdup("");

	(void)state;
	for (size_t i = 0; i < RANDOM_NAMES; i++) {
		char *alias;

		make_name(&name, buf_text(&before), id);
		assert_true(text_is_utf8(name.data, name.len));
		mem_free(id);
		id = matrix_ghost_id(&names, name.data);
		alias = matrix_portal_alias(&names, name.data);
		check_id(&ghosts, id, name.data, matrix_ghost_name);
		check_id(&portals, alias, name.data, matrix_portal_room);
		mem_free(alias);
		buf_clear(&before);
		buf_puts(&before, name.data);
	}
	print_message("# read back: %zu ghosts, %zu portals of %d\n", ghosts.read_back, portals.read_back, RANDOM_NAMES);
	assert_true(ghosts.read_back > RANDOM_NAMES / 2);
	assert_true(portals.read_back > RANDOM_NAMES / 2);
	mem_free(id);
	buf_finish(&name);
	buf_finish(&before);
	map_destroy(&ghosts.unreadable, mem_free);
	map_destroy(&portals.unreadable, mem_free);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_kinds),
	        cmocka_unit_test(test_media),
	        cmocka_unit_test(test_ghosts),
	        cmocka_unit_test(test_not_read_back),
	        cmocka_unit_test(test_ours),
	        cmocka_unit_test(test_portals),
	        cmocka_unit_test(test_long_names),
	        cmocka_unit_test(test_random_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
