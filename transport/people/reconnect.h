/* SPDX-License-Identifier: MIT */
/* After a restart: brings back the people whose sessions the last process left, ten a second. */
#pragma once

struct transport;

void reconnect_start(struct transport *transport);
void reconnect_stop(struct transport *transport);
