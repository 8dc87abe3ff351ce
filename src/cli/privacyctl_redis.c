/*
 * privacyctl: a blocking connection to Redis.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "privacyctl.h"

#if defined(__has_include) && HIREDIS_MAJOR >= 1
#if __has_include(<hiredis/hiredis_ssl.h>)
#define CTL_TLS  1
#include <hiredis/hiredis_ssl.h>
#include <openssl/ssl.h>
#include <openssl/err.h>
#endif
#endif


#define CTL_PASSWORD  1024


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


#if CTL_TLS

/*
 * hiredis does not compare the certificate's name: the session is OpenSSL's,
 * with the name set.
 */

static int
ctl_tls(redisContext *c, const ctl_redis_t *redis, const char *host)
{
    int          ok;
    SSL         *ssl;
    SSL_CTX     *ctx;
    const char  *name;

    name = redis->tls_name ? redis->tls_name : host;
    ctx = SSL_CTX_new(TLS_client_method());

    if (ctx == NULL) {
        ctl_error("TLS: no memory");
        return -1;
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

    ssl = (ok == 1) ? SSL_new(ctx) : NULL;
    SSL_CTX_free(ctx);                 /* the session holds it */

    if (ssl == NULL) {
        ctl_error("TLS: %s", ERR_reason_error_string(ERR_peek_last_error()));
        return -1;
    }

    /* an address is compared as an address */

    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) != 1) {
        (void) SSL_set_tlsext_host_name(ssl, name);
        ok = SSL_set1_host(ssl, name);
    }

    if (ok != 1 || redisInitiateSSL(c, ssl) != REDIS_OK) {
        ctl_error("TLS: %s", c->err ? c->errstr : "no session");
        return -1;
    }

    return 0;
}

#else

static int
ctl_tls(redisContext *c, const ctl_redis_t *redis, const char *host)
{
    (void) c;
    (void) redis;
    (void) host;

    ctl_error("TLS needs hiredis 1.0 or later; this privacyctl was built with "
              "%d.%d.  A unix socket, or a tunnel (stunnel), does without",
              HIREDIS_MAJOR, HIREDIS_MINOR);

    return -1;
}

#endif


/* 0; -1 with the error printed */

static int
ctl_command(redisContext *c, int argc, const char **argv, const char *what)
{
    int          rc;
    redisReply  *reply;

    reply = redisCommandArgv(c, argc, argv, NULL);

    if (reply == NULL) {
        ctl_error("%s: %s", what, c->errstr);
        return -1;
    }

    rc = (reply->type == REDIS_REPLY_ERROR) ? -1 : 0;

    if (rc != 0) {
        ctl_error("%s: %s", what, reply->str);
    }

    freeReplyObject(reply);

    return rc;
}


static int
ctl_password(const char *path, char *password)
{
    FILE  *file;

    file = fopen(path, "r");

    if (file == NULL || fgets(password, CTL_PASSWORD, file) == NULL) {
        ctl_error("%s: %s", path, file ? "no password in it"
                                       : strerror(errno));

        if (file != NULL) {
            fclose(file);
        }

        return -1;
    }

    fclose(file);
    password[strcspn(password, "\r\n")] = '\0';

    return 0;
}


static int
ctl_login(redisContext *c, const ctl_redis_t *redis)
{
    int          n = 0, rc;
    char         password[CTL_PASSWORD] = "", db[16];
    const char  *argv[3];

    if (redis->password_file != NULL || redis->user_name != NULL) {

        if (redis->password_file != NULL
            && ctl_password(redis->password_file, password) != 0)
        {
            return -1;
        }

        argv[n++] = "AUTH";

        if (redis->user_name != NULL) {
            argv[n++] = redis->user_name;
        }

        argv[n++] = password;

        rc = ctl_command(c, n, argv, "login");
        memset(password, 0, sizeof(password));

        if (rc != 0) {
            return -1;
        }
    }

    if (redis->db != 0) {
        (void) snprintf(db, sizeof(db), "%d", redis->db);
        argv[0] = "SELECT";
        argv[1] = db;

        return ctl_command(c, 2, argv, "database");
    }

    return 0;
}


redisContext *
ctl_connect(const ctl_redis_t *redis)
{
    int             port = 0;
    char           *host = NULL;
    redisContext   *c;
    struct timeval  tv = ctl_timeval(redis->timeout);

    if (strncmp(redis->address, "unix:", 5) == 0) {
        c = redisConnectUnixWithTimeout(redis->address + 5, tv);

    } else if (ctl_address(redis->address, &host, &port) == 0) {
        c = redisConnectWithTimeout(host, port, tv);

    } else {
        ctl_error("not an address: %s", redis->address);
        return NULL;
    }

    if (c == NULL || c->err) {
        ctl_error("%s: %s", redis->address, c ? c->errstr : "no memory");

    } else if ((!redis->tls || ctl_tls(c, redis, host ? host : "localhost")
                == 0)
               && redisSetTimeout(c, tv) == REDIS_OK
               && ctl_login(c, redis) == 0)
    {
        free(host);
        return c;
    }

    free(host);

    if (c != NULL) {
        redisFree(c);
    }

    return NULL;
}
