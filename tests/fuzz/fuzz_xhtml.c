/* SPDX-License-Identifier: MIT */
/* Any tag soup: what comes out is well-formed, has nothing but allowed elements, and does not change when it is
 * sanitised again. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/text.h"
#include "frontends/xmpp/xhtml.h"
#include "tests/fuzz/good_xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_address(const char *attribute)
{
	return strcmp(attribute, "href") == 0 || strcmp(attribute, "src") == 0;
}

static bool is_safe(const char *url)
{
	static const char *const harmless[] = {"http://", "https://", "mailto:", "xmpp:"};

	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
		if (strncasecmp(url, harmless[i], strlen(harmless[i])) == 0)
			return true;
	return false;
}

static void XMLCALL on_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
	(void)context;
	if (!strcasecmp(name, "script") || !strcasecmp(name, "style") || !strcasecmp(name, "iframe"))
		abort();
	for (; *attributes; attributes += 2)
		if (!strncasecmp(attributes[0], "on", 2) || (is_address(attributes[0]) && !is_safe(attributes[1])))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf clean = {0}, once = {0}, twice = {0};

	text_clean(&clean, (const char *)data, size, TEXT_LINES);
	if (xhtml_sanitise(&once, buf_text(&clean), clean.len)) {
		if (!good_xml(&once, on_start, NULL) || !xhtml_sanitise(&twice, buf_text(&once), once.len) || once.len != twice.len ||
		    memcmp(once.data, twice.data, once.len) != 0)
			abort();
	}
	buf_finish(&clean);
	buf_finish(&once);
	buf_finish(&twice);
	return 0;
}
