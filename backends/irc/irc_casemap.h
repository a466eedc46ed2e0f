/* SPDX-License-Identifier: MIT */
/* Which names are the same on a network: the CASEMAPPING of its ISUPPORT. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum irc_casemap {
	IRC_CASEMAP_RFC1459,        /* the default: A-Z and []\~ are a-z and {}|^ */
	IRC_CASEMAP_STRICT_RFC1459, /* without ~ and ^ */
	IRC_CASEMAP_ASCII,
};

/* An unknown name is taken as ASCII, which joins the fewest names. */
enum irc_casemap irc_casemap_parse(const char *name);
bool irc_same_name(enum irc_casemap map, const char *a, const char *b);
/* A key under which all spellings of a name meet; caller frees (mem_free). */
char *irc_fold_name(enum irc_casemap map, const char *name);
