/* SPDX-License-Identifier: MIT */
#include "base/json.h"

#include "base/buf.h"

void json_put_string(struct buf *out, const char *text)
{
	if (!text) {
		buf_puts(out, "null");
		return;
	}
	buf_putc(out, '"');
	for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
		if (*at == '"' || *at == '\\')
			buf_printf(out, "\\%c", *at);
		else if (*at == '\n')
			buf_puts(out, "\\n");
		else if (*at < 0x20 || *at == 0x7f)
			buf_printf(out, "\\u%04x", *at);
		else if (*at == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f) /* U+0080 to U+009F */
			buf_printf(out, "\\u%04x", *++at);
		else
			buf_putc(out, (char)*at);
	}
	buf_putc(out, '"');
}
