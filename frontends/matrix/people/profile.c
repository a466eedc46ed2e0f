/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/people/profile.h"

#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "config/limits.h"
#include "frontends/matrix/people/nickname.h"
#include "frontends/matrix/people/person.h"
#include "frontends/matrix/wire/matrix_event.h"
#include "transport/people/session.h"
#include "transport/people/user.h"
#include "transport/routing/router.h"
#include "transport/spool/spool.h"
#include "transport/transport.h"

struct fetching {
	struct matrix_frontend *frontend;
	char *person, *url; /* the avatar as it was then */
};

static void fetching_free(void *context)
{
	struct fetching *fetching = context;

	mem_free(fetching->person);
	mem_free(fetching->url);
	mem_free(fetching);
}

#define CARDS "matrix card" /* notes: person -> avatar and name, a line each, until the network has been told */

static void note_card(struct matrix_frontend *frontend, const struct person *person)
{
	char *text = mem_printf("%s\n%s", person->avatar ? person->avatar : "", person->card_name ? person->card_name : "");

	spool_note_set_text(frontend->base.transport->spool, CARDS, person->id, text);
	mem_free(text);
}

static void forget_card(struct matrix_frontend *frontend, const struct person *person)
{
	spool_note_set(frontend->base.transport->spool, CARDS, person->id, NULL, 0);
}

/* What the process before has not told. */
static void remember_card(struct matrix_frontend *frontend, struct person *person)
{
	char *text = person->has_card ? NULL : spool_note_text(frontend->base.transport->spool, CARDS, person->id);
	char *name = text, *avatar = strsep(&name, "\n");

	if (avatar && name) {
		person->has_card = person->card_waits = true;
		mem_replace(&person->avatar, *avatar ? avatar : NULL);
		mem_replace(&person->card_name, *name ? name : NULL);
		if (*name && !person->name)
			person_note_name(frontend, person->id, name);
	}
	mem_free(text);
}

static void tell_network(struct matrix_frontend *frontend, struct person *person, const void *bytes, size_t size)
{
	struct resource *resource = person_ready(frontend, person->id);
	struct event_vcard card = {.name = "",
	                           .full_name = person->name,
	                           .nickname = person->name,
	                           .photo = bytes,
	                           .photo_size = size,
	                           .has_photo = true};
	int err = resource ? router_from_frontend(resource, &(struct event){.type = EVENT_VCARD, .vcard = card})
	                   : TP_ERR_NOT_CONNECTED;

	if (err == TP_ERR_NOT_CONNECTED)
		person->card_waits = true;
	else if (err)
		log_info(&frontend->base.log, "the card of %s is not passed on: %s", log_quote(person->id),
		         tp_error_text(err));
	if (!person->card_waits)
		forget_card(frontend, person);
}

static void on_picture(void *context, const struct matrix_media_bytes *got)
{
	const struct fetching *fetching = context;
	struct matrix_frontend *frontend = fetching->frontend;
	struct person *person = person_of(frontend, fetching->person);
	bool is_last = person->avatar && !strcmp(person->avatar, fetching->url);

	if (got->problem) {
		log_info(&frontend->base.log, "the avatar of %s is not passed on: %s", log_quote(person->id), got->problem);
		if (is_last)
			forget_card(frontend, person);
	} else if (is_last)
		tell_network(frontend, person, got->bytes, got->size);
	fetching_free(context);
}

void profile_follow(struct matrix_frontend *frontend, const char *id, const char *unused)
{
	struct person *person = person_of(frontend, id);
	struct resource *resource = person_ready(frontend, id);
	struct user *user = resource ? resource->identity->user : NULL;
	struct fetching *fetching;

	(void)unused;
	if (person->unregistered) {
		forget_card(frontend, person);
		return;
	}
	remember_card(frontend, person);
	if (!person->card_waits || !user || user->state != USER_CONNECTED)
		return;
	person->card_waits = false;
	if (!nickname_wanted(frontend, user)) {
		forget_card(frontend, person);
		return;
	}
	if (!person->avatar) {
		tell_network(frontend, person, NULL, 0);
		return;
	}
	fetching = MEM_NEW(struct fetching);
	*fetching = (struct fetching){frontend, mem_strdup(id), mem_strdup(person->avatar)};
	matrix_media_get(frontend->media, person->avatar, LIMIT_ROOM_PICTURE_BYTES, on_picture, fetching, fetching_free);
}

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

void profile_changed(struct matrix_frontend *frontend, const struct matrix_event *event)
{
	struct person *person = person_of(frontend, event->state_key);
	bool other_name = !same(event->display_name, event->display_name_before),
	     other_avatar = !same(event->url, event->avatar_before);

	if (event->membership != MATRIX_JOIN || event->before != MATRIX_JOIN ||
	    strcmp(event->sender, event->state_key) != 0 || !(other_avatar || (other_name && event->url)))
		return;
	if (person->has_card && same(person->avatar, event->url) && same(person->card_name, event->display_name))
		return;
	person->has_card = person->card_waits = true;
	mem_replace(&person->avatar, event->url);
	mem_replace(&person->card_name, event->display_name);
	if (person->unregistered)
		return;
	note_card(frontend, person);
	matrix_later(frontend, profile_follow, person->id, NULL);
}
