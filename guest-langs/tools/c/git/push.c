/* git push. */
#include "transfer.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { UPSTREAM = 1, FORCE, LEASE, ALL, TAGS, DELETE, QUIET, DRY, NOTHING };

static const struct choice push_choices[] = {
    {UPSTREAM, "set-upstream", 'u', NONE}, {FORCE, "force", 'f', NONE}, {LEASE, "force-with-lease", 0, OPTIONAL}, {ALL, "all", 0, NONE},
    {TAGS, "tags", 0, NONE}, {DELETE, "delete", 'd', NONE}, {QUIET, "quiet", 'q', NONE}, {DRY, "dry-run", 'n', NONE},
    {NOTHING, "verbose", 'v', NONE}, {NOTHING, "progress", 0, NONE}, {NOTHING, "verify", 0, NONE}, {NOTHING, "follow-tags", 0, NONE},
    {NOTHING, "porcelain", 0, NONE}, {NOTHING, "atomic", 0, NONE}, {0},
};

struct push {
    git_repository *other;
    const char *url, *remote_name;
    bool force, lease, quiet, dry, any, rejected, fetch_first, behind;
};

/* Gives another repository all objects of a commit that it has not. */
static void send_objects(git_repository *other, const git_oid *id)
{
    git_odb *theirs;
    must(git_repository_odb(&theirs, other));
    if (git_odb_exists(theirs, id)) {
        return;
    }
    git_packbuilder *builder;
    git_revwalk *walk;
    must(git_packbuilder_new(&builder, repo));
    git_object *object, *commit;
    must(git_object_lookup(&object, repo, id, GIT_OBJECT_ANY));
    if (git_object_type(object) == GIT_OBJECT_TAG) {
        must(git_packbuilder_insert(builder, id, NULL));
    }
    if (git_object_peel(&commit, object, GIT_OBJECT_COMMIT) != 0) {
        must(git_packbuilder_insert_recur(builder, id, NULL));
    }
    else {
        must(git_revwalk_new(&walk, repo));
        must(git_revwalk_push(walk, git_object_id(commit)));
        git_reference_iterator *references;
        git_reference *reference;
        git_odb *ours;
        must(git_repository_odb(&ours, repo));
        must(git_reference_iterator_new(&references, other));
        while (git_reference_next(&reference, references) == 0) {
            git_object *known;
            if (git_reference_peel(&known, reference, GIT_OBJECT_COMMIT) == 0 && git_odb_exists(ours, git_object_id(known))) {
                must(git_revwalk_hide(walk, git_object_id(known)));
            }
            git_reference_free(reference);
        }
        must(git_packbuilder_insert_walk(builder, walk));
    }
    if (git_packbuilder_object_count(builder) > 0) {
        must(git_packbuilder_write(builder, text("%sobjects/pack", git_repository_commondir(other)), 0444, NULL, NULL));
    }
}

static void put_head(struct push *push)
{
    if (!push->any) {
        say("To %s", push->url);
    }
    push->any = true;
}

static void reject(struct push *push, const char *source, const char *target, const char *kind, const char *reason)
{
    put_head(push);
    say(" ! %-17s %s -> %s (%s)", kind, source, target, reason);
    push->rejected = true;
}

static void track(const struct push *push, const char *target, const git_oid *id)
{
    git_reference *tracking;
    if (push->remote_name == NULL || strncmp(target, "refs/heads/", 11) != 0) {
        return;
    }
    char *name = text("refs/remotes/%s/%s", push->remote_name, target + 11);
    if (id == NULL) {
        if (git_reference_lookup(&tracking, repo, name) == 0) {
            git_reference_delete(tracking);
        }
        return;
    }
    must(git_reference_create(&tracking, repo, name, id, 1, "update by push"));
}

static void push_one(struct push *push, const char *source, const char *target, bool force)
{
    git_oid before, id;
    git_reference *updated;
    bool exists = git_reference_name_to_id(&before, push->other, target) == 0;
    const char *brief = short_name(target);
    char *checked_out = NULL;
    git_reference *head;
    if (!git_repository_is_bare(push->other) && git_reference_lookup(&head, push->other, "HEAD") == 0
        && git_reference_type(head) == GIT_REFERENCE_SYMBOLIC) {
        checked_out = text("%s", git_reference_symbolic_target(head));
    }
    if (*source == '\0') {
        if (!exists) {
            complain("unable to delete '%s': remote ref does not exist", brief);
            push->rejected = true;
            return;
        }
        put_head(push);
        say(" - %-17s %s", "[deleted]", brief);
        must(git_reference_lookup(&updated, push->other, target));
        must(push->dry ? 0 : git_reference_delete(updated));
        track(push, target, NULL);
        return;
    }
    git_object *object = find_object(source);
    id = *git_object_id(object);
    source = short_name(source);
    if (exists && git_oid_equal(&before, &id)) {
        track(push, target, &id);
        return;
    }
    git_odb *ours;
    must(git_repository_odb(&ours, repo));
    bool known = !exists || git_odb_exists(ours, &before), forward = !exists || (known && git_graph_descendant_of(repo, &id, &before) == 1);
    if (push->lease && exists && push->remote_name != NULL && strncmp(target, "refs/heads/", 11) == 0) {
        git_oid expected;
        if (git_reference_name_to_id(&expected, repo, text("refs/remotes/%s/%s", push->remote_name, target + 11)) != 0
            || !git_oid_equal(&expected, &before)) {
            reject(push, source, brief, "[rejected]", "stale info");
            return;
        }
        force = true;
    }
    if (exists && strncmp(target, "refs/tags/", 10) == 0 && !force) {
        reject(push, source, brief, "[rejected]", "already exists");
        return;
    }
    if (!forward && !force) {
        push->fetch_first |= !known;
        push->behind |= known;
        reject(push, source, brief, "[rejected]", known ? "non-fast-forward" : "fetch first");
        return;
    }
    if (checked_out != NULL && strcmp(checked_out, target) == 0) {
        say("remote: error: refusing to update checked out branch: %s        \n"
            "remote: error: By default, updating the current branch in a non-bare repository        \n"
            "remote: is denied, because it will make the index and work tree inconsistent        \n"
            "remote: with what you pushed, and will require 'git reset --hard' to match        \n"
            "remote: the work tree to HEAD.        \nremote: \n"
            "remote: You can set the 'receive.denyCurrentBranch' configuration variable        \n"
            "remote: to 'ignore' or 'warn' in the remote repository to allow pushing into        \n"
            "remote: its current branch; however, this is not recommended unless you        \n"
            "remote: arranged to update its work tree to match what you pushed in some        \n"
            "remote: other way.        \nremote: \n"
            "remote: To squelch this message and still keep the default behaviour, set        \n"
            "remote: 'receive.denyCurrentBranch' configuration variable to 'refuse'.        ", target);
        reject(push, source, brief, "[remote rejected]", "branch is currently checked out");
        return;
    }
    if (!push->dry) {
        send_objects(push->other, &id);
        if (git_reference_create(&updated, push->other, target, &id, 1, "push") < 0) {
            reject(push, source, brief, "[remote rejected]", why());
            return;
        }
        track(push, target, &id);
    }
    if (push->quiet) {
        push->any = true;
        return;
    }
    put_head(push);
    if (!exists) {
        bool tag = strncmp(target, "refs/tags/", 10) == 0;
        say(" * %-17s %s -> %s", tag ? "[new tag]" : strncmp(target, "refs/heads/", 11) == 0 ? "[new branch]" : "[new reference]", source, brief);
    }
    else {
        say(" %c %-17s %s -> %s%s", forward ? ' ' : '+', text("%s%s%s", short_id(&before), forward ? ".." : "...", short_id(&id)), source, brief,
            forward ? "" : " (forced update)");
    }
}

/* What a name on the right of a colon means over there. */
static char *target_of(git_repository *other, const char *name, const char *source)
{
    git_reference *found;
    if (strncmp(name, "refs/", 5) == 0) {
        return text("%s", name);
    }
    if (git_reference_dwim(&found, other, name) == 0 && strncmp(git_reference_name(found), "refs/remotes/", 13) != 0
        && strcmp(git_reference_name(found), "HEAD") != 0) {
        return text("%s", git_reference_name(found));
    }
    return text(strncmp(source, "refs/tags/", 10) == 0 ? "refs/tags/%s" : "refs/heads/%s", name);
}

int push_command(int argc, char **argv)
{
    open_repository();
    struct words words = words_of(argc, argv, push_choices);
    struct push push = {0};
    bool all = false, tags = false, deletes = false, upstream = false;
    for (int id; (id = next_option(&words)) != 0;) {
        switch (id) {
        case UPSTREAM: upstream = true; break;
        case FORCE: push.force = true; break;
        case LEASE: push.lease = !words.negated; break;
        case ALL: all = true; break;
        case TAGS: tags = true; break;
        case DELETE: deletes = true; break;
        case QUIET: push.quiet = true; break;
        case DRY: push.dry = true; break;
        default: break;
        }
    }
    char *branch = current_branch();
    const char *name = words.rest_count > 0 ? words.rest[0] : default_remote();
    git_remote *remote;
    bool named = git_remote_lookup(&remote, repo, name) == 0;
    if (words.rest_count == 0 && !named) {
        die("No configured push destination.\nEither specify the URL from the command-line or configure a remote repository using\n\n"
            "    git remote add <name> <url>\n\nand then push using the remote name\n\n    git push <name>\n");
    }
    push.url = !named ? name : git_remote_pushurl(remote) != NULL ? git_remote_pushurl(remote) : git_remote_url(remote);
    push.remote_name = named ? name : NULL;
    struct texts sources = {0}, targets = {0};
    if (words.rest_count < 2 && !all && !tags) {
        char *merged = branch == NULL ? NULL : setting(text("branch.%s.merge", branch));
        char *configured = setting("push.default");
        bool to_same_name = configured != NULL && strcmp(configured, "current") == 0;
        if (branch == NULL) {
            die("You are not currently on a branch.\nTo push the history leading to the current (detached HEAD)\nstate now, use\n\n"
                "    git push %s HEAD:<name-of-remote-branch>\n", name);
        }
        upstream |= merged == NULL && setting_is_on("push.autoSetupRemote", false);
        if (merged == NULL && !upstream && !to_same_name) {
            die("The current branch %s has no upstream branch.\nTo push the current branch and set the remote as upstream, use\n\n"
                "    git push --set-upstream %s %s\n\nTo have this happen automatically for branches without a tracking\n"
                "upstream, see 'push.autoSetupRemote' in 'git help config'.\n", branch, name, branch);
        }
        if (merged != NULL && strcmp(short_name(merged), branch) != 0 && !upstream && !to_same_name) {
            die("The upstream branch of your current branch does not match\nthe name of your current branch.  To push to the upstream branch\n"
                "on the remote, use\n\n    git push %s HEAD:%s\n\nTo push to the branch of the same name on the remote, use\n\n    git push %s HEAD\n",
                name, short_name(merged), name);
        }
        texts_add(&sources, text("refs/heads/%s", branch));
        texts_add(&targets, text("refs/heads/%s", branch));
    }
    if (is_remote_url(push.url)) {
        die_no_network("push", push.url);
    }
    push.other = open_other(push.url);
    if (push.other == NULL) {
        die_unreadable(push.url);
    }
    git_strarray references;
    must(git_reference_list(&references, repo));
    for (size_t at = 0; at < references.count; at++) {
        const char *reference = references.strings[at];
        if ((all && strncmp(reference, "refs/heads/", 11) == 0) || (tags && strncmp(reference, "refs/tags/", 10) == 0)) {
            texts_add(&sources, reference);
            texts_add(&targets, reference);
        }
    }
    bool *forced = room(NULL, (sources.count + (size_t)words.rest_count + 1) * sizeof *forced);
    memset(forced, 0, (sources.count + (size_t)words.rest_count + 1) * sizeof *forced);
    bool unmatched = false;
    for (int at = 1; at < words.rest_count; at++) {
        char *spec = words.rest[at], *colon = strchr(spec, ':');
        bool force = *spec == '+';
        spec += force;
        if (deletes || spec == colon) {
            texts_add(&sources, "");
            texts_add(&targets, target_of(push.other, deletes ? spec : colon + 1, ""));
            continue;
        }
        if (strcmp(spec, "tag") == 0 && at + 1 < words.rest_count) {
            spec = text("refs/tags/%s", words.rest[++at]);
        }
        char *source = colon == NULL ? spec : text("%.*s", (int)(colon - spec), spec);
        git_reference *reference = NULL;
        git_object *object = find_object(source);
        if (object == NULL) {
            complain("src refspec %s does not match any", source);
            unmatched = true;
            continue;
        }
        const char *whole = git_reference_dwim(&reference, repo, source) == 0 ? git_reference_name(reference) : source;
        if (strcmp(source, "HEAD") == 0 && branch != NULL) {
            whole = colon == NULL ? text("refs/heads/%s", branch) : "HEAD";
        }
        forced[sources.count] = force;
        texts_add(&sources, whole);
        texts_add(&targets, colon == NULL ? strncmp(whole, "refs/", 5) == 0 ? whole : text("refs/heads/%s", whole)
                                          : target_of(push.other, colon + 1, whole));
    }
    if (unmatched) {
        return complain("failed to push some refs to '%s'", push.url);
    }
    for (size_t at = 0; at < sources.count; at++) {
        if (*sources.list[at] != '\0' && find_object(sources.list[at]) == NULL) {
            complain("src refspec %s does not match any", short_name(sources.list[at]));
            return complain("failed to push some refs to '%s'", push.url);
        }
        push_one(&push, sources.list[at], targets.list[at], push.force || forced[at]);
    }
    if (push.rejected) {
        complain("failed to push some refs to '%s'", push.url);
        if (push.fetch_first) {
            say("hint: Updates were rejected because the remote contains work that you do not\n"
                "hint: have locally. This is usually caused by another repository pushing to\n"
                "hint: the same ref. If you want to integrate the remote changes, use\n"
                "hint: 'git pull' before pushing again.\n"
                "hint: See the 'Note about fast-forwards' in 'git push --help' for details.");
        }
        else if (push.behind) {
            say("hint: Updates were rejected because the tip of your current branch is behind\n"
                "hint: its remote counterpart. If you want to integrate the remote changes,\n"
                "hint: use 'git pull' before pushing again.\n"
                "hint: See the 'Note about fast-forwards' in 'git push --help' for details.");
        }
        return ENDED_BADLY;
    }
    if (!push.any && !push.quiet) {
        say("Everything up-to-date");
    }
    for (size_t at = 0; upstream && push.remote_name != NULL && at < sources.count; at++) {
        git_reference *local;
        if (strncmp(sources.list[at], "refs/heads/", 11) == 0 && git_reference_lookup(&local, repo, sources.list[at]) == 0) {
            const char *target = short_name(targets.list[at]);
            must(git_branch_set_upstream(local, text("%s/%s", push.remote_name, target)));
            if (!push.quiet) {
                printf("branch '%s' set up to track '%s/%s'.\n", short_name(sources.list[at]), push.remote_name, target);
            }
        }
    }
    return ENDED_WELL;
}
