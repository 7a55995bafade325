/* git diff. */
#include "git.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { CACHED = 1, NO_INDEX, EXIT_CODE, QUIET, ZERO, MERGE_BASE };

static const struct choice choices[] = {
    {CACHED, "cached", 0, NONE}, {CACHED, "staged", 0, NONE}, {NO_INDEX, "no-index", 0, NONE}, {EXIT_CODE, "exit-code", 0, NONE},
    {QUIET, "quiet", 'q', NONE}, {ZERO, NULL, 'z', NONE}, {MERGE_BASE, "merge-base", 0, NONE}, PATCH_CHOICES, {0},
};

static int put_piece(const git_diff_delta *delta, const git_diff_hunk *hunk, const git_diff_line *line, void *unused)
{
    if (line->origin == ' ' || line->origin == '+' || line->origin == '-') {
        putchar(line->origin);
    }
    fwrite(line->content, 1, line->content_len, stdout);
    return 0;
}

/* Two files that need no repository. */
static int diff_files(const char *left, const char *right, const struct patch_look *look)
{
    char *contents[2];
    size_t lengths[2];
    const char *names[] = {left, right};
    for (int at = 0; at < 2; at++) {
        struct stat about;
        if (strcmp(names[at], "/dev/null") == 0) {
            contents[at] = text("%s", "");
            lengths[at] = 0;
            continue;
        }
        if (stat(names[at], &about) != 0) {
            fail("Could not access '%s'", names[at]);
        }
        if (S_ISDIR(about.st_mode)) {
            die("folders are not compared with --no-index here; use diff -r");
        }
        contents[at] = read_whole_file(names[at], &lengths[at]);
        if (contents[at] == NULL) {
            fail("Could not access '%s': %s", names[at], strerror(errno));
        }
    }
    git_diff_options options = patch_options(look, (git_strarray){0});
    git_patch *patch;
    must(git_patch_from_buffers(&patch, contents[0], lengths[0], left, contents[1], lengths[1], right, &options));
    bool differs = lengths[0] != lengths[1] || memcmp(contents[0], contents[1], lengths[0]) != 0;
    if (differs && !look->quiet) {
        must(git_patch_print(patch, put_piece, NULL));
    }
    return differs;
}

static git_diff *make_diff(struct walk *walk, bool cached, const struct patch_look *look, git_strarray paths, char **names, int count)
{
    git_diff_options options = patch_options(look, paths);
    git_diff *diff;
    if (walk->tip_count == 1 && walk->hidden_count >= 1) {
        /* A..B and A...B: from the one, or from where both come from. */
        must(git_diff_tree_to_tree(&diff, repo, tree_of(commit_of(&walk->hidden[0])), tree_of(commit_of(&walk->tips[0])), &options));
    }
    else if (walk->tip_count == 2 && walk->hidden_count == 1) {
        must(git_diff_tree_to_tree(&diff, repo, tree_of(commit_of(&walk->hidden[0])), tree_of(commit_of(&walk->tips[1])), &options));
    }
    else if (count == 2) {
        must(git_diff_tree_to_tree(&diff, repo, need_tree(names[0]), need_tree(names[1]), &options));
    }
    else if (count > 2) {
        usage("git diff [<options>] <commit> <commit> [--] [<path>...]");
    }
    else if (cached) {
        git_tree *tree = count == 1 ? need_tree(names[0]) : tree_of(head_commit());
        must(git_diff_tree_to_index(&diff, repo, tree, NULL, &options));
    }
    else if (count == 1) {
        need_work_tree();
        must(git_diff_tree_to_workdir_with_index(&diff, repo, need_tree(names[0]), &options));
    }
    else {
        need_work_tree();
        must(git_diff_index_to_workdir(&diff, repo, NULL, &options));
    }
    return diff;
}

int diff_command(int argc, char **argv)
{
    struct words words = words_of(argc, argv, choices);
    struct patch_look look = {0};
    bool cached = false, exit_code = false, no_index = false, merge_base = false;
    for (int id; (id = next_option(&words)) != 0;) {
        switch (id) {
        case CACHED: cached = true; break;
        case NO_INDEX: no_index = exit_code = true; break;
        case EXIT_CODE: exit_code = true; break;
        case QUIET: look.quiet = exit_code = true; break;
        case ZERO: look.zero = true; break;
        case MERGE_BASE: merge_base = true; break;
        default: take_patch_option(&look, id, words.value);
        }
    }
    if (no_index || !find_repository()) {
        if (words.rest_count != 2) {
            usage("git diff --no-index [<options>] <path> <path>");
        }
        return diff_files(words.rest[0], words.rest[1], &look);
    }
    int count = count_revisions(&words);
    git_strarray paths = paths_in_tree(words.rest + count, words.rest_count - count);
    struct walk walk = {0};
    if (count == 1 && strstr(words.rest[0], "..") != NULL) {
        walk_add(&walk, words.rest[0]);
    }
    /* Two blobs, or the same file of two commits. */
    git_object *blobs[2] = {0};
    for (int at = 0; at < 2 && count == 2; at++) {
        blobs[at] = find_object(words.rest[at]);
    }
    if (count == 2 && blobs[0] != NULL && blobs[1] != NULL && git_object_type(blobs[0]) == GIT_OBJECT_BLOB
        && git_object_type(blobs[1]) == GIT_OBJECT_BLOB) {
        const char *left = strchr(words.rest[0], ':'), *right = strchr(words.rest[1], ':');
        git_diff_options options = patch_options(&look, (git_strarray){0});
        git_patch *patch;
        must(git_patch_from_blobs(&patch, (git_blob *)blobs[0], left == NULL ? words.rest[0] : left + 1, (git_blob *)blobs[1],
                                  right == NULL ? words.rest[1] : right + 1, &options));
        must(git_patch_print(patch, put_piece, NULL));
        return exit_code && !git_oid_equal(git_object_id(blobs[0]), git_object_id(blobs[1]));
    }
    if (merge_base && count > 0) {
        git_commit *head = count > 1 ? need_commit(words.rest[1]) : head_commit();
        git_oid base;
        must(git_merge_base(&base, repo, git_commit_id(need_commit(words.rest[0])), git_commit_id(head)));
        words.rest[0] = text("%s", whole_id(&base));
    }
    look.in_work_tree = count == 0 && !cached;
    git_diff *diff = make_diff(&walk, cached, &look, paths, words.rest, count);
    find_renames(diff, &look);
    bool any = put_diff(diff, &look);
    return exit_code && any;
}
