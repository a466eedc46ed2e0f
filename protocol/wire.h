/* SPDX-License-Identifier: MIT */
/* What the two halves of the codec share. Private to protocol/. */
#pragma once

#include <stdbool.h>

#include "protocol/codec.h"
#include "protocol/event.h"

/* Whether the protocol knows this event from this side. */
bool wire_may_send(enum codec_side speaker, enum codec_dialect dialect, enum event_type type);
