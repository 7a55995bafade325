// Calls on paths: names, links, renaming, removing, trailing slashes.
#include "check.h"

static void directories(void) {
    OK(__wasi_path_create_directory(ROOT, "d"));
    CHECK(__wasi_path_create_directory(ROOT, "d"), E(EXIST));
    CHECK(__wasi_path_create_directory(ROOT, "d/"), E(EXIST));
    CHECK(__wasi_path_create_directory(ROOT, "none/d"), E(NOENT));
    OK(__wasi_path_create_directory(ROOT, "slash/"));
    OK(__wasi_path_remove_directory(ROOT, "slash/"));
    OK(make("f", "text"));
    CHECK(__wasi_path_create_directory(ROOT, "f/d"), E(NOTDIR));
    CHECK(__wasi_path_create_directory(ROOT, "f"), E(EXIST));
    CHECK(__wasi_path_create_directory(ROOT, ""), E(NOENT));
    CHECK(__wasi_path_create_directory(ROOT, "/absolute"), E(PERM));
    CHECK(__wasi_path_create_directory(99, "x"), E(BADF));
    CHECK(__wasi_path_create_directory(1, "x"), E(BADF));
    OK(make("d/inside", "x"));
    CHECK(__wasi_path_remove_directory(ROOT, "d"), E(NOTEMPTY));
    CHECK(__wasi_path_remove_directory(ROOT, "f"), E(NOTDIR));
    CHECK(__wasi_path_remove_directory(ROOT, "none"), E(NOENT));
    CHECK(__wasi_path_remove_directory(ROOT, "d/."), E(INVAL));
    CHECK(__wasi_path_unlink_file(ROOT, "d"), E(ISDIR));
    CHECK(__wasi_path_unlink_file(ROOT, "f/"), E(NOTDIR));
    CHECK(__wasi_path_unlink_file(ROOT, "none"), E(NOENT));
    OK(__wasi_path_unlink_file(ROOT, "d/inside"));
    OK(__wasi_path_remove_directory(ROOT, "d"));
    OK(__wasi_path_unlink_file(ROOT, "f"));
}

static void names(void) {
    static char name[400];
    memset(name, 'n', 255);
    OK(make(name, ""));
    OK(__wasi_path_unlink_file(ROOT, name));
    memset(name, 'n', 256);
    CHECK(make(name, ""), -E(NAMETOOLONG));
    CHECK(make("bad\xff", ""), -E(ILSEQ));
    OK(make("new\nline", ""));
    OK(make("b\xc3\xbc" "cher", ""));
    OK(look("b\xc3\xbc" "cher", 0));
    OK(make("./x", "x"));
    OK(look(".//x", 0));
    CHECK(look("x/", 0), E(NOTDIR));
    CHECK(look("x/.", 0), E(NOTDIR));
    OK(look("..", 0));
    CHECK(stat.filetype, __WASI_FILETYPE_DIRECTORY);
    OK(look("../../x", 0));
    OK(__wasi_path_unlink_file(ROOT, "x"));
    OK(__wasi_path_unlink_file(ROOT, "new\nline"));
}

static void links(void) {
    __wasi_size_t used = 0;
    uint8_t target[64];
    OK(make("t", "target"));
    OK(__wasi_path_symlink("t", ROOT, "l"));
    CHECK(__wasi_path_symlink("t", ROOT, "l"), E(EXIST));
    CHECK(__wasi_path_symlink("", ROOT, "empty"), E(NOENT));
    CHECK(__wasi_path_symlink("t", ROOT, "slash/"), E(NOENT));
    OK(__wasi_path_symlink("none", ROOT, "dangling"));
    OK(__wasi_path_readlink(ROOT, "l", target, sizeof target, &used));
    CHECK(used, 1);
    OK(__wasi_path_readlink(ROOT, "dangling", target, 2, &used));
    CHECK(used, 2);
    CHECK(__wasi_path_readlink(ROOT, "t", target, sizeof target, &used), E(INVAL));
    CHECK(__wasi_path_readlink(ROOT, "x", target, sizeof target, &used), E(NOENT));
    OK(look("l", 0));
    CHECK(stat.filetype, __WASI_FILETYPE_SYMBOLIC_LINK);
    OK(look("l", FOLLOW));
    CHECK(stat.filetype, __WASI_FILETYPE_REGULAR_FILE);
    CHECK(stat.size, 6);
    OK(look("dangling", 0));
    CHECK(look("dangling", FOLLOW), E(NOENT));
    CHECK(opened("dangling", 0, READ), -E(NOENT));
    CHECK(opened("dangling", CREAT | EXCL, RW), -E(EXIST));
    __wasi_fd_t fd = 0;
    CHECK(__wasi_path_open(ROOT, 0, "l", 0, READ, READ, 0, &fd), E(LOOP));
    OK(__wasi_path_symlink("loop2", ROOT, "loop1"));
    OK(__wasi_path_symlink("loop1", ROOT, "loop2"));
    CHECK(look("loop1", FOLLOW), E(LOOP));
    CHECK(look("loop1/x", 0), E(LOOP));
    OK(make("dangling", "made through it"));
    OK(look("none", 0));
    OK(__wasi_path_link(ROOT, 0, "t", ROOT, "hard"));
    CHECK(__wasi_path_link(ROOT, 0, "t", ROOT, "hard"), E(EXIST));
    OK(look("t", 0));
    CHECK(stat.nlink, 2);
    __wasi_inode_t inode = stat.ino;
    OK(look("hard", 0));
    CHECK(stat.ino == inode, 1);
    OK(__wasi_path_create_directory(ROOT, "d"));
    CHECK(__wasi_path_link(ROOT, 0, "d", ROOT, "hard2"), E(PERM));
    CHECK(__wasi_path_link(ROOT, 0, "x", ROOT, "hard2"), E(NOENT));
    OK(__wasi_path_link(ROOT, FOLLOW, "l", ROOT, "followed"));
    OK(look("followed", 0));
    CHECK(stat.filetype, __WASI_FILETYPE_REGULAR_FILE);
    OK(__wasi_path_symlink("d", ROOT, "ld"));
    CHECK(__wasi_path_remove_directory(ROOT, "ld"), E(NOTDIR));
    OK(make("ld/inside", "x"));
    OK(look("d/inside", 0));
    OK(__wasi_path_unlink_file(ROOT, "ld"));
    OK(look("d/inside", 0));
    OK(__wasi_path_unlink_file(ROOT, "d/inside"));
    OK(__wasi_path_remove_directory(ROOT, "d"));
}

static void renaming(void) {
    OK(make("a", "first"));
    OK(make("b", "second one"));
    OK(__wasi_path_rename(ROOT, "a", ROOT, "b"));
    CHECK(look("a", 0), E(NOENT));
    OK(look("b", 0));
    CHECK(stat.size, 5);
    OK(__wasi_path_rename(ROOT, "b", ROOT, "b"));
    CHECK(__wasi_path_rename(ROOT, "none-at-all", ROOT, "c"), E(NOENT));
    CHECK(__wasi_path_rename(ROOT, "b", ROOT, "nowhere/c"), E(NOENT));
    CHECK(__wasi_path_rename(ROOT, "b", ROOT, "c/"), E(NOTDIR));
    OK(__wasi_path_create_directory(ROOT, "d1"));
    OK(__wasi_path_create_directory(ROOT, "d2"));
    CHECK(__wasi_path_rename(ROOT, "b", ROOT, "d1"), E(ISDIR));
    CHECK(__wasi_path_rename(ROOT, "d1", ROOT, "b"), E(NOTDIR));
    OK(__wasi_path_rename(ROOT, "d1", ROOT, "d2"));
    CHECK(look("d1", 0), E(NOENT));
    OK(make("d2/inside", "x"));
    OK(__wasi_path_create_directory(ROOT, "d1"));
    CHECK(__wasi_path_rename(ROOT, "d1", ROOT, "d2"), E(NOTEMPTY));
    CHECK(__wasi_path_rename(ROOT, "d2", ROOT, "d2/below"), E(INVAL));
    OK(__wasi_path_rename(ROOT, "d2/", ROOT, "d3/"));
    OK(look("d3/inside", 0));
    CHECK(__wasi_path_rename(ROOT, ".", ROOT, "x"), E(BUSY));
    CHECK(__wasi_path_rename(ROOT, "d3/..", ROOT, "x"), E(BUSY));
    OK(__wasi_path_symlink("nothing", ROOT, "link"));
    OK(__wasi_path_rename(ROOT, "link", ROOT, "moved"));
    OK(look("moved", 0));
    CHECK(stat.filetype, __WASI_FILETYPE_SYMBOLIC_LINK);
    int fd = opened("b", 0, READ);
    OK(make("c", "new"));
    OK(__wasi_path_rename(ROOT, "c", ROOT, "b"));
    CHECK(take(fd, 10), 5);
    OK(__wasi_fd_close(fd));
}

int main(void) {
    directories();
    names();
    links();
    renaming();
    return finish("paths");
}
