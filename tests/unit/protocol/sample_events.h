/* SPDX-License-Identifier: MIT */
/* One event of every type and side, for round trips and as seeds of broken frames. */
#pragma once

#include <stddef.h>

#include "base/buf.h"
#include "protocol/codec.h"
#include "protocol/event.h"

struct sample {
	enum codec_side speaker;
	struct event event;
	enum codec_dialect dialect; /* EXTENDED: only with the extension it is all said */
};

extern const struct sample samples[];
extern const size_t samples_count;

/* Fails the test if the two differ; "" and NULL are the same. */
void assert_event(const struct event *got, const struct event *expected);
/* "0000 0002" -> bytes. */
void hex_append(struct buf *out, const char *hex);
