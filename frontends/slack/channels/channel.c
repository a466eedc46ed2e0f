/* SPDX-License-Identifier: MIT */
#include "frontends/slack/channels/channel.h"

#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "config/limits.h"
#include "frontends/slack/channels/known.h"
#include "frontends/slack/workspace.h"

static const char *const kinds[] = {"control", "chat", "portal"};

/* Channels that are tied to one legacy room. */
struct portal_channels {
	struct channel **items;
	size_t count;
};

const char *channel_chat_nickname(const struct channel *channel)
{
	const char *slash = channel->in_room ? strrchr(channel->name, '/') : NULL;

	return slash ? slash + 1 : NULL;
}

char *channel_chat_name(const struct event_message *message)
{
	if (message->kind == MESSAGE_CHAT)
		return mem_strdup(message->name);
	return mem_printf("%s/%s", message->name, message->nickname ? message->nickname : "");
}

char *channel_chat_key(const char *owner, const char *name)
{
	char *key = mem_printf("%s\n%s", owner, name);

	text_lower(key + strlen(owner));
	return key;
}

struct channel *channel_at(const struct slack_frontend *frontend, const char *place)
{
	return map_get(frontend->channels, place);
}

bool channel_is_portal_of(const struct channel *channel, const char *team)
{
	return channel->kind == CHANNEL_PORTAL && !strcmp(channel->at.team, team);
}

struct channel *channel_find(const struct slack_frontend *frontend, const char *team, const char *id,
                             const char *thread)
{
	if (!team || !id)
		return NULL;
	char *place = thread ? slack_thread_place(team, id, thread) : slack_address(team, id);
	struct channel *channel = channel_at(frontend, place);

	mem_free(place);
	return channel;
}

struct channel *channel_chat(const struct slack_frontend *frontend, const char *owner, const char *name)
{
	char *key = channel_chat_key(owner, name);
	struct channel *channel = map_get(frontend->chats, key);

	mem_free(key);
	return channel;
}

struct channel *channel_control(const struct slack_frontend *frontend, const char *owner)
{
	return map_get(frontend->chats, owner);
}

static struct portal_channels *portals_of(const struct slack_frontend *frontend, const char *room)
{
	struct text_key key;
	struct portal_channels *portals = map_get(frontend->portals, text_key_lower(&key, room));

	text_key_finish(&key);
	return portals;
}

struct channel *channel_portal(const struct slack_frontend *frontend, const char *team, const char *room,
			       const struct map *hidden)
{
	const struct portal_channels *portals = portals_of(frontend, room);
	struct channel *found = NULL;

	for (size_t i = 0; portals && i < portals->count; i++) {
		struct channel *channel = portals->items[i];

		if (!strcmp(channel->at.team, team) && !map_get(hidden, channel->at.id) &&
		    (!found || (found->archived && !channel->archived)))
			found = channel;
	}
	return found;
}

bool channel_has_sisters(const struct slack_frontend *frontend, const struct channel *channel)
{
	return portals_of(frontend, channel->name)->count > 1;
}

bool channel_room_is_served(const struct slack_frontend *frontend, const char *room)
{
	const struct portal_channels *portals = portals_of(frontend, room);
	bool served = false;

	for (size_t i = 0; portals && i < portals->count && !served; i++)
		served = workspace_find(frontend, portals->items[i]->at.team) != NULL;
	return served;
}

void channel_each_portal(struct slack_frontend *frontend, const char *room, channel_each *each, void *context)
{
	const struct portal_channels *portals = portals_of(frontend, room);

	for (size_t i = 0; portals && i < portals->count; i++)
		each(frontend, portals->items[i], context);
}

static void portals_free(void *value)
{
	struct portal_channels *portals = value;

	mem_free(portals->items);
	mem_free(portals);
}

/* As which it is found by what it stands for; a portal is in a list of its own. */
static char *chats_key(const struct channel *channel)
{
	return channel->kind == CHANNEL_CHAT ? channel_chat_key(channel->owner, channel->name)
	                                     : mem_strdup(channel->owner);
}

static void tie(struct slack_frontend *frontend, struct channel *channel)
{
	if (channel->kind != CHANNEL_PORTAL) {
		char *key = chats_key(channel);

		map_set(&frontend->chats, key, channel);
		mem_free(key);
		return;
	}
	struct portal_channels *portals = portals_of(frontend, channel->name);

	if (!portals) {
		struct text_key key;

		portals = MEM_NEW(struct portal_channels);
		map_set(&frontend->portals, text_key_lower(&key, channel->name), portals);
		text_key_finish(&key);
	}
	portals->items = mem_realloc(portals->items, (portals->count + 1) * sizeof(struct channel *));
	portals->items[portals->count++] = channel;
}

static void untie(struct slack_frontend *frontend, const struct channel *channel)
{
	if (channel->kind != CHANNEL_PORTAL) {
		char *key = chats_key(channel);

		if (map_get(frontend->chats, key) == channel)
			map_remove(frontend->chats, key);
		mem_free(key);
		return;
	}
	struct portal_channels *portals = portals_of(frontend, channel->name);
	size_t at = 0;

	while (portals->items[at] != channel)
		at++;
	memmove(portals->items + at, portals->items + at + 1,
	        (--portals->count - at) * sizeof(struct channel *));
	if (!portals->count) {
		struct text_key key;

		map_remove(frontend->portals, text_key_lower(&key, channel->name));
		text_key_finish(&key);
		portals_free(portals);
	}
}

static void channel_free(void *value)
{
	struct channel *channel = value;

	known_free(channel);
	mem_free(channel->place);
	mem_free(channel->owner);
	mem_free(channel->name);
	mem_free(channel->called);
	mem_free(channel->called_asked);
	mem_free(channel->topic);
	mem_free(channel->topic_asked);
	mem_free(channel);
}

/* NULL: such a place cannot be. */
static struct channel *make(struct slack_frontend *frontend, const char *place, enum channel_kind kind,
                            const char *owner, const char *name)
{
	struct channel *channel = channel_at(frontend, place);
	struct slack_address at;

	if (!slack_address_read(&at, place) || (kind != CHANNEL_PORTAL && !owner) ||
	    (kind != CHANNEL_CONTROL && !name))
		return NULL;
	if (channel) {
		untie(frontend, channel);
	} else {
		channel = MEM_NEW(struct channel);
		channel->place = mem_strdup(place);
		channel->at = at;
		map_put(frontend->channels, place, channel);
	}
	channel->kind = kind;
	mem_replace(&channel->owner, owner);
	mem_replace(&channel->name, name);
	tie(frontend, channel);
	return channel;
}

void channel_store(struct slack_frontend *frontend, const struct channel *channel)
{
	/* The topic comes last, as it may have any words in it. */
	char *value =
	        mem_printf("%s%s%s%s%s%s%s%s%s", channel->in_room ? "room " : "",
	                   channel->archived ? "archived " : "", channel->left_out ? "left-out " : "",
	                   channel->made ? "made " : "", channel->called ? "called=" : "",
	                   channel->called ? channel->called : "", channel->called ? " " : "",
	                   channel->topic ? "topic=" : "", channel->topic ? channel->topic : "");
	const struct store_place place = {.place = channel->place,
	                                  .kind = kinds[channel->kind],
	                                  .owner = channel->owner ? channel->owner : "",
	                                  .name = channel->name ? channel->name : "",
	                                  .value = value};

	store_put_place(frontend->base.transport->store, frontend->base.ops->name, &place, NULL, NULL);
	mem_free(value);
}

struct channel *channel_set(struct slack_frontend *frontend, const char *place, enum channel_kind kind,
                            const char *owner, const char *name)
{
	struct channel *channel = make(frontend, place, kind, owner, name);

	if (channel)
		channel_store(frontend, channel);
	return channel;
}

void channel_forget(struct slack_frontend *frontend, struct channel **slot)
{
	struct channel *channel = *slot;

	*slot = NULL;
	if (!channel)
		return;
	untie(frontend, channel);
	store_remove_place(frontend->base.transport->store, frontend->base.ops->name, channel->place, NULL,
	                   NULL);
	map_remove(frontend->channels, channel->place);
	channel_free(channel);
}

/* ------------------------------------------------------------------------------------------------ loading */

struct loading {
	struct slack_frontend *frontend;
	void (*ready)(struct slack_frontend *frontend);
};

/* What channel_store has written. */
static void read_words(struct channel *channel, const char *value)
{
	while (*value) {
		size_t length = strcspn(value, " ");

		if (text_starts(value, "topic=")) {
			channel->topic = mem_strdup(value + strlen("topic="));
			return;
		}
		channel->in_room = channel->in_room || text_is_word(value, length, "room");
		channel->archived = channel->archived || text_is_word(value, length, "archived");
		channel->left_out = channel->left_out || text_is_word(value, length, "left-out");
		channel->made = channel->made || text_is_word(value, length, "made");
		if (text_starts(value, "called=") && !channel->called)
			channel->called = mem_strndup(value + strlen("called="), length - strlen("called="));
		value += length + strspn(value + length, " ");
	}
}

static void load_one(struct slack_frontend *frontend, const struct store_place *place)
{
	struct channel *channel = NULL;

	for (size_t kind = 0; kind < ARRAY_SIZE(kinds); kind++)
		if (!strcmp(place->kind, kinds[kind]))
			channel =
			        make(frontend, place->place, (enum channel_kind)kind,
			             *place->owner ? place->owner : NULL, *place->name ? place->name : NULL);
	if (!channel) {
		log_warning(&frontend->base.log, "the stored place %s means nothing: left alone",
		            log_quote(place->place));
		return;
	}
	read_words(channel, place->value);
}

static void on_places(void *context, int err, const struct store_place *places, size_t count)
{
	struct loading *loading = context;
	struct slack_frontend *frontend = loading->frontend;

	if (!frontend->stopping) {
		if (err)
			log_error(&frontend->base.log, "the channels could not be read: %s",
			          tp_error_text(err));
		for (size_t i = 0; i < count; i++)
			load_one(frontend, &places[i]);
		loading->ready(frontend);
	}
	mem_free(loading);
}

void channels_load(struct slack_frontend *frontend, void (*ready)(struct slack_frontend *frontend))
{
	struct loading *loading = MEM_NEW(struct loading);

	loading->frontend = frontend;
	loading->ready = ready;
	store_list_places(frontend->base.transport->store, frontend->base.ops->name, on_places, loading);
}

void channels_free(struct slack_frontend *frontend)
{
	map_destroy(&frontend->chats, NULL);
	map_destroy(&frontend->portals, portals_free);
	map_destroy(&frontend->channels, channel_free);
}
