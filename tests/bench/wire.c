/* SPDX-License-Identifier: MIT */
#include "wire.h"

#include <string.h>

bool slice_is(struct slice slice, const char *text)
{
	return slice.length == strlen(text) && memcmp(slice.at, text, slice.length) == 0;
}

bool slice_starts(struct slice slice, const char *text)
{
	size_t length = strlen(text);

	return slice.length >= length && memcmp(slice.at, text, length) == 0;
}

static void put_varint(struct buf *out, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		buf_putc(out, (char)(value | 0x80));
	buf_putc(out, (char)value);
}

void wire_put_bytes(struct buf *message, unsigned field, struct slice bytes)
{
	put_varint(message, field << 3 | 2);
	put_varint(message, bytes.length);
	buf_append(message, bytes.at, bytes.length);
}

void wire_put_number(struct buf *message, unsigned field, uint64_t value)
{
	put_varint(message, field << 3);
	put_varint(message, value);
}

static size_t varint_size(uint64_t value)
{
	size_t size = 1;

	for (; value >= 0x80; value >>= 7)
		size++;
	return size;
}

void wire_put_frame(struct buf *out, enum wire_type type, const struct buf *payload)
{
	size_t length = 1 + varint_size(type);

	if (payload)
		length += 1 + varint_size(payload->len) + payload->len;
	buf_put_be32(out, (uint32_t)length);
	wire_put_number(out, 1, type);
	if (payload)
		wire_put_bytes(out, 2, (struct slice){payload->data, payload->len});
}

static bool take_varint(struct slice *message, uint64_t *value)
{
	unsigned shift = 0;

	for (*value = 0; message->length && shift < 64; shift += 7) {
		unsigned char byte = (unsigned char)*message->at++;

		message->length--;
		*value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return true;
	}
	return false;
}

bool wire_next(struct slice *message, struct wire_field *field)
{
	uint64_t tag, length;

	if (!take_varint(message, &tag))
		return false;
	*field = (struct wire_field){.number = (unsigned)(tag >> 3)};
	if ((tag & 7) == 0)
		return take_varint(message, &field->value);
	if ((tag & 7) != 2 || !take_varint(message, &length) || length > message->length)
		return false;
	field->bytes = (struct slice){message->at, length};
	message->at += length;
	message->length -= length;
	return true;
}

bool wire_open(struct slice frame, unsigned *type, struct slice *payload)
{
	struct wire_field field;

	*type = 0;
	*payload = (struct slice){0};
	while (wire_next(&frame, &field)) {
		if (field.number == 1)
			*type = (unsigned)field.value;
		else if (field.number == 2)
			*payload = field.bytes;
	}
	return *type != 0;
}
