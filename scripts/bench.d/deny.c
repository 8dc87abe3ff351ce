
/*
 * From a change in Redis to the next request denied: grants, waits until a
 * request passes, takes the grant away and asks until one is denied.
 *
 *   deny PORT REDIS_SOCKET PATH KEY RECORD ROUNDS
 *
 * A round's time runs from before the DEL is written to the end of the first
 * answer that denies.  Prints one line of JSON.
 */

#include "bench.h"


static int
ask(int fd, const char *path)
{
    int      len;
    char     buf[8192], *end, *length;
    size_t   got, body;
    ssize_t  n;

    len = snprintf(buf, sizeof(buf), "GET %s HTTP/1.1\r\n"
                   "Host: localhost\r\n\r\n", path);
    write_all(fd, buf, len);

    for (got = 0; got < sizeof(buf) - 1; got += n) {

        buf[got] = '\0';
        end = strstr(buf, "\r\n\r\n");

        if (got && end) {
            length = strcasestr(buf, "\r\ncontent-length:");
            body = length ? strtoul(length + 17, NULL, 10) : 0;

            if (got >= (size_t) (end + 4 - buf) + body) {
                return atoi(buf + 9);
            }
        }

        n = read(fd, buf + got, sizeof(buf) - 1 - got);
        if (n <= 0) {
            fail("the server closed a connection");
        }
    }

    errno = EMSGSIZE;
    fail("answer");

    return 0;
}


static void
ask_until(int fd, const char *path, int status)
{
    int64_t  limit;

    limit = now_ns() + 5000000000;

    while (ask(fd, path) != status) {
        if (now_ns() > limit) {
            errno = ETIMEDOUT;
            fail(status == 200 ? "never allowed" : "never denied");
        }
    }
}


int
main(int argc, char **argv)
{
    int               fd, redis, rounds, i;
    int64_t          *samples, start;
    const char       *set[3], *del[2];
    struct timespec   pause = { 0, 1000000 };

    if (argc != 7) {
        fprintf(stderr, "usage: deny PORT REDIS_SOCKET PATH KEY RECORD "
                        "ROUNDS\n");
        return 2;
    }

    fd = connect_port(atoi(argv[1]));
    redis = connect_unix(argv[2]);
    rounds = atoi(argv[6]);

    set[0] = "SET"; set[1] = argv[4]; set[2] = argv[5];
    del[0] = "DEL"; del[1] = argv[4];

    samples = calloc(rounds, sizeof(int64_t));
    if (samples == NULL) {
        fail("calloc");
    }

    for (i = 0; i < rounds; i++) {
        redis_command(redis, 3, set);
        ask_until(fd, argv[3], 200);
        nanosleep(&pause, NULL);

        start = now_ns();
        redis_command(redis, 2, del);
        ask_until(fd, argv[3], 403);
        samples[i] = now_ns() - start;
    }

    qsort(samples, rounds, sizeof(int64_t), compare_ns);

    printf("{\"rounds\":%d,\"p50_ms\":%.4f,\"p99_ms\":%.4f,"
           "\"max_ms\":%.4f}\n", rounds, quantile_ms(samples, rounds, 0.5),
           quantile_ms(samples, rounds, 0.99),
           quantile_ms(samples, rounds, 1));

    return 0;
}
