/* SPDX-License-Identifier: MIT */
#include "frontends/xmpp/stream/stanza_tree.h"

#include <stdbool.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/limits.h"

#define TEXT_KEEP (64u << 10)

struct stanza_tree {
	xmpp_ctx_t *strophe;
	xmpp_stanza_t *open[LIMIT_STANZA_DEPTH + 1];
	unsigned children[LIMIT_STANZA_DEPTH + 1]; /* of each of them */
	unsigned children_limit;
	unsigned depth;
	unsigned elements;
	xmpp_stanza_t *root; /* finished */
	struct buf text;     /* parsers give text in pieces: collected, as libstrophe copies all at each addition */
	struct buf cleaned;
	bool spoilt;
};

struct stanza_tree *stanza_tree_create(xmpp_ctx_t *strophe)
{
	struct stanza_tree *tree = MEM_NEW(struct stanza_tree);

	tree->strophe = strophe;
	return tree;
}

void stanza_tree_abandon(struct stanza_tree *tree)
{
	while (tree->depth)
		xmpp_stanza_release(tree->open[--tree->depth]);
	if (tree->root)
		xmpp_stanza_release(tree->root);
	tree->root = NULL;
	tree->elements = 0;
	tree->spoilt = false;
	buf_clear(&tree->text);
	buf_shrink(&tree->text, TEXT_KEEP);
	buf_clear(&tree->cleaned);
	buf_shrink(&tree->cleaned, TEXT_KEEP);
}

void stanza_tree_destroy(struct stanza_tree **tree)
{
	if (!*tree)
		return;
	stanza_tree_abandon(*tree);
	buf_finish(&(*tree)->text);
	buf_finish(&(*tree)->cleaned);
	MEM_FREE(*tree);
}

static const char *clean(struct stanza_tree *tree, const char *text, size_t length, enum text_clean how)
{
	buf_clear(&tree->cleaned);
	text_clean(&tree->cleaned, text, length, how);
	return buf_text(&tree->cleaned);
}

void stanza_tree_set_children(struct stanza_tree *tree, unsigned limit)
{
	tree->children_limit = limit;
}

static void spoil(struct stanza_tree *tree)
{
	stanza_tree_abandon(tree);
	tree->spoilt = true;
}

static void add_child(struct stanza_tree *tree, xmpp_stanza_t *child)
{
	xmpp_stanza_add_child(tree->open[tree->depth - 1], child);
	xmpp_stanza_release(child);
	if (++tree->children[tree->depth - 1] > tree->children_limit)
		spoil(tree);
}

static void flush_text(struct stanza_tree *tree)
{
	xmpp_stanza_t *text;

	if (tree->text.len == 0)
		return;
	clean(tree, tree->text.data, tree->text.len, TEXT_LINES);
	OPENSSL_cleanse(tree->text.data, tree->text.len); /* may be a password */
	buf_clear(&tree->text);
	text = xmpp_stanza_new(tree->strophe);
	xmpp_stanza_set_text_with_size(text, tree->cleaned.data, tree->cleaned.len);
	OPENSSL_cleanse(tree->cleaned.data, tree->cleaned.len);
	add_child(tree, text);
}

static void set_attributes(struct stanza_tree *tree, xmpp_stanza_t *element, const char **attributes)
{
	for (; *attributes; attributes += 2) {
		const char *name = attributes[0];

		if (strcmp(name, "http://www.w3.org/XML/1998/namespace|lang") == 0)
			name = "xml:lang";
		else if (strchr(name, '|'))
			continue; /* of a foreign namespace: means nothing without its prefix */
		xmpp_stanza_set_attribute(element, name,
					  clean(tree, attributes[1], strlen(attributes[1]), TEXT_LINE));
	}
}

void stanza_tree_start(struct stanza_tree *tree, const char *ns, const char *name, const char **attributes)
{
	xmpp_stanza_t *element;

	if (tree->spoilt)
		return;
	if (tree->depth)
		flush_text(tree);
	if (tree->spoilt)
		return;
	if (++tree->elements > LIMIT_STANZA_ELEMENTS || tree->depth > LIMIT_STANZA_DEPTH) {
		spoil(tree);
		return;
	}
	element = xmpp_stanza_new(tree->strophe);
	xmpp_stanza_set_name(element, name);
	set_attributes(tree, element, attributes);
	if (*ns)
		xmpp_stanza_set_ns(element, ns);
	tree->children[tree->depth] = 0;
	tree->open[tree->depth++] = element;
}

void stanza_tree_text(struct stanza_tree *tree, const char *text, size_t length)
{
	if (!tree->spoilt && tree->depth)
		buf_append(&tree->text, text, length);
}

void stanza_tree_end(struct stanza_tree *tree)
{
	xmpp_stanza_t *element;

	if (tree->spoilt || tree->depth == 0)
		return;
	flush_text(tree);
	if (tree->spoilt)
		return;
	element = tree->open[--tree->depth];
	if (tree->depth == 0)
		tree->root = element;
	else
		add_child(tree, element);
}

xmpp_stanza_t *stanza_tree_take(struct stanza_tree *tree)
{
	xmpp_stanza_t *root = tree->root;

	tree->root = NULL;
	return root;
}
