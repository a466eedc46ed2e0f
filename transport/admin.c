/* SPDX-License-Identifier: MIT */
#include "transport/admin.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "transport/account.h"
#include "transport/backend/network_plugin_server.h"
#include "transport/frontend.h"
#include "transport/transport.h"
#include "transport/user.h"

#define ADMIN_WORDS 16

struct admin_call {
	struct transport *transport;
	char *line; /* the words point into it */
	char *words[ADMIN_WORDS];
	int count; /* of words, the name of the command included */
	void (*done)(void *context, const char *answer);
	void *context;
	char *username; /* a command about one person: its address */
};

struct admin_command {
	const char *name;
	const char *arguments; /* as shown by help; "" none */
	int count;             /* of arguments: exactly; -1 for a variable */
	const char *description;
	void (*run)(struct admin_call *call);
};

static void answer(struct admin_call *call, const char *text)
{
	call->done(call->context, text);
	mem_free(call->username);
	mem_free_secret(call->line);
	mem_free(call);
}

static void answer_number(struct admin_call *call, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, number);
	answer(call, text);
}

static void answer_buf(struct admin_call *call, struct buf *text)
{
	answer(call, buf_text(text));
	buf_finish(text);
}

static bool user_is_online(const struct user *user)
{
	return user->state == USER_CONNECTED;
}

static size_t online_count(const struct transport *transport)
{
	struct map_iter it = {0};
	size_t count = 0;

	while (map_next(transport->users, &it))
		count += user_is_online(it.value);
	return count;
}

static void run_status(struct admin_call *call)
{
	struct buf text = {0};

	buf_printf(&text, "Running (%zu users connected using %u backends)", online_count(call->transport),
		   network_plugin_server_count(call->transport->backends));
	answer_buf(call, &text);
}

static void run_uptime(struct admin_call *call)
{
	answer_number(call, (clock_ms() - call->transport->started_ms) / 1000);
}

static void run_online_users_count(struct admin_call *call)
{
	answer_number(call, online_count(call->transport));
}

static void run_online_users(struct admin_call *call)
{
	struct buf text = {0};
	struct map_iter it = {0};

	while (map_next(call->transport->users, &it)) {
		const struct user *user = it.value;

		if (user_is_online(user))
			buf_printf(&text, "%s%s \"3rd-party network username:\" \"%s\"", text.len ? "\n" : "",
				   user->key, user->legacy_name);
	}
	answer_buf(call, &text);
}

static void run_has_online_user(struct admin_call *call)
{
	const struct user *user = user_find(call->transport, call->words[1]);

	answer(call, user && user_is_online(user) ? "1" : "0");
}

static void run_messages_from(struct admin_call *call)
{
	answer_number(call, call->transport->counters.messages_from_people);
}

static void run_messages_to(struct admin_call *call)
{
	answer_number(call, call->transport->counters.messages_to_people);
}

static void run_backends_count(struct admin_call *call)
{
	answer_number(call, network_plugin_server_count(call->transport->backends));
}

static void run_crashed_count(struct admin_call *call)
{
	answer_number(call, call->transport->counters.backends_crashed);
}

static void run_backends(struct admin_call *call)
{
	const struct network_plugin_server *server = call->transport->backends;
	struct buf text = {0};

	for (struct backend *backend = network_plugin_server_first(server); backend;
	     backend = network_plugin_server_next(server, backend))
		buf_printf(&text, "%s%d: pid %d, %s, %u users, %" PRId64 " KiB", text.len ? "\n" : "", backend->id,
			   (int)backend_pid(backend), backend_state_name(backend), backend->users_count,
			   backend->stats.resident_kb);
	answer_buf(call, &text);
}

/* KiB of a field of /proc/self/statm: 1 resident, 2 shared. */
static uint64_t own_memory_kb(int field)
{
	unsigned long pages[3] = {0};
	FILE *file = fopen("/proc/self/statm", "re");

	if (!file)
		return 0;
	if (fscanf(file, "%lu %lu %lu", &pages[0], &pages[1], &pages[2]) != 3)
		pages[field] = 0;
	fclose(file);
	return (uint64_t)pages[field] * 4;
}

static uint64_t all_memory_kb(const struct transport *transport, bool shared)
{
	uint64_t sum = own_memory_kb(shared ? 2 : 1);
	const struct network_plugin_server *server = transport->backends;

	for (struct backend *backend = network_plugin_server_first(server); backend;
	     backend = network_plugin_server_next(server, backend))
		sum += (uint64_t)(shared ? backend->stats.shared_kb : backend->stats.resident_kb);
	return sum;
}

static void run_res_memory(struct admin_call *call)
{
	answer_number(call, all_memory_kb(call->transport, false));
}

static void run_shr_memory(struct admin_call *call)
{
	answer_number(call, all_memory_kb(call->transport, true));
}

static void run_used_memory(struct admin_call *call)
{
	uint64_t resident = all_memory_kb(call->transport, false), shared = all_memory_kb(call->transport, true);

	answer_number(call, resident > shared ? resident - shared : 0);
}

/* Accounts that an administrator names belong to the first frontend of the configuration. */
static struct frontend *admin_frontend(const struct admin_call *call)
{
	const struct list *first = call->transport->frontends.next;

	return CONTAINER_OF(first, struct frontend, link);
}

static void registered(void *context, int err, const char *text)
{
	struct admin_call *call = context;
	struct buf said = {0};

	if (err == 0)
		buf_puts(&said, "User registered");
	else if (err == TP_ERR_EXISTS)
		buf_puts(&said, "Error: User is already registered");
	else
		buf_printf(&said, "Error: %s", text && *text ? text : tp_error_text(err));
	answer_buf(call, &said);
}

static void register_unless_found(void *context, int err, const struct store_account *account)
{
	struct admin_call *call = context;

	if (account || err != TP_ERR_NOT_FOUND) {
		registered(call, account ? TP_ERR_EXISTS : err, NULL);
		return;
	}
	account_register(call->transport, admin_frontend(call), call->words[1], call->words[2], call->words[3], NULL,
			 true, registered, call);
}

static void run_register(struct admin_call *call)
{
	store_find_account(call->transport->store, admin_frontend(call)->ops->name, call->words[1],
			   register_unless_found, call);
}

static void unregistered(void *context, int err, const char *text)
{
	struct admin_call *call = context;
	struct buf said = {0};

	if (err)
		buf_printf(&said, "Error: %s", text && *text ? text : tp_error_text(err));
	else
		buf_printf(&said, "User '%s' unregistered.", call->username);
	answer_buf(call, &said);
}

static void run_unregister(struct admin_call *call)
{
	call->username = mem_strdup(call->words[1]);
	account_unregister(call->transport, admin_frontend(call), call->username, unregistered, call);
}

static void run_help(struct admin_call *call);

static const struct admin_command commands[] = {
	{"help", "", 0, "this list", run_help},
	{"status", "", -1, "what is running", run_status},
	{"uptime", "", -1, "seconds since the start", run_uptime},
	{"online_users", "", 0, "who is connected", run_online_users},
	{"online_users_count", "", -1, "how many are connected", run_online_users_count},
	{"has_online_user", "<user>", 1, "1 if the user is connected", run_has_online_user},
	{"register", "<user> <legacy name> <password>", 3, "register an account", run_register},
	{"unregister", "<user>", 1, "remove an account", run_unregister},
	{"messages_from_xmpp", "", -1, "messages from people since the start", run_messages_from},
	{"messages_to_xmpp", "", -1, "messages to people since the start", run_messages_to},
	{"backends", "", 0, "the backend processes", run_backends},
	{"backends_count", "", -1, "how many backends there are", run_backends_count},
	{"crashed_backends_count", "", -1, "how many backends crashed", run_crashed_count},
	{"res_memory", "", -1, "resident memory in KiB, backends included", run_res_memory},
	{"shr_memory", "", -1, "shared memory in KiB, backends included", run_shr_memory},
	{"used_memory", "", -1, "resident less shared memory in KiB", run_used_memory},
};

static void run_help(struct admin_call *call)
{
	struct buf text = {0};

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		buf_printf(&text, "%s%s%s%s - %s", i ? "\n" : "", commands[i].name, *commands[i].arguments ? " " : "",
			   commands[i].arguments, commands[i].description);
	answer_buf(call, &text);
}

static const struct admin_command *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static bool split(struct admin_call *call)
{
	char *state = NULL;

	for (char *word = strtok_r(call->line, " \t\r\n", &state); word; word = strtok_r(NULL, " \t\r\n", &state)) {
		if (call->count == ADMIN_WORDS)
			return false;
		call->words[call->count++] = word;
	}
	return true;
}

void admin_execute(struct transport *transport, const char *line, void (*done)(void *context, const char *answer),
		   void *context)
{
	struct admin_call *call = MEM_NEW(struct admin_call);

	*call = (struct admin_call){
		.transport = transport, .line = mem_strdup(line), .done = done, .context = context};
	if (!split(call)) {
		answer(call, "Error: Too many arguments.");
		return;
	}
	bool set = call->count > 0 && !strcmp(call->words[0], "set");
	bool get = call->count > 0 && !strcmp(call->words[0], "get");

	if (set || get) {
		call->count--;
		memmove(call->words, call->words + 1, (size_t)call->count * sizeof(call->words[0]));
	}
	const struct admin_command *command = call->count > 0 ? find(call->words[0]) : NULL;

	if (!command)
		answer(call, "Error: Unknown variable or command");
	else if (set)
		answer(call, "Error: This variable cannot be set.");
	else if (get && command->count >= 0)
		answer(call, "Error: This variable cannot be get.");
	else if (call->count - 1 < command->count)
		answer(call, command->count == 3 ? "Error: Bad argument count" : "Error: Argument is missing.");
	else if (call->count - 1 > (command->count < 0 ? 0 : command->count))
		answer(call, "Error: Too many arguments.");
	else
		command->run(call);
}
