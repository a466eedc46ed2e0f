/* SPDX-License-Identifier: MIT */
/*
 * The only way XML leaves the program: elements written straight into a buffer, escaped, no tree. Names of
 * elements and attributes are literals of ours; values may be anything that text_clean let through (what it
 * would not is replaced by U+FFFD here as well, so that output always parses).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/buf.h"

#define XML_WRITER_DEPTH 32

struct xml_writer {
	struct buf *out;
	struct {
		const char *name;
		size_t length;
	} open[XML_WRITER_DEPTH];
	unsigned depth;
	int tag_open; /* '>' of the current start tag is not written yet */
};

void xml_writer_init(struct xml_writer *writer, struct buf *out);
static inline void xml_start(struct xml_writer *writer, const char *name);
static inline void xml_start_ns(struct xml_writer *writer, const char *name, const char *xmlns);
static inline void xml_attr(struct xml_writer *writer, const char *name, const char *value); /* NULL: not written */
void xml_attr_int(struct xml_writer *writer, const char *name, long long value);
void xml_text(struct xml_writer *writer, const char *text); /* NULL: nothing */
void xml_text_n(struct xml_writer *writer, const char *text, size_t length);
void xml_base64(struct xml_writer *writer, const void *bytes, size_t count);
/* Text or (in quotes) the value of an attribute, escaped, without a writer. */
void xml_escape(struct buf *out, const char *text, size_t length, bool attribute);
void xml_raw(struct xml_writer *writer, const char *markup, size_t length); /* well-formed already: ours only */
void xml_end(struct xml_writer *writer);
/* <name>text</name>; with xmlns NULL none is written. Nothing at all for text NULL. */
static inline void xml_element(struct xml_writer *writer, const char *name, const char *xmlns, const char *text);
/* <name xmlns=''/> */
static inline void xml_empty(struct xml_writer *writer, const char *name, const char *xmlns);

/* The length of a literal is known where it is written down: inline, so that it is not measured again each time. */
void xml_start_n(struct xml_writer *writer, const char *name, size_t length);
void xml_attr_n(struct xml_writer *writer, const char *name, size_t length, const char *value);

static inline void xml_start(struct xml_writer *writer, const char *name)
{
	xml_start_n(writer, name, strlen(name));
}

static inline void xml_attr(struct xml_writer *writer, const char *name, const char *value)
{
	xml_attr_n(writer, name, strlen(name), value);
}

static inline void xml_start_ns(struct xml_writer *writer, const char *name, const char *xmlns)
{
	xml_start(writer, name);
	xml_attr(writer, "xmlns", xmlns);
}

static inline void xml_element(struct xml_writer *writer, const char *name, const char *xmlns, const char *text)
{
	if (!text)
		return;
	xml_start_ns(writer, name, xmlns);
	if (*text)
		xml_text(writer, text);
	xml_end(writer);
}

static inline void xml_empty(struct xml_writer *writer, const char *name, const char *xmlns)
{
	xml_start_ns(writer, name, xmlns);
	xml_end(writer);
}
