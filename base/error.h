/* SPDX-License-Identifier: MIT */
/*
 * The one list of errors. A function that a peer, a person or the system can make fail returns 0 or one
 * of these (they are negative); a broken promise of our own code is an assertion, and memory that runs
 * out aborts (base/mem.h). Text meant for a person goes beside the code, in a `char **error` or a buf.
 */
#pragma once

enum tp_error {
	TP_OK = 0,
	TP_ERR_INVALID = -1,      /* malformed or impossible input */
	TP_ERR_NOT_FOUND = -2,    /* no such user, contact, room, command */
	TP_ERR_EXISTS = -3,       /* there is one already */
	TP_ERR_NOT_ALLOWED = -4,  /* forbidden by configuration or role */
	TP_ERR_NOT_REGISTERED = -5, /* the address has no account here */
	TP_ERR_NOT_CONNECTED = -6,  /* the account has no live legacy session (yet) */
	TP_ERR_AUTH = -7,         /* wrong credentials */
	TP_ERR_LIMIT = -8,        /* a limit of the table in docs/limits.md was hit */
	TP_ERR_UNSUPPORTED = -9,  /* the backend or this program cannot do it */
	TP_ERR_TIMEOUT = -10,
	TP_ERR_IO = -11,          /* socket, file or process */
	TP_ERR_STORE = -12,       /* the database refused */
	TP_ERR_CLOSED = -13,      /* the peer is gone */
};

/* A short English name of an error, for logs: "not found". Never NULL. */
const char *tp_error_text(int error);
