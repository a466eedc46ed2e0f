/* SPDX-License-Identifier: MIT */
#include "transport/backend/backend_reading.h"

#include <elf.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "config/limits.h"

#define DEPTH_MAX 3 /* of scripts that name scripts */
#define HEADERS_MAX 64
#define DYNAMIC_MAX 512
#define SEARCH_PATH_BYTES 4096
#define SEPARATORS " \t\r\n\"'`$;|&()<>=:,{}[]*?#!\\"

static bool is_below(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	while (length > 0 && folder[length - 1] == '/')
		length--;
	return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

void hidden_add(struct hidden *hidden, const char *path)
{
	char *real = path && *path && hidden->count < HIDDEN_MAX ? realpath(path, NULL) : NULL;

	if (real)
		hidden->items[hidden->count++] = mem_strdup(real);
	free(real);
}

void hidden_finish(struct hidden *hidden)
{
	while (hidden->count)
		mem_free(hidden->items[--hidden->count]);
}

static bool leads_to_hidden(const struct hidden *hidden, const char *real)
{
	for (size_t i = 0; i < hidden->count; i++)
		if (is_below(hidden->items[i], real))
			return true;
	return false;
}

bool hidden_is_in(const struct hidden *hidden, const char *path)
{
	char *real = realpath(path, NULL);
	bool found = real && leads_to_hidden(hidden, real);

	free(real);
	return found;
}

/* Folders where people keep what no program needs for being there. */
static bool is_shared(const char *folder)
{
	static const char *const folders[] = {"/",     "/dev", "/etc",     "/etc/ssl", "/home", "/media",     "/mnt",
	                                      "/proc", "/root", "/run",     "/srv",     "/sys",  "/tmp",       "/var",
	                                      "/var/cache", "/var/lib", "/var/log", "/var/run", "/var/spool", "/var/tmp"};
	const char *home = getenv("HOME");

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (!strcmp(folder, folders[i]))
			return true;
	if (home && !strcmp(folder, home))
		return true;
	return !strncmp(folder, "/home/", 6) && !strchr(folder + 6, '/');
}

/* These are open to every backend (daemon/sandbox/sandbox_files.c). */
static bool is_of_the_system(const char *path)
{
	static const char *const folders[] = {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/opt"};

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (is_below(path, folders[i]))
			return true;
	return false;
}

void reading_finish(struct reading *reading)
{
	for (size_t i = 0; i < reading->count; i++)
		mem_free(reading->items[i]);
	mem_free(reading->items);
	reading->items = NULL;
	reading->count = 0;
}

/* Whether it is new: what follows from it is then to be looked at. */
static bool add_real(struct reading *reading, const char *real)
{
	struct stat st;

	if (reading->count >= LIMIT_SANDBOX_PATHS || is_of_the_system(real) || stat(real, &st) < 0)
		return false;
	if (!S_ISREG(st.st_mode) && (!S_ISDIR(st.st_mode) || is_shared(real)))
		return false;
	if (leads_to_hidden(reading->hidden, real))
		return false;
	for (size_t i = 0; i < reading->count; i++)
		if (!strcmp(reading->items[i], real))
			return false;
	reading->items = mem_realloc(reading->items, (reading->count + 1) * sizeof(*reading->items));
	reading->items[reading->count++] = mem_strdup(real);
	return true;
}

void reading_add(struct reading *reading, const char *path)
{
	char *real = path[0] == '/' ? realpath(path, NULL) : NULL;

	if (real)
		add_real(reading, real);
	free(real);
}

/* PREFIX/bin/program is at home in PREFIX/lib too; a virtual environment of Python has its file beside bin. */
static void add_prefix(struct reading *reading, const char *folder)
{
	static const char *const names[] = {"lib", "lib64", "libexec", "pyvenv.cfg"};
	const char *last = strrchr(folder, '/');

	if (!last || (strcmp(last, "/bin") != 0 && strcmp(last, "/sbin") != 0))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char *path = mem_printf("%.*s/%s", (int)(last - folder), folder, names[i]);
		reading_add(reading, path);
		mem_free(path);
	}
}

static void add_folder_of(struct reading *reading, const char *path)
{
	char *copy = mem_strdup(path);
	const char *folder = dirname(copy);

	reading_add(reading, folder);
	add_prefix(reading, folder);
	mem_free(copy);
}

/* libraries */

static void add_search_path(struct reading *reading, const char *list, const char *program)
{
	static const char *const origins[] = {"$ORIGIN", "${ORIGIN}"};
	char *copy = mem_strdup(list), *folder, *rest;

	for (folder = strtok_r(copy, ":", &rest); folder; folder = strtok_r(NULL, ":", &rest)) {
		char *path = mem_strdup(folder);
		for (size_t i = 0; i < ARRAY_SIZE(origins); i++) {
			size_t length = strlen(origins[i]);
			if (strncmp(folder, origins[i], length) != 0)
				continue;
			mem_free(path);
			path = mem_printf("%.*s%s", (int)(strrchr(program, '/') - program), program, folder + length);
		}
		reading_add(reading, path);
		mem_free(path);
	}
	mem_free(copy);
}

struct elf {
	int fd;
	ElfW(Phdr) headers[HEADERS_MAX];
	size_t count;
};

static bool read_at(int fd, void *out, size_t size, uint64_t offset)
{
	return pread(fd, out, size, (off_t)offset) == (ssize_t)size;
}

static bool elf_read_headers(struct elf *elf)
{
	ElfW(Ehdr) header;

	if (!read_at(elf->fd, &header, sizeof(header), 0) || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
	    header.e_ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32) ||
	    header.e_phentsize != sizeof(elf->headers[0]) || header.e_phnum > HEADERS_MAX)
		return false;
	elf->count = header.e_phnum;
	return read_at(elf->fd, elf->headers, elf->count * sizeof(elf->headers[0]), header.e_phoff);
}

static bool elf_offset(const struct elf *elf, uint64_t address, uint64_t *offset)
{
	for (size_t i = 0; i < elf->count; i++) {
		const ElfW(Phdr) *part = &elf->headers[i];
		if (part->p_type != PT_LOAD || address < part->p_vaddr || address - part->p_vaddr >= part->p_filesz)
			continue;
		*offset = part->p_offset + (address - part->p_vaddr);
		return true;
	}
	return false;
}

static bool elf_find_search_path(const struct elf *elf, uint64_t *offset)
{
	const ElfW(Phdr) *dynamic = NULL;
	ElfW(Dyn) entry = {.d_tag = DT_NULL};
	uint64_t strings = 0, found = 0;

	for (size_t i = 0; i < elf->count; i++)
		if (elf->headers[i].p_type == PT_DYNAMIC)
			dynamic = &elf->headers[i];
	for (size_t i = 0; dynamic && i < DYNAMIC_MAX; i++) {
		if (!read_at(elf->fd, &entry, sizeof(entry), dynamic->p_offset + i * sizeof(entry)) ||
		    entry.d_tag == DT_NULL)
			break;
		if (entry.d_tag == DT_STRTAB)
			strings = entry.d_un.d_ptr;
		else if (entry.d_tag == DT_RUNPATH || (entry.d_tag == DT_RPATH && !found))
			found = entry.d_un.d_val;
	}
	if (!strings || !found || !elf_offset(elf, strings, offset))
		return false;
	*offset += found;
	return true;
}

static void add_libraries(struct reading *reading, const char *real, int fd)
{
	struct elf elf = {.fd = fd};
	char text[SEARCH_PATH_BYTES];
	uint64_t offset;

	if (!elf_read_headers(&elf) || !elf_find_search_path(&elf, &offset))
		return;
	ssize_t length = pread(fd, text, sizeof(text) - 1, (off_t)offset);
	if (length <= 0)
		return;
	text[length] = '\0';
	add_search_path(reading, text, real);
}

void reading_add_environment(struct reading *reading)
{
	static const char *const names[] = {"LD_LIBRARY_PATH", "PYTHONPATH", "PERL5LIB", "RUBYLIB", "NODE_PATH"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *list = getenv(names[i]);
		if (list)
			add_search_path(reading, list, "/");
	}
}

/* programs and scripts */

static void add_program(struct reading *reading, const char *path, unsigned depth);

static void add_named(struct reading *reading, const char *text, unsigned depth)
{
	while (*text) {
		text += strspn(text, SEPARATORS);
		size_t length = strcspn(text, SEPARATORS);
		if (text[0] == '/' && length > 1 && length < PATH_MAX) {
			char *path = mem_printf("%.*s", (int)length, text);
			add_program(reading, path, depth);
			mem_free(path);
		}
		text += length;
	}
}

static void add_contents(struct reading *reading, const char *real, unsigned depth)
{
	int fd = open(real, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char magic[2];

	if (fd < 0)
		return;
	if (read_at(fd, magic, sizeof(magic), 0) && magic[0] == '\x7f') {
		add_libraries(reading, real, fd);
	} else if (depth < DEPTH_MAX) {
		char *text = mem_alloc(LIMIT_SANDBOX_SCRIPT_BYTES + 1);
		ssize_t length = pread(fd, text, LIMIT_SANDBOX_SCRIPT_BYTES, 0);
		text[length > 0 ? length : 0] = '\0';
		add_named(reading, text, depth + 1);
		mem_free(text);
	}
	close(fd);
}

static void add_program(struct reading *reading, const char *path, unsigned depth)
{
	char *real = realpath(path, NULL);
	struct stat st;

	if (real && stat(real, &st) == 0) {
		bool is_new = add_real(reading, real);
		if (S_ISREG(st.st_mode) && (is_new || (depth == 0 && is_of_the_system(real)))) {
			add_folder_of(reading, path);
			add_folder_of(reading, real);
			add_contents(reading, real, depth);
		}
	}
	free(real);
}

void reading_add_program(struct reading *reading, const char *path)
{
	if (path[0] == '/')
		add_program(reading, path, 0);
}

void reading_add_named(struct reading *reading, const char *text)
{
	add_named(reading, text, 0);
}

static bool is_shell(const char *path)
{
	static const char *const names[] = {"sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "busybox", "env"};
	const char *slash = strrchr(path, '/');

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(slash ? slash + 1 : path, names[i]))
			return true;
	return false;
}

static bool is_script(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char magic[2];

	if (fd < 0)
		return false;
	bool found = read_at(fd, magic, sizeof(magic), 0) && !memcmp(magic, "#!", 2);
	close(fd);
	return found;
}

bool reading_starts_programs(char *const *words, size_t count)
{
	struct stat st;

	if (count == 0 || is_shell(words[0]) || is_script(words[0]))
		return count > 0;
	for (size_t i = 1; i < count; i++)
		if (!strcmp(words[i], "-c") || !strcmp(words[i], "-m") ||
		    (words[i][0] == '/' && stat(words[i], &st) == 0 && S_ISREG(st.st_mode)))
			return true;
	return false;
}
