/* SPDX-License-Identifier: MIT */
#include "transport/spool_config.h"

#include <string.h>

#include "base/mem.h"

#define KEY(field, type, name, fallback, help) \
	CONFIG_KEY(struct spool_settings, field, type, name, fallback, help)
#define INT(field, name, fallback, low, high, help) \
	CONFIG_INT_KEY(struct spool_settings, field, name, fallback, low, high, help)

#define DAY 86400

static const struct config_key spool_keys[] = {
	KEY(durability, CONFIG_STRING, "spool.durability", "",
	    "What an accepted message survives. process: the end of any of our processes. power: also a power cut, "
	    "at the price of a disk flush for each batch. off: nothing; messages that wait are kept in memory. Empty: "
	    "power with frontend=matrix, whose server keeps what we have not acknowledged; process without."),
	KEY(folder, CONFIG_STRING, "spool.folder", "",
	    "Where messages are kept on their way. Empty: spool in service.working_dir."),
	INT(max_megabytes, "spool.max_size", "1024", 1, 1048576,
	    "MiB of messages that may wait, all together. Then no more are accepted."),
	INT(max_user_messages, "spool.max_user_messages", "10000", 1, 10000000,
	    "Messages that may wait for one person, in one direction."),
	INT(max_user_megabytes, "spool.max_user_size", "64", 1, 1048576,
	    "MiB of messages that may wait for one person, in one direction."),
	INT(network_wait, "spool.network_wait", "600", 1, 365 * DAY,
	    "Seconds that a person's message waits for the legacy network; then it goes back to its sender as an "
	    "error."),
	INT(people_wait, "spool.people_wait", "604800", 1, 365 * DAY,
	    "Seconds that a message waits for a person; then it becomes a dead letter (transportctl spool)."),
	INT(room_backlog, "spool.room_backlog", "100", 0, 100000,
	    "Messages of a room that are kept for somebody who stays connected while none of the clients is in "
	    "it."),
	INT(hold, "spool.hold", "30", 0, 3600,
	    "Seconds that backends keep their sessions when this process has died, for its successor to take over. "
	    "0: they end with it."),
};

const struct config_table spool_config_table = CONFIG_TABLE("spool", spool_keys);

bool spool_settings_durability(const struct spool_settings *settings, enum spool_durability fallback,
			       enum spool_durability *durability)
{
	static const char *const words[] = {"off", "process", "power"};

	*durability = fallback;
	if (!*settings->durability)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(settings->durability, words[i])) {
			*durability = (enum spool_durability)i;
			return true;
		}
	return false;
}
