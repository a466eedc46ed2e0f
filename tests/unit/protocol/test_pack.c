/* SPDX-License-Identifier: MIT */
/* What message_pack.c writes is what the generated code writes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "protocol/message_pack.h"

static ProtobufCBinaryData text(const char *text)
{
	return (ProtobufCBinaryData){.len = strlen(text), .data = (uint8_t *)text};
}

static void assert_same(const Pbnetwork__ConversationMessage *message)
{
	size_t size = protobuf_c_message_get_packed_size(&message->base);
	uint8_t *theirs = mem_alloc(size), *ours = mem_alloc(size);

	assert_int_equal(message_packed_size(message), size);
	protobuf_c_message_pack(&message->base, theirs);
	message_pack(message, ours);
	assert_memory_equal(ours, theirs, size);
	mem_free(ours);
	mem_free(theirs);
}

static void test_each_field(void **state)
{
	Pbnetwork__ConversationMessage full = PBNETWORK__CONVERSATION_MESSAGE__INIT;
	const ProtobufCMessageDescriptor *descriptor = full.base.descriptor;

	(void)state;
	assert_same(&full);
	for (unsigned i = 0; i < descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
		Pbnetwork__ConversationMessage one = PBNETWORK__CONVERSATION_MESSAGE__INIT;
		Pbnetwork__Attachment attachment = PBNETWORK__ATTACHMENT__INIT, *attachments[] = {&attachment, &attachment};
		Pbnetwork__Author author = PBNETWORK__AUTHOR__INIT;
		ProtobufCBinaryData reactions[] = {text("\xe2\x99\xa5"), text("")};

		attachment.url = text("https://example.org/a.png");
		author.name = text("Carol");
		if (field->id == 11) {
			one.attachment = attachments;
			one.n_attachment = ARRAY_SIZE(attachments);
		} else if (field->id == 1006) {
			one.reaction = reactions;
			one.n_reaction = ARRAY_SIZE(reactions);
		} else if (field->id == 1007) {
			one.author = &author;
		} else {
			char *at = (char *)&one;
			bool is_flag = field->type == PROTOBUF_C_TYPE_BOOL;
			const ProtobufCBinaryData value = text(i % 2 ? "a value" : "");

			assert_true(is_flag || field->type == PROTOBUF_C_TYPE_BYTES);
			if (field->label == PROTOBUF_C_LABEL_OPTIONAL)
				*(protobuf_c_boolean *)(at + field->quantifier_offset) = 1;
			if (is_flag)
				*(protobuf_c_boolean *)(at + field->offset) = 1;
			else
				memcpy(at + field->offset, &value, sizeof(value));
		}
		assert_same(&one);
	}
}

/* Lengths of one, two and three bytes. */
static void test_lengths(void **state)
{
	static const size_t lengths[] = {0, 1, 127, 128, 16383, 16384, 65536};
	char *long_text = mem_alloc(65536);

	(void)state;
	memset(long_text, 'x', 65536);
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		Pbnetwork__ConversationMessage message = PBNETWORK__CONVERSATION_MESSAGE__INIT;

		message.username = text("alice@example.org");
		message.message = (ProtobufCBinaryData){.len = lengths[i], .data = (uint8_t *)long_text};
		message.has_replyauthor = true;
		message.replyauthor = message.message;
		message.has_pm = true;
		assert_same(&message);
	}
	mem_free(long_text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_field),
		cmocka_unit_test(test_lengths),
	};

	return cmocka_run_group_tests_name("message_pack", tests, NULL, NULL);
}
