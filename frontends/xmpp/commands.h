/* SPDX-License-Identifier: MIT */
/* The core's command table as ad-hoc commands (XEP-0050) with data forms (XEP-0004). */
#pragma once

#include "frontends/xmpp/xmpp.h"

void command_sessions_expire(struct xmpp_frontend *frontend);
void command_session_destroy(void *session);
