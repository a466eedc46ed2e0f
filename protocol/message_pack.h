/* SPDX-License-Identifier: MIT */
/*
 * ConversationMessage on the wire. It is nearly all that is sent, so its fields are written one by one here: the
 * generated code would go over the description of all of them twice for each message, whatever is set. The bytes
 * are the same.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "protocol/pbnetwork.pb-c.h"

size_t message_packed_size(const Pbnetwork__ConversationMessage *message);
/* Into `out`, which has room for it. */
void message_pack(const Pbnetwork__ConversationMessage *message, uint8_t *out);
