/* SPDX-License-Identifier: MIT */
/*
 * The instances of this machine: each NAME.cfg of a folder is one, and transportd@NAME its systemd unit. For
 * transportctl; the functions print what they have to say and return its exit status.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"

#define INSTANCES_FOLDER "/etc/libtransport" /* where the unit looks */

/* The control socket of the instance that a configuration file describes; jid NULL: the file's. False: a
 * sentence is in `error`. *own_jid (may be NULL): the instance's, to be freed. */
bool instance_find_socket(const char *file, const char *jid, struct buf *path, char **own_jid,
                          struct buf *error);
/* A key of a configuration file, as it is written there, to be freed; "" if it is not there. NULL: the file
 * cannot be read, with a sentence. */
char *instance_read_key(const char *file, const char *key, struct buf *error);
/* The only instance of the folder: its configuration file, to be freed; NULL, and a sentence in `error`. */
char *instance_find_only(const char *folder, struct buf *error);

/* list: names, JIDs and files. status: also whether each runs; 3 if one does not. width: columns of the
 * terminal, 0: any. */
int instances_list(const char *folder, bool json, unsigned width);
int instances_status(const char *folder, bool json, unsigned width);
/* start, stop, restart: systemctl VERB transportd@NAME for the names, or for every instance if there are
 * none. */
int instances_control(const char *folder, const char *verb, char *const *names, int count);
