/* SPDX-License-Identifier: MIT */
/* The documentation of the keys, printed from the same tables that read them. */
#include "config/config.h"

#include <string.h>

#include "base/map.h"
#include "base/mem.h"

#define SAMPLE_COLUMNS 78

struct writer {
	FILE *out;
	const struct config_table *const *tables;
	size_t count;
	void (*section)(FILE *out, const char *name, int length);
	void (*key)(FILE *out, const struct config_key *key, const char *name);
};

static int section_length(const struct config_key *key)
{
	const char *dot = strchr(key->name, '.');

	return dot ? (int)(dot - key->name) : 0;
}

/* Keys of one section stand together, whichever tables they come from; a key that two tables read, once. */
static void write_section(const struct writer *writer, const struct config_key *first, struct map *written)
{
	int length = section_length(first);
	size_t i, k;

	writer->section(writer->out, first->name, length);
	for (i = 0; i < writer->count; i++) {
		for (k = 0; k < writer->tables[i]->count; k++) {
			const struct config_key *key = &writer->tables[i]->keys[k];

			if (section_length(key) != length ||
			    strncmp(key->name, first->name, (size_t)length + 1) != 0 ||
			    map_get(written, key->name))
				continue;
			map_put(written, key->name, written);
			writer->key(writer->out, key, length ? key->name + length + 1 : key->name);
		}
	}
}

static void write_all(const struct writer *writer)
{
	struct map *written = map_create();
	size_t i, k;

	for (i = 0; i < writer->count; i++)
		for (k = 0; k < writer->tables[i]->count; k++)
			if (!map_get(written, writer->tables[i]->keys[k].name))
				write_section(writer, &writer->tables[i]->keys[k], written);
	map_destroy(&written, NULL);
}

/* ---- Markdown ---- */

static void put_cell(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '|')
			fputc('\\', out);
		fputc(*text == '\n' ? ' ' : *text, out);
	}
}

static void markdown_section(FILE *out, const char *name, int length)
{
	fprintf(out, "\n### [%.*s]\n\n| key | type | default | meaning |\n|---|---|---|---|\n", length, name);
}

static void markdown_type(FILE *out, const struct config_key *key)
{
	static const char *const names[] = {
		[CONFIG_STRING] = "text",
		[CONFIG_BOOL] = "yes/no",
		[CONFIG_INT] = "number",
		[CONFIG_LIST] = "list",
	};

	fputs(names[key->type], out);
	if (key->type == CONFIG_INT && (key->min || key->max))
		fprintf(out, ", %ld to %ld", key->min, key->max);
}

static void markdown_key(FILE *out, const struct config_key *key, const char *name)
{
	fprintf(out, "| `%s` | ", name);
	markdown_type(out, key);
	fputs(" | ", out);
	if (key->fallback && *key->fallback) {
		fputc('`', out);
		put_cell(out, key->fallback);
		fputc('`', out);
	} else {
		fputs("(none)", out);
	}
	fputs(" | ", out);
	put_cell(out, key->help);
	fputs(key->live ? " *Reload.* |\n" : " |\n", out);
}

void config_write_markdown(FILE *out, const struct config_table *const *tables, size_t count)
{
	struct writer writer = {out, tables, count, markdown_section, markdown_key};

	write_all(&writer);
}

/* ---- manual page ---- */

/* Nothing in it is a request, an escape or a hyphen. */
static void put_roff(FILE *out, const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", out);
	for (; *text; text++) {
		if (*text == '\\')
			fputs("\\e", out);
		else if (*text == '-')
			fputs("\\-", out);
		else
			fputc(*text == '\n' ? ' ' : *text, out);
	}
}

static void man_section(FILE *out, const char *name, int length)
{
	fprintf(out, ".SS [%.*s]\n", length, name);
}

static void man_key(FILE *out, const struct config_key *key, const char *name)
{
	fputs(".TP\n.B ", out);
	put_roff(out, name);
	fputs("\n", out);
	put_roff(out, key->help);
	fputs("\n(", out);
	markdown_type(out, key);
	if (key->fallback && *key->fallback) {
		fputs("; default: \\fI", out);
		put_roff(out, key->fallback);
		fputs("\\fR", out);
	}
	fputs(key->live ? "; \\fIreload\\fR)\n" : ")\n", out);
}

void config_write_man(FILE *out, const struct config_table *const *tables, size_t count)
{
	struct writer writer = {out, tables, count, man_section, man_key};

	write_all(&writer);
}

/* ---- sample file ---- */

static void put_comment(FILE *out, const char *text)
{
	size_t column = 0;

	while (*text) {
		size_t word = strcspn(text, " \n");

		if (word) {
			if (column && column + 1 + word > SAMPLE_COLUMNS) {
				fputc('\n', out);
				column = 0;
			}
			fprintf(out, "%s%.*s", column ? " " : "# ", (int)word, text);
			column += word + (column ? 1 : 2);
		}
		text += word;
		text += *text != '\0';
	}
	if (column)
		fputc('\n', out);
}

static void sample_section(FILE *out, const char *name, int length)
{
	fprintf(out, "%s[%.*s]\n", ftell(out) > 0 ? "\n" : "", length, name);
}

static void sample_key(FILE *out, const struct config_key *key, const char *name)
{
	fputc('\n', out);
	put_comment(out, key->help);
	if (key->type == CONFIG_LIST)
		fputs("# May be given several times.\n", out);
	if (key->type == CONFIG_INT && (key->min || key->max))
		fprintf(out, "# %ld to %ld.\n", key->min, key->max);
	fprintf(out, "#%s =%s%s\n", name, key->fallback && *key->fallback ? " " : "",
		key->fallback ? key->fallback : "");
}

void config_write_sample(FILE *out, const struct config_table *const *tables, size_t count)
{
	struct writer writer = {out, tables, count, sample_section, sample_key};

	write_all(&writer);
}
