/* git reset, and clean. */
#include "git.h"
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SOFT = 1, MIXED, HARD, MERGE, KEEP, QUIET, NOTHING, FORCE, DRY, FOLDERS, IGNORED_TOO, ONLY_IGNORED, EXCEPT };

static const struct choice reset_choices[] = {
    {SOFT, "soft", 0, NONE}, {MIXED, "mixed", 0, NONE}, {HARD, "hard", 0, NONE}, {MERGE, "merge", 0, NONE}, {KEEP, "keep", 0, NONE},
    {QUIET, "quiet", 'q', NONE}, {NOTHING, "refresh", 0, NONE}, {0},
};
static const struct choice clean_choices[] = {
    {FORCE, "force", 'f', NONE}, {DRY, "dry-run", 'n', NONE}, {FOLDERS, NULL, 'd', NONE}, {IGNORED_TOO, NULL, 'x', NONE},
    {ONLY_IGNORED, NULL, 'X', NONE}, {QUIET, "quiet", 'q', NONE}, {EXCEPT, "exclude", 'e', NEEDED}, {0},
};

/* What a mixed reset leaves changed. */
static void put_unstaged(bool quiet)
{
    git_diff *diff;
    struct patch_look look = {.status = true, .no_renames = true, .quiet = quiet};
    git_diff_options options = patch_options(&look, (git_strarray){0});
    if (quiet || git_repository_is_bare(repo)) {
        return;
    }
    must(git_diff_index_to_workdir(&diff, repo, NULL, &options));
    if (git_diff_num_deltas(diff) > 0) {
        puts("Unstaged changes after reset:");
        put_diff(diff, &look);
    }
}

static void read_into_index(git_tree *tree)
{
    git_index *index;
    must(git_repository_index(&index, repo));
    git_commit *head = head_commit();
    if (tree == NULL) {
        must(git_index_clear(index));
    }
    else {
        must(git_index_read_tree(index, tree));
    }
    git_commit_free(head);
    must(git_index_write(index));
}

static int reset_paths(git_tree *tree, git_strarray paths, bool quiet)
{
    git_index *index, *source;
    git_pathspec *pattern = NULL;
    must(git_repository_index(&index, repo));
    must(git_index_new(&source));
    if (tree != NULL) {
        must(git_index_read_tree(source, tree));
    }
    if (paths.count > 0) {
        must(git_pathspec_new(&pattern, &paths));
    }
    struct texts gone = {0};
    for (size_t at = 0; at < git_index_entrycount(index); at++) {
        const char *path = git_index_get_byindex(index, at)->path;
        bool match = pattern == NULL || git_pathspec_matches_path(pattern, GIT_PATHSPEC_DEFAULT, path);
        if (match && git_index_get_bypath(source, path, 0) == NULL) {
            texts_add(&gone, path);
        }
    }
    for (size_t at = 0; at < gone.count; at++) {
        must(git_index_remove_bypath(index, gone.list[at]));
    }
    for (size_t at = 0; at < git_index_entrycount(source); at++) {
        const git_index_entry *wanted = git_index_get_byindex(source, at), *now = git_index_get_bypath(index, wanted->path, 0);
        bool match = pattern == NULL || git_pathspec_matches_path(pattern, GIT_PATHSPEC_DEFAULT, wanted->path);
        if (match && (now == NULL || !git_oid_equal(&now->id, &wanted->id) || now->mode != wanted->mode)) {
            git_index_conflict_remove(index, wanted->path);
            must(git_index_add(index, wanted));
        }
    }
    must(git_index_write(index));
    put_unstaged(quiet);
    return ENDED_WELL;
}

static void move_head(git_commit *target, const char *name)
{
    git_reference *head, *moved;
    git_commit *before = head_commit();
    if (before != NULL) {
        write_state_file("ORIG_HEAD", text("%s\n", whole_id(git_commit_id(before))));
    }
    const char *who = getenv("GIT_COMMITTER_NAME"), *email = getenv("GIT_COMMITTER_EMAIL");
    if (who != NULL && email != NULL) {
        git_repository_set_ident(repo, who, email);
    }
    must(git_reference_lookup(&head, repo, "HEAD"));
    const char *reference = git_reference_type(head) == GIT_REFERENCE_SYMBOLIC ? git_reference_symbolic_target(head) : "HEAD";
    must(git_reference_create(&moved, repo, reference, git_commit_id(target), 1, text("reset: moving to %s", name)));
}

int reset_command(int argc, char **argv)
{
    open_repository();
    struct words words = words_of(argc, argv, reset_choices);
    int mode = 0;
    bool quiet = false;
    for (int id; (id = next_option(&words)) != 0;) {
        if (id == QUIET) {
            quiet = !words.negated;
        }
        else if (id != NOTHING) {
            mode = id;
        }
    }
    const char *name = "HEAD";
    int first = 0;
    bool has_paths = words.dashes >= 0 && words.dashes < words.rest_count;
    if (words.rest_count > 0 && words.dashes != 0) {
        git_object *found = find_object(words.rest[0]);
        if (found != NULL) {
            if (words.dashes < 0 && path_exists(words.rest[0]) && find_commit(words.rest[0]) != NULL && words.rest_count == 1
                && strcmp(words.rest[0], "HEAD") != 0 && git_repository_workdir(repo) != NULL
                && git_revparse_single(&found, repo, text("refs/heads/%s", words.rest[0])) != 0) {
                die("ambiguous argument '%s': both revision and filename\nUse '--' to separate paths from revisions, like this:\n"
                    "'git <command> [<revision>...] -- [<file>...]'", words.rest[0]);
            }
            name = words.rest[0];
            first = 1;
        }
        else if (words.dashes > 0 || !path_exists(words.rest[0])) {
            git_index *index;
            must(git_repository_index(&index, repo));
            bool tracked = words.dashes <= 0 && words.rest[0][0] != ':' && git_index_get_bypath(index, path_in_tree(words.rest[0]), 0) != NULL;
            if (!tracked) {
                die_ambiguous(words.rest[0]);
            }
        }
    }
    has_paths |= words.rest_count > first;
    git_commit *target = find_commit(name), *head = head_commit();
    bool unborn = head == NULL && first == 0;
    if (has_paths) {
        if (mode != 0 && mode != MIXED) {
            static const char *const names[] = {[SOFT] = "soft", [HARD] = "hard", [MERGE] = "merge", [KEEP] = "keep"};
            die("Cannot do %s reset with paths.", names[mode]);
        }
        git_tree *tree = unborn ? NULL : need_tree(name);
        return reset_paths(tree, paths_in_tree(words.rest + first, words.rest_count - first), quiet);
    }
    if (target == NULL && !unborn) {
        die("Could not parse object '%s'.", name);
    }
    if (mode == SOFT) {
        git_index *index;
        must(git_repository_index(&index, repo));
        if (git_index_has_conflicts(index) || git_repository_state(repo) == GIT_REPOSITORY_STATE_MERGE) {
            die("Cannot do a soft reset in the middle of a merge.");
        }
        if (!unborn) {
            move_head(target, name);
        }
        return ENDED_WELL;
    }
    if (mode != MIXED && mode != 0) {
        need_work_tree();
        if (unborn) {
            read_into_index(NULL);
            return ENDED_WELL;
        }
        if (mode == KEEP || mode == MERGE) {
            git_index *index;
            must(git_repository_index(&index, repo));
            if (!git_index_has_conflicts(index)) {
                switch_files(target, false, "reset");
            }
            else {
                switch_files(target, true, "reset");
            }
        }
        else {
            switch_files(target, true, "reset");
        }
        move_head(target, name);
        end_special_state();
        if (mode == HARD && !quiet) {
            printf("HEAD is now at %s %s\n", short_id(git_commit_id(target)), subject_of(target));
        }
        return ENDED_WELL;
    }
    /* Entries that stay keep what is known of their files. */
    int status = reset_paths(unborn ? NULL : tree_of(target), (git_strarray){0}, true);
    if (!unborn) {
        move_head(target, name);
    }
    end_special_state();
    put_unstaged(quiet);
    return status;
}

/* ---- clean ---- */

enum { MOST_DEPTH = 512 };

static bool remove_tree(const char *path, int depth)
{
    DIR *folder = depth > MOST_DEPTH ? NULL : opendir(path);
    if (folder == NULL) {
        return false;
    }
    bool well = true;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        char *inner = text("%s/%s", path, entry->d_name);
        struct stat about;
        bool is_folder = lstat(inner, &about) == 0 && S_ISDIR(about.st_mode);
        well &= is_folder ? remove_tree(inner, depth + 1) : unlink(inner) == 0;
        free(inner);
    }
    closedir(folder);
    return rmdir(path) == 0 && well;
}

int clean_command(int argc, char **argv)
{
    open_repository();
    need_work_tree();
    struct words words = words_of(argc, argv, clean_choices);
    bool force = false, dry = false, folders = false, ignored_too = false, only_ignored = false, quiet = false;
    struct texts kept = {0};
    for (int id; (id = next_option(&words)) != 0;) {
        switch (id) {
        case FORCE: force = true; break;
        case DRY: dry = true; break;
        case FOLDERS: folders = true; break;
        case IGNORED_TOO: ignored_too = true; break;
        case ONLY_IGNORED: only_ignored = true; break;
        case QUIET: quiet = true; break;
        case EXCEPT: texts_add(&kept, words.value); break;
        default: break;
        }
    }
    if (!force && !dry && setting_is_on("clean.requireForce", true)) {
        die("clean.requireForce is true and -f not given: refusing to clean");
    }
    if (ignored_too && only_ignored) {
        die("options '-x' and '-X' cannot be used together");
    }
    git_status_options options = GIT_STATUS_OPTIONS_INIT;
    options.flags = GIT_STATUS_OPT_INCLUDE_UNTRACKED | (ignored_too || only_ignored ? GIT_STATUS_OPT_INCLUDE_IGNORED : 0);
    options.pathspec = paths_in_tree(words.rest, words.rest_count);
    if (options.pathspec.count == 0 && *prefix != '\0') {
        options.pathspec = paths_in_tree((char *[]){"."}, 1);
    }
    git_status_list *list;
    must(git_status_list_new(&list, repo, &options));
    struct texts paths = {0};
    for (size_t at = 0; at < git_status_list_entrycount(list); at++) {
        const git_status_entry *entry = git_status_byindex(list, at);
        const char *path = entry->index_to_workdir == NULL ? NULL : entry->index_to_workdir->new_file.path;
        bool wanted = (entry->status & GIT_STATUS_WT_NEW && !only_ignored) || (entry->status & GIT_STATUS_IGNORED);
        bool is_folder = path != NULL && path[strlen(path) - 1] == '/';
        for (size_t which = 0; wanted && which < kept.count; which++) {
            const char *name = strrchr(path, '/');
            wanted = fnmatch(kept.list[which], path, 0) != 0 && fnmatch(kept.list[which], name == NULL ? path : name + 1, 0) != 0;
        }
        if (wanted && (!is_folder || folders)) {
            texts_add(&paths, path);
        }
    }
    texts_sort(&paths);
    int status = ENDED_WELL;
    for (size_t at = 0; at < paths.count; at++) {
        char *path = paths.list[at];
        size_t length = strlen(path);
        if (!quiet || dry) {
            printf(dry ? "Would remove %s\n" : "Removing %s\n", quoted(path_from_here(path)));
        }
        if (dry) {
            continue;
        }
        char *place = path_on_disk(path);
        bool is_folder = path[length - 1] == '/';
        if (is_folder) {
            place[strlen(place) - 1] = '\0';
        }
        if (is_folder ? !remove_tree(place, 0) : unlink(place) != 0) {
            say("warning: failed to remove %s: %s", path, strerror(errno));
            status = ENDED_BADLY;
        }
    }
    return status;
}
