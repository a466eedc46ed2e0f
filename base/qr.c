/* SPDX-License-Identifier: MIT */
#include "base/qr.h"

#include <png.h>
#include <qrencode.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"

#define MARGIN 4 /* modules of quiet zone that the standard wants */
#define SCALE 4  /* pixels a module */

static bool is_dark(const QRcode *code, int x, int y)
{
	if (x < 0 || y < 0 || x >= code->width || y >= code->width)
		return false;
	return code->data[y * code->width + x] & 1;
}

static uint8_t *draw(const QRcode *code, unsigned side)
{
	uint8_t *pixels = mem_alloc((size_t)side * side);
	for (unsigned y = 0; y < side; y++)
		for (unsigned x = 0; x < side; x++)
			pixels[(size_t)y * side + x] =
			        is_dark(code, (int)(x / SCALE) - MARGIN, (int)(y / SCALE) - MARGIN) ? 0 : 255;
	return pixels;
}

bool qr_png(struct buf *out, const char *text)
{
	QRcode *code = text[0] ? QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L) : NULL;
	if (!code)
		return false;
	unsigned side = ((unsigned)code->width + 2 * MARGIN) * SCALE;
	uint8_t *pixels = draw(code, side);
	png_image image = {
	        .version = PNG_IMAGE_VERSION, .width = side, .height = side, .format = PNG_FORMAT_GRAY};
	png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
	char *at = buf_reserve(out, size);
	bool written = png_image_write_to_memory(&image, at, &size, 0, pixels, 0, NULL);
	if (written)
		out->len += size;
	mem_free(pixels);
	QRcode_free(code);
	return written;
}

bool qr_text(struct buf *out, const char *text)
{
	/* Clients draw light characters on a dark ground or the other way round; scanners read both. */
	static const char *const blocks[] = {" ", "\u2580", "\u2584", "\u2588"};
	QRcode *code = text[0] ? QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L) : NULL;
	if (!code)
		return false;
	for (int y = -2; y < code->width + 2; y += 2) {
		for (int x = -2; x < code->width + 2; x++)
			buf_puts(out, blocks[is_dark(code, x, y) + 2 * is_dark(code, x, y + 1)]);
		buf_putc(out, '\n');
	}
	QRcode_free(code);
	return true;
}
