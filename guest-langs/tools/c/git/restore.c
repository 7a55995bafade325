/* git restore, and what checkout does with single paths. */
#include "restore.h"
#include <stdlib.h>
#include <string.h>

enum { STAGED = 1, WORKTREE, SOURCE, QUIET, OURS, THEIRS, NOTHING };

static const struct choice restore_choices[] = {
    {STAGED, "staged", 'S', NONE}, {WORKTREE, "worktree", 'W', NONE}, {SOURCE, "source", 's', NEEDED}, {QUIET, "quiet", 'q', NONE},
    {OURS, "ours", 0, NONE}, {THEIRS, "theirs", 0, NONE}, {NOTHING, "progress", 0, NONE}, {NOTHING, "overlay", 0, NONE},
    {NOTHING, "ignore-unmerged", 0, NONE}, {0},
};

static void gather(git_index *index, git_pathspec **patterns, bool *used, int count, struct texts *out, const char *sides)
{
    for (size_t at = 0; at < git_index_entrycount(index); at++) {
        const git_index_entry *entry = git_index_get_byindex(index, at);
        bool match = false;
        for (int which = 0; which < count; which++) {
            if (patterns[which] == NULL || git_pathspec_matches_path(patterns[which], GIT_PATHSPEC_DEFAULT, entry->path)) {
                match = used[which] = true;
            }
        }
        if (match && (out->count == 0 || strcmp(out->list[out->count - 1], entry->path) != 0)) {
            if (sides != NULL && git_index_entry_stage(entry) != 0) {
                exit(complain("path '%s' is unmerged", entry->path));
            }
            texts_add(out, entry->path);
        }
    }
}

int restore_paths(const struct restoring *asked, char **given, int count)
{
    git_index *index, *source;
    must(git_repository_index(&index, repo));
    source = index;
    if (asked->source != NULL) {
        must(git_index_new(&source));
        must(git_index_read_tree(source, asked->source));
    }
    git_pathspec **patterns = room(NULL, (size_t)count * sizeof *patterns);
    bool *used = room(NULL, (size_t)count);
    memset(used, 0, (size_t)count);
    for (int at = 0; at < count; at++) {
        git_strarray one = paths_in_tree(&given[at], 1);
        patterns[at] = NULL;
        if (one.count > 0) {
            must(git_pathspec_new(&patterns[at], &one));
        }
    }
    struct texts paths = {0}, known = {0};
    gather(source, patterns, used, count, &paths, source == index && asked->worktree && asked->side == 0 ? "" : NULL);
    if (source != index && !asked->overlay) {
        gather(index, patterns, used, count, &known, NULL);
    }
    for (int at = 0; at < count; at++) {
        if (!used[at] && patterns[at] != NULL) {
            return complain("pathspec '%s' did not match any file(s) known to git", given[at]);
        }
    }
    for (size_t at = 0; asked->staged && at < paths.count; at++) {
        const git_index_entry *wanted = git_index_get_bypath(source, paths.list[at], 0);
        const git_index_entry *now = git_index_get_bypath(index, paths.list[at], 0);
        if (wanted != NULL && (now == NULL || !git_oid_equal(&now->id, &wanted->id) || now->mode != wanted->mode)) {
            git_index_conflict_remove(index, paths.list[at]);
            must(git_index_add(index, wanted));
        }
    }
    for (size_t at = 0; at < known.count; at++) {
        if (texts_have(&paths, known.list[at])) {
            continue;
        }
        if (asked->staged) {
            git_index_conflict_remove(index, known.list[at]);
            git_index_remove(index, known.list[at], 0);
        }
        if (asked->worktree) {
            remove_from_tree(known.list[at]);
        }
    }
    size_t changed = 0;
    if (asked->worktree && paths.count > 0) {
        git_checkout_options options = GIT_CHECKOUT_OPTIONS_INIT;
        bool through_index = source == index || asked->staged;
        options.checkout_strategy = GIT_CHECKOUT_FORCE | GIT_CHECKOUT_DISABLE_PATHSPEC_MATCH | GIT_CHECKOUT_DONT_REMOVE_EXISTING | asked->side
                                    | (through_index ? 0 : GIT_CHECKOUT_DONT_UPDATE_INDEX | GIT_CHECKOUT_DONT_WRITE_INDEX);
        options.paths = (git_strarray){paths.list, paths.count};
        git_diff_options compared = GIT_DIFF_OPTIONS_INIT;
        compared.pathspec = options.paths;
        compared.flags = GIT_DIFF_DISABLE_PATHSPEC_MATCH | GIT_DIFF_INCLUDE_TYPECHANGE;
        git_diff *diff;
        must(git_diff_index_to_workdir(&diff, repo, through_index ? index : source, &compared));
        changed = git_diff_num_deltas(diff);
        if (git_checkout_index(repo, through_index ? index : source, &options) < 0) {
            fail("%s", why());
        }
    }
    must(git_index_write(index));
    if (asked->counts && !asked->quiet) {
        say(asked->source_name == NULL ? "Updated %zu path%s from the index" : "Updated %zu path%s from %s", changed, changed == 1 ? "" : "s",
            asked->source_name);
    }
    return ENDED_WELL;
}

int restore_command(int argc, char **argv)
{
    open_repository();
    need_work_tree();
    struct words words = words_of(argc, argv, restore_choices);
    struct restoring restoring = {0};
    const char *source = NULL;
    for (int id; (id = next_option(&words)) != 0;) {
        switch (id) {
        case STAGED: restoring.staged = true; break;
        case WORKTREE: restoring.worktree = true; break;
        case SOURCE: source = words.value; break;
        case QUIET: restoring.quiet = true; break;
        case OURS: restoring.side = GIT_CHECKOUT_USE_OURS; break;
        case THEIRS: restoring.side = GIT_CHECKOUT_USE_THEIRS; break;
        default: break;
        }
    }
    if (words.rest_count == 0) {
        die("you must specify path(s) to restore");
    }
    restoring.worktree |= !restoring.staged;
    if (source == NULL && restoring.staged) {
        source = "HEAD";
        if (head_commit() == NULL) {
            die("could not resolve HEAD");
        }
    }
    if (source != NULL) {
        if (find_object(source) == NULL) {
            die("could not resolve %s", source);
        }
        restoring.source = need_tree(source);
    }
    return restore_paths(&restoring, words.rest, words.rest_count);
}
