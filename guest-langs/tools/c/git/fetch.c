/* git fetch and pull. */
#include "transfer.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { ALL = 1, PRUNE, TAGS, QUIET, NOTHING, REBASE, ONLY_FF, NO_FF };

static const struct choice fetch_choices[] = {
    {ALL, "all", 0, NONE}, {PRUNE, "prune", 'p', NONE}, {TAGS, "tags", 't', NONE}, {QUIET, "quiet", 'q', NONE}, {NOTHING, "verbose", 'v', NONE},
    {NOTHING, "depth", 0, NEEDED}, {NOTHING, "unshallow", 0, NONE}, {NOTHING, "force", 'f', NONE}, {NOTHING, "progress", 0, NONE},
    {NOTHING, "recurse-submodules", 0, OPTIONAL}, {NOTHING, "jobs", 'j', NEEDED}, {0},
};
static const struct choice pull_choices[] = {
    {REBASE, "rebase", 'r', OPTIONAL}, {ONLY_FF, "ff-only", 0, NONE}, {NO_FF, "ff", 0, NONE}, {QUIET, "quiet", 'q', NONE},
    {PRUNE, "prune", 'p', NONE}, {TAGS, "tags", 't', NONE}, {NOTHING, "edit", 'e', NONE}, {NOTHING, "verbose", 'v', NONE},
    {NOTHING, "stat", 0, NONE}, {NOTHING, "progress", 0, NONE}, {NOTHING, "depth", 0, NEEDED}, {NOTHING, "allow-unrelated-histories", 0, NONE}, {0},
};

_Noreturn void die_unreadable(const char *url)
{
    say("fatal: '%s' does not appear to be a git repository", url);
    die("Could not read from remote repository.\n\nPlease make sure you have the correct access rights\nand the repository exists.");
}

const char *path_of(const char *url)
{
    return strncmp(url, "file://", 7) == 0 ? url + 7 : url;
}

git_repository *open_other(const char *url)
{
    git_repository *other = NULL;
    const char *path = path_of(url);
    if (git_repository_open_ext(&other, path, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL) != 0) {
        return NULL;
    }
    return other;
}

/* ---- fetch ---- */

struct update {
    char *name;
    git_oid from, to;
};

static struct update *updates;
static size_t update_count;

static int note_update(const char *name, const git_oid *from, const git_oid *to, git_refspec *unused, void *payload)
{
    updates = room(updates, (update_count + 1) * sizeof *updates);
    updates[update_count++] = (struct update){text("%s", name), *from, *to};
    return 0;
}

/* As git shows an address: without what every repository ends with. */
char *shown_url(const char *url)
{
    size_t length = strlen(url);
    while (length > 1 && url[length - 1] == '/') {
        length--;
    }
    if (length > 4 && strncmp(url + length - 4, ".git", 4) == 0) {
        length -= 4;
    }
    return text("%.*s", (int)length, url);
}

static void put_update(const char *remote_name, const struct update *update, int width)
{
    bool tag = strncmp(update->name, "refs/tags/", 10) == 0;
    const char *to = short_name(update->name);
    size_t head = strlen(remote_name);
    const char *from = tag ? to : strncmp(to, remote_name, head) == 0 && to[head] == '/' ? to + head + 1 : to;
    if (git_oid_is_zero(&update->to)) {
        say(" - %-17s %-*s -> %s", "[deleted]", width, "(none)", to);
    }
    else if (git_oid_is_zero(&update->from)) {
        say(" * %-17s %-*s -> %s", tag ? "[new tag]" : strncmp(update->name, "refs/heads/", 11) == 0 || strncmp(update->name, "refs/remotes/", 13) == 0
                                                           ? "[new branch]" : "[new ref]", width, from, to);
    }
    else {
        bool forced = git_graph_descendant_of(repo, &update->to, &update->from) != 1;
        say(" %c %-17s %-*s -> %s%s", forced ? '+' : ' ', text("%s%s%s", short_id(&update->from), forced ? "..." : "..", short_id(&update->to)), width,
            from, to, forced ? "  (forced update)" : "");
    }
}

/* Fetches; the remote's name is that of a remote or a path. What was asked for by name is told apart. */
void fetch_from(const char *name, char **specs, int count, bool prune, bool tags, bool quiet)
{
    git_remote *remote;
    bool named = git_remote_lookup(&remote, repo, name) == 0;
    if (!named) {
        if (is_remote_url(name)) {
            die_no_network("fetch", name);
        }
        must(git_remote_create_anonymous(&remote, repo, name));
    }
    const char *url = git_remote_url(remote);
    if (is_remote_url(url)) {
        die_no_network("fetch", url);
    }
    git_repository *other = open_other(url);
    if (other == NULL) {
        die_unreadable(url);
    }
    struct texts wanted = {0}, shown = {0};
    for (int at = 0; at < count; at++) {
        const char *spec = specs[at];
        if (strchr(spec, ':') == NULL) {
            git_reference *found;
            if (git_reference_dwim(&found, other, spec) != 0) {
                die("couldn't find remote ref %s", spec);
            }
            texts_add(&shown, spec);
            spec = git_reference_name(found);
        }
        texts_add(&wanted, spec);
    }
    if (!named && count == 0) {
        texts_add(&wanted, "HEAD");
    }
    git_fetch_options options = GIT_FETCH_OPTIONS_INIT;
    options.callbacks.update_refs = note_update;
    options.prune = prune || setting_is_on("fetch.prune", false) ? GIT_FETCH_PRUNE : GIT_FETCH_PRUNE_UNSPECIFIED;
    options.download_tags = tags ? GIT_REMOTE_DOWNLOAD_TAGS_ALL : GIT_REMOTE_DOWNLOAD_TAGS_UNSPECIFIED;
    git_strarray refspecs = {wanted.list, wanted.count};
    update_count = 0;
    if (git_remote_fetch(remote, wanted.count > 0 ? &refspecs : NULL, &options, NULL) < 0) {
        die("%s", why());
    }
    if (quiet || (update_count == 0 && shown.count == 0 && named)) {
        return;
    }
    int width = 10;
    for (size_t at = 0; at < update_count; at++) {
        const char *brief = short_name(updates[at].name), *slash = strchr(brief, '/');
        int length = (int)strlen(slash != NULL && named ? slash + 1 : brief);
        width = length > width ? length : width;
    }
    say("From %s", shown_url(url));
    for (size_t at = 0; at < shown.count; at++) {
        say(" * %-17s %-*s -> FETCH_HEAD", "branch", width, shown.list[at]);
    }
    if (!named && count == 0) {
        say(" * %-17s %-*s -> FETCH_HEAD", "branch", width, "HEAD");
    }
    /* As git: first what goes, then what will be merged, then the rest. */
    git_buf upstream = {0};
    char *branch = current_branch();
    bool has = branch != NULL && git_branch_upstream_name(&upstream, repo, text("refs/heads/%s", branch)) == 0;
    for (int round = 0; round < 3; round++) {
        for (size_t at = 0; at < update_count; at++) {
            bool ours = has && strcmp(upstream.ptr, updates[at].name) == 0;
            if (round == (git_oid_is_zero(&updates[at].to) ? 0 : ours ? 1 : 2)) {
                put_update(named ? name : "", &updates[at], width);
            }
        }
    }
}

/* The remote that a branch belongs to, or the only one. */
char *default_remote(void)
{
    char *branch = current_branch();
    char *found = branch == NULL ? NULL : setting(text("branch.%s.remote", branch));
    git_strarray remotes;
    must(git_remote_list(&remotes, repo));
    return found != NULL ? found : remotes.count == 1 ? text("%s", remotes.strings[0]) : text("origin");
}

int fetch_command(int argc, char **argv)
{
    if (repo == NULL) {
        open_repository();
    }
    struct words words = words_of(argc, argv, fetch_choices);
    bool all = false, prune = false, tags = false, quiet = false;
    for (int id; (id = next_option(&words)) != 0;) {
        all |= id == ALL;
        prune |= id == PRUNE;
        tags |= id == TAGS;
        quiet |= id == QUIET;
    }
    git_strarray remotes;
    must(git_remote_list(&remotes, repo));
    if (all) {
        for (size_t at = 0; at < remotes.count; at++) {
            fetch_from(remotes.strings[at], NULL, 0, prune, tags, quiet);
        }
        return ENDED_WELL;
    }
    if (words.rest_count == 0 && remotes.count == 0) {
        /* As git: with nothing to fetch from, nothing is wrong. */
        return ENDED_WELL;
    }
    const char *name = words.rest_count > 0 ? words.rest[0] : default_remote();
    fetch_from(name, words.rest + 1, words.rest_count > 1 ? words.rest_count - 1 : 0, prune, tags, quiet);
    return ENDED_WELL;
}

/* ---- pull ---- */

static int no_tracking(const char *branch, bool rebase)
{
    git_strarray remotes;
    must(git_remote_list(&remotes, repo));
    const char *remote = remotes.count == 1 ? remotes.strings[0] : "<remote>";
    if (branch == NULL) {
        say("You are not currently on a branch.\nPlease specify which branch you want to %s.\nSee git-pull(1) for details.\n\n    git pull <remote> <branch>\n",
            rebase ? "rebase against" : "merge with");
        return ENDED_BADLY;
    }
    say("There is no tracking information for the current branch.\nPlease specify which branch you want to %s.\nSee git-pull(1) for details.\n\n"
        "    git pull <remote> <branch>\n\nIf you wish to set tracking information for this branch you can do so with:\n\n"
        "    git branch --set-upstream-to=%s/<branch> %s\n", rebase ? "rebase against" : "merge with", remote, branch);
    return ENDED_BADLY;
}

int pull_command(int argc, char **argv)
{
    open_repository();
    need_work_tree();
    struct words words = words_of(argc, argv, pull_choices);
    char *settled = setting("pull.rebase"), *ff = setting("pull.ff");
    bool chosen = settled != NULL || (ff != NULL && strcmp(ff, "only") != 0), rebase = settled != NULL && setting_is_on("pull.rebase", true);
    bool only_ff = ff != NULL && strcmp(ff, "only") == 0, no_ff = ff != NULL && strcmp(ff, "false") == 0, quiet = false, prune = false, tags = false;
    for (int id; (id = next_option(&words)) != 0;) {
        switch (id) {
        case REBASE:
            rebase = !words.negated && (words.value == NULL || strcmp(words.value, "false") != 0);
            chosen = true;
            break;
        case ONLY_FF: only_ff = true; break;
        case NO_FF: no_ff = words.negated; chosen = true; break;
        case QUIET: quiet = true; break;
        case PRUNE: prune = true; break;
        case TAGS: tags = true; break;
        default: break;
        }
    }
    char *branch = current_branch();
    const char *name = words.rest_count > 0 ? words.rest[0] : default_remote(), *what;
    char *from;
    if (words.rest_count > 1) {
        what = words.rest[1];
    }
    else {
        char *merged = branch == NULL ? NULL : setting(text("branch.%s.merge", branch));
        if (merged == NULL || setting(text("branch.%s.remote", branch)) == NULL) {
            return no_tracking(branch, rebase);
        }
        what = short_name(merged);
    }
    git_remote *remote;
    bool named = git_remote_lookup(&remote, repo, name) == 0;
    const char *url = named ? git_remote_url(remote) : name;
    char *one[] = {(char *)what, NULL};
    fetch_from(name, words.rest_count > 1 ? one : NULL, words.rest_count > 1, prune, tags, quiet);
    git_repository *other = open_other(url);
    git_reference *found;
    git_oid id;
    if (other == NULL || git_reference_dwim(&found, other, what) != 0 || git_reference_name_to_id(&id, other, git_reference_name(found)) != 0) {
        say("Your configuration specifies to merge with the ref 'refs/heads/%s'\nfrom the remote, but no such ref was fetched.", what);
        return ENDED_BADLY;
    }
    from = text("Merge branch '%s' of %s", what, shown_url(url));
    if (branch != NULL && strcmp(branch, "main") != 0 && strcmp(branch, "master") != 0) {
        from = text("%s into %s", from, branch);
    }
    git_commit *theirs = commit_of(&id), *head = head_commit();
    git_oid base;
    bool diverged = head != NULL && (git_merge_base(&base, repo, git_commit_id(head), &id) != 0
                                     || (!git_oid_equal(&base, git_commit_id(head)) && !git_oid_equal(&base, &id)));
    if (diverged && !chosen && !only_ff) {
        say("hint: You have divergent branches and need to specify how to reconcile them.\n"
            "hint: You can do so by running one of the following commands sometime before\nhint: your next pull:\nhint:\n"
            "hint:   git config pull.rebase false  # merge\nhint:   git config pull.rebase true   # rebase\n"
            "hint:   git config pull.ff only       # fast-forward only\nhint:\n"
            "hint: You can replace \"git config\" with \"git config --global\" to set a default\n"
            "hint: preference for all repositories. You can also pass --rebase, --no-rebase,\n"
            "hint: or --ff-only on the command line to override the configured default per\nhint: invocation.");
        die("Need to specify how to reconcile divergent branches.");
    }
    if (rebase && diverged) {
        char *words_of_rebase[] = {"rebase", text("%s", whole_id(&id)), NULL};
        git_repository_free(repo);
        return rebase_command(2, words_of_rebase);
    }
    return merge_commit(text("pull"), theirs, text("%s\n", from), no_ff, only_ff, false, false);
}
