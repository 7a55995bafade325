/* git grep: lines of files that the index, or a commit, knows. */
#include "git.h"
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { NUMBERS = 1, NAMES, COUNT, ANY_CASE, WORDS, FIXED, EXTENDED, INVERT, PATTERN, NO_NAMES, UNTRACKED, CACHED, NOTHING, WITHOUT, QUIET, TEXT };

static const struct choice choices[] = {
    {NUMBERS, "line-number", 'n', NONE}, {NAMES, "files-with-matches", 'l', NONE}, {NAMES, "name-only", 0, NONE}, {COUNT, "count", 'c', NONE},
    {ANY_CASE, "ignore-case", 'i', NONE}, {WORDS, "word-regexp", 'w', NONE}, {FIXED, "fixed-strings", 'F', NONE},
    {EXTENDED, "extended-regexp", 'E', NONE}, {EXTENDED, "perl-regexp", 'P', NONE}, {NOTHING, "basic-regexp", 'G', NONE},
    {INVERT, "invert-match", 'v', NONE}, {PATTERN, NULL, 'e', NEEDED}, {NO_NAMES, NULL, 'h', NONE}, {UNTRACKED, "untracked", 0, NONE},
    {CACHED, "cached", 0, NONE}, {NOTHING, NULL, 'I', NONE}, {NOTHING, NULL, 'r', NONE}, {NOTHING, NULL, 'H', NONE},
    {WITHOUT, "files-without-match", 'L', NONE}, {QUIET, "quiet", 'q', NONE}, {TEXT, "text", 'a', NONE}, {NOTHING, "color", 0, OPTIONAL},
    {NOTHING, "no-color", 0, NONE}, {NOTHING, "full-name", 0, NONE}, {0},
};

struct search {
    bool numbers, names, count, any_case, whole_words, fixed, extended, inverted, no_names, without, quiet, text;
    regex_t *patterns;
    size_t pattern_count;
    const char *head; /* `HEAD:` before names of a commit's files */
    bool any;
};

enum { LOOKED_AT = 8000 };

static char *as_pattern(const struct search *search, const char *given)
{
    char *out = room(NULL, strlen(given) * 2 + 16), *to = out;
    const char *special = search->extended ? ".[]*^$\\+?{}()|" : ".[]*^$\\";
    for (; *given != '\0'; given++) {
        if (search->fixed && strchr(special, *given) != NULL) {
            *to++ = '\\';
        }
        *to++ = *given;
    }
    *to = '\0';
    return out;
}

static bool is_letter(char byte)
{
    return byte == '_' || (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z');
}

static bool matches(const struct search *search, const char *line)
{
    for (size_t at = 0; at < search->pattern_count; at++) {
        regmatch_t place;
        const char *from = line;
        while (regexec(&search->patterns[at], from, 1, &place, from == line ? 0 : REG_NOTBOL) == 0) {
            const char *start = from + place.rm_so, *end = from + place.rm_eo;
            if (!search->whole_words || (end > start && (start == line || !is_letter(start[-1])) && !is_letter(*end))) {
                return true;
            }
            if (*start == '\0') {
                break;
            }
            from = start + 1;
        }
    }
    return false;
}

static void search_text(struct search *search, const char *path, char *contents, size_t length)
{
    char *name = text("%s%s", search->head, quoted(path_from_here(path)));
    bool binary = !search->text && memchr(contents, '\0', length < LOOKED_AT ? length : LOOKED_AT) != NULL;
    size_t count = 0, number = 0;
    for (char *line = contents; line < contents + length;) {
        char *feed = memchr(line, '\n', (size_t)(contents + length - line));
        size_t used = feed == NULL ? (size_t)(contents + length - line) : (size_t)(feed - line);
        line[used] = '\0';
        number++;
        if (matches(search, line) != search->inverted) {
            count++;
            if (search->quiet || search->names || search->without || binary) {
                break;
            }
            if (!search->count) {
                if (!search->no_names) {
                    printf("%s:", name);
                }
                if (search->numbers) {
                    printf("%zu:", number);
                }
                puts(line);
            }
        }
        line += used + 1;
    }
    search->any |= search->without ? count == 0 : count > 0;
    if (search->quiet) {
        return;
    }
    if (search->names ? count > 0 : search->without && count == 0) {
        puts(name);
    }
    else if (search->count && count > 0) {
        printf("%s%s%zu\n", search->no_names ? "" : name, search->no_names ? "" : ":", count);
    }
    else if (binary && count > 0 && !search->names) {
        printf("Binary file %s matches\n", name);
    }
    free(name);
}

static void search_blob(struct search *search, const char *path, const git_oid *id)
{
    git_blob *blob;
    if (git_blob_lookup(&blob, repo, id) != 0) {
        return;
    }
    size_t length = git_blob_rawsize(blob);
    char *copy = room(NULL, length + 1);
    memcpy(copy, git_blob_rawcontent(blob), length);
    search_text(search, path, copy, length);
    free(copy);
    git_blob_free(blob);
}

int grep_command(int argc, char **argv)
{
    open_repository();
    struct words words = words_of(argc, argv, choices);
    struct search search = {.head = ""};
    struct texts given = {0};
    bool cached = false, untracked = false;
    for (int id; (id = next_option(&words)) != 0;) {
        switch (id) {
        case NUMBERS: search.numbers = true; break;
        case NAMES: search.names = true; break;
        case COUNT: search.count = true; break;
        case ANY_CASE: search.any_case = true; break;
        case WORDS: search.whole_words = true; break;
        case FIXED: search.fixed = true; break;
        case EXTENDED: search.extended = true; break;
        case INVERT: search.inverted = true; break;
        case PATTERN: texts_add(&given, words.value); break;
        case NO_NAMES: search.no_names = true; break;
        case UNTRACKED: untracked = true; break;
        case CACHED: cached = true; break;
        case WITHOUT: search.without = true; break;
        case QUIET: search.quiet = true; break;
        case TEXT: search.text = true; break;
        default: break;
        }
    }
    int first = 0;
    if (given.count == 0) {
        if (words.rest_count == 0) {
            die("no pattern given");
        }
        texts_add(&given, words.rest[first++]);
    }
    search.pattern_count = given.count;
    search.patterns = room(NULL, given.count * sizeof *search.patterns);
    for (size_t at = 0; at < given.count; at++) {
        int flags = (search.any_case ? REG_ICASE : 0) | (search.extended ? REG_EXTENDED : 0);
        if (regcomp(&search.patterns[at], as_pattern(&search, given.list[at]), flags) != 0) {
            die("command line, '%s': Invalid regular expression", given.list[at]);
        }
    }
    git_object *named = first < words.rest_count && words.dashes != first ? find_object(words.rest[first]) : NULL;
    git_index *index;
    if (named != NULL) {
        search.head = text("%s:", words.rest[first]);
        must(git_index_new(&index));
        must(git_index_read_tree(index, need_tree(words.rest[first])));
        first++;
    }
    else {
        must(git_repository_index(&index, repo));
    }
    for (int at = first; at < words.rest_count; at++) {
        if (words.dashes < 0 && !path_exists(words.rest[at])) {
            die_ambiguous(words.rest[at]);
        }
    }
    git_strarray paths = paths_in_tree(words.rest + first, words.rest_count - first);
    if (words.rest_count == first && *prefix != '\0') {
        paths = paths_in_tree((char *[]){"."}, 1);
    }
    git_pathspec *pattern = NULL;
    if (paths.count > 0) {
        must(git_pathspec_new(&pattern, &paths));
    }
    struct texts files = {0};
    for (size_t at = 0; at < git_index_entrycount(index); at++) {
        const git_index_entry *entry = git_index_get_byindex(index, at);
        if (!S_ISREG(entry->mode) || (files.count > 0 && strcmp(files.list[files.count - 1], entry->path) == 0)
            || (pattern != NULL && !git_pathspec_matches_path(pattern, GIT_PATHSPEC_DEFAULT, entry->path))) {
            continue;
        }
        if (named != NULL || cached) {
            search_blob(&search, entry->path, &entry->id);
            continue;
        }
        texts_add(&files, entry->path);
    }
    if (untracked) {
        git_status_options options = GIT_STATUS_OPTIONS_INIT;
        options.flags = GIT_STATUS_OPT_INCLUDE_UNTRACKED | GIT_STATUS_OPT_RECURSE_UNTRACKED_DIRS;
        options.pathspec = paths;
        git_status_list *list;
        must(git_status_list_new(&list, repo, &options));
        for (size_t at = 0; at < git_status_list_entrycount(list); at++) {
            const git_status_entry *entry = git_status_byindex(list, at);
            if (entry->status & GIT_STATUS_WT_NEW) {
                texts_add(&files, entry->index_to_workdir->new_file.path);
            }
        }
        texts_sort(&files);
    }
    for (size_t at = 0; at < files.count; at++) {
        size_t length = 0;
        char *path = path_on_disk(files.list[at]), *contents = read_whole_file(path, &length);
        if (contents != NULL) {
            search_text(&search, files.list[at], contents, length);
        }
        free(contents);
        free(path);
    }
    return search.any ? ENDED_WELL : ENDED_BADLY;
}
