/*
 * privacyctl: the actions from the command line, on a blocking connection.
 */

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "privacyctl.h"


#define CTL_TOKEN  32                  /* hex digits */


static int64_t
ctl_now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_REALTIME, &ts);

    return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}


static privacy_str_t
ctl_str(const char *text)
{
    privacy_str_t  s = { text ? text : "", text ? strlen(text) : 0 };

    return s;
}


static const char *
ctl_login(void)
{
    struct passwd  *pw;

    pw = getpwuid(getuid());

    return (pw != NULL) ? pw->pw_name : "unknown";
}


static int
ctl_token(char *token)
{
    unsigned       i;
    unsigned char  bytes[CTL_TOKEN / 2];

    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t) sizeof(bytes)) {
        return -1;
    }

    for (i = 0; i < sizeof(bytes); i++) {
        (void) snprintf(token + 2 * i, 3, "%02x", bytes[i]);
    }

    return 0;
}


/* Nobody in particular, as long as nothing is said */

static void
ctl_actor(const ctl_t *ctl, privacy_action_request_t *request)
{
    privacy_actor_t  *actor = &request->actor;

    actor->user = ctl_str(ctl->user);
    actor->organization = ctl_str(ctl->organization);
    actor->level = privacy_level_parse(ctl_str(ctl->level));
    actor->store = !ctl->user && !ctl->organization && !ctl->level;

    if (ctl->command == CTL_LIST && !ctl->user && !ctl->level) {
        actor->store = 1;
        request->organization = ctl_str(ctl->organization);
    }

    request->by = ctl_str(ctl->by ? ctl->by
                                  : ctl->user ? ctl->user : ctl_login());
}


static void
ctl_request(const ctl_t *ctl, privacy_action_request_t *request, char *body,
    const char *token)
{
    memset(request, 0, sizeof(privacy_action_request_t));

    ctl_actor(ctl, request);

    request->action = ctl_commands[ctl->command].action;

    if (ctl->command == CTL_SWEEP && ctl->status) {
        request->action = PRIVACY_ACTION_SWEEP_STATE;
    }

    if (ctl->command != CTL_LIST) {
        request->account = ctl_str(ctl->arguments[0]);
        request->organization = ctl_str(ctl->arguments[1]);
    }

    if (ctl->command == CTL_PUT) {
        request->organization = ctl_str(NULL);
        request->body.data = ctl->text;
        request->body.len = ctl->text_len;

    } else {
        request->body = ctl_str(body);
    }

    request->if_match = ctl_str(ctl->if_match);
    request->if_none_match = ctl_str(ctl->if_none_match);
    request->cursor = ctl_str(ctl->cursor);
    request->limit = ctl->rows;
    request->for_user = ctl_str(ctl->for_user);
    request->for_organization = ctl_str(ctl->for_organization);
    request->for_level = ctl_str(ctl->for_level);
    request->for_camera = ctl_str(ctl->for_camera);
    request->for_resource = ctl_str(ctl->for_resource);
    request->token = ctl_str(token);
    request->due = ctl->due;
    request->whole = 1;
}


/* A batch there and its replies back */

static void
ctl_exchange(redisContext *redis, privacy_action_t *action)
{
    void                   *reply;
    unsigned                i;
    const privacy_batch_t  *batch;

    batch = privacy_action_batch(action);

    if (redisAppendFormattedCommand(redis, batch->data, batch->len)
        != REDIS_OK)
    {
        privacy_action_lost(action);
        return;
    }

    for (i = 0; i < batch->replies; i++) {

        if (redisGetReply(redis, &reply) != REDIS_OK) {
            privacy_action_lost(action);
            return;
        }

        privacy_action_reply(action, reply);
        freeReplyObject(reply);
    }
}


static void
ctl_sleep(unsigned ms)
{
    struct timespec  ts = { ms / 1000, ms % 1000 * 1000000L };

    (void) nanosleep(&ts, NULL);
}


static void
ctl_run(const ctl_t *ctl, redisContext *redis, privacy_action_t *action)
{
    int64_t  now, reported;

    reported = ctl_now();

    for ( ;; ) {
        now = ctl_now();

        switch (privacy_action_next(action, now)) {

        case PRIVACY_STEP_SEND:
            ctl_exchange(redis, action);
            break;

        case PRIVACY_STEP_PAUSE:
            ctl_sleep(privacy_action_pause(action));
            break;

        default:
            return;
        }

        if (ctl->command == CTL_SWEEP && !ctl->quiet && !ctl->status
            && now - reported >= 1000)
        {
            reported = now;
            ctl_print_progress(privacy_action_figures(action));
        }
    }
}


static int
ctl_failed(const ctl_t *ctl, const privacy_action_result_t *result,
    const redisContext *redis)
{
    const char  *hint = "";

    if (result->status < PRIVACY_STATUS_MALFORMED) {
        return CTL_DONE;
    }

    if (redis->err) {
        hint = ctl_trouble(redis, &ctl->redis);

    } else if (strstr(result->detail, "NOAUTH") != NULL) {
        hint = "it wants a login: --password-file, --user-name";
    }

    ctl_error("%s (%s)%s%s", result->detail, result->type,
              hint[0] ? ": " : "", hint);

    return (result->status == PRIVACY_STATUS_STORE) ? CTL_STORE : CTL_REFUSED;
}


/* One page or, unless a page was asked for, all of them */

static int
ctl_list(ctl_t *ctl, redisContext *redis, const privacy_action_conf_t *conf,
    privacy_action_request_t *request)
{
    int                             rc, first, whole;
    char                            next[32];
    const char                     *cursor;
    privacy_action_t               *action;
    const privacy_action_result_t  *result;

    whole = ctl->cursor == NULL && ctl->limit == NULL;
    first = 1;

    if (whole) {
        request->limit = PRIVACY_LIST_MOST;
    }

    for ( ;; ) {
        action = privacy_action_create(conf, request);

        if (action == NULL) {
            ctl_error("no memory");
            return CTL_REFUSED;
        }

        ctl_run(ctl, redis, action);
        result = privacy_action_result(action);
        rc = ctl_failed(ctl, result, redis);

        if (rc != CTL_DONE) {
            privacy_action_destroy(action);
            return rc;
        }

        if (!whole) {
            ctl_print(ctl, result->body);
            privacy_action_destroy(action);
            return CTL_DONE;
        }

        ctl_print_rows(ctl, json_object_get(result->body, "accounts"), first);
        first = 0;

        cursor = json_string_value(json_object_get(result->body, "cursor"));
        (void) snprintf(next, sizeof(next), "%s", cursor ? cursor : "");
        privacy_action_destroy(action);

        if (next[0] == '\0') {
            ctl_print_rows(ctl, NULL, 0);
            return CTL_DONE;
        }

        request->cursor = ctl_str(next);
    }
}


static int
ctl_act(ctl_t *ctl)
{
    int                             rc;
    char                           *body, token[CTL_TOKEN + 1] = "";
    redisContext                   *redis;
    privacy_action_t               *action;
    privacy_action_conf_t           conf;
    privacy_action_request_t        request;
    const privacy_action_result_t  *result;

    memset(&conf, 0, sizeof(privacy_action_conf_t));
    conf.policy = &ctl->policy;
    conf.prefix = ctl_str(ctl->prefix);
    conf.log_retention = ctl->log_retention;
    conf.registry = !ctl->no_registry;
    conf.all_serve = ctl->no_providers;

    if (ctl_token(token) != 0) {
        ctl_error("no random bytes: %s", strerror(errno));
        return CTL_REFUSED;
    }

    rc = ctl_connect(&ctl->redis, &redis);

    if (rc != CTL_DONE) {
        return rc;
    }

    body = ctl->body ? json_dumps(ctl->body, JSON_COMPACT) : NULL;
    ctl_request(ctl, &request, body, token);

    if (ctl->command == CTL_LIST) {
        rc = ctl_list(ctl, redis, &conf, &request);

    } else {
        action = privacy_action_create(&conf, &request);

        if (action == NULL) {
            ctl_error("no memory");
            rc = CTL_REFUSED;

        } else {
            ctl_run(ctl, redis, action);
            result = privacy_action_result(action);
            rc = ctl_failed(ctl, result, redis);

            if (rc == CTL_DONE && result->body != NULL
                && (CTL_CHANGING & CTL_BIT(ctl->command)))
            {
                (void) json_object_set_new(result->body, "changed",
                                           json_boolean(result->changed));
            }

            if (rc == CTL_DONE) {
                ctl_print(ctl, result->body);
            }

            privacy_action_destroy(action);
        }
    }

    free(body);
    redisFree(redis);

    return rc;
}


/* The body of "account put": a file or, with "-", the standard input */

static int
ctl_read(ctl_t *ctl, const char *path)
{
    int      fd;
    char    *text;
    size_t   size;
    ssize_t  n;

    fd = (strcmp(path, "-") == 0) ? STDIN_FILENO : open(path, O_RDONLY);

    if (fd == -1) {
        ctl_error("%s: %s", path, strerror(errno));
        return CTL_USAGE;
    }

    /* one byte more than may be: too much is told from just enough */

    size = PRIVACY_BODY_MAX + 1;
    text = malloc(size + 1);

    if (text == NULL) {
        ctl_error("no memory");
        return CTL_REFUSED;
    }

    ctl->text = text;

    while (ctl->text_len < size) {
        n = read(fd, text + ctl->text_len, size - ctl->text_len);

        if (n < 0 && errno == EINTR) {
            continue;
        }

        if (n < 0) {
            ctl_error("%s: %s", path, strerror(errno));
            return CTL_USAGE;
        }

        if (n == 0) {
            break;
        }

        ctl->text_len += n;
    }

    if (fd != STDIN_FILENO) {
        (void) close(fd);
    }

    if (ctl->text_len == 0) {
        ctl_error("%s: empty; an account is a JSON object, {} at least", path);
        return CTL_USAGE;
    }

    return CTL_DONE;
}


static void
ctl_cleanup(ctl_t *ctl)
{
    json_decref(ctl->body);

    free(ctl->text);
    free(ctl->prefix);
    free(ctl->redis.address);
    free(ctl->redis.password_file);
    free(ctl->redis.user_name);
    free(ctl->redis.tls_ca);
    free(ctl->redis.tls_cert);
    free(ctl->redis.tls_key);
    free(ctl->redis.tls_name);
}


int
main(int argc, char **argv)
{
    int    rc;
    ctl_t  ctl;

    memset(&ctl, 0, sizeof(ctl_t));

    rc = ctl_options(&ctl, argc, argv);

    if (rc == CTL_DONE && !ctl.help) {

        if (ctl.command == CTL_PUT) {
            rc = ctl_read(&ctl, ctl.arguments[1]);
        }

        if (rc == CTL_DONE) {
            rc = (ctl.command == CTL_WATCH) ? ctl_watch(&ctl) : ctl_act(&ctl);
        }
    }

    ctl_cleanup(&ctl);

    if (fflush(stdout) != 0 && rc == CTL_DONE) {
        ctl_error("standard output: %s", strerror(errno));
        rc = CTL_REFUSED;
    }

    return rc;
}
