/* SPDX-License-Identifier: MIT */
/*
 * People of a workspace: asked for one by one (users.info) when something is to be shown of them, and kept as
 * long as they are not the LIMIT_SLACK_MEMBERS-and-first: whoever was not needed longest is forgotten, unless
 * he has a session here. So are names of channels. A workspace is never read as a whole.
 */
#pragma once

#include "base/arena.h"
#include "frontends/slack/wire/slack_text.h"
#include "frontends/slack/workspace.h"

struct member {
	struct list used; /* workspace->members_used */
	struct workspace *workspace;
	char *address;     /* "TEAM/USER" */
	char *name;        /* as the workspace shows it; NULL: not known (yet) */
	char *avatar;      /* https; NULL */
	bool asked;        /* an answer is on its way, or there will be none */
	bool admin;        /* of the workspace */
	bool deleted;      /* deactivated: may not use Slack any more */
	bool look;         /* is to be asked for when it is his turn (slack_people_look_again) */
	bool unregistered; /* has no account: the store need not be asked again */
	bool switched_off; /* his account may not log in: until he logs in, it need not be asked either */
	bool told_unheard; /* that nobody hears him */
	bool curious; /* is told when the network session is up: asked for it, or was told of a trouble */
	bool opening; /* the DM with the bot is on its way */
	struct list notices; /* struct notice.link (person.c): for when it is there */
	unsigned notices_count;
	struct list namesake; /* struct namesakes.members */
	char *called;         /* as which it is in workspace->called; NULL: not there */
	char id[];
};

/* Made if it is not there. */
struct member *member_of(struct workspace *workspace, const char *id);
/* Asks for name and picture, unless that was done or too many names are being asked for: incoming_go_on follows when
 * there is room. True: they are known, or cannot be. */
bool member_known(struct workspace *workspace, const char *id);
/* The same, also if that was done, and however many there are. */
void member_ask(struct workspace *workspace, const char *id);
/* Whether fewer than LIMIT_SLACK_NAMES_ASKED people and channels are being asked for. A message can name thousands. */
bool members_can_be_asked(const struct workspace *workspace);
/* What others see: the name, or the id while it is not known. */
const char *member_name(struct workspace *workspace, const char *id);
/* Whose name that is, in whatever case; NULL: nobody's that we know, or of several. Who has left the workspace
 * is nobody. */
const struct member *member_called(const struct workspace *workspace, const char *name);
/* users.info or an event has told it. Who was deactivated is signed out (slack_person_deactivated). */
void member_note(struct workspace *workspace, const struct cJSON *user);
/* What ids are called (slack_text.h): users as they are known here. `missing` becomes true if somebody was
 * met who is not known yet: he is asked for now, or when there is room. */
struct member_names {
	struct workspace *workspace;
	/* Whoever reads it is outside of the workspace: private channels have no names then, nor have those that are not
	 * known yet, whatever their label says. */
	bool outside;
	bool missing;
	struct buf text; /* what the answers live in */
};
struct slack_names member_names(struct member_names *names);
/* The channel is called otherwise now: asked for again when it is mentioned next. */
void member_title_changed(struct workspace *workspace, const char *channel);
void members_free(struct workspace *workspace);
