/* git rebase, without its interactive form. */
#include "git.h"
#include <stdlib.h>
#include <string.h>

enum { ONTO = 1, CONTINUE, ABORT, SKIP, QUIET, INTERACTIVE, NOTHING, ROOT };

static const struct choice choices[] = {
    {ONTO, "onto", 0, NEEDED}, {CONTINUE, "continue", 0, NONE}, {ABORT, "abort", 0, NONE}, {SKIP, "skip", 0, NONE}, {QUIET, "quiet", 'q', NONE},
    {INTERACTIVE, "interactive", 'i', NONE}, {NOTHING, "force-rebase", 'f', NONE}, {NOTHING, "merge", 'm', NONE}, {NOTHING, "stat", 0, NONE},
    {NOTHING, "autostash", 0, NONE}, {NOTHING, "no-verify", 0, NONE}, {NOTHING, "keep-empty", 0, NONE}, {ROOT, "root", 0, NONE}, {0},
};

static git_rebase_options rebasing(void)
{
    git_rebase_options options = GIT_REBASE_OPTIONS_INIT;
    options.checkout_options.checkout_strategy = GIT_CHECKOUT_SAFE | GIT_CHECKOUT_ALLOW_CONFLICTS;
    options.checkout_options.our_label = "HEAD";
    return options;
}

static void put_stop(git_commit *commit)
{
    git_index *index;
    must(git_repository_index(&index, repo));
    git_commit *parent = NULL;
    if (git_commit_parentcount(commit) > 0) {
        must(git_commit_parent(&parent, commit, 0));
    }
    put_conflicts(index, tree_of(parent), tree_of(head_commit()), tree_of(commit),
                  text("%s (%s)", short_id(git_commit_id(commit)), subject_of(commit)));
    complain("could not apply %s... %s", short_id(git_commit_id(commit)), subject_of(commit));
    say("hint: Resolve all conflicts manually, mark them as resolved with\n"
        "hint: \"git add/rm <conflicted_files>\", then run \"git rebase --continue\".\n"
        "hint: You can instead skip this commit: run \"git rebase --skip\".\n"
        "hint: To abort and get back to the state before \"git rebase\", run \"git rebase --abort\".\n"
        "hint: Disable this message with \"git config advice.mergeConflict false\"\n"
        "Could not apply %s... %s", short_id(git_commit_id(commit)), subject_of(commit));
}

/* Applies what is left; stops at a conflict. */
static int go_on(git_rebase *rebase, const char *branch, bool quiet)
{
    git_signature *author, *committer;
    read_people(&author, &committer);
    git_rebase_operation *operation;
    int result;
    while ((result = git_rebase_next(&operation, rebase)) == 0) {
        if (!quiet) {
            fflush(stdout);
            fprintf(stderr, "Rebasing (%zu/%zu)\r", git_rebase_operation_current(rebase) + 1, git_rebase_operation_entrycount(rebase));
        }
        git_index *index;
        git_oid id;
        must(git_repository_index(&index, repo));
        git_commit *commit = commit_of(&operation->id);
        if (git_index_has_conflicts(index)) {
            put_stop(commit);
            return ENDED_BADLY;
        }
        result = git_rebase_commit(&id, rebase, NULL, committer, NULL, NULL);
        if (result == GIT_EAPPLIED) {
            say("dropping %s %s -- patch contents already upstream", whole_id(&operation->id), subject_of(commit));
        }
        else {
            must(result);
        }
        git_commit_free(commit);
    }
    if (result != GIT_ITEROVER) {
        die("%s", why());
    }
    must(git_rebase_finish(rebase, committer));
    if (!quiet) {
        say(branch != NULL ? "Successfully rebased and updated %s." : "Successfully rebased and updated detached HEAD.", branch);
    }
    return ENDED_WELL;
}

static char *rebased_branch(void)
{
    char *name = state_file("rebase-merge/head-name");
    if (name == NULL) {
        return NULL;
    }
    name[strcspn(name, "\n")] = '\0';
    return strncmp(name, "refs/", 5) == 0 ? name : NULL;
}

static int after_stop(int action, bool quiet)
{
    git_rebase *rebase;
    git_rebase_options options = rebasing();
    if (git_rebase_open(&rebase, repo, &options) != 0) {
        die("no rebase in progress");
    }
    char *branch = rebased_branch();
    if (action == ABORT) {
        must(git_rebase_abort(rebase));
        return ENDED_WELL;
    }
    git_signature *author, *committer;
    read_people(&author, &committer);
    if (action == SKIP) {
        git_checkout_options forced = GIT_CHECKOUT_OPTIONS_INIT;
        forced.checkout_strategy = GIT_CHECKOUT_FORCE;
        must(git_reset(repo, (git_object *)head_commit(), GIT_RESET_HARD, &forced));
        return go_on(rebase, branch, quiet);
    }
    git_index *index;
    git_oid id;
    must(git_repository_index(&index, repo));
    if (git_index_has_conflicts(index)) {
        for (size_t at = 0; at < git_index_entrycount(index); at++) {
            const git_index_entry *entry = git_index_get_byindex(index, at);
            if (git_index_entry_stage(entry) == 2) {
                printf("%s: needs merge\n", entry->path);
            }
        }
        puts("You must edit all merge conflicts and then\nmark them as resolved using git add");
        return ENDED_BADLY;
    }
    int result = git_rebase_commit(&id, rebase, NULL, committer, NULL, NULL);
    if (result != GIT_EAPPLIED) {
        must(result);
        if (!quiet) {
            put_commit_summary(&id, false, false);
        }
    }
    return go_on(rebase, branch, quiet);
}

static void refuse_dirty(git_commit *head)
{
    git_diff *staged, *changed;
    must(git_diff_tree_to_index(&staged, repo, tree_of(head), NULL, NULL));
    must(git_diff_index_to_workdir(&changed, repo, NULL, NULL));
    bool index_dirty = git_diff_num_deltas(staged) > 0, tree_dirty = git_diff_num_deltas(changed) > 0;
    if (tree_dirty || index_dirty) {
        complain(tree_dirty ? "cannot rebase: You have unstaged changes." : "cannot rebase: Your index contains uncommitted changes.");
        if (tree_dirty && index_dirty) {
            complain("additionally, your index contains uncommitted changes.");
        }
        complain("Please commit or stash them.");
        exit(ENDED_BADLY);
    }
}

int rebase_command(int argc, char **argv)
{
    open_repository();
    need_work_tree();
    struct words words = words_of(argc, argv, choices);
    const char *onto = NULL;
    int action = 0;
    bool quiet = false;
    for (int id; (id = next_option(&words)) != 0;) {
        switch (id) {
        case ONTO: onto = words.value; break;
        case QUIET: quiet = true; break;
        case INTERACTIVE: die("the interactive form is not supported here");
        case ROOT: die("--root is not supported here");
        case NOTHING: break;
        default: action = id;
        }
    }
    if (action != 0) {
        return after_stop(action, quiet);
    }
    int state = git_repository_state(repo);
    if (state == GIT_REPOSITORY_STATE_REBASE_MERGE || state == GIT_REPOSITORY_STATE_REBASE_INTERACTIVE) {
        die("It seems that there is already a rebase-merge directory, and\nI wonder if you are in the middle of another rebase.  If that is the\n"
            "case, please try\n\tgit rebase (--continue | --abort | --skip)");
    }
    char *branch = current_branch();
    const char *upstream = words.rest_count > 0 ? words.rest[0] : NULL;
    if (upstream == NULL) {
        git_buf name = {0};
        if (branch == NULL || git_branch_upstream_name(&name, repo, text("refs/heads/%s", branch)) != 0) {
            say("There is no tracking information for the current branch.\nPlease specify which branch you want to rebase against.\n"
                "See git-rebase(1) for details.\n\n    git rebase '<branch>'\n");
            return ENDED_BADLY;
        }
        upstream = name.ptr;
    }
    git_commit *against = find_commit(upstream), *head = head_commit();
    if (against == NULL) {
        die("invalid upstream '%s'", upstream);
    }
    if (onto != NULL && find_commit(onto) == NULL) {
        die("Does not point to a valid commit '%s'", onto);
    }
    refuse_dirty(head);
    if (words.rest_count > 1) {
        char *words_of_checkout[] = {"checkout", "-q", words.rest[1], NULL};
        if (checkout_command(3, words_of_checkout) != ENDED_WELL) {
            return ENDED_BADLY;
        }
        branch = current_branch();
        head = head_commit();
    }
    git_commit *base_commit = onto == NULL ? against : find_commit(onto);
    git_oid base;
    bool related = git_merge_base(&base, repo, git_commit_id(head), git_commit_id(against)) == 0;
    if (onto == NULL && related && git_oid_equal(&base, git_commit_id(against))) {
        if (!quiet) {
            printf(branch != NULL ? "Current branch %s is up to date.\n" : "HEAD is up to date.\n", branch);
        }
        return ENDED_WELL;
    }
    if (onto == NULL && related && git_oid_equal(&base, git_commit_id(head))) {
        /* Nothing of our own: only forward. */
        switch_files(against, false, "checkout");
        git_reference *reference, *moved;
        must(git_reference_lookup(&reference, repo, "HEAD"));
        const char *name = git_reference_type(reference) == GIT_REFERENCE_SYMBOLIC ? git_reference_symbolic_target(reference) : "HEAD";
        must(git_reference_create(&moved, repo, name, git_commit_id(against), 1, text("rebase (finish): %s onto %s", name, whole_id(git_commit_id(against)))));
        if (!quiet) {
            say(branch != NULL ? "Successfully rebased and updated refs/heads/%s." : "Successfully rebased and updated detached HEAD.", branch);
        }
        return ENDED_WELL;
    }
    git_annotated_commit *from, *to, *tip;
    must(git_annotated_commit_lookup(&from, repo, git_commit_id(against)));
    must(git_annotated_commit_lookup(&to, repo, git_commit_id(base_commit)));
    git_reference *reference;
    must(git_repository_head(&reference, repo));
    must(git_annotated_commit_from_ref(&tip, repo, reference));
    write_state_file("ORIG_HEAD", text("%s\n", whole_id(git_commit_id(head))));
    git_rebase *rebase;
    git_rebase_options options = rebasing();
    must(git_rebase_init(&rebase, repo, branch == NULL ? NULL : tip, from, to, &options));
    return go_on(rebase, branch == NULL ? NULL : text("refs/heads/%s", branch), quiet);
}
