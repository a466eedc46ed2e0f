/* SPDX-License-Identifier: MIT */
/*
 * What a moderator's client asks of a room (XEP-0045 sections 8 to 10): kicks, bans, roles and affiliations are the
 * core's MODERATION, name and picture of a room its ROOM_CHANGE. The request is answered when the network has done it,
 * or refused.
 *
 *   core         none         voice        helper     moderator    owner
 *   affiliation  none         member       admin      admin        owner       (outcast: banned)
 *   role         participant  participant  moderator  moderator    moderator   (visitor: asks for none)
 *
 * Networks do not tell whether somebody without voice is heard, so nobody is shown as a visitor. Without the
 * extension backends only tell who moderates: then everybody else is a member.
 */
#pragma once

#include "frontends/xmpp/iq.h"
#include "frontends/xmpp/muc.h"

#define NS_MUC_ADMIN "http://jabber.org/protocol/muc#admin"
#define NS_MUC_OWNER "http://jabber.org/protocol/muc#owner"

const char *muc_affiliation(enum participant_role role, int flags);
const char *muc_role(enum participant_role role, int flags);

/* The vCard of a room is set: its picture. `photo` NULL: none any more. */
void muc_set_picture(const struct iq_request *request, const uint8_t *photo, size_t size);
/* From undelivered and arrived: whether the message is one of these requests, which is answered now. `undelivered`
 * NULL: the network has done it. */
bool muc_admin_answer(struct xmpp_frontend *frontend, const struct event_message *message,
                      const struct event_undelivered *undelivered);
void muc_admin_free(struct xmpp_frontend *frontend);
