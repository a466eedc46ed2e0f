/* SPDX-License-Identifier: MIT */
#include "transport/conversation.h"

#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "transport/session.h"
#include "transport/user.h"

struct conversation *conversation_find(const struct user *user, const char *contact)
{
	struct text_key key;
	struct conversation *conversation = map_get(user->conversations, text_key_lower(&key, contact));

	text_key_finish(&key);
	return conversation;
}

static void forget_oldest(struct user *user)
{
	struct map_iter it = {0};
	const char *key = NULL;
	struct conversation *oldest = NULL;

	while (map_next(user->conversations, &it)) {
		struct conversation *conversation = it.value;

		if (oldest && conversation->used >= oldest->used)
			continue;
		oldest = conversation;
		key = it.key;
	}
	if (!oldest)
		return;
	map_remove(user->conversations, key);
	conversation_destroy(oldest);
}

static unsigned long long next_use(void)
{
	static unsigned long long uses;

	return ++uses;
}

struct conversation *conversation_open(struct user *user, const char *contact)
{
	struct conversation *conversation = conversation_find(user, contact);

	if (!conversation) {
		struct text_key key;

		if (map_count(user->conversations) >= LIMIT_CONVERSATIONS_PER_USER)
			forget_oldest(user);
		conversation = MEM_NEW(struct conversation);
		map_set(&user->conversations, text_key_lower(&key, contact), conversation);
		text_key_finish(&key);
	}
	conversation->used = next_use();
	return conversation;
}

void conversation_use(struct conversation *conversation, struct resource *from)
{
	conversation->identity = from->identity;
	if (!conversation->resource || strcmp(conversation->resource, from->name) != 0)
		mem_replace(&conversation->resource, from->name);
}

void conversation_unlock(struct user *user, struct identity *identity)
{
	struct map_iter it = {0};

	while (map_next(user->conversations, &it)) {
		struct conversation *conversation = it.value;

		if (conversation->identity == identity)
			MEM_FREE(conversation->resource);
	}
}

void conversation_forget_identity(struct user *user, struct identity *identity)
{
	struct map_iter it = {0};

	while (map_next(user->conversations, &it)) {
		struct conversation *conversation = it.value;

		if (conversation->identity != identity)
			continue;
		conversation->identity = NULL;
		MEM_FREE(conversation->resource);
	}
}

void conversation_destroy(void *value)
{
	struct conversation *conversation = value;

	mem_free(conversation->resource);
	mem_free(conversation);
}
