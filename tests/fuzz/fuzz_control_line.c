/* SPDX-License-Identifier: MIT */
/* Bytes of the control socket: the lines are the same however they were cut, have no '\n' in them, and nobody fills
 * the memory. An input: a byte that says how it is cut, then what is sent. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/limits.h"
#include "transport/admin/control_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
	if (!good)
		abort();
}

/* Takes what is there; `taken` gets a mark and the line for each. False: it is to be closed. */
static bool take_all(struct control_lines *in, struct buf *taken)
{
	for (;;) {
		enum control_line expected = control_line_look(in);
		char *line;
		enum control_line found = control_line_take(in, &line);

		require(found == expected || (found == CONTROL_LINE_NO_TEXT && expected == CONTROL_LINE_GOOD));
		require((line != NULL) == (found == CONTROL_LINE_GOOD || found == CONTROL_LINE_NO_TEXT));
		if (!line)
			return found == CONTROL_LINE_NONE;
		require(!strchr(line, '\n'));
		buf_putc(taken, found == CONTROL_LINE_GOOD ? '+' : '-');
		buf_puts(taken, line);
		buf_putc(taken, '\n');
		mem_free_secret(line);
	}
}

static void send_in_pieces(const char *bytes, size_t size, size_t piece, struct buf *taken)
{
	struct control_lines in = {0};
	bool open = true;

	for (size_t at = 0; open && at < size; at += piece) {
		open = control_line_add(&in, bytes + at, size - at < piece ? size - at : piece) && take_all(&in, taken);
		require(in.in.len <= 2 * LIMIT_CONTROL_LINE_BYTES);
	}
	control_lines_finish(&in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole = {0}, cut = {0};

	if (!size)
		return 0;
	send_in_pieces((const char *)data + 1, size - 1, LIMIT_CONTROL_LINE_BYTES, &whole);
	send_in_pieces((const char *)data + 1, size - 1, 1 + data[0] % 64, &cut);
	/* In small pieces a line may be found to be too long before its end is there. */
	require(whole.len >= cut.len && memcmp(buf_text(&whole), buf_text(&cut), cut.len) == 0);
	if (size <= LIMIT_CONTROL_LINE_BYTES)
		require(whole.len == cut.len);
	buf_finish(&whole);
	buf_finish(&cut);
	return 0;
}
