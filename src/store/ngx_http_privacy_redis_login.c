
/*
 * The login: one pipeline, whose last reply says whether Redis may be asked.
 */

#include "ngx_http_privacy_redis_io.h"


/* 1 if the text of a reply begins so */

#define ngx_http_privacy_redis_begins(reply, text)                           \
    ((reply)->len >= sizeof(text) - 1                                        \
     && ngx_memcmp((reply)->str, text, sizeof(text) - 1) == 0)


static void ngx_http_privacy_redis_login_reply(
    ngx_http_privacy_redis_command_t *command, ngx_uint_t index,
    redisReply *reply);
static void ngx_http_privacy_redis_refused(ngx_http_privacy_redis_t *redis,
    ngx_uint_t index, redisReply *reply);
static ngx_uint_t ngx_http_privacy_redis_one_of(redisReply *reply,
    ngx_str_t *texts);


/* What passes by itself; all else is for the operator to put right */

static ngx_str_t  ngx_http_privacy_redis_passing[] = {
    ngx_string("LOADING "),
    ngx_string("MASTERDOWN "),
    ngx_string("BUSY "),
    ngx_string("ERR max number of clients"),
    ngx_null_string
};


/* What is said to who may not even connect */

static ngx_str_t  ngx_http_privacy_redis_greeting[] = {
    ngx_string("DENIED "),
    ngx_string("ERR max number of clients"),
    ngx_null_string
};


/*
 * Answers to AUTH that are fit for the log.  A peer that does not know AUTH
 * may answer with what it was sent.
 */

static ngx_str_t  ngx_http_privacy_redis_known[] = {
    ngx_string("WRONGPASS "),
    ngx_string("NOAUTH "),
    ngx_string("NOPERM "),
    ngx_string("DENIED "),
    ngx_string("LOADING "),
    ngx_string("MASTERDOWN "),
    ngx_string("BUSY "),
    ngx_string("ERR max number of clients"),
    ngx_string("ERR invalid password"),
    ngx_string("ERR AUTH "),
    ngx_string("ERR Client sent AUTH, but no password is set"),
    ngx_string("ERR wrong number of arguments"),
    ngx_null_string
};


void
ngx_http_privacy_redis_login(ngx_http_privacy_redis_t *redis)
{
    u_char                         *p, db[NGX_INT_T_LEN];
    u_char                          buf[2048], name[64];
    size_t                          len;
    ngx_http_privacy_redis_conf_t  *conf;

    conf = redis->options.conf;

    p = buf;
    redis->login.handler = ngx_http_privacy_redis_login_reply;
    redis->login.data = redis;
    redis->login.replies = 2;
    redis->auths = 0;

    /* a user of 256 bytes and a password of 512 are the longest */

    if (conf->password.len) {

        if (conf->user.len) {
            p = ngx_sprintf(p, "*3\r\n$4\r\nAUTH\r\n$%uz\r\n%V\r\n",
                            conf->user.len, &conf->user);

        } else {
            p = ngx_sprintf(p, "*2\r\n$4\r\nAUTH\r\n");
        }

        p = ngx_sprintf(p, "$%uz\r\n%V\r\n",
                        conf->password.len, &conf->password);

        redis->login.replies++;
        redis->auths = 1;
    }

    if (conf->db) {
        len = ngx_sprintf(db, "%ui", conf->db) - db;
        p = ngx_sprintf(p, "*2\r\n$6\r\nSELECT\r\n$%uz\r\n%*s\r\n",
                        len, len, db);
        redis->login.replies++;
    }

    len = ngx_snprintf(name, sizeof(name), "nginx-privacy-%s-%P",
                       redis->options.what, ngx_pid)
          - name;

    p = ngx_sprintf(p, "*3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$%uz\r\n%*s\r\n"
                    "*1\r\n$4\r\nPING\r\n",
                    len, len, name);

    redis->state = ngx_http_privacy_redis_is_login;

    if (ngx_http_privacy_redis_open(redis, &redis->login, buf, p - buf)
        != NGX_OK)
    {
        ngx_http_privacy_redis_lost(redis);
    }

    ngx_explicit_memzero(buf, p - buf);
}


static void
ngx_http_privacy_redis_login_reply(ngx_http_privacy_redis_command_t *command,
    ngx_uint_t index, redisReply *reply)
{
    ngx_http_privacy_redis_t  *redis;

    redis = command->data;

    if (reply == NULL || redis->failing) {
        return;
    }

    /*
     * The name is for CLIENT LIST only, do without if it may not be set; but
     * this may be the reply to the connection as such.
     */

    if (index + 2 == command->replies) {

        if (reply->type == REDIS_REPLY_ERROR
            && ngx_http_privacy_redis_one_of(reply,
                                             ngx_http_privacy_redis_greeting))
        {
            ngx_http_privacy_redis_refused(redis, index, reply);
        }

        return;
    }

    if (index + 1 < command->replies) {

        if (reply->type != REDIS_REPLY_STATUS) {
            ngx_http_privacy_redis_refused(redis, index, reply);
        }

        return;
    }

    /* MISCONF: it cannot save and takes no writes, but it can be read */

    if ((reply->type == REDIS_REPLY_STATUS
         && ngx_http_privacy_redis_begins(reply, "PONG"))
        || (reply->type == REDIS_REPLY_ERROR
            && ngx_http_privacy_redis_begins(reply, "MISCONF ")))
    {
        ngx_http_privacy_redis_up(redis);
        return;
    }

    ngx_http_privacy_redis_refused(redis, index, reply);
}


static void
ngx_http_privacy_redis_refused(ngx_http_privacy_redis_t *redis,
    ngx_uint_t index, redisReply *reply)
{
    u_char      *p, reason[NGX_HTTP_PRIVACY_REDIS_REASON];
    ngx_uint_t   level;

    level = NGX_LOG_ERR;

    if (reply->type != REDIS_REPLY_ERROR) {
        p = ngx_cpymem(reason, "unexpected reply to the login",
                       sizeof("unexpected reply to the login") - 1);

    } else if (index < redis->auths
               && !ngx_http_privacy_redis_one_of(reply,
                                               ngx_http_privacy_redis_known))
    {
        p = ngx_cpymem(reason, "login refused: unknown reply to AUTH",
                       sizeof("login refused: unknown reply to AUTH") - 1);

    } else {
        p = ngx_snprintf(reason, sizeof(reason) - 1,
                         "login refused: \"%*s\"",
                         ngx_min((size_t) reply->len, 160), reply->str);

        if (ngx_http_privacy_redis_one_of(reply,
                                          ngx_http_privacy_redis_passing))
        {
            level = NGX_LOG_WARN;
        }
    }

    *p = '\0';

    ngx_http_privacy_redis_blame(redis, level, 0, (char *) reason);
    ngx_http_privacy_redis_doom(redis);
}


static ngx_uint_t
ngx_http_privacy_redis_one_of(redisReply *reply, ngx_str_t *texts)
{
    for ( /* void */ ; texts->len; texts++) {
        if ((size_t) reply->len >= texts->len
            && ngx_memcmp(reply->str, texts->data, texts->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}
