/* Small tools in one module: argv[0] says which. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static char block[65536];

static int echo(int count, char **words)
{
    for (int i = 1; i < count; i++)
        printf("%s%s", i > 1 ? " " : "", words[i]);
    putchar('\n');
    return 0;
}

static int copy(FILE *from)
{
    ssize_t got;
    while ((got = read(fileno(from), block, sizeof block)) > 0)
        for (ssize_t done = 0; done < got;) {
            ssize_t now = write(1, block + done, got - done);
            if (now < 0)
                return 1;
            done += now;
        }
    return got < 0;
}

static int cat(int count, char **words)
{
    if (count < 2)
        return copy(stdin);
    for (int i = 1; i < count; i++) {
        FILE *file = fopen(words[i], "r");
        if (!file) {
            fprintf(stderr, "cat: %s: %s\n", words[i], strerror(errno));
            return 1;
        }
        if (copy(file))
            return 1;
        fclose(file);
    }
    return 0;
}

static int count_bytes(void)
{
    unsigned long long total = 0;
    ssize_t got;
    while ((got = read(0, block, sizeof block)) > 0)
        total += got;
    printf("%llu\n", total);
    return 0;
}

/* Writes lines until nobody reads them. */
static int yes(void)
{
    memset(block, 'y', sizeof block);
    for (size_t i = 1; i < sizeof block; i += 2)
        block[i] = '\n';
    while (write(1, block, sizeof block) > 0)
        ;
    return 0;
}

static int head(void)
{
    int got = getchar();
    putchar(got);
    putchar('\n');
    return 0;
}

static int zeros(const char *count)
{
    memset(block, 0, sizeof block);
    for (long long left = atoll(count); left > 0;) {
        ssize_t now = write(1, block, left < (long long)sizeof block ? left : (long long)sizeof block);
        if (now < 0)
            return 1;
        left -= now;
    }
    return 0;
}

static int spin(void)
{
    volatile unsigned turns = 0;
    for (;;)
        turns++;
}

static int rest(const char *seconds)
{
    double all = atof(seconds);
    struct timespec time = {(time_t)all, (long)((all - (double)(time_t)all) * 1e9)};
    nanosleep(&time, NULL);
    return 0;
}

static int arguments(int count, char **words)
{
    unsigned long long bytes = 0;
    for (int i = 0; i < count; i++)
        bytes += strlen(words[i]);
    printf("%d %llu\n", count, bytes);
    return 0;
}

static int environment(void)
{
    for (char **entry = environ; *entry; entry++)
        puts(*entry);
    return 0;
}

/* Says what comes first: input, or the end of so many milliseconds. */
static int wait_for_input(const char *milliseconds)
{
    struct pollfd input = {0, POLLIN, 0};
    int found = poll(&input, 1, atoi(milliseconds));
    puts(found == 0 ? "nothing" : (input.revents & POLLIN) ? "input" : "end");
    return 0;
}

static int grow(const char *megabytes)
{
    for (int i = 0; i < atoi(megabytes); i++) {
        volatile char *more = malloc(1 << 20);
        if (!more) {
            printf("%d\n", i);
            return 3;
        }
        for (int page = 0; page < 1 << 20; page += 4096)
            more[page] = 1;
    }
    puts("all");
    return 0;
}

int main(int count, char **words)
{
    const char *name = strrchr(words[0], '/');
    name = name ? name + 1 : words[0];
    const char *first = count > 1 ? words[1] : "0";
    if (!strcmp(name, "echo"))
        return echo(count, words);
    if (!strcmp(name, "cat"))
        return cat(count, words);
    if (!strcmp(name, "wc"))
        return count_bytes();
    if (!strcmp(name, "yes"))
        return yes();
    if (!strcmp(name, "head"))
        return head();
    if (!strcmp(name, "zeros"))
        return zeros(first);
    if (!strcmp(name, "spin"))
        return spin();
    if (!strcmp(name, "sleep"))
        return rest(first);
    if (!strcmp(name, "args"))
        return arguments(count, words);
    if (!strcmp(name, "env"))
        return environment();
    if (!strcmp(name, "poll"))
        return wait_for_input(first);
    if (!strcmp(name, "grow"))
        return grow(first);
    if (!strcmp(name, "pwd"))
        return puts(getcwd(block, sizeof block)) < 0;
    if (!strcmp(name, "abort"))
        abort();
    if (!strcmp(name, "exit"))
        exit(atoi(first));
    if (!strcmp(name, "true"))
        return 0;
    fprintf(stderr, "%s: no such tool\n", name);
    return 2;
}
