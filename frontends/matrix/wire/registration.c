/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/wire/registration.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"

#define FILE_BYTES (64u << 10)
#define TOKEN_BYTES 32

void registration_finish(struct registration *registration)
{
	mem_free(registration->id);
	mem_free(registration->url);
	mem_free(registration->bot);
	mem_free_secret(registration->as_token);
	mem_free_secret(registration->hs_token);
	*registration = (struct registration){0};
}

/* In '...', where only ' itself needs an escape. */
static void put_text(struct buf *out, const char *before, const char *value)
{
	buf_printf(out, "%s '", before);
	for (; *value; value++)
		buf_puts(out, *value == '\'' ? "''" : (char[]){*value, '\0'});
	buf_puts(out, "'\n");
}

static void put_scalar(struct buf *out, const char *key, const char *value)
{
	buf_puts(out, key);
	put_text(out, ":", value);
}

static void put_token(struct buf *out, const char *key)
{
	unsigned char bytes[TOKEN_BYTES];

	random_bytes(bytes, sizeof(bytes));
	buf_printf(out, "%s: '", key);
	for (size_t i = 0; i < sizeof(bytes); i++)
		buf_printf(out, "%02x", bytes[i]);
	buf_puts(out, "'\n");
	explicit_bzero(bytes, sizeof(bytes));
}

static void put_literally(struct buf *regex, const char *text)
{
	for (; *text; text++) {
		if (strchr(".^$*+?()[]{}|\\-", *text))
			buf_putc(regex, '\\');
		buf_putc(regex, *text);
	}
}

static void put_namespace(struct buf *out, const struct matrix_names *names, const char *what, char sign)
{
	struct buf regex = {0};

	buf_putc(&regex, sign);
	put_literally(&regex, names->prefix);
	buf_puts(&regex, ".*:");
	put_literally(&regex, names->server);
	buf_printf(out, "  %s:\n  - exclusive: true\n", what);
	put_scalar(out, "    regex", buf_text(&regex));
	buf_finish(&regex);
}

static void put_people(struct buf *out, const struct matrix_names *names)
{
	struct buf regex = {0};

	buf_puts(&regex, "@.*:");
	put_literally(&regex, names->server);
	buf_puts(out, "  - exclusive: false\n");
	put_scalar(out, "    regex", buf_text(&regex));
	buf_finish(&regex);
}

void registration_make(struct buf *out, const struct matrix_names *names, const char *id, const char *url, bool people)
{
	struct buf protocol = {0};

	put_scalar(out, "id", id);
	put_scalar(out, "url", url);
	put_token(out, "as_token");
	put_token(out, "hs_token");
	put_scalar(out, "sender_localpart", names->bot);
	buf_puts(out, "rate_limited: false\n"
		      "receive_ephemeral: true\n"
		      "de.sorunome.msc2409.push_ephemeral: true\n"
		      "namespaces:\n");
	put_namespace(out, names, "users", '@');
	if (people)
		put_people(out, names);
	put_namespace(out, names, "aliases", '#');
	buf_puts(out, "  rooms: []\n");
	matrix_put_protocol(names, &protocol);
	buf_puts(out, "protocols:\n");
	put_text(out, "-", buf_text(&protocol));
	buf_finish(&protocol);
}

static int fail(struct buf *error, int result, const char *what, const char *path)
{
	buf_printf(error, "cannot %s %s: %s", what, path, strerror(errno));
	return result;
}

static bool write_all(int fd, const char *bytes, size_t length)
{
	while (length) {
		ssize_t written = write(fd, bytes, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return false;
		bytes += written;
		length -= (size_t)written;
	}
	return fsync(fd) == 0;
}

int registration_write(const char *path, const struct buf *text, struct buf *error)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int problem = 0;

	if (fd < 0)
		return fail(error, errno == EEXIST ? TP_ERR_EXISTS : TP_ERR_IO, "create", path);
	if (!write_all(fd, text->data, text->len))
		problem = errno;
	if (close(fd) != 0 && !problem)
		problem = errno;
	if (!problem)
		return 0;
	unlink(path); /* half a file would be in the way of the next attempt */
	errno = problem;
	return fail(error, TP_ERR_IO, "write", path);
}

/* What follows a value: nothing, or a comment. */
static bool is_line_end(const char *at)
{
	const char *text = at + strspn(at, " \t");

	return !*text || (*text == '#' && text > at);
}

/* One escape of "..."; returns what is behind it, NULL: none that is known here. */
static const char *read_escape(struct buf *out, const char *at)
{
	char digits[5] = {0}, character[4];
	size_t count = *at == 'x' ? 2 : *at == 'u' ? 4 : 0;

	if (!count) {
		if (!*at || !strchr("\"\\/", *at))
			return NULL;
		buf_putc(out, *at);
		return at + 1;
	}
	if (strspn(at + 1, "0123456789abcdefABCDEF") < count)
		return NULL;
	memcpy(digits, at + 1, count);
	buf_append(out, character, text_encode((uint32_t)strtoul(digits, NULL, 16), character));
	return at + 1 + count;
}

static bool read_quoted(struct buf *out, const char *at)
{
	char quote = *at++;

	while (*at) {
		if (*at == quote && quote == '\'' && at[1] == quote) {
			buf_putc(out, quote);
			at += 2;
		} else if (*at == quote) {
			return is_line_end(at + 1);
		} else if (*at == '\\' && quote == '"') {
			at = read_escape(out, at + 1);
			if (!at)
				return false;
		} else {
			buf_putc(out, *at++);
		}
	}
	return false;
}

/* False: no scalar, or one of more than one line. */
static bool read_scalar(struct buf *out, const char *at)
{
	const char *end;

	at += strspn(at, " \t");
	if (*at == '\'' || *at == '"')
		return read_quoted(out, at);
	if (strchr("|>&*!%@`[]{},#", *at) || text_starts(at, "- ") || text_starts(at, "? "))
		return false;
	for (end = at; *end && !is_line_end(end); end++)
		if (*end == ':' && (!end[1] || end[1] == ' '))
			return false;
	buf_append(out, at, (size_t)(end - at));
	return true;
}

static char **slot_of(struct registration *registration, const char *line, size_t length)
{
	const struct {
		const char *key;
		char **slot;
	} keys[] = {
		{"id", &registration->id},
		{"url", &registration->url},
		{"as_token", &registration->as_token},
		{"hs_token", &registration->hs_token},
		{"sender_localpart", &registration->bot},
	};

	if (length > 2 && (*line == '"' || *line == '\'') && line[length - 1] == *line) {
		line++;
		length -= 2;
	}
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (strlen(keys[i].key) == length && !memcmp(keys[i].key, line, length))
			return keys[i].slot;
	return NULL;
}

static bool is_null(const char *at)
{
	at += strspn(at, " \t");
	return is_line_end(at) || (*at == '~' && is_line_end(at + 1)) || (text_starts(at, "null") && is_line_end(at + 4));
}

static int read_line(struct registration *registration, const char *line, struct buf *error)
{
	const char *colon = strchr(line, ':');
	struct buf value = {0};
	size_t length;
	char **slot;

	if (!colon)
		return 0;
	length = (size_t)(colon - line);
	while (length && (line[length - 1] == ' ' || line[length - 1] == '\t'))
		length--;
	slot = slot_of(registration, line, length);
	if (!slot || is_null(colon + 1))
		return 0;
	if (*slot || (colon[1] != ' ' && colon[1] != '\t') || !read_scalar(&value, colon + 1)) {
		buf_printf(error, *slot ? "%.*s is there twice" : "%.*s is no scalar on its line", (int)length, line);
		if (value.data)
			explicit_bzero(value.data, value.cap);
		buf_finish(&value);
		return TP_ERR_INVALID;
	}
	buf_reserve(&value, 0);
	*slot = mem_strdup(value.data);
	explicit_bzero(value.data, value.cap);
	buf_finish(&value);
	return 0;
}

static int read_text(struct registration *registration, char *text, struct buf *error)
{
	char *line = text, *end;
	int result = 0;

	if (text_starts(line, "\xef\xbb\xbf"))
		line += 3;
	for (; line && !result; line = end) {
		end = strchr(line, '\n');
		if (end)
			*end++ = '\0';
		if (*line && line[strlen(line) - 1] == '\r')
			line[strlen(line) - 1] = '\0';
		result = read_line(registration, line, error);
	}
	return result;
}

/* Both end in a header of HTTP. */
static bool is_token(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text > '~')
			return false;
	return true;
}

static int check(const struct registration *registration, struct buf *error)
{
	const struct {
		const char *key, *value;
		bool token;
	} needed[] = {
		{"id", registration->id, false},
		{"as_token", registration->as_token, true},
		{"hs_token", registration->hs_token, true},
		{"sender_localpart", registration->bot, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		if (!needed[i].value || !*needed[i].value) {
			buf_printf(error, "%s is missing", needed[i].key);
			return TP_ERR_INVALID;
		}
		if (needed[i].token ? !is_token(needed[i].value) :
				      !text_is_clean(needed[i].value, strlen(needed[i].value), TEXT_LINE)) {
			buf_printf(error, "%s has characters that it cannot have", needed[i].key);
			return TP_ERR_INVALID;
		}
	}
	return 0;
}

/* All of a small regular file, with a NUL behind it; NULL: errno says why. */
static char *read_file(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat status;
	char *text = NULL;
	ssize_t got = 0;

	if (fd < 0)
		return NULL;
	*size = 0;
	if (fstat(fd, &status) != 0) {
		got = -1;
	} else if (!S_ISREG(status.st_mode) || status.st_size > FILE_BYTES) {
		errno = S_ISREG(status.st_mode) ? EFBIG : EINVAL;
		got = -1;
	} else {
		text = mem_alloc(FILE_BYTES + 1);
		while (*size < FILE_BYTES && (got = read(fd, text + *size, FILE_BYTES - *size)) > 0)
			*size += (size_t)got;
	}
	if (got < 0)
		MEM_FREE(text);
	close(fd);
	return text;
}

int registration_read(const char *path, struct registration *registration, struct buf *error)
{
	struct buf problem = {0};
	size_t size;
	char *text = read_file(path, &size);
	int result;

	*registration = (struct registration){0};
	if (!text)
		return fail(error, TP_ERR_IO, "read", path);
	if (strlen(text) != size) {
		buf_puts(&problem, "it is no text");
		result = TP_ERR_INVALID;
	} else {
		result = read_text(registration, text, &problem);
	}
	if (!result)
		result = check(registration, &problem);
	explicit_bzero(text, FILE_BYTES);
	mem_free(text);
	if (result) {
		buf_printf(error, "%s: %s", path, buf_text(&problem));
		registration_finish(registration);
	}
	buf_finish(&problem);
	return result;
}
