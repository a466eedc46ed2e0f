/* SPDX-License-Identifier: MIT */
#include "transport/spool/spool_entry.h"

#include <assert.h>
#include <string.h>

#include "transport/spool/spool_bytes.h"

#define PUT_FRAME_SIZE_AT 24

static void write_text(struct buf *out, const char *text)
{
	size_t length = strlen(text);
	char *end = buf_reserve(out, length + 3);

	assert(length <= UINT16_MAX);
	bytes_put_u16(end, (uint16_t)length);
	memcpy(end + 2, text, length + 1);
	out->len += length + 3;
}

static void write_u64(struct buf *out, uint64_t value)
{
	bytes_put_u64(buf_reserve(out, 8), value);
	out->len += 8;
}

static void write_key(struct buf *out, const struct spool_key *key)
{
	write_u64(out, key->low);
	write_u64(out, key->high);
}

void spool_entry_write(struct buf *out, const struct spool_entry *entry)
{
	uint32_t size;

	buf_putc(out, (char)entry->type);
	switch (entry->type) {
	case ENTRY_PUT:
		assert(!"written in two steps");
		break;
	case ENTRY_DONE:
	case ENTRY_RETRY:
		write_u64(out, entry->id);
		break;
	case ENTRY_DEAD:
		write_u64(out, entry->id);
		write_u64(out, (uint64_t)entry->time);
		write_text(out, entry->reason);
		break;
	case ENTRY_NOTE:
		size = entry->value_size;
		write_text(out, entry->kind_of_note);
		write_text(out, entry->name);
		bytes_put_u32(buf_reserve(out, 4), size);
		out->len += 4;
		buf_append(out, entry->value, size);
		break;
	case ENTRY_NOTE_REMOVED:
		write_text(out, entry->kind_of_note);
		write_text(out, entry->name);
		break;
	case ENTRY_SEEN:
		write_key(out, &entry->seen);
		write_u64(out, (uint64_t)entry->time);
		break;
	case ENTRY_LINK:
		buf_putc(out, (char)entry->flags);
		write_key(out, &entry->here);
		write_key(out, &entry->there);
		write_u64(out, (uint64_t)entry->time);
		write_text(out, entry->link_id);
		write_text(out, entry->link_other_id);
		if (entry->flags & ENTRY_HAS_AUTHOR)
			write_text(out, entry->author);
		break;
	}
}

size_t spool_entry_begin_put(struct buf *out, const struct spool_entry *entry)
{
	size_t begin = out->len, owner = strlen(entry->owner);
	size_t origin = entry->origin ? strlen(entry->origin) : 0;
	char *at = buf_reserve(out, ENTRY_PUT_BYTES + sizeof(struct spool_key) + owner + origin + 2);
	unsigned flags = entry->flags | (entry->origin ? ENTRY_HAS_ORIGIN : 0);

	assert(owner <= UINT16_MAX && origin <= UINT16_MAX);
	at[0] = ENTRY_PUT;
	at[1] = (char)flags;
	at[2] = (char)entry->kind;
	at[3] = 0;
	bytes_put_u32(at + 4, entry->conversation);
	bytes_put_u64(at + 8, entry->id);
	bytes_put_u64(at + 16, (uint64_t)entry->time);
	bytes_put_u32(at + PUT_FRAME_SIZE_AT, 0);
	bytes_put_u16(at + 28, (uint16_t)owner);
	bytes_put_u16(at + 30, (uint16_t)origin);
	bytes_put_u16(at + 32, entry->name_length);
	at += ENTRY_PUT_BYTES;
	if (flags & ENTRY_HAS_SEEN) {
		bytes_put_u64(at, entry->seen.low);
		bytes_put_u64(at + 8, entry->seen.high);
		at += sizeof(struct spool_key);
	}
	memcpy(at, entry->owner, owner + 1);
	at += owner + 1;
	if (entry->origin) {
		memcpy(at, entry->origin, origin + 1);
		at += origin + 1;
	}
	out->len = (size_t)(at - out->data);
	return begin;
}

uint32_t spool_entry_end_put(struct buf *out, size_t begin)
{
	char *at = out->data + begin;
	size_t before = ENTRY_PUT_BYTES + bytes_get_u16(at + 28) + 1;

	if (at[1] & ENTRY_HAS_SEEN)
		before += sizeof(struct spool_key);
	if (at[1] & ENTRY_HAS_ORIGIN)
		before += (size_t)bytes_get_u16(at + 30) + 1;
	bytes_put_u32(at + PUT_FRAME_SIZE_AT, (uint32_t)(out->len - begin - before));
	return (uint32_t)(out->len - begin - before);
}

/* What is left to read; `bad` once something did not fit. */
struct reader {
	const uint8_t *at;
	size_t left;
	bool bad;
};

static const uint8_t *take(struct reader *reader, size_t size)
{
	const uint8_t *at = reader->at;

	if (reader->bad || reader->left < size) {
		reader->bad = true;
		return NULL;
	}
	reader->at += size;
	reader->left -= size;
	return at;
}

static uint64_t take_u64(struct reader *reader)
{
	const uint8_t *at = take(reader, 8);

	return at ? bytes_get_u64(at) : 0;
}

static struct spool_key take_key(struct reader *reader)
{
	struct spool_key key;

	key.low = take_u64(reader);
	key.high = take_u64(reader);
	return key;
}

/* `length` characters and the NUL behind them, none within. */
static const char *take_chars(struct reader *reader, size_t length)
{
	const uint8_t *at = take(reader, length + 1);

	if (!at || memchr(at, '\0', length + 1) != at + length) {
		reader->bad = true;
		return "";
	}
	return (const char *)at;
}

static const char *take_text(struct reader *reader)
{
	const uint8_t *at = take(reader, 2);

	return at ? take_chars(reader, bytes_get_u16(at)) : "";
}

static void read_put(struct reader *reader, struct spool_entry *entry)
{
	const uint8_t *at = take(reader, ENTRY_PUT_BYTES - 1);

	if (!at)
		return;
	at--; /* offsets count from the type */
	entry->flags = at[1];
	entry->kind = at[2];
	entry->conversation = bytes_get_u32(at + 4);
	entry->id = bytes_get_u64(at + 8);
	entry->time = (int64_t)bytes_get_u64(at + 16);
	entry->frame_size = bytes_get_u32(at + PUT_FRAME_SIZE_AT);
	entry->name_length = bytes_get_u16(at + 32);
	if (entry->flags & ENTRY_HAS_SEEN)
		entry->seen = take_key(reader);
	entry->owner = take_chars(reader, bytes_get_u16(at + 28));
	if (entry->flags & ENTRY_HAS_ORIGIN)
		entry->origin = take_chars(reader, bytes_get_u16(at + 30));
	entry->frame = take(reader, entry->frame_size);
	if (entry->id == 0 || entry->id > ENTRY_ID_MAX)
		reader->bad = true;
}

size_t spool_entry_read(const uint8_t *bytes, size_t size, struct spool_entry *entry)
{
	struct reader reader = {.at = bytes, .left = size};
	const uint8_t *at = take(&reader, 1);

	*entry = (struct spool_entry){0};
	if (!at)
		return 0;
	entry->type = *at;
	switch (entry->type) {
	case ENTRY_PUT:
		read_put(&reader, entry);
		break;
	case ENTRY_DONE:
	case ENTRY_RETRY:
		entry->id = take_u64(&reader);
		break;
	case ENTRY_DEAD:
		entry->id = take_u64(&reader);
		entry->time = (int64_t)take_u64(&reader);
		entry->reason = take_text(&reader);
		break;
	case ENTRY_NOTE:
		entry->kind_of_note = take_text(&reader);
		entry->name = take_text(&reader);
		at = take(&reader, 4);
		entry->value_size = at ? bytes_get_u32(at) : 0;
		entry->value = take(&reader, entry->value_size);
		break;
	case ENTRY_NOTE_REMOVED:
		entry->kind_of_note = take_text(&reader);
		entry->name = take_text(&reader);
		break;
	case ENTRY_SEEN:
		entry->seen = take_key(&reader);
		entry->time = (int64_t)take_u64(&reader);
		break;
	case ENTRY_LINK:
		at = take(&reader, 1);
		entry->flags = at ? *at : 0;
		entry->here = take_key(&reader);
		entry->there = take_key(&reader);
		entry->time = (int64_t)take_u64(&reader);
		entry->link_id = take_text(&reader);
		entry->link_other_id = take_text(&reader);
		if (entry->flags & ENTRY_HAS_AUTHOR)
			entry->author = take_text(&reader);
		break;
	default:
		return 0;
	}
	return reader.bad ? 0 : size - reader.left;
}
