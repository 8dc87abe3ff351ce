
/*
 * One connection to Redis on nginx's event loop: hiredis' reader and
 * formatter, nginx's sockets, TLS and timers.  Nothing blocks but the name
 * look-up of the configuration.
 */

#ifndef _NGX_HTTP_PRIVACY_REDIS_H_INCLUDED_
#define _NGX_HTTP_PRIVACY_REDIS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_event_connect.h>
#include <hiredis/hiredis.h>


/* Where Redis is and who we are to it: of the cycle, read-only after parsing */

typedef struct {
    ngx_str_t                        name;       /* as configured, for logs */
    ngx_addr_t                      *addrs;
    ngx_uint_t                       naddrs;     /* tried in turn */
    ngx_str_t                        user;       /* empty: none */
    ngx_str_t                        password;
    ngx_uint_t                       db;
    ngx_str_t                        tls_name;   /* SNI and verified name */
    ngx_ssl_t                       *ssl;        /* NULL: no TLS */
} ngx_http_privacy_redis_conf_t;


typedef struct ngx_http_privacy_redis_s  ngx_http_privacy_redis_t;
typedef struct ngx_http_privacy_redis_command_s
    ngx_http_privacy_redis_command_t;


/*
 * Called once for each reply awaited, "index" counting from 0, or once with a
 * NULL reply if the connection was lost before all of them came (index: how
 * many had come).  The reply is the connection's and freed on return.  After
 * the last call the command is its owner's again and may be sent anew or
 * freed, also from within the call.  Callbacks may send, but not destroy.
 */

typedef void (*ngx_http_privacy_redis_reply_pt)(
    ngx_http_privacy_redis_command_t *command, ngx_uint_t index,
    redisReply *reply);


/*
 * A pipeline of commands under way.  The caller's memory; it must stay until
 * the last reply or the loss, also if nobody waits for the answer any more.
 */

struct ngx_http_privacy_redis_command_s {
    ngx_queue_t                      queue;      /* the connection's */
    uint64_t                         start;      /* its own too: bytes sent
                                                    before it */
    ngx_http_privacy_redis_reply_pt  handler;
    void                            *data;
    ngx_uint_t                       replies;    /* awaited */
    ngx_uint_t                       received;
};


typedef struct {
    ngx_http_privacy_redis_conf_t   *conf;
    ngx_msec_t                       timeout;    /* of connecting (with TLS
                                                    and login), and of silence
                                                    while replies are due */
    ngx_log_t                       *log;        /* the cycle's */
    const char                      *what;       /* "lookup": for logs */
    void                            *data;

    /*
     * Connected, logged in, database selected: commands may be sent.  Called
     * from the event loop, never from within connect().
     */
    void                           (*up)(ngx_http_privacy_redis_t *redis);

    /*
     * The connection was up and is lost; the pending commands have been told.
     * It reconnects by itself.
     */
    void                           (*down)(ngx_http_privacy_redis_t *redis);

    /*
     * A reply that no command awaits (a message of a subscription), freed on
     * return; NGX_OK, or NGX_ERROR to have the connection closed.  NULL: such
     * a reply is an error of the peer, and the connection is closed.
     */
    ngx_int_t                      (*push)(ngx_http_privacy_redis_t *redis,
                                        redisReply *reply);
} ngx_http_privacy_redis_options_t;


/*
 * Parses the arguments of "privacy_redis" and the like (cf->args, the address
 * first: "host:port", "[v6]:port", "unix:PATH"; then db=N user=NAME
 * password_file=PATH tls tls_ca= tls_cert= tls_key= tls_name=) into a
 * structure of the cycle's pool.  NULL, with the error logged against the
 * line, if anything is wrong with them.
 */

ngx_http_privacy_redis_conf_t *ngx_http_privacy_redis_conf(ngx_conf_t *cf);


/*
 * Creates a connection in its worker (malloc'ed; NULL on failure) and starts
 * connecting.  Lost or refused, it tries again by itself: the first time at
 * once after a connection that had been up for a second, then after 10 to
 * 250 ms, doubling, with jitter.
 */

ngx_http_privacy_redis_t *ngx_http_privacy_redis_create(
    ngx_http_privacy_redis_options_t *options);

/*
 * Closes and frees; pending commands are told NULL first.  Not from within a
 * callback of this connection.
 */

void ngx_http_privacy_redis_destroy(ngx_http_privacy_redis_t *redis);

/* The options that it was created with: a copy of its own */

ngx_http_privacy_redis_options_t *ngx_http_privacy_redis_options(
    ngx_http_privacy_redis_t *redis);

/* 1 if up: logged in and not lost */

ngx_uint_t ngx_http_privacy_redis_ready(ngx_http_privacy_redis_t *redis);

/*
 * Since when it has been down without a break (ngx_current_msec; creation
 * counts); meaningful while it is not ready.
 */

ngx_msec_t ngx_http_privacy_redis_down_since(ngx_http_privacy_redis_t *redis);

/*
 * Sends "len" bytes of ready-made commands that will have command->replies
 * replies; command's handler, data and replies are set by the caller.  The
 * bytes are copied and leave at the end of this turn of the event loop,
 * together with what others send meanwhile.  With replies 0 the command may
 * be NULL: a reply will then be taken for a push.
 * NGX_OK; NGX_DECLINED if not ready; NGX_ERROR without memory, or with 16 MiB
 * waiting to be sent: nothing was sent then and no callback will come.
 */

ngx_int_t ngx_http_privacy_redis_send(ngx_http_privacy_redis_t *redis,
    ngx_http_privacy_redis_command_t *command, u_char *data, size_t len);

/*
 * Gives the connection up as if the peer had closed it: pending commands are
 * told NULL, down() is called, it reconnects.  Safe anywhere: what it does is
 * done from an event of its own, and until then it is not ready.  Does nothing
 * while it is not up.  The reason is copied.
 */

void ngx_http_privacy_redis_fail(ngx_http_privacy_redis_t *redis,
    const char *reason);


#endif /* _NGX_HTTP_PRIVACY_REDIS_H_INCLUDED_ */
