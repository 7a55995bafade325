/* git remote. */
#include "git.h"
#include <stdlib.h>
#include <string.h>

enum { VERBOSE = 1, FETCH, PUSH, ALL, ADD, DELETE, TRACK, MASTER, MIRROR, TAGS };

static const struct choice choices[] = {{VERBOSE, "verbose", 'v', NONE}, {0}};
static const struct choice add_choices[] = {
    {FETCH, "fetch", 'f', NONE}, {TRACK, "track", 't', NEEDED}, {MASTER, "master", 'm', NEEDED}, {MIRROR, "mirror", 0, OPTIONAL},
    {TAGS, "tags", 0, NONE}, {0},
};
static const struct choice url_choices[] = {
    {PUSH, "push", 0, NONE}, {ALL, "all", 0, NONE}, {ADD, "add", 0, NONE}, {DELETE, "delete", 0, NONE}, {0},
};

enum { NO_SUCH_REMOTE = 2, REMOTE_EXISTS = 3 };

static git_remote *need_remote(const char *name)
{
    git_remote *remote;
    if (git_remote_lookup(&remote, repo, name) != 0) {
        complain("No such remote '%s'", name);
        exit(NO_SUCH_REMOTE);
    }
    return remote;
}

static int list(bool verbose)
{
    git_strarray found;
    must(git_remote_list(&found, repo));
    struct texts names = {0};
    for (size_t at = 0; at < found.count; at++) {
        texts_add(&names, found.strings[at]);
    }
    texts_sort(&names);
    for (size_t at = 0; at < names.count; at++) {
        if (!verbose) {
            puts(names.list[at]);
            continue;
        }
        git_remote *remote = need_remote(names.list[at]);
        const char *url = git_remote_url(remote), *push = git_remote_pushurl(remote);
        printf("%s\t%s (fetch)\n%s\t%s (push)\n", names.list[at], url, names.list[at], push == NULL ? url : push);
    }
    return ENDED_WELL;
}

static int add(int argc, char **argv)
{
    struct words words = words_of(argc, argv, add_choices);
    bool fetches = false;
    for (int id; (id = next_option(&words)) != 0;) {
        fetches |= id == FETCH;
    }
    if (words.rest_count != 2) {
        usage("git remote add [<options>] <name> <url>");
    }
    int valid = 0;
    git_remote *remote;
    if (git_remote_name_is_valid(&valid, words.rest[0]) != 0 || !valid) {
        die("'%s' is not a valid remote name", words.rest[0]);
    }
    int result = git_remote_create(&remote, repo, words.rest[0], words.rest[1]);
    if (result == GIT_EEXISTS) {
        complain("remote %s already exists.", words.rest[0]);
        return REMOTE_EXISTS;
    }
    must(result);
    if (fetches) {
        printf("Updating %s\n", words.rest[0]);
        fflush(stdout);
        char *words_of_fetch[] = {"fetch", words.rest[0], NULL};
        if (fetch_command(2, words_of_fetch) != ENDED_WELL) {
            return complain("Could not fetch %s", words.rest[0]);
        }
    }
    return ENDED_WELL;
}

static int get_url(int argc, char **argv)
{
    struct words words = words_of(argc, argv, url_choices);
    bool push = false;
    for (int id; (id = next_option(&words)) != 0;) {
        push |= id == PUSH;
    }
    if (words.rest_count != 1) {
        usage("git remote get-url [--push] [--all] <name>");
    }
    git_remote *remote = need_remote(words.rest[0]);
    puts(push && git_remote_pushurl(remote) != NULL ? git_remote_pushurl(remote) : git_remote_url(remote));
    return ENDED_WELL;
}

static int set_url(int argc, char **argv)
{
    struct words words = words_of(argc, argv, url_choices);
    bool push = false;
    for (int id; (id = next_option(&words)) != 0;) {
        push |= id == PUSH;
    }
    if (words.rest_count < 2) {
        usage("git remote set-url [--push] <name> <newurl> [<oldurl>]");
    }
    need_remote(words.rest[0]);
    must(push ? git_remote_set_pushurl(repo, words.rest[0], words.rest[1]) : git_remote_set_url(repo, words.rest[0], words.rest[1]));
    return ENDED_WELL;
}

static int show(const char *name)
{
    git_remote *remote = need_remote(name);
    const char *url = git_remote_url(remote);
    if (is_remote_url(url)) {
        die_no_network("remote show", url);
    }
    printf("* remote %s\n  Fetch URL: %s\n  Push  URL: %s\n", name, url, git_remote_pushurl(remote) == NULL ? url : git_remote_pushurl(remote));
    return ENDED_WELL;
}

int remote_command(int argc, char **argv)
{
    open_repository();
    struct words words = words_of(argc, argv, choices);
    words.stops = true;
    bool verbose = false;
    for (int id; (id = next_option(&words)) != 0;) {
        verbose |= id == VERBOSE;
    }
    if (words.rest_count == 0) {
        return list(verbose);
    }
    int count = words.rest_count;
    char **rest = words.rest;
    const char *action = rest[0];
    if (strcmp(action, "add") == 0) {
        return add(count, rest);
    }
    if (strcmp(action, "get-url") == 0) {
        return get_url(count, rest);
    }
    if (strcmp(action, "set-url") == 0) {
        return set_url(count, rest);
    }
    if ((strcmp(action, "remove") == 0 || strcmp(action, "rm") == 0) && count == 2) {
        git_remote *remote;
        if (git_remote_lookup(&remote, repo, rest[1]) != 0) {
            complain("No such remote: '%s'", rest[1]);
            return NO_SUCH_REMOTE;
        }
        must(git_remote_delete(repo, rest[1]));
        return ENDED_WELL;
    }
    if (strcmp(action, "rename") == 0 && count == 3) {
        git_strarray problems = {0};
        git_remote *other;
        need_remote(rest[1]);
        if (git_remote_lookup(&other, repo, rest[2]) == 0) {
            die("remote %s already exists.", rest[2]);
        }
        must(git_remote_rename(&problems, repo, rest[1], rest[2]));
        return ENDED_WELL;
    }
    if (strcmp(action, "show") == 0 && count == 1) {
        return list(false);
    }
    if (strcmp(action, "show") == 0 && count == 2) {
        return show(rest[1]);
    }
    if (strcmp(action, "prune") == 0 && count >= 2) {
        char *words_of_fetch[] = {"fetch", "--prune", rest[count - 1], NULL};
        return fetch_command(3, words_of_fetch);
    }
    complain("unknown subcommand: `%s'", action);
    usage("git remote [-v | --verbose]\n   or: git remote add <name> <url>\n   or: git remote rename <old> <new>\n   or: git remote remove <name>\n"
          "   or: git remote get-url <name>\n   or: git remote set-url <name> <newurl>");
}
