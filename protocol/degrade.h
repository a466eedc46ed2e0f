/* SPDX-License-Identifier: MIT */
/*
 * A message with references and an author, for those who know neither: what they can show of it. A correction
 * becomes `* text`, a reaction and a retraction their fallback text, a reply gets a quoted line before it (`>
 * author: text`), and what somebody says through another's account is `<name> text`.
 */
#pragma once

#include "base/arena.h"
#include "protocol/event.h"

/*
 * Changes *message; new text lives in the arena. A message that needs nothing is left as it is; `id` always
 * is. 0; TP_ERR_UNSUPPORTED: nothing is left that could be shown (a reaction without a fallback);
 * TP_ERR_LIMIT: with the author's name before it the text is longer than LIMIT_MESSAGE_BYTES.
 */
int degrade_message(struct arena *arena, struct event_message *message);
/* That somebody wants attention (EVENT_ATTENTION), as a message of a chat for those who have nothing else for it. Its
 * texts are the event's. */
struct event degrade_attention(const struct event *event);
