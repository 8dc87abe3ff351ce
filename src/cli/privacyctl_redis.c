/*
 * privacyctl: a blocking connection to Redis.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "privacyctl.h"

#if defined(__has_include) && HIREDIS_MAJOR >= 1
#if __has_include(<hiredis/hiredis_ssl.h>)
#define CTL_TLS  1
#include <hiredis/hiredis_ssl.h>
#include <openssl/ssl.h>
#include <openssl/err.h>
#endif
#endif


static struct timeval
ctl_timeval(int ms)
{
    struct timeval  tv;

    tv.tv_sec = ms / 1000;
    tv.tv_usec = ms % 1000 * 1000;

    return tv;
}


/* Splits "HOST:PORT", "[IPV6]:PORT" or "HOST"; host is malloc'ed */

static int
ctl_address(const char *address, char **host, int *port)
{
    char        *end;
    long         n;
    size_t       len;
    const char  *colon, *start = address;

    *port = 6379;

    if (address[0] == '[') {
        start = address + 1;
        colon = strchr(start, ']');

        if (colon == NULL || (colon[1] != ':' && colon[1] != '\0')) {
            return -1;
        }

        len = colon - start;
        colon = (colon[1] == ':') ? colon + 1 : NULL;

    } else {
        colon = strrchr(address, ':');
        len = colon ? (size_t) (colon - address) : strlen(address);

        if (memchr(address, ':', len) != NULL) {
            return -1;
        }
    }

    if (colon != NULL) {
        n = strtol(colon + 1, &end, 10);

        if (end == colon + 1 || *end != '\0' || n < 1 || n > 65535) {
            return -1;
        }

        *port = n;
    }

    *host = len ? strndup(start, len) : NULL;

    return *host ? 0 : -1;
}


const char *
ctl_trouble(const redisContext *c, const ctl_redis_t *redis)
{
    static char  text[64];

    /* hiredis has no error of its own for a read that took too long */

    if (c->err == REDIS_ERR_IO && strcmp(c->errstr, strerror(EAGAIN)) == 0) {
        (void) snprintf(text, sizeof(text), "no answer in %d s",
                        redis->timeout / 1000);
        return text;
    }

    return c->errstr;
}


#if CTL_TLS

/* The certificates; CTL_USAGE with the error printed */

static int
ctl_tls_prepare(const ctl_redis_t *redis, SSL_CTX **tls)
{
    int          ok;
    size_t       i;
    SSL_CTX     *ctx;
    const char  *files[] = { redis->tls_ca, redis->tls_cert, redis->tls_key };

    /* OpenSSL's own words name no file */

    for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {

        if (files[i] != NULL && access(files[i], R_OK) != 0) {
            ctl_error("%s: %s", files[i], strerror(errno));
            return CTL_USAGE;
        }
    }

    ctx = SSL_CTX_new(TLS_client_method());

    if (ctx == NULL) {
        ctl_error("TLS: no memory");
        return CTL_USAGE;
    }

    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);

    ok = redis->tls_ca
         ? SSL_CTX_load_verify_locations(ctx, redis->tls_ca, NULL)
         : SSL_CTX_set_default_verify_paths(ctx);

    if (ok == 1 && redis->tls_cert) {
        ok = SSL_CTX_use_certificate_chain_file(ctx, redis->tls_cert) == 1
             && SSL_CTX_use_PrivateKey_file(ctx, redis->tls_key
                                            ? redis->tls_key
                                            : redis->tls_cert,
                                            SSL_FILETYPE_PEM)
                == 1;
    }

    if (ok != 1) {
        ctl_error("TLS: %s", ERR_reason_error_string(ERR_peek_last_error()));
        SSL_CTX_free(ctx);
        return CTL_USAGE;
    }

    *tls = ctx;

    return CTL_DONE;
}


/*
 * hiredis does not compare the certificate's name: the session is OpenSSL's,
 * with the name set.
 */

static int
ctl_tls_begin(redisContext *c, const ctl_redis_t *redis, const char *host,
    SSL_CTX *ctx)
{
    int          ok = 1;
    SSL         *ssl;
    const char  *name;

    name = redis->tls_name ? redis->tls_name : host ? host : "localhost";
    ssl = SSL_new(ctx);

    if (ssl == NULL) {
        ctl_error("TLS: no memory");
        return -1;
    }

    /* an address is compared as an address */

    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) != 1) {
        (void) SSL_set_tlsext_host_name(ssl, name);
        ok = SSL_set1_host(ssl, name);
    }

    if (ok != 1 || redisInitiateSSL(c, ssl) != REDIS_OK) {
        ctl_error("TLS: %s", c->err ? ctl_trouble(c, redis) : "no session");
        return -1;
    }

    return 0;
}

#else

typedef void  SSL_CTX;

#define SSL_CTX_free(ctx)


static int
ctl_tls_prepare(const ctl_redis_t *redis, SSL_CTX **tls)
{
    (void) redis;
    (void) tls;

    ctl_error("TLS needs hiredis 1.0 or later; this privacyctl was built with "
              "%d.%d.  A unix socket, or a tunnel (stunnel), does without",
              HIREDIS_MAJOR, HIREDIS_MINOR);

    return CTL_USAGE;
}


static int
ctl_tls_begin(redisContext *c, const ctl_redis_t *redis, const char *host,
    SSL_CTX *ctx)
{
    (void) c;
    (void) redis;
    (void) host;
    (void) ctx;

    return -1;
}

#endif


int
ctl_address_valid(const char *address)
{
    int    port;
    char  *host = NULL;

    if (strncmp(address, "unix:", 5) == 0) {
        return address[5] != '\0';
    }

    if (ctl_address(address, &host, &port) != 0) {
        return 0;
    }

    free(host);

    return 1;
}


/* 0; -1 with the error printed */

static int
ctl_command(redisContext *c, const ctl_redis_t *redis, int argc,
    const char **argv, const char *what)
{
    int          rc;
    redisReply  *reply;

    reply = redisCommandArgv(c, argc, argv, NULL);

    if (reply == NULL) {
        ctl_error("%s: %s", what, ctl_trouble(c, redis));
        return -1;
    }

    rc = (reply->type == REDIS_REPLY_ERROR) ? -1 : 0;

    if (rc != 0) {
        ctl_error("%s: %s", what, reply->str);
    }

    freeReplyObject(reply);

    return rc;
}


/* The file's first line */

static int
ctl_password(const char *path, char *password)
{
    int    c = 0;
    FILE  *file;

    errno = 0;
    file = fopen(path, "r");

    if (file == NULL || fgets(password, CTL_PASSWORD, file) == NULL) {
        ctl_error("%s: %s", path, errno ? strerror(errno)
                                        : "no password in it");

        if (file != NULL) {
            fclose(file);
        }

        return CTL_USAGE;
    }

    if (strpbrk(password, "\r\n") == NULL) {
        c = fgetc(file);
    }

    fclose(file);

    if (c > 0) {
        ctl_error("%s: its first line is too long for a password", path);
        return CTL_USAGE;
    }

    password[strcspn(password, "\r\n")] = '\0';

    if (password[0] == '\0') {
        ctl_error("%s: no password in it", path);
        return CTL_USAGE;
    }

    return CTL_DONE;
}


static int
ctl_login(redisContext *c, const ctl_redis_t *redis, const char *password)
{
    int          n = 0;
    char         db[16];
    const char  *argv[3];

    if (redis->password_file != NULL || redis->user_name != NULL) {
        argv[n++] = "AUTH";

        if (redis->user_name != NULL) {
            argv[n++] = redis->user_name;
        }

        argv[n++] = password;

        if (ctl_command(c, redis, n, argv, "login") != 0) {
            return -1;
        }
    }

    if (redis->db != 0) {
        (void) snprintf(db, sizeof(db), "%d", redis->db);
        argv[0] = "SELECT";
        argv[1] = db;

        return ctl_command(c, redis, 2, argv, "database");
    }

    return 0;
}


static int
ctl_connect_to(const ctl_redis_t *redis, const char *host, int port,
    SSL_CTX *tls, const char *password, redisContext **connected)
{
    redisContext    *c;
    struct timeval   tv = ctl_timeval(redis->timeout);

    c = host ? redisConnectWithTimeout(host, port, tv)
             : redisConnectUnixWithTimeout(redis->address + 5, tv);

    if (c == NULL || c->err) {
        ctl_error("%s: %s", redis->address, c ? c->errstr : "no memory");

    } else if (redisSetTimeout(c, tv) == REDIS_OK
               && (!redis->tls || ctl_tls_begin(c, redis, host, tls) == 0)
               && ctl_login(c, redis, password) == 0)
    {
        *connected = c;
        return CTL_DONE;
    }

    if (c != NULL) {
        redisFree(c);
    }

    return CTL_STORE;
}


int
ctl_connect(const ctl_redis_t *redis, redisContext **c)
{
    int       rc = CTL_DONE, port = 0;
    char     *host = NULL, password[CTL_PASSWORD] = "";
    SSL_CTX  *tls = NULL;

    /* first what needs no peer: a typo is no outage */

    if (strncmp(redis->address, "unix:", 5) != 0
        && ctl_address(redis->address, &host, &port) != 0)
    {
        ctl_error("not an address: %s", redis->address);
        return CTL_USAGE;
    }

    if (redis->password_file != NULL) {
        rc = ctl_password(redis->password_file, password);
    }

    if (rc == CTL_DONE && redis->tls) {
        rc = ctl_tls_prepare(redis, &tls);
    }

    if (rc == CTL_DONE) {
        rc = ctl_connect_to(redis, host, port, tls, password, c);
    }

    explicit_bzero(password, sizeof(password));
    SSL_CTX_free(tls);                 /* a session holds it, too */
    free(host);

    return rc;
}
