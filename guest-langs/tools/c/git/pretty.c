/* A commit as text: the named forms of `--pretty`, and patterns with % letters. */
#include "git.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* Where a commit's text goes. */
static FILE *page;

struct look default_look(void)
{
    struct look look = {.format = "medium", .date = setting("log.date")};
    char *format = setting("format.pretty");
    if (format != NULL) {
        set_look(&look, format);
    }
    return look;
}

void set_look(struct look *look, const char *format)
{
    static const char *const named[] = {"oneline", "short", "medium", "full", "fuller", "raw", "reference"};
    look->is_pattern = look->ends_lines = false;
    if (strncmp(format, "format:", 7) == 0 || strncmp(format, "tformat:", 8) == 0) {
        look->is_pattern = true;
        look->ends_lines = *format == 't';
        look->format = strchr(format, ':') + 1;
        return;
    }
    for (size_t at = 0; at < sizeof named / sizeof *named; at++) {
        if (strcmp(format, named[at]) == 0) {
            look->format = named[at];
            look->ends_lines = at == 0 || at == 6;
            if (at == 6) {
                look->is_pattern = true;
                look->format = "%h (%s, %as)";
            }
            return;
        }
    }
    char *alias = setting(text("pretty.%s", format));
    if (alias != NULL) {
        set_look(look, strchr(alias, '%') != NULL && strchr(alias, ':') == NULL ? text("format:%s", alias) : alias);
        return;
    }
    if (strchr(format, '%') == NULL) {
        die("invalid --pretty format: %s", format);
    }
    look->is_pattern = look->ends_lines = true;
    look->format = format;
}

/* ---- dates ---- */

static char *relative_date(git_time_t seconds)
{
    long long age = (long long)time(NULL) - seconds;
    if (age < 0) {
        return text("in the future");
    }
    const char *names[] = {"second", "minute", "hour", "day", "week", "month", "year"};
    long long count;
    int unit;
    if (age < 90) {
        count = age, unit = 0;
    }
    else if ((age = (age + 30) / 60) < 90) {
        count = age, unit = 1;
    }
    else if ((age = (age + 30) / 60) < 36) {
        count = age, unit = 2;
    }
    else if ((age = (age + 12) / 24) < 14) {
        count = age, unit = 3;
    }
    else if (age < 70) {
        count = (age + 3) / 7, unit = 4;
    }
    else if (age < 365) {
        count = (age + 15) / 30, unit = 5;
    }
    else if (age < 1825) {
        long long months = (age * 12 * 2 + 365) / (365 * 2), years = months / 12;
        months %= 12;
        if (months > 0) {
            return text("%lld year%s, %lld month%s ago", years, years == 1 ? "" : "s", months, months == 1 ? "" : "s");
        }
        count = years, unit = 6;
    }
    else {
        count = (age + 183) / 365, unit = 6;
    }
    return text("%lld %s%s ago", count, names[unit], count == 1 ? "" : "s");
}

char *date_text(const git_time *when, const char *style)
{
    if (style == NULL) {
        style = "default";
    }
    git_time_t seconds = when->time;
    int offset = when->offset;
    size_t length = strlen(style);
    bool local = strcmp(style, "local") == 0 || (length > 6 && strcmp(style + length - 6, "-local") == 0);
    if (local) {
        time_t now = (time_t)seconds;
        struct tm here;
        localtime_r(&now, &here);
        offset = (int)(timegm(&here) - now) / 60;
    }
    time_t shifted = (time_t)(seconds + offset * 60);
    struct tm at;
    if (gmtime_r(&shifted, &at) == NULL) {
        memset(&at, 0, sizeof at);
    }
    char zone[8];
    int away = abs(offset);
    snprintf(zone, sizeof zone, "%c%02d%02d", offset < 0 || when->sign == '-' ? '-' : '+', away / 60 % 100, away % 60);
    char made[256] = "";
    if (strncmp(style, "iso-strict", 10) == 0 || strncmp(style, "iso8601-strict", 14) == 0) {
        strftime(made, sizeof made, "%Y-%m-%dT%H:%M:%S", &at);
        return offset == 0 ? text("%sZ", made) : text("%s%.3s:%s", made, zone, zone + 3);
    }
    if (strncmp(style, "iso", 3) == 0) {
        strftime(made, sizeof made, "%Y-%m-%d %H:%M:%S", &at);
        return text("%s %s", made, zone);
    }
    if (strncmp(style, "short", 5) == 0) {
        strftime(made, sizeof made, "%Y-%m-%d", &at);
        return text("%s", made);
    }
    if (strncmp(style, "rfc", 3) == 0) {
        char day[64];
        strftime(day, sizeof day, "%a", &at);
        strftime(made, sizeof made, "%b %Y %H:%M:%S", &at);
        return text("%s, %d %s %s", day, at.tm_mday, made, zone);
    }
    if (strncmp(style, "raw", 3) == 0) {
        return text("%lld %s", (long long)seconds, zone);
    }
    if (strcmp(style, "unix") == 0) {
        return text("%lld", (long long)seconds);
    }
    if (strncmp(style, "relative", 8) == 0) {
        return relative_date(seconds);
    }
    if (strncmp(style, "format:", 7) == 0) {
        strftime(made, sizeof made, style + 7, &at);
        return text("%s", made);
    }
    if (strcmp(style, "default") != 0 && !local && strcmp(style, "human") != 0) {
        die("unknown date format %s", style);
    }
    char front[32], back[32];
    strftime(front, sizeof front, "%a %b", &at);
    strftime(back, sizeof back, "%H:%M:%S %Y", &at);
    return local ? text("%s %d %s", front, at.tm_mday, back) : text("%s %d %s %s", front, at.tm_mday, back, zone);
}

git_time_t parse_date(const char *given)
{
    git_time_t found;
    if (git_date_parse(&found, given) < 0) {
        die("invalid date: %s", given);
    }
    return found;
}

/* ---- decorations ---- */

struct decoration {
    git_oid id;
    char *name;
};

static struct decoration *decorated;
static size_t decorated_count;

static void decorate(const git_oid *id, char *name)
{
    if ((decorated_count & (decorated_count - 1)) == 0) {
        decorated = room(decorated, (decorated_count == 0 ? 1 : decorated_count * 2) * sizeof *decorated);
    }
    decorated[decorated_count++] = (struct decoration){*id, name};
}

static void read_decorations(void)
{
    static bool known;
    if (known) {
        return;
    }
    known = true;
    git_strarray names;
    must(git_reference_list(&names, repo));
    struct texts sorted = {0};
    for (size_t at = 0; at < names.count; at++) {
        texts_add(&sorted, names.strings[at]);
    }
    texts_sort(&sorted);
    char *branch = current_branch();
    git_oid id;
    if (git_reference_name_to_id(&id, repo, "HEAD") == 0) {
        decorate(&id, branch == NULL ? text("HEAD") : text("HEAD -> %s", branch));
    }
    for (size_t at = sorted.count; at-- > 0;) {
        git_reference *reference;
        git_object *target;
        const char *name = sorted.list[at];
        if ((branch != NULL && strncmp(name, "refs/heads/", 11) == 0 && strcmp(name + 11, branch) == 0)
            || git_reference_lookup(&reference, repo, name) != 0 || git_reference_peel(&target, reference, GIT_OBJECT_COMMIT) != 0) {
            continue;
        }
        bool tag = strncmp(name, "refs/tags/", 10) == 0, stash = strcmp(name, "refs/stash") == 0;
        decorate(git_object_id(target), tag ? text("tag: %s", short_name(name)) : text("%s", stash ? name : short_name(name)));
        git_object_free(target);
        git_reference_free(reference);
    }
}

char *decorations(const git_oid *id)
{
    read_decorations();
    char *all = text("%s", "");
    for (size_t at = 0; at < decorated_count; at++) {
        if (git_oid_equal(&decorated[at].id, id)) {
            char *longer = text("%s%s%s", all, *all == '\0' ? "" : ", ", decorated[at].name);
            free(all);
            all = longer;
        }
    }
    return all;
}

/* ---- messages ---- */

static const char *start_of_message(const git_commit *commit)
{
    const char *message = git_commit_message(commit);
    while (*message == '\n') {
        message++;
    }
    return message;
}

const char *subject_of(const git_commit *commit)
{
    static char *kept;
    const char *message = start_of_message(commit);
    size_t length = strlen(message);
    const char *end = strstr(message, "\n\n");
    size_t used = end == NULL ? length : (size_t)(end - message);
    free(kept);
    kept = text("%.*s", (int)used, message);
    while (used > 0 && isspace((unsigned char)kept[used - 1])) {
        kept[--used] = '\0';
    }
    for (char *at = kept; *at != '\0'; at++) {
        *at = *at == '\n' ? ' ' : *at;
    }
    return kept;
}

static const char *body_of(const git_commit *commit)
{
    const char *end = strstr(start_of_message(commit), "\n\n");
    if (end == NULL) {
        return "";
    }
    while (*end == '\n') {
        end++;
    }
    return end;
}

static void put_indented(const char *message)
{
    size_t length = strlen(message);
    while (length > 0 && isspace((unsigned char)message[length - 1])) {
        length--;
    }
    for (const char *end = message + length; message < end;) {
        size_t line = strcspn(message, "\n");
        if (message + line > end) {
            line = (size_t)(end - message);
        }
        fprintf(page, "    %.*s", (int)line, message);
        fputc('\n', page);
        message += line + 1;
    }
}

/* ---- patterns ---- */

static void put_slug(const char *subject)
{
    bool gap = false, any = false;
    for (; *subject != '\0'; subject++) {
        if (isalnum((unsigned char)*subject) || *subject == '.' || *subject == '_') {
            if (gap && any) {
                fputc('-', page);
            }
            gap = false;
            any = true;
            fputc(*subject, page);
            while (*subject == '.' && subject[1] == '.') {
                subject++;
            }
        }
        else {
            gap = true;
        }
    }
}

static void put_date_letter(const git_signature *who, char letter, const char *style)
{
    static const char *const styles[] = {['r'] = "relative", ['t'] = "unix", ['i'] = "iso", ['I'] = "iso-strict", ['s'] = "short", ['D'] = "rfc"};
    char *shown = date_text(&who->when, letter == 'd' ? style : styles[(unsigned char)letter]);
    fputs(shown, page);
    free(shown);
}

/* A letter of a person, as in %an; how many letters it took, 0 when it is none. */
static int put_person_letter(const struct look *look, const git_signature *who, const char *letters)
{
    switch (letters[1]) {
    case 'n': case 'N': fputs(who->name, page); return 2;
    case 'e': case 'E': fputs(who->email, page); return 2;
    case 'l': case 'L': fprintf(page, "%.*s", (int)strcspn(who->email, "@"), who->email); return 2;
    case 'd': case 'r': case 't': case 'i': case 'I': case 's': case 'D':
        put_date_letter(who, letters[1], look->date);
        return 2;
    default: return 0;
    }
}

static void put_parents(git_commit *commit, bool is_short)
{
    for (unsigned at = 0; at < git_commit_parentcount(commit); at++) {
        const git_oid *id = git_commit_parent_id(commit, at);
        fprintf(page, "%s%s", at == 0 ? "" : " ", is_short ? short_id(id) : whole_id(id));
    }
}

/* What stands behind a %; how many letters of it were taken, 0 when it is nothing known. */
static int put_letter(const struct look *look, git_commit *commit, const char *at)
{
    const git_oid *id = git_commit_id(commit);
    char *names;
    switch (*at) {
    case '%': fputc('%', page); return 1;
    case 'n': fputc('\n', page); return 1;
    case 'x': {
        char digits[3] = {at[1], at[1] == '\0' ? '\0' : at[2], '\0'};
        if (!isxdigit((unsigned char)digits[0]) || !isxdigit((unsigned char)digits[1])) {
            return 0;
        }
        fputc((int)strtol(digits, NULL, 16), page);
        return 3;
    }
    case 'H': fputs(whole_id(id), page); return 1;
    case 'h': fputs(short_id(id), page); return 1;
    case 'T': fputs(whole_id(git_commit_tree_id(commit)), page); return 1;
    case 't': fputs(short_id(git_commit_tree_id(commit)), page); return 1;
    case 'P': put_parents(commit, false); return 1;
    case 'p': put_parents(commit, true); return 1;
    case 's': fputs(subject_of(commit), page); return 1;
    case 'f': put_slug(subject_of(commit)); return 1;
    case 'b': fputs(body_of(commit), page); return 1;
    case 'B': fputs(start_of_message(commit), page); return 1;
    case 'e': case 'N': return 1;
    case 'm': fputc('>', page); return 1;
    case 'd':
    case 'D':
        names = decorations(id);
        fprintf(page, *at == 'd' && *names != '\0' ? " (%s)" : "%s", names);
        return 1;
    case 'G': fputc(at[1] == '?' ? 'N' : '\0', page); return 2;
    case 'a': return put_person_letter(look, git_commit_author(commit), at);
    case 'c': return put_person_letter(look, git_commit_committer(commit), at);
    case 'C': {
        static const char *const colours[] = {"reset", "red", "green", "blue"};
        const char *end = at[1] == '(' ? strchr(at, ')') : NULL;
        if (end != NULL) {
            return (int)(end - at) + 1;
        }
        for (size_t which = 0; which < sizeof colours / sizeof *colours; which++) {
            if (strncmp(at + 1, colours[which], strlen(colours[which])) == 0) {
                return (int)strlen(colours[which]) + 1;
            }
        }
        return 0;
    }
    default: return 0;
    }
}

static void put_pattern(const struct look *look, git_commit *commit)
{
    for (const char *at = look->format; *at != '\0'; at++) {
        int taken = *at == '%' ? put_letter(look, commit, at + 1) : 0;
        if (*at != '%' || taken == 0) {
            fputc(*at, page);
        }
        at += taken;
    }
}

static void put_raw_time(const char *what, const git_signature *who)
{
    fprintf(page, "%s %s <%s> %s\n", what, who->name, who->email, date_text(&who->when, "raw"));
}

static void put_named(const struct look *look, git_commit *commit)
{
    const git_signature *author = git_commit_author(commit), *committer = git_commit_committer(commit);
    const git_oid *id = git_commit_id(commit);
    bool raw = strcmp(look->format, "raw") == 0, fuller = strcmp(look->format, "fuller") == 0;
    bool full = strcmp(look->format, "full") == 0, brief = strcmp(look->format, "short") == 0;
    char *names = look->decorates ? decorations(id) : NULL;
    fprintf(page, "commit %s", look->short_ids ? short_id(id) : whole_id(id));
    if (look->parents && git_commit_parentcount(commit) > 0) {
        fputc(' ', page);
        put_parents(commit, look->short_ids);
    }
    fprintf(page, names != NULL && *names != '\0' ? " (%s)\n" : "\n", names);
    if (raw) {
        fprintf(page, "tree %s\n", whole_id(git_commit_tree_id(commit)));
        for (unsigned at = 0; at < git_commit_parentcount(commit); at++) {
            fprintf(page, "parent %s\n", whole_id(git_commit_parent_id(commit, at)));
        }
        put_raw_time("author", author);
        put_raw_time("committer", committer);
    }
    else {
        if (git_commit_parentcount(commit) > 1) {
            fputs("Merge: ", page);
            put_parents(commit, true);
            fputc('\n', page);
        }
        fprintf(page, fuller ? "Author:     %s <%s>\n" : "Author: %s <%s>\n", author->name, author->email);
        if (fuller) {
            fprintf(page, "AuthorDate: %s\n", date_text(&author->when, look->date));
        }
        if (full || fuller) {
            fprintf(page, fuller ? "Commit:     %s <%s>\n" : "Commit: %s <%s>\n", committer->name, committer->email);
        }
        if (fuller) {
            fprintf(page, "CommitDate: %s\n", date_text(&committer->when, look->date));
        }
        if (!full && !fuller && !brief) {
            fprintf(page, "Date:   %s\n", date_text(&author->when, look->date));
        }
    }
    fputc('\n', page);
    put_indented(brief ? subject_of(commit) : start_of_message(commit));
}

static void put_text(const struct look *look, git_commit *commit)
{
    if (look->is_pattern) {
        put_pattern(look, commit);
    }
    else if (strcmp(look->format, "oneline") == 0) {
        const git_oid *id = git_commit_id(commit);
        fputs(look->short_ids ? short_id(id) : whole_id(id), page);
        if (look->parents && git_commit_parentcount(commit) > 0) {
            fputc(' ', page);
            put_parents(commit, look->short_ids);
        }
        char *names = look->decorates ? decorations(id) : NULL;
        fprintf(page, names != NULL && *names != '\0' ? " (%s) " : " ", names);
        fputs(subject_of(commit), page);
    }
    else {
        put_named(look, commit);
    }
}

char *commit_text(const struct look *look, git_commit *commit)
{
    char *made = NULL;
    size_t size = 0;
    page = open_memstream(&made, &size);
    if (page == NULL) {
        die("Out of memory");
    }
    put_text(look, commit);
    fclose(page);
    return made;
}

void put_commit(const struct look *look, git_commit *commit)
{
    static bool any;
    page = stdout;
    if (any && !look->ends_lines) {
        fputc('\n', page);
    }
    any = true;
    put_text(look, commit);
    if (look->ends_lines && *look->format != '\0') {
        fputc('\n', page);
    }
}
