/* SPDX-License-Identifier: MIT */
#include "frontends/slack/messages/reactions_put.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "config/limits.h"
#include "transport/spool/message_map.h"

/* Places of the message map: a message -> lines "EMOJI TAB WHO". */
#define MESSAGE "slack reactions put on"
#define LINES "slack reactions put"

struct reactions_put {
	struct spool *spool;
	struct map *messages; /* with calls under way: id -> struct message */
};

struct message {
	struct list entries;
	unsigned count, under_way;
	char id[];
};

/* One emoji of one of our people. */
struct entry {
	struct list link;
	char *who, *emoji;
	bool stands; /* at Slack, and is kept */
	bool wanted; /* once what is under way has ended */
	bool others; /* and Slack need not be told, as others have it */
	unsigned under_way;
};

static void entry_free(struct message *message, struct entry *entry)
{
	list_remove(&entry->link);
	message->count--;
	mem_free(entry->who);
	mem_free(entry->emoji);
	mem_free(entry);
}

static void message_free(void *value)
{
	struct message *message = value;

	LIST_EACH (link, &message->entries)
		entry_free(message, CONTAINER_OF(link, struct entry, link));
	mem_free(message);
}

struct reactions_put *reactions_put_create(struct spool *spool)
{
	struct reactions_put *put = MEM_NEW(struct reactions_put);

	put->spool = spool;
	put->messages = map_create();
	return put;
}

void reactions_put_destroy(struct reactions_put **slot)
{
	struct reactions_put *put = *slot;

	*slot = NULL;
	if (!put)
		return;
	map_destroy(&put->messages, message_free);
	mem_free(put);
}

static struct entry *entry_add(struct message *message, const char *who, const char *emoji)
{
	struct entry *entry = MEM_NEW(struct entry);

	entry->who = mem_strdup(who);
	entry->emoji = mem_strdup(emoji);
	list_append(&message->entries, &entry->link);
	message->count++;
	return entry;
}

static struct message *message_open(struct reactions_put *put, const char *id)
{
	struct message *message = map_get(put->messages, id);
	struct arena arena = {0};
	const char *lines;
	char *rest;

	if (message)
		return message;
	message = MEM_NEW_TEXT(struct message, id, id);
	list_init(&message->entries);
	map_set(&put->messages, id, message);
	lines = message_map_find(put->spool, &arena, MESSAGE, id, LINES, NULL, NULL);
	rest = lines ? arena_strdup(&arena, lines) : NULL;
	for (char *line; (line = strsep(&rest, "\n"));) {
		const char *emoji = strsep(&line, "\t");

		if (line && message->count < LIMIT_SLACK_REACTIONS_PUT) {
			struct entry *entry = entry_add(message, line, emoji);

			entry->stands = entry->wanted = true;
		}
	}
	arena_finish(&arena);
	return message;
}

/* What is kept is all that is known of a message with nothing under way. */
static void message_close(struct reactions_put *put, struct message *message)
{
	if (message->under_way)
		return;
	map_remove(put->messages, message->id);
	message_free(message);
}

static void keep(const struct reactions_put *put, const struct message *message)
{
	struct buf lines = {0};

	LIST_EACH (link, &message->entries) {
		const struct entry *entry = CONTAINER_OF(link, struct entry, link);

		if (entry->stands)
			buf_printf(&lines, "%s%s\t%s", lines.len ? "\n" : "", entry->emoji, entry->who);
	}
	message_map_put(put->spool, &(struct message_link){.place = MESSAGE,
							   .id = message->id,
							   .other_place = LINES,
							   .other_id = buf_text(&lines)});
	buf_finish(&lines);
}

static struct entry *entry_find(const struct message *message, const char *who, const char *emoji)
{
	LIST_EACH (link, &message->entries) {
		struct entry *entry = CONTAINER_OF(link, struct entry, link);

		if (!strcmp(entry->who, who) && !strcmp(entry->emoji, emoji))
			return entry;
	}
	return NULL;
}

/* Whether somebody else keeps it there. `surely`: whatever becomes of what is under way. */
static bool others_have(const struct message *message, const struct entry *mine, bool surely)
{
	bool found = false;

	LIST_EACH (link, &message->entries) {
		const struct entry *entry = CONTAINER_OF(link, struct entry, link);

		found = found || (entry != mine && entry->wanted && !strcmp(entry->emoji, mine->emoji) &&
				  (!surely || (entry->stands && !entry->under_way)));
	}
	return found;
}

static void set_stands(struct reactions_put *put, struct message *message, struct entry *entry, bool stands)
{
	bool changes = entry->stands != stands;

	entry->stands = stands;
	if (changes)
		keep(put, message);
}

/* Nothing of it is under way: what is kept is what is wanted, unless Slack has refused that. The entry may be gone
 * then. */
static void settle(struct reactions_put *put, struct message *message, struct entry *entry)
{
	if (entry->others)
		set_stands(put, message, entry, entry->wanted);
	entry->others = false;
	entry->wanted = entry->stands;
	if (!entry->stands)
		entry_free(message, entry);
}

void reactions_put_end(struct reactions_put *put, const struct reaction_change *change, bool done)
{
	struct message *message = map_get(put->messages, change->message);
	struct entry *entry = message ? entry_find(message, change->who, change->emoji) : NULL;

	if (!entry || !entry->under_way)
		return;
	message->under_way--;
	if (done)
		set_stands(put, message, entry, change->added);
	if (!--entry->under_way)
		settle(put, message, entry);
	message_close(put, message);
}

struct setting {
	struct reactions_put *put;
	struct message *message;
	void (*change)(void *context, const struct reaction_change *change);
	void *context;
};

/* The entry may be gone then. */
static void want(const struct setting *setting, struct entry *entry, bool wanted)
{
	struct message *message = setting->message;
	const struct reaction_change change = {message->id, entry->who, entry->emoji, wanted};

	entry->wanted = wanted;
	entry->others = others_have(message, entry, wanted);
	if (entry->others) {
		if (!entry->under_way)
			settle(setting->put, message, entry);
		return;
	}
	entry->under_way++;
	message->under_way++;
	setting->change(setting->context, &change);
}

static bool is_among(const char *emoji, const char *const *all, size_t count)
{
	bool found = false;

	for (size_t i = 0; i < count; i++)
		found = found || !strcmp(all[i], emoji);
	return found;
}

static bool can_be_kept(const char *text)
{
	return *text && !strpbrk(text, "\t\n");
}

void reactions_put_set(struct reactions_put *put, const char *id, const char *who, const char *const *emoji,
		       size_t count, void (*change)(void *context, const struct reaction_change *change), void *context)
{
	struct message *message = message_open(put, id);
	const struct setting setting = {put, message, change, context};

	/* It stays until the end of this. */
	message->under_way++;
	LIST_EACH (link, &message->entries) {
		struct entry *entry = CONTAINER_OF(link, struct entry, link);

		if (entry->wanted && !strcmp(entry->who, who) && !is_among(entry->emoji, emoji, count))
			want(&setting, entry, false);
	}
	for (size_t i = 0; i < count && can_be_kept(who); i++) {
		struct entry *entry = entry_find(message, who, emoji[i]);

		if (!entry && can_be_kept(emoji[i]) && message->count < LIMIT_SLACK_REACTIONS_PUT)
			entry = entry_add(message, who, emoji[i]);
		if (entry && !entry->wanted)
			want(&setting, entry, true);
	}
	message->under_way--;
	message_close(put, message);
}
