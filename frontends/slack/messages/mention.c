/* SPDX-License-Identifier: MIT */
#include "frontends/slack/messages/mention.h"

#include <string.h>

#include "frontends/slack/people/member.h"
#include "transport/people/session.h"
#include "transport/rooms/portal.h"

/* The bot speaks for people, and is none of them. */
static const char *take(struct mention_place *place, const char *id)
{
	if (!strcmp(id, place->workspace->bot_user))
		return NULL;
	memcpy(place->id, id, strlen(id) + 1);
	return place->id;
}

static const char *find(void *context, const char *name)
{
	struct mention_place *place = context;
	const struct workspace *workspace = place->workspace;
	const struct identity *person = portal_person(&workspace->frontend->base, place->room, name);
	struct slack_address at;

	if (person && slack_address_read(&at, person->address) && !strcmp(at.team, workspace->team))
		return take(place, at.id);
	const struct member *member = member_called(workspace, name);

	return member ? take(place, member->id) : NULL;
}

struct slack_mentions mention_in(struct mention_place *place)
{
	return (struct slack_mentions){.user = find, .context = place};
}
