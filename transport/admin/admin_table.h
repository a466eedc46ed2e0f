/* SPDX-License-Identifier: MIT */
/*
 * What administrators can ask for: names, arguments and texts, without the code that answers (admin.h).
 * transportctl has it too, for its help and for the completion of shells. Names, categories and machine
 * formats are Spectrum 2's where Spectrum 2 has them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buf;

enum admin_id {
	ADMIN_HELP,
	ADMIN_COMMANDS,
	ADMIN_VARIABLES,
	ADMIN_ARGS,
	ADMIN_STATUS,
	ADMIN_UPTIME,
	ADMIN_RELOAD,
	ADMIN_RESTART,
	ADMIN_DRAIN,
	ADMIN_UNDRAIN,
	ADMIN_DRAINING,
	ADMIN_LOG_LEVEL,
	ADMIN_USER_LOG_LEVEL,
	ADMIN_FOLLOW,
	ADMIN_ONLINE_USERS,
	ADMIN_ONLINE_USERS_COUNT,
	ADMIN_HAS_ONLINE_USER,
	ADMIN_USERS,
	ADMIN_ROOMS,
	ADMIN_REGISTER,
	ADMIN_UNREGISTER,
	ADMIN_KICK,
	ADMIN_BAN,
	ADMIN_UNBAN,
	ADMIN_BANS,
	ADMIN_MESSAGE,
	ADMIN_BROADCAST,
	ADMIN_FRONTENDS,
	ADMIN_QUEUES,
	ADMIN_SPOOL,
	ADMIN_SPOOL_STATUS,
	ADMIN_SPOOL_RETRY,
	ADMIN_SPOOL_BOUNCE,
	ADMIN_SPOOL_DROP,
	ADMIN_MESSAGES_FROM,
	ADMIN_MESSAGES_TO,
	ADMIN_WORKSPACES,
	ADMIN_WORKSPACE_STOP,
	ADMIN_WORKSPACE_REMOVE,
	ADMIN_GET_OAUTH2_URL,
	ADMIN_SET_OAUTH2_CODE,
	ADMIN_LIST_ROOMS,
	ADMIN_JOIN_ROOM,
	ADMIN_LEAVE_ROOM,
	ADMIN_BACKENDS,
	ADMIN_BACKENDS_COUNT,
	ADMIN_CRASHED_BACKENDS,
	ADMIN_CRASHED_BACKENDS_COUNT,
	ADMIN_RES_MEMORY,
	ADMIN_SHR_MEMORY,
	ADMIN_USED_MEMORY,
	ADMIN_AVERAGE_MEMORY,
	ADMIN_COUNT
};

enum admin_kind { ADMIN_COMMAND, ADMIN_VARIABLE };

enum admin_argument_kind {
	ADMIN_WORD,
	ADMIN_USER,   /* an address of a person */
	ADMIN_SECRET, /* not to be seen on a screen */
	ADMIN_LEVEL,  /* of the log */
	ADMIN_NAME,   /* of a command */
	ADMIN_REST,   /* the rest of the line; the last one */
};

struct admin_argument {
	const char *name; /* NULL: none */
	const char *label;
	const char *example;
	enum admin_argument_kind kind;
	bool optional; /* so are all behind it */
};

#define ADMIN_ARGUMENTS 5

struct admin_entry {
	const char *name;
	enum admin_kind kind;
	const char *category, *label, *description;
	struct admin_argument arguments[ADMIN_ARGUMENTS]; /* of a variable: the value it is set to */
	bool by_user; /* Spectrum's access mode User: the web interface offers it to everybody, for their own
	                 account */
	bool of_user; /* Spectrum's user context: the first word is the person, which `args` does not list */
	bool streams; /* answers go on until the asker leaves: for the control socket only */
};

extern const struct admin_entry admin_table[ADMIN_COUNT];

const struct admin_entry *admin_find(const char *name); /* NULL: none */
size_t admin_arguments_count(const struct admin_entry *entry, bool with_optional);
/* " <user> [reason...]", "" for none; what a variable is set to is left out. */
void admin_put_usage(struct buf *out, const struct admin_entry *entry);
