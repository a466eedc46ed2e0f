/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define BUF_FIRST_BYTES 64

void buf_finish(struct buf *buf)
{
	mem_free(buf->data);
	*buf = (struct buf){0};
}

void buf_clear(struct buf *buf)
{
	buf->len = 0;
	if (buf->data)
		buf->data[0] = '\0';
}

char *buf_reserve(struct buf *buf, size_t more)
{
	size_t need = buf->len + more + 1;
	size_t cap = buf->cap ? buf->cap : BUF_FIRST_BYTES;

	assert(more < SIZE_MAX / 4 && buf->len < SIZE_MAX / 4);
	if (need > buf->cap) {
		while (cap < need)
			cap *= 2;
		buf->data = mem_realloc(buf->data, cap);
		buf->cap = cap;
	}
	buf->data[buf->len] = '\0';
	return buf->data + buf->len;
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_vprintf(buf, format, args);
	va_end(args);
}

void buf_vprintf(struct buf *buf, const char *format, va_list args)
{
	va_list again;
	char *end = buf_reserve(buf, BUF_FIRST_BYTES);
	size_t room = buf->cap - buf->len;
	int length;

	va_copy(again, args);
	length = vsnprintf(end, room, format, args);
	assert(length >= 0);
	if ((size_t)length >= room) {
		end = buf_reserve(buf, (size_t)length);
		vsnprintf(end, (size_t)length + 1, format, again);
	}
	va_end(again);
	buf->len += (size_t)length;
}

void buf_consume(struct buf *buf, size_t count)
{
	assert(count <= buf->len);
	if (!count)
		return;
	buf->len -= count;
	if (buf->len)
		memmove(buf->data, buf->data + count, buf->len);
	buf->data[buf->len] = '\0';
}

void buf_put_be32(struct buf *buf, uint32_t value)
{
	unsigned char bytes[4] = {
		(unsigned char)(value >> 24),
		(unsigned char)(value >> 16),
		(unsigned char)(value >> 8),
		(unsigned char)value,
	};

	buf_append(buf, bytes, sizeof(bytes));
}

const char *buf_text(struct buf *buf)
{
	if (!buf->data)
		return "";
	buf_reserve(buf, 0);
	return buf->data;
}

char *buf_take(struct buf *buf)
{
	char *text;

	buf_reserve(buf, 0);
	text = buf->data;
	*buf = (struct buf){0};
	return text;
}

void buf_shrink(struct buf *buf, size_t keep)
{
	if (buf->len || buf->cap <= keep)
		return;
	if (!keep) {
		buf_finish(buf);
		return;
	}
	buf->data = mem_realloc(buf->data, keep);
	buf->data[0] = '\0';
	buf->cap = keep;
}
