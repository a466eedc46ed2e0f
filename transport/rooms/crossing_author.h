/* SPDX-License-Identifier: MIT */
/*
 * Who has said what crossed (crossing.h): only he changes it in the other places. What a place's own server lets pass
 * says nothing of that: homeservers pass on edits of what others have said, which no client shows, and XMPP clients may
 * send anything. Kept in the message map (message_map.h), as long as the names by which others refer to it. Loop
 * thread.
 */
#pragma once

#include <stdbool.h>

struct event_message;
struct identity;
struct room;

/* A new message with an id: its author is this identity's account, or message->author. Clients of XMPP choose ids as
 * they like: theirs take none from whoever has it already. */
void crossing_author_note(const struct identity *from, const struct room *room, const struct event_message *message);
/* Whether what the message edits or takes back is its author's own, or not for us to judge: who may take back what
 * others have said the servers of shared places know. Ids as the network knows them (references.h), or as where it was
 * said. */
bool crossing_author_may_refer(const struct identity *from, const struct room *room,
			       const struct event_message *message);
