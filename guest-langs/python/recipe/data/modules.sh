# `publish MODULE OBJECT...`: one object of the extension module, its names hidden, as
# out/objects/MODULE.o; a line about it goes to out/modules. Sourced, not run.
publish() {
    module=$1
    shift
    mkdir -p out/objects joined
    zig wasm-ld -r "$@" -o "joined/$module.o"
    constructors=$(python3 recipe/data/pack/localize.py "joined/$module.o" "out/objects/$module.o" "$module")
    echo "$module $constructors" >>out/modules
}

# `dist_info SOURCE SITE`: the metadata that importlib.metadata reads, from the package's own PKG-INFO.
dist_info() {
    name=$(sed -n 's/^Name: //p' "$1/PKG-INFO" | head -1 | tr - _)
    version=$(sed -n 's/^Version: //p' "$1/PKG-INFO" | head -1)
    mkdir -p "$2/$name-$version.dist-info"
    cp "$1/PKG-INFO" "$2/$name-$version.dist-info/METADATA"
    echo sandcell >"$2/$name-$version.dist-info/INSTALLER"
}

# `compile COMMAND`: each source that is read from the input, to objects/ under its own path
# with dots for slashes. In parallel. A function that would be called by a wrong type ends it.
compile() {
    mkdir -p objects
    if ! xargs -P "$JOBS" -I '{}' sh -c "$1 -c {} -o objects/\$(echo {} | tr / .).o && echo {}" >compiled 2>&1; then
        cat compiled
        return 1
    fi
    grep -v -e '^ ' -e ' warnings\{0,1\} generated' compiled || true
    python3 recipe/data/pack/signatures.py compiled
}

# `object SOURCE...`: where `compile` put them.
object() {
    for source; do
        echo "objects/$(echo "$source" | tr / .).o"
    done
}
