/* SPDX-License-Identifier: MIT */
/* [spool]: what is kept on its way, and for how long. docs/durability.md. */
#pragma once

#include "config/config.h"
#include "transport/spool/spool.h"

struct spool_settings {
	const char *durability; /* off, process, power; "": it depends on the frontends */
	const char *folder;
	long max_megabytes, max_user_messages, max_user_megabytes;
	long network_wait, people_wait; /* s */
	long room_backlog;              /* messages */
	long hold;                      /* s; how long backends outlive the core; 0: not */
};

extern const struct config_table spool_config_table;

/* *durability = what is set, or the fallback where nothing is. False: it is none of the words. */
bool spool_settings_durability(const struct spool_settings *settings, enum spool_durability fallback,
			       enum spool_durability *durability);
