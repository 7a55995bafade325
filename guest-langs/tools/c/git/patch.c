/* A diff as text: patches, statistics, names. */
#include "git.h"
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_CONTEXT = 3, DEFAULT_WIDTH = 80 };

bool take_patch_option(struct patch_look *look, int id, const char *value)
{
    switch (id) {
    case 'p': look->patch = true; break;
    case 'U': look->patch = true; look->context = atoi(value) + 1; break;
    case 's': look->none = true; break;
    case 1001:
        look->stat = true;
        look->stat_width = value == NULL ? 0 : atoi(value);
        break;
    case 1002: look->short_stat = true; break;
    case 1003: look->number_stat = true; break;
    case 1004: look->names = true; break;
    case 1005: look->status = true; break;
    case 1006: look->summary = true; break;
    case 1007: look->raw = true; break;
    case 1008: look->stat = look->patch = true; break;
    case 1033: look->stat = look->summary = true; break;
    case 1009: look->no_renames = true; break;
    case 1011: look->filter = value; break;
    case 1012: look->flags |= GIT_DIFF_IGNORE_WHITESPACE; break;
    case 1013: look->flags |= GIT_DIFF_IGNORE_WHITESPACE_CHANGE; break;
    case 1014: look->flags |= GIT_DIFF_IGNORE_WHITESPACE_EOL; break;
    case 1015: look->flags |= GIT_DIFF_IGNORE_BLANK_LINES; break;
    case 1016: look->flags |= GIT_DIFF_MINIMAL; break;
    case 1017: look->flags |= GIT_DIFF_PATIENCE; break;
    case 1031:
        look->flags |= strcmp(value, "patience") == 0 ? GIT_DIFF_PATIENCE : strcmp(value, "minimal") == 0 ? GIT_DIFF_MINIMAL : 0;
        break;
    case 1021: look->flags |= GIT_DIFF_FORCE_TEXT; break;
    case 1022: look->binary = look->full_index = true; look->flags |= GIT_DIFF_SHOW_BINARY; break;
    case 1023: look->full_index = true; break;
    case 1024: look->no_prefix = true; break;
    case 1025: look->interhunk = atoi(value); break;
    case 1029: look->reverse = true; break;
    case 1010: case 1018: case 1019: case 1020: case 1026: case 1027: case 1028: case 1030: case 1032: break;
    case 1034: look->relative = true; break;
    default: return false;
    }
    return true;
}

bool patch_look_is_set(const struct patch_look *look)
{
    return look->patch || look->stat || look->short_stat || look->number_stat || look->names || look->status || look->summary
           || look->raw || look->none;
}

git_diff_options patch_options(const struct patch_look *look, git_strarray paths)
{
    git_diff_options options = GIT_DIFF_OPTIONS_INIT;
    options.flags = look->flags | GIT_DIFF_INDENT_HEURISTIC | GIT_DIFF_INCLUDE_TYPECHANGE | (look->reverse ? GIT_DIFF_REVERSE : 0);
    options.context_lines = look->context > 0 ? (uint32_t)look->context - 1 : DEFAULT_CONTEXT;
    if (look->context == 0 && setting("diff.context") != NULL) {
        options.context_lines = (uint32_t)atoi(setting("diff.context"));
    }
    options.interhunk_lines = (uint32_t)look->interhunk;
    options.id_abbrev = look->full_index ? GIT_OID_SHA1_HEXSIZE : 7;
    options.pathspec = paths;
    if (look->no_prefix || setting_is_on("diff.noprefix", false)) {
        options.old_prefix = options.new_prefix = "";
    }
    return options;
}

void find_renames(git_diff *diff, const struct patch_look *look)
{
    const char *made = setting("diff.renames");
    if (look->no_renames || (made != NULL && !setting_is_on("diff.renames", true))) {
        return;
    }
    git_diff_find_options options = GIT_DIFF_FIND_OPTIONS_INIT;
    options.flags = GIT_DIFF_FIND_RENAMES;
    must(git_diff_find_similar(diff, &options));
}

/* ---- statistics ---- */

struct line {
    char *name;
    size_t added, deleted;
    bool binary, unmerged, same;
    git_object_size_t before, after;
};

/* `old => new`, with what is common said once: `folder/{old => new}/file`. */
static char *rename_text(const char *old, const char *new)
{
    size_t old_length = strlen(old), new_length = strlen(new), head = 0, tail = 0;
    for (size_t at = 0; old[at] != '\0' && old[at] == new[at]; at++) {
        head = old[at] == '/' ? at + 1 : head;
    }
    /* A slash may count on both sides. */
    size_t limit = head > 0 ? head - 1 : 0;
    for (size_t at = 1; at + limit <= old_length && at + limit <= new_length && old[old_length - at] == new[new_length - at]; at++) {
        tail = old[old_length - at] == '/' ? at : tail;
    }
    if (head + tail == 0) {
        return text("%s => %s", quoted(old), quoted(new));
    }
    long old_middle = (long)(old_length - head - tail), new_middle = (long)(new_length - head - tail);
    return text("%.*s{%.*s => %.*s}%s", (int)head, old, (int)(old_middle < 0 ? 0 : old_middle), old + head,
                (int)(new_middle < 0 ? 0 : new_middle), new + head, old + old_length - tail);
}

static char *delta_name(const git_diff_delta *delta)
{
    bool moved = delta->status == GIT_DELTA_RENAMED || delta->status == GIT_DELTA_COPIED;
    return moved ? rename_text(delta->old_file.path, delta->new_file.path) : quoted(delta->new_file.path);
}

static bool is_wanted(const struct patch_look *look, const git_diff_delta *delta)
{
    if (look->filter == NULL) {
        return true;
    }
    char letter = git_diff_status_char(delta->status);
    char lower[2] = {(char)(letter | 0x20), '\0'};
    bool has_upper = strpbrk(look->filter, "ACDMRTUXB") != NULL;
    return strpbrk(look->filter, lower) == NULL && (!has_upper || strchr(look->filter, letter) != NULL);
}

static struct line *count_lines(git_diff *diff, const struct patch_look *look, size_t *count)
{
    size_t deltas = git_diff_num_deltas(diff);
    struct line *lines = room(NULL, deltas * sizeof *lines);
    *count = 0;
    for (size_t at = 0; at < deltas; at++) {
        const git_diff_delta *delta = git_diff_get_delta(diff, at);
        if (!is_wanted(look, delta)) {
            continue;
        }
        struct line *line = &lines[(*count)++];
        *line = (struct line){.name = delta_name(delta), .unmerged = delta->status == GIT_DELTA_CONFLICTED};
        git_patch *patch = NULL;
        must(git_patch_from_diff(&patch, diff, at));
        delta = git_diff_get_delta(diff, at);
        if (patch != NULL) {
            delta = git_patch_get_delta(patch);
            must(git_patch_line_stats(NULL, &line->added, &line->deleted, patch));
        }
        line->binary = (delta->flags & GIT_DIFF_FLAG_BINARY) != 0;
        if (line->binary) {
            git_blob *blob;
            line->same = git_oid_equal(&delta->old_file.id, &delta->new_file.id);
            line->before = delta->old_file.size;
            line->after = delta->new_file.size;
            if (git_blob_lookup(&blob, repo, &delta->old_file.id) == 0) {
                line->before = git_blob_rawsize(blob);
                git_blob_free(blob);
            }
            if (git_blob_lookup(&blob, repo, &delta->new_file.id) == 0) {
                line->after = git_blob_rawsize(blob);
                git_blob_free(blob);
            }
        }
        git_patch_free(patch);
    }
    return lines;
}

static int digits(size_t number)
{
    int count = 1;
    for (; number >= 10; number /= 10) {
        count++;
    }
    return count;
}

static int scaled(size_t part, int width, size_t most)
{
    return part == 0 ? 0 : 1 + (int)(part * (size_t)(width - 1) / most);
}

static void put_times(char sign, int count)
{
    while (count-- > 0) {
        putchar(sign);
    }
}

static int columns(const char *name)
{
    int count = 0;
    for (; *name != '\0'; name++) {
        count += ((unsigned char)*name & 0xc0) != 0x80;
    }
    return count;
}

static void put_graph(const struct line *line, int graph, size_t most)
{
    int added = (int)line->added, deleted = (int)line->deleted;
    if (graph <= (int)most) {
        int total = scaled(line->added + line->deleted, graph, most);
        if (total < 2 && added > 0 && deleted > 0) {
            total = 2;
        }
        if (added < deleted) {
            added = scaled(line->added, graph, most);
            deleted = total - added;
        }
        else {
            deleted = scaled(line->deleted, graph, most);
            added = total - deleted;
        }
    }
    if (added + deleted > 0) {
        putchar(' ');
    }
    put_times('+', added);
    put_times('-', deleted);
}

/* As git lays it out: names to the left, five eighths of the width at most when the graph needs its room. */
static void put_stat(const struct line *lines, size_t count, int width)
{
    size_t most = 0;
    int name_width = 0, number_width = 1;
    bool any_binary = false;
    for (size_t at = 0; at < count; at++) {
        size_t change = lines[at].binary ? 0 : lines[at].added + lines[at].deleted;
        most = change > most ? change : most;
        int length = columns(lines[at].name);
        name_width = length > name_width ? length : name_width;
        any_binary |= lines[at].binary;
    }
    number_width = digits(most);
    if (any_binary && number_width < 3) {
        number_width = 3;
    }
    width = width > 0 ? width : DEFAULT_WIDTH;
    if (width < 16 + 6 + number_width) {
        width = 16 + 6 + number_width;
    }
    int graph = (int)most;
    if (name_width + number_width + 6 + graph > width) {
        if (graph > width * 3 / 8 - number_width - 6) {
            graph = width * 3 / 8 - number_width - 6;
            graph = graph < 6 ? 6 : graph;
        }
        if (name_width > width - number_width - 6 - graph) {
            name_width = width - number_width - 6 - graph;
        }
        else {
            graph = width - number_width - 6 - name_width;
        }
    }
    for (size_t at = 0; at < count; at++) {
        const struct line *line = &lines[at];
        const char *name = line->name, *dots = "";
        int length = columns(name);
        if (length > name_width) {
            dots = "...";
            name += strlen(name) - (size_t)(name_width - 3 > 0 ? name_width - 3 : 0);
            const char *slash = strchr(name, '/');
            name = slash == NULL ? name : slash;
            length = columns(name) + 3;
        }
        printf(" %s%s%*s | ", dots, name, name_width - length, "");
        if (line->unmerged) {
            puts("Unmerged");
            continue;
        }
        if (line->binary) {
            printf("%*s", number_width, "Bin");
            if (!line->same) {
                printf(" %llu -> %llu bytes", (unsigned long long)line->before, (unsigned long long)line->after);
            }
            putchar('\n');
            continue;
        }
        printf("%*zu", number_width, line->added + line->deleted);
        put_graph(line, graph, most);
        putchar('\n');
    }
}

static void put_total(const struct line *lines, size_t count)
{
    size_t added = 0, deleted = 0, files = 0;
    for (size_t at = 0; at < count; at++) {
        files += !lines[at].unmerged;
        added += lines[at].added;
        deleted += lines[at].deleted;
    }
    if (files == 0) {
        puts(" 0 files changed");
        return;
    }
    printf(" %zu file%s changed", files, files == 1 ? "" : "s");
    if (added > 0 || deleted == 0) {
        printf(", %zu insertion%s(+)", added, added == 1 ? "" : "s");
    }
    if (deleted > 0 || added == 0) {
        printf(", %zu deletion%s(-)", deleted, deleted == 1 ? "" : "s");
    }
    putchar('\n');
}

static void put_summary(git_diff *diff, const struct patch_look *look)
{
    for (size_t at = 0; at < git_diff_num_deltas(diff); at++) {
        const git_diff_delta *delta = git_diff_get_delta(diff, at);
        if (!is_wanted(look, delta)) {
            continue;
        }
        char *name = delta_name(delta);
        unsigned before = delta->old_file.mode, after = delta->new_file.mode;
        switch (delta->status) {
        case GIT_DELTA_ADDED: printf(" create mode %06o %s\n", after, name); break;
        case GIT_DELTA_DELETED: printf(" delete mode %06o %s\n", before, quoted(delta->old_file.path)); break;
        case GIT_DELTA_RENAMED:
        case GIT_DELTA_COPIED:
            printf(" %s %s (%d%%)\n", delta->status == GIT_DELTA_RENAMED ? "rename" : "copy", name, delta->similarity);
            if (before != after) {
                printf(" mode change %06o => %06o\n", before, after);
            }
            break;
        default:
            if (before != after && before != 0 && after != 0) {
                printf(" mode change %06o => %06o %s\n", before, after, name);
            }
        }
        free(name);
    }
}

/* ---- names ---- */

static void put_names(git_diff *diff, const struct patch_look *look)
{
    char end = look->zero ? '\0' : '\n', gap = look->zero ? '\0' : '\t';
    for (size_t at = 0; at < git_diff_num_deltas(diff); at++) {
        const git_diff_delta *delta = git_diff_get_delta(diff, at);
        if (!is_wanted(look, delta)) {
            continue;
        }
        bool moved = delta->status == GIT_DELTA_RENAMED || delta->status == GIT_DELTA_COPIED;
        char letter = delta->status == GIT_DELTA_CONFLICTED ? 'U' : git_diff_status_char(delta->status);
        if (look->raw) {
            printf(":%06o %06o %s %s ", delta->old_file.mode, delta->new_file.mode, short_id(&delta->old_file.id),
                   (delta->new_file.flags & GIT_DIFF_FLAG_VALID_ID) || delta->status == GIT_DELTA_DELETED ? short_id(&delta->new_file.id)
                                                                                                          : "0000000");
        }
        if (look->raw || look->status) {
            putchar(letter);
            if (moved) {
                printf("%03d", delta->similarity);
            }
            putchar(gap);
            if (moved) {
                put_path(delta->old_file.path, gap);
            }
        }
        const char *path = delta->new_file.path != NULL ? delta->new_file.path : delta->old_file.path;
        put_path(path, end);
        if (letter == 'U' && look->in_work_tree && path_exists(path_on_disk(path))) {
            /* As git: what could not be merged is changed as well. */
            if (look->status) {
                printf("M%c", gap);
            }
            put_path(path, end);
        }
    }
}

static void put_numbers(git_diff *diff, const struct patch_look *look)
{
    size_t count;
    struct line *lines = count_lines(diff, look, &count);
    for (size_t at = 0; at < count; at++) {
        if (lines[at].binary) {
            printf("-\t-\t%s\n", lines[at].name);
        }
        else {
            printf("%zu\t%zu\t%s\n", lines[at].added, lines[at].deleted, lines[at].name);
        }
        free(lines[at].name);
    }
    free(lines);
}

/* ---- patches ---- */

/* As git: a name with spaces has a tab behind it, so that patch knows its end. */
static void put_head(const char *head, size_t length)
{
    for (const char *end = head + length; head < end;) {
        const char *feed = memchr(head, '\n', (size_t)(end - head));
        size_t line = feed == NULL ? (size_t)(end - head) : (size_t)(feed - head);
        fwrite(head, 1, line, stdout);
        bool names = line > 4 && (strncmp(head, "--- ", 4) == 0 || strncmp(head, "+++ ", 4) == 0);
        if (names && head[4] != '"' && memchr(head + 4, ' ', line - 4) != NULL) {
            putchar('\t');
        }
        if (feed != NULL) {
            putchar('\n');
        }
        head += line + 1;
    }
}

static int put_line(const git_diff_delta *delta, const git_diff_hunk *hunk, const git_diff_line *line, void *look)
{
    if (!is_wanted(look, delta)) {
        return 0;
    }
    if (line->origin == GIT_DIFF_LINE_CONTEXT || line->origin == GIT_DIFF_LINE_ADDITION || line->origin == GIT_DIFF_LINE_DELETION) {
        putchar(line->origin);
    }
    if (line->origin == GIT_DIFF_LINE_FILE_HDR) {
        put_head(line->content, line->content_len);
        return 0;
    }
    fwrite(line->content, 1, line->content_len, stdout);
    return 0;
}

static bool same_blob(const git_diff_delta *delta)
{
    return git_oid_equal(&delta->old_file.id, &delta->new_file.id) && delta->old_file.mode != delta->new_file.mode;
}

static void put_patches(git_diff *diff, const struct patch_look *look)
{
    for (size_t at = 0; at < git_diff_num_deltas(diff); at++) {
        const git_diff_delta *delta = git_diff_get_delta(diff, at);
        if (delta->status == GIT_DELTA_CONFLICTED) {
            const char *path = delta->new_file.path != NULL ? delta->new_file.path : delta->old_file.path;
            printf("* Unmerged path %s\n", path);
            continue;
        }
        git_patch *patch;
        must(git_patch_from_diff(&patch, diff, at));
        if (patch != NULL) {
            /* Only its mode changed: libgit2 takes a file with bytes of all kinds for another one. */
            delta = git_patch_get_delta(patch);
            if (delta->status == GIT_DELTA_MODIFIED && (delta->flags & GIT_DIFF_FLAG_BINARY) && same_blob(delta)) {
                if (is_wanted(look, delta)) {
                    printf("diff --git a/%s b/%s\nold mode %06o\nnew mode %06o\n", delta->old_file.path, delta->new_file.path,
                           delta->old_file.mode, delta->new_file.mode);
                }
                git_patch_free(patch);
                continue;
            }
            must(git_patch_print(patch, put_line, (void *)look));
            git_patch_free(patch);
        }
    }
}

bool put_diff(git_diff *diff, const struct patch_look *look)
{
    bool any = false;
    for (size_t at = 0; at < git_diff_num_deltas(diff) && !any; at++) {
        any = is_wanted(look, git_diff_get_delta(diff, at));
    }
    if (!any || look->none || look->quiet) {
        return any;
    }
    bool before = false;
    if (look->raw || look->names || look->status) {
        put_names(diff, look);
        before = true;
    }
    if (look->number_stat) {
        put_numbers(diff, look);
        before = true;
    }
    if (look->stat || look->short_stat) {
        size_t count;
        struct line *lines = count_lines(diff, look, &count);
        if (look->stat) {
            put_stat(lines, count, look->stat_width);
        }
        put_total(lines, count);
        free(lines);
        before = true;
    }
    if (look->summary) {
        put_summary(diff, look);
        before = true;
    }
    if (look->patch || !patch_look_is_set(look)) {
        if (before) {
            putchar('\n');
        }
        put_patches(diff, look);
    }
    return any;
}

void put_changes(git_tree *before, git_tree *after, bool stat)
{
    struct patch_look look = {.short_stat = !stat, .stat = stat, .summary = true};
    git_diff_options options = patch_options(&look, (git_strarray){0});
    git_diff *diff;
    must(git_diff_tree_to_tree(&diff, repo, before, after, &options));
    find_renames(diff, &look);
    put_diff(diff, &look);
    git_diff_free(diff);
}

git_diff *diff_of_commit(git_commit *commit, const struct patch_look *look, git_strarray paths)
{
    git_commit *parent = NULL;
    if (git_commit_parentcount(commit) > 0) {
        must(git_commit_parent(&parent, commit, 0));
    }
    git_tree *before = tree_of(parent), *after = tree_of(commit);
    git_diff_options options = patch_options(look, paths);
    git_diff *diff;
    must(git_diff_tree_to_tree(&diff, repo, before, after, &options));
    find_renames(diff, look);
    git_tree_free(before);
    git_tree_free(after);
    git_commit_free(parent);
    return diff;
}
