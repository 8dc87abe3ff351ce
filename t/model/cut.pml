/*
 * One worker, one account, one grant: announcements of changes, reads, lost
 * connections, and a request under way.  What src/gate/ngx_http_privacy_fetch.c
 * and ngx_http_privacy_live.c do, event by event.
 *
 * Checked: once the announcement of a revoke has been delivered, or the stale
 * limit has passed, no request stays allowed.
 *
 *   - at every decision from memory: the facts are not older than the last
 *     announcement that was delivered, and not used beyond the limit;
 *   - when nothing is left to happen: a request is live only if the grant is
 *     there.
 *
 * Three faults prove that the check can fail: NO_MARK caches a read although
 * an announcement came while it was under way, KEEP_CACHE goes on using the
 * cache after the subscription is lost, SEEN_EARLY takes the first word of a
 * new subscription for news of what was read under the old one.
 */

#ifndef WRITES
#define WRITES    3
#endif
#ifndef FAILURES
#define FAILURES  2
#endif
#ifndef REQUESTS
#define REQUESTS  3
#endif


/* Redis */

bool granted = true;
byte writes = 0;               /* so far: the age of a value */
bool link = false;             /* the subscription is there */
bool store = true;             /* reads are answered */

chan announce = [WRITES] of { byte };
chan ask = [1] of { bit };
chan answer = [1] of { bool, byte };


/* The worker; the names are those of ngx_http_privacy_entry_t */

bool alive = false;            /* the watch; may be wrong until noticed */
byte epochs = 0;
byte version = 0;
byte sent, sent_epoch;
byte known = 0;
byte epoch = 0;
bool has = false;              /* anything was read */
bool value = false;            /* what was read: the grant is there */
byte value_age = 0;            /* as of which write */
bool reading = false;
bool wanted = false;
bool waiting = false;          /* a request that waits for a read */
bool live = false;             /* a request that is being answered */
bool passed = false;           /* the stale limit, as the worker has it */
bool over = false;             /* .. as it is, since the facts were current */
byte delivered = 0;            /* the last announcement that came */


#ifdef KEEP_CACHE
#define current  (epoch != 0 && known == version)
#else
#define current  (alive && epoch == epochs && known == version)
#endif


inline decide(may)
{
    /* a request is allowed by what is known; the newest one is followed */

    if
    :: may && value -> live = true
    :: else -> skip
    fi
}


/* What live_check does: the verdict of the live request, again */

inline check()
{
    if
    :: live && (!value || (!current && passed)) -> live = false
    :: else -> skip
    fi
}


proctype Redis()
{
end:
    do
    :: atomic { store && nempty(ask) -> ask?_; answer!granted, writes }
    od
}


proctype Owner()
{
    do
    :: atomic {
           writes < WRITES ->
           granted = !granted;
           writes++;
           if
           :: link -> announce!writes
           :: else -> skip
           fi
       }
    :: break
    od
}


proctype Network()
{
    byte n = 0;

    do
    :: atomic {
           n < FAILURES && link ->
           n++;
           link = false;

           /* what was on its way is lost with the connection */

           do
           :: nempty(announce) -> announce?_
           :: empty(announce) -> break
           od
       }
    :: atomic {
           n < FAILURES && store ->
           n++;
           store = false;

           do
           :: nempty(ask) -> ask?_
           :: nempty(answer) -> answer?_, _
           :: empty(ask) && empty(answer) -> break
           od
       }
    :: atomic { !store -> store = true }
    :: break
    od
}


proctype Worker()
{
    byte requests = 0;
    bool torn;

end:
    do

    /* ngx_http_privacy_fetch_changed() */

    :: atomic {
           nempty(announce) ->
           announce?delivered;
           version++;
           wanted = wanted || live
       }

    /* the heartbeat is missed */

    :: atomic {
           alive && !link && empty(announce) ->
           alive = false;
           wanted = wanted || live
       }

    /* subscribed again */

    :: atomic {
           !alive && !link ->
           link = true;
#ifdef SEEN_EARLY
           passed = false
#endif
       }

    /* and the canary was heard: a new epoch */

    :: atomic {
           !alive && link ->
           alive = true;
           epochs++;
           wanted = wanted || live
       }

    /* ngx_http_privacy_fetch_send() */

    :: atomic {
           wanted && !reading && store ->
           wanted = false;
           reading = true;
           sent = version;
           sent_epoch = (alive -> epochs : 0);
           ask!1
       }

    /* ngx_http_privacy_fetch_done() */

    :: atomic {
           nempty(answer) ->
           answer?value, value_age;
           reading = false;
           has = true;
           torn = (sent != version
                   || sent_epoch != (alive -> epochs : 0));
#ifdef NO_MARK
           torn = false;
           sent = version;
#endif
           known = sent;
           epoch = sent_epoch;
           passed = false;
           over = false;

           if
           :: waiting -> waiting = false; decide(true)
           :: else -> skip
           fi;

           check();
           wanted = wanted || (torn && live)
       }

    /* the read was lost with its connection; the tick reads again */

    :: atomic {
           reading && !store && empty(ask) && empty(answer) ->
           reading = false;
           wanted = true
       }

    /* ngx_http_privacy_handler(): from memory, by waiting, or stale */

    :: atomic {
           requests < REQUESTS && !waiting ->
           requests++;

           if
           :: current ->
               assert(value_age >= delivered);
               assert(!(over && !link));
               decide(true)
           :: else ->
               if
               :: store ->
                   waiting = true;
                   wanted = true
               :: !store && has && known == version && !passed ->
                   assert(!over);
                   decide(true)
               :: else -> skip
               fi
           fi
       }

    /* privacy_timeout: the waiting request gets 503 */

    :: atomic { waiting && !store -> waiting = false }

    /*
     * privacy_stale is over: since the watch was lost or since the change,
     * whichever the facts in memory have to answer for.  It is time that
     * passes, not the worker's doing, so it is not asked what "current" says.
     */

    :: atomic {
           (has && !passed && (!alive || epoch != epochs || known != version))
           ->
           passed = true;
           over = true;
           check()
       }

    /* the tick: what live requests rest on is read again while in doubt */

    :: atomic {
           live && !current && !wanted && !reading && store ->
           wanted = true
       }

    /* it ends by itself */

    :: atomic { live -> live = false }
    od
}


/* When nothing is left to happen */

proctype Monitor()
{
    timeout -> assert(!live || granted)
}


init
{
    atomic {
        run Redis();
        run Owner();
        run Network();
        run Worker();
        run Monitor()
    }
}
