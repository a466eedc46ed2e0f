/* SPDX-License-Identifier: MIT */
/* Builds one libstrophe tree at a time from parser events, bounded in elements. For stanza.c. */
#pragma once

#include <stddef.h>
#include <strophe.h>

struct stanza_tree;

struct stanza_tree *stanza_tree_create(xmpp_ctx_t *strophe);
void stanza_tree_destroy(struct stanza_tree **tree);
/* Before the root: how many children an element may have. */
void stanza_tree_set_children(struct stanza_tree *tree, unsigned limit);
/* The parser bounds the depth; more than LIMIT_STANZA_ELEMENTS elements, or too many children, spoil the tree. */
void stanza_tree_start(struct stanza_tree *tree, const char *ns, const char *name, const char **attributes);
void stanza_tree_text(struct stanza_tree *tree, const char *text, size_t length);
void stanza_tree_end(struct stanza_tree *tree);
/* The finished tree, to be released; NULL if it is spoilt. */
xmpp_stanza_t *stanza_tree_take(struct stanza_tree *tree);
/* Forgets what has been built. */
void stanza_tree_abandon(struct stanza_tree *tree);
