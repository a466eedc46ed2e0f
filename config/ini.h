/* SPDX-License-Identifier: MIT */
/*
 * INI text, pair by pair. A line is blank, a comment (its first character that is no space is `#` or `;`),
 * `[section]`, or `key = value`. The value is what follows the first `=` without the spaces around it, and
 * nothing else is taken from it: `#`, `;`, quotes and backslashes are part of it, since passwords have them.
 */
#pragma once

#include <stddef.h>

#include "base/buf.h"

struct ini {
	const char *at, *end;
	int line; /* of what ini_next returned, from 1 */
	bool lost; /* below a section that could not be read */
	struct buf section;
	struct buf name;  /* "section.key" of the pair, or "key" above all sections */
	struct buf value;
	const char *problem; /* of INI_BAD, in English */
};

enum ini_found { INI_END, INI_PAIR, INI_BAD };

/* The text must stay until ini_finish; it need not be terminated. */
void ini_init(struct ini *ini, const char *text, size_t length);
void ini_finish(struct ini *ini);

/* The next pair, or a line that is none of the above. Going on after INI_BAD is allowed: the line is skipped,
 * and of a bad section line all keys below it too, since they belong nowhere. */
enum ini_found ini_next(struct ini *ini);
