/* git ls-files, ls-tree, check-ignore: names of files. */
#include "git.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    CACHED = 1, DELETED, MODIFIED, OTHERS, IGNORED, STAGE, UNMERGED, ZERO, EXCLUDE_STANDARD, FULL_NAME, ERROR_UNMATCH, DIRECTORY, RECURSIVE,
    LONG, NAMES, FOLDERS, NOTHING, TREES_TOO, VERBOSE, QUIET, INPUT, TAG, FORMAT, EXCLUDE,
};

static const struct choice files_choices[] = {
    {CACHED, "cached", 'c', NONE}, {DELETED, "deleted", 'd', NONE}, {MODIFIED, "modified", 'm', NONE}, {OTHERS, "others", 'o', NONE},
    {IGNORED, "ignored", 'i', NONE}, {STAGE, "stage", 's', NONE}, {UNMERGED, "unmerged", 'u', NONE}, {ZERO, NULL, 'z', NONE},
    {EXCLUDE_STANDARD, "exclude-standard", 0, NONE}, {FULL_NAME, "full-name", 0, NONE}, {ERROR_UNMATCH, "error-unmatch", 0, NONE},
    {DIRECTORY, "directory", 0, NONE}, {TAG, NULL, 't', NONE}, {NOTHING, "deduplicate", 0, NONE}, {0},
};
static const struct choice tree_choices[] = {
    {RECURSIVE, NULL, 'r', NONE}, {LONG, "long", 'l', NONE}, {NAMES, "name-only", 0, NONE}, {NAMES, "name-status", 0, NONE},
    {FOLDERS, NULL, 'd', NONE}, {TREES_TOO, NULL, 't', NONE}, {ZERO, NULL, 'z', NONE}, {FULL_NAME, "full-name", 0, NONE},
    {FULL_NAME, "full-tree", 0, NONE}, {NOTHING, "abbrev", 0, OPTIONAL}, {0},
};
static const struct choice ignore_choices[] = {
    {VERBOSE, "verbose", 'v', NONE}, {QUIET, "quiet", 'q', NONE}, {INPUT, "stdin", 0, NONE}, {NOTHING, "no-index", 0, NONE}, {0},
};

struct files {
    bool cached, deleted, modified, others, ignored, stage, unmerged, zero, standard, full, error, folders, tag;
};

static void put_name(const struct files *asked, char tag, const char *path)
{
    if (asked->tag) {
        printf("%c ", tag);
    }
    put_path(asked->full ? path : path_from_here(path), asked->zero ? '\0' : '\n');
}

static void put_others(const struct files *asked, git_strarray paths)
{
    git_status_options options = GIT_STATUS_OPTIONS_INIT;
    options.flags = GIT_STATUS_OPT_INCLUDE_UNTRACKED | (asked->folders ? 0 : GIT_STATUS_OPT_RECURSE_UNTRACKED_DIRS)
                    | GIT_STATUS_OPT_SORT_CASE_SENSITIVELY;
    if (asked->ignored || !asked->standard) {
        options.flags |= GIT_STATUS_OPT_INCLUDE_IGNORED | GIT_STATUS_OPT_RECURSE_IGNORED_DIRS;
    }
    options.pathspec = paths;
    git_status_list *list;
    must(git_status_list_new(&list, repo, &options));
    for (size_t at = 0; at < git_status_list_entrycount(list); at++) {
        const git_status_entry *entry = git_status_byindex(list, at);
        bool is_new = (entry->status & GIT_STATUS_WT_NEW) != 0, is_ignored = (entry->status & GIT_STATUS_IGNORED) != 0;
        if (asked->ignored ? is_ignored : is_new || (is_ignored && !asked->standard)) {
            put_name(asked, '?', entry->index_to_workdir->new_file.path);
        }
    }
}

int ls_files_command(int argc, char **argv)
{
    open_repository();
    struct words words = words_of(argc, argv, files_choices);
    struct files asked = {0};
    for (int id; (id = next_option(&words)) != 0;) {
        switch (id) {
        case CACHED: asked.cached = true; break;
        case DELETED: asked.deleted = true; break;
        case MODIFIED: asked.modified = true; break;
        case OTHERS: asked.others = true; break;
        case IGNORED: asked.ignored = true; break;
        case STAGE: asked.stage = true; break;
        case UNMERGED: asked.unmerged = asked.stage = true; break;
        case ZERO: asked.zero = true; break;
        case EXCLUDE_STANDARD: asked.standard = true; break;
        case FULL_NAME: asked.full = true; break;
        case ERROR_UNMATCH: asked.error = true; break;
        case DIRECTORY: asked.folders = true; break;
        case TAG: asked.tag = true; break;
        default: break;
        }
    }
    bool any = asked.deleted || asked.modified || asked.others || asked.unmerged;
    asked.cached |= !any;
    git_strarray paths = paths_in_tree(words.rest, words.rest_count);
    if (words.rest_count == 0 && *prefix != '\0') {
        paths = paths_in_tree((char *[]){"."}, 1);
    }
    if (asked.others) {
        put_others(&asked, paths);
    }
    git_index *index;
    git_pathspec *pattern = NULL;
    must(git_repository_index(&index, repo));
    if (paths.count > 0) {
        must(git_pathspec_new(&pattern, &paths));
    }
    bool *used = room(NULL, (size_t)words.rest_count + 1);
    memset(used, 0, (size_t)words.rest_count + 1);
    git_pathspec **single = room(NULL, ((size_t)words.rest_count + 1) * sizeof *single);
    for (int which = 0; which < words.rest_count && asked.error; which++) {
        git_strarray one = paths_in_tree(&words.rest[which], 1);
        single[which] = NULL;
        if (one.count > 0) {
            must(git_pathspec_new(&single[which], &one));
        }
    }
    for (size_t at = 0; at < git_index_entrycount(index) && !asked.ignored; at++) {
        const git_index_entry *entry = git_index_get_byindex(index, at);
        if (pattern != NULL && !git_pathspec_matches_path(pattern, GIT_PATHSPEC_DEFAULT, entry->path)) {
            continue;
        }
        for (int which = 0; which < words.rest_count && asked.error; which++) {
            used[which] |= single[which] == NULL || git_pathspec_matches_path(single[which], GIT_PATHSPEC_DEFAULT, entry->path);
        }
        int stage = git_index_entry_stage(entry);
        if (asked.unmerged && stage == 0) {
            continue;
        }
        if (asked.cached || asked.unmerged) {
            if (asked.stage) {
                printf("%06o %s %d\t", entry->mode, whole_id(&entry->id), stage);
            }
            put_name(&asked, stage > 0 ? 'M' : 'H', entry->path);
        }
        if (asked.deleted || asked.modified) {
            unsigned status = 0;
            struct stat about;
            bool gone = lstat(path_on_disk(entry->path), &about) != 0;
            if (gone && asked.deleted) {
                put_name(&asked, 'R', entry->path);
            }
            bool changed = gone || (git_status_file(&status, repo, entry->path) == 0
                                    && (status & (GIT_STATUS_WT_MODIFIED | GIT_STATUS_WT_TYPECHANGE)));
            if (changed && asked.modified) {
                put_name(&asked, 'C', entry->path);
            }
        }
    }
    int status = ENDED_WELL;
    for (int which = 0; which < words.rest_count && asked.error; which++) {
        if (!used[which]) {
            status = complain("pathspec '%s' did not match any file(s) known to git", words.rest[which]);
        }
    }
    if (status != ENDED_WELL) {
        say("Did you forget to 'git add'?");
    }
    return status;
}

/* ---- ls-tree ---- */

struct trees {
    bool recursive, with_sizes, names, folders, trees_too, zero, full;
    git_strarray paths;
};

enum { MOST_DEPTH = 2048 };

/* Whether a path is asked for, lies below what is asked for, or leads to it. */
static bool is_asked(const struct trees *asked, const char *path, bool *leads)
{
    *leads = false;
    size_t length = strlen(path);
    for (size_t at = 0; at < asked->paths.count; at++) {
        const char *wanted = asked->paths.strings[at];
        size_t whole = strlen(wanted);
        bool folder = whole > 0 && wanted[whole - 1] == '/';
        whole -= folder;
        if (strncmp(path, wanted, whole) == 0 && (path[whole] == '\0' || path[whole] == '/')) {
            *leads |= folder && path[whole] == '\0';
            if (!(folder && path[whole] == '\0')) {
                return true;
            }
        }
        *leads |= strncmp(path, wanted, length) == 0 && wanted[length] == '/';
    }
    return asked->paths.count == 0;
}

static void put_tree(const struct trees *asked, git_tree *tree, const char *above, int depth)
{
    for (size_t at = 0; at < git_tree_entrycount(tree) && depth < MOST_DEPTH; at++) {
        const git_tree_entry *entry = git_tree_entry_byindex(tree, at);
        char *path = text("%s%s", above, git_tree_entry_name(entry));
        bool is_tree = git_tree_entry_type(entry) == GIT_OBJECT_TREE, leads, wanted = is_asked(asked, path, &leads);
        bool enters = is_tree && ((wanted && asked->recursive && !asked->folders) || leads || (wanted && asked->recursive && asked->folders));
        bool shown = wanted && (!is_tree || !asked->recursive || asked->trees_too || asked->folders) && (is_tree || !asked->folders);
        if (shown) {
            if (!asked->names) {
                printf("%06o %s %s", git_tree_entry_filemode(entry), git_object_type2string(git_tree_entry_type(entry)),
                       whole_id(git_tree_entry_id(entry)));
                if (asked->with_sizes) {
                    git_blob *blob;
                    if (git_tree_entry_type(entry) == GIT_OBJECT_BLOB && git_blob_lookup(&blob, repo, git_tree_entry_id(entry)) == 0) {
                        printf(" %7lld", (long long)git_blob_rawsize(blob));
                        git_blob_free(blob);
                    }
                    else {
                        printf(" %7s", "-");
                    }
                }
                putchar('\t');
            }
            put_path(asked->full ? path : path_from_here(path), asked->zero ? '\0' : '\n');
        }
        if (enters) {
            git_tree *inner;
            if (git_tree_lookup(&inner, repo, git_tree_entry_id(entry)) == 0) {
                char *head = text("%s/", path);
                put_tree(asked, inner, head, depth + 1);
                free(head);
                git_tree_free(inner);
            }
        }
        free(path);
    }
}

int ls_tree_command(int argc, char **argv)
{
    open_repository();
    struct words words = words_of(argc, argv, tree_choices);
    struct trees asked = {0};
    for (int id; (id = next_option(&words)) != 0;) {
        switch (id) {
        case RECURSIVE: asked.recursive = true; break;
        case LONG: asked.with_sizes = true; break;
        case NAMES: asked.names = true; break;
        case FOLDERS: asked.folders = true; break;
        case TREES_TOO: asked.trees_too = true; break;
        case ZERO: asked.zero = true; break;
        case FULL_NAME: asked.full = true; break;
        default: break;
        }
    }
    if (words.rest_count == 0) {
        usage("git ls-tree [<options>] <tree-ish> [<path>...]");
    }
    git_tree *tree = need_tree(words.rest[0]);
    struct texts paths = {0};
    for (int at = 1; at < words.rest_count; at++) {
        const char *given = words.rest[at];
        char *path = path_in_tree(given);
        if (*path != '\0') {
            texts_add(&paths, given[strlen(given) - 1] == '/' ? text("%s/", path) : path);
        }
    }
    if (words.rest_count == 1 && *prefix != '\0') {
        texts_add(&paths, prefix);
    }
    asked.paths = (git_strarray){paths.list, paths.count};
    put_tree(&asked, tree, "", 0);
    return ENDED_WELL;
}

int check_ignore_command(int argc, char **argv)
{
    open_repository();
    need_work_tree();
    struct words words = words_of(argc, argv, ignore_choices);
    bool quiet = false, input = false;
    for (int id; (id = next_option(&words)) != 0;) {
        quiet |= id == QUIET;
        input |= id == INPUT;
        if (id == VERBOSE) {
            die("--verbose is not supported here");
        }
    }
    struct texts given = {0};
    for (int at = 0; at < words.rest_count; at++) {
        texts_add(&given, words.rest[at]);
    }
    char line[4096];
    while (input && fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        texts_add(&given, line);
    }
    if (given.count == 0 && !input) {
        die("no path specified");
    }
    git_index *index;
    must(git_repository_index(&index, repo));
    int status = ENDED_BADLY;
    for (size_t at = 0; at < given.count; at++) {
        int ignored = 0;
        char *path = path_in_tree(given.list[at]);
        struct stat about;
        if (lstat(given.list[at], &about) == 0 && S_ISDIR(about.st_mode)) {
            path = text("%s/", path);
        }
        if (git_index_get_bypath(index, path, 0) == NULL && git_ignore_path_is_ignored(&ignored, repo, path) == 0 && ignored) {
            status = ENDED_WELL;
            if (!quiet) {
                put_path(given.list[at], '\n');
            }
        }
    }
    return status;
}
