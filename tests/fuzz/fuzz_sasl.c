/* SPDX-License-Identifier: MIT */
/* What stands in an <auth/>: what is accepted has one form only, and is fit to be a name. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "frontends/xmpp/stream/sasl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_part(const char *part, size_t min)
{
	size_t length = strlen(part);

	if (length < min || !text_is_utf8(part, length) || !text_is_clean(part, length, TEXT_LINE))
		abort();
}

/* Written anew it is the same text: nobody gets in by two spellings, and no byte was overlooked. */
static void check_same(const struct sasl_plain *plain, const char *text)
{
	struct buf message = {0};

	buf_append(&message, plain->authorization, strlen(plain->authorization) + 1);
	buf_append(&message, plain->node, strlen(plain->node) + 1);
	buf_puts(&message, plain->password);
	unsigned char *again = mem_alloc((message.len + 2) / 3 * 4 + 1);
	EVP_EncodeBlock(again, (const unsigned char *)message.data, (int)message.len);
	if (strcmp((const char *)again, text) != 0)
		abort();
	mem_free(again);
	buf_finish(&message);
}

static void run(const char *text)
{
	struct sasl_plain plain;
	const char *condition = NULL;

	if (sasl_plain_parse(text, &plain, &condition) == 0) {
		check_part(plain.authorization, 0);
		check_part(plain.node, 1);
		check_part(plain.password, 1);
		check_same(&plain, text);
		sasl_plain_wipe(&plain);
	} else if (!condition || plain.node || plain.password || plain.authorization) {
		abort();
	}
}

/* As it is, and as the message that base64 carries, which chance does not often hit. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = mem_strndup((const char *)data, size);
	unsigned char *encoded = mem_alloc((size + 2) / 3 * 4 + 1);

	run(text);
	EVP_EncodeBlock(encoded, data, (int)size);
	run((const char *)encoded);
	mem_free(encoded);
	mem_free(text);
	return 0;
}
