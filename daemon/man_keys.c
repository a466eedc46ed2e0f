/* SPDX-License-Identifier: MIT */
/* At build time: the keys of transportd, for the manual page transport.cfg(5). */
#include "base/mem.h"
#include "config/config.h"
#include "frontends/matrix/frontend.h"
#include "frontends/slack/frontend.h"
#include "frontends/xmpp/frontend.h"
#include "transport/media/media.h"
#include "transport/service_config.h"
#include "transport/spool_config.h"
#include "transport/store/store.h"

int main(void)
{
	static const struct config_table *const tables[] = {&service_config_table, &spool_config_table,
							     &store_config_table, &media_config_table,
							     &xmpp_config_table, &matrix_config_table,
						     &slack_config_table};

	config_write_man(stdout, tables, ARRAY_SIZE(tables));
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
