/* SPDX-License-Identifier: MIT */
/* Types, names and signed links: what is made of a stranger's bytes without a file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <sodium.h>

#include "base/mem.h"
#include "base/text.h"
#include "transport/media/media_link.h"
#include "transport/media/media_name.h"
#include "transport/media/media_type.h"

#define BYTES(text) (text), sizeof(text) - 1

static void tells_types_by_content(void **state)
{
	static const struct {
		const char *bytes;
		size_t count;
		const char *type;
	} files[] = {
		{BYTES("\x89PNG\r\n\x1a\n...."), "image/png"},
		{BYTES("\xff\xd8\xff\xe0"), "image/jpeg"},
		{BYTES("GIF89a"), "image/gif"},
		{BYTES("RIFF\1\1\1\1WEBPVP8 "), "image/webp"},
		{BYTES("RIFF\1\1\1\1WAVEfmt "), "audio/wav"},
		{BYTES("\0\0\0\x20" "ftypisom\0\0\0\0"), "video/mp4"},
		{BYTES("\0\0\0\x20" "ftypM4A \0\0\0\0"), "audio/mp4"},
		{BYTES("\0\0\0\x20" "ftypavif\0\0\0\0"), "image/avif"},
		{BYTES("OggS\0\2.......................OpusHead"), "audio/ogg"},
		{BYTES("OggS\0\2.......................\x80theora"), "video/ogg"},
		{BYTES("\x1a\x45\xdf\xa3....webm"), "video/webm"},
		{BYTES("ID3\4"), "audio/mpeg"},
		{BYTES("\xff\xfb\x90\x44"), "audio/mpeg"},
		{BYTES("%PDF-1.7"), "application/pdf"},
		{BYTES("caf\xc3\xa9\n"), "text/plain; charset=utf-8"},
		/* what a browser would run is text, or nothing that it knows */
		{BYTES("<html><script>alert(1)</script>"), "text/plain; charset=utf-8"},
		{BYTES("<svg xmlns='http://www.w3.org/2000/svg'>"), "text/plain; charset=utf-8"},
		{BYTES("caf\xe9\n"), "application/octet-stream"},
		{BYTES("a\0b"), "application/octet-stream"},
		{BYTES("PK\3\4"), "application/octet-stream"},
		{BYTES("\xff\xff\xff\xff"), "application/octet-stream"},
		{BYTES(""), "application/octet-stream"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		/* exactly so long, for the sanitizers */
		void *copy = files[i].count ? mem_dup(files[i].bytes, files[i].count) : NULL;

		assert_string_equal(media_type_of(copy, files[i].count), files[i].type);
		mem_free(copy);
	}
	assert_true(media_type_is_shown("image/png") && media_type_is_shown("audio/ogg") && media_type_is_shown("video/mp4"));
	assert_false(media_type_is_shown("application/pdf") || media_type_is_shown("text/plain; charset=utf-8"));
}

static void cuts_no_character(void **state)
{
	char text[MEDIA_HEAD_BYTES + 1];

	(void)state;
	for (size_t shift = 0; shift < 3; shift++) {
		memset(text, 'a', shift);
		for (size_t i = shift; i < MEDIA_HEAD_BYTES; i++)
			text[i] = "\xe2\x82\xac"[(i - shift) % 3];
		assert_string_equal(media_type_of(text, MEDIA_HEAD_BYTES), "text/plain; charset=utf-8");
	}
}

static void measures_pictures(void **state)
{
	static const struct {
		const char *bytes;
		size_t count;
		unsigned width, height; /* 0: not known */
	} files[] = {
		{BYTES("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1\2\0\0\0\7"), 258, 7},
		{BYTES("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff\0\1\2\0\0\0\7"), 0, 0},
		{BYTES("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1\2\0\0\0"), 0, 0},
		{BYTES("GIF89a\x02\x01\x07\0"), 258, 7},
		{BYTES("\xff\xd8\xff\xe0\0\4ab\xff\xff\xc2\0\x0b\x08\0\7\1\2\3"), 258, 7},
		{BYTES("\xff\xd8\xff\xe0\0\1ab\xff\xc2\0\x0b\x08\0\7\1\2\3"), 0, 0},
		{BYTES("\xff\xd8\xff\xda\0\4ab\xff\xc2\0\x0b\x08\0\7\1\2\3"), 0, 0},
		{BYTES("\xff\xd8\xff\xe0\xff\xff........"), 0, 0},
		{BYTES("RIFF\1\1\1\1WEBPVP8X\x0a\0\0\0\0\0\0\0\1\1\0\6\0\0"), 258, 7},
		{BYTES("RIFF\1\1\1\1WEBPVP8 \1\1\0\0...\x9d\1\x2a\x02\x01\x07\0"), 258, 7},
		{BYTES("RIFF\1\1\1\1WEBPVP8L\1\1\0\0\x2f\x01\x81\x01\0\0\0\0\0\0"), 258, 7},
		{BYTES("RIFF\1\1\1\1WEBPVP8 \1\1\0\0...\x9d\1\x2a\x02\x01"), 0, 0},
		{BYTES("no picture"), 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		void *copy = mem_dup(files[i].bytes, files[i].count);
		unsigned width = 0, height = 0;
		bool known = media_picture_size(copy, files[i].count, &width, &height);

		if (known != !!files[i].width || width != files[i].width || height != files[i].height)
			fail_msg("%zu: %d, %u x %u", i, known, width, height);
		mem_free(copy);
	}
}

static void assert_name(const char *given, const char *expected)
{
	struct buf name = {0}, again = {0};

	media_name_clean(&name, given);
	assert_string_equal(buf_text(&name), expected);
	media_name_clean(&again, buf_text(&name));
	assert_string_equal(buf_text(&again), expected);
	buf_finish(&name);
	buf_finish(&again);
}

static void cleans_names(void **state)
{
	(void)state;
	assert_name("holiday photo.jpg", "holiday photo.jpg");
	assert_name("\xc3\xa4\xe2\x82\xac.png", "\xc3\xa4\xe2\x82\xac.png");
	assert_name(NULL, "file");
	assert_name("", "file");
	assert_name("../../etc/passwd", "passwd");
	assert_name("a/../../b", "b");
	assert_name("C:\\x\\y.txt", "y.txt");
	assert_name("..", "file");
	assert_name("dir/", "dir");
	assert_name("/", "file");
	assert_name(".htaccess", "htaccess");
	assert_name("-rf", "rf");
	assert_name("  . x. . ", "x");
	assert_name("a\r\nSet-Cookie: b", "a  Set-Cookie_ b");
	assert_name("a\"b%2fc?d#e&f;g", "a_b_2fc_d_e_f_g");
	assert_name("photo\xe2\x80\xaegpj.exe", "photogpj.exe");
	assert_name("a\xe2\x80\x8b" "b\xe2\x81\xa6" "c\xef\xbb\xbf" "d\xd8\x9c" "e", "abcde");
	assert_name("bad\xff.txt", "bad\xef\xbf\xbd.txt");
}

static void shortens_names(void **state)
{
	char given[4097];
	struct buf name = {0};

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(given); i += 2)
		memcpy(given + i, "\xc3\xa4", 2);
	memcpy(given + sizeof(given) - 5, ".png", 5);
	media_name_clean(&name, given);
	assert_in_range(name.len, LIMIT_MEDIA_NAME_BYTES - 1, LIMIT_MEDIA_NAME_BYTES);
	assert_string_equal(name.data + name.len - 4, ".png");
	assert_true(text_is_utf8(name.data, name.len));
	buf_finish(&name);
}

static void writes_dispositions(void **state)
{
	struct buf out = {0};

	(void)state;
	media_name_put_disposition(&out, "a b.png", true);
	assert_string_equal(buf_text(&out), "inline; filename=\"a b.png\"");
	buf_clear(&out);
	media_name_put_disposition(&out, "\xe2\x82\xac.bin", false);
	assert_string_equal(buf_text(&out), "attachment; filename=\"_.bin\"; filename*=UTF-8''%E2%82%AC.bin");
	buf_finish(&out);
}

/* ---- links ---- */

static const unsigned char secret[MEDIA_SECRET_BYTES] = "one of thirty-two bytes in all.";

struct parts {
	char path[2000], e[32], o[32], s[64];
	bool has_owner;
};

static char *unquote(char *out, const char *from, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned byte;

		if (from[i] == '%' && sscanf(from + i + 1, "%2x", &byte) == 1) {
			*out++ = (char)byte;
			i += 2;
		} else {
			*out++ = from[i];
		}
	}
	*out = '\0';
	return out;
}

static struct parts parts_of(const char *link)
{
	struct parts parts = {0};
	const char *question = strchr(link, '?'), *owner = strstr(link, "&o="), *signature = strstr(link, "&s=");

	assert_non_null(question);
	assert_non_null(signature);
	unquote(parts.path, link, (size_t)(question - link));
	assert_int_equal(strncmp(question, "?e=", 3), 0);
	unquote(parts.e, question + 3, strcspn(question + 3, "&"));
	if (owner)
		unquote(parts.o, owner + 3, strcspn(owner + 3, "&"));
	parts.has_owner = owner;
	unquote(parts.s, signature + 3, strlen(signature + 3));
	return parts;
}

static enum media_link_verdict verdict_of(const struct parts *parts, int64_t now)
{
	struct media_link link;

	return media_link_read(&link, secret, parts->path, parts->e, parts->has_owner ? parts->o : NULL, parts->s, now);
}

static struct media_link stored_link(void)
{
	struct media_link link = {.name = "a \xe2\x82\xac.png", .expires = 1000};

	memset(link.key, 'a', MEDIA_KEY_LENGTH);
	return link;
}

static struct media_link source_link(void)
{
	return (struct media_link){.kind = "mxc",
				   .reference = "[2001:db8::1]:8448/AbC_d-e",
				   .owner = "0123456789abcdef",
				   .name = "x.png",
				   .expires = 1000};
}

static void assert_round_trip(const struct media_link *link)
{
	struct media_link again;
	struct buf out = {0};

	media_link_put(&out, link, secret);
	assert_null(strpbrk(buf_text(&out), " <>\"[]"));
	struct parts parts = parts_of(buf_text(&out));

	assert_int_equal(media_link_read(&again, secret, parts.path, parts.e, parts.has_owner ? parts.o : NULL, parts.s, 1000),
			 MEDIA_LINK_GOOD);
	assert_string_equal(again.key, link->key);
	assert_string_equal(again.kind, link->kind);
	assert_string_equal(again.reference, link->reference);
	assert_string_equal(again.owner, link->owner);
	assert_string_equal(again.name, link->name);
	assert_int_equal(again.expires, link->expires);
	assert_int_equal(verdict_of(&parts, 1001), MEDIA_LINK_EXPIRED);
	buf_finish(&out);
}

static void signs_links(void **state)
{
	struct media_link stored = stored_link(), source = source_link();

	(void)state;
	assert_round_trip(&stored);
	assert_round_trip(&source);
}

static void assert_no_change(const struct media_link *link, int64_t now)
{
	struct buf out = {0};

	media_link_put(&out, link, secret);
	struct parts good = parts_of(buf_text(&out));
	char *texts[] = {good.path, good.e, good.o, good.s};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		for (char *at = texts[i]; *at; at++)
			for (int bit = 1; bit < 128; bit *= 2) {
				*at = (char)(*at ^ bit);
				assert_int_equal(verdict_of(&good, now), MEDIA_LINK_WRONG);
				*at = (char)(*at ^ bit);
			}
	assert_int_equal(verdict_of(&good, now), now > link->expires ? MEDIA_LINK_EXPIRED : MEDIA_LINK_GOOD);
	good.has_owner = !good.has_owner;
	snprintf(good.o, sizeof(good.o), "0123456789abcdef");
	assert_int_equal(verdict_of(&good, now), MEDIA_LINK_WRONG);
	buf_finish(&out);
}

static void sees_every_change(void **state)
{
	struct media_link stored = stored_link(), source = source_link(), link;

	(void)state;
	assert_no_change(&stored, 0);
	assert_no_change(&source, 2000);
	assert_int_equal(media_link_read(&link, secret, "a/b", "1", NULL, NULL, 0), MEDIA_LINK_WRONG);
	assert_int_equal(media_link_read(&link, secret, "a/b", NULL, NULL, "", 0), MEDIA_LINK_WRONG);
	assert_int_equal(media_link_read(&link, secret, NULL, "1", NULL, "x", 0), MEDIA_LINK_WRONG);
}

static void knows_references(void **state)
{
	char text[LIMIT_MEDIA_REFERENCE_BYTES + 2];

	(void)state;
	assert_true(media_is_reference("example.org/abc"));
	assert_false(media_is_reference("") || media_is_reference("/a") || media_is_reference("a/") ||
		     media_is_reference("a//b") || media_is_reference("a b") || media_is_reference("\xc3\xa4"));
	memset(text, 'a', sizeof(text));
	text[LIMIT_MEDIA_REFERENCE_BYTES + 1] = '\0';
	assert_false(media_is_reference(text));
	text[LIMIT_MEDIA_REFERENCE_BYTES] = '\0';
	assert_true(media_is_reference(text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_types_by_content), cmocka_unit_test(cuts_no_character),
		cmocka_unit_test(measures_pictures),      cmocka_unit_test(cleans_names),
		cmocka_unit_test(shortens_names),         cmocka_unit_test(writes_dispositions),
		cmocka_unit_test(signs_links),            cmocka_unit_test(sees_every_change),
		cmocka_unit_test(knows_references),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests_name("media: text", tests, NULL, NULL);
}
