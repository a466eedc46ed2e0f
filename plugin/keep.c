/* SPDX-License-Identifier: MIT */
#include "plugin/keep.h"

#include "protocol/codec.h"
#include "protocol/frame.h"

#define KEEP_MEMORY (64u << 10)

void keep_finish(struct keep *keep)
{
	buf_finish(&keep->bytes);
}

int keep_put(struct keep *keep, const struct event *event, const char **frame, size_t *length)
{
	struct event numbered = *event;
	size_t at = keep->bytes.len;
	int error;

	numbered.handover = keep->last + 1;
	error = codec_encode(&keep->bytes, CODEC_BACKEND, CODEC_EXTENDED, &numbered);
	if (error)
		return error;
	keep->last++;
	*frame = keep->bytes.data + at;
	*length = keep->bytes.len - at;
	return 0;
}

void keep_forget(struct keep *keep, uint64_t up_to)
{
	if (up_to > keep->last)
		up_to = keep->last;
	for (; keep->taken < up_to; keep->taken++)
		keep->start += FRAME_HEADER + (size_t)frame_announced(keep->bytes.data + keep->start);
	if (keep->start == keep->bytes.len) {
		buf_clear(&keep->bytes);
		buf_shrink(&keep->bytes, KEEP_MEMORY);
		keep->start = 0;
	} else if (keep->start > keep->bytes.len / 2) {
		buf_consume(&keep->bytes, keep->start);
		keep->start = 0;
	}
}

size_t keep_size(const struct keep *keep)
{
	return keep->bytes.len - keep->start;
}

const char *keep_bytes(const struct keep *keep)
{
	return keep->bytes.data ? keep->bytes.data + keep->start : "";
}
