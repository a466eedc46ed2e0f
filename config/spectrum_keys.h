/* SPDX-License-Identifier: MIT */
/*
 * Keys of Spectrum 2's files that are accepted and that the core does not read: so that a file can be taken
 * over as it is, and a check of it can say what became of each line.
 */
#pragma once

#include <stddef.h>

enum spectrum_reader {
	SPECTRUM_NOBODY,  /* no effect here */
	SPECTRUM_BACKEND, /* no effect in the core; a backend program that gets the file may read it */
};

struct spectrum_key {
	const char *name; /* "section.key", or "section.*" */
	enum spectrum_reader reader;
	const char *reason; /* goes behind "accepted, has no effect: ", or says whose it is; no full stop */
};

extern const struct spectrum_key spectrum_keys[];
extern const size_t spectrum_key_count;

/* NULL: not one of these, so either bound by a table or truly unknown. */
const struct spectrum_key *spectrum_key_find(const char *name);
