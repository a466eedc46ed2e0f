/* SPDX-License-Identifier: MIT */
#include "frontends/xmpp/stream/confirmations.h"

#include <string.h>

#define KEEP_BYTES 4096

struct entry {
	uint64_t position, number;
};

bool confirmations_add(struct confirmations *confirmations, uint64_t position, uint64_t number)
{
	struct buf *entries = &confirmations->entries;
	struct entry entry = {.position = position, .number = number}, last;

	if (entries->len > confirmations->start) {
		memcpy(&last, entries->data + entries->len - sizeof(last), sizeof(last));
		if (last.number == number) {
			memcpy(entries->data + entries->len - sizeof(entry), &entry, sizeof(entry));
			return false;
		}
	}
	buf_append(entries, &entry, sizeof(entry));
	return true;
}

uint64_t confirmations_take(struct confirmations *confirmations, uint64_t position)
{
	struct buf *entries = &confirmations->entries;
	struct entry entry;

	if (entries->len == confirmations->start)
		return 0;
	memcpy(&entry, entries->data + confirmations->start, sizeof(entry));
	if (entry.position > position)
		return 0;
	confirmations->start += sizeof(entry);
	if (confirmations->start == entries->len) {
		buf_clear(entries);
		buf_shrink(entries, KEEP_BYTES);
		confirmations->start = 0;
	} else if (confirmations->start > entries->len / 2 && confirmations->start > KEEP_BYTES) {
		buf_consume(entries, confirmations->start);
		confirmations->start = 0;
	}
	return entry.number;
}

void confirmations_finish(struct confirmations *confirmations)
{
	buf_finish(&confirmations->entries);
	confirmations->start = 0;
}
