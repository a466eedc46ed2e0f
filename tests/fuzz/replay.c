/* SPDX-License-Identifier: MIT */
/*
 * Runs one fuzz target over files, without libFuzzer and with any compiler:  replay-TARGET FILE|FOLDER...
 * TAP: one result an argument. A target that finds something ends the program; the last `# FILE` line names the
 * input then. A folder that holds no input is a failure, as then nothing was tested.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PATH_BYTES 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool complain(const char *path)
{
	printf("# %s: %s\n", path, strerror(errno));
	return false;
}

/* In a block of exactly its size, so that AddressSanitizer sees the first byte that is read too far. */
static bool run_bytes(FILE *file, size_t size)
{
	uint8_t *bytes = malloc(size);
	bool complete;

	if (!bytes && size > 0)
		return false;
	complete = fread(bytes, 1, size, file) == size;
	if (complete)
		LLVMFuzzerTestOneInput(bytes, size);
	free(bytes);
	return complete;
}

static bool run_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	struct stat status;
	bool good;

	if (!file)
		return complain(path);
	printf("# %s\n", path);
	fflush(stdout);
	good = fstat(fileno(file), &status) == 0 && run_bytes(file, (size_t)status.st_size);
	if (!good)
		complain(path);
	fclose(file);
	return good;
}

static int is_input(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static bool run_folder(const char *path, int *inputs)
{
	struct dirent **entries = NULL;
	int count = scandir(path, &entries, is_input, alphasort);
	char file[PATH_BYTES];
	bool good = true;

	if (count < 0)
		return complain(path);
	for (int i = 0; i < count; i++) {
		int length = snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);

		good = length > 0 && (size_t)length < sizeof(file) && run_file(file) && good;
		free(entries[i]);
	}
	free(entries);
	*inputs = count;
	return good && count > 0;
}

static bool run_argument(const char *path, int *inputs)
{
	struct stat status;

	*inputs = 1;
	if (stat(path, &status) != 0)
		return complain(path);
	return S_ISDIR(status.st_mode) ? run_folder(path, inputs) : run_file(path);
}

int main(int argc, char **argv)
{
	const uint8_t nothing[1] = {0};
	int failed = 0, inputs;

	if (argc < 2) {
		fprintf(stderr, "usage: %s FILE|FOLDER...\n", argv[0]);
		return 2;
	}
	printf("1..%d\n", argc - 1);
	LLVMFuzzerTestOneInput(nothing, 0);
	for (int i = 1; i < argc; i++) {
		bool good;

		inputs = 0;
		good = run_argument(argv[i], &inputs);
		printf("%s %d - %s: %d inputs\n", good ? "ok" : "not ok", i, argv[i], inputs);
		failed += !good;
	}
	return failed > 0;
}
