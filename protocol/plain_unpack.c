/* SPDX-License-Identifier: MIT */
/* https://protobuf.dev/programming-guides/encoding/ */
#include "protocol/plain_unpack.h"

#include <string.h>

#include "protocol/wire.h"

enum { KIND_VARINT = 0, KIND_BYTES = 2 };

/* Negative numbers have ten bytes, and are left to the generated code with all that is larger than the field. */
static bool put_number(const ProtobufCFieldDescriptor *field, uint64_t value, char *member)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_BOOL:
		*(protobuf_c_boolean *)member = value != 0;
		return value <= 1;
	case PROTOBUF_C_TYPE_ENUM:
	case PROTOBUF_C_TYPE_INT32:
		*(int32_t *)(void *)member = (int32_t)value;
		return value <= INT32_MAX;
	case PROTOBUF_C_TYPE_UINT32:
		*(uint32_t *)(void *)member = (uint32_t)value;
		return value <= UINT32_MAX;
	case PROTOBUF_C_TYPE_UINT64:
		*(uint64_t *)(void *)member = value;
		return true;
	default:
		return false;
	}
}

/* A tag or a length: the generated code takes at most five bytes. */
static bool take_short(const uint8_t **at, const uint8_t *end, uint64_t *value)
{
	const uint8_t *nearest = end - *at > 5 ? *at + 5 : end;

	return wire_take_varint(at, nearest, value) && *value <= UINT32_MAX;
}

/* The bytes that a length in front of them announces. */
static bool take_bytes(const uint8_t **at, const uint8_t *end, ProtobufCBinaryData *bytes)
{
	uint64_t length;

	if (!take_short(at, end, &length) || length > (uint64_t)(end - *at))
		return false;
	*bytes = (ProtobufCBinaryData){.len = (size_t)length, .data = (uint8_t *)*at};
	*at += length;
	return true;
}

/* One more item of a list, which begins at *items if it is the first one. */
static bool take_item(const ProtobufCFieldDescriptor *field, unsigned kind, const uint8_t **at, const uint8_t *end,
		      char *message, ProtobufCBinaryData **items, const ProtobufCBinaryData *items_end)
{
	size_t *count = (size_t *)(void *)(message + field->quantifier_offset);

	if (field->type != PROTOBUF_C_TYPE_BYTES || kind != KIND_BYTES || *items == items_end)
		return false;
	if (!(*count)++)
		*(ProtobufCBinaryData **)(void *)(message + field->offset) = *items;
	return take_bytes(at, end, (*items)++);
}

static bool take_field(const ProtobufCFieldDescriptor *field, unsigned kind, const uint8_t **at, const uint8_t *end,
		       char *message)
{
	char *member = message + field->offset;
	uint64_t value;

	if (field->label == PROTOBUF_C_LABEL_OPTIONAL && field->type != PROTOBUF_C_TYPE_MESSAGE)
		*(protobuf_c_boolean *)(message + field->quantifier_offset) = 1;
	if (field->type == PROTOBUF_C_TYPE_BYTES)
		return kind == KIND_BYTES && take_bytes(at, end, (ProtobufCBinaryData *)(void *)member);
	return kind == KIND_VARINT && wire_take_varint(at, end, &value) && put_number(field, value, member);
}

bool plain_unpack(const ProtobufCMessageDescriptor *descriptor, uint8_t *bytes, size_t size, ProtobufCMessage *message,
		  ProtobufCBinaryData *items)
{
	const ProtobufCFieldDescriptor *field = descriptor->fields, *last = field + descriptor->n_fields;
	const ProtobufCBinaryData *items_end = items + PLAIN_LIST_ITEMS;
	const uint8_t *at = bytes, *end = bytes + size;
	uint8_t *text_end = NULL;

	descriptor->message_init(message);
	while (at < end) {
		uint64_t tag;

		if (!take_short(&at, end, &tag))
			return false;
		if (text_end)
			*text_end = '\0';
		for (; field < last && field->id != tag >> 3; field++)
			if (field->label == PROTOBUF_C_LABEL_REQUIRED)
				return false;
		if (field == last)
			return false;
		text_end = NULL;
		if (field->label == PROTOBUF_C_LABEL_REPEATED) {
			if (!take_item(field, tag & 7, &at, end, (char *)message, &items, items_end))
				return false;
			text_end = bytes + (at - bytes);
			continue; /* more of it may follow */
		}
		if (!take_field(field, tag & 7, &at, end, (char *)message))
			return false;
		if (field->type == PROTOBUF_C_TYPE_BYTES)
			text_end = bytes + (at - bytes);
		field++;
	}
	if (text_end)
		*text_end = '\0';
	for (; field < last; field++)
		if (field->label == PROTOBUF_C_LABEL_REQUIRED)
			return false;
	return true;
}

/* Whether this field comes next; its tag is passed over then. */
static bool take_tag(const uint8_t **at, const uint8_t *end, unsigned field, unsigned kind)
{
	const uint8_t *behind = *at;
	uint64_t tag;

	if (behind == end || !take_short(&behind, end, &tag) || tag != (field << 3 | kind))
		return false;
	*at = behind;
	return true;
}

bool plain_unwrap(const uint8_t *frame, size_t size, Pbnetwork__WrapperMessage *wrapper)
{
	const uint8_t *at = frame, *end = frame + size;
	uint64_t type, snapshot = 0;

	*wrapper = (Pbnetwork__WrapperMessage)PBNETWORK__WRAPPER_MESSAGE__INIT;
	if (!take_tag(&at, end, 1, KIND_VARINT) || !wire_take_varint(&at, end, &type) || type > INT32_MAX)
		return false;
	wrapper->type = (Pbnetwork__WrapperMessage__Type)type;
	wrapper->has_payload = take_tag(&at, end, 2, KIND_BYTES);
	if (wrapper->has_payload && !take_bytes(&at, end, &wrapper->payload))
		return false;
	wrapper->has_handover = take_tag(&at, end, 1000, KIND_VARINT);
	if (wrapper->has_handover && !wire_take_varint(&at, end, &wrapper->handover))
		return false;
	wrapper->has_snapshot = take_tag(&at, end, 1001, KIND_VARINT);
	if (wrapper->has_snapshot && (!wire_take_varint(&at, end, &snapshot) || snapshot > 1))
		return false;
	wrapper->snapshot = snapshot == 1;
	return at == end;
}
