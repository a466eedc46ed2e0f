/* SPDX-License-Identifier: MIT */
/* The Slack frontend (an app that workspaces have installed, by Socket Mode and the Web API) as the daemon sees it. */
#pragma once

#include "config/config.h"
#include "transport/frontend.h"

extern const struct frontend_ops slack_frontend_ops;
extern const struct config_table slack_config_table;
