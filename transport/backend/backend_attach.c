/* SPDX-License-Identifier: MIT */
#include "transport/backend/backend_attach.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crash_point.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"
#include "protocol/codec.h"
#include "transport/backend/backend_connection.h"
#include "transport/backend/backend_private.h"
#include "transport/backend/backend_process.h"
#include "transport/people/user.h"
#include "transport/resume.h"
#include "transport/spool/spool.h"
#include "transport/transport.h"

#define TOKEN_LENGTH 43 /* random_token: more than 210 bits */
#define NAME_LENGTH 16
#define RESUME_EACH 512 /* names in one frame of RESUME */

struct backend_attach {
	char core_token[TOKEN_LENGTH + 1], backend_token[TOKEN_LENGTH + 1];
	char name[NAME_LENGTH + 1]; /* of the socket in the folder */
	bool announced;             /* HOLD was sent: there is a note */
	uint64_t noted;             /* backend->taken, as noted */
	/* of one that the last core started */
	bool under_way;
	bool listed;      /* the last ATTACHED has come */
	unsigned pending; /* sessions whose accounts are being looked up */
	struct buf users; /* keys of those that go on, each with its NUL */
	size_t users_count;
};

/* ---------------------------------------------------------------------------------------------- the socket */

bool backend_attach_is_wanted(const struct transport *transport)
{
	return transport->spool && transport->spool_settings.hold > 0 && spool_durability(transport->spool) != SPOOL_OFF &&
	       *transport->service.working_dir;
}

static int open_folder(const struct transport *transport)
{
	char *path = mem_printf("%s/backends", transport->service.working_dir);
	int fd;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		fd = -1;
	else
		fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int err = errno;
	mem_free(path);
	errno = err;
	return fd;
}

/* By way of the folder's descriptor: paths of any length fit. */
static struct sockaddr_un address_in(int folder, const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", folder, name);
	return address;
}

static int listen_at(int folder, const char *name)
{
	struct sockaddr_un address = address_in(folder, name);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 4) == 0)
		return fd;
	close(fd);
	return -1;
}

struct backend_attach *backend_attach_offer(const struct transport *transport, int *listener)
{
	int folder = open_folder(transport);

	*listener = -1;
	if (folder < 0)
		return NULL;
	struct backend_attach *attach = MEM_NEW(struct backend_attach);

	random_token(attach->core_token, TOKEN_LENGTH);
	random_token(attach->backend_token, TOKEN_LENGTH);
	random_token(attach->name, NAME_LENGTH);
	*listener = listen_at(folder, attach->name);
	int err = errno;

	if (*listener < 0)
		MEM_FREE(attach);
	close(folder);
	errno = err;
	return attach;
}

static void remove_socket(const struct transport *transport, const char *name)
{
	int folder = open_folder(transport);

	if (folder < 0)
		return;
	unlinkat(folder, name, 0);
	close(folder);
}

/* ----------------------------------------------------------------------------------------------- the notes */

void backend_attach_note_session(struct user *user, const struct backend *backend)
{
	struct spool *spool = user->transport->spool;
	const struct backend_attach *attach = backend ? backend->attach : NULL;

	if (!spool)
		return;
	if (attach && attach->announced)
		spool_note_set(spool, "session", user->key, attach->core_token, TOKEN_LENGTH);
	else
		spool_note_set(spool, "session", user->key, NULL, 0);
}

void backend_attach_announce(struct backend *backend)
{
	struct backend_attach *attach = backend->attach;
	struct transport *transport = backend->transport;
	struct buf note = {0};

	if (!attach || attach->announced || !backend->process)
		return;
	int pid = (int)backend_process_pid(backend->process);

	struct event event = {.type = EVENT_HOLD,
			      .hold = {.core_token = attach->core_token,
				       .backend_token = attach->backend_token,
				       .seconds = (uint32_t)transport->spool_settings.hold}};

	buf_printf(&note, "%d %llu %s %s", pid, (unsigned long long)backend_process_birth(pid),
		   attach->backend_token, attach->name);
	spool_note_set(transport->spool, "backend", attach->core_token, note.data, note.len);
	buf_finish(&note);
	attach->announced = true;
	CRASH_POINT("core.attach.announced");
	backend_send(backend, &event);
	LIST_EACH (link, &backend->users)
		backend_attach_note_session(CONTAINER_OF(link, struct user, backend_link), backend);
}

void backend_attach_forget(struct backend *backend)
{
	struct backend_attach *attach = backend->attach;
	struct spool *spool = backend->transport->spool;

	backend->attach = NULL;
	if (!attach)
		return;
	if (spool) {
		spool_note_set(spool, "backend", attach->core_token, NULL, 0);
		spool_note_set(spool, "taken", attach->core_token, NULL, 0);
	}
	remove_socket(backend->transport, attach->name);
	buf_finish(&attach->users);
	mem_free(attach);
}

bool backend_attach_release(struct backend *backend)
{
	struct backend_attach *attach = backend->attach;

	if (!attach || !attach->announced)
		return false;
	backend->attach = NULL;
	buf_finish(&attach->users);
	mem_free(attach);
	return true;
}

void backend_attach_note_taken(struct network_plugin_server *server)
{
	LIST_EACH (link, &server->backends) {
		struct backend *backend = CONTAINER_OF(link, struct backend, link);
		struct backend_attach *attach = backend->attach;

		uint64_t taken = backend_safely_taken(backend);

		if (!attach || !attach->announced || attach->noted == taken)
			continue;
		attach->noted = taken;
		spool_note_set(backend->transport->spool, "taken", attach->core_token, &taken, sizeof(taken));
	}
}

/* --------------------------------------------------------------------------------------- after a restart */

bool backend_attach_is_under_way(const struct backend *backend)
{
	return backend->attach && backend->attach->under_way;
}

static int connect_to(const struct transport *transport, const char *name)
{
	int folder = open_folder(transport);
	int fd = -1, err = errno;

	if (folder >= 0) {
		struct sockaddr_un address = address_in(folder, name);

		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
			err = errno;
			close(fd);
			fd = -1;
		}
		close(folder);
	}
	errno = err;
	return fd;
}

struct noted { /* a "backend" note */
	char *core_token, *text;
	int pid;
	unsigned long long birth;
	char backend_token[TOKEN_LENGTH + 1], name[NAME_LENGTH + 1];
};

static bool parse_note(struct noted *noted)
{
	char format[64];

	snprintf(format, sizeof(format), "%%d %%llu %%%ds %%%ds", TOKEN_LENGTH, NAME_LENGTH);
	/* Its widths are those of the arrays, and sscanf has no way to take them but in the format. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	return sscanf(noted->text, format, &noted->pid, &noted->birth, noted->backend_token, noted->name) == 4 &&
	       strlen(noted->core_token) == TOKEN_LENGTH && !strchr(noted->name, '/');
#pragma GCC diagnostic pop
}

struct collected {
	struct noted *items;
	size_t count;
};

static void collect(void *context, const char *name, const void *value, size_t size)
{
	struct collected *all = context;

	all->items = mem_realloc(all->items, (all->count + 1) * sizeof(*all->items));
	all->items[all->count++] = (struct noted){.core_token = mem_strdup(name), .text = mem_strndup(value, size)};
}

static uint64_t taken_of(struct spool *spool, const char *core_token)
{
	uint64_t taken = 0;
	size_t size = 0;
	const void *note = spool_note_get(spool, "taken", core_token, &size);

	if (note && size == sizeof(taken))
		memcpy(&taken, note, size);
	return taken;
}

/* ATTACH, and with it where the backend is to print: a frame that small is taken whole or not at all. */
static bool send_attach(struct backend *backend, int fd, int output)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.bytes = ""};
	struct buf frame = {0};
	struct event event = {.type = EVENT_ATTACH,
			      .attach = {.core_token = backend->attach->core_token, .taken = backend->taken}};

	codec_encode(&frame, CODEC_CORE, CODEC_EXTENDED, &event);
	struct iovec part = {frame.data, frame.len};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = control.bytes,
				 .msg_controllen = sizeof(control.bytes)};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &output, sizeof(int));
	bool sent = sendmsg(fd, &message, MSG_NOSIGNAL) == (ssize_t)frame.len;

	buf_finish(&frame);
	return sent;
}

static bool begin_one(struct network_plugin_server *server, const struct noted *noted)
{
	struct transport *transport = server->transport;
	struct backend *backend = backend_create_attached(server);
	struct backend_attach *attach = backend->attach = MEM_NEW(struct backend_attach);

	memcpy(attach->core_token, noted->core_token, TOKEN_LENGTH);
	memcpy(attach->backend_token, noted->backend_token, sizeof(attach->backend_token));
	memcpy(attach->name, noted->name, sizeof(attach->name));
	attach->announced = attach->under_way = true;
	backend->configured = backend->extended = true;
	backend->taken = backend->acknowledged = attach->noted = taken_of(transport->spool, noted->core_token);

	int fd = connect_to(transport, noted->name), output = -1;
	bool known = fd >= 0 && backend_process_adopt(backend, noted->pid, noted->birth, &output) == 0;
	bool asked = known && send_attach(backend, fd, output);
	struct backend_connection *connection = asked ? backend_connection_open(backend, fd, "its own socket") : NULL;

	if (output >= 0)
		close(output);
	if (!connection) {
		log_info(&backend->log, "pid %d of the last process is not there any more: %s", noted->pid,
			 fd >= 0 && !known ? "another has that number" : strerror(errno));
		if (fd >= 0 && !asked)
			close(fd);
		backend_attach_forget(backend);
		backend_abandon(backend);
		return false;
	}
	log_info(&backend->log, "pid %d has outlived the last process: attaching", noted->pid);
	CRASH_POINT("core.attach.asked");
	backend_part_closed(backend);
	return true;
}

static bool is_somebodys(const struct network_plugin_server *server, const char *name)
{
	LIST_EACH (link, &server->backends) {
		const struct backend_attach *attach = CONTAINER_OF(link, struct backend, link)->attach;

		if (attach && !strcmp(attach->name, name))
			return true;
	}
	return false;
}

/* No note speaks of those that have not announced the extension, or do not know it, when their core is killed. */
static void remove_forgotten(const struct network_plugin_server *server)
{
	char *path = mem_printf("%s/backends", server->transport->service.working_dir);
	DIR *folder = opendir(path);
	const struct dirent *entry;
	struct stat status;

	mem_free(path);
	while (folder && (entry = readdir(folder)) != NULL)
		if (strlen(entry->d_name) == NAME_LENGTH && !is_somebodys(server, entry->d_name) &&
		    fstatat(dirfd(folder), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISSOCK(status.st_mode))
			unlinkat(dirfd(folder), entry->d_name, 0);
	if (folder)
		closedir(folder);
}

/* What these backends can do they have told the last core. */
static void recall_config(struct transport *transport)
{
	size_t size = 0;
	const char *text = spool_note_get(transport->spool, "config", "", &size);

	if (text)
		transport_backend_config(transport, text, size);
}

unsigned backend_attach_begin(struct network_plugin_server *server)
{
	struct spool *spool = server->transport->spool;
	struct collected all = {0};
	unsigned count = 0;

	if (!spool)
		return 0;
	spool_note_each(spool, "backend", "", collect, &all);
	if (all.count)
		recall_config(server->transport);
	for (size_t i = 0; i < all.count; i++) {
		if (!parse_note(&all.items[i]) || !begin_one(server, &all.items[i])) {
			spool_note_set(spool, "backend", all.items[i].core_token, NULL, 0);
			spool_note_set(spool, "taken", all.items[i].core_token, NULL, 0);
		} else {
			count++;
		}
		mem_free(all.items[i].core_token);
		mem_free(all.items[i].text);
	}
	mem_free(all.items);
	if (backend_attach_is_wanted(server->transport))
		remove_forgotten(server);
	return count;
}

static void send_resume(struct backend *backend)
{
	struct backend_attach *attach = backend->attach;
	const char **names = mem_alloc((attach->users_count + 1) * sizeof(*names));
	const char *at = attach->users.data;
	size_t sent = 0;

	CRASH_POINT("core.attach.resuming");
	for (size_t i = 0; i < attach->users_count; i++) {
		names[i] = at;
		at += strlen(at) + 1;
	}
	do {
		size_t left = attach->users_count - sent, count = left < RESUME_EACH ? left : RESUME_EACH;

		backend_send(backend, &(struct event){.type = EVENT_RESUME,
						      .resume = {.users = names + sent,
								 .count = count,
								 .more = count < left}});
		sent += count;
	} while (sent < attach->users_count);
	mem_free(names);
	buf_finish(&attach->users);
	attach->users_count = 0;
}

static void session_found(void *context, struct user *user)
{
	struct backend *backend = context;
	struct backend_attach *attach = backend->attach;

	/* The lookup held the backend; it may have failed meanwhile. */
	if (attach && attach->under_way) {
		attach->pending--;
		if (user) {
			buf_append(&attach->users, user->key, strlen(user->key) + 1);
			attach->users_count++;
		}
		if (attach->listed && !attach->pending)
			send_resume(backend);
	}
	backend_part_closed(backend);
}

/* Whether this session is on record as this backend's: it cannot claim others'. */
static bool is_its_own(const struct backend *backend, const char *key)
{
	size_t size = 0;
	const void *note = spool_note_get(backend->transport->spool, "session", key, &size);

	return note && size == TOKEN_LENGTH && !memcmp(note, backend->attach->core_token, TOKEN_LENGTH);
}

static void receive_attached(struct backend *backend, const struct event_attached *attached)
{
	struct backend_attach *attach = backend->attach;

	if (!attached->backend_token || !text_equal_secret(attach->backend_token, attached->backend_token)) {
		backend_attach_fail(backend, "shows a wrong token");
		return;
	}
	if (attach->listed)
		return;
	attach->listed = !attached->more;
	for (size_t i = 0; i < attached->count; i++) {
		const struct event_held_session *session = &attached->sessions[i];

		if (!is_its_own(backend, session->user)) {
			backend_ignore(backend, "a session that is not on record as its own");
			continue;
		}
		attach->pending++;
		backend->parts++;
		resume_session(backend->transport, backend, session->user, session->connected, session_found,
			       backend);
	}
	if (attach->listed && !attach->pending)
		send_resume(backend);
}

static void receive_resumed(struct backend *backend)
{
	CRASH_POINT("core.attach.resumed");
	backend->attach->under_way = false;
	log_info(&backend->log, "attached after %llu ms, %u sessions go on",
		 (unsigned long long)(clock_ms() - backend->started_ms), backend->users_count);
	LIST_EACH (link, &backend->users)
		resume_finish(CONTAINER_OF(link, struct user, backend_link));
	server_attached(backend);
}

void backend_attach_receive(struct backend *backend, const struct event *event)
{
	if (!backend_attach_is_under_way(backend)) {
		backend_ignore(backend, "an answer to ATTACH, which was not sent");
		return;
	}
	if (event->type == EVENT_ATTACHED)
		receive_attached(backend, &event->attached);
	else if (backend->attach->listed && !backend->attach->pending)
		receive_resumed(backend);
}

void backend_attach_fail(struct backend *backend, const char *why)
{
	backend_fail(backend, "The program that serves this network has ended.", "attaching failed: it %s", why);
}
