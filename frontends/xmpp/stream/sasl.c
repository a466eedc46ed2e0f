/* SPDX-License-Identifier: MIT */
#include "frontends/xmpp/stream/sasl.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"

#define MESSAGE_MAX (3 * LIMIT_NAME_BYTES + 2)

static int digit_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

/* Four digits, of which the last `padding` are '='. Bits that padding leaves over must be 0. */
static bool decode_group(const char *digits, unsigned padding, unsigned char out[3])
{
	uint32_t bits = 0;

	for (unsigned i = 0; i < 4; i++) {
		int value = i < 4 - padding ? digit_value(digits[i]) : 0;

		if (value < 0 || (i >= 4 - padding && digits[i] != '='))
			return false;
		bits = bits << 6 | (uint32_t)value;
	}
	if ((padding == 1 && (bits & 0xFF)) || (padding == 2 && (bits & 0xFFFF)))
		return false;
	out[0] = (unsigned char)(bits >> 16);
	out[1] = (unsigned char)(bits >> 8);
	out[2] = (unsigned char)bits;
	return true;
}

/* `out` has room for length / 4 * 3 bytes. */
static bool decode_base64(const char *text, size_t length, unsigned char *out, size_t *count)
{
	*count = 0;
	if (length % 4 != 0)
		return false;
	for (size_t at = 0; at < length; at += 4) {
		unsigned padding = 0;

		if (at + 4 == length)
			padding = text[at + 3] != '=' ? 0 : text[at + 2] != '=' ? 1 : 2;
		if (!decode_group(text + at, padding, out + *count))
			return false;
		*count += 3 - padding;
	}
	return true;
}

static bool is_part(const char *bytes, size_t length, size_t min)
{
	return length >= min && length <= LIMIT_NAME_BYTES && text_is_utf8(bytes, length) &&
	       text_is_clean(bytes, length, TEXT_LINE);
}

/* authzid NUL authcid NUL passwd: exactly two NULs. */
static bool split(const char *message, size_t count, struct sasl_plain *plain)
{
	const char *end = message + count;
	const char *first = memchr(message, '\0', count);
	const char *second = first ? memchr(first + 1, '\0', (size_t)(end - first - 1)) : NULL;

	if (!second || memchr(second + 1, '\0', (size_t)(end - second - 1)))
		return false;
	if (!is_part(message, (size_t)(first - message), 0) ||
	    !is_part(first + 1, (size_t)(second - first - 1), 1) ||
	    !is_part(second + 1, (size_t)(end - second - 1), 1))
		return false;
	plain->authorization = mem_strndup(message, (size_t)(first - message));
	plain->node = mem_strndup(first + 1, (size_t)(second - first - 1));
	plain->password = mem_strndup(second + 1, (size_t)(end - second - 1));
	return true;
}

int sasl_plain_parse(const char *text, struct sasl_plain *plain, const char **condition)
{
	size_t length = text ? strlen(text) : 0, count = 0;
	char *message;
	bool ok;

	memset(plain, 0, sizeof(*plain));
	*condition = "malformed-request";
	if (length == 0 || strcmp(text, "=") == 0 || length > (MESSAGE_MAX + 2) / 3 * 4)
		return TP_ERR_INVALID;
	message = mem_alloc(length + 1);
	ok = decode_base64(text, length, (unsigned char *)message, &count);
	if (!ok)
		*condition = "incorrect-encoding";
	ok = ok && split(message, count, plain);
	OPENSSL_cleanse(message, length + 1);
	mem_free(message);
	return ok ? 0 : TP_ERR_INVALID;
}

void sasl_plain_wipe(struct sasl_plain *plain)
{
	mem_free_secret(plain->authorization);
	mem_free_secret(plain->node);
	mem_free_secret(plain->password);
	memset(plain, 0, sizeof(*plain));
}
