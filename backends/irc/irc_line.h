/* SPDX-License-Identifier: MIT */
/*
 * One line of the IRC protocol (RFC 1459, RFC 2812, IRCv3 message tags): parsed from bytes of a server, or
 * built from fields. Every line that leaves the program is built by irc_line_build and by nothing else, so no
 * field of any origin can end a line early or begin another one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define IRC_PARAMS_MAX 32  /* what comes behind is part of the last one */
#define IRC_LINE_BYTES 512 /* with CR LF, without tags: RFC 1459 2.3; a server may allow more (LINELEN) */
#define IRC_LINE_BYTES_MAX 16384                    /* the largest LINELEN believed */
#define IRC_INPUT_BYTES (8191 + IRC_LINE_BYTES_MAX) /* the longest line taken, tags included */

/* Pointers go into the line that was parsed. */
struct irc_line {
	const char *source;                 /* the whole prefix, "" if there is none */
	const char *nick;                   /* of the source, or the server's name, or "" */
	const char *userhost;               /* "user@host", or "" */
	const char *command;                /* in upper case; digits for numerics */
	const char *params[IRC_PARAMS_MAX]; /* all valid UTF-8; those beyond count are "" */
	size_t count;
	int64_t time_ms; /* IRCv3 server-time, Unix milliseconds; 0: not said */
	const char *message_id; /* IRCv3 tags, "" where there are none: msgid, label, batch */
	const char *label;
	const char *batch;
	bool from_user;  /* the source has the form nick!user@host */
};

/* Takes the line (NUL-terminated, without its line end) apart; it is written to. 0, or TP_ERR_INVALID: empty
 * or without a command. The bytes must be valid UTF-8 (irc_text_decode). */
int irc_line_parse(struct irc_line *line, char *text);

/*
 * Appends "COMMAND middle... :trailing\r\n" to `out`; trailing NULL leaves that part out. In `trailing` CR
 * and LF become spaces and the line is cut at a UTF-8 boundary to `limit` bytes. A middle parameter must be
 * able to be one: not empty, no space, comma or control character, no ':' in front. 0, or TP_ERR_INVALID with
 * nothing appended.
 */
int irc_line_build(struct buf *out, size_t limit, const char *command, const char *const *middle,
                   size_t count, const char *trailing);

/* Whether a gateway can take it as the id of a message: not empty, not too long, one clean line. */
bool irc_message_id_is_valid(const char *id);

/* Whether irc_line_build takes it as a middle parameter. */
bool irc_middle_is_valid(const char *text);
