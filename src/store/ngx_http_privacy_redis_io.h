/*
 * What the parts of a connection share: its life (ngx_http_privacy_redis.c),
 * login (..._login.c), traffic (..._io.c) and log (..._log.c).  Nobody else
 * includes this.
 */

#ifndef _NGX_HTTP_PRIVACY_REDIS_IO_H_INCLUDED_
#define _NGX_HTTP_PRIVACY_REDIS_IO_H_INCLUDED_


#include "ngx_http_privacy_redis.h"
#include "privacy_resp.h"


#define NGX_HTTP_PRIVACY_REDIS_REASON  512      /* bytes */
#define NGX_HTTP_PRIVACY_REDIS_TOLD    4


typedef enum {
    ngx_http_privacy_redis_is_down = 0,      /* the timer connects */
    ngx_http_privacy_redis_is_connecting,
    ngx_http_privacy_redis_is_securing,
    ngx_http_privacy_redis_is_login,
    ngx_http_privacy_redis_is_up
} ngx_http_privacy_redis_state_e;


/* A reason that was logged, not to be logged again soon */

typedef struct {
    uint32_t                           hash;
    ngx_uint_t                         used;
    ngx_uint_t                         outage;
    ngx_msec_t                         at;
} ngx_http_privacy_redis_told_t;


/* Of the worker, malloc'ed; what it points to is its own */

struct ngx_http_privacy_redis_s {
    ngx_http_privacy_redis_options_t   options;
    ngx_http_privacy_redis_state_e     state;
    ngx_connection_t                  *connection;   /* NULL when down */
    ngx_log_t                          log;          /* the connection's */

    ngx_event_t                        timer;
    ngx_event_t                        post;         /* flush, or loss */

    redisReader                       *reader;
    privacy_resp_t                     guard;
    ngx_queue_t                        pending;      /* oldest first */
    ngx_msec_t                         due_since;    /* something pending */
    ngx_msec_t                         heard_at;     /* last bytes */

    struct {
        u_char                        *start;
        u_char                        *pos;
        u_char                        *last;
        u_char                        *end;
    } out;                                           /* not written yet */
    uint64_t                           written;      /* bytes before that */

    ngx_http_privacy_redis_command_t   login;
    ngx_uint_t                         auths;        /* its replies to AUTH */

    ngx_uint_t                         addr;         /* in the configuration's
                                                        addresses */
    ngx_uint_t                         tried;        /* of them, in a row */
    ngx_msec_t                         backoff;
    ngx_msec_t                         up_at;
    ngx_msec_t                         down_since;

    ngx_uint_t                         outages;      /* over so far */
    ngx_http_privacy_redis_told_t      told[NGX_HTTP_PRIVACY_REDIS_TOLD];

    /* why it is about to be lost */

    ngx_uint_t                         level;
    ngx_err_t                          err;
    u_char                             reason[NGX_HTTP_PRIVACY_REDIS_REASON];
    u_char                             said[NGX_HTTP_PRIVACY_REDIS_REASON];
                                                     /* by nginx, empty: not */

    unsigned                           blamed:1;     /* these are set */
    unsigned                           failing:1;    /* a loss is posted */
    unsigned                           blocked:1;    /* the socket is full */
    unsigned                           broken:1;     /* cannot be written */
    unsigned                           complained:1; /* of this outage */
};


/* Life */

/* Has the loss happen in an event of its own; callbacks may do this */

void ngx_http_privacy_redis_doom(ngx_http_privacy_redis_t *redis);

/*
 * Ends the connection and what waits for it.  Only from the top of an event,
 * never below a callback: the connection is gone when it returns.
 */

void ngx_http_privacy_redis_lost(ngx_http_privacy_redis_t *redis);


/* The login has succeeded */

void ngx_http_privacy_redis_up(ngx_http_privacy_redis_t *redis);


/* Log */

/* Makes the log that nginx's own code is given for this connection */

void ngx_http_privacy_redis_log(ngx_http_privacy_redis_t *redis);

/* What nginx had to log there, or else the other text */

const char *ngx_http_privacy_redis_said(ngx_http_privacy_redis_t *redis,
    const char *otherwise);

/*
 * Notes why the connection will be lost: where it was noted already the first
 * reason stays.  "err" is an errno or 0.
 */

void ngx_http_privacy_redis_blame(ngx_http_privacy_redis_t *redis,
    ngx_uint_t level, ngx_err_t err, const char *reason);

/* Logs that, unless it has been; and that the outage is over */

void ngx_http_privacy_redis_complain(ngx_http_privacy_redis_t *redis,
    ngx_uint_t was_up);
void ngx_http_privacy_redis_praise(ngx_http_privacy_redis_t *redis);


/* Login */

/* Begins it on a connection that stands, or loses that */

void ngx_http_privacy_redis_login(ngx_http_privacy_redis_t *redis);


/* Traffic */

/*
 * The connection stands: starts reading, and sends the login.  NGX_ERROR with
 * the reason noted.
 */

ngx_int_t ngx_http_privacy_redis_open(ngx_http_privacy_redis_t *redis,
    ngx_http_privacy_redis_command_t *login, u_char *data, size_t len);

/* Writes what there is to write; a failure is dealt with in its own event */

void ngx_http_privacy_redis_flush(ngx_http_privacy_redis_t *redis);

/* Forgets what was not read and not written */

void ngx_http_privacy_redis_drop(ngx_http_privacy_redis_t *redis);


#endif /* _NGX_HTTP_PRIVACY_REDIS_IO_H_INCLUDED_ */
