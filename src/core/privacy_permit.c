/*
 * Who may do what: the permission rows of the actions.
 */

#include <string.h>

#include "privacy_permit.h"
#include "privacy_key.h"


#define PRIVACY_MAY_OPERATOR  1        /* who runs the portal */
#define PRIVACY_MAY_OWNER     2        /* a client_admin of the account */
#define PRIVACY_MAY_GRANTEE   4        /* a provider: its own grant */
#define PRIVACY_MAY_PROVIDER  8        /* any, for what it services */
#define PRIVACY_MAY_ADMIN     16       /* any client_admin, for the own */


typedef struct {
    privacy_str_t    name;
    uint8_t          may;
    uint8_t          writes;
} privacy_permit_row_t;


static const privacy_permit_row_t  privacy_permit_rows[PRIVACY_ACTIONS] = {
    { privacy_str(""), 0, 0 },
    { privacy_str("put_account"), PRIVACY_MAY_OPERATOR, 1 },
    { privacy_str("get_account"), PRIVACY_MAY_OPERATOR|PRIVACY_MAY_OWNER, 0 },
    { privacy_str("delete_account"), PRIVACY_MAY_OPERATOR, 1 },
    { privacy_str("allow"), PRIVACY_MAY_OWNER, 1 },
    { privacy_str("disallow"), PRIVACY_MAY_OWNER, 1 },
    { privacy_str("grant"), PRIVACY_MAY_OWNER, 1 },
    { privacy_str("update"), PRIVACY_MAY_OWNER, 1 },
    { privacy_str("revoke"), PRIVACY_MAY_OWNER|PRIVACY_MAY_GRANTEE, 1 },
    { privacy_str("get_grant"),
      PRIVACY_MAY_OPERATOR|PRIVACY_MAY_OWNER|PRIVACY_MAY_GRANTEE, 0 },
    { privacy_str("grants"), PRIVACY_MAY_OPERATOR|PRIVACY_MAY_OWNER, 0 },
    { privacy_str("exclude"), PRIVACY_MAY_OPERATOR, 1 },
    { privacy_str("include"), PRIVACY_MAY_OPERATOR, 1 },
    { privacy_str("list"),
      PRIVACY_MAY_OPERATOR|PRIVACY_MAY_PROVIDER|PRIVACY_MAY_ADMIN, 0 },
    { privacy_str("explain"), PRIVACY_MAY_OPERATOR|PRIVACY_MAY_OWNER, 0 },
    { privacy_str("sweep"), PRIVACY_MAY_OPERATOR, 1 },
    { privacy_str("sweep_state"), PRIVACY_MAY_OPERATOR, 0 }
};


static int
privacy_permit_same(privacy_str_t a, privacy_str_t b)
{
    return a.len == b.len && privacy_id_valid(a)
           && memcmp(a.data, b.data, a.len) == 0;
}


int
privacy_permit(privacy_action_e action, const privacy_actor_t *actor,
    privacy_str_t account, privacy_str_t organization)
{
    unsigned  may;

    if (action == PRIVACY_ACTION_NONE || (unsigned) action >= PRIVACY_ACTIONS) {
        return 0;
    }

    if (actor->store) {
        return 1;
    }

    may = privacy_permit_rows[action].may;

    switch (actor->level) {

    case PRIVACY_LEVEL_OPERATOR:
        return (may & PRIVACY_MAY_OPERATOR) != 0;

    case PRIVACY_LEVEL_CLIENT_ADMIN:
        if (may & PRIVACY_MAY_ADMIN) {
            return privacy_id_valid(actor->organization);
        }

        return (may & PRIVACY_MAY_OWNER)
               && privacy_permit_same(account, actor->organization);

    case PRIVACY_LEVEL_INTEGRATOR:
    case PRIVACY_LEVEL_VENDOR:
        if (may & PRIVACY_MAY_PROVIDER) {
            return privacy_id_valid(actor->organization);
        }

        return (may & PRIVACY_MAY_GRANTEE)
               && privacy_permit_same(organization, actor->organization);

    default:
        return 0;
    }
}


privacy_list_e
privacy_permit_list(const privacy_actor_t *actor)
{
    privacy_str_t  none = { NULL, 0 };

    if (!privacy_permit(PRIVACY_ACTION_LIST, actor, none, none)) {
        return PRIVACY_LIST_NOTHING;
    }

    if (actor->store) {
        return PRIVACY_LIST_ALL;
    }

    switch (actor->level) {

    case PRIVACY_LEVEL_OPERATOR:
        return PRIVACY_LIST_ALL;

    case PRIVACY_LEVEL_CLIENT_ADMIN:
        return PRIVACY_LIST_ACCOUNT;

    case PRIVACY_LEVEL_VENDOR:
        return PRIVACY_LIST_EVERY;

    default:
        return PRIVACY_LIST_SERVED;
    }
}


int
privacy_action_writes(privacy_action_e action)
{
    return (unsigned) action < PRIVACY_ACTIONS
           && privacy_permit_rows[action].writes;
}


privacy_str_t
privacy_action_name(privacy_action_e action)
{
    if ((unsigned) action >= PRIVACY_ACTIONS) {
        return privacy_permit_rows[0].name;
    }

    return privacy_permit_rows[action].name;
}
