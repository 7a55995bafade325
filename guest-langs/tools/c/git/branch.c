/* git branch. */
#include "refs.h"
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

enum {
    ALL = 1, REMOTES, VERBOSE, DELETE, DELETE_ANYWAY, MOVE, MOVE_ANYWAY, COPY, SHOW_CURRENT, FORMAT, FORCE, LIST, UPSTREAM, NO_UPSTREAM,
    CONTAINS, MERGED, NO_MERGED, SORT, QUIET, TRACK, POINTS_AT, NOTHING, NO_CONTAINS,
};

static const struct choice choices[] = {
    {ALL, "all", 'a', NONE}, {REMOTES, "remotes", 'r', NONE}, {VERBOSE, "verbose", 'v', NONE}, {DELETE, "delete", 'd', NONE},
    {DELETE_ANYWAY, NULL, 'D', NONE}, {MOVE, "move", 'm', NONE}, {MOVE_ANYWAY, NULL, 'M', NONE}, {COPY, "copy", 'c', NONE},
    {SHOW_CURRENT, "show-current", 0, NONE}, {FORMAT, "format", 0, NEEDED}, {FORCE, "force", 'f', NONE}, {LIST, "list", 'l', NONE},
    {UPSTREAM, "set-upstream-to", 'u', NEEDED}, {NO_UPSTREAM, "unset-upstream", 0, NONE}, {CONTAINS, "contains", 0, LAST},
    {NO_CONTAINS, "no-contains", 0, LAST}, {MERGED, "merged", 0, LAST}, {NO_MERGED, "no-merged", 0, LAST},
    {SORT, "sort", 0, NEEDED}, {QUIET, "quiet", 'q', NONE}, {TRACK, "track", 't', OPTIONAL}, {NOTHING, "color", 0, OPTIONAL},
    {NOTHING, "no-color", 0, NONE}, {NOTHING, "column", 0, OPTIONAL}, {NOTHING, "abbrev", 0, OPTIONAL}, {NOTHING, "ignore-case", 'i', NONE},
    {NOTHING, "create-reflog", 0, NONE}, {POINTS_AT, "points-at", 0, LAST}, {0},
};

void put_tracking(const char *branch, bool in_status)
{
    char *upstream = NULL, *track = tracking(text("refs/heads/%s", branch), &upstream);
    if (track == NULL) {
        return;
    }
    const char *name = short_name(upstream), *behind_text = strstr(track, "behind ");
    size_t ahead = strncmp(track, "ahead ", 6) == 0 ? strtoul(track + 6, NULL, 10) : 0;
    size_t behind = behind_text == NULL ? 0 : strtoul(behind_text + 7, NULL, 10);
    if (strcmp(track, "gone") == 0) {
        printf("Your branch is based on '%s', but the upstream is gone.\n  (use \"git branch --unset-upstream\" to fixup)\n", name);
    }
    else if (ahead + behind == 0) {
        printf("Your branch is up to date with '%s'.\n", name);
    }
    else if (behind == 0) {
        printf("Your branch is ahead of '%s' by %zu commit%s.\n  (use \"git push\" to publish your local commits)\n", name, ahead,
               ahead == 1 ? "" : "s");
    }
    else if (ahead == 0) {
        printf("Your branch is behind '%s' by %zu commit%s, and can be fast-forwarded.\n"
               "  (use \"git pull\" to update your local branch)\n", name, behind, behind == 1 ? "" : "s");
    }
    else {
        printf("Your branch and '%s' have diverged,\nand have %zu and %zu different commits each, respectively.\n"
               "  (use \"git pull\" if you want to integrate the remote branch with yours)\n", name, ahead, behind);
    }
    if (in_status) {
        putchar('\n');
    }
}

/* ---- lists ---- */

struct asked {
    bool all, remotes, quiet, force;
    int verbose;
    const char *format, *key, *track;
    git_commit *contains, *lacks, *merged, *unmerged, *at;
    char **patterns;
    int pattern_count;
};

/* Whether the one can be reached from the other. */
static bool reaches(const git_oid *from, const git_oid *to)
{
    return git_oid_equal(from, to) || git_graph_descendant_of(repo, from, to) == 1;
}

static bool is_wanted(const struct asked *asked, const struct reference *branch)
{
    const git_oid *id = &branch->id;
    if ((asked->contains != NULL && !reaches(id, git_commit_id(asked->contains)))
        || (asked->lacks != NULL && reaches(id, git_commit_id(asked->lacks)))
        || (asked->merged != NULL && !reaches(git_commit_id(asked->merged), id))
        || (asked->unmerged != NULL && reaches(git_commit_id(asked->unmerged), id))
        || (asked->at != NULL && !git_oid_equal(git_commit_id(asked->at), id))) {
        return false;
    }
    for (int at = 0; at < asked->pattern_count; at++) {
        if (fnmatch(asked->patterns[at], short_name(branch->name), 0) == 0) {
            return true;
        }
    }
    return asked->pattern_count == 0;
}

static char *shown_name(const struct asked *asked, const struct reference *branch)
{
    bool remote = strncmp(branch->name, "refs/remotes/", 13) == 0;
    return remote && asked->all ? text("remotes/%s", short_name(branch->name)) : text("%s", short_name(branch->name));
}

static void put_verbose(const struct asked *asked, const struct reference *branch)
{
    printf(" %s ", short_id(&branch->id));
    char *upstream = NULL, *track = strncmp(branch->name, "refs/heads/", 11) == 0 ? tracking(branch->name, &upstream) : NULL;
    if (track != NULL && asked->verbose > 1) {
        printf("[%s%s%s] ", short_name(upstream), *track == '\0' ? "" : ": ", track);
    }
    else if (track != NULL && *track != '\0') {
        printf("[%s] ", track);
    }
    fputs(branch->commit == NULL ? "" : subject_of(branch->commit), stdout);
}

static char *detached_name(void)
{
    git_commit *head = head_commit();
    git_reflog *log;
    if (git_reflog_read(&log, repo, "HEAD") == 0) {
        for (size_t at = 0; at < git_reflog_entrycount(log); at++) {
            const git_reflog_entry *entry = git_reflog_entry_byindex(log, at);
            const char *message = git_reflog_entry_message(entry), *to = message == NULL ? NULL : strstr(message, " to ");
            if (to == NULL || strncmp(message, "checkout: moving from ", 22) != 0) {
                continue;
            }
            bool same = head != NULL && git_oid_equal(git_reflog_entry_id_new(entry), git_commit_id(head));
            bool is_id = strspn(to + 4, "0123456789abcdef") == strlen(to + 4) || strpbrk(to + 4, "~^@") != NULL;
            return text("(HEAD detached %s %s)", same ? "at" : "from", is_id ? short_id(git_reflog_entry_id_new(entry)) : to + 4);
        }
    }
    return text("(no branch)");
}

static int list_branches(const struct asked *asked)
{
    size_t local_count = 0, remote_count = 0;
    struct reference *local = NULL, *remote = NULL;
    if (!asked->remotes) {
        local = read_references("refs/heads/", &local_count);
        sort_references(local, local_count, asked->key);
    }
    if (asked->remotes || asked->all) {
        remote = read_references("refs/remotes/", &remote_count);
        sort_references(remote, remote_count, asked->key);
    }
    size_t count = local_count + remote_count;
    struct reference *list = room(NULL, count * sizeof *list);
    memcpy(list, local, local_count * sizeof *list);
    memcpy(list + local_count, remote, remote_count * sizeof *list);
    char *branch = current_branch(), *detached = branch == NULL && !asked->remotes && asked->pattern_count == 0 ? detached_name() : NULL;
    int width = detached == NULL ? 0 : (int)strlen(detached);
    for (size_t at = 0; at < count; at++) {
        int length = is_wanted(asked, &list[at]) ? (int)strlen(shown_name(asked, &list[at])) : 0;
        width = length > width ? length : width;
    }
    git_commit *head = head_commit();
    if (detached != NULL && head != NULL && asked->format == NULL) {
        struct reference here = {"HEAD", *git_commit_id(head), (git_object *)head, head};
        if ((asked->contains == NULL || reaches(&here.id, git_commit_id(asked->contains)))
            && (asked->merged == NULL || reaches(git_commit_id(asked->merged), &here.id))) {
            printf("* %-*s", asked->verbose ? width : 0, detached);
            if (asked->verbose) {
                put_verbose(asked, &here);
            }
            putchar('\n');
        }
    }
    else if (detached != NULL && asked->format != NULL) {
        /* As git: HEAD itself comes first, under this name. */
        struct reference here = {detached, *git_commit_id(head), (git_object *)head, head};
        put_reference(asked->format, &here);
        putchar('\n');
    }
    for (size_t at = 0; at < count; at++) {
        if (!is_wanted(asked, &list[at])) {
            continue;
        }
        if (asked->format != NULL) {
            put_reference(asked->format, &list[at]);
            putchar('\n');
            continue;
        }
        bool here = branch != NULL && at < local_count && strcmp(short_name(list[at].name), branch) == 0;
        char *name = shown_name(asked, &list[at]);
        printf("%c ", here ? '*' : ' ');
        git_reference *reference;
        must(git_reference_lookup(&reference, repo, list[at].name));
        if (git_reference_type(reference) == GIT_REFERENCE_SYMBOLIC) {
            printf("%-*s -> %s", asked->verbose ? width : 0, name, short_name(git_reference_symbolic_target(reference)));
        }
        else if (asked->verbose) {
            printf("%-*s", width, name);
            put_verbose(asked, &list[at]);
        }
        else {
            fputs(name, stdout);
        }
        putchar('\n');
    }
    return ENDED_WELL;
}

/* ---- changes ---- */

static int delete_branch(const struct asked *asked, const char *name, bool anyway)
{
    git_reference *branch;
    git_branch_t kind = asked->remotes ? GIT_BRANCH_REMOTE : GIT_BRANCH_LOCAL;
    if (git_branch_lookup(&branch, repo, name, kind) != 0) {
        return complain(asked->remotes ? "remote-tracking branch '%s' not found" : "branch '%s' not found", name);
    }
    char *current = current_branch();
    if (!asked->remotes && current != NULL && strcmp(current, name) == 0 && !git_repository_is_bare(repo)) {
        const char *tree = git_repository_workdir(repo);
        return complain("cannot delete branch '%s' used by worktree at '%.*s'", name, (int)strlen(tree) - 1, tree);
    }
    const git_oid *id = git_reference_target(branch);
    if (!anyway && !asked->remotes && id != NULL) {
        git_reference *upstream;
        git_commit *head = head_commit();
        bool merged = git_branch_upstream(&upstream, branch) == 0 ? reaches(git_reference_target(upstream), id)
                                                                   : head != NULL && reaches(git_commit_id(head), id);
        if (!merged) {
            complain("the branch '%s' is not fully merged", name);
            say("hint: If you are sure you want to delete it, run 'git branch -D %s'\n"
                "hint: Disable this message with \"git config advice.forceDeleteBranch false\"", name);
            return ENDED_BADLY;
        }
    }
    const char *was = id == NULL ? "" : text("%s", short_id(id));
    if (git_branch_delete(branch) < 0) {
        return complain("%s", why());
    }
    if (!asked->quiet) {
        printf("Deleted %sbranch %s (was %s).\n", asked->remotes ? "remote-tracking " : "", name, was);
    }
    return ENDED_WELL;
}

static void check_name(const char *name)
{
    int valid = 0;
    if (git_branch_name_is_valid(&valid, name) != 0 || !valid) {
        die("'%s' is not a valid branch name\nhint: See `man git check-ref-format`\n"
            "hint: Disable this message with \"git config advice.refSyntax false\"", name);
    }
}

static int move_branch(const char *from, const char *to, bool force, bool copies)
{
    git_reference *branch, *moved;
    char *current = current_branch();
    if (to == NULL) {
        to = from;
        from = current;
        if (from == NULL) {
            die("cannot rename the current branch while not on any");
        }
    }
    check_name(to);
    if (git_branch_lookup(&branch, repo, from, GIT_BRANCH_LOCAL) != 0) {
        if (current != NULL && strcmp(current, from) == 0 && head_commit() == NULL) {
            must(git_repository_set_head(repo, text("refs/heads/%s", to)));
            return ENDED_WELL;
        }
        die("no branch named '%s'", from);
    }
    if (!force && strcmp(from, to) != 0 && git_branch_lookup(&moved, repo, to, GIT_BRANCH_LOCAL) == 0) {
        die("a branch named '%s' already exists", to);
    }
    if (copies) {
        must(git_branch_create(&moved, repo, to, commit_of(git_reference_target(branch)), force));
        return ENDED_WELL;
    }
    must(git_branch_move(&moved, branch, to, force));
    return ENDED_WELL;
}

static int create_branch(const struct asked *asked, const char *name, const char *start)
{
    check_name(name);
    git_reference *branch, *source;
    char *current = current_branch();
    if (git_branch_lookup(&branch, repo, name, GIT_BRANCH_LOCAL) == 0) {
        if (!asked->force) {
            die("a branch named '%s' already exists", name);
        }
        if (current != NULL && strcmp(current, name) == 0) {
            const char *tree = git_repository_workdir(repo);
            die("cannot force update the branch '%s' used by worktree at '%.*s'", name, (int)strlen(tree) - 1, tree);
        }
    }
    git_commit *target = find_commit(start == NULL ? "HEAD" : start);
    if (target == NULL) {
        die(start == NULL && current != NULL ? "not a valid object name: '%s'" : "not a valid object name: '%s'", start == NULL ? current : start);
    }
    must(git_branch_create(&branch, repo, name, target, asked->force));
    bool remote = start != NULL && git_branch_lookup(&source, repo, start, GIT_BRANCH_REMOTE) == 0;
    if ((remote || asked->track != NULL) && start != NULL) {
        must(git_branch_set_upstream(branch, start));
        if (!asked->quiet) {
            printf("branch '%s' set up to track '%s'.\n", name, start);
        }
    }
    return ENDED_WELL;
}

static int set_upstream(const char *upstream, const char *name)
{
    git_reference *branch, *found;
    const char *which = name == NULL ? current_branch() : name;
    if (which == NULL) {
        die("could not set upstream of HEAD to %s when it does not point to any branch", upstream == NULL ? "" : upstream);
    }
    if (git_branch_lookup(&branch, repo, which, GIT_BRANCH_LOCAL) != 0) {
        die(name == NULL ? "no commit on branch '%s' yet" : "branch '%s' does not exist", which);
    }
    if (upstream == NULL) {
        git_buf known = {0};
        if (git_branch_upstream_name(&known, repo, text("refs/heads/%s", which)) != 0) {
            die("branch '%s' has no upstream information", which);
        }
        must(git_branch_set_upstream(branch, NULL));
        return ENDED_WELL;
    }
    if (git_branch_lookup(&found, repo, upstream, GIT_BRANCH_REMOTE) != 0 && git_branch_lookup(&found, repo, upstream, GIT_BRANCH_LOCAL) != 0) {
        die("the requested upstream branch '%s' does not exist", upstream);
    }
    must(git_branch_set_upstream(branch, upstream));
    printf("branch '%s' set up to track '%s'.\n", which, upstream);
    return ENDED_WELL;
}

static git_commit *commit_or_head(const char *name)
{
    git_commit *found = find_commit(name == NULL ? "HEAD" : name);
    if (found == NULL) {
        die("malformed object name %s", name == NULL ? "HEAD" : name);
    }
    return found;
}

int branch_command(int argc, char **argv)
{
    open_repository();
    struct words words = words_of(argc, argv, choices);
    struct asked asked = {.key = setting("branch.sort") == NULL ? "refname" : setting("branch.sort")};
    int action = 0;
    const char *upstream = NULL;
    for (int id; (id = next_option(&words)) != 0;) {
        switch (id) {
        case ALL: asked.all = true; break;
        case REMOTES: asked.remotes = true; break;
        case VERBOSE: asked.verbose++; break;
        case QUIET: asked.quiet = true; break;
        case FORCE: asked.force = true; break;
        case FORMAT: asked.format = words.value; action = LIST; break;
        case SORT: asked.key = words.value; break;
        case TRACK: asked.track = words.negated ? NULL : "direct"; break;
        case CONTAINS: asked.contains = commit_or_head(words.value); action = LIST; break;
        case NO_CONTAINS: asked.lacks = commit_or_head(words.value); action = LIST; break;
        case MERGED: asked.merged = commit_or_head(words.value); action = LIST; break;
        case NO_MERGED: asked.unmerged = commit_or_head(words.value); action = LIST; break;
        case POINTS_AT: asked.at = commit_or_head(words.value); action = LIST; break;
        case UPSTREAM: upstream = words.value; action = UPSTREAM; break;
        case NOTHING: break;
        default: action = id;
        }
    }
    char **rest = words.rest;
    int count = words.rest_count, status = ENDED_WELL;
    char *current = current_branch();
    switch (action) {
    case SHOW_CURRENT:
        if (current != NULL) {
            puts(current);
        }
        return ENDED_WELL;
    case DELETE:
    case DELETE_ANYWAY:
        if (count == 0) {
            die("branch name required");
        }
        for (int at = 0; at < count; at++) {
            status |= delete_branch(&asked, rest[at], action == DELETE_ANYWAY || asked.force);
        }
        return status;
    case MOVE: case MOVE_ANYWAY: case COPY:
        if (count < 1 || count > 2) {
            die("branch name required");
        }
        return move_branch(rest[0], count > 1 ? rest[1] : NULL, action == MOVE_ANYWAY || asked.force, action == COPY);
    case UPSTREAM: return set_upstream(upstream, count > 0 ? rest[0] : NULL);
    case NO_UPSTREAM: return set_upstream(NULL, count > 0 ? rest[0] : NULL);
    default: break;
    }
    if (action == LIST || count == 0) {
        asked.patterns = rest;
        asked.pattern_count = count;
        return list_branches(&asked);
    }
    if (count > 2) {
        usage("git branch [<options>] [-f] <branch-name> [<start-point>]");
    }
    return create_branch(&asked, rest[0], count > 1 ? rest[1] : NULL);
}
