/* SPDX-License-Identifier: MIT */
#include "frontends/slack/people/avatar.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "config/limits.h"
#include "frontends/slack/people/person.h"
#include "transport/media/media.h"
#include "transport/people/roster.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/rooms/room.h"
#include "transport/routing/router.h"

/* NULL: none is known. */
static const char *hash_of(const struct user *user, const struct event_message *message)
{
	if (message->kind == MESSAGE_CHAT) {
		const struct contact *contact = roster_find(user->roster, message->name);

		return contact ? contact->icon_hash : NULL;
	}
	const struct room *room = message->nickname ? room_find(user, message->name) : NULL;
	const struct participant *participant = room ? map_get(room->participants, message->nickname) : NULL;

	return participant ? participant->icon_hash : NULL;
}

/* slack_later: "NUMBER\nADDRESS\nNAME". */
static void ask_card(struct slack_frontend *frontend, const char *question)
{
	char *words = mem_strdup(question), *rest = NULL;
	const char *number = strtok_r(words, "\n", &rest), *address = strtok_r(NULL, "\n", &rest);
	struct resource *resource = address ? slack_person_ready(frontend, address) : NULL;
	struct event event = {.type = EVENT_VCARD_REQUEST,
	                      .vcard = {.name = rest, .id = (uint32_t)strtoul(number, NULL, 10)}};

	if (!resource || router_from_frontend(resource, &event))
		mem_free(map_remove(frontend->cards, number));
	mem_free(words);
}

/* Each picture once a process: of one that cannot be had nobody asks again and again. */
static void ask_once(struct slack_frontend *frontend, const struct identity *to,
                     const struct event_message *message, const char *hash)
{
	char *key = mem_printf("%s %s", to->user->key, hash), number[16];
	struct map_iter it = {0};
	bool asked = map_get(frontend->pictures, key);

	if (!asked && map_count(frontend->pictures) >= LIMIT_SLACK_PICTURES &&
	    map_next(frontend->pictures, &it))
		map_remove(frontend->pictures, it.key);
	if (!asked)
		map_set(&frontend->pictures, key, frontend);
	mem_free(key);
	if (asked || map_count(frontend->cards) >= LIMIT_SLACK_PICTURES)
		return;
	snprintf(number, sizeof(number), "%" PRIu32, ++frontend->cards_asked);
	mem_free(map_set(&frontend->cards, number, mem_strdup(hash)));
	bool chat = message->kind == MESSAGE_CHAT;
	char *question = mem_printf("%s\n%s\n%s%s%s", number, to->address, message->name, chat ? "" : "/",
	                            chat ? "" : message->nickname);

	/* Nothing of the core may be called from inside deliver. */
	slack_later(frontend, ask_card, question);
	mem_free(question);
}

void avatar_put_url(struct slack_frontend *frontend, const struct identity *to,
                    const struct event_message *message, struct buf *url)
{
	struct media *media = frontend->base.transport->media;
	const char *hash = media ? hash_of(to->user, message) : NULL;

	if (hash && *hash && !media_put_avatar_url(media, to->user->key, hash, url))
		ask_once(frontend, to, message, hash);
}

static void on_stored(void *context, int err, const struct media_file *file, const char *problem)
{
	const struct slack_frontend *frontend = context;

	(void)file;
	if (err)
		log_info(&frontend->base.log, "a picture of somebody on the network cannot be kept: %s",
		         problem);
}

void avatar_take_card(struct slack_frontend *frontend, const struct identity *to,
                      const struct event_vcard *card)
{
	char number[16];

	snprintf(number, sizeof(number), "%" PRIu32, card->id);
	char *hash = map_remove(frontend->cards, number);

	if (hash && card->photo && card->photo_size && frontend->base.transport->media)
		media_store_avatar(frontend->base.transport->media, to->user->key, hash, card->photo,
		                   card->photo_size, on_stored, frontend);
	mem_free(hash);
}

void avatars_free(struct slack_frontend *frontend)
{
	map_destroy(&frontend->pictures, NULL);
	map_destroy(&frontend->cards, mem_free);
}
