/* The lines to the left of `git log --graph`, laid out as git lays them out.
 *
 * Each column is a commit that is still to come. `mapping` says for each place of a line which
 * column the branch there goes to; branches move to the left until all are in their columns.
 */
#include "graph.h"
#include <stdlib.h>
#include <string.h>

enum state { PADDING, PRE_COMMIT, COMMIT, POST_MERGE, COLLAPSING };

struct graph {
    const struct walk *walk;
    git_oid commit, *columns, *new_columns, *parents;
    int column_count, new_column_count, parent_count;
    int *mapping, *old_mapping, mapping_size, width;
    int commit_index, before_index, merge_layout, edges_added, before_edges_added, expansion_row, room;
    enum state state, before;
};

struct graph *graph_of(const struct walk *walk)
{
    struct graph *graph = room(NULL, sizeof *graph);
    memset(graph, 0, sizeof *graph);
    graph->walk = walk;
    return graph;
}

static void grow(struct graph *graph)
{
    int wanted = (graph->new_column_count + graph->parent_count + 2) * 2;
    if (wanted <= graph->room) {
        return;
    }
    wanted *= 2;
    graph->columns = room(graph->columns, (size_t)wanted * sizeof *graph->columns);
    graph->new_columns = room(graph->new_columns, (size_t)wanted * sizeof *graph->new_columns);
    graph->mapping = room(graph->mapping, (size_t)wanted * 2 * sizeof *graph->mapping);
    graph->old_mapping = room(graph->old_mapping, (size_t)wanted * 2 * sizeof *graph->old_mapping);
    for (int at = graph->room * 2; at < wanted * 2; at++) {
        graph->mapping[at] = graph->old_mapping[at] = -1;
    }
    graph->room = wanted;
}

static int find_new_column(const struct graph *graph, const git_oid *id)
{
    for (int at = 0; at < graph->new_column_count; at++) {
        if (git_oid_equal(&graph->new_columns[at], id)) {
            return at;
        }
    }
    return -1;
}

static void insert(struct graph *graph, const git_oid *id, int index)
{
    int at = find_new_column(graph, id), place;
    if (at < 0) {
        at = graph->new_column_count++;
        graph->new_columns[at] = *id;
    }
    if (graph->parent_count > 1 && index > -1 && graph->merge_layout == -1) {
        /* The first parent says whether the merge leans to the left. */
        int distance = index - at, shift = distance > 1 ? 2 * distance - 3 : 1;
        graph->merge_layout = distance > 0 ? 0 : 1;
        graph->edges_added = graph->parent_count + graph->merge_layout - 2;
        place = graph->width + (graph->merge_layout - 1) * shift;
        graph->width += 2 * graph->merge_layout;
    }
    else if (graph->edges_added > 0 && graph->width >= 2 && at == graph->mapping[graph->width - 2]) {
        place = graph->width - 2;
        graph->edges_added = -1;
    }
    else {
        place = graph->width;
        graph->width += 2;
    }
    graph->mapping[place < 0 ? 0 : place] = at;
}

static void update_columns(struct graph *graph)
{
    grow(graph);
    git_oid *columns = graph->columns;
    graph->columns = graph->new_columns;
    graph->new_columns = columns;
    graph->column_count = graph->new_column_count;
    graph->new_column_count = 0;
    graph->mapping_size = 2 * (graph->column_count + graph->parent_count);
    for (int at = 0; at < graph->room * 2; at++) {
        graph->mapping[at] = -1;
    }
    graph->width = 0;
    graph->before_edges_added = graph->edges_added;
    graph->edges_added = 0;
    bool seen = false;
    for (int at = 0; at <= graph->column_count; at++) {
        if (at == graph->column_count && seen) {
            break;
        }
        const git_oid *id = at == graph->column_count ? &graph->commit : &graph->columns[at];
        if (!git_oid_equal(id, &graph->commit)) {
            insert(graph, id, -1);
            continue;
        }
        seen = true;
        graph->commit_index = at;
        graph->merge_layout = -1;
        for (int parent = 0; parent < graph->parent_count; parent++) {
            insert(graph, &graph->parents[parent], at);
        }
        graph->width += graph->parent_count == 0 ? 2 : 0;
    }
    while (graph->mapping_size > 1 && graph->mapping[graph->mapping_size - 1] < 0) {
        graph->mapping_size--;
    }
}

static bool needs_expansion(const struct graph *graph)
{
    return graph->parent_count >= 3 && graph->commit_index < graph->column_count - 1
           && graph->expansion_row < (graph->parent_count + graph->merge_layout - 3) * 2;
}

static void go_to(struct graph *graph, enum state state)
{
    graph->before = graph->state;
    graph->state = state;
}

void graph_take(struct graph *graph, git_commit *commit)
{
    unsigned count = git_commit_parentcount(commit);
    graph->commit = *git_commit_id(commit);
    graph->parents = room(graph->parents, (count + 1) * sizeof *graph->parents);
    graph->parent_count = 0;
    for (unsigned at = 0; at < count && !(graph->walk->first_parent && at > 0); at++) {
        const git_oid *id = git_commit_parent_id(commit, at);
        if (walk_includes(graph->walk, id)) {
            graph->parents[graph->parent_count++] = *id;
        }
    }
    graph->before_index = graph->commit_index;
    update_columns(graph);
    graph->expansion_row = 0;
    go_to(graph, needs_expansion(graph) ? PRE_COMMIT : COMMIT);
}

static bool is_settled(const struct graph *graph)
{
    for (int at = 0; at < graph->mapping_size; at++) {
        if (graph->mapping[at] >= 0 && graph->mapping[at] != at / 2) {
            return false;
        }
    }
    return true;
}

/* ---- lines ---- */

static int put(char letter)
{
    putchar(letter);
    return 1;
}

static int put_columns(const struct graph *graph)
{
    int used = 0;
    for (int at = 0; at < graph->new_column_count; at++) {
        used += put('|') + put(' ');
    }
    return used;
}

static int put_expansion(struct graph *graph)
{
    int used = 0;
    bool seen = false;
    for (int at = 0; at < graph->column_count; at++) {
        if (git_oid_equal(&graph->columns[at], &graph->commit)) {
            seen = true;
            used += put('|');
            for (int blank = 0; blank < graph->expansion_row; blank++) {
                used += put(' ');
            }
        }
        else {
            bool leans = seen && (graph->expansion_row > 0 || (graph->before == POST_MERGE && graph->before_index < at));
            used += put(leans ? '\\' : '|');
        }
        used += put(' ');
    }
    graph->expansion_row++;
    if (!needs_expansion(graph)) {
        go_to(graph, COMMIT);
    }
    return used;
}

static int put_commit_line(struct graph *graph)
{
    int used = 0;
    bool seen = false;
    for (int at = 0; at <= graph->column_count; at++) {
        if (at == graph->column_count && seen) {
            break;
        }
        bool itself = at == graph->column_count || git_oid_equal(&graph->columns[at], &graph->commit);
        if (itself) {
            seen = true;
            used += put('*');
            int dashes = graph->parent_count + graph->merge_layout - 3;
            for (int dash = 0; graph->parent_count > 2 && dash < dashes; dash++) {
                used += put('-') + put(dash == dashes - 1 ? '.' : '-');
            }
        }
        else if (seen && graph->edges_added > 1) {
            used += put('\\');
        }
        else if (seen && graph->edges_added == 1) {
            used += put(graph->before == POST_MERGE && graph->before_edges_added > 0 && graph->before_index < at ? '\\' : '|');
        }
        else if (graph->before == COLLAPSING && graph->old_mapping[2 * at + 1] == at && graph->mapping[2 * at] < at) {
            used += put('/');
        }
        else {
            used += put('|');
        }
        used += put(' ');
    }
    go_to(graph, graph->parent_count > 1 ? POST_MERGE : is_settled(graph) ? PADDING : COLLAPSING);
    return used;
}

static int put_merge_line(struct graph *graph)
{
    static const char letters[] = "/|\\";
    int used = 0;
    bool seen = false, has_parent = false;
    for (int at = 0; at <= graph->column_count; at++) {
        if (at == graph->column_count && seen) {
            break;
        }
        const git_oid *id = at == graph->column_count ? &graph->commit : &graph->columns[at];
        if (git_oid_equal(id, &graph->commit)) {
            int which = graph->merge_layout < 0 ? 0 : graph->merge_layout;
            seen = true;
            for (int parent = 0; parent < graph->parent_count; parent++) {
                used += put(letters[which]);
                if (which == 2) {
                    used += graph->edges_added > 0 || parent < graph->parent_count - 1 ? put(' ') : 0;
                }
                else {
                    which++;
                }
            }
            used += graph->edges_added == 0 ? put(' ') : 0;
        }
        else if (seen) {
            used += put(graph->edges_added > 0 ? '\\' : '|') + put(' ');
        }
        else {
            used += put('|');
            if (graph->merge_layout != 0 || at != graph->commit_index - 1) {
                used += put(has_parent ? '_' : ' ');
            }
        }
        has_parent |= graph->parent_count > 0 && git_oid_equal(id, &graph->parents[0]);
    }
    go_to(graph, is_settled(graph) ? PADDING : COLLAPSING);
    return used;
}

static int put_collapsing_line(struct graph *graph)
{
    int edge = -1, edge_target = -1, used = 0;
    bool used_edge = false;
    int *swapped = graph->mapping;
    graph->mapping = graph->old_mapping;
    graph->old_mapping = swapped;
    for (int at = 0; at < graph->mapping_size; at++) {
        graph->mapping[at] = -1;
    }
    for (int at = 0; at < graph->mapping_size; at++) {
        int target = graph->old_mapping[at], to;
        if (target < 0) {
            continue;
        }
        if (target * 2 == at) {
            graph->mapping[at] = target;
            continue;
        }
        if (at > 0 && graph->mapping[at - 1] < 0) {
            to = at - 1;
        }
        else if (at < 2 || graph->mapping[at - 1] == target) {
            continue;
        }
        else {
            to = at - 2;
        }
        graph->mapping[to] = target;
        if (edge == -1) {
            edge = to + 1;
            edge_target = target;
            for (int place = target * 2 + 3; place < at - 2; place += 2) {
                graph->mapping[place] = target;
            }
        }
    }
    memcpy(graph->old_mapping, graph->mapping, (size_t)graph->mapping_size * sizeof *graph->mapping);
    if (graph->mapping[graph->mapping_size - 1] < 0) {
        graph->mapping_size--;
    }
    for (int at = 0; at < graph->mapping_size; at++) {
        int target = graph->mapping[at];
        if (target < 0) {
            used += put(' ');
        }
        else if (target * 2 == at) {
            used += put('|');
        }
        else if (target == edge_target && at != edge - 1) {
            if (at != target * 2 + 3) {
                graph->mapping[at] = -1;
            }
            used_edge = true;
            used += put('_');
        }
        else {
            if (used_edge && at < edge) {
                graph->mapping[at] = -1;
            }
            used += put('/');
        }
    }
    if (is_settled(graph)) {
        go_to(graph, PADDING);
    }
    return used;
}

/* One line, without its end; true when it is the commit's. */
static bool put_graph_line(struct graph *graph)
{
    bool is_commit = graph->state == COMMIT;
    int used = 0;
    switch (graph->state) {
    case PADDING: used = put_columns(graph); break;
    case PRE_COMMIT: used = put_expansion(graph); break;
    case COMMIT: used = put_commit_line(graph); break;
    case POST_MERGE: used = put_merge_line(graph); break;
    case COLLAPSING: used = put_collapsing_line(graph); break;
    }
    for (; used < graph->width; used++) {
        putchar(' ');
    }
    return is_commit;
}

/* The empty line between two commits. */
static void put_gap(struct graph *graph)
{
    if (graph->state != COMMIT) {
        put_graph_line(graph);
        return;
    }
    int used = 0;
    for (int at = 0; at < graph->column_count; at++) {
        bool itself = git_oid_equal(&graph->columns[at], &graph->commit);
        used += put('|');
        for (int blank = itself && graph->parent_count > 2 ? (graph->parent_count - 2) * 2 : 1; blank > 0; blank--) {
            used += put(' ');
        }
    }
    for (; used < graph->width; used++) {
        putchar(' ');
    }
    graph->before = PADDING;
}

void graph_put(struct graph *graph, const char *message, bool separates)
{
    if (separates) {
        put_gap(graph);
        putchar('\n');
    }
    while (!put_graph_line(graph)) {
        putchar('\n');
    }
    for (bool first = true; first || *message != '\0'; first = false) {
        size_t length = strcspn(message, "\n");
        if (!first) {
            put_graph_line(graph);
        }
        fwrite(message, 1, length, stdout);
        putchar('\n');
        message += length + (message[length] == '\n');
    }
    while (graph->state != PADDING) {
        put_graph_line(graph);
        putchar('\n');
    }
}
