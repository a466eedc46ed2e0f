/* SPDX-License-Identifier: MIT */
#include "tests/unit/backend/harness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "transport/backend/backend_process.h"
#include "transport/backend_features.h"
#include "transport/resume.h"
#include "transport/routing/ahead.h"
#include "transport/routing/delivery.h"
#include "transport/routing/router.h"

void __wrap_log_write(enum log_level level, const struct log *log, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

static struct harness *current;
const char *harness_program;

void harness_find_program(int argc, char **argv)
{
	static char path[PATH_MAX];

	if (!realpath(argc > 1 ? argv[1] : "fake_backend", path)) {
		fprintf(stderr, "fake_backend is not to be found\n");
		exit(2);
	}
	harness_program = path;
}

/* what the backends' code calls */

void __wrap_log_write(enum log_level level, const struct log *log, const char *format, ...)
{
	va_list args;

	if (!current)
		return;
	buf_printf(&current->log, "<%d>%s: ", (int)level, log && log->label ? log->label : "");
	va_start(args, format);
	buf_vprintf(&current->log, format, args);
	va_end(args);
	buf_putc(&current->log, '\n');
}

const char *config_path(const struct config *config)
{
	return config ? "/etc/bridge.cfg" : NULL;
}

static struct person *find_person(const char *key)
{
	for (unsigned i = 0; i < PEOPLE; i++)
		if (strcmp(current->people[i].key, key) == 0)
			return &current->people[i];
	return NULL;
}

struct user *user_find(const struct transport *transport, const char *key)
{
	struct person *person = find_person(key);

	assert_ptr_equal(transport, &current->transport);
	return person ? &person->user : NULL;
}

void user_backend_assigned(struct user *user, struct backend *backend)
{
	struct person *person = CONTAINER_OF(user, struct person, user);
	struct event login = {.type = EVENT_LOGIN,
	                      .user = person->key,
	                      .login = {.legacy_name = "legacy", .password = "secret"}};

	assert_ptr_equal(user->backend, backend);
	assert_int_equal(backend->state == BACKEND_READY || backend->state == BACKEND_DRAINING, 1);
	person->assigned++;
	person->order = ++current->order;
	if (person->release)
		network_plugin_server_release(current->server, user);
	else
		backend_send(backend, &login);
}

void user_backend_lost(struct user *user, const char *why)
{
	struct person *person = CONTAINER_OF(user, struct person, user);

	assert_non_null(user->backend);
	person->lost++;
	snprintf(person->sentence, sizeof(person->sentence), "%s", why);
	if (person->again) {
		network_plugin_server_assign(current->server, user);
		return;
	}
	network_plugin_server_release(current->server, user);
	/* as good as freed: nothing may touch it any more */
	memset(&user->backend_link, 0xee, sizeof(user->backend_link));
}

void user_backend_leave(struct user *user)
{
	struct person *person = CONTAINER_OF(user, struct person, user);
	struct event logout = {.type = EVENT_LOGOUT, .user = person->key, .login = {.legacy_name = "legacy"}};

	assert_non_null(user->backend);
	person->left++;
	backend_send(user->backend, &logout);
	network_plugin_server_release(current->server, user);
	user->state = USER_WAITING;
}

void user_backend_unavailable(struct user *user)
{
	CONTAINER_OF(user, struct person, user)->unavailable++;
}

bool ahead_pays(const struct transport *transport)
{
	return transport != NULL;
}

void ahead_user(struct ahead *ahead, struct transport *transport, const char *key, size_t length)
{
	char *name = mem_strndup(key, length);

	(void)transport;
	ahead->count++;
	if (find_person(name))
		current->foreseen++;
	mem_free(name);
}

void ahead_users_end(struct ahead *ahead, struct transport *transport)
{
	(void)transport;
	ahead->count = 0;
}

void router_from_backend(struct backend *backend, struct event *event)
{
	struct person *person = event->user ? find_person(event->user) : NULL;

	if (!person || person->user.backend != backend) {
		backend_ignore(backend, "an event of somebody who is not its user");
		return;
	}
	if (event->type == EVENT_CONNECTED) {
		person->connected++;
		person->user.state = USER_CONNECTED;
		person->user.active_ms = clock_ms();
	}
	if (event->type == EVENT_READ_MARKER)
		person->read++;
	if (event->type == EVENT_MESSAGE)
		snprintf(person->text, sizeof(person->text), "%s", event->message.text);
	if (event->type == EVENT_MESSAGE && person->messages == 499 && current->not_taken > 0) {
		current->not_taken--;
		backend->not_taken = true;
		return;
	}
	if (event->type == EVENT_MESSAGE && ++person->messages == current->pause_after)
		backend_set_reading(backend, false);
}

void transport_commit(struct transport *transport)
{
	assert_ptr_equal(transport, &current->transport);
}

void transport_commit_or_wait(struct transport *transport)
{
	assert_ptr_equal(transport, &current->transport);
}

void delivery_written(struct backend *backend, uint64_t number)
{
	(void)backend;
	(void)number;
}

void delivery_answered(struct backend *backend, const struct event_handover *answer)
{
	(void)backend;
	(void)answer;
}

void delivery_user_ready(struct user *user)
{
	(void)user;
}

void resume_session(struct transport *transport, struct backend *backend, const char *key, bool connected,
                    void (*done)(void *context, struct user *user), void *context)
{
	(void)transport;
	(void)backend;
	(void)key;
	(void)connected;
	done(context, NULL);
}

void resume_finish(struct user *user)
{
	(void)user;
}

void transport_backend_ready(struct transport *transport)
{
	(void)transport;
	current->ready++;
}

bool features_announce_extension(const char *text, size_t length)
{
	return memmem(text, length, "ext=1", 5) != NULL;
}

void transport_backend_config(struct transport *transport, const char *text, size_t length)
{
	(void)transport;
	buf_append(&current->config, text, length);
}

void transport_backend_room_list(struct transport *transport, const struct event_room_list *list)
{
	(void)transport;
	current->rooms += (unsigned)list->count;
}

/* what is left */

static unsigned count_descriptors(void)
{
	unsigned count = 0;
	DIR *folder = opendir("/proc/self/fd");

	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

static bool is_marked(const char *pid, const char *mark)
{
	char path[300], *text = mem_alloc(65536);
	bool found = false;

	snprintf(path, sizeof(path), "/proc/%s/environ", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? 0 : read(fd, text, 65535);
	if (fd >= 0)
		close(fd);
	if (length > 0)
		found = memmem(text, (size_t)length, mark, strlen(mark)) != NULL;
	mem_free(text);
	return found;
}

/* Processes that carry the mark which our children inherit. */
static unsigned count_offspring(void)
{
	char mark[64];
	unsigned count = 0;
	const struct dirent *entry;
	DIR *folder = opendir("/proc");

	snprintf(mark, sizeof(mark), "BACKEND_TEST_MARK=%d.", (int)getpid());
	while ((entry = readdir(folder)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			count += is_marked(entry->d_name, mark);
	closedir(folder);
	return count;
}

/* life */

static void on_beat(uv_timer_t *timer)
{
	(void)timer;
}

void harness_open(struct harness *h, const char *format, ...)
{
	char mark[32];
	va_list args;
	struct buf command = {0};

	memset(h, 0, sizeof(*h));
	current = h;
	snprintf(mark, sizeof(mark), "%d.", (int)getpid());
	setenv("BACKEND_TEST_MARK", mark, 1);
	/* the first loop ever opens a pipe that stays */
	uv_loop_init(&h->loop);
	uv_loop_close(&h->loop);
	h->descriptors = count_descriptors();
	uv_loop_init(&h->loop);
	uv_timer_init(&h->loop, &h->beat);
	uv_timer_start(&h->beat, on_beat, 5, 5);

	va_start(args, format);
	buf_vprintf(&command, format, args);
	va_end(args);
	(void)buf_text(&command);
	h->command = buf_take(&command);
	h->transport.loop = &h->loop;
	h->transport.service = (struct service_config){.jid = "bridge.example.org",
	                                               .working_dir = "/tmp",
	                                               .backend = h->command,
	                                               .backend_host = "127.0.0.1",
	                                               .users_per_backend = 10,
	                                               .reuse_old_backends = true,
	                                               .ping_interval = 20};
	for (unsigned i = 0; i < PEOPLE; i++) {
		snprintf(h->people[i].key, sizeof(h->people[i].key), "u%u@example.org", i);
		h->people[i].user.transport = &h->transport;
		list_init(&h->people[i].user.backend_link);
	}
}

void harness_begin(struct harness *h)
{
	struct backend_timing *timing;

	if (server_create(&h->transport, &h->server, &h->error) < 0)
		fail_msg("%s", buf_text(&h->error));
	timing = &h->server->timing;
	assert_int_equal(timing->ping, 20000);
	timing->check = 20;
	timing->term = 300;
	timing->kill = 300;
	timing->backoff = 10;
	timing->backoff_max = 400;
	if (server_begin(h->server, &h->error) < 0)
		fail_msg("%s", buf_text(&h->error));
}

static void on_stopped(void *context)
{
	((struct harness *)context)->stopped = true;
}

void harness_close(struct harness *h)
{
	if (h->server) {
		network_plugin_server_stop(h->server, on_stopped, h);
		UNTIL(h, h->stopped);
		network_plugin_server_destroy(&h->server);
	}
	uv_close((uv_handle_t *)&h->beat, NULL);
	uv_run(&h->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&h->loop), 0);
	errno = 0;
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	/* what was killed may take the kernel a moment */
	uint64_t end = clock_ms() + PATIENCE_MS;
	while (count_offspring() > 0 && clock_ms() < end)
		;
	assert_int_equal(count_offspring(), 0);
	assert_int_equal(count_descriptors(), h->descriptors);
	buf_finish(&h->log);
	buf_finish(&h->config);
	buf_finish(&h->error);
	MEM_FREE(h->command);
	current = NULL;
}

struct person *harness_assign(struct harness *h, unsigned index)
{
	network_plugin_server_assign(h->server, &h->people[index].user);
	return &h->people[index];
}

void harness_release(struct harness *h, unsigned index)
{
	network_plugin_server_release(h->server, &h->people[index].user);
}

bool harness_logged(const struct harness *h, const char *text)
{
	return h->log.len > 0 && strstr(h->log.data, text) != NULL;
}

struct backend *harness_backend(const struct harness *h)
{
	return network_plugin_server_first(h->server);
}
