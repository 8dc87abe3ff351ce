
/*
 * Preloaded into nginx: how long its event loop's turns take, from the return
 * of epoll_wait() to the next call of it, and how much of that the process had
 * the processor.  The longest are in the file BENCH_TURNS; whoever zeroes it
 * starts over.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>


typedef struct {
    int64_t  wall;      /* ns, the longest */
    int64_t  cpu;       /* ns, the longest */
    int64_t  turns;
    int64_t  wall_cpu;  /* of the longest by wall */
} turns_t;


static turns_t  *longest;
static int64_t   since_wall, since_cpu;

static int (*real)(int, struct epoll_event *, int, int);


static int64_t
read_clock(clockid_t id)
{
    struct timespec  ts;

    clock_gettime(id, &ts);

    return (int64_t) ts.tv_sec * 1000000000 + ts.tv_nsec;
}


__attribute__((constructor)) static void
init(void)
{
    int    fd;
    void  *p;

    real = (int (*)(int, struct epoll_event *, int, int))
           dlsym(RTLD_NEXT, "epoll_wait");

    if (getenv("BENCH_TURNS") == NULL) {
        return;
    }

    fd = open(getenv("BENCH_TURNS"), O_RDWR | O_CLOEXEC);
    if (fd == -1) {
        return;
    }

    p = mmap(NULL, sizeof(turns_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);

    if (p != MAP_FAILED) {
        longest = p;
    }
}


int
epoll_wait(int ep, struct epoll_event *events, int max, int timeout)
{
    int      n;
    int64_t  wall, cpu;

    if (longest && since_wall) {
        wall = read_clock(CLOCK_MONOTONIC) - since_wall;
        cpu = read_clock(CLOCK_THREAD_CPUTIME_ID) - since_cpu;

        longest->turns++;

        if (wall > longest->wall) {
            longest->wall = wall;
            longest->wall_cpu = cpu;
        }

        if (cpu > longest->cpu) {
            longest->cpu = cpu;
        }
    }

    n = real(ep, events, max, timeout);

    since_wall = read_clock(CLOCK_MONOTONIC);
    since_cpu = read_clock(CLOCK_THREAD_CPUTIME_ID);

    return n;
}
