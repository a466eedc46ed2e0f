/* SPDX-License-Identifier: MIT */
#include "transport/admin/admin_table.h"

#include <string.h>

#include "base/buf.h"

#define VARIABLE(group, title, text) \
	.kind = ADMIN_VARIABLE, .category = (group), .label = (title), .description = (text)
#define COMMAND(group, title, text) \
	.kind = ADMIN_COMMAND, .category = (group), .label = (title), .description = (text)
#define USER_ARGUMENT                                                  \
	{                                                              \
		"user", "User", "alice@example.org", ADMIN_USER, false \
	}

/* Of whom Spectrum 2 makes the user context: with Slack, the workspace is what matters. */
#define PERSON_ARGUMENT                                                                          \
	{                                                                                        \
		"person", "Workspace, or somebody in it", "T0123ABC/U0456DEF", ADMIN_WORD, false \
	}

const struct admin_entry admin_table[ADMIN_COUNT] = {
        [ADMIN_HELP] = {"help", COMMAND("General", "Help", "what can be asked")},
        [ADMIN_COMMANDS] = {"commands", COMMAND("General", "Commands", "the commands, for programs")},
        [ADMIN_VARIABLES] = {"variables", COMMAND("General", "Variables", "the variables, for programs")},
        [ADMIN_ARGS] = {"args", COMMAND("General", "Arguments", "the arguments of a command, for programs"),
                        .arguments = {{"command", "Command", "register", ADMIN_NAME, false}}},
        [ADMIN_STATUS] = {"status", VARIABLE("General", "Status", "whether it runs, and for how many")},
        [ADMIN_UPTIME] = {"uptime", VARIABLE("General", "Uptime", "seconds since the start")},
        [ADMIN_RELOAD] = {"reload", COMMAND("General", "Reload", "read the configuration file again")},
        [ADMIN_RESTART] = {"restart", COMMAND("General", "Restart in place",
                                              "start the program anew, for an upgrade; sessions go on")},
        [ADMIN_DRAIN] = {"drain",
                         COMMAND("General", "Begin maintenance",
                                 "no new logins, people are told; log out who is still there after so many "
                                 "seconds (0: "
                                 "never)"),
                         .arguments = {{"seconds", "Seconds until people are logged out", "600", ADMIN_WORD,
                                        true},
                                       {"text", "What people are told", "Back at noon.", ADMIN_REST, true}}},
        [ADMIN_UNDRAIN] = {"undrain", COMMAND("General", "End maintenance", "logins are accepted again")},
        [ADMIN_DRAINING] = {"draining", VARIABLE("General", "Maintenance", "1 during maintenance")},
        [ADMIN_LOG_LEVEL] = {"log_level",
                             VARIABLE("General", "Log level",
                                      "what is logged; may be set until the next reload"),
                             .arguments = {{"level", "Level", "debug", ADMIN_LEVEL, false}}},
        [ADMIN_USER_LOG_LEVEL] =
                {"user_log_level",
                 COMMAND("Users", "Log level of a user",
                         "what is logged of one user: show it, or set it (default: as of others)"),
                 .arguments = {USER_ARGUMENT, {"level", "Level", "debug", ADMIN_LEVEL, true}}},
        [ADMIN_FOLLOW] = {"follow",
                          COMMAND("Users", "Follow a user",
                                  "show a user's events as they pass; --bodies: with what is said"),
                          .arguments = {USER_ARGUMENT}, .streams = true},
        [ADMIN_ONLINE_USERS] = {"online_users", COMMAND("Users", "Online users", "who is connected")},
        [ADMIN_ONLINE_USERS_COUNT] = {"online_users_count",
                                      VARIABLE("Users", "Online users count", "how many are connected")},
        [ADMIN_HAS_ONLINE_USER] = {"has_online_user",
                                   COMMAND("Users", "Has online user", "1 if the user is connected, else 0"),
                                   .arguments = {{"username", "User", "alice@example.org", ADMIN_USER,
                                                  false}}},
        [ADMIN_USERS] = {"users",
                         COMMAND("Users", "Users",
                                 "everybody with a session, or whose address has that text"),
                         .arguments = {{"text", "Part of an address", "example.org", ADMIN_WORD, true}}},
        [ADMIN_ROOMS] = {"rooms", COMMAND("Users", "Rooms", "the rooms that people are in, or one of them"),
                         .arguments = {{"user", "User", "alice@example.org", ADMIN_USER, true}}},
        [ADMIN_REGISTER] =
                {"register", COMMAND("Users", "Register", "register an account"),
                 .arguments = {{"username", "User", "alice@example.org", ADMIN_USER, false},
                               {"legacy_username", "User name on the network", "alice", ADMIN_WORD, false},
                               {"legacy_password", "Password on the network", "secret", ADMIN_SECRET, false}},
                 .by_user = true},
        [ADMIN_UNREGISTER] = {"unregister", COMMAND("Users", "Unregister", "remove an account"),
                              .arguments = {USER_ARGUMENT}, .by_user = true, .of_user = true},
        [ADMIN_KICK] = {"kick",
                        COMMAND("Users", "Log out", "end a session; the next presence begins another"),
                        .arguments = {USER_ARGUMENT,
                                      {"reason", "Reason", "Too many rooms.", ADMIN_REST, true}}},
        [ADMIN_BAN] = {"ban", COMMAND("Users", "Ban", "no session and no registration until unbanned"),
                       .arguments = {USER_ARGUMENT, {"reason", "Reason", "Spam.", ADMIN_REST, true}}},
        [ADMIN_UNBAN] = {"unban", COMMAND("Users", "Unban", "end a ban"), .arguments = {USER_ARGUMENT}},
        [ADMIN_BANS] = {"bans", COMMAND("Users", "Bans", "who is banned, and why")},
        [ADMIN_MESSAGE] = {"message", COMMAND("Users", "Message", "say something to a user, as the gateway"),
                           .arguments = {USER_ARGUMENT, {"text", "Text", "Hello.", ADMIN_REST, false}}},
        [ADMIN_BROADCAST] = {"broadcast",
                             COMMAND("Users", "Message to all", "say something to everybody who is here"),
                             .arguments = {{"text", "Text", "Maintenance at noon.", ADMIN_REST, false}}},
	[ADMIN_FRONTENDS] = {"frontends", COMMAND("Frontend", "Frontends",
						  "where people come from, and whether the server there is reached")},
	[ADMIN_QUEUES] = {"queues", COMMAND("Messages", "Queues",
					    "all that waits: spool, database, frontends' output and calls, backends")},
        [ADMIN_SPOOL] = {"spool",
                         COMMAND("Messages", "Messages that wait", "what waits, for whom, since when and why"),
                         .arguments = {{"text", "Part of an address", "example.org", ADMIN_WORD, true}}},
        [ADMIN_SPOOL_STATUS] = {"spool_status", COMMAND("Messages", "State of the spool",
                                                        "how much waits, and what is promised")},
        [ADMIN_SPOOL_RETRY] = {"spool_retry", COMMAND("Messages", "Try a message again", "also a dead letter"),
                               .arguments = {{"number", "Number", "1", ADMIN_WORD, false}}},
        [ADMIN_SPOOL_BOUNCE] = {"spool_bounce",
                                COMMAND("Messages", "Send a message back", "its sender gets an error"),
                                .arguments = {{"number", "Number", "1", ADMIN_WORD, false}}},
        [ADMIN_SPOOL_DROP] = {"spool_drop", COMMAND("Messages", "Drop a message", "nobody is told"),
                              .arguments = {{"number", "Number", "1", ADMIN_WORD, false}}},
        [ADMIN_MESSAGES_FROM] = {"messages_from_xmpp", VARIABLE("Messages", "Messages from XMPP",
                                                                "messages from people since the start")},
        [ADMIN_MESSAGES_TO] = {"messages_to_xmpp", VARIABLE("Messages", "Messages to XMPP",
                                                            "messages to people since the start")},
	[ADMIN_WORKSPACES] = {"workspaces",
			      COMMAND("Workspaces", "Workspaces", "workspaces that have the gateway's app (Slack), and their state")},
	[ADMIN_WORKSPACE_STOP] = {"workspace_stop",
				  COMMAND("Workspaces", "Stop a workspace", "no more service there until the next start"),
				  .arguments = {{"workspace", "Workspace", "T0123ABC", ADMIN_WORD, false}}},
	[ADMIN_WORKSPACE_REMOVE] = {"workspace_remove",
				    COMMAND("Workspaces", "Remove a workspace", "give its token back, and forget it"),
				    .arguments = {{"workspace", "Workspace", "T0123ABC", ADMIN_WORD, false}}},
	[ADMIN_GET_OAUTH2_URL] =
		{"get_oauth2_url", COMMAND("Frontend", "Page that installs the app", "where a workspace installs the app (Slack)"),
		 .arguments = {{"username", "User", "T0123ABC/U0456DEF", ADMIN_WORD, true},
			       {"legacy_username", "User name on the network", "alice", ADMIN_WORD, true},
			       {"legacy_password", "Password on the network", "secret", ADMIN_SECRET, true}}},
	[ADMIN_SET_OAUTH2_CODE] =
		{"set_oauth2_code", COMMAND("Frontend", "Code of the installation",
					    "not needed: the browser itself brings the code of get_oauth2_url's page"),
		 .arguments = {{"code", "Code", "123.456.abc", ADMIN_SECRET, true},
			       {"state", "State", "abc", ADMIN_WORD, true}}},
	[ADMIN_LIST_ROOMS] = {"list_rooms",
			      COMMAND("Frontend", "Channels that are tied to rooms",
				      "channels of a workspace (Slack), and the rooms of the network that they are tied to"),
			      .arguments = {PERSON_ARGUMENT}, .by_user = true, .of_user = true},
	[ADMIN_JOIN_ROOM] =
		{"join_room",
		 COMMAND("Frontend", "Tie a channel to a room",
			 "tie a channel (Slack) to a room of the network; server -: its only one"),
		 .arguments = {PERSON_ARGUMENT,
			       {"nickname", "Nickname (not used)", "alice", ADMIN_WORD, false},
			       {"legacy_room", "Room", "#lobby", ADMIN_WORD, false},
			       {"legacy_server", "Server of the network", "irc.example.org", ADMIN_WORD, false},
			       {"slack_channel", "Channel", "C0123ABC", ADMIN_WORD, false}},
		 .by_user = true, .of_user = true},
	[ADMIN_LEAVE_ROOM] = {"leave_room",
			      COMMAND("Frontend", "Untie a channel", "a channel (Slack) is not tied to a room any more"),
			      .arguments = {PERSON_ARGUMENT, {"slack_channel", "Channel", "C0123ABC", ADMIN_WORD, false}},
			      .by_user = true, .of_user = true},
        [ADMIN_BACKENDS] = {"backends", COMMAND("Backends", "Backends", "the backend processes")},
        [ADMIN_BACKENDS_COUNT] = {"backends_count",
                                  VARIABLE("Backends", "Backends count", "how many backends there are")},
        [ADMIN_CRASHED_BACKENDS] = {"crashed_backends",
                                    VARIABLE("Backends", "Crashed backends", "ids of backends that crashed")},
        [ADMIN_CRASHED_BACKENDS_COUNT] = {"crashed_backends_count",
                                          VARIABLE("Backends", "Crashed backends count",
                                                   "how many backends crashed")},
        [ADMIN_RES_MEMORY] = {"res_memory", VARIABLE("Memory", "Resident memory",
                                                     "resident memory in KiB, backends included")},
        [ADMIN_SHR_MEMORY] = {"shr_memory",
                              VARIABLE("Memory", "Shared memory", "shared memory in KiB, backends included")},
        [ADMIN_USED_MEMORY] = {"used_memory",
                               VARIABLE("Memory", "Used memory", "resident less shared memory in KiB")},
        [ADMIN_AVERAGE_MEMORY] = {"average_memory_per_user",
                                  VARIABLE("Memory", "Memory per user",
                                           "used memory in KiB for each user who is connected")},
};

const struct admin_entry *admin_find(const char *name)
{
	for (size_t i = 0; i < ADMIN_COUNT; i++)
		if (!strcmp(admin_table[i].name, name))
			return &admin_table[i];
	return NULL;
}

size_t admin_arguments_count(const struct admin_entry *entry, bool with_optional)
{
	size_t count = 0;

	while (count < ADMIN_ARGUMENTS && entry->arguments[count].name &&
	       (with_optional || !entry->arguments[count].optional))
		count++;
	return count;
}

void admin_put_usage(struct buf *out, const struct admin_entry *entry)
{
	size_t count = entry->kind == ADMIN_VARIABLE ? 0 : admin_arguments_count(entry, true);

	for (size_t i = 0; i < count; i++) {
		const struct admin_argument *argument = &entry->arguments[i];

		buf_printf(out, argument->optional ? " [%s%s]" : " <%s%s>", argument->name,
		           argument->kind == ADMIN_REST ? "..." : "");
	}
}
