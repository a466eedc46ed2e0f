/* SPDX-License-Identifier: MIT */
/* Who is at the other end of a local TCP connection: the kernel tells the socket's inode (sock_diag(7), or all of
 * /proc/net/tcp), and the holder's descriptors in /proc/PID/fd name the same. */
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "transport/backend/backend_listener.h"
#include "transport/backend/network_plugin_server.h"

#define DESCRIPTORS_MAX 65536 /* looked at, of one process */
#define ENDPOINT_BYTES 48
#define ANCESTORS_MAX 256

/* How /proc/net/tcp6 (or tcp, `plain`) writes an endpoint: each 32-bit word as this machine reads it. */
static void endpoint_format(char out[ENDPOINT_BYTES], const struct sockaddr_storage *address, bool plain)
{
	uint32_t word[4] = {0, 0, htonl(0xffff), 0};
	uint16_t port;

	if (address->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)address;
		word[3] = in->sin_addr.s_addr;
		port = ntohs(in->sin_port);
	} else {
		const struct sockaddr_in6 *in6 = (const void *)address;
		memcpy(word, &in6->sin6_addr, sizeof(word));
		/* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): getsockname and getpeername have set it */
		port = ntohs(in6->sin6_port);
	}
	if (plain)
		snprintf(out, ENDPOINT_BYTES, "%08X:%04X", word[3], port);
	else
		snprintf(out, ENDPOINT_BYTES, "%08X%08X%08X%08X:%04X", word[0], word[1], word[2], word[3],
		         port);
}

/* The inode of the socket whose own end is `near` and whose other end is `far`; 0: none. */
static unsigned long find_inode(const char *path, const char *near, const char *far, long *uid)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	unsigned long found = 0;

	if (!file)
		return 0;
	while (!found && getline(&line, &size, file) > 0) {
		char local[ENDPOINT_BYTES], remote[ENDPOINT_BYTES];
		unsigned owner;
		unsigned long inode;
		if (sscanf(line, " %*d: %47s %47s %*x %*x:%*x %*x:%*x %*x %u %*d %lu", local, remote, &owner,
		           &inode) != 4)
			continue;
		if (strcmp(local, near) || strcmp(remote, far))
			continue;
		found = inode;
		*uid = (long)owner;
	}
	free(line);
	fclose(file);
	return found;
}

struct diag_request {
	struct nlmsghdr header;
	struct inet_diag_req_v2 body;
};

static __be16 diag_end(__be32 out[4], const struct sockaddr_storage *address)
{
	const struct sockaddr_in *in = (const void *)address;
	const struct sockaddr_in6 *in6 = (const void *)address;

	if (address->ss_family == AF_INET) {
		out[0] = in->sin_addr.s_addr;
		/* NOLINTNEXTLINE(clang-analyzer-core.uninitialized.UndefReturn): as above */
		return in->sin_port;
	}
	memcpy(out, &in6->sin6_addr, sizeof(in6->sin6_addr));
	/* NOLINTNEXTLINE(clang-analyzer-core.uninitialized.UndefReturn): as above */
	return in6->sin6_port;
}

static bool ask_kernel(int netlink, struct diag_request *request, unsigned long *inode, long *uid)
{
	union {
		struct nlmsghdr header;
		char bytes[8192];
	} answer;

	if (send(netlink, request, sizeof(*request), 0) != (ssize_t)sizeof(*request))
		return false;
	/* the kernel has answered when send returns */
	ssize_t count = recv(netlink, &answer, sizeof(answer), MSG_DONTWAIT);
	if (count < (ssize_t)NLMSG_LENGTH(sizeof(struct inet_diag_msg)) ||
	    answer.header.nlmsg_type != SOCK_DIAG_BY_FAMILY)
		return false;
	const struct inet_diag_msg *message = NLMSG_DATA(&answer.header);
	*inode = message->idiag_inode;
	*uid = (long)message->idiag_uid;
	return *inode != 0;
}

/* One socket, whatever number of them the machine has; /proc/net/tcp takes milliseconds for ten thousand. */
static unsigned long diagnose(const struct sockaddr_storage *own, const struct sockaddr_storage *peer, long *uid)
{
	struct diag_request request = {
	        .header = {.nlmsg_len = sizeof(request), .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST},
	        .body = {.sdiag_family = (__u8)own->ss_family, .sdiag_protocol = IPPROTO_TCP, .idiag_states = ~0u},
	};
	struct inet_diag_sockid *id = &request.body.id;
	unsigned long inode = 0;
	int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	if (netlink < 0)
		return 0;
	id->idiag_sport = diag_end(id->idiag_src, peer);
	id->idiag_dport = diag_end(id->idiag_dst, own);
	id->idiag_cookie[0] = id->idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	if (!ask_kernel(netlink, &request, &inode, uid))
		inode = 0;
	close(netlink);
	return inode;
}

static unsigned long find_peer_inode(int fd, long *uid)
{
	struct sockaddr_storage own = {0}, peer = {0};
	socklen_t own_size = sizeof(own), peer_size = sizeof(peer);
	char near[ENDPOINT_BYTES], far[ENDPOINT_BYTES];

	if (getsockname(fd, (struct sockaddr *)&own, &own_size) < 0 ||
	    getpeername(fd, (struct sockaddr *)&peer, &peer_size) < 0)
		return 0;
	unsigned long inode = diagnose(&own, &peer, uid);
	if (inode)
		return inode;
	if (own.ss_family == AF_INET) {
		endpoint_format(near, &peer, true);
		endpoint_format(far, &own, true);
		inode = find_inode("/proc/net/tcp", near, far, uid);
	}
	/* an IPv6 socket may have connected to an IPv4 address */
	if (!inode) {
		endpoint_format(near, &peer, false);
		endpoint_format(far, &own, false);
		inode = find_inode("/proc/net/tcp6", near, far, uid);
	}
	return inode;
}

static bool read_stat(pid_t pid, pid_t *parent, pid_t *session)
{
	char path[64], text[512];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t length = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (length <= 0)
		return false;
	text[length] = '\0';
	/* the name in parentheses may hold anything */
	const char *rest = strrchr(text, ')');
	return rest && sscanf(rest + 1, " %*c %d %*d %d", parent, session) == 2;
}

static pid_t session_of(pid_t pid)
{
	pid_t parent, session;

	return read_stat(pid, &parent, &session) ? session : -1;
}

static bool is_of_a_backend(pid_t session, const struct network_plugin_server *server)
{
	for (const struct backend *backend = server ? network_plugin_server_first(server) : NULL; backend;
	     backend = network_plugin_server_next(server, backend))
		if (backend_pid(backend) == session)
			return true;
	return false;
}

/* One whose parent has ended, be it the core that started it, still has the session of its spawn. */
static bool descends(pid_t pid, const struct network_plugin_server *server)
{
	pid_t parent = 0, session = 0;

	for (unsigned depth = 0; depth < ANCESTORS_MAX && pid > 1; depth++, pid = parent) {
		if (!read_stat(pid, &parent, &session))
			return false;
		if (parent == getpid() || is_of_a_backend(session, server))
			return true;
	}
	return false;
}

bool backend_peer_is_ours(pid_t pid, const struct network_plugin_server *server)
{
	return pid != getpid() && (descends(pid, server) || descends(session_of(pid), server));
}

static bool holds_socket(pid_t pid, unsigned long inode)
{
	char path[64], wanted[64], link[64];
	bool found = false;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	snprintf(wanted, sizeof(wanted), "socket:[%lu]", inode);
	DIR *folder = opendir(path);
	if (!folder)
		return false;
	for (unsigned seen = 0; !found && seen < DESCRIPTORS_MAX; seen++) {
		const struct dirent *entry = readdir(folder);
		if (!entry)
			break;
		ssize_t length = readlinkat(dirfd(folder), entry->d_name, link, sizeof(link) - 1);
		if (length <= 0)
			continue;
		link[length] = '\0';
		found = strcmp(link, wanted) == 0;
	}
	closedir(folder);
	return found;
}

/* A process that holds the socket: of `session`, or (session 0) any. 0: none is to be seen. */
static pid_t find_holder(unsigned long inode, pid_t session)
{
	DIR *folder = opendir("/proc");
	const struct dirent *entry;
	pid_t found = 0;

	if (!folder)
		return 0;
	while (!found && (entry = readdir(folder))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
		if (session && session_of(pid) != session)
			continue;
		if (holds_socket(pid, inode))
			found = pid;
	}
	closedir(folder);
	return found;
}

bool backend_peer_in_session(int fd, pid_t session, struct backend_peer *peer)
{
	peer->uid = -1;
	peer->pid = 0;
	if (session <= 0)
		return false;

	unsigned long inode = find_peer_inode(fd, &peer->uid);
	if (!inode)
		return false;
	/* nearly always it is the child itself */
	if (session_of(session) == session && holds_socket(session, inode)) {
		peer->pid = session;
		return true;
	}
	peer->pid = find_holder(inode, session);
	if (peer->pid)
		return true;
	peer->pid = find_holder(inode, 0);
	return false;
}

/* Backends and what they started are below us; what they left is given to us (query_port.c). */
static bool is_backend(pid_t pid, const struct network_plugin_server *server)
{
	pid_t parent, session;

	if (pid == getpid() || !read_stat(pid, &parent, &session))
		return true;
	if (is_of_a_backend(session, server))
		return true;
	for (unsigned i = 0; i < ANCESTORS_MAX && parent > 1; i++) {
		if (parent == getpid())
			return true;
		if (!read_stat(parent, &parent, &session))
			return true;
	}
	return parent > 1;
}

bool backend_peer_may_administer(int fd, const struct network_plugin_server *server, struct backend_peer *peer)
{
	peer->uid = -1;
	peer->pid = 0;
	unsigned long inode = find_peer_inode(fd, &peer->uid);
	if (!inode || (peer->uid != 0 && peer->uid != (long)geteuid()))
		return false;

	DIR *folder = opendir("/proc");
	const struct dirent *entry;
	bool good = folder != NULL;
	while (good && (entry = readdir(folder))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
		if (!holds_socket(pid, inode))
			continue;
		peer->pid = pid;
		good = !is_backend(pid, server);
	}
	if (folder)
		closedir(folder);
	/* what root's processes hold is not for everybody to see */
	return good && (peer->pid || (peer->uid == 0 && geteuid() != 0));
}
