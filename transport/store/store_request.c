/* SPDX-License-Identifier: MIT */
#include "transport/store/store_request.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"

struct request *request_create(enum request_kind kind, enum driver_mode mode)
{
	struct request *request = MEM_NEW(struct request);
	list_init(&request->link);
	request->kind = kind;
	request->mode = mode;
	request->made = clock_ms();
	return request;
}

void request_drop_result(struct request *request)
{
	account_result_finish(&request->found);
	identities_result_finish(&request->listed);
	bans_result_finish(&request->bans);
	values_result_finish(&request->kept);
	places_result_finish(&request->places);
}

static void drop_arguments(struct request *request)
{
	char **texts[] = {&request->key,      &request->frontend, &request->address, &request->legacy_name,
	                  &request->language, &request->name,     &request->groups,  &request->icon_hash,
	                  &request->kind_of_place};
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		MEM_FREE(*texts[i]);
	mem_free_secret(request->password);
	mem_free_secret(request->value); /* settings hold tokens */
	request->password = request->value = NULL;
	values_free(request->values, request->values_count);
	request->values = NULL;
	request->values_count = 0;
}

void request_destroy(struct request **request)
{
	if (*request == NULL)
		return;
	request_drop_result(*request);
	drop_arguments(*request);
	mem_free((*request)->problem);
	MEM_FREE(*request);
}

bool request_has_callback(const struct request *request)
{
	return request->done != NULL || request->account_done != NULL || request->keys_done != NULL ||
	       request->bans_done != NULL || request->values_done != NULL || request->places_done != NULL;
}

void request_refuse(struct request *request)
{
	drop_arguments(request);
	request->refused = true;
	request->mode = DRIVER_READ; /* not to be gathered with those that are carried out */
	request->bytes = 0;
}

static int execute_contact(struct request *request, struct accounts *accounts)
{
	return accounts_put_contact(accounts, request->account, request->name, request->value,
	                            request->groups, request->flag, request->flags, request->icon_hash);
}

static int execute_add(struct request *request, struct accounts *accounts)
{
	return accounts_add(accounts, request->key, request->frontend, request->address, request->legacy_name,
	                    request->password, request->language, &request->found);
}

int request_execute(struct request *request, struct accounts *accounts)
{
	request_drop_result(request);
	switch (request->kind) {
	case REQUEST_FIND:
		return accounts_find(accounts, request->frontend, request->address, &request->found);
	case REQUEST_GET:
		return accounts_get(accounts, request->key, &request->found);
	case REQUEST_ADD:
		return execute_add(request, accounts);
	case REQUEST_CHANGE:
		return accounts_change(accounts, request->key, request->legacy_name, request->password,
		                       request->language);
	case REQUEST_REMOVE:
		return accounts_remove(accounts, request->key);
	case REQUEST_NAME_TAKEN:
		return accounts_name_taken(accounts, request->legacy_name);
	case REQUEST_ONLINE:
		return accounts_set_online(accounts, request->account, request->flag);
	case REQUEST_SETTING:
		return accounts_set_setting(accounts, request->account, request->name, request->value);
	case REQUEST_ADD_IDENTITY:
		return accounts_add_identity(accounts, request->account, request->frontend, request->address);
	case REQUEST_REMOVE_IDENTITY:
		return accounts_remove_identity(accounts, request->frontend, request->address);
	case REQUEST_PUT_CONTACT:
		return execute_contact(request, accounts);
	case REQUEST_REMOVE_CONTACT:
		return accounts_remove_contact(accounts, request->account, request->name);
	case REQUEST_LIST:
		return accounts_list_identities(accounts, request->flag, &request->listed);
	case REQUEST_LIST_BANS:
		return accounts_list_bans(accounts, &request->bans);
	case REQUEST_PUT_BAN:
		return accounts_put_ban(accounts, request->key, request->value);
	case REQUEST_REMOVE_BAN:
		return accounts_remove_ban(accounts, request->key);
	case REQUEST_PUT_VALUES:
		return values_put(accounts, request->key, request->values, request->values_count);
	case REQUEST_GET_VALUES:
		return values_get(accounts, request->key, &request->kept);
	case REQUEST_LIST_PLACES:
		return accounts_list_places(accounts, request->frontend, &request->places);
	case REQUEST_PUT_PLACE:
		return accounts_put_place(accounts, request->frontend, request->key, request->kind_of_place,
		                          request->address, request->name, request->value);
	case REQUEST_REMOVE_PLACE:
		return accounts_remove_place(accounts, request->frontend, request->key);
	case REQUEST_GIVE_BACK:
		accounts->db->ops->give_memory_back(accounts->db);
		return 0;
	}
	return TP_ERR_INVALID;
}

void request_answer(struct request *request)
{
	bool good = request->err == 0;
	if (request->done != NULL)
		request->done(request->context, request->err);
	if (good && request->account_done != NULL)
		stored_contacts_make(&request->found.contacts);
	if (request->account_done != NULL)
		request->account_done(request->context, request->err, good ? &request->found.account : NULL);
	if (request->keys_done != NULL)
		request->keys_done(request->context, request->err, good ? request->listed.items : NULL,
		                   good ? request->listed.count : 0);
	if (request->bans_done != NULL)
		request->bans_done(request->context, request->err, good ? request->bans.items : NULL,
		                   good ? request->bans.count : 0);
	if (request->values_done != NULL)
		request->values_done(request->context, request->err, good ? request->kept.items : NULL,
		                     good ? request->kept.count : 0, good ? request->kept.damaged : 0);
	if (request->places_done != NULL)
		request->places_done(request->context, request->err, good ? request->places.items : NULL,
		                     good ? request->places.count : 0);
}
