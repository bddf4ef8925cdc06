/* Detached CMS signatures by OpenSSL 3: see sign.h. The library is opened when there is something to
 * sign, as in base/cipher.c. */
#include <openssl/pem.h>

#include <openssl/cms.h> /* declares more when it comes behind pem.h */

#include "disc/sign.h"

#include <limits.h>

#include "base/file.h"
#include "base/library.h"

#define LIBRARY  "libcrypto.so.3"
#define FILE_MAX ((size_t)1 << 20)
#define FLAGS    (CMS_DETACHED | CMS_BINARY | CMS_NOATTR | CMS_NOSMIMECAP)

/* --- the library ------------------------------------------------------------------------------ */

/* Typed after the library's own declarations. */
static struct {
	__typeof__(&BIO_new_mem_buf) bio_of;
	__typeof__(&BIO_new) bio_new;
	__typeof__(&BIO_s_mem) bio_mem;
	__typeof__(&BIO_ctrl) bio_ctrl;
	__typeof__(&BIO_free) bio_free;
	__typeof__(&PEM_read_bio_X509) read_certificate;
	__typeof__(&PEM_read_bio_PrivateKey) read_key;
	__typeof__(&PEM_write_bio_CMS) write_cms;
	__typeof__(&X509_check_private_key) check_key;
	__typeof__(&X509_free) certificate_free;
	__typeof__(&EVP_PKEY_free) key_free;
	__typeof__(&CMS_sign) sign;
	__typeof__(&CMS_add1_signer) add_signer;
	__typeof__(&CMS_SignerInfo_get0_signature) signature_of;
	__typeof__(&ASN1_STRING_set) set_string;
	__typeof__(&EVP_PKEY_get_size) key_size;
	__typeof__(&CMS_add1_cert) add_certificate;
	__typeof__(&CMS_final) final;
	__typeof__(&CMS_ContentInfo_free) cms_free;
	bool ready;
} ssl;

static bool open_library(void)
{
	static const struct tp_symbol all[] = {
		{ "BIO_new_mem_buf", &ssl.bio_of },
		{ "BIO_new", &ssl.bio_new },
		{ "BIO_s_mem", &ssl.bio_mem },
		{ "BIO_ctrl", &ssl.bio_ctrl },
		{ "BIO_free", &ssl.bio_free },
		{ "PEM_read_bio_X509", &ssl.read_certificate },
		{ "PEM_read_bio_PrivateKey", &ssl.read_key },
		{ "PEM_write_bio_CMS", &ssl.write_cms },
		{ "X509_check_private_key", &ssl.check_key },
		{ "X509_free", &ssl.certificate_free },
		{ "EVP_PKEY_free", &ssl.key_free },
		{ "CMS_sign", &ssl.sign },
		{ "CMS_add1_signer", &ssl.add_signer },
		{ "CMS_SignerInfo_get0_signature", &ssl.signature_of },
		{ "ASN1_STRING_set", &ssl.set_string },
		{ "EVP_PKEY_get_size", &ssl.key_size },
		{ "CMS_add1_cert", &ssl.add_certificate },
		{ "CMS_final", &ssl.final },
		{ "CMS_ContentInfo_free", &ssl.cms_free },
	};

	if (!ssl.ready)
		ssl.ready =
			!tp_library_open(LIBRARY, "signature", all, sizeof all / sizeof *all, NULL);
	return ssl.ready;
}

/* --- signing ---------------------------------------------------------------------------------- */

struct signer {
	BIO *certificates; /* behind the first, which is the signer's */
	X509 *certificate;
	EVP_PKEY *key;
};

/* A key that asks for a passphrase would wait for somebody at a terminal. */
static int no_passphrase(char *room, int size, int writing, void *context)
{
	return -1;
}

static enum tp_status read_signer(const char *certificate_file, const struct tp_buf *certificate,
	const char *key_file, const struct tp_buf *key, struct signer *signer, struct tp_error *err)
{
	BIO *bio = ssl.bio_of(key->data, (int)key->len);

	signer->certificates = ssl.bio_of(certificate->data, (int)certificate->len);
	if (!bio || !signer->certificates) {
		ssl.bio_free(bio);
		return tp_fail(err, TP_NOMEM, "signature: out of memory");
	}
	signer->key = ssl.read_key(bio, NULL, no_passphrase, NULL);
	ssl.bio_free(bio);
	signer->certificate = ssl.read_certificate(signer->certificates, NULL, NULL, NULL);
	if (!signer->certificate)
		return tp_fail(err, TP_CONFIG, "%s: no certificate in PEM", certificate_file);
	if (!signer->key)
		return tp_fail(err, TP_CONFIG, "%s: no key in PEM, or an encrypted one", key_file);
	if (ssl.check_key(signer->certificate, signer->key) != 1)
		return tp_fail(err, TP_CONFIG, "%s: not the key of the certificate in %s", key_file,
			certificate_file);
	return TP_OK;
}

/* The certificates between the signer's and its authority's. */
static void add_others(CMS_ContentInfo *cms, struct signer *signer)
{
	X509 *other;

	while ((other = ssl.read_certificate(signer->certificates, NULL, NULL, NULL))) {
		ssl.add_certificate(cms, other);
		ssl.certificate_free(other);
	}
}

static enum tp_status failed(struct tp_error *err)
{
	return tp_fail(err, TP_CONFIG, "signature: the key cannot sign; RSA and EC keys can");
}

static enum tp_status add_pem(CMS_ContentInfo *cms, struct tp_buf *out, struct tp_error *err)
{
	BIO *pem = ssl.bio_new(ssl.bio_mem());
	enum tp_status status = TP_OK;
	char *made = NULL;
	long len = 0;

	if (pem && ssl.write_cms(pem, cms))
		len = ssl.bio_ctrl(pem, BIO_CTRL_INFO, 0, &made);
	if (len > 0 && made)
		tp_buf_add(out, made, (size_t)len);
	else
		status = failed(err);
	ssl.bio_free(pem);
	return status ? status : tp_buf_status(out, "signature", err);
}

/* Line ends, which readers of PEM pass over, until it is as long as with the longest value that the key can
 * give: those of ECDSA differ by some bytes, and an image's sectors must be known before it is signed. */
static enum tp_status pad(CMS_ContentInfo *cms, CMS_SignerInfo *info, EVP_PKEY *key, size_t begin,
	struct tp_buf *out, struct tp_error *err)
{
	int size = ssl.key_size(key);
	unsigned char *value = size > 0 ? calloc(1, (size_t)size) : NULL;
	struct tp_buf longest = TP_BUF_INIT(out->max);
	enum tp_status status = TP_OK;

	if (!value || !ssl.set_string(ssl.signature_of(info), value, size))
		status = tp_fail(err, TP_NOMEM, "signature: out of memory");
	if (!status)
		status = add_pem(cms, &longest, err);
	while (!status && out->len - begin < longest.len && tp_buf_addc(out, '\n'))
		;
	free(value);
	tp_buf_release(&longest);
	return status ? status : tp_buf_status(out, "signature", err);
}

static enum tp_status sign(struct signer *signer, const void *bytes, size_t len, struct tp_buf *out,
	struct tp_error *err)
{
	BIO *content = ssl.bio_of(bytes, (int)len);
	CMS_ContentInfo *cms = ssl.sign(NULL, NULL, NULL, NULL, FLAGS | CMS_PARTIAL);
	CMS_SignerInfo *info = NULL;
	enum tp_status status = TP_OK;
	size_t begin = out->len;

	if (cms)
		info = ssl.add_signer(cms, signer->certificate, signer->key, NULL, FLAGS);
	if (info)
		add_others(cms, signer);
	if (!info || !content || !ssl.final(cms, content, NULL, FLAGS))
		status = failed(err);
	if (!status)
		status = add_pem(cms, out, err);
	if (!status)
		status = pad(cms, info, signer->key, begin, out, err);
	if (cms)
		ssl.cms_free(cms);
	ssl.bio_free(content);
	return status;
}

enum tp_status tp_sign_cms(const char *certificate_file, const char *key_file, const void *bytes,
	size_t len, struct tp_buf *out, struct tp_error *err)
{
	struct tp_buf certificate = TP_BUF_INIT(FILE_MAX), key = TP_BUF_INIT(FILE_MAX);
	struct signer signer = { NULL, NULL, NULL };
	enum tp_status status = tp_file_read(certificate_file, &certificate, err);

	if (!status)
		status = tp_file_read_secret(key_file, &key, err);
	if (!status && len > INT_MAX)
		status = tp_fail(err, TP_LIMIT, "signature: too much to sign");
	if (!status && !certificate.len)
		status = tp_fail(err, TP_CONFIG, "%s: no certificate in PEM", certificate_file);
	if (!status && !open_library())
		status = tp_fail(err, TP_UNAVAILABLE, "signature: cannot open " LIBRARY);
	if (!status)
		status = read_signer(certificate_file, &certificate, key_file, &key, &signer, err);
	if (!status)
		status = sign(&signer, bytes, len, out, err);
	if (ssl.ready) {
		ssl.bio_free(signer.certificates);
		ssl.certificate_free(signer.certificate);
		ssl.key_free(signer.key);
	}
	if (key.data)
		explicit_bzero(key.data, key.len);
	tp_buf_release(&certificate);
	tp_buf_release(&key);
	return status;
}
