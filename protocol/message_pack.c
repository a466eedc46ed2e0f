/* SPDX-License-Identifier: MIT */
/* https://protobuf.dev/programming-guides/encoding/ */
#include "protocol/message_pack.h"

#include <stdbool.h>
#include <string.h>

#include "protocol/wire.h"

enum { KIND_VARINT = 0, KIND_BYTES = 2 };

/* Counts what it is given, and writes it where there is something to write to. */
struct packer {
	uint8_t *out; /* NULL: it only counts */
	size_t size;
};

static inline void put_number(struct packer *packer, uint64_t value)
{
	if (packer->out)
		packer->size += wire_put_varint(packer->out + packer->size, value);
	else
		packer->size += wire_varint_size(value);
}

static inline void put_bytes(struct packer *packer, unsigned field, bool has, ProtobufCBinaryData bytes)
{
	if (!has)
		return;
	put_number(packer, field << 3 | KIND_BYTES);
	put_number(packer, bytes.len);
	if (packer->out && bytes.len)
		memcpy(packer->out + packer->size, bytes.data, bytes.len);
	packer->size += bytes.len;
}

static inline void put_flag(struct packer *packer, unsigned field, bool has, bool value)
{
	if (!has)
		return;
	put_number(packer, field << 3 | KIND_VARINT);
	put_number(packer, value);
}

static void put_part(struct packer *packer, unsigned field, const ProtobufCMessage *part)
{
	size_t size = protobuf_c_message_get_packed_size(part);

	put_number(packer, field << 3 | KIND_BYTES);
	put_number(packer, size);
	if (packer->out)
		protobuf_c_message_pack(part, packer->out + packer->size);
	packer->size += size;
}

static void put_extension(struct packer *packer, const Pbnetwork__ConversationMessage *m)
{
	put_bytes(packer, 1000, m->has_messageid, m->messageid);
	put_bytes(packer, 1001, m->has_replyto, m->replyto);
	put_bytes(packer, 1002, m->has_thread, m->thread);
	put_bytes(packer, 1003, m->has_replaces, m->replaces);
	put_bytes(packer, 1004, m->has_retracts, m->retracts);
	put_bytes(packer, 1005, m->has_reactsto, m->reactsto);
	for (size_t i = 0; i < m->n_reaction; i++)
		put_bytes(packer, 1006, true, m->reaction[i]);
	if (m->author)
		put_part(packer, 1007, &m->author->base);
	put_bytes(packer, 1008, m->has_replytext, m->replytext);
	put_bytes(packer, 1009, m->has_replyauthor, m->replyauthor);
	put_bytes(packer, 1010, m->has_saidin, m->saidin);
}

/* In the order of their numbers. */
static void put_message(struct packer *packer, const Pbnetwork__ConversationMessage *m)
{
	put_bytes(packer, 1, true, m->username);
	put_bytes(packer, 2, true, m->buddyname);
	put_bytes(packer, 3, true, m->message);
	put_bytes(packer, 4, m->has_nickname, m->nickname);
	put_bytes(packer, 5, m->has_xhtml, m->xhtml);
	put_bytes(packer, 6, m->has_timestamp, m->timestamp);
	put_flag(packer, 7, m->has_headline, m->headline);
	put_bytes(packer, 8, m->has_id, m->id);
	put_flag(packer, 9, m->has_pm, m->pm);
	put_flag(packer, 10, m->has_carbon, m->carbon);
	for (size_t i = 0; i < m->n_attachment; i++)
		put_part(packer, 11, &m->attachment[i]->base);
	put_extension(packer, m);
}

size_t message_packed_size(const Pbnetwork__ConversationMessage *message)
{
	struct packer packer = {0};

	put_message(&packer, message);
	return packer.size;
}

void message_pack(const Pbnetwork__ConversationMessage *message, uint8_t *out)
{
	struct packer packer = {.out = out};

	put_message(&packer, message);
}
