/* SPDX-License-Identifier: MIT */
/*
 * A growable run of bytes. Zero-initialised is valid and empty; buf_finish on such a one is a no-op.
 * `data` moves when the buffer grows: a pointer into it is good until the next append. Contents are kept
 * NUL-terminated behind `len` once anything was appended, so `data` doubles as a C string.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
	char *data; /* NULL until first use */
	size_t len;
	size_t cap;
};

void buf_finish(struct buf *buf);
void buf_clear(struct buf *buf);                        /* len = 0, memory kept */
/* Room for `more` bytes behind len; returns data + len. */
char *buf_reserve(struct buf *buf, size_t more) __attribute__((returns_nonnull));
static inline void buf_append(struct buf *buf, const void *bytes, size_t count);
static inline void buf_puts(struct buf *buf, const char *text); /* NULL appends nothing */
static inline void buf_putc(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *buf, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
void buf_consume(struct buf *buf, size_t count);        /* removes from the front; moves the rest down */
void buf_put_be32(struct buf *buf, uint32_t value);
const char *buf_text(struct buf *buf);                  /* never NULL, NUL-terminated, still owned by buf */
char *buf_take(struct buf *buf);                        /* gives the (terminated) memory away, buf is empty after */
/* Lowers the capacity to at most `keep` bytes when the buffer is empty: a burst's memory is given back. */
void buf_shrink(struct buf *buf, size_t keep);

/* Inline, as stanzas and frames are written in small pieces; where there is room nothing else is called. */
static inline void buf_append(struct buf *buf, const void *bytes, size_t count)
{
	char *end = buf->cap - buf->len > count ? buf->data + buf->len : buf_reserve(buf, count);

	if (count)
		memcpy(end, bytes, count);
	end[count] = '\0';
	buf->len += count;
}

static inline void buf_puts(struct buf *buf, const char *text)
{
	if (text)
		buf_append(buf, text, strlen(text));
}

static inline void buf_putc(struct buf *buf, char c)
{
	buf_append(buf, &c, 1);
}
