
/*
 * The arguments of "privacy_redis": an address, then parameters in any order.
 */

#include "ngx_http_privacy_redis.h"
#include "ngx_http_privacy_redis_tls.h"


#define NGX_HTTP_PRIVACY_REDIS_DB_MAX        16383
#define NGX_HTTP_PRIVACY_REDIS_USER_MAX      256      /* bytes */
#define NGX_HTTP_PRIVACY_REDIS_PASSWORD_MAX  512      /* bytes */


typedef enum {
    ngx_http_privacy_redis_db = 0,
    ngx_http_privacy_redis_user,
    ngx_http_privacy_redis_password_file,
    ngx_http_privacy_redis_tls,
    ngx_http_privacy_redis_tls_ca,
    ngx_http_privacy_redis_tls_cert,
    ngx_http_privacy_redis_tls_key,
    ngx_http_privacy_redis_tls_name,
    ngx_http_privacy_redis_params
} ngx_http_privacy_redis_param_e;


/* By the numbers above; the value follows a "=" */

static ngx_str_t  ngx_http_privacy_redis_param_names[] = {
    ngx_string("db="),
    ngx_string("user="),
    ngx_string("password_file="),
    ngx_string("tls"),
    ngx_string("tls_ca="),
    ngx_string("tls_cert="),
    ngx_string("tls_key="),
    ngx_string("tls_name=")
};


static ngx_int_t ngx_http_privacy_redis_conf_address(ngx_conf_t *cf,
    ngx_http_privacy_redis_conf_t *conf);
static ngx_int_t ngx_http_privacy_redis_conf_name(ngx_pool_t *pool,
    ngx_str_t *host, ngx_http_privacy_redis_conf_t *conf);
static ngx_int_t ngx_http_privacy_redis_conf_unix(ngx_conf_t *cf,
    ngx_str_t *url);
static ngx_int_t ngx_http_privacy_redis_conf_param(ngx_conf_t *cf,
    ngx_str_t *arg, ngx_str_t *params);
static ngx_int_t ngx_http_privacy_redis_conf_login(ngx_conf_t *cf,
    ngx_http_privacy_redis_conf_t *conf, ngx_str_t *params);
static ngx_int_t ngx_http_privacy_redis_conf_password(ngx_conf_t *cf,
    ngx_str_t *file, ngx_str_t *password);
static ssize_t ngx_http_privacy_redis_conf_read(ngx_str_t *file, u_char *buf,
    size_t size, char **err);
static char *ngx_http_privacy_redis_conf_check(ngx_fd_t fd);
static char *ngx_http_privacy_redis_conf_line(ngx_pool_t *pool, u_char *buf,
    size_t len, ngx_str_t *password);
static ngx_int_t ngx_http_privacy_redis_conf_tls(ngx_conf_t *cf,
    ngx_http_privacy_redis_conf_t *conf, ngx_str_t *params);
#if (NGX_SSL)
static ngx_int_t ngx_http_privacy_redis_conf_ssl(ngx_conf_t *cf,
    ngx_http_privacy_redis_conf_t *conf, ngx_str_t *params);
#endif


ngx_http_privacy_redis_conf_t *
ngx_http_privacy_redis_conf(ngx_conf_t *cf)
{
    ngx_str_t                      *value;
    ngx_str_t                       params[ngx_http_privacy_redis_params];
    ngx_uint_t                      i;
    ngx_http_privacy_redis_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_privacy_redis_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    value = cf->args->elts;

    if (cf->args->nelts < 2) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "no address in \"%V\" directive", &value[0]);
        return NULL;
    }

    ngx_memzero(params, sizeof(params));

    for (i = 2; i < cf->args->nelts; i++) {
        if (ngx_http_privacy_redis_conf_param(cf, &value[i], params)
            != NGX_OK)
        {
            return NULL;
        }
    }

    if (ngx_http_privacy_redis_conf_address(cf, conf) != NGX_OK
        || ngx_http_privacy_redis_conf_login(cf, conf, params) != NGX_OK
        || ngx_http_privacy_redis_conf_tls(cf, conf, params) != NGX_OK)
    {
        return NULL;
    }

    return conf;
}


static ngx_int_t
ngx_http_privacy_redis_conf_param(ngx_conf_t *cf, ngx_str_t *arg,
    ngx_str_t *params)
{
    ngx_str_t   *value, *name;
    ngx_uint_t   i;

    value = cf->args->elts;

    for (i = 0; i < ngx_http_privacy_redis_params; i++) {

        name = &ngx_http_privacy_redis_param_names[i];

        if (name->data[name->len - 1] == '=') {

            if (arg->len < name->len
                || ngx_strncmp(arg->data, name->data, name->len) != 0)
            {
                continue;
            }

        } else if (arg->len != name->len
                   || ngx_strncmp(arg->data, name->data, name->len) != 0)
        {
            continue;
        }

        if (params[i].data) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "duplicate parameter \"%V\" in \"%V\" "
                               "directive", arg, &value[0]);
            return NGX_ERROR;
        }

        params[i].data = arg->data + name->len;
        params[i].len = arg->len - name->len;

        if (params[i].len == 0 && i != ngx_http_privacy_redis_tls) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "empty parameter \"%V\" in \"%V\" directive",
                               arg, &value[0]);
            return NGX_ERROR;
        }

        return NGX_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "unknown parameter \"%V\" in \"%V\" directive",
                       arg, &value[0]);
    return NGX_ERROR;
}


static ngx_int_t
ngx_http_privacy_redis_conf_address(ngx_conf_t *cf,
    ngx_http_privacy_redis_conf_t *conf)
{
    ngx_url_t   u;
    ngx_str_t  *value;

    value = cf->args->elts;

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url = value[1];

    if (ngx_http_privacy_redis_conf_unix(cf, &u.url) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_parse_url(cf->pool, &u) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "%s in address \"%V\" in \"%V\" directive",
                           u.err ? u.err : "no memory", &value[1], &value[0]);
        return NGX_ERROR;
    }

    if (u.no_port) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "no port in address \"%V\" in \"%V\" directive, "
                           "write \"%V:6379\"",
                           &value[1], &value[0], &value[1]);
        return NGX_ERROR;
    }

    conf->name = value[1];
    conf->addrs = u.addrs;
    conf->naddrs = u.naddrs;

    return (u.family == AF_UNIX)
           ? NGX_OK : ngx_http_privacy_redis_conf_name(cf->pool, &u.host, conf);
}


/* The name that TLS verifies, unless another is given; OpenSSL wants a NUL */

static ngx_int_t
ngx_http_privacy_redis_conf_name(ngx_pool_t *pool, ngx_str_t *host,
    ngx_http_privacy_redis_conf_t *conf)
{
    u_char  *p;
    size_t   len;

    p = host->data;
    len = host->len;

    if (p[0] == '[') {
        p++;
        len -= 2;
    }

    conf->tls_name.data = ngx_pnalloc(pool, len + 1);
    if (conf->tls_name.data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_cpystrn(conf->tls_name.data, p, len + 1);
    conf->tls_name.len = len;

    return NGX_OK;
}


/* Workers' current directory is nobody's idea of where a socket is */

static ngx_int_t
ngx_http_privacy_redis_conf_unix(ngx_conf_t *cf, ngx_str_t *url)
{
    u_char     *p;
    ngx_str_t   path;

    if (url->len <= 5
        || ngx_strncasecmp(url->data, (u_char *) "unix:", 5) != 0
        || url->data[5] == '/')
    {
        return NGX_OK;
    }

    path.data = url->data + 5;
    path.len = url->len - 5;

    if (ngx_conf_full_name(cf->cycle, &path, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    p = ngx_pnalloc(cf->pool, path.len + 6);
    if (p == NULL) {
        return NGX_ERROR;
    }

    url->len = ngx_sprintf(p, "unix:%V%Z", &path) - p - 1;
    url->data = p;

    return NGX_OK;
}


static ngx_int_t
ngx_http_privacy_redis_conf_login(ngx_conf_t *cf,
    ngx_http_privacy_redis_conf_t *conf, ngx_str_t *params)
{
    ngx_int_t   db;
    ngx_str_t  *value;

    value = cf->args->elts;

    if (params[ngx_http_privacy_redis_db].data) {
        db = ngx_atoi(params[ngx_http_privacy_redis_db].data,
                      params[ngx_http_privacy_redis_db].len);

        if (db == NGX_ERROR || db > NGX_HTTP_PRIVACY_REDIS_DB_MAX) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"db=%V\" in \"%V\" "
                               "directive, it must be from 0 to %d",
                               &params[ngx_http_privacy_redis_db], &value[0],
                               NGX_HTTP_PRIVACY_REDIS_DB_MAX);
            return NGX_ERROR;
        }

        conf->db = db;
    }

    conf->user = params[ngx_http_privacy_redis_user];

    if (conf->user.len > NGX_HTTP_PRIVACY_REDIS_USER_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "parameter \"user\" is longer than %d bytes in "
                           "\"%V\" directive",
                           NGX_HTTP_PRIVACY_REDIS_USER_MAX, &value[0]);
        return NGX_ERROR;
    }

    if (params[ngx_http_privacy_redis_password_file].data) {
        return ngx_http_privacy_redis_conf_password(cf,
                               &params[ngx_http_privacy_redis_password_file],
                               &conf->password);
    }

    if (conf->user.len) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"user\" without \"password_file\" in \"%V\" "
                           "directive", &value[0]);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* The first line of the file, which must be nobody else's to read or write */

static ngx_int_t
ngx_http_privacy_redis_conf_password(ngx_conf_t *cf, ngx_str_t *file,
    ngx_str_t *password)
{
    char       *err;
    u_char      buf[NGX_HTTP_PRIVACY_REDIS_PASSWORD_MAX + 3];
    ssize_t     n;
    ngx_err_t   code;
    ngx_str_t  *value;

    value = cf->args->elts;

    if (ngx_conf_full_name(cf->cycle, file, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_set_errno(0);

    n = ngx_http_privacy_redis_conf_read(file, buf, sizeof(buf), &err);

    code = ngx_errno;

    if (n != NGX_ERROR) {
        code = 0;
        err = ngx_http_privacy_redis_conf_line(cf->pool, buf, n, password);
    }

    ngx_explicit_memzero(buf, sizeof(buf));

    if (err) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, code,
                           "password file \"%V\" %s, in \"%V\" directive",
                           file, err, &value[0]);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* How many bytes were read, or NGX_ERROR with the reason and perhaps errno */

static ssize_t
ngx_http_privacy_redis_conf_read(ngx_str_t *file, u_char *buf, size_t size,
    char **err)
{
    ssize_t    n;
    ngx_fd_t   fd;
    ngx_err_t  code;

    /* not to wait for the writer of a pipe */

    fd = ngx_open_file(file->data, NGX_FILE_RDONLY|NGX_FILE_NONBLOCK,
                       NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        *err = "cannot be opened";
        return NGX_ERROR;
    }

    n = NGX_ERROR;
    *err = ngx_http_privacy_redis_conf_check(fd);

    if (*err == NULL) {
        n = ngx_read_fd(fd, buf, size);

        if (n == -1) {
            *err = "cannot be read";
        }
    }

    code = ngx_errno;

    (void) ngx_close_file(fd);

    ngx_set_errno(code);

    return n;
}


static char *
ngx_http_privacy_redis_conf_line(ngx_pool_t *pool, u_char *buf, size_t len,
    ngx_str_t *password)
{
    u_char  *end;

    end = ngx_strlchr(buf, buf + len, LF);

    if (end) {
        len = end - buf;
    }

    if (len && buf[len - 1] == CR) {
        len--;
    }

    if (len == 0) {
        return "is empty, write the password into its first line";
    }

    if (len > NGX_HTTP_PRIVACY_REDIS_PASSWORD_MAX) {
        return "has a first line of more than 512 bytes";
    }

    password->data = ngx_pnalloc(pool, len);
    if (password->data == NULL) {
        return "does not fit into memory";
    }

    ngx_memcpy(password->data, buf, len);
    password->len = len;

    return NULL;
}


/*
 * A group may read it: a file of root's that the server's group reads is
 * usual practice.
 */

static char *
ngx_http_privacy_redis_conf_check(ngx_fd_t fd)
{
    ngx_file_info_t  fi;

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR) {
        return "cannot be examined";
    }

    if (!ngx_is_file(&fi)) {
        return "is not a regular file";
    }

    if (ngx_file_access(&fi) & S_IROTH) {
        return "is readable by everybody, run chmod 600";
    }

    if (ngx_file_access(&fi) & S_IWOTH) {
        return "is writable by everybody, run chmod 600";
    }

    return NULL;
}


static ngx_int_t
ngx_http_privacy_redis_conf_tls(ngx_conf_t *cf,
    ngx_http_privacy_redis_conf_t *conf, ngx_str_t *params)
{
    ngx_str_t   *value, *name;
    ngx_uint_t   i;

    value = cf->args->elts;

    if (params[ngx_http_privacy_redis_tls].data) {

#if (NGX_SSL)

        return ngx_http_privacy_redis_conf_ssl(cf, conf, params);

#else

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"tls\" in \"%V\" directive needs an nginx that "
                           "is built with TLS", &value[0]);
        return NGX_ERROR;

#endif
    }

    for (i = ngx_http_privacy_redis_tls_ca;
         i <= ngx_http_privacy_redis_tls_name;
         i++)
    {
        if (params[i].data) {
            name = &ngx_http_privacy_redis_param_names[i];

            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%*s\" without \"tls\" in \"%V\" directive",
                               name->len - 1, name->data, &value[0]);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


#if (NGX_SSL)

static ngx_int_t
ngx_http_privacy_redis_conf_ssl(ngx_conf_t *cf,
    ngx_http_privacy_redis_conf_t *conf, ngx_str_t *params)
{
    ngx_str_t                     *value;
    ngx_http_privacy_redis_tls_t   files;

    value = cf->args->elts;

    files.ca = params[ngx_http_privacy_redis_tls_ca];
    files.certificate = params[ngx_http_privacy_redis_tls_cert];
    files.key = params[ngx_http_privacy_redis_tls_key];

    if ((files.certificate.len == 0) != (files.key.len == 0)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"tls_cert\" and \"tls_key\" need each other in "
                           "\"%V\" directive", &value[0]);
        return NGX_ERROR;
    }

    if (params[ngx_http_privacy_redis_tls_name].data) {
        conf->tls_name = params[ngx_http_privacy_redis_tls_name];
    }

    if (conf->tls_name.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"tls\" over a unix socket needs \"tls_name\", the "
                           "name in the server's certificate, in \"%V\" "
                           "directive", &value[0]);
        return NGX_ERROR;
    }

    conf->ssl = ngx_http_privacy_redis_tls_create(cf, &files);

    return conf->ssl ? NGX_OK : NGX_ERROR;
}

#endif
