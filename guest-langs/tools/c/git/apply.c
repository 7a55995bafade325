/* git apply. */
#include "git.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { CHECK = 1, INDEX, CACHED, REVERSE, STAT, VERBOSE, STRIP, NUMBERS, NOTHING, THREE_WAY, REJECT };

static const struct choice choices[] = {
    {CHECK, "check", 0, NONE}, {INDEX, "index", 0, NONE}, {CACHED, "cached", 0, NONE}, {REVERSE, "reverse", 'R', NONE},
    {STAT, "stat", 0, NONE}, {NUMBERS, "numstat", 0, NONE}, {VERBOSE, "verbose", 'v', NONE}, {STRIP, NULL, 'p', NEEDED},
    {THREE_WAY, "3way", '3', NONE}, {REJECT, "reject", 0, NONE}, {NOTHING, "whitespace", 0, NEEDED}, {NOTHING, "recount", 0, NONE},
    {NOTHING, "ignore-whitespace", 0, NONE}, {NOTHING, "unidiff-zero", 0, NONE}, {NOTHING, "allow-empty", 0, NONE}, {NOTHING, "quiet", 'q', NONE}, {0},
};

static bool begins(const char *line, const char *word)
{
    return strncmp(line, word, strlen(word)) == 0;
}

static void put_line(FILE *out, const char *word, const char *line, size_t skipped, size_t length)
{
    fprintf(out, "%s%.*s\n", word, (int)(length - skipped), line + skipped);
}

/* The lines before the hunks of a file, the other way round. */
static void reverse_head(FILE *out, const char *line, size_t length, char **old_name)
{
    static const char *const pairs[][2] = {
        {"new file mode ", "deleted file mode "}, {"old mode ", "new mode "}, {"rename from ", "rename to "}, {"copy from ", "copy to "},
    };
    for (size_t at = 0; at < sizeof pairs / sizeof *pairs; at++) {
        for (int side = 0; side < 2; side++) {
            if (begins(line, pairs[at][side])) {
                put_line(out, pairs[at][!side], line, strlen(pairs[at][side]), length);
                return;
            }
        }
    }
    const char *dots = begins(line, "index ") ? strstr(line, "..") : NULL;
    if (dots != NULL && dots < line + length) {
        const char *from = line + 6;
        size_t second = strcspn(dots + 2, " \n");
        fprintf(out, "index %.*s..%.*s%.*s\n", (int)second, dots + 2, (int)(dots - from), from, (int)(line + length - dots - 2 - (long)second),
                dots + 2 + second);
        return;
    }
    /* The names change sides, but keep the letter of theirs. */
    if (begins(line, "--- ")) {
        *old_name = text("%.*s", (int)(length - 4), line + 4);
        return;
    }
    if (begins(line, "+++ ") && *old_name != NULL) {
        char *new_name = text("%.*s", (int)(length - 4), line + 4);
        if (begins(new_name, "b/")) {
            *new_name = 'a';
        }
        if (begins(*old_name, "a/")) {
            **old_name = 'b';
        }
        fprintf(out, "--- %s\n+++ %s\n", new_name, *old_name);
        *old_name = NULL;
        return;
    }
    put_line(out, "", line, 0, length);
}

static char *reversed(const char *patch)
{
    char *made = NULL, *old_name = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&made, &size);
    if (out == NULL) {
        die("Out of memory");
    }
    long old_left = 0, new_left = 0;
    for (const char *line = patch; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        long old_at, new_at, old_count = 1, new_count = 1;
        bool in_hunk = old_left > 0 || new_left > 0;
        if (!in_hunk && begins(line, "@@ -")) {
            const char *end = strstr(line + 3, " @@");
            char *next;
            old_at = strtol(line + 4, &next, 10);
            if (*next == ',') {
                old_count = strtol(next + 1, &next, 10);
            }
            new_at = strtol(next + 2, &next, 10);
            if (*next == ',') {
                new_count = strtol(next + 1, &next, 10);
            }
            size_t rest = end == NULL ? length : (size_t)(end - line);
            fprintf(out, "@@ -%ld,%ld +%ld,%ld", new_at, new_count, old_at, old_count);
            put_line(out, "", line, rest > length ? length : rest, length);
            old_left = old_count;
            new_left = new_count;
        }
        else if (in_hunk && (*line == '+' || *line == '-')) {
            put_line(out, *line == '+' ? "-" : "+", line, 1, length);
            old_left -= *line == '-';
            new_left -= *line == '+';
        }
        else if (in_hunk || *line == '\\') {
            put_line(out, "", line, 0, length);
            old_left -= *line != '\\';
            new_left -= *line != '\\';
        }
        else {
            reverse_head(out, line, length, &old_name);
        }
        line += length + (line[length] == '\n');
    }
    fclose(out);
    return made;
}

struct applying {
    const char *file;
    long line;
    bool verbose;
};

static int note_file(const git_diff_delta *delta, void *payload)
{
    struct applying *applying = payload;
    applying->file = text("%s", delta->old_file.path != NULL ? delta->old_file.path : delta->new_file.path);
    applying->line = 0;
    if (applying->verbose) {
        say("Checking patch %s...", applying->file);
    }
    return 0;
}

static int note_hunk(const git_diff_hunk *hunk, void *payload)
{
    ((struct applying *)payload)->line = hunk->old_start;
    return 0;
}

int apply_command(int argc, char **argv)
{
    open_repository();
    struct words words = words_of(argc, argv, choices);
    bool check = false, backwards = false;
    git_apply_location_t where = GIT_APPLY_LOCATION_WORKDIR;
    struct patch_look look = {0};
    struct applying applying = {0};
    for (int id; (id = next_option(&words)) != 0;) {
        switch (id) {
        case CHECK: check = true; break;
        case INDEX: where = GIT_APPLY_LOCATION_BOTH; break;
        case CACHED: where = GIT_APPLY_LOCATION_INDEX; break;
        case REVERSE: backwards = true; break;
        case STAT: look.stat = true; break;
        case NUMBERS: look.number_stat = true; break;
        case VERBOSE: applying.verbose = true; break;
        case THREE_WAY: case REJECT: die("--%s is not supported here", id == REJECT ? "reject" : "3way");
        case STRIP:
            if (strcmp(words.value, "1") != 0) {
                die("-p%s is not supported here; use patch", words.value);
            }
            break;
        default: break;
        }
    }
    if (where != GIT_APPLY_LOCATION_INDEX) {
        need_work_tree();
    }
    char *none[] = {"-", NULL}, **files = words.rest_count > 0 ? words.rest : none;
    for (; *files != NULL; files++) {
        size_t length = 0;
        char *patch = read_whole_file(*files, &length);
        if (patch == NULL) {
            complain("can't open patch '%s': No such file or directory", *files);
            return FATAL;
        }
        if (backwards) {
            patch = reversed(patch);
            length = strlen(patch);
        }
        git_diff *diff;
        if (git_diff_from_buffer(&diff, patch, length) < 0 || git_diff_num_deltas(diff) == 0) {
            complain("No valid patches in input (allow with \"--allow-empty\")");
            return FATAL;
        }
        if (patch_look_is_set(&look)) {
            put_diff(diff, &look);
            continue;
        }
        git_apply_options options = GIT_APPLY_OPTIONS_INIT;
        options.delta_cb = note_file;
        options.hunk_cb = note_hunk;
        options.payload = &applying;
        options.flags = check ? GIT_APPLY_CHECK : 0;
        if (git_apply(repo, diff, where, &options) < 0) {
            struct stat about;
            if (applying.file == NULL) {
                return complain("%s", why());
            }
            if (lstat(path_on_disk(applying.file), &about) != 0 && where != GIT_APPLY_LOCATION_INDEX) {
                return complain("%s: No such file or directory", applying.file);
            }
            complain("patch failed: %s:%ld", applying.file, applying.line);
            return complain("%s: patch does not apply", applying.file);
        }
    }
    return ENDED_WELL;
}
