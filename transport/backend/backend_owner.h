/* SPDX-License-Identifier: MIT */
/*
 * As whom backends run. Where this process is root that is another uid: the one of backend.sandbox_user, or else one
 * that belongs to nobody, the same at each start because the backends' folder belongs to it. Elsewhere there is no
 * choice.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/log.h"

struct backend_owner {
	bool other; /* than this process; uid and gid are set */
	uid_t uid;
	gid_t gid;
};

/* `user`: of the configuration, "" for none. `folder`: the backends' own, absolute, there or not yet; `readable` are
 * paths that they need. Where nobody is named and a uid of nobody's could not get at one of these, they run as this
 * process does, with a warning. 0, or an error with a sentence. */
int backend_owner_find(struct backend_owner *owner, const char *user, const char *folder, char *const *readable,
                       size_t count, const struct log *log, struct buf *error);

/* Whether somebody who owns nothing and is in no group may read `path`, a folder or a file. */
bool backend_owner_is_public(const char *path);
