/* SPDX-License-Identifier: MIT */
#include "frontends/slack/wire/slack_emoji.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "frontends/slack/wire/slack_emoji_table.h"

#define TONE_MARK "::skin-tone-"
#define VARIATION "\xef\xb8\x8f"      /* U+FE0F: as a picture */
#define TONE_FIRST "\xf0\x9f\x8f\xbb" /* U+1F3FB; its last byte counts up to U+1F3FF */
#define TONE_BYTES 4
#define CHARACTERS_BYTES 96

/* Of the table; none ends with a NUL. */
struct field {
	const char *text;
	size_t length;
};

struct entry {
	struct field name, characters, pair;
	bool has_tones;
};

static size_t field_length(const char *text)
{
	return strcspn(text, " \n");
}

/* The entry that this byte of the table is in. */
static struct entry entry_at(const char *at)
{
	struct entry entry = {0};

	while (at[-1] != '\n')
		at--;
	entry.name = (struct field){at, field_length(at)};
	at += entry.name.length + 1;
	entry.characters = (struct field){at, field_length(at)};
	at += entry.characters.length;
	entry.has_tones = *at == ' ';
	if (entry.has_tones)
		entry.pair = (struct field){at + 1, field_length(at + 1)};
	return entry;
}

static int compare(const char *a, size_t a_length, const char *b, size_t b_length)
{
	int order = memcmp(a, b, a_length < b_length ? a_length : b_length);

	return order ? order : (a_length > b_length) - (a_length < b_length);
}

static bool find_name(struct entry *entry, const char *name, size_t length)
{
	/* Entries that begin in between: the first byte behind their line feed. The last byte of the table
	 * ends the last. */
	const char *low = emoji_names + 1, *high = emoji_names + sizeof(emoji_names) - 2;

	while (low < high) {
		int order;

		*entry = entry_at(low + (high - low) / 2);
		order = compare(name, length, entry->name.text, entry->name.length);
		if (order == 0)
			return true;
		if (order < 0)
			high = entry->name.text - 1;
		else
			low = entry->characters.text + strcspn(entry->characters.text, "\n") + 1;
	}
	return false;
}

/* What is behind the name's "::": one tone or two, 2 to 6. */
static bool read_tones(const char *mark, unsigned tones[2])
{
	const char *at = mark + strlen(TONE_MARK);

	if (!text_starts(mark, TONE_MARK) || *at < '2' || *at > '6')
		return false;
	tones[0] = (unsigned)(*at++ - '0');
	if (*at == '-' && at[1] >= '2' && at[1] <= '6') {
		tones[1] = (unsigned)(at[1] - '0');
		at += 2;
	}
	return !*at;
}

static size_t character_length(const char *text)
{
	unsigned char c = (unsigned char)*text;

	return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

static char *put_bytes(char *out, const char *text, size_t length)
{
	memcpy(out, text, length);
	return out + length;
}

static char *put_tone(char *out, unsigned tone)
{
	out = put_bytes(out, TONE_FIRST, TONE_BYTES);
	out[-1] = (char)(out[-1] + (int)tone - 2);
	return out;
}

/* A tone takes the place of the mark that a character is a picture. */
static char *put_toned(char *out, struct field form, const unsigned tones[2])
{
	size_t first = character_length(form.text);

	out = put_bytes(out, form.text, first);
	out = put_tone(out, tones[0]);
	if (form.length - first >= 3 && !memcmp(form.text + first, VARIATION, 3))
		first += 3;
	out = put_bytes(out, form.text + first, form.length - first);
	return tones[1] ? put_tone(out, tones[1]) : out;
}

/* With a NUL; the longest of the table and two tones fit. */
static void put_characters(char out[CHARACTERS_BYTES], const struct entry *entry, unsigned tones[2])
{
	bool pair_only = entry->pair.length == entry->characters.length &&
	                 !memcmp(entry->pair.text, entry->characters.text, entry->pair.length);

	if (pair_only && !tones[1])
		tones[1] = tones[0];
	if (!entry->has_tones || !tones[0] || (tones[1] && !entry->pair.length))
		out = put_bytes(out, entry->characters.text, entry->characters.length);
	else
		out = put_toned(out, tones[1] ? entry->pair : entry->characters, tones);
	*out = '\0';
}

static bool name_to_characters(char out[CHARACTERS_BYTES], const char *name)
{
	const char *mark = strstr(name, "::");
	unsigned tones[2] = {0};
	struct entry entry;

	if (mark && !read_tones(mark, tones))
		return false;
	if (!find_name(&entry, name, mark ? (size_t)(mark - name) : strlen(name)))
		return false;
	put_characters(out, &entry, tones);
	return true;
}

bool slack_emoji_put(struct buf *out, const char *name)
{
	char characters[CHARACTERS_BYTES];

	if (!name_to_characters(characters, name))
		return false;
	buf_puts(out, characters);
	return true;
}

static bool is_tone(const char *text)
{
	return !memcmp(text, TONE_FIRST, TONE_BYTES - 1) && (unsigned char)text[3] >= 0xbb &&
	       (unsigned char)text[3] <= 0xbf;
}

struct bare {
	char text[CHARACTERS_BYTES]; /* without tones and variation marks */
	size_t length;
	unsigned tones[2];
};

/* False: too long to be one emoji, or of more tones than any has. */
static bool take_bare(struct bare *bare, const char *characters)
{
	unsigned count = 0;

	*bare = (struct bare){0};
	for (size_t length; *characters; characters += length) {
		length = character_length(characters);
		if (strnlen(characters, length) < length || bare->length + length >= sizeof(bare->text))
			return false;
		if (length == 3 && !memcmp(characters, VARIATION, 3))
			continue;
		if (length == TONE_BYTES && is_tone(characters) && bare->length) {
			if (count == 2)
				return false;
			bare->tones[count++] = (unsigned char)characters[3] - 0xbbu + 2;
			continue;
		}
		memcpy(bare->text + bare->length, characters, length);
		bare->length += length;
	}
	return bare->length > 0;
}

/* As the table is sorted: without variation marks. */
static int compare_place(const char *bare, size_t length, const char *place)
{
	struct bare other;
	char text[CHARACTERS_BYTES];
	size_t other_length = field_length(place);

	memcpy(text, place, other_length);
	text[other_length] = '\0';
	take_bare(&other, text);
	return compare(bare, length, other.text, other.length);
}

static bool find_characters(struct entry *entry, const char *bare, size_t length)
{
	size_t low = 0, high = ARRAY_SIZE(emoji_places);

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const char *place = emoji_names + emoji_places[middle];
		int order = compare_place(bare, length, place);

		if (order == 0) {
			*entry = entry_at(place);
			return true;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

/* Tones may have stood where they mean nothing. */
static bool means(const char *name, const char *characters)
{
	char text[CHARACTERS_BYTES];

	if (!name_to_characters(text, name))
		return false;
	for (const char *at = text;; at++, characters++) {
		while (!strncmp(characters, VARIATION, 3))
			characters += 3;
		while (!strncmp(at, VARIATION, 3))
			at += 3;
		if (*at != *characters)
			return false;
		if (!*at)
			return true;
	}
}

bool slack_emoji_put_name(struct buf *out, const char *characters)
{
	struct bare bare;
	struct entry entry;
	char name[CHARACTERS_BYTES];

	if (!take_bare(&bare, characters) || !find_characters(&entry, bare.text, bare.length))
		return false;
	*put_bytes(name, entry.name.text, entry.name.length) = '\0';
	if (bare.tones[0])
		snprintf(name + entry.name.length, sizeof(name) - entry.name.length, TONE_MARK "%u",
		         bare.tones[0]);
	if (bare.tones[1])
		snprintf(name + strlen(name), sizeof(name) - strlen(name), "-%u", bare.tones[1]);
	if (!means(name, characters))
		return false;
	buf_puts(out, name);
	return true;
}

bool slack_emoji_put_alias(struct buf *out, const char **picture)
{
	static const char alias[] = "alias:";

	if (!*picture || strncmp(*picture, alias, sizeof(alias) - 1) != 0)
		return false;
	bool known = slack_emoji_put(out, *picture + sizeof(alias) - 1);

	*picture = NULL;
	return known;
}
