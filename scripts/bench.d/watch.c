
/*
 * Thousands of watchers of two accounts.  Of the streams, one in SHARE is of
 * account A, whose grant goes.
 *
 *   watch h1|h2|ws PORT PROBE_PORT STREAMS SHARE FILES PATH_A PATH_B SOCKET KEY
 *
 * Commands on stdin: "open" opens what is not open, and answers when all of it
 * has had its first bytes; "cut" deletes KEY and answers with a line of JSON
 * when the last stream of account A has ended and those of B have been looked
 * after.  Headers have various lengths, as those of browsers do: what a request
 * takes in memory comes in blocks, and on average the blocks even out.  The
 * last FILES streams ask for PATH with "/file" behind it.  A
 * prober of its own asks for /probe, over HTTP/1, every ms.
 */

#include "bench.h"
#include <pthread.h>


#define PER_CONN   100          /* streams of an HTTP/2 connection */
#define IN_FLIGHT  200          /* streams that are being opened */
#define IDS        16384        /* HTTP/2 ids of a connection, halved */
#define PROBES     2000000
#define PADDING    3600         /* bytes of a header at most */

#define LIMIT      10000000000  /* ns, for the last cut */
#define AFTER      1500000000   /* ns, more than a camera's interval */


typedef enum {
    CLOSED = 0,
    OPENING,
    LIVE
} state_e;


typedef struct {
    state_e    state;
    int        a;               /* of the account whose grant goes */
    int        matched;         /* of the blank line behind the header */
    int64_t    ended;
    uint64_t   bytes;
    uint64_t   before;
} stream_t;


typedef struct {
    int        fd;
    stream_t  *streams;
    int        nstreams;
    uint32_t   next_id;
    uint16_t  *slots;           /* stream by id / 2 */
    size_t     head_len;        /* HTTP/2 frames */
    uint8_t    head[9];
    size_t     rest;
} conn_t;


typedef struct {
    int64_t    at;
    int64_t    took;
} probe_t;


static enum { H1, H2, WS } protocol;

static int        port, probe_port, ep, nstreams, nconns, share, files;
static int        opening;
static char      *paths[2];
static stream_t  *streams;
static conn_t    *conns;
static char       buf[65536], padding[PADDING];

static probe_t   *probes;
static size_t     nprobes;


static void
end_stream(stream_t *s)
{
    if (s->state == CLOSED) {
        return;
    }

    if (s->state == OPENING) {
        errno = ECONNRESET;
        fail("a stream ended before it began");
    }

    s->state = CLOSED;
    s->ended = now_ns();
}


static void
take_bytes(stream_t *s, size_t n)
{
    if (n && s->state == OPENING) {
        s->state = LIVE;
        opening--;
    }

    s->bytes += n;
}


/* HTTP/1: what comes behind the header counts */

static void
read_plain(conn_t *c)
{
    ssize_t    n, i;
    stream_t  *s;

    static const char  blank[] = "\r\n\r\n";

    s = c->streams;
    n = read(c->fd, buf, sizeof(buf));

    if (n == -1 && errno == EAGAIN) {
        return;
    }

    if (n <= 0) {
        end_stream(s);
        close(c->fd);
        c->fd = -1;
        return;
    }

    if (s->matched == 0 && s->bytes == 0
        && (n < 12 || memcmp(buf + 9, protocol == WS ? "101" : "200", 3) != 0))
    {
        fprintf(stderr, "%.*s\n", n < 300 ? (int) n : 300, buf);
        errno = EPROTO;
        fail("not what was asked for");
    }

    for (i = 0; i < n && s->matched < 4; i++) {
        s->matched = buf[i] == blank[s->matched] ? s->matched + 1
                                                 : buf[i] == '\r';
    }

    take_bytes(s, n - i);
}


static void
take_frame(conn_t *c)
{
    size_t      len;
    uint8_t     type, flags;
    uint32_t    id;
    stream_t   *s;

    static const uint8_t  ack[] = { 0, 0, 0, 4, 1, 0, 0, 0, 0 };

    len = c->head[0] << 16 | c->head[1] << 8 | c->head[2];
    type = c->head[3];
    flags = c->head[4];
    id = (uint32_t) c->head[5] << 24 | c->head[6] << 16 | c->head[7] << 8
         | c->head[8];

    c->rest = len;
    c->head_len = 0;

    s = id ? &c->streams[c->slots[id / 2]] : NULL;

    switch (type) {

    case 0:     /* DATA */
        take_bytes(s, len);

        /* fall through */

    case 1:     /* HEADERS */
        if (flags & 1) {
            end_stream(s);
        }
        break;

    case 3:     /* RST_STREAM */
        end_stream(s);
        break;

    case 4:     /* SETTINGS */
        if (!(flags & 1)) {
            write_all(c->fd, ack, sizeof(ack));
        }
        break;

    case 7:     /* GOAWAY */
        errno = ECONNRESET;
        fail("GOAWAY");
    }
}


static void
read_frames(conn_t *c)
{
    char     *p;
    size_t    part;
    ssize_t   n;

    n = read(c->fd, buf, sizeof(buf));

    if (n == -1 && errno == EAGAIN) {
        return;
    }

    if (n <= 0) {
        fail("the server closed a connection of HTTP/2");
    }

    for (p = buf; p < buf + n; p += part) {

        if (c->rest) {
            part = (size_t) (buf + n - p);
            part = part < c->rest ? part : c->rest;
            c->rest -= part;
            continue;
        }

        part = 1;
        c->head[c->head_len++] = *p;

        if (c->head_len == sizeof(c->head)) {
            take_frame(c);
        }
    }
}


/* Serves what is there, or comes within the time (ms) */

static void
serve(int timeout)
{
    int                  i, n;
    conn_t              *c;
    struct epoll_event   events[512];

    n = epoll_wait(ep, events, 512, timeout);

    for (i = 0; i < n; i++) {
        c = events[i].data.ptr;

        if (protocol == H2) {
            read_frames(c);
        } else {
            read_plain(c);
        }
    }
}


static void
connect_h2(conn_t *c)
{
    static const uint8_t  preface[] =
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        "\0\0\x06\x04\0\0\0\0\0" "\0\x04\x7f\xff\xff\xff"
        "\0\0\x04\x08\0\0\0\0\0" "\x7f\xff\0\0";

    c->fd = connect_port(port);
    write_all(c->fd, preface, sizeof(preface) - 1);
    set_nonblocking(c->fd);
    watch(ep, c->fd, EPOLLIN, c);

    c->slots = calloc(IDS, sizeof(uint16_t));
    c->next_id = 1;
}


/* An integer of HPACK behind a prefix of 7 bits that are free */

static uint8_t *
put_length(uint8_t *p, size_t len)
{
    if (len < 127) {
        *p++ = len;
        return p;
    }

    *p++ = 127;

    for (len -= 127; len >= 128; len >>= 7) {
        *p++ = 128 | (len & 127);
    }

    *p++ = len;

    return p;
}


static void
ask_h2(conn_t *c, int slot, const char *path, size_t pad)
{
    size_t    len, block;
    uint8_t   frame[PADDING + 512], *p;

    if (c->fd == -1) {
        connect_h2(c);
    }

    if (c->next_id / 2 >= IDS) {
        errno = EOVERFLOW;
        fail("too many streams");
    }

    len = strlen(path);
    p = frame + 9;

    *p++ = 0x82;                        /* :method GET */
    *p++ = 0x86;                        /* :scheme http */
    *p++ = 0x04; *p++ = len;            /* :path */
    memcpy(p, path, len);
    p += len;
    *p++ = 0x01; *p++ = 9;              /* :authority */
    memcpy(p, "localhost", 9);
    p += 9;
    *p++ = 0x00; *p++ = 5;              /* x-pad */
    memcpy(p, "x-pad", 5);
    p = put_length(p + 5, pad);
    memcpy(p, padding, pad);
    p += pad;

    block = p - frame - 9;

    frame[0] = 0; frame[1] = block >> 8; frame[2] = block;
    frame[3] = 1;                       /* HEADERS */
    frame[4] = 5;                       /* END_STREAM, END_HEADERS */
    frame[5] = 0; frame[6] = c->next_id >> 16; frame[7] = c->next_id >> 8;
    frame[8] = c->next_id;

    c->slots[c->next_id / 2] = slot;
    c->next_id += 2;

    write_all(c->fd, frame, p - frame);
}


static void
ask_plain(conn_t *c, const char *path, size_t pad)
{
    int   len;
    char  request[PADDING + 512];

    len = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\n"
                   "Host: localhost\r\nX-Pad: %.*s\r\n%s\r\n", path,
                   (int) pad, padding,
                   protocol == WS ? "Upgrade: websocket\r\n"
                                    "Connection: Upgrade\r\n" : "");

    c->fd = connect_port(port);
    write_all(c->fd, request, len);
    set_nonblocking(c->fd);
    watch(ep, c->fd, EPOLLIN, c);
}


static void
open_all(void)
{
    int         i, opened;
    char        path[256];
    size_t      pad;
    int64_t     start;
    conn_t     *c;
    stream_t   *s;

    start = now_ns();
    opened = 0;

    for (i = 0; i < nstreams; i++) {
        s = &streams[i];

        if (s->state != CLOSED) {
            continue;
        }

        s->state = OPENING;
        s->matched = 0;
        s->bytes = 0;
        opening++;
        opened++;

        snprintf(path, sizeof(path), "%s%s", paths[!s->a],
                 i >= nstreams - files ? "/file" : "");

        pad = i * 2654435761u % PADDING;

        if (protocol == H2) {
            c = &conns[i / PER_CONN];
            ask_h2(c, i % PER_CONN, path, pad);
        } else {
            ask_plain(&conns[i], path, pad);
        }

        while (opening >= IN_FLIGHT) {
            serve(1000);
        }
    }

    while (opening) {
        if (now_ns() - start > LIMIT * 3) {
            errno = ETIMEDOUT;
            fail("not all streams began");
        }

        serve(100);
    }

    printf("{\"opened\":%d,\"seconds\":%.3f}\n", opened,
           (now_ns() - start) / 1e9);
}


static void *
probe(void *data)
{
    int              fd;
    char             answer[4096];
    int64_t          start;
    ssize_t          n;
    struct timespec  pause = { 0, 1000000 };

    static const char  request[] = "GET /probe HTTP/1.1\r\n"
                                   "Host: localhost\r\n\r\n";

    fd = connect_port(probe_port);

    for ( ;; ) {
        start = now_ns();
        write_all(fd, request, sizeof(request) - 1);

        /* small enough to come in one piece */

        n = read(fd, answer, sizeof(answer));
        if (n <= 0) {
            close(fd);
            fd = connect_port(probe_port);
            continue;
        }

        if (nprobes < PROBES) {
            probes[nprobes].at = start;
            probes[nprobes].took = now_ns() - start;
            __atomic_add_fetch(&nprobes, 1, __ATOMIC_RELEASE);
        }

        nanosleep(&pause, NULL);
    }

    return data;
}


/* The longest probe that was under way between the two times, in ms */

static double
longest_probe(int64_t from, int64_t to)
{
    size_t   i, n;
    int64_t  longest;

    longest = 0;
    n = __atomic_load_n(&nprobes, __ATOMIC_ACQUIRE);

    for (i = 0; i < n; i++) {
        if (probes[i].at + probes[i].took >= from && probes[i].at <= to
            && probes[i].took > longest)
        {
            longest = probes[i].took;
        }
    }

    return longest / 1e6;
}


static int
count(int a, state_e state)
{
    int  i, n;

    for (n = 0, i = 0; i < nstreams; i++) {
        n += streams[i].a == a && streams[i].state == state;
    }

    return n;
}


static void
cut(const char *redis_socket, const char *key)
{
    int           i, n, lost, silent, redis, of_a;
    int64_t       start, last, *times;
    const char   *del[] = { "DEL", key };

    redis = connect_unix(redis_socket);

    /* what is on its way is not part of it */

    for (start = now_ns(); now_ns() - start < AFTER; /* void */ ) {
        serve(10);
    }

    of_a = count(1, LIVE);
    times = calloc(nstreams, sizeof(int64_t));

    start = now_ns();
    redis_command(redis, 2, del);

    do {
        serve(100);
    } while (count(1, LIVE) && now_ns() - start < LIMIT);

    last = start;
    n = 0;

    for (i = 0; i < nstreams; i++) {
        streams[i].before = streams[i].bytes;

        if (streams[i].a && streams[i].ended >= start) {
            times[n++] = streams[i].ended - start;
            last = streams[i].ended > last ? streams[i].ended : last;
        }
    }

    qsort(times, n, sizeof(int64_t), compare_ns);

    /* the others must go on */

    while (now_ns() - last < AFTER) {
        serve(10);
    }

    lost = 0;
    silent = 0;

    for (i = 0; i < nstreams; i++) {
        if (!streams[i].a) {
            lost += streams[i].state != LIVE;
            silent += streams[i].bytes == streams[i].before
                      && i < nstreams - files;
        }
    }

    printf("{\"streams\":%d,\"cut\":%d,\"not_cut\":%d,\"others\":%d,"
           "\"others_lost\":%d,\"others_silent\":%d,\"first_ms\":%.3f,"
           "\"p50_ms\":%.3f,\"last_ms\":%.3f,\"probe_before_ms\":%.3f,"
           "\"probe_ms\":%.3f}\n",
           nstreams, n, of_a - n, nstreams - of_a, lost, silent,
           quantile_ms(times, n, 0), quantile_ms(times, n, 0.5),
           (last - start) / 1e6,
           longest_probe(start - AFTER + 200000000, start),
           longest_probe(start, last + 20000000));

    free(times);
    close(redis);
}


static void
set_up(void)
{
    int  i;

    nconns = protocol == H2 ? (nstreams + PER_CONN - 1) / PER_CONN : nstreams;

    streams = calloc(nstreams, sizeof(stream_t));
    conns = calloc(nconns, sizeof(conn_t));
    probes = calloc(PROBES, sizeof(probe_t));

    if (streams == NULL || conns == NULL || probes == NULL) {
        fail("calloc");
    }

    for (i = 0; i < nstreams; i++) {
        streams[i].a = i % share == 0;
    }

    for (i = 0; i < nconns; i++) {
        conns[i].fd = -1;
        conns[i].streams = &streams[protocol == H2 ? i * PER_CONN : i];
    }

    memset(padding, 'x', PADDING);
    ep = epoll_create1(EPOLL_CLOEXEC);
}


int
main(int argc, char **argv)
{
    char       line[64];
    pthread_t  thread;

    if (argc != 11) {
        fprintf(stderr, "usage: watch h1|h2|ws PORT PROBE_PORT STREAMS "
                        "SHARE FILES PATH_A PATH_B SOCKET KEY\n");
        return 2;
    }

    protocol = strcmp(argv[1], "h2") == 0 ? H2
               : strcmp(argv[1], "ws") == 0 ? WS : H1;
    port = atoi(argv[2]);
    probe_port = atoi(argv[3]);
    nstreams = atoi(argv[4]);
    share = atoi(argv[5]);
    files = atoi(argv[6]);
    paths[0] = argv[7];
    paths[1] = argv[8];

    raise_limit();
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    set_up();

    if (pthread_create(&thread, NULL, probe, NULL) != 0) {
        fail("pthread_create");
    }

    while (fgets(line, sizeof(line), stdin)) {
        if (strcmp(line, "open\n") == 0) {
            open_all();

        } else if (strcmp(line, "cut\n") == 0) {
            cut(argv[9], argv[10]);
        }
    }

    return 0;
}
