/* SPDX-License-Identifier: MIT */
/* At build time: the keys of the IRC backend, for the manual page transport-irc(8). */
#include "backends/irc/irc_config.h"

int main(void)
{
	static const struct config_table *const tables[] = {&irc_config_table};

	config_write_man(stdout, tables, 1);
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
