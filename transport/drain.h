/* SPDX-License-Identifier: MIT */
/*
 * Maintenance: nobody is logged in any more, people are told, and backends end as their last one leaves. Who
 * comes meanwhile stays attached without a session and is logged in when it is over, as is everybody who was
 * logged out for it. It does not outlive the process.
 */
#pragma once

#include <stdbool.h>

struct transport;

/* `text` is what people are told; "": a sentence of our own. After grace_s seconds (0: never) those who are
 * still there are logged out; the store has them as online all the same, so that a restart brings them back.
 * Called again, it replaces text and time. */
void drain_start(struct transport *transport, unsigned grace_s, const char *text);
/* False if there was none. */
bool drain_stop(struct transport *transport);
/* For transport.c: frees without a word. */
void drain_finish(struct transport *transport);

/* NULL: logins go on. Else the sentence for those who want to log in. */
const char *drain_sentence(const struct transport *transport);
