/* SPDX-License-Identifier: MIT */
#include "base/table.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <locale.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"

#define GAP 2 /* spaces between two columns */
#define TEXT_WIDTH_MIN 8
#define TEXT_WIDTH_FAIR 16 /* what a text may have before it is cut for a column that can be left out */
#define TEXT_SHOWN_BYTES 1024 /* of one cell */
#define CUT_MARK "…"

struct cell {
	bool known;
	int64_t number;
	size_t offset; /* of a text, in table->texts */
};

struct table {
	const struct table_column *columns;
	size_t columns_count;
	struct cell *cells;
	size_t cells_count, cells_room;
	struct buf texts; /* each with its NUL */
};

struct table *table_create(const struct table_column *columns, size_t count)
{
	struct table *table = MEM_NEW(struct table);

	assert(count > 0);
	table->columns = columns;
	table->columns_count = count;
	return table;
}

void table_destroy(struct table **slot)
{
	struct table *table = *slot;

	*slot = NULL;
	if (!table)
		return;
	buf_finish(&table->texts);
	mem_free(table->cells);
	mem_free(table);
}

static enum table_kind kind_of(const struct table *table, size_t cell)
{
	return table->columns[cell % table->columns_count].kind;
}

static struct cell *next_cell(struct table *table)
{
	if (table->cells_count == table->cells_room) {
		table->cells_room = table->cells_room ? 2 * table->cells_room : 8 * table->columns_count;
		table->cells = mem_realloc(table->cells, table->cells_room * sizeof(*table->cells));
	}
	struct cell *cell = &table->cells[table->cells_count++];

	*cell = (struct cell){0};
	return cell;
}

void table_put_nothing(struct table *table)
{
	next_cell(table);
}

void table_put_text(struct table *table, const char *text)
{
	assert(kind_of(table, table->cells_count) == TABLE_TEXT);
	struct cell *cell = next_cell(table);

	if (!text)
		return;
	cell->known = true;
	cell->offset = table->texts.len;
	buf_append(&table->texts, text, strlen(text) + 1);
}

void table_put_number(struct table *table, int64_t number)
{
	assert(kind_of(table, table->cells_count) != TABLE_TEXT);
	struct cell *cell = next_cell(table);

	cell->known = true;
	cell->number = number;
}

size_t table_rows(const struct table *table)
{
	assert(table->columns_count > 0);
	return table->cells_count / table->columns_count;
}

/* ------------------------------------------------------------------------------------------------ as text */

/* Tables may have a row for each of many thousand people: what most of them are like is quick. */
static bool is_plain(const char *text)
{
	size_t length = 0;

	while (text[length] >= 0x20 && text[length] < 0x7f && length <= TEXT_SHOWN_BYTES)
		length++;
	return !text[length];
}

/* How many columns of a terminal a text takes, up to where it would take more than `most`. *bytes: up to
 * there. */
static unsigned width_of(const char *text, unsigned most, size_t *bytes)
{
	static locale_t utf8;
	mbstate_t state = {0};
	unsigned width = 0;
	size_t at = 0, length;
	wchar_t c;

	if (is_plain(text)) {
		*bytes = strnlen(text, most);
		return (unsigned)*bytes;
	}
	if (!utf8)
		utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	locale_t before = utf8 ? uselocale(utf8) : (locale_t)0;

	while ((length = mbrtowc(&c, text + at, MB_CUR_MAX, &state)) > 0) {
		/* without such a locale a byte counts for a column */
		bool good = length != (size_t)-1 && length != (size_t)-2;
		int columns = good ? wcwidth(c) : 1;

		if (!good)
			state = (mbstate_t){0};
		if (columns < 0)
			columns = 1;
		if (width + (unsigned)columns > most)
			break;
		width += (unsigned)columns;
		at += good ? length : 1;
	}
	if (before)
		uselocale(before);
	*bytes = at;
	return width;
}

static void put_decimal(struct buf *out, int64_t number)
{
	char room[TEXT_DECIMAL_CHARS];

	if (number < 0)
		buf_putc(out, '-');
	buf_puts(out, text_decimal(room, number < 0 ? 0 - (uint64_t)number : (uint64_t)number));
}

static void put_seconds(struct buf *out, int64_t seconds)
{
	if (seconds < 0)
		seconds = 0;
	if (seconds < 60)
		buf_printf(out, "%" PRId64 "s", seconds);
	else if (seconds < 3600)
		buf_printf(out, "%" PRId64 "m%02" PRId64 "s", seconds / 60, seconds % 60);
	else if (seconds < 86400)
		buf_printf(out, "%" PRId64 "h%02" PRId64 "m", seconds / 3600, seconds % 3600 / 60);
	else
		buf_printf(out, "%" PRId64 "d%02" PRId64 "h", seconds / 86400, seconds % 86400 / 3600);
}

static void show(const struct table *table, size_t index, struct buf *out)
{
	const struct cell *cell = &table->cells[index];
	const char *text = table->texts.len ? table->texts.data + cell->offset : "";

	buf_clear(out);
	if (!cell->known)
		buf_putc(out, '-');
	else if (kind_of(table, index) == TABLE_TEXT && is_plain(text))
		buf_puts(out, text);
	else if (kind_of(table, index) == TABLE_TEXT)
		text_show(out, text, strnlen(text, TEXT_SHOWN_BYTES + 4), TEXT_SHOWN_BYTES);
	else if (kind_of(table, index) == TABLE_SECONDS)
		put_seconds(out, cell->number);
	else
		put_decimal(out, cell->number);
	buf_text(out);
}

static void measure(const struct table *table, unsigned *widths)
{
	struct buf shown = {0};
	size_t bytes;

	for (size_t i = 0; i < table->columns_count; i++)
		widths[i] = (unsigned)strlen(table->columns[i].name);
	for (size_t i = 0; i < table_rows(table) * table->columns_count; i++) {
		show(table, i, &shown);
		unsigned width = width_of(buf_text(&shown), UINT32_MAX, &bytes);

		if (width > widths[i % table->columns_count])
			widths[i % table->columns_count] = width;
	}
	buf_finish(&shown);
}

/* ------------------------------------------------------------------------------- what fits, and what is cut */

#define LEFT_OUT 0 /* no column is so wide: its name is not */

/* What the columns take that are shown, with texts of at most `text_width`. */
static size_t width_with(const struct table *table, const unsigned *widths, unsigned text_width)
{
	size_t total = 0;

	for (size_t i = 0; i < table->columns_count; i++) {
		bool cut = table->columns[i].kind == TABLE_TEXT && widths[i] > text_width;

		if (widths[i] != LEFT_OUT)
			total += (total ? GAP : 0) + (cut ? text_width : widths[i]);
	}
	return total;
}

/* How many columns are left out. */
static unsigned leave_out(const struct table *table, unsigned *widths, unsigned width)
{
	unsigned count = 0;

	while (width_with(table, widths, TEXT_WIDTH_FAIR) > width) {
		size_t least = SIZE_MAX;

		for (size_t i = 0; i < table->columns_count; i++)
			if (widths[i] != LEFT_OUT && table->columns[i].rank &&
			    (least == SIZE_MAX || table->columns[i].rank >= table->columns[least].rank))
				least = i;
		if (least == SIZE_MAX)
			break;
		widths[least] = LEFT_OUT;
		count++;
	}
	return count;
}

/* The widest text gives way first. */
static void narrow(const struct table *table, unsigned *widths, unsigned width)
{
	size_t total = width_with(table, widths, UINT32_MAX);

	while (total > width) {
		unsigned *widest = NULL;

		for (size_t i = 0; i < table->columns_count; i++)
			if (table->columns[i].kind == TABLE_TEXT && widths[i] > TEXT_WIDTH_MIN &&
			    (!widest || widths[i] > *widest))
				widest = &widths[i];
		if (!widest)
			return;
		(*widest)--;
		total--;
	}
}

static void put_left_out(struct buf *out, unsigned count, unsigned width)
{
	static const char way_out[] = ": --json or a wider terminal shows them";
	size_t begin = out->len;

	buf_printf(out, "\n%u column%s left out", count, count == 1 ? "" : "s");
	if (out->len - begin - 1 + strlen(way_out) <= width)
		buf_puts(out, way_out);
}

static void put_spaces(struct buf *out, unsigned count)
{
	while (count--)
		buf_putc(out, ' ');
}

static void put_padded(struct buf *out, const char *text, unsigned width, enum table_kind kind, bool last)
{
	size_t bytes;
	unsigned taken = width_of(text, width, &bytes);
	bool cut = text[bytes] != '\0';

	if (cut)
		taken = width_of(text, width - 1, &bytes) + 1;
	if (kind != TABLE_TEXT)
		put_spaces(out, width - taken);
	buf_append(out, text, bytes);
	if (cut)
		buf_puts(out, CUT_MARK);
	if (kind == TABLE_TEXT && !last)
		put_spaces(out, width - taken);
	if (!last)
		put_spaces(out, GAP);
}

static size_t last_shown(const struct table *table, const unsigned *widths)
{
	size_t last = table->columns_count - 1;

	while (last > 0 && widths[last] == LEFT_OUT)
		last--;
	return last;
}

static void put_headings(const struct table *table, const unsigned *widths, struct buf *out)
{
	struct buf heading = {0};
	size_t last = last_shown(table, widths);

	for (size_t i = 0; i <= last; i++) {
		if (widths[i] == LEFT_OUT)
			continue;
		buf_clear(&heading);
		for (const char *c = table->columns[i].name; *c; c++)
			buf_putc(&heading, (char)toupper((unsigned char)*c));
		put_padded(out, buf_text(&heading), widths[i], table->columns[i].kind, i == last);
	}
	buf_finish(&heading);
}

void table_print(const struct table *table, unsigned width, struct buf *out)
{
	unsigned *widths = mem_alloc(table->columns_count * sizeof(*widths));
	unsigned left_out = 0;
	struct buf shown = {0};

	measure(table, widths);
	if (width) {
		left_out = leave_out(table, widths, width);
		narrow(table, widths, width);
	}
	size_t last = last_shown(table, widths);

	put_headings(table, widths, out);
	for (size_t i = 0; i < table_rows(table) * table->columns_count; i++) {
		size_t column = i % table->columns_count;

		if (column == 0)
			buf_putc(out, '\n');
		if (widths[column] == LEFT_OUT)
			continue;
		show(table, i, &shown);
		put_padded(out, buf_text(&shown), widths[column], table->columns[column].kind, column == last);
	}
	if (left_out)
		put_left_out(out, left_out, width);
	buf_finish(&shown);
	mem_free(widths);
}

/* ------------------------------------------------------------------------------------------------ as JSON */

static void put_key(struct buf *out, const char *name)
{
	buf_putc(out, '"');
	for (; *name; name++)
		buf_putc(out, *name == ' ' ? '_' : *name);
	buf_puts(out, "\":");
}

void table_print_json(const struct table *table, struct buf *out)
{
	buf_putc(out, '[');
	for (size_t i = 0; i < table_rows(table) * table->columns_count; i++) {
		const struct cell *cell = &table->cells[i];
		size_t column = i % table->columns_count;

		buf_puts(out, column ? "," : i ? ",{" : "{");
		put_key(out, table->columns[column].name);
		if (kind_of(table, i) != TABLE_TEXT && cell->known)
			put_decimal(out, cell->number);
		else
			json_put_string(out, cell->known ? table->texts.data + cell->offset : NULL);
		if (column + 1 == table->columns_count)
			buf_putc(out, '}');
	}
	buf_putc(out, ']');
}
