/* SPDX-License-Identifier: MIT */
/*
 * The control socket: a Unix stream socket, mode 0600 in a 0700 folder, for our own uid and root only
 * (SO_PEERCRED). A client sends one line (UTF-8, LF; admin.h) and gets the answer and a NUL; then it may send
 * the next. After a line that follows a user it gets lines that end with LF, until it closes the connection.
 */
#pragma once

#include "base/buf.h"

struct control;
struct transport;

int control_start(struct transport *transport, const char *path, struct control **control, struct buf *error);
void control_stop(struct control **control); /* closes and removes the socket file */
