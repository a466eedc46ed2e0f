/* SPDX-License-Identifier: MIT */
/* Lines that wait for their turn: servers cut off who talks too fast. A bucket of tokens, one for each line.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

/* What to tell the user when the line it hangs on was written, or when it never will be. */
struct irc_note {
	char *name; /* of the room or contact */
	bool room;
	char *text;  /* the whole message as the user wrote it */
	char *xhtml; /* NULL: none */
};
void irc_note_destroy(struct irc_note **note);

struct irc_queued {
	struct list link;
	char *line;
	size_t length;
	struct irc_note *note; /* on the last line of a message; NULL: nothing to tell */
};
void irc_queued_destroy(struct irc_queued **queued);

struct irc_queue {
	struct list lines;
	size_t count;
	double tokens;
	uint64_t filled_at; /* 0: not begun */
};

void irc_queue_init(struct irc_queue *queue);
/* Takes the note. */
void irc_queue_add(struct irc_queue *queue, const char *line, size_t length, struct irc_note *note);
/* The next line that may go out at `now` (the caller's then), or NULL: *wait_ms until the next, 0 if none
 * waits. */
struct irc_queued *irc_queue_take(struct irc_queue *queue, uint64_t now, long burst, long interval_ms,
                                  uint64_t *wait_ms);
/* The first one whatever the tokens say; NULL when it is empty. */
struct irc_queued *irc_queue_pop(struct irc_queue *queue);
