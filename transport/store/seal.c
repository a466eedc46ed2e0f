/* SPDX-License-Identifier: MIT */
#include "transport/store/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/random.h"

enum {
	SEAL_VERSION = 1,
	KEY_ID_BYTES = 4,
	HEADER_BYTES = 1 + KEY_ID_BYTES,
	NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	TAG_BYTES = crypto_aead_xchacha20poly1305_ietf_ABYTES,
	KEY_BYTES = crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
};

struct seal {
	unsigned char key[KEY_BYTES];
	unsigned char header[HEADER_BYTES];
};

static int fail(struct buf *error, int code, const char *path, const char *what, int cause)
{
	buf_printf(error, "key file %s: %s", path, what);
	if (cause != 0)
		buf_printf(error, ": %s", strerror(cause));
	return code;
}

static int read_key(unsigned char *key, int fd)
{
	size_t have = 0;
	while (have < KEY_BYTES) {
		ssize_t got = read(fd, key + have, KEY_BYTES - have);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got == 0 ? EIO : errno;
		have += (size_t)got;
	}
	return 0;
}

static int check_key_file(int fd, const char *path, struct buf *error)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return fail(error, TP_ERR_IO, path, "cannot be examined", errno);
	if (!S_ISREG(st.st_mode))
		return fail(error, TP_ERR_NOT_ALLOWED, path, "is not a regular file", 0);
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return fail(error, TP_ERR_NOT_ALLOWED, path,
		            "is open to its group or to others; use \"chmod 600\" on it", 0);
	if (st.st_size != KEY_BYTES)
		return fail(error, TP_ERR_INVALID, path, "is not a key (a key has 32 bytes)", 0);
	return 0;
}

/* TP_ERR_NOT_FOUND without a sentence if there is none. */
static int load_key(unsigned char *key, const char *path, struct buf *error)
{
	/* O_NONBLOCK: somebody's FIFO must not hold up the start */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		return TP_ERR_NOT_FOUND;
	if (fd < 0 && errno == ELOOP)
		return fail(error, TP_ERR_NOT_ALLOWED, path, "is a symbolic link; name the file itself", 0);
	if (fd < 0)
		return fail(error, TP_ERR_IO, path, "cannot be opened", errno);
	int err = check_key_file(fd, path, error);
	int cause = err == 0 ? read_key(key, fd) : 0;
	close(fd);
	return cause != 0 ? fail(error, TP_ERR_IO, path, "cannot be read", cause) : err;
}

static int write_key(int fd, const unsigned char *key)
{
	if (fchmod(fd, S_IRUSR | S_IWUSR) != 0)
		return errno;
	size_t written = 0;
	while (written < KEY_BYTES) {
		ssize_t count = write(fd, key + written, KEY_BYTES - written);
		if (count < 0 && errno != EINTR)
			return errno;
		written += count > 0 ? (size_t)count : 0;
	}
	return fsync(fd) == 0 ? 0 : errno;
}

static int sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash == NULL ? mem_strdup(".") : mem_strndup(path, (size_t)(slash - path) + 1);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	mem_free(folder);
	if (fd < 0)
		return errno;
	int cause = fsync(fd) == 0 ? 0 : errno;
	close(fd);
	return cause;
}

/* The new file appears under its name complete or not at all, and never in place of one that another process
 * made meanwhile: link() refuses where rename() would replace. */
static int make_key_file(const char *path, struct buf *error)
{
	unsigned char key[KEY_BYTES];
	char token[17];
	random_token(token, sizeof(token) - 1);
	char *temporary = mem_printf("%s.new-%s", path, token);
	int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
	if (fd < 0) {
		int cause = errno;
		mem_free(temporary);
		return fail(error, TP_ERR_IO, path, "cannot be made", cause);
	}
	randombytes_buf(key, sizeof(key));
	int cause = write_key(fd, key);
	sodium_memzero(key, sizeof(key));
	if (close(fd) != 0 && cause == 0)
		cause = errno;
	if (cause == 0 && link(temporary, path) != 0 && errno != EEXIST)
		cause = errno;
	unlink(temporary);
	mem_free(temporary);
	if (cause == 0)
		cause = sync_folder(path);
	return cause == 0 ? 0 : fail(error, TP_ERR_IO, path, "cannot be made", cause);
}

static int fetch_key(unsigned char *key, const char *path, struct buf *error)
{
	if (path == NULL) {
		randombytes_buf(key, KEY_BYTES);
		return 0;
	}
	int err = load_key(key, path, error);
	if (err != TP_ERR_NOT_FOUND)
		return err;
	err = make_key_file(path, error);
	if (err != 0)
		return err;
	err = load_key(key, path, error);
	return err == TP_ERR_NOT_FOUND ? fail(error, TP_ERR_IO, path, "vanished", 0) : err;
}

int seal_open(struct seal **seal, const char *key_file, struct buf *error)
{
	*seal = NULL;
	if (sodium_init() < 0) {
		buf_puts(error, "libsodium does not start");
		return TP_ERR_IO;
	}
	struct seal *made = MEM_NEW(struct seal);
	/* Locking may exceed RLIMIT_MEMLOCK; the key is then merely swappable, and still kept out of core
	 * dumps. */
	(void)sodium_mlock(made, sizeof(*made));
	int err = fetch_key(made->key, key_file, error);
	if (err != 0) {
		seal_close(&made);
		return err;
	}
	static const unsigned char purpose[] = "libtransport key id";
	unsigned char hash[crypto_generichash_BYTES_MIN];
	crypto_generichash(hash, sizeof(hash), purpose, sizeof(purpose) - 1, made->key, KEY_BYTES);
	made->header[0] = SEAL_VERSION;
	memcpy(made->header + 1, hash, KEY_ID_BYTES);
	*seal = made;
	return 0;
}

void seal_close(struct seal **seal)
{
	if (*seal == NULL)
		return;
	sodium_munlock(*seal, sizeof(**seal));
	sodium_memzero(*seal, sizeof(**seal));
	mem_free(*seal);
	*seal = NULL;
}

/* What is authenticated beside the ciphertext: the header and the row. */
static void put_context(const struct seal *seal, const char *row, struct buf *context)
{
	buf_append(context, seal->header, HEADER_BYTES);
	buf_puts(context, row);
}

_Static_assert(HEADER_BYTES + NONCE_BYTES + TAG_BYTES == SEAL_OVERHEAD, "seal.h says what sealing adds");

void seal_close_bytes(const struct seal *seal, const char *row, const void *bytes, size_t length, struct buf *sealed)
{
	unsigned char nonce[NONCE_BYTES];
	struct buf context = {0};
	randombytes_buf(nonce, sizeof(nonce));
	put_context(seal, row, &context);
	buf_append(sealed, seal->header, HEADER_BYTES);
	buf_append(sealed, nonce, NONCE_BYTES);
	char *out = buf_reserve(sealed, length + TAG_BYTES);
	crypto_aead_xchacha20poly1305_ietf_encrypt((unsigned char *)out, NULL, (const unsigned char *)bytes,
	                                           length, (const unsigned char *)context.data, context.len,
	                                           NULL, nonce, seal->key);
	sealed->len += length + TAG_BYTES;
	buf_finish(&context);
}

void seal_close_text(const struct seal *seal, const char *row, const char *text, struct buf *sealed)
{
	seal_close_bytes(seal, row, text, strlen(text), sealed);
}

bool seal_is_own(const struct seal *seal, const void *sealed, size_t length)
{
	return length >= HEADER_BYTES + NONCE_BYTES + TAG_BYTES &&
	       memcmp(sealed, seal->header, HEADER_BYTES) == 0;
}

int seal_open_text(const struct seal *seal, const char *row, const void *sealed, size_t length,
                   struct buf *text)
{
	if (!seal_is_own(seal, sealed, length))
		return TP_ERR_AUTH;
	const unsigned char *nonce = (const unsigned char *)sealed + HEADER_BYTES;
	size_t cipher_length = length - HEADER_BYTES - NONCE_BYTES;
	struct buf context = {0};
	put_context(seal, row, &context);
	char *out = buf_reserve(text, cipher_length + 1);
	int bad = crypto_aead_xchacha20poly1305_ietf_decrypt(
	        (unsigned char *)out, NULL, NULL, nonce + NONCE_BYTES, cipher_length,
	        (const unsigned char *)context.data, context.len, nonce, seal->key);
	buf_finish(&context);
	if (bad != 0)
		return TP_ERR_AUTH;
	text->len += cipher_length - TAG_BYTES;
	text->data[text->len] = '\0';
	return 0;
}
