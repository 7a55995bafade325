/* tree: a folder with all below it, drawn. */
#include "../programs.h"
#include "../unix.h"
#include <dirent.h>
#include <fnmatch.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool all, folders_only, paths, marks, sizes, no_report, no_indent;
static long deepest = -1;
static const char *unwanted, *wanted_glob;
static unsigned long folder_count, file_count;

/* `a|b` globs. */
static bool matches(const char *globs, const char *name)
{
    char *copy = strdup(globs), *rest = copy, *glob;
    bool found = false;
    while (!found && (glob = strsep(&rest, "|")) != NULL) {
        found = fnmatch(glob, name, 0) == 0;
    }
    free(copy);
    return found;
}

static int shown(const struct dirent *entry)
{
    const char *name = entry->d_name;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || (name[0] == '.' && !all)) {
        return 0;
    }
    return unwanted == NULL || !matches(unwanted, name);
}

static int by_name(const struct dirent **left, const struct dirent **right)
{
    return strcmp((*left)->d_name, (*right)->d_name);
}

static void draw(const char *folder, const char *indent, long depth)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, shown, by_name), kept = 0;
    if (count < 0) {
        return;
    }
    struct stat *about = malloc((size_t)(count + 1) * sizeof *about);
    char **inner = malloc((size_t)(count + 1) * sizeof *inner);
    for (int at = 0; at < count; at++) {
        const char *name = entries[at]->d_name;
        inner[kept] = malloc(strlen(folder) + strlen(name) + 2);
        sprintf(inner[kept], folder[strlen(folder) - 1] == '/' ? "%s%s" : "%s/%s", folder, name);
        bool is_folder = lstat(inner[kept], &about[kept]) == 0 && S_ISDIR(about[kept].st_mode);
        if (is_folder || (!folders_only && (wanted_glob == NULL || matches(wanted_glob, name)))) {
            entries[kept++] = entries[at];
        }
        else {
            free(inner[kept]);
            free(entries[at]);
        }
    }
    for (int at = 0; at < kept; at++) {
        bool is_folder = S_ISDIR(about[at].st_mode), last = at + 1 == kept;
        if (!no_indent) {
            printf("%s%s", indent, last ? "\u2514\u2500\u2500 " : "\u251c\u2500\u2500 ");
        }
        if (sizes) {
            printf("[%11lld]  ", (long long)about[at].st_size);
        }
        fputs(paths ? inner[at] : entries[at]->d_name, stdout);
        if (S_ISLNK(about[at].st_mode)) {
            char target[4096];
            ssize_t length = readlink(inner[at], target, sizeof target - 1);
            target[length < 0 ? 0 : length] = '\0';
            printf(" -> %s", target);
        }
        else if (marks) {
            fputs(is_folder ? "/" : about[at].st_mode & 0111 ? "*" : "", stdout);
        }
        putchar('\n');
        folder_count += is_folder;
        file_count += !is_folder;
        if (is_folder && (deepest < 0 || depth < deepest)) {
            char *next = malloc(strlen(indent) + 8);
            sprintf(next, "%s%s", indent, last ? "    " : "\u2502\u00a0\u00a0 ");
            draw(inner[at], next, depth + 1);
            free(next);
        }
        free(inner[at]);
        free(entries[at]);
    }
    free(inner);
    free(about);
    free(entries);
}

int tree_main(int argc, char **argv)
{
    static const struct option names[] = {
        {"noreport", no_argument, NULL, 256}, {"dirsfirst", no_argument, NULL, 257}, {"help", no_argument, NULL, 258}, {0},
    };
    int letter, status = 0;
    while ((letter = getopt_long(argc, argv, "adfFsinCL:I:P:", names, NULL)) != -1) {
        switch (letter) {
        case 'a': all = true; break;
        case 'd': folders_only = true; break;
        case 'f': paths = true; break;
        case 'F': marks = true; break;
        case 's': sizes = true; break;
        case 'i': no_indent = true; break;
        case 'L':
            deepest = atol(optarg);
            if (deepest < 1) {
                return complain("tree", "Invalid level, must be greater than 0.");
            }
            break;
        case 'I': unwanted = optarg; break;
        case 'P': wanted_glob = optarg; break;
        case 256: no_report = true; break;
        case 258: puts("usage: tree [-adfFsi] [-L LEVEL] [-I PATTERN] [-P PATTERN] [--noreport] [FOLDER...]"); return 0;
        case '?': return 1;
        default: break;
        }
    }
    static char *here[] = {".", NULL};
    for (char **root = optind < argc ? argv + optind : here; *root != NULL; root++) {
        struct stat about;
        if (stat(*root, &about) != 0 || !S_ISDIR(about.st_mode)) {
            printf("%s  [error opening dir]\n", *root);
            status = 2;
            continue;
        }
        puts(*root);
        folder_count++;
        draw(*root, "", 1);
    }
    if (!no_report) {
        printf("\n%lu director%s", folder_count, folder_count == 1 ? "y" : "ies");
        if (!folders_only) {
            printf(", %lu file%s", file_count, file_count == 1 ? "" : "s");
        }
        putchar('\n');
    }
    return status;
}
