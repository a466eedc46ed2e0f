/* SPDX-License-Identifier: MIT */
#include "frontends/xmpp/stream/certificate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509v3.h>

#include "base/error.h"
#include "base/mem.h"

#define FILE_MAX (1u << 20)
#define VALID_DAYS 3650

struct identity_files { /* what was read */
	EVP_PKEY *key;
	X509 *certificate;
	STACK_OF(X509) *chain;
};

static void files_finish(struct identity_files *files)
{
	EVP_PKEY_free(files->key);
	X509_free(files->certificate);
	sk_X509_pop_free(files->chain, X509_free);
	memset(files, 0, sizeof(*files));
}

static const char *crypto_reason(void)
{
	unsigned long error = ERR_peek_last_error();
	const char *text = error ? ERR_reason_error_string(error) : NULL;

	return text ? text : "unknown format";
}

static int read_file(const char *path, struct buf *content, struct buf *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = 0;

	if (fd < 0) {
		buf_printf(error, "cannot read the certificate %s: %s\n", path, strerror(errno));
		return TP_ERR_IO;
	}
	while (content->len <= FILE_MAX) {
		got = read(fd, buf_reserve(content, 4096), 4096);
		if (got <= 0)
			break;
		content->len += (size_t)got;
	}
	close(fd);
	if (got == 0 && content->len)
		return 0;
	buf_printf(error, "cannot read the certificate %s: %s\n", path,
		   got < 0 ? strerror(errno) : content->len ? "it is too large" : "it is empty");
	return TP_ERR_IO;
}

static int give_password(char *out, int size, int writing, void *password)
{
	size_t length = strlen(password);

	(void)writing;
	if (size < 0 || length > (size_t)size)
		return -1;
	memcpy(out, password, length);
	return (int)length;
}

static bool read_pem(const struct buf *content, const char *password, struct identity_files *files)
{
	char *secret = mem_strdup(password ? password : "");
	BIO *bio = BIO_new_mem_buf(content->data, (int)content->len);
	X509 *more;

	files->key = PEM_read_bio_PrivateKey(bio, NULL, give_password, secret);
	mem_free_secret(secret);
	BIO_free(bio);
	if (!files->key)
		return false;
	bio = BIO_new_mem_buf(content->data, (int)content->len);
	files->certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	files->chain = sk_X509_new_null();
	while (files->certificate && (more = PEM_read_bio_X509(bio, NULL, NULL, NULL)))
		sk_X509_push(files->chain, more);
	BIO_free(bio);
	return files->certificate != NULL;
}

static bool read_pkcs12(const struct buf *content, const char *password, struct identity_files *files)
{
	const unsigned char *at = (const unsigned char *)content->data;
	PKCS12 *package = d2i_PKCS12(NULL, &at, (long)content->len);
	bool ok = package && PKCS12_parse(package, password ? password : "", &files->key, &files->certificate,
					  &files->chain);

	PKCS12_free(package);
	return ok && files->key && files->certificate;
}

static int read_identity(const char *path, const char *password, struct identity_files *files, struct buf *error)
{
	struct buf content = {0};
	int err = read_file(path, &content, error);
	bool ok;

	if (err == 0) {
		ERR_clear_error();
		ok = strstr(buf_text(&content), "-----BEGIN ") ? read_pem(&content, password, files)
							       : read_pkcs12(&content, password, files);
		if (!ok) {
			buf_printf(error,
				   "the certificate %s cannot be used: %s; it must be PKCS#12, or PEM with the "
				   "private key and the certificates, and service.cert_password must fit\n",
				   path, crypto_reason());
			err = TP_ERR_INVALID;
		}
		OPENSSL_cleanse(content.data, content.len);
	}
	buf_finish(&content);
	return err;
}

static int use_identity(SSL_CTX *context, const struct identity_files *files, const char *path, struct buf *error)
{
	ERR_clear_error();
	if (SSL_CTX_use_cert_and_key(context, files->certificate, files->key, files->chain, 1) == 1)
		return 0;
	buf_printf(error, "the certificate %s cannot be used: %s\n", path, crypto_reason());
	return TP_ERR_INVALID;
}

static void log_fingerprint(const struct log *log, X509 *certificate, const char *path)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned length = 0;
	struct buf text = {0};

	if (X509_digest(certificate, EVP_sha256(), digest, &length) != 1)
		return;
	for (unsigned i = 0; i < length; i++)
		buf_printf(&text, "%s%02X", i ? ":" : "", digest[i]);
	log_info(log, "certificate %s, SHA-256 %s", path, buf_text(&text));
	buf_finish(&text);
	if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0)
		log_warning(log, "the certificate %s has expired", path);
}

static bool add_extension(X509 *certificate, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;
	bool ok;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	ok = extension && X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
	return ok;
}

/* Also refuses names that would mean something else in OpenSSL's extension syntax. */
static bool name_domain(X509 *certificate, const char *domain)
{
	X509_NAME *name = X509_get_subject_name(certificate);
	char *alternative;
	bool ok, ascii = true;

	for (const char *c = domain; *c; c++)
		ascii = ascii && (unsigned char)*c < 0x80;
	if (strpbrk(domain, ",:;\n"))
		return false;
	/* A common name holds 64 characters; the alternative name is what counts. */
	if (strlen(domain) <= 64 &&
	    !X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)domain, -1, -1, 0))
		return false;
	alternative = mem_printf("DNS:%s", domain);
	ok = X509_set_issuer_name(certificate, name) &&
	     (!ascii || add_extension(certificate, NID_subject_alt_name, alternative)) &&
	     add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE");
	mem_free(alternative);
	return ok;
}

static bool make_certificate(struct identity_files *files, const char *domain)
{
	BIGNUM *serial = BN_new();
	X509 *certificate = X509_new();
	bool ok;

	files->key = EVP_EC_gen("P-256");
	files->certificate = certificate;
	ok = files->key && serial && certificate && X509_set_version(certificate, X509_VERSION_3) &&
	     BN_rand(serial, 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) &&
	     BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(certificate)) &&
	     X509_gmtime_adj(X509_getm_notBefore(certificate), -86400) &&
	     X509_time_adj_ex(X509_getm_notAfter(certificate), VALID_DAYS, 0, NULL) &&
	     X509_set_pubkey(certificate, files->key) && name_domain(certificate, domain) &&
	     X509_sign(certificate, files->key, EVP_sha256());
	BN_free(serial);
	return ok;
}

static bool write_all(int fd, const char *bytes, size_t count)
{
	while (count) {
		ssize_t put = write(fd, bytes, count);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		bytes += put;
		count -= (size_t)put;
	}
	return true;
}

/* Whole or not at all: written beside it, flushed, renamed. */
static int store_pem(const char *path, const char *bytes, size_t count, struct buf *error)
{
	char *temporary = mem_printf("%s.new", path);
	int fd, err = 0;
	bool ok;

	(void)unlink(temporary);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	ok = fd >= 0 && write_all(fd, bytes, count) && fsync(fd) == 0;
	if (fd >= 0)
		ok = close(fd) == 0 && ok;
	ok = ok && rename(temporary, path) == 0;
	if (!ok) {
		buf_printf(error, "cannot write the certificate %s: %s\n", path, strerror(errno));
		err = TP_ERR_IO;
	}
	mem_free(temporary);
	return err;
}

static int make_file(const char *path, const char *domain, struct buf *error)
{
	struct identity_files files = {0};
	BIO *bio = BIO_new(BIO_s_mem());
	char *pem = NULL;
	long length;
	int err;

	ERR_clear_error();
	if (make_certificate(&files, domain) &&
	    PEM_write_bio_PrivateKey(bio, files.key, NULL, NULL, 0, NULL, NULL) &&
	    PEM_write_bio_X509(bio, files.certificate)) {
		length = BIO_get_mem_data(bio, &pem);
		err = store_pem(path, pem, (size_t)length, error);
		OPENSSL_cleanse(pem, (size_t)length);
	} else {
		buf_printf(error, "cannot make a certificate for %s: %s\n", domain, crypto_reason());
		err = TP_ERR_INVALID;
	}
	BIO_free(bio);
	files_finish(&files);
	return err;
}

int certificate_load(SSL_CTX *context, const struct certificate_source *source, const struct log *log,
		     struct buf *error)
{
	bool own = !source->file || !*source->file;
	char *path = own ? mem_printf("%s/cert.pem", source->working_dir) : mem_strdup(source->file);
	struct identity_files files = {0};
	int err = 0;

	if (own && access(path, F_OK) != 0 && errno == ENOENT) {
		err = make_file(path, source->domain, error);
		if (err == 0)
			log_info(log, "made a self-signed certificate for %s; set service.cert to use another",
				 source->domain);
	}
	if (err == 0)
		err = read_identity(path, own ? "" : source->password, &files, error);
	if (err == 0)
		err = use_identity(context, &files, path, error);
	if (err == 0)
		log_fingerprint(log, files.certificate, path);
	files_finish(&files);
	ERR_clear_error();
	mem_free(path);
	return err;
}
