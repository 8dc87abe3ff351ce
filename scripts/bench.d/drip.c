
/*
 * Cameras: endless answers on a unix socket, a piece of BYTES every INTERVAL
 * ms on each connection, their turns spread over the interval.  What asks for
 * an upgrade gets it.
 *
 *   drip SOCKET BYTES INTERVAL
 */

#include "bench.h"


#define TICK  10        /* ms */


typedef struct conn_s  conn_t;

struct conn_s {
    conn_t   *next, **link;     /* of its turn */
    int       fd;
    int       talks;
    size_t    len;
    char      buf[8192];
};


static conn_t   **turns;
static int        nturns, turn;
static char      *piece;
static size_t     bytes;

static const char  stream[] = "HTTP/1.1 200 OK\r\n"
                              "Content-Type: video/mp2t\r\n"
                              "Connection: close\r\n\r\n";
static const char  upgrade[] = "HTTP/1.1 101 Switching Protocols\r\n"
                               "Upgrade: websocket\r\n"
                               "Connection: Upgrade\r\n\r\n";


static void
leave(conn_t *c)
{
    if (c->talks) {
        *c->link = c->next;
        if (c->next) {
            c->next->link = c->link;
        }
    }

    close(c->fd);
    free(c);
}


static void
serve(conn_t *c)
{
    int      t;
    ssize_t  n;

    n = read(c->fd, c->buf + c->len, sizeof(c->buf) - 1 - c->len);

    if (n <= 0) {
        if (n == 0 || errno != EAGAIN) {
            leave(c);
        }

        return;
    }

    if (c->talks) {
        return;
    }

    c->len += n;
    c->buf[c->len] = '\0';

    if (strstr(c->buf, "\r\n\r\n") == NULL) {
        return;
    }

    if (strcasestr(c->buf, "\r\nupgrade:")) {
        write_all(c->fd, upgrade, sizeof(upgrade) - 1);
    } else {
        write_all(c->fd, stream, sizeof(stream) - 1);
    }

    write_all(c->fd, piece, bytes);

    c->len = 0;
    c->talks = 1;

    t = turn++ % nturns;
    c->next = turns[t];
    c->link = &turns[t];
    if (c->next) {
        c->next->link = &c->next;
    }
    turns[t] = c;
}


/* A reader that is behind misses pieces; the end of one is seen by epoll */

static void
drip(int t)
{
    conn_t   *c;
    ssize_t   n;

    for (c = turns[t]; c; c = c->next) {
        n = write(c->fd, piece, bytes);
        (void) n;
    }
}


int
main(int argc, char **argv)
{
    int                  i, n, t, ep, fd, listener;
    conn_t              *c;
    int64_t              next, now;
    struct epoll_event   events[256];

    if (argc != 4) {
        fprintf(stderr, "usage: drip SOCKET BYTES INTERVAL\n");
        return 2;
    }

    bytes = strtoul(argv[2], NULL, 10);
    nturns = atoi(argv[3]) / TICK;
    turns = calloc(nturns, sizeof(conn_t *));
    piece = malloc(bytes);
    memset(piece, 'v', bytes);

    raise_limit();
    signal(SIGPIPE, SIG_IGN);

    listener = listen_unix(argv[1]);
    ep = epoll_create1(EPOLL_CLOEXEC);
    watch(ep, listener, EPOLLIN, NULL);

    t = 0;
    next = now_ns() + TICK * 1000000;

    for ( ;; ) {
        now = now_ns();

        while (now >= next) {
            drip(t++ % nturns);
            next += TICK * 1000000;
        }

        n = epoll_wait(ep, events, 256, (next - now) / 1000000 + 1);

        for (i = 0; i < n; i++) {
            c = events[i].data.ptr;

            if (c) {
                serve(c);
                continue;
            }

            while ((fd = accept4(listener, NULL, NULL,
                                 SOCK_NONBLOCK | SOCK_CLOEXEC)) != -1)
            {
                c = calloc(1, sizeof(conn_t));
                c->fd = fd;
                watch(ep, fd, EPOLLIN, c);
            }
        }
    }
}
