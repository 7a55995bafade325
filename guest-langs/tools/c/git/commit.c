/* git commit. */
#include "git.h"
#include <stdlib.h>
#include <string.h>

enum {
    MESSAGE = 1, ALL, AMEND, EMPTY, NO_EDIT, FILE_OF_MESSAGE, AUTHOR, QUIET, DATE, SIGN_OFF, RESET_AUTHOR, REUSE, REEDIT, FIXUP, DRY,
    CLEANUP, INCLUDE, NOTHING, EMPTY_MESSAGE, NO_STATUS, EDIT,
};

static const struct choice choices[] = {
    {MESSAGE, "message", 'm', NEEDED}, {ALL, "all", 'a', NONE}, {AMEND, "amend", 0, NONE}, {EMPTY, "allow-empty", 0, NONE},
    {EMPTY_MESSAGE, "allow-empty-message", 0, NONE}, {EDIT, "edit", 'e', NONE}, {FILE_OF_MESSAGE, "file", 'F', NEEDED},
    {AUTHOR, "author", 0, NEEDED}, {QUIET, "quiet", 'q', NONE}, {DATE, "date", 0, NEEDED}, {SIGN_OFF, "signoff", 's', NONE},
    {RESET_AUTHOR, "reset-author", 0, NONE}, {REUSE, "reuse-message", 'C', NEEDED}, {REEDIT, "reedit-message", 'c', NEEDED},
    {FIXUP, "fixup", 0, NEEDED}, {DRY, "dry-run", 0, NONE}, {CLEANUP, "cleanup", 0, NEEDED}, {INCLUDE, "include", 'i', NONE},
    {NOTHING, "only", 'o', NONE}, {NOTHING, "verify", 0, NONE}, {NOTHING, NULL, 'n', NONE}, {NOTHING, "verbose", 'v', NONE},
    {NOTHING, "gpg-sign", 0, OPTIONAL}, {NOTHING, "status", 0, NONE}, {NOTHING, "untracked-files", 'u', OPTIONAL}, {0},
};

struct commit {
    char *message;
    const char *file, *author, *date, *reuse, *cleanup;
    bool all, amend, empty, empty_message, no_edit, edit, quiet, sign_off, reset_author, dry, include;
};

git_oid write_commit(git_commit **parents, size_t count, git_tree *tree, const git_signature *author, const git_signature *committer,
                     const char *message, const char *log)
{
    git_oid id;
    must(git_commit_create(&id, repo, NULL, author, committer, NULL, message, tree, count, (const git_commit **)parents));
    must(git_repository_set_ident(repo, committer->name, committer->email));
    git_reference *head, *updated;
    must(git_reference_lookup(&head, repo, "HEAD"));
    size_t line = strcspn(message, "\n");
    char *note = text("%s: %.*s", log, (int)line, message);
    const char *target = git_reference_type(head) == GIT_REFERENCE_SYMBOLIC ? git_reference_symbolic_target(head) : "HEAD";
    if (git_reference_create(&updated, repo, target, &id, 1, note) < 0) {
        die("cannot update ref '%s': %s", target, why());
    }
    return id;
}

void end_special_state(void)
{
    static const char *const names[] = {"MERGE_HEAD", "MERGE_MODE", "MERGE_MSG", "CHERRY_PICK_HEAD", "REVERT_HEAD", "SQUASH_MSG", "AUTO_MERGE"};
    for (size_t at = 0; at < sizeof names / sizeof *names; at++) {
        remove_state_file(names[at]);
    }
}

void put_commit_summary(const git_oid *id, bool author_date, bool quiet)
{
    if (quiet) {
        return;
    }
    git_commit *commit = commit_of(id), *parent = NULL;
    char *branch = current_branch();
    unsigned parents = git_commit_parentcount(commit);
    printf("[%s%s %s] %s\n", branch == NULL ? "detached HEAD" : branch, parents == 0 ? " (root-commit)" : "", short_id(id),
           subject_of(commit));
    const git_signature *author = git_commit_author(commit), *committer = git_commit_committer(commit);
    if (strcmp(author->name, committer->name) != 0 || strcmp(author->email, committer->email) != 0) {
        printf(" Author: %s <%s>\n", author->name, author->email);
    }
    if (author_date) {
        printf(" Date: %s\n", date_text(&author->when, NULL));
    }
    if (parents < 2) {
        if (parents == 1) {
            must(git_commit_parent(&parent, commit, 0));
        }
        git_tree *before = tree_of(parent), *after = tree_of(commit);
        if (before == NULL || !git_oid_equal(git_tree_id(before), git_tree_id(after))) {
            put_changes(before, after, false);
        }
    }
}

/* ---- what goes in ---- */

_Noreturn void die_unmerged(git_index *index)
{
    git_index_conflict_iterator *conflicts;
    const git_index_entry *base, *ours, *theirs;
    must(git_index_conflict_iterator_new(&conflicts, index));
    while (git_index_conflict_next(&base, &ours, &theirs, conflicts) == 0) {
        const git_index_entry *known = ours != NULL ? ours : theirs != NULL ? theirs : base;
        printf("U\t%s\n", known->path);
    }
    complain("Committing is not possible because you have unmerged files.");
    say("hint: Fix them up in the work tree, and then use 'git add/rm <file>'\n"
        "hint: as appropriate to mark resolution and make a commit.");
    die("Exiting because of an unresolved conflict.");
}

/* The tree of HEAD with these paths as they are in the work tree. */
static git_oid tree_of_paths(git_index *index, git_strarray paths, char **given)
{
    git_index *only;
    git_pathspec *pattern;
    must(git_index_new(&only));
    git_commit *head = head_commit();
    if (head != NULL) {
        must(git_index_read_tree(only, tree_of(head)));
    }
    must(git_pathspec_new(&pattern, &paths));
    struct texts known = {0};
    for (int round = 0; round < 2; round++) {
        git_index *from = round == 0 ? index : only;
        for (size_t at = 0; at < git_index_entrycount(from); at++) {
            const char *path = git_index_get_byindex(from, at)->path;
            if (git_pathspec_matches_path(pattern, GIT_PATHSPEC_DEFAULT, path)) {
                texts_add(&known, path);
            }
        }
    }
    if (known.count == 0) {
        fail("pathspec '%s' did not match any file(s) known to git", given[0]);
    }
    must(git_index_update_all(index, &paths, NULL, NULL));
    for (size_t at = 0; at < known.count; at++) {
        const git_index_entry *entry = git_index_get_bypath(index, known.list[at], 0);
        if (entry != NULL) {
            must(git_index_add(only, entry));
        }
        else {
            git_index_remove(only, known.list[at], 0);
        }
    }
    git_oid id;
    must(git_index_write_tree_to(&id, only, repo));
    return id;
}

static git_oid tree_to_commit(const struct commit *asked, const struct words *words)
{
    git_index *index;
    git_oid id;
    must(git_repository_index(&index, repo));
    git_strarray paths = paths_in_tree(words->rest, words->rest_count);
    if (asked->all) {
        if (words->rest_count > 0) {
            die("paths '%s ...' with -a does not make sense", words->rest[0]);
        }
        must(git_index_update_all(index, NULL, NULL, NULL));
    }
    else if (words->rest_count > 0 && paths.count > 0 && !asked->include) {
        id = tree_of_paths(index, paths, words->rest);
        must(git_index_write(index));
        return id;
    }
    else if (words->rest_count > 0) {
        must(git_index_update_all(index, &paths, NULL, NULL));
    }
    if (git_index_has_conflicts(index)) {
        die_unmerged(index);
    }
    must(git_index_write_tree(&id, index));
    if (!asked->dry) {
        must(git_index_write(index));
    }
    return id;
}

/* ---- its message ---- */

static void add_message(struct commit *asked, const char *more)
{
    asked->message = asked->message == NULL ? text("%s\n", more) : text("%s\n%s\n", asked->message, more);
}

static char *with_sign_off(char *message)
{
    git_signature *who = committer_now();
    char *line = text("Signed-off-by: %s <%s>\n", who->name, who->email);
    if (strstr(message, line) != NULL) {
        return message;
    }
    size_t length = strlen(message), last = length;
    while (last > 1 && message[last - 2] != '\n') {
        last--;
    }
    bool behind_trailer = last > 0 && strchr(message + (last > 0 ? last - 1 : 0), ':') != NULL && strstr(message, "-by: ") != NULL;
    return text("%s%s%s", message, behind_trailer ? "" : "\n", line);
}

static char *message_of(struct commit *asked, git_commit *amended, git_commit *reused)
{
    char *message = asked->message;
    bool edited = asked->edit;
    if (asked->file != NULL) {
        message = read_whole_file(asked->file, NULL);
        if (message == NULL) {
            die("could not read log file '%s': No such file or directory", asked->file);
        }
    }
    else if (message == NULL) {
        char *prepared = reused != NULL ? text("%s", git_commit_message(reused)) : state_file("MERGE_MSG");
        if (prepared == NULL && (prepared = state_file("SQUASH_MSG")) == NULL && amended != NULL) {
            prepared = text("%s", git_commit_message(amended));
        }
        message = prepared == NULL ? text("%s", "") : prepared;
        edited |= !asked->no_edit && reused == NULL;
    }
    if (asked->sign_off) {
        message = with_sign_off(clean_message(message, false));
    }
    bool comments = false;
    if (edited && !asked->no_edit) {
        message = edit_message(text("%s\n# Please enter the commit message for your changes. Lines starting\n"
                                    "# with '#' will be ignored, and an empty message aborts the commit.\n#\n", message));
        if (message == NULL) {
            say("Please supply the message using either -m or -F option.");
            exit(ENDED_BADLY);
        }
        comments = true;
    }
    if (asked->cleanup != NULL) {
        if (strcmp(asked->cleanup, "verbatim") == 0) {
            return message;
        }
        comments = strcmp(asked->cleanup, "strip") == 0 || (comments && strcmp(asked->cleanup, "default") == 0);
    }
    return clean_message(message, comments);
}

/* ---- the command ---- */

static struct commit read_options(struct words *words)
{
    struct commit asked = {0};
    for (int id; (id = next_option(words)) != 0;) {
        switch (id) {
        case MESSAGE: add_message(&asked, words->value); break;
        case ALL: asked.all = true; break;
        case AMEND: asked.amend = true; break;
        case EMPTY: asked.empty = true; break;
        case EMPTY_MESSAGE: asked.empty_message = true; break;
        case EDIT:
            asked.no_edit = words->negated;
            asked.edit = !words->negated;
            break;
        case FILE_OF_MESSAGE: asked.file = words->value; break;
        case AUTHOR: asked.author = words->value; break;
        case QUIET: asked.quiet = true; break;
        case DATE: asked.date = words->value; break;
        case SIGN_OFF: asked.sign_off = !words->negated; break;
        case RESET_AUTHOR: asked.reset_author = true; break;
        case REEDIT: asked.edit = true; asked.reuse = words->value; break;
        case REUSE: asked.reuse = words->value; break;
        case FIXUP: add_message(&asked, text("fixup! %s", subject_of(need_commit(words->value)))); break;
        case DRY: asked.dry = true; break;
        case CLEANUP: asked.cleanup = words->value; break;
        case INCLUDE: asked.include = true; break;
        default: break;
        }
    }
    if (asked.message != NULL && asked.file != NULL) {
        die("options '-m' and '-F' cannot be used together");
    }
    return asked;
}

static git_signature *author_of(const struct commit *asked, git_signature *author, git_commit *amended, git_commit *reused)
{
    git_commit *from = asked->reset_author ? NULL : reused != NULL ? reused : amended;
    char *picked = from == NULL && !asked->amend ? state_file("CHERRY_PICK_HEAD") : NULL;
    git_oid id;
    if (picked != NULL && git_oid_fromstr(&id, picked) == 0) {
        from = commit_of(&id);
    }
    if (from != NULL) {
        must(git_signature_dup(&author, git_commit_author(from)));
    }
    if (asked->author != NULL) {
        author = parse_author(asked->author, author);
    }
    if (asked->date != NULL) {
        char *name = author->name, *email = author->email;
        setenv("GIT_AUTHOR_DATE", asked->date, 1);
        setenv("GIT_AUTHOR_NAME", name, 1);
        setenv("GIT_AUTHOR_EMAIL", email, 1);
        git_signature *unused;
        read_people(&author, &unused);
    }
    return author;
}

int commit_command(int argc, char **argv)
{
    open_repository();
    need_work_tree();
    struct words words = words_of(argc, argv, choices);
    struct commit asked = read_options(&words);
    git_commit *head = head_commit(), *reused = asked.reuse == NULL ? NULL : need_commit(asked.reuse);
    if (asked.amend && head == NULL) {
        die("You have nothing yet to amend.");
    }
    bool merging = git_repository_state(repo) == GIT_REPOSITORY_STATE_MERGE;
    if (asked.amend && merging) {
        die("You are in the middle of a merge -- cannot amend.");
    }
    git_oid tree_id = tree_to_commit(&asked, &words);
    git_commit *parents[32];
    size_t count = 0;
    if (asked.amend) {
        count = git_commit_parentcount(head);
        for (size_t at = 0; at < count && at < 32; at++) {
            must(git_commit_parent(&parents[at], head, (unsigned)at));
        }
    }
    else if (head != NULL) {
        parents[count++] = head;
    }
    char *others = merging ? state_file("MERGE_HEAD") : NULL;
    for (char *line = others; line != NULL && *line != '\0' && count < 32; line += strcspn(line, "\n") + 1) {
        git_oid id;
        if (strlen(line) < 40 || git_oid_fromstrn(&id, line, 40) < 0) {
            break;
        }
        parents[count++] = commit_of(&id);
        if (line[strcspn(line, "\n")] == '\0') {
            break;
        }
    }
    bool same = count == 0 ? false : git_oid_equal(git_commit_tree_id(parents[0]), &tree_id);
    if (count == 0) {
        git_tree *tree;
        must(git_tree_lookup(&tree, repo, &tree_id));
        same = git_tree_entrycount(tree) == 0;
    }
    if (asked.dry || (same && !asked.empty && count < 2 && !(asked.amend && count == 0))) {
        if (asked.amend && !asked.dry) {
            /* Nothing would be left of it. */
            say("You asked to amend the most recent commit, but doing so would make\n"
                "it empty. You can repeat your command with --allow-empty, or you can\n"
                "remove the commit entirely with \"git reset HEAD^\".");
        }
        bool staged = put_status(&(struct status_look){.for_commit = true});
        return asked.dry && staged ? ENDED_WELL : ENDED_BADLY;
    }
    git_signature *author, *committer;
    read_people(&author, &committer);
    author = author_of(&asked, author, asked.amend ? head : NULL, reused);
    char *message = message_of(&asked, asked.amend ? head : NULL, reused);
    if (*message == '\0' && !asked.empty_message) {
        say("Aborting commit due to empty commit message.");
        return ENDED_BADLY;
    }
    git_tree *tree;
    must(git_tree_lookup(&tree, repo, &tree_id));
    const char *log = asked.amend ? "commit (amend)" : head == NULL ? "commit (initial)" : count > 1 ? "commit (merge)" : "commit";
    git_oid id = write_commit(parents, count, tree, author, committer, message, log);
    end_special_state();
    put_commit_summary(&id, (asked.amend && !asked.reset_author) || asked.date != NULL || reused != NULL, asked.quiet);
    return ENDED_WELL;
}
