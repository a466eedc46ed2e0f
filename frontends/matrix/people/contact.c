/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/people/contact.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "frontends/matrix/people/chat_all.h"
#include "frontends/matrix/people/ghost.h"
#include "frontends/matrix/people/person.h"
#include "frontends/matrix/people/presence.h"
#include "transport/people/roster.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/routing/router.h"

/* A picture on its way: from the card of the network to the media of the homeserver. */
struct picture {
	struct matrix_frontend *frontend;
	char key[24]; /* in frontend->pictures, which frees it if the answer never comes */
	char whose[]; /* a ghost, or a room */
};

void contact_show(struct matrix_frontend *frontend, struct identity *to, const struct event_contact *contact)
{
	const struct matrix_room *chat = matrix_room_chat(frontend, to->address, contact->name);
	char *ghost = chat ? ghost_of_contact(frontend, contact->name) : NULL;
	const char *name = contact->alias && *contact->alias ? contact->alias : contact->name;

	if (!ghost) {
		chat_all_add(frontend, to->address, contact->name);
		return;
	}
	ghost_prepare(frontend, ghost, name, ghost);
	ghost_rename(frontend, ghost, name, ghost);
	presence_show(frontend, ghost, contact);
	contact_show_icon(frontend, to, ghost, contact->name, contact->icon_hash);
	mem_free(ghost);
}

void contact_show_known(struct matrix_frontend *frontend, const char *id, const char *name)
{
	struct identity *identity = session_find_identity(frontend->base.transport, &frontend->base, id);
	const struct user *user = identity && identity->state == IDENTITY_READY ? identity->user : NULL;
	const struct contact *contact = user ? roster_find(user->roster, name) : NULL;
	struct event event;

	if (!contact)
		return;
	contact_to_event(contact, user, &event);
	contact_show(frontend, identity, &event.contact);
}

/* matrix_later: `question` is "NUMBER ADDRESS", `name` whose card it is. */
static void ask_card(struct matrix_frontend *frontend, const char *question, const char *name)
{
	const char *address = strchr(question, ' ');
	struct resource *resource = address ? person_ready(frontend, address + 1) : NULL;
	uint32_t number = (uint32_t)strtoul(question, NULL, 10);
	struct event event = {.type = EVENT_VCARD_REQUEST, .vcard = {.name = name, .id = number}};
	char key[16];

	if (resource && !router_from_frontend(resource, &event))
		return;
	snprintf(key, sizeof(key), "%" PRIu32, number);
	mem_free(map_remove(frontend->pictures, key));
}

/* `whose`: a ghost, or a room. */
static void want_card(struct matrix_frontend *frontend, const struct identity *to, const char *whose, const char *card)
{
	char key[16];

	snprintf(key, sizeof(key), "%" PRIu32, ++frontend->cards);
	mem_free(map_set(&frontend->pictures, key, mem_strdup(whose)));
	char *question = mem_printf("%s %s", key, to->address);

	/* Nothing of the core may be called from inside deliver. */
	matrix_later(frontend, ask_card, question, card);
	mem_free(question);
}

void contact_show_icon(struct matrix_frontend *frontend, struct identity *to, const char *ghost,
                       const char *card, const char *icon_hash)
{
	if (icon_hash && *icon_hash && ghost_takes_icon(frontend, ghost, icon_hash))
		want_card(frontend, to, ghost, card);
}

void contact_show_room_icon(struct matrix_frontend *frontend, struct identity *to, struct matrix_room *room,
                            const char *icon_hash)
{
	if (!icon_hash || !*icon_hash || (room->shown.icon && !strcmp(room->shown.icon, icon_hash)))
		return;
	mem_replace(&room->shown.icon, icon_hash);
	want_card(frontend, to, room->id, room->name);
}

static void show_picture(struct matrix_frontend *frontend, const char *whose, const char *url)
{
	if (matrix_is_room_id(whose))
		matrix_tell_text(frontend, HTTP_PUT, matrix_path("/rooms/%s/state/m.room.avatar/", whose), NULL, "url", url,
		                 whose);
	else
		matrix_tell_text(frontend, HTTP_PUT, matrix_path("/profile/%s/avatar_url", whose), whose, "avatar_url", url,
		                 whose);
}

static void on_uploaded(void *context, const struct matrix_reply *reply)
{
	struct picture *picture = context;
	struct matrix_frontend *frontend = picture->frontend;
	struct arena arena = {0};
	const char *url = json_text(reply->json, "content_uri", &arena);

	if (url) {
		show_picture(frontend, picture->whose, url);
	} else {
		log_info(&frontend->base.log, "the picture of %s could not be stored: %s",
		         log_quote(picture->whose), reply->problem);
	}
	arena_finish(&arena);
	mem_free(map_remove(frontend->pictures, picture->key));
}

void contact_show_card(struct matrix_frontend *frontend, const struct event_vcard *card)
{
	char key[16];

	snprintf(key, sizeof(key), "%" PRIu32, card->id);
	char *ghost = map_remove(frontend->pictures, key);

	if (!ghost || !card->photo || !card->photo_size) {
		mem_free(ghost);
		return;
	}
	struct picture *picture = MEM_NEW_TEXT(struct picture, whose, ghost);

	picture->frontend = frontend;
	snprintf(picture->key, sizeof(picture->key), "upload %s", key);
	mem_free(ghost);
	mem_free(map_set(&frontend->pictures, picture->key, picture));
	if (!homeserver_upload_bytes(frontend->homeserver, card->photo, card->photo_size, NULL, "avatar", on_uploaded,
	                             picture))
		mem_free(map_remove(frontend->pictures, picture->key));
}

void contacts_free(struct matrix_frontend *frontend)
{
	map_destroy(&frontend->pictures, mem_free);
}
