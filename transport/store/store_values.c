/* SPDX-License-Identifier: MIT */
#include "transport/store/store_values.h"

#include <sodium.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "config/limits.h"
#include "transport/store/sql.h"

enum query { FIND_ACCOUNT, GET_VALUES, MEASURE_VALUES, PUT_VALUE, REMOVE_VALUE, QUERY_COUNT };
_Static_assert(QUERY_COUNT <= VALUES_QUERIES && ACCOUNTS_QUERIES + VALUES_QUERIES <= DRIVER_SLOTS - 2,
               "slots of the driver");

static const char *const templates[QUERY_COUNT] = {
        [FIND_ACCOUNT] = "SELECT 1 FROM {users} WHERE jid = ?",
        [GET_VALUES] = "SELECT v.name, v.value FROM {users_values} v JOIN {users} u ON u.id = v.user_id "
                       "WHERE u.jid = ? ORDER BY v.name",
        [MEASURE_VALUES] = "SELECT v.name, LENGTH(v.value) FROM {users_values} v JOIN {users} u "
                           "ON u.id = v.user_id WHERE u.jid = ?",
        [PUT_VALUE] = "INSERT INTO {users_values} (user_id, name, value) "
                      "SELECT id, ?, ? FROM {users} WHERE jid = ? {+user_id,name;value}",
        [REMOVE_VALUE] = "DELETE FROM {users_values} WHERE name = ? "
                         "AND user_id = (SELECT id FROM {users} WHERE jid = ?)",
};

static void wipe(const uint8_t *bytes, size_t size)
{
	if (bytes != NULL)
		sodium_memzero((void *)bytes, size);
	mem_free((void *)bytes);
}

void values_free(struct event_value *values, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		mem_free((char *)values[i].key);
		wipe(values[i].bytes, values[i].size);
	}
	mem_free(values);
}

struct event_value *values_copy(const struct event_value *values, size_t count)
{
	struct event_value *copy = mem_alloc((count + 1) * sizeof(*copy));
	for (size_t i = 0; i < count; i++) {
		copy[i].key = mem_strdup(values[i].key);
		if (values[i].bytes == NULL)
			continue;
		uint8_t *bytes = mem_alloc(values[i].size + 1);
		memcpy(bytes, values[i].bytes, values[i].size);
		copy[i].bytes = bytes;
		copy[i].size = values[i].size;
	}
	return copy;
}

size_t values_bytes(const struct event_value *values, size_t count)
{
	size_t bytes = 0;
	for (size_t i = 0; i < count; i++)
		bytes += strlen(values[i].key) + values[i].size;
	return bytes;
}

void values_result_finish(struct values_result *result)
{
	values_free(result->items, result->count);
	*result = (struct values_result){0};
}

void values_init(struct accounts *accounts, const char *prefix)
{
	for (size_t i = 0; i < QUERY_COUNT; i++) {
		struct buf sql = {0};
		sql_expand(&sql, templates[i], prefix, &accounts->db->ops->dialect);
		accounts->values_sql[i] = buf_take(&sql);
	}
}

void values_finish(struct accounts *accounts)
{
	for (size_t i = 0; i < QUERY_COUNT; i++)
		MEM_FREE(accounts->values_sql[i]);
}

/* With its first value, a text. */
static struct statement *prepare(struct accounts *accounts, enum query query, const char *text)
{
	buf_clear(&accounts->problem);
	struct statement *statement = accounts->db->ops->prepare(
	        accounts->db, ACCOUNTS_QUERIES + (unsigned)query, accounts->values_sql[query]);
	if (statement != NULL)
		accounts->db->ops->bind_text(statement, 1, text);
	return statement;
}

static char *value_row(const char *key, const char *name)
{
	return mem_printf("users_values:%s:%s", key, name);
}

static int find_account(struct accounts *accounts, const char *key)
{
	struct statement *statement = prepare(accounts, FIND_ACCOUNT, key);
	int step = statement == NULL ? DRIVER_ERROR : accounts->db->ops->step(statement);
	if (step == DRIVER_ROW)
		accounts->db->ops->reset(statement);
	return step == DRIVER_ROW ? 0 : step == DRIVER_DONE ? TP_ERR_NOT_FOUND : TP_ERR_STORE;
}

static int remove_one(struct accounts *accounts, const char *key, const char *name)
{
	struct statement *statement = prepare(accounts, REMOVE_VALUE, name);
	if (statement == NULL)
		return TP_ERR_STORE;
	accounts->db->ops->bind_text(statement, 2, key);
	return accounts->db->ops->step(statement) == DRIVER_DONE ? 0 : TP_ERR_STORE;
}

static int put_one(struct accounts *accounts, const char *key, const struct event_value *value)
{
	const struct driver_ops *ops = accounts->db->ops;
	struct buf sealed = {0};
	char *row = value_row(key, value->key);
	seal_close_bytes(accounts->seal, row, value->bytes, value->size, &sealed);
	mem_free(row);
	struct statement *statement = prepare(accounts, PUT_VALUE, value->key);
	int err = TP_ERR_STORE;
	if (statement != NULL) {
		ops->bind_blob(statement, 2, sealed.data, sealed.len);
		ops->bind_text(statement, 3, key);
		err = ops->step(statement) == DRIVER_DONE ? 0 : TP_ERR_STORE;
	}
	buf_finish(&sealed);
	return err;
}

/* 0, or TP_ERR_LIMIT: what is there now is too much. */
static int measure(struct accounts *accounts, const char *key)
{
	const struct driver_ops *ops = accounts->db->ops;
	struct statement *statement = prepare(accounts, MEASURE_VALUES, key);
	size_t count = 0, bytes = 0;
	int step = DRIVER_ERROR;
	while (statement != NULL && (step = ops->step(statement)) == DRIVER_ROW) {
		count++;
		bytes += strlen(ops->column_text(statement, 0)) + (size_t)ops->column_int(statement, 1) -
		         SEAL_OVERHEAD;
	}
	if (step != DRIVER_DONE)
		return TP_ERR_STORE;
	return count > LIMIT_VALUES_PER_USER || bytes > LIMIT_VALUES_BYTES ? TP_ERR_LIMIT : 0;
}

int values_put(struct accounts *accounts, const char *key, const struct event_value *values, size_t count)
{
	int err = find_account(accounts, key);
	for (size_t i = 0; i < count && err == 0; i++) {
		if (values[i].size > LIMIT_VALUE_BYTES || strlen(values[i].key) > LIMIT_NAME_BYTES)
			err = TP_ERR_LIMIT;
		else if (values[i].bytes == NULL)
			err = remove_one(accounts, key, values[i].key);
		else
			err = put_one(accounts, key, &values[i]);
	}
	return err == 0 ? measure(accounts, key) : err;
}

/* The current row, unless it does not open. */
static void take_row(struct accounts *accounts, struct statement *statement, const char *key,
                     struct values_result *result)
{
	const struct driver_ops *ops = accounts->db->ops;
	struct buf bytes = {0};
	size_t length;
	char *name = mem_strdup(ops->column_text(statement, 0));
	char *row = value_row(key, name);
	const void *sealed = ops->column_blob(statement, 1, &length);
	int err = seal_open_text(accounts->seal, row, sealed, length, &bytes);
	mem_free(row);
	if (err != 0) {
		buf_finish(&bytes);
		mem_free(name);
		result->damaged++;
		return;
	}
	size_t size = bytes.len;
	result->items = mem_realloc(result->items, (result->count + 1) * sizeof(*result->items));
	result->items[result->count++] =
	        (struct event_value){.key = name, .bytes = (const uint8_t *)buf_take(&bytes), .size = size};
}

int values_get(struct accounts *accounts, const char *key, struct values_result *result)
{
	struct statement *statement = prepare(accounts, GET_VALUES, key);
	int step = DRIVER_ERROR;
	while (statement != NULL && (step = accounts->db->ops->step(statement)) == DRIVER_ROW)
		take_row(accounts, statement, key, result);
	return step == DRIVER_DONE ? 0 : TP_ERR_STORE;
}
