/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/people/person_picture.h"

#include <string.h>

#include "base/log.h"
#include "config/limits.h"
#include "frontends/matrix/people/person.h"
#include "transport/media/media.h"
#include "transport/people/portrait.h"
#include "transport/transport.h"

struct keeping {
	struct matrix_frontend *frontend;
	char *id, *picture;
};

static void keeping_free(void *context)
{
	struct keeping *keeping = context;

	mem_free(keeping->id);
	mem_free(keeping->picture);
	mem_free(keeping);
}

/* Whose it is in the store: what networks say of a contact's picture is another's. */
static char *owner_of(const char *id)
{
	return mem_printf("matrix %s", id);
}

static void complain(const struct matrix_frontend *frontend, const char *problem)
{
	log_info(&frontend->base.log, "a picture of somebody here cannot be kept: %s", problem);
}

static void on_stored(void *context, int err, const struct media_file *file, const char *problem)
{
	(void)file;
	if (err)
		complain(context, problem);
}

static void on_picture(void *context, const struct matrix_media_bytes *got)
{
	const struct keeping *keeping = context;
	struct matrix_frontend *frontend = keeping->frontend;
	char *owner = owner_of(keeping->id);

	if (got->problem)
		complain(frontend, got->problem);
	else
		media_store_avatar(frontend->base.transport->media, owner, keeping->picture, got->bytes, got->size, on_stored,
		                   frontend);
	mem_free(owner);
	keeping_free(context);
}

void person_picture_note(struct matrix_frontend *frontend, const char *id, const char *url)
{
	struct person *person = person_of(frontend, id);
	const char *picture = url && matrix_is_media_url(url) ? url : NULL;

	if (picture ? person->picture && !strcmp(person->picture, picture) : !person->picture)
		return;
	mem_replace(&person->picture, picture);
	person->picture_fetched = false;
	portrait_changed(&frontend->base, id);
}

static void keep(struct matrix_frontend *frontend, struct person *person)
{
	struct keeping *keeping;

	if (person->picture_fetched)
		return;
	person->picture_fetched = true;
	keeping = MEM_NEW(struct keeping);
	*keeping = (struct keeping){frontend, mem_strdup(person->id), mem_strdup(person->picture)};
	matrix_media_get(frontend->media, person->picture, LIMIT_MEDIA_AVATAR_BYTES, on_picture, keeping, keeping_free);
}

bool person_picture_put_url(struct matrix_frontend *frontend, const char *id, struct buf *url)
{
	struct media *media = frontend->base.transport->media;
	struct person *person = person_of(frontend, id);
	bool kept;

	if (!media || !person->picture)
		return false;
	char *owner = owner_of(id);

	kept = media_put_avatar_url(media, owner, person->picture, url);
	mem_free(owner);
	if (kept)
		return true;
	keep(frontend, person);
	return matrix_media_put_url(frontend->media, person->picture, "avatar", id, url);
}

/* ---------------------------------------------------------------------------------------------- as a card */

struct carding {
	struct matrix_frontend *frontend;
	char *id;
	frontend_card_done *done;
	void *context;
};

static void carding_free(void *context)
{
	struct carding *carding = context;

	mem_free(carding->id);
	mem_free(carding);
}

static void on_face(void *context, const struct matrix_media_bytes *got)
{
	struct carding *carding = context;
	const struct event_vcard card = {.full_name = person_name(carding->frontend, carding->id),
	                                 .photo = got->bytes,
	                                 .photo_size = got->size,
	                                 .has_photo = true};

	if (got->problem)
		complain(carding->frontend, got->problem);
	carding->done(carding->context, got->problem ? NULL : &card);
	carding_free(carding);
}

bool person_picture_card(struct frontend *base, const char *address, size_t max, frontend_card_done *done,
                         void *context)
{
	struct matrix_frontend *frontend = matrix_frontend_of(base);
	const struct person *person = person_of(frontend, address);
	struct carding *carding;

	if (!person->picture || !frontend->media)
		return false;
	carding = MEM_NEW(struct carding);
	*carding = (struct carding){frontend, mem_strdup(address), done, context};
	matrix_media_get_small(frontend->media, person->picture, max, on_face, carding, carding_free);
	return true;
}
