/* git merge, and merge-base. */
#include "git.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MESSAGE = 1, NO_FF, ONLY_FF, ABORT, CONTINUE, QUIT, NO_COMMIT, SQUASH, EDIT, QUIET, STAT, STRATEGY, STRATEGY_OPTION, UNRELATED, NOTHING,
    ALL, ANCESTOR, FILE_OF_MESSAGE,
};

static const struct choice choices[] = {
    {MESSAGE, "message", 'm', NEEDED}, {NO_FF, "ff", 0, NONE}, {ONLY_FF, "ff-only", 0, NONE}, {ABORT, "abort", 0, NONE},
    {CONTINUE, "continue", 0, NONE}, {QUIT, "quit", 0, NONE}, {NO_COMMIT, "commit", 0, NONE}, {SQUASH, "squash", 0, NONE},
    {EDIT, "edit", 'e', NONE}, {QUIET, "quiet", 'q', NONE}, {STAT, "stat", 0, NONE}, {STAT, NULL, 'n', NONE},
    {STRATEGY, "strategy", 's', NEEDED}, {STRATEGY_OPTION, "strategy-option", 'X', NEEDED}, {UNRELATED, "allow-unrelated-histories", 0, NONE},
    {FILE_OF_MESSAGE, "file", 'F', NEEDED}, {NOTHING, "verify", 0, NONE}, {NOTHING, "verbose", 'v', NONE}, {NOTHING, "log", 0, OPTIONAL},
    {NOTHING, "gpg-sign", 0, OPTIONAL}, {NOTHING, "progress", 0, NONE}, {NOTHING, "autostash", 0, NONE}, {NOTHING, "signoff", 0, NONE}, {0},
};

enum { STRATEGY_FAILED = 2 };

static bool quiet, unrelated;
static git_merge_file_favor_t favour;

/* ---- what happened to single files ---- */

static bool entry_of(git_tree *tree, const char *path, git_oid *id)
{
    git_tree_entry *entry;
    if (tree == NULL || git_tree_entry_bypath(&entry, tree, path) != 0) {
        return false;
    }
    *id = *git_tree_entry_id(entry);
    git_tree_entry_free(entry);
    return true;
}

/* Files that both sides changed, and differently: their lines were put together. */
static struct texts changed_by_both(git_tree *base, git_tree *ours, git_tree *theirs)
{
    struct texts paths = {0};
    git_diff *diff;
    git_diff_options options = GIT_DIFF_OPTIONS_INIT;
    options.flags = GIT_DIFF_SKIP_BINARY_CHECK;
    must(git_diff_tree_to_tree(&diff, repo, base, theirs, &options));
    for (size_t at = 0; at < git_diff_num_deltas(diff); at++) {
        const char *path = git_diff_get_delta(diff, at)->new_file.path;
        git_oid first, left, right;
        bool in_base = entry_of(base, path, &first);
        if (entry_of(ours, path, &left) && entry_of(theirs, path, &right) && !git_oid_equal(&left, &right)
            && (!in_base || (!git_oid_equal(&first, &left) && !git_oid_equal(&first, &right)))) {
            texts_add(&paths, path);
        }
    }
    git_diff_free(diff);
    return paths;
}

bool put_conflicts(git_index *index, git_tree *base, git_tree *ours, git_tree *theirs, const char *their_name)
{
    struct texts merged = changed_by_both(base, ours, theirs), paths = {0};
    for (size_t at = 0; at < merged.count; at++) {
        texts_add(&paths, merged.list[at]);
    }
    git_index_conflict_iterator *conflicts;
    const git_index_entry *first, *left, *right;
    must(git_index_conflict_iterator_new(&conflicts, index));
    while (git_index_conflict_next(&first, &left, &right, conflicts) == 0) {
        const char *path = (left != NULL ? left : right != NULL ? right : first)->path;
        if (!texts_have(&paths, path)) {
            texts_add(&paths, path);
        }
    }
    git_index_conflict_iterator_free(conflicts);
    texts_sort(&paths);
    bool any = false;
    for (size_t at = 0; at < paths.count; at++) {
        const char *path = paths.list[at];
        bool conflict = git_index_conflict_get(&first, &left, &right, index, path) == 0;
        if (texts_have(&merged, path) || (conflict && left != NULL && right != NULL)) {
            printf("Auto-merging %s\n", path);
        }
        any |= conflict;
        if (!conflict) {
            continue;
        }
        if (left != NULL && right != NULL) {
            printf("CONFLICT (%s): Merge conflict in %s\n", first == NULL ? "add/add" : "content", path);
        }
        else if (left == NULL && right != NULL) {
            printf("CONFLICT (modify/delete): %s deleted in HEAD and modified in %s.  Version %s of %s left in tree.\n", path, their_name,
                   their_name, path);
        }
        else if (left != NULL) {
            printf("CONFLICT (modify/delete): %s deleted in %s and modified in HEAD.  Version HEAD of %s left in tree.\n", path, their_name, path);
        }
    }
    return any;
}

/* ---- one commit into HEAD ---- */

static char *list_of_conflicts(git_index *index)
{
    char *list = text("\n# Conflicts:\n");
    git_index_conflict_iterator *conflicts;
    const git_index_entry *first, *left, *right;
    must(git_index_conflict_iterator_new(&conflicts, index));
    while (git_index_conflict_next(&first, &left, &right, conflicts) == 0) {
        list = text("%s#\t%s\n", list, (left != NULL ? left : right != NULL ? right : first)->path);
    }
    return list;
}

static void note_head(git_commit *head)
{
    write_state_file("ORIG_HEAD", text("%s\n", whole_id(git_commit_id(head))));
}

static void move_branch(const git_oid *to, const char *log)
{
    git_reference *head, *moved;
    git_signature *who = committer_now();
    must(git_repository_set_ident(repo, who->name, who->email));
    must(git_reference_lookup(&head, repo, "HEAD"));
    const char *name = git_reference_type(head) == GIT_REFERENCE_SYMBOLIC ? git_reference_symbolic_target(head) : "HEAD";
    must(git_reference_create(&moved, repo, name, to, 1, log));
}

/* Staged changes are in the way of a merge, whatever they are. */
static void refuse_staged(git_commit *head)
{
    git_diff *diff;
    must(git_diff_tree_to_index(&diff, repo, tree_of(head), NULL, NULL));
    size_t count = git_diff_num_deltas(diff);
    if (count == 0) {
        return;
    }
    char *list = text("%s", "");
    for (size_t at = 0; at < count; at++) {
        list = text("%s\n  %s", list, git_diff_get_delta(diff, at)->new_file.path);
    }
    complain("Your local changes to the following files would be overwritten by merge:%s", list);
    say("Merge with strategy ort failed.");
    exit(STRATEGY_FAILED);
}

static int fast_forward(const char *name, git_commit *head, git_commit *theirs, bool squash)
{
    if (head != NULL && !quiet) {
        printf("Updating %s..%s\n", short_id(git_commit_id(head)), short_id(git_commit_id(theirs)));
    }
    switch_files(theirs, false, "merge");
    if (squash) {
        puts("Fast-forward\nSquash commit -- not updating HEAD");
        write_state_file("SQUASH_MSG", text("Squashed commit of the following:\n\n%s", git_commit_message(theirs)));
        put_changes(tree_of(head), tree_of(theirs), true);
        return ENDED_WELL;
    }
    if (head != NULL) {
        note_head(head);
    }
    move_branch(git_commit_id(theirs), text("merge %s: Fast-forward", name));
    if (head != NULL && !quiet) {
        puts("Fast-forward");
        put_changes(tree_of(head), tree_of(theirs), true);
    }
    return ENDED_WELL;
}

int merge_commit(const char *name, git_commit *theirs, const char *message, bool no_ff, bool only_ff, bool no_commit, bool squash)
{
    git_commit *head = head_commit();
    if (head == NULL) {
        return fast_forward(name, NULL, theirs, false);
    }
    const git_oid *our_id = git_commit_id(head), *their_id = git_commit_id(theirs);
    git_oid base_id;
    int found = git_merge_base(&base_id, repo, our_id, their_id);
    if (found == 0 && git_oid_equal(&base_id, their_id)) {
        if (!quiet) {
            puts("Already up to date.");
        }
        return ENDED_WELL;
    }
    bool can_ff = found == 0 && git_oid_equal(&base_id, our_id);
    if (can_ff && (!no_ff || squash)) {
        return fast_forward(name, head, theirs, squash);
    }
    if (only_ff) {
        say("hint: Diverging branches can't be fast-forwarded, you need to either:\nhint:\nhint: \tgit merge --no-ff\nhint:\n"
            "hint: or:\nhint:\nhint: \tgit rebase\nhint:\nhint: Disable this message with \"git config advice.diverging false\"");
        die("Not possible to fast-forward, aborting.");
    }
    if (found != 0 && !unrelated) {
        die("refusing to merge unrelated histories");
    }
    refuse_staged(head);
    git_tree *base = found == 0 ? tree_of(commit_of(&base_id)) : NULL, *ours = tree_of(head), *other = tree_of(theirs);
    git_merge_options merging = GIT_MERGE_OPTIONS_INIT;
    merging.file_favor = favour;
    git_index *result, *index;
    must(git_merge_commits(&result, repo, head, theirs, &merging));
    if (!git_index_has_conflicts(result)) {
        git_oid tree_id;
        git_tree *tree;
        must(git_index_write_tree_to(&tree_id, result, repo));
        must(git_tree_lookup(&tree, repo, &tree_id));
        if (would_overwrite(head, tree, "merge")) {
            say("Merge with strategy ort failed.");
            return STRATEGY_FAILED;
        }
        if (!quiet) {
            put_conflicts(result, base, ours, other, name);
        }
        git_checkout_options options = GIT_CHECKOUT_OPTIONS_INIT;
        options.checkout_strategy = GIT_CHECKOUT_SAFE;
        must(git_checkout_tree(repo, (git_object *)tree, &options));
        if (squash || no_commit) {
            if (squash) {
                puts("Squash commit -- not updating HEAD");
                write_state_file("SQUASH_MSG", text("Squashed commit of the following:\n\n%s", git_commit_message(theirs)));
            }
            else {
                write_state_file("MERGE_HEAD", text("%s\n", whole_id(their_id)));
                write_state_file("MERGE_MSG", message);
                write_state_file("MERGE_MODE", no_ff ? "no-ff" : "");
            }
            say("Automatic merge went well; stopped before committing as requested");
            return ENDED_WELL;
        }
        git_signature *author, *committer;
        read_people(&author, &committer);
        git_commit *parents[] = {head, theirs};
        note_head(head);
        git_oid id;
        char *clean = clean_message(message, false);
        must(git_commit_create(&id, repo, NULL, author, committer, NULL, clean, tree, 2, (const git_commit **)parents));
        move_branch(&id, text("merge %s: Merge made by the 'ort' strategy.", name));
        if (!quiet) {
            puts("Merge made by the 'ort' strategy.");
            put_changes(ours, tree, true);
        }
        return ENDED_WELL;
    }
    /* Local changes that the merge would touch. */
    if (would_overwrite(head, other, "merge")) {
        say("Merge with strategy ort failed.");
        return STRATEGY_FAILED;
    }
    put_conflicts(result, base, ours, other, name);
    git_annotated_commit *annotated;
    must(git_annotated_commit_lookup(&annotated, repo, their_id));
    git_checkout_options options = GIT_CHECKOUT_OPTIONS_INIT;
    options.checkout_strategy = GIT_CHECKOUT_FORCE | GIT_CHECKOUT_ALLOW_CONFLICTS;
    options.our_label = "HEAD";
    options.their_label = name;
    const char *style = setting("merge.conflictStyle");
    options.checkout_strategy |= style != NULL && strcmp(style, "diff3") == 0 ? GIT_CHECKOUT_CONFLICT_STYLE_DIFF3
                                 : style != NULL && strcmp(style, "zdiff3") == 0 ? GIT_CHECKOUT_CONFLICT_STYLE_ZDIFF3 : 0;
    options.checkout_strategy &= ~(uint32_t)GIT_CHECKOUT_FORCE;
    if (git_merge(repo, (const git_annotated_commit **)&annotated, 1, &merging, &options) < 0) {
        fail("%s", why());
    }
    note_head(head);
    must(git_repository_index(&index, repo));
    write_state_file("MERGE_MSG", text("%s%s%s", message, message[strlen(message) - 1] == '\n' ? "" : "\n", list_of_conflicts(index)));
    if (squash) {
        remove_state_file("MERGE_HEAD");
    }
    puts("Automatic merge failed; fix conflicts and then commit the result.");
    return ENDED_BADLY;
}

/* ---- the command ---- */

static int abort_merge(void)
{
    if (state_file("MERGE_HEAD") == NULL) {
        die("There is no merge to abort (MERGE_HEAD missing).");
    }
    /* What the merge touched goes back; other changes stay. */
    git_commit *head = head_commit();
    git_diff *diff;
    must(git_diff_tree_to_index(&diff, repo, tree_of(head), NULL, NULL));
    struct texts paths = {0};
    git_index *index;
    must(git_repository_index(&index, repo));
    for (size_t at = 0; at < git_diff_num_deltas(diff); at++) {
        const git_diff_delta *delta = git_diff_get_delta(diff, at);
        texts_add(&paths, delta->new_file.path != NULL ? delta->new_file.path : delta->old_file.path);
    }
    for (size_t at = 0; at < paths.count; at++) {
        git_oid id;
        git_index_conflict_remove(index, paths.list[at]);
        if (!entry_of(tree_of(head), paths.list[at], &id)) {
            remove_from_tree(paths.list[at]);
            git_index_remove(index, paths.list[at], 0);
        }
    }
    git_index *before;
    must(git_index_new(&before));
    must(git_index_read_tree(before, tree_of(head)));
    for (size_t at = 0; at < paths.count; at++) {
        const git_index_entry *entry = git_index_get_bypath(before, paths.list[at], 0);
        if (entry != NULL) {
            must(git_index_add(index, entry));
        }
    }
    must(git_index_write(index));
    if (paths.count > 0) {
        git_checkout_options options = GIT_CHECKOUT_OPTIONS_INIT;
        options.checkout_strategy = GIT_CHECKOUT_FORCE | GIT_CHECKOUT_DISABLE_PATHSPEC_MATCH | GIT_CHECKOUT_DONT_REMOVE_EXISTING;
        options.paths = (git_strarray){paths.list, paths.count};
        must(git_checkout_index(repo, index, &options));
    }
    end_special_state();
    return ENDED_WELL;
}

/* `Merge branch 'topic' into other`, as git words it. */
static char *default_message(const char *name)
{
    git_reference *reference = NULL;
    git_object *object;
    const char *kind = "commit";
    if (git_revparse_ext(&object, &reference, repo, name) == 0 && reference != NULL) {
        kind = git_reference_is_branch(reference) ? "branch" : git_reference_is_remote(reference) ? "remote-tracking branch"
               : git_reference_is_tag(reference) ? "tag" : "commit";
        name = strcmp(name, "HEAD") == 0 ? name : short_name(git_reference_name(reference));
    }
    char *branch = current_branch();
    bool plain = branch != NULL && (strcmp(branch, "master") == 0 || strcmp(branch, "main") == 0);
    return text(plain ? "Merge %s '%s'\n" : "Merge %s '%s' into %s\n", kind, name, branch == NULL ? "HEAD" : branch);
}

int merge_command(int argc, char **argv)
{
    open_repository();
    need_work_tree();
    struct words words = words_of(argc, argv, choices);
    char *message = NULL;
    bool no_ff = setting("merge.ff") != NULL && strcmp(setting("merge.ff"), "false") == 0, only_ff = false, no_commit = false, squash = false;
    int action = 0;
    for (int id; (id = next_option(&words)) != 0;) {
        switch (id) {
        case MESSAGE: message = message == NULL ? text("%s\n", words.value) : text("%s\n%s\n", message, words.value); break;
        case FILE_OF_MESSAGE: message = read_whole_file(words.value, NULL); break;
        case NO_FF: no_ff = words.negated; break;
        case ONLY_FF: only_ff = true; break;
        case NO_COMMIT: no_commit = words.negated; break;
        case SQUASH: squash = !words.negated; break;
        case QUIET: quiet = true; break;
        case UNRELATED: unrelated = true; break;
        case STRATEGY:
            if (strcmp(words.value, "ort") != 0 && strcmp(words.value, "recursive") != 0) {
                die("the merge strategy '%s' is not supported here", words.value);
            }
            break;
        case STRATEGY_OPTION:
            favour = strcmp(words.value, "ours") == 0 ? GIT_MERGE_FILE_FAVOR_OURS : strcmp(words.value, "theirs") == 0 ? GIT_MERGE_FILE_FAVOR_THEIRS
                                                                                                                        : GIT_MERGE_FILE_FAVOR_NORMAL;
            break;
        case ABORT: case CONTINUE: case QUIT: action = id; break;
        default: break;
        }
    }
    if (action == ABORT) {
        return abort_merge();
    }
    if (action == QUIT) {
        end_special_state();
        return ENDED_WELL;
    }
    bool merging = state_file("MERGE_HEAD") != NULL;
    if (action == CONTINUE) {
        if (!merging) {
            die("There is no merge in progress (MERGE_HEAD missing).");
        }
        char *words_of_commit[] = {"commit", NULL};
        return commit_command(1, words_of_commit);
    }
    git_index *index;
    must(git_repository_index(&index, repo));
    if (git_index_has_conflicts(index)) {
        complain("Merging is not possible because you have unmerged files.");
        say("hint: Fix them up in the work tree, and then use 'git add/rm <file>'\nhint: as appropriate to mark resolution and make a commit.");
        die("Exiting because of an unresolved conflict.");
    }
    if (merging) {
        die("You have not concluded your merge (MERGE_HEAD exists).\nPlease, commit your changes before you merge.");
    }
    if (words.rest_count > 1) {
        die("merging more than one branch at a time is not supported here");
    }
    const char *name = words.rest_count > 0 ? words.rest[0] : NULL;
    if (name == NULL) {
        git_buf upstream = {0};
        char *branch = current_branch();
        if (branch == NULL || git_branch_upstream_name(&upstream, repo, text("refs/heads/%s", branch)) != 0) {
            die("No remote for the current branch.");
        }
        name = short_name(upstream.ptr);
    }
    git_commit *theirs = find_commit(name);
    if (theirs == NULL) {
        say("merge: %s - not something we can merge", name);
        return ENDED_BADLY;
    }
    return merge_commit(name, theirs, message == NULL ? default_message(name) : message, no_ff, only_ff, no_commit, squash);
}

/* ---- merge-base ---- */

static const struct choice base_choices[] = {{ALL, "all", 'a', NONE}, {ANCESTOR, "is-ancestor", 0, NONE}, {0}};

int merge_base_command(int argc, char **argv)
{
    open_repository();
    struct words words = words_of(argc, argv, base_choices);
    bool all = false, ancestor = false;
    for (int id; (id = next_option(&words)) != 0;) {
        all |= id == ALL;
        ancestor |= id == ANCESTOR;
    }
    if (words.rest_count != 2) {
        usage("git merge-base [-a | --all] <commit> <commit>\n   or: git merge-base --is-ancestor <commit> <commit>");
    }
    git_oid ids[2];
    for (int at = 0; at < 2; at++) {
        git_commit *commit = find_commit(words.rest[at]);
        if (commit == NULL) {
            die("Not a valid object name %s", words.rest[at]);
        }
        ids[at] = *git_commit_id(commit);
    }
    if (ancestor) {
        return git_oid_equal(&ids[0], &ids[1]) || git_graph_descendant_of(repo, &ids[1], &ids[0]) == 1 ? ENDED_WELL : ENDED_BADLY;
    }
    git_oidarray bases = {0};
    git_merge_bases(&bases, repo, &ids[0], &ids[1]);
    for (size_t at = 0; at < bases.count && (all || at == 0); at++) {
        puts(whole_id(&bases.ids[at]));
    }
    return bases.count > 0 ? ENDED_WELL : ENDED_BADLY;
}
