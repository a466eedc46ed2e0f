/* SPDX-License-Identifier: MIT */
/* A sealed password as it lies in the database: what was not sealed with this key for this row does not open, and what
 * was opens as it was. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "transport/store/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool opens(const struct seal *seal, const char *row, const void *sealed, size_t size, const char *wanted)
{
	struct buf text = {0};
	bool good = seal_open_text(seal, row, sealed, size, &text) == 0;

	if (good && wanted && strcmp(buf_text(&text), wanted) != 0)
		abort();
	buf_finish(&text);
	return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct seal *seal;
	struct buf sealed = {0}, error = {0};
	char *text = mem_strndup((const char *)data, size);

	if (!seal && seal_open(&seal, NULL, &error) != 0)
		abort();
	(void)seal_is_own(seal, data, size);
	if (opens(seal, "users.password:a@b", data, size, NULL))
		abort();
	seal_close_text(seal, "users.password:a@b", text, &sealed);
	if (!opens(seal, "users.password:a@b", sealed.data, sealed.len, text) ||
	    opens(seal, "users.password:c@d", sealed.data, sealed.len, NULL) ||
	    opens(seal, "users.password:a@b", sealed.data, sealed.len - 1, NULL))
		abort();
	/* one bit of it, anywhere */
	if (size > 1) {
		sealed.data[(data[0] << 8 | data[1]) % sealed.len] ^= (char)(1 << data[size - 1] % 8);
		if (opens(seal, "users.password:a@b", sealed.data, sealed.len, NULL))
			abort();
	}
	buf_finish(&sealed);
	mem_free(text);
	return 0;
}
