
/*
 * A lean HTTP/1.1 server on a unix socket, kept alive: the backend that
 * answers with SIZE bytes, or (SIZE 0) the service that auth_request asks.
 *
 *   service SOCKET SIZE
 *
 * As a service it takes the account from X-Original-URI and decides from a
 * table in its own memory: the best case, for it reads no store.
 */

#include "bench.h"


#define BUCKETS  1024


typedef struct {
    int      fd;
    size_t   len;
    char     buf[4096];
} conn_t;


static char    *answer, *table[BUCKETS];
static size_t   answer_len;

static const char  deny[] = "HTTP/1.1 403 Forbidden\r\n"
                            "Content-Length: 0\r\n\r\n";


static volatile sig_atomic_t  terminated;


static void
on_term(int signo)
{
    terminated = 1;
}


static uint32_t
hash(const char *p, size_t len)
{
    uint32_t  h;

    for (h = 2166136261u; len; len--) {
        h = (h ^ (unsigned char) *p++) * 16777619;
    }

    return h % BUCKETS;
}


static int
decide(const char *head)
{
    size_t       len;
    uint32_t     h;
    const char  *p;

    p = strcasestr(head, "\r\nx-original-uri: /accounts/");
    if (p == NULL) {
        return 0;
    }

    p += sizeof("\r\nx-original-uri: /accounts/") - 1;
    len = strcspn(p, "/ \r");

    for (h = hash(p, len); table[h]; h = (h + 1) % BUCKETS) {
        if (strlen(table[h]) == len && memcmp(table[h], p, len) == 0) {
            return 1;
        }
    }

    return 0;
}


static void
fill_table(void)
{
    int       i;
    char      name[16];
    uint32_t  h;

    for (i = 0; i < BUCKETS / 4; i++) {
        snprintf(name, sizeof(name), "a%07d", i);

        for (h = hash(name, strlen(name)); table[h]; h = (h + 1) % BUCKETS) {
            /* void */
        }

        table[h] = strdup(name);
    }
}


static void
serve(conn_t *c, int asked)
{
    char     *end;
    size_t    used;
    ssize_t   n;

    n = read(c->fd, c->buf + c->len, sizeof(c->buf) - 1 - c->len);

    if (n <= 0) {
        if (n == 0 || errno != EAGAIN) {
            close(c->fd);
            free(c);
        }

        return;
    }

    c->len += n;
    c->buf[c->len] = '\0';

    while ((end = strstr(c->buf, "\r\n\r\n"))) {
        end[2] = '\0';

        /* whoever has gone meanwhile is noticed at the next read */

        if (!asked || decide(c->buf)) {
            n = write(c->fd, answer, answer_len);
        } else {
            n = write(c->fd, deny, sizeof(deny) - 1);
        }

        used = end + 4 - c->buf;
        c->len -= used;
        memmove(c->buf, c->buf + used, c->len + 1);
    }
}


int
main(int argc, char **argv)
{
    int                  i, n, ep, fd, listener;
    size_t               size;
    conn_t              *c;
    struct epoll_event   events[256];

    if (argc != 3) {
        fprintf(stderr, "usage: service SOCKET SIZE\n");
        return 2;
    }

    size = strtoul(argv[2], NULL, 10);
    answer = malloc(size + 256);
    answer_len = sprintf(answer, "HTTP/1.1 200 OK\r\n"
                         "Content-Type: application/octet-stream\r\n"
                         "Content-Length: %zu\r\n\r\n", size);
    memset(answer + answer_len, 'x', size);
    answer_len += size;
    fill_table();

    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, on_term);

    listener = listen_unix(argv[1]);
    ep = epoll_create1(EPOLL_CLOEXEC);
    watch(ep, listener, EPOLLIN, NULL);

    while (!terminated) {
        n = epoll_wait(ep, events, 256, -1);

        for (i = 0; i < n; i++) {
            c = events[i].data.ptr;

            if (c) {
                serve(c, size == 0);
                continue;
            }

            fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd != -1) {
                c = calloc(1, sizeof(conn_t));
                c->fd = fd;
                watch(ep, fd, EPOLLIN, c);
            }
        }
    }

    return 0;
}
