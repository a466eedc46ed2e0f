/* SPDX-License-Identifier: MIT */
#include "transport/routing/conversation.h"

#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "transport/people/session.h"
#include "transport/people/user.h"

struct conversation *conversation_find(const struct user *user, const char *contact)
{
	struct conversation *conversation = user->last_conversation;
	struct text_key key;

	/* Most of what is said belongs to what was said last. */
	if (conversation && text_equal_nocase(conversation->contact, contact))
		return conversation;
	conversation = map_get(user->conversations, text_key_lower(&key, contact));
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
	if (user->last_conversation == oldest)
		user->last_conversation = NULL;
	mem_free(oldest);
}

static unsigned long long next_use(void)
{
	static unsigned long long uses;

	return ++uses;
}

static struct conversation *begin(struct user *user, const char *contact)
{
	struct conversation *conversation = MEM_NEW_TEXT(struct conversation, contact, contact);

	text_lower(conversation->contact);
	map_set(&user->conversations, conversation->contact, conversation);
	return conversation;
}

struct conversation *conversation_open(struct user *user, const char *contact)
{
	struct conversation *conversation = conversation_find(user, contact);

	if (!conversation) {
		if (map_count(user->conversations) >= LIMIT_CONVERSATIONS_PER_USER)
			forget_oldest(user);
		conversation = begin(user, contact);
	}
	conversation->used = next_use();
	user->last_conversation = conversation;
	return conversation;
}

void conversation_use(struct conversation *conversation, struct resource *from)
{
	conversation->identity = from->identity;
	conversation->resource = from;
}

void conversation_unlock(struct user *user, struct identity *identity)
{
	struct map_iter it = {0};

	while (map_next(user->conversations, &it)) {
		struct conversation *conversation = it.value;

		if (conversation->identity == identity)
			conversation->resource = NULL;
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
		conversation->resource = NULL;
	}
}
