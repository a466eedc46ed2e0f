/* SPDX-License-Identifier: MIT */
/*
 * The list of channels. It is asked for right after a login, before that user's channels are joined: LIST
 * shows a user the secret channels that he is in, and what is found here is shown to everybody.
 */
#include "backends/irc/irc_handlers.h"

#include <stdlib.h>
#include <string.h>

#include "backends/irc/irc.h"
#include "backends/irc/irc_user.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"
#include "plugin/plugin.h"

struct listed {
	char *name;
	unsigned long members;
};

struct irc_listing {
	struct listed *channels;
	size_t count, capacity;
};

void irc_list_drop(struct irc_connection *connection)
{
	struct irc_listing *listing = connection->listing;

	if (!listing)
		return;
	for (size_t i = 0; i < listing->count; i++)
		mem_free(listing->channels[i].name);
	mem_free(listing->channels);
	MEM_FREE(connection->listing);
}

void irc_list_ask(struct irc_connection *connection)
{
	struct irc *irc = connection->user->irc;
	uint64_t now = clock_ms();

	if (!irc_one_network(irc) || irc->config.list_interval == 0)
		return;
	if (irc->listed_at && now - irc->listed_at < (uint64_t)irc->config.list_interval * 1000)
		return;
	irc->listed_at = now;
	connection->listing = MEM_NEW(struct irc_listing);
	irc_send(connection, "LIST", NULL, NULL);
}

void irc_list_add(struct irc_connection *connection, const char *channel, const char *members)
{
	struct irc_listing *listing = connection->listing;

	if (!listing || listing->count >= LIMIT_ROOM_LIST || !irc_channel_is_valid(channel) ||
	    !text_is_clean(channel, strlen(channel), TEXT_LINE))
		return;
	if (listing->count == listing->capacity) {
		listing->capacity = listing->capacity ? listing->capacity * 2 : 64;
		listing->channels =
		        mem_realloc(listing->channels, listing->capacity * sizeof(*listing->channels));
	}
	listing->channels[listing->count++] =
	        (struct listed){mem_strdup(channel), strtoul(members, NULL, 10)};
}

static int by_members(const void *a, const void *b)
{
	const struct listed *one = a, *two = b;

	if (one->members != two->members)
		return one->members < two->members ? 1 : -1;
	return strcmp(one->name, two->name);
}

void irc_list_end(struct irc_connection *connection)
{
	struct irc_listing *listing = connection->listing;
	struct irc *irc = connection->user->irc;
	const char **names;
	size_t count;

	if (!listing)
		return;
	if (listing->count)
		qsort(listing->channels, listing->count, sizeof(*listing->channels), by_members);
	count = listing->count < (size_t)irc->config.list_max ? listing->count : (size_t)irc->config.list_max;
	names = mem_alloc((count + 1) * sizeof(*names));
	for (size_t i = 0; i < count; i++)
		names[i] = listing->channels[i].name;
	plug_room_list(irc->plug, NULL, names, names, count);
	mem_free(names);
	irc_list_drop(connection);
}
