/* SPDX-License-Identifier: MIT */
/* mIRC formatting to XHTML-IM, XHTML-IM to mIRC formatting: what comes out is fit for where it goes. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "backends/irc/irc_format.h"
#include "backends/irc/irc_text.h"
#include "base/buf.h"
#include "base/text.h"
#include "tests/fuzz/good_xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
	if (!good)
		abort();
}

static void check_pieces(const char *text)
{
	const char *piece;
	size_t length;

	while (irc_text_next_piece(&text, 40, &piece, &length))
		require(length > 0 && length <= 40 && text_is_utf8(piece, length) && !memchr(piece, '\n', length));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf text = {0}, plain = {0}, xhtml = {0}, irc = {0}, markup = {0};

	irc_text_decode(&text, (const char *)data, size);
	if (irc_format_read(buf_text(&text), &plain, &xhtml)) {
		require(good_xml(&xhtml, NULL, NULL));
		irc_format_write(buf_text(&xhtml), &irc);
	}
	require(text_is_clean(buf_text(&plain), plain.len, TEXT_LINE));
	buf_clear(&irc);
	text_clean(&markup, (const char *)data, size, TEXT_LINES);
	if (irc_format_write(buf_text(&markup), &irc)) {
		require(irc.len > 0 && text_is_utf8(irc.data, irc.len) && strlen(irc.data) == irc.len);
		check_pieces(irc.data);
	}
	buf_finish(&text);
	buf_finish(&plain);
	buf_finish(&xhtml);
	buf_finish(&irc);
	buf_finish(&markup);
	return 0;
}
