/* SPDX-License-Identifier: MIT */
#include "transport/admin/instance_metrics.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "config/limits.h"
#include "transport/backend/network_plugin_server.h"
#include "transport/frontend.h"
#include "transport/http/http_server.h"
#include "transport/people/roster.h"
#include "transport/people/user.h"
#include "transport/routing/latency.h"
#include "transport/spool/spool.h"
#include "transport/transport.h"

#define CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* ---- people ---- */

static const char *const user_states[] = {
        [USER_IDLE] = "state=\"idle\"",
        [USER_WAITING] = "state=\"waiting\"",
        [USER_CONNECTING] = "state=\"connecting\"",
        [USER_CONNECTED] = "state=\"connected\"",
        [USER_RETRYING] = "state=\"retrying\"",
        [USER_FAILED] = "state=\"failed\"",
};

static void write_users(void *context, struct buf *out, const char *name)
{
	const struct transport *transport = context;
	unsigned counts[ARRAY_SIZE(user_states)] = {0};
	struct map_iter it = {0};

	while (map_next(transport->users, &it))
		counts[((const struct user *)it.value)->state]++;
	for (size_t i = 0; i < ARRAY_SIZE(user_states); i++)
		metrics_sample(out, name, user_states[i], counts[i]);
}

static double read_rooms(void *context)
{
	const struct transport *transport = context;
	struct map_iter it = {0};
	size_t count = 0;

	while (map_next(transport->users, &it))
		count += map_count(((const struct user *)it.value)->rooms);
	return (double)count;
}

static double read_contacts(void *context)
{
	const struct transport *transport = context;
	struct map_iter it = {0};
	size_t count = 0;

	while (map_next(transport->users, &it))
		count += contacts_count(((const struct user *)it.value)->roster->contacts);
	return (double)count;
}

static double read_identities(void *context)
{
	return (double)map_count(((const struct transport *)context)->identities);
}

/* ---- backends ---- */

static void write_backends(void *context, struct buf *out, const char *name)
{
	static const char *const states[] = {
	        [BACKEND_STARTING] = "state=\"starting\"",
	        [BACKEND_READY] = "state=\"ready\"",
	        [BACKEND_DRAINING] = "state=\"draining\"",
	        [BACKEND_STOPPING] = "state=\"stopping\"",
	};
	const struct network_plugin_server *server = ((const struct transport *)context)->backends;
	unsigned counts[ARRAY_SIZE(states)] = {0};

	for (struct backend *backend = server ? network_plugin_server_first(server) : NULL; backend;
	     backend = network_plugin_server_next(server, backend))
		counts[backend->state]++;
	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		metrics_sample(out, name, states[i], counts[i]);
}

static double users_of(const struct backend *backend)
{
	return backend->users_count;
}

static double queue_of(const struct backend *backend)
{
	return (double)backend_queued(backend);
}

static double resident_of(const struct backend *backend)
{
	return (double)backend->stats.resident_kb * 1024;
}

static void write_each_backend(const struct transport *transport, struct buf *out, const char *name,
                               double (*read)(const struct backend *backend))
{
	const struct network_plugin_server *server = transport->backends;
	struct metrics_series series = {.out = out, .name = name, .label = "backend", .left = LIMIT_METRICS_SERIES};

	for (struct backend *backend = server ? network_plugin_server_first(server) : NULL; backend;
	     backend = network_plugin_server_next(server, backend))
		metrics_series_add(&series, backend->id, read(backend));
	metrics_series_end(&series);
}

static void write_backend_users(void *context, struct buf *out, const char *name)
{
	write_each_backend(context, out, name, users_of);
}

static void write_backend_queues(void *context, struct buf *out, const char *name)
{
	write_each_backend(context, out, name, queue_of);
}

static void write_backend_memory(void *context, struct buf *out, const char *name)
{
	write_each_backend(context, out, name, resident_of);
}

static double read_waiting(void *context)
{
	const struct network_plugin_server *server = ((const struct transport *)context)->backends;

	return server ? network_plugin_server_waiting(server) : 0;
}

static double read_held(void *context)
{
	LIST_EACH(link, &((struct transport *)context)->frontends)
	if (CONTAINER_OF(link, struct frontend, link)->holds)
		return 1;
	return 0;
}

static double read_ghosts(void *context)
{
	unsigned count = 0;

	LIST_EACH (link, &((struct transport *)context)->frontends)
		count += CONTAINER_OF(link, struct frontend, link)->ghosts;
	return count;
}

static void write_connected(void *context, struct buf *out, const char *name)
{
	char label[64];

	LIST_EACH (link, &((struct transport *)context)->frontends) {
		const struct frontend *frontend = CONTAINER_OF(link, struct frontend, link);

		snprintf(label, sizeof(label), "frontend=\"%s\"", frontend->ops->name);
		metrics_sample(out, name, label, frontend_reaches(frontend) != 0);
	}
}

struct load {
	double bytes, oldest_s;
};

static void add_queue(void *context, const struct frontend_queue *queue)
{
	struct load *load = context;
	double since_s = queue->oldest_ms > 0 ? (double)((int64_t)clock_ms() - queue->oldest_ms) / 1000 : 0;

	load->bytes += queue->bytes > 0 ? (double)queue->bytes : 0;
	load->oldest_s = since_s > load->oldest_s ? since_s : load->oldest_s;
}

static void write_loads(const struct transport *transport, struct buf *out, const char *name, bool oldest)
{
	char label[64];

	LIST_EACH (link, &transport->frontends) {
		struct frontend *frontend = CONTAINER_OF(link, struct frontend, link);
		struct load load = {0};

		if (frontend->ops->queues && transport->frontends_started)
			frontend->ops->queues(frontend, add_queue, &load);
		snprintf(label, sizeof(label), "frontend=\"%s\"", frontend->ops->name);
		metrics_sample(out, name, label, oldest ? load.oldest_s : load.bytes);
	}
}

static void write_frontend_bytes(void *context, struct buf *out, const char *name)
{
	write_loads(context, out, name, false);
}

static void write_frontend_ages(void *context, struct buf *out, const char *name)
{
	write_loads(context, out, name, true);
}

/* ---- store, HTTP ---- */

static double read_store_queue(void *context)
{
	const struct transport *transport = context;

	return transport->store ? (double)store_queued(transport->store) : 0;
}

static double read_media(void *context)
{
	const struct transport *transport = context;

	return (double)media_bytes(transport->media);
}

static double read_http(void *context)
{
	const struct transport *transport = context;

	return transport->http ? (double)http_server_count(transport->http) : 0;
}

static void write_http_connections(void *context, struct buf *out, const char *name)
{
	const struct transport *transport = context;

	if (transport->http)
		metrics_sample(out, name, NULL, (double)http_server_counters(transport->http)->connections);
}

static void write_http_requests(void *context, struct buf *out, const char *name)
{
	const struct transport *transport = context;

	if (transport->http)
		metrics_sample(out, name, NULL, (double)http_server_counters(transport->http)->requests);
}

/* ---- the spool ---- */

static struct spool_statistics figures; /* of the spool, for the scrape that is being answered */

static void write_spool_records(void *context, struct buf *out, const char *name)
{
	(void)context;
	metrics_sample(out, name, "state=\"waiting\"", (double)figures.waiting);
	metrics_sample(out, name, "state=\"handed\"", (double)figures.handed);
	metrics_sample(out, name, "state=\"dead\"", (double)figures.dead);
}

static double read_spool_bytes(void *context)
{
	(void)context;
	return (double)figures.bytes;
}

static double read_spool_disk(void *context)
{
	(void)context;
	return (double)figures.disk_bytes;
}

static double read_spool_age(void *context)
{
	(void)context;
	int64_t age_ms = figures.oldest_ms ? clock_wall_ms() - figures.oldest_ms : 0;

	return age_ms > 0 ? (double)age_ms / 1000 : 0; /* the clock may have been set back */
}

static double read_spool_failing(void *context)
{
	(void)context;
	return figures.failing;
}

static void register_spool(struct transport *transport)
{
	struct metrics *metrics = transport->metrics;

	metrics_family(metrics, "libtransport_spool_records", METRIC_GAUGE,
	               "Messages in the spool: waiting, handed over and not yet taken, given up.",
	               write_spool_records, NULL);
	metrics_gauge(metrics, "libtransport_spool_bytes", NULL, "Size of these messages.", read_spool_bytes,
	              NULL);
	metrics_gauge(metrics, "libtransport_spool_disk_bytes", NULL, "Size of the spool's files.",
	              read_spool_disk, NULL);
	metrics_gauge(metrics, "libtransport_spool_oldest_seconds", NULL,
	              "Age of the oldest message that is not given up.", read_spool_age, NULL);
	metrics_gauge(metrics, "libtransport_spool_failing", NULL, "1 while the disk refuses.",
	              read_spool_failing, NULL);
	metrics_counter(metrics, "libtransport_spool_accepted_total", NULL, "Messages put into the spool.",
	                &figures.put);
	metrics_counter(metrics, "libtransport_spool_done_total", NULL, "Messages that left the spool.",
	                &figures.done);
	metrics_counter(metrics, "libtransport_spool_syncs_total", NULL, "Times the disk was waited for.",
	                &figures.syncs);
	metrics_counter(metrics, "libtransport_unsaved_messages_total", NULL,
	                "Messages shown without being kept, as the spool took no more.",
	                &transport->counters.unsaved_messages);
}

/* ---- the process ---- */

/* A line of /proc/self/status in KiB, as bytes. */
static double read_status(const char *key)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[256];
	unsigned long kb = 0;

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key)) && sscanf(line + strlen(key), ": %lu kB", &kb) == 1)
			break;
	if (file)
		fclose(file);
	return (double)kb * 1024;
}

static double read_resident(void *context)
{
	(void)context;
	return read_status("VmRSS");
}

static double read_anonymous(void *context)
{
	(void)context;
	return read_status("RssAnon");
}

static double read_virtual(void *context)
{
	(void)context;
	return read_status("VmSize");
}

static void write_cpu(void *context, struct buf *out, const char *name)
{
	struct rusage usage;

	(void)context;
	getrusage(RUSAGE_SELF, &usage);
	metrics_sample(out, name, NULL,
	               (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	                       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
}

static double read_descriptors(void *context)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned count = 0;

	(void)context;
	if (!folder)
		return 0;
	while (readdir(folder))
		count++;
	closedir(folder);
	return count - 3; /* ".", ".." and the one of the folder */
}

static double read_descriptors_max(void *context)
{
	struct rlimit limit = {0};

	(void)context;
	getrlimit(RLIMIT_NOFILE, &limit);
	return (double)limit.rlim_cur;
}

static double read_start(void *context)
{
	const struct transport *transport = context;

	return (double)(clock_wall_ms() - (int64_t)(clock_ms() - transport->started_ms)) / 1000;
}

static void write_build(void *context, struct buf *out, const char *name)
{
	(void)context;
	metrics_sample(out, name, "version=\"" LIBTRANSPORT_VERSION "\"", 1);
}

/* ---- all of them ---- */

static void register_all(struct transport *transport)
{
	struct metrics *metrics = transport->metrics;
	const struct counters *counters = &transport->counters;

	metrics_family(metrics, "libtransport_build_info", METRIC_GAUGE, "Version of the program.",
	               write_build, transport);
	metrics_family(metrics, "libtransport_users", METRIC_GAUGE, "Sessions by their state.", write_users,
	               transport);
	metrics_gauge(metrics, "libtransport_identities", NULL, "Addresses of people who are there.",
	              read_identities, transport);
	metrics_gauge(metrics, "libtransport_rooms", NULL, "Rooms, counted once for each user in them.",
	              read_rooms, transport);
	metrics_gauge(metrics, "libtransport_contacts", NULL, "Contacts of all users.", read_contacts,
	              transport);
	metrics_counter(metrics, "libtransport_logins_total", "result=\"connected\"",
	                "Logins at the network, by how they ended.", &counters->logins);
	metrics_counter(metrics, "libtransport_logins_total", "result=\"failed\"", NULL,
	                &counters->logins_failed);
	metrics_counter(metrics, "libtransport_sessions_lost_total", NULL,
	                "Sessions that ended without anybody having asked for it.", &counters->sessions_lost);
	metrics_counter(metrics, "libtransport_messages_total", "direction=\"from_people\"",
	                "Messages that were routed.", &counters->messages_from_people);
	metrics_counter(metrics, "libtransport_messages_total", "direction=\"to_people\"", NULL,
	                &counters->messages_to_people);
	metrics_counter(metrics, "libtransport_refusals_total", "from=\"people\"",
	                "What was asked of the router and refused.", &counters->requests_refused);
	metrics_counter(metrics, "libtransport_refusals_total", "from=\"backends\"", NULL,
	                &counters->events_refused);
	metrics_family(metrics, "libtransport_backends", METRIC_GAUGE, "Backend processes by their state.",
	               write_backends, transport);
	metrics_family(metrics, "libtransport_backend_users", METRIC_GAUGE, "Users of each backend.",
	               write_backend_users, transport);
	metrics_family(metrics, "libtransport_backend_queue_bytes", METRIC_GAUGE,
	               "Waiting to be read by each backend.", write_backend_queues, transport);
	metrics_family(metrics, "libtransport_backend_resident_bytes", METRIC_GAUGE,
	               "Resident memory, as each backend tells it.", write_backend_memory, transport);
	metrics_counter(metrics, "libtransport_backends_started_total", NULL, "Backend processes started.",
	                &counters->backends_started);
	metrics_counter(metrics, "libtransport_backends_crashed_total", NULL,
	                "Backend processes that ended by themselves.", &counters->backends_crashed);
	metrics_gauge(metrics, "libtransport_users_waiting", NULL, "Users that wait for a backend.",
	              read_waiting, transport);
	metrics_gauge(metrics, "libtransport_backends_held", NULL,
	              "1 while no backend is read, as people's side is full.", read_held, transport);
	metrics_family(metrics, "libtransport_frontend_connected", METRIC_GAUGE,
		       "1 while the server that people are at is reached.", write_connected, transport);
	metrics_family(metrics, "libtransport_frontend_queue_bytes", METRIC_GAUGE,
		       "Waiting to be taken by that server, or by people's clients.", write_frontend_bytes, transport);
	metrics_family(metrics, "libtransport_frontend_queue_oldest_seconds", METRIC_GAUGE,
		       "Since when the oldest of that waits.", write_frontend_ages, transport);
	metrics_gauge(metrics, "libtransport_ghost_sockets", NULL,
	              "Sockets of the Slack app that are counted and not ours.", read_ghosts, transport);
	metrics_gauge(metrics, "libtransport_store_queue_bytes", NULL, "Requests that wait for the database.",
	              read_store_queue, transport);
	metrics_gauge(metrics, "libtransport_media_bytes", NULL, "Size of the files that are kept for people.",
	              read_media, transport);
	metrics_gauge(metrics, "libtransport_http_connections", NULL, "Open connections of the HTTP server.",
	              read_http, transport);
	metrics_family(metrics, "libtransport_http_connections_total", METRIC_COUNTER,
	               "Connections that the HTTP server has taken.", write_http_connections, transport);
	metrics_family(metrics, "libtransport_http_requests_total", METRIC_COUNTER,
	               "Requests that came on them.", write_http_requests, transport);
	for (int step = 0; step < LATENCY_STEPS; step++)
		metrics_histogram(metrics, "libtransport_latency_seconds",
		                  latency_labels((enum latency_step)step),
		                  "Time of events inside the core, by step.",
		                  latency_histogram((enum latency_step)step));
	metrics_gauge(metrics, "libtransport_anonymous_memory_bytes", NULL,
	              "Memory of the core that is not of files.", read_anonymous, transport);
	metrics_gauge(metrics, "process_resident_memory_bytes", NULL, "Resident memory of the core.",
	              read_resident, transport);
	metrics_gauge(metrics, "process_virtual_memory_bytes", NULL, "Virtual memory of the core.",
	              read_virtual, transport);
	metrics_family(metrics, "process_cpu_seconds_total", METRIC_COUNTER, "Processor time of the core.",
	               write_cpu, transport);
	metrics_gauge(metrics, "process_open_fds", NULL, "Open descriptors of the core.", read_descriptors,
	              transport);
	metrics_gauge(metrics, "process_max_fds", NULL, "Limit of open descriptors.", read_descriptors_max,
	              transport);
	metrics_gauge(metrics, "process_start_time_seconds", NULL, "When the core was started, in Unix time.",
	              read_start, transport);
}

static void answer(struct http_request *request, void *context)
{
	const struct transport *transport = context;
	struct buf text = {0};

	figures = (struct spool_statistics){0};
	if (transport->spool)
		spool_statistics(transport->spool, &figures);
	metrics_write(transport->metrics, &text);
	http_answer_buf(request, 200, CONTENT_TYPE, &text);
}

bool instance_metrics_check(const struct transport *transport, struct buf *error)
{
	const struct service_config *service = &transport->service;

	/* Who may connect may read: there is neither a password nor TLS. */
	if (!service->metrics_port || backend_host_is_loopback(service->metrics_host))
		return true;
	buf_printf(error,
	           "metrics.host: \"%s\" is no loopback address (127.0.0.1, ::1): metrics are for this "
	           "machine; a "
	           "reverse proxy can give them to others\n",
	           service->metrics_host);
	return false;
}

int instance_metrics_open(struct transport *transport, struct buf *error)
{
	const struct service_config *service = &transport->service;
	struct http_listener *listener;

	register_all(transport);
	register_spool(transport);
	if (!service->metrics_port)
		return 0;
	int err = http_server_listen(transport->http, service->metrics_host, (unsigned)service->metrics_port,
	                             &listener, error);

	if (err)
		return err;
	if (!http_listener_route(listener, &(struct http_route){"/metrics", HTTP_GET, .complete = answer,
	                                                        .context = transport})) {
		buf_printf(error, "metrics.port: something else has /metrics on port %ld",
		           service->metrics_port);
		return TP_ERR_EXISTS;
	}
	latency_on = true;
	log_info(&transport->log, "metrics: http://%s:%ld/metrics", service->metrics_host,
	         service->metrics_port);
	return 0;
}
