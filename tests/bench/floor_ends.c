/* SPDX-License-Identifier: MIT */
#include "floor_ends.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

void fail(const char *what)
{
	perror(what);
	exit(1);
}

int start_backend(const char *program, const char *how)
{
	int pair[2];
	char number[16];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		fail("socketpair");
	pid_t pid = fork();

	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		snprintf(number, sizeof(number), "%d", dup(pair[1])); /* without the close-on-exec flag */
		setenv("LIBTRANSPORT_FD", number, 1);
		execl(program, program, how, (char *)NULL);
		fail(program);
	}
	close(pair[1]);
	return pair[0];
}

int connect_port(const char *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		fail("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}
