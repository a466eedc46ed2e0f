/* SPDX-License-Identifier: MIT */
#include "frontends/matrix/people/passers_by.h"

#include "config/limits.h"
#include "frontends/matrix/people/ghost.h"
#include "frontends/matrix/people/person.h"

/* matrix_later: nobody holds a person, or his name, meanwhile. */
static void look(struct matrix_frontend *frontend, const char *unused, const char *unused_too)
{
	(void)unused, (void)unused_too;
	people_forget(frontend);
	ghosts_forget(frontend);
	frontend->passers_by = 0;
	frontend->staying = map_count(frontend->people) + map_count(frontend->ghosts);
}

static size_t enough(const struct matrix_frontend *frontend)
{
	size_t quarter = frontend->staying / 4;

	return quarter > LIMIT_MATRIX_PASSERS_BY ? quarter : LIMIT_MATRIX_PASSERS_BY;
}

void passers_by_note(struct matrix_frontend *frontend, size_t count)
{
	bool looking = frontend->passers_by >= enough(frontend);

	frontend->passers_by += count;
	if (!looking && frontend->passers_by >= enough(frontend))
		matrix_later(frontend, look, NULL, NULL);
}
