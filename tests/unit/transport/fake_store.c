/* SPDX-License-Identifier: MIT */
/* A store in memory that answers in order, when the test pumps. */
#include <stdio.h>

#include "tests/unit/transport/fixture.h"

#include "transport/store/seal.h"

const struct config_table store_config_table = {.module = "store"};

#define ACCOUNTS (LIMIT_PORTRAITS + LIMIT_LINK_CODES + 2)

struct row {
	struct store_account account;
	struct event_setting settings[4];
	const char *contacts[4]; /* names */
	size_t contacts_count;
	struct contacts *lent; /* while an answer is given */
	struct store_identity identities[LIMIT_IDENTITIES_PER_ACCOUNT];
	char *kept[4]; /* values, "key=text" */
};

enum kind {
	FIND, /* by `frontend` and address */
	GET,  /* by key */
	ADD,
	CHANGE,
	REMOVE,
	TAKEN,
	SETTING,
	LIST,
	LIST_BANS,
	PUT_BAN,
	REMOVE_BAN,
	PUT_VALUES,
	GET_VALUES,
	ADD_IDENTITY,
	REMOVE_IDENTITY
};

struct request {
	struct list link;
	enum kind kind;
	char *address, *legacy_name, *password;
	const char *frontend;
	char *key;     /* of an account that is to be added */
	int64_t account;
	void *done;
	void *context;
};

struct store {
	struct list queue;
	struct row *rows[ACCOUNTS];
	size_t used; /* rows behind those are NULL */
	char *banned, *ban_reason; /* there is at most one */
	int64_t last_id;
	int values_err;
	struct seal *seal;
};
static struct store store;
bool store_fails;

int store_open(struct store **opened, uv_loop_t *loop, const struct store_config *config, struct buf *error)
{
	(void)loop;
	(void)config;
	list_init(&store.queue);
	(void)error;
	store.values_err = 0;
	*opened = &store;
	return 0;
}

static struct row **slot_of(const char *address)
{
	for (size_t i = 0; i < store.used; i++)
		if (store.rows[i] && !strcmp(store.rows[i]->account.key, address))
			return &store.rows[i];
	return NULL;
}

static struct row *row_of(const char *address)
{
	struct row **slot = slot_of(address);

	return slot ? *slot : NULL;
}

static struct row *row_with(const char *frontend, const char *address, size_t *index)
{
	for (size_t i = 0; i < store.used; i++)
		for (size_t k = 0; store.rows[i] && k < store.rows[i]->account.identities_count; k++) {
			const struct store_identity *identity = &store.rows[i]->identities[k];

			if (strcmp(identity->frontend, frontend) != 0 || strcmp(identity->address, address) != 0)
				continue;
			*index = k;
			return store.rows[i];
		}
	return NULL;
}

static struct row *row_numbered(int64_t id)
{
	for (size_t i = 0; i < store.used; i++)
		if (store.rows[i] && store.rows[i]->account.id == id)
			return store.rows[i];
	return NULL;
}

static void put_identity(struct row *row, const char *frontend, const char *address)
{
	assert_true(row->account.identities_count < ARRAY_SIZE(row->identities));
	row->identities[row->account.identities_count++] = (struct store_identity){frontend, mem_strdup(address)};
}

size_t store_queued(const struct store *queried)
{
	(void)queried;
	return 0;
}

void store_account(const char *address, const char *legacy_name, const char *password)
{
	struct row *row = MEM_NEW(struct row);

	row->account = (struct store_account){.id = ++store.last_id,
					      .key = mem_strdup(address),
					      .legacy_name = mem_strdup(legacy_name),
					      .password = mem_strdup(password),
					      .language = "en",
					      .settings = row->settings,
					      .contacts = &row->lent,
					      .identities = row->identities};
	put_identity(row, "xmpp", address);
	size_t i = 0;

	while (i < store.used && store.rows[i])
		i++;
	assert_true(i < ACCOUNTS);
	store.rows[i] = row;
	if (i == store.used)
		store.used++;
}

static void free_row(struct row **slot)
{
	mem_free((char *)(*slot)->account.key);
	mem_free((char *)(*slot)->account.legacy_name);
	mem_free((char *)(*slot)->account.password);
	for (size_t i = 0; i < (*slot)->account.identities_count; i++)
		mem_free((char *)(*slot)->identities[i].address);
	for (size_t i = 0; i < ARRAY_SIZE((*slot)->kept); i++)
		mem_free((*slot)->kept[i]);
	MEM_FREE(*slot);
}

void store_setting(const char *address, const char *name, const char *value)
{
	struct row *row = row_of(address);

	row->settings[row->account.settings_count++] = (struct event_setting){name, value};
}

void store_contact(const char *address, const char *name)
{
	struct row *row = row_of(address);

	row->contacts[row->contacts_count++] = name;
}

void store_mark_online(const char *address)
{
	row_of(address)->account.online = true;
}

void store_ban(const char *address, const char *reason)
{
	store.banned = mem_strdup(address);
	store.ban_reason = mem_strdup(reason);
}

bool store_has(const char *address)
{
	return row_of(address) != NULL;
}

const char *store_password(const char *address)
{
	return row_of(address)->account.password;
}

static void replace(const char **slot, const char *text)
{
	if (!text)
		return;
	mem_free((char *)*slot);
	*slot = mem_strdup(text);
}

static void answer_account(const struct request *request, struct row *row, int err)
{
	store_account_done *done = (store_account_done *)request->done;

	if (err) {
		done(request->context, err, NULL);
		return;
	}
	for (size_t i = 0; i < row->contacts_count; i++) {
		bool is_new;
		struct contact *contact = contacts_add(&row->lent, row->contacts[i], NULL, &is_new);

		contact->status = STATUS_OFFLINE;
		contact->subscribed = contact->stored = true;
	}
	done(request->context, 0, &row->account);
	contacts_destroy(&row->lent, contact_finish);
}

static void answer_done(const struct request *request, int err)
{
	store_done *done = (store_done *)request->done;

	if (done)
		done(request->context, err);
}

static void add(const struct request *request)
{
	size_t index;

	if (row_of(request->key) || row_with(request->frontend, request->address, &index)) {
		answer_account(request, NULL, TP_ERR_EXISTS);
		return;
	}
	store_account(request->key, request->legacy_name, request->password);
	struct row *row = row_of(request->key);

	replace(&row->identities[0].address, request->address);
	row->identities[0].frontend = request->frontend;
	buf_printf(&fx->log, "store add %s %s\n", request->key, request->legacy_name);
	answer_account(request, row, 0);
}

static void change(const struct request *request)
{
	struct row *row = row_of(request->address);

	if (row) {
		replace(&row->account.legacy_name, request->legacy_name);
		replace(&row->account.password, request->password);
	}
	buf_printf(&fx->log, "store change %s\n", request->address);
	answer_done(request, row ? 0 : TP_ERR_NOT_FOUND);
}

static void drop(const struct request *request)
{
	struct row **slot = slot_of(request->address);

	buf_printf(&fx->log, "store remove %s\n", request->address);
	if (slot)
		free_row(slot);
	answer_done(request, slot ? 0 : TP_ERR_NOT_FOUND);
}

static void add_identity(const struct request *request)
{
	struct row *row = row_numbered(request->account);
	size_t index;
	int err = !row ? TP_ERR_NOT_FOUND : row_with(request->frontend, request->address, &index) ? TP_ERR_EXISTS : 0;

	buf_printf(&fx->log, "store link %s %s %d\n", request->frontend, request->address, err);
	if (!err)
		put_identity(row, request->frontend, request->address);
	answer_done(request, err);
}

static void remove_identity(const struct request *request)
{
	size_t index;
	struct row *row = row_with(request->frontend, request->address, &index);
	int err = !row ? TP_ERR_NOT_FOUND : row->account.identities_count == 1 ? TP_ERR_NOT_ALLOWED : 0;

	buf_printf(&fx->log, "store unlink %s %s %d\n", request->frontend, request->address, err);
	if (!err) {
		mem_free((char *)row->identities[index].address);
		row->identities[index] = row->identities[--row->account.identities_count];
	}
	answer_done(request, err);
}

static void look_for_name(const struct request *request)
{
	int err = TP_ERR_NOT_FOUND;

	for (size_t i = 0; i < store.used; i++)
		if (store.rows[i] && !strcmp(store.rows[i]->account.legacy_name, request->legacy_name))
			err = 0;
	answer_done(request, err);
}

static void list_all(const struct request *request)
{
	store_keys_done *done = (store_keys_done *)request->done;
	struct store_identity identities[ACCOUNTS];
	size_t count = 0;

	for (size_t i = 0; i < store.used; i++)
		if (store.rows[i] && store.rows[i]->account.online)
			identities[count++] = store.rows[i]->identities[0];
	done(request->context, 0, identities, count);
}

static void list_bans(const struct request *request)
{
	store_bans_done *done = (store_bans_done *)request->done;
	const struct store_ban ban = {store.banned, store.ban_reason, 1000000000};

	done(request->context, 0, store.banned ? &ban : NULL, store.banned ? 1 : 0);
}

void store_fail_values(int err)
{
	store.values_err = err;
}

void store_value(const char *address, const char *text)
{
	struct row *row = row_of(address);

	for (size_t i = 0; i < ARRAY_SIZE(row->kept); i++) {
		if (row->kept[i])
			continue;
		row->kept[i] = mem_strdup(text);
		return;
	}
	fail();
}

static void get_values(const struct request *request)
{
	store_values_done *done = (store_values_done *)request->done;
	struct row *row = row_of(request->address);
	struct event_value values[4];
	char *keys[4];
	size_t count = 0;

	for (size_t i = 0; row && i < ARRAY_SIZE(row->kept) && row->kept[i]; i++) {
		const char *text = strchr(row->kept[i], '=') + 1;

		keys[count] = mem_strndup(row->kept[i], (size_t)(text - 1 - row->kept[i]));
		values[count] = (struct event_value){keys[count], (const uint8_t *)text, strlen(text)};
		count++;
	}
	done(request->context, store.values_err, store.values_err ? NULL : values, store.values_err ? 0 : count, 0);
	for (size_t i = 0; i < count; i++)
		mem_free(keys[i]);
}

static void run(const struct request *request)
{
	size_t index;
	struct row *row;

	switch (request->kind) {
	case FIND:
		row = row_with(request->frontend, request->address, &index);
		/* Elsewhere whoever has an XMPP address is known by it as well: most tests have nobody else there. */
		if (!row && strcmp(request->frontend, "xmpp") != 0)
			row = row_of(request->address);
		answer_account(request, row, row ? 0 : TP_ERR_NOT_FOUND);
		break;
	case GET:
		row = row_of(request->address);
		answer_account(request, row, row ? 0 : TP_ERR_NOT_FOUND);
		break;
	case ADD:
		add(request);
		break;
	case CHANGE:
		change(request);
		break;
	case REMOVE:
		drop(request);
		break;
	case TAKEN:
		look_for_name(request);
		break;
	case SETTING:
		answer_done(request, 0);
		break;
	case LIST:
		list_all(request);
		break;
	case LIST_BANS:
		list_bans(request);
		break;
	case PUT_BAN:
		buf_printf(&fx->log, "store ban %s '%s'\n", request->address, request->legacy_name);
		answer_done(request, store_fails ? TP_ERR_STORE : 0);
		break;
	case REMOVE_BAN:
		buf_printf(&fx->log, "store unban %s\n", request->address);
		answer_done(request, store_fails ? TP_ERR_STORE : 0);
		break;
	case PUT_VALUES:
		answer_done(request, store.values_err);
		break;
	case GET_VALUES:
		get_values(request);
		break;
	case ADD_IDENTITY:
		add_identity(request);
		break;
	case REMOVE_IDENTITY:
		remove_identity(request);
		break;
	}
}

const struct seal *store_seal(const struct store *unused)
{
	(void)unused;
	/* Hardly anybody asks for it, and to lock its memory is slow. */
	struct buf error = {0};

	if (!store.seal && seal_open(&store.seal, NULL, &error) < 0)
		fail_msg("%s", buf_text(&error));
	return store.seal;
}

void store_pump_one(void)
{
	if (list_empty(&store.queue))
		return;
	struct request *request = CONTAINER_OF(store.queue.next, struct request, link);

	list_remove(&request->link);
	run(request);
	mem_free(request->address);
	mem_free(request->legacy_name);
	mem_free(request->password);
	mem_free(request->key);
	mem_free(request);
}

void store_pump(void)
{
	while (!list_empty(&store.queue))
		store_pump_one();
}

void store_hurry(struct store *hurried)
{
	(void)hurried;
}

void store_close(struct store **closing)
{
	store_pump();
	for (size_t i = 0; i < store.used; i++)
		if (store.rows[i])
			free_row(&store.rows[i]);
	store.used = 0;
	MEM_FREE(store.banned);
	MEM_FREE(store.ban_reason);
	store_fails = false;
	seal_close(&store.seal);
	*closing = NULL;
}

static struct request *queue(enum kind kind, const char *address, const char *legacy_name, const char *password,
			     void *done, void *context)
{
	struct request *request = MEM_NEW(struct request);

	request->kind = kind;
	request->address = mem_strdup(address);
	request->legacy_name = mem_strdup(legacy_name);
	request->password = mem_strdup(password);
	request->done = done;
	request->context = context;
	list_append(&store.queue, &request->link);
	return request;
}

void store_find_account(struct store *unused, const char *frontend, const char *address,
			store_account_done *done, void *context)
{
	(void)unused;
	queue(FIND, address, NULL, NULL, (void *)done, context)->frontend = frontend;
}

void store_get_account(struct store *unused, const char *key, store_account_done *done, void *context)
{
	(void)unused;
	queue(GET, key, NULL, NULL, (void *)done, context);
}

void store_add_account(struct store *unused, const char *key, const char *frontend, const char *address,
		       const char *legacy_name, const char *password, const char *language,
		       store_account_done *done, void *context)
{
	(void)unused;
	(void)language;
	struct request *request = queue(ADD, address, legacy_name, password, (void *)done, context);

	request->frontend = frontend;
	request->key = mem_strdup(key);
}

void store_change_account(struct store *unused, const char *key, const char *legacy_name,
			  const char *password, const char *language, store_done *done, void *context)
{
	(void)unused;
	(void)language;
	queue(CHANGE, key, legacy_name, password, (void *)done, context);
}

void store_remove_account(struct store *unused, const char *key, store_done *done, void *context)
{
	(void)unused;
	queue(REMOVE, key, NULL, NULL, (void *)done, context);
}

void store_legacy_name_taken(struct store *unused, const char *legacy_name, store_done *done, void *context)
{
	(void)unused;
	queue(TAKEN, NULL, legacy_name, NULL, (void *)done, context);
}

void store_list_identities(struct store *unused, bool all, store_keys_done *done, void *context)
{
	(void)unused;
	(void)all;
	queue(LIST, NULL, NULL, NULL, (void *)done, context);
}

void store_set_setting(struct store *unused, int64_t account, const char *name, const char *value,
		       store_done *done, void *context)
{
	(void)unused;
	(void)account;
	(void)name;
	(void)value;
	queue(SETTING, NULL, NULL, NULL, (void *)done, context);
}

void store_give_memory_back(struct store *unused)
{
	(void)unused;
}

void store_set_online(struct store *unused, int64_t account, bool online)
{
	(void)unused;
	(void)account;
	buf_printf(&fx->log, "store online %d\n", online);
}

void store_put_contact(struct store *unused, int64_t account, const struct store_contact *contact)
{
	(void)unused;
	(void)account;
	buf_printf(&fx->log, "store contact %s\n", contact->name);
}

void store_remove_contact(struct store *unused, int64_t account, const char *name)
{
	(void)unused;
	(void)account;
	buf_printf(&fx->log, "store no-contact %s\n", name);
}

void store_list_bans(struct store *unused, store_bans_done *done, void *context)
{
	(void)unused;
	queue(LIST_BANS, NULL, NULL, NULL, (void *)done, context);
}

void store_put_ban(struct store *unused, const char *key, const char *reason, store_done *done, void *context)
{
	(void)unused;
	queue(PUT_BAN, key, reason, NULL, (void *)done, context);
}

void store_remove_ban(struct store *unused, const char *key, store_done *done, void *context)
{
	(void)unused;
	queue(REMOVE_BAN, key, NULL, NULL, (void *)done, context);
}

void store_put_values(struct store *unused, const char *key, const struct event_value *values, size_t count,
		      store_done *done, void *context)
{
	(void)unused;
	buf_printf(&fx->log, "store values of %s:", key);
	for (size_t i = 0; i < count; i++)
		buf_printf(&fx->log, " %s=%.*s", values[i].key, (int)values[i].size,
			   values[i].bytes ? (const char *)values[i].bytes : "");
	buf_puts(&fx->log, "\n");
	queue(PUT_VALUES, key, NULL, NULL, (void *)done, context);
}

void store_get_values(struct store *unused, const char *key, store_values_done *done, void *context)
{
	(void)unused;
	queue(GET_VALUES, key, NULL, NULL, (void *)done, context);
}

void store_add_identity(struct store *unused, int64_t account, const char *frontend, const char *address,
			store_done *done, void *context)
{
	struct request *request = queue(ADD_IDENTITY, address, NULL, NULL, (void *)done, context);

	(void)unused;
	request->frontend = frontend;
	request->account = account;
}

void store_remove_identity(struct store *unused, const char *frontend, const char *address, store_done *done,
			   void *context)
{
	struct request *request = queue(REMOVE_IDENTITY, address, NULL, NULL, (void *)done, context);

	(void)unused;
	request->frontend = frontend;
}
