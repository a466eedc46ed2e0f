/* SPDX-License-Identifier: MIT */
#include "transport/store/sql.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

#define PREFIX_MAX 32

bool sql_prefix_valid(const char *prefix)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
	size_t length = strlen(prefix);
	return length <= PREFIX_MAX && strspn(prefix, allowed) == length;
}

static const char *type_name(const struct driver_dialect *dialect, const char *word, size_t length)
{
	const struct {
		const char *word;
		const char *type;
	} types[] = {
	        {":id", dialect->id_column}, {":key", dialect->key_type},   {":text", dialect->text_type},
	        {":int", dialect->int_type}, {":blob", dialect->blob_type}, {":in-order", dialect->in_order},
	};
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (strlen(types[i].word) == length && memcmp(types[i].word, word, length) == 0)
			return types[i].type;
	}
	return NULL;
}

static void expand_upsert(struct buf *sql, const char *word, size_t length,
                          const struct driver_dialect *dialect)
{
	const char *middle = memchr(word, ';', length);
	assert(middle != NULL);
	char *keys = mem_strndup(word, (size_t)(middle - word));
	char *columns = mem_strndup(middle + 1, length - (size_t)(middle - word) - 1);
	dialect->upsert(sql, keys, columns);
	mem_free(keys);
	mem_free(columns);
}

static void expand_word(struct buf *sql, const char *word, size_t length, const char *prefix,
                        const struct driver_dialect *dialect)
{
	if (word[0] == '+') {
		expand_upsert(sql, word + 1, length - 1, dialect);
		return;
	}
	if (word[0] == ':') {
		const char *type = type_name(dialect, word, length);
		assert(type != NULL);
		buf_puts(sql, type);
		return;
	}
	buf_puts(sql, prefix);
	buf_append(sql, word, length);
}

void sql_expand(struct buf *sql, const char *template, const char *prefix,
                const struct driver_dialect *dialect)
{
	const char *from = template;
	for (;;) {
		const char *open = strchr(from, '{');
		if (open == NULL)
			break;
		const char *end = strchr(open, '}');
		assert(end != NULL);
		buf_append(sql, from, (size_t)(open - from));
		expand_word(sql, open + 1, (size_t)(end - open) - 1, prefix, dialect);
		from = end + 1;
	}
	buf_puts(sql, from);
}
