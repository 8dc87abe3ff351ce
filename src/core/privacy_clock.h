/*
 * Times: RFC 3339 in UTC and the daily reset.  All times are milliseconds
 * since the epoch; 0 stands for "none".
 */

#ifndef PRIVACY_CLOCK_H
#define PRIVACY_CLOCK_H

#include "privacy_types.h"


#define PRIVACY_TIME_LEN  20           /* "2026-11-22T05:00:00Z" */


typedef struct {
    int              minute;           /* of the local day, 0 to 1439 */
    int              offset;           /* of local time to UTC, in minutes */
} privacy_reset_t;


/*
 * Parses "2026-11-22T05:00:00Z"; fractions of a second are accepted and cut
 * to milliseconds, offsets other than Z are not.  Checks the calendar (leap
 * years; second 60 is refused).  Years 1970 to 9999.  Returns 0, or -1 if
 * malformed, in which case *ms is not touched.
 */

int privacy_time_parse(privacy_str_t text, int64_t *ms);

/*
 * Writes PRIVACY_TIME_LEN bytes, not terminated; milliseconds are cut off.
 * Times outside 1970 to 9999 are clamped.
 */

void privacy_time_write(char *buf, int64_t ms);

/* Parses "HH:MM" and "+HH:MM" / "-HH:MM" (at most 14:00); 0, or -1 */

int privacy_reset_parse(privacy_str_t time, privacy_str_t offset,
    privacy_reset_t *reset);

/* The first reset strictly after "ms"; the last one at or before it */

int64_t privacy_reset_after(const privacy_reset_t *reset, int64_t ms);
int64_t privacy_reset_before(const privacy_reset_t *reset, int64_t ms);

#endif /* PRIVACY_CLOCK_H */
