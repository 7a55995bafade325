/* git add, rm, mv: what is in the index. */
#include "git.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ALL = 1, UPDATE, FORCE, VERBOSE, DRY, INTENT, CACHED, RECURSIVE, QUIET, IGNORE_UNMATCH, MODE, SKIP, REFRESH, NOTHING };

static const struct choice add_choices[] = {
    {ALL, "all", 'A', NONE}, {UPDATE, "update", 'u', NONE}, {FORCE, "force", 'f', NONE}, {VERBOSE, "verbose", 'v', NONE},
    {DRY, "dry-run", 'n', NONE}, {INTENT, "intent-to-add", 'N', NONE}, {MODE, "chmod", 0, NEEDED}, {REFRESH, "refresh", 0, NONE},
    {NOTHING, "ignore-errors", 0, NONE}, {NOTHING, "ignore-removal", 0, NONE}, {NOTHING, "sparse", 0, NONE}, {0},
};
static const struct choice rm_choices[] = {
    {CACHED, "cached", 0, NONE}, {RECURSIVE, NULL, 'r', NONE}, {FORCE, "force", 'f', NONE}, {QUIET, "quiet", 'q', NONE},
    {DRY, "dry-run", 'n', NONE}, {IGNORE_UNMATCH, "ignore-unmatch", 0, NONE}, {NOTHING, "sparse", 0, NONE}, {0},
};
static const struct choice mv_choices[] = {
    {FORCE, "force", 'f', NONE}, {VERBOSE, "verbose", 'v', NONE}, {DRY, "dry-run", 'n', NONE}, {SKIP, NULL, 'k', NONE}, {0},
};

static git_index *open_index(void)
{
    git_index *index;
    if (git_repository_index(&index, repo) < 0) {
        die("%s", why());
    }
    return index;
}

static void write_index(git_index *index)
{
    if (git_index_write(index) < 0) {
        if (git_error_last()->klass == GIT_ERROR_OS || strstr(why(), "lock") != NULL) {
            die("Unable to create '%s.lock': File exists.", git_index_path(index));
        }
        die("%s", why());
    }
}

/* ---- add ---- */

struct adding {
    bool verbose, dry;
    char **given;
    bool *used;
    git_pathspec **patterns;
    int count;
};

/* Notes which of the given paths were good for something. */
static int note_path(const char *path, const char *pattern, void *payload)
{
    struct adding *adding = payload;
    for (int at = 0; at < adding->count; at++) {
        if (adding->patterns[at] == NULL || git_pathspec_matches_path(adding->patterns[at], GIT_PATHSPEC_DEFAULT, path)) {
            adding->used[at] = true;
        }
    }
    if (strncmp(path, ".git/", 5) == 0) {
        return 1;
    }
    if (adding->verbose || adding->dry) {
        struct stat about;
        printf("%s '%s'\n", lstat(path_on_disk(path), &about) == 0 ? "add" : "remove", path);
    }
    return adding->dry;
}

static bool is_tracked_below(git_index *index, const char *path)
{
    size_t at;
    if (git_index_get_bypath(index, path, 0) != NULL || git_index_get_bypath(index, path, 2) != NULL
        || git_index_get_bypath(index, path, 1) != NULL) {
        return true;
    }
    return git_index_find_prefix(&at, index, text("%s/", path)) == 0;
}

/* Ends when a path is neither there nor known; what is ignored is told at the end. */
static void check_given(git_index *index, struct adding *adding, bool force, bool update)
{
    struct texts ignored = {0};
    for (int at = 0; at < adding->count; at++) {
        struct stat about;
        const char *given = adding->given[at];
        bool special = strpbrk(given, "*?[") != NULL || given[0] == ':';
        char *path = special ? NULL : path_in_tree(given);
        if (path == NULL || *path == '\0') {
            continue;
        }
        bool there = lstat(path_on_disk(path), &about) == 0, tracked = is_tracked_below(index, path);
        if (!there && !tracked) {
            die("pathspec '%s' did not match any files", given);
        }
        /* No way through a link. */
        for (char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
            *slash = '\0';
            bool link = lstat(path_on_disk(path), &about) == 0 && S_ISLNK(about.st_mode);
            *slash = '/';
            if (link) {
                die("pathspec '%s' is beyond a symbolic link", given);
            }
        }
        int is_ignored = 0;
        if (there && !tracked && !force && !update && git_ignore_path_is_ignored(&is_ignored, repo, path) == 0 && is_ignored) {
            texts_add(&ignored, path_from_here(path));
        }
    }
    if (ignored.count > 0) {
        say("The following paths are ignored by one of your .gitignore files:");
        for (size_t at = 0; at < ignored.count; at++) {
            say("%s", ignored.list[at]);
        }
        say("hint: Use -f if you really want to add them.\nhint: Disable this message with \"git config advice.addIgnoredFile false\"");
    }
    adding->dry |= false;
    if (ignored.count > 0 && (int)ignored.count == adding->count) {
        exit(ENDED_BADLY);
    }
}

int add_command(int argc, char **argv)
{
    open_repository();
    need_work_tree();
    struct words words = words_of(argc, argv, add_choices);
    bool all = false, update = false, force = false;
    struct adding adding = {0};
    const char *mode = NULL;
    for (int id; (id = next_option(&words)) != 0;) {
        switch (id) {
        case ALL: all = !words.negated; break;
        case UPDATE: update = true; break;
        case FORCE: force = true; break;
        case VERBOSE: adding.verbose = true; break;
        case DRY: adding.dry = true; break;
        case INTENT: die("--intent-to-add is not supported here");
        case MODE: mode = words.value; break;
        default: break;
        }
    }
    if (all && update) {
        die("options '-A' and '-u' cannot be used together");
    }
    if (words.rest_count == 0 && !all && !update) {
        say("Nothing specified, nothing added.\nhint: Maybe you wanted to say 'git add .'?\n"
            "hint: Disable this message with \"git config advice.addEmptyPathspec false\"");
        return ENDED_WELL;
    }
    git_index *index = open_index();
    adding.given = words.rest;
    adding.count = words.rest_count;
    adding.used = room(NULL, (size_t)words.rest_count);
    memset(adding.used, 0, (size_t)words.rest_count);
    adding.patterns = room(NULL, ((size_t)words.rest_count + 1) * sizeof *adding.patterns);
    for (int at = 0; at < words.rest_count; at++) {
        git_strarray one = paths_in_tree(&words.rest[at], 1);
        adding.patterns[at] = NULL;
        if (one.count > 0) {
            must(git_pathspec_new(&adding.patterns[at], &one));
        }
    }
    check_given(index, &adding, force, update);
    git_strarray paths = paths_in_tree(words.rest, words.rest_count);
    int result;
    if (update) {
        result = git_index_update_all(index, &paths, note_path, &adding);
    }
    else {
        result = git_index_add_all(index, &paths, force ? GIT_INDEX_ADD_FORCE : GIT_INDEX_ADD_DEFAULT, note_path, &adding);
        if (result >= 0) {
            result = git_index_update_all(index, &paths, note_path, &adding);
        }
    }
    if (result < 0) {
        die("%s", why());
    }
    for (int at = 0; at < adding.count; at++) {
        bool pattern = strpbrk(adding.given[at], "*?[") != NULL;
        git_pathspec_match_list *found;
        if (pattern && !adding.used[at] && adding.patterns[at] != NULL
            && git_pathspec_match_index(&found, index, GIT_PATHSPEC_NO_MATCH_ERROR, adding.patterns[at]) != 0) {
            die("pathspec '%s' did not match any files", adding.given[at]);
        }
    }
    for (int at = 0; mode != NULL && at < words.rest_count; at++) {
        const git_index_entry *entry = git_index_get_bypath(index, path_in_tree(words.rest[at]), 0);
        if (entry != NULL && strlen(mode) == 2 && mode[1] == 'x') {
            git_index_entry changed = *entry;
            changed.mode = mode[0] == '+' ? GIT_FILEMODE_BLOB_EXECUTABLE : GIT_FILEMODE_BLOB;
            must(git_index_add(index, &changed));
        }
    }
    if (!adding.dry) {
        write_index(index);
    }
    return ENDED_WELL;
}

/* ---- rm ---- */

/* Whether a file may be taken away without loss; says in which way not. */
static int why_kept(const char *path, bool cached)
{
    unsigned status = 0;
    if (git_status_file(&status, repo, path) != 0) {
        return 0;
    }
    bool staged = (status & (GIT_STATUS_INDEX_NEW | GIT_STATUS_INDEX_MODIFIED | GIT_STATUS_INDEX_TYPECHANGE)) != 0;
    bool changed = (status & (GIT_STATUS_WT_MODIFIED | GIT_STATUS_WT_TYPECHANGE)) != 0;
    return staged && changed ? 3 : cached ? 0 : staged ? 1 : changed ? 2 : 0;
}

static void remove_empty_folders(char *path)
{
    for (char *slash; (slash = strrchr(path, '/')) != NULL;) {
        *slash = '\0';
        if (rmdir(path_on_disk(path)) != 0) {
            break;
        }
    }
}

static void put_kept(const struct texts *kept, const char *what, const char *hint)
{
    if (kept->count == 0) {
        return;
    }
    char *all = text("the following file%s %s:", kept->count == 1 ? " has" : "s have", what);
    for (size_t at = 0; at < kept->count; at++) {
        all = text("%s\n    %s", all, kept->list[at]);
    }
    complain("%s\n%s", all, hint);
}

int rm_command(int argc, char **argv)
{
    open_repository();
    struct words words = words_of(argc, argv, rm_choices);
    bool cached = false, recursive = false, force = false, quiet = false, dry = false, unmatched_is_well = false;
    for (int id; (id = next_option(&words)) != 0;) {
        switch (id) {
        case CACHED: cached = true; break;
        case RECURSIVE: recursive = true; break;
        case FORCE: force = true; break;
        case QUIET: quiet = true; break;
        case DRY: dry = true; break;
        case IGNORE_UNMATCH: unmatched_is_well = true; break;
        default: break;
        }
    }
    if (!cached) {
        need_work_tree();
    }
    if (words.rest_count == 0) {
        die("No pathspec was given. Which files should I remove?");
    }
    git_index *index = open_index();
    struct texts found = {0};
    for (int given = 0; given < words.rest_count; given++) {
        git_strarray one = paths_in_tree(&words.rest[given], 1);
        git_pathspec *pattern = NULL;
        if (one.count > 0) {
            must(git_pathspec_new(&pattern, &one));
        }
        bool any = false;
        for (size_t at = 0; at < git_index_entrycount(index); at++) {
            const char *path = git_index_get_byindex(index, at)->path;
            if (pattern != NULL && !git_pathspec_matches_path(pattern, GIT_PATHSPEC_DEFAULT, path)) {
                continue;
            }
            any = true;
            bool itself = one.count > 0 && (strcmp(one.strings[0], path) == 0 || strpbrk(one.strings[0], "*?[") != NULL);
            if (!itself && !recursive) {
                die("not removing '%s' recursively without -r", words.rest[given]);
            }
            if (!texts_have(&found, path)) {
                texts_add(&found, path);
            }
        }
        if (!any && !unmatched_is_well) {
            die("pathspec '%s' did not match any files", words.rest[given]);
        }
    }
    struct texts kept[4] = {0};
    for (size_t at = 0; at < found.count && !force; at++) {
        texts_add(&kept[why_kept(found.list[at], cached)], found.list[at]);
    }
    put_kept(&kept[3], "staged content different from both the\nfile and the HEAD", "(use -f to force removal)");
    put_kept(&kept[1], "changes staged in the index", "(use --cached to keep the file, or -f to force removal)");
    put_kept(&kept[2], "local modifications", "(use --cached to keep the file, or -f to force removal)");
    if (kept[1].count + kept[2].count + kept[3].count > 0) {
        return ENDED_BADLY;
    }
    for (size_t at = 0; at < found.count; at++) {
        char *path = found.list[at];
        if (!quiet) {
            printf("rm '%s'\n", path);
        }
        if (dry) {
            continue;
        }
        must(git_index_remove_bypath(index, path));
        if (!cached) {
            if (!remove_from_tree(path) && errno != ENOENT && errno != ENOTDIR) {
                die("git rm: '%s': %s", path, strerror(errno));
            }
            remove_empty_folders(path);
        }
    }
    if (!dry) {
        write_index(index);
    }
    return ENDED_WELL;
}

/* ---- mv ---- */

struct move {
    char *from, *to;
};

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

/* Gives the entries of a file or a folder another name in the index. */
static void move_entries(git_index *index, const char *from, const char *to)
{
    size_t length = strlen(from);
    struct texts names = {0};
    for (size_t at = 0; at < git_index_entrycount(index); at++) {
        const char *path = git_index_get_byindex(index, at)->path;
        if (strncmp(path, from, length) == 0 && (path[length] == '\0' || path[length] == '/')) {
            texts_add(&names, path);
        }
    }
    for (size_t at = 0; at < names.count; at++) {
        const git_index_entry *entry = git_index_get_bypath(index, names.list[at], 0);
        if (entry == NULL) {
            continue;
        }
        git_index_entry moved = *entry;
        moved.path = text("%s%s", to, names.list[at] + length);
        must(git_index_add(index, &moved));
        must(git_index_remove(index, names.list[at], 0));
    }
}

int mv_command(int argc, char **argv)
{
    open_repository();
    need_work_tree();
    struct words words = words_of(argc, argv, mv_choices);
    bool force = false, verbose = false, dry = false, skip = false;
    for (int id; (id = next_option(&words)) != 0;) {
        switch (id) {
        case FORCE: force = true; break;
        case VERBOSE: verbose = true; break;
        case DRY: dry = true; break;
        case SKIP: skip = true; break;
        default: break;
        }
    }
    if (words.rest_count < 2) {
        usage("git mv [-v] [-f] [-n] [-k] <source> <destination>\n   or: git mv [-v] [-f] [-n] [-k] <source>... <destination-directory>");
    }
    git_index *index = open_index();
    const char *target = words.rest[words.rest_count - 1];
    char *to = path_in_tree(target);
    struct stat about;
    bool into = stat(path_on_disk(to), &about) == 0 && S_ISDIR(about.st_mode);
    if (!into && words.rest_count > 2) {
        die("destination '%s' is not a directory", target);
    }
    for (int at = 0; at < words.rest_count - 1; at++) {
        char *from = path_in_tree(words.rest[at]);
        char *name = !into ? to : *to == '\0' ? text("%s", base_name(from)) : text("%s/%s", to, base_name(from));
        const char *bad = NULL;
        if (lstat(path_on_disk(from), &about) != 0) {
            bad = "bad source";
        }
        else if (!is_tracked_below(index, from)) {
            bad = S_ISDIR(about.st_mode) ? "source directory is empty" : "not under version control";
        }
        else if (lstat(path_on_disk(name), &about) == 0 && !(force && S_ISREG(about.st_mode))) {
            bad = "destination exists";
        }
        if (bad != NULL) {
            if (skip) {
                continue;
            }
            die("%s, source=%s, destination=%s", bad, from, name);
        }
        if (verbose || dry) {
            printf("Renaming %s to %s\n", from, name);
        }
        if (dry) {
            continue;
        }
        if (rename(path_on_disk(from), path_on_disk(name)) != 0) {
            die("renaming '%s' failed: %s", from, strerror(errno));
        }
        move_entries(index, from, name);
    }
    if (!dry) {
        write_index(index);
    }
    return ENDED_WELL;
}
