/* git blame, and reflog: who and when. */
#include "git.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LINES = 1, EMAIL, NO_NAMES, LONG, WHITESPACE, PORCELAIN, LIMIT, NOTHING, FORMAT };

static const struct choice choices[] = {
    {LINES, NULL, 'L', NEEDED}, {EMAIL, "show-email", 'e', NONE}, {NO_NAMES, NULL, 's', NONE}, {LONG, NULL, 'l', NONE},
    {WHITESPACE, NULL, 'w', NONE}, {PORCELAIN, "porcelain", 'p', NONE}, {PORCELAIN, "line-porcelain", 0, NONE}, {NOTHING, NULL, 'M', OPTIONAL},
    {NOTHING, NULL, 'C', OPTIONAL}, {0},
};
static const struct choice reflog_choices[] = {
    {LIMIT, "max-count", 'n', NEEDED}, {NUMBER, NULL, 0, NONE}, {NOTHING, "oneline", 0, NONE}, {FORMAT, "format", 0, NEEDED},
    {FORMAT, "pretty", 0, NEEDED}, {NOTHING, "all", 0, NONE}, {NOTHING, "no-abbrev", 0, NONE}, {0},
};

/* `2,5`, `2,+3` or `2`. */
static void read_lines(const char *given, size_t *first, size_t *last)
{
    char *end;
    *first = strtoul(given, &end, 10);
    *last = 0;
    if (*end == ',') {
        bool relative = end[1] == '+';
        size_t number = strtoul(end + 1 + relative, NULL, 10);
        *last = relative ? *first + number - 1 : number;
    }
    *first = *first == 0 ? 1 : *first;
}

int blame_command(int argc, char **argv)
{
    open_repository();
    struct words words = words_of(argc, argv, choices);
    bool email = false, no_names = false, whole = false;
    size_t first = 1, last = 0;
    git_blame_options options = GIT_BLAME_OPTIONS_INIT;
    for (int id; (id = next_option(&words)) != 0;) {
        switch (id) {
        case LINES: read_lines(words.value, &first, &last); break;
        case EMAIL: email = true; break;
        case NO_NAMES: no_names = true; break;
        case LONG: whole = true; break;
        case WHITESPACE: options.flags |= GIT_BLAME_IGNORE_WHITESPACE; break;
        case PORCELAIN: die("--porcelain is not supported here");
        default: break;
        }
    }
    if (words.rest_count < 1 || words.rest_count > 2) {
        usage("git blame [<options>] [<rev>] [--] <file>");
    }
    char *path = path_in_tree(words.rest[words.rest_count - 1]), *contents;
    size_t length = 0;
    git_commit *at = need_commit(words.rest_count == 2 ? words.rest[0] : "HEAD");
    git_tree_entry *entry;
    git_blob *blob;
    if (git_tree_entry_bypath(&entry, tree_of(at), path) != 0 || git_blob_lookup(&blob, repo, git_tree_entry_id(entry)) != 0) {
        die("no such path '%s' in HEAD", path);
    }
    options.newest_commit = *git_commit_id(at);
    git_blame *blame, *here;
    must(git_blame_file(&blame, repo, path, &options));
    here = blame;
    if (words.rest_count == 1 && git_repository_workdir(repo) != NULL) {
        contents = read_whole_file(path_on_disk(path), &length);
        if (contents == NULL) {
            die("Cannot lstat '%s': %s", path, strerror(errno));
        }
        if (length != git_blob_rawsize(blob) || memcmp(contents, git_blob_rawcontent(blob), length) != 0) {
            must(git_blame_buffer(&here, blame, contents, length));
        }
    }
    else {
        contents = (char *)git_blob_rawcontent(blob);
        length = git_blob_rawsize(blob);
    }
    size_t lines = 0;
    for (size_t byte = 0; byte < length; byte++) {
        lines += contents[byte] == '\n' || byte + 1 == length;
    }
    if (first > lines && lines > 0) {
        die("file %s has only %zu line%s", path, lines, lines == 1 ? "" : "s");
    }
    last = last == 0 || last > lines ? lines : last;
    int width = 0, digits = snprintf(NULL, 0, "%zu", last), path_width = 0;
    bool moved = false;
    git_signature nobody = {.name = "Not Committed Yet", .email = "not.committed.yet", .when = {.time = time(NULL)}};
    for (size_t line = first; line <= last; line++) {
        const git_blame_hunk *hunk = git_blame_hunk_byline(here, line);
        const git_signature *who = hunk == NULL || git_oid_is_zero(&hunk->final_commit_id) ? &nobody : hunk->final_signature;
        int used = (int)strlen(email ? who->email : who->name) + 2 * email;
        width = used > width ? used : width;
        if (hunk != NULL && hunk->orig_path != NULL) {
            moved |= strcmp(hunk->orig_path, path) != 0;
            path_width = (int)strlen(hunk->orig_path) > path_width ? (int)strlen(hunk->orig_path) : path_width;
        }
    }
    const char *text_at = contents;
    for (size_t line = 1; line <= last; line++) {
        const char *feed = memchr(text_at, '\n', (size_t)(contents + length - text_at));
        size_t used = feed == NULL ? (size_t)(contents + length - text_at) : (size_t)(feed - text_at);
        if (line >= first) {
            const git_blame_hunk *hunk = git_blame_hunk_byline(here, line);
            bool unknown = hunk == NULL || git_oid_is_zero(&hunk->final_commit_id), edge = !unknown && hunk->boundary;
            const git_signature *who = unknown ? &nobody : hunk->final_signature;
            printf("%s%.*s", edge ? "^" : "", (whole ? 40 : 8) - edge, unknown ? "0000000000000000000000000000000000000000" : whole_id(&hunk->final_commit_id));
            if (moved) {
                printf(" %-*s", path_width, unknown || hunk->orig_path == NULL ? path : hunk->orig_path);
            }
            if (no_names) {
                printf(" %*zu) ", digits, line);
            }
            else {
                printf(" (%-*s %s %*zu) ", width, email ? text("<%s>", who->email) : who->name, date_text(&who->when, "iso"), digits, line);
            }
            fwrite(text_at, 1, used, stdout);
            putchar('\n');
        }
        text_at += used + 1;
    }
    return ENDED_WELL;
}

/* ---- reflog ---- */

int reflog_command(int argc, char **argv)
{
    open_repository();
    struct words words = words_of(argc, argv, reflog_choices);
    long limit = -1;
    for (int id; (id = next_option(&words)) != 0;) {
        if (id == LIMIT || id == NUMBER) {
            limit = atol(words.value);
        }
        else if (id == FORMAT) {
            die("--format is not supported here");
        }
    }
    int first = words.rest_count > 0 && strcmp(words.rest[0], "show") == 0;
    if (words.rest_count > 0 && (strcmp(words.rest[0], "expire") == 0 || strcmp(words.rest[0], "delete") == 0)) {
        die("reflog %s is not supported here", words.rest[0]);
    }
    const char *name = words.rest_count > first ? words.rest[first] : "HEAD";
    git_reference *reference;
    git_reflog *log;
    if (git_reference_dwim(&reference, repo, name) != 0) {
        char *branch = current_branch();
        if (strcmp(name, "HEAD") == 0 && branch != NULL) {
            die("your current branch '%s' does not have any commits yet", branch);
        }
        die_ambiguous(name);
    }
    must(git_reflog_read(&log, repo, strcmp(name, "HEAD") == 0 ? "HEAD" : git_reference_name(reference)));
    for (size_t at = 0; at < git_reflog_entrycount(log) && limit != 0; at++, limit -= limit > 0) {
        const git_reflog_entry *entry = git_reflog_entry_byindex(log, at);
        const char *message = git_reflog_entry_message(entry);
        printf("%s %s@{%zu}: %s\n", short_id(git_reflog_entry_id_new(entry)), name, at, message == NULL ? "" : message);
    }
    return ENDED_WELL;
}
