/* SPDX-License-Identifier: MIT */
/*
 * What administrators ask for (admin_table.h): over the control socket (transportctl), from a chat, and by
 * QUERY. Spectrum 2's commands are there under their names, with their answers.
 *
 * A line is words separated by spaces, without quoting, as in Spectrum 2; if it has a tab, the words are what
 * is between the tabs, so that they may have spaces. The last argument of some commands is the rest of the
 * line. `get` or `set` may stand before a variable. Before all there may be options:
 *
 *     --json       the answer is one JSON value: {"error":TEXT}, or {"command":NAME,...} with "rows", "value"
 * or "answer"
 *     --width=N    columns of the terminal, for tables
 *     --bodies     `follow` shows what people write
 *
 * An answer that is an error begins with "Error:", or with {"error": in JSON.
 */
#pragma once

struct transport;
struct watch;

struct admin_caller {
	/* Called once, now or later. */
	void (*done)(void *context, const char *answer);
	/* For `follow`: a line, any number of times; instead of done, `following` hands the watch over, to be
	 * ended with watch_stop. NULL: the caller takes one answer only. */
	void (*line)(void *context, const char *line);
	void (*following)(void *context, struct watch *watch);
	void *context;
};

void admin_execute_for(struct transport *transport, const char *line, const struct admin_caller *caller);
/* For those who take one answer. */
void admin_execute(struct transport *transport, const char *line, void (*done)(void *context, const char *answer),
		   void *context);
