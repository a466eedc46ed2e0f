/* SPDX-License-Identifier: MIT */
/*
 * Conversations that not everybody sees: private channels and chats of several people. Whoever is not in one learns
 * nothing of it, and is not let in by a command. Which they are is asked anew each time (users.conversations): people
 * come and go, and a channel becomes private, without our being told.
 */
#pragma once

struct map;
struct workspace;

/* `hidden`: ids of those that the bot is in and this person is not (id -> not NULL), lent; err 0, or negative with
 * `problem` in words, and then `hidden` is NULL. */
typedef void hidden_done(void *context, int err, const char *problem, const struct map *hidden);

/* Calls `done` once, never from inside; if the workspace's calls are given up before, `drop` instead. */
void hidden_ask(struct workspace *workspace, const char *user, hidden_done *done, void *context,
		void (*drop)(void *context));
