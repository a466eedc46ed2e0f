/* SPDX-License-Identifier: MIT */
#include "transport/people/contact_groups.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/map.h"
#include "base/mem.h"
#include "config/limits.h"
#include "transport/people/contacts.h"

_Static_assert(LIMIT_GROUPS_PER_CONTACT <= UINT8_MAX, "contact.groups_count");

struct combination {
	atomic_uint users; /* from and to none with the mutex only */
	uint8_t count;
	char *names[]; /* what contact.groups points to */
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* guards these two */
static struct combination *recent; /* often the next contact's as well; NULL: none */
static struct map *combinations; /* the names, each with a line end behind it -> struct combination; NULL: none */

static struct combination *combination_of(const struct contact *contact)
{
	return CONTAINER_OF(contact->groups, struct combination, names);
}

static const char *combination_key(struct buf *key, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		buf_puts(key, names[i]);
		buf_putc(key, '\n');
	}
	return buf_text(key);
}

static bool same_names(char *const *names, size_t names_count, const char *const *others, size_t count)
{
	if (names_count != count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], others[i]))
			return false;
	return true;
}

static struct combination *look_up(const char *const *names, size_t count)
{
	struct buf key = {0};
	void **slot = map_slot(&combinations, combination_key(&key, names, count));
	struct combination *combination = *slot;

	if (!combination) {
		combination = *slot = mem_alloc(sizeof(*combination) + count * sizeof(char *));
		combination->count = (uint8_t)count;
		for (size_t i = 0; i < count; i++)
			combination->names[i] = mem_strdup(names[i]);
	}
	buf_finish(&key);
	return combination;
}

static struct combination *take(const char *const *names, size_t count)
{
	pthread_mutex_lock(&mutex);
	if (!recent || !same_names(recent->names, recent->count, names, count))
		recent = look_up(names, count);
	struct combination *combination = recent;

	atomic_fetch_add(&combination->users, 1);
	pthread_mutex_unlock(&mutex);
	return combination;
}

/* With the mutex held. */
static void destroy(struct combination *combination)
{
	struct buf key = {0};

	if (recent == combination)
		recent = NULL;
	map_remove(combinations, combination_key(&key, (const char *const *)combination->names, combination->count));
	buf_finish(&key);
	for (size_t i = 0; i < combination->count; i++)
		mem_free(combination->names[i]);
	mem_free(combination);
	if (!map_count(combinations))
		map_destroy(&combinations, NULL);
}

static void release(struct combination *combination)
{
	unsigned users = atomic_load(&combination->users);

	while (users > 1)
		if (atomic_compare_exchange_weak(&combination->users, &users, users - 1))
			return;
	pthread_mutex_lock(&mutex);
	if (atomic_fetch_sub(&combination->users, 1) == 1)
		destroy(combination);
	pthread_mutex_unlock(&mutex);
}

bool contact_set_groups(struct contact *contact, const char *const *names, size_t count)
{
	if (count > LIMIT_GROUPS_PER_CONTACT)
		count = LIMIT_GROUPS_PER_CONTACT;
	if (!count || same_names(contact->groups, contact->groups_count, names, count))
		return false;
	/* The new ones first: they may be some of the old. */
	struct combination *taken = take(names, count);

	contact_drop_groups(contact);
	contact->groups = taken->names;
	contact->groups_count = taken->count;
	return true;
}

void contact_share_groups(struct contact *contact, const struct contact *with)
{
	if (!with->groups)
		return;
	atomic_fetch_add(&combination_of(with)->users, 1);
	contact->groups = with->groups;
	contact->groups_count = with->groups_count;
}

void contact_drop_groups(struct contact *contact)
{
	if (contact->groups)
		release(combination_of(contact));
	contact->groups = NULL;
	contact->groups_count = 0;
}
