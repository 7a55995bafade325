/* git cherry-pick and revert: one commit's change, once more or backwards. */
#include "git.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

enum { NO_COMMIT = 1, SOURCE, MAINLINE, CONTINUE, ABORT, SKIP, QUIT, EDIT, SIGN_OFF, NOTHING, STRATEGY_OPTION, EMPTY };

static const struct choice choices[] = {
    {NO_COMMIT, "no-commit", 'n', NONE}, {SOURCE, NULL, 'x', NONE}, {MAINLINE, "mainline", 'm', NEEDED}, {CONTINUE, "continue", 0, NONE},
    {ABORT, "abort", 0, NONE}, {SKIP, "skip", 0, NONE}, {QUIT, "quit", 0, NONE}, {EDIT, "edit", 'e', NONE}, {SIGN_OFF, "signoff", 's', NONE},
    {STRATEGY_OPTION, "strategy-option", 'X', NEEDED}, {EMPTY, "allow-empty", 0, NONE}, {EMPTY, "keep-redundant-commits", 0, NONE},
    {NOTHING, "strategy", 0, NEEDED}, {NOTHING, "ff", 0, NONE}, {NOTHING, "allow-empty-message", 0, NONE}, {NOTHING, NULL, 'r', NONE}, {0},
};

struct picking {
    bool reverts, no_commit, source, empty;
    unsigned mainline;
    git_merge_file_favor_t favour;
    const char *command;
};

static const char *todo_name = "sequencer/todo", *head_name = "sequencer/head";

static void end_sequence(void)
{
    remove_state_file(todo_name);
    remove_state_file(head_name);
    rmdir(text("%ssequencer", git_repository_path(repo)));
    end_special_state();
}

static char *message_of(const struct picking *asked, git_commit *commit)
{
    if (!asked->reverts) {
        char *message = text("%s", git_commit_message(commit));
        return asked->source ? text("%s%s(cherry picked from commit %s)\n", clean_message(message, false), strstr(message, "-by: ") ? "" : "\n",
                                    whole_id(git_commit_id(commit)))
                             : message;
    }
    const char *subject = subject_of(commit);
    char *title = strncmp(subject, "Revert \"", 8) == 0 ? text("Reapply %s", subject + 7) : text("Revert \"%s\"", subject);
    if (git_commit_parentcount(commit) > 1) {
        return text("%s\n\nThis reverts commit %s, reversing\nchanges made to %s.\n", title, whole_id(git_commit_id(commit)),
                    whole_id(git_commit_parent_id(commit, asked->mainline - 1)));
    }
    return text("%s\n\nThis reverts commit %s.\n", title, whole_id(git_commit_id(commit)));
}

static git_oid commit_index(git_commit *head, const git_signature *author, const char *message, const char *log, bool *empty)
{
    git_index *index;
    git_oid tree_id, id = {{0}};
    git_tree *tree;
    must(git_repository_index(&index, repo));
    must(git_index_write_tree(&tree_id, index));
    *empty = head != NULL && git_oid_equal(&tree_id, git_commit_tree_id(head));
    must(git_tree_lookup(&tree, repo, &tree_id));
    git_signature *own, *committer;
    read_people(&own, &committer);
    git_commit *parents[] = {head};
    id = write_commit(parents, head == NULL ? 0 : 1, tree, author == NULL ? own : author, committer, clean_message(message, false), log);
    return id;
}

static void refuse_dirty(const struct picking *asked, git_commit *head)
{
    git_diff *diff;
    must(git_diff_tree_to_index(&diff, repo, tree_of(head), NULL, NULL));
    if (git_diff_num_deltas(diff) > 0) {
        complain("your local changes would be overwritten by %s.", asked->command);
        say("hint: commit your changes or stash them to proceed.");
        die("%s failed", asked->command);
    }
}

static void put_advice(const struct picking *asked)
{
    say("hint: After resolving the conflicts, mark them with\nhint: \"git add/rm <pathspec>\", then run\n"
        "hint: \"git %1$s --continue\".\nhint: You can instead skip this commit with \"git %1$s --skip\".\n"
        "hint: To abort and get back to the state before \"git %1$s\",\nhint: run \"git %1$s --abort\".\n"
        "hint: Disable this message with \"git config advice.mergeConflict false\"", asked->command);
}

/* One commit; the command's status. */
static int pick(const struct picking *asked, git_commit *commit)
{
    git_commit *head = head_commit();
    unsigned parents = git_commit_parentcount(commit);
    if (parents > 1 && asked->mainline == 0) {
        complain("commit %s is a merge but no -m option was given.", whole_id(git_commit_id(commit)));
        die("%s failed", asked->command);
    }
    if (parents < 2 && asked->mainline > 1) {
        complain("commit %s does not have parent %u", whole_id(git_commit_id(commit)), asked->mainline);
        die("%s failed", asked->command);
    }
    git_commit *parent = NULL;
    if (parents > 0) {
        must(git_commit_parent(&parent, commit, parents > 1 ? asked->mainline - 1 : 0));
    }
    git_tree *base = tree_of(asked->reverts ? commit : parent), *theirs = tree_of(asked->reverts ? parent : commit), *ours = tree_of(head);
    git_index *result, *index;
    git_merge_options merging = GIT_MERGE_OPTIONS_INIT;
    merging.file_favor = asked->favour;
    must(git_merge_trees(&result, repo, base, ours, theirs, &merging));
    char *name = asked->reverts ? text("parent of %s (%s)", short_id(git_commit_id(commit)), subject_of(commit))
                                : text("%s (%s)", short_id(git_commit_id(commit)), subject_of(commit));
    char *message = message_of(asked, commit);
    bool conflicts = git_index_has_conflicts(result);
    if (!conflicts) {
        git_oid tree_id;
        git_tree *tree;
        must(git_index_write_tree_to(&tree_id, result, repo));
        must(git_tree_lookup(&tree, repo, &tree_id));
        if (would_overwrite(head, tree, "merge")) {
            die("%s failed", asked->command);
        }
    }
    put_conflicts(result, base, ours, theirs, name);
    git_checkout_options options = GIT_CHECKOUT_OPTIONS_INIT;
    options.checkout_strategy = GIT_CHECKOUT_SAFE | GIT_CHECKOUT_ALLOW_CONFLICTS;
    options.our_label = "HEAD";
    options.their_label = name;
    if (git_checkout_index(repo, result, &options) < 0) {
        fail("%s", why());
    }
    must(git_repository_index(&index, repo));
    must(git_index_read(index, 1));
    if (conflicts) {
        write_state_file(asked->reverts ? "REVERT_HEAD" : "CHERRY_PICK_HEAD", text("%s\n", whole_id(git_commit_id(commit))));
        char *list = text("%s\n# Conflicts:\n", message);
        git_index_conflict_iterator *each;
        const git_index_entry *first, *left, *right;
        must(git_index_conflict_iterator_new(&each, index));
        while (git_index_conflict_next(&first, &left, &right, each) == 0) {
            list = text("%s#\t%s\n", list, (left != NULL ? left : right != NULL ? right : first)->path);
        }
        write_state_file("MERGE_MSG", list);
        complain("could not %s %s... %s", asked->reverts ? "revert" : "apply", short_id(git_commit_id(commit)), subject_of(commit));
        put_advice(asked);
        return ENDED_BADLY;
    }
    if (asked->no_commit) {
        if (asked->reverts) {
            write_state_file("REVERT_HEAD", text("%s\n", whole_id(git_commit_id(commit))));
            write_state_file("MERGE_MSG", message);
        }
        return ENDED_WELL;
    }
    git_oid tree_id;
    must(git_index_write_tree(&tree_id, index));
    if (head != NULL && git_oid_equal(&tree_id, git_commit_tree_id(head)) && !asked->empty && !asked->reverts) {
        write_state_file("CHERRY_PICK_HEAD", text("%s\n", whole_id(git_commit_id(commit))));
        write_state_file("MERGE_MSG", message);
        say("The previous cherry-pick is now empty, possibly due to conflict resolution.\nIf you wish to commit it anyway, use:\n\n"
            "    git commit --allow-empty\n\nOtherwise, please use 'git cherry-pick --skip'");
        put_status(&(struct status_look){0});
        return ENDED_BADLY;
    }
    bool empty;
    git_oid id = commit_index(head, asked->reverts ? NULL : git_commit_author(commit), message, asked->command, &empty);
    end_special_state();
    put_commit_summary(&id, true, false);
    return ENDED_WELL;
}

/* ---- several of them ---- */

static void keep_todo(const git_oid *ids, size_t count)
{
    mkdir(text("%ssequencer", git_repository_path(repo)), 0777);
    char *list = text("%s", "");
    for (size_t at = 0; at < count; at++) {
        list = text("%s%s\n", list, whole_id(&ids[at]));
    }
    write_state_file(todo_name, list);
}

static int go_on(const struct picking *asked, const git_oid *ids, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        if (count - at > 1) {
            keep_todo(ids + at + 1, count - at - 1);
        }
        else {
            remove_state_file(todo_name);
        }
        int status = pick(asked, commit_of(&ids[at]));
        if (status != ENDED_WELL) {
            return status;
        }
    }
    remove_state_file(todo_name);
    remove_state_file(head_name);
    rmdir(text("%ssequencer", git_repository_path(repo)));
    return ENDED_WELL;
}

static int after_stop(struct picking *asked, int action)
{
    char *stopped = state_file(asked->reverts ? "REVERT_HEAD" : "CHERRY_PICK_HEAD"), *todo = state_file(todo_name), *start = state_file(head_name);
    if (stopped == NULL && todo == NULL) {
        complain("no cherry-pick or revert in progress");
        die("%s failed", asked->command);
    }
    git_commit *head = head_commit();
    if (action == ABORT || action == SKIP) {
        git_oid id;
        git_commit *target = action == ABORT && start != NULL && git_oid_fromstrn(&id, start, 40) == 0 ? commit_of(&id) : head;
        char *words[] = {"reset", "-q", "--merge", text("%s", whole_id(git_commit_id(target))), NULL};
        int status = reset_command(4, words);
        if (action == ABORT || status != ENDED_WELL) {
            end_sequence();
            return status;
        }
    }
    else if (action == QUIT) {
        end_sequence();
        return ENDED_WELL;
    }
    else if (stopped != NULL) {
        git_index *index;
        must(git_repository_index(&index, repo));
        if (git_index_has_conflicts(index)) {
            die_unmerged(index);
        }
        char *message = state_file("MERGE_MSG");
        git_oid id;
        git_signature *author = NULL;
        if (!asked->reverts && git_oid_fromstrn(&id, stopped, 40) == 0) {
            must(git_signature_dup(&author, git_commit_author(commit_of(&id))));
        }
        bool empty;
        id = commit_index(head, author, clean_message(message == NULL ? "" : message, true),
                          asked->reverts ? "commit" : "commit (cherry-pick)", &empty);
        end_special_state();
        put_commit_summary(&id, !asked->reverts, false);
    }
    git_oid *ids = NULL;
    size_t count = 0;
    for (char *line = todo; line != NULL && strlen(line) >= 40; line += 41) {
        ids = room(ids, (count + 1) * sizeof *ids);
        if (git_oid_fromstrn(&ids[count], line, 40) == 0) {
            count++;
        }
        if (strlen(line) < 41) {
            break;
        }
    }
    return go_on(asked, ids, count);
}

static int run(int argc, char **argv, struct picking asked)
{
    open_repository();
    need_work_tree();
    struct words words = words_of(argc, argv, choices);
    int action = 0;
    for (int id; (id = next_option(&words)) != 0;) {
        switch (id) {
        case NO_COMMIT: asked.no_commit = true; break;
        case SOURCE: asked.source = true; break;
        case MAINLINE: asked.mainline = (unsigned)atoi(words.value); break;
        case EMPTY: asked.empty = true; break;
        case STRATEGY_OPTION:
            asked.favour = strcmp(words.value, "ours") == 0 ? GIT_MERGE_FILE_FAVOR_OURS : strcmp(words.value, "theirs") == 0 ? GIT_MERGE_FILE_FAVOR_THEIRS
                                                                                                                              : GIT_MERGE_FILE_FAVOR_NORMAL;
            break;
        case CONTINUE: case ABORT: case SKIP: case QUIT: action = id; break;
        default: break;
        }
    }
    if (action != 0) {
        return after_stop(&asked, action);
    }
    if (words.rest_count == 0) {
        usage("git %s [--edit] [-n] [-m <parent-number>] [-s] [-x] <commit>...", asked.command);
    }
    git_commit *head = head_commit();
    if (head == NULL) {
        die("your current branch '%s' does not have any commits yet", current_branch());
    }
    git_oid *ids = NULL;
    size_t count = 0;
    for (int at = 0; at < words.rest_count; at++) {
        struct walk walk = {.limit = -1};
        git_commit *one = find_commit(words.rest[at]);
        if (one != NULL) {
            ids = room(ids, (count + 1) * sizeof *ids);
            ids[count++] = *git_commit_id(one);
            continue;
        }
        if (!walk_add(&walk, words.rest[at])) {
            die("bad revision '%s'", words.rest[at]);
        }
        walk.topological = true;
        walk.reverse = !asked.reverts;
        for (git_commit *commit; (commit = walk_next(&walk)) != NULL;) {
            ids = room(ids, (count + 1) * sizeof *ids);
            ids[count++] = *git_commit_id(commit);
        }
    }
    if (!asked.no_commit) {
        refuse_dirty(&asked, head);
    }
    if (count > 1) {
        keep_todo(ids, count);
        write_state_file(head_name, text("%s\n", whole_id(git_commit_id(head))));
    }
    return go_on(&asked, ids, count);
}

int cherry_pick_command(int argc, char **argv)
{
    return run(argc, argv, (struct picking){.command = "cherry-pick"});
}

int revert_command(int argc, char **argv)
{
    return run(argc, argv, (struct picking){.command = "revert", .reverts = true});
}
