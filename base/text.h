/* SPDX-License-Identifier: MIT */
/*
 * Text as it comes from strangers. Everything that enters the program passes text_clean once, where it
 * enters (architecture: "handled once"), so that no other code meets broken UTF-8 or control characters.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* Well-formed UTF-8 (no overlongs, surrogates, or code points above U+10FFFF). */
bool text_is_utf8(const char *bytes, size_t length);
/* One character in UTF-8, without a NUL; its length. `code` is at most U+10FFFF. */
size_t text_encode(uint32_t code, char out[4]);

enum text_clean {
	TEXT_LINE = 0,      /* one line: CR, LF and every other control character become a space */
	TEXT_LINES = 1 << 0, /* keeps LF and TAB; CR LF and lone CR become LF */
};

/*
 * Appends to `out` a form of bytes that is valid UTF-8 and legal in XML 1.0: bad sequences, NUL and
 * characters outside XML's Char production (https://www.w3.org/TR/xml/#charsets) become U+FFFD, or are
 * treated as said above. Returns true if nothing had to be changed.
 */
bool text_clean(struct buf *out, const char *bytes, size_t length, enum text_clean how);

/* Whether text_clean would change nothing: the fast way to avoid the copy. */
bool text_is_clean(const char *bytes, size_t length, enum text_clean how);

/* The largest prefix length <= max that does not cut a UTF-8 sequence. `text` is valid UTF-8. */
size_t text_cut(const char *text, size_t length, size_t max);

/* ASCII only. */
void text_lower(char *text);
bool text_equal_nocase(const char *a, const char *b);
/* Whether the first `length` bytes at `text` are this word, in any case. No byte behind them is read. */
bool text_is_word(const char *text, size_t length, const char *word);
/* For passwords and tokens: takes as long as `a` is, whatever `b` is like. */
bool text_equal_secret(const char *a, const char *b);
/* Whether both are there (not NULL) and the same. */
bool text_is(const char *text, const char *other);
bool text_starts(const char *text, const char *prefix);
/* "https://..." or "http://..." in small letters: what can be fetched. */
bool text_is_web_url(const char *text);
/* The byte that the next two characters stand for as hexadecimal digits of either case; -1: they are no such digits. */
int text_hex_byte(const char *digits);

/* The decimal digits of `number`, and a NUL, somewhere in `room`: what every message needs, without a
 * printf. */
#define TEXT_DECIMAL_CHARS 21
const char *text_decimal(char room[TEXT_DECIMAL_CHARS], uint64_t number);

/* Appends `text` so that a log or a terminal shows it on one line: control characters, ESC, bidirectional
 * overrides and bad bytes as \xnn or \u{nnnn}, `\` and `"` with a `\` before them; at most `max` bytes of it,
 * then "...". */
void text_quote(struct buf *out, const char *text, size_t length, size_t max);
/* The same for what needs not be told apart again: `\` and `"` stand for themselves. */
void text_show(struct buf *out, const char *text, size_t length, size_t max);

/*
 * A key that is made for one look-up. Most are short, and a message needs several: those that fit stay on the stack.
 * The text is good until text_key_finish, which has to follow each text_key_....
 */
struct text_key {
	char *heap; /* NULL if it fits */
	char room[256];
};

const char *text_key_lower(struct text_key *key, const char *text);            /* as text_lower makes it */
const char *text_key_join(struct text_key *key, const char *a, const char *b); /* "a b" */
void text_key_finish(struct text_key *key);
