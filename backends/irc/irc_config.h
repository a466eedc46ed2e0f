/* SPDX-License-Identifier: MIT */
/* This backend's keys of the instance's configuration. */
#pragma once

#include "config/config.h"

struct irc_config {
	struct config_list servers;
	const char *identify;
	bool send_pass;
	bool require_sasl;
	long away_timeout;
	const char *tls;
	bool tls_verify;
	const char *ca_file;
	struct config_list allowed_servers;
	bool allow_private;
	const char *realname;
	const char *quit_message;
	long line_burst;
	long line_interval;
	long queue_max;
	long lines_max;
	long list_interval;
	long list_max;
	long idle_timeout;
	long ping_interval;
	long connect_timeout;
	long contact_interval;
	bool formatting;
};

extern const struct config_table irc_config_table;
