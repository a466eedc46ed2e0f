/* SPDX-License-Identifier: MIT */
/* The XMPP frontend as the daemon sees it. */
#pragma once

#include "config/config.h"
#include "transport/frontend.h"

extern const struct frontend_ops xmpp_frontend_ops;
extern const struct config_table xmpp_config_table;
