/* git checkout, switch: the files of another commit. */
#include "restore.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    NEW = 1, NEW_ANYWAY, FORCE, QUIET, DETACH, ORPHAN, OURS, THEIRS, TRACK, NOTHING, GUESS, MERGE, OVERLAY,
};

static const struct choice checkout_choices[] = {
    {NEW, NULL, 'b', NEEDED}, {NEW_ANYWAY, NULL, 'B', NEEDED}, {FORCE, "force", 'f', NONE}, {QUIET, "quiet", 'q', NONE},
    {DETACH, "detach", 'd', NONE}, {ORPHAN, "orphan", 0, NEEDED}, {OURS, "ours", 0, NONE}, {THEIRS, "theirs", 0, NONE},
    {TRACK, "track", 't', OPTIONAL}, {NOTHING, "progress", 0, NONE}, {GUESS, "guess", 0, NONE}, {MERGE, "merge", 'm', NONE},
    {NOTHING, "conflict", 0, NEEDED}, {NOTHING, "recurse-submodules", 0, OPTIONAL}, {NOTHING, NULL, 'l', NONE}, {OVERLAY, "overlay", 0, NONE}, {0},
};
static const struct choice switch_choices[] = {
    {NEW, "create", 'c', NEEDED}, {NEW_ANYWAY, "force-create", 'C', NEEDED}, {FORCE, "force", 'f', NONE},
    {FORCE, "discard-changes", 0, NONE}, {QUIET, "quiet", 'q', NONE}, {DETACH, "detach", 'd', NONE}, {ORPHAN, "orphan", 0, NEEDED},
    {TRACK, "track", 't', OPTIONAL}, {NOTHING, "progress", 0, NONE}, {GUESS, "guess", 0, NONE}, {MERGE, "merge", 'm', NONE}, {0},
};

/* ---- over to another commit ---- */

static struct texts changed_paths(git_tree *from, git_tree *to)
{
    struct texts paths = {0};
    git_diff_options options = GIT_DIFF_OPTIONS_INIT;
    options.flags = GIT_DIFF_INCLUDE_TYPECHANGE | GIT_DIFF_SKIP_BINARY_CHECK;
    git_diff *diff;
    must(git_diff_tree_to_tree(&diff, repo, from, to, &options));
    for (size_t at = 0; at < git_diff_num_deltas(diff); at++) {
        const git_diff_delta *delta = git_diff_get_delta(diff, at);
        texts_add(&paths, delta->status == GIT_DELTA_DELETED ? delta->old_file.path : delta->new_file.path);
    }
    git_diff_free(diff);
    return paths;
}

static void put_in_the_way(const char *what, const struct texts *paths, const char *advice)
{
    if (paths->count == 0) {
        return;
    }
    char *all = text("%s", what);
    for (size_t at = 0; at < paths->count; at++) {
        all = text("%s\n\t%s", all, quoted(paths->list[at]));
    }
    complain("%s\n%s", all, advice);
}

static bool entry_is(git_tree *tree, const char *path, const git_index_entry *entry)
{
    git_tree_entry *found;
    if (tree == NULL || git_tree_entry_bypath(&found, tree, path) != 0) {
        return entry == NULL;
    }
    bool same = entry != NULL && git_oid_equal(git_tree_entry_id(found), &entry->id) && (uint32_t)git_tree_entry_filemode(found) == entry->mode;
    git_tree_entry_free(found);
    return same;
}

bool would_overwrite(git_commit *from, git_tree *to, const char *command)
{
    git_tree *before = tree_of(from);
    struct texts paths = changed_paths(before, to), changed = {0}, untracked = {0};
    git_index *index;
    must(git_repository_index(&index, repo));
    for (size_t at = 0; at < paths.count; at++) {
        const char *path = paths.list[at];
        const git_index_entry *entry = git_index_get_bypath(index, path, 0);
        unsigned status = 0;
        struct stat about;
        if (entry == NULL && entry_is(before, path, NULL)) {
            int ignored = 0;
            bool there = lstat(path_on_disk(path), &about) == 0;
            if (there && git_ignore_path_is_ignored(&ignored, repo, path) == 0 && !ignored) {
                texts_add(&untracked, path);
            }
            continue;
        }
        if (git_status_file(&status, repo, path) != 0) {
            continue;
        }
        bool staged = !entry_is(before, path, entry) && !entry_is(to, path, entry);
        bool edited = (status & (GIT_STATUS_WT_MODIFIED | GIT_STATUS_WT_TYPECHANGE)) != 0;
        if (staged || edited || (status & GIT_STATUS_CONFLICTED)) {
            texts_add(&changed, path);
        }
    }
    bool checkout = strcmp(command, "checkout") == 0;
    put_in_the_way(text("Your local changes to the following files would be overwritten by %s:", command), &changed,
                   checkout ? "Please commit your changes or stash them before you switch branches."
                            : text("Please commit your changes or stash them before you %s.", command));
    put_in_the_way(text("The following untracked working tree files would be overwritten by %s:", command), &untracked,
                   checkout ? "Please move or remove them before you switch branches."
                            : text("Please move or remove them before you %s.", command));
    if (changed.count + untracked.count > 0) {
        say("Aborting");
    }
    return changed.count + untracked.count > 0;
}

void switch_files(git_commit *target, bool force, const char *command)
{
    git_commit *head = head_commit();
    git_tree *to = tree_of(target);
    git_checkout_options options = GIT_CHECKOUT_OPTIONS_INIT;
    options.checkout_strategy = GIT_CHECKOUT_FORCE;
    if (!force) {
        git_index *index;
        must(git_repository_index(&index, repo));
        if (git_index_has_conflicts(index)) {
            git_index_conflict_iterator *conflicts;
            const git_index_entry *base, *ours, *theirs;
            must(git_index_conflict_iterator_new(&conflicts, index));
            while (git_index_conflict_next(&base, &ours, &theirs, conflicts) == 0) {
                printf("%s: needs merge\n", (ours != NULL ? ours : theirs != NULL ? theirs : base)->path);
            }
            fail("you need to resolve your current index first");
        }
        if (would_overwrite(head, to, command)) {
            exit(ENDED_BADLY);
        }
        struct texts paths = changed_paths(tree_of(head), to);
        if (paths.count == 0) {
            return;
        }
        /* What is the same in both stays as it is. */
        options.checkout_strategy |= GIT_CHECKOUT_DISABLE_PATHSPEC_MATCH;
        options.paths = (git_strarray){paths.list, paths.count};
    }
    if (git_checkout_tree(repo, (git_object *)to, &options) < 0) {
        fail("%s", why());
    }
    if (force) {
        /* What was only staged is not seen by a look at the files. */
        git_index *index;
        must(git_repository_index(&index, repo));
        must(git_index_read_tree(index, to));
        must(git_index_write(index));
    }
}

/* ` M a`: what stays changed. */
static void put_local_changes(void)
{
    git_commit *head = head_commit();
    if (head == NULL) {
        return;
    }
    struct patch_look look = {.status = true, .no_renames = true};
    git_diff_options options = patch_options(&look, (git_strarray){0});
    git_diff *diff;
    must(git_diff_tree_to_workdir_with_index(&diff, repo, tree_of(head), &options));
    put_diff(diff, &look);
}

/* Says what is left behind when HEAD was on no branch. */
static void put_left(git_commit *before)
{
    git_reference_iterator *references;
    git_reference *reference;
    bool known = false;
    must(git_reference_iterator_new(&references, repo));
    while (!known && git_reference_next(&reference, references) == 0) {
        git_object *target;
        if (git_reference_peel(&target, reference, GIT_OBJECT_COMMIT) == 0) {
            known = git_oid_equal(git_object_id(target), git_commit_id(before))
                    || git_graph_descendant_of(repo, git_object_id(target), git_commit_id(before)) == 1;
            git_object_free(target);
        }
        git_reference_free(reference);
    }
    git_oid now;
    known |= git_reference_name_to_id(&now, repo, "HEAD") == 0 && git_graph_descendant_of(repo, &now, git_commit_id(before)) == 1;
    if (known) {
        say("Previous HEAD position was %s %s", short_id(git_commit_id(before)), subject_of(before));
        return;
    }
    struct walk walk = {.limit = -1};
    walk_add_all(&walk, "refs/*");
    walk.hidden = walk.tips;
    walk.hidden_count = walk.tip_count;
    walk.tips = (git_oid *)git_commit_id(before);
    walk.tip_count = 1;
    char *list = text("%s", "");
    size_t count = 0;
    for (git_commit *commit; (commit = walk_next(&walk)) != NULL; count++) {
        if (count < 4) {
            list = text("%s  %s %s\n", list, short_id(git_commit_id(commit)), subject_of(commit));
        }
    }
    say("Warning: you are leaving %zu commit%s behind, not connected to\nany of your branches:\n\n%s\n"
        "If you want to keep %s by creating a new branch, this may be a good time\nto do so with:\n\n git branch <new-branch-name> %s\n",
        count, count == 1 ? "" : "s", list, count == 1 ? "it" : "them", short_id(git_commit_id(before)));
}

struct asked {
    const char *new_name, *orphan, *start, *command;
    bool anyway, force, quiet, detach, no_track, track;
};

static void set_head_on(const char *branch)
{
    must(git_repository_set_head(repo, text("refs/heads/%s", branch)));
}

static void become(void)
{
    /* So that the log of HEAD names who moved it, also when only the environment says so. */
    const char *name = getenv("GIT_COMMITTER_NAME"), *email = getenv("GIT_COMMITTER_EMAIL");
    if (name != NULL && email != NULL) {
        git_repository_set_ident(repo, name, email);
    }
}

static int create_and_switch(const struct asked *asked)
{
    int valid = 0;
    git_reference *branch = NULL, *remote = NULL;
    const char *name = asked->new_name;
    if (git_branch_name_is_valid(&valid, name) != 0 || !valid) {
        die("'%s' is not a valid branch name\nhint: See `man git check-ref-format`\n"
            "hint: Disable this message with \"git config advice.refSyntax false\"", name);
    }
    bool exists = git_branch_lookup(&branch, repo, name, GIT_BRANCH_LOCAL) == 0;
    if (exists && !asked->anyway) {
        die("a branch named '%s' already exists", name);
    }
    git_commit *before = head_commit(), *target = asked->start == NULL ? before : find_commit(asked->start);
    char *was_on = current_branch();
    if (target == NULL && asked->start != NULL) {
        die(strcmp(asked->command, "switch") == 0 ? "invalid reference: %s" : "'%s' is not a commit and a branch '%s' cannot be created from it",
            asked->start, name);
    }
    if (target == NULL) {
        /* No commit yet: only the name changes. */
        must(git_reference_symbolic_create(&branch, repo, "HEAD", text("refs/heads/%s", name), 1, NULL));
    }
    else {
        switch_files(target, asked->force, "checkout");
        if (exists && was_on != NULL && strcmp(was_on, name) == 0) {
            must(git_reference_set_target(&branch, branch, git_commit_id(target), text("reset: moving to %s", asked->start)));
        }
        else {
            must(git_branch_create(&branch, repo, name, target, asked->anyway));
        }
        bool tracks = asked->start != NULL && git_branch_lookup(&remote, repo, asked->start, GIT_BRANCH_REMOTE) == 0 && !asked->no_track;
        set_head_on(name);
        if (tracks) {
            must(git_branch_set_upstream(branch, asked->start));
        }
        if (!asked->quiet) {
            put_local_changes();
        }
        if (tracks && !asked->quiet) {
            printf("branch '%s' set up to track '%s'.\n", name, asked->start);
        }
    }
    if (!asked->quiet) {
        if (was_on == NULL && before != NULL && target != before) {
            put_left(before);
        }
        say(!exists ? "Switched to a new branch '%s'" : was_on != NULL && strcmp(was_on, name) == 0 ? "Reset branch '%s'" : "Switched to and reset branch '%s'", name);
    }
    return ENDED_WELL;
}

void put_detached_advice(const char *name)
{
    if (!setting_is_on("advice.detachedHead", true)) {
        return;
    }
    say("Note: switching to '%s'.\n\n"
        "You are in 'detached HEAD' state. You can look around, make experimental\n"
        "changes and commit them, and you can discard any commits you make in this\n"
        "state without impacting any branches by switching back to a branch.\n\n"
        "If you want to create a new branch to retain commits you create, you may\n"
        "do so (now or later) by using -c with the switch command. Example:\n\n"
        "  git switch -c <new-branch-name>\n\nOr undo this operation with:\n\n  git switch -\n\n"
        "Turn off this advice by setting config variable advice.detachedHead to false\n", name);
}

/* The branch that `-` and `@{-1}` mean. */
static const char *branch_before(const char *name)
{
    if (strcmp(name, "-") == 0) {
        name = "@{-1}";
    }
    git_reference *reference;
    if (strncmp(name, "@{-", 3) == 0 && git_reference_dwim(&reference, repo, name) == 0) {
        return text("%s", short_name(git_reference_name(reference)));
    }
    git_object *object = NULL;
    if (strncmp(name, "@{-", 3) == 0 && git_revparse_ext(&object, &reference, repo, name) == 0 && reference != NULL) {
        return text("%s", short_name(git_reference_name(reference)));
    }
    return name;
}

static int switch_to(const struct asked *asked, const char *name)
{
    git_reference *branch = NULL;
    name = branch_before(name);
    bool is_branch = !asked->detach && git_branch_lookup(&branch, repo, name, GIT_BRANCH_LOCAL) == 0;
    git_commit *target = find_commit(name), *before = head_commit();
    char *was_on = current_branch();
    if (target == NULL) {
        if (is_branch || (was_on != NULL && strcmp(name, was_on) == 0)) {
            die("your current branch '%s' does not have any commits yet", name);
        }
        die("invalid reference: %s", name);
    }
    bool same = is_branch && was_on != NULL && strcmp(name, was_on) == 0;
    switch_files(target, asked->force, "checkout");
    if (is_branch && !same) {
        set_head_on(name);
    }
    else if (!is_branch) {
        git_annotated_commit *annotated;
        if (git_annotated_commit_from_revspec(&annotated, repo, name) != 0) {
            must(git_annotated_commit_lookup(&annotated, repo, git_commit_id(target)));
        }
        must(git_repository_set_head_detached_from_annotated(repo, annotated));
    }
    if (asked->quiet) {
        return ENDED_WELL;
    }
    if (!asked->force || same) {
        put_local_changes();
    }
    bool moved = before != NULL && !git_oid_equal(git_commit_id(before), git_commit_id(target));
    if (was_on == NULL && moved) {
        put_left(before);
    }
    if (is_branch) {
        say(same ? "Already on '%s'" : "Switched to branch '%s'", name);
        put_tracking(name, false);
    }
    else {
        if (was_on != NULL && !asked->detach) {
            put_detached_advice(name);
        }
        say("HEAD is now at %s %s", short_id(git_commit_id(target)), subject_of(target));
    }
    return ENDED_WELL;
}

/* `git switch topic` where only one remote has a topic. */
static const char *remote_branch(const char *name)
{
    git_strarray remotes;
    const char *found = NULL;
    must(git_remote_list(&remotes, repo));
    for (size_t at = 0; at < remotes.count; at++) {
        git_reference *branch;
        char *tried = text("%s/%s", remotes.strings[at], name);
        if (git_branch_lookup(&branch, repo, tried, GIT_BRANCH_REMOTE) == 0) {
            if (found != NULL) {
                return NULL;
            }
            found = tried;
        }
    }
    return found;
}

static int orphan(const struct asked *asked)
{
    git_reference *head;
    if (asked->start != NULL) {
        switch_files(need_commit(asked->start), asked->force, "checkout");
    }
    must(git_reference_symbolic_create(&head, repo, "HEAD", text("refs/heads/%s", asked->orphan), 1, NULL));
    if (strcmp(asked->command, "switch") == 0) {
        git_index *index;
        must(git_repository_index(&index, repo));
        for (size_t at = 0; at < git_index_entrycount(index); at++) {
            remove_from_tree(git_index_get_byindex(index, at)->path);
        }
        must(git_index_clear(index));
        must(git_index_write(index));
    }
    if (!asked->quiet) {
        say("Switched to a new branch '%s'", asked->orphan);
    }
    return ENDED_WELL;
}

/* ---- commands ---- */

static const char *take_common(struct asked *asked, const struct words *words, int id)
{
    switch (id) {
    case NEW: asked->new_name = words->value; break;
    case NEW_ANYWAY: asked->new_name = words->value; asked->anyway = true; break;
    case FORCE: asked->force = true; break;
    case QUIET: asked->quiet = true; break;
    case DETACH: asked->detach = true; break;
    case ORPHAN: asked->orphan = words->value; break;
    case TRACK: asked->track = !words->negated; asked->no_track = words->negated; break;
    case MERGE: die("--merge is not supported here");
    default: break;
    }
    return NULL;
}

int checkout_command(int argc, char **argv)
{
    open_repository();
    need_work_tree();
    become();
    struct words words = words_of(argc, argv, checkout_choices);
    struct asked asked = {.command = "checkout"};
    uint32_t side = 0;
    bool guess = true, overlay = true;
    for (int id; (id = next_option(&words)) != 0;) {
        side = id == OURS ? GIT_CHECKOUT_USE_OURS : id == THEIRS ? GIT_CHECKOUT_USE_THEIRS : side;
        guess = id == GUESS ? !words.negated : guess;
        overlay = id == OVERLAY ? !words.negated : overlay;
        take_common(&asked, &words, id);
    }
    char **rest = words.rest;
    int count = words.rest_count;
    if (asked.new_name != NULL || asked.orphan != NULL) {
        asked.start = count > 0 ? rest[0] : NULL;
        if (count > 1) {
            die("'%s' is not a commit and a branch '%s' cannot be created from it", rest[0], asked.new_name == NULL ? asked.orphan : asked.new_name);
        }
        return asked.orphan != NULL ? orphan(&asked) : create_and_switch(&asked);
    }
    if (count == 0 && words.dashes < 0) {
        if (asked.detach) {
            return switch_to(&asked, "HEAD");
        }
        git_commit *head = head_commit();
        if (asked.force && head != NULL) {
            switch_files(head, true, "checkout");
        }
        put_local_changes();
        if (current_branch() != NULL) {
            put_tracking(current_branch(), false);
        }
        return ENDED_WELL;
    }
    git_object *found = count > 0 && words.dashes != 0 ? find_object(rest[0]) : NULL;
    bool is_path = count > 0 && path_exists(rest[0]) && words.dashes < 0;
    git_reference *branch;
    if (count == 1 && words.dashes < 0 && found != NULL && is_path && git_branch_lookup(&branch, repo, rest[0], GIT_BRANCH_LOCAL) != 0
        && strspn(rest[0], "0123456789abcdef") != strlen(rest[0])) {
        found = NULL;
    }
    const char *remote = found == NULL && count == 1 && !is_path && guess && words.dashes != 0 ? remote_branch(rest[0]) : NULL;
    if (remote != NULL || (asked.track && count == 1)) {
        asked.start = remote != NULL ? remote : rest[0];
        asked.new_name = remote != NULL ? rest[0] : strchr(rest[0], '/') != NULL ? strchr(rest[0], '/') + 1 : rest[0];
        return create_and_switch(&asked);
    }
    if (found != NULL && (count == 1 && (words.dashes < 0 || words.dashes == 1))) {
        return switch_to(&asked, rest[0]);
    }
    if (count == 1 && words.dashes < 0 && !is_path && find_commit(rest[0]) == NULL && current_branch() != NULL
        && strcmp(rest[0], current_branch()) == 0) {
        die("your current branch '%s' does not have any commits yet", rest[0]);
    }
    struct restoring restoring = {.worktree = true, .staged = false, .overlay = overlay, .quiet = asked.quiet, .counts = words.dashes < 0, .side = side};
    int first = 0;
    if (found != NULL) {
        restoring.source = need_tree(rest[0]);
        restoring.source_name = short_id(git_tree_id(restoring.source));
        restoring.staged = true;
        first = 1;
    }
    else if (words.dashes == 1) {
        die("invalid reference: %s", rest[0]);
    }
    return restore_paths(&restoring, rest + first, count - first);
}

int switch_command(int argc, char **argv)
{
    open_repository();
    need_work_tree();
    become();
    struct words words = words_of(argc, argv, switch_choices);
    struct asked asked = {.command = "switch"};
    bool guess = true;
    for (int id; (id = next_option(&words)) != 0;) {
        guess = id == GUESS ? !words.negated : guess;
        take_common(&asked, &words, id);
    }
    const char *name = words.rest_count > 0 ? words.rest[0] : NULL;
    if (asked.new_name != NULL || asked.orphan != NULL) {
        asked.start = name;
        return asked.orphan != NULL ? orphan(&asked) : create_and_switch(&asked);
    }
    if (name == NULL && !asked.detach) {
        die("missing branch or commit argument");
    }
    if (words.rest_count > 1) {
        die("only one reference expected");
    }
    git_reference *branch;
    const char *wanted = name == NULL ? "HEAD" : branch_before(name);
    if (!asked.detach && git_branch_lookup(&branch, repo, wanted, GIT_BRANCH_LOCAL) != 0) {
        const char *remote = guess ? remote_branch(wanted) : NULL;
        if (remote != NULL) {
            asked.start = remote;
            asked.new_name = wanted;
            return create_and_switch(&asked);
        }
        git_object *found = find_object(wanted);
        git_reference *reference = NULL;
        if (found != NULL) {
            const char *kind = git_reference_dwim(&reference, repo, wanted) != 0 ? "commit"
                               : git_reference_is_tag(reference)                  ? "tag"
                               : git_reference_is_remote(reference)               ? "remote branch"
                                                                                  : "commit";
            die("a branch is expected, got %s '%s'\nhint: If you want to detach HEAD at the commit, try again with the --detach option.", kind, wanted);
        }
        die("invalid reference: %s", wanted);
    }
    return switch_to(&asked, wanted);
}
