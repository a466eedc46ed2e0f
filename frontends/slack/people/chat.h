/* SPDX-License-Identifier: MIT */
/* Chats of a person with a legacy contact: a thread in the DM with the bot. */
#pragma once

#include "frontends/slack/channels/channel.h"

/* The chat of this person with the contact (in_room: with "room/nickname"). NULL: its thread is being begun,
 * and what waits for the person is delivered when it is there. */
struct channel *slack_chat_open(struct slack_frontend *frontend, const char *owner, const char *name,
                                bool in_room);
/* The DM of the person is there: chats that wait for it are begun. */
void slack_chats_go_on(struct slack_frontend *frontend, const char *owner);
void slack_chats_free(struct slack_frontend *frontend);
