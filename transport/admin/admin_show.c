/* SPDX-License-Identifier: MIT */
/* Variables and lists: nothing here changes anything. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "transport/admin/admin_call.h"
#include "transport/backend/backend.h"
#include "transport/backend/network_plugin_server.h"
#include "transport/drain.h"
#include "transport/frontend.h"
#include "transport/people/ban.h"
#include "transport/people/roster.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/rooms/room.h"
#include "transport/transport.h"

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

/* ---------------------------------------------------------------------------------------------- variables */

static uint64_t positive(int64_t number)
{
	return number > 0 ? (uint64_t)number : 0;
}

static uint64_t all_memory_kb(const struct transport *transport, bool shared)
{
	uint64_t sum = shared ? mem_shared_kb() : mem_resident_kb();
	const struct network_plugin_server *server = transport->backends;

	for (struct backend *backend = network_plugin_server_first(server); backend;
	     backend = network_plugin_server_next(server, backend))
		sum += positive(shared ? backend->stats.shared_kb : backend->stats.resident_kb);
	return sum;
}

static uint64_t used_memory_kb(const struct transport *transport)
{
	uint64_t resident = all_memory_kb(transport, false), shared = all_memory_kb(transport, true);

	return resident > shared ? resident - shared : 0;
}

static void put_crashed(const struct transport *transport, struct buf *out)
{
	for (unsigned i = 0; i < transport->crashed_count; i++)
		buf_printf(out, "%s%d", i ? "\n" : "", transport->crashed[i]);
}

static uint64_t number_of(const struct transport *transport, enum admin_id id)
{
	size_t online;

	switch (id) {
	case ADMIN_UPTIME:
		return (clock_ms() - transport->started_ms) / 1000;
	case ADMIN_DRAINING:
		return drain_sentence(transport) != NULL;
	case ADMIN_ONLINE_USERS_COUNT:
		return online_count(transport);
	case ADMIN_MESSAGES_FROM:
		return transport->counters.messages_from_people;
	case ADMIN_MESSAGES_TO:
		return transport->counters.messages_to_people;
	case ADMIN_BACKENDS_COUNT:
		return network_plugin_server_count(transport->backends);
	case ADMIN_CRASHED_BACKENDS_COUNT:
		return transport->counters.backends_crashed;
	case ADMIN_RES_MEMORY:
		return all_memory_kb(transport, false);
	case ADMIN_SHR_MEMORY:
		return all_memory_kb(transport, true);
	case ADMIN_USED_MEMORY:
		return used_memory_kb(transport);
	case ADMIN_AVERAGE_MEMORY:
		online = online_count(transport);
		return online ? used_memory_kb(transport) / online : 0;
	default:
		return 0;
	}
}

void admin_put_variable(const struct transport *transport, enum admin_id id, struct buf *out)
{
	if (id == ADMIN_STATUS)
		buf_printf(out, "Running (%zu users connected using %u backends)", online_count(transport),
		           network_plugin_server_count(transport->backends));
	else if (id == ADMIN_LOG_LEVEL)
		buf_puts(out, log_level_name(log_threshold));
	else if (id == ADMIN_CRASHED_BACKENDS)
		put_crashed(transport, out);
	else
		buf_printf(out, "%" PRIu64, number_of(transport, id));
}

void admin_show_status(struct admin_call *call)
{
	const struct transport *transport = call->transport;
	struct buf text = {0}, object = {0};

	admin_put_variable(transport, ADMIN_STATUS, &text);
	if (!call->json) {
		admin_answer_buf(call, &text);
		return;
	}
	buf_puts(&object, "{\"command\":\"status\",\"value\":");
	json_put_string(&object, buf_text(&text));
	buf_printf(&object, ",\"users\":%zu,\"backends\":%u,\"uptime\":%" PRIu64 ",\"draining\":%s}",
	           online_count(transport), network_plugin_server_count(transport->backends),
	           number_of(transport, ADMIN_UPTIME), drain_sentence(transport) ? "true" : "false");
	buf_finish(&text);
	admin_answer_json(call, &object);
}

/* -------------------------------------------------------------------------------------------------- lists */

static void put_person(struct table *table, const struct transport *transport, const char *key)
{
	char *shown = admin_shown_person(transport, key);

	table_put_text(table, shown);
	mem_free(shown);
}

static struct table *online_table(const struct transport *transport)
{
	static const struct table_column columns[] = {{"user", TABLE_TEXT}, {"name", TABLE_TEXT}};
	struct table *table = table_create(columns, ARRAY_SIZE(columns));
	struct map_iter it = {0};

	while (map_next(transport->users, &it)) {
		const struct user *user = it.value;

		if (!user_is_online(user))
			continue;
		put_person(table, transport, user->key);
		table_put_text(table, user->legacy_name);
	}
	return table;
}

void admin_show_online_users(struct admin_call *call)
{
	struct map_iter it = {0};
	struct buf text = {0};

	if (call->json) {
		struct table *table = online_table(call->transport);

		admin_answer_table(call, &table);
		return;
	}
	while (map_next(call->transport->users, &it)) {
		const struct user *user = it.value;
		char *shown = user_is_online(user) ? admin_shown_person(call->transport, user->key) : NULL;

		if (shown)
			buf_printf(&text, "%s%s \"3rd-party network username:\" \"%s\"", text.len ? "\n" : "",
				   shown, user->legacy_name);
		mem_free(shown);
	}
	admin_answer_buf(call, &text);
}

static void show_has_online_user(struct admin_call *call, const char *key)
{
	const struct user *user = user_find(call->transport, key);

	admin_answer_number(call, user && user_is_online(user));
}

void admin_show_has_online_user(struct admin_call *call)
{
	admin_find_key(call, show_has_online_user);
}

static const char *state_name(enum user_state state)
{
	static const char *const names[] = {
	        [USER_IDLE] = "logged out",       [USER_WAITING] = "waiting",
	        [USER_CONNECTING] = "connecting", [USER_CONNECTED] = "connected",
	        [USER_RETRYING] = "retrying",     [USER_FAILED] = "failed",
	};

	return names[state];
}

static size_t clients_of(const struct user *user)
{
	size_t count = 0;

	LIST_EACH(link, &user->identities)
	LIST_EACH(inner, &CONTAINER_OF(link, struct identity, link)->resources)
	count++;
	return count;
}

static void put_since(struct table *table, uint64_t since_ms)
{
	if (since_ms)
		table_put_number(table, (int64_t)((clock_ms() - since_ms) / 1000));
	else
		table_put_nothing(table);
}

static void put_user(struct table *table, const struct user *user)
{
	bool told = user->state == USER_RETRYING || user->state == USER_FAILED;

	put_person(table, user->transport, user->key);
	table_put_text(table, user->legacy_name);
	table_put_text(table, state_name(user->state));
	if (user->backend)
		table_put_number(table, user->backend->id);
	else
		table_put_nothing(table);
	put_since(table, user->connected_ms);
	put_since(table, user->active_ms);
	table_put_number(table, (int64_t)clients_of(user));
	table_put_number(table, (int64_t)map_count(user->rooms));
	table_put_number(table, (int64_t)contacts_count(user->roster->contacts));
	table_put_number(table, (int64_t)user->messages_out);
	table_put_number(table, (int64_t)user->messages_in);
	table_put_text(table, told ? user->last_error_text : NULL);
}

void admin_show_users(struct admin_call *call)
{
	static const struct table_column columns[] = {
	        {"user", TABLE_TEXT},
	        {"name", TABLE_TEXT, .rank = 2},
	        {"state", TABLE_TEXT},
	        {"backend", TABLE_NUMBER, .rank = 1},
	        {"online", TABLE_SECONDS, .rank = 1},
	        {"idle", TABLE_SECONDS, .rank = 3},
	        {"clients", TABLE_NUMBER, .rank = 4},
	        {"rooms", TABLE_NUMBER, .rank = 3},
	        {"contacts", TABLE_NUMBER, .rank = 5},
	        {"sent", TABLE_NUMBER, .rank = 4},
	        {"received", TABLE_NUMBER, .rank = 4},
	        {"error", TABLE_TEXT, .rank = 1}};
	struct table *table = table_create(columns, ARRAY_SIZE(columns));
	struct map_iter it = {0};

	while (map_next(call->transport->users, &it))
		if (admin_person_has(call->transport, it.key, call->words[0]))
			put_user(table, it.value);
	admin_answer_table(call, &table);
}

static size_t occupants_of(const struct room *room)
{
	size_t count = 0;

	LIST_EACH(link, &room->occupants)
	count++;
	return count;
}

static void put_rooms(struct table *table, const struct user *user)
{
	static const char *const states[] = {"wanted", "joining", "joined"};
	struct map_iter it = {0};

	while (map_next(user->rooms, &it)) {
		const struct room *room = it.value;

		table_put_text(table, room->name);
		put_person(table, user->transport, user->key);
		table_put_text(table, room->nickname);
		table_put_text(table, states[room->state]);
		table_put_number(table, (int64_t)occupants_of(room));
		table_put_number(table, (int64_t)map_count(room->participants));
	}
}

/* NULL: of everybody. */
static void show_rooms(struct admin_call *call, const char *key)
{
	static const struct table_column columns[] = {
	        {"room", TABLE_TEXT},
	        {"user", TABLE_TEXT},
	        {"nickname", TABLE_TEXT, .rank = 1},
	        {"state", TABLE_TEXT},
	        {"clients", TABLE_NUMBER, .rank = 2},
	        {"participants", TABLE_NUMBER, .rank = 2}};
	struct table *table = table_create(columns, ARRAY_SIZE(columns));
	struct map_iter it = {0};

	while (map_next(call->transport->users, &it))
		if (!key || !strcmp(it.key, key))
			put_rooms(table, it.value);
	admin_answer_table(call, &table);
}

void admin_show_rooms(struct admin_call *call)
{
	if (*call->words[0])
		admin_find_key(call, show_rooms);
	else
		show_rooms(call, NULL);
}

void admin_show_bans(struct admin_call *call)
{
	static const struct table_column columns[] = {
	        {"user", TABLE_TEXT}, {"since", TABLE_TEXT, .rank = 1}, {"reason", TABLE_TEXT}};
	struct table *table = table_create(columns, ARRAY_SIZE(columns));
	struct map_iter it = {0};

	while (map_next(call->transport->bans, &it)) {
		const struct ban *ban = it.value;
		char stamp[32];

		clock_format_xmpp(ban->since_s * 1000, stamp);
		put_person(table, call->transport, it.key);
		table_put_text(table, stamp);
		table_put_text(table, *ban->reason ? ban->reason : NULL);
	}
	admin_answer_table(call, &table);
}

static void put_backend(struct table *table, const struct backend *backend)
{
	pid_t pid = backend_pid(backend);

	table_put_number(table, backend->id);
	if (pid)
		table_put_number(table, pid);
	else
		table_put_nothing(table);
	table_put_text(table, backend_state_name(backend));
	table_put_text(table, backend->long_run ? "idle people" : "all");
	table_put_number(table, backend->users_count);
	table_put_number(table, backend->stats.resident_kb);
	table_put_number(table, backend->stats.shared_kb);
	table_put_number(table, (int64_t)backend_queued(backend));
	put_since(table, backend->started_ms);
	put_since(table, backend->heard_ms);
	table_put_number(table, backend->ignored_frames);
}

void admin_show_backends(struct admin_call *call)
{
	static const struct table_column columns[] = {
	        {"id", TABLE_NUMBER},
	        {"pid", TABLE_NUMBER},
	        {"state", TABLE_TEXT},
	        {"for", TABLE_TEXT, .rank = 3},
	        {"users", TABLE_NUMBER},
	        {"memory kib", TABLE_NUMBER, .rank = 1},
	        {"shared kib", TABLE_NUMBER, .rank = 4},
	        {"queued bytes", TABLE_NUMBER, .rank = 1},
	        {"up", TABLE_SECONDS, .rank = 2},
	        {"silent", TABLE_SECONDS, .rank = 2},
	        {"refused", TABLE_NUMBER, .rank = 3}};
	const struct network_plugin_server *server = call->transport->backends;
	struct table *table = table_create(columns, ARRAY_SIZE(columns));

	for (struct backend *backend = network_plugin_server_first(server); backend;
	     backend = network_plugin_server_next(server, backend))
		put_backend(table, backend);
	admin_answer_table(call, &table);
}
