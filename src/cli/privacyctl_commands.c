/*
 * privacyctl: the commands and what is said about them.
 */

#include "privacyctl.h"


#define CTL_GRANT_OPTIONS                                                     \
    "ACCOUNT ORGANIZATION [--role ROLE] [--cameras ID,...]\n"                 \
    "    [--exports | --no-exports] [--users USER,... | --any-user]\n"        \
    "    [--reason TEXT] [--starts-at TIME] [--expires-at TIME]\n"            \
    "    [--grantee-level integrator|vendor]"

#define CTL_GRANT_HELP                                                        \
    "TIME is like 2026-11-22T05:00:00Z, or \"none\".  Roles: "               \
    "administrator_full,\nadministrator_restricted (the default), user_full, "\
    "user_restricted, and those of\nthe configuration.  User roles need "     \
    "cameras, administrator roles have them all.\nThe level is needed where " \
    "the organization is none of the account's\nintegrators.  A vendor's "    \
    "grant ends after 24 hours at the latest.\n"


const ctl_command_t  ctl_commands[CTL_COMMANDS] = {

    { "account put", PRIVACY_ACTION_PUT_ACCOUNT, 2, 2,
      "ACCOUNT FILE",
      "Creates the account or replaces its profile.  FILE, or the standard "
      "input if it\nis \"-\", holds JSON: {\"name\": TEXT, \"integrators\": "
      "[ID], \"administrators\":\n[{\"name\", \"username\", \"email\"}], "
      "\"cameras\": [{\"id\", \"name\"}]}.\n\nA new account is restricted if "
      "it has cameras, else unrestricted.\n" },

    { "account get", PRIVACY_ACTION_GET_ACCOUNT, 1, 1,
      "ACCOUNT",
      "Shows the account: profile, access, exclusion.\n" },

    { "account delete", PRIVACY_ACTION_DELETE_ACCOUNT, 1, 1,
      "ACCOUNT",
      "Deletes every key of the account: grants and log included.\n" },

    { "allow", PRIVACY_ACTION_ALLOW, 1, 1,
      "ACCOUNT [--exports]",
      "Allows the account's service providers to access it: until the next "
      "reset, or\nfor good as long as it has no cameras.\n" },

    { "disallow", PRIVACY_ACTION_DISALLOW, 1, 1,
      "ACCOUNT",
      "Restricts the account.\n" },

    { "grant", PRIVACY_ACTION_GRANT, 2, 2,
      CTL_GRANT_OPTIONS,
      "Gives support access to an organization.  A grant that is in force is "
      "replaced\nand keeps its end unless told otherwise.\n\n"
      CTL_GRANT_HELP },

    { "update", PRIVACY_ACTION_UPDATE, 2, 2,
      CTL_GRANT_OPTIONS,
      "Changes what is told of a grant in force, and nothing else.\n\n"
      CTL_GRANT_HELP },

    { "revoke", PRIVACY_ACTION_REVOKE, 2, 2,
      "ACCOUNT ORGANIZATION",
      "Takes a grant back.\n" },

    { "grants", PRIVACY_ACTION_GRANTS, 1, 1,
      "ACCOUNT",
      "Lists the grants of the account, also those that a portal wrote by "
      "itself: all\nkeys of the store are walked, in short steps.  With a "
      "million accounts that\ntakes some seconds.\n" },

    { "exclude", PRIVACY_ACTION_EXCLUDE, 1, 1,
      "ACCOUNT [--organizations ID,...] --reason TEXT",
      "Puts the account on the exclusion list: the nightly reset leaves it "
      "open, for\neverybody or for the named organizations.\n" },

    { "include", PRIVACY_ACTION_INCLUDE, 1, 1,
      "ACCOUNT",
      "Takes the account off the exclusion list.\n" },

    { "list", PRIVACY_ACTION_LIST, 0, 0,
      "[--organization ID] [--limit N] [--cursor CURSOR]",
      "Lists accounts: all of them, or those that the organization sees, with "
      "its own\ngrants.  With --limit or --cursor only one page.\n" },

    { "explain", PRIVACY_ACTION_EXPLAIN, 1, 1,
      "ACCOUNT --for-user USER --for-organization ID\n"
      "    --for-level LEVEL --resource RESOURCE [--camera ID]\n"
      "    [--registry on|off] [--providers on|off]",
      "Says what the gate would say, why, on what facts, and until when.\n"
      "LEVEL: client_admin, client, integrator, vendor, federated.  RESOURCE: "
      "system,\nmanage, live, archive, export.  --registry and --providers "
      "are as in nginx\n(privacy_camera_registry, privacy_providers), on "
      "unless told otherwise.\n" },

    { "sweep", PRIVACY_ACTION_SWEEP, 0, 0,
      "[--if-due | --status]",
      "Restricts all accounts with cameras that are not excluded, removes "
      "what has\nended and what points nowhere, trims logs.  --if-due: "
      "nothing if that was done\nsince the last reset, and waits for another "
      "sweep that is running.  --status:\nshows when the last one was.\n" },

    { "watch", PRIVACY_ACTION_NONE, 0, 1,
      "[ACCOUNT]",
      "Follows the changes of access as they happen.\n" }
};


void
ctl_usage(FILE *out)
{
    size_t  i;

    fprintf(out,
            "Usage: privacyctl [OPTION]... COMMAND [ARGUMENT]...\n"
            "\n"
            "Who may see whose camera video: every change of access.\n"
            "\n"
            "Commands (\"privacyctl COMMAND --help\" says more):\n");

    for (i = 0; i < CTL_COMMANDS; i++) {
        fprintf(out, "  %s\n", ctl_commands[i].name);
    }

    fprintf(out,
            "\n"
            "Options of all commands:\n"
            "  --redis ADDRESS       HOST:PORT, [IPV6]:PORT or unix:PATH; "
            "else $PRIVACY_REDIS,\n"
            "                        else the file, else 127.0.0.1:6379\n"
            "  --password-file PATH  its first line is the password\n"
            "  --user-name NAME      of the store's ACL\n"
            "  --db N, --prefix P, --timeout SECONDS\n"
            "  --tls, --tls-ca, --tls-cert, --tls-key PATH, --tls-name NAME\n"
            "  --config PATH         else $PRIVACYCTL_CONFIG, else "
            "~/.privacyctl, else\n"
            "                        /etc/privacyctl.conf\n"
            "  --reset, --grant-ttl, --log-retention\n"
            "                        as nginx has them; better in the file, "
            "with the roles\n"
            "  --json                JSON instead of tables\n"
            "  --quiet               no output but errors\n"
            "  --by NAME             who it is for record and log (the "
            "login)\n"
            "  --level, --organization, --user\n"
            "                        act as this requester, under the same "
            "rules as the API;\n"
            "                        without any of them everything is open\n"
            "\n"
            "Exit status: 0 done, 1 refused or not found, 2 wrong usage, "
            "3 store not reachable.\n");
}


void
ctl_help(FILE *out, const ctl_command_t *command)
{
    fprintf(out, "Usage: privacyctl %s %s\n\n%s", command->name,
            command->usage, command->help);

    if (CTL_CHANGING & CTL_BIT(command - ctl_commands)) {
        fprintf(out,
                "\n"
                "Only if the record is still the same or, with \"*\", there "
                "at all, or not\n(ETAG: its SHA-1 in double quotes, as in "
                "HTTP):\n"
                "  --if-match ETAG, --if-none-match ETAG\n");
    }

    fprintf(out, "\nOptions of all commands: privacyctl --help\n");
}
