/* SPDX-License-Identifier: MIT */
#include "transport/store/stored_contacts.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "config/limits.h"
#include "protocol/event.h"
#include "transport/people/contact_groups.h"
#include "transport/store/store.h"

#define FIRST_ROOM 16
#define FEW 200

/* The names that `joined` has, each ended by a newline but the last; in `arena`. Empty ones are none. */
static const char *const *split_groups(struct arena *arena, const char *joined, size_t *count)
{
	*count = 0;
	if (*joined == '\0')
		return NULL;
	char *next = arena_strdup(arena, joined);
	size_t most = 1;
	for (const char *at = joined; (at = strchr(at, '\n')) != NULL; at++)
		most++;
	const char **groups = arena_alloc(arena, most * sizeof(*groups));
	while (next != NULL && *next != '\0') {
		char *end = strchr(next, '\n');
		groups[(*count)++] = next;
		if (end != NULL)
			*end = '\0';
		next = end == NULL ? NULL : end + 1;
	}
	return groups;
}

/* Name, alias and hash of the icon, in one piece: there may be very many contacts. */
static void copy_texts(const struct driver_ops *ops, struct statement *statement, struct arena *arena,
                       struct store_contact *contact)
{
	const char **const texts[] = {&contact->name, &contact->alias, &contact->icon_hash};
	static const int columns[] = {0, 1, 5};
	const char *from[ARRAY_SIZE(columns)];
	size_t sizes[ARRAY_SIZE(columns)], size = 0;
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		from[i] = ops->column_text(statement, columns[i]);
		sizes[i] = strlen(from[i]) + 1;
		size += sizes[i];
	}
	char *at = arena_alloc(arena, size);
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		memcpy(at, from[i], sizes[i]);
		*texts[i] = at;
		at += sizes[i];
	}
}

/* The next row. `joined` are the groups of the contact before: often this one's as well. */
static void take_row(const struct driver_ops *ops, struct statement *statement, struct stored_contacts *rows,
                     struct buf *joined)
{
	if (rows->count == rows->room) {
		rows->room = rows->room ? rows->room * 2 : FIRST_ROOM;
		rows->items = mem_realloc(rows->items, rows->room * sizeof(*rows->items));
	}
	struct store_contact *contact = &rows->items[rows->count++];
	*contact = (struct store_contact){.subscribed = ops->column_int(statement, 3) != 0,
	                                  .flags = (int)ops->column_int(statement, 4)};
	copy_texts(ops, statement, &rows->arena, contact);
	rows->bytes += contact_bytes(contact->name, contact->alias);
	const char *text = ops->column_text(statement, 2);
	if (rows->count > 1 && strcmp(text, buf_text(joined)) == 0) {
		contact->groups = contact[-1].groups;
		contact->groups_count = contact[-1].groups_count;
		return;
	}
	buf_clear(joined);
	buf_puts(joined, text);
	contact->groups = split_groups(&rows->arena, text, &contact->groups_count);
}

static void add(struct contacts **contacts, const struct stored_contacts *rows)
{
	const struct contact *before = NULL; /* with the groups of items[i - 1] */
	contacts_reserve(contacts, rows->count, rows->bytes);
	for (size_t i = 0; i < rows->count; i++) {
		const struct store_contact *stored = &rows->items[i];
		bool is_new;
		struct contact *contact = contacts_add(contacts, stored->name, stored->alias, &is_new);
		if (!is_new) { /* under a name in another case */
			before = NULL;
			continue;
		}
		if (before && stored->groups == stored[-1].groups)
			contact_share_groups(contact, before);
		else
			contact_set_groups(contact, stored->groups, stored->groups_count);
		before = contact;
		contact->status = STATUS_OFFLINE;
		contact->subscribed = stored->subscribed;
		contact->flags = stored->flags;
		contact->blocked = stored->flags & CONTACT_FLAG_BLOCKED;
		contact->stored = true;
		if (*stored->icon_hash != '\0')
			contact->icon_hash = mem_strdup(stored->icon_hash);
	}
}

static void drop_rows(struct stored_contacts *contacts)
{
	mem_free(contacts->items);
	contacts->items = NULL;
	contacts->count = contacts->room = contacts->bytes = 0;
	arena_finish(&contacts->arena);
}

void stored_contacts_make(struct stored_contacts *contacts)
{
	if (contacts->items == NULL)
		return;
	add(&contacts->set, contacts);
	drop_rows(contacts);
}

void stored_contacts_finish(struct stored_contacts *contacts)
{
	drop_rows(contacts);
	contacts_destroy(&contacts->set, contact_finish);
}

int stored_contacts_read(const struct driver_ops *ops, struct statement *statement, struct stored_contacts *contacts)
{
	struct buf joined = {0};
	int step;
	while ((step = ops->step(statement)) == DRIVER_ROW)
		if (contacts->count < LIMIT_CONTACTS_PER_USER)
			take_row(ops, statement, contacts, &joined);
	buf_finish(&joined);
	if (contacts->count > FEW)
		stored_contacts_make(contacts);
	return step == DRIVER_DONE ? 0 : TP_ERR_STORE;
}
