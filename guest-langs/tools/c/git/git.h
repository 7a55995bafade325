/* git's command line over libgit2: what its commands share.
 *
 * A process runs one command and ends, so small things are not given back. What grows with a
 * repository is.
 */
#pragma once
#include <git2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* What this front follows: the version that `git --version` names, for scripts that look. */
#define GIT_FRONT_VERSION "2.47.3"

/* git's exit statuses. */
enum { ENDED_WELL = 0, ENDED_BADLY = 1, FATAL = 128, USAGE = 129 };

/* ---- words.c: the words of a command, and what is said ---- */

/* Ends with `fatal: ...` and 128. */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Ends with `error: ...` and 1. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Says `error: ...`; returns 1. */
int complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Says something on standard error, behind what standard output holds so far. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Ends with libgit2's words when a call of it failed. */
void must(int result);
/* libgit2's words for what failed last. */
const char *why(void);
/* As asprintf, and never NULL. */
char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));
void *room(void *before, size_t size);

/* LAST takes the next word, when there is one. */
enum value { NONE, NEEDED, OPTIONAL, LAST };

/* An option of a command: what next_option() returns, its names, and whether a value follows. */
struct choice {
    int id;
    const char *name;
    char letter;
    enum value value;
};

struct words {
    const char *command;
    const struct choice *choices;
    char **list;
    int count, at;
    /* Letters of a group such as -am that are still to be read. */
    const char *group;
    /* What is no option, in its order; `dashes` of them stood before `--`, which is -1 without. */
    char **rest;
    int rest_count, dashes;
    /* The value of the option that was just read; NULL without one. */
    const char *value;
    /* The option was given as `--no-NAME`. */
    bool negated;
    /* Options end at the first other word. */
    bool stops;
};

/* An option that is a number, as in `log -5`: its id, and the number as value. */
enum { NUMBER = 2000 };

struct words words_of(int argc, char **argv, const struct choice *choices);
/* The id of the next option; 0 when there is none left. Ends with 129 at one that is not known. */
int next_option(struct words *words);
_Noreturn void usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A path as git prints it: quoted when there are bytes in it that are not plain. */
char *quoted(const char *path);
void put_path(const char *path, char end);

struct texts {
    char **list;
    size_t count;
};
void texts_add(struct texts *texts, const char *value);
bool texts_have(const struct texts *texts, const char *value);
void texts_sort(struct texts *texts);

/* ---- place.c: where we are ---- */

extern git_repository *repo;
/* The folder that we are in, below the work tree's root and with a slash behind; or "". */
extern const char *prefix;

void open_repository(void);
/* The same, but nothing is wrong when there is none. */
bool find_repository(void);
void need_work_tree(void);
/* What `-c NAME=VALUE` said; NULL without a value. */
void remember_setting(const char *setting);
void apply_settings(git_config *config);
git_config *configuration(void);
/* A setting; NULL when it is not made. */
char *setting(const char *name);
bool setting_is_on(const char *name, bool otherwise);

/* A path given on the command line, from the work tree's root; ends when it is outside. */
char *path_in_tree(const char *given);
/* A path from the work tree's root, as it looks from here. */
char *path_from_here(const char *path);
/* Where a path of the work tree is in the file system. */
char *path_on_disk(const char *path);
/* Takes a file of the index away; never one outside of the work tree, or through a link: an index may say anything. */
bool remove_from_tree(const char *path);
/* Patterns of paths for libgit2; none when all is meant. */
git_strarray paths_in_tree(char **given, int count);
bool path_exists(const char *given);

/* ---- people.c: who commits, and what they say ---- */

void read_people(git_signature **author, git_signature **committer);
git_signature *committer_now(void);
git_signature *parse_author(const char *given, const git_signature *date_of);
/* As git cleans a message up; lines of comments go when somebody edited it. */
char *clean_message(const char *message, bool comments);
char *read_whole_file(const char *path, size_t *length);
void write_file(const char *path, const char *contents);
/* A message that is to be written in an editor; NULL when the editor failed. */
char *edit_message(const char *start);
/* A file of the repository's folder: its contents, or NULL. */
char *state_file(const char *name);
void write_state_file(const char *name, const char *contents);
void remove_state_file(const char *name);

/* ---- revision.c: names of commits ---- */

git_object *find_object(const char *name);
git_commit *find_commit(const char *name);
git_commit *commit_of(const git_oid *id);
/* As find_commit, or ends with git's words of a bad revision. */
git_commit *need_commit(const char *name);
git_tree *tree_of(git_commit *commit);
git_tree *need_tree(const char *name);
git_commit *head_commit(void);
/* The short form of an id, as long as it must be to be the only one. */
const char *short_id(const git_oid *id);
const char *whole_id(const git_oid *id);
/* The branch that HEAD is on, also one without commits; NULL when HEAD is detached. */
char *current_branch(void);
/* A name without refs/heads/ and the like. */
const char *short_name(const char *reference);
/* Where the words of a command split into revisions and paths: how many are revisions. */
int count_revisions(const struct words *words);
/* `fatal: ambiguous argument`... */
_Noreturn void die_ambiguous(const char *word);

/* ---- walk.c: commits in their order ---- */

struct walk {
    git_oid *tips;
    size_t tip_count;
    git_oid *hidden;
    size_t hidden_count;
    git_strarray paths;
    bool topological, by_date, reverse, first_parent, all_merges;
    int merges; /* 0 all, 1 only merges, -1 none */
    long limit, skip;
    git_time_t since, until;
    struct texts authors, greps;
    bool any_case;
    struct walker *walker;
};

/* Understands a revision or a range: adds to tips and hidden. False when it is none. */
bool walk_add(struct walk *walk, const char *word);
void walk_add_all(struct walk *walk, const char *pattern);
/* The next commit, to be freed; NULL at the end. */
git_commit *walk_next(struct walk *walk);
/* Whether a parent belongs to what is walked. */
bool walk_includes(const struct walk *walk, const git_oid *id);

/* ---- pretty.c: a commit as text ---- */

struct look {
    const char *format; /* "oneline", "medium", ... or a pattern */
    bool is_pattern, ends_lines, short_ids, decorates, is_reflog, parents, graph;
    const char *date; /* a style of dates */
};

struct look default_look(void);
void set_look(struct look *look, const char *format);
void put_commit(const struct look *look, git_commit *commit);
/* The same as a text, without the end of its last line. */
char *commit_text(const struct look *look, git_commit *commit);
char *date_text(const git_time *when, const char *style);
const char *subject_of(const git_commit *commit);
/* libgit2's own readers of dates, which are not in its public headers. */
int git_date_parse(git_time_t *out, const char *date);
int git_date_offset_parse(git_time_t *out, int *offset, const char *date);
/* A date as people write it; ends when it is none. */
git_time_t parse_date(const char *given);
/* Names that point at a commit, as in `log --decorate`; "" without one. */
char *decorations(const git_oid *id);

/* ---- patch.c: a diff as text ---- */

struct patch_look {
    bool patch, stat, short_stat, number_stat, names, status, summary, raw, none, quiet, zero, reverse;
    bool in_work_tree, binary, full_index, no_prefix, no_renames, text, relative;
    int context, interhunk, stat_width;
    uint32_t flags;
    const char *filter;
    const char *word;
};

/* The options of diff, which log and show have, too. */
#define PATCH_CHOICES \
    {'p', "patch", 'p', NONE}, {'p', NULL, 'u', NONE}, {'U', "unified", 'U', NEEDED}, {1001, "stat", 0, OPTIONAL}, \
    {1002, "shortstat", 0, NONE}, {1003, "numstat", 0, NONE}, {1004, "name-only", 0, NONE}, \
    {1005, "name-status", 0, NONE}, {1006, "summary", 0, NONE}, {1007, "raw", 0, NONE}, \
    {1008, "patch-with-stat", 0, NONE}, {'s', "no-patch", 's', NONE}, {1009, "no-renames", 0, NONE}, \
    {1010, "find-renames", 'M', OPTIONAL}, {1011, "diff-filter", 0, NEEDED}, {1012, "ignore-all-space", 'w', NONE}, \
    {1013, "ignore-space-change", 'b', NONE}, {1014, "ignore-space-at-eol", 0, NONE}, \
    {1015, "ignore-blank-lines", 0, NONE}, {1016, "minimal", 0, NONE}, {1017, "patience", 0, NONE}, \
    {1018, "histogram", 0, NONE}, {1019, "color", 0, OPTIONAL}, {1020, "no-color", 0, NONE}, \
    {1021, "text", 'a', NONE}, {1022, "binary", 0, NONE}, {1023, "full-index", 0, NONE}, \
    {1024, "no-prefix", 0, NONE}, {1025, "inter-hunk-context", 0, NEEDED}, {1026, "no-ext-diff", 0, NONE}, \
    {1027, "function-context", 'W', NONE}, {1028, "abbrev", 0, OPTIONAL}, {1029, "reverse", 'R', NONE}, \
    {1030, "find-copies", 'C', OPTIONAL}, {1031, "diff-algorithm", 0, NEEDED}, {1032, "no-textconv", 0, NONE}, \
    {1033, "compact-summary", 0, NONE}, {1034, "relative", 0, NONE}

/* Takes an option of PATCH_CHOICES; false when it is none of them. */
bool take_patch_option(struct patch_look *look, int id, const char *value);
bool patch_look_is_set(const struct patch_look *look);
git_diff_options patch_options(const struct patch_look *look, git_strarray paths);
void find_renames(git_diff *diff, const struct patch_look *look);
/* Prints; true when there was a difference. */
bool put_diff(git_diff *diff, const struct patch_look *look);
/* ` 1 file changed, ...` with what was created, as after a commit. */
void put_changes(git_tree *before, git_tree *after, bool stat);
git_diff *diff_of_commit(git_commit *commit, const struct patch_look *look, git_strarray paths);

/* ---- status.c ---- */

struct status_look {
    bool is_short, is_porcelain, branch, zero, ignored, no_untracked, all_untracked, for_commit;
    git_strarray paths;
};
/* Prints the long form; true when something is staged. */
bool put_status(const struct status_look *look);

/* ---- checkout.c, merge.c and others that more than one command needs ---- */

/* Goes over to another commit's files; ends with git's words when local changes are in the way. */
void switch_files(git_commit *target, bool force, const char *what);
/* Says which changes would be lost by a `command`; false when none. */
bool would_overwrite(git_commit *from, git_tree *to, const char *command);
/* Says which files could not be merged; true when there were any. */
bool put_conflicts(git_index *index, git_tree *base, git_tree *ours, git_tree *theirs, const char *their_name);
void end_special_state(void);
/* Ends with the list of what could not be merged. */
_Noreturn void die_unmerged(git_index *index);
void put_detached_advice(const char *name);
git_commit *upstream_of(const char *branch);
/* Merges a commit into HEAD; the command's status. */
int merge_commit(const char *name, git_commit *theirs, const char *message, bool no_ff, bool only_ff, bool no_commit, bool squash);
void put_tracking(const char *branch, bool in_status);
git_oid write_commit(git_commit **parents, size_t count, git_tree *tree, const git_signature *author, const git_signature *committer, const char *message, const char *log);
void put_commit_summary(const git_oid *id, bool author_date, bool quiet);
_Noreturn void die_no_network(const char *command, const char *url);
bool is_remote_url(const char *url);

#define COMMAND(name, function) int function(int argc, char **argv);
#include "commands.list"
#undef COMMAND
