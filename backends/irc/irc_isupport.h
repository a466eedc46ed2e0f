/* SPDX-License-Identifier: MIT */
/* What a server says about itself in RPL_ISUPPORT (005), and MODE lines read by it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "backends/irc/irc_casemap.h"
#include "protocol/event.h"

#define IRC_PREFIXES_MAX 16

struct irc_isupport {
	enum irc_casemap casemap;
	char prefix_modes[IRC_PREFIXES_MAX + 1]; /* "qaohv": highest first */
	char prefix_chars[IRC_PREFIXES_MAX + 1]; /* "~&@%+" */
	char channel_types[16];
	char list_modes[64];     /* CHANMODES A: an argument, or none to ask for the list */
	char argument_modes[64]; /* B: always an argument */
	char set_modes[64];      /* C: an argument when set */
	size_t nick_length;      /* 0: not said */
	size_t line_length;      /* 512 if not said */
	char network[64];        /* NETWORK, "" if not said */
	bool monitor;            /* MONITOR */
	size_t monitor_limit;    /* 0: none was said */
};

void irc_isupport_init(struct irc_isupport *support);
/* One token: "KEY", "KEY=value" or "-KEY". */
void irc_isupport_token(struct irc_isupport *support, const char *token);

bool irc_is_channel(const struct irc_isupport *support, const char *name);
/* The bit of a prefix character or mode; 0 if it is none. */
unsigned irc_prefix_bit_of_char(const struct irc_isupport *support, char c);
unsigned irc_prefix_bit_of_mode(const struct irc_isupport *support, char mode);
/* Half-operators and whoever ranks above them: who moderates the channel. */
bool irc_prefix_moderates(const struct irc_isupport *support, unsigned bits);

/* By the highest of them; never ROLE_UNSAID. */
enum participant_role irc_prefix_role(const struct irc_isupport *support, unsigned bits);

struct irc_mode_change {
	bool set;
	char mode;
	const char *argument; /* NULL: it has none */
	unsigned prefix_bit;  /* not 0: argument is a member's nickname */
};

/* Walks "+o-v+b" with its arguments. Begin with {0}. */
struct irc_mode_walk {
	size_t mode, argument;
	bool clear;
};
/* params[0] is the mode string; false at the end. Every mode takes exactly the arguments that the server's
 * CHANMODES give it: one read wrongly would give the next one's argument to somebody else. A mode that must
 * have an argument and has none left is passed over. */
bool irc_mode_next(const struct irc_isupport *support, const char *const *params, size_t count,
                   struct irc_mode_walk *walk, struct irc_mode_change *change);
