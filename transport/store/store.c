/* SPDX-License-Identifier: MIT */
#include "transport/store/store.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/limits.h"
#include "transport/store/driver.h"
#include "transport/store/schema.h"
#include "transport/store/seal.h"
#include "transport/store/store_accounts.h"
#include "transport/store/store_config.h"
#include "transport/store/store_queue.h"

#define KINDS_OF_FAILURE 16
#define SAME_FAILURE_MS 60000
#define QUEUE_FULL (-1) /* beside the driver's codes, which are positive */

/* A full disk fails every request: one line of log says so, not thousands. */
struct failure {
	int code;
	uint64_t logged;
	bool over; /* a write has succeeded since */
};

struct store {
	struct log log;
	struct driver *db;
	struct seal *seal;
	struct accounts accounts; /* the store thread's while the queue runs */
	struct store_queue *queue;
	struct failure failures[KINDS_OF_FAILURE];
	size_t failures_count;
	bool failing;
};

static struct failure *find_failure(struct store *store, int code)
{
	for (size_t i = 0; i < store->failures_count; i++) {
		if (store->failures[i].code == code)
			return &store->failures[i];
	}
	if (store->failures_count == KINDS_OF_FAILURE)
		return &store->failures[KINDS_OF_FAILURE - 1];
	struct failure *failure = &store->failures[store->failures_count++];
	*failure = (struct failure){.code = code, .over = true};
	return failure;
}

static void log_failure(struct store *store, int code, const char *text)
{
	struct failure *failure = find_failure(store, code);
	uint64_t now = clock_ms();
	bool again = failure->logged != 0 && now - failure->logged < SAME_FAILURE_MS;
	if (!failure->over || again)
		return;
	store->failing = true;
	failure->over = false;
	failure->logged = now;
	log_error(&store->log, "requests fail: %s", text);
}

static void log_success(struct store *store)
{
	if (!store->failing)
		return;
	store->failing = false;
	for (size_t i = 0; i < store->failures_count; i++)
		store->failures[i].over = true;
	log_info(&store->log, "writing works again");
}

static void on_answered(void *context, struct request *request)
{
	struct store *store = context;
	if (request->problem != NULL && request->problem_code != 0)
		log_failure(store, request->problem_code, request->problem);
	else if (request->problem != NULL)
		log_error(&store->log, "%s", request->problem);
	else if (request->mode != DRIVER_READ && request->err == 0)
		log_success(store);
	request_answer(request);
	request_destroy(&request);
}

/* Looks without touching, so that what is not ours stays as it is. A file that cannot be read this way (one
 * whose last words are still in its log, after a crash) is left to the real opening, which checks again. */
static int look_first(const struct store_config *config, struct buf *error)
{
	struct stat st;
	if (stat(config->database, &st) != 0 || (S_ISREG(st.st_mode) && st.st_size == 0))
		return 0;
	if (!S_ISREG(st.st_mode)) {
		buf_printf(error, "database.database: %s is not a file", config->database);
		return TP_ERR_INVALID;
	}
	struct driver_options options = {.database = config->database, .look_only = true};
	struct buf ignored = {0};
	struct driver *db;
	int err = driver_sqlite.open(&db, &options, &ignored);
	if (err == 0) {
		err = schema_check(db, config->prefix, config->database, &ignored);
		db->ops->close(db);
	}
	if (err == TP_ERR_UNSUPPORTED)
		buf_puts(error, buf_text(&ignored));
	buf_finish(&ignored);
	return err == TP_ERR_UNSUPPORTED ? err : 0;
}

static int open_database(struct store *store, const struct store_config *config, struct buf *error)
{
	struct driver_options options = {0};
	if (!store_config_in_memory(config)) {
		options.database = config->database;
		int err = look_first(config, error);
		if (err == 0)
			err = store_config_make_folder(config, error);
		if (err != 0)
			return err;
	}
	int err = driver_sqlite.open(&store->db, &options, error);
	if (err == 0)
		err = schema_check(store->db, config->prefix, config->database, error);
	if (err == 0)
		err = schema_migrate(store->db, config->prefix, schema_steps, schema_steps_count, error);
	if (err == 0)
		accounts_init(&store->accounts, store->db, config->prefix);
	return err;
}

static bool is_missing(const char *path)
{
	struct stat st;
	return lstat(path, &st) != 0 && errno == ENOENT;
}

/* A new key beside old passwords would make them unreadable for good, and hide that the old one is lost. */
static int open_seal(struct store *store, const struct store_config *config, struct buf *error)
{
	char *path = store_config_in_memory(config) ? NULL : store_config_key_path(config);
	int err = 0;
	/* Looked for again at the end: another process may have made it, and sealed with it, in between. */
	if (path != NULL && is_missing(path) && accounts_any_sealed(&store->accounts) == 0 && is_missing(path)) {
		buf_printf(error,
		           "key file %s is missing, and the database has passwords that were sealed with it: "
		           "put "
		           "it back from a backup (docs/storage.md says what to do if it is lost)",
		           path);
		err = TP_ERR_NOT_FOUND;
	}
	if (err == 0)
		err = seal_open(&store->seal, path, error);
	mem_free(path);
	store->accounts.seal = store->seal;
	return err;
}

static void destroy(struct store *store)
{
	accounts_finish(&store->accounts);
	if (store->db != NULL)
		store->db->ops->close(store->db);
	seal_close(&store->seal);
	mem_free(store);
}

int store_open(struct store **out, uv_loop_t *loop, const struct store_config *config, struct buf *error)
{
	*out = NULL;
	int err = store_config_check(config, error);
	if (err != 0)
		return err;
	struct store *store = MEM_NEW(struct store);
	store->log.label = "store";
	if (*config->encryption_key != '\0')
		log_warning(&store->log,
		            "database.encryption_key is ignored: passwords are sealed with the key in "
		            "database.key_file");
	err = open_database(store, config, error);
	if (err == 0)
		err = open_seal(store, config, error);
	if (err == 0) {
		store->queue = store_queue_start(loop, &store->accounts, on_answered, store);
		err = store->queue == NULL ? TP_ERR_IO : 0;
		if (err != 0)
			buf_puts(error, "the thread of the database cannot be started");
	}
	if (err != 0) {
		destroy(store);
		return err;
	}
	*out = store;
	return 0;
}

void store_hurry(struct store *store)
{
	store_queue_hurry(store->queue, clock_ms() + LIMIT_STORE_CLOSE_SECONDS * 1000);
}

const struct seal *store_seal(const struct store *store)
{
	return store->seal;
}

size_t store_queued(const struct store *store)
{
	return store->queue ? store_queue_bytes(store->queue) : 0;
}

void store_close(struct store **slot)
{
	struct store *store = *slot;
	if (store == NULL)
		return;
	/* callbacks may still use *slot, and even close it once more */
	store_queue_stop(&store->queue);
	if (store->queue != NULL)
		return;
	*slot = NULL;
	destroy(store);
}

static size_t length_of(const char *text)
{
	return text == NULL ? 0 : strlen(text) + 1;
}

static size_t size_of(const struct request *request)
{
	return sizeof(*request) + length_of(request->key) + length_of(request->frontend) +
	       length_of(request->address) + length_of(request->legacy_name) + length_of(request->password) +
	       length_of(request->language) + length_of(request->name) + length_of(request->value) +
	       length_of(request->groups) + length_of(request->icon_hash) + length_of(request->kind_of_place) +
	       values_bytes(request->values, request->values_count);
}

static void submit(struct store *store, struct request *request, void *context)
{
	request->context = context;
	request->bytes = size_of(request);
	if (!store_queue_is_full(store->queue, request->bytes)) {
		store_queue_put(store->queue, request);
		return;
	}
	log_failure(store, QUEUE_FULL, "the database is too slow: too many requests wait for it");
	if (!request_has_callback(request)) {
		request_destroy(&request);
		return;
	}
	request_refuse(request);
	store_queue_put(store->queue, request);
}

void store_find_account(struct store *store, const char *frontend, const char *address,
                        store_account_done *done, void *context)
{
	struct request *request = request_create(REQUEST_FIND, DRIVER_READ);
	request->frontend = mem_strdup(frontend);
	request->address = mem_strdup(address);
	request->account_done = done;
	submit(store, request, context);
}

void store_get_account(struct store *store, const char *key, store_account_done *done, void *context)
{
	struct request *request = request_create(REQUEST_GET, DRIVER_READ);
	request->key = mem_strdup(key);
	request->account_done = done;
	submit(store, request, context);
}

void store_add_account(struct store *store, const char *key, const char *frontend, const char *address,
                       const char *legacy_name, const char *password, const char *language,
                       store_account_done *done, void *context)
{
	struct request *request = request_create(REQUEST_ADD, DRIVER_DURABLE);
	request->key = mem_strdup(key);
	request->frontend = mem_strdup(frontend);
	request->address = mem_strdup(address);
	request->legacy_name = mem_strdup(legacy_name);
	request->password = mem_strdup(password == NULL ? "" : password);
	request->language = mem_strdup(language == NULL ? "" : language);
	request->account_done = done;
	submit(store, request, context);
}

void store_change_account(struct store *store, const char *key, const char *legacy_name, const char *password,
                          const char *language, store_done *done, void *context)
{
	struct request *request = request_create(REQUEST_CHANGE, DRIVER_DURABLE);
	request->key = mem_strdup(key);
	request->legacy_name = mem_strdup(legacy_name);
	request->password = mem_strdup(password);
	request->language = mem_strdup(language);
	request->done = done;
	submit(store, request, context);
}

void store_remove_account(struct store *store, const char *key, store_done *done, void *context)
{
	struct request *request = request_create(REQUEST_REMOVE, DRIVER_DURABLE);
	request->key = mem_strdup(key);
	request->done = done;
	submit(store, request, context);
}

void store_legacy_name_taken(struct store *store, const char *legacy_name, store_done *done, void *context)
{
	struct request *request = request_create(REQUEST_NAME_TAKEN, DRIVER_READ);
	request->legacy_name = mem_strdup(legacy_name);
	request->done = done;
	submit(store, request, context);
}

void store_give_memory_back(struct store *store)
{
	submit(store, request_create(REQUEST_GIVE_BACK, DRIVER_READ), NULL);
}

void store_set_online(struct store *store, int64_t account, bool online)
{
	struct request *request = request_create(REQUEST_ONLINE, DRIVER_WRITE);
	request->account = account;
	request->flag = online;
	submit(store, request, NULL);
}

void store_set_setting(struct store *store, int64_t account, const char *name, const char *value,
                       store_done *done, void *context)
{
	struct request *request =
	        request_create(REQUEST_SETTING, done == NULL ? DRIVER_WRITE : DRIVER_DURABLE);
	request->account = account;
	request->name = mem_strdup(name);
	request->value = mem_strdup(value);
	request->done = done;
	submit(store, request, context);
}

void store_add_identity(struct store *store, int64_t account, const char *frontend, const char *address,
                        store_done *done, void *context)
{
	struct request *request = request_create(REQUEST_ADD_IDENTITY, DRIVER_DURABLE);
	request->account = account;
	request->frontend = mem_strdup(frontend);
	request->address = mem_strdup(address);
	request->done = done;
	submit(store, request, context);
}

void store_remove_identity(struct store *store, const char *frontend, const char *address, store_done *done,
                           void *context)
{
	struct request *request = request_create(REQUEST_REMOVE_IDENTITY, DRIVER_DURABLE);
	request->frontend = mem_strdup(frontend);
	request->address = mem_strdup(address);
	request->done = done;
	submit(store, request, context);
}

/* A newline ends a group's name in the database; in a name it is not legal anyway. */
static char *join_groups(const char *const *groups, size_t count)
{
	struct buf joined = {0};
	for (size_t i = 0; i < count && i < LIMIT_GROUPS_PER_CONTACT; i++) {
		if (*groups[i] == '\0')
			continue;
		if (joined.len != 0)
			buf_putc(&joined, '\n');
		size_t start = joined.len;
		buf_puts(&joined, groups[i]);
		for (size_t at = start; at < joined.len; at++)
			joined.data[at] = joined.data[at] == '\n' ? ' ' : joined.data[at];
	}
	return buf_take(&joined);
}

void store_put_contact(struct store *store, int64_t account, const struct store_contact *contact)
{
	struct request *request = request_create(REQUEST_PUT_CONTACT, DRIVER_WRITE);
	request->account = account;
	request->name = mem_strdup(contact->name);
	request->value = mem_strdup(contact->alias == NULL ? "" : contact->alias);
	request->groups = join_groups(contact->groups, contact->groups_count);
	request->flag = contact->subscribed;
	request->flags = contact->flags;
	request->icon_hash = mem_strdup(contact->icon_hash == NULL ? "" : contact->icon_hash);
	submit(store, request, NULL);
}

void store_remove_contact(struct store *store, int64_t account, const char *name)
{
	struct request *request = request_create(REQUEST_REMOVE_CONTACT, DRIVER_WRITE);
	request->account = account;
	request->name = mem_strdup(name);
	submit(store, request, NULL);
}

void store_list_identities(struct store *store, bool all, store_keys_done *done, void *context)
{
	struct request *request = request_create(REQUEST_LIST, DRIVER_READ);
	request->flag = all;
	request->keys_done = done;
	submit(store, request, context);
}

void store_list_bans(struct store *store, store_bans_done *done, void *context)
{
	struct request *request = request_create(REQUEST_LIST_BANS, DRIVER_READ);
	request->bans_done = done;
	submit(store, request, context);
}

void store_put_ban(struct store *store, const char *key, const char *reason, store_done *done, void *context)
{
	struct request *request = request_create(REQUEST_PUT_BAN, DRIVER_DURABLE);
	request->key = mem_strdup(key);
	request->value = mem_strdup(reason == NULL ? "" : reason);
	request->done = done;
	submit(store, request, context);
}

void store_remove_ban(struct store *store, const char *key, store_done *done, void *context)
{
	struct request *request = request_create(REQUEST_REMOVE_BAN, DRIVER_DURABLE);
	request->key = mem_strdup(key);
	request->done = done;
	submit(store, request, context);
}

void store_put_values(struct store *store, const char *key, const struct event_value *values, size_t count,
                      store_done *done, void *context)
{
	struct request *request = request_create(REQUEST_PUT_VALUES, DRIVER_DURABLE);
	request->key = mem_strdup(key);
	request->values = values_copy(values, count);
	request->values_count = count;
	request->done = done;
	submit(store, request, context);
}

void store_get_values(struct store *store, const char *key, store_values_done *done, void *context)
{
	struct request *request = request_create(REQUEST_GET_VALUES, DRIVER_READ);
	request->key = mem_strdup(key);
	request->values_done = done;
	submit(store, request, context);
}

void store_list_places(struct store *store, const char *frontend, store_places_done *done, void *context)
{
	struct request *request = request_create(REQUEST_LIST_PLACES, DRIVER_READ);
	request->frontend = mem_strdup(frontend);
	request->places_done = done;
	submit(store, request, context);
}

void store_put_place(struct store *store, const char *frontend, const struct store_place *place, store_done *done,
                     void *context)
{
	struct request *request = request_create(REQUEST_PUT_PLACE, DRIVER_DURABLE);
	request->frontend = mem_strdup(frontend);
	request->key = mem_strdup(place->place);
	request->kind_of_place = mem_strdup(place->kind);
	request->address = mem_strdup(place->owner == NULL ? "" : place->owner);
	request->name = mem_strdup(place->name == NULL ? "" : place->name);
	request->value = mem_strdup(place->value == NULL ? "" : place->value);
	request->done = done;
	submit(store, request, context);
}

void store_remove_place(struct store *store, const char *frontend, const char *place, store_done *done, void *context)
{
	struct request *request = request_create(REQUEST_REMOVE_PLACE, DRIVER_DURABLE);
	request->frontend = mem_strdup(frontend);
	request->key = mem_strdup(place);
	request->done = done;
	submit(store, request, context);
}
