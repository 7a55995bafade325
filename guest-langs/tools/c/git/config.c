/* git config. */
#include "git.h"
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum {
    GLOBAL = 1, SYSTEM, LOCAL, FILE_OF, GET, GET_ALL, GET_REGEXP, ADD, UNSET, UNSET_ALL, REPLACE_ALL, LIST, TYPE, BOOLEAN, INTEGER, DEFAULT,
    ZERO, NAMES_ONLY, ORIGIN, SCOPE, REMOVE_SECTION, RENAME_SECTION, EDIT, NOTHING, PATH,
};

static const struct choice choices[] = {
    {GLOBAL, "global", 0, NONE}, {SYSTEM, "system", 0, NONE}, {LOCAL, "local", 0, NONE}, {LOCAL, "worktree", 0, NONE},
    {FILE_OF, "file", 'f', NEEDED}, {GET, "get", 0, NONE}, {GET_ALL, "get-all", 0, NONE}, {GET_REGEXP, "get-regexp", 0, NONE},
    {ADD, "add", 0, NONE}, {UNSET, "unset", 0, NONE}, {UNSET_ALL, "unset-all", 0, NONE}, {REPLACE_ALL, "replace-all", 0, NONE},
    {LIST, "list", 'l', NONE}, {TYPE, "type", 0, NEEDED}, {BOOLEAN, "bool", 0, NONE}, {INTEGER, "int", 0, NONE}, {PATH, "path", 0, NONE},
    {DEFAULT, "default", 0, NEEDED}, {ZERO, "null", 'z', NONE}, {NAMES_ONLY, "name-only", 0, NONE}, {ORIGIN, "show-origin", 0, NONE},
    {SCOPE, "show-scope", 0, NONE}, {REMOVE_SECTION, "remove-section", 0, NONE}, {RENAME_SECTION, "rename-section", 0, NONE},
    {EDIT, "edit", 'e', NONE}, {NOTHING, "includes", 0, NONE}, {NOTHING, "all", 0, NONE}, {0},
};

/* Status of a key that is not there, and of one that is no key. */
enum { NOT_THERE = 1, NO_KEY = 1, NOTHING_TO_UNSET = 5 };

struct asked {
    int action, place;
    const char *file, *otherwise;
    enum { AS_IT_IS, AS_BOOLEAN, AS_INTEGER, AS_PATH } type;
    bool zero, names_only, origin, scope;
};

static const char *scope_name(git_config_level_t level)
{
    switch (level) {
    case GIT_CONFIG_LEVEL_SYSTEM: case GIT_CONFIG_LEVEL_PROGRAMDATA: return "system";
    case GIT_CONFIG_LEVEL_XDG: case GIT_CONFIG_LEVEL_GLOBAL: return "global";
    case GIT_CONFIG_LEVEL_LOCAL: return "local";
    case GIT_CONFIG_LEVEL_WORKTREE: return "worktree";
    default: return "command";
    }
}

/* The one file that is meant, or all of them. */
static git_config *open_place(const struct asked *asked, bool writes)
{
    git_config *all, *one;
    char *path = NULL;
    if (asked->file != NULL) {
        path = text("%s", asked->file);
    }
    else if (asked->place == GLOBAL) {
        const char *named = getenv("GIT_CONFIG_GLOBAL"), *home = getenv("HOME");
        if (named == NULL && home == NULL) {
            die("$HOME not set");
        }
        path = named != NULL ? text("%s", named) : text("%s/.gitconfig", home);
    }
    else if (asked->place == SYSTEM) {
        path = text("/etc/gitconfig");
    }
    else if (repo == NULL && (writes || asked->place == LOCAL)) {
        die(writes ? "not in a git directory" : "--local can only be used inside a git repository");
    }
    if (path != NULL) {
        if (!writes && access(path, R_OK) != 0) {
            if (asked->action == LIST) {
                die("unable to read config file '%s': No such file or directory", path);
            }
        }
        if (git_config_open_ondisk(&one, path) < 0) {
            die("%s", why());
        }
        return one;
    }
    all = configuration();
    if (asked->place == LOCAL || writes) {
        must(git_config_open_level(&one, all, GIT_CONFIG_LEVEL_LOCAL));
        return one;
    }
    return all;
}

static char *typed(const struct asked *asked, const char *name, const char *value)
{
    int on;
    int64_t number;
    switch (asked->type) {
    case AS_BOOLEAN:
        if (value == NULL) {
            return "true";
        }
        if (git_config_parse_bool(&on, value) != 0) {
            die("bad boolean config value '%s' for '%s'", value, name);
        }
        return on ? "true" : "false";
    case AS_INTEGER:
        if (git_config_parse_int64(&number, value) != 0) {
            die("bad numeric config value '%s' for '%s': invalid unit", value, name);
        }
        return text("%lld", (long long)number);
    case AS_PATH:
        return strncmp(value, "~/", 2) == 0 && getenv("HOME") != NULL ? text("%s%s", getenv("HOME"), value + 1) : text("%s", value);
    default: return value == NULL ? "" : text("%s", value);
    }
}

static void put_entry(const struct asked *asked, const git_config_entry *entry, bool with_name)
{
    char end = asked->zero ? '\0' : '\n';
    if (asked->scope) {
        printf("%s%c", scope_name(entry->level), asked->zero ? '\0' : '\t');
    }
    if (asked->origin) {
        printf("%s:%s%c", entry->origin_path == NULL ? "command line" : "file", entry->origin_path == NULL ? "" : entry->origin_path,
               asked->zero ? '\0' : '\t');
    }
    if (with_name) {
        fputs(entry->name, stdout);
        if (!asked->names_only) {
            putchar(asked->zero ? '\n' : asked->action == LIST ? '=' : ' ');
        }
    }
    if (!with_name || !asked->names_only) {
        fputs(typed(asked, entry->name, entry->value), stdout);
    }
    putchar(end);
}

static int list(const struct asked *asked, const char *pattern)
{
    git_config_iterator *entries;
    git_config_entry *entry;
    git_config *config = open_place(asked, false);
    regex_t compiled;
    if (pattern != NULL && regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB) != 0) {
        fail("invalid key pattern: %s", pattern);
    }
    int status = pattern == NULL ? ENDED_WELL : NOT_THERE;
    must(git_config_iterator_new(&entries, config));
    while (git_config_next(&entry, entries) == 0) {
        if (pattern == NULL || regexec(&compiled, entry->name, 0, NULL, 0) == 0) {
            put_entry(asked, entry, true);
            status = ENDED_WELL;
        }
    }
    return status;
}

static void check_key(const char *name)
{
    const char *dot = strchr(name, '.'), *last = strrchr(name, '.');
    if (dot == NULL) {
        fail("key does not contain a section: %s", name);
    }
    if (last[1] == '\0') {
        exit(complain("key does not contain variable name: %s", name) + 1);
    }
    for (const char *at = name; *at != '\0'; at++) {
        bool letter = (*at | 0x20) >= 'a' && (*at | 0x20) <= 'z', digit = *at >= '0' && *at <= '9';
        if ((at < dot || at > last) && !letter && !digit && *at != '-') {
            fail("invalid key: %s", name);
        }
    }
}

static int get(const struct asked *asked, const char *name)
{
    check_key(name);
    git_config *config = open_place(asked, false);
    git_config_entry *entry;
    if (asked->action == GET_ALL) {
        git_config_iterator *entries;
        int status = NOT_THERE;
        must(git_config_multivar_iterator_new(&entries, config, name, NULL));
        while (git_config_next(&entry, entries) == 0) {
            put_entry(asked, entry, false);
            status = ENDED_WELL;
        }
        return status;
    }
    if (git_config_get_entry(&entry, config, name) != 0) {
        if (asked->otherwise == NULL) {
            return NOT_THERE;
        }
        puts(typed(asked, name, asked->otherwise));
        return ENDED_WELL;
    }
    put_entry(asked, entry, false);
    return ENDED_WELL;
}

/* Writes; ends with git's words when the file cannot be. */
static int set(const struct asked *asked, const char *name, const char *value)
{
    check_key(name);
    git_config *config = open_place(asked, true);
    char *stored = asked->type == AS_IT_IS || asked->type == AS_PATH ? text("%s", value) : typed(asked, name, value);
    int result;
    if (asked->action == ADD) {
        result = git_config_set_multivar(config, name, "$^", stored);
    }
    else {
        int count = 0;
        git_config_iterator *entries;
        git_config_entry *entry;
        must(git_config_multivar_iterator_new(&entries, config, name, NULL));
        while (git_config_next(&entry, entries) == 0) {
            count++;
        }
        git_config_iterator_free(entries);
        if (count > 1 && asked->action != REPLACE_ALL) {
            say("warning: %s has multiple values", name);
            say("error: cannot overwrite multiple values with a single value\n"
                "       Use a regexp, --add or --replace-all to change %s.", name);
            return NOTHING_TO_UNSET;
        }
        if (count > 1) {
            must(git_config_delete_multivar(config, name, ".*"));
        }
        result = git_config_set_string(config, name, stored);
    }
    if (result < 0) {
        fail("could not lock config file: %s", why());
    }
    return ENDED_WELL;
}

static int unset(const struct asked *asked, const char *name)
{
    check_key(name);
    git_config *config = open_place(asked, true);
    int result = git_config_delete_multivar(config, name, ".*");
    if (result == GIT_ENOTFOUND) {
        return NOTHING_TO_UNSET;
    }
    must(result);
    return ENDED_WELL;
}

static int remove_section(const struct asked *asked, const char *name, const char *new_name)
{
    git_config *config = open_place(asked, true);
    git_config_iterator *entries;
    git_config_entry *entry;
    struct texts names = {0}, values = {0};
    size_t length = strlen(name);
    must(git_config_iterator_new(&entries, config));
    while (git_config_next(&entry, entries) == 0) {
        const char *last = strrchr(entry->name, '.');
        if (last != NULL && (size_t)(last - entry->name) == length && strncasecmp(entry->name, name, length) == 0) {
            texts_add(&names, entry->name);
            texts_add(&values, entry->value);
        }
    }
    git_config_iterator_free(entries);
    if (names.count == 0) {
        die("no such section: %s", name);
    }
    for (size_t at = 0; at < names.count; at++) {
        git_config_delete_multivar(config, names.list[at], ".*");
    }
    for (size_t at = 0; new_name != NULL && at < names.count; at++) {
        must(git_config_set_multivar(config, text("%s%s", new_name, names.list[at] + length), "$^", values.list[at]));
    }
    return ENDED_WELL;
}

/* The newer form, with a word for what is to be done. */
static int action_of_word(const char *word)
{
    static const struct {
        const char *word;
        int action;
    } known[] = {{"list", LIST}, {"get", GET}, {"set", REPLACE_ALL}, {"unset", UNSET}, {"edit", EDIT}, {"remove-section", REMOVE_SECTION}, {"rename-section", RENAME_SECTION}};
    for (size_t at = 0; at < sizeof known / sizeof *known; at++) {
        if (strcmp(known[at].word, word) == 0) {
            return known[at].action;
        }
    }
    return 0;
}

int config_command(int argc, char **argv)
{
    find_repository();
    struct words words = words_of(argc, argv, choices);
    struct asked asked = {0};
    for (int id; (id = next_option(&words)) != 0;) {
        switch (id) {
        case GLOBAL: case SYSTEM: case LOCAL: asked.place = id; break;
        case FILE_OF: asked.file = words.value; break;
        case DEFAULT: asked.otherwise = words.value; break;
        case ZERO: asked.zero = true; break;
        case NAMES_ONLY: asked.names_only = true; break;
        case ORIGIN: asked.origin = true; break;
        case SCOPE: asked.scope = true; break;
        case BOOLEAN: asked.type = AS_BOOLEAN; break;
        case INTEGER: asked.type = AS_INTEGER; break;
        case PATH: asked.type = AS_PATH; break;
        case TYPE:
            asked.type = strcmp(words.value, "bool") == 0 ? AS_BOOLEAN : strcmp(words.value, "int") == 0 ? AS_INTEGER
                       : strcmp(words.value, "path") == 0 ? AS_PATH : AS_IT_IS;
            break;
        case NOTHING: break;
        default: asked.action = id;
        }
    }
    char **rest = words.rest;
    int count = words.rest_count;
    if (asked.action == 0 && count > 0 && action_of_word(rest[0]) != 0) {
        asked.action = action_of_word(rest[0]);
        rest++;
        count--;
    }
    switch (asked.action) {
    case LIST: return list(&asked, NULL);
    case GET_REGEXP:
        if (count == 1) {
            return list(&asked, rest[0]);
        }
        break;
    case GET: case GET_ALL:
        if (count >= 1) {
            return get(&asked, rest[0]);
        }
        break;
    case UNSET: case UNSET_ALL:
        if (count >= 1) {
            return unset(&asked, rest[0]);
        }
        break;
    case REMOVE_SECTION: case RENAME_SECTION:
        if (count == 1 + (asked.action == RENAME_SECTION)) {
            return remove_section(&asked, rest[0], count > 1 ? rest[1] : NULL);
        }
        break;
    case EDIT: die("an editor for settings is not supported here; use git config NAME VALUE");
    default:
        if (count == 1 && asked.action == 0) {
            return get(&asked, rest[0]);
        }
        if (count == 2 || count == 3) {
            return set(&asked, rest[0], rest[1]);
        }
    }
    usage("git config [<options>]");
}
