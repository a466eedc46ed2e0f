/* SPDX-License-Identifier: MIT */
/* A 1:1 conversation: which of the user's clients wrote last, so that answers go there. */
#pragma once

#include <stdbool.h>

#include "protocol/event.h"

struct identity;
struct resource;
struct user;

struct conversation {
	struct identity *identity; /* NULL: nobody wrote yet */
	struct resource *resource; /* of that identity: it wrote last; NULL: the identity as a whole */
	unsigned long long used;   /* order of use */
	bool asks;                 /* the contact spoke while the login was under way: it may be answered before the end */
	char contact[];            /* lower case */
};

struct conversation *conversation_find(const struct user *user, const char *contact);
struct conversation *conversation_open(struct user *user, const char *contact);
/* `from` wrote to the contact. */
void conversation_use(struct conversation *conversation, struct resource *from);
/* Where presence changed, answers go to the identity as a whole again (RFC 6121 section 5.1). Also before a resource of
 * it is gone. */
void conversation_unlock(struct user *user, struct identity *identity);
void conversation_forget_identity(struct user *user, struct identity *identity);
