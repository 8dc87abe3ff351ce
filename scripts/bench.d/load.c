
/*
 * Requests over keep-alive connections, a known number of them, for accounts
 * in turn or at random.
 *
 *   load PORT CONNECTIONS REQUESTS ACCOUNTS seq|random PATH [INTERVAL]
 *
 * "%" in PATH is the account's number.  With INTERVAL (microseconds, one
 * connection) a request is sent when that time has gone by since the last.
 * REQUESTS 0: until SIGTERM.  Prints one line of JSON: what was answered and
 * how long it took.
 */

#include "bench.h"


#define SAMPLES  4000000


typedef struct {
    int       fd;
    int64_t   sent;
    size_t    len;
    char      buf[8192];
} conn_t;


static int64_t   *samples;
static size_t     nsamples, sent, answered, allowed, denied, other;
static size_t     requests, accounts;
static int        at_random;
static char      *path;
static uint64_t   seed = 88172645463325252ull;
static volatile sig_atomic_t  terminated;


static void
on_term(int signo)
{
    terminated = 1;
}


static uint64_t
next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;

    return seed;
}


static void
send_request(conn_t *c)
{
    int          len;
    char         buf[1024], *mark;
    size_t       account;

    account = (at_random ? next_random() : sent) % accounts;
    mark = strchr(path, '%');

    if (mark) {
        len = snprintf(buf, sizeof(buf), "GET %.*s%07zu%s HTTP/1.1\r\n"
                       "Host: localhost\r\n\r\n",
                       (int) (mark - path), path, account, mark + 1);
    } else {
        len = snprintf(buf, sizeof(buf), "GET %s HTTP/1.1\r\n"
                       "Host: localhost\r\n\r\n", path);
    }

    c->len = 0;
    c->sent = now_ns();
    sent++;

    write_all(c->fd, buf, len);
}


/* 1 when the answer is complete */

static int
read_answer(conn_t *c)
{
    char     *end, *length;
    ssize_t   n;
    size_t    body;

    n = read(c->fd, c->buf + c->len, sizeof(c->buf) - 1 - c->len);

    if (n <= 0) {
        if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
            return 0;
        }

        fail("the server closed a connection");
    }

    c->len += n;
    c->buf[c->len] = '\0';

    end = strstr(c->buf, "\r\n\r\n");
    if (end == NULL) {
        return 0;
    }

    length = strcasestr(c->buf, "\r\ncontent-length:");
    if (length == NULL || length > end) {
        errno = EPROTO;
        fail("an answer without length");
    }

    body = strtoul(length + 17, NULL, 10);

    if (c->len < (size_t) (end + 4 - c->buf) + body) {
        return 0;
    }

    if (nsamples < SAMPLES) {
        samples[nsamples++] = now_ns() - c->sent;
    }

    switch (atoi(c->buf + 9)) {
    case 200: allowed++; break;
    case 403: denied++; break;
    default: other++;
    }

    answered++;

    return 1;
}


static void
run(conn_t *conns, int nconns)
{
    int                  i, n, ep;
    conn_t              *c;
    struct epoll_event   events[256];

    ep = epoll_create1(EPOLL_CLOEXEC);

    for (i = 0; i < nconns; i++) {
        set_nonblocking(conns[i].fd);
        watch(ep, conns[i].fd, EPOLLIN, &conns[i]);

        if (requests == 0 || sent < requests) {
            send_request(&conns[i]);
        }
    }

    while (answered < sent) {
        n = epoll_wait(ep, events, 256, -1);

        for (i = 0; i < n; i++) {
            c = events[i].data.ptr;

            if (read_answer(c) && !terminated
                && (requests == 0 || sent < requests))
            {
                send_request(c);
            }
        }
    }
}


static void
run_paced(conn_t *c, int64_t interval)
{
    int64_t          next;
    struct timespec  ts;

    next = now_ns();

    while (!terminated && (requests == 0 || sent < requests)) {
        ts.tv_sec = next / 1000000000;
        ts.tv_nsec = next % 1000000000;
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);

        send_request(c);
        while (!read_answer(c)) { /* void */ }

        next += interval;
        if (next < now_ns()) {
            next = now_ns();
        }
    }
}


int
main(int argc, char **argv)
{
    int       i, port, nconns;
    conn_t   *conns;
    int64_t   start, end;

    if (argc < 7) {
        fprintf(stderr, "usage: load PORT CONNECTIONS REQUESTS ACCOUNTS "
                        "seq|random PATH [INTERVAL]\n");
        return 2;
    }

    port = atoi(argv[1]);
    nconns = atoi(argv[2]);
    requests = strtoul(argv[3], NULL, 10);
    accounts = strtoul(argv[4], NULL, 10);
    at_random = strcmp(argv[5], "random") == 0;
    path = argv[6];

    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, on_term);

    samples = malloc(SAMPLES * sizeof(int64_t));
    conns = calloc(nconns, sizeof(conn_t));
    if (samples == NULL || conns == NULL) {
        fail("malloc");
    }

    for (i = 0; i < nconns; i++) {
        conns[i].fd = connect_port(port);
    }

    start = now_ns();

    if (argc > 7) {
        run_paced(conns, atoll(argv[7]) * 1000);
    } else {
        run(conns, nconns);
    }

    end = now_ns();

    qsort(samples, nsamples, sizeof(int64_t), compare_ns);

    printf("{\"requests\":%zu,\"seconds\":%.6f,\"allowed\":%zu,"
           "\"denied\":%zu,\"other\":%zu,\"p50_ms\":%.4f,\"p99_ms\":%.4f,"
           "\"max_ms\":%.4f}\n",
           answered, (end - start) / 1e9, allowed, denied, other,
           quantile_ms(samples, nsamples, 0.5),
           quantile_ms(samples, nsamples, 0.99),
           quantile_ms(samples, nsamples, 1));

    return 0;
}
