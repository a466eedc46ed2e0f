/* SPDX-License-Identifier: MIT */
#include "transport/people/contacts.h"

#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"
#include "transport/people/contact_groups.h"

#define FEW 8 /* are looked through one by one, without a table */
#define FIRST_ROOM 4
#define GONE UINT32_MAX

/* Of a table with open addressing: a slot that was in use goes on leading to those behind it. */
struct slot {
	uint32_t hash;
	uint32_t item; /* its number + 1; 0: never used; GONE */
};

struct contacts {
	struct contact **items; /* in order of coming; NULL: removed */
	uint32_t used, room;    /* of items */
	uint32_t count;         /* of those that are not removed */
	uint32_t mask;          /* number of slots - 1 */
	uint32_t last;          /* the number + 1 of the one that contacts_add found last; 0: none */
	bool in_order;          /* and that was the one behind its predecessor */
	struct slot *slots;     /* NULL while there are few */
	char *block;            /* of the first contacts; NULL: none were foreseen */
	size_t block_used, block_size;
};

static bool is_named(const struct contact *contact, const char *name)
{
	return !strcmp(contact->name, name) || text_equal_nocase(contact->name, name);
}

static bool is_lower(const char *name, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (name[i] >= 'A' && name[i] <= 'Z')
			return false;
	return true;
}

static uint32_t hash_of(const char *name)
{
	size_t length = strlen(name);
	struct text_key key;

	if (is_lower(name, length))
		return map_hash(name, length);
	uint32_t hash = map_hash(text_key_lower(&key, name), length);

	text_key_finish(&key);
	return hash;
}

static struct slot *find_slot(const struct contacts *contacts, const char *name, uint32_t hash)
{
	for (uint32_t at = hash & contacts->mask; contacts->slots[at].item; at = (at + 1) & contacts->mask) {
		struct slot *slot = &contacts->slots[at];

		if (slot->hash == hash && slot->item != GONE && is_named(contacts->items[slot->item - 1], name))
			return slot;
	}
	return NULL;
}

/* Its number + 1; 0: not there. */
static uint32_t find_item(const struct contacts *contacts, const char *name, uint32_t hash)
{
	if (contacts->slots) {
		const struct slot *slot = find_slot(contacts, name, hash);

		return slot ? slot->item : 0;
	}
	for (uint32_t i = 0; i < contacts->used; i++) {
		const struct contact *contact = contacts->items[i];

		if (contact && contact->hash == hash && is_named(contact, name))
			return i + 1;
	}
	return 0;
}

static void put_slot(struct contacts *contacts, uint32_t item)
{
	uint32_t hash = contacts->items[item]->hash, at = hash & contacts->mask;

	while (contacts->slots[at].item)
		at = (at + 1) & contacts->mask;
	contacts->slots[at] = (struct slot){.hash = hash, .item = item + 1};
}

/* For as many as there is room for, and at most three quarters full. */
static void make_table(struct contacts *contacts)
{
	size_t slots = 2 * FEW;

	MEM_FREE(contacts->slots);
	if (contacts->room <= FEW)
		return;
	while (slots * 3 < (size_t)contacts->room * 4)
		slots *= 2;
	contacts->slots = mem_alloc(slots * sizeof(*contacts->slots));
	contacts->mask = (uint32_t)(slots - 1);
	for (uint32_t i = 0; i < contacts->used; i++)
		put_slot(contacts, i);
}

static void close_gaps(struct contacts *contacts)
{
	uint32_t used = 0;

	for (uint32_t i = 0; i < contacts->used; i++)
		if (contacts->items[i])
			contacts->items[used++] = contacts->items[i];
	contacts->used = used;
	contacts->last = 0;
	contacts->in_order = false;
}

static void make_room(struct contacts *contacts)
{
	if (contacts->used < contacts->room)
		return;
	close_gaps(contacts);
	if (contacts->count >= contacts->room / 2) {
		contacts->room = contacts->room ? contacts->room * 2 : FIRST_ROOM;
		contacts->items = mem_realloc(contacts->items, contacts->room * sizeof(*contacts->items));
	}
	make_table(contacts);
}

static bool is_said(const char *text)
{
	return text && *text;
}

static size_t size_of(size_t name, size_t alias)
{
	size_t size = offsetof(struct contact, name) + name + 1 + (alias ? alias + 1 : 0);

	if (size < sizeof(struct contact))
		size = sizeof(struct contact);
	return (size + sizeof(void *) - 1) & ~(sizeof(void *) - 1);
}

size_t contact_bytes(const char *name, const char *alias)
{
	return size_of(strlen(name), is_said(alias) ? strlen(alias) : 0);
}

static struct contact *create(struct contacts *contacts, const char *name, const char *alias, uint32_t hash)
{
	size_t length = strlen(name), alias_length = is_said(alias) ? strlen(alias) : 0;
	size_t size = size_of(length, alias_length);
	bool fits = size <= contacts->block_size - contacts->block_used;
	struct contact *contact = fits ? (void *)(contacts->block + contacts->block_used) : mem_alloc(size);

	if (fits) {
		contacts->block_used += size;
		memset(contact, 0, sizeof(*contact));
		contact->in_block = true;
	}
	contact->hash = hash;
	memcpy(contact->name, name, length + 1);
	if (alias_length) {
		contact->alias = contact->name + length + 1;
		contact->alias_inside = true;
		memcpy(contact->alias, alias, alias_length + 1);
	}
	return contact;
}

static void free_contact(struct contact *contact)
{
	if (!contact->alias_inside)
		mem_free(contact->alias);
	if (!contact->in_block)
		mem_free(contact);
}

void contact_finish(struct contact *contact)
{
	contact_drop_groups(contact);
	mem_free(contact->status_text);
	mem_free(contact->icon_hash);
}

void contact_set_alias(struct contact *contact, const char *alias)
{
	char *copy = is_said(alias) ? mem_strdup(alias) : NULL;

	if (!contact->alias_inside)
		mem_free(contact->alias);
	contact->alias = copy;
	contact->alias_inside = false;
}

void contacts_reserve(struct contacts **slot, size_t count, size_t bytes)
{
	if (*slot || !count || count >= UINT32_MAX / 2)
		return;
	struct contacts *contacts = *slot = MEM_NEW(struct contacts);

	contacts->room = (uint32_t)count;
	contacts->items = mem_realloc(NULL, count * sizeof(*contacts->items));
	contacts->block = mem_realloc(NULL, bytes); /* zeroed contact by contact */
	contacts->block_size = bytes;
	make_table(contacts);
}

/* Networks have an order, too, and often it is ours: then nothing needs to be looked up. NULL: it does. */
static struct contact *next_in_order(struct contacts *contacts, const char *name)
{
	struct contact *next =
		contacts->in_order && contacts->last < contacts->used ? contacts->items[contacts->last] : NULL;

	if (!next || strcmp(next->name, name) != 0)
		return NULL;
	contacts->last++;
	return next;
}

struct contact *contacts_add(struct contacts **slot, const char *name, const char *alias, bool *is_new)
{
	struct contacts *contacts = *slot;
	struct contact *contact = contacts ? next_in_order(contacts, name) : NULL;

	*is_new = !contact;
	if (contact)
		return contact;
	uint32_t hash = hash_of(name), item = contacts ? find_item(contacts, name, hash) : 0;

	*is_new = !item;
	if (item) {
		contacts->in_order = item == contacts->last + 1;
		contacts->last = item;
		return contacts->items[item - 1];
	}
	if (!contacts)
		contacts = *slot = MEM_NEW(struct contacts);
	make_room(contacts);
	contact = create(contacts, name, alias, hash);
	contacts->items[contacts->used++] = contact;
	contacts->count++;
	if (contacts->slots)
		put_slot(contacts, contacts->used - 1);
	return contact;
}

struct contact *contacts_find(const struct contacts *contacts, const char *name)
{
	uint32_t item = contacts ? find_item(contacts, name, hash_of(name)) : 0;

	return item ? contacts->items[item - 1] : NULL;
}

void contacts_remove(struct contacts **slot, struct contact *contact)
{
	struct contacts *contacts = *slot;
	struct slot *found = contacts->slots ? find_slot(contacts, contact->name, contact->hash) : NULL;
	uint32_t item = found ? found->item : find_item(contacts, contact->name, contact->hash);

	if (found)
		found->item = GONE;
	contacts->items[item - 1] = NULL;
	free_contact(contact);
	if (--contacts->count == 0)
		contacts_destroy(slot, NULL);
}

void contacts_destroy(struct contacts **slot, void (*finish)(struct contact *))
{
	struct contacts *contacts = *slot;

	*slot = NULL;
	if (!contacts)
		return;
	for (uint32_t i = 0; i < contacts->used; i++) {
		struct contact *contact = contacts->items[i];

		if (!contact)
			continue;
		if (finish)
			finish(contact);
		free_contact(contact);
	}
	mem_free(contacts->slots);
	mem_free(contacts->items);
	mem_free(contacts->block);
	mem_free(contacts);
}

size_t contacts_count(const struct contacts *contacts)
{
	return contacts ? contacts->count : 0;
}

bool contacts_next(const struct contacts *contacts, struct contacts_iter *it)
{
	it->contact = NULL;
	while (contacts && it->next < contacts->used && !it->contact)
		it->contact = contacts->items[it->next++];
	return it->contact != NULL;
}

struct contacts_iter contacts_behind(const struct contacts *contacts, const char *name)
{
	return (struct contacts_iter){.next = contacts && name ? find_item(contacts, name, hash_of(name)) : 0};
}
