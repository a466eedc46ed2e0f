/* SPDX-License-Identifier: MIT */
/*
 * Whether what was written is XML. One parser serves all inputs, and has the same secret for its hash tables each time:
 * to make one, or to ask the kernel for a secret, takes longer than most inputs.
 */
#pragma once

#include <expat.h>
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"

/* What is in `content`, inside an element "body". `start` (may be NULL) is called for each element with `context`,
 * for "body" as well. */
static inline bool good_xml(struct buf *content, XML_StartElementHandler start, void *context)
{
	static const char head[] = "<body>", tail[] = "</body>";
	static XML_Parser parser;

	if (!parser)
		parser = XML_ParserCreate("UTF-8");
	else
		(void)XML_ParserReset(parser, "UTF-8");
	XML_SetHashSalt(parser, 1);
	XML_SetUserData(parser, context);
	XML_SetStartElementHandler(parser, start);
	return XML_Parse(parser, head, (int)strlen(head), 0) == XML_STATUS_OK &&
	       XML_Parse(parser, buf_text(content), (int)content->len, 0) == XML_STATUS_OK &&
	       XML_Parse(parser, tail, (int)strlen(tail), 1) == XML_STATUS_OK;
}
