/* SPDX-License-Identifier: MIT */
/* The IRC backend as a whole: what all of its users share. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "backends/irc/irc_config.h"
#include "backends/irc/irc_name.h"
#include "base/log.h"
#include "base/map.h"

struct irc_tls_context;
struct plug;

struct irc {
	uv_loop_t *loop;
	struct plug *plug;
	struct irc_config config;
	struct irc_server *servers; /* of the one network */
	size_t servers_count;       /* 0: people name the servers */
	enum irc_tls_mode tls_mode;
	struct irc_tls_context *tls;
	struct map *users;    /* account key -> struct irc_user */
	struct map *handlers; /* command -> const struct irc_handler */
	uint64_t listed_at;   /* when the list of channels was last asked for; 0: never */
	bool paused;          /* the gateway does not keep up: nothing is read */
	struct log log;
};

static inline bool irc_one_network(const struct irc *irc)
{
	return irc->servers_count > 0;
}
