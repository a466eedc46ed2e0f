/* SPDX-License-Identifier: MIT */
#include "tests/unit/protocol/compare_plain.h"

#include <stdbool.h>
#include <string.h>

#include "base/mem.h"

const ProtobufCMessageDescriptor *const plain_descriptors[] = {
	&pbnetwork__conversation_message__descriptor, &pbnetwork__buddy__descriptor,
	&pbnetwork__connected__descriptor,            &pbnetwork__disconnected__descriptor,
	&pbnetwork__login__descriptor,                &pbnetwork__logout__descriptor,
	&pbnetwork__buddies__descriptor,              &pbnetwork__room__descriptor,
	&pbnetwork__room_list__descriptor,            &pbnetwork__participant__descriptor,
	&pbnetwork__vcard__descriptor,                &pbnetwork__status__descriptor,
	&pbnetwork__stats__descriptor,                &pbnetwork__backend_config__descriptor,
	&pbnetwork__apiversion__descriptor,           &pbnetwork__handover__descriptor,
	&pbnetwork__read_marker__descriptor,          &pbnetwork__login_step__descriptor,
	&pbnetwork__login_answer__descriptor,         &pbnetwork__values__descriptor,
	&pbnetwork__participants__descriptor,         &pbnetwork__room_info__descriptor,
	&pbnetwork__hold__descriptor,                 &pbnetwork__attach__descriptor,
	&pbnetwork__attached__descriptor,             &pbnetwork__resume__descriptor,
	&pbnetwork__bans__descriptor,
};
const size_t plain_descriptors_count = ARRAY_SIZE(plain_descriptors);

static bool same_bytes(const ProtobufCBinaryData *ours, const ProtobufCBinaryData *theirs, bool ends)
{
	if (ours->len != theirs->len || (ours->len && memcmp(ours->data, theirs->data, ours->len) != 0))
		return false;
	return !ends || ours->data[ours->len] == '\0';
}

static bool same_list(const ProtobufCFieldDescriptor *field, const char *ours, const char *theirs, bool ends)
{
	const size_t count = *(const size_t *)(const void *)(ours + field->quantifier_offset);
	const ProtobufCBinaryData *a = *(ProtobufCBinaryData *const *)(const void *)(ours + field->offset);
	const ProtobufCBinaryData *b = *(ProtobufCBinaryData *const *)(const void *)(theirs + field->offset);

	if (count != *(const size_t *)(const void *)(theirs + field->quantifier_offset))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!same_bytes(&a[i], &b[i], ends))
			return false;
	return true;
}

static bool same_field(const ProtobufCFieldDescriptor *field, const char *ours, const char *theirs, bool ends)
{
	const void *a = ours + field->offset, *b = theirs + field->offset;
	bool has = true;

	if (field->label == PROTOBUF_C_LABEL_REPEATED && field->type == PROTOBUF_C_TYPE_BYTES)
		return same_list(field, ours, theirs, ends);
	if (field->label == PROTOBUF_C_LABEL_REPEATED || field->type == PROTOBUF_C_TYPE_MESSAGE)
		return true; /* set in neither: the packed forms tell */
	if (field->label == PROTOBUF_C_LABEL_OPTIONAL) {
		has = *(const protobuf_c_boolean *)(ours + field->quantifier_offset);
		if (has != (bool)*(const protobuf_c_boolean *)(theirs + field->quantifier_offset))
			return false;
	}
	if (!has)
		return true;
	switch (field->type) {
	case PROTOBUF_C_TYPE_BYTES:
		return same_bytes(a, b, ends);
	case PROTOBUF_C_TYPE_BOOL:
		return *(const protobuf_c_boolean *)a == *(const protobuf_c_boolean *)b;
	case PROTOBUF_C_TYPE_UINT64:
		return *(const uint64_t *)a == *(const uint64_t *)b;
	default:
		return *(const uint32_t *)a == *(const uint32_t *)b;
	}
}

static bool same_message(const ProtobufCMessage *ours, const ProtobufCMessage *theirs, bool ends)
{
	const ProtobufCMessageDescriptor *descriptor = ours->descriptor;

	if (theirs->n_unknown_fields ||
	    protobuf_c_message_get_packed_size(ours) != protobuf_c_message_get_packed_size(theirs))
		return false;
	for (unsigned i = 0; i < descriptor->n_fields; i++)
		if (!same_field(&descriptor->fields[i], (const char *)ours, (const char *)theirs, ends))
			return false;
	return true;
}

enum plain_outcome plain_compare(const ProtobufCMessageDescriptor *descriptor, const uint8_t *bytes, size_t size)
{
	ProtobufCMessage *ours = mem_alloc(descriptor->sizeof_message), *theirs;
	ProtobufCBinaryData *items = mem_alloc(PLAIN_LIST_ITEMS * sizeof(*items));
	uint8_t *copy = mem_alloc(size + 1);
	enum plain_outcome outcome = PLAIN_LEFT;

	if (size)
		memcpy(copy, bytes, size);
	if (plain_unpack(descriptor, copy, size, ours, items)) {
		theirs = protobuf_c_message_unpack(descriptor, NULL, size, bytes);
		outcome = theirs && same_message(ours, theirs, true) ? PLAIN_SAME : PLAIN_DIFFERS;
		protobuf_c_message_free_unpacked(theirs, NULL);
	}
	mem_free(copy);
	mem_free(items);
	mem_free(ours);
	return outcome;
}

enum plain_outcome plain_compare_wrapper(const uint8_t *frame, size_t size)
{
	Pbnetwork__WrapperMessage ours, *theirs;
	enum plain_outcome outcome;

	if (!plain_unwrap(frame, size, &ours))
		return PLAIN_LEFT;
	theirs = pbnetwork__wrapper_message__unpack(NULL, size, frame);
	outcome = theirs && same_message(&ours.base, &theirs->base, false) ? PLAIN_SAME : PLAIN_DIFFERS;
	if (theirs)
		pbnetwork__wrapper_message__free_unpacked(theirs, NULL);
	return outcome;
}
