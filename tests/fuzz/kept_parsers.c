/* SPDX-License-Identifier: MIT */
/*
 * For long runs of a target whose code makes parsers of expat: the linker puts these in the place of expat's functions
 * (--wrap). A parser that was given back is the next one that is asked for, reset as expat does it. To make one, and to
 * ask the kernel for the secret of its hash tables, takes longer than most inputs.
 */
#include <expat.h>
#include <stdlib.h>

#define SEPARATOR '|' /* of all: to reset a parser leaves it */
#define KEPT 8

/* The linker wants to see them because a library has parsers of its own, which these do not touch. */
#define VISIBLE __attribute__((visibility("default")))

VISIBLE XML_Parser __wrap_XML_ParserCreateNS(const XML_Char *encoding, XML_Char separator);
XML_Parser __real_XML_ParserCreateNS(const XML_Char *encoding, XML_Char separator);
VISIBLE void __wrap_XML_ParserFree(XML_Parser parser);
void __real_XML_ParserFree(XML_Parser parser);

static XML_Parser kept[KEPT];
static size_t kept_count;

XML_Parser __wrap_XML_ParserCreateNS(const XML_Char *encoding, XML_Char separator)
{
	XML_Parser parser = kept_count ? kept[--kept_count] : __real_XML_ParserCreateNS(encoding, separator);

	if (separator != SEPARATOR)
		abort();
	if (!parser)
		return NULL;
	(void)XML_ParserReset(parser, encoding);
	/* Not asked for, and the same for each input. */
	XML_SetHashSalt(parser, 1);
	return parser;
}

void __wrap_XML_ParserFree(XML_Parser parser)
{
	if (kept_count < KEPT)
		kept[kept_count++] = parser;
	else
		__real_XML_ParserFree(parser);
}
