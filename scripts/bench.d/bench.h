
/*
 * What the clients of the benchmark share.  A failed call ends the program:
 * a benchmark that goes on without half of its load measures something else.
 */

#ifndef BENCH_H
#define BENCH_H


#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>


static inline void
fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}


/* Nanoseconds of the monotonic clock, the same for all processes */

static inline int64_t
now_ns(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (int64_t) ts.tv_sec * 1000000000 + ts.tv_nsec;
}


static inline void
raise_limit(void)
{
    struct rlimit  limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}


/* A blocking connection to 127.0.0.1 */

static inline int
connect_port(int port)
{
    int                 fd, one;
    struct sockaddr_in  sin;

    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_port = htons(port);
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd == -1) {
        fail("socket");
    }

    if (connect(fd, (struct sockaddr *) &sin, sizeof(sin)) == -1) {
        fail("connect");
    }

    one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));

    return fd;
}


static inline void
unix_address(struct sockaddr_un *sun, const char *path)
{
    memset(sun, 0, sizeof(*sun));
    sun->sun_family = AF_UNIX;

    if (strlen(path) >= sizeof(sun->sun_path)) {
        errno = ENAMETOOLONG;
        fail(path);
    }

    strcpy(sun->sun_path, path);
}


static inline int
connect_unix(const char *path)
{
    int                 fd;
    struct sockaddr_un  sun;

    unix_address(&sun, path);

    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd == -1
        || connect(fd, (struct sockaddr *) &sun, sizeof(sun)) == -1)
    {
        fail(path);
    }

    return fd;
}


static inline int
listen_unix(const char *path)
{
    int                 fd;
    struct sockaddr_un  sun;

    unix_address(&sun, path);
    unlink(path);

    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd == -1
        || bind(fd, (struct sockaddr *) &sun, sizeof(sun)) == -1
        || listen(fd, 16384) == -1)
    {
        fail(path);
    }

    return fd;
}


static inline void
set_nonblocking(int fd)
{
    if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == -1) {
        fail("fcntl");
    }
}


static inline void
watch(int ep, int fd, uint32_t events, void *data)
{
    struct epoll_event  ee;

    ee.events = events;
    ee.data.ptr = data;

    if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ee) == -1) {
        fail("epoll_ctl");
    }
}


static inline void
write_all(int fd, const void *data, size_t len)
{
    ssize_t      n;
    const char  *p;

    for (p = data; len; p += n, len -= n) {
        n = write(fd, p, len);
        if (n <= 0) {
            fail("write");
        }
    }
}


static inline int
compare_ns(const void *one, const void *two)
{
    int64_t  a = *(const int64_t *) one, b = *(const int64_t *) two;

    return a < b ? -1 : a > b;
}


/* Of sorted values; part is 0 to 1 */

static inline double
quantile_ms(int64_t *values, size_t n, double part)
{
    size_t  i;

    if (n == 0) {
        return 0;
    }

    i = (size_t) (part * n);

    return values[i < n ? i : n - 1] / 1e6;
}


/* Runs a command of words, waits for its reply and throws it away */

static inline void
redis_command(int fd, int argc, const char **argv)
{
    int      i, n;
    char     buf[4096];
    size_t   len;

    len = snprintf(buf, sizeof(buf), "*%d\r\n", argc);

    for (i = 0; i < argc; i++) {
        n = snprintf(buf + len, sizeof(buf) - len, "$%zu\r\n%s\r\n",
                     strlen(argv[i]), argv[i]);

        if (n < 0 || len + n >= sizeof(buf)) {
            errno = EMSGSIZE;
            fail("redis");
        }

        len += n;
    }

    write_all(fd, buf, len);

    n = read(fd, buf, sizeof(buf));
    if (n <= 0 || buf[0] == '-') {
        fail("redis");
    }
}


#endif /* BENCH_H */
